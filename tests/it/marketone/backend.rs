//! The carrier decides: a carrier on a real socket that answers, denies, hangs, breaks and loses
//! answers, and what partners, the books and the carrier's own books say then.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config as Runner, TestRunner};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Hub, P1, P2, P4, P7, Partner, fixture, pins, purchase, refused};
use crate::alphaott::given::merged;
use crate::kit::run;
use crate::support::gateway::Gateway;
use crate::support::{Answer, Client, TestBox, until};

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
    /// Charges after a moment.
    Late,
    /// Is too busy, after a moment.
    LateBusy,
}

#[derive(Default)]
pub struct Ledger {
    /// The next calls; after them all are good.
    pub moods: VecDeque<Mood>,
    /// Heads and bodies as they came.
    pub calls: Vec<(String, Value)>,
    /// What was charged or given back, by the caller's id.
    pub booked: BTreeMap<String, Value>,
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

    async fn was_called(&self, times: usize) {
        until("a call", async || (self.calls() >= times).then_some(())).await;
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
        let mood = {
            let mut ledger = self.ledger();
            ledger.calls.push((head, body.clone()));
            ledger.moods.pop_front().unwrap_or(Mood::Good)
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
            Mood::Late => {
                tokio::time::sleep(Duration::from_millis(150)).await;
                book();
                (200, json!({"status": "SUCCEEDED"}))
            }
            Mood::LateBusy => {
                tokio::time::sleep(Duration::from_millis(150)).await;
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

async fn hub_at(url: String) -> Hub {
    Hub::with(|config| {
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

async fn staff(bx: &TestBox) -> Client {
    let token = bx.token("manager").await;
    bx.with_header(&format!("JWT {token}"))
}

pub async fn open(bx: &TestBox) -> Value {
    let path = "/console/api/partners/NFLX/transactions?state=PROCESSING";
    staff(bx).await.get(bx.url(path)).await.expect(200)
}

async fn resolve(bx: &TestBox, id: &Value, outcome: &str) -> Answer {
    let path = format!("/console/api/partners/transactions/{id}/resolve");
    let body = json!({ "outcome": outcome });
    staff(bx).await.post(bx.url(&path), body).await
}

#[track_caller]
fn processing(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.told());
    let body = answer.json();
    assert_eq!(body["status"], "PROCESSING", "{}", answer.told());
    assert_eq!(body["completedDate"], Value::Null, "{}", answer.told());
}

#[tokio::test]
async fn the_carrier_charges_and_owes_the_money() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    let description = "Monthly  plan – «äß» \\ \"quoted\"";
    let wish = merged(
        purchase("a", "14165550101"),
        json!({ "description": description }),
    );
    let made = hub.a.charge(&wish).await;
    assert_eq!(made.json()["status"], "SUCCEEDED", "{}", made.told());
    let again = hub.a.charge(&wish).await;
    assert_eq!((again.status, &again.text), (200, &made.text));
    {
        let ledger = csp.ledger();
        let (head, body) = &ledger.calls[0];
        assert!(head.starts_with("POST /v1/transaction HTTP/1.1"), "{head}");
        assert!(head.contains(&format!("x-api-key: {KEY}")), "{head}");
        let expected = json!({"extTransactionID": made.json()["transactionID"],
            "transactionType": "CHARGE", "accountIdentifier": P1, "amount": 9.99,
            "currency": "USD", "description": description,
            "productCode": "NFLX-STD"});
        assert_eq!(*body, expected);
        assert_eq!(ledger.calls.len(), 1);
    }
    let books = hub.books();
    assert_eq!(books["carrier"], -999);
    assert_eq!(books["partner:1"], 699);
    assert!(!books.contains_key("customer:1"));

    // Given back where it came from.
    let refund = hub.a.charge(&back("r", "a", "3.33")).await.expect(200);
    assert_eq!(refund["status"], "SUCCEEDED");
    assert_eq!(
        csp.ledger().calls[1].1["originalExtTransactionID"],
        made.json()["transactionID"]
    );
    assert_eq!(csp.ledger().calls[1].1["transactionType"], "REFUND");
    assert_eq!(hub.books()["carrier"], -666);
    let shown = hub.a.get("/transaction/a").await.expect(200);
    assert_eq!(shown["refundedAmount"], 3.33);
    hub.prove();
}

#[tokio::test]
async fn what_is_refused_here_never_gets_there() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    refused(
        &hub.a.charge(&purchase("a", P4)).await,
        400,
        "suspended-non-payment",
    );
    let much = merged(purchase("b", P1), json!({"amount": "50.01"}));
    refused(&hub.a.charge(&much).await, 400, "amount-limit-exceeded");
    let other = merged(purchase("c", P1), json!({"productCode": "NONE"}));
    refused(&hub.a.charge(&other).await, 404, "product-not-found");
    let limited = merged(purchase("d", P7), json!({"amount": "20.01"}));
    refused(
        &hub.a.charge(&limited).await,
        400,
        "spending-limit-exceeded",
    );
    refused(
        &hub.a.charge(&back("e", "none", "1.00")).await,
        404,
        "transaction-not-found",
    );
    assert_eq!(csp.calls(), 0);
    // A prepaid balance is the carrier's business: 5.00 are here.
    hub.a.charge(&purchase("f", P2)).await.expect(200);
    assert_eq!(csp.booked(), 1);
    hub.prove();
}

#[tokio::test]
async fn what_the_carrier_denies_is_final() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    for (number, (status, code)) in [
        (400, "insufficient-funds"),
        (400, "spending-limit-exceeded"),
        (402, "amount-limit-exceeded"),
        (403, "suspended-non-payment"),
        (400, "suspended"),
        (400, "not-eligible"),
        (404, "account-not-found"),
    ]
    .into_iter()
    .enumerate()
    {
        csp.next(&[Mood::No(status, code)]);
        let id = format!("n{number}");
        let told = if code == "account-not-found" {
            404
        } else {
            400
        };
        for _ in 0..2 {
            refused(&hub.a.charge(&purchase(&id, P1)).await, told, code);
        }
        let shown = hub.a.get(&format!("/transaction/{id}")).await.expect(200);
        assert_eq!(shown["status"], "DENIED");
        assert_eq!(shown["reason"]["code"], code);
    }
    assert_eq!((csp.calls(), csp.booked()), (7, 0));
    assert!(hub.books().keys().all(|name| !name.starts_with("carrier")));
    hub.prove();
}

#[tokio::test]
async fn a_carrier_that_is_not_reached_leaves_nothing() {
    let csp = Csp::default();
    // A port where nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let hub = hub_at(format!("http://127.0.0.1:{port}/v1")).await;
    let answer = hub.a.charge(&purchase("a", P1)).await;
    refused(&answer, 503, "service-unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(hub.a.get("/transaction/a").await.status, 404);
    assert_eq!(open(&hub.bx).await, json!([]));
    hub.prove();

    // It is there again: sent again it is charged.
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let there = csp.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(there.clone().serve(stream));
        }
    });
    csp.next(&[Mood::No(429, "too-many-requests")]);
    refused(
        &hub.a.charge(&purchase("a", P1)).await,
        503,
        "service-unavailable",
    );
    assert_eq!(hub.a.get("/transaction/a").await.status, 404);
    let made = hub.a.charge(&purchase("a", P1)).await.expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    // A refund that did not get there reserves nothing.
    csp.next(&[Mood::No(429, "too-many-requests")]);
    refused(
        &hub.a.charge(&back("r", "a", "9.99")).await,
        503,
        "service-unavailable",
    );
    hub.a.charge(&back("r", "a", "9.99")).await.expect(200);
    let books = hub.books();
    let opening = ["customer:2", "opening"];
    assert!(books.keys().eq(opening), "{books:?}");
    hub.prove();
}

#[tokio::test]
async fn a_lost_answer_is_one_charge() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    for (number, mood) in [
        Mood::Loses,
        Mood::Closes,
        Mood::Slow,
        Mood::Hangs,
        Mood::No(500, "system-error"),
        Mood::No(503, "service-unavailable"),
        Mood::No(400, "invalid-request"),
        Mood::No(409, "duplicate-transaction"),
    ]
    .into_iter()
    .enumerate()
    {
        csp.next(&[mood]);
        let id = format!("l{number}");
        let calls = csp.calls();
        processing(&hub.a.charge(&purchase(&id, P1)).await);
        // Whoever asks meanwhile asks us, and not the carrier.
        processing(&hub.a.charge(&purchase(&id, P1)).await);
        processing(&hub.a.get(&format!("/transaction/{id}")).await);
        refused(
            &hub.a.charge(&purchase(&id, P7)).await,
            409,
            "duplicate-transaction",
        );
        assert_eq!(csp.calls(), calls + 1, "{mood:?}");
        hub.bx.advance(179).await;
        assert_eq!(csp.calls(), calls + 1, "{mood:?}");
        hub.bx.advance(1).await;
        assert_eq!(csp.calls(), calls + 2, "{mood:?}");
        let ended = hub.a.charge(&purchase(&id, P1)).await.expect(200);
        assert_eq!(ended["status"], "SUCCEEDED", "{mood:?}");
        assert_eq!(csp.calls(), calls + 2, "{mood:?}");
        let ids: Vec<Value> = csp.ledger().calls[calls..]
            .iter()
            .map(|(_, body)| body.clone())
            .collect();
        assert_eq!(ids[0], ids[1], "{mood:?}");
        assert_eq!(csp.booked(), number + 1, "{mood:?}");
        assert_eq!(
            hub.books()["carrier"],
            -999 * (i64::try_from(number).unwrap() + 1)
        );
    }
    assert_eq!(open(&hub.bx).await, json!([]));
    hub.prove();
}

