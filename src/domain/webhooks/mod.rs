//! Webhooks: addresses of the operator's other systems, and what became of telling them.
//! Rules: `docs/webhooks.md`.

pub mod event;

use serde::{Deserialize, Serialize};

use super::staff::Secret;
use super::values::delivery::DeliveryState;
use crate::domain::messages::{BETWEEN_SECONDS, MESSAGE_SECONDS_MAX};
use crate::domain::staff::Maker;
use crate::domain::values::id::{DeliveryId, HookEventId, WebhookId};
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::event::{EventType, Subject};

/// Most webhooks.
pub const WEBHOOKS_MAX: usize = 16;
/// Longest address and description, in bytes.
pub const WEBHOOK_URL_MAX: usize = 2_048;
pub const WEBHOOK_TEXT_MAX: usize = 500;
/// Most wishes of one webhook.
pub const WISHES_MAX: usize = 64;
/// Most events that may wait for one webhook: the file must not fill for somebody who is gone.
pub const WAITING_MAX: u32 = 5_000_000;
/// How long the secret before signs as well, in seconds: a day.
pub const OLD_SECRET_SECONDS: i64 = 86_400;
/// After how many deliveries it is counted how many wait: a count reads a row for every thousand.
pub const COUNTED_EVERY: u64 = 1_024;
/// How long what was told is kept, in seconds: 3 days; and what could not be: 30 days.
pub const DELIVERED_SECONDS: i64 = 259_200;
pub const DEAD_SECONDS: i64 = 2_592_000;
/// Longest problem that is kept, in bytes.
pub const PROBLEM_MAX: usize = 200;

/// An address that is told what happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub id: WebhookId,
    /// Always http or https.
    pub url: String,
    pub description: String,
    /// Types, or all of an object such as `order.*`; none: everything.
    pub events: Vec<String>,
    pub on: bool,
    /// Beyond so many events that wait it is switched off.
    pub waiting_max: u32,
    /// The same, as it holds since it was last switched on: more, where more waited then.
    pub room: u32,
    /// Signs what is sent, so it is kept as it is.
    pub secret: Secret,
    /// The secret before, which signs as well until then.
    pub old_secret: Option<(Secret, Timestamp)>,
    /// Who made it, or said last where it leads or what signs it.
    pub made_by: Maker,
    pub created_at: Timestamp,
}

impl Webhook {
    /// Makes room for more than what waits now: who is switched on must not be switched off by the
    /// next event.
    pub fn make_room(&mut self, waiting: u64) {
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        let more = waiting.saturating_add((self.waiting_max / 10).max(1));
        self.room = self.waiting_max.max(more);
    }

    /// Whether it is told of an event.
    #[must_use]
    pub fn wants(&self, kind: EventType) -> bool {
        let matches = |pattern: &String| covers(pattern, kind);
        self.on && (self.events.is_empty() || self.events.iter().any(matches))
    }
}

fn covers(pattern: &str, kind: EventType) -> bool {
    match pattern.strip_suffix('*') {
        Some(front) => front.ends_with('.') && kind.name().starts_with(front),
        None => kind.name() == pattern,
    }
}

/// Whether a text is a type, or all types of an object.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    EventType::ALL.iter().any(|kind| covers(text, *kind))
}

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub webhook: WebhookId,
    pub event: HookEventId,
    /// What the event is about: those of one object are told one after the other.
    pub subject: Subject,
    pub object: u64,
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    pub created_at: Timestamp,
    /// When it is tried next; none while an earlier one of the same object waits.
    pub due_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The status of the last answer; 0: there was none.
    pub status: u16,
    /// Why it was not taken, the last time it was tried.
    pub problem: String,
}

impl Delivery {
    /// It was taken.
    pub fn end(&mut self, status: u16, now: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        self.status = status;
        self.close(DeliveryState::Delivered, String::new(), now);
    }

    /// It was tried and not taken. After three days it is dead, but not before it was tried a few
    /// times: it may have waited as long for another one.
    pub fn put_off(&mut self, status: u16, problem: String, now: Timestamp) {
        let tried = usize::try_from(self.attempts).unwrap_or(usize::MAX);
        let last = BETWEEN_SECONDS.len().saturating_sub(1);
        let wait = BETWEEN_SECONDS.get(tried.min(last)).copied().unwrap_or(0);
        self.attempts = self.attempts.saturating_add(1);
        self.status = status;
        let next = now.saturating_add_seconds(wait);
        let is_old = next > self.created_at.saturating_add_seconds(MESSAGE_SECONDS_MAX);
        if is_old && tried >= last {
            self.close(DeliveryState::Dead, problem, now);
        } else {
            self.due_at = Some(next);
            self.problem = problem;
        }
    }

    /// When it is removed.
    #[must_use]
    pub fn kept_until(&self) -> Option<Timestamp> {
        let seconds = if self.state == DeliveryState::Delivered {
            DELIVERED_SECONDS
        } else {
            DEAD_SECONDS
        };
        Some(self.ended_at?.saturating_add_seconds(seconds))
    }

    fn close(&mut self, state: DeliveryState, problem: String, now: Timestamp) {
        self.state = state;
        self.due_at = None;
        self.ended_at = Some(now);
        self.problem = problem;
    }
}

#[cfg(test)]
mod tests {
    use super::is_pattern;

    #[test]
    fn patterns_are_types_or_all_of_an_object() {
        for text in ["order.*", "order.frozen", "partner_transaction.*", "ping"] {
            assert!(is_pattern(text), "{text}");
        }
        for text in [
            "",
            "*",
            ".*",
            "order",
            "order*",
            "ord*",
            "order.frozen.*",
            "Order.*",
            "x.*",
        ] {
            assert!(!is_pattern(text), "{text}");
        }
    }
}
