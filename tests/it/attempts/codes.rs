//! Guesses at the codes of a second factor, by somebody who has the password.

use boxoffice::domain::staff::Role;
use serde_json::json;

use super::From;
use crate::console::people::SignedIn;
use crate::support::fixture::a_box;
use crate::support::{PASSWORD, TestBox};

async fn guess(from: &From, bx: &TestBox, code: &str) -> u16 {
    let body = json!({"name": "ada", "password": PASSWORD, "code": code});
    let request = from.client().post(bx.url("/console/api/session"));
    from.send(request.json(&body)).await.status
}

#[tokio::test]
async fn whoever_guesses_codes_waits_and_keeps_the_owner_out_from_nowhere() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = SignedIn::of(&bx, "ada").await;
    let (held, codes) = ada.set_up().await;
    bx.advance(60).await;
    // She signs in at home.
    let home = From::address(9);
    assert_eq!(guess(&home, &bx, &held.code(&bx)).await, 201);
    let elsewhere = From::address(7);
    let mut statuses = Vec::new();
    for number in 0..40 {
        statuses.push(guess(&elsewhere, &bx, &format!("{number:06}")).await);
    }
    assert_eq!(statuses[..10], [401; 10]);
    assert!(
        statuses[15..].iter().all(|status| *status == 429),
        "{statuses:?}"
    );
    // Recovery codes are guessed through the same door.
    assert_eq!(guess(&elsewhere, &bx, &codes[0]).await, 429);
    bx.advance(60).await;
    assert_eq!(guess(&home, &bx, &held.code(&bx)).await, 201);
    // The wait has an end, also for who guessed.
    bx.advance(600).await;
    assert_eq!(guess(&elsewhere, &bx, &held.code(&bx)).await, 201);
    // What is told of it names nobody's code.
    let log = bx.client_of("owner").await;
    let told = log.get(bx.url("/console/api/audit")).await.text;
    assert!(told.contains("staff code"), "{told}");
    assert!(!told.contains("000039"));
}

/// A session that somebody else got hold of guesses no codes either.
#[tokio::test]
async fn guesses_of_who_is_signed_in_are_counted_with_the_others() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = SignedIn::of(&bx, "ada").await;
    ada.set_up().await;
    bx.advance(301).await;
    let mut statuses = Vec::new();
    for number in 0..40 {
        let body = json!({"name": "x", "code": format!("{number:06}")});
        statuses.push(ada.status("POST", "tokens", body).await);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert!(statuses.iter().all(|status| [403, 429].contains(status)));
}
