//! Live TV: genres, channels, links, favourites (stalker-stb-portal §5).
//!
//! The listed `cmd` is a placeholder, so every player asks for a link before it plays; whether the
//! viewer may watch is decided then too.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::catalogue::content::{Channel, ChannelKind};
use crate::domain::values::id::ChannelId;
use crate::ops::OpError;
use crate::ops::boxes::{self, BoxOwner};
use crate::ops::viewing::{self, BoxRequest, Found};

use super::answer::{Answer, Cut, PAGE_ROWS, PageOut};
use super::call::Call;
use super::groups::{self, CENSORED, Groups};
use super::watchdog::digit;
use crate::wire::portal::call_action::CallAction;
use crate::wire::portal::call_action::Kept;

/// A channel in a list (§5.3): texts where the original has a database column, numbers where it
/// computes.
#[derive(Serialize)]
struct ChannelOut<'a> {
    id: String,
    name: &'a str,
    number: String,
    cmd: String,
    cmds: [LinkOut; 1],
    cost: &'static str,
    count: &'static str,
    status: u8,
    tv_genre_id: &'a str,
    base_ch: &'static str,
    bonus_ch: &'static str,
    hd: &'static str,
    xmltv_id: &'a str,
    service_id: &'static str,
    volume_correction: &'static str,
    use_http_tmp_link: &'static str,
    wowza_tmp_link: &'static str,
    use_load_balancing: &'static str,
    mc_cmd: &'static str,
    enable_tv_archive: u8,
    archive: u8,
    tv_archive_duration: u8,
    wowza_dvr: &'static str,
    flussonic_dvr: &'static str,
    allow_pvr: &'static str,
    allow_local_pvr: &'static str,
    allow_local_timeshift: &'static str,
    pvr: u8,
    locked: &'static str,
    censored: &'static str,
    lock: u8,
    fav: u8,
    open: u8,
    error: &'static str,
    logo: &'a str,
    genres_str: &'static str,
    cur_playing: String,
    epg: [u8; 0],
}

#[derive(Serialize)]
struct LinkOut {
    id: String,
    ch_id: String,
    priority: &'static str,
    url: String,
    status: &'static str,
    use_http_tmp_link: &'static str,
    wowza_tmp_link: &'static str,
    user_agent_filter: &'static str,
    use_load_balancing: &'static str,
    changed: &'static str,
}

const NOTHING_SHOWN: &str = "[No channel info]";

/// A row of a channel; `number` where it has another one in this list.
fn row<'a>(
    channel: &'a Channel,
    group: &'a str,
    fav: bool,
    number: Option<usize>,
) -> ChannelOut<'a> {
    let id = channel.id.0.to_string();
    let cmd = format!("ffmpeg http://localhost/ch/{id}");
    ChannelOut {
        name: &channel.name,
        number: number.map_or_else(|| channel.number.to_string(), |number| number.to_string()),
        cmds: [LinkOut {
            id: id.clone(),
            ch_id: id.clone(),
            priority: "0",
            url: cmd.clone(),
            status: "1",
            use_http_tmp_link: "1",
            wowza_tmp_link: "0",
            user_agent_filter: "",
            use_load_balancing: "0",
            changed: "",
        }],
        id,
        cmd,
        cost: "0",
        count: "0",
        status: 1,
        tv_genre_id: group,
        base_ch: digit(channel.base_channel),
        bonus_ch: "0",
        hd: "0",
        xmltv_id: &channel.xmltv_id,
        service_id: "",
        volume_correction: "0",
        use_http_tmp_link: "1",
        wowza_tmp_link: "0",
        use_load_balancing: "0",
        mc_cmd: "",
        enable_tv_archive: 0,
        archive: 0,
        tv_archive_duration: 0,
        wowza_dvr: "0",
        flussonic_dvr: "0",
        allow_pvr: "0",
        allow_local_pvr: "0",
        allow_local_timeshift: "0",
        pvr: 0,
        locked: "0",
        censored: digit(channel.censored),
        lock: u8::from(channel.censored),
        fav: u8::from(fav),
        open: 1,
        error: "",
        logo: logo(&channel.logo),
        genres_str: "",
        cur_playing: NOTHING_SHOWN.to_owned(),
        epg: [],
    }
}

