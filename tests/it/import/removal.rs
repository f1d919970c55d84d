//! Channels and films that a list brought go again: those that it does not have any more, those of
//! an import that is undone, and single ones. What somebody needs stays and is named.

use boxoffice::app::Ctx;
use boxoffice::domain::catalogue::content::{Channel, Genre, ImportStep, Movie};
use boxoffice::domain::event::Audit;
use boxoffice::domain::values::id::ChannelId;
use boxoffice::ops::OpError;
use boxoffice::ops::catalogue::channels::{remove, set_hidden};
use boxoffice::ops::imports::{Options, Report, import_m3u, undo};
use serde_json::json;

use super::{airs, all, counts, guide, is_clean, m3u, m3u_with, named, names, quiet, reader};
use super::{shown, state, with_channels, xmltv};
use crate::support::TestBox;
use crate::support::fixture::a_box;

fn list(names: &[&str]) -> String {
    let entries = names.iter().map(|name| {
        let ending = if name.starts_with("Film") { ".mkv" } else { "" };
        format!("#EXTINF:-1 group-title=\"G{name}\",{name}\nhttp://h/{name}{ending}\n")
    });
    format!("#EXTM3U\n{}", entries.collect::<String>())
}

fn removing(source: &str) -> Options {
    Options {
        remove_missing: true,
        ..named(source)
    }
}

async fn undone(bx: &TestBox, source: &str, dry_run: bool) -> Report {
    let ctx = Ctx::system(bx.app());
    let report = undo(&ctx, vec![source.to_owned()], dry_run, quiet()).await;
    report.unwrap_or_else(|error| panic!("not undone: {error}"))
}

fn films(bx: &TestBox) -> Vec<String> {
    all::<Movie>(bx)
        .into_iter()
        .map(|film| film.title)
        .collect()
}

#[tokio::test]
async fn what_a_source_has_no_more_is_removed_where_that_is_asked_for() {
    let bx = with_channels().await;
    m3u_with(&bx, list(&["A", "B", "C", "Film D", "Film E"]), &named("a")).await;
    m3u_with(&bx, list(&["Z"]), &named("z")).await;
    let less = list(&["B", "Unknown", "Film E"]);
    // Not asked for, nothing goes.
    m3u_with(&bx, &less, &named("a")).await;
    assert_eq!((names(&bx).len(), films(&bx).len()), (7, 2));
    let dry = Options {
        dry_run: true,
        ..removing("a")
    };
    let before = state(&bx);
    let told = m3u_with(&bx, &less, &dry).await;
    assert_eq!(state(&bx), before);
    let report = m3u_with(&bx, &less, &removing("a")).await;
    assert_eq!(told, report);
    assert_eq!(report.channels, Some(counts([0, 0, 2, 2])));
    assert_eq!(report.films, Some(counts([0, 0, 1, 1])));
    assert_eq!(report.removed.lines, ["4 A", "6 C", "Film D"]);
    // What was made by hand, and what another source brought, stays.
    assert_eq!(names(&bx), ["One", "Das ZWEITE", "Unknown", "B", "Z"]);
    assert_eq!(films(&bx), ["Film E"]);
    let before = state(&bx);
    let again = m3u_with(&bx, &less, &removing("a")).await;
    assert_eq!(again.channels, Some(counts([0, 0, 2, 0])));
    assert_eq!(state(&bx), before);
    is_clean(&bx);
}

/// What another source brought, or somebody made, is nothing that this list should have.
#[tokio::test]
async fn only_channels_of_the_source_are_missed_in_its_list() {
    let bx = with_channels().await;
    m3u_with(&bx, list(&["A", "B"]), &named("a")).await;
    let other = m3u_with(&bx, list(&["Y", "Z"]), &named("z")).await;
    assert_eq!(other.unmatched.lines, Vec::<String>::new());
    let less = m3u_with(&bx, list(&["B"]), &named("a")).await;
    assert_eq!(less.unmatched.lines, ["4 A"]);
    let both = m3u_with(&bx, list(&["A", "Z"]), &named("z")).await;
    assert_eq!(both.unmatched.lines, ["6 Y"]);
    assert_eq!(names(&bx).len(), 7);
    is_clean(&bx);
}

