//! People in front of the console, and the authenticators that they hold.

use boxoffice::app::Ctx;
use boxoffice::app::secrets::authenticator;
use boxoffice::domain::second_factor::step_at;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestBox};

/// Tries to sign in with these members beside name and password.
pub async fn try_to_sign_in(bx: &TestBox, name: &str, more: Value) -> Answer {
    let mut body = json!({"name": name, "password": PASSWORD});
    for (member, value) in more.as_object().expect("members") {
        body[member] = value.clone();
    }
    let agent = [("user-agent", "Browser of a test/1")];
    let url = bx.url("/console/api/session");
    let body = Some(body.to_string().into_bytes());
    bx.anonymous().send("POST", url, body, &agent).await
}

/// Somebody who is signed in.
pub struct SignedIn<'b> {
    pub bx: &'b TestBox,
    pub cookie: String,
    /// What the sign-in answered.
    pub who: Value,
}

impl<'b> SignedIn<'b> {
    pub async fn of(bx: &'b TestBox, name: &str) -> SignedIn<'b> {
        SignedIn::with(bx, name, json!({})).await
    }

    pub async fn with(bx: &'b TestBox, name: &str, more: Value) -> SignedIn<'b> {
        let answer = try_to_sign_in(bx, name, more).await;
        assert_eq!(answer.status, 201, "{}", answer.told());
        let set = answer.headers["set-cookie"].to_str().expect("plain text");
        let cookie = set.split(';').next().unwrap_or_default().to_owned();
        let who = answer.json();
        SignedIn { bx, cookie, who }
    }

    /// A path after `/console/api/`, or one from the root.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("x-boxoffice", "1")];
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let path = match path.strip_prefix('/') {
            Some(_) => path.to_owned(),
            None => format!("/console/api/{path}"),
        };
        let url = self.bx.url(&path);
        self.bx.anonymous().send(method, url, body, &headers).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, Value::Null).await.expect(200)
    }

    pub async fn status(&self, method: &str, path: &str, body: Value) -> u16 {
        self.ask(method, path, body).await.status
    }

    /// Sets a second factor up. Answers the authenticator and the recovery codes.
    pub async fn set_up(&self) -> (Authenticator, Vec<String>) {
        let begun = self.ask("POST", "me/second-factor", json!({})).await;
        let begun = begun.expect(201);
        let held = Authenticator::of(&begun);
        let code = json!({"code": held.code(self.bx)});
        let done = self.ask("PUT", "me/second-factor", code).await;
        (held, recovery_codes(&done.expect(200)))
    }
}

pub fn recovery_codes(answer: &Value) -> Vec<String> {
    let codes = answer["recovery_codes"].as_array().expect("a list");
    let text = |code: &Value| code.as_str().expect("a text").to_owned();
    codes.iter().map(text).collect()
}

/// An app that knows a secret and the time.
pub struct Authenticator([u8; 20]);

impl Authenticator {
    /// Typed in, as the box shows it.
    pub fn of(begun: &Value) -> Authenticator {
        let secret = begun["secret"].as_str().expect("a text");
        let bytes = BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
        Authenticator(bytes.try_into().expect("twenty bytes"))
    }

    /// What it shows now.
    pub fn code(&self, bx: &TestBox) -> String {
        self.code_of(bx, 0)
    }

    /// What it shows so many steps later.
    pub fn code_of(&self, bx: &TestBox, later: i64) -> String {
        let now = step_at(Ctx::system(bx.app()).now);
        authenticator::code(&self.0, now.saturating_add_signed(later))
    }
}
