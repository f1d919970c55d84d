//! Where the carrier decides about charges: it is asked between two commits,
//! under an id that stays the same.
//!
//! The first commit keeps the transaction as processing, which reserves what it takes of limits and
//! of a charge that is given back; the second one books what the carrier said. Whatever is lost
//! between them is asked for again, and charged once: by us, because one at a time asks, and there,
//! because the id is the same. Reference: marketone §1.7, 6.15.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::app::Ctx;
use crate::domain::partners::{PartnerTransaction, Pending, TransactionKind, TransactionState};
use crate::domain::refusal::Refusal;
use crate::domain::staff::{Permission, Secret};
use crate::domain::values::id::{PartnerId, PartnerTransactionId};
use crate::domain::values::reasons::Denial;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::once::Once;
use crate::ops::partners::decide::{ChargeRequest, decide, entry};
use crate::ops::partners::hand_over::{carrier, has, is_set, reserve};
use crate::ops::partners::pin_check;
use crate::ops::partners::statement::partner_of;
use crate::outbound::carrier::{Asking, ChargeCall as Call, Outcome};
use crate::store::key::{instant_of, owned_by, trailing_number};
use crate::store::{Read as _, Span, Table, Tx, append_entries};

/// Transactions that are asked about again in one go, and how many of them at the same time.
const ROUND_MAX: usize = 256;
const AT_ONCE: usize = 8;
/// Most processing transactions that are listed.
pub const LIST_MAX: usize = 1_000;

/// The whole way of a charge or refund. It is gone to its end even if the partner hangs up.
pub(in crate::ops) async fn transact(
    ctx: &Ctx,
    partner: PartnerId,
    request: ChargeRequest,
    public_id: [u8; 16],
) -> Result<PartnerTransaction, OpError> {
    let asking = carrier(ctx)?.begin(public_id);
    let asking = asking.ok_or(OpError::Throttled { retry_after_s: 1 })?;
    let ctx = ctx.clone();
    let calls = ctx.app.calls.clone();
    let whole = calls.spawn(async move {
        let decided = ctx
            .write(move |ctx, tx| decide(ctx, tx, partner, request, public_id))
            .await?;
        let made = decided.into_result()?;
        if is_fresh(&made, public_id) {
            first(&ctx, made, asking).await
        } else {
            Ok(made)
        }
    });
    let made = whole.await;
    made.map_err(|error| OpError::Failed(error.to_string()))?
}

/// Whether this is no repeat, and not decided here.
fn is_fresh(made: &PartnerTransaction, public_id: [u8; 16]) -> bool {
    made.public_id == public_id && made.state == TransactionState::Processing
}

/// Nothing was charged: the PIN that was for it is good for another purchase.
fn free_pin(ctx: &Ctx, tx: &mut Tx<'_>, made: &PartnerTransaction) -> Result<(), OpError> {
    match made.pending.as_ref().and_then(|pending| pending.pin) {
        Some(pin) => pin_check::unspend(ctx, tx, pin),
        None => Ok(()),
    }
}

/// Asks about a new one.
async fn first(
    ctx: &Ctx,
    made: PartnerTransaction,
    asking: Asking,
) -> Result<PartnerTransaction, OpError> {
    let _asking = asking;
    let id = made.id;
    let outcome = ask(ctx, &made).await?;
    // It took its time, in which a month may have ended.
    let ctx = &Ctx {
        now: Ctx::system(Arc::clone(&ctx.app)).now.max(ctx.now),
        ..ctx.clone()
    };
    let ended = match outcome {
        Outcome::Succeeded => settle(ctx, id, Ok(())).await,
        Outcome::Denied(denial) => settle(ctx, id, Err(denial)).await,
        Outcome::NotReached(reason) => {
            tracing::warn!(transaction = id.0, reason, "carrier.not_reached");
            match ctx.write(move |ctx, tx| withdraw(ctx, tx, id)).await {
                Ok(true) => return Err(OpError::Throttled { retry_after_s: 5 }),
                Ok(false) => Ok(made.clone()),
                Err(error) => Err(error),
            }
        }
        Outcome::Processing => Ok(made.clone()),
        Outcome::Unknown(reason) => {
            tracing::warn!(transaction = id.0, reason, "carrier.unknown");
            Ok(made.clone())
        }
    };
    // What could not be kept is asked for again: until then it goes on.
    Ok(ended.unwrap_or_else(|error| {
        tracing::error!(transaction = id.0, %error, "carrier.outcome_not_kept");
        made
    }))
}

/// Asks the carrier once.
async fn ask(ctx: &Ctx, made: &PartnerTransaction) -> Result<Outcome, OpError> {
    let refund_of = match made.kind {
        TransactionKind::Charge => None,
        TransactionKind::Refund { of } => {
            let charge: PartnerTransaction = crate::ops::get(&ctx.snapshot()?, of)?;
            Some(charge.public_name())
        }
    };
    let pending = made.pending.as_ref();
    let call = Call {
        id: made.public_name(),
        refund_of,
        account: pending.map_or_else(|| Secret(String::new()), |p| p.account.clone()),
        amount: made.amount,
        description: made.description.clone(),
        product: made.product.clone(),
    };
    Ok(carrier(ctx)?.ask(&call).await)
}

