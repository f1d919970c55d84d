//! What an account may watch and what there is: ITV, ITV_SUBSCRIPTION, TARIFFS, SERVICES_PACKAGE
//! and ACCOUNT_SUBSCRIPTION (stalker-rest-v1 §2.7 to §2.11).

use serde_json::{Value, json};

use super::{A, B, C, House, Says, all, fixture, keys};
use crate::support::fixture::a_house;

// ---- channels

#[tokio::test]
async fn channels_are_a_list_of_strings() {
    let house = a_house().await;
    let list = house.rest.get("/itv").await.ok();
    for channel in list.as_array().expect("a list") {
        for key in [
            "id",
            "name",
            "number",
            "base_ch",
            "hd",
            "enable_monitoring",
            "url",
        ] {
            assert!(channel[key].is_string(), "{key} of {channel}");
        }
        let descr = &channel["descr"];
        assert!(descr.is_string() || descr.is_null(), "{channel}");
    }
    for (path, ids) in [
        ("/itv/58,27", vec!["27", "58"]),
        ("/itv/27,27", vec!["27"]),
        ("/itv/27,999", vec!["27"]),
        ("/itv/999", vec![]),
        ("/itv/abc", vec![]),
        ("/itv/0", vec![]),
        ("/itv/,,58,", vec!["58"]),
        ("/itv/18446744073709551616,29", vec!["29"]),
    ] {
        assert_eq!(all(&house.rest.get(path).await.ok(), "id"), ids, "{path}");
    }
}

#[tokio::test]
async fn a_channel_list_of_a_device_is_replaced_whole() {
    let house = a_house().await;
    for (form, channels) in [
        ("sub_ch[]=58&sub_ch[]=27", json!(["58", "27"])),
        // "Ids are not validated."
        ("sub_ch[]=999", json!(["999"])),
        ("additional_services_on=1", json!(["999"])),
        ("sub_ch[]=", json!([""])),
        ("sub_ch[]=37", json!(["37"])),
    ] {
        let list = house.rest.put("/itv_subscription/3", form).await.ok();
        assert_eq!(list[0]["sub_ch"], channels, "{form}");
        assert_eq!(
            keys(&list[0]),
            ["additional_services_on", "ls", "mac", "sub_ch"]
        );
        assert_eq!(house.rest.get("/itv_subscription/3").await.ok(), list);
    }
    // "A scalar `sub_ch` empties the list."
    let list = house
        .rest
        .put("/itv_subscription/3", "sub_ch=27")
        .await
        .ok();
    assert!(
        list[0]["sub_ch"] == json!([]) || list[0]["sub_ch"] == json!([""]),
        "{list}"
    );
}

#[tokio::test]
async fn a_channel_list_is_checked_in_order() {
    let house = a_house().await;
    let before = house.rest.get("/itv_subscription").await.ok();
    assert_eq!(all(&before, "mac"), [A, C]);
    for (path, form, text) in [
        ("/itv_subscription/999", "", "HTTP PUT data is empty"),
        ("/itv_subscription/999", "foo=1", "Update data is empty"),
        ("/itv_subscription/3", "sub=27", "Update data is empty"),
    ] {
        house.rest.put(path, form).await.refused(text);
    }
    let nobody = house.rest.put("/itv_subscription/999", "sub_ch[]=27").await;
    assert_eq!(nobody.ok(), false);
    assert_eq!(house.rest.get("/itv_subscription").await.ok(), before);
    // A device that never had a record gets one.
    let path = format!("/itv_subscription/{B}");
    house.rest.put(&path, "sub_ch[]=27").await.ok();
    assert_eq!(
        all(&house.rest.get("/itv_subscription").await.ok(), "mac"),
        [A, B, C]
    );
}

// ---- plans and packages

#[tokio::test]
async fn a_plan_has_the_documented_shape() {
    let house = a_house().await;
    let plans = house.rest.get("/tariffs").await.ok();
    for plan in plans.as_array().expect("a list") {
        assert_eq!(
            keys(plan),
            [
                "days_to_expires",
                "external_id",
                "id",
                "name",
                "packages",
                "user_default"
            ]
        );
        for package in plan["packages"].as_array().expect("packages") {
            assert_eq!(
                keys(package),
                [
                    "all_services",
                    "description",
                    "external_id",
                    "id",
                    "name",
                    "optional",
                    "price",
                    "rent_duration",
                    "service_type",
                    "type"
                ]
            );
        }
    }
    // "Only the first identifier counts."
    assert_eq!(house.rest.get("/tariffs/2,1").await.ok(), plans[1]);
    assert_eq!(house.rest.get("/tariffs/1").await.ok(), plans[0]);
}

