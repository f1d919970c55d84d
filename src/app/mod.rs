//! The box as one value, and the circumstances of one request. Knows nothing of what uses it.

pub mod clock;
pub mod entropy;
pub mod memory;
pub mod secrets;
pub mod signals;
pub mod telemetry;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Context as _;
use arc_swap::ArcSwapOption;
use tokio_util::task::TaskTracker;

use crate::app::clock::{Clock, JumpWatch, Stopwatch};
use crate::app::entropy::Entropy;
use crate::app::memory::closed_until::Settled;
use crate::app::memory::failed_attempts::FailedAttempts;
use crate::app::memory::keyed_locks::Lanes;
use crate::app::memory::presence::Presence;
use crate::app::memory::recent_accounts::Met;
use crate::app::memory::request_rates::Rates;
use crate::app::memory::seldom::Seldom;
use crate::app::memory::unknown_macs::Strangers;
use crate::app::memory::wrong_pins::WrongPins;
use crate::app::secrets::passwords::Passwords;
use crate::app::secrets::tokens::Keys;
use crate::app::signals::Signals;
use crate::app::telemetry::Metrics;
use crate::config::{Config, ProviderSettings};
use crate::domain::billing::journal::{Account, AccountTotal};
use crate::domain::effect::Effect;
use crate::domain::messages::Queue;
use crate::domain::partners::Partner;
use crate::domain::partners::statement::ClosedMonth;
use crate::domain::provider::{Letterhead, Provider, letterhead_lines};
use crate::domain::staff::Actor;
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::MessageId;
use crate::domain::values::id::PartnerId;
use crate::domain::values::money::Currency;
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::Webhook;
use crate::outbound::Outbound;
use crate::store::{Read, Snapshot, Storage, Store, StoreError, Table};

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

/// What the provider's settings come to.
#[derive(Debug, Clone)]
pub struct Company {
    pub name: String,
    pub currency: Currency,
    pub zone: Zone,
    pub letterhead: Letterhead,
    /// How many days a customer has to pay an invoice.
    pub payment_days: u32,
}

impl Company {
    /// What an apply document said, or else the settings.
    fn of(settings: &ProviderSettings, said: Option<&Provider>, currency: Currency) -> Self {
        let (name, time_zone) = match said {
            Some(said) => (said.name.clone(), said.time_zone.clone()),
            None => (settings.name.clone(), settings.time_zone.clone()),
        };
        let said_of = |of: fn(&Provider) -> &Option<String>, set: &str| {
            let said = said.and_then(|said| of(said).clone());
            said.unwrap_or_else(|| set.to_owned())
        };
        let lines = |text: &str| letterhead_lines(text).unwrap_or_default();
        let days = said.and_then(|said| said.payment_days);
        Self {
            name,
            currency,
            zone: Zone::parse(&time_zone).unwrap_or_else(Zone::utc),
            letterhead: Letterhead {
                address: lines(&said_of(|said| &said.address, &settings.address)),
                tax_id: said_of(|said| &said.tax_id, &settings.tax_id)
                    .trim()
                    .to_owned(),
                bank: lines(&said_of(|said| &said.bank, &settings.bank)),
                invoice_prefix: said_of(|said| &said.invoice_prefix, &settings.invoice_prefix),
            },
            payment_days: days.unwrap_or(settings.payment_days),
        }
    }
}

/// Name of the file in the data folder.
pub const FILE_NAME: &str = "boxoffice.redb";

/// The file's own secret: what is sealed, drawn and hashed quickly depends on it for ever.
const SIGNING_KEY: &str = "signing_key";
/// The key that signs tokens, once it was changed; before that it is the one above.
pub const TOKEN_KEY: &str = "token_signing_key";

