//! What a box shows about the account and its modules (stalker-stb-portal §3.7 and §9).

use serde_json::{Value, json};

use super::signed;
use crate::stalker::{A, B, C, Says};
use crate::support::fixture::a_portal;

async fn main_info(stb: &crate::stalker::StbBox) -> Value {
    stb.call("account_info", "get_main_info", &[]).await.js()
}

/// "flat object `{fname, phone, ls, mac, tariff_plan, account_balance, end_date, …}`".
#[tokio::test]
async fn the_account_is_a_flat_object_of_texts() {
    let house = a_portal().await;
    house
        .rest
        .put("/users/3210", "account_balance=100+UAH.&full_name=Ann+Lee")
        .await
        .ok();
    let stb = signed(&house, A).await;
    let info = main_info(&stb).await;
    for text in [
        "fname",
        "phone",
        "ls",
        "mac",
        "tariff_plan",
        "account_balance",
        "end_date",
    ] {
        assert!(info[text].is_string(), "{text} of {info}");
    }
    for (field, value) in [
        ("mac", A),
        ("ls", "1553"),
        ("account_balance", "100 UAH."),
        ("fname", "Ann Lee"),
    ] {
        assert_eq!(info[field], value, "{field} of {info}");
    }
    assert!(!info["tariff_plan"].as_str().unwrap().is_empty(), "{info}");
    // Not the neighbour's, who has the same contract.
    let of_b = main_info(&signed(&house, B).await).await;
    assert_eq!(
        (&of_b["mac"], &of_b["account_balance"]),
        (&json!(B), &json!(""))
    );
}

/// "STB-Proxy reads only `js.phone` (absent or empty → the MAC fails its test …)".
#[tokio::test]
async fn the_phone_is_never_empty() {
    let house = a_portal().await;
    for (mac, login) in [(A, "3210"), (B, "3211")] {
        let stb = signed(&house, mac).await;
        let info = main_info(&stb).await;
        assert!(
            info["phone"]
                .as_str()
                .is_some_and(|phone| !phone.is_empty()),
            "{info}"
        );
        let form = "tariff_expired_date=2030-01-31";
        house.rest.put(&format!("/users/{login}"), form).await.ok();
        let info = main_info(&stb).await;
        assert!(
            info["phone"]
                .as_str()
                .is_some_and(|phone| !phone.is_empty()),
            "{info}"
        );
    }
}

/// "BLUE opens the account page (hence `get_modules`/`get_main_info` stay allowed)" (§3.6).
#[tokio::test]
async fn a_box_that_is_off_still_sees_the_account() {
    let house = a_portal().await;
    let mut stb = house.stb(C);
    stb.sign_in().await;
    assert_eq!(main_info(&stb).await["mac"], C);
}

#[track_caller]
fn list(modules: &Value, name: &str) -> Vec<String> {
    let list = modules[name].as_array();
    let list = list.unwrap_or_else(|| panic!("no {name}: {modules}"));
    list.iter()
        .map(|of| of.as_str().expect("a name").to_owned())
        .collect()
}

/// §3.7 `get_modules`, and what STB_MODULES sets.
#[tokio::test]
async fn modules_follow_what_the_operator_sets() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let modules = stb.call("stb", "get_modules", &[]).await.js();
    assert!(
        list(&modules, "all_modules").contains(&"tv".to_owned()),
        "{modules}"
    );
    assert_eq!(list(&modules, "disabled_modules"), [""; 0]);
    assert_eq!(list(&modules, "restricted_modules"), [""; 0]);
    list(&modules, "switchable_modules");
    assert!(modules["template"].is_string(), "{modules}");
    let form = "disabled[]=radio&restricted[]=vclub&restricted[]=karaoke";
    house
        .rest
        .put(&format!("/stb_modules/{A}"), form)
        .await
        .ok();
    let modules = stb.call("stb", "get_modules", &[]).await.js();
    assert_eq!(list(&modules, "disabled_modules"), ["radio"]);
    assert_eq!(list(&modules, "restricted_modules"), ["vclub", "karaoke"]);
    let others = signed(&house, B)
        .await
        .call("stb", "get_modules", &[])
        .await
        .js();
    assert_eq!(list(&others, "disabled_modules"), [""; 0]);
    // A list cleared through that API (`[""]` there) disables nothing here.
    house
        .rest
        .put(&format!("/stb_modules/{A}"), "disabled[]=&restricted[]=")
        .await
        .ok();
    let modules = stb.call("stb", "get_modules", &[]).await.js();
    for name in ["disabled_modules", "restricted_modules"] {
        assert!(
            list(&modules, name).iter().all(String::is_empty),
            "{modules}"
        );
    }
}

/// "`get_localization`: flat object word-key → text …; `{}` is legal".
#[tokio::test]
async fn words_are_a_flat_object() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let js = stb.call("stb", "get_localization", &[]).await.js();
    let words = js.as_object().expect("an object");
    assert!(words.values().all(Value::is_string), "{js}");
}
