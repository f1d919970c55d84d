//! Money: whole minor units with their currency, never a float.

use serde::{Deserialize, Serialize};

use super::minor::{Minor, rounded};

/// An ISO 4217 currency code. Our own three bytes, so that no table of another crate decides what
/// stored money means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    pub const USD: Currency = Currency(*b"USD");

    /// A code of the ISO 4217 table in capital letters, else `None`.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        iso_currency::Currency::from_code(code).map(|_| Self(bytes))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimals of the currency: 2 for USD, 0 for JPY, 3 for KWD. 2 where the table says none.
    #[must_use]
    pub fn exponent(self) -> u32 {
        iso_currency::Currency::from_code(self.as_str())
            .and_then(iso_currency::Currency::exponent)
            .map_or(2, u32::from)
    }
}

/// An amount of money: minor units (cents) of a currency. May be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    pub minor: Minor,
    pub currency: Currency,
}

/// Amounts of two currencies in one sum: a bug, and never what somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} in a sum of {}", .other.as_str(), .sum.as_str())]
pub struct MixedSum {
    pub sum: Currency,
    pub other: Currency,
}

/// Largest absolute amount taken from outside, in minor units: keeps every sum far from overflow.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000_000;

impl Amount {
    #[must_use]
    pub fn of_units(units: u32, currency: Currency) -> Self {
        let minor = Minor::one_unit(currency.exponent()).times(units);
        Self { minor, currency }
    }

    /// So much of the same currency.
    #[must_use]
    pub fn with(self, minor: Minor) -> Self {
        Self { minor, ..self }
    }

    pub fn plus(self, more: Self) -> Result<Self, MixedSum> {
        self.like(more).map(|more| self.with(self.minor + more))
    }

    pub fn minus(self, less: Self) -> Result<Self, MixedSum> {
        self.like(less).map(|less| self.with(self.minor - less))
    }

    /// The minor units of another amount of the same currency.
    fn like(self, other: Self) -> Result<Minor, MixedSum> {
        if self.currency == other.currency {
            Ok(other.minor)
        } else {
            let (sum, other) = (self.currency, other.currency);
            Err(MixedSum { sum, other })
        }
    }

    /// As [`Minor::above_zero`].
    #[must_use]
    pub fn above_zero(self) -> Self {
        self.with(self.minor.above_zero())
    }

    /// As [`Minor::below_zero`].
    #[must_use]
    pub fn below_zero(self) -> Self {
        self.with(self.minor.below_zero())
    }

    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self {
            minor: Minor::ZERO,
            currency,
        }
    }

    /// A decimal text such as `102.5`, `-3` or `1e2` (the forms of a JSON number). `None` where it
    /// is no number, has more decimals than the currency (trailing zeros aside) or exceeds
    /// [`AMOUNT_MINOR_MAX`].
    #[must_use]
    pub fn parse(text: &str, currency: Currency) -> Option<Self> {
        Self::from_outside(scaled(text, currency.exponent())?, currency)
    }

    /// As [`Amount::parse`], but takes the noise of a script that computed with floats, such as
    /// `0.5700000000000001`: what lies within a millionth of a minor unit is that unit.
    #[must_use]
    pub fn parse_noisy(text: &str, currency: Currency) -> Option<Self> {
        const MILLION: i64 = 1_000_000;
        Self::parse(text, currency).or_else(|| {
            let (whole, fraction) = text.split_once('.')?;
            let kept = usize::try_from(currency.exponent()).ok()?.checked_add(6)?;
            let fraction = fraction.get(..kept)?;
            let fine = scaled(
                &format!("{whole}.{fraction}"),
                currency.exponent().checked_add(6)?,
            )?;
            let rest = fine.checked_rem(MILLION)?.abs();
            if rest > 1 && rest < MILLION.checked_sub(1)? {
                return None;
            }
            let half = if fine < 0 {
                MILLION.checked_div(-2)?
            } else {
                MILLION.checked_div(2)?
            };
            let minor = fine.checked_add(half)?.checked_div(MILLION)?;
            Self::from_outside(minor, currency)
        })
    }

    fn from_outside(units: i64, currency: Currency) -> Option<Self> {
        let minor = Minor::of(units);
        (minor.abs() <= AMOUNT_MINOR_MAX).then_some(Self { minor, currency })
    }

    /// `102.5`, `0`, `-3.07`: shortest decimal text, as JSON numbers are written.
    #[must_use]
    pub fn to_decimal(self) -> String {
        to_shortest(self.minor.into(), self.currency.exponent())
    }

    /// `102.50`, `0.00`, `-3.07`: with all decimals of the currency, as people write money.
    #[must_use]
    pub fn to_fixed(self) -> String {
        let decimals = usize::try_from(self.currency.exponent()).unwrap_or(2);
        let digits = self.minor.abs().to_string();
        let digits = format!("{digits:0>width$}", width = decimals.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
        let sign = if self.minor < 0 { "-" } else { "" };
        let dot = if decimals == 0 { "" } else { "." };
        format!("{sign}{whole}{dot}{fraction}")
    }
}