#[tokio::test]
async fn many_copies_are_one_call_and_one_entry() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::Late]);
    let mut copies = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let partner = hub.a.clone();
        copies.spawn(async move { partner.charge(&purchase("a", P1)).await });
    }
    let mut succeeded = 0;
    for answer in copies.join_all().await {
        assert_eq!(answer.status, 200, "{}", answer.told());
        let status = answer.json()["status"].as_str().unwrap().to_owned();
        assert!(
            matches!(status.as_str(), "PROCESSING" | "SUCCEEDED"),
            "{status}"
        );
        succeeded += usize::from(status == "SUCCEEDED");
    }
    assert!(succeeded >= 1);
    assert_eq!((csp.calls(), csp.booked()), (1, 1));
    assert_eq!(hub.books()["carrier"], -999);
    hub.prove();
}

/// Whoever was told that it goes on is not told later that it never was.
#[tokio::test]
async fn what_somebody_heard_of_is_not_taken_back() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::LateBusy]);
    let first = {
        let partner = hub.a.clone();
        tokio::spawn(async move { partner.charge(&purchase("a", P1)).await })
    };
    csp.was_called(1).await;
    processing(&hub.a.charge(&purchase("a", P1)).await);
    processing(&first.await.unwrap());
    assert_eq!(open(&hub.bx).await[0]["attempts"], 1);
    hub.bx.advance(180).await;
    let made = hub.a.charge(&purchase("a", P1)).await.expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    hub.prove();
}

