//! Subscriptions that come with our products:
//! the partner is told (§5.3), and says how they stand (§5.2).

use boxoffice::store::Read as _;
use serde_json::{Value, json};

use super::{Partner, refused};
use crate::alphaott::given;
use crate::billing::{DAY, prove};
use crate::support::TestBox;
use crate::support::ear::{Ear, Heard, Turn};
use crate::support::fixture::a_box;
use crate::support::post::Post;

fn document(ear: &Ear, customers: &Value) -> Value {
    let product = |id: u32, name: &str| {
        json!({
            "id": id, "external_id": name, "name": name, "packages": [{"id": 1}],
        })
    };
    json!({
        "packages": [{"id": 1, "external_id": "base", "name": "Base", "type": "tv",
            "services": "all"}],
        "products": [product(1, "START"), product(2, "PLUS"), product(3, "BARE")],
        "offers": [{"id": "start-monthly", "product": "START", "title": "Monthly",
            "type": "RECURRING", "duration": 1, "period": "MONTH",
            "charges": [{"type": "RECURRING", "amount": "10.00"}],
            "dunning": {"grace_days": 2}}],
        "partners": [
            {"key": "NFLX", "name": "Films", "api_key": "key-a", "products": [
                {"code": "STD", "title": "Monthly", "sold_with": ["START"]},
                {"code": "4K", "title": "4K", "sold_with": ["PLUS"]}],
             "callback": {"url": ear.url, "api_key": "their-own-key", "retries": 2,
                "interval_seconds": 30, "error_email": "ops@tv.example"}},
            {"key": "GOOG", "name": "B", "api_key": "key-b", "currencies": ["USD"]},
        ],
        "customers": customers,
    })
}

fn ada(plan: &str) -> Value {
    json!([{"login": "ada", "email": "ada@tv.example", "phones": ["+14165550101"],
        "tariff_plan": plan}])
}

/// A box whose customer has that plan, and a partner that is told.
async fn open(plan: &str) -> (TestBox, Ear) {
    let (bx, ear) = (a_box().await, Ear::open().await);
    ear.always(Some(said("there-1", "INACTIVE")));
    bx.apply(document(&ear, &ada(plan))).await;
    bx.advance(0).await;
    (bx, ear)
}

fn said(id: &str, status: &str) -> Turn {
    Turn::Say(
        200,
        json!({"partnerSubscriptionId": id, "registrationStatus": status}),
    )
}

fn bodies(heard: &[Heard]) -> Vec<Value> {
    heard.iter().map(Heard::json).collect()
}

async fn calls(bx: &TestBox, query: &str) -> Vec<Value> {
    let token = bx.token("owner").await;
    let path = bx.url(&format!("/console/api/partners/NFLX/calls{query}"));
    let owner = bx.with_header(&format!("JWT {token}"));
    given::list(owner.get(path).await.expect(200))
}

async fn put(partner: &Partner, path: &str, body: &str) -> crate::support::Answer {
    let origin = partner.origin.trim_end_matches("/marketone/v1");
    let headers = [
        ("x-api-key", partner.key.as_str()),
        ("content-type", "application/json"),
    ];
    let url = format!("{origin}{path}");
    partner
        .client
        .send("PUT", url, Some(body.into()), &headers)
        .await
}

