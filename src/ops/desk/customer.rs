//! One customer as staff sees them: who they are, whether they may watch and if not why not, what
//! they owe, what opens it again, what they have.

use std::collections::BTreeMap;

use sha2::Digest as _;

use crate::app::Ctx;
use crate::domain::billing::debt::OpeningDebt;
use crate::domain::billing::invoice::{Invoice, OpenInvoice};
use crate::domain::billing::journal::Account;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::content::Reseller;
use crate::domain::catalogue::kinds::{OrderStatus, ServiceStatus};
use crate::domain::customers::Customer;
use crate::domain::customers::service::Service;
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::domain::watching::{self, Opening, Reason, Watching};
use crate::ops::billing::books::Books;
use crate::ops::billing::missing::missing_of;
use crate::ops::boxes::list::{Boxes, held_by};
use crate::ops::own::own_customer;
use crate::ops::titles::{title_of_order, title_of_service};
use crate::ops::viewing;
use crate::ops::{Handle, OpError};
use crate::store::key::owned_by;
use crate::store::{Owned as _, Read, Snapshot, Table, balances, codec};

/// Most orders and most services of one customer that are shown; the newest.
pub const SHOWN_MAX: usize = 200;

/// A customer and all that is theirs.
#[derive(Debug, Clone)]
pub struct CustomerPage {
    pub customer: Customer,
    /// Another one as soon as anything of the customer's own record is.
    pub version: String,
    pub reseller: Option<Reseller>,
    pub watching: Watching,
    /// What each opening that is money comes to; none for those who may not read money.
    pub to_pay: BTreeMap<Option<OrderId>, Vec<Amount>>,
    /// None for those who may not read money.
    pub money: Option<Money>,
    /// The newest first.
    pub orders: Vec<OrderLine>,
    pub services: Vec<ServiceLine>,
    /// Whether there are more orders or services than are shown.
    pub is_cut: bool,
    pub boxes: Boxes,
}

/// How a customer stands with us.
#[derive(Debug, Clone, Default)]
pub struct Money {
    /// What is on their account, by currency; negative: they owe.
    pub balances: Vec<Amount>,
    /// What is open of invoices, and of what was owed before we billed.
    pub owed: Vec<Amount>,
    /// The oldest open invoice of each order, as it is printed.
    pub oldest_open: BTreeMap<OrderId, (u64, String)>,
}

/// An order as people speak of it.
#[derive(Debug, Clone)]
pub struct OrderLine {
    pub order: Order,
    pub title: String,
    /// What its next cycle costs, or the one that it waits for; `None`: nothing more, or nothing.
    pub price: Option<Amount>,
}

/// A service as people speak of it.
#[derive(Debug, Clone)]
pub struct ServiceLine {
    pub service: Service,
    pub title: String,
    /// Why it is closed; `None`: it is open, as far as it goes.
    pub reason: Option<Reason>,
}

/// One customer.
pub fn page(ctx: &Ctx, handle: &Handle<CustomerId>) -> Result<CustomerPage, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let read = ctx.snapshot()?;
    let customer = own_customer(ctx, &read, handle)?;
    let devices = read.devices_of(customer.id)?;
    let services = read.services_of(customer.id)?;
    let orders = read.orders_of(customer.id)?;
    let brought: Option<OpeningDebt> = read.get(&customer.id)?;
    let brought = brought.filter(|debt| debt.open_minor > 0);
    let rights = viewing::rights(ctx, &read, &customer)?;
    let watching = watching::watching(
        &watching::Account {
            customer: &customer,
            devices: &devices,
            held: rights.held(),
            services: &services,
            orders: &orders,
            brought_since: brought.as_ref().map(|debt| debt.since),
        },
        ctx.now,
    );
    let money = if ctx.actor.may(Permission::MoneyRead) {
        Some(money(&read, &customer, brought.as_ref())?)
    } else {
        None
    };
    let reseller = match customer.reseller {
        Some(id) => read.get::<Reseller>(&id)?,
        None => None,
    };
    let (order_lines, orders_cut) = order_lines(ctx, &read, &orders)?;
    let (services, services_cut) = service_lines(ctx, &read, services, &orders)?;
    Ok(CustomerPage {
        version: version(&customer)?,
        reseller,
        to_pay: to_pay(ctx, &read, &watching, &orders, money.as_ref())?,
        watching,
        money,
        orders: order_lines,
        services,
        is_cut: orders_cut || services_cut,
        boxes: held_by(ctx, &read, &customer, devices)?,
        customer,
    })
}

