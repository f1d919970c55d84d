//! One-time PINs (§2.4, §2.5, §4.2), sent through a real gateway:
//! the only place where they can be read.

use boxoffice::config::Config;
use serde_json::{Value, json};

use super::{Hub, P1, P2, P3, P4, Partner, purchase, refused};
use crate::alphaott::given::merged;
use crate::support::Answer;
use crate::support::fixture::{a_box, a_hub};
use crate::support::gateway::Gateway;

/// A box that can send short messages, with PINs agreed as `policy` says for partner A.
pub async fn open(gateway: &Gateway, policy: &str) -> Hub {
    open_with(gateway, policy, |_| {}).await
}

pub async fn open_with(
    gateway: &Gateway,
    policy: &str,
    more: impl FnOnce(&mut Config) + Send,
) -> Hub {
    let hub = a_hub()
        .set(|config| {
            config.sms.url = format!("{}/send", gateway.url).into();
            more(config);
        })
        .await;
    let partner = json!({"key": "NFLX", "name": "A",
        "products": [{"code": "NFLX-STD", "title": "Monthly"}],
        "currencies": ["USD", "JPY"], "refunds": true, "per_charge_limit": "50.00", "share": "70",
        "pin_policy": policy});
    hub.bx.apply(json!({"partners": [partner]})).await;
    hub
}

impl Partner {
    pub async fn pin(&self, account: &str) -> Answer {
        let body = json!({"accountIdentifier": account});
        self.post("/pin", &body).await
    }

    pub async fn tell(&self, account: &str, pin: &str) -> Answer {
        let body = json!({"accountIdentifier": account, "pin": pin});
        self.post("/pin/validate", &body).await
    }

    pub async fn send_pin(&self, account: &str) -> Answer {
        let body = json!({"accountIdentifier": account, "notificationType": "PIN"});
        self.post("/notification", &body).await
    }
}

/// The PIN of the one message that was sent.
pub async fn received(hub: &Hub, gateway: &Gateway) -> String {
    hub.bx.advance(0).await;
    let heard = gateway.collect();
    assert_eq!(heard.len(), 1, "{heard:?}");
    let sent: Value = serde_json::from_str(&heard[0].body).expect("JSON");
    let text = sent["text"].as_str().expect("a text");
    let pin = text.split(' ').next().expect("a word");
    assert!(
        pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit()),
        "{text}"
    );
    pin.to_owned()
}

/// A PIN on its way to its owner, as the customer reads it.
pub async fn asked_for(hub: &Hub, gateway: &Gateway, account: &str) -> String {
    hub.a.pin(account).await.expect(200);
    hub.a.send_pin(account).await.expect(200);
    received(hub, gateway).await
}

/// Another PIN than this one.
fn wrong(pin: &str) -> String {
    let number: u32 = pin.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

/// X8, X12, X14, X18: made, sent once, told once.
#[tokio::test]
async fn a_pin_is_made_sent_and_good_once() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    let made = hub.a.pin(P1).await;
    let headers = format!("{:?}", made.headers);
    let body = made.expect(200);
    assert_eq!(body["expiresIn"], 300);
    assert_eq!(body["length"], 6);
    assert_eq!(body["pinID"].as_str().expect("an id").len(), 36);
    assert_eq!(body.as_object().expect("an object").len(), 3);
    // Making is not sending.
    hub.bx.advance(0).await;
    assert!(gateway.collect().is_empty());
    let accepted = hub.a.send_pin(P1).await.expect(200);
    assert_eq!(accepted["status"], "ACCEPTED");
    assert!(accepted["notificationID"].is_string());
    hub.bx.advance(0).await;
    let heard = gateway.collect();
    assert_eq!(heard.len(), 1);
    let sent: Value = serde_json::from_str(&heard[0].body).expect("JSON");
    assert_eq!(sent["to"], P1);
    let text = sent["text"].as_str().expect("a text");
    assert!(
        text.ends_with("is your PIN for A. It is good for 5 minutes. Tell it to nobody."),
        "{text}"
    );
    let pin = text[..6].to_owned();
    assert!(!headers.contains(&pin) && !body.to_string().contains(&pin));
    assert_eq!(hub.a.tell(P1, &pin).await.text, "{\"status\":\"VALID\"}");
    refused(&hub.a.tell(P1, &pin).await, 400, "pin-expired");
    hub.prove();
}

