//! What customers did, asked in the generated query language: operation 41, reference section 3.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::given::{self, Shop, merged};
use super::{id_of, is_object_id};
use crate::support::{Answer, Client, TestBox};

const SHORT: &str = include_str!("../data/graphql/short.graphql");
const FULL: &str = include_str!("../data/graphql/full.graphql");
const FULL_VARIABLES: &str = include_str!("../data/graphql/full.variables.json");
const SDL: &str = include_str!("../data/alphaott/activity.graphql");

/// A customer who added so many devices, one a minute: the only activity there is.
struct Past {
    bx: TestBox,
    api: Client,
    customer: String,
    devices: Vec<String>,
}

impl Past {
    async fn of(devices: usize) -> Past {
        let bx = TestBox::start().await;
        let api = bx.api();
        let customer = super::customer(&api).await;
        let devices: Vec<String> = (0..devices).map(|n| format!("device-{n:02}")).collect();
        for device in &devices {
            add_device(&api, &customer, device).await;
            bx.advance(60).await;
        }
        Past {
            bx,
            api,
            customer,
            devices,
        }
    }

    /// The page that the full operation answers with these variables.
    async fn page(&self, variables: &Value) -> Value {
        let answer = ask(&self.api, FULL, variables).await;
        assert_eq!(answer.status, 200, "{variables}: {}", answer.text);
        let answer = answer.json();
        assert!(answer.get("errors").is_none(), "{variables}: {answer}");
        answer["data"]["customerActivityPagination"].clone()
    }

    /// The numbers of the devices whose activity is on the page.
    async fn found(&self, variables: &Value) -> Vec<usize> {
        let page = self.page(variables).await;
        let items = page["items"].as_array().expect("items");
        items
            .iter()
            .map(|item| self.number(&item["device"]))
            .collect()
    }

    async fn filtered(&self, filter: &Value) -> Vec<usize> {
        self.found(&json!({"perPage": 100, "filter": filter})).await
    }

    fn number(&self, device: &Value) -> usize {
        let known = self.devices.iter().position(|d| device == d);
        known.unwrap_or_else(|| panic!("a device of the past, not {device}"))
    }
}

async fn add_device(api: &Client, customer: &str, device: &str) {
    let path = format!("/customers/{customer}/devices");
    api.post(path, json!({"_id": device, "type": "STB"}))
        .await
        .expect(201);
}

async fn ask(api: &Client, query: &str, variables: &Value) -> Answer {
    api.post("/graphql", json!({"query": query, "variables": variables}))
        .await
}

/// Asks with arguments written into the query.
async fn inline(api: &Client, arguments: &str, selection: &str) -> Answer {
    let query = format!("{{ customerActivityPagination{arguments} {{ {selection} }} }}");
    api.post("/graphql", json!({"query": query})).await
}

fn minute(n: usize) -> String {
    format!("2026-01-31T10:{n:02}:00.000Z")
}

/// A request that was not executed: reference section 3, "syntax/validation failures 400 with
/// `errors`".
fn assert_not_executed(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.text);
    let errors = answer.json()["errors"].as_array().map(Vec::len);
    assert!(errors > Some(0), "{}", answer.text);
    assert!(answer.json()["data"].is_null(), "{}", answer.text);
}

