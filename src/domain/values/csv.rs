//! Rows of comma-separated values (RFC 4180). The only file that writes them.

use csv::{Terminator, WriterBuilder};

/// Bytes that a row usually fits into.
const ROW_BYTES: usize = 512;

/// A row with its line end. Whoever did not write a field himself guards it, see [`guarded`].
#[must_use]
pub fn row<'f>(fields: impl IntoIterator<Item = &'f str>) -> String {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .buffer_capacity(ROW_BYTES)
        .from_writer(Vec::with_capacity(ROW_BYTES));
    // Nothing fails that is written to memory.
    let written = writer.write_record(fields.into_iter().map(str::as_bytes));
    let row = written.ok().and_then(|()| writer.into_inner().ok());
    String::from_utf8(row.unwrap_or_default()).unwrap_or_default()
}

/// A text that a spreadsheet would take for a formula, with an apostrophe in front.
#[must_use]
pub fn guarded(field: &str) -> String {
    let digits = field.strip_prefix('-').unwrap_or(field);
    let is_number =
        field.parse::<i64>().is_ok() || digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    marked(
        field,
        !is_number && field.starts_with(['=', '+', '-', '@', '\t', '\r']),
    )
}

/// As [`guarded`] was when months were first closed: numbers are marked too, and blanks are not.
/// Closed months keep a hash of their lines, so this stays as it is.
#[must_use]
pub fn guarded_in_months(field: &str) -> String {
    marked(field, field.starts_with(['=', '+', '-', '@']))
}

fn marked(field: &str, is_risky: bool) -> String {
    let mark = if is_risky { "'" } else { "" };
    format!("{mark}{field}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{guarded, guarded_in_months, row};

    /// As rows of exports were written before there was a library for them.
    fn exported(fields: &[String]) -> String {
        let quoted = |field: &String| {
            let number = field.parse::<i64>().is_ok()
                || field
                    .strip_prefix('-')
                    .unwrap_or(field)
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b == b'.');
            let risky = !number && field.starts_with(['=', '+', '-', '@', '\t', '\r']);
            let field = if risky {
                format!("'{field}")
            } else {
                field.clone()
            };
            if field.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                field
            }
        };
        let fields: Vec<String> = fields.iter().map(quoted).collect();
        format!("{}\r\n", fields.join(","))
    }

    /// As fields of the lines of closed months were: the proof of them is a hash.
    fn in_months(text: &str) -> String {
        let mark = if text.starts_with(['=', '+', '-', '@']) {
            "'"
        } else {
            ""
        };
        if text.contains(['"', ',', '\r', '\n']) {
            format!("\"{mark}{}\"", text.replace('"', "\"\""))
        } else {
            format!("{mark}{text}")
        }
    }

    #[test]
    fn a_row_is_quoted_where_it_must_be() {
        let fields = ["a b", "", "x,y", "say \"hi\"", "two\nlines", "\r", "ü#;'"];
        let text = "a b,,\"x,y\",\"say \"\"hi\"\"\",\"two\nlines\",\"\r\",ü#;'\r\n";
        assert_eq!(row(fields), text);
    }

    proptest! {
        #[test]
        fn exports_are_as_they_were(
            fields in prop::collection::vec("[=+@\t\r\n\", ;.'a-c0-9ü-]{0,8}|\\PC{0,8}", 2..6),
        ) {
            let rows: Vec<String> = fields.iter().map(|field| guarded(field)).collect();
            prop_assert_eq!(row(rows.iter().map(String::as_str)), exported(&fields));
        }

        #[test]
        fn lines_of_closed_months_are_as_they_were(
            one in "[=+@\t\r\n\", ;.'a-c0-9ü-]{0,8}|\\PC{0,8}",
            two in "[=+@\t\r\n\", ;.'a-c0-9ü-]{0,8}",
        ) {
            let [first, second] = [&one, &two].map(|field| guarded_in_months(field));
            let line = format!("{},CHARGE,{}\r\n", in_months(&one), in_months(&two));
            prop_assert_eq!(row([first.as_str(), "CHARGE", second.as_str()]), line);
        }
    }
}
