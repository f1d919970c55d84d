//! Who may not do a thing learns that, whatever the body of the request is.

use std::collections::BTreeMap;

use boxoffice::domain::staff::Role;

use super::Person;
use crate::support::fixture::a_box;

/// The paths of a dialect's table, with `x` for every part that names something.
fn paths(source: &str) -> Vec<String> {
    let routes = source.split(".route(").skip(1);
    let texts = routes.filter_map(|route| route.split('"').nth(1));
    let filled = texts.map(|path| {
        let part = |part: &str| {
            if part.starts_with('{') {
                "x".to_owned()
            } else {
                part.to_owned()
            }
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    });
    filled.collect()
}

#[tokio::test]
async fn the_right_is_judged_before_the_body() {
    let bx = a_box().with_staff("reader", Role::Auditor).await;
    let reader = Person::of(&bx, "reader").await;
    let console = paths(include_str!("../../../src/wire/console/mod.rs"));
    let alphaott = crate::alphaott::writing_paths();
    let prefixed = alphaott
        .iter()
        .map(|path| format!("/integration/api{path}"));
    let mut judged = 0;
    for path in console.into_iter().chain(prefixed) {
        // Signing in and out, and proving once more who one is, needs no right, a preview only
        // reads, set-up has its own code.
        let free = [
            "/session",
            "/session/confirm",
            "/setup",
            "/preview",
            "/graphql",
        ];
        if free.iter().any(|end| path.ends_with(end)) {
            continue;
        }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            for body in ["{", "", "[]", "{\"unknown\": 1}"] {
                let url = bx.url(&path);
                let headers = [("cookie", reader.cookie.as_str()), ("x-boxoffice", "1")];
                let body = Some(body.as_bytes().to_vec());
                let answer = bx.anonymous().send(method, url, body, &headers).await;
                if answer.status == 405 {
                    continue;
                }
                judged += 1;
                assert_eq!(answer.status, 403, "{}", answer.told());
            }
        }
    }
    assert!(judged > 200, "{judged}: the table is no longer recognised");
}

/// A filter that there is not must not answer with everything, nor must a wish in the query of a
/// change go unheard. The table of paths is walked, so that no list is forgotten.
#[tokio::test]
async fn every_path_of_the_console_refuses_parameters_that_it_does_not_have() {
    let bx = a_box().await;
    let paths = paths(include_str!("../../../src/wire/console/mod.rs"));
    let mut judged = BTreeMap::<&str, usize>::new();
    for path in paths
        .iter()
        .filter(|path| path.starts_with("/console/api/"))
    {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let body = (method != "GET").then(|| b"{}".to_vec());
            let send = async |query: &str| {
                let url = bx.url(&format!("{path}{query}"));
                let json = [("content-type", "application/json")];
                bx.api().send(method, url, body.clone(), &json).await
            };
            // Signing in is not for those who are in.
            let is_sign_in = path.ends_with("/session") && method == "POST";
            if is_sign_in || send("?whom=zzz").await.status == 405 {
                continue;
            }
            *judged.entry(method).or_default() += 1;
            for query in [
                "?whom=zzz",
                "?sinse=2026-01-01",
                "?limit=1&filter[]=x",
                "?preview=true",
            ] {
                let name = query
                    .rsplit(['?', '&'])
                    .next()
                    .and_then(|pair| pair.split(['=', '[']).next())
                    .expect("a name");
                let answer = send(query).await;
                assert_eq!(
                    answer.status,
                    400,
                    "{method} {path}{query}: {}",
                    answer.told()
                );
                let named = answer.json()["detail"].to_string();
                // The first that there is not is named.
                let named = named.contains(name) || named.contains("limit");
                assert!(named, "{method} {path}{query}: {}", answer.told());
            }
            let cached = send("?_=1700000000").await;
            let told = cached.text.contains("no such parameter");
            assert!(!told, "{method} {path}: {}", cached.told());
        }
    }
    let enough = judged["GET"] > 20 && judged["POST"] > 20;
    assert!(enough, "{judged:?}: the table is no longer recognised");
    // Nobody learns anything without signing in, and known ones work.
    let stranger = bx
        .anonymous()
        .get(bx.url("/console/api/audit?whom=zzz"))
        .await;
    assert_eq!(stranger.status, 401, "{}", stranger.told());
    for good in ["audit?who=olga&limit=5", "messages?limit=1", "runs?limit=1"] {
        let url = bx.url(&format!("/console/api/{good}"));
        bx.api().get(url).await.expect(200);
    }
}
