//! Money back through the carrier.

use serde_json::Value;

use super::{Csp, Mood, back, hub, processing};
use crate::marketone::{P1, purchase, refused};

#[tokio::test]
async fn refunds_reserve_what_they_give_back() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    hub.a.charge(&purchase("a", P1)).await.expect(200);
    csp.next(&[Mood::Loses]);
    processing(&hub.a.charge(&back("r1", "a", "6.00")).await);
    refused(
        &hub.a.charge(&back("r2", "a", "4.00")).await,
        400,
        "refund-amount-exceeded",
    );
    // What is not certain yet is not shown as given back.
    let shown = hub.a.get("/transaction/a").await.expect(200);
    assert_eq!(shown["refundedAmount"], Value::Null);
    hub.a.charge(&back("r3", "a", "3.33")).await.expect(200);
    hub.bx.advance(180).await;
    let shown = hub.a.get("/transaction/a").await.expect(200);
    assert_eq!(shown["refundedAmount"], 9.33);
    csp.next(&[Mood::Hangs, Mood::No(400, "refund-not-allowed")]);
    processing(&hub.a.charge(&back("r4", "a", "0.66")).await);
    hub.bx.advance(180).await;
    refused(
        &hub.a.charge(&back("r4", "a", "0.66")).await,
        400,
        "refund-not-allowed",
    );
    hub.a.charge(&back("r5", "a", "0.66")).await.expect(200);
    assert_eq!(csp.booked(), 4);
    // To the cent, whatever the order.
    let books = hub.books();
    let opening = ["customer:2", "opening"];
    assert!(books.keys().eq(opening), "{books:?}");
    hub.prove();
}
