//! Samples of the records that hold money, beside those in `records`.

use boxoffice::domain::billing::debt::OpeningDebt;
use boxoffice::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use boxoffice::domain::billing::journal::{
    Account, AccountTotal, EntryCause, JournalEntry, Posting,
};
use boxoffice::domain::billing::order::Standing;
use boxoffice::domain::billing::payment::{
    Payment, PaymentKind, PaymentState, Voucher, VoucherBatch,
};
use boxoffice::domain::billing::recurring::{CustomerRevenue, Movement, RevenueDay};
use boxoffice::domain::billing::run::{Run, RunCounts, RunFailure, RunState};
use boxoffice::domain::catalogue::charge::{Charge, Line, Price};
use boxoffice::domain::catalogue::kinds::OrderType;
use boxoffice::domain::partners::statement::{ClosedMonth, ClosedSum, Sums};
use boxoffice::domain::provider::Letterhead;
use boxoffice::domain::values::calendar::{LocalDate, Period};
use boxoffice::domain::values::id::{
    ClosedMonthId, CustomerId, HostedPageId, InvoiceId, JournalEntryId, OrderId, PartnerId,
    PartnerTransactionId, PaymentId, RunId, UsedKeyId, VoucherBatchId, VoucherId,
};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::{Currency, TaxRate};
use boxoffice::domain::values::used_key::UsedKey;

use super::records::{at, bytes_of, euros, term, text};

fn euro() -> Currency {
    euros(0).currency
}

fn rate(percent: &str) -> TaxRate {
    TaxRate::parse(percent).expect("a rate")
}

pub fn price() -> Price {
    Price {
        version: 300,
        since: at(7),
        for_running: true,
        term: term("1.5", Period::Quarter),
        charges: vec![Charge {
            kind: OrderType::OneTime,
            title: text("Einrichtung"),
            amount: euros(-4_760),
            tax_rate: rate("19"),
            dated_rates: vec![(LocalDate::parse("2027-01-01").expect("a day"), rate("7.5"))],
            tax_included: true,
            refundable: true,
        }],
    }
}

fn line() -> Line {
    Line {
        title: text("Családi csomag"),
        rate: rate("27"),
        net_minor: Minor::of(1_000),
        tax_minor: Minor::of(270),
        by_day: true,
    }
}

pub fn journal_entry() -> JournalEntry {
    let posting = |account, credit: i64| Posting {
        account,
        credit_minor: credit.into(),
        currency: euro(),
    };
    JournalEntry {
        id: JournalEntryId(300),
        at: at(1),
        cause: EntryCause::Invoice(InvoiceId(301)),
        order: Some(OrderId(302)),
        memo: text("why"),
        postings: vec![
            posting(Account::Customer(CustomerId(303)), -1_270),
            posting(Account::Revenue, 1_000),
            posting(Account::Tax(rate("27")), 270),
            posting(Account::Cash(text("bank")), -1),
            posting(Account::Partner(PartnerId(9)), 1),
            posting(Account::Suspense, -2),
            posting(Account::Opening, 2),
        ],
    }
}

pub fn closed_month() -> ClosedMonth {
    let mut lines_hash = [0x3c; 32];
    lines_hash[0] = 0;
    lines_hash[31] = 255;
    ClosedMonth {
        id: ClosedMonthId(322),
        partner: PartnerId(7),
        month: text("2026-01"),
        from: at(1),
        until: at(2),
        sums: vec![ClosedSum {
            currency: euro(),
            sums: Sums {
                charges: 300,
                refunds: 2,
                charged_minor: Minor::of(99_900),
                refunded_minor: Minor::of(-1_998),
                tax_minor: Minor::of(15_632),
                partner_minor: Minor::of(57_589),
                kept_minor: Minor::of(24_681),
            },
            entry: Some(JournalEntryId(323)),
        }],
        lines: 302,
        lines_hash,
        closed_at: at(3),
        closed_by: text("operator felicity"),
    }
}

pub fn account_total() -> AccountTotal {
    AccountTotal {
        account: Account::Cash(text("sandbox")),
        currency: euro(),
        credit_minor: Minor::of(-123_456_789),
    }
}

