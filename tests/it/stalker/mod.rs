//! The Stalker REST API v1, black box, written from its reference alone. "§" in the comments of
//! this folder means that reference: "stalker-rest-v1 §2.5".

mod accounts;
pub mod across;
mod across_debts;
mod across_money;
mod across_rights;
mod better;
mod better_data;
mod blanks;
mod bounds;
mod boxes;
mod cases;
mod events;
mod forms;
mod identifiers;
mod matching;
mod modules;
mod names;
mod one_box;
mod quirks;
mod quirks_data;
mod resellers;
mod shown_back;
mod staff;
mod stb;
mod subscriptions;
mod time;
mod wire;

use boxoffice::config::Config;
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestBox, segment};

/// The boxes of the fixture: accounts A (login 3210), B (3211) and C (3, switched off). Account D
/// (nobox) has none.
pub const A: &str = "00:1A:79:00:39:5E";
pub const B: &str = "00:1A:79:00:15:B3";
pub const C: &str = "00:1A:79:00:21:40";

/// No events, no rows.
pub const NOTHING: [Value; 0] = [];
pub const FORM: &str = "application/x-www-form-urlencoded";
const BASE: &str = "/stalker_portal/api";

/// The state that the reference's cases start from.
pub fn fixture() -> Value {
    serde_json::from_str(include_str!("../data/stalker-fixture.json")).expect("a JSON file")
}

/// The settings of the reference's cases.
pub fn base(config: &mut Config) {
    let stalker = &mut config.stalker;
    stalker.enabled = true;
    "stalker".clone_into(&mut stalker.login);
    stalker.password = "secret".into();
    stalker.watchdog_timeout = 120;
}

/// A box with the fixture on it, and the operator's billing system that calls it.
pub struct House {
    pub bx: TestBox,
    pub rest: Rest,
}

impl House {
    pub fn of(bx: TestBox) -> House {
        let rest = Rest::of(&bx);
        House { bx, rest }
    }

    pub fn stb(&self, mac: &str) -> StbBox {
        StbBox::new(&self.bx, mac)
    }

    /// What is queued for a box: signs it in, polls until nothing comes, confirms what asks for it.
    /// Without `update_subscription`, which may accompany anything.
    pub async fn queued(&self, mac: &str) -> Vec<Value> {
        let mut events = self.all_queued(mac).await;
        events.retain(|event| event["event"] != "update_subscription");
        events
    }

    pub async fn all_queued(&self, mac: &str) -> Vec<Value> {
        let mut stb = self.stb(mac);
        stb.sign_in().await;
        stb.drain().await.0
    }

    /// The names of what is queued for a box, in the order of delivery.
    pub async fn names(&self, mac: &str) -> Vec<String> {
        names(&self.queued(mac).await)
    }

    pub async fn account(&self, login: &str) -> Value {
        self.rest.get(&format!("/users/{login}")).await.ok()
    }

    /// Every account, as a list to compare before and after.
    pub async fn accounts(&self) -> Value {
        self.rest.get("/accounts").await.ok()
    }
}

pub fn names(events: &[Value]) -> Vec<String> {
    let name = |event: &Value| event["event"].as_str().expect("a name").to_owned();
    events.iter().map(name).collect()
}

/// A caller of the REST API. Paths are relative to `/stalker_portal/api` and go out as they stand.
#[derive(Clone)]
pub struct Rest {
    client: Client,
    origin: String,
}

impl Rest {
    /// With the credentials of [`base`].
    pub fn of(bx: &TestBox) -> Rest {
        Rest::login(bx, "stalker:secret")
    }

    /// With `login:password`.
    pub fn login(bx: &TestBox, credentials: &str) -> Rest {
        let header = format!("Basic {}", BASE64.encode(credentials.as_bytes()));
        Rest::by(bx, bx.with_header(&header))
    }

    pub fn anonymous(bx: &TestBox) -> Rest {
        Rest::by(bx, bx.anonymous())
    }

    pub fn by(bx: &TestBox, client: Client) -> Rest {
        Rest {
            client,
            origin: bx.url(BASE),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, None).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, None).await
    }

    pub async fn post(&self, path: &str, form: &str) -> Answer {
        self.form("POST", path, form).await
    }

    pub async fn put(&self, path: &str, form: &str) -> Answer {
        self.form("PUT", path, form).await
    }

    pub async fn form(&self, method: &str, path: &str, form: &str) -> Answer {
        let body = Some(form.as_bytes().to_vec());
        self.send(method, path, body, Some(FORM)).await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        content_type: Option<&str>,
    ) -> Answer {
        let url = format!("{}{path}", self.origin);
        let headers: Vec<(&str, &str)> = content_type
            .iter()
            .map(|content_type| ("content-type", *content_type))
            .collect();
        self.client.send(method, url, body, &headers).await
    }
}

/// What an answer of either Stalker dialect says.
pub trait Says {
    /// Exactly `{"status":"OK","results":…}`: the results.
    fn ok(self) -> Value;
    /// Exactly `{"status":"ERROR","results":null,"error":text}`, with HTTP 200.
    fn refused(self, text: &str);
    /// The error text, if it is an error of the REST API.
    fn error(&self) -> Option<String>;
    /// The portal's `{"js":…,"text":"…"}`: what is in `js`.
    fn js(self) -> Value;
    /// Exactly this plain text, with HTTP 200.
    fn plain(self, text: &str);
}

impl Says for Answer {
    #[track_caller]
    fn ok(self) -> Value {
        let told = self.told();
        let mut body = envelope(&self);
        assert_eq!(body["status"], "OK", "{told}");
        assert_eq!(keys(&body), ["results", "status"], "{told}");
        body["results"].take()
    }

