//! What is read and sent back changes nothing: every resource, whole, by PUT and by PATCH, also
//! where one fact stands twice in it.

use boxoffice::app::clock::Clock;
use boxoffice::domain::event::Audit;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::store::Read as _;
use serde_json::{Value, json};

use super::given::{self, Shop, merged};
use super::{CUSTOMER_SAMPLE, DEVICE_SAMPLE, id_of};
use crate::support::TestBox;
use crate::support::fixture::a_shop;

/// A box whose clock stands between two milliseconds, as clocks do.
async fn shop(folder: &std::path::Path) -> Shop {
    let start = Timestamp::parse("2026-01-31T10:00:00.123456Z").expect("an instant");
    a_shop()
        .in_folder(folder)
        .seed(41)
        .by_clock(Clock::test(start))
        .await
}

/// What the audit log says was changed, less when.
fn said(bx: &TestBox) -> Vec<String> {
    let lines: Vec<Audit> = bx.app().store.read().unwrap().all().unwrap();
    let changes = lines.iter().flat_map(|line| {
        let changed = line
            .changes
            .iter()
            .filter(|change| change.field != "updated_at");
        changed.map(|change| {
            let (from, to) = (&change.before, &change.after);
            format!("{} {}: {from} -> {to}", line.action, change.field)
        })
    });
    changes.collect()
}

/// As it is shown, less when it was changed.
async fn shown(shop: &Shop, path: &str) -> Value {
    let mut shown = shop.api.get(path).await.expect(200);
    shown.as_object_mut().expect("an object").remove("updated");
    shown
}

/// Sends `body` by both methods; nothing may come of it.
async fn nothing_comes_of(shop: &Shop, path: &str, body: &Value) {
    let (before, said_before) = (shown(shop, path).await, said(&shop.bx));
    for method in ["PUT", "PATCH"] {
        let sent = shop.api.send_json(method, path, body).await;
        assert_eq!(sent.status, 200, "{method} {path} {body}: {}", sent.told());
        assert_eq!(shown(shop, path).await, before, "{method} {path} {body}");
        let said = said(&shop.bx);
        assert_eq!(said, said_before, "{method} {path} {body}");
    }
}

/// As it was read; with null for every member that may be left out and is not there; and each
/// member by itself.
async fn as_read(shop: &Shop, path: &str, may_lack: &[&str]) {
    let whole = shop.api.get(path).await.expect(200);
    nothing_comes_of(shop, path, &whole).await;
    let mut nulls = whole.clone();
    for member in may_lack {
        if nulls[member].is_null() {
            nulls[member] = Value::Null;
        }
    }
    nothing_comes_of(shop, path, &nulls).await;
    for (name, value) in whole.as_object().expect("an object") {
        nothing_comes_of(shop, path, &json!({ name: value })).await;
    }
}

const CUSTOMER_MAY_LACK: &[&str] = &[
    "activated",
    "email",
    "location",
    "billingAddress",
    "address",
    "login",
    "accountNumber",
];

#[tokio::test]
async fn a_customer_is_sent_back_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let sample: Value = serde_json::from_str(CUSTOMER_SAMPLE).expect("JSON");
    let refs = json!([{"type": "crm", "id": "77"}, {"type": "accountNumber"}]);
    for (number, more) in [
        json!({}),
        json!({"status": "SUSPENDED_BY_CUSTOMER", "activated": null}),
        json!({"login": "ann", "accountNumber": "100200", "externalRefs": refs}),
        json!({"login": " padded ", "accountNumber": " 7 ", "externalRefs": []}),
        merged(
            sample,
            json!({"_id": null, "login": "oliver", "email": "o@queen.example"}),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = more;
        if let Some(body) = body.as_object_mut() {
            body.retain(|name, value| name != "_id" || !value.is_null());
        }
        let made = shop.api.post("/customers", &body).await;
        assert_eq!(made.status, 201, "{number}: {}", made.told());
        let path = format!("/customers/{}", id_of(&made.json()));
        as_read(&shop, &path, CUSTOMER_MAY_LACK).await;
    }
}