/// Kodi drops pictures that stand in the text itself.
fn logo(text: &str) -> &str {
    if text.starts_with("data:") { "" } else { text }
}

/// `itv/get_genres`
pub fn get_genres(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let groups = Groups::new(viewing::genres(visit.read())?);
    let channels = viewing::channels(&call.ctx, visit.read(), owner, ChannelKind::Tv)?;
    Answer::of(&groups.list(&channels))
}

/// What every list of channels is made of.
struct Line {
    groups: Groups,
    channels: Vec<Channel>,
    favourites: Vec<ChannelId>,
    locked: Vec<ChannelId>,
    last: Option<ChannelId>,
}

fn line(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Line, OpError> {
    let state = boxes::state(visit.read(), owner.device.id)?;
    Ok(Line {
        groups: Groups::new(viewing::genres(visit.read())?),
        channels: viewing::channels(&call.ctx, visit.read(), owner, ChannelKind::Tv)?,
        favourites: state.favourites,
        locked: state.locked_channels,
        last: state.last_channel,
    })
}

impl Line {
    /// The favourites among the channels, in the viewer's order.
    fn in_viewers_order(&self) -> Vec<&Channel> {
        let by_id: BTreeMap<ChannelId, &Channel> = self
            .channels
            .iter()
            .map(|channel| (channel.id, channel))
            .collect();
        let wanted = self.favourites.iter();
        wanted.filter_map(|id| by_id.get(id).copied()).collect()
    }

    /// The rows of a page, of these channels.
    fn page<'a>(
        &'a self,
        channels: Vec<&'a Channel>,
        cut: Cut,
        renumber: bool,
    ) -> PageOut<Vec<ChannelOut<'a>>> {
        let liked: BTreeSet<ChannelId> = self.favourites.iter().copied().collect();
        let rows = cut.of(channels).into_iter().enumerate();
        let rows = rows.map(|(index, channel)| {
            let number = renumber.then(|| cut.skip.saturating_add(index).saturating_add(1));
            let mut row = row(
                channel,
                self.groups.of(channel),
                liked.contains(&channel.id),
                number,
            );
            row.lock |= u8::from(self.locked.contains(&channel.id));
            row
        });
        cut.page(rows.collect::<Vec<_>>())
    }
}

/// `itv/get_all_channels`: all but the censored ones, which players ask for by their genre (§5.3).
pub fn get_all_channels(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    let line = line(call, visit, owner)?;
    let channels: Vec<&Channel> = line
        .channels
        .iter()
        .filter(|channel| !channel.censored)
        .collect();
    let cut = Cut::all(channels.len());
    Answer::of(&line.page(channels, cut, false))
}

/// `itv/get_all_fav_channels`: the viewer's channels, with the viewer's numbers.
pub fn get_all_fav_channels(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    let line = line(call, visit, owner)?;
    let channels = line.in_viewers_order();
    let cut = Cut::all(channels.len());
    Answer::of(&line.page(channels, cut, true))
}

/// `itv/get_ordered_list` (§5.4)
pub fn get_ordered_list(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    let line = line(call, visit, owner)?;
    let fav = call.is_on("fav");
    let mut channels: Vec<&Channel> = if fav {
        line.in_viewers_order()
    } else {
        line.channels.iter().collect()
    };
    match groups::wanted(call.text("genre")) {
        None => {}
        Some(CENSORED) => channels.retain(|channel| channel.censored),
        Some(genre) => channels.retain(|channel| line.groups.of(channel) == genre),
    }
    if let Some(words) = call.text("search") {
        let words = words.to_lowercase();
        channels.retain(|channel| channel.name.to_lowercase().contains(&words));
    }
    if call.text("sortby") == Some("name") {
        channels.sort_by_cached_key(|channel| channel.name.to_lowercase());
    }
    let current = call
        .id("from_ch_id")
        .filter(|id: &ChannelId| id.0 != 0)
        .or(line.last);
    let current = channels
        .iter()
        .position(|channel| Some(channel.id) == current);
    let cut = Cut::new(channels.len(), PAGE_ROWS, call.number("p"), current);
    let mut page = line.page(channels, cut, fav);
    let zone = call.zone();
    let soon = call.ctx.now.saturating_add_seconds(1);
    for row in &mut page.data {
        let id = ChannelId(row.id.parse().unwrap_or(0));
        let shown = viewing::programmes(visit.read(), id, call.ctx.now, soon, 1)?;
        if let Some(shown) = shown.first() {
            let start = zone.local(shown.start_at);
            let clock = start.get(11..16).unwrap_or_default();
            row.cur_playing = format!("{clock} {}", shown.title);
        }
    }
    Answer::of(&page)
}

