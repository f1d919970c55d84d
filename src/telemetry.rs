//! The log and the metrics: their set-up and all their names.
//!
//! Never logged: passwords, tokens, PINs, card data, bodies.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
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

/// What a request is counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// `alphaott`, `console` or `site`.
    pub dialect: &'static str,
    /// First digit of the status, as in `2xx`.
    pub outcome: &'static str,
}

/// The figures of one box; two boxes in one process have their own.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Histogram,
    commits: Counter,
    commands: Counter,
    waiting: Gauge<i64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("boxoffice");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let bounds = [
            0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
        ];
        let seconds = Histogram::new(bounds);
        registry.register("http_request_seconds", "Time to answer", seconds.clone());
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
        Self {
            registry,
            requests,
            seconds,
            commits,
            commands,
            waiting,
        }
    }
}

impl Metrics {
    /// Counts one answered request.
    pub fn request(&self, labels: &RequestLabels, took: Duration) {
        self.requests.get_or_create(labels).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// All figures in the text form of OpenMetrics.
    #[must_use]
    pub fn render(&self, writer: &WriterFigures) -> String {
        self.commits
            .inner()
            .store(writer.commits(), std::sync::atomic::Ordering::Relaxed);
        self.commands
            .inner()
            .store(writer.commands(), std::sync::atomic::Ordering::Relaxed);
        self.waiting
            .set(i64::try_from(writer.waiting()).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}
