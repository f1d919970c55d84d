//! The power goes at every moment of a payment that extends an order. The payer who presses the
//! button again, and the clerk who confirms again, end where one ends who was never interrupted:
//! paid once, extended once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use boxoffice::app::clock::Clock;
use boxoffice::app::entropy::Entropy;
use boxoffice::app::{App, Ctx};
use boxoffice::config::Config;
use boxoffice::domain::billing::order::Order;
use boxoffice::domain::billing::payment::HostedPage;
use boxoffice::domain::values::id::{CustomerId, OrderId};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::{Amount, Currency};
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::orders::NewOrder;
use boxoffice::ops::payments;
use boxoffice::ops::payments::book::Receipt;
use boxoffice::ops::payments::ending::Ending;
use boxoffice::ops::payments::pages;
use boxoffice::ops::payments::pages::{PageItem, Way};
use boxoffice::ops::{Handle, apply, orders};
use boxoffice::store::{Read as _, Span, Table, check};
use serde_json::json;

use super::disk::{Dice, Disk, Op, Reach};
use crate::kit::run;
use boxoffice::ops::payments::ending;

const NOW: &str = "2026-01-31T10:00:00Z";
const PRICE: Amount = Amount {
    minor: Minor::of(1_200),
    currency: Currency::USD,
};

/// What must be equal: all but the notes on who did what when.
const NOTES: &[Table] = &[Table::Audits, Table::Sequences, Table::Meta];

type Contents = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

fn open(disk: &Disk) -> Arc<App> {
    let clock = Clock::test(Timestamp::parse(NOW).expect("an instant"));
    let mut config = Config::for_tests();
    config.payments.sandbox = true;
    config.smtp.url = "smtp://127.0.0.1:9".into();
    App::open(config, disk.storage(), clock, Entropy::seeded(1)).expect("a box")
}

fn named<I>(text: &str, number: Option<I>) -> Handle<I> {
    let text = text.to_owned();
    Handle { text, number }
}

/// An order that runs, and a page that extends it.
async fn seed(app: &Arc<App>) {
    let ctx = Ctx::system(Arc::clone(app));
    let document = json!({
        "packages": [{"id": 1, "external_id": "tv", "name": "TV", "type": "tv",
            "service_type": "periodic", "services": "all"}],
        "products": [{"id": 1, "external_id": "TV", "name": "TV", "packages": [{"id": 1}]}],
        "offers": [{
            "id": "tv", "product": "TV", "title": "TV", "type": "RECURRING",
            "duration": 1, "period": "MONTH",
            "charges": [{"type": "RECURRING", "title": "TV", "amount": "12.00", "currency": "USD"}],
        }],
        "customers": [{"login": "u1", "email": "u1@example.com"}],
    });
    let applied = apply::apply(&ctx, document.to_string(), false).await;
    applied.expect("a catalogue");
    let customer = || named("", Some(CustomerId(1)));
    let receipt = Receipt {
        method: "cash".to_owned(),
        reference: None,
        client_key: None,
        amount: PRICE,
        note: String::new(),
    };
    let received = payments::receive(&ctx, customer(), receipt).await;
    received.expect("money");
    let wish = NewOrder::of(named("tv", None));
    orders::place(&ctx, customer(), wish)
        .await
        .expect("an order");
    let wanted = PageItem::Order(named("", Some(OrderId(1))));
    let page = pages::create(&ctx, customer(), wanted, String::new()).await;
    page.expect("a page");
}

fn page(app: &App) -> HostedPage {
    let pages: Vec<HostedPage> = app.store.read().unwrap().all().unwrap();
    pages.into_iter().next().expect("a page")
}

/// Presses the button with this card.
async fn card(app: &Arc<App>) {
    let ctx = Ctx::system(Arc::clone(app));
    let way = Way::Sandbox {
        card: "4242424242424242".to_owned(),
    };
    let paid = pages::submit(&ctx, page(app).code, way, PRICE).await;
    paid.expect("paid");
}

