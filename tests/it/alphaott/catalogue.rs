//! Products and what they are made of: operations 21 and 23 to 26 of reference section 2.0, and
//! our own creation of service and product specifications.

use serde_json::{Value, json};

use super::given::{
    self, GOOD_IDS, absent, assert_judges_the_body, assert_removed, bad_ids, list, merged,
};
use super::{assert_has, id_of, ids_of, is_object_id, service_spec, service_spec_with};
use crate::support::fixture::{a_box, a_shop};
use crate::support::{Client, NOW, segment};

fn sample(text: &str) -> Value {
    serde_json::from_str(text).expect("a JSON file")
}

async fn made_spec(api: &Client, extra: Value) -> Value {
    let id = service_spec_with(api, extra).await;
    api.get(format!("/service-specs/{id}")).await.expect(200)
}

// ---- service specifications (ours)

#[tokio::test]
async fn a_service_spec_is_created_and_reads_back() {
    let bx = a_box().await;
    let api = bx.api();
    let sent = sample(include_str!("../data/alphaott/service-spec.json"));
    let made = api.post("/service-specs", sent.clone()).await.expect(201);
    assert_has(&made, &sent);
    assert!(is_object_id(&id_of(&made)), "{made}");
    let path = format!("/service-specs/{}", id_of(&made));
    assert_eq!(api.get(path).await.expect(200), made);
    assert_eq!(list(api.get("/service-specs").await.expect(200)), [made]);

    let least = made_spec(&api, json!({})).await;
    assert_eq!(least["status"], "ACTIVE");
    assert_eq!(least["created"], NOW);
    assert_eq!(least["externalRefs"], json!([]));
    assert!(absent(&least, "expires") && absent(&least, "serviceSpec"));
}

