//! Who may do what: rights by role, what they are judged before, and what becomes of the rights of
//! somebody who leaves.

mod agreed;
mod audits;
mod debts;
mod giving;
mod leaving;
mod order_of_checks;
mod sessions;

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestBox};

/// Somebody who is signed in to the console.
struct Person<'b> {
    bx: &'b TestBox,
    cookie: String,
}

impl<'b> Person<'b> {
    async fn of(bx: &'b TestBox, name: &str) -> Person<'b> {
        let answer = sign_in(bx, name).await;
        assert_eq!(answer.status, 201, "{}", answer.told());
        let set = answer.headers["set-cookie"].to_str().expect("plain text");
        let cookie = set.split(';').next().unwrap_or_default().to_owned();
        Person { bx, cookie }
    }

    /// A path from the root, with the header that a change needs.
    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("x-boxoffice", "1")];
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let url = self.bx.url(path);
        self.bx.anonymous().send(method, url, body, &headers).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, Value::Null).await
    }
}

async fn sign_in(bx: &TestBox, name: &str) -> Answer {
    let body = json!({"name": name, "password": PASSWORD});
    let path = bx.url("/console/api/session");
    bx.anonymous().post(path, body).await
}
