//! The outbox: what has to be written to customers stands in the commit of its cause, and is sent
//! from here until mail server or gateway took it, once. A crash between their word and the commit
//! that notes it sends the message again, under the same name.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::customer::Customer;
use crate::domain::id::MessageId;
use crate::domain::message::{Channel, Lane, Message, MessageState, PROBLEM_MAX};
use crate::domain::refusal::Refusal;
use crate::domain::staff::Permission;
use crate::domain::time::Timestamp;
use crate::outbound::mail::MailError;
use crate::outbound::sms::SmsError;
use crate::store::key::{instant_of, trailing_number};
use crate::store::schema_letters::lane as under_lane;
use crate::store::{Read, Snapshot, Span, Table};

use super::composing::{Composed, compose};
use super::{Handle, Named, OpError, notifications};

impl Named for Message {
    const KIND: &'static str = "message";
    const FOREIGN: Option<Table> = None;
}

/// Messages that are taken in hand in one go.
const ROUND_MAX: usize = 256;
/// How many are sent at the same time.
const AT_ONCE: usize = 4;

/// Whether anything can be sent: only then is any noted.
#[must_use]
pub fn is_set(ctx: &Ctx) -> bool {
    ctx.app.outbound.mail.is_some() || ctx.app.outbound.sms.is_some()
}

/// Whether a customer can be written to at all.
#[must_use]
pub(super) fn reaches(ctx: &Ctx, customer: &Customer) -> bool {
    let phone = notifications::phone_of(customer);
    let ways = notifications::ways(&ctx.app, customer, phone.as_deref());
    ways.choose(None, None).is_some()
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Nothing more is due; the next message is due then, if there is one.
    Until(Option<Timestamp>),
    /// More is due.
    NotYet,
    /// Mail server or gateway do not answer: try again later.
    Failed,
}

/// Sends what is due in a lane. Where one of mail server and gateway does not answer, only its messages wait.
pub async fn deliver(ctx: &Ctx, lane: Lane) -> Result<Delivered, OpError> {
    if !is_set(ctx) {
        return Ok(Delivered::Until(None));
    }
    let [urgent, bulk] = &ctx.app.delivering;
    let alone = match lane {
        Lane::Urgent => urgent,
        Lane::Bulk => bulk,
    };
    let _alone = alone.lock().await;
    let (due, next) = due(&ctx.snapshot()?, lane, ctx.now)?;
    let mut silent: Vec<Channel> = Vec::new();
    for group in due.chunks(AT_ONCE) {
        let mut sending = tokio::task::JoinSet::new();
        for id in group {
            let (ctx, id, silent) = (ctx.clone(), *id, silent.clone());
            sending.spawn(async move { send(&ctx, id, &silent).await });
        }
        while let Some(sent) = sending.join_next().await {
            match sent {
                Ok(sent) => silent.extend(sent?),
                Err(error) => return Err(OpError::Failed(error.to_string())),
            }
        }
        silent.dedup();
    }
    Ok(if !silent.is_empty() {
        Delivered::Failed
    } else if due.len() == ROUND_MAX {
        Delivered::NotYet
    } else {
        Delivered::Until(next)
    })
}

