//! The journal, runs, payments, vouchers, and debts that were brought along.

use super::{at, money, usd};
use crate::domain::billing::debt::{DebtDue, OpeningDebt};
use crate::domain::billing::journal::{
    Account, EntryCause, JournalEntry, Posting, opening, transfer,
};
use crate::domain::billing::payment::{Payment, PaymentKind, PaymentState, VoucherBatch};
use crate::domain::billing::run::{Run, RunCounts, RunState, add_money};
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::{
    CustomerId, JournalEntryId, PartnerId, PaymentId, RunId, VoucherBatchId,
};
use crate::domain::values::money::Amount;

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
        refunded_minor: 0,
        disputed_minor: 0,
        told_minor: 0,
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
        (moved[0].account.clone(), moved[0].credit_minor),
        (Account::Suspense, -300)
    );
    assert_eq!(
        (moved[1].account.clone(), moved[1].credit_minor),
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
    let with = |refunded_minor, disputed_minor| Payment {
        refunded_minor,
        disputed_minor,
        ..payment()
    };
    assert_eq!(payment().left_minor(), 1_000);
    assert_eq!(with(300, 200).left_minor(), 500);
    assert_eq!(with(1_000, 200).left_minor(), -200, "more went than came");
}

#[test]
fn a_payment_is_booked_once_its_money_is_there() {
    let with = |state, refunded_minor| Payment {
        state,
        refunded_minor,
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

#[test]
fn vouchers_are_worth_what_is_printed_on_them() {
    let batch = VoucherBatch {
        id: VoucherBatchId(1),
        title: String::new(),
        amount: usd(1_000),
        count: 10,
        created_at: at("2026-01-01"),
        expires_at: None,
        revoked_at: None,
        is_liability: true,
        sold_count: 0,
        sold_minor: 0,
        made_by: String::new(),
        used_count: 0,
        returned_count: 0,
    };
    assert_eq!((batch.worth(0), batch.worth(9)), (0, 9_000));
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
    run.add_invoiced(dollar, 100);
    run.add_invoiced(euro, 7);
    run.add_invoiced(dollar, 50);
    assert_eq!(run.invoiced, [(dollar, 150), (euro, 7)]);
    add_money(&mut run.invoiced, euro, -7);
    assert_eq!(run.invoiced, [(dollar, 150), (euro, 0)]);
}

#[test]
fn a_debt_from_before_is_reminded_after_a_week_and_suspends_after_two() {
    let zone = Zone::utc();
    let debt = OpeningDebt::new(CustomerId(2), usd(5_000), &zone, at("2026-01-01"));
    assert_eq!((debt.open_minor, debt.since), (5_000, at("2026-01-01")));
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