#[tokio::test]
async fn a_service_spec_takes_only_its_own_words() {
    let bx = a_box().await;
    let api = bx.api();
    let base = json!({"serviceType": "LIVE_TV", "contentType": "TV", "scope": "ALL_ITEMS"});
    for (field, value) in [
        ("serviceType", json!("TV")),
        ("serviceType", json!(null)),
        ("contentType", json!("LIVE_TV")),
        ("contentType", json!(null)),
        ("scope", json!("SOME_ITEMS")),
        ("scope", json!(null)),
        // Reference 1.6: "customer/device/service/serviceSpec use `ACTIVE`: no `ACTTIVE` there"
        ("status", json!("ACTTIVE")),
        ("status", json!("DRAFT")),
        ("status", json!(1)),
        ("expires", json!("tomorrow")),
        ("expires", json!("1969-12-31T23:59:59Z")),
        ("externalRefs", json!({"type": "a"})),
    ] {
        let body = merged(base.clone(), json!({field: value}));
        let answer = api.post("/service-specs", body).await;
        answer.expect_error(400, "BadRequestError", field);
    }
    assert_judges_the_body(&api, "POST", "/service-specs").await;
    assert_eq!(api.get("/service-specs").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_service_spec_is_updated_by_merging() {
    let bx = a_box().await;
    let api = bx.api();
    let made = made_spec(&api, json!({"expires": "2030-01-01T00:00:00Z"})).await;
    let path = format!("/service-specs/{}", id_of(&made));
    bx.advance(60).await;

    let changed = api
        .put(&path, json!({"status": "INACTIVE", "_id": "other"}))
        .await
        .expect(200);
    assert_eq!(id_of(&changed), id_of(&made));
    assert_eq!(changed["status"], "INACTIVE");
    assert_eq!(changed["serviceType"], "LIVE_TV");
    assert_eq!(changed["created"], made["created"]);
    assert_eq!(changed["updated"], "2026-01-31T10:01:00.000Z");

    let patched = api
        .patch(&path, json!({"expires": null, "status": "ACTIVE"}))
        .await
        .expect(200);
    assert!(absent(&patched, "expires"));
    assert_eq!(api.get(&path).await.expect(200), patched);

    // null for a word is nothing said; for a text it is the empty one.
    let nothing = json!({"scope": null, "serviceType": null, "status": null, "externalRefs": null,
                         "title": null, "description": null});
    assert_eq!(api.put(&path, nothing).await.expect(200), patched);
    assert_judges_the_body(&api, "PUT", &path).await;
    let unknown = api.put("/service-specs/nothing", json!({})).await;
    unknown.expect_error(404, "NotFoundError", "");
}

// ---- product specifications

#[tokio::test]
async fn a_product_is_created_with_every_documented_field() {
    let shop = a_shop().await;
    let services = json!({"serviceSpecs": shop.included});
    let sent = merged(
        sample(include_str!("../data/alphaott/product-spec.json")),
        services,
    );
    let made = shop
        .api
        .post("/product-specs", sent.clone())
        .await
        .expect(201);
    assert_has(&made, &sent);
    let path = format!("/product-specs/{}", id_of(&made));
    assert_eq!(shop.api.get(path).await.expect(200), made);
}

#[tokio::test]
async fn a_product_starts_with_defaults() {
    let bx = a_box().await;
    let api = bx.api();
    let tv = service_spec(&api).await;
    let films = service_spec(&api).await;
    let body = json!({"title": "Family", "serviceSpecs": [tv], "optionalServiceSpecs": [films]});
    let made = api.post("/product-specs", body).await.expect(201);
    assert!(is_object_id(&id_of(&made)), "{made}");
    assert_eq!(made["status"], "ACTTIVE");
    assert_eq!(made["serviceSpecs"], json!([tv]));
    assert_eq!(made["optionalServiceSpecs"], json!([films]));
    assert_eq!(made["created"], NOW);
    assert_eq!(made["externalRefs"], json!([]));
    // Reference 0: "`posters` is `[]` in the sample"
    assert_eq!(made["posters"], json!([]));
    assert!(absent(&made, "expires"));
}

#[tokio::test]
async fn product_statuses_are_spelt_as_the_vendor_spells_them() {
    // Reference 1.6: "Emit `ACTTIVE`. Accept `ACTIVE` on input as a synonym, store `ACTTIVE`"
    let bx = a_box().await;
    let api = bx.api();
    let product = id_of(&given::product(&api, json!({})).await);
    let path = format!("/product-specs/{product}");
    for (sent, shown) in [
        ("ACTIVE", "ACTTIVE"),
        ("ACTTIVE", "ACTTIVE"),
        ("INACTIVE", "INACTIVE"),
        ("EXPIRED", "EXPIRED"),
        ("DRAFT", "DRAFT"),
    ] {
        assert_eq!(
            given::product(&api, json!({"status": sent})).await["status"],
            shown
        );
        let changed = api.put(&path, json!({"status": sent})).await.expect(200);
        assert_eq!(changed["status"], shown);
        assert_eq!(api.get(&path).await.expect(200)["status"], shown);
    }
}

#[tokio::test]
async fn a_product_is_refused_by_the_name_of_its_field() {
    let shop = a_shop().await;
    let path = format!("/product-specs/{}", shop.product);
    let before = shop.api.get(&path).await.expect(200);
    for (field, value) in [
        ("status", json!("DELETED")),
        ("status", json!("acttive")),
        ("status", json!(true)),
        ("scope", json!("SOME_ITEMS")),
        ("title", json!(5)),
        ("title", json!("x".repeat(256))),
        ("title", json!("two\nlines")),
        ("description", json!("x".repeat(4097))),
        ("description", json!("bell\u{7}")),
        ("serviceSpecs", json!(shop.included[0])),
        ("serviceSpecs[1]", json!([shop.included[0], 7])),
        ("optionalServiceSpecs", json!({})),
        ("expires", json!("2026-02-30T00:00:00Z")),
        ("expires", json!(1_769_853_600)),
        ("posters", json!("none")),
        ("posters[1]", json!([{"type": "cover"}, "b"])),
        ("externalRefs[0]", json!([[]])),
        ("externalRefs", json!(vec![json!({"type": "a"}); 65])),
        ("externalRefs[0]", json!([{"type": "x".repeat(17_000)}])),
        ("posters[0]", json!([nested(17)])),
    ] {
        let key = field.split('[').next().unwrap_or(field);
        let made = shop
            .api
            .post("/product-specs", json!({"title": "A", key: value}))
            .await;
        made.expect_error(400, "BadRequestError", field);
        let changed = shop.api.put(&path, json!({key: value})).await;
        changed.expect_error(400, "BadRequestError", field);
    }
    assert_eq!(shop.api.get(&path).await.expect(200), before);
    let all = shop.api.get("/product-specs").await.expect(200);
    assert_eq!(ids_of(&all), [shop.product.as_str()]);
}

fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({"in": inner}))
}