/// §2.9 and §2.10: price with two decimals, hours, kinds; services sorted by name.
#[tokio::test]
async fn packages_say_what_is_in_them() {
    let mut document = fixture();
    let more = json!([
        {"id": 10, "external_id": "rent", "name": "Rent", "type": "video", "description": "Films",
         "service_type": "single", "rent_duration": 48, "price": "3.5", "services": [7]},
        {"id": 11, "external_id": "fm", "name": "FM", "type": "radio", "services": "all"},
        {"id": 12, "external_id": "mix", "name": "Mix", "type": "tv", "services": [58, 27, 29]}
    ]);
    document["movies"] = json!([{"id": 7, "title": "Arrow"}]);
    let packages = document["packages"].as_array_mut().expect("packages");
    packages.extend(more.as_array().expect("a list").iter().cloned());
    let house = a_house().holding(document).await;
    let rent = house.rest.get("/services_package/10").await.ok();
    let expected = json!({
        "id": "10", "external_id": "rent", "name": "Rent", "description": "Films",
        "type": "video", "all_services": "0", "service_type": "single", "rent_duration": "48",
        "price": "3.50", "services": [{"id": "7", "name": "Arrow"}],
    });
    assert_eq!(rent, expected);
    let fm = house.rest.get("/services_package/11").await.ok();
    assert_eq!(
        (&fm["all_services"], &fm["services"]),
        (&json!("1"), &json!("all"))
    );
    assert_eq!(
        (&fm["price"], &fm["rent_duration"]),
        (&json!("0.00"), &json!("0"))
    );
    let mix = house.rest.get("/services_package/12").await.ok();
    assert_eq!(all(&mix["services"], "name"), ["Extra", "One", "Two"]);
    let list = house.rest.get("/services_package/").await.ok();
    assert_eq!(
        all(&list, "id"),
        ["1", "2", "3", "4", "5", "10", "11", "12"]
    );
}

// ---- optional packages

async fn subscribed(house: &House, mac: &str) -> (Value, Value) {
    let list = house
        .rest
        .get(&format!("/account_subscription/{mac}"))
        .await
        .ok();
    assert_eq!(keys(&list[0]), ["mac", "subscribed", "subscribed_id"]);
    (
        list[0]["subscribed"].clone(),
        list[0]["subscribed_id"].clone(),
    )
}

/// "PUT: `HTTP PUT data is empty`, `Insert data is empty`, `Account not found`, `Only one
/// identifier allowed`; POST: same …; GET/DELETE: the last two."
#[tokio::test]
async fn subscriptions_are_checked_in_order() {
    let house = a_house().await;
    let before = house.accounts().await;
    for (method, empty) in [
        ("PUT", "HTTP PUT data is empty"),
        ("POST", "HTTP POST data is empty"),
    ] {
        for (path, form, text) in [
            ("/account_subscription/999", "", empty),
            ("/account_subscription/999", "foo=1", "Insert data is empty"),
            (
                "/account_subscription/999",
                "subscribed[]=tv_3",
                "Account not found",
            ),
            (
                "/account_subscription/3,1553",
                "subscribed[]=tv_3",
                "Only one identifier allowed",
            ),
        ] {
            house.rest.form(method, path, form).await.refused(text);
        }
    }
    for method in ["GET", "DELETE"] {
        let one = house
            .rest
            .send(method, "/account_subscription/999", None, None)
            .await;
        one.refused("Account not found");
        let two = house
            .rest
            .send(method, "/account_subscription/3,1553", None, None)
            .await;
        two.refused("Only one identifier allowed");
    }
    assert_eq!(house.accounts().await, before);
}

/// "`mac` (string, null if none)".
#[tokio::test]
async fn an_account_without_a_box_has_a_null_mac() {
    let house = a_house().await;
    house
        .rest
        .post("/accounts", "login=n&account_number=77")
        .await
        .ok();
    let list = house.rest.get("/account_subscription/77").await.ok();
    assert_eq!(
        list,
        json!([{"mac": null, "subscribed": [], "subscribed_id": []}])
    );
    let put = house
        .rest
        .put("/account_subscription/77", "subscribed[]=tv_2")
        .await;
    assert_eq!(put.ok(), true);
    assert_eq!(house.account("n").await["subscribed"], json!(["tv_2"]));
}

/// "Order of execution: subscribe by external id, by id, unsubscribe by external id, by id."
#[tokio::test]
async fn packages_come_and_go_by_either_id() {
    let house = a_house().await;
    let path = format!("/account_subscription/{A}");
    for (form, done, ids) in [
        ("subscribed_id[]=3", true, vec!["2", "3"]),
        ("subscribed_id[]=3", false, vec!["2", "3"]),
        ("unsubscribed_id[]=2", true, vec!["3"]),
        (
            "subscribed[]=tv_2&subscribed_id[]=4",
            true,
            vec!["4", "2", "3"],
        ),
        ("unsubscribed[]=tv_2&unsubscribed_id[]=4", true, vec!["3"]),
        ("subscribed[]=tv_2&unsubscribed[]=tv_2", true, vec!["3"]),
        ("subscribed[]=tv_2&subscribed[]=nope", true, vec!["2", "3"]),
        ("unsubscribed=tv_2", true, vec!["3"]),
        // The `_id` fields take lists only, and a package's number is no external id.
        ("subscribed_id=2", false, vec!["3"]),
        ("subscribed[]=2", false, vec!["3"]),
        ("subscribed_id[]=999", false, vec!["3"]),
        ("subscribed_id[]=1", false, vec!["3"]),
        ("unsubscribed_id[]=1", false, vec!["3"]),
        ("subscribed[]=mods", false, vec!["3"]),
    ] {
        assert_eq!(house.rest.put(&path, form).await.ok(), done, "{form}");
        // "ordered by external id": all_video, tv_2, tv_3.
        assert_eq!(subscribed(&house, A).await.1, json!(ids), "{form}");
        assert_eq!(
            house.account("3210").await["subscribed_id"],
            json!(ids),
            "{form}"
        );
    }
}

