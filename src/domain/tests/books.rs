//! The journal, runs, payments, vouchers, and debts that were brought along.

use super::{at, money, units, usd};
use crate::domain::billing::debt::{DebtDue, OpeningDebt};
use crate::domain::billing::journal::{
    Account, EntryCause, JournalEntry, Posting, opening, transfer,
};
use crate::domain::billing::payment::{
    Payment, PaymentKind, PaymentState, VoucherBatch, compared_reference,
};
use crate::domain::billing::run::{Run, RunCounts, RunState, add_money};
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::{
    CustomerId, JournalEntryId, PartnerId, PaymentId, RunId, VoucherBatchId,
};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;

pub fn payment() -> Payment {
    Payment {
        id: PaymentId(1),
        kind: PaymentKind::Payment,
        customer: Some(CustomerId(2)),
        order: None,
        page: None,
        method: "cash".to_owned(),
        reference: None,
        client_key: None,
        amount: usd(1_000),
        state: PaymentState::Succeeded,
        refunded_minor: Minor::ZERO,
        disputed_minor: Minor::ZERO,
        told_minor: Minor::ZERO,
        refund_failed: false,
        note: String::new(),
        created_at: at("2026-01-01"),
        ended_at: None,
        due_at: None,
        by: String::new(),
    }
}

#[test]
fn accounts_are_written_as_the_journal_has_them() {
    for (account, text) in [
        (Account::Customer(CustomerId(7)), "customer:7"),
        (Account::Revenue, "revenue"),
        (Account::Tax(super::percent("7.5")), "tax:7.5"),
        (Account::Cash("stripe".to_owned()), "cash:stripe"),
        (Account::Partner(PartnerId(3)), "partner:3"),
        (Account::Payable(PartnerId(3)), "payable:3"),
        (Account::Suspense, "suspense"),
        (Account::Opening, "opening"),
        (Account::Carrier, "carrier"),
        (Account::WriteOff, "writeoff"),
        (Account::Vouchers, "vouchers"),
    ] {
        assert_eq!(account.to_string(), text);
    }
}

#[test]
fn an_entry_balances_in_every_currency_by_itself() {
    let balanced = |amounts: &[Amount]| {
        let posting = |amount: &Amount| Posting {
            account: Account::Revenue,
            credit_minor: amount.minor,
            currency: amount.currency,
        };
        JournalEntry {
            id: JournalEntryId(1),
            at: at("2026-01-01"),
            cause: EntryCause::Adjustment,
            order: None,
            memo: String::new(),
            postings: amounts.iter().map(posting).collect(),
        }
        .is_balanced()
    };
    assert!(balanced(&[usd(5), usd(-5)]));
    assert!(balanced(&[usd(5), usd(-3), usd(-2)]));
    assert!(balanced(&[
        usd(5),
        usd(-5),
        money(7, "EUR"),
        money(-7, "EUR")
    ]));
    assert!(!balanced(&[usd(5), money(-5, "EUR")]));
    assert!(!balanced(&[usd(5), usd(-4)]));
    assert!(!balanced(&[usd(0)]), "one posting is no movement");
    assert!(!balanced(&[]));
}

#[test]
fn money_moves_from_one_account_to_another() {
    let moved = transfer(Account::Suspense, Account::Revenue, usd(300));
    assert_eq!(
        (moved[0].account.clone(), units(moved[0].credit_minor)),
        (Account::Suspense, -300)
    );
    assert_eq!(
        (moved[1].account.clone(), units(moved[1].credit_minor)),
        (Account::Revenue, 300)
    );
    let brought = opening(CustomerId(7), usd(-1_200), at("2026-01-01"));
    assert!(brought.is_balanced());
    assert_eq!(
        brought.postings[1].account,
        Account::Customer(CustomerId(7))
    );
    assert_eq!(brought.postings[1].credit_minor, -1_200);
}

#[test]
fn what_of_a_payment_went_back_is_not_left() {
    let with = |refunded: i64, disputed: i64| Payment {
        refunded_minor: refunded.into(),
        disputed_minor: disputed.into(),
        ..payment()
    };
    assert_eq!(payment().left_minor(), 1_000);
    assert_eq!(with(300, 200).left_minor(), 500);
    assert_eq!(with(1_000, 200).left_minor(), -200, "more went than came");
}

