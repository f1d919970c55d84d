//! `POST /transaction` and `GET /transaction/{id}`: charges and refunds,
//! and what became of them (§2.2, §2.3).

use serde::Serialize;

use crate::app::Ctx;
use crate::domain::partners::{Partner, PartnerTransaction, TransactionKind, TransactionState};
use crate::domain::staff::Secret;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops::partners::charge;
use crate::ops::partners::decide::ChargeRequest;
use crate::wire::kit::json::Verbatim;
use crate::wire::kit::php::percent_decoded;

use super::error::{Failure, denied};
use super::fields::{self, Members};

pub async fn transact(ctx: &Ctx, partner: &Partner, members: &Members) -> Result<String, Failure> {
    let request = charge_request(members)?;
    let made = charge::transact(ctx, partner.id, request).await?;
    Ok(shown(&made, original(ctx, &made)?, Shown::AsAnswered))
}

pub fn find(ctx: &Ctx, partner: &Partner, id: &str) -> Result<String, Failure> {
    let id = percent_decoded(id);
    if !fields::is_ext_id(&id) {
        return Err(Failure::Invalid);
    }
    let made = charge::find(ctx, partner.id, &id)?;
    Ok(shown(&made, original(ctx, &made)?, Shown::Now))
}

fn original(ctx: &Ctx, made: &PartnerTransaction) -> Result<Option<String>, Failure> {
    match made.kind {
        TransactionKind::Charge => Ok(None),
        TransactionKind::Refund { of } => Ok(Some(charge::ext_id_of(ctx, of)?)),
    }
}

fn charge_request(members: &Members) -> Result<ChargeRequest, Failure> {
    let ext_id = members.ext_id(fields::EXT_ID)?.ok_or(Failure::Invalid)?;
    let account = members.account()?;
    let currency = members.text(fields::CURRENCY, 3)?.ok_or(Failure::Invalid)?;
    let currency = Currency::parse(&currency).ok_or(Failure::Invalid)?;
    let amount = members.amount(fields::AMOUNT, currency)?;
    let amount = amount
        .filter(|amount| amount.minor > 0)
        .ok_or(Failure::Invalid)?;
    let description = members.text(fields::DESCRIPTION, fields::DESCRIPTION_CHARS_MAX)?;
    let product = members.text(fields::PRODUCT, fields::PRODUCT_CHARS_MAX)?;
    let original = members.ext_id(fields::ORIGINAL_EXT_ID)?;
    let kind = members.text(fields::KIND, fields::EXT_ID_CHARS_MAX)?;
    let refund_of = match kind.as_deref() {
        None | Some("CHARGE") => None,
        Some("REFUND") => Some(original.ok_or(Failure::Invalid)?),
        Some(_) => return Err(Failure::Invalid),
    };
    let included = members.boolean(fields::TAX_INCLUDED)?.unwrap_or(false);
    let tax = members.amount(fields::TAX, currency)?;
    if tax.is_some_and(|tax| tax.minor >= amount.minor) && included {
        return Err(Failure::Invalid);
    }
    Ok(ChargeRequest {
        ext_id,
        account,
        amount,
        description: description.ok_or(Failure::Invalid)?,
        product,
        // Tax that is not in the amount is not charged here,
        // and so is not ours to set apart (§6.14).
        tax_minor: tax
            .filter(|_| included)
            .map_or(Minor::ZERO, |tax| tax.minor),
        refund_of,
        pin: members.pin()?.map(Secret),
    })
}

/// Which state of a transaction is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    AsAnswered,
    Now,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transaction<'t> {
    #[serde(rename = "transactionID")]
    id: String,
    #[serde(rename = "extTransactionID")]
    ext_id: &'t str,
    #[serde(rename = "transactionType")]
    kind: &'static str,
    #[serde(
        rename = "originalExtTransactionID",
        skip_serializing_if = "Option::is_none"
    )]
    original: Option<String>,
    status: &'static str,
    amount: Verbatim,
    currency: &'t str,
    description: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_code: Option<&'t str>,
    created_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_amount: Option<Verbatim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

#[derive(Serialize)]
struct Reason {
    code: &'static str,
    message: &'static str,
}

fn shown(made: &PartnerTransaction, original: Option<String>, which: Shown) -> String {
    let (kind, is_charge) = match made.kind {
        TransactionKind::Charge => ("CHARGE", true),
        TransactionKind::Refund { .. } => ("REFUND", false),
    };
    let (status, reason) = match made.state {
        TransactionState::Processing => ("PROCESSING", None),
        TransactionState::Succeeded => ("SUCCEEDED", None),
        TransactionState::Denied(denial) => {
            let (code, message) = denied(denial);
            ("DENIED", Some(Reason { code, message }))
        }
    };
    let refunded = Amount {
        minor: made.refunded_minor,
        ..made.amount
    };
    let shows_refunds = which == Shown::Now && is_charge && refunded.minor > 0;
    let transaction = Transaction {
        id: made.public_name(),
        ext_id: &made.ext_id,
        kind,
        original,
        status,
        amount: Verbatim::of(&made.amount.to_decimal()),
        currency: made.amount.currency.as_str(),
        description: &made.description,
        product_code: made.product.as_deref(),
        created_date: seconds(made.created_at),
        completed_date: made.completed_at.map(seconds),
        refunded_amount: shows_refunds.then(|| Verbatim::of(&refunded.to_decimal())),
        reason,
    };
    serde_json::to_string(&transaction).unwrap_or_default()
}

/// `2020-05-01T12:00:00Z`.
fn seconds(at: Timestamp) -> String {
    let millis = at.to_rfc3339_millis();
    let whole = millis.get(..19).unwrap_or(&millis);
    format!("{whole}Z")
}
