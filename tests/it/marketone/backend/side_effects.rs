//! What else hangs on the carrier's word: notifications, closed months, PINs.

use serde_json::json;

use super::{Csp, Mood, hub, open, processing, resolve};
use crate::alphaott::given::merged;
use crate::marketone::{P1, pins, purchase, refused};
use crate::support::gateway::Gateway;

/// Others hear too that what they heard of is taken back.
#[tokio::test]
async fn what_is_taken_back_is_told_as_deleted() {
    use crate::support::ear::Ear;
    use crate::webhooks::{Hook, lines};
    let csp = Csp::default();
    let hub = hub(&csp).await;
    let ear = Ear::open().await;
    let wanted = json!({"events": ["partner_transaction.*"]});
    let hook = Hook::add(&hub.bx, &ear, wanted).await;
    csp.next(&[Mood::No(429, "too-many-requests")]);
    let answer = hub.a.charge(&purchase("a", P1)).await;
    refused(&answer, 503, "service-unavailable");
    hub.bx.advance(0).await;
    let heard = ear.wait_for(2).await;
    let told = [
        "partner_transaction.created 1",
        "partner_transaction.deleted 1",
    ];
    assert_eq!(lines(&heard, &hook), told);
    assert_eq!(heard[1].json()["data"]["partner"], "NFLX");
    hub.prove();
}

/// A month that is closed while the carrier thinks is not changed by what it says then.
#[tokio::test]
async fn what_is_processing_holds_no_month_up() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::No(500, "x"); 6]);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    hub.bx.advance(86_400).await;
    let staff = hub.bx.client_of("manager").await;
    let url = hub.bx.url("/console/api/partners/NFLX/settlement/close");
    let january = staff
        .post(url, json!({"month": "2026-01"}))
        .await
        .expect(201);
    assert_eq!(january["sums"], json!([]));
    let held = open(&hub.bx).await;
    resolve(&hub.bx, &held[0]["id"], "SUCCEEDED")
        .await
        .expect(200);
    let url = hub
        .bx
        .url("/console/api/partners/NFLX/settlement?month=2026-02");
    let february = staff.get(url).await.expect(200);
    assert_eq!(february["sums"][0]["charges"], 1);
    hub.prove();
}

/// A PIN is used up by a charge that may have been made, and good again if none was.
#[tokio::test]
async fn a_pin_is_used_up_by_what_is_charged() {
    let (csp, gateway) = (Csp::default(), Gateway::open().await);
    let url = csp.listen().await;
    let hub = pins::open_with(&gateway, "every-charge", |config| {
        config.carrier.url = url.into();
        config.carrier.timeout_ms = 300;
    })
    .await;
    let pin = pins::asked_for(&hub, &gateway, P1).await;
    let with = |id: &str| merged(purchase(id, P1), json!({ "pin": pin }));
    // Not reached, or denied: it may be told once more.
    csp.next(&[
        Mood::No(429, "too-many-requests"),
        Mood::No(400, "insufficient-funds"),
        Mood::No(500, "system-error"),
    ]);
    refused(&hub.a.charge(&with("a")).await, 503, "service-unavailable");
    refused(&hub.a.charge(&with("a")).await, 400, "insufficient-funds");
    processing(&hub.a.charge(&with("b")).await);
    refused(&hub.a.charge(&with("c")).await, 400, "pin-expired");
    refused(&hub.a.charge(&purchase("c", P1)).await, 400, "pin-required");
    hub.bx.advance(180).await;
    let made = hub.a.charge(&with("b")).await.expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    refused(&hub.a.charge(&purchase("c", P1)).await, 400, "pin-required");
    assert_eq!((csp.calls(), csp.booked()), (4, 1));
    hub.prove();
}