#[tokio::test]
async fn what_may_be_charged_counts_against_limits() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    let of = |id: &str, amount: &str| merged(purchase(id, P7), json!({ "amount": amount }));
    csp.next(&[Mood::Hangs]);
    processing(&hub.a.charge(&of("a", "15.00")).await);
    refused(
        &hub.a.charge(&of("b", "5.01")).await,
        400,
        "spending-limit-exceeded",
    );
    hub.a.charge(&of("c", "5.00")).await.expect(200);
    // It was never charged: there is room again.
    csp.next(&[Mood::No(400, "insufficient-funds")]);
    hub.bx.advance(180).await;
    refused(
        &hub.a.charge(&of("a", "15.00")).await,
        400,
        "insufficient-funds",
    );
    hub.bx.advance(86_400 * 30 * 12).await;
    hub.a.charge(&of("d", "15.00")).await.expect(200);
    hub.prove();
}

#[tokio::test]
async fn refunds_reserve_what_they_give_back() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    hub.a.charge(&purchase("a", P1)).await.expect(200);
    csp.next(&[Mood::Loses]);
    processing(&hub.a.charge(&back("r1", "a", "6.00")).await);
    refused(
        &hub.a.charge(&back("r2", "a", "4.00")).await,
        400,
        "refund-amount-exceeded",
    );
    // What is not certain yet is not shown as given back.
    let shown = hub.a.get("/transaction/a").await.expect(200);
    assert_eq!(shown["refundedAmount"], Value::Null);
    hub.a.charge(&back("r3", "a", "3.33")).await.expect(200);
    hub.bx.advance(180).await;
    let shown = hub.a.get("/transaction/a").await.expect(200);
    assert_eq!(shown["refundedAmount"], 9.33);
    csp.next(&[Mood::Hangs, Mood::No(400, "refund-not-allowed")]);
    processing(&hub.a.charge(&back("r4", "a", "0.66")).await);
    hub.bx.advance(180).await;
    refused(
        &hub.a.charge(&back("r4", "a", "0.66")).await,
        400,
        "refund-not-allowed",
    );
    hub.a.charge(&back("r5", "a", "0.66")).await.expect(200);
    assert_eq!(csp.booked(), 4);
    // To the cent, whatever the order.
    let books = hub.books();
    let opening = ["customer:2", "opening"];
    assert!(books.keys().eq(opening), "{books:?}");
    hub.prove();
}