#[test]
fn a_payment_is_booked_once_its_money_is_there() {
    let with = |state, refunded: i64| Payment {
        state,
        refunded_minor: refunded.into(),
        ..payment()
    };
    for (state, refunded, open, booked) in [
        (PaymentState::Processing, 0, true, false),
        (PaymentState::Unmatched, 0, true, true),
        (PaymentState::Succeeded, 0, false, true),
        (PaymentState::Failed, 0, false, false),
        // It lay in suspense and went back.
        (PaymentState::Failed, 1_000, false, true),
    ] {
        let payment = with(state, refunded);
        assert_eq!(
            (payment.is_open(), payment.is_booked()),
            (open, booked),
            "{state:?}"
        );
    }
}

/// Ten vouchers of 10.00, of which so many were sold for so much, and used.
fn batch(sold_count: u32, sold_minor: i64, used_count: u32) -> VoucherBatch {
    VoucherBatch {
        id: VoucherBatchId(1),
        title: String::new(),
        amount: usd(1_000),
        count: 10,
        created_at: at("2026-01-01"),
        expires_at: None,
        revoked_at: None,
        is_liability: true,
        sold_count,
        sold_minor: sold_minor.into(),
        made_by: String::new(),
        used_count,
        returned_count: 0,
    }
}

#[test]
fn vouchers_are_worth_what_is_printed_on_them() {
    let batch = batch(0, 0, 0);
    assert_eq!((units(batch.worth(0)), units(batch.worth(9))), (0, 9_000));
}

fn counts() -> RunCounts {
    RunCounts {
        renewed: 1,
        overdue: 2,
        reminded: 3,
        frozen: 4,
        suspended: 5,
        expired: 6,
        failed: 7,
    }
}

#[test]
fn a_run_counts_everything_that_it_did() {
    assert_eq!(counts().all(), 28);
    let mut twice = counts();
    twice.add(&counts());
    assert_eq!(twice.all(), 56);
    assert_eq!(twice.less(&counts()), counts());
    assert_eq!(twice.less(&twice), RunCounts::default());
}

#[test]
fn a_run_says_why_it_is_held() {
    let reason = || "too much".to_owned();
    assert_eq!(
        RunState::Stopped { reason: reason() }.held_because(),
        Some("too much")
    );
    assert_eq!(
        RunState::Eased { reason: reason() }.held_because(),
        Some("too much")
    );
    assert_eq!(RunState::Open.held_because(), None);
    assert_eq!(RunState::Released.held_because(), None);
}

#[test]
fn what_was_invoiced_is_summed_by_currency() {
    let mut run = Run {
        id: RunId(1),
        state: RunState::Open,
        released_by: None,
        started_at: at("2026-01-01"),
        ended_at: at("2026-01-01"),
        worked_micros: 0,
        counts: RunCounts::default(),
        invoiced: Vec::new(),
        failures: Vec::new(),
    };
    let (dollar, euro) = (usd(0).currency, money(0, "EUR").currency);
    run.add_invoiced(dollar, Minor::of(100));
    run.add_invoiced(euro, Minor::of(7));
    run.add_invoiced(dollar, Minor::of(50));
    assert_eq!(
        run.invoiced,
        [(dollar, Minor::of(150)), (euro, Minor::of(7))]
    );
    add_money(&mut run.invoiced, euro, Minor::of(-7));
    assert_eq!(
        run.invoiced,
        [(dollar, Minor::of(150)), (euro, Minor::ZERO)]
    );
}

#[test]
fn a_debt_from_before_is_reminded_after_a_week_and_suspends_after_two() {
    let zone = Zone::utc();
    let debt = OpeningDebt::new(CustomerId(2), usd(5_000), &zone, at("2026-01-01"));
    assert_eq!(
        (units(debt.open_minor), debt.since),
        (5_000, at("2026-01-01"))
    );
    assert_eq!(debt.due(), Some((at("2026-01-08"), DebtDue::Reminder)));
    let reminded = debt.done(DebtDue::Reminder, &zone);
    assert_eq!(reminded.reminders_sent, 1);
    assert_eq!(
        reminded.due(),
        Some((at("2026-01-15"), DebtDue::Suspension))
    );
    let suspended = reminded.done(DebtDue::Suspension, &zone);
    assert_eq!(suspended.due(), None);
}

