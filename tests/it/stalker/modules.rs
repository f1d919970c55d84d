//! STB_MODULES, and what a plan makes of them (stalker-rest-v1 §2.6).

use serde_json::{Value, json};

use super::accounts::assert_keys;
use super::{A, B, C, Says, fixture};
use crate::support::fixture::a_house;

#[tokio::test]
async fn exactly_one_device_is_read() {
    let house = a_house().await;
    let answer = house.rest.get(&format!("/stb_modules/{A}")).await;
    assert_keys(&answer.text, &["disabled", "restricted"]);
    house
        .rest
        .get("/stb_modules/999")
        .await
        .refused("Empty stb list");
    house
        .rest
        .get("/stb_modules/998,999")
        .await
        .refused("Empty stb list");
    for several in ["1553", "3,1553", &format!("{A},{B}")] {
        let answer = house.rest.get(&format!("/stb_modules/{several}")).await;
        answer.refused("Only one identifier allowed");
    }
}

/// "Errors in order: `Empty stb list`, `HTTP PUT data is empty`, `Update data is empty`."
#[tokio::test]
async fn a_change_is_checked_in_order() {
    let house = a_house().await;
    for (path, form, text) in [
        ("/stb_modules/999", "", "Empty stb list"),
        ("/stb_modules/999", "foo=1", "Empty stb list"),
        ("/stb_modules/3", "", "HTTP PUT data is empty"),
        ("/stb_modules/3", "foo=1", "Update data is empty"),
    ] {
        house.rest.put(path, form).await.refused(text);
    }
    assert_eq!(
        house.rest.get("/stb_modules/3").await.ok(),
        json!({"disabled": [], "restricted": []})
    );
}

/// "only the sent one is replaced"; "Names are not validated."
#[tokio::test]
async fn only_the_list_that_is_sent_is_replaced() {
    let house = a_house().await;
    for (form, disabled, restricted) in [
        (
            "disabled[]=radio&disabled[]=no.such",
            json!(["radio", "no.such"]),
            json!([]),
        ),
        (
            "restricted[]=tv",
            json!(["radio", "no.such"]),
            json!(["tv"]),
        ),
        ("disabled[]=", json!([""]), json!(["tv"])),
        (
            "restricted[]=vclub&restricted[]=tv",
            json!([""]),
            json!(["vclub", "tv"]),
        ),
        ("restricted[]=", json!([""]), json!([""])),
    ] {
        let expected = json!({"disabled": disabled, "restricted": restricted});
        assert_eq!(
            house.rest.put("/stb_modules/3", form).await.ok(),
            expected,
            "{form}"
        );
        assert_eq!(
            house.rest.get("/stb_modules/3").await.ok(),
            expected,
            "{form}"
        );
    }
}

/// "Several devices allowed; the answer shows the first device."
#[tokio::test]
async fn several_devices_are_changed_at_once() {
    let house = a_house().await;
    house
        .rest
        .put(&format!("/stb_modules/{A}"), "disabled[]=tv")
        .await
        .ok();
    let answer = house
        .rest
        .put("/stb_modules/3,1553,999", "restricted[]=radio")
        .await;
    assert_eq!(
        answer.ok(),
        json!({"disabled": ["tv"], "restricted": ["radio"]})
    );
    for mac in [A, B, C] {
        let modules = house.rest.get(&format!("/stb_modules/{mac}")).await.ok();
        assert_eq!(modules["restricted"], json!(["radio"]), "{mac}");
        assert_eq!(house.names(mac).await, ["update_modules"], "{mac}");
    }
}

/// "sending `restricted` queues `update_modules`; `disabled` queues nothing".
#[tokio::test]
async fn only_restricted_tells_the_box() {
    let house = a_house().await;
    house
        .rest
        .put("/stb_modules/3", "disabled[]=radio")
        .await
        .ok();
    assert_eq!(house.names(C).await, [""; 0]);
    house.rest.put("/stb_modules/3", "restricted[]=").await.ok();
    assert_eq!(house.names(C).await, ["update_modules"]);
}

/// A document in which the modules' package is optional in one plan and missing in the other.
fn with_modules() -> Value {
    let mut document = fixture();
    document["products"][0]["packages"]
        .as_array_mut()
        .expect("packages")
        .push(json!({"id": 5, "optional": true}));
    document
}

/// "With `enable_tariff_plans` on, `disabled` is computed …: the configured switchable modules
/// minus those contained in the account's module packages; a stored list is ignored." §4.7 has the
/// list of switchable modules.
#[tokio::test]
async fn with_tariff_plans_the_plan_decides_what_is_disabled() {
    let house = a_house()
        .holding(with_modules())
        .set(|config| config.stalker.tariff_plans = true)
        .await;
    let switchable = [
        "vclub",
        "karaoke",
        "cityinfo",
        "horoscope",
        "anecdote",
        "game.mastermind",
        "infoportal",
    ];
    let disabled = async || {
        let modules = house.rest.get(&format!("/stb_modules/{A}")).await.ok();
        let list = modules["disabled"].as_array().expect("a list").clone();
        let names = list
            .iter()
            .map(|name| name.as_str().expect("a name").to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    let sorted = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(disabled().await, sorted(&switchable));
    house
        .rest
        .put(&format!("/stb_modules/{A}"), "disabled[]=radio")
        .await
        .ok();
    assert_eq!(disabled().await, sorted(&switchable));
    let path = format!("/account_subscription/{A}");
    assert_eq!(house.rest.put(&path, "subscribed[]=mods").await.ok(), true);
    assert_eq!(disabled().await, sorted(&switchable[2..]));
    house
        .rest
        .put(&format!("/accounts/{A}"), "tariff_plan=STANDART")
        .await
        .ok();
    assert_eq!(disabled().await, sorted(&switchable));
}

/// Without the setting the plan has no say.
#[tokio::test]
async fn without_tariff_plans_what_is_stored_counts() {
    let house = a_house().holding(with_modules()).await;
    let path = format!("/stb_modules/{A}");
    assert_eq!(house.rest.get(&path).await.ok()["disabled"], json!([]));
    house.rest.put(&path, "disabled[]=vclub").await.ok();
    house
        .rest
        .put(&format!("/account_subscription/{A}"), "subscribed[]=mods")
        .await
        .ok();
    assert_eq!(
        house.rest.get(&path).await.ok()["disabled"],
        json!(["vclub"])
    );
}
