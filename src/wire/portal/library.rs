//! Films and radio (stalker-stb-portal §6, §7).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;

use crate::domain::boxes::event::BoxState;
use crate::domain::catalogue::content::{Channel, ChannelKind, Movie};
use crate::domain::values::id::{ChannelId, GenreId, MovieId};
use crate::ops::OpError;
use crate::ops::boxes::{self, BoxOwner};
use crate::ops::viewing::{self, BoxRequest, Found};

use super::answer::{Answer, Cut, PAGE_ROWS};
use super::call::Call;
use super::groups::{OTHER, wanted};
use super::live::{ids, link, no_link, play_cmd};
use crate::wire::portal::call_action::CallAction;
use crate::wire::portal::call_action::Kept;

/// A category of films, or one thing of several to choose.
#[derive(Serialize)]
struct CategoryOut {
    id: String,
    title: String,
    alias: String,
    censored: u8,
}

fn category(id: &str, title: &str) -> CategoryOut {
    CategoryOut {
        id: id.to_owned(),
        title: title.to_owned(),
        alias: if id == "*" {
            "*".to_owned()
        } else {
            title.to_lowercase()
        },
        censored: 0,
    }
}

fn category_of(movie: &Movie, titles: &BTreeMap<GenreId, String>) -> String {
    let known = movie.genre.filter(|genre| titles.contains_key(genre));
    known.map_or_else(|| OTHER.to_owned(), |genre| genre.0.to_string())
}

fn titles(visit: &BoxRequest) -> Result<BTreeMap<GenreId, String>, OpError> {
    let genres = viewing::genres(visit.read())?.into_iter();
    Ok(genres
        .map(|used| (used.genre.id, used.genre.title))
        .collect())
}

/// `vod/get_categories`: the genres of the films that the viewer may see. Series have none.
pub fn get_categories(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    films: bool,
) -> Result<Answer, OpError> {
    let mut list = vec![category("*", "All")];
    if films {
        let titles = titles(visit)?;
        let movies = viewing::movies(&call.ctx, visit.read(), owner)?;
        let used: BTreeSet<String> = movies
            .iter()
            .map(|movie| category_of(movie, &titles))
            .collect();
        for (id, title) in &titles {
            let id = id.0.to_string();
            if used.contains(&id) {
                list.push(category(&id, title));
            }
        }
        if used.contains(OTHER) {
            list.push(category(OTHER, "Other"));
        }
    }
    Answer::of(&list)
}

/// `vod/get_genres_by_category_alias`, `get_years` and `get_abc`: what a list can be narrowed by.
pub fn get_choices(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    action: &str,
) -> Result<Answer, OpError> {
    let movies = viewing::movies(&call.ctx, visit.read(), owner)?;
    if action == "get_genres_by_category_alias" {
        return genres_of(call, visit, &movies);
    }
    let words: BTreeSet<String> = match action {
        "get_years" => movies
            .iter()
            .filter_map(|movie| movie.year)
            .map(|year| year.to_string())
            .collect(),
        "get_abc" => movies
            .iter()
            .filter_map(|movie| initial(&movie.title))
            .collect(),
        _ => BTreeSet::new(),
    };
    let all = [("*".to_owned(), "*".to_owned())].into_iter();
    let choices = all.chain(words.into_iter().map(|word| (word.clone(), word)));
    let choices: Vec<_> = choices
        .map(|(id, title)| json!({"id": id, "title": title}))
        .collect();
    Answer::of(&choices)
}

/// The genres of the films of a category. A film has one genre, which is its category too.
fn genres_of(call: &Call, visit: &BoxRequest, movies: &[Movie]) -> Result<Answer, OpError> {
    let titles = titles(visit)?;
    let alias = wanted(call.text("cat_alias")).map(str::to_lowercase);
    let used: BTreeSet<GenreId> = movies.iter().filter_map(|movie| movie.genre).collect();
    let known = titles.iter().filter(|(id, title)| {
        let meant = |alias: &String| title.to_lowercase() == *alias;
        used.contains(id) && alias.as_ref().is_none_or(meant)
    });
    let mut choices = vec![json!({"id": "*", "title": "*"})];
    choices.extend(known.map(|(id, title)| json!({"id": id.0.to_string(), "title": title})));
    Answer::of(&choices)
}

fn initial(title: &str) -> Option<String> {
    let first = title.trim().chars().next()?;
    Some(first.to_uppercase().collect())
}

/// A parameter, and what of a film it is compared with.
type Narrowed<'a> = (&'static str, &'a dyn Fn(&Movie) -> String);

