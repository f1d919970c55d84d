//! The fields of a body as PHP has them: form data whatever the type says, and where we do better
//! than PHP, JSON and multipart too (stalker-rest-v1 §1.5, R4, R16, B9, B26).

use super::fields::{FIELDS_MAX, Fields, TooManyFields, Value};
use super::members::{self, Unread};
use super::multipart;

/// Fields by name, in the order in which the names first came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, Value)>);

impl Form {
    /// Reads a body.
    ///
    /// A JSON object gives its members if the type says JSON: numbers as they are written, true
    /// as `1`, false as `0`; null is absent and an object in it is left out (stalker-rest-v1 B9).
    /// What says JSON and is none is a form, like everything else that does not say that it is
    /// multipart. Multipart that is malformed has no field.
    ///
    /// Whether a body has no byte or no field are two things in PHP; the first is the caller's to
    /// see.
    pub fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Self, TooManyFields> {
        let content_type = content_type.unwrap_or_default();
        if let Some(boundary) = multipart::boundary(content_type) {
            return of_multipart(body, &boundary);
        }
        if members::says_json(content_type) {
            match members::read(body) {
                Ok(fields) => return Ok(Form(fields.all())),
                Err(Unread::TooMany) => return Err(TooManyFields),
                Err(Unread::NotJson) => {}
            }
        }
        of_pairs(body)
    }

    /// There is no field; of the body this tells nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut fields = self.0.iter();
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The text of a field that is no list.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            Value::List(_) => None,
        }
    }

    /// The elements of a field that is a list.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&[String]> {
        match self.get(name)? {
            Value::Text(_) => None,
            Value::List(list) => Some(list),
        }
    }

    /// The elements of a list, or a text as the one element (stalker-rest-v1 R16, B28, B29).
    #[must_use]
    pub fn list_or_one(&self, name: &str) -> Option<&[String]> {
        match self.get(name)? {
            Value::Text(text) => Some(std::slice::from_ref(text)),
            Value::List(list) => Some(list),
        }
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

fn of_pairs(body: &[u8]) -> Result<Form, TooManyFields> {
    let mut fields = Fields::default();
    // Splits, decodes `+` and `%XX`, keeps escapes that are none, and replaces what is no UTF-8.
    for (name, value) in form_urlencoded::parse(body) {
        fields.pair(&name, value.into_owned())?;
    }
    Ok(Form(fields.all()))
}

fn of_multipart(body: &[u8], boundary: &str) -> Result<Form, TooManyFields> {
    let mut fields = Fields::default();
    let parts = multipart::fields(body, boundary, FIELDS_MAX + 1);
    for (name, value) in parts.unwrap_or_default() {
        fields.pair(&name, String::from_utf8_lossy(value).into_owned())?;
    }
    Ok(Form(fields.all()))
}

#[cfg(test)]
mod tests {
    use super::{FIELDS_MAX, Form, TooManyFields};
    use crate::wire::kit::php::fields::shown;
    use proptest::prelude::*;

    const JSON: Option<&str> = Some("application/json");

    #[track_caller]
    fn reads(content_type: Option<&str>, body: &str, fields: &str) {
        let form = Form::parse(content_type, body.as_bytes()).unwrap();
        assert_eq!(shown(&form.0), fields, "{body}");
    }

    #[test]
    fn the_type_of_a_form_does_not_matter() {
        for content_type in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "multipart/form-data",
            "application/json",
            "\u{fffd}",
        ] {
            reads(Some(content_type), "a[]=1&b=2", "a=[1] b=2");
        }
        reads(None, "a[]=1&b=2", "a=[1] b=2");
    }

    #[test]
    fn json_needs_the_type_and_to_be_some() {
        reads(JSON, r#"{"a":1,"b":[true]}"#, "a=1 b=[1]");
        reads(JSON, "{}", "");
        reads(JSON, r#"{"a":1"#, r#"{"a":1="#);
        reads(JSON, "[1]", "");
        reads(JSON, "", "");
        reads(None, r#"{"a":1}"#, r#"{"a":1}="#);
        let many = format!("{{{}\"b\":1}}", "\"a\":1,".repeat(FIELDS_MAX));
        assert_eq!(Form::parse(JSON, many.as_bytes()), Err(TooManyFields));
    }

    #[test]
    fn multipart_gives_its_fields() {
        let part = |name, value| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let parts = [part("a.b", "1+%20"), part("l[]", "x"), part("l[]", " И ")].concat();
        let content_type = Some("multipart/form-data; boundary=b");
        reads(
            content_type,
            &format!("{parts}--b--\r\n"),
            "a_b=1+%20 l=[x, И ]",
        );
        for body in ["", "--b--", "a=1", parts.as_str()] {
            reads(content_type, body, "");
        }
        let many = |count| format!("{}--b--", part("a", "1").repeat(count));
        let read = |count| Form::parse(content_type, many(count).as_bytes());
        assert!(read(FIELDS_MAX).is_ok());
        assert_eq!(read(FIELDS_MAX + 1), Err(TooManyFields));
    }

    #[test]
    fn fields_are_asked_for_as_what_they_are() {
        let form = Form::parse(None, b"t=1&l[]=a&l[]=b").unwrap();
        let (one, two) = (["1".to_owned()], ["a".to_owned(), "b".to_owned()]);
        assert_eq!(
            [form.text("t"), form.text("l"), form.text("x")],
            [Some("1"), None, None]
        );
        assert_eq!(form.list("t"), None);
        assert_eq!(form.list("l"), Some(two.as_slice()));
        assert_eq!(form.list_or_one("t"), Some(one.as_slice()));
        assert_eq!(form.list_or_one("l"), Some(two.as_slice()));
        assert_eq!(form.list_or_one("x"), None);
        assert_eq!(
            [form.has("t"), form.has("l"), form.has("x")],
            [true, true, false]
        );
        assert!(!form.is_empty() && Form::default().is_empty());
    }

    proptest! {
        #[test]
        fn fuzz_bodies_never_panic(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            text in "[a\\[\\]=&%0-9+. {}\":,]{0,60}",
            content_type in prop_oneof![
                Just("application/json"),
                Just("multipart/form-data; boundary=a"),
                Just(""),
            ],
        ) {
            let _ = Form::parse(Some(content_type), &body);
            let _ = Form::parse(Some(content_type), text.as_bytes());
        }

        #[test]
        fn fuzz_values_are_read_back(
            name in "[a-z]{1,9}",
            values in proptest::collection::vec(any::<String>(), 1..9),
        ) {
            let encoded = |name: &str| {
                let pairs = values.iter().map(|value| (name, value));
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
            };
            let listed = Form::parse(None, encoded(&format!("{name}[]")).as_bytes()).unwrap();
            prop_assert_eq!(listed.list(&name), Some(values.as_slice()));
            let scalar = Form::parse(None, encoded(&name).as_bytes()).unwrap();
            prop_assert_eq!(scalar.text(&name), values.last().map(String::as_str));
            let json = serde_json::json!({ &name: values }).to_string();
            prop_assert_eq!(Form::parse(JSON, json.as_bytes()), Ok(listed));
        }
    }
}
