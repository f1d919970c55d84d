//! Keys: order-preserving bytes, so that the order of keys is the order of values.

use crate::domain::billing::journal::Account;
use crate::domain::billing::payment::compared_reference;
use crate::domain::billing::standing::StandingKind;
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::staff::TokenId;
use crate::domain::values::calendar::LocalDate;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{ChannelId, Id, OrderId, PartnerId, WebhookId};
use crate::domain::values::money::Currency;
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::event::Subject;

/// A record's own key.
pub trait Key: Clone + std::fmt::Debug + Send + 'static {
    /// The sequence its numbers come from; `None` for keys that are no numbers.
    const SEQUENCE: Option<&'static str> = None;

    fn to_bytes(&self) -> Vec<u8>;
    /// `None` where `bytes` is no key of this kind.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl<I: Id> Key for I {
    const SEQUENCE: Option<&'static str> = Some(I::SEQUENCE);

    fn to_bytes(&self) -> Vec<u8> {
        self.number().to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes
            .try_into()
            .ok()
            .map(|number| I::new(u64::from_be_bytes(number)))
    }
}

impl Key for TokenId {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl Key for [u8; 32] {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

/// The key of the only record of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Only;

impl Key for Only {
    fn to_bytes(&self) -> Vec<u8> {
        vec![0]
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes == [0]).then_some(Self)
    }
}

/// Earlier days come first.
impl Key for LocalDate {
    fn to_bytes(&self) -> Vec<u8> {
        (self.days().cast_unsigned() ^ (1 << 31))
            .to_be_bytes()
            .to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.try_into().ok()?;
        let days = (u32::from_be_bytes(bytes) ^ (1 << 31)).cast_signed();
        Some(Self::of_days(days))
    }
}

/// A key that its record composes itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Raw(pub Vec<u8>);

impl Key for Raw {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.to_vec()))
    }
}

/// First key after all that begin with `prefix`; `None` where there is none.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// The number in the last eight bytes of an index key.
#[must_use]
pub fn trailing_number(key: &[u8]) -> Option<u64> {
    let tail = key.get(key.len().checked_sub(8)?..)?;
    tail.try_into().ok().map(u64::from_be_bytes)
}

pub(super) fn number<I: Id>(id: I) -> [u8; 8] {
    id.number().to_be_bytes()
}

/// An instant as a part of a key: earlier ones come first.
#[must_use]
pub fn instant(at: Timestamp) -> [u8; 8] {
    (at.micros().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// The front part of the keys of an index by time, up to and with `at`: for spans.
#[must_use]
pub fn until(at: Timestamp) -> Vec<u8> {
    let after = (at.micros().cast_unsigned() ^ (1 << 63)).saturating_add(1);
    after.to_be_bytes().to_vec()
}

/// The instant in front of a key of an index by time.
#[must_use]
pub fn instant_of(key: &[u8]) -> Option<Timestamp> {
    let front = key.first_chunk::<8>()?;
    Timestamp::from_micros((u64::from_be_bytes(*front) ^ (1 << 63)).cast_signed())
}

/// The front part of the index keys of what a channel begins to show at `at`: for spans too.
#[must_use]
pub fn shown_at(channel: ChannelId, at: Timestamp) -> Vec<u8> {
    let mut key = number(channel).to_vec();
    key.extend_from_slice(&instant(at));
    key
}

/// The front part of the index keys of orders of one status that stand alike.
#[must_use]
pub fn state_of(status: OrderStatus, standing: StandingKind) -> [u8; 2] {
    [status as u8, standing as u8]
}

/// The unique entry of an invoice for one cycle of an order.
#[must_use]
pub fn cycle_of(order: OrderId, cycle: u32) -> Vec<u8> {
    let mut key = number(order).to_vec();
    key.extend_from_slice(&cycle.to_be_bytes());
    key
}

/// The unique entry of a payment that a provider or a bank has a name for.
#[must_use]
pub fn reference_of(method: &str, reference: &str) -> Vec<u8> {
    let mut key = terminated(method);
    key.extend_from_slice(compared_reference(method, reference).as_bytes());
    key
}

/// The unique entry of a partner's transaction.
#[must_use]
pub fn ext_of(partner: PartnerId, ext_id: &str) -> Vec<u8> {
    let mut key = number(partner).to_vec();
    key.extend_from_slice(ext_id.as_bytes());
    key
}

/// The span of what is listed for an owner from an instant on.
#[must_use]
pub fn since<I: Id>(owner: I, at: Timestamp) -> Vec<u8> {
    let mut key = number(owner).to_vec();
    key.extend_from_slice(&instant(at));
    key
}

/// The front part of the index keys of what waits for a webhook about one object.
#[must_use]
pub fn queue_of(webhook: WebhookId, subject: Subject, object: u64) -> Vec<u8> {
    let mut key = number(webhook).to_vec();
    key.push(subject as u8);
    key.extend_from_slice(&object.to_be_bytes());
    key
}

/// The front part of the index keys of what a webhook or partner is told, in one state.
#[must_use]
pub fn in_state<I: Id>(listener: I, state: DeliveryState) -> Vec<u8> {
    let mut key = number(listener).to_vec();
    key.push(state as u8);
    key
}

/// The instant behind the owner in a key of an index by owner and time.
#[must_use]
pub fn owned_instant(key: &[u8]) -> Option<Timestamp> {
    instant_of(key.get(8..)?)
}

/// The key of an account's running total.
#[must_use]
pub fn account_key(account: &Account, currency: Currency) -> Raw {
    let mut key = account_front(account);
    key.extend_from_slice(currency.as_str().as_bytes());
    Raw(key)
}

/// The front part of the keys of an account's running totals: a currency follows.
pub(super) fn account_front(account: &Account) -> Vec<u8> {
    match account {
        Account::Customer(id) => [&[0][..], &number(*id)].concat(),
        Account::Revenue => vec![1],
        Account::Tax(rate) => [&[2][..], &rate.thousandths().to_be_bytes()].concat(),
        Account::Cash(method) => [&[3][..], &terminated(method)].concat(),
        Account::Partner(id) => [&[4][..], &number(*id)].concat(),
        Account::Suspense => vec![5],
        Account::Opening => vec![6],
        Account::Carrier => vec![8],
        Account::WriteOff => vec![9],
        Account::Vouchers => vec![10],
        Account::Payable(id) => [&[7][..], &number(*id)].concat(),
    }
}

/// Text as the front part of a longer key. Texts hold no NUL: the dialects refuse it.
#[must_use]
pub fn terminated(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    bytes
}

/// The front part of the index keys of one owner, for [`super::Read::listed`].
#[must_use]
pub fn owned_by<I: Id>(owner: I) -> Vec<u8> {
    number(owner).to_vec()
}

/// The front part of the index keys of audit lines about a record; `None` for kinds of which nobody
/// looks lines up.
#[must_use]
pub fn about(kind: &str, number: u64) -> Option<Vec<u8>> {
    // Bytes of the file: never use one again.
    let kind = match kind {
        "customers" => 0u8,
        "devices" => 1,
        "orders" => 2,
        _ => return None,
    };
    Some([&[kind][..], &number.to_be_bytes()].concat())
}

/// The front part of the index keys of one text, for [`super::Read::listed`]. No text that is kept
/// holds a NUL: one that does is found nowhere, for behind the end of a text comes a number,
/// which may begin with it.
#[must_use]
pub fn under_text(text: &str) -> Vec<u8> {
    // No key that begins with a text has this byte.
    const NOWHERE: u8 = 0xFF;
    if text.contains('\0') {
        vec![NOWHERE]
    } else {
        terminated(text)
    }
}
