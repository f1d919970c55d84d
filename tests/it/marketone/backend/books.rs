//! However the carrier behaves, its books and ours say the same in the end.

use proptest::prelude::*;
use proptest::test_runner::{Config as Runner, TestRunner};
use serde_json::json;

use super::{Csp, Mood, back, hub, open, resolve};
use crate::alphaott::given::merged;
use crate::kit::run;
use crate::marketone::{P1, purchase};

#[derive(Debug, Clone)]
struct Step {
    mood: Mood,
    cents: i64,
    /// Gives back a part of one that was made before.
    of: Option<usize>,
    seconds: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let mood = prop_oneof![
        4 => Just(Mood::Good),
        1 => Just(Mood::Slow),
        1 => Just(Mood::Closes),
        1 => Just(Mood::No(500, "system-error")),
        1 => Just(Mood::No(429, "too-many-requests")),
        1 => Just(Mood::No(400, "insufficient-funds")),
        1 => Just(Mood::No(400, "invalid-request")),
    ];
    let step = (
        mood,
        1..5_000i64,
        prop_oneof![2 => Just(None), 1 => (0..20usize).prop_map(Some)],
        prop_oneof![3 => Just(0i64), 1 => 1..400i64],
    );
    let step = step.prop_map(|(mood, cents, of, seconds)| Step {
        mood,
        cents,
        of,
        seconds,
    });
    proptest::collection::vec(step, 1..40)
}

/// However the carrier behaves: in the end its books and ours say the same.
async fn live(steps: &[Step]) {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    let mut ids = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        hub.bx.advance(step.seconds).await;
        csp.next(&[step.mood]);
        let amount = format!("{}.{:02}", step.cents / 100, step.cents % 100);
        let id = format!("t{number}");
        let body = match step.of {
            Some(of) => back(&id, &format!("t{of}"), &amount),
            None => merged(purchase(&id, P1), json!({ "amount": amount })),
        };
        let answer = hub.a.charge(&body).await;
        assert!(
            matches!(answer.status, 200 | 400 | 404 | 503),
            "{}",
            answer.told()
        );
        ids.push(id);
    }
    csp.ledger().moods.clear();
    hub.bx.advance(86_400).await;
    // What met six faults on end is left to people, who look into the carrier's books.
    for held in open(&hub.bx).await.as_array().unwrap() {
        assert_eq!(held["flagged"], true, "{held}");
        let name = held["transactionID"].as_str().unwrap();
        let there = csp.ledger().booked.contains_key(name);
        let outcome = if there { "SUCCEEDED" } else { "DENIED" };
        resolve(&hub.bx, &held["id"], outcome).await.expect(200);
    }
    assert_eq!(open(&hub.bx).await, json!([]));
    let (mut succeeded, mut sum) = (0, 0i64);
    for id in ids {
        let shown = hub.a.get(&format!("/transaction/{id}")).await;
        if shown.status == 404 {
            continue;
        }
        let shown = shown.expect(200);
        let name = shown["transactionID"].as_str().unwrap();
        let there = csp.ledger().booked.get(name).cloned();
        assert_eq!(shown["status"] == "SUCCEEDED", there.is_some(), "{shown}");
        if let Some(there) = there {
            assert_eq!(there["amount"], shown["amount"]);
            let sign = if shown["transactionType"] == "REFUND" {
                1
            } else {
                -1
            };
            let cents = shown["amount"].as_f64().unwrap() * 100.0;
            sum += sign * format!("{cents:.0}").parse::<i64>().unwrap();
            succeeded += 1;
        }
    }
    assert_eq!(succeeded, csp.booked());
    assert_eq!(hub.held("carrier", "USD"), sum);
    hub.prove();
}

#[test]
fn fuzz_whatever_the_carrier_does_both_books_agree() {
    let mut config = Runner::default();
    // A box for each case.
    config.cases = config.cases.min(60) / 4;
    config.failure_persistence = None;
    let mut runner = TestRunner::new(config);
    let tried = runner.run(&steps(), |steps| {
        run(live(&steps));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}
