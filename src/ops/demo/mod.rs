//! The demo operator: a small TV company with 200 customers, with a year of orders, invoices
//! and payments made by the same engine that real ones use, under a clock of its own, and a guide
//! of the coming week.

use crate::app::Ctx;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::customers::Customer;
use crate::domain::staff::Role;
use crate::domain::values::id::{CustomerId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::store::{Read as _, Table, Tx};

mod guide;

use super::orders::NewOrder;
use super::payments::book::Receipt;
use crate::ops::billing::revenue;
use crate::ops::billing::run::Pace;
use crate::ops::payments::book;
use crate::ops::schedule::work;
use crate::ops::{Handle, OpError, apply, orders, staff};

/// How to sign in to the demo: as its owner, and as a billing script.
#[derive(Debug, Clone)]
pub struct DemoLogin {
    pub name: String,
    pub password: String,
    pub script: String,
    pub script_password: String,
}

const CUSTOMERS: u64 = 200;
const DAY_SECONDS: i64 = 86_400;

const CHANNELS: &[(&str, &[&str])] = &[
    (
        "News",
        &[
            "City News",
            "World Report",
            "Business Day",
            "Weather Now",
            "Parliament Live",
        ],
    ),
    (
        "Sport",
        &[
            "Arena 1",
            "Arena 2",
            "Fight Night",
            "Extreme",
            "Golf & Green",
            "Motor TV",
        ],
    ),
    (
        "Films",
        &[
            "Cinema One",
            "Cinema Two",
            "Classic Reel",
            "Night Films",
            "Family Films",
        ],
    ),
    ("Children", &["Little Fox", "Toon House", "Story Time"]),
    ("Music", &["Hits", "Rock Box", "Jazz Corner", "Folk"]),
    (
        "Documentary",
        &["Wild Planet", "History Lane", "How It Works", "Far Away"],
    ),
    (
        "General",
        &[
            "First",
            "Second",
            "Third",
            "Regional",
            "Culture",
            "Home & Garden",
        ],
    ),
];
const RADIO: &[&str] = &["Radio One", "Radio Two", "Radio Classic", "Radio Night"];
const FIRST_NAMES: &[&str] = &[
    "Oliver", "Amara", "Lena", "Mateo", "Yuki", "Ivan", "Sofia", "Omar", "Grace", "Noah", "Priya",
    "Lucas", "Ewa", "Tomas", "Aisha", "Jonas", "Mina", "Pablo", "Hana", "Felix",
];
const LAST_NAMES: &[&str] = &[
    "Queen", "Okafor", "Meyer", "Garcia", "Tanaka", "Petrov", "Rossi", "Haddad", "Lee", "Novak",
    "Sharma", "Silva", "Kowalska", "Dvorak", "Khan", "Berg", "Park", "Ortiz", "Sato", "Klein",
];

/// Stands in the file from before the first record of the demo until after its last.
const UNFINISHED: &str = "demo_unfinished";

/// Stands in a file whose channels are the demo's.
const INSTALLED: &str = "demo";
/// Where the clip stands that they show, on this box, and the name of its playlist.
const CLIP: &str = "/demo/live.m3u8";
pub const CLIP_NAME: &str = "live.m3u8";

/// Whether the file has the demo.
pub fn is_installed(ctx: &Ctx) -> Result<bool, OpError> {
    let note = ctx
        .snapshot()?
        .raw_get(Table::Meta, INSTALLED.as_bytes(), |_| ())?;
    Ok(note.is_some())
}

/// Whether the file holds a part of the demo, and nothing else: it was begun in an empty file, and
/// nobody is let in before it is whole.
pub fn is_unfinished(ctx: &Ctx) -> Result<bool, OpError> {
    let note = ctx
        .snapshot()?
        .raw_get(Table::Meta, UNFINISHED.as_bytes(), |_| ())?;
    Ok(note.is_some())
}

/// Puts the demo in, if there is nothing yet. Answers how to sign in.
pub async fn install(ctx: &Ctx) -> Result<Option<DemoLogin>, OpError> {
    // Whatever was ever done stands in the audit log.
    if ctx.snapshot()?.rows(Table::Audits)? > 0 {
        return Ok(None);
    }
    ctx.write(|_, tx| Ok(tx.put_meta(UNFINISHED, &[1])?))
        .await?;
    tracing::info!("demo.begun");
    let year_ago = Ctx {
        now: ctx.now.saturating_add_seconds(-YEAR_DAYS * DAY_SECONDS),
        ..ctx.clone()
    };
    apply::apply(&year_ago, document().to_string(), false).await?;
    live_a_year(ctx).await?;
    let guide = serde_json::json!({"programmes": guide::programmes(&television(), ctx.now)});
    apply::apply(ctx, guide.to_string(), false).await?;
    let login = DemoLogin {
        name: "demo".to_owned(),
        password: ctx.app.entropy.hex::<8>()?,
        script: "stalker".to_owned(),
        script_password: ctx.app.entropy.hex::<8>()?,
    };
    let owner = staff::NewOperator {
        name: login.name.clone(),
        role: Role::Owner,
        reseller: None,
        email: None,
        password: login.password.clone(),
    };
    staff::add_operator(ctx, owner).await?;
    let script = staff::NewOperator {
        name: login.script.clone(),
        role: Role::Api,
        reseller: None,
        email: None,
        password: login.script_password.clone(),
    };
    staff::add_operator(ctx, script).await?;
    ctx.write(|_, tx| {
        tx.put_meta(INSTALLED, &[1])?;
        Ok(tx.remove_meta(UNFINISHED)?)
    })
    .await?;
    Ok(Some(login))
}

/// The television channels in the order of their numbers, each with its genre.
fn television() -> Vec<(usize, &'static str)> {
    let genres = CHANNELS
        .iter()
        .flat_map(|(genre, names)| names.iter().map(move |_| *genre));
    (1..).zip(genres).collect()
}

/// Catalogue and customers as an apply document.
fn document() -> serde_json::Value {
    let mut channels = Vec::new();
    let mut genres = Vec::new();
    for (g, (title, names)) in CHANNELS.iter().enumerate() {
        genres.push(serde_json::json!({"id": g + 1, "title": title}));
        for name in *names {
            let id = channels.len() + 1;
            channels.push(serde_json::json!({
                "id": id, "name": name, "number": id, "kind": "tv", "genre": g + 1,
                "url": CLIP, "base_ch": g + 1 == CHANNELS.len(),
                "archive_days": if g == 0 { 3 } else { 0 },
            }));
        }
    }
    for name in RADIO {
        let id = channels.len() + 1;
        channels.push(serde_json::json!({
            "id": id, "name": name, "number": 100 + id, "kind": "radio", "url": CLIP,
        }));
    }
    let of_genre = |wanted: u64| -> Vec<u64> {
        let channels = channels.iter().filter(|channel| channel["genre"] == wanted);
        channels
            .filter_map(|channel| channel["id"].as_u64())
            .collect()
    };
    let base: Vec<u64> = [1, 5, 6, 7].into_iter().flat_map(&of_genre).collect();
    let charge = |amount: &str| {
        serde_json::json!([
            {"type": "RECURRING", "amount": amount, "currency": "USD", "tax_rate": 20},
        ])
    };
    let ladder = serde_json::json!({"grace_days": 3, "reminder_days": [1], "suspend_days": 0});
    serde_json::json!({
        "provider": {"name": "Demo TV", "currency": "USD", "time_zone": "UTC"},
        "genres": genres,
        "packages": [
            {"id": 1, "external_id": "base", "name": "Base channels", "type": "tv",
             "service_type": "periodic", "price": "0.00", "services": base},
            {"id": 2, "external_id": "sport", "name": "Sport", "type": "tv",
             "service_type": "periodic", "price": "4.99", "services": of_genre(2)},
            {"id": 3, "external_id": "films", "name": "Films", "type": "tv",
             "service_type": "periodic", "price": "6.99", "services": of_genre(3)},
            {"id": 4, "external_id": "children", "name": "Children", "type": "tv",
             "service_type": "periodic", "price": "1.99", "services": of_genre(4)},
            {"id": 5, "external_id": "radio", "name": "Radio", "type": "radio",
             "service_type": "periodic", "price": "0.00", "services": "all"},
        ],
        "products": [
            {"id": 1, "external_id": "START", "name": "Start",
             "description": "The base channels and radio",
             "packages": [
                {"id": 1}, {"id": 5}, {"id": 2, "optional": true}, {"id": 3, "optional": true},
             ]},
            {"id": 2, "external_id": "FAMILY", "name": "Family",
             "description": "Start with children and films",
             "packages": [
                {"id": 1}, {"id": 5}, {"id": 3}, {"id": 4}, {"id": 2, "optional": true},
             ]},
            {"id": 3, "external_id": "ALL", "name": "Everything", "description": "All channels",
             "packages": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}, {"id": 5}]},
        ],
        "offers": [
            {"id": "start-monthly", "product": "START", "title": "Start, monthly",
             "type": "RECURRING", "duration": 1, "period": "MONTH", "charges": charge("9.99"),
             "dunning": ladder},
            {"id": "family-monthly", "product": "FAMILY", "title": "Family, monthly",
             "type": "RECURRING", "duration": 1, "period": "MONTH", "charges": charge("14.99"),
             "dunning": ladder},
            {"id": "all-monthly", "product": "ALL", "title": "Everything, monthly",
             "type": "RECURRING", "duration": 1, "period": "MONTH", "charges": charge("21.99"),
             "dunning": ladder},
            {"id": "family-year", "product": "FAMILY", "title": "Family, one year",
             "type": "ONE_TIME", "duration": 1, "period": "YEAR", "charges": [
                {"type": "ONE_TIME", "title": "One year", "amount": "149.00", "currency": "USD"},
             ]},
        ],
        "channels": channels,
        "customers": (1..=CUSTOMERS).map(customer).collect::<Vec<_>>(),
    })
}

