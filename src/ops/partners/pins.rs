//! PINs: made for an account at a partner's wish, told back once, and needed for a charge where
//! that is agreed (marketone §2.4, §2.5, §4.2).
//!
//! The digits are made of a random number and a key of the box whenever they are needed,
//! and are kept nowhere.

use subtle::ConstantTimeEq as _;

use crate::app::Ctx;
use crate::domain::event::Change;
use crate::domain::partners::pin::{Pin, PinRefusal, PinState, may_make};
use crate::domain::partners::{Partner, PinPolicy};
use crate::domain::refusal::Refusal;
use crate::domain::values::id::{CustomerId, PartnerId, PinId, as_uuid};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::letters;
use crate::ops::partners::charge::{AccountRef, account, has_charged, payer};
use crate::ops::partners::notifications;
use crate::ops::partners::verdict::Verdict;
use crate::ops::{Named, OpError, owners};
use crate::store::schema::messages::account_of;
use crate::store::{Read, Span, Table, Tx};

impl Named for Pin {
    const KIND: &'static str = "PIN";
    const FOREIGN: Option<Table> = None;
}

/// A PIN as a partner asks for it.
#[derive(Debug, Clone)]
pub struct PinRequest {
    pub account: AccountRef,
    /// The partner's id of the one purchase that it is for.
    pub purchase: Option<String>,
    /// What that costs, to be said with the PIN.
    pub amount: Option<Amount>,
}

/// Makes a PIN; every older one of this account and partner is dead.
/// Nobody is told its digits here.
pub async fn make(ctx: &Ctx, partner: PartnerId, request: PinRequest) -> Result<Pin, OpError> {
    let (public_id, nonce, message_id) = {
        let entropy = &ctx.app.entropy;
        (entropy.bytes()?, entropy.bytes()?, entropy.bytes()?)
    };
    ctx.write(move |ctx, tx| {
        let partner: Partner = crate::ops::get(tx, partner)?;
        let customer = payer(tx, &request.account)?;
        let home = ctx.app.company().currency;
        let agreed = |amount: &Amount| partner.takes(amount.currency, home);
        if !request.amount.as_ref().is_none_or(agreed) {
            return Err(Refusal::NotAgreed.into());
        }
        let account = &request.account;
        if partner.sends_pin && !notifications::can_send_pin(ctx, tx, &customer, account)? {
            return Err(Refusal::NotificationNotAllowed.into());
        }
        let rules = ctx.app.config.marketone.pins();
        let held = of_account(tx, partner.id, customer.id)?;
        let made = held.iter().map(|pin| pin.created_at);
        may_make(&rules, made, ctx.now)
            .map_err(|retry_after_s| Refusal::TooManyPins { retry_after_s })?;
        for before in held {
            if before.is_over(ctx.now) {
                tx.remove::<Pin>(&before.id)?;
            } else if before.state == PinState::Live {
                let mut after = before.clone();
                after.state = PinState::Replaced;
                crate::ops::change(ctx, tx, "pin.replace", &before, &after)?;
            }
        }
        let pin = Pin {
            id: tx.next_id()?,
            public_id: as_uuid(public_id),
            partner: partner.id,
            customer: customer.id,
            nonce,
            digits: rules.digits,
            address: request.account.written(),
            purchase: request.purchase,
            amount: request.amount,
            tries_left: rules.tries,
            state: PinState::Live,
            created_at: ctx.now,
            expires_at: ctx.now.saturating_add_seconds(rules.seconds.into()),
        };
        crate::ops::create(ctx, tx, "pin.create", &pin)?;
        // The same was asked of the account as when it is validated.
        ctx.app.met.note(partner.id, customer.id, ctx.now);
        if partner.sends_pin {
            notifications::send_pin(ctx, tx, &partner, &customer, &pin, message_id)?;
        }
        Ok(pin)
    })
    .await
}

/// All PINs of an account that are still known, oldest first.
fn of_account(
    read: &impl Read,
    partner: PartnerId,
    customer: CustomerId,
) -> Result<Vec<Pin>, OpError> {
    Ok(read.listed(Table::PinsByAccount, &account_of(partner, customer))?)
}

