//! What is given back: no more than was billed, no day that was used, no time that was a gift.

use boxoffice::domain::billing::cycle;
use boxoffice::domain::billing::cycle::Terms;
use boxoffice::domain::billing::invoice::{days_unused, unused};
use boxoffice::domain::billing::order::{Order, Standing};
use boxoffice::domain::catalogue::charge::{Line, total_minor};
use boxoffice::domain::catalogue::dunning::Ladder;
use boxoffice::domain::catalogue::kinds::{Billing, OrderStatus};
use boxoffice::domain::values::calendar::{Period, PeriodCount, Term, Zone};
use boxoffice::domain::values::id::{CustomerId, OrderId};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::TaxRate;
use boxoffice::domain::values::time::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::{DAY, charge, monthly};
use crate::alphaott::id_of;
use crate::support::fixture::{a_till, a_till_selling};

const BACK: &str = "2026-02-28T10:00:00Z";

#[tokio::test]
async fn an_invoice_is_given_back_once() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    for _ in 0..3 {
        till.act(&order, "end", json!({"credit": true}))
            .await
            .expect(200);
        let again = json!({"status": "ACTTIVE", "expires": BACK});
        till.shop.change(&order, again).await;
    }
    // Nor by a change of plan, and back.
    let free = monthly(&till.shop, json!({"charges": []})).await;
    till.act(&order, "change", json!({"offer": free}))
        .await
        .expect(201);
    assert_eq!(
        till.invoices().await,
        ["1 INVOICE 0 10.00", "2 CREDIT_NOTE - -9.64"]
    );
    assert_eq!(till.balance().await, "9.64");
    till.prove();
}

/// Whoever may not book money gives none back either.
#[tokio::test]
async fn a_change_that_gives_money_back_needs_the_right_to() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    let other = monthly(&till.shop, json!({"charges": [charge("20.00")]})).await;
    let free = monthly(&till.shop, json!({"charges": []})).await;
    let free = till.order_of(json!({"offer": free})).await;
    let change = async |order: &serde_json::Value, role: &str| {
        let bx = &till.shop.bx;
        let api = bx.client_of(role).await;
        let path = till.of_customer(&format!("orders/{}/change", id_of(order)));
        api.post(path, json!({"offer": other})).await.status
    };
    assert_eq!(change(&order, "dealer").await, 403);
    assert_eq!(till.shop.order(&order).await["status"], "ACTTIVE");
    assert_eq!(till.invoices().await.len(), 1);
    assert_eq!(change(&free, "dealer").await, 201);
    assert_eq!(change(&order, "cashier").await, 201);
    till.prove();
}

#[tokio::test]
async fn time_given_away_is_not_given_back() {
    let till = a_till_selling(json!({"charges": [charge("28.00")]})).await;
    till.pay("28").await;
    let order = till.order().await;
    let gift = json!({"expires": "2026-12-01T10:00:00Z"});
    till.shop.change(&order, gift).await;
    till.days(20).await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    // 28 days, of which 20 and the day of the end are used.
    assert_eq!(till.invoices().await[1], "2 CREDIT_NOTE - -7.00");
    till.prove();
}

/// Two cycles are paid and one pause moves both.
#[tokio::test]
async fn days_of_a_pause_are_given_back() {
    let till = a_till_selling(json!({"charges": [charge("31.00")]})).await;
    till.pay("62").await;
    // 31 January to 28 February, and to 31 March.
    let order = till.order().await;
    till.act(&order, "renew", json!({})).await.expect(200);
    till.days(4).await;
    till.act(&order, "pause", json!({})).await.expect(200);
    till.days(20).await;
    till.act(&order, "resume", json!({})).await.expect(200);
    till.days(1).await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    // Used: four days, one more after the pause, and the day of the end: 22 of 28 are left.
    assert_eq!(
        till.invoices().await[2..],
        ["3 CREDIT_NOTE - -31.00", "4 CREDIT_NOTE - -24.36"]
    );
    till.prove();
}

