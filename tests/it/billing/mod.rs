//! Money: orders that renew, are not paid, are paid again; pages, vouchers, invoices. Black box
//! under a clock that is moved by hand. Numbers like "edge 5" are those of the list of edge cases
//! that bit other engines.

mod ahead;
mod books;
mod canceled;
mod credit;
mod currency;
mod cycles;
mod dates;
mod debts;
mod demo;
mod disputes;
mod dunning;
mod effects;
mod eligible;
mod extending;
mod given_up;
mod grace;
mod guard;
mod guard_meetings;
mod ledger;
mod ledger_files;
mod life;
mod mail;
mod meetings;
mod owners;
pub mod pages;
mod papers;
mod past;
mod payers;
mod prices;
mod promises;
mod provision;
mod pulled_forward;
mod reopening;
mod repeats;
mod report;
mod returned;
mod revenue;
mod scattered;
mod sent_back;
mod stripe;
mod suspended;
mod tax;
mod twins;
mod upgrades;
mod vouchers;

use serde_json::{Value, json};

use crate::alphaott::given::{self, Shop};
use crate::alphaott::id_of;
use crate::support::{Answer, TestBox};

pub const DAY: i64 = 86_400;

/// A shop whose offer is 10.00 USD a month, prepaid, and its customer's till.
pub struct Till {
    pub shop: Shop,
}

impl Till {
    /// The offer with these members.
    pub async fn in_box(bx: TestBox, offer: Value) -> Till {
        let mut shop = Shop::open_in(bx).await;
        shop.offer = monthly(&shop, offer).await;
        Till { shop }
    }

    /// Takes a token that outlives a long test.
    pub async fn stay(&mut self) {
        let token = self.shop.bx.token_for("manager", 25 * 366 * DAY).await;
        self.shop.api = self.shop.bx.with_header(&format!("JWT {token}"));
    }

    /// An order with its services, opened as active.
    pub async fn order(&self) -> Value {
        self.order_of(json!({})).await
    }

    pub async fn order_of(&self, extra: Value) -> Value {
        let services = json!({"createCustomerServices": true});
        self.shop.place(given::merged(services, extra)).await
    }

    pub fn console(&self, path: &str) -> String {
        self.shop.bx.url(&format!("/console/api/{path}"))
    }

    pub fn of_customer(&self, rest: &str) -> String {
        self.console(&format!("customers/{}/{rest}", self.shop.customer))
    }

    pub async fn pay(&self, amount: &str) -> Value {
        let body = json!({"amount": amount, "method": "cash"});
        let path = self.of_customer("payments");
        self.shop.api.post(path, body).await.expect(201)
    }

    /// `pause`, `resume`, `renew`, `end` or `change` of an order.
    pub async fn act(&self, order: &Value, verb: &str, body: Value) -> Answer {
        let path = self.of_customer(&format!("orders/{}/{verb}", id_of(order)));
        self.shop.api.post(path, body).await
    }

    /// The balance as a text with two decimals.
    pub async fn balance(&self) -> String {
        let path = self.shop.of_customer("account/balance");
        let balance = self.shop.api.get(path).await.expect(200);
        format!("{:.2}", balance["amount"].as_f64().expect("a number"))
    }

    /// Invoices and credit notes, oldest first: `1 INVOICE 0 10.00`.
    pub async fn invoices(&self) -> Vec<String> {
        let path = self.of_customer("invoices");
        let invoices = given::list(self.shop.api.get(path).await.expect(200));
        let text = |key: &str, of: &Value| match &of[key] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        let line = |of: &Value| {
            let parts = ["number", "kind", "cycle", "total"].map(|key| text(key, of));
            parts.join(" ")
        };
        invoices.iter().rev().map(line).collect()
    }

    pub async fn customer_status(&self) -> String {
        let path = format!("/customers/{}", self.shop.customer);
        let customer = self.shop.api.get(path).await.expect(200);
        customer["status"].as_str().expect("a status").to_owned()
    }

    /// Status, next cycle and end of an order: `ACTTIVE 2026-02-28 2026-02-28`.
    pub async fn state(&self, order: &Value) -> String {
        let order = self.shop.order(order).await;
        let day = |key: &str| order[key].as_str().map_or("-", |at| &at[..10]).to_owned();
        format!(
            "{} {} {}",
            order["status"].as_str().expect("a status"),
            day("nextBillingCycle"),
            day("expires")
        )
    }

    /// The statuses of all services, each once.
    pub async fn services(&self) -> String {
        let services = self.shop.services().await;
        let mut statuses: Vec<&str> = services
            .iter()
            .filter_map(|service| service["status"].as_str())
            .collect();
        statuses.sort_unstable();
        statuses.dedup();
        statuses.join(" ")
    }

    pub async fn days(&self, days: i64) {
        let by = json!({"advance_seconds": days * DAY});
        let answer = self.shop.api.post(self.console("test-clock"), by).await;
        answer.expect(200);
    }

    /// Proves the file: indexes, journal, totals, numbers.
    pub fn prove(&self) {
        prove(&self.shop.bx);
    }
}

pub fn prove(bx: &TestBox) {
    let ctx = boxoffice::app::Ctx::system(bx.app());
    let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// Another offer of the shop's product.
pub async fn monthly(shop: &Shop, extra: Value) -> String {
    let base = json!({
        "title": "Monthly", "type": "RECURRING", "duration": 1, "period": "MONTH",
        "charges": [charge("10.00")],
    });
    let offer = given::offer(&shop.api, &shop.product, given::merged(base, extra)).await;
    id_of(&offer)
}

pub fn charge(amount: &str) -> Value {
    json!({"type": "RECURRING", "title": "TV", "amount": amount, "currency": "USD"})
}