/// A link to play (§5.5). The player is another program and has no token:
/// the address is all it gets.
#[derive(Serialize)]
struct PlayOut<'a> {
    id: &'a str,
    cmd: String,
    streamer_id: u8,
    link_id: u8,
    load: u8,
    error: &'static str,
}

/// No link, and why not (§5.6).
pub fn no_link(id: &str, error: &'static str) -> Result<Answer, OpError> {
    Answer::of(&PlayOut {
        id,
        cmd: String::new(),
        streamer_id: 0,
        link_id: 0,
        load: 0,
        error,
    })
}

/// A link to this address; none where there is no address.
pub fn link(call: &Call, id: &str, url: &str) -> Result<Answer, OpError> {
    let cmd = play_cmd(&call.absolute(url));
    if cmd.is_empty() {
        return no_link(id, "nothing_to_play");
    }
    Answer::of(&PlayOut {
        id,
        cmd,
        streamer_id: 0,
        link_id: 0,
        load: 0,
        error: "",
    })
}

/// `itv/create_link`: for whatever was ever listed, and for a channel's own address.
pub fn create_link(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let (ctx, read) = (&call.ctx, visit.read());
    let found = match play_target(call.verbatim("cmd")) {
        PlayTarget::Channel(id) => viewing::channel(ctx, read, owner, id)?,
        PlayTarget::Address(address) => viewing::channel_that(ctx, read, owner, |channel| {
            !channel.url.is_empty() && address == address_of(&call.absolute(&channel.url))
        })?,
        PlayTarget::Nothing => Found::Missing,
    };
    match found {
        Found::Yes(channel) => link(call, &channel.id.0.to_string(), &channel.url),
        Found::NotAllowed => no_link("", "access_denied"),
        Found::Missing => no_link("", "nothing_to_play"),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum PlayTarget {
    Channel(ChannelId),
    Address(String),
    Nothing,
}

/// What a `cmd` asks for. Whatever stands behind the number of a placeholder does not count.
fn play_target(cmd: &str) -> PlayTarget {
    let address = address_of(cmd);
    if address.is_empty() {
        return PlayTarget::Nothing;
    }
    let placeholder = ["http://localhost/ch/", "https://localhost/ch/"]
        .iter()
        .find_map(|front| address.strip_prefix(front));
    let Some(rest) = placeholder else {
        return PlayTarget::Address(address);
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let number = rest.get(..end).and_then(|digits| digits.parse().ok());
    number.map_or(PlayTarget::Nothing, |number| {
        PlayTarget::Channel(ChannelId(number))
    })
}

/// The word before an address says what plays it; it is one word, and no address itself.
fn solution(text: &str) -> (Option<&str>, &str) {
    let text = text.trim();
    match text.split_once(' ') {
        Some((word, rest)) if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            (Some(word), rest.trim())
        }
        _ => (None, text),
    }
}

/// An address without the word before it, and without blanks.
fn address_of(text: &str) -> String {
    without_blanks(solution(text).1)
}

/// `ffmpeg http://…`: one word, one blank, one address (§5.5). Empty where there is no address.
pub fn play_cmd(url: &str) -> String {
    let (word, address) = solution(url);
    if address.is_empty() {
        return String::new();
    }
    let word = word.unwrap_or_else(|| match address.split_once("://") {
        Some(("rtp", _)) => "rtp",
        Some(("udp", _)) => "udp",
        _ => "ffmpeg",
    });
    format!("{word} {}", without_blanks(address))
}

/// Players cut at blanks.
fn without_blanks(address: &str) -> String {
    let mut text = String::with_capacity(address.len());
    for c in address.chars() {
        if c.is_whitespace() || c.is_control() {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                text.push_str(&format!("%{byte:02X}"));
            }
        } else {
            text.push(c);
        }
    }
    text
}

/// `itv/get_fav_ids`: also those that the viewer may not watch at the moment; they come back.
pub fn get_fav_ids(visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let state = boxes::state(visit.read(), owner.device.id)?;
    Answer::of(&ids(&state.favourites))
}

pub fn ids(channels: &[ChannelId]) -> Vec<String> {
    channels
        .iter()
        .map(|channel| channel.0.to_string())
        .collect()
}

/// `itv/set_fav`: the whole list, in the viewer's order.
pub fn set_fav(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<CallAction, OpError> {
    let input = call.channels("fav_ch");
    let input = viewing::existing_channels(visit.read(), input, ChannelKind::Tv)?;
    let state = boxes::state(visit.read(), owner.device.id)?;
    Ok(if state.favourites == input {
        CallAction::Answer(Answer::TRUE)
    } else {
        CallAction::Keep(owner.device.id, Kept::Favourites(input))
    })
}

/// `itv/set_last_id` and `itv/set_played`: where the box is when it starts again. A censored
/// channel is not brought up again (§5.8).
pub fn set_last(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    name: &str,
) -> Result<CallAction, OpError> {
    let state = boxes::state(visit.read(), owner.device.id)?;
    let known = match call.id(name) {
        Some(id) if !call.is_on("censored") && state.last_channel != Some(id) => {
            viewing::existing_channels(visit.read(), [id], ChannelKind::Tv)?
        }
        _ => Vec::new(),
    };
    Ok(match known.first() {
        Some(channel) => CallAction::Keep(owner.device.id, Kept::Last(*channel)),
        None => CallAction::Answer(Answer::TRUE),
    })
}

#[cfg(test)]
mod tests {
    use super::{PlayTarget, play_cmd, play_target};
    use crate::domain::values::id::ChannelId;
    use proptest::prelude::*;

    #[test]
    fn whatever_was_listed_is_understood() {
        for cmd in [
            "ffmpeg http://localhost/ch/27",
            "ffrt3 http://localhost/ch/27_",
            "http://localhost/ch/27",
            " auto  http://localhost/ch/27 position:1",
        ] {
            assert_eq!(
                play_target(cmd),
                PlayTarget::Channel(ChannelId(27)),
                "{cmd}"
            );
        }
        let address = PlayTarget::Address("http://a/b%20c".to_owned());
        for cmd in ["ffmpeg http://a/b c", "http://a/b c", "http://a/b%20c"] {
            assert_eq!(play_target(cmd), address, "{cmd}");
        }
        for cmd in ["", " ", "ffmpeg ", "ffmpeg http://localhost/ch/"] {
            assert_eq!(
                play_target(cmd),
                match cmd.trim() {
                    "ffmpeg" => PlayTarget::Address("ffmpeg".to_owned()),
                    _ => PlayTarget::Nothing,
                },
                "{cmd}"
            );
        }
    }

    #[test]
    fn a_link_is_one_word_one_blank_one_address() {
        for (url, cmd) in [
            ("", ""),
            ("http://h/x.m3u8?a=b&c", "ffmpeg http://h/x.m3u8?a=b&c"),
            ("http://h/a b\tc", "ffmpeg http://h/a%20b%09c"),
            ("ffrt http://h/x", "ffrt http://h/x"),
            ("rtp://239.1.1.1:1234", "rtp rtp://239.1.1.1:1234"),
            ("udp://@239.1.1.1:1234", "udp udp://@239.1.1.1:1234"),
        ] {
            assert_eq!(play_cmd(url), cmd);
        }
    }

    proptest! {
        #[test]
        fn fuzz_cmds_never_panic(text in "\\PC{0,60}") {
            let _ = play_target(&text);
            let cmd = play_cmd(&text);
            prop_assert!(cmd.matches(char::is_whitespace).count() <= 1, "{cmd:?}");
        }
    }
}
