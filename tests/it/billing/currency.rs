//! One currency for the books: it does not change once money is booked, money in another one is not
//! taken, and a price that moves to another one is for new orders.

use boxoffice::app::Ctx;
use serde_json::{Value, json};

use super::{Till, monthly};
use crate::alphaott::{given, id_of};
use crate::support::TestBox;
use crate::support::fixture::{a_box, a_till};

fn priced(amount: &str, currency: &str) -> Value {
    json!([{"type": "RECURRING", "title": "TV", "amount": amount, "currency": currency}])
}

async fn refused(bx: &TestBox, doc: Value) -> String {
    let ctx = Ctx::system(bx.app());
    let error = boxoffice::ops::apply::apply(&ctx, doc.to_string(), false).await;
    format!("{:?}", error.expect_err("a refusal"))
}

#[tokio::test]
async fn a_document_changes_the_currency_only_before_money_is_booked() {
    let till = a_till().await;
    let bx = &till.shop.bx;
    bx.apply(json!({"provider": {"currency": "EUR"}})).await;
    bx.apply(json!({"provider": {"currency": "USD"}})).await;
    till.pay("10").await;
    let told = refused(bx, json!({"provider": {"currency": "EUR"}})).await;
    assert!(told.contains("provider.currency"), "{told}");
    assert!(told.contains("money is booked in USD"), "{told}");
    // Said again as it is, and other members, change as ever.
    bx.apply(json!({"provider": {"currency": "USD", "name": "Nord TV"}}))
        .await;
    assert_eq!(till.balance().await, "10.00");
}

/// A settings file that is lost, or changed, must not move the books: the box starts, and keeps its
/// own.
#[tokio::test]
async fn settings_do_not_move_books_that_are_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = async |seed, currency: &str| {
        let currency = currency.to_owned();
        a_box()
            .in_folder(folder.path())
            .seed(seed)
            .set(|config| {
                config.provider.currency = currency;
            })
            .await
    };
    let currency = |bx: &TestBox| bx.app().company().currency.as_str().to_owned();
    let bx = start(1, "EUR").await;
    assert_eq!(currency(&bx), "EUR");
    bx.stop().await;
    // Nothing is booked yet.
    let till = Till::in_box(start(2, "USD").await, json!({})).await;
    assert_eq!(currency(&till.shop.bx), "USD");
    till.pay("10").await;
    let Till { shop } = till;
    let given::Shop { bx, api, .. } = shop;
    drop(api);
    bx.stop().await;
    let bx = start(3, "EUR").await;
    assert_eq!(currency(&bx), "USD");
    let customer = bx
        .api()
        .get("/customers/000000000000000000000001/account/balance")
        .await;
    assert_eq!(
        customer.expect(200),
        json!({"amount": 10, "currency": "USD"})
    );
    bx.stop().await;
}

#[tokio::test]
async fn money_in_another_currency_is_not_taken() {
    let till = a_till().await;
    till.order().await;
    let path = till.of_customer("payments");
    let euros = json!({"amount": "10", "currency": "EUR", "method": "cash"});
    let answer = till.shop.api.post(&path, euros.clone()).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert!(answer.text.contains("USD"), "{}", answer.text);
    let dollars = json!({"amount": "10", "currency": "USD", "method": "cash"});
    till.shop.api.post(&path, dollars).await.expect(201);
    // Nor is a voucher of it.
    let batch = json!({"title": "", "amount": "5", "currency": "EUR", "count": 1});
    let batch = till
        .shop
        .api
        .post(till.console("voucher-batches"), batch)
        .await
        .expect(201);
    let code = json!({"code": batch["codes"][0]});
    let redeemed = till.shop.api.post(till.of_customer("vouchers"), code).await;
    assert_eq!(redeemed.status, 409, "{}", redeemed.text);
    // Who is billed in it pays in it.
    let offer = monthly(&till.shop, json!({"charges": priced("9", "EUR")})).await;
    till.order_of(json!({"offer": offer})).await;
    till.shop.api.post(&path, euros).await.expect(201);
    till.prove();
}

/// A currency is a customer's as long as an order of theirs is billed in it, also where nothing of
/// it is open; what another system bills, and what staff removed, is not billed here.
#[tokio::test]
async fn money_is_taken_in_the_currency_of_an_order_while_it_is_billed() {
    let till = a_till().await;
    let path = till.of_customer("payments");
    let euros = || json!({"amount": "9", "currency": "EUR", "method": "cash"});
    let offer = json!({"charges": priced("9", "EUR"), "billing": "EXTERNAL"});
    let elsewhere = monthly(&till.shop, offer).await;
    till.order_of(json!({"offer": elsewhere})).await;
    let answer = till.shop.api.post(&path, euros()).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    let offer = monthly(&till.shop, json!({"charges": priced("9", "EUR")})).await;
    let order = till.order_of(json!({"offer": offer})).await;
    // The first pays the invoice, the second lies on the balance for the next one.
    for _ in 0..2 {
        till.shop.api.post(&path, euros()).await.expect(201);
    }
    let order = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
    till.shop.api.delete(order).await;
    let answer = till.shop.api.post(&path, euros()).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    till.prove();
}

/// Nobody is frozen because a price moved to another currency: who has an order keeps its price.
#[tokio::test]
async fn a_price_in_another_currency_is_for_new_orders() {
    for change in [json!({}), json!({"priceChange": "NEXT_CYCLE"})] {
        let till = a_till().await;
        till.pay("30").await;
        let order = till.order().await;
        let path = till.shop.of_product(&format!("offers/{}", till.shop.offer));
        let euros = given::merged(json!({"charges": priced("9", "EUR")}), change.clone());
        till.shop.api.put(&path, euros).await.expect(200);
        till.days(30).await;
        assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-31 2026-03-31");
        let invoices = ["1 INVOICE 0 10.00", "2 INVOICE 1 10.00"];
        assert_eq!(till.invoices().await, invoices);
        assert_eq!(till.balance().await, "10.00");
        // A later price in euros is no way around, a later one in dollars is a change as ever.
        let dearer = json!({"charges": priced("12", "EUR")});
        till.shop.api.put(&path, dearer).await.expect(200);
        till.days(30).await;
        assert_eq!(till.invoices().await.len(), 3);
        let dollars = json!({"charges": priced("11", "USD")});
        till.shop.api.put(&path, dollars).await.expect(200);
        till.pay("11").await;
        till.days(30).await;
        assert_eq!(till.invoices().await[3], "4 INVOICE 3 11.00");
        assert_eq!(till.balance().await, "0.00");
        till.prove();
    }
}
