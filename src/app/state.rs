//! The running box as one value: what is opened at the start and lives as long as the process.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::Context as _;
use arc_swap::ArcSwapOption;
use tokio_util::task::TaskTracker;

use crate::app::clock::{Clock, JumpWatch, Stopwatch};
use crate::app::company::{Company, note_currency};
use crate::app::entropy::Entropy;
use crate::app::memory::closed_until::Settled;
use crate::app::memory::failed_attempts::FailedAttempts;
use crate::app::memory::job_log::JobLog;
use crate::app::memory::keyed_locks::Lanes;
use crate::app::memory::presence::Presence;
use crate::app::memory::recent_accounts::Met;
use crate::app::memory::request_rates::Rates;
use crate::app::memory::seldom::Seldom;
use crate::app::memory::session_uses::SessionUses;
use crate::app::memory::unknown_macs::Strangers;
use crate::app::memory::wrong_pins::WrongPins;
use crate::app::secrets::passwords::Passwords;
use crate::app::secrets::tokens::Keys;
use crate::app::signals::Signals;
use crate::app::telemetry::Metrics;
use crate::config::Config;
use crate::domain::messages::Queue;
use crate::domain::partners::Partner;
use crate::domain::partners::statement::ClosedMonth;
use crate::domain::values::id::MessageId;
use crate::domain::values::id::PartnerId;
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::Webhook;
use crate::outbound::Outbound;
use crate::store::{Read, Storage, Store, StoreError, Table};

/// The running box: everything that lives as long as the process.
pub struct App {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub config: Config,
    pub keys: Keys,
    pub passwords: Passwords,
    /// Secrets that did not fit, of everybody.
    pub failed_attempts: FailedAttempts,
    /// Sessions of staff that were noted as used.
    pub session_uses: SessionUses,
    /// What was said lately about callers who are nobody.
    pub seldom: Seldom,
    /// Questions about boxes that nobody knows.
    pub strangers: Strangers,
    /// Wrong PINs, by partner.
    pub wrong_pins: WrongPins,
    /// Requests of partners.
    pub rates: Rates,
    /// Accounts that partners asked for lately.
    pub met: Met,
    /// Until when the months of partners are closed.
    pub settled: Settled,
    pub outbound: Outbound,
    pub metrics: Metrics,
    /// Front part and counter of the names of requests.
    run: String,
    requests: AtomicU64,
    /// Where the box listens, once it does.
    pub listening: OnceLock<SocketAddr>,
    /// Notices a clock that jumps while the box runs.
    pub jumps: Mutex<JumpWatch>,
    /// What wakes jobs.
    pub signals: Signals,
    /// How jobs fared.
    pub jobs: JobLog,
    /// Messages that are being handed over, so that none is by two.
    pub handing_over: Mutex<HashSet<MessageId>>,
    /// Held while messages of a queue are sent, so that none is sent twice.
    pub delivering: [tokio::sync::Mutex<()>; Queue::COUNT],
    /// Held while the middleware is told, so that an older state never overtakes a newer one.
    pub telling: tokio::sync::Mutex<()>,
    /// Held while a provider is asked for refunds,
    /// so that an older answer never overtakes a newer one.
    pub counting: tokio::sync::Mutex<()>,
    /// What boxes last told us.
    pub presence: Presence,
    /// Held while a list or a guide is written, so that what was planned still holds.
    pub importing: tokio::sync::Mutex<()>,
    /// Work that goes on if whoever asked for it hangs up; a stop waits for it.
    pub calls: TaskTracker,
    /// Whether anybody is told what happens: else nobody looks at what a command does.
    watched: AtomicBool,
    /// One for every webhook and partner, held while it is told,
    /// so that nothing is told twice or out of order.
    pub lanes: Lanes,
    /// When somebody was last written that a partner could not be told something.
    pub written_about: Mutex<BTreeMap<PartnerId, Timestamp>>,
    /// Held while the test clock is moved.
    pub clock_moves: tokio::sync::Mutex<()>,
    /// The provider of the last apply document; the settings stand in where there was none.
    company: ArcSwapOption<Company>,
}

/// Name of the file in the data folder.
pub const FILE_NAME: &str = "boxoffice.redb";

/// The file's own secret: what is sealed, drawn and hashed quickly depends on it for ever.
const SIGNING_KEY: &str = "signing_key";
/// The key that signs tokens, once it was changed; before that it is the one above.
pub const TOKEN_KEY: &str = "token_signing_key";

