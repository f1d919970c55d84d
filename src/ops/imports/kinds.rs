//! What an entry of a list is: a channel, a film, an episode of a series, or a heading between
//! channels.
//!
//! Lists say so in many ways, or not at all. What leaves room for doubt is a channel: a film too
//! many is easily removed, a channel that is missing is missed.

/// What an entry is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Live,
    Film,
    Episode,
    Heading,
}

/// How names of files end that hold something whole.
const FILM_ENDINGS: &[&str] = &[
    "mkv", "mp4", "avi", "mov", "m4v", "wmv", "mpg", "mpeg", "webm", "divx", "vob", "3gp", "ogv",
    "mpe", "rmvb", "m2ts", "iso",
];
/// Whatever takes longer than that is no sign that a player wants for a channel, in seconds.
const FILM_SECONDS_MIN: u32 = 300;
/// Signs that frame a heading, and how many there must be at each end.
const HEADING_SIGNS_MIN: usize = 2;

/// What of an entry only matters for what it is.
#[derive(Debug, Clone, Default)]
pub struct Signs {
    /// In seconds; channels have none.
    pub duration: Option<u32>,
    /// `tvg-type` and its sisters, in small letters.
    pub named: String,
    /// The list marks it as something whole: `media="true"`, `#EXT-X-PLAYLIST-TYPE:VOD`.
    pub is_media: bool,
    /// It has an archive, which only channels have.
    pub has_archive: bool,
}

/// What an entry is, by what the list says of it, its address and its name.
pub fn kind_of(entry: &Entry, signs: &Signs) -> Kind {
    let is_episode = is_episode_name(&entry.name);
    let film = if is_episode {
        Kind::Episode
    } else {
        Kind::Film
    };
    match signs.named.as_str() {
        "live" | "channel" | "tv" | "radio" | "stream" => return Kind::Live,
        "movie" | "movies" | "film" | "films" | "vod" | "video" => return film,
        "series" | "serie" | "episode" | "tvshow" | "tvshows" | "show" | "shows" => {
            return Kind::Episode;
        }
        _ => {}
    }
    if entry.radio == Some(true) {
        return Kind::Live;
    }
    if signs.is_media {
        return film;
    }
    let path = path_of(&entry.url);
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.by_ref().map(str::to_ascii_lowercase).collect();
    // As panels have it: /movie/USER/PASSWORD/NUMBER. A channel may be called "movie".
    let is_of_panel = parts.len() >= 4;
    match parts.first().map(String::as_str) {
        Some("series") if is_of_panel => return Kind::Episode,
        Some("movie" | "movies" | "vod") if is_of_panel => return film,
        Some("live") => return heading_or_live(entry),
        _ => {}
    }
    let ending = parts.last().and_then(|last| last.rsplit_once('.'));
    if ending.is_some_and(|(_, ending)| FILM_ENDINGS.contains(&ending)) {
        return film;
    }
    let is_channel = !entry.tvg_id.is_empty() || signs.has_archive;
    let is_long = signs.duration.is_some_and(|long| long >= FILM_SECONDS_MIN);
    if !is_channel && (is_long || (is_video_group(&entry.group) && has_year_or_number(entry))) {
        return film;
    }
    heading_or_live(entry)
}

fn heading_or_live(entry: &Entry) -> Kind {
    if entry.tvg_id.is_empty() && is_heading(&entry.name) {
        Kind::Heading
    } else {
        Kind::Live
    }
}

fn path_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let (_, path) = rest.split_once('/').unwrap_or((rest, ""));
    path.split(['?', '#']).next().unwrap_or_default()
}

/// `S01E02`, `s1 e2`, `1x02`.
fn is_episode_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let number_after = |word: &str, sign: char| {
        let digits = word.strip_prefix(sign)?;
        let end = digits.find(|c: char| !c.is_ascii_digit());
        let (number, rest) = digits.split_at_checked(end.unwrap_or(digits.len()))?;
        matches!(number.len(), 1..=4).then(|| rest.to_owned())
    };
    words
        .iter()
        .enumerate()
        .any(|(at, word)| match number_after(word, 's').as_deref() {
            Some("") => {
                let next = words.get(at.saturating_add(1));
                next.and_then(|next| number_after(next, 'e')).as_deref() == Some("")
            }
            Some(rest) => number_after(rest, 'e').as_deref() == Some(""),
            None => false,
        })
}

/// Groups that are called so hold no channels. "Movies" may: there are channels that show nothing
/// else.
fn is_video_group(group: &str) -> bool {
    let group = group.to_lowercase();
    let mut words = group.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        matches!(
            word,
            "vod" | "series" | "movies" | "films" | "фильмы" | "сериалы"
        )
    })
}

fn has_year_or_number(entry: &Entry) -> bool {
    year_of(&entry.name).is_some() || is_episode_name(&entry.name)
}

