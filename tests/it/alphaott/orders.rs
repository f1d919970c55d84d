//! Who holds what and until when: operations 32 to 36 of reference section 2.0, the terms of
//! section 5.4 and what an order's status does to its services.

use serde_json::{Value, json};

use super::given::{
    self, GOOD_IDS, Shop, absent, assert_judges_the_body, assert_removed, bad_ids, merged,
};
use super::{assert_has, id_of, ids_of, is_object_id};
use crate::support::TestBox;

const DAY: i64 = 24 * 60 * 60;

async fn shop_in(time_zone: &str) -> Shop {
    let bx = TestBox::start().await;
    let provider = json!({"name": "Example TV", "currency": "EUR", "time_zone": time_zone});
    bx.apply(json!({"provider": provider})).await;
    Shop::open_in(bx).await
}

// ---- placing

#[tokio::test]
async fn an_order_takes_its_terms_from_its_offer() {
    // Reference 2.7, 33: "Missing `duration`, `period`, `type`, `numberOfBillingCycles` are taken
    // from the offer; `customer` from the path; `created` now; `status` `ACTTIVE`"
    let shop = Shop::open().await;
    let terms = json!({"type": "RECURRING", "duration": 3, "period": "MONTH",
                       "numberOfBillingCycles": 12});
    let offer = id_of(&given::offer(&shop.api, &shop.product, terms.clone()).await);
    let body = json!({"offer": offer});
    let made = shop
        .api
        .post(shop.of_customer("orders"), body)
        .await
        .expect(201);
    let expected = merged(
        terms,
        json!({"status": "ACTTIVE", "offer": offer, "customer": shop.customer,
               "created": "2026-01-31T10:00:00.000Z", "expires": "2026-04-30T10:00:00.000Z",
               "nextBillingCycle": "2026-04-30T10:00:00.000Z", "externalRefs": []}),
    );
    assert_has(&made, &expected);
    assert!(is_object_id(&id_of(&made)), "{made}");
    assert_eq!(shop.order(&made).await, made);
    let all = shop.api.get(shop.of_customer("orders")).await.expect(200);
    assert_eq!(all, json!([made]));
}

#[tokio::test]
async fn an_order_is_created_with_every_documented_field() {
    // Reference section 6, row 15: `created` "accept on create (imports)"; the term counts from it
    let shop = Shop::open().await;
    let sample: Value =
        serde_json::from_str(include_str!("../data/alphaott/order.json")).expect("a JSON file");
    let sent = merged(
        sample,
        json!({"offer": shop.offer, "customer": shop.customer}),
    );
    let made = shop.place(sent.clone()).await;
    let mut shown = sent;
    let flag = shown
        .as_object_mut()
        .and_then(|order| order.remove("createCustomerServices"));
    assert_eq!(flag, Some(json!(false)));
    assert_has(&made, &shown);
    assert_eq!(made["expires"], "2026-02-15T08:00:00.000Z");
    assert_eq!(shop.order(&made).await, made);
}

#[tokio::test]
async fn null_on_create_is_absence() {
    let shop = Shop::open().await;
    let made = shop
        .place(
            json!({"_id": null, "duration": null, "period": null, "type": null,
                      "status": null, "created": null, "createCustomerServices": null}),
        )
        .await;
    assert_eq!(made["status"], "ACTTIVE");
    assert_eq!(made["expires"], "2026-02-28T10:00:00.000Z");
    assert_eq!(shop.services().await, Vec::<Value>::new());
}

#[tokio::test]
async fn order_statuses_are_spelt_as_the_vendor_spells_them() {
    // Reference 1.6: `ACTTIVE` with two Ts, `CANCELED` with one L
    let shop = Shop::open().await;
    let order = shop.place(json!({})).await;
    for (sent, shown) in [
        ("ACTIVE", "ACTTIVE"),
        ("ACTTIVE", "ACTTIVE"),
        ("INACTIVE", "INACTIVE"),
        ("CANCELED", "CANCELED"),
        ("EXPIRED", "EXPIRED"),
    ] {
        assert_eq!(shop.place(json!({"status": sent})).await["status"], shown);
        assert_eq!(
            shop.change(&order, json!({"status": sent})).await["status"],
            shown
        );
        assert_eq!(shop.order(&order).await["status"], shown);
    }
    let path = shop.of_customer("orders");
    let two = shop
        .api
        .post(path, json!({"offer": shop.offer, "status": "CANCELLED"}))
        .await;
    two.expect_error(400, "BadRequestError", "status");
}

