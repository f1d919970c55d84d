//! What is wrong with the file and its disk at the moment, for whoever answers requests and for
//! whoever asks whether the box is well. Also how much room a disk must have before anything is
//! written: a commit that runs out of room in the middle costs readers the time of a new start.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Room that is never written into, as a share of the disk, and within these bounds in bytes.
const RESERVE_SHARE: u64 = 20;
const RESERVE_BYTES_MIN: u64 = 8 * 1024 * 1024;
const RESERVE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How the store is.
#[derive(Debug, Default)]
pub struct Health {
    full: AtomicBool,
    /// Free bytes when the disk was found full.
    free_bytes: AtomicU64,
    damage: Mutex<Option<String>>,
}

impl Health {
    /// Whether writes are refused because the disk is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// How many bytes were free when the disk was found full.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// The first damage that was met, in one line; it stays until the box is started anew.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        let held = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    /// Notes damage, and says so once in the log.
    pub fn note_damage(&self, what: &str) {
        let mut held = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            tracing::error!(
                what,
                "store.damaged: the data file is damaged; stop the box, run `boxoffice check`, \
                 and bring a backup back"
            );
            *held = Some(what.to_owned());
        }
    }

    pub(super) fn set_full(&self, full: bool, free_bytes: u64) {
        self.free_bytes.store(free_bytes, Ordering::Relaxed);
        if self.full.swap(full, Ordering::Relaxed) == full {
            return;
        }
        if full {
            tracing::error!(
                free_bytes,
                "store.disk_full: writes are refused until there is room"
            );
        } else {
            tracing::info!(free_bytes, "store.disk_has_room: writes are taken again");
        }
    }
}

/// Free bytes of the disk that `path` is on, and how many of them must stay free.
pub(super) fn room(path: &Path) -> Option<(u64, u64)> {
    let stats = rustix::fs::statvfs(path).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stats.f_frsize);
    let reserve = bytes(stats.f_blocks)
        .checked_div(RESERVE_SHARE)
        .unwrap_or_default()
        .clamp(RESERVE_BYTES_MIN, RESERVE_BYTES_MAX);
    Some((bytes(stats.f_bavail), reserve))
}
