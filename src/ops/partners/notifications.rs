//! What partners have customers told: PINs, purchases, charges, refunds, and words of their own
//! (marketone §2.6). It goes to the outbox, where the way is chosen when it is sent.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::customers::Customer;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{About, Asked, Channel, Lane, Message, MessageContent};
use crate::domain::partners::pin::Pin;
use crate::domain::partners::{Partner, PartnerTransaction, TransactionKind, TransactionState};
use crate::domain::refusal::{PartnerRefusal, Refusal};
use crate::domain::values::id::{CustomerId, MessageId, PartnerId};
use crate::domain::values::reasons::PinRefusal;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::partners::account::{AccountRef, account, find_in, fingerprint, has_charged};
use crate::ops::partners::pin_check;
use crate::ops::templates::ways::{Preference, Way, way, way_of};
use crate::store::key::{ext_of, instant_of, trailing_number};
use crate::store::schema::messages::{account_of, lane};
use crate::store::{Read, Span, Table, Tx};

/// What a partner wants to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// With the name of the PIN; without, the newest one.
    Pin(Option<Vec<u8>>),
    /// With the partner's id of the transaction.
    Transaction(About, String),
    General,
}

/// A notification as a partner asks for it.
#[derive(Debug, Clone)]
pub struct NotificationRequest {
    pub account: AccountRef,
    pub subject: Subject,
    /// Words in place of the template.
    pub text: Option<String>,
    pub channel: Option<Channel>,
    pub language: Option<String>,
    /// The partner's own id, under which it is asked for once.
    pub ext_id: Option<String>,
}

impl NotificationRequest {
    /// Of everything that a repeat must say again.
    fn fingerprint(&self) -> [u8; 32] {
        let (kind, of) = match &self.subject {
            Subject::Pin(public_id) => {
                let id = public_id.as_deref().unwrap_or_default();
                ("pin", data_encoding::HEXLOWER.encode(id))
            }
            Subject::Transaction(About::Purchase, ext_id) => ("purchase", ext_id.clone()),
            Subject::Transaction(About::Charge, ext_id) => ("charge", ext_id.clone()),
            Subject::Transaction(About::Refund, ext_id) => ("refund", ext_id.clone()),
            Subject::General => ("general", String::new()),
        };
        let channel = match self.channel {
            None => "",
            Some(Channel::Email) => "mail",
            Some(Channel::Sms) => "sms",
        };
        fingerprint(&[
            &self.account.written(),
            kind,
            &of,
            self.text.as_deref().unwrap_or_default(),
            channel,
            self.language.as_deref().unwrap_or_default(),
        ])
    }
}

/// Most messages that one partner has sent to one account within [`WINDOW_SECONDS`]: they cost
/// money, and nobody wants more.
const MESSAGES_MAX: usize = 20;
const WINDOW_SECONDS: i64 = 900;

/// Puts a notification into the outbox; answers the name that the partner gets for it.
pub async fn notify(
    ctx: &Ctx,
    partner: PartnerId,
    request: NotificationRequest,
) -> Result<[u8; 16], OpError> {
    let public_id = ctx.app.entropy.bytes()?;
    ctx.write(move |ctx, tx| {
        let partner: Partner = crate::ops::get(tx, partner)?;
        if let Some(ext_id) = &request.ext_id {
            let key = ext_of(partner.id, ext_id);
            let earlier = tx.get_by::<Message>(Table::MessagesByExt, &key)?;
            if let Some(asked) = earlier.and_then(|earlier| earlier.asked) {
                if asked.fingerprint != request.fingerprint() {
                    return Err(PartnerRefusal::NotificationIdUsed.into());
                }
                return Ok(asked.public_id);
            }
        }
        let customer = account(tx, &request.account)?.ok_or(PartnerRefusal::AccountNotFound)?;
        let content = content(ctx, tx, &partner, &customer, &request.subject)?;
        // Words of their own, also around a PIN,
        // go to nobody whom the partner has nothing to do with.
        if request.text.is_some() && !is_known(ctx, tx, partner.id, customer.id)? {
            return Err(PartnerRefusal::NoDealings.into());
        }
        if content.lane() == Lane::Asked {
            check_outbox(tx, ctx.now)?;
        }
        check_rate(tx, partner.id, customer.id, ctx.now)?;
        let asked = Asked {
            partner: partner.id,
            public_id,
            fingerprint: request.fingerprint(),
            ext_id: request.ext_id,
            text: request.text,
        };
        let message = Message {
            address: Some(request.account.written()),
            channel: request.channel,
            language: request.language,
            asked: Some(asked),
            ..Message::new(customer.id, content, ctx.now)
        };
        if !put(ctx, tx, &customer, message)? {
            return Err(PartnerRefusal::NotificationNotAllowed.into());
        }
        Ok(public_id)
    })
    .await
}

/// Whether a PIN would get to whom the partner means.
pub(in crate::ops) fn can_send_pin(
    ctx: &Ctx,
    tx: &Tx<'_>,
    customer: &Customer,
    account: &AccountRef,
) -> Result<bool, OpError> {
    let address = account.written();
    let preference = Preference {
        address: Some(&address),
        ..Preference::default()
    };
    let way = way(ctx, tx, TemplateKind::Pin, customer, &preference)?;
    Ok(matches!(way, Way::Goes(..)))
}

