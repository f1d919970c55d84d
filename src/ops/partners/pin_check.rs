//! PINs that are there: found, tried, needed for a charge and spent by it. Every wrong try counts.
//! Whom a PIN is told to is not known here.

use crate::app::Ctx;
use crate::domain::event::Change;
use crate::domain::partners::pin::{Pin, PinState};
use crate::domain::partners::{Partner, PinPolicy};
use crate::domain::refusal::{PartnerRefusal, Refusal};
use crate::domain::values::id::{CustomerId, PartnerId, PinId};
use crate::domain::values::money::Amount;
use crate::domain::values::reasons::PinRefusal;
use subtle::ConstantTimeEq as _;

use crate::letters;
use crate::ops::partners::account::has_charged;
use crate::ops::partners::verdict::Verdict;
use crate::ops::{Named, OpError, owners};
use crate::store::schema::messages::account_of;
use crate::store::{Read, Span, Table, Tx};

impl Named for Pin {
    const KIND: &'static str = "PIN";
    const FOREIGN: Option<Table> = None;
}

/// All PINs of an account that are still known, oldest first.
pub(super) fn of_account(
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

pub(super) const NOT_FOUND: Refusal = Refusal::Partner(PartnerRefusal::PinRefused {
    reason: PinRefusal::NotFound,
});

/// A try of a PIN's digits. A refusal is kept with it: the try counts.
pub(super) fn take(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Pin,
    digits: &str,
) -> Result<Verdict<Pin>, OpError> {
    let max = ctx.app.config.marketone.wrong_pins_max;
    let wrong = &ctx.app.wrong_pins;
    if let Some(retry_after_s) = wrong.wait(before.partner, max, ctx.now) {
        return Err(PartnerRefusal::TooManyWrongPins { retry_after_s }.into());
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
        Err(reason) => Verdict::Refused(Refusal::Partner(PartnerRefusal::PinRefused { reason })),
    })
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
    let mark = held.pop().ok_or(PartnerRefusal::PinRequired)?;
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
