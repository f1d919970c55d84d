//! Fields of a `multipart/form-data` body: whole in memory, files left out, all or nothing.
//!
//! The body is bounded by whoever read it; here the parts and their heads are.

/// Most lines in the head of a part.
const HEAD_LINES_MAX: usize = 16;

/// The boundary that a content type names, if it is `multipart/form-data`.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let essence = content_type.split(';').next().unwrap_or_default();
    let multipart = essence.trim().eq_ignore_ascii_case("multipart/form-data");
    let boundary = parameter(content_type, "boundary").filter(|_| multipart)?;
    (!boundary.is_empty()).then_some(boundary)
}

/// Names and values of the parts that are no files, no more than `most`. `None` if the body is
/// not what its type says, or breaks off.
pub(super) fn fields<'b>(
    body: &'b [u8],
    boundary: &str,
    most: usize,
) -> Option<Vec<(String, &'b [u8])>> {
    let delimiter = format!("--{boundary}");
    let (_, mut rest) = part(body, &delimiter)?;
    let mut fields = Vec::new();
    while let Some(bytes) = rest.filter(|_| fields.len() < most) {
        let (part, next) = part(bytes, &delimiter)?;
        let (disposition, value) = head(part)?;
        let name = disposition.as_deref().and_then(|disposition| {
            let file = ["filename", "filename*"]
                .iter()
                .any(|name| parameter(disposition, name).is_some());
            parameter(disposition, "name").filter(|_| !file)
        });
        fields.extend(name.map(|name| (name, value)));
        rest = next;
    }
    Some(fields)
}

/// What stands before the next delimiter, and what after it; nothing comes after the last.
fn part<'b>(bytes: &'b [u8], delimiter: &str) -> Option<(&'b [u8], Option<&'b [u8]>)> {
    let mut at = 0usize;
    loop {
        let (line, rest) = line(bytes.get(at..)?);
        if let Some(tail) = line.strip_prefix(delimiter.as_bytes()) {
            let part = without_end(bytes.get(..at)?);
            match tail.trim_ascii_end() {
                b"" => return Some((part, Some(rest?))),
                b"--" => return Some((part, None)),
                _ => {}
            }
        }
        at = bytes.len().checked_sub(rest?.len())?;
    }
}

/// The content disposition of a part, and its value.
fn head(part: &[u8]) -> Option<(Option<String>, &[u8])> {
    let mut disposition = None;
    let mut rest = part;
    for _ in 0..=HEAD_LINES_MAX {
        let (header, after) = line(rest);
        // A part without a value ends with the empty line.
        if without_end(header).is_empty() {
            return Some((disposition, after.unwrap_or_default()));
        }
        let header = String::from_utf8_lossy(header);
        if let Some((name, value)) = header.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-disposition")
        {
            disposition = Some(value.trim().to_owned());
        }
        rest = after?;
    }
    None
}

/// The first line with its end, and what follows if there was an end.
fn line(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => {
            let (line, rest) = bytes.split_at(at + 1);
            (line, Some(rest))
        }
        None => (bytes, None),
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A parameter of a header: `; name=value` or `; name="value"`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        // What has no value is passed over.
        let name = name.rsplit(';').next().unwrap_or_default();
        let (value, after) = parameter_value(after.trim_start());
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after.split_once(';')?.1;
    }
}