/// The year behind a title: `Blue Film (2021)`, `Blue Film - 2021`, `Blue Film [2021] 4K`.
pub fn year_of(name: &str) -> Option<u32> {
    let bracketed = name.rsplit(['(', '[']).next().and_then(|rest| {
        let (inside, _) = rest.split_once([')', ']'])?;
        Some(inside)
    });
    let dashed = name.rsplit_once(" - ").map(|(_, last)| last);
    let year = |text: &str| {
        let year = (text.trim().len() == 4).then(|| text.trim().parse().ok())??;
        (1880..=2100).contains(&year).then_some(year)
    };
    bracketed.and_then(year).or_else(|| dashed.and_then(year))
}

/// `##### UK #####`, `--- News ---`, `▬▬ SPORT ▬▬`: nothing to watch, a line between channels.
fn is_heading(name: &str) -> bool {
    let frame =
        |c: char| !c.is_alphanumeric() && !c.is_whitespace() && !"()[]\"'!?.:+&".contains(c);
    let name = name.trim();
    let front = name.chars().take_while(|c| frame(*c)).count();
    let back = name.chars().rev().take_while(|c| frame(*c)).count();
    front.min(back) >= HEADING_SIGNS_MIN
}

/// A channel or film as a list has it. What is `None` or empty the list does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub line: u64,
    pub kind: Kind,
    pub name: String,
    pub tvg_id: String,
    pub tvg_name: String,
    pub logo: String,
    pub number: Option<u32>,
    pub group: String,
    pub radio: Option<bool>,
    pub archive_days: Option<u32>,
    /// How much later than the guide says, in minutes.
    pub shift_minutes: Option<i32>,
    pub censored: Option<bool>,
    pub duration_minutes: Option<u32>,
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::{Kind, Signs, kind_of, year_of};
    use crate::ops::imports::kinds::Entry;

    fn entry(name: &str, url: &str, group: &str) -> Entry {
        Entry {
            name: name.to_owned(),
            url: url.to_owned(),
            group: group.to_owned(),
            ..Entry::default()
        }
    }

    #[test]
    fn addresses_names_and_groups_tell_what_an_entry_is() {
        use Kind::{Episode, Film, Heading, Live};
        for (name, url, group, kind) in [
            ("UK: One", "http://p.example:8080/user/pass/0", "UK", Live),
            ("One", "http://p.example/live/user/pass/0.ts", "UK", Live),
            ("One", "http://h/one/index.m3u8", "Movies", Live),
            ("Movie", "http://h/movie/index.m3u8", "Movies", Live),
            ("Movie", "http://h/movie/mpegts", "Series", Live),
            ("One", "http://h/play?file=a.mkv", "UK", Live),
            ("One", "udp://@239.0.0.1:1234", "", Live),
            ("Кино ТВ", "http://h/1", "Фильмы", Live),
            ("Top (UK)", "http://h/1", "VOD", Live),
            ("Blue (2021)", "http://p/movie/u/p/900.mkv", "VOD", Film),
            ("Blue", "http://p/movie/u/p/900", "X", Film),
            ("Blue", "http://h/films/blue.MP4?token=1", "", Film),
            ("Blue (2021)", "http://h/900", "VOD | Action", Film),
            (
                "Long S01 E01",
                "http://p/series/u/p/901.mp4",
                "Series",
                Episode,
            ),
            ("Long S01E01", "http://h/901.mkv", "X", Episode),
            ("Long.s1e2.720p", "http://h/902.mkv", "X", Episode),
            ("Long S01 E01", "http://h/903", "Series", Episode),
            ("##### UK #####", "http://p/user/pass/999", "UK", Heading),
            ("---- Новости ----", "http://h/x", "", Heading),
            ("▬▬ SPORT ▬▬", "http://h/x", "", Heading),
            ("-One-", "http://h/x", "", Live),
        ] {
            let told = kind_of(&entry(name, url, group), &Signs::default());
            assert_eq!(told, kind, "{name} {url} {group}");
        }
    }

    #[test]
    fn what_the_list_says_counts_first() {
        let live = entry("One", "http://h/1", "");
        let film = entry("Blue", "http://h/1.mkv", "");
        let signs = |named: &str, is_media, duration| Signs {
            named: named.to_owned(),
            is_media,
            duration,
            has_archive: false,
        };
        for (entry, signs, kind) in [
            (&film, signs("live", false, None), Kind::Live),
            (&live, signs("movie", false, None), Kind::Film),
            (&live, signs("series", false, None), Kind::Episode),
            (&live, signs("", true, None), Kind::Film),
            (&live, signs("", false, Some(5_400)), Kind::Film),
            (&live, signs("", false, Some(10)), Kind::Live),
        ] {
            assert_eq!(kind_of(entry, &signs), kind, "{signs:?}");
        }
        let with_id = Entry {
            tvg_id: "one".to_owned(),
            ..live
        };
        let long = signs("", false, Some(5_400));
        assert_eq!(kind_of(&with_id, &long), Kind::Live);
    }

    #[test]
    fn years_stand_behind_titles() {
        for (name, year) in [
            ("Blue Film (2021)", Some(2021)),
            ("Blue [1999] 4K", Some(1999)),
            ("Blue - 2021", Some(2021)),
            ("2012", None),
            ("Blue (Extended)", None),
            ("Blue (0021)", None),
        ] {
            assert_eq!(year_of(name), year, "{name}");
        }
    }
}
