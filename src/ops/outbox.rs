//! The outbox: what has to be written to customers stands in the commit of its cause, and is sent
//! from here until the mail server took it, once. A crash between the server's word and the commit
//! that notes it sends the mail again, under the same name.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::catalogue::Billing;
use crate::domain::customer::Customer;
use crate::domain::id::MessageId;
use crate::domain::invoice::{Invoice, OpenInvoice};
use crate::domain::message::{Message, MessageContent, MessageState, PROBLEM_MAX};
use crate::domain::money::Amount;
use crate::domain::order::{Order, Standing};
use crate::domain::refusal::Refusal;
use crate::domain::staff::Permission;
use crate::domain::time::Timestamp;
use crate::letters::{self, House, Letter, Reminder};
use crate::outbound::mail::{Mail, MailError};
use crate::store::key::{instant_of, owned_by, trailing_number};
use crate::store::{Read, Snapshot, Span, Table, balance_minor};

use super::books::Books;
use super::{Handle, Named, OpError, invoices};

impl Named for Message {
    const KIND: &'static str = "message";
    const FOREIGN: Option<Table> = None;
}

/// Messages that are taken in hand in one go.
const ROUND_MAX: usize = 256;
/// How many are sent at the same time.
const AT_ONCE: usize = 4;

/// Whether mail can be sent: only then is any noted.
#[must_use]
pub fn is_set(ctx: &Ctx) -> bool {
    ctx.app.outbound.mail.is_some()
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Nothing more is due; the next message is due then, if there is one.
    Until(Option<Timestamp>),
    /// More is due.
    NotYet,
    /// The mail server does not answer: try again later.
    Failed,
}

/// Sends what is due.
pub async fn deliver(ctx: &Ctx) -> Result<Delivered, OpError> {
    if !is_set(ctx) {
        return Ok(Delivered::Until(None));
    }
    let _alone = ctx.app.delivering.lock().await;
    let (due, next) = due(&ctx.snapshot()?, ctx.now)?;
    for group in due.chunks(AT_ONCE) {
        let mut sending = tokio::task::JoinSet::new();
        for id in group {
            let (ctx, id) = (ctx.clone(), *id);
            sending.spawn(async move { send(&ctx, id).await });
        }
        let mut reached = true;
        while let Some(sent) = sending.join_next().await {
            match sent {
                Ok(sent) => reached &= sent?,
                Err(error) => return Err(OpError::Failed(error.to_string())),
            }
        }
        if !reached {
            return Ok(Delivered::Failed);
        }
    }
    Ok(if due.len() == ROUND_MAX {
        Delivered::NotYet
    } else {
        Delivered::Until(next)
    })
}

