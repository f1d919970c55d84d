//! What lists over the console's API share: places in them, days, and files of all their rows.

use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use data_encoding::HEXLOWER;
use http_body_util::channel::Channel;

use crate::app::Ctx;
use crate::domain::values::calendar::LocalDate;
use crate::domain::values::csv::{guarded, row};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::desk::listing::{Mark, PAGE_MAX, Place};
use crate::wire::console::error::Problem;
use crate::wire::console::request::wrong;
use crate::wire::kit::query::{Query, Wrong};

/// What the place of another page is called.
const FIRST: &str = "first";

pub(super) fn cursor(place: Option<Place>) -> Option<String> {
    Some(match place? {
        Place::First => FIRST.to_owned(),
        Place::After(mark) => format!("a{}", HEXLOWER.encode(&mark.0)),
        Place::Before(mark) => format!("b{}", HEXLOWER.encode(&mark.0)),
    })
}

fn place(text: Option<&str>) -> Result<Place, Problem> {
    let text = text.unwrap_or(FIRST);
    if text == FIRST {
        return Ok(Place::First);
    }
    let unfit = || wrong(Wrong::new("cursor", "must be one that a page before gave"));
    let (side, mark) = text.split_at_checked(1).ok_or_else(unfit)?;
    let mark = HEXLOWER.decode(mark.as_bytes()).map_err(|_| unfit())?;
    match side {
        "a" => Ok(Place::After(Mark(mark))),
        "b" => Ok(Place::Before(Mark(mark))),
        _ => Err(unfit()),
    }
}

/// Which page is asked for, and of how many rows.
pub(super) fn paging(query: &Query) -> Result<(Place, usize), Problem> {
    let most = u64::try_from(PAGE_MAX).unwrap_or(u64::MAX);
    let limit = query.number("limit", 1, most, 50).map_err(wrong)?;
    let place = place(query.scalar("cursor").map_err(wrong)?)?;
    Ok((place, usize::try_from(limit).unwrap_or(PAGE_MAX)))
}

/// The number of a record in a parameter.
pub(super) fn number(query: &Query, name: &str) -> Result<Option<u64>, Problem> {
    let given = query.scalar(name).map_err(wrong)?.is_some();
    let number = query.number(name, 1, u64::MAX, 1).map_err(wrong)?;
    Ok(given.then_some(number))
}

/// The words of a list, each of those that are known.
pub(super) fn words<T: Copy>(
    query: &Query,
    name: &str,
    known: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Vec<T>, Problem> {
    let parse = |text: &str| {
        let mut known = known.iter().copied();
        known.find(|one| word(*one) == text)
    };
    let unfit = || {
        let known: Vec<&str> = known.iter().map(|one| word(*one)).collect();
        wrong(Wrong::new(name, format!("must be of {}", known.join(", "))))
    };
    let words = query.list(name).into_iter();
    words.map(|text| parse(text).ok_or_else(unfit)).collect()
}

/// A stretch of whole days of the operator's calendar, both ends included; one that is not said is
/// open.
pub(super) fn days(
    ctx: &Ctx,
    query: &Query,
    since: &str,
    until: &str,
) -> Result<Option<Range<Timestamp>>, Problem> {
    let day = |name: &str| -> Result<Option<LocalDate>, Problem> {
        let Some(text) = query.scalar(name).map_err(wrong)? else {
            return Ok(None);
        };
        let unfit = || wrong(Wrong::new(name, "must be a day such as 2026-01-31"));
        LocalDate::parse(text).map(Some).ok_or_else(unfit)
    };
    let (first, last) = (day(since)?, day(until)?);
    if first.is_none() && last.is_none() {
        return Ok(None);
    }
    if let (Some(first), Some(last)) = (first, last)
        && first > last
    {
        let problem = format!("must not lie before {since}");
        return Err(wrong(Wrong::new(until, problem)));
    }
    let zone = &ctx.app.company().zone;
    let start = first.map_or(Timestamp::MIN, |day| zone.start_of(day));
    let end = last.map_or(Timestamp::MAX, |day| zone.days(day, day).end);
    Ok(Some(start..end))
}

/// Rows of a file, and behind which the next ones begin.
pub(super) type Lines = (Vec<Vec<String>>, Option<Mark>);

/// Parts of a file that wait for a slow client.
const PARTS_AHEAD: usize = 2;

/// A file of all rows, sent part by part: each is read when the one before it is on its way, so
/// that memory and the age of what is read stay small however many there are.
pub(super) fn csv(
    name: &str,
    head: &[&str],
    read: impl Fn(Option<&Mark>) -> Result<Lines, OpError> + Clone + Send + 'static,
) -> Result<Response, Problem> {
    // What is wrong with the request is told before the file begins.
    let (lines, mut next) = read(None)?;
    let mut text = row(head.iter().copied());
    write(&mut text, &lines);
    let (mut sender, body) = Channel::<Bytes, OpError>::new(PARTS_AHEAD);
    tokio::spawn(async move {
        // Whoever went away needs no more.
        while sender.send_data(Bytes::from(text)).await.is_ok() {
            let Some(mark) = next else { return };
            let reading = read.clone();
            let part = tokio::task::spawn_blocking(move || reading(Some(&mark))).await;
            let part = part.unwrap_or_else(|error| Err(OpError::Failed(error.to_string())));
            match part {
                Ok((lines, more)) => {
                    text = String::new();
                    write(&mut text, &lines);
                    next = more;
                }
                Err(error) => {
                    tracing::error!(%error, "console.export_failed");
                    sender.abort(error);
                    return;
                }
            }
        }
    });
    let place = format!("attachment; filename=\"{name}.csv\"");
    let kind = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, place),
    ];
    Ok((kind, Body::new(body)).into_response())
}

/// Every field may be somebody's own words.
fn write(text: &mut String, lines: &[Vec<String>]) {
    for fields in lines {
        let fields: Vec<String> = fields.iter().map(|field| guarded(field)).collect();
        text.push_str(&row(fields.iter().map(String::as_str)));
    }
}
