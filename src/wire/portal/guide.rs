//! The programme guide (stalker-stb-portal §5.7).
//!
//! Kodi asks for everything at once and then not for an hour: that answer is made while it is sent,
//! channel by channel, so that it needs no memory.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::Ctx;
use crate::domain::catalogue::content::ChannelKind;
use crate::domain::catalogue::guide::Programme;
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::ChannelId;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::boxes::{self, BoxOwner};
use crate::ops::viewing::{self, BoxRequest, Found, PROGRAMMES_PER_CHANNEL_MAX};

use super::answer::{Answer, Cut, PageOut};
use super::call::Call;

/// Rows of a page of the guide's tables.
const TABLE_ROWS: usize = 10;
/// Hours ahead that a box gets where it does not say.
const PERIOD_HOURS: u64 = 3;
/// Most hours ahead: a month.
const PERIOD_HOURS_MAX: u64 = 744;
/// Programmes of a short guide where the box does not say.
const SHORT_ROWS: u64 = 5;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// A programme on the wire. Texts are never null, or Kodi drops the programme.
#[derive(Serialize)]
struct EventOut<'a> {
    id: String,
    ch_id: &'a str,
    name: &'a str,
    descr: &'a str,
    start_timestamp: i64,
    stop_timestamp: i64,
    time: &'a str,
    time_to: &'a str,
    t_time: &'a str,
    t_time_to: &'a str,
    duration: i64,
    display_duration: i64,
    real_id: String,
    category: &'a str,
    director: &'a str,
    actor: &'a str,
    on_date: &'a str,
    larr: u8,
    rarr: u8,
    mark_memo: u8,
    mark_rec: u8,
    mark_archive: u8,
    rec_id: &'static str,
    /// 0: over.
    open: u8,
}

/// Writes the programmes of a channel as a JSON list.
fn events(channel: ChannelId, shown: &[Programme], zone: &Zone, now: Timestamp) -> String {
    let ch_id = channel.0.to_string();
    let mut text = String::with_capacity(shown.len().saturating_mul(700).saturating_add(2));
    text.push('[');
    for (index, shown) in shown.iter().enumerate() {
        let (start, stop) = (zone.local(shown.start_at), zone.local(shown.stop_at));
        let (start_at, stop_at) = (shown.start_at.seconds(), shown.stop_at.seconds());
        let event = EventOut {
            id: shown.id.0.to_string(),
            ch_id: &ch_id,
            name: &shown.title,
            descr: &shown.description,
            start_timestamp: start_at,
            stop_timestamp: stop_at,
            time: &start,
            time_to: &stop,
            t_time: clock(&start),
            t_time_to: clock(&stop),
            duration: stop_at.saturating_sub(start_at),
            display_duration: stop_at.saturating_sub(start_at),
            real_id: format!("{ch_id}_{start_at}"),
            category: &shown.category,
            director: &shown.director,
            actor: &shown.actors,
            on_date: start.get(..10).unwrap_or_default(),
            larr: 0,
            rarr: 0,
            mark_memo: 0,
            mark_rec: 0,
            mark_archive: 0,
            rec_id: "",
            open: u8::from(shown.stop_at > now),
        };
        if let Ok(event) = serde_json::to_string(&event) {
            text.push_str(if index == 0 { "" } else { "," });
            text.push_str(&event);
        }
    }
    text.push(']');
    text
}

/// `10:00` of `2026-01-31 10:00:00`.
fn clock(local: &str) -> &str {
    local.get(11..16).unwrap_or_default()
}

/// Midnight of the day on which `at` falls.
fn day_of(zone: &Zone, at: Timestamp) -> Timestamp {
    zone.day_start(&zone.date(at).to_string()).unwrap_or(at)
}

/// `itv/get_epg_info`: everything of every channel,
/// from this morning until `period` hours from now.
pub fn get_epg_info(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let channels = viewing::channels(&call.ctx, visit.read(), owner, ChannelKind::Tv)?;
    let zone = call.zone();
    let hours = match call.number("period") {
        0 => PERIOD_HOURS,
        hours => hours.min(PERIOD_HOURS_MAX),
    };
    let hours = i64::try_from(hours).unwrap_or(0).saturating_add(2);
    let to = call
        .ctx
        .now
        .saturating_add_seconds(hours.saturating_mul(HOUR));
    Ok(Answer::Parts(Body::new(Everything {
        from: day_of(&zone, call.ctx.now),
        to,
        zone,
        channels: channels.iter().map(|channel| channel.id).collect(),
        ctx: call.ctx.clone(),
        written: Written::Nothing,
    })))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Nothing,
    Opening,
    Channels,
    Everything,
}

