//! Random charges, refunds, repeats and questions of two partners, against a model of what must be
//! answered: same answers, same books.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config as Runner, TestRunner};
use serde_json::{Value, json};

use super::{Hub, P1, P2, P3, P4, P6, P7};
use crate::kit::run;
use crate::support::fixture::a_hub;

const ACCOUNTS: [&str; 6] = [P1, P2, P3, P4, P6, P7];

#[derive(Debug, Clone)]
struct Ask {
    partner: usize,
    id: u8,
    account: usize,
    amount: i64,
    refund_of: Option<u8>,
    kind: u8,
}

/// What the model knows of a transaction.
#[derive(Debug, Clone)]
struct Held {
    ask: String,
    answer: (u16, String),
    account: usize,
    amount: i64,
    refunded: i64,
    is_charge: bool,
    good: bool,
}

#[derive(Default)]
struct Model {
    held: BTreeMap<(usize, u8), Held>,
    /// By account, in cents.
    spent: [i64; 6],
    balance: [i64; 6],
}

impl Model {
    fn body(ask: &Ask) -> Value {
        let amount = format!("{}.{:02}", ask.amount / 100, ask.amount % 100);
        let mut body = json!({
            "extTransactionID": format!("t{}", ask.id), "accountIdentifier": ACCOUNTS[ask.account],
            "amount": amount, "currency": "USD", "description": "D",
        });
        if ask.partner == 0 {
            body["productCode"] = json!("NFLX-STD");
        }
        if let Some(of) = ask.refund_of {
            body["transactionType"] = json!("REFUND");
            body["originalExtTransactionID"] = json!(format!("t{of}"));
        }
        body
    }

    /// Status and code that must be answered; a code of none is a success.
    fn expected(&mut self, ask: &Ask) -> (u16, &'static str, bool) {
        if matches!(ACCOUNTS[ask.account], P3) {
            return (404, "account-not-found", false);
        }
        if let Some(of) = ask.refund_of {
            if ask.partner == 1 {
                return (400, "refund-not-allowed", false);
            }
            let Some(charge) = self.held.get(&(ask.partner, of)) else {
                return (404, "transaction-not-found", false);
            };
            if charge.account != ask.account {
                return (404, "transaction-not-found", false);
            }
            if !charge.is_charge || !charge.good {
                return (400, "refund-not-allowed", false);
            }
            if charge.refunded + ask.amount > charge.amount {
                return (400, "refund-amount-exceeded", false);
            }
            return (200, "", true);
        }
        match ACCOUNTS[ask.account] {
            P4 => return (400, "suspended-non-payment", true),
            P6 => return (400, "not-eligible", true),
            _ => {}
        }
        if ask.partner == 0 && ask.amount > 5_000 {
            return (400, "amount-limit-exceeded", true);
        }
        if ACCOUNTS[ask.account] == P7 && self.spent[ask.account] + ask.amount > 2_000 {
            return (400, "spending-limit-exceeded", true);
        }
        if ACCOUNTS[ask.account] == P2 && self.balance[ask.account] < ask.amount {
            return (400, "insufficient-funds", true);
        }
        (200, "", true)
    }

    fn keep(&mut self, ask: &Ask, written: String, answer: (u16, String), good: bool) {
        if good {
            let sign = if ask.refund_of.is_some() { 1 } else { -1 };
            self.balance[ask.account] += sign * ask.amount;
            self.spent[ask.account] -= sign * ask.amount;
            if let Some(of) = ask.refund_of {
                let charge = self.held.get_mut(&(ask.partner, of)).expect("a charge");
                charge.refunded += ask.amount;
            }
        }
        self.held.insert(
            (ask.partner, ask.id),
            Held {
                ask: written,
                answer,
                account: ask.account,
                amount: ask.amount,
                refunded: 0,
                is_charge: ask.refund_of.is_none(),
                good,
            },
        );
    }
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let ask = (
        0..2usize,
        0..12u8,
        0..6usize,
        prop_oneof![1..300i64, 1..1_500i64, 4_990..5_010i64],
        prop_oneof![3 => Just(None), 1 => (0..12u8).prop_map(Some)],
        0..10u8,
    );
    let ask = ask.prop_map(|(partner, id, account, amount, refund_of, kind)| Ask {
        partner,
        id,
        account,
        amount,
        refund_of,
        kind,
    });
    proptest::collection::vec(ask, 1..40)
}

async fn walk(hub: &Hub, model: &mut Model, asks: &[Ask]) {
    for ask in asks {
        let partner = if ask.partner == 0 { &hub.a } else { &hub.b };
        let held = model.held.get(&(ask.partner, ask.id)).cloned();
        if ask.kind == 0 {
            let found = partner.get(&format!("/transaction/t{}", ask.id)).await;
            match &held {
                None => assert_eq!(found.status, 404, "{ask:?}"),
                Some(held) => {
                    let body = found.json();
                    let status = if held.good { "SUCCEEDED" } else { "DENIED" };
                    assert_eq!(body["status"], status, "{ask:?}");
                    let cents = held.refunded;
                    let expected = match cents {
                        0 => Value::Null,
                        _ => serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100))
                            .expect("a number"),
                    };
                    let told = body["refundedAmount"].as_f64();
                    assert_eq!(told, expected.as_f64(), "{ask:?}");
                }
            }
            continue;
        }
        // Every third time what was said before is said again.
        let body = match &held {
            Some(held) if ask.kind < 5 => serde_json::from_str(&held.ask).expect("JSON"),
            _ => Model::body(ask),
        };
        let answer = partner.charge(&body).await;
        let written = body.to_string();
        if let Some(held) = held {
            if held.ask == written {
                assert_eq!((answer.status, answer.text), held.answer, "{ask:?}");
            } else {
                assert_eq!(answer.status, 409, "{ask:?}");
            }
            continue;
        }
        let (status, code, kept) = model.expected(ask);
        assert_eq!(answer.status, status, "{ask:?}: {}", answer.told());
        if status != 200 {
            assert_eq!(answer.json()["code"], code, "{ask:?}");
        }
        if kept {
            model.keep(ask, written, (answer.status, answer.text), status == 200);
        }
    }
}

#[test]
fn fuzz_partners_are_answered_as_the_model_says() {
    let mut config = Runner::default();
    // A box for each case.
    config.cases = config.cases.min(60) / 4;
    config.failure_persistence = None;
    let mut runner = TestRunner::new(config);
    let tried = runner.run(&asks(), |asks| {
        run(async {
            let hub = a_hub().await;
            let mut model = Model {
                balance: [0, 500, 0, 0, 0, 0],
                ..Model::default()
            };
            walk(&hub, &mut model, &asks).await;
            let books = hub.books();
            let customers = [1, 2, 3, 4, 6, 7];
            for (place, number) in customers.into_iter().enumerate() {
                let held = books.get(&format!("customer:{number}")).copied();
                assert_eq!(held.unwrap_or(0), model.balance[place], "customer {number}");
            }
            assert_eq!(books.values().sum::<i64>(), 0);
            hub.prove();
        });
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}
