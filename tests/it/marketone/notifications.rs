//! Notifications (§2.6): what is said, by which way, to whom, and how often.

use serde_json::{Value, json};

use super::pins::{open, received};
use super::{Hub, P1, P2, P3, P4, P5, Partner, purchase, refused};
use crate::alphaott::given::merged;
use crate::support::Answer;
use crate::support::fixture::a_hub;
use crate::support::gateway::{Gateway, Turn};
use crate::support::post::Post;

impl Partner {
    async fn notify(&self, account: &str, more: Value) -> Answer {
        let body = merged(json!({"accountIdentifier": account}), more);
        self.post("/notification", &body).await
    }
}

/// The texts of the short messages that were sent.
async fn texts(hub: &Hub, gateway: &Gateway) -> Vec<String> {
    hub.bx.advance(0).await;
    let heard = gateway.collect().into_iter();
    let texts = heard.map(|heard| {
        let sent: Value = serde_json::from_str(&heard.body).expect("JSON");
        sent["text"].as_str().expect("a text").to_owned()
    });
    texts.collect()
}

/// X40: the whole journey of §4.1. "One charge, one settlement line, two customer messages".
#[tokio::test]
async fn a_whole_purchase() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "every-charge").await;
    hub.a.validate(P1).await.expect(200);
    let pin = hub.a.pin(P1).await.expect(200);
    let by_name = json!({"notificationType": "PIN", "pinID": pin["pinID"]});
    hub.a.notify(P1, by_name).await.expect(200);
    let digits = received(&hub, &gateway).await;
    hub.a.tell(P1, &digits).await.expect(200);
    let done = hub.a.charge(&purchase("one", P1)).await;
    assert_eq!(done.status, 200, "{}", done.told());
    let told = json!({"notificationType": "PURCHASE", "extTransactionID": "one"});
    hub.a.notify(P1, told).await.expect(200);
    let texts = texts(&hub, &gateway).await;
    assert_eq!(
        texts,
        ["Example TV: you bought Monthly plan from A for 9.99 USD."]
    );
    assert_eq!(hub.a.charge(&purchase("one", P1)).await.text, done.text);
    assert_eq!(hub.books()["customer:1"], -999);
    hub.prove();
}

#[tokio::test]
async fn charges_and_refunds_are_told_as_what_they_are() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    hub.a.charge(&purchase("one", P1)).await.expect(200);
    let refund = json!({"extTransactionID": "r", "transactionType": "REFUND",
        "originalExtTransactionID": "one", "accountIdentifier": P1, "amount": 4,
        "currency": "USD", "description": "Sorry", "productCode": "NFLX-STD"});
    hub.a.charge(&refund).await.expect(200);
    let told = |kind: &str, id: &str| json!({"notificationType": kind, "extTransactionID": id});
    hub.a.notify(P1, told("CHARGE", "one")).await.expect(200);
    hub.a.notify(P1, told("REFUND", "r")).await.expect(200);
    let mut said = texts(&hub, &gateway).await;
    said.sort();
    assert_eq!(
        said,
        [
            "Example TV: A charged 9.99 USD for Monthly plan.",
            "Example TV: A gave back 4.00 USD for Sorry.",
        ]
    );
    for (account, more, status, code) in [
        (P1, told("REFUND", "one"), 404, "transaction-not-found"),
        (P1, told("CHARGE", "r"), 404, "transaction-not-found"),
        (P1, told("CHARGE", "none"), 404, "transaction-not-found"),
        // Somebody else's account.
        (P2, told("CHARGE", "one"), 404, "transaction-not-found"),
        (P3, told("CHARGE", "one"), 404, "account-not-found"),
        (
            P1,
            json!({"notificationType": "CHARGE"}),
            400,
            "invalid-request",
        ),
        (
            P1,
            json!({"notificationType": "SPAM"}),
            400,
            "invalid-request",
        ),
        (P1, json!({}), 400, "invalid-request"),
        (
            P1,
            json!({"notificationType": "GENERAL"}),
            400,
            "invalid-request",
        ),
        (
            P1,
            json!({"notificationType": "GENERAL", "message": "x".repeat(161)}),
            400,
            "invalid-request",
        ),
        (
            P1,
            json!({"notificationType": "GENERAL", "message": "x", "channel": "FAX"}),
            400,
            "invalid-request",
        ),
        (
            P1,
            json!({"notificationType": "PIN", "message": "hello"}),
            400,
            "invalid-request",
        ),
        (
            P1,
            json!({"notificationType": "PIN", "message": "{{pin}} {{pin}}"}),
            400,
            "invalid-request",
        ),
        (P1, json!({"notificationType": "PIN"}), 404, "pin-not-found"),
    ] {
        refused(&hub.a.notify(account, more).await, status, code);
    }
    // Another partner's transaction is none.
    refused(
        &hub.b.notify(P1, told("CHARGE", "one")).await,
        404,
        "transaction-not-found",
    );
    // Of what was refused nobody is told that it was charged.
    let much = merged(purchase("much", P2), json!({"amount": 9}));
    refused(&hub.a.charge(&much).await, 400, "insufficient-funds");
    refused(
        &hub.a.notify(P2, told("CHARGE", "much")).await,
        400,
        "notification-not-allowed",
    );
    assert!(texts(&hub, &gateway).await.is_empty());
}

