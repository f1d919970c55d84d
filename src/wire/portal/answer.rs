//! Answers as a box understands them: `{"js":…,"text":""}`, plain words for what is refused, pages
//! of lists (stalker-stb-portal §2.3, §3.5, §5.2).

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::ops::OpError;

/// Rows of a page, as ever (§5.2).
pub const PAGE_ROWS: usize = 14;

/// What is answered.
pub enum Answer {
    /// The JSON text of `js`.
    Js(String),
    /// A whole body that is always the same.
    Whole(&'static str),
    /// A whole body.
    Text(String),
    /// A whole body that is made while it is sent.
    Parts(Body),
    /// A refusal in plain words, exactly these (§3.5).
    Plain(&'static str),
}

impl Answer {
    pub const TRUE: Self = Self::Whole(r#"{"js":true,"text":""}"#);
    /// Nothing was found, or there is no such action.
    pub const FALSE: Self = Self::Whole(r#"{"js":false,"text":""}"#);
    pub const ONE: Self = Self::Whole(r#"{"js":1,"text":""}"#);
    pub const EMPTY_TEXT: Self = Self::Whole(r#"{"js":"","text":""}"#);
    pub const EMPTY_LIST: Self = Self::Whole(r#"{"js":[],"text":""}"#);
    pub const EMPTY_OBJECT: Self = Self::Whole(r#"{"js":{},"text":""}"#);
    /// A list always has `data` (§2.4).
    pub const EMPTY_PAGE: Self = Self::Whole(concat!(
        r#"{"js":{"total_items":0,"max_page_items":14,"selected_item":0,"cur_page":0,"#,
        r#""data":[]},"text":""}"#,
    ));

    pub fn of(js: &impl Serialize) -> Result<Self, OpError> {
        serde_json::to_string(js)
            .map(Self::Js)
            .map_err(|error| OpError::Failed(error.to_string()))
    }

    /// No, and words for our own page; players read the no.
    pub fn refusal(text: &str) -> Result<Self, OpError> {
        let text = serde_json::to_string(text);
        text.map(|text| Self::Text(format!(r#"{{"js":false,"text":{text}}}"#)))
            .map_err(|error| OpError::Failed(error.to_string()))
    }

    #[must_use]
    pub fn into_response(self) -> Response {
        let (kind, body) = match self {
            Self::Js(js) => {
                let mut text = String::with_capacity(js.len() + 24);
                text.push_str(r#"{"js":"#);
                text.push_str(&js);
                text.push_str(r#","text":""}"#);
                (JSON, Body::from(text))
            }
            Self::Whole(text) => (JSON, Body::from(text)),
            Self::Text(text) => (JSON, Body::from(text)),
            Self::Parts(body) => (JSON, body),
            Self::Plain(words) => (TEXT, Body::from(words)),
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const NO_STORE: &str = "no-store, no-cache, must-revalidate";

/// What went wrong, in words that a box takes: only what this machine cannot do is no 200.
#[must_use]
pub fn failed(error: &OpError) -> Response {
    let status = match error {
        OpError::Refused(_) | OpError::Missing { .. } | OpError::Denied(_) => StatusCode::OK,
        OpError::Throttled { .. } | OpError::DiskFull => StatusCode::SERVICE_UNAVAILABLE,
        // Players take anything but 200 for a portal that is gone.
        OpError::TooManyAttempts { retry_after_s } => return too_many_attempts(*retry_after_s),
        OpError::Document { .. }
        | OpError::Store(_)
        | OpError::Elsewhere { .. }
        | OpError::Failed(_) => {
            tracing::error!(%error, "portal.failed");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    (status, Answer::FALSE.into_response()).into_response()
}

/// No, and how long to wait: players read the no, our own page the words.
fn too_many_attempts(retry_after_s: u32) -> Response {
    let text = format!(
        r#"{{"js":false,"text":"Too many wrong passwords. Wait {retry_after_s} seconds."}}"#
    );
    let mut response = Answer::Text(text).into_response();
    let seconds = HeaderValue::from(retry_after_s);
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

/// A page of a list (§5.2).
#[derive(Serialize)]
pub struct PageOut<D> {
    pub total_items: usize,
    pub max_page_items: usize,
    pub selected_item: usize,
    pub cur_page: usize,
    pub data: D,
}

/// Which rows a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub skip: usize,
    /// Rows of this page, and of a page as it is said.
    take: usize,
    rows: usize,
    total: usize,
    selected: usize,
    page: usize,
}

impl Cut {
    /// Page `page`, counted from 1. Page 0 is the one with the row at `current`; only then it is
    /// said which page and row that is, because a list jumps there.
    #[must_use]
    pub fn new(total: usize, rows: usize, page: u64, current: Option<usize>) -> Self {
        let shown = match (page, current) {
            (0, Some(current)) => current / rows,
            (page, _) => usize::try_from(page)
                .unwrap_or(usize::MAX)
                .saturating_sub(1),
        };
        let (page, selected) = match (page, current) {
            (0, Some(current)) => (shown + 1, current % rows + 1),
            _ => (0, 0),
        };
        Self {
            skip: shown.saturating_mul(rows),
            take: rows,
            rows,
            total,
            selected,
            page,
        }
    }

    /// All rows at once.
    #[must_use]
    pub fn all(total: usize) -> Self {
        Self {
            take: total,
            ..Self::new(total, PAGE_ROWS, 1, None)
        }
    }

    /// The rows of the page among all of them.
    #[must_use]
    pub fn of<T>(self, rows: Vec<T>) -> Vec<T> {
        rows.into_iter().skip(self.skip).take(self.take).collect()
    }

    #[must_use]
    pub fn page<D>(self, data: D) -> PageOut<D> {
        PageOut {
            total_items: self.total,
            max_page_items: self.rows,
            selected_item: self.selected,
            cur_page: self.page,
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, PAGE_ROWS};

    #[test]
    fn pages_are_cut_as_boxes_expect() {
        let page = |page, current| {
            let cut = Cut::new(20, PAGE_ROWS, page, current);
            let rows = cut.of((0..20).collect::<Vec<_>>());
            (rows.first().copied(), rows.len(), cut.page, cut.selected)
        };
        assert_eq!(page(1, Some(15)), (Some(0), 14, 0, 0));
        assert_eq!(page(2, None), (Some(14), 6, 0, 0));
        assert_eq!(page(3, None), (None, 0, 0, 0));
        assert_eq!(page(u64::MAX, None), (None, 0, 0, 0));
        assert_eq!(page(0, None), (Some(0), 14, 0, 0));
        assert_eq!(page(0, Some(15)), (Some(14), 6, 2, 2));
        assert_eq!(page(0, Some(13)), (Some(0), 14, 1, 14));
        let all = Cut::all(20);
        let page = all.page(all.of((0..20).collect::<Vec<_>>()));
        assert_eq!((page.data.len(), page.max_page_items), (20, 14));
    }
}
