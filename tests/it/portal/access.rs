//! Who may watch what: the one rule of access, as a box sees it. A customer that is active, holding
//! an active service that covers the channel, on a device that is active.

use serde_json::{Value, json};

use super::{UNKNOWN, link, offered, offered_ids, signed};
use crate::stalker::{A, B, C, House, Says, StbBox};
use crate::support::Client;
use crate::support::fixture::{a_house, a_portal};

const DAY: i64 = 86_400;
/// Channels of the base package.
const BASE: [i64; 4] = [27, 29, 90, 91];

/// The customer's path in the integration API.
async fn path(api: &Client, login: &str) -> String {
    let list = api.get("/customers").await.expect(200);
    let mut found = list.as_array().expect("a list").iter();
    let customer = found.find(|customer| customer["login"] == login);
    format!(
        "/customers/{}",
        customer.expect("a customer")["_id"]
            .as_str()
            .expect("an id")
    )
}

async fn spec(api: &Client, title: &str) -> String {
    let specs = api.get("/service-specs").await.expect(200);
    let mut found = specs.as_array().expect("a list").iter();
    let spec = found
        .find(|spec| spec["title"] == title)
        .expect("a specification");
    spec["_id"].as_str().expect("an id").to_owned()
}

/// Whether every channel of the lists can be played, and those beside them cannot.
async fn assert_may_watch(house: &House, stb: &StbBox, expected: &[i64]) {
    assert_eq!(offered_ids(stb).await, expected);
    // Account D has everything that there is: what it is listed is tried by the other.
    let mut owner = house.stb(UNKNOWN);
    let form = format!("stb_mac={UNKNOWN}&status=1&tariff_plan=FULL");
    house.rest.put("/users/nobox", &form).await.ok();
    let all = "subscribed[]=tv_2&subscribed[]=tv_3";
    house
        .rest
        .put(&format!("/account_subscription/{UNKNOWN}"), all)
        .await
        .ok();
    owner.sign_in().await;
    let rows = offered(&owner).await;
    assert_eq!(rows.len(), 6, "{rows:?}");
    for row in rows {
        let js = link(stb, row["cmd"].as_str().expect("a text")).await;
        let played = js["cmd"].as_str().is_some_and(|cmd| !cmd.is_empty());
        let may = expected.contains(&super::number(&row["id"]));
        assert_eq!(played, may, "{row}: {js}");
    }
}

#[tokio::test]
async fn a_box_is_offered_what_its_plan_packages_and_single_channels_cover() {
    let house = a_portal().await;
    // Base, TV 2 by subscription, 27 once more by itself.
    assert_may_watch(&house, &signed(&house, A).await, &[27, 29, 58, 90, 91]).await;
    // No plan of its own: the default plan's.
    assert_may_watch(&house, &signed(&house, B).await, &BASE).await;
}

#[tokio::test]
async fn every_change_of_rights_shows_in_the_next_request() {
    let house = a_portal().await;
    let stb = signed(&house, B).await;
    for (method, resource, form, expected) in [
        (
            "PUT",
            "account_subscription",
            "subscribed[]=tv_3",
            vec![27, 29, 37, 90, 91],
        ),
        (
            "PUT",
            "itv_subscription",
            "sub_ch[]=58",
            vec![27, 29, 37, 58, 90, 91],
        ),
        (
            "DELETE",
            "account_subscription",
            "",
            vec![27, 29, 58, 90, 91],
        ),
        (
            "PUT",
            "accounts",
            "tariff_plan=STANDART",
            vec![27, 29, 58, 90, 91],
        ),
        ("PUT", "itv_subscription", "sub_ch[]=", BASE.to_vec()),
        (
            "POST",
            "account_subscription",
            "subscribed[]=tv_3",
            vec![27, 29, 37, 90, 91],
        ),
        (
            "PUT",
            "accounts",
            "tariff_plan=FULL",
            vec![27, 29, 37, 90, 91],
        ),
    ] {
        let answer = house
            .rest
            .form(method, &format!("/{resource}/{B}"), form)
            .await;
        assert!(answer.error().is_none(), "{}", answer.told());
        assert_eq!(offered_ids(&stb).await, expected, "{resource} {form}");
    }
    assert_may_watch(&house, &stb, &[27, 29, 37, 90, 91]).await;
}

/// A plan without what was chosen hides it, and the plan that has it brings it back.
#[tokio::test]
async fn a_package_that_the_plan_lacks_is_not_watched() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    house
        .rest
        .put(&format!("/itv_subscription/{A}"), "sub_ch[]=")
        .await
        .ok();
    house
        .rest
        .put(&format!("/accounts/{A}"), "tariff_plan=STANDART")
        .await
        .ok();
    assert_may_watch(&house, &stb, &BASE).await;
    house
        .rest
        .put(&format!("/accounts/{A}"), "tariff_plan=FULL")
        .await
        .ok();
    assert_may_watch(&house, &stb, &[27, 29, 58, 90, 91]).await;
}

