//! A partner that guesses PINs over many accounts: refused for the rest of the hour, and whoever
//! runs the box hears of it.

use boxoffice::domain::event::Audit;
use boxoffice::domain::staff::Role;
use boxoffice::ops::staff::NewOperator;
use boxoffice::store::Read as _;
use serde_json::json;

use super::pins::{asked_for, open_with};
use super::{Hub, P1, refused};
use crate::support::fixture::a_hub;
use crate::support::gateway::Gateway;
use crate::support::post::Post;

#[tokio::test]
async fn wrong_pins_over_many_accounts_use_up_the_partners_budget() {
    let gateway = Gateway::open().await;
    let hub = open_with(&gateway, "off", |config| {
        config.marketone.wrong_pins_max = 20;
    })
    .await;
    let customers: Vec<_> = (100..130)
        .map(|n| json!({"login": format!("c{n}"), "phones": [format!("+14165551{n}")]}))
        .collect();
    hub.bx.apply(json!({"customers": customers})).await;
    asked_for(&hub, &gateway, P1).await;
    // One account that types nonsense again and again stops nobody.
    for _ in 0..3 {
        hub.a.tell(P1, "000000").await;
    }
    let mut judged = 3;
    let mut told = None;
    for n in 100..130 {
        let account = format!("+14165551{n}");
        hub.a.pin(&account).await.expect(200);
        for _ in 0..2 {
            let answer = hub.a.tell(&account, "000000").await;
            if answer.status == 429 {
                told = Some(answer);
                break;
            }
            judged += 1;
        }
        if told.is_some() {
            break;
        }
    }
    let told = told.expect("refused");
    assert_eq!(judged, 20);
    refused(&told, 429, "pin-attempts-exceeded");
    let wait: u64 = told.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
    // Not even a right one, in whatever call it comes; the other partner goes on.
    hub.bx.advance(60).await;
    let fresh = asked_for(&hub, &gateway, "+14165551129").await;
    refused(
        &hub.a.tell("+14165551129", &fresh).await,
        429,
        "pin-attempts-exceeded",
    );
    hub.b.pin(P1).await.expect(200);
    refused(&hub.b.tell(P1, "000000").await, 400, "pin-invalid");
    // Told once, with the partner.
    let all = hub.bx.app().store.read().unwrap().all::<Audit>().unwrap();
    let lines: Vec<&Audit> = all
        .iter()
        .filter(|line| line.action == "partner.wrong_pins")
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].subject.0, "partners");
    assert!(format!("{:?}", lines[0].changes).contains("20"));
    // After the hour it is as before.
    hub.bx.advance(3_600).await;
    let fresh = asked_for(&hub, &gateway, "+14165551129").await;
    hub.a.tell("+14165551129", &fresh).await.expect(200);
}

/// Uses the budget of partner A up, which is three.
async fn guess(hub: &Hub, first: u32) {
    for n in first..first + 3 {
        let account = format!("+14165552{n}");
        hub.a.pin(&account).await.expect(200);
        hub.a.tell(&account, "000000").await;
    }
}

#[tokio::test]
async fn owners_are_written_once_for_a_budget_and_see_it_in_the_console() {
    let post = Post::open().await;
    let hub = a_hub()
        .set(|config| {
            config.marketone.wrong_pins_max = 3;
            config.smtp.url = (&post.url).into();
            "billing@tv.example".clone_into(&mut config.smtp.from);
        })
        .await;
    let callback = json!({"url": "http://127.0.0.1:1/", "api_key": "their key",
        "error_email": "desk@tv.example"});
    let partner = json!({"key": "NFLX", "name": "Netflux", "callback": callback});
    let customers: Vec<_> = (100..112)
        .map(|n| json!({"login": format!("c{n}"), "phones": [format!("+14165552{n}")]}))
        .collect();
    hub.bx
        .apply(json!({"partners": [partner], "customers": customers}))
        .await;
    for (name, role, email) in [
        ("ada", Role::Owner, Some("ada@tv.example")),
        ("bob", Role::Owner, Some("bob@tv.example")),
        ("mute", Role::Owner, None),
        ("mia", Role::Manager, Some("mia@tv.example")),
    ] {
        let address = |wish: &mut NewOperator| wish.email = email.map(str::to_owned);
        hub.bx.hire_as(name, role, address).await;
    }
    let owner = hub.bx.client_of("owner").await;
    let shown = async || {
        let path = hub.bx.url("/console/api/partners/NFLX");
        let shown = owner.get(path).await.expect(200);
        let ready = hub.bx.anonymous().get(hub.bx.url("/readyz")).await.text;
        (shown["pinsRefusedUntil"].clone(), ready)
    };
    assert_eq!(shown().await, (json!(null), "ready\n".to_owned()));
    for hour in 0..2 {
        guess(&hub, 100 + hour * 6).await;
        let mut mails = post.collect_many(3).await;
        mails.sort();
        assert_eq!(mails.len(), 3, "{mails:?}");
        for to in ["ada@tv.example", "bob@tv.example", "desk@tv.example"] {
            let line = format!("To: {to}");
            let has = |mail: &&String| mail.contains(&line);
            assert_eq!(mails.iter().filter(has).count(), 1, "{to}: {mails:?}");
        }
        for mail in &mails {
            assert!(
                mail.contains("Netflux") && mail.contains("wrong PINs"),
                "{mail}"
            );
            assert!(!mail.contains("+1416"), "{mail}");
        }
        // More of them in the same hour are told to nobody.
        guess_on(&hub, 103 + hour * 6).await;
        let (until, ready) = shown().await;
        assert!(until.is_string(), "{until}");
        assert!(
            ready.starts_with("ready\nno PIN of 1 partner is taken"),
            "{ready}"
        );
        hub.bx.advance(3_600).await;
        assert!(shown().await.0.is_null());
    }
    assert!(post.collect().is_empty(), "once in each hour");
}

/// More guesses, which are no longer judged.
async fn guess_on(hub: &Hub, first: u32) {
    for n in first..first + 3 {
        let account = format!("+14165552{n}");
        hub.a.pin(&account).await.expect(200);
        refused(
            &hub.a.tell(&account, "000000").await,
            429,
            "pin-attempts-exceeded",
        );
    }
}
