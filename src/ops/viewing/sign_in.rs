//! A viewer signs in on a box: the box is the customer's from then on.
//!
//! Reference: stalker-stb-portal §3.4. Whoever is wrong too often has to wait; five wrong tries in
//! twenty seconds are what an honest player does with a wrong password.

use data_encoding::HEXUPPER;
use subtle::ConstantTimeEq as _;

use crate::app::Ctx;
use crate::app::memory::failed_attempts::Door;
use crate::domain::customers::Customer;
use crate::domain::customers::device::{Device, DeviceKind};
use crate::domain::refusal::Refusal;
use crate::domain::staff::PASSWORD_BYTES_MAX;
use crate::domain::values::contact::fold;
use crate::domain::values::id::{CustomerId, DeviceId};
use crate::domain::values::mac::Mac;
use crate::domain::values::time::Timestamp;
use crate::ops::boxes::list::boxes_max;
use crate::ops::customers::devices;
use crate::ops::rows::change;
use crate::ops::{OpError, attempts, boxes, customers};
use crate::store::key::under_text;
use crate::store::{Owned as _, Read, Table, Tx};

/// Longest login, in bytes.
const LOGIN_BYTES_MAX: usize = 512;

/// How long a token that was given out may become that of a session, in minutes.
const TOKEN_MINUTES: i64 = 1_440;
/// What is sealed of a token: when it was given out, and something random.
const TOKEN_FRONT_BYTES: usize = 8;

/// A new token for the box with this MAC, or what it takes for one: 32 upper-case hexadecimal
/// digits. It is kept nowhere, and becomes the token of a session when the box comes with it
/// (stalker-stb-portal §3.2).
pub fn new_token(ctx: &Ctx, mac: &str) -> Result<String, OpError> {
    let random: [u8; 4] = ctx.app.entropy.bytes()?;
    let minute = u32::try_from(ctx.now.seconds() / 60).unwrap_or(0);
    let front = [minute.to_be_bytes(), random].concat();
    let seal = ctx.app.keys.seal(&sealed(mac, &front));
    Ok(HEXUPPER.encode(&[front, seal.to_vec()].concat()))
}

/// Whether this token was given out to the box with this MAC, not long ago.
#[must_use]
pub fn was_given(ctx: &Ctx, mac: Mac, token: &str) -> bool {
    let Ok(bytes) = HEXUPPER.decode(token.as_bytes()) else {
        return false;
    };
    let Some((front, seal)) = bytes.split_at_checked(TOKEN_FRONT_BYTES) else {
        return false;
    };
    let given_at = front.first_chunk().map_or(0, |at| u32::from_be_bytes(*at));
    let age = (ctx.now.seconds() / 60).saturating_sub(i64::from(given_at));
    let expected = ctx.app.keys.seal(&sealed(&mac.to_string(), front));
    age < TOKEN_MINUTES && bool::from(expected.as_slice().ct_eq(seal))
}

fn sealed(mac: &str, front: &[u8]) -> Vec<u8> {
    [b"box token ", front, mac.as_bytes()].concat()
}

/// What a box sends to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub mac: Mac,
    pub login: String,
    pub password: String,
    /// The token of its session from now on: whoever knows the password may choose it.
    pub token: Option<String>,
}

/// How a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedIn {
    Yes,
    Refused,
    /// The password was right, and the customer has as many boxes as may be.
    Full {
        max: usize,
        boxes: Vec<TakenBox>,
    },
}

/// A box that a customer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBox {
    pub mac: String,
    pub last_active_at: Option<Timestamp>,
}

/// Most boxes that a refusal names.
const NAMED_BOXES_MAX: usize = 10;

/// Signs in with a customer's login and password, which makes the box one of the customer's, as
/// long as there are not too many. A box of somebody else does not become the customer's.
pub async fn sign_in(ctx: &Ctx, input: SignIn) -> Result<SignedIn, OpError> {
    let fits = (1..=LOGIN_BYTES_MAX).contains(&input.login.len())
        && (1..=PASSWORD_BYTES_MAX).contains(&input.password.len());
    if !fits {
        return Ok(SignedIn::Refused);
    }
    let mac = input.mac;
    let customer = customer(ctx, &input.login)?;
    let id = customer.as_ref().map(|customer| customer.id);
    let of = id.map(|id| ("customers", id.0));
    let begun = attempts::begin(ctx, Door::BoxLogin, &input.login, of)?;
    let stored = customer.map(|customer| customer.password);
    let passwords = &ctx.app.passwords;
    let right = passwords
        .is_customers(input.password, &stored.unwrap_or_default(), begun.turn())
        .await;
    begun.ended(ctx, &right);
    let Some(id) = id.filter(|_| matches!(right, Ok(true))) else {
        right?;
        return Ok(SignedIn::Refused);
    };
    let device = match own(ctx, id, mac).await {
        Ok(device) => device,
        Err(OpError::Refused(Refusal::TooMany { max, .. })) => {
            tracing::info!(customer = id.0, max, "box_login.too_many_boxes");
            return full(ctx, id, max);
        }
        Err(OpError::Refused(refusal)) => {
            tracing::info!(%refusal, customer = id.0, "box_login.refused");
            return Ok(SignedIn::Refused);
        }
        Err(error) => return Err(error),
    };
    if let Some(token) = &input.token {
        boxes::begin_session(ctx, &ctx.snapshot()?, device, token, None)?;
    }
    Ok(SignedIn::Yes)
}

