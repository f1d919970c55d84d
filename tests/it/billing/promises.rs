//! What a payer saw is what is billed, whatever happens while the payment is under way; and money
//! that came for nothing is on the balance, and the page says so.

use serde_json::{Value, json};

use super::charge;
use super::pages::Page;
use crate::alphaott::given;
use crate::support::Answer;
use crate::support::fixture::a_page;

const GOOD: &str = "sandbox&card=4242424242424242";
const DECLINED: &str = "sandbox&card=4000000000000002";
const LATER: &str = "sandbox&card=4000000000000077";

impl Page {
    /// Another page for the same offer and customer.
    async fn another(&self) -> String {
        Page::make(&self.till).await
    }

    /// A page for one more order of the offer.
    async fn one_more(&self) -> String {
        let wish = json!({"offerId": self.till.shop.offer, "additional": true});
        let path = self.till.shop.of_customer("orders/hosted-page");
        let page = self.till.shop.api.post(path, wish).await.expect(201);
        page["id"].as_str().expect("a code").to_owned()
    }

    async fn order_statuses(&self) -> Vec<String> {
        let path = self.till.shop.of_customer("orders");
        let orders = given::list(self.till.shop.api.get(path).await.expect(200));
        let status = |order: &Value| order["status"].as_str().unwrap().to_owned();
        orders.iter().map(status).collect()
    }

    async fn change_offer(&self, body: Value) {
        let shop = &self.till.shop;
        let path = shop.of_product(&format!("offers/{}", shop.offer));
        shop.api.put(path, body).await.expect(200);
    }

    /// What is still to be paid of all invoices.
    async fn owed(&self) -> Vec<String> {
        let path = self.till.of_customer("invoices");
        let invoices = given::list(self.till.shop.api.get(path).await.expect(200));
        let open = |of: &Value| of["open"].as_str().unwrap().to_owned();
        invoices
            .iter()
            .map(open)
            .filter(|open| open != "0.00")
            .collect()
    }

    async fn open_payments(&self) -> Vec<Value> {
        let open = self.till.console("payments/open");
        given::list(self.till.shop.api.get(open).await.expect(200))
    }

    /// `confirm` or `fail` of a payment.
    async fn say(&self, payment: &Value, how: &str) -> Answer {
        let path = self.till.console(&format!("payments/{payment}/{how}"));
        self.till.shop.api.post(path, json!({})).await
    }

    /// Some time later what is under way is decided.
    async fn later(&self) {
        self.till.shop.bx.advance(60).await;
    }
}

fn says_arrived(shown: &Answer, amount: &str) {
    let words = format!("Your payment of {amount}\u{a0}USD has arrived and is on your balance");
    assert!(shown.text.contains(&words), "{}", shown.text);
    assert!(!shown.text.contains("Thank you"), "{}", shown.text);
    assert!(!shown.text.contains("status=succeded"), "{}", shown.text);
}

