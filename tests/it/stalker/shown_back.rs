//! What a script said is shown back: "paid until" in whatever words, the real balance, when a
//! status changed; and what is not there says so.

use serde_json::{Value, json};

use super::{A, House, Says, fixture};
use crate::support::fixture::{a_house, a_house_with_both_apis};

const DAY: i64 = 86_400;

/// Texts that are no date.
const NO_DATES: [&str; 6] = [
    "until further notice",
    "31.13.2026",
    "2026-02-30",
    "-0001-11-30 00:00:00",
    "2026-00-00",
    "никогда",
];

async fn info(house: &House) -> Value {
    let mut stb = house.stb(A);
    stb.sign_in().await;
    stb.call("account_info", "get_main_info", &[]).await.js()
}

/// Where nothing is done about it, it is the operator's own text.
#[tokio::test]
async fn an_end_date_that_is_no_date_is_kept_and_shown() {
    let house = a_house().await;
    for text in NO_DATES {
        let form = format!("end_date={}", crate::support::segment(text));
        for (method, path) in [
            ("PUT", "/users/3210".to_owned()),
            ("PUT", format!("/stb/{A}")),
        ] {
            let answer = house.rest.form(method, &path, &form).await;
            assert!(answer.error().is_none(), "{text} {path}: {}", answer.told());
        }
        assert_eq!(info(&house).await["end_date"], text);
        let profile = house.stb(A).sign_in().await;
        assert_eq!(profile["expire_billing_date"], text);
    }
    for zeros in ["0000-00-00", "0000-00-00 00:00:00", "00.00.0000", ""] {
        let form = format!("end_date={}", crate::support::segment(zeros));
        house.rest.put("/users/3210", &form).await.ok();
        assert_eq!(info(&house).await["end_date"], "", "{zeros}");
    }
    // A date is a date, and takes the place of the text.
    house.rest.put("/users/3210", "end_date=bogus").await.ok();
    house
        .rest
        .put("/users/3210", "end_date=2026-05-01")
        .await
        .ok();
    assert_eq!(info(&house).await["end_date"], "2026-05-01 00:00:00");
    // A document may say the same.
    let bring = json!({"customers": [{"login": "3210", "end_date": "ask Anna"}]});
    house.bx.apply(bring).await;
    assert_eq!(info(&house).await["end_date"], "ask Anna");
    // New rows too.
    let form = "login=new&stb_mac=00:1A:79:00:00:77&end_date=soon";
    assert_eq!(house.rest.post("/accounts", form).await.ok(), true);
    let form = "mac=00:1A:79:00:00:78&end_date=soon";
    assert_eq!(
        house.rest.post("/stb", form).await.ok()["mac"],
        "00:1A:79:00:00:78"
    );
}

/// Where it would be acted on, a slip of the pen must not lose it.
#[tokio::test]
async fn an_end_date_that_is_acted_on_must_be_a_date() {
    let house = a_house()
        .set(|config| config.stalker.internal_billing = true)
        .await;
    house
        .rest
        .put("/users/3210", "end_date=2026-05-01")
        .await
        .ok();
    for text in NO_DATES {
        let form = format!("end_date={}", crate::support::segment(text));
        for path in [
            "/users/3210".to_owned(),
            format!("/stb/{A}"),
            "/accounts/1553".to_owned(),
        ] {
            house
                .rest
                .put(&path, &form)
                .await
                .refused("Not valid end_date");
        }
        let form = format!("{form}&login=new");
        house
            .rest
            .post("/accounts", &form)
            .await
            .refused("Not valid end_date");
    }
    assert_eq!(
        house.account("3210").await["end_date"],
        "2026-05-01 00:00:00"
    );
    // What reads as never is never, and what was shown may be sent back.
    house
        .rest
        .put("/users/3210", "end_date=0000-00-00")
        .await
        .ok();
    assert_eq!(house.account("3210").await["end_date"], json!(null));
}