#[tokio::test]
async fn an_order_is_refused_by_the_name_of_its_field() {
    let shop = Shop::open().await;
    let path = shop.of_customer("orders");
    for (field, value) in [
        ("offer", json!(null)),
        ("offer", json!(7)),
        ("duration", json!(-1)),
        ("duration", json!("1")),
        ("duration", json!(1201)),
        ("period", json!("WEEK")),
        ("type", json!("ONCE")),
        ("status", json!("acttive")),
        ("numberOfBillingCycles", json!(-1)),
        // Reference 1.6: "order's `numberOfBillingCycles` typed `integer`"
        ("numberOfBillingCycles", json!(1.5)),
        ("created", json!("yesterday")),
        ("externalRefs[0]", json!([1])),
    ] {
        let key = field.split('[').next().unwrap_or(field);
        let body = json!({"offer": shop.offer, key: value});
        shop.api
            .post(&path, body)
            .await
            .expect_error(400, "BadRequestError", field);
    }
    let without = shop.api.send("POST", &path, None, &[]).await;
    without.expect_error(400, "BadRequestError", "offer");
    let unknown = shop.api.post(&path, json!({"offer": "nope"})).await;
    unknown.expect_error(404, "NotFoundError", "product offer nope not found");
    assert_judges_the_body(&shop.api, "POST", &path).await;
    assert_eq!(shop.api.get(&path).await.expect(200), json!([]));
}

#[tokio::test]
async fn only_what_is_for_sale_can_be_ordered() {
    // Reference 5.3: ProductSpec: "only ACTTIVE is offered"; ProductOffer: "only ACTTIVE can be
    // ordered"
    let shop = Shop::open().await;
    let path = shop.of_customer("orders");
    let soon = json!({"expires": "2026-01-31T10:30:00Z"});
    let mut unsold = vec![id_of(
        &given::offer(&shop.api, &shop.product, json!({"status": "INACTIVE"})).await,
    )];
    for status in ["INACTIVE", "EXPIRED", "DRAFT"] {
        let product = id_of(&given::product(&shop.api, json!({"status": status})).await);
        unsold.push(id_of(&given::offer(&shop.api, &product, json!({})).await));
    }
    let short = id_of(&given::product(&shop.api, soon.clone()).await);
    unsold.push(id_of(&given::offer(&shop.api, &short, json!({})).await));
    unsold.push(id_of(&given::offer(&shop.api, &shop.product, soon).await));
    shop.bx.advance(3600).await;
    for offer in unsold {
        let answer = shop.api.post(&path, json!({"offer": offer})).await;
        answer.expect_error(409, "ConflictError", "offer");
    }
    shop.place(json!({})).await;
}

#[tokio::test]
async fn ids_brought_by_a_client_are_kept_and_never_free_again() {
    // Reference 1.3: "external order ids 32 alphanumerics"; section 6, row 14: "409 on clash"
    let shop = Shop::open().await;
    let others = format!("/customers/{}/orders", super::customer(&shop.api).await);
    let path = shop.of_customer("orders");
    let body = |brought: &str| json!({"_id": brought, "offer": shop.offer});
    for brought in GOOD_IDS
        .into_iter()
        .chain(["4qiN5QfYPN8U48nSMRX3FMgJJbJ28HFH"])
    {
        let made = shop.place(json!({"_id": brought})).await;
        assert_eq!(made["_id"], brought);
        assert_eq!(shop.order(&made).await, made);
        let one = shop.of_customer(&format!("orders/{brought}"));
        shop.api
            .post(&path, body(brought))
            .await
            .expect_error(409, "ConflictError", "");
        shop.api
            .post(&others, body(brought))
            .await
            .expect_error(409, "ConflictError", "");
        assert_removed(&shop.api.delete(one).await);
        shop.api
            .post(&path, body(brought))
            .await
            .expect_error(409, "ConflictError", "");
    }
    for bad in bad_ids() {
        let answer = shop
            .api
            .post(&path, json!({"_id": bad, "offer": shop.offer}))
            .await;
        answer.expect_error(400, "BadRequestError", "_id");
    }
    assert_eq!(shop.api.get(&others).await.expect(200), json!([]));
}

