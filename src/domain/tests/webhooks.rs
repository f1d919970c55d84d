//! Webhooks and what becomes of deliveries; two boxes of which one bills for the other.

use super::at;
use crate::domain::peers::Counterpart;
use crate::domain::staff::Maker;
use crate::domain::staff::Secret;
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{CustomerId, DeliveryId, HookEventId, WebhookId};
use crate::domain::webhooks::event::{EventType, Subject};
use crate::domain::webhooks::{Delivery, Webhook};

fn webhook(events: &[&str]) -> Webhook {
    Webhook {
        id: WebhookId(1),
        url: "https://crm.example".to_owned(),
        description: String::new(),
        events: events.iter().map(|pattern| (*pattern).to_owned()).collect(),
        on: true,
        waiting_max: 1_000,
        room: 1_000,
        secret: Secret(String::new()),
        old_secret: None,
        made_by: Maker::Unknown,
        created_at: at("2026-01-01"),
    }
}

fn delivery() -> Delivery {
    Delivery {
        id: DeliveryId(1),
        webhook: WebhookId(1),
        event: HookEventId(1),
        subject: Subject::Order,
        object: 1,
        state: DeliveryState::Waiting,
        attempts: 0,
        created_at: at("2026-01-01"),
        due_at: Some(at("2026-01-01")),
        ended_at: None,
        status: 0,
        problem: String::new(),
    }
}

#[test]
fn a_webhook_is_told_what_it_asks_for_or_everything() {
    let wants = |events: &[&str]| webhook(events).wants(EventType::OrderFrozen);
    assert!(wants(&[]));
    assert!(wants(&["order.*"]));
    assert!(wants(&["invoice.*", "order.frozen"]));
    assert!(!wants(&["invoice.*"]));
    assert!(!wants(&["order.paused"]));
    for events in [&[][..], &["order.*"]] {
        let mut off = webhook(events);
        off.on = false;
        assert!(!off.wants(EventType::OrderFrozen), "it is off");
    }
}

#[test]
fn who_is_switched_on_has_room_for_a_tenth_more_than_waits() {
    let room = |most, waiting| {
        let mut webhook = webhook(&[]);
        webhook.waiting_max = most;
        webhook.make_room(waiting);
        webhook.room
    };
    assert_eq!(room(1_000, 0), 1_000);
    assert_eq!(room(1_000, 900), 1_000);
    assert_eq!(room(1_000, 950), 1_050);
    assert_eq!(room(1_000, 5_000), 5_100);
    assert_eq!(room(5, 9), 10, "one at least");
}

#[test]
fn a_delivery_is_dead_after_three_days_and_six_tries() {
    let mut delivery = delivery();
    let late = at("2026-02-01");
    for attempt in 1..=5 {
        delivery.put_off(503, "busy".to_owned(), late);
        assert_eq!(
            (delivery.attempts, delivery.state),
            (attempt, DeliveryState::Waiting)
        );
        assert_eq!((delivery.status, delivery.problem.as_str()), (503, "busy"));
    }
    delivery.put_off(500, "gone".to_owned(), late);
    assert_eq!(
        (delivery.attempts, delivery.state),
        (6, DeliveryState::Dead)
    );
    assert_eq!((delivery.due_at, delivery.ended_at), (None, Some(late)));
    assert_eq!((delivery.status, delivery.problem.as_str()), (500, "gone"));
}

#[test]
fn within_three_days_a_delivery_is_tried_however_often() {
    let mut tried = delivery();
    tried.attempts = 50;
    // Six hours later is the end of the third day.
    tried.put_off(503, String::new(), at("2026-01-03 18:00:00"));
    assert_eq!(
        (tried.state, tried.due_at),
        (DeliveryState::Waiting, Some(at("2026-01-04")))
    );
    tried.put_off(503, String::new(), at("2026-01-03 18:00:01"));
    assert_eq!(tried.state, DeliveryState::Dead);
    let mut first = delivery();
    first.put_off(503, String::new(), at("2026-01-01 10:00:00"));
    assert_eq!(first.due_at, Some(at("2026-01-01 10:01:00")));
}

#[test]
fn what_was_told_is_kept_for_three_days_and_what_was_not_for_thirty() {
    let mut told = delivery();
    assert_eq!(told.kept_until(), None);
    told.end(204, at("2026-01-02"));
    assert_eq!((told.attempts, told.status, told.due_at), (1, 204, None));
    assert_eq!(told.state, DeliveryState::Delivered);
    assert_eq!(told.kept_until(), Some(at("2026-01-05")));
    told.state = DeliveryState::Dead;
    assert_eq!(told.kept_until(), Some(at("2026-02-01")));
}

#[test]
fn the_middleware_is_told_of_changes_until_it_knows_them_all() {
    let mut there = Counterpart::new(CustomerId(2), "a1".to_owned());
    assert!(!there.is_untold());
    there.note_change(at("2026-01-01"));
    there.note_change(at("2026-01-02"));
    assert!(there.is_untold());
    assert_eq!(
        (there.changes, there.untold_since),
        (2, Some(at("2026-01-01")))
    );
    there.problem = "busy".to_owned();
    there.note_told(1, at("2026-01-03"));
    assert_eq!(
        (there.told, there.untold_since),
        (1, Some(at("2026-01-03")))
    );
    assert_eq!(there.problem, "");
    there.note_told(2, at("2026-01-04"));
    assert!(!there.is_untold());
    assert_eq!(there.untold_since, None);
    there.note_told(1, at("2026-01-05"));
    assert_eq!(there.told, 2, "what it knows it does not forget");
}
