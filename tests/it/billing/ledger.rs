//! Whole lives of customers: orders, payments, pauses, changes, years of renewals, against what
//! `tests/oracle/ledger.py` answers, which was written from `docs/billing.md` and knows none of our
//! code.

use serde_json::{Value, json};

use super::prove;
use crate::alphaott::given::{self, Shop};
use crate::alphaott::id_of;
use crate::support::Client;
use crate::support::fixture::a_shop;

const CASES: &str = include_str!("../data/ledger.jsonl");
/// Names a file of other cases, for trying many more than are kept.
const OTHER_CASES: &str = "LEDGER_CASES";
/// How many tests share the cases.
const SHARES: usize = 4;
/// Where a box's clock stands when it starts: 2026-01-31T10:00:00Z.
const BOX_START: i64 = 1_769_853_600;

fn whole(of: &Value) -> i64 {
    of.as_i64()
        .unwrap_or_else(|| panic!("{of} is no whole number"))
}

fn word(of: &Value) -> &str {
    of.as_str().unwrap_or_else(|| panic!("{of} is no text"))
}

/// Minor units as the API writes them.
fn decimal(minor: i64, currency: &str) -> String {
    let decimals = match currency {
        "JPY" => return minor.to_string(),
        "KWD" => 3,
        _ => 2,
    };
    let unit = 10_i64.pow(decimals);
    let sign = if minor < 0 { "-" } else { "" };
    let (front, back) = (minor.abs() / unit, minor.abs() % unit);
    format!("{sign}{front}.{back:0width$}", width = decimals as usize)
}

fn rfc3339(seconds: i64) -> String {
    let micros = seconds * 1_000_000;
    let at = boxoffice::domain::values::time::Timestamp::from_micros(micros).expect("an instant");
    at.to_rfc3339_millis()
}

fn instant(of: &Value) -> Value {
    of.as_i64().map_or(Value::Null, |at| rfc3339(at).into())
}

fn charges(of: &Value, currency: &str) -> Value {
    let charge = |of: &Value| {
        let dated = of["dated"].as_array().cloned().unwrap_or_default();
        let dated: Vec<Value> = dated
            .iter()
            .map(|dated| json!({"from": dated[0], "rate": word(&dated[1]).parse::<f64>().unwrap()}))
            .collect();
        json!({
            "type": of["type"], "title": "TV", "currency": currency,
            "amount": decimal(whole(&of["amount"]), currency),
            "taxRate": word(&of["rate"]).parse::<f64>().unwrap(),
            "taxIncluded": of["included"], "taxRates": dated, "refundable": of["refundable"],
        })
    };
    of.as_array().expect("charges").iter().map(charge).collect()
}

/// A box in the state that the steps so far have made.
struct Life<'c> {
    case: &'c Value,
    shop: Shop,
    offers: Vec<String>,
    orders: Vec<String>,
    /// Numbers of payments that came in.
    payments: Vec<u64>,
    now: i64,
}

