//! Owners hear of a held run at once, and every day while it is held.

use crate::app::Ctx;
use crate::domain::values::time::Timestamp;
use crate::letters::Letter;
use crate::ops::{OpError, owners};

use crate::ops::billing::held_run::{HeldRun, held, remembered};

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
    let addresses = owners::addresses(&ctx.snapshot()?)?;
    let name = format!("held-run-{}-{}", held.run.id.0, ctx.now.seconds());
    owners::write_to(ctx, addresses, &name, &letter(ctx, &held)).await;
    Ok(())
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
