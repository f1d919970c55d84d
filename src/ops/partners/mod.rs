//! Partners that bill through us, as records:
//! added, given another key, found by the key that they show.

pub mod account;
pub mod carrier_calls;
pub mod charge;
pub mod decide;
mod hand_over;
pub mod month_close;
pub mod notifications;
mod pin_check;
pub mod pins;
pub mod statement;
pub mod subscriptions;
mod verdict;

use sha2::{Digest as _, Sha256};

use crate::app::Ctx;
use crate::app::memory::failed_attempts::Door;
use crate::domain::partners::{Partner, PinPolicy};
use crate::domain::refusal::Refusal;
use crate::domain::staff::Maker;
use crate::domain::staff::{Permission, Secret};
use crate::domain::values::id::PartnerId;
use crate::domain::values::money::Share;
use crate::ops::staff::credentials;
use crate::ops::{Named, OpError, attempts};
use crate::store::{Read as _, Table};

impl Named for Partner {
    const KIND: &'static str = "partner";
    const FOREIGN: Option<Table> = Some(Table::PartnersByKey);
}

/// How long the key before is good after a rotation, in seconds: a day.
pub const OVERLAP_SECONDS: i64 = 86_400;

/// Longest key and name of a partner.
const KEY_CHARS_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 200;

/// The partner with this key.
pub fn get(ctx: &Ctx, key: &str) -> Result<Partner, OpError> {
    ctx.require(Permission::StaffManage)?;
    let held = ctx
        .snapshot()?
        .get_by::<Partner>(Table::PartnersByKey, key.as_bytes())?;
    held.ok_or_else(|| super::missing::<Partner>(key))
}

/// All partners, oldest first. There are few.
pub fn list(ctx: &Ctx) -> Result<Vec<Partner>, OpError> {
    ctx.require(Permission::StaffManage)?;
    Ok(ctx.snapshot()?.all()?)
}

/// Adds a partner; answers its API key, which is kept nowhere.
pub async fn add(ctx: &Ctx, key: String, name: String) -> Result<(Partner, String), OpError> {
    ctx.require(Permission::StaffManage)?;
    for (path, text, max) in [
        ("key", &key, KEY_CHARS_MAX),
        ("name", &name, NAME_CHARS_MAX),
    ] {
        let fits = (1..=max).contains(&text.chars().count());
        if !fits || text.chars().any(char::is_control) {
            let path = path.to_owned();
            let problem = format!("must have 1 to {max} characters");
            return Err(OpError::Document { path, problem });
        }
    }
    let api_key = fresh(ctx)?;
    let hash = hash(&api_key);
    let partner = ctx
        .write(move |ctx, tx| {
            if tx
                .get_by::<Partner>(Table::PartnersByKey, key.as_bytes())?
                .is_some()
            {
                return Err(Refusal::PartnerTaken { key }.into());
            }
            let partner = Partner {
                api_key_hash: Some(hash),
                key_made_by: credentials::maker(ctx, tx)?,
                ..fresh_partner(tx.next_id()?, key, name)
            };
            super::create(ctx, tx, "partner.add", &partner)?;
            Ok(partner)
        })
        .await?;
    Ok((partner, api_key))
}

/// A partner with whom nothing is agreed yet.
pub(super) fn fresh_partner(id: PartnerId, key: String, name: String) -> Partner {
    Partner {
        id,
        key,
        name,
        api_key_hash: None,
        old_api_key: None,
        products: Vec::new(),
        currencies: Vec::new(),
        refunds: false,
        pin_policy: PinPolicy::Off,
        sends_pin: false,
        per_charge_limit: None,
        monthly_limit: None,
        share: Share::ALL,
        requests_per_second: 0,
        on: true,
        callback: None,
        agreed: false,
        key_made_by: Maker::Unknown,
        old_key_made_by: Maker::Unknown,
    }
}

/// Gives a partner another API key; the one before is good for `overlap_seconds` more.
pub async fn rotate(
    ctx: &Ctx,
    key: String,
    overlap_seconds: i64,
) -> Result<(Partner, String), OpError> {
    ctx.require(Permission::StaffManage)?;
    let api_key = fresh(ctx)?;
    let hash = hash(&api_key);
    let partner = ctx
        .write(move |ctx, tx| {
            let held = tx.get_by::<Partner>(Table::PartnersByKey, key.as_bytes())?;
            let before = held.ok_or(OpError::Missing {
                kind: Partner::KIND,
                key,
            })?;
            let until = ctx.now.saturating_add_seconds(overlap_seconds.max(0));
            let mut after = before.clone();
            after.old_api_key = before.api_key_hash.clone().map(|old| (old, until));
            after.api_key_hash = Some(hash);
            after.old_key_made_by = before.key_made_by.clone();
            after.key_made_by = credentials::maker(ctx, tx)?;
            super::change(ctx, tx, "partner.rotate", &before, &after)?;
            Ok(after)
        })
        .await?;
    Ok((partner, api_key))
}

/// Whose API key a text is.
pub enum KeyOf {
    /// Also one that is off.
    Partner(Box<Partner>),
    /// One that had it before it got another, and the time to change is over.
    Replaced,
    Nobody,
}

/// Finds the partner whose API key this is.
pub fn of_key(ctx: &Ctx, api_key: &str) -> Result<KeyOf, OpError> {
    // Found by its hash: what a wrong one shares with a right one shows nowhere.
    let hash = hash(api_key);
    let snapshot = ctx.snapshot()?;
    let held = snapshot.get_by::<Partner>(Table::PartnersByApiKey, hash.0.as_bytes())?;
    let was_held = held.is_some();
    let found = held.filter(|partner| {
        let old = partner.old_api_key.as_ref();
        partner.api_key_hash.as_ref() == Some(&hash)
            || old.is_some_and(|(_, until)| *until > ctx.now)
    });
    let Some(partner) = found else {
        attempts::failed(ctx, Door::PartnerKey)?;
        return Ok(if was_held {
            KeyOf::Replaced
        } else {
            KeyOf::Nobody
        });
    };
    // A document may have named a short key: from where too many were wrong, a right one that was
    // never right from there waits too.
    attempts::begin(ctx, Door::PartnerKey, &partner.key, None)?.ended::<OpError>(ctx, &Ok(true));
    Ok(KeyOf::Partner(Box::new(partner)))
}

/// 256 random bits.
fn fresh(ctx: &Ctx) -> Result<String, OpError> {
    let random: [u8; 32] = ctx.app.entropy.bytes()?;
    Ok(format!(
        "bx_{}",
        data_encoding::BASE64URL_NOPAD.encode(&random)
    ))
}

/// As which a key is kept.
pub(super) fn hash(api_key: &str) -> Secret {
    Secret(data_encoding::HEXLOWER.encode(&Sha256::digest(api_key)))
}
