//! What letters there are, and the operator's own wording of them.
//! Must not know how one is filled in.

use serde::{Deserialize, Serialize};

/// What a letter is for. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TemplateKind {
    Pin,
    Purchase,
    Charge,
    Refund,
    /// A partner's own words.
    General,
    Invoice,
    CreditNote,
    /// An order is not paid.
    Reminder,
    PaymentFailed,
    /// An order will end or stop soon.
    ExpiryReminder,
    Welcome,
    PasswordReset,
}

impl TemplateKind {
    pub const ALL: [TemplateKind; 12] = [
        TemplateKind::Pin,
        TemplateKind::Purchase,
        TemplateKind::Charge,
        TemplateKind::Refund,
        TemplateKind::General,
        TemplateKind::Invoice,
        TemplateKind::CreditNote,
        TemplateKind::Reminder,
        TemplateKind::PaymentFailed,
        TemplateKind::ExpiryReminder,
        TemplateKind::Welcome,
        TemplateKind::PasswordReset,
    ];

    /// Its name for people and for the console.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pin => "PIN",
            Self::Purchase => "PURCHASE",
            Self::Charge => "CHARGE",
            Self::Refund => "REFUND",
            Self::General => "GENERAL",
            Self::Invoice => "INVOICE",
            Self::CreditNote => "CREDIT_NOTE",
            Self::Reminder => "REMINDER",
            Self::PaymentFailed => "PAYMENT_FAILED",
            Self::ExpiryReminder => "EXPIRY_REMINDER",
            Self::Welcome => "WELCOME",
            Self::PasswordReset => "PASSWORD_RESET",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it is sent while no template says so: nobody should be surprised by a thousand
    /// greetings after an import.
    #[must_use]
    pub fn is_on_by_itself(self) -> bool {
        !matches!(self, Self::Welcome | Self::ExpiryReminder)
    }
}

/// How a letter is worded in one language, in place of the built-in wording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub kind: TemplateKind,
    /// BCP 47, in lower case: `en`, `pt-br`.
    pub language: String,
    /// Whether such letters are sent.
    pub on: bool,
    /// Of a mail.
    pub subject: String,
    /// Of a mail.
    pub text: String,
    /// Of a short message; empty: none is sent.
    pub sms: String,
}

/// Longest parts of a template, in bytes.
pub const SUBJECT_MAX: usize = 200;
pub const TEXT_MAX: usize = 10_000;
pub const SMS_MAX: usize = 1_000;
/// Longest name of a language.
pub const LANGUAGE_MAX: usize = 35;
/// Most languages of one kind.
pub const LANGUAGES_MAX: usize = 100;

/// A language as it is kept: letters, digits and dashes, in lower case.
#[must_use]
pub fn language(text: &str) -> Option<String> {
    let text = text.replace('_', "-").to_lowercase();
    let plain = text.split('-').all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    let front = text.split('-').next().unwrap_or_default();
    let fits = text.len() <= LANGUAGE_MAX && front.len() >= 2 && plain;
    fits.then_some(text)
}

/// Where to look for a wording, best first: the language, what it is a kind of, English.
pub fn fallbacks(language: &str) -> impl Iterator<Item = String> + '_ {
    let mut tag = Some(language);
    let own = std::iter::from_fn(move || {
        let now = tag?;
        tag = now.rsplit_once('-').map(|(front, _)| front);
        Some(now.to_owned())
    });
    own.chain(std::iter::once("en".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{fallbacks, language};

    #[test]
    fn languages_fall_back_to_what_they_are_a_kind_of() {
        assert_eq!(language("pt_BR").as_deref(), Some("pt-br"));
        for text in ["", "x", "en-", "de/..", "e n", &"en-abcdefgh".repeat(5)] {
            assert_eq!(language(text), None, "{text}");
        }
        let found: Vec<String> = fallbacks("zh-hant-tw").collect();
        assert_eq!(found, ["zh-hant-tw", "zh-hant", "zh", "en"]);
    }
}
