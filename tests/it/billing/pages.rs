//! Hosted pages as a browser without scripts sees them, and the ways to pay on them.

use boxoffice::app::Ctx;
use boxoffice::domain::customers::service::Service;
use boxoffice::domain::values::id::{ChannelId, CustomerId};
use serde_json::{Value, json};

use super::{Till, charge};
use crate::alphaott::given;
use crate::support::Answer;
use crate::support::fixture::{a_page, a_till};

/// A page for the shop's offer, in a box with the sandbox on.
pub struct Page {
    pub till: Till,
    pub code: String,
}

impl Page {
    pub async fn of(till: Till) -> Page {
        let code = Page::make(&till).await;
        Page { till, code }
    }

    /// The page for a wish: an `offerId` or an `orderId`.
    pub async fn asked(till: Till, wish: Value) -> Page {
        let path = till.shop.of_customer("orders/hosted-page");
        let made = till.shop.api.post(path, wish).await.expect(201);
        let code = made["id"].as_str().expect("a code").to_owned();
        Page { till, code }
    }

    pub async fn make(till: &Till) -> String {
        let body = json!({"offerId": till.shop.offer, "returnUrl": "https://tv.example/back?x=1"});
        let path = till.shop.of_customer("orders/hosted-page");
        let page = till.shop.api.post(path, body).await.expect(201);
        page["id"].as_str().expect("a code").to_owned()
    }

    pub async fn show(&self) -> Answer {
        let url = self.till.shop.bx.url(&format!("/pay/{}", self.code));
        self.till.shop.bx.anonymous().get(url).await
    }

    pub async fn submit(&self, amount: &str, method: &str) -> Answer {
        let form = format!("amount={amount}&currency=USD&method={method}");
        self.send(&form).await
    }

    pub async fn send(&self, form: &str) -> Answer {
        let url = self.till.shop.bx.url(&format!("/pay/{}", self.code));
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = form.as_bytes().to_vec();
        let nobody = self.till.shop.bx.anonymous();
        nobody.send("POST", url, Some(body), &kind).await
    }

    pub async fn order_status(&self) -> String {
        let orders = self
            .till
            .shop
            .api
            .get(self.till.shop.of_customer("orders"))
            .await;
        let orders = given::list(orders.expect(200));
        orders[0]["status"].as_str().expect("a status").to_owned()
    }
}

const GOOD: &str = "sandbox&card=4242424242424242";
const DECLINED: &str = "sandbox&card=4000000000000002";
const LATER: &str = "sandbox&card=4000000000000077";
const LATER_FAILS: &str = "sandbox&card=4000000000000341";

