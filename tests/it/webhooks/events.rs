//! What is told, and what is not.

use serde_json::{Value, json};

use super::{Hook, lines, open};
use crate::billing::DAY;
use crate::marketone::{P1, purchase};
use crate::support::ear::Ear;
use crate::support::fixture::{a_box, a_hub, a_till};

#[tokio::test]
async fn what_happens_to_an_order_is_told_with_everything_around_it() {
    let (till, ear, hook) = open(json!({}), json!({})).await;
    till.pay("10").await;
    till.order().await;
    till.days(0).await;
    let heard = ear.collect();
    let mut told = lines(&heard, &hook);
    told.sort();
    let wanted = [
        "customer.updated 1",
        "invoice.created 1",
        "invoice.paid 1",
        "order.activated 1",
        "order.created 1",
        "payment.created 1",
        "payment.succeeded 1",
        "service.created 1",
        "service.created 2",
    ];
    assert_eq!(told, wanted);
    let of = |kind: &str| {
        let found = heard.iter().map(super::Heard::json);
        let mut found = found.filter(|body| body["type"] == kind);
        found.next().unwrap_or_else(|| panic!("no {kind}"))
    };
    let order = of("order.activated");
    assert_eq!(order["created"], "2026-01-31T10:00:00.000Z");
    assert!(order["id"].as_str().unwrap().starts_with("evt_"));
    let data = &order["data"];
    assert_eq!(data["object"], "order");
    assert_eq!(data["status"], "ACTIVE");
    assert_eq!(data["standing"], "SETTLED");
    assert_eq!(data["expires"], "2026-02-28T10:00:00.000Z");
    let invoice = of("invoice.paid")["data"].clone();
    assert_eq!(
        (&invoice["total"], &invoice["open"]),
        (&json!("10.00"), &json!("0.00"))
    );
    assert_eq!(invoice["lines"][0]["gross"], "10.00");
    let payment = of("payment.succeeded")["data"].clone();
    assert_eq!(payment["amount"], "10.00");
    assert_eq!(payment["currency"], "USD");
    assert_eq!(payment["state"], "SUCCEEDED");
    let service = of("service.created")["data"].clone();
    assert_eq!(
        (&service["status"], &service["order"]),
        (&json!("ACTIVE"), &json!(1))
    );
    till.prove();
}

#[tokio::test]
async fn the_life_of_an_order_has_its_types() {
    let dunning = json!({"dunning": {"grace_days": 2, "suspend_days": 3}});
    let (till, ear, hook) = open(dunning, json!({"events": ["order.*", "customer.*"]})).await;
    till.pay("20").await;
    let order = till.order().await;
    till.days(28).await;
    let told = |heard: &[super::Heard]| lines(heard, &hook);
    assert_eq!(
        told(&ear.collect()),
        [
            "order.created 1",
            "customer.updated 1",
            "order.activated 1",
            "order.renewed 1"
        ]
    );
    till.days(31).await;
    assert_eq!(told(&ear.collect()), ["order.overdue 1"]);
    till.days(2).await;
    assert_eq!(told(&ear.collect()), ["order.frozen 1"]);
    till.days(3).await;
    assert_eq!(told(&ear.collect()), ["customer.suspended 1"]);
    till.pay("10").await;
    till.days(0).await;
    let mut heard = told(&ear.collect());
    heard.sort();
    assert_eq!(heard, ["customer.activated 1", "order.activated 1"]);
    for (verb, kind) in [
        ("pause", "order.paused 1"),
        ("resume", "order.activated 1"),
        ("end", "order.ended 1"),
    ] {
        till.act(&order, verb, json!({})).await.expect(200);
        till.days(0).await;
        assert!(told(&ear.collect()).contains(&kind.to_owned()), "{verb}");
    }
    let path = format!("/customers/{}", till.shop.customer);
    till.shop.api.delete(&path).await;
    till.days(0).await;
    assert!(told(&ear.collect()).contains(&"customer.deleted 1".to_owned()));
}

#[tokio::test]
async fn services_and_debts_have_theirs() {
    let offer = json!({"billing": "POSTPAID", "dunning": {"grace_days": 2}});
    let wanted =
        json!({"events": ["service.frozen", "service.activated", "invoice.*", "payment.*"]});
    let (till, ear, hook) = open(offer, wanted).await;
    till.order().await;
    till.days(0).await;
    let heard = ear.collect();
    assert_eq!(lines(&heard, &hook), ["invoice.created 1"]);
    assert_eq!(heard[0].json()["data"]["open"], "10.00");
    till.days(5).await;
    let mut frozen = lines(&ear.collect(), &hook);
    frozen.sort();
    assert_eq!(frozen, ["service.frozen 1", "service.frozen 2"]);
    till.pay("4").await;
    till.days(0).await;
    let heard = ear.collect();
    let mut told = lines(&heard, &hook);
    told.sort();
    assert_eq!(
        told,
        [
            "invoice.updated 1",
            "payment.created 1",
            "payment.succeeded 1"
        ]
    );
    let part = heard
        .iter()
        .find(|heard| heard.line() == "invoice.updated 1");
    assert_eq!(part.unwrap().json()["data"]["open"], "6.00");
    till.pay("6").await;
    till.days(0).await;
    let told = lines(&ear.collect(), &hook);
    for kind in [
        "invoice.paid 1",
        "service.activated 1",
        "service.activated 2",
    ] {
        assert!(told.contains(&kind.to_owned()), "{told:?}");
    }
}

