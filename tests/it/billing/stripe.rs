//! Cards at Stripe: a fake Stripe on a real socket that is as strict as the real one about what it
//! is asked, and webhooks that come late, early, twice, together, shuffled, or from somebody else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Till;
use super::pages::Page;
use crate::alphaott::given;
use crate::support::{Answer, TestBox};

const KEY: &str = "sk_test_box";
const SECRET: &str = "whsec_new";
/// Where the box's clock stands.
const NOW: i64 = 1_769_853_600;

type Form = BTreeMap<String, String>;

#[derive(Default)]
struct Account {
    sessions: BTreeMap<String, Value>,
    /// Idempotency key -> what was asked, and the session that was answered.
    keys: BTreeMap<String, (Form, String)>,
    /// So many requests do their work and are answered 500.
    broken: u32,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Account>>);

impl Fake {
    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/checkout/sessions", post(create))
            .route("/v1/checkout/sessions/{id}", get(fetch))
            .route("/v1/checkout/sessions/{id}/expire", post(expire))
            .route("/v1/payment_intents/{id}", get(intent))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        origin
    }

    /// The only session there is, changed.
    fn change(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut account = self.account();
        assert_eq!(account.sessions.len(), 1);
        let session = account.sessions.values_mut().next().unwrap();
        change(session);
        session.clone()
    }

    fn pay(&self) -> Value {
        self.change(|session| {
            session["status"] = "complete".into();
            session["payment_status"] = "paid".into();
        })
    }
}

fn error(status: u16, kind: &str, message: &str) -> Response {
    let body = json!({"error": {"type": kind, "message": message}});
    let status = StatusCode::from_u16(status).unwrap();
    (status, body.to_string()).into_response()
}

fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("authorization") == Some(&format!("Bearer {KEY}")) && text("stripe-version").is_some()
}

async fn create(State(fake): State<Fake>, headers: HeaderMap, body: String) -> Response {
    if !is_ours(&headers) {
        return error(401, "invalid_request_error", "Invalid API Key provided");
    }
    let form: Form = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let held = |name: &str| form.get(name).cloned().unwrap_or_default();
    let price = "line_items[0][price_data]";
    let amount: i64 = held(&format!("{price}[unit_amount]")).parse().unwrap_or(-1);
    let expires: i64 = held("expires_at").parse().unwrap_or(0);
    let fits = held("mode") == "payment"
        && amount > 0
        && held(&format!("{price}[currency]")) == "usd"
        && !held(&format!("{price}[product_data][name]")).is_empty()
        && held("line_items[0][quantity]") == "1"
        && held("success_url").starts_with("http")
        && held("cancel_url").starts_with("http")
        && (NOW + 1_800..=NOW + 40 * 86_400).contains(&expires);
    if !fits {
        return error(
            400,
            "invalid_request_error",
            &format!("Invalid request: {form:?}"),
        );
    }
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let mut account = fake.account();
    let known = account.keys.get(&key).cloned();
    let id = match known {
        Some((asked, _)) if asked != form => {
            return error(400, "idempotency_error", "Keys are for the same parameters");
        }
        Some((_, id)) => id,
        None => {
            let id = format!("cs_test_{}", account.sessions.len() + 1);
            let session = json!({
                "id": id, "object": "checkout.session", "status": "open",
                "payment_status": "unpaid", "amount_total": amount, "currency": "usd",
                "url": format!("https://checkout.stripe.com/c/pay/{id}"),
                "metadata": {"boxoffice_payment": held("metadata[boxoffice_payment]")},
            });
            account.sessions.insert(id.clone(), session);
            account.keys.insert(key, (form, id.clone()));
            id
        }
    };
    answer(&mut account, &id)
}

fn answer(account: &mut Account, id: &str) -> Response {
    if account.broken > 0 {
        account.broken -= 1;
        return error(500, "api_error", "An unknown error occurred");
    }
    account.sessions[id].to_string().into_response()
}

async fn fetch(State(fake): State<Fake>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let mut account = fake.account();
    if !is_ours(&headers) || !account.sessions.contains_key(&id) {
        return error(404, "invalid_request_error", "No such session");
    }
    answer(&mut account, &id)
}

/// `pi_3` is the payment of the third session.
async fn intent(State(fake): State<Fake>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let mut account = fake.account();
    let session = id.replace("pi_", "cs_test_");
    let Some(held) = account.sessions.get(&session).filter(|_| is_ours(&headers)) else {
        return error(404, "invalid_request_error", "No such payment_intent");
    };
    let body = json!({"id": id, "object": "payment_intent", "metadata": held["metadata"]});
    if account.broken > 0 {
        account.broken -= 1;
        return error(500, "api_error", "An unknown error occurred");
    }
    body.to_string().into_response()
}

