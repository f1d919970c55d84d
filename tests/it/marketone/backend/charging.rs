//! What the carrier charges or denies, and a carrier that is not reached.

use serde_json::json;
use tokio::net::TcpListener;

use super::{Csp, KEY, Mood, back, hub, hub_at, open};
use crate::alphaott::given::merged;
use crate::marketone::{P1, P2, P4, P7, purchase, refused};

#[tokio::test]
async fn the_carrier_charges_and_owes_the_money() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    let description = "Monthly  plan – «äß» \\ \"quoted\"";
    let wish = merged(
        purchase("a", "14165550101"),
        json!({ "description": description }),
    );
    let made = hub.a.charge(&wish).await;
    assert_eq!(made.json()["status"], "SUCCEEDED", "{}", made.told());
    let again = hub.a.charge(&wish).await;
    assert_eq!((again.status, &again.text), (200, &made.text));
    {
        let ledger = csp.ledger();
        let (head, body) = &ledger.calls[0];
        assert!(head.starts_with("POST /v1/transaction HTTP/1.1"), "{head}");
        assert!(head.contains(&format!("x-api-key: {KEY}")), "{head}");
        let expected = json!({"extTransactionID": made.json()["transactionID"],
            "transactionType": "CHARGE", "accountIdentifier": P1, "amount": 9.99,
            "currency": "USD", "description": description,
            "productCode": "NFLX-STD"});
        assert_eq!(*body, expected);
        assert_eq!(ledger.calls.len(), 1);
    }
    let books = hub.books();
    assert_eq!(books["carrier"], -999);
    assert_eq!(books["partner:1"], 699);
    assert!(!books.contains_key("customer:1"));

    // Given back where it came from.
    let refund = hub.a.charge(&back("r", "a", "3.33")).await.expect(200);
    assert_eq!(refund["status"], "SUCCEEDED");
    assert_eq!(
        csp.ledger().calls[1].1["originalExtTransactionID"],
        made.json()["transactionID"]
    );
    assert_eq!(csp.ledger().calls[1].1["transactionType"], "REFUND");
    assert_eq!(hub.books()["carrier"], -666);
    let shown = hub.a.get("/transaction/a").await.expect(200);
    assert_eq!(shown["refundedAmount"], 3.33);
    hub.prove();
}

#[tokio::test]
async fn what_is_refused_here_never_gets_there() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    refused(
        &hub.a.charge(&purchase("a", P4)).await,
        400,
        "suspended-non-payment",
    );
    let much = merged(purchase("b", P1), json!({"amount": "50.01"}));
    refused(&hub.a.charge(&much).await, 400, "amount-limit-exceeded");
    let other = merged(purchase("c", P1), json!({"productCode": "NONE"}));
    refused(&hub.a.charge(&other).await, 404, "product-not-found");
    let limited = merged(purchase("d", P7), json!({"amount": "20.01"}));
    refused(
        &hub.a.charge(&limited).await,
        400,
        "spending-limit-exceeded",
    );
    refused(
        &hub.a.charge(&back("e", "none", "1.00")).await,
        404,
        "transaction-not-found",
    );
    assert_eq!(csp.calls(), 0);
    // A prepaid balance is the carrier's business: 5.00 are here.
    hub.a.charge(&purchase("f", P2)).await.expect(200);
    assert_eq!(csp.booked(), 1);
    hub.prove();
}

#[tokio::test]
async fn what_the_carrier_denies_is_final() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    for (number, (status, code)) in [
        (400, "insufficient-funds"),
        (400, "spending-limit-exceeded"),
        (402, "amount-limit-exceeded"),
        (403, "suspended-non-payment"),
        (400, "suspended"),
        (400, "not-eligible"),
        (404, "account-not-found"),
    ]
    .into_iter()
    .enumerate()
    {
        csp.next(&[Mood::No(status, code)]);
        let id = format!("n{number}");
        let told = if code == "account-not-found" {
            404
        } else {
            400
        };
        for _ in 0..2 {
            refused(&hub.a.charge(&purchase(&id, P1)).await, told, code);
        }
        let shown = hub.a.get(&format!("/transaction/{id}")).await.expect(200);
        assert_eq!(shown["status"], "DENIED");
        assert_eq!(shown["reason"]["code"], code);
    }
    assert_eq!((csp.calls(), csp.booked()), (7, 0));
    assert!(hub.books().keys().all(|name| !name.starts_with("carrier")));
    hub.prove();
}

#[tokio::test]
async fn a_carrier_that_is_not_reached_leaves_nothing() {
    let csp = Csp::default();
    // A port where nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let hub = hub_at(format!("http://127.0.0.1:{port}/v1")).await;
    let answer = hub.a.charge(&purchase("a", P1)).await;
    refused(&answer, 503, "service-unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(hub.a.get("/transaction/a").await.status, 404);
    assert_eq!(open(&hub.bx).await, json!([]));
    hub.prove();

    // It is there again: sent again it is charged.
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let there = csp.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(there.clone().serve(stream));
        }
    });
    csp.next(&[Mood::No(429, "too-many-requests")]);
    refused(
        &hub.a.charge(&purchase("a", P1)).await,
        503,
        "service-unavailable",
    );
    assert_eq!(hub.a.get("/transaction/a").await.status, 404);
    let made = hub.a.charge(&purchase("a", P1)).await.expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    // A refund that did not get there reserves nothing.
    csp.next(&[Mood::No(429, "too-many-requests")]);
    refused(
        &hub.a.charge(&back("r", "a", "9.99")).await,
        503,
        "service-unavailable",
    );
    hub.a.charge(&back("r", "a", "9.99")).await.expect(200);
    let books = hub.books();
    let opening = ["customer:2", "opening"];
    assert!(books.keys().eq(opening), "{books:?}");
    hub.prove();
}
