//! The store: typed records over one redb file. The only folder that names `redb`.
//!
//! Reads take a [`Snapshot`] and never wait. Writes go through [`Store::write`] to the one writer
//! thread and are answered when they are durable. Must not know what the records mean.

mod audit;
mod check;
pub mod codec;
mod counts;
mod error;
mod health;
mod journal;
pub mod key;
mod migrate;
mod months;
mod open;
mod owned;
mod pages;
mod read;
mod record;
pub mod schema;
mod snapshot;
mod table_set;
mod tables;
mod tx;
mod versions;
mod vouchers;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use audit::append_audit;
pub use check::{Finding, check};
pub use counts::{BLOCK_BITS, quarters};
pub use error::{CodecError, StoreError};
pub use health::Health;
pub use journal::{account_balance, append_entries, balances, has_account};
pub use migrate::LAYOUT;
pub use open::{OpenDevice, Storage};
pub use owned::Owned;
pub use read::{Read, Span};
pub use record::{Entries, Entry, EntryKind, Record};
pub use snapshot::Snapshot;
pub use table_set::TableSet;
pub use tables::Table;
pub use tx::{Touched, Tx};
pub use writer::{BATCH_MAX, QUEUE_MAX, WriterFigures};

use redb::Database;
use writer::{Command, Done, Message};