async fn expire(State(fake): State<Fake>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let mut account = fake.account();
    match account.sessions.get_mut(&id) {
        Some(session) if is_ours(&headers) && session["status"] == "open" => {
            session["status"] = "expired".into();
            session["url"] = Value::Null;
            answer(&mut account, &id)
        }
        _ => error(
            400,
            "invalid_request_error",
            "Only open sessions can be expired",
        ),
    }
}

/// A box whose page is paid at the fake.
struct Shop {
    page: Page,
    fake: Fake,
}

impl Shop {
    async fn open() -> Shop {
        let fake = Fake::default();
        let origin = fake.listen().await;
        let bx = TestBox::with(|config| {
            KEY.clone_into(&mut config.payments.stripe_secret_key);
            config.payments.stripe_webhook_secret = format!("whsec_old,{SECRET}");
            config.payments.stripe_api = origin;
        })
        .await;
        let page = Page::of(Till::in_box(bx, json!({})).await).await;
        Shop { page, fake }
    }

    /// Sends the customer to Stripe.
    async fn begin(&self) {
        let sent = self.page.submit("10.00", "stripe").await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        assert_eq!(
            sent.headers["location"],
            "https://checkout.stripe.com/c/pay/cs_test_1"
        );
        assert_eq!(self.page.order_status().await, "INACTIVE");
    }

    async fn hook(&self, kind: &str, object: &Value) -> Answer {
        let event = json!({
            "id": "evt_1", "object": "event", "type": kind, "data": {"object": object},
        })
        .to_string();
        let signature = sign(SECRET, NOW, &event);
        self.raw_hook(&event, &signature).await
    }

    async fn heard(&self, kind: &str, object: &Value, status: u16) {
        let answer = self.hook(kind, object).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text);
    }

    async fn raw_hook(&self, event: &str, signature: &str) -> Answer {
        let bx = &self.page.till.shop.bx;
        let url = bx.url("/payments/webhooks/stripe");
        let headers = [("stripe-signature", signature)];
        let body = Some(event.as_bytes().to_vec());
        bx.anonymous().send("POST", url, body, &headers).await
    }

    async fn back(&self, how: &str) {
        let bx = &self.page.till.shop.bx;
        let url = bx.url(&format!("/pay/{}?stripe={how}", self.page.code));
        assert_eq!(bx.anonymous().get(url).await.status, 303);
    }

    /// One payment, one invoice, an order that runs.
    async fn assert_paid_once(&self) {
        assert_eq!(self.page.order_status().await, "ACTTIVE");
        assert_eq!(self.page.till.services().await, "ACTIVE");
        assert_eq!(self.page.till.balance().await, "0.00");
        assert_eq!(self.page.till.invoices().await, ["1 INVOICE 0 10.00"]);
        self.page.till.prove();
    }
}

fn sign(secret: &str, at: i64, event: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{event}").as_bytes());
    let hex = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    format!("t={at},v1={hex}")
}

fn charge(session: &Value, refunded: i64) -> Value {
    json!({
        "id": "ch_1", "object": "charge", "amount": 1_000, "amount_refunded": refunded,
        "currency": "usd", "metadata": session["metadata"],
    })
}

const COMPLETED: &str = "checkout.session.completed";

#[tokio::test]
async fn a_webhook_opens_what_was_paid_at_stripe() {
    let shop = Shop::open().await;
    assert!(shop.page.show().await.text.contains("value=\"stripe\""));
    shop.begin().await;
    let shown = shop.page.show().await.text;
    assert!(shown.contains("Back to the card payment"), "{shown}");
    shop.begin().await;
    assert_eq!(
        shop.fake.account().sessions.len(),
        1,
        "it goes on with the first"
    );
    let session = shop.fake.pay();
    assert_eq!(shop.hook(COMPLETED, &session).await.status, 200);
    shop.assert_paid_once().await;
}

#[tokio::test]
async fn coming_back_books_before_the_webhook_does() {
    let shop = Shop::open().await;
    shop.begin().await;
    shop.back("return").await;
    assert_eq!(
        shop.page.order_status().await,
        "INACTIVE",
        "coming back is no proof"
    );
    let session = shop.fake.pay();
    shop.back("return").await;
    shop.assert_paid_once().await;
    assert_eq!(shop.hook(COMPLETED, &session).await.status, 200);
    shop.assert_paid_once().await;
}