/// X16: three tries, then never, not even the right one.
#[tokio::test]
async fn three_wrong_tries_burn_it() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    let pin = asked_for(&hub, &gateway, P1).await;
    refused(&hub.a.tell(P1, &wrong(&pin)).await, 400, "pin-invalid");
    // What is no PIN is no try.
    for other in [
        json!(123_456),
        json!("12"),
        json!("12345a"),
        json!("12345678901"),
        json!(null),
    ] {
        let body = json!({"accountIdentifier": P1, "pin": other});
        refused(
            &hub.a.post("/pin/validate", &body).await,
            400,
            "invalid-request",
        );
    }
    refused(&hub.a.tell(P1, &wrong(&pin)).await, 400, "pin-invalid");
    refused(
        &hub.a.tell(P1, &wrong(&pin)).await,
        400,
        "pin-attempts-exceeded",
    );
    refused(&hub.a.tell(P1, &pin).await, 400, "pin-attempts-exceeded");
    refused(&hub.a.send_pin(P1).await, 400, "pin-expired");
    // The next one is good.
    hub.bx.advance(30).await;
    let pin = asked_for(&hub, &gateway, P1).await;
    hub.a.tell(P1, &pin).await.expect(200);
}

/// "PIN guessing at full speed gets three tries."
#[tokio::test]
async fn a_thousand_guesses_at_once_are_three_tries() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "every-charge").await;
    let pin = asked_for(&hub, &gateway, P1).await;
    let guesses = (1..300u32).map(|step| {
        let number: u32 = pin.parse().expect("digits");
        let guess = format!("{:06}", (number + step) % 1_000_000);
        let partner = hub.a.clone();
        tokio::spawn(async move {
            let answer = if step % 2 == 0 {
                partner.tell(P1, &guess).await
            } else {
                let pin = json!({ "pin": guess });
                partner
                    .charge(&merged(purchase(&format!("g{step}"), P1), pin))
                    .await
            };
            assert_eq!(answer.status, 400, "{}", answer.told());
            answer.json()["code"].as_str().expect("a code").to_owned()
        })
    });
    let mut tries = 0;
    for guess in guesses.collect::<Vec<_>>() {
        match guess.await.expect("an answer").as_str() {
            "pin-invalid" => tries += 1,
            code => assert_eq!(code, "pin-attempts-exceeded"),
        }
    }
    assert_eq!(tries, 2, "the third wrong one burns it");
    refused(&hub.a.tell(P1, &pin).await, 400, "pin-attempts-exceeded");
    assert!(!hub.books().contains_key("customer:1"));
}

