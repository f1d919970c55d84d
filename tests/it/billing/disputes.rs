//! Card money that goes back at Stripe, and that is there again: refunds, refunds that failed,
//! disputes lost and won; in whatever order they are told.

use serde_json::{Value, json};

use super::stripe::{COMPLETED, Shop, charge};
use crate::alphaott::given;

const WITHDRAWN: &str = "charge.dispute.funds_withdrawn";
const REINSTATED: &str = "charge.dispute.funds_reinstated";

fn of_payment(object: &str, id: &str, amount: i64) -> Value {
    json!({
        "id": id, "object": object, "amount": amount, "currency": "usd", "payment_intent": "pi_1",
        "metadata": {},
    })
}

fn dispute(id: &str, amount: i64) -> Value {
    of_payment("dispute", id, amount)
}

fn refund(id: &str, amount: i64, status: &str) -> Value {
    given::merged(of_payment("refund", id, amount), json!({"status": status}))
}

impl Shop {
    /// A page that was paid at Stripe; answers the session.
    async fn paid() -> (Shop, Value) {
        let shop = Shop::open().await;
        shop.begin().await;
        let session = shop.fake.pay();
        shop.heard(COMPLETED, &session, 200).await;
        (shop, session)
    }

    async fn balance(&self) -> String {
        self.page.till.balance().await
    }

    /// What credit notes gave back, in cents.
    async fn credited(&self) -> i64 {
        let papers = self.page.till.invoices().await;
        let notes = papers.iter().filter(|of| of.contains("CREDIT_NOTE"));
        let total = |of: &String| of.rsplit(' ').next().unwrap().replace('.', "");
        notes.map(|of| -total(of).parse::<i64>().unwrap()).sum()
    }

    /// Kind, state, amount, what was refunded and what is disputed of every payment.
    async fn payments(&self) -> Vec<String> {
        let path = self.page.till.of_customer("payments");
        let payments = self.page.till.shop.api.get(path).await.expect(200);
        let line = |of: &Value| {
            let text = |key: &str| of[key].as_str().unwrap().to_owned();
            ["kind", "state", "amount", "refunded", "disputed"]
                .map(text)
                .join(" ")
        };
        given::list(payments).iter().map(line).collect()
    }

    async fn refund_here(&self, payment: u64, amount: &str) -> u16 {
        let till = &self.page.till;
        let path = till.console(&format!("payments/{payment}/refunds"));
        till.shop
            .api
            .post(path, json!({"amount": amount}))
            .await
            .status
    }

    async fn open_payments(&self) -> Vec<Value> {
        let till = &self.page.till;
        let open = till.shop.api.get(till.console("payments/open")).await;
        given::list(open.expect(200))
    }
}

/// Edge 19: the refund is told before the payment.
#[tokio::test]
async fn a_refund_that_overtakes_its_payment_is_booked_after_it() {
    let shop = Shop::open().await;
    shop.begin().await;
    let unpaid = shop.fake.change(|_| ());
    let early = shop.hook("charge.refunded", &charge(&unpaid, 400)).await;
    assert_eq!(early.status, 409, "it is to be sent again");
    let session = shop.fake.pay();
    shop.hook("charge.refunded", &charge(&session, 400)).await;
    shop.hook(COMPLETED, &session).await;
    // Stripe tells the sum: 400 again is nothing new, 1000 is 600 more.
    shop.hook("charge.refunded", &charge(&session, 400)).await;
    assert_eq!(shop.credited().await, 400);
    shop.hook("charge.refunded", &charge(&session, 1_000)).await;
    shop.hook("charge.refunded", &charge(&session, 400)).await;
    assert_eq!(shop.credited().await, 1_000);
    assert_eq!(shop.balance().await, "0.00");
    shop.page.till.prove();
}

