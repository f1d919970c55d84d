//! What a partner says of a subscription that comes with a product of ours (§5.2).

use serde::Serialize;

use crate::app::Ctx;
use crate::domain::partners::Partner;
use crate::domain::partners::subscription::STATUS_MAX;
use crate::ops;

use super::error::Failure;
use super::fields::{self, Members};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionOut {
    partner_subscription_id: String,
    registration_status: String,
    services_status: String,
}

/// `PUT /v2/partnerSubscription/{id}`
pub async fn update(
    ctx: &Ctx,
    partner: &Partner,
    id: &str,
    members: &Members,
) -> Result<String, Failure> {
    let status = members.text(fields::SERVICES_STATUS, STATUS_MAX)?;
    let status = status.ok_or(Failure::Invalid)?;
    let held = ops::partners::subscriptions::set_status(ctx, partner.id, id, status).await?;
    let held = held.ok_or(Failure::NoRoute)?;
    let shown = SubscriptionOut {
        partner_subscription_id: held.name(),
        registration_status: held.registration_status,
        services_status: held.services_status,
    };
    serde_json::to_string(&shown).map_err(|_| Failure::System)
}
