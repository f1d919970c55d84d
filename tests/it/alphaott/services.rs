//! Services and service specifications, operations 15-20: reference sections 2.4, 2.5 and 5.3.
//! `POST /service-specs` and `PUT /service-specs/{id}` are our extensions.

use serde_json::{Value, json};

use super::{
    SERVICE_SAMPLE, assert_has, customer, id_of, ids_of, is_object_id, service_spec,
    service_spec_with,
};
use crate::support::fixture::a_box;
use crate::support::{Client, NOW};

const DAY: i64 = 86_400;
const STATUSES: [&str; 5] = ["ACTIVE", "INACTIVE", "EXPIRED", "FROZEN", "DELETED"];

async fn services_path(api: &Client) -> String {
    format!("/customers/{}/services", customer(api).await)
}

/// Adds a service and answers it, the last of the list.
async fn add(api: &Client, path: &str, body: Value) -> Value {
    let list = api.post(path, body).await.expect(201);
    list.as_array()
        .and_then(|list| list.last())
        .expect("a service")
        .clone()
}

// ---- service specifications ----

#[tokio::test]
async fn a_specification_reads_back() {
    let api = a_box().await.api();
    let body = json!({ "serviceType": "VOD", "contentType": "MOVIE", "scope": "ONE_ITEM",
                       "status": "INACTIVE", "expires": "2027-01-31T00:00:00.000Z",
                       "externalRefs": [{ "type": "chargebee-01", "id": "7" }] });
    let made = api.post("/service-specs", &body).await.expect(201);
    assert!(is_object_id(&id_of(&made)), "{made}");
    assert_has(&made, &body);
    assert_has(&made, &json!({ "created": NOW, "updated": NOW }));
    // §2.5: "ServiceSpec = Service without serviceSpec".
    assert!(made.get("serviceSpec").is_none(), "{made}");
    let read = api
        .get(format!("/service-specs/{}", id_of(&made)))
        .await
        .expect(200);
    assert_eq!(read, made);

    let least = json!({ "serviceType": "APPS", "contentType": "APP", "scope": "ALL_ITEMS" });
    let made = api.post("/service-specs", &least).await.expect(201);
    assert_has(&made, &least);
    assert_has(&made, &json!({ "status": "ACTIVE", "externalRefs": [] }));
    assert!(made.get("expires").is_none(), "{made}");
}

#[tokio::test]
async fn a_specification_of_every_kind() {
    let api = a_box().await.api();
    for service_type in ["LIVE_TV", "CATCHUP_TV", "RADIO", "VOD", "APPS"] {
        let spec = service_spec_with(&api, json!({ "serviceType": service_type })).await;
        let read = api.get(format!("/service-specs/{spec}")).await.expect(200);
        assert_eq!(read["serviceType"], service_type);
    }
    for content_type in ["TV", "RADIO", "MOVIE", "APP", "TV_SHOW"] {
        let spec = service_spec_with(&api, json!({ "contentType": content_type })).await;
        let read = api.get(format!("/service-specs/{spec}")).await.expect(200);
        assert_eq!(read["contentType"], content_type);
    }
}

