//! The carrier decides: a carrier on a real socket that answers, denies, hangs, breaks and loses
//! answers, and what partners, the books and the carrier's own books say then.

mod books;
mod charging;
mod refunds;
mod side_effects;
mod unknown;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::alphaott::given::merged;
use crate::marketone::{Hub, P1, purchase};
use crate::support::fixture::a_hub;
use crate::support::{Answer, TestBox, eventually};

/// How the carrier takes one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Charges, once for each id, and says so.
    Good,
    /// Says that it goes on, and charges.
    Slow,
    /// Says this status with this code, and charges nothing.
    No(u16, &'static str),
    /// Charges nothing and never answers.
    Hangs,
    /// Charges and never answers.
    Loses,
    /// Charges and hangs up.
    Closes,
    /// Charges when [`Csp::let_go`] says so.
    Waits,
    /// Is too busy, and says so then.
    WaitsBusy,
}

#[derive(Default)]
pub struct Ledger {
    /// The next calls; after them all are good.
    pub moods: VecDeque<Mood>,
    /// Heads and bodies as they came.
    pub calls: Vec<(String, Value)>,
    /// What was charged or given back, by the caller's id.
    pub booked: BTreeMap<String, Value>,
    /// Lets one that waits go on.
    go: Arc<Notify>,
}

#[derive(Clone, Default)]
pub struct Csp(Arc<Mutex<Ledger>>);

impl Csp {
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn next(&self, moods: &[Mood]) {
        self.ledger().moods.extend(moods);
    }

    pub fn calls(&self) -> usize {
        self.ledger().calls.len()
    }

    /// Has a call answered that waits.
    pub fn let_go(&self) {
        self.ledger().go.notify_one();
    }

    async fn was_called(&self, times: usize) {
        eventually("a call", async || (self.calls() >= times).then_some(())).await;
    }

    pub fn booked(&self) -> usize {
        self.ledger().booked.len()
    }

    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}/v1/", listener.local_addr().unwrap());
        let csp = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(csp.clone().serve(stream));
            }
        });
        origin
    }

    async fn serve(self, mut stream: TcpStream) -> Option<()> {
        let (mut got, mut chunk) = (Vec::new(), [0u8; 4096]);
        let (head, body) = loop {
            let count = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
            got.extend_from_slice(&chunk[..count]);
            let text = String::from_utf8_lossy(&got).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let small = head.to_ascii_lowercase();
            let length = small.split("content-length: ").nth(1).unwrap_or("0");
            let length: usize = length.lines().next().unwrap_or("0").parse().unwrap();
            if body.len() >= length {
                break (
                    head.to_owned(),
                    serde_json::from_str::<Value>(body).unwrap(),
                );
            }
        };
        let (mood, go) = {
            let mut ledger = self.ledger();
            ledger.calls.push((head, body.clone()));
            let mood = ledger.moods.pop_front().unwrap_or(Mood::Good);
            (mood, Arc::clone(&ledger.go))
        };
        let book = || {
            let id = body["extTransactionID"].as_str().unwrap().to_owned();
            self.ledger().booked.entry(id).or_insert(body.clone());
        };
        let booked = || {
            let id = body["extTransactionID"].as_str().unwrap();
            self.ledger().booked.contains_key(id)
        };
        let (status, answer) = match mood {
            Mood::Good => {
                book();
                (200, json!({"status": "SUCCEEDED"}))
            }
            Mood::Waits => {
                go.notified().await;
                book();
                (200, json!({"status": "SUCCEEDED"}))
            }
            Mood::WaitsBusy => {
                go.notified().await;
                (429, json!({}))
            }
            // As everybody who keeps ids: what was charged is said again.
            Mood::No(400..=409, _) if booked() => (200, json!({"status": "SUCCEEDED"})),
            Mood::Slow => {
                book();
                (200, json!({"status": "PROCESSING"}))
            }
            Mood::No(status, code) => (status, json!({"code": code, "message": "no"})),
            Mood::Hangs => std::future::pending().await,
            Mood::Loses => {
                book();
                std::future::pending().await
            }
            Mood::Closes => {
                book();
                return None;
            }
        };
        let answer = answer.to_string();
        let text = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(text.as_bytes()).await.ok()
    }
}

const KEY: &str = "carrier-secret-key";

pub async fn hub(csp: &Csp) -> Hub {
    let url = csp.listen().await;
    hub_at(url).await
}

/// A hub that waits for the carrier as long as a test does.
async fn patient_hub(csp: &Csp) -> Hub {
    let url = csp.listen().await;
    a_hub()
        .set(|config| {
            config.carrier.url = url.into();
            config.carrier.api_key = KEY.into();
            config.carrier.timeout_ms = 60_000;
        })
        .await
}

async fn hub_at(url: String) -> Hub {
    a_hub()
        .set(|config| {
            config.carrier.url = url.into();
            config.carrier.api_key = KEY.into();
            config.carrier.timeout_ms = 300;
        })
        .await
}

fn back(id: &str, of: &str, amount: &str) -> Value {
    merged(
        purchase(id, P1),
        json!({"transactionType": "REFUND", "originalExtTransactionID": of, "amount": amount}),
    )
}

pub async fn open(bx: &TestBox) -> Value {
    let path = "/console/api/partners/NFLX/transactions?state=PROCESSING";
    bx.client_of("manager")
        .await
        .get(bx.url(path))
        .await
        .expect(200)
}

async fn resolve(bx: &TestBox, id: &Value, outcome: &str) -> Answer {
    let path = format!("/console/api/partners/transactions/{id}/resolve");
    let body = json!({ "outcome": outcome });
    bx.client_of("manager")
        .await
        .post(bx.url(&path), body)
        .await
}

#[track_caller]
fn processing(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.told());
    let body = answer.json();
    assert_eq!(body["status"], "PROCESSING", "{}", answer.told());
    assert_eq!(body["completedDate"], Value::Null, "{}", answer.told());
}