    #[track_caller]
    fn refused(self, text: &str) {
        let expected = json!({"status": "ERROR", "results": null, "error": text});
        assert_eq!(envelope(&self), expected, "{}", self.told());
    }

    fn error(&self) -> Option<String> {
        let body: Value = serde_json::from_str(&self.text).ok()?;
        (body["status"] == "ERROR").then(|| body["error"].as_str().unwrap_or("").to_owned())
    }

    #[track_caller]
    fn js(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.told());
        assert!(self.is_json(), "content type of {}", self.told());
        let mut body = self.json();
        assert!(body["text"].is_string(), "no text: {}", self.told());
        let js = body.as_object_mut().and_then(|body| body.remove("js"));
        js.unwrap_or_else(|| panic!("no js: {}", self.told()))
    }

    #[track_caller]
    fn plain(self, text: &str) {
        let said = (self.status, self.text.as_str());
        assert_eq!(said, (200, text), "{}", self.told());
    }
}

/// The body of any JSON answer but 401: HTTP 200 (§1.7) and exactly this content type.
#[track_caller]
fn envelope(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.told());
    let content_type = answer.headers.get("content-type");
    let content_type = content_type.and_then(|value| value.to_str().ok());
    assert_eq!(content_type, Some("application/json"), "{}", answer.told());
    answer.json()
}

pub fn keys(of: &Value) -> Vec<&str> {
    let members = of.as_object().into_iter().flatten();
    let mut names: Vec<&str> = members.map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

/// One member of every element of a list.
#[track_caller]
pub fn all(list: &Value, member: &str) -> Vec<String> {
    let elements = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    let text = |element: &Value| match &element[member] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    elements.iter().map(text).collect()
}

/// A set-top box as its player software speaks to the portal.
pub struct StbBox {
    client: Client,
    origin: String,
    /// The whole `Cookie` header.
    pub cookie: String,
    pub token: Option<String>,
}

impl StbBox {
    pub fn new(bx: &TestBox, mac: &str) -> StbBox {
        StbBox {
            client: bx.anonymous(),
            origin: bx.url(""),
            cookie: format!("mac={mac}; stb_lang=en; timezone=UTC"),
            token: None,
        }
    }

    /// The same with the MAC escaped, as MAG boxes send it.
    pub fn encoded(bx: &TestBox, mac: &str) -> StbBox {
        StbBox::new(bx, &segment(mac))
    }

    pub async fn call(&self, kind: &str, action: &str, more: &[(&str, &str)]) -> Answer {
        self.call_at("/stalker_portal/server/load.php", kind, action, more)
            .await
    }

    pub async fn call_at(
        &self,
        path: &str,
        kind: &str,
        action: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let query = query(kind, action, more);
        let url = format!("{}{path}?{query}&JsHttpRequest=1-xml", self.origin);
        self.send("GET", &url, None, &[]).await
    }

    /// Any request with the headers of this box.
    pub async fn send(
        &self,
        method: &str,
        url: &str,
        body: Option<Vec<u8>>,
        more: &[(&str, &str)],
    ) -> Answer {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("x-user-agent", "Model: MAG250; Link: WiFi")];
        if !self.cookie.is_empty() {
            headers.push(("cookie", &self.cookie));
        }
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        headers.extend_from_slice(more);
        self.client.send(method, url, body, &headers).await
    }

    /// Presents no token, takes the one it gets.
    pub async fn handshake(&mut self) -> String {
        self.resume("").await
    }

    /// Presents a token that it kept.
    pub async fn resume(&mut self, kept: &str) -> String {
        self.token = None;
        let js = self.call("stb", "handshake", &[("token", kept)]).await.js();
        let token = js["token"].as_str().expect("a token").to_owned();
        assert!(!token.is_empty(), "{js}");
        self.token = Some(token.clone());
        token
    }

    pub async fn profile(&self) -> Value {
        let told = [("hd", "1"), ("stb_type", "MAG250"), ("num_banks", "1")];
        self.call("stb", "get_profile", &told).await.js()
    }

    /// Handshake and profile: after it the token is good.
    pub async fn sign_in(&mut self) -> Value {
        self.handshake().await;
        self.profile().await
    }

    /// One poll: what is in `js.data`.
    pub async fn poll(&self) -> Value {
        let told = [
            ("cur_play_type", "1"),
            ("event_active_id", "0"),
            ("init", "0"),
        ];
        let mut js = self.call("watchdog", "get_events", &told).await.js();
        assert!(js["data"].is_object(), "{js}");
        js["data"].take()
    }

    pub async fn confirm(&self, id: &str) -> Answer {
        let told = [("event_active_id", id)];
        self.call("watchdog", "confirm_event", &told).await
    }

    /// Polls until nothing comes and confirms what asks for it. Where confirming is refused, the
    /// second value is the number of events that stand behind the last one.
    pub async fn drain(&self) -> (Vec<Value>, u64) {
        let mut events = Vec::new();
        while events.len() < 100 {
            let data = self.poll().await;
            let Some(id) = data["id"].as_str().map(ToOwned::to_owned) else {
                assert_eq!(data["msgs"], 0, "{data}");
                return (events, 0);
            };
            let waiting = data["msgs"].as_u64().expect("a number of events");
            let asks = data["need_confirm"] == "1";
            events.push(data);
            if asks {
                let answer = self.confirm(&id).await;
                if answer.text == "Access denied." {
                    return (events, waiting - 1);
                }
                assert_eq!(answer.js()["data"], "ok");
            }
        }
        panic!("no end of events: {events:?}");
    }
}

pub fn query(kind: &str, action: &str, more: &[(&str, &str)]) -> String {
    let mut query = format!("type={kind}&action={action}");
    for (name, value) in more {
        query.push_str(&format!("&{name}={}", segment(value)));
    }
    query
}
