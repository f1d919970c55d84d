//! Rows B15 to B29 of stalker-rest-v1 §5.2.

use serde_json::{Value, json};

use super::{A, B, C, Says, all, names};
use crate::support::fixture::a_house;

#[tokio::test]
async fn b15_a_deleted_account_leaves_nothing_behind() {
    for resource in ["stb", "accounts"] {
        let house = a_house().await;
        house
            .rest
            .put(
                &format!("/stb_modules/{A}"),
                "disabled[]=tv&restricted[]=vclub",
            )
            .await
            .ok();
        house
            .rest
            .post(&format!("/stb_msg/{A}"), "msg=old")
            .await
            .ok();
        let mut stb = house.stb(A);
        stb.sign_in().await;
        stb.call("itv", "set_fav", &[("fav_ch", "27")]).await.js();
        assert_eq!(
            house.rest.delete(&format!("/{resource}/{A}")).await.ok(),
            true
        );
        let form = format!("login=3210&account_number=1553&stb_mac={A}&status=1&tariff_plan=FULL");
        assert_eq!(
            house.rest.post("/accounts", &form).await.ok(),
            true,
            "{resource}"
        );
        let account = house.account("3210").await;
        for (field, value) in [
            ("subscribed", json!([])),
            ("subscribed_id", json!([])),
            ("full_name", json!("")),
            ("stb_sn", json!("")),
            ("online", json!("0")),
        ] {
            assert_eq!(account[field], value, "{field} after {resource}");
        }
        assert_eq!(
            house.rest.get(&format!("/itv_subscription/{A}")).await.ok(),
            json!([])
        );
        let modules = house.rest.get(&format!("/stb_modules/{A}")).await.ok();
        assert_eq!(modules, json!({"disabled": [], "restricted": []}));
        // Its session went with it.
        stb.call("itv", "get_genres", &[])
            .await
            .plain("Authorization failed.");
        assert_eq!(house.names(A).await, [""; 0]);
        let mut stb = house.stb(A);
        stb.sign_in().await;
        assert_eq!(stb.call("itv", "get_fav_ids", &[]).await.js(), json!([]));
    }
}

#[tokio::test]
async fn b16_online_is_never_null_and_dates_are_of_one_kind() {
    let house = a_house()
        .set(|config| config.stalker.internal_billing = true)
        .await;
    house.rest.post("/accounts", "login=fresh").await.ok();
    house.rest.post("/stb", "mac=00:1A:79:00:00:51").await.ok();
    for path in ["/accounts", "/stb"] {
        let rows = house.rest.get(path).await.ok();
        for row in rows.as_array().expect("a list") {
            assert_eq!(row["online"], "0", "{row}");
            for date in ["last_active", "end_date"] {
                let none = [Value::Null, json!("0000-00-00 00:00:00")];
                assert!(none.contains(&row[date]), "{date} of {row}");
                assert_eq!(row[date], rows[0][date], "{date} of {row}");
            }
        }
    }
}

#[tokio::test]
async fn b17_the_same_identifier_twice_is_no_error() {
    let house = a_house().await;
    assert_eq!(
        all(&house.rest.get("/accounts/3,3").await.ok(), "login"),
        ["3"]
    );
    assert_eq!(house.rest.get("/users/3,3").await.ok()["login"], "3");
}

#[tokio::test]
async fn b18_an_empty_package_id_is_nothing() {
    let house = a_house().await;
    let path = format!("/account_subscription/{A}");
    for form in [
        "subscribed[]=",
        "subscribed=",
        "subscribed_id[]=",
        "unsubscribed[]=",
    ] {
        assert_eq!(house.rest.put(&path, form).await.ok(), false, "{form}");
        assert_eq!(
            house.account("3210").await["subscribed"],
            json!(["tv_2"]),
            "{form}"
        );
    }
    assert_eq!(
        house
            .rest
            .put(&path, "subscribed[]=&subscribed[]=tv_3")
            .await
            .ok(),
        true
    );
    assert_eq!(
        house.account("3210").await["subscribed"],
        json!(["tv_2", "tv_3"])
    );
}

#[tokio::test]
async fn b19_a_change_of_plan_or_channels_reloads_the_box() {
    let house = a_house().await;
    let told = async |mac: &str| {
        names(&house.all_queued(mac).await)
            .iter()
            .any(|name| name == "update_subscription")
    };
    assert!(!told(A).await);
    house
        .rest
        .put(&format!("/accounts/{A}"), "tariff_plan=STANDART")
        .await
        .ok();
    assert!(told(A).await, "the plan");
    house
        .rest
        .put(&format!("/itv_subscription/{A}"), "sub_ch[]=58")
        .await
        .ok();
    assert!(told(A).await, "the channels");
    assert!(!told(B).await);
}

/// "keep for `status` (compat)".
#[tokio::test]
async fn b20_the_text_false_still_switches_a_status_on() {
    let house = a_house().await;
    assert_eq!(
        house.rest.put("/accounts/3", "status=false").await.ok(),
        true
    );
    assert_eq!(house.account("3").await["status"], 1);
    for (value, after) in [
        ("0", "0"),
        ("", "0"),
        ("1", "1"),
        ("yes", "1"),
        ("true", "1"),
    ] {
        let form = format!("event=send_msg&msg=x&need_reboot={value}");
        assert_eq!(
            house
                .rest
                .post(&format!("/send_event/{A}"), &form)
                .await
                .ok(),
            true
        );
        assert_eq!(
            house.queued(A).await[0]["reboot_after_ok"],
            after,
            "{value:?}"
        );
    }
}

