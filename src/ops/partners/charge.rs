//! What partners do: look an account up, charge it, refund, ask what became of it.
//!
//! A charge is one commit: its record, which answers every repeat, and its journal entry.
//! Reference: marketone §1.6, §2.

use std::ops::ControlFlow;

use sha2::{Digest as _, Sha256};

use crate::app::Ctx;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry};
use crate::domain::customers::Customer;
use crate::domain::partners::pin::PinNo;
use crate::domain::partners::{
    Denial, LIMITED_CHARGES_MAX, Partner, PartnerTransaction, Spent, TransactionKind,
    TransactionState, UsualLimits, check_charge, check_month, standing_of,
};
use crate::domain::staff::Secret;
use crate::domain::values::contact::fold_email;
use crate::domain::values::id::{CustomerId, JournalEntryId, PartnerId, PartnerTransactionId};
use crate::domain::values::money::{Amount, TaxRate};
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::partners::{carrier_calls, pins};
use crate::ops::{Named, OpError};
use crate::store::key::{ext_of, owned_by, since, trailing_number, under_text};
use crate::store::{Read, Span, Table, Tx, append_entries, balance_minor};

impl Named for PartnerTransaction {
    const KIND: &'static str = "transaction";
    const FOREIGN: Option<Table> = None;
}

/// Whom a partner means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountRef {
    /// In E.164, with its plus.
    Phone(String),
    Email(String),
}

impl AccountRef {
    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.written()).into()
    }

    /// As the partner named it.
    pub(in crate::ops) fn as_named(&self) -> &str {
        match self {
            Self::Phone(text) | Self::Email(text) => text,
        }
    }

    /// As it is kept and compared.
    pub(in crate::ops) fn written(&self) -> String {
        match self {
            Self::Phone(phone) => phone.clone(),
            Self::Email(email) => fold_email(email),
        }
    }
}

/// Why nothing was done. Only [`No::Denied`] is kept and said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// There is none, or to partners there is none.
    AccountNotFound,
    Denied(Denial),
    ProductNotFound,
    /// Who settles by product has to name one.
    ProductMissing,
    /// The currency, or refunds, are not agreed with this partner.
    NotSupported,
    /// The same id for something else.
    Duplicate,
    /// A refund of a charge that this partner did not make.
    TransactionNotFound,
    RefundNotAllowed,
    RefundTooLarge,
    /// The partner's policy wants a PIN for this purchase.
    PinRequired,
    Pin(PinNo),
    /// Too many of the partner's PINs were wrong, over all accounts.
    TooManyWrongPins {
        retry_after_s: u64,
    },
    TooManyPins {
        retry_after_s: u64,
    },
    /// There is no way to this customer.
    NotificationNotAllowed,
    /// The same id for another notification.
    DuplicateNotification,
    TooManyMessages {
        retry_after_s: u64,
    },
    /// The partner has had nothing to do with this account.
    Stranger,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// As it was answered first: a repeat too.
    Done(Box<PartnerTransaction>),
    No(No),
}

/// A charge or refund as a partner asks for it.
#[derive(Debug, Clone)]
pub struct Wish {
    pub ext_id: String,
    pub account: AccountRef,
    pub amount: Amount,
    pub description: String,
    pub product: Option<String>,
    /// How much of the amount is tax, in minor units.
    pub tax_minor: i64,
    /// Of a refund: the partner's id of the charge.
    pub refund_of: Option<String>,
    /// The PIN that the customer told; no part of what a repeat has to say again.
    pub pin: Option<Secret>,
}

impl Wish {
    /// Of everything that a repeat must say again.
    fn fingerprint(&self) -> [u8; 32] {
        let amount = format!("{} {}", self.amount.minor, self.amount.currency.as_str());
        fingerprint(&[
            &self.account.written(),
            &amount,
            &self.description,
            self.product.as_deref().unwrap_or_default(),
            &self.tax_minor.to_string(),
            self.refund_of.as_deref().unwrap_or_default(),
        ])
    }
}

