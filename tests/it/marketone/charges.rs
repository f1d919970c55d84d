//! The certification cases, and what accounts, charges and refunds are answered.

use serde_json::{Value, json};

use super::{P1, P2, P3, P4, P5, P6, P7, purchase, refused};
use crate::alphaott::given::merged;
use crate::support::fixture::a_hub;

/// The three that are published, byte for byte (§3.1).
#[tokio::test]
async fn the_certification_cases_pass_literally() {
    let hub = a_hub().await;
    for (account, status, body) in [
        (P1, 200, r#"{"status":"ACTIVE","type":"postpaid"}"#),
        (
            P3,
            404,
            r#"{"code":"account-not-found","message":"Account not found"}"#,
        ),
        (
            "+14165550199",
            404,
            r#"{"code":"account-not-found","message":"Account not found"}"#,
        ),
        (
            P4,
            400,
            concat!(
                r#"{"code":"suspended-non-payment","message":"Account is suspended because of "#,
                r#"non-payment, or other billing issue"}"#,
            ),
        ),
    ] {
        let answer = hub.a.validate(account).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, body),
            "{account}"
        );
        assert_eq!(answer.headers["content-type"], "application/json");
    }
}

/// X2, X4, X6.
#[tokio::test]
async fn accounts_are_found_by_number_and_address() {
    let hub = a_hub().await;
    for account in ["14165550101", "user@example.com", "USER@EXAMPLE.COM"] {
        let answer = hub.a.validate(account).await;
        assert_eq!(
            answer.text, r#"{"status":"ACTIVE","type":"postpaid"}"#,
            "{account}"
        );
    }
    assert_eq!(
        hub.a.validate(P2).await.text,
        r#"{"status":"ACTIVE","type":"prepaid"}"#
    );
    refused(&hub.a.validate(P5).await, 400, "suspended");
    refused(&hub.a.validate(P6).await, 400, "not-eligible");
    for body in [
        json!({}),
        json!({"accountIdentifier": "0416555"}),
        json!({"accountIdentifier": "a@"}),
        json!({"accountIdentifier": "+1 416 5550101"}),
        json!({"accountIdentifier": 14_165_550_101_u64}),
        json!({"accountIdentifier": ""}),
        json!({"accountIdentifier": P1, "identifierType": "EMAIL"}),
        json!({"accountIdentifier": "user@example.com", "identifierType": "MSISDN"}),
        json!({"accountIdentifier": P1, "identifierType": "msisdn"}),
        json!({"accountIdentifier": P1, "email": "user@example.com"}),
    ] {
        let answer = hub.a.post("/account/validate", &body).await;
        refused(&answer, 400, "invalid-request");
    }
    // Other spellings, said twice alike, and what nobody knows.
    for body in [
        json!({"msisdn": P1}),
        json!({"accountID": P1, "mobileNumber": P1, "colour": "blue"}),
        json!({"accountIdentifier": P1, "identifierType": null}),
    ] {
        assert_eq!(
            hub.a.post("/account/validate", &body).await.status,
            200,
            "{body}"
        );
    }
    // A number that two accounts have is nobody's.
    hub.bx
        .apply(json!({"customers": [{"login": "twin", "phones": ["+1 (416) 555-0101"]}]}))
        .await;
    refused(&hub.a.validate(P1).await, 404, "account-not-found");
    assert_eq!(hub.a.validate("user@example.com").await.status, 200);
}

