//! The MarketONE OTT API, black box, written from its reference alone. "§" in the comments of this
//! folder means that reference; X2, X4, … are its cases.

mod backend;
mod charges;
mod closing;
mod edge;
mod model;
mod notifications;
mod pin_model;
mod pins;
mod previews;
mod repeats;
mod settlement;
mod shares;
mod subscriptions;
mod trust;
mod wrong_pins;

use boxoffice::domain::values::minor::Minor;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestBox};

/// The accounts of the reference's cases: postpaid, prepaid with 5.00, ceased, suspended and
/// unpaid, suspended for another reason, barred, with 20.00 left of a limit.
pub const P1: &str = "+14165550101";
pub const P2: &str = "+14165550102";
pub const P3: &str = "+14165550103";
pub const P4: &str = "+14165550104";
pub const P5: &str = "+14165550105";
pub const P6: &str = "+14165550106";
pub const P7: &str = "+14165550107";

pub fn fixture() -> Value {
    let customer = |number: u32, phone: &str, more: Value| {
        let base = json!({"login": format!("p{number}"), "phones": [phone]});
        crate::alphaott::given::merged(base, more)
    };
    json!({
        "provider": {"name": "Example TV", "currency": "USD", "time_zone": "UTC"},
        "partners": [
            {"key": "NFLX", "name": "A", "api_key": "key-a",
             "products": [{"code": "NFLX-STD", "title": "Monthly"}],
             "currencies": ["USD", "JPY"], "refunds": true, "per_charge_limit": "50.00",
             "share": "70"},
            {"key": "GOOG", "name": "B", "api_key": "key-b", "currencies": ["USD"]},
            {"key": "GONE", "name": "C", "api_key": "key-c", "on": false, "currencies": ["USD"]},
        ],
        "customers": [
            customer(1, P1, json!({"email": "user@example.com"})),
            customer(2, P2, json!({"carrier": {"type": "prepaid"}, "opening_balance": "5.00"})),
            customer(3, P3, json!({"status": "INACTIVE"})),
            customer(4, P4, json!({"status": "SUSPENDED_BY_BILLING"})),
            customer(5, P5, json!({"status": "SUSPENDED_BY_CUSTOMER"})),
            customer(6, P6, json!({"carrier": {"type": "postpaid", "barred": true}})),
            customer(7, P7, json!({"carrier": {"type": "postpaid", "monthly_limit": "20.00"}})),
        ],
    })
}

/// A box with the accounts of the cases, and two partners that call it.
pub struct Hub {
    pub bx: TestBox,
    pub a: Partner,
    pub b: Partner,
}

/// A partner that calls.
#[derive(Clone)]
pub struct Partner {
    client: Client,
    origin: String,
    key: String,
}

/// The bare number of minor units.
fn number(minor: Minor) -> i64 {
    i64::try_from(i128::from(minor)).expect("a number that is stored")
}

impl Hub {
    pub fn of(bx: TestBox) -> Hub {
        let (a, b) = (Partner::of(&bx, "key-a"), Partner::of(&bx, "key-b"));
        Hub { bx, a, b }
    }

    /// What every account holds, in minor units of USD, by the name of the account.
    pub fn books(&self) -> std::collections::BTreeMap<String, i64> {
        use boxoffice::domain::billing::journal::AccountTotal;
        use boxoffice::store::Read as _;
        let app = self.bx.app();
        let snapshot = app.store.read().expect("a snapshot");
        let totals: Vec<AccountTotal> = snapshot.all().expect("totals");
        let held = |total: &AccountTotal| total.credit_minor != 0;
        let named = |total: AccountTotal| (total.account.to_string(), number(total.credit_minor));
        totals.into_iter().filter(held).map(named).collect()
    }

    /// What one account holds in one currency, in minor units.
    pub fn held(&self, account: &str, currency: &str) -> i64 {
        use boxoffice::domain::billing::journal::AccountTotal;
        use boxoffice::store::Read as _;
        let app = self.bx.app();
        let snapshot = app.store.read().expect("a snapshot");
        let totals: Vec<AccountTotal> = snapshot.all().expect("totals");
        let mut totals = totals.iter().filter(|total| {
            total.account.to_string() == account && total.currency.as_str() == currency
        });
        totals.next().map_or(0, |total| number(total.credit_minor))
    }

    pub fn prove(&self) {
        let ctx = boxoffice::app::Ctx::system(self.bx.app());
        let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    }
}

impl Partner {
    pub fn of(bx: &TestBox, key: &str) -> Partner {
        Partner {
            client: bx.anonymous(),
            origin: bx.url("/marketone/v1"),
            key: key.to_owned(),
        }
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers = vec![("x-api-key", self.key.as_str())];
        headers.extend_from_slice(more);
        let url = format!("{}{path}", self.origin);
        self.client.send(method, url, body, &headers).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.text(path, &body.to_string()).await
    }

    pub async fn text(&self, path: &str, body: &str) -> Answer {
        let json = [("content-type", "application/json")];
        self.send("POST", path, Some(body.into()), &json).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[]).await
    }

    pub async fn validate(&self, account: &str) -> Answer {
        let body = json!({"accountIdentifier": account});
        self.post("/account/validate", &body).await
    }

    pub async fn charge(&self, body: &Value) -> Answer {
        self.post("/transaction", body).await
    }
}

/// A charge of 9.99 for an account.
pub fn purchase(id: &str, account: &str) -> Value {
    json!({
        "extTransactionID": id, "accountIdentifier": account, "amount": 9.99, "currency": "USD",
        "description": "Monthly plan", "productCode": "NFLX-STD",
    })
}

/// Exactly these two members.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, code: &str) {
    let body: Value = serde_json::from_str(&answer.text).expect("JSON");
    let members = body.as_object().expect("an object");
    assert_eq!(answer.status, status, "{}", answer.told());
    assert_eq!(body["code"], code, "{}", answer.told());
    assert!(
        members.len() == 2 && body["message"].is_string(),
        "{}",
        answer.told()
    );
}
