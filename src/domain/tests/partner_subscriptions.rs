//! Subscriptions at partners that come with our products, and calls that tell of them.

use super::partners::{partner, product};
use super::{at, frozen, monthly, monthly_with, overdue, parked};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::customers::Customer;
use crate::domain::partners::subscription::{
    CallAction, PartnerCall, PartnerSubscription, SubscriptionChange, THERE_MAX,
    TargetSubscription, changes, registration_of,
};
use crate::domain::partners::{Callback, Partner, PartnerProduct};
use crate::domain::staff::Secret;
use crate::domain::values::contact::Email;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{
    CustomerId, PartnerCallId, PartnerId, PartnerSubscriptionId, ProductSpecId,
};

const NOW: &str = "2026-01-20";

fn with(code: &str, products: &[u64]) -> PartnerProduct {
    PartnerProduct {
        sold_with: products.iter().map(|id| ProductSpecId(*id)).collect(),
        ..product(code)
    }
}

/// FILMS comes with product 3, MUSIC with product 5.
fn selling() -> Partner {
    Partner {
        products: vec![with("FILMS", &[3]), with("MUSIC", &[5])],
        callback: Some(callback()),
        ..partner()
    }
}

fn callback() -> Callback {
    Callback {
        url: "https://partner.example".to_owned(),
        api_key: Secret(String::new()),
        retries: 2,
        interval_seconds: 300,
        error_email: None,
    }
}

fn held(product: &str) -> PartnerSubscription {
    PartnerSubscription {
        id: PartnerSubscriptionId(12),
        partner: PartnerId(7),
        customer: CustomerId(2),
        product: product.to_owned(),
        there: None,
        registration_status: String::new(),
        services_status: String::new(),
        started_at: at("2026-01-01"),
        ended_at: None,
    }
}

fn wanted(product: &str, end: Option<&str>) -> TargetSubscription {
    TargetSubscription {
        product: product.to_owned(),
        start_at: at("2026-01-01"),
        end_at: end.map(at),
    }
}

fn music(order: &mut Order) {
    order.product = ProductSpecId(5);
}

fn to_do(orders: &[Order], held: &[PartnerSubscription]) -> Vec<SubscriptionChange> {
    changes(&selling(), false, orders, held, at(NOW))
}

#[test]
fn a_partner_is_told_where_it_is_on_and_says_where() {
    assert!(selling().is_told());
    assert!(!partner().is_told());
    let off = Partner {
        on: false,
        ..selling()
    };
    assert!(!off.is_told());
    assert!(selling().comes_with_ours());
    let alone = Partner {
        products: vec![product("FILMS")],
        ..partner()
    };
    assert!(!alone.comes_with_ours() && !partner().comes_with_ours());
    assert_eq!(held("FILMS").name(), "ps-12");
}

#[test]
fn what_runs_is_begun_once_at_a_partner() {
    assert_eq!(
        to_do(&[monthly()], &[]),
        [SubscriptionChange::Add(wanted("FILMS", None))]
    );
    assert_eq!(to_do(&[monthly(), monthly()], &[]).len(), 1);
    assert!(
        to_do(&[monthly()], &[held("FILMS")]).is_empty(),
        "it is there"
    );
    let elsewhere = monthly_with(|order| order.product = ProductSpecId(99));
    assert!(to_do(&[elsewhere], &[]).is_empty());
    // Two orders with two products: both.
    let both = to_do(&[monthly(), monthly_with(music)], &[]);
    assert_eq!(
        both,
        [
            SubscriptionChange::Add(wanted("FILMS", None)),
            SubscriptionChange::Add(wanted("MUSIC", None))
        ]
    );
}

#[test]
fn the_end_is_said_where_it_is_known() {
    let end = Some("2026-02-01");
    let canceled = monthly_with(|order| order.status = OrderStatus::Canceled);
    assert_eq!(
        to_do(&[canceled], &[]),
        [SubscriptionChange::Add(wanted("FILMS", end))]
    );
    let last = monthly_with(|order| order.cycles_total = 1);
    assert_eq!(
        to_do(&[last], &[]),
        [SubscriptionChange::Add(wanted("FILMS", end))]
    );
}

#[test]
fn what_stands_still_is_neither_begun_nor_ended() {
    let still = |change: fn(&mut Order)| {
        let order = monthly_with(change);
        let begun = to_do(std::slice::from_ref(&order), &[]);
        assert!(begun.is_empty(), "{begun:?}");
        to_do(&[order], &[held("FILMS")]).is_empty()
    };
    assert!(still(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = frozen("2026-01-05", None);
    }));
    assert!(still(|order| order.pause(at("2026-01-05"))));
    assert!(
        still(|order| order.status = OrderStatus::Inactive),
        "staff switched it off"
    );
    assert!(still(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = overdue("2026-01-05", "2026-01-30", None);
    }));
    assert!(!still(|order| {
        order.status = OrderStatus::Inactive;
        order.activated_at = None;
    }));
    assert!(!still(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = parked("2026-01-05");
    }));
    assert!(!still(|order| order.status = OrderStatus::Expired));
    assert!(!still(|order| order.status = OrderStatus::Deleted));
}

