//! Dates that come: `end_date` of internal billing, the expiry of a plan and what follows it
//! (stalker-rest-v1 §4.2 and §4.3, and our own rules about them). The clock stands at
//! 2026-01-31 10:00:00 UTC.

use serde_json::{Value, json};

use super::across::Both;
use super::{A, B, C, House, NOTHING, Says, fixture, names};
use crate::support::NOW_SECONDS;
use crate::support::fixture::{Fixture, a_house};

const DAY: i64 = 86_400;

fn billing<'f>() -> Fixture<'f, House> {
    a_house().set(|config| config.stalker.internal_billing = true)
}

fn plans<'f>() -> Fixture<'f, House> {
    a_house().set(|config| config.stalker.tariff_plans = true)
}

async fn status(house: &House, login: &str) -> Value {
    house.account(login).await["status"].clone()
}

/// §4.3: "Clients send `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS` and `YYYY/MM/DD`."
#[tokio::test]
async fn an_end_date_is_taken_in_three_forms() {
    let house = billing().await;
    for (sent, shown) in [
        ("2030-01-31", "2030-01-31 00:00:00"),
        ("2030-02-28 23:59:59", "2030-02-28 23:59:59"),
        ("2030/03/31", "2030-03-31 00:00:00"),
    ] {
        let form = format!("end_date={sent}");
        assert_eq!(house.rest.put("/accounts/3", &form).await.ok(), true);
        assert_eq!(house.account("3").await["end_date"], shown);
        assert_eq!(house.rest.get("/stb/3").await.ok()[0]["end_date"], shown);
        let list = house.rest.put("/stb/1553", &form).await.ok();
        assert_eq!(super::all(&list, "end_date"), [shown, shown]);
        let login = sent.replace([' ', ':', '/'], "-");
        let form = format!("login={login}&end_date={sent}");
        assert_eq!(house.rest.post("/accounts", &form).await.ok(), true);
        assert_eq!(house.account(&login).await["end_date"], shown);
    }
    // C:showbox sends an empty one: no end.
    assert_eq!(house.rest.put("/accounts/3", "end_date=").await.ok(), true);
    let none = house.account("3").await["end_date"].clone();
    assert!(
        [Value::Null, json!("0000-00-00 00:00:00")].contains(&none),
        "{none}"
    );
}

/// Without the setting there is no such date to be seen, and nothing comes of it.
#[tokio::test]
async fn without_internal_billing_an_end_date_is_nothing() {
    let house = a_house().await;
    assert_eq!(
        house
            .rest
            .put("/accounts/1553", "end_date=2026-02-03")
            .await
            .ok(),
        true
    );
    for path in ["/users/3210", "/stb/1553", "/accounts"] {
        let text = house.rest.get(path).await.text;
        assert!(!text.contains("end_date"), "{text}");
    }
    house.bx.advance(5 * DAY).await;
    assert_eq!(status(&house, "3210").await, 1);
    assert_eq!(house.names(A).await, [""; 0]);
}

/// "enabled accounts whose date is today or earlier are switched off; online boxes get `cut_off`".
#[tokio::test]
async fn past_its_end_date_an_account_is_switched_off() {
    let house = billing().await;
    let form = "end_date=2026-02-03 12:00:00";
    assert_eq!(
        house.rest.put(&format!("/accounts/{A}"), form).await.ok(),
        true
    );
    let mut stb = house.stb(A);
    stb.sign_in().await;
    house.bx.advance(3 * DAY).await;
    // 10:00 of that day.
    assert_eq!(status(&house, "3210").await, 1);
    assert_eq!(stb.poll().await["msgs"], 0);
    house.bx.advance(2 * 3600 + 60).await;
    assert_eq!(status(&house, "3210").await, 0);
    let (events, _) = stb.drain().await;
    assert!(
        names(&events).iter().any(|name| name == "cut_off"),
        "{events:?}"
    );
    stb.call("itv", "get_genres", &[])
        .await
        .plain("Access denied.");
    // Nobody else was.
    assert_eq!(
        super::all(&house.accounts().await, "status"),
        ["0", "1", "0", "1"]
    );
    assert_eq!(house.names(B).await, [""; 0]);
    // Paid until later, and switched on again by whoever took the money.
    assert_eq!(
        house
            .rest
            .put("/users/3210", "end_date=2026-03-01&status=1")
            .await
            .ok(),
        true
    );
    house.bx.advance(10 * DAY).await;
    assert_eq!(status(&house, "3210").await, 1);
    house.bx.advance(30 * DAY).await;
    assert_eq!(status(&house, "3210").await, 0);
}

