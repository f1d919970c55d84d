//! A debt is lifted by money, or by who may give: no way around over another status, whichever way
//! it is asked for.

use boxoffice::app::Ctx;
use boxoffice::domain::customers::CustomerStatus;
use boxoffice::domain::staff::{Actor, Permission, Role, TokenId};
use boxoffice::ops::apply;
use serde_json::{Value, json};

use crate::alphaott::id_of;
use crate::billing::Till;
use crate::stalker::{self, Rest, Says as _};
use crate::support::PASSWORD;
use crate::support::fixture::a_till_selling;

const OWES: &str = "SUSPENDED_BY_BILLING";

/// Every other status that a customer can be given and is not removed by, as the dialects spell it.
fn ways_out() -> Vec<&'static str> {
    let word = |status| match status {
        CustomerStatus::Active => Some("ACTIVE"),
        CustomerStatus::Inactive => Some("INACTIVE"),
        CustomerStatus::AwaitingAuthorization => Some("AWAITING_AUTHORIZATION"),
        CustomerStatus::SuspendedByCustomer => Some("SUSPENDED_BY_CUSTOMER"),
        CustomerStatus::SuspendedByBilling | CustomerStatus::Deleted => None,
    };
    CustomerStatus::ALL.into_iter().filter_map(word).collect()
}

/// Nobody paid: the order is frozen, the customer is suspended and has the login `owing`.
async fn owing() -> Till {
    let dunning = json!({"grace_days": 1, "reminder_days": [], "suspend_days": 1});
    let till = a_till_selling(json!({"dunning": dunning})).set(stalker::base);
    let till = till.await;
    till.pay("10").await;
    till.order().await;
    till.days(35).await;
    assert_eq!(till.customer_status().await, OWES);
    let path = format!("/customers/{}", till.shop.customer);
    let named = till
        .shop
        .api
        .put(path, json!({"login": "owing", "accountNumber": "O-1"}));
    named.await.expect(200);
    till
}

async fn suspend_again(till: &Till) {
    let path = format!("/customers/{}", till.shop.customer);
    let again = till.shop.api.put(path, json!({"status": OWES}));
    again.await.expect(200);
    assert_eq!(till.customer_status().await, OWES);
}

/// Gives the customer a status through a dialect, as somebody with this role.
async fn set(till: &Till, dialect: &str, role: Role, status: &str) -> bool {
    let bx = &till.shop.bx;
    let body = json!({"status": status});
    if dialect == "apply" {
        let ctx = Ctx {
            actor: Actor::Token {
                jti: TokenId([0; 16]),
                name: "document".to_owned(),
                role,
            },
            ..Ctx::system(bx.app())
        };
        let document = json!({"customers": [{"login": "owing", "status": status}]});
        return apply::apply(&ctx, document.to_string(), false)
            .await
            .is_ok();
    }
    let client = bx.client_of(role.name()).await;
    let path = match dialect {
        "alphaott" => format!("/customers/{}", till.shop.customer),
        _ => till.console(&format!("customers/{}", till.shop.customer)),
    };
    let answer = client.put(path, body).await;
    assert!(matches!(answer.status, 200 | 403), "{}", answer.told());
    answer.status == 200
}

