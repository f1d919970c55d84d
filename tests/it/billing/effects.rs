//! What money and rights come to, said before and after: `"preview": true` and `effect`.

use serde_json::{Value, json};

use super::{Till, charge, monthly};
use crate::alphaott::{given, id_of};
use crate::support::Answer;
use crate::support::fixture::{a_page, a_till, a_till_selling};

impl Till {
    /// All that a look could have moved, as others read it.
    async fn state_of_all(&self) -> Vec<Value> {
        let api = &self.shop.api;
        let mut all = Vec::new();
        let own = [
            self.of_customer("invoices"),
            self.of_customer("payments"),
            self.console("voucher-batches"),
            self.shop.of_customer("account/balance"),
            self.shop.of_customer("orders"),
            self.shop.of_customer("services"),
            format!("/customers/{}", self.shop.customer),
        ];
        for path in own {
            all.push(api.get(path).await.expect(200));
        }
        all
    }

    /// Looks first, then does it; a look moves nothing, and says what comes.
    async fn look_and_do(&self, path: &str, body: &Value) -> Answer {
        let before = self.state_of_all().await;
        let look = given::merged(body.clone(), json!({"preview": true}));
        let looked = self.shop.api.post(self.console(path), look).await;
        assert_eq!(
            self.state_of_all().await,
            before,
            "a look at {path} moved something"
        );
        let done = self.shop.api.post(self.console(path), body.clone()).await;
        if done.status >= 400 {
            assert_eq!(looked.status, done.status, "{path} {body}");
            assert_eq!(
                looked.json()["detail"],
                done.json()["detail"],
                "{path} {body}"
            );
            return done;
        }
        assert_eq!(looked.status, 200, "{path} {body}: {}", looked.json());
        let looked = looked.json();
        assert_eq!(looked["preview"], true);
        let (looked, effect) = (&looked["effect"], &done.json()["effect"]);
        assert_eq!(nameless(looked), nameless(effect), "{path} {body}");
        done
    }

    fn order_path(&self, order: &str, verb: &str) -> String {
        format!("customers/{}/orders/{order}/{verb}", self.shop.customer)
    }

    fn own(&self, rest: &str) -> String {
        format!("customers/{}/{rest}", self.shop.customer)
    }
}

/// Without the numbers of what is made, which a look does not know.
fn nameless(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !["id", "number", "order"].contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), nameless(value)))
            .collect(),
        Value::Array(list) => list.iter().map(nameless).collect(),
        other => other.clone(),
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        let place = usize::try_from(self.below(list.len() as u64)).unwrap();
        list[place].clone()
    }
}

async fn names(till: &Till, path: String) -> Vec<String> {
    let list = given::list(till.shop.api.get(path).await.expect(200));
    let name = |of: &Value| match (&of["_id"], &of["id"], &of["number"]) {
        (Value::String(id), _, _) => id.clone(),
        (_, Value::Null, number) => number.to_string(),
        (_, id, _) => id.to_string(),
    };
    list.iter().map(name).collect()
}

