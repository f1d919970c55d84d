//! What a partner is owed for a month: its charges and refunds that succeeded, each with its shares, and their
//! sums. Read from the transactions that stand behind the journal (marketone 4.3).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::carrier::{Partner, PartnerTransaction, TransactionKind, TransactionState};
use crate::domain::id::PartnerTransactionId;
use crate::domain::money::Currency;
use crate::domain::staff::Permission;
use crate::domain::time::Timestamp;
use crate::store::key::{instant_of, owned_by, since, trailing_number};
use crate::store::{Read as _, Span, Table};

use super::{Named as _, OpError};

/// Sums in one currency, in minor units; of refunds negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    pub charges: u64,
    pub refunds: u64,
    pub charged_minor: i64,
    pub refunded_minor: i64,
    pub tax_minor: i64,
    /// What the partner gets.
    pub partner_minor: i64,
    /// What we keep.
    pub kept_minor: i64,
}

/// One month of a partner.
#[derive(Debug, Clone)]
pub struct Settlement {
    pub partner: Partner,
    pub from: Timestamp,
    /// The first instant that is no longer in it.
    pub until: Timestamp,
    /// By completion; a refund stands where it was made.
    pub lines: Vec<PartnerTransaction>,
    pub sums: BTreeMap<Currency, Sums>,
}

/// Most transactions of one settlement.
pub const LINES_MAX: usize = 1_000_000;

/// What a partner did in a local month, `2026-01`.
pub fn of_month(ctx: &Ctx, key: &str, month: &str) -> Result<Settlement, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let zone = &ctx.app.company().zone;
    let wrong = || OpError::Document {
        path: "month".to_owned(),
        problem: "must be a month such as 2026-01".to_owned(),
    };
    let (from, until) = zone.month(month).ok_or_else(wrong)?;
    let snapshot = ctx.snapshot()?;
    let held = snapshot.get_by::<Partner>(Table::PartnersByKey, key.as_bytes())?;
    let partner = held.ok_or_else(|| OpError::Missing {
        kind: Partner::KIND,
        key: key.chars().take(64).collect(),
    })?;
    let span = Span {
        from: since(partner.id, from),
        ..Span::under(&owned_by(partner.id))
    };
    let mut ids = Vec::new();
    let index = Table::PartnerTransactionsByPartner;
    snapshot.raw_scan(index, &span, &mut |key, _| {
        let in_it = key
            .get(8..)
            .and_then(instant_of)
            .is_some_and(|at| at < until);
        if !in_it || ids.len() >= LINES_MAX {
            return Ok(ControlFlow::Break(()));
        }
        ids.extend(trailing_number(key).map(PartnerTransactionId));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut lines = Vec::with_capacity(ids.len());
    let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
    for id in ids {
        let made: PartnerTransaction = super::get(&snapshot, id)?;
        if made.state != TransactionState::Succeeded {
            continue;
        }
        sums.entry(made.amount.currency).or_default().add(&made);
        lines.push(made);
    }
    Ok(Settlement {
        partner,
        from,
        until,
        lines,
        sums,
    })
}

impl Sums {
    fn add(&mut self, made: &PartnerTransaction) {
        let (amount, sign) = match made.kind {
            TransactionKind::Charge => {
                self.charges = self.charges.saturating_add(1);
                self.charged_minor = self.charged_minor.saturating_add(made.amount.minor);
                (made.amount.minor, 1)
            }
            TransactionKind::Refund { .. } => {
                self.refunds = self.refunds.saturating_add(1);
                self.refunded_minor = self.refunded_minor.saturating_sub(made.amount.minor);
                (made.amount.minor, -1)
            }
        };
        let kept = amount
            .saturating_sub(made.partner_minor)
            .saturating_sub(made.tax_minor);
        let add = |sum: &mut i64, minor: i64| *sum = sum.saturating_add(minor.saturating_mul(sign));
        add(&mut self.tax_minor, made.tax_minor);
        add(&mut self.partner_minor, made.partner_minor);
        add(&mut self.kept_minor, kept);
    }
}
