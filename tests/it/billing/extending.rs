//! A page for an order that runs extends it: once for every page that is paid, whatever is
//! repeated, by the time that was paid for.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{DAY, Till, charge, monthly};
use crate::alphaott::{given, id_of};
use crate::support::Answer;
use crate::support::fixture::{a_till, a_till_selling};

const CARD: &str = "sandbox&card=4242424242424242";
const LATER: &str = "sandbox&card=4000000000000077";

async fn ask(till: &Till, wish: Value) -> Answer {
    let path = till.shop.of_customer("orders/hosted-page");
    till.shop.api.post(path, wish).await
}

async fn code(till: &Till, wish: Value) -> String {
    let made = ask(till, wish).await.expect(201);
    made["id"].as_str().expect("a code").to_owned()
}

async fn send(till: &Till, code: &str, amount: &str, way: &str) -> Answer {
    let url = till.shop.bx.url(&format!("/pay/{code}"));
    let form = format!("amount={amount}&currency=USD&method={way}");
    let nobody = till.shop.bx.anonymous();
    nobody.send("POST", url, Some(form.into_bytes()), &[]).await
}

async fn pay(till: &Till, wish: Value, amount: &str) {
    let code = code(till, wish).await;
    let paid = send(till, &code, amount, CARD).await;
    assert_eq!(paid.status, 303, "{}", paid.text);
}

/// All orders: `ACTTIVE 2026-02-28 2026-02-28`.
async fn orders(till: &Till) -> Vec<String> {
    let path = till.shop.of_customer("orders");
    let orders = given::list(till.shop.api.get(path).await.expect(200));
    let mut states = Vec::new();
    for order in &orders {
        states.push(till.state(order).await);
    }
    states
}

/// The ends of all services, each once.
async fn ends(till: &Till) -> Vec<String> {
    let services = till.shop.services().await;
    let end = |of: &Value| of["expires"].as_str().unwrap_or("-")[..10].to_owned();
    let mut ends: Vec<String> = services.iter().map(end).collect();
    ends.dedup();
    ends
}

fn of(till: &Till) -> Value {
    json!({"offerId": till.shop.offer})
}

#[tokio::test]
async fn a_page_for_the_same_offer_is_for_the_order_that_runs() {
    let till = a_till().taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-02-28 2026-02-28"]);
    let made = ask(&till, of(&till)).await.expect(201);
    assert_eq!(made["orderId"], "000000000000000000000001");
    let code = made["id"].as_str().unwrap();
    let url = till.shop.bx.url(&format!("/pay/{code}"));
    let shown = till.shop.bx.anonymous().get(url).await.text;
    assert!(shown.contains("10.00\u{a0}USD"), "{shown}");
    assert_eq!(send(&till, code, "10.00", CARD).await.status, 303);
    // Sent again, it moves nothing.
    assert_eq!(send(&till, code, "10.00", CARD).await.status, 303);
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-03-31 2026-03-31"]);
    assert_eq!(ends(&till).await, ["2026-03-31"]);
    let order = json!({"orderId": "000000000000000000000001"});
    pay(&till, order, "10.00").await;
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-04-30 2026-04-30"]);
    let invoices = [
        "1 INVOICE 0 10.00",
        "2 INVOICE 1 10.00",
        "3 INVOICE 2 10.00",
    ];
    assert_eq!(till.invoices().await, invoices);
    assert_eq!(till.balance().await, "0.00");
    // Nothing is billed until the paid time ends.
    till.days(60).await;
    assert_eq!(till.invoices().await, invoices);
    till.prove();
}

