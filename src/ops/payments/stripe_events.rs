//! What Stripe says by webhook. Everything it does is durable when it is answered.

use super::ending::Ending;
use super::refunds;
use super::stripe::{account, ask, checkout, marked, settle};
use crate::app::Ctx;
use crate::domain::billing::payment::{Payment, PaymentState};
use crate::domain::values::id::PaymentId;
use crate::domain::values::money::Amount;
use crate::ops::payments::ending;
use crate::ops::{OpError, get};
use crate::outbound::stripe::{Event, Session, StripeError, is_signed};

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// No account at Stripe is set up.
    NoAccount,
    Done,
    /// Not ours, or nothing to us.
    Ignored,
    BadSignature,
    /// It speaks of something that is not known yet: it should be sent again.
    TooEarly,
}

/// Takes a webhook. Everything it does is durable when this answers.
pub async fn handle_event(
    ctx: &Ctx,
    signature: &str,
    body: &[u8],
) -> Result<EventOutcome, OpError> {
    if ctx.app.outbound.stripe.is_none() {
        return Ok(EventOutcome::NoAccount);
    }
    let secrets = ctx.app.config.payments.stripe_webhook_secret.expose();
    if !is_signed(secrets, signature, body, ctx.now) {
        return Ok(EventOutcome::BadSignature);
    }
    match Event::read(body) {
        None => Ok(EventOutcome::Ignored),
        Some(Event::Session {
            mark,
            session,
            has_failed,
        }) => hear_session(ctx, &mark, session, has_failed).await,
        Some(Event::Dispute {
            id,
            intent,
            amount,
            is_withdrawn,
        }) => {
            let what = if is_withdrawn {
                refunds::Dispute::Withdrawn
            } else {
                refunds::Dispute::Reinstated
            };
            hear_dispute(ctx, id, &intent, amount, what).await
        }
        Some(Event::RefundFailed { intent }) => handle_refund(ctx, &intent).await,
        Some(Event::Refunded { mark, sum, intent }) => {
            hear_charge(ctx, &mark, sum, intent.as_deref()).await
        }
    }
}

async fn hear_session(
    ctx: &Ctx,
    mark: &str,
    session: Session,
    has_failed: bool,
) -> Result<EventOutcome, OpError> {
    let Some(id) = marked(ctx, mark)? else {
        return Ok(EventOutcome::Ignored);
    };
    ctx.write(move |ctx, tx| {
        let payment = settle(ctx, tx, id, &session)?;
        if has_failed && payment.reference.as_ref() == Some(&session.id) {
            ending::end_in(ctx, tx, id, Ending::Refused)?;
        }
        Ok(())
    })
    .await?;
    Ok(EventOutcome::Done)
}

/// Whose payment a refund or dispute is of.
enum PaidBy {
    Ours(PaymentId),
    /// Not by a payment of ours.
    Others,
    /// Nobody knows, or its money is not booked yet: it should be told again.
    Unknown,
}

/// Refunds and disputes carry no mark, their payment at Stripe has it.
async fn paid_by(ctx: &Ctx, intent: &str) -> Result<PaidBy, OpError> {
    let mark = match account(ctx)?.mark_of(intent).await {
        Ok(mark) => mark,
        Err(StripeError::Refused(_)) => return Ok(PaidBy::Others),
        Err(StripeError::Unknown(_)) => return Ok(PaidBy::Unknown),
    };
    let Some(id) = mark.map_or(Ok(None), |mark| marked(ctx, &mark))? else {
        return Ok(PaidBy::Others);
    };
    Ok(if is_there(ctx, id).await? {
        PaidBy::Ours(id)
    } else {
        PaidBy::Unknown
    })
}

async fn hear_dispute(
    ctx: &Ctx,
    name: String,
    intent: &str,
    amount: Option<Amount>,
    what: refunds::Dispute,
) -> Result<EventOutcome, OpError> {
    let id = match paid_by(ctx, intent).await? {
        PaidBy::Ours(id) => id,
        PaidBy::Others => return Ok(EventOutcome::Ignored),
        PaidBy::Unknown => return Ok(EventOutcome::TooEarly),
    };
    let Some(amount) = amount else {
        tracing::error!(payment = id.0, name, "stripe.dispute_unreadable");
        return Ok(EventOutcome::Ignored);
    };
    ctx.write(move |ctx, tx| refunds::dispute(ctx, tx, id, amount, name, what))
        .await?;
    Ok(EventOutcome::Done)
}

/// A refund that failed or was called off. From then on the sum that an event tells may be older
/// than what is known, and Stripe is asked.
async fn handle_refund(ctx: &Ctx, intent: &str) -> Result<EventOutcome, OpError> {
    let id = match paid_by(ctx, intent).await? {
        PaidBy::Ours(id) => id,
        PaidBy::Others => return Ok(EventOutcome::Ignored),
        PaidBy::Unknown => return Ok(EventOutcome::TooEarly),
    };
    ctx.write(move |ctx, tx| refunds::note_failure(ctx, tx, id))
        .await?;
    count_refunds(ctx, id, intent).await
}

/// Tells the sum of all refunds of a payment.
async fn hear_charge(
    ctx: &Ctx,
    mark: &str,
    sum: Amount,
    intent: Option<&str>,
) -> Result<EventOutcome, OpError> {
    let Some(id) = marked(ctx, mark)? else {
        return Ok(EventOutcome::Ignored);
    };
    if !is_there(ctx, id).await? {
        return Ok(EventOutcome::TooEarly);
    }
    let told = refunds::TotalFrom::ByEvent;
    let done = ctx.write(move |ctx, tx| refunds::refund_total(ctx, tx, id, sum.minor, told));
    match (done.await?, intent) {
        (true, _) => Ok(EventOutcome::Done),
        (false, Some(intent)) => count_refunds(ctx, id, intent).await,
        (false, None) => Ok(EventOutcome::Ignored),
    }
}

/// Asks Stripe for all refunds of a payment and brings the books in step.
async fn count_refunds(ctx: &Ctx, id: PaymentId, intent: &str) -> Result<EventOutcome, OpError> {
    // One at a time: an older answer must not come after a newer one.
    let _alone = ctx.app.counting.lock().await;
    let sum = match account(ctx)?.refunded(intent).await {
        Ok(sum) => sum,
        Err(StripeError::Refused(reason) | StripeError::Unknown(reason)) => {
            tracing::warn!(payment = id.0, reason, "stripe.refunds_unknown");
            return Ok(EventOutcome::TooEarly);
        }
    };
    ctx.write(move |ctx, tx| refunds::refund_total(ctx, tx, id, sum, refunds::TotalFrom::Asked))
        .await?;
    Ok(EventOutcome::Done)
}

/// Whether the money of a payment is booked; asks where what came after it has overtaken it.
async fn is_there(ctx: &Ctx, id: PaymentId) -> Result<bool, OpError> {
    let (payment, checkout) = checkout(ctx, id)?;
    let known = payment.reference.is_some() || payment.state == PaymentState::Processing;
    if !payment.is_booked() && known {
        ask(ctx, payment, checkout).await?;
    }
    let payment: Payment = get(&ctx.snapshot()?, id)?;
    Ok(payment.is_booked())
}
