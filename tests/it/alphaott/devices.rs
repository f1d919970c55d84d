//! A customer's devices, operations 10-14: reference sections 1.3 and 2.3.

use serde_json::{Value, json};

use super::{DEVICE_SAMPLE, assert_has, customer, id_of, ids_of, is_uuid};
use crate::support::fixture::a_box;
use crate::support::{Client, NOW, segment};

async fn devices_path(api: &Client) -> String {
    format!("/customers/{}/devices", customer(api).await)
}

#[tokio::test]
async fn a_device_of_nothing_has_the_defaults() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    for body in [Some(b"{}".to_vec()), Some(Vec::new()), None] {
        let added = api.send("POST", &path, body, &[]).await.expect(201);
        let device = added
            .as_array()
            .and_then(|list| list.last())
            .expect("a device");
        // §2.3: "generated UUID _id, type UNKNOWN, status ACTIVE, created now".
        assert!(is_uuid(&id_of(device)), "{device}");
        assert_has(
            device,
            &json!({ "type": "UNKNOWN", "status": "ACTIVE", "created": NOW }),
        );
        for name in ["model", "platform", "brand", "serial", "mac"] {
            assert_eq!(device[name].as_str().unwrap_or_default(), "", "{device}");
        }
    }
}

#[tokio::test]
async fn adding_answers_the_whole_list_the_new_one_last() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    assert_eq!(api.get(&path).await.expect(200), json!([]));
    // §2.3: "array of Device (not the single device)"; §6 row 6: "new element last".
    for (count, id) in ["zz", "mm", "aa"].into_iter().enumerate() {
        let added = api
            .post(&path, json!({ "_id": id, "type": "TV" }))
            .await
            .expect(201);
        assert_eq!(ids_of(&added), ["zz", "mm", "aa"][..=count]);
        assert_eq!(api.get(&path).await.expect(200), added);
    }
    let other = devices_path(&api).await;
    assert_eq!(api.get(other).await.expect(200), json!([]));
}

#[tokio::test]
async fn the_vendors_sample_reads_back() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    let added = api
        .send_text("POST", &path, DEVICE_SAMPLE)
        .await
        .expect(201);
    let sample: Value = serde_json::from_str(DEVICE_SAMPLE).unwrap();
    assert_eq!(added.as_array().map(Vec::len), Some(1));
    assert_has(&added[0], &sample);
    let read = api
        .get(format!("{path}/{}", id_of(&sample)))
        .await
        .expect(200);
    assert_eq!(read, added[0]);
}

#[tokio::test]
async fn a_mac_is_never_validated() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    // §1.3: "MAC sample has eight octets and the token's has a one-digit octet: never validate".
    for mac in [
        "82:90:A8:59:D2:B1:C0:76",
        "F3:1F:6:D3:CE:97",
        "00:1a:79:aa:bb:cc",
        "001A79AABBDD",
        "00-1A-79-AA-BB-EE",
        "not a mac at all",
        "é",
    ] {
        let added = api
            .post(&path, json!({ "_id": segment(mac), "mac": mac }))
            .await
            .expect(201);
        let last = added
            .as_array()
            .and_then(|list| list.last())
            .expect("a device");
        assert_eq!(last["mac"], mac);
    }
}

#[tokio::test]
async fn a_brought_id_is_kept_to_the_letter_and_found_by_it() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    // §1.3: "Treat every id as an opaque string. Do not reject by shape."
    let long = "x".repeat(64);
    for id in [
        "4e8e8494-ef9f-4bc1-9c65-31ef1e372f05",
        "4E8E8494-EF9F-4BC1-9C65-31EF1E372F06",
        "1",
        "000000000000000000000001",
        "a/b",
        "/",
        "a%2Fb",
        "100%",
        "?limit=1",
        "a#b",
        "a+b",
        "a;b=c&d",
        "\"quoted\"",
        "back\\slash",
        "{id}",
        "*",
        "!~:@$'(),[]^`|<>",
        "abc",
        "ABC",
        "password",
        &long,
    ] {
        let added = api
            .post(&path, json!({ "_id": id, "model": id }))
            .await
            .expect(201);
        assert_eq!(ids_of(&added).last().map(String::as_str), Some(id));
        let own = format!("{path}/{}", segment(id));
        assert_has(
            &api.get(&own).await.expect(200),
            &json!({ "_id": id, "model": id }),
        );
        let put = api
            .put(&own, json!({ "status": "STOCK" }))
            .await
            .expect(200);
        assert_has(&put, &json!({ "_id": id, "status": "STOCK" }));
    }
    for id in ["a/b", "100%", &long] {
        api.delete(format!("{path}/{}", segment(id)))
            .await
            .expect(204);
    }
    // Its own escape is another id.
    assert_eq!(
        api.get(format!("{path}/{}", segment("a%2Fb")))
            .await
            .expect(200)["_id"],
        "a%2Fb"
    );
}