pub fn invoice() -> Invoice {
    Invoice {
        id: InvoiceId(304),
        kind: InvoiceKind::CreditNote { of: InvoiceId(303) },
        customer: CustomerId(305),
        order: OrderId(306),
        cycle: Some(251),
        issued_at: at(1),
        from: at(2),
        to: Some(at(3)),
        currency: euro(),
        lines: vec![line()],
        seller: text("Star City Cable"),
        buyer: vec![text("Oliver Queen"), text("Main Street 1")],
        letterhead: Letterhead {
            address: vec![text("12 Harbour Street"), text("Tallinn")],
            tax_id: text("EE123456789"),
            bank: vec![text("EE38 2200 2210 2014 5685")],
            invoice_prefix: text("NL-"),
        },
        due_at: Some(at(4)),
        product: text("Family"),
        contract: text("C-1007"),
    }
}

pub fn opening_debt() -> OpeningDebt {
    OpeningDebt {
        customer: CustomerId(310),
        open_minor: Minor::of(4_200),
        currency: euro(),
        since: at(1),
        remind_at: Some(at(2)),
        reminders_sent: 3,
        suspend_at: Some(at(4)),
    }
}

pub fn open_invoice() -> OpenInvoice {
    OpenInvoice {
        id: InvoiceId(307),
        customer: CustomerId(308),
        order: OrderId(309),
        open_minor: Minor::of(1_270),
        currency: euro(),
        since: at(1),
        due_at: at(2),
    }
}

pub fn payment() -> Payment {
    Payment {
        id: PaymentId(310),
        kind: PaymentKind::Refund {
            of: Some(PaymentId(309)),
        },
        customer: Some(CustomerId(311)),
        order: Some(OrderId(312)),
        page: Some(HostedPageId(313)),
        method: text("stripe"),
        reference: Some(text("pi_3N")),
        client_key: Some(text("key-1")),
        amount: euros(1_270),
        state: PaymentState::Unmatched,
        refunded_minor: Minor::of(70),
        disputed_minor: Minor::of(1_200),
        told_minor: Minor::of(60),
        refund_failed: true,
        note: text("late"),
        created_at: at(1),
        ended_at: Some(at(2)),
        due_at: Some(at(3)),
        by: text("token billing"),
    }
}

pub fn voucher_batch() -> VoucherBatch {
    VoucherBatch {
        id: VoucherBatchId(314),
        title: text("Christmas"),
        amount: euros(2_500),
        count: 300,
        created_at: at(1),
        expires_at: Some(at(2)),
        revoked_at: Some(at(3)),
        is_liability: true,
        sold_count: 299,
        sold_minor: Minor::of(700_000),
        made_by: text("operator Olga"),
        used_count: 298,
        returned_count: 297,
    }
}

pub fn voucher() -> Voucher {
    let mut code_hash = [0x5a; 32];
    code_hash[0] = 0;
    code_hash[31] = 255;
    Voucher {
        id: VoucherId(315),
        batch: VoucherBatchId(316),
        code_hash,
        used: Some(PaymentId(317)),
    }
}

pub fn used_key() -> UsedKey {
    let mut asked = [0xa7; 32];
    asked[0] = 0;
    asked[31] = 255;
    UsedKey {
        id: UsedKeyId(320),
        key: text("4f1c-renew"),
        asked,
        made: 321,
        at: at(1),
    }
}

pub fn run() -> Run {
    Run {
        id: RunId(318),
        state: RunState::Stopped {
            reason: text("too much"),
        },
        started_at: at(1),
        ended_at: at(2),
        worked_micros: 70_000,
        counts: RunCounts {
            renewed: 1,
            overdue: 2,
            reminded: 3,
            frozen: 4,
            suspended: 5,
            expired: 300,
            failed: 7,
        },
        invoiced: vec![(euro(), Minor::of(1_270)), (Currency::USD, Minor::of(-1))],
        failures: vec![RunFailure {
            order: OrderId(319),
            reason: text("broken"),
        }],
        released_by: Some(text("staff ada")),
    }
}

