//! One customer, two dialects: the plan as an order, its dates, and whose money is shown.

use serde_json::{Value, json};

use super::across::Both;
use super::{A, Says, fixture};
use crate::support::fixture::a_house_with_both_apis;

const DAY: i64 = 86_400;

/// Product, status and end of every order, oldest first.
async fn orders(both: &Both, login: &str) -> Vec<(String, String, Option<String>)> {
    let text = |of: &Value| of.as_str().expect("a text").to_owned();
    let orders = both
        .list(login, "orders?status=ACTTIVE,INACTIVE,EXPIRED,CANCELED")
        .await;
    let told = orders.iter().map(|order| {
        let expires = order["expires"].as_str().map(ToOwned::to_owned);
        (text(&order["productSpec"]), text(&order["status"]), expires)
    });
    told.collect()
}

/// An offer without charges: a month, paid once.
async fn offer(both: &Both, product: &str) -> String {
    let body = json!({"title": "A month", "type": "ONE_TIME", "duration": 1, "period": "MONTH"});
    let path = format!("/product-specs/{product}/offers");
    let offer = both.api.post(path, body).await.expect(201);
    offer["_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_plan_is_an_order() {
    let both = a_house_with_both_apis().await;
    let full = both.spec("product-specs", "Full").await;
    let standard = both.spec("product-specs", "Standart").await;
    let base = both.spec("service-specs", "Base").await;
    let active = |product: &str| (product.to_owned(), "ACTTIVE".to_owned(), None);
    assert_eq!(orders(&both, "3210").await, [active(&full)]);
    // "Setting the plan it already has changes nothing."
    both.house
        .rest
        .put("/users/3210", "tariff_plan=FULL")
        .await
        .ok();
    assert_eq!(orders(&both, "3210").await, [active(&full)]);

    both.house
        .rest
        .put("/users/3210", "tariff_plan=STANDART")
        .await
        .ok();
    let all = orders(&both, "3210").await;
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!((&all[0].0, all[0].1.as_str()), (&full, "CANCELED"));
    assert_eq!(all[1], active(&standard));
    assert!(both.services("3210").await.contains(&base));

    both.house
        .rest
        .post("/users", "login=p&tariff_plan=STANDART")
        .await
        .ok();
    assert_eq!(orders(&both, "p").await, [active(&standard)]);
    assert_eq!(both.services("p").await, [base]);
}

#[tokio::test]
async fn the_end_of_a_plan_is_the_end_of_its_order() {
    let both = a_house_with_both_apis().await;
    both.house
        .rest
        .put("/users/3210", "tariff_expired_date=2026-02-10")
        .await
        .ok();
    let order = both.active("3210", "orders").await[0].clone();
    assert_eq!(order["expires"], "2026-02-10T00:00:00.000Z");
    let path = both.path("3210", "/orders").await;
    let path = format!("{path}/{}", order["_id"].as_str().expect("an id"));
    let later = json!({"expires": "2026-05-06T07:08:09.000Z"});
    both.api.put(&path, later).await.expect(200);
    let account = both.house.account("3210").await;
    assert_eq!(account["tariff_expired_date"], "2026-05-06 07:08:09");
    both.api
        .put(&path, json!({"expires": null}))
        .await
        .expect(200);
    assert_eq!(
        both.house.account("3210").await["tariff_expired_date"],
        Value::Null
    );
}

/// "An AlphaOTT order that becomes active is primary if the customer has no active primary order;
/// otherwise it stands beside it."
#[tokio::test]
async fn an_order_of_the_other_api_is_the_plan_where_there_was_none() {
    let both = a_house_with_both_apis().await;
    let standard = both.spec("product-specs", "Standart").await;
    let standard_offer = offer(&both, &standard).await;
    let full_offer = offer(&both, &both.spec("product-specs", "Full").await).await;
    let path = both.path("nobox", "/orders").await;
    let body = json!({"offer": standard_offer, "createCustomerServices": true});
    let order = both.api.post(&path, body).await.expect(201);
    let account = both.house.account("nobox").await;
    assert_eq!(account["tariff_plan"], "STANDART");
    assert_eq!(account["tariff_expired_date"], "2026-02-28 10:00:00");
    // A second one stands beside it.
    both.api
        .post(&path, json!({"offer": full_offer}))
        .await
        .expect(201);
    assert_eq!(both.house.account("nobox").await["tariff_plan"], "STANDART");
    // Its optional packages can be had.
    assert_eq!(
        both.house
            .rest
            .put("/users/nobox", "account_number=d")
            .await
            .ok(),
        true
    );
    let put = both
        .house
        .rest
        .put("/account_subscription/d", "subscribed[]=tv_3")
        .await;
    assert_eq!(put.ok(), true);
    let put = both
        .house
        .rest
        .put("/account_subscription/d", "subscribed[]=tv_2")
        .await;
    assert_eq!(put.ok(), false);
    let path = format!("{path}/{}", order["_id"].as_str().expect("an id"));
    assert_eq!(both.api.delete(&path).await.status, 204);
    let plan = both.house.account("nobox").await["tariff_plan"].clone();
    assert_eq!(plan, "FULL", "the one beside it, or the default");
}

#[tokio::test]
async fn an_order_that_ends_takes_the_plan_with_it() {
    let both = a_house_with_both_apis().await;
    let order = both.active("3", "orders").await[0].clone();
    assert_eq!(both.house.account("3").await["tariff_plan"], "STANDART");
    let path = both.path("3", "/orders").await;
    let path = format!("{path}/{}", order["_id"].as_str().expect("an id"));
    both.api
        .put(&path, json!({"status": "CANCELED"}))
        .await
        .expect(200);
    assert_eq!(both.house.account("3").await["tariff_plan"], "FULL");
    // A plan set afterwards is an order again.
    both.house
        .rest
        .put("/users/3", "tariff_plan=STANDART")
        .await
        .ok();
    assert_eq!(both.active("3", "orders").await.len(), 1);
}

/// A follow-up plan begins in the commit in which the old one ends.
#[tokio::test]
async fn a_follow_up_plan_is_an_order_of_its_own() {
    let both = a_house_with_both_apis()
        .set(|config| config.stalker.tariff_plans = true)
        .await;
    let (full, standard) = (
        both.spec("product-specs", "Full").await,
        both.spec("product-specs", "Standart").await,
    );
    let form = "tariff_expired_date=2026-02-03&tariff_instead_expired=STANDART";
    both.house.rest.put("/users/3210", form).await.ok();
    both.house.bx.advance(3 * DAY).await;
    let all = orders(&both, "3210").await;
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!((&all[0].0, all[0].1.as_str()), (&full, "EXPIRED"));
    assert_eq!(all[1].0, standard);
    assert_eq!(all[1].1, "ACTTIVE");
    assert_eq!(all[1].2.as_deref(), Some("2026-03-05T00:00:00.000Z"));
}

/// The fixture with an offer that our engine bills, and somebody who brought money along.
fn with_money() -> Value {
    let mut document = fixture();
    document["offers"] = json!([{
        "id": "full-monthly", "product": "FULL", "title": "Full, monthly", "type": "RECURRING",
        "duration": 1, "period": "MONTH", "billing": "PREPAID",
        "charges": [{"type": "RECURRING", "title": "Full", "amount": "10.00", "currency": "USD"}],
    }]);
    document["customers"][3]["opening_balance"] = json!("25.00");
    document["customers"][3]["account_balance"] = json!("a text");
    document
}

/// An amount as Stalker shows it.
#[track_caller]
fn amount(account: &Value) -> f64 {
    let text = account["account_balance"].as_str().expect("a text");
    text.parse().unwrap_or_else(|_| panic!("no amount: {text}"))
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.001
}

/// "Where the engine bills the customer, Stalker's `account_balance` shows the real balance."
#[tokio::test]
async fn a_balance_is_real_where_we_bill_and_a_text_where_not() {
    let both = a_house_with_both_apis().holding(with_money()).await;
    both.house
        .rest
        .put("/users/3210", "account_balance=100+UAH.")
        .await
        .ok();
    assert_eq!(
        both.house.account("3210").await["account_balance"],
        "100 UAH."
    );

    let path = both.path("nobox", "/orders").await;
    let body = json!({"offer": "full-monthly", "createCustomerServices": true});
    both.api.post(&path, body).await.expect(201);
    let balance = both.path("nobox", "/account/balance").await;
    let real = both.api.get(&balance).await.expect(200)["amount"]
        .as_f64()
        .expect("a number");
    assert!(same(real, 15.0), "{real}");
    assert!(same(amount(&both.house.account("nobox").await), 15.0));
    // Nobody makes money by writing a text.
    assert_eq!(
        both.house
            .rest
            .put("/users/nobox", "account_balance=999")
            .await
            .ok(),
        true
    );
    assert!(same(amount(&both.house.account("nobox").await), 15.0));
    let real = both.api.get(&balance).await.expect(200)["amount"]
        .as_f64()
        .expect("a number");
    assert!(same(real, 15.0), "{real}");
    // A payment shows in the next request.
    let id = both.customer("nobox").await["_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let payments = both
        .house
        .bx
        .url(&format!("/console/api/customers/{id}/payments"));
    both.api
        .post(payments, json!({"amount": "7.50", "method": "cash"}))
        .await
        .expect(201);
    assert!(same(amount(&both.house.account("nobox").await), 22.5));
}

/// "writing 1 makes the customer ACTIVE …: the debt was overridden, and the debt stays."
#[tokio::test]
async fn switching_on_a_debtor_leaves_the_debt() {
    let mut document = with_money();
    document["offers"][0]["billing"] = json!("POSTPAID");
    document["customers"][3]["opening_balance"] = json!("1.00");
    document["customers"][3]["devices"] = json!([{"mac": "00:1A:79:00:0E:01", "type": "STB"}]);
    let both = a_house_with_both_apis().holding(document).await;
    let path = both.path("nobox", "/orders").await;
    let body = json!({"offer": "full-monthly", "createCustomerServices": true});
    both.api.post(&path, body).await.expect(201);
    let owed = amount(&both.house.account("nobox").await);
    assert!(same(owed, -9.0), "{owed}");
    both.change("nobox", json!({"status": "SUSPENDED_BY_BILLING"}))
        .await;
    assert_eq!(both.house.account("nobox").await["status"], 0);
    assert_eq!(
        both.house.rest.put("/users/nobox", "status=1").await.ok(),
        true
    );
    assert_eq!(both.customer("nobox").await["status"], "ACTIVE");
    assert!(same(amount(&both.house.account("nobox").await), -9.0));
    let mut events = both.house.names("00:1A:79:00:0E:01").await;
    events.retain(|name| name.starts_with("cut_"));
    assert_eq!(events, ["cut_off", "cut_on"]);
}

/// A plan set over the Stalker API has no charges: nobody is invoiced for it.
#[tokio::test]
async fn a_plan_of_the_rest_api_costs_nothing_here() {
    let both = a_house_with_both_apis().holding(with_money()).await;
    both.house
        .rest
        .put("/users/3210", "tariff_plan=STANDART")
        .await
        .ok();
    both.house
        .rest
        .put(&format!("/accounts/{A}"), "tariff_plan=FULL")
        .await
        .ok();
    both.house.bx.advance(65 * DAY).await;
    let balance = both.path("3210", "/account/balance").await;
    let real = both.api.get(&balance).await.expect(200)["amount"]
        .as_f64()
        .expect("a number");
    assert!(same(real, 0.0), "{real}");
    assert_eq!(both.house.account("3210").await["tariff_plan"], "FULL");
}

/// Time that is given away is not billed, whichever dialect gives it.
#[tokio::test]
async fn a_later_end_of_a_plan_that_we_bill_is_a_gift() {
    let both = a_house_with_both_apis().await;
    let standard = both.spec("product-specs", "Standart").await;
    let body = json!({
        "title": "Monthly", "type": "RECURRING", "duration": 1, "period": "MONTH",
        "charges": [{"type": "RECURRING", "title": "TV", "amount": 10, "currency": "USD"}],
    });
    let path = format!("/product-specs/{standard}/offers");
    let offer = both.api.post(path, body).await.expect(201)["_id"].clone();
    let path = both.path("nobox", "/orders").await;
    both.api
        .post(&path, json!({"offer": offer}))
        .await
        .expect(201);
    let form = "tariff_expired_date=2026-04-15 10:00:00";
    both.house.rest.put("/users/nobox", form).await.ok();
    let order = both.active("nobox", "orders").await[0].clone();
    assert_eq!(order["expires"], "2026-04-15T10:00:00.000Z");
    assert_eq!(order["nextBillingCycle"], "2026-04-15T10:00:00.000Z");
}

/// Optional packages that were chosen come with every plan that offers them, by whatever way it
/// became the customer's plan.
#[tokio::test]
async fn chosen_packages_come_with_a_plan_that_is_ordered() {
    let both = a_house_with_both_apis().await;
    let extra = both.spec("service-specs", "TV 3").await;
    let path = format!("/account_subscription/{A}");
    both.house.rest.put(&path, "subscribed[]=tv_3").await.ok();
    assert!(both.services("3210").await.contains(&extra));
    // The present plan ends, and another one is ordered over AlphaOTT.
    let plan = both.active("3210", "orders").await[0].clone();
    let orders = both.path("3210", "/orders").await;
    let path = format!("{orders}/{}", plan["_id"].as_str().expect("an id"));
    both.api.delete(path).await.expect(204);
    assert!(!both.services("3210").await.contains(&extra));
    let product = both.spec("product-specs", "Standart").await;
    let offer = offer(&both, &product).await;
    let order = json!({"productSpec": product, "offer": offer, "status": "ACTTIVE",
        "createCustomerServices": true});
    both.api.post(orders, order).await.expect(201);
    assert_eq!(
        both.house.account("3210").await["subscribed"],
        json!(["tv_3"])
    );
    assert!(both.services("3210").await.contains(&extra));
}

/// §4.2: a date that is over moves the account to its follow-up plan, owed or not;
/// what is owed stays owed.
#[tokio::test]
async fn an_end_in_the_past_ends_a_plan_that_is_owed() {
    for (api, date) in [
        ("stalker", "2020-01-01"),
        ("stalker", "2026-02-03"),
        ("alphaott", "2020-01-01"),
    ] {
        let mut document = with_money();
        document["offers"][0]["billing"] = json!("POSTPAID");
        document["offers"][0]["product"] = json!("STANDART");
        document["customers"][3]["opening_balance"] = json!("1.00");
        let both = a_house_with_both_apis().holding(document).await;
        let orders = both.path("nobox", "/orders").await;
        let body = json!({"offer": "full-monthly", "createCustomerServices": true});
        let order = both.api.post(&orders, body).await.expect(201);
        let path = format!("{orders}/{}", order["_id"].as_str().expect("an id"));
        if api == "stalker" {
            let form = format!("tariff_expired_date={date}&tariff_instead_expired=FULL");
            assert_eq!(both.house.rest.put("/users/nobox", &form).await.ok(), true);
        } else {
            let over = json!({"expires": format!("{date}T00:00:00.000Z")});
            both.api.put(&path, over).await.expect(200);
        }
        if date > "2026-02-01" {
            assert_eq!(both.house.account("nobox").await["tariff_plan"], "STANDART");
            both.house.bx.advance(3 * DAY).await;
        }
        assert_eq!(
            both.api.get(&path).await.expect(200)["status"],
            "EXPIRED",
            "{api} {date}"
        );
        let account = both.house.account("nobox").await;
        assert_eq!(account["tariff_plan"], "FULL", "{api} {date}");
        assert_eq!(account["tariff_expired_date"], Value::Null, "{api} {date}");
        let balance = both.path("nobox", "/account/balance").await;
        let real = both.api.get(&balance).await.expect(200)["amount"].as_f64();
        assert!(
            same(real.expect("a number"), -9.0),
            "{api} {date}: {real:?}"
        );
    }
}

/// A box loads its channels again when other ones may be watched, not for every bill.
#[tokio::test]
async fn a_renewal_tells_no_box() {
    let mut document = with_money();
    let customers = document["customers"].as_array_mut().expect("customers");
    let payer = customers.iter_mut().find(|of| of["login"] == "3210");
    payer.expect("3210")["opening_balance"] = json!("25.00");
    let both = a_house_with_both_apis().holding(document).await;
    let path = both.path("3210", "/orders").await;
    let body = json!({"offer": "full-monthly", "createCustomerServices": true});
    both.api.post(&path, body).await.expect(201);
    let told = async || {
        let events = both.house.all_queued(A).await;
        events
            .iter()
            .any(|event| event["event"] == "update_subscription")
    };
    assert!(told().await, "of what began");
    both.house.bx.advance(32 * DAY).await;
    let balance = both.path("3210", "/account/balance").await;
    let left = both.api.get(&balance).await.expect(200)["amount"].clone();
    assert!(
        same(left.as_f64().expect("a number"), 5.0),
        "two months: {left}"
    );
    assert!(!told().await, "nothing else may be watched");
}
