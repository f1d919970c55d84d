//! How it is told: again until it is taken, in order, once more on request, whoever else is dead.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Hook, lines, open};
use crate::billing::{DAY, prove};
use crate::support::ear::{Ear, Turn};
use crate::support::fixture::a_box;
use crate::support::{NOW_SECONDS, TestBox};

/// Changes the name of customer `number` to something new.
async fn rename(bx: &TestBox, number: usize, name: &str) {
    let path = format!("/customers/{number:024x}");
    bx.api()
        .put(path, json!({"firstName": name}))
        .await
        .expect(200);
}

async fn customers(bx: &TestBox, count: usize) {
    let customers: Vec<Value> = (0..count)
        .map(|n| json!({"login": format!("c{n}")}))
        .collect();
    bx.apply(json!({"customers": customers})).await;
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_by_the_clock() {
    let (till, ear, hook) = open(json!({}), json!({"events": ["payment.created"]})).await;
    let bx = &till.shop.bx;
    ear.next(&[Turn::Answer(500), Turn::Answer(302), Turn::Answer(404)]);
    till.pay("10").await;
    till.days(0).await;
    assert_eq!(hook.deliveries("").await, ["payment.created WAITING 1"]);
    let shown = hook.list("").await;
    assert_eq!(
        (&shown[0]["status"], &shown[0]["problem"]),
        (&json!(500), &json!("answered 500"))
    );
    bx.advance(59).await;
    assert_eq!(ear.collect().len(), 1);
    bx.advance(1).await;
    // What an answer leads to is not followed.
    assert_eq!(hook.deliveries("").await, ["payment.created WAITING 2"]);
    bx.advance(300).await;
    bx.advance(899).await;
    assert_eq!(hook.deliveries("").await, ["payment.created WAITING 3"]);
    bx.advance(1).await;
    assert_eq!(hook.deliveries("").await, ["payment.created DELIVERED 4"]);
    let heard = ear.collect();
    assert_eq!(
        heard.iter().map(|heard| heard.status).collect::<Vec<_>>(),
        [302, 404, 200]
    );
    assert_eq!(lines(&heard, &hook), vec!["payment.created 1"; 3]);
    let stamps: Vec<i64> = heard
        .iter()
        .map(|heard| heard.signed_by(&hook.secret).1)
        .collect();
    assert_eq!(
        stamps,
        [NOW_SECONDS + 60, NOW_SECONDS + 360, NOW_SECONDS + 1_260]
    );
    let mut bodies: Vec<String> = heard.into_iter().map(|heard| heard.body).collect();
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    till.days(4).await;
    assert!(ear.collect().is_empty());
}

#[tokio::test]
async fn after_three_days_it_is_dead_until_somebody_wants_it_again() {
    let (till, ear, hook) = open(json!({}), json!({"events": ["payment.created"]})).await;
    ear.always(Some(Turn::Answer(503)));
    till.pay("10").await;
    for _ in 0..16 {
        till.shop.bx.advance(DAY / 4).await;
    }
    let lines = hook.deliveries("?state=DEAD").await;
    assert_eq!(lines.len(), 1);
    let tried = ear.collect();
    assert!((10..20).contains(&tried.len()), "{}", tried.len());
    let name = tried[0].header("boxoffice-event").to_owned();
    till.days(1).await;
    assert!(ear.collect().is_empty());
    ear.always(None);
    assert_eq!(
        hook.post("deliveries/1/replay").await.expect(202)["state"],
        "WAITING"
    );
    till.days(0).await;
    // And what was taken is told again too.
    hook.post("deliveries/2/replay").await.expect(202);
    till.days(0).await;
    let heard = ear.collect();
    assert_eq!(heard.len(), 2);
    for heard in heard {
        assert_eq!(heard.header("boxoffice-event"), name);
        assert_eq!(heard.body, tried[0].body);
    }
    let states: Vec<Value> = hook
        .list("")
        .await
        .into_iter()
        .map(|of| of["state"].clone())
        .collect();
    assert_eq!(states, ["DELIVERED", "DELIVERED", "DEAD"]);
    assert_eq!(hook.deliveries("?state=DELIVERED&limit=1").await.len(), 1);
    assert_eq!(hook.post("deliveries/77/replay").await.status, 404);
    assert_eq!(hook.post("deliveries/x/replay").await.status, 404);
    prove(&till.shop.bx);
}

#[tokio::test]
async fn events_of_one_object_wait_for_each_other_and_for_nobody_else() {
    let bx = a_box().await;
    customers(&bx, 2).await;
    let ear = Ear::open().await;
    let hook = Hook::add(&bx, &ear, json!({})).await;
    ear.next(&[Turn::Answer(500)]);
    rename(&bx, 1, "one").await;
    bx.advance(0).await;
    rename(&bx, 1, "two").await;
    rename(&bx, 2, "other").await;
    rename(&bx, 1, "three").await;
    bx.advance(0).await;
    let names = |heard: &[super::Heard]| -> Vec<String> {
        let name = |heard: &super::Heard| {
            heard.json()["data"]["first_name"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        heard.iter().map(name).collect()
    };
    assert_eq!(names(&ear.collect()), ["one", "other"]);
    bx.advance(60).await;
    assert_eq!(names(&ear.collect()), ["one", "two", "three"]);
    // One that is dead lets the next one through.
    ear.always(Some(Turn::Answer(500)));
    rename(&bx, 1, "lost").await;
    for turn in 0..12 {
        bx.advance(DAY / 4).await;
        if turn == 4 {
            rename(&bx, 1, "last").await;
        }
    }
    ear.always(None);
    bx.advance(DAY / 4).await;
    let mut told = names(&ear.collect());
    told.dedup();
    assert_eq!(told, ["lost", "last"]);
    let dead = hook.deliveries("?state=DEAD").await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!(hook.deliveries("?state=WAITING").await.len(), 0);
    prove(&bx);
}

#[tokio::test]
async fn one_that_hangs_holds_nobody_up() {
    let bx = a_box().await;
    customers(&bx, 20).await;
    let (deaf, ear) = (Ear::open().await, Ear::open().await);
    deaf.always(Some(Turn::Hang));
    let silent = Hook::add(&bx, &deaf, json!({})).await;
    let hook = Hook::add(&bx, &ear, json!({})).await;
    for number in 1..=20 {
        rename(&bx, number, "new").await;
    }
    let begun = bx.app().stopwatch();
    let heard = ear.wait_for(20).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    lines(&heard, &hook);
    // At the deaf one no more than eight at a time are under way.
    assert_eq!(deaf.wait_for(8).await.len(), 8);
    assert_eq!(silent.deliveries("").await.len(), 20);
}

#[tokio::test]
async fn without_a_clock_that_is_moved_it_is_told_at_once() {
    let bx = a_box().await;
    customers(&bx, 1).await;
    let ear = Ear::open().await;
    let hook = Hook::add(&bx, &ear, json!({})).await;
    for turn in 0..20 {
        rename(&bx, 1, &format!("n{turn}")).await;
    }
    let heard = ear.wait_for(20).await;
    lines(&heard, &hook);
    let names: Vec<Value> = heard
        .iter()
        .map(|heard| heard.json()["data"]["first_name"].clone())
        .collect();
    let wanted: Vec<String> = (0..20).map(|turn| format!("n{turn}")).collect();
    assert_eq!(names, wanted);
}

#[tokio::test]
async fn a_restart_keeps_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let bx = a_box().in_folder(folder.path()).await;
    customers(&bx, 1).await;
    let ear = Ear::open().await;
    ear.always(Some(Turn::Answer(500)));
    let hook = Hook::add(&bx, &ear, json!({})).await;
    rename(&bx, 1, "one").await;
    bx.advance(0).await;
    rename(&bx, 1, "two").await;
    let before = ear.collect();
    let secret = hook.secret.clone();
    drop(hook);
    bx.stop().await;
    ear.always(None);
    let bx = a_box().in_folder(folder.path()).seed(2).await;
    bx.advance(60).await;
    let heard = ear.collect();
    let told: Vec<String> = heard.iter().map(super::Heard::line).collect();
    assert_eq!(told, ["customer.updated 1", "customer.updated 1"]);
    assert_eq!(heard[0].body, before[0].body);
    assert_eq!(heard[0].signed_by(&secret).0, 1);
    // And it goes on watching.
    rename(&bx, 1, "three").await;
    bx.advance(0).await;
    assert_eq!(ear.collect().len(), 1);
    prove(&bx);
}

/// The file as it stood when the box was cut off: nobody said good-bye.
#[tokio::test]
async fn a_box_that_is_cut_off_tells_what_it_had_committed() {
    let (folder, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bx = a_box().in_folder(folder.path()).await;
    customers(&bx, 1).await;
    let ear = Ear::open().await;
    ear.always(Some(Turn::Hang));
    let hook = Hook::add(&bx, &ear, json!({})).await;
    rename(&bx, 1, "one").await;
    rename(&bx, 1, "two").await;
    let before = ear.wait_for(1).await;
    let file = "boxoffice.redb";
    std::fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    ear.always(None);
    let cut_off = bx;
    let bx = a_box().in_folder(left.path()).seed(2).await;
    bx.advance(0).await;
    let heard = ear.collect();
    let names: Vec<Value> = heard
        .iter()
        .map(|heard| heard.json()["data"]["first_name"].clone())
        .collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(heard[0].body, before[0].body);
    assert_eq!(heard[0].signed_by(&hook.secret).0, 1);
    prove(&bx);
    drop(cut_off);
}

#[tokio::test]
async fn what_is_over_is_kept_for_three_days_and_what_is_dead_for_thirty() {
    let (till, ear, hook) = open(json!({}), json!({"events": ["payment.created"]})).await;
    ear.always(Some(Turn::Answer(500)));
    till.pay("10").await;
    for _ in 0..16 {
        till.shop.bx.advance(DAY / 4).await;
    }
    assert_eq!(hook.deliveries("?state=DEAD").await.len(), 1);
    ear.always(None);
    till.pay("10").await;
    till.days(0).await;
    till.days(2).await;
    assert_eq!(hook.list("").await.len(), 2);
    till.days(1).await;
    assert_eq!(hook.list("").await.len(), 1);
    till.days(25).await;
    assert_eq!(hook.deliveries("?state=DEAD").await.len(), 1);
    till.days(3).await;
    assert!(hook.list("").await.is_empty());
    let snapshot = till.shop.bx.app().store.read().unwrap();
    let events: Vec<boxoffice::domain::webhooks::event::HookEvent> =
        boxoffice::store::Read::all(&snapshot).unwrap();
    assert!(events.is_empty());
    prove(&till.shop.bx);
}

/// A clock that moves far, or an event that waited behind another one:
/// one failed try is not the end.
#[tokio::test]
async fn what_is_old_is_tried_more_than_once() {
    let (till, ear, hook) = open(json!({}), json!({"events": ["order.*"]})).await;
    till.pay("100").await;
    till.order().await;
    till.days(0).await;
    ear.collect();
    ear.next(&[Turn::Answer(500), Turn::Answer(500)]);
    till.days(40).await;
    assert_eq!(
        hook.deliveries("?state=WAITING").await,
        ["order.renewed WAITING 1"]
    );
    // It says when it happened, not when the clock began to move.
    assert_eq!(
        ear.collect()[0].json()["created"],
        "2026-02-28T10:00:00.000Z"
    );
    till.shop.bx.advance(60).await;
    till.shop.bx.advance(300).await;
    assert_eq!(ear.collect().len(), 2);
    assert!(hook.deliveries("?state=WAITING").await.is_empty());
    assert!(hook.deliveries("?state=DEAD").await.is_empty());
    prove(&till.shop.bx);
}

/// However much there is to remove, what happens is told meanwhile.
#[tokio::test]
async fn what_is_removed_holds_nobody_up() {
    use boxoffice::domain::values::delivery::DeliveryState;
    use boxoffice::domain::values::id::{HookEventId, WebhookId};
    use boxoffice::domain::values::time::Timestamp;
    use boxoffice::domain::webhooks::Delivery;
    use boxoffice::domain::webhooks::event::Subject;
    use boxoffice::store::{StoreError, Table};
    let bx = a_box().await;
    customers(&bx, 1).await;
    let ear = Ear::open().await;
    let hook = Hook::add(&bx, &ear, json!({})).await;
    let app = bx.app();
    let written = app.store.write(|tx| -> Result<(), StoreError> {
        let at = Timestamp::from_micros(0);
        let first = tx.next_ids::<boxoffice::domain::values::id::DeliveryId>(15_000)?;
        let old = (first..first + 15_000).map(|number| Delivery {
            id: boxoffice::domain::values::id::DeliveryId(number),
            webhook: WebhookId(1),
            event: HookEventId(1_000_000),
            subject: Subject::Customer,
            object: number,
            state: DeliveryState::Delivered,
            attempts: 1,
            created_at: at.expect("1970"),
            due_at: None,
            ended_at: at,
            status: 200,
            problem: String::new(),
        });
        tx.put_many(&old.collect::<Vec<Delivery>>())
    });
    written.await.expect("old deliveries");
    rename(&bx, 1, "new").await;
    let heard = ear.wait_for(1).await;
    let left = app.store.read().unwrap().rows(Table::Deliveries).unwrap();
    assert_eq!(lines(&heard, &hook), ["customer.updated 1"]);
    assert!(left > 1_000, "{left} are left");
}

/// How long a chunk keeps the writer is measured with what is noted for others.
#[tokio::test]
async fn a_chunk_is_measured_with_what_is_told_of_it() {
    use boxoffice::domain::customers::Customer;
    use boxoffice::store::Read as _;
    let bx = a_box().await;
    customers(&bx, 1_500).await;
    let ear = Ear::open().await;
    ear.always(Some(Turn::Hang));
    let hook = Hook::add(&bx, &ear, json!({})).await;
    let ctx = boxoffice::app::Ctx::system(bx.app());
    let timed = ctx.write_bulk_timed(|ctx, tx| {
        let watch = ctx.app.stopwatch();
        for customer in tx.all::<Customer>()? {
            let phones = vec!["+14165550101".to_owned()];
            tx.put(&Customer { phones, ..customer })?;
        }
        Ok(watch.elapsed().as_micros())
    });
    let (alone, micros) = timed.await.expect("a chunk");
    assert_eq!(hook.deliveries("?limit=1000").await.len(), 1_000);
    assert!(u128::from(micros) > alone * 5 / 4, "{micros} of {alone}");
}

/// More than are sent at once, and more than are noted at once: each is told, once.
#[tokio::test]
async fn many_are_told_and_noted_together() {
    let bx = a_box().await;
    let ear = Ear::open().await;
    let hook = Hook::add(&bx, &ear, json!({"events": ["customer.created"]})).await;
    customers(&bx, 700).await;
    bx.advance(0).await;
    let heard = ear.wait_for(700).await;
    let names: std::collections::BTreeSet<String> = lines(&heard, &hook).into_iter().collect();
    assert_eq!((heard.len(), names.len()), (700, 700));
    assert_eq!(
        hook.deliveries("?state=DELIVERED&limit=1000").await.len(),
        700
    );
    bx.advance(0).await;
    assert!(ear.collect().is_empty());
    prove(&bx);
}

/// One that died of age and is told again has its whole time anew, not one more try.
#[tokio::test]
async fn what_died_of_age_has_three_days_anew() {
    let (till, ear, hook) = open(json!({}), json!({"events": ["payment.created"]})).await;
    ear.always(Some(Turn::Answer(503)));
    till.pay("10").await;
    for _ in 0..16 {
        till.shop.bx.advance(DAY / 4).await;
    }
    assert_eq!(hook.deliveries("?state=DEAD").await.len(), 1);
    till.days(10).await;
    hook.post("deliveries/1/replay").await.expect(202);
    for _ in 0..11 {
        till.shop.bx.advance(DAY / 4).await;
        let waiting = hook.deliveries("?state=WAITING").await;
        assert_eq!(waiting.len(), 1, "{waiting:?}");
    }
    ear.always(None);
    ear.collect();
    till.days(1).await;
    assert_eq!(ear.collect().len(), 1);
    assert_eq!(hook.deliveries("?state=DELIVERED").await.len(), 1);
}
