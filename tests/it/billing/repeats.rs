//! The header `Idempotency-Key`: a repeat answers as the first time and moves nothing, whatever it
//! is that moves.

use serde_json::{Value, json};

use super::{Till, charge};
use crate::alphaott::{given, id_of};
use crate::support::Answer;
use crate::support::fixture::{a_page, a_till};

impl Till {
    /// A POST to the console under this key.
    async fn keyed(&self, key: &str, path: &str, body: &Value) -> Answer {
        let headers = [
            ("Idempotency-Key", key),
            ("Content-Type", "application/json"),
        ];
        let body = Some(body.to_string().into_bytes());
        let api = &self.shop.api;
        api.send("POST", self.console(path), body, &headers).await
    }

    fn on(&self, order: &Value, verb: &str) -> String {
        let customer = &self.shop.customer;
        format!("customers/{customer}/orders/{}/{verb}", id_of(order))
    }

    /// Asks twice under one key, and under another; answers the three.
    async fn thrice(&self, path: &str, body: Value) -> [Answer; 3] {
        [
            self.keyed("k-1", path, &body).await,
            self.keyed("k-1", path, &body).await,
            self.keyed("k-2", path, &body).await,
        ]
    }
}

/// What an answer says was made, without what the request came to.
fn made(answer: &Value) -> Value {
    let mut made = answer.clone();
    made.as_object_mut().expect("an object").remove("effect");
    made
}

#[tokio::test]
async fn a_renewal_is_made_once() {
    let till = a_till().await;
    till.pay("40").await;
    let order = till.order().await;
    let path = till.on(&order, "renew");
    let [first, again, other] = till.thrice(&path, json!({"amount": "10"})).await;
    let (first, again) = (first.expect(200), again.expect(200));
    assert_eq!(made(&first), made(&again));
    assert_eq!(
        again["effect"]["invoices"],
        json!([]),
        "a repeat moves nothing"
    );
    assert_eq!(first["cycles_paid"], 2);
    assert_eq!(other.expect(200)["cycles_paid"], 3);
    assert_eq!(till.balance().await, "10.00");
    assert_eq!(till.invoices().await.len(), 3);
    till.prove();
}

#[tokio::test]
async fn a_plan_is_changed_once() {
    let till = a_till().await;
    till.pay("40").await;
    let order = till.order().await;
    let dearer = super::monthly(&till.shop, json!({"charges": [charge("15.00")]})).await;
    let path = till.on(&order, "change");
    let [first, again, other] = till.thrice(&path, json!({"offer": dearer})).await;
    assert_eq!(first.expect(201)["id"], again.expect(201)["id"]);
    assert_eq!(other.status, 409, "it has ended");
    let orders = till.shop.api.get(till.shop.of_customer("orders")).await;
    assert_eq!(given::list(orders.expect(200)).len(), 2);
    till.prove();
}

#[tokio::test]
async fn an_order_is_ended_and_credited_once() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(7).await;
    let path = till.on(&order, "end");
    let [first, again, other] = till.thrice(&path, json!({"credit": true})).await;
    assert_eq!(made(&first.expect(200)), made(&again.expect(200)));
    assert_eq!(other.status, 409);
    assert_eq!(till.invoices().await.len(), 2);
    till.prove();
}

#[tokio::test]
async fn a_pause_and_its_end_are_told_once() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    let [first, again, other] = till.thrice(&till.on(&order, "pause"), json!({})).await;
    assert_eq!(first.expect(200)["standing"], "PAUSED");
    assert_eq!(again.expect(200)["standing"], "PAUSED");
    assert_eq!(other.status, 409);
    let resume = till.on(&order, "resume");
    for _ in 0..2 {
        let on = till.keyed("k-3", &resume, &json!({})).await.expect(200);
        assert_eq!(on["status"], "ACTIVE");
    }
    // The pause that is repeated now is the one of then.
    let late = till
        .keyed("k-1", &till.on(&order, "pause"), &json!({}))
        .await;
    assert_eq!(late.expect(200)["status"], "ACTIVE");
    till.prove();
}

/// Codes are kept as hashes: they are shown to the first that asks, and to nobody else.
#[tokio::test]
async fn a_batch_of_vouchers_is_made_once() {
    let till = a_till().await;
    let wish = json!({"title": "Christmas", "amount": "5", "count": 3});
    let [first, again, other] = till.thrice("voucher-batches", wish).await;
    let (first, again) = (first.expect(201), again.expect(201));
    assert_eq!(first["id"], again["id"]);
    assert_eq!(first["codes"].as_array().unwrap().len(), 3);
    assert!(given::absent(&again, "codes"));
    assert_ne!(other.expect(201)["id"], first["id"]);
    let path = till.console("voucher-batches");
    assert_eq!(
        given::list(till.shop.api.get(path).await.expect(200)).len(),
        2
    );

    let code = json!({"code": first["codes"][0]});
    let path = format!("customers/{}/vouchers", till.shop.customer);
    let used = till.keyed("v-1", &path, &code).await.expect(201);
    let again = till.keyed("v-1", &path, &code).await.expect(201);
    assert_eq!(made(&used), made(&again));
    assert_eq!(till.keyed("v-2", &path, &code).await.status, 409);
    assert_eq!(till.balance().await, "5.00");
    till.prove();
}

