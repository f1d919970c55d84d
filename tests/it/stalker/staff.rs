//! Members of staff with the role `api`, and a reseller's own:
//! what they reach, and what they do not.

use boxoffice::app::Ctx;
use boxoffice::domain::staff::Role;
use boxoffice::domain::values::id::ResellerId;
use boxoffice::ops::staff::{NewOperator, change_operator_password};
use serde_json::{Value, json};

use super::{A, House, NOTHING, Rest, Says, all, fixture};
use crate::support::PASSWORD;
use crate::support::fixture::a_house;

/// The box of the reseller's first customer, and one that nobody has.
const THEIRS: &str = "00:1A:79:00:00:71";
const FREE: &str = "00:1A:79:00:00:72";

async fn staff(house: &House, name: &str, role: Role, reseller: Option<u64>) -> Rest {
    let theirs = |wish: &mut NewOperator| wish.reseller = reseller.map(ResellerId);
    house.bx.hire_as(name, role, theirs).await;
    Rest::login(&house.bx, &format!("{name}:{PASSWORD}"))
}

/// A house with a reseller who has one customer, and that reseller's script.
pub async fn with_shop(document: Value) -> (House, Rest) {
    let house = a_house()
        .holding(document)
        .set(|config| {
            config.stalker.allow_resellers_info = true;
        })
        .await;
    let shop = staff(&house, "shop", Role::Api, Some(1)).await;
    let form = format!("login=theirs&account_number=T-1&stb_mac={THEIRS}&tariff_plan=FULL");
    shop.post("/accounts", &form).await.ok();
    (house, shop)
}

#[tokio::test]
async fn staff_with_the_role_api_may_call_and_others_may_not() {
    let house = a_house().await;
    let script = staff(&house, "script", Role::Api, None).await;
    assert_eq!(all(&script.get("/accounts").await.ok(), "login").len(), 4);
    let owner = staff(&house, "ada", Role::Owner, None).await;
    assert_eq!(owner.get("/accounts").await.status, 401);
    for wrong in ["script:no", "script:", "nobody:secret", ":", "stalker:"] {
        let caller = Rest::login(&house.bx, wrong);
        assert_eq!(caller.get("/accounts").await.status, 401, "{wrong}");
    }
    // The password was verified a moment ago; that ends with it.
    let ctx = Ctx::system(house.bx.app());
    let changed = change_operator_password(&ctx, "script".to_owned(), "another one".to_owned());
    changed.await.expect("a new password");
    assert_eq!(script.get("/accounts").await.status, 401);
}

#[tokio::test]
async fn a_resellers_script_sees_its_own_customers_only() {
    // More customers of others than are looked at in one go, all of them before its own.
    let mut document = fixture();
    let customers = document["customers"].as_array_mut().expect("a list");
    customers.extend((0..520).map(|number| json!({"login": format!("other{number}")})));
    let (house, shop) = with_shop(document).await;
    assert_eq!(house.account("theirs").await["reseller_id"], "1");
    for (path, member) in [
        ("/accounts", "login"),
        ("/stb", "login"),
        ("/account_subscription/T-1", "mac"),
    ] {
        assert_eq!(all(&shop.get(path).await.ok(), member).len(), 1, "{path}");
    }
    assert_eq!(shop.get("/users").await.ok()["login"], "theirs");
    assert_eq!(shop.get("/itv_subscription").await.ok(), json!(NOTHING));
    // What is sold is everybody's.
    for path in ["/tariffs", "/services_package", "/itv"] {
        let (own, all) = (shop.get(path).await, house.rest.get(path).await);
        assert_eq!(own.ok(), all.ok(), "{path}");
    }
}

