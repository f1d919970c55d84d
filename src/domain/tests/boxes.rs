//! Boxes, what they are told, and what they show when.

use super::at;
use crate::domain::boxes::event::{BoxEventKind, Notice};
use crate::domain::catalogue::guide::is_kept;
use crate::domain::customers::device::{Device, DeviceStatus};
use crate::domain::values::id::{CustomerId, DeviceId, as_uuid, uuid_text};
use crate::domain::values::mac::Mac;

const MESSAGES: [BoxEventKind; 2] = [BoxEventKind::Message, BoxEventKind::MessageWithVideo];

#[test]
fn messages_wait_for_what_is_at_once_and_are_repeated_until_confirmed() {
    for kind in MESSAGES {
        assert_eq!(
            (kind.class(), kind.needs_confirmation()),
            (1, true),
            "{kind:?}"
        );
        assert_eq!(kind.seconds(120), 7 * 86_400);
    }
    for kind in [
        BoxEventKind::Reboot,
        BoxEventKind::CutOff,
        BoxEventKind::UpdateGuide,
    ] {
        assert_eq!(
            (kind.class(), kind.needs_confirmation()),
            (0, false),
            "{kind:?}"
        );
        assert_eq!(kind.seconds(120), 240, "two watchdog periods");
    }
}

#[test]
fn a_notice_is_told_until_its_time_is_over() {
    let notice = Notice::new(BoxEventKind::Reboot, 120, at("2026-01-01 10:00:00"));
    assert!(notice.is_valid_at(at("2026-01-01 10:03:59")));
    assert!(!notice.is_valid_at(at("2026-01-01 10:04:00")));
    assert!(!notice.is_valid_at(at("2026-01-01 10:04:01")));
}

#[test]
fn a_device_remembers_when_its_status_changed() {
    let mac = Mac::parse("00:1A:79:00:39:5E").unwrap();
    let made = Device::new_box(DeviceId(1), CustomerId(2), mac, at("2026-01-01"));
    let later = at("2026-01-05");
    assert_eq!(
        made.with_status(DeviceStatus::Active, later)
            .status_changed_at,
        None
    );
    let off = made.with_status(DeviceStatus::Inactive, later);
    assert_eq!(
        (off.status, off.status_changed_at),
        (DeviceStatus::Inactive, Some(later))
    );
}

#[test]
fn programmes_are_kept_for_two_weeks() {
    let now = at("2026-01-15 10:00:00");
    assert!(is_kept(at("2026-01-01 10:00:00"), now));
    assert!(!is_kept(at("2026-01-01 09:59:59"), now));
    assert!(is_kept(at("2026-02-01"), now));
}

#[test]
fn random_bytes_are_marked_as_a_random_uuid() {
    let counted: [u8; 16] = std::array::from_fn(|place| u8::try_from(place * 17).unwrap());
    assert_eq!(uuid_text(counted), "00112233-4455-4677-8899-aabbccddeeff");
    assert_eq!(as_uuid([0xff; 16])[6], 0x4f);
    assert_eq!(as_uuid([0xff; 16])[8], 0xbf);
    assert_eq!((as_uuid([0; 16])[6], as_uuid([0; 16])[8]), (0x40, 0x80));
    assert_eq!(as_uuid([7; 16])[0], 7);
}
