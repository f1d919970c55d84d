//! `serve`: the box itself.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use super::place::Place;
use super::terminal::print_lines;
use crate::app::clock::Clock;
use crate::app::{Ctx, telemetry};
use crate::config::Flags;
use crate::domain::values::time::Timestamp;
use crate::ops;
use crate::ops::demo::DemoLogin;
use crate::serve::{self, Setup};

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// On an empty data folder: put a demo operator in it
    #[arg(long)]
    demo: bool,
    /// Freeze time at this instant; POST /console/api/test-clock moves it
    #[arg(long, value_name = "RFC3339")]
    test_clock: Option<String>,
}

impl Serve {
    /// Runs a box until it is told to stop.
    pub async fn run(self) -> anyhow::Result<bool> {
        let mut flags = Flags::new();
        if let Some(listen) = &self.listen {
            flags.insert("listen".to_owned(), listen.clone());
        }
        let mut loaded = self.place.load(flags)?;
        // The demo has nobody's money.
        loaded.config.payments.sandbox |= self.demo;
        telemetry::start_log(&loaded.config.log);
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        let wrong = "--test-clock: must be a date and time such as 2026-01-31T10:00:00Z";
        let clock = match &self.test_clock {
            None => Clock::System,
            Some(text) => Clock::test(Timestamp::parse(text).context(wrong)?),
        };
        // Listen for the signals before saying that we are here.
        let stop = StopSignal::new()?;
        let login = if self.demo {
            serve::put_demo_in(&loaded.config, &clock).await?
        } else {
            None
        };
        let running = serve::start(Setup::in_folder(loaded.config, clock)).await?;
        let health = Arc::clone(running.app().store.health());
        telemetry::log_panics(move |what| health.note_damage(what));
        let ctx = Ctx::system(running.app());
        let after = first_words(&ctx, self.demo, login).await?;
        print_lines(&[format!("listening on http://{}", running.address())])?;
        print_lines(&after)?;
        stop.wait().await;
        tracing::info!("going down: answering what is in flight");
        running.stop().await;
        Ok(true)
    }
}

/// What a first start tells its operator: the demo's login, or the set-up link.
async fn first_words(
    ctx: &Ctx,
    demo: bool,
    login: Option<DemoLogin>,
) -> anyhow::Result<Vec<String>> {
    let base = ctx.app.base_url();
    let refused = |error: ops::OpError| anyhow::anyhow!("{error}");
    if demo {
        return Ok(match login {
            Some(login) => vec![
                format!("demo operator: {base}/console/"),
                format!("login: {}  password: {}", login.name, login.password),
                format!("stalker: {} {}", login.script, login.script_password),
            ],
            None => vec!["the data folder is not empty: no demo was put in".to_owned()],
        });
    }
    let code = match ops::staff::setup_code(ctx).await {
        // The box is read all the same; there is a link at the next start.
        Err(ops::OpError::DiskFull) => {
            tracing::warn!("there is no set-up link while the disk is full");
            None
        }
        code => code.map_err(refused)?,
    };
    Ok(code
        .map(|code| format!("set up the owner account: {base}/console/setup?code={code}"))
        .into_iter()
        .collect())
}

/// SIGTERM or SIGINT. SIGHUP, which a terminal sends when it is closed and some tools to have
/// settings read again, ends nothing.
struct StopSignal {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl StopSignal {
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn wait(mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => tracing::info!(
                    "SIGHUP changes nothing: settings are read at the start, so restart to change \
                     them"
                ),
            }
        }
    }
}
