//! A customer with everything on one page, and the list of customers.

use serde_json::{Value, json};

use crate::alphaott::id_of;
use crate::billing::{Till, prove};
use crate::support::fixture::{a_box, a_till};
use crate::support::{Client, TestBox};

/// The number in an id of the integration API.
pub fn number_of(id: &str) -> u64 {
    u64::from_str_radix(id, 16).expect("an id of ours")
}

pub fn path(bx: &TestBox, rest: &str) -> String {
    bx.url(&format!("/console/api/{rest}"))
}

async fn shown(till: &Till) -> Value {
    let path = till.console(&format!("customers/{}", till.shop.customer));
    till.shop.api.get(path).await.expect(200)
}

/// The codes of a list of reasons or openings.
fn codes(of: &Value) -> Vec<&str> {
    let listed = of.as_array().expect("a list");
    let codes = listed.iter().map(|one| one["code"].as_str());
    codes.map(|code| code.expect("a code")).collect()
}

#[tokio::test]
async fn who_has_paid_may_watch() {
    let till = a_till().await;
    till.pay("10.5").await;
    let order = till.order().await;
    let device = json!({"type": "STB", "mac": "00:1A:79:00:00:01"});
    let devices = till.shop.of_customer("devices");
    till.shop.api.post(devices, device).await.expect(201);

    let path = till.console(&format!("customers/{}", till.shop.customer));
    let answer = till.shop.api.get(path).await;
    let tag = answer.headers["etag"].to_str().expect("text").to_owned();
    let page = answer.expect(200);
    let number = number_of(&till.shop.customer);
    assert_eq!(page["id"], number);
    assert_eq!(tag, format!("\"{}\"", page["version"].as_str().unwrap()));
    let watching = json!({"may": true, "reasons": [], "opens": []});
    assert_eq!(page["watching"], watching);
    let held = json!([{"amount": "0.50", "currency": "USD"}]);
    assert_eq!((&page["balance"], &page["owed"]), (&held, &json!([])));
    let line = &page["orders"][0];
    assert_eq!(line["id"], number_of(&id_of(&order)));
    assert_eq!(
        (&line["title"], &line["price"]),
        (&json!("Monthly"), &json!("10.00"))
    );
    assert_eq!(page["services"].as_array().map(Vec::len), Some(2));
    assert_eq!(page["services"][0]["reasons"], json!([]));
    let held = &page["boxes"]["boxes"][0];
    assert_eq!(
        (&held["mac"], &held["on"]),
        (&json!("00:1A:79:00:00:01"), &json!(true))
    );

    // By its number too; the version is another one as soon as the record is.
    let path = till.console(&format!("customers/{number}"));
    let same = till.shop.api.get(&path).await.expect(200);
    assert_eq!(same["version"], page["version"]);
    let customer = format!("/customers/{}", till.shop.customer);
    let body = json!({"firstName": "Mia"});
    till.shop.api.put(customer, body).await.expect(200);
    let other = till.shop.api.get(&path).await.expect(200);
    assert_ne!(other["version"], page["version"]);
}

/// What it says opens it again does, and nothing less does.
#[tokio::test]
async fn who_owes_is_told_what_opens_it_again() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(31).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    let page = shown(&till).await;
    let watching = &page["watching"];
    assert_eq!(watching["may"], false);
    assert_eq!(codes(&watching["reasons"]), ["SUSPENDED_FOR_DEBT", "DEBT"]);
    let debt = &watching["reasons"][1]["values"];
    let number = number_of(&id_of(&order)).to_string();
    assert_eq!(debt["order"], number.as_str());
    assert!(
        debt["since"]
            .as_str()
            .is_some_and(|since| since.ends_with('Z'))
    );
    let pay = json!({"order": number, "title": "Monthly", "amount": "10.00", "currency": "USD"});
    assert_eq!(watching["opens"], json!([{"code": "PAY", "values": pay}]));
    assert_eq!(codes(&page["services"][0]["reasons"]), ["DEBT"]);

    till.pay("9.99").await;
    let page = shown(&till).await;
    assert_eq!(page["watching"]["may"], false);
    assert_eq!(page["watching"]["opens"][0]["values"]["amount"], "0.01");
    till.pay("0.01").await;
    assert_eq!(shown(&till).await["watching"]["may"], true);
    till.prove();
}

