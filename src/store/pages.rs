//! Proves the checksum of every page of the file, also while the box works.
//!
//! redb proves pages only of a file that nobody else has open. So it gets a view of the file in
//! which it may write as it likes: what it writes stays in memory. Beside a working box the view
//! begins at the last commit, whose pages a reader holds in place meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, StorageBackend};

use super::error::StoreError;

/// The part in front of the pages that says which commit is the last one, in bytes.
const FRONT_BYTES: usize = 4_096;
/// Memory for pages while they are proved.
const CACHE_BYTES: usize = 32 * 1024 * 1024;
/// What is written is kept in blocks of this many bytes.
const BLOCK_BYTES: u64 = 4_096;

/// Where redb's file format has the byte whose lowest bit names the slot of the last commit, and
/// the two slots.
const GOD_BYTE: usize = 9;
const SLOTS: [std::ops::Range<usize>; 2] = [64..192, 192..320];

/// The front of a file as it is now. Both slots name the last commit: else redb would take a file
/// whose last commit is damaged for one that was cut off, and quietly go back to the commit before.
pub(super) fn front_of(path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut front = vec![0; FRONT_BYTES];
    let file = File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    front.truncate(length);
    file.read_exact_at(&mut front, 0)?;
    let [first, second] = SLOTS;
    let (last, other) = match front.get(GOD_BYTE) {
        Some(byte) if byte & 1 == 1 => (second, first),
        _ => (first, second),
    };
    let last = front.get(last).map(<[u8]>::to_vec);
    if let (Some(last), Some(other)) = (last, front.get_mut(other)) {
        other.copy_from_slice(&last);
    }
    Ok(front)
}

/// What is wrong with the pages of the commit that `front` names; `None`: nothing.
pub(super) fn damage(path: &Path, front: &[u8]) -> Result<Option<String>, StoreError> {
    // redb takes some damaged pages for a mistake of its own, and panics.
    catch_unwind(AssertUnwindSafe(|| look(path, front)))
        .unwrap_or_else(|_| Ok(Some("its pages make no sense".to_owned())))
}

fn look(path: &Path, front: &[u8]) -> Result<Option<String>, StoreError> {
    let view = View::of(path, front)?;
    let opened = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .create_with_backend(view);
    let mut database = match opened {
        Ok(database) => database,
        Err(error) => return unreadable(error),
    };
    match database.check_integrity() {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some("a page does not have its checksum".to_owned())),
        Err(error) => unreadable(error),
    }
}

fn unreadable(error: redb::DatabaseError) -> Result<Option<String>, StoreError> {
    match error {
        redb::DatabaseError::Storage(redb::StorageError::Corrupted(what)) => Ok(Some(what)),
        other => Err(other.into()),
    }
}

/// A file that is read, under what was written over it in memory.
#[derive(Debug)]
struct View {
    file: File,
    over: Mutex<Over>,
}

#[derive(Debug)]
struct Over {
    length: u64,
    /// Changed blocks by number.
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl View {
    fn of(path: &Path, front: &[u8]) -> Result<Self, StoreError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let over = Over {
            length,
            blocks: BTreeMap::new(),
        };
        let view = Self {
            file,
            over: Mutex::new(over),
        };
        view.put(0, front)?;
        Ok(view)
    }

    fn over(&self) -> MutexGuard<'_, Over> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block of the file; what lies beyond its end is zero.
    fn held(&self, block: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(BLOCK_BYTES).unwrap_or_default()];
        let mut filled = 0usize;
        let start = block.saturating_mul(BLOCK_BYTES);
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = start.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match self.file.read_at(rest, at) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes)
    }

    fn put(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut over = self.over();
        for (block, at, part) in parts(offset, data.len()) {
            let mut bytes = match over.blocks.remove(&block) {
                Some(bytes) => bytes,
                None => self.held(block)?,
            };
            let from = data.get(part).unwrap_or_default();
            if let Some(to) = bytes.get_mut(at..at.saturating_add(from.len())) {
                to.copy_from_slice(from);
            }
            over.blocks.insert(block, bytes);
        }
        Ok(())
    }

    fn fill(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let over = self.over();
        for (block, at, part) in parts(offset, out.len()) {
            let Some(to) = out.get_mut(part) else {
                continue;
            };
            let held;
            let bytes = match over.blocks.get(&block) {
                Some(bytes) => bytes,
                None => {
                    held = self.held(block)?;
                    &held
                }
            };
            if let Some(from) = bytes.get(at..at.saturating_add(to.len())) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }
}

/// The blocks that `length` bytes from `offset` on lie in: number, where in it, which of the bytes.
fn parts(offset: u64, length: usize) -> Vec<(u64, usize, std::ops::Range<usize>)> {
    let mut parts = Vec::new();
    let mut done = 0usize;
    while done < length {
        let position = offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
        let block = position / BLOCK_BYTES;
        let at = usize::try_from(position % BLOCK_BYTES).unwrap_or_default();
        let room = usize::try_from(BLOCK_BYTES)
            .unwrap_or_default()
            .saturating_sub(at);
        let count = room.min(length.saturating_sub(done));
        parts.push((block, at, done..done.saturating_add(count)));
        done = done.saturating_add(count);
    }
    parts
}

impl StorageBackend for View {
    fn len(&self) -> io::Result<u64> {
        Ok(self.over().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.fill(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.over().length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.put(offset, data)
    }
}