fn message(answer: &Answer) -> String {
    answer.json()["errors"][0]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

// ---- the two published operations

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

// ---- pages

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

// ---- order

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
    let bx = TestBox::start().await;
    let api = bx.api();
    let (first, second) = (super::customer(&api).await, super::customer(&api).await);
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

// ---- filters

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
    let shop = Shop::open().await;
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

#[tokio::test]
async fn what_the_schema_does_not_know_is_refused() {
    let past = Past::of(0).await;
    for variables in [
        json!({"filter": {"colour": "red"}}),
        json!({"filter": {"device": 5}}),
        json!({"filter": {"_operators": {"device": {"ne": "a"}}}}),
        json!({"filter": {"_operators": {"date": {"regex": "a"}}}}),
        json!({"filter": "all"}),
        json!({"page": "one"}),
        json!({"perPage": 2_147_483_648_i64}),
    ] {
        assert_not_executed(&ask(&past.api, FULL, &variables).await);
    }
}

// ---- transport

#[tokio::test]
async fn a_query_may_come_by_get() {
    let past = Past::of(2).await;
    let variables = json!({"page": 1, "filter": {"device": "device-01"}}).to_string();
    for parameters in [
        vec![("query", SHORT)],
        vec![("query", FULL), ("variables", variables.as_str())],
        vec![
            ("query", FULL),
            ("operationName", "customerActivityPagination"),
        ],
    ] {
        let expected = if parameters.iter().any(|(name, _)| *name == "variables") {
            1
        } else {
            2
        };
        let url = reqwest::Url::parse_with_params("http://box/", &parameters).expect("an address");
        let path = format!("/graphql?{}", url.query().expect("a query"));
        let answer = past.api.get(&path).await.expect(200);
        assert_eq!(
            answer["data"]["customerActivityPagination"]["count"],
            expected
        );
        let answer = past.bx.anonymous().get(&path).await;
        answer.expect_error(401, "UnauthorizedError", "Authorization required");
    }
    for path in [
        "/graphql",
        "/graphql?query=",
        "/graphql?query=%7B",
        "/graphql?variables=%7B%7D",
    ] {
        assert_eq!(past.api.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn an_operation_is_chosen_by_its_name() {
    let past = Past::of(1).await;
    let query = "query a { customerActivityPagination { count } }
                 query b { other: customerActivityPagination { count } }";
    let body = json!({"query": query, "operationName": "b"});
    let answer = past.api.post("/graphql", body).await.expect(200);
    assert_eq!(answer["data"], json!({"other": {"count": 1}}));
    for name in [json!("c"), Value::Null] {
        let body = json!({"query": query, "operationName": name});
        let answer = past.api.post("/graphql", body).await;
        assert!(answer.json()["errors"][0].is_object(), "{}", answer.text);
        assert!(answer.json()["data"].is_null(), "{}", answer.text);
    }
}

#[tokio::test]
async fn nobody_asks_without_a_token() {
    // Reference section 3: "unauthenticated -> HTTP 401 with the 1.2 body"
    let past = Past::of(1).await;
    let forms = ["", "JWT", "Bearer x", "JWT a.b.c"].map(|header| past.bx.with_header(header));
    for client in forms.iter().chain([&past.bx.anonymous()]) {
        for query in [SHORT, "{", "{ __schema { types { name } } }"] {
            let answer = ask(client, query, &json!({})).await;
            answer.expect_error(401, "UnauthorizedError", "Authorization required");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_no_query_is_refused() {
    // Reference section 3: "syntax/validation failures 400 with `errors`"
    let past = Past::of(0).await;
    for query in [
        "{",
        "",
        "nonsense",
        "{ customerActivityPagination { colour } }",
        "{ customerActivityPagination }",
        "{ customerActivityPagination(colour: 1) { count } }",
        "{ customerActivityPagination { count { x } } }",
        "{ activities { count } }",
        "mutation { customerActivityPagination { count } }",
        "subscription { customerActivityPagination { count } }",
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
        "query ($page: Int) { customerActivityPagination(page: $pages) { count } }",
    ] {
        assert_not_executed(&ask(&past.api, query, &json!({})).await);
    }
    for body in ["", "{}", "{\"query\":5}", "{\"query\":", "null"] {
        let body = Some(body.as_bytes().to_vec());
        assert_eq!(
            past.api.send("POST", "/graphql", body, &[]).await.status,
            400
        );
    }
    let answer = past.api.delete("/graphql").await;
    answer.expect_error(405, "MethodNotAllowedError", "DELETE is not allowed");
}

#[tokio::test]
async fn bombs_do_not_go_off() {
    let past = Past::of(1).await;
    let filter = |levels: usize, leaf: &str| {
        format!("{}{leaf}{}", "{OR:[".repeat(levels), "]}".repeat(levels))
    };
    let inline_filter = format!(
        "{{ customerActivityPagination(filter: {}) {{ count }} }}",
        filter(5_000, "{action:\"A\"}")
    );
    let fragments = format!(
        "{{ {}customerActivityPagination {{ count }}{} }}",
        "... on Query { ".repeat(5_000),
        " }".repeat(5_000)
    );
    let types = format!(
        "{{ __schema {{ types {{ {}name{} }} }} }}",
        "ofType { ".repeat(2_000),
        " }".repeat(2_000)
    );
    let aliases: String = (0..2_000)
        .map(|n| {
            format!("a{n}: customerActivityPagination(perPage: 2147483647) {{ items {{ _id }} }} ")
        })
        .collect();
    let doubled: String = (0..22)
        .map(|n| {
            format!(
                "fragment f{n} on Query {{ ...f{0} ... on Query {{ ...f{0} }} }} ",
                n + 1
            )
        })
        .collect();
    let doubled = format!(
        "{{ ...f0 }} {doubled} fragment f22 on Query {{ customerActivityPagination {{ count }} }}"
    );
    let lists = format!(
        "{{ customerActivityPagination(filter: {} ",
        "[".repeat(100_000)
    );
    for (name, query) in [
        ("filter", inline_filter),
        ("fragments", fragments),
        ("types", types),
        ("aliases", format!("{{ {aliases} }}")),
        ("doubled", doubled),
        ("lists", lists),
    ] {
        let answer = ask(&past.api, &query, &json!({})).await;
        assert_eq!(answer.status, 400, "{name}");
        assert!(answer.json()["errors"][0].is_object(), "{name}");
    }
    let deep = format!(
        "{{\"query\":\"query($f: FilterFindManyCustomerActivityInput) \
         {{ customerActivityPagination(filter: $f) {{ count }} }}\",\"variables\":{{\"f\":{}}}}}",
        filter(10_000, "{}").replace("OR", "\"OR\"")
    );
    let answer = past
        .api
        .send("POST", "/graphql", Some(deep.into_bytes()), &[])
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        past.filtered(&json!({})).await,
        [0],
        "the box is still there"
    );
}

#[tokio::test]
async fn a_few_aliases_are_no_bomb() {
    let past = Past::of(2).await;
    let query = "{ all: customerActivityPagination { count }
                   one: customerActivityPagination(filter: {device: \"device-01\"}) { count } }";
    let answer = ask(&past.api, query, &json!({})).await.expect(200);
    assert_eq!(
        answer["data"],
        json!({"all": {"count": 2}, "one": {"count": 1}})
    );
}

// ---- the schema

/// The definitions of a schema, without white space, commas, comments and descriptions.
fn definitions(sdl: &str) -> BTreeMap<String, String> {
    let bare: String = sdl.split("\"\"\"").step_by(2).collect();
    let mut lines = bare
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty());
    let mut found = BTreeMap::new();
    while let Some(line) = lines.next() {
        let head: Vec<&str> = line.split_whitespace().take(2).collect();
        let body = match line.strip_suffix('{') {
            Some(_) => lines.by_ref().take_while(|line| *line != "}").collect(),
            None => String::new(),
        };
        if !["schema", "directive"].contains(&head[0]) {
            found.insert(head.join(" "), squeezed(&body));
        }
    }
    found
}

fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != ',')
        .collect()
}

/// The same, from the answer to an introspection.
fn introspected(schema: &Value) -> BTreeMap<String, String> {
    let builtin = ["Int", "Float", "String", "Boolean", "ID"];
    let mut found = BTreeMap::new();
    for of in schema["types"].as_array().expect("types") {
        let name = of["name"].as_str().expect("a name");
        if name.starts_with("__") || builtin.contains(&name) {
            continue;
        }
        let (word, members) = match of["kind"].as_str() {
            Some("OBJECT") => ("type", "fields"),
            Some("INPUT_OBJECT") => ("input", "inputFields"),
            Some("ENUM") => ("enum", "enumValues"),
            Some("SCALAR") => ("scalar", ""),
            kind => panic!("{name} is {kind:?}"),
        };
        let body: String = of[members]
            .as_array()
            .into_iter()
            .flatten()
            .map(member)
            .collect();
        found.insert(format!("{word} {name}"), squeezed(&body));
    }
    found
}

fn member(of: &Value) -> String {
    let mut text = of["name"].as_str().expect("a name").to_owned();
    if let Some(arguments) = of["args"]
        .as_array()
        .filter(|arguments| !arguments.is_empty())
    {
        text += &format!("({})", arguments.iter().map(member).collect::<String>());
    }
    if of["type"].is_object() {
        text += &format!(":{}", type_name(&of["type"]));
    }
    if let Some(default) = of["defaultValue"].as_str() {
        text += &format!("={default}");
    }
    text
}

fn type_name(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_name(&of["ofType"])),
        Some("LIST") => format!("[{}]", type_name(&of["ofType"])),
        _ => of["name"].as_str().expect("a name").to_owned(),
    }
}

#[tokio::test]
async fn the_schema_is_the_one_the_vendors_generator_prints() {
    let past = Past::of(0).await;
    let kind = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let query = format!(
        "{{ __schema {{ queryType {{ name }} mutationType {{ name }} types {{ kind name
            fields {{ name type {{ {kind} }} args {{ name defaultValue type {{ {kind} }} }} }}
            inputFields {{ name defaultValue type {{ {kind} }} }} enumValues {{ name }} }} }} }}"
    );
    let answer = ask(&past.api, &query, &json!({})).await.expect(200);
    let schema = &answer["data"]["__schema"];
    assert_eq!(schema["queryType"], json!({"name": "Query"}));
    assert!(schema["mutationType"].is_null());
    assert_eq!(introspected(schema), definitions(SDL));
}

