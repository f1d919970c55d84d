//! How people and boxes are reached: parsed once, lenient where a reference says so.

use serde::{Deserialize, Serialize};

/// An e-mail address as it was given, with a form for comparing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email(String);

/// Longest e-mail address, in characters (RFC 5321).
pub const EMAIL_CHARS_MAX: usize = 254;

impl Email {
    /// `local@domain`: one `@`, something on both sides, neither blanks nor control characters.
    /// Deliverability is not judged.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let barred = |c: char| c == '@' || c <= ' ' || ('\u{7f}'..='\u{a0}').contains(&c);
        let plain = |part: &str| !part.is_empty() && !part.chars().any(barred);
        let fits = plain(local) && plain(domain) && text.chars().count() <= EMAIL_CHARS_MAX;
        fits.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form two addresses are compared by: upper and lower case are one.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// The folded form of any text, for looking an address up that may be none.
#[must_use]
pub fn fold_email(text: &str) -> String {
    text.to_lowercase()
}

/// The form by which logins and contract numbers are compared where upper and lower case, and
/// blanks around them, make no difference (stalker-rest-v1 §1.6).
#[must_use]
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether a text has nothing that can be seen.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == '\0')
}

/// A login or contract number as it is kept: without blanks around it, or whoever types it would
/// not find it again. One of nothing but blanks is none, or it would be the name of everybody who
/// has no name.
#[must_use]
pub fn kept_name(text: &str) -> Option<String> {
    (!is_blank(text)).then(|| text.trim().to_owned())
}

/// A phone number as partners write it: E.164, with or without its plus (marketone 1.3). Nothing is
/// stripped.
#[must_use]
pub fn e164(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let fits = (5..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    fits.then(|| format!("+{digits}"))
}

/// A phone number as operators write it, in the form in which it is found: without blanks, dashes,
/// dots and brackets, `00` for a plus. One with neither may be a national one, which would be
/// somebody else's abroad.
#[must_use]
pub fn found_as(phone: &str) -> Option<String> {
    let plain: String = phone
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/'))
        .collect();
    match plain.strip_prefix("00") {
        Some(rest) => e164(rest),
        None => plain.starts_with('+').then(|| e164(&plain))?,
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, e164, found_as};
    use proptest::prelude::*;

    #[test]
    fn email_is_local_at_domain() {
        assert!(Email::parse("oliver@queen.com").is_some());
        for text in [
            "",
            "oliver",
            "@queen.com",
            "oliver@",
            "a b@c.d",
            "a@b\u{0}.c",
        ] {
            assert!(Email::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn numbers_meet_in_one_form() {
        for text in ["+14165550101", "14165550101"] {
            assert_eq!(e164(text).as_deref(), Some("+14165550101"));
        }
        for text in [
            "",
            "+",
            "0416",
            "+0416555",
            "+1416 5550101",
            "1416",
            "+1234567890123456",
            "+1416555a101",
        ] {
            assert_eq!(e164(text), None, "{text}");
        }
        for text in ["+1 (416) 555-0101", "001.416.555.0101", "+1416/5550101"] {
            assert_eq!(found_as(text).as_deref(), Some("+14165550101"));
        }
        for text in ["call me", "416 555 0101", "14165550101", "++14165550101"] {
            assert_eq!(found_as(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_contact_parsers_never_panic(text in "\\PC{0,40}") {
            let _ = Email::parse(&text);
        }
    }
}