#[tokio::test]
async fn every_way_out_of_a_suspension_for_debt_needs_the_right_to_give() {
    let till = owing().await;
    let bx = &till.shop.bx;
    for (dialect, needs) in [
        ("alphaott", Permission::CustomersWrite),
        ("console", Permission::CustomersWrite),
        ("apply", Permission::Apply),
    ] {
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Api) {
            for status in ways_out() {
                let may = role.may(needs) && role.may(Permission::ServicesGive);
                let told = format!("{dialect} {} {status}", role.name());
                assert_eq!(set(&till, dialect, role, status).await, may, "{told}");
                let left = if may { status } else { OWES };
                assert_eq!(till.customer_status().await, left, "{told}");
                suspend_again(&till).await;
            }
            // Sent back as it was read, it is left as it is.
            let same = set(&till, dialect, role, OWES).await;
            assert_eq!(same, role.may(needs), "{dialect} {}", role.name());
        }
    }
    // Scripts are the billing there: 0 leaves who is off for another reason, 1 is their word.
    bx.hire("script", Role::Api).await;
    for script in [Rest::of(bx), Rest::login(bx, &format!("script:{PASSWORD}"))] {
        for path in ["/users/owing", "/accounts/O-1"] {
            script.put(path, "status=0").await.ok();
            assert_eq!(till.customer_status().await, OWES);
            script.put(path, "status=1").await.ok();
            assert_eq!(till.customer_status().await, "ACTIVE");
            suspend_again(&till).await;
        }
    }
    // Who is removed gets nothing by it.
    let dealer = bx.client_of(Role::Dealer.name()).await;
    let path = format!("/customers/{}", till.shop.customer);
    assert_eq!(dealer.delete(path).await.status, 204);
    till.prove();
}

/// An order that stands still because it is not paid: never paid again, its money sent back, or
/// paid afterwards and owing.
async fn unpaid(kind: &str) -> (Till, Value) {
    let dunning = json!({"grace_days": 1, "reminder_days": []});
    let billing = if kind == "owing" {
        "POSTPAID"
    } else {
        "PREPAID"
    };
    let offer = json!({"dunning": dunning, "billing": billing});
    let till = a_till_selling(offer).await;
    let payment = match kind {
        "owing" => None,
        _ => Some(till.pay("10").await),
    };
    let order = till.order().await;
    match (kind, payment) {
        ("sent back", Some(payment)) => {
            till.days(3).await;
            let path = till.console(&format!("payments/{}/refunds", payment["id"]));
            let body = json!({"amount": "10", "as": "RETURNED"});
            till.shop.api.post(path, body).await.expect(201);
            till.days(2).await;
        }
        _ => till.days(35).await,
    }
    assert_eq!(&till.state(&order).await[..8], "INACTIVE", "{kind}");
    assert_eq!(till.services().await, "FROZEN", "{kind}");
    (till, order)
}

#[tokio::test]
async fn an_unpaid_order_is_not_switched_on_over_another_status() {
    for kind in ["never paid", "sent back", "owing"] {
        for over in ["ACTTIVE", "INACTIVE", "CANCELED", "EXPIRED"] {
            let (till, order) = unpaid(kind).await;
            let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
            for role in [Role::Dealer, Role::Cashier] {
                let asks = till.shop.bx.client_of(role.name()).await;
                let told = format!("{kind}, over {over}, by {}", role.name());
                let first = asks.put(&path, json!({"status": over})).await;
                assert!(matches!(first.status, 200 | 403), "{told}");
                let second = asks.put(&path, json!({"status": "ACTTIVE"})).await;
                assert_eq!(second.status, 403, "{told}: {}", second.told());
                let held = till.services().await;
                assert!(!held.contains("ACTIVE"), "{told}: {held}");
            }
            // Who may give does it in one step.
            till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
            assert_eq!(till.services().await, "ACTIVE", "{kind}, over {over}");
            till.prove();
        }
    }
}

/// An order whose time is over begins anew for who gives nothing, once its cycle is paid.
#[tokio::test]
async fn an_order_that_is_over_is_switched_on_again_by_money() {
    let till = a_till_selling(json!({})).await;
    till.pay("10").await;
    let order = till.order().await;
    till.shop
        .change(&order, json!({"status": "CANCELED"}))
        .await;
    till.days(40).await;
    let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
    let cashier = till.shop.bx.client_of(Role::Cashier.name()).await;
    let refused = cashier.put(&path, json!({"status": "ACTTIVE"})).await;
    refused.expect_error(403, "ForbiddenError", "time that is not paid");
    assert_eq!(till.balance().await, "0.00");
    till.pay("10").await;
    let again = cashier.put(&path, json!({"status": "ACTTIVE"})).await;
    again.expect(200);
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}