/// Takes back a transaction of which neither the carrier nor the partner heard.
/// Answers whether it is gone.
fn withdraw(ctx: &Ctx, tx: &mut Tx<'_>, id: PartnerTransactionId) -> Result<bool, OpError> {
    let made: PartnerTransaction = crate::ops::get(tx, id)?;
    if made.state != TransactionState::Processing || !carrier(ctx)?.undo(made.public_id) {
        return Ok(false);
    }
    reserve(ctx, tx, &made, -made.amount.minor)?;
    free_pin(ctx, tx, &made)?;
    tx.remove::<PartnerTransaction>(&id)?;
    crate::ops::audit(ctx, tx, "partner.withdraw", &made, Vec::new())?;
    Ok(true)
}

/// Keeps what became of a transaction, and books it.
async fn settle(
    ctx: &Ctx,
    id: PartnerTransactionId,
    outcome: Result<(), Denial>,
) -> Result<PartnerTransaction, OpError> {
    ctx.write(move |ctx, tx| settle_in(ctx, tx, id, outcome))
        .await
}

fn settle_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: PartnerTransactionId,
    outcome: Result<(), Denial>,
) -> Result<PartnerTransaction, OpError> {
    let before: PartnerTransaction = crate::ops::get(tx, id)?;
    if before.state != TransactionState::Processing {
        // Somebody was quicker, and said it for good.
        let known = matches!(before.state, TransactionState::Succeeded);
        if known != outcome.is_ok() {
            tracing::error!(transaction = id.0, "carrier.outcomes_differ");
        }
        return Ok(before);
    }
    let mut after = before.clone();
    after.pending = None;
    after.completed_at = Some(ctx.app.settled.completes_at(before.partner, ctx.now));
    if let Err(denial) = outcome {
        after.state = TransactionState::Denied(denial);
        reserve(ctx, tx, &before, -before.amount.minor)?;
        free_pin(ctx, tx, &before)?;
        crate::ops::change(ctx, tx, "partner.denied", &before, &after)?;
        return Ok(after);
    }
    after.state = TransactionState::Succeeded;
    let action = match before.kind {
        TransactionKind::Charge => "partner.charge",
        TransactionKind::Refund { of } => {
            let charge: PartnerTransaction = crate::ops::get(tx, of)?;
            let minor = before.amount.minor;
            // Now, not when it was begun: what others gave back meanwhile counts first.
            (after.partner_minor, after.tax_minor) = charge.shares_of_refund(minor);
            let mut back = charge.clone();
            back.refunding_minor -= minor;
            back.refunded_minor += minor;
            crate::ops::change(ctx, tx, "partner.refunded", &charge, &back)?;
            "partner.refund"
        }
    };
    crate::ops::change(ctx, tx, action, &before, &after)?;
    append_entries(tx, vec![entry(ctx, &after)])?;
    Ok(after)
}

/// How a round of asking again went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// How many were asked about, or given up.
    pub asked: usize,
    /// When the next one is due.
    pub next: Option<Timestamp>,
}

