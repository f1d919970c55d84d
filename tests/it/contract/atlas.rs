//! The atlas: every error that a use case may end in, in the words of every dialect.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use boxoffice::app::Ctx;
use boxoffice::control::command::output::CommandError;
use boxoffice::domain::refusal::Refusal;
use boxoffice::ops::OpError;
use boxoffice::wire::atlas::answers;

use super::{keeps, samples};
use crate::billing::pages::Page;
use crate::support::fixture::a_page;

/// Status, what there is to wait, and the body; of a page only what it says has gone wrong.
async fn shown(answer: Response) -> String {
    let status = answer.status().as_u16();
    let wait = answer.headers().get(RETRY_AFTER).cloned();
    let wait = wait.map(|wait| format!(" (after {} s)", wait.to_str().expect("text")));
    let body = to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("text");
    let alert = body.split("role=\"alert\">").nth(1);
    let alert = alert.and_then(|rest| rest.split("</p>").next());
    let body = if body.starts_with("<!doctype html>") {
        alert.expect("what has gone wrong")
    } else {
        body.as_str()
    };
    format!("{status}{} {body}", wait.unwrap_or_default())
        .trim_end()
        .to_owned()
}

/// What each dialect makes of an error, a line each.
async fn lines(page: &Page, error: impl Fn() -> OpError) -> String {
    let ctx = Ctx::system(page.till.shop.bx.app());
    let CommandError::Refused(line) = CommandError::from(error());
    let mut text = format!("  {:<12}{line}\n", "cli");
    for (dialect, answer) in answers(&ctx, &page.code, error) {
        let shown = shown(answer).await;
        if dialect == "marketone" {
            fits_partners(&shown);
        }
        text.push_str(&format!("  {dialect:<12}{shown}\n"));
    }
    text
}

/// Partners are sent exactly two members, within the bounds of their reference.
#[track_caller]
fn fits_partners(shown: &str) {
    let body = shown.find('{').map(|at| &shown[at..]).expect("a body");
    let body: BTreeMap<&str, &str> = serde_json::from_str(body).expect("texts without escapes");
    assert_eq!(body.len(), 2, "{shown}");
    let (code, message) = (body["code"], body["message"]);
    assert!(code.len() <= 50 && message.len() <= 256, "{shown}");
    let lower = |c: char| c.is_ascii_lowercase() || c == '-';
    assert!(code.chars().all(lower), "{shown}");
}

#[tokio::test]
async fn every_refusal_is_worded_in_every_dialect() {
    let page = a_page().await;
    let mut refusals: Vec<Refusal> = samples::refusals().iter().map(|make| make()).collect();
    refusals.sort_by_key(|refusal| (refusal.code(), format!("{refusal:?}")));
    let mut text = String::new();
    for refusal in &refusals {
        let told = lines(&page, || OpError::Refused(refusal.clone())).await;
        text.push_str(&format!("{}: {refusal:?}\n{told}\n", refusal.code()));
    }
    keeps("refusals", &text);
}

#[tokio::test]
async fn every_error_is_worded_in_every_dialect() {
    let page = a_page().await;
    let mut text = String::new();
    for error in samples::errors() {
        let told = lines(&page, error).await;
        text.push_str(&format!("{:?}\n{told}\n", error()));
    }
    keeps("errors", &text);
}
