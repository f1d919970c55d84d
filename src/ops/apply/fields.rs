//! How the values of an apply document are read, and their bounds.

use serde::{Deserialize as _, Deserializer, de};

use crate::domain::customers::device::DEVICES_PER_CUSTOMER_MAX;
use crate::domain::values::contact::Email;

use super::given::Given;

/// Longest short text and longest long text, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 255;
pub(super) const LONG_TEXT_CHARS_MAX: usize = 4_096;

pub(super) fn checked(text: &str, chars_max: usize, may_break: bool) -> Result<String, String> {
    if text.chars().count() > chars_max {
        return Err(format!("must have at most {chars_max} characters"));
    }
    let control = |c: char| c.is_control() && !(may_break && matches!(c, '\n' | '\r' | '\t'));
    if text.chars().any(control) {
        return Err("must not contain control characters".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(deserializer)?;
    // Above this a JSON reader that knows only floats would take two ids for one.
    if (1..=9_007_199_254_740_991).contains(&number) {
        Ok(number)
    } else {
        Err(de::Error::custom("must be from 1 to 9007199254740991"))
    }
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(de::Error::custom("must not be empty"));
    }
    checked(&text, TEXT_CHARS_MAX, false).map_err(de::Error::custom)
}

pub(super) fn foreign_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if (1..=64).contains(&text.len()) && visible && text != "." && text != ".." {
        Ok(text)
    } else {
        Err(de::Error::custom(
            "must be 1 to 64 visible ASCII characters, and neither . nor ..",
        ))
    }
}

pub(super) fn text_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| checked(&text, TEXT_CHARS_MAX, false))
        .transpose()
        .map_err(de::Error::custom)
}

pub(super) fn long_text_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| checked(&text, LONG_TEXT_CHARS_MAX, true))
        .transpose()
        .map_err(de::Error::custom)
}

pub(super) fn given_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Given<String>, D::Error> {
    text_or_none(deserializer).map(Given::from)
}

pub(super) fn given_long_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Given<String>, D::Error> {
    long_text_or_none(deserializer).map(Given::from)
}

pub(super) fn email_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Email>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let email = Email::parse(&text).ok_or_else(|| de::Error::custom("is no e-mail address"));
    email.map(Some)
}

/// How many boxes somebody may sign in on.
pub(super) fn devices_max<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let given = Option::<u32>::deserialize(from)?;
    let most = u32::try_from(DEVICES_PER_CUSTOMER_MAX).unwrap_or(u32::MAX);
    match given {
        Some(number) if number > most => {
            let problem = format!("must be at most {most}");
            Err(de::Error::custom(problem))
        }
        other => Ok(other),
    }
}

pub(super) fn given_devices_max<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Given<u32>, D::Error> {
    devices_max(from).map(Given::from)
}
