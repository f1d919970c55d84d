//! What partners have customers told: PINs, purchases, charges, refunds, and words of their own
//! (marketone §2.6). It goes to the outbox, where the way is chosen when it is sent.

use std::ops::ControlFlow;

use crate::app::{App, Ctx};
use crate::domain::customers::Customer;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{About, Asked, Channel, Lane, Message, MessageContent, Ways};
use crate::domain::partners::pin::{Pin, PinNo};
use crate::domain::partners::{Partner, PartnerTransaction, TransactionKind, TransactionState};
use crate::domain::values::contact::Email;
use crate::domain::values::id::{CustomerId, MessageId, PartnerId};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::outbox::compose;
use crate::ops::outbox::compose::Way;
use crate::ops::partners::charge::{AccountRef, No, account, find_in, fingerprint, has_charged};
use crate::ops::partners::pins;
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
pub struct NotifyWish {
    pub account: AccountRef,
    pub subject: Subject,
    /// Words in place of the template.
    pub text: Option<String>,
    pub channel: Option<Channel>,
    pub language: Option<String>,
    /// The partner's own id, under which it is asked for once.
    pub ext_id: Option<String>,
}

impl NotifyWish {
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
    wish: NotifyWish,
) -> Result<Result<[u8; 16], No>, OpError> {
    let public_id = ctx.app.entropy.bytes()?;
    ctx.write(move |ctx, tx| {
        let partner: Partner = crate::ops::get(tx, partner)?;
        if let Some(ext_id) = &wish.ext_id {
            let key = ext_of(partner.id, ext_id);
            let earlier = tx.get_by::<Message>(Table::MessagesByExt, &key)?;
            if let Some(asked) = earlier.and_then(|earlier| earlier.asked) {
                let same = asked.fingerprint == wish.fingerprint();
                return Ok(same
                    .then_some(asked.public_id)
                    .ok_or(No::DuplicateNotification));
            }
        }
        let Some(customer) = account(tx, &wish.account)? else {
            return Ok(Err(No::AccountNotFound));
        };
        let content = match content(ctx, tx, &partner, &customer, &wish.subject)? {
            Ok(content) => content,
            Err(no) => return Ok(Err(no)),
        };
        // Words of their own, also around a PIN,
        // go to nobody whom the partner has nothing to do with.
        if wish.text.is_some() && !is_known(ctx, tx, partner.id, customer.id)? {
            return Ok(Err(No::Stranger));
        }
        if content.lane() == Lane::Asked
            && let Some(retry_after_s) = is_behind(tx, ctx.now)?
        {
            return Ok(Err(No::TooManyMessages { retry_after_s }));
        }
        if let Err(retry_after_s) = may_send(tx, partner.id, customer.id, ctx.now)? {
            return Ok(Err(No::TooManyMessages { retry_after_s }));
        }
        let asked = Asked {
            partner: partner.id,
            public_id,
            fingerprint: wish.fingerprint(),
            ext_id: wish.ext_id,
            text: wish.text,
        };
        let message = Message {
            address: Some(wish.account.written()),
            channel: wish.channel,
            language: wish.language,
            asked: Some(asked),
            ..Message::new(customer.id, content, ctx.now)
        };
        Ok(put(ctx, tx, &customer, message)?.map(|()| public_id))
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
    let wish = (None, Some(address.as_str()), None);
    let way = compose::way(ctx, tx, TemplateKind::Pin, customer, wish)?;
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
    put(ctx, tx, customer, message).map(|_| ())
}

fn put(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Customer,
    mut message: Message,
) -> Result<Result<(), No>, OpError> {
    if !matches!(compose::way_of(ctx, tx, &message, customer)?, Way::Goes(..)) {
        return Ok(Err(No::NotificationNotAllowed));
    }
    message.id = tx.next_id()?;
    crate::ops::create(ctx, tx, "message.create", &message)?;
    Ok(Ok(()))
}

/// How a customer can be reached. `phone`: see [`Customer::phone`].
pub(in crate::ops) fn ways<'w>(
    app: &App,
    customer: &'w Customer,
    phone: Option<&'w str>,
) -> Ways<'w> {
    let (mail, sms) = (app.outbound.mail.is_some(), app.outbound.sms.is_some());
    Ways {
        email: customer.email.as_ref().map(Email::as_str),
        phone,
        mail,
        sms,
    }
}

/// What the message is about, if there is such a thing and this partner may write of it.
fn content(
    ctx: &Ctx,
    tx: &Tx<'_>,
    partner: &Partner,
    customer: &Customer,
    subject: &Subject,
) -> Result<Result<MessageContent, No>, OpError> {
    Ok(match subject {
        Subject::Pin(public_id) => {
            match pins::meant(tx, partner.id, Some(customer.id), public_id.as_deref())? {
                None => Err(No::Pin(PinNo::NotFound)),
                Some(pin) => match pin.is_live(ctx.now) {
                    Ok(()) => Ok(MessageContent::Pin(pin.id)),
                    // Burnt or not: there is none that could be sent.
                    Err(_) => Err(No::Pin(PinNo::Expired)),
                },
            }
        }
        Subject::Transaction(about, ext_id) => {
            let made = find_in(tx, partner.id, ext_id)?;
            match made.filter(|made| made.customer == customer.id && fits(*about, made)) {
                None => Err(No::TransactionNotFound),
                // Of what was not charged nobody is told that it was.
                Some(made) if made.state != TransactionState::Succeeded => {
                    Err(No::NotificationNotAllowed)
                }
                Some(made) => Ok(MessageContent::Transaction(made.id, *about)),
            }
        }
        Subject::General => Ok(MessageContent::General),
    })
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

/// After how many seconds to come again, where messages of partners are not sent as fast as they
/// are asked for.
fn is_behind(read: &impl Read, now: Timestamp) -> Result<Option<u64>, OpError> {
    let front = lane(Lane::Asked);
    let mut first = None;
    read.raw_scan(Table::MessagesByDue, &Span::under(&front), &mut |key, _| {
        first = key.get(front.len()..).and_then(instant_of);
        Ok(ControlFlow::Break(()))
    })?;
    let late = first.is_some_and(|at| at.saturating_add_seconds(BEHIND_SECONDS) < now);
    Ok(late.then_some(60))
}

fn fits(about: About, made: &PartnerTransaction) -> bool {
    let is_charge = made.kind == TransactionKind::Charge;
    is_charge == matches!(about, About::Purchase | About::Charge)
}

/// Whether one more message may go to an account; else after how many seconds.
fn may_send(
    read: &impl Read,
    partner: PartnerId,
    customer: CustomerId,
    now: Timestamp,
) -> Result<Result<(), u64>, OpError> {
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
        return Ok(Ok(()));
    };
    let oldest: Message = crate::ops::get(read, *oldest)?;
    let until = oldest.created_at.saturating_add_seconds(WINDOW_SECONDS);
    if until <= now {
        return Ok(Ok(()));
    }
    let micros = until.micros().saturating_sub(now.micros()).cast_unsigned();
    Ok(Err(micros.div_ceil(1_000_000).max(1)))
}
