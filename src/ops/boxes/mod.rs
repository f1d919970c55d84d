//! The box in front of the viewer: who it is, its session, what it is told, and what it told us.
//!
//! A poll reads a snapshot and memory and writes nothing. What a poll ends (an event that was
//! handed out) is noted in memory and written right after it, in the background; a crash in
//! between hands it out once more. Reference: stalker-rest-v1 §3, stalker-stb-portal §3 and §4.

pub mod events;
pub mod list;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::app::Ctx;
use crate::app::memory::presence::BoxLive;
use crate::domain::boxes::event::{
    BOX_TEXT_CHARS_MAX, BoxEvent, BoxState, Broadcast, CLASSES, Notice,
};
use crate::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::event::ActivityAction;
use crate::domain::values::id::{BoxEventId, ChannelId, DeviceId};
use crate::domain::values::mac::Mac;
use crate::domain::values::time::Timestamp;
use crate::store::key::{Key as _, owned_by, under_text};
use crate::store::{Owned as _, Read, Snapshot, Span, StoreError, Table, Tx};

use crate::ops::OpError;
use crate::ops::activity;

/// A box and whose it is.
#[derive(Debug, Clone)]
pub struct BoxOwner {
    pub device: Device,
    pub customer: Customer,
}

impl BoxOwner {
    /// Whether the customer and the box are switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.customer.status == CustomerStatus::Active && self.device.status == DeviceStatus::Active
    }

    /// When the customer or the box was last switched on or off.
    #[must_use]
    pub fn status_changed_at(&self) -> Timestamp {
        let Self { device, customer } = self;
        let changed = customer.status_changed_at.max(device.status_changed_at);
        let first = customer.activated_at.unwrap_or(customer.created_at);
        changed.unwrap_or(first)
    }
}

/// The box with this MAC.
pub fn by_mac(read: &impl Read, mac: Mac) -> Result<Option<BoxOwner>, OpError> {
    for number in read.numbers(Table::DevicesByMac, &under_text(&mac.to_string()))? {
        let device: Device = super::get(read, DeviceId(number))?;
        if device.kind == DeviceKind::Stb {
            let customer: Customer = super::get(read, device.customer)?;
            return Ok((!customer.is_deleted()).then_some(BoxOwner { device, customer }));
        }
    }
    Ok(None)
}

/// What a box last told us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastSeen {
    pub online: bool,
    pub address: String,
    pub version: String,
    pub last_active_at: Option<Timestamp>,
}

/// What a box last told us, from memory where it spoke since the start.
pub fn last_seen(ctx: &Ctx, read: &impl Read, device: DeviceId) -> Result<LastSeen, StoreError> {
    let live = ctx.app.presence.get(device);
    let held = match &live {
        // The file has nothing that is newer.
        Some(live) if live.version.is_some() => None,
        _ => read.get::<BoxState>(&device)?,
    };
    let version = live.as_ref().and_then(|live| live.version.clone());
    let version = version.or_else(|| held.as_ref().map(|held| held.version.clone()));
    let (address, last_active_at) = match (live, held) {
        (Some(live), _) => (live.address, live.last_active_at),
        (None, Some(held)) => (held.address, held.last_active_at),
        (None, None) => return Ok(LastSeen::default()),
    };
    let window = i64::from(ctx.app.config.stalker.watchdog_timeout);
    let since = ctx.now.saturating_add_seconds(window.saturating_neg());
    Ok(LastSeen {
        online: last_active_at.is_some_and(|at| at >= since),
        address,
        version: version.unwrap_or_default(),
        last_active_at,
    })
}

/// Lets `change` see and change what is known of a box.
fn with<T>(
    ctx: &Ctx,
    read: &impl Read,
    device: DeviceId,
    change: impl FnOnce(&mut BoxLive) -> T,
) -> Result<T, OpError> {
    let load = || -> Result<BoxLive, StoreError> {
        let held = read.get::<BoxState>(&device)?;
        Ok(BoxLive::of(&held.unwrap_or_else(|| BoxState::new(device))))
    };
    let (answer, is_dirty) = ctx.app.presence.change(device, load, change)?;
    if is_dirty {
        ctx.app.signals.presence_dirty.notify_one();
    }
    Ok(answer)
}

/// Whether this is the token of the box's present session.
pub fn holds_token(
    ctx: &Ctx,
    read: &impl Read,
    device: DeviceId,
    token: &str,
) -> Result<bool, OpError> {
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    with(ctx, read, device, |live| {
        live.token_hash
            .is_some_and(|held| bool::from(held.ct_eq(&hash)))
    })
}

