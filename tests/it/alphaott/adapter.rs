//! The Billing Adapter (alphaott 5.5): two boxes, one as middleware, one as its billing system,
//! each knowing nothing of the other but its address and a token.
//! Between them a line that can be cut.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use boxoffice::config::ExternalBilling;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::given::{self, Shop};
use super::id_of;
use crate::support::fixture::a_box;
use crate::support::{Client, TestBox, eventually};

const DAY: i64 = 86_400;
const UI: &str = "https://tv.example/back?x=1";

/// A TCP line to an address that is known later; cut, nobody answers at its end.
#[derive(Clone)]
struct Line {
    origin: String,
    end: Arc<watch::Sender<Option<SocketAddr>>>,
}

impl Line {
    async fn lay() -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Line {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            end: Arc::default(),
        };
        let end = Arc::clone(&line.end);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut moved = end.subscribe();
                let end = *moved.borrow_and_update();
                tokio::spawn(async move {
                    if let Some(end) = end
                        && let Ok(mut far) = TcpStream::connect(end).await
                    {
                        tokio::select! {
                            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                            _ = moved.changed() => {}
                        }
                    }
                });
            }
        });
        line
    }

    fn lead_to(&self, end: Option<SocketAddr>) {
        self.end.send_replace(end);
    }
}

struct Pair {
    middleware: Shop,
    billing: TestBox,
    /// From the billing system to the middleware.
    line: Line,
    folder: tempfile::TempDir,
    token: String,
}

fn sandbox(config: &mut boxoffice::config::Config, line: &Line, token: &str) {
    config.payments.sandbox = true;
    config.middleware.url.clone_from(&line.origin);
    config.middleware.token = token.into();
}

impl Pair {
    /// A shop at the middleware whose catalogue is the billing system's: 10.00 USD a month.
    async fn open() -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("mw"), folder.path().join("billing"));
        // As an operator does it: each box makes a token for the other, then both are set up.
        let mut tokens = Vec::new();
        for (seed, folder) in [(11, &ours), (12, &theirs)] {
            let bx = a_box().in_folder(folder).seed(seed).await;
            tokens.push(bx.token_for("manager", 3 * 366 * DAY).await);
            bx.stop().await;
        }
        let line = Line::lay().await;
        let billing = a_box()
            .in_folder(&theirs)
            .seed(13)
            .set(|config| {
                sandbox(config, &line, &tokens[0]);
            })
            .await;
        let middleware = a_box()
            .in_folder(&ours)
            .seed(14)
            .set(|config| {
                config.billing.external = vec![ExternalBilling {
                    r#type: "main-01".to_owned(),
                    url: billing.url(""),
                    token: (&tokens[1]).into(),
                }];
            })
            .await;
        line.lead_to(Some(middleware.address()));
        let mut shop = Shop::open_in(middleware).await;
        let offer = json!({
            "type": "RECURRING",
            "charges": [{"type": "RECURRING", "amount": 10, "currency": "USD", "title": "Month"}],
        });
        shop.offer = id_of(&given::offer(&shop.api, &shop.product, offer).await);
        Pair {
            middleware: shop,
            billing,
            line,
            folder,
            token: tokens[0].clone(),
        }
    }

    /// Orders by a page, pays, and follows the browser to where it ends.
    async fn buy(&self) -> String {
        let page = self.page().await;
        self.pay(&page, "4242424242424242").await
    }

    async fn page(&self) -> Value {
        let body = json!({"offerId": self.middleware.offer, "returnUrl": UI});
        let path = self.middleware.of_customer("orders/hosted-page");
        self.middleware.api.post(path, body).await.expect(201)
    }

    async fn pay(&self, page: &Value, card: &str) -> String {
        let nobody = self.billing.anonymous();
        let url = page["url"].as_str().expect("a url");
        assert!(url.starts_with(&self.billing.url("/pay/")), "{url}");
        let form = format!("amount=10.00&currency=USD&method=sandbox&card={card}");
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let paid = nobody
            .send("POST", url, Some(form.into_bytes()), &kind)
            .await;
        assert_eq!(paid.status, 303, "{}", paid.told());
        let mut place = paid.headers["location"].to_str().unwrap().to_owned();
        while !place.starts_with("https://tv.example/") {
            if place.starts_with('/') {
                place = self.billing.url(&place);
            }
            let step = nobody.get(&place).await;
            assert_eq!(step.status, 302, "{place}: {}", step.told());
            step.headers["location"]
                .to_str()
                .unwrap()
                .clone_into(&mut place);
        }
        place
    }

    async fn services(&self) -> Vec<Value> {
        let path = self.middleware.of_customer("services");
        given::list(self.middleware.api.get(path).await.expect(200))
    }

    /// Waits until the services at the middleware are `count`, all of this status and end.
    async fn settles(&self, count: usize, status: &str, expires: &Value) {
        let fits = |services: &[Value]| {
            services.len() == count
                && services
                    .iter()
                    .all(|service| service["status"] == status && service["expires"] == *expires)
        };
        let what = format!("{count} {status} {expires}");
        eventually(&what, async || fits(&self.services().await).then_some(())).await;
    }

    async fn customer_status(&self) -> Value {
        let path = format!("/customers/{}", self.middleware.customer);
        self.middleware.api.get(path).await.expect(200)["status"].clone()
    }

    async fn is_active_again(&self) {
        let is_active = async || (self.customer_status().await == "ACTIVE").then_some(());
        eventually("an active customer", is_active).await;
    }

    /// The only order, as the middleware's callers see it.
    async fn order(&self) -> Value {
        let path = self.middleware.of_customer("orders");
        let orders = given::list(self.middleware.api.get(path).await.expect(200));
        assert_eq!(orders.len(), 1);
        orders[0].clone()
    }

    /// Books cash at the billing system, for the customer as the middleware calls them.
    async fn cash(&self, amount: &str) {
        let api = self.billing.api();
        let customers = given::list(api.get("/customers").await.expect(200));
        assert_eq!(customers.len(), 1);
        assert_eq!(customers[0]["_id"], self.middleware.customer.as_str());
        // The console has its own numbers: the billing system has one customer.
        let url = self.billing.url("/console/api/customers/1/payments");
        let body = json!({"amount": amount, "method": "cash"});
        api.post(url, body).await.expect(201);
    }
}

