//! What the load run (`tests/load/run`) needs besides the appliance: a bare server to compare with,
//! and a data file with a million customers, made by the real engine.

use std::io::Write as _;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use boxoffice::app::clock::{Clock, Stopwatch};
use boxoffice::app::entropy::Entropy;
use boxoffice::app::{App, Ctx};
use boxoffice::config::Config;
use boxoffice::domain::customers::Customer;
use boxoffice::domain::values::id::CustomerId;
use boxoffice::ops::apply::apply;
use boxoffice::store::{Read as _, Storage, Table};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: load hello ADDR | load seed DIR COUNT";

/// Customers in one apply document, which is one command of the writer.
const CHUNK: u64 = 5_000;
/// Customers between two lines of progress.
const PROGRESS: u64 = 50_000;
/// The last three octets of a MAC tell the customers apart.
const COUNT_MAX: u64 = 0xff_ffff;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench` to the arguments it hands on.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["hello", address] => hello(address.parse().context(USAGE)?),
        ["seed", folder, count] => seed(Path::new(folder), count.parse().context(USAGE)?),
        // A plain `cargo bench` runs every bench: this one has nothing to do by itself.
        [] => Ok(writeln!(std::io::stderr(), "{USAGE}")?),
        _ => anyhow::bail!(USAGE),
    }
}

/// As the appliance has it: two workers.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}

/// The least that axum can do: what the appliance's answers are compared with.
fn hello(address: SocketAddr) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let get = axum::routing::get(|| async { "Hello, World!" });
        let router = axum::Router::new().route("/", get);
        let listener = tokio::net::TcpListener::bind(address).await?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
        stdout.flush()?;
        Ok(axum::serve(listener, router).await?)
    })
}

/// Makes `folder/boxoffice.redb` with the customers 1 to `count`: the load scripts count on the
/// numbers, so the file must not be there yet.
fn seed(folder: &Path, count: u64) -> anyhow::Result<()> {
    anyhow::ensure!(
        (1..=COUNT_MAX).contains(&count),
        "COUNT: from 1 to {COUNT_MAX}"
    );
    let file = folder.join("boxoffice.redb");
    anyhow::ensure!(!file.exists(), "{} is there already", file.display());
    let config = Config {
        data: folder.to_owned(),
        ..Config::default()
    };
    let app = App::open(
        config,
        Storage::File(file),
        Clock::System,
        Entropy::system(),
    )?;

    let runtime = runtime()?;
    let watch = Stopwatch::start();
    let mut done = 0;
    while done < count {
        let last = count.min(done + CHUNK);
        let ctx = Ctx::system(Arc::clone(&app));
        runtime
            .block_on(apply(&ctx, document(done + 1..=last), false))
            .map_err(|error| anyhow::anyhow!("customers {} to {last}: {error:?}", done + 1))?;
        done = last;
        if done.is_multiple_of(PROGRESS) || done == count {
            let millis = watch.elapsed().as_millis().max(1);
            let rate = u128::from(done) * 1_000 / millis;
            let seconds = millis / 1_000;
            writeln!(
                std::io::stderr(),
                "{done} of {count} customers, {seconds} s, {rate}/s"
            )?;
        }
    }
    let checked = check(&app, count);
    app.store.close();
    checked
}

/// Says what the file holds, so that figures of unlike files are not compared. The scripts rely on
/// the numbers: a file with others is of no use.
fn check(app: &App, count: u64) -> anyhow::Result<()> {
    let snapshot = app.store.read()?;
    let kinds = [
        ("customers", Table::Customers, count),
        ("devices", Table::Devices, 2 * count),
        ("services", Table::Services, 2 * count),
        ("orders", Table::Orders, count),
    ];
    for (kind, table, expected) in kinds {
        let rows = snapshot.rows(table)?;
        let note = if rows == expected {
            ""
        } else {
            " (UNEXPECTED)"
        };
        writeln!(std::io::stderr(), "{rows} {kind}{note}")?;
    }
    for number in [1, count] {
        let customer = snapshot.get::<Customer>(&CustomerId(number))?;
        let held = customer.and_then(|customer| customer.login);
        anyhow::ensure!(
            held == Some(login(number)),
            "customer {number} has the login {held:?}"
        );
    }
    Ok(())
}

fn document(numbers: RangeInclusive<u64>) -> String {
    let package = |id, external_id, name, kind| {
        json!({
            "id": id, "external_id": external_id, "name": name, "type": kind,
            "service_type": "periodic", "services": "all",
        })
    };
    let customers: Vec<Value> = numbers.map(customer).collect();
    json!({
        "packages": [
            package(1, "tv", "All channels", "tv"),
            package(2, "video", "All films", "video"),
        ],
        "products": [{
            "id": 1, "external_id": "BASE", "name": "Base", "packages": [{"id": 1}, {"id": 2}],
        }],
        "customers": customers,
    })
    .to_string()
}

fn customer(number: u64) -> Value {
    let status = match number % 100 {
        33 => "INACTIVE",
        66 | 99 => "SUSPENDED_BY_BILLING",
        _ => "ACTIVE",
    };
    let (high, middle, low) = ((number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff);
    json!({
        "login": login(number),
        "email": format!("u{number:08}@example.com"),
        "first_name": format!("Nora{}", number % 1_000),
        "last_name": format!("Numbered{}", number % 100_000),
        "status": status,
        "tariff_plan": "BASE",
        "devices": [
            {
                "mac": format!("00:1A:79:{high:02X}:{middle:02X}:{low:02X}"),
                "serial": format!("{number:012}"), "model": "MAG250", "type": "STB",
            },
            { "serial": format!("A{number:011}"), "model": "App", "type": "MOBILE" },
        ],
    })
}

fn login(number: u64) -> String {
    format!("u{number:08}")
}