#[tokio::test]
async fn a_card_pays_a_page_and_the_order_begins() {
    let page = a_page().await;
    let shown = page.show().await;
    assert_eq!(shown.status, 200);
    assert!(shown.text.contains("10.00\u{a0}USD"), "{}", shown.text);
    assert!(!shown.text.contains("<script"));
    assert!(
        shown.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    page.till.days(0).await;
    let paid = page.submit("10.00", GOOD).await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    let location = paid.headers["location"].to_str().unwrap();
    assert!(
        location.ends_with(&format!("type=boxoffice&id={}&status=succeded", page.code)),
        "{location}"
    );
    let back = page
        .till
        .shop
        .bx
        .anonymous()
        .get(page.till.shop.bx.url(location))
        .await;
    let back = back.headers["location"].to_str().unwrap().to_owned();
    assert!(
        back.starts_with("https://tv.example/back?x=1&type=boxoffice&id="),
        "{back}"
    );
    assert!(
        back.contains("&orderId=000000000000000000000001&status=succeded"),
        "{back}"
    );
    assert_eq!(page.order_status().await, "ACTTIVE");
    assert_eq!(page.till.services().await, "ACTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    assert_eq!(page.till.invoices().await, ["1 INVOICE 0 10.00"]);
    assert!(page.show().await.text.contains("Paid"));
    page.till.prove();
}

/// The term of an order begins when it is paid, not when the page was made.
#[tokio::test]
async fn the_term_begins_with_the_payment() {
    let page = a_page().await;
    page.till.shop.bx.advance(20 * 3_600).await;
    page.submit("10.00", GOOD).await;
    let orders = page
        .till
        .shop
        .api
        .get(page.till.shop.of_customer("orders"))
        .await
        .expect(200);
    assert_eq!(orders[0]["expires"], "2026-03-01T06:00:00.000Z");
}

#[tokio::test]
async fn fifty_submits_are_one_charge() {
    let page = a_page().await;
    let mut all = Vec::new();
    for _ in 0..50 {
        let url = page.till.shop.bx.url(&format!("/pay/{}", page.code));
        let body = format!("amount=10.00&currency=USD&method={GOOD}").into_bytes();
        let nobody = page.till.shop.bx.anonymous();
        all.push(tokio::spawn(async move {
            nobody.send("POST", url, Some(body), &[]).await
        }));
    }
    for one in all {
        assert_eq!(one.await.expect("an answer").status, 303);
    }
    let path = page.till.shop.of_customer("transactions");
    let transactions = given::list(page.till.shop.api.get(path).await.expect(200));
    assert_eq!(transactions.len(), 1);
    assert_eq!(page.till.invoices().await.len(), 1);
    page.till.prove();
}

#[tokio::test]
async fn a_declined_card_leaves_the_page_open() {
    let page = a_page().await;
    let declined = page.submit("10.00", DECLINED).await;
    assert_eq!(declined.status, 422);
    assert!(declined.text.contains("declined"), "{}", declined.text);
    assert_eq!(page.order_status().await, "INACTIVE");
    assert_eq!(page.submit("10.00", GOOD).await.status, 303);
    let path = page.till.shop.of_customer("transactions");
    let transactions = given::list(page.till.shop.api.get(path).await.expect(200));
    let statuses: Vec<&Value> = transactions.iter().map(|t| &t["status"]).collect();
    assert_eq!(statuses, ["FAILED", "SUCCEEDED"]);
    page.till.prove();
}

#[tokio::test]
async fn a_slow_payment_ends_by_itself() {
    for (card, status, balance) in [
        (LATER, "ACTTIVE", "0.00"),
        (LATER_FAILS, "INACTIVE", "0.00"),
    ] {
        let page = a_page().await;
        let sent = page.submit("10.00", card).await;
        let location = sent.headers["location"].to_str().unwrap();
        assert!(location.ends_with("status=processing"), "{location}");
        assert_eq!(page.order_status().await, "INACTIVE");
        // Once more, while it is under way: nothing more is begun.
        assert!(
            page.submit("10.00", card).await.headers["location"]
                .to_str()
                .unwrap()
                .ends_with("processing")
        );
        page.till.shop.bx.advance(60).await;
        assert_eq!(page.order_status().await, status);
        assert_eq!(page.till.balance().await, balance);
        page.till.prove();
    }
}

/// Money whose order finds no room for its services comes up again, and stops nothing meanwhile.
#[tokio::test]
async fn a_slow_payment_that_cannot_be_used_stops_nobody() {
    let page = a_page().await;
    let sent = page.submit("10.00", LATER).await;
    assert_eq!(sent.status, 303);
    let bx = &page.till.shop.bx;
    let ctx = Ctx::system(bx.app());
    let filled = ctx.write(|ctx, tx| {
        let mut made = Vec::new();
        for channel in 1..=5_000 {
            let (id, channel) = (tx.next_id()?, ChannelId(channel));
            tx.put(&Service::of_channel(id, CustomerId(1), channel, ctx.now))?;
            made.push(id);
        }
        Ok(made)
    });
    let filled = filled.await.expect("5,000 services");
    bx.advance(60).await;
    assert_eq!(page.order_status().await, "INACTIVE");
    let emptied = ctx.write(move |_, tx| {
        for id in filled {
            tx.remove::<Service>(&id)?;
        }
        Ok(())
    });
    emptied.await.expect("no services");
    bx.advance(3_600).await;
    assert_eq!(page.order_status().await, "ACTTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

/// Edge 16: paid after the order was canceled, after the page expired, for a customer who is gone.
#[tokio::test]
async fn money_that_comes_late_is_not_lost() {
    let page = a_page().await;
    page.submit("10.00", LATER).await;
    let order = page
        .till
        .shop
        .of_customer("orders/000000000000000000000001");
    page.till.shop.api.delete(order).await;
    page.till.shop.bx.advance(60).await;
    assert_eq!(page.till.balance().await, "10.00");
    assert!(page.till.invoices().await.is_empty());
    page.till.prove();

    let page = a_page().await;
    page.submit("10.00", LATER).await;
    let path = format!("/customers/{}", page.till.shop.customer);
    page.till.shop.api.delete(path).await;
    page.till.shop.bx.advance(60).await;
    let open = page.till.console("payments/open");
    let open = given::list(page.till.shop.api.get(open).await.expect(200));
    assert_eq!(open[0]["state"], "UNMATCHED");
    let other = crate::alphaott::customer(&page.till.shop.api).await;
    let resolve = page
        .till
        .console(&format!("payments/{}/resolve", open[0]["id"]));
    let resolved = page
        .till
        .shop
        .api
        .post(resolve, json!({"customer": other}))
        .await;
    resolved.expect(200);
    let balance = page
        .till
        .shop
        .api
        .get(format!("/customers/{other}/account/balance"))
        .await;
    assert_eq!(balance.expect(200)["amount"], 10);
    page.till.prove();
}

#[tokio::test]
async fn a_page_has_its_day() {
    let page = a_page().await;
    page.till.shop.bx.advance(86_400).await;
    assert_eq!(page.show().await.status, 410);
    assert_eq!(page.submit("10.00", GOOD).await.status, 410);
    assert_eq!(page.order_status().await, "INACTIVE");
    let nothing = Page {
        code: "x".repeat(20),
        till: page.till,
    };
    assert_eq!(nothing.show().await.status, 404);
    assert_eq!(nothing.submit("10.00", GOOD).await.status, 404);
}

/// Edge 15 and 29: what is paid is what was seen, and what is still sold.
#[tokio::test]
async fn what_is_paid_is_what_was_seen() {
    let page = a_page().await;
    let offer = page
        .till
        .shop
        .of_product(&format!("offers/{}", page.till.shop.offer));
    page.till.shop.bx.advance(1).await;
    let dearer = json!({"charges": [charge("11.00")]});
    page.till.shop.api.put(&offer, dearer).await.expect(200);
    // The order was made at the price of its time, and keeps it until its next cycle.
    let answer = page.submit("9.00", GOOD).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text.contains("Nothing was paid"), "{}", answer.text);
    assert_eq!(page.till.invoices().await.len(), 0);
    page.till.shop.api.delete(&offer).await;
    assert_eq!(page.show().await.status, 410);
    assert_eq!(page.submit("11.00", GOOD).await.status, 410);
}

/// Edge 22: the balance covers a part, the card the rest.
#[tokio::test]
async fn the_balance_pays_its_part() {
    let page = a_page().await;
    page.till.pay("4").await;
    let shown = page.show().await.text;
    assert!(shown.contains("6.00\u{a0}USD"), "{shown}");
    assert_eq!(page.submit("6.00", GOOD).await.status, 303);
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();

    let page = a_page().await;
    assert_eq!(page.submit("10.00", "balance").await.status, 409);
    page.till.pay("15").await;
    assert_eq!(page.submit("0.00", "balance").await.status, 303);
    assert_eq!(page.till.balance().await, "5.00");
    assert_eq!(page.order_status().await, "ACTTIVE");
    page.till.prove();
}

/// Whoever pays for an order gets it, whatever else they owe.
#[tokio::test]
async fn older_debts_do_not_eat_a_payment() {
    let page = a_page().await;
    let owed = super::monthly(
        &page.till.shop,
        json!({"type": "ONE_TIME", "charges": [charge("50.00")]}),
    )
    .await;
    page.till.order_of(json!({"offer": owed})).await;
    assert_eq!(page.till.balance().await, "-50.00");
    assert_eq!(page.submit("10.00", GOOD).await.status, 303);
    assert_eq!(page.order_status().await, "ACTTIVE");
    assert_eq!(page.till.balance().await, "-50.00");
    page.till.prove();
}

#[tokio::test]
async fn paid_by_hand_it_waits_for_a_person() {
    let page = a_page().await;
    assert_eq!(page.submit("10.00", "manual").await.status, 303);
    let shown = page.show().await.text;
    assert!(shown.contains("P-1"), "{shown}");
    let open = page.till.console("payments/open");
    let open = given::list(page.till.shop.api.get(open).await.expect(200));
    let confirm = page
        .till
        .console(&format!("payments/{}/confirm", open[0]["id"]));
    for _ in 0..2 {
        page.till
            .shop
            .api
            .post(&confirm, json!({}))
            .await
            .expect(200);
    }
    assert_eq!(page.order_status().await, "ACTTIVE");
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

#[tokio::test]
async fn a_voucher_is_worth_its_value_once() {
    let page = a_page().await;
    let batch = json!({"title": "Christmas", "amount": "6", "count": 3});
    let path = page.till.console("voucher-batches");
    let batch = page.till.shop.api.post(&path, batch).await.expect(201);
    let codes: Vec<String> = given::list(batch["codes"].clone())
        .iter()
        .map(|code| code.as_str().expect("a code").to_owned())
        .collect();
    let use_code = |code: &str, amount: &str| {
        format!("amount={amount}&currency=USD&method=voucher&voucher={code}")
    };
    assert_eq!(
        page.send(&use_code("NONE-SUCH-CODE", "10.00")).await.status,
        422
    );
    // Typed as people type.
    let typed = codes[0].to_lowercase().replace('-', "+");
    assert_eq!(page.send(&use_code(&typed, "10.00")).await.status, 303);
    assert_eq!(page.order_status().await, "INACTIVE");
    assert!(page.show().await.text.contains("4.00\u{a0}USD"));
    assert_eq!(
        page.send(&use_code(&codes[0], "4.00")).await.status,
        422,
        "used"
    );
    let done = page.send(&use_code(&codes[1], "4.00")).await;
    assert!(
        done.headers["location"]
            .to_str()
            .unwrap()
            .ends_with("succeded")
    );
    assert_eq!(page.order_status().await, "ACTTIVE");
    assert_eq!(page.till.balance().await, "2.00");
    let states = given::list(page.till.shop.api.get(&path).await.expect(200));
    assert_eq!(states[0]["used"], 2);
    assert!(given::absent(&states[0], "codes"));
    // Taken out of use, the last one is worth nothing.
    page.till.shop.api.delete(format!("{path}/1")).await;
    let redeem = page.till.of_customer("vouchers");
    let answer = page
        .till
        .shop
        .api
        .post(redeem, json!({"code": codes[2]}))
        .await;
    assert_eq!(answer.status, 409);
    page.till.prove();
}

/// Codes cannot be tried without end.
#[tokio::test]
async fn a_page_takes_so_many_attempts_and_no_more() {
    let page = a_page().await;
    for _ in 0..20 {
        page.submit("10.00", "voucher&voucher=AAAA").await;
    }
    let answer = page.submit("10.00", GOOD).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
}

#[tokio::test]
async fn what_is_not_switched_on_takes_no_money() {
    let page = Page::of(a_till().await).await;
    assert!(!page.show().await.text.contains("sandbox"));
    assert_eq!(page.submit("10.00", GOOD).await.status, 409);
    for form in [
        "",
        "amount=1",
        "amount=x&currency=USD&method=manual",
        "amount=10&currency=USD&method=gold",
    ] {
        assert_eq!(page.send(form).await.status, 400, "{form}");
    }
    assert_eq!(page.order_status().await, "INACTIVE");
}
