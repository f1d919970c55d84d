//! Hosted pages: made, shown, and paid. A page is paid once, whatever is repeated; the order it is
//! for becomes active with its services in the commit of the payment.

use crate::app::Ctx;
use crate::app::memory::failed_attempts::Door;
use crate::domain::billing::order::Order;
use crate::domain::billing::payment::{
    HOSTED_PAGE_SECONDS, HostedPage, HostedPageState, PAGE_ATTEMPTS_MAX, PagePurpose, Payment,
    PaymentKind, PaymentState,
};
use crate::domain::catalogue::kinds::Billing;
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::customers::Customer;
use crate::domain::refusal::{MoneyRefusal, OrderRefusal, Refusal};
use crate::domain::staff::Permission;
use crate::domain::values::id::{CustomerId, PaymentId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::payments::book::Receipt;
use crate::ops::payments::{page_orders, page_paid, vouchers};
use crate::ops::{Handle, OpError, attempts};
use crate::store::{Read, Tx};

pub use super::page_orders::PageItem;

/// Why a payment on a page failed, where the page has words of its own for it.
pub const DECLINED: &str = "the card was declined";
pub const BAD_VOUCHER: &str = "this voucher is not valid, or no longer";

use super::page_view::{Closed, View, find, find_in, view_in};
pub use crate::ops::billing::books::{INVOICE, OWED_BEFORE};
use crate::ops::payments::book;

/// Makes a page where the customer pays for an order: one that waits for money, one that runs, or a
/// new one that waits for its first payment. `return_url` was checked by the dialect.
pub async fn create(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    wanted: PageItem,
    return_url: String,
) -> Result<HostedPage, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    let code = page_code(ctx.app.entropy.bytes()?);
    ctx.write(move |ctx, tx| {
        let customer: Customer = crate::ops::find(tx, &customer)?;
        let (order, purpose) = page_orders::choose(ctx, tx, &customer, &wanted)?;
        if let Some(offer) = order.offer.filter(|_| order.billing == Billing::External) {
            // Money for it would lie about here: nothing would ever be billed.
            return Err(OrderRefusal::BilledElsewhere { offer }.into());
        }
        let page = HostedPage {
            id: tx.next_id()?,
            code,
            customer: customer.id,
            order: order.id,
            purpose,
            return_url,
            state: HostedPageState::Created,
            payment: None,
            attempts: 0,
            shown: None,
            created_at: ctx.now,
            expires_at: ctx.now.saturating_add_seconds(HOSTED_PAGE_SECONDS),
        };
        crate::ops::create(ctx, tx, "hosted_page.create", &page)?;
        Ok(page)
    })
    .await
}

/// A way to pay on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// From the balance alone; also what costs nothing.
    Balance,
    /// A voucher's value goes to the balance; if that covers the price, the page is paid.
    Voucher { code: String },
    /// The operator is told and confirms when the money is there.
    Manual,
    /// A card that does what its number says.
    Sandbox { card: String },
}

/// How a submit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Processing,
    /// Not paid; the page can be used again.
    Failed {
        reason: String,
    },
    /// The voucher was taken and does not cover the price.
    PartlyPaid,
}

/// Pays the page with `code`. `seen`: the amount that the payer saw; another one is refused.
/// A page that is paid already answers so and moves nothing.
pub async fn submit(ctx: &Ctx, code: String, way: Way, seen: Amount) -> Result<Outcome, OpError> {
    let settings = &ctx.app.config.payments;
    let (on, name) = match &way {
        Way::Balance => (true, "balance"),
        Way::Voucher { .. } => (settings.voucher, "voucher"),
        Way::Manual => (settings.manual, "manual"),
        Way::Sandbox { .. } => (settings.sandbox, "sandbox"),
    };
    if !on {
        let method = name.to_owned();
        return Err(MoneyRefusal::MethodOff { method }.into());
    }
    // Codes and vouchers that are none never reach the writer.
    let page = find(ctx, &code)?;
    if let Way::Voucher { code } = &way
        && !vouchers::is_good(ctx, &ctx.snapshot()?, code)?
        && page.payment.is_none()
    {
        attempts::failed(ctx, Door::Voucher)?;
    }
    ctx.write(move |ctx, tx| submit_in(ctx, tx, &code, way, seen))
        .await
}