#[tokio::test]
async fn what_nobody_knows_is_flagged_and_settled_by_staff() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::No(500, "system-error"); 12]);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    processing(&hub.a.charge(&purchase("b", P1)).await);
    for attempts in 2..=6 {
        hub.bx.advance(180).await;
        let held = open(&hub.bx).await;
        assert_eq!(held[0]["attempts"], attempts);
        assert_eq!(held[0]["flagged"], false, "{held}");
    }
    // The last one has its time too: a stop in it would else leave nobody to say that it is given
    // up.
    hub.bx.advance(179).await;
    assert_eq!(open(&hub.bx).await[0]["flagged"], false);
    hub.bx.advance(1).await;
    let held = open(&hub.bx).await;
    assert_eq!(held[0]["attempts"], 6);
    assert_eq!(held[0]["flagged"], true, "{held}");
    // Nobody asks any more, however long it takes.
    hub.bx.advance(86_400).await;
    assert_eq!(csp.calls(), 12);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    let held = open(&hub.bx).await;
    assert_eq!(held.as_array().unwrap().len(), 2);
    assert_eq!(held[0]["extTransactionID"], "a");
    assert_eq!(resolve(&hub.bx, &held[0]["id"], "MAYBE").await.status, 400);
    assert_eq!(resolve(&hub.bx, &json!(99), "DENIED").await.status, 404);
    let ended = resolve(&hub.bx, &held[0]["id"], "SUCCEEDED")
        .await
        .expect(200);
    assert_eq!(ended["status"], "SUCCEEDED");
    resolve(&hub.bx, &held[0]["id"], "SUCCEEDED")
        .await
        .expect(200);
    assert_eq!(resolve(&hub.bx, &held[0]["id"], "DENIED").await.status, 409);
    resolve(&hub.bx, &held[1]["id"], "DENIED").await.expect(200);
    refused(
        &hub.a.charge(&purchase("b", P1)).await,
        400,
        "transaction-denied",
    );
    let made = hub.a.charge(&purchase("a", P1)).await.expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    // The last of January when it was begun, the first of February when it ended.
    assert_eq!(made["completedDate"], "2026-02-01T10:18:00Z");
    assert_eq!(hub.books()["carrier"], -999);
    assert_eq!(open(&hub.bx).await, json!([]));
    let path = hub.bx.url("/console/api/partners/NFLX/transactions");
    assert_eq!(staff(&hub.bx).await.get(path).await.status, 400);
    hub.prove();
}