/// The messages that are due at `now`, at most [`ROUND_MAX`], and when the one after them is.
fn due(read: &Snapshot, now: Timestamp) -> Result<(Vec<MessageId>, Option<Timestamp>), OpError> {
    let mut due = Vec::new();
    let mut next = None;
    read.raw_scan(Table::MessagesByDue, &Span::all(), &mut |key, _| {
        match (instant_of(key), trailing_number(key)) {
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

/// Sends one message and notes what became of it. Answers whether the server was reached.
async fn send(ctx: &Ctx, id: MessageId) -> Result<bool, OpError> {
    let Some(mailer) = &ctx.app.outbound.mail else {
        return Ok(true);
    };
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
            tracing::error!(message = id.0, %error, "mail.not_composed");
            note(ctx, id, Outcome::PutOff(error.to_string())).await?;
            return Ok(true);
        }
    };
    let outcome = match composed {
        Composed::Mail(mail) => match mailer.send(*mail).await {
            Ok(()) => Outcome::Ended(MessageState::Sent, String::new()),
            Err(MailError::Refused(reason)) => Outcome::Ended(MessageState::Dead, reason),
            Err(MailError::Later(reason)) => Outcome::PutOff(reason),
            Err(MailError::Unreachable(reason)) => {
                tracing::warn!(reason, "mail.unreachable");
                note(ctx, id, Outcome::PutOff(reason)).await?;
                return Ok(false);
            }
        },
        Composed::Nothing(reason) => Outcome::Ended(MessageState::Dropped, reason.to_owned()),
    };
    note(ctx, id, outcome).await?;
    Ok(true)
}

enum Outcome {
    Ended(MessageState, String),
    PutOff(String),
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
                Outcome::Ended(state, reason) => {
                    message.attempts = message.attempts.saturating_add(1);
                    message.end(state, bounded(&reason), now);
                }
                Outcome::PutOff(reason) => message.put_off(bounded(&reason), now),
            }
            tx.put(&message)?;
            Ok(message.state)
        });
    if noted.await? == MessageState::Dead {
        tracing::error!(message = id.0, "mail.dead");
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

enum Composed {
    Mail(Box<Mail>),
    /// There is nothing to send, and why.
    Nothing(&'static str),
}

/// Finds the words of a message, as things stand now.
fn compose(ctx: &Ctx, id: MessageId) -> Result<Composed, OpError> {
    let snapshot = ctx.snapshot()?;
    let message: Message = super::get(&snapshot, id)?;
    let customer: Customer = super::get(&snapshot, message.customer)?;
    if customer.is_deleted() {
        return Ok(Composed::Nothing("the customer was removed"));
    }
    let Some(email) = &customer.email else {
        return Ok(Composed::Nothing("the customer has no e-mail address"));
    };
    let company = ctx.app.company();
    let house = House {
        name: &company.name,
        zone: &company.zone,
        locale: &ctx.app.config.provider.locale,
    };
    let letter = match message.content {
        MessageContent::Invoice(number) => {
            let invoice: Invoice = super::get(&snapshot, number)?;
            let open = snapshot.get::<OpenInvoice>(&number)?;
            let open_minor = open.map_or(0, |open| open.open_minor);
            letters::invoice(&house, &invoice, open_minor)
                .map_err(|error| OpError::Failed(error.to_string()))?
        }
        MessageContent::Reminder(order) => {
            let order: Order = super::get(&snapshot, order)?;
            match reminder(ctx, &snapshot, &house, &order, &customer)? {
                Some(letter) => letter,
                None => return Ok(Composed::Nothing("it was paid or stopped before")),
            }
        }
    };
    let (kind, number) = match message.content {
        MessageContent::Invoice(invoice) => ("invoice", invoice.0),
        MessageContent::Reminder(order) => ("reminder", order.0),
    };
    Ok(Composed::Mail(Box::new(Mail {
        name: format!("{kind}-{number}-{}", message.id.0),
        sender: company.name.clone(),
        to: email.as_str().to_owned(),
        letter,
        at: ctx.now,
    })))
}

/// What is missing of an order that is overdue; `None` where nothing is any more.
fn reminder(
    ctx: &Ctx,
    read: &Snapshot,
    house: &House<'_>,
    order: &Order,
    customer: &Customer,
) -> Result<Option<Letter>, OpError> {
    let freeze_at = match order.standing {
        Standing::Overdue { freeze_at, .. } => Some(freeze_at),
        Standing::Owing { .. } => None,
        _ => return Ok(None),
    };
    let mut missing: Option<Amount> = None;
    let open: Vec<OpenInvoice> =
        read.listed(Table::OpenInvoicesByCustomer, &owned_by(customer.id))?;
    for open in open.iter().filter(|open| open.order == order.id) {
        let held = missing.map_or(0, |amount| amount.minor);
        missing = Some(Amount {
            minor: held.saturating_add(open.open_minor),
            currency: open.currency,
        });
    }
    let bill = Books::new(ctx, read).next_bill(order)?;
    let title = bill.as_ref().and_then(|bill| bill.lines.first());
    let title = title.map_or_else(|| "Your subscription".to_owned(), |line| line.title.clone());
    if order.billing == Billing::Prepaid
        && let Some((bill, currency)) = bill.and_then(|bill| bill.currency.map(|c| (bill, c)))
    {
        let balance = crate::domain::journal::Account::Customer(customer.id);
        let balance = balance_minor(read, &balance, currency)?;
        missing = Some(Amount {
            minor: bill.total_minor().saturating_sub(balance),
            currency,
        });
    }
    let Some(missing) = missing.filter(|amount| amount.minor > 0) else {
        return Ok(None);
    };
    let name = invoices::addressee(customer).into_iter().next();
    Ok(Some(letters::reminder(
        house,
        &Reminder {
            name: name.unwrap_or_default(),
            title,
            missing,
            until: freeze_at,
        },
    )))
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
