//! What the box has to write to customers, and what became of it.

pub mod template;

use serde::{Deserialize, Serialize};

use crate::domain::messages::template::TemplateKind;
use crate::domain::values::id::{
    CustomerId, InvoiceId, MessageId, OrderId, PartnerId, PartnerTransactionId, PaymentId, PinId,
};
use crate::domain::values::time::Timestamp;

/// What a message is about; its words are found when it is sent. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageContent {
    /// An invoice or credit note, on paper.
    Invoice(InvoiceId),
    /// That an order is not paid.
    Reminder(OrderId),
    /// A PIN, which is made again when it is sent.
    Pin(PinId),
    /// Something about a partner's charge or refund.
    Transaction(PartnerTransactionId, About),
    /// A partner's own words.
    General,
    /// That a payment failed.
    PaymentFailed(PaymentId),
    /// That an order will end or stop soon.
    Expiry(OrderId),
    Welcome,
    /// A new password, which is made again when it is sent.
    PasswordReset,
    /// That what was owed before the first bill is not paid.
    Debt,
}

/// What a message about a transaction says. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    Purchase,
    Charge,
    Refund,
}

/// How something reaches a person. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    Email,
    Sms,
}

/// Who waits for it. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lane {
    /// A person waits before a screen: nothing else may stand before it.
    Urgent,
    /// What partners want to be said.
    Asked,
    Bulk,
}

/// Messages that are sent one after the other; no queue waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    pub lane: Lane,
    pub channel: Channel,
}

impl Queue {
    pub const COUNT: usize = 6;

    /// All of them; each stands where [`Queue::place`] says.
    #[must_use]
    pub fn all() -> [Queue; Self::COUNT] {
        let of = |lane, channel| Queue { lane, channel };
        [
            of(Lane::Urgent, Channel::Email),
            of(Lane::Urgent, Channel::Sms),
            of(Lane::Asked, Channel::Email),
            of(Lane::Asked, Channel::Sms),
            of(Lane::Bulk, Channel::Email),
            of(Lane::Bulk, Channel::Sms),
        ]
    }

    #[must_use]
    pub fn place(self) -> usize {
        let lane = match self.lane {
            Lane::Urgent => 0,
            Lane::Asked => 2,
            Lane::Bulk => 4,
        };
        lane + usize::from(self.channel == Channel::Sms)
    }
}

impl MessageContent {
    /// How it is worded; of a paper, which may be a credit note, as an invoice.
    #[must_use]
    pub fn kind(self) -> TemplateKind {
        match self {
            Self::Invoice(_) => TemplateKind::Invoice,
            Self::Reminder(_) | Self::Debt => TemplateKind::Reminder,
            Self::Pin(_) => TemplateKind::Pin,
            Self::Transaction(_, About::Purchase) => TemplateKind::Purchase,
            Self::Transaction(_, About::Charge) => TemplateKind::Charge,
            Self::Transaction(_, About::Refund) => TemplateKind::Refund,
            Self::General => TemplateKind::General,
            Self::PaymentFailed(_) => TemplateKind::PaymentFailed,
            Self::Expiry(_) => TemplateKind::ExpiryReminder,
            Self::Welcome => TemplateKind::Welcome,
            Self::PasswordReset => TemplateKind::PasswordReset,
        }
    }

    #[must_use]
    pub fn lane(self) -> Lane {
        match self {
            Self::Pin(_) | Self::PasswordReset => Lane::Urgent,
            Self::Transaction(..) | Self::General => Lane::Asked,
            Self::Invoice(_)
            | Self::Reminder(_)
            | Self::Debt
            | Self::PaymentFailed(_)
            | Self::Expiry(_)
            | Self::Welcome => Lane::Bulk,
        }
    }
}

/// The partner's wish behind a message, and under which id it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub partner: PartnerId,
    /// The name that the partner gets; random.
    pub public_id: [u8; 16],
    /// The partner's own id, under which it is asked for once.
    pub ext_id: Option<String>,
    /// Of everything that a repeat must say again.
    pub fingerprint: [u8; 32],
    /// Words in place of the template.
    pub text: Option<String>,
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
    /// Where it is to go; `None`: to whatever address the customer has then.
    pub address: Option<String>,
    /// How it is to go, if that is possible; once it was sent, how it went.
    pub channel: Option<Channel>,
    /// In which language, if there is a wording; `None`: in the operator's.
    pub language: Option<String>,
    pub asked: Option<Asked>,
    /// What its secret is made of; gone as soon as it was sent.
    pub nonce: Option<[u8; 16]>,
}

/// Which ways there are, and where they lead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ways<'w> {
    /// The customer's mail address; `None` also where no mail can be sent.
    pub email: Option<&'w str>,
    /// The customer's number in E.164; `None` also where no short message can be sent.
    pub phone: Option<&'w str>,
    /// Whether mail and short messages can be sent at all.
    pub mail: bool,
    pub sms: bool,
}

impl Ways<'_> {
    /// How a message goes and to which address: the way that was wished for, else that of the
    /// address that was named, else mail, else a short message. A wish that cannot be met is none.
    #[must_use]
    pub fn choose(
        &self,
        asked: Option<Channel>,
        address: Option<&str>,
    ) -> Option<(Channel, String)> {
        let named = address.map(|address| {
            let channel = if address.contains('@') {
                Channel::Email
            } else {
                Channel::Sms
            };
            (channel, address)
        });
        let reach = |channel: Channel| {
            let of = |on: bool, held: Option<&str>| {
                let named = named.filter(|(of, _)| *of == channel).map(|(_, a)| a);
                named.or(held).filter(|_| on).map(str::to_owned)
            };
            let address = match channel {
                Channel::Email => of(self.mail, self.email),
                Channel::Sms => of(self.sms, self.phone),
            };
            address.map(|address| (channel, address))
        };
        let first = asked.or(named.map(|(channel, _)| channel));
        first
            .and_then(reach)
            .or_else(|| reach(Channel::Email))
            .or_else(|| reach(Channel::Sms))
    }
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
            address: None,
            channel: None,
            language: None,
            asked: None,
            nonce: None,
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
        if state != MessageState::Dead {
            self.nonce = None;
        }
    }

    /// Somebody wants a dead message to be tried again: for as long as a new one.
    pub fn revive(&mut self, now: Timestamp) {
        self.state = MessageState::Waiting;
        self.created_at = now;
        self.due_at = Some(now);
        self.ended_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::{Channel, Ways};

    #[test]
    fn a_message_takes_the_way_that_there_is() {
        let both = Ways {
            email: Some("a@b.c"),
            phone: Some("+14165550101"),
            mail: true,
            sms: true,
        };
        let sms = |number: &str| Some((Channel::Sms, number.to_owned()));
        let mail = |address: &str| Some((Channel::Email, address.to_owned()));
        assert_eq!(both.choose(None, None), mail("a@b.c"));
        assert_eq!(both.choose(Some(Channel::Sms), None), sms("+14165550101"));
        assert_eq!(both.choose(None, Some("+4912345")), sms("+4912345"));
        let asked = Some(Channel::Email);
        assert_eq!(both.choose(asked, Some("+4912345")), mail("a@b.c"));
        let no_sms = Ways { sms: false, ..both };
        assert_eq!(no_sms.choose(None, Some("+4912345")), mail("a@b.c"));
        let nothing = Ways {
            mail: false,
            ..no_sms
        };
        assert_eq!(nothing.choose(None, Some("x@y.z")), None);
    }
}
