//! The demo operator: a small TV company with 200 customers, made by the same engine that real
//! ones use.

use crate::app::Ctx;
use crate::domain::catalogue::OrderType;
use crate::domain::customer::{Customer, CustomerStatus};
use crate::domain::order::OrderStatus;
use crate::domain::staff::Role;
use crate::store::{Read as _, Table};

use super::orders::NewOrder;
use super::{Handle, OpError, apply, orders, staff};

/// How to sign in to the demo.
#[derive(Debug, Clone)]
pub struct DemoLogin {
    pub name: String,
    pub password: String,
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

/// Puts the demo in, if there is nothing yet. Answers how to sign in.
pub async fn install(ctx: &Ctx) -> Result<Option<DemoLogin>, OpError> {
    let snapshot = ctx.snapshot()?;
    let mut held = 0u64;
    for table in [
        Table::Customers,
        Table::ServiceSpecs,
        Table::ProductSpecs,
        Table::Operators,
    ] {
        held = held.saturating_add(snapshot.rows(table)?);
    }
    drop(snapshot);
    if held > 0 {
        return Ok(None);
    }
    apply::apply(ctx, document().to_string(), false).await?;
    place_orders(ctx).await?;
    let login = DemoLogin {
        name: "demo".to_owned(),
        password: ctx.app.entropy.hex::<8>()?,
    };
    staff::add_operator(ctx, login.name.clone(), Role::Owner, login.password.clone()).await?;
    Ok(Some(login))
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
                "base_ch": g + 1 == CHANNELS.len(), "archive_days": if g == 0 { 3 } else { 0 },
            }));
        }
    }
    for name in RADIO {
        let id = channels.len() + 1;
        channels.push(serde_json::json!({
            "id": id, "name": name, "number": 100 + id, "kind": "radio",
        }));
    }
    let of_genre = |wanted: u64| -> Vec<u64> {
        let channels = channels.iter().filter(|channel| channel["genre"] == wanted);
        channels
            .filter_map(|channel| channel["id"].as_u64())
            .collect()
    };
    let base: Vec<u64> = [1, 5, 6, 7].into_iter().flat_map(&of_genre).collect();
    let charge = |amount: &str| serde_json::json!([{"type": "RECURRING", "title": "Subscription", "amount": amount, "currency": "USD"}]);
    serde_json::json!({
        "provider": {"name": "Demo TV", "currency": "USD", "time_zone": "UTC"},
        "genres": genres,
        "packages": [
            {"id": 1, "external_id": "base", "name": "Base channels", "type": "tv", "service_type": "periodic", "price": "0.00", "services": base},
            {"id": 2, "external_id": "sport", "name": "Sport", "type": "tv", "service_type": "periodic", "price": "4.99", "services": of_genre(2)},
            {"id": 3, "external_id": "films", "name": "Films", "type": "tv", "service_type": "periodic", "price": "6.99", "services": of_genre(3)},
            {"id": 4, "external_id": "children", "name": "Children", "type": "tv", "service_type": "periodic", "price": "1.99", "services": of_genre(4)},
            {"id": 5, "external_id": "radio", "name": "Radio", "type": "radio", "service_type": "periodic", "price": "0.00", "services": "all"},
        ],
        "products": [
            {"id": 1, "external_id": "START", "name": "Start", "description": "The base channels and radio", "packages": [{"id": 1}, {"id": 5}, {"id": 2, "optional": true}, {"id": 3, "optional": true}]},
            {"id": 2, "external_id": "FAMILY", "name": "Family", "description": "Start with children and films", "packages": [{"id": 1}, {"id": 5}, {"id": 3}, {"id": 4}, {"id": 2, "optional": true}]},
            {"id": 3, "external_id": "ALL", "name": "Everything", "description": "All channels", "packages": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}, {"id": 5}]},
        ],
        "offers": [
            {"id": "start-monthly", "product": "START", "title": "Start, monthly", "type": "RECURRING", "duration": 1, "period": "MONTH", "charges": charge("9.99")},
            {"id": "family-monthly", "product": "FAMILY", "title": "Family, monthly", "type": "RECURRING", "duration": 1, "period": "MONTH", "charges": charge("14.99")},
            {"id": "all-monthly", "product": "ALL", "title": "Everything, monthly", "type": "RECURRING", "duration": 1, "period": "MONTH", "charges": charge("21.99")},
            {"id": "family-year", "product": "FAMILY", "title": "Family, one year", "type": "ONE_TIME", "duration": 1, "period": "YEAR", "charges": [{"type": "ONE_TIME", "title": "One year", "amount": "149.00", "currency": "USD"}]},
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
        13 => "SUSPENDED_BY_BILLING",
        19 => "SUSPENDED_BY_CUSTOMER",
        _ => "ACTIVE",
    };
    let mut devices = vec![serde_json::json!({
        "mac": format!("00:1A:79:10:{:02X}:{:02X}", number / 256, number % 256),
        "serial": format!("M{number:07}"), "model": "MAG524", "type": "STB",
    })];
    if number.is_multiple_of(3) {
        devices.push(serde_json::json!({"serial": format!("P{number:07}"), "model": "Phone", "type": "MOBILE"}));
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

/// An order for nearly every customer, begun within its running cycle.
async fn place_orders(ctx: &Ctx) -> Result<(), OpError> {
    for number in 1..=CUSTOMERS {
        if number.is_multiple_of(10) {
            continue;
        }
        let login = format!("{}", 10_000 + number);
        let customer = ctx
            .snapshot()?
            .get_by::<Customer>(Table::CustomersByLogin, login.as_bytes())?;
        let Some(customer) = customer else { continue };
        let offer = match number % 4 {
            0 => "family-year",
            1 => "start-monthly",
            2 => "family-monthly",
            _ => "all-monthly",
        };
        let days = if offer == "family-year" {
            number % 300
        } else {
            number % 27
        };
        let days = i64::try_from(days).unwrap_or(0);
        let status = match customer.status {
            CustomerStatus::SuspendedByBilling | CustomerStatus::Inactive => OrderStatus::Inactive,
            _ if number.is_multiple_of(17) => OrderStatus::Canceled,
            _ => OrderStatus::Active,
        };
        let wish = NewOrder {
            id: None,
            offer: Handle {
                text: offer.to_owned(),
                number: None,
            },
            count: None,
            period: None,
            cycles_total: None,
            order_type: None::<OrderType>,
            status: Some(status),
            created_at: Some(ctx.now.saturating_add_seconds(-days * DAY_SECONDS)),
            expires_at: None,
            next_cycle_at: None,
            external_refs: Vec::new(),
            create_services: true,
        };
        let handle = Handle {
            text: String::new(),
            number: Some(customer.id),
        };
        orders::place(ctx, handle, wish).await?;
    }
    Ok(())
}
