//! JSON as PHP's `json_encode` writes it: keys in the order of writing, `/` as `\/`, what is not
//! ASCII as `\uXXXX` (stalker-rest-v1 §1.7).
//!
//! Written straight into one text; the closures cannot leave it open.
//!
//! ```text
//! Json::object(|o| {
//!     o.text("status", "OK");
//!     o.array("results", |a| a.object(|o| o.number("status", 1)));
//! })
//! ```

use std::fmt::Write as _;

/// One whole JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    pub fn object(fill: impl FnOnce(&mut Object<'_>)) -> Self {
        Self::written(|out| object(out, fill))
    }

    pub fn array(fill: impl FnOnce(&mut Array<'_>)) -> Self {
        Self::written(|out| array(out, fill))
    }

    pub fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::written(|out| texts(out, values))
    }

    #[must_use]
    pub fn text(value: &str) -> Self {
        Self::written(|out| text(out, value))
    }

    #[must_use]
    pub fn number(value: i64) -> Self {
        Self::written(|out| number(out, value))
    }

    #[must_use]
    pub fn boolean(value: bool) -> Self {
        Self(boolean(value).to_owned())
    }

    #[must_use]
    pub fn null() -> Self {
        Self(NULL.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    fn written(write: impl FnOnce(&mut String)) -> Self {
        let mut out = String::new();
        write(&mut out);
        Self(out)
    }
}

/// The members of an object that is being written. A name is written as often as it is given.
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut String,
    begun: bool,
}

impl Object<'_> {
    pub fn text(&mut self, name: &str, value: &str) {
        text(self.member(name), value);
    }

    /// The text, or null where there is none.
    pub fn text_or_null(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    pub fn number(&mut self, name: &str, value: i64) {
        number(self.member(name), value);
    }

    pub fn boolean(&mut self, name: &str, value: bool) {
        self.member(name).push_str(boolean(value));
    }

    pub fn null(&mut self, name: &str) {
        self.member(name).push_str(NULL);
    }

    /// An array of texts.
    pub fn texts<T: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        texts(self.member(name), values);
    }

    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        object(self.member(name), fill);
    }

    pub fn array(&mut self, name: &str, fill: impl FnOnce(&mut Array<'_>)) {
        array(self.member(name), fill);
    }

    /// A value that was written before.
    pub fn raw(&mut self, name: &str, value: &Json) {
        self.member(name).push_str(&value.0);
    }

    fn member(&mut self, name: &str) -> &mut String {
        separate(self.out, &mut self.begun);
        text(self.out, name);
        self.out.push(':');
        self.out
    }
}

/// The elements of an array that is being written.
#[derive(Debug)]
pub struct Array<'o> {
    out: &'o mut String,
    begun: bool,
}

impl Array<'_> {
    pub fn text(&mut self, value: &str) {
        text(self.element(), value);
    }

    pub fn number(&mut self, value: i64) {
        number(self.element(), value);
    }

    pub fn null(&mut self) {
        self.element().push_str(NULL);
    }

    pub fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        object(self.element(), fill);
    }

    pub fn array(&mut self, fill: impl FnOnce(&mut Array<'_>)) {
        array(self.element(), fill);
    }

    /// A value that was written before.
    pub fn raw(&mut self, value: &Json) {
        self.element().push_str(&value.0);
    }

    fn element(&mut self) -> &mut String {
        separate(self.out, &mut self.begun);
        self.out
    }
}

const NULL: &str = "null";

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn number(out: &mut String, value: i64) {
    // Writing to a text cannot fail.
    let _ = write!(out, "{value}");
}

fn object(out: &mut String, fill: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    fill(&mut Object { out, begun: false });
    out.push('}');
}

