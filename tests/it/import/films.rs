//! Films and episodes in lists of channels.

use boxoffice::domain::catalogue::content::{Channel, Genre, Movie};
use boxoffice::ops::imports::{Left, Options};

use super::{all, counts, field, is_clean, m3u, m3u_with, named, names, state};
use crate::support::TestBox;
use crate::support::fixture::a_box;

fn titles(bx: &TestBox) -> Vec<String> {
    all::<Movie>(bx)
        .into_iter()
        .map(|film| film.title)
        .collect()
}

#[tokio::test]
async fn channels_are_taken_as_channels_and_films_as_films() {
    let bx = a_box().await;
    let report = m3u(&bx, field("m06-vod-mixed.m3u")).await;
    assert_eq!(
        names(&bx),
        ["UK: Channel 0", "UK: Channel 1", "UK: Channel 2"]
    );
    assert_eq!(
        titles(&bx),
        ["Blue Film (2021)", "Vod entry", "Media entry"]
    );
    assert_eq!(report.channels, Some(counts([3, 0, 0, 0])));
    assert_eq!(report.films, Some(counts([3, 0, 0, 0])));
    let left = Left {
        episodes: 1,
        headings: 1,
        ..Left::default()
    };
    assert_eq!(report.left_out, left);
    let blue = &all::<Movie>(&bx)[0];
    assert_eq!(blue.year, Some(2021));
    let genres: Vec<Genre> = all(&bx);
    let genre = genres.iter().find(|genre| Some(genre.id) == blue.genre);
    assert_eq!(genre.map(|genre| genre.title.as_str()), Some("VOD"));
    let before = (state(&bx), all::<Movie>(&bx));
    let again = m3u(&bx, field("m06-vod-mixed.m3u")).await;
    assert_eq!(again.films, Some(counts([0, 0, 3, 0])));
    assert_eq!((state(&bx), all::<Movie>(&bx)), before);
    is_clean(&bx);
}

#[tokio::test]
async fn what_is_not_wanted_is_counted() {
    let bx = a_box().await;
    let live = Options {
        live_only: true,
        ..Options::default()
    };
    let report = m3u_with(&bx, field("m06-vod-mixed.m3u"), &live).await;
    assert_eq!((report.films, report.left_out.films), (None, 3));
    assert_eq!(titles(&bx), Vec::<String>::new());
    let bx = a_box().await;
    let groups = Options {
        groups: vec!["vod".to_owned(), "none".to_owned()],
        ..Options::default()
    };
    let report = m3u_with(&bx, field("m06-vod-mixed.m3u"), &groups).await;
    assert_eq!(titles(&bx), ["Blue Film (2021)"]);
    assert_eq!((names(&bx).len(), report.left_out.other_groups), (0, 7));
    assert_eq!(
        report.warnings,
        ["the list has no group none; it has Series, UK, VOD"]
    );
}

#[tokio::test]
async fn a_film_stays_one_film_when_its_address_or_name_changes() {
    let bx = a_box().await;
    let list = |name: &str, user: &str| {
        format!(
            "#EXTM3U\n#EXTINF:5400 tvg-logo=\"http://l/1\",{name}\nhttp://p/movie/{user}/x/1.mkv\n"
        )
    };
    m3u(&bx, list("Blue (2021)", "old")).await;
    let report = m3u(&bx, list("blue (2021)", "new")).await;
    assert_eq!(report.films, Some(counts([0, 1, 0, 0])));
    let report = m3u(&bx, list("Another name", "new")).await;
    assert_eq!(report.films, Some(counts([0, 0, 1, 0])));
    let films: Vec<Movie> = all(&bx);
    assert_eq!(films.len(), 1);
    assert_eq!(
        (films[0].title.as_str(), films[0].duration_minutes),
        ("Blue (2021)", Some(90))
    );
    assert_eq!(films[0].url, "http://p/movie/new/x/1.mkv");
}

/// The list of a panel: few channels, very many films.
#[tokio::test]
async fn a_list_of_very_many_films_is_within_bounds() {
    let bx = a_box().await;
    let mut list = "#EXTM3U\n".to_owned();
    for number in 0..59_500 {
        list.push_str(&format!(
            "#EXTINF:-1 tvg-name=\"Film {number}\" group-title=\"VOD {}\",Film {number}\n\
             http://panel.example/movie/user/pass/{number}.mkv\n",
            number % 40
        ));
    }
    for number in 0..500 {
        list.push_str(&format!(
            "#EXTINF:-1 tvg-id=\"{number}.uk\" group-title=\"UK\",Channel {number}\n\
             http://panel.example/user/pass/{number}\n"
        ));
    }
    let report = m3u_with(&bx, &list, &named("panel")).await;
    assert_eq!(report.channels, Some(counts([500, 0, 0, 0])));
    assert_eq!(report.films, Some(counts([59_500, 0, 0, 0])));
    let again = m3u_with(&bx, &list, &named("panel")).await;
    assert_eq!(again.films, Some(counts([0, 0, 59_500, 0])));
    assert_eq!(all::<Channel>(&bx).len(), 500);
}