#[tokio::test]
async fn what_partners_charge_is_told() {
    let hub = a_hub().await;
    let ear = Ear::open().await;
    let hook = Hook::add(&hub.bx, &ear, json!({"events": ["partner_transaction.*"]})).await;
    hub.a.charge(&purchase("t-1", P1)).await.expect(200);
    let refund = json!({
        "extTransactionID": "t-2", "originalExtTransactionID": "t-1", "accountIdentifier": P1,
        "amount": 4, "currency": "USD", "description": "Back", "transactionType": "REFUND",
    });
    let refunded = hub.a.charge(&refund).await;
    assert_eq!(refunded.status, 200, "{}", refunded.told());
    let denied = json!({"amount": 5000.0});
    let denied = crate::alphaott::given::merged(purchase("t-3", P1), denied);
    hub.a.charge(&denied).await;
    hub.bx.advance(0).await;
    let heard = ear.collect();
    let mut told = lines(&heard, &hook);
    told.sort();
    let wanted = [
        "partner_transaction.created 1",
        "partner_transaction.created 2",
        "partner_transaction.created 3",
        "partner_transaction.denied 3",
        "partner_transaction.refunded 1",
        "partner_transaction.succeeded 1",
        "partner_transaction.succeeded 2",
    ];
    assert_eq!(told, wanted);
    let first = heard
        .iter()
        .find(|heard| heard.line() == "partner_transaction.succeeded 1");
    let data = first.unwrap().json()["data"].clone();
    assert_eq!(data["partner"], "NFLX");
    assert_eq!(data["ext_transaction_id"], "t-1");
    assert_eq!(data["amount"], "9.99");
    assert_eq!(data["payable"], "6.99");
}

#[tokio::test]
async fn no_secret_is_told() {
    let (till, ear, _hook) = open(json!({}), json!({})).await;
    let secret = "Tr0ub4dor&3-secret";
    let body = json!({"password": secret, "firstName": "Oliver"});
    let path = format!("/customers/{}", till.shop.customer);
    till.shop.api.put(&path, body).await.expect(200);
    let document = json!({
        "partners": [{"key": "NFLX", "name": "A", "api_key": "key-a-key-a", "currencies": ["USD"]}],
        "customers": [{"login": "eve", "password": secret, "email": "eve@tv.example"}],
    });
    till.shop.bx.apply(document).await;
    till.pay("10").await;
    till.order().await;
    till.days(0).await;
    let heard = ear.collect();
    assert!(heard.len() > 8, "{}", heard.len());
    for heard in heard {
        for word in [
            secret,
            "argon2",
            "password",
            "hidden",
            "whsec_",
            "key-a-key-a",
        ] {
            assert!(!heard.body.contains(word), "{word}: {}", heard.body);
        }
    }
}

#[tokio::test]
async fn what_is_refused_taken_back_or_changes_nothing_is_not_told() {
    let (till, ear, hook) = open(json!({}), json!({})).await;
    let path = till.of_customer("payments");
    let odd = json!({"amount": "-1", "method": "cash"});
    assert_eq!(till.shop.api.post(path, odd).await.status, 400);
    let path = till.shop.of_customer("orders");
    let odd = json!({"offer": "5915c3baCC8E1E13969DE081"});
    assert!(till.shop.api.post(path, odd).await.status >= 400);
    // The whole document is taken back for its last element.
    let document = json!({"customers": [{"login": "eve"},
        {"login": "bob", "status": "ACTIVE", "orders": [{"offer": 99}]}]});
    let ctx = boxoffice::app::Ctx::system(till.shop.bx.app());
    let applied = boxoffice::ops::apply::apply(&ctx, document.to_string(), false).await;
    assert!(applied.is_err());
    let document = json!({"customers": [{"login": "eve"}]});
    let applied = boxoffice::ops::apply::apply(&ctx, document.to_string(), true).await;
    assert!(applied.is_ok());
    till.days(0).await;
    assert!(lines(&ear.collect(), &hook).is_empty());
    till.shop.bx.apply(document.clone()).await;
    till.shop.bx.apply(document).await;
    till.days(0).await;
    assert_eq!(lines(&ear.collect(), &hook).len(), 1);
}

