//! The shared conformance cases, each on a box of its own: what a billing system written for the
//! original may rely on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use boxoffice::config::Config;
use data_encoding::BASE64;
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::matching::{Refs, expand, fits};
use super::{FORM, House, Rest, StbBox, fixture};
use crate::support::fixture::a_house;
use crate::support::{Answer, NOW_SECONDS};

const CASES: &str = include_str!("../data/stalker-rest-v1.cases.jsonl");
const AT_ONCE: usize = 4;
/// Seconds that a computed life of an event may be off.
const TTL_TOLERANCE: i64 = 2;

/// Every key that a case may have: one more would go untested.
const KEYS: &[&str] = &[
    "absent_in_result",
    "absent_keys",
    "alt",
    "alt_expect",
    "auth",
    "body",
    "box",
    "config",
    "content_type",
    "error",
    "event_count",
    "events",
    "headers",
    "http",
    "n",
    "name",
    "note",
    "req",
    "results",
    "src",
    "text",
    "then",
    "then_after_box",
];

type Checked = Result<(), String>;

#[tokio::test]
async fn every_shared_case_holds() {
    let (refs, cases) = read();
    let (refs, cases) = (Arc::new(refs), Arc::new(cases));
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (refs, cases, next) = (Arc::clone(&refs), Arc::clone(&cases), Arc::clone(&next));
        tasks.spawn(async move {
            let mut failed = Vec::new();
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(why) = alone(case.clone(), Arc::clone(&refs)).await {
                    let number = case["n"].as_u64().unwrap_or(0);
                    failed.push((number, format!("{number} {}: {why}", case["name"])));
                }
            }
            failed
        });
    }
    let mut failed = tasks.join_all().await.concat();
    failed.sort();
    let told: String = failed.iter().map(|(_, why)| format!("{why}\n")).collect();
    assert!(
        failed.is_empty(),
        "{} of {} cases fail:\n{told}",
        failed.len(),
        cases.len()
    );
}

fn read() -> (Refs, Vec<Value>) {
    let (mut refs, mut cases) = (Refs::new(), Vec::new());
    for line in CASES.lines() {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        match line["ref"].as_str() {
            Some(name) => {
                refs.insert(name.to_owned(), line["value"].clone());
            }
            None => cases.push(line),
        }
    }
    assert!(refs.len() > 10 && cases.len() > 100, "the cases are short");
    for case in &cases {
        let members = case.as_object().expect("a case is an object");
        for name in members.keys() {
            assert!(KEYS.contains(&name.as_str()), "{name} in {case}");
        }
    }
    (refs, cases)
}

/// A case that panics has failed, and the others go on.
async fn alone(case: Value, refs: Arc<Refs>) -> Checked {
    let task = tokio::spawn(async move { run(&case, &refs).await });
    task.await.unwrap_or_else(|error| {
        let panic = error.into_panic();
        let said = panic.downcast_ref::<String>().cloned();
        Err(said.unwrap_or_else(|| "panics".to_owned()))
    })
}

async fn run(case: &Value, refs: &Refs) -> Checked {
    let config = case["config"].as_object().cloned().unwrap_or_default();
    let house = a_house().set(|settings| configure(settings, &config)).await;
    ask(&house, case, refs).await?;
    for step in steps(case, "then") {
        ask(&house, step, refs).await?;
    }
    events(&house, case).await?;
    box_steps(&house, steps(case, "box")).await?;
    for step in steps(case, "then_after_box") {
        ask(&house, step, refs).await?;
    }
    Ok(())
}

fn steps<'c>(case: &'c Value, key: &str) -> &'c [Value] {
    case[key].as_array().map_or(&[], Vec::as_slice)
}

fn configure(config: &mut Config, given: &Map<String, Value>) {
    let stalker = &mut config.stalker;
    let truth = |value: &Value| value.as_bool().expect("true or false");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    for (key, value) in given {
        match key.as_str() {
            "enable_api" => stalker.enabled = truth(value),
            "api_auth_login" => stalker.login = text(value),
            "api_auth_password" => stalker.password = text(value).into(),
            "watchdog_timeout" => {
                let seconds = value.as_u64().and_then(|seconds| seconds.try_into().ok());
                stalker.watchdog_timeout = seconds.expect("seconds");
            }
            "allow_resellers_info_for_api" => stalker.allow_resellers_info = truth(value),
            "enable_internal_billing" => stalker.internal_billing = truth(value),
            "enable_tariff_plans" => stalker.tariff_plans = truth(value),
            other => panic!("no such setting: {other}"),
        }
    }
    if stalker.login.is_empty() {
        // "an empty login means that both are empty".
        stalker.password = "".into();
    }
}

