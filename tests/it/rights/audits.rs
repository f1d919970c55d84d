//! The audit log is read by those who may, by page, and says who did what.

use boxoffice::domain::staff::{Permission, Role};
use serde_json::{Value, json};

use super::Person;
use crate::support::fixture::a_box;

async fn log(person: &Person<'_>, query: &str) -> Value {
    let path = format!("/console/api/audit?{query}");
    person.get(&path).await.expect(200)
}

fn actions(page: &Value) -> Vec<&str> {
    let lines = page["lines"].as_array().expect("lines");
    let action = |line: &'_ Value| line["action"].as_str().map(str::len);
    assert!(lines.iter().all(|line| action(line).is_some()));
    lines
        .iter()
        .filter_map(|line| line["action"].as_str())
        .collect()
}

#[tokio::test]
async fn the_log_is_filtered_and_read_page_by_page() {
    let bx = a_box()
        .with_staff("ada", Role::Owner)
        .with_staff("sue", Role::Support)
        .await;
    let (ada, sue) = (Person::of(&bx, "ada").await, Person::of(&bx, "sue").await);
    let customers = "/integration/api/customers";
    let made = sue.ask("POST", customers, json!({})).await.expect(201);
    let id = made["_id"].as_str().unwrap();
    let one = format!("{customers}/{id}");
    bx.advance(60).await;
    let name = json!({"firstName": "Olive"});
    ada.ask("PUT", &one, name).await.expect(200);
    let number = u64::from_str_radix(id, 16).unwrap();
    let about = log(&ada, &format!("of=customer:{number}")).await;
    assert_eq!(actions(&about), ["customer.update", "customer.create"]);
    assert_eq!(about["lines"][0]["who"], "ada");
    assert_eq!(about["lines"][0]["by"], "operator");
    assert!(about["lines"][0]["changes"].to_string().contains("Olive"));
    let hers = log(&ada, "who=sue").await;
    assert_eq!(actions(&hers), ["customer.create", "session.begin"]);
    let late = log(&ada, "since=2026-01-31T10:01:00Z").await;
    assert_eq!(actions(&late).first(), Some(&"customer.update"));
    assert!(!actions(&late).contains(&"session.begin"));
    let early = log(&ada, "until=2026-01-31T10:01:00Z&who=ada").await;
    assert_eq!(actions(&early), ["session.begin"]);
    // Page by page it is the whole, each line once.
    let whole = log(&ada, "limit=1000").await;
    assert!(whole.get("next").is_none());
    let (mut read, mut before) = (Vec::new(), 0);
    loop {
        let page = log(&ada, &format!("limit=3&before={before}")).await;
        read.extend(page["lines"].as_array().unwrap().clone());
        match page["next"].as_u64() {
            Some(next) => before = next,
            None => break,
        }
    }
    assert_eq!(Value::from(read), whole["lines"]);
    for wrong in [
        "of=x:1",
        "of=customer",
        "of=customer:x",
        "since=1",
        "limit=0",
        "limit=1001",
    ] {
        let path = format!("/console/api/audit?{wrong}");
        let answer = ada.get(&path).await;
        assert_eq!(answer.status, 400, "{}", answer.told());
    }
}

#[tokio::test]
async fn the_log_is_for_those_who_may_read_it() {
    let bx = a_box().await;
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Api) {
        bx.hire(role.name(), role).await;
        let person = Person::of(&bx, role.name()).await;
        let status = person.get("/console/api/audit").await.status;
        let may = role.may(Permission::AuditRead);
        assert_eq!(status == 200, may, "{}: {status}", role.name());
        assert!(may || status == 403, "{}: {status}", role.name());
    }
}
