//! What gives value away needs a right of its own, whichever way it is asked for; selling what the
//! catalogue has, as it has it, does not.

use boxoffice::domain::staff::{Permission, Role};
use serde_json::{Value, json};

use crate::alphaott::id_of;
use crate::billing::{Till, charge, monthly};
use crate::support::fixture::{a_till, a_till_selling};
use crate::support::{Answer, Client};

/// A way to give something away.
struct Gift {
    name: &'static str,
    /// The rights that it needs, the usual one first.
    needs: [Permission; 2],
    method: &'static str,
    path: String,
    body: Value,
}

fn gift(name: &'static str, needs: [Permission; 2], ask: (&'static str, String, Value)) -> Gift {
    let (method, path, body) = ask;
    Gift {
        name,
        needs,
        method,
        path,
        body,
    }
}

fn roles() -> impl Iterator<Item = Role> {
    // Whose scripts have no token: see `sessions`.
    Role::ALL.into_iter().filter(|role| *role != Role::Api)
}

async fn ask(client: &Client, gift: &Gift) -> Answer {
    client
        .send_json(gift.method, &gift.path, gift.body.clone())
        .await
}

/// Time beyond what an offer sells, when an order is opened.
async fn new_orders(till: &Till) -> Vec<Gift> {
    let trial = monthly(
        &till.shop,
        json!({"duration": 1, "numberOfBillingCycles": 3}),
    )
    .await;
    let once = monthly(&till.shop, json!({"type": "ONE_TIME"})).await;
    let order = |name, extra: Value| {
        let mut body = json!({"offer": till.shop.offer});
        for (member, value) in extra.as_object().expect("members") {
            body[member] = value.clone();
        }
        let ask = ("POST", till.shop.of_customer("orders"), body);
        gift(name, [Permission::OrdersWrite, Permission::TimeGive], ask)
    };
    vec![
        order("a far end", json!({"expires": "2036-01-31T10:00:00Z"})),
        order(
            "a far next cycle",
            json!({"nextBillingCycle": "2036-01-31T10:00:00Z"}),
        ),
        order("a longer term", json!({"duration": 120})),
        order("longer periods", json!({"period": "YEAR"})),
        order("made later", json!({"created": "2026-02-28T10:00:00Z"})),
        order(
            "paid elsewhere",
            json!({"created": "2026-01-15T10:00:00Z", "nextBillingCycle": "2026-12-15T10:00:00Z"}),
        ),
        order(
            "more cycles at the price of few",
            json!({"offer": trial, "numberOfBillingCycles": 0}),
        ),
        order(
            "paid once and running on",
            json!({"offer": once, "type": "RECURRING"}),
        ),
        order(
            "one that waits with a far end",
            json!({"status": "INACTIVE", "expires": "2036-01-31T10:00:00Z"}),
        ),
    ]
}

/// Time that a running order is given.
async fn changes(till: &Till) -> Vec<Gift> {
    let order = till.order().await;
    let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
    let change = |name, body| {
        let needs = [Permission::OrdersWrite, Permission::TimeGive];
        gift(name, needs, ("PUT", path.clone(), body))
    };
    vec![
        change("a later end", json!({"expires": "2036-01-31T10:00:00Z"})),
        change("no end", json!({"expires": null})),
        change(
            "a later next cycle",
            json!({"nextBillingCycle": "2036-01-31T10:00:00Z"}),
        ),
    ]
}

fn services(till: &Till) -> Vec<Gift> {
    let give = |name, extra: Value| {
        let mut body = json!({"serviceSpec": till.shop.included[0]});
        for (member, value) in extra.as_object().expect("members") {
            body[member] = value.clone();
        }
        let needs = [Permission::ServicesWrite, Permission::ServicesGive];
        gift(
            name,
            needs,
            ("POST", till.shop.of_customer("services"), body),
        )
    };
    vec![
        give(
            "a service until 2050",
            json!({"expires": "2050-01-01T00:00:00Z"}),
        ),
        give("a service without end", json!({})),
    ]
}