#[tokio::test]
async fn who_turns_away_from_stripe_can_pay_again() {
    let shop = Shop::open().await;
    shop.begin().await;
    shop.back("cancel").await;
    assert!(shop.page.show().await.text.contains("value=\"stripe\""));
    let again = shop.page.submit("10.00", "stripe").await;
    assert_eq!(
        again.headers["location"],
        "https://checkout.stripe.com/c/pay/cs_test_2"
    );
}

/// Who pays and then presses "back" has paid.
#[tokio::test]
async fn turning_away_after_paying_is_paying() {
    let shop = Shop::open().await;
    shop.begin().await;
    shop.fake.pay();
    shop.back("cancel").await;
    shop.assert_paid_once().await;
}

#[tokio::test]
async fn slow_methods_open_when_the_money_is_there() {
    for (event, ends) in [
        ("checkout.session.async_payment_succeeded", "ACTTIVE"),
        ("checkout.session.async_payment_failed", "INACTIVE"),
    ] {
        let shop = Shop::open().await;
        shop.begin().await;
        let session = shop
            .fake
            .change(|session| session["status"] = "complete".into());
        shop.hook(COMPLETED, &session).await;
        assert_eq!(shop.page.order_status().await, "INACTIVE");
        let session = if ends == "ACTTIVE" {
            shop.fake.pay()
        } else {
            session
        };
        shop.hook(event, &session).await;
        assert_eq!(shop.page.order_status().await, ends);
        let open = shop.page.show().await.text.contains("value=\"stripe\"");
        assert_eq!(
            open,
            ends == "INACTIVE",
            "a page that failed can be used again"
        );
    }
}

/// Edge 20: Stripe did it and could not say so. The same key finds the same session.
#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_session() {
    let shop = Shop::open().await;
    shop.fake.account().broken = 2;
    shop.begin().await;
    assert_eq!(shop.fake.account().sessions.len(), 1);
    // Even if all tries are lost: the box looks after it by itself.
    let shop = Shop::open().await;
    shop.fake.account().broken = 3;
    let sent = shop.page.submit("10.00", "stripe").await;
    assert_eq!(
        sent.headers["location"],
        format!("/pay/{}", shop.page.code).as_str()
    );
    shop.fake.pay();
    shop.page.till.shop.bx.advance(61).await;
    shop.assert_paid_once().await;
    assert_eq!(shop.fake.account().sessions.len(), 1);
}

/// Edge 17: the webhook is quicker than the answer that names the session.
#[tokio::test]
async fn a_webhook_before_the_answer_is_taken() {
    let shop = Shop::open().await;
    shop.fake.account().broken = 3;
    shop.page.submit("10.00", "stripe").await;
    let session = shop.fake.pay();
    assert_eq!(shop.hook(COMPLETED, &session).await.status, 200);
    shop.assert_paid_once().await;
}

/// Edge 19: the refund is told before the payment.
#[tokio::test]
async fn a_refund_that_overtakes_its_payment_is_booked_after_it() {
    let shop = Shop::open().await;
    shop.begin().await;
    let unpaid = shop.fake.change(|_| ());
    let early = shop.hook("charge.refunded", &charge(&unpaid, 400)).await;
    assert_eq!(early.status, 409, "it is to be sent again");
    let session = shop.fake.pay();
    shop.hook("charge.refunded", &charge(&session, 400)).await;
    shop.hook(COMPLETED, &session).await;
    // Stripe tells the sum: 400 again is nothing new, 1000 is 600 more.
    shop.hook("charge.refunded", &charge(&session, 400)).await;
    assert_eq!(shop.page.till.balance().await, "-4.00");
    shop.hook("charge.refunded", &charge(&session, 1_000)).await;
    shop.hook("charge.refunded", &charge(&session, 400)).await;
    assert_eq!(shop.page.till.balance().await, "-10.00");
    shop.page.till.prove();
}

/// Edge 16: another amount than was asked for opens nothing and is not lost.
#[tokio::test]
async fn another_amount_waits_for_a_person() {
    let shop = Shop::open().await;
    shop.begin().await;
    shop.fake.pay();
    let session = shop
        .fake
        .change(|session| session["amount_total"] = 1.into());
    for _ in 0..3 {
        shop.hook(COMPLETED, &session).await;
    }
    assert_eq!(shop.page.order_status().await, "INACTIVE");
    let till = &shop.page.till;
    let open = till.shop.api.get(till.console("payments/open")).await;
    let open = open.expect(200);
    let list = given::list(open);
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!(list[0]["amount"], "0.01");
    assert_eq!(list[0]["state"], "UNMATCHED");
    let shown = shop.page.show().await.text;
    assert!(
        shown.contains("value=\"stripe\""),
        "the page can be paid rightly"
    );
    till.prove();
}

