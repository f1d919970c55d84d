//! What a request comes to, and the answer of a look beforehand.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{AskedEffect, Ctx};
use crate::domain::billing::invoice::InvoiceKind;
use crate::domain::billing::order::Order;
use crate::domain::billing::payment::{Payment, PaymentKind, VoucherBatch};
use crate::domain::customers::Customer;
use crate::domain::customers::service::Service;
use crate::domain::effect::{Balance, Billed, Effect, Missing, Moved, Owed, Titled};
use crate::domain::messages::template::TemplateKind;
use crate::domain::partners::PartnerTransaction;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;

use super::error::Problem;
use super::words::{
    customer_word, payment_kind, payment_state, service_word, standing_word, status_word,
    transaction_kind, transaction_state,
};

/// A kind or state.
type Word = &'static str;

/// What stands there before and after; what is not there is left out.
#[derive(Debug, Serialize, ToSchema)]
struct BeforeAfter<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<T>,
}

impl<T> BeforeAfter<T> {
    /// What a member of a record was and is.
    fn of<R>(moved: &Moved<R>, member: impl Fn(&R) -> Option<T>) -> Self {
        Self {
            before: moved.before.as_ref().and_then(&member),
            after: member(&moved.after),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderEffect)]
struct OrderEffectOut {
    /// A look does not know numbers of what is not made yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    title: String,
    status: BeforeAfter<Word>,
    standing: BeforeAfter<Word>,
    expires: BeforeAfter<String>,
    next_billing_cycle: BeforeAfter<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceEffect)]
struct ServiceEffectOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    title: String,
    status: BeforeAfter<Word>,
    expires: BeforeAfter<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceEffect)]
struct InvoiceEffectOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    kind: &'static str,
    total: String,
    currency: String,
    open: BeforeAfter<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentEffect)]
struct PaymentEffectOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    kind: &'static str,
    method: String,
    amount: String,
    currency: String,
    state: BeforeAfter<Word>,
    refunded: BeforeAfter<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BalanceEffect)]
struct BalanceEffectOut {
    customer: u64,
    currency: String,
    before: String,
    after: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerEffect)]
struct CustomerEffectOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    status: BeforeAfter<Word>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Missing)]
struct MissingOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<u64>,
    title: String,
    standing: &'static str,
    amount: String,
    currency: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchEffect)]
struct BatchEffectOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    title: String,
    count: u32,
    amount: String,
    currency: String,
    total: String,
    used: BeforeAfter<u32>,
    sold_count: BeforeAfter<u32>,
    /// For how much.
    sold: BeforeAfter<String>,
    /// When it was taken out of use.
    revoked: BeforeAfter<String>,
}

/// A charge or refund of a partner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransactionEffect)]
struct TransactionEffectOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    kind: &'static str,
    amount: String,
    currency: String,
    state: BeforeAfter<Word>,
    refunded: BeforeAfter<String>,
}

/// What a partner is owed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwedEffect)]
struct OwedEffectOut {
    account: String,
    currency: String,
    before: String,
    after: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoxesTold)]
struct BoxesOut {
    told: usize,
    events: usize,
}

/// All that a request comes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Effect)]
pub struct EffectOut {
    customers: Vec<CustomerEffectOut>,
    orders: Vec<OrderEffectOut>,
    services: Vec<ServiceEffectOut>,
    invoices: Vec<InvoiceEffectOut>,
    payments: Vec<PaymentEffectOut>,
    refunds: Vec<PaymentEffectOut>,
    balance: Vec<BalanceEffectOut>,
    missing: Vec<MissingOut>,
    voucher_batches: Vec<BatchEffectOut>,
    partner_transactions: Vec<TransactionEffectOut>,
    partner_accounts: Vec<OwedEffectOut>,
    boxes: BoxesOut,
    letters: Vec<&'static str>,
}

/// Words an effect for one who asked, hiding numbers that a look took and gave back.
struct Words<'c> {
    ctx: &'c Ctx,
    is_look: bool,
}

