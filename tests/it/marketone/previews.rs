//! What staff decide about partners' money is looked at first: `"preview": true` moves nothing, and
//! says what the real call does.

use serde_json::{Value, json};

use super::backend::{Csp, Mood, hub, open};
use super::{Hub, P1, purchase};
use crate::alphaott::given::merged;
use crate::support::Answer;
use crate::support::fixture::a_hub;

/// The books, what is open, and the lines of the audit log.
async fn all(hub: &Hub) -> (Vec<(String, i64)>, Value, usize) {
    use boxoffice::domain::event::Audit;
    use boxoffice::store::Read as _;
    let audits: Vec<Audit> = hub.bx.app().store.read().unwrap().all().unwrap();
    let by_staff = audits
        .iter()
        .filter(|line| line.action.starts_with("partner."));
    let count = by_staff.count();
    (
        hub.books().into_iter().collect(),
        open(&hub.bx).await,
        count,
    )
}

/// Looks first, then does it.
async fn look_and_do(hub: &Hub, path: &str, body: &Value) -> Answer {
    let url = hub.bx.url(&format!("/console/api/partners/{path}"));
    let staff = hub.bx.client_of("manager").await;
    let before = all(hub).await;
    let look = merged(body.clone(), json!({"preview": true}));
    let looked = staff.post(&url, look).await;
    assert_eq!(all(hub).await, before, "a look at {path} moved something");
    let done = staff.post(&url, body).await;
    if done.status >= 400 {
        assert_eq!(looked.status, done.status, "{path}");
        assert_eq!(looked.json()["detail"], done.json()["detail"], "{path}");
        return done;
    }
    assert_eq!(looked.status, 200, "{}", looked.told());
    let looked = looked.json();
    assert_eq!(looked["preview"], true);
    assert_eq!(looked["effect"], done.json()["effect"], "{path}");
    done
}

#[tokio::test]
async fn a_charge_that_the_carrier_left_open_is_looked_at_before_it_is_decided() {
    for (outcome, left) in [("SUCCEEDED", 699), ("DENIED", 0)] {
        let csp = Csp::default();
        let hub = hub(&csp).await;
        csp.next(&[Mood::No(500, "x")]);
        hub.a.charge(&purchase("a", P1)).await.expect(200);
        let held = open(&hub.bx).await;
        let path = format!("transactions/{}/resolve", held[0]["id"]);
        let wrong = look_and_do(&hub, &path, &json!({"outcome": "MAYBE"})).await;
        assert_eq!(wrong.status, 400);
        let done = look_and_do(&hub, &path, &json!({"outcome": outcome})).await;
        let done = done.expect(200);
        assert_eq!(done["status"], outcome);
        let state = &done["effect"]["partner_transactions"][0]["state"];
        assert_eq!(*state, json!({"before": "PROCESSING", "after": outcome}));
        assert_eq!(hub.held("partner:1", "USD"), left);
        let owed = &done["effect"]["partner_accounts"];
        match left {
            0 => assert_eq!(*owed, json!([])),
            _ => assert_eq!(owed[0]["after"], "6.99"),
        }
        // The other outcome is refused, looked at or not.
        let other = if left == 0 { "SUCCEEDED" } else { "DENIED" };
        let refused = look_and_do(&hub, &path, &json!({"outcome": other})).await;
        assert_eq!(refused.status, 409);
        hub.prove();
    }
}

#[tokio::test]
async fn a_month_is_looked_at_before_it_is_closed() {
    let hub = a_hub().await;
    hub.a.charge(&purchase("a", P1)).await.expect(200);
    let close = json!({"month": "2026-01"});
    let early = look_and_do(&hub, "NFLX/settlement/close", &close).await;
    assert_eq!(early.status, 409);
    hub.bx.advance(86_400).await;
    let done = look_and_do(&hub, "NFLX/settlement/close", &close).await;
    let owed = &done.expect(201)["effect"]["partner_accounts"];
    let account = |name: &str| {
        let mut list = owed.as_array().unwrap().iter();
        list.find(|of| of["account"] == name).unwrap().clone()
    };
    assert_eq!(account("partner:1")["after"], "0.00");
    assert_eq!(account("payable:1")["after"], "6.99");
    hub.prove();
}

/// A look does not end a month either: what is charged after it may still be of that month.
#[tokio::test]
async fn a_look_leaves_a_month_open_for_charges() {
    let hub = a_hub().await;
    hub.a.charge(&purchase("a", P1)).await.expect(200);
    hub.bx.advance(86_400).await;
    let url = hub.bx.url("/console/api/partners/NFLX/settlement/close");
    let look = json!({"month": "2026-01", "preview": true});
    hub.bx
        .client_of("manager")
        .await
        .post(&url, look)
        .await
        .expect(200);
    let app = hub.bx.app();
    let partner = boxoffice::domain::values::id::PartnerId(1);
    let january =
        boxoffice::domain::values::time::Timestamp::parse("2026-01-31T12:00:00Z").unwrap();
    assert_eq!(app.settled.completes_at(partner, january), january);
}
