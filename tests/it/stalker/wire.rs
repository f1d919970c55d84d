//! What holds for every resource: the envelope, credentials, methods, names of resources, paths
//! (stalker-rest-v1 §1).

use serde_json::json;

use super::{A, Rest, Says};
use crate::support::Answer;
use crate::support::fixture::a_house;

#[track_caller]
fn unauthorized(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.told());
    let expected = json!({"status": "ERROR", "results": "", "error": "401 Unauthorized request"});
    assert_eq!(answer.json(), expected);
    let header = |name: &str| answer.headers.get(name).and_then(|v| v.to_str().ok());
    assert_eq!(header("content-type"), Some("application/json"));
    let realm = header("www-authenticate").unwrap_or("");
    assert!(realm.starts_with("Basic realm="), "{realm}");
}

/// §1.7: "keys in this order: status, results, then only on failure error".
#[tokio::test]
async fn keys_of_the_envelope_stand_in_order() {
    let house = a_house().await;
    let ok = house.rest.get("/tariffs/999").await;
    assert_eq!(ok.text, r#"{"status":"OK","results":null}"#);
    let no = house.rest.get("/accounts/999").await;
    assert_eq!(
        no.text,
        r#"{"status":"ERROR","results":null,"error":"Account not found"}"#
    );
}

/// §1.2.
#[tokio::test]
async fn only_the_operators_credentials_are_taken() {
    let house = a_house()
        .set(|config| config.stalker.password = "a:b c".into())
        .await;
    Rest::login(&house.bx, "stalker:a:b c")
        .get("/itv")
        .await
        .ok();
    for wrong in [
        "stalker:",
        "stalker:a",
        "stalker:a:b",
        ":a:b c",
        "Stalker:a:b c",
        "",
    ] {
        let rest = Rest::login(&house.bx, wrong);
        unauthorized(&rest.get("/itv").await);
        unauthorized(&rest.delete("/accounts/3").await);
    }
    unauthorized(&Rest::anonymous(&house.bx).get("/itv").await);
    for header in ["Basic", "Basic !", "Bearer x", "Basic c3RhbGtlcg==", ""] {
        let rest = Rest::by(&house.bx, house.bx.with_header(header));
        unauthorized(&rest.get("/itv").await);
    }
    // A token of the integration API is none here.
    unauthorized(&Rest::by(&house.bx, house.bx.api()).get("/itv").await);
    let accounts = Rest::login(&house.bx, "stalker:a:b c")
        .get("/accounts/3")
        .await;
    assert_eq!(accounts.ok()[0]["login"], "3");
}

/// §1.2: "the request line is parsed before credentials are checked".
#[tokio::test]
async fn method_and_empty_resource_are_judged_before_credentials() {
    let house = a_house().await;
    for rest in [Rest::anonymous(&house.bx), house.rest.clone()] {
        rest.get("/").await.refused("Empty resource");
        for method in ["PATCH", "OPTIONS", "BREW"] {
            let answer = rest.send(method, "/stb/3", None, None).await;
            answer.refused("Not supported method");
        }
    }
}

/// §1.3: "Method names are matched case-insensitively".
#[tokio::test]
async fn a_method_in_small_letters_is_the_same() {
    let house = a_house().await;
    let answer = house.rest.send("get", "/users/3", None, None).await;
    assert_eq!(answer.ok()["login"], "3");
}

/// §1.2: "HTTP 404 with the plain-text body `API not enabled` (not JSON)".
#[tokio::test]
async fn a_disabled_api_says_so_in_plain_text() {
    let house = a_house().set(|config| config.stalker.enabled = false).await;
    for rest in [house.rest.clone(), Rest::anonymous(&house.bx)] {
        for path in ["/accounts", "/v1/accounts/3", "/nosuch", "/stb/"] {
            let answer = rest.get(path).await;
            assert_eq!(answer.status, 404, "{}", answer.told());
            assert_eq!(answer.text, "API not enabled");
            assert!(!answer.is_json(), "{:?}", answer.headers);
        }
        let answer = rest.post("/send_event/", "event=reboot").await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (404, "API not enabled")
        );
    }
}

/// §1.1: "same handler, same behaviour".
#[tokio::test]
async fn the_version_may_stand_in_the_path() {
    let house = a_house().await;
    house.rest.get("/v1/").await.refused("Empty resource");
    for path in [
        "/accounts/3",
        "/stb",
        "/itv/27",
        "/account_subscription/1553",
    ] {
        let plain = house.rest.get(path).await.ok();
        assert_eq!(house.rest.get(&format!("/v1{path}")).await.ok(), plain);
    }
    let put = house.rest.put("/v1/accounts/3", "comment=v1").await;
    assert_eq!(put.ok(), true);
    assert_eq!(house.account("3").await["comment"], "v1");
}

