//! Grace, reminders, freeze and suspension, in days.

use super::{at, sold};
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::kinds::Billing;
use crate::domain::values::calendar::Zone;

#[test]
fn without_a_ladder_of_its_own_a_postpaid_offer_has_two_weeks() {
    let postpaid = Ladder::usual(Billing::Postpaid);
    assert_eq!((postpaid.grace_days, postpaid.suspend_days), (14, 0));
    assert_eq!(postpaid.reminder_days, [7]);
    for billing in [Billing::Prepaid, Billing::External] {
        let usual = Ladder::usual(billing);
        assert_eq!(
            (usual.grace_days, usual.suspend_days),
            (0, 0),
            "{billing:?}"
        );
        assert!(usual.reminder_days.is_empty());
    }
}

#[test]
fn days_of_the_ladder_keep_the_wall_clock() {
    let (ladder, berlin) = (sold().ladder, Zone::parse("Europe/Berlin").unwrap());
    // Noon in Berlin, a week before the clocks go forward.
    let since = at("2026-03-22 11:00:00");
    assert_eq!(ladder.freeze_at(&berlin, since), at("2026-04-05 10:00:00"));
    assert_eq!(ladder.suspend_at(&berlin, since), at("2026-03-25 11:00:00"));
    assert_eq!(
        ladder.reminder_at(&berlin, since, 0),
        Some(at("2026-03-23 11:00:00"))
    );
    assert_eq!(
        ladder.reminder_at(&berlin, since, 1),
        Some(at("2026-03-29 10:00:00"))
    );
    assert_eq!(ladder.reminder_at(&berlin, since, 2), None);
}

#[test]
fn nobody_is_reminded_on_the_day_of_the_freeze_or_later() {
    let ladder = Ladder {
        reminder_days: vec![13, 14, 15],
        ..sold().ladder
    };
    let day = |sent| ladder.reminder_at(&Zone::utc(), at("2026-01-01"), sent);
    assert_eq!(day(0), Some(at("2026-01-14")));
    assert_eq!(day(1), None);
    assert_eq!(day(2), None);
}

#[test]
fn without_grace_the_freeze_is_at_once() {
    let ladder = Ladder::usual(Billing::Prepaid);
    let since = at("2026-03-29 01:30:00");
    assert_eq!(ladder.freeze_at(&Zone::utc(), since), since);
}