#[tokio::test]
async fn a_product_of_an_unknown_service_is_refused() {
    let shop = a_shop().await;
    let path = format!("/product-specs/{}", shop.product);
    for key in ["serviceSpecs", "optionalServiceSpecs"] {
        let body = json!({"title": "A", key: [shop.included[0], "no-such-spec"]});
        for answer in [
            shop.api.post("/product-specs", body.clone()).await,
            shop.api.put(&path, body).await,
        ] {
            answer.expect_error(404, "NotFoundError", "no-such-spec");
        }
    }
}

#[tokio::test]
async fn a_member_given_twice_is_refused_and_an_unknown_one_is_not() {
    let bx = a_box().await;
    let api = bx.api();
    let twice = br#"{"title":"A","serviceSpecs":[],"title":"B"}"#.to_vec();
    let answer = api.send("POST", "/product-specs", Some(twice), &[]).await;
    answer.expect_error(400, "BadRequestError", "title");
    let made = given::product(&api, json!({"colour": "red"})).await;
    assert!(absent(&made, "colour"));
    assert_judges_the_body(&api, "POST", "/product-specs").await;
    assert_judges_the_body(&api, "PUT", &format!("/product-specs/{}", id_of(&made))).await;
}

#[tokio::test]
async fn ids_brought_by_a_client_are_kept_and_never_free_again() {
    // Reference 1.3: "Treat every id as an opaque string"; section 6, row 14: "409 on clash"
    let bx = a_box().await;
    let api = bx.api();
    for collection in ["/product-specs", "/service-specs"] {
        let body = |id: &Value| {
            json!({"_id": id, "title": "A", "serviceSpecs": [], "serviceType": "LIVE_TV",
                   "contentType": "TV", "scope": "ALL_ITEMS"})
        };
        for brought in GOOD_IDS {
            let made = api
                .post(collection, body(&json!(brought)))
                .await
                .expect(201);
            assert_eq!(made["_id"], brought);
            let path = format!("{collection}/{brought}");
            assert_eq!(api.get(path).await.expect(200)["_id"], brought);
            let again = api.post(collection, body(&json!(brought))).await;
            again.expect_error(409, "ConflictError", "");
        }
        for bad in bad_ids() {
            let answer = api.post(collection, body(&bad)).await;
            answer.expect_error(400, "BadRequestError", "_id");
        }
        let longest = "i".repeat(64);
        let made = api
            .post(collection, body(&json!(longest)))
            .await
            .expect(201);
        assert_eq!(made["_id"], longest);
        // null in a create body is absence
        let made = api.post(collection, body(&Value::Null)).await.expect(201);
        assert!(is_object_id(&id_of(&made)), "{made}");
    }
    assert_removed(&api.delete("/product-specs/7").await);
    let body = json!({"_id": "7", "title": "A", "serviceSpecs": []});
    api.post("/product-specs", body)
        .await
        .expect_error(409, "ConflictError", "");
}

