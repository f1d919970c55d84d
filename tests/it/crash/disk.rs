//! A disk that loses power, fills up, fails, or lies about having written.
//!
//! What the program sees is the live image. What a power cut leaves is the durable image, which
//! takes everything in at each sync, and whatever part of the writes since then the disk happened
//! to put down, in whatever order, some of them torn between two sectors.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boxoffice::store::Storage;
use redb::{Builder, StorageBackend};

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// One thing that was done to the disk.
#[derive(Clone)]
pub enum Op {
    Write { offset: usize, data: Arc<[u8]> },
    SetLen(usize),
    Sync,
}

/// How much of what was not synced a power cut leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Nothing,
    /// Some of it, in any order, some writes torn.
    Anything,
    Everything,
}

#[derive(Clone, Copy)]
enum Fault {
    /// From this operation on nothing works, reading included.
    DiesAt(usize),
    /// This operation fails, later ones work: no space for a write, an I/O error for a sync.
    FailsOnceAt(usize),
    /// There is no room: only blocks that hold something can be written over.
    Full,
}

/// Clones are the same disk, so that it can be opened again.
#[derive(Clone)]
pub struct Disk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    live: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Op>,
    /// The write in the middle of which the power went.
    last_gasp: Option<Op>,
    journal: Vec<Op>,
    fault: Option<Fault>,
    dead: bool,
    failed: bool,
    lies: bool,
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::holding(Vec::new())
    }

    /// A disk with `image` safely on it.
    pub fn holding(image: Vec<u8>) -> Self {
        let state = State {
            live: image.clone(),
            durable: image,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Opens, and opens again, this disk.
    pub fn storage(&self) -> Storage {
        let disk = self.clone();
        Storage::Device(Arc::new(move |builder: &Builder| {
            builder.create_with_backend(disk.clone())
        }))
    }

    /// How many writes, changes of length and syncs were done so far.
    pub fn ops(&self) -> usize {
        self.state().journal.len()
    }

    /// All of them, in order.
    pub fn journal(&self) -> Vec<Op> {
        self.state().journal.clone()
    }

    /// Does again what another disk's journal says.
    pub fn perform(&self, op: &Op) {
        self.state().perform(op.clone());
    }

    /// The power goes `after` operations from now.
    pub fn dies(&self, after: usize) {
        let mut state = self.state();
        state.fault = Some(Fault::DiesAt(state.journal.len() + after));
    }

    /// One operation fails, `after` operations from now.
    pub fn fails_once(&self, after: usize) {
        let mut state = self.state();
        state.fault = Some(Fault::FailsOnceAt(state.journal.len() + after));
    }

    /// From now on there is no room for anything new.
    pub fn fills_up(&self) {
        self.state().fault = Some(Fault::Full);
    }

    /// From now on everything works.
    pub fn mend(&self) {
        let mut state = self.state();
        state.fault = None;
        state.dead = false;
        state.last_gasp = None;
    }

    /// Whether an operation failed.
    pub fn has_failed(&self) -> bool {
        self.state().failed
    }

    /// From now on a sync says that it worked and does nothing.
    pub fn starts_to_lie(&self) {
        self.state().lies = true;
    }

    /// What would be found if the power went now.
    pub fn crash_image(&self, dice: &mut Dice, reach: Reach) -> Vec<u8> {
        self.state().crash_image(dice, reach)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn perform(&mut self, op: Op) {
        put(&mut self.live, &op);
        self.journal.push(op.clone());
        if !matches!(op, Op::Sync) {
            self.unsynced.push(op);
        } else if !self.lies {
            for op in std::mem::take(&mut self.unsynced) {
                put(&mut self.durable, &op);
            }
        }
    }

    /// Performs `op` unless it is to fail.
    fn attempt(&mut self, op: Op) -> io::Result<()> {
        self.alive()?;
        let number = self.journal.len();
        match self.fault {
            Some(Fault::DiesAt(at)) if number >= at => {
                self.dead = true;
                self.failed = true;
                self.last_gasp = Some(op);
                Err(io::Error::other("the disk is gone"))
            }
            Some(Fault::FailsOnceAt(at)) if number >= at => {
                self.fault = None;
                self.failed = true;
                Err(match op {
                    Op::Sync => io::Error::other("input/output error"),
                    Op::Write { .. } | Op::SetLen(_) => ErrorKind::StorageFull.into(),
                })
            }
            Some(Fault::Full) if self.needs_room(&op) => {
                self.failed = true;
                Err(ErrorKind::StorageFull.into())
            }
            _ => {
                self.perform(op);
                Ok(())
            }
        }
    }

    fn needs_room(&self, op: &Op) -> bool {
        const BLOCK: usize = 4_096;
        let is_hole = |block: usize| {
            let from = (block * BLOCK).min(self.live.len());
            let to = (from + BLOCK).min(self.live.len());
            self.live[from..to].iter().all(|byte| *byte == 0)
        };
        match op {
            Op::Write { offset, data } => {
                let last = (offset + data.len()).div_ceil(BLOCK);
                (offset / BLOCK..last).any(is_hole)
            }
            Op::SetLen(_) | Op::Sync => false,
        }
    }

    fn alive(&self) -> io::Result<()> {
        if self.dead {
            Err(io::Error::other("the disk is gone"))
        } else {
            Ok(())
        }
    }

    fn crash_image(&self, dice: &mut Dice, reach: Reach) -> Vec<u8> {
        let mut image = self.durable.clone();
        let unsynced = || self.unsynced.iter().chain(&self.last_gasp);
        let lengths = unsynced().filter(|op| matches!(op, Op::SetLen(_))).count();
        // A file has one length at a time: a front part of the changes has arrived.
        let mut arrived = match reach {
            Reach::Nothing => 0,
            Reach::Anything => dice.below(lengths + 1),
            Reach::Everything => lengths,
        };
        let mut landed: Vec<(usize, Arc<[u8]>)> = Vec::new();
        for op in unsynced() {
            match op {
                Op::Write { offset, data } => {
                    if reach == Reach::Everything || reach == Reach::Anything && dice.one_in(2) {
                        landed.push((*offset, Arc::clone(data)));
                    }
                }
                Op::SetLen(len) if arrived > 0 => {
                    arrived -= 1;
                    image.resize(*len, 0);
                    // What a shorter file cut off does not come back when it grows again.
                    for (offset, data) in &mut landed {
                        let kept = len.saturating_sub(*offset);
                        if kept < data.len() {
                            *data = Arc::from(&data[..kept]);
                        }
                    }
                }
                Op::SetLen(_) | Op::Sync => {}
            }
        }
        if reach == Reach::Anything {
            dice.shuffle(&mut landed);
        }
        for (offset, data) in &landed {
            let torn = reach == Reach::Anything && dice.one_in(4);
            for (from, to) in sectors(*offset, offset + data.len()) {
                if to <= image.len() && !(torn && dice.one_in(2)) {
                    image[from..to].copy_from_slice(&data[from - offset..to - offset]);
                }
            }
        }
        image
    }
}

/// The parts of `from..to` that lie in one sector each.
fn sectors(from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut at = from;
    while at < to {
        let end = ((at / SECTOR + 1) * SECTOR).min(to);
        parts.push((at, end));
        at = end;
    }
    parts
}

fn put(image: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { offset, data } => {
            let end = offset + data.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[*offset..end].copy_from_slice(data);
        }
        Op::SetLen(len) => image.resize(*len, 0),
        Op::Sync => {}
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disk after {} operations", self.ops())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let state = self.state();
        state.alive()?;
        Ok(state.live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        state.alive()?;
        let offset = place(offset)?;
        let end = offset.saturating_add(out.len());
        let bytes = state
            .live
            .get(offset..end)
            .ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = place(len)?;
        self.state().attempt(Op::SetLen(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.state().attempt(Op::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = place(offset)?;
        self.state().attempt(Op::Write {
            offset,
            data: Arc::from(data),
        })
    }
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| ErrorKind::InvalidInput.into())
}

/// Small repeatable randomness (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end`, `end` left out.
    pub fn below(&mut self, end: usize) -> usize {
        let rolled = self.roll() % (end as u64);
        usize::try_from(rolled).expect("less than a usize")
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            let other = self.below(at + 1);
            list.swap(at, other);
        }
    }
}

#[test]
fn a_power_cut_keeps_what_was_synced_and_loses_what_was_not() {
    let disk = Disk::new();
    disk.set_len(2_048).unwrap();
    disk.write(0, &[1; 1_024]).unwrap();
    disk.sync_data().unwrap();
    disk.write(512, &[2; 1_024]).unwrap();
    let mut dice = Dice::new(1);
    let synced: Vec<u8> = [[1_u8; 512], [1; 512], [0; 512], [0; 512]].concat();
    let written: Vec<u8> = [[1_u8; 512], [2; 512], [2; 512], [0; 512]].concat();
    assert_eq!(disk.crash_image(&mut dice, Reach::Nothing), synced);
    assert_eq!(disk.crash_image(&mut dice, Reach::Everything), written);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        seen.insert(disk.crash_image(&mut dice, Reach::Anything));
    }
    assert_eq!(seen.len(), 4, "each of the two sectors arrives or does not");
    disk.sync_data().unwrap();
    assert_eq!(disk.crash_image(&mut dice, Reach::Nothing), written);
}

#[test]
fn a_fault_strikes_where_it_was_put() {
    let disk = Disk::new();
    disk.fails_once(1);
    disk.set_len(512).unwrap();
    assert_eq!(
        disk.write(0, &[1]).unwrap_err().kind(),
        ErrorKind::StorageFull
    );
    disk.write(0, &[1]).unwrap();
    disk.dies(0);
    assert!(disk.sync_data().is_err());
    assert!(disk.read(0, &mut [0]).is_err());
    disk.mend();
    let mut byte = [0];
    disk.read(0, &mut byte).unwrap();
    assert_eq!((byte, disk.has_failed(), disk.ops()), ([1], true, 2));
}
