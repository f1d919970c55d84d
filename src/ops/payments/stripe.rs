//! Payments by Stripe Checkout. A payment is begun here first, then at Stripe, under a key that
//! makes a repeat harmless; what Stripe says of it, by webhook, on the way back or when asked, goes
//! through `settle`, which books it once.

use serde_json::Value;

use crate::app::Ctx;
use crate::domain::billing::payment::{Payment, PaymentState};
use crate::domain::refusal::Refusal;
use crate::domain::values::id::PaymentId;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::outbound::stripe::{
    Session, SessionState, Stripe, StripeError, Wish, amount, is_payable, is_signed, mark,
};
use crate::store::{Read as _, Tx};

use super::pages::{self, Begun};
use crate::ops::payments;
use crate::ops::payments::Ending;
use crate::ops::payments::refunds;
use crate::ops::{OpError, get};

/// The name of the method.
pub const METHOD: &str = "stripe";
/// How long a session can be paid, in seconds.
const SESSION_SECONDS: i64 = 7_200;
/// When a payment is looked after whose session is not known, and later ones, in seconds.
const SOON_SECONDS: i64 = 60;
const LATER_SECONDS: i64 = 3_600;

/// Where a submit leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// To Stripe's page.
    To(String),
    Paid,
    Processing,
    Failed {
        reason: String,
    },
}

fn account(ctx: &Ctx) -> Result<&Stripe, OpError> {
    let method = METHOD.to_owned();
    let off = || Refusal::MethodOff { method }.into();
    ctx.app.outbound.stripe.as_ref().ok_or_else(off)
}

/// Whether cards are taken for this amount.
#[must_use]
pub fn is_offered(ctx: &Ctx, amount: Amount) -> bool {
    ctx.app.outbound.stripe.is_some() && is_payable(amount)
}

/// Begins a payment of the page with `code`, or goes on with the one under way.
pub async fn pay(ctx: &Ctx, code: String, seen: Amount) -> Result<Leads, OpError> {
    account(ctx)?;
    if !is_offered(ctx, seen) {
        let method = METHOD.to_owned();
        return Err(Refusal::MethodOff { method }.into());
    }
    let due_at = ctx.now.saturating_add_seconds(SOON_SECONDS);
    let begun = ctx
        .write(move |ctx, tx| pages::begin_at_provider(ctx, tx, &code, seen, METHOD, due_at))
        .await?;
    let payment = match begun {
        Begun::Paid => return Ok(Leads::Paid),
        Begun::UnderWay(payment) => payment,
    };
    look(ctx, payment).await
}

/// Asks Stripe how a payment stands, after seeing to it that it was begun there.
pub async fn look(ctx: &Ctx, id: PaymentId) -> Result<Leads, OpError> {
    let (payment, wish) = wish(ctx, id)?;
    if payment.state == PaymentState::Processing {
        ask(ctx, payment, wish).await
    } else {
        Ok(leads(&payment, None))
    }
}

/// See [`look`], whatever is known of the payment.
async fn ask(ctx: &Ctx, payment: Payment, wish: Wish) -> Result<Leads, OpError> {
    let (stripe, id) = (account(ctx)?, payment.id);
    let session = match &payment.reference {
        Some(reference) => stripe.fetch(reference).await,
        None => stripe.create(&wish).await,
    };
    take(ctx, id, session).await
}

/// Closes the session of a payment that the customer turned away from.
pub async fn cancel(ctx: &Ctx, id: PaymentId) -> Result<Leads, OpError> {
    let stripe = account(ctx)?;
    let (payment, _) = wish(ctx, id)?;
    let Some(reference) = payment.reference else {
        // Nobody was sent to a session. Should one be paid all the same, that is booked.
        let reason = "the customer turned away".to_owned();
        let ending = Ending::Failed { reason };
        let ended = ctx.write(move |ctx, tx| payments::end_in(ctx, tx, id, ending));
        return Ok(leads(&ended.await?, None));
    };
    let session = match stripe.expire(&reference).await {
        // It is not open any more: paid, perhaps.
        Err(StripeError::Refused(_)) => stripe.fetch(&reference).await,
        other => other,
    };
    take(ctx, id, session).await
}