#[tokio::test]
async fn a_partner_may_bring_its_own_words() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    hub.a.pin(P1).await.expect(200);
    let own =
        json!({"notificationType": "PIN", "message": "Use {{pin}} at {{ 7 * 7 }} {% if x %}"});
    hub.a.notify(P1, own).await.expect(200);
    let said = texts(&hub, &gateway).await;
    let (pin, rest) = said[0]["Use ".len()..].split_at(6);
    assert!(pin.bytes().all(|b| b.is_ascii_digit()), "{said:?}");
    // A partner's words are no program.
    assert_eq!(rest, " at {{ 7 * 7 }} {% if x %}");
    hub.a.charge(&purchase("one", P1)).await.expect(200);
    let own = json!({"notificationType": "CHARGE", "extTransactionID": "one",
        "message": "{{amount}}: {{description}}"});
    hub.a.notify(P1, own).await.expect(200);
    assert_eq!(texts(&hub, &gateway).await, ["9.99 USD: Monthly plan"]);
    // A wish that is no language is none.
    let own = json!({"notificationType": "GENERAL", "message": "Hi", "locale": "en_US.UTF-8"});
    hub.a.notify(P1, own).await.expect(200);
    assert_eq!(texts(&hub, &gateway).await, ["Hi"]);
    // What is switched off, or fits no short message, is not accepted.
    let owner = hub.bx.client_of("owner").await;
    let url = hub.bx.url("/console/api/templates/PIN/en");
    owner.put(url, json!({"sms": ""})).await.expect(200);
    refused(&hub.a.send_pin(P1).await, 400, "notification-not-allowed");
}

/// §6.17: only accounts that the partner validated within a day or charged before.
#[tokio::test]
async fn strangers_are_not_written_to() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    let hello = || json!({"notificationType": "GENERAL", "message": "Hello"});
    refused(&hub.a.notify(P1, hello()).await, 403, "permission-denied");
    hub.a.validate(P1).await.expect(200);
    hub.a.notify(P1, hello()).await.expect(200);
    // By mail address it is the same account, for another partner it is not known.
    hub.a.notify("user@example.com", hello()).await.expect(200);
    refused(&hub.b.notify(P1, hello()).await, 403, "permission-denied");
    hub.bx.advance(86_400).await;
    refused(&hub.a.notify(P1, hello()).await, 403, "permission-denied");
    hub.a.charge(&purchase("one", P1)).await.expect(200);
    hub.bx.advance(86_400 * 40).await;
    hub.a.notify(P1, hello()).await.expect(200);
    // Who is suspended cannot be got to know that way.
    refused(&hub.a.validate(P4).await, 400, "suspended-non-payment");
    refused(&hub.a.notify(P4, hello()).await, 403, "permission-denied");
    let hub = a_hub()
        .set(|config| {
            config.sms.url = format!("{}/send", gateway.url).into();
            config.marketone.notify_known_only = false;
        })
        .await;
    hub.a.notify(P5, hello()).await.expect(200);
}

/// `extNotificationID` "makes repeats harmless".
#[tokio::test]
async fn a_repeat_under_an_id_is_sent_once() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    hub.a.validate(P1).await.expect(200);
    let hello = |id: &str, text: &str| {
        json!({
            "notificationType": "GENERAL", "message": text, "extNotificationID": id,
        })
    };
    let copies = (0..20).map(|_| {
        let (partner, body) = (hub.a.clone(), hello("n1", "Hello"));
        tokio::spawn(async move { partner.notify(P1, body).await.text })
    });
    let mut answers = Vec::new();
    for copy in copies.collect::<Vec<_>>() {
        answers.push(copy.await.expect("an answer"));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(texts(&hub, &gateway).await, ["Hello"]);
    refused(
        &hub.a.notify(P1, hello("n1", "Other")).await,
        409,
        "duplicate-notification",
    );
    // Without an id it is sent again.
    let plain = json!({"notificationType": "GENERAL", "message": "Hello"});
    hub.a.notify(P1, plain.clone()).await.expect(200);
    hub.a.notify(P1, plain.clone()).await.expect(200);
    assert_eq!(texts(&hub, &gateway).await.len(), 2);
    // Twenty in a quarter of an hour are enough.
    for _ in 3..20 {
        hub.a.notify(P1, plain.clone()).await.expect(200);
    }
    let more = hub.a.notify(P1, plain.clone()).await;
    assert_eq!(more.headers["retry-after"], "900");
    refused(&more, 429, "too-many-requests");
    hub.bx.advance(900).await;
    hub.a.notify(P1, plain).await.expect(200);
}

