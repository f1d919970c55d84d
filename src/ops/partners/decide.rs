//! Decides a charge or refund in one commit: its record, which answers every repeat, and its
//! journal entry. Where the carrier has the last word, it is kept as processing and handed over.
//! Reference: marketone §1.6, §2.

use crate::app::Ctx;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry};
use crate::domain::customers::Customer;
use crate::domain::partners::{
    LIMITED_CHARGES_MAX, Partner, PartnerTransaction, Spent, TransactionKind, TransactionState,
    UsualLimits, check_charge, check_month, standing_of,
};
use crate::domain::refusal::{PartnerRefusal, Refusal};
use crate::domain::staff::Secret;
use crate::domain::values::minor::Minor;
use crate::domain::values::reasons::Denial;
use std::ops::ControlFlow;

use crate::domain::values::id::{CustomerId, JournalEntryId, PartnerId, PartnerTransactionId};
use crate::domain::values::money::{Amount, Currency, TaxRate};
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::partners::account::{AccountRef, account, find_in, fingerprint};
use crate::ops::partners::verdict::Verdict;
use crate::ops::partners::{hand_over, pin_check};
use crate::ops::{Named, OpError};
use crate::store::key::{owned_by, since, trailing_number};
use crate::store::{Read, Span, Table, Tx, account_balance, append_entries};

impl Named for PartnerTransaction {
    const KIND: &'static str = "transaction";
    const FOREIGN: Option<Table> = None;
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
    pub tax_minor: Minor,
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
        hand_over::tell(ctx, &earlier)?;
        if earlier.fingerprint != request.fingerprint() {
            return Err(PartnerRefusal::TransactionIdUsed.into());
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
        tax_rate: TaxRate::between(request.tax_minor, request.amount.minor - request.tax_minor),
        account_hash: request.account.hash(),
        partner_minor: Minor::ZERO,
        fingerprint: request.fingerprint(),
        ext_id: request.ext_id,
        product: request.product,
        description: request.description,
        state: TransactionState::Succeeded,
        refunded_minor: Minor::ZERO,
        refunding_minor: Minor::ZERO,
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
    let customer = &account(tx, &request.account)?.ok_or(PartnerRefusal::AccountNotFound)?;
    let mut mark = None;
    let denial = match standing_of(customer.status, &customer.carrier) {
        None => return Err(PartnerRefusal::AccountNotFound.into()),
        Some(Err(denial)) => Some(denial),
        Some(Ok(())) => {
            // Agreements may be mended: these are not kept.
            check_agreed(ctx, partner, &request)?;
            let digits = request.pin.as_ref().map(|pin| pin.0.as_str());
            let what = (request.ext_id.as_str(), request.amount);
            match pin_check::clear(ctx, tx, partner, customer.id, what, digits)? {
                Verdict::Accepted(found) => mark = found,
                Verdict::Refused(refusal) => return Ok(Verdict::Refused(refusal)),
            }
            denial_of(ctx, tx, partner, customer, request.amount)?
        }
    };
    let named = hand_over::is_set(ctx).then(|| request.account.as_named().to_owned());
    let mut made = transaction(ctx, tx, partner, customer.id, request, public_id)?;
    if let Some(denial) = denial {
        made.state = TransactionState::Denied(denial);
        crate::ops::create(ctx, tx, "partner.denied", &made)?;
        return Ok(Verdict::Accepted(made));
    }
    let net = made.amount.minor - made.tax_minor;
    made.partner_minor = partner.share.of(net);
    if let Some(pin) = &mark {
        pin_check::spend(ctx, tx, pin)?;
    }
    if let Some(named) = named {
        let pin = mark.map(|pin| pin.id);
        hand_over::keep(ctx, tx, &mut made, named, pin)?;
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
    let balance = if hand_over::is_set(ctx) {
        // The carrier knows what is left of it.
        None
    } else {
        let account = Account::Customer(customer.id);
        Some(account_balance(tx, &account, amount.currency)?.minor)
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
        return Err(Refusal::Partner(PartnerRefusal::NotAgreed));
    }
    let sells = |code: &String| partner.products.iter().any(|product| product.code == *code);
    match &request.product {
        Some(code) if !sells(code) => Err(Refusal::Partner(PartnerRefusal::ProductNotSold)),
        // Who settles by product has to name one.
        None if !partner.products.is_empty() => {
            Err(Refusal::Partner(PartnerRefusal::ProductNotNamed))
        }
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
        let left = made.amount.minor - made.refunded_minor;
        spent.all_minor += left;
        if made.partner == partner.id {
            spent.partner_minor += left;
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
        return Err(PartnerRefusal::AccountNotFound.into());
    }
    if !partner.refunds {
        return Err(PartnerRefusal::RefundNotAllowed.into());
    }
    let Some(before) = charged.filter(|_| same) else {
        return Err(PartnerRefusal::TransactionNotFound.into());
    };
    let customer: Customer = crate::ops::get(tx, before.customer)?;
    if before.kind != TransactionKind::Charge || before.state != TransactionState::Succeeded {
        return Err(PartnerRefusal::RefundNotAllowed.into());
    }
    // It goes back where it came from.
    if before.carrier.is_some() && !hand_over::has(ctx, &before) {
        return Err(OpError::Throttled { retry_after_s: 60 });
    }
    let named = before
        .carrier
        .map(|_| request.account.as_named().to_owned());
    let left = before.left_minor();
    if request.amount.currency != before.amount.currency || request.amount.minor > left {
        return Err(PartnerRefusal::RefundsAboveCharge.into());
    }
    let amount = request.amount;
    let mut made = transaction(ctx, tx, partner, customer.id, request, public_id)?;
    made.kind = TransactionKind::Refund { of: before.id };
    (made.partner_minor, made.tax_minor) = before.shares_of_refund(amount.minor);
    made.tax_rate = before.tax_rate;
    // Where the charge stands, whatever the refund names.
    made.product.clone_from(&before.product);
    if let Some(named) = named {
        hand_over::keep(ctx, tx, &mut made, named, None)?;
        return Ok(made);
    }
    crate::ops::create(ctx, tx, "partner.refund", &made)?;
    let mut after = before.clone();
    after.refunded_minor += amount.minor;
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
