//! Hosted pages: where a customer pays for one offer.

use serde::{Deserialize, Serialize};

use super::id::{CustomerId, HostedPageId, OrderId};
use super::time::Timestamp;

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostedPageState {
    Created,
    Requested,
    Succeeded,
    Cancelled,
    Acknowledged,
}

/// A page where one offer is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedPage {
    pub id: HostedPageId,
    /// The unguessable name in its address.
    pub code: String,
    pub customer: CustomerId,
    /// The order that the payment makes active.
    pub order: OrderId,
    /// Where the browser goes afterwards; always http or https.
    pub return_url: String,
    pub state: HostedPageState,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How long a page can be used, in seconds: a day.
pub const HOSTED_PAGE_SECONDS: i64 = 86_400;

/// What the payment page says of its end. Not a proof of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectStatus {
    Succeeded,
    Processing,
    Failed,
}
