//! Who may not do a thing learns that, whatever the body of the request is.

use boxoffice::domain::staff::Role;

use super::{Person, hire};
use crate::support::TestBox;

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
    let bx = TestBox::start().await;
    hire(&bx, "reader", Role::Auditor).await;
    let reader = Person::of(&bx, "reader").await;
    let console = paths(include_str!("../../../src/wire/console/mod.rs"));
    let alphaott = crate::alphaott::writing_paths();
    let prefixed = alphaott
        .iter()
        .map(|path| format!("/integration/api{path}"));
    let mut judged = 0;
    for path in console.into_iter().chain(prefixed) {
        // Signing in and out needs no right, a preview only reads, set-up has its own code.
        let free = ["/session", "/setup", "/preview", "/graphql"];
        if free.iter().any(|end| path.ends_with(end)) {
            continue;
        }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            for body in ["{", "", "[]", "{\"unknown\": 1}"] {
                let url = bx.url(&path);
                let headers = [("cookie", reader.cookie.as_str()), ("x-boxoffice", "1")];
                let body = Some(body.as_bytes().to_vec());
                let answer = bx.anonymous().send(method, url, body, &headers).await;
                if answer.status == 405
                    || answer.status == 404 && path.starts_with("/console/style")
                {
                    continue;
                }
                judged += 1;
                assert_eq!(answer.status, 403, "{}", answer.told());
            }
        }
    }
    assert!(judged > 200, "{judged}: the table is no longer recognised");
}
