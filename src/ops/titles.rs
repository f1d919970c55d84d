//! What people call an order or a service: by what it is for.

use crate::domain::billing::order::Order;
use crate::domain::catalogue::content::Channel;
use crate::domain::catalogue::{ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::customers::service::{Grant, Service};
use crate::ops::OpError;
use crate::store::Read;

pub(super) fn title_of_order(read: &impl Read, order: &Order) -> Result<String, OpError> {
    if let Some(offer) = order.offer
        && let Some(offer) = read.get::<ProductOffer>(&offer)?
        && !offer.title.is_empty()
    {
        return Ok(offer.title);
    }
    let product = read.get::<ProductSpec>(&order.product)?;
    Ok(product.map(|product| product.title).unwrap_or_default())
}

pub(super) fn title_of_service(read: &impl Read, service: &Service) -> Result<String, OpError> {
    let title = match service.grant {
        Grant::Spec(id) => read.get::<ServiceSpec>(&id)?.map(|spec| spec.title),
        Grant::Channel(id) => read.get::<Channel>(&id)?.map(|channel| channel.name),
    };
    Ok(title.unwrap_or_default())
}