#[tokio::test]
async fn the_ten_steps_of_the_use_case() {
    let pair = Pair::open().await;
    let (shop, api) = (&pair.middleware, &pair.middleware.api);
    // The ids of the two boxes do not happen to be the same ones.
    super::customer(&pair.billing.api()).await;
    // 1 to 3: the app asks the middleware, which asks the billing system.
    let products = given::list(api.get(shop.of_customer("product-specs")).await.expect(200));
    assert_eq!(products.len(), 1);
    assert_eq!(products[0]["_id"], shop.product.as_str());
    assert_eq!(products[0]["serviceSpecs"], json!(shop.included));
    let path = shop.of_customer(&format!("product-specs/{}/offers", shop.product));
    let offers = given::list(api.get(path).await.expect(200));
    assert!(
        offers
            .iter()
            .any(|offer| offer["_id"] == shop.offer.as_str())
    );
    // 4 to 6: the page, and the order that waits for it.
    let page = pair.page().await;
    assert_eq!(page["type"], "main-01");
    assert_eq!(pair.order().await["status"], "INACTIVE");
    assert_eq!(pair.order().await["customer"], shop.customer.as_str());
    assert!(pair.services().await.is_empty());
    // 7 and 8: the customer pays, and the browser comes back to where it came from.
    let place = pair.pay(&page, "4242424242424242").await;
    let id = page["id"].as_str().unwrap();
    let order = pair.order().await;
    assert_eq!(
        place,
        format!(
            "{UI}&type=main-01&id={id}&orderId={}&status=succeded",
            id_of(&order)
        )
    );
    // 9 and 10: the billing system gives the services at the middleware.
    assert_eq!(order["status"], "ACTTIVE");
    pair.settles(2, "ACTIVE", &order["expires"]).await;
    let mut specs: Vec<Value> = pair
        .services()
        .await
        .iter()
        .map(|s| s["serviceSpec"].clone())
        .collect();
    specs.sort_by_key(ToString::to_string);
    let mut wanted: Vec<Value> = shop.included.iter().map(|id| json!(id)).collect();
    wanted.sort_by_key(ToString::to_string);
    assert_eq!(specs, wanted);
    // What money moved is the billing system's to say.
    let moved = given::list(api.get(shop.of_customer("transactions")).await.expect(200));
    assert_eq!(moved.len(), 1);
    assert_eq!(
        (&moved[0]["type"], &moved[0]["customer"]),
        (&json!("PAYMENT"), &json!(shop.customer))
    );
    let balance = api
        .get(shop.of_customer("account/balance"))
        .await
        .expect(200);
    assert_eq!(balance, json!({"amount": 0, "currency": "USD"}));
}

