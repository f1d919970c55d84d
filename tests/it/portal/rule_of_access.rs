//! The one rule of access, a row for each of its clauses, through everything that asks it: the
//! lists of a box, the link that it plays, and the programme of a channel.

use serde_json::{Value, json};

use super::{document, link, number, page, signed};
use crate::stalker::across::Both;
use crate::stalker::{Says, StbBox};
use crate::support::fixture::a_house_with_both_apis;

const BOX: &str = "00:1A:79:60:00:01";
/// The channel that the service is for, and one that it is not for.
const HELD: i64 = 37;
const OTHER: i64 = 58;

/// A customer without a plan, with one service: channel 37, until an hour after the beginning.
async fn world() -> (Both, StbBox, String) {
    let mut document = document();
    for product in document["products"].as_array_mut().expect("products") {
        product["user_default"] = json!(false);
    }
    document["customers"]
        .as_array_mut()
        .expect("customers")
        .push(json!({
        "login": "w", "account_number": "W-1", "status": "ACTIVE",
        "devices": [{"mac": BOX, "type": "STB"}]}));
    let both = a_house_with_both_apis().holding(document).await;
    let services = both.path("w", "/services").await;
    let spec = both.spec("service-specs", "TV 3").await;
    let body = json!({"serviceSpec": spec, "expires": "2026-01-31T11:00:00Z"});
    both.api.post(&services, body).await.expect(201);
    let stb = signed(&both.house, BOX).await;
    let device = both.list("w", "devices").await[0]["_id"].clone();
    let devices = both.path("w", "/devices").await;
    let device = format!("{devices}/{}", device.as_str().expect("an id"));
    (both, stb, device)
}

/// What each way of asking says of a channel: the list of all, the list by pages, the link.
async fn ways(stb: &StbBox, channel: i64) -> [bool; 3] {
    let mut listed = [false; 2];
    for (shown, action) in listed
        .iter_mut()
        .zip(["get_all_channels", "get_ordered_list"])
    {
        let answer = stb.call("itv", action, &[("genre", "*"), ("p", "1")]).await;
        let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
        let rows = body["js"]["data"].as_array().cloned().unwrap_or_default();
        *shown = rows.iter().any(|row| number(&row["id"]) == channel);
    }
    let cmd = format!("ffmpeg http://localhost/ch/{channel}");
    let answer = stb.call("itv", "create_link", &[("cmd", &cmd)]).await;
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let played = body["js"]["cmd"]
        .as_str()
        .is_some_and(|cmd| !cmd.is_empty());
    [listed[0], listed[1], played]
}

