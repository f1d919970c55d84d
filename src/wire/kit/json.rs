//! JSON bodies: bounded, strict, every error naming the field; and parts of them kept verbatim.

use axum::body::{Body as HttpBody, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use serde::de::{self, DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Largest body of an ordinary request, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// A body that is too large is read and thrown away up to here, so that its sender gets to read
/// the answer; beyond it the connection is cut.
const DRAIN_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Of a stranger's body, for which no answer waits.
const DISCARDED_BYTES_MAX: usize = 64 * 1024;

/// A body as it came, not yet looked at: operations judge token and path before it.
#[derive(Debug)]
pub struct Body(Result<Vec<u8>, BodyError>);

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    /// The connection broke off, or the rest did not come in time.
    Incomplete,
    NotJson(String),
    /// A member that does not fit; the path is empty where the body as a whole does not.
    Wrong {
        path: String,
        problem: String,
    },
    /// There is none, but one is needed.
    Missing,
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        Ok(Self(read(&parts.headers, body, BODY_BYTES_MAX).await))
    }
}

/// Reads a body of at most `bytes_max`. What is longer is read to its end all the same, so that its
/// sender gets to read the answer and can go on with the connection.
pub async fn read(
    headers: &HeaderMap,
    mut body: HttpBody,
    bytes_max: usize,
) -> Result<Vec<u8>, BodyError> {
    let declared = declared(headers);
    if declared > DRAIN_BYTES_MAX {
        return Err(BodyError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(declared.min(bytes_max));
    let mut seen = 0usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(BodyError::Incomplete);
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen > DRAIN_BYTES_MAX {
            return Err(BodyError::TooLarge);
        }
        if seen <= bytes_max {
            bytes.extend_from_slice(&data);
        }
    }
    if seen > bytes_max {
        Err(BodyError::TooLarge)
    } else {
        Ok(bytes)
    }
}

/// Reads what is left of a small body and throws it away, while its sender has an answer already:
/// so the connection goes on. One that nobody reads costs it, and the sender perhaps the answer.
pub fn discard(headers: &HeaderMap, mut body: HttpBody) {
    if body.is_end_stream() || declared(headers) > DISCARDED_BYTES_MAX {
        return;
    }
    tokio::spawn(async move {
        let mut seen = 0usize;
        while let Some(Ok(frame)) = body.frame().await {
            seen = seen.saturating_add(frame.data_ref().map_or(0, axum::body::Bytes::len));
            if seen > DISCARDED_BYTES_MAX {
                return;
            }
        }
    });
}

fn declared(headers: &HeaderMap) -> usize {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    declared.and_then(|text| text.parse().ok()).unwrap_or(0)
}

impl Body {
    /// The body as text.
    pub fn text(self) -> Result<String, BodyError> {
        String::from_utf8(self.0?)
            .map_err(|_| BodyError::NotJson("the body is not UTF-8".to_owned()))
    }

    /// The body as `T`, which must be a JSON object.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T, BodyError> {
        let text = self.text()?;
        // JSON's own blanks; anything else is content that is not JSON.
        if text.trim_matches([' ', '\t', '\n', '\r']).is_empty() {
            Err(BodyError::Missing)
        } else {
            object(&text)
        }
    }

    /// As [`Body::parse`], where no body means an empty object: a member that `T` requires is then
    /// missed by its name.
    pub fn parse_or_empty<T: DeserializeOwned>(self) -> Result<T, BodyError> {
        match self.parse() {
            Err(BodyError::Missing) => object("{}"),
            other => other,
        }
    }
}

/// Reads a JSON object strictly.
pub fn object<T: DeserializeOwned>(text: &str) -> Result<T, BodyError> {
    members(text).map_err(|wrong| match serde_json::from_str::<de::IgnoredAny>(text) {
        Ok(_) => wrong,
        // That it is no JSON comes before what its members are.
        Err(error) => BodyError::NotJson(error.to_string()),
    })
}

fn members<T: DeserializeOwned>(text: &str) -> Result<T, BodyError> {
    if !text.trim_start().starts_with('{') {
        return Err(BodyError::Wrong {
            path: String::new(),
            problem: "the body must be a JSON object".to_owned(),
        });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let mut path = if path == "." { String::new() } else { path };
            let problem = without_place(&inner.to_string());
            let deeper = problem.strip_prefix('.');
            let (member, problem) = deeper
                .and_then(|text| text.split_once(": "))
                .unwrap_or(("", &problem));
            if !member.is_empty() {
                path = format!("{path}.{member}");
            }
            BodyError::Wrong {
                path,
                problem: problem.to_owned(),
            }
        } else {
            BodyError::NotJson(inner.to_string())
        }
    })?;
    reader
        .end()
        .map_err(|error| BodyError::NotJson(error.to_string()))?;
    Ok(value)
}

/// The text of an error at a member of what is read in one piece: [`object`] adds the member to the
/// path of its answer.
pub fn at_member(member: &str, problem: impl std::fmt::Display) -> String {
    format!(".{member}: {problem}")
}

/// Cuts the line and column off, which mean nothing beside a path.
fn without_place(text: &str) -> String {
    match text.rfind(" at line ") {
        Some(at) => text.get(..at).unwrap_or(text).to_owned(),
        None => text.to_owned(),
    }
}