#[tokio::test]
async fn what_billing_does_later_is_done_at_the_middleware() {
    let pair = Pair::open().await;
    pair.buy().await;
    let first = pair.order().await["expires"].clone();
    pair.settles(2, "ACTIVE", &first).await;
    // Renewed.
    pair.cash("10.00").await;
    pair.billing.advance(29 * DAY).await;
    let second = pair.order().await["expires"].clone();
    assert_ne!(first, second);
    pair.settles(2, "ACTIVE", &second).await;
    // Not paid: frozen, and with nothing else the customer is suspended.
    pair.billing.advance(31 * DAY).await;
    assert_eq!(pair.order().await["status"], "INACTIVE");
    pair.settles(2, "FROZEN", &second).await;
    assert_eq!(pair.customer_status().await, "SUSPENDED_BY_BILLING");
    // Paid after all.
    pair.cash("10.00").await;
    let third = pair.order().await["expires"].clone();
    assert_ne!(second, third);
    pair.settles(2, "ACTIVE", &third).await;
    pair.is_active_again().await;
    // Not paid for the next one, and paid on a page: the same order runs again.
    pair.billing.advance(31 * DAY).await;
    pair.settles(2, "FROZEN", &third).await;
    assert_eq!(pair.customer_status().await, "SUSPENDED_BY_BILLING");
    pair.buy().await;
    let fourth = pair.order().await["expires"].clone();
    pair.settles(2, "ACTIVE", &fourth).await;
    pair.is_active_again().await;
    // Removed.
    let order = pair.order().await;
    let path = pair
        .middleware
        .of_customer(&format!("orders/{}", id_of(&order)));
    given::assert_removed(&pair.middleware.api.delete(path).await);
    pair.settles(0, "", &Value::Null).await;
}