/// `EUR 1,234.50`: for sentences that people read.
impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fixed = self.to_fixed();
        let (sign, digits) = fixed
            .strip_prefix('-')
            .map_or(("", &*fixed), |rest| ("-", rest));
        let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
        let mut grouped = String::with_capacity(fixed.len().saturating_mul(2));
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && whole.len().saturating_sub(place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(f, "{} {sign}{grouped}{fraction}", self.currency.as_str())
    }
}

/// A tax rate in thousandths of a percent: 20 % is 20,000.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct TaxRate(u32);

/// Highest tax rate: 1,000 %.
pub const TAX_PERCENT_MAX: u32 = 1_000;

impl TaxRate {
    pub const ZERO: TaxRate = TaxRate(0);

    /// Percent as a decimal text from 0 to [`TAX_PERCENT_MAX`] with at most three decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let thousandths = u32::try_from(scaled(text, 3)?).ok()?;
        (thousandths <= TAX_PERCENT_MAX * 1_000).then_some(Self(thousandths))
    }

    /// From the number that [`TaxRate::thousandths`] gave.
    #[must_use]
    pub fn from_thousandths(thousandths: u32) -> Self {
        Self(thousandths.min(TAX_PERCENT_MAX * 1_000))
    }

    #[must_use]
    pub fn thousandths(self) -> u32 {
        self.0
    }

    /// `20`, `7.5`: percent.
    #[must_use]
    pub fn to_percent(self) -> String {
        to_shortest(self.0.into(), 3)
    }

    /// The rate by which `tax` is the tax of `net`, as near as a rate can say it.
    #[must_use]
    pub fn between(tax: Minor, net: Minor) -> Self {
        let rate = rounded(i128::from(tax) * 100_000, i128::from(net));
        Self::from_thousandths(u32::try_from(rate).unwrap_or(0))
    }

    /// The tax contained in `gross`, in minor units.
    #[must_use]
    pub fn contained_in(self, gross: Minor) -> Minor {
        gross.share(self.0, 100_000 + i128::from(self.0))
    }

    /// The tax to be added to `net`, in minor units.
    #[must_use]
    pub fn on_top_of(self, net: Minor) -> Minor {
        net.share(self.0, 100_000)
    }
}

/// A part of an amount, in thousandths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share(u32);

impl Share {
    pub const ALL: Share = Share(100_000);

    /// Percent as a decimal text from 0 to 100 with at most three decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let thousandths = u32::try_from(scaled(text, 3)?).ok()?;
        (thousandths <= Self::ALL.0).then_some(Self(thousandths))
    }

    /// `70`, `62.5`: percent.
    #[must_use]
    pub fn to_percent(self) -> String {
        to_shortest(self.0.into(), 3)
    }

    /// The part of `minor` that it is, to a whole minor unit,
    /// halves to the even one (marketone 4.3).
    #[must_use]
    pub fn of(self, minor: Minor) -> Minor {
        minor.share_to_even(self.0, Self::ALL.0)
    }
}

/// The decimal `text` times ten to the power of `exponent`, if that is a whole number.
pub(in crate::domain) fn scaled(text: &str, exponent: u32) -> Option<i64> {
    if text.is_empty() || text.len() > 40 {
        return None;
    }
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || (digits.contains('.') && fraction.is_empty()) {
        return None;
    }
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = digit.is_ascii_digit().then_some(digit)?;
        value = value
            .checked_mul(10)?
            .checked_add(i128::from(digit.checked_sub(b'0')?))?;
    }
    let fraction_len = i32::try_from(fraction.len()).ok()?;
    let shift = i32::try_from(exponent)
        .ok()?
        .checked_add(power)?
        .checked_sub(fraction_len)?;
    let ten_to = |n: u32| 10i128.checked_pow(n);
    if shift >= 0 {
        if value != 0 {
            value = value.checked_mul(ten_to(shift.unsigned_abs())?)?;
        }
    } else if value != 0 {
        let divisor = ten_to(shift.unsigned_abs())?;
        if value.checked_rem(divisor)? != 0 {
            return None;
        }
        value = value.checked_div(divisor)?;
    }
    let value = i64::try_from(value).ok()?;
    if negative {
        value.checked_neg()
    } else {
        Some(value)
    }
}