/// One request that moves money or rights, of what there is.
async fn any_request(till: &Till, dice: &mut Dice, offers: &[String]) -> (String, Value) {
    let orders = names(till, till.shop.of_customer("orders")).await;
    let payments = names(till, till.of_customer("payments")).await;
    let invoices = names(till, till.of_customer("invoices")).await;
    let amount = dice.one_of(&["1.00", "4.50", "10.00", "25.00"]);
    let order = dice.one_of(&orders);
    let payment = payments.get(usize::try_from(dice.below(4)).unwrap());
    let payment = payment.map_or("9999", String::as_str);
    match dice.below(11) {
        0 | 1 => {
            let body = json!({"amount": amount, "method": "cash"});
            (till.own("payments"), body)
        }
        2 => {
            let how = dice.one_of(&["GOODWILL", "RETURNED"]);
            let body = json!({"amount": amount, "as": how});
            (format!("payments/{payment}/refunds"), body)
        }
        3 => (till.order_path(&order, "pause"), json!({})),
        4 => (till.order_path(&order, "resume"), json!({})),
        5 => (till.order_path(&order, "renew"), json!({})),
        6 => {
            let body = json!({"offer": dice.one_of(offers), "lift": dice.below(2) == 0});
            (till.order_path(&order, "change"), body)
        }
        7 => {
            let credit = dice.one_of(&[json!(false), json!(true), json!("WHOLE")]);
            (till.order_path(&order, "end"), json!({"credit": credit}))
        }
        8 => {
            let number = invoices.first().map_or("9999", String::as_str);
            let body = json!({"reason": "billed in error"});
            (format!("invoices/{number}/void"), body)
        }
        9 => {
            let body = json!({"amount": amount, "reason": "moved away"});
            (till.own("write-offs"), body)
        }
        _ => {
            let body = json!({"title": "Gifts", "amount": amount, "count": 3});
            ("voucher-batches".to_owned(), body)
        }
    }
}

/// Whatever is asked for in whatever state, a look moves nothing and says what comes.
#[tokio::test]
async fn a_look_is_the_truth_and_moves_nothing() {
    for seed in [3, 1_789, 77_041] {
        let mut dice = Dice(seed);
        let till = a_till_selling(json!({"billing": dice.one_of(&["POSTPAID", "PREPAID"])})).await;
        let dearer = monthly(&till.shop, json!({"charges": [charge("15.00")]})).await;
        let offers = [till.shop.offer.clone(), dearer];
        till.order().await;
        let mut done = 0;
        for step in 0..36 {
            if step % 3 == 2 {
                till.days(i64::try_from(1 + dice.below(12)).unwrap()).await;
            }
            if step % 9 == 8 {
                till.order().await;
            }
            let (path, body) = any_request(&till, &mut dice, &offers).await;
            done += u32::from(till.look_and_do(&path, &body).await.status < 400);
        }
        assert!(done >= 8, "seed {seed}: only {done} were done");
        till.prove();
    }
}

#[tokio::test]
async fn cash_says_what_it_opened_and_what_is_missing() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(60).await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    let body = json!({"amount": "4.00", "method": "cash"});
    let less = till
        .look_and_do(&till.own("payments"), &body)
        .await
        .expect(201);
    let effect = &less["effect"];
    assert_eq!(effect["orders"], json!([]), "{effect}");
    assert_eq!(effect["missing"][0]["amount"], "6.00");
    assert_eq!(effect["missing"][0]["standing"], "FROZEN");
    assert_eq!(effect["balance"][0]["before"], "0.00");
    assert_eq!(effect["balance"][0]["after"], "4.00");
    let body = json!({"amount": "6.00", "method": "cash"});
    let enough = till
        .look_and_do(&till.own("payments"), &body)
        .await
        .expect(201);
    let effect = &enough["effect"];
    let status = json!({"before": "INACTIVE", "after": "ACTIVE"});
    assert_eq!(effect["orders"][0]["status"], status);
    let status = json!({"before": "FROZEN", "after": "ACTIVE"});
    assert_eq!(effect["services"][0]["status"], status);
    assert_eq!(effect["invoices"][0]["total"], "10.00");
    assert_eq!(effect["missing"], json!([]));
    assert_eq!(effect["payments"][0]["amount"], "6.00");
}

#[tokio::test]
async fn a_change_of_plan_shows_its_credit_and_its_bill() {
    let till = a_till().await;
    till.pay("40").await;
    let order = till.order().await;
    let dearer = monthly(&till.shop, json!({"charges": [charge("15.00")]})).await;
    let path = till.order_path(&id_of(&order), "change");
    let done = till.look_and_do(&path, &json!({"offer": dearer})).await;
    let effect = &done.expect(201)["effect"];
    let kinds: Vec<&Value> = given_list(effect, "invoices", "kind");
    assert_eq!(kinds, ["CREDIT_NOTE", "INVOICE"]);
    assert_eq!(given_list(effect, "invoices", "total")[1], "15.00");
    assert_eq!(effect["orders"][0]["status"]["after"], "EXPIRED");
    assert_eq!(effect["orders"][1]["status"], json!({"after": "ACTIVE"}));
}

