//! What a dry run says of a changed offer: prices as a person reads them, not as they are kept.

use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::charge::{Charge, Price};
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::kinds::OrderType;
use crate::domain::event::Change;
use crate::domain::values::calendar::Period;
use crate::domain::values::money::TaxRate;

/// Members of the record that are said in other words, or are nobody's business.
const KEPT: [&str; 5] = ["charges", "prices", "term", "dunning", "ladder"];

/// The changes of an offer: its price, its term and its ladder in words, the rest as it is.
pub(super) fn offer(
    before: &ProductOffer,
    after: &ProductOffer,
    mut changes: Vec<Change>,
) -> Vec<Change> {
    changes.retain(|change| !KEPT.contains(&change.field.as_str()));
    let mut say = |field: &str, before: String, after: String| {
        if before != after {
            let field = field.to_owned();
            changes.push(Change {
                field,
                before,
                after,
            });
        }
    };
    say("term", term(before), term(after));
    say(
        "charges",
        charges(before.prices.last()),
        charges(after.prices.last()),
    );
    let newest = |offer: &ProductOffer| offer.prices.last().map(|price| price.version);
    if newest(before) != newest(after)
        && let Some(price) = after.prices.last().filter(|_| !before.prices.is_empty())
    {
        let words = if price.for_running {
            "orders that run too, from their next cycle"
        } else {
            "new orders only"
        };
        say("price_holds_for", String::new(), words.to_owned());
    }
    let steps = |offer: &ProductOffer| offer.ladder.as_ref().map(ladder).unwrap_or_default();
    say("dunning", steps(before), steps(after));
    changes
}

fn term(offer: &ProductOffer) -> String {
    let period = match offer.term.period {
        Period::Day => "DAY",
        Period::Month => "MONTH",
        Period::Quarter => "QUARTER",
        Period::Year => "YEAR",
    };
    format!("{} {period}", offer.term.count.to_decimal())
}

fn charges(price: Option<&Price>) -> String {
    let all = price.map_or(&[][..], |price| &price.charges);
    let words: Vec<String> = all.iter().map(charge).collect();
    words.join(" + ")
}

/// Such as `12.99 USD with every cycle (TV, 20 % tax included)`.
fn charge(charge: &Charge) -> String {
    let when = match charge.kind {
        OrderType::Recurring => "with every cycle",
        OrderType::OneTime => "once",
    };
    let mut notes = Vec::new();
    if !charge.title.is_empty() {
        notes.push(charge.title.clone());
    }
    let how = if charge.tax_included {
        "included"
    } else {
        "on top"
    };
    if charge.tax_rate != TaxRate::ZERO {
        notes.push(format!("{} % tax {how}", charge.tax_rate.to_percent()));
    }
    for (from, rate) in &charge.dated_rates {
        notes.push(format!("{} % tax {how} from {from}", rate.to_percent()));
    }
    if charge.refundable {
        notes.push("given back by the day".to_owned());
    }
    let amount = charge.amount.to_fixed();
    let currency = charge.amount.currency.as_str();
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!(" ({})", notes.join(", "))
    };
    format!("{amount} {currency} {when}{notes}")
}

fn ladder(ladder: &Ladder) -> String {
    let days: Vec<String> = ladder.reminder_days.iter().map(u32::to_string).collect();
    let reminders = if days.is_empty() {
        "no reminders".to_owned()
    } else {
        format!("reminders after {} days", days.join(", "))
    };
    format!(
        "{} days of grace, {reminders}, suspended {} days later",
        ladder.grace_days, ladder.suspend_days
    )
}