#[tokio::test]
async fn a_brought_id_with_a_slash_is_reached_by_encoding_it() {
    let bx = a_box().await;
    let api = bx.api();
    given::product(&api, json!({"_id": "tv/family?"})).await;
    let path = format!("/product-specs/{}", segment("tv/family?"));
    let read = api.get(path).await.expect(200);
    assert_eq!(read["_id"], "tv/family?");
}

#[tokio::test]
async fn a_product_is_updated_by_merging() {
    // Reference 2.6, 25: "`updated` = now"; section 6, rows 14 to 16
    let shop = a_shop().await;
    let path = format!("/product-specs/{}", shop.product);
    let before = shop.api.get(&path).await.expect(200);
    shop.bx.advance(3600).await;
    let body = json!({"_id": "other", "created": "2001-01-01T00:00:00.000Z", "title": "Big family",
                      "updated": "2001-01-01T00:00:00.000Z",
                      "expires": "2027-01-01T01:00:00+01:00"});
    let after = shop.api.put(&path, body).await.expect(200);
    let expected = merged(
        before.clone(),
        json!({"title": "Big family", "updated": "2026-01-31T11:00:00.000Z",
               "expires": "2027-01-01T00:00:00.000Z"}),
    );
    assert_eq!(after, expected);
    assert_eq!(shop.api.get(&path).await.expect(200), expected);

    let fewer = shop
        .api
        .patch(&path, json!({"serviceSpecs": [shop.included[1]]}))
        .await;
    assert_eq!(fewer.expect(200)["serviceSpecs"], json!([shop.included[1]]));
    // The body is not marked required: nothing sent changes nothing.
    let empty = shop.api.send("PUT", &path, None, &[]).await.expect(200);
    assert_eq!(empty["title"], "Big family");
}

#[tokio::test]
async fn null_clears_what_may_be_absent_and_nothing_else() {
    let shop = a_shop().await;
    let path = format!("/product-specs/{}", shop.product);
    let full = json!({"description": "d", "expires": "2027-01-01T00:00:00Z"});
    shop.api.put(&path, full).await.expect(200);
    let clear = json!({"title": null, "description": null, "expires": null});
    let cleared = shop.api.put(&path, clear).await.expect(200);
    assert_eq!(cleared["title"], "");
    assert_eq!(cleared["description"], "");
    assert!(absent(&cleared, "expires"));
    let nothing = json!({"status": null, "scope": null, "serviceSpecs": null, "posters": null,
                         "optionalServiceSpecs": null, "externalRefs": null});
    assert_eq!(shop.api.put(&path, nothing).await.expect(200), cleared);

    let made = given::product(
        &shop.api,
        json!({"status": null, "expires": null, "title": null, "serviceSpecs": null}),
    )
    .await;
    assert_eq!(made["status"], "ACTTIVE");
    assert_eq!(made["title"], "");
    assert_eq!(made["serviceSpecs"], json!([]));
    assert!(absent(&made, "expires"));
}

#[tokio::test]
async fn a_removed_product_is_gone() {
    let shop = a_shop().await;
    let path = format!("/product-specs/{}", shop.product);
    assert_removed(&shop.api.delete(&path).await);
    let offers = shop.of_product("offers");
    for answer in [
        shop.api.get(&path).await,
        shop.api.put(&path, json!({"title": "A"})).await,
        shop.api.delete(&path).await,
        shop.api.get(&offers).await,
        shop.api.post(&offers, json!({})).await,
        shop.api
            .get(shop.of_product(&format!("offers/{}", shop.offer)))
            .await,
    ] {
        answer.expect_error(404, "NotFoundError", "");
    }
    assert_eq!(shop.api.get("/product-specs").await.expect(200), json!([]));
    let offered = shop
        .api
        .get(shop.of_customer("product-specs"))
        .await
        .expect(200);
    assert_eq!(offered, json!([]));
}

