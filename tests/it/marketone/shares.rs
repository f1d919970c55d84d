//! Who gets what of a charge that is given back in parts: in the end nobody has anything of it.

use serde_json::{Value, json};

use super::{Hub, P1, purchase};
use crate::alphaott::given::merged;
use crate::support::fixture::a_hub;

fn back(id: &str, of: &str, minor: i64) -> Value {
    let more = json!({
        "transactionType": "REFUND", "originalExtTransactionID": of, "amount": decimal(minor),
    });
    merged(purchase(id, P1), more)
}

fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

async fn agree(hub: &Hub, share: &str) {
    let partner = json!({
        "key": "NFLX", "name": "A", "share": share, "refunds": true,
        "products": [{"code": "NFLX-STD", "title": "M"}], "currencies": ["USD"],
    });
    hub.bx.apply(json!({"partners": [partner]})).await;
}

/// 58.7 % of 9.99 are 5.86. Three times a third of that, each rounded by itself, would be 5.88.
#[tokio::test]
async fn three_thirds_of_a_charge_are_the_whole_share() {
    let hub = a_hub().await;
    agree(&hub, "58.7").await;
    let before = hub.books();
    hub.a.charge(&purchase("c", P1)).await.expect(200);
    assert_eq!(hub.held("partner:1", "USD"), 586);
    let mut left = Vec::new();
    for id in ["r1", "r2", "r3"] {
        hub.a.charge(&back(id, "c", 333)).await.expect(200);
        left.push((hub.held("partner:1", "USD"), hub.held("revenue", "USD")));
    }
    assert_eq!(left, [(391, 275), (195, 138), (0, 0)]);
    assert_eq!(hub.books(), before);
    hub.prove();
}

/// A number below `limit` that looks random and is the same every time.
fn below(state: &mut u64, limit: i64) -> i64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    i64::try_from(*state % limit.unsigned_abs()).unwrap()
}

/// However a charge is split, whatever the share and the tax: what was given back is never further
/// from its part of the share than a cent, and at the end no account has a rest.
#[tokio::test]
async fn no_split_leaves_anybody_a_rest() {
    let hub = a_hub().await;
    let mut state = 88_172_645_463_325_252;
    for (round, share) in ["58.7", "33.333", "0.05", "99.99", "70", "100"]
        .into_iter()
        .enumerate()
    {
        agree(&hub, share).await;
        let before = hub.books();
        for number in 0..8 {
            let charge = format!("c{round}-{number}");
            let amount = 1 + below(&mut state, 5_000);
            let tax = below(&mut state, amount / 3 + 1);
            let taxed = json!({
                "amount": decimal(amount), "isTaxIncluded": true, "taxAmount": decimal(tax),
            });
            let made = hub.a.charge(&merged(purchase(&charge, P1), taxed)).await;
            assert_eq!(made.status, 200, "{}", made.told());
            let whole = hub.books();
            let held = |books: &std::collections::BTreeMap<String, i64>, account: &str| {
                books.get(account).copied().unwrap_or(0)
            };
            let mut given = 0;
            let mut part = 0;
            while given < amount {
                // Mostly small parts; the seventh is all that is left.
                let most = if part == 6 { i64::MAX } else { amount / 3 + 1 };
                let minor = (1 + below(&mut state, most)).min(amount - given);
                let minor = if part == 6 { amount - given } else { minor };
                let id = format!("r{round}-{number}-{part}");
                let answer = hub.a.charge(&back(&id, &charge, minor)).await;
                assert_eq!(answer.status, 200, "{}", answer.told());
                given += minor;
                part += 1;
                let books = hub.books();
                for account in ["partner:1", "revenue"] {
                    let exact = held(&whole, account) * (amount - given) / amount;
                    let drift = held(&books, account) - exact;
                    assert!(drift.abs() <= 2, "{account}: {drift} cents after {id}");
                }
            }
            assert_eq!(hub.books(), before, "{share} {charge}");
        }
    }
    hub.prove();
}