/// Begins a session: the token that the box presents is its token from now on, and an older one no
/// longer (stalker-stb-portal §3.2: the last one wins).
pub fn begin_session(
    ctx: &Ctx,
    read: &impl Read,
    device: DeviceId,
    token: &str,
    version: Option<&str>,
) -> Result<(), OpError> {
    let hash = Sha256::digest(token.as_bytes()).into();
    let address = ctx.address_text();
    let version: Option<String> =
        version.map(|text| text.chars().take(BOX_TEXT_CHARS_MAX).collect());
    let often = with(ctx, read, device, |live| {
        live.token_hash = Some(hash);
        let often = live.seen(ctx.now, &address);
        live.touch();
        if version.is_some() {
            live.version = version;
        }
        often
    })?;
    if often {
        note_moves(ctx, device);
    }
    Ok(())
}

/// The MAC may be that of two boxes: staff sees it in the log, in the customer's activity and
/// beside the box. In the background, so that the box does not wait.
fn note_moves(ctx: &Ctx, device: DeviceId) {
    let address = ctx.address_text();
    tracing::warn!(device = device.0, address, "box.moves_often");
    let ctx = ctx.clone();
    let calls = ctx.app.calls.clone();
    calls.spawn(async move {
        let noted = ctx.write(move |ctx, tx| {
            let Some(device) = tx.get::<Device>(&device)? else {
                return Ok(());
            };
            let details = vec![("mac".to_owned(), device.mac.clone())];
            let action = ActivityAction::DeviceMovedOften;
            activity::record(ctx, tx, device.customer, Some(&device), action, details)
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "box.moves_not_noted");
        }
    });
}

/// Ends the session of a box.
pub fn end_session(ctx: &Ctx, read: &impl Read, device: DeviceId) -> Result<(), OpError> {
    with(ctx, read, device, |live| {
        live.token_hash = None;
        live.touch();
    })
}

/// How long an answer about a box is held back that does not show the token of its session and was
/// not seen at this address: whoever tries MACs must not be told at once which are known. `None`:
/// there is none.
pub fn stranger_waits(
    ctx: &Ctx,
    visit: &BoxRequest,
    mac: Option<Mac>,
    token: Option<&str>,
) -> Result<Option<Duration>, OpError> {
    if mac.is_none() {
        return Ok(Some(Duration::ZERO));
    }
    if let Some(owner) = &visit.owner {
        let (read, device) = (visit.read(), owner.device.id);
        let in_session = match token {
            Some(token) => holds_token(ctx, read, device, token)?,
            None => false,
        };
        let address = ctx.address_text();
        if in_session || with(ctx, read, device, |live| live.address == address)? {
            return Ok(Some(Duration::ZERO));
        }
    }
    let wait = ctx.app.strangers.wait(ctx.address, visit.owner.is_none());
    if wait.is_none() && ctx.app.failed_attempts.may_tell(ctx.now) {
        let address = ctx.address_text();
        tracing::warn!(address, "portal.too_many_unknown_boxes");
    }
    Ok(wait)
}

/// What a poll brings.
#[derive(Debug, Clone, Default)]
pub struct Polled {
    /// Events that wait, the one that is handed out among them.
    pub waiting: usize,
    pub event: Option<(BoxEventId, Notice)>,
}

/// The box asks whether there is something to be told: at most one event, what is at once before
/// messages, oldest first. It counts as online from now on.
pub fn poll(ctx: &Ctx, read: &Snapshot, owner: &BoxOwner) -> Result<Polled, OpError> {
    let device = owner.device.id;
    let address = ctx.address_text();
    let (often, live) = with(ctx, read, device, |live| {
        let often = live.seen(ctx.now, &address);
        (often, (live.broadcasts_done, live.events_done.clone()))
    })?;
    if often {
        note_moves(ctx, device);
    }
    let waiting = waiting(ctx, read, owner, &live.0, &live.1)?;
    let Some(first) = waiting.first() else {
        return Ok(Polled::default());
    };
    if !first.notice.kind.needs_confirmation() {
        note_done(ctx, read, device, first)?;
    }
    let count = waiting.len();
    Ok(Polled {
        waiting: count,
        event: waiting
            .into_iter()
            .next()
            .map(|first| (first.id, first.notice)),
    })
}

struct Waiting {
    id: BoxEventId,
    to_all: bool,
    notice: Notice,
}