// ---- services

#[tokio::test]
async fn services_are_made_only_for_a_json_true() {
    // Reference 1.6: "`booelan` ... only JSON `true` enables"; 2.7, 33: "flag not echoed"
    for (flag, services) in [
        (json!(true), 2),
        (json!(false), 0),
        (json!(null), 0),
        (json!("true"), 0),
        (json!("1"), 0),
        (json!(1), 0),
    ] {
        let shop = Shop::open().await;
        let body = json!({"offer": shop.offer, "createCustomerServices": flag});
        let answer = shop.api.post(shop.of_customer("orders"), body).await;
        let not_a_boolean = !(flag.is_boolean() || flag.is_null());
        assert!(
            answer.status == 201 || not_a_boolean && answer.status == 400,
            "{flag}"
        );
        assert!(
            !answer.text.contains("\"createCustomerServices\":"),
            "{flag}"
        );
        assert_eq!(shop.services().await.len(), services, "{flag}");
    }
    let shop = Shop::open().await;
    shop.place(json!({})).await;
    assert!(shop.services().await.is_empty(), "the default is false");
}

#[tokio::test]
async fn an_order_with_services_makes_one_for_each_included_spec() {
    // Reference 5.5: "for each id in offer -> productSpec -> `serviceSpecs[]`, a Service with
    // `expires` = the order's"
    let shop = Shop::open().await;
    let order = shop.place(json!({"createCustomerServices": true})).await;
    assert!(absent(&order, "createCustomerServices"));
    assert!(absent(&shop.order(&order).await, "createCustomerServices"));
    let services = shop.services().await;
    let specs: Vec<_> = services.iter().map(|s| s["serviceSpec"].clone()).collect();
    assert_eq!(json!(specs), json!(shop.included));
    let kinds: Vec<_> = services.iter().map(|s| s["serviceType"].clone()).collect();
    assert_eq!(json!(kinds), json!(["LIVE_TV", "RADIO"]));
    for service in services {
        assert_eq!(service["status"], "ACTIVE");
        assert_eq!(service["scope"], "ALL_ITEMS");
        assert_eq!(service["expires"], order["expires"]);
    }
}

#[tokio::test]
async fn an_endless_order_makes_endless_services() {
    let shop = Shop::open().await;
    let order = shop
        .place(json!({"duration": 0, "createCustomerServices": true}))
        .await;
    assert!(absent(&order, "expires"));
    shop.bx.advance(400 * DAY).await;
    assert_eq!(shop.order(&order).await["status"], "ACTTIVE");
    for service in shop.services().await {
        assert_eq!(service["status"], "ACTIVE");
        assert!(absent(&service, "expires"));
    }
}

#[tokio::test]
async fn an_order_past_its_date_reads_as_expired() {
    // Reference 5.3: "`expires` in the past makes ACTIVE/ACTTIVE read as `EXPIRED`"
    let shop = Shop::open().await;
    let terms = json!({"period": "DAY", "createCustomerServices": true});
    let order = shop.place(terms).await;
    shop.bx.advance(DAY - 1).await;
    assert_eq!(shop.order(&order).await["status"], "ACTTIVE");
    assert!(
        shop.services()
            .await
            .iter()
            .all(|s| s["status"] == "ACTIVE")
    );
    shop.bx.advance(2).await;
    assert_eq!(shop.order(&order).await["status"], "EXPIRED");
    assert!(
        shop.services()
            .await
            .iter()
            .all(|s| s["status"] == "EXPIRED")
    );
    for (status, shown) in [("EXPIRED", 1), ("ACTTIVE", 0)] {
        let path = shop.of_customer(&format!("orders?status={status}"));
        assert_eq!(
            ids_of(&shop.api.get(path).await.expect(200)).len(),
            shown,
            "{status}"
        );
    }
}

