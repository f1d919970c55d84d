//! What the channels of the demo show: a clip of eight seconds, over and over, as HLS that looks
//! like live TV.
//!
//! Which parts are on is read off the clock, so nothing is kept. Served only where the file has the
//! demo.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::app::{App, Ctx};
use crate::domain::values::time::Timestamp;
use crate::ops::demo;

/// Made by `assets/make-demo-clip`.
#[derive(RustEmbed)]
#[folder = "assets/demo/"]
struct Clip;

/// Parts of the clip, and how long each is, in seconds.
const PARTS: i64 = 4;
const PART_SECONDS: i64 = 2;
/// Parts that a playlist lists: what a player wants to have before it begins, and some more.
const LISTED: i64 = 6;

/// The playlist and the files it names; `missing` answers where there is no such thing.
pub fn router(missing: fn(&str) -> Response) -> Router<Arc<App>> {
    let serve = async move |State(app): State<Arc<App>>, Path(name): Path<String>| {
        served(&app, &name).unwrap_or_else(|| missing(&format!("/demo/{name}")))
    };
    Router::new().route("/demo/{name}", get(serve))
}

fn served(app: &Arc<App>, name: &str) -> Option<Response> {
    let ctx = Ctx::system(Arc::clone(app));
    if !demo::is_installed(&ctx).unwrap_or(false) {
        return None;
    }
    let (kind, body, cache) = match name.rsplit_once('.') {
        _ if name == demo::CLIP_NAME => (
            "application/vnd.apple.mpegurl",
            playlist(ctx.now).into_bytes().into(),
            "no-cache",
        ),
        Some((_, "ts")) => ("video/mp2t", Clip::get(name)?.data, "max-age=3600"),
        Some((_, "mp4")) => ("video/mp4", Clip::get(name)?.data, "max-age=3600"),
        _ => return None,
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    Some(response)
}

/// The parts that are on at `now`, with a note wherever the clip begins again.
fn playlist(now: Timestamp) -> String {
    let last = now.seconds().max(0) / PART_SECONDS;
    let first = last.saturating_sub(LISTED - 1).max(0);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{PART_SECONDS}\n\
         #EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-DISCONTINUITY-SEQUENCE:{}\n",
        first / PARTS
    );
    for number in first..=last {
        if number % PARTS == 0 && number > first {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        let part = number % PARTS;
        text.push_str(&format!("#EXTINF:{PART_SECONDS}.000,\nclip-{part}.ts\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Clip, LISTED, PARTS, playlist};
    use crate::domain::values::time::Timestamp;

    #[test]
    fn the_playlist_moves_on_and_names_parts_that_are_there() {
        let at = |seconds: i64| playlist(Timestamp::from_micros(seconds * 1_000_000).unwrap());
        for seconds in [0, 1, 7, 1_000_000_000, 1_000_000_001, 1_000_000_002] {
            let text = at(seconds);
            let parts: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            assert!((1..=LISTED).contains(&i64::try_from(parts.len()).unwrap()));
            assert!(parts.iter().all(|part| Clip::get(part).is_some()), "{text}");
            let again = parts.iter().skip(1).filter(|part| **part == "clip-0.ts");
            let notes = text.lines().filter(|line| *line == "#EXT-X-DISCONTINUITY");
            assert_eq!(again.count(), notes.count(), "{text}");
        }
        assert_ne!(at(1_000_000_000), at(1_000_000_002));
        assert_eq!(at(1_000_000_000), at(1_000_000_001));
        let count = Clip::iter().filter(|name| name.ends_with(".ts")).count();
        assert_eq!(i64::try_from(count).unwrap(), PARTS);
    }
}
