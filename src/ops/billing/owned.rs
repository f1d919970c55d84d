//! An order by an id of a client, which must be the customer's.

use crate::domain::billing::order::Order;

use crate::domain::customers::Customer;

use crate::domain::values::id::OrderId;

use crate::ops::{Handle, OpError};

use crate::store::Read;

pub(in crate::ops) fn owned(
    read: &impl Read,
    customer: &Customer,
    handle: &Handle<OrderId>,
) -> Result<Order, OpError> {
    let order: Order = crate::ops::find(read, handle)?;
    if order.customer == customer.id {
        Ok(order)
    } else {
        Err(crate::ops::missing::<Order>(&handle.text))
    }
}
