//! The guard against a run that looks like a mistake. It works by the time of day only: these boxes
//! are filled under a clock that lags behind and started again under one that is shifted by hand.

use std::path::Path;

use boxoffice::app::clock::Clock;
use boxoffice::config::Config;
use serde_json::{Value, json};

use super::pages::Page;
use super::{DAY, Till, charge};
use crate::alphaott::{given, id_of};
use crate::support::fixture::{a_box, a_till_selling};
use crate::support::{TestBox, eventually};

const HOUR: i64 = 3_600;

/// A postpaid offer of 10.00 for ten days.
fn ten_days() -> Value {
    json!({"duration": 10, "period": "DAY", "billing": "POSTPAID", "charges": [charge("10.00")]})
}

pub fn monthly() -> Value {
    json!({"duration": 1, "period": "MONTH", "billing": "POSTPAID", "charges": [charge("10.00")]})
}

/// A box whose clock stands so many seconds ago.
pub async fn lagging(folder: &Path, seconds: i64, offer: Value) -> Till {
    let now = Clock::System.now();
    let ago = now.saturating_add_seconds(-seconds);
    let sandbox = |config: &mut Config| config.payments.sandbox = true;
    a_till_selling(offer)
        .in_folder(folder)
        .seed(21)
        .by_clock(Clock::test(ago))
        .set(sandbox)
        .await
}

/// A box by the time of day, with the guard as it comes, whose clock can be shifted.
pub struct ByDay {
    pub bx: TestBox,
    clock: Clock,
    offer: String,
    product: String,
}

impl ByDay {
    /// The same box.
    pub async fn from(till: Till, folder: &Path, change: impl FnOnce(&mut Config) + Send) -> ByDay {
        let shop = till.shop;
        let (offer, product) = (shop.offer.clone(), shop.product.clone());
        drop(shop.api);
        shop.bx.stop().await;
        let clock = Clock::shifted();
        // In the morning, whenever the tests run: the evening's forecast would come between.
        let morning = clock.now().seconds().rem_euclid(DAY);
        clock.shift((10 * HOUR - morning).rem_euclid(DAY));
        let bx = a_box()
            .in_folder(folder)
            .seed(22)
            .by_clock(clock.clone())
            .set(change)
            .await;
        ByDay {
            bx,
            clock,
            offer,
            product,
        }
    }

    /// Stopped and started anew.
    pub async fn again(self, folder: &Path, change: impl FnOnce(&mut Config) + Send) -> ByDay {
        self.bx.stop().await;
        let bx = a_box()
            .in_folder(folder)
            .seed(23)
            .by_clock(self.clock.clone())
            .set(change)
            .await;
        ByDay { bx, ..self }
    }

    /// A new one, which has made its first forecast.
    async fn open(folder: &Path, offer: Value) -> ByDay {
        let till = lagging(folder, 60, offer).await;
        let day = ByDay::from(till, folder, |_| {}).await;
        eventually("a forecast", async || {
            let guard = boxoffice::ops::billing::guard::expected(&day.ctx()).unwrap();
            guard.is_some().then_some(())
        })
        .await;
        day
    }

    pub fn ctx(&self) -> boxoffice::app::Ctx {
        boxoffice::app::Ctx::system(self.bx.app())
    }

    pub fn shift(&self, seconds: i64) {
        self.clock.shift(seconds);
        self.bx.app().wake_jobs();
    }

    fn now(&self) -> boxoffice::domain::values::time::Timestamp {
        self.clock.now()
    }

    async fn runs(&self) -> Vec<Value> {
        given::list(
            self.bx
                .api()
                .get(self.bx.url("/console/api/runs"))
                .await
                .expect(200),
        )
    }

    /// Waits for a run that fits.
    async fn run(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let found = async || self.runs().await.into_iter().find(&fits);
        eventually(what, found).await
    }

    /// Waits for a held run of which owners were told: all of its orders wait then.
    pub async fn held(&self) -> Value {
        let run = self
            .run("a held run", |run| run["owners_told"].is_string())
            .await;
        let ready = self.bx.anonymous().get(self.bx.url("/readyz")).await;
        assert!(
            ready.text.starts_with("ready\nbilling run"),
            "{}",
            ready.text
        );
        run
    }