/// Where the currency of the books is noted.
const BOOKS_CURRENCY: &str = "books_currency";

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
        app.note_currency()?;
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

    /// Measures how long something takes.
    #[must_use]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start()
    }

    /// Name, currency and calendar of the operator.
    #[must_use]
    pub fn company(&self) -> Arc<Company> {
        self.company.load_full().unwrap_or_else(|| {
            let settings = &self.config.provider;
            let currency = Currency::parse(&settings.currency).unwrap_or(Currency::USD);
            Arc::new(Company::of(settings, None, currency))
        })
    }

    /// Reads the provider record again, after it changed.
    pub fn refresh_company(&self) -> Result<(), StoreError> {
        let snapshot = self.store.read()?;
        let provider = snapshot.get::<Provider>(&crate::store::key::Only)?;
        let noted = currency_of_books(&snapshot)?;
        let currency = provider.as_ref().map(|said| said.currency).or(noted);
        let settings = &self.config.provider;
        let company = currency.map(|currency| Company::of(settings, provider.as_ref(), currency));
        self.company.store(company.map(Arc::new));
        Ok(())
    }

    /// Notes the currency of the settings as that of the books, for as long as no money is booked.
    /// From then on it stays, whatever the settings say.
    fn note_currency(&self) -> anyhow::Result<()> {
        let snapshot = self.store.read()?;
        if snapshot
            .get::<Provider>(&crate::store::key::Only)?
            .is_some()
        {
            return Ok(());
        }
        let set = Currency::parse(&self.config.provider.currency).unwrap_or(Currency::USD);
        let noted = currency_of_books(&snapshot)?;
        let currency = if is_booked(&snapshot)? {
            match noted {
                Some(noted) => noted,
                // A file that is older than this note.
                None => earned_in(&snapshot, set)?,
            }
        } else {
            set
        };
        if currency != set {
            let (books, settings) = (currency.as_str(), set.as_str());
            tracing::error!(
                books,
                settings,
                "provider.currency cannot change once money is booked: the books stay in {books}. \
                 Set it back to {books}, or keep books in {settings} in a data folder of their own"
            );
        }
        if noted != Some(currency) {
            self.store
                .write_blocking(move |tx| -> Result<(), StoreError> {
                    tx.put_meta(BOOKS_CURRENCY, currency.as_str().as_bytes())
                })?;
        }
        Ok(())
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

/// Whether money was ever booked.
pub fn is_booked(read: &impl Read) -> Result<bool, StoreError> {
    Ok(read.count_up_to(Table::AccountTotals, &[], 1)? > 0)
}

/// The currency that was noted for the books.
fn currency_of_books(read: &impl Read) -> Result<Option<Currency>, StoreError> {
    let noted = read.raw_get(Table::Meta, BOOKS_CURRENCY.as_bytes(), |bytes| {
        std::str::from_utf8(bytes).ok().and_then(Currency::parse)
    })?;
    Ok(noted.flatten())
}

/// The currency in which a file earned: that of the settings if it is among them.
fn earned_in(read: &impl Read, set: Currency) -> Result<Currency, StoreError> {
    let totals: Vec<AccountTotal> = read.all()?;
    let is_revenue = |total: &&AccountTotal| total.account == Account::Revenue;
    let earned = totals.iter().filter(is_revenue).map(|total| total.currency);
    let mut currencies: Vec<Currency> = earned.collect();
    if currencies.is_empty() {
        currencies = totals.iter().map(|total| total.currency).collect();
    }
    let found = currencies.first().copied();
    Ok(if currencies.contains(&set) {
        set
    } else {
        found.unwrap_or(set)
    })
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

/// The circumstances of one request or job step: who, when, from where.
#[derive(Clone)]
pub struct Ctx {
    pub app: Arc<App>,
    pub actor: Actor,
    /// Read once; nothing below asks the clock again.
    pub now: Timestamp,
    /// Which interface was used: `alphaott`, `console`, `cli`.
    pub dialect: &'static str,
    pub request_id: Arc<str>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// Set where the caller asked what the command comes to.
    pub effect: Option<AskedEffect>,
}

/// A wish to know what a command comes to, and where that is put once it is known.
#[derive(Debug, Clone)]
pub struct AskedEffect {
    /// Whether the command is to be taken back: it was only a look.
    pub is_rehearsal: bool,
    found: Arc<Mutex<Option<Effect>>>,
}

impl AskedEffect {
    #[must_use]
    pub fn new(is_rehearsal: bool) -> Self {
        Self {
            is_rehearsal,
            found: Arc::default(),
        }
    }

    /// Keeps what the command comes to.
    pub fn put(&self, effect: Effect) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        *found = Some(effect);
    }

    /// What the command came to, once.
    #[must_use]
    pub fn take(&self) -> Option<Effect> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.take()
    }
}

impl Ctx {
    /// Whether what is asked for is only looked at: nothing that is run stands.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        self.effect.as_ref().is_some_and(|asked| asked.is_rehearsal)
    }

    /// The box itself, or its owner at the machine.
    #[must_use]
    pub fn system(app: Arc<App>) -> Self {
        let now = app.clock.now();
        Self {
            app,
            actor: Actor::System,
            now,
            dialect: "cli",
            request_id: Arc::from(""),
            address: None,
            effect: None,
        }
    }

    /// The file as the last commit left it.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.app.store.read()
    }

    /// The client's address as text; empty where there is none.
    #[must_use]
    pub fn address_text(&self) -> String {
        self.address
            .map(|address| address.to_string())
            .unwrap_or_default()
    }
}