/// A hash of several texts, which tells them apart wherever one ends.
pub(in crate::ops) fn fingerprint(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(0).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// What so many customers have is a placeholder, no number.
const HOLDERS_MAX: usize = 16;

/// The account that a partner means, if a partner may know of it. A number that several accounts
/// have that could be charged is nobody's: the wrong one must not pay.
pub(in crate::ops) fn account(
    read: &impl Read,
    named: &AccountRef,
) -> Result<Option<Customer>, OpError> {
    let known = |customer: &Customer| standing_of(customer.status, &customer.carrier).is_some();
    Ok(match named {
        AccountRef::Email(email) => read
            .get_by::<Customer>(Table::CustomersByEmail, fold_email(email).as_bytes())?
            .filter(known),
        AccountRef::Phone(phone) => {
            let (index, front) = (Table::CustomersByPhone, under_text(phone));
            let holders = read.count_up_to(index, &front, HOLDERS_MAX.saturating_add(1))?;
            if holders > HOLDERS_MAX {
                return Ok(None);
            }
            let mut held: Vec<Customer> = read.listed(index, &front)?;
            held.retain(known);
            match held.len() {
                1 => held.pop(),
                _ => None,
            }
        }
    })
}

/// Says of an account that it is in good standing, and whether it is prepaid.
pub fn validate(
    ctx: &Ctx,
    partner: PartnerId,
    named: &AccountRef,
) -> Result<Result<bool, No>, OpError> {
    let Some(customer) = account(&ctx.snapshot()?, named)? else {
        return Ok(Err(No::AccountNotFound));
    };
    Ok(match standing_of(customer.status, &customer.carrier) {
        Some(Ok(())) => {
            ctx.app.met.note(partner, customer.id, ctx.now);
            Ok(customer.carrier.prepaid)
        }
        Some(Err(denial)) => Err(No::Denied(denial)),
        None => Err(No::AccountNotFound),
    })
}

/// The transaction of a partner with this id of its own.
pub fn find(
    ctx: &Ctx,
    partner: PartnerId,
    ext_id: &str,
) -> Result<Option<PartnerTransaction>, OpError> {
    let found = find_in(&ctx.snapshot()?, partner, ext_id)?;
    match found {
        Some(made) if made.state == TransactionState::Processing => {
            carrier_calls::tell(ctx, &made)?;
            // It may have been taken back before that; from now on it is not.
            find_in(&ctx.snapshot()?, partner, ext_id)
        }
        found => Ok(found),
    }
}

pub(in crate::ops) fn find_in(
    read: &impl Read,
    partner: PartnerId,
    ext_id: &str,
) -> Result<Option<PartnerTransaction>, OpError> {
    let key = ext_of(partner, ext_id);
    Ok(read.get_by(Table::PartnerTransactionsByExt, &key)?)
}

/// Most charges that are looked at for one of a partner's own.
const LOOKED_AT_MAX: usize = 100;

/// Whether a partner has charged this account. Who was charged a hundred times since by others is
/// asked for a PIN once more.
pub(in crate::ops) fn has_charged(
    read: &impl Read,
    partner: PartnerId,
    customer: CustomerId,
) -> Result<bool, OpError> {
    let mut charges = Vec::new();
    let span = Span::under(&owned_by(customer)).descending();
    let index = Table::PartnerTransactionsByCustomer;
    read.raw_scan(index, &span, &mut |key, _| {
        charges.extend(trailing_number(key).map(PartnerTransactionId));
        Ok(if charges.len() < LOOKED_AT_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    for id in charges {
        let made: PartnerTransaction = crate::ops::get(read, id)?;
        if made.partner == partner && made.state == TransactionState::Succeeded {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The partner's id of the charge that a refund gives back.
pub fn ext_id_of(ctx: &Ctx, id: PartnerTransactionId) -> Result<String, OpError> {
    Ok(crate::ops::get::<PartnerTransaction>(&ctx.snapshot()?, id)?.ext_id)
}

/// Charges an account, or gives a charge back.
/// A repeat answers as the first time and moves nothing.
pub async fn transact(ctx: &Ctx, partner: PartnerId, wish: Wish) -> Result<Told, OpError> {
    let public_id = ctx.app.entropy.bytes()?;
    let told = if carrier_calls::is_set(ctx) {
        carrier_calls::transact(ctx, partner, wish, public_id).await
    } else {
        ctx.write(move |ctx, tx| decide(ctx, tx, partner, wish, public_id))
            .await
    };
    pins::write_of_wrong_pins(ctx);
    told
}

/// What can be decided here; where the carrier decides, what is answered is processing.
pub(in crate::ops) fn decide(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: PartnerId,
    wish: Wish,
    public_id: [u8; 16],
) -> Result<Told, OpError> {
    // What holds now: it may have changed since the key was looked at.
    let partner: Partner = crate::ops::get(tx, partner)?;
    if let Some(earlier) = find_in(tx, partner.id, &wish.ext_id)? {
        carrier_calls::tell(ctx, &earlier)?;
        return Ok(if earlier.fingerprint == wish.fingerprint() {
            Told::Done(Box::new(earlier))
        } else {
            Told::No(No::Duplicate)
        });
    }
    match wish.refund_of.clone() {
        None => charge(ctx, tx, &partner, wish, public_id),
        Some(of) => refund(ctx, tx, &partner, &of, wish, public_id),
    }
}

fn transaction(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Partner,
    customer: CustomerId,
    wish: Wish,
    public_id: [u8; 16],
) -> Result<PartnerTransaction, OpError> {
    Ok(PartnerTransaction {
        id: tx.next_id()?,
        public_id,
        partner: partner.id,
        kind: TransactionKind::Charge,
        customer,
        amount: wish.amount,
        tax_minor: wish.tax_minor,
        tax_rate: TaxRate::between(
            wish.tax_minor,
            wish.amount.minor.saturating_sub(wish.tax_minor),
        ),
        account_hash: wish.account.hash(),
        partner_minor: 0,
        fingerprint: wish.fingerprint(),
        ext_id: wish.ext_id,
        product: wish.product,
        description: wish.description,
        state: TransactionState::Succeeded,
        refunded_minor: 0,
        refunding_minor: 0,
        carrier: None,
        pending: None,
        created_at: ctx.now,
        completed_at: Some(ctx.app.settled.completes_at(partner.id, ctx.now)),
    })
}

fn charge(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Partner,
    wish: Wish,
    public_id: [u8; 16],
) -> Result<Told, OpError> {
    let Some(customer) = &account(tx, &wish.account)? else {
        return Ok(Told::No(No::AccountNotFound));
    };
    let mut mark = None;
    let allowed = match standing_of(customer.status, &customer.carrier) {
        None => return Ok(Told::No(No::AccountNotFound)),
        Some(Err(denial)) => Err(denial),
        Some(Ok(())) => {
            // Agreements may be mended: these are not kept.
            if let Some(no) = not_agreed(ctx, partner, &wish) {
                return Ok(Told::No(no));
            }
            let told = wish.pin.as_ref().map(|pin| pin.0.as_str());
            let what = (wish.ext_id.as_str(), wish.amount);
            match pins::clear(ctx, tx, partner, customer.id, what, told)? {
                Ok(found) => mark = found,
                Err(no) => return Ok(Told::No(no)),
            }
            let profile = &customer.carrier;
            let balance = if carrier_calls::is_set(ctx) {
                // The carrier knows what is left of it.
                i64::MAX
            } else {
                let account = Account::Customer(customer.id);
                balance_minor(tx, &account, wish.amount.currency)?
            };
            // What costs little to ask is asked first.
            match check_charge(partner, profile, usual_limits(ctx), wish.amount, balance) {
                Ok(()) => check_limits(ctx, tx, partner, customer, wish.amount)?,
                denied => denied,
            }
        }
    };
    let named = carrier_calls::is_set(ctx).then(|| wish.account.as_named().to_owned());
    let mut made = transaction(ctx, tx, partner, customer.id, wish, public_id)?;
    match allowed {
        Err(denial) => {
            made.state = TransactionState::Denied(denial);
            crate::ops::create(ctx, tx, "partner.denied", &made)?;
        }
        Ok(()) => {
            let net = made.amount.minor.saturating_sub(made.tax_minor);
            made.partner_minor = partner.share.of(net);
            if let Some(pin) = &mark {
                pins::spend(ctx, tx, pin)?;
            }
            if let Some(named) = named {
                let pin = mark.map(|pin| pin.id);
                carrier_calls::hand_over(ctx, tx, &mut made, named, pin)?;
                return Ok(Told::Done(Box::new(made)));
            }
            crate::ops::create(ctx, tx, "partner.charge", &made)?;
            append_entries(tx, vec![entry(ctx, &made)])?;
        }
    }
    Ok(Told::Done(Box::new(made)))
}

/// Why this partner may not charge like that, whatever the account.
fn not_agreed(ctx: &Ctx, partner: &Partner, wish: &Wish) -> Option<No> {
    if !partner.agreed {
        return Some(No::NotSupported);
    }
    if !partner.takes(wish.amount.currency, ctx.app.company().currency) {
        return Some(No::NotSupported);
    }
    let sells = |code: &String| partner.products.iter().any(|product| product.code == *code);
    match &wish.product {
        Some(code) => (!sells(code)).then_some(No::ProductNotFound),
        // Who settles by product has to name one.
        None => (!partner.products.is_empty()).then_some(No::ProductMissing),
    }
}

/// What holds where no limit was agreed.
fn usual_limits(ctx: &Ctx) -> UsualLimits {
    let (settings, home) = (&ctx.app.config.marketone, ctx.app.company().currency);
    UsualLimits {
        charge: Amount::of_units(settings.charge_max, home),
        month: Amount::of_units(settings.month_max, home),
    }
}

/// Whether the limits for this calendar month allow a charge: what was charged counts, less what
/// was given back.
fn check_limits(
    ctx: &Ctx,
    tx: &Tx<'_>,
    partner: &Partner,
    customer: &Customer,
    amount: Amount,
) -> Result<Result<(), Denial>, OpError> {
    let mut spent = Spent::default();
    let month = ctx.app.company().zone.month_start(ctx.now);
    let span = Span {
        from: since(customer.id, month),
        ..Span::under(&owned_by(customer.id))
    };
    let mut found = Vec::new();
    let index = Table::PartnerTransactionsByCustomer;
    tx.raw_scan(index, &span, &mut |key, _| {
        found.extend(trailing_number(key).map(PartnerTransactionId));
        Ok(if found.len() < LIMITED_CHARGES_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    if found.len() >= LIMITED_CHARGES_MAX {
        return Ok(Err(Denial::SpendingLimit));
    }
    for id in found {
        let made: PartnerTransaction = crate::ops::get(tx, id)?;
        if made.amount.currency != amount.currency {
            continue;
        }
        let left = made.amount.minor.saturating_sub(made.refunded_minor);
        spent.all_minor = spent.all_minor.saturating_add(left);
        if made.partner == partner.id {
            spent.partner_minor = spent.partner_minor.saturating_add(left);
        }
    }
    let usual = usual_limits(ctx);
    Ok(check_month(
        partner,
        &customer.carrier,
        usual,
        amount,
        spent,
    ))
}

fn refund(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Partner,
    of: &str,
    wish: Wish,
    public_id: [u8; 16],
) -> Result<Told, OpError> {
    let charged = find_in(tx, partner.id, of)?;
    // The account is the charge's, whatever became of it since:
    // money goes back to those who left, too.
    let named = account(tx, &wish.account)?;
    let same = charged.as_ref().is_some_and(|held| {
        let now = named.as_ref().map(|customer| customer.id);
        held.account_hash == wish.account.hash() || now == Some(held.customer)
    });
    if named.is_none() && !same {
        return Ok(Told::No(No::AccountNotFound));
    }
    if !partner.refunds {
        return Ok(Told::No(No::RefundNotAllowed));
    }
    let Some(before) = charged.filter(|_| same) else {
        return Ok(Told::No(No::TransactionNotFound));
    };
    let customer: Customer = crate::ops::get(tx, before.customer)?;
    if before.kind != TransactionKind::Charge || before.state != TransactionState::Succeeded {
        return Ok(Told::No(No::RefundNotAllowed));
    }
    // It goes back where it came from.
    if before.carrier.is_some() && !carrier_calls::has(ctx, &before) {
        return Err(OpError::Throttled { retry_after_s: 60 });
    }
    let named = before.carrier.map(|_| wish.account.as_named().to_owned());
    let left = before.left_minor();
    if wish.amount.currency != before.amount.currency || wish.amount.minor > left {
        return Ok(Told::No(No::RefundTooLarge));
    }
    let amount = wish.amount;
    let mut made = transaction(ctx, tx, partner, customer.id, wish, public_id)?;
    made.kind = TransactionKind::Refund { of: before.id };
    (made.partner_minor, made.tax_minor) = before.shares_of_refund(amount.minor);
    made.tax_rate = before.tax_rate;
    // Where the charge stands, whatever the refund names.
    made.product.clone_from(&before.product);
    if let Some(named) = named {
        carrier_calls::hand_over(ctx, tx, &mut made, named, None)?;
        return Ok(Told::Done(Box::new(made)));
    }
    crate::ops::create(ctx, tx, "partner.refund", &made)?;
    let mut after = before.clone();
    after.refunded_minor = after.refunded_minor.saturating_add(amount.minor);
    crate::ops::change(ctx, tx, "partner.refunded", &before, &after)?;
    let mut books = Books::new(ctx, tx);
    books.post(entry(ctx, &made))?;
    // Nothing came in: no invoice is paid by it. But the balance may now cover what waits for it.
    if !customer.is_deleted() {
        books.reopen(customer.id, ctx.now)?;
    }
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(Told::Done(Box::new(made)))
}

pub(in crate::ops) fn entry(ctx: &Ctx, made: &PartnerTransaction) -> JournalEntry {
    JournalEntry {
        id: JournalEntryId(0),
        at: made.completed_at.unwrap_or(ctx.now),
        cause: EntryCause::Partner(made.id),
        order: None,
        memo: made.description.clone(),
        postings: made.postings(),
    }
}