    pub async fn release(&self, run: &Value) {
        let path = format!("/console/api/runs/{}/release", run["id"]);
        let path = self.bx.url(&path);
        self.bx.api().post(&path, json!({})).await.expect(200);
    }

    /// Invoices of the first customer, newest first.
    async fn invoices(&self) -> Vec<Value> {
        let path = self.bx.url("/console/api/customers/1/invoices");
        given::list(self.bx.api().get(path).await.expect(200))
    }

    async fn order(&self, extra: Value) -> Value {
        let body = json!({"offer": self.offer, "createCustomerServices": true});
        let path = "/customers/000000000000000000000001/orders";
        let answer = self.bx.api().post(path, given::merged(body, extra)).await;
        answer.expect(201)
    }

    async fn order_again(&self, order: &Value) -> Value {
        let path = format!(
            "/customers/000000000000000000000001/orders/{}",
            id_of(order)
        );
        self.bx.api().get(path).await.expect(200)
    }

    /// Statuses of the first customer's orders and services, each once.
    async fn statuses(&self) -> String {
        let mut found = Vec::new();
        for what in ["orders", "services"] {
            let path = format!("/customers/000000000000000000000001/{what}?limit=100");
            let list = given::list(self.bx.api().get(path).await.expect(200));
            let mut statuses: Vec<String> = list
                .iter()
                .filter_map(|one| one["status"].as_str().map(str::to_owned))
                .collect();
            statuses.sort_unstable();
            statuses.dedup();
            found.push(statuses.join("+"));
        }
        found.join(" ")
    }

    async fn price(&self, amount: &str) {
        let path = format!("/product-specs/{}/offers/{}", self.product, self.offer);
        let price = json!({"charges": [charge(amount)], "priceChange": "NEXT_CYCLE"});
        self.bx.api().put(path, price).await.expect(200);
    }

    /// When an order that is paid elsewhere until in an hour.
    fn in_an_hour(&self) -> Value {
        json!({"paidUntil": self.now().saturating_add_seconds(HOUR).to_rfc3339_millis()})
    }
}

/// Everybody is due at once, also after downtime: that is what the first of a month is like.
#[tokio::test]
async fn an_ordinary_peak_is_never_held() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 10 * DAY + HOUR, ten_days()).await;
    for _ in 0..120 {
        till.order().await;
    }
    let day = ByDay::from(till, folder.path(), |_| {}).await;
    day.run("the run", |run| run["counts"]["renewed"] == 120)
        .await;
    assert_eq!(day.invoices().await.len(), 240);
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    assert!(day.runs().await.iter().all(|run| run["state"] == "DONE"));
}

/// Three months of downtime: three cycles of an order are for a person to look at. Nobody is cut
/// off.
#[tokio::test]
async fn many_missed_cycles_wait_for_a_person_and_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 100 * DAY, monthly()).await;
    till.pay("10").await;
    let order = till.order().await;
    let day = ByDay::from(till, folder.path(), |_| {}).await;
    let stopped = day.held().await;
    let reason = stopped["reason"].as_str().unwrap();
    assert!(
        reason.contains("order 1 of customer 1 would be billed for 3 cycles"),
        "{reason}"
    );
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    assert_eq!(day.invoices().await.len(), 1, "nothing was charged");
    let runs = day.runs().await;
    assert_eq!(runs[0]["held_orders"], 1);
    assert!(runs[0]["decides_at"].is_string());
    // Neither does anything else bill it.
    let path = format!(
        "/customers/000000000000000000000001/orders/{}",
        id_of(&order)
    );
    day.bx
        .api()
        .put(&path, json!({"status": "ACTTIVE"}))
        .await
        .expect(200);
    let cashier = day.bx.client_of("cashier").await;
    let release = day
        .bx
        .url(&format!("/console/api/runs/{}/release", stopped["id"]));
    assert_eq!(cashier.post(&release, json!({})).await.status, 403);
    let money = json!({"amount": "1", "method": "cash"});
    let pay = day.bx.url("/console/api/customers/1/payments");
    day.bx.api().post(pay, money).await.expect(201);
    assert_eq!(day.invoices().await.len(), 1);
    assert!(stopped["released_by"].is_null(), "{stopped}");
    day.release(&stopped).await;
    let done = day
        .run("the work", |run| {
            run["state"] == "DONE" && run["counts"]["renewed"] == 3
        })
        .await;
    // Who let it go on is said of it also when it is done.
    assert_eq!(done["id"], stopped["id"]);
    let by = done["released_by"].as_str().expect("somebody");
    assert!(by.starts_with("token manager"), "{by}");
    assert_eq!(day.invoices().await.len(), 4);
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    let ready = day.bx.anonymous().get(day.bx.url("/readyz")).await;
    assert_eq!(ready.text, "ready\n");
}