fn given_list<'v>(effect: &'v Value, list: &str, member: &str) -> Vec<&'v Value> {
    let list = effect[list].as_array().expect("a list");
    list.iter().map(|of| &of[member]).collect()
}

/// The key of a look is as good as before, and one that was used says that a repeat moves nothing.
#[tokio::test]
async fn a_look_uses_up_no_key() {
    let till = a_till().await;
    let order = till.order().await;
    let headers = [
        ("Idempotency-Key", "k"),
        ("Content-Type", "application/json"),
    ];
    let send = async |body: Value| {
        let path = till.console(&till.order_path(&id_of(&order), "pause"));
        let body = Some(body.to_string().into_bytes());
        till.shop
            .api
            .send("POST", path, body, &headers)
            .await
            .expect(200)
    };
    let orders = |answer: &Value| answer["effect"]["orders"].as_array().unwrap().len();
    assert_eq!(orders(&send(json!({"preview": true})).await), 1);
    assert_eq!(orders(&send(json!({})).await), 1);
    let again = send(json!({"preview": true})).await;
    assert_eq!(orders(&again), 0, "a repeat moves nothing");
    assert_eq!(orders(&send(json!({"preview": false})).await), 0);
}

/// Nothing is done where the wish to look is not understood, on every path.
#[tokio::test]
async fn a_look_that_is_misspelled_does_nothing() {
    let till = a_till().await;
    let order = id_of(&till.order().await);
    let before = till.state_of_all().await;
    for verb in ["pause", "resume", "renew", "end"] {
        for body in [
            json!({"preview": "yes"}),
            json!({"previw": true}),
            json!({"preview": null}),
        ] {
            let path = till.console(&till.order_path(&order, verb));
            let answer = till.shop.api.post(path, body.clone()).await;
            assert_eq!(answer.status, 400, "{verb} {body}");
        }
    }
    let release = till.console("runs/1/release");
    let answer = till.shop.api.post(release, json!({"preview": true})).await;
    assert_eq!(answer.status, 400);
    assert_eq!(till.state_of_all().await, before);
}

