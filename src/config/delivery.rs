//! How letters and short messages leave the box.

use serde::{Deserialize, Serialize};

use super::secret::SecretSetting;

/// The mail server; an empty `url`: no mail is sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpSettings {
    /// `smtp://`, or `smtps://` with TLS from the start; `?tls=required` demands STARTTLS.
    pub url: SecretSetting,
    /// The sender's address; empty: `noreply` at the host of `public_url`.
    pub from: String,
}

/// A gateway for short messages; an empty `url`: none are sent. `url` and `body` are filled in with
/// `to` and `text` (docs/messages.md).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsSettings {
    pub url: SecretSetting,
    /// `POST`, `PUT` or `GET`.
    pub method: String,
    /// Lines such as `Authorization: Bearer abc`.
    pub headers: Vec<SecretSetting>,
    /// Empty: a JSON object with `to` and `text`.
    pub body: SecretSetting,
    /// What an answer of success has to hold besides a status of 2xx; empty: nothing.
    pub success: String,
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            url: SecretSetting::default(),
            method: "POST".to_owned(),
            headers: Vec::new(),
            body: SecretSetting::default(),
            success: String::new(),
        }
    }
}