#[test]
fn vouchers_that_were_paid_for_are_owed_and_those_beyond_were_given_away() {
    for (batch, redeemed, owed, given_away) in [
        (batch(4, 4_000, 1), 1_000, 3_000, 0),
        (batch(4, 3_000, 3), 3_000, 0, 0),
        (batch(2, 1_500, 3), 3_000, 0, 1_500),
        (batch(0, 0, 0), 0, 0, 0),
    ] {
        assert_eq!(batch.redeemed_minor(), redeemed);
        assert_eq!(
            (batch.owed_minor(), batch.given_away_minor()),
            (Minor::of(owed), Minor::of(given_away))
        );
        assert_eq!(batch.liability_minor(), owed - given_away);
        let mut old = batch;
        old.is_liability = false;
        assert_eq!(
            (units(old.liability_minor()), units(old.given_away_minor())),
            (0, 0)
        );
    }
}

#[test]
fn vouchers_come_back_at_their_part_of_what_was_paid() {
    let batch = batch(8, 7_250, 3);
    assert_eq!(batch.returnable(), 5);
    assert_eq!(
        (units(batch.paid_for(0)), units(batch.paid_for(8))),
        (0, 7_250)
    );
    assert_eq!(batch.paid_for(5), 4_531, "72.50 x 5 / 8 is 45.3125");
    assert_eq!(self::batch(0, 0, 0).paid_for(3), 0);
}

#[test]
fn codes_are_good_until_the_batch_is_over_or_as_many_are_used_as_sold() {
    let good = |change: fn(&mut VoucherBatch)| {
        let mut batch = batch(2, 2_000, 2);
        change(&mut batch);
        (
            batch.has_good_codes(at("2026-01-10")),
            batch.is_over(at("2026-01-10")),
        )
    };
    assert_eq!(
        good(|_| {}),
        (true, false),
        "those that were given away count too"
    );
    assert_eq!(good(|batch| batch.returned_count = 1), (false, false));
    let one_left = good(|batch| {
        batch.returned_count = 1;
        batch.used_count = 1;
    });
    assert_eq!(one_left, (true, false));
    assert_eq!(
        good(|batch| batch.revoked_at = Some(at("2026-01-05"))),
        (false, true)
    );
    assert_eq!(
        good(|batch| batch.expires_at = Some(at("2026-01-10"))),
        (false, true)
    );
    assert_eq!(
        good(|batch| batch.expires_at = Some(at("2026-01-11"))),
        (true, false)
    );
}

#[test]
fn references_that_people_type_are_compared_without_blanks_and_case() {
    for method in ["cash", "bank"] {
        assert_eq!(compared_reference(method, " Re-7 "), "re-7");
    }
    assert_eq!(compared_reference("stripe", " Re-7 "), " Re-7 ");
}

#[test]
fn a_date_that_is_sent_back_as_it_was_read_stays_as_it_is() {
    let held = at("2026-01-10").saturating_add_micros(1_234_567);
    let read = |micros| at("2026-01-10").saturating_add_micros(micros);
    for shown in [1_234_567, 1_234_000, 1_000_000] {
        assert!(read(shown).is_as_read(held), "{shown}");
        let after = Timestamp::after_input(Some(held), Some(Some(read(shown))));
        assert_eq!(after, Some(held));
    }
    for other in [0, 1_200_000, 1_235_000, 2_000_000] {
        assert!(!read(other).is_as_read(held), "{other}");
        let after = Timestamp::after_input(Some(held), Some(Some(read(other))));
        assert_eq!(after, Some(read(other)));
    }
    assert_eq!(Timestamp::after_input(Some(held), None), Some(held));
    assert_eq!(Timestamp::after_input(Some(held), Some(None)), None);
    assert_eq!(Timestamp::after_input(None, Some(Some(held))), Some(held));
}