#[tokio::test]
async fn every_other_cause_has_its_code() {
    let till = a_till().await;
    till.pay("30").await;
    let page = shown(&till).await;
    assert_eq!(codes(&page["watching"]["reasons"]), ["NOTHING_HELD"]);
    assert_eq!(codes(&page["watching"]["opens"]), ["PLACE_ORDER"]);

    let order = till.order().await;
    let device = json!({"type": "STB", "mac": "00:1A:79:00:00:02"});
    let devices = till.shop.of_customer("devices");
    let made = till.shop.api.post(&devices, device).await.expect(201);
    assert_eq!(shown(&till).await["watching"]["may"], true);

    let device = format!("{devices}/{}", id_of(&made[0]));
    let off = json!({"status": "INACTIVE"});
    till.shop.api.put(&device, off).await.expect(200);
    let page = shown(&till).await;
    assert_eq!(codes(&page["watching"]["reasons"]), ["BOX_OFF"]);
    let opens = &page["watching"]["opens"][0];
    assert_eq!(opens["code"], "SWITCH_BOX_ON");
    assert_eq!(opens["values"]["mac"], "00:1A:79:00:00:02");
    // One that is on is enough.
    let other = json!({"type": "STB", "mac": "00:1A:79:00:00:03"});
    till.shop.api.post(&devices, other).await.expect(201);
    assert_eq!(shown(&till).await["watching"]["may"], true);

    till.act(&order, "pause", json!({})).await.expect(200);
    let page = shown(&till).await;
    assert_eq!(codes(&page["watching"]["reasons"]), ["PAUSED"]);
    assert_eq!(codes(&page["watching"]["opens"]), ["RESUME"]);
    till.act(&order, "resume", json!({})).await.expect(200);

    let customer = format!("/customers/{}", till.shop.customer);
    let off = json!({"status": "INACTIVE"});
    till.shop.api.put(&customer, off).await.expect(200);
    let page = shown(&till).await;
    assert_eq!(codes(&page["watching"]["reasons"]), ["SWITCHED_OFF"]);
    assert_eq!(codes(&page["watching"]["opens"]), ["SWITCH_ON"]);
    let on = json!({"status": "ACTIVE"});
    till.shop.api.put(&customer, on).await.expect(200);

    till.act(&order, "end", json!({})).await.expect(200);
    let page = shown(&till).await;
    assert_eq!(codes(&page["watching"]["reasons"]), ["OVER"]);
    assert_eq!(codes(&page["watching"]["opens"]), ["PLACE_ORDER"]);
}

/// Customers with these first names, oldest first.
async fn people(api: &Client, names: &[&str]) -> Vec<u64> {
    let mut ids = Vec::new();
    for name in names {
        let body = json!({"firstName": name, "lastName": "Moss"});
        let made = api.post("/customers", body).await.expect(201);
        ids.push(number_of(&id_of(&made)));
    }
    ids
}

fn ids(page: &Value) -> Vec<u64> {
    let rows = page["customers"].as_array().expect("customers");
    rows.iter()
        .map(|row| row["id"].as_u64().expect("an id"))
        .collect()
}

#[tokio::test]
async fn the_list_goes_on_and_back() {
    let bx = a_box().await;
    let api = bx.api();
    let mut all = people(&api, &["A", "B", "C", "D", "E", "F", "G"]).await;
    all.reverse();
    let list = path(&bx, "customers?limit=3");
    let (mut seen, mut pages, mut next) = (Vec::new(), Vec::new(), list.clone());
    loop {
        let page = api.get(&next).await.expect(200);
        assert_eq!(page["count"], 7);
        seen.extend(ids(&page));
        let cursor = page["next"].as_str().map(str::to_owned);
        pages.push(page);
        let Some(cursor) = cursor else { break };
        next = format!("{list}&cursor={cursor}");
    }
    assert_eq!((seen, pages.len()), (all.clone(), 3));
    assert_eq!(pages[0]["previous"], Value::Null);
    for at in (1..pages.len()).rev() {
        let cursor = pages[at]["previous"].as_str().expect("one before");
        let back = api.get(format!("{list}&cursor={cursor}")).await.expect(200);
        assert_eq!(ids(&back), ids(&pages[at - 1]));
        assert_eq!(back["previous"], pages[at - 1]["previous"]);
    }
    // Whoever comes meanwhile moves nobody.
    let second = format!("{list}&cursor={}", pages[0]["next"].as_str().unwrap());
    people(&api, &["H"]).await;
    let page = api.get(&second).await.expect(200);
    assert_eq!((ids(&page), &page["count"]), (ids(&pages[1]), &json!(8)));
    assert_eq!(page["customers"][0]["name"], "D Moss");
    assert_eq!(page["customers"][0]["balance"], json!([]));
}

#[tokio::test]
async fn a_filter_gives_what_it_counts() {
    let bx = a_box().await;
    let api = bx.api();
    let all = people(&api, &["A", "B", "C", "D"]).await;
    let off = json!({"status": "INACTIVE"});
    api.put(format!("/customers/{:024x}", all[1]), off)
        .await
        .expect(200);
    api.delete(format!("/customers/{:024x}", all[2])).await;
    for (filter, wanted) in [
        ("", vec![all[3], all[1], all[0]]),
        ("?status=ACTIVE", vec![all[3], all[0]]),
        ("?status=INACTIVE", vec![all[1]]),
        ("?status=DELETED,INACTIVE", vec![all[2], all[1]]),
        ("?status=SUSPENDED_BY_BILLING", vec![]),
    ] {
        let page = api.get(path(&bx, &format!("customers{filter}"))).await;
        let page = page.expect(200);
        assert_eq!(ids(&page), wanted, "{filter}");
        assert_eq!(page["count"], wanted.len(), "{filter}");
    }
    for (filter, field) in [
        ("?status=HAPPY", "status"),
        ("?cursor=x", "cursor"),
        ("?cursor=o", "cursor"),
        ("?cursor=o1&cursor=o2", "cursor"),
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?offset=3", "offset"),
    ] {
        let answer = api.get(path(&bx, &format!("customers{filter}"))).await;
        let named = answer.headers["x-request-id"].to_str().unwrap().to_owned();
        let problem = answer.expect(400);
        assert_eq!(problem["field"], field, "{filter}: {problem}");
        assert_eq!(problem["request"], named.as_str(), "{filter}: {problem}");
    }
    prove(&bx);
}