/// Asks again about what is due.
pub async fn work(ctx: &Ctx) -> Result<Round, OpError> {
    if !is_set(ctx) {
        return Ok(Round {
            asked: 0,
            next: None,
        });
    }
    let mut asked = 0usize;
    let mut failed = None;
    for group in due(ctx)?.0.chunks(AT_ONCE) {
        let mut calls = Vec::with_capacity(AT_ONCE);
        for id in group {
            let (ctx, id) = (ctx.clone(), *id);
            // What is said is kept, also where nobody waits for it any more.
            let tasks = ctx.app.calls.clone();
            calls.push(tasks.spawn(async move { again(&ctx, id).await }));
        }
        for call in calls {
            match call.await {
                Ok(Ok(did)) => asked = asked.saturating_add(usize::from(did)),
                // None keeps the others from being asked about.
                Ok(Err(error)) => failed = Some(error),
                Err(error) => failed = Some(OpError::Failed(error.to_string())),
            }
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let next = due(ctx)?.1;
    Ok(Round { asked, next })
}

/// Asks about everything that fell due until `to`, each at its own instant.
pub(in crate::ops) async fn catch_up(
    ctx: &Ctx,
    to: Timestamp,
    not_before: Timestamp,
) -> Result<(), OpError> {
    if !is_set(ctx) {
        return Ok(());
    }
    let mut next = due(ctx)?.1;
    while let Some(at) = next.filter(|at| *at <= to) {
        let now = at.max(not_before);
        let round = work(&Ctx { now, ..ctx.clone() }).await?;
        // Somebody asks about the rest already.
        next = round.next.filter(|_| round.asked > 0);
    }
    Ok(())
}

/// What is due now, at most [`ROUND_MAX`], and when the first of all is.
fn due(ctx: &Ctx) -> Result<(Vec<PartnerTransactionId>, Option<Timestamp>), OpError> {
    let (mut found, mut first) = (Vec::new(), None);
    let index = Table::PartnerTransactionsByDue;
    ctx.snapshot()?
        .raw_scan(index, &Span::all(), &mut |key, _| {
            let at = instant_of(key);
            first = first.or(at);
            match (at, trailing_number(key)) {
                (Some(at), Some(id)) if at <= ctx.now && found.len() < ROUND_MAX => {
                    found.push(PartnerTransactionId(id));
                    Ok(ControlFlow::Continue(()))
                }
                _ => Ok(ControlFlow::Break(())),
            }
        })?;
    Ok((found, first))
}

/// Asks about one once more, or gives it up; answers whether it did.
async fn again(ctx: &Ctx, id: PartnerTransactionId) -> Result<bool, OpError> {
    let held: PartnerTransaction = crate::ops::get(&ctx.snapshot()?, id)?;
    let Some(_asking) = carrier(ctx)?.begin(held.public_id) else {
        return Ok(false);
    };
    // The try is counted before it is made: a crash makes no endless row of them.
    let counted = ctx.write(move |ctx, tx| count(ctx, tx, id)).await?;
    let made = match counted {
        Some(made) if is_given_up(&made) => return Ok(true),
        Some(made) => made,
        None => return Ok(false),
    };
    match ask(ctx, &made).await? {
        Outcome::Succeeded => drop(settle(ctx, id, Ok(())).await?),
        Outcome::Denied(denial) => drop(settle(ctx, id, Err(denial)).await?),
        Outcome::Processing => undecided(&made, "it is still processing"),
        // Not this time, but maybe before.
        Outcome::NotReached(reason) | Outcome::Unknown(reason) => undecided(&made, &reason),
    }
    Ok(true)
}

fn count(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: PartnerTransactionId,
) -> Result<Option<PartnerTransaction>, OpError> {
    let before: PartnerTransaction = crate::ops::get(tx, id)?;
    let due = |pending: &&Pending| pending.due_at.is_some_and(|at| at <= ctx.now);
    let Some(pending) = before.pending.as_ref().filter(due) else {
        return Ok(None);
    };
    let mut after = before.clone();
    let next = if has(ctx, &before) {
        pending.again(ctx.now).ok_or("it was asked often enough")
    } else {
        // The one that is set up would charge what the other one may have charged.
        Err("another carrier has it than the one that is set up")
    };
    let action = match next {
        Ok(next) => {
            after.pending = Some(next);
            "partner.ask_again"
        }
        Err(reason) => {
            after.pending = Some(pending.given_up());
            // Before it is kept: rather twice than never.
            tracing::error!(
                transaction = id.0,
                reason,
                "carrier.given_up: a person must find out"
            );
            "partner.give_up"
        }
    };
    crate::ops::change(ctx, tx, action, &before, &after)?;
    Ok(Some(after))
}

fn is_given_up(made: &PartnerTransaction) -> bool {
    let pending = made.pending.as_ref();
    pending.is_some_and(|pending| pending.due_at.is_none())
}

fn undecided(made: &PartnerTransaction, reason: &str) {
    tracing::warn!(transaction = made.id.0, reason, "carrier.unknown");
}

/// A partner's transactions that are processing, oldest first.
pub fn processing(ctx: &Ctx, key: &str, limit: usize) -> Result<Vec<PartnerTransaction>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let partner = partner_of(&snapshot, key)?;
    let mut ids = Vec::new();
    let span = Span::under(&owned_by(partner.id));
    snapshot.raw_scan(Table::PartnerTransactionsOpen, &span, &mut |key, _| {
        if ids.len() >= limit.min(LIST_MAX) {
            return Ok(ControlFlow::Break(()));
        }
        ids.extend(trailing_number(key).map(PartnerTransactionId));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.push(crate::ops::get(&snapshot, id)?);
    }
    Ok(found)
}

/// A person found out what the carrier did.
pub async fn resolve(
    ctx: &Ctx,
    id: PartnerTransactionId,
    charged: bool,
    once: Option<Once>,
) -> Result<PartnerTransaction, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    let held: PartnerTransaction = crate::ops::get(&ctx.snapshot()?, id)?;
    let asking = ctx.app.outbound.carrier.as_ref();
    let asking = asking.map(|carrier| carrier.begin(held.public_id));
    if matches!(asking, Some(None)) {
        // The carrier is about to say it itself.
        return Err(OpError::Throttled { retry_after_s: 5 });
    }
    ctx.write_once(once, move |ctx, tx| {
        let before: PartnerTransaction = crate::ops::get(tx, id)?;
        let same = match before.state {
            TransactionState::Processing => true,
            TransactionState::Succeeded => charged,
            TransactionState::Denied(_) => !charged,
        };
        if !same {
            return Err(Refusal::TransactionEnded.into());
        }
        let outcome = if charged {
            Ok(())
        } else {
            Err(Denial::NotCharged)
        };
        settle_in(ctx, tx, id, outcome)
    })
    .await
}