async fn prices(till: &Till) -> Vec<Gift> {
    let offer = till.shop.of_product(&format!("offers/{}", till.shop.offer));
    let free = monthly(&till.shop, json!({"charges": []})).await;
    let free = till.shop.of_product(&format!("offers/{free}"));
    let needs = [Permission::CatalogueWrite, Permission::RunningPricesWrite];
    let change = |name, path: &String, body| gift(name, needs, ("PUT", path.clone(), body));
    vec![
        change(
            "a price for everybody",
            &offer,
            json!({"charges": [charge("0.01")]}),
        ),
        change(
            "the same, said",
            &offer,
            json!({"charges": [charge("0.02")], "priceChange": "NEXT_CYCLE"}),
        ),
        change("a first price", &free, json!({"charges": [charge("1.00")]})),
        change(
            "a year of grace",
            &offer,
            json!({"dunning": {"grace_days": 365, "reminder_days": [], "suspend_days": 0}}),
        ),
    ]
}

async fn vouchers(till: &Till) -> Vec<Gift> {
    let needs = [Permission::MoneyRead, Permission::VouchersMake];
    let batch = json!({"title": "Shop", "amount": "5.00", "count": 2});
    let made = till.shop.api.post(till.console("voucher-batches"), &batch);
    let made = made.await.expect(201);
    let revoke = till.console(&format!("voucher-batches/{}", made["id"]));
    vec![
        gift(
            "vouchers",
            needs,
            ("POST", till.console("voucher-batches"), batch),
        ),
        gift("vouchers ended", needs, ("DELETE", revoke, json!({}))),
    ]
}

#[tokio::test]
async fn what_gives_value_away_needs_the_right_to() {
    let till = a_till().await;
    till.pay("100").await;
    let mut gifts = changes(&till).await;
    gifts.extend(new_orders(&till).await);
    gifts.extend(services(&till));
    gifts.extend(prices(&till).await);
    gifts.extend(vouchers(&till).await);
    let state = async || {
        let orders = till.shop.of_customer("orders");
        let offers = till.shop.of_product("offers");
        let mut told = till.shop.services().await;
        told.push(till.shop.api.get(orders).await.expect(200));
        told.push(till.shop.api.get(offers).await.expect(200));
        told
    };
    // Those who may not come first: what the others do shows in what is there.
    let before = state().await;
    for role in roles() {
        let asks = till.shop.bx.client_of(role.name()).await;
        for gift in &gifts {
            if !gift.needs.into_iter().all(|need| role.may(need)) {
                let answer = ask(&asks, gift).await;
                let told = format!("{} by {}: {}", gift.name, role.name(), answer.told());
                assert_eq!(answer.status, 403, "{told}");
            }
        }
    }
    assert_eq!(state().await, before);
    for role in roles() {
        let asks = till.shop.bx.client_of(role.name()).await;
        for gift in &gifts {
            if gift.needs.into_iter().all(|need| role.may(need)) {
                let answer = ask(&asks, gift).await;
                let told = format!("{} by {}: {}", gift.name, role.name(), answer.told());
                assert!((200..300).contains(&answer.status), "{told}");
            }
        }
    }
    till.prove();
}

#[tokio::test]
async fn who_gives_nothing_away_sells_as_the_catalogue_has_it() {
    let till = a_till().await;
    let orders = till.shop.of_customer("orders");
    for role in [Role::Dealer, Role::Cashier] {
        let asks = till.shop.bx.client_of(role.name()).await;
        for extra in [
            json!({}),
            json!({"created": "2026-01-31T09:00:00Z"}),
            json!({"expires": "2026-02-10T10:00:00Z"}),
            json!({"numberOfBillingCycles": 2}),
            json!({"status": "INACTIVE"}),
        ] {
            let mut body = json!({"offer": till.shop.offer, "createCustomerServices": true});
            for (member, value) in extra.as_object().expect("members") {
                body[member] = value.clone();
            }
            let sold = asks.post(&orders, body).await.expect(201);
            let path = format!("{orders}/{}", id_of(&sold));
            // What is sent back as it was read moves nothing, whoever sends it.
            asks.put(&path, &sold).await.expect(200);
            asks.put(&path, json!({"status": "CANCELED"}))
                .await
                .expect(200);
        }
    }
    till.prove();
}

#[tokio::test]
async fn services_may_run_as_long_as_what_is_paid() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    let paid = order["nextBillingCycle"].clone();
    let support = till.shop.bx.client_of(Role::Support.name()).await;
    let services = till.shop.of_customer("services");
    let body = json!({"serviceSpec": till.shop.included[1], "expires": paid});
    support.post(&services, &body).await.expect(201);
    // Longer is not; and what a manager gave can be sent back as it is.
    let later = json!({"serviceSpec": till.shop.included[1], "expires": "2026-03-05T00:00:00Z"});
    let refused = support.post(&services, &later).await;
    refused.expect_error(403, "ForbiddenError", "beyond the paid end");
    till.shop.api.post(&services, &later).await.expect(201);
    support.post(&services, &later).await.expect(201);
}