/// A plan that ends takes its channels; a single channel has no end.
#[tokio::test]
async fn channels_go_with_the_plan() {
    let mut document = super::document();
    document["products"][0]["user_default"] = json!(false);
    let house = a_house()
        .holding(document)
        .set(|config| config.stalker.tariff_plans = true)
        .await;
    let mut stb = signed(&house, A).await;
    let form = "tariff_expired_date=2026-02-03";
    house.rest.put(&format!("/accounts/{A}"), form).await.ok();
    assert_eq!(offered_ids(&stb).await, [27, 29, 58, 90, 91]);
    house.bx.advance(4 * DAY).await;
    stb.sign_in().await;
    assert_eq!(offered_ids(&stb).await, [27]);
    // And B, whose plan was the default one, never had any.
    assert_eq!(offered_ids(&signed(&house, B).await).await, [0; 0]);
}

/// A right that an outside billing gave, until it ends.
#[tokio::test]
async fn a_service_of_the_integration_api_is_watched_until_it_expires() {
    let house = a_portal().await;
    let api = house.bx.api();
    let services = format!("{}/services", path(&api, "3211").await);
    let body = json!({"serviceSpec": spec(&api, "TV 3").await, "expires": "2026-01-31T11:00:00Z"});
    api.post(&services, body).await.expect(201);
    let stb = signed(&house, B).await;
    assert_may_watch(&house, &stb, &[27, 29, 37, 90, 91]).await;
    house.bx.advance(3599).await;
    assert_eq!(offered_ids(&stb).await, [27, 29, 37, 90, 91]);
    house.bx.advance(1).await;
    assert_may_watch(&house, &stb, &BASE).await;
}

/// No state but ACTIVE watches; the portal says so as it says it of any account that is off.
#[tokio::test]
async fn only_an_active_customer_watches() {
    let house = a_portal().await;
    let api = house.bx.api();
    let path = path(&api, "3210").await;
    let stb = signed(&house, A).await;
    for status in [
        "INACTIVE",
        "AWAITING_AUTHORIZATION",
        "SUSPENDED_BY_CUSTOMER",
        "SUSPENDED_BY_BILLING",
    ] {
        api.put(&path, json!({"status": status})).await.expect(200);
        for action in ["get_all_channels", "get_ordered_list", "create_link"] {
            stb.call("itv", action, &[]).await.plain("Access denied.");
        }
        api.put(&path, json!({"status": "ACTIVE"}))
            .await
            .expect(200);
        assert_eq!(offered_ids(&stb).await, [27, 29, 58, 90, 91], "{status}");
    }
    let mut off = house.stb(C);
    off.sign_in().await;
    off.call("itv", "get_all_channels", &[])
        .await
        .plain("Access denied.");
    api.delete(&path).await;
    super::assert_refused(&stb, "itv", "get_all_channels").await;
}

/// "and, for a device, if that device is ACTIVE".
#[tokio::test]
async fn only_an_active_device_watches() {
    let house = a_portal().await;
    let api = house.bx.api();
    let devices = format!("{}/devices", path(&api, "3210").await);
    let device = api.get(&devices).await.expect(200)[0]["_id"].clone();
    let device = format!("{devices}/{}", device.as_str().expect("an id"));
    let mut stb = signed(&house, A).await;
    for status in ["INACTIVE", "BROKEN", "STOCK", "RETIRED"] {
        api.put(&device, json!({"status": status}))
            .await
            .expect(200);
        let answer = stb.call("itv", "get_all_channels", &[]).await;
        let rows = serde_json::from_str::<Value>(&answer.text).unwrap_or_default();
        assert!(
            rows["js"]["data"].as_array().is_none_or(Vec::is_empty),
            "{}",
            answer.told()
        );
        api.put(&device, json!({"status": "ACTIVE"}))
            .await
            .expect(200);
        // What it was is in doubt after that: it signs in again.
        stb = signed(&house, A).await;
        let ids = offered_ids(&stb).await;
        assert_eq!(ids, [27, 29, 58, 90, 91], "{status}");
    }
    assert_eq!(api.delete(&device).await.status, 204);
    super::assert_refused(&stb, "itv", "get_all_channels").await;
}

/// The same rule in an answer of the other dialect: what it calls active is what is watched.
#[tokio::test]
async fn a_service_taken_away_is_not_watched() {
    let house = a_portal().await;
    let api = house.bx.api();
    let services = format!("{}/services", path(&api, "3210").await);
    let tv_2 = spec(&api, "TV 2").await;
    let stb = signed(&house, A).await;
    let list = api.get(&services).await.expect(200);
    let mut found = list.as_array().expect("a list").iter();
    let service = found
        .find(|service| service["serviceSpec"] == *tv_2)
        .expect("a service");
    let service = service["_id"].as_str().expect("an id");
    assert_eq!(
        api.delete(format!("{services}/{service}")).await.status,
        204
    );
    assert_eq!(offered_ids(&stb).await, BASE);
}
