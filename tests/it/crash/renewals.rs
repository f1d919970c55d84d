//! The power goes at every moment of billing runs, the disk fails in them, the clock jumps. Started
//! again, the box works what is left, and then holds the same as one that was never interrupted:
//! invoices, numbers, journal, orders, services, byte for byte.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use boxoffice::app::clock::Clock;
use boxoffice::app::entropy::Entropy;
use boxoffice::app::{App, Ctx};
use boxoffice::config::Config;
use boxoffice::domain::values::id::CustomerId;
use boxoffice::domain::values::money::{Amount, Currency};
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::billing::run::Pace;
use boxoffice::ops::orders::NewOrder;
use boxoffice::ops::payments::book::Receipt;
use boxoffice::ops::schedule::work;
use boxoffice::ops::{Handle, apply, orders, payments};
use boxoffice::store::{Read as _, Span, Table, check};
use serde_json::{Value, json};

use super::disk::{Dice, Disk, Op, Reach};
use crate::kit::run;
use crate::support::eventually;

const START: &str = "2026-01-31T10:00:00Z";
/// When the box looks what is due.
const TURNS: [&str; 4] = [
    "2026-02-28T10:00:00Z",
    "2026-03-20T10:00:00Z",
    "2026-04-02T10:00:00Z",
    "2026-06-15T10:00:00Z",
];
const CUSTOMERS: u64 = 150;
const WORKERS: usize = 2;
/// Most cuts of all workers: the operations are many, and each cut is a box of its own.
const CUTS_MAX: usize = 160;

/// What must be equal: all but the notes on who did what when, which say how often the box began.
const NOTES: &[Table] = &[Table::Audits, Table::Runs, Table::Sequences, Table::Meta];

type Contents = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

fn open(disk: &Disk, at: &str) -> Arc<App> {
    let clock = Clock::test(instant(at));
    let mut config = Config::for_tests();
    // Every invoice is to be mailed; nobody sends it here.
    config.smtp.url = "smtp://127.0.0.1:9".into();
    App::open(config, disk.storage(), clock, Entropy::seeded(1)).expect("a box")
}

fn named<I>(text: &str, number: Option<I>) -> Handle<I> {
    let text = text.to_owned();
    Handle { text, number }
}

/// Customers of all kinds: rich, poor, in debt, on their last cycle, with two orders on one purse.
async fn seed(app: &Arc<App>) {
    let ctx = Ctx::system(Arc::clone(app));
    let offer = |id: &str, extra: Value| {
        let mut offer = json!({
            "id": id, "product": "TV", "title": id, "type": "RECURRING",
            "duration": 1, "period": "MONTH",
            "charges": [{"type": "RECURRING", "title": "TV", "amount": "12.00", "currency": "USD",
                "tax_rate": 20}],
        });
        let offer_map = offer.as_object_mut().expect("an object");
        offer_map.extend(extra.as_object().expect("an object").clone());
        offer
    };
    let customers: Vec<Value> = (1..=CUSTOMERS)
        .map(|number| {
            let email = format!("u{number}@example.com");
            json!({"login": format!("u{number}"), "first_name": "Nora", "email": email})
        })
        .collect();
    let document = json!({
        "packages": [{"id": 1, "external_id": "tv", "name": "TV", "type": "tv",
            "service_type": "periodic", "services": "all"}],
        "products": [{"id": 1, "external_id": "TV", "name": "TV", "packages": [{"id": 1}]}],
        "offers": [
            offer("prepaid", json!({"dunning": {"grace_days": 3, "suspend_days": 4}})),
            offer("postpaid", json!({"billing": "POSTPAID"})),
            offer("short", json!({"number_of_billing_cycles": 2})),
        ],
        "customers": customers,
    });
    apply::apply(&ctx, document.to_string(), false)
        .await
        .expect("a catalogue");
    for number in 1..=CUSTOMERS {
        let (money, offers): (i64, &[&str]) = match number % 5 {
            0 => (10_000, &["prepaid"]),
            1 => (2_500, &["prepaid"]),
            2 => (0, &["postpaid"]),
            3 => (2_400, &["short"]),
            _ => (6_000, &["prepaid", "postpaid"]),
        };
        if money > 0 {
            let receipt = Receipt {
                method: "cash".to_owned(),
                reference: None,
                client_key: None,
                amount: Amount {
                    minor: money.into(),
                    currency: Currency::USD,
                },
                note: String::new(),
            };
            payments::receive(&ctx, named("", Some(CustomerId(number))), receipt)
                .await
                .expect("money");
        }
        for offer in offers {
            let wish = NewOrder::of(named(offer, None));
            orders::place(&ctx, named("", Some(CustomerId(number))), wish)
                .await
                .expect("an order");
        }
    }
}

/// Everything that is due until then, each at its own instant.
async fn work(app: &Arc<App>, until: &str) {
    let ctx = Ctx::system(Arc::clone(app));
    let not_before = instant(START);
    work::work(&ctx, instant(until), Pace::WhenDue { not_before })
        .await
        .expect("a run");
}