#[tokio::test]
async fn only_what_is_wanted_is_told() {
    let (till, ear, hook) = open(
        json!({}),
        json!({"events": ["payment.succeeded", "order.*"]}),
    )
    .await;
    till.pay("10").await;
    till.order().await;
    till.days(0).await;
    let mut told = lines(&ear.collect(), &hook);
    told.sort();
    assert_eq!(
        told,
        [
            "order.activated 1",
            "order.created 1",
            "payment.succeeded 1"
        ]
    );
    hook.put(json!({"events": ["payment.failed"]}))
        .await
        .expect(200);
    till.pay("10").await;
    till.days(0).await;
    assert!(ear.collect().is_empty());
    // One that is off is told nothing, and of what happens meanwhile nothing later.
    hook.put(json!({"events": [], "on": false}))
        .await
        .expect(200);
    till.pay("10").await;
    hook.put(json!({"on": true})).await.expect(200);
    till.days(0).await;
    assert!(ear.collect().is_empty());
}

#[tokio::test]
async fn a_document_of_many_customers_tells_each_once() {
    let bx = a_box().await;
    let ear = Ear::open().await;
    let hook = Hook::add(&bx, &ear, json!({})).await;
    let customers: Vec<Value> = (0..300)
        .map(|n| json!({"login": format!("c{n}")}))
        .collect();
    bx.apply(json!({"customers": customers})).await;
    bx.advance(0).await;
    let heard = ear.collect();
    let mut told = lines(&heard, &hook);
    told.sort();
    told.dedup();
    assert_eq!((heard.len(), told.len()), (300, 300));
    assert!(
        told.iter()
            .all(|line| line.starts_with("customer.created "))
    );
}

#[tokio::test]
async fn a_preview_tells_nothing() {
    let till = a_till().await;
    let ear = Ear::open().await;
    till.pay("30").await;
    till.order().await;
    let hook = Hook::add(&till.shop.bx, &ear, json!({})).await;
    let preview = till.console("preview?until=2026-07-01T00:00:00Z");
    till.shop.api.get(preview).await.expect(200);
    till.days(0).await;
    assert!(lines(&ear.collect(), &hook).is_empty());
    till.shop.bx.advance(DAY * 28).await;
    assert!(!ear.collect().is_empty());
}

/// What is owed no more because it was given up is not paid: `invoice.paid` is not told of it.
#[tokio::test]
async fn an_invoice_that_nobody_paid_is_not_told_as_paid() {
    let wanted = json!({"events": ["invoice.*"]});
    let offer = json!({"billing": "POSTPAID"});
    let reason = json!({"reason": "billed in error"});
    // Voided, written off, and given back with its order: wholly.
    for how in ["void", "write-off", "end"] {
        let (till, ear, hook) = open(offer.clone(), wanted.clone()).await;
        let order = till.order().await;
        till.days(0).await;
        assert_eq!(lines(&ear.collect(), &hook), ["invoice.created 1"]);
        match how {
            "void" => {
                let path = till.console("invoices/1/void");
                till.shop.api.post(path, reason.clone()).await.expect(201);
            }
            "write-off" => {
                let body = json!({"amount": "10.00", "reason": "moved away"});
                let path = till.of_customer("write-offs");
                till.shop.api.post(path, body).await.expect(201);
            }
            _ => {
                let whole = json!({"credit": "WHOLE"});
                till.act(&order, "end", whole).await.expect(200);
            }
        }
        till.days(0).await;
        let heard = ear.collect();
        let mut told = lines(&heard, &hook);
        told.sort();
        let wanted = match how {
            "write-off" => vec!["invoice.updated 1"],
            _ => vec!["invoice.created 2", "invoice.updated 1"],
        };
        assert_eq!(told, wanted, "{how}");
        let closed = heard.iter().find(|of| of.line() == "invoice.updated 1");
        assert_eq!(closed.unwrap().json()["data"]["open"], "0.00", "{how}");
    }
    // A part is given up and the rest is paid: that is paid. What is paid by a credit is, too.
    let (till, ear, hook) = open(offer, wanted).await;
    till.order().await;
    let body = json!({"amount": "4.00", "reason": "moved away"});
    let path = till.of_customer("write-offs");
    till.shop.api.post(path, body).await.expect(201);
    till.days(0).await;
    assert!(!lines(&ear.collect(), &hook).contains(&"invoice.paid 1".to_owned()));
    till.pay("6").await;
    till.days(0).await;
    assert_eq!(lines(&ear.collect(), &hook), ["invoice.paid 1"]);
    let order = till.order().await;
    till.pay("10").await;
    till.order().await;
    till.days(0).await;
    ear.collect();
    let whole = json!({"credit": "WHOLE"});
    till.act(&order, "end", whole).await.expect(200);
    till.days(0).await;
    let mut told = lines(&ear.collect(), &hook);
    told.sort();
    assert_eq!(told, ["invoice.created 4", "invoice.paid 3"]);
}
