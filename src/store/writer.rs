//! The writer: one thread that owns the file for writing and commits for many callers at once.
//!
//! It takes one command, drains what else waits (at most [`BATCH_MAX`]), runs them in order in one
//! transaction, commits once, durably, and only then answers all of them. A refused command is
//! taken back and stands in nobody's way. If the disk fails, nobody's command of that batch is
//! confirmed. redb then refuses to write (and to read what it has not in memory) until the file is
//! opened anew, which is tried at once and again until it works; meanwhile callers are answered
//! [`StoreError::Unavailable`].
//!
//! Bulk work comes in chunks, each in a transaction of its own, one after each batch: people first,
//! but they cannot starve it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use redb::Database;

use super::error::StoreError;
use super::health::{self, Health};
use super::open::Slot;
use super::tx::{Sharing, Tx};

/// Most commands that may wait for the writer; one more is refused as busy.
pub const QUEUE_MAX: usize = 4_096;
/// Most commands that share a commit.
pub const BATCH_MAX: usize = 256;
/// Chunks of bulk work that may be in the writer's hands.
const BULK_MAX: usize = 4;
/// After this long without work the file is marked so that a crash needs no repair.
const IDLE: Duration = Duration::from_millis(200);
/// How long to wait between attempts to open the file after the disk failed.
const REOPEN: Duration = Duration::from_millis(500);
/// How long nothing is tried after a commit ran out of room: at first, and at most.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// Answers the caller: with what the command said, or with the error of the commit.
pub(super) type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What a command leaves behind.
pub(super) struct Done {
    /// Whether its writes stand.
    pub keep: bool,
    pub reply: Reply,
}

pub(super) type Command = Box<dyn FnOnce(&mut Tx<'_>) -> Done + Send>;

pub(super) type Look = Box<dyn FnOnce(&Database) + Send>;

pub(super) enum Message {
    Run(Command),
    /// A chunk of bulk work.
    Bulk(Command),
    /// A look at the file while nothing is being written.
    Look(Look),
    /// Finish what was queued before, then let go of the file.
    Stop,
}

/// Runs until told to stop, or until every sender is gone.
pub(super) fn run(
    slot: &Arc<Slot>,
    queue: &Receiver<Message>,
    figures: &WriterFigures,
    health: &Health,
) {
    let mut space = Space::of(slot, health);
    let mut repair_needed = true;
    let mut taken = WorkQueue::default();
    loop {
        if taken.is_empty() {
            let message = if repair_needed {
                match queue.recv_timeout(IDLE) {
                    Err(RecvTimeoutError::Timeout) => {
                        if !space.is_enough(Sharing::Batch) {
                            continue;
                        }
                        repair_needed = !mark_clean(slot);
                        if repair_needed {
                            reopen(slot);
                        }
                        continue;
                    }
                    other => other.ok(),
                }
            } else {
                queue.recv().ok()
            };
            taken.take(message.unwrap_or(Message::Stop));
        }
        while taken.have_room()
            && let Ok(message) = queue.try_recv()
        {
            taken.take(message);
        }
        for look in std::mem::take(&mut taken.looks) {
            if let Some(database) = slot.database() {
                look(&database);
            }
        }
        let batch = std::mem::take(&mut taken.batch);
        let chunk = taken.bulk.pop_front();
        if batch.is_empty() && chunk.is_none() {
            if taken.stopping {
                // Nothing is left.
                break;
            }
            continue;
        }
        for (commands, sharing) in [
            (batch, Sharing::Batch),
            (chunk.into_iter().collect(), Sharing::Alone),
        ] {
            if commands.is_empty() {
                continue;
            }
            figures.batch(commands.len(), sharing);
            if !space.is_enough(sharing) {
                // Dropped unrun: their callers are told that the disk is full.
                continue;
            }
            let Err(error) = commit(slot, commands, sharing) else {
                space.had_room();
                continue;
            };
            tracing::error!(%error, "store.commit.failed");
            if matches!(error, StoreError::DiskFull) {
                space.ran_out();
            }
            reopen(slot);
        }
        repair_needed = true;
    }
    // Closing writes the allocator's state down, like an idle commit.
    slot.close();
}

/// What was taken from the queue and is not done yet.
#[derive(Default)]
struct WorkQueue {
    batch: Vec<Command>,
    bulk: VecDeque<Command>,
    looks: Vec<Look>,
    stopping: bool,
}

impl WorkQueue {
    fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.bulk.is_empty() && self.looks.is_empty() && !self.stopping
    }

    fn have_room(&self) -> bool {
        !self.stopping && self.batch.len() < BATCH_MAX && self.bulk.len() < BULK_MAX
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Run(command) => self.batch.push(command),
            Message::Bulk(command) => self.bulk.push_back(command),
            Message::Look(look) => self.looks.push(look),
            Message::Stop => self.stopping = true,
        }
    }
}