#[tokio::test]
async fn programmes_go_with_their_channel_and_numbers_are_free_at_once() {
    let bx = a_box().await;
    let one = "#EXTM3U\n#EXTINF:-1 tvg-id=\"one.example\" tvg-chno=\"5\",One\nhttp://h/1\n";
    m3u_with(&bx, one, &named("a")).await;
    xmltv(&bx, guide(&shown("0600", "0700", "A"))).await;
    assert_eq!(airs(&bx, 1).len(), 1);
    let other = one.replace("one.example", "other").replace("One", "Two");
    let report = m3u_with(&bx, &other, &removing("a")).await;
    assert_eq!(report.channels, Some(counts([1, 0, 0, 1])));
    let channels: Vec<Channel> = all(&bx);
    assert_eq!((channels.len(), channels[0].number), (1, 5));
    assert_eq!(airs(&bx, 1), Vec::<String>::new());
    let again = m3u_with(&bx, &other, &removing("a")).await;
    assert_eq!(again.channels, Some(counts([0, 0, 1, 0])));
    is_clean(&bx);
}

/// A package names A, a customer has B singly.
async fn needed(bx: &TestBox) {
    m3u_with(bx, list(&["A", "B", "C"]), &named("a")).await;
    bx.apply(json!({
        "packages": [{"id": 1, "external_id": "p", "name": "Basic", "type": "tv", "services": [1]}],
        "customers": [{"login": "jane", "sub_ch": [2], "devices": []}],
    }))
    .await;
}

#[tokio::test]
async fn what_somebody_needs_stays_and_is_named() {
    let bx = a_box().await;
    needed(&bx).await;
    let report = m3u_with(&bx, list(&["D"]), &removing("a")).await;
    assert_eq!(names(&bx), ["A", "B", "D"]);
    let kept = ["1 A: is in the package Basic", "2 B: 1 customer has it"];
    assert_eq!(report.kept.lines, kept);
    assert_eq!(report.removed.lines, ["3 C"]);
    let ctx = Ctx::system(bx.app());
    let refused = remove(&ctx, vec![ChannelId(1)]).await;
    let error = refused.map(|_| ()).expect_err("it is needed").to_string();
    assert!(
        error.contains("is in the package Basic; take it out there first"),
        "{error}"
    );
    let bx = a_box().await;
    needed(&bx).await;
    let mut report = undone(&bx, "a", false).await;
    assert_eq!(names(&bx), ["A", "B"]);
    report.kept.lines.sort();
    assert_eq!(report.kept.lines, kept);
    is_clean(&bx);
}

#[tokio::test]
async fn nothing_is_removed_for_an_empty_list_or_a_source_without_a_name() {
    let bx = a_box().await;
    m3u_with(&bx, list(&["A"]), &named("a")).await;
    let ctx = Ctx::system(bx.app());
    for (text, options, told) in [
        (
            "#EXTM3U\n",
            removing("a"),
            "--remove-missing: the list brings nothing",
        ),
        (
            "#EXTM3U\n",
            removing(""),
            "--remove-missing: the source needs a name",
        ),
    ] {
        let refused = import_m3u(&ctx, reader(text), options, quiet()).await;
        let error = refused.map(|_| ()).expect_err("refused").to_string();
        assert!(error.starts_with(told), "{error}");
    }
    assert_eq!(names(&bx), ["A"]);
}