/// The messages that are due at `now`, at most [`ROUND_MAX`], and when the one after them is.
fn due(
    read: &Snapshot,
    lane: Lane,
    now: Timestamp,
) -> Result<(Vec<MessageId>, Option<Timestamp>), OpError> {
    let mut due = Vec::new();
    let mut next = None;
    let front = under_lane(lane);
    read.raw_scan(Table::MessagesByDue, &Span::under(&front), &mut |key, _| {
        let at = key.get(front.len()..).and_then(instant_of);
        match (at, trailing_number(key)) {
            (Some(at), Some(id)) if at <= now && due.len() < ROUND_MAX => due.push(MessageId(id)),
            (at, _) => {
                next = at;
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((due, next))
}

/// Sends one message and notes what became of it, unless its way is one of the `silent`, where nobody answers.
/// Answers a way that turned out to be.
async fn send(ctx: &Ctx, id: MessageId, silent: &[Channel]) -> Result<Option<Channel>, OpError> {
    // Setting a PDF takes its time.
    let composing = ctx.clone();
    let composed = tokio::task::spawn_blocking(move || compose(&composing, id));
    let composed = composed.await;
    let composed = composed.map_err(|error| OpError::Failed(error.to_string()))?;
    let composed = match composed {
        Ok(composed) => composed,
        Err(error @ OpError::Throttled { .. }) => return Err(error),
        Err(error) => {
            // One that cannot be worded must not keep the others from being sent.
            tracing::error!(message = id.0, %error, "message.not_composed");
            note(ctx, id, Outcome::PutOff(error.to_string())).await?;
            return Ok(None);
        }
    };
    let (channel, outcome) = match composed {
        Composed::Nothing(reason) => {
            let outcome = Outcome::Ended(MessageState::Dropped, reason.to_owned(), None);
            note(ctx, id, outcome).await?;
            return Ok(None);
        }
        Composed::Mail(mail) => {
            let channel = Channel::Email;
            if silent.contains(&channel) {
                return Ok(None);
            }
            let Some(mailer) = &ctx.app.outbound.mail else {
                return Ok(None);
            };
            let outcome = match mailer.send(*mail).await {
                Ok(()) => Outcome::sent(channel),
                Err(MailError::Refused(reason)) => Outcome::dead(reason),
                Err(MailError::Later(reason)) => Outcome::PutOff(reason),
                Err(MailError::Unreachable(reason)) => Outcome::Unreachable(reason),
            };
            (channel, outcome)
        }
        Composed::Sms { name, to, text } => {
            let channel = Channel::Sms;
            if silent.contains(&channel) {
                return Ok(None);
            }
            let Some(gateway) = &ctx.app.outbound.sms else {
                return Ok(None);
            };
            let outcome = match gateway.send(&name, &to, &text).await {
                Ok(()) => Outcome::sent(channel),
                Err(SmsError::Refused(reason)) => Outcome::dead(reason),
                Err(SmsError::Later(reason)) => Outcome::PutOff(reason),
                Err(SmsError::Unreachable(reason)) => Outcome::Unreachable(reason),
            };
            (channel, outcome)
        }
    };
    let mut unreachable = None;
    if let Outcome::Unreachable(reason) = &outcome {
        tracing::warn!(reason, ?channel, "message.unreachable");
        unreachable = Some(channel);
    }
    note(ctx, id, outcome).await?;
    Ok(unreachable)
}

enum Outcome {
    Ended(MessageState, String, Option<Channel>),
    PutOff(String),
    Unreachable(String),
}

impl Outcome {
    fn sent(channel: Channel) -> Self {
        Self::Ended(MessageState::Sent, String::new(), Some(channel))
    }

    fn dead(reason: String) -> Self {
        Self::Ended(MessageState::Dead, reason, None)
    }
}

async fn note(ctx: &Ctx, id: MessageId, outcome: Outcome) -> Result<(), OpError> {
    let now = ctx.now;
    // Not through `ctx`: this write makes nothing that has to be sent.
    let noted = ctx
        .app
        .store
        .write(move |tx| -> Result<MessageState, OpError> {
            let mut message: Message = super::get(tx, id)?;
            match outcome {
                Outcome::Ended(state, reason, channel) => {
                    message.attempts = message.attempts.saturating_add(1);
                    message.channel = channel.or(message.channel);
                    message.end(state, bounded(&reason), now);
                }
                Outcome::PutOff(reason) | Outcome::Unreachable(reason) => {
                    message.put_off(bounded(&reason), now);
                }
            }
            tx.put(&message)?;
            Ok(message.state)
        });
    if noted.await? == MessageState::Dead {
        tracing::error!(message = id.0, "message.dead");
    }
    Ok(())
}

fn bounded(reason: &str) -> String {
    cut(reason, PROBLEM_MAX)
}

/// The beginning of a text that is at most so many bytes.
pub(super) fn cut(text: &str, bytes_max: usize) -> String {
    let ends = text
        .char_indices()
        .map(|(at, letter)| at.saturating_add(letter.len_utf8()));
    let end = ends.take_while(|end| *end <= bytes_max).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

/// Messages, newest first; with a state only those.
pub fn list(ctx: &Ctx, state: Option<MessageState>, limit: usize) -> Result<Vec<Message>, OpError> {
    /// How many are looked at for those of one state.
    const SEEN_MAX: usize = 100_000;
    ctx.require(Permission::CustomersRead)?;
    let snapshot = ctx.snapshot()?;
    if state == Some(MessageState::Dead) {
        let mut dead: Vec<Message> = snapshot.listed(Table::MessagesDead, &[])?;
        dead.reverse();
        dead.truncate(limit);
        return Ok(dead);
    }
    let (mut found, mut seen) = (Vec::new(), 0usize);
    snapshot.each::<Message>(&Span::all().descending(), &mut |message| {
        seen = seen.saturating_add(1);
        if state.is_none_or(|state| state == message.state) {
            found.push(message);
        }
        Ok(if found.len() < limit && seen < SEEN_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(found)
}

/// Lets a dead message be tried again.
pub async fn retry(ctx: &Ctx, id: MessageId) -> Result<Message, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let handle = Handle {
            text: id.0.to_string(),
            number: Some(id),
        };
        let before: Message = super::find(tx, &handle)?;
        if before.state != MessageState::Dead {
            return Err(Refusal::NotDead.into());
        }
        let mut after = before.clone();
        after.revive(ctx.now);
        super::change(ctx, tx, "message.retry", &before, &after)?;
        Ok(after)
    })
    .await
}