fn pick<'t>(list: &[&'t str], number: u64) -> &'t str {
    let index = usize::try_from(number).unwrap_or(0) % list.len().max(1);
    list.get(index).copied().unwrap_or_default()
}

fn customer(number: u64) -> serde_json::Value {
    let (first, last) = (
        pick(FIRST_NAMES, number * 7),
        pick(LAST_NAMES, number * 13 + number / 20),
    );
    let status = match number % 25 {
        7 => "INACTIVE",
        19 => "SUSPENDED_BY_CUSTOMER",
        _ => "ACTIVE",
    };
    let mut devices = vec![serde_json::json!({
        "mac": format!("00:1A:79:10:{:02X}:{:02X}", number / 256, number % 256),
        "serial": format!("M{number:07}"), "model": "MAG524", "type": "STB",
    })];
    if number.is_multiple_of(3) {
        devices.push(serde_json::json!({
            "serial": format!("P{number:07}"), "model": "Phone", "type": "MOBILE",
        }));
    }
    serde_json::json!({
        "login": format!("{}", 10_000 + number),
        "account_number": format!("C-{number:05}"),
        "first_name": first, "last_name": last,
        "email": format!("{}.{}{number}@example.com", first.to_lowercase(), last.to_lowercase()),
        "phones": [format!("+1555{number:07}")],
        "status": status,
        "devices": devices,
    })
}

