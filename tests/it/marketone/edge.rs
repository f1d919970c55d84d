//! What a request must be: route, key, rate, media type, syntax, fields;
//! and the headers of answers.

use serde_json::json;

use super::{P1, Partner, purchase, refused};
use crate::alphaott::given::merged;
use crate::support::fixture::a_hub;

#[tokio::test]
async fn requests_are_judged_in_order() {
    let hub = a_hub().await;
    let body = || Some(purchase("one", P1).to_string().into_bytes());
    let json_type = [("content-type", "application/json; charset=utf-8")];
    let text_type = [("content-type", "text/plain")];
    let none = Partner::of(&hub.bx, "");
    let wrong = Partner::of(&hub.bx, "key-x");
    let off = Partner::of(&hub.bx, "key-c");
    // 404 and 405 before the key, the key before the media type, that before the body (§1.5, X42).
    for (partner, method, path, status, code) in [
        (&wrong, "POST", "/nothing", 404, "not-found"),
        (&wrong, "PUT", "/transaction", 405, "method-not-allowed"),
        (
            &wrong,
            "POST",
            "/transaction/one",
            405,
            "method-not-allowed",
        ),
        (&none, "POST", "/transaction", 401, "authorization-failure"),
        (&wrong, "POST", "/transaction", 401, "authorization-failure"),
        (&off, "POST", "/transaction", 403, "permission-denied"),
        (
            &hub.a,
            "POST",
            "/transaction",
            415,
            "unsupported-media-type",
        ),
    ] {
        let answer = partner.send(method, path, body(), &text_type).await;
        refused(&answer, status, code);
        if status == 405 {
            let allow = if path == "/transaction" {
                "POST"
            } else {
                "GET"
            };
            assert_eq!(answer.headers["allow"], allow);
        }
    }
    let html = [
        ("content-type", "application/json"),
        ("accept", "text/html"),
    ];
    let answer = hub.a.send("POST", "/transaction", body(), &html).await;
    refused(&answer, 406, "not-acceptable");
    let answer = hub.a.send("POST", "/transaction", body(), &json_type).await;
    assert_eq!(answer.status, 200, "{}", answer.told());
    // The paths without a version are the same ones.
    let bare = hub.bx.anonymous();
    let url = hub.bx.url("/marketone/transaction/one");
    let found = bare.send("GET", url, None, &[("x-api-key", "key-a")]).await;
    assert_eq!(found.text, answer.text);
}

