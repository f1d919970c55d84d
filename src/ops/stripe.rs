//! Payments by Stripe Checkout. A payment is begun here first, then at Stripe, under a key that
//! makes a repeat harmless; what Stripe says of it, by webhook, on the way back or when asked, goes
//! through `settle`, which books it once.

use serde_json::Value;

use crate::app::Ctx;
use crate::domain::id::PaymentId;
use crate::domain::money::{Amount, Currency};
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::outbound::stripe::{
    Session, SessionState, Stripe, StripeError, Wish, amount, has_same_units, is_signed, mark,
};
use crate::store::key::reference_of;
use crate::store::{Read as _, Table, Tx};

use super::pages::{self, Begun};
use super::payments::{self, Ending};
use super::{OpError, get};

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

/// Whether cards are taken for amounts in this currency.
#[must_use]
pub fn is_offered(ctx: &Ctx, currency: Currency) -> bool {
    ctx.app.outbound.stripe.is_some() && has_same_units(currency)
}

/// Begins a payment of the page with `code`, or goes on with the one under way.
pub async fn pay(ctx: &Ctx, code: String, seen: Amount) -> Result<Leads, OpError> {
    account(ctx)?;
    if !is_offered(ctx, seen.currency) {
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
    let stripe = account(ctx)?;
    let (payment, wish) = wish(ctx, id)?;
    if payment.state != PaymentState::Processing {
        return Ok(leads(&payment, None));
    }
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
    .inspect(|_| ctx.app.wake_jobs())
}

/// Lets a payment come up again in an hour, whatever becomes of the present look at it.
pub(super) async fn postpone(ctx: &Ctx, id: PaymentId) -> Result<(), OpError> {
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
        super::change(ctx, tx, "payment.session", &before, &payment)?;
    }
    let unpaid = matches!(
        payment.state,
        PaymentState::Processing | PaymentState::Failed
    );
    if session.is_paid && unpaid {
        if payment.state == PaymentState::Failed && session.amount.is_some() {
            // We had given it up; the money came all the same.
            let before = payment.clone();
            payment.state = PaymentState::Processing;
            super::change(ctx, tx, "payment.came_late", &before, &payment)?;
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
        let reason = "the bank refused".to_owned();
        return payments::end_in(ctx, tx, id, Ending::Failed { reason });
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
    if matches!(
        kind,
        "refund.failed" | "charge.dispute.funds_withdrawn" | "charge.dispute.funds_reinstated"
    ) {
        return hear_of_payment(ctx, kind, object).await;
    }
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
                    let reason = "the bank refused".to_owned();
                    payments::end_in(ctx, tx, id, Ending::Failed { reason })?;
                }
                Ok(())
            })
            .await?;
        }
        "charge.refunded" => {
            let Some(refunded) = amount(object, "amount_refunded") else {
                return Ok(Heard::Ignored);
            };
            if !is_there(ctx, id).await? {
                return Ok(Heard::TooEarly);
            }
            ctx.write(move |ctx, tx| refunded_in(ctx, tx, id, refunded))
                .await?;
        }
        _ => return Ok(Heard::Ignored),
    }
    ctx.app.wake_jobs();
    Ok(Heard::Done)
}

/// Hears of a refund that failed or a dispute, which carry no mark: their payment has it.
async fn hear_of_payment(ctx: &Ctx, kind: &str, object: &Value) -> Result<Heard, OpError> {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let (Some(name), Some(intent), Some(amount)) =
        (text("id"), text("payment_intent"), amount(object, "amount"))
    else {
        return Ok(Heard::Ignored);
    };
    let intent = match account(ctx)?.intent(intent).await {
        Ok(intent) => intent,
        Err(StripeError::Refused(_)) => return Ok(Heard::Ignored),
        // It is sent again.
        Err(StripeError::Unknown(_)) => return Ok(Heard::TooEarly),
    };
    let Some(id) = marked(ctx, &intent)? else {
        return Ok(Heard::Ignored);
    };
    if !is_there(ctx, id).await? {
        return Ok(Heard::TooEarly);
    }
    let (name, lost) = (name.to_owned(), kind == "charge.dispute.funds_withdrawn");
    let note = if kind == "refund.failed" {
        "a refund failed at Stripe"
    } else if lost {
        "disputed: the bank took it back"
    } else {
        "disputed: the bank gave it back"
    };
    ctx.write(move |ctx, tx| {
        let paid: Payment = get(tx, id)?;
        if !lost {
            return payments::unrefund_in(ctx, tx, &paid, amount, name, note.to_owned());
        }
        let reference = format!("{name}-lost");
        let key = reference_of(METHOD, &reference);
        let known: Option<Payment> = tx.get_by(Table::PaymentsByReference, &key)?;
        if known.is_none() {
            let reference = Some(reference);
            payments::refund_in(ctx, tx, &paid, amount, reference, None, note.to_owned())?;
        }
        Ok(())
    })
    .await?;
    ctx.app.wake_jobs();
    Ok(Heard::Done)
}

/// Whether the money of a payment is booked; asks where what came after it has overtaken it.
async fn is_there(ctx: &Ctx, id: PaymentId) -> Result<bool, OpError> {
    let payment = || -> Result<Payment, OpError> { get(&ctx.snapshot()?, id) };
    if payment()?.state == PaymentState::Processing {
        look(ctx, id).await?;
    }
    let payment = payment()?;
    Ok(match payment.state {
        PaymentState::Succeeded | PaymentState::Unmatched => true,
        // It lay in suspense and went back.
        PaymentState::Failed => payment.refunded_minor > 0,
        PaymentState::Processing => false,
    })
}

/// Books what Stripe gave back beyond what is booked already: it says the sum of all refunds.
fn refunded_in(ctx: &Ctx, tx: &mut Tx<'_>, id: PaymentId, refunded: Amount) -> Result<(), OpError> {
    let paid: Payment = get(tx, id)?;
    let minor = refunded.minor.saturating_sub(paid.refunded_minor);
    if minor <= 0 || paid.amount.currency != refunded.currency {
        return Ok(());
    }
    let more = Amount { minor, ..refunded };
    let note = "refunded at Stripe".to_owned();
    payments::refund_in(ctx, tx, &paid, more, None, None, note)?;
    Ok(())
}