fn contents(app: &App) -> Contents {
    let snapshot = app.store.read().expect("a snapshot");
    let (_, findings) = check(&snapshot).expect("a check");
    assert!(findings.is_empty(), "{findings:?}");
    let mut contents = Contents::new();
    for table in Table::ALL.iter().filter(|table| !NOTES.contains(table)) {
        snapshot
            .raw_scan(*table, &Span::all(), &mut |key, value| {
                contents.insert((table.name(), key.to_vec()), value.to_vec());
                Ok(ControlFlow::Continue(()))
            })
            .expect("a table");
    }
    contents
}

struct Recording {
    ops: Vec<Op>,
    /// Operations before the first run.
    first: usize,
    wanted: Contents,
}

fn record() -> Recording {
    let disk = Disk::new();
    let app = open(&disk, START);
    run(seed(&app));
    let first = disk.ops();
    for turn in TURNS {
        run(work(&app, turn));
    }
    let wanted = contents(&app);
    app.store.close();
    Recording {
        ops: disk.journal(),
        first,
        wanted,
    }
}

impl Recording {
    fn cut(&self, done: usize, disk: &Disk, dice: &mut Dice, reach: Reach) {
        let disk = Disk::holding(disk.crash_image(dice, reach));
        let last = TURNS[TURNS.len() - 1];
        let app = open(&disk, last);
        run(work(&app, last));
        let found = contents(&app);
        app.store.close();
        self.compare(&found, done, &format!("{reach:?}"));
    }

    fn compare(&self, found: &Contents, done: usize, how: &str) {
        let differs = |key: &&(&'static str, Vec<u8>)| found.get(*key) != self.wanted.get(*key);
        let mut keys = self.wanted.keys().chain(found.keys());
        if let Some((table, key)) = keys.find(differs) {
            panic!(
                "after {done} of {} operations ({how}): {table} {key:?} differs",
                self.ops.len()
            );
        }
    }

    fn cut_everywhere(&self, worker: usize) {
        let mut dice = Dice::new(worker as u64);
        let disk = Disk::new();
        let stride = (self.ops.len() - self.first).div_ceil(CUTS_MAX).max(1);
        for (done, op) in self.ops.iter().enumerate() {
            let mine = done >= self.first && done % WORKERS == worker;
            // Every sync, from both sides, and an even share of all that lies between.
            if mine && matches!(op, Op::Sync) {
                self.cut(done, &disk, &mut dice, Reach::Nothing);
                self.cut(done, &disk, &mut dice, Reach::Everything);
            } else if mine && (done / WORKERS).is_multiple_of(stride) {
                self.cut(done, &disk, &mut dice, Reach::Anything);
            }
            disk.perform(op);
        }
        self.cut(self.ops.len(), &disk, &mut dice, Reach::Anything);
    }
}

#[test]
fn billing_runs_cut_short_end_as_if_nothing_had_happened() {
    let recording = record();
    let rows = |table: Table| {
        let keys = recording.wanted.keys();
        keys.filter(|(held, _)| *held == table.name()).count()
    };
    assert!(rows(Table::Invoices) > 300, "runs worth cutting");
    assert!(
        recording.ops.len() - recording.first > 50,
        "runs worth cutting"
    );
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let recording = &recording;
            scope.spawn(move || recording.cut_everywhere(worker));
        }
    });
}

/// Edge 28: the disk fails once in the middle of a run, as a full one does. The run says so and
/// stops; the next turn of the same box goes on. No order is put aside for what the disk did.
#[test]
fn a_disk_that_fails_in_the_middle_of_a_run_costs_a_turn_and_nothing_else() {
    let recording = record();
    let last = TURNS[TURNS.len() - 1];
    let mut stopped = 0;
    // Writes of the first commits, every few of them, and syncs among them.
    for after in (0..60).step_by(7) {
        let disk = Disk::new();
        let app = open(&disk, START);
        run(seed(&app));
        disk.fails_once(after);
        let ctx = Ctx::system(Arc::clone(&app));
        let not_before = instant(START);
        let pace = Pace::WhenDue { not_before };
        // The file is opened anew meanwhile.
        run(eventually(
            "a run, though the disk failed once",
            async || {
                let worked = work::work(&ctx, instant(last), pace).await;
                stopped += i32::from(worked.is_err());
                worked.ok()
            },
        ));
        assert!(disk.has_failed(), "a fault that strikes");
        recording.compare(&contents(&app), after, "the disk failed");
        app.store.close();
    }
    assert!(stopped > 0, "no fault struck a run");
}

/// Edge 27: a clock that jumps back an hour, or stands in 1970 at boot, bills nothing twice and
/// nothing late; one that jumps on a day finds what fell due meanwhile.
#[test]
fn a_clock_that_jumps_bills_every_cycle_once() {
    let recording = record();
    let disk = Disk::new();
    run(seed(&open(&disk, START)));
    // Every start has the clock of the moment, and every turn is taken twice.
    for at in [
        TURNS[0],
        "2026-02-28T09:00:00Z",
        "1970-01-01T00:00:00Z",
        TURNS[1],
        TURNS[0],
        TURNS[2],
        "2026-04-03T10:00:00Z",
        TURNS[3],
        START,
        TURNS[3],
    ] {
        let app = open(&disk, at);
        run(work(&app, at));
        run(work(&app, at));
        app.store.close();
    }
    let found = contents(&open(&disk, START));
    recording.compare(&found, 0, "the clock jumped");
}