// ---- a request and its answer

async fn ask(house: &House, case: &Value, refs: &Refs) -> Checked {
    let (method, path) = case["req"]
        .as_str()
        .and_then(|req| req.split_once(' '))
        .expect("a method and a path");
    let client = match case["auth"].as_str() {
        Some("none") => house.bx.anonymous(),
        auth => {
            let auth = BASE64.encode(auth.unwrap_or("stalker:secret").as_bytes());
            house.bx.with_header(&format!("Basic {auth}"))
        }
    };
    let body = case["body"].as_str().map(|body| body.as_bytes().to_vec());
    let content_type = match case.get("content_type") {
        Some(given) => given.as_str(),
        None => body.is_some().then_some(FORM),
    };
    let answer = Rest::by(&house.bx, client)
        .send(method, path, body, content_type)
        .await;
    judge(case, &answer, refs).map_err(|why| format!("{why}\n    {}", answer.told()))
}

fn judge(case: &Value, answer: &Answer, refs: &Refs) -> Checked {
    let status = case["http"].as_u64().unwrap_or(200);
    if u64::from(answer.status) != status {
        return Err(format!("expected HTTP {status}, got {}", answer.status));
    }
    for (name, expected) in case["headers"].as_object().into_iter().flatten() {
        header(name, expected.as_str().expect("a header"), answer)?;
    }
    if let Some(text) = case["text"].as_str() {
        let same = answer.text == text;
        return same
            .then_some(())
            .ok_or(format!("expected the text {text:?}"));
    }
    let body: Value =
        serde_json::from_str(&answer.text).map_err(|why| format!("no JSON: {why}"))?;
    for key in steps(case, "absent_keys") {
        let key = key.as_str().expect("a key");
        if body.get(key).is_some() {
            return Err(format!("has the key {key}"));
        }
    }
    let objects = match &body["results"] {
        Value::Array(several) => several.iter().collect(),
        one => vec![one],
    };
    for key in steps(case, "absent_in_result") {
        let key = key.as_str().expect("a key");
        if objects.iter().any(|object| object.get(key).is_some()) {
            return Err(format!("a result has the key {key}"));
        }
    }
    let mut why = Ok(());
    for expected in allowed(case) {
        match fits(&expand(&expected, refs), &body) {
            Ok(()) => return Ok(()),
            // What was meant in the first place says best what is wrong.
            Err(other) => why = why.and(Err(other)),
        }
    }
    why
}

/// The bodies that are as good.
fn allowed(case: &Value) -> Vec<Value> {
    let ok = |results: &Value| serde_json::json!({"status": "OK", "results": results});
    let no = |error: &Value| {
        let results = case.get("error").and(case.get("results"));
        let results = results.cloned().unwrap_or(Value::Null);
        serde_json::json!({"status": "ERROR", "results": results, "error": error})
    };
    let mut bodies: Vec<Value> = match (case.get("error"), case.get("results")) {
        (Some(error), _) => vec![no(error)],
        (None, Some(results)) => vec![ok(results)],
        (None, None) => panic!("nothing is expected: {case}"),
    };
    bodies.extend(steps(case, "alt").iter().map(no));
    if let Some(expected) = case.get("alt_expect") {
        bodies.push(ok(&expected["results"]));
    }
    bodies
}

fn header(name: &str, expected: &str, answer: &Answer) -> Checked {
    let got = answer.headers.get(name).and_then(|got| got.to_str().ok());
    let got = got.ok_or(format!("no header {name}"))?;
    let good = match expected.strip_prefix("starts with: ") {
        Some(start) => got.starts_with(start),
        None => got == expected,
    };
    good.then_some(())
        .ok_or(format!("header {name}: expected {expected}, got {got}"))
}

// ---- what boxes see

