//! The members of a JSON object as the fields of a form (stalker-rest-v1 B9).

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::{FIELDS_MAX, Fields, LIST_MAX, Value};

/// Why an object gives no fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is no object, or a text in it is none, such as half of a surrogate pair.
    NotJson,
    TooMany,
}

impl From<serde_json::Error> for Unread {
    fn from(_: serde_json::Error) -> Self {
        Self::NotJson
    }
}

pub(super) fn says_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

/// Texts as they are, numbers as they are written, true as `1`, false as `0`, arrays as lists of
/// such. Null and what is deeper is left out, but counts.
pub(super) fn read(body: &[u8]) -> Result<Fields, Unread> {
    let Members(members) = serde_json::from_slice(body)?;
    let mut count = members.len();
    let mut fields = Fields::default();
    for (name, value) in members {
        let value = value.get();
        if value.starts_with('[') {
            let Elements(elements) = serde_json::from_str(value)?;
            count += elements.len();
            if elements.len() > LIST_MAX {
                return Err(Unread::TooMany);
            }
            let mut list = Vec::new();
            for element in elements {
                list.extend(scalar(element.get())?);
            }
            fields.field(name, Value::List(list));
        } else if let Some(text) = scalar(value)? {
            fields.field(name, Value::Text(text));
        }
        if count > FIELDS_MAX {
            return Err(Unread::TooMany);
        }
    }
    Ok(fields)
}

fn scalar(raw: &str) -> Result<Option<String>, serde_json::Error> {
    Ok(match raw.as_bytes().first() {
        Some(b'"') => Some(serde_json::from_str(raw)?),
        Some(b't') => Some("1".to_owned()),
        Some(b'f') => Some("0".to_owned()),
        Some(b'-' | b'0'..=b'9') => Some(raw.to_owned()),
        _ => None,
    })
}

/// The members of an object, none of them read yet. If there are too many, it is one too many.
struct Members<'b>(Vec<(String, &'b RawValue)>);

/// The elements of an array, likewise.
struct Elements<'b>(Vec<&'b RawValue>);

struct MembersVisitor;
struct ElementsVisitor;

impl<'b> Deserialize<'b> for Members<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'b> Deserialize<'b> for Elements<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

impl<'b> Visitor<'b> for MembersVisitor {
    type Value = Members<'b>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<Members<'b>, A::Error> {
        let mut members = Vec::new();
        while members.len() <= FIELDS_MAX {
            match map.next_entry()? {
                Some(member) => members.push(member),
                None => return Ok(Members(members)),
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Members(members))
    }
}

impl<'b> Visitor<'b> for ElementsVisitor {
    type Value = Elements<'b>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut seq: A) -> Result<Elements<'b>, A::Error> {
        let mut elements = Vec::new();
        while elements.len() <= LIST_MAX {
            match seq.next_element()? {
                Some(element) => elements.push(element),
                None => return Ok(Elements(elements)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Elements(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::{FIELDS_MAX, LIST_MAX, Unread, says_json};
    use crate::wire::kit::php::fields::shown;

    fn read(body: &[u8]) -> Result<String, Unread> {
        super::read(body).map(|fields| shown(&fields.all()))
    }

    #[test]
    fn types_say_json() {
        for content_type in [
            "application/json",
            "APPLICATION/JSON; charset=utf-8",
            "text/json ;x",
            "application/vnd.x+json",
        ] {
            assert!(says_json(content_type), "{content_type}");
        }
        for content_type in ["", "json", "text/plain; x=/json", "application/jsonx"] {
            assert!(!says_json(content_type), "{content_type}");
        }
    }

    #[test]
    fn json_gives_its_members() {
        for (body, fields) in [
            ("{}", ""),
            (r#" {"b":"x","a":" y "} "#, "b=x a= y "),
            (r#"{"a":1,"b":-1.50,"c":1E400}"#, "a=1 b=-1.50 c=1E400"),
            (r#"{"a":true,"b":false,"c":null}"#, "a=1 b=0"),
            (
                r#"{"a":["x",1,true,false,null,{"b":1},["c"]]}"#,
                "a=[x,1,1,0]",
            ),
            (r#"{"a":[],"b":{"c":1}}"#, "a=[]"),
            (r#"{"a":1,"a":2}"#, "a=2"),
            (r#"{"a.b c":1,"":2}"#, "a.b c=1"),
            (r#"{"\u0430":"\u0418\n"}"#, "а=И\n"),
        ] {
            assert_eq!(read(body.as_bytes()).as_deref(), Ok(fields), "{body}");
        }
        let deep = format!(
            "{{\"a\":{}{},\"b\":1}}",
            "[".repeat(9_999),
            "]".repeat(9_999)
        );
        assert_eq!(read(deep.as_bytes()).as_deref(), Ok("a=[] b=1"));
    }

    #[test]
    fn what_is_no_object_is_told() {
        for body in [
            "",
            "[1]",
            "5",
            "a=1",
            r#"{"a":1"#,
            r#"{"a":1} x"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":["\ud800"]}"#,
            r#"{"a":'1'}"#,
            "\u{feff}{}",
        ] {
            assert_eq!(read(body.as_bytes()), Err(Unread::NotJson), "{body}");
        }
        assert_eq!(read(b"{\"a\":\"\xff\"}"), Err(Unread::NotJson));
        // That it is no JSON comes first, however much of it there is.
        let long = format!("{{{}", "\"a\":1,".repeat(FIELDS_MAX + 9));
        assert_eq!(read(long.as_bytes()), Err(Unread::NotJson));
    }

    #[test]
    fn too_many_members_are_told_and_not_cut() {
        let object = |count: usize, one: &dyn Fn(usize) -> String| {
            let members = (0..count).map(one).collect::<Vec<_>>().join(",");
            let body = format!("{{{members}}}");
            super::read(body.as_bytes()).map(|fields| fields.all().len())
        };
        let list = |count: usize, element: &str| format!("[{}]", vec![element; count].join(","));
        let names = |n: usize| format!("\"n{n}\":1");
        assert_eq!(object(FIELDS_MAX, &names), Ok(FIELDS_MAX));
        assert_eq!(object(FIELDS_MAX + 1, &names), Err(Unread::TooMany));
        assert_eq!(
            object(FIELDS_MAX + 9, &|_| "\"a\":null".to_owned()),
            Err(Unread::TooMany)
        );
        for element in ["1", "null"] {
            let lists = |length| move |n: usize| format!("\"n{n}\":{}", list(length, element));
            assert_eq!(object(1, &lists(LIST_MAX)), Ok(1));
            assert_eq!(object(1, &lists(LIST_MAX + 1)), Err(Unread::TooMany));
            assert_eq!(object(1, &lists(LIST_MAX + 9)), Err(Unread::TooMany));
            assert_eq!(object(5, &lists(FIELDS_MAX / 5 - 1)), Ok(5));
            assert_eq!(object(5, &lists(FIELDS_MAX / 5)), Err(Unread::TooMany));
        }
    }
}