#[tokio::test]
async fn bodies_that_are_none_are_invalid() {
    let hub = a_hub().await;
    let long = "x".repeat(70_000);
    for body in [
        "",
        "[]",
        "5",
        "null",
        "{",
        "{} {}",
        "not json",
        "\u{feff}{}",
        r#"{"accountIdentifier":"+14165550101","accountIdentifier":"+14165550101"}"#,
        &format!(r#"{{"accountIdentifier":"+14165550101","x":"{long}"}}"#),
    ] {
        let answer = hub.a.text("/account/validate", body).await;
        refused(&answer, 400, "invalid-request");
    }
}

/// X28.
#[tokio::test]
async fn fields_that_do_not_fit_are_invalid_and_nothing_is_kept() {
    let hub = a_hub().await;
    for other in [
        json!({"amount": 0}),
        json!({"amount": -1}),
        json!({"amount": 1.005}),
        json!({"amount": "1.005"}),
        json!({"amount": "1,00"}),
        json!({"amount": "1e-3"}),
        json!({"amount": "1e"}),
        json!({"amount": " 1"}),
        json!({"amount": "."}),
        json!({"amount": true}),
        json!({"amount": null}),
        json!({"amount": "99999999999999999999"}),
        json!({"amount": 10.5, "currency": "JPY"}),
        json!({"currency": "usd"}),
        json!({"currency": "XXQ"}),
        json!({"currency": null}),
        json!({"description": null}),
        json!({"description": ""}),
        json!({"description": "x".repeat(257)}),
        json!({"description": "a\u{0}b"}),
        json!({"extTransactionID": "x".repeat(51)}),
        json!({"extTransactionID": "a b"}),
        json!({"extTransactionID": "é"}),
        json!({"extTransactionID": ""}),
        json!({"extTransactionID": null}),
        json!({"extTransactionID": 5}),
        json!({"productCode": "x".repeat(16)}),
        json!({"transactionType": "charge"}),
        json!({"isTaxIncluded": "yes"}),
        json!({"isTaxIncluded": true, "taxAmount": 10}),
        json!({"taxAmount": -1}),
    ] {
        let answer = hub
            .a
            .charge(&merged(purchase("one", P1), other.clone()))
            .await;
        assert_eq!(answer.status, 400, "{other}: {}", answer.told());
        refused(&answer, 400, "invalid-request");
    }
    refused(
        &hub.a.get("/transaction/one").await,
        404,
        "transaction-not-found",
    );
    assert!(!hub.books().contains_key("customer:1"));
    // JPY has no decimals, and 256 characters are not 257.
    let yen = json!({"amount": 10, "currency": "JPY", "description": "é".repeat(256)});
    assert_eq!(
        hub.a.charge(&merged(purchase("one", P1), yen)).await.status,
        200
    );
}

#[tokio::test]
async fn transactions_are_found_by_their_own_partner_only() {
    let hub = a_hub().await;
    hub.a.charge(&purchase("a:~1.x", P1)).await;
    assert_eq!(hub.a.get("/transaction/a:~1.x").await.status, 200);
    assert_eq!(hub.a.get("/transaction/a%3A%7E1.x").await.status, 200);
    refused(
        &hub.b.get("/transaction/a:~1.x").await,
        404,
        "transaction-not-found",
    );
    refused(
        &hub.a.get("/transaction/unknown").await,
        404,
        "transaction-not-found",
    );
    refused(&hub.a.get("/transaction/a/b").await, 404, "not-found");
    for path in ["/transaction/a%2Fb", "/transaction/%00"] {
        refused(&hub.a.get(path).await, 400, "invalid-request");
    }
    let long = format!("/transaction/{}", "x".repeat(51));
    refused(&hub.a.get(&long).await, 400, "invalid-request");
}

/// §1.2: a trace is given back, one that is none is passed over.
#[tokio::test]
async fn traces_are_given_back() {
    let hub = a_hub().await;
    let trace = "463ac35c9f6413ad48485a3953bb6124";
    for (given, back) in [
        (trace, true),
        ("a2fb4a1d1a96d312", true),
        ("XYZ", false),
        ("A2FB4A1D1A96D312", false),
    ] {
        let answer = hub
            .a
            .send("GET", "/transaction/x", None, &[("x-b3-traceid", given)])
            .await;
        let got = answer.headers["x-b3-traceid"].to_str().expect("text");
        assert_eq!(got == given, back, "{given} {got}");
        assert!(matches!(got.len(), 16 | 32), "{got}");
    }
}

#[tokio::test]
async fn a_partner_asks_so_often_and_no_more() {
    let hub = a_hub().await;
    let one = json!({"partners": [{"key": "SLOW", "name": "S", "api_key": "key-s",
        "currencies": ["USD"], "requests_per_second": 5}]});
    hub.bx.apply(one).await;
    let slow = Partner::of(&hub.bx, "key-s");
    let mut answers: Vec<u16> = Vec::new();
    for _ in 0..40 {
        let answer = slow.validate(P1).await;
        if answer.status == 429 {
            refused(&answer, 429, "too-many-requests");
            assert_eq!(answer.headers["retry-after"], "1");
        }
        answers.push(answer.status);
    }
    assert!(answers.contains(&429), "{answers:?}");
    assert!(
        answers.iter().filter(|status| **status == 200).count() >= 5,
        "{answers:?}"
    );
    // Others are not kept from asking.
    assert_eq!(hub.a.validate(P1).await.status, 200);
}

/// Keys are shown once, rotated with an overlap, and kept as hashes.
#[tokio::test]
async fn keys_are_rotated_with_an_overlap() {
    let hub = a_hub().await;
    let ctx = boxoffice::app::Ctx::system(hub.bx.app());
    let add = boxoffice::ops::partners::add(&ctx, "NEWP".to_owned(), "New".to_owned());
    let (_, first) = add.await.expect("a partner");
    let agreed = json!({"key": "NEWP", "name": "New", "currencies": ["USD"]});
    hub.bx.apply(json!({"partners": [agreed]})).await;
    let rotate = boxoffice::ops::partners::rotate(&ctx, "NEWP".to_owned(), 3_600);
    let (partner, second) = rotate.await.expect("a key");
    let kept = serde_json::to_string(&partner).expect("JSON");
    assert!(!kept.contains(&first) && !kept.contains(&second), "{kept}");
    let [first, second] = [first, second].map(|key| Partner::of(&hub.bx, &key));
    for partner in [&first, &second] {
        assert_eq!(partner.validate(P1).await.status, 200);
    }
    hub.bx.advance(3_601).await;
    assert_eq!(first.validate(P1).await.status, 401);
    assert_eq!(second.validate(P1).await.status, 200);
    hub.prove();
    let again = boxoffice::ops::partners::add(&ctx, "NEWP".to_owned(), "Again".to_owned());
    assert!(again.await.is_err());
}

/// A document that is applied again brings no old key back, and nobody who was switched off.
#[tokio::test]
async fn a_document_undoes_no_rotation() {
    let hub = a_hub().await;
    let ctx = boxoffice::app::Ctx::system(hub.bx.app());
    let rotate = boxoffice::ops::partners::rotate(&ctx, "NFLX".to_owned(), 0);
    let (_, fresh) = rotate.await.expect("a key");
    hub.bx.apply(super::fixture()).await;
    assert_eq!(hub.a.validate(P1).await.status, 401);
    assert_eq!(Partner::of(&hub.bx, &fresh).validate(P1).await.status, 200);
    hub.bx
        .apply(json!({"partners": [{"key": "GONE", "name": "C"}]}))
        .await;
    refused(
        &Partner::of(&hub.bx, "key-c").validate(P1).await,
        403,
        "permission-denied",
    );
    hub.prove();
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let hub = a_hub().set(|config| config.marketone.enabled = false).await;
    let answer = hub.a.validate(P1).await;
    assert_eq!(answer.status, 404);
}

/// A refusal that needs no body still reads it:
/// the connection goes on, also where the body comes later.
#[tokio::test]
async fn a_refused_request_does_not_cost_the_connection() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let hub = a_hub().await;
    let body = "x".repeat(3_000);
    for path in [
        "/marketone/v1/transaction",
        "/marketone/v1/nothing",
        "/stalker_portal/api/itv",
    ] {
        let mut stream = tokio::net::TcpStream::connect(hub.bx.address())
            .await
            .expect("a box");
        let mut seen = String::new();
        for _ in 0..3 {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: box\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            );
            stream
                .write_all(head.as_bytes())
                .await
                .expect("a connection");
            tokio::task::yield_now().await;
            stream
                .write_all(body.as_bytes())
                .await
                .expect("a connection");
            let mut bytes = vec![0; 8_192];
            let count = stream.read(&mut bytes).await.expect("an answer");
            assert!(count > 0, "{path}: the box hung up after {seen:?}");
            seen = String::from_utf8_lossy(&bytes[..count]).into_owned();
            assert!(seen.starts_with("HTTP/1.1 "), "{path}: {seen}");
            assert!(
                !seen.to_lowercase().contains("connection: close"),
                "{path}: {seen}"
            );
        }
    }
}