#[tokio::test]
async fn what_cannot_be_an_id_is_refused() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    for id in [
        json!(""),
        json!(" "),
        json!("a b"),
        json!("tab\t"),
        json!("\u{0}"),
        json!("\u{7f}"),
        json!("é"),
        json!("x".repeat(65)),
        json!(7),
        json!(true),
        json!(["a"]),
        json!({ "$oid": "5915c3bacc8e1e13969de081" }),
    ] {
        let answer = api.post(&path, json!({ "_id": id })).await;
        answer.expect_error(400, "BadRequestError", "_id");
    }
    // null on creation is absence.
    let added = api.post(&path, json!({ "_id": null })).await.expect(201);
    assert!(is_uuid(&id_of(&added[0])));
}

#[tokio::test]
async fn an_id_is_taken_once() {
    let api = a_box().await.api();
    let (path, other) = (devices_path(&api).await, devices_path(&api).await);
    let body = json!({ "_id": "box-1", "model": "first" });
    api.post(&path, &body).await.expect(201);
    // §2.3: "Existing _id -> 409."
    for path in [&path, &other] {
        let again = json!({ "_id": "box-1", "model": "second" });
        api.post(path, again)
            .await
            .expect_error(409, "ConflictError", "");
    }
    assert_eq!(api.get(&other).await.expect(200), json!([]));
    assert_eq!(
        api.get(format!("{path}/box-1")).await.expect(200)["model"],
        "first"
    );
}

#[tokio::test]
async fn a_removed_device_is_gone_and_comes_back_by_its_id() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    api.post(&path, json!({ "_id": "box-1", "model": "first" }))
        .await
        .expect(201);
    api.post(&path, json!({ "_id": "box-2" })).await.expect(201);
    let own = format!("{path}/box-1");
    let answer = api.delete(&own).await;
    assert_eq!(answer.text, "");
    answer.expect(204);
    api.get(&own).await.expect_error(404, "NotFoundError", "");
    api.put(&own, json!({ "status": "STOCK" }))
        .await
        .expect_error(404, "NotFoundError", "");
    api.delete(&own)
        .await
        .expect_error(404, "NotFoundError", "");
    assert_eq!(ids_of(&api.get(&path).await.expect(200)), ["box-2"]);
    let added = api
        .post(&path, json!({ "_id": "box-1", "status": "STOCK" }))
        .await
        .expect(201);
    let mut ids = ids_of(&added);
    ids.sort_unstable();
    assert_eq!(ids, ["box-1", "box-2"]);
    assert_has(
        &api.get(&own).await.expect(200),
        &json!({ "_id": "box-1", "status": "STOCK" }),
    );
}

#[tokio::test]
async fn only_the_status_is_updated() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    let made = api
        .send_text("POST", &path, DEVICE_SAMPLE)
        .await
        .expect(201)[0]
        .clone();
    let own = format!("{path}/{}", id_of(&made));
    for (method, status) in [
        ("PUT", "INACTIVE"),
        ("PATCH", "BROKEN"),
        ("PUT", "STOCK"),
        ("PATCH", "RETIRED"),
        ("PUT", "ACTIVE"),
    ] {
        // §2.3: "status is the only field".
        let body = json!({ "status": status, "model": "Other", "mac": "x", "type": "PC",
                           "_id": "other", "created": "2020-01-01T00:00:00.000Z" });
        let mut expected = made.clone();
        expected["status"] = json!(status);
        assert_eq!(
            api.send_json(method, &own, body).await.expect(200),
            expected
        );
        assert_eq!(api.get(&own).await.expect(200), expected);
    }
    // Nothing in it is required.
    assert_eq!(api.put(&own, json!({})).await.expect(200), made);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    let own = json!({ "_id": "box-1" });
    api.post(&path, own).await.expect(201);
    let texts = ["model", "platform", "brand", "serial", "mac"];
    for field in texts {
        for value in [
            json!(7),
            json!(false),
            json!([]),
            json!({}),
            json!("x".repeat(256)),
            json!("a\u{0}b"),
            json!("a\nb"),
        ] {
            let answer = api.post(&path, json!({ field: value })).await;
            answer.expect_error(400, "BadRequestError", field);
        }
    }
    for value in [json!(7), json!("stb"), json!("PHONE"), json!(""), json!([])] {
        let answer = api.post(&path, json!({ "type": value })).await;
        answer.expect_error(400, "BadRequestError", "type");
    }
    for value in [
        json!(7),
        json!("13/01/2026"),
        json!({}),
        json!("99999-01-01T00:00:00Z"),
    ] {
        let answer = api.post(&path, json!({ "created": value })).await;
        answer.expect_error(400, "BadRequestError", "created");
    }
    // §1.6: no ACTTIVE on a device.
    for value in [
        json!(7),
        json!("active"),
        json!("ACTTIVE"),
        json!("DELETED"),
        json!(""),
        json!([]),
    ] {
        let body = json!({ "status": value });
        api.post(&path, &body)
            .await
            .expect_error(400, "BadRequestError", "status");
        let own = format!("{path}/box-1");
        api.put(own, &body)
            .await
            .expect_error(400, "BadRequestError", "status");
    }
    let own = format!("{path}/box-1");
    // null for a word is nothing said.
    let null = json!({ "status": null });
    assert_eq!(api.put(own, null).await.expect(200)["status"], "ACTIVE");
    assert_eq!(ids_of(&api.get(&path).await.expect(200)), ["box-1"]);
}