#[tokio::test]
async fn the_status_of_an_order_reaches_its_services() {
    // Reference section 6, row 22: "EXPIRED/INACTIVE/DELETED: services made by this order become
    // EXPIRED/INACTIVE/DELETED", "CANCELED: services run to `expires`"
    for (status, services) in [
        ("EXPIRED", "EXPIRED"),
        ("INACTIVE", "INACTIVE"),
        ("DELETED", "DELETED"),
        ("CANCELED", "ACTIVE"),
    ] {
        let shop = Shop::open().await;
        let direct = super::service_spec(&shop.api).await;
        let body = json!({"serviceSpec": direct});
        shop.api
            .post(shop.of_customer("services"), body)
            .await
            .expect(201);
        let order = shop.place(json!({"createCustomerServices": true})).await;
        assert_eq!(
            shop.change(&order, json!({"status": status})).await["status"],
            status
        );
        for service in shop.services().await {
            let own = service["serviceSpec"] == direct;
            assert_eq!(
                service["status"],
                if own { "ACTIVE" } else { services },
                "{status}"
            );
        }
    }
}

#[tokio::test]
async fn a_canceled_order_runs_to_its_end() {
    let shop = Shop::open().await;
    let order = shop
        .place(json!({"type": "RECURRING", "createCustomerServices": true}))
        .await;
    shop.change(&order, json!({"status": "CANCELED"})).await;
    for (days, status) in [(27, "ACTIVE"), (2, "EXPIRED")] {
        shop.bx.advance(days * DAY).await;
        for service in shop.services().await {
            assert_eq!(service["status"], status);
            assert_eq!(service["expires"], "2026-02-28T10:00:00.000Z");
        }
    }
    assert_ne!(shop.order(&order).await["status"], "ACTTIVE");
}

#[tokio::test]
async fn a_new_date_of_an_order_is_copied_to_its_services() {
    // Reference section 6, row 22: "`expires` change is copied to them"
    let shop = Shop::open().await;
    let order = shop.place(json!({"createCustomerServices": true})).await;
    let sent = json!({"expires": "2026-06-01T02:00:00.5+02:00"});
    let changed = shop.change(&order, sent).await;
    assert_eq!(changed["expires"], "2026-06-01T00:00:00.500Z");
    for service in shop.services().await {
        assert_eq!(service["expires"], "2026-06-01T00:00:00.500Z");
    }
    let cleared = shop.change(&order, json!({"expires": null})).await;
    assert!(absent(&cleared, "expires"));
    assert!(shop.services().await.iter().all(|s| absent(s, "expires")));
}

// ---- updating and removing

#[tokio::test]
async fn only_four_members_of_an_order_can_be_changed() {
    // Reference 2.7, 35: "only `status`, `expires`, `nextBillingCycle`, `numberOfBillingCycles`"
    let shop = Shop::open().await;
    let order = shop.place(json!({"type": "RECURRING"})).await;
    shop.bx.advance(60).await;
    let ignored = json!({
        "_id": "other", "duration": 7, "period": "YEAR", "type": "ONE_TIME", "offer": "nothing",
        "customer": "nobody", "created": "2001-01-01T00:00:00Z", "createCustomerServices": true,
        "updated": "2001-01-01T00:00:00Z", "externalRefs": [{"type": "a", "id": "b"}],
    });
    let mut after = shop.change(&order, ignored).await;
    after["updated"] = order["updated"].clone();
    assert_eq!(after, order);
    assert!(shop.services().await.is_empty());

    let four = json!({"status": "INACTIVE", "expires": "2026-05-01T00:00:00.000Z",
                      "nextBillingCycle": "2026-04-30T00:00:00.000Z", "numberOfBillingCycles": 6});
    let changed = shop.change(&order, four.clone()).await;
    let updated = json!({"updated": "2026-01-31T10:01:00.000Z"});
    assert_eq!(changed, merged(merged(order.clone(), four), updated));
    assert_eq!(shop.order(&order).await, changed);

    let path = shop.of_customer(&format!("orders/{}", id_of(&order)));
    let patched = shop
        .api
        .patch(path, json!({"nextBillingCycle": null}))
        .await
        .expect(200);
    assert!(absent(&patched, "nextBillingCycle"));
    assert_eq!(patched["status"], "INACTIVE");
}