#[tokio::test]
async fn products_are_filtered_by_status() {
    // Reference 1.4: "Accept also `status[]=A` and `A,B`"; 1.6: filters match both spellings
    let bx = a_box().await;
    let api = bx.api();
    for status in ["ACTTIVE", "INACTIVE", "EXPIRED", "DRAFT"] {
        given::product(&api, json!({"_id": status, "status": status})).await;
    }
    for (query, expected) in [
        ("", vec!["ACTTIVE", "INACTIVE", "EXPIRED", "DRAFT"]),
        ("?status=ACTTIVE", vec!["ACTTIVE"]),
        ("?status=ACTIVE", vec!["ACTTIVE"]),
        ("?status=DRAFT", vec!["DRAFT"]),
        ("?status=DRAFT&status=INACTIVE", vec!["INACTIVE", "DRAFT"]),
        (
            "?status[]=EXPIRED&status[]=ACTIVE",
            vec!["ACTTIVE", "EXPIRED"],
        ),
        ("?status=EXPIRED,DRAFT", vec!["EXPIRED", "DRAFT"]),
        (
            "?status=EXPIRED,DRAFT&status=INACTIVE&_=red",
            vec!["INACTIVE", "EXPIRED", "DRAFT"],
        ),
    ] {
        let path = format!("/product-specs{query}");
        assert_eq!(
            ids_of(&api.get(path).await.expect(200)),
            expected,
            "{query}"
        );
    }
    for query in [
        "status=",
        "status=DELETED",
        "status=ACTTIVE,draft",
        "status[]=x",
    ] {
        let path = format!("/product-specs?{query}");
        api.get(path)
            .await
            .expect_error(400, "BadRequestError", "status");
    }
}

#[tokio::test]
async fn products_come_in_pages_in_the_order_of_their_creation() {
    // Reference 1.4: "`limit` integer, 1..100, default 50; `offset` integer >= 0, default 0"
    let shop = a_shop().await;
    let mut all = vec![shop.product.clone()];
    for n in 0..50 {
        all.push(id_of(
            &given::product(&shop.api, json!({"title": n.to_string()})).await,
        ));
    }
    for list in [
        "/product-specs".to_owned(),
        shop.of_customer("product-specs"),
    ] {
        for (query, expected) in [
            ("", &all[..50]),
            ("?limit=100", &all[..]),
            ("?limit=1", &all[..1]),
            ("?limit=3&offset=2", &all[2..5]),
            ("?offset=50", &all[50..]),
            ("?offset=51", &all[..0]),
            ("?offset=1000000000", &all[..0]),
        ] {
            let path = format!("{list}{query}");
            assert_eq!(
                ids_of(&shop.api.get(&path).await.expect(200)),
                expected,
                "{path}"
            );
        }
        for bad in [
            "0",
            "101",
            "-1",
            "1.5",
            "x",
            "",
            "99999999999999999999",
            "1&limit=1",
        ] {
            let path = format!("{list}?limit={bad}");
            shop.api
                .get(path)
                .await
                .expect_error(400, "BadRequestError", "limit");
        }
        for bad in ["-1", "x", "", "1000000001", "0&offset=0"] {
            let path = format!("{list}?offset={bad}");
            shop.api
                .get(path)
                .await
                .expect_error(400, "BadRequestError", "offset");
        }
    }
}

#[tokio::test]
async fn a_product_past_its_date_reads_as_expired() {
    // Reference 5.3: "`expires` in the past makes ACTIVE/ACTTIVE read as `EXPIRED`"
    let bx = a_box().await;
    let api = bx.api();
    let until = json!({"_id": "short", "expires": "2026-01-31T11:00:00Z"});
    assert_eq!(given::product(&api, until).await["status"], "ACTTIVE");
    let inactive = json!({"_id": "off", "status": "INACTIVE", "expires": "2026-01-31T11:00:00Z"});
    given::product(&api, inactive).await;
    bx.advance(3601).await;
    assert_eq!(
        api.get("/product-specs/short").await.expect(200)["status"],
        "EXPIRED"
    );
    assert_eq!(
        api.get("/product-specs/off").await.expect(200)["status"],
        "INACTIVE"
    );
    let expired = api.get("/product-specs?status=EXPIRED").await.expect(200);
    assert_eq!(ids_of(&expired), ["short"]);
    assert_eq!(
        api.get("/product-specs?status=ACTTIVE").await.expect(200),
        json!([])
    );
}

