//! A page of another site changes nothing, in whatever dialect it asks a browser to.

use serde_json::{Value, json};

use boxoffice::domain::staff::Role;

use super::every_path;
use crate::stalker::{A, FORM, Rest, Says};
use crate::support::fixture::{a_box, a_house};
use crate::support::{Answer, PASSWORD};

const FOREIGN: &[&[(&str, &str)]] = &[
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ],
];

/// In the shape of the dialect whose path it is.
#[track_caller]
fn refused(answer: &Answer, path: &str) {
    assert_eq!(answer.status, 403, "{path}: {}", answer.told());
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    if path.starts_with("/integration/api") {
        assert_eq!(body["code"], "ForbiddenError", "{}", answer.told());
    } else if path.starts_with("/stalker_portal/api") {
        assert_eq!(body["status"], "ERROR", "{}", answer.told());
    } else if path.starts_with("/marketone") || path == "/v2/partnerSubscription/1" {
        assert_eq!(body["code"], "permission-denied", "{}", answer.told());
    } else if path.starts_with("/console") {
        assert_eq!(body["status"], 403, "{}", answer.told());
        assert!(answer.text.contains("public_url"), "{}", answer.told());
    } else if path.starts_with("/pay") {
        assert!(answer.text.contains("<html"), "{}", answer.told());
    }
}

#[tokio::test]
async fn no_path_lets_a_foreign_page_change_anything() {
    let house = a_house().await;
    let owner = house.bx.client_of("owner").await;
    for path in every_path() {
        let url = house.bx.url(&path);
        for headers in FOREIGN {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let answer = owner.send(method, &url, None, headers).await;
                refused(&answer, &path);
            }
        }
    }
}

#[tokio::test]
async fn a_form_of_a_foreign_page_reaches_nobody() {
    let bx = a_box().await;
    bx.apply(crate::stalker::fixture()).await;
    let form = Some(b"msg=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&status=0".to_vec());
    let before = Rest::anonymous(&bx).get("/accounts").await.ok();
    for (method, path) in [
        ("POST", format!("/stalker_portal/api/stb_msg/{A}")),
        ("PUT", format!("/stalker_portal/api/stb/{A}")),
        ("DELETE", format!("/stalker_portal/api/accounts/{A}")),
        ("POST", "/stalker_portal/api/accounts/".to_owned()),
    ] {
        for headers in FOREIGN {
            let mut headers = headers.to_vec();
            headers.push(("content-type", FORM));
            let url = bx.url(&path);
            let answer = bx
                .anonymous()
                .send(method, url, form.clone(), &headers)
                .await;
            refused(&answer, &path);
        }
    }
    assert_eq!(Rest::anonymous(&bx).get("/accounts").await.ok(), before);
    let mut stb = crate::stalker::StbBox::new(&bx, A);
    stb.sign_in().await;
    let (events, _) = stb.drain().await;
    assert!(
        events.iter().all(|event| event["event"] != "send_msg"),
        "{events:?}"
    );
}

/// The portal changes things on GET as well.
#[tokio::test]
async fn a_foreign_page_does_nothing_at_the_portal() {
    let house = a_house().await;
    let mut stb = house.stb(A);
    stb.sign_in().await;
    for path in [
        "/stalker_portal/server/load.php",
        "/server/load.php",
        "/portal.php",
        "/stalker_portal/portal.php",
        "/c/portal.php",
        "/stalker_portal/c",
        "/c",
    ] {
        for (action, status) in [
            ("type=itv&action=set_fav&fav_ch=1", 403),
            ("type=itv&action=set_last_id&id=1", 403),
            ("type=stb&action=do_auth&login=nobox&password=x", 403),
            ("type=stb&action=logout", 403),
            ("type=stb&action=get_profile", 403),
            ("type=watchdog&action=get_events", 403),
            ("type=watchdog&action=confirm_event&event_active_id=1", 403),
            ("type=stb&action=anything_new", 403),
            ("type=itv&action=get_genres", 200),
        ] {
            let url = house.bx.url(&format!("{path}?{action}"));
            for headers in FOREIGN {
                let answer = stb.send("GET", &url, None, headers).await;
                assert_eq!(answer.status, status, "{}", answer.told());
            }
        }
    }
    // Still signed in.
    let genres = stb.call("itv", "get_genres", &[]).await.js();
    assert!(genres.is_array(), "{genres}");
}

#[tokio::test]
async fn pages_of_ours_programs_and_returns_are_let_through() {
    let bx = a_box()
        .set(|config| {
            "https://tv.example.net".clone_into(&mut config.public_url);
        })
        .with_staff("ada", Role::Owner)
        .await;
    let body = json!({"name": "ada", "password": PASSWORD}).to_string();
    let url = bx.url("/console/api/session");
    let here = bx.url("");
    for (headers, status) in [
        (&[][..], 201),
        (&[("origin", "https://tv.example.net")], 201),
        (
            &[
                ("origin", "https://tv.example.net"),
                ("sec-fetch-site", "same-origin"),
            ],
            201,
        ),
        (&[("origin", here.as_str())], 201),
        (&[("sec-fetch-site", "none")], 201),
        (&[("origin", "http://tv.example.net")], 403),
        (&[("origin", "https://tv.example.net.evil.example")], 403),
        (&[("origin", "https://tv.example.net:8443")], 403),
        // A name that was let lead here.
        (
            &[("origin", "http://evil.example"), ("host", "evil.example")],
            403,
        ),
    ] {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/json"));
        let sent = bx.anonymous();
        let answer = sent
            .send("POST", &url, Some(body.clone().into_bytes()), &headers)
            .await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.told());
    }
    // Back from the page of a card: a browser says that another site led here.
    let back = [
        ("sec-fetch-site", "cross-site"),
        ("referer", "https://checkout.stripe.com/"),
    ];
    for path in [
        "/pay/1?stripe=done",
        "/integration/api/payments/redirect?id=1&status=succeded",
    ] {
        let answer = bx.anonymous().send("GET", bx.url(path), None, &back).await;
        assert_ne!(answer.status, 403, "{}", answer.told());
    }
    // What a provider's server sends has neither header.
    let hook = bx.url("/payments/webhooks/stripe");
    let heard = bx
        .anonymous()
        .send("POST", hook, Some(b"{}".to_vec()), &[])
        .await;
    assert_eq!(
        heard.status,
        404,
        "Stripe is not switched on: {}",
        heard.told()
    );
}