/// The MACs of the fixture, and how many of its accounts have none.
fn boxes() -> (Vec<String>, usize) {
    let fixture = fixture();
    let customers = fixture["customers"].as_array().expect("customers");
    let macs: Vec<String> = customers
        .iter()
        .filter_map(|customer| customer["devices"][0]["mac"].as_str())
        .map(ToOwned::to_owned)
        .collect();
    let without = customers.len() - macs.len();
    (macs, without)
}

async fn events(house: &House, case: &Value) -> Checked {
    let wanted = case["events"].as_array();
    let count = case["event_count"].as_u64();
    if wanted.is_none() && count.is_none() {
        return Ok(());
    }
    let (mut macs, without) = boxes();
    for event in wanted.into_iter().flatten() {
        let mac = event["to"].as_str().expect("a MAC").to_owned();
        if !macs.contains(&mac) {
            macs.push(mac);
        }
    }
    let mut seen = 0;
    for mac in macs {
        let mut stb = house.stb(&mac);
        stb.sign_in().await;
        let (mut queued, unseen) = stb.drain().await;
        queued.retain(|event| event["event"] != "update_subscription");
        let unseen = usize::try_from(unseen).expect("a few");
        seen += queued.len() + unseen;
        if let Some(wanted) = wanted {
            let wanted: Vec<&Value> = wanted.iter().filter(|event| event["to"] == *mac).collect();
            compare(&mac, &wanted, &queued, unseen)?;
        }
    }
    match count {
        // Whoever has no box cannot tell.
        Some(count) if count != (seen + without) as u64 => {
            Err(format!("expected {count} events, boxes see {seen}"))
        }
        _ => Ok(()),
    }
}

/// Every event that is queued is one that is wanted, and the other way round.
fn compare(mac: &str, wanted: &[&Value], queued: &[Value], unseen: usize) -> Checked {
    let mut free: Vec<&Value> = wanted.to_vec();
    for event in queued {
        let found = free.iter().position(|wanted| is_event(wanted, event));
        let at = found.ok_or(format!("{mac}: expected {free:?}, got {event}"))?;
        free.remove(at);
    }
    (free.len() == unseen)
        .then_some(())
        .ok_or(format!("{mac}: {free:?} is missing, {unseen} not shown"))
}

fn is_event(wanted: &Value, event: &Value) -> bool {
    let members = wanted.as_object().expect("an event");
    members.iter().all(|(name, value)| match name.as_str() {
        // Of "priority" no box sees more than the order: see `boxes.rs`.
        "to" | "priority" => true,
        "ttl" => {
            let until = event["valid_until"].as_i64().unwrap_or(0);
            let ttl = value.as_i64().expect("seconds");
            (until - NOW_SECONDS - ttl).abs() <= TTL_TOLERANCE
        }
        name => match value {
            // A poll says everything in strings.
            Value::Number(number) => event[name] == number.to_string(),
            other => event[name] == *other,
        },
    })
}

async fn box_steps(house: &House, all: &[Value]) -> Checked {
    let mut signed: Vec<(String, StbBox, String)> = Vec::new();
    for step in all {
        let mac = step["mac"].as_str().expect("a MAC");
        if !signed.iter().any(|(known, ..)| known == mac) {
            let mut stb = house.stb(mac);
            stb.sign_in().await;
            signed.push((mac.to_owned(), stb, String::new()));
        }
        let known = signed.iter_mut().find(|(known, ..)| known == mac);
        let (_, stb, last) = known.expect("it was signed in");
        let (got, expected) = if step.get("confirm").is_some() {
            let mut body = stb.confirm(last).await.json();
            (body["js"]["data"].take(), step["answer"].clone())
        } else {
            let data = stb.poll().await;
            data["id"].as_str().unwrap_or("").clone_into(last);
            (data, serde_json::json!({"$subset": step["poll"]}))
        };
        fits(&expected, &got).map_err(|why| format!("box {mac}: {why}"))?;
        let mut absent = steps(step, "absent").iter().filter_map(Value::as_str);
        if let Some(key) = absent.find(|key| got.get(key).is_some()) {
            return Err(format!("box {mac}: has {key}: {got}"));
        }
    }
    Ok(())
}
