//! Rows R1 to R12 of stalker-rest-v1 §5.1: what clients depend on and must be as it was.

use serde_json::{Value, json};

use super::{A, B, C, Rest, Says, all};
use crate::support::fixture::a_house;
use crate::support::segment;

#[tokio::test]
async fn r1_errors_are_http_200_with_null_results() {
    let house = a_house().await;
    for (method, path, form) in [
        ("GET", "/nosuch", ""),
        ("GET", "/accounts/999", ""),
        ("POST", "/accounts", ""),
        ("PUT", "/accounts/999", "comment=x"),
        ("DELETE", "/stb/999", ""),
        ("POST", "/stb_msg/999", "msg=x"),
        ("GET", "/reseller", ""),
        ("POST", "/tariffs", "a=1"),
    ] {
        let answer = house.rest.form(method, path, form).await;
        assert_eq!(answer.status, 200, "{}", answer.told());
        let body = answer.json();
        assert_eq!(
            (&body["status"], &body["results"]),
            (&json!("ERROR"), &Value::Null),
            "{path}"
        );
        assert!(body.as_object().expect("an object").contains_key("results"));
        assert!(
            body["error"].as_str().is_some_and(|text| !text.is_empty()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn r2_without_credentials_results_are_an_empty_text() {
    let house = a_house().await;
    for (method, path) in [
        ("GET", "/accounts"),
        ("POST", "/send_event/"),
        ("DELETE", "/stb/3"),
    ] {
        let rest = Rest::login(&house.bx, "stalker:wrong");
        let answer = rest.form(method, path, "event=reboot").await;
        assert_eq!(answer.status, 401, "{}", answer.told());
        let text = r#"{"status":"ERROR","results":"","error":"401 Unauthorized request"}"#;
        assert_eq!(answer.text, text);
    }
    assert_eq!(all(&house.accounts().await, "login").len(), 4);
    assert_eq!(house.names(A).await, [""; 0]);
}

#[tokio::test]
async fn r3_the_health_probe_of_clients_says_empty_resource() {
    let house = a_house().await;
    let answer = house.rest.get("/").await;
    assert_eq!(answer.status, 200);
    answer.refused("Empty resource");
    Rest::anonymous(&house.bx)
        .get("/")
        .await
        .refused("Empty resource");
}

#[tokio::test]
async fn r4_a_form_called_plain_text_is_read() {
    let house = a_house().await;
    let form = Some(b"login=nest%40example.com&status=1&account_number=5d1c-00".to_vec());
    let made = house
        .rest
        .send("POST", "/v1/users", form, Some("text/plain"))
        .await;
    assert_eq!(made.ok(), true);
    let form = Some(b"stb_mac=00:1A:79:00:00:41".to_vec());
    let path = format!("/v1/users/{}", segment("nest@example.com"));
    let put = house
        .rest
        .send("PUT", &path, form, Some("text/plain"))
        .await;
    assert_eq!(put.ok(), true);
    assert_eq!(
        house.rest.get(&path).await.ok()["stb_mac"],
        "00:1A:79:00:00:41"
    );
}

#[tokio::test]
async fn r5_names_of_resources_have_any_letter_case() {
    let house = a_house().await;
    for (path, plain) in [
        ("/STB/", "/stb"),
        ("/Stb/3", "/stb/3"),
        ("/ITV", "/itv"),
        ("/ITV_SUBSCRIPTION/1553", "/itv_subscription/1553"),
        ("/ACCOUNTS/3", "/accounts/3"),
        ("/Users/3", "/users/3"),
        ("/Tariffs/1", "/tariffs/1"),
        ("/SERVICES_PACKAGE", "/services_package"),
        ("/Account_Subscription/3", "/account_subscription/3"),
    ] {
        let expected = house.rest.get(plain).await.ok();
        assert_eq!(house.rest.get(path).await.ok(), expected, "{path}");
    }
    house.rest.get(&format!("/STB_MODULES/{A}")).await.ok();
    assert_eq!(house.rest.post("/STB_MSG/3", "msg=x").await.ok(), true);
    assert_eq!(
        house.rest.post("/SEND_EVENT/3", "event=reboot").await.ok(),
        true
    );
    house
        .rest
        .get("/RESELLER")
        .await
        .refused("Resource denied by admin");
}

#[tokio::test]
async fn r6_slashes_at_the_end_and_escapes_in_identifiers_do_not_matter() {
    let house = a_house().await;
    for path in ["/accounts/", "/accounts"] {
        assert_eq!(
            all(&house.rest.get(path).await.ok(), "login").len(),
            4,
            "{path}"
        );
    }
    for (path, logins) in [
        ("/stb/00%3A1A%3A79%3A00%3A21%3A40", vec!["3"]),
        (
            "/stb/00%3A1A%3A79%3A00%3A21%3A40%2C1553/",
            vec!["3210", "3211", "3"],
        ),
        ("/accounts/1553%2c3", vec!["3210", "3211", "3"]),
        ("/accounts/%33", vec!["3"]),
    ] {
        assert_eq!(
            all(&house.rest.get(path).await.ok(), "login"),
            logins,
            "{path}"
        );
    }
    for (number, path) in ["/accounts/", "/users/", "/accounts", "/users"]
        .iter()
        .enumerate()
    {
        let form = format!("login=slash{number}");
        assert_eq!(house.rest.post(path, &form).await.ok(), true, "{path}");
    }
    let answer = house.rest.put("/users/nobox/", "comment=c").await;
    assert_eq!(answer.ok(), true);
    assert_eq!(house.rest.delete("/users/nobox/").await.ok(), true);
}

/// The four that public clients compare to the letter; the rest of §1.8 stands in the tests of
/// its resource.
#[tokio::test]
async fn r7_error_texts_are_exact() {
    let house = a_house().await;
    house.rest.get("/").await.refused("Empty resource");
    for path in ["/accounts/999", "/users/999", "/accounts/00:1A:79:FF:FF:FF"] {
        house.rest.get(path).await.refused("Account not found");
        house.rest.delete(path).await.refused("Account not found");
    }
    let login = house
        .rest
        .post("/accounts", "login=3210&stb_mac=00:1A:79:FF:FF:FF")
        .await;
    login.refused("Login already in use");
    let mac = house
        .rest
        .post("/accounts", &format!("login=x&stb_mac={A}"))
        .await;
    mac.refused("MAC address already in use");
    let house = a_house().set(|config| config.stalker.enabled = false).await;
    let off = house.rest.get("/").await;
    assert_eq!((off.status, off.text.as_str()), (404, "API not enabled"));
}

/// Whether everything under a value that is no list or object is a text, `null` or the `status`.
fn typed(name: &str, value: &Value, problems: &mut Vec<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|of| typed("", of, problems)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, of)| typed(name, of, problems)),
        Value::Number(number) if name == "status" && matches!(number.as_u64(), Some(0 | 1)) => {}
        Value::String(_) if name != "status" => {}
        Value::Null => {}
        other => problems.push(format!("{name}: {other}")),
    }
}

#[tokio::test]
async fn r8_status_is_a_number_and_every_other_scalar_a_string() {
    let house = a_house()
        .set(|config| {
            config.stalker.allow_resellers_info = true;
            config.stalker.internal_billing = true;
        })
        .await;
    house
        .rest
        .put(
            "/accounts/1553",
            "end_date=2030-01-31&reseller_id=1&phone=5",
        )
        .await
        .ok();
    let mut stb = house.stb(A);
    stb.sign_in().await;
    stb.poll().await;
    let mut problems = Vec::new();
    for path in [
        "/stb",
        "/accounts",
        "/users",
        "/itv",
        "/itv_subscription",
        "/tariffs",
        "/tariffs/1",
        "/services_package",
        "/services_package/5",
        "/account_subscription/1553",
        "/reseller",
    ] {
        typed(path, &house.rest.get(path).await.ok(), &mut problems);
    }
    typed(
        "put",
        &house.rest.put("/stb/3", "status=1").await.ok(),
        &mut problems,
    );
    typed(
        "post",
        &house.rest.post("/stb", "mac=00:1A:79:00:00:42").await.ok(),
        &mut problems,
    );
    assert!(problems.is_empty(), "{problems:#?}");
}

#[tokio::test]
async fn r9_accounts_are_a_list_and_users_an_object() {
    let house = a_house().await;
    assert_eq!(house.rest.get("/accounts/3").await.ok()[0]["login"], "3");
    assert_eq!(house.rest.get("/users/3").await.ok()["login"], "3");
    assert!(house.rest.get("/tariffs").await.ok().is_array());
    assert_eq!(
        house.rest.get("/tariffs/2").await.ok()["external_id"],
        "STANDART"
    );
    assert!(house.rest.get("/services_package").await.ok().is_array());
    assert_eq!(
        house.rest.get("/services_package/2").await.ok()["external_id"],
        "tv_2"
    );
}

#[tokio::test]
async fn r10_every_resource_answers_its_kind() {
    let house = a_house().await;
    assert_eq!(house.rest.post("/accounts", "login=k").await.ok(), true);
    assert_eq!(house.rest.put("/users/k", "comment=x").await.ok(), true);
    assert_eq!(house.rest.delete("/users/k").await.ok(), true);
    assert!(house.rest.put("/stb/3", "ls=3").await.ok().is_array());
    assert!(
        house
            .rest
            .post("/stb", "mac=00:1A:79:00:00:43")
            .await
            .ok()
            .is_object()
    );
    assert_eq!(house.rest.delete("/stb/00:1A:79:00:00:43").await.ok(), true);
    assert!(
        house
            .rest
            .put("/itv_subscription/3", "sub_ch[]=27")
            .await
            .ok()
            .is_array()
    );
    assert!(
        house
            .rest
            .put("/stb_modules/3", "disabled[]=tv")
            .await
            .ok()
            .is_object()
    );
    assert_eq!(house.rest.post("/stb_msg/3", "msg=x").await.ok(), true);
}

#[tokio::test]
async fn r11_unknown_ids_shorten_lists_of_boxes_and_are_errors_of_accounts() {
    let house = a_house().await;
    for path in [
        "/stb/999",
        "/itv/999",
        "/itv_subscription/999",
        "/stb/998,999",
    ] {
        assert_eq!(house.rest.get(path).await.ok(), json!([]), "{path}");
    }
    assert_eq!(all(&house.rest.get("/stb/3,999").await.ok(), "mac"), [C]);
    let list = house
        .rest
        .get(&format!("/itv_subscription/{C},999,{B}"))
        .await
        .ok();
    assert_eq!(all(&list, "mac"), [C]);
    house
        .rest
        .get("/accounts/999")
        .await
        .refused("Account not found");
    house
        .rest
        .get("/users/999")
        .await
        .refused("Account not found");
    let some = "One or more identifiers are incorrect";
    house.rest.get("/accounts/3,999").await.refused(some);
    house.rest.get("/accounts/998,999").await.refused(some);
    house.rest.get("/users/3,999").await.refused(some);
}

#[tokio::test]
async fn r12_unknown_fields_are_ignored_and_only_sent_ones_change() {
    let house = a_house().await;
    let mut expected = house.account("3").await;
    let form = "comment=x&reseller=1&ids=3,4&subscribed=tv_3&id=77&online=1&ip=1.2.3.4&created=x";
    assert_eq!(house.rest.put("/accounts/3", form).await.ok(), true);
    expected["comment"] = json!("x");
    assert_eq!(house.account("3").await, expected);
    let form = "login=u&additional_services=1&subscribed[]=tv_2&ls=5&mac=00:1A:79:00:00:44";
    assert_eq!(house.rest.post("/accounts", form).await.ok(), true);
    let made = house.account("u").await;
    for (field, value) in [
        ("stb_mac", json!("")),
        ("account_number", json!("")),
        ("subscribed", json!([])),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
}
