//! A partner that asks again and again, at once, after a crash: one charge, the same bytes.

use serde_json::json;

use super::{P1, P2, P7, purchase};
use crate::alphaott::given::merged;
use crate::support::fixture::a_hub;

/// "50 parallel copies of one charge: one entry."
#[tokio::test]
async fn fifty_copies_at_once_are_one_charge() {
    let hub = a_hub().await;
    let copies = (0..50).map(|_| {
        let partner = hub.a.clone();
        tokio::spawn(async move { partner.charge(&purchase("one", P1)).await })
    });
    let mut texts = Vec::new();
    for copy in copies.collect::<Vec<_>>() {
        let answer = copy.await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.told());
        texts.push(answer.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "the same bytes");
    assert_eq!(hub.books()["customer:1"], -999);
    hub.prove();
}

/// No limit and no balance is passed by asking for much at once.
#[tokio::test]
async fn many_charges_at_once_pass_no_limit() {
    let hub = a_hub().await;
    let charges = (0..60).map(|number| {
        let partner = hub.a.clone();
        let account = if number % 2 == 0 { P2 } else { P7 };
        let amount = json!({"amount": "1.50"});
        let body = merged(purchase(&format!("c{number}"), account), amount);
        tokio::spawn(async move { partner.charge(&body).await.status })
    });
    for charge in charges.collect::<Vec<_>>() {
        assert!(matches!(charge.await.expect("an answer"), 200 | 400));
    }
    let books = hub.books();
    // 5.00 less three times 1.50; 20.00 is thirteen times 1.50.
    assert_eq!(books["customer:2"], 50);
    assert_eq!(books["customer:7"], -1_950);
    hub.prove();
}