#[tokio::test]
async fn refunds_and_disputes_are_counted_apart() {
    let (shop, session) = Shop::paid().await;
    shop.heard(WITHDRAWN, &dispute("dp_1", 500), 200).await;
    assert_eq!(shop.balance().await, "-5.00");
    shop.heard("charge.refunded", &charge(&session, 300), 200)
        .await;
    assert_eq!(shop.balance().await, "-5.00");
    assert_eq!(shop.credited().await, 300);
    assert_eq!(
        shop.payments().await[0],
        "PAYMENT SUCCEEDED 10.00 3.00 5.00"
    );
    // Staff refund it at Stripe: said here as well, it would go back twice.
    assert_eq!(shop.refund_here(1, "2").await, 409);
    shop.heard("charge.refunded", &charge(&session, 400), 200)
        .await;
    assert_eq!(shop.balance().await, "-5.00");
    assert_eq!(shop.credited().await, 400);
    shop.page.till.prove();
}

/// What a bank takes is gone, whatever is left of the payment.
#[tokio::test]
async fn a_dispute_beyond_the_rest_is_booked() {
    let (shop, session) = Shop::paid().await;
    shop.heard("charge.refunded", &charge(&session, 400), 200)
        .await;
    for _ in 0..2 {
        shop.heard(WITHDRAWN, &dispute("dp_1", 1_000), 200).await;
        assert_eq!(shop.balance().await, "-10.00");
    }
    assert_eq!(shop.refund_here(1, "0.01").await, 409);
    for _ in 0..2 {
        shop.heard(REINSTATED, &dispute("dp_1", 1_000), 200).await;
        assert_eq!(shop.balance().await, "0.00");
    }
    let expected = [
        "PAYMENT SUCCEEDED 10.00 4.00 0.00",
        "REFUND SUCCEEDED 4.00 0.00 0.00",
        "REFUND SUCCEEDED 10.00 0.00 0.00",
        "REGAINED SUCCEEDED 10.00 0.00 0.00",
    ];
    assert_eq!(shop.payments().await, expected);
    shop.page.till.prove();
}

/// A prepaid order whose money a bank took back stands still until it is paid again, and has the
/// rest of its paid time then.
#[tokio::test]
async fn a_lost_dispute_stops_its_order_until_it_is_paid() {
    let (shop, _) = Shop::paid().await;
    let till = &shop.page.till;
    shop.heard(WITHDRAWN, &dispute("dp_1", 1_000), 200).await;
    till.days(1).await;
    assert_eq!(shop.page.order_status().await, "INACTIVE");
    assert_eq!(till.services().await, "FROZEN");
    till.days(9).await;
    till.pay("10").await;
    assert_eq!(shop.page.order_status().await, "ACTTIVE");
    let orders = till.shop.api.get(till.shop.of_customer("orders")).await;
    let order = given::list(orders.expect(200))[0].clone();
    // Frozen at once, on 31 January, for ten days.
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-10 2026-03-10");
    assert_eq!(till.invoices().await.len(), 1);
    till.prove();
}

#[tokio::test]
async fn money_that_was_won_back_is_refunded_once() {
    let (shop, session) = Shop::paid().await;
    shop.heard(WITHDRAWN, &dispute("dp_1", 1_000), 200).await;
    shop.heard(REINSTATED, &dispute("dp_1", 1_000), 200).await;
    for id in [1, 2, 3] {
        assert_eq!(shop.refund_here(id, "10").await, 409, "{id}");
    }
    for _ in 0..2 {
        shop.heard("charge.refunded", &charge(&session, 1_000), 200)
            .await;
        assert_eq!(shop.balance().await, "0.00");
        assert_eq!(shop.credited().await, 1_000);
    }
    shop.page.till.prove();
}

/// A bank gives back only what it took.
#[tokio::test]
async fn a_dispute_that_is_won_before_it_is_told_changes_nothing() {
    let (shop, _) = Shop::paid().await;
    for kind in [REINSTATED, WITHDRAWN, REINSTATED] {
        shop.heard(kind, &dispute("dp_1", 1_000), 200).await;
        assert_eq!(shop.balance().await, "0.00", "{kind}");
    }
    shop.page.till.prove();
}

