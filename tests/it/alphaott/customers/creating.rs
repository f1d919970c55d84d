//! Making a customer: defaults, the vendor's sample, statuses, dates, and what is ours to give.

use serde_json::{Value, json};

use super::NAMES;
use crate::alphaott::{CUSTOMER_SAMPLE, assert_has, id_of, ids_of, is_object_id};
use crate::support::NOW;
use crate::support::fixture::a_box;

#[tokio::test]
async fn a_customer_of_nothing_has_the_defaults() {
    let api = a_box().await.api();
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
    let api = a_box().await.api();
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
    let api = a_box().await.api();
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
    let api = a_box().await.api();
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
    let api = a_box().await.api();
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
    let api = a_box().await.api();
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
    let api = a_box().await.api();
    // §6 row 15: "accept on create (imports), ignore created on update".
    let dates = json!({ "created": "2017-05-12T14:16:27.134Z",
                        "activated": "2018-05-12T14:16:27.000Z" });
    let made = api.post("/customers", &dates).await.expect(201);
    assert_has(&made, &dates);
}

#[tokio::test]
async fn dates_are_taken_with_any_offset_and_told_in_utc() {
    let api = a_box().await.api();
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
    let api = a_box().await.api();
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
    let api = a_box().await.api();
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
    let the_box = a_box().await;
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