#[tokio::test]
async fn a_pin_ends_with_its_time_and_with_the_next_one() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    let old = asked_for(&hub, &gateway, P1).await;
    hub.bx.advance(30).await;
    let new = asked_for(&hub, &gateway, P1).await;
    if old != new {
        refused(&hub.a.tell(P1, &old).await, 400, "pin-invalid");
    }
    hub.bx.advance(299).await;
    hub.a.tell(P1, &new).await.expect(200);
    let late = asked_for(&hub, &gateway, P1).await;
    hub.bx.advance(300).await;
    refused(&hub.a.tell(P1, &late).await, 400, "pin-expired");
    // One that is named is asked for by its name, also when another one is newer.
    let first = hub.a.pin(P1).await.expect(200);
    hub.bx.advance(30).await;
    let second = hub.a.pin(P1).await.expect(200);
    let named = |id: &Value| json!({"pinID": id, "pin": "000000"});
    let answer = hub.a.post("/pin/validate", &named(&first["pinID"])).await;
    refused(&answer, 400, "pin-expired");
    // Somebody else's is none.
    let answer = hub.b.post("/pin/validate", &named(&second["pinID"])).await;
    refused(&answer, 404, "pin-not-found");
    let both = merged(named(&second["pinID"]), json!({"accountIdentifier": P2}));
    refused(
        &hub.a.post("/pin/validate", &both).await,
        404,
        "pin-not-found",
    );
    let unknown = json!({"pinID": "nonsense", "pin": "000000"});
    refused(
        &hub.a.post("/pin/validate", &unknown).await,
        404,
        "pin-not-found",
    );
    refused(&hub.a.tell(P2, "000000").await, 404, "pin-not-found");
    refused(
        &hub.a.post("/pin/validate", &json!({"pin": "000000"})).await,
        400,
        "invalid-request",
    );
}

/// §2.4: "5 in 15 minutes, at least 30 s apart", for each account and partner.
#[tokio::test]
async fn pins_have_limits_of_their_own() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    for wait in ["30", "30", "30", "30", "780"] {
        hub.a.pin(P1).await.expect(200);
        let soon = hub.a.pin(P1).await;
        assert_eq!(soon.headers["retry-after"], wait);
        refused(&soon, 429, "pin-limit-exceeded");
        hub.bx.advance(30).await;
    }
    let much = hub.a.pin(P1).await;
    assert_eq!(much.headers["retry-after"], "750");
    refused(&much, 429, "pin-limit-exceeded");
    // By mail it is the same account; another account and another partner are others.
    refused(
        &hub.a.pin("user@example.com").await,
        429,
        "pin-limit-exceeded",
    );
    hub.a.pin(P2).await.expect(200);
    hub.b.pin(P1).await.expect(200);
    hub.bx.advance(750).await;
    hub.a.pin(P1).await.expect(200);
}

/// X10.
#[tokio::test]
async fn only_accounts_that_may_be_charged_get_one() {
    let hub = a_hub().await;
    refused(&hub.a.pin(P3).await, 404, "account-not-found");
    refused(&hub.a.pin(P4).await, 400, "suspended-non-payment");
    for body in [
        json!({}),
        json!({"accountIdentifier": "0416"}),
        json!({"accountIdentifier": P1, "amount": 5}),
        json!({"accountIdentifier": P1, "amount": 0, "currency": "USD"}),
        json!({"accountIdentifier": P1, "currency": "USD"}),
        json!({"accountIdentifier": P1, "extTransactionID": "a b"}),
    ] {
        refused(&hub.a.post("/pin", &body).await, 400, "invalid-request");
    }
    // X42.
    let put = hub.a.send("PUT", "/pin", None, &[]).await;
    assert_eq!(put.headers["allow"], "POST");
    refused(&put, 405, "method-not-allowed");
    let text = [("content-type", "text/plain")];
    let answer = hub
        .a
        .send("POST", "/pin", Some(b"{}".to_vec()), &text)
        .await;
    refused(&answer, 415, "unsupported-media-type");
}