#[tokio::test]
async fn a_clock_that_moves_far_asks_at_each_instant() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::No(500, "x"), Mood::No(500, "x"), Mood::Loses]);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    hub.bx.advance(86_400).await;
    assert_eq!((csp.calls(), csp.booked()), (4, 1));
    let made = hub.a.charge(&purchase("a", P1)).await.expect(200);
    assert_eq!(made["completedDate"], "2026-01-31T10:09:00Z");
    hub.prove();
}

#[tokio::test]
async fn a_partner_that_hangs_up_is_charged_all_the_same() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::Late]);
    let partner = hub.a.clone();
    let asked = tokio::spawn(async move { partner.charge(&purchase("a", P1)).await });
    csp.was_called(1).await;
    asked.abort();
    let shown = until("an end", async || {
        let shown = hub.a.get("/transaction/a").await.expect(200);
        (shown["status"] != "PROCESSING").then_some(shown)
    })
    .await;
    assert_eq!(shown["status"], "SUCCEEDED");
    assert_eq!((csp.calls(), csp.booked()), (1, 1));
    hub.prove();
}

/// Cut off while the carrier is asked: what it did comes to light after the next start,
/// charged once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_dies_in_the_middle_charges_once() {
    for mood in [Mood::Hangs, Mood::Loses] {
        let csp = Csp::default();
        let url = csp.listen().await;
        let folder = tempfile::tempdir().unwrap();
        let settings = |url: String, timeout_ms: u32| {
            move |config: &mut boxoffice::config::Config| {
                config.carrier.url = url.into();
                config.carrier.timeout_ms = timeout_ms;
            }
        };
        csp.next(&[mood]);
        let (path, there) = (folder.path().to_owned(), settings(url.clone(), 60_000));
        let watched = csp.clone();
        // A process of its own, as far as tasks go: all of them end where they stand.
        let dying = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let bx = TestBox::in_folder(&path, 1, there).await;
                bx.apply(fixture()).await;
                let partner = Partner::of(&bx, "key-a");
                tokio::spawn(async move { partner.charge(&purchase("a", P1)).await });
                watched.was_called(1).await;
                drop(bx);
            });
            runtime.shutdown_timeout(Duration::from_secs(5));
        });
        dying.await.unwrap();

        let bx = TestBox::in_folder(folder.path(), 2, settings(url, 300)).await;
        let partner = Partner::of(&bx, "key-a");
        processing(&partner.charge(&purchase("a", P1)).await);
        assert_eq!(csp.calls(), 1);
        bx.advance(180).await;
        let made = partner.charge(&purchase("a", P1)).await.expect(200);
        assert_eq!(made["status"], "SUCCEEDED");
        assert_eq!((csp.calls(), csp.booked()), (2, 1), "{mood:?}");
        let ctx = boxoffice::app::Ctx::system(bx.app());
        let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    }
}

