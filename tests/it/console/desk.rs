//! What staff does at the desk: a customer written down and changed, an order taken, boxes given
//! and told something.

use serde_json::{Value, json};

use crate::billing::prove;
use crate::console::customers::{number_of, path};
use crate::support::fixture::{a_box, a_till};
use crate::support::{Answer, Client};

async fn send(
    api: &Client,
    method: &str,
    url: &str,
    body: &Value,
    headers: &[(&str, &str)],
) -> Answer {
    let body = Some(body.to_string().into_bytes());
    api.send(method, url.to_owned(), body, headers).await
}

#[tokio::test]
async fn a_customer_is_written_down_and_changed() {
    let bx = a_box().await;
    let api = bx.api();
    let list = path(&bx, "customers");
    let wish = json!({
        "name": " Mia Moss ", "phone": "+421 905 123 456", "email": "mia@example.com",
        "login": "mia", "contract": "C-7", "note": "rings twice", "password": "secret words",
    });
    // A look makes nothing, and uses no key up.
    let key = [("idempotency-key", "one")];
    let mut look = wish.clone();
    look["preview"] = json!(true);
    let looked = send(&api, "POST", &list, &look, &key).await.expect(200);
    assert_eq!(looked["preview"], true);
    assert_eq!(
        looked["effect"]["customers"][0]["status"]["after"],
        "ACTIVE"
    );
    assert_eq!(looked["effect"]["customers"][0].get("id"), None);
    assert_eq!(api.get(&list).await.expect(200)["count"], 0);

    let made = send(&api, "POST", &list, &wish, &key).await.expect(201);
    assert_eq!(
        (&made["name"], &made["phone"]),
        (&json!("Mia Moss"), &json!("+421905123456"))
    );
    assert_eq!(
        (&made["login"], &made["contract"]),
        (&json!("mia"), &json!("C-7"))
    );
    assert_eq!(
        (&made["note"], &made["status"]),
        (&json!("rings twice"), &json!("ACTIVE"))
    );
    let again = send(&api, "POST", &list, &wish, &key).await.expect(201);
    assert_eq!(again["id"], made["id"]);
    let other = json!({"name": "Somebody else"});
    assert_eq!(send(&api, "POST", &list, &other, &key).await.status, 409);
    assert_eq!(api.get(&list).await.expect(200)["count"], 1);

    // Only the version that was seen is changed.
    let one = path(&bx, &format!("customers/{}", made["id"]));
    let seen = format!("\"{}\"", made["version"].as_str().unwrap());
    let change = json!({"name": "Mia Stone", "phone": null});
    let answer = send(&api, "PUT", &one, &change, &[("if-match", &seen)]).await;
    let tag = answer.headers["etag"].to_str().expect("text").to_owned();
    let changed = answer.expect(200);
    assert_eq!(
        (&changed["name"], &changed["phone"]),
        (&json!("Mia Stone"), &Value::Null)
    );
    assert_eq!(changed["note"], "rings twice");
    let late = json!({"name": "Too late"});
    let answer = send(&api, "PUT", &one, &late, &[("if-match", &seen)]).await;
    assert_eq!(answer.status, 412, "{}", answer.told());
    let answer = send(
        &api,
        "PUT",
        &one,
        &json!({"status": "INACTIVE"}),
        &[("if-match", &tag)],
    )
    .await;
    let off = answer.expect(200);
    assert_eq!(
        (&off["name"], &off["status"]),
        (&json!("Mia Stone"), &json!("INACTIVE"))
    );
    assert_eq!(off["effect"]["customers"][0]["status"]["after"], "INACTIVE");
    let sent = [("if-match", "no quotes")];
    assert_eq!(send(&api, "PUT", &one, &late, &sent).await.status, 400);
    prove(&bx);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_its_name() {
    let bx = a_box().await;
    let api = bx.api();
    let list = path(&bx, "customers");
    let first = json!({"name": "Mia", "login": "mia", "email": "mia@example.com"});
    let first = api.post(&list, first).await.expect(201);
    let long = "x".repeat(256);
    for (body, status, field) in [
        (json!({}), 400, "name"),
        (json!({"name": "  "}), 400, "name"),
        (json!({"name": long}), 400, "name"),
        (json!({"name": "a\u{0}b"}), 400, "name"),
        (json!({"name": "A", "email": "nowhere"}), 400, "email"),
        (json!({"name": "A", "phone": "1".repeat(41)}), 400, "phone"),
        (json!({"name": "A", "note": "n".repeat(4_001)}), 400, "note"),
        (json!({"name": "A", "status": "DELETED"}), 400, "status"),
        (json!({"name": "A", "password": ""}), 400, "password"),
        (json!({"name": "A", "tarif": "x"}), 400, "tarif"),
        (json!({"name": 7}), 400, "name"),
        (json!({"name": "A", "login": "mia"}), 409, "login"),
        (
            json!({"name": "A", "email": "MIA@example.com"}),
            409,
            "email",
        ),
    ] {
        let problem = api.post(&list, &body).await.expect(status);
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }
    let one = path(&bx, &format!("customers/{}", first["id"]));
    assert_eq!(
        api.put(&one, json!({"name": ""})).await.expect(400)["field"],
        "name"
    );
    let gone = path(&bx, "customers/99");
    assert_eq!(api.put(&gone, json!({"name": "A"})).await.status, 404);
    assert_eq!(api.get(&list).await.expect(200)["count"], 1);
}

/// Who owes is served again when the money is there, or when somebody who may gives credit.
#[tokio::test]
async fn support_does_not_lift_a_debt() {
    let till = a_till().await;
    till.pay("10").await;
    till.order().await;
    till.days(31).await;
    let bx = &till.shop.bx;
    let support = bx.with_header(&format!("JWT {}", bx.token("support").await));
    let one = till.console(&format!("customers/{}", till.shop.customer));
    let on = json!({"status": "ACTIVE"});
    assert_eq!(support.put(&one, &on).await.status, 403);
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.shop.api.put(&one, &on).await.expect(200);
    assert_eq!(till.customer_status().await, "ACTIVE");
}

#[tokio::test]
async fn an_order_is_taken_at_the_price_that_was_seen() {
    let till = a_till().await;
    let api = &till.shop.api;
    let offers = api.get(till.console("offers")).await.expect(200);
    let offers = offers.as_array().expect("offers");
    let monthly = offers.iter().find(|offer| offer["title"] == "Monthly");
    let monthly = monthly.expect("the offer that is on sale");
    assert_eq!(monthly["price"], "10.00");
    assert_eq!(monthly["term"], json!({"unit": "MONTH", "count": "1"}));
    assert_eq!(monthly["recurring"], true);
    let offer = monthly["id"].as_u64().expect("an id");
    let orders = till.of_customer("orders");

    let wish = json!({"offer": offer, "amount": "9.00"});
    let problem = api.post(&orders, &wish).await.expect(409);
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|said| said.contains("10.00")),
        "{problem}"
    );
    let look = json!({"offer": offer, "amount": "10.00", "preview": true});
    let looked = api.post(&orders, &look).await.expect(200);
    assert_eq!(looked["effect"]["invoices"][0]["total"], "10.00");
    assert_eq!(looked["effect"]["orders"][0]["title"], "Monthly");
    assert_eq!(till.invoices().await, [""; 0]);

    till.pay("10").await;
    let key = [("idempotency-key", "sale")];
    let wish = json!({"offer": offer.to_string(), "amount": "10.00"});
    let placed = send(api, "POST", &orders, &wish, &key).await.expect(201);
    assert_eq!(
        (&placed["status"], &placed["services_by"]),
        (&json!("ACTIVE"), &json!("BOXOFFICE"))
    );
    assert_eq!(placed["effect"]["balance"][0]["after"], "0.00");
    let again = send(api, "POST", &orders, &wish, &key).await.expect(201);
    assert_eq!(again["id"], placed["id"]);
    assert_eq!(till.invoices().await.len(), 1);
    assert_eq!(till.services().await, "ACTIVE");
    for (body, status) in [
        (json!({}), 400),
        (json!({"offer": 99}), 404),
        (json!({"offer": true}), 400),
        (json!({"offer": offer, "amount": "-1"}), 400),
    ] {
        assert_eq!(api.post(&orders, &body).await.status, status, "{body}");
    }
    // What is sold no more is not listed.
    let path = till.shop.of_product(&format!("offers/{}", till.shop.offer));
    api.delete(path).await;
    let left = api.get(till.console("offers")).await.expect(200);
    let titles: Vec<&Value> = left
        .as_array()
        .unwrap()
        .iter()
        .map(|of| &of["title"])
        .collect();
    assert!(!titles.contains(&&json!("Monthly")), "{titles:?}");
    till.prove();
}

