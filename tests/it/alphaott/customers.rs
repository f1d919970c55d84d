//! Customers, operations 3-9: reference sections 1.3, 1.4, 2.2 and 5.3.

use serde_json::{Value, json};

use super::{
    CUSTOMER_SAMPLE, assert_has, customer, customer_with, id_of, ids_of, is_object_id, service_spec,
};
use crate::support::{NOW, TestBox};

const NAMES: [&str; 6] = [
    "title",
    "firstName",
    "lastName",
    "middleName",
    "prefix",
    "suffix",
];
const PASSWORD_CHANGED: &str = "Password has been successfully changed";

// ---- create ----

#[tokio::test]
async fn a_customer_of_nothing_has_the_defaults() {
    let api = TestBox::start().await.api();
    let made = api.post("/customers", json!({})).await.expect(201);
    // §2.2: "Defaults: created = now, status = ACTIVE, activated = now when ACTIVE,
    // serviceProvider = token aud"; §1.6: "emit _id anyway".
    assert!(is_object_id(&id_of(&made)), "{made}");
    assert_has(
        &made,
        &json!({ "created": NOW, "activated": NOW, "status": "ACTIVE", "phones": [],
                 "serviceProvider": "boxoffice" }),
    );
    for name in NAMES {
        assert_eq!(made[name], "", "{name} is always there");
    }
    for name in [
        "email",
        "address",
        "billingAddress",
        "location",
        "orders",
        "password",
    ] {
        assert!(
            made.get(name).is_none(),
            "{name} is only there when set: {made}"
        );
    }
    assert_eq!(
        api.get(format!("/customers/{}", id_of(&made)))
            .await
            .expect(200),
        made
    );
}

#[tokio::test]
async fn an_empty_body_creates_as_an_empty_object_does() {
    let api = TestBox::start().await.api();
    // §2.2: "body Customer (body not marked required)".
    let made = api.send("POST", "/customers", None, &[]).await.expect(201);
    assert_eq!(made["status"], "ACTIVE");
    let made = api
        .send("POST", "/customers", Some(Vec::new()), &[])
        .await
        .expect(201);
    assert_eq!(made["status"], "ACTIVE");
}

#[tokio::test]
async fn the_vendors_sample_reads_back() {
    let api = TestBox::start().await.api();
    let made = api
        .send_text("POST", "/customers", CUSTOMER_SAMPLE)
        .await
        .expect(201);
    let mut sample: Value = serde_json::from_str(CUSTOMER_SAMPLE).unwrap();
    // The provider is the tenant's, whoever is named in the body.
    sample.as_object_mut().unwrap().remove("serviceProvider");
    assert_has(&made, &sample);
    assert!(made["serviceProvider"].is_string());
    let read = api
        .get(format!("/customers/{}", id_of(&made)))
        .await
        .expect(200);
    assert_eq!(read, made);
    let listed = api.get("/customers").await.expect(200);
    assert_eq!(listed, json!([made]));
}

#[tokio::test]
async fn every_status_may_be_given_and_only_active_is_activated() {
    let api = TestBox::start().await.api();
    for (status, activated) in [
        ("ACTIVE", true),
        ("INACTIVE", false),
        ("AWAITING_AUTHORIZATION", false),
        ("SUSPENDED_BY_CUSTOMER", false),
        ("SUSPENDED_BY_BILLING", false),
    ] {
        let made = api
            .post("/customers", json!({ "status": status }))
            .await
            .expect(201);
        assert_eq!(made["status"], status);
        assert_eq!(made.get("activated").is_some(), activated, "{made}");
    }
}

#[tokio::test]
async fn null_on_creation_is_absence() {
    let api = TestBox::start().await.api();
    let made = api
        .post(
            "/customers",
            json!({ "title": null, "firstName": null, "activated": null, "created": null,
                    "status": null, "email": null, "serviceProvider": null, "location": null,
                    "billingAddress": null, "address": null, "phones": null, "login": null,
                    "accountNumber": null }),
        )
        .await
        .expect(201);
    assert_has(
        &made,
        &json!({ "firstName": "", "created": NOW, "activated": NOW, "status": "ACTIVE",
                 "phones": [] }),
    );
    assert!(
        made.get("email").is_none() && made.get("address").is_none(),
        "{made}"
    );
}

