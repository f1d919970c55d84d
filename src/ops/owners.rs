//! Letters to owners about what waits for a person.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::staff::{Operator, Role};
use crate::letters::Letter;
use crate::outbound::mail::Mail;
use crate::store::Read;

use super::OpError;

/// The addresses of all owners who have one.
pub(super) fn addresses(read: &impl Read) -> Result<BTreeSet<String>, OpError> {
    let owners = read.all::<Operator>()?.into_iter();
    let owners = owners.filter(|person| person.role == Role::Owner);
    let addresses = owners.filter_map(|owner| owner.email);
    Ok(addresses.map(|email| email.as_str().to_owned()).collect())
}

/// Sends a letter to each of these addresses; the log has those that could not be reached. `name`:
/// what no other letter is called.
pub(super) async fn write_to(ctx: &Ctx, addresses: BTreeSet<String>, name: &str, letter: &Letter) {
    let Some(mailer) = ctx.app.outbound.mail.as_ref() else {
        return;
    };
    for (place, to) in addresses.into_iter().enumerate() {
        let mail = Mail {
            name: format!("{name}-{place}"),
            sender: ctx.app.company().name.clone(),
            to,
            letter: letter.clone(),
            at: ctx.now,
        };
        if let Err(error) = mailer.send(mail).await {
            tracing::error!(?error, name, "owner.not_told");
        }
    }
}
