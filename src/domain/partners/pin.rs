//! One-time PINs: they prove that whoever buys has the phone or the mailbox of the account that
//! pays.
//!
//! Rules: marketone 2.4, 2.5, 4.2. The digits are kept nowhere: they are a keyed hash of a random
//! number, made again where they are needed. Must not know that key.

use serde::{Deserialize, Serialize};

use crate::domain::values::id::{CustomerId, PartnerId, PinId};
use crate::domain::values::money::Amount;
use crate::domain::values::reasons::PinRefusal;
use crate::domain::values::time::Timestamp;

/// What became of a PIN. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinState {
    /// It may be tried.
    Live,
    /// A newer one took its place.
    Replaced,
    /// It was told rightly at that instant: a mark that a purchase may use.
    Validated(Timestamp),
    /// The purchase that it was for was made; it was told rightly at that instant.
    Spent(Timestamp),
    /// Too many wrong tries.
    Burnt,
}

/// A PIN that a partner had made for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    pub id: PinId,
    /// The name that the partner gets; random.
    pub public_id: [u8; 16],
    pub partner: PartnerId,
    pub customer: CustomerId,
    /// What the digits are made of.
    pub nonce: [u8; 16],
    pub digits: u8,
    /// The phone number or mail address by which the partner named the account.
    pub address: String,
    /// The partner's id of the one purchase that it is for.
    pub purchase: Option<String>,
    /// What that costs, to be said with the PIN.
    pub amount: Option<Amount>,
    pub tries_left: u8,
    pub state: PinState,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How PINs are made (`[marketone]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinRules {
    /// Decimal digits, 4 to 10.
    pub digits: u8,
    /// How long one is good.
    pub seconds: u32,
    /// Wrong tries; the last one burns it.
    pub tries: u8,
    /// Most that one partner has made for one account within [`PIN_WINDOW_SECONDS`].
    pub most: u32,
    /// Seconds between two.
    pub gap_seconds: u32,
}

pub const PIN_WINDOW_SECONDS: i64 = 900;
/// How long a purchase may use a PIN that was told rightly.
pub const MARK_SECONDS: i64 = 600;

impl Pin {
    /// Whether it may be tried, and sent.
    pub fn is_live(&self, now: Timestamp) -> Result<(), PinRefusal> {
        match self.state {
            PinState::Burnt => Err(PinRefusal::TooManyTries),
            PinState::Live if now < self.expires_at => Ok(()),
            _ => Err(PinRefusal::Expired),
        }
    }

    /// Somebody tries digits; `fits`: they are the right ones.
    /// Even these are refused when the PIN may not be tried.
    pub fn try_digits(&mut self, fits: bool, now: Timestamp) -> Result<(), PinRefusal> {
        self.is_live(now)?;
        if fits {
            self.state = PinState::Validated(now);
            return Ok(());
        }
        self.tries_left = self.tries_left.saturating_sub(1);
        if self.tries_left > 0 {
            return Err(PinRefusal::Wrong);
        }
        self.state = PinState::Burnt;
        Err(PinRefusal::TooManyTries)
    }

    /// Whether it is for the purchase with this id of the partner's and for this much:
    /// the customer was told so.
    #[must_use]
    pub fn is_for(&self, purchase: &str, amount: Amount) -> bool {
        self.purchase.as_deref().is_none_or(|own| own == purchase)
            && self.amount.is_none_or(|own| own == amount)
    }

    /// Whether it is a mark that this purchase may use.
    #[must_use]
    pub fn clears(&self, purchase: &str, amount: Amount, now: Timestamp) -> bool {
        let PinState::Validated(at) = self.state else {
            return false;
        };
        self.is_for(purchase, amount) && now < at.saturating_add_seconds(MARK_SECONDS)
    }

    /// Whether nothing asks for it any more: it counts towards no limit and is no mark.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let kept = PIN_WINDOW_SECONDS.saturating_add(MARK_SECONDS);
        let last = self.expires_at.max(self.created_at);
        now > last.saturating_add_seconds(kept)
    }
}

/// Whether one more may be made for an account, of which `made` are the times of the former ones;
/// else after how many seconds.
pub fn may_make(
    rules: &PinRules,
    made: impl Iterator<Item = Timestamp>,
    now: Timestamp,
) -> Result<(), u64> {
    let gap = i64::from(rules.gap_seconds);
    let within = |at: &Timestamp| at.saturating_add_seconds(PIN_WINDOW_SECONDS) > now;
    let mut made: Vec<Timestamp> = made.filter(within).collect();
    made.sort_unstable();
    let most = usize::try_from(rules.most).unwrap_or(usize::MAX).max(1);
    let full = made.len().checked_sub(most).and_then(|i| made.get(i));
    let full = full.map(|at| at.saturating_add_seconds(PIN_WINDOW_SECONDS));
    let close = made.last().map(|at| at.saturating_add_seconds(gap));
    let until = full.max(close).filter(|until| *until > now);
    until.map_or(Ok(()), |until| {
        let micros = until.micros().saturating_sub(now.micros()).cast_unsigned();
        Err(micros.div_ceil(1_000_000).max(1))
    })
}

#[cfg(test)]
mod tests {
    use super::{PinRules, may_make};
    use crate::domain::values::time::Timestamp;

    const RULES: PinRules = PinRules {
        digits: 6,
        seconds: 300,
        tries: 3,
        most: 5,
        gap_seconds: 30,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    #[test]
    fn five_in_a_quarter_of_an_hour_and_half_a_minute_apart() {
        let ask = |made: &[i64], now| may_make(&RULES, made.iter().map(|s| at(*s)), at(now));
        assert_eq!(ask(&[], 0), Ok(()));
        assert_eq!(ask(&[100], 100), Err(30));
        assert_eq!(ask(&[100], 129), Err(1));
        assert_eq!(ask(&[100], 130), Ok(()));
        let five = [0, 30, 60, 90, 120];
        assert_eq!(ask(&five, 200), Err(700));
        assert_eq!(ask(&five, 899), Err(1));
        assert_eq!(ask(&five, 900), Ok(()));
    }
}
