//! The names of what partners send, in one table, and how it is read (§1.3, §2, §6.1). Names that
//! nobody knows are passed over: the true ones are not public.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::values::contact::Email;
use crate::domain::values::contact::e164;
use crate::domain::values::money::{Amount, Currency};
use crate::ops::partners::account::AccountRef;

use super::error::Failure;

/// Every name, the one that is written first; the others are taken as well.
pub const ACCOUNT: &[&str] = &[
    "accountIdentifier",
    "accountID",
    "accountId",
    "mobileNumber",
    "phoneNumber",
    "msisdn",
    "email",
];
pub const IDENTIFIER_TYPE: &[&str] = &["identifierType"];
pub const EXT_ID: &[&str] = &["extTransactionID", "extTransactionId"];
pub const ORIGINAL_EXT_ID: &[&str] = &["originalExtTransactionID", "originalExtTransactionId"];
pub const AMOUNT: &[&str] = &["amount"];
pub const CURRENCY: &[&str] = &["currency"];
pub const DESCRIPTION: &[&str] = &["description"];
pub const PRODUCT: &[&str] = &["productCode"];
pub const KIND: &[&str] = &["transactionType"];
pub const TAX_INCLUDED: &[&str] = &["isTaxIncluded"];
pub const TAX: &[&str] = &["taxAmount"];
pub const PIN: &[&str] = &["pin"];
pub const PIN_ID: &[&str] = &["pinID", "pinId"];
pub const NOTIFICATION_KIND: &[&str] = &["notificationType"];
pub const MESSAGE: &[&str] = &["message"];
pub const CHANNEL: &[&str] = &["channel"];
pub const LOCALE: &[&str] = &["locale"];
pub const EXT_NOTIFICATION_ID: &[&str] = &["extNotificationID", "extNotificationId"];
/// Of a subscription (§5.2).
pub const SERVICES_STATUS: &[&str] = &["servicesStatus"];

/// Longest texts, in characters (§1.3, §2.3).
pub const ACCOUNT_CHARS_MAX: usize = 254;
pub const EXT_ID_CHARS_MAX: usize = 50;
pub const DESCRIPTION_CHARS_MAX: usize = 256;
pub const PRODUCT_CHARS_MAX: usize = 15;
pub const MESSAGE_CHARS_MAX: usize = 160;

/// The members of a body as they came; one that stands twice makes it none.
pub struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if members.iter().any(|(held, _)| *held == name) {
                        return Err(A::Error::custom("a member stands twice"));
                    }
                    if members.len() >= MEMBERS_MAX {
                        return Err(A::Error::custom("too many members"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// Most members of a body.
const MEMBERS_MAX: usize = 100;

impl Members {
    /// The value under any of these names; two of them that differ are one too many.
    fn raw(&self, names: &[&str]) -> Result<Option<&str>, Failure> {
        let given = self.0.iter();
        let mut given = given
            .filter(|(name, value)| names.contains(&name.as_str()) && value.get() != "null")
            .map(|(_, value)| value.get());
        let first = given.next();
        if given.all(|other| Some(other) == first) {
            Ok(first)
        } else {
            Err(Failure::Invalid)
        }
    }

    /// Whether anything is said under one of these names.
    pub fn has(&self, names: &[&str]) -> bool {
        !matches!(self.raw(names), Ok(None))
    }

    /// A text of 1 to `chars_max` characters, in one line.
    pub fn text(&self, names: &[&str], chars_max: usize) -> Result<Option<String>, Failure> {
        let text = self.lines(names, chars_max)?;
        let plain = |text: &String| !text.chars().any(char::is_control);
        match text {
            Some(text) if !plain(&text) => Err(Failure::Invalid),
            other => Ok(other),
        }
    }

    /// As [`Members::text`], also of several lines.
    pub fn lines(&self, names: &[&str], chars_max: usize) -> Result<Option<String>, Failure> {
        let Some(raw) = self.raw(names)? else {
            return Ok(None);
        };
        let text: String = serde_json::from_str(raw).map_err(|_| Failure::Invalid)?;
        let plain = !text.is_empty()
            && text.chars().count() <= chars_max
            && !text
                .chars()
                .any(|c| c.is_control() && !"\n\r\t".contains(c));
        plain.then_some(Some(text)).ok_or(Failure::Invalid)
    }

    pub fn boolean(&self, names: &[&str]) -> Result<Option<bool>, Failure> {
        match self.raw(names)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Failure::Invalid),
        }
    }

    /// A number, or a decimal in quotes, with no more decimals than the currency has; never through
    /// a float.
    pub fn amount(&self, names: &[&str], currency: Currency) -> Result<Option<Amount>, Failure> {
        let Some(raw) = self.raw(names)? else {
            return Ok(None);
        };
        let text = raw
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(raw);
        let text = plain_decimal(text).ok_or(Failure::Invalid)?;
        let decimals = text
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len());
        if decimals > usize::try_from(currency.exponent()).unwrap_or(0) {
            return Err(Failure::Invalid);
        }
        let amount = Amount::parse(&text, currency).ok_or(Failure::Invalid)?;
        Ok(Some(amount))
    }

    /// Whom the partner means (§2).
    pub fn account(&self) -> Result<AccountRef, Failure> {
        self.maybe_account()?.ok_or(Failure::Invalid)
    }

    /// As [`Members::account`], where something else may say it.
    pub fn maybe_account(&self) -> Result<Option<AccountRef>, Failure> {
        let Some(text) = self.text(ACCOUNT, ACCOUNT_CHARS_MAX)? else {
            return Ok(None);
        };
        let text = text.trim().to_owned();
        let kind = self.text(IDENTIFIER_TYPE, EXT_ID_CHARS_MAX)?;
        let email = match kind.as_deref() {
            None => text.contains('@'),
            Some("EMAIL") => true,
            Some("MSISDN") => false,
            Some(_) => return Err(Failure::Invalid),
        };
        if email {
            let fits = text.len() <= ACCOUNT_CHARS_MAX && Email::parse(&text).is_some();
            let account = fits.then_some(AccountRef::Email(text));
            return account.map(Some).ok_or(Failure::Invalid);
        }
        let account = e164(&text).map(AccountRef::Phone);
        account.map(Some).ok_or(Failure::Invalid)
    }

    /// A PIN as the customer typed it: 4 to 10 digits in quotes,
    /// for a number would lose its zeros (§2.5).
    pub fn pin(&self) -> Result<Option<String>, Failure> {
        let text = self.text(PIN, PIN_DIGITS_MAX)?;
        let fits = |pin: &String| {
            pin.len() >= PIN_DIGITS_MIN && pin.bytes().all(|byte| byte.is_ascii_digit())
        };
        match text {
            Some(pin) if !fits(&pin) => Err(Failure::Invalid),
            other => Ok(other),
        }
    }

    /// The name of a PIN; one that cannot be any is one that is not known.
    pub fn pin_id(&self) -> Result<Option<Vec<u8>>, Failure> {
        const PIN_ID_CHARS_MAX: usize = 36;
        let text = self.text(PIN_ID, PIN_ID_CHARS_MAX)?;
        Ok(text.map(|text| of_uuid(&text).unwrap_or_default()))
    }

    /// An id of the partner's own.
    pub fn ext_id(&self, names: &[&str]) -> Result<Option<String>, Failure> {
        match self.text(names, EXT_ID_CHARS_MAX)? {
            Some(id) if !is_ext_id(&id) => Err(Failure::Invalid),
            other => Ok(other),
        }
    }
}