#[tokio::test]
async fn a_plan_that_comes_changes_and_goes_is_told() {
    let (bx, ear) = open("START").await;
    let heard = ear.collect();
    let add = json!({
        "action": "AddSubscription", "subscriptionId": "ps-1", "productCode": "STD",
        "registrationString": "ada@tv.example", "startDate": "2026-01-31T10:00:00Z",
    });
    assert_eq!(bodies(&heard), [add]);
    assert_eq!(heard[0].header("authorization"), "their-own-key");
    assert!(heard[0].header("boxoffice-event").starts_with("evt_"));
    bx.apply(document(&ear, &ada("START"))).await;
    bx.advance(DAY).await;
    assert!(ear.collect().is_empty());
    bx.apply(document(&ear, &ada("PLUS"))).await;
    bx.advance(0).await;
    let update = json!({
        "action": "UpdateSubscription", "partnerSubscriptionId": "there-1", "productCode": "4K",
        "startDate": "2026-02-01T10:00:00Z",
    });
    assert_eq!(bodies(&ear.collect()), [update]);
    ear.always(Some(said("there-1", "ACTIVE")));
    bx.apply(document(&ear, &ada("BARE"))).await;
    bx.advance(0).await;
    let delete = json!({
        "action": "DeleteSubscription", "partnerSubscriptionId": "there-1",
        "endDate": "2026-02-01T10:00:00Z",
    });
    assert_eq!(bodies(&ear.collect()), [delete]);
    // Back again: another subscription.
    bx.apply(document(&ear, &ada("PLUS"))).await;
    bx.advance(0).await;
    assert_eq!(ear.collect()[0].json()["subscriptionId"], "ps-2");
    let listed = calls(&bx, "").await;
    let line = |of: &Value| {
        format!(
            "{} {} {} {}",
            of["action"], of["subscription"], of["state"], of["registration_status"]
        )
    };
    let lines: Vec<String> = listed.iter().rev().map(line).collect();
    let wanted = [
        r#""ADD" "ps-1" "DELIVERED" "ACTIVE""#,
        r#""UPDATE" "ps-1" "DELIVERED" "ACTIVE""#,
        r#""DELETE" "ps-1" "DELIVERED" "ACTIVE""#,
        r#""ADD" "ps-2" "DELIVERED" "ACTIVE""#,
    ];
    assert_eq!(lines, wanted);
    bx.api().delete("/customers/000000000000000000000001").await;
    bx.advance(0).await;
    assert_eq!(ear.collect()[0].json()["action"], "DeleteSubscription");
    prove(&bx);
}

#[tokio::test]
async fn what_is_not_paid_keeps_its_subscription_until_it_ends() {
    let (bx, ear) = open("BARE").await;
    assert!(ear.collect().is_empty());
    let pay = bx.url("/console/api/customers/1/payments");
    let cash = json!({"amount": "10", "method": "cash"});
    bx.api().post(&pay, cash.clone()).await.expect(201);
    let orders = "/customers/000000000000000000000001/orders";
    let body = json!({"offer": "start-monthly", "createCustomerServices": true});
    let order = bx.api().post(orders, body).await.expect(201);
    bx.advance(0).await;
    assert_eq!(ear.collect()[0].json()["action"], "AddSubscription");
    bx.advance(40 * DAY).await;
    assert!(ear.collect().is_empty());
    bx.api().post(&pay, cash).await.expect(201);
    bx.advance(0).await;
    assert!(ear.collect().is_empty());
    // Canceled, it runs to its end.
    let path = format!("{orders}/{}", crate::alphaott::id_of(&order));
    bx.api()
        .put(path, json!({"status": "CANCELED"}))
        .await
        .expect(200);
    bx.advance(0).await;
    assert!(ear.collect().is_empty());
    bx.advance(40 * DAY).await;
    assert_eq!(ear.collect()[0].json()["action"], "DeleteSubscription");
    prove(&bx);
}

#[tokio::test]
async fn it_is_tried_as_often_as_agreed_and_then_somebody_hears_of_it() {
    let post = Post::open().await;
    let bx = a_box()
        .set(|config| {
            config.smtp.url = (&post.url).into();
            "billing@tv.example".clone_into(&mut config.smtp.from);
        })
        .await;
    let ear = Ear::open().await;
    ear.next(&[Turn::Answer(503), Turn::Answer(429), Turn::Answer(500)]);
    bx.apply(document(&ear, &ada("START"))).await;
    bx.apply(document(&ear, &ada("PLUS"))).await;
    bx.advance(0).await;
    bx.advance(29).await;
    assert_eq!(ear.collect().len(), 1);
    bx.advance(1).await;
    assert_eq!(ear.collect().len(), 1);
    assert!(post.collect().is_empty());
    bx.advance(30).await;
    let heard = ear.collect();
    let events: Vec<String> = heard
        .iter()
        .map(|heard| heard.json()["action"].to_string())
        .collect();
    // Once it is dead, the next one is told.
    assert_eq!(events, [r#""AddSubscription""#, r#""UpdateSubscription""#]);
    assert_eq!(heard[1].json()["partnerSubscriptionId"], "ps-1");
    let dead = calls(&bx, "?state=DEAD").await;
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (&dead[0]["attempts"], &dead[0]["status"]),
        (&json!(3), &json!(500))
    );
    // The mail follows what is on record, and no clock waits for it.
    let mails = post.collect_many(1).await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].contains("ops@tv.example") && mails[0].contains("ps-1"),
        "{}",
        mails[0]
    );
    assert!(!mails[0].contains("their-own-key"));
    // Other answers are final.
    ear.next(&[Turn::Answer(404)]);
    bx.advance(DAY).await;
    bx.apply(document(&ear, &ada("BARE"))).await;
    bx.advance(0).await;
    assert_eq!(ear.collect().len(), 1);
    assert_eq!(calls(&bx, "?state=DEAD").await.len(), 2);
    assert_eq!(post.collect_many(1).await.len(), 1);
    // Within the hour nobody is written again.
    ear.next(&[Turn::Answer(404)]);
    bx.advance(3_000).await;
    bx.apply(document(&ear, &ada("START"))).await;
    bx.advance(0).await;
    assert_eq!(calls(&bx, "?state=DEAD").await.len(), 3);
    assert_eq!(calls(&bx, "?state=DEAD&limit=2").await.len(), 2);
    assert_eq!(calls(&bx, "?state=DELIVERED").await.len(), 1);
    ear.next(&[Turn::Answer(404)]);
    bx.advance(3_600).await;
    bx.apply(document(&ear, &ada("BARE"))).await;
    bx.advance(0).await;
    assert_eq!(post.collect_many(1).await.len(), 1);
    assert!(post.collect().is_empty());
    bx.advance(31 * DAY).await;
    assert!(calls(&bx, "").await.is_empty());
    prove(&bx);
}

