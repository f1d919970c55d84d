//! What the box has to write to customers, and what became of it.

use serde::{Deserialize, Serialize};

use super::id::{CustomerId, InvoiceId, MessageId, OrderId};
use super::time::Timestamp;

/// What a message is about; its words are found when it is sent. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageContent {
    /// An invoice or credit note, on paper.
    Invoice(InvoiceId),
    /// That an order is not paid.
    Reminder(OrderId),
}

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageState {
    /// To be sent when it is due.
    Waiting,
    /// The mail server took it.
    Sent,
    /// It could not be sent, and is not tried again unless somebody says so.
    Dead,
    /// It was no longer needed, or there was nobody to send it to.
    Dropped,
}

/// Something to be written to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub customer: CustomerId,
    pub content: MessageContent,
    pub state: MessageState,
    /// How often it was tried.
    pub attempts: u32,
    pub created_at: Timestamp,
    /// When it is tried next; only while it waits.
    pub due_at: Option<Timestamp>,
    /// When it was known what became of it.
    pub ended_at: Option<Timestamp>,
    /// Why it was not sent, the last time it was tried; empty: no reason known.
    pub problem: String,
}

/// How long a message is tried, in seconds: three days.
pub const MESSAGE_SECONDS_MAX: i64 = 259_200;
/// Longest problem that is kept, in bytes.
pub const PROBLEM_MAX: usize = 200;
/// Seconds between two tries; the last one stands for all later ones.
pub(super) const BETWEEN_SECONDS: [i64; 6] = [60, 300, 900, 3_600, 10_800, 21_600];

impl Message {
    /// A message that is to be sent at once. Its number comes from the store.
    #[must_use]
    pub fn new(customer: CustomerId, content: MessageContent, now: Timestamp) -> Self {
        Self {
            id: MessageId(0),
            customer,
            content,
            state: MessageState::Waiting,
            attempts: 0,
            created_at: now,
            due_at: Some(now),
            ended_at: None,
            problem: String::new(),
        }
    }

    /// It was tried and not taken, but may be later. After three days it is dead.
    pub fn put_off(&mut self, problem: String, now: Timestamp) {
        let tried = usize::try_from(self.attempts).unwrap_or(usize::MAX);
        let last = BETWEEN_SECONDS.len().saturating_sub(1);
        let wait = BETWEEN_SECONDS.get(tried.min(last)).copied().unwrap_or(0);
        self.attempts = self.attempts.saturating_add(1);
        let next = now.saturating_add_seconds(wait);
        if next > self.created_at.saturating_add_seconds(MESSAGE_SECONDS_MAX) {
            self.end(MessageState::Dead, problem, now);
        } else {
            self.due_at = Some(next);
            self.problem = problem;
        }
    }

    /// What became of it is known.
    pub fn end(&mut self, state: MessageState, problem: String, now: Timestamp) {
        self.state = state;
        self.due_at = None;
        self.ended_at = Some(now);
        self.problem = problem;
    }

    /// Somebody wants a dead message to be tried again: for as long as a new one.
    pub fn revive(&mut self, now: Timestamp) {
        self.state = MessageState::Waiting;
        self.created_at = now;
        self.due_at = Some(now);
        self.ended_at = None;
    }
}