/// One change of the world.
enum Change {
    Nothing,
    Customer(&'static str),
    Device(&'static str),
    Service(&'static str),
    Advance(i64),
    RemoveCustomer,
    RemoveDevice,
    RemoveService,
    Rest(&'static str, &'static str, &'static str),
}

async fn apply(both: &Both, device: &str, change: &Change) {
    let customer = both.path("w", "").await;
    let services = both.path("w", "/services").await;
    let service = both.list("w", "services").await[0]["_id"].clone();
    let service = format!("{services}/{}", service.as_str().expect("an id"));
    match change {
        Change::Nothing => {}
        Change::Customer(status) => {
            both.api
                .put(&customer, json!({"status": status}))
                .await
                .expect(200);
        }
        Change::Device(status) => {
            both.api
                .put(device, json!({"status": status}))
                .await
                .expect(200);
        }
        Change::Service(status) => {
            let spec = both.spec("service-specs", "TV 3").await;
            let body = json!({"status": status, "serviceSpec": spec});
            both.api.post(&services, body).await.expect(201);
        }
        Change::Advance(seconds) => {
            both.house.bx.advance(*seconds).await;
        }
        Change::RemoveCustomer => assert_eq!(both.api.delete(&customer).await.status, 204),
        Change::RemoveDevice => assert_eq!(both.api.delete(device).await.status, 204),
        Change::RemoveService => assert_eq!(both.api.delete(&service).await.status, 204),
        Change::Rest(method, path, form) => {
            let answer = both.house.rest.form(method, path, form).await;
            assert!(answer.error().is_none(), "{}", answer.told());
        }
    }
}

#[tokio::test]
async fn each_clause_shows_in_every_list_and_in_the_link() {
    for (name, change, may) in [
        ("as it stands", Change::Nothing, true),
        ("customer inactive", Change::Customer("INACTIVE"), false),
        (
            "customer awaits",
            Change::Customer("AWAITING_AUTHORIZATION"),
            false,
        ),
        (
            "suspended by customer",
            Change::Customer("SUSPENDED_BY_CUSTOMER"),
            false,
        ),
        (
            "suspended by billing",
            Change::Customer("SUSPENDED_BY_BILLING"),
            false,
        ),
        ("customer removed", Change::RemoveCustomer, false),
        ("device inactive", Change::Device("INACTIVE"), false),
        ("device broken", Change::Device("BROKEN"), false),
        ("device in stock", Change::Device("STOCK"), false),
        ("device retired", Change::Device("RETIRED"), false),
        ("device removed", Change::RemoveDevice, false),
        ("service inactive", Change::Service("INACTIVE"), false),
        ("service expired", Change::Service("EXPIRED"), false),
        ("service removed", Change::RemoveService, false),
        ("a second before the end", Change::Advance(3_599), true),
        ("at the end", Change::Advance(3_600), false),
        ("after the end", Change::Advance(3_601), false),
        (
            "off by the box",
            Change::Rest("PUT", "/stb/00:1A:79:60:00:01", "status=0"),
            false,
        ),
        (
            "off by the account",
            Change::Rest("PUT", "/accounts/W-1", "status=0"),
            false,
        ),
        (
            "on again",
            Change::Rest("PUT", "/accounts/W-1", "status=1"),
            true,
        ),
        (
            "channel by itself",
            Change::Rest("PUT", "/itv_subscription/W-1", "sub_ch[]=37"),
            true,
        ),
    ] {
        let (both, stb, device) = world().await;
        apply(&both, &device, &change).await;
        assert_eq!(ways(&stb, HELD).await, [may; 3], "{name}");
        assert_eq!(ways(&stb, OTHER).await, [false; 3], "{name}");
    }
}

/// A single channel is held by itself, whatever becomes of packages; and only that one.
#[tokio::test]
async fn a_single_channel_and_a_default_plan_open_what_they_name() {
    let (both, stb, _) = world().await;
    both.house
        .rest
        .put("/itv_subscription/W-1", "sub_ch[]=58")
        .await
        .ok();
    assert_eq!(ways(&stb, OTHER).await, [true; 3]);
    assert_eq!(ways(&stb, 27).await, [false; 3]);
    // Who has no plan has the default one; who has one of their own has not.
    both.house
        .bx
        .apply(
            json!({"products": [{"id": 1, "external_id": "FULL", "name": "Full",
        "user_default": true, "packages": [{"id": 1}]}]}),
        )
        .await;
    assert_eq!(ways(&stb, 27).await, [true; 3]);
    both.house
        .bx
        .apply(
            json!({"products": [{"id": 9, "external_id": "EMPTY", "name": "Empty",
        "packages": []}]}),
        )
        .await;
    both.house
        .rest
        .put("/accounts/W-1", "tariff_plan=EMPTY")
        .await
        .ok();
    assert_eq!(ways(&stb, 27).await, [false; 3]);
    assert_eq!(ways(&stb, OTHER).await, [true; 3]);
}

/// Kinds: all of TV is no radio and no films, and the other way round; what is censored is held
/// like any channel, and listed by its genre only.
#[tokio::test]
async fn a_right_opens_its_kind_and_no_other() {
    let (both, stb, _) = world().await;
    both.house
        .bx
        .apply(json!({
            "movies": [{"id": 5, "title": "Arrow", "url": "http://films.example.com/5.mp4"}],
            "packages": [
                {"id": 11, "external_id": "tv_all", "name": "All TV", "type": "tv",
                 "service_type": "periodic", "services": "all"},
                {"id": 12, "external_id": "radio_all", "name": "All radio", "type": "radio",
                 "service_type": "periodic", "services": "all"},
                {"id": 13, "external_id": "film_all", "name": "All films", "type": "video",
                 "service_type": "periodic", "services": "all"}],
            "products": [
                {"id": 11, "external_id": "TV", "name": "TV", "packages": [{"id": 11}]},
                {"id": 12, "external_id": "RADIO", "name": "Radio", "packages": [{"id": 12}]},
                {"id": 13, "external_id": "FILMS", "name": "Films", "packages": [{"id": 13}]}],
        }))
        .await;
    for (plan, tv, radio, films) in [
        ("TV", true, false, false),
        ("RADIO", false, true, false),
        ("FILMS", false, false, true),
    ] {
        let form = format!("tariff_plan={plan}");
        both.house.rest.put("/accounts/W-1", &form).await.ok();
        assert_eq!(ways(&stb, OTHER).await, [tv; 3], "{plan}");
        // Censored: not among all, but by its genre, and it plays.
        let [_, by_pages, played] = ways(&stb, 90).await;
        assert_eq!([by_pages, played], [tv; 2], "{plan}");
        let late = stb
            .call("itv", "get_ordered_list", &[("genre", "10"), ("p", "1")])
            .await
            .js();
        assert_eq!(!page(&late).is_empty(), tv, "{plan}");
        let js = stb
            .call("radio", "get_ordered_list", &[("p", "1")])
            .await
            .js();
        assert_eq!(!page(&js).is_empty(), radio, "{plan}");
        let js = link(&stb, "ffmpeg http://localhost/ch/200").await;
        assert_eq!(js["cmd"] != "", radio, "{plan}: {js}");
        let js = stb
            .call("vod", "get_ordered_list", &[("p", "1")])
            .await
            .js();
        assert_eq!(!page(&js).is_empty(), films, "{plan}");
        let js = stb
            .call("vod", "create_link", &[("cmd", "/media/5.mpg")])
            .await
            .js();
        assert_eq!(js["cmd"] != "", films, "{plan}: {js}");
    }
}
