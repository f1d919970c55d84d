//! Webhooks, black box: what happens is told to a server of our own, which checks every signature.

mod endpoints;
mod events;
mod sending;

use serde_json::{Value, json};

use crate::billing::{DAY, Till};
use crate::support::ear::{Ear, Heard};
use crate::support::fixture::a_till_selling;
use crate::support::{Answer, Client, TestBox};

/// A webhook of a box, and who may change it.
pub struct Hook {
    pub owner: Client,
    pub path: String,
    pub secret: String,
}

impl Hook {
    /// A webhook that tells `ear`, with these members.
    pub async fn add(bx: &TestBox, ear: &Ear, more: Value) -> Hook {
        let token = bx.token_for("owner", 400 * DAY).await;
        let owner = bx.with_header(&format!("JWT {token}"));
        let body = crate::alphaott::given::merged(json!({"url": ear.url}), more);
        let path = bx.url("/console/api/webhooks");
        let made = owner.post(&path, body).await.expect(201);
        Hook {
            owner,
            path: format!("{path}/{}", made["id"]),
            secret: made["secret"].as_str().expect("a secret").to_owned(),
        }
    }

    pub async fn put(&self, body: Value) -> Answer {
        self.owner.put(&self.path, body).await
    }

    pub async fn post(&self, rest: &str) -> Answer {
        let path = format!("{}/{rest}", self.path);
        self.owner.send("POST", path, None, &[]).await
    }

    /// Oldest first, such as `order.created DELIVERED 1`.
    pub async fn deliveries(&self, query: &str) -> Vec<String> {
        let list = self.list(query).await;
        let word = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
        let line = |of: &Value| {
            format!(
                "{} {} {}",
                word(of, "type"),
                word(of, "state"),
                of["attempts"]
            )
        };
        list.iter().rev().map(line).collect()
    }

    pub async fn list(&self, query: &str) -> Vec<Value> {
        let path = format!("{}/deliveries{query}", self.path);
        crate::alphaott::given::list(self.owner.get(path).await.expect(200))
    }
}

/// What was told, such as `order.frozen 1`, each checked for its signature.
#[track_caller]
pub fn lines(heard: &[Heard], hook: &Hook) -> Vec<String> {
    let line = |heard: &Heard| {
        let (good, _) = heard.signed_by(&hook.secret);
        assert_eq!(good, 1, "{}", heard.header("boxoffice-signature"));
        assert_eq!(heard.path, "/hook");
        assert_eq!(heard.header("content-type"), "application/json");
        assert_eq!(heard.header("boxoffice-event"), heard.json()["id"]);
        heard.line()
    };
    heard.iter().map(line).collect()
}

/// A till whose every event is told.
pub async fn open(offer: Value, wanted: Value) -> (Till, Ear, Hook) {
    let till = a_till_selling(offer).await;
    let ear = Ear::open().await;
    let hook = Hook::add(&till.shop.bx, &ear, wanted).await;
    (till, ear, hook)
}
