//! The one loop of all jobs: a turn of work, then a wait for the time of day or for a signal, until
//! the box goes down. Notes how each turn went.
//!
//! Must not know what any job does.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::memory::job_log::LastTurn;
use crate::app::signals::Signals;
use crate::app::{App, Ctx};
use crate::domain::values::time::Timestamp;

/// Longest sleep of a job that waits for an instant: the time of day may jump, which no timer
/// notices.
pub const SLEEP_MAX: Duration = Duration::from_mins(1);
/// How long to wait after a failure.
pub const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Name of the jobs in the log and the audit log.
const DIALECT: &str = "scheduler";

/// Something that the box does by itself.
pub trait Job: Send + 'static {
    /// How long a job that was woken waits for more, to do it in one turn.
    const GATHERS: Duration = Duration::ZERO;
    /// Whether a turn comes to its end when the box goes down. Being cut off does no harm to the
    /// others: what was not done stands in the file.
    const IS_FINISHED: bool = false;

    /// What people know it by.
    fn name(&self) -> &'static str;

    /// What wakes it.
    fn signal<'a>(&self, signals: &'a Signals) -> Option<&'a Notify>;

    /// When its first turn is.
    fn first(&self) -> Next {
        Next::Now
    }

    /// Does what there is to do.
    fn turn(&mut self, ctx: &Ctx) -> impl Future<Output = Turn> + Send;

    /// Ends when a task ended that the job had set to work, which wakes it too.
    fn task_ended(&mut self, _: &Ctx) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// When a job wants to run next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Now,
    /// After this time, or when it is woken.
    Within(Duration),
    WhenWoken,
}

/// How a turn ended.
#[derive(Debug)]
pub struct Turn {
    /// How long nothing wakes the job first.
    rest: Duration,
    next: Next,
    error: Option<String>,
}

impl Turn {
    pub fn then(next: Next) -> Self {
        Self {
            rest: Duration::ZERO,
            next,
            error: None,
        }
    }

    /// Then the job looks again at `next`, if there is one, and once a minute in any case.
    pub fn until(next: Option<Timestamp>, now: Timestamp) -> Self {
        Self::then(Next::Within(until(next, now)))
    }

    /// Whatever comes, the job rests before `next`.
    pub fn rest(rest: Duration, next: Next) -> Self {
        Self {
            rest,
            next,
            error: None,
        }
    }

    /// The turn did not do all that there was to do.
    #[must_use]
    pub fn failed(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }
}

/// How long it is until an instant; no longer than a job sleeps.
pub fn until(next: Option<Timestamp>, now: Timestamp) -> Duration {
    let micros = next.map_or(i64::MAX, |next| next.micros().saturating_sub(now.micros()));
    Duration::from_micros(micros.max(0).cast_unsigned()).min(SLEEP_MAX)
}

/// The circumstances of a job's turn.
pub fn job_ctx(app: &Arc<App>) -> Ctx {
    Ctx {
        dialect: DIALECT,
        ..Ctx::system(Arc::clone(app))
    }
}

/// Lets a job work until the box goes down. It is in the log of jobs at once.
pub fn work<J: Job>(
    app: Arc<App>,
    job: J,
    closing: CancellationToken,
) -> impl Future<Output = ()> + Send {
    let first = planned(&app, Duration::ZERO, job.first());
    app.jobs.started(job.name(), first);
    turns(app, job, closing)
}

async fn turns<J: Job>(app: Arc<App>, mut job: J, closing: CancellationToken) {
    let name = job.name();
    let (mut rest, mut next) = (Duration::ZERO, job.first());
    let _death = NoteDeath(&app, name);
    while !closing.is_cancelled() {
        tokio::select! {
            () = pause(&app, &mut job, rest, next) => {}
            () = closing.cancelled() => break,
        }
        let ctx = job_ctx(&app);
        let watch = app.stopwatch();
        app.jobs.begins(name, ctx.now);
        let turn = if J::IS_FINISHED {
            job.turn(&ctx).await
        } else {
            tokio::select! {
                turn = job.turn(&ctx) => turn,
                () = closing.cancelled() => break,
            }
        };
        if let Some(error) = turn.error {
            app.jobs.failed(name, ctx.now, &error);
        }
        (rest, next) = (turn.rest, turn.next);
        let last = LastTurn {
            start: ctx.now,
            took: watch.elapsed(),
        };
        app.jobs.ends(name, last, planned(&app, rest, next));
    }
}

/// Waits until the job is to run. A signal that was given while it worked is still there.
async fn pause<J: Job>(app: &Arc<App>, job: &mut J, rest: Duration, next: Next) {
    if !rest.is_zero() {
        tokio::time::sleep(rest).await;
    }
    let within = match next {
        Next::Now => return,
        Next::Within(within) => Some(within),
        Next::WhenWoken => None,
    };
    let signal = job.signal(&app.signals);
    let ctx = job_ctx(app);
    tokio::select! {
        () = or_never(within.map(tokio::time::sleep)) => {}
        () = or_never(signal.map(Notify::notified)) => {
            if !J::GATHERS.is_zero() {
                tokio::time::sleep(J::GATHERS).await;
            }
        }
        () = job.task_ended(&ctx) => {}
    }
}

