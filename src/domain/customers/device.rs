//! Devices: hardware or apps that play.

use serde::{Deserialize, Serialize};

use crate::domain::values::id::{CustomerId, DeviceId};
use crate::domain::values::mac::Mac;
use crate::domain::values::time::Timestamp;

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    Unknown,
    Stb,
    Pc,
    Tv,
    Mobile,
    Tablet,
}

/// Only an active device may play. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceStatus {
    Active,
    Inactive,
    Broken,
    /// In the warehouse, not yet handed out.
    Stock,
    Retired,
}

/// Hardware or an app that plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub id: DeviceId,
    /// The id a client brought; names this device for ever, also after its removal.
    pub foreign_id: Option<String>,
    pub customer: CustomerId,
    pub kind: DeviceKind,
    pub status: DeviceStatus,
    pub model: String,
    pub platform: String,
    pub brand: String,
    pub serial: String,
    /// Of a set-top box six octets in any common notation, or nothing. Of other kinds whatever text
    /// was given: the vendor's sample has eight octets.
    pub mac: String,
    pub created_at: Timestamp,
    pub removed_at: Option<Timestamp>,
    /// When the status last became another one; not known of before the box kept it.
    pub status_changed_at: Option<Timestamp>,
}

impl Device {
    /// A set-top box that a customer begins to use.
    #[must_use]
    pub fn new_box(id: DeviceId, customer: CustomerId, mac: Mac, now: Timestamp) -> Self {
        Self {
            id,
            foreign_id: None,
            customer,
            kind: DeviceKind::Stb,
            status: DeviceStatus::Active,
            model: String::new(),
            platform: String::new(),
            brand: String::new(),
            serial: String::new(),
            mac: mac.to_string(),
            created_at: now,
            removed_at: None,
            status_changed_at: None,
        }
    }

    /// The MAC by which it is known; `None` where it has none, or another text for one.
    #[must_use]
    pub fn known_by(&self) -> Option<Mac> {
        Mac::parse(&self.mac)
    }

    /// The same device in another status.
    #[must_use]
    pub fn with_status(&self, status: DeviceStatus, now: Timestamp) -> Self {
        let mut after = self.clone();
        if after.status != status {
            after.status = status;
            after.status_changed_at = Some(now);
        }
        after
    }
}

/// What is wrong with a MAC address that a device of this kind is to have. A set-top box is known
/// by it, so that one which no box can send would be kept in vain. Other kinds have any text, but
/// none that is a MAC address with an octet lost or doubled.
#[must_use]
pub fn mac_fault(kind: DeviceKind, text: &str) -> Option<String> {
    let octets = octets(text);
    let is_box = kind == DeviceKind::Stb;
    let fits = if is_box {
        text.is_empty() || Mac::parse(text).is_some()
    } else {
        octets.is_none_or(|octets| matches!(octets, 0..=2 | 6 | 8..))
    };
    if fits {
        return None;
    }
    let has = octets.filter(|octets| *octets != 6);
    let has = has.map(|octets| format!("; this has {octets}"));
    let of_box = if is_box { " of a box of type STB" } else { "" };
    Some(format!(
        "the MAC address{of_box} must be six octets of two digits each, such as \
         00:1A:79:00:39:5E{}",
        has.unwrap_or_default()
    ))
}

/// How many octets a text is made of, if it is made of such and their separators.
fn octets(text: &str) -> Option<usize> {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let is_octet = |part: &&str| {
        (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    parts.iter().all(is_octet).then_some(parts.len())
}

/// Most devices one customer may have, removed ones aside.
pub const DEVICES_PER_CUSTOMER_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use super::{DeviceKind, mac_fault};

    #[test]
    fn a_box_has_six_octets_and_other_kinds_what_they_like() {
        let of_box = |text| mac_fault(DeviceKind::Stb, text);
        let of_other = |text| mac_fault(DeviceKind::Unknown, text);
        for good in ["", "00:1A:79:00:39:5E", "00-1a-79-00-39-5e", "001A7900395E"] {
            assert_eq!((of_box(good), of_other(good)), (None, None), "{good}");
        }
        for (bad, has) in [("00:1A:79:00:39", "has 5"), ("0:1:2:3:4:5:6", "has 7")] {
            assert!(of_box(bad).is_some_and(|words| words.ends_with(has)));
            assert!(of_other(bad).is_some_and(|words| words.ends_with(has)));
        }
        for text in [
            "82:90:A8:59:D2:B1:C0:76",
            "F3:1F:6:D3:CE:97",
            "001a.7900.395e",
            "00 1A 79 00 39 5E",
            " 00:1A:79:00:39:5E",
            "001A790039",
            "x",
        ] {
            assert!(of_box(text).is_some() && of_other(text).is_none(), "{text}");
        }
    }
}
