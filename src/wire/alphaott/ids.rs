//! Ids as AlphaOTT shows them: 24 hex digits, UUIDs for devices, or what the client brought
//! (alphaott 1.3: an opaque string, never judged by its shape).

use crate::domain::values::id::{DeviceId, Id};
use crate::ops::Handle;

/// 24 lower-case hex digits.
#[must_use]
pub fn show<I: Id>(id: I) -> String {
    format!("{:024x}", id.number())
}

/// The id a client brought, or ours.
#[must_use]
pub fn show_named<I: Id>(foreign: Option<&String>, id: I) -> String {
    foreign.cloned().unwrap_or_else(|| show(id))
}

/// A UUID of the kind that is free for own use (version 8), holding the number.
#[must_use]
pub fn show_device(foreign: Option<&String>, id: DeviceId) -> String {
    foreign.cloned().unwrap_or_else(|| {
        let number = id.number();
        format!(
            "{:08x}-0000-8000-8000-{:012x}",
            number >> 48,
            number & 0xffff_ffff_ffff
        )
    })
}

/// What a client means by a text.
#[must_use]
pub fn handle<I: Id>(text: &str) -> Handle<I> {
    Handle {
        text: text.to_owned(),
        number: number(text).map(I::new),
    }
}

/// What a client means by a device's id.
#[must_use]
pub fn device_handle(text: &str) -> Handle<DeviceId> {
    Handle {
        text: text.to_owned(),
        number: device_number(text).map(DeviceId::new),
    }
}

/// The number in 24 hex digits of either case.
#[must_use]
pub fn number(text: &str) -> Option<u64> {
    let plain = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = text.strip_prefix("00000000").filter(|_| plain)?;
    u64::from_str_radix(digits, 16).ok()
}

fn device_number(text: &str) -> Option<u64> {
    let (high, rest) = text.split_once("-0000-8000-8000-")?;
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if high.len() != 8 || rest.len() != 12 || !hex(high) || !hex(rest) {
        return None;
    }
    let high = u64::from_str_radix(high, 16).ok()?;
    let low = u64::from_str_radix(rest, 16).ok()?;
    (high <= 0xffff).then_some(high << 48 | low)
}

#[cfg(test)]
mod tests {
    use super::{device_handle, handle, show, show_device};
    use crate::domain::values::id::{CustomerId, DeviceId};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_shown_is_understood(number in any::<u64>()) {
            let customer = CustomerId(number);
            prop_assert_eq!(handle::<CustomerId>(&show(customer)).number, Some(customer));
            let device = DeviceId(number);
            prop_assert_eq!(device_handle(&show_device(None, device)).number, Some(device));
        }

        #[test]
        fn fuzz_ids_never_panic(text in "\\PC{0,40}") {
            let _ = handle::<CustomerId>(&text);
            let _ = device_handle(&text);
        }
    }
}
