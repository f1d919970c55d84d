//! What one customer or one reseller has too much of is nobody else's trouble.

use boxoffice::app::Ctx;
use boxoffice::domain::customers::service::Service;
use boxoffice::domain::values::id::{ChannelId, CustomerId};
use serde_json::{Value, json};

use super::staff::with_shop;
use super::{A, C, House, NOTHING, Says, all, fixture};
use crate::support::fixture::a_house;

const DAY: i64 = 86_400;

/// Gives a customer as many single channels as there can be.
async fn fill(house: &House, customer: u64) {
    let ctx = Ctx::system(house.bx.app());
    let filled = ctx.write(move |ctx, tx| {
        for channel in 1..=5_000 {
            let id = tx.next_id()?;
            let channel = ChannelId(channel);
            let service = Service::of_channel(id, CustomerId(customer), channel, ctx.now);
            tx.put(&service)?;
        }
        Ok(())
    });
    filled.await.expect("5,000 services");
}

async fn runs(house: &House) -> Value {
    let url = house.bx.url("/console/api/runs");
    house.bx.api().get(url).await.expect(200)
}

/// Nothing more can be given to one customer whose plan ends; the plans of others end all the same.
#[tokio::test]
async fn a_customer_whose_next_plan_finds_no_room_stops_nobody() {
    let house = a_house()
        .set(|config| config.stalker.tariff_plans = true)
        .await;
    let ends = "tariff_plan=FULL&tariff_instead_expired=STANDART&tariff_expired_date=2026-02-0";
    for (login, day) in [("before", 2), ("full", 3), ("after", 4)] {
        let form = format!("login={login}&account_number={login}&{ends}{day}");
        house.rest.post("/accounts", &form).await.ok();
    }
    fill(&house, 6).await;
    house.bx.advance(5 * DAY).await;
    for login in ["before", "after"] {
        assert_eq!(
            house.account(login).await["tariff_plan"],
            "STANDART",
            "{login}"
        );
    }
    let failed: Vec<Value> = runs(&house)
        .await
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|run| run["failures"].as_array().expect("a list").clone())
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].to_string().contains("too-many"), "{failed:?}");
    // Once there is room it goes on where it was put aside.
    house
        .rest
        .put("/itv_subscription/full", "sub_ch[]=")
        .await
        .ok();
    let again = "tariff_expired_date=2026-02-05";
    house.rest.put("/accounts/full", again).await.ok();
    assert_eq!(house.account("full").await["tariff_plan"], "STANDART");
}

/// As above, of an order that was canceled before: it is put aside once.
#[tokio::test]
async fn a_canceled_order_that_finds_no_room_is_put_aside_once() {
    let house = a_house()
        .set(|config| config.stalker.tariff_plans = true)
        .await;
    let form = "login=full&tariff_plan=FULL&tariff_instead_expired=STANDART\
        &tariff_expired_date=2026-02-03";
    house.rest.post("/accounts", form).await.ok();
    let both = super::across::Both::of(house);
    let order = both.active("full", "orders").await[0]["_id"].clone();
    let path = format!("/orders/{}", order.as_str().expect("an id"));
    let path = both.path("full", &path).await;
    both.api
        .put(path, json!({"status": "CANCELED"}))
        .await
        .expect(200);
    fill(&both.house, 5).await;
    both.house.bx.advance(5 * DAY).await;
    let first = &runs(&both.house).await[0]["failures"];
    assert_eq!(first.as_array().map(Vec::len), Some(1), "{first}");
}

#[tokio::test]
async fn one_resellers_messages_to_all_use_up_nobody_elses() {
    let (house, shop) = with_shop(fixture()).await;
    for number in 0..100 {
        let form = format!("msg=spam{number}&ttl=31536000");
        assert_eq!(shop.post("/stb_msg/", &form).await.ok(), true, "{number}");
    }
    let text = "Too many messages to everybody, at most 100";
    shop.post("/stb_msg/", "msg=x").await.refused(text);
    for number in 0..500 {
        let form = format!("msg=all{number}");
        assert_eq!(
            house.rest.post("/stb_msg/", &form).await.ok(),
            true,
            "{number}"
        );
    }
    let text = "Too many messages to everybody, at most 500";
    house
        .rest
        .post("/send_event/", "event=reboot")
        .await
        .refused(text);
    // What is over makes room.
    house.bx.advance(8 * DAY).await;
    assert_eq!(
        house.rest.post("/send_event/", "event=reboot").await.ok(),
        true
    );
    shop.post("/stb_msg/", "msg=x")
        .await
        .refused("Too many messages to everybody, at most 100");
}

/// What a reseller said to its customers is not for those who become its customers later.
#[tokio::test]
async fn who_comes_to_a_reseller_does_not_hear_what_was_said_before() {
    let (house, shop) = with_shop(fixture()).await;
    house.rest.post("/stb_msg/", "msg=to-everybody").await.ok();
    shop.post("/stb_msg/", "msg=of-before").await.ok();
    shop.post("/send_event/", "event=reload_portal").await.ok();
    // A box that spoke to us already, and one that never did.
    let mut stb = house.stb(A);
    stb.sign_in().await;
    house.rest.put("/users/3210", "reseller_id=1").await.ok();
    let bring = json!({"customers": [{"login": "3", "reseller": 1, "status": "ACTIVE"}]});
    house.bx.apply(bring).await;
    shop.post("/send_event/", "event=show_menu").await.ok();
    // The document also switched the second one on.
    for (mac, events) in [(A, &["show_menu"][..]), (C, &["cut_on", "show_menu"])] {
        let heard = json!(house.queued(mac).await);
        let wanted = [vec![""; events.len()], vec!["to-everybody"]].concat();
        assert_eq!(all(&heard, "msg"), wanted, "{mac} {heard}");
        assert_eq!(&all(&heard, "event")[..events.len()], events, "{mac}");
        assert_eq!(house.names(mac).await, [""; 0]);
    }
    // And who leaves it hears what was said while they were there.
    shop.post("/stb_msg/", "msg=farewell").await.ok();
    house.rest.put("/users/3210", "reseller_id=").await.ok();
    assert_eq!(all(&json!(house.queued(A).await), "msg"), ["farewell"]);
    assert_eq!(house.rest.get("/stb/0").await.ok(), json!(NOTHING));
}
