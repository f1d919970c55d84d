//! The billing system that this box is the middleware of (`[[billing]]`): calls that are its
//! business are sent on to it, and the way back from its payment pages is kept here (alphaott 5.5).
//!
//! Nothing here is proof of a payment: services are given when the billing system says so.

use crate::app::Ctx;
use crate::domain::peers::{BillingPage, FOREIGN_ID_MAX};
use crate::domain::values::id::BillingPageId;
use crate::ops::{Named, OpError};
use crate::outbound::alphaott::{Answer, PeerError};
use crate::store::{Read as _, Table};

impl Named for BillingPage {
    const KIND: &'static str = "hosted page";
    const FOREIGN: Option<Table> = Some(Table::BillingPagesByThere);
}

/// A request on its way to the billing system.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: &'static str,
    /// After the prefix, with its query, as it stood on the wire.
    pub path: String,
    pub body: Vec<u8>,
}

/// What the settings call the billing system; `None`: this box bills itself.
#[must_use]
pub fn name(ctx: &Ctx) -> Option<&str> {
    let external = ctx.app.config.billing.external.first();
    external.map(|external| external.r#type.as_str())
}

/// Sends a call on. The caller checked who asks, and that the customer is one of ours.
pub async fn forward(ctx: &Ctx, call: Call) -> Result<Answer, OpError> {
    let Some(peer) = &ctx.app.outbound.billing else {
        let problem = "there is no billing system in the settings".to_owned();
        return Err(OpError::Elsewhere { problem });
    };
    let reads = matches!(call.method, "GET" | "HEAD");
    let answer = peer
        .send(call.method, &call.path, call.body, &ctx.request_id)
        .await;
    let elsewhere = |problem: &str| OpError::Elsewhere {
        problem: problem.to_owned(),
    };
    match answer {
        Ok(answer) if matches!(answer.status, 401 | 403) => {
            tracing::error!(status = answer.status, "billing.token_refused");
            Err(elsewhere(
                "the billing system does not take this box's token; billing.token must be made \
                 there",
            ))
        }
        Ok(answer) => Ok(answer),
        Err(PeerError::Unknown(reason)) if !reads => {
            tracing::warn!(reason, "billing.unknown");
            Err(elsewhere(
                "the billing system gave no answer; it may have done what you asked, so look \
                 before you ask again",
            ))
        }
        Err(PeerError::Unreachable(reason) | PeerError::Unknown(reason)) => {
            tracing::warn!(reason, "billing.unreachable");
            Err(elsewhere(
                "the billing system does not answer; try again in a moment",
            ))
        }
        Err(PeerError::Refused { reason, .. }) => Err(elsewhere(&reason)),
    }
}

/// Keeps where the browser goes after the page `there` of the billing system, which calls itself
/// `says`. A page that is made known again leads where it led.
pub async fn remember_page(
    ctx: &Ctx,
    there: String,
    says: String,
    return_url: String,
) -> Result<(), OpError> {
    let bounded = |text: &str| matches!(text.len(), 1..=FOREIGN_ID_MAX);
    if !bounded(&there) || says.len() > FOREIGN_ID_MAX {
        let problem = "the billing system's page has no usable id".to_owned();
        return Err(OpError::Elsewhere { problem });
    }
    ctx.write(move |ctx, tx| {
        let known = tx.find::<BillingPageId>(Table::BillingPagesByThere, there.as_bytes())?;
        if known.is_some() {
            return Ok(());
        }
        let page = BillingPage {
            id: tx.next_id()?,
            there,
            says,
            return_url,
            created_at: ctx.now,
        };
        crate::ops::create(ctx, tx, "billing_page.remember", &page)
    })
    .await
}

/// The page that the billing system calls `there`. Public: it only says where a browser came from.
pub fn page(ctx: &Ctx, there: &str) -> Result<BillingPage, OpError> {
    let page = ctx
        .snapshot()?
        .get_by::<BillingPage>(Table::BillingPagesByThere, there.as_bytes())?;
    page.ok_or_else(|| crate::ops::missing::<BillingPage>(there))
}