/// Keeps what Stripe answered.
async fn take(
    ctx: &Ctx,
    id: PaymentId,
    session: Result<Session, StripeError>,
) -> Result<Leads, OpError> {
    ctx.write(move |ctx, tx| match session {
        Ok(session) => {
            let payment = settle(ctx, tx, id, &session)?;
            Ok(leads(&payment, Some(&session)))
        }
        Err(StripeError::Refused(reason)) => {
            tracing::warn!(payment = id.0, reason, "stripe.refused");
            let before: Payment = get(tx, id)?;
            if before.reference.is_some() {
                // Stripe knows nothing of a session it gave us: somebody has to look.
                wait(tx, &before, ctx.now.saturating_add_seconds(LATER_SECONDS))?;
                return Ok(Leads::Processing);
            }
            let payment = payments::end_in(ctx, tx, id, Ending::Failed { reason })?;
            Ok(leads(&payment, None))
        }
        Err(StripeError::Unknown(reason)) => {
            tracing::warn!(payment = id.0, reason, "stripe.unknown");
            let before: Payment = get(tx, id)?;
            wait(tx, &before, ctx.now.saturating_add_seconds(SOON_SECONDS))?;
            Ok(Leads::Processing)
        }
    })
    .await
}

/// Lets a payment come up again in an hour, whatever becomes of the present look at it.
pub(in crate::ops) async fn postpone(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
    ctx.write(move |ctx, tx| {
        let before: Payment = get(tx, id)?;
        wait(tx, &before, ctx.now.saturating_add_seconds(LATER_SECONDS))
    })
    .await
}

fn wait(tx: &mut Tx<'_>, before: &Payment, due_at: Timestamp) -> Result<(), OpError> {
    if before.state == PaymentState::Processing {
        let due_at = Some(due_at);
        tx.put(&Payment {
            due_at,
            ..before.clone()
        })?;
    }
    Ok(())
}

fn leads(payment: &Payment, session: Option<&Session>) -> Leads {
    match payment.state {
        PaymentState::Succeeded => Leads::Paid,
        PaymentState::Unmatched => Leads::Processing,
        PaymentState::Failed => Leads::Failed {
            reason: payment.note.clone(),
        },
        PaymentState::Processing => {
            let open = session.filter(|session| session.state == SessionState::Open);
            match open.and_then(|session| session.url.clone()) {
                Some(url) => Leads::To(url),
                None => Leads::Processing,
            }
        }
    }
}

/// A payment, and the session that is to pay it: the same one whenever it is asked for.
fn wish(ctx: &Ctx, id: PaymentId) -> Result<(Payment, Wish), OpError> {
    let snapshot = ctx.snapshot()?;
    let payment: Payment = get(&snapshot, id)?;
    let (code, title) = pages::named_in(&snapshot, &payment)?;
    let page = format!("{}/pay/{code}", ctx.app.base_url());
    let wish = Wish {
        title,
        amount: payment.amount,
        mark: mark_of(&code, id),
        success_url: format!("{page}?stripe=return"),
        cancel_url: format!("{page}?stripe=cancel"),
        expires_at: payment.created_at.saturating_add_seconds(SESSION_SECONDS),
        key: format!("boxoffice-{code}-{}", id.0),
    };
    Ok((payment, wish))
}

/// The code of the page, which nobody can guess and no other box has, and our number.
fn mark_of(code: &str, id: PaymentId) -> String {
    format!("{code}-{}", id.0)
}

/// The payment of ours that an object of Stripe's is marked with. Another box on the same account
/// has the same numbers, but not the same codes.
fn marked(ctx: &Ctx, object: &Value) -> Result<Option<PaymentId>, OpError> {
    let Some(mark) = mark(object) else {
        return Ok(None);
    };
    let number = mark.rsplit_once('-').and_then(|(_, id)| id.parse().ok());
    let Some(id) = number.map(PaymentId) else {
        return Ok(None);
    };
    let snapshot = ctx.snapshot()?;
    let payment = snapshot.get::<Payment>(&id)?;
    let Some(payment) = payment.filter(|held| held.method == METHOD && held.page.is_some()) else {
        return Ok(None);
    };
    let (code, _) = pages::named_in(&snapshot, &payment)?;
    Ok((mark_of(&code, id) == mark).then_some(id))
}