impl Words<'_> {
    fn number(&self, number: u64, is_new: bool) -> Option<u64> {
        (!(self.is_look && is_new)).then_some(number)
    }

    fn order(&self, Titled { title, moved }: &Titled<Order>) -> OrderEffectOut {
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339_millis);
        OrderEffectOut {
            id: self.number(moved.after.id.0, moved.before.is_none()),
            title: title.clone(),
            status: BeforeAfter::of(moved, |order| {
                Some(status_word(order.status_at(self.ctx.now)))
            }),
            standing: BeforeAfter::of(moved, |order| Some(standing_word(order.standing))),
            expires: BeforeAfter::of(moved, |order| time(order.expires_at)),
            next_billing_cycle: BeforeAfter::of(moved, |order| time(order.next_cycle_at)),
        }
    }

    fn service(&self, Titled { title, moved }: &Titled<Service>) -> ServiceEffectOut {
        ServiceEffectOut {
            id: self.number(moved.after.id.0, moved.before.is_none()),
            title: title.clone(),
            status: BeforeAfter::of(moved, |service| {
                Some(service_word(service.status_at(self.ctx.now)))
            }),
            expires: BeforeAfter::of(moved, |service| {
                service.expires_at.map(Timestamp::to_rfc3339_millis)
            }),
        }
    }

    /// A customer whose status changes; others of their fields are no news here.
    fn customer(&self, moved: &Moved<Customer>) -> Option<CustomerEffectOut> {
        let status = BeforeAfter::of(moved, |customer| Some(customer_word(customer.status)));
        (status.before != status.after).then_some(CustomerEffectOut {
            id: self.number(moved.after.id.0, moved.before.is_none()),
            status,
        })
    }

    fn invoice(&self, Billed { invoice, open }: &Billed) -> InvoiceEffectOut {
        let currency = invoice.currency;
        InvoiceEffectOut {
            number: self.number(invoice.id.0, open.before.is_none()),
            kind: match invoice.kind {
                InvoiceKind::Invoice => "INVOICE",
                InvoiceKind::CreditNote { .. } => "CREDIT_NOTE",
            },
            total: invoice.total().to_fixed(),
            currency: currency.as_str().to_owned(),
            open: BeforeAfter::of(open, |minor| {
                let minor = *minor;
                Some(Amount { minor, currency }.to_fixed())
            }),
        }
    }

    fn payment(&self, moved: &Moved<Payment>) -> PaymentEffectOut {
        let after = &moved.after;
        PaymentEffectOut {
            id: self.number(after.id.0, moved.before.is_none()),
            kind: payment_kind(after),
            method: after.method.clone(),
            amount: after.amount.to_fixed(),
            currency: after.amount.currency.as_str().to_owned(),
            state: BeforeAfter::of(moved, |payment| Some(payment_state(payment))),
            refunded: BeforeAfter::of(moved, |payment| {
                let amount = Amount {
                    minor: payment.refunded_minor,
                    ..payment.amount
                };
                Some(amount.to_fixed())
            }),
        }
    }

    fn missing(&self, missing: &Missing) -> MissingOut {
        MissingOut {
            order: self.number(missing.order.0, missing.is_new),
            title: missing.title.clone(),
            standing: standing_word(missing.standing),
            amount: missing.amount.to_fixed(),
            currency: missing.amount.currency.as_str().to_owned(),
        }
    }

    fn batch(&self, moved: &Moved<VoucherBatch>) -> BatchEffectOut {
        let VoucherBatch { amount, count, .. } = moved.after;
        let total = Amount {
            minor: amount.minor.times(count),
            ..amount
        };
        BatchEffectOut {
            id: self.number(moved.after.id.0, moved.before.is_none()),
            title: moved.after.title.clone(),
            count,
            amount: amount.to_fixed(),
            currency: amount.currency.as_str().to_owned(),
            total: total.to_fixed(),
            used: BeforeAfter::of(moved, |batch| Some(batch.used_count)),
            sold_count: BeforeAfter::of(moved, |batch| Some(batch.sold_count)),
            sold: BeforeAfter::of(moved, |batch| {
                let minor = batch.sold_minor;
                Some(Amount { minor, ..amount }.to_fixed())
            }),
            revoked: BeforeAfter::of(moved, |batch| {
                batch.revoked_at.map(Timestamp::to_rfc3339_millis)
            }),
        }
    }

    fn transaction(&self, moved: &Moved<PartnerTransaction>) -> TransactionEffectOut {
        let after = &moved.after;
        TransactionEffectOut {
            id: self.number(after.id.0, moved.before.is_none()),
            kind: transaction_kind(after.kind),
            amount: after.amount.to_fixed(),
            currency: after.amount.currency.as_str().to_owned(),
            state: BeforeAfter::of(moved, |made| Some(transaction_state(made.state))),
            refunded: BeforeAfter::of(moved, |made| {
                let minor = made.refunded_minor;
                Some(
                    Amount {
                        minor,
                        ..made.amount
                    }
                    .to_fixed(),
                )
            }),
        }
    }

    fn all(&self, effect: &Effect) -> EffectOut {
        let is_refund = |of: &&Moved<Payment>| matches!(of.after.kind, PaymentKind::Refund { .. });
        let payments = effect.payments.iter();
        EffectOut {
            customers: effect
                .customers
                .iter()
                .filter_map(|of| self.customer(of))
                .collect(),
            orders: effect.orders.iter().map(|of| self.order(of)).collect(),
            services: effect.services.iter().map(|of| self.service(of)).collect(),
            invoices: effect.invoices.iter().map(|of| self.invoice(of)).collect(),
            refunds: payments
                .clone()
                .filter(is_refund)
                .map(|of| self.payment(of))
                .collect(),
            payments: payments
                .filter(|of| !is_refund(of))
                .map(|of| self.payment(of))
                .collect(),
            balance: effect.balances.iter().map(balance).collect(),
            missing: effect.missing.iter().map(|of| self.missing(of)).collect(),
            voucher_batches: effect.batches.iter().map(|of| self.batch(of)).collect(),
            partner_transactions: effect
                .transactions
                .iter()
                .map(|of| self.transaction(of))
                .collect(),
            partner_accounts: effect.owed.iter().map(owed).collect(),
            boxes: BoxesOut {
                told: effect.boxes_told,
                events: effect.box_events,
            },
            letters: effect
                .letters
                .iter()
                .copied()
                .map(TemplateKind::word)
                .collect(),
        }
    }
}

