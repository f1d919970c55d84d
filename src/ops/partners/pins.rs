//! PINs: made for an account at a partner's wish, told back once, and needed for a charge where
//! that is agreed (marketone §2.4, §2.5, §4.2).
//!
//! The digits are made of a random number and a key of the box whenever they are needed,
//! and are kept nowhere.

use crate::app::Ctx;

use crate::domain::partners::Partner;
use crate::domain::partners::pin::{Pin, PinState, may_make};
use crate::domain::refusal::PartnerRefusal;
use crate::domain::values::id::{PartnerId, as_uuid};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;

use crate::ops::partners::account::{AccountRef, account, payer};
use crate::ops::partners::notifications;
use crate::ops::partners::pin_check::{NOT_FOUND, meant, of_account, take, write_of_wrong_pins};

use crate::ops::OpError;

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
            return Err(PartnerRefusal::NotAgreed.into());
        }
        let account = &request.account;
        if partner.sends_pin && !notifications::can_send_pin(ctx, tx, &customer, account)? {
            return Err(PartnerRefusal::NotificationNotAllowed.into());
        }
        let rules = ctx.app.config.marketone.pins();
        let held = of_account(tx, partner.id, customer.id)?;
        let made = held.iter().map(|pin| pin.created_at);
        may_make(&rules, made, ctx.now)
            .map_err(|retry_after_s| PartnerRefusal::TooManyPins { retry_after_s })?;
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
                let customer = account(tx, named)?.ok_or(PartnerRefusal::AccountNotFound)?;
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

/// Until when no PIN of a partner is taken, because too many were wrong.
#[must_use]
pub fn refused_until(ctx: &Ctx, partner: PartnerId) -> Option<Timestamp> {
    let max = ctx.app.config.marketone.wrong_pins_max;
    let seconds = ctx.app.wrong_pins.wait(partner, max, ctx.now)?;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Some(ctx.now.saturating_add_seconds(seconds))
}