#[test]
fn variants_keep_their_positions() {
    let (id, first) = (OrderId(5), at(0));
    let stamp = bytes_of(&first);
    let with = |front: u8, rest: &[u8]| [&[front], rest].concat();
    for (bytes, golden) in [
        (bytes_of(&Account::Customer(CustomerId(5))), vec![0, 5]),
        (bytes_of(&Account::Revenue), vec![1]),
        (bytes_of(&Account::Tax(TaxRate::ZERO)), vec![2, 0]),
        (bytes_of(&Account::Cash(text("x"))), vec![3, 1, b'x']),
        (bytes_of(&Account::Partner(PartnerId(5))), vec![4, 5]),
        (bytes_of(&Account::Suspense), vec![5]),
        (bytes_of(&Account::Opening), vec![6]),
        (bytes_of(&Account::Payable(PartnerId(5))), vec![7, 5]),
        (bytes_of(&Account::WriteOff), vec![9]),
        (bytes_of(&Account::Vouchers), vec![10]),
        (bytes_of(&Account::Carrier), vec![8]),
        (bytes_of(&EntryCause::Opening), vec![0]),
        (bytes_of(&EntryCause::Invoice(InvoiceId(5))), vec![1, 5]),
        (bytes_of(&EntryCause::CreditNote(InvoiceId(5))), vec![2, 5]),
        (bytes_of(&EntryCause::Payment(PaymentId(5))), vec![3, 5]),
        (bytes_of(&EntryCause::Refund(PaymentId(5))), vec![4, 5]),
        (bytes_of(&EntryCause::Resolved(PaymentId(5))), vec![5, 5]),
        (bytes_of(&EntryCause::Adjustment), vec![6]),
        (
            bytes_of(&EntryCause::Partner(PartnerTransactionId(5))),
            vec![7, 5],
        ),
        (
            bytes_of(&EntryCause::Settlement(ClosedMonthId(5))),
            vec![8, 5],
        ),
        (
            bytes_of(&EntryCause::VoucherSale(VoucherBatchId(5))),
            vec![9, 5],
        ),
        (bytes_of(&InvoiceKind::Invoice), vec![0]),
        (
            bytes_of(&InvoiceKind::CreditNote { of: InvoiceId(5) }),
            vec![1, 5],
        ),
        (bytes_of(&PaymentKind::Payment), vec![0]),
        (bytes_of(&PaymentKind::Refund { of: None }), vec![1, 0]),
        (
            bytes_of(&PaymentKind::Regained { of: PaymentId(5) }),
            vec![2, 5],
        ),
        (bytes_of(&PaymentState::Processing), vec![0]),
        (bytes_of(&PaymentState::Succeeded), vec![1]),
        (bytes_of(&PaymentState::Failed), vec![2]),
        (bytes_of(&PaymentState::Unmatched), vec![3]),
        (bytes_of(&RunState::Open), vec![0]),
        (
            bytes_of(&RunState::Stopped { reason: text("x") }),
            vec![1, 1, b'x'],
        ),
        (bytes_of(&RunState::Released), vec![2]),
        (bytes_of(&Standing::Settled), vec![0]),
        (bytes_of(&Standing::Waiting), vec![1]),
        (
            bytes_of(&Standing::Overdue {
                since: first,
                freeze_at: first,
                remind_at: None,
                reminders_sent: 5,
            }),
            [&[2], &stamp[..], &stamp, &[0, 5]].concat(),
        ),
        (
            bytes_of(&Standing::Frozen {
                since: first,
                suspend_at: None,
            }),
            [&[3], &stamp[..], &[0]].concat(),
        ),
        (
            bytes_of(&Standing::Paused { since: first }),
            with(4, &stamp),
        ),
        (
            bytes_of(&Standing::Parked { since: first }),
            with(5, &stamp),
        ),
        (bytes_of(&Standing::Ended), vec![6]),
        (
            bytes_of(&Standing::Owing {
                since: first,
                remind_at: None,
                reminders_sent: 5,
                suspend_at: None,
            }),
            [&[7], &stamp[..], &[0, 5, 0]].concat(),
        ),
        (bytes_of(&id), vec![5]),
    ] {
        assert_eq!(bytes, golden);
    }
}

pub fn customer_revenue() -> CustomerRevenue {
    CustomerRevenue {
        customer: CustomerId(300),
        amounts: vec![euros(70_000)],
    }
}

pub fn revenue_day() -> RevenueDay {
    RevenueDay {
        day: LocalDate::parse("2026-01-31").expect("a day"),
        counted_at: at(7),
        counted_to: Some(CustomerId(300)),
        is_first: true,
        movements: vec![Movement {
            currency: euro(),
            starting: Minor::of(70_000),
            new: Minor::of(1),
            expansion: Minor::of(251),
            contraction: Minor::of(300),
            churn: Minor::ZERO,
            paying_before: 300,
            joined: 2,
            left: 1,
        }],
    }
}