#[tokio::test]
async fn an_offer_that_is_billed_elsewhere_has_no_page() {
    let page = a_page().await;
    page.change_offer(json!({"billing": "EXTERNAL"})).await;
    let shop = &page.till.shop;
    let body = json!({"offerId": shop.offer, "returnUrl": "https://tv.example/"});
    let refused = shop
        .api
        .post(shop.of_customer("orders/hosted-page"), body)
        .await;
    refused.expect_error(409, "ConflictError", "offer: another system");
    assert_eq!(
        page.order_statuses().await.len(),
        1,
        "no order is left of it"
    );
    // A page that was made before takes no money.
    assert_eq!(page.show().await.status, 410);
    for way in [GOOD, LATER, "manual", "balance"] {
        assert_eq!(page.submit("10.00", way).await.status, 410, "{way}");
    }
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

#[tokio::test]
async fn the_price_that_was_shown_is_billed() {
    let page = a_page().await;
    page.submit("10.00", LATER).await;
    page.change_offer(json!({"charges": [charge("25.00")]}))
        .await;
    // While it is under way the page shows what is being paid.
    assert!(page.show().await.text.contains("10.00\u{a0}USD"));
    page.later().await;
    assert_eq!(page.order_status().await, "ACTTIVE");
    assert_eq!(page.till.invoices().await, ["1 INVOICE 0 10.00"]);
    assert_eq!(page.till.balance().await, "0.00");
    let shown = page.show().await.text;
    assert!(shown.contains("Paid. Thank you."), "{shown}");
    assert!(!shown.contains("25.00"), "{shown}");
    // The next cycle costs what the offer does then.
    page.till.pay("25").await;
    page.till.days(28).await;
    let invoices = page.till.invoices().await;
    assert_eq!(invoices, ["1 INVOICE 0 10.00", "2 INVOICE 1 25.00"]);
    assert!(page.owed().await.is_empty());
    page.till.prove();
}

/// A page that nobody has begun to pay shows what the offer costs now.
#[tokio::test]
async fn who_did_not_begin_to_pay_sees_the_new_price() {
    let page = a_page().await;
    page.submit("10.00", DECLINED).await;
    page.change_offer(json!({"charges": [charge("25.00")]}))
        .await;
    assert!(page.show().await.text.contains("25.00\u{a0}USD"));
    assert_eq!(page.submit("10.00", GOOD).await.status, 409);
    assert_eq!(page.submit("25.00", GOOD).await.status, 303);
    assert_eq!(page.till.invoices().await, ["1 INVOICE 0 25.00"]);
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

#[tokio::test]
async fn one_balance_pays_one_order() {
    let mut page = a_page().await;
    page.till.pay("9.99").await;
    let mut codes = vec![page.code.clone()];
    for _ in 0..3 {
        codes.push(page.one_more().await);
    }
    for code in &codes {
        page.code.clone_from(code);
        assert_eq!(page.submit("0.01", LATER).await.status, 303);
    }
    page.later().await;
    let statuses = page.order_statuses().await;
    assert_eq!(statuses, ["ACTTIVE", "INACTIVE", "INACTIVE", "INACTIVE"]);
    assert_eq!(page.till.invoices().await, ["1 INVOICE 0 10.00"]);
    assert_eq!(page.till.balance().await, "0.03");
    assert!(page.owed().await.is_empty());
    // The others say where the money is, and take the rest.
    page.code.clone_from(&codes[3]);
    let shown = page.show().await;
    assert_eq!(shown.status, 200);
    says_arrived(&shown, "0.01");
    assert!(shown.text.contains("9.97\u{a0}USD"), "{}", shown.text);
    assert_eq!(page.submit("9.97", GOOD).await.status, 303);
    assert_eq!(page.order_statuses().await[3], "ACTTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

#[tokio::test]
async fn what_is_given_once_is_not_sold_twice() {
    let mut page = a_page().await;
    let rule = json!({"newCustomers": true, "oncePerCustomer": true});
    page.change_offer(json!({"eligibility": rule})).await;
    let second = page.another().await;
    page.submit("10.00", LATER).await;
    page.code = second;
    page.submit("10.00", LATER).await;
    page.later().await;
    assert_eq!(page.order_statuses().await, ["ACTTIVE"]);
    assert_eq!(page.till.invoices().await, ["1 INVOICE 0 10.00"]);
    assert_eq!(page.till.balance().await, "10.00");
    let shown = page.show().await;
    assert_eq!(shown.status, 410);
    says_arrived(&shown, "10.00");
    page.till.prove();
}

/// A voucher's value is spent on something else while the card's part is under way.
#[tokio::test]
async fn a_voucher_and_a_card_that_no_longer_suffice_are_kept() {
    let page = a_page().await;
    let batch = json!({"title": "", "amount": "6", "count": 1});
    let path = page.till.console("voucher-batches");
    let batch = page.till.shop.api.post(path, batch).await.expect(201);
    let code = batch["codes"][0].as_str().unwrap();
    let form = format!("amount=10.00&currency=USD&method=voucher&voucher={code}");
    assert_eq!(page.send(&form).await.status, 303);
    says_arrived(&page.show().await, "6.00");
    assert_eq!(page.submit("4.00", LATER).await.status, 303);
    let charges = json!({"type": "ONE_TIME", "charges": [charge("6.00")]});
    let other = super::monthly(&page.till.shop, charges).await;
    page.till.order_of(json!({"offer": other})).await;
    assert_eq!(page.till.balance().await, "0.00");
    page.later().await;
    assert_eq!(page.order_statuses().await, ["INACTIVE", "ACTTIVE"]);
    assert_eq!(page.till.balance().await, "4.00");
    let shown = page.show().await;
    says_arrived(&shown, "4.00");
    assert_eq!(page.submit("6.00", GOOD).await.status, 303);
    assert_eq!(page.order_statuses().await, ["ACTTIVE", "ACTTIVE"]);
    assert_eq!(page.till.balance().await, "0.00");
    assert!(page.owed().await.is_empty());
    page.till.prove();
}

/// Who paid too little after days of waiting has a day for the rest.
#[tokio::test]
async fn a_page_that_opens_again_has_another_day() {
    let page = a_page().await;
    page.till.pay("4").await;
    page.submit("6.00", "manual").await;
    let charges = json!({"type": "ONE_TIME", "charges": [charge("4.00")]});
    let other = super::monthly(&page.till.shop, charges).await;
    page.till.order_of(json!({"offer": other})).await;
    page.till.days(5).await;
    let open = page.open_payments().await;
    page.say(&open[0]["id"], "confirm").await.expect(200);
    says_arrived(&page.show().await, "6.00");
    assert_eq!(page.submit("4.00", GOOD).await.status, 303);
    assert_eq!(page.order_statuses().await, ["ACTTIVE", "ACTTIVE"]);
    page.till.prove();
}

#[tokio::test]
async fn with_nothing_to_pay_every_way_is_the_balance() {
    for way in [
        "manual",
        GOOD,
        LATER,
        DECLINED,
        "voucher&voucher=NONE",
        "balance",
    ] {
        let page = a_page().await;
        page.till.pay("10").await;
        let paid = page.submit("0.00", way).await;
        assert_eq!(paid.status, 303, "{way}");
        assert_eq!(page.order_status().await, "ACTTIVE", "{way}");
        assert!(page.open_payments().await.is_empty(), "{way}");
        let path = page.till.of_customer("payments");
        let payments = given::list(page.till.shop.api.get(path).await.expect(200));
        assert_eq!(payments.len(), 1, "{way}: the cash");
        assert_eq!(page.till.balance().await, "0.00");
        page.till.prove();
    }
}

#[tokio::test]
async fn money_that_comes_after_it_was_given_up_is_booked() {
    let page = a_page().await;
    page.submit("10.00", "manual").await;
    let payment = page.open_payments().await[0]["id"].clone();
    for _ in 0..2 {
        page.say(&payment, "fail").await.expect(200);
    }
    for _ in 0..2 {
        let late = page.say(&payment, "confirm").await.expect(200);
        assert_eq!(late["state"], "SUCCEEDED");
    }
    assert_eq!(page.order_status().await, "ACTTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    assert_eq!(page.say(&payment, "fail").await.status, 409);
    page.till.prove();

    // The page was paid otherwise meanwhile.
    let page = a_page().await;
    page.submit("10.00", "manual").await;
    let payment = page.open_payments().await[0]["id"].clone();
    page.say(&payment, "fail").await.expect(200);
    page.submit("10.00", GOOD).await;
    page.say(&payment, "confirm").await.expect(200);
    assert_eq!(page.till.balance().await, "10.00");
    assert_eq!(page.till.invoices().await.len(), 1);
    assert!(page.show().await.text.contains("Paid. Thank you."));
    page.till.prove();
}

/// What a card's provider said is not for a person to say otherwise.
#[tokio::test]
async fn nothing_is_answered_as_done_that_was_not() {
    let page = a_page().await;
    page.submit("10.00", DECLINED).await;
    let path = page.till.of_customer("payments");
    let payments = given::list(page.till.shop.api.get(&path).await.expect(200));
    assert_eq!(page.say(&payments[0]["id"], "confirm").await.status, 409);
    let cash = page.till.pay("5").await;
    assert_eq!(page.say(&cash["id"], "fail").await.status, 409);
    let refunds = page
        .till
        .console(&format!("payments/{}/refunds", cash["id"]));
    let refund = page
        .till
        .shop
        .api
        .post(refunds, json!({"amount": "5"}))
        .await
        .expect(201);
    assert_eq!(page.say(&refund["id"], "confirm").await.status, 409);
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

#[tokio::test]
async fn a_page_whose_order_is_gone_says_where_the_money_is() {
    let page = a_page().await;
    page.submit("10.00", LATER).await;
    let order = page
        .till
        .shop
        .of_customer("orders/000000000000000000000001");
    page.till.shop.api.delete(order).await;
    page.later().await;
    assert_eq!(page.till.balance().await, "10.00");
    let shown = page.show().await;
    assert_eq!(shown.status, 410);
    says_arrived(&shown, "10.00");
    assert!(shown.text.contains("status=failed"), "{}", shown.text);
    page.till.prove();
}

/// Staff began the order while the payment was under way: the money pays its invoice.
#[tokio::test]
async fn an_order_that_began_meanwhile_is_paid() {
    let page = a_page().await;
    page.submit("10.00", LATER).await;
    let order = page
        .till
        .shop
        .of_customer("orders/000000000000000000000001");
    let begun = json!({"status": "ACTTIVE"});
    page.till.shop.api.put(order, begun).await.expect(200);
    assert_eq!(page.owed().await, ["10.00"]);
    page.later().await;
    assert!(page.owed().await.is_empty());
    assert_eq!(page.till.balance().await, "0.00");
    assert!(page.show().await.text.contains("Paid. Thank you."));
    page.till.prove();
}
