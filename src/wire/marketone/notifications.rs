//! `POST /notification`: the customer is told something, by the way that there is (§2.6).

use crate::app::Ctx;
use crate::domain::messages::template::language;
use crate::domain::messages::{About, Channel};
use crate::domain::partners::Partner;
use crate::domain::values::id::uuid_text;
use crate::ops::partners::notifications;
use crate::ops::partners::notifications::{NotificationRequest, Subject};

use super::error::Failure;
use super::fields::{self, Members};

pub async fn notify(ctx: &Ctx, partner: &Partner, members: &Members) -> Result<String, Failure> {
    let account = members.account()?;
    let kind = members.text(fields::NOTIFICATION_KIND, fields::EXT_ID_CHARS_MAX)?;
    let text = members.lines(fields::MESSAGE, fields::MESSAGE_CHARS_MAX)?;
    let text = text.map(|text| without_blanks(&text));
    let of_transaction = |about: About| -> Result<Subject, Failure> {
        let ext_id = members.ext_id(fields::EXT_ID)?.ok_or(Failure::Invalid)?;
        Ok(Subject::Transaction(about, ext_id))
    };
    let subject = match kind.as_deref() {
        Some("PIN") => {
            // Words for a PIN without a place for it would tell nothing,
            // or leave it to somebody else.
            if text
                .as_ref()
                .is_some_and(|text| text.matches("{{pin}}").count() != 1)
            {
                return Err(Failure::Invalid);
            }
            Subject::Pin(members.pin_id()?)
        }
        Some("PURCHASE") => of_transaction(About::Purchase)?,
        Some("CHARGE") => of_transaction(About::Charge)?,
        Some("REFUND") => of_transaction(About::Refund)?,
        Some("GENERAL") if text.is_some() => Subject::General,
        _ => return Err(Failure::Invalid),
    };
    let channel = match members
        .text(fields::CHANNEL, fields::EXT_ID_CHARS_MAX)?
        .as_deref()
    {
        None => None,
        Some("SMS") => Some(Channel::Sms),
        Some("EMAIL") => Some(Channel::Email),
        Some(_) => return Err(Failure::Invalid),
    };
    let locale = members.text(fields::LOCALE, fields::EXT_ID_CHARS_MAX)?;
    let request = NotificationRequest {
        account,
        subject,
        text,
        channel,
        // A preference: one that is no language is none.
        language: locale.as_deref().and_then(language),
        ext_id: members.ext_id(fields::EXT_NOTIFICATION_ID)?,
    };
    let public_id = notifications::notify(ctx, partner.id, request).await?;
    Ok(format!(
        "{{\"notificationID\":\"{}\",\"status\":\"ACCEPTED\"}}",
        uuid_text(public_id),
    ))
}

/// What is left to us to fill in, in one spelling.
fn without_blanks(text: &str) -> String {
    let mut text = text.to_owned();
    for name in ["pin", "amount", "description"] {
        text = text.replace(&format!("{{{{ {name} }}}}"), &format!("{{{{{name}}}}}"));
    }
    text
}