/// Does what a session says about its payment: once, however often and in whatever order it is
/// said.
fn settle(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: PaymentId,
    session: &Session,
) -> Result<Payment, OpError> {
    let mut payment: Payment = get(tx, id)?;
    if payment.method != METHOD || payment.reference.as_ref().is_some_and(|r| *r != session.id) {
        tracing::warn!(
            payment = id.0,
            session = session.id,
            "stripe.not_its_session"
        );
        return Ok(payment);
    }
    if payment.reference.is_none() {
        // The first that is heard of it: the answer, or a webhook that was quicker.
        let before = payment.clone();
        payment.reference = Some(session.id.clone());
        crate::ops::change(ctx, tx, "payment.session", &before, &payment)?;
    }
    if session.is_paid && !payment.is_booked() {
        if payment.state == PaymentState::Failed && session.amount.is_some() {
            // We had given it up; the money came all the same.
            payment = payments::revive(ctx, tx, &payment)?;
        }
        return match session.amount {
            Some(paid) if paid != payment.amount => {
                payment.note = format!("{} were asked for", payment.amount.to_fixed());
                payments::hold_amount(ctx, tx, &payment, paid)
            }
            Some(_) => payments::end_in(ctx, tx, id, Ending::Paid),
            None => {
                // Nothing is granted for an amount that cannot be read; it stays in the open list.
                tracing::error!(
                    payment = id.0,
                    session = session.id,
                    "stripe.amount_unreadable"
                );
                wait(tx, &payment, ctx.now.saturating_add_seconds(LATER_SECONDS))?;
                Ok(payment)
            }
        };
    }
    if payment.state != PaymentState::Processing {
        return Ok(payment);
    }
    if session.has_failed {
        return payments::end_in(ctx, tx, id, Ending::Refused);
    }
    if session.state == SessionState::Expired {
        let reason = "it was not paid at Stripe in time".to_owned();
        return payments::end_in(ctx, tx, id, Ending::Failed { reason });
    }
    let patience = match session.state {
        SessionState::Open => SESSION_SECONDS,
        _ => LATER_SECONDS,
    };
    wait(tx, &payment, ctx.now.saturating_add_seconds(patience))?;
    Ok(payment)
}

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Done,
    /// Not ours, or nothing to us.
    Ignored,
    BadSignature,
    /// It speaks of something that is not known yet: it should be sent again.
    TooEarly,
}

/// Takes a webhook. Everything it does is durable when this answers.
pub async fn hear(ctx: &Ctx, signature: &str, body: &[u8]) -> Result<Heard, OpError> {
    account(ctx)?;
    let secrets = &ctx.app.config.payments.stripe_webhook_secret;
    if !is_signed(secrets, signature, body, ctx.now) {
        return Ok(Heard::BadSignature);
    }
    let Ok(event) = serde_json::from_slice::<Value>(body) else {
        return Ok(Heard::Ignored);
    };
    let kind = event.get("type").and_then(Value::as_str).unwrap_or("");
    let Some(object) = event.pointer("/data/object") else {
        return Ok(Heard::Ignored);
    };
    match kind {
        "charge.dispute.funds_withdrawn" => {
            hear_dispute(ctx, object, refunds::Dispute::Withdrawn).await
        }
        "charge.dispute.funds_reinstated" => {
            hear_dispute(ctx, object, refunds::Dispute::Reinstated).await
        }
        "refund.failed" | "refund.updated" => hear_refund(ctx, object).await,
        "charge.refunded" => hear_charge(ctx, object).await,
        _ => hear_session(ctx, kind, object).await,
    }
}

async fn hear_session(ctx: &Ctx, kind: &str, object: &Value) -> Result<Heard, OpError> {
    let Some(id) = marked(ctx, object)? else {
        return Ok(Heard::Ignored);
    };
    match kind {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => {
            let Some(session) = Session::read(object) else {
                return Ok(Heard::Ignored);
            };
            let failed = kind == "checkout.session.async_payment_failed" && !session.is_paid;
            ctx.write(move |ctx, tx| {
                let payment = settle(ctx, tx, id, &session)?;
                if failed && payment.reference.as_ref() == Some(&session.id) {
                    payments::end_in(ctx, tx, id, Ending::Refused)?;
                }
                Ok(())
            })
            .await?;
        }
        _ => return Ok(Heard::Ignored),
    }
    Ok(Heard::Done)
}

fn text<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    object.get(key).and_then(Value::as_str)
}