#[tokio::test]
async fn an_end_date_that_is_moved_in_time_ends_nothing() {
    let house = billing().await;
    house
        .rest
        .put("/users/3210", "end_date=2026-02-03")
        .await
        .ok();
    house
        .rest
        .put("/users/3211", "end_date=2026-02-03")
        .await
        .ok();
    house.bx.advance(DAY).await;
    house
        .rest
        .put("/users/3210", "end_date=2026-06-01")
        .await
        .ok();
    house.rest.put("/users/3211", "end_date=").await.ok();
    house.bx.advance(20 * DAY).await;
    assert_eq!(status(&house, "3210").await, 1);
    assert_eq!(status(&house, "3211").await, 1);
}

#[tokio::test]
async fn an_end_date_in_the_past_works_at_once() {
    let house = billing().await;
    house
        .rest
        .put("/users/3210", "end_date=2026-01-30")
        .await
        .ok();
    house.bx.advance(DAY).await;
    assert_eq!(status(&house, "3210").await, 0);
    assert_eq!(status(&house, "3211").await, 1);
}

/// §4.2: "moved to the follow-up plan …; the new expiry is now + that plan's `days_to_expires`
/// days, or none if 0; the follow-up is cleared".
#[tokio::test]
async fn an_expired_plan_is_followed_by_the_chosen_one_and_then_by_the_default() {
    let house = plans().await;
    let form = "tariff_expired_date=2026-02-03&tariff_instead_expired=STANDART";
    assert_eq!(
        house.rest.put(&format!("/accounts/{A}"), form).await.ok(),
        true
    );
    house.bx.advance(2 * DAY).await;
    assert_eq!(house.account("3210").await["tariff_plan"], "FULL");
    // 2026-02-03 10:00.
    house.bx.advance(DAY).await;
    let account = house.account("3210").await;
    assert_eq!(account["tariff_plan"], "STANDART");
    assert_eq!(account["tariff_expired_date"], "2026-03-05 00:00:00");
    // "of the default plan when none chosen" (§2.2).
    assert_eq!(account["tariff_instead_expired"], "FULL");
    assert_eq!(
        (&account["subscribed"], &account["status"]),
        (&json!([]), &json!(1))
    );
    house.bx.advance(30 * DAY).await;
    let account = house.account("3210").await;
    assert_eq!(account["tariff_plan"], "FULL");
    assert_eq!(account["tariff_expired_date"], Value::Null);
    // What was chosen under this plan is back with it.
    assert_eq!(account["subscribed"], json!(["tv_2"]));
    house.bx.advance(300 * DAY).await;
    assert_eq!(house.account("3210").await["tariff_plan"], "FULL");
    assert_eq!(house.account("3211").await["tariff_plan"], "FULL");
}

