//! The headers of every answer of every path, whatever becomes of the request.

use boxoffice::app::Ctx;
use boxoffice::ops::staff;
use serde_json::json;

use super::every_path;
use crate::support::fixture::a_box;
use crate::support::{Answer, TestBox};

/// What is the same for everybody, and may be kept.
const STATIC: &[&str] = &[
    "/docs/assets/",
    "/pay/assets/style.css",
    "/c/portal.css",
    "/c/portal.js",
    "/c/xpcom.common.js",
    "/c/",
];

#[track_caller]
fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let lines = answer.headers.get_all(name);
    assert_eq!(lines.iter().count(), 1, "{name} of {}", answer.told());
    answer.headers[name].to_str().expect("plain text")
}

#[track_caller]
fn protected(answer: &Answer, path: &str) {
    assert_eq!(header(answer, "x-content-type-options"), "nosniff");
    assert_eq!(header(answer, "referrer-policy"), "same-origin");
    let policy = header(answer, "content-security-policy");
    assert!(policy.starts_with("default-src '"), "{path}: {policy}");
    let is_portal = path.ends_with("/c/") || path.contains("/c/");
    let frames = header(answer, "x-frame-options");
    if !is_portal {
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(frames, "DENY", "{path}");
    }
    let scripts = policy
        .split(';')
        .find(|part| part.trim().starts_with("script-src"));
    let scripts = scripts.unwrap_or(policy.split(';').next().unwrap_or_default());
    assert!(!scripts.contains("unsafe"), "{path}: {policy}");
    let kept = header(answer, "cache-control");
    let may_be_kept = STATIC.iter().any(|part| path.contains(part));
    // The console's page is asked for again each time, by its tag.
    let is_asked_again = kept == "no-cache" && answer.headers.contains_key("etag");
    let is_private = kept.contains("no-store") || is_asked_again;
    assert!(is_private || may_be_kept, "{path}: {kept}");
    let kind = answer.headers.get("content-type");
    if kind.is_some_and(|kind| kind.to_str().unwrap_or_default().starts_with("text/html")) {
        without_inline(&answer.text, policy, path);
    }
}

/// A page that holds a script or a style of its own would need a policy that lets others in too.
#[track_caller]
fn without_inline(page: &str, policy: &str, path: &str) {
    let page = page.to_ascii_lowercase();
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let inline = tag.starts_with("script") && !tag.contains(" src=");
        let handler = tag.contains(" on") && tag.split(" on").skip(1).any(|on| on.contains('='));
        assert!(!inline && !handler, "{path}: <{tag}>");
        let styled = tag.starts_with("style") || tag.contains(" style=");
        assert!(
            !styled || policy.contains("style-src 'unsafe-inline'"),
            "{path}: <{tag}>"
        );
    }
}

#[tokio::test]
async fn every_path_and_every_refusal_is_protected() {
    let bx = a_box().await;
    let owner = bx.client_of("owner").await;
    let mut pages = 0;
    for path in every_path() {
        let url = bx.url(&path);
        for client in [bx.anonymous(), owner.clone()] {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                let answer = client.send(method, &url, None, &[]).await;
                protected(&answer, &path);
                pages += usize::from(answer.status == 200 && method == "GET");
            }
        }
    }
    assert!(pages > 40, "only {pages} answered");
}

#[tokio::test]
async fn refusals_before_any_operation_are_protected() {
    let bx = a_box().await;
    let long = "x".repeat(60_000);
    let large = vec![b'x'; 2 * 1024 * 1024];
    for path in [
        "/nowhere",
        "/console/api/nowhere",
        "/integration/api/nowhere",
        "/integration/api/customers",
        "/stalker_portal/api/stb",
        "/stalker_portal/nowhere",
        "/marketone/v1/transaction",
        "/portal.php",
        "/pay/1",
        "/docs/assets/nothing",
        "/payments/webhooks/stripe",
    ] {
        let anybody = bx.anonymous();
        let get = |query: String| anybody.send("GET", bx.url(&format!("{path}{query}")), None, &[]);
        protected(&get(String::new()).await, path);
        protected(&get(format!("?q={long}")).await, path);
        let headers = [("x-filler", &long[..20_000])];
        protected(
            &anybody.send("GET", bx.url(path), None, &headers).await,
            path,
        );
        let body = Some(large.clone());
        protected(&anybody.send("POST", bx.url(path), body, &[]).await, path);
        let raw = format!("GET {path} HTTP/1.1\r\n\r\n");
        let answer = bx.raw(raw.as_bytes()).await;
        assert_eq!(answer.status, 400, "{}", answer.told());
        protected(&answer, path);
    }
}

/// Pages that only somebody with a secret sees.
#[tokio::test]
async fn pages_behind_a_secret_are_protected() {
    let bx = a_box().await;
    let ctx = Ctx::system(bx.app());
    let code = staff::setup_code(&ctx)
        .await
        .expect("a code")
        .expect("nobody works here");
    let setup = bx
        .anonymous()
        .get(bx.url(&format!("/console/setup?code={code}")))
        .await;
    assert_eq!(setup.status, 200);
    protected(&setup, "/console/setup");
    let form = format!("code={code}&name=ada&password=correct+horse+battery");
    let own = bx.url("");
    let headers = [("origin", own.as_str())];
    let url = bx.url("/console/setup");
    let anybody = bx.anonymous();
    let done = anybody
        .send("POST", url, Some(form.into_bytes()), &headers)
        .await;
    assert_eq!(done.status, 201, "{}", done.told());
    protected(&done, "/console/setup");

    let page = hosted_page(&bx).await;
    let shown = bx.anonymous().get(bx.url(&format!("/pay/{page}"))).await;
    assert_eq!(shown.status, 200, "{}", shown.told());
    protected(&shown, "/pay/");
    // Its form must be let through.
    let form = "method=manual&amount=9.99&currency=USD";
    let sent = [
        ("origin", own.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let url = bx.url(&format!("/pay/{page}"));
    let paid = bx
        .anonymous()
        .send("POST", url, Some(form.into()), &sent)
        .await;
    assert_eq!(paid.status, 303, "{}", paid.told());
    protected(&paid, "/pay/");
}

/// The code of a hosted page.
async fn hosted_page(bx: &TestBox) -> String {
    bx.apply(json!({
        "products": [{"id": 1, "external_id": "P", "name": "P", "packages": []}],
        "offers": [{"id": "monthly", "product": "P", "title": "Monthly", "type": "RECURRING",
            "duration": 1, "period": "MONTH", "charges": [{"type": "RECURRING", "title": "Fee",
            "amount": "9.99", "currency": "USD"}]}],
        "customers": [{"login": "mia", "devices": []}],
    }))
    .await;
    let customers = bx.api().get("/customers?limit=1").await.expect(200);
    let id = customers[0]["_id"].as_str().expect("an id").to_owned();
    let path = format!("/customers/{id}/orders/hosted-page");
    let made = bx.api().post(&path, json!({"offerId": "monthly"})).await;
    let made = made.expect(201);
    let url = made["url"].as_str().expect("an address");
    url.rsplit('/').next().expect("a code").to_owned()
}