#[tokio::test]
async fn boxes_are_given_told_and_taken() {
    let till = a_till().await;
    let api = &till.shop.api;
    let boxes = till.of_customer("boxes");
    let key = [("idempotency-key", "box")];
    let wish = json!({"mac": "00-1a-79-00-00-11"});
    let made = send(api, "POST", &boxes, &wish, &key).await.expect(201);
    assert_eq!(made["boxes"].as_array().map(Vec::len), Some(1));
    let again = send(api, "POST", &boxes, &wish, &key).await.expect(201);
    assert_eq!(again["boxes"], made["boxes"]);
    api.post(&boxes, json!({"mac": "00:1A:79:00:00:12"}))
        .await
        .expect(201);
    let id = made["boxes"][0]["id"].as_u64().expect("an id");
    for (body, status) in [
        (json!({"mac": "00:1A:79:00:00:11"}), 409),
        (json!({"mac": "00:1A:79"}), 400),
        (json!({"mac": ""}), 400),
    ] {
        let problem = api.post(&boxes, &body).await.expect(status);
        assert_eq!(problem["field"], "mac", "{body}: {problem}");
    }

    let one = format!("{boxes}/{id}");
    let all = format!("{boxes}/commands");
    let message = json!({"command": "message", "text": "Hello"});
    let look = json!({"command": "reboot", "preview": true});
    let looked = api.post(&all, look).await.expect(200);
    assert_eq!(looked["effect"]["boxes"]["told"], 2);
    let told = send(api, "POST", &format!("{one}/commands"), &message, &key).await;
    assert_eq!(told.status, 409, "the key is another request's");
    let told = api
        .post(format!("{one}/commands"), &message)
        .await
        .expect(202);
    assert_eq!(
        (&told["told"], &told["effect"]["boxes"]["told"]),
        (&json!(1), &json!(1))
    );
    let key = [("idempotency-key", "all")];
    for _ in 0..2 {
        let told = send(
            api,
            "POST",
            &all,
            &json!({"command": "reload_portal"}),
            &key,
        )
        .await;
        assert_eq!(told.expect(202)["told"], 2);
    }
    for command in ["reload_channels", "reboot", "cut_off", "cut_on"] {
        api.post(&all, json!({"command": command}))
            .await
            .expect(202);
    }
    for (body, field) in [
        (json!({"command": "dance"}), "command"),
        (json!({"command": "message"}), "text"),
        (json!({"command": "message", "text": " "}), "text"),
        (
            json!({"command": "message", "text": "x".repeat(8_193)}),
            "text",
        ),
        (json!({"command": "reboot", "text": "x"}), "text"),
    ] {
        let problem = api.post(&all, &body).await.expect(400);
        assert_eq!(problem["field"], field, "{body}");
    }
    let stranger = format!("{boxes}/9999/commands");
    assert_eq!(api.post(stranger, &message).await.status, 404);

    let look = json!({"preview": true});
    send(api, "DELETE", &one, &look, &[]).await.expect(200);
    let left = api.delete(&one).await.expect(200);
    assert_eq!(left["boxes"].as_array().map(Vec::len), Some(1));
    assert_eq!(api.delete(&one).await.status, 404);
    till.prove();
}

