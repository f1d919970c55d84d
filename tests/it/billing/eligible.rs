//! Offers that are not for everybody: not listed for, and not sold to, who may not order them.

use serde_json::{Value, json};

use super::Till;
use super::pages::Page;
use crate::alphaott::{given, id_of};
use crate::support::fixture::{a_till, a_till_selling};

impl Till {
    async fn offer_for(&self, eligibility: Value) -> String {
        let body = json!({"eligibility": eligibility, "title": "Special"});
        id_of(&given::offer(&self.shop.api, &self.shop.product, body).await)
    }

    async fn sees(&self, customer: &str, offer: &str) -> bool {
        let product = &self.shop.product;
        let path = format!("/customers/{customer}/product-specs/{product}/offers");
        let offers = given::list(self.shop.api.get(path).await.expect(200));
        offers.iter().any(|shown| shown["_id"] == offer)
    }

    /// Whether an order of the offer is taken; what is not listed must not be.
    async fn may(&self, customer: &str, offer: &str) -> bool {
        let seen = self.sees(customer, offer).await;
        let path = format!("/customers/{customer}/orders");
        let placed = self.shop.api.post(path, json!({"offer": offer})).await;
        if placed.status == 201 {
            assert!(seen, "sold, but not listed");
            return true;
        }
        placed.expect_error(409, "ConflictError", "offer: ");
        assert!(!seen, "listed, but not sold");
        let path = format!("/customers/{customer}/orders/hosted-page");
        let page = self.shop.api.post(path, json!({"offerId": offer})).await;
        page.expect_error(409, "ConflictError", "offer: ");
        false
    }
}

#[tokio::test]
async fn a_welcome_offer_is_for_new_customers() {
    let till = a_till().await;
    let (old, new) = (
        &till.shop.customer,
        crate::alphaott::customer(&till.shop.api).await,
    );
    let offer = till.offer_for(json!({"newCustomers": true})).await;
    // An order that waits for its payment is none yet.
    let waiting = till.order_of(json!({"status": "INACTIVE"})).await;
    assert!(till.sees(old, &offer).await);
    till.shop
        .change(&waiting, json!({"status": "ACTTIVE"}))
        .await;
    assert!(!till.may(old, &offer).await);
    assert!(till.may(&new, &offer).await);
    assert!(!till.may(&new, &offer).await);
    // All offers of the catalogue are shown to those who keep it.
    let path = till.shop.of_product(&format!("offers/{offer}"));
    let shown = till.shop.api.get(path).await.expect(200);
    let rule = json!({"newCustomers": true, "oncePerCustomer": false, "withProducts": []});
    assert_eq!(shown["eligibility"], rule);
}

/// A typing error must not open an offer to everybody.
#[tokio::test]
async fn a_rule_that_is_not_known_is_refused() {
    let till = a_till().await;
    let offer = till.offer_for(json!({"newCustomers": true})).await;
    let path = till.shop.of_product(&format!("offers/{offer}"));
    for rule in [json!({"foo": 1}), json!({"newCustomer": true})] {
        let body = json!({"eligibility": rule});
        let answer = till.shop.api.put(&path, body).await;
        answer.expect_error(400, "BadRequestError", "eligibility");
    }
    let shown = till.shop.api.get(&path).await.expect(200);
    assert_eq!(shown["eligibility"]["newCustomers"], true);
}

#[tokio::test]
async fn an_offer_can_be_given_once() {
    let till = a_till().await;
    let customer = &till.shop.customer;
    till.order().await;
    let offer = till.offer_for(json!({"oncePerCustomer": true})).await;
    assert!(till.may(customer, &offer).await);
    assert!(!till.may(customer, &offer).await);
    let path = till.shop.of_product(&format!("offers/{offer}"));
    let open = till
        .shop
        .api
        .put(path, json!({"eligibility": null}))
        .await
        .expect(200);
    assert!(given::absent(&open, "eligibility"));
    assert!(till.may(customer, &offer).await);
}

#[tokio::test]
async fn an_addition_goes_with_its_base() {
    let till = a_till().await;
    let shop = &till.shop;
    let sports = id_of(&given::product(&shop.api, json!({"title": "Sports"})).await);
    let rule = json!({"eligibility": {"withProducts": [shop.product]}});
    let offer = id_of(&given::offer(&shop.api, &sports, rule).await);
    let sees = async || {
        let products = shop
            .api
            .get(shop.of_customer("product-specs"))
            .await
            .expect(200);
        given::list(products)
            .iter()
            .any(|shown| shown["_id"] == sports.as_str())
    };
    assert!(!sees().await);
    let path = shop.of_customer("orders");
    let refused = shop.api.post(&path, json!({"offer": offer})).await;
    refused.expect_error(409, "ConflictError", "does not have");
    let base = till.order().await;
    assert!(sees().await);
    shop.api
        .post(&path, json!({"offer": offer}))
        .await
        .expect(201);
    till.act(&base, "end", json!({})).await.expect(200);
    assert!(!sees().await);
    let bad = json!({"eligibility": {"withProducts": ["no-such"]}});
    let path = format!("/product-specs/{sports}/offers");
    shop.api
        .post(path, bad)
        .await
        .expect_error(404, "NotFoundError", "no-such");
}

#[tokio::test]
async fn a_page_that_was_made_before_sells_it_once() {
    let rule = json!({"eligibility": {"oncePerCustomer": true}});
    let first = a_till_selling(rule).taking_cards().then(Page::of).await;
    let second = Page::make(&first.till).await;
    let paid = first.submit("10.00", "sandbox&card=4242424242424242").await;
    assert_eq!(paid.status, 303);
    let second = Page {
        code: second,
        till: first.till,
    };
    let refused = second
        .submit("10.00", "sandbox&card=4242424242424242")
        .await;
    assert_ne!(refused.status, 303, "{}", refused.text);
    assert!(refused.text.contains("paid already"), "{}", refused.text);
    assert_eq!(second.till.invoices().await, ["1 INVOICE 0 10.00"]);
}