#[tokio::test]
async fn an_amount_that_cannot_be_read_opens_nothing() {
    let shop = Shop::open().await;
    shop.begin().await;
    shop.fake.pay();
    for (key, value) in [("currency", json!("zzz")), ("amount_total", Value::Null)] {
        let session = shop.fake.change(|session| session[key] = value);
        assert_eq!(shop.hook(COMPLETED, &session).await.status, 200);
        assert_eq!(shop.page.order_status().await, "INACTIVE", "{key}");
    }
}

/// Two boxes on one account: the numbers are the same, the payments are not.
#[tokio::test]
async fn what_another_box_did_moves_nothing_here() {
    let shop = Shop::open().await;
    shop.page.till.pay("10").await;
    for mark in ["1", "-1", "another0code0of0a0pag-1"] {
        let mut refund = charge(&json!({"metadata": {}}), 1_000);
        refund["metadata"] = json!({"boxoffice_payment": mark});
        assert_eq!(shop.hook("charge.refunded", &refund).await.status, 200);
        assert_eq!(shop.page.till.balance().await, "10.00", "{mark}");
    }
}

#[tokio::test]
async fn only_stripe_is_believed() {
    let shop = Shop::open().await;
    shop.begin().await;
    let session = shop.fake.pay();
    let event = json!({"type": COMPLETED, "data": {"object": session}}).to_string();
    let good = sign(SECRET, NOW, &event);
    let bad = [
        String::new(),
        "t=,v1=".to_owned(),
        sign("whsec_other", NOW, &event),
        sign(SECRET, NOW, "another body"),
        sign(SECRET, NOW - 301, &event),
        sign(SECRET, NOW + 301, &event),
        good.replace("v1=", "v0="),
        good.replace("t=1", "t=2"),
    ];
    for signature in bad {
        let answer = shop.raw_hook(&event, &signature).await;
        assert_eq!(answer.status, 400, "{signature}");
    }
    assert_eq!(shop.page.order_status().await, "INACTIVE");
    // While the secret is changed, the old one is good as well, and one of several will do.
    let both = format!(
        "{},v1={}",
        sign(SECRET, NOW, "x"),
        &sign("whsec_old", NOW, &event)[16..]
    );
    assert_eq!(
        shop.raw_hook(&event, &both.replace("v1=v1=", "v1="))
            .await
            .status,
        200
    );
    shop.assert_paid_once().await;
    // What is not ours is none of our business.
    for object in [json!({}), json!({"metadata": {"boxoffice_payment": "999"}})] {
        assert_eq!(shop.hook(COMPLETED, &object).await.status, 200);
    }
    assert_eq!(shop.hook("customer.created", &session).await.status, 200);
}

/// Edge 18, and a thousand webhooks of every kind in no order, many at once: one payment.
#[tokio::test]
async fn a_thousand_shuffled_and_doubled_webhooks_book_one_payment() {
    let shop = Shop::open().await;
    shop.begin().await;
    let open = shop.fake.change(|_| ());
    let mut expired = open.clone();
    expired["status"] = "expired".into();
    let mut slow = open.clone();
    slow["status"] = "complete".into();
    let session = shop.fake.pay();
    let kinds = [
        (COMPLETED, slow.clone()),
        (COMPLETED, session.clone()),
        ("checkout.session.async_payment_succeeded", session.clone()),
        ("checkout.session.async_payment_failed", slow),
        ("checkout.session.expired", expired),
        ("charge.refunded", charge(&session, 250)),
        ("charge.refunded", charge(&session, 100)),
    ];
    let mut place = 1_u64;
    for _ in 0..40 {
        let many = (0..25).map(|_| {
            place = place
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            let (kind, object) = &kinds[usize::try_from((place >> 33) % 7).unwrap()];
            shop.hook(kind, object)
        });
        for answer in tokio_join(many).await {
            assert!(matches!(answer.status, 200 | 409), "{}", answer.told());
        }
    }
    shop.hook("charge.refunded", &charge(&session, 250)).await;
    assert_eq!(shop.page.order_status().await, "ACTTIVE");
    assert_eq!(shop.page.till.invoices().await, ["1 INVOICE 0 10.00"]);
    assert_eq!(shop.page.till.balance().await, "-2.50");
    let payments = shop.page.till.of_customer("payments");
    let payments = shop.page.till.shop.api.get(payments).await.expect(200);
    let booked = given::list(payments);
    let paid = booked.iter().filter(|of| of["kind"] == "PAYMENT");
    assert_eq!(paid.count(), 1);
    shop.page.till.prove();
}