/// What was charged to an account here is given back here,
/// also when a carrier has been set up since.
#[tokio::test]
async fn money_goes_back_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let bx = TestBox::in_folder(folder.path(), 1, |_| {}).await;
    bx.apply(fixture()).await;
    let partner = Partner::of(&bx, "key-a");
    partner.charge(&purchase("a", P1)).await.expect(200);
    drop(partner);
    bx.stop().await;

    let csp = Csp::default();
    let url = csp.listen().await;
    let with = url.clone();
    let bx = TestBox::in_folder(folder.path(), 2, move |config| {
        config.carrier.url = with.into();
    })
    .await;
    let partner = Partner::of(&bx, "key-a");
    let refund = partner.charge(&back("r", "a", "9.99")).await.expect(200);
    assert_eq!(refund["status"], "SUCCEEDED");
    assert_eq!(csp.calls(), 0);
    partner.charge(&purchase("b", P1)).await.expect(200);
    csp.next(&[Mood::No(500, "x")]);
    partner.charge(&purchase("c", P1)).await.expect(200);
    drop(partner);
    bx.stop().await;

    // Without it nothing of it can be given back, and nothing that is open is decided.
    let bx = TestBox::in_folder(folder.path(), 3, |_| {}).await;
    let partner = Partner::of(&bx, "key-a");
    refused(
        &partner.charge(&back("s", "b", "9.99")).await,
        503,
        "service-unavailable",
    );
    bx.advance(86_400).await;
    let held = open(&bx).await;
    assert_eq!(held[0]["attempts"], 1);
    resolve(&bx, &held[0]["id"], "SUCCEEDED").await.expect(200);
    let ctx = boxoffice::app::Ctx::system(bx.app());
    let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// Another carrier would charge once more what the first one may have charged.
#[tokio::test]
async fn another_carrier_is_not_asked_for_what_the_first_one_has() {
    let (one, other) = (Csp::default(), Csp::default());
    let (first, second) = (one.listen().await, other.listen().await);
    let folder = tempfile::tempdir().unwrap();
    let at = |url: &str, former: &str| {
        let (url, former) = (url.to_owned(), former.to_owned());
        move |config: &mut boxoffice::config::Config| {
            config.carrier.url = url.into();
            config.carrier.former_urls = former.into();
            config.carrier.timeout_ms = 300;
        }
    };
    let bx = TestBox::in_folder(folder.path(), 1, at(&first, "")).await;
    bx.apply(fixture()).await;
    let partner = Partner::of(&bx, "key-a");
    partner.charge(&purchase("a", P1)).await.expect(200);
    one.next(&[Mood::Loses]);
    processing(&partner.charge(&purchase("b", P1)).await);
    drop(partner);
    bx.stop().await;

    let bx = TestBox::in_folder(folder.path(), 2, at(&second, "")).await;
    let partner = Partner::of(&bx, "key-a");
    bx.advance(180).await;
    assert_eq!(other.calls(), 0);
    let held = open(&bx).await;
    assert_eq!(
        (&held[0]["flagged"], &held[0]["attempts"]),
        (&json!(true), &json!(1))
    );
    processing(&partner.charge(&purchase("b", P1)).await);
    refused(
        &partner.charge(&back("r", "a", "9.99")).await,
        503,
        "service-unavailable",
    );
    assert_eq!(other.calls(), 0);
    resolve(&bx, &held[0]["id"], "SUCCEEDED").await.expect(200);
    partner.charge(&purchase("c", P1)).await.expect(200);
    assert_eq!((one.booked(), other.booked()), (2, 1));
    drop(partner);
    bx.stop().await;

    // The same one under another address has it all.
    let both = format!("{first} {second}");
    let moved = one.listen().await;
    let bx = TestBox::in_folder(folder.path(), 3, at(&moved, &both)).await;
    let partner = Partner::of(&bx, "key-a");
    let refund = partner.charge(&back("r", "a", "9.99")).await.expect(200);
    assert_eq!(refund["status"], "SUCCEEDED");
    assert_eq!(one.booked(), 3);
    // How the account was named is kept only as long as it has to be, and in no log.
    let audit: Vec<boxoffice::domain::event::Audit> =
        boxoffice::store::Read::all(&bx.app().store.read().unwrap()).unwrap();
    assert!(audit.iter().any(|line| line.action == "partner.give_up"));
    assert!(!format!("{audit:?}").contains(P1.trim_start_matches('+')));
    let ctx = boxoffice::app::Ctx::system(bx.app());
    let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// What the carrier says is kept, also if whoever asked again is stopped meanwhile.
#[tokio::test]
async fn an_answer_is_kept_whoever_waits_for_it() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::No(500, "system-error"), Mood::Late]);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    let system = boxoffice::app::Ctx::system(hub.bx.app());
    let ctx = boxoffice::app::Ctx {
        now: system.now.saturating_add_seconds(180),
        ..system
    };
    let asking = tokio::spawn(async move {
        let _ = boxoffice::ops::partners::carrier_calls::work(&ctx).await;
    });
    csp.was_called(2).await;
    asking.abort();
    until("what the carrier said", async || {
        let shown = hub.a.get("/transaction/a").await.expect(200);
        (shown["status"] == "SUCCEEDED").then_some(())
    })
    .await;
    assert_eq!((csp.calls(), csp.booked()), (2, 1));
}

