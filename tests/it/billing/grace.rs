//! Time is paid once: days of grace are days of service, a freeze moves the end by its own length
//! and nothing else, and a change of plan pays no debt.

use boxoffice::domain::billing::cycle;
use boxoffice::domain::billing::cycle::Terms;
use boxoffice::domain::billing::order::Order;
use boxoffice::domain::catalogue::dunning::Ladder;
use boxoffice::domain::catalogue::kinds::Billing;
use boxoffice::domain::values::calendar::{Period, PeriodCount, Term, Zone};
use boxoffice::domain::values::id::{CustomerId, OrderId};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{DAY, Till, charge, monthly};
use crate::alphaott::given;
use crate::kit;
use crate::support::fixture::a_till_selling;

fn patient(days: u32) -> Value {
    json!({"dunning": {"grace_days": days}})
}

/// A prepaid order whose second cycle is due on 28 February and not paid.
async fn unpaid(grace: u32) -> (Till, Value) {
    let till = a_till_selling(patient(grace)).await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(28).await;
    (till, order)
}

async fn end_of(till: &Till, order: &Value) -> Timestamp {
    let end = till.shop.order(order).await["expires"].clone();
    Timestamp::parse(end.as_str().expect("an end")).expect("an instant")
}

/// Paid an hour before the freeze or an hour after it: the end differs by the hour without service.
#[tokio::test]
async fn just_before_or_just_after_the_freeze_is_the_same() {
    for grace in [1, 5, 14] {
        let mut ends = Vec::new();
        for hours in [-1, 0, 1] {
            let (till, order) = unpaid(grace).await;
            let wait = i64::from(grace) * DAY + hours * 3_600;
            till.shop.bx.advance(wait).await;
            till.pay("10").await;
            assert_eq!(till.services().await, "ACTIVE");
            assert_eq!(till.balance().await, "0.00");
            ends.push(end_of(&till, &order).await.seconds());
            till.prove();
        }
        assert_eq!(ends[0], ends[1], "{grace}");
        assert_eq!(ends[1] + 3_600, ends[2], "{grace}");
    }
}

#[tokio::test]
async fn days_of_grace_are_a_part_of_the_cycle_that_pays_for_them() {
    let (till, order) = unpaid(5).await;
    // Frozen on 5 March, paid on the 8th: 31 days less five.
    till.days(8).await;
    till.pay("10").await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-03 2026-04-03");
    let path = till.of_customer("invoices");
    let invoices = given::list(till.shop.api.get(path).await.expect(200));
    assert_eq!(invoices[0]["from"], "2026-03-03T10:00:00.000Z");
    assert_eq!(invoices[0]["to"], "2026-04-03T10:00:00.000Z");
    // And are not given back: of 31 days 25 are left on the evening of the payment.
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.invoices().await[2], "3 CREDIT_NOTE - -8.06");
    till.prove();
}

/// However long the grace was, half of the cycle is for the time after the payment.
#[tokio::test]
async fn half_of_the_cycle_is_served_after_the_payment() {
    let days = json!({"duration": 4, "period": "DAY", "dunning": {"grace_days": 7}});
    let till = a_till_selling(days).await;
    till.pay("10").await;
    let order = till.order().await;
    // Due on 4 February, frozen on the 11th, paid on the 12th: two days instead of four.
    till.days(12).await;
    assert_eq!(till.state(&order).await, "INACTIVE 2026-02-04 2026-02-04");
    till.pay("10").await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-14 2026-02-14");
    till.prove();
}

/// Staff who switch a frozen order on give credit, no time.
#[tokio::test]
async fn an_order_that_staff_switch_on_has_no_grace_for_nothing() {
    let (till, order) = unpaid(5).await;
    till.days(8).await;
    till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-03 2026-04-03");
    assert_eq!(till.balance().await, "-10.00");
    till.prove();
}

// ---- change of plan

/// The orders' statuses, oldest first.
async fn orders(till: &Till) -> Vec<String> {
    let path = till.shop.of_customer("orders");
    let orders = given::list(till.shop.api.get(path).await.expect(200));
    let word = |order: &Value| order["status"].as_str().expect("a status").to_owned();
    orders.iter().map(word).collect()
}