#[tokio::test]
async fn a_partner_says_how_its_service_stands() {
    let (bx, _ear) = open("START").await;
    let (a, b) = (Partner::of(&bx, "key-a"), Partner::of(&bx, "key-b"));
    let active = r#"{"servicesStatus": "ACTIVE", "more": 1}"#;
    for path in [
        "/v2/partnerSubscription/ps-1",
        "/marketone/v2/partnerSubscription/ps-1",
    ] {
        let answer = put(&a, path, active).await;
        let wanted = json!({
            "partnerSubscriptionId": "ps-1", "registrationStatus": "INACTIVE",
            "servicesStatus": "ACTIVE",
        });
        assert_eq!(answer.expect(200), wanted);
    }
    let path = "/v2/partnerSubscription/ps-1";
    refused(&put(&b, path, active).await, 404, "not-found");
    for id in ["ps-2", "1", "there-1", "ps-1/x"] {
        let path = format!("/v2/partnerSubscription/{id}");
        refused(&put(&a, &path, active).await, 404, "not-found");
    }
    let long = format!(r#"{{"servicesStatus": "{}"}}"#, "x".repeat(51));
    for body in [
        "{}",
        r#"{"servicesStatus": 1}"#,
        r#"{"servicesStatus": ""}"#,
        "[]",
        &long,
    ] {
        refused(&put(&a, path, body).await, 400, "invalid-request");
    }
    refused(
        &put(&Partner::of(&bx, "wrong"), path, active).await,
        401,
        "authorization-failure",
    );
    let posted = a.client.post(bx.url(path), json!({})).await;
    refused(&posted, 405, "method-not-allowed");
    assert_eq!(calls(&bx, "").await[0]["services_status"], "ACTIVE");
}

#[tokio::test]
async fn a_callback_is_checked_and_its_key_is_never_shown() {
    let (bx, ear) = open("START").await;
    for (callback, fragment) in [
        (
            json!({"url": "x", "api_key": "k"}),
            "partners[0].callback.url",
        ),
        (json!({"url": "http://x/"}), "partners[0].callback.api_key"),
        (
            json!({"url": "http://x/", "api_key": "k", "retries": 1001}),
            "callback.retries",
        ),
        (
            json!({"url": "http://x/", "api_key": "k", "interval_seconds": 0}),
            "callback.interval_seconds",
        ),
        (
            json!({"url": "http://x/", "api_key": "k", "error_email": "x"}),
            "callback.error_email",
        ),
    ] {
        let text =
            json!({"partners": [{"key": "NFLX", "name": "A", "callback": callback}]}).to_string();
        let ctx = boxoffice::app::Ctx::system(bx.app());
        let error = boxoffice::ops::apply::apply(&ctx, text, false)
            .await
            .expect_err("a refusal");
        assert!(error.to_string().contains(fragment), "{error}");
    }
    let text = json!({"partners": [{"key": "NFLX", "name": "A", "products": [
        {"code": "STD", "title": "x", "sold_with": ["NONE"]}]}]});
    let ctx = boxoffice::app::Ctx::system(bx.app());
    let error = boxoffice::ops::apply::apply(&ctx, text.to_string(), false)
        .await
        .expect_err("a refusal");
    assert!(
        error.to_string().contains("products[0].sold_with[0]"),
        "{error}"
    );
    // A document without a callback leaves it; an empty address takes it away.
    bx.apply(
        json!({"partners": [{"key": "NFLX", "name": "Films", "products": [
        {"code": "STD", "title": "x", "sold_with": ["START"]}]}]}),
    )
    .await;
    ear.collect();
    bx.apply(document(&ear, &ada("BARE"))).await;
    bx.advance(0).await;
    assert_eq!(ear.collect().len(), 1);
    bx.apply(
        json!({"partners": [{"key": "NFLX", "name": "Films", "callback": {"url": ""}, "products": [
        {"code": "STD", "title": "x", "sold_with": ["START"]}]}]}),
    )
    .await;
    bx.apply(json!({"customers": ada("START")})).await;
    bx.advance(0).await;
    assert!(ear.collect().is_empty());
    let audit: Vec<boxoffice::domain::event::Audit> = bx.app().store.read().unwrap().all().unwrap();
    assert!(!format!("{audit:?}").contains("their-own-key"));
}

/// What ends while a partner is off, or cannot be called, is told when it is back.
#[tokio::test]
async fn what_ends_while_a_partner_is_off_is_told_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (bx, ear) = (a_box().in_folder(folder.path()).await, Ear::open().await);
    bx.apply(document(&ear, &ada("START"))).await;
    bx.advance(0).await;
    assert_eq!(ear.collect()[0].json()["action"], "AddSubscription");
    // Off, and nothing is sold with it any more.
    bx.apply(json!({"partners": [{"key": "NFLX", "name": "Films", "on": false, "products": []}]}))
        .await;
    bx.stop().await;
    let bx = a_box().in_folder(folder.path()).seed(2).await;
    bx.apply(json!({"customers": ada("BARE")})).await;
    bx.advance(DAY).await;
    assert!(ear.collect().is_empty());
    bx.apply(json!({"partners": [{"key": "NFLX", "name": "Films", "on": true, "products": []}]}))
        .await;
    bx.advance(0).await;
    assert_eq!(ear.collect()[0].json()["action"], "DeleteSubscription");
    assert!(!bx.app().is_watched());
    prove(&bx);
}

