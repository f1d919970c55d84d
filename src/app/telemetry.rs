//! The log and the metrics: their set-up and all their names.
//!
//! Never logged: passwords, tokens, PINs, card data, bodies.

use std::panic::PanicHookInfo;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogSettings;
use crate::store::WriterFigures;

/// Starts the log on standard error. A second call in one process changes nothing.
pub fn start_log(settings: &LogSettings) {
    let level = settings
        .level
        .parse::<LevelFilter>()
        .unwrap_or(LevelFilter::INFO);
    let registry = tracing_subscriber::registry().with(level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    let _ = if settings.format == "json" {
        registry.with(lines.json()).try_init()
    } else {
        registry.with(lines.with_ansi(false)).try_init()
    };
}

/// A panic in one line.
struct Panicked {
    /// What happened and where.
    line: String,
    /// Whether the storage library met what it does not understand: a damaged file.
    in_storage: bool,
}

impl Panicked {
    fn of(info: &PanicHookInfo<'_>) -> Self {
        let file = info.location().map_or("", |place| place.file());
        let name = |part: std::path::Component<'_>| {
            let part = part.as_os_str().to_string_lossy().into_owned();
            part == "redb" || part.starts_with("redb-")
        };
        let in_storage = Path::new(file).components().any(name);
        let words = info
            .payload_as_str()
            .unwrap_or("no words")
            .replace('\n', " ");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        Self {
            line: format!("{words} ({place})"),
            in_storage,
        }
    }
}

/// The last panic of a command, for whoever ends the process.
#[derive(Debug, Clone, Default)]
pub struct KeptPanic(Arc<Mutex<Option<String>>>);

impl KeptPanic {
    #[must_use]
    pub fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Keeps panics instead of printing them: a command says one line.
#[must_use]
pub fn keep_panics() -> KeptPanic {
    let kept = KeptPanic::default();
    let keeper = kept.clone();
    std::panic::set_hook(Box::new(move |info| {
        let panicked = Panicked::of(info);
        let line = if panicked.in_storage {
            "the data file is damaged; run `boxoffice check`, and bring a backup back".to_owned()
        } else {
            format!(
                "this is a mistake in boxoffice, please report it: {}",
                panicked.line
            )
        };
        *keeper.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }));
    kept
}

/// Says every panic in one line of the log, and hands those on that a damaged file makes.
pub fn log_panics(damaged: impl Fn(&str) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        let Panicked { line, in_storage } = Panicked::of(info);
        if in_storage {
            damaged(&line);
        } else {
            tracing::error!(what = line, "panicked");
        }
    }));
}

/// What a request is counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    /// `alphaott`, `console` or `site`.
    dialect: &'static str,
    /// First digit of the status, as in `2xx`.
    outcome: &'static str,
}

const OUTCOMES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counters of one dialect, taken out of the registry once so that counting needs no lock.
#[derive(Debug, Clone)]
pub struct RequestCounters {
    outcomes: [Counter; 5],
    seconds: Counter<f64, AtomicU64>,
}

impl RequestCounters {
    /// Counts one answered request.
    pub fn answered(&self, status: u16, took: Duration) {
        let index = usize::from(status / 100).clamp(1, 5).saturating_sub(1);
        if let Some(counter) = self.outcomes.get(index) {
            counter.inc();
        }
        self.seconds.inc_by(took.as_secs_f64());
    }
}

/// Which job a figure is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    job: &'static str,
}

/// The figures of one box; two boxes in one process have their own.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Counter<f64, AtomicU64>,
    commits: Counter,
    commands: Counter,
    waiting: Gauge<i64>,
    runs_held: Gauge<i64>,
    orders_held: Gauge<i64>,
    job_turns: Family<JobLabels, Counter>,
    job_errors: Family<JobLabels, Counter>,
    job_seconds: Family<JobLabels, Gauge<f64, AtomicU64>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("boxoffice");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let seconds = Counter::<f64, AtomicU64>::default();
        registry.register(
            "http_request_seconds",
            "Time spent answering",
            seconds.clone(),
        );
        let commits = Counter::<u64, AtomicU64>::default();
        registry.register(
            "store_commits",
            "Batches the writer has worked",
            commits.clone(),
        );
        let commands = Counter::<u64, AtomicU64>::default();
        registry.register(
            "store_commands",
            "Commands in those batches",
            commands.clone(),
        );
        let waiting = Gauge::default();
        registry.register(
            "store_queue",
            "Commands that wait for the writer",
            waiting.clone(),
        );
        let runs_held = Gauge::default();
        registry.register(
            "billing_runs_held",
            "Billing runs that the guard holds",
            runs_held.clone(),
        );
        let orders_held = Gauge::default();
        registry.register(
            "billing_orders_held",
            "Orders of such a run, which wait and are served",
            orders_held.clone(),
        );
        let job_turns = Family::default();
        registry.register(
            "job_turns",
            "How often a job did what there was to do",
            job_turns.clone(),
        );
        let job_errors = Family::default();
        registry.register("job_errors", "What went wrong then", job_errors.clone());
        let job_seconds = Family::default();
        registry.register(
            "job_last_seconds",
            "How long the last turn of a job took",
            job_seconds.clone(),
        );
        Self {
            registry,
            requests,
            seconds,
            commits,
            commands,
            waiting,
            runs_held,
            orders_held,
            job_turns,
            job_errors,
            job_seconds,
        }
    }
}

impl Metrics {
    /// The counters of a dialect.
    #[must_use]
    pub fn of_dialect(&self, dialect: &'static str) -> RequestCounters {
        let counter = |outcome| {
            self.requests
                .get_or_create(&RequestLabels { dialect, outcome })
                .clone()
        };
        RequestCounters {
            outcomes: OUTCOMES.map(counter),
            seconds: self.seconds.clone(),
        }
    }

    /// Says how many orders wait for a run that is held; `None`: none is.
    pub fn held(&self, orders: Option<u64>) {
        self.runs_held.set(i64::from(orders.is_some()));
        let orders = orders.unwrap_or(0);
        self.orders_held
            .set(i64::try_from(orders).unwrap_or(i64::MAX));
    }

    /// Says how a job fared.
    pub fn job(&self, job: &'static str, turns: u64, errors: u64, last: Option<Duration>) {
        let labels = JobLabels { job };
        let counters = [(&self.job_turns, turns), (&self.job_errors, errors)];
        for (family, count) in counters {
            let counter = family.get_or_create(&labels);
            counter.inner().store(count, Ordering::Relaxed);
        }
        if let Some(last) = last {
            let seconds = self.job_seconds.get_or_create(&labels);
            seconds.set(last.as_secs_f64());
        }
    }

    /// All figures in the text form of OpenMetrics.
    #[must_use]
    pub fn render(&self, writer: &WriterFigures) -> String {
        self.commits
            .inner()
            .store(writer.commits(), Ordering::Relaxed);
        self.commands
            .inner()
            .store(writer.commands(), Ordering::Relaxed);
        self.waiting
            .set(i64::try_from(writer.waiting()).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}