/// A pause moves what was billed before it, not what is billed after it.
#[tokio::test]
async fn a_pause_moves_only_what_was_paid_by_then() {
    let till = a_till_selling(json!({"charges": [charge("31.00")]})).await;
    till.pay("62").await;
    let order = till.order().await;
    till.days(10).await;
    till.act(&order, "pause", json!({})).await.expect(200);
    till.days(20).await;
    till.act(&order, "resume", json!({})).await.expect(200);
    // 28 February moved to 20 March; from there to 20 April, of which 21 March is used.
    till.act(&order, "renew", json!({})).await.expect(200);
    till.days(19).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-20 2026-04-20");
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    assert_eq!(till.invoices().await[2..], ["3 CREDIT_NOTE - -29.00"]);
    till.prove();
}

// ---- properties

/// What a life of an order does next.
#[derive(Debug, Clone)]
enum Act {
    /// So many hours pass.
    Wait(i64),
    Pause,
    Resume,
    /// The next cycle, before its time.
    Renew,
    /// So many hours are given away.
    Give(i64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1i64..900).prop_map(Act::Wait),
        2 => Just(Act::Pause),
        2 => Just(Act::Resume),
        2 => Just(Act::Renew),
        1 => (1i64..900).prop_map(Act::Give),
    ];
    prop::collection::vec(act, 1..40)
}

/// An order, and beside it what it should be: a row of stretches of time that lie ahead, each of a
/// paid cycle or a gift, of which the first one is used up while the order runs.
struct Life {
    order: Order,
    /// From and to of every bill.
    bills: Vec<(Timestamp, Timestamp)>,
    ahead: Vec<(Option<usize>, i64)>,
    now: Timestamp,
}

impl Life {
    fn begin(count: u32, period: Period) -> Self {
        let now = Timestamp::parse("2026-01-31T10:00:00Z").expect("an instant");
        let mut order = crate::kit::order(OrderId(1), CustomerId(1));
        order.billing = Billing::Prepaid;
        order.term = Term {
            count: PeriodCount::whole(count).expect("a count"),
            period,
        };
        (order.cycles_total, order.cycles_paid) = (0, 0);
        order.anchor(now);
        order.expires_at = None;
        let mut life = Self {
            order,
            bills: Vec::new(),
            ahead: Vec::new(),
            now,
        };
        life.renew();
        life
    }

    fn renew(&mut self) {
        let ladder = Ladder::usual(Billing::Prepaid);
        let terms = Terms {
            title: "",
            prices: &[],
            ladder: &ladder,
            zone: &Zone::utc(),
            billed_on: None,
            seen_on: None,
            priced_at: None,
        };
        let bill = cycle::next_bill(&self.order, &terms).expect("a next cycle");
        let to = bill.to.expect("an end");
        assert!(!bill.is_backward());
        self.order = cycle::renewed(&self.order, &bill, self.now);
        self.ahead
            .push((Some(self.bills.len()), to.micros() - bill.from.micros()));
        self.bills.push((bill.from, to));
    }

    fn wait(&mut self, hours: i64) {
        let until = self.now.saturating_add_seconds(hours * 3_600);
        while self.now < until {
            if self.order.status != OrderStatus::Active {
                self.now = until;
                return;
            }
            let next = self.order.next_cycle_at.expect("a next cycle");
            let step = next.min(until);
            self.use_up(step.micros() - self.now.micros());
            self.now = step;
            if next <= step {
                self.renew();
            }
        }
    }

    fn use_up(&mut self, mut micros: i64) {
        while let Some((_, left)) = self.ahead.first_mut() {
            let used = micros.min(*left);
            (*left, micros) = (*left - used, micros - used);
            if *left > 0 {
                return;
            }
            self.ahead.remove(0);
        }
        assert_eq!(micros, 0, "it ran for nothing");
    }

