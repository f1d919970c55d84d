//! Pages of activity: the published queries, sizes, and the order of items.

use serde_json::{Value, json};

use super::{
    FULL, FULL_VARIABLES, Past, SHORT, add_device, ask, assert_not_executed, inline, message,
    minute,
};
use crate::alphaott::given::{self, merged};
use crate::alphaott::{customer, id_of, is_object_id};
use crate::support::fixture::a_box;

#[tokio::test]
async fn the_short_published_query_answers_every_field() {
    let past = Past::of(2).await;
    let answer = past
        .api
        .post("/graphql", json!({"query": SHORT}))
        .await
        .expect(200);
    let page = &answer["data"]["customerActivityPagination"];
    assert_eq!(page["count"], 2);
    assert_eq!(
        page["pageInfo"],
        json!({"currentPage": 1, "perPage": 100, "pageCount": 1, "itemCount": 2,
               "hasNextPage": false, "hasPreviousPage": false})
    );
    for (n, item) in page["items"].as_array().expect("items").iter().enumerate() {
        assert_eq!(item["customer"], past.customer);
        assert_eq!(item["device"], past.devices[n]);
        assert_eq!(item["ip"], "127.0.0.1");
        assert_eq!(item["date"], minute(n));
        assert_eq!(item["action"], "DEVICE_ADDED");
        assert!(item["details"].is_object(), "{item}");
        assert!(is_object_id(&id_of(item)), "{item}");
    }
}

#[tokio::test]
async fn the_full_published_operation_answers_with_its_own_variables() {
    // Reference section 3, null filters: "a `null` plain field means \"not filtered\", so the
    // published variables return everything"
    let past = Past::of(3).await;
    let variables: Value = serde_json::from_str(FULL_VARIABLES).expect("a JSON file");
    assert_eq!(past.found(&variables).await, [0, 1, 2]);
    let body = json!({"query": FULL, "variables": variables,
                      "operationName": "customerActivityPagination"});
    let answer = past.api.post("/graphql", body).await.expect(200);
    assert_eq!(answer["data"]["customerActivityPagination"]["count"], 3);
}

#[tokio::test]
async fn pages_are_of_twenty_and_start_with_the_first() {
    // Reference section 3: nothing: "page 1, perPage 20"; "`page` 0 or null; `perPage` 0 or null":
    // "treated as 1; as 20"
    let past = Past::of(21).await;
    let info = json!({"currentPage": 1, "perPage": 20, "pageCount": 2, "itemCount": 21,
                      "hasNextPage": true, "hasPreviousPage": false});
    for variables in [
        json!({}),
        json!({"page": 0}),
        json!({"page": null, "perPage": 0}),
        json!({"perPage": null, "filter": null, "sort": null}),
    ] {
        let page = past.page(&variables).await;
        assert_eq!(page["pageInfo"], info, "{variables}");
        assert_eq!(page["count"], 21);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(20));
    }
    let second = past.page(&json!({"page": 2})).await;
    assert_eq!(second["items"][0]["device"], past.devices[20]);
    let info = merged(
        info,
        json!({"currentPage": 2, "hasNextPage": false, "hasPreviousPage": true}),
    );
    assert_eq!(second["pageInfo"], info);
    assert_eq!(past.found(&json!({"page": 3, "perPage": 2})).await, [4, 5]);
}

#[tokio::test]
async fn a_negative_page_is_an_error_of_the_field() {
    // Reference section 3: "error ``Argument `page` should be positive number.`` and
    // `data.customerActivityPagination: null`"
    let past = Past::of(0).await;
    for (variables, argument) in [
        (json!({"page": -1}), "page"),
        (json!({"perPage": -2, "page": 1}), "perPage"),
    ] {
        let answer = ask(&past.api, FULL, &variables).await;
        assert_eq!(answer.status, 200);
        let expected = format!("Argument `{argument}` should be positive number.");
        assert_eq!(message(&answer), expected);
        assert_eq!(
            answer.json()["data"],
            json!({"customerActivityPagination": null})
        );
    }
}

#[tokio::test]
async fn a_page_may_be_as_large_as_asked() {
    // Reference section 3: "`perPage` large: no upper bound"
    let past = Past::of(2).await;
    for per_page in [100, 100_000, i32::MAX] {
        let page = past.page(&json!({"perPage": per_page})).await;
        assert_eq!(page["pageInfo"]["perPage"], per_page);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    }
    let far = past
        .page(&json!({"page": i32::MAX, "perPage": i32::MAX}))
        .await;
    assert_eq!(far["items"], json!([]));
}

/// A document is small; what it asks for must not fill the memory.
#[tokio::test]
async fn a_document_gets_so_many_rows_whatever_its_fields_ask_for() {
    let past = Past::of(40).await;
    // 900 fields a row leave room for some three hundred rows in all: eight times forty.
    let many: String = (0..100).map(|n| format!("v{n}: action ")).collect();
    let document = |fields: usize| {
        let fields = (0..fields).map(|n| {
            format!(
                "f{n}: customerActivityPagination(perPage: 2147483647) {{ items {{ {many} }} }} "
            )
        });
        format!("{{ {} }}", fields.collect::<String>())
    };
    let fits = ask(&past.api, &document(8), &json!({})).await;
    assert_eq!(fits.status, 200, "{}", fits.told());
    assert!(fits.json().get("errors").is_none(), "{}", fits.told());
    let wide: String = (0..960).map(|n| format!("v{n}: action ")).collect();
    let three = |n: usize| format!("f{n}: customerActivityPagination(perPage: 2147483647)");
    let over = format!(
        "{{ {} {{ items {{ {wide} }} }} {} {{ items {{ _id }} }} }}",
        three(0),
        (1..9)
            .map(three)
            .collect::<Vec<_>>()
            .join(" { items { _id } } ")
    );
    let over = ask(&past.api, &over, &json!({})).await;
    assert_eq!(over.status, 200, "{}", over.told());
    let errors = over.json()["errors"].clone();
    let told = errors[0]["message"].as_str().unwrap_or_default();
    assert!(told.contains("perPage"), "{errors}");
}