/// `1E+1`, `10.00`, `10` as `10`: how serializers of many languages write one number.
/// Positive ones only.
fn plain_decimal(text: &str) -> Option<String> {
    /// Beyond it no amount is left.
    const EXPONENT_MAX: i32 = 30;
    const DIGITS_MAX: usize = 60;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let plain = !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let closed = mantissa.contains('.') != fraction.is_empty();
    let bounded = digits.len() <= DIGITS_MAX && (-EXPONENT_MAX..=EXPONENT_MAX).contains(&exponent);
    if !plain || !closed || !bounded {
        return None;
    }
    // Where the point stands, counted from the front.
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let zeros = |count: i32| "0".repeat(usize::try_from(count.max(0)).unwrap_or(0));
    let length = i32::try_from(digits.len()).ok()?;
    let digits = format!(
        "{}{digits}{}",
        zeros(point.saturating_neg()),
        zeros(point.saturating_sub(length))
    );
    let (whole, fraction) = digits.split_at_checked(usize::try_from(point.max(0)).ok()?)?;
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    Some(if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    })
}

const PIN_DIGITS_MIN: usize = 4;
const PIN_DIGITS_MAX: usize = 10;

/// The bytes of a UUID.
fn of_uuid(text: &str) -> Option<Vec<u8>> {
    let hex = text.replace('-', "").to_ascii_lowercase();
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?;
    (bytes.len() == 16).then_some(bytes)
}

/// `[A-Za-z0-9._:~-]`, 1 to 50 of them (§2.2).
#[must_use]
pub fn is_ext_id(text: &str) -> bool {
    (1..=EXT_ID_CHARS_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._:~-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::plain_decimal;

    #[test]
    fn one_number_has_one_spelling() {
        for (text, plain) in [
            ("10", "10"),
            ("1E+1", "10"),
            ("1e2", "100"),
            ("100.00", "100"),
            ("9.990", "9.99"),
            ("0.5", "0.5"),
            ("5e-1", "0.5"),
            ("125e-3", "0.125"),
            ("0012.30", "12.3"),
            ("0", "0"),
            ("0e9", "0"),
        ] {
            assert_eq!(plain_decimal(text).as_deref(), Some(plain), "{text}");
        }
        for text in [
            "", ".5", "5.", "-1", "+1", "1e", "1e99", "e5", "1 0", "1.2.3", "NaN", "0x1",
        ] {
            assert_eq!(plain_decimal(text), None, "{text}");
        }
    }
}
