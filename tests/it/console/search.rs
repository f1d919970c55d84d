//! Finding somebody by what they say on the phone.

use boxoffice::ops::upkeep::check;
use serde_json::{Value, json};

use crate::alphaott::id_of;
use crate::billing::prove;
use crate::console::customers::number_of;
use crate::support::fixture::{a_box, a_till};
use crate::support::{Client, TestBox, segment};

async fn find(bx: &TestBox, api: &Client, text: &str) -> Value {
    let path = format!("/console/api/search?q={}", segment(text));
    api.get(bx.url(&path)).await.expect(200)
}

/// The numbers of the customers who are found.
async fn found(bx: &TestBox, api: &Client, text: &str) -> Vec<u64> {
    let answer = find(bx, api, text).await;
    let groups = answer["groups"].as_array().expect("groups");
    let group = groups.iter().find(|group| group["kind"] == "customers");
    let hits = group.and_then(|group| group["hits"].as_array());
    let hits = hits.into_iter().flatten();
    hits.map(|hit| hit["id"].as_u64().expect("an id")).collect()
}

async fn person(api: &Client, body: Value) -> u64 {
    number_of(&id_of(&api.post("/customers", body).await.expect(201)))
}

#[tokio::test]
async fn somebody_is_found_by_all_that_is_theirs_and_nobody_else_is() {
    let bx = a_box().await;
    let api = bx.api();
    let mia = json!({
        "firstName": "Mia", "lastName": "Šťastná", "login": "mia77", "accountNumber": "C-0042",
        "email": "Mia.Moss@example.com", "phones": ["+421905123456"],
    });
    let mia = person(&api, mia).await;
    let ivan = json!({
        "firstName": "Иван", "lastName": "Ёлкин", "login": "ivan", "email": "ivan@example.org",
        "phones": ["+421905123999"],
    });
    let ivan = person(&api, ivan).await;
    let other = json!({"firstName": "Miroslav", "lastName": "Moss", "phones": ["0905 777 456"]});
    let other = person(&api, other).await;
    for (text, wanted) in [
        ("mia", vec![mia]),
        ("MI", vec![other, mia]),
        ("stastna", vec![mia]),
        ("ŠŤ mia", vec![mia]),
        ("mia moss", vec![]),
        ("moss", vec![other]),
        ("+421 905 123 456", vec![mia]),
        ("0905/123-456", vec![mia]),
        ("00421905123456", vec![mia]),
        ("3456", vec![mia]),
        ("7456", vec![other]),
        ("905777456", vec![other]),
        ("456", vec![]),
        ("mia77", vec![mia]),
        ("c-00", vec![mia]),
        ("mia.moss@EXAMPLE.com", vec![mia]),
        ("mia.m", vec![mia]),
        ("иван", vec![ivan]),
        ("ivan елк", vec![ivan]),
        ("Ivan", vec![ivan]),
        ("елкин иван", vec![ivan]),
        ("nobody", vec![]),
        ("", vec![]),
        ("  ", vec![]),
        ("\0", vec![]),
        ("%", vec![]),
    ] {
        assert_eq!(found(&bx, &api, text).await, wanted, "{text:?}");
    }
    // Another name is found from then on, and the old one no longer.
    let moved = json!({"firstName": "Maria", "phones": ["+421905000111"]});
    let path = format!("/customers/{mia:024x}");
    api.put(&path, moved).await.expect(200);
    assert_eq!(found(&bx, &api, "maria").await, [mia]);
    assert_eq!(found(&bx, &api, "0111").await, [mia]);
    assert_eq!(found(&bx, &api, "3456").await, [0u64; 0]);
    assert_eq!(
        found(&bx, &api, "stast mia").await,
        [mia],
        "by the e-mail address"
    );
    api.delete(&path).await;
    assert_eq!(found(&bx, &api, "maria").await, [0u64; 0]);
    prove(&bx);
}

#[tokio::test]
async fn boxes_and_invoices_are_found_too() {
    let till = a_till().await;
    till.pay("10").await;
    till.order().await;
    let (bx, api) = (&till.shop.bx, &till.shop.api);
    let device = json!({"type": "STB", "mac": "00:1A:79:0A:0B:0C"});
    api.post(till.shop.of_customer("devices"), device)
        .await
        .expect(201);
    let customer = number_of(&till.shop.customer);
    for text in [
        "001A790A0B0C",
        "00:1a:79:0a:0b:0c",
        "00-1A-79-0A",
        "001a790",
        "001A.790A",
    ] {
        let found = find(bx, api, text).await;
        let group = &found["groups"][0];
        assert_eq!(
            (&group["kind"], &group["more"]),
            (&json!("boxes"), &json!(false)),
            "{text}"
        );
        assert_eq!(group["hits"][0]["mac"], "00:1A:79:0A:0B:0C", "{text}");
        assert_eq!(group["hits"][0]["customer"], customer, "{text}");
    }
    for text in ["1A790A0B", "00", "001A790A0B0D", "001A790A0B0C0"] {
        assert_eq!(find(bx, api, text).await, json!({"groups": []}), "{text}");
    }
    let found = find(bx, api, "1").await;
    let hit = &found["groups"][0]["hits"][0];
    assert_eq!((&hit["number"], &hit["state"]), (&json!(1), &json!("PAID")));
    assert_eq!(
        (&hit["total"], &hit["currency"]),
        (&json!("10.00"), &json!("USD"))
    );
    let printed = hit["printed_number"].as_str().expect("a number").to_owned();
    assert_eq!(find(bx, api, &printed).await, found, "{printed}");
    for text in ["2", "X-1", "99999999999999999999999999"] {
        assert_eq!(find(bx, api, text).await, json!({"groups": []}), "{text}");
    }
    // Who may not read money finds none.
    let support = bx.with_header(&format!("JWT {}", bx.token("support").await));
    assert_eq!(find(bx, &support, "1").await, json!({"groups": []}));
}

#[tokio::test]
async fn what_is_asked_and_answered_is_bounded() {
    let bx = a_box().await;
    let api = bx.api();
    for at in 0..12 {
        person(
            &api,
            json!({"firstName": "Anna", "lastName": format!("Many{at}")}),
        )
        .await;
    }
    let newest = person(&api, json!({"firstName": "Ann", "login": "anna"})).await;
    let answer = find(&bx, &api, "anna").await;
    let group = &answer["groups"][0];
    assert_eq!(group["hits"].as_array().map(Vec::len), Some(8));
    assert_eq!(group["more"], true);
    assert_eq!(
        group["hits"][0]["id"], newest,
        "who is named so comes first"
    );
    let all = api.get(bx.url("/console/api/search?q=anna&limit=20")).await;
    let all = all.expect(200);
    assert_eq!(all["groups"][0]["hits"].as_array().map(Vec::len), Some(13));
    assert_eq!(all["groups"][0]["more"], false);
    let long = "x".repeat(101);
    for (query, field) in [
        (format!("q={long}"), "q"),
        ("q=a&q=b".to_owned(), "q"),
        ("q=a&limit=21".to_owned(), "limit"),
        ("q=a&kind=boxes".to_owned(), "kind"),
    ] {
        let answer = api
            .get(bx.url(&format!("/console/api/search?{query}")))
            .await;
        assert_eq!(answer.expect(400)["field"], field);
    }
    let ctx = boxoffice::app::Ctx::system(bx.app());
    assert!(check(&ctx).expect("a check").findings.is_empty());
}