/// All of them at once.
async fn tokio_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        let mut ready = true;
        for (future, done) in &mut waiting {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready {
            let outputs = waiting.drain(..).filter_map(|(_, done)| done).collect();
            std::task::Poll::Ready(outputs)
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}

fn of_payment(object: &str, id: &str, amount: i64) -> Value {
    json!({
        "id": id, "object": object, "amount": amount, "currency": "usd", "payment_intent": "pi_1",
        "metadata": {},
    })
}

#[tokio::test]
async fn a_refund_that_fails_is_the_customers_again() {
    let shop = Shop::open().await;
    shop.begin().await;
    let session = shop.fake.pay();
    shop.heard("checkout.session.completed", &session, 200)
        .await;
    shop.heard("charge.refunded", &charge(&session, 400), 200)
        .await;
    assert_eq!(shop.page.till.balance().await, "-4.00");
    let failed = of_payment("refund", "re_1", 400);
    for _ in 0..3 {
        shop.heard("refund.failed", &failed, 200).await;
    }
    assert_eq!(shop.page.till.balance().await, "0.00");
    // The next refund counts from what did go back.
    shop.heard("charge.refunded", &charge(&session, 100), 200)
        .await;
    assert_eq!(shop.page.till.balance().await, "-1.00");
    shop.page.till.prove();
}

#[tokio::test]
async fn disputed_money_goes_and_comes_back_once() {
    let shop = Shop::open().await;
    shop.begin().await;
    let session = shop.fake.pay();
    let dispute = of_payment("dispute", "dp_1", 1_000);
    // It overtakes the payment, which is asked for.
    for _ in 0..2 {
        shop.heard("charge.dispute.funds_withdrawn", &dispute, 200)
            .await;
    }
    shop.heard("checkout.session.completed", &session, 200)
        .await;
    assert_eq!(shop.page.till.balance().await, "-10.00");
    for _ in 0..2 {
        shop.heard("charge.dispute.funds_reinstated", &dispute, 200)
            .await;
    }
    assert_eq!(shop.page.till.balance().await, "0.00");
    // Another system's dispute on the same account.
    let foreign = json!({"payment_intent": "pi_9"});
    let foreign = given::merged(of_payment("dispute", "dp_2", 500), foreign);
    shop.heard("charge.dispute.funds_withdrawn", &foreign, 200)
        .await;
    // Stripe is in trouble: it must be sent again.
    shop.fake.account().broken = 3;
    let other = of_payment("dispute", "dp_3", 500);
    shop.heard("charge.dispute.funds_withdrawn", &other, 409)
        .await;
    assert_eq!(shop.page.till.balance().await, "0.00");
    shop.page.till.prove();
}

#[tokio::test]
async fn money_in_suspense_can_go_back() {
    let shop = Shop::open().await;
    shop.begin().await;
    let session = shop.fake.change(|session| {
        session["status"] = "complete".into();
        session["payment_status"] = "paid".into();
        session["amount_total"] = 900.into();
    });
    shop.heard("checkout.session.completed", &session, 200)
        .await;
    let till = &shop.page.till;
    let open = till
        .shop
        .api
        .get(till.console("payments/open"))
        .await
        .expect(200);
    assert_eq!(given::list(open).len(), 1);
    shop.heard("charge.refunded", &charge(&session, 300), 200)
        .await;
    shop.heard("charge.refunded", &charge(&session, 900), 200)
        .await;
    shop.heard("charge.refunded", &charge(&session, 900), 200)
        .await;
    let open = till
        .shop
        .api
        .get(till.console("payments/open"))
        .await
        .expect(200);
    assert!(given::list(open).is_empty());
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

#[tokio::test]
async fn a_slow_payment_whose_failure_nobody_told_is_asked_for() {
    let shop = Shop::open().await;
    shop.begin().await;
    let session = shop.fake.change(|session| {
        session["status"] = "complete".into();
        session["payment_intent"] = json!({"id": "pi_1", "status": "processing"});
    });
    shop.heard("checkout.session.completed", &session, 200)
        .await;
    shop.fake
        .change(|session| session["payment_intent"]["status"] = "requires_payment_method".into());
    shop.page.till.shop.bx.advance(2 * 3_600).await;
    // The page can be used again.
    let sent = shop.page.submit("10.00", "stripe").await;
    assert_eq!(
        sent.headers["location"],
        "https://checkout.stripe.com/c/pay/cs_test_2"
    );
}
