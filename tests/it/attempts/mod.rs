//! Secrets that can be guessed: every way in slows guesses, nobody else is kept out by them,
//! somebody is told, and no answer's cost says who exists.

mod boxes;
mod codes;
mod cost;
mod doors;
mod staff;

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::support::{TestBox, http_client};

/// The id of the customer with this login.
pub async fn id_of(bx: &TestBox, login: &str) -> String {
    let list = bx.api().get("/customers").await.expect(200);
    let mut list = list.as_array().expect("a list").iter();
    let found = list.find(|customer| customer["login"] == login);
    let found = found.unwrap_or_else(|| panic!("no customer {login}"));
    found["_id"].as_str().expect("an id").to_owned()
}

/// A client that comes from an address of its own.
pub struct From(reqwest::Client);

/// What came back: status, body, seconds to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    pub status: u16,
    pub text: String,
    pub wait: Option<u64>,
}

impl From {
    pub fn address(last: u8) -> From {
        let client = http_client()
            .local_address(IpAddr::from([127, 0, 0, last]))
            .build()
            .expect("a client");
        From(client)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Came {
        let answer = request.send().await.expect("an answer");
        let wait = answer.headers().get("retry-after");
        let wait = wait.and_then(|value| value.to_str().ok()?.parse().ok());
        Came {
            status: answer.status().as_u16(),
            wait,
            text: answer.text().await.expect("a body"),
        }
    }

    pub fn client(&self) -> &reqwest::Client {
        &self.0
    }

    pub async fn sign_in(&self, bx: &TestBox, name: &str, password: &str) -> Came {
        let body: Value = json!({"name": name, "password": password});
        let request = self.0.post(bx.url("/console/api/session")).json(&body);
        self.send(request).await
    }

    pub async fn basic(&self, bx: &TestBox, login: &str, password: &str) -> Came {
        let url = bx.url("/stalker_portal/api/tariffs");
        let request = self.0.get(url).basic_auth(login, Some(password));
        self.send(request).await
    }

    /// `do_auth` of a box.
    pub async fn box_auth(&self, bx: &TestBox, mac: &str, login: &str, password: &str) -> Came {
        let url = bx.url("/stalker_portal/server/load.php");
        let told = [
            ("type", "stb"),
            ("action", "do_auth"),
            ("login", login),
            ("password", password),
        ];
        let request = self.0.post(url).header("cookie", format!("mac={mac}"));
        self.send(request.form(&told)).await
    }
}