#[tokio::test]
async fn another_offer_of_the_product_goes_on_when_the_paid_time_ends() {
    let till = a_till().taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    let charges = json!([
        {"type": "RECURRING", "title": "Year", "amount": "100", "currency": "USD"},
        {"type": "ONE_TIME", "title": "Letter", "amount": "1", "currency": "USD"},
    ]);
    let yearly = json!({"title": "Yearly", "duration": 1, "period": "YEAR", "charges": charges});
    let yearly = monthly(&till.shop, yearly).await;
    pay(&till, json!({"offerId": yearly}), "101.00").await;
    assert_eq!(orders(&till).await, ["ACTTIVE 2027-02-28 2027-02-28"]);
    assert_eq!(ends(&till).await, ["2027-02-28"]);
    let path = till.shop.of_customer("orders/000000000000000000000001");
    let order = till.shop.api.get(path).await.expect(200);
    assert_eq!(order["offer"], yearly.as_str());
    let invoices = ["1 INVOICE 0 10.00", "2 INVOICE 1 101.00"];
    assert_eq!(till.invoices().await, invoices);
    // From then on it renews by the year.
    till.pay("100").await;
    till.days(393).await;
    assert_eq!(till.invoices().await.len(), 3);
    assert_eq!(orders(&till).await, ["ACTTIVE 2028-02-28 2028-02-28"]);
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

/// The same product and term under another offer: one order, by what its payer saw.
#[tokio::test]
async fn the_same_term_under_another_offer_is_for_that_order() {
    let till = a_till().taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    let cheaper = monthly(&till.shop, json!({"charges": [charge("8.00")]})).await;
    pay(&till, json!({"offerId": cheaper}), "8.00").await;
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-03-28 2026-03-28"]);
    till.prove();
}

#[tokio::test]
async fn one_more_is_a_new_order() {
    let till = a_till().taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    let wish = json!({"offerId": till.shop.offer, "additional": true});
    pay(&till, wish, "10.00").await;
    let both = [
        "ACTTIVE 2026-02-28 2026-02-28",
        "ACTTIVE 2026-02-28 2026-02-28",
    ];
    assert_eq!(orders(&till).await, both);
    assert_eq!(till.shop.services().await.len(), 4);
    let wrong = json!({"orderId": "000000000000000000000001", "additional": true});
    ask(&till, wrong)
        .await
        .expect_error(409, "ConflictError", "additional");
    till.prove();
}

#[tokio::test]
async fn a_one_time_order_bought_again_is_extended_by_its_term() {
    let week = json!({"type": "ONE_TIME", "duration": 7, "period": "DAY"});
    let till = a_till_selling(week).taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    assert_eq!(orders(&till).await, ["ACTTIVE - 2026-02-07"]);
    pay(&till, of(&till), "10.00").await;
    pay(
        &till,
        json!({"orderId": "000000000000000000000001"}),
        "10.00",
    )
    .await;
    assert_eq!(orders(&till).await, ["ACTTIVE - 2026-02-21"]);
    assert_eq!(ends(&till).await, ["2026-02-21"]);
    assert_eq!(till.invoices().await.len(), 3);
    // When it is over, it is bought anew.
    till.days(22).await;
    pay(&till, of(&till), "10.00").await;
    let after = ["EXPIRED - 2026-02-21", "ACTTIVE - 2026-03-01"];
    assert_eq!(orders(&till).await, after);
    till.prove();
}

#[tokio::test]
async fn what_is_sold_once_is_not_extended() {
    let rule = json!({"oncePerCustomer": true});
    let week = json!({"type": "ONE_TIME", "duration": 7, "period": "DAY", "eligibility": rule});
    let till = a_till_selling(week).taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    let again = ask(&till, of(&till)).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(orders(&till).await, ["ACTTIVE - 2026-02-07"]);
}

#[tokio::test]
async fn a_canceled_order_is_taken_back_and_extended() {
    let till = a_till().taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    let order = till.shop.of_customer("orders/000000000000000000000001");
    let canceled = json!({"status": "CANCELED"});
    till.shop.api.put(order, canceled).await.expect(200);
    pay(&till, of(&till), "10.00").await;
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-03-31 2026-03-31"]);
    assert_eq!(till.services().await, "ACTIVE");
    till.prove();
}

#[tokio::test]
async fn an_order_in_its_last_cycle_is_followed_by_a_new_one() {
    let till = a_till_selling(json!({"numberOfBillingCycles": 1}))
        .taking_cards()
        .await;
    pay(&till, of(&till), "10.00").await;
    assert_eq!(orders(&till).await, ["ACTTIVE - 2026-02-28"]);
    // Two pages, both paid: two months more.
    let (first, second) = (code(&till, of(&till)).await, code(&till, of(&till)).await);
    for code in [&first, &second, &first, &second] {
        assert_eq!(send(&till, code, "10.00", CARD).await.status, 303);
    }
    let all = [
        "ACTTIVE - 2026-02-28",
        "ACTTIVE - 2026-03-28",
        "ACTTIVE - 2026-04-28",
    ];
    assert_eq!(orders(&till).await, all);
    assert_eq!(till.balance().await, "0.00");
    till.days(40).await;
    let all = [
        "EXPIRED - 2026-02-28",
        "ACTTIVE - 2026-03-28",
        "ACTTIVE - 2026-04-28",
    ];
    assert_eq!(orders(&till).await, all);
    // The one that follows is the customer's plan.
    let path = till.of_customer("");
    let path = path.trim_end_matches('/').to_owned();
    let customer = till.shop.api.get(path).await;
    assert!(customer.status == 200 || customer.status == 404);
    till.prove();
}

#[tokio::test]
async fn a_postpaid_order_that_owes_nothing_has_no_page() {
    let till = a_till_selling(json!({"billing": "POSTPAID"}))
        .taking_cards()
        .await;
    let order = till.order().await;
    till.pay("10").await;
    for wish in [of(&till), json!({"orderId": id_of(&order)})] {
        ask(&till, wish)
            .await
            .expect_error(409, "ConflictError", "paid on a page");
    }
    assert_eq!(orders(&till).await.len(), 1);
    till.prove();
}

#[tokio::test]
async fn what_cannot_be_extended_is_refused_and_opens_nothing() {
    let till = a_till().taking_cards().await;
    let order = till.order().await;
    till.pay("10").await;
    till.act(&order, "pause", json!({})).await.expect(200);
    for wish in [of(&till), json!({"orderId": id_of(&order)})] {
        ask(&till, wish)
            .await
            .expect_error(409, "ConflictError", "paid on a page");
    }
    till.act(&order, "end", json!({})).await.expect(200);
    let gone = json!({"orderId": id_of(&order)});
    ask(&till, gone)
        .await
        .expect_error(409, "ConflictError", "paid on a page");
    assert_eq!(orders(&till).await.len(), 1);
    till.prove();
}

#[tokio::test]
async fn a_first_purchase_paid_twice_is_one_order() {
    let till = a_till().taking_cards().await;
    let (first, second) = (code(&till, of(&till)).await, code(&till, of(&till)).await);
    for code in [&first, &second] {
        assert_eq!(send(&till, code, "10.00", LATER).await.status, 303);
    }
    till.shop.bx.advance(60).await;
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-02-28 2026-02-28"]);
    assert_eq!(till.balance().await, "10.00");
    till.prove();

    // The same where the second page was for another offer of the product.
    let till = a_till().taking_cards().await;
    let other = monthly(&till.shop, json!({"charges": [charge("8.00")]})).await;
    let first = code(&till, of(&till)).await;
    let second = code(&till, json!({"offerId": other})).await;
    assert_eq!(send(&till, &second, "8.00", LATER).await.status, 303);
    assert_eq!(send(&till, &first, "10.00", CARD).await.status, 303);
    till.shop.bx.advance(60).await;
    let states = orders(&till).await;
    let running = states.iter().filter(|state| state.starts_with("ACTTIVE"));
    assert_eq!(running.count(), 1, "{states:?}");
    assert_eq!(till.balance().await, "8.00");
    till.prove();
}

/// Two pages of an order that runs extend it twice; money that comes late or again for one of them
/// lies on the balance.
#[tokio::test]
async fn each_paid_page_extends_once() {
    let till = a_till().taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    let (first, second) = (code(&till, of(&till)).await, code(&till, of(&till)).await);
    for code in [&first, &second] {
        assert_eq!(send(&till, code, "10.00", LATER).await.status, 303);
    }
    till.shop.bx.advance(60).await;
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-04-30 2026-04-30"]);
    // Given up, paid otherwise, and confirmed all the same.
    let third = code(&till, of(&till)).await;
    assert_eq!(send(&till, &third, "10.00", "manual").await.status, 303);
    let open = till.console("payments/open");
    let open = given::list(till.shop.api.get(open).await.expect(200));
    let say = |how: &str| till.console(&format!("payments/{}/{how}", open[0]["id"]));
    till.shop.api.post(say("fail"), json!({})).await.expect(200);
    assert_eq!(send(&till, &third, "10.00", CARD).await.status, 303);
    till.shop
        .api
        .post(say("confirm"), json!({}))
        .await
        .expect(200);
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-05-31 2026-05-31"]);
    assert_eq!(till.balance().await, "10.00");
    till.prove();
}

/// The money comes days later: after the order fell due, was frozen, or was over.
#[tokio::test]
async fn money_that_comes_after_the_end_extends_from_then() {
    for (offer, days, state) in [
        (json!({}), 30, "ACTTIVE 2026-04-02 2026-04-02"),
        (
            json!({"dunning": {"grace_days": 5}}),
            30,
            "ACTTIVE 2026-03-31 2026-03-31",
        ),
        (json!({"type": "ONE_TIME"}), 30, "ACTTIVE - 2026-04-02"),
    ] {
        let till = a_till_selling(offer).taking_cards().await;
        pay(&till, of(&till), "10.00").await;
        let code = code(&till, of(&till)).await;
        assert_eq!(send(&till, &code, "10.00", "manual").await.status, 303);
        till.days(days).await;
        let open = till.console("payments/open");
        let open = given::list(till.shop.api.get(open).await.expect(200));
        let confirm = till.console(&format!("payments/{}/confirm", open[0]["id"]));
        till.shop.api.post(confirm, json!({})).await.expect(200);
        assert_eq!(orders(&till).await, [state]);
        assert_eq!(till.services().await, "ACTIVE");
        assert_eq!(till.balance().await, "0.00");
        till.prove();
    }
}

#[tokio::test]
async fn money_that_does_not_suffice_asks_for_the_rest() {
    let till = a_till().taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    till.pay("4").await;
    let code = code(&till, of(&till)).await;
    assert_eq!(send(&till, &code, "6.00", LATER).await.status, 303);
    // The balance is spent on something else meanwhile.
    let other = json!({"type": "ONE_TIME", "charges": [charge("4.00")]});
    let other = monthly(&till.shop, other).await;
    till.order_of(json!({"offer": other})).await;
    till.shop.bx.advance(60).await;
    assert_eq!(till.balance().await, "6.00");
    assert_eq!(send(&till, &code, "4.00", CARD).await.status, 303);
    assert_eq!(orders(&till).await[0], "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

/// A voucher and the balance extend as a card does.
#[tokio::test]
async fn every_way_to_pay_extends() {
    let till = a_till().taking_cards().await;
    pay(&till, of(&till), "10.00").await;
    let batch = json!({"title": "", "amount": "10", "count": 1});
    let path = till.console("voucher-batches");
    let batch = till.shop.api.post(path, batch).await.expect(201);
    let voucher = batch["codes"][0].as_str().unwrap();
    let way = format!("voucher&voucher={voucher}");
    let by_voucher = code(&till, of(&till)).await;
    assert_eq!(send(&till, &by_voucher, "10.00", &way).await.status, 303);
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-03-31 2026-03-31"]);
    till.pay("10").await;
    let by_balance = code(&till, of(&till)).await;
    assert_eq!(
        send(&till, &by_balance, "0.00", "balance").await.status,
        303
    );
    assert_eq!(orders(&till).await, ["ACTTIVE 2026-04-30 2026-04-30"]);
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

/// What was changed about the order meanwhile: the money is the customer's in any case.
#[tokio::test]
async fn an_order_that_was_ended_or_removed_takes_no_money() {
    for ends in [true, false] {
        let till = a_till().taking_cards().await;
        pay(&till, of(&till), "10.00").await;
        let page = code(&till, of(&till)).await;
        assert_eq!(send(&till, &page, "10.00", LATER).await.status, 303);
        let order = till.shop.of_customer("orders/000000000000000000000001");
        if ends {
            let order = json!({"_id": "000000000000000000000001"});
            till.act(&order, "end", json!({})).await.expect(200);
        } else {
            till.shop.api.delete(order).await;
        }
        till.shop.bx.advance(60).await;
        assert_eq!(till.balance().await, "10.00");
        assert_eq!(till.invoices().await.len(), 1);
        till.prove();
    }
}

/// What one customer does at a shop of four offers of one product, each of so many days.
#[derive(Debug, Clone)]
enum Act {
    /// Pays a page for an offer, sent so many times.
    Pay {
        offer: usize,
        times: usize,
    },
    /// Pays two pages for it.
    PayTwo {
        offer: usize,
    },
    /// Pays a page that names the order.
    PayOrder,
    Days(i64),
}

const TERMS: [(i64, &str, &str); 4] = [
    (10, "RECURRING", "10.00"),
    (10, "RECURRING", "9.00"),
    (35, "RECURRING", "30.00"),
    (7, "ONE_TIME", "5.00"),
];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..4usize, 1..3usize).prop_map(|(offer, times)| Act::Pay { offer, times }),
        1 => (0..4usize).prop_map(|offer| Act::PayTwo { offer }),
        1 => Just(Act::PayOrder),
        2 => (1..6i64).prop_map(Act::Days),
    ];
    proptest::collection::vec(act, 1..12)
}

/// The time that an order runs is the time that was paid for: no page is for nothing, none counts
/// twice, and no two orders run beside one another.
#[test]
fn time_bought_is_time_paid() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config::with_cases(12));
    let outcome = runner.run(&acts(), |acts| {
        runtime.block_on(walk(&acts));
        Ok(())
    });
    outcome.unwrap();
}

