//! What an answer costs says nothing about who exists: counted in slow hashes, not in time.

use boxoffice::domain::staff::Role;
use serde_json::json;

use super::{From, id_of};
use crate::support::fixture::a_box;
use crate::support::{PASSWORD, TestBox, eventually};

/// Slow hashes made while something was asked.
async fn cost<T>(bx: &TestBox, asked: impl Future<Output = T>) -> (u64, T) {
    let app = bx.app();
    let before = app.passwords.worked();
    let answer = asked.await;
    (app.passwords.worked() - before, answer)
}

#[tokio::test]
async fn a_box_login_costs_one_hash_whoever_it_names_and_however_that_password_is_kept() {
    let bx = a_box().await;
    // As an import keeps them and the box hardens them; one is set over the API, one never.
    bx.apply(json!({"customers": [
        {"login": "imported", "password": "open sesame"},
        {"login": "set", "password": "open sesame"},
        {"login": "none"},
    ]}))
    .await;
    let id = id_of(&bx, "set").await;
    let path = format!("/customers/{id}/password");
    bx.api()
        .put(path, json!({"password": "open sesame"}))
        .await
        .expect(200);
    // What is hardened in the background is not counted here.
    settle(&bx).await;
    let from = From::address(2);
    for login in ["imported", "set", "none", "nobody"] {
        let (cost, came) = cost(&bx, from.box_auth(&bx, "00:1A:79:AA:00:01", login, "guess")).await;
        assert!(came.text.contains("false"), "{login} {came:?}");
        assert_eq!(cost, 1, "{login}");
    }
}

/// Waits until no quick hash is left: none waits for the next import or start.
async fn settle(bx: &TestBox) {
    use boxoffice::domain::customers::{Customer, CustomerPassword};
    use boxoffice::store::Read as _;
    eventually("no quick hash", async || {
        let held = bx.app().store.read().unwrap().all::<Customer>().unwrap();
        let quick = |c: &Customer| matches!(c.password, CustomerPassword::Quick(_));
        (!held.iter().any(quick)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn staff_cost_one_hash_known_or_not_in_every_dialect() {
    let bx = a_box()
        .set(|config| {
            "script".clone_into(&mut config.stalker.login);
            config.stalker.password = "walnut tables".into();
        })
        .with_staff("ada", Role::Owner)
        .with_staff("robot", Role::Api)
        .await;
    let from = From::address(2);
    for name in ["ada", "robot", "nobody", "script"] {
        let (work, came) = cost(&bx, from.sign_in(&bx, name, "guess")).await;
        assert_eq!((work, came.status), (1, 401), "console {name}");
        let (work, came) = cost(&bx, from.basic(&bx, name, "guess")).await;
        assert_eq!((work, came.status), (1, 401), "stalker {name}");
    }
    // Who may not sign in here learns so after the password, not instead of it.
    let (work, came) = cost(&bx, from.sign_in(&bx, "robot", PASSWORD)).await;
    assert_eq!((work, came.status), (1, 403));
    let long = "x".repeat(300);
    let (known, _) = cost(&bx, from.sign_in(&bx, "ada", &long)).await;
    let (unknown, _) = cost(&bx, from.sign_in(&bx, "nobody", &long)).await;
    assert_eq!(known, unknown);
}

/// What has to wait is not hashed at all.
#[tokio::test]
async fn a_guess_that_is_not_judged_costs_nothing() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let from = From::address(2);
    for _ in 0..10 {
        from.sign_in(&bx, "ada", "guess").await;
    }
    for _ in 0..20 {
        let (work, came) = cost(&bx, from.sign_in(&bx, "ada", "guess")).await;
        assert!(
            came.status == 429 && work == 0 || came.status == 401,
            "{came:?} {work}"
        );
    }
}