/// `vod/get_ordered_list`: a page of films, or the one file of a film.
pub fn get_ordered_list(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    if let Some(id) = call.id::<MovieId>("movie_id").filter(|id| id.0 != 0) {
        return files(call, visit, owner, id);
    }
    let titles = titles(visit)?;
    let state = boxes::state(visit.read(), owner.device.id)?;
    let mut movies = viewing::movies(&call.ctx, visit.read(), owner)?;
    if call.is_on("fav") {
        movies.retain(|movie| state.favourite_movies.contains(&movie.id));
    }
    if call.is_on("not_ended") {
        movies.retain(|movie| left_at(&state, movie.id).is_some());
    }
    let category = |movie: &Movie| category_of(movie, &titles);
    let narrowed: [Narrowed<'_>; 4] = [
        ("category", &category),
        ("genre", &category),
        ("years", &|movie| {
            movie.year.map(|year| year.to_string()).unwrap_or_default()
        }),
        ("abc", &|movie| initial(&movie.title).unwrap_or_default()),
    ];
    for (name, of) in narrowed {
        if let Some(input) = wanted(call.text(name)) {
            movies.retain(|movie| of(movie) == input);
        }
    }
    if let Some(words) = call.text("search") {
        let words = words.to_lowercase();
        movies.retain(|movie| {
            movie.title.to_lowercase().contains(&words)
                || movie.year.is_some_and(|year| year.to_string() == words)
        });
    }
    match call.text("sortby") {
        Some("name") => movies.sort_by_cached_key(|movie| movie.title.to_lowercase()),
        // The newest first, as the original has it.
        _ => movies.reverse(),
    }
    let cut = Cut::new(movies.len(), PAGE_ROWS, call.number("p"), None);
    let rows = cut.of(movies);
    let rows = rows
        .iter()
        .map(|movie| film(movie, &titles, &state))
        .collect::<Vec<_>>();
    Answer::of(&cut.page(rows))
}

/// After how many seconds the viewer left a film; nothing where it was not begun or seen to its
/// end.
fn left_at(state: &BoxState, movie: MovieId) -> Option<u32> {
    let mut left = state.unfinished_movies.iter();
    left.find(|(held, _)| *held == movie).map(|(_, at)| *at)
}

fn film(movie: &Movie, titles: &BTreeMap<GenreId, String>, state: &BoxState) -> serde_json::Value {
    let genre = movie.genre.and_then(|genre| titles.get(&genre));
    // An absolute address, or nothing.
    let poster = Some(&movie.poster).filter(|poster| poster.contains("://"));
    let id = movie.id.0.to_string();
    json!({
        "id": id,
        "name": movie.title,
        "o_name": movie.title,
        "description": movie.description,
        "pic": "",
        "screenshot_uri": poster.map_or(json!(false), |poster| json!(poster)),
        "screenshots": "", "cost": "0",
        "time": movie.duration_minutes.unwrap_or(0).to_string(),
        "cmd": format!("/media/{id}.mpg"),
        "rtsp_url": "", "protocol": "http",
        "hd": "0", "sd": "1", "censored": "0", "lock": 0,
        "fav": u8::from(state.favourite_movies.contains(&movie.id)),
        "series": [], "cur_series": 0,
        "position": left_at(state, movie.id).unwrap_or(0).to_string(),
        "category_id": category_of(movie, titles),
        "genres_str": genre.map_or("", String::as_str),
        "director": "", "actors": "",
        "year": movie.year.map(|year| year.to_string()).unwrap_or_default(),
        "country": "", "age": "", "rating_mpaa": "", "rating_kinopoisk": "", "rating_imdb": "",
        "added": "", "for_rent": 0, "rent_info": [], "open": 1, "low_quality": 0,
        "has_files": 1, "is_movie": true, "is_series": "0",
    })
}

/// The files of a film: there is one.
fn files(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    id: MovieId,
) -> Result<Answer, OpError> {
    let Found::Yes(movie) = viewing::movie(&call.ctx, visit.read(), owner, id)? else {
        return Ok(Answer::EMPTY_PAGE);
    };
    let id = movie.id.0.to_string();
    let file = json!({
        "id": id, "video_id": id, "series_id": "0", "file_type": "video", "protocol": "http",
        "url": "", "file_name": "", "languages": [], "quality": "", "name": movie.title,
        "is_file": true, "cmd": format!("/media/file_{id}.mpg"),
    });
    let cut = Cut::new(1, PAGE_ROWS, call.number("p"), None);
    Answer::of(&cut.page(cut.of(vec![file])))
}

/// `vod/create_link`: `/media/7.mpg` or `/media/file_7.mpg`, whatever stands behind it.
pub fn create_link(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let Some(id) = film_of(call.verbatim("cmd")) else {
        return no_link("", "nothing_to_play");
    };
    let text = id.0.to_string();
    match viewing::movie(&call.ctx, visit.read(), owner, id)? {
        Found::Yes(movie) => link(call, &text, &movie.url),
        Found::NotAllowed => no_link(&text, "access_denied"),
        Found::Missing => no_link(&text, "nothing_to_play"),
    }
}

