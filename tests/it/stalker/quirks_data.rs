//! Rows R13 to R24 of stalker-rest-v1 §5.1.

use serde_json::{Value, json};

use super::{A, B, C, Says, all};
use crate::support::fixture::a_house;

#[tokio::test]
async fn r13_an_unknown_plan_is_the_default_plan() {
    let house = a_house().await;
    assert_eq!(
        house
            .rest
            .post("/accounts", "login=p&tariff_plan=LATER")
            .await
            .ok(),
        true
    );
    assert_eq!(house.account("p").await["tariff_plan"], "FULL");
    assert_eq!(
        house
            .rest
            .put("/accounts/3", "tariff_plan=LATER")
            .await
            .ok(),
        true
    );
    assert_eq!(house.account("3").await["tariff_plan"], "FULL");
}

#[tokio::test]
async fn r14_an_account_number_means_all_its_devices() {
    let house = a_house().await;
    let list = house
        .rest
        .put("/stb/1553", "additional_services_on=0")
        .await
        .ok();
    assert_eq!(all(&list, "additional_services_on"), ["0", "0"]);
    let list = house
        .rest
        .put("/itv_subscription/1553", "sub_ch[]=29")
        .await
        .ok();
    assert_eq!(list.as_array().expect("a list").len(), 2);
    assert_eq!(house.rest.post("/stb_msg/1553", "msg=x").await.ok(), true);
    for mac in [A, B] {
        assert_eq!(house.names(mac).await, ["send_msg"], "{mac}");
    }
    assert_eq!(
        house.rest.put("/accounts/1553", "status=0").await.ok(),
        true
    );
    assert_eq!(all(&house.accounts().await, "status"), ["0", "0", "0", "1"]);
    assert_eq!(house.rest.delete("/accounts/1553").await.ok(), true);
    assert_eq!(all(&house.accounts().await, "login"), ["3", "nobox"]);
}

#[tokio::test]
async fn r15_cleared_lists_are_echoed_with_one_empty_text() {
    let house = a_house().await;
    let cleared = house
        .rest
        .put("/stb_modules/3", "disabled[]=&restricted[]=")
        .await
        .ok();
    assert_eq!(cleared, json!({"disabled": [""], "restricted": [""]}));
    assert_eq!(house.rest.get("/stb_modules/3").await.ok(), cleared);
    let cleared = house
        .rest
        .put("/itv_subscription/3", "sub_ch[]=")
        .await
        .ok();
    assert_eq!(cleared[0]["sub_ch"], json!([""]));
    assert_eq!(house.rest.get("/itv_subscription/3").await.ok(), cleared);
}

#[tokio::test]
async fn r16_a_scalar_subscribes_and_the_last_form_wins() {
    let house = a_house().await;
    let path = format!("/account_subscription/{B}");
    for (form, names) in [
        ("subscribed=tv_2", vec!["tv_2"]),
        (
            "subscribed[]=all_video&subscribed=tv_3",
            vec!["tv_2", "tv_3"],
        ),
        (
            "subscribed=all_video&unsubscribed=tv_2",
            vec!["all_video", "tv_3"],
        ),
    ] {
        assert_eq!(house.rest.put(&path, form).await.ok(), true, "{form}");
        assert_eq!(
            house.account("3211").await["subscribed"],
            json!(names),
            "{form}"
        );
    }
}

#[tokio::test]
async fn r17_what_changes_nothing_is_ok_and_false() {
    let house = a_house().await;
    let path = format!("/account_subscription/{A}");
    for form in [
        "subscribed[]=tv_2",
        "subscribed[]=nope",
        "unsubscribed[]=tv_3",
    ] {
        assert_eq!(house.rest.put(&path, form).await.ok(), false, "{form}");
    }
    assert_eq!(
        house.rest.delete("/account_subscription/3").await.ok(),
        false
    );
    assert_eq!(
        house.rest.post("/send_event/3", "event=nope").await.ok(),
        false
    );
    assert_eq!(house.rest.put("/stb/999", "ls=1").await.ok(), false);
    for mac in [A, C] {
        assert_eq!(house.names(mac).await, [""; 0], "{mac}");
    }
}

#[tokio::test]
async fn r18_update_channels_reaches_boxes_as_update_subscription() {
    let house = a_house().await;
    let answer = house
        .rest
        .post(&format!("/send_event/{A}"), "event=update_channels")
        .await;
    assert_eq!(answer.ok(), true);
    assert_eq!(
        super::names(&house.all_queued(A).await),
        ["update_subscription"]
    );
    assert_eq!(super::names(&house.all_queued(B).await), [""; 0]);
}