#[tokio::test]
async fn editors_make_prices_for_new_orders() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    let editor = till.shop.bx.client_of(Role::ContentEditor.name()).await;
    let path = till.shop.of_product(&format!("offers/{}", till.shop.offer));
    let body =
        json!({"title": "Monthly TV", "charges": [charge("12.00")], "priceChange": "NEW_ORDERS"});
    editor.put(&path, body).await.expect(200);
    // Back to the old term with the new price would reprice what runs.
    let other = json!({"duration": 2, "charges": [charge("0.01")]});
    editor.put(&path, other).await.expect(200);
    let back = editor.put(&path, json!({"duration": 1})).await;
    back.expect_error(403, "ForbiddenError", "prices of running orders");
    till.pay("10").await;
    till.days(29).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.balance().await, "0.00");
}

#[tokio::test]
async fn a_debt_is_not_lifted_by_who_may_give_nothing() {
    let till = a_till_selling(
        json!({"dunning": {"grace_days": 1, "reminder_days": [], "suspend_days": 1}}),
    )
    .await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(35).await;
    assert_eq!(&till.state(&order).await[..8], "INACTIVE");
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
    let customer = format!("/customers/{}", till.shop.customer);
    for role in [Role::Dealer, Role::Cashier] {
        let asks = till.shop.bx.client_of(role.name()).await;
        let answer = asks.put(&path, json!({"status": "ACTTIVE"})).await;
        answer.expect_error(403, "ForbiddenError", "");
    }
    for role in [Role::Dealer, Role::Support] {
        let asks = till.shop.bx.client_of(role.name()).await;
        let answer = asks.put(&customer, json!({"status": "ACTIVE"})).await;
        answer.expect_error(403, "ForbiddenError", "");
    }
    let manager = till.shop.bx.client_of(Role::Manager.name()).await;
    manager
        .put(&customer, json!({"status": "ACTIVE"}))
        .await
        .expect(200);
    manager
        .put(&path, json!({"status": "ACTTIVE"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn cashiers_dealers_and_vouchers_have_limits() {
    let till = a_till()
        .set(|config| {
            config.staff.payment_max = 50;
            config.staff.refund_max = 5;
            config.staff.sale_max = 11;
            config.staff.vouchers_max = 100;
        })
        .await;
    let dear = monthly(&till.shop, json!({"charges": [charge("11.01")]})).await;
    let cashier = till.shop.bx.client_of(Role::Cashier.name()).await;
    let (manager, owner) = (
        till.shop.bx.client_of(Role::Manager.name()).await,
        till.shop.bx.client_of(Role::Owner.name()).await,
    );
    let payments = till.of_customer("payments");
    let pay = |amount: &str| json!({"amount": amount, "method": "cash"});
    let refused = cashier.post(&payments, pay("50.01")).await;
    assert_eq!(refused.status, 403, "{}", refused.told());
    assert!(refused.text.contains("50.00 USD"), "{}", refused.told());
    manager.post(&payments, pay("50.01")).await.expect(201);
    let paid = cashier.post(&payments, pay("50.00")).await.expect(201);
    let refunds = till.console(&format!("payments/{}/refunds", paid["id"]));
    let back = |amount: &str| json!({"amount": amount});
    let refused = cashier.post(&refunds, back("5.01")).await;
    assert_eq!(refused.status, 403, "{}", refused.told());
    cashier.post(&refunds, back("5")).await.expect(201);
    manager.post(&refunds, back("5.01")).await.expect(201);
    let orders = till.shop.of_customer("orders");
    for role in [Role::Dealer, Role::Cashier] {
        let asks = till.shop.bx.client_of(role.name()).await;
        let answer = asks.post(&orders, json!({"offer": dear})).await;
        answer.expect_error(403, "ForbiddenError", "11.00 USD");
        let usual = json!({"offer": till.shop.offer});
        asks.post(&orders, usual).await.expect(201);
    }
    manager
        .post(&orders, json!({"offer": dear}))
        .await
        .expect(201);
    let batches = till.console("voucher-batches");
    let batch = |amount: &str| json!({"title": "x", "amount": amount, "count": 10});
    let refused = manager.post(&batches, batch("10.01")).await;
    assert_eq!(refused.status, 403, "{}", refused.told());
    manager.post(&batches, batch("10")).await.expect(201);
    owner.post(&batches, batch("10.01")).await.expect(201);
    till.prove();
}