/// Names a customer's record as it is now.
pub fn version(customer: &Customer) -> Result<String, OpError> {
    let bytes = codec::encode(customer).map_err(crate::store::StoreError::from)?;
    let hash = sha2::Sha256::digest(bytes);
    let shown: Vec<u8> = hash.into_iter().take(8).collect();
    Ok(data_encoding::HEXLOWER.encode(&shown))
}

fn money(
    read: &Snapshot,
    customer: &Customer,
    brought: Option<&OpeningDebt>,
) -> Result<Money, OpError> {
    let mut sums: Vec<Amount> = Vec::new();
    let mut add = |currency: Currency, minor: Minor| match sums
        .iter_mut()
        .find(|sum| sum.currency == currency)
    {
        Some(sum) => sum.minor += minor,
        None => sums.push(Amount { minor, currency }),
    };
    let mut oldest_open = BTreeMap::new();
    let open: Vec<OpenInvoice> =
        read.listed(Table::OpenInvoicesByCustomer, &owned_by(customer.id))?;
    for open in open.into_iter().filter(|open| open.open_minor > 0) {
        add(open.currency, open.open_minor);
        if !oldest_open.contains_key(&open.order)
            && let Some(invoice) = read.get::<Invoice>(&open.id)?
        {
            oldest_open.insert(open.order, (open.id.0, invoice.printed_number()));
        }
    }
    if let Some(debt) = brought {
        add(debt.currency, debt.open_minor);
    }
    Ok(Money {
        balances: balances(read, &Account::Customer(customer.id))?,
        owed: sums,
        oldest_open,
    })
}

/// What the openings that are money come to.
fn to_pay(
    ctx: &Ctx,
    read: &Snapshot,
    watching: &Watching,
    orders: &[Order],
    money: Option<&Money>,
) -> Result<BTreeMap<Option<OrderId>, Vec<Amount>>, OpError> {
    let mut to_pay = BTreeMap::new();
    let Some(money) = money else {
        return Ok(to_pay);
    };
    for opening in &watching.openings {
        match opening {
            Opening::Pay(None) => {
                to_pay.insert(None, money.owed.clone());
            }
            Opening::Pay(Some(id)) => {
                let order = orders.iter().find(|order| order.id == *id);
                let amount = match order {
                    Some(order) => missing_of(ctx, read, order)?,
                    None => None,
                };
                to_pay.insert(Some(*id), amount.into_iter().collect());
            }
            _ => {}
        }
    }
    Ok(to_pay)
}

fn order_lines(
    ctx: &Ctx,
    read: &Snapshot,
    orders: &[Order],
) -> Result<(Vec<OrderLine>, bool), OpError> {
    let shown = || {
        let orders = orders.iter().rev();
        orders.filter(|order| order.status != OrderStatus::Deleted)
    };
    let mut books = Books::new(ctx, read);
    let mut lines = Vec::new();
    for order in shown().take(SHOWN_MAX) {
        lines.push(OrderLine {
            order: order.clone(),
            title: title_of_order(read, order)?,
            price: price_in(&mut books, ctx.now, order)?,
        });
    }
    Ok((lines, shown().nth(SHOWN_MAX).is_some()))
}

/// What the next cycle of an order costs, or the first of one that waits for its money.
pub(in crate::ops) fn price_in(
    books: &mut Books<'_, Snapshot>,
    now: Timestamp,
    order: &Order,
) -> Result<Option<Amount>, OpError> {
    if order.offer.is_none() {
        return Ok(None);
    }
    let bill = if order.standing == Standing::Waiting {
        Some(books.first_bill(order, now)?)
    } else {
        books.next_bill(order)?
    };
    Ok(bill.and_then(|bill| bill.total()))
}

fn service_lines(
    ctx: &Ctx,
    read: &Snapshot,
    mut services: Vec<Service>,
    orders: &[Order],
) -> Result<(Vec<ServiceLine>, bool), OpError> {
    services.retain(|service| service.status != ServiceStatus::Deleted);
    // What is open first, then the newest.
    let is_closed = |service: &Service| service.status_at(ctx.now) != ServiceStatus::Active;
    services.sort_by_key(|service| (is_closed(service), std::cmp::Reverse(service.id)));
    let is_cut = services.len() > SHOWN_MAX;
    services.truncate(SHOWN_MAX);
    let mut lines = Vec::with_capacity(services.len());
    for service in services {
        let order = orders
            .iter()
            .find(|order| Some(order.id) == service.origin.order());
        lines.push(ServiceLine {
            title: title_of_service(read, &service)?,
            reason: watching::of_service(&service, order, ctx.now),
            service,
        });
    }
    Ok((lines, is_cut))
}
