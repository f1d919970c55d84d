//! How a query comes: by GET, by name, without a token, malformed, or as a bomb.

use serde_json::{Value, json};

use super::{FULL, Past, SHORT, ask, assert_not_executed};

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