/// What the original's database takes for a date is one, too; what is none changes nothing.
#[tokio::test]
async fn a_date_is_taken_in_every_form_that_means_one_thing() {
    let house = billing().await;
    for (sent, shown) in [
        ("2030-1-3", "2030-01-03 00:00:00"),
        ("2030-01-31 10:00", "2030-01-31 10:00:00"),
        ("2030-01-31 9:5:7", "2030-01-31 09:05:07"),
        ("2030/1/31  10", "2030-01-31 10:00:00"),
        ("20300131", "2030-01-31 00:00:00"),
        ("20300131100000", "2030-01-31 10:00:00"),
        ("20300131T100000", "2030-01-31 10:00:00"),
        ("2030.01.31 10.00", "2030-01-31 10:00:00"),
        ("2030-01-31T10:00:00", "2030-01-31 10:00:00"),
        ("2030-01-31T10:00:00Z", "2030-01-31 10:00:00"),
        ("2030-01-31T10:00:00%2B02:00", "2030-01-31 08:00:00"),
        ("2030-06-15 12:00:00.000000", "2030-06-15 12:00:00"),
        ("2030-06-15 23:59:59.7", "2030-06-16 00:00:00"),
        (" 2030-01-31 ", "2030-01-31 00:00:00"),
    ] {
        for field in ["tariff_expired_date", "end_date"] {
            let form = format!("{field}={sent}");
            assert_eq!(
                house.rest.put("/users/3210", &form).await.ok(),
                true,
                "{sent}"
            );
            assert_eq!(house.account("3210").await[field], shown, "{sent}");
        }
        for wrong in [
            "tomorrow",
            "2030-02-30",
            "2030-13-01",
            "30-01-31",
            "300131",
            "31.01.2030",
            "01/31/2030",
            "2030-01",
            "2030-01-31 25:00:00",
            "2030-01-31 10:00:00 PM",
            "20300131100",
            "1893456000",
            "2030-01-31 10:00:60",
            "2030-01-31T10:00:00Zx",
            "never",
            "NULL",
            "-1",
        ] {
            for (path, field) in [
                ("/users/3210", "tariff_expired_date"),
                ("/users/3210", "end_date"),
                ("/stb/3210", "end_date"),
            ] {
                let form = format!("{field}={wrong}");
                let answer = house.rest.put(path, &form).await;
                answer.refused(&format!("Not valid {field}"));
            }
            let form = format!("login=never&tariff_plan=FULL&tariff_expired_date={wrong}");
            let answer = house.rest.post("/accounts", &form).await;
            answer.refused("Not valid tariff_expired_date");
            if sent != "2030-1-3" {
                break;
            }
        }
        assert_eq!(
            house.account("3210").await["tariff_expired_date"],
            shown,
            "{sent}"
        );
    }
    // What means never, and what lies beyond the calendar.
    for never in [
        "",
        "+",
        "0",
        "0000-00-00",
        "0000/00/00",
        "0000-00-00 00:00:00",
        "9999-12-31",
    ] {
        for field in ["tariff_expired_date", "end_date"] {
            let set = format!("{field}=2030-01-31");
            house.rest.put("/users/3210", &set).await.ok();
            let form = format!("{field}={never}");
            assert_eq!(
                house.rest.put("/users/3210", &form).await.ok(),
                true,
                "{never}"
            );
            assert_eq!(house.account("3210").await[field], Value::Null, "{never}");
        }
    }
}

/// §4.2: "or, if none/unknown, to default plan": one that was removed is not known any more.
#[tokio::test]
async fn a_follow_up_that_was_removed_is_the_default_plan() {
    let both = plans().then(async |house| Both::of(house)).await;
    let form = "login=g1&tariff_plan=STANDART&tariff_instead_expired=STANDART\
        &tariff_expired_date=2026-02-03";
    both.house.rest.post("/accounts", form).await.ok();
    let plan = both.spec("product-specs", "Standart").await;
    both.api
        .delete(format!("/product-specs/{plan}"))
        .await
        .expect(204);
    both.house.bx.advance(5 * DAY).await;
    let account = both.house.account("g1").await;
    assert_eq!(account["tariff_plan"], "FULL");
    assert_eq!(account["tariff_expired_date"], Value::Null);
}