/// The newest PIN of an account.
pub(in crate::ops) fn newest(
    read: &impl Read,
    partner: PartnerId,
    customer: CustomerId,
) -> Result<Option<Pin>, OpError> {
    let span = Span::under(&account_of(partner, customer)).descending();
    let mut newest = None;
    read.raw_scan(Table::PinsByAccount, &span, &mut |key, _| {
        newest = crate::store::key::trailing_number(key).map(PinId);
        Ok(std::ops::ControlFlow::Break(()))
    })?;
    newest.map(|id| crate::ops::get(read, id)).transpose()
}

/// The PIN that a partner means: by the name it got, by the account, or by both, which must be one.
pub(in crate::ops) fn meant(
    read: &impl Read,
    partner: PartnerId,
    customer: Option<CustomerId>,
    public_id: Option<&[u8]>,
) -> Result<Option<Pin>, OpError> {
    let Some(public_id) = public_id else {
        return match customer {
            Some(customer) => newest(read, partner, customer),
            None => Ok(None),
        };
    };
    let found = read.get_by::<Pin>(Table::PinsByPublic, public_id)?;
    Ok(found.filter(|pin| {
        pin.partner == partner && customer.is_none_or(|customer| customer == pin.customer)
    }))
}

/// Whether the digits are those of the PIN; takes as long whatever of them is wrong.
fn fits(ctx: &Ctx, pin: &Pin, digits: &str) -> bool {
    let right = ctx.app.keys.digits(&pin.nonce, pin.digits);
    right.as_bytes().ct_eq(digits.as_bytes()).into()
}

/// Takes the digits of a PIN; every wrong try counts, and right ones are good once.
pub async fn validate(
    ctx: &Ctx,
    partner: PartnerId,
    named: Option<AccountRef>,
    public_id: Option<Vec<u8>>,
    digits: String,
) -> Result<(), OpError> {
    let tried = ctx.write(move |ctx, tx| {
        let customer = match &named {
            None => None,
            Some(named) => {
                let customer = account(tx, named)?.ok_or(Refusal::AccountNotFound)?;
                Some(customer.id)
            }
        };
        let pin = meant(tx, partner, customer, public_id.as_deref())?;
        let pin = pin.ok_or(NOT_FOUND)?;
        take(ctx, tx, &pin, &digits)
    });
    let tried = tried.await;
    write_of_wrong_pins(ctx);
    tried?.into_result().map(drop)
}

const NOT_FOUND: Refusal = Refusal::PinRefused {
    reason: PinRefusal::NotFound,
};

/// A try of a PIN's digits. A refusal is kept with it: the try counts.
fn take(ctx: &Ctx, tx: &mut Tx<'_>, before: &Pin, digits: &str) -> Result<Verdict<Pin>, OpError> {
    let max = ctx.app.config.marketone.wrong_pins_max;
    let wrong = &ctx.app.wrong_pins;
    if let Some(retry_after_s) = wrong.wait(before.partner, max, ctx.now) {
        return Err(Refusal::TooManyWrongPins { retry_after_s }.into());
    }
    let mut after = before.clone();
    let tried = after.try_digits(fits(ctx, before, digits), ctx.now);
    if after != *before {
        crate::ops::change(ctx, tx, "pin.told", before, &after)?;
    }
    let was_judged = after.tries_left < before.tries_left;
    if was_judged && wrong.note(before.partner, before.customer, max, ctx.now) {
        alarm(ctx, tx, before.partner, max)?;
    }
    Ok(match tried {
        Ok(()) => Verdict::Accepted(after),
        Err(reason) => Verdict::Refused(Refusal::PinRefused { reason }),
    })
}

/// Until when no PIN of a partner is taken, because too many were wrong.
#[must_use]
pub fn refused_until(ctx: &Ctx, partner: PartnerId) -> Option<Timestamp> {
    let max = ctx.app.config.marketone.wrong_pins_max;
    let seconds = ctx.app.wrong_pins.wait(partner, max, ctx.now)?;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Some(ctx.now.saturating_add_seconds(seconds))
}