/// Vouchers that are sold and redeemed, and money that a person says is there.
#[tokio::test]
async fn vouchers_are_looked_at_before_they_are_sold_or_redeemed() {
    let till = a_till().await;
    let wish = json!({"title": "Gifts", "amount": "5.00", "count": 2});
    let batch = till.look_and_do("voucher-batches", &wish).await.expect(201);
    assert_eq!(batch["effect"]["voucher_batches"][0]["total"], "10.00");
    let sale = json!({"count": 2, "method": "cash"});
    let path = format!("voucher-batches/{}/sales", batch["id"]);
    let sold = till.look_and_do(&path, &sale).await.expect(201);
    let sold = &sold["effect"]["voucher_batches"][0]["sold"];
    assert_eq!(*sold, json!({"before": "0.00", "after": "10.00"}));
    let path = format!("voucher-batches/{}/returns", batch["id"]);
    let back = json!({"count": 1, "method": "cash", "amount": "5.00"});
    till.look_and_do(&path, &back).await.expect(201);
    let code = json!({"code": batch["codes"][0]});
    let used = till.look_and_do(&till.own("vouchers"), &code).await;
    let used = used.expect(201);
    assert_eq!(used["effect"]["balance"][0]["after"], "5.00");
    let again = till.look_and_do(&till.own("vouchers"), &code).await;
    assert_eq!(again.status, 409, "used");
    // Taken out of use, which is answered without a body.
    let path = till.console(&format!("voucher-batches/{}", batch["id"]));
    let before = till.state_of_all().await;
    let send = async |body: &str| {
        let json = [("Content-Type", "application/json")];
        let body = Some(body.as_bytes().to_vec());
        till.shop.api.send("DELETE", &path, body, &json).await
    };
    let looked = send(r#"{"preview": true}"#).await.expect(200);
    assert_eq!(till.state_of_all().await, before);
    let revoked = &looked["effect"]["voucher_batches"][0]["revoked"];
    assert_eq!(*revoked, json!({"after": crate::support::NOW}));
    assert_eq!(send(r#"{"previw": true}"#).await.status, 400);
    assert_eq!(till.state_of_all().await, before);
    assert_eq!(send("").await.status, 204);
}

/// A payment by hand that a person confirms, gives up, or confirms after that: what the page's
/// order gets by it.
#[tokio::test]
async fn payments_by_hand_are_looked_at_before_they_are_decided() {
    let page = a_page().await;
    let till = &page.till;
    let open = async || {
        let open = till.console("payments/open");
        given::list(till.shop.api.get(open).await.expect(200))[0]["id"].clone()
    };
    page.submit("10.00", "manual").await;
    let first = open().await;
    let reason = json!({"reason": "never came"});
    let path = format!("payments/{first}/fail");
    let given_up = till.look_and_do(&path, &reason).await.expect(200);
    let state = &given_up["effect"]["payments"][0]["state"];
    assert_eq!(*state, json!({"before": "PROCESSING", "after": "FAILED"}));
    assert_eq!(given_up["effect"]["orders"], json!([]));
    page.submit("10.00", "manual").await;
    let path = format!("payments/{}/confirm", open().await);
    let paid = till.look_and_do(&path, &json!({})).await.expect(200);
    let effect = &paid["effect"];
    assert_eq!(effect["payments"][0]["state"]["after"], "SUCCEEDED");
    assert_eq!(effect["orders"][0]["status"]["after"], "ACTIVE");
    assert_eq!(effect["invoices"][0]["total"], "10.00");
    // It came all the same, after it was given up: it lies on the balance.
    let path = format!("payments/{first}/confirm");
    let late = till.look_and_do(&path, &json!({})).await.expect(200);
    assert_eq!(late["effect"]["balance"][0]["after"], "10.00");
    assert_eq!(late["effect"]["orders"], json!([]));
    till.prove();
}

/// Money that is nobody's, and somebody's then.
#[tokio::test]
async fn held_money_is_looked_at_before_it_finds_its_customer() {
    let page = a_page().await;
    let till = &page.till;
    page.submit("10.00", "sandbox&card=4000000000000077").await;
    let gone = format!("/customers/{}", till.shop.customer);
    till.shop.api.delete(gone).await;
    till.shop.bx.advance(60).await;
    let open = till.console("payments/open");
    let held = given::list(till.shop.api.get(&open).await.expect(200));
    let other = crate::alphaott::customer(&till.shop.api).await;
    let balance = async || {
        let path = format!("/customers/{other}/account/balance");
        till.shop.api.get(path).await.expect(200)["amount"].clone()
    };
    let before = (balance().await, held.clone());
    let path = till.console(&format!("payments/{}/resolve", held[0]["id"]));
    let look = json!({"customer": other, "preview": true});
    let looked = till.shop.api.post(&path, look).await.expect(200);
    let after = given::list(till.shop.api.get(&open).await.expect(200));
    assert_eq!((balance().await, after), before);
    let whose = json!({"customer": other});
    let done = till.shop.api.post(&path, whose).await.expect(200);
    assert_eq!(looked["preview"], true);
    assert_eq!(nameless(&looked["effect"]), nameless(&done["effect"]));
    let moved = &done["effect"]["balance"][0];
    assert_eq!(
        (&moved["before"], &moved["after"]),
        (&json!("0.00"), &json!("10.00"))
    );
    till.prove();
}