#[tokio::test]
async fn what_becomes_of_a_payment_is_said_once() {
    let page = a_page().await;
    page.submit("10.00", "manual").await;
    let till = &page.till;
    for (verb, body) in [("fail", json!({"reason": "no"})), ("confirm", json!({}))] {
        let path = format!("payments/1/{verb}");
        for _ in 0..2 {
            till.keyed(verb, &path, &body).await.expect(200);
        }
    }
    assert_eq!(page.order_status().await, "ACTTIVE");
    let path = "payments/1/refunds";
    let [first, again, _] = till.thrice(path, json!({"amount": "4"})).await;
    assert_eq!(made(&first.expect(201)), made(&again.expect(201)));
    assert_eq!(till.balance().await, "0.00");
    let credits = till.invoices().await.split_off(1);
    let expected = ["2 CREDIT_NOTE - -4.00", "3 CREDIT_NOTE - -4.00"];
    assert_eq!(credits, expected);
    till.prove();
}

#[tokio::test]
async fn a_key_is_good_for_one_request() {
    let till = a_till().await;
    let order = till.order().await;
    let renew = till.on(&order, "renew");
    // What was refused leaves the key free.
    let refused = till.keyed("k", &renew, &json!({})).await;
    assert_eq!(refused.status, 409, "nothing was paid");
    till.pay("50").await;
    till.keyed("k", &renew, &json!({})).await.expect(200);
    // The same in other words.
    till.keyed("k", &renew, &json!(null)).await;
    let headers = [("Idempotency-Key", "k")];
    let api = &till.shop.api;
    let empty = api.send("POST", till.console(&renew), None, &headers).await;
    empty.expect(200);
    assert_eq!(till.balance().await, "30.00");
    let payment = json!({"amount": "5", "method": "cash"});
    let payments = format!("customers/{}/payments", till.shop.customer);
    till.keyed("p", &payments, &payment).await.expect(201);
    let pause = till.on(&order, "pause");
    for (key, path, body) in [
        ("k", &renew, json!({"amount": "10"})),
        ("k", &pause, json!({})),
        ("k", &payments, payment.clone()),
        ("p", &renew, json!({})),
        ("p", &payments, json!({"amount": "6", "method": "cash"})),
    ] {
        let other = till.keyed(key, path, &body).await;
        assert_eq!(other.status, 409, "{key} {path} {body}");
    }
    let other = till.keyed("k", &pause, &json!({})).await;
    assert!(
        other.text.contains("was used for another request"),
        "{}",
        other.text
    );
    assert_eq!(till.balance().await, "35.00");
    let long = "x".repeat(256);
    for bad in ["", "a b", &long] {
        let answer = till.keyed(bad, &renew, &json!({})).await;
        assert_eq!(answer.status, 400, "{bad:?}");
        assert!(answer.text.contains("Idempotency-Key"), "{}", answer.text);
    }
    assert_eq!(till.balance().await, "35.00");
    till.prove();
}

#[tokio::test]
async fn a_key_is_kept_for_a_week_and_not_for_ever() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let renew = till.on(&order, "renew");
    for key in ["a", "b", "c"] {
        till.keyed(key, &renew, &json!({})).await.expect(200);
    }
    assert_eq!(till.balance().await, "60.00");
    till.days(7).await;
    till.keyed("d", &renew, &json!({})).await.expect(200);
    for key in ["a", "b", "c"] {
        till.keyed(key, &renew, &json!({})).await.expect(200);
    }
    assert_eq!(till.balance().await, "50.00");
    // Each new key takes old ones away, two at most.
    till.days(1).await;
    till.keyed("e", &renew, &json!({})).await.expect(200);
    till.keyed("c", &renew, &json!({})).await.expect(200);
    assert_eq!(till.balance().await, "40.00");
    till.keyed("a", &renew, &json!({})).await.expect(200);
    assert_eq!(till.balance().await, "30.00");
    till.prove();
}

/// A bank's reference is one whatever blanks stand around it, and in whatever case it was typed.
#[tokio::test]
async fn a_typed_reference_is_one_in_every_spelling() {
    let till = a_till().await;
    let path = till.of_customer("payments");
    let pay = |method: &str, reference: &str| {
        let body = json!({"amount": "10", "method": method, "reference": reference});
        till.shop.api.post(path.clone(), body)
    };
    let first = pay("bank", " B-1\t").await.expect(201);
    assert_eq!(first["reference"], "B-1");
    for spelling in ["B-1", "b-1", " b-1 ", "\u{a0}B-1"] {
        let again = pay("bank", spelling).await.expect(201);
        assert_eq!(again["id"], first["id"], "{spelling:?}");
    }
    assert_eq!(till.balance().await, "10.00");
    let much = json!({"amount": "11", "method": "bank", "reference": "b-1"});
    let other = till.shop.api.post(path.clone(), much).await;
    assert_eq!(other.status, 409, "{}", other.text);
    // Another reference, and another way to pay, are other payments; blanks alone are no reference.
    for (method, reference) in [
        ("bank", "B-2"),
        ("cash", "B-1"),
        ("bank", " "),
        ("bank", " "),
    ] {
        pay(method, reference).await.expect(201);
    }
    assert_eq!(till.balance().await, "50.00");
    till.prove();
}