fn array(out: &mut String, fill: impl FnOnce(&mut Array<'_>)) {
    out.push('[');
    fill(&mut Array { out, begun: false });
    out.push(']');
}

fn texts<T: AsRef<str>>(out: &mut String, values: impl IntoIterator<Item = T>) {
    array(out, |array| {
        for value in values {
            array.text(value.as_ref());
        }
    });
}

fn separate(out: &mut String, begun: &mut bool) {
    if std::mem::replace(begun, true) {
        out.push(',');
    }
}

/// A text in quotes; what needs no escape is copied in pieces.
fn text(out: &mut String, value: &str) {
    let plain = |byte| matches!(byte, b' '..=0x7f) && !matches!(byte, b'"' | b'\\' | b'/');
    out.push('"');
    let mut rest = value;
    while let Some(at) = rest.bytes().position(|byte| !plain(byte)) {
        let (copied, after) = rest.split_at(at);
        out.push_str(copied);
        let mut after = after.chars();
        if let Some(c) = after.next() {
            escape(out, c);
        }
        rest = after.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '/' => out.push_str("\\/"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    let digit = char::from_digit(u32::from(*unit >> shift & 0xf), 16);
                    out.push(digit.unwrap_or('0'));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Json;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn texts_are_escaped_as_php_does() {
        for (text, written) in [
            ("", r#""""#),
            ("abc 'x' <>&", r#""abc 'x' <>&""#),
            ("1/2", r#""1\/2""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            (
                "\u{8}\u{c}\n\r\t\0\u{1}\u{1f}\u{7f}",
                "\"\\b\\f\\n\\r\\t\\u0000\\u0001\\u001f\u{7f}\"",
            ),
            ("é€\u{2028}И", "\"\\u00e9\\u20ac\\u2028\\u0418\""),
            ("a😀b", r#""a\ud83d\ude00b""#),
        ] {
            assert_eq!(Json::text(text).as_str(), written, "{text:?}");
        }
    }

    #[test]
    fn members_keep_their_order() {
        let none: [&str; 0] = [];
        let inner = Json::object(|o| o.text("ключ", "x"));
        let json = Json::object(|o| {
            o.text("status", "OK");
            o.array("results", |a| {
                a.object(|o| {
                    o.text_or_null("mac", Some("00:1A"));
                    o.text_or_null("ls", None);
                    o.number("status", 1);
                    o.texts("subscribed", ["a", "b"]);
                    o.texts("none", none);
                });
                a.object(|_| ());
                a.array(|a| a.number(-1));
                a.text("/");
                a.null();
                a.raw(&inner);
            });
            o.object("o", |o| o.boolean("b", true));
            o.raw("raw", &inner);
            o.null("error");
        });
        assert_eq!(
            json.into_string(),
            concat!(
                r#"{"status":"OK","results":[{"mac":"00:1A","ls":null,"status":1,"#,
                r#""subscribed":["a","b"],"none":[]},{},[-1],"\/",null,"#,
                r#"{"\u043a\u043b\u044e\u0447":"x"}],"o":{"b":true},"#,
                r#""raw":{"\u043a\u043b\u044e\u0447":"x"},"error":null}"#
            )
        );
    }

    #[test]
    fn values_stand_alone() {
        assert_eq!(Json::null().as_str(), "null");
        assert_eq!(Json::boolean(false).as_str(), "false");
        assert_eq!(Json::number(i64::MIN).as_str(), "-9223372036854775808");
        assert_eq!(Json::texts(vec![String::from("a")]).as_str(), r#"["a"]"#);
        assert_eq!(Json::array(|_| ()).as_str(), "[]");
    }

    proptest! {
        #[test]
        fn fuzz_texts_are_read_back(name in any::<String>(), text in any::<String>()) {
            let json = Json::object(|o| {
                o.text(&name, &text);
                o.texts("list", [&text, &name]);
            });
            prop_assert!(json.as_str().is_ascii());
            let value: Value = serde_json::from_str(json.as_str()).unwrap();
            prop_assert_eq!(&value["list"][0], &Value::from(text.as_str()));
            if name != "list" {
                prop_assert_eq!(&value[&name], &Value::from(text.as_str()));
            }
        }
    }
}
