//! An id means one thing for ever: the same request is answered as the first time, any other under
//! that id is refused, whatever kind it is, and moves nothing.

use serde_json::{Value, json};

use super::{P1, P7, purchase, refused};
use crate::alphaott::given::merged;
use crate::support::fixture::a_hub;

fn back(id: &str, of: &str) -> Value {
    let more = json!({
        "transactionType": "REFUND", "originalExtTransactionID": of, "amount": "2.00",
    });
    merged(purchase(id, P1), more)
}

#[tokio::test]
async fn another_meaning_under_a_known_id_is_refused_and_moves_nothing() {
    let hub = a_hub().await;
    for id in ["one", "two"] {
        hub.a.charge(&purchase(id, P1)).await.expect(200);
    }
    let charge = hub.a.get("/transaction/one").await.text;
    let refund = hub.a.charge(&back("refund", "one")).await;
    assert_eq!(refund.status, 200, "{}", refund.told());
    let books = hub.books();
    let shown = [
        hub.a.get("/transaction/one").await.text,
        hub.a.get("/transaction/two").await.text,
        hub.a.get("/transaction/refund").await.text,
    ];
    assert_ne!(shown[0], charge);
    let others = [
        // A charge's id sent as a refund: of itself, of another charge, of nothing that is known.
        back("one", "one"),
        back("one", "two"),
        back("one", "none"),
        // A refund's id sent as a charge, of the same amount and of the charge's.
        merged(purchase("refund", P1), json!({"amount": "2.00"})),
        purchase("refund", P1),
        // A refund of another charge, of itself, of none that is known.
        back("refund", "two"),
        back("refund", "refund"),
        back("refund", "none"),
        // Another amount, account or currency; of the refund and of the charge.
        merged(back("refund", "one"), json!({"amount": "2.01"})),
        merged(back("refund", "one"), json!({"accountIdentifier": P7})),
        merged(
            back("refund", "one"),
            json!({"currency": "JPY", "amount": 2}),
        ),
        merged(purchase("one", P1), json!({"amount": "9.98"})),
        merged(purchase("one", P1), json!({"accountIdentifier": P7})),
        merged(purchase("one", P1), json!({"currency": "JPY", "amount": 9})),
    ];
    for other in others {
        refused(&hub.a.charge(&other).await, 409, "duplicate-transaction");
        assert_eq!(hub.books(), books, "{other}");
    }
    // The same once more is the same.
    let again = hub.a.charge(&back("refund", "one")).await;
    assert_eq!((again.status, &again.text), (200, &refund.text));
    let after = [
        hub.a.get("/transaction/one").await.text,
        hub.a.get("/transaction/two").await.text,
        hub.a.get("/transaction/refund").await.text,
    ];
    assert_eq!(after, shown);
    hub.prove();
}