fn submit_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    code: &str,
    way: Way,
    seen: Amount,
) -> Result<Outcome, OpError> {
    let (view, mut page) = match enter(ctx, tx, code, seen)? {
        Entered::Paid => return Ok(Outcome::Succeeded),
        Entered::UnderWay(_) => return Ok(Outcome::Processing),
        Entered::Open(view, page) => (view, page),
    };
    if view.to_pay.minor == 0 {
        // Nothing is left to be paid, in whatever way: no payment of nothing is made.
        complete(ctx, tx, &page, None)?;
        return Ok(Outcome::Succeeded);
    }
    match way {
        Way::Balance => {
            let short_by = view.to_pay;
            Err(MoneyRefusal::InsufficientFunds { short_by }.into())
        }
        Way::Voucher { code } => {
            tx.put(&page)?;
            let before = page_paid::Asking::of(ctx, tx, &page)?;
            let paid = match vouchers::redeem_in(ctx, tx, page.customer, &code, Some(&page)) {
                // The attempt counts, so that codes cannot be tried without end.
                Err(OpError::Refused(Refusal::Money(MoneyRefusal::VoucherInvalid))) => {
                    let reason = BAD_VOUCHER.to_owned();
                    return Ok(Outcome::Failed { reason });
                }
                other => other?,
            };
            page.payment = Some(paid.id);
            tx.put(&page)?;
            if page_paid::reopened(ctx, tx, &before, &page, &paid)? {
                return Ok(Outcome::Succeeded);
            }
            let again = view_in(ctx, tx, page.clone())?;
            if again.to_pay.minor > 0 {
                return Ok(Outcome::PartlyPaid);
            }
            page.shown = Some(again.shown());
            complete(ctx, tx, &page, None)?;
            Ok(Outcome::Succeeded)
        }
        Way::Manual => {
            begin_payment(ctx, tx, &page, view.to_pay, book::MANUAL, None)?;
            Ok(Outcome::Processing)
        }
        Way::Sandbox { card } => sandbox(ctx, tx, page, view.to_pay, &card),
    }
}

/// What a submit finds.
enum Entered {
    Paid,
    /// Somebody still has to say how this payment ended.
    UnderWay(Option<Payment>),
    /// It can be paid; the page with this attempt counted, and what was seen.
    Open(Box<View>, HostedPage),
}

/// What every way to pay begins with.
fn enter(ctx: &Ctx, read: &impl Read, code: &str, seen: Amount) -> Result<Entered, OpError> {
    let view = view_in(ctx, read, find_in(read, code)?)?;
    match view.closed {
        Some(Closed::Paid) => return Ok(Entered::Paid),
        Some(Closed::Processing) => return Ok(Entered::UnderWay(view.payment)),
        Some(Closed::Expired | Closed::Begun | Closed::Withdrawn) => {
            return Err(MoneyRefusal::PageClosed.into());
        }
        None => {}
    }
    if seen != view.to_pay {
        return Err(MoneyRefusal::PriceChanged { now: view.to_pay }.into());
    }
    if view.page.attempts >= PAGE_ATTEMPTS_MAX {
        return Err(MoneyRefusal::PageClosed.into());
    }
    let mut page = view.page.clone();
    page.attempts = page.attempts.saturating_add(1);
    page.shown = Some(view.shown());
    Ok(Entered::Open(Box::new(view), page))
}

/// How long the sandbox takes to decide, in seconds.
const SANDBOX_SECONDS: i64 = 30;

fn sandbox(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    page: HostedPage,
    amount: Amount,
    card: &str,
) -> Result<Outcome, OpError> {
    let digits: String = card.chars().filter(char::is_ascii_digit).collect();
    let reference = format!("{}-{}", page.code, page.attempts);
    match digits.as_str() {
        "4242424242424242" => {
            let receipt = Receipt {
                method: "sandbox".to_owned(),
                reference: Some(reference),
                client_key: None,
                amount,
                note: String::new(),
            };
            complete(ctx, tx, &page, Some(receipt))?;
            Ok(Outcome::Succeeded)
        }
        "4000000000000077" | "4000000000000341" => {
            let due = ctx.now.saturating_add_seconds(SANDBOX_SECONDS);
            let reference = format!("{reference}-{}", &digits[13..]);
            begin_payment(
                ctx,
                tx,
                &page,
                amount,
                "sandbox",
                Some((Some(reference), due)),
            )?;
            Ok(Outcome::Processing)
        }
        "4000000000000002" => {
            let mut page = page;
            let payment = Payment {
                state: PaymentState::Failed,
                reference: Some(reference),
                note: DECLINED.to_owned(),
                ended_at: Some(ctx.now),
                ..new_payment(ctx, tx, &page, amount, "sandbox")?
            };
            crate::ops::create(ctx, tx, "payment.fail", &payment)?;
            page.payment = Some(payment.id);
            tx.put(&page)?;
            let reason = payment.note;
            Ok(Outcome::Failed { reason })
        }
        _ => {
            tx.put(&page)?;
            let reason = "the sandbox does not know this card".to_owned();
            Ok(Outcome::Failed { reason })
        }
    }
}

