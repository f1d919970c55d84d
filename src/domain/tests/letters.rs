//! What is written to customers: when it is tried again, and in which queue it stands.

use super::at;
use crate::domain::messages::template::TemplateKind;
use crate::domain::messages::{Channel, Lane, Message, MessageContent, MessageState, Queue};
use crate::domain::values::id::CustomerId;

fn message() -> Message {
    let mut message = Message::new(CustomerId(2), MessageContent::Welcome, at("2026-01-01"));
    message.nonce = Some([7; 16]);
    message
}

#[test]
fn a_message_is_tried_for_three_days() {
    let mut message = message();
    let now = at("2026-01-01 10:00:00");
    for (attempt, due) in [
        "2026-01-01 10:01:00",
        "2026-01-01 10:05:00",
        "2026-01-01 10:15:00",
        "2026-01-01 11:00:00",
        "2026-01-01 13:00:00",
        "2026-01-01 16:00:00",
        "2026-01-01 16:00:00",
    ]
    .into_iter()
    .enumerate()
    {
        message.put_off("busy".to_owned(), now);
        assert_eq!(message.due_at, Some(at(due)), "after try {}", attempt + 1);
        assert_eq!(
            (message.state, message.problem.as_str()),
            (MessageState::Waiting, "busy")
        );
    }
    assert_eq!(message.attempts, 7);
    // The last try that is still within them, and the first that is not.
    message.put_off("busy".to_owned(), at("2026-01-03 18:00:00"));
    assert_eq!(message.due_at, Some(at("2026-01-04")));
    message.put_off("gone".to_owned(), at("2026-01-03 18:00:01"));
    assert_eq!((message.state, message.due_at), (MessageState::Dead, None));
    assert_eq!(message.ended_at, Some(at("2026-01-03 18:00:01")));
    assert_eq!(message.problem, "gone");
    assert!(message.nonce.is_some(), "it may be tried again");
}

#[test]
fn a_secret_is_gone_as_soon_as_its_message_was_sent() {
    for state in [MessageState::Sent, MessageState::Dropped] {
        let mut message = message();
        message.end(state, String::new(), at("2026-01-02"));
        assert_eq!((message.state, message.nonce), (state, None));
        assert_eq!(
            (message.due_at, message.ended_at),
            (None, Some(at("2026-01-02")))
        );
    }
}

#[test]
fn a_dead_message_that_is_tried_again_has_its_three_days_anew() {
    let mut message = message();
    message.end(MessageState::Dead, "gone".to_owned(), at("2026-01-04"));
    let now = at("2026-02-01");
    message.revive(now);
    assert_eq!(
        (message.state, message.due_at),
        (MessageState::Waiting, Some(now))
    );
    assert_eq!((message.created_at, message.ended_at), (now, None));
    message.put_off("busy".to_owned(), now);
    assert_eq!(message.state, MessageState::Waiting);
}

#[test]
fn every_queue_has_a_place_of_its_own() {
    for (place, queue) in Queue::all().into_iter().enumerate() {
        assert_eq!(queue.place(), place, "{queue:?}");
    }
    let urgent = Queue {
        lane: Lane::Urgent,
        channel: Channel::Email,
    };
    assert_eq!(urgent.place(), 0, "a person waits before a screen");
}

#[test]
fn greetings_and_expiry_letters_are_off_until_somebody_wants_them() {
    for kind in TemplateKind::ALL {
        let off = matches!(kind, TemplateKind::Welcome | TemplateKind::ExpiryReminder);
        assert_eq!(kind.is_on_by_itself(), !off, "{kind:?}");
        assert_eq!(TemplateKind::parse(kind.word()), Some(kind));
    }
    assert_eq!(TemplateKind::CreditNote.word(), "CREDIT_NOTE");
    assert_eq!(TemplateKind::parse("credit_note"), None);
}
