//! What a change is to the operator's other systems.

use super::books::payment;
use super::invoices::{invoice, line};
use super::partners::charged;
use super::{at, frozen, monthly, monthly_with, overdue, owing, paused};
use crate::domain::billing::invoice::{Invoice, InvoiceKind};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::payment::{Payment, PaymentState};
use crate::domain::catalogue::kinds::{OrderStatus, ServiceStatus};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::partners::{PartnerTransaction, TransactionState};
use crate::domain::values::id::{CustomerId, InvoiceId};
use crate::domain::values::minor::Minor;
use crate::domain::values::reasons::Denial;
use crate::domain::webhooks::event::{
    EventType, Unpaid, of_customer, of_invoice, of_order, of_payment, of_service, of_transaction,
};

#[test]
fn an_order_comes_to_what_it_was_not_before() {
    let became = |change: fn(&mut Order)| of_order(Some(&monthly()), &monthly_with(change));
    let inactive = |order: &mut Order| order.status = OrderStatus::Inactive;
    assert_eq!(became(|_| {}), None);
    assert_eq!(became(inactive), None, "waiting has no type of its own");
    for (change, expected) in [
        (
            (|o| o.standing = overdue("2026-01-01", "2026-02-01", None)) as fn(&mut Order),
            EventType::OrderOverdue,
        ),
        (
            |o| {
                o.status = OrderStatus::Inactive;
                o.standing = frozen("2026-01-01", None);
            },
            EventType::OrderFrozen,
        ),
        (
            |o| {
                o.status = OrderStatus::Inactive;
                o.standing = paused("2026-01-01");
            },
            EventType::OrderPaused,
        ),
        (
            |o| o.status = OrderStatus::Canceled,
            EventType::OrderCanceled,
        ),
        (|o| o.status = OrderStatus::Expired, EventType::OrderEnded),
        (
            |o| {
                o.status = OrderStatus::Canceled;
                o.standing = owing("2026-01-01", None, None);
            },
            EventType::OrderEnded,
        ),
        (|o| o.status = OrderStatus::Deleted, EventType::OrderDeleted),
    ] {
        assert_eq!(became(change), Some(expected));
        let same = monthly_with(change);
        assert_eq!(
            of_order(Some(&same), &same),
            None,
            "{expected:?} is told once"
        );
    }
    let waiting = monthly_with(inactive);
    assert_eq!(
        of_order(Some(&waiting), &monthly()),
        Some(EventType::OrderActivated)
    );
    assert_eq!(of_order(None, &monthly()), Some(EventType::OrderActivated));
}

#[test]
fn an_active_order_with_one_more_cycle_was_renewed() {
    let further = monthly_with(|order| order.cycles_paid = 2);
    let renewed = Some(EventType::OrderRenewed);
    assert_eq!(of_order(Some(&monthly()), &further), renewed);
    assert_eq!(of_order(Some(&further), &monthly()), None);
    let late = monthly_with(|o| o.standing = overdue("2026-01-01", "2026-02-01", None));
    assert_eq!(of_order(Some(&late), &further), renewed);
    assert_eq!(
        of_order(Some(&late), &monthly()),
        None,
        "it was paid, and no cycle began"
    );
    let frozen = monthly_with(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = frozen("2026-01-01", None);
    });
    assert_eq!(
        of_order(Some(&frozen), &further),
        Some(EventType::OrderActivated)
    );
    let canceled = |cycles| {
        monthly_with(|order| {
            order.status = OrderStatus::Canceled;
            order.cycles_paid = cycles;
        })
    };
    assert_eq!(of_order(Some(&canceled(1)), &canceled(2)), None);
    assert_eq!(further.standing, Standing::Settled);
}

#[test]
fn customers_and_services_come_to_their_new_status() {
    let customer = |status| {
        let mut customer = Customer::new(CustomerId(2), String::new(), at("2026-01-01"));
        customer.status = status;
        customer
    };
    let inactive = customer(CustomerStatus::Inactive);
    let active = customer(CustomerStatus::Active);
    let became = |status| of_customer(Some(&inactive), &customer(status));
    assert_eq!(
        became(CustomerStatus::Active),
        Some(EventType::CustomerActivated)
    );
    for status in [
        CustomerStatus::SuspendedByBilling,
        CustomerStatus::SuspendedByCustomer,
    ] {
        assert_eq!(became(status), Some(EventType::CustomerSuspended));
    }
    assert_eq!(
        became(CustomerStatus::Deleted),
        Some(EventType::CustomerDeleted)
    );
    assert_eq!(became(CustomerStatus::Inactive), None);
    let off = of_customer(Some(&active), &inactive);
    assert_eq!(off, Some(EventType::CustomerDeactivated));
    assert_eq!(
        of_customer(None, &active),
        None,
        "one that is new came to nothing yet"
    );

    for (after, expected) in [
        (ServiceStatus::Frozen, EventType::ServiceFrozen),
        (ServiceStatus::Inactive, EventType::ServiceEnded),
        (ServiceStatus::Expired, EventType::ServiceEnded),
        (ServiceStatus::Deleted, EventType::ServiceDeleted),
    ] {
        assert_eq!(
            of_service(Some(ServiceStatus::Active), after),
            Some(expected)
        );
        assert_eq!(of_service(Some(after), after), None);
        assert_eq!(of_service(None, after), None);
    }
    assert_eq!(
        of_service(Some(ServiceStatus::Frozen), ServiceStatus::Active),
        Some(EventType::ServiceActivated)
    );
}

