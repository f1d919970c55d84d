//! A partner may do nothing until something was agreed with it; where no limit was, the usual one
//! holds.

use boxoffice::app::Ctx;
use boxoffice::control::command::{Command, run};
use serde_json::{Value, json};

use crate::marketone::{Partner, purchase, refused};
use crate::support::TestBox;
use crate::support::fixture::a_box;

async fn with_account() -> TestBox {
    let bx = a_box().await;
    bx.apply(json!({
        "provider": {"name": "Example TV", "currency": "USD", "time_zone": "UTC"},
        "customers": [{"login": "p1", "phones": [crate::marketone::P1]}],
    }))
    .await;
    bx
}

fn charge(id: &str, amount: &str, currency: &str) -> Value {
    let mut body = purchase(id, crate::marketone::P1);
    body["amount"] = serde_json::from_str(amount).expect("a number");
    body["currency"] = json!(currency);
    body.as_object_mut().expect("members").remove("productCode");
    body
}

#[tokio::test]
async fn a_partner_is_off_until_something_is_agreed() {
    let agreements = [
        json!({"products": [{"code": "A", "title": "A"}]}),
        json!({"currencies": ["USD"]}),
        json!({"per_charge_limit": "5.00"}),
        json!({"monthly_limit": "5.00"}),
    ];
    for agreement in agreements {
        let bx = with_account().await;
        let ctx = Ctx::system(bx.app());
        let added = boxoffice::ops::partners::add(&ctx, "NEW".into(), "New".into()).await;
        let (_, key) = added.expect("a partner");
        let partner = Partner::of(&bx, &key);
        let list = async || run(&ctx, Command::PartnerList).await.expect("a list").lines;
        assert!(list().await[0].contains("\tnothing agreed yet\t"));
        let refuse = async || {
            for answer in [
                partner.charge(&charge("1", "1.00", "USD")).await,
                partner.validate(crate::marketone::P1).await,
                partner.get("/transaction/1").await,
            ] {
                refused(&answer, 403, "permission-denied");
            }
        };
        refuse().await;
        // A share or a policy says how, not what.
        let how = json!({"key": "NEW", "name": "New", "share": "70", "refunds": true, "on": true,
            "products": [], "currencies": [], "per_charge_limit": ""});
        bx.apply(json!({"partners": [how]})).await;
        refuse().await;
        let mut what = agreement.clone();
        what["name"] = json!("New");
        let owner = bx.client_of("owner").await;
        let path = bx.url("/console/api/partners/NEW");
        let shown = owner.put(&path, what).await.expect(200);
        assert_eq!(shown["agreed"], true, "{agreement}");
        assert!(list().await[0].contains("\ton\t"));
        let mut body = charge("2", "1.00", "USD");
        if agreement.get("products").is_some() {
            body["productCode"] = json!("A");
        }
        let answer = partner.charge(&body).await;
        assert_eq!(answer.status, 200, "{agreement}: {}", answer.told());
    }
}

#[tokio::test]
async fn where_no_limit_was_agreed_the_usual_one_holds() {
    let bx = a_box()
        .set(|config| {
            config.marketone.charge_max = 10;
            config.marketone.month_max = 25;
        })
        .await;
    bx.apply(json!({
        "provider": {"name": "Example TV", "currency": "USD", "time_zone": "UTC"},
        "customers": [{"login": "p1", "phones": [crate::marketone::P1]}],
        "partners": [
            {"key": "A", "name": "A", "api_key": "key-a", "currencies": ["USD", "JPY"]},
            {"key": "B", "name": "B", "api_key": "key-b", "per_charge_limit": "20.00",
             "monthly_limit": "40.00"},
        ],
    }))
    .await;
    let (a, b) = (Partner::of(&bx, "key-a"), Partner::of(&bx, "key-b"));
    let paid = async |of: &Partner, id: &str, amount: &str, currency: &str| {
        of.charge(&charge(id, amount, currency)).await.status == 200
    };
    assert!(!paid(&a, "1", "10.01", "USD").await);
    assert!(paid(&a, "2", "10.00", "USD").await);
    assert!(paid(&a, "3", "10.00", "USD").await);
    assert!(!paid(&a, "4", "5.01", "USD").await);
    assert!(paid(&a, "5", "5.00", "USD").await);
    // What was agreed holds in its place, above the usual as well.
    assert!(!paid(&b, "1", "20.01", "USD").await);
    assert!(paid(&b, "2", "20.00", "USD").await);
    assert!(paid(&b, "3", "20.00", "USD").await);
    assert!(!paid(&b, "4", "0.01", "USD").await);
    // Another currency counts by its smallest units.
    assert!(!paid(&a, "6", "1001", "JPY").await);
    assert!(paid(&a, "7", "1000", "JPY").await);
}

#[tokio::test]
async fn a_charge_of_a_million_is_refused_as_the_box_comes() {
    let bx = with_account().await;
    bx.apply(json!({"partners": [
        {"key": "A", "name": "A", "api_key": "key-a", "currencies": ["USD"]},
    ]}))
    .await;
    let a = Partner::of(&bx, "key-a");
    for (id, amount, status) in [
        ("1", "1000000", 400),
        ("2", "1000.01", 400),
        ("3", "1000", 200),
    ] {
        let answer = a.charge(&charge(id, amount, "USD")).await;
        assert_eq!(answer.status, status, "{}", answer.told());
    }
}
