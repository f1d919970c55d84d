//! What a guide says, while it is read: in memory as far as it is little, else in a file without a
//! name. Guides may name their channels last, so nearly everything has to be kept until then.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::report::long;

use crate::domain::catalogue::guide::Slot;
use crate::domain::values::time::Timestamp;

/// Most bytes that are kept in memory.
const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Start, end and length of a programme.
const HEAD_BYTES: usize = 20;

/// Where programmes of all channels go.
pub struct Spill {
    folder: PathBuf,
    file: Option<File>,
    written: u64,
    held: usize,
}

/// The programmes of one channel, in the order in which they came.
#[derive(Debug, Default)]
pub struct Heap {
    held: Vec<u8>,
    /// Where in the file the earlier ones are, and how long.
    blocks: Vec<(u64, u32)>,
    pub count: usize,
    pub bytes: usize,
}

impl Spill {
    /// `folder`: where a file may be made.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            file: None,
            written: 0,
            held: 0,
        }
    }

    /// Adds a programme. Answers whether it is time to write down what is held.
    pub fn add(&mut self, heap: &mut Heap, slot: &Slot<&str>) -> bool {
        let before = heap.held.len();
        let stop = slot.stop_at.map_or(i64::MIN, Timestamp::micros);
        let length = u32::try_from(slot.what.len()).unwrap_or(0);
        heap.held.extend(slot.start_at.micros().to_le_bytes());
        heap.held.extend(stop.to_le_bytes());
        heap.held.extend(length.to_le_bytes());
        heap.held.extend(slot.what.as_bytes());
        let added = heap.held.len().saturating_sub(before);
        heap.count = heap.count.saturating_add(1);
        heap.bytes = heap.bytes.saturating_add(added);
        self.held = self.held.saturating_add(added);
        self.held > HELD_BYTES_MAX
    }

    /// Writes down what is held of a channel.
    pub fn write(&mut self, heap: &mut Heap) -> io::Result<()> {
        let block = std::mem::take(&mut heap.held);
        if block.is_empty() {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(unnamed(&self.folder)?),
        };
        file.write_all(&block)?;
        let length = u32::try_from(block.len()).map_err(io::Error::other)?;
        heap.blocks.push((self.written, length));
        self.written = self.written.saturating_add(u64::from(length));
        self.held = self.held.saturating_sub(block.len());
        Ok(())
    }

    /// Forgets what a channel has.
    pub fn forget(&mut self, heap: &mut Heap) {
        self.held = self.held.saturating_sub(heap.held.len());
        *heap = Heap::default();
    }

    /// Everything that a channel has.
    pub fn read(&mut self, heap: &Heap) -> io::Result<Vec<Slot<Texts>>> {
        let mut slots = Vec::with_capacity(heap.count);
        let mut block = Vec::new();
        for (at, length) in &heap.blocks {
            let file = self.file.as_mut().ok_or(ErrorKind::NotFound)?;
            file.seek(SeekFrom::Start(*at))?;
            block.clear();
            file.take(u64::from(*length)).read_to_end(&mut block)?;
            if long(block.len()) != u64::from(*length) {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            read_block(&block, &mut slots)?;
        }
        read_block(&heap.held, &mut slots)?;
        Ok(slots)
    }
}

fn read_block(mut block: &[u8], slots: &mut Vec<Slot<Texts>>) -> io::Result<()> {
    let damaged = || io::Error::from(ErrorKind::InvalidData);
    while !block.is_empty() {
        let (head, rest) = block.split_at_checked(HEAD_BYTES).ok_or_else(damaged)?;
        let (start, rest_of_head) = head.split_at_checked(8).ok_or_else(damaged)?;
        let (stop, length) = rest_of_head.split_at_checked(8).ok_or_else(damaged)?;
        let micros = |bytes: &[u8]| bytes.try_into().map(i64::from_le_bytes);
        let start = micros(start).map_err(io::Error::other)?;
        let stop = micros(stop).map_err(io::Error::other)?;
        let length = length.try_into().map(u32::from_le_bytes);
        let length =
            usize::try_from(length.map_err(io::Error::other)?).map_err(io::Error::other)?;
        let (text, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        slots.push(Slot {
            start_at: Timestamp::from_micros(start).ok_or_else(damaged)?,
            stop_at: Timestamp::from_micros(stop),
            what: std::str::from_utf8(text).map_err(io::Error::other)?.into(),
        });
        block = rest;
    }
    Ok(())
}

/// A file that is gone when it is closed, whatever happens: it has no name.
fn unnamed(folder: &Path) -> io::Result<File> {
    if folder.is_dir() {
        tempfile::tempfile_in(folder)
    } else {
        tempfile::tempfile()
    }
}

/// What a guide says of a programme but its time: title, description, category, director and actors
/// in one piece, because there are many.
pub type Texts = Box<str>;

#[cfg(test)]
mod tests {
    use super::{Heap, Spill};
    use crate::domain::catalogue::guide::Slot;
    use crate::domain::values::time::Timestamp;

    #[test]
    fn what_is_written_down_is_read_again_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(folder.path());
        let mut heaps = [Heap::default(), Heap::default()];
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000).unwrap();
        for number in 0..100i64 {
            for (which, heap) in heaps.iter_mut().enumerate() {
                let what = format!("{which} {number}");
                let slot = Slot {
                    start_at: at(number),
                    stop_at: (number % 2 == 0).then(|| at(number + 1)),
                    what: what.as_str(),
                };
                assert!(!spill.add(heap, &slot));
                if number % 7 == 0 {
                    spill.write(heap).unwrap();
                }
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        for (which, heap) in heaps.iter().enumerate() {
            let slots = spill.read(heap).unwrap();
            assert_eq!((slots.len(), heap.count), (100, 100));
            for (number, slot) in (0i64..).zip(&slots) {
                assert_eq!(*slot.what, format!("{which} {number}"));
                assert_eq!(slot.start_at, at(number));
                let stop = (number % 2 == 0).then(|| at(number + 1));
                assert_eq!(slot.stop_at, stop);
            }
        }
        let [first, _] = &mut heaps;
        spill.forget(first);
        assert_eq!(spill.read(first).unwrap(), []);
    }
}