/// What nobody says anything about for a week: one cycle, the one that runs, and the others are
/// given away.
#[tokio::test]
async fn after_a_week_the_running_cycle_alone_is_billed() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 100 * DAY, monthly()).await;
    till.pay("10").await;
    let order = till.order().await;
    let day = ByDay::from(till, folder.path(), |_| {}).await;
    day.held().await;
    day.shift(73 * HOUR);
    eventually("the second alarm", async || {
        let eased = boxoffice::ops::billing::held_run::held(&day.ctx()).unwrap()?;
        matches!(
            eased.run.state,
            boxoffice::domain::billing::run::RunState::Eased { .. }
        )
        .then_some(())
    })
    .await;
    assert_eq!(day.invoices().await.len(), 1, "it is doubtful still");
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    day.shift(96 * HOUR);
    day.run("the end", |run| {
        run["state"] == "DONE" && run["counts"]["renewed"] == 1 && run["released_by"].is_null()
    })
    .await;
    let invoices = day.invoices().await;
    assert_eq!(invoices.len(), 2);
    let now = day.now().to_rfc3339_millis();
    let (from, to) = (
        invoices[0]["from"].as_str().unwrap(),
        invoices[0]["to"].as_str().unwrap(),
    );
    assert!(
        from <= now.as_str() && now.as_str() < to,
        "{from} {now} {to}"
    );
    assert_eq!(day.order_again(&order).await["status"], "ACTTIVE");
}

/// Much more than the forecast of the day: an import that went wrong. It is held at once, people
/// hear of it everywhere, and after three days whatever is not doubtful by itself is worked.
#[tokio::test]
async fn a_run_far_beyond_the_forecast_is_held_and_eased() {
    let folder = tempfile::tempdir().unwrap();
    let day = ByDay::open(folder.path(), ten_days()).await;
    for _ in 0..125 {
        day.order(day.in_an_hour()).await;
    }
    assert_eq!(day.invoices().await.len(), 0, "it was paid elsewhere");
    day.shift(2 * HOUR);
    let stopped = day.held().await;
    let reason = stopped["reason"].as_str().unwrap();
    assert!(
        reason.contains("125 orders would be billed USD 1,250.00 today"),
        "{reason}"
    );
    assert!(
        reason.contains("more than 5 times the USD 0.00"),
        "{reason}"
    );
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    let metrics = day.bx.anonymous().get(day.bx.url("/metrics")).await.text;
    assert!(
        metrics.contains("boxoffice_billing_runs_held 1\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("boxoffice_billing_orders_held 125\n"),
        "{metrics}"
    );
    // An order that becomes due meanwhile waits with them.
    day.order(day.in_an_hour()).await;
    day.shift(2 * HOUR);
    eventually("the next one", async || {
        (day.runs().await[0]["held_orders"] == 126).then_some(())
    })
    .await;
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    assert_eq!(day.invoices().await.len(), 0);
    day.shift(71 * HOUR);
    day.run("the work", |run| {
        run["state"] == "DONE" && run["counts"]["renewed"] == 126
    })
    .await;
    assert_eq!(day.invoices().await.len(), 126);
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
}

/// Neither a few orders nor little money are held by the multiple alone.
#[tokio::test]
async fn a_small_run_is_not_held_by_the_multiple() {
    let folder = tempfile::tempdir().unwrap();
    let day = ByDay::open(folder.path(), ten_days()).await;
    for _ in 0..99 {
        day.order(day.in_an_hour()).await;
    }
    day.shift(2 * HOUR);
    day.run("the run", |run| {
        run["state"] == "DONE" && run["counts"]["renewed"] == 99
    })
    .await;
}

/// A price ten times as high: held for a single order, billed at the corrected price once it is
/// corrected.
#[tokio::test]
async fn a_price_that_jumped_is_held_until_it_is_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let day = ByDay::open(folder.path(), ten_days()).await;
    day.order(day.in_an_hour()).await;
    day.price("100.00").await;
    day.shift(2 * HOUR);
    let stopped = day.held().await;
    let reason = stopped["reason"].as_str().unwrap();
    assert!(reason.contains("from USD 10.00 to USD 100.00"), "{reason}");
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    day.price("11.00").await;
    day.release(&stopped).await;
    day.run("the work", |run| {
        run["state"] == "DONE" && run["counts"]["renewed"] == 1
    })
    .await;
    assert_eq!(day.invoices().await[0]["total"], "11.00");
}

