//! How orders stand with the money, without since when: what they are listed by.

use super::order::Standing;

/// How an order stands with the money. Bytes of the file: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StandingKind {
    Settled,
    Waiting,
    Overdue,
    Frozen,
    Paused,
    Parked,
    Ended,
    Owing,
}

impl StandingKind {
    pub const ALL: [StandingKind; 8] = [
        StandingKind::Settled,
        StandingKind::Waiting,
        StandingKind::Overdue,
        StandingKind::Frozen,
        StandingKind::Paused,
        StandingKind::Parked,
        StandingKind::Ended,
        StandingKind::Owing,
    ];
}

impl From<Standing> for StandingKind {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Settled => Self::Settled,
            Standing::Waiting => Self::Waiting,
            Standing::Overdue { .. } => Self::Overdue,
            Standing::Frozen { .. } => Self::Frozen,
            Standing::Paused { .. } => Self::Paused,
            Standing::Parked { .. } => Self::Parked,
            Standing::Ended => Self::Ended,
            Standing::Owing { .. } => Self::Owing,
        }
    }
}
