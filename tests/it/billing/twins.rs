//! Several orders of one product that are frozen: paying one ends the others, but no time is lost
//! that is paid for.

use serde_json::{Value, json};

use super::{Till, charge, monthly};
use crate::alphaott::{given, id_of};
use crate::support::fixture::a_till;

/// Pays what a page for the wish asks for, by card.
async fn pay_page(till: &Till, wish: Value) {
    let path = till.shop.of_customer("orders/hosted-page");
    let made = till.shop.api.post(path, wish).await.expect(201);
    let url = format!("/pay/{}", made["id"].as_str().expect("a code"));
    let url = till.shop.bx.url(&url);
    let nobody = till.shop.bx.anonymous();
    let shown = nobody.get(url.clone()).await.text;
    let (_, rest) = shown.split_once("name=\"amount\" value=\"").expect(&shown);
    let (amount, _) = rest.split_once('"').expect("an amount");
    let form = format!("amount={amount}&currency=USD&method=sandbox&card=4242424242424242");
    let paid = nobody.send("POST", url, Some(form.into_bytes()), &[]).await;
    assert_eq!(paid.status, 303, "{}", paid.text);
}

async fn open_invoices(till: &Till) -> Vec<Value> {
    let path = till.of_customer("invoices");
    let mut all = given::list(till.shop.api.get(path).await.expect(200));
    all.retain(|one| one["open"] != "0.00");
    all
}

/// Money of an order went back, and its days are kept. Another one of the product is bought beside
/// it: the days are there when the money is.
#[tokio::test]
async fn an_order_that_keeps_days_is_not_ended_by_another_one() {
    let till = a_till().taking_cards().await;
    let payment = till.pay("10").await;
    let kept = till.order().await;
    till.days(3).await;
    let back = json!({"amount": "10", "as": "RETURNED"});
    let path = till.console(&format!("payments/{}/refunds", payment["id"]));
    till.shop.api.post(path, back).await.expect(201);
    till.days(1).await;
    assert_eq!(&till.state(&kept).await[..8], "INACTIVE");
    pay_page(
        &till,
        json!({"offerId": till.shop.offer, "additional": true}),
    )
    .await;
    assert_eq!(&till.state(&kept).await[..8], "INACTIVE");
    till.pay("10").await;
    // Frozen for a day.
    assert_eq!(till.state(&kept).await, "ACTTIVE 2026-03-01 2026-03-01");
    assert_eq!(till.services().await, "ACTIVE");
    assert!(open_invoices(&till).await.is_empty());
    till.prove();
}

/// An order that was changed in debt keeps its whole first cycle. It is paid on the page of another
/// one.
#[tokio::test]
async fn a_first_cycle_that_is_kept_is_had_when_it_is_paid() {
    let till = a_till().taking_cards().await;
    till.pay("10").await;
    let first = till.order().await;
    till.days(30).await;
    let dearer = json!({"charges": [charge("20.00")]});
    let dearer = monthly(&till.shop, dearer).await;
    let owed = till.order_of(json!({"offer": dearer})).await;
    till.days(31).await;
    assert_eq!(&till.state(&owed).await[..8], "INACTIVE");
    let changed = till.act(&owed, "change", json!({"offer": till.shop.offer}));
    let changed = changed.await.expect(201);
    let changed = json!({"_id": format!("{:024x}", changed["id"].as_u64().expect("an id"))});
    assert_eq!(&till.state(&changed).await[..8], "INACTIVE", "{changed}");
    till.days(3).await;
    pay_page(&till, json!({"orderId": id_of(&first)})).await;
    assert_eq!(&till.state(&first).await[..7], "ACTTIVE");
    // 5 April and a whole month from then.
    assert_eq!(till.state(&changed).await, "ACTTIVE 2026-05-05 2026-05-05");
    assert_eq!(till.services().await, "ACTIVE EXPIRED");
    assert!(open_invoices(&till).await.is_empty());
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

/// A postpaid order is billed until a later day: paid, it runs until then, and is not billed on.
#[tokio::test]
async fn what_is_billed_ahead_is_had_once_it_is_paid() {
    let till = a_till().taking_cards().await;
    let postpaid = json!({"billing": "POSTPAID", "dunning": {"grace_days": 5}});
    let postpaid = monthly(&till.shop, postpaid).await;
    let owed = till.order_of(json!({"offer": postpaid})).await;
    till.days(6).await;
    assert_eq!(till.state(&owed).await, "INACTIVE 2026-02-28 2026-02-28");
    pay_page(
        &till,
        json!({"offerId": till.shop.offer, "additional": true}),
    )
    .await;
    till.days(1).await;
    till.pay("10").await;
    assert_eq!(till.state(&owed).await, "CANCELED - 2026-02-28");
    assert_eq!(till.services().await, "ACTIVE");
    assert!(open_invoices(&till).await.is_empty());
    till.days(25).await;
    assert_eq!(till.state(&owed).await, "CANCELED - 2026-02-28");
    assert_eq!(till.services().await, "ACTIVE EXPIRED");
    assert_eq!(till.invoices().await.len(), 2, "it is not renewed");
    till.prove();
}