impl App {
    /// Opens the file (creating it) and everything that needs no network.
    pub fn open(
        config: Config,
        storage: Storage,
        clock: Clock,
        entropy: Entropy,
    ) -> anyhow::Result<Arc<Self>> {
        if let Storage::File(path) = &storage
            && let Some(folder) = path.parent()
        {
            make_folder(folder)?;
        }
        let store = Store::open(storage).context("cannot open the data file")?;
        let fresh: [u8; 32] = entropy.bytes().context("no randomness")?;
        let (secret, signs) = secrets(&store, fresh)?;
        let keys = Keys::new(&secret, &signs, &config.alphaott.service_provider);
        let proving = entropy.bytes().context("no randomness")?;
        let passwords = Passwords::new(&config.passwords, proving, &secret)?;
        let outbound = Outbound::new(&config)?;
        let metrics = Metrics::default();
        let run = entropy.hex::<4>().context("no randomness")?;
        let app = Self {
            store,
            clock,
            entropy,
            config,
            keys,
            passwords,
            failed_attempts: FailedAttempts::default(),
            session_uses: SessionUses::default(),
            seldom: Seldom::default(),
            strangers: Strangers::default(),
            wrong_pins: WrongPins::default(),
            rates: Rates::default(),
            met: Met::default(),
            settled: Settled::default(),
            outbound,
            metrics,
            run,
            requests: AtomicU64::new(0),
            listening: OnceLock::new(),
            jumps: Mutex::new(JumpWatch::start()),
            signals: Signals::default(),
            jobs: JobLog::default(),
            handing_over: Mutex::default(),
            delivering: Default::default(),
            telling: tokio::sync::Mutex::new(()),
            counting: tokio::sync::Mutex::new(()),
            presence: Presence::default(),
            importing: tokio::sync::Mutex::new(()),
            calls: TaskTracker::new(),
            watched: AtomicBool::new(false),
            lanes: Lanes::default(),
            written_about: Mutex::default(),
            clock_moves: tokio::sync::Mutex::new(()),
            company: ArcSwapOption::empty(),
        };
        note_currency(&app.store, &app.config.provider)?;
        app.refresh_company()?;
        for closed in app.store.read()?.all::<ClosedMonth>()? {
            app.settled.raise(closed.partner, closed.until);
        }
        app.set_watched(anybody_told(&app.store.read()?)?);
        Ok(Arc::new(app))
    }

    /// A name for a request: unique for this run of the box, and most likely for all others.
    #[must_use]
    pub fn request_name(&self) -> Arc<str> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        Arc::from(format!("{}-{number:x}", self.run))
    }

    /// The box's address for links: the setting `public_url`, else where it listens.
    #[must_use]
    pub fn base_url(&self) -> String {
        let public = self.config.public_url.trim_end_matches('/');
        if public.is_empty() {
            format!(
                "http://{}",
                self.listening.get().unwrap_or(&self.config.listen)
            )
        } else {
            public.to_owned()
        }
    }

    /// Tells the scheduler to look again at what is due next.
    pub fn wake_jobs(&self) {
        self.signals.orders_due.notify_one();
    }

    /// Whether somebody may have to be told what a command does.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Acquire)
    }

    /// Says whether somebody has to be told. In the writer's thread, so that no command between
    /// the change and this is missed; or before it runs.
    pub fn set_watched(&self, watched: bool) {
        self.watched.store(watched, Ordering::Release);
    }

    /// Name, currency and calendar of the operator.
    #[must_use]
    pub fn company(&self) -> Arc<Company> {
        let kept = self.company.load_full();
        kept.unwrap_or_else(|| Arc::new(Company::of_settings(&self.config.provider)))
    }

    /// Reads the provider record again, after it changed.
    pub fn refresh_company(&self) -> Result<(), StoreError> {
        let company = Company::stored(&self.store, &self.config.provider)?;
        self.company.store(company.map(Arc::new));
        Ok(())
    }

    /// Measures how long something takes.
    #[must_use]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start()
    }
}

/// The file's own secret and the key that signs, which `fresh` is in a new file. Only that one
/// needs room on the disk: a box whose disk is full starts, and is read.
fn secrets(store: &Store, fresh: [u8; 32]) -> Result<([u8; 32], [u8; 32]), StoreError> {
    let read = store.read()?;
    let held = |name: &str| read.raw_get(Table::Meta, name.as_bytes(), |b| b.try_into().ok());
    let (own, signs) = (held(SIGNING_KEY)?.flatten(), held(TOKEN_KEY)?.flatten());
    let secret = own.unwrap_or(fresh);
    if own.is_none() {
        store.write_blocking(move |tx| tx.put_meta(SIGNING_KEY, &fresh))?;
    }
    Ok((secret, signs.unwrap_or(secret)))
}

/// Whether there is anybody who is told what happens.
pub fn anybody_told(read: &impl Read) -> Result<bool, StoreError> {
    let webhook = read.all::<Webhook>()?.iter().any(|webhook| webhook.on);
    if webhook || read.all::<Partner>()?.iter().any(Partner::comes_with_ours) {
        return Ok(true);
    }
    // What goes on at a partner ends some day, whatever is agreed with it now.
    Ok(read.count_up_to(Table::PartnerSubscriptionsByCustomer, &[], 1)? > 0)
}

/// Makes the data folder, readable by its owner only.
fn make_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.as_os_str().is_empty() || folder.exists() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}