#[tokio::test]
async fn b21_no_value_brings_the_insides_out() {
    let house = a_house()
        .set(|config| {
            config.stalker.allow_resellers_info = true;
            config.stalker.internal_billing = true;
        })
        .await;
    let values = [
        "'",
        "%27+OR+1%3D1--",
        "%00",
        "%F0%9F%98%80",
        "%FF",
        "-1",
        "18446744073709551616",
        "1e999",
        "0x10",
        "NaN",
        "9999-99-99",
        "%0D%0A",
    ];
    let fields = [
        "login",
        "full_name",
        "phone",
        "account_number",
        "tariff_plan",
        "tariff_expired_date",
        "tariff_instead_expired",
        "status",
        "stb_mac",
        "comment",
        "end_date",
        "account_balance",
        "reseller_id",
        "password",
        "additional_services_on",
    ];
    for (number, value) in values.into_iter().enumerate() {
        for field in fields {
            for (method, path, more) in [
                ("PUT", "/users/nobox".to_owned(), String::new()),
                (
                    "POST",
                    "/accounts".to_owned(),
                    format!("&login=v{number}{field}"),
                ),
                ("PUT", "/stb/3".to_owned(), format!("&ls={value}")),
            ] {
                // A login that is sent twice is the second one; account D keeps its own.
                if method == "PUT" && field == "login" {
                    continue;
                }
                let form = format!("{field}={value}{more}");
                let answer = house.rest.form(method, &path, &form).await;
                assert_eq!(answer.status, 200, "{}", answer.told());
                let text = answer.error().unwrap_or_default().to_lowercase();
                for inside in ["query failed", "sql", "redb", "panic", ".rs"] {
                    assert!(!text.contains(inside), "{}", answer.told());
                }
            }
        }
    }
    assert_eq!(house.account("nobox").await["login"], "nobox");
}

#[tokio::test]
async fn b22_the_most_users_of_a_reseller_bind_the_panel_only() {
    let house = a_house()
        .set(|config| config.stalker.allow_resellers_info = true)
        .await;
    house.rest.put("/reseller/1", "max_users=1").await.ok();
    for login in ["u1", "u2", "u3"] {
        let form = format!("login={login}&reseller_id=1");
        assert_eq!(
            house.rest.post("/accounts", &form).await.ok(),
            true,
            "{login}"
        );
        assert_eq!(house.account(login).await["reseller_id"], "1");
    }
}

#[tokio::test]
async fn b23_a_box_is_not_given_to_an_unknown_reseller() {
    let house = a_house()
        .set(|config| config.stalker.allow_resellers_info = true)
        .await;
    let answer = house.rest.put("/stb/3", "reseller_id=99&ls=8").await;
    answer.refused("Reseller does not exist");
    let row = house.rest.get("/stb/3").await.ok()[0].clone();
    assert_eq!(
        (&row["reseller_id"], &row["ls"]),
        (&Value::Null, &json!("3"))
    );
}

#[tokio::test]
async fn b24_a_new_box_does_not_take_a_login() {
    let house = a_house().await;
    for form in [
        "mac=00:1A:79:00:00:52&login=3210",
        "login=3210&password=x",
        "login=NOBOX&password=x",
    ] {
        house
            .rest
            .post("/stb", form)
            .await
            .refused("Login already in use");
    }
    assert_eq!(all(&house.accounts().await, "login").len(), 4);
}

#[tokio::test]
async fn b25_a_plan_or_package_that_is_no_number_is_null() {
    let house = a_house().await;
    for path in [
        "/tariffs/abc",
        "/tariffs/FULL",
        "/services_package/abc",
        "/tariffs/1x",
        "/tariffs/-1",
    ] {
        assert_eq!(house.rest.get(path).await.ok(), Value::Null, "{path}");
    }
}

#[tokio::test]
async fn b26_lists_with_gaps_come_back_as_lists() {
    let house = a_house().await;
    let put = house
        .rest
        .put("/itv_subscription/3", "sub_ch[0]=27&sub_ch[2]=29")
        .await
        .ok();
    assert_eq!(put[0]["sub_ch"], json!(["27", "29"]));
    let put = house
        .rest
        .put("/stb_modules/3", "disabled[5]=tv&disabled[x]=radio")
        .await
        .ok();
    assert_eq!(put["disabled"], json!(["tv", "radio"]));
    assert_eq!(house.rest.get("/stb_modules/3").await.ok(), put);
}

#[tokio::test]
async fn b27_a_plus_is_taken_literally_first() {
    let house = a_house().await;
    house.rest.post("/accounts", "login=two+words").await.ok();
    assert_eq!(house.account("two+words").await["login"], "two words");
    house.rest.post("/accounts", "login=two%2Bwords").await.ok();
    assert_eq!(house.account("two+words").await["login"], "two+words");
    assert_eq!(house.account("two%20words").await["login"], "two words");
}

#[tokio::test]
async fn b28_a_posted_scalar_is_a_list_of_one() {
    let house = a_house().await;
    let path = format!("/account_subscription/{A}");
    assert_eq!(house.rest.post(&path, "subscribed=tv_3").await.ok(), true);
    assert_eq!(house.account("3210").await["subscribed"], json!(["tv_3"]));
}

#[tokio::test]
async fn b29_a_scalar_of_modules_is_a_list_of_one() {
    let house = a_house().await;
    let put = house
        .rest
        .put("/stb_modules/3", "restricted=vclub&disabled=tv")
        .await
        .ok();
    assert_eq!(put, json!({"disabled": ["tv"], "restricted": ["vclub"]}));
    assert_eq!(house.rest.get("/stb_modules/3").await.ok(), put);
    assert_eq!(house.names(C).await, ["update_modules"]);
}
