//! What partners do: look an account up, charge it, refund, ask what became of it.
//!
//! Who decides about a charge: we alone (`decide`), or the carrier too (`carrier_calls`).
//! Reference: marketone §1.6, §2.

use crate::app::Ctx;

use crate::domain::partners::{PartnerTransaction, TransactionState};
use crate::domain::refusal::PartnerRefusal;

use crate::domain::values::id::{PartnerId, PartnerTransactionId};

use crate::ops::OpError;
use crate::ops::partners::account::{AccountRef, find_in, payer};
use crate::ops::partners::decide::{ChargeRequest, decide};
use crate::ops::partners::verdict::Verdict;
use crate::ops::partners::{carrier_calls, hand_over, pin_check};

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
        hand_over::tell(ctx, made)?;
        // It may have been taken back before that; from now on it is not.
        found = find_in(&ctx.snapshot()?, partner, ext_id)?;
    }
    Ok(found.ok_or(PartnerRefusal::TransactionNotFound)?)
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
    let made = if hand_over::is_set(ctx) {
        carrier_calls::transact(ctx, partner, request, public_id).await
    } else {
        ctx.write(move |ctx, tx| decide(ctx, tx, partner, request, public_id))
            .await
            .and_then(Verdict::into_result)
    };
    pin_check::write_of_wrong_pins(ctx);
    let made = made?;
    match made.state {
        TransactionState::Denied(denial) => Err(PartnerRefusal::ChargeDenied { denial }.into()),
        // As it was answered first, whatever became of it since.
        TransactionState::Succeeded | TransactionState::Processing => Ok(made),
    }
}