/// X20, X32: one charge, one entry, shared as agreed, and our words on it.
#[tokio::test]
async fn a_charge_is_booked_once_and_shown() {
    let hub = a_hub().await;
    let first = hub.a.charge(&purchase("NFLX-000123", P1)).await;
    assert_eq!(first.status, 200, "{}", first.told());
    assert!(first.text.contains(r#""amount":9.99,"#), "{}", first.text);
    let body = first.json();
    for (member, value) in [
        ("extTransactionID", "NFLX-000123"),
        ("transactionType", "CHARGE"),
        ("status", "SUCCEEDED"),
        ("currency", "USD"),
        ("description", "Monthly plan"),
        ("productCode", "NFLX-STD"),
        ("createdDate", "2026-01-31T10:00:00Z"),
        ("completedDate", "2026-01-31T10:00:00Z"),
    ] {
        assert_eq!(body[member], value, "{member}");
    }
    assert_eq!(
        body.as_object().map(serde_json::Map::len),
        Some(10),
        "{body}"
    );
    assert!(!first.text.contains("14165550101"));
    let shown = hub.a.get("/transaction/NFLX-000123").await;
    assert_eq!((shown.status, &shown.text), (200, &first.text));
    assert_eq!(shown.headers["cache-control"], "no-store");
    // 70 % of 9.99, to a cent.
    let books = hub.books();
    assert_eq!(books["customer:1"], -999);
    assert_eq!(books["partner:1"], 699);
    assert_eq!(books["revenue"], 300);
    // The same id is the other partner's own.
    let theirs = json!({"extTransactionID": "NFLX-000123", "accountIdentifier": P1,
        "amount": "1.00", "currency": "USD", "description": "B"});
    assert_eq!(hub.b.charge(&theirs).await.status, 200);
    assert_eq!(hub.books()["partner:2"], 100);
    hub.prove();
}

/// X22 and §1.6: a repeat is the same bytes, another content is another matter.
#[tokio::test]
async fn a_repeat_answers_as_the_first_time() {
    let hub = a_hub().await;
    let first = hub.a.charge(&purchase("one", P1)).await;
    hub.bx.advance(3_600).await;
    for body in [
        purchase("one", P1),
        merged(
            purchase("one", "14165550101"),
            json!({"amount": "9.990", "colour": 1}),
        ),
    ] {
        let body = match body["amount"].as_str() {
            Some(_) => merged(body, json!({"amount": "9.99"})),
            None => body,
        };
        let again = hub.a.charge(&body).await;
        assert_eq!((again.status, &again.text), (200, &first.text));
    }
    for other in [
        json!({"amount": 9.98}),
        json!({"currency": "JPY", "amount": 10}),
        json!({"description": "Yearly plan"}),
        json!({"accountIdentifier": P7}),
        json!({"isTaxIncluded": true, "taxAmount": 1}),
    ] {
        let answer = hub
            .a
            .charge(&merged(purchase("one", P1), other.clone()))
            .await;
        refused(&answer, 409, "duplicate-transaction");
    }
    assert_eq!(hub.books()["customer:1"], -999);
    // A refusal is kept as well.
    let denied = hub.a.charge(&purchase("two", P2)).await;
    refused(&denied, 400, "insufficient-funds");
    hub.bx
        .apply(json!({"customers": [{"login": "p2", "opening_balance": "50.00"}]}))
        .await;
    let again = hub.a.charge(&purchase("two", P2)).await;
    assert_eq!((again.status, &again.text), (400, &denied.text));
    let shown = hub.a.get("/transaction/two").await.json();
    assert_eq!(shown["status"], "DENIED");
    assert_eq!(shown["reason"]["code"], "insufficient-funds");
    // A new attempt has a new id.
    assert_eq!(hub.a.charge(&purchase("three", P2)).await.status, 200);
    hub.prove();
}

/// X24, X26, §2.3: what an account, its limits and the agreement allow.
#[tokio::test]
async fn limits_and_agreements_hold() {
    let hub = a_hub().await;
    let with = |id: &str, account: &str, more: Value| merged(purchase(id, account), more);
    for (body, status, code) in [
        (with("a", P3, json!({})), 404, "account-not-found"),
        (with("b", P4, json!({})), 400, "suspended-non-payment"),
        (with("c", P5, json!({})), 400, "suspended"),
        (with("d", P6, json!({})), 400, "not-eligible"),
        (with("e", P2, json!({})), 400, "insufficient-funds"),
        (
            with("f", P1, json!({"amount": 50.01})),
            400,
            "amount-limit-exceeded",
        ),
        (
            with("g", P7, json!({"amount": 20.01})),
            400,
            "spending-limit-exceeded",
        ),
        (
            with("h", P1, json!({"productCode": "NOPE"})),
            404,
            "product-not-found",
        ),
        (
            with("i", P1, json!({"productCode": null})),
            400,
            "invalid-request",
        ),
        (
            with("j", P1, json!({"currency": "EUR"})),
            400,
            "parameter-not-supported",
        ),
    ] {
        refused(&hub.a.charge(&body).await, status, code);
        // What may be mended is not kept; what is final is.
        let kept = status == 400 && !matches!(code, "parameter-not-supported" | "invalid-request");
        let id = body["extTransactionID"].as_str().expect("an id");
        let found = hub.a.get(&format!("/transaction/{id}")).await;
        assert_eq!(found.status, if kept { 200 } else { 404 }, "{code}");
    }
    assert_eq!(
        hub.a
            .charge(&with("k", P1, json!({"amount": 50})))
            .await
            .status,
        200
    );
    // A month's limit is a sum, by whomever, and begins anew with the month; refunds make room.
    assert_eq!(
        hub.a
            .charge(&with("l", P7, json!({"amount": 12})))
            .await
            .status,
        200
    );
    let theirs = json!({"extTransactionID": "m", "accountIdentifier": P7, "amount": 8.01,
        "currency": "USD", "description": "B"});
    refused(&hub.b.charge(&theirs).await, 400, "spending-limit-exceeded");
    let back = json!({"transactionType": "REFUND", "originalExtTransactionID": "l", "amount": 5});
    assert_eq!(hub.a.charge(&with("n", P7, back)).await.status, 200);
    assert_eq!(
        hub.a
            .charge(&with("o", P7, json!({"amount": 13})))
            .await
            .status,
        200
    );
    refused(
        &hub.a.charge(&with("p", P7, json!({"amount": 0.01}))).await,
        400,
        "spending-limit-exceeded",
    );
    hub.bx.advance(86_400).await;
    assert_eq!(
        hub.a
            .charge(&with("q", P7, json!({"amount": 20})))
            .await
            .status,
        200
    );
    hub.prove();
}

/// X34, X36.
#[tokio::test]
async fn a_charge_is_given_back_in_parts_and_no_further() {
    let hub = a_hub().await;
    let taxed = json!({"isTaxIncluded": true, "taxAmount": "1.60"});
    hub.a.charge(&merged(purchase("c", P1), taxed)).await;
    let books = hub.books();
    // 70 % of 8.39 without the tax.
    assert_eq!((books["customer:1"], books["partner:1"]), (-999, 587));
    assert_eq!(books["revenue"], 252);
    let refund = |id: &str, amount: &str| {
        let back =
            json!({"transactionType": "REFUND", "originalExtTransactionID": "c", "amount": amount});
        merged(purchase(id, P1), back)
    };
    let first = hub.a.charge(&refund("r1", "4.00")).await;
    assert_eq!(first.status, 200, "{}", first.told());
    assert_eq!(first.json()["transactionType"], "REFUND");
    assert_eq!(first.json()["amount"], 4);
    refused(
        &hub.a.charge(&refund("r2", "6.00")).await,
        400,
        "refund-amount-exceeded",
    );
    assert_eq!(
        hub.a.get("/transaction/c").await.json()["refundedAmount"],
        4
    );
    // A repeat of the charge is as it was first; of the refund, too.
    assert!(
        hub.a
            .charge(&merged(
                purchase("c", P1),
                json!({"isTaxIncluded": true, "taxAmount": "1.60"})
            ))
            .await
            .json()["refundedAmount"]
            .is_null()
    );
    assert_eq!(hub.a.charge(&refund("r1", "4.00")).await.text, first.text);
    assert_eq!(hub.a.charge(&refund("r3", "5.99")).await.status, 200);
    assert_eq!(
        hub.a.get("/transaction/c").await.json()["refundedAmount"],
        9.99
    );
    let books = hub.books();
    for account in ["customer:1", "partner:1", "revenue"] {
        assert!(!books.contains_key(account), "{account}: {books:?}");
    }
    refused(
        &hub.a.charge(&refund("r4", "0.01")).await,
        400,
        "refund-amount-exceeded",
    );
    // Of a refund, of a refused charge, of none, of somebody else's, by one who may not.
    let of = |id: &str, original: &str, account: &str| {
        let back =
            json!({"transactionType": "REFUND", "originalExtTransactionID": original, "amount": 1});
        merged(purchase(id, account), back)
    };
    hub.a.charge(&purchase("x", P2)).await;
    refused(
        &hub.a.charge(&of("s", "r1", P1)).await,
        400,
        "refund-not-allowed",
    );
    refused(
        &hub.a.charge(&of("t", "x", P2)).await,
        400,
        "refund-not-allowed",
    );
    refused(
        &hub.a.charge(&of("u", "nothing", P1)).await,
        404,
        "transaction-not-found",
    );
    refused(
        &hub.a.charge(&of("v", "c", P7)).await,
        404,
        "transaction-not-found",
    );
    refused(
        &hub.b.charge(&of("w", "c", P1)).await,
        400,
        "refund-not-allowed",
    );
    let unnamed = merged(purchase("y", P1), json!({"transactionType": "REFUND"}));
    refused(&hub.a.charge(&unnamed).await, 400, "invalid-request");
    hub.prove();
}

/// One balance: what a partner charges shows in the AlphaOTT API, and what is on it can be spent.
#[tokio::test]
async fn the_balance_is_one() {
    let hub = a_hub().await;
    let body = merged(purchase("c", P2), json!({"amount": "4.50"}));
    assert_eq!(hub.a.charge(&body).await.status, 200);
    let api = hub.bx.api();
    let customers = api.get("/customers?limit=10").await.expect(200);
    let found = customers.as_array().expect("a list").iter();
    let p2 = found
        .clone()
        .find(|customer| customer["login"] == "p2")
        .expect("P2");
    let path = format!(
        "/customers/{}/account/balance",
        p2["_id"].as_str().expect("an id")
    );
    assert_eq!(api.get(path).await.expect(200)["amount"], 0.5);
    let more = merged(purchase("d", P2), json!({"amount": "0.51"}));
    refused(&hub.a.charge(&more).await, 400, "insufficient-funds");
    hub.prove();
}

/// Money that a partner gives back is no money that came in: it pays no invoice of ours.
#[tokio::test]
async fn a_refund_pays_no_invoice() {
    let hub = a_hub().await;
    hub.bx
        .apply(json!({
            "packages": [{"id": 1, "external_id": "tv", "name": "TV", "type": "tv",
                "service_type": "periodic", "services": "all"}],
            "products": [{"id": 1, "external_id": "TV", "name": "TV", "packages": [{"id": 1}]}],
            "offers": [{"id": "post", "product": "TV", "title": "TV", "type": "RECURRING",
                "duration": 1, "period": "MONTH", "billing": "POSTPAID",
                "charges": [{"type": "RECURRING", "amount": "30.00", "currency": "USD"}]}],
        }))
        .await;
    let api = hub.bx.api();
    let customers = api.get("/customers?limit=10").await.expect(200);
    let p1 = customers.as_array().expect("a list").iter();
    let p1 = p1
        .clone()
        .find(|customer| customer["login"] == "p1")
        .expect("P1");
    let id = p1["_id"].as_str().expect("an id");
    let order = json!({"offer": "post", "createCustomerServices": true});
    api.post(format!("/customers/{id}/orders"), order)
        .await
        .expect(201);
    hub.a
        .charge(&merged(purchase("c", P1), json!({"amount": 30})))
        .await;
    let back = json!({"amount": 30, "transactionType": "REFUND", "originalExtTransactionID": "c"});
    assert_eq!(
        hub.a.charge(&merged(purchase("r", P1), back)).await.status,
        200
    );
    assert_eq!(hub.books()["customer:1"], -3_000);
    hub.prove();
    // It is still asked for.
    hub.bx.advance(20 * 86_400).await;
    refused(&hub.a.validate(P1).await, 400, "suspended-non-payment");
}

/// Who has left, or has another number by now, gets money back all the same; nobody else does.
#[tokio::test]
async fn a_refund_finds_the_account_of_its_charge() {
    let hub = a_hub().await;
    hub.a.charge(&purchase("c", P1)).await;
    hub.bx
        .apply(json!({"customers": [
            {"login": "p1", "phones": ["+14165550177"], "status": "INACTIVE"},
            {"login": "next", "phones": [P1]},
        ]}))
        .await;
    let refund = |id: &str, account: &str| {
        let back =
            json!({"amount": 1, "transactionType": "REFUND", "originalExtTransactionID": "c"});
        merged(purchase(id, account), back)
    };
    refused(
        &hub.a.charge(&refund("r1", P7)).await,
        404,
        "transaction-not-found",
    );
    refused(
        &hub.a.charge(&refund("r2", "+14165550199")).await,
        404,
        "account-not-found",
    );
    let done = hub.a.charge(&refund("r3", P1)).await;
    assert_eq!(done.status, 200, "{}", done.told());
    assert_eq!(hub.books()["customer:1"], -899);
    hub.prove();
}

/// A number without plus or zeros may be a national one: abroad it is somebody else's.
#[tokio::test]
async fn a_national_number_is_nobodys() {
    let hub = a_hub().await;
    hub.bx
        .apply(json!({"customers": [
            {"login": "national", "phones": ["416 555 0155"]},
            {"login": "zeros", "phones": ["001 416 555 0156"]},
        ]}))
        .await;
    refused(
        &hub.a.validate("+4165550155").await,
        404,
        "account-not-found",
    );
    assert_eq!(hub.a.validate("+14165550156").await.status, 200);
}