/// Pays by hand, and somebody confirms it.
async fn by_hand(app: &Arc<App>) {
    let ctx = Ctx::system(Arc::clone(app));
    let begun = pages::submit(&ctx, page(app).code, Way::Manual, PRICE).await;
    begun.expect("begun, or paid already");
    let payment = page(app).payment.expect("a payment");
    let confirmed = ending::end(&ctx, payment, Ending::Paid, None).await;
    confirmed.expect("confirmed");
}

fn contents(app: &App) -> Contents {
    let snapshot = app.store.read().expect("a snapshot");
    let (_, findings) = check(&snapshot).expect("a check");
    assert!(findings.is_empty(), "{findings:?}");
    let mut contents = Contents::new();
    for table in Table::ALL.iter().filter(|table| !NOTES.contains(table)) {
        let mut keep = |key: &[u8], value: &[u8]| {
            contents.insert((table.name(), key.to_vec()), value.to_vec());
            Ok(ControlFlow::Continue(()))
        };
        let scanned = snapshot.raw_scan(*table, &Span::all(), &mut keep);
        scanned.expect("a table");
    }
    contents
}

fn compare(found: &Contents, wanted: &Contents, how: &str) {
    let differs = |key: &&(&'static str, Vec<u8>)| found.get(*key) != wanted.get(*key);
    if let Some((table, key)) = wanted.keys().chain(found.keys()).find(differs) {
        panic!("{how}: {table} {key:?} differs");
    }
}

/// What the order has, whichever way it stands on the disk: a cycle is there with its invoice or
/// not at all.
fn is_whole(app: &App, how: &str) {
    let snapshot = app.store.read().expect("a snapshot");
    let order = snapshot.get::<Order>(&OrderId(1)).unwrap().expect("it");
    let invoices = snapshot.rows(Table::Invoices).expect("invoices");
    let ends = order.expires_at.expect("an end").to_rfc3339_millis();
    let wanted = match order.cycles_paid {
        1 => ("2026-02-28T10:00:00.000Z", 1),
        2 => ("2026-03-31T10:00:00.000Z", 2),
        other => panic!("{how}: {other} cycles"),
    };
    assert_eq!((ends.as_str(), invoices), wanted, "{how}");
}

fn cycles(app: &App) -> u32 {
    let order = app.store.read().unwrap().get::<Order>(&OrderId(1));
    order.unwrap().expect("it").cycles_paid
}

fn cut_everywhere<F: AsyncFn(&Arc<App>)>(pay: &F, name: &str) {
    let disk = Disk::new();
    let app = open(&disk);
    run(seed(&app));
    let first = disk.ops();
    run(pay(&app));
    assert_eq!(cycles(&app), 2, "{name}");
    let wanted = contents(&app);
    app.store.close();

    let ops = disk.journal();
    let mut dice = Dice::new(11);
    let disk = Disk::new();
    let (mut before, mut after) = (0, 0);
    for done in 0..=ops.len() {
        let op = ops.get(done);
        let reaches: &[Reach] = match op {
            _ if done < first => &[],
            Some(Op::Sync) => &[Reach::Nothing, Reach::Everything],
            _ => &[Reach::Anything],
        };
        for reach in reaches {
            let how = format!("{name}, after {done} of {} ({reach:?})", ops.len());
            let cut = Disk::holding(disk.crash_image(&mut dice, *reach));
            let app = open(&cut);
            is_whole(&app, &how);
            match cycles(&app) {
                1 => before += 1,
                _ => after += 1,
            }
            run(pay(&app));
            compare(&contents(&app), &wanted, &how);
            // And once more.
            run(pay(&app));
            compare(&contents(&app), &wanted, &how);
            app.store.close();
        }
        if let Some(op) = op {
            disk.perform(op);
        }
    }
    assert!(
        before > 0 && after > 0,
        "{name}: cut {before} times before, {after} after"
    );
}

#[test]
fn a_card_that_is_cut_short_extends_once() {
    cut_everywhere(&card, "card");
}

#[test]
fn a_payment_by_hand_that_is_cut_short_extends_once() {
    cut_everywhere(&by_hand, "by hand");
}