async fn or_never(awaited: Option<impl Future<Output = ()>>) {
    match awaited {
        Some(awaited) => awaited.await,
        None => std::future::pending().await,
    }
}

/// When the next turn is at the latest; `None`: when the job is woken.
fn planned(app: &Arc<App>, rest: Duration, next: Next) -> Option<Timestamp> {
    let within = match next {
        Next::Now => Duration::ZERO,
        Next::Within(within) => within,
        Next::WhenWoken => return None,
    };
    let micros = rest.saturating_add(within).as_micros();
    let now = Ctx::system(Arc::clone(app)).now;
    Some(now.saturating_add_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
}

/// Notes that a panic ends a job. The others go on: each is a task of its own.
struct NoteDeath<'a>(&'a App, &'static str);

impl Drop for NoteDeath<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(app, name) = self;
            app.jobs.died(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{CancellationToken, Ctx, Duration, Job, Next, Notify, Signals, Turn, work};
    use crate::app::App;
    use crate::app::clock::{Clock, Stopwatch};
    use crate::app::entropy::Entropy;
    use crate::app::memory::job_log::{JobRecord, JobState};
    use crate::config::Config;
    use crate::domain::values::time::Timestamp;
    use crate::store::Storage;

    /// Counts its turns, each of which ends as `next` says; the turn after `dies_at` panics.
    struct Counts {
        turns: Arc<AtomicU32>,
        rest: Duration,
        next: Next,
        dies_at: u32,
    }

    impl Job for Counts {
        fn name(&self) -> &'static str {
            "counts"
        }

        fn signal<'a>(&self, signals: &'a Signals) -> Option<&'a Notify> {
            Some(&signals.orders_due)
        }

        async fn turn(&mut self, _: &Ctx) -> Turn {
            let before = self.turns.fetch_add(1, Ordering::SeqCst);
            assert!(before < self.dies_at, "once too often");
            let error = (before == 1).then(|| "the second".to_owned());
            Turn::rest(self.rest, self.next).failed(error)
        }
    }

    struct Bench {
        app: Arc<App>,
        turns: Arc<AtomicU32>,
        closing: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    impl Bench {
        async fn start(rest: Duration, next: Next, dies_at: u32) -> Self {
            let clock = Clock::test(Timestamp::from_micros(1_000_000).unwrap());
            let config = Config::for_tests();
            let opened = App::open(config, Storage::Memory, clock, Entropy::seeded(1));
            let (app, turns) = (opened.unwrap(), Arc::<AtomicU32>::default());
            let job = Counts {
                turns: Arc::clone(&turns),
                rest,
                next,
                dies_at,
            };
            let closing = CancellationToken::new();
            let task = tokio::spawn(work(Arc::clone(&app), job, closing.clone()));
            let bench = Self {
                app,
                turns,
                closing,
                task,
            };
            bench.comes_to(1).await;
            bench
        }

        async fn comes_to(&self, turns: u32) {
            while self.turns.load(Ordering::SeqCst) < turns {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }

        /// Its record, once so many turns came to an end.
        async fn after(&self, turns: u64) -> JobRecord {
            loop {
                let record = self.record();
                if record.turns >= turns {
                    return record;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }

        fn record(&self) -> JobRecord {
            self.app.jobs.all().remove(0)
        }
    }

    const LONG: Duration = Duration::from_hours(1);
    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_job_that_is_woken_does_not_wait_for_its_time() {
        let bench = Bench::start(Duration::ZERO, Next::Within(LONG), 99).await;
        bench.app.signals.orders_due.notify_one();
        let record = bench.after(2).await;
        let next = Timestamp::from_micros(3_601_000_000);
        assert_eq!(record.state, JobState::Waiting { next });
        let error = record.last_error.unwrap();
        assert_eq!((record.errors, error.text.as_str()), (1, "the second"));
        bench.closing.cancel();
        bench.task.await.unwrap();
    }

    #[tokio::test]
    async fn nothing_wakes_a_job_that_rests() {
        let watch = Stopwatch::start();
        let bench = Bench::start(SHORT, Next::WhenWoken, 99).await;
        bench.app.signals.orders_due.notify_one();
        // What came meanwhile is not forgotten.
        let record = bench.after(2).await;
        assert!(watch.elapsed() >= SHORT);
        assert_eq!(record.state, JobState::Waiting { next: None });
        bench.closing.cancel();
        bench.task.await.unwrap();
    }

    #[tokio::test]
    async fn a_job_runs_when_its_time_has_come() {
        let bench = Bench::start(Duration::ZERO, Next::Within(SHORT), 99).await;
        let record = bench.after(3).await;
        assert!(record.last.is_some());
        bench.closing.cancel();
        bench.task.await.unwrap();
    }

    #[tokio::test]
    async fn a_job_that_panics_is_dead_and_says_so() {
        let bench = Bench::start(Duration::ZERO, Next::WhenWoken, 1).await;
        bench.app.signals.orders_due.notify_one();
        let Bench { app, task, .. } = bench;
        assert!(task.await.unwrap_err().is_panic());
        let record = app.jobs.all().remove(0);
        assert_eq!((record.turns, record.state), (1, JobState::Dead));
    }
}
