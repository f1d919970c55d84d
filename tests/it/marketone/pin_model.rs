//! Random PINs, guesses, charges and repeats of two partners while time goes by, against a model of
//! §2.4, §2.5 and §4.2: same answers, same books.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config as Runner, TestRunner};
use serde_json::{Value, json};

use super::{Hub, P1, P2};
use crate::alphaott::given::merged;
use crate::kit::run;
use crate::support::gateway::Gateway;

const ACCOUNTS: [&str; 2] = [P1, P2];

#[derive(Debug, Clone)]
enum Step {
    Make,
    Tell {
        right: bool,
    },
    /// With no PIN, a wrong one or the right one.
    Charge {
        id: u8,
        pin: Option<bool>,
    },
    Wait(i64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Live,
    Over,
    Marked(i64),
    Burnt,
}

struct Pin {
    digits: String,
    made: i64,
    tries: u8,
    state: State,
}

#[derive(Default)]
struct Model {
    now: i64,
    /// By partner and account, oldest first.
    pins: BTreeMap<(usize, usize), Vec<Pin>>,
    /// By partner and its id: for which account, and what was answered for good.
    answered: BTreeMap<(usize, u8), (usize, String)>,
    /// Partner and account.
    charged: BTreeSet<(usize, usize)>,
    balance: [i64; 2],
}

impl Model {
    /// Seconds until one may be made; 0: now.
    fn wait(&self, who: (usize, usize)) -> i64 {
        let made = self
            .pins
            .get(&who)
            .into_iter()
            .flatten()
            .map(|pin| pin.made);
        let mut made: Vec<i64> = made.filter(|at| at + 900 > self.now).collect();
        made.sort_unstable();
        let gap = made.last().map_or(0, |at| at + 30 - self.now);
        let full = made
            .len()
            .checked_sub(5)
            .map_or(0, |i| made[i] + 900 - self.now);
        gap.max(full).max(0)
    }

    /// What telling the newest PIN answers; it counts.
    fn tell(&mut self, who: (usize, usize), right: bool) -> &'static str {
        let now = self.now;
        let Some(pin) = self.pins.get_mut(&who).and_then(|pins| pins.last_mut()) else {
            return "pin-not-found";
        };
        match pin.state {
            State::Burnt => "pin-attempts-exceeded",
            State::Live if now < pin.made + 300 => {
                if right {
                    pin.state = State::Marked(now);
                    return "";
                }
                pin.tries += 1;
                if pin.tries < 3 {
                    return "pin-invalid";
                }
                pin.state = State::Burnt;
                "pin-attempts-exceeded"
            }
            _ => "pin-expired",
        }
    }

    fn charge(&mut self, who: (usize, usize), pin: Option<bool>) -> &'static str {
        let now = self.now;
        let marked = |pin: &Pin| matches!(pin.state, State::Marked(at) if now < at + 600);
        let newest = self.pins.get(&who).and_then(|pins| pins.last());
        let again = newest.is_some_and(marked) && pin == Some(true);
        if let Some(right) = pin
            && !again
        {
            let answer = self.tell(who, right);
            if !answer.is_empty() {
                return answer;
            }
        }
        let pins = self.pins.entry(who).or_default();
        let mark = match pin {
            Some(_) => pins.len().checked_sub(1),
            None => pins.iter().rposition(marked),
        };
        // The second partner wants one for the first charge of an account only.
        let known = who.0 == 1 && self.charged.contains(&who);
        if pin.is_none() && !known && mark.is_none() {
            return "pin-required";
        }
        // P2 is prepaid, with 5.00.
        if who.1 == 1 && self.balance[1] < 100 {
            return "insufficient-funds";
        }
        if let Some(mark) = mark.filter(|_| pin.is_some() || !known) {
            pins[mark].state = State::Over;
        }
        self.balance[who.1] -= 100;
        ""
    }
}

fn steps() -> impl Strategy<Value = Vec<(usize, usize, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Make),
        3 => any::<bool>().prop_map(|right| Step::Tell { right }),
        4 => (0..12u8, proptest::option::of(any::<bool>()))
            .prop_map(|(id, pin)| Step::Charge { id, pin }),
        3 => prop_oneof![Just(1), Just(30), Just(299), Just(300), Just(600), 1..1_000i64]
            .prop_map(Step::Wait),
    ];
    proptest::collection::vec((0..2usize, 0..2usize, step), 1..60)
}

