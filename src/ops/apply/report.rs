//! What applying a document did, or would do.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::billing::order::Order;
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::event::Change;
use crate::domain::values::id::{ProductOfferId, ProductSpecId};
use crate::store::{Read, Span, StoreError};

/// Most elements whose changes a report lists; it counts all of them.
pub const CHANGES_LISTED_MAX: usize = 200;

/// What applying a document did, or would do: section -> number of elements.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub created: BTreeMap<&'static str, usize>,
    pub changed: BTreeMap<&'static str, usize>,
    pub left: BTreeMap<&'static str, usize>,
    /// Of a dry run: which elements would be changed, and how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ElementChange>,
}

/// How an element would be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElementChange {
    pub section: &'static str,
    /// Where it stands in the document, such as `offers[3]`.
    pub place: String,
    /// Old and new value of each member.
    pub changes: Vec<Change>,
    /// How many active orders it touches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<u64>,
    #[serde(skip)]
    pub touches: Touches,
}

/// Which orders a change touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Touches {
    #[default]
    None,
    Offer(ProductOfferId),
    Products(Vec<ProductSpecId>),
}

/// What happened to one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Changed,
    Left,
}

impl Report {
    pub(super) fn count(&mut self, section: &'static str, outcome: Outcome) {
        let counts = match outcome {
            Outcome::Created => &mut self.created,
            Outcome::Changed => &mut self.changed,
            Outcome::Left => &mut self.left,
        };
        let count = counts.entry(section).or_insert(0usize);
        *count = count.saturating_add(1);
    }

    /// Notes how an element differs from what is held; beyond the bound it is counted only.
    pub(super) fn note(&mut self, change: ElementChange) {
        if self.changes.len() < CHANGES_LISTED_MAX {
            self.changes.push(change);
        }
    }

    /// Counts the active orders that each change touches. Walks all orders once: away from the
    /// async threads.
    pub(super) fn count_orders(&mut self, read: &impl Read) -> Result<(), StoreError> {
        if self
            .changes
            .iter()
            .all(|change| change.touches == Touches::None)
        {
            return Ok(());
        }
        let mut by_offer = BTreeMap::<ProductOfferId, u64>::new();
        let mut by_product = BTreeMap::<ProductSpecId, u64>::new();
        read.each::<Order>(&Span::all(), &mut |order| {
            if order.status == OrderStatus::Active {
                let add = |count: &mut u64| *count = count.saturating_add(1);
                add(by_product.entry(order.product).or_default());
                if let Some(offer) = order.offer {
                    add(by_offer.entry(offer).or_default());
                }
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        for change in &mut self.changes {
            change.orders = match &change.touches {
                Touches::None => None,
                Touches::Offer(offer) => Some(by_offer.get(offer).copied().unwrap_or_default()),
                Touches::Products(products) => {
                    let counts = products
                        .iter()
                        .filter_map(|product| by_product.get(product));
                    Some(counts.fold(0, |sum, count| sum.saturating_add(*count)))
                }
            };
        }
        Ok(())
    }
}