#[tokio::test]
async fn the_last_import_of_a_source_is_undone() {
    let bx = with_channels().await;
    let before = (all::<Channel>(&bx), all::<Movie>(&bx), all::<Genre>(&bx));
    // It changes one, makes others, and brings a film.
    let wrong = list(&["One", "Wrong", "Film F"]);
    m3u_with(&bx, &wrong, &named("a")).await;
    xmltv(&bx, guide(&shown("0600", "0700", "A"))).await;
    let told = undone(&bx, "a", true).await;
    let report = undone(&bx, "a", false).await;
    assert_eq!(told, report);
    assert_eq!(report.channels, Some(counts([0, 1, 0, 1])));
    assert_eq!(report.films, Some(counts([0, 0, 0, 1])));
    assert_eq!(report.genres, Some(counts([0, 0, 0, 3])));
    let after = (all::<Channel>(&bx), all::<Movie>(&bx), all::<Genre>(&bx));
    assert_eq!(after, before);
    assert_eq!(all::<ImportStep>(&bx), []);
    // The guide of what was there before is still there.
    assert_eq!(airs(&bx, 1).len(), 1);
    let ctx = Ctx::system(bx.app());
    let again = undo(&ctx, vec!["a".to_owned()], false, quiet()).await;
    let error = again.map(|_| ()).expect_err("undone already").to_string();
    assert!(
        error.starts_with("a: no import of a list is remembered"),
        "{error}"
    );
    is_clean(&bx);
}

#[tokio::test]
async fn an_undo_brings_back_what_was_removed_and_leaves_what_was_changed_since() {
    let bx = a_box().await;
    m3u_with(&bx, list(&["A", "B", "C", "Film D"]), &named("a")).await;
    let before = all::<Channel>(&bx);
    let other = list(&["B", "C", "E"]).replace("http://h/", "http://wrong/");
    m3u_with(&bx, &other, &removing("a")).await;
    // Somebody mends B by hand meanwhile.
    let by_hand = json!({"channels": [{"id": 2, "name": "B", "number": 2, "kind": "tv",
        "url": "http://hand"}]});
    bx.apply(by_hand).await;
    let report = undone(&bx, "a", false).await;
    assert_eq!(report.channels, Some(counts([1, 1, 0, 1])));
    assert_eq!(report.kept.lines, ["2 B: was changed since"]);
    let after = all::<Channel>(&bx);
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    assert_eq!((after.len(), after[1].url.as_str()), (3, "http://hand"));
    assert_eq!(films(&bx), ["Film D"]);
    is_clean(&bx);
}

/// An import that changes nothing leaves the one before it to be undone; another source is another
/// matter.
#[tokio::test]
async fn each_source_has_its_own_last_import() {
    let bx = a_box().await;
    m3u_with(&bx, list(&["A"]), &named("a")).await;
    m3u_with(&bx, list(&["A", "B"]), &named("a")).await;
    m3u_with(&bx, list(&["A", "B"]), &named("a")).await;
    m3u_with(&bx, list(&["A", "C"]), &named("c")).await;
    m3u(&bx, list(&["D"])).await;
    undone(&bx, "a", false).await;
    assert_eq!(names(&bx), ["A", "C", "D"]);
    undone(&bx, "c", false).await;
    assert_eq!(names(&bx), ["A", "D"]);
    is_clean(&bx);
}

#[tokio::test]
async fn single_channels_are_removed_and_hidden_with_a_line_in_the_audit_log() {
    let bx = with_channels().await;
    xmltv(&bx, guide(&shown("0600", "0700", "A"))).await;
    let ctx = Ctx::system(bx.app());
    remove(&ctx, vec![ChannelId(1)]).await.expect("removed");
    let changed = set_hidden(&ctx, vec![ChannelId(2)], true).await;
    assert_eq!(changed.expect("hidden").len(), 1);
    let changed = set_hidden(&ctx, vec![ChannelId(2)], true).await;
    assert_eq!(changed.expect("hidden already").len(), 0);
    assert_eq!((names(&bx).len(), airs(&bx, 1).len()), (2, 0));
    assert!(all::<Channel>(&bx)[0].hidden);
    let actions: Vec<String> = all::<Audit>(&bx)
        .into_iter()
        .map(|line| line.action)
        .collect();
    for action in ["channel.remove", "channel.hide"] {
        assert!(actions.iter().any(|held| held == action), "{actions:?}");
    }
    let missing = remove(&ctx, vec![ChannelId(2), ChannelId(77)]).await;
    assert!(matches!(missing, Err(OpError::Missing { .. })));
    assert_eq!(names(&bx).len(), 2);
    is_clean(&bx);
}