/// The newest PIN, or a wrong one.
fn digits(model: &Model, who: (usize, usize), right: bool) -> String {
    let newest = model.pins.get(&who).and_then(|pins| pins.last());
    let held = newest.map_or("123456", |pin| pin.digits.as_str());
    if right {
        return held.to_owned();
    }
    let number: u32 = held.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

async fn walk(hub: &Hub, gateway: &Gateway, steps: &[(usize, usize, Step)]) {
    let mut model = Model::default();
    model.balance[1] = 500;
    for (partner, account, step) in steps {
        let who = (*partner, *account);
        let caller = if *partner == 0 { &hub.a } else { &hub.b };
        let named = json!({"accountIdentifier": ACCOUNTS[*account]});
        let code = |answer: &crate::support::Answer| {
            let code = answer.json()["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            assert_eq!(answer.status == 200, code.is_empty(), "{}", answer.told());
            code
        };
        match step {
            Step::Make => {
                let wait = model.wait(who);
                let answer = caller.post("/pin", &named).await;
                if wait > 0 {
                    assert_eq!(code(&answer), "pin-limit-exceeded");
                    assert_eq!(answer.headers["retry-after"], wait.to_string().as_str());
                    continue;
                }
                answer.expect(200);
                let pins = model.pins.entry(who).or_default();
                for pin in pins.iter_mut().filter(|pin| pin.state == State::Live) {
                    pin.state = State::Over;
                }
                pins.push(Pin {
                    digits: super::pins::received(hub, gateway).await,
                    made: model.now,
                    tries: 0,
                    state: State::Live,
                });
            }
            Step::Tell { right } => {
                let pin = digits(&model, who, *right);
                let body = merged(named, json!({ "pin": pin }));
                let answer = caller.post("/pin/validate", &body).await;
                assert_eq!(code(&answer), model.tell(who, *right), "{step:?} {who:?}");
            }
            Step::Charge { id, pin } => {
                let mut body = merged(
                    named,
                    json!({"extTransactionID": format!("t{id}"), "amount": 1, "currency": "USD",
                        "description": "D"}),
                );
                if *partner == 0 {
                    body["productCode"] = json!("NFLX-STD");
                }
                if let Some(right) = pin {
                    body["pin"] = json!(digits(&model, who, *right));
                }
                let answer = caller.charge(&body).await;
                match model.answered.get(&(*partner, *id)).cloned() {
                    Some((of, text)) if of == *account => assert_eq!(answer.text, text),
                    Some(_) => assert_eq!(code(&answer), "duplicate-transaction"),
                    None => {
                        let expected = model.charge(who, *pin);
                        assert_eq!(code(&answer), expected, "{step:?} {who:?}");
                        match expected {
                            "" => {
                                let held = (*account, answer.text.clone());
                                model.answered.insert((*partner, *id), held);
                                model.charged.insert(who);
                            }
                            // Final, but no charge.
                            "insufficient-funds" => {
                                let held = (*account, answer.text.clone());
                                model.answered.insert((*partner, *id), held);
                            }
                            _ => {}
                        }
                    }
                }
            }
            Step::Wait(seconds) => {
                hub.bx.advance(*seconds).await;
                model.now += seconds;
            }
        }
    }
    let books = hub.books();
    let held = |name: &str| books.get(name).copied().unwrap_or(0);
    assert_eq!([held("customer:1"), held("customer:2")], model.balance);
    hub.prove();
}

#[test]
fn random_pins_are_answered_as_the_model_says() {
    let mut runner = TestRunner::new(Runner {
        cases: 24,
        ..Runner::default()
    });
    let walked = runner.run(&steps(), |steps| {
        run(async move {
            let gateway = Gateway::open().await;
            let hub = super::pins::open(&gateway, "every-charge").await;
            let agreed: Value = json!({"partners": [
                {"key": "NFLX", "name": "A", "products": [{"code": "NFLX-STD", "title": "Monthly"}],
                 "pin_policy": "every-charge", "sends_pin": true},
                {"key": "GOOG", "name": "B", "pin_policy": "first-charge", "sends_pin": true},
            ]});
            hub.bx.apply(agreed).await;
            walk(&hub, &gateway, &steps).await;
        });
        Ok(())
    });
    walked.expect("the model agrees");
}