/// `tariff_expired_date` is always acted on.
#[tokio::test]
async fn an_end_of_a_plan_must_be_a_date() {
    let house = a_house().await;
    for text in NO_DATES {
        let form = format!("tariff_expired_date={}", crate::support::segment(text));
        house
            .rest
            .put("/users/3210", &form)
            .await
            .refused("Not valid tariff_expired_date");
    }
}

/// The real balance of everybody who has an account in the books, plan or no plan; else the text.
#[tokio::test]
async fn a_balance_in_the_books_is_shown_whatever_bills_the_plan() {
    let mut document = fixture();
    document["customers"][1]["opening_balance"] = json!("-7.50");
    let both = a_house_with_both_apis().holding(document).await;
    let shown = async |login: &str| both.house.account(login).await["account_balance"].clone();
    for login in ["3210", "3211", "3"] {
        let path = format!("/users/{login}");
        both.house
            .rest
            .put(&path, "account_balance=text")
            .await
            .ok();
    }
    // Nothing was ever booked on 3210.
    assert_eq!(shown("3210").await, "text");
    assert_eq!(info(&both.house).await["account_balance"], "text");
    // A debt that was brought along, under a plan that is billed elsewhere.
    assert_eq!(shown("3211").await, "-7.50");
    // Money that came, and went again.
    let id = both.customer("3").await["_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let pay = both
        .house
        .bx
        .url(&format!("/console/api/customers/{id}/payments"));
    both.api
        .post(pay, json!({"amount": "12.34", "method": "cash"}))
        .await
        .expect(201);
    assert_eq!(shown("3").await, "12.34");
    let rows = both.house.rest.get("/stb/3").await.ok();
    assert_eq!(rows[0]["account_balance"], "12.34");
}

#[tokio::test]
async fn the_last_change_of_status_is_kept_and_shown() {
    let both = a_house_with_both_apis().await;
    let first = info(&both.house).await["last_change_status"].clone();
    assert_eq!(first, "2026-01-31 10:00:00");
    both.house.bx.advance(DAY).await;
    // Nothing changes: nothing is noted.
    both.house
        .rest
        .put("/users/3210", "status=1&comment=x")
        .await
        .ok();
    assert_eq!(info(&both.house).await["last_change_status"], first);
    both.house.rest.put("/users/3210", "status=0").await.ok();
    assert_eq!(
        info(&both.house).await["last_change_status"],
        "2026-02-01 10:00:00"
    );
    both.house.bx.advance(DAY).await;
    both.change("3210", json!({"status": "ACTIVE"})).await;
    assert_eq!(
        info(&both.house).await["last_change_status"],
        "2026-02-02 10:00:00"
    );
    both.house.bx.advance(DAY).await;
    let device = both.list("3210", "devices").await[0]["_id"].clone();
    let path = both.path("3210", "/devices").await;
    let path = format!("{path}/{}", device.as_str().expect("an id"));
    both.api
        .put(&path, json!({"status": "BROKEN"}))
        .await
        .expect(200);
    let profile = both.house.stb(A).sign_in().await;
    assert_eq!(profile["last_change_status"], "2026-02-03 10:00:00");
}

/// The newer API for apps is not there, and says so in words, before anybody is asked for a
/// password.
#[tokio::test]
async fn the_app_api_is_plainly_not_there() {
    let house = a_house().await;
    let anonymous = house.bx.anonymous();
    for path in [
        "/stalker_portal/api/v2/users/1",
        "/stalker_portal/api/v2/",
        "/stalker_portal/api/v3/users",
        "/stalker_portal/auth/token",
        "/stalker_portal/auth/token.php",
    ] {
        for method in ["GET", "POST"] {
            let answer = anonymous.send(method, house.bx.url(path), None, &[]).await;
            assert_eq!(answer.status, 404, "{}", answer.told());
            let body = answer.json();
            assert_eq!(body["status"], "ERROR");
            let text = body["error"].as_str().expect("words");
            assert!(text.contains("no app API"), "{text}");
        }
    }
    // The one that is there goes on.
    house.rest.get("/v1/users/3210").await.ok();
}