#[tokio::test]
async fn a_customer_is_offered_only_what_may_be_ordered() {
    // Reference 2.6, 21: "by default active, unexpired, not DRAFT"
    let bx = a_box().await;
    let api = bx.api();
    let customer = super::customer(&api).await;
    for status in ["ACTTIVE", "INACTIVE", "EXPIRED", "DRAFT"] {
        given::product(&api, json!({"_id": status, "status": status})).await;
    }
    given::product(
        &api,
        json!({"_id": "soon-over", "expires": "2026-01-31T11:00:00Z"}),
    )
    .await;
    let path = format!("/customers/{customer}/product-specs");
    assert_eq!(
        ids_of(&api.get(&path).await.expect(200)),
        ["ACTTIVE", "soon-over"]
    );
    bx.advance(3601).await;
    assert_eq!(ids_of(&api.get(&path).await.expect(200)), ["ACTTIVE"]);
    let active = api.get(format!("{path}?status=ACTIVE")).await.expect(200);
    assert_eq!(ids_of(&active), ["ACTTIVE"]);
    let unknown = api.get(format!("{path}?status=DELETED")).await;
    unknown.expect_error(400, "BadRequestError", "status");
}

#[tokio::test]
async fn open_objects_come_back_as_they_were_sent() {
    // Reference 6, row 13: "stored as open objects with unknown keys preserved"
    let bx = a_box().await;
    let api = bx.api();
    let refs =
        r#"[{"z":1.50,"type":"a","id":12345678901234567890,"deep":{"b":[1e2,{}],"a":null}}]"#;
    let posters = r#"[{"url":"https://img.example/кино.png","height":1,"width":2.0}]"#;
    let body =
        format!(r#"{{"title":"A","serviceSpecs":[],"externalRefs":{refs},"posters":{posters}}}"#);
    let answer = api
        .send("POST", "/product-specs", Some(body.into_bytes()), &[])
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let path = format!("/product-specs/{}", id_of(&answer.json()));
    for text in [answer.text, api.get(path).await.text] {
        assert!(text.contains(refs), "{text}");
        assert!(text.contains(posters), "{text}");
    }
    let deepest = nested(16);
    let kept = given::product(&api, json!({"posters": vec![deepest.clone(); 64]})).await;
    assert_eq!(kept["posters"], json!(vec![deepest; 64]));
}

#[tokio::test]
async fn the_catalogue_is_changed_only_by_who_may() {
    let shop = a_shop().await;
    let auditor = shop.bx.client_of("auditor").await;
    let product = format!("/product-specs/{}", shop.product);
    let spec = format!("/service-specs/{}", shop.included[0]);
    let offers = shop.of_product("offers");
    let offer = shop.of_product(&format!("offers/{}", shop.offer));
    for (method, path) in [
        ("POST", "/product-specs"),
        ("PUT", product.as_str()),
        ("DELETE", product.as_str()),
        ("POST", "/service-specs"),
        ("PUT", spec.as_str()),
        ("POST", offers.as_str()),
        ("PATCH", offer.as_str()),
        ("DELETE", offer.as_str()),
    ] {
        let body = (method != "DELETE").then(|| b"{\"title\":5}".to_vec());
        let answer = auditor.send(method, path, body, &[]).await;
        answer.expect_error(403, "ForbiddenError", "");
    }
    for path in ["/product-specs", &product, &spec, &offers, &offer] {
        auditor.get(path).await.expect(200);
    }
    let answer = shop.api.delete("/product-specs").await;
    let allow = answer.headers["allow"].to_str().expect("text").to_owned();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    answer.expect_error(405, "MethodNotAllowedError", "DELETE is not allowed");
}