/// Which boxes there are: whoever knows the password may know them.
fn full(ctx: &Ctx, customer: CustomerId, max: usize) -> Result<SignedIn, OpError> {
    let read = ctx.snapshot()?;
    let mut taken = Vec::new();
    for device in read.devices_of(customer)? {
        if device.kind == DeviceKind::Stb && taken.len() < NAMED_BOXES_MAX {
            taken.push(TakenBox {
                last_active_at: boxes::last_seen(ctx, &read, device.id)?.last_active_at,
                mac: device.mac,
            });
        }
    }
    Ok(SignedIn::Full { max, boxes: taken })
}

/// Refuses one more box where a viewer signs in; staff and scripts may add more.
fn room_for_a_box(ctx: &Ctx, tx: &Tx<'_>, customer: &Customer) -> Result<(), OpError> {
    let max = boxes_max(ctx, tx, customer)?;
    let held = tx.devices_of(customer.id)?;
    let boxes = held.iter().filter(|held| held.kind == DeviceKind::Stb);
    if boxes.count() >= max {
        return Err(Refusal::TooMany { what: "boxes", max }.into());
    }
    Ok(())
}

/// A viewer signs out on a box: it is free again, if it became theirs by signing in. One that staff
/// gave them stays theirs, without a session: they may have no password to come back with.
pub async fn sign_out(ctx: &Ctx, device: DeviceId) -> Result<(), OpError> {
    let by_viewer = {
        let read = ctx.snapshot()?;
        boxes::end_session(ctx, &read, device)?;
        boxes::state(&read, device)?.signed_in_at.is_some()
    };
    if !by_viewer {
        return Ok(());
    }
    ctx.write(move |ctx, tx| {
        let held: Device = crate::ops::get(tx, device)?;
        let by_viewer = boxes::state(tx, device)?.signed_in_at.is_some();
        if held.removed_at.is_some() || !by_viewer {
            return Ok(());
        }
        devices::remove_in(ctx, tx, &held)
    })
    .await
}

/// The customer with this login; upper and lower case are one where that leaves no doubt.
fn customer(ctx: &Ctx, login: &str) -> Result<Option<Customer>, OpError> {
    let read = ctx.snapshot()?;
    let exact = customers::by_login(&read, login)?;
    if exact.is_some() {
        return Ok(exact);
    }
    let mut alike: Vec<Customer> =
        read.listed(Table::CustomersByFoldedLogin, &under_text(&fold(login)))?;
    Ok(if alike.len() == 1 { alike.pop() } else { None })
}

/// The box with this MAC as one of the customer's.
async fn own(ctx: &Ctx, customer: CustomerId, mac: Mac) -> Result<DeviceId, OpError> {
    if let Some(owner) = boxes::by_mac(&ctx.snapshot()?, mac)?
        && owner.customer.id == customer
    {
        return Ok(owner.device.id);
    }
    ctx.write(move |ctx, tx| {
        let held: Customer = crate::ops::get(tx, customer)?;
        if held.is_deleted() {
            return Err(crate::ops::missing::<Customer>(&customer.0.to_string()));
        }
        // Two at the same time make one.
        match boxes::by_mac(tx, mac)? {
            Some(owner) if owner.customer.id == customer => Ok(owner.device.id),
            _ if is_anothers_name(tx, mac, customer)? => Err(Refusal::MacTaken { mac }.into()),
            _ => {
                room_for_a_box(ctx, tx, &held)?;
                let device = change::add_box(ctx, tx, customer, mac)?;
                let mut state = boxes::state(tx, device.id)?;
                state.signed_in_at = Some(ctx.now);
                tx.put(&state)?;
                Ok(device.id)
            }
        }
    })
    .await
}

/// Whether somebody else's login or contract number is written as this MAC without its separators:
/// such a box would answer to that name, and a viewer must not choose it.
fn is_anothers_name(read: &impl Read, mac: Mac, own: CustomerId) -> Result<bool, OpError> {
    let bare = mac.bare();
    for index in [Table::CustomersByAccount, Table::CustomersByFoldedLogin] {
        let holders = read.listed::<Customer>(index, &under_text(&fold(&bare)))?;
        let anothers = |holder: &Customer| holder.id != own && !holder.is_deleted();
        if holders.iter().any(anothers) {
            return Ok(true);
        }
    }
    Ok(false)
}
