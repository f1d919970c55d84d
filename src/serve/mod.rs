//! From nothing to a running box and back: open, migrate, listen, run, drain.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::clock::Clock;
use crate::app::entropy::Entropy;
use crate::app::{App, Ctx, FILE_NAME};
use crate::config::Config;
use crate::control;
use crate::domain::values::time::Timestamp;
use crate::jobs;
use crate::listener::{self, Patience, Places, Reception};
use crate::ops;
use crate::ops::demo::DemoLogin;
use crate::store::Storage;
use crate::wire;

/// What a box is made of.
pub struct Setup {
    pub config: Config,
    pub storage: Storage,
    pub clock: Clock,
    pub entropy: Entropy,
    /// How long clients on the network may let it wait.
    pub patience: Patience,
}

impl Setup {
    /// A box with its file in the data folder of the settings.
    #[must_use]
    pub fn in_folder(config: Config, clock: Clock) -> Self {
        let storage = Storage::File(data_file(&config));
        Self {
            config,
            storage,
            clock,
            entropy: Entropy::system(),
            patience: Patience::NETWORK,
        }
    }
}

/// Where the records are.
#[must_use]
pub fn data_file(config: &Config) -> PathBuf {
    config.data.join(FILE_NAME)
}

/// A box that answers.
pub struct Running {
    app: Arc<App>,
    address: SocketAddr,
    /// Cancelled when the box begins to go down.
    closing: CancellationToken,
    tasks: TaskTracker,
}

/// How long requests in flight may take to end once the box goes down.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// Opens the file and listens; when this returns, requests are answered.
pub async fn start(setup: Setup) -> anyhow::Result<Running> {
    let in_folder = matches!(setup.storage, Storage::File(_));
    let listen = setup.config.listen;
    let patience = setup.patience;
    let opening = tokio::task::spawn_blocking(move || {
        App::open(setup.config, setup.storage, setup.clock, setup.entropy)
    });
    let app = opening.await.context("opening was cut short")??;
    prepare(&app).await?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| not_listening(&error, listen))?;
    let address = listener.local_addr()?;
    // Set once: this is the only place.
    let _ = app.listening.set(address);
    if app.config.stalker.enabled {
        say_who_may_bill(&app, address)?;
    }
    if app.config.public_url.starts_with("https://") && app.config.trusted_proxies.is_empty() {
        tracing::warn!(
            "public_url begins with https://, so a proxy stands before this box: name it in \
             trusted_proxies, or all who come through it count as one address"
        );
    }
    let closing = CancellationToken::new();
    let tasks = TaskTracker::new();
    let router = wire::router(&app, &closing);
    let reception = Reception {
        router,
        places: Places::new(listener::connections_max()),
        patience,
        closing: closing.clone(),
        tasks: tasks.clone(),
    };
    let settings = app.config.clone();
    // Behind a proxy, and on this machine, many clients have one address.
    let is_counted = move |peer: IpAddr| !peer.is_loopback() && !settings.is_trusted_proxy(peer);
    tasks.spawn(listener::on_network(listener, reception, is_counted));
    jobs::start(&app, &closing, &tasks);
    if in_folder {
        control::listen(&app, &closing, &tasks)?;
    }
    Ok(Running {
        app,
        address,
        closing,
        tasks,
    })
}

/// Why there is no listening at an address, and what to do.
fn not_listening(error: &std::io::Error, listen: SocketAddr) -> anyhow::Error {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there, perhaps another boxoffice; stop it, or choose another \
             port with --listen"
        }
        ErrorKind::AddrNotAvailable => {
            "this machine does not have that address; 0.0.0.0 stands for all that it has"
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 are for root; choose a higher one, and put a proxy in front"
        }
        _ => return anyhow::anyhow!("cannot listen on {listen}: {error}"),
    };
    anyhow::anyhow!("cannot listen on {listen}: {advice}")
}

/// Says whom the API for billing scripts answers.
fn say_who_may_bill(app: &Arc<App>, address: SocketAddr) -> anyhow::Result<()> {
    let settings = &app.config.stalker;
    let accounts = ops::staff::any_for_scripts(&Ctx::system(Arc::clone(app)))?;
    match (settings.is_open(), settings.has_login(), accounts) {
        (true, _, false) => tracing::warn!(
            "the Stalker API is open to whoever reaches {address}, because stalker.open is true"
        ),
        (true, _, true) => tracing::warn!(
            "the Stalker API is open to whoever reaches {address}, because stalker.open is true; \
             the accounts with the role api are not asked for"
        ),
        (false, true, _) => tracing::info!(
            "the Stalker API answers the login of stalker.login and accounts with the role api"
        ),
        (false, false, true) => {
            tracing::info!("the Stalker API answers accounts with the role api");
        }
        (false, false, false) => tracing::warn!(
            "the Stalker API answers nobody: set stalker.login and stalker.password, make an \
             account (boxoffice operator add NAME --role api), or set stalker.open = true to let \
             everybody in"
        ),
    }
    Ok(())
}

/// What to do about a file with a part of the demo.
pub const DEMO_UNFINISHED: &str = "the last start was cut off while it put the demo in; \
    start with --demo to put it in anew, or name another data folder";

/// Puts the demo into an empty file, before anybody is let in; what an earlier start left of it
/// goes. `None`: the file is not empty.
pub async fn put_demo_in(config: &Config, clock: &Clock) -> anyhow::Result<Option<DemoLogin>> {
    let mut app = open_alone(config, clock).await?;
    if ops::demo::is_unfinished(&Ctx::system(Arc::clone(&app)))? {
        close(app).await;
        let file = data_file(config);
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        app = open_alone(config, clock).await?;
    }
    let put_in = ops::demo::install(&Ctx::system(Arc::clone(&app))).await;
    close(app).await;
    Ok(put_in?)
}

async fn open_alone(config: &Config, clock: &Clock) -> anyhow::Result<Arc<App>> {
    let (config, clock) = (config.clone(), clock.clone());
    let storage = Storage::File(data_file(&config));
    let opening =
        tokio::task::spawn_blocking(move || App::open(config, storage, clock, Entropy::system()));
    opening.await.context("opening was cut short")?
}

/// Closes the file; waits for the writer's last commit.
async fn close(app: Arc<App>) {
    let _ = tokio::task::spawn_blocking(move || app.store.close()).await;
}

/// What must be done before the first request is answered.
async fn prepare(app: &Arc<App>) -> anyhow::Result<()> {
    let ctx = Ctx::system(Arc::clone(app));
    anyhow::ensure!(!ops::demo::is_unfinished(&ctx)?, DEMO_UNFINISHED);
    ops::catalogue::charges::adopt(&ctx).await?;
    if app.clock.is_test() {
        // A box that was stopped and starts with a later clock.
        ops::schedule::clock::catch_up(&ctx, ctx.now, Timestamp::MIN).await?;
    }
    Ok(())
}

impl Running {
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    #[must_use]
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// Stops accepting, answers what is in flight, closes the file.
    pub async fn stop(self) {
        self.closing.cancel();
        self.tasks.close();
        let calls = &self.app.calls;
        let drained = async {
            self.tasks.wait().await;
            // Nobody begins one any more.
            calls.close();
            calls.wait().await;
        };
        if tokio::time::timeout(DRAIN_MAX, drained).await.is_err() {
            tracing::warn!("requests were still in flight after 20 s and are cut off");
        }
        jobs::save_presence(&self.app).await;
        close(self.app).await;
    }
}
