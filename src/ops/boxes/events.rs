//! What boxes are told: events and messages, queued in the commit of their cause.
//!
//! To a few boxes: a row for each. To all: one row, and every box has its place in the row of them
//! (`boxes`). Nothing is queued where the portal is switched off: no box would ask.

use crate::app::Ctx;
use crate::domain::boxes::event::{
    BROADCASTS_MAX, BROADCASTS_PER_RESELLER_MAX, BoxEvent, BoxEventKind, Broadcast,
    EVENTS_PER_BOX_MAX, Notice,
};
use crate::domain::customers::device::{Device, DeviceKind};
use crate::domain::refusal::Refusal;
use crate::domain::staff::Permission;
use crate::domain::values::id::{BoxEventId, CustomerId, DeviceId};
use crate::ops::{Named, OpError};
use crate::store::key::owned_by;
use crate::store::{Owned as _, Read as _, Table, Tx};

impl Named for BoxEvent {
    const KIND: &'static str = "event";
    const FOREIGN: Option<Table> = None;
}

impl Named for Broadcast {
    const KIND: &'static str = "broadcast";
    const FOREIGN: Option<Table> = None;
}

/// What a change of services says to the viewer; the box boots anew when it was read.
const SERVICES_CHANGED: &str =
    "Your subscription was changed. The box restarts so that you can use it.";
/// What a plan that took the place of one that ended says to the viewer.
const PLAN_CHANGED: &str =
    "Your tariff plan was changed. The box restarts so that you can use the new one.";

/// A notice of a kind, as long-lived as usual.
#[must_use]
pub fn notice(ctx: &Ctx, kind: BoxEventKind) -> Notice {
    Notice::new(kind, ctx.app.config.stalker.watchdog_timeout, ctx.now)
}

/// Sends to these boxes, one row for each, in one commit.
pub async fn send(ctx: &Ctx, boxes: Vec<DeviceId>, notice: Notice) -> Result<(), OpError> {
    ctx.require(Permission::BoxesCommand)?;
    if boxes.is_empty() {
        return Ok(());
    }
    ctx.write(move |ctx, tx| {
        for device in boxes {
            queue(ctx, tx, device, notice.clone())?;
        }
        Ok(())
    })
    .await
}

/// Sends to every box of the actor's customers: one row, whatever their number.
pub async fn broadcast(ctx: &Ctx, notice: Notice) -> Result<(), OpError> {
    ctx.require(Permission::BoxesCommand)?;
    ctx.write(move |ctx, tx| {
        let held: Vec<Broadcast> = tx.all()?;
        let (valid, over): (Vec<&Broadcast>, Vec<&Broadcast>) = held
            .iter()
            .partition(|held| held.notice.is_valid_at(ctx.now));
        for held in over {
            tx.remove::<Broadcast>(&held.id)?;
        }
        let reseller = ctx.actor.reseller();
        let max = match reseller {
            Some(_) => BROADCASTS_PER_RESELLER_MAX,
            None => BROADCASTS_MAX,
        };
        let own = valid.iter().filter(|held| held.reseller == reseller);
        if own.count() >= max {
            let what = "messages to everybody";
            return Err(Refusal::TooMany { what, max }.into());
        }
        let broadcast = Broadcast {
            id: tx.next_id::<BoxEventId>()?,
            notice,
            reseller,
            before: DeviceId(tx.next_ids::<DeviceId>(0)?),
        };
        crate::ops::create(ctx, tx, "box.broadcast", &broadcast)
    })
    .await
}

