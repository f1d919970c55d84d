//! The AlphaOTT integration API, black box: one file per resource.

mod activity;
mod adapter;
mod auth;
mod catalogue;
mod core;
mod customers;
mod devices;
mod errors;
pub mod given;
mod hosted_page;
mod money;
mod offers;
mod orders;
mod sent_back;
mod services;

use serde_json::{Value, json};

use crate::support::Client;

/// The vendor's sample values; the contents of the nested objects, which the vendor never showed,
/// are the shapes of section 2.2.
const CUSTOMER_SAMPLE: &str = include_str!("../data/alphaott/customer.json");
const DEVICE_SAMPLE: &str = include_str!("../data/alphaott/device.json");
const SERVICE_SAMPLE: &str = include_str!("../data/alphaott/service.json");

/// Every path of table 2.0 and our extensions, with the methods it knows. PATCH stands wherever
/// PUT does. `x` takes the place of every id.
const ROUTES: &[(&str, &[&str])] = &[
    ("/version", &["GET"]),
    ("/status", &["GET"]),
    ("/customers", &["GET", "POST"]),
    ("/customers/x", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/customers/x/password", &["PUT", "PATCH"]),
    ("/customers/x/password/reset", &["POST"]),
    ("/customers/x/devices", &["GET", "POST"]),
    ("/customers/x/devices/x", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/customers/x/services", &["GET", "POST"]),
    ("/customers/x/services/x", &["GET", "DELETE"]),
    ("/service-specs", &["GET", "POST"]),
    ("/service-specs/x", &["GET", "PUT", "PATCH"]),
    ("/customers/x/product-specs", &["GET"]),
    ("/customers/x/product-specs/x/offers", &["GET"]),
    ("/product-specs", &["GET", "POST"]),
    ("/product-specs/x", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/product-specs/x/offers", &["GET", "POST"]),
    (
        "/product-specs/x/offers/x",
        &["GET", "PUT", "PATCH", "DELETE"],
    ),
    ("/customers/x/orders", &["GET", "POST"]),
    ("/customers/x/orders/x", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/customers/x/transactions", &["GET"]),
    ("/customers/x/account/balance", &["GET"]),
    ("/payments/redirect", &["GET"]),
    ("/graphql", &["GET", "POST"]),
];

/// The operations without a security line: API Version, System Status and the payment redirect.
const PUBLIC: &[&str] = &["/version", "/status", "/payments/redirect"];

/// A new customer with nothing said about them.
pub async fn customer(api: &Client) -> String {
    customer_with(api, json!({})).await
}

async fn customer_with(api: &Client, body: Value) -> String {
    id_of(&api.post("/customers", body).await.expect(201))
}

/// A new service specification: all of live television.
async fn service_spec(api: &Client) -> String {
    service_spec_with(api, json!({})).await
}

/// The same with these members added or put in place of its own.
async fn service_spec_with(api: &Client, more: Value) -> String {
    let mut body = json!({ "serviceType": "LIVE_TV", "contentType": "TV", "scope": "ALL_ITEMS" });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    id_of(&api.post("/service-specs", body).await.expect(201))
}

#[track_caller]
pub fn id_of(entity: &Value) -> String {
    entity["_id"]
        .as_str()
        .unwrap_or_else(|| panic!("no _id: {entity}"))
        .to_owned()
}

/// The ids of a bare array, in its order.
#[track_caller]
fn ids_of(list: &Value) -> Vec<String> {
    list.as_array()
        .unwrap_or_else(|| panic!("no array: {list}"))
        .iter()
        .map(id_of)
        .collect()
}

/// Whether every member of `part` stands in `whole` with the same value.
#[track_caller]
fn assert_has(whole: &Value, part: &Value) {
    for (name, value) in part.as_object().expect("an object") {
        assert_eq!(&whole[name], value, "member {name} of {whole}");
    }
}

fn is_object_id(text: &str) -> bool {
    text.len() == 24
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, letter)| match at {
            8 | 13 | 18 | 23 => letter == '-',
            _ => letter.is_ascii_digit() || ('a'..='f').contains(&letter),
        })
}

/// The paths at which something can be changed.
pub fn writing_paths() -> Vec<&'static str> {
    let writes = |methods: &[&str]| methods.iter().any(|method| *method != "GET");
    let routes = ROUTES.iter().filter(|(_, methods)| writes(methods));
    routes.map(|(path, _)| *path).collect()
}