#[tokio::test]
async fn disputed_money_goes_and_comes_back_once() {
    let shop = Shop::open().await;
    shop.begin().await;
    let session = shop.fake.pay();
    // It overtakes the payment, which is asked for.
    for _ in 0..2 {
        shop.heard(WITHDRAWN, &dispute("dp_1", 1_000), 200).await;
    }
    shop.heard(COMPLETED, &session, 200).await;
    assert_eq!(shop.balance().await, "-10.00");
    for _ in 0..2 {
        shop.heard(REINSTATED, &dispute("dp_1", 1_000), 200).await;
    }
    assert_eq!(shop.balance().await, "0.00");
    // Another system's dispute on the same account.
    let foreign = given::merged(dispute("dp_2", 500), json!({"payment_intent": "pi_9"}));
    shop.heard(WITHDRAWN, &foreign, 200).await;
    // Stripe is in trouble: it must be sent again.
    shop.fake.account().broken = 3;
    shop.heard(WITHDRAWN, &dispute("dp_3", 500), 409).await;
    assert_eq!(shop.balance().await, "0.00");
    shop.page.till.prove();
}

/// We had given the payment up; that it is disputed says that it was made.
#[tokio::test]
async fn a_dispute_of_a_payment_that_was_given_up_finds_it() {
    let shop = Shop::open().await;
    shop.begin().await;
    shop.back("cancel").await;
    shop.fake.pay();
    shop.heard(WITHDRAWN, &dispute("dp_1", 1_000), 200).await;
    assert_eq!(shop.page.order_status().await, "ACTTIVE");
    assert_eq!(shop.balance().await, "-10.00");
    shop.page.till.prove();
}

/// What does not fit the payment lies in `suspense` until a person says whose it is.
#[tokio::test]
async fn a_dispute_in_another_currency_waits_for_a_person() {
    let (shop, _) = Shop::paid().await;
    let euros = given::merged(dispute("dp_1", 900), json!({"currency": "eur"}));
    for _ in 0..2 {
        shop.heard(WITHDRAWN, &euros, 200).await;
    }
    let open = shop.open_payments().await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["kind"], "REFUND");
    shop.page.till.prove();
    let till = &shop.page.till;
    let path = till.console(&format!("payments/{}/resolve", open[0]["id"]));
    let whose = json!({"customer": till.shop.customer});
    till.shop.api.post(path, whose).await.expect(200);
    assert!(shop.open_payments().await.is_empty());
    assert_eq!(shop.balance().await, "0.00", "in dollars");
    till.prove();
}

#[tokio::test]
async fn a_refund_that_fails_is_the_customers_again() {
    let (shop, session) = Shop::paid().await;
    shop.fake.account().refunds = vec![refund("re_1", 400, "pending")];
    shop.heard("charge.refunded", &charge(&session, 400), 200)
        .await;
    assert_eq!(shop.balance().await, "0.00");
    shop.fake.account().refunds = vec![refund("re_1", 400, "failed")];
    for _ in 0..3 {
        let failed = refund("re_1", 400, "failed");
        shop.heard("refund.failed", &failed, 200).await;
        assert_eq!(shop.balance().await, "4.00");
        // A repeat of what was told before.
        shop.heard("charge.refunded", &charge(&session, 400), 200)
            .await;
        assert_eq!(shop.balance().await, "4.00");
    }
    // The next refunds count from what did go back.
    let next = ["re_2", "re_3", "re_4"].map(|id| refund(id, 100, "succeeded"));
    shop.fake.account().refunds.extend(next);
    shop.heard("charge.refunded", &charge(&session, 300), 200)
        .await;
    assert_eq!(shop.balance().await, "1.00");
    // Stripe is in trouble: it must be sent again.
    shop.fake.account().broken = 3;
    shop.heard("refund.failed", &refund("re_1", 400, "failed"), 409)
        .await;
    shop.page.till.prove();
}

