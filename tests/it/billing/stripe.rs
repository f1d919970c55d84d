//! Cards at Stripe: a fake Stripe on a real socket that is as strict as the real one about what it
//! is asked, and webhooks that come late, early, twice, together, shuffled, or from somebody else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::pages::Page;
use crate::alphaott::given;
use crate::support::Answer;
use crate::support::fixture::a_till;

const KEY: &str = "sk_test_box";
const SECRET: &str = "whsec_new";
/// Where the box's clock stands.
const NOW: i64 = 1_769_853_600;

type Form = BTreeMap<String, String>;

#[derive(Default)]
pub struct Account {
    sessions: BTreeMap<String, Value>,
    /// Idempotency key -> what was asked, and the session that was answered.
    keys: BTreeMap<String, (Form, String)>,
    /// So many requests do their work and are answered 500.
    pub broken: u32,
    pub refunds: Vec<Value>,
}

#[derive(Clone, Default)]
pub struct Fake(Arc<Mutex<Account>>);

impl Fake {
    pub fn account(&self) -> MutexGuard<'_, Account> {
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
            .route("/v1/refunds", get(refunds))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        origin
    }

    /// The only session there is, changed.
    pub fn change(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut account = self.account();
        assert_eq!(account.sessions.len(), 1);
        let session = account.sessions.values_mut().next().unwrap();
        change(session);
        session.clone()
    }

    pub fn pay(&self) -> Value {
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

/// The refunds of a payment, two a page.
async fn refunds(
    State(fake): State<Fake>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let query: Form = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let account = fake.account();
    if !is_ours(&headers) || !query.contains_key("limit") {
        return error(400, "invalid_request_error", "Invalid request");
    }
    let intent = query.get("payment_intent").map(String::as_str);
    let of_payment = account.refunds.iter();
    let of_payment = of_payment.filter(|refund| refund["payment_intent"].as_str() == intent);
    let after = query.get("starting_after").map(String::as_str);
    let mut rest: Vec<&Value> = of_payment.collect();
    if let Some(after) = after {
        let at = rest
            .iter()
            .position(|refund| refund["id"] == after)
            .unwrap();
        rest.drain(..=at);
    }
    let page: Vec<&Value> = rest.iter().take(2).copied().collect();
    let body = json!({"object": "list", "data": page, "has_more": rest.len() > 2});
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
pub struct Shop {
    pub page: Page,
    pub fake: Fake,
}

impl Shop {
    pub async fn open() -> Shop {
        let fake = Fake::default();
        let origin = fake.listen().await;
        let page = a_till()
            .set(|config| {
                config.payments.stripe_secret_key = KEY.into();
                config.payments.stripe_webhook_secret = format!("whsec_old,{SECRET}").into();
                config.payments.stripe_api = origin;
            })
            .then(Page::of)
            .await;
        Shop { page, fake }
    }

    /// Sends the customer to Stripe.
    pub async fn begin(&self) {
        let sent = self.page.submit("10.00", "stripe").await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        assert_eq!(
            sent.headers["location"],
            "https://checkout.stripe.com/c/pay/cs_test_1"
        );
        assert_eq!(self.page.order_status().await, "INACTIVE");
    }

    pub async fn hook(&self, kind: &str, object: &Value) -> Answer {
        let event = json!({
            "id": "evt_1", "object": "event", "type": kind, "data": {"object": object},
        })
        .to_string();
        let signature = sign(SECRET, NOW, &event);
        self.raw_hook(&event, &signature).await
    }

    pub async fn heard(&self, kind: &str, object: &Value, status: u16) {
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

    pub async fn back(&self, how: &str) {
        let bx = &self.page.till.shop.bx;
        let url = bx.url(&format!("/pay/{}?stripe={how}", self.page.code));
        assert_eq!(bx.anonymous().get(url).await.status, 303);
    }

    /// One payment, one invoice, an order that runs.
    pub async fn assert_paid_once(&self) {
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

pub fn charge(session: &Value, refunded: i64) -> Value {
    let intent = session["id"]
        .as_str()
        .map(|id| id.replace("cs_test_", "pi_"));
    json!({
        "id": "ch_1", "object": "charge", "amount": 1_000, "amount_refunded": refunded,
        "currency": "usd", "payment_intent": intent, "metadata": session["metadata"],
    })
}

pub const COMPLETED: &str = "checkout.session.completed";

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

/// Stripe has other smallest units for some currencies,
/// and of three decimals wants the last to be 0.
#[tokio::test]
async fn amounts_that_stripe_does_not_take_are_not_offered() {
    for (amount, currency, offered) in [
        ("1.234", "KWD", false),
        ("1.230", "KWD", true),
        ("7.001", "TND", false),
        ("500", "ISK", false),
        ("500", "JPY", true),
    ] {
        let shop = Shop::open().await;
        let till = &shop.page.till;
        let charge = json!({"type": "RECURRING", "amount": amount, "currency": currency});
        let offer = super::monthly(&till.shop, json!({"charges": [charge]})).await;
        let body = json!({"offerId": offer, "returnUrl": "https://tv.example/"});
        let path = till.shop.of_customer("orders/hosted-page");
        let page = till.shop.api.post(path, body).await.expect(201);
        let code = page["id"].as_str().unwrap().to_owned();
        let till = shop.page.till;
        let page = Page { till, code };
        let shown = page.show().await;
        assert_eq!(
            shown.text.contains("value=\"stripe\""),
            offered,
            "{amount} {currency}"
        );
        if !offered {
            let form = format!("amount={amount}&currency={currency}&method=stripe");
            assert_eq!(page.send(&form).await.status, 409);
        }
    }
}
