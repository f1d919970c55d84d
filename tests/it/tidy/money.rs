//! Money is `Minor` or `Amount`, which add up exactly: no amount is a bare number, that code could
//! clamp or let wrap.

use super::{code_lines, none, sources};

#[test]
fn no_amount_of_money_is_a_bare_number() {
    let mut problems = Vec::new();
    let mut amounts = 0;
    for (name, text) in sources() {
        if name.starts_with("domain/tests/") {
            continue;
        }
        for (place, line) in code_lines(&name, &text) {
            for (at, _) in line.match_indices("minor: ") {
                let kind = line.get(at..).unwrap_or_default();
                let kind = kind.trim_start_matches("minor: ");
                amounts += usize::from(kind.starts_with("Minor"));
                let bare = ["i64", "i128", "u64", "f64"];
                if bare.iter().any(|bare| kind.starts_with(bare)) {
                    problems.push(format!("{place}: an amount is a `Minor`"));
                }
            }
        }
    }
    assert!(amounts > 50, "amounts are no longer recognised");
    none(&problems);
}
