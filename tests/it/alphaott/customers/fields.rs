//! What a field may hold: types, lengths, characters, open objects.

use serde_json::{Value, json};

use super::NAMES;
use crate::alphaott::{assert_has, customer, ids_of};
use crate::support::fixture::a_box;

#[tokio::test]
async fn fields_of_the_wrong_type_are_named() {
    let api = a_box().await.api();
    let path = format!("/customers/{}", customer(&api).await);
    let mut cases: Vec<(Value, &str)> = Vec::new();
    let others = [json!(7), json!(1.5), json!(true), json!([]), json!({})];
    for field in NAMES
        .iter()
        .copied()
        .chain(["email", "login", "accountNumber", "activated"])
    {
        cases.extend(others.iter().map(|value| (json!({ field: value }), field)));
    }
    for field in ["location", "billingAddress", "address"] {
        let others = [json!(7), json!(true), json!([]), json!("x"), json!([{}])];
        cases.extend(others.map(|value| (json!({ field: value }), field)));
    }
    let statuses = [
        json!(7),
        json!(true),
        json!([]),
        json!({}),
        json!(""),
        json!("active"),
    ];
    cases.extend(statuses.map(|value| (json!({ "status": value }), "status")));
    // §1.6: "customer/device/service/serviceSpec use ACTIVE: no ACTTIVE there".
    cases.push((json!({ "status": "ACTTIVE" }), "status"));
    cases.push((json!({ "status": "CANCELED" }), "status"));
    cases.extend([json!(7), json!("x"), json!({})].map(|v| (json!({ "phones": v }), "phones")));
    cases.push((json!({ "phones": [7] }), "phones[0]"));
    cases.push((json!({ "phones": ["1", null] }), "phones[1]"));
    cases.push((json!({ "phones": ["1", "2", ["3"]] }), "phones[2]"));
    for (body, field) in cases {
        api.post("/customers", &body)
            .await
            .expect_error(400, "BadRequestError", field);
        api.put(&path, &body)
            .await
            .expect_error(400, "BadRequestError", field);
    }
    // Nothing of it was kept.
    assert_eq!(ids_of(&api.get("/customers").await.expect(200)).len(), 1);
    assert_eq!(api.get(&path).await.expect(200)["status"], "ACTIVE");
}

#[tokio::test]
async fn strings_have_bounds_in_characters() {
    let api = a_box().await.api();
    for field in NAMES {
        for (text, fits) in [
            ("x".repeat(255), true),
            ("x".repeat(256), false),
            ("é".repeat(255), true),
            ("😀".repeat(255), true),
            ("é".repeat(256), false),
        ] {
            let answer = api.post("/customers", json!({ field: text })).await;
            if fits {
                assert_eq!(answer.expect(201)[field], text);
            } else {
                answer.expect_error(400, "BadRequestError", field);
            }
        }
    }
    let phones = |count: usize, length: usize| json!({ "phones": vec!["٣".repeat(length); count] });
    let made = api.post("/customers", phones(16, 64)).await.expect(201);
    assert_has(&made, &phones(16, 64));
    api.post("/customers", phones(17, 1))
        .await
        .expect_error(400, "BadRequestError", "phones");
    api.post("/customers", phones(1, 65))
        .await
        .expect_error(400, "BadRequestError", "phones[0]");
}

#[tokio::test]
async fn control_characters_are_refused_and_all_else_is_text() {
    let api = a_box().await.api();
    for text in [
        "\u{0}",
        "a\u{0}b",
        "\n",
        "\t",
        "\u{1b}[2J",
        "\u{1f}",
        "\u{7f}",
    ] {
        for field in NAMES {
            let body = json!({ field: text });
            api.post("/customers", body)
                .await
                .expect_error(400, "BadRequestError", field);
        }
        let body = json!({ "phones": [text] });
        api.post("/customers", body)
            .await
            .expect_error(400, "BadRequestError", "phones[0]");
    }
    for text in [
        "Zoë",
        "Ж",
        "奥利弗",
        "👩‍👧",
        "\u{202e}",
        "<b>&amp;'\"\\/",
        " ",
        "\u{ffff}",
    ] {
        let made = api
            .post("/customers", json!({ "firstName": text }))
            .await
            .expect(201);
        assert_eq!(made["firstName"], text);
    }
}

#[tokio::test]
async fn open_objects_are_kept_to_the_letter() {
    let api = a_box().await.api();
    // §2.2: "open objects: keep unknown keys verbatim"; §6 row 13: "never reject".
    let digits = "7".repeat(1000);
    let open = [
        concat!(
            r#"{"zip":"98101","lot":1.50,"far":1e2,"cold":-0.0,"#,
            r#""big":12345678901234567890123,"z":0,"a":1}"#,
        )
        .to_owned(),
        r#"{"unknown":{"z":null,"y":[1.0,true,{"deep":[]}],"x":""},"city":"Жмеринка"}"#.to_owned(),
        r#"{"city":7,"country":["not","a","string"],"street":null}"#.to_owned(),
        r#"{"twice":1,"twice":2}"#.to_owned(),
        format!(r#"{{"digits":{digits},"huge":1E400,"tiny":1e-400}}"#),
        "{}".to_owned(),
    ];
    for field in ["location", "billingAddress", "address"] {
        for object in &open {
            let told = format!("\"{field}\":{object}");
            let body = format!("{{{told}}}");
            let made = api.send_text("POST", "/customers", &body).await;
            assert_eq!(made.status, 201, "{}", made.told());
            assert!(made.text.contains(&told), "{}", made.told());
            // Another change leaves it as it is.
            let id = made.text.split("\"_id\":\"").nth(1).unwrap()[..24].to_owned();
            let path = format!("/customers/{id}");
            let put = api.put(&path, json!({ "firstName": "Oliver" })).await;
            assert!(put.text.contains(&told), "{}", put.told());
            let read = api.get(&path).await;
            assert!(
                read.status == 200 && read.text.contains(&told),
                "{}",
                read.told()
            );
        }
    }
    let listed = api.get("/customers?limit=100").await;
    assert!(
        open.iter().all(|object| listed.text.contains(object)),
        "{}",
        listed.told()
    );
}

#[tokio::test]
async fn open_objects_have_bounds() {
    let api = a_box().await.api();
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let sized = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    for (object, fits) in [
        (nested(16), true),
        (nested(17), false),
        (nested(5000), false),
        (sized(16 * 1024), true),
        (sized(16 * 1024 + 1), false),
        (r#"{"a":"\u0000"}"#.to_owned(), true),
        (r#"{"a":[{"b":"x\u0000"}]}"#.to_owned(), true),
        (r#"{"a\u0000":1}"#.to_owned(), true),
        (r#"{"a":"\\u0000"}"#.to_owned(), true),
    ] {
        for field in ["location", "billingAddress", "address"] {
            let body = format!("{{\"{field}\":{object}}}");
            let answer = api.send_text("POST", "/customers", &body).await;
            if fits {
                assert_eq!(answer.status, 201, "{}", answer.told());
                assert!(answer.text.contains(&object), "{}", answer.told());
            } else {
                answer.expect_error(400, "BadRequestError", field);
            }
        }
    }
}