#[tokio::test]
async fn the_way_is_the_one_that_there_is() {
    let (gateway, post) = (Gateway::open().await, Post::open().await);
    let hub = a_hub()
        .set(|config| {
            config.sms.url = format!("{}/send", gateway.url).into();
            config.smtp.url = (&post.url).into();
            config.marketone.notify_known_only = false;
        })
        .await;
    let hello = |more: Value| {
        merged(
            json!({"notificationType": "GENERAL", "message": "Hello"}),
            more,
        )
    };
    // The address that was named, and the wish before it.
    hub.a.notify(P1, hello(json!({}))).await.expect(200);
    hub.a
        .notify("user@example.com", hello(json!({})))
        .await
        .expect(200);
    hub.a
        .notify(P1, hello(json!({"channel": "EMAIL"})))
        .await
        .expect(200);
    // A wish that cannot be met is none.
    hub.a
        .notify(P2, hello(json!({"channel": "EMAIL"})))
        .await
        .expect(200);
    hub.bx.advance(0).await;
    assert_eq!(gateway.collect().len(), 2);
    let mails = post.collect();
    assert_eq!(mails.len(), 2);
    assert!(
        mails[0].contains("Subject: A message from A") && mails[0].contains("A writes:"),
        "{}",
        mails[0]
    );
    // Without a gateway only those with a mail address can be told anything.
    let hub = a_hub()
        .set(|config| {
            config.smtp.url = (&post.url).into();
            config.marketone.notify_known_only = false;
        })
        .await;
    hub.a
        .notify(P1, hello(json!({"channel": "SMS"})))
        .await
        .expect(200);
    refused(
        &hub.a.notify(P2, hello(json!({}))).await,
        400,
        "notification-not-allowed",
    );
    let hub = a_hub()
        .set(|config| config.marketone.notify_known_only = false)
        .await;
    refused(
        &hub.a.notify(P1, hello(json!({}))).await,
        400,
        "notification-not-allowed",
    );
}

/// Tried again until it is taken, each time under the same name; what will never be taken is dead,
/// what is no longer needed is dropped.
#[tokio::test]
async fn what_is_not_taken_is_tried_again() {
    let gateway = Gateway::open().await;
    let hub = open(&gateway, "off").await;
    let states = async || {
        let api = hub.bx.api();
        let messages = api
            .get(hub.bx.url("/console/api/messages"))
            .await
            .expect(200);
        let messages = messages.as_array().expect("a list").clone();
        let word = |of: &Value| {
            format!("{} {} {}", of["about"], of["state"], of["attempts"]).replace('"', "")
        };
        messages.iter().rev().map(word).collect::<Vec<_>>()
    };
    gateway.next(&[Turn::Answer(500, ""), Turn::Swallow, Turn::Answer(429, "")]);
    hub.a.pin(P1).await.expect(200);
    hub.a.send_pin(P1).await.expect(200);
    hub.bx.advance(0).await;
    assert_eq!(states().await, ["PIN WAITING 1"]);
    hub.bx.advance(60).await;
    assert_eq!(states().await, ["PIN WAITING 2"]);
    let tries = gateway.collect();
    assert_eq!(tries.len(), 2);
    let name = |of: &crate::support::gateway::Heard| {
        let line = of
            .headers
            .lines()
            .find(|line| line.starts_with("idempotency-key: "));
        line.expect("a name").to_owned()
    };
    assert_eq!(name(&tries[0]), name(&tries[1]));
    // By the time of the fourth try the PIN is no longer good.
    hub.bx.advance(300).await;
    assert_eq!(states().await, ["PIN DROPPED 3"]);
    assert!(gateway.collect().is_empty());
    // A gateway that refuses this message refuses it for good, until somebody says otherwise.
    gateway.turns.lock().unwrap().clear();
    gateway.next(&[Turn::Answer(400, "no such number")]);
    hub.a.pin(P1).await.expect(200);
    hub.a.send_pin(P1).await.expect(200);
    hub.bx.advance(0).await;
    assert_eq!(states().await[1], "PIN DEAD 1");
    let api = hub.bx.api();
    let again = hub.bx.url("/console/api/messages/2/retry");
    api.post(again, json!({})).await.expect(200);
    hub.bx.advance(0).await;
    assert_eq!(states().await[1], "PIN SENT 2");
    assert_eq!(gateway.collect().len(), 2);
}