#[tokio::test]
async fn every_charge_wants_a_pin_of_its_own() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "every-charge").await;
    refused(
        &hub.a.charge(&purchase("one", P1)).await,
        400,
        "pin-required",
    );
    let pin = asked_for(&hub, &gateway, P1).await;
    refused(
        &hub.a.charge(&purchase("one", P1)).await,
        400,
        "pin-required",
    );
    hub.a.tell(P1, &pin).await.expect(200);
    // The mark is good for ten minutes.
    hub.bx.advance(600).await;
    refused(
        &hub.a.charge(&purchase("one", P1)).await,
        400,
        "pin-required",
    );
    let pin = asked_for(&hub, &gateway, P1).await;
    hub.a.tell(P1, &pin).await.expect(200);
    hub.bx.advance(599).await;
    // A charge that is refused leaves it.
    let much = merged(purchase("much", P1), json!({"amount": 50.01}));
    refused(&hub.a.charge(&much).await, 400, "amount-limit-exceeded");
    let first = hub.a.charge(&purchase("one", P1)).await;
    assert_eq!(first.status, 200, "{}", first.told());
    // A repeat needs none; another charge does.
    assert_eq!(hub.a.charge(&purchase("one", P1)).await.text, first.text);
    refused(
        &hub.a.charge(&purchase("two", P1)).await,
        400,
        "pin-required",
    );
    hub.prove();
}

/// X38, and §6.2: the PIN comes with the charge.
#[tokio::test]
async fn a_pin_may_come_with_the_charge() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "every-charge").await;
    let with = |id: &str, pin: &str| merged(purchase(id, P1), json!({ "pin": pin }));
    refused(
        &hub.a.charge(&with("one", "123456")).await,
        404,
        "pin-not-found",
    );
    let pin = asked_for(&hub, &gateway, P1).await;
    refused(
        &hub.a.charge(&with("one", &wrong(&pin))).await,
        400,
        "pin-invalid",
    );
    let done = hub.a.charge(&with("one", &pin)).await;
    assert_eq!(done.status, 200, "{}", done.told());
    assert_eq!(done.json()["status"], "SUCCEEDED");
    // Said again with another PIN, or with none, it is the same charge.
    assert_eq!(hub.a.charge(&with("one", "999999")).await.text, done.text);
    refused(&hub.a.charge(&with("two", &pin)).await, 400, "pin-expired");
    assert_eq!(hub.books()["customer:1"], -999);
    // A PIN that was validated just before may come along once more.
    hub.bx.advance(30).await;
    let pin = asked_for(&hub, &gateway, P1).await;
    hub.a.tell(P1, &pin).await.expect(200);
    hub.a.charge(&with("three", &pin)).await.expect(200);
    // Who needs no PIN and sends a wrong one is refused all the same.
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    let pin = asked_for(&hub, &gateway, P1).await;
    refused(
        &hub.a.charge(&with("one", &wrong(&pin))).await,
        400,
        "pin-invalid",
    );
    hub.a.charge(&with("one", &pin)).await.expect(200);
}

#[tokio::test]
async fn only_the_first_charge_wants_a_pin_if_that_is_agreed() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "first-charge").await;
    // What another partner charged does not count.
    let other = json!({"extTransactionID": "b", "accountIdentifier": P1, "amount": 1,
        "currency": "USD", "description": "D"});
    hub.b.charge(&other).await.expect(200);
    refused(
        &hub.a.charge(&purchase("one", P1)).await,
        400,
        "pin-required",
    );
    let pin = asked_for(&hub, &gateway, P1).await;
    hub.a.tell(P1, &pin).await.expect(200);
    hub.a.charge(&purchase("one", P1)).await.expect(200);
    hub.a.charge(&purchase("two", P1)).await.expect(200);
}