fn new_payment(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    page: &HostedPage,
    amount: Amount,
    method: &str,
) -> Result<Payment, OpError> {
    Ok(Payment {
        id: tx.next_id()?,
        kind: PaymentKind::Payment,
        customer: Some(page.customer),
        order: Some(page.order),
        page: Some(page.id),
        method: method.to_owned(),
        reference: None,
        client_key: None,
        amount,
        state: PaymentState::Processing,
        refunded_minor: Minor::ZERO,
        disputed_minor: Minor::ZERO,
        told_minor: Minor::ZERO,
        refund_failed: false,
        note: String::new(),
        created_at: ctx.now,
        ended_at: None,
        due_at: None,
        by: String::new(),
    })
}

/// A payment at a provider's own page.
pub(in crate::ops) enum Begun {
    Paid,
    UnderWay(PaymentId),
}

/// Begins a payment whose end a provider will say; one that is under way with the same provider
/// goes on. `due_at`: when it is looked after at the latest.
pub(in crate::ops) fn begin_at_provider(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    code: &str,
    seen: Amount,
    method: &str,
    due_at: Timestamp,
) -> Result<Begun, OpError> {
    let (view, page) = match enter(ctx, tx, code, seen)? {
        Entered::Paid => return Ok(Begun::Paid),
        Entered::UnderWay(payment) => {
            let payment = payment.filter(|payment| payment.method == method);
            let payment = payment.ok_or(MoneyRefusal::PageClosed)?;
            return Ok(Begun::UnderWay(payment.id));
        }
        Entered::Open(view, page) => (view, page),
    };
    if view.to_pay.minor == 0 {
        complete(ctx, tx, &page, None)?;
        return Ok(Begun::Paid);
    }
    let payment = begin_payment(ctx, tx, &page, view.to_pay, method, Some((None, due_at)))?;
    Ok(Begun::UnderWay(payment.id))
}

/// Code of the page that a payment is for, and what is sold there.
pub(in crate::ops) fn named_in(
    read: &impl Read,
    payment: &Payment,
) -> Result<(String, String), OpError> {
    let page = payment.page.ok_or(MoneyRefusal::PageClosed)?;
    let page: HostedPage = read.get(&page)?.ok_or(MoneyRefusal::PageClosed)?;
    let order: Order = crate::ops::get(read, page.order)?;
    let product: ProductSpec = crate::ops::get(read, order.product)?;
    let offer = match page.purpose {
        PagePurpose::Extend(offer) => Some(offer),
        PagePurpose::Begin | PagePurpose::BeginBeside => order.offer,
    };
    let title = match offer {
        Some(id) => crate::ops::get::<ProductOffer>(read, id)?.title,
        None => String::new(),
    };
    let title = [title, product.title, "Your order".to_owned()]
        .into_iter()
        .find(|title| !title.trim().is_empty());
    Ok((page.code, title.unwrap_or_default()))
}

/// Notes a payment that somebody else will say the end of.
fn begin_payment(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    page: &HostedPage,
    amount: Amount,
    method: &str,
    due: Option<(Option<String>, Timestamp)>,
) -> Result<Payment, OpError> {
    let mut payment = new_payment(ctx, tx, page, amount, method)?;
    if let Some((reference, due_at)) = due {
        payment.reference = reference;
        payment.due_at = Some(due_at);
    }
    crate::ops::create(ctx, tx, "payment.begin", &payment)?;
    let mut after = page.clone();
    after.payment = Some(payment.id);
    after.state = HostedPageState::Requested;
    tx.put(&after)?;
    Ok(payment)
}

/// The money is there: it is booked, the order becomes active and is invoiced, its services begin,
/// the page is closed. `receipt`: none where the balance pays.
fn complete(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    page: &HostedPage,
    receipt: Option<Receipt>,
) -> Result<(), OpError> {
    let payment = match receipt {
        None => None,
        Some(receipt) => {
            let mut payment = new_payment(ctx, tx, page, receipt.amount, &receipt.method)?;
            payment.reference = receipt.reference;
            payment.note = receipt.note;
            payment.state = PaymentState::Succeeded;
            payment.ended_at = Some(ctx.now);
            crate::ops::create(ctx, tx, "payment.receive", &payment)?;
            Some(payment)
        }
    };
    page_paid::activate(ctx, tx, page, payment.as_ref())
}

/// Twenty letters and digits out of twenty random bytes; unguessable (over 110 bits).
fn page_code(random: [u8; 20]) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let pick = |byte: u8| {
        ALPHABET
            .get(usize::from(byte) % ALPHABET.len())
            .copied()
            .unwrap_or(b'0')
    };
    random
        .into_iter()
        .map(|byte| char::from(pick(byte)))
        .collect()
}
