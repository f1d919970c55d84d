//! `POST /pin` and `POST /pin/validate`: a PIN is made, and told back (§2.4, §2.5).
//! The PIN itself is in no answer.

use crate::app::Ctx;
use crate::domain::partners::Partner;
use crate::domain::values::id::uuid_text;
use crate::domain::values::money::Currency;
use crate::ops::partners::pins;
use crate::ops::partners::pins::PinRequest;

use super::error::Failure;
use super::fields::{self, Members};

pub async fn make(ctx: &Ctx, partner: &Partner, members: &Members) -> Result<String, Failure> {
    let account = members.account()?;
    let purchase = members.ext_id(fields::EXT_ID)?;
    let currency = members.text(fields::CURRENCY, 3)?;
    let currency = currency.map(|code| Currency::parse(&code).ok_or(Failure::Invalid));
    let amount = match currency.transpose()? {
        Some(currency) => {
            let amount = members.amount(fields::AMOUNT, currency)?;
            let amount = amount.filter(|amount| amount.minor > 0);
            Some(amount.ok_or(Failure::Invalid)?)
        }
        // An amount of nothing in particular.
        None if members.has(fields::AMOUNT) => return Err(Failure::Invalid),
        None => None,
    };
    let request = PinRequest {
        account,
        purchase,
        amount,
    };
    let pin = pins::make(ctx, partner.id, request).await?;
    let micros = pin
        .expires_at
        .micros()
        .saturating_sub(pin.created_at.micros());
    Ok(format!(
        "{{\"pinID\":\"{}\",\"expiresIn\":{},\"length\":{}}}",
        uuid_text(pin.public_id),
        micros / 1_000_000,
        pin.digits,
    ))
}

pub async fn validate(ctx: &Ctx, partner: &Partner, members: &Members) -> Result<String, Failure> {
    let digits = members.pin()?.ok_or(Failure::Invalid)?;
    let (account, pin_id) = (members.maybe_account()?, members.pin_id()?);
    if account.is_none() && pin_id.is_none() {
        return Err(Failure::Invalid);
    }
    pins::validate(ctx, partner.id, account, pin_id, digits).await?;
    Ok("{\"status\":\"VALID\"}".to_owned())
}
