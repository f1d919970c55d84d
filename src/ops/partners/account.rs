//! Whom a partner means, and what it had to do with them before.

use sha2::{Digest as _, Sha256};
use std::ops::ControlFlow;

use crate::domain::customers::Customer;
use crate::domain::partners::{PartnerTransaction, TransactionState, standing_of};
use crate::domain::refusal::PartnerRefusal;

use crate::domain::values::contact::fold_email;
use crate::domain::values::id::{CustomerId, PartnerId, PartnerTransactionId};

use crate::ops::OpError;
use crate::store::key::{ext_of, owned_by, trailing_number, under_text};
use crate::store::{Read, Span, Table};

/// Whom a partner means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountRef {
    /// In E.164, with its plus.
    Phone(String),
    Email(String),
}

impl AccountRef {
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.written()).into()
    }

    /// As the partner named it.
    pub(in crate::ops) fn as_named(&self) -> &str {
        match self {
            Self::Phone(text) | Self::Email(text) => text,
        }
    }

    /// As it is kept and compared.
    pub(in crate::ops) fn written(&self) -> String {
        match self {
            Self::Phone(phone) => phone.clone(),
            Self::Email(email) => fold_email(email),
        }
    }
}

/// A hash of several texts, which tells them apart wherever one ends.
pub(in crate::ops) fn fingerprint(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(0).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// What so many customers have is a placeholder, no number.
const HOLDERS_MAX: usize = 16;

/// The account that a partner means, if a partner may know of it. A number that several accounts
/// have that could be charged is nobody's: the wrong one must not pay.
pub(in crate::ops) fn account(
    read: &impl Read,
    named: &AccountRef,
) -> Result<Option<Customer>, OpError> {
    let known = |customer: &Customer| standing_of(customer.status, &customer.carrier).is_some();
    Ok(match named {
        AccountRef::Email(email) => read
            .get_by::<Customer>(Table::CustomersByEmail, fold_email(email).as_bytes())?
            .filter(known),
        AccountRef::Phone(phone) => {
            let (index, front) = (Table::CustomersByPhone, under_text(phone));
            let holders = read.count_up_to(index, &front, HOLDERS_MAX.saturating_add(1))?;
            if holders > HOLDERS_MAX {
                return Ok(None);
            }
            let mut held: Vec<Customer> = read.listed(index, &front)?;
            held.retain(known);
            match held.len() {
                1 => held.pop(),
                _ => None,
            }
        }
    })
}

/// The account that a partner means, if it may be charged.
pub(in crate::ops) fn payer(read: &impl Read, named: &AccountRef) -> Result<Customer, OpError> {
    let customer = account(read, named)?.ok_or(PartnerRefusal::AccountNotFound)?;
    match standing_of(customer.status, &customer.carrier) {
        Some(Ok(())) => Ok(customer),
        Some(Err(denial)) => Err(PartnerRefusal::ChargeDenied { denial }.into()),
        None => Err(PartnerRefusal::AccountNotFound.into()),
    }
}

pub(in crate::ops) fn find_in(
    read: &impl Read,
    partner: PartnerId,
    ext_id: &str,
) -> Result<Option<PartnerTransaction>, OpError> {
    let key = ext_of(partner, ext_id);
    Ok(read.get_by(Table::PartnerTransactionsByExt, &key)?)
}

/// Most charges that are looked at for one of a partner's own.
const LOOKED_AT_MAX: usize = 100;

/// Whether a partner has charged this account. Who was charged a hundred times since by others is
/// asked for a PIN once more.
pub(in crate::ops) fn has_charged(
    read: &impl Read,
    partner: PartnerId,
    customer: CustomerId,
) -> Result<bool, OpError> {
    let mut charges = Vec::new();
    let span = Span::under(&owned_by(customer)).descending();
    let index = Table::PartnerTransactionsByCustomer;
    read.raw_scan(index, &span, &mut |key, _| {
        charges.extend(trailing_number(key).map(PartnerTransactionId));
        Ok(if charges.len() < LOOKED_AT_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    for id in charges {
        let made: PartnerTransaction = crate::ops::get(read, id)?;
        if made.partner == partner && made.state == TransactionState::Succeeded {
            return Ok(true);
        }
    }
    Ok(false)
}