/// `value` divided by ten to the power of `exponent`, without trailing zeros.
pub(in crate::domain) fn to_shortest(value: i128, exponent: u32) -> String {
    let digits = format!(
        "{:0width$}",
        value.unsigned_abs(),
        width = exponent as usize + 1
    );
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(exponent as usize));
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Currency, Minor, MixedSum, TaxRate};
    use proptest::prelude::*;

    #[test]
    fn sums_are_of_one_currency() {
        let of = |minor, code| {
            let (minor, currency) = (Minor::of(minor), Currency::parse(code).unwrap());
            Amount { minor, currency }
        };
        let (dollars, euros) = (of(500, "USD"), of(500, "EUR"));
        assert_eq!(dollars.plus(of(7, "USD")), Ok(of(507, "USD")));
        assert_eq!(dollars.minus(of(507, "USD")), Ok(of(-7, "USD")));
        let (sum, other) = (dollars.currency, euros.currency);
        for mixed in [dollars.plus(euros), dollars.minus(euros)] {
            assert_eq!(mixed, Err(MixedSum { sum, other }));
        }
        let said = MixedSum { sum, other }.to_string();
        assert_eq!(said, "EUR in a sum of USD");
        assert_eq!(of(-7, "USD").below_zero(), of(7, "USD"));
        assert_eq!(of(-7, "USD").above_zero(), of(0, "USD"));
    }

    #[test]
    fn tax_is_taken_out_or_put_on_top() {
        let rate = TaxRate::parse("20").unwrap();
        assert_eq!(rate.contained_in(Minor::of(1_200)), 200);
        assert_eq!(rate.on_top_of(Minor::of(1_000)), 200);
        assert_eq!(TaxRate::parse("7.5").unwrap().to_percent(), "7.5");
        assert_eq!(TaxRate::parse("-1"), None);
        assert_eq!(TaxRate::parse("1000.001"), None);
    }

    #[test]
    fn fixed_texts_have_all_decimals() {
        let of = |minor, code| {
            let (minor, currency) = (Minor::of(minor), Currency::parse(code).unwrap());
            Amount { minor, currency }.to_fixed()
        };
        assert_eq!(of(10_250, "USD"), "102.50");
        assert_eq!(of(-7, "USD"), "-0.07");
        assert_eq!(of(0, "KWD"), "0.000");
        assert_eq!(of(-1_500, "JPY"), "-1500");
    }

    #[test]
    fn decimals_follow_the_currency() {
        let kwd = Currency::parse("KWD").unwrap();
        let jpy = Currency::parse("JPY").unwrap();
        for (text, currency, minor) in [
            ("102.5", Currency::USD, Some(10_250)),
            ("102.50", Currency::USD, Some(10_250)),
            ("1e2", Currency::USD, Some(10_000)),
            ("0.105", Currency::USD, None),
            ("0.105", kwd, Some(105)),
            ("7.0", jpy, Some(7)),
            ("7.5", jpy, None),
            ("-3.07", Currency::USD, Some(-307)),
            ("", Currency::USD, None),
            (".5", Currency::USD, None),
            ("5.", Currency::USD, None),
            ("1e400", Currency::USD, None),
            ("0e400", Currency::USD, Some(0)),
            ("99999999999999999999", Currency::USD, None),
        ] {
            assert_eq!(
                Amount::parse(text, currency).map(|a| a.minor),
                minor.map(Minor::of),
                "{text}"
            );
        }
        assert_eq!(
            Amount {
                minor: Minor::of(10_250),
                currency: Currency::USD
            }
            .to_decimal(),
            "102.5"
        );
        assert_eq!(Amount::zero(Currency::USD).to_decimal(), "0");
        for (text, minor) in [
            ("0.5700000000000001", Some(57)),
            ("0.28999999999999998", Some(29)),
            ("-0.5700000000000001", Some(-57)),
            ("0.5710000000000001", None),
            ("0.575", None),
            ("12.34", Some(1_234)),
        ] {
            assert_eq!(
                Amount::parse_noisy(text, Currency::USD).map(|a| a.minor),
                minor.map(Minor::of),
                "{text}"
            );
        }
        assert_eq!(Currency::parse("usd"), None);
        assert_eq!(Currency::parse("ZZZ"), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_back(minor in -1_000_000_000_000i64..1_000_000_000_000) {
            let amount = Amount { minor: Minor::of(minor), currency: Currency::USD };
            prop_assert_eq!(Amount::parse(&amount.to_decimal(), Currency::USD), Some(amount));
        }

        #[test]
        fn fuzz_parse_never_panics(text in "[-+0-9.eE]{0,45}") {
            let _ = Amount::parse(&text, Currency::USD);
        }
    }
}
