//! Filters: plain ones, operators, "and" and "or", dotted paths, and values that are none.

use serde_json::{Value, json};

use super::{FULL, Past, ask, message, minute};
use crate::alphaott::given::{self, merged};
use crate::support::fixture::a_shop;

#[tokio::test]
async fn plain_filters_are_equalities_and_all_must_hold() {
    let past = Past::of(3).await;
    let ids: Vec<Value> = {
        let page = past.page(&json!({})).await;
        given::list(page["items"].clone())
            .iter()
            .map(|i| i["_id"].clone())
            .collect()
    };
    for (filter, expected) in [
        (json!({}), vec![0, 1, 2]),
        (json!({"customer": past.customer}), vec![0, 1, 2]),
        (json!({"device": "device-01"}), vec![1]),
        (json!({"ip": "127.0.0.1"}), vec![0, 1, 2]),
        (json!({"ip": "127.0.0.2"}), vec![]),
        (json!({"action": "DEVICE_ADDED"}), vec![0, 1, 2]),
        (json!({"action": "device_added"}), vec![]),
        (json!({"_id": ids[2]}), vec![2]),
        (json!({"date": minute(1)}), vec![1]),
        // "ISO string or epoch-ms number in"
        (json!({"date": 1_769_853_600_000_i64}), vec![0]),
        (json!({"date": "2026-01-31T11:02:00+01:00"}), vec![2]),
        (json!({"device": "device-01", "date": minute(1)}), vec![1]),
        (json!({"device": "device-01", "date": minute(2)}), vec![]),
        (
            json!({"device": null, "_id": null, "date": minute(2)}),
            vec![2],
        ),
    ] {
        assert_eq!(past.filtered(&filter).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn operators_compare() {
    let past = Past::of(4).await;
    let page = past.page(&json!({})).await;
    let ids: Vec<Value> = (0..4).map(|n| page["items"][n]["_id"].clone()).collect();
    let dates: Vec<Value> = (0..4).map(|n| json!(minute(n))).collect();
    for (field, v) in [("date", dates), ("_id", ids)] {
        for (operators, expected) in [
            (json!({"gt": v[1]}), vec![2, 3]),
            (json!({"gte": v[1]}), vec![1, 2, 3]),
            (json!({"lt": v[1]}), vec![0]),
            (json!({"lte": v[1]}), vec![0, 1]),
            (json!({"gt": v[0], "lt": v[3]}), vec![1, 2]),
            (json!({"ne": v[2]}), vec![0, 1, 3]),
            (json!({"in": [v[3], v[0]]}), vec![0, 3]),
            (json!({"nin": [v[3], v[0]]}), vec![1, 2]),
            (json!({"exists": true}), vec![0, 1, 2, 3]),
            (json!({"exists": false}), vec![]),
            (json!({"gte": v[1], "ne": v[2], "exists": true}), vec![1, 3]),
        ] {
            let filter = json!({"_operators": {field: operators}});
            assert_eq!(past.filtered(&filter).await, expected, "{filter}");
        }
    }
    let (me, other) = (&past.customer, "ffffffffffffffffffffffff");
    for (operators, found) in [
        (json!({"in": [other, me]}), 4),
        (json!({"nin": [me]}), 0),
        (json!({"ne": other}), 4),
        (json!({"lt": other}), 4),
        (json!({"gte": other}), 0),
        (json!({"exists": true}), 4),
    ] {
        let filter = json!({"_operators": {"customer": operators}});
        assert_eq!(past.filtered(&filter).await.len(), found, "{filter}");
    }
}

#[tokio::test]
async fn an_operator_replaces_the_plain_field_of_its_name() {
    // Reference section 3: "the operator object replaces the plain value"
    let past = Past::of(3).await;
    let filter = json!({"date": minute(0), "_operators": {"date": {"gte": minute(1)}}});
    assert_eq!(past.filtered(&filter).await, [1, 2]);
    let other = json!({"device": "device-02", "_operators": {"date": {"gte": minute(1)}}});
    assert_eq!(past.filtered(&other).await, [2]);
}

#[tokio::test]
async fn or_and_and_nest() {
    // Reference section 3: "lists of filters, nest recursively, combined with AND with the rest"
    let past = Past::of(5).await;
    let device = |n: usize| json!({"device": past.devices[n]});
    let from = |n: usize| json!({"_operators": {"date": {"gte": minute(n)}}});
    for (filter, expected) in [
        (json!({"OR": [device(4), device(1)]}), vec![1, 4]),
        (json!({"AND": [device(4), device(1)]}), vec![]),
        (
            json!({"AND": [from(2), {"_operators": {"date": {"lt": minute(4)}}}]}),
            vec![2, 3],
        ),
        (
            json!({"OR": [device(0), {"AND": [from(3), {"OR": [device(1), device(4)]}]}]}),
            vec![0, 4],
        ),
        (
            json!({"device": "device-01", "OR": [device(1), device(2)]}),
            vec![1],
        ),
        (
            json!({"device": "device-03", "OR": [device(1), device(2)]}),
            vec![],
        ),
        (
            json!({"OR": [device(1), device(2)], "AND": [from(2)]}),
            vec![2],
        ),
        (
            json!({"OR": [{"device": "device-01", "date": minute(2)}, device(3)]}),
            vec![3],
        ),
        (
            json!({"AND": [{"OR": [device(1), device(2)]}, {"OR": [device(2), device(3)]}]}),
            vec![2],
        ),
    ] {
        assert_eq!(past.filtered(&filter).await, expected, "{filter}");
    }
}

/// Each way to a scalar in an object, as a filter of its own.
fn leaves(of: &Value) -> Vec<Value> {
    let Some(members) = of.as_object() else {
        return vec![of.clone()];
    };
    let under = |(key, value): (&String, &Value)| {
        let key = key.clone();
        leaves(value)
            .into_iter()
            .map(move |leaf| json!({key.as_str(): leaf}))
            .collect::<Vec<_>>()
    };
    members
        .iter()
        .filter(|(_, v)| !v.is_array() && !v.is_null())
        .flat_map(under)
        .collect()
}

fn altered(filter: &Value) -> Value {
    match filter {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), altered(value)))
            .collect(),
        _ => json!("no such value"),
    }
}

