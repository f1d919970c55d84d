//! What staff and payers do with orders while a run is held: nothing of it is a way around the
//! hold.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use boxoffice::app::Ctx;
use boxoffice::ops::billing::run::Pace;
use boxoffice::ops::schedule::work::work_guarded;
use serde_json::{Value, json};

use super::guard::{ByDay, lagging};
use super::{DAY, charge};
use crate::alphaott::{given, id_of};

const CUSTOMER: &str = "/console/api/customers/1";
const ORDERS: &str = "/customers/000000000000000000000001/orders";

/// Prepaid orders of one customer, started again after three months of downtime: three cycles of
/// each are due, and the run is held.
async fn held(folder: &Path, orders: usize, money: &str) -> (ByDay, Vec<Value>) {
    let monthly = json!({"duration": 1, "period": "MONTH", "charges": [charge("10.00")]});
    let till = lagging(folder, 100 * DAY, monthly).await;
    till.pay(money).await;
    let mut placed = Vec::new();
    for _ in 0..orders {
        placed.push(till.order().await);
    }
    let day = ByDay::from(till, folder, |config| config.payments.sandbox = true).await;
    day.held().await;
    (day, placed)
}

async fn act(day: &ByDay, order: &Value, verb: &str) {
    let path = format!("{CUSTOMER}/orders/{}/{verb}", id_of(order));
    let answer = day.bx.api().post(day.bx.url(&path), json!({})).await;
    answer.expect(200);
}

async fn set(day: &ByDay, order: &Value, status: &str) {
    let path = format!("{ORDERS}/{}", id_of(order));
    let answer = day.bx.api().put(path, json!({"status": status})).await;
    answer.expect(200);
}

/// Invoices of an order, newest first.
async fn invoices(day: &ByDay, order: &Value) -> Vec<Value> {
    let path = day.bx.url(&format!("{CUSTOMER}/invoices"));
    let all = given::list(day.bx.api().get(path).await.expect(200));
    let number = u64::from_str_radix(&id_of(order), 16).expect("a number");
    let of_order = |one: &Value| one["order"] == number;
    all.into_iter().filter(of_order).collect()
}

async fn work(day: &ByDay) {
    work_guarded(&day.ctx(), Pace::Now).await.expect("a run");
}

/// Billing runs, one right after the other, as when everybody wakes the scheduler.
async fn always_working(ctx: impl Fn() -> Ctx, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        work_guarded(&ctx(), Pace::Now).await.expect("a run");
        tokio::task::yield_now().await;
    }
}

/// Whatever takes the mark of the hold off an order: its other cycles wait for the run, and it is
/// served.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_change_of_an_order_is_a_way_around_the_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (day, orders) = held(folder.path(), 12, "1000").await;
    let stop = Arc::new(AtomicBool::new(false));
    let app = day.bx.app();
    let working = always_working(
        {
            let clock = app.clock.clone();
            move || Ctx {
                now: clock.now(),
                ..Ctx::system(Arc::clone(&app))
            }
        },
        Arc::clone(&stop),
    );
    let working = tokio::spawn(working);
    for (place, order) in orders.iter().enumerate() {
        match place % 3 {
            0 => act(&day, order, "renew").await,
            1 => {
                act(&day, order, "pause").await;
                act(&day, order, "resume").await;
            }
            _ => {
                set(&day, order, "INACTIVE").await;
                set(&day, order, "ACTTIVE").await;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    working.await.expect("runs");
    work(&day).await;
    let mut billed = Vec::new();
    for (place, order) in orders.iter().enumerate() {
        // A cycle that was asked for: early renewal, and switching on what is over.
        let asked = [1, 0, 1][place % 3];
        billed.push((place, invoices(&day, order).await.len() - 1, asked));
        let status = day.bx.api().get(format!("{ORDERS}/{}", id_of(order))).await;
        assert_eq!(status.expect(200)["status"], "ACTTIVE", "{place}");
    }
    assert!(
        billed.iter().all(|(_, found, asked)| found == asked),
        "{billed:?}"
    );
    let services = format!("{}/services?limit=100", ORDERS.trim_end_matches("/orders"));
    let services = given::list(day.bx.api().get(services).await.expect(200));
    let served = |one: &Value| one["status"] == "ACTIVE" && one["expires"].as_str() > Some("2");
    assert!(services.iter().all(served), "{services:#?}");
    let now = boxoffice::domain::values::time::Timestamp::to_rfc3339_millis(day.ctx().now);
    let open = |one: &Value| {
        one["expires"]
            .as_str()
            .is_some_and(|end| end > now.as_str())
    };
    assert!(services.iter().all(open), "{now} {services:#?}");
    super::prove(&day.bx);
}

/// Released, what waits is billed: of a renewed order two cycles more.
#[tokio::test]
async fn what_waits_after_an_early_renewal_is_billed_when_the_run_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let (day, orders) = held(folder.path(), 1, "1000").await;
    act(&day, &orders[0], "renew").await;
    work(&day).await;
    assert_eq!(invoices(&day, &orders[0]).await.len(), 2);
    let runs = day.bx.api().get(day.bx.url("/console/api/runs")).await;
    let runs = given::list(runs.expect(200));
    let stopped = runs.iter().find(|run| run["owners_told"].is_string());
    day.release(stopped.expect("the held run")).await;
    work(&day).await;
    work(&day).await;
    assert_eq!(invoices(&day, &orders[0]).await.len(), 4);
    super::prove(&day.bx);
}

/// Who pays on a page for an order that is held pays for the cycle that runs, as its dates have it:
/// no day of it is free, and the billing day stays.
#[tokio::test]
async fn a_page_for_a_held_order_pays_the_cycle_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (day, orders) = held(folder.path(), 1, "10").await;
    let wish = json!({"orderId": id_of(&orders[0])});
    let made = day
        .bx
        .api()
        .post(format!("{ORDERS}/hosted-page"), wish)
        .await;
    let made = made.expect(201);
    let url = day
        .bx
        .url(&format!("/pay/{}", made["id"].as_str().unwrap()));
    let form = "amount=10.00&currency=USD&method=sandbox&card=4242424242424242";
    let paid = day.bx.anonymous();
    let paid = paid.send("POST", url, Some(form.into()), &[]).await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    work(&day).await;
    let invoices = invoices(&day, &orders[0]).await;
    assert_eq!(invoices.len(), 2);
    let text = |of: &Value, key: &str| of[key].as_str().expect("a text").to_owned();
    let (from, to) = (text(&invoices[0], "from"), text(&invoices[0], "to"));
    let now = day.ctx().now.to_rfc3339_millis();
    assert!(from <= now && now < to, "{from} {now} {to}");
    let first = text(&invoices[1], "to");
    assert_eq!(from[10..], first[10..], "cycles go on as they did");
    let path = format!("{ORDERS}/{}", id_of(&orders[0]));
    let order = day.bx.api().get(path).await.expect(200);
    assert_eq!(order["nextBillingCycle"].as_str(), Some(to.as_str()));
    assert_eq!(order["status"], "ACTTIVE");
    super::prove(&day.bx);
}