fn owed(owed: &Owed) -> OwedEffectOut {
    let currency = owed.currency;
    let text = |minor: Minor| Amount { minor, currency }.to_fixed();
    OwedEffectOut {
        account: owed.account.to_string(),
        currency: currency.as_str().to_owned(),
        before: text(owed.before_minor),
        after: text(owed.after_minor),
    }
}

fn balance(balance: &Balance) -> BalanceEffectOut {
    let currency = balance.currency;
    let text = |minor: Minor| Amount { minor, currency }.to_fixed();
    BalanceEffectOut {
        customer: balance.customer.0,
        currency: currency.as_str().to_owned(),
        before: text(balance.before_minor),
        after: text(balance.after_minor),
    }
}

/// The answer of what was done: what was made, and what it came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done<T> {
    #[serde(flatten)]
    made: T,
    effect: EffectOut,
}

/// The answer of a look: what would come of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Looked)]
pub(super) struct Looked {
    preview: bool,
    effect: EffectOut,
}

/// Answers a request with what it made and its effect; of one that was only a look, which made
/// nothing, with the effect alone.
pub(super) fn answer<T: Serialize>(
    ctx: &Ctx,
    code: StatusCode,
    made: impl FnOnce() -> Result<T, Problem>,
) -> Result<Response, Problem> {
    let is_look = ctx.is_rehearsal();
    let found = ctx.effect.as_ref().and_then(AskedEffect::take);
    if is_look && found.is_none() {
        return Err(OpError::Failed("no effect was found".to_owned()).into());
    }
    let effect = Words { ctx, is_look }.all(&found.unwrap_or_default());
    if is_look {
        let looked = Looked {
            preview: true,
            effect,
        };
        return Ok(Json(looked).into_response());
    }
    let made = made()?;
    Ok((code, Json(Done { made, effect })).into_response())
}