#[tokio::test]
async fn a_page_beyond_the_end_is_empty() {
    // Reference section 3: "`items: []`, `currentPage` as asked, `hasNextPage` false,
    // `hasPreviousPage` true"; "`pageCount` = ceil(count/perPage) (0 when empty)"
    let past = Past::of(3).await;
    let page = past.page(&json!({"page": 7, "perPage": 2})).await;
    assert_eq!(page["items"], json!([]));
    assert_eq!(page["count"], 3);
    let info = json!({"currentPage": 7, "perPage": 2, "pageCount": 2, "itemCount": 3,
                      "hasNextPage": false, "hasPreviousPage": true});
    assert_eq!(page["pageInfo"], info);
    let none = past.page(&json!({"filter": {"action": "NOTHING"}})).await;
    let info = json!({"currentPage": 1, "perPage": 20, "pageCount": 0, "itemCount": 0,
                      "hasNextPage": false, "hasPreviousPage": false});
    assert_eq!(none, json!({"count": 0, "items": [], "pageInfo": info}));
}

#[tokio::test]
async fn each_part_of_a_page_is_right_when_asked_alone() {
    // Reference section 3: "then `hasNextPage` alone is wrongly `false`; return the right value
    // instead"
    let past = Past::of(3).await;
    for (selection, expected) in [
        (
            "pageInfo { hasNextPage }",
            json!({"pageInfo": {"hasNextPage": true}}),
        ),
        ("count", json!({"count": 3})),
        (
            "pageInfo { pageCount }",
            json!({"pageInfo": {"pageCount": 2}}),
        ),
        (
            "items { device }",
            json!({"items": [{"device": "device-00"}, {"device": "device-01"}]}),
        ),
    ] {
        let answer = inline(&past.api, "(perPage: 2)", selection)
            .await
            .expect(200);
        assert_eq!(
            answer["data"]["customerActivityPagination"], expected,
            "{selection}"
        );
    }
}

#[tokio::test]
async fn items_are_sorted_as_asked() {
    // Reference section 3: a bare value is "coerced to a one-element list"; several are "applied
    // in order; the first mention of a field wins; `null`/`[]` = unsorted (use `_id` ascending)"
    let past = Past::of(3).await;
    for (sort, expected) in [
        (json!("DATE_ASC"), [0, 1, 2]),
        (json!("DATE_DESC"), [2, 1, 0]),
        (json!(["_ID_DESC"]), [2, 1, 0]),
        (json!("_ID_ASC"), [0, 1, 2]),
        (json!(["DATE_DESC", "DATE_ASC"]), [2, 1, 0]),
        (json!(["DATE_ASC", "_ID_DESC", "DATE_DESC"]), [0, 1, 2]),
        (json!(["CUSTOMER_ASC", "DATE_DESC"]), [2, 1, 0]),
        (json!(["CUSTOMER_DESC", "_ID_ASC"]), [0, 1, 2]),
        (json!(null), [0, 1, 2]),
        (json!([]), [0, 1, 2]),
    ] {
        assert_eq!(past.found(&json!({"sort": sort})).await, expected, "{sort}");
    }
    let answer = inline(
        &past.api,
        "(sort: DATE_DESC, perPage: 1)",
        "items { device }",
    )
    .await;
    let items = &answer.expect(200)["data"]["customerActivityPagination"]["items"];
    assert_eq!(*items, json!([{"device": "device-02"}]));
}

#[tokio::test]
async fn equal_values_are_ordered_by_what_comes_next() {
    let bx = a_box().await;
    let api = bx.api();
    let (first, second) = (customer(&api).await, customer(&api).await);
    for (customer, device) in [(&first, "a"), (&second, "b"), (&first, "c")] {
        add_device(&api, customer, device).await;
    }
    for (sort, expected) in [
        (json!(["CUSTOMER_DESC", "_ID_DESC"]), ["b", "c", "a"]),
        (json!(["CUSTOMER_ASC", "_ID_DESC"]), ["c", "a", "b"]),
        (json!(["DATE_ASC", "_ID_DESC"]), ["c", "b", "a"]),
        (
            json!(["DATE_DESC", "CUSTOMER_DESC", "_ID_ASC"]),
            ["b", "a", "c"],
        ),
    ] {
        let page = ask(&api, FULL, &json!({"sort": sort})).await.expect(200);
        let items = page["data"]["customerActivityPagination"]["items"].clone();
        let devices: Vec<_> = given::list(items)
            .iter()
            .map(|i| i["device"].clone())
            .collect();
        assert_eq!(json!(devices), json!(expected), "{sort}");
    }
}

#[tokio::test]
async fn an_unknown_order_is_an_error_of_the_request() {
    // Reference section 3: "request-level error: does not exist in the enum; nothing executed"
    let past = Past::of(0).await;
    for sort in [
        json!("IP_ASC"),
        json!(["DATE_ASC", "date_asc"]),
        json!(1),
        json!([null]),
    ] {
        assert_not_executed(&ask(&past.api, FULL, &json!({"sort": sort})).await);
    }
    assert_not_executed(&inline(&past.api, "(sort: [IP_ASC])", "count").await);
}