#[tokio::test]
async fn a_change_of_an_order_is_refused_by_the_name_of_its_field() {
    let shop = Shop::open().await;
    let order = shop.place(json!({})).await;
    let path = shop.of_customer(&format!("orders/{}", id_of(&order)));
    for (field, value) in [
        ("status", json!("CANCELLED")),
        ("status", json!(1)),
        ("expires", json!("2026-13-01T00:00:00Z")),
        ("expires", json!("2026-03-01")),
        ("expires", json!("1969-12-31T23:59:59.999Z")),
        ("nextBillingCycle", json!(1_769_853_600)),
        ("numberOfBillingCycles", json!(-1)),
        ("numberOfBillingCycles", json!(2.5)),
        ("numberOfBillingCycles", json!("3")),
    ] {
        let answer = shop.api.put(&path, json!({field: value})).await;
        answer.expect_error(400, "BadRequestError", field);
    }
    // null for a word or a number is nothing said.
    let nothing = json!({"status": null, "numberOfBillingCycles": null});
    assert_eq!(shop.api.put(&path, nothing).await.expect(200), order);
    // Reference 2.7, 35: "body required"
    assert_eq!(shop.api.send("PUT", &path, None, &[]).await.status, 400);
    assert_judges_the_body(&shop.api, "PUT", &path).await;
    assert_eq!(shop.order(&order).await, order);
}

#[tokio::test]
async fn a_removed_order_is_a_tombstone() {
    // Reference 2.7, 36: "204, status `DELETED`"; 5.3: "Unfiltered lists leave out `DELETED`;
    // `status=DELETED` shows them"
    let shop = Shop::open().await;
    let order = shop.place(json!({"createCustomerServices": true})).await;
    let path = shop.of_customer(&format!("orders/{}", id_of(&order)));
    assert_removed(&shop.api.delete(&path).await);
    shop.api
        .get(&path)
        .await
        .expect_error(404, "NotFoundError", &id_of(&order));
    assert!(
        shop.services()
            .await
            .iter()
            .all(|s| s["status"] == "DELETED")
    );
    let list = shop.of_customer("orders");
    assert_eq!(shop.api.get(&list).await.expect(200), json!([]));
    let deleted = shop
        .api
        .get(format!("{list}?status=DELETED"))
        .await
        .expect(200);
    assert_eq!(ids_of(&deleted), [id_of(&order)]);
    assert_eq!(deleted[0]["status"], "DELETED");
    shop.api
        .delete(&path)
        .await
        .expect_error(404, "NotFoundError", "");
    let changed = shop.api.put(&path, json!({"status": "ACTTIVE"})).await;
    changed.expect_error(404, "NotFoundError", "");
}