#[tokio::test]
async fn unknown_members_and_ids_in_the_body_are_ignored() {
    let api = TestBox::start().await.api();
    // §2.2: "A password is never part of it."
    let made = api
        .post(
            "/customers",
            json!({ "_id": "mine", "password": "hush", "nonsense": [1, {}] }),
        )
        .await;
    assert!(
        !made.text.contains("hush") && !made.text.contains("nonsense"),
        "{}",
        made.told()
    );
    let made = made.expect(201);
    assert!(is_object_id(&id_of(&made)), "{made}");
    assert!(made.get("password").is_none());
    api.get("/customers/mine")
        .await
        .expect_error(404, "NotFoundError", "");
}

#[tokio::test]
async fn imported_dates_are_accepted_on_creation() {
    let api = TestBox::start().await.api();
    // §6 row 15: "accept on create (imports), ignore created on update".
    let dates = json!({ "created": "2017-05-12T14:16:27.134Z",
                        "activated": "2018-05-12T14:16:27.000Z" });
    let made = api.post("/customers", &dates).await.expect(201);
    assert_has(&made, &dates);
}

#[tokio::test]
async fn dates_are_taken_with_any_offset_and_told_in_utc() {
    let api = TestBox::start().await.api();
    // §1.3: "ISO 8601 UTC with milliseconds and Z".
    for (given, told) in [
        ("2017-05-12T14:16:27.134Z", "2017-05-12T14:16:27.134Z"),
        ("2017-05-12T14:16:27Z", "2017-05-12T14:16:27.000Z"),
        ("2017-05-12T14:16:27.1Z", "2017-05-12T14:16:27.100Z"),
        ("2017-05-12T14:16:27.134000Z", "2017-05-12T14:16:27.134Z"),
        ("2017-05-12T16:16:27.134+02:00", "2017-05-12T14:16:27.134Z"),
        ("2017-05-11T23:46:27.134-14:30", "2017-05-12T14:16:27.134Z"),
        ("2016-02-29T00:00:00.000Z", "2016-02-29T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        // The year counts as it is written, also where it is another one in Greenwich.
        ("1970-01-01T00:00:00+05:00", "1969-12-31T19:00:00.000Z"),
        ("9999-12-31T23:59:59.999-05:00", "9999-12-31T23:59:59.999Z"),
    ] {
        let made = api
            .post("/customers", json!({ "created": given }))
            .await
            .expect(201);
        assert_eq!(made["created"], told, "{given}");
    }
}

#[tokio::test]
async fn what_is_no_date_is_refused() {
    let api = TestBox::start().await.api();
    for given in [
        json!("99999-01-01T00:00:00Z"),
        json!("+99999-01-01T00:00:00Z"),
        json!("10000-01-01T00:00:00.000Z"),
        json!("-0001-01-01T00:00:00Z"),
        json!("1969-12-31T23:59:59.999Z"),
        json!("1969-12-31T23:59:59-05:00"),
        json!("10000-01-01T00:00:00+05:00"),
        json!("0000-01-01T00:00:00Z"),
        json!("2017-02-29T00:00:00Z"),
        json!("2017-13-01T00:00:00Z"),
        json!("2017-05-12T25:00:00Z"),
        json!("2017-05-12T14:16:27"),
        json!("2017-05-12"),
        json!("12/05/2017"),
        json!("yesterday"),
        json!(""),
        json!(1_494_598_587_134_u64),
        json!(true),
        json!([]),
        json!({}),
    ] {
        for field in ["created", "activated"] {
            let body = json!({ field: given });
            api.post("/customers", body)
                .await
                .expect_error(400, "BadRequestError", field);
        }
    }
}

#[tokio::test]
async fn login_and_account_number_are_ours() {
    let api = TestBox::start().await.api();
    let ours = json!({ "login": "oliver", "accountNumber": "100200" });
    let made = api.post("/customers", &ours).await.expect(201);
    assert_has(&made, &ours);
    let shown = json!({ "type": "accountNumber", "id": "100200" });
    let refs = made["externalRefs"]
        .as_array()
        .unwrap_or_else(|| panic!("no refs: {made}"));
    assert!(refs.contains(&shown), "{made}");
    // A family shares one contract number, but a login is one person's.
    let kin = json!({ "login": "thea", "accountNumber": "100200" });
    assert_has(&api.post("/customers", &kin).await.expect(201), &kin);
    let clash = json!({ "login": "oliver" });
    api.post("/customers", &clash)
        .await
        .expect_error(409, "ConflictError", "");
    let thea = ids_of(&api.get("/customers").await.expect(200))[1].clone();
    api.put(format!("/customers/{thea}"), &clash)
        .await
        .expect_error(409, "ConflictError", "");
}

#[tokio::test]
async fn an_applied_customer_is_the_same_record() {
    let the_box = TestBox::start().await;
    the_box
        .apply(json!({ "customers": [{
            "login": "oliver", "first_name": "Oliver", "last_name": "Queen",
            "account_number": "77", "email": "oliver@queen.com", "phones": ["+12065550100"],
            "status": "SUSPENDED_BY_CUSTOMER",
            "devices": [{ "mac": "00:1A:79:00:00:01", "serial": "SN1", "model": "MAG256" }]
        }] }))
        .await;
    let api = the_box.api();
    let found = api
        .get("/customers?email=OLIVER@queen.com")
        .await
        .expect(200);
    assert_eq!(ids_of(&found).len(), 1);
    assert_has(
        &found[0],
        &json!({ "login": "oliver", "firstName": "Oliver", "lastName": "Queen",
                 "accountNumber": "77", "phones": ["+12065550100"],
                 "status": "SUSPENDED_BY_CUSTOMER" }),
    );
    let path = format!("/customers/{}/devices", id_of(&found[0]));
    let devices = api.get(path).await.expect(200);
    assert_has(
        &devices[0],
        &json!({ "type": "STB", "mac": "00:1A:79:00:00:01", "serial": "SN1", "model": "MAG256" }),
    );
}

// ---- e-mail ----

#[tokio::test]
async fn an_email_is_kept_as_given_and_unique_whatever_its_case() {
    let api = TestBox::start().await.api();
    // §2.2: "Duplicate email in one provider -> 409."
    let made = api
        .post("/customers", json!({ "email": "Oliver@Queen.com" }))
        .await
        .expect(201);
    assert_eq!(made["email"], "Oliver@Queen.com");
    let clash = json!({ "email": "oLIVER@qUEEN.COM" });
    api.post("/customers", &clash)
        .await
        .expect_error(409, "ConflictError", "");
    let other = format!("/customers/{}", customer(&api).await);
    api.put(&other, &clash)
        .await
        .expect_error(409, "ConflictError", "");
    assert!(api.get(&other).await.expect(200).get("email").is_none());
    // One's own address in another case is no clash.
    let own = format!("/customers/{}", id_of(&made));
    assert_eq!(
        api.put(own, &clash).await.expect(200)["email"],
        "oLIVER@qUEEN.COM"
    );
}

#[tokio::test]
async fn an_email_is_free_again_when_cleared_or_its_customer_deleted() {
    let api = TestBox::start().await.api();
    let body = json!({ "email": "oliver@queen.com", "login": "oliver" });
    let first = customer_with(&api, body.clone()).await;
    api.delete(format!("/customers/{first}")).await.expect(204);
    let second = customer_with(&api, body.clone()).await;
    assert_ne!(first, second);
    let freed = json!({ "email": null, "login": null });
    api.put(format!("/customers/{second}"), freed)
        .await
        .expect(200);
    let third = customer_with(&api, body.clone()).await;
    // Nothing between the quotes is none, of which many may be.
    let none = json!({ "email": "", "login": "", "accountNumber": "" });
    let path = format!("/customers/{third}");
    for made in [
        api.put(&path, &none).await.expect(200),
        api.post("/customers", &none).await.expect(201),
        api.post("/customers", &none).await.expect(201),
    ] {
        for name in ["email", "login", "accountNumber"] {
            assert!(made.get(name).is_none(), "{name}: {made}");
        }
        assert_eq!(made["externalRefs"], json!([]));
    }
    customer_with(&api, body).await;
}

#[tokio::test]
async fn of_many_at_once_one_gets_the_email() {
    let api = TestBox::start().await.api();
    let post = || api.post("/customers", json!({ "email": "a@b.c" }));
    let answers = tokio::join!(post(), post(), post(), post(), post(), post());
    let answers = [
        answers.0, answers.1, answers.2, answers.3, answers.4, answers.5,
    ];
    let mut statuses = answers.map(|answer| answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(
        statuses[1..].iter().all(|status| *status == 409),
        "{statuses:?}"
    );
    assert_eq!(ids_of(&api.get("/customers").await.expect(200)).len(), 1);
}

#[tokio::test]
async fn what_is_no_email_is_refused() {
    let api = TestBox::start().await.api();
    let long = |total: usize| format!("{}@queen.com", "o".repeat(total - "@queen.com".len()));
    api.post("/customers", json!({ "email": long(254) }))
        .await
        .expect(201);
    for email in [
        "oliver",
        "@queen.com",
        "oliver@",
        "@",
        "o\u{0}@queen.com",
        &long(255),
    ] {
        let body = json!({ "email": email });
        api.post("/customers", body)
            .await
            .expect_error(400, "BadRequestError", "email");
    }
}

// ---- fields ----

#[tokio::test]
async fn fields_of_the_wrong_type_are_named() {
    let api = TestBox::start().await.api();
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
    let api = TestBox::start().await.api();
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
    let api = TestBox::start().await.api();
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

// ---- open objects ----

#[tokio::test]
async fn open_objects_are_kept_to_the_letter() {
    let api = TestBox::start().await.api();
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
    let api = TestBox::start().await.api();
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

// ---- update ----

#[tokio::test]
async fn put_and_patch_merge() {
    let the_box = TestBox::start().await;
    let api = the_box.api();
    // §2.0: "PATCH is accepted wherever PUT is listed, both with merge semantics."
    for method in ["PUT", "PATCH"] {
        let first = json!({ "firstName": "Oliver", "lastName": "Queen", "phones": ["1", "2"],
                            "address": { "city": "Star City", "zip": "98101" } });
        let made = api.post("/customers", first).await.expect(201);
        let path = format!("/customers/{}", id_of(&made));
        let change = json!({ "lastName": "King", "status": "SUSPENDED_BY_CUSTOMER",
                             "phones": ["3"], "address": { "city": "Lian Yu" } });
        let put = api.send_json(method, &path, &change).await.expect(200);
        // Lists and open objects are taken whole.
        assert_has(&put, &change);
        let mut expected = made.clone();
        for (name, value) in change.as_object().unwrap() {
            expected[name] = value.clone();
        }
        assert_eq!(put, expected);
        assert_eq!(api.get(&path).await.expect(200), put);
        // An empty object changes nothing.
        assert_eq!(
            api.send_json(method, &path, json!({})).await.expect(200),
            put
        );
    }
}

#[tokio::test]
async fn null_in_an_update_clears() {
    let api = TestBox::start().await.api();
    let made = api
        .send_text("POST", "/customers", CUSTOMER_SAMPLE)
        .await
        .expect(201);
    let path = format!("/customers/{}", id_of(&made));
    let cleared = api
        .put(
            &path,
            json!({ "firstName": null, "prefix": null, "activated": null, "email": null,
                    "location": null, "billingAddress": null, "address": null }),
        )
        .await
        .expect(200);
    assert_has(
        &cleared,
        &json!({ "firstName": "", "prefix": "", "lastName": "Queen", "phones": made["phones"],
                 "status": "ACTIVE" }),
    );
    for name in [
        "activated",
        "email",
        "location",
        "billingAddress",
        "address",
    ] {
        assert!(cleared.get(name).is_none(), "{name}: {cleared}");
    }
    // For a word or a list it is nothing said.
    let nothing = json!({ "status": null, "phones": null, "externalRefs": null });
    assert_eq!(api.put(&path, nothing).await.expect(200), cleared);
    assert_eq!(api.get(&path).await.expect(200), cleared);
}

#[tokio::test]
async fn id_and_creation_date_never_change() {
    let the_box = TestBox::start().await;
    let api = the_box.api();
    let made = api.post("/customers", json!({})).await.expect(201);
    let path = format!("/customers/{}", id_of(&made));
    the_box.advance(3600).await;
    // §2.2: "_id, created immutable".
    let change = json!({ "_id": "other", "created": "2017-05-12T14:16:27.134Z" });
    assert_eq!(api.put(&path, change).await.expect(200), made);
}

#[tokio::test]
async fn an_update_needs_a_body_and_a_customer() {
    let api = TestBox::start().await.api();
    let path = format!("/customers/{}", customer(&api).await);
    // §2.2: "body Customer, body required".
    for method in ["PUT", "PATCH"] {
        for body in [None, Some(Vec::new())] {
            let answer = api.send(method, &path, body, &[]).await;
            assert_eq!(answer.status, 400, "{}", answer.told());
        }
    }
    for id in [
        "nope",
        "000000000000000000000000",
        "ffffffffffffffffffffffff",
        "%20",
        "é",
    ] {
        let path = format!("/customers/{id}");
        api.get(&path).await.expect_error(404, "NotFoundError", "");
        api.put(&path, json!({}))
            .await
            .expect_error(404, "NotFoundError", "");
        api.delete(&path)
            .await
            .expect_error(404, "NotFoundError", "");
        let password = json!({ "password": "Wt7-long-enough" });
        let path = format!("{path}/password");
        api.put(&path, password)
            .await
            .expect_error(404, "NotFoundError", "");
        let path = format!("{path}/reset");
        api.post(&path, json!({}))
            .await
            .expect_error(404, "NotFoundError", "");
    }
}

// ---- remove ----

#[tokio::test]
async fn a_removed_customer_is_a_tombstone() {
    let api = TestBox::start().await.api();
    let kept = customer(&api).await;
    let gone = customer_with(&api, json!({ "firstName": "Oliver" })).await;
    let path = format!("/customers/{gone}");
    // §2.2: "no documented success body. Soft delete to DELETED, 204".
    let answer = api.delete(&path).await;
    assert_eq!(answer.text, "");
    answer.expect(204);
    api.get(&path)
        .await
        .expect_error(404, "NotFoundError", &gone);
    // §5.3: "Unfiltered lists leave out DELETED; status=DELETED shows them".
    assert_eq!(
        ids_of(&api.get("/customers").await.expect(200)),
        std::slice::from_ref(&kept)
    );
    let tombs = api.get("/customers?status=DELETED").await.expect(200);
    assert_eq!(ids_of(&tombs), std::slice::from_ref(&gone));
    assert_has(
        &tombs[0],
        &json!({ "status": "DELETED", "firstName": "Oliver" }),
    );
    let both = api
        .get("/customers?status=DELETED,ACTIVE")
        .await
        .expect(200);
    assert_eq!(ids_of(&both), [kept, gone]);
}

#[tokio::test]
async fn however_a_customer_goes_all_that_was_theirs_is_free() {
    let api = TestBox::start().await.api();
    let body = json!({ "email": "oliver@queen.com", "login": "oliver" });
    let stb = json!({ "type": "STB", "mac": "00:1A:79:00:39:5E" });
    for method in ["PUT", "DELETE", "PATCH"] {
        let path = format!("/customers/{}", customer_with(&api, body.clone()).await);
        api.post(format!("{path}/devices"), &stb).await.expect(201);
        let other = format!("/customers/{}/devices", customer(&api).await);
        api.post(other, &stb)
            .await
            .expect_error(409, "ConflictError", "mac");
        if method == "DELETE" {
            api.delete(&path).await.expect(204);
        } else {
            let gone = json!({ "status": "DELETED" });
            let told = api.send_json(method, &path, gone).await.expect(200);
            assert_eq!(told["status"], "DELETED");
        }
        api.get(&path).await.expect_error(404, "NotFoundError", "");
    }
    customer_with(&api, body).await;
}

#[tokio::test]
async fn nothing_is_read_or_written_below_a_tombstone() {
    let api = TestBox::start().await.api();
    let spec = service_spec(&api).await;
    let gone = customer(&api).await;
    let path = format!("/customers/{gone}");
    let device = api
        .post(format!("{path}/devices"), json!({}))
        .await
        .expect(201);
    let device = format!("{path}/devices/{}", id_of(&device[0]));
    let service = api
        .post(
            format!("{path}/services"),
            json!({ "serviceSpec": spec.as_str() }),
        )
        .await
        .expect(201);
    let service = format!("{path}/services/{}", id_of(&service[0]));
    api.delete(&path).await.expect(204);
    for path in [
        path.clone(),
        device.clone(),
        service.clone(),
        format!("{path}/devices"),
        format!("{path}/services"),
        format!("{path}/orders"),
        format!("{path}/product-specs"),
        format!("{path}/transactions"),
        format!("{path}/account/balance"),
    ] {
        api.get(path).await.expect_error(404, "NotFoundError", "");
    }
    let password = json!({ "password": "Wt7-long-enough" });
    for (method, path, body) in [
        ("DELETE", path.clone(), json!({})),
        ("PUT", path.clone(), json!({ "status": "ACTIVE" })),
        ("PATCH", path.clone(), json!({ "firstName": "Oliver" })),
        ("PUT", format!("{path}/password"), password),
        ("POST", format!("{path}/password/reset"), json!({})),
        ("POST", format!("{path}/devices"), json!({})),
        ("PUT", device.clone(), json!({ "status": "STOCK" })),
        ("DELETE", device, json!({})),
        ("DELETE", service, json!({})),
        (
            "POST",
            format!("{path}/services"),
            json!({ "serviceSpec": spec }),
        ),
    ] {
        let answer = api.send_json(method, path, body).await;
        answer.expect_error(404, "NotFoundError", "");
    }
    let tombs = api.get("/customers?status=DELETED").await.expect(200);
    assert_eq!(ids_of(&tombs), [gone]);
    assert_eq!(tombs[0]["firstName"], "");
}

#[tokio::test]
async fn ids_never_repeat() {
    let api = TestBox::start().await.api();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let id = customer(&api).await;
        api.delete(format!("/customers/{id}")).await.expect(204);
        assert!(!seen.contains(&id));
        seen.push(id);
    }
    assert!(seen.is_sorted(), "{seen:?}");
}

// ---- password ----

#[tokio::test]
async fn a_password_is_changed_and_never_told() {
    let api = TestBox::start().await.api();
    let path = format!("/customers/{}", customer(&api).await);
    let changed = json!({ "message": PASSWORD_CHANGED });
    for method in ["PUT", "PATCH"] {
        let body = json!({ "password": "Wt7-long-enough", "extra": 1 });
        let answer = api
            .send_json(method, format!("{path}/password"), body)
            .await;
        assert_eq!(answer.expect(200), changed);
    }
    let read = api.get(&path).await;
    assert!(
        !read.text.contains("Wt7") && !read.text.contains("argon"),
        "{}",
        read.told()
    );
    assert!(read.expect(200).get("password").is_none());
}

#[tokio::test]
async fn a_password_is_required() {
    let api = TestBox::start().await.api();
    let path = format!("/customers/{}/password", customer(&api).await);
    // §2.2: "Missing/empty -> 400."
    let empty = api.send("PUT", &path, None, &[]).await;
    assert_eq!(empty.status, 400, "{}", empty.told());
    for body in [
        "{}",
        r#"{"password":""}"#,
        r#"{"password":null}"#,
        r#"{"password":7}"#,
        r#"{"password":["a"]}"#,
        r#"{"password":{}}"#,
        r#"{"Password":"Wt7-long-enough"}"#,
        r#"{"password":"a\u0000b"}"#,
        &format!(r#"{{"password":"{}"}}"#, "é".repeat(65)),
    ] {
        let answer = api.send_text("PUT", &path, body).await;
        answer.expect_error(400, "BadRequestError", "password");
    }
    for password in ["x".to_owned(), "😀".repeat(64)] {
        let body = json!({ "password": password });
        api.put(&path, body).await.expect(200);
    }
}

#[tokio::test]
async fn a_reset_password_has_the_same_answer() {
    let api = TestBox::start().await.api();
    let path = format!("/customers/{}/password/reset", customer(&api).await);
    // §2.2: "no body documented -> the same message body. The new password is not in the response".
    let changed = json!({ "message": PASSWORD_CHANGED });
    assert_eq!(
        api.send("POST", &path, None, &[]).await.expect(200),
        changed
    );
    assert_eq!(api.post(&path, json!({})).await.expect(200), changed);
}

// ---- list ----

#[tokio::test]
async fn the_list_is_a_bare_array_in_order_of_creation() {
    let api = TestBox::start().await.api();
    // §2.2: the sample is one object, but "Return an array".
    assert_eq!(api.get("/customers").await.expect(200), json!([]));
    let ids = [
        customer(&api).await,
        customer(&api).await,
        customer(&api).await,
    ];
    let listed = api.get("/customers").await.expect(200);
    assert_eq!(ids_of(&listed), ids);
    // A change does not move it.
    let change = json!({ "firstName": "Zoë" });
    api.put(format!("/customers/{}", ids[0]), change)
        .await
        .expect(200);
    assert_eq!(ids_of(&api.get("/customers").await.expect(200)), ids);
}

#[tokio::test]
async fn pages_walk_the_whole_list_once() {
    let api = TestBox::start().await.api();
    let mut made = Vec::new();
    for number in 0..120 {
        made.push(customer_with(&api, json!({ "firstName": format!("{number}") })).await);
    }
    // §1.4: "limit integer, 1..100, default 50; offset integer >= 0, default 0".
    assert_eq!(ids_of(&api.get("/customers").await.expect(200)), made[..50]);
    assert_eq!(
        ids_of(&api.get("/customers?limit=100").await.expect(200)),
        made[..100]
    );
    assert_eq!(
        ids_of(&api.get("/customers?offset=110").await.expect(200)),
        made[110..]
    );
    for limit in [1, 7, 50, 100] {
        let mut walked = Vec::new();
        loop {
            let path = format!("/customers?limit={limit}&offset={}", walked.len());
            let page = ids_of(&api.get(path).await.expect(200));
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            walked.extend(page);
        }
        assert_eq!(walked, made);
    }
    let beyond = api.get("/customers?offset=1000000000").await.expect(200);
    assert_eq!(beyond, json!([]));
    // What is left out does not count.
    api.delete(format!("/customers/{}", made.remove(3)))
        .await
        .expect(204);
    let page = api.get("/customers?limit=4&offset=2").await.expect(200);
    assert_eq!(ids_of(&page), made[2..6]);
}

#[tokio::test]
async fn a_status_filter_has_three_spellings() {
    let api = TestBox::start().await.api();
    let mut made = Vec::new();
    for status in [
        "ACTIVE",
        "INACTIVE",
        "SUSPENDED_BY_BILLING",
        "AWAITING_AUTHORIZATION",
    ] {
        made.push(customer_with(&api, json!({ "status": status })).await);
    }
    // §1.4: "repeated keys status=A&status=B. Accept also status[]=A and A,B".
    for query in [
        "status=INACTIVE&status=SUSPENDED_BY_BILLING",
        "status[]=INACTIVE&status[]=SUSPENDED_BY_BILLING",
        "status%5B%5D=SUSPENDED_BY_BILLING&status%5B%5D=INACTIVE",
        "status=INACTIVE,SUSPENDED_BY_BILLING",
        "status=SUSPENDED_BY_BILLING%2CINACTIVE",
        "status=INACTIVE&status[]=SUSPENDED_BY_BILLING",
        "status=INACTIVE,INACTIVE&status=SUSPENDED_BY_BILLING",
    ] {
        let listed = api.get(format!("/customers?{query}")).await.expect(200);
        assert_eq!(ids_of(&listed), made[1..3], "{query}");
    }
    let listed = api
        .get("/customers?status=AWAITING_AUTHORIZATION")
        .await
        .expect(200);
    assert_eq!(ids_of(&listed), made[3..]);
    let none = api
        .get("/customers?status=SUSPENDED_BY_CUSTOMER")
        .await
        .expect(200);
    assert_eq!(none, json!([]));
    let page = api
        .get("/customers?status=ACTIVE,INACTIVE&limit=1&offset=1")
        .await
        .expect(200);
    assert_eq!(ids_of(&page), made[1..2]);
}

#[tokio::test]
async fn the_email_filter_is_exact_whatever_the_case() {
    let api = TestBox::start().await.api();
    let oliver = customer_with(&api, json!({ "email": "Oliver+tv@Queen.com" })).await;
    customer_with(&api, json!({ "email": "thea@queen.com" })).await;
    // §2.2: "email exact match, case-insensitive".
    for email in [
        "Oliver%2Btv@Queen.com",
        "oliver%2btv%40queen.com",
        "OLIVER%2BTV@QUEEN.COM",
    ] {
        let listed = api
            .get(format!("/customers?email={email}"))
            .await
            .expect(200);
        assert_eq!(ids_of(&listed), std::slice::from_ref(&oliver), "{email}");
    }
    for email in ["queen.com", "thea@queen", "nobody@queen.com"] {
        let listed = api
            .get(format!("/customers?email={email}"))
            .await
            .expect(200);
        assert_eq!(listed, json!([]), "{email}");
    }
    // §1.4: "different filters AND-ed".
    let both = "/customers?email=thea@queen.com&status=INACTIVE";
    assert_eq!(api.get(both).await.expect(200), json!([]));
    let both = "/customers?email=thea@queen.com&status=INACTIVE,ACTIVE";
    assert_eq!(ids_of(&api.get(both).await.expect(200)).len(), 1);
    api.get("/customers?email=")
        .await
        .expect_error(400, "BadRequestError", "email");
    // A tombstone is not found by its address either, unless asked for.
    api.delete(format!("/customers/{oliver}")).await.expect(204);
    let gone = "/customers?email=oliver%2Btv@queen.com";
    assert_eq!(api.get(gone).await.expect(200), json!([]));
    let asked = format!("{gone}&status=DELETED,ACTIVE");
    let tombs = api.get(asked).await.expect(200);
    assert_eq!(ids_of(&tombs), std::slice::from_ref(&oliver));
}

#[tokio::test]
async fn extra_fields_bring_the_orders() {
    let api = TestBox::start().await.api();
    let spec = service_spec(&api).await;
    let product = json!({ "title": "Base", "status": "ACTTIVE", "serviceSpecs": [spec] });
    let product = id_of(&api.post("/product-specs", product).await.expect(201));
    let offer = json!({ "title": "Monthly", "status": "ACTTIVE", "duration": 1, "period": "MONTH",
                        "type": "ONE_TIME" });
    let offer = api
        .post(format!("/product-specs/{product}/offers"), offer)
        .await
        .expect(201);
    let path = format!("/customers/{}", customer(&api).await);
    let order = json!({ "offer": id_of(&offer) });
    let order = api.post(format!("{path}/orders"), order).await.expect(201);
    customer(&api).await;
    // §2.2: "orders: only with extraFields=orders", "comma-separated, unknown names ignored".
    for query in [
        "extraFields=orders",
        "extraFields=profiles,orders",
        "extraFields=orders,x",
    ] {
        let read = api.get(format!("{path}?{query}")).await.expect(200);
        assert_eq!(read["orders"], json!([order]), "{query}");
        let listed = api.get(format!("/customers?{query}")).await.expect(200);
        assert_eq!(listed[0], read, "{query}");
        assert_eq!(listed[1]["orders"], json!([]), "{query}");
    }
    for query in ["", "?extraFields=", "?extraFields=order"] {
        assert!(
            api.get(format!("{path}{query}"))
                .await
                .expect(200)
                .get("orders")
                .is_none()
        );
        let listed = api.get(format!("/customers{query}")).await.expect(200);
        assert!(listed[0].get("orders").is_none(), "{query}");
    }
}