impl<'c> Life<'c> {
    async fn begin(case: &'c Value) -> Life<'c> {
        let (zone, currency) = (word(&case["zone"]), word(&case["currency"]));
        let shop = a_shop()
            .set(|config| {
                zone.clone_into(&mut config.provider.time_zone);
                currency.clone_into(&mut config.provider.currency);
            })
            .await;
        let mut offers = Vec::new();
        for offer in case["offers"].as_array().expect("offers") {
            let body = json!({
                "title": "TV", "type": offer["type"], "billing": offer["billing"],
                "duration": offer["duration"], "period": offer["period"],
                "numberOfBillingCycles": offer["cycles"],
                "charges": charges(&offer["charges"], currency),
                "dunning": {
                    "grace_days": offer["grace"], "suspend_days": offer["suspend"],
                    "reminder_days": [1, 2, 7],
                },
            });
            let made = given::offer(&shop.api, &shop.product, body).await;
            offers.push(id_of(&made));
        }
        let orders = Vec::new();
        Life {
            case,
            shop,
            offers,
            orders,
            payments: Vec::new(),
            now: BOX_START,
        }
    }

    /// Lets everything fall due until then; the token of a hundred years ago is no good.
    async fn until(&mut self, at: i64) {
        if at > self.now {
            let token = self.shop.bx.token("manager").await;
            let clock = self.shop.bx.url("/console/api/test-clock");
            let by = json!({"advance_seconds": at - self.now});
            let api = self.shop.bx.with_header(&format!("JWT {token}"));
            api.post(clock, by).await.expect(200);
            self.now = at;
        }
        let token = self.shop.bx.token("manager").await;
        self.shop.api = self.shop.bx.with_header(&format!("JWT {token}"));
    }

    fn console(&self, rest: &str) -> String {
        let path = format!("/console/api/customers/{}/{rest}", self.shop.customer);
        self.shop.bx.url(&path)
    }

    fn api(&self) -> &Client {
        &self.shop.api
    }

    /// Takes a step; `true` where the box refused it.
    async fn step(&mut self, step: &Value) -> bool {
        let currency = word(&self.case["currency"]);
        let order =
            |index: usize| self.orders[usize::try_from(whole(&step[index])).unwrap()].clone();
        let offer =
            |index: usize| self.offers[usize::try_from(whole(&step[index])).unwrap()].clone();
        let answer = match word(&step[1]) {
            "order" => {
                let body = json!({"offer": offer(2), "createCustomerServices": true});
                self.api().post(self.shop.of_customer("orders"), body).await
            }
            "pay" => {
                let amount = decimal(whole(&step[2]), currency);
                let body = json!({"amount": amount, "currency": currency, "method": "cash"});
                self.api().post(self.console("payments"), body).await
            }
            "refund" => {
                let payment = self.payments[usize::try_from(whole(&step[2])).unwrap()];
                let amount = decimal(whole(&step[3]), currency);
                let body = json!({"amount": amount, "currency": currency, "as": step[4]});
                let path = format!("/console/api/payments/{payment}/refunds");
                self.api().post(self.shop.bx.url(&path), body).await
            }
            "void" => {
                let path = format!("/console/api/invoices/{}/void", step[2]);
                let body = json!({"reason": "not rendered"});
                self.api().post(self.shop.bx.url(&path), body).await
            }
            "writeoff" => {
                let amount = decimal(whole(&step[2]), currency);
                let body = json!({"amount": amount, "currency": currency, "reason": "gone"});
                self.api().post(self.console("write-offs"), body).await
            }
            "price" => {
                let how = if step[4] == true {
                    "NEXT_CYCLE"
                } else {
                    "NEW_ORDERS"
                };
                let body = json!({"charges": charges(&step[3], currency), "priceChange": how});
                let path = self.shop.of_product(&format!("offers/{}", offer(2)));
                self.api().put(path, body).await
            }
            "cancel" | "uncancel" => {
                let cancel = step[1] == "cancel";
                let status = if cancel { "CANCELED" } else { "ACTTIVE" };
                let path = self.shop.of_customer(&format!("orders/{}", order(2)));
                self.api().put(path, json!({"status": status})).await
            }
            "expires" | "next" | "cycles" => {
                let body = match word(&step[1]) {
                    "expires" => json!({"expires": instant(&step[3])}),
                    "next" => json!({"nextBillingCycle": instant(&step[3])}),
                    _ => json!({"numberOfBillingCycles": step[3]}),
                };
                let path = self.shop.of_customer(&format!("orders/{}", order(2)));
                self.api().put(path, body).await
            }
            "change" => {
                let path = self.console(&format!("orders/{}/change", order(2)));
                let body = json!({"offer": offer(3)});
                self.api().post(path, body).await
            }
            verb => {
                let path = self.console(&format!("orders/{}/{verb}", order(2)));
                let body = match verb {
                    "end" => json!({"credit": step[3]}),
                    _ => json!({}),
                };
                self.api().post(path, body).await
            }
        };
        if answer.status == 409 {
            return true;
        }
        assert!(answer.status < 300, "{step}: {}", answer.told());
        if word(&step[1]) == "pay" {
            let number = answer.json()["id"].as_u64().expect("a number");
            self.payments.push(number);
        }
        if matches!(word(&step[1]), "order" | "change") {
            let made = answer.json();
            // The console answers with our number, of which the id is made.
            let id = match made["id"].as_u64() {
                Some(number) => format!("{number:024x}"),
                None => id_of(&made),
            };
            self.orders.push(id);
        }
        false
    }

    /// What there is now, in the oracle's words.
    async fn state(&self) -> Value {
        let invoices = given::list(self.api().get(self.console("invoices")).await.expect(200));
        let invoice = |of: &Value| {
            let net: Vec<String> = of["lines"]
                .as_array()
                .expect("lines")
                .iter()
                .map(|line| word(&line["net"]).to_owned())
                .collect();
            let order = whole(&of["order"]) - 1;
            json!([
                of["number"],
                of["kind"],
                order,
                of.get("cycle"),
                of["from"],
                of["to"],
                of["issued"],
                sum(&net),
                of["tax"]
            ])
        };
        let mut orders = Vec::new();
        for order in &self.orders {
            let order = self.shop.order(&json!({"_id": order})).await;
            orders.push(json!([
                order["status"],
                order["nextBillingCycle"],
                order["expires"]
            ]));
        }
        let services = self.shop.services().await;
        let mut services: Vec<&str> = services.iter().map(|of| word(&of["status"])).collect();
        services.sort_unstable();
        let balance = self.shop.of_customer("account/balance");
        let customer = self
            .api()
            .get(format!("/customers/{}", self.shop.customer))
            .await;
        json!({
            "invoices": invoices.iter().rev().map(invoice).collect::<Vec<_>>(),
            "orders": orders,
            "services": services,
            "balance": self.api().get(balance).await.expect(200)["amount"].as_f64(),
            "customer": customer.expect(200)["status"],
        })
    }
}

/// Adds decimals of equal length, as whole numbers.
fn sum(amounts: &[String]) -> String {
    let decimals = amounts
        .first()
        .and_then(|text| text.split_once('.'))
        .map_or(0, |(_, back)| back.len());
    let minor = |text: &String| text.replace('.', "").parse::<i64>().expect("an amount");
    let total = amounts.iter().map(minor).sum();
    let currency = match decimals {
        0 => "JPY",
        3 => "KWD",
        _ => "USD",
    };
    decimal(total, currency)
}

/// What the oracle says, in the words of [`Life::state`].
fn expected(case: &Value) -> Value {
    let currency = word(&case["currency"]);
    let list = |key: &str| case[key].as_array().expect("a list").clone();
    let invoice = |of: &Value| {
        json!([
            of[0],
            of[1],
            of[2],
            of[3],
            instant(&of[4]),
            instant(&of[5]),
            instant(&of[6]),
            decimal(whole(&of[7]), currency),
            decimal(whole(&of[8]), currency)
        ])
    };
    let order = |of: &Value| json!([of[0], instant(&of[1]), instant(&of[2])]);
    let mut services: Vec<Value> = list("orders")
        .iter()
        .flat_map(|of| [of[3].clone(), of[3].clone()])
        .collect();
    services.sort_unstable_by_key(ToString::to_string);
    let balance = decimal(whole(&case["balance"]), currency);
    json!({
        "invoices": list("invoices").iter().map(invoice).collect::<Vec<_>>(),
        "orders": list("orders").iter().map(order).collect::<Vec<_>>(),
        "services": services,
        "balance": balance.parse::<f64>().unwrap(),
        "customer": case["customer"],
    })
}

/// Lives one case; `Err` with what differs.
async fn live(case: &Value) -> Result<(), String> {
    let mut life = Life::begin(case).await;
    let steps = case["steps"].as_array().expect("steps");
    for (step, refused) in steps
        .iter()
        .zip(case["refused"].as_array().expect("a list"))
    {
        life.until(whole(&step[0])).await;
        let did = life.step(step).await;
        if did != *refused {
            return Err(format!("{step}: refused {did} instead of {refused}"));
        }
    }
    life.until(whole(&case["until"])).await;
    prove(&life.shop.bx);
    let (found, wanted) = (life.state().await, expected(case));
    let mut differences = String::new();
    for (key, wanted) in wanted.as_object().expect("an object") {
        if found[key] != *wanted {
            differences.push_str(&format!(
                "\n  {key}: {}\n  instead of: {wanted}",
                found[key]
            ));
        }
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "no setting of the box: it chooses what is tested"
)]
fn other_cases() -> Option<String> {
    let path = std::env::var(OTHER_CASES).ok()?;
    Some(std::fs::read_to_string(path).expect("cases"))
}

async fn share(share: usize) {
    let mut lived = 0;
    let mut wrong = Vec::new();
    let other = other_cases();
    let cases = other.as_deref().unwrap_or(CASES);
    for (number, line) in cases.lines().enumerate() {
        if number % SHARES != share {
            continue;
        }
        let case = serde_json::from_str(line).expect("a JSON line");
        if let Err(difference) = live(&case).await {
            wrong.push(format!("case {}: {difference}", number + 1));
        }
        lived += 1;
    }
    assert!(lived >= 50, "only {lived} cases");
    let (count, first) = (
        wrong.len(),
        wrong.iter().take(4).cloned().collect::<Vec<_>>(),
    );
    assert!(
        wrong.is_empty(),
        "{count} of {lived} differ\n{}",
        first.join("\n")
    );
}

/// A test for each share, so that they run side by side.
macro_rules! shares {
    ($($name:ident: $share:literal),*) => {
        const _: () = assert!([$($share),*].len() == SHARES, "a share without its test");

        mod the_ledger_of_the_oracle_comes_out_the_same {
            $(
                #[tokio::test]
                async fn $name() {
                    super::share($share).await;
                }
            )*
        }
    };
}

shares! { share_1: 0, share_2: 1, share_3: 2, share_4: 3 }