#[tokio::test]
async fn details_are_matched_by_their_dotted_paths() {
    // Reference section 3: "`details: {a:1,b:{c:2}}`: dotted-path match `details.a = 1 AND
    // details.b.c = 2`; a scalar matches equality"
    let shop = a_shop().await;
    let customer = format!("/customers/{}", shop.customer);
    shop.api
        .put(customer, json!({"status": "INACTIVE"}))
        .await
        .expect(200);
    let count = async |details: &Value| {
        let filter = json!({"action": "STATUS_CHANGED", "details": details});
        let answer = ask(&shop.api, FULL, &json!({"filter": filter}))
            .await
            .expect(200);
        answer["data"]["customerActivityPagination"].clone()
    };
    let one = count(&Value::Null).await;
    assert_eq!(one["count"], 1);
    let details = one["items"][0]["details"].clone();
    let single = leaves(&details);
    assert!(
        !single.is_empty(),
        "a status change tells what changed: {details}"
    );
    assert_eq!(count(&details).await["count"], 1, "{details}");
    for leaf in single {
        assert_eq!(count(&leaf).await["count"], 1, "{leaf}");
        assert_eq!(count(&altered(&leaf)).await["count"], 0, "{leaf}");
        let both = merged(leaf, json!({"never": {"heard": "of"}}));
        assert_eq!(count(&both).await["count"], 0, "{both}");
    }
    for scalar in [json!("INACTIVE"), json!(7), json!(true)] {
        assert_eq!(count(&scalar).await["count"], 0, "{scalar}");
    }
}

#[tokio::test]
async fn a_date_that_is_none_is_an_error() {
    // Reference section 3: "variable error `value is an invalid Date`"
    let past = Past::of(1).await;
    for filter in [
        json!({"date": "yesterday"}),
        json!({"date": ""}),
        json!({"OR": [{"_operators": {"date": {"in": ["2026-02-30T00:00:00Z"]}}}]}),
    ] {
        let answer = ask(&past.api, FULL, &json!({"filter": filter})).await;
        assert!([200, 400].contains(&answer.status), "{}", answer.text);
        assert!(message(&answer).contains("invalid Date"), "{}", answer.text);
        assert!(answer.json()["data"]["customerActivityPagination"].is_null());
    }
}

#[tokio::test]
async fn an_id_of_another_shape_matches_nothing() {
    // Reference section 3: "An independent store may simply match nothing"; MongoID: "also any
    // string or integer is accepted on input"
    let past = Past::of(1).await;
    for stranger in [
        json!("nobody"),
        json!(5),
        json!(""),
        json!("кино"),
        json!("f".repeat(24)),
    ] {
        for key in ["customer", "_id"] {
            let answer = ask(&past.api, FULL, &json!({"filter": {key: stranger}})).await;
            let page = answer.expect(200)["data"]["customerActivityPagination"].clone();
            assert!(
                page.is_null() || page["count"] == 0,
                "{key} {stranger}: {page}"
            );
        }
    }
}
