//! What a billing run costs: a base of orders of which each is due, worked alone, worked beside
//! people who write and read, and looked at ahead. Real file, real commits.
//!
//! `cargo bench --bench renewals -- [ORDERS] [FOLDER] [scattered]`: how many orders (1,000,000), a
//! folder on the disk that is to be measured (Cargo's target folder), and whether orders are due in
//! another order than they were opened in.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use boxoffice::app::clock::{Clock, Stopwatch};
use boxoffice::app::entropy::Entropy;
use boxoffice::app::{App, Ctx};
use boxoffice::config::Config;
use boxoffice::domain::billing::invoice::Invoice;
use boxoffice::domain::billing::journal::{EntryCause, JournalEntry, opening};
use boxoffice::domain::billing::order::Order;
use boxoffice::domain::customers::Customer;
use boxoffice::domain::customers::service::{Origin, Service};
use boxoffice::domain::values::id::{CustomerId, InvoiceId, OrderId, ServiceId};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::{Amount, Currency};
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::billing::preview;
use boxoffice::ops::billing::preview::Scope;
use boxoffice::ops::billing::run::Pace;
use boxoffice::ops::customers;
use boxoffice::ops::orders::NewOrder;
use boxoffice::ops::payments::book::Receipt;
use boxoffice::ops::schedule::work;
use boxoffice::ops::{Handle, OpError};
use boxoffice::ops::{orders, payments};
use boxoffice::store::{Read as _, Storage, StoreError, Table, Tx, append_entries};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: renewals [ORDERS] [FOLDER] [scattered]";
/// Rows of a kind in one commit while the base is made.
const CHUNK: u64 = 20_000;
/// People who write beside the second run, and how long each of them thinks.
const WRITERS: u64 = 16;
const READERS: u64 = 4;
const THINKING: Duration = Duration::from_millis(5);
const OPENED: &str = "2026-01-01T00:00:00Z";
/// When the first cycle of all is over, when the second is, and when the third.
const ENDS: [&str; 3] = [
    "2026-02-02T00:00:00Z",
    "2026-03-02T00:00:00Z",
    "2026-04-02T00:00:00Z",
];

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench` to the arguments it hands on.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let scattered = words.iter().any(|word| word == "scattered");
    let mut words = words.into_iter().filter(|word| word != "scattered");
    let count: u64 = match words.next() {
        Some(count) => count.parse().context(USAGE)?,
        None => 1_000_000,
    };
    let folder = words
        .next()
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    anyhow::ensure!(words.next().is_none(), USAGE);
    let folder = tempfile::tempdir_in(folder)?;
    let opened = instant(OPENED)?;
    let clock = Clock::test(opened);
    let mut config = Config {
        data: folder.path().to_owned(),
        ..Config::default()
    };
    // Every invoice is to be mailed: a row in the outbox. Nobody sends it here.
    config.smtp.url = "smtp://127.0.0.1:9".into();
    let file = Storage::File(folder.path().join("boxoffice.redb"));
    let app = App::open(config, file, clock.clone(), Entropy::system())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        seed(&app, count, scattered).await?;
        preview(&app, count)?;
        let _ = clock.move_to(instant(ENDS[0])?);
        alone(&app, count).await?;
        let _ = clock.move_to(instant(ENDS[1])?);
        beside(&app, count).await?;
        let _ = clock.move_to(instant(ENDS[2])?);
        reopening(&app, count).await
    })?;
    app.store.close();
    Ok(())
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn instant(text: &str) -> anyhow::Result<Timestamp> {
    Timestamp::parse(text).context("not an instant")
}

fn failed(error: &OpError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

fn ctx(app: &Arc<App>) -> Ctx {
    Ctx::system(Arc::clone(app))
}

/// One customer through the front door; all others are like this one.
async fn seed(app: &Arc<App>, count: u64, scattered: bool) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    let document = json!({
        "packages": [{
            "id": 1, "external_id": "tv", "name": "All channels", "type": "tv",
            "service_type": "periodic", "services": "all",
        }],
        "products": [{"id": 1, "external_id": "BASE", "name": "Base", "packages": [{"id": 1}]}],
        "offers": [{
            "id": "base-monthly", "product": "BASE", "title": "Base, monthly", "type": "RECURRING",
            "duration": 1, "period": "MONTH",
            "charges": [{
                "type": "RECURRING", "title": "Base", "amount": "12.00", "currency": "USD",
                "tax_rate": 20,
            }],
        }],
        "customers": [{
            "login": "u1", "first_name": "Nora", "last_name": "Numbered",
            "email": "u1@example.com",
        }],
    });
    boxoffice::ops::apply::apply(&ctx(app), document.to_string(), false)
        .await
        .map_err(|error| failed(&error))?;
    let offer = Handle {
        text: "base-monthly".to_owned(),
        number: None,
    };
    let wish = NewOrder::of(offer);
    orders::place(&ctx(app), handle(1), wish)
        .await
        .map_err(|error| failed(&error))?;
    let mut from = 1;
    while from <= count {
        let to = count.min(from + CHUNK - 1);
        write(app, move |tx| chunk(tx, from, to, scattered))?;
        from = to + 1;
    }
    say(&format!(
        "seed: {count} customers with an order and a service each, {} s",
        watch.elapsed().as_secs()
    ));
    Ok(())
}

fn write(
    app: &App,
    command: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    app.store.write_blocking(command)
}

fn missing(table: Table) -> StoreError {
    StoreError::UniqueClash {
        table: table.name(),
    }
}

fn chunk(tx: &mut Tx<'_>, from: u64, to: u64, scattered: bool) -> Result<(), StoreError> {
    let customer: Customer = tx
        .get(&CustomerId(1))?
        .ok_or_else(|| missing(Table::Customers))?;
    let service: Service = tx
        .get(&ServiceId(1))?
        .ok_or_else(|| missing(Table::Services))?;
    let order: Order = tx.get(&OrderId(1))?.ok_or_else(|| missing(Table::Orders))?;
    let (mut customers, mut services, mut orders) = (Vec::new(), Vec::new(), Vec::new());
    let mut money = Vec::new();
    for number in from..=to {
        // Spread over a day, in the order of opening or in none.
        let place = if scattered {
            number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44
        } else {
            number
        };
        let micros = i64::try_from(place).unwrap_or(0).saturating_mul(80_000);
        let at = Timestamp::from_micros(customer.created_at.micros().saturating_add(micros));
        let at = at.unwrap_or(customer.created_at);
        let mut order = Order {
            id: OrderId(number),
            customer: CustomerId(number),
            anchor_at: at,
            cycles_paid: 1,
            cycles_total: 0,
            ..order.clone()
        };
        order.set_dates(&boxoffice::domain::values::calendar::Zone::utc());
        services.push(Service {
            id: ServiceId(number),
            customer: CustomerId(number),
            origin: Origin::Order(order.id),
            expires_at: order.expires_at,
            ..service.clone()
        });
        orders.push(order);
        let login = format!("u{number}");
        customers.push(Customer {
            id: CustomerId(number),
            email: boxoffice::domain::values::contact::Email::parse(&format!(
                "{login}@example.com"
            )),
            login: Some(login),
            primary_order: Some(OrderId(number)),
            ..customer.clone()
        });
        let amount = Amount {
            minor: Minor::of(1_000_000),
            currency: Currency::USD,
        };
        money.push(opening(CustomerId(number), amount, at));
    }
    tx.put_many(&customers)?;
    tx.put_many(&orders)?;
    tx.put_many(&services)?;
    append_entries(tx, money).map(|_| ())
}

/// How many a second.
fn rate(count: u64, time: Duration) -> String {
    let rate = u128::from(count) * 1_000_000 / time.as_micros().max(1);
    format!("{rate}/s")
}

/// Resident memory now and at most, in MB.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1_024
    };
    (field("VmRSS:"), field("VmHWM:"))
}

fn preview(app: &Arc<App>, count: u64) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    let forecast = preview::preview(&ctx(app), &Scope::Everybody, instant(ENDS[0])?, 100)
        .map_err(|error| failed(&error))?;
    let time = watch.elapsed();
    anyhow::ensure!(forecast.steps_in_all == count, "{}", forecast.steps_in_all);
    say(&format!(
        "preview of the whole base: {} ms, {}",
        time.as_millis(),
        rate(count, time)
    ));
    Ok(())
}

async fn run(app: &Arc<App>, count: u64) -> anyhow::Result<Duration> {
    let ctx = ctx(app);
    let watch = Stopwatch::start();
    let steps = work::work(&ctx, ctx.now, Pace::Now)
        .await
        .map_err(|error| failed(&error))?;
    anyhow::ensure!(steps == count, "{steps} steps instead of {count}");
    Ok(watch.elapsed())
}

async fn alone(app: &Arc<App>, count: u64) -> anyhow::Result<()> {
    let commits = app.store.figures().commits();
    let time = run(app, count).await?;
    let commits = app.store.figures().commits().saturating_sub(commits);
    let (now, most) = memory();
    say(&format!(
        "run alone: {} ms, {}, {commits} commits; memory {now} MB, at most {most} MB",
        time.as_millis(),
        rate(count, time)
    ));
    let snapshot = app.store.read()?;
    let last = snapshot.get::<Invoice>(&InvoiceId(count + 1))?;
    anyhow::ensure!(last.is_some_and(|invoice| invoice.cycle == Some(1)));
    Ok(())
}

async fn beside(app: &Arc<App>, count: u64) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let people: Vec<_> = (1..=WRITERS)
        .map(|who| {
            let (app, stop) = (Arc::clone(app), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut times = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let watch = Stopwatch::start();
                    let handle = handle(who);
                    let receipt = Receipt {
                        method: "cash".to_owned(),
                        reference: None,
                        client_key: None,
                        amount: Amount {
                            minor: Minor::of(1),
                            currency: Currency::USD,
                        },
                        note: String::new(),
                    };
                    payments::receive(&ctx(&app), handle, receipt).await?;
                    times.push(watch.elapsed());
                    tokio::time::sleep(THINKING).await;
                }
                Ok::<_, OpError>(times)
            })
        })
        .collect();
    let readers: Vec<_> = (0..READERS)
        .map(|who| {
            let (app, stop) = (Arc::clone(app), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut times = Vec::new();
                let mut number = who;
                while !stop.load(Ordering::Relaxed) {
                    number = number
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695);
                    let watch = Stopwatch::start();
                    customers::get(&ctx(&app), &handle(1 + (number >> 11) % count))?;
                    times.push(watch.elapsed());
                    tokio::time::sleep(THINKING / 5).await;
                }
                Ok::<_, OpError>(times)
            })
        })
        .collect();
    let time = run(app, count).await?;
    stop.store(true, Ordering::Relaxed);
    let mut writes = Vec::new();
    for task in people {
        writes.extend(task.await?.map_err(|error| failed(&error))?);
    }
    let mut reads = Vec::new();
    for task in readers {
        reads.extend(task.await?.map_err(|error| failed(&error))?);
    }
    let (now, most) = memory();
    say(&format!(
        "run beside {WRITERS} writers and {READERS} readers: {} ms, {}; memory {now} MB, at most \
         {most} MB",
        time.as_millis(),
        rate(count, time)
    ));
    spread("  writes", writes);
    spread("  reads", reads);
    Ok(())
}

fn handle(number: u64) -> Handle<CustomerId> {
    Handle {
        text: String::new(),
        number: Some(CustomerId(number)),
    }
}

fn spread(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| {
        let index = times.len().saturating_mul(percent) / 100;
        let time = times.get(index.min(times.len().saturating_sub(1)));
        time.copied().unwrap_or_default().as_micros()
    };
    say(&format!(
        "{what}: {} of them, p50 {} us, p99 {} us, most {} us",
        times.len(),
        at(50),
        at(99),
        at(100)
    ));
}

/// From the payment of a frozen order to the service that runs again: one commit.
async fn reopening(app: &Arc<App>, count: u64) -> anyhow::Result<()> {
    let sample = count.min(2_000);
    // The money of these goes away, so that they freeze.
    write(app, move |tx| {
        let mut entries = Vec::new();
        for number in 1..=sample {
            let key = boxoffice::domain::billing::journal::Account::Customer(CustomerId(number));
            let held = boxoffice::store::account_balance(tx, &key, Currency::USD)?;
            let amount = Amount {
                minor: -held.minor,
                currency: Currency::USD,
            };
            entries.push(JournalEntry {
                cause: EntryCause::Adjustment,
                ..opening(CustomerId(number), amount, Timestamp::MIN)
            });
        }
        append_entries(tx, entries).map(|_| ())
    })?;
    let now = ctx(app);
    work::work(&now, now.now, Pace::Now)
        .await
        .map_err(|error| failed(&error))?;
    let mut times = Vec::new();
    for number in 1..=sample {
        let frozen = app.store.read()?.get::<Order>(&OrderId(number))?;
        let frozen = frozen.context("no order")?;
        anyhow::ensure!(!frozen.runs_at(now.now), "order {number} runs unpaid");
        let receipt = Receipt {
            method: "stripe".to_owned(),
            reference: Some(format!("pi_{number}")),
            client_key: None,
            amount: Amount {
                minor: Minor::of(1_200),
                currency: Currency::USD,
            },
            note: String::new(),
        };
        let watch = Stopwatch::start();
        payments::receive(&now, handle(number), receipt)
            .await
            .map_err(|error| failed(&error))?;
        let service = app.store.read()?.get::<Service>(&ServiceId(number))?;
        times.push(watch.elapsed());
        anyhow::ensure!(
            service.is_some_and(|service| service.expires_at > Some(now.now)),
            "service {number} does not run"
        );
    }
    spread("payment to open service", times);
    Ok(())
}