#[test]
fn a_plan_that_takes_the_place_of_another_updates() {
    let over = monthly_with(|order| {
        order.status = OrderStatus::Expired;
        order.expires_at = Some(at("2026-01-15"));
    });
    let found = to_do(&[over, monthly_with(music)], &[held("FILMS")]);
    assert_eq!(
        found,
        [SubscriptionChange::Update(
            held("FILMS"),
            wanted("MUSIC", None)
        )]
    );
}

#[test]
fn what_nobody_has_any_more_is_ended_when_its_order_ended() {
    let over = |end: &str, status| {
        monthly_with(|order| {
            order.status = status;
            order.standing = Standing::Ended;
            order.expires_at = Some(at(end));
        })
    };
    let ended = |orders: &[Order]| match to_do(orders, &[held("FILMS")]).as_slice() {
        [SubscriptionChange::Delete(_, when)] => *when,
        other => panic!("{other:?}"),
    };
    let (expired, canceled) = (OrderStatus::Expired, OrderStatus::Canceled);
    assert_eq!(ended(&[over("2026-01-15", expired)]), at("2026-01-15"));
    let two = [over("2026-01-10", expired), over("2026-01-16", canceled)];
    assert_eq!(ended(&two), at("2026-01-16"), "the last of them");
    assert_eq!(ended(&[over("2026-01-01", expired)]), at("2026-01-01"));
    assert_eq!(
        ended(&[over("2025-12-31", expired)]),
        at(NOW),
        "it was over before"
    );
    let taken_away = over("2026-01-15", OrderStatus::Deleted);
    assert_eq!(ended(&[over("2026-01-15", expired), taken_away]), at(NOW));
    assert_eq!(ended(&[]), at(NOW));
    // Another product's end is not this one's.
    let other = monthly_with(|order| {
        music(order);
        order.status = expired;
        order.expires_at = Some(at("2026-01-18"));
    });
    assert_eq!(
        ended(&[over("2026-01-15", expired), other]),
        at("2026-01-15")
    );
}

#[test]
fn a_customer_who_is_gone_has_nothing_anywhere() {
    let gone = changes(&selling(), true, &[monthly()], &[held("FILMS")], at(NOW));
    assert_eq!(gone, [SubscriptionChange::Delete(held("FILMS"), at(NOW))]);
    let over = monthly_with(|order| {
        order.status = OrderStatus::Expired;
        order.expires_at = Some(at("2026-01-15"));
    });
    let gone = changes(&selling(), true, &[over], &[held("FILMS")], at(NOW));
    assert_eq!(
        gone,
        [SubscriptionChange::Delete(held("FILMS"), at(NOW))],
        "and has from now on"
    );
}

fn call() -> PartnerCall {
    PartnerCall {
        id: PartnerCallId(1),
        name: [0; 16],
        partner: PartnerId(7),
        subscription: PartnerSubscriptionId(12),
        action: CallAction::Add,
        product: "FILMS".to_owned(),
        registration: String::new(),
        start_at: None,
        end_at: None,
        state: DeliveryState::Waiting,
        attempts: 0,
        created_at: at(NOW),
        due_at: Some(at(NOW)),
        ended_at: None,
        status: 0,
        problem: String::new(),
    }
}

#[test]
fn a_call_is_tried_again_as_often_as_the_partner_says() {
    let mut call = call();
    let fail = |call: &mut PartnerCall, again| {
        call.fail(
            &callback(),
            again,
            (503, "busy".to_owned()),
            at("2026-01-20 10:00:00"),
        );
    };
    for attempt in 1..=2 {
        fail(&mut call, true);
        assert_eq!(
            (call.attempts, call.state),
            (attempt, DeliveryState::Waiting)
        );
        assert_eq!(call.due_at, Some(at("2026-01-20 10:05:00")));
        assert_eq!((call.status, call.problem.as_str()), (503, "busy"));
    }
    fail(&mut call, true);
    assert_eq!((call.attempts, call.state), (3, DeliveryState::Dead));
    assert_eq!(
        (call.due_at, call.ended_at),
        (None, Some(at("2026-01-20 10:00:00")))
    );
    let mut refused = self::call();
    fail(&mut refused, false);
    assert_eq!((refused.attempts, refused.state), (1, DeliveryState::Dead));
}

#[test]
fn a_call_that_was_taken_has_no_problem() {
    let mut call = call();
    call.problem = "busy".to_owned();
    call.end(200, at(NOW));
    assert_eq!(
        (call.state, call.status, call.attempts),
        (DeliveryState::Delivered, 200, 1)
    );
    assert_eq!((call.due_at, call.ended_at), (None, Some(at(NOW))));
    assert_eq!(call.problem, "");
}

#[test]
fn a_partner_knows_a_customer_by_mail_by_number_or_by_login() {
    let mut customer = Customer::new(CustomerId(2), String::new(), at(NOW));
    assert_eq!(registration_of(&customer), "");
    customer.login = Some("ada".repeat(100));
    assert_eq!(registration_of(&customer).len(), THERE_MAX);
    customer.phones = vec!["416 555".to_owned(), "+1 416 555-0101".to_owned()];
    assert_eq!(registration_of(&customer), "+14165550101");
    customer.email = Email::parse("ada@queen.com");
    assert_eq!(registration_of(&customer), "ada@queen.com");
}
