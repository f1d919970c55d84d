//! An HTTP server on a real socket that hears what it is told, and can refuse, hang and hang up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

/// What the server does with the next request.
#[derive(Debug, Clone)]
pub enum Turn {
    Answer(u16),
    /// Answers with this status and JSON.
    Say(u16, Value),
    /// Never answers.
    Hang,
}

/// What it was told.
#[derive(Debug, Clone)]
pub struct Heard {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
    /// How it was answered; 0: not at all.
    pub status: u16,
}

#[derive(Clone, Default)]
pub struct Ear {
    pub url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    turns: Arc<Mutex<VecDeque<Turn>>>,
    /// What is done when no turn is left; nothing: 200.
    always: Arc<Mutex<Option<Turn>>>,
}

impl Ear {
    pub async fn open() -> Ear {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ear = Ear {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            ..Ear::default()
        };
        let router = Router::new().fallback(hear).with_state(ear.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        ear
    }

    pub fn next(&self, turns: &[Turn]) {
        self.turns.lock().unwrap().extend(turns.iter().cloned());
    }

    pub fn always(&self, turn: Option<Turn>) {
        *self.always.lock().unwrap() = turn;
    }

    /// What it was told so far, and takes it out.
    pub fn collect(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// Waits until it was told so much, and takes it out.
    pub async fn wait_for(&self, count: usize) -> Vec<Heard> {
        let enough = async || (self.heard.lock().unwrap().len() >= count).then_some(());
        super::eventually("as many events as are waited for", enough).await;
        self.collect()
    }
}

async fn hear(State(ear): State<Ear>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let turn = ear.turns.lock().unwrap().pop_front();
    let turn = turn.or_else(|| ear.always.lock().unwrap().clone());
    let (status, said) = match turn.unwrap_or(Turn::Answer(200)) {
        Turn::Answer(status) => (status, String::new()),
        Turn::Say(status, said) => (status, said.to_string()),
        Turn::Hang => (0, String::new()),
    };
    ear.heard.lock().unwrap().push(Heard {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        status,
    });
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let location = [("location", ear.url.clone())];
    (StatusCode::from_u16(status).unwrap(), location, said).into_response()
}

impl Heard {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("no {name}"))
            .to_str()
            .unwrap()
    }

    /// `order.frozen 1` and the like.
    pub fn line(&self) -> String {
        let body = self.json();
        format!("{} {}", body["type"].as_str().unwrap(), body["data"]["id"])
    }

    /// Which of the signatures are of this secret; the time that is signed.
    pub fn signed_by(&self, secret: &str) -> (usize, i64) {
        let header = self.header("boxoffice-signature");
        let mut parts = header.split(',');
        let stamp = parts
            .next()
            .and_then(|part| part.strip_prefix("t="))
            .unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{stamp}.{}", self.body).as_bytes());
        let wanted = format!("v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
        let good = parts.filter(|part| *part == wanted).count();
        (good, stamp.parse().unwrap())
    }
}