/// Adds an event for every box: one row. One of the kind that still waits makes room for it.
pub(in crate::ops) fn queue_for_all(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: BoxEventKind,
) -> Result<(), OpError> {
    if !ctx.app.config.stalker.enabled {
        return Ok(());
    }
    let held: Vec<Broadcast> = tx.all()?;
    for old in held {
        let is_same = old.notice.kind == kind && old.reseller.is_none();
        if is_same || !old.notice.is_valid_at(ctx.now) {
            tx.remove::<Broadcast>(&old.id)?;
        }
    }
    let broadcast = Broadcast {
        id: tx.next_id::<BoxEventId>()?,
        notice: notice(ctx, kind),
        reseller: None,
        before: DeviceId(tx.next_ids::<DeviceId>(0)?),
    };
    crate::ops::create(ctx, tx, "box.broadcast", &broadcast)
}

/// Adds an event to what a box has to be told.
pub(in crate::ops) fn queue(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    device: DeviceId,
    notice: Notice,
) -> Result<(), OpError> {
    if !ctx.app.config.stalker.enabled {
        return Ok(());
    }
    let held: Vec<BoxEvent> = tx.listed(Table::BoxEventsByDevice, &owned_by(device))?;
    let mut room = EVENTS_PER_BOX_MAX.saturating_sub(1);
    for old in held.iter().rev() {
        // Of what asks for a new start, and of what is nothing but "look again", one is enough.
        let replaced = (notice.reboot_after_ok && old.notice.reboot_after_ok)
            || (notice.kind == old.notice.kind
                && matches!(
                    notice.kind,
                    BoxEventKind::UpdateSubscription | BoxEventKind::UpdateModules
                ));
        if replaced || room == 0 || !old.notice.is_valid_at(ctx.now) {
            tx.remove::<BoxEvent>(&old.id)?;
        } else {
            room = room.saturating_sub(1);
        }
    }
    let event = BoxEvent {
        id: tx.next_id::<BoxEventId>()?,
        device,
        notice,
    };
    crate::ops::create(ctx, tx, "box.event", &event)
}

/// Adds an event to what all boxes of a customer have to be told.
pub(in crate::ops) fn queue_for(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    notice: &Notice,
) -> Result<(), OpError> {
    for device in boxes_of(ctx, tx, customer)? {
        queue(ctx, tx, device.id, notice.clone())?;
    }
    Ok(())
}

/// The set-top boxes of a customer; none where the portal is switched off.
fn boxes_of(ctx: &Ctx, tx: &Tx<'_>, customer: CustomerId) -> Result<Vec<Device>, OpError> {
    if !ctx.app.config.stalker.enabled {
        return Ok(Vec::new());
    }
    let mut devices = tx.devices_of(customer)?;
    devices.retain(|device| device.kind == DeviceKind::Stb);
    Ok(devices)
}

/// Packages were chosen or given back over the API: the viewer is told, and the box starts anew.
pub(in crate::ops) fn tell_of_choice(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
) -> Result<(), OpError> {
    let seconds = BoxEventKind::Reboot.seconds(ctx.app.config.stalker.watchdog_timeout);
    let told = Notice {
        text: SERVICES_CHANGED.to_owned(),
        reboot_after_ok: true,
        valid_until: ctx.now.saturating_add_seconds(seconds),
        ..notice(ctx, BoxEventKind::Message)
    };
    queue_for(ctx, tx, customer, &told)
}

/// Whether a notice says that packages were chosen.
pub(in crate::ops) fn follows_a_choice(notice: &Notice) -> bool {
    notice.reboot_after_ok && notice.text == SERVICES_CHANGED
}

/// A plan took the place of one that ended by itself.
pub(in crate::ops) fn tell_of_plan(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
) -> Result<(), OpError> {
    let told = Notice {
        text: PLAN_CHANGED.to_owned(),
        reboot_after_ok: true,
        ..notice(ctx, BoxEventKind::Message)
    };
    queue_for(ctx, tx, customer, &told)
}

/// A device that is gone has nothing to be told any more.
pub(in crate::ops) fn drop_all(tx: &mut Tx<'_>, device: DeviceId) -> Result<(), OpError> {
    for number in tx.numbers(Table::BoxEventsByDevice, &owned_by(device))? {
        tx.remove::<BoxEvent>(&BoxEventId(number))?;
    }
    Ok(())
}