    fn act(&mut self, act: &Act) {
        let zone = Zone::utc();
        let paused = matches!(self.order.standing, Standing::Paused { .. });
        match act {
            Act::Wait(hours) => self.wait(*hours),
            Act::Pause if !paused => self.order.pause(self.now),
            Act::Resume if paused => self.order.set_status(OrderStatus::Active, &zone, self.now),
            Act::Renew if !paused => self.renew(),
            Act::Give(hours) if !paused => {
                let end = self.order.expires_at.expect("an end");
                let end = end.saturating_add_seconds(hours * 3_600);
                self.order.expires_at = Some(end);
                self.order.anchor(end);
                self.ahead.push((None, hours * 3_600_000_000));
            }
            _ => {}
        }
    }

    /// Every cycle that is not over lies where its stretch lies, however it got there.
    fn check(&self) {
        let stopped_at = match self.order.standing {
            Standing::Paused { since } => since,
            _ => self.now,
        };
        let mut ends = stopped_at.micros();
        for (cycle, left) in &self.ahead {
            ends += left;
            let Some(cycle) = *cycle else { continue };
            let number = u32::try_from(cycle).expect("a number");
            let (from, to) = self.bills[cycle];
            let shift = self.order.shift_micros(number);
            let (from, to) = (
                from.saturating_add_micros(shift),
                to.saturating_add_micros(shift),
            );
            assert_eq!(to.micros(), ends, "cycle {cycle}");
            let all = Zone::utc().date(from).days_until(Zone::utc().date(to));
            let days = days_unused(&Zone::utc(), from, to, stopped_at).unwrap_or(all);
            let whole = left / (DAY * 1_000_000);
            assert!(i64::from(days) <= whole + 1, "{days} of {whole} days");
        }
        assert_eq!(self.order.expires_at.map(Timestamp::micros), Some(ends));
        let ahead = self.ahead.iter().filter_map(|(cycle, _)| *cycle);
        let first = ahead.min().unwrap_or(self.bills.len());
        for (cycle, (_, to)) in self.bills.iter().enumerate().take(first) {
            let number = u32::try_from(cycle).expect("a number");
            let to = to.saturating_add_micros(self.order.shift_micros(number));
            assert!(to <= stopped_at, "cycle {cycle} is over");
        }
    }
}

fn line() -> impl Strategy<Value = Line> {
    (-5_000i64..100_000, 0u32..300_000).prop_map(|(gross, rate)| {
        let rate = TaxRate::from_thousandths(rate);
        let gross = Minor::of(gross);
        let tax_minor = rate.contained_in(gross);
        Line {
            title: String::new(),
            rate,
            net_minor: gross - tax_minor,
            tax_minor,
            by_day: true,
        }
    })
}

proptest! {
    /// However an order is paused, renewed and given time, each paid cycle ends where what is left
    /// of it ends, and nobody is billed for a gift or given one back.
    #[test]
    fn what_is_paid_lies_where_it_should(
        acts in acts(),
        count in 1u32..3,
        period in prop_oneof![Just(Period::Day), Just(Period::Month), Just(Period::Quarter)],
    ) {
        let mut life = Life::begin(count, period);
        for act in &acts {
            life.act(act);
            life.check();
        }
    }

    #[test]
    fn a_credit_note_gives_back_no_more_than_its_invoice(
        lines in prop::collection::vec(line(), 1..5),
        all in -3i32..4_000,
        left in -3i32..5_000,
    ) {
        let total = total_minor(&lines);
        let tax = |lines: &[Line]| lines.iter().map(|line| line.tax_minor).sum::<Minor>();
        let credit = unused(&lines, all, left);
        let back = -total_minor(&credit);
        if total >= 0 {
            prop_assert!((Minor::ZERO..=total).contains(&back), "{back} of {total}");
        }
        if left >= all && all > 0 && total != 0 {
            prop_assert_eq!((back, -tax(&credit)), (total, tax(&lines)));
        }
    }
}
