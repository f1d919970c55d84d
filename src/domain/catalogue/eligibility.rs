//! Which customers an offer is for.

use serde::{Deserialize, Serialize};

use crate::domain::values::id::ProductSpecId;

/// Which customers an offer is for; by default all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eligibility {
    /// Only those who never had an order that began: a welcome offer.
    pub new_customers: bool,
    /// Each of them once.
    pub once_per_customer: bool,
    /// Only those who have one of these products now; empty: no matter.
    pub with_products: Vec<ProductSpecId>,
}

/// Most products that an offer may ask for.
pub const WITH_PRODUCTS_MAX: usize = 64;
