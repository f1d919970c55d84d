//! A box is known by the six octets of its MAC address: in every dialect one of another length or
//! notation is refused by its name, and nothing is kept of it.

use boxoffice::app::Ctx;
use boxoffice::domain::customers::device::Device;
use boxoffice::ops::OpError;
use boxoffice::store::Read as _;
use serde_json::{Value, json};

use crate::alphaott::customer;
use crate::attempts::From;
use crate::stalker::Rest;
use crate::support::fixture::a_box;
use crate::support::{TestBox, segment};

/// None of these is a MAC address that a box sends.
const NONE: &[&str] = &[
    "00:1A:79:00:39",
    "00:1A:79:00:39:5E:01",
    "82:90:A8:59:D2:B1:C0:76",
    "0:1A:79:0:39:5E",
    "00:1A:79:00:39:5G",
    "00:1A:79:00:39:",
    "00:1A-79:00-39:5E",
    "001A.7900.395E",
    "00 1A 79 00 39 5E",
    "001A790039",
    "001A7900395E01",
    "0x001A7900395E",
    "a box",
];
/// These are one.
const ONE: &[&str] = &["00:1A:79:00:39:5E", "00-1a-79-00-39-5e", "001a7900395e"];

fn devices(bx: &TestBox) -> Vec<Device> {
    bx.app()
        .store
        .read()
        .expect("a snapshot")
        .all()
        .expect("devices")
}

fn customers(bx: &TestBox) -> u64 {
    use boxoffice::domain::customers::Customer;
    let all: Vec<Customer> = bx.app().store.read().unwrap().all().expect("customers");
    all.len() as u64
}

#[tokio::test]
async fn what_is_no_mac_of_a_box_is_refused_by_name_and_kept_nowhere() {
    let bx = a_box().await;
    let api = bx.api();
    let path = format!("/customers/{}/devices", customer(&api).await);
    let rest = Rest::anonymous(&bx);
    let ctx = Ctx::system(bx.app());
    let login = json!({"login": "olive", "password": "open sesame"});
    bx.apply(json!({"customers": [login]})).await;
    let before = customers(&bx);
    for mac in NONE {
        let answer = api.post(&path, json!({"type": "STB", "mac": mac})).await;
        answer.expect_error(400, "BadRequestError", "mac: the MAC address of a box");
        let document = json!({"customers": [{"login": "new", "devices": [{"mac": mac}]}]});
        match boxoffice::ops::apply::apply(&ctx, document.to_string(), false).await {
            Err(OpError::Document { path, problem }) => {
                assert_eq!(path, "customers[0].devices[0].mac", "{mac}: {problem}");
                assert!(problem.contains("six octets"), "{mac}: {problem}");
            }
            other => panic!("{mac}: {other:?}"),
        }
        let mac_in_form = segment(mac);
        for (method, path, form) in [
            (
                "POST",
                "/accounts",
                format!("login=new&stb_mac={mac_in_form}"),
            ),
            ("POST", "/users", format!("login=new&stb_mac={mac_in_form}")),
            ("PUT", "/users/olive", format!("stb_mac={mac_in_form}")),
            (
                "POST",
                "/stb",
                format!("mac={mac_in_form}&login=new&password=x"),
            ),
        ] {
            let answer = rest.form(method, path, &form).await;
            let said: Value = serde_json::from_str(&answer.text).expect("JSON");
            assert_eq!(said["error"], "Not valid mac address", "{mac}: {path}");
        }
        let signed_in = From::address(2)
            .box_auth(&bx, mac, "olive", "open sesame")
            .await;
        let said: Value = serde_json::from_str(&signed_in.text).expect("JSON");
        assert_eq!(said["js"], false, "{mac}: {said}");
        assert!(
            said["text"].as_str().unwrap().contains("six octets"),
            "{mac}: {said}"
        );
    }
    assert!(devices(&bx).is_empty(), "{:?}", devices(&bx));
    assert_eq!(customers(&bx), before);
    for mac in ONE {
        let added = api.post(&path, json!({"type": "STB", "mac": mac})).await;
        let added = added.expect(201);
        let last = added
            .as_array()
            .and_then(|all| all.last())
            .expect("a device");
        assert_eq!(last["mac"], *mac, "kept as it was written");
        let id = last["_id"].as_str().expect("an id");
        // Known under it in any spelling.
        let row = rest.get("/stb/00:1A:79:00:39:5E").await;
        assert!(row.text.contains("00:1A:79:00:39:5E"), "{}", row.text);
        let gone = api.delete(format!("{path}/{id}")).await;
        assert_eq!(gone.status, 204, "{}", gone.told());
    }
}

/// The vendor's own samples have other texts: on what is no set-top box they are kept to the
/// letter, but not one with an octet lost or doubled.
#[tokio::test]
async fn other_devices_have_any_text_that_is_no_slip_of_the_pen() {
    let bx = a_box().await;
    let api = bx.api();
    let path = format!("/customers/{}/devices", customer(&api).await);
    for kind in ["UNKNOWN", "PC", "TV", "MOBILE", "TABLET"] {
        for mac in ["00:1A:79:00:39", "00:1A:79:00:39:5E:01", "00-1A-79-00"] {
            let answer = api.post(&path, json!({"type": kind, "mac": mac})).await;
            answer.expect_error(
                400,
                "BadRequestError",
                "mac: the MAC address must be six octets",
            );
        }
        for mac in ["82:90:A8:59:D2:B1:C0:76", "F3:1F:6:D3:CE:97", "none", ""] {
            let added = api.post(&path, json!({"type": kind, "mac": mac})).await;
            let added = added.expect(201);
            let last = added
                .as_array()
                .and_then(|all| all.last())
                .expect("a device");
            assert_eq!(last["mac"], mac);
        }
    }
}
