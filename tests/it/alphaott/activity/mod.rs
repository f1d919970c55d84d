//! What customers did, asked in the generated query language: operation 41, reference section 3.

mod filters;
mod pages;
mod remembered;
mod requests;
mod schema;

use serde_json::{Value, json};

use crate::support::fixture::a_box;
use crate::support::{Answer, Client, TestBox};

const SHORT: &str = include_str!("../../data/graphql/short.graphql");

const FULL: &str = include_str!("../../data/graphql/full.graphql");

const FULL_VARIABLES: &str = include_str!("../../data/graphql/full.variables.json");

const SDL: &str = include_str!("../../data/alphaott/activity.graphql");

/// A customer who added so many devices, one a minute: the only activity there is.
struct Past {
    bx: TestBox,
    api: Client,
    customer: String,
    devices: Vec<String>,
}

impl Past {
    async fn of(devices: usize) -> Past {
        let bx = a_box().await;
        let api = bx.api();
        let customer = super::customer(&api).await;
        let devices: Vec<String> = (0..devices).map(|n| format!("device-{n:02}")).collect();
        for device in &devices {
            add_device(&api, &customer, device).await;
            bx.advance(60).await;
        }
        Past {
            bx,
            api,
            customer,
            devices,
        }
    }

    /// The page that the full operation answers with these variables.
    async fn page(&self, variables: &Value) -> Value {
        let answer = ask(&self.api, FULL, variables).await;
        assert_eq!(answer.status, 200, "{variables}: {}", answer.text);
        let answer = answer.json();
        assert!(answer.get("errors").is_none(), "{variables}: {answer}");
        answer["data"]["customerActivityPagination"].clone()
    }

    /// The numbers of the devices whose activity is on the page.
    async fn found(&self, variables: &Value) -> Vec<usize> {
        let page = self.page(variables).await;
        let items = page["items"].as_array().expect("items");
        items
            .iter()
            .map(|item| self.number(&item["device"]))
            .collect()
    }

    async fn filtered(&self, filter: &Value) -> Vec<usize> {
        self.found(&json!({"perPage": 100, "filter": filter})).await
    }

    fn number(&self, device: &Value) -> usize {
        let known = self.devices.iter().position(|d| device == d);
        known.unwrap_or_else(|| panic!("a device of the past, not {device}"))
    }
}

async fn add_device(api: &Client, customer: &str, device: &str) {
    let path = format!("/customers/{customer}/devices");
    api.post(path, json!({"_id": device, "type": "STB"}))
        .await
        .expect(201);
}

async fn ask(api: &Client, query: &str, variables: &Value) -> Answer {
    api.post("/graphql", json!({"query": query, "variables": variables}))
        .await
}

/// Asks with arguments written into the query.
async fn inline(api: &Client, arguments: &str, selection: &str) -> Answer {
    let query = format!("{{ customerActivityPagination{arguments} {{ {selection} }} }}");
    api.post("/graphql", json!({"query": query})).await
}

fn minute(n: usize) -> String {
    format!("2026-01-31T10:{n:02}:00.000Z")
}

/// A request that was not executed: reference section 3, "syntax/validation failures 400 with
/// `errors`".
fn assert_not_executed(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.text);
    let errors = answer.json()["errors"].as_array().map(Vec::len);
    assert!(errors > Some(0), "{}", answer.text);
    assert!(answer.json()["data"].is_null(), "{}", answer.text);
}

fn message(answer: &Answer) -> String {
    answer.json()["errors"][0]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