#[tokio::test]
async fn a_change_of_plan_in_the_grace_keeps_the_ladder() {
    for billing in ["PREPAID", "POSTPAID"] {
        let (till, order) = unpaid(5).await;
        let offer = given::merged(
            json!({"billing": billing, "charges": [charge("20.00")]}),
            patient(30),
        );
        let other = monthly(&till.shop, offer).await;
        till.days(2).await;
        till.act(&order, "change", json!({"offer": other}))
            .await
            .expect(201);
        assert_eq!(orders(&till).await, ["EXPIRED", "ACTTIVE"], "{billing}");
        assert_eq!(till.services().await, "ACTIVE EXPIRED");
        // The grace of 28 February is over on 5 March, whatever the new plan grants.
        till.days(3).await;
        assert_eq!(orders(&till).await, ["EXPIRED", "INACTIVE"], "{billing}");
        assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
        till.pay("20").await;
        assert_eq!(orders(&till).await, ["EXPIRED", "ACTTIVE"], "{billing}");
        assert_eq!(till.customer_status().await, "ACTIVE");
        till.prove();
    }
}

/// Who pays in the grace and then changes pays for the days of it.
#[tokio::test]
async fn days_of_grace_go_along_with_a_change_of_plan() {
    let (till, order) = unpaid(5).await;
    till.days(2).await;
    let other = monthly(&till.shop, patient(5)).await;
    let changed = till.act(&order, "change", json!({"offer": other})).await;
    let changed = changed.expect(201);
    // A month from 2 March, less two days.
    assert_eq!(changed["expires"], "2026-03-31T10:00:00.000Z");
    till.pay("10").await;
    assert_eq!(till.services().await, "ACTIVE EXPIRED");
    till.days(20).await;
    assert_eq!(till.services().await, "ACTIVE EXPIRED");
    till.prove();
}

#[tokio::test]
async fn a_change_of_plan_thaws_nobody() {
    let (till, order) = unpaid(5).await;
    let other = monthly(&till.shop, json!({"charges": [charge("20.00")]})).await;
    till.days(8).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.act(&order, "change", json!({"offer": other}))
        .await
        .expect(201);
    assert_eq!(orders(&till).await, ["EXPIRED", "INACTIVE"]);
    assert_eq!(till.services().await, "EXPIRED FROZEN");
    till.days(1).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.pay("20").await;
    assert_eq!(orders(&till).await, ["EXPIRED", "ACTTIVE"]);
    assert_eq!(till.services().await, "ACTIVE EXPIRED");
    // A month from when it was paid, less the five days of grace.
    let list = given::list(
        till.shop
            .api
            .get(till.shop.of_customer("orders"))
            .await
            .expect(200),
    );
    assert_eq!(list[1]["expires"], "2026-04-04T10:00:00.000Z");
    till.prove();
}

/// What is paid at once is paid; and who may give credit may lift the ladder.
#[tokio::test]
async fn a_change_of_plan_that_is_paid_or_lifted_runs() {
    let (till, order) = unpaid(0).await;
    till.pay("9").await;
    let cheap = monthly(&till.shop, json!({"charges": [charge("8.00")]})).await;
    till.act(&order, "change", json!({"offer": cheap}))
        .await
        .expect(201);
    assert_eq!(orders(&till).await, ["EXPIRED", "ACTTIVE"]);
    assert_eq!(till.balance().await, "1.00");
    till.prove();

    let (till, order) = unpaid(5).await;
    let lift = json!({"offer": till.shop.offer, "lift": true});
    let bx = &till.shop.bx;
    let cashier = bx.client_of("cashier").await;
    let path = till.of_customer(&format!("orders/{}/change", crate::alphaott::id_of(&order)));
    assert_eq!(cashier.post(path, lift.clone()).await.status, 403);
    assert_eq!(orders(&till).await, ["ACTTIVE"]);
    till.act(&order, "change", lift).await.expect(201);
    till.days(20).await;
    assert_eq!(orders(&till).await, ["EXPIRED", "ACTTIVE"]);
    assert_eq!(till.services().await, "ACTIVE EXPIRED");
    till.prove();
}

// ---- a reminder on the day of the freeze, and an end inside the grace

#[tokio::test]
async fn nobody_is_reminded_on_the_day_of_the_freeze() {
    let dunning = json!({"grace_days": 5, "reminder_days": [2, 5, 7]});
    let till = a_till_selling(json!({"billing": "POSTPAID", "dunning": dunning})).await;
    let order = till.order().await;
    till.days(5).await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    assert_eq!(reminded(&till).await, 1);
    till.days(10).await;
    assert_eq!(reminded(&till).await, 1);
}