fn film_of(cmd: &str) -> Option<MovieId> {
    let (_, rest) = cmd.split_once("/media/")?;
    let rest = rest.strip_prefix("file_").unwrap_or(rest);
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok().map(MovieId)
}

/// `radio/get_categories`: one for all.
pub fn radio_categories() -> Result<Answer, OpError> {
    Answer::of(&[category("*", "All")])
}

#[derive(Serialize)]
struct RadioOut {
    id: String,
    name: String,
    number: String,
    cmd: String,
    status: u8,
    volume_correction: &'static str,
    fav: u8,
    open: u8,
    error: &'static str,
    logo: String,
    radio: bool,
    page: usize,
}

/// A radio channel in a list. Its `cmd` is played as it is (§7).
fn radio(call: &Call, channel: &Channel, liked: &[ChannelId], page: usize) -> RadioOut {
    RadioOut {
        id: channel.id.0.to_string(),
        name: channel.name.clone(),
        number: channel.number.to_string(),
        cmd: play_cmd(&call.absolute(&channel.url)),
        status: 1,
        volume_correction: "0",
        fav: u8::from(liked.contains(&channel.id)),
        open: 1,
        error: "",
        logo: channel.logo.clone(),
        radio: true,
        page,
    }
}

/// `radio/get_ordered_list`
pub fn radio_list(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let liked = boxes::state(visit.read(), owner.device.id)?.favourite_radio;
    let mut channels = viewing::channels(&call.ctx, visit.read(), owner, ChannelKind::Radio)?;
    if call.is_on("fav") {
        channels.retain(|channel| liked.contains(&channel.id));
    }
    if let Some(words) = call.text("search") {
        let words = words.to_lowercase();
        channels.retain(|channel| channel.name.to_lowercase().contains(&words));
    }
    if call.text("sortby") == Some("name") {
        channels.sort_by_cached_key(|channel| channel.name.to_lowercase());
    }
    let cut = if call.is_on("all") {
        Cut::all(channels.len())
    } else {
        Cut::new(channels.len(), PAGE_ROWS, call.number("p"), None)
    };
    let page = cut.skip / PAGE_ROWS + 1;
    let rows = cut.of(channels);
    let rows = rows
        .iter()
        .map(|channel| radio(call, channel, &liked, page))
        .collect::<Vec<_>>();
    Answer::of(&cut.page(rows))
}

/// `radio/get_all_fav_radio`
pub fn radio_favourites(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    let liked = boxes::state(visit.read(), owner.device.id)?.favourite_radio;
    let channels = viewing::channels(&call.ctx, visit.read(), owner, ChannelKind::Radio)?;
    let by_id: BTreeMap<ChannelId, &Channel> = channels
        .iter()
        .map(|channel| (channel.id, channel))
        .collect();
    let rows = liked.iter().filter_map(|id| by_id.get(id));
    let rows: Vec<RadioOut> = rows
        .map(|channel| radio(call, channel, &liked, 1))
        .collect();
    Answer::of(&Cut::all(rows.len()).page(rows))
}

/// `radio/get_fav_ids`
pub fn radio_fav_ids(visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let state = boxes::state(visit.read(), owner.device.id)?;
    Answer::of(&ids(&state.favourite_radio))
}

/// `radio/set_fav`
pub fn set_radio_fav(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<CallAction, OpError> {
    let input = call.channels("fav_radio");
    let input = viewing::existing_channels(visit.read(), input, ChannelKind::Radio)?;
    let state = boxes::state(visit.read(), owner.device.id)?;
    Ok(if state.favourite_radio == input {
        CallAction::Answer(Answer::TRUE)
    } else {
        CallAction::Keep(owner.device.id, Kept::FavouriteRadio(input))
    })
}

/// `radio/get_channel_by_id`, which is asked for by its number.
pub fn radio_by_number(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<Answer, OpError> {
    let number = call.number("number");
    let channels = viewing::channels(&call.ctx, visit.read(), owner, ChannelKind::Radio)?;
    let channel = channels
        .iter()
        .find(|channel| u64::from(channel.number) == number);
    match channel {
        Some(channel) => Answer::of(&radio(call, channel, &[], 1)),
        None => Ok(Answer::FALSE),
    }
}

#[cfg(test)]
mod tests {
    use super::film_of;
    use crate::domain::values::id::MovieId;

    #[test]
    fn films_are_named_by_a_file_that_is_none() {
        for cmd in [
            "/media/7.mpg",
            "/media/file_7.mpg",
            "auto /media/7.mpg position:12",
            "/media/7",
        ] {
            assert_eq!(film_of(cmd), Some(MovieId(7)), "{cmd}");
        }
        for cmd in [
            "",
            "/media/",
            "7",
            "/media/x7.mpg",
            "/media/99999999999999999999999.mpg",
        ] {
            assert_eq!(film_of(cmd), None, "{cmd}");
        }
    }
}
