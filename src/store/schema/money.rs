//! Which index the records of money write: journal, invoices, payments, vouchers, payment pages,
//! keys. Their tables stand with all others in `schema`.

use crate::domain::billing::debt::OpeningDebt;
use crate::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::billing::journal::{AccountTotal, JournalEntry};
use crate::domain::billing::payment::{HostedPage, Payment, Voucher, VoucherBatch};
use crate::domain::billing::recurring::{CustomerRevenue, RevenueDay};
use crate::domain::billing::run::Run;
use crate::domain::values::calendar::LocalDate;
use crate::domain::values::id::{
    CustomerId, HostedPageId, Id, InvoiceId, JournalEntryId, PaymentId, RunId, UsedKeyId,
    VoucherBatchId, VoucherId,
};
use crate::domain::values::used_key::UsedKey;
use crate::store::error::CodecError;
use crate::store::key::{Raw, account_key, cycle_of, instant, number, reference_of};
use crate::store::record::{Entries, Record};
use crate::store::tables::Table;
use crate::store::versions;
use crate::store::versions::money;
use crate::store::versions::payments;

impl Record for JournalEntry {
    type Key = JournalEntryId;
    const TABLE: Table = Table::Journal;
    const VERSION: u8 = 1;

    fn key(&self) -> JournalEntryId {
        self.id
    }
}

impl Record for AccountTotal {
    type Key = Raw;
    const TABLE: Table = Table::AccountTotals;
    const VERSION: u8 = 1;

    fn key(&self) -> Raw {
        account_key(&self.account, self.currency)
    }
}

impl Record for CustomerRevenue {
    type Key = CustomerId;
    const TABLE: Table = Table::CustomerRevenues;
    const VERSION: u8 = 1;

    fn key(&self) -> CustomerId {
        self.customer
    }
}

impl Record for RevenueDay {
    type Key = LocalDate;
    const TABLE: Table = Table::RevenueDays;
    const VERSION: u8 = 1;

    fn key(&self) -> LocalDate {
        self.day
    }
}

impl Record for Run {
    type Key = RunId;
    const TABLE: Table = Table::Runs;
    const VERSION: u8 = 2;

    fn key(&self) -> RunId {
        self.id
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        money::run(version, body)
    }
}

impl Record for Invoice {
    type Key = InvoiceId;
    const TABLE: Table = Table::Invoices;
    const INDEXES: &'static [Table] = &[
        Table::InvoicesByCustomer,
        Table::InvoicesByCycle,
        Table::InvoicesByIssue,
        Table::CreditNotes,
        Table::CreditNotesByInvoice,
    ];
    const VERSION: u8 = 2;

    fn key(&self) -> InvoiceId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.listed(
            Table::InvoicesByCustomer,
            &number(self.customer),
            self.id.number(),
        );
        if let Some(cycle) = self.cycle {
            entries.unique(Table::InvoicesByCycle, &cycle_of(self.order, cycle));
        }
        entries.timed(
            Table::InvoicesByIssue,
            &[],
            self.issued_at,
            self.id.number(),
        );
        if let InvoiceKind::CreditNote { of } = self.kind {
            entries.counted(Table::CreditNotes, &[], self.id.number());
            entries.listed(Table::CreditNotesByInvoice, &number(of), self.id.number());
        }
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        money::invoice(version, body)
    }
}

impl Record for OpenInvoice {
    type Key = InvoiceId;
    const TABLE: Table = Table::OpenInvoices;
    const INDEXES: &'static [Table] = &[
        Table::OpenInvoicesByCustomer,
        Table::OpenInvoicesByDue,
        Table::OpenInvoicesByNumber,
    ];
    const VERSION: u8 = 2;

    fn key(&self) -> InvoiceId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.listed(
            Table::OpenInvoicesByCustomer,
            &number(self.customer),
            self.id.number(),
        );
        let open = self.id.number();
        entries.timed(Table::OpenInvoicesByDue, &[], self.due_at, open);
        entries.counted(Table::OpenInvoicesByNumber, &[], open);
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        money::open_invoice(version, body)
    }
}

impl Record for OpeningDebt {
    type Key = CustomerId;
    const TABLE: Table = Table::OpeningDebts;
    const INDEXES: &'static [Table] = &[Table::OpeningDebtsByDue];
    const VERSION: u8 = 1;

    fn key(&self) -> CustomerId {
        self.customer
    }

    fn entries(&self, entries: &mut Entries) {
        if let Some((at, _)) = self.due() {
            let customer = self.customer.number();
            entries.listed(Table::OpeningDebtsByDue, &instant(at), customer);
        }
    }
}

impl Record for Payment {
    type Key = PaymentId;
    const TABLE: Table = Table::Payments;
    const INDEXES: &'static [Table] = &[
        Table::PaymentsByCustomer,
        Table::PaymentsByReference,
        Table::PaymentsByKey,
        Table::PaymentsOpen,
        Table::PaymentsByDue,
    ];
    const VERSION: u8 = 3;

    fn key(&self) -> PaymentId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        if let Some(customer) = self.customer {
            entries.listed(
                Table::PaymentsByCustomer,
                &number(customer),
                self.id.number(),
            );
        }
        if let Some(reference) = &self.reference {
            let key = reference_of(&self.method, reference);
            entries.unique(Table::PaymentsByReference, &key);
        }
        if let Some(key) = &self.client_key {
            entries.unique(Table::PaymentsByKey, key.as_bytes());
        }
        if self.is_open() {
            entries.listed(Table::PaymentsOpen, &[], self.id.number());
        }
        if let Some(at) = self.due_at {
            entries.listed(Table::PaymentsByDue, &instant(at), self.id.number());
        }
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        payments::payment(version, body)
    }
}

impl Record for UsedKey {
    type Key = UsedKeyId;
    const TABLE: Table = Table::UsedKeys;
    const INDEXES: &'static [Table] = &[Table::UsedKeysByKey];
    const VERSION: u8 = 1;

    fn key(&self) -> UsedKeyId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(Table::UsedKeysByKey, self.key.as_bytes());
    }
}

impl Record for VoucherBatch {
    type Key = VoucherBatchId;
    const TABLE: Table = Table::VoucherBatches;
    const VERSION: u8 = 2;

    fn key(&self) -> VoucherBatchId {
        self.id
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        versions::voucher_batch(version, body)
    }
}

impl Record for Voucher {
    type Key = VoucherId;
    const TABLE: Table = Table::Vouchers;
    const INDEXES: &'static [Table] = &[Table::VouchersByCode, Table::VouchersByBatch];
    const VERSION: u8 = 1;

    fn key(&self) -> VoucherId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(Table::VouchersByCode, &self.code_hash);
        entries.listed(
            Table::VouchersByBatch,
            &number(self.batch),
            self.id.number(),
        );
    }
}

impl Record for HostedPage {
    type Key = HostedPageId;
    const TABLE: Table = Table::HostedPages;
    const INDEXES: &'static [Table] = &[Table::HostedPagesByCode];
    const VERSION: u8 = 4;

    fn key(&self) -> HostedPageId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(Table::HostedPagesByCode, self.code.as_bytes());
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        versions::hosted_page(version, body)
    }
}
