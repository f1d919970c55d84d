//! The matchers of the cases: `$any`, `$type`, `$subset`, `$unordered`, and `@name` for a
//! reference object.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The reference objects by name.
pub type Refs = BTreeMap<String, Value>;

/// Puts every `"@name"` in its place.
pub fn expand(expected: &Value, refs: &Refs) -> Value {
    match expected {
        Value::String(text) => match text.strip_prefix('@') {
            Some(name) => {
                let found = refs
                    .get(name)
                    .unwrap_or_else(|| panic!("no reference {name}"));
                expand(found, refs)
            }
            None => expected.clone(),
        },
        Value::Array(elements) => elements.iter().map(|of| expand(of, refs)).collect(),
        Value::Object(members) => {
            let each = members
                .iter()
                .map(|(name, of)| (name.clone(), expand(of, refs)));
            Value::Object(each.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// Whether a value is what was expected; if not, where it first is not.
pub fn fits(expected: &Value, got: &Value) -> Result<(), String> {
    match expected {
        Value::Object(members) => match matcher(members) {
            Some(("$any", _)) => Ok(()),
            Some(("$type", types)) => has_type(types, got),
            Some(("$subset", part)) => subset(part, got),
            Some(("$unordered", elements)) => unordered(elements, got),
            Some((name, _)) => panic!("no such matcher: {name}"),
            None => object(members, got),
        },
        Value::Array(elements) => {
            let found = got.as_array().ok_or(format!("no list: {got}"))?;
            if found.len() != elements.len() {
                return Err(format!(
                    "{} elements, not {}: {got}",
                    found.len(),
                    elements.len()
                ));
            }
            for (at, (element, found)) in elements.iter().zip(found).enumerate() {
                fits(element, found).map_err(|why| format!("[{at}]{why}"))?;
            }
            Ok(())
        }
        _ if expected == got => Ok(()),
        _ => Err(format!(": expected {expected}, got {got}")),
    }
}

fn matcher(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, of) = members.iter().next()?;
    (members.len() == 1 && name.starts_with('$')).then_some((name, of))
}

fn has_type(types: &Value, got: &Value) -> Result<(), String> {
    let is = match got {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let named = match types {
        Value::Array(several) => several.iter().any(|one| one == is),
        one => one == is,
    };
    named
        .then_some(())
        .ok_or(format!(": expected {types}, got {got}"))
}

fn subset(part: &Value, got: &Value) -> Result<(), String> {
    let part = part.as_object().expect("$subset of an object");
    for (name, of) in part {
        let found = got
            .get(name)
            .ok_or(format!(".{name}: is missing in {got}"))?;
        fits(of, found).map_err(|why| format!(".{name}{why}"))?;
    }
    got.is_object()
        .then_some(())
        .ok_or(format!(": no object: {got}"))
}

fn object(members: &Map<String, Value>, got: &Value) -> Result<(), String> {
    subset(&Value::Object(members.clone()), got)?;
    let found = got.as_object().into_iter().flatten();
    match found
        .map(|(name, _)| name)
        .find(|n| !members.contains_key(*n))
    {
        Some(name) => Err(format!(".{name}: is too much")),
        None => Ok(()),
    }
}

fn unordered(elements: &Value, got: &Value) -> Result<(), String> {
    let elements = elements.as_array().expect("$unordered of a list");
    let found = got.as_array().ok_or(format!(": no list: {got}"))?;
    let mut free: Vec<&Value> = found.iter().collect();
    if elements.len() == free.len() && pairs(elements, &mut free) {
        return Ok(());
    }
    Err(format!(": not these in any order: {got}"))
}

/// Whether each of the expected finds one of its own among those that are free.
fn pairs(elements: &[Value], free: &mut Vec<&Value>) -> bool {
    let Some((first, rest)) = elements.split_first() else {
        return true;
    };
    for at in 0..free.len() {
        if fits(first, free[at]).is_ok() {
            let taken = free.remove(at);
            if pairs(rest, free) {
                return true;
            }
            free.insert(at, taken);
        }
    }
    false
}

#[test]
fn matchers_tell_what_fits_from_what_does_not() {
    let refs = Refs::from([("x".to_owned(), serde_json::json!({"a": {"$type": "null"}}))]);
    let cases = [
        (r"1", r"1", true),
        (r"1", r#""1""#, false),
        (r"1", r"true", false),
        (r#"{"a": 1}"#, r#"{"a": 1}"#, true),
        (r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, false),
        (r#"{"a": 1, "b": 2}"#, r#"{"a": 1}"#, false),
        (r"[1, 2]", r"[2, 1]", false),
        (r"[1, 2]", r"[1, 2, 3]", false),
        (r#"{"$any": true}"#, r"[]", true),
        (r#"{"$type": "string"}"#, r#""""#, true),
        (r#"{"$type": ["string", "null"]}"#, r"null", true),
        (r#"{"$type": ["string", "null"]}"#, r"0", false),
        (r#"{"$subset": {"a": 1}}"#, r#"{"a": 1, "b": 2}"#, true),
        (r#"{"$subset": {"a": 1}}"#, r#"{"a": "1"}"#, false),
        (r#"{"$subset": {}}"#, r"[]", false),
        (r#"{"$unordered": [{"$any": true}, 1]}"#, r"[1, 2]", true),
        (r#"{"$unordered": [1, 1]}"#, r"[1, 2]", false),
        (r#"{"$unordered": [1]}"#, r"[1, 1]", false),
        (r#"["@x"]"#, r#"[{"a": null}]"#, true),
        (r#"["@x"]"#, r#"[{"a": 0}]"#, false),
        (r#"["@x"]"#, r"[{}]", false),
    ];
    for (expected, got, fit) in cases {
        let expected = expand(&serde_json::from_str(expected).unwrap(), &refs);
        let got = serde_json::from_str(got).unwrap();
        assert_eq!(fits(&expected, &got).is_ok(), fit, "{expected} and {got}");
    }
}