/// §2.4: `extTransactionID` "binds the PIN to one purchase";
/// amount and currency are "shown in the message".
#[tokio::test]
async fn a_pin_may_be_for_one_purchase() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "every-charge").await;
    let body = json!({"accountIdentifier": P1, "extTransactionID": "one", "amount": "9.99",
        "currency": "USD"});
    hub.a.post("/pin", &body).await.expect(200);
    hub.a.send_pin(P1).await.expect(200);
    hub.bx.advance(0).await;
    let sent = gateway.collect().remove(0);
    assert!(sent.body.contains("for A over 9.99 USD."), "{}", sent.body);
    let text: Value = serde_json::from_str(&sent.body).expect("JSON");
    let pin = text["text"].as_str().expect("a text")[..6].to_owned();
    let with = |id: &str| merged(purchase(id, P1), json!({ "pin": pin }));
    refused(&hub.a.charge(&with("two")).await, 404, "pin-not-found");
    hub.a.tell(P1, &pin).await.expect(200);
    refused(
        &hub.a.charge(&purchase("two", P1)).await,
        400,
        "pin-required",
    );
    // The customer agreed to 9.99, not to more.
    let more = merged(purchase("one", P1), json!({"amount": "19.99"}));
    refused(&hub.a.charge(&more).await, 400, "pin-required");
    hub.a.charge(&purchase("one", P1)).await.expect(200);
    let other = json!({"accountIdentifier": P1, "amount": 1, "currency": "EUR"});
    refused(
        &hub.a.post("/pin", &other).await,
        400,
        "parameter-not-supported",
    );
}

/// §6.2: "per-agreement switch 'send on generate'".
#[tokio::test]
async fn a_pin_may_be_sent_as_soon_as_it_is_made() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    let partner = json!({"key": "GOOG", "name": "B", "sends_pin": true});
    hub.bx.apply(json!({"partners": [partner]})).await;
    hub.b.pin(P1).await.expect(200);
    let pin = received(&hub, &gateway).await;
    hub.b.tell(P1, &pin).await.expect(200);
    // Where there is no way to send it, none is made.
    let hub = a_hub().await;
    hub.bx
        .apply(json!({"partners": [{"key": "GOOG", "name": "B", "sends_pin": true}]}))
        .await;
    refused(&hub.b.pin(P1).await, 400, "notification-not-allowed");
}

/// "Never in an answer … or an audit record": nor anywhere in the file.
#[tokio::test]
async fn a_pin_stands_nowhere() {
    let gateway = Gateway::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    let digits = |config: &mut Config| config.marketone.pin_digits = 10;
    let bx = a_box()
        .in_folder(folder.path())
        .seed(3)
        .set(|config| {
            config.sms.url = format!("{}/send", gateway.url).into();
            digits(config);
        })
        .await;
    bx.apply(super::fixture()).await;
    let partner = Partner::of(&bx, "key-a");
    partner.pin(P1).await.expect(200);
    partner.send_pin(P1).await.expect(200);
    bx.advance(0).await;
    let sent: Value = serde_json::from_str(&gateway.collect()[0].body).expect("JSON");
    let pin = sent["text"].as_str().expect("a text")[..10].to_owned();
    refused(
        &partner.tell(P1, &wrong(&pin[..6])).await,
        400,
        "pin-invalid",
    );
    let api = bx.api();
    let messages = api.get(bx.url("/console/api/messages")).await.text;
    assert!(
        messages.contains("\"about\":\"PIN\"") && messages.contains("SENT"),
        "{messages}"
    );
    assert!(!messages.contains(&pin));
    drop((api, partner));
    bx.stop().await;
    let file = std::fs::read(folder.path().join("boxoffice.redb")).expect("the file");
    let found = file.windows(pin.len()).any(|bytes| bytes == pin.as_bytes());
    assert!(!found, "the PIN stands in the file");
    let number: u64 = pin.parse().expect("digits");
    let plain = |bytes: &[u8]| file.windows(8).any(|window| window == bytes);
    assert!(!plain(&number.to_be_bytes()) && !plain(&number.to_le_bytes()));
}

/// A document that says nothing of PINs leaves what was agreed:
/// a charge must not need none because of an older file.
#[tokio::test]
async fn a_document_that_is_silent_changes_no_policy() {
    let hub = open(&Gateway::open().await, "every-charge").await;
    let silent =
        json!({"key": "NFLX", "name": "A", "products": [{"code": "NFLX-STD", "title": "Monthly"}]});
    hub.bx.apply(json!({"partners": [silent]})).await;
    refused(
        &hub.a.charge(&purchase("one", P1)).await,
        400,
        "pin-required",
    );
}
