//! A preview says what then happens, whatever it is asked about: of one order too, though others of
//! its customer take the same money first.

use serde_json::{Value, json};

use super::{DAY, Till, charge, monthly};
use crate::alphaott::{given, id_of};
use crate::support::fixture::a_till;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// What a step of a preview, or an invoice, says of a bill: when, of which order, how much.
fn bill(of: &Value, at: &str, amount: &str) -> String {
    let text = |key: &str| of[key].as_str().expect(key).to_owned();
    format!("{} {} {}", text(at), of["order"], text(amount))
}

async fn preview(till: &Till, until: &str, rest: &str) -> Value {
    let customer = &till.shop.customer;
    let path = format!("preview?until={until}&limit=10000&customer={customer}{rest}");
    till.shop.api.get(till.console(&path)).await.expect(200)
}

fn bills(preview: &Value) -> Vec<String> {
    let steps = given::list(preview["steps"].clone());
    let renewed = steps.iter().filter(|step| step["step"] == "RENEWED");
    renewed.map(|step| bill(step, "at", "amount")).collect()
}

async fn invoices(till: &Till) -> Vec<String> {
    let path = till.of_customer("invoices");
    let invoices = given::list(till.shop.api.get(path).await.expect(200));
    invoices
        .iter()
        .rev()
        .map(|one| bill(one, "issued", "total"))
        .collect()
}

/// A customer with several orders and money for some of them.
async fn a_customer(dice: &mut Dice) -> (Till, Vec<Value>) {
    let till = a_till().await;
    let mut offers = Vec::new();
    for _ in 0..3 {
        let (amount, grace) = (dice.below(20) + 1, dice.below(4));
        let billing = ["PREPAID", "PREPAID", "POSTPAID"][usize::try_from(dice.below(3)).unwrap()];
        let (duration, period) = [(1, "MONTH"), (3, "DAY"), (10, "DAY"), (7, "DAY")]
            [usize::try_from(dice.below(4)).unwrap()];
        let offer = json!({"billing": billing, "duration": duration, "period": period,
                           "dunning": {"grace_days": grace, "suspend_days": dice.below(3)},
                           "charges": [charge(&format!("{amount}.00"))]});
        offers.push(monthly(&till.shop, offer).await);
    }
    till.pay(&format!("{}", 20 + dice.below(100))).await;
    let mut orders = Vec::new();
    for _ in 0..4 {
        let offer = &offers[usize::try_from(dice.below(3)).unwrap()];
        orders.push(till.order_of(json!({"offer": offer})).await);
        till.shop
            .bx
            .advance(i64::try_from(dice.below(3)).unwrap() * DAY)
            .await;
    }
    (till, orders)
}

#[tokio::test]
async fn a_preview_of_one_order_is_what_then_happens() {
    let mut taken_by_others = 0;
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let (till, orders) = a_customer(&mut dice).await;
        let days = i64::try_from(dice.below(40)).unwrap() + 15;
        let until = till
            .shop
            .bx
            .app()
            .clock
            .now()
            .saturating_add_seconds(days * DAY);
        let until = until.to_rfc3339_millis();
        let before = invoices(&till).await.len();
        let whole = preview(&till, &until, "").await;
        let mut ahead = Vec::new();
        let mut counted = 0;
        for order in &orders {
            let one = preview(&till, &until, &format!("&order={}", id_of(order))).await;
            counted += one["counts"]["renewed"].as_u64().unwrap();
            taken_by_others += one["counts"]["overdue"].as_u64().unwrap();
            ahead.extend(bills(&one));
        }
        assert_eq!(
            counted,
            whole["counts"]["renewed"].as_u64().unwrap(),
            "seed {seed}"
        );
        till.shop.bx.advance(days * DAY).await;
        let mut came = invoices(&till).await.split_off(before);
        let mut all = bills(&whole);
        for list in [&mut came, &mut all, &mut ahead] {
            list.sort_unstable();
        }
        assert_eq!(all, came, "seed {seed}: of the customer");
        assert_eq!(ahead, came, "seed {seed}: of each order by itself");
        till.prove();
    }
    assert!(
        taken_by_others > 5,
        "the money must not suffice, or nothing is shown"
    );
}
