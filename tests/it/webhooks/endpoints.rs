//! Webhooks as records: made, changed, tried, given another secret, removed; who may, and who did.

use boxoffice::domain::event::Audit;
use boxoffice::domain::values::id::DeliveryId;
use boxoffice::domain::webhooks::Delivery;
use boxoffice::domain::webhooks::event::{EventType, HookEvent};
use boxoffice::store::Read as _;
use serde_json::{Value, json};

use super::{Hook, lines, open};
use crate::billing::DAY;
use crate::support::ear::{Ear, Turn};
use crate::support::fixture::a_box;

#[tokio::test]
async fn a_secret_is_shown_once_and_the_one_before_signs_for_a_day() {
    let (till, ear, mut hook) = open(json!({}), json!({"events": ["payment.created"]})).await;
    let listed = hook.owner.get(till.console("webhooks")).await.expect(200);
    assert!(listed[0].get("secret").is_none(), "{listed}");
    assert_eq!(hook.secret.len(), "whsec_".len() + 44);
    till.pay("1").await;
    till.days(0).await;
    lines(&ear.collect(), &hook);
    let rotated = hook.post("rotate").await.expect(200);
    let old = std::mem::replace(
        &mut hook.secret,
        rotated["secret"].as_str().unwrap().to_owned(),
    );
    assert_ne!(old, hook.secret);
    assert_eq!(rotated["old_secret_until"], "2026-02-01T10:00:00.000Z");
    till.pay("1").await;
    till.days(0).await;
    let heard = ear.collect();
    assert_eq!(
        heard[0]
            .header("boxoffice-signature")
            .matches("v1=")
            .count(),
        2
    );
    assert_eq!(
        (
            heard[0].signed_by(&old).0,
            heard[0].signed_by(&hook.secret).0
        ),
        (1, 1)
    );
    till.days(1).await;
    till.pay("1").await;
    till.days(0).await;
    let heard = ear.collect();
    assert_eq!(
        (
            heard[0].signed_by(&old).0,
            heard[0].signed_by(&hook.secret).0
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn a_ping_is_told_whatever_is_wanted() {
    let (till, ear, hook) = open(json!({}), json!({"events": ["payment.failed"]})).await;
    let sent = hook.post("test").await.expect(202);
    assert_eq!(
        (&sent["type"], &sent["state"]),
        (&json!("ping"), &json!("WAITING"))
    );
    till.days(0).await;
    let heard = ear.collect();
    assert_eq!(lines(&heard, &hook), ["ping 1"]);
    assert_eq!(heard[0].json()["data"]["object"], "webhook");
    assert_eq!(sent["event"], heard[0].json()["id"]);
    hook.put(json!({"on": false})).await.expect(200);
    let answer = hook.post("test").await;
    assert_eq!(answer.status, 400, "{}", answer.told());
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let bx = a_box().await;
    let ear = Ear::open().await;
    let hook = Hook::add(&bx, &ear, json!({"description": "CRM"})).await;
    let path = bx.url("/console/api/webhooks");
    for (body, fragment) in [
        (json!({}), "url: is missing"),
        (json!({"url": "ftp://x/"}), "url: must be an address"),
        (json!({"url": "http://a:b@x/"}), "url: must hold no name"),
        (
            json!({"url": format!("http://x/{}", "a".repeat(2048))}),
            "url: must be at most 2048",
        ),
        (
            json!({"url": ear.url, "events": ["order.frozen", "order.melted"]}),
            "events[1]: ",
        ),
        (json!({"url": ear.url, "events": ["*"]}), "events[0]: "),
        (json!({"url": ear.url, "waiting_max": 0}), "waiting_max: "),
        (json!({"url": ear.url, "event": ["order.*"]}), "event"),
        (
            json!({"url": ear.url, "description": "x".repeat(501)}),
            "description: ",
        ),
        (json!({"url": 7}), "url: "),
    ] {
        let answer = hook.owner.post(&path, body).await;
        assert_eq!(answer.status, 400, "{}", answer.told());
        assert!(answer.text.contains(fragment), "{}", answer.told());
    }
    for n in 0..15 {
        let body = json!({"url": format!("{}/{n}", ear.url)});
        hook.owner.post(&path, body).await.expect(201);
    }
    let one_more = hook.owner.post(&path, json!({"url": ear.url})).await;
    assert_eq!(one_more.status, 409, "{}", one_more.told());
    // Who may not manage staff may not have everything told elsewhere.
    assert_eq!(bx.api().get(&path).await.status, 403);
    assert_eq!(
        bx.api().post(&path, json!({"url": ear.url})).await.status,
        403
    );
    assert_eq!(bx.anonymous().get(&path).await.status, 401);
    for rest in ["77", "x"] {
        let answer = hook.owner.delete(format!("{path}/{rest}")).await;
        assert_eq!(answer.status, 404, "{}", answer.told());
    }
    let answer = hook
        .owner
        .get(format!("{}/deliveries?state=sent", hook.path))
        .await;
    assert_eq!(answer.status, 400, "{}", answer.told());
}

#[tokio::test]
async fn one_that_is_removed_takes_what_waits_with_it() {
    let (till, ear, hook) = open(json!({}), json!({})).await;
    ear.always(Some(Turn::Answer(500)));
    till.pay("10").await;
    till.days(0).await;
    ear.collect();
    hook.owner.delete(&hook.path).await.expect(204);
    till.days(1).await;
    till.pay("10").await;
    till.days(1).await;
    assert!(ear.collect().is_empty());
    let app = till.shop.bx.app();
    let snapshot = app.store.read().unwrap();
    assert!(snapshot.all::<Delivery>().unwrap().is_empty());
    assert!(snapshot.all::<HookEvent>().unwrap().is_empty());
    till.prove();
}

#[tokio::test]
async fn too_much_that_waits_switches_it_off() {
    let (till, ear, hook) = open(
        json!({}),
        json!({"events": ["customer.created", "payment.*"], "waiting_max": 1_000}),
    )
    .await;
    let bx = &till.shop.bx;
    ear.always(Some(Turn::Answer(500)));
    let many = |name: &str, count: usize| {
        let customer = |n| json!({"login": format!("{name}{n}")});
        json!({"customers": (0..count).map(customer).collect::<Vec<Value>>()})
    };
    let shown = async || {
        let listed = hook.owner.get(till.console("webhooks")).await.expect(200);
        (listed[0]["on"].clone(), listed[0]["waiting"].clone())
    };
    // It is counted now and then.
    bx.apply(many("a", 1_020)).await;
    assert_eq!(shown().await, (json!(true), json!(1_020)));
    bx.apply(many("b", 10)).await;
    assert_eq!(shown().await, (json!(false), json!(1_030)));
    let app = bx.app();
    let audit: Vec<Audit> = app.store.read().unwrap().all().unwrap();
    let line = audit
        .iter()
        .find(|line| line.action == "webhook.overflow")
        .unwrap();
    assert_eq!(line.actor_kind, "system");
    // What waits is told once it is on again.
    ear.always(None);
    ear.collect();
    ear.always(Some(Turn::Answer(500)));
    hook.put(json!({"on": true})).await.expect(200);
    // What comes next does not switch it off at once, though it is counted:
    // there is room for a tenth more.
    let skipped = app.store.write(|tx| tx.next_ids::<DeliveryId>(980));
    assert_eq!(skipped.await.unwrap(), 1_031);
    till.pay("1").await;
    bx.apply(many("c", 60)).await;
    assert_eq!(shown().await, (json!(true), json!(1_092)));
    bx.apply(many("d", 1_100)).await;
    assert_eq!(shown().await.0, json!(false));
    ear.always(None);
    hook.put(json!({"on": true})).await.expect(200);
    bx.advance(DAY).await;
    assert_eq!(shown().await, (json!(true), json!(0)));
    assert!(app.is_watched());
    // Nobody is told any more: nobody looks.
    hook.put(json!({"on": false})).await.expect(200);
    assert!(!app.is_watched());
}

#[tokio::test]
async fn who_changed_it_is_on_record() {
    let (till, _ear, hook) = open(json!({}), json!({})).await;
    hook.put(json!({"events": ["order.*"], "description": "CRM"}))
        .await
        .expect(200);
    hook.post("rotate").await.expect(200);
    hook.post("test").await.expect(202);
    hook.owner.delete(&hook.path).await.expect(204);
    let app = till.shop.bx.app();
    let audit: Vec<Audit> = app.store.read().unwrap().all().unwrap();
    let of_webhooks = audit.iter().filter(|line| line.subject.0 == "webhooks");
    let lines: Vec<&Audit> = of_webhooks.collect();
    let actions: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    let wanted = [
        "webhook.add",
        "webhook.update",
        "webhook.rotate",
        "webhook.test",
        "webhook.remove",
    ];
    assert_eq!(actions, wanted);
    assert!(
        lines
            .iter()
            .all(|line| line.actor_kind == "token" && line.dialect == "console")
    );
    let fields: Vec<&str> = lines[1]
        .changes
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(fields, ["description", "events"]);
    let told = format!("{lines:?}");
    assert!(!told.contains("whsec_"), "{told}");
}

#[test]
fn the_page_lists_every_type() {
    let page = include_str!("../../../docs/webhooks.md");
    for kind in EventType::ALL {
        let listed = format!("`{}`", kind.name());
        assert!(page.contains(&listed), "docs/webhooks.md lacks {listed}");
    }
    let members: Value = json!(["evt_", "Boxoffice-Signature", "Boxoffice-Event"]);
    for word in members.as_array().unwrap() {
        assert!(page.contains(word.as_str().unwrap()), "{word}");
    }
}
