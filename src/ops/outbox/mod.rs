//! The outbox: what has to be written to customers stands in the commit of its cause, and is sent
//! from here until mail server or gateway took it, once. A crash between their word and the commit
//! that notes it sends the message again, under the same name.

pub(in crate::ops) mod compose;
pub mod reminders;

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::{Handle, Named, OpError};
use crate::app::{App, Ctx};
use crate::domain::customers::Customer;
use crate::domain::messages::{Channel, Message, MessageState, PROBLEM_MAX, Queue};
use crate::domain::refusal::Refusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::MessageId;
use crate::domain::values::time::Timestamp;
use crate::ops::outbox::compose::{Composed, compose};
use crate::ops::templates::ways::{Way, way_of};
use crate::outbound::mail::{Mail, MailError};
use crate::outbound::sms::SmsError;
use crate::store::key::{instant_of, trailing_number};
use crate::store::schema::messages::lane as under_lane;
use crate::store::{Read, Snapshot, Span, Table};

impl Named for Message {
    const KIND: &'static str = "message";
    const FOREIGN: Option<Table> = None;
}

/// Messages that are taken in hand in one go, and sent at the same time.
const AT_ONCE: usize = 8;
/// Most of other queues that are passed over.
const PASSED_MAX: usize = 20_000;
/// How often it is tried to note what became of a message, and how long between.
const NOTED_TRIES: u32 = 100;
const NOTED_AFTER: Duration = Duration::from_millis(100);

/// Whether anything can be sent: only then is any noted.
#[must_use]
pub fn is_set(ctx: &Ctx) -> bool {
    ctx.app.outbound.mail.is_some() || ctx.app.outbound.sms.is_some()
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Nothing more is due; the next message is due then, if there is one.
    Until(Option<Timestamp>),
    /// Nobody answers: try again later.
    Failed,
}

/// Tells all senders that there may be something.
pub(super) fn wake(ctx: &Ctx) {
    for queue in &ctx.app.signals.outbox_pending {
        queue.notify_one();
    }
}