#[tokio::test]
async fn the_schema_is_published() {
    let bx = TestBox::start().await;
    let answer = bx.anonymous().get(bx.url("/docs/activity.graphql")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(definitions(&answer.text), definitions(SDL));
}

// ---- what is remembered

async fn actions(api: &Client) -> Vec<Value> {
    let answer = ask(api, FULL, &json!({"perPage": 100})).await.expect(200);
    given::list(answer["data"]["customerActivityPagination"]["items"].clone())
}

#[tokio::test]
async fn what_a_customer_goes_through_is_remembered() {
    let shop = Shop::open().await;
    let api = &shop.api;
    let (customer, device) = (
        format!("/customers/{}", shop.customer),
        shop.of_customer("devices/d"),
    );
    add_device(api, &shop.customer, "d").await;
    api.put(&device, json!({"status": "BROKEN"}))
        .await
        .expect(200);
    given::assert_removed(&api.delete(&device).await);
    let order = shop.place(json!({"createCustomerServices": true})).await;
    shop.change(&order, json!({"status": "CANCELED"})).await;
    let password = json!({"password": "Correct-Horse-9"});
    api.put(shop.of_customer("password"), password)
        .await
        .expect(200);
    api.send("POST", shop.of_customer("password/reset"), None, &[])
        .await
        .expect(200);
    api.put(customer, json!({"status": "SUSPENDED_BY_CUSTOMER"}))
        .await
        .expect(200);

    let remembered = actions(api).await;
    let names: Vec<_> = remembered
        .iter()
        .map(|item| item["action"].clone())
        .collect();
    let expected = [
        "DEVICE_ADDED",
        "DEVICE_STATUS_CHANGED",
        "DEVICE_REMOVED",
        "ORDER_PLACED",
        "ORDER_STATUS_CHANGED",
        "PASSWORD_CHANGED",
        "PASSWORD_RESET",
        "STATUS_CHANGED",
    ];
    assert_eq!(json!(names), json!(expected));
    for (n, item) in remembered.iter().enumerate() {
        assert_eq!(item["customer"], shop.customer);
        assert_eq!(item["ip"], "127.0.0.1");
        assert_eq!(item["date"], minute(0));
        assert_eq!(
            item["device"],
            if n < 3 { json!("d") } else { Value::Null },
            "{item}"
        );
        assert!(item["details"].is_object(), "{item}");
        assert!(!item.to_string().contains("Correct-Horse"), "{item}");
    }
}

#[tokio::test]
async fn what_changes_nothing_for_a_customer_is_not_remembered() {
    let shop = Shop::open().await;
    let api = &shop.api;
    let customer = format!("/customers/{}", shop.customer);
    for path in [
        "/customers",
        "/product-specs",
        &customer,
        &shop.of_customer("devices"),
        &shop.of_customer("services"),
        &shop.of_customer("orders"),
        &shop.of_customer("account/balance"),
    ] {
        api.get(path).await.expect(200);
        assert_eq!(shop.bx.anonymous().get(path).await.status, 401);
    }
    let auditor = format!("JWT {}", shop.bx.token("auditor").await);
    shop.bx
        .with_header(&auditor)
        .get(&customer)
        .await
        .expect(200);
    api.put(&customer, json!({"status": "ACTIVE"}))
        .await
        .expect(200);
    api.put(&customer, json!({"firstName": "Roy"}))
        .await
        .expect(200);
    // What was refused did not happen.
    assert_eq!(
        api.put(&customer, json!({"status": "GONE"})).await.status,
        400
    );
    assert_eq!(
        api.put(shop.of_customer("password"), json!({"password": ""}))
            .await
            .status,
        400
    );
    let devices = shop.of_customer("devices");
    assert_eq!(
        api.post(devices, json!({"type": "FRIDGE"})).await.status,
        400
    );
    let orders = shop.of_customer("orders");
    assert_eq!(
        api.post(orders, json!({"offer": "nothing"})).await.status,
        404
    );
    assert_eq!(actions(api).await, Vec::<Value>::new());
}
