//! What a customer has and did with money: operations 37 and 38 of reference section 2.0.

use serde_json::json;

use super::id_of;
use crate::support::fixture::a_box;

#[tokio::test]
async fn a_customer_without_movements_has_nothing_and_owes_nothing() {
    // Reference 2.7, 38: `{"amount":102.5,"currency":"USD"}`; "no account yet -> amount 0"
    let bx = a_box().await;
    let api = bx.api();
    let customer = super::customer(&api).await;
    let balance = api
        .get(format!("/customers/{customer}/account/balance"))
        .await;
    assert_eq!(balance.status, 200);
    assert_eq!(balance.text, r#"{"amount":0,"currency":"USD"}"#);
    let transactions = api.get(format!("/customers/{customer}/transactions")).await;
    assert_eq!(transactions.expect(200), json!([]));
}

#[tokio::test]
async fn the_balance_is_in_the_currency_of_the_provider() {
    for currency in ["EUR", "JPY", "KWD"] {
        let bx = a_box().await;
        let provider = json!({"name": "Example TV", "currency": currency, "time_zone": "UTC"});
        bx.apply(json!({"provider": provider})).await;
        let customer = super::customer(&bx.api()).await;
        let balance = bx
            .api()
            .get(format!("/customers/{customer}/account/balance"))
            .await;
        assert_eq!(
            balance.expect(200),
            json!({"amount": 0, "currency": currency})
        );
    }
}

#[tokio::test]
async fn an_opening_balance_is_money() {
    for (opening, amount) in [("102.50", "102.5"), ("-0.05", "-0.05"), ("7.00", "7")] {
        let bx = a_box().await;
        bx.apply(json!({"customers": [{"login": "1", "devices": [], "opening_balance": opening}]}))
            .await;
        let customer = id_of(&bx.api().get("/customers").await.expect(200)[0]);
        let balance = bx
            .api()
            .get(format!("/customers/{customer}/account/balance"))
            .await;
        assert_eq!(
            balance.text,
            format!(r#"{{"amount":{amount},"currency":"USD"}}"#)
        );
    }
}

#[tokio::test]
async fn transactions_are_asked_for_by_one_type() {
    // Reference 2.7, 37: "single string `PAYMENT` or `REFUND`"; 1.4: no paging here
    let bx = a_box().await;
    let api = bx.api();
    let customer = super::customer(&api).await;
    let path = format!("/customers/{customer}/transactions");
    for query in ["", "?type=PAYMENT", "?type=REFUND", "?limit=0&offset=-1"] {
        assert_eq!(
            api.get(format!("{path}{query}")).await.expect(200),
            json!([]),
            "{query}"
        );
    }
    for query in [
        "",
        "payment",
        "CHARGEBACK",
        "PAYMENT,REFUND",
        "PAYMENT&type=PAYMENT",
    ] {
        let answer = api.get(format!("{path}?type={query}")).await;
        answer.expect_error(400, "BadRequestError", "type");
    }
}

#[tokio::test]
async fn an_unknown_customer_has_no_account() {
    // Reference 2.7, 38: "Unknown customer -> 404"
    let bx = a_box().await;
    let api = bx.api();
    for rest in ["transactions", "account/balance"] {
        for unknown in [
            "nobody",
            "000000000000000000000000",
            "5915c3bacc8e1e13969de081",
        ] {
            let answer = api.get(format!("/customers/{unknown}/{rest}")).await;
            answer.expect_error(404, "NotFoundError", "");
        }
        let customer = super::customer(&api).await;
        let put = api
            .put(format!("/customers/{customer}/{rest}"), json!({}))
            .await;
        put.expect_error(405, "MethodNotAllowedError", "PUT is not allowed");
    }
}
