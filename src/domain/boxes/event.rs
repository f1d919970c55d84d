//! What boxes are told: events and messages that wait until a box asks (stalker-rest-v1 §3).
//!
//! Must not know how an event is spelt on the wire, nor how it reaches the box.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::staff::Secret;
use crate::domain::values::id::{BoxEventId, ChannelId, DeviceId, MovieId, ResellerId};
use crate::domain::values::time::Timestamp;

/// What the box is to do. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BoxEventKind {
    /// Show a text.
    Message,
    /// Show a text, then play a video.
    MessageWithVideo,
    Reboot,
    ReloadPortal,
    /// Load channels and favourites again.
    UpdateSubscription,
    UpdateModules,
    PlayChannel,
    PlayRadioChannel,
    UpdateImage,
    ShowMenu,
    /// Stop playing and show the block screen.
    CutOff,
    /// Come out of the block screen.
    CutOn,
    /// Load the programme guide again.
    UpdateGuide,
}

/// How soon an event is due beside others: all of the first class before those of the second,
/// oldest first within a class.
pub const CLASSES: usize = 2;

impl BoxEventKind {
    /// 0: at once; 1: messages, which wait for what is at once (the wire's priorities 1 and 2).
    #[must_use]
    pub fn class(self) -> u8 {
        u8::from(self.is_message())
    }

    /// Repeated until the viewer confirmed it; everything else is done once it was handed out.
    #[must_use]
    pub fn needs_confirmation(self) -> bool {
        self.is_message()
    }

    fn is_message(self) -> bool {
        matches!(self, Self::Message | Self::MessageWithVideo)
    }

    /// How long it is worth telling, in seconds, where nobody says so: a week for messages, two
    /// watchdog periods for the rest.
    #[must_use]
    pub fn seconds(self, watchdog_seconds: u32) -> i64 {
        if self.is_message() {
            604_800
        } else {
            i64::from(watchdog_seconds).saturating_mul(2)
        }
    }
}

/// What is told, to whomever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub kind: BoxEventKind,
    /// The text, or the channel's number.
    pub text: String,
    /// The video's address.
    pub parameter: String,
    /// The box boots anew when the viewer has confirmed.
    pub reboot_after_ok: bool,
    /// Seconds until the text goes away by itself; 0: it stays.
    pub auto_hide_seconds: u32,
    pub created_at: Timestamp,
    /// Not told from then on.
    pub valid_until: Timestamp,
}

/// Longest text and parameter, in characters.
pub const NOTICE_CHARS_MAX: usize = 8_192;
/// Longest life, in seconds: a year.
pub const NOTICE_SECONDS_MAX: i64 = 31_536_000;

impl Notice {
    /// A notice without texts that lives as long as its kind usually does.
    #[must_use]
    pub fn new(kind: BoxEventKind, watchdog_seconds: u32, now: Timestamp) -> Self {
        Self {
            kind,
            text: String::new(),
            parameter: String::new(),
            reboot_after_ok: false,
            auto_hide_seconds: 0,
            created_at: now,
            valid_until: now.saturating_add_seconds(kind.seconds(watchdog_seconds)),
        }
    }

    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        now < self.valid_until
    }
}

/// Something one box has to be told. It is removed when it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxEvent {
    pub id: BoxEventId,
    pub device: DeviceId,
    pub notice: Notice,
}

/// Most events that wait for one box; the oldest make room for new ones.
pub const EVENTS_PER_BOX_MAX: usize = 100;

/// Something every box has to be told: one record, and each box has its place in the row of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broadcast {
    pub id: BoxEventId,
    pub notice: Notice,
    /// Only boxes of this reseller's customers.
    pub reseller: Option<ResellerId>,
    /// The first device that was not there yet: it and later ones are not meant.
    pub before: DeviceId,
}

/// Most broadcasts of the operator that are valid at the same time.
pub const BROADCASTS_MAX: usize = 500;
/// Most of each reseller: nobody's use up anybody else's.
pub const BROADCASTS_PER_RESELLER_MAX: usize = 100;

/// What a box last told us and how far it is; kept in memory and written in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxState {
    pub device: DeviceId,
    /// SHA-256 of the token of its session.
    pub token_hash: Option<[u8; 32]>,
    pub address: String,
    /// What it says of its software.
    pub version: String,
    pub last_active_at: Option<Timestamp>,
    /// The last broadcast that is done with, by class.
    pub broadcasts_done: [BoxEventId; CLASSES],
    /// Channels the viewer likes, in the viewer's order.
    pub favourites: Vec<ChannelId>,
    pub favourite_radio: Vec<ChannelId>,
    pub last_channel: Option<ChannelId>,
    /// Films the viewer likes, the newest last.
    pub favourite_movies: Vec<MovieId>,
    /// Films that the viewer left before their end, and after how many seconds; the newest last.
    pub unfinished_movies: Vec<(MovieId, u32)>,
    /// Channels that the viewer put behind the parental PIN, beside those that are censored anyway.
    pub locked_channels: Vec<ChannelId>,
    /// The hash of the parental PIN; `None`: the one that every new box has.
    pub parental_pin: Option<Secret>,
    /// Likewise of what the box asks for before it shows its settings.
    pub settings_pin: Option<Secret>,
    /// Settings of the viewer by the names that the wire has for them.
    pub settings: BTreeMap<String, String>,
    /// When a viewer made the box one of theirs by signing in on it; `None`: staff or a script did.
    pub signed_in_at: Option<Timestamp>,
    /// When its session last came from too many networks in a day: two boxes may have one MAC.
    pub often_moved_at: Option<Timestamp>,
}

/// The PIN of a box on which nobody set one.
pub const FIRST_PIN: &str = "0000";
/// Most digits of a PIN that a viewer may choose.
pub const VIEWERS_PIN_CHARS_MAX: usize = 32;

/// Longest text that is kept of what a box says of itself, in characters.
pub const BOX_TEXT_CHARS_MAX: usize = 512;
/// Most favourites of each kind.
pub const FAVOURITES_MAX: usize = 2_000;
/// Most films that a viewer left before their end; the oldest make room.
pub const UNFINISHED_MAX: usize = 200;
/// Longest setting of a viewer, in characters.
pub const SETTING_CHARS_MAX: usize = 64;

impl BoxState {
    /// A box that never spoke to us.
    #[must_use]
    pub fn new(device: DeviceId) -> Self {
        Self {
            device,
            token_hash: None,
            address: String::new(),
            version: String::new(),
            last_active_at: None,
            broadcasts_done: [BoxEventId(0); CLASSES],
            favourites: Vec::new(),
            favourite_radio: Vec::new(),
            last_channel: None,
            favourite_movies: Vec::new(),
            unfinished_movies: Vec::new(),
            locked_channels: Vec::new(),
            parental_pin: None,
            settings_pin: None,
            settings: BTreeMap::new(),
            signed_in_at: None,
            often_moved_at: None,
        }
    }
}
