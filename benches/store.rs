//! What a durable write costs, and what sharing commits buys: ratios taken in one run, because the
//! disk of another machine, or of another hour, has other times.
//!
//! `cargo bench --bench store -- [WRITES] [FOLDER]`: how many writes each row takes (2,000), and a
//! folder on the disk that is to be measured (Cargo's target folder).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use boxoffice::app::clock::Stopwatch;
use boxoffice::domain::customers::Customer;
use boxoffice::domain::event::Audit;
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::id::{AuditId, CustomerId};
use boxoffice::domain::values::open_object::OpenObject;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::store::{Read as _, Storage, Store, StoreError, Table, Tx, append_audit};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLERS: usize = 64;
/// Gives each caller four writes, and one where there is a commit for each.
const WRITES_MIN: usize = 4 * CALLERS;
/// The two ways of committing take turns, so that a busy moment hits both.
const ROUNDS: usize = 3;
/// How many reads there are for every write.
const READS_PER_WRITE: usize = 50;

const USAGE: &str = "usage: store [WRITES] [FOLDER]";

/// How long each of many equal things took, and all together.
struct Times {
    each: Vec<Duration>,
    all: Duration,
}

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench` to the arguments it hands on.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let (writes, folder) = match arguments.as_slice() {
        [] => (2_000_usize, PathBuf::from(env!("CARGO_TARGET_TMPDIR"))),
        [writes] => (
            writes.parse::<usize>().context(USAGE)?,
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        ),
        [writes, folder] => (
            writes.parse::<usize>().context(USAGE)?,
            PathBuf::from(folder),
        ),
        _ => anyhow::bail!(USAGE),
    };
    anyhow::ensure!(writes >= WRITES_MIN, "at least {WRITES_MIN} writes");
    let folder = tempfile::Builder::new()
        .prefix("bench-store-")
        .tempdir_in(folder)?;
    // As the appliance has it: two workers.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(measure(writes, folder.path()))
}

async fn measure(writes: usize, folder: &Path) -> anyhow::Result<()> {
    let mut disk = appends(folder, writes / 4)?;
    let disk_median = disk.median();
    row("4 KiB append and fdatasync", &mut disk, "")?;

    let store = Arc::new(Store::open(Storage::File(folder.join("boxoffice.redb")))?);
    let mut alone = one_caller(&store, writes / 4).await?;
    let ratio = alone.median().as_secs_f64() / disk_median.as_secs_f64();
    row(
        "durable write, 1 caller",
        &mut alone,
        &format!("{ratio:.1} x the append"),
    )?;

    let gate = Arc::new(Mutex::new(()));
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let mut single = many_callers(&store, Some(&gate), writes / 4).await?;
        row("64 callers, a commit for each write", &mut single, "")?;

        let before = (store.figures().commits(), store.figures().commands());
        let mut grouped = many_callers(&store, None, writes).await?;
        let commits = store.figures().commits().saturating_sub(before.0).max(1);
        let commands = store.figures().commands().saturating_sub(before.1);
        let ratio = grouped.per_second() / single.per_second();
        ratios.push(ratio);
        row(
            "64 callers, sharing commits",
            &mut grouped,
            &format!("{ratio:.1} x as many, {} in a commit", commands / commits),
        )?;
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ROUNDS / 2).copied().unwrap_or(0.0);

    let mut read = reads(&store, writes * READS_PER_WRITE)?;
    row("customer by id, decoded, 1 thread", &mut read, "")?;
    say(&format!(
        "\nsharing commits: {median:.1} x the writes (median of {ROUNDS} pairs)"
    ))?;
    Ok(())
}

/// Blocks of 4 KiB at the end of a file, each safe on the disk before the next.
fn appends(folder: &Path, count: usize) -> anyhow::Result<Times> {
    let mut file = std::fs::File::create(folder.join("appended"))?;
    let block = [0x5a_u8; 4_096];
    let mut times = Times::start(count);
    let all = Stopwatch::start();
    for _ in 0..count {
        let one = Stopwatch::start();
        file.write_all(&block)?;
        file.sync_data()?;
        times.each.push(one.elapsed());
    }
    times.all = all.elapsed();
    Ok(times)
}

async fn one_caller(store: &Store, count: usize) -> Result<Times, StoreError> {
    let mut times = Times::start(count);
    let all = Stopwatch::start();
    for _ in 0..count {
        let one = Stopwatch::start();
        write(store).await?;
        times.each.push(one.elapsed());
    }
    times.all = all.elapsed();
    Ok(times)
}

/// Callers that each begin a write when their last one is answered, `count` writes in all. With a
/// gate the store is given one write at a time.
async fn many_callers(
    store: &Arc<Store>,
    gate: Option<&Arc<Mutex<()>>>,
    count: usize,
) -> anyhow::Result<Times> {
    let mut callers = JoinSet::new();
    let mut times = Times::start(count);
    let all = Stopwatch::start();
    for _ in 0..CALLERS {
        let (store, gate) = (Arc::clone(store), gate.cloned());
        callers.spawn(async move {
            let mut each = Vec::new();
            for _ in 0..count / CALLERS {
                let one = Stopwatch::start();
                if let Some(gate) = &gate {
                    let _turn = gate.lock().await;
                    write(&store).await?;
                } else {
                    write(&store).await?;
                }
                each.push(one.elapsed());
            }
            Ok::<Vec<Duration>, StoreError>(each)
        });
    }
    while let Some(each) = callers.join_next().await {
        times.each.extend(each??);
    }
    times.all = all.elapsed();
    Ok(times)
}

/// Customers by random ids, each from a snapshot of its own.
fn reads(store: &Store, count: usize) -> anyhow::Result<Times> {
    let customers = store.read()?.rows(Table::Customers)?;
    let mut times = Times::start(count);
    let mut random = 1_u64;
    let all = Stopwatch::start();
    for _ in 0..count {
        let one = Stopwatch::start();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let id = CustomerId((random >> 33) % customers + 1);
        let customer = store.read()?.get::<Customer>(&id)?;
        anyhow::ensure!(customer.is_some(), "{id:?} is there");
        times.each.push(one.elapsed());
    }
    times.all = all.elapsed();
    Ok(times)
}

/// A new customer with its indexes and its line in the audit log.
async fn write(store: &Store) -> Result<(), StoreError> {
    store
        .write(|tx: &mut Tx<'_>| -> Result<(), StoreError> {
            let id: CustomerId = tx.next_id()?;
            tx.put(&Customer {
                email: Email::parse(&format!("customer-{}@bench.example", id.0)),
                phones: vec!["+12065550100".to_owned()],
                address: Some(OpenObject(
                    r#"{"country":"US","city":"Star City","street":"Main","zip":"98101"}"#
                        .to_owned(),
                )),
                ..Customer::new(id, "boxoffice".to_owned(), Timestamp::MIN)
            })?;
            append_audit(tx, line(id))
        })
        .await
}

fn line(id: CustomerId) -> Audit {
    Audit {
        id: AuditId(0),
        at: Timestamp::MIN,
        actor_kind: "token".to_owned(),
        actor_name: "bench".to_owned(),
        dialect: "alphaott".to_owned(),
        request_id: "0000000000000000".to_owned(),
        action: "customer.create".to_owned(),
        subject: ("customer".to_owned(), id.0),
        changes: Vec::new(),
        chain: [0; 32],
    }
}

impl Times {
    fn start(count: usize) -> Self {
        Self {
            each: Vec::with_capacity(count),
            all: Duration::ZERO,
        }
    }

    /// The time that `percent` of them did not exceed.
    fn percentile(&mut self, percent: usize) -> Duration {
        self.each.sort_unstable();
        let last = self.each.len().saturating_sub(1);
        self.each
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }

    fn median(&mut self) -> Duration {
        self.percentile(50)
    }

    fn per_second(&self) -> f64 {
        f64::from(u32::try_from(self.each.len()).unwrap_or(u32::MAX)) / self.all.as_secs_f64()
    }
}

/// One line of the table.
fn row(what: &str, times: &mut Times, note: &str) -> std::io::Result<()> {
    let (median, late) = (times.median(), times.percentile(99));
    say(&format!(
        "{what:<38} {:>9.0}/s   p50 {:>8.3} ms   p99 {:>8.3} ms   {note}",
        times.per_second(),
        median.as_secs_f64() * 1_000.0,
        late.as_secs_f64() * 1_000.0,
    ))
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{}", line.trim_end())
}