/// Nobody says anything: never the doubtful price. And half as much again is no doubtful one.
#[tokio::test]
async fn a_price_that_jumped_is_never_billed_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let day = ByDay::open(folder.path(), ten_days()).await;
    day.order(day.in_an_hour()).await;
    day.price("100.00").await;
    day.shift(2 * HOUR);
    day.held().await;
    day.shift(7 * DAY);
    day.run("the end", |run| {
        run["state"] == "DONE" && run["counts"]["renewed"] == 1
    })
    .await;
    assert_eq!(day.invoices().await[0]["total"], "10.00");
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    // The next cycle comes: a dear price that a person lets go is accepted from then on.
    day.price("15.00").await;
    day.shift(10 * DAY);
    let jumped = day.held().await;
    assert!(
        jumped["reason"].as_str().unwrap().contains("clock"),
        "{jumped}"
    );
    day.release(&jumped).await;
    day.run("the work", |run| {
        run["id"] == jumped["id"] && run["state"] == "DONE" && run["counts"]["renewed"] == 1
    })
    .await;
    assert_eq!(day.invoices().await[0]["total"], "15.00");
}

/// A clock that jumps ends and bills nothing; put right, it is as if it had never been.
#[tokio::test]
async fn a_clock_that_jumps_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let day = ByDay::open(folder.path(), ten_days()).await;
    let renews = day.order(json!({})).await;
    let once = day.order(json!({"type": "ONE_TIME"})).await;
    let canceled = day.order(json!({})).await;
    let path = format!(
        "/customers/000000000000000000000001/orders/{}",
        id_of(&canceled)
    );
    day.bx
        .api()
        .put(&path, json!({"status": "CANCELED"}))
        .await
        .expect(200);
    let (renews, once) = (day.order_again(&renews).await, day.order_again(&once).await);
    let before = day.invoices().await;
    day.shift(12 * DAY);
    let stopped = day.held().await;
    let reason = stopped["reason"].as_str().unwrap();
    assert!(reason.contains("jumped forward by 12 days"), "{reason}");
    assert_eq!(day.statuses().await, "ACTTIVE+CANCELED ACTIVE");
    assert_eq!(day.invoices().await, before);
    day.shift(-12 * DAY);
    day.run("the end", |run| run["state"] == "DONE").await;
    eventually("no hold", async || {
        boxoffice::ops::billing::held_run::held(&day.ctx())
            .unwrap()
            .is_none()
            .then_some(())
    })
    .await;
    assert_eq!(day.statuses().await, "ACTTIVE+CANCELED ACTIVE");
    assert_eq!(day.invoices().await, before);
    for order in [&renews, &once] {
        let now = day.order_again(order).await;
        assert_eq!(now["expires"], order["expires"]);
        assert_eq!(now["nextBillingCycle"], order["nextBillingCycle"]);
    }
}