/// Somebody tries PINs at a partner, or the partner itself does: whoever runs the box has to look.
fn alarm(ctx: &Ctx, tx: &mut Tx<'_>, partner: PartnerId, max: u32) -> Result<(), OpError> {
    let partner: Partner = crate::ops::get(tx, partner)?;
    let (key, address) = (&partner.key, ctx.address_text());
    tracing::error!(partner = key, wrong = max, address, "partner.wrong_pins");
    let changes = vec![Change {
        field: "wrong_pins_within_an_hour".to_owned(),
        before: String::new(),
        after: max.to_string(),
    }];
    crate::ops::audit(ctx, tx, "partner.wrong_pins", &partner, changes)?;
    Ok(())
}

/// Owners, and whoever looks after the partner, hear of budgets that were used up since this was
/// last called. In the background: nobody who asks about a PIN waits for a mail server.
pub(in crate::ops) fn write_of_wrong_pins(ctx: &Ctx) {
    for partner in ctx.app.wrong_pins.take_unsaid() {
        let ctx = ctx.clone();
        let calls = ctx.app.calls.clone();
        calls.spawn(async move {
            if let Err(error) = write_of(&ctx, partner).await {
                tracing::error!(%error, "partner.nobody_written");
            }
        });
    }
}

async fn write_of(ctx: &Ctx, partner: PartnerId) -> Result<(), OpError> {
    let (addresses, letter) = {
        let snapshot = ctx.snapshot()?;
        let partner: Partner = crate::ops::get(&snapshot, partner)?;
        let mut addresses = owners::addresses(&snapshot)?;
        let callback = partner.callback.as_ref();
        addresses.extend(callback.and_then(|callback| callback.error_email.clone()));
        let max = ctx.app.config.marketone.wrong_pins_max;
        (addresses, letters::wrong_pins(&partner.name, max))
    };
    let name = format!("wrong-pins-{}-{}", partner.0, ctx.now.seconds());
    owners::write_to(ctx, addresses, &name, &letter).await;
    Ok(())
}

/// Whether the PIN that is agreed with the partner is there for a charge, or comes with it. What is
/// answered is to be given to [`spend`] once the charge is made.
pub(super) fn clear(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    partner: &Partner,
    customer: CustomerId,
    (purchase, amount): (&str, Amount),
    digits: Option<&str>,
) -> Result<Verdict<Option<Pin>>, OpError> {
    if let Some(digits) = digits {
        // Agreed or not: a wrong one means that somebody else may be buying.
        let pin = newest(tx, partner.id, customer)?;
        let pin = pin.filter(|pin| pin.is_for(purchase, amount));
        let pin = pin.ok_or(NOT_FOUND)?;
        // It was validated by itself just before, and comes along once more.
        if pin.clears(purchase, amount, ctx.now) && fits(ctx, &pin, digits) {
            return Ok(Verdict::Accepted(Some(pin)));
        }
        return Ok(take(ctx, tx, &pin, digits)?.map(Some));
    }
    let needed = match partner.pin_policy {
        PinPolicy::Off => false,
        PinPolicy::EveryCharge => true,
        PinPolicy::FirstCharge => !has_charged(tx, partner.id, customer)?,
    };
    if !needed {
        return Ok(Verdict::Accepted(None));
    }
    let mut held = of_account(tx, partner.id, customer)?;
    held.retain(|pin| pin.clears(purchase, amount, ctx.now));
    let mark = held.pop().ok_or(Refusal::PinRequired)?;
    Ok(Verdict::Accepted(Some(mark)))
}

/// The purchase was made: the mark is good for no other.
pub(in crate::ops) fn spend(ctx: &Ctx, tx: &mut Tx<'_>, before: &Pin) -> Result<(), OpError> {
    let mut after = before.clone();
    if let PinState::Validated(at) = before.state {
        after.state = PinState::Spent(at);
    }
    crate::ops::change(ctx, tx, "pin.spend", before, &after)
}

/// The purchase was not made after all: what is left of the mark's time is good for another one.
pub(in crate::ops) fn unspend(ctx: &Ctx, tx: &mut Tx<'_>, id: PinId) -> Result<(), OpError> {
    // One that is long over was cleared away.
    let Some(before) = tx.get::<Pin>(&id)? else {
        return Ok(());
    };
    let mut after = before.clone();
    if let PinState::Spent(at) = before.state {
        after.state = PinState::Validated(at);
    }
    crate::ops::change(ctx, tx, "pin.unspend", &before, &after)
}
