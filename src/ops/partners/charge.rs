//! What partners do: look an account up, charge it, refund, ask what became of it.
//!
//! A charge is one commit: its record, which answers every repeat, and its journal entry.
//! Reference: marketone §1.6, §2.

use std::ops::ControlFlow;

use sha2::{Digest as _, Sha256};

use crate::app::Ctx;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry};
use crate::domain::customers::Customer;
use crate::domain::partners::{
    Denial, LIMITED_CHARGES_MAX, Partner, PartnerTransaction, Spent, TransactionKind,
    TransactionState, UsualLimits, check_charge, check_month, standing_of,
};
use crate::domain::refusal::Refusal;
use crate::domain::staff::Secret;
use crate::domain::values::contact::fold_email;
use crate::domain::values::id::{CustomerId, JournalEntryId, PartnerId, PartnerTransactionId};
use crate::domain::values::money::{Amount, Currency, TaxRate};
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::partners::verdict::Verdict;
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

/// A charge or refund as a partner asks for it.
#[derive(Debug, Clone)]
pub struct ChargeRequest {
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

impl ChargeRequest {
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

/// The account that a partner means, if it may be charged.
pub(in crate::ops) fn payer(read: &impl Read, named: &AccountRef) -> Result<Customer, OpError> {
    let customer = account(read, named)?.ok_or(Refusal::AccountNotFound)?;
    match standing_of(customer.status, &customer.carrier) {
        Some(Ok(())) => Ok(customer),
        Some(Err(denial)) => Err(Refusal::ChargeDenied { denial }.into()),
        None => Err(Refusal::AccountNotFound.into()),
    }
}

/// Says of an account that it is in good standing, and whether it is prepaid.
pub fn validate(ctx: &Ctx, partner: PartnerId, named: &AccountRef) -> Result<bool, OpError> {
    let customer = payer(&ctx.snapshot()?, named)?;
    ctx.app.met.note(partner, customer.id, ctx.now);
    Ok(customer.carrier.prepaid)
}

/// The transaction of a partner with this id of its own.
pub fn find(ctx: &Ctx, partner: PartnerId, ext_id: &str) -> Result<PartnerTransaction, OpError> {
    let mut found = find_in(&ctx.snapshot()?, partner, ext_id)?;
    if let Some(made) = &found
        && made.state == TransactionState::Processing
    {
        carrier_calls::tell(ctx, made)?;
        // It may have been taken back before that; from now on it is not.
        found = find_in(&ctx.snapshot()?, partner, ext_id)?;
    }
    Ok(found.ok_or(Refusal::TransactionNotFound)?)
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
pub async fn transact(
    ctx: &Ctx,
    partner: PartnerId,
    request: ChargeRequest,
) -> Result<PartnerTransaction, OpError> {
    let public_id = ctx.app.entropy.bytes()?;
    let made = if carrier_calls::is_set(ctx) {
        carrier_calls::transact(ctx, partner, request, public_id).await
    } else {
        ctx.write(move |ctx, tx| decide(ctx, tx, partner, request, public_id))
            .await
            .and_then(Verdict::into_result)
    };
    pins::write_of_wrong_pins(ctx);
    let made = made?;
    match made.state {
        TransactionState::Denied(denial) => Err(Refusal::ChargeDenied { denial }.into()),
        // As it was answered first, whatever became of it since.
        TransactionState::Succeeded | TransactionState::Processing => Ok(made),
    }
}

/// What can be decided here; where the carrier decides, what is answered is processing.
pub(super) fn decide(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: PartnerId,
    request: ChargeRequest,
    public_id: [u8; 16],
) -> Result<Verdict<PartnerTransaction>, OpError> {
    // What holds now: it may have changed since the key was looked at.
    let partner: Partner = crate::ops::get(tx, partner)?;
    if let Some(earlier) = find_in(tx, partner.id, &request.ext_id)? {
        carrier_calls::tell(ctx, &earlier)?;
        if earlier.fingerprint != request.fingerprint() {
            return Err(Refusal::TransactionIdUsed.into());
        }
        return Ok(Verdict::Accepted(earlier));
    }
    match request.refund_of.clone() {
        None => charge(ctx, tx, &partner, request, public_id),
        Some(of) => refund(ctx, tx, &partner, &of, request, public_id).map(Verdict::Accepted),
    }
}

fn transaction(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Partner,
    customer: CustomerId,
    request: ChargeRequest,
    public_id: [u8; 16],
) -> Result<PartnerTransaction, OpError> {
    Ok(PartnerTransaction {
        id: tx.next_id()?,
        public_id,
        partner: partner.id,
        kind: TransactionKind::Charge,
        customer,
        amount: request.amount,
        tax_minor: request.tax_minor,
        tax_rate: TaxRate::between(
            request.tax_minor,
            request.amount.minor.saturating_sub(request.tax_minor),
        ),
        account_hash: request.account.hash(),
        partner_minor: 0,
        fingerprint: request.fingerprint(),
        ext_id: request.ext_id,
        product: request.product,
        description: request.description,
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
    request: ChargeRequest,
    public_id: [u8; 16],
) -> Result<Verdict<PartnerTransaction>, OpError> {
    let customer = &account(tx, &request.account)?.ok_or(Refusal::AccountNotFound)?;
    let mut mark = None;
    let denial = match standing_of(customer.status, &customer.carrier) {
        None => return Err(Refusal::AccountNotFound.into()),
        Some(Err(denial)) => Some(denial),
        Some(Ok(())) => {
            // Agreements may be mended: these are not kept.
            check_agreed(ctx, partner, &request)?;
            let digits = request.pin.as_ref().map(|pin| pin.0.as_str());
            let what = (request.ext_id.as_str(), request.amount);
            match pins::clear(ctx, tx, partner, customer.id, what, digits)? {
                Verdict::Accepted(found) => mark = found,
                Verdict::Refused(refusal) => return Ok(Verdict::Refused(refusal)),
            }
            denial_of(ctx, tx, partner, customer, request.amount)?
        }
    };
    let named = carrier_calls::is_set(ctx).then(|| request.account.as_named().to_owned());
    let mut made = transaction(ctx, tx, partner, customer.id, request, public_id)?;
    if let Some(denial) = denial {
        made.state = TransactionState::Denied(denial);
        crate::ops::create(ctx, tx, "partner.denied", &made)?;
        return Ok(Verdict::Accepted(made));
    }
    let net = made.amount.minor.saturating_sub(made.tax_minor);
    made.partner_minor = partner.share.of(net);
    if let Some(pin) = &mark {
        pins::spend(ctx, tx, pin)?;
    }
    if let Some(named) = named {
        let pin = mark.map(|pin| pin.id);
        carrier_calls::hand_over(ctx, tx, &mut made, named, pin)?;
        return Ok(Verdict::Accepted(made));
    }
    crate::ops::create(ctx, tx, "partner.charge", &made)?;
    append_entries(tx, vec![entry(ctx, &made)])?;
    Ok(Verdict::Accepted(made))
}

/// Why a charge is denied for good; `None`: it is not.
fn denial_of(
    ctx: &Ctx,
    tx: &Tx<'_>,
    partner: &Partner,
    customer: &Customer,
    amount: Amount,
) -> Result<Option<Denial>, OpError> {
    let balance = if carrier_calls::is_set(ctx) {
        // The carrier knows what is left of it.
        i64::MAX
    } else {
        let account = Account::Customer(customer.id);
        balance_minor(tx, &account, amount.currency)?
    };
    let usual = usual_limits(ctx);
    // What costs little to ask is asked first.
    if let Err(denial) = check_charge(partner, &customer.carrier, usual, amount, balance) {
        return Ok(Some(denial));
    }
    let Some(spent) = spent_this_month(ctx, tx, partner, customer, amount.currency)? else {
        return Ok(Some(Denial::SpendingLimit));
    };
    Ok(check_month(partner, &customer.carrier, usual, amount, spent).err())
}

/// Refuses what the partner may not charge, whatever the account.
fn check_agreed(ctx: &Ctx, partner: &Partner, request: &ChargeRequest) -> Result<(), Refusal> {
    let home = ctx.app.company().currency;
    if !partner.agreed || !partner.takes(request.amount.currency, home) {
        return Err(Refusal::NotAgreed);
    }
    let sells = |code: &String| partner.products.iter().any(|product| product.code == *code);
    match &request.product {
        Some(code) if !sells(code) => Err(Refusal::ProductNotSold),
        // Who settles by product has to name one.
        None if !partner.products.is_empty() => Err(Refusal::ProductNotNamed),
        Some(_) | None => Ok(()),
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

/// What was charged in this calendar month, less what was given back; `None`: in more charges than
/// are added up.
fn spent_this_month(
    ctx: &Ctx,
    tx: &Tx<'_>,
    partner: &Partner,
    customer: &Customer,
    currency: Currency,
) -> Result<Option<Spent>, OpError> {
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
        return Ok(None);
    }
    for id in found {
        let made: PartnerTransaction = crate::ops::get(tx, id)?;
        if made.amount.currency != currency {
            continue;
        }
        let left = made.amount.minor.saturating_sub(made.refunded_minor);
        spent.all_minor = spent.all_minor.saturating_add(left);
        if made.partner == partner.id {
            spent.partner_minor = spent.partner_minor.saturating_add(left);
        }
    }
    Ok(Some(spent))
}

fn refund(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Partner,
    of: &str,
    request: ChargeRequest,
    public_id: [u8; 16],
) -> Result<PartnerTransaction, OpError> {
    let charged = find_in(tx, partner.id, of)?;
    // The account is the charge's, whatever became of it since:
    // money goes back to those who left, too.
    let named = account(tx, &request.account)?;
    let same = charged.as_ref().is_some_and(|held| {
        let now = named.as_ref().map(|customer| customer.id);
        held.account_hash == request.account.hash() || now == Some(held.customer)
    });
    if named.is_none() && !same {
        return Err(Refusal::AccountNotFound.into());
    }
    if !partner.refunds {
        return Err(Refusal::RefundNotAllowed.into());
    }
    let Some(before) = charged.filter(|_| same) else {
        return Err(Refusal::TransactionNotFound.into());
    };
    let customer: Customer = crate::ops::get(tx, before.customer)?;
    if before.kind != TransactionKind::Charge || before.state != TransactionState::Succeeded {
        return Err(Refusal::RefundNotAllowed.into());
    }
    // It goes back where it came from.
    if before.carrier.is_some() && !carrier_calls::has(ctx, &before) {
        return Err(OpError::Throttled { retry_after_s: 60 });
    }
    let named = before
        .carrier
        .map(|_| request.account.as_named().to_owned());
    let left = before.left_minor();
    if request.amount.currency != before.amount.currency || request.amount.minor > left {
        return Err(Refusal::RefundsAboveCharge.into());
    }
    let amount = request.amount;
    let mut made = transaction(ctx, tx, partner, customer.id, request, public_id)?;
    made.kind = TransactionKind::Refund { of: before.id };
    (made.partner_minor, made.tax_minor) = before.shares_of_refund(amount.minor);
    made.tax_rate = before.tax_rate;
    // Where the charge stands, whatever the refund names.
    made.product.clone_from(&before.product);
    if let Some(named) = named {
        carrier_calls::hand_over(ctx, tx, &mut made, named, None)?;
        return Ok(made);
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
    Ok(made)
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
