//! `POST /account/validate`: whether an account is in good standing (§2.1).
//! Nothing else of it is told.

use crate::app::Ctx;
use crate::domain::partners::Partner;
use crate::ops::partners::charge;

use super::error::Failure;
use super::fields::Members;

pub fn validate(ctx: &Ctx, partner: &Partner, members: &Members) -> Result<String, Failure> {
    let account = members.account()?;
    let prepaid = charge::validate(ctx, partner.id, &account)?;
    let kind = if prepaid { "prepaid" } else { "postpaid" };
    // Literal: a certification compares it (§3.1).
    Ok(format!("{{\"status\":\"ACTIVE\",\"type\":\"{kind}\"}}"))
}
