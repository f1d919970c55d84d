//! What a partner is owed for a month: its charges and refunds that succeeded, each with its shares, and their
//! sums. Read from the transactions that stand behind the journal (marketone 4.3).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::carrier::{Partner, PartnerTransaction, TransactionKind};
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
    /// By completion; a refund stands where it was made. Empty unless they were asked for.
    pub lines: Vec<PartnerTransaction>,
    pub sums: BTreeMap<Currency, Sums>,
}

/// Most lines that are shown of one settlement; its sums count all.
pub const LINES_MAX: usize = 1_000_000;

/// What a partner did in a local month, `2026-01`; line by line if that is wanted. Reads all of it: call it
/// away from the async threads.
pub fn of_month(
    ctx: &Ctx,
    key: &str,
    month: &str,
    with_lines: bool,
) -> Result<Settlement, OpError> {
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
    let mut lines = Vec::new();
    let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
    let mut too_many = false;
    let index = Table::PartnerTransactionsByPartner;
    snapshot.raw_scan(index, &span, &mut |key, _| {
        let at = key.get(8..).and_then(instant_of);
        let id = trailing_number(key).map(PartnerTransactionId);
        let Some(id) = id.filter(|_| at.is_some_and(|at| at < until)) else {
            return Ok(ControlFlow::Break(()));
        };
        let Some(made) = snapshot.get::<PartnerTransaction>(&id)? else {
            return Ok(ControlFlow::Continue(()));
        };
        sums.entry(made.amount.currency).or_default().add(&made);
        if with_lines {
            lines.push(made);
            too_many = lines.len() > LINES_MAX;
        }
        Ok(if too_many {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    if too_many {
        return Err(OpError::Document {
            path: "format".to_owned(),
            problem: format!("the month has more than {LINES_MAX} transactions; ask for its sums"),
        });
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