#[tokio::test]
async fn every_type_and_status_is_known_and_filtered() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    let types = ["UNKNOWN", "STB", "PC", "TV", "MOBILE", "TABLET"];
    let statuses = ["ACTIVE", "INACTIVE", "BROKEN", "STOCK", "RETIRED"];
    for (number, kind) in types.iter().enumerate() {
        let status = statuses[number % statuses.len()];
        let body = json!({ "_id": kind, "type": kind, "status": status });
        let added = api.post(&path, &body).await.expect(201);
        assert_has(&added[number], &body);
    }
    assert_eq!(ids_of(&api.get(&path).await.expect(200)), types);
    let cases: &[(&str, &[&str])] = &[
        ("status=ACTIVE", &["UNKNOWN", "TABLET"]),
        ("status=RETIRED", &["MOBILE"]),
        ("status=RETIRED&status=STOCK", &["TV", "MOBILE"]),
        ("status[]=RETIRED&status[]=STOCK", &["TV", "MOBILE"]),
        ("status=STOCK,RETIRED", &["TV", "MOBILE"]),
    ];
    for (query, ids) in cases {
        let listed = api.get(format!("{path}?{query}")).await.expect(200);
        assert_eq!(ids_of(&listed), *ids, "{query}");
    }
    for query in ["status=", "status=active", "status=DELETED", "status[]=X"] {
        let answer = api.get(format!("{path}?{query}")).await;
        answer.expect_error(400, "BadRequestError", "status");
    }
}

#[tokio::test]
async fn the_list_has_no_pages() {
    let api = a_box().await.api();
    let path = devices_path(&api).await;
    let made: Vec<String> = (0..60).map(|number| format!("box-{number}")).collect();
    for id in &made {
        api.post(&path, json!({ "_id": id })).await.expect(201);
    }
    // §1.4: "Not on: devices, services", so the words mean nothing here.
    for query in [
        "",
        "?limit=1",
        "?offset=5",
        "?limit=0&offset=-1",
        "?limit=many",
    ] {
        assert_eq!(
            ids_of(&api.get(format!("{path}{query}")).await.expect(200)),
            made,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_device_is_found_under_its_own_customer_only() {
    let api = a_box().await.api();
    let (path, other) = (devices_path(&api).await, devices_path(&api).await);
    api.post(&path, json!({ "_id": "box-1" })).await.expect(201);
    for own in [
        format!("{other}/box-1"),
        format!("{path}/box-2"),
        format!("{path}/BOX-1"),
    ] {
        api.get(&own).await.expect_error(404, "NotFoundError", "");
        let stock = json!({ "status": "STOCK" });
        api.put(&own, stock)
            .await
            .expect_error(404, "NotFoundError", "");
        api.delete(&own)
            .await
            .expect_error(404, "NotFoundError", "");
    }
    assert_eq!(
        api.get(format!("{path}/box-1")).await.expect(200)["status"],
        "ACTIVE"
    );
    for path in [
        "/customers/nope/devices",
        "/customers/000000000000000000000000/devices",
    ] {
        api.get(path).await.expect_error(404, "NotFoundError", "");
        api.post(path, json!({}))
            .await
            .expect_error(404, "NotFoundError", "");
    }
}
