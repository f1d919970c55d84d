//! A partner that guesses PINs over many accounts: refused for the rest of the hour, and whoever runs the
//! box hears of it.

use boxoffice::domain::event::Audit;
use boxoffice::store::Read as _;
use serde_json::json;

use super::pins::{asked_for, open_with};
use super::{P1, refused};
use crate::support::gateway::Gateway;

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
