//! One-time PINs: how long they are good, and for what.

use super::{at, usd};
use crate::domain::partners::pin::{Pin, PinRules, PinState, may_make};
use crate::domain::values::id::{CustomerId, PartnerId, PinId};
use crate::domain::values::reasons::PinRefusal;

fn pin(change: impl FnOnce(&mut Pin)) -> Pin {
    let mut pin = Pin {
        id: PinId(1),
        public_id: [0; 16],
        partner: PartnerId(7),
        customer: CustomerId(2),
        nonce: [0; 16],
        digits: 6,
        address: String::new(),
        purchase: None,
        amount: None,
        tries_left: 3,
        state: PinState::Live,
        created_at: at("2026-01-01 10:00:00"),
        expires_at: at("2026-01-01 10:05:00"),
    };
    change(&mut pin);
    pin
}

#[test]
fn a_pin_is_good_for_five_minutes() {
    let live = |now: &str| pin(|_| {}).is_live(at(now));
    assert_eq!(live("2026-01-01 10:04:59"), Ok(()));
    assert_eq!(live("2026-01-01 10:05:00"), Err(PinRefusal::Expired));
    let is = |state| pin(|pin| pin.state = state).is_live(at("2026-01-01 10:01:00"));
    assert_eq!(is(PinState::Burnt), Err(PinRefusal::TooManyTries));
    assert_eq!(is(PinState::Replaced), Err(PinRefusal::Expired));
    assert_eq!(
        is(PinState::Validated(at("2026-01-01"))),
        Err(PinRefusal::Expired)
    );
    assert_eq!(
        is(PinState::Spent(at("2026-01-01"))),
        Err(PinRefusal::Expired)
    );
}

#[test]
fn the_third_wrong_try_burns_it_and_then_the_right_one_is_refused_too() {
    let now = at("2026-01-01 10:01:00");
    let mut tried = pin(|_| {});
    assert_eq!(tried.try_digits(false, now), Err(PinRefusal::Wrong));
    assert_eq!(tried.try_digits(false, now), Err(PinRefusal::Wrong));
    assert_eq!(tried.try_digits(false, now), Err(PinRefusal::TooManyTries));
    assert_eq!(tried.try_digits(true, now), Err(PinRefusal::TooManyTries));
    assert_eq!(tried.state, PinState::Burnt);
    let mut right = pin(|_| {});
    assert_eq!(right.try_digits(false, now), Err(PinRefusal::Wrong));
    assert_eq!(right.try_digits(true, now), Ok(()));
    assert_eq!(right.state, PinState::Validated(now));
    assert_eq!(
        right.try_digits(true, now),
        Err(PinRefusal::Expired),
        "once"
    );
    assert_eq!(
        pin(|_| {}).try_digits(true, at("2026-01-01 10:05:00")),
        Err(PinRefusal::Expired)
    );
}

#[test]
fn a_pin_for_a_purchase_is_for_no_other_and_for_that_much_only() {
    let of = pin(|pin| {
        pin.purchase = Some("A".to_owned());
        pin.amount = Some(usd(999));
    });
    assert!(of.is_for("A", usd(999)));
    assert!(!of.is_for("B", usd(999)) && !of.is_for("A", usd(998)));
    assert!(
        pin(|_| {}).is_for("B", usd(1)),
        "one that names nothing is for anything"
    );
}

#[test]
fn a_right_pin_is_a_mark_for_ten_minutes() {
    let told = at("2026-01-01 10:01:00");
    let clears = |state, purchase: &str, now: &str| {
        let pin = pin(|pin| {
            pin.state = state;
            pin.purchase = Some("A".to_owned());
        });
        pin.clears(purchase, usd(1), at(now))
    };
    let validated = PinState::Validated(told);
    assert!(clears(validated, "A", "2026-01-01 10:10:59"));
    assert!(!clears(validated, "A", "2026-01-01 10:11:00"));
    assert!(!clears(validated, "B", "2026-01-01 10:02:00"));
    assert!(!clears(PinState::Live, "A", "2026-01-01 10:02:00"));
    assert!(!clears(PinState::Spent(told), "A", "2026-01-01 10:02:00"));
}

#[test]
fn a_pin_is_kept_as_long_as_it_counts_towards_a_limit() {
    // A quarter of an hour and ten minutes after its end.
    assert!(!pin(|_| {}).is_over(at("2026-01-01 10:30:00")));
    assert!(pin(|_| {}).is_over(at("2026-01-01 10:30:01")));
}

#[test]
fn a_pin_of_a_quarter_of_an_hour_ago_no_longer_counts() {
    let rules = PinRules {
        digits: 6,
        seconds: 300,
        tries: 3,
        most: 1,
        gap_seconds: 1_000,
    };
    let ask = |now: &str| may_make(&rules, [at("2026-01-01 10:00:00")].into_iter(), at(now));
    assert_eq!(
        ask("2026-01-01 10:14:59"),
        Err(101),
        "the gap is longer than the window"
    );
    assert_eq!(ask("2026-01-01 10:15:00"), Ok(()));
}
