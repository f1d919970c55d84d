//! Which index the records of partners write. Their tables stand with all others in `schema`.

use crate::domain::partners::statement::ClosedMonth;
use crate::domain::partners::{Partner, PartnerTransaction, TransactionKind, TransactionState};
use crate::domain::values::id::{ClosedMonthId, Id, PartnerId, PartnerTransactionId};
use crate::store::error::CodecError;
use crate::store::key::{ext_of, instant, number};
use crate::store::record::{Entries, Record};
use crate::store::tables::Table;
use crate::store::versions::partners;

impl Record for Partner {
    type Key = PartnerId;
    const TABLE: Table = Table::Partners;
    const INDEXES: &'static [Table] = &[Table::PartnersByKey, Table::PartnersByApiKey];
    const VERSION: u8 = 4;

    fn key(&self) -> PartnerId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(Table::PartnersByKey, self.key.as_bytes());
        let old = self.old_api_key.as_ref().map(|(hash, _)| hash);
        for hash in self.api_key_hash.iter().chain(old) {
            entries.unique(Table::PartnersByApiKey, hash.0.as_bytes());
        }
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        partners::partner(version, body)
    }
}

impl Record for PartnerTransaction {
    type Key = PartnerTransactionId;
    const TABLE: Table = Table::PartnerTransactions;
    const INDEXES: &'static [Table] = &[
        Table::PartnerTransactionsByExt,
        Table::PartnerTransactionsByCustomer,
        Table::PartnerTransactionsByPartner,
        Table::PartnerTransactionsOpen,
        Table::PartnerTransactionsByDue,
    ];
    const VERSION: u8 = 2;

    fn key(&self) -> PartnerTransactionId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(
            Table::PartnerTransactionsByExt,
            &ext_of(self.partner, &self.ext_id),
        );
        let open = self.state == TransactionState::Processing;
        if open {
            entries.listed(
                Table::PartnerTransactionsOpen,
                &number(self.partner),
                self.id.number(),
            );
        }
        if let Some(at) = self.pending.as_ref().and_then(|pending| pending.due_at) {
            entries.listed(
                Table::PartnerTransactionsByDue,
                &instant(at),
                self.id.number(),
            );
        }
        // What was refused counts nowhere; what may have been charged counts against limits.
        if !open && self.state != TransactionState::Succeeded {
            return;
        }
        if self.kind == TransactionKind::Charge {
            let mut front = number(self.customer).to_vec();
            front.extend_from_slice(&instant(self.created_at));
            entries.listed(
                Table::PartnerTransactionsByCustomer,
                &front,
                self.id.number(),
            );
        }
        if let Some(at) = self.completed_at.filter(|_| !open) {
            let mut front = number(self.partner).to_vec();
            front.extend_from_slice(&instant(at));
            entries.listed(
                Table::PartnerTransactionsByPartner,
                &front,
                self.id.number(),
            );
        }
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        partners::transaction(version, body)
    }
}

impl Record for ClosedMonth {
    type Key = ClosedMonthId;
    const TABLE: Table = Table::ClosedMonths;
    const INDEXES: &'static [Table] = &[Table::ClosedMonthsByMonth];
    const VERSION: u8 = 1;

    fn key(&self) -> ClosedMonthId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        // Months are as long as each other: their order is that of time.
        entries.unique(
            Table::ClosedMonthsByMonth,
            &ext_of(self.partner, &self.month),
        );
    }
}
