//! The guard against a run of unusual size. It works by the time of day only, so these boxes are filled
//! under a clock that lags behind and started again under the real one.

use std::path::Path;
use std::time::Duration;

use boxoffice::clock::Clock;
use boxoffice::config::Config;
use serde_json::{Value, json};

use super::pages::Page;
use super::{DAY, Till, charge};
use crate::alphaott::given;
use crate::support::TestBox;

const HOUR: i64 = 3_600;

/// A box whose clock stands so many seconds ago.
async fn lagging(folder: &Path, seconds: i64) -> Till {
    let now = Clock::System.now();
    let ago = now.saturating_add_seconds(-seconds);
    let sandbox = |config: &mut Config| config.payments.sandbox = true;
    let bx = TestBox::at(folder, 21, Clock::test(ago), sandbox).await;
    let ten_days = json!({"duration": 10, "period": "DAY", "billing": "POSTPAID"});
    Till::in_box(
        bx,
        given::merged(ten_days, json!({"charges": [charge("10.00")]})),
    )
    .await
}

/// The same box by the time of day, with the guard as it comes.
async fn by_day(till: Till, folder: &Path, change: impl FnOnce(&mut Config)) -> TestBox {
    let shop = till.shop;
    drop(shop.api);
    shop.bx.stop().await;
    TestBox::at(folder, 22, Clock::System, change).await
}

/// Waits for the newest run to fit.
async fn run(bx: &TestBox, fits: impl Fn(&Value) -> bool) -> Value {
    let url = bx.url("/console/api/runs");
    let mut seen = Value::Null;
    for _ in 0..2_000 {
        seen = bx.api().get(&url).await.expect(200);
        if seen.get(0).is_some_and(&fits) {
            return seen[0].clone();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no such run: {seen}");
}

async fn invoices(bx: &TestBox) -> usize {
    let url = bx.url("/console/api/customers/1/invoices");
    given::list(bx.api().get(url).await.expect(200)).len()
}

#[tokio::test]
async fn a_run_over_most_of_the_base_waits_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 10 * DAY + HOUR).await;
    for _ in 0..120 {
        till.order().await;
    }
    let bx = by_day(till, folder.path(), |_| {}).await;
    let stopped = run(&bx, |run| run["state"] == "STOPPED").await;
    let reason = stopped["reason"].as_str().unwrap();
    assert!(reason.contains("120 of 120 orders"), "{reason}");
    assert_eq!(invoices(&bx).await, 120, "nothing was charged");
    // Other work does not set it going.
    let manager = bx.with_header(&format!("JWT {}", bx.token("cashier").await));
    let release = bx.url(&format!("/console/api/runs/{}/release", stopped["id"]));
    assert_eq!(manager.post(&release, json!({})).await.status, 403);
    let customer = json!({"amount": "1", "method": "cash"});
    bx.api()
        .post(bx.url("/console/api/customers/1/payments"), customer)
        .await
        .expect(201);
    assert_eq!(invoices(&bx).await, 120);
    bx.api().post(&release, json!({})).await.expect(200);
    run(&bx, |run| {
        run["state"] == "DONE" && run["counts"]["renewed"] == 120
    })
    .await;
    assert_eq!(invoices(&bx).await, 240);
}

#[tokio::test]
async fn a_run_that_costs_many_times_what_was_usual_waits_too() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 11 * DAY + 12 * HOUR).await;
    till.order().await;
    till.shop.bx.advance(DAY).await;
    for _ in 0..110 {
        till.order().await;
    }
    // The first is renewed as every day; the others are due after that.
    till.shop.bx.advance(9 * DAY + HOUR).await;
    let bx = by_day(till, folder.path(), |config| {
        config.billing.guard_share_percent = 100;
    })
    .await;
    let stopped = run(&bx, |run| run["state"] == "STOPPED").await;
    let reason = stopped["reason"].as_str().unwrap();
    assert!(reason.contains("more than 5 times"), "{reason}");
    assert_eq!(invoices(&bx).await, 112);
}

#[tokio::test]
async fn a_box_that_does_not_want_it_is_not_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 10 * DAY + HOUR).await;
    for _ in 0..120 {
        till.order().await;
    }
    let bx = by_day(till, folder.path(), |config| {
        config.billing.guard = false;
    })
    .await;
    run(&bx, |run| run["counts"]["renewed"] == 120).await;
    assert_eq!(invoices(&bx).await, 240);
}

/// What a person or a provider decided goes on: it is no part of the run.
#[tokio::test]
async fn payments_under_way_go_on_while_a_run_waits() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 10 * DAY + HOUR).await;
    let over = Clock::System.now().saturating_add_seconds(-DAY);
    let over = over.to_rfc3339_millis()[..10].to_owned();
    let paid_until = json!({"login": "77", "end_date": over});
    till.shop.bx.apply(json!({"customers": [paid_until]})).await;
    // Before the others: an offer that is owed for is paid on its own page.
    let page = Page::of(till).await;
    for _ in 0..120 {
        page.till.order().await;
    }
    let sent = page.submit("10.00", "sandbox&card=4000000000000077").await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let bx = by_day(page.till, folder.path(), |config| {
        config.stalker.internal_billing = true;
    })
    .await;
    run(&bx, |run| run["state"] == "STOPPED").await;
    let api = bx.api();
    let path = "/customers/000000000000000000000001/orders";
    let path = format!("{path}/{:024x}", 1);
    for _ in 0..2_000 {
        let order = api.get(&path).await.expect(200);
        let end = api.get("/customers/000000000000000000000002").await;
        let end = end.expect(200);
        if order["status"] == "ACTTIVE" && end["status"] == "INACTIVE" {
            assert_eq!(invoices(&bx).await, 121, "nothing else was charged");
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the payment stands still");
}
