//! What boxes are told.

pub mod event;

/// Modules that plans can switch (stalker-rest-v1 §4.7).
pub const SWITCHABLE_MODULES: [&str; 7] = [
    "vclub",
    "karaoke",
    "cityinfo",
    "horoscope",
    "anecdote",
    "game.mastermind",
    "infoportal",
];