/// The failure is told before the refund.
#[tokio::test]
async fn a_failure_that_overtakes_its_refund_changes_nothing() {
    let (shop, session) = Shop::paid().await;
    shop.fake.account().refunds = vec![refund("re_1", 400, "failed")];
    shop.heard("refund.failed", &refund("re_1", 400, "failed"), 200)
        .await;
    shop.heard("charge.refunded", &charge(&session, 400), 200)
        .await;
    assert_eq!(shop.balance().await, "0.00");
    shop.page.till.prove();
}

#[tokio::test]
async fn money_in_suspense_can_go_back() {
    let shop = Shop::open().await;
    shop.begin().await;
    let session = shop.fake.change(|session| {
        session["status"] = "complete".into();
        session["payment_status"] = "paid".into();
        session["amount_total"] = 900.into();
    });
    shop.heard(COMPLETED, &session, 200).await;
    assert_eq!(shop.open_payments().await.len(), 1);
    for sum in [300, 900, 900] {
        shop.heard("charge.refunded", &charge(&session, sum), 200)
            .await;
    }
    // Told again, it is not booked again.
    shop.heard(COMPLETED, &session, 200).await;
    assert!(shop.open_payments().await.is_empty());
    assert_eq!(shop.balance().await, "0.00");
    shop.page.till.prove();
}

/// Edge 18, and a thousand webhooks of every kind in no order, many at once: one payment, and what
/// went back of it.
#[tokio::test]
async fn a_thousand_shuffled_and_doubled_webhooks_book_one_payment() {
    let shop = Shop::open().await;
    shop.begin().await;
    let open = shop.fake.change(|_| ());
    let mut expired = open.clone();
    expired["status"] = "expired".into();
    let mut slow = open.clone();
    slow["status"] = "complete".into();
    let session = shop.fake.pay();
    let failed = refund("re_2", 50, "failed");
    shop.fake.account().refunds = vec![
        refund("re_1", 100, "succeeded"),
        failed.clone(),
        refund("re_3", 150, "pending"),
    ];
    let kinds = [
        (COMPLETED, slow.clone()),
        (COMPLETED, session.clone()),
        ("checkout.session.async_payment_succeeded", session.clone()),
        ("checkout.session.async_payment_failed", slow),
        ("checkout.session.expired", expired),
        ("charge.refunded", charge(&session, 250)),
        ("charge.refunded", charge(&session, 100)),
        ("charge.refunded", charge(&session, 150)),
        ("refund.failed", failed),
        (WITHDRAWN, dispute("dp_1", 1_000)),
        (REINSTATED, dispute("dp_1", 1_000)),
        (WITHDRAWN, dispute("dp_2", 700)),
    ];
    let mut place = 1_u64;
    for _ in 0..40 {
        let many = (0..25).map(|_| {
            place = place
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            let (kind, object) = &kinds[usize::try_from((place >> 33) % 12).unwrap()];
            shop.hook(kind, object)
        });
        for answer in tokio_join(many).await {
            assert!(matches!(answer.status, 200 | 409), "{}", answer.told());
        }
    }
    assert_eq!(shop.page.order_status().await, "ACTTIVE");
    assert_eq!(shop.page.till.invoices().await[0], "1 INVOICE 0 10.00");
    assert_eq!(shop.credited().await, 250);
    assert_eq!(shop.balance().await, "-7.00");
    let payments = shop.payments().await;
    let paid = payments.iter().filter(|of| of.starts_with("PAYMENT"));
    let paid: Vec<&String> = paid.collect();
    assert_eq!(paid, ["PAYMENT SUCCEEDED 10.00 2.50 7.00"]);
    shop.page.till.prove();
}

/// All of them at once.
async fn tokio_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        let mut ready = true;
        for (future, done) in &mut waiting {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready {
            let outputs = waiting.drain(..).filter_map(|(_, done)| done).collect();
            std::task::Poll::Ready(outputs)
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
