//! Closes a month of a partner: what it came to is frozen and moves to what is to be paid out,
//! in one commit.
//!
//! Before it is added up, nothing completes in the month any more
//! ([`crate::app::memory::closed_until::Settled`]): so millions of lines are read beside those who
//! charge, and still none is missed.

use crate::app::Ctx;
use crate::domain::billing::journal::{EntryCause, JournalEntry};
use crate::domain::partners::statement::{ClosedMonth, ClosedSum, Settlement};
use crate::domain::refusal::Refusal;
use crate::domain::staff::{Actor, Permission};
use crate::domain::values::id::JournalEntryId;
use crate::ops::OpError;
use crate::ops::partners::statement::{Detail, bounds, closed, of_month, partner_of};
use crate::store::append_entries;

/// Closes a month, `2026-01`, that is over.
pub async fn close(ctx: &Ctx, key: String, month: String) -> Result<Settlement, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    let (named, wanted) = (key.clone(), month.clone());
    // In the writer: what was charged before is in the snapshot that is taken after it.
    let raised = ctx
        .write(move |ctx, tx| {
            let partner = partner_of(tx, &named)?;
            let (_, until) = bounds(tx, &ctx.app.company().zone, &partner, &wanted)?;
            if closed(tx, &partner, &wanted)?.is_some() {
                return Err(Refusal::MonthClosed { month: wanted }.into());
            }
            if ctx.now < until {
                return Err(Refusal::MonthNotOver { until }.into());
            }
            if !ctx.is_rehearsal() {
                ctx.app.settled.raise(partner.id, until);
            }
            Ok(until)
        })
        .await?;
    let reading = Ctx {
        // Whoever may close may see what is closed.
        actor: Actor::System,
        ..ctx.clone()
    };
    let adding =
        tokio::task::spawn_blocking(move || of_month(&reading, &key, &month, Detail::Products));
    let added = adding.await;
    let mut found = added.map_err(|error| OpError::Failed(error.to_string()))??;
    let closing = found.clone();
    let frozen = ctx
        .write(move |ctx, tx| {
            let month = closing.month.clone();
            if closed(tx, &closing.partner, &month)?.is_some() {
                return Err(Refusal::MonthClosed { month }.into());
            }
            let zone = &ctx.app.company().zone;
            let span = bounds(tx, zone, &closing.partner, &month)?;
            if span != (closing.from, closing.until) || span.1 != raised {
                // A neighbour was closed meanwhile, or the calendar is another one: it must be
                // added up anew, after nothing completes any more before its end.
                return Err(OpError::Throttled { retry_after_s: 1 });
            }
            let (kind, name) = ctx.actor.label();
            let sums = closing.tally.sums.iter();
            let mut made = ClosedMonth {
                id: tx.next_id()?,
                partner: closing.partner.id,
                month,
                from: closing.from,
                until: closing.until,
                sums: sums
                    .map(|(currency, sums)| ClosedSum {
                        currency: *currency,
                        sums: *sums,
                        entry: None,
                    })
                    .collect(),
                lines: closing.tally.lines,
                lines_hash: closing.tally.hash(),
                closed_at: ctx.now,
                closed_by: format!("{kind} {name}").trim().to_owned(),
            };
            let mut entries = Vec::new();
            for of in &made.sums {
                let postings = made.postings(of);
                if !postings.is_empty() {
                    entries.push(JournalEntry {
                        id: JournalEntryId(0),
                        at: ctx.now,
                        cause: EntryCause::Settlement(made.id),
                        order: None,
                        memo: format!("{} {}", closing.partner.key, made.month),
                        postings,
                    });
                }
            }
            let mut given = append_entries(tx, entries)?.into_iter();
            for of in &mut made.sums {
                if of.sums.partner_minor != 0 {
                    of.entry = given.next();
                }
            }
            crate::ops::create(ctx, tx, "partner.month_close", &made)?;
            Ok(made)
        })
        .await?;
    found.closed = Some(frozen);
    Ok(found)
}