/// To a reseller's script a customer of somebody else is one that is not there.
#[tokio::test]
async fn a_resellers_script_cannot_touch_others() {
    let (house, shop) = with_shop(fixture()).await;
    let before = house.accounts().await;
    for (foreign, unknown) in [
        (A, FREE),
        ("1553", "9999"),
        ("3210", "no-such"),
        ("1", "77"),
        ("00:1a:79:00:39:5e", FREE),
        ("001A7900395E", "001A79000072"),
    ] {
        for (method, resource, form) in [
            ("GET", "accounts", ""),
            ("GET", "users", ""),
            ("GET", "stb", ""),
            ("GET", "stb_modules", ""),
            ("GET", "itv_subscription", ""),
            ("GET", "account_subscription", ""),
            ("PUT", "accounts", "comment=x&status=0&tariff_plan=STANDART"),
            ("PUT", "users", "password=x&status=0"),
            ("PUT", "stb", "status=0&reboot=1"),
            ("PUT", "stb_modules", "disabled[]=tv"),
            ("PUT", "itv_subscription", "sub_ch[]=37"),
            ("PUT", "account_subscription", "subscribed[]=tv_3"),
            ("POST", "account_subscription", "subscribed[]=tv_3"),
            ("POST", "stb_msg", "msg=x"),
            ("POST", "send_event", "event=reboot"),
            ("DELETE", "account_subscription", ""),
            ("DELETE", "accounts", ""),
            ("DELETE", "users", ""),
            ("DELETE", "stb", ""),
        ] {
            let what = format!("{method} /{resource}/{foreign} {form}");
            let answers = [foreign, unknown].map(|name| format!("/{resource}/{name}"));
            let [found, missing] = answers;
            let found = shop.form(method, &found, form).await;
            let missing = shop.form(method, &missing, form).await;
            assert_eq!(
                (found.status, &found.text),
                (missing.status, &missing.text),
                "{what}"
            );
        }
        // Nor beside one of its own.
        let both = format!("/accounts/T-1,{foreign}");
        shop.put(&both, "comment=x").await;
    }
    let mut after = house.accounts().await;
    after
        .as_array_mut()
        .expect("a list")
        .retain(|row| row["login"] != "theirs");
    let mut before = before;
    before
        .as_array_mut()
        .expect("a list")
        .retain(|row| row["login"] != "theirs");
    assert_eq!(after, before);
    assert_eq!(house.names(A).await, [""; 0]);
    // A box or a login that somebody has is nobody else's, without a word on whose.
    for form in [format!("login=x&stb_mac={A}"), "login=3210".to_owned()] {
        let (own, all) = (
            shop.post("/accounts", &form).await,
            house.rest.post("/accounts", &form).await,
        );
        assert_eq!(own.error(), all.error(), "{form}");
        assert!(own.error().is_some(), "{form}");
    }
}

#[tokio::test]
async fn what_a_reseller_says_to_all_its_own_hear() {
    let (house, shop) = with_shop(fixture()).await;
    shop.post("/stb_msg/", "msg=ours").await.ok();
    shop.post("/send_event/", "event=reboot").await.ok();
    assert_eq!(house.names(A).await, [""; 0]);
    assert_eq!(house.names(THEIRS).await, ["reboot", "send_msg"]);
    // And every one of its own hears what the operator says to all.
    house.rest.post("/stb_msg/", "msg=all").await.ok();
    assert_eq!(house.names(A).await, ["send_msg"]);
    assert_eq!(house.names(THEIRS).await, ["send_msg"]);
}

#[tokio::test]
async fn a_reseller_adds_to_its_own_up_to_its_limit() {
    let (house, shop) = with_shop(fixture()).await;
    house.rest.post("/reseller", "name=Other").await.ok();
    house.rest.put("/reseller/1", "max_users=2").await.ok();
    // It gives its customers to nobody, and takes none.
    shop.post("/accounts", "login=second&reseller_id=2")
        .await
        .ok();
    assert_eq!(house.account("second").await["reseller_id"], "1");
    shop.put("/users/second", "reseller_id=2").await.ok();
    shop.put("/users/second", "reseller_id=").await.ok();
    assert_eq!(house.account("second").await["reseller_id"], "1");
    let third = shop.post("/accounts", "login=third").await;
    assert!(
        third.error().is_some_and(|text| text.contains('2')),
        "{}",
        third.text
    );
    let form = format!("mac={FREE}&login=fourth");
    assert!(shop.post("/stb", &form).await.error().is_some());
    house
        .rest
        .get("/users/third")
        .await
        .refused("Account not found");
    shop.delete("/users/second").await.ok();
    shop.post("/accounts", "login=third").await.ok();
}

#[tokio::test]
async fn a_reseller_does_not_change_resellers() {
    let (house, shop) = with_shop(fixture()).await;
    house.rest.post("/reseller", "name=Other").await.ok();
    assert_eq!(
        all(&shop.get("/reseller").await.ok(), "name"),
        ["Example Reseller"]
    );
    shop.get("/reseller/2").await.refused("Account not found");
    for (method, path, form) in [
        ("POST", "/reseller", "name=Third"),
        ("PUT", "/reseller/1", "max_users=0"),
        ("PUT", "/reseller/2", "max_users=1"),
        ("DELETE", "/reseller/2", ""),
        ("DELETE", "/reseller/1", ""),
    ] {
        let answer = shop.form(method, path, form).await;
        assert!(answer.error().is_some(), "{method} {path}: {}", answer.text);
    }
    let list = house.rest.get("/reseller").await.ok();
    assert_eq!(all(&list, "name"), ["Example Reseller", "Other"]);
    assert_eq!(all(&list, "max_users"), ["100", "0"]);
}
