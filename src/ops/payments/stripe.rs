//! Payments by Stripe Checkout. A payment is begun here first, then at Stripe, under a key that
//! makes a repeat harmless; what Stripe says of it, by webhook, on the way back or when asked, goes
//! through `settle`, which books it once.

use crate::app::Ctx;
use crate::domain::billing::payment::{Payment, PaymentState};
use crate::domain::refusal::MoneyRefusal;
use crate::domain::values::id::PaymentId;
use crate::domain::values::money::Amount;
use crate::outbound::stripe::{
    CheckoutRequest, Session, SessionState, Stripe, StripeError, is_payable,
};
use crate::store::{Read as _, Tx};

use super::book::{LATER_SECONDS, wait};
use super::pages;
use super::pages::Begun;
use crate::ops::payments::book;
use crate::ops::payments::ending;
use crate::ops::payments::ending::Ending;
use crate::ops::{OpError, get};

/// The name of the method.
pub const METHOD: &str = "stripe";
/// How long a session can be paid, in seconds.
const SESSION_SECONDS: i64 = 7_200;
/// When a payment is looked after whose session is not known, and later ones, in seconds.
const SOON_SECONDS: i64 = 60;

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

pub(super) fn account(ctx: &Ctx) -> Result<&Stripe, OpError> {
    let method = METHOD.to_owned();
    let off = || MoneyRefusal::MethodOff { method }.into();
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
        return Err(MoneyRefusal::MethodOff { method }.into());
    }
    let due_at = ctx.now.saturating_add_seconds(SOON_SECONDS);
    let begun = ctx
        .write(move |ctx, tx| pages::begin_at_provider(ctx, tx, &code, seen, METHOD, due_at))
        .await?;
    let payment = match begun {
        Begun::Paid => return Ok(Leads::Paid),
        Begun::UnderWay(payment) => payment,
    };
    refresh(ctx, payment).await
}

/// Asks Stripe how a payment stands, after seeing to it that it was begun there.
pub async fn refresh(ctx: &Ctx, id: PaymentId) -> Result<Leads, OpError> {
    let (payment, checkout) = checkout(ctx, id)?;
    if payment.state == PaymentState::Processing {
        ask(ctx, payment, checkout).await
    } else {
        Ok(leads(&payment, None))
    }
}

/// See [`refresh`], whatever is known of the payment.
pub(super) async fn ask(
    ctx: &Ctx,
    payment: Payment,
    checkout: CheckoutRequest,
) -> Result<Leads, OpError> {
    let (stripe, id) = (account(ctx)?, payment.id);
    let session = match &payment.reference {
        Some(reference) => stripe.fetch(reference).await,
        None => stripe.create(&checkout).await,
    };
    take(ctx, id, session).await
}

/// Closes the session of a payment that the customer turned away from.
pub async fn cancel(ctx: &Ctx, id: PaymentId) -> Result<Leads, OpError> {
    let stripe = account(ctx)?;
    let (payment, _) = checkout(ctx, id)?;
    let Some(reference) = payment.reference else {
        // Nobody was sent to a session. Should one be paid all the same, that is booked.
        let reason = "the customer turned away".to_owned();
        let ending = Ending::Failed { reason };
        let ended = ctx.write(move |ctx, tx| ending::end_in(ctx, tx, id, ending));
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
            let payment = ending::end_in(ctx, tx, id, Ending::Failed { reason })?;
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
pub(super) fn checkout(ctx: &Ctx, id: PaymentId) -> Result<(Payment, CheckoutRequest), OpError> {
    let snapshot = ctx.snapshot()?;
    let payment: Payment = get(&snapshot, id)?;
    let (code, title) = pages::named_in(&snapshot, &payment)?;
    let page = format!("{}/pay/{code}", ctx.app.base_url());
    let checkout = CheckoutRequest {
        title,
        amount: payment.amount,
        mark: mark_of(&code, id),
        success_url: format!("{page}?stripe=return"),
        cancel_url: format!("{page}?stripe=cancel"),
        expires_at: payment.created_at.saturating_add_seconds(SESSION_SECONDS),
        key: format!("boxoffice-{code}-{}", id.0),
    };
    Ok((payment, checkout))
}

/// The code of the page, which nobody can guess and no other box has, and our number.
fn mark_of(code: &str, id: PaymentId) -> String {
    format!("{code}-{}", id.0)
}

/// The payment of ours that something of Stripe's is marked with. Another box on the same account
/// has the same numbers, but not the same codes.
pub(super) fn marked(ctx: &Ctx, mark: &str) -> Result<Option<PaymentId>, OpError> {
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
pub(super) fn settle(
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
            payment = book::revive(ctx, tx, &payment)?;
        }
        return match session.amount {
            Some(paid) if paid != payment.amount => {
                payment.note = format!("{} were asked for", payment.amount.to_fixed());
                book::hold_amount(ctx, tx, &payment, paid)
            }
            Some(_) => ending::end_in(ctx, tx, id, Ending::Paid),
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
        return ending::end_in(ctx, tx, id, Ending::Refused);
    }
    if session.state == SessionState::Expired {
        let reason = "it was not paid at Stripe in time".to_owned();
        return ending::end_in(ctx, tx, id, Ending::Failed { reason });
    }
    let patience = match session.state {
        SessionState::Open => SESSION_SECONDS,
        _ => LATER_SECONDS,
    };
    wait(tx, &payment, ctx.now.saturating_add_seconds(patience))?;
    Ok(payment)
}
