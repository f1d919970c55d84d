//! What a partner is owed for a month: the sum of the lines is what the books hold for it.

use serde_json::{Value, json};

use super::{Hub, P1, P7, Partner, purchase};
use crate::alphaott::given::merged;
use crate::support::Answer;
use crate::support::fixture::a_hub;

const DAY: i64 = 86_400;

async fn settled(hub: &Hub, query: &str) -> Answer {
    let path = format!("/console/api/partners/NFLX/settlement?{query}");
    let staff = hub.bx.client_of("owner").await;
    staff.get(hub.bx.url(&path)).await
}

#[tokio::test]
async fn the_lines_of_a_month_sum_up_to_the_books() {
    let hub = a_hub().await;
    let charge = |id: &str, account: &str, amount: &str| {
        merged(purchase(id, account), json!({"amount": amount}))
    };
    // The last day of January, and the first of February.
    for (id, account, amount) in [("a", P1, "9.99"), ("b", P7, "0.05"), ("c", P1, "33.33")] {
        assert_eq!(hub.a.charge(&charge(id, account, amount)).await.status, 200);
    }
    hub.a.charge(&charge("d", P7, "999.00")).await;
    hub.bx.advance(DAY).await;
    let back = json!({"transactionType": "REFUND", "originalExtTransactionID": "a"});
    assert_eq!(
        hub.a
            .charge(&merged(charge("r", P1, "3.33"), back))
            .await
            .status,
        200
    );
    assert_eq!(hub.a.charge(&charge("e", P1, "1.00")).await.status, 200);

    let sums = |answer: Answer| answer.expect(200)["sums"][0].clone();
    let january = sums(settled(&hub, "month=2026-01").await);
    let expected = json!({"currency": "USD", "charges": 3, "refunds": 0, "charged": "43.37",
        "refunded": "0.00", "tax": "0.00", "payable": "30.36", "kept": "13.01"});
    assert_eq!(january, expected);
    let february = sums(settled(&hub, "month=2026-02").await);
    assert_eq!(february["refunds"], 1);
    assert_eq!(february["refunded"], "-3.33");
    let payable = |sums: &Value| -> i64 {
        let text = sums["payable"].as_str().expect("a text").replace('.', "");
        text.parse().expect("cents")
    };
    assert_eq!(
        payable(&january) + payable(&february),
        hub.books()["partner:1"]
    );

    let csv = settled(&hub, "month=2026-01&format=csv").await;
    let lines: Vec<&str> = csv.text.lines().collect();
    assert_eq!(lines.len(), 4, "{}", csv.text);
    assert_eq!(
        lines[1],
        "a,CHARGE,2026-01-31T10:00:00.000Z,NFLX-STD,USD,9.99,0.00,6.99,3.00"
    );
    // 70 % of 0.05 is three and a half cents: halves go to the even one.
    assert!(lines[2].ends_with("0.05,0.00,0.04,0.01"), "{}", lines[2]);
    for query in [
        "month=2026-13",
        "month=january",
        "",
        "month=2026-01&format=xls",
    ] {
        assert_eq!(settled(&hub, query).await.status, 400, "{query}");
    }
    assert_eq!(
        settled(&hub, "month=2031-01").await.json()["sums"],
        json!([])
    );
    hub.prove();
}

/// Partners over the console's API: added, agreed with, given another key.
#[tokio::test]
async fn partners_are_looked_after_over_the_api() {
    let hub = a_hub().await;
    let owner = hub.bx.client_of("owner").await;
    let url = |rest: &str| hub.bx.url(&format!("/console/api/partners{rest}"));
    let made = owner
        .post(url(""), json!({"key": "NEW", "name": "New Films"}))
        .await
        .expect(201);
    let key = made["apiKey"].as_str().expect("a key").to_owned();
    // Nothing was agreed with it yet.
    super::refused(
        &Partner::of(&hub.bx, &key).validate(P1).await,
        403,
        "permission-denied",
    );
    let agreed = json!({"name": "New Films", "products": [{"code": "N", "title": "Plan"}],
        "refunds": true, "per_charge_limit": "20.00", "share": "62.5",
        "pin_policy": "first-charge", "requests_per_second": 50});
    let set = owner.put(url("/NEW"), agreed).await.expect(200);
    assert_eq!(set["perChargeLimit"], "20.00");
    assert_eq!(set["pinPolicy"], "first-charge");
    assert_eq!(set["share"], "62.5");
    assert_eq!(set["requestsPerSecond"], 50);
    // The key is still good, and shown nowhere.
    Partner::of(&hub.bx, &key).validate(P1).await.expect(200);
    let listed = owner.get(url("")).await.text;
    assert!(
        listed.contains("New Films") && !listed.contains(&key) && !listed.contains("apiKey"),
        "{listed}"
    );
    let rotated = owner
        .post(url("/NEW/rotate"), json!({"overlapSeconds": 60}))
        .await
        .expect(200);
    let other = rotated["apiKey"].as_str().expect("a key").to_owned();
    Partner::of(&hub.bx, &other).validate(P1).await.expect(200);
    Partner::of(&hub.bx, &key).validate(P1).await.expect(200);
    hub.bx.advance(60).await;
    assert_eq!(Partner::of(&hub.bx, &key).validate(P1).await.status, 401);
    for (answer, status, named) in [
        (
            owner
                .post(url(""), json!({"key": "NEW", "name": "x"}))
                .await,
            409,
            "NEW",
        ),
        (
            owner.post(url(""), json!({"key": "", "name": "x"})).await,
            400,
            "key",
        ),
        (
            owner
                .put(url("/NEW"), json!({"name": "x", "share": "120"}))
                .await,
            400,
            "share",
        ),
        (
            owner
                .put(url("/NEW"), json!({"name": "x", "api_key": "mine"}))
                .await,
            400,
            "api_key",
        ),
        (
            owner.put(url("/NEW"), json!({"nmae": "x"})).await,
            400,
            "nmae",
        ),
        (owner.put(url("/NONE"), json!({"name": "x"})).await, 404, ""),
        (owner.post(url("/NONE/rotate"), json!({})).await, 404, ""),
        (
            hub.bx
                .api()
                .post(url(""), json!({"key": "M", "name": "M"}))
                .await,
            403,
            "",
        ),
        (
            hub.bx.api().put(url("/NEW"), json!({"name": "M"})).await,
            403,
            "",
        ),
    ] {
        assert_eq!(answer.status, status, "{}", answer.told());
        assert!(answer.text.contains(named), "{named}: {}", answer.told());
    }
}
