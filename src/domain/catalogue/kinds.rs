//! Kinds and states of what is for sale, and of what was ordered.

use serde::{Deserialize, Serialize};

use crate::domain::values::calendar::has_passed;
use crate::domain::values::id::{ChannelId, MovieId};
use crate::domain::values::time::Timestamp;

/// Kind of a right. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceType {
    LiveTv,
    CatchupTv,
    Radio,
    Vod,
    Apps,
}

/// Kind of content a right is for. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentType {
    Tv,
    Radio,
    Movie,
    App,
    TvShow,
}

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    OneItem,
    AllItems,
}

/// State of a service or a service spec. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceStatus {
    Active,
    Inactive,
    Expired,
    /// Paused, term kept.
    Frozen,
    Deleted,
}

impl ServiceStatus {
    /// What the status means at `now`: active past its end reads as expired.
    #[must_use]
    pub fn at(self, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        if self == Self::Active && has_passed(expires_at, now) {
            Self::Expired
        } else {
            self
        }
    }
}

/// Which items a right covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Every item of the content type.
    All,
    Channels(Vec<ChannelId>),
    Movies(Vec<MovieId>),
    /// Modules and applications by name.
    Modules(Vec<String>),
}

/// State of a product. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductStatus {
    /// On offer.
    Active,
    Inactive,
    Expired,
    Draft,
}

impl ProductStatus {
    /// What the status means at `now`: active past its end reads as expired.
    #[must_use]
    pub fn at(self, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        if self == Self::Active && has_passed(expires_at, now) {
            Self::Expired
        } else {
            self
        }
    }
}

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfferStatus {
    Active,
    Inactive,
}

/// Whether an order is paid once or per cycle. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderType {
    OneTime,
    Recurring,
}

/// Who collects. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Billing {
    /// A cycle renews only if the balance covers it.
    Prepaid,
    /// Invoiced, then dunned.
    Postpaid,
    /// Another system owns the money.
    External,
}

/// State of an order. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OrderStatus {
    Active,
    /// Not yet paid, or no longer.
    Inactive,
    Expired,
    /// No further renewal; runs to its end.
    Canceled,
    Deleted,
}

impl OrderStatus {
    pub const ALL: [OrderStatus; 5] = [
        OrderStatus::Active,
        OrderStatus::Inactive,
        OrderStatus::Expired,
        OrderStatus::Canceled,
        OrderStatus::Deleted,
    ];
}