/// Where packets are dropped there is no connection, so nothing was sent.
#[tokio::test]
async fn a_carrier_that_drops_packets_is_not_reached() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let deaf = socket.listen(1).unwrap();
    let address = deaf.local_addr().unwrap();
    // As many connections as it holds without taking one; further ones get no answer at all.
    let mut held = Vec::new();
    for _ in 0..8 {
        let connecting = TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(300), connecting).await {
            Ok(connected) => held.push(connected.unwrap()),
            Err(_) => break,
        }
    }
    assert!(held.len() < 8, "nothing is dropped");
    let hub = hub_at(format!("http://{address}/v1")).await;
    let answer = hub.a.charge(&purchase("a", P1)).await;
    refused(&answer, 503, "service-unavailable");
    assert_eq!(hub.a.get("/transaction/a").await.status, 404);
    assert_eq!(open(&hub.bx).await, json!([]));
}

/// Others hear too that what they heard of is taken back.
#[tokio::test]
async fn what_is_taken_back_is_told_as_deleted() {
    use crate::support::ear::Ear;
    use crate::webhooks::{Hook, lines};
    let csp = Csp::default();
    let hub = hub(&csp).await;
    let ear = Ear::open().await;
    let wanted = json!({"events": ["partner_transaction.*"]});
    let hook = Hook::add(&hub.bx, &ear, wanted).await;
    csp.next(&[Mood::No(429, "too-many-requests")]);
    let answer = hub.a.charge(&purchase("a", P1)).await;
    refused(&answer, 503, "service-unavailable");
    hub.bx.advance(0).await;
    let heard = ear.wait_for(2).await;
    let told = [
        "partner_transaction.created 1",
        "partner_transaction.deleted 1",
    ];
    assert_eq!(lines(&heard, &hook), told);
    assert_eq!(heard[1].json()["data"]["partner"], "NFLX");
    hub.prove();
}

/// A month that is closed while the carrier thinks is not changed by what it says then.
#[tokio::test]
async fn what_is_processing_holds_no_month_up() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::No(500, "x"); 6]);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    hub.bx.advance(86_400).await;
    let staff = staff(&hub.bx).await;
    let url = hub.bx.url("/console/api/partners/NFLX/settlement/close");
    let january = staff
        .post(url, json!({"month": "2026-01"}))
        .await
        .expect(201);
    assert_eq!(january["sums"], json!([]));
    let held = open(&hub.bx).await;
    resolve(&hub.bx, &held[0]["id"], "SUCCEEDED")
        .await
        .expect(200);
    let url = hub
        .bx
        .url("/console/api/partners/NFLX/settlement?month=2026-02");
    let february = staff.get(url).await.expect(200);
    assert_eq!(february["sums"][0]["charges"], 1);
    hub.prove();
}

