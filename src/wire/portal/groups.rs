//! Genres as boxes know them (stalker-stb-portal §5.1, §5.4): every channel is in one that is
//! listed, no two have the same title, and number 10 is for censored channels and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::catalogue::content::Channel;
use crate::domain::values::id::GenreId;
use crate::ops::viewing::GenreUse;

/// Kodi asks for this genre by its number after it has all channels, and expects the censored ones.
pub const CENSORED: &str = "10";
/// Channels and films without a genre. No number: `0` asks for everything, as `*` does.
pub const OTHER: &str = "other";
/// What the operator's own genre 10 is called, as far as it has other channels.
const OWN_TEN: &str = "g10";

/// The genre or category that a list is asked for; `None`: all of them.
#[must_use]
pub fn wanted(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !matches!(*text, "*" | "0" | "all"))
}

/// A genre in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupOut {
    pub id: String,
    pub title: String,
    pub alias: String,
    pub censored: u8,
}

/// All genres with their names on the wire.
pub struct Groups {
    genres: Vec<GenreUse>,
    names: BTreeMap<GenreId, String>,
}

impl Groups {
    #[must_use]
    pub fn new(genres: Vec<GenreUse>) -> Self {
        let name = |id: GenreId| match id.0 {
            10 => OWN_TEN.to_owned(),
            id => id.to_string(),
        };
        let names = genres
            .iter()
            .map(|used| (used.genre.id, name(used.genre.id)));
        Self {
            names: names.collect(),
            genres,
        }
    }

    /// The name of the genre that a channel is in.
    #[must_use]
    pub fn of(&self, channel: &Channel) -> &str {
        if channel.censored {
            return CENSORED;
        }
        let own = channel.genre.and_then(|genre| self.names.get(&genre));
        own.map_or(OTHER, String::as_str)
    }

    /// The list of a box that may show these channels: the operator's genres, but those of films
    /// only, and the two that are made where there is need.
    #[must_use]
    pub fn list(&self, channels: &[Channel]) -> Vec<GroupOut> {
        let mut titles = Titles::default();
        let mut list = vec![GroupOut {
            id: "*".to_owned(),
            title: "All".to_owned(),
            alias: "All".to_owned(),
            censored: 0,
        }];
        let elsewhere =
            |used: &GenreUse| used.movies + used.radio_channels + used.censored_channels > 0;
        for used in &self.genres {
            if used.plain_channels == 0 && elsewhere(used) {
                continue;
            }
            let id = self.names.get(&used.genre.id).cloned().unwrap_or_default();
            let title = titles.unique(&used.genre.title, &id);
            let alias = title.to_lowercase();
            list.push(GroupOut {
                id,
                title,
                alias,
                censored: 0,
            });
        }
        if channels.iter().any(|channel| self.of(channel) == OTHER) {
            list.push(GroupOut {
                id: OTHER.to_owned(),
                title: titles.unique("Other", OTHER),
                alias: "other".to_owned(),
                censored: 0,
            });
        }
        if channels.iter().any(|channel| channel.censored) {
            list.push(GroupOut {
                id: CENSORED.to_owned(),
                title: titles.unique(self.censored_title(), CENSORED),
                // The original's page knows the genre by this word.
                alias: "for adults".to_owned(),
                censored: 1,
            });
        }
        list
    }

    /// The operator's own word for it, where a genre has nothing else.
    fn censored_title(&self) -> &str {
        let only = |used: &&GenreUse| used.censored_channels > 0 && used.plain_channels == 0;
        let mut of_its_own = self.genres.iter().filter(only);
        let ten = of_its_own.clone().find(|used| used.genre.id.0 == 10);
        ten.or_else(|| of_its_own.next())
            .map_or("For adults", |used| used.genre.title.as_str())
    }
}

/// Titles that were given out, as Kodi compares them: it names its groups by them.
#[derive(Default)]
struct Titles(BTreeSet<String>);

impl Titles {
    fn unique(&mut self, title: &str, id: &str) -> String {
        let title = title.trim();
        let title = if title.is_empty() {
            format!("Genre {id}")
        } else {
            title.to_owned()
        };
        let mut tried = title.clone();
        let mut number = 2u32;
        while !self.0.insert(tried.to_lowercase()) {
            tried = format!("{title} ({number})");
            number = number.saturating_add(1);
        }
        tried
    }
}

#[cfg(test)]
mod tests {
    use super::Groups;
    use crate::domain::catalogue::content::{Channel, ChannelKind, Genre};
    use crate::domain::values::id::{ChannelId, GenreId};
    use crate::ops::viewing::GenreUse;

    fn channel(id: u64, genre: Option<u64>, censored: bool) -> Channel {
        Channel {
            id: ChannelId(id),
            name: String::new(),
            number: 1,
            kind: ChannelKind::Tv,
            genre: genre.map(GenreId),
            url: String::new(),
            logo: String::new(),
            xmltv_id: String::new(),
            base_channel: false,
            censored,
            archive_days: 0,
            guide_name: String::new(),
            guide_shift_minutes: 0,
            source: String::new(),
            hidden: false,
        }
    }

    fn groups(genres: &[(u64, &str)], channels: &[Channel]) -> Groups {
        let used = |id: u64, censored: bool| {
            let is = |c: &&Channel| c.genre == Some(GenreId(id)) && c.censored == censored;
            channels.iter().filter(is).count()
        };
        let genres = genres.iter().map(|(id, title)| GenreUse {
            genre: Genre {
                id: GenreId(*id),
                title: (*title).to_owned(),
            },
            plain_channels: used(*id, false),
            censored_channels: used(*id, true),
            radio_channels: 0,
            movies: 0,
        });
        Groups::new(genres.collect())
    }

    #[test]
    fn ten_is_for_censored_channels_only() {
        let channels = [
            channel(1, Some(10), false),
            channel(2, Some(10), true),
            channel(3, Some(7), true),
            channel(4, None, false),
            channel(5, Some(99), false),
        ];
        let genres = [(1, "News"), (7, "Late"), (10, "Sport")];
        let groups = groups(&genres, &channels);
        let of: Vec<&str> = channels.iter().map(|channel| groups.of(channel)).collect();
        assert_eq!(of, ["g10", "10", "10", "other", "other"]);
        let list = groups.list(&channels);
        let list: Vec<(&str, &str, u8)> = list
            .iter()
            .map(|group| (group.id.as_str(), group.title.as_str(), group.censored))
            .collect();
        let wanted = [
            ("*", "All", 0),
            ("1", "News", 0),
            ("g10", "Sport", 0),
            ("other", "Other", 0),
            ("10", "Late", 1),
        ];
        assert_eq!(list, wanted);
    }

    #[test]
    fn titles_are_unique_and_never_empty() {
        let channels = [channel(1, None, false)];
        let genres = [(1, "other"), (2, "Other"), (3, ""), (4, "Other (2)")];
        let list = groups(&genres, &channels).list(&channels);
        let titles: Vec<&str> = list.iter().map(|group| group.title.as_str()).collect();
        let wanted = [
            "All",
            "other",
            "Other (2)",
            "Genre 3",
            "Other (2) (2)",
            "Other (3)",
        ];
        assert_eq!(titles, wanted);
    }
}
