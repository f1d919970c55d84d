//! The schema is the one that the vendor's generator prints.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Past, SDL, ask};
use crate::support::fixture::a_box;

/// The definitions of a schema, without white space, commas, comments and descriptions.
fn definitions(sdl: &str) -> BTreeMap<String, String> {
    let bare: String = sdl.split("\"\"\"").step_by(2).collect();
    let mut lines = bare
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty());
    let mut found = BTreeMap::new();
    while let Some(line) = lines.next() {
        let head: Vec<&str> = line.split_whitespace().take(2).collect();
        let body = match line.strip_suffix('{') {
            Some(_) => lines.by_ref().take_while(|line| *line != "}").collect(),
            None => String::new(),
        };
        if !["schema", "directive"].contains(&head[0]) {
            found.insert(head.join(" "), squeezed(&body));
        }
    }
    found
}

fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != ',')
        .collect()
}

/// The same, from the answer to an introspection.
fn introspected(schema: &Value) -> BTreeMap<String, String> {
    let builtin = ["Int", "Float", "String", "Boolean", "ID"];
    let mut found = BTreeMap::new();
    for of in schema["types"].as_array().expect("types") {
        let name = of["name"].as_str().expect("a name");
        if name.starts_with("__") || builtin.contains(&name) {
            continue;
        }
        let (word, members) = match of["kind"].as_str() {
            Some("OBJECT") => ("type", "fields"),
            Some("INPUT_OBJECT") => ("input", "inputFields"),
            Some("ENUM") => ("enum", "enumValues"),
            Some("SCALAR") => ("scalar", ""),
            kind => panic!("{name} is {kind:?}"),
        };
        let body: String = of[members]
            .as_array()
            .into_iter()
            .flatten()
            .map(member)
            .collect();
        found.insert(format!("{word} {name}"), squeezed(&body));
    }
    found
}

fn member(of: &Value) -> String {
    let mut text = of["name"].as_str().expect("a name").to_owned();
    if let Some(arguments) = of["args"]
        .as_array()
        .filter(|arguments| !arguments.is_empty())
    {
        text += &format!("({})", arguments.iter().map(member).collect::<String>());
    }
    if of["type"].is_object() {
        text += &format!(":{}", type_name(&of["type"]));
    }
    if let Some(default) = of["defaultValue"].as_str() {
        text += &format!("={default}");
    }
    text
}

fn type_name(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_name(&of["ofType"])),
        Some("LIST") => format!("[{}]", type_name(&of["ofType"])),
        _ => of["name"].as_str().expect("a name").to_owned(),
    }
}

#[tokio::test]
async fn the_schema_is_the_one_the_vendors_generator_prints() {
    let past = Past::of(0).await;
    let kind = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let query = format!(
        "{{ __schema {{ queryType {{ name }} mutationType {{ name }} types {{ kind name
            fields {{ name type {{ {kind} }} args {{ name defaultValue type {{ {kind} }} }} }}
            inputFields {{ name defaultValue type {{ {kind} }} }} enumValues {{ name }} }} }} }}"
    );
    let answer = ask(&past.api, &query, &json!({})).await.expect(200);
    let schema = &answer["data"]["__schema"];
    assert_eq!(schema["queryType"], json!({"name": "Query"}));
    assert!(schema["mutationType"].is_null());
    assert_eq!(introspected(schema), definitions(SDL));
}

#[tokio::test]
async fn the_schema_is_published() {
    let bx = a_box().await;
    let answer = bx.anonymous().get(bx.url("/docs/activity.graphql")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(definitions(&answer.text), definitions(SDL));
}
