//! Amounts and days as people of a language write them. Only for what people read.

use crate::domain::values::calendar::{LocalDate, Zone};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;

/// Decimal mark and mark between thousands of a language.
fn marks(locale: &str) -> (char, char) {
    const NARROW: char = '\u{202f}';
    const WIDE: char = '\u{a0}';
    let tag = locale.replace('_', "-").to_lowercase();
    match (tag.split('-').next().unwrap_or_default(), tag.as_str()) {
        (_, "de-ch" | "it-ch" | "fr-ch") => ('.', '\u{2019}'),
        (_, "de-at") => (',', WIDE),
        (_, "es-mx" | "es-us" | "es-gt" | "es-hn" | "es-ni" | "es-sv" | "es-do" | "es-pe") => {
            ('.', ',')
        }
        (
            "de" | "es" | "it" | "nl" | "pt" | "el" | "da" | "id" | "tr" | "ro" | "hr" | "sl"
            | "sr" | "bs" | "mk" | "sq" | "is" | "ca" | "gl" | "eu" | "vi" | "az",
            _,
        ) => (',', '.'),
        ("fr", _) => (',', NARROW),
        (
            "ru" | "uk" | "be" | "bg" | "pl" | "cs" | "sk" | "hu" | "fi" | "sv" | "nb" | "no"
            | "nn" | "et" | "lv" | "lt" | "kk" | "ky" | "uz" | "ka" | "hy" | "mn" | "tg" | "tk",
            _,
        ) => (',', WIDE),
        _ => ('.', ','),
    }
}

/// `1,234.50 USD`, `1.234,50 EUR`: the code stands behind, as every country understands it.
#[must_use]
pub fn amount(amount: Amount, locale: &str) -> String {
    let (decimal, group) = marks(locale);
    let text = amount.to_fixed();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("\u{2212}", rest),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        let left = whole.len().saturating_sub(i);
        if i > 0 && left % 3 == 0 {
            grouped.push(group);
        }
        grouped.push(digit);
    }
    let exponent = usize::try_from(amount.currency.exponent()).unwrap_or(2);
    let fraction = if exponent == 0 {
        String::new()
    } else {
        format!("{decimal}{fraction:0<exponent$}")
    };
    format!(
        "{sign}{grouped}{fraction}\u{a0}{}",
        amount.currency.as_str()
    )
}

/// A rate in percent with the decimal mark of the language.
#[must_use]
pub fn percent(text: &str, locale: &str) -> String {
    let (decimal, _) = marks(locale);
    format!("{}\u{a0}%", text.replace('.', &decimal.to_string()))
}

/// The day on which an instant falls, as `2026-01-31`: one order that nobody misreads.
#[must_use]
pub fn day(at: Timestamp, zone: &Zone) -> String {
    let date: LocalDate = zone.date(at);
    date.to_string()
}

/// The day on which an instant falls, as people of the language write it; as [`day`] where we do
/// not know how they do.
#[must_use]
pub fn long_day(at: Timestamp, zone: &Zone, locale: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let iso = day(at, zone);
    let mut parts = iso.split('-').rev().map(str::parse::<usize>);
    let (Some(Ok(day)), Some(Ok(month)), Some(Ok(year)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return iso;
    };
    let name = MONTHS
        .get(month.saturating_sub(1))
        .copied()
        .unwrap_or_default();
    let tag = locale.replace('_', "-").to_lowercase();
    match (tag.split('-').next().unwrap_or_default(), tag.as_str()) {
        (_, "en-us") => format!("{name} {day}, {year}"),
        ("en", _) => format!("{day} {name} {year}"),
        (
            "de" | "uk" | "ru" | "be" | "bg" | "pl" | "cs" | "sk" | "fi" | "nb" | "no" | "nn"
            | "et" | "lv" | "ro" | "tr" | "kk" | "ky" | "uz" | "ka" | "hy" | "az" | "mk" | "sr"
            | "hr" | "sl" | "bs" | "da" | "is" | "sq" | "tg" | "tk",
            _,
        ) => format!("{day:02}.{month:02}.{year}"),
        ("es" | "it" | "pt" | "fr" | "el" | "ca" | "gl" | "vi" | "id", _) => {
            format!("{day:02}/{month:02}/{year}")
        }
        _ => iso,
    }
}

/// Text as HTML.
#[must_use]
pub fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Who writes, and how days and amounts are written there.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'h> {
    pub name: &'h str,
    pub zone: &'h Zone,
    pub locale: &'h str,
}

impl Sender<'_> {
    #[must_use]
    pub fn amount(&self, of: Amount) -> String {
        amount(of, self.locale)
    }

    #[must_use]
    pub fn day(&self, at: Timestamp) -> String {
        day(at, self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::amount;
    use crate::domain::values::minor::Minor;
    use crate::domain::values::money::{Amount, Currency};

    #[test]
    fn amounts_are_written_as_in_the_language() {
        let of = |minor, code: &str, locale| {
            let (minor, currency) = (Minor::of(minor), Currency::parse(code).unwrap());
            amount(Amount { minor, currency }, locale)
        };
        assert_eq!(of(123_450, "USD", "en"), "1,234.50\u{a0}USD");
        assert_eq!(of(123_450, "EUR", "de-DE"), "1.234,50\u{a0}EUR");
        assert_eq!(of(-5, "EUR", "de"), "\u{2212}0,05\u{a0}EUR");
        assert_eq!(of(1_234_567, "JPY", "ja"), "1,234,567\u{a0}JPY");
        assert_eq!(of(1_234_567, "KWD", "en"), "1,234.567\u{a0}KWD");
        assert_eq!(of(1_500, "CHF", "de_CH"), "15.00\u{a0}CHF");
    }
}
