//! Finds the words and the way of a message when it is sent, as things stand then.

use crate::app::Ctx;
use crate::domain::billing::debt::OpeningDebt;
use crate::domain::billing::invoice::{Invoice, OpenInvoice};
use crate::domain::billing::journal::Account;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::payment::Payment;
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::customers::Customer;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{About, Channel, Message, MessageContent};
use crate::domain::partners::pin::Pin;
use crate::domain::partners::{Partner, PartnerTransaction};
use crate::domain::values::id::{MessageId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::letters::locale::Sender;
use crate::letters::wording::{self, Part, Values};
use crate::letters::{self, Letter};
use crate::ops::OpError;
use crate::ops::billing::books::Books;
use crate::ops::templates::ways::{Way, preference_of, way};
use crate::outbound::mail::Mail;
use crate::store::key::owned_by;
use crate::store::{Read, Snapshot, StoreError, Table, account_balance};

/// A message that is ready to go.
pub(in crate::ops) enum Composed {
    Mail(Box<Mail>),
    Sms {
        /// The same for every try.
        name: String,
        /// In E.164.
        to: String,
        text: String,
    },
    /// It can be sent once something is mended, and what.
    Later(&'static str),
    /// There is nothing to send, and why.
    Nothing(&'static str),
}

/// What a message says.
struct Said {
    kind: TemplateKind,
    values: Values,
    /// Which paper goes with a mail.
    paper: Option<Box<(Invoice, Minor)>>,
    /// In front of the number in its name: what it is about.
    about: (&'static str, u64),
}

impl Said {
    fn new(kind: TemplateKind, about: (&'static str, u64)) -> Self {
        Self {
            kind,
            values: Values::new(),
            paper: None,
            about,
        }
    }

    fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }
}

/// Why a message has no words.
enum NoWords {
    /// It is no longer needed, and why.
    NotNeeded(&'static str),
    Failed(OpError),
}

impl From<OpError> for NoWords {
    fn from(error: OpError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for NoWords {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Finds the words of a message.
pub(in crate::ops) fn compose(ctx: &Ctx, id: MessageId) -> Result<Composed, OpError> {
    let snapshot = ctx.snapshot()?;
    let message: Message = crate::ops::get(&snapshot, id)?;
    let customer: Customer = crate::ops::get(&snapshot, message.customer)?;
    if customer.is_deleted() {
        return Ok(Composed::Nothing("the customer was removed"));
    }
    let company = ctx.app.company();
    let sender = Sender {
        name: &company.name,
        zone: &company.zone,
        locale: &ctx.app.config.provider.locale,
    };
    // What is no longer needed is so by whatever way.
    let said = match said(ctx, &snapshot, &sender, &message, &customer) {
        Ok(said) => said,
        Err(NoWords::NotNeeded(reason)) => return Ok(Composed::Nothing(reason)),
        Err(NoWords::Failed(error)) => return Err(error),
    };
    let preference = preference_of(&message);
    let way = way(ctx, &snapshot, said.kind, &customer, &preference)?;
    let (channel, address, words) = match way {
        Way::Goes(channel, address, words) => (channel, address, words),
        Way::Closed(reason) => return Ok(Composed::Later(reason)),
        Way::None(reason) => return Ok(Composed::Nothing(reason)),
    };
    let said = said
        .with("name", customer.name.whole().trim())
        .with("house", company.name.clone());
    let own = message.asked.as_ref().and_then(|asked| asked.text.as_ref());
    let own = own.map(|own| in_own_words(own, &said.values));
    let number = format!("{}-{}-{}", said.about.0, said.about.1, message.id.0);
    let filled = |part| wording::fill(part, &said.values).map_err(OpError::Failed);
    if channel == Channel::Sms {
        let text = match own {
            Some(own) => own,
            None => filled(Part::Sms(&words))?,
        };
        // These blanks are in no alphabet of short messages: they would double its price.
        let text = text.replace(['\u{a0}', '\u{202f}'], " ");
        return Ok(Composed::Sms {
            name: format!("{number}-{}", sealed(ctx, &message)),
            to: address,
            text,
        });
    }
    let attached = match &said.paper {
        Some(paper) => {
            let pdf = letters::invoice_pdf(&sender, &paper.0, paper.1);
            Some(pdf.map_err(|error| OpError::Failed(error.to_string()))?)
        }
        None => None,
    };
    let subject = filled(Part::Subject(&words))?;
    let text = match own {
        // The wording of a partner's own words says whose they are.
        Some(own) if said.kind != TemplateKind::General => format!("{own}\n"),
        _ => filled(Part::Text(&words))?,
    };
    Ok(Composed::Mail(Box::new(Mail {
        name: number,
        sender: company.name.clone(),
        to: address,
        letter: Letter {
            subject,
            text,
            attached,
        },
        at: ctx.now,
    })))
}

/// Makes the name of a short message one that no other box,
/// no copy of this one and no later try by hand has.
fn sealed(ctx: &Ctx, message: &Message) -> String {
    let mut said = message.id.0.to_be_bytes().to_vec();
    said.extend_from_slice(&message.created_at.micros().to_be_bytes());
    data_encoding::HEXLOWER.encode(&ctx.app.keys.seal(&said))
}

/// A partner's own words, with what it may leave to us filled in. It is no template:
/// nothing in it is run.
fn in_own_words(text: &str, values: &Values) -> String {
    let mut own = text.to_owned();
    for name in ["pin", "amount", "description"] {
        if let Some(value) = values.get(name).and_then(serde_json::Value::as_str) {
            own = own.replace(&format!("{{{{{name}}}}}"), value);
        }
    }
    own
}

fn said(
    ctx: &Ctx,
    read: &Snapshot,
    sender: &Sender<'_>,
    message: &Message,
    customer: &Customer,
) -> Result<Said, NoWords> {
    let id = message.id.0;
    match message.content {
        MessageContent::Invoice(number) => {
            let invoice: Invoice = crate::ops::get(read, number)?;
            let open = read.get::<OpenInvoice>(&number)?;
            let open_minor = open.map_or(Minor::ZERO, |open| open.open_minor);
            let (kind, values) = letters::invoice(sender, &invoice, open_minor);
            Ok(Said {
                kind,
                values,
                paper: Some(Box::new((invoice, open_minor))),
                about: ("invoice", number.0),
            })
        }
        MessageContent::Reminder(order) => reminder(ctx, read, sender, order, customer),
        MessageContent::Debt => match read.get::<OpeningDebt>(&customer.id)? {
            Some(debt) => {
                let missing = Amount {
                    minor: debt.open_minor,
                    currency: debt.currency,
                };
                Ok(Said::new(TemplateKind::Reminder, ("debt", customer.id.0))
                    .with("title", "What you owed before")
                    .with("missing", sender.amount(missing))
                    .with("until", ""))
            }
            None => Err(NoWords::NotNeeded("it was paid before")),
        },
        MessageContent::Expiry(order) => expiry(ctx, read, sender, order, customer),
        MessageContent::Pin(pin) => match read.get::<Pin>(&pin)? {
            Some(pin) if pin.is_live(ctx.now).is_ok() => {
                let partner: Partner = crate::ops::get(read, pin.partner)?;
                let left = pin.expires_at.micros().saturating_sub(ctx.now.micros());
                let amount = pin.amount.map(|amount| sender.amount(amount));
                let digits = ctx.app.keys.digits(&pin.nonce, pin.digits);
                Ok(Said::new(TemplateKind::Pin, ("pin", pin.id.0))
                    .with("pin", digits)
                    .with("partner", partner.name)
                    .with(
                        "minutes",
                        (left.saturating_add(30_000_000) / 60_000_000).max(1),
                    )
                    .with("amount", amount.unwrap_or_default()))
            }
            _ => Err(NoWords::NotNeeded("the PIN is no longer good")),
        },
        MessageContent::Transaction(transaction, about) => {
            let made: PartnerTransaction = crate::ops::get(read, transaction)?;
            let partner: Partner = crate::ops::get(read, made.partner)?;
            let kind = match about {
                About::Purchase => TemplateKind::Purchase,
                About::Charge => TemplateKind::Charge,
                About::Refund => TemplateKind::Refund,
            };
            let at = made.completed_at.unwrap_or(made.created_at);
            Ok(Said::new(kind, ("transaction", made.id.0))
                .with("partner", partner.name)
                .with("amount", sender.amount(made.amount))
                .with("description", made.description)
                .with("date", sender.day(at)))
        }
        MessageContent::General => {
            let asked = message.asked.as_ref();
            let partner = asked.map(|asked| crate::ops::get::<Partner>(read, asked.partner));
            let partner = partner.transpose()?.map(|partner| partner.name);
            let text = asked.and_then(|asked| asked.text.clone());
            Ok(Said::new(TemplateKind::General, ("message", id))
                .with("partner", partner.unwrap_or_default())
                .with("text", text.unwrap_or_default()))
        }
        MessageContent::PaymentFailed(payment) => {
            let payment: Payment = crate::ops::get(read, payment)?;
            Ok(
                Said::new(TemplateKind::PaymentFailed, ("payment", payment.id.0))
                    .with("amount", sender.amount(payment.amount))
                    .with("date", sender.day(payment.created_at)),
            )
        }
        MessageContent::Welcome => {
            let login = customer.login.clone().unwrap_or_default();
            Ok(Said::new(TemplateKind::Welcome, ("welcome", customer.id.0)).with("login", login))
        }
        MessageContent::PasswordReset => match &message.nonce {
            // Another one was set since.
            Some(nonce) if !is_still(ctx, customer, nonce) => {
                Err(NoWords::NotNeeded("the password is another one now"))
            }
            Some(nonce) => {
                let login = customer.login.clone();
                let login = login.or(customer.email.as_ref().map(|e| e.as_str().to_owned()));
                Ok(
                    Said::new(TemplateKind::PasswordReset, ("password", customer.id.0))
                        .with("login", login.unwrap_or_default())
                        .with("password", ctx.app.keys.password(nonce)),
                )
            }
            None => Err(NoWords::NotNeeded("it was sent before")),
        },
    }
}

/// Whether the customer's password is the one that belongs to this number.
fn is_still(ctx: &Ctx, customer: &Customer, nonce: &[u8; 16]) -> bool {
    let salt = data_encoding::HEXLOWER.encode(&ctx.app.keys.salt(nonce));
    customer.password.quick_salt() == Some(salt.as_str())
}

/// What the next cycle of an order is called, and what the balance lacks for it.
pub(in crate::ops) fn lacking(
    ctx: &Ctx,
    read: &impl Read,
    order: &Order,
    customer: &Customer,
) -> Result<(String, Option<Amount>), OpError> {
    let bill = Books::new(ctx, read).next_bill(order)?;
    let title = bill.as_ref().and_then(|bill| bill.lines.first());
    let title = match title {
        Some(line) => line.title.clone(),
        // No further cycle: what it is an order of.
        None => title_of(read, order)?,
    };
    let Some(total) = bill.and_then(|bill| bill.total()) else {
        return Ok((title, None));
    };
    let balance = account_balance(read, &Account::Customer(customer.id), total.currency)?;
    Ok((title, Some(total.minus(balance)?)))
}

fn title_of(read: &impl Read, order: &Order) -> Result<String, OpError> {
    let offer = order.offer.map(|id| read.get::<ProductOffer>(&id));
    if let Some(offer) = offer.transpose()?.flatten()
        && !offer.title.is_empty()
    {
        return Ok(offer.title);
    }
    let product = read.get::<ProductSpec>(&order.product)?;
    let title = product.map(|product| product.title).unwrap_or_default();
    Ok(if title.is_empty() {
        "Your subscription".to_owned()
    } else {
        title
    })
}

/// What is missing of an order that is overdue.
fn reminder(
    ctx: &Ctx,
    read: &Snapshot,
    sender: &Sender<'_>,
    order: OrderId,
    customer: &Customer,
) -> Result<Said, NoWords> {
    const PAID: NoWords = NoWords::NotNeeded("it was paid or stopped before");
    let order: Order = crate::ops::get(read, order)?;
    let until = match order.standing {
        Standing::Overdue { freeze_at, .. } => Some(freeze_at),
        Standing::Owing { .. } => None,
        _ => return Err(PAID),
    };
    let mut missing: Option<Amount> = None;
    let open: Vec<OpenInvoice> =
        read.listed(Table::OpenInvoicesByCustomer, &owned_by(customer.id))?;
    for open in open.iter().filter(|open| open.order == order.id) {
        let held = missing.map_or(Minor::ZERO, |amount| amount.minor);
        missing = Some(Amount {
            minor: held + open.open_minor,
            currency: open.currency,
        });
    }
    let (title, lacking) = lacking(ctx, read, &order, customer)?;
    // One that lost money of its running cycle is asked for that, not for the next one.
    if order.billing == Billing::Prepaid && !order.lost_its_money() && lacking.is_some() {
        missing = lacking;
    }
    let Some(missing) = missing.filter(|amount| amount.minor > 0) else {
        return Err(PAID);
    };
    let until = until.map(|until| sender.day(until)).unwrap_or_default();
    Ok(Said::new(TemplateKind::Reminder, ("reminder", order.id.0))
        .with("title", title)
        .with("missing", sender.amount(missing))
        .with("until", until))
}

/// What becomes of an order that ends soon, or whose next cycle the balance does not cover.
fn expiry(
    ctx: &Ctx,
    read: &Snapshot,
    sender: &Sender<'_>,
    order: OrderId,
    customer: &Customer,
) -> Result<Said, NoWords> {
    let order: Order = crate::ops::get(read, order)?;
    let Some((until, ends)) = order.stops_at() else {
        return Err(NoWords::NotNeeded("it does not end any more"));
    };
    if order.status_at(ctx.now) != OrderStatus::Active || until <= ctx.now {
        return Err(NoWords::NotNeeded("it ended before"));
    }
    let (title, missing) = lacking(ctx, read, &order, customer)?;
    let missing = missing.filter(|amount| amount.minor > 0 && !ends);
    if missing.is_none() && !ends {
        return Err(NoWords::NotNeeded("the balance covers it now"));
    }
    let missing = missing.map(|amount| sender.amount(amount));
    Ok(
        Said::new(TemplateKind::ExpiryReminder, ("expiry", order.id.0))
            .with("title", title)
            .with("until", sender.day(until))
            .with("missing", missing.unwrap_or_default()),
    )
}