/// A member that may be absent (`None`), null (`Some(None)`) or given.
pub type Patch<T> = Option<Option<T>>;

/// Tells null from absent, for fields of type [`Patch`] with `#[serde(default)]`.
pub fn given<'de, D, T>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A JSON object kept as the text it was sent as.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Verbatim(pub Box<RawValue>);

/// Deepest nesting inside a verbatim object, itself included, and its longest text in bytes.
pub const VERBATIM_DEPTH_MAX: usize = 16;
pub const VERBATIM_BYTES_MAX: usize = 16 * 1024;

impl Verbatim {
    /// A text that is known to be JSON, as a part of an answer. `null` should it not be.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Verbatim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if !text.starts_with('{') {
            return Err(D::Error::custom("must be a JSON object"));
        }
        if text.len() > VERBATIM_BYTES_MAX {
            let problem = format!("must be at most {VERBATIM_BYTES_MAX} bytes of JSON");
            return Err(D::Error::custom(problem));
        }
        survey(text).map_err(D::Error::custom)?;
        Ok(Self(raw))
    }
}

/// Looks through well-formed JSON for what a reader may choke on: deep nesting and halves of
/// surrogate pairs. Numbers of any size pass: they are kept as text.
fn survey(text: &str) -> Result<(), String> {
    let mut depth = 0usize;
    let mut bytes = text.bytes();
    let mut in_string = false;
    // The high half of a pair, just seen, that the next escape must complete.
    let mut high = false;
    while let Some(byte) = bytes.next() {
        if !in_string {
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > VERBATIM_DEPTH_MAX {
                return Err(format!("must not nest deeper than {VERBATIM_DEPTH_MAX}"));
            }
            continue;
        }
        let unit = match byte {
            b'\\' => match bytes.next() {
                Some(b'u') => {
                    let digits = [bytes.next(), bytes.next(), bytes.next(), bytes.next()];
                    let hex = digits.into_iter().try_fold(0u32, |value, digit| {
                        Some(value << 4 | char::from(digit?).to_digit(16)?)
                    });
                    hex.ok_or_else(|| "holds a broken escape".to_owned())?
                }
                _ => 0,
            },
            _ => 0,
        };
        let low = (0xDC00..0xE000).contains(&unit);
        if high != low {
            return Err("holds half of a surrogate pair".to_owned());
        }
        high = (0xD800..0xDC00).contains(&unit);
        if byte == b'"' {
            in_string = false;
        }
    }
    Ok(())
}

/// The text of a JSON number.
pub fn number_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get();
    if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(D::Error::custom("must be a number"))
    }
}

/// A number, or a decimal in quotes, as the text that it is: money never passes through a float.
#[derive(Debug, Clone)]
pub struct Decimal(pub String);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let text = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(text);
        if text.len() > 40 || !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return Err(D::Error::custom("must be a number"));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyError, Verbatim, object};
    use proptest::prelude::*;

    #[derive(Debug, Default, serde::Deserialize)]
    #[expect(dead_code, reason = "only whether it is read counts")]
    struct Sample {
        name: Option<String>,
        open: Option<Verbatim>,
        list: Option<Vec<u8>>,
    }

    fn wrong(text: &str) -> String {
        match object::<Sample>(text) {
            Err(BodyError::Wrong { path, problem }) => format!("{path}: {problem}"),
            Err(BodyError::NotJson(problem)) => format!("JSON: {problem}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(
            wrong(r#"{"name":5}"#),
            "name: invalid type: integer `5`, expected a string"
        );
        assert!(wrong(r#"{"list":[1,2,"x"]}"#).starts_with("list[2]: "));
        assert!(wrong(r#"{"name":"a","name":"b"}"#).contains("duplicate field `name`"));
        assert!(wrong("{").starts_with("JSON: "));
        assert!(wrong("[]").contains("must be a JSON object"));
        assert!(wrong("{} x").starts_with("JSON: "));
        assert!(wrong(r#"{"name":5} x"#).starts_with("JSON: "));
        assert!(wrong(r#"{"open":[]}"#).contains("open: must be a JSON object"));
        assert!(wrong(r#"{"open":{"a":"\ud800"}}"#).contains("surrogate"));
        assert!(wrong(r#"{"open":{"a":"\udc00"}}"#).contains("surrogate"));
        let deep = format!("{{\"open\":{}1{}}}", "{\"a\":".repeat(17), "}".repeat(17));
        assert!(wrong(&deep).contains("nest"));
    }

    #[test]
    fn open_objects_are_kept_to_the_byte() {
        let text = r#"{"b":1.50,"a":1E400,"a":"\u0000\ud83d\ude00","c":[{}]}"#;
        let sample: Sample = object(&format!("{{\"open\":{text}}}")).unwrap();
        assert_eq!(sample.open.unwrap().0.get(), text);
    }

    proptest! {
        #[test]
        fn fuzz_bodies_never_panic(text in "[\\[\\]{}\":,0-9a-zA-Z\\\\u ]{0,60}") {
            let _ = object::<Sample>(&text);
            let _ = object::<Sample>(&format!("{{\"open\":{text}}}"));
        }
    }
}