/// What a hold of bills has nothing to do with goes on: ends, payments, early renewals.
#[tokio::test]
async fn a_hold_of_bills_lets_everything_else_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let day = ByDay::open(folder.path(), ten_days()).await;
    let held = day.order(day.in_an_hour()).await;
    let other = day.order(day.in_an_hour()).await;
    let over = day.order(day.in_an_hour()).await;
    let path = format!(
        "/customers/000000000000000000000001/orders/{}",
        id_of(&over)
    );
    day.bx
        .api()
        .put(&path, json!({"status": "CANCELED"}))
        .await
        .expect(200);
    day.price("100.00").await;
    day.shift(2 * HOUR);
    day.held().await;
    eventually("its end", async || {
        let services = day
            .bx
            .api()
            .get("/customers/000000000000000000000001/services")
            .await;
        let services = given::list(services.expect(200));
        (services.iter().any(|one| one["status"] == "EXPIRED")).then_some(())
    })
    .await;
    // A payer who wants it may: what is held is the run, not they.
    let money = json!({"amount": "100", "method": "cash"});
    let pay = day.bx.url("/console/api/customers/1/payments");
    day.bx.api().post(pay, money).await.expect(201);
    assert_eq!(day.invoices().await.len(), 0);
    let renew = format!("/console/api/customers/1/orders/{}/renew", id_of(&held));
    day.bx
        .api()
        .post(day.bx.url(&renew), json!({}))
        .await
        .expect(200);
    assert_eq!(day.invoices().await.len(), 1);
    // One that is given up meanwhile ends: it was paid until then.
    let path = format!(
        "/customers/000000000000000000000001/orders/{}",
        id_of(&other)
    );
    day.bx
        .api()
        .put(&path, json!({"status": "CANCELED"}))
        .await
        .expect(200);
    day.shift(73 * HOUR);
    day.run("the end", |run| run["state"] == "DONE").await;
    assert_eq!(day.invoices().await.len(), 1);
    assert_eq!(day.order_again(&held).await["status"], "ACTTIVE");
}

#[tokio::test]
async fn a_hold_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let day = ByDay::open(folder.path(), ten_days()).await;
    day.order(day.in_an_hour()).await;
    day.price("100.00").await;
    day.shift(2 * HOUR);
    let stopped = day.held().await;
    let day = day.again(folder.path(), |_| {}).await;
    assert_eq!(day.held().await["id"], stopped["id"]);
    assert_eq!(day.statuses().await, "ACTTIVE ACTIVE");
    assert_eq!(day.invoices().await.len(), 0);
}

#[tokio::test]
async fn a_box_that_does_not_want_it_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 100 * DAY, monthly()).await;
    till.pay("10").await;
    till.order().await;
    let day = ByDay::from(till, folder.path(), |config| config.billing.guard = false).await;
    day.run("the run", |run| run["counts"]["renewed"] == 3)
        .await;
    assert_eq!(day.invoices().await.len(), 4);
}

/// Switched off while a run is held: it goes on.
#[tokio::test]
async fn switching_it_off_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 100 * DAY, monthly()).await;
    till.pay("10").await;
    till.order().await;
    let day = ByDay::from(till, folder.path(), |_| {}).await;
    day.held().await;
    let day = day
        .again(folder.path(), |config| config.billing.guard = false)
        .await;
    day.run("the run", |run| run["counts"]["renewed"] == 3)
        .await;
    assert_eq!(day.invoices().await.len(), 4);
}

/// What a person or a provider decided goes on: it is no part of the run.
#[tokio::test]
async fn payments_under_way_go_on_while_a_run_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let till = lagging(folder.path(), 100 * DAY, monthly()).await;
    let over = Clock::System.now().saturating_add_seconds(-DAY);
    let over = over.to_rfc3339_millis()[..10].to_owned();
    let paid_until = json!({"login": "77", "end_date": over});
    till.shop.bx.apply(json!({"customers": [paid_until]})).await;
    // Before the other: an offer that is owed for is paid on its own page.
    let page = Page::of(till).await;
    page.till.order().await;
    let sent = page.submit("10.00", "sandbox&card=4000000000000077").await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let day = ByDay::from(page.till, folder.path(), |config| {
        config.stalker.internal_billing = true;
    })
    .await;
    day.held().await;
    let first = json!({"_id": format!("{:024x}", 1)});
    eventually("the payment and the end", async || {
        let order = day.order_again(&first).await;
        let end = day
            .bx
            .api()
            .get("/customers/000000000000000000000002")
            .await;
        let end = end.expect(200);
        (order["status"] == "ACTTIVE" && end["status"] == "INACTIVE").then_some(())
    })
    .await;
    assert_eq!(day.invoices().await.len(), 2, "nothing else was charged");
}