/// Everything that waits for a box, in the order in which it is handed out.
fn waiting(
    ctx: &Ctx,
    read: &impl Read,
    owner: &BoxOwner,
    broadcasts_done: &[BoxEventId; CLASSES],
    events_done: &[BoxEventId],
) -> Result<Vec<Waiting>, OpError> {
    let mut waiting = Vec::new();
    for number in read.numbers(Table::BoxEventsByDevice, &owned_by(owner.device.id))? {
        let id = BoxEventId(number);
        let event = read.get::<BoxEvent>(&id)?;
        let valid = |event: &BoxEvent| event.notice.is_valid_at(ctx.now);
        if let Some(event) = event.filter(valid).filter(|_| !events_done.contains(&id)) {
            waiting.push(Waiting {
                id,
                to_all: false,
                notice: event.notice,
            });
        }
    }
    let oldest = broadcasts_done.iter().min().map_or(0, |done| done.0);
    let span = Span {
        from: BoxEventId(oldest.saturating_add(1)).to_bytes(),
        ..Span::all()
    };
    read.each::<Broadcast>(&span, &mut |broadcast| {
        let notice = &broadcast.notice;
        let class = usize::from(notice.kind.class());
        let done = broadcasts_done.get(class).copied();
        if done.is_none_or(|done| done < broadcast.id)
            && notice.is_valid_at(ctx.now)
            && owner.device.id < broadcast.before
            && (broadcast.reseller.is_none() || broadcast.reseller == owner.customer.reseller)
        {
            waiting.push(Waiting {
                id: broadcast.id,
                to_all: true,
                notice: broadcast.notice,
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if waiting.iter().any(|waiting| waiting.to_all) {
        // The file is ahead of memory where a command moved the box on.
        let held = state(read, owner.device.id)?.broadcasts_done;
        let is_done = |waiting: &Waiting| {
            let class = usize::from(waiting.notice.kind.class());
            waiting.to_all && held.get(class).is_some_and(|done| waiting.id <= *done)
        };
        waiting.retain(|waiting| !is_done(waiting));
    }
    waiting.sort_by_key(|waiting| (waiting.notice.kind.class(), waiting.id));
    Ok(waiting)
}

fn note_done(ctx: &Ctx, read: &impl Read, device: DeviceId, done: &Waiting) -> Result<(), OpError> {
    with(ctx, read, device, |live| {
        if done.to_all {
            let class = usize::from(done.notice.kind.class());
            if let Some(held) = live.broadcasts_done.get_mut(class) {
                *held = (*held).max(done.id);
            }
        } else if !live.events_done.contains(&done.id) {
            live.events_done.push(done.id);
        }
        live.touch();
    })
}

/// The viewer has read it. Confirming what is not there, or not any more, changes nothing.
pub fn confirm(
    ctx: &Ctx,
    read: &Snapshot,
    owner: &BoxOwner,
    id: BoxEventId,
) -> Result<(), OpError> {
    let device = owner.device.id;
    let live = with(ctx, read, device, |live| {
        (live.broadcasts_done, live.events_done.clone())
    })?;
    let waiting = waiting(ctx, read, owner, &live.0, &live.1)?;
    match waiting.iter().find(|waiting| waiting.id == id) {
        Some(done) => note_done(ctx, read, device, done),
        None => Ok(()),
    }
}

/// Boxes that are written in one commit.
const SAVED_AT_ONCE: usize = 2_000;

/// Writes what boxes told us: with `all` also when they were seen last.
pub async fn save(ctx: &Ctx, all: bool) -> Result<(), OpError> {
    loop {
        let taken = ctx.app.presence.take_changed(all, SAVED_AT_ONCE);
        if taken.is_empty() {
            return Ok(());
        }
        let writing = taken.clone();
        // Not audited: boxes come and go all day, and nobody decides that.
        let saved = ctx
            .write_bulk(move |ctx, tx| save_in(ctx, tx, &writing))
            .await;
        for (device, live) in &taken {
            match saved {
                Ok(()) => ctx.app.presence.written(*device, live),
                Err(_) => ctx.app.presence.not_written(*device),
            }
        }
        saved?;
        // Boxes go on asking: what is seen from here on is for the next time.
        if taken.len() < SAVED_AT_ONCE {
            return Ok(());
        }
    }
}

fn save_in(ctx: &Ctx, tx: &mut Tx<'_>, taken: &[(DeviceId, BoxLive)]) -> Result<(), OpError> {
    let mut states = BTreeMap::new();
    for (device, live) in taken {
        let held = tx.get::<Device>(device)?;
        if held.is_none_or(|held| held.removed_at.is_some()) {
            ctx.app.presence.forget(*device);
            continue;
        }
        let state = tx.get::<BoxState>(device)?;
        let mut state = state.unwrap_or_else(|| BoxState::new(*device));
        live.write_to(&mut state);
        states.insert(*device, state);
        for id in &live.events_done {
            tx.remove::<BoxEvent>(id)?;
        }
    }
    let states: Vec<BoxState> = states.into_values().collect();
    tx.put_many(&states)?;
    Ok(())
}

/// What is kept of a box beyond its presence: favourites, the last channel.
pub fn state(read: &impl Read, device: DeviceId) -> Result<BoxState, StoreError> {
    let held = read.get::<BoxState>(&device)?;
    Ok(held.unwrap_or_else(|| BoxState::new(device)))
}

/// Changes what the viewer keeps on a box: theirs, so not audited.
pub async fn keep(
    ctx: &Ctx,
    device: DeviceId,
    change: impl FnOnce(&mut BoxState) + Send + 'static,
) -> Result<(), OpError> {
    ctx.write(move |_, tx| {
        let held = tx.get::<Device>(&device)?;
        if held.is_none_or(|held| held.removed_at.is_some()) {
            return Ok(());
        }
        let mut state = state(tx, device)?;
        change(&mut state);
        tx.put(&state)?;
        Ok(())
    })
    .await
}

/// Channels as a viewer lists them: each once.
#[must_use]
pub fn listed_once(channels: impl IntoIterator<Item = ChannelId>) -> Vec<ChannelId> {
    let mut seen = std::collections::BTreeSet::new();
    let mut list: Vec<ChannelId> = Vec::new();
    for channel in channels {
        if seen.insert(channel) {
            list.push(channel);
        }
    }
    list.truncate(crate::domain::boxes::event::FAVOURITES_MAX);
    list
}

/// A device that gets another MAC is another box: no session, nothing to be told, and what was said
/// to everybody before is not for it.
pub(super) fn start_anew(ctx: &Ctx, tx: &mut Tx<'_>, device: DeviceId) -> Result<(), OpError> {
    forget(ctx, tx, device)?;
    let mut state = BoxState::new(device);
    state.broadcasts_done = [newest_broadcast(tx)?; CLASSES];
    Ok(tx.put(&state)?)
}

/// A customer gets another reseller: what was said to that one's customers before is not for these
/// boxes. What was said to all of their own and still waits is theirs from now on.
pub(super) fn change_reseller(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: &Customer,
) -> Result<(), OpError> {
    let newest = newest_broadcast(tx)?;
    for device in tx.devices_of(before.id)? {
        if device.kind != DeviceKind::Stb {
            continue;
        }
        let owner = BoxOwner {
            device,
            customer: before.clone(),
        };
        let device = owner.device.id;
        // Memory is left alone: this command may be taken back.
        let live = ctx.app.presence.get(device);
        let done = live.map_or([BoxEventId(0); CLASSES], |live| live.broadcasts_done);
        for waits in waiting(ctx, tx, &owner, &done, &[])? {
            if waits.to_all {
                events::queue(ctx, tx, device, waits.notice)?;
            }
        }
        let mut state = state(tx, device)?;
        state.broadcasts_done = [newest; CLASSES];
        tx.put(&state)?;
    }
    Ok(())
}

fn newest_broadcast(read: &impl Read) -> Result<BoxEventId, StoreError> {
    let newest = Span {
        descending: true,
        ..Span::all()
    };
    let mut found = BoxEventId(0);
    read.each::<Broadcast>(&newest, &mut |broadcast| {
        found = broadcast.id;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// A device that is removed has no session and nothing to be told.
pub(super) fn forget(ctx: &Ctx, tx: &mut Tx<'_>, device: DeviceId) -> Result<(), OpError> {
    events::drop_all(tx, device)?;
    tx.remove::<BoxState>(&device)?;
    ctx.app.presence.forget(device);
    Ok(())
}

/// One request of a box: the file as it stands, and whose box it is.
pub struct BoxRequest {
    read: Snapshot,
    /// The box with the MAC, if it is somebody's.
    pub owner: Option<BoxOwner>,
}

/// Looks up whose box it is that asks.
pub fn visit(ctx: &Ctx, mac: Option<Mac>) -> Result<BoxRequest, OpError> {
    let read = ctx.snapshot()?;
    let owner = match mac {
        Some(mac) => by_mac(&read, mac)?,
        None => None,
    };
    Ok(BoxRequest { read, owner })
}

impl BoxRequest {
    #[must_use]
    pub fn read(&self) -> &Snapshot {
        &self.read
    }
}
