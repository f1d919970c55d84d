//! By which way a letter gets to a customer, if there is one, and in which words: by what is set
//! up, what they can be reached by, and what was asked for.

use crate::app::Ctx;

use crate::domain::customers::Customer;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{Channel, Message};

use crate::letters::wording::Wording;

use crate::app::App;
use crate::domain::messages::Ways;
use crate::domain::values::contact::Email;
use crate::ops::{OpError, templates};

use crate::store::Read;

/// How a message should go; what is not said is up to us.
#[derive(Default)]
pub(in crate::ops) struct Preference<'p> {
    pub channel: Option<Channel>,
    pub address: Option<&'p str>,
    pub language: Option<&'p str>,
}

/// How a message gets to its customer.
pub(in crate::ops) enum Way {
    /// This way, to this address, in these words.
    Goes(Channel, String, Wording),
    /// The customer could be reached, were something set up that is not.
    Closed(&'static str),
    /// Not at all, and why.
    None(&'static str),
}

/// How a letter of a kind would get to a customer:
/// by a way that there is, for which there are words.
pub(in crate::ops) fn way(
    ctx: &Ctx,
    read: &impl Read,
    kind: TemplateKind,
    customer: &Customer,
    preference: &Preference<'_>,
) -> Result<Way, OpError> {
    let Preference {
        channel,
        address,
        language,
    } = *preference;
    let locale = language.unwrap_or(&ctx.app.config.provider.locale);
    let (is_on, words) = templates::wording(read, kind, locale)?;
    if !is_on {
        return Ok(Way::None("such letters are switched off"));
    }
    let phone = customer.phone();
    let mut ways = ways_of(&ctx.app, customer, phone.as_deref());
    // Paper does not fit a short message.
    let no_sms =
        words.sms.is_empty() || matches!(kind, TemplateKind::Invoice | TemplateKind::CreditNote);
    ways.sms = ways.sms && !no_sms;
    if let Some((channel, address)) = ways.choose(channel, address) {
        return Ok(Way::Goes(channel, address, words));
    }
    let named = address.unwrap_or_default();
    let has_email = ways.email.is_some() || named.contains('@');
    let has_phone = ways.phone.is_some() || named.starts_with('+');
    Ok(if has_email && !ways.mail {
        Way::Closed("no mail server is set up")
    } else if has_phone && !no_sms {
        Way::Closed("no gateway for short messages is set up")
    } else if has_phone {
        Way::None("the customer has no e-mail address, and this fits no short message")
    } else {
        Way::None(
            "the customer has neither an e-mail address nor a phone number that can be written to",
        )
    })
}

/// Whether a letter of a kind can be sent to a customer now.
pub(in crate::ops) fn reaches(
    ctx: &Ctx,
    read: &impl Read,
    kind: TemplateKind,
    customer: &Customer,
) -> Result<bool, OpError> {
    let goes = way(ctx, read, kind, customer, &Preference::default())?;
    Ok(!customer.is_deleted() && matches!(goes, Way::Goes(..)))
}

/// How a message gets to its customer as things stand now.
pub(in crate::ops) fn way_of(
    ctx: &Ctx,
    read: &impl Read,
    message: &Message,
    customer: &Customer,
) -> Result<Way, OpError> {
    let kind = message.content.kind();
    way(ctx, read, kind, customer, &preference_of(message))
}

/// Which way, to which address and in which language it is to go.
pub(in crate::ops) fn preference_of(message: &Message) -> Preference<'_> {
    Preference {
        channel: message.channel,
        address: message.address.as_deref(),
        language: message.language.as_deref(),
    }
}

/// How a customer can be reached. `phone`: see [`Customer::phone`].
fn ways_of<'w>(app: &App, customer: &'w Customer, phone: Option<&'w str>) -> Ways<'w> {
    let (mail, sms) = (app.outbound.mail.is_some(), app.outbound.sms.is_some());
    Ways {
        email: customer.email.as_ref().map(Email::as_str),
        phone,
        mail,
        sms,
    }
}