/// Sends what is due in a queue.
pub async fn deliver(ctx: &Ctx, queue: Queue) -> Result<Delivered, OpError> {
    let alone = ctx.app.delivering.get(queue.place());
    let Some(alone) = alone.filter(|_| is_set(ctx)) else {
        return Ok(Delivered::Until(None));
    };
    let _alone = alone.lock().await;
    loop {
        // It takes its time: what is due by now, and which PINs are good now.
        let ctx = &Ctx {
            now: Ctx::system(Arc::clone(&ctx.app)).now.max(ctx.now),
            ..ctx.clone()
        };
        let (due, next) = due(ctx, queue)?;
        if due.is_empty() {
            return Ok(Delivered::Until(next));
        }
        // On their own: what is being handed over when the box goes down is noted as well.
        let held = due.into_iter().filter_map(|id| Held::take(&ctx.app, id));
        let sending = held.map(|held| {
            let ctx = ctx.clone();
            let calls = ctx.app.calls.clone();
            calls.spawn(async move {
                let sent = send(&ctx, held.id, queue.channel).await;
                // Until here, and not only its number.
                drop(held);
                sent
            })
        });
        let sending: Vec<_> = sending.collect();
        if sending.is_empty() {
            // Others are at it: those of a request that hung up,
            // or before the customer's address changed.
            return Ok(Delivered::Failed);
        }
        let (mut reached, mut failed) = (true, None);
        for sent in sending {
            match sent.await {
                Ok(Ok(answered)) => reached &= answered,
                Ok(Err(error)) => failed = Some(error),
                Err(error) => failed = Some(OpError::Failed(error.to_string())),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if !reached {
            return Ok(Delivered::Failed);
        }
    }
}

/// A message that is being handed over, until it is noted what became of it.
struct Held {
    app: Arc<App>,
    id: MessageId,
}

impl Held {
    fn take(app: &Arc<App>, id: MessageId) -> Option<Self> {
        let mut all = app
            .handing_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let app = Arc::clone(app);
        all.insert(id).then_some(Self { app, id })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let all = self.app.handing_over.lock();
        all.unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// The messages of a queue that are due now, at most [`AT_ONCE`],
/// and when the first of its lane that is not is.
fn due(ctx: &Ctx, queue: Queue) -> Result<(Vec<MessageId>, Option<Timestamp>), OpError> {
    let read = &ctx.snapshot()?;
    let mut due = Vec::new();
    let mut next = None;
    let mut passed = 0usize;
    let front = under_lane(queue.lane);
    read.raw_scan(Table::MessagesByDue, &Span::under(&front), &mut |key, _| {
        let at = key.get(front.len()..).and_then(instant_of);
        let id = trailing_number(key).map(MessageId);
        let (Some(at), Some(id)) = (at, id) else {
            return Ok(ControlFlow::Continue(()));
        };
        if at > ctx.now {
            next = Some(at);
            return Ok(ControlFlow::Break(()));
        }
        if channel_of(ctx, read, id) == queue.channel {
            due.push(id);
        } else {
            passed = passed.saturating_add(1);
        }
        Ok(if due.len() >= AT_ONCE || passed >= PASSED_MAX {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok((due, next))
}

/// By which way a message would go; one that goes none is looked after with the mails.
fn channel_of(ctx: &Ctx, read: &Snapshot, id: MessageId) -> Channel {
    let way = || -> Result<Way, OpError> {
        let message: Message = super::get(read, id)?;
        let customer: Customer = super::get(read, message.customer)?;
        way_of(ctx, read, &message, &customer)
    };
    match way() {
        Ok(Way::Goes(channel, ..)) => channel,
        Ok(Way::Closed(_) | Way::None(_)) | Err(_) => Channel::Email,
    }
}

/// Sends one message by this way and notes what became of it. Answers whether anybody answered.
async fn send(ctx: &Ctx, id: MessageId, channel: Channel) -> Result<bool, OpError> {
    // Setting a PDF takes its time.
    let composing = ctx.clone();
    let composed = tokio::task::spawn_blocking(move || compose(&composing, id));
    let composed = match composed.await {
        Ok(Err(error @ (OpError::Throttled { .. } | OpError::DiskFull))) => return Err(error),
        Ok(composed) => composed,
        Err(error) => Err(OpError::Failed(error.to_string())),
    };
    let outcome = match composed {
        Ok(Composed::Nothing(reason)) => {
            Outcome::Ended(MessageState::Dropped, reason.to_owned(), None)
        }
        Ok(Composed::Later(reason)) => Outcome::PutOff(reason.to_owned()),
        // Its way is another one since: another queue has it.
        Ok(Composed::Mail(_)) if channel != Channel::Email => return Ok(true),
        Ok(Composed::Sms { .. }) if channel != Channel::Sms => return Ok(true),
        Ok(Composed::Mail(mail)) => by_mail(ctx, *mail).await,
        Ok(Composed::Sms { name, to, text }) => by_sms(ctx, &name, &to, &text).await,
        Err(error) => {
            // One that cannot be worded must not keep the others from being sent.
            tracing::error!(message = id.0, %error, "message.not_composed");
            Outcome::PutOff(error.to_string())
        }
    };
    let reached = !matches!(outcome, Outcome::Unreachable(_));
    if let Outcome::Unreachable(reason) = &outcome {
        tracing::warn!(reason, message = id.0, "message.unreachable");
    }
    note(ctx, id, outcome).await?;
    Ok(reached)
}

async fn by_mail(ctx: &Ctx, mail: Mail) -> Outcome {
    let Some(mailer) = &ctx.app.outbound.mail else {
        return Outcome::PutOff("no mail server is set up".to_owned());
    };
    match mailer.send(mail).await {
        Ok(()) => Outcome::sent(Channel::Email),
        Err(MailError::Refused(reason)) => Outcome::dead(reason),
        Err(MailError::Later(reason)) => Outcome::PutOff(reason),
        Err(MailError::Unreachable(reason)) => Outcome::Unreachable(reason),
    }
}

async fn by_sms(ctx: &Ctx, name: &str, to: &str, text: &str) -> Outcome {
    let Some(gateway) = &ctx.app.outbound.sms else {
        return Outcome::PutOff("no gateway is set up".to_owned());
    };
    match gateway.send(name, to, text).await {
        Ok(()) => Outcome::sent(Channel::Sms),
        Err(SmsError::Refused(reason)) => Outcome::dead(reason),
        Err(SmsError::Later(reason)) => Outcome::PutOff(reason),
        Err(SmsError::Unreachable(reason)) => Outcome::Unreachable(reason),
    }
}

#[derive(Clone)]
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

/// Notes what became of a message: as long as nobody knows that it was sent,
/// it would be sent again.
async fn note(ctx: &Ctx, id: MessageId, outcome: Outcome) -> Result<(), OpError> {
    for _ in 0..NOTED_TRIES {
        match note_once(ctx, id, outcome.clone()).await {
            Err(OpError::Throttled { .. } | OpError::DiskFull) => {
                tokio::time::sleep(NOTED_AFTER).await;
            }
            noted => return noted,
        }
    }
    note_once(ctx, id, outcome).await
}

async fn note_once(ctx: &Ctx, id: MessageId, outcome: Outcome) -> Result<(), OpError> {
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
                    message.end(state, cut(&reason, PROBLEM_MAX), now);
                }
                Outcome::PutOff(reason) | Outcome::Unreachable(reason) => {
                    message.put_off(cut(&reason, PROBLEM_MAX), now);
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