/// The open file.
pub struct Store {
    slot: Arc<open::Slot>,
    queue: SyncSender<Message>,
    figures: Arc<WriterFigures>,
    health: Arc<Health>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the file, brings it to the present layout and starts the writer.
    pub fn open(storage: Storage) -> Result<Self, StoreError> {
        let health = Arc::new(Health::default());
        let slot = Arc::new(open_sound(storage)?);
        let (queue, commands) = sync_channel(QUEUE_MAX);
        let figures = Arc::new(WriterFigures::default());
        let (writer_slot, writer_figures) = (Arc::clone(&slot), Arc::clone(&figures));
        let writer_health = Arc::clone(&health);
        // The one thread that may commit.
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                let run = || writer::run(&writer_slot, &commands, &writer_figures, &writer_health);
                // Rules that panic are caught one by one; a panic in the writer itself leaves
                // nobody to write, so the process goes and its supervisor starts it anew.
                if catch_unwind(AssertUnwindSafe(run)).is_err() {
                    tracing::error!("store.writer.panicked");
                    std::process::abort();
                }
            })?;
        Ok(Self {
            slot,
            queue,
            figures,
            health,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The file as the last commit left it.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        use redb::ReadableDatabase as _;
        let database = self.slot.database().ok_or(StoreError::Unavailable)?;
        let snapshot = Snapshot::new(database.begin_read()?);
        Ok(snapshot.watched_by(Arc::clone(&self.health)))
    }

    /// How file and disk are.
    #[must_use]
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// Proves the checksum of every page of the last commit; what is wrong, if anything is. Takes a
    /// second per gigabyte or so, in which the box works on; only where damage is found, writes
    /// wait for a second look. Always `None` where there is no file.
    pub fn damaged_pages(&self) -> Result<Option<String>, StoreError> {
        let Some(path) = self.slot.path() else {
            return Ok(None);
        };
        let first = path.clone();
        let begin = move |database: &Database| -> Result<_, StoreError> {
            use redb::ReadableDatabase as _;
            // The reader keeps the pages of this commit where they are.
            Ok((database.begin_read()?, pages::front_of(&first)?))
        };
        let (reader, front) = self.between_commits(begin)??;
        let found = pages::damage(&path, &front)?;
        drop(reader);
        if found.is_none() {
            return Ok(None);
        }
        let second = move |_: &Database| pages::damage(&path, &pages::front_of(&path)?);
        let found = self.between_commits(second)??;
        if let Some(what) = &found {
            self.health.note_damage(what);
        }
        Ok(found)
    }

    /// Runs `work` in the writer's thread while nothing is being written.
    fn between_commits<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = sync_channel(1);
        let work = Box::new(move |database: &Database| drop(answer.send(work(database))));
        self.queue
            .send(Message::Look(work))
            .map_err(|_| StoreError::Closed)?;
        answered.recv().map_err(|_| StoreError::Unavailable)
    }

    /// Why a command was dropped without an answer.
    fn why_dropped(&self) -> StoreError {
        if self.health.is_full() {
            StoreError::DiskFull
        } else {
            StoreError::Unavailable
        }
    }

    /// Runs `command` in the writer's thread. If it answers `Ok`, its writes are durable when this
    /// returns; if it answers an error, it left nothing behind.
    ///
    /// [`StoreError::Busy`] where more than [`QUEUE_MAX`] commands wait.
    /// [`StoreError::Unavailable`] where the disk failed:
    /// then the outcome is unknown, as after a power cut.
    pub async fn write<T, E>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.wait_for(Message::Run, command, |done| done).await
    }

    /// As [`Store::write`], for a chunk of a long work: in a transaction of its own, after what
    /// people wait for. Answers also how long the writer was kept from others: commit and sync are
    /// the larger part of it where the chunk touched pages all over the file.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a chunk took has nothing to do with the time of day"
    )]
    pub async fn write_bulk<T, E>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<(T, Duration), E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let timed = |tx: &mut Tx<'_>| {
            let begun = Instant::now();
            command(tx).map(|done| (done, begun))
        };
        self.wait_for(Message::Bulk, timed, |(done, begun)| {
            (done, begun.elapsed())
        })
        .await
    }

    /// `finish` is called by the writer, right after the commit.
    async fn wait_for<T, U, E>(
        &self,
        kind: fn(Command) -> Message,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        finish: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, E>
    where
        T: Send + 'static,
        U: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = tokio::sync::oneshot::channel();
        // The caller may have gone away: its command stands all the same.
        self.submit(kind, command, move |result: Result<T, E>| {
            drop(answer.send(result.map(finish)));
        })?;
        answered
            .await
            .unwrap_or_else(|_| Err(self.why_dropped().into()))
    }

    /// As [`Store::write`], for start-up and for threads of their own; never inside a command.
    pub fn write_blocking<T, E>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = sync_channel(1);
        self.submit(Message::Run, command, move |result| {
            drop(answer.send(result));
        })?;
        answered
            .recv()
            .unwrap_or_else(|_| Err(self.why_dropped().into()))
    }

    /// Queues a command whose result goes to `answer` after the commit.
    fn submit<T, E>(
        &self,
        kind: fn(Command) -> Message,
        command: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        answer: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Result<(), StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let health = Arc::clone(&self.health);
        let command: Command = Box::new(move |tx| {
            let result = catch_unwind(AssertUnwindSafe(|| command(tx))).unwrap_or_else(|_| {
                tracing::error!("store.command.panicked");
                if health.damage().is_some() {
                    // redb met a damaged page: nothing of this commit may stand.
                    tx.break_off();
                }
                Err(StoreError::Panicked.into())
            });
            let keep = result.is_ok();
            let reply = Box::new(move |committed: Result<(), StoreError>| {
                answer(match committed {
                    Ok(()) => result,
                    Err(error) => Err(error.into()),
                });
            });
            Done { keep, reply }
        });
        self.figures.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(kind(command)).map_err(|refused| {
            self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => StoreError::Busy,
                TrySendError::Disconnected(_) => StoreError::Closed,
            }
        })
    }

    #[must_use]
    pub fn figures(&self) -> &WriterFigures {
        &self.figures
    }

    /// Works off what is queued, marks the file clean and lets go of it. Blocks.
    pub fn close(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            if thread.thread().id() == std::thread::current().id() {
                // The last holder of the store was a command that has just run here. The writer
                // cannot wait for itself; it ends by itself,
                // as nobody can send it anything any more.
                return;
            }
            // Blocks while the queue is full, which is right: what was accepted is worked off.
            let _ = self.queue.send(Message::Stop);
            let _ = thread.join();
        }
    }
}

/// Opens the file and brings it to the present layout. What redb does not understand is damage.
fn open_sound(storage: Storage) -> Result<open::Slot, StoreError> {
    let open = || {
        let slot = open::Slot::open(storage)?;
        if let Some(database) = slot.database() {
            migrate::migrate(&database)?;
        }
        Ok(slot)
    };
    catch_unwind(AssertUnwindSafe(open))
        .unwrap_or_else(|_| Err(StoreError::Damaged("its pages make no sense".to_owned())))
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}