/// The guide of all channels, written while it is sent.
struct Everything {
    ctx: Ctx,
    zone: Zone,
    channels: VecDeque<ChannelId>,
    from: Timestamp,
    to: Timestamp,
    written: Written,
}

/// A piece is sent when it is that long, in bytes.
const PIECE_BYTES: usize = 16 * 1024;

impl Everything {
    /// The next piece; `None` at the end.
    fn piece(&mut self) -> Option<String> {
        if self.written == Written::Everything {
            return None;
        }
        let mut text = String::new();
        if self.written == Written::Nothing {
            text.push_str(r#"{"js":{"data":{"#);
            self.written = Written::Opening;
        }
        while text.len() < PIECE_BYTES {
            let Some(channel) = self.channels.pop_front() else {
                text.push_str(r#"}},"text":""}"#);
                self.written = Written::Everything;
                return Some(text);
            };
            let shown = viewing::programmes_now(&self.ctx, channel, self.from, self.to);
            let shown = shown.unwrap_or_else(|error| {
                tracing::error!(%error, channel = channel.0, "portal.guide_unreadable");
                Vec::new()
            });
            if shown.is_empty() {
                continue;
            }
            let comma = if self.written == Written::Channels {
                ","
            } else {
                ""
            };
            let events = events(channel, &shown, &self.zone, self.ctx.now);
            text.push_str(&format!("{comma}\"{}\":{events}", channel.0));
            self.written = Written::Channels;
        }
        Some(text)
    }
}

impl HttpBody for Everything {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.piece();
        Poll::Ready(piece.map(|text| Ok(Frame::data(Bytes::from(text)))))
    }

    fn is_end_stream(&self) -> bool {
        self.written == Written::Everything
    }
}

/// The channel that `name` says, if the viewer may see it.
fn channel(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    name: &str,
) -> Result<Option<ChannelId>, OpError> {
    let Some(id) = call.id(name) else {
        return Ok(None);
    };
    let found = viewing::channel(&call.ctx, visit.read(), owner, id)?;
    Ok(match found {
        Found::Yes(channel) => Some(channel.id),
        Found::NotAllowed | Found::Missing => None,
    })
}

/// `itv/get_short_epg`: what is shown now and next.
pub fn get_short_epg(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let Some(channel) = channel(call, visit, owner, "ch_id")? else {
        return Ok(Answer::EMPTY_LIST);
    };
    let size = match call.number("size") {
        0 => SHORT_ROWS,
        size => size.min(100),
    };
    let (now, size) = (call.ctx.now, usize::try_from(size).unwrap_or(0));
    let later = now.saturating_add_seconds(7 * DAY);
    let shown = viewing::programmes(visit.read(), channel, now, later, size)?;
    Ok(Answer::Js(events(channel, &shown, &call.zone(), now)))
}

/// `epg/get_simple_data_table`: a day of a channel.
pub fn get_simple_data_table(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    let zone = call.zone();
    let now = call.ctx.now;
    let from = call.text("date").and_then(|date| zone.day_start(date));
    let from = from.unwrap_or_else(|| day_of(&zone, now));
    let to = zone.days_after(from, 1);
    let to = to.unwrap_or_else(|| from.saturating_add_seconds(DAY));
    let Some(channel) = channel(call, visit, owner, "ch_id")? else {
        return Answer::of(&Cut::new(0, TABLE_ROWS, 1, None).page([(); 0]));
    };
    let max = PROGRAMMES_PER_CHANNEL_MAX;
    let mut shown = viewing::programmes(visit.read(), channel, from, to, max)?;
    // What began on the day before is that day's.
    shown.retain(|shown| shown.start_at >= from);
    let current = shown
        .iter()
        .position(|shown| shown.start_at <= now && now < shown.stop_at);
    let cut = Cut::new(shown.len(), TABLE_ROWS, call.number("p"), current);
    let rows = raw(events(channel, &cut.of(shown), &zone, now))?;
    Answer::of(&cut.page(rows))
}

/// Text that is JSON already.
fn raw(text: String) -> Result<Box<RawValue>, OpError> {
    RawValue::from_string(text).map_err(|error| OpError::Failed(error.to_string()))
}

/// A channel in the grid.
#[derive(Serialize)]
struct GridRowOut {
    ch_id: String,
    name: String,
    number: String,
    ch_type: &'static str,
    dvb_id: Option<u8>,
    epg_container: u8,
    epg: Box<RawValue>,
}

#[derive(Serialize)]
struct GridOut {
    time_marks: Vec<String>,
    from_ts: i64,
    to_ts: i64,
    #[serde(flatten)]
    page: PageOut<Vec<GridRowOut>>,
}

/// `epg/get_data_table`: what several channels show at the same time.
pub fn get_data_table(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    let (zone, now) = (call.zone(), call.ctx.now);
    let instant = |stamp: &str, local: &str| {
        let micros = i64::try_from(call.number(stamp))
            .ok()?
            .checked_mul(1_000_000)?;
        let stamped = Timestamp::from_micros(micros).filter(|_| micros > 0);
        stamped.or_else(|| zone.parse_local(call.text(local)?))
    };
    let half_hour = now.seconds().rem_euclid(HOUR / 2);
    let from = instant("from_ts", "from");
    let from = from.unwrap_or_else(|| now.saturating_add_seconds(half_hour.saturating_neg()));
    let to = instant("to_ts", "to").filter(|to| *to > from);
    let to = to
        .unwrap_or_else(|| from.saturating_add_seconds(2 * HOUR))
        .min(from.saturating_add_seconds(DAY));
    let mut channels = viewing::channels(&call.ctx, visit.read(), owner, ChannelKind::Tv)?;
    if call.is_on("fav") {
        let liked = boxes::state(visit.read(), owner.device.id)?.favourites;
        channels.retain(|channel| liked.contains(&channel.id));
        channels.sort_by_key(|channel| liked.iter().position(|id| *id == channel.id));
    }
    let current: Option<ChannelId> = call.id("ch_id").or_else(|| call.id("from_ch_id"));
    let current = channels
        .iter()
        .position(|channel| Some(channel.id) == current);
    let cut = Cut::new(channels.len(), TABLE_ROWS, call.number("p"), current);
    let mut rows = Vec::new();
    for channel in cut.of(channels) {
        let max = PROGRAMMES_PER_CHANNEL_MAX;
        let shown = viewing::programmes(visit.read(), channel.id, from, to, max)?;
        rows.push(GridRowOut {
            ch_id: channel.id.0.to_string(),
            name: channel.name,
            number: channel.number.to_string(),
            ch_type: "iptv",
            dvb_id: None,
            epg_container: 1,
            epg: raw(events(channel.id, &shown, &zone, now))?,
        });
    }
    let marks = (0..4).map(|half| from.saturating_add_seconds(half * HOUR / 2));
    let marks = marks.map(|at| clock(&zone.local(at)).to_owned());
    Answer::of(&GridOut {
        time_marks: marks.collect(),
        from_ts: from.seconds(),
        to_ts: to.seconds(),
        page: cut.page(rows),
    })
}

/// `epg/get_week`: the days of which there may be a guide, a week back and two ahead.
pub fn get_week(call: &Call) -> Result<Answer, OpError> {
    let zone = call.zone();
    let today = zone.date(call.ctx.now).to_string();
    let first = day_of(&zone, call.ctx.now.saturating_add_seconds(-7 * DAY));
    let days = (0..=21).filter_map(|day| zone.days_after(first, day));
    let days = days.map(|at| {
        let date = zone.date(at).to_string();
        json!({
            "f_human": human(&date, zone.date(at).weekday()),
            "f_mysql": date,
            "today": u8::from(date == today),
        })
    });
    Answer::of(&days.collect::<Vec<_>>())
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];

/// `Mon 03 NOVEMBER` of `2026-11-03`.
fn human(date: &str, weekday: usize) -> String {
    let number = |range| {
        date.get(range)
            .and_then(|text: &str| text.parse::<usize>().ok())
    };
    let month = number(5..7).and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let day = date.get(8..10).unwrap_or_default();
    let weekday = WEEKDAYS.get(weekday).unwrap_or(&"");
    format!("{weekday} {day} {}", month.unwrap_or(&""))
}

/// `epg/get_all_program_for_ch`: times and names of a day.
pub fn get_all_program_for_ch(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    let Some(channel) = channel(call, visit, owner, "ch_id")? else {
        return Ok(Answer::EMPTY_LIST);
    };
    let from = day_of(&call.zone(), call.ctx.now);
    let to = from.saturating_add_seconds(2 * DAY);
    let max = PROGRAMMES_PER_CHANNEL_MAX;
    let shown = viewing::programmes(visit.read(), channel, from, to, max)?;
    let rows = shown.iter().map(|shown| {
        json!({
            "start_timestamp": shown.start_at.seconds(),
            "stop_timestamp": shown.stop_at.seconds(),
            "name": shown.title,
        })
    });
    Answer::of(&rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn days_are_said_as_the_original_says_them() {
        assert_eq!(human("2026-11-03", 1), "Tue 03 NOVEMBER");
        assert_eq!(human("2026-01-31", 5), "Sat 31 JANUARY");
        assert_eq!(human("", 9), "  ");
    }
}
