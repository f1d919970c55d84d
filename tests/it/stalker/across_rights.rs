//! One customer, two dialects: single channels and optional packages as services.

use serde_json::json;

use super::{A, Says, names};
use crate::support::fixture::a_house_with_both_apis;

#[tokio::test]
async fn single_channels_are_services() {
    let both = a_house_with_both_apis().await;
    let of = |services: Vec<String>| {
        let singles = services
            .into_iter()
            .filter(|spec| spec.starts_with("channel:"));
        singles.collect::<Vec<_>>()
    };
    assert_eq!(of(both.services("3210").await), ["channel:27"]);
    both.house
        .rest
        .put(&format!("/itv_subscription/{A}"), "sub_ch[]=58&sub_ch[]=37")
        .await
        .ok();
    assert_eq!(
        of(both.services("3210").await),
        ["channel:37", "channel:58"]
    );
    let service = both.active("3210", "services").await;
    let service = service
        .iter()
        .find(|service| service["serviceSpec"] == "channel:58");
    let service = service.expect("the service of channel 58");
    assert_eq!(service["scope"], "ONE_ITEM");
    let path = both.path("3210", "/services").await;
    let removed = both
        .api
        .delete(format!("{path}/{}", service["_id"].as_str().unwrap()))
        .await;
    assert_eq!(removed.status, 204);
    let list = both
        .house
        .rest
        .get(&format!("/itv_subscription/{A}"))
        .await
        .ok();
    assert_eq!(list[0]["sub_ch"], json!(["37"]));
    both.house
        .rest
        .put(&format!("/itv_subscription/{A}"), "sub_ch[]=")
        .await
        .ok();
    assert_eq!(of(both.services("3210").await), [""; 0]);
}

#[tokio::test]
async fn optional_packages_are_services() {
    let both = a_house_with_both_apis().await;
    let tv_3 = both.spec("service-specs", "TV 3").await;
    let tv_2 = both.spec("service-specs", "TV 2").await;
    let path = format!("/account_subscription/{A}");
    both.house.rest.put(&path, "subscribed[]=tv_3").await.ok();
    let services = both.services("3210").await;
    assert!(
        services.contains(&tv_3) && services.contains(&tv_2),
        "{services:?}"
    );
    both.house.rest.put(&path, "unsubscribed[]=tv_2").await.ok();
    assert!(!both.services("3210").await.contains(&tv_2));

    // Taken away by the other API.
    let services = both.active("3210", "services").await;
    let service = services
        .iter()
        .find(|service| service["serviceSpec"] == tv_3);
    let service = service.expect("the service")["_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let of_a = both.path("3210", "/services").await;
    assert_eq!(
        both.api.delete(format!("{of_a}/{service}")).await.status,
        204
    );
    assert_eq!(both.house.account("3210").await["subscribed"], json!([]));
    // And given by it.
    both.api
        .post(&of_a, json!({"serviceSpec": tv_2}))
        .await
        .expect(201);
    let account = both.house.account("3210").await;
    assert_eq!(account["subscribed"], json!(["tv_2"]));
    assert_eq!(account["subscribed_id"], json!(["2"]));
    let told = names(&both.house.all_queued(A).await);
    assert!(
        told.iter().any(|name| name == "update_subscription"),
        "{told:?}"
    );
}

/// A customer has at most 5,000 services. Those that were taken away long ago make room, on record.
#[tokio::test]
async fn services_that_were_taken_away_make_room() {
    use boxoffice::domain::event::Audit;
    use boxoffice::store::Read as _;
    let both = a_house_with_both_apis().await;
    let path = "/itv_subscription/1553";
    let list = |from: u32| -> String {
        let channels = (from..from + 400).map(|channel| format!("sub_ch[]={channel}"));
        channels.collect::<Vec<_>>().join("&")
    };
    // The account has two boxes, of two customers.
    for turn in 0..14 {
        let form = list(1_000 + 400 * turn);
        both.house.rest.put(path, &form).await.ok();
    }
    both.house.rest.put(path, "sub_ch[]=58").await.ok();
    assert_eq!(
        both.house
            .rest
            .put("/users/3210", "tariff_plan=STANDART")
            .await
            .ok(),
        true
    );
    let base = both.spec("service-specs", "Base").await;
    assert!(both.services("3210").await.contains(&base));
    let app = both.house.bx.app();
    let snapshot = app.store.read().expect("a snapshot");
    let audits: Vec<Audit> = snapshot.all().expect("audit lines");
    assert!(audits.iter().any(|line| line.action == "service.purge"));
}