#[tokio::test]
async fn r19_without_identifiers_all_devices_are_meant() {
    let house = a_house().await;
    for (path, form, name) in [
        ("/send_event/", "event=reload_portal", "reload_portal"),
        ("/send_event", "event=show_menu", "show_menu"),
        ("/stb_msg/", "msg=x", "send_msg"),
        ("/stb_msg", "msg=y", "send_msg"),
    ] {
        assert_eq!(house.rest.post(path, form).await.ok(), true, "{path}");
        for mac in [A, B] {
            assert_eq!(house.names(mac).await, [name], "{path} {mac}");
        }
    }
    // What the one that is off could not confirm is still there.
    assert_eq!(
        house.names(C).await,
        ["reload_portal", "show_menu", "send_msg"]
    );
}

#[tokio::test]
async fn r20_empty_entries_in_a_list_of_channels_are_skipped() {
    let house = a_house().await;
    for path in [
        "/itv/,27,29",
        "/itv/27,,29",
        "/itv/27,29,",
        "/itv/,,29,27,,",
    ] {
        assert_eq!(
            all(&house.rest.get(path).await.ok(), "id"),
            ["27", "29"],
            "{path}"
        );
    }
}

#[tokio::test]
async fn r21_an_empty_change_of_an_account_says_post() {
    let house = a_house().await;
    for path in ["/accounts/3", "/users/3", "/accounts", "/accounts/999"] {
        house
            .rest
            .put(path, "")
            .await
            .refused("HTTP POST data is empty");
        let none = house.rest.send("PUT", path, None, None).await;
        none.refused("HTTP POST data is empty");
    }
}

#[tokio::test]
async fn r22_an_expiry_date_is_null_or_a_date_with_time() {
    let house = a_house().await;
    assert_eq!(house.account("3").await["tariff_expired_date"], Value::Null);
    for (sent, shown) in [
        ("2030-01-31", json!("2030-01-31 00:00:00")),
        ("2030-01-31 12:30:45", json!("2030-01-31 12:30:45")),
        ("2030-01-31+12:30:45", json!("2030-01-31 12:30:45")),
        ("2028-02-29", json!("2028-02-29 00:00:00")),
        ("", Value::Null),
    ] {
        let form = format!("tariff_expired_date={sent}");
        assert_eq!(
            house.rest.put("/accounts/3", &form).await.ok(),
            true,
            "{sent}"
        );
        assert_eq!(
            house.account("3").await["tariff_expired_date"],
            shown,
            "{sent}"
        );
    }
    let form =
        "login=e&tariff_plan=STANDART&tariff_expired_date=2030-01-31&tariff_instead_expired=FULL";
    assert_eq!(house.rest.post("/accounts", form).await.ok(), true);
    let made = house.account("e").await;
    assert_eq!(made["tariff_expired_date"], "2030-01-31 00:00:00");
    assert_eq!(made["tariff_instead_expired"], "FULL");
    for nonsense in ["tomorrow", "2030-13-45", "99999-01-01", "2030-02-30", "0"] {
        let form = format!("tariff_expired_date={nonsense}");
        let answer = house.rest.put("/users/e", &form).await;
        assert_eq!(answer.status, 200, "{}", answer.told());
        let date = house.account("e").await["tariff_expired_date"].clone();
        let text = date.as_str().unwrap_or("0000-00-00 00:00:00");
        assert_eq!(
            text.len(),
            "2030-01-31 00:00:00".len(),
            "{nonsense}: {date}"
        );
    }
}

#[tokio::test]
async fn r23_the_event_cut_off_leaves_the_status() {
    let house = a_house().await;
    let answer = house
        .rest
        .post(&format!("/send_event/{A}"), "event=cut_off")
        .await;
    assert_eq!(answer.ok(), true);
    assert_eq!(house.account("3210").await["status"], 1);
    assert_eq!(house.names(A).await, ["cut_off"]);
}

#[tokio::test]
async fn r24_a_success_has_results_and_no_error() {
    let house = a_house().await;
    for (method, path, form) in [
        ("GET", "/tariffs/999", ""),
        ("GET", "/stb/999", ""),
        ("GET", "/accounts", ""),
        ("PUT", "/stb/999", "status=1"),
        ("PUT", "/users/3", "comment=x"),
        ("POST", "/send_event/3", "event=x"),
        ("DELETE", "/users/3", ""),
    ] {
        let body = house.rest.form(method, path, form).await.json();
        assert_eq!(super::keys(&body), ["results", "status"], "{path}");
        assert_eq!(body["status"], "OK", "{path}");
    }
}
