//! What a payer is told whose payment is refused: in words where there is something to do about it.

use crate::app::Ctx;
use crate::domain::refusal::{MoneyRefusal, Refusal};
use crate::letters::locale::amount;
use crate::letters::page_words::{filled, page_words};

/// The one place that words a refusal. No wildcard: a new one must be decided about here.
#[deny(clippy::wildcard_enum_match_arm)]
pub fn words(ctx: &Ctx, refusal: &Refusal) -> String {
    let locale = &ctx.app.config.provider.locale;
    let said = page_words(locale);
    match refusal {
        Refusal::Money(MoneyRefusal::PriceChanged { now }) => {
            filled(said.price_changed, &[&amount(*now, locale)])
        }
        Refusal::Money(MoneyRefusal::InsufficientFunds { short_by }) => {
            filled(said.short, &[&amount(*short_by, locale)])
        }
        Refusal::Money(MoneyRefusal::MethodOff { .. }) => said.way_off.to_owned(),
        Refusal::Money(MoneyRefusal::PageClosed) => said.closed.to_owned(),
        // Nothing that the payer could do about it; the code says to others what it was.
        Refusal::EmailTaken
        | Refusal::LoginTaken
        | Refusal::MacTaken { .. }
        | Refusal::IdTaken { .. }
        | Refusal::BeyondCalendar
        | Refusal::TooMany { .. }
        | Refusal::KeyUsed
        | Refusal::NotDead
        | Refusal::ResellerTaken { .. }
        | Refusal::ResellerHasCustomers
        | Refusal::PartnerTaken { .. }
        | Refusal::MonthClosed { .. }
        | Refusal::MonthNotOver { .. }
        | Refusal::TransactionEnded
        | Refusal::NoSuchReseller
        | Refusal::PasswordLength { .. }
        | Refusal::ClockBackward
        | Refusal::Order(_)
        | Refusal::Money(
            MoneyRefusal::CurrencyNotTaken { .. }
            | MoneyRefusal::VouchersLeft { .. }
            | MoneyRefusal::VouchersPaid { .. }
            | MoneyRefusal::VouchersOver
            | MoneyRefusal::VoucherWhole { .. }
            | MoneyRefusal::VouchersBookedByUse
            | MoneyRefusal::PaymentKnown { .. }
            | MoneyRefusal::PaymentEnded { .. }
            | MoneyRefusal::RefundTooLarge { .. }
            | MoneyRefusal::RefundElsewhere { .. }
            | MoneyRefusal::VoucherInvalid
            | MoneyRefusal::NotOwed { .. }
            | MoneyRefusal::NotVoidable { .. },
        )
        | Refusal::Staff(_)
        | Refusal::Partner(_) => filled(said.not_done, &[refusal.code()]),
    }
}