#[tokio::test]
async fn a_restart_keeps_what_waits_for_a_partner() {
    let folder = tempfile::tempdir().unwrap();
    let ear = Ear::open().await;
    ear.next(&[Turn::Answer(500)]);
    let bx = a_box().in_folder(folder.path()).await;
    bx.apply(document(&ear, &ada("START"))).await;
    bx.advance(0).await;
    let event = ear.collect()[0].header("boxoffice-event").to_owned();
    bx.stop().await;
    let bx = a_box().in_folder(folder.path()).seed(2).await;
    bx.advance(30).await;
    let heard = ear.collect();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].header("boxoffice-event"), event);
    // And it goes on watching.
    bx.apply(json!({"customers": ada("PLUS")})).await;
    bx.advance(0).await;
    assert_eq!(ear.collect()[0].json()["action"], "UpdateSubscription");
}

/// An order that staff switch off for a while is none that ended; and the end that is told is the
/// order's own, however late the box works it.
#[tokio::test]
async fn the_end_is_the_orders_own() {
    let (bx, ear) = open("START").await;
    ear.collect();
    let orders = "/customers/000000000000000000000001/orders";
    let order = bx.api().get(orders).await.expect(200)[0]["_id"].clone();
    let path = format!("{orders}/{}", order.as_str().expect("an id"));
    for status in ["INACTIVE", "ACTTIVE"] {
        bx.api()
            .put(&path, json!({ "status": status }))
            .await
            .expect(200);
        bx.advance(0).await;
        assert!(ear.collect().is_empty(), "{status}");
    }
    bx.api()
        .put(&path, json!({"expires": "2026-02-10T00:00:00.000Z"}))
        .await
        .expect(200);
    bx.advance(40 * DAY).await;
    let ended = ear.collect();
    let ended = ended.last().expect("a call").json();
    assert_eq!(ended["action"], "DeleteSubscription");
    assert_eq!(ended["endDate"], "2026-02-10T00:00:00Z");
    prove(&bx);
}
