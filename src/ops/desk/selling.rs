//! What can be sold now, and an order that staff takes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::order::Order;
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::refusal::MoneyRefusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, ProductOfferId};
use crate::domain::values::money::Amount;
use crate::ops::once::Once;
use crate::ops::orders::{NewOrder, first_price, place_in};
use crate::ops::own::own_customer;
use crate::ops::{Handle, OpError};
use crate::store::{Read as _, Span};

/// Most offers that are listed.
pub const OFFERS_MAX: usize = 1_000;

/// An offer that can be ordered.
#[derive(Debug, Clone)]
pub struct Sold {
    pub offer: ProductOffer,
    pub product: ProductSpec,
    /// What its first cycle costs; `None`: nothing.
    pub price: Option<Amount>,
}

impl Sold {
    /// What people call it: an offer without a title by its product's.
    #[must_use]
    pub fn title(&self) -> &str {
        match self.offer.title.as_str() {
            "" => &self.product.title,
            title => title,
        }
    }
}

/// What can be ordered now, by title.
pub fn offers(ctx: &Ctx) -> Result<Vec<Sold>, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    let read = ctx.snapshot()?;
    let mut products = BTreeMap::new();
    for product in read.all::<ProductSpec>()? {
        products.insert(product.id, product);
    }
    let mut sold = Vec::new();
    read.each::<ProductOffer>(&Span::all(), &mut |offer| {
        if let Some(product) = products.get(&offer.product)
            && offer.is_orderable_at(product, ctx.now)
        {
            sold.push(Sold {
                price: price_of(ctx, &offer),
                product: product.clone(),
                offer,
            });
        }
        Ok(if sold.len() < OFFERS_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    sold.sort_by(|one, other| one.title().cmp(other.title()));
    Ok(sold)
}

fn price_of(ctx: &Ctx, offer: &ProductOffer) -> Option<Amount> {
    first_price(ctx, offer, offer.price_version(), offer.order_type)
}

/// Places an order as its offer has it. `seen`: the price that whoever asks saw; at another one
/// nothing is placed.
pub async fn place(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    offer: Handle<ProductOfferId>,
    seen: Option<Amount>,
    once: Option<Once>,
) -> Result<Order, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        let customer = own_customer(ctx, tx, &customer)?;
        if let Some(seen) = seen {
            let offer: ProductOffer = crate::ops::find(tx, &offer)?;
            let now = price_of(ctx, &offer).unwrap_or(Amount::zero(seen.currency));
            if now != seen {
                return Err(MoneyRefusal::PriceChanged { now }.into());
            }
        }
        place_in(ctx, tx, &customer, NewOrder::of(offer))
    })
    .await
}