/// The time of an order is over before its grace: reminders come all the same, and then the
/// suspension.
#[tokio::test]
async fn an_order_that_ends_inside_its_grace_is_reminded_on() {
    let offer = json!({
        "billing": "POSTPAID", "type": "ONE_TIME", "duration": 3, "period": "DAY",
        "dunning": {"grace_days": 10, "reminder_days": [2, 5, 10]},
    });
    let till = a_till_selling(offer).await;
    let order = till.order().await;
    till.days(4).await;
    assert_eq!(&till.state(&order).await[..7], "EXPIRED");
    assert_eq!(reminded(&till).await, 1);
    till.days(5).await;
    assert_eq!(reminded(&till).await, 2);
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.days(1).await;
    assert_eq!(
        reminded(&till).await,
        2,
        "none on the day of the suspension"
    );
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
}

/// Reminders of all runs.
async fn reminded(till: &Till) -> u64 {
    let runs = given::list(till.shop.api.get(till.console("runs")).await.expect(200));
    let count = |run: &Value| run["counts"]["reminded"].as_u64().expect("a count");
    runs.iter().map(count).sum()
}

// ---- properties

fn order_due(zone: &Zone, start: Timestamp, term: Term, paid: u32) -> Order {
    let mut order = kit::order(OrderId(1), CustomerId(1));
    order.billing = Billing::Prepaid;
    order.term = term;
    (order.cycles_total, order.cycles_paid) = (0, paid);
    (order.anchor_at, order.anchor_cycle) = (start, 0);
    order.set_dates(zone);
    order
}

proptest! {
    /// Whatever the term, the month's end, the grace and the zone: the end moves by the time
    /// without service, and by nothing else; half of the cycle is left at least.
    #[test]
    fn a_freeze_moves_the_end_by_its_own_length(
        start in 1_700_000_000i64..2_000_000_000,
        count in 1u32..4,
        period in prop_oneof![Just(Period::Day), Just(Period::Month), Just(Period::Year)],
        paid in 1u32..20,
        grace in 1u32..60,
        frozen in 0i64..8_000_000,
        zone in prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/St_Johns")],
    ) {
        let zone = Zone::parse(zone).expect("a zone");
        let ladder = Ladder { grace_days: grace, reminder_days: Vec::new(), suspend_days: 0 };
        let terms = Terms {
            title: "", prices: &[], ladder: &ladder, zone: &zone, billed_on: None, seen_on: None,
            priced_at: None,
        };
        let term = Term { count: PeriodCount::whole(count).expect("a count"), period };
        let start = Timestamp::from_micros(start * 1_000_000).expect("an instant");
        let order = order_due(&zone, start, term, paid);
        let due_at = order.next_cycle_at.expect("a cycle");
        let overdue = cycle::overdue(&order, &terms, due_at);
        let nothing = |_| Minor::ZERO;
        let before = cycle::reopen(&overdue, &terms, nothing, false, due_at).expect("paid").order;
        let freeze_at = ladder.freeze_at(&zone, due_at);
        let frozen_order = cycle::settle(&overdue, &terms, nothing, freeze_at);
        let frozen_order = frozen_order.expect("frozen").order;
        let at = freeze_at.saturating_add_seconds(frozen);
        let after = cycle::reopen(&frozen_order, &terms, nothing, false, at).expect("paid").order;
        let (end, moved) = (before.expires_at.expect("an end"), after.expires_at.expect("an end"));
        let cycle = end.micros() - due_at.micros();
        let served = freeze_at.micros() - due_at.micros();
        if served * 2 <= cycle {
            prop_assert_eq!(end.micros() + frozen * 1_000_000, moved.micros());
        } else {
            prop_assert_eq!(moved.micros() - at.micros(), cycle - cycle / 2);
        }
        prop_assert_eq!(after.next_cycle_at, after.expires_at);
        // The one after it is whole.
        let next = cycle::next_bill(&after, &terms).expect("a cycle");
        prop_assert_eq!(Some(next.from), after.expires_at);
        prop_assert!(next.to.expect("an end") > next.from);
    }
}