async fn walk(acts: &[Act]) {
    let till = a_till_selling(json!({"charges": [charge("10.00")]}))
        .taking_cards()
        .await;
    let mut offers = Vec::new();
    for (days, kind, price) in TERMS {
        let offer = json!({
            "type": kind, "duration": days, "period": "DAY", "charges": [charge(price)],
        });
        offers.push(monthly(&till.shop, offer).await);
    }
    // Days of paid time that are left, counted by hand; and under which offer the order runs.
    let (mut left, mut under, mut paid) = (0, None::<usize>, 0);
    for act in acts {
        match act {
            Act::Pay { offer, times } => {
                let code = code(&till, json!({"offerId": offers[*offer]})).await;
                for _ in 0..*times {
                    let sent = send(&till, &code, TERMS[*offer].2, CARD).await;
                    assert_eq!(sent.status, 303, "{}", sent.text);
                }
                left += TERMS[*offer].0;
                (under, paid) = (Some(*offer), paid + 1);
            }
            Act::PayTwo { offer } if under.is_some() => {
                let wish = json!({"offerId": offers[*offer]});
                let both = [code(&till, wish.clone()).await, code(&till, wish).await];
                for code in &both {
                    let sent = send(&till, code, TERMS[*offer].2, CARD).await;
                    assert_eq!(sent.status, 303, "{}", sent.text);
                }
                left += 2 * TERMS[*offer].0;
                (under, paid) = (Some(*offer), paid + 2);
            }
            Act::PayTwo { .. } => {}
            Act::PayOrder => {
                if let Some(offer) = under {
                    let order = json!({"orderId": "000000000000000000000001"});
                    pay(&till, order, TERMS[offer].2).await;
                    (left, paid) = (left + TERMS[offer].0, paid + 1);
                }
            }
            Act::Days(days) => {
                // The paid time does not run out: what happens then is told elsewhere.
                let days = (*days).min(left - 1).max(0);
                till.days(days).await;
                left -= days;
            }
        }
        let states = orders(&till).await;
        assert_eq!(states.len(), usize::from(under.is_some()), "{states:?}");
    }
    assert_eq!(till.invoices().await.len(), paid);
    assert_eq!(till.balance().await, "0.00");
    if under.is_some() {
        let path = till.shop.of_customer("orders/000000000000000000000001");
        let order = till.shop.api.get(path).await.expect(200);
        let end =
            boxoffice::domain::values::time::Timestamp::parse(order["expires"].as_str().unwrap());
        let now = boxoffice::app::Ctx::system(till.shop.bx.app()).now;
        let micros = end.unwrap().micros() - now.micros();
        assert_eq!(micros, left * DAY * 1_000_000, "{acts:?}");
    }
    till.prove();
}