/// §1.1: trailing slashes and whatever follows the identifiers are ignored.
#[tokio::test]
async fn what_follows_the_identifiers_is_ignored() {
    let house = a_house().await;
    let three = house.rest.get("/stb/3").await.ok();
    assert_eq!(three[0]["login"], "3");
    for path in ["/stb/3/", "/stb/3/whatever", "/stb/3/1553/", "/v1/stb/3/x"] {
        assert_eq!(house.rest.get(path).await.ok(), three, "{path}");
    }
    // The query string is no parameter either;
    // a `q` of the client's must not take the path's place.
    for query in ["?q=stb/1553", "?q=v1/accounts", "?id=1553&status=0"] {
        let answer = house.rest.get(&format!("/stb/3{query}")).await;
        assert_eq!(answer.ok(), three, "{query}");
    }
}

/// §1.4.
#[tokio::test]
async fn unknown_resources_and_methods_are_named() {
    let house = a_house().await;
    for (path, old) in [("/nosuch", "Nosuch"), ("/no_such/3", "NoSuch"), ("/x", "X")] {
        let answer = house.rest.get(path).await;
        let said = answer.error().unwrap_or_default();
        let either = [
            format!("Resource \"{old}\" does not exist"),
            format!("Class file for \"RESTCommand{old}\" not found"),
        ];
        assert!(either.contains(&said), "{}", answer.told());
        answer.refused(&said);
    }
    for (method, path, name, action) in [
        ("POST", "/tariffs", "tariffs", "create"),
        ("PUT", "/tariffs/1", "tariffs", "update"),
        ("DELETE", "/tariffs/1", "tariffs", "delete"),
        ("POST", "/services_package", "services_package", "create"),
        (
            "DELETE",
            "/services_package/1",
            "services_package",
            "delete",
        ),
        ("POST", "/itv_subscription/3", "itv_subscription", "create"),
        (
            "DELETE",
            "/itv_subscription/3",
            "itv_subscription",
            "delete",
        ),
        ("GET", "/stb_msg/3", "stb_msg", "get"),
        ("PUT", "/stb_msg/3", "stb_msg", "update"),
        ("DELETE", "/stb_msg/3", "stb_msg", "delete"),
        ("GET", "/send_event/3", "send_event", "get"),
        ("PUT", "/send_event/3", "send_event", "update"),
        ("POST", "/stb_modules/3", "stb_modules", "create"),
        ("DELETE", "/stb_modules/3", "stb_modules", "delete"),
        // "name as sent".
        ("DELETE", "/STB_MSG/3", "STB_MSG", "delete"),
    ] {
        let answer = house.rest.form(method, path, "a=1").await;
        let text = format!("Resource \"{name}\" does not support action \"{action}\"");
        answer.refused(&text);
    }
}

/// §2.7: "Undocumented writes … Do not offer."
#[tokio::test]
async fn channels_are_not_written_through_this_api() {
    let house = a_house().await;
    let before = house.rest.get("/itv").await.ok();
    for (method, path) in [("POST", "/itv"), ("PUT", "/itv/27"), ("DELETE", "/itv/27")] {
        let answer = house.rest.form(method, path, "name=X&number=9").await;
        assert!(answer.error().is_some(), "{}", answer.told());
    }
    assert_eq!(house.rest.get("/itv").await.ok(), before);
}

/// §1.5: "Body on GET and DELETE is ignored."
#[tokio::test]
async fn get_and_delete_read_no_body() {
    let house = a_house().await;
    let form = Some(b"login=3210&status=0".to_vec());
    let answer = house.rest.send("GET", "/users/3", form.clone(), None).await;
    assert_eq!(answer.ok()["login"], "3");
    let gone = house.rest.send("DELETE", "/users/nobox", form, None).await;
    assert_eq!(gone.ok(), true);
    assert_eq!(house.account("3210").await["status"], 1);
}

/// §5.2 B14: nothing but the documented keys, whatever is asked; [`Says`] checks every answer.
#[tokio::test]
async fn no_path_of_the_api_answers_anything_else() {
    let house = a_house()
        .set(|config| config.stalker.allow_resellers_info = true)
        .await;
    for resource in [
        "stb",
        "accounts",
        "users",
        "stb_msg",
        "send_event",
        "stb_modules",
        "itv",
        "itv_subscription",
        "tariffs",
        "services_package",
        "account_subscription",
        "reseller",
    ] {
        for path in [
            format!("/{resource}"),
            format!("/{resource}/999"),
            format!("/{resource}/{A}"),
        ] {
            let answer = house.rest.get(&path).await;
            match answer.error() {
                Some(text) => answer.refused(&text),
                None => drop(answer.ok()),
            }
        }
    }
}
