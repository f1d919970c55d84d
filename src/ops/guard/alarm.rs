//! Owners hear of a held run at once, and every day while it is held.

use crate::app::Ctx;
use crate::domain::run::Run;
use crate::domain::staff::{Operator, Role};
use crate::domain::time::Timestamp;
use crate::letters::Letter;
use crate::ops::OpError;
use crate::outbound::mail::Mail;
use crate::store::Read;

use super::{HeldRun, held, remembered};

const AGAIN_SECONDS: i64 = 86_400;

/// Tells owners of the held run, unless they were told in the last day.
pub(super) async fn tell_owners(ctx: &Ctx) -> Result<(), OpError> {
    let due = |at: Timestamp| at.saturating_add_seconds(AGAIN_SECONDS) <= ctx.now;
    let Some(held) = held(ctx)?.filter(|held| held.told_at.is_none_or(due)) else {
        return Ok(());
    };
    let reason = held.run.state.held_because().unwrap_or_default();
    tracing::error!(
        run = held.run.id.0,
        orders = held.orders,
        reason,
        "billing.run_is_held"
    );
    // Noted first: a mail server that fails is not asked every minute.
    ctx.write(|ctx, tx| {
        let mut guard = remembered(tx)?;
        guard.alarmed_at = Some(ctx.now);
        tx.put(&guard)?;
        Ok(())
    })
    .await?;
    let owners = owners(ctx)?;
    let Some(mailer) = ctx.app.outbound.mail.as_ref() else {
        return Ok(());
    };
    for (place, to) in owners.into_iter().enumerate() {
        let mail = Mail {
            name: name(&held.run, ctx.now, place),
            sender: ctx.app.company().name.clone(),
            to,
            letter: letter(ctx, &held),
            at: ctx.now,
        };
        if let Err(error) = mailer.send(mail).await {
            tracing::error!(?error, run = held.run.id.0, "billing.owner_not_told");
        }
    }
    Ok(())
}

fn name(run: &Run, at: Timestamp, place: usize) -> String {
    format!("held-run-{}-{}-{place}", run.id.0, at.seconds())
}

fn owners(ctx: &Ctx) -> Result<Vec<String>, OpError> {
    let all = ctx.snapshot()?.all::<Operator>()?;
    let owners = all.into_iter().filter(|person| person.role == Role::Owner);
    Ok(owners
        .filter_map(|owner| owner.email.map(|email| email.as_str().to_owned()))
        .collect())
}

fn letter(ctx: &Ctx, held: &HeldRun) -> Letter {
    let zone = &ctx.app.company().zone;
    Letter {
        subject: format!("Billing run {} is held", held.run.id.0),
        text: format!(
            "{}\n\n\
             Until you decide, {} orders are not billed. Their customers go on watching.\n\
             If this is right, release run {} in the console. If it is not, correct it first: \
             what you correct now holds for these orders.\n\
             If you do nothing, the box decides by itself on {}.\n",
            sentence(held.run.state.held_because().unwrap_or_default()),
            held.orders,
            held.run.id.0,
            zone.local(held.decides_at),
        ),
        attached: None,
    }
}

/// The reason as a sentence of its own.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
