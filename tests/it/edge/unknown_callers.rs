//! Callers who are nobody: each is told what is wrong with what it sent, in the shape of its
//! dialect, and the log says it once a minute for an address. Nobody learns more than the token
//! itself shows.

use std::collections::BTreeSet;

use boxoffice::app::Ctx;
use serde_json::json;

use super::script_logins::Served;
use crate::marketone::{Partner, refused};
use crate::support::fixture::a_box;
use crate::support::{NOW_SECONDS, TestBox, claims_of, http_client};

/// What a caller sends as `Authorization`, and words that the answer must have.
struct Sent {
    what: &'static str,
    authorization: Option<String>,
    words: &'static str,
}

/// A box, and every way to be nobody there with a token.
async fn nobodies() -> (TestBox, Vec<Sent>) {
    let bx = a_box().await;
    let folder = tempfile::tempdir().expect("a folder");
    let other = a_box().in_folder(folder.path()).seed(2).await;
    let foreign = other.token("manager").await;
    let expired = bx.token_for("manager", 60).await;
    bx.advance(60).await;
    let revoked = bx.token("manager").await;
    bx.revoke(&revoked).await;
    let good = bx.token("manager").await;
    let claims = claims_of(&good);
    let with = |name: &str, value: &str| {
        let mut claims = claims.clone();
        claims[name] = json!(value);
        bx.sign(&claims)
    };
    let provider = with("aud", "another");
    let refresh = with("grant_type", "refresh_token");
    let forgotten = with("jti", "00000000-0000-4000-8000-000000000000");
    let (front, _) = good.rsplit_once('.').expect("three parts");
    let jwt = |token: &str| Some(format!("JWT {token}"));
    let sent = [
        ("nothing", None, ""),
        (
            "bare",
            Some(good.clone()),
            "the word JWT, a blank and the token",
        ),
        (
            "Bearer",
            Some(format!("Bearer {good}")),
            "must be JWT, not Bearer",
        ),
        (
            "Token",
            Some(format!("Token {good}")),
            "must be JWT, not Bearer",
        ),
        ("nonsense", jwt("nonsense"), "not a token"),
        ("half of it", jwt(&good[..good.len() / 2]), "not a token"),
        ("foreign", jwt(&foreign), "was not signed by this box"),
        (
            "no signature",
            jwt(&format!("{front}.AAAA")),
            "was not signed by this box",
        ),
        (
            "expired",
            jwt(&expired),
            "expired at 2026-01-31T10:01:00.000Z",
        ),
        (
            "revoked",
            jwt(&revoked),
            "revoked at 2026-01-31T10:01:00.000Z",
        ),
        (
            "of another provider",
            jwt(&provider),
            "another service provider",
        ),
        ("refresh", jwt(&refresh), "a refresh token is no credential"),
        (
            "forgotten",
            jwt(&forgotten),
            "its data file does not know it",
        ),
    ];
    let sent = sent.into_iter().map(|(what, authorization, words)| Sent {
        what,
        authorization,
        words,
    });
    (bx, sent.collect())
}

const CONSOLE: &str = "/console/api/payments/open";

#[tokio::test]
async fn each_is_told_what_is_wrong_in_the_shape_of_its_dialect() {
    let (bx, all) = nobodies().await;
    let mut told = BTreeSet::new();
    for sent in &all {
        let client = match &sent.authorization {
            Some(text) => bx.with_header(text),
            None => bx.anonymous(),
        };
        for (method, path) in [
            ("GET", "/customers"),
            ("POST", "/customers"),
            ("GET", "/graphql"),
            ("POST", "/graphql"),
        ] {
            let answer = client.send(method, path, None, &[]).await;
            let body = answer.json();
            assert_eq!(answer.status, 401, "{}: {}", sent.what, answer.told());
            assert_eq!(body["code"], "UnauthorizedError", "{}", answer.told());
            let members = body.as_object().map(serde_json::Map::len);
            assert_eq!(members, Some(2), "{}", answer.told());
            let message = body["message"].as_str().expect("a text");
            let front = message.strip_prefix("Authorization required");
            let rest = front.expect("the vendor's words first");
            assert_eq!(rest.is_empty(), sent.authorization.is_none(), "{message}");
            assert!(rest.contains(sent.words), "{}: {message}", sent.what);
            told.insert(message.to_owned());
        }
        let traces = [("x-forwarded-for", "203.0.113.9")];
        for path in [CONSOLE, "/metrics"] {
            let answer = client.send("GET", bx.url(path), None, &traces).await;
            let body = answer.json();
            assert_eq!(answer.status, 401, "{}: {}", sent.what, answer.told());
            assert_eq!(body["status"], 401);
            let kind = answer.headers["content-type"].to_str().expect("text");
            assert_eq!(kind, "application/problem+json");
            let detail = body["detail"].as_str().expect("a text");
            assert!(detail.contains(sent.words), "{}: {detail}", sent.what);
        }
        // What was sent comes back in no answer.
        if let Some(text) = &sent.authorization {
            let answer = client.get("/customers").await;
            let secret = text.rsplit(' ').next().expect("a word");
            assert!(secret.len() < 20 || !answer.text.contains(secret));
        }
    }
    // Bearer and Token are one mistake; so are what is not shaped as a token, and foreign
    // signatures.
    assert_eq!(told.len(), all.len() - 3, "{told:?}");
}

