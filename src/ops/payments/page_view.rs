//! What a page shows: what is sold there, what it costs, and why nothing can be paid, if so.

use super::page_orders;
use super::page_orders::may_begin;
use crate::app::Ctx;
use crate::app::memory::failed_attempts::Door;
use crate::domain::billing::cycle::Bill;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::payment::{HostedPage, HostedPageState, PagePurpose, Payment, Shown};
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::customers::Customer;
use crate::domain::refusal::MoneyRefusal;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::ops::OpError;
use crate::ops::attempts;
use crate::ops::billing::books::{Agreed, Ahead, Books};
use crate::ops::payments::page_begin;
use crate::store::{Read, Table};

/// The page with this code. Public: the code is the secret.
pub fn find(ctx: &Ctx, code: &str) -> Result<HostedPage, OpError> {
    looked_up(ctx, &ctx.snapshot()?, code)
}

/// As [`find_in`]; codes that are none are counted.
fn looked_up(ctx: &Ctx, read: &impl Read, code: &str) -> Result<HostedPage, OpError> {
    let found = find_in(read, code);
    if let Err(OpError::Missing { .. }) = found {
        attempts::failed(ctx, Door::PageCode)?;
    }
    found
}

pub(super) fn find_in(read: &impl Read, code: &str) -> Result<HostedPage, OpError> {
    let page = read.get_by(Table::HostedPagesByCode, code.as_bytes())?;
    page.ok_or_else(|| OpError::Missing {
        kind: "hosted page",
        key: code.chars().take(64).collect(),
    })
}

/// What a page shows: while it is paid for and afterwards, what the payer saw when they began to.
#[derive(Debug, Clone)]
pub struct View {
    pub page: HostedPage,
    pub offer: ProductOffer,
    pub product: ProductSpec,
    pub bill: Bill,
    /// The version of the price.
    version: u32,
    /// What the cycle costs.
    pub price: Amount,
    /// What of it the balance pays.
    pub from_balance: Amount,
    /// What is left to be paid.
    pub to_pay: Amount,
    /// The last payment on this page.
    pub payment: Option<Payment>,
    /// Why nothing can be paid here; `None`: it can.
    pub closed: Option<Closed>,
}

/// Why a page takes no payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    Paid,
    /// The provider has not said yet how the payment ended.
    Processing,
    Expired,
    /// The order was paid in another way, so nothing is owed for it here.
    Begun,
    /// The order is gone, or the offer is no longer sold.
    Withdrawn,
}

/// The page with all it shows.
pub fn view(ctx: &Ctx, code: &str) -> Result<View, OpError> {
    let snapshot = ctx.snapshot()?;
    let page = looked_up(ctx, &snapshot, code)?;
    view_in(ctx, &snapshot, page)
}

pub(super) fn view_in(ctx: &Ctx, read: &impl Read, page: HostedPage) -> Result<View, OpError> {
    let order = page_orders::present(ctx, read, &page)?;
    let customer: Customer = crate::ops::get(read, page.customer)?;
    let offer = match (page.purpose, order.offer) {
        (PagePurpose::Extend(id), _) | (_, Some(id)) => crate::ops::get::<ProductOffer>(read, id)?,
        (_, None) => return Err(MoneyRefusal::PageClosed.into()),
    };
    let product: ProductSpec = crate::ops::get(read, order.product)?;
    let mut books = Books::new(ctx, read);
    let payment: Option<Payment> = match page.payment {
        Some(id) => read.get(&id)?,
        None => None,
    };
    let seen = page.shown.filter(|_| is_taken(page.state));
    let asked = asked(
        ctx,
        &mut books,
        &page,
        &order,
        &offer,
        seen.zip(payment.as_ref()),
    )?;
    let bill = asked.bill;
    let currency = bill.currency.unwrap_or(ctx.app.company().currency);
    let price = seen.map_or(bill.total_minor(), |shown| shown.total.minor);
    let from_balance = match seen {
        Some(shown) => shown.from_balance_minor,
        None => books
            .balance(customer.id, currency)?
            .minor
            .clamp(Minor::ZERO, price),
    };
    let amount = |minor: Minor| Amount { minor, currency };
    let to_pay = price - from_balance;
    let (reopens, ahead) = (asked.reopens, asked.ahead);
    let closed = match page.state {
        HostedPageState::Succeeded | HostedPageState::Acknowledged => Some(Closed::Paid),
        HostedPageState::Requested => Some(Closed::Processing),
        HostedPageState::Cancelled if order.runs_at(ctx.now) && !reopens => Some(Closed::Begun),
        HostedPageState::Cancelled => Some(Closed::Withdrawn),
        HostedPageState::Created if page.expires_at <= ctx.now => Some(Closed::Expired),
        HostedPageState::Created if customer.is_deleted() => Some(Closed::Withdrawn),
        HostedPageState::Created => match ahead {
            Some(ahead) => {
                let may = page_orders::may_extend(ctx, read, &order, &ahead, &offer, &customer)?;
                (!may).then_some(Closed::Withdrawn)
            }
            // It was sold before.
            None if reopens => None,
            None if order.runs_at(ctx.now) => Some(Closed::Begun),
            None => closed_to_buyer(ctx, read, &page, &order, &offer, &product)?,
        },
    };
    Ok(View {
        page,
        offer,
        product,
        bill,
        version: asked.version,
        price: amount(price),
        from_balance: amount(from_balance),
        to_pay: amount(to_pay),
        payment,
        closed,
    })
}