#[test]
fn an_invoice_is_paid_when_nothing_of_it_is_open_any_more() {
    let paper = |kind| {
        let mut paper = invoice(vec![line("TV", "20", 1_000, 200)]);
        paper.kind = kind;
        paper
    };
    let bill = paper(InvoiceKind::Invoice);
    let paid = Some(EventType::InvoicePaid);
    let of_invoice =
        |bill: &Invoice, is_new, (before, after): (Option<i64>, Option<i64>), less: Option<i64>| {
            let (before, after) = (before.map(Minor::of), after.map(Minor::of));
            of_invoice(bill, is_new, Unpaid { before, after }, less.map(Minor::of))
        };
    assert_eq!(
        of_invoice(&bill, true, (None, None), Some(0)),
        paid,
        "at once"
    );
    assert_eq!(of_invoice(&bill, false, (Some(1_200), None), Some(0)), paid);
    assert_eq!(of_invoice(&bill, true, (None, Some(1_200)), Some(0)), None);
    assert_eq!(
        of_invoice(&bill, false, (Some(1_200), Some(200)), Some(0)),
        None
    );
    assert_eq!(
        of_invoice(&bill, false, (None, None), Some(0)),
        None,
        "it was paid before"
    );
    let given_up = (Some(1_200), None);
    assert_eq!(of_invoice(&bill, false, given_up, None), None, "all of it");
    assert_eq!(
        of_invoice(&bill, false, given_up, Some(1_200)),
        None,
        "voided"
    );
    assert_eq!(
        of_invoice(&bill, false, given_up, Some(200)),
        paid,
        "the rest was paid"
    );
    let note = paper(InvoiceKind::CreditNote { of: InvoiceId(1) });
    assert_eq!(of_invoice(&note, true, (None, None), Some(0)), None);
}

#[test]
fn a_payment_comes_to_its_end_and_may_go_back() {
    let with = |state, refunded: i64, disputed: i64| Payment {
        state,
        refunded_minor: refunded.into(),
        disputed_minor: disputed.into(),
        ..payment()
    };
    let (processing, succeeded) = (PaymentState::Processing, PaymentState::Succeeded);
    let begun = with(processing, 0, 0);
    let paid = with(succeeded, 0, 0);
    let told = |before: &Payment, after: &Payment| of_payment(Some(before), after);
    assert_eq!(told(&begun, &paid), Some(EventType::PaymentSucceeded));
    assert_eq!(of_payment(None, &paid), Some(EventType::PaymentSucceeded));
    let failed = with(PaymentState::Failed, 0, 0);
    assert_eq!(told(&begun, &failed), Some(EventType::PaymentFailed));
    assert_eq!(told(&begun, &with(PaymentState::Unmatched, 0, 0)), None);
    assert_eq!(told(&paid, &paid), None);
    let (back, disputed) = (with(succeeded, 300, 0), with(succeeded, 300, 200));
    assert_eq!(told(&paid, &back), Some(EventType::PaymentRefunded));
    assert_eq!(told(&back, &disputed), Some(EventType::PaymentDisputed));
    assert_eq!(told(&disputed, &disputed), None);
    assert_eq!(told(&disputed, &back), None, "a dispute that was won");
    assert_eq!(told(&back, &paid), None, "a refund that failed");
}

#[test]
fn a_charge_of_a_partner_comes_to_its_end_and_may_go_back() {
    let with = |state, refunded: i64| PartnerTransaction {
        state,
        refunded_minor: refunded.into(),
        ..charged()
    };
    let begun = with(TransactionState::Processing, 0);
    let done = with(TransactionState::Succeeded, 0);
    let denied = with(TransactionState::Denied(Denial::NoAccount), 0);
    let told = |before: &PartnerTransaction, after| of_transaction(Some(before), after);
    let succeeded = Some(EventType::PartnerTransactionSucceeded);
    assert_eq!(told(&begun, &done), succeeded);
    assert_eq!(of_transaction(None, &done), succeeded);
    assert_eq!(
        told(&begun, &denied),
        Some(EventType::PartnerTransactionDenied)
    );
    assert_eq!(told(&done, &done), None);
    let back = with(TransactionState::Succeeded, 300);
    assert_eq!(
        told(&done, &back),
        Some(EventType::PartnerTransactionRefunded)
    );
    assert_eq!(told(&back, &back), None);
    assert_eq!(told(&back, &done), None);
}