/// A value and what follows it. In quotes a backslash stands before a quote or another one.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = text.split_at(text.find(';').unwrap_or(text.len()));
        return (value.trim_end().to_owned(), after);
    };
    let mut value = String::new();
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => return (value, rest.as_str()),
            '\\' if rest.as_str().starts_with(['"', '\\']) => value.extend(rest.next()),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::{HEAD_LINES_MAX, boundary, fields};
    use proptest::prelude::*;

    fn read(body: &str) -> Option<Vec<(String, String)>> {
        let fields = fields(body.as_bytes(), "b", 100)?.into_iter();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Some(fields.map(|(name, value)| (name, text(value))).collect())
    }

    fn part(parameters: &str, value: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; {parameters}\r\n\r\n{value}\r\n")
    }

    #[test]
    fn boundaries_are_named_by_the_type() {
        for (content_type, named) in [
            ("multipart/form-data; boundary=b", Some("b")),
            (
                "Multipart/Form-Data;charset=x; BOUNDARY=\"a b;c\"; x=y",
                Some("a b;c"),
            ),
            ("multipart/form-data; x; boundary=b ;y", Some("b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary", None),
            ("multipart/mixed; boundary=b", None),
            ("text/plain; boundary=b", None),
        ] {
            assert_eq!(boundary(content_type).as_deref(), named, "{content_type}");
        }
    }

    #[test]
    fn parts_are_names_and_values() {
        for (parameters, name) in [
            (r#"name="a""#, "a"),
            ("name=a", "a"),
            ("NAME = a ", "a"),
            (r#"x="name=b;c"; name="a""#, "a"),
            (r#"name="a\"b\\c\d;e""#, r#"a"b\c\d;e"#),
            (r#"name="a[]""#, "a[]"),
            (r#"name="И""#, "И"),
        ] {
            for value in ["", "x", " x ", "x\r\ny\r\n", "--", "--bb", "-b", "\r\n--B"] {
                let body = format!("{}--b--\r\n", part(parameters, value));
                let wanted = vec![(name.to_owned(), value.to_owned())];
                assert_eq!(read(&body), Some(wanted), "{parameters} {value:?}");
            }
        }
    }

    #[test]
    fn files_are_left_out() {
        let body = [
            part(r#"name="f"; filename="x.png""#, "\u{0}PNG"),
            part(r#"filename="";name="g""#, ""),
            part("name=h; filename*=UTF-8''x", ""),
            part("x=y", "no name"),
            part("name=a", "1"),
        ]
        .concat();
        let fields = read(&format!("{body}--b--"));
        assert_eq!(fields, Some(vec![("a".to_owned(), "1".to_owned())]));
    }

    #[test]
    fn what_stands_around_parts_and_short_line_ends_do_not_matter() {
        let body = "before\n--b \nx: y\ncontent-disposition:form-data;name=a\n\n1\n--b--\nafter";
        let wanted = vec![("a".to_owned(), "1".to_owned())];
        assert_eq!(read(body), Some(wanted));
        assert_eq!(read("--b--"), Some(Vec::new()));
    }

    #[test]
    fn what_is_malformed_is_nothing() {
        let whole = part("name=a", "1");
        let long = |lines| format!("--b\r\n{}\r\n1\r\n--b--", "x: y\r\n".repeat(lines));
        assert!(read(&long(HEAD_LINES_MAX)).is_some());
        for body in [
            "",
            "a=1",
            &whole,
            &format!("{whole}--b"),
            &format!("{whole}--c--"),
            &format!("{whole}--b--x"),
            &format!("{whole}--b\r\nno head\r\n--b--"),
            &long(HEAD_LINES_MAX + 1),
        ] {
            assert_eq!(read(body), None, "{body:?}");
        }
    }

    #[test]
    fn parts_are_bounded() {
        let body = format!("{}--b--", part("name=a", "1").repeat(9));
        let count = |most| fields(body.as_bytes(), "b", most).map(|fields| fields.len());
        assert_eq!([count(8), count(9), count(10)], [Some(8), Some(9), Some(9)]);
    }

    proptest! {
        #[test]
        fn fuzz_bodies_never_panic(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("--b".as_bytes().to_vec()),
                    Just(b"\r\n".to_vec()),
                    Just(b"Content-Disposition: form-data; name=\"".to_vec()),
                    proptest::collection::vec(any::<u8>(), 0..9),
                ],
                0..30,
            ),
            content_type in "multipart/form-data; ?[boundary=;\" a\\\\]{0,30}",
        ) {
            let _ = fields(&pieces.concat(), "b", 9);
            let _ = boundary(&content_type);
        }
    }
}