/// Kinds and codes, newest first.
fn lines(page: &Value) -> Vec<String> {
    let entries = page["entries"].as_array().expect("entries");
    let word = |of: &Value, name: &str| of[name].as_str().expect("a word").to_owned();
    entries
        .iter()
        .map(|of| format!("{} {}", word(of, "kind"), word(of, "code")))
        .collect()
}

#[tokio::test]
async fn the_timeline_tells_what_happened_in_order_and_once() {
    let till = a_till().await;
    let api = &till.shop.api;
    till.days(1).await;
    till.pay("10").await;
    till.days(1).await;
    let order = till.order().await;
    till.days(1).await;
    let device = json!({"type": "STB", "mac": "00:1A:79:00:00:21"});
    api.post(till.shop.of_customer("devices"), device)
        .await
        .expect(201);
    till.days(1).await;
    till.act(&order, "pause", json!({})).await.expect(200);
    till.days(1).await;
    let one = till.console(&format!("customers/{}", till.shop.customer));
    api.put(&one, json!({"note": "called"})).await.expect(200);

    let timeline = format!("{one}/timeline");
    let all = api.get(&timeline).await.expect(200);
    assert_eq!(all["next"], Value::Null, "{all}");
    let told = lines(&all);
    let wanted = [
        "CHANGE CUSTOMER_UPDATE",
        "ORDER ORDER_PAUSE",
        "BOX DEVICE_ADD",
        "INVOICE INVOICE",
        "PAYMENT PAYMENT",
        "CHANGE CUSTOMER_CREATE",
    ];
    let mut places = wanted.iter().map(|line| {
        let place = told.iter().position(|told| told == line);
        place.unwrap_or_else(|| panic!("{line} is not in {told:?}"))
    });
    assert!(places.by_ref().is_sorted(), "{told:?}");
    assert!(
        told.iter()
            .any(|line| line.starts_with("ORDER ORDER_PLACE")),
        "{told:?}"
    );
    let changed = &all["entries"][0];
    assert!(changed["by"].is_string(), "{changed}");
    let change = json!([{"field": "box_profile.comment", "before": "", "after": "called"}]);
    assert!(
        changed["changes"].as_array().unwrap().contains(&change[0]),
        "{changed}"
    );
    let entries = all["entries"].as_array().expect("entries");
    let paid = entries
        .iter()
        .find(|of| of["kind"] == "PAYMENT")
        .expect("the payment");
    assert_eq!(
        (&paid["values"]["amount"], &paid["values"]["state"]),
        (&json!("10.00"), &json!("SUCCEEDED"))
    );
    assert_eq!(paid["link"]["kind"], "payment");
    let times: Vec<&str> = entries.iter().filter_map(|of| of["at"].as_str()).collect();
    assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");

    // Page by page it says the same.
    let (mut seen, mut next) = (Vec::new(), format!("{timeline}?limit=2"));
    for _ in 0..entries.len() {
        let page = api.get(&next).await.expect(200);
        seen.extend(page["entries"].as_array().expect("entries").clone());
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        next = format!("{timeline}?limit=2&before={cursor}");
    }
    assert_eq!(Value::from(seen), all["entries"]);
    for query in [
        "before=x",
        "before=c",
        "before=c1.c2",
        "before=c1.z2",
        "limit=0",
        "limit=201",
    ] {
        let answer = api.get(format!("{timeline}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    // Whoever may not read it is not shown it.
    let bx = &till.shop.bx;
    for (role, hidden) in [
        ("support", ["CHANGE", "PAYMENT", "INVOICE"].as_slice()),
        ("cashier", ["CHANGE", "SIGN_IN"].as_slice()),
        ("auditor", [].as_slice()),
    ] {
        let client = bx.with_header(&format!("JWT {}", bx.token(role).await));
        let page = client.get(&timeline).await.expect(200);
        for of in page["entries"].as_array().expect("entries") {
            let kind = of["kind"].as_str().expect("a kind");
            assert!(!hidden.contains(&kind), "{role}: {of}");
        }
    }
}

#[tokio::test]
async fn needs_and_figures_say_what_there_is() {
    let till = a_till().await;
    let api = &till.shop.api;
    let needs = api.get(till.console("needs")).await.expect(200);
    assert_eq!(needs, json!({"items": []}));
    let figures = api.get(till.console("figures")).await.expect(200);
    assert_eq!(figures["customers"]["ACTIVE"], 1);
    assert_eq!(
        (&figures["customers"]["DELETED"], &figures["online"]),
        (&json!(0), &json!(0))
    );
    till.pay("10").await;
    till.order().await;
    till.days(31).await;
    let figures = api.get(till.console("figures")).await.expect(200);
    assert_eq!(figures["customers"]["SUSPENDED_BY_BILLING"], 1);
    assert_eq!(figures["customers"]["ACTIVE"], 0);
    let listed = api
        .get(till.console("customers?status=SUSPENDED_BY_BILLING"))
        .await;
    let listed = listed.expect(200);
    assert_eq!(
        listed["count"],
        figures["customers"]["SUSPENDED_BY_BILLING"]
    );
    let id = number_of(&till.shop.customer);
    assert_eq!(listed["customers"][0]["id"], id);
}