/// A package that was deleted comes with no plan, and cannot be chosen.
#[tokio::test]
async fn a_package_that_was_deleted_is_given_no_more() {
    let both = plans().then(async |house| Both::of(house)).await;
    let house = &both.house;
    let specs = both.api.get("/service-specs?limit=100").await.expect(200);
    for spec in specs.as_array().expect("a list") {
        let path = format!("/service-specs/{}", spec["_id"].as_str().expect("an id"));
        let gone = json!({"status": "DELETED"});
        both.api.put(path, gone).await.expect(200);
    }
    let mut stb = house.stb("00:1A:79:00:00:33");
    let form = "login=new&account_number=N1&stb_mac=00:1A:79:00:00:33";
    house.rest.post("/accounts", form).await.ok();
    stb.sign_in().await;
    let channels = async |stb: &super::StbBox| {
        let list = stb.call("itv", "get_all_channels", &[]).await.js();
        list["data"].as_array().map(Vec::len)
    };
    // As one without a plan, and with one of its own.
    assert_eq!(channels(&stb).await, Some(0));
    let end = "tariff_expired_date=2030-01-31";
    house.rest.put("/accounts/N1", end).await.ok();
    assert_eq!(both.active("new", "services").await, NOTHING);
    let put = house
        .rest
        .put("/account_subscription/N1", "subscribed[]=tv_2")
        .await;
    assert_eq!(put.ok(), false);
    assert_eq!(both.active("new", "services").await, NOTHING);
    assert_eq!(channels(&stb).await, Some(0));
    // Who had one keeps it until it is given back.
    assert_eq!(house.account("3210").await["subscribed"], json!(["tv_2"]));
    let path = format!("/account_subscription/{A}");
    assert_eq!(
        house.rest.put(&path, "unsubscribed[]=tv_2").await.ok(),
        true
    );
    assert_eq!(house.account("3210").await["subscribed"], json!([]));
}

/// §4.2 and §4.1: the default plan that ends is followed by itself, and "subscribed optional
/// packages that belong to the current plan" are those of before.
#[tokio::test]
async fn the_default_plan_follows_itself_with_what_was_chosen_on_it() {
    let both = plans().then(async |house| Both::of(house)).await;
    let house = &both.house;
    let form = "login=h1&account_number=H1&stb_mac=001A79990001&tariff_plan=FULL\
        &tariff_expired_date=2026-02-03";
    house.rest.post("/accounts", form).await.ok();
    house
        .rest
        .put("/account_subscription/H1", "subscribed[]=tv_2")
        .await
        .ok();
    house.names("00:1A:79:99:00:01").await;
    house.bx.advance(4 * DAY).await;
    let account = house.account("h1").await;
    assert_eq!(
        (&account["tariff_plan"], &account["tariff_expired_date"]),
        (&json!("FULL"), &Value::Null)
    );
    assert_eq!(account["subscribed"], json!(["tv_2"]));
    assert_eq!(both.active("h1", "orders").await.len(), 1);
    // The plan is the same: nobody is told that it changed.
    assert_eq!(house.names("00:1A:79:99:00:01").await, [""; 0]);
    let put = house
        .rest
        .put("/account_subscription/H1", "unsubscribed[]=tv_2")
        .await;
    assert_eq!(put.ok(), true);
    let put = house
        .rest
        .put("/account_subscription/H1", "subscribed[]=tv_3")
        .await;
    assert_eq!(put.ok(), true);
    assert_eq!(house.account("h1").await["subscribed"], json!(["tv_3"]));
}

/// Without an order of a plan nothing is held: what is chosen then is chosen alone.
#[tokio::test]
async fn a_choice_without_a_plan_brings_nothing_of_before_along() {
    let both = plans().then(async |house| Both::of(house)).await;
    let house = &both.house;
    let order = both.active("3210", "orders").await[0]["_id"].clone();
    let path = format!("/orders/{}", order.as_str().expect("an id"));
    both.api
        .delete(both.path("3210", &path).await)
        .await
        .expect(204);
    assert_eq!(house.account("3210").await["subscribed"], json!([]));
    let put = house
        .rest
        .put(&format!("/account_subscription/{A}"), "subscribed[]=tv_3")
        .await;
    assert_eq!(put.ok(), true);
    assert_eq!(house.account("3210").await["subscribed"], json!(["tv_3"]));
}