/// Sends a PIN as soon as it is made.
pub(in crate::ops) fn send_pin(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Partner,
    customer: &Customer,
    pin: &Pin,
    public_id: [u8; 16],
) -> Result<(), OpError> {
    let asked = Asked {
        partner: partner.id,
        public_id,
        ext_id: None,
        fingerprint: [0; 32],
        text: None,
    };
    let message = Message {
        address: Some(pin.address.clone()),
        asked: Some(asked),
        ..Message::new(customer.id, MessageContent::Pin(pin.id), ctx.now)
    };
    // One who cannot be reached gets none; the partner sees that nobody tells it.
    put(ctx, tx, customer, message).map(drop)
}

/// Puts a message into the outbox; answers whether there is a way to its customer.
fn put(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    mut message: Message,
) -> Result<bool, OpError> {
    if !matches!(way_of(ctx, tx, &message, customer)?, Way::Goes(..)) {
        return Ok(false);
    }
    message.id = tx.next_id()?;
    crate::ops::create(ctx, tx, "message.create", &message)?;
    Ok(true)
}

/// What the message is about; refused where there is no such thing, or this partner may not write
/// of it.
fn content(
    ctx: &Ctx,
    tx: &Tx<'_>,
    partner: &Partner,
    customer: &Customer,
    subject: &Subject,
) -> Result<MessageContent, OpError> {
    match subject {
        Subject::Pin(public_id) => {
            let refused = |reason| Refusal::Partner(PartnerRefusal::PinRefused { reason });
            let pin = pin_check::meant(tx, partner.id, Some(customer.id), public_id.as_deref())?;
            let pin = pin.ok_or(refused(PinRefusal::NotFound))?;
            // Burnt or not: there is none that could be sent.
            let is_live = pin.is_live(ctx.now);
            is_live.map_err(|_| refused(PinRefusal::Expired))?;
            Ok(MessageContent::Pin(pin.id))
        }
        Subject::Transaction(about, ext_id) => {
            let made = find_in(tx, partner.id, ext_id)?;
            let made = made.filter(|made| made.customer == customer.id && fits(*about, made));
            let made = made.ok_or(PartnerRefusal::TransactionNotFound)?;
            // Of what was not charged nobody is told that it was.
            if made.state != TransactionState::Succeeded {
                return Err(PartnerRefusal::NotificationNotAllowed.into());
            }
            Ok(MessageContent::Transaction(made.id, *about))
        }
        Subject::General => Ok(MessageContent::General),
    }
}

/// Whether the partner validated the account within a day, or charged it before (§6.17).
fn is_known(
    ctx: &Ctx,
    tx: &Tx<'_>,
    partner: PartnerId,
    customer: CustomerId,
) -> Result<bool, OpError> {
    Ok(!ctx.app.config.marketone.notify_known_only
        || ctx.app.met.within_a_day(partner, customer, ctx.now)
        || has_charged(tx, partner, customer)?)
}

/// How long the oldest message of partners may have waited before no more are taken.
const BEHIND_SECONDS: i64 = 900;

/// Refuses one more message where those of partners are not sent as fast as they are asked for.
fn check_outbox(read: &impl Read, now: Timestamp) -> Result<(), OpError> {
    let front = lane(Lane::Asked);
    let mut first = None;
    read.raw_scan(Table::MessagesByDue, &Span::under(&front), &mut |key, _| {
        first = key.get(front.len()..).and_then(instant_of);
        Ok(ControlFlow::Break(()))
    })?;
    if first.is_some_and(|at| at.saturating_add_seconds(BEHIND_SECONDS) < now) {
        return Err(PartnerRefusal::TooManyNotifications { retry_after_s: 60 }.into());
    }
    Ok(())
}

fn fits(about: About, made: &PartnerTransaction) -> bool {
    let is_charge = made.kind == TransactionKind::Charge;
    is_charge == matches!(about, About::Purchase | About::Charge)
}

/// Refuses one more message to an account that was sent too many of late.
fn check_rate(
    read: &impl Read,
    partner: PartnerId,
    customer: CustomerId,
    now: Timestamp,
) -> Result<(), OpError> {
    let span = Span::under(&account_of(partner, customer)).descending();
    let mut sent = Vec::new();
    read.raw_scan(Table::MessagesByPartner, &span, &mut |key, _| {
        sent.extend(trailing_number(key).map(MessageId));
        Ok(if sent.len() < MESSAGES_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    let Some(oldest) = sent.get(MESSAGES_MAX.saturating_sub(1)) else {
        return Ok(());
    };
    let oldest: Message = crate::ops::get(read, *oldest)?;
    let until = oldest.created_at.saturating_add_seconds(WINDOW_SECONDS);
    if until <= now {
        return Ok(());
    }
    let micros = until.micros().saturating_sub(now.micros()).cast_unsigned();
    let retry_after_s = micros.div_ceil(1_000_000).max(1);
    Err(PartnerRefusal::TooManyNotifications { retry_after_s }.into())
}