#[tokio::test]
async fn nothing_is_forgotten_while_the_middleware_is_away() {
    let pair = Pair::open().await;
    let page = pair.page().await;
    pair.line.lead_to(None);
    pair.pay(&page, "4242424242424242").await;
    let order = pair.order().await;
    assert_eq!(order["status"], "ACTTIVE");
    let path = pair.billing.url("/console/api/middleware");
    let told = pair.billing.api().get(&path).await.expect(200);
    assert_eq!(
        told["untold"][0]["there"],
        pair.middleware.customer.as_str()
    );
    assert!(pair.services().await.is_empty());
    // The billing system goes down with it, and is back before the middleware is.
    let Pair {
        middleware,
        billing,
        line,
        folder,
        token,
    } = pair;
    billing.stop().await;
    let theirs = folder.path().join("billing");
    let billing = a_box()
        .in_folder(&theirs)
        .seed(15)
        .set(|config| sandbox(config, &line, &token))
        .await;
    line.lead_to(Some(middleware.bx.address()));
    // Any change wakes the telling at once; without one it would try again by itself.
    super::customer(&billing.api()).await;
    let pair = Pair {
        middleware,
        billing,
        line,
        folder,
        token,
    };
    // The middleware's settings still name the old port of the billing system, so its word for the
    // end is compared.
    pair.settles(2, "ACTIVE", &order["expires"]).await;
    let path = pair.billing.url("/console/api/middleware");
    eventually("that all is told", async || {
        let told = pair.billing.api().get(&path).await.expect(200);
        (told["untold"] == json!([])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_may_not_ask_here_is_not_sent_on() {
    let pair = Pair::open().await;
    let shop = &pair.middleware;
    let bx = &shop.bx;
    bx.anonymous()
        .get("/product-specs")
        .await
        .expect_error(401, "UnauthorizedError", "");
    let reader = bx.client_of("auditor").await;
    reader.get("/product-specs").await.expect(200);
    let body = json!({"offer": shop.offer});
    let path = shop.of_customer("orders");
    reader
        .post(&path, body)
        .await
        .expect_error(403, "ForbiddenError", "");
    let nobody = "/customers/0000000000000000000000ff/orders";
    shop.api
        .get(nobody)
        .await
        .expect_error(404, "NotFoundError", "customer");
    // A refusal of the billing system comes back as it is.
    shop.api
        .post(&path, json!({}))
        .await
        .expect_error(400, "BadRequestError", "offer");
    shop.api
        .get("/product-specs/77")
        .await
        .expect_error(404, "NotFoundError", "");
    // Own business stays here.
    shop.api.get("/service-specs").await.expect(200);
    // A page of nobody leads nowhere, nor does one under another system's name.
    let page = pair.page().await;
    let id = page["id"].as_str().unwrap();
    for (kind, id, status) in [
        ("main-01", "no-such", 404),
        ("other", id, 404),
        ("main-01", id, 302),
    ] {
        let url = format!("/payments/redirect?type={kind}&id={id}&status=success");
        assert_eq!(bx.anonymous().get(url).await.status, status, "{kind} {id}");
    }
}

/// What another vendor's billing system may do.
#[derive(Clone, Default)]
struct Odd {
    asked: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<(u16, String)>>,
}

async fn odd(State(odd): State<Odd>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let authorization = parts.headers["authorization"].to_str().unwrap();
    let line = format!(
        "{} {} {authorization} {}",
        parts.method,
        parts.uri,
        String::from_utf8_lossy(&body)
    );
    odd.asked.lock().unwrap().push(line);
    let (status, text) = odd.answer.lock().unwrap().clone();
    let kind = [("content-type", "application/json")];
    (StatusCode::from_u16(status).unwrap(), kind, text).into_response()
}

async fn before_odd() -> (TestBox, Client, Odd, String) {
    let fake = Odd::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}/other/prefix/", listener.local_addr().unwrap());
    let router = Router::new().fallback(odd).with_state(fake.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let bx = a_box()
        .set(|config| {
            config.billing.external = vec![ExternalBilling {
                r#type: "chargebee-01".to_owned(),
                url: origin,
                token: "their.own.token".into(),
            }];
        })
        .await;
    let api = bx.api();
    let customer = super::customer(&api).await;
    (bx, api, fake, customer)
}

#[tokio::test]
async fn any_billing_system_is_asked_by_the_path_table() {
    let (bx, api, fake, customer) = before_odd().await;
    let answers =
        |status: u16, text: &str| *fake.answer.lock().unwrap() = (status, text.to_owned());
    let asked = || fake.asked.lock().unwrap().pop().unwrap_or_default();
    answers(200, "[{\"anything\": 1.10}]");
    let shown = api
        .get(format!(
            "/customers/{customer}/orders?status=ACTTIVE&limit=2"
        ))
        .await;
    assert_eq!(
        (shown.status, shown.text.as_str()),
        (200, "[{\"anything\": 1.10}]")
    );
    assert_eq!(
        asked(),
        format!(
            "GET /other/prefix/customers/{customer}/orders?status=ACTTIVE&limit=2 JWT \
             their.own.token "
        )
    );
    // PATCH is ours; the vendor has PUT.
    api.patch("/product-specs/a%2Fb", json!({"title": "x"}))
        .await
        .expect(200);
    assert_eq!(
        asked(),
        "PUT /other/prefix/product-specs/a%2Fb JWT their.own.token {\"title\":\"x\"}"
    );
    answers(409, "{\"code\":\"ConflictError\",\"message\":\"theirs\"}");
    api.delete("/product-specs/a")
        .await
        .expect_error(409, "ConflictError", "theirs");
    asked();
    // What is no operation is sent to nobody, nor is what would lead elsewhere.
    let path = format!("/customers/{customer}/transactions");
    assert_eq!(api.post(path, json!({})).await.status, 405);
    for path in ["/product-specs/%2e%2e", "/product-specs/x/offers/%2E."] {
        let odd = format!("{}{path}", bx.url("/integration/api"));
        let raw = bx
            .wire("GET", odd.strip_prefix(&bx.url("")).unwrap(), &[], b"")
            .await;
        assert_eq!(raw.status, 404, "{path}");
    }
    assert_eq!(asked(), "");
    // A token that is not taken is the operator's trouble, not the caller's.
    answers(401, "{}");
    api.get("/product-specs")
        .await
        .expect_error(502, "BadGatewayError", "token");
    asked();
    // A page: ours is the way back.
    answers(
        200,
        "{\"id\":\"4qiN5QfYP\",\"url\":\"https://pay.example/p\",\"type\":\"cb\",\"more\":true}",
    );
    let path = format!("/customers/{customer}/orders/hosted-page");
    let page = api
        .post(&path, json!({"offerId": "x", "returnUrl": UI}))
        .await
        .expect(200);
    assert_eq!(
        (&page["url"], &page["more"]),
        (&json!("https://pay.example/p"), &json!(true))
    );
    let sent = asked();
    let back = bx.url("/integration/api/payments/redirect");
    assert!(
        sent.contains(&format!("\"returnUrl\":\"{back}\"")),
        "{sent}"
    );
    for kind in ["cb", "chargebee-01"] {
        let url = format!("/payments/redirect?type={kind}&id=4qiN5QfYP&status=processing");
        let led = bx.anonymous().get(url).await;
        assert_eq!(led.status, 302);
        let place = led.headers["location"].to_str().unwrap();
        assert_eq!(
            place,
            format!("{UI}&type=chargebee-01&id=4qiN5QfYP&status=processing")
        );
    }
    api.post(&path, json!({"returnUrl": UI}))
        .await
        .expect_error(400, "BadRequestError", "offerId");
    api.post(&path, json!({"offerId": "x", "returnUrl": "ftp://x"}))
        .await
        .expect_error(400, "BadRequestError", "returnUrl");
    answers(200, "{}");
    api.post(&path, json!({"offerId": "x"}))
        .await
        .expect_error(502, "BadGatewayError", "url");
    // It gives the services with its own token, by the operations of any integration.
    let spec = super::service_spec_with(&api, json!({})).await;
    let path = format!("/customers/{customer}/services");
    let body =
        json!({"serviceSpec": spec, "status": "ACTIVE", "expires": "2027-01-01T00:00:00.000Z"});
    api.post(path, body).await;
}

#[tokio::test]
async fn a_billing_system_that_is_away_is_said() {
    let bx = a_box()
        .set(|config| {
            config.billing.external = vec![ExternalBilling {
                r#type: "away".to_owned(),
                // Nobody listens on the port of discard.
                url: "http://127.0.0.1:9".to_owned(),
                token: "t".into(),
            }];
        })
        .await;
    let api = bx.api();
    api.get("/product-specs")
        .await
        .expect_error(502, "BadGatewayError", "does not answer");
    api.get("/service-specs").await.expect(200);
}

/// The billing system takes the word of this box: who may not give anything away here does not
/// there.
#[tokio::test]
async fn who_may_give_nothing_away_does_not_elsewhere() {
    let pair = Pair::open().await;
    let shop = &pair.middleware;
    let bx = &shop.bx;
    let dealer = bx.client_of("dealer").await;
    let editor = bx.client_of("content-editor").await;
    let orders = shop.of_customer("orders");
    for extra in [
        json!({"expires": "2036-01-31T10:00:00Z"}),
        json!({"nextBillingCycle": "2036-01-31T10:00:00Z"}),
        json!({"duration": 120}),
        json!({"created": "2036-01-31T10:00:00Z"}),
    ] {
        let body = given::merged(json!({"offer": shop.offer}), extra);
        let answer = dealer.post(&orders, body).await;
        answer.expect_error(403, "ForbiddenError", "time that is not paid for");
    }
    let sold = dealer.post(&orders, json!({"offer": shop.offer})).await;
    let sold = format!("{orders}/{}", id_of(&sold.expect(201)));
    for body in [
        json!({"expires": null}),
        json!({"status": "ACTTIVE"}),
        json!({"status": "ACTIVE"}),
    ] {
        let answer = dealer.put(&sold, body).await;
        answer.expect_error(403, "ForbiddenError", "time that is not paid for");
    }
    let canceled = json!({"status": "CANCELED"});
    dealer.put(&sold, canceled).await.expect(200);
    let offer = shop.of_product(&format!("offers/{}", shop.offer));
    let answer = editor.put(&offer, json!({"charges": []})).await;
    answer.expect_error(403, "ForbiddenError", "prices of running orders");
}