#[tokio::test]
async fn a_bad_specification_is_refused_by_name() {
    let api = a_box().await.api();
    let good = json!({ "serviceType": "VOD", "contentType": "MOVIE", "scope": "ONE_ITEM" });
    for field in ["serviceType", "contentType", "scope"] {
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove(field);
        let answer = api.post("/service-specs", &missing).await;
        answer.expect_error(400, "BadRequestError", field);
    }
    for (field, value) in [
        ("serviceType", json!("TV")),
        ("serviceType", json!(7)),
        ("serviceType", Value::Null),
        ("contentType", json!("LIVE_TV")),
        ("contentType", json!(["TV"])),
        ("scope", json!("SOME_ITEMS")),
        ("scope", json!({})),
        ("status", json!("ACTTIVE")),
        ("status", json!("DRAFT")),
        ("status", json!(true)),
        ("expires", json!("tomorrow")),
        ("expires", json!(1)),
        ("expires", json!("99999-01-01T00:00:00Z")),
        ("externalRefs", json!({})),
        ("externalRefs", json!("x")),
        ("externalRefs[0]", json!(["x"])),
        ("externalRefs[1]", json!([{}, 7])),
        ("externalRefs", json!(vec![json!({}); 65])),
        ("_id", json!("")),
        ("_id", json!("a b")),
        ("_id", json!(7)),
    ] {
        let mut body = good.clone();
        body[field.split('[').next().unwrap()] = value;
        let answer = api.post("/service-specs", &body).await;
        answer.expect_error(400, "BadRequestError", field);
    }
    assert_eq!(api.get("/service-specs").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_specifications_own_id_is_kept_and_never_free_again() {
    let api = a_box().await.api();
    // §1.3: the "add service" sample passes a UUID as serviceSpec.
    for id in ["4e8e8494-ef9f-4bc1-9c65-31ef1e372f05", "a/b%20c", "7"] {
        assert_eq!(service_spec_with(&api, json!({ "_id": id })).await, id);
        let path = format!("/service-specs/{}", crate::support::segment(id));
        assert_eq!(api.get(path).await.expect(200)["_id"], id);
        let again = json!({ "_id": id, "serviceType": "VOD", "contentType": "MOVIE",
                            "scope": "ONE_ITEM" });
        api.post("/service-specs", again)
            .await
            .expect_error(409, "ConflictError", "");
    }
}

#[tokio::test]
async fn a_specification_is_updated_by_merging() {
    let the_box = a_box().await;
    let api = the_box.api();
    let refs = json!([{ "type": "chargebee-01", "id": "7" }]);
    let spec = service_spec_with(&api, json!({ "externalRefs": refs })).await;
    let path = format!("/service-specs/{spec}");
    let made = api.get(&path).await.expect(200);
    the_box.advance(60).await;
    for (method, change) in [
        ("PUT", json!({ "status": "INACTIVE" })),
        (
            "PATCH",
            json!({ "status": "ACTIVE", "expires": "2027-01-01T00:00:00.000Z" }),
        ),
    ] {
        let put = api.send_json(method, &path, &change).await.expect(200);
        assert_has(&put, &change);
        assert_has(
            &put,
            &json!({ "_id": spec, "serviceType": "LIVE_TV", "externalRefs": refs,
                     "created": made["created"], "updated": "2026-01-31T10:01:00.000Z" }),
        );
        assert_eq!(api.get(&path).await.expect(200), put);
    }
    let cleared = api.put(&path, json!({ "expires": null })).await.expect(200);
    assert!(cleared.get("expires").is_none(), "{cleared}");
    let nothing = json!({ "serviceType": null, "contentType": null, "externalRefs": null });
    assert_eq!(api.put(&path, nothing).await.expect(200), cleared);
    let nope = api.put("/service-specs/nope", json!({})).await;
    nope.expect_error(404, "NotFoundError", "");
    let nope = api.get("/service-specs/nope").await;
    nope.expect_error(404, "NotFoundError", "");
}

#[tokio::test]
async fn specifications_are_filtered_and_paged() {
    let api = a_box().await.api();
    let mut made = Vec::new();
    for (service_type, content_type, status) in [
        ("LIVE_TV", "TV", "ACTIVE"),
        ("RADIO", "RADIO", "ACTIVE"),
        ("VOD", "MOVIE", "INACTIVE"),
        ("VOD", "TV_SHOW", "ACTIVE"),
        ("APPS", "APP", "FROZEN"),
    ] {
        let body = json!({ "serviceType": service_type, "contentType": content_type,
                           "status": status });
        made.push(service_spec_with(&api, body).await);
    }
    // §1.4: "array filters are OR-ed; different filters AND-ed".
    let cases: &[(&str, &[usize])] = &[
        ("", &[0, 1, 2, 3, 4]),
        ("serviceType=VOD", &[2, 3]),
        ("serviceType=VOD&serviceType=RADIO", &[1, 2, 3]),
        ("serviceType[]=VOD&serviceType[]=RADIO", &[1, 2, 3]),
        ("serviceType=VOD,RADIO", &[1, 2, 3]),
        ("contentType=TV,APP", &[0, 4]),
        ("status=FROZEN,INACTIVE", &[2, 4]),
        ("serviceType=VOD&status=ACTIVE", &[3]),
        (
            "serviceType=VOD,LIVE_TV&contentType=TV,MOVIE&status=ACTIVE",
            &[0],
        ),
        ("serviceType=VOD&contentType=RADIO", &[]),
        ("limit=2", &[0, 1]),
        ("limit=2&offset=2", &[2, 3]),
        ("offset=4", &[4]),
        ("offset=5", &[]),
        ("status=ACTIVE&limit=1&offset=2", &[3]),
    ];
    for (query, found) in cases {
        let listed = api.get(format!("/service-specs?{query}")).await.expect(200);
        let expected: Vec<&String> = found.iter().map(|at| &made[*at]).collect();
        assert_eq!(
            ids_of(&listed).iter().collect::<Vec<_>>(),
            expected,
            "{query}"
        );
    }
}

// ---- services ----

#[tokio::test]
async fn a_service_takes_after_its_specification() {
    let api = a_box().await.api();
    let refs = json!([{ "type": "chargebee-01", "id": "7", "n": 1.5 }]);
    let spec = service_spec_with(&api, json!({ "scope": "ONE_ITEM", "externalRefs": refs })).await;
    let path = services_path(&api).await;
    assert_eq!(api.get(&path).await.expect(200), json!([]));
    let list = api
        .post(&path, json!({ "serviceSpec": spec }))
        .await
        .expect(201);
    // §2.4: "array of Service: the list after the addition"; "serviceType, contentType, scope,
    // externalRefs are copied from the spec".
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let service = &list[0];
    assert!(is_object_id(&id_of(service)), "{service}");
    assert_has(
        service,
        &json!({ "serviceSpec": spec, "serviceType": "LIVE_TV", "contentType": "TV",
                 "scope": "ONE_ITEM", "externalRefs": refs, "status": "ACTIVE",
                 "created": NOW, "activated": NOW, "updated": NOW }),
    );
    assert!(service.get("expires").is_none(), "{service}");
    assert_eq!(api.get(&path).await.expect(200), list);
    let read = api
        .get(format!("{path}/{}", id_of(service)))
        .await
        .expect(200);
    assert_eq!(&read, service);
}

#[tokio::test]
async fn the_vendors_sample_is_taken() {
    let api = a_box().await.api();
    let sample: Value = serde_json::from_str(SERVICE_SAMPLE).unwrap();
    service_spec_with(&api, json!({ "_id": sample["serviceSpec"] })).await;
    let path = services_path(&api).await;
    let list = api
        .send_text("POST", &path, SERVICE_SAMPLE)
        .await
        .expect(201);
    // §5.3: "expires in the past makes ACTIVE read as EXPIRED".
    assert_has(
        &list[0],
        &json!({ "serviceSpec": sample["serviceSpec"], "expires": sample["expires"],
                 "status": "EXPIRED" }),
    );
}

#[tokio::test]
async fn the_new_service_stands_last() {
    let api = a_box().await.api();
    let path = services_path(&api).await;
    let mut specs = Vec::new();
    for _ in 0..3 {
        specs.push(service_spec(&api).await);
    }
    specs.reverse();
    for count in 1..=3 {
        let list = api
            .post(&path, json!({ "serviceSpec": specs[count - 1] }))
            .await
            .expect(201);
        let held: Vec<&Value> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|service| &service["serviceSpec"])
            .collect();
        assert_eq!(held, specs[..count].iter().collect::<Vec<_>>());
        assert_eq!(api.get(&path).await.expect(200), list);
    }
}

#[tokio::test]
async fn a_bad_service_is_refused_by_name() {
    let api = a_box().await.api();
    let spec = service_spec(&api).await;
    let path = services_path(&api).await;
    for body in [None, Some(Vec::new())] {
        let answer = api.send("POST", &path, body, &[]).await;
        answer.expect_error(400, "BadRequestError", "serviceSpec");
    }
    for (body, field) in [
        (json!({}), "serviceSpec"),
        (json!({ "status": "ACTIVE" }), "serviceSpec"),
        (json!({ "serviceSpec": null }), "serviceSpec"),
        (json!({ "serviceSpec": [spec] }), "serviceSpec"),
        (json!({ "serviceSpec": {} }), "serviceSpec"),
        (json!({ "serviceSpec": true }), "serviceSpec"),
        (
            json!({ "serviceSpec": spec, "status": "ACTTIVE" }),
            "status",
        ),
        (json!({ "serviceSpec": spec, "status": "active" }), "status"),
        (json!({ "serviceSpec": spec, "status": 1 }), "status"),
        (json!({ "serviceSpec": spec, "expires": "soon" }), "expires"),
        (
            json!({ "serviceSpec": spec, "expires": 1_517_200_036 }),
            "expires",
        ),
        (
            json!({ "serviceSpec": spec, "expires": "99999-01-01T00:00:00Z" }),
            "expires",
        ),
        (
            json!({ "serviceSpec": spec, "expires": "1969-12-31T00:00:00Z" }),
            "expires",
        ),
    ] {
        api.post(&path, body)
            .await
            .expect_error(400, "BadRequestError", field);
    }
    // §2.4: "Missing/unknown serviceSpec -> 400/404".
    for unknown in [
        "nope",
        "000000000000000000000000",
        "4e8e8494-ef9f-4bc1-9c65-31ef1e372f05",
    ] {
        let body = json!({ "serviceSpec": unknown });
        api.post(&path, body)
            .await
            .expect_error(404, "NotFoundError", unknown);
    }
    assert_eq!(api.get(&path).await.expect(200), json!([]));
    let body = json!({ "serviceSpec": spec });
    let nobody = "/customers/nope/services";
    api.post(nobody, &body)
        .await
        .expect_error(404, "NotFoundError", "");
    api.get(nobody).await.expect_error(404, "NotFoundError", "");
}

#[tokio::test]
async fn a_held_specification_is_extended_not_doubled() {
    let the_box = a_box().await;
    let api = the_box.api();
    let spec = service_spec(&api).await;
    let path = services_path(&api).await;
    let body = json!({ "serviceSpec": spec, "expires": "2026-02-10T00:00:00Z" });
    let first = add(&api, &path, body).await;
    assert_eq!(first["expires"], "2026-02-10T00:00:00.000Z");
    the_box.advance(DAY).await;
    let body = json!({ "serviceSpec": spec, "expires": "2026-03-10T00:00:00Z" });
    let list = api.post(&path, body).await.expect(201);
    // §2.4: "adding an already-held spec extends/reactivates the existing service instead of
    // duplicating".
    assert_eq!(ids_of(&list), [id_of(&first)]);
    assert_has(
        &list[0],
        &json!({ "expires": "2026-03-10T00:00:00.000Z", "created": NOW, "status": "ACTIVE",
                 "updated": "2026-02-01T10:00:00.000Z" }),
    );
    assert_eq!(api.get(&path).await.expect(200), list);
    // Another customer's is another service.
    let other = services_path(&api).await;
    assert_ne!(
        add(&api, &other, json!({ "serviceSpec": spec })).await["_id"],
        first["_id"]
    );
}

#[tokio::test]
async fn a_held_specification_is_reactivated() {
    let the_box = a_box().await;
    let api = the_box.api();
    let path = services_path(&api).await;
    for status in ["INACTIVE", "FROZEN"] {
        let spec = service_spec(&api).await;
        let body = json!({ "serviceSpec": spec, "status": status });
        let held = add(&api, &path, body).await;
        assert_eq!(held["status"], status);
        let body = json!({ "serviceSpec": spec, "status": "ACTIVE" });
        api.post(&path, body).await.expect(201);
        let read = api
            .get(format!("{path}/{}", id_of(&held)))
            .await
            .expect(200);
        assert_eq!(read["status"], "ACTIVE");
    }
    assert_eq!(ids_of(&api.get(&path).await.expect(200)).len(), 2);
    // So is one that has run out.
    let path = services_path(&api).await;
    let spec = service_spec(&api).await;
    let body = json!({ "serviceSpec": spec, "expires": "2026-02-01T00:00:00Z" });
    let held = add(&api, &path, body).await;
    the_box.advance(2 * DAY).await;
    let own = format!("{path}/{}", id_of(&held));
    assert_eq!(api.get(&own).await.expect(200)["status"], "EXPIRED");
    let body = json!({ "serviceSpec": spec, "expires": "2026-03-01T00:00:00Z" });
    assert_eq!(
        ids_of(&api.post(&path, body).await.expect(201)),
        [id_of(&held)]
    );
    assert_eq!(api.get(&own).await.expect(200)["status"], "ACTIVE");
}

#[tokio::test]
async fn a_service_expires_when_its_time_has_come() {
    let the_box = a_box().await;
    let api = the_box.api();
    let path = services_path(&api).await;
    let forever = add(
        &api,
        &path,
        json!({ "serviceSpec": service_spec(&api).await }),
    )
    .await;
    let body = json!({ "serviceSpec": service_spec(&api).await,
                       "expires": "2026-02-01T10:00:00.000Z" });
    let daily = add(&api, &path, body).await;
    let body = json!({ "serviceSpec": service_spec(&api).await, "status": "FROZEN",
                       "expires": "2026-02-01T10:00:00.000Z" });
    let frozen = add(&api, &path, body).await;
    let own = format!("{path}/{}", id_of(&daily));

    the_box.advance(DAY - 1).await;
    assert_eq!(api.get(&own).await.expect(200)["status"], "ACTIVE");
    let active = api.get(format!("{path}?status=ACTIVE")).await.expect(200);
    assert_eq!(ids_of(&active), [id_of(&forever), id_of(&daily)]);
    assert_eq!(
        api.get(format!("{path}?status=EXPIRED")).await.expect(200),
        json!([])
    );

    // Access ends at the instant itself: a service is good while `expires` is after now.
    the_box.advance(1).await;
    assert_has(
        &api.get(&own).await.expect(200),
        &json!({ "status": "EXPIRED", "expires": "2026-02-01T10:00:00.000Z" }),
    );
    let list = api.get(&path).await.expect(200);
    assert_eq!(
        ids_of(&list),
        [id_of(&forever), id_of(&daily), id_of(&frozen)]
    );
    assert_eq!(list[1]["status"], "EXPIRED");
    let active = api.get(format!("{path}?status=ACTIVE")).await.expect(200);
    assert_eq!(ids_of(&active), [id_of(&forever)]);
    let expired = api.get(format!("{path}?status=EXPIRED")).await.expect(200);
    assert_eq!(ids_of(&expired), [id_of(&daily)]);
    // §5.3: "FROZEN = paused, term kept".
    assert_eq!(list[2]["status"], "FROZEN");
}

#[tokio::test]
async fn a_specification_expires_too() {
    let the_box = a_box().await;
    let api = the_box.api();
    let kept = service_spec(&api).await;
    let ends = json!({ "expires": "2026-02-01T10:00:00.000Z" });
    let ending = service_spec_with(&api, ends).await;
    let path = format!("/service-specs/{ending}");
    assert_eq!(api.get(&path).await.expect(200)["status"], "ACTIVE");
    the_box.advance(2 * DAY).await;
    assert_eq!(api.get(&path).await.expect(200)["status"], "EXPIRED");
    let expired = api.get("/service-specs?status=EXPIRED").await.expect(200);
    assert_eq!(ids_of(&expired), [ending]);
    let active = api.get("/service-specs?status=ACTIVE").await.expect(200);
    assert_eq!(ids_of(&active), [kept]);
}

#[tokio::test]
async fn a_removed_service_is_a_tombstone() {
    let api = a_box().await.api();
    let path = services_path(&api).await;
    let spec = service_spec(&api).await;
    let gone = add(&api, &path, json!({ "serviceSpec": spec })).await;
    let kept = add(
        &api,
        &path,
        json!({ "serviceSpec": service_spec(&api).await }),
    )
    .await;
    let own = format!("{path}/{}", id_of(&gone));
    // §2.4: "204; status becomes DELETED".
    let answer = api.delete(&own).await;
    assert_eq!(answer.text, "");
    answer.expect(204);
    api.get(&own)
        .await
        .expect_error(404, "NotFoundError", &id_of(&gone));
    assert_eq!(ids_of(&api.get(&path).await.expect(200)), [id_of(&kept)]);
    let tombs = api.get(format!("{path}?status=DELETED")).await.expect(200);
    assert_eq!(ids_of(&tombs), [id_of(&gone)]);
    assert_has(
        &tombs[0],
        &json!({ "status": "DELETED", "serviceSpec": spec }),
    );
    let both = api
        .get(format!("{path}?status=ACTIVE,DELETED"))
        .await
        .expect(200);
    assert_eq!(ids_of(&both), [id_of(&gone), id_of(&kept)]);
    api.delete(&own)
        .await
        .expect_error(404, "NotFoundError", "");
    // A tombstone is not held: the specification added again is a new service.
    let again = add(&api, &path, json!({ "serviceSpec": spec })).await;
    assert_eq!(again["status"], "ACTIVE");
    assert!(
        again["_id"] != gone["_id"] && again["_id"] != kept["_id"],
        "{again}"
    );
    let tombs = api.get(format!("{path}?status=DELETED")).await.expect(200);
    assert_eq!(ids_of(&tombs), [id_of(&gone)]);
}

#[tokio::test]
async fn services_are_filtered_but_not_paged() {
    let api = a_box().await.api();
    let path = services_path(&api).await;
    let mut made = Vec::new();
    for status in ["ACTIVE", "INACTIVE", "FROZEN"] {
        let body = json!({ "serviceSpec": service_spec(&api).await, "status": status });
        made.push(id_of(&add(&api, &path, body).await));
    }
    for query in [
        "status=FROZEN&status=INACTIVE",
        "status[]=INACTIVE&status[]=FROZEN",
        "status=INACTIVE,FROZEN",
    ] {
        let listed = api.get(format!("{path}?{query}")).await.expect(200);
        assert_eq!(ids_of(&listed), made[1..], "{query}");
    }
    let all = format!("{path}?status={}", STATUSES.join(","));
    assert_eq!(ids_of(&api.get(all).await.expect(200)), made);
    // §1.4: "Not on: devices, services".
    let paged = api
        .get(format!("{path}?limit=1&offset=1"))
        .await
        .expect(200);
    assert_eq!(ids_of(&paged), made);
    for query in [
        "status=",
        "status=frozen",
        "status=ACTTIVE",
        "status[]=STOCK",
    ] {
        let answer = api.get(format!("{path}?{query}")).await;
        answer.expect_error(400, "BadRequestError", "status");
    }
}

#[tokio::test]
async fn a_service_is_found_under_its_own_customer_only() {
    let api = a_box().await.api();
    let (path, other) = (services_path(&api).await, services_path(&api).await);
    let service = add(
        &api,
        &path,
        json!({ "serviceSpec": service_spec(&api).await }),
    )
    .await;
    for own in [
        format!("{other}/{}", id_of(&service)),
        format!("{path}/nope"),
    ] {
        api.get(&own).await.expect_error(404, "NotFoundError", "");
        api.delete(&own)
            .await
            .expect_error(404, "NotFoundError", "");
    }
    let own = format!("{path}/{}", id_of(&service));
    assert_eq!(api.get(&own).await.expect(200)["status"], "ACTIVE");
    // §2.0: "no update customer service".
    let put = api.put(&own, json!({ "status": "FROZEN" })).await;
    put.expect_error(405, "MethodNotAllowedError", "PUT is not allowed");
}

/// What is not said stays: a right given until a day does not become endless, nor shorter, by
/// being given again without one.
#[tokio::test]
async fn giving_again_without_an_end_keeps_the_end() {
    let api = a_box().await.api();
    let path = services_path(&api).await;
    let spec = service_spec(&api).await;
    let dated = json!({ "serviceSpec": spec, "expires": "2027-01-01T00:00:00.000Z" });
    add(&api, &path, dated).await;
    let frozen = add(
        &api,
        &path,
        json!({ "serviceSpec": spec, "status": "FROZEN" }),
    )
    .await;
    assert_eq!(frozen["expires"], "2027-01-01T00:00:00.000Z");
    let endless = add(&api, &path, json!({ "serviceSpec": spec, "expires": null })).await;
    assert!(endless.get("expires").is_none(), "{endless}");
}
