//! Telling partners what waits: each by itself, the messages about one subscription one after the
//! other. What was told when the box died is told again, under the same name.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use tokio::task::JoinSet;

use crate::app::Ctx;
use crate::domain::partners::Partner;
use crate::domain::partners::subscription::{
    CALL_SECONDS, PROBLEM_MAX, PartnerCall, PartnerSubscription,
};
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{Id as _, PartnerCallId, PartnerId};
use crate::domain::values::time::Timestamp;
use crate::letters;
use crate::ops::{OpError, bulk, outbox};
use crate::outbound::mail::Mail;
use crate::outbound::subscription::{Notice, Refused, Said, body};
use crate::outbound::webhook::objects::event_name;
use crate::store::key::{instant_of, owned_by, owned_instant, trailing_number};
use crate::store::{Read, Span, Table, Tx};

/// How many messages a partner is sent at the same time, each about another subscription.
const AT_ONCE: usize = 8;
/// Longest silence between two letters about the same partner, in seconds: a partner that is gone
/// makes many dead messages.
const WRITTEN_EVERY_SECONDS: i64 = 3_600;
/// How many are removed in one go.
const SWEPT_MAX: usize = 500;

/// Partners that are told, each with when that is due next.
pub fn due(read: &impl Read) -> Result<Vec<(PartnerId, Timestamp)>, OpError> {
    let mut due = Vec::new();
    for partner in told(read)? {
        let span = Span::under(&owned_by(partner.id));
        read.raw_scan(Table::PartnerCallsByDue, &span, &mut |key, _| {
            due.extend(owned_instant(key).map(|at| (partner.id, at)));
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(due)
}

type Outcome = (PartnerCallId, Result<Said, Refused>);

/// Tells one partner what is due, until nothing is.
pub async fn work(ctx: &Ctx, id: PartnerId) -> Result<(), OpError> {
    let lane = ctx.app.lanes.lane(&format!("partner {}", id.number()));
    let _alone = lane.lock().await;
    loop {
        // Time goes on meanwhile.
        let ctx = Ctx {
            dialect: ctx.dialect,
            ..Ctx::system(Arc::clone(&ctx.app))
        };
        let notices = notices(&ctx, id)?;
        if notices.is_empty() {
            return Ok(());
        }
        let mut sending: JoinSet<Outcome> = JoinSet::new();
        for (call, notice) in notices {
            let app = Arc::clone(&ctx.app);
            sending.spawn(async move { (call, app.outbound.partner.tell(notice).await) });
        }
        while let Some(outcome) = sending.join_next().await {
            let outcome = outcome.map_err(|error| OpError::Failed(error.to_string()))?;
            note_outcome(&ctx, id, outcome).await?;
        }
    }
}

/// What is due, as many as may be sent at once.
fn notices(ctx: &Ctx, id: PartnerId) -> Result<Vec<(PartnerCallId, Notice)>, OpError> {
    let snapshot = ctx.snapshot()?;
    let partner = snapshot.get::<Partner>(&id)?.filter(Partner::is_told);
    let Some(callback) = partner.and_then(|partner| partner.callback) else {
        return Ok(Vec::new());
    };
    let mut numbers = Vec::new();
    let span = Span::under(&owned_by(id));
    snapshot.raw_scan(Table::PartnerCallsByDue, &span, &mut |key, _| {
        let is_due = owned_instant(key).is_some_and(|at| at <= ctx.now);
        if !is_due || numbers.len() >= AT_ONCE {
            return Ok(ControlFlow::Break(()));
        }
        numbers.extend(trailing_number(key).map(PartnerCallId));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut notices = Vec::with_capacity(numbers.len());
    for number in numbers {
        let Some(call) = snapshot.get::<PartnerCall>(&number)? else {
            continue;
        };
        let held: PartnerSubscription = crate::ops::get(&snapshot, call.subscription)?;
        let notice = Notice {
            url: callback.url.clone(),
            api_key: callback.api_key.clone(),
            event: event_name(&call.name),
            body: body(&call, &held),
        };
        notices.push((number, notice));
    }
    Ok(notices)
}

/// Notes what became of a message, and lets the next one about the subscription be sent.
async fn note_outcome(ctx: &Ctx, id: PartnerId, outcome: Outcome) -> Result<(), OpError> {
    // Through `ctx`: what the partner said of the subscription is on record.
    let dead = ctx
        .write(move |ctx, tx| {
            let (number, outcome) = outcome;
            let (Some(mut call), Some(partner)) =
                (tx.get::<PartnerCall>(&number)?, tx.get::<Partner>(&id)?)
            else {
                return Ok(None);
            };
            match outcome {
                Ok(said) => {
                    call.end(said.status, ctx.now);
                    keep_said(ctx, tx, &call, said)?;
                }
                Err(refused) => {
                    let reason = outbox::cut(&refused.why.reason, PROBLEM_MAX);
                    let why = (refused.why.status, reason);
                    match &partner.callback {
                        Some(callback) => call.fail(callback, refused.again, why, ctx.now),
                        // It is told nothing any more; what waits is kept for when it is again.
                        None => return Ok(None),
                    }
                }
            }
            tx.put(&call)?;
            if call.state != DeliveryState::Waiting {
                let_next(tx, &call, ctx.now)?;
            }
            Ok((call.state == DeliveryState::Dead).then_some((call, partner)))
        })
        .await?;
    if let Some((call, partner)) = dead {
        tracing::error!(
            call = call.id.0,
            partner = partner.key,
            "partner.not_told: it is not tried again"
        );
        if is_to_write(ctx, partner.id) {
            // Not here: the next message does not wait for a mail server.
            let (ctx, tasks) = (ctx.clone(), ctx.app.calls.clone());
            tasks.spawn(async move { write_about(&ctx, &call, &partner).await });
        }
    }
    Ok(())
}

fn keep_said(ctx: &Ctx, tx: &mut Tx<'_>, call: &PartnerCall, said: Said) -> Result<(), OpError> {
    let before: PartnerSubscription = crate::ops::get(tx, call.subscription)?;
    let mut after = before.clone();
    after.there = said.there.or(after.there);
    if let Some(status) = said.registration_status {
        after.registration_status = status;
    }
    if after != before {
        let action = "partner_subscription.answer";
        crate::ops::change(ctx, tx, action, &before, &after)?;
    }
    Ok(())
}

fn let_next(tx: &mut Tx<'_>, ended: &PartnerCall, now: Timestamp) -> Result<(), OpError> {
    let queue = Span::under(&owned_by(ended.subscription));
    let mut next = None;
    tx.raw_scan(Table::PartnerCallsBySubscription, &queue, &mut |key, _| {
        next = trailing_number(key).map(PartnerCallId);
        Ok(ControlFlow::Break(()))
    })?;
    let next = match next {
        Some(next) => tx.get::<PartnerCall>(&next)?,
        None => None,
    };
    if let Some(mut next) = next.filter(|next| next.due_at.is_none()) {
        next.due_at = Some(now);
        tx.put(&next)?;
    }
    Ok(())
}

/// Whether it is time to write that a partner is not told everything; notes that it is done.
fn is_to_write(ctx: &Ctx, partner: PartnerId) -> bool {
    let held = ctx.app.written_about.lock();
    let mut held = held.unwrap_or_else(PoisonError::into_inner);
    let since = |at: &Timestamp| ctx.now.micros().saturating_sub(at.micros());
    let recent = 0..WRITTEN_EVERY_SECONDS.saturating_mul(1_000_000);
    if held
        .get(&partner)
        .is_some_and(|at| recent.contains(&since(at)))
    {
        return false;
    }
    held.insert(partner, ctx.now);
    true
}

/// Whoever looks after the partner hears of it; the list of what is dead has it in any case.
async fn write_about(ctx: &Ctx, call: &PartnerCall, partner: &Partner) {
    let callback = partner.callback.as_ref();
    let to = callback.and_then(|callback| callback.error_email.clone());
    let (Some(mailer), Some(to)) = (&ctx.app.outbound.mail, to) else {
        return;
    };
    let sender = ctx.app.company().name.clone();
    let subscription = format!("ps-{}", call.subscription.0);
    let letter = letters::not_told(&partner.name, &subscription, call.attempts, &call.problem);
    let mail = Mail {
        name: format!("partner-call-{}", call.id.0),
        sender,
        to,
        letter,
        at: ctx.now,
    };
    if let Err(error) = mailer.send(mail).await {
        tracing::warn!(?error, call = call.id.0, "partner.nobody_written");
    }
}

/// Removes some of what was over 30 days ago. Answers whether there may be more.
pub async fn sweep(ctx: &Ctx) -> Result<bool, OpError> {
    let old = sweepable(ctx)?;
    if old.is_empty() {
        return Ok(false);
    }
    let more = old.len() >= SWEPT_MAX;
    bulk::write(ctx, move |_, tx| {
        for id in &old {
            tx.remove::<PartnerCall>(id)?;
        }
        Ok(())
    })
    .await?;
    Ok(more)
}

fn sweepable(ctx: &Ctx) -> Result<Vec<PartnerCallId>, OpError> {
    let over = ctx
        .now
        .saturating_add_seconds(CALL_SECONDS.saturating_neg());
    let mut found = Vec::new();
    ctx.snapshot()?
        .raw_scan(Table::PartnerCallsByEnd, &Span::all(), &mut |key, _| {
            let is_old = instant_of(key).is_some_and(|at| at <= over);
            if !is_old || found.len() >= SWEPT_MAX {
                return Ok(ControlFlow::Break(()));
            }
            found.extend(trailing_number(key).map(PartnerCallId));
            Ok(ControlFlow::Continue(()))
        })?;
    Ok(found)
}

/// Partners that are told.
pub(in crate::ops) fn told(read: &impl Read) -> Result<Vec<Partner>, OpError> {
    let mut partners: Vec<Partner> = read.all()?;
    partners.retain(Partner::is_told);
    Ok(partners)
}