/// Whoever cannot sign learns nothing about claims: whatever they say, the answer is the same one.
#[tokio::test]
async fn a_token_that_this_box_did_not_sign_shows_nothing_else() {
    let bx = a_box().await;
    let folder = tempfile::tempdir().expect("a folder");
    let other = a_box().in_folder(folder.path()).seed(2).await;
    let real = bx.token("owner").await;
    bx.revoke(&real).await;
    let claims = claims_of(&real);
    let mut told = BTreeSet::new();
    for (name, value) in [
        ("jti", claims["jti"].clone()),
        ("jti", json!("00000000-0000-4000-8000-000000000000")),
        ("exp", json!(NOW_SECONDS - 1)),
        ("exp", json!(NOW_SECONDS + 1)),
        ("aud", json!("another")),
        ("grant_type", json!("refresh_token")),
        ("grant_scope", json!("client-api")),
    ] {
        let mut forged = claims.clone();
        forged[name] = value;
        let client = bx.with_header(&format!("JWT {}", other.sign(&forged)));
        let answer = client.get("/customers").await;
        assert_eq!(answer.status, 401, "{}", answer.told());
        told.insert(answer.text);
    }
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn a_session_that_is_over_is_said_to_be() {
    let bx = a_box().await;
    let cookie = [("cookie", "boxoffice_session=0123456789abcdef")];
    let anybody = bx.anonymous();
    let console = anybody.send("GET", bx.url(CONSOLE), None, &cookie).await;
    let alphaott = anybody.send("GET", "/customers", None, &cookie).await;
    for answer in [console, alphaott] {
        assert_eq!(answer.status, 401);
        assert!(
            answer.text.contains("the session is over"),
            "{}",
            answer.told()
        );
    }
}

#[tokio::test]
async fn a_partner_hears_whether_its_key_is_missing_wrong_or_replaced() {
    let bx = a_box().await;
    let document = json!({"key": "NFLX", "name": "A", "api_key": "key-a", "currencies": ["USD"]});
    bx.apply(json!({"partners": [document]})).await;
    let ctx = Ctx::system(bx.app());
    let (_, fresh) = boxoffice::ops::partners::rotate(&ctx, "NFLX".to_owned(), 60)
        .await
        .expect("another key");
    let ask = async |key: &str| {
        let body = json!({"accountIdentifier": "+14165550101"});
        Partner::of(&bx, key).post("/account/validate", &body).await
    };
    assert_ne!(ask("key-a").await.status, 401, "both are good for a while");
    bx.advance(60).await;
    for (key, words) in [
        ("", "header X-API-Key"),
        ("key-x", "\"Not authorized.\""),
        ("key-a", "was replaced by another one"),
    ] {
        let answer = ask(key).await;
        refused(&answer, 401, "authorization-failure");
        assert!(answer.text.contains(words), "{}", answer.told());
    }
    assert_ne!(ask(&fresh).await.status, 401);
}

#[tokio::test]
async fn the_log_says_it_once_for_each_address_and_reason_and_never_a_token() {
    let folder = tempfile::tempdir().expect("a folder");
    // Long over by the time of day.
    let bx = a_box().in_folder(folder.path()).await;
    let expired = bx.token_for("manager", 60).await;
    let revoked = bx.token("manager").await;
    let number = claims_of(&revoked)["jti"]
        .as_str()
        .expect("a jti")
        .to_owned();
    bx.revoke(&revoked).await;
    bx.stop().await;
    let trusted = [("BOXOFFICE_TRUSTED_PROXIES", "127.0.0.1")];
    let mut served = Served::start(folder.path(), &trusted, false);
    let lines = served.lines_until("listening on ");
    let origin = lines
        .last()
        .and_then(|line| line.strip_prefix("listening on "));
    let origin = origin.expect("an address").to_owned();
    let client = http_client().build().expect("a client");
    // Fewer wrong passwords than make anybody wait.
    for round in 0..8 {
        for address in ["203.0.113.7", "198.51.100.8"] {
            for (token, path) in [
                (&expired, "/integration/api/customers"),
                (&revoked, CONSOLE),
            ] {
                let request = client.get(format!("{origin}{path}"));
                let request = request.header("x-forwarded-for", address);
                let request = request.header("authorization", format!("JWT {token}"));
                let answer = request.send().await.expect("an answer");
                assert_eq!(answer.status(), 401, "{round}");
            }
            let path = "/stalker_portal/api/tariffs";
            let request = client.get(format!("{origin}{path}"));
            let request = request.header("x-forwarded-for", address);
            let answer = request.basic_auth("who", Some("sesame")).send().await;
            assert_eq!(answer.expect("an answer").status(), 401, "{round}");
        }
    }
    let log = served.log();
    let lines = |words: &[&str]| {
        let has = |line: &&str| words.iter().all(|word| line.contains(word));
        log.lines().filter(has).count()
    };
    for address in ["203.0.113.7", "198.51.100.8"] {
        for (dialect, why) in [
            ("alphaott", "an expired token"),
            ("console", "a revoked token"),
            ("stalker", "that does not fit"),
        ] {
            let words = ["WARN", "caller.nobody", address, dialect, why];
            assert_eq!(lines(&words), 1, "{words:?}: {log}");
        }
        assert_eq!(
            lines(&["caller.nobody", address, number.as_str()]),
            1,
            "{log}"
        );
    }
    for secret in [&expired, &revoked] {
        assert!(
            !log.contains(secret.as_str()) && !log.contains(secret.rsplit('.').next().unwrap())
        );
    }
    assert!(!log.contains("sesame"), "{log}");
}