/// A household of the demo and what it does in its year.
struct Household {
    number: u64,
    customer: CustomerId,
    offer: &'static str,
    price: Amount,
    joins_on_day: i64,
    order: Option<OrderId>,
}

/// How a household pays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// The day before it is due.
    InTime,
    /// Some days after its order was frozen.
    Late,
    /// For some months, then no more.
    Stops,
}

impl Household {
    fn habit(&self) -> Habit {
        match self.number % 9 {
            4 => Habit::Stops,
            7 => Habit::Late,
            _ => Habit::InTime,
        }
    }

    /// Whether it pays on this day, its order being `order`.
    fn pays(&self, order: &Order, day: i64, now: Timestamp) -> bool {
        let day_after = now.saturating_add_seconds(DAY_SECONDS);
        let due = |at: Timestamp| at > now && at <= day_after;
        match self.habit() {
            Habit::InTime => order.next_cycle_at.is_some_and(due),
            Habit::Stops => day - self.joins_on_day < 100 && order.next_cycle_at.is_some_and(due),
            Habit::Late => match order.standing {
                Standing::Frozen { since, .. } => {
                    since.saturating_add_seconds(5 * DAY_SECONDS) <= now
                }
                _ => false,
            },
        }
    }
}

const YEAR_DAYS: i64 = 365;
/// The last days of it of which the revenue is counted one by one.
const DAYS_COUNTED: i64 = 32;