/// What a page asks for, and why.
struct Asked {
    bill: Bill,
    version: u32,
    /// Whether its order waits for money that lets it run on.
    reopens: bool,
    /// Its order is to be extended by this.
    ahead: Option<Ahead>,
}

/// `seen`: what the payer saw when they began to pay, while that holds.
fn asked<R: Read>(
    ctx: &Ctx,
    books: &mut Books<'_, R>,
    page: &HostedPage,
    order: &Order,
    offer: &ProductOffer,
    seen: Option<(Shown, &Payment)>,
) -> Result<Asked, OpError> {
    let agreed = seen.map(|(shown, payment)| page_begin::agreed(shown, Some(payment)));
    if let PagePurpose::Extend(_) = page.purpose
        && let Some(ahead) = books.ahead(order, offer, agreed, ctx.now)?
    {
        return Ok(Asked {
            bill: ahead.bill.clone(),
            version: ahead.version,
            reopens: false,
            ahead: Some(ahead),
        });
    }
    let mut begun = order.clone();
    if order.standing == Standing::Waiting {
        begun.set_status(OrderStatus::Active, &ctx.app.company().zone, ctx.now);
    }
    let reopens = books.asks_for_money(order)?;
    let agreed = match agreed {
        Some(agreed) => agreed,
        None if reopens => Agreed::now(books.price_version_to_reopen(order, ctx.now)?),
        None => Agreed::now(books.price_version(&begun)?),
    };
    if reopens {
        books.agree(order.id, agreed);
    }
    let bill = match books.bill_to_reopen(order, ctx.now)? {
        Some(bill) => bill,
        None => books.first_bill_as(&begun, agreed, ctx.now)?,
    };
    Ok(Asked {
        bill,
        version: agreed.version,
        reopens,
        ahead: None,
    })
}

/// Why nothing can be paid for an order that has not begun.
fn closed_to_buyer(
    ctx: &Ctx,
    read: &impl Read,
    page: &HostedPage,
    order: &Order,
    offer: &ProductOffer,
    product: &ProductSpec,
) -> Result<Option<Closed>, OpError> {
    if page_orders::is_had(ctx, read, page, order)? {
        return Ok(Some(Closed::Begun));
    }
    let customer: Customer = crate::ops::get(read, page.customer)?;
    let sold = offer.is_orderable_at(product, ctx.now) && offer.billing != Billing::External;
    let may = sold && may_begin(ctx, read, page, order, &customer, offer)?;
    Ok((!may).then_some(Closed::Withdrawn))
}

impl View {
    pub(super) fn shown(&self) -> Shown {
        Shown {
            price_version: self.version,
            total: self.price,
            from_balance_minor: self.from_balance.minor,
        }
    }
}

/// Whether a page of this state stands for what its payer saw, and no longer for today's price.
fn is_taken(state: HostedPageState) -> bool {
    match state {
        HostedPageState::Requested | HostedPageState::Succeeded | HostedPageState::Acknowledged => {
            true
        }
        HostedPageState::Created | HostedPageState::Cancelled => false,
    }
}