/// The contract number stands in a member of its own and among the references: whichever of the two
/// comes back, or both, it stays. Where they differ its own member counts, null too.
#[tokio::test]
async fn a_contract_number_that_stands_twice_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let crm = json!({"type": "crm", "id": "77"});
    let body = json!({"accountNumber": "100200", "externalRefs": [crm]});
    let made = shop.api.post("/customers", body).await.expect(201);
    let path = format!("/customers/{}", id_of(&made));
    let number = json!({"type": "accountNumber", "id": "100200"});
    assert_eq!(made["externalRefs"], json!([crm, number]));
    for same in [
        json!({"externalRefs": [crm, number]}),
        json!({"externalRefs": [number, crm]}),
        json!({"externalRefs": [crm]}),
        json!({"accountNumber": "100200"}),
        json!({"accountNumber": "100200", "externalRefs": [crm]}),
        json!({"accountNumber": "100200", "externalRefs": [crm, number]}),
        json!({"externalRefs": null}),
    ] {
        nothing_comes_of(&shop, &path, &same).await;
    }
    for (change, left) in [
        (
            json!({"accountNumber": "5", "externalRefs": [crm, number]}),
            json!("5"),
        ),
        (
            json!({"accountNumber": null, "externalRefs": [crm, number]}),
            Value::Null,
        ),
        (json!({"externalRefs": [crm, number]}), json!("100200")),
        (json!({"accountNumber": null}), Value::Null),
    ] {
        shop.api.put(&path, change.clone()).await.expect(200);
        let now = shop.api.get(&path).await.expect(200);
        assert_eq!(now["accountNumber"], left, "{change}");
        let mut refs = vec![crm.clone()];
        if let Some(id) = left.as_str() {
            refs.push(json!({"type": "accountNumber", "id": id}));
        }
        assert_eq!(now["externalRefs"], json!(refs), "{change}");
    }
    // Without one, null is what was read.
    nothing_comes_of(
        &shop,
        &path,
        &json!({"accountNumber": null, "externalRefs": [crm]}),
    )
    .await;
}

#[tokio::test]
async fn a_device_is_sent_back_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let mut sample: Value = serde_json::from_str(DEVICE_SAMPLE).expect("JSON");
    sample.as_object_mut().expect("an object").remove("_id");
    for body in [json!({"mac": "00:1A:79:00:00:01"}), sample] {
        let path = shop.of_customer("devices");
        let made = shop.api.post(path, body).await.expect(201);
        let path = shop.of_customer(&format!("devices/{}", id_of(&made[0])));
        as_read(&shop, &path, &[]).await;
    }
}

#[tokio::test]
async fn the_catalogue_is_sent_back_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    as_read(&shop, &format!("/service-specs/{}", shop.included[0]), &[]).await;
    as_read(&shop, &format!("/product-specs/{}", shop.product), &[]).await;
    let charges = json!([
        {"type": "RECURRING", "title": "TV", "amount": "12.50", "currency": "USD", "taxRate": 7.5},
        {"type": "ONE_TIME", "title": "Visit", "amount": 30, "currency": "USD",
         "taxIncluded": false, "taxRates": [{"from": "2027-01-01", "rate": 21}],
         "refundable": true},
    ]);
    for more in [
        json!({}),
        json!({"type": "RECURRING", "duration": 3, "period": "MONTH", "numberOfBillingCycles": 4,
            "charges": charges, "billing": "POSTPAID",
            "dunning": {"grace_days": 5, "suspend_days": 9, "reminder_days": [1, 4]}}),
        json!({"type": "RECURRING", "charges": charges, "eligibility": {"newCustomers": true}}),
        json!({"type": "ONE_TIME", "duration": 1, "period": "QUARTER", "charges": []}),
    ] {
        let offer = given::offer(&shop.api, &shop.product, more).await;
        let path = shop.of_product(&format!("offers/{}", id_of(&offer)));
        as_read(&shop, &path, &[]).await;
    }
}

#[tokio::test]
async fn an_order_is_sent_back_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    let charges = json!([
        {"type": "RECURRING", "title": "TV", "amount": "10.00", "currency": "USD"},
    ]);
    let offer = json!({"type": "RECURRING", "charges": charges, "billing": "POSTPAID"});
    let offer = id_of(&given::offer(&shop.api, &shop.product, offer).await);
    for more in [
        json!({}),
        json!({"offer": offer, "createCustomerServices": true}),
        json!({"offer": offer, "numberOfBillingCycles": 3, "externalRefs": [{"a": 1}]}),
        json!({"offer": offer, "status": "INACTIVE"}),
        json!({"offer": offer, "status": "CANCELED"}),
        json!({"offer": offer, "expires": "2026-05-01T00:00:00.5Z"}),
        json!({"offer": offer, "nextBillingCycle": "2026-02-10T00:00:00.5Z"}),
        json!({"offer": offer, "paidUntil": "2026-02-10T00:00:00.5Z"}),
    ] {
        let order = shop.place(more).await;
        let path = shop.of_customer(&format!("orders/{}", id_of(&order)));
        as_read(&shop, &path, &["expires", "nextBillingCycle"]).await;
    }
}