#[tokio::test]
async fn orders_are_filtered_by_status_and_come_in_pages() {
    // Reference 1.4 and 1.6: repeated, bracketed and joined values; both spellings match
    let shop = Shop::open().await;
    for status in ["ACTTIVE", "INACTIVE", "CANCELED", "EXPIRED"] {
        shop.place(json!({"_id": status, "status": status})).await;
    }
    for (query, expected) in [
        ("", vec!["ACTTIVE", "INACTIVE", "CANCELED", "EXPIRED"]),
        ("status=ACTIVE", vec!["ACTTIVE"]),
        ("status=ACTTIVE", vec!["ACTTIVE"]),
        (
            "status=EXPIRED&status=INACTIVE",
            vec!["INACTIVE", "EXPIRED"],
        ),
        (
            "status[]=CANCELED&status[]=ACTIVE",
            vec!["ACTTIVE", "CANCELED"],
        ),
        ("status=CANCELED,EXPIRED", vec!["CANCELED", "EXPIRED"]),
        ("limit=2&offset=1", vec!["INACTIVE", "CANCELED"]),
        ("limit=1&status=CANCELED,EXPIRED&offset=1", vec!["EXPIRED"]),
        ("offset=4", vec![]),
    ] {
        let path = shop.of_customer(&format!("orders?{query}"));
        assert_eq!(
            ids_of(&shop.api.get(path).await.expect(200)),
            expected,
            "{query}"
        );
    }
    for (query, named) in [
        ("status=CANCELLED", "status"),
        ("status=", "status"),
        ("status=ACTIVE,x", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("offset=-1", "offset"),
    ] {
        let path = shop.of_customer(&format!("orders?{query}"));
        shop.api
            .get(path)
            .await
            .expect_error(400, "BadRequestError", named);
    }
}

// ---- terms

#[tokio::test]
async fn a_one_time_order_ends_one_cycle_after_its_start() {
    // Reference 5.4: "One cycle = `duration` x `period`, UTC calendar arithmetic with end-of-month
    // clamping; QUARTER = 3 months. `ONE_TIME`: `expires = created + cycle`, no `nextBillingCycle`"
    let shop = Shop::open().await;
    for (duration, period, expires) in [
        (json!(1), "DAY", "2026-02-01"),
        (json!(28), "DAY", "2026-02-28"),
        (json!(30), "DAY", "2026-03-02"),
        (json!(1), "MONTH", "2026-02-28"),
        (json!(2), "MONTH", "2026-03-31"),
        (json!(3), "MONTH", "2026-04-30"),
        (json!(25), "MONTH", "2028-02-29"),
        // A part of a period counts as a whole one: nobody loses time that was paid for.
        (json!(1.5), "MONTH", "2026-03-31"),
        (json!(0.5), "MONTH", "2026-02-28"),
        (json!(1), "QUARTER", "2026-04-30"),
        (json!(2), "QUARTER", "2026-07-31"),
        (json!(1), "YEAR", "2027-01-31"),
        (json!(10), "YEAR", "2036-01-31"),
    ] {
        let terms = json!({"type": "ONE_TIME", "duration": duration, "period": period});
        let order = shop.place(terms).await;
        let expected = format!("{expires}T10:00:00.000Z");
        assert_eq!(order["expires"], expected, "{duration} {period}");
        assert_eq!(order["duration"], duration);
        assert!(absent(&order, "nextBillingCycle"), "{duration} {period}");
    }
}

#[tokio::test]
async fn a_leap_day_is_clamped_in_common_years() {
    let shop = Shop::open().await;
    for (years, expires) in [(3, "2027-02-28"), (4, "2028-02-29")] {
        let terms = json!({"created": "2024-02-29T10:00:00Z", "duration": years, "period": "YEAR"});
        let order = shop.place(terms).await;
        assert_eq!(order["expires"], format!("{expires}T10:00:00.000Z"));
        assert_eq!(order["status"], "ACTTIVE");
    }
}

#[tokio::test]
async fn a_recurring_order_is_billed_again_when_its_paid_cycle_ends() {
    // Reference 5.4: "`nextBillingCycle = created + cycle`; `expires` = end of the paid cycle"
    let shop = Shop::open().await;
    for (period, next) in [
        ("DAY", "2026-02-01"),
        ("MONTH", "2026-02-28"),
        ("QUARTER", "2026-04-30"),
        ("YEAR", "2027-01-31"),
    ] {
        let order = shop
            .place(json!({"type": "RECURRING", "period": period}))
            .await;
        let expected = format!("{next}T10:00:00.000Z");
        assert_eq!(order["nextBillingCycle"], expected, "{period}");
        assert_eq!(order["expires"], expected, "{period}");
    }
}

#[tokio::test]
async fn a_recurring_order_of_one_cycle_ends_with_it() {
    // Reference 5.4: `numberOfBillingCycles` "0 = unlimited, else total cycles, after which the
    // order becomes EXPIRED"
    let shop = Shop::open().await;
    let order = shop
        .place(json!({"type": "RECURRING", "numberOfBillingCycles": 1}))
        .await;
    assert_eq!(order["numberOfBillingCycles"], 1);
    assert_eq!(order["expires"], "2026-02-28T10:00:00.000Z");
    assert!(
        absent(&order, "nextBillingCycle"),
        "no cycle follows the only one"
    );
    shop.bx.advance(29 * DAY).await;
    let ended = shop.order(&order).await;
    assert_eq!(ended["status"], "EXPIRED");
    assert_eq!(ended["expires"], "2026-02-28T10:00:00.000Z");
}

#[tokio::test]
async fn a_duration_of_zero_has_no_end() {
    // Reference 5.4: "`duration` 0 (the sample's placeholder) = no fixed end"
    let shop = Shop::open().await;
    for kind in ["ONE_TIME", "RECURRING"] {
        let order = shop.place(json!({"type": kind, "duration": 0})).await;
        assert_eq!(order["duration"], 0);
        assert!(absent(&order, "expires"), "{kind}");
        assert!(absent(&order, "nextBillingCycle"), "{kind}");
    }
}

#[tokio::test]
async fn the_calendar_is_the_operators() {
    // 10:00 UTC is 11:00 in Berlin; from 29 March 2026 on 11:00 there is 09:00 UTC.
    let shop = shop_in("Europe/Berlin").await;
    for (duration, period, expires) in [
        (1, "MONTH", "2026-02-28T10:00:00.000Z"),
        (2, "MONTH", "2026-03-31T09:00:00.000Z"),
        (57, "DAY", "2026-03-29T09:00:00.000Z"),
        (56, "DAY", "2026-03-28T10:00:00.000Z"),
        (1, "QUARTER", "2026-04-30T09:00:00.000Z"),
        (10, "MONTH", "2026-11-30T10:00:00.000Z"),
        (1, "YEAR", "2027-01-31T10:00:00.000Z"),
    ] {
        for kind in ["ONE_TIME", "RECURRING"] {
            let terms = json!({"type": kind, "duration": duration, "period": period});
            let order = shop.place(terms).await;
            assert_eq!(order["expires"], expires, "{duration} {period} {kind}");
        }
    }
}

#[tokio::test]
async fn the_day_of_the_month_is_the_operators_too() {
    // 23:30 UTC on 28 February is 1 March in Berlin and Kolkata, and still February in New York.
    for (time_zone, expires) in [
        ("UTC", "2026-03-28T23:30:00.000Z"),
        ("Europe/Berlin", "2026-03-31T22:30:00.000Z"),
        ("Asia/Kolkata", "2026-03-31T23:30:00.000Z"),
        ("America/New_York", "2026-03-28T22:30:00.000Z"),
    ] {
        let shop = shop_in(time_zone).await;
        shop.bx.advance(28 * DAY + 13 * 3600 + 1800).await;
        assert_eq!(
            shop.place(json!({})).await["expires"],
            expires,
            "{time_zone}"
        );
    }
}

// ---- whose order it is, and who may

#[tokio::test]
async fn an_order_belongs_to_its_customer() {
    let shop = Shop::open().await;
    let order = id_of(&shop.place(json!({})).await);
    let other = super::customer(&shop.api).await;
    for path in [
        format!("/customers/{other}/orders/{order}"),
        format!("/customers/nobody/orders/{order}"),
        shop.of_customer("orders/nothing"),
    ] {
        shop.api
            .get(&path)
            .await
            .expect_error(404, "NotFoundError", "");
        let changed = shop.api.put(&path, json!({"status": "CANCELED"})).await;
        changed.expect_error(404, "NotFoundError", "");
        shop.api
            .delete(&path)
            .await
            .expect_error(404, "NotFoundError", "");
    }
    let path = shop.of_customer(&format!("orders/{order}"));
    assert_eq!(shop.api.get(&path).await.expect(200)["status"], "ACTTIVE");
}

const OF_A_CUSTOMER: [(&str, &str); 8] = [
    ("GET", "product-specs"),
    ("GET", "product-specs/{product}/offers"),
    ("GET", "orders"),
    ("POST", "orders"),
    ("GET", "orders/some"),
    ("GET", "transactions"),
    ("GET", "account/balance"),
    ("POST", "orders/hosted-page"),
];

#[tokio::test]
async fn an_unknown_customer_is_not_found_before_the_body_is_judged() {
    let shop = Shop::open().await;
    for (method, rest) in OF_A_CUSTOMER {
        let path = format!(
            "/customers/nobody/{}",
            rest.replace("{product}", &shop.product)
        );
        let body = (method == "POST").then(|| b"{\"offer\":1".to_vec());
        let answer = shop.api.send(method, path, body, &[]).await;
        answer.expect_error(404, "NotFoundError", "");
    }
    // The query is judged before the customer is looked for.
    let query = shop.api.get("/customers/nobody/orders?limit=0").await;
    query.expect_error(400, "BadRequestError", "limit");

    // A removed customer can no longer order.
    assert_removed(
        &shop
            .api
            .delete(format!("/customers/{}", shop.customer))
            .await,
    );
    for (path, body) in [
        ("orders", json!({"offer": shop.offer})),
        (
            "orders/hosted-page",
            json!({"offerId": shop.offer, "returnUrl": "https://tv.example/"}),
        ),
    ] {
        let answer = shop.api.post(shop.of_customer(path), body).await;
        answer.expect_error(404, "NotFoundError", "");
    }
}

#[tokio::test]
async fn a_token_and_its_rights_come_first() {
    // Reference 2: "All operations except 1, 2 and 40 carry security `JWT`"
    let shop = Shop::open().await;
    let order = id_of(&shop.place(json!({})).await);
    let nobody = shop.bx.anonymous();
    let auditor = format!("JWT {}", shop.bx.token("auditor").await);
    let auditor = shop.bx.with_header(&auditor);
    let one = format!("orders/{order}");
    let more = [
        ("PUT", one.as_str()),
        ("PATCH", one.as_str()),
        ("DELETE", one.as_str()),
    ];
    for (method, rest) in OF_A_CUSTOMER.into_iter().chain(more) {
        let path = shop.of_customer(&rest.replace("{product}", &shop.product));
        let body = || method.starts_with('P').then(|| b"{\"status\":1".to_vec());
        let answer = nobody.send(method, &path, body(), &[]).await;
        answer.expect_error(401, "UnauthorizedError", "Authorization required");
        let answer = auditor.send(method, &path, body(), &[]).await;
        if method == "GET" {
            assert!([200, 404].contains(&answer.status), "{method} {path}");
        } else {
            answer.expect_error(403, "ForbiddenError", "");
        }
    }
    let answer = shop.api.delete(shop.of_customer("orders")).await;
    let allow = answer.headers["allow"].to_str().expect("text").to_owned();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    answer.expect_error(405, "MethodNotAllowedError", "DELETE is not allowed");
}

/// Dates that the caller set outlive the activation; computed ones begin with it.
#[tokio::test]
async fn an_end_that_was_given_outlives_activation() {
    let shop = Shop::open().await;
    let waiting = json!({
        "status": "INACTIVE", "expires": "2027-06-01T00:00:00.000Z", "createCustomerServices": true
    });
    let order = shop.place(waiting).await;
    let order = shop.change(&order, json!({ "status": "ACTTIVE" })).await;
    assert_eq!(order["expires"], "2027-06-01T00:00:00.000Z");
    for service in shop.services().await {
        assert_eq!(service["status"], "ACTIVE");
        assert_eq!(service["expires"], "2027-06-01T00:00:00.000Z");
    }
}

/// An order that is past its end reads EXPIRED; sent back whole with a later end, it runs again.
#[tokio::test]
async fn an_expired_order_sent_back_with_a_later_end_runs_again() {
    let shop = Shop::open().await;
    let order = shop.place(json!({ "createCustomerServices": true })).await;
    shop.bx.advance(40 * 86_400).await;
    let mut order = shop.order(&order).await;
    assert_eq!(order["status"], "EXPIRED");
    order["expires"] = json!("2027-06-01T00:00:00.000Z");
    let order = shop.change(&order.clone(), order).await;
    assert_eq!(order["status"], "ACTTIVE");
    assert!(
        shop.services()
            .await
            .iter()
            .all(|service| service["status"] == "ACTIVE")
    );
}

/// A canceled order runs to its end; one without an end has come to it.
#[tokio::test]
async fn canceling_what_has_no_end_ends_it() {
    let shop = Shop::open().await;
    let order = shop
        .place(json!({ "duration": 0, "createCustomerServices": true }))
        .await;
    assert!(order.get("expires").is_none(), "{order}");
    let order = shop.change(&order, json!({ "status": "CANCELED" })).await;
    assert_eq!(order["expires"], crate::support::NOW);
    assert!(
        shop.services()
            .await
            .iter()
            .all(|service| service["status"] == "EXPIRED")
    );
}

/// A term that leaves the calendar is refused, not taken for one without an end.
#[tokio::test]
async fn an_order_beyond_the_calendar_is_refused() {
    let shop = Shop::open().await;
    let body = json!({ "offer": shop.offer, "created": "9999-12-31T00:00:00.000Z" });
    let answer = shop.api.post(shop.of_customer("orders"), body).await;
    answer.expect_error(409, "ConflictError", "9999");
}