/// §4.2: "or, if none/unknown, to default plan".
#[tokio::test]
async fn without_a_follow_up_the_default_plan_follows() {
    let house = plans().await;
    let path = format!("/accounts/{C}");
    house
        .rest
        .put(&path, "status=1&tariff_expired_date=2026-02-03")
        .await
        .ok();
    assert_eq!(house.account("3").await["tariff_plan"], "STANDART");
    house.bx.advance(3 * DAY).await;
    let account = house.account("3").await;
    assert_eq!(account["tariff_plan"], "FULL");
    assert_eq!(account["tariff_expired_date"], Value::Null);
}

/// And without a default plan the account has none.
#[tokio::test]
async fn without_any_default_an_expired_plan_leaves_none() {
    let mut document = fixture();
    document["products"][0]["user_default"] = json!(false);
    let house = a_house()
        .holding(document)
        .set(|config| config.stalker.tariff_plans = true)
        .await;
    house
        .rest
        .put("/users/3210", "tariff_expired_date=2026-02-03")
        .await
        .ok();
    house.bx.advance(3 * DAY + 60).await;
    let account = house.account("3210").await;
    assert_eq!(account["tariff_plan"], Value::Null);
    assert_eq!(account["subscribed"], json!([]));
}

/// "if the plan really changed the box gets a message-and-reboot announcing the tariff change".
#[tokio::test]
async fn a_box_hears_that_its_plan_changed() {
    let house = plans().await;
    let form = "tariff_expired_date=2026-02-03&tariff_instead_expired=STANDART";
    house.rest.put(&format!("/accounts/{A}"), form).await.ok();
    assert_eq!(house.names(A).await, [""; 0]);
    house.bx.advance(3 * DAY).await;
    let events = house.queued(A).await;
    assert_eq!(names(&events), ["send_msg"]);
    assert_eq!(events[0]["reboot_after_ok"], "1");
    let until = events[0]["valid_until"].as_i64().expect("a number");
    assert!(
        until > NOW_SECONDS + 8 * DAY,
        "default 7-day life: {}",
        events[0]
    );
    assert_eq!(house.names(B).await, [""; 0]);
}

/// A new plan takes the date of the old one away; a date alone stays with its plan.
#[tokio::test]
async fn a_new_plan_begins_without_the_old_ones_end() {
    let house = plans().await;
    house
        .rest
        .put("/users/3210", "tariff_expired_date=2026-02-03")
        .await
        .ok();
    house
        .rest
        .put("/users/3210", "tariff_plan=STANDART")
        .await
        .ok();
    let account = house.account("3210").await;
    assert_eq!(account["tariff_plan"], "STANDART");
    // "The REST API never derives the expiry from the plan."
    assert_eq!(account["tariff_expired_date"], Value::Null);
    let form = "tariff_plan=FULL&tariff_expired_date=2026-03-01";
    house.rest.put("/users/3210", form).await.ok();
    let account = house.account("3210").await;
    assert_eq!(account["tariff_plan"], "FULL");
    assert_eq!(account["tariff_expired_date"], "2026-03-01 00:00:00");
    house.bx.advance(5 * DAY).await;
    assert_eq!(house.account("3210").await["tariff_plan"], "FULL");
}

/// Dates are the operator's: what was sent is what is shown, and ends at their midnight.
#[tokio::test]
async fn dates_are_those_of_the_operators_zone() {
    let mut document = fixture();
    document["provider"]["time_zone"] = json!("Pacific/Auckland");
    let house = a_house()
        .holding(document)
        .set(|config| {
            config.stalker.internal_billing = true;
            config.stalker.tariff_plans = true;
        })
        .await;
    // There it is 23:00 of 31 January; midnight is an hour away.
    let form = "end_date=2026-02-01&tariff_expired_date=2030-06-30&comment=x";
    assert_eq!(house.rest.put("/users/3210", form).await.ok(), true);
    let account = house.account("3210").await;
    assert_eq!(account["end_date"], "2026-02-01 00:00:00");
    assert_eq!(account["tariff_expired_date"], "2030-06-30 00:00:00");
    house.bx.advance(3000).await;
    assert_eq!(status(&house, "3210").await, 1);
    house.bx.advance(660).await;
    assert_eq!(status(&house, "3210").await, 0);
}
