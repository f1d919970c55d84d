//! The demo's programme guide: made up from lists, the same for the same day. It knows channels by
//! their place in the demo's list and nothing of how a guide is kept.

use crate::domain::values::time::Timestamp;

const DAY_SECONDS: i64 = 86_400;
/// From yesterday, which the archive still shows, to the end of the coming week.
const DAYS: std::ops::Range<i64> = -1..7;

/// What is on, by genre: the title, the minutes it takes, what it is about.
type Shows = &'static [(&'static str, i64, &'static str)];

const SHOWS: &[(&str, Shows)] = &[
    (
        "News",
        &[
            ("The Hour", 60, "What happened, and what it means."),
            ("Headlines", 30, "The day in half an hour."),
            ("The Interview", 45, "One guest, one subject."),
            ("Weather & Roads", 15, "Before you leave the house."),
            ("Press Review", 30, "What the papers say."),
        ],
    ),
    (
        "Sport",
        &[
            (
                "Live: Match of the Day",
                120,
                "The game everybody talks of.",
            ),
            ("Highlights", 45, "All goals of the evening."),
            ("The Dressing Room", 30, "Coaches and players."),
            ("Classic Finals", 90, "Games worth seeing again."),
        ],
    ),
    (
        "Films",
        &[
            ("The Long Way Home", 120, "Two brothers and an old car."),
            ("Harbour Lights", 105, "A lighthouse keeper finds a letter."),
            ("Nine Days in May", 135, "A small town waits for the flood."),
            ("Coming Soon", 30, "Films of the next weeks."),
        ],
    ),
    (
        "Children",
        &[
            ("Little Fox and Friends", 15, "Little Fox loses a shoe."),
            ("Build It!", 30, "A bridge of paper."),
            ("Bedtime Story", 15, "The moon and the baker."),
            ("Science for Six", 30, "Why is the sky blue?"),
        ],
    ),
    (
        "Music",
        &[
            ("Morning Mix", 120, "Music without words."),
            ("Live Session", 60, "One band, one room."),
            ("Charts", 60, "What is heard most."),
        ],
    ),
    (
        "Documentary",
        &[
            ("Rivers of the World", 60, "From the source to the sea."),
            ("Made by Hand", 30, "How a violin is built."),
            ("The Year 1900", 60, "Letters, trains and telephones."),
            ("Night Animals", 45, "Owls, foxes, bats."),
        ],
    ),
    (
        "General",
        &[
            ("Good Morning", 120, "With guests and the weather."),
            ("Quiz at Eight", 30, "Seven questions, one winner."),
            ("Corner Shop", 45, "The series: somebody moves in."),
            ("The Garden Hour", 60, "Roses in autumn."),
            ("Late Show", 75, "Music and talk."),
        ],
    ),
];

/// The programmes of `channels`, each a number and its genre, around `now`, as they stand in an
/// apply document.
pub(super) fn programmes(channels: &[(usize, &str)], now: Timestamp) -> Vec<serde_json::Value> {
    let midnight = now.saturating_add_seconds(-now.seconds().rem_euclid(DAY_SECONDS));
    let mut programmes = Vec::new();
    for (channel, genre) in channels {
        let Some((_, shows)) = SHOWS.iter().find(|(name, _)| name == genre) else {
            continue;
        };
        let mut at = midnight.saturating_add_seconds(DAYS.start * DAY_SECONDS);
        let end = midnight.saturating_add_seconds(DAYS.end * DAY_SECONDS);
        // Not all channels of a genre show the same at once.
        for (title, minutes, about) in shows.iter().cycle().skip(*channel) {
            if at >= end {
                break;
            }
            let stop = at.saturating_add_seconds(minutes * 60);
            programmes.push(serde_json::json!({
                "channel": channel, "start": at.to_rfc3339_millis(),
                "stop": stop.to_rfc3339_millis(),
                "title": title, "description": about, "category": genre,
            }));
            at = stop;
        }
    }
    programmes
}
