//! What belongs to a customer: devices, services and orders, by their indexes.

use super::error::StoreError;
use super::key::owned_by;
use super::read::Read;
use super::tables::Table;
use crate::domain::billing::order::Order;
use crate::domain::customers::device::Device;
use crate::domain::customers::service::Service;
use crate::domain::values::id::CustomerId;

/// Reads what belongs to a customer, in the order of numbers.
pub trait Owned: Read {
    /// The customer's devices; removed ones are left out.
    fn devices_of(&self, customer: CustomerId) -> Result<Vec<Device>, StoreError> {
        self.listed(Table::DevicesByCustomer, &owned_by(customer))
    }

    /// The customer's services, those that are over or were taken away too.
    fn services_of(&self, customer: CustomerId) -> Result<Vec<Service>, StoreError> {
        self.listed(Table::ServicesByCustomer, &owned_by(customer))
    }

    /// The customer's orders, whatever became of them.
    fn orders_of(&self, customer: CustomerId) -> Result<Vec<Order>, StoreError> {
        self.listed(Table::OrdersByCustomer, &owned_by(customer))
    }
}

impl<R: Read> Owned for R {}
