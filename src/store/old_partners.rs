//! Transactions of partners as earlier versions wrote them, and what they are today. Nothing here ever changes.

use serde::{Deserialize, Serialize};

use crate::domain::carrier::{PartnerTransaction, TransactionKind, TransactionState};
use crate::domain::id::{CustomerId, PartnerId, PartnerTransactionId};
use crate::domain::money::{Amount, TaxRate};
use crate::domain::time::Timestamp;

use super::codec::{CodecError, decode_body};
use super::old::unknown;
use super::schema::Table;

/// A transaction before carriers could decide.
#[derive(Serialize, Deserialize)]
struct TransactionV1 {
    id: PartnerTransactionId,
    public_id: [u8; 16],
    partner: PartnerId,
    ext_id: String,
    kind: TransactionKind,
    customer: CustomerId,
    account_hash: [u8; 32],
    amount: Amount,
    tax_minor: i64,
    tax_rate: TaxRate,
    partner_minor: i64,
    product: Option<String>,
    description: String,
    fingerprint: [u8; 32],
    state: TransactionState,
    refunded_minor: i64,
    created_at: Timestamp,
    completed_at: Option<Timestamp>,
}

pub(super) fn transaction(version: u8, body: &[u8]) -> Result<PartnerTransaction, CodecError> {
    if version != 1 {
        return Err(unknown(Table::PartnerTransactions, version));
    }
    let old: TransactionV1 = decode_body(Table::PartnerTransactions.name(), body)?;
    Ok(PartnerTransaction {
        id: old.id,
        public_id: old.public_id,
        partner: old.partner,
        ext_id: old.ext_id,
        kind: old.kind,
        customer: old.customer,
        account_hash: old.account_hash,
        amount: old.amount,
        tax_minor: old.tax_minor,
        tax_rate: old.tax_rate,
        partner_minor: old.partner_minor,
        product: old.product,
        description: old.description,
        fingerprint: old.fingerprint,
        state: old.state,
        refunded_minor: old.refunded_minor,
        refunding_minor: 0,
        by_carrier: false,
        pending: None,
        created_at: old.created_at,
        completed_at: old.completed_at,
    })
}
