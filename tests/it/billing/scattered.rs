//! Thousands of orders that are due in another order than they were opened in. A run goes customer
//! by customer then; what it comes to must not show that.

use boxoffice::app::Ctx;
use boxoffice::domain::billing::journal::opening;
use boxoffice::domain::billing::order::{Order, Standing};
use boxoffice::domain::customers::Customer;
use boxoffice::domain::values::calendar::Zone;
use boxoffice::domain::values::id::{CustomerId, OrderId, ProductOfferId};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::{Amount, Currency};
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::billing::preview;
use boxoffice::ops::billing::preview::Scope;
use boxoffice::ops::billing::run;
use boxoffice::ops::billing::run::Pace;
use boxoffice::ops::schedule::work;
use boxoffice::store::{Read as _, StoreError, append_entries};
use serde_json::Value;

use super::{DAY, Till};
use crate::support::fixture::a_till;

const CUSTOMERS: u64 = 2_500;

/// Any place in a day, another one for each number.
fn second_of_day(number: u64) -> i64 {
    i64::try_from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16).expect("positive") % DAY
}

/// Customers who have money for one cycle and two orders; numbers of customers begin with 100.
fn fill(till: &Till, first: &Value) {
    let app = till.shop.bx.app();
    let first = crate::alphaott::id_of(first).parse().expect("a number");
    let write = app.store.write_blocking(move |tx| {
        let order: Order = tx.get(&OrderId(first))?.expect("the first order");
        let customer: Customer = tx.get(&order.customer)?.expect("its customer");
        let mut money = Vec::new();
        for number in 100..100 + CUSTOMERS {
            let id = CustomerId(number);
            tx.put(&Customer {
                id,
                login: Some(format!("u{number}")),
                email: None,
                account_number: None,
                primary_order: Some(OrderId(number)),
                ..customer.clone()
            })?;
            for order_id in [number, number + 10_000] {
                let from = order
                    .anchor_at
                    .saturating_add_seconds(second_of_day(order_id));
                let mut order = Order {
                    id: OrderId(order_id),
                    customer: id,
                    anchor_at: from,
                    ..order.clone()
                };
                order.set_dates(&Zone::utc());
                tx.put(&order)?;
            }
            let amount = Amount {
                minor: Minor::of(1_000),
                currency: Currency::USD,
            };
            money.push(opening(id, amount, order.anchor_at));
        }
        append_entries(tx, money)?;
        tx.reserve(CustomerId(20_000))?;
        tx.reserve(OrderId(20_000))
    });
    write.expect("a base");
}

/// The context of somebody who comes so many days after the order was opened.
fn after(till: &Till, days: i64) -> Ctx {
    let mut ctx = Ctx::system(till.shop.bx.app());
    ctx.now = ctx.now.saturating_add_seconds(days * DAY);
    ctx
}

fn orders_of(till: &Till, number: u64) -> [Order; 2] {
    let snapshot = till.shop.bx.app().store.read().expect("a snapshot");
    [number, number + 10_000].map(|id| {
        let order = snapshot.get::<Order>(&OrderId(id)).expect("a read");
        order.expect("an order")
    })
}

#[tokio::test]
async fn the_oldest_bill_of_each_customer_takes_their_money() {
    let till = a_till().await;
    let first = till.order().await;
    fill(&till, &first);
    let ctx = after(&till, 33);

    let ahead = preview::preview(&ctx, &Scope::Everybody, ctx.now, 50).expect("a preview");
    assert_eq!(ahead.counts.renewed, CUSTOMERS);
    let times: Vec<Timestamp> = ahead.steps.iter().map(|step| step.at).collect();
    assert_eq!(times.len(), 50);
    let before: Vec<_> = (100..100 + CUSTOMERS)
        .flat_map(|number| orders_of(&till, number))
        .map(|order| order.next_cycle_at.expect("a next cycle"))
        .collect();

    work::work(&ctx, ctx.now, Pace::Now).await.expect("a run");
    let mut renewed = 0;
    for (number, due) in (100..).zip(before.chunks(2)) {
        let after = orders_of(&till, number);
        let [older, newer] = if due[0] <= due[1] { [0, 1] } else { [1, 0] };
        assert!(
            after[older].runs_at(ctx.now) && !after[newer].runs_at(ctx.now),
            "customer {number}: {after:?}"
        );
        renewed += u64::from(after[older].cycles_paid > after[newer].cycles_paid);
    }
    assert_eq!(renewed, CUSTOMERS);
    let again = work::work(&ctx, ctx.now, Pace::Now).await;
    assert_eq!(again.expect("a run"), 0);
    till.prove();
}

/// What a preview shows first is what comes first.
#[tokio::test]
async fn a_preview_shows_the_first_steps_by_time() {
    let till = a_till().await;
    let first = till.order().await;
    fill(&till, &first);
    let ctx = Ctx::system(till.shop.bx.app());
    let until = ctx.now.saturating_add_seconds(33 * DAY);
    let ahead = preview::preview(&ctx, &Scope::Everybody, until, 50).expect("a preview");
    let of_many = ahead.steps.iter().filter(|step| step.order.0 >= 100);
    let shown: Vec<Timestamp> = of_many.map(|step| step.at).collect();
    let mut due: Vec<Timestamp> = (100..100 + CUSTOMERS)
        .flat_map(|number| orders_of(&till, number))
        .filter_map(|order| order.due().map(|(at, _)| at))
        .collect();
    due.sort_unstable();
    assert_eq!(shown[..40], due[..40]);
}

#[tokio::test]
async fn an_order_that_cannot_be_worked_keeps_no_other_from_its_turn() {
    let till = a_till().await;
    let first = till.order().await;
    fill(&till, &first);
    let app = till.shop.bx.app();
    let spoil = app.store.write_blocking(|tx| {
        for number in [777, 1_500] {
            let order: Order = tx.get(&OrderId(number))?.expect("an order");
            tx.put(&Order {
                offer: Some(ProductOfferId(9_999)),
                ..order
            })?;
        }
        Ok::<_, StoreError>(())
    });
    spoil.expect("a write");
    let ctx = after(&till, 33);
    work::work(&ctx, ctx.now, Pace::Now).await.expect("a run");
    for number in 100..100 + CUSTOMERS {
        let [spoiled, other] = orders_of(&till, number);
        if [777, 1_500].contains(&number) {
            assert!(matches!(spoiled.standing, Standing::Parked { .. }));
            assert!(other.runs_at(ctx.now), "{other:?}");
        } else {
            assert!(spoiled.runs_at(ctx.now) || other.runs_at(ctx.now));
        }
    }
    let runs = run::runs(&ctx, 1).expect("runs");
    assert_eq!(runs[0].counts.failed, 2);
}