/// A year of orders and payments, day by day, by the functions that real ones go through. One
/// commit for what people do on a day, one or more for what falls due.
async fn live_a_year(ctx: &Ctx) -> Result<(), OpError> {
    let mut households = households(ctx)?;
    let start = ctx.now.saturating_add_seconds(-YEAR_DAYS * DAY_SECONDS);
    for day in 0..YEAR_DAYS {
        let today = Ctx {
            now: start.saturating_add_seconds(day * DAY_SECONDS),
            ..ctx.clone()
        };
        let pace = Pace::WhenDue {
            not_before: Timestamp::MIN,
        };
        work::work(&today, today.now, pace).await?;
        households = today
            .write(move |ctx, tx| {
                for household in &mut households {
                    live_a_day(ctx, tx, household, day)?;
                }
                Ok(households)
            })
            .await?;
        // Each day would keep whoever tries the demo waiting.
        if day >= YEAR_DAYS - DAYS_COUNTED || day % 30 == 0 {
            revenue::count(&today).await?;
        }
    }
    Ok(())
}

fn households(ctx: &Ctx) -> Result<Vec<Household>, OpError> {
    let snapshot = ctx.snapshot()?;
    let mut households = Vec::new();
    for number in (1..=CUSTOMERS).filter(|number| !number.is_multiple_of(10)) {
        let login = format!("{}", 10_000 + number);
        let customer: Option<Customer> =
            snapshot.get_by(Table::CustomersByLogin, login.as_bytes())?;
        let Some(customer) = customer else { continue };
        let (offer, minor) = match number % 4 {
            0 => ("family-year", 14_900),
            1 => ("start-monthly", 999),
            2 => ("family-monthly", 1_499),
            _ => ("all-monthly", 2_199),
        };
        households.push(Household {
            number,
            customer: customer.id,
            offer,
            price: Amount {
                minor: Minor::of(minor),
                currency: Currency::USD,
            },
            joins_on_day: i64::try_from(number * 53 % 350).unwrap_or(0),
            order: None,
        });
    }
    Ok(households)
}

fn live_a_day(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    household: &mut Household,
    day: i64,
) -> Result<(), OpError> {
    let pay = |ctx: &Ctx, tx: &mut Tx<'_>| {
        let bank = household.number.is_multiple_of(2);
        let receipt = Receipt {
            method: if bank { "bank" } else { "cash" }.to_owned(),
            reference: bank.then(|| format!("DEMO-{}-{day}", household.number)),
            client_key: None,
            amount: household.price,
            note: String::new(),
        };
        book::book(ctx, tx, household.customer, None, None, receipt)
    };
    let Some(order) = household.order else {
        if day == household.joins_on_day {
            pay(ctx, tx)?;
            let customer: Customer = super::get(tx, household.customer)?;
            let offer = Handle {
                text: household.offer.to_owned(),
                number: None,
            };
            let input = NewOrder::of(offer);
            household.order = Some(orders::place_in(ctx, tx, &customer, input)?.id);
        }
        return Ok(());
    };
    let order: Order = super::get(tx, order)?;
    if household.pays(&order, day, ctx.now) {
        pay(ctx, tx)?;
    }
    let tired = household.number.is_multiple_of(17) && day == household.joins_on_day + 130;
    if tired && order.status == OrderStatus::Active {
        let mut canceled = order.clone();
        canceled.set_status(OrderStatus::Canceled, &ctx.app.company().zone, ctx.now);
        canceled.updated_at = ctx.now;
        super::change(ctx, tx, "order.update", &order, &canceled)?;
    }
    Ok(())
}