/// The payment of ours that a refund or dispute is of: they carry no mark, their payment at Stripe
/// has it.
async fn paid_by(ctx: &Ctx, intent: &str) -> Result<Result<PaymentId, Heard>, OpError> {
    let intent = match account(ctx)?.intent(intent).await {
        Ok(intent) => intent,
        Err(StripeError::Refused(_)) => return Ok(Err(Heard::Ignored)),
        // It is sent again.
        Err(StripeError::Unknown(_)) => return Ok(Err(Heard::TooEarly)),
    };
    let Some(id) = marked(ctx, &intent)? else {
        return Ok(Err(Heard::Ignored));
    };
    Ok(if is_there(ctx, id).await? {
        Ok(id)
    } else {
        Err(Heard::TooEarly)
    })
}

async fn hear_dispute(ctx: &Ctx, object: &Value, what: refunds::Dispute) -> Result<Heard, OpError> {
    let (Some(name), Some(intent)) = (text(object, "id"), text(object, "payment_intent")) else {
        return Ok(Heard::Ignored);
    };
    let id = match paid_by(ctx, intent).await? {
        Ok(id) => id,
        Err(heard) => return Ok(heard),
    };
    let Some(amount) = amount(object, "amount").filter(|amount| amount.minor > 0) else {
        tracing::error!(payment = id.0, name, "stripe.dispute_unreadable");
        return Ok(Heard::Ignored);
    };
    let name = name.to_owned();
    ctx.write(move |ctx, tx| refunds::dispute(ctx, tx, id, amount, name, what))
        .await?;
    Ok(Heard::Done)
}

/// A refund that failed or was called off. From then on the sum that an event tells may be older
/// than what is known, and Stripe is asked.
async fn hear_refund(ctx: &Ctx, object: &Value) -> Result<Heard, OpError> {
    let failed = matches!(text(object, "status"), None | Some("failed" | "canceled"));
    let Some(intent) = text(object, "payment_intent").filter(|_| failed) else {
        return Ok(Heard::Ignored);
    };
    let id = match paid_by(ctx, intent).await? {
        Ok(id) => id,
        Err(heard) => return Ok(heard),
    };
    ctx.write(move |ctx, tx| refunds::note_failure(ctx, tx, id))
        .await?;
    count_refunds(ctx, id, intent).await
}

/// Tells the sum of all refunds of a payment.
async fn hear_charge(ctx: &Ctx, object: &Value) -> Result<Heard, OpError> {
    let Some(id) = marked(ctx, object)? else {
        return Ok(Heard::Ignored);
    };
    let Some(sum) = amount(object, "amount_refunded") else {
        return Ok(Heard::Ignored);
    };
    if !is_there(ctx, id).await? {
        return Ok(Heard::TooEarly);
    }
    let told = refunds::Told::ByEvent;
    let done = ctx.write(move |ctx, tx| refunds::told(ctx, tx, id, sum.minor, told));
    match (done.await?, text(object, "payment_intent")) {
        (true, _) => Ok(Heard::Done),
        (false, Some(intent)) => count_refunds(ctx, id, intent).await,
        (false, None) => Ok(Heard::Ignored),
    }
}

/// Asks Stripe for all refunds of a payment and brings the books in step.
async fn count_refunds(ctx: &Ctx, id: PaymentId, intent: &str) -> Result<Heard, OpError> {
    // One at a time: an older answer must not come after a newer one.
    let _alone = ctx.app.counting.lock().await;
    let sum = match account(ctx)?.refunded(intent).await {
        Ok(sum) => sum,
        Err(StripeError::Refused(reason) | StripeError::Unknown(reason)) => {
            tracing::warn!(payment = id.0, reason, "stripe.refunds_unknown");
            return Ok(Heard::TooEarly);
        }
    };
    ctx.write(move |ctx, tx| refunds::told(ctx, tx, id, sum, refunds::Told::Asked))
        .await?;
    Ok(Heard::Done)
}

/// Whether the money of a payment is booked; asks where what came after it has overtaken it.
async fn is_there(ctx: &Ctx, id: PaymentId) -> Result<bool, OpError> {
    let (payment, wish) = wish(ctx, id)?;
    let known = payment.reference.is_some() || payment.state == PaymentState::Processing;
    if !payment.is_booked() && known {
        ask(ctx, payment, wish).await?;
    }
    let payment: Payment = get(&ctx.snapshot()?, id)?;
    Ok(payment.is_booked())
}
