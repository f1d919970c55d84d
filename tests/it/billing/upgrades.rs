//! Files of before that are brought in step when they are opened.

use boxoffice::config::Config;
use boxoffice::domain::billing::order::Order;
use boxoffice::store::{Read as _, StoreError, Tx};
use serde_json::json;

use super::pages::Page;
use super::{Till, charge, prove};
use crate::alphaott::{given, id_of};
use crate::support::TestBox;
use crate::support::fixture::{a_box, a_till};

/// The newest layout that knew nothing of who makes the services of an order.
const LAYOUT_BEFORE: u64 = 9;

/// Leaves the file as a program of that layout did: every order is without services unless its
/// caller made them.
async fn age(till: &Till) {
    let app = till.shop.bx.app();
    let aged: Result<(), StoreError> = app
        .store
        .write(|tx: &mut Tx<'_>| {
            for mut order in tx.all::<Order>()? {
                order.served_by_caller = true;
                tx.put(&order)?;
            }
            tx.put_meta("layout", &LAYOUT_BEFORE.to_be_bytes())
        })
        .await;
    aged.expect("an older file");
}

/// Those of the first customer, by what makes them.
fn served(bx: &TestBox) -> Vec<u64> {
    use boxoffice::domain::customers::service::Service;
    let services: Vec<Service> = bx.app().store.read().unwrap().all().unwrap();
    let orders = services.iter().filter_map(|service| service.origin.order());
    orders.map(|order| order.0).collect()
}

/// What was bought on a page before and is paid after has its services; what its caller serves has
/// none of ours.
#[tokio::test]
async fn an_order_that_waited_on_a_page_is_served_once_it_is_paid() {
    let folder = tempfile::tempdir().unwrap();
    let cards = |config: &mut Config| config.payments.sandbox = true;
    let till = a_till().in_folder(folder.path()).set(cards).await;
    // Placed by a script that makes the services: one that runs, one that waits.
    till.shop.place(json!({})).await;
    let waits = till.shop.place(json!({"status": "INACTIVE"})).await;
    // Of another product, or the page would be for the one that waits.
    let films = json!({"title": "Films", "serviceSpecs": till.shop.included});
    let product = id_of(&given::product(&till.shop.api, films).await);
    let monthly = json!({"type": "RECURRING", "charges": [charge("10.00")]});
    let offer = id_of(&given::offer(&till.shop.api, &product, monthly).await);
    let page = Page::asked(till, json!({"offerId": offer})).await;
    let (till, code) = (page.till, page.code);
    age(&till).await;
    let path = till.shop.of_customer(&format!("orders/{}", id_of(&waits)));
    let bx = till.shop.bx;
    drop(till.shop.api);
    bx.stop().await;

    let bx = a_box().in_folder(folder.path()).seed(2).set(cards).await;
    assert_eq!(served(&bx), [0; 0]);
    let form = "amount=10.00&currency=USD&method=sandbox&card=4242424242424242";
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    let url = bx.url(&format!("/pay/{code}"));
    let body = Some(form.as_bytes().to_vec());
    let paid = bx.anonymous().send("POST", url, body, &kind).await;
    assert!(paid.status < 400, "{}", paid.told());
    assert_eq!(served(&bx), [3, 3]);
    let active = json!({"status": "ACTTIVE"});
    bx.api().put(path, active).await.expect(200);
    assert_eq!(served(&bx), [3, 3], "its caller makes them");
    prove(&bx);
}
