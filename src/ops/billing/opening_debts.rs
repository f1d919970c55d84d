//! Negative opening balances are dunned: who is due stands in an index, as with orders.

use std::ops::ControlFlow;

use super::books::{AuditDetail, Books};
use crate::app::Ctx;
use crate::domain::values::id::CustomerId;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::{instant_of, trailing_number, until as keys_until};
use crate::store::{Read as _, Span, Table, Tx};

/// Debts of which a step is taken in one commit.
const AT_ONCE: usize = 500;

/// Takes the next step about every debt of which one is due, at the instant at which it was.
/// Answers how many there were.
pub(in crate::ops) async fn dun(
    ctx: &Ctx,
    until: Timestamp,
    not_before: Option<Timestamp>,
) -> Result<usize, OpError> {
    ctx.write_bulk(move |ctx, tx| {
        let due = due_by(tx, until)?;
        for (at, customer) in &due {
            let at = not_before.map_or(ctx.now, |first| (*at).max(first));
            let mut books = Books::new(ctx, tx);
            books.dun_debt(*customer, at)?;
            books.close().write(ctx, tx, AuditDetail::EachRecord)?;
        }
        Ok(due.len())
    })
    .await
}

fn due_by(tx: &Tx<'_>, until: Timestamp) -> Result<Vec<(Timestamp, CustomerId)>, OpError> {
    let span = Span {
        from: Vec::new(),
        to: Some(keys_until(until)),
        descending: false,
    };
    let mut due = Vec::new();
    tx.raw_scan(Table::OpeningDebtsByDue, &span, &mut |key, _| {
        if let (Some(at), Some(id)) = (instant_of(key), trailing_number(key)) {
            due.push((at, CustomerId(id)));
        }
        Ok(if due.len() < AT_ONCE {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(due)
}