/// "the complete wanted set: missing ones are removed, new ones added".
#[tokio::test]
async fn a_posted_set_takes_the_place_of_the_old() {
    let house = a_house().await;
    let path = format!("/account_subscription/{A}");
    for (form, done, names) in [
        (
            "subscribed[]=tv_2&subscribed[]=tv_3",
            true,
            vec!["tv_2", "tv_3"],
        ),
        (
            "subscribed[]=tv_3&subscribed[]=tv_2",
            false,
            vec!["tv_2", "tv_3"],
        ),
        ("subscribed_id[]=4", true, vec!["all_video"]),
        ("subscribed[]=tv_3", true, vec!["tv_3"]),
        (
            "subscribed[]=tv_3&subscribed[]=tv_base",
            false,
            vec!["tv_3"],
        ),
        ("subscribed[]=", true, vec![]),
        ("subscribed[]=", false, vec![]),
    ] {
        assert_eq!(house.rest.post(&path, form).await.ok(), done, "{form}");
        assert_eq!(subscribed(&house, A).await.0, json!(names), "{form}");
    }
    assert_eq!(house.rest.delete(&path).await.ok(), false);
    house.rest.post(&path, "subscribed[]=tv_2").await.ok();
    assert_eq!(house.rest.delete(&path).await.ok(), true);
    assert_eq!(subscribed(&house, A).await.0, json!([]));
}

/// "for several devices the AND of them".
#[tokio::test]
async fn every_device_of_the_account_is_subscribed() {
    let house = a_house().await;
    let path = "/account_subscription/1553";
    assert_eq!(house.rest.put(path, "subscribed[]=tv_3").await.ok(), true);
    assert_eq!(subscribed(&house, A).await.0, json!(["tv_2", "tv_3"]));
    assert_eq!(subscribed(&house, B).await.0, json!(["tv_3"]));
    for mac in [A, B] {
        let events = house.queued(mac).await;
        assert_eq!(super::names(&events), ["send_msg"], "{mac}");
        assert_eq!(events[0]["reboot_after_ok"], "1");
    }
    // Everything goes; B had less, yet both lost something.
    assert_eq!(house.rest.delete(path).await.ok(), true);
    assert_eq!(subscribed(&house, B).await.0, json!([]));
}

/// "an earlier undelivered message of that kind is replaced, so a box gets one".
#[tokio::test]
async fn of_several_changes_a_box_hears_once() {
    let house = a_house().await;
    let path = format!("/account_subscription/{A}");
    for form in [
        "subscribed[]=tv_3",
        "unsubscribed[]=tv_2",
        "subscribed_id[]=4",
    ] {
        assert_eq!(house.rest.put(&path, form).await.ok(), true);
    }
    let events = house.queued(A).await;
    assert_eq!(super::names(&events), ["send_msg"]);
    assert!(!events[0]["msg"].as_str().expect("a text").is_empty());
}

/// "the `_id` fields only [take] arrays (a scalar is ignored)": what is ignored empties nothing.
#[tokio::test]
async fn a_posted_number_that_comes_alone_is_ignored() {
    let house = a_house().await;
    let path = format!("/account_subscription/{A}");
    for form in ["subscribed_id=3", "subscribed_id="] {
        assert_eq!(house.rest.post(&path, form).await.ok(), false, "{form}");
        assert_eq!(subscribed(&house, A).await.0, json!(["tv_2"]), "{form}");
    }
}

/// What is remembered of a plan that ended is not held, so it can be chosen again.
#[tokio::test]
async fn a_package_of_a_plan_that_ended_is_chosen_again() {
    let house = a_house().await;
    let path = format!("/account_subscription/{A}");
    house.rest.put("/users/3210", "tariff_plan=nope").await.ok();
    assert_eq!(subscribed(&house, A).await.0, json!([]));
    assert_eq!(house.rest.put(&path, "subscribed[]=tv_2").await.ok(), true);
    assert_eq!(subscribed(&house, A).await.0, json!(["tv_2"]));
    assert_eq!(house.rest.put(&path, "subscribed[]=tv_2").await.ok(), false);
}