/// A PIN is used up by a charge that may have been made, and good again if none was.
#[tokio::test]
async fn a_pin_is_used_up_by_what_is_charged() {
    let (csp, gateway) = (Csp::default(), Gateway::open().await);
    let url = csp.listen().await;
    let hub = pins::open_with(&gateway, "every-charge", |config| {
        config.carrier.url = url.into();
        config.carrier.timeout_ms = 300;
    })
    .await;
    let pin = pins::asked_for(&hub, &gateway, P1).await;
    let with = |id: &str| merged(purchase(id, P1), json!({ "pin": pin }));
    // Not reached, or denied: it may be told once more.
    csp.next(&[
        Mood::No(429, "too-many-requests"),
        Mood::No(400, "insufficient-funds"),
        Mood::No(500, "system-error"),
    ]);
    refused(&hub.a.charge(&with("a")).await, 503, "service-unavailable");
    refused(&hub.a.charge(&with("a")).await, 400, "insufficient-funds");
    processing(&hub.a.charge(&with("b")).await);
    refused(&hub.a.charge(&with("c")).await, 400, "pin-expired");
    refused(&hub.a.charge(&purchase("c", P1)).await, 400, "pin-required");
    hub.bx.advance(180).await;
    let made = hub.a.charge(&with("b")).await.expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    refused(&hub.a.charge(&purchase("c", P1)).await, 400, "pin-required");
    assert_eq!((csp.calls(), csp.booked()), (4, 1));
    hub.prove();
}

#[derive(Debug, Clone)]
struct Step {
    mood: Mood,
    cents: i64,
    /// Gives back a part of one that was made before.
    of: Option<usize>,
    seconds: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let mood = prop_oneof![
        4 => Just(Mood::Good),
        1 => Just(Mood::Slow),
        1 => Just(Mood::Closes),
        1 => Just(Mood::No(500, "system-error")),
        1 => Just(Mood::No(429, "too-many-requests")),
        1 => Just(Mood::No(400, "insufficient-funds")),
        1 => Just(Mood::No(400, "invalid-request")),
    ];
    let step = (
        mood,
        1..5_000i64,
        prop_oneof![2 => Just(None), 1 => (0..20usize).prop_map(Some)],
        prop_oneof![3 => Just(0i64), 1 => 1..400i64],
    );
    let step = step.prop_map(|(mood, cents, of, seconds)| Step {
        mood,
        cents,
        of,
        seconds,
    });
    proptest::collection::vec(step, 1..40)
}

/// However the carrier behaves: in the end its books and ours say the same.
async fn live(steps: &[Step]) {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    let mut ids = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        hub.bx.advance(step.seconds).await;
        csp.next(&[step.mood]);
        let amount = format!("{}.{:02}", step.cents / 100, step.cents % 100);
        let id = format!("t{number}");
        let body = match step.of {
            Some(of) => back(&id, &format!("t{of}"), &amount),
            None => merged(purchase(&id, P1), json!({ "amount": amount })),
        };
        let answer = hub.a.charge(&body).await;
        assert!(
            matches!(answer.status, 200 | 400 | 404 | 503),
            "{}",
            answer.told()
        );
        ids.push(id);
    }
    csp.ledger().moods.clear();
    hub.bx.advance(86_400).await;
    assert_eq!(open(&hub.bx).await, json!([]));
    let (mut succeeded, mut sum) = (0, 0i64);
    for id in ids {
        let shown = hub.a.get(&format!("/transaction/{id}")).await;
        if shown.status == 404 {
            continue;
        }
        let shown = shown.expect(200);
        let name = shown["transactionID"].as_str().unwrap();
        let there = csp.ledger().booked.get(name).cloned();
        assert_eq!(shown["status"] == "SUCCEEDED", there.is_some(), "{shown}");
        if let Some(there) = there {
            assert_eq!(there["amount"], shown["amount"]);
            let sign = if shown["transactionType"] == "REFUND" {
                1
            } else {
                -1
            };
            let cents = shown["amount"].as_f64().unwrap() * 100.0;
            sum += sign * format!("{cents:.0}").parse::<i64>().unwrap();
            succeeded += 1;
        }
    }
    assert_eq!(succeeded, csp.booked());
    assert_eq!(hub.held("carrier", "USD"), sum);
    hub.prove();
}

#[test]
fn fuzz_whatever_the_carrier_does_both_books_agree() {
    let mut config = Runner::default();
    // A box for each case.
    config.cases = config.cases.min(60) / 4;
    config.failure_persistence = None;
    let mut runner = TestRunner::new(config);
    let tried = runner.run(&steps(), |steps| {
        run(live(&steps));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}