/// Whether the disk has room for what is to be written.
struct Space<'h> {
    health: &'h Health,
    path: Option<PathBuf>,
    /// Since when, and for how long, nothing is tried after a commit ran out of room all the same:
    /// quotas, for one, are seen only by trying.
    pause: Option<(Instant, Duration)>,
}

impl<'h> Space<'h> {
    fn of(slot: &Slot, health: &'h Health) -> Self {
        Self {
            health,
            path: slot.path(),
            pause: None,
        }
    }

    /// Whether a commit may be tried; says so to those who ask how the store is.
    fn is_enough(&mut self, sharing: Sharing) -> bool {
        let (free, reserve) = self
            .path
            .as_deref()
            .and_then(health::room)
            .unwrap_or((u64::MAX, 0));
        // A chunk of bulk work writes more than people do.
        let reserve = match sharing {
            Sharing::Batch => reserve,
            Sharing::Alone => reserve.saturating_mul(2),
        };
        let paused = self
            .pause
            .is_some_and(|(since, long)| since.elapsed() < long);
        let enough = free >= reserve && !paused;
        if sharing == Sharing::Batch || !enough {
            self.health.set_full(!enough, free);
        }
        enough
    }

    /// A commit ran out of room: the next one is tried after a while that grows.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long the disk is left alone has nothing to do with the time of day"
    )]
    fn ran_out(&mut self) {
        let long = match self.pause {
            // Once may be chance.
            None => Duration::ZERO,
            Some((_, last)) => last.saturating_mul(2).clamp(PAUSE_MIN, PAUSE_MAX),
        };
        self.pause = Some((Instant::now(), long));
        self.health.set_full(!long.is_zero(), 0);
    }

    /// A commit was made.
    fn had_room(&mut self) {
        self.pause = None;
    }
}

/// Runs the batch and answers everybody in it.
fn commit(slot: &Slot, batch: Vec<Command>, sharing: Sharing) -> Result<(), StoreError> {
    if slot.database().is_none() {
        slot.reopen()?;
    }
    // Commands that never run drop their reply, which their callers see as `Unavailable`.
    let database = slot.database().ok_or(StoreError::Unavailable)?;
    let mut replies = Vec::with_capacity(batch.len());
    let outcome = run_batch(&database, batch, sharing, &mut replies);
    drop(database);
    for reply in replies {
        reply(match &outcome {
            Ok(()) => Ok(()),
            Err(StoreError::DiskFull) => Err(StoreError::DiskFull),
            Err(_) => Err(StoreError::Unavailable),
        });
    }
    outcome
}

fn run_batch(
    database: &Database,
    batch: Vec<Command>,
    sharing: Sharing,
    replies: &mut Vec<Reply>,
) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    let mut wrote = false;
    {
        let mut tx = Tx::new(&transaction, sharing);
        for command in batch {
            let Done { keep, reply } = command(&mut tx);
            replies.push(reply);
            if tx.is_broken() {
                return Err(StoreError::Unavailable);
            }
            if keep && !tx.is_spoiled() {
                wrote |= tx.keep();
            } else if sharing == Sharing::Batch {
                tx.take_back()?;
            }
        }
    }
    if wrote {
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok(())
}

/// An empty commit that writes the allocator's state down, so that opening after a crash needs no
/// walk through the file.
fn mark_clean(slot: &Slot) -> bool {
    let Some(database) = slot.database() else {
        return false;
    };
    let marked = database
        .begin_write()
        .map_err(StoreError::from)
        .and_then(|mut transaction| {
            transaction.set_quick_repair(true);
            Ok(transaction.commit()?)
        });
    if let Err(error) = &marked {
        tracing::warn!(%error, "store.idle_commit.failed");
    }
    marked.is_ok()
}

/// After an I/O error redb refuses to write until the file is opened again.
fn reopen(slot: &Slot) {
    match slot.reopen() {
        Ok(()) => tracing::warn!("store.reopened"),
        Err(error) => {
            tracing::error!(
                %error,
                "store.reopen.failed: writes are refused until the disk recovers"
            );
            std::thread::sleep(REOPEN);
        }
    }
}

/// What the writer has done so far, for the metrics.
#[derive(Debug, Default)]
pub struct WriterFigures {
    commits: AtomicU64,
    commands: AtomicU64,
    pub(super) waiting: AtomicU64,
}

impl WriterFigures {
    fn batch(&self, commands: usize, sharing: Sharing) {
        let commands = u64::try_from(commands).unwrap_or(u64::MAX);
        self.commits.fetch_add(1, Ordering::Relaxed);
        if sharing == Sharing::Batch {
            self.commands.fetch_add(commands, Ordering::Relaxed);
        }
        self.waiting.fetch_sub(commands, Ordering::Relaxed);
    }

    /// Batches worked so far.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Commands in them, without chunks of bulk work.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }

    /// Commands that wait right now.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}
