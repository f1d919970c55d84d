//! Members that every body may have, whatever it asks for: taken out before the rest is read. The
//! rest stays as it was sent, so that amounts keep their digits.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::ops::staff::confirming::Given;

use super::error::Problem;

/// The members of an object as they were sent, in order: one that was sent twice is still there
/// twice.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                text.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Takes a member out of a body. Answers its value as it was sent, and the rest. What is no object
/// is left for the reader of the rest to refuse.
fn take(text: String, name: &str) -> Result<(Option<String>, String), Problem> {
    let Ok(Members(mut members)) = serde_json::from_str(&text) else {
        return Ok((None, text));
    };
    let mut said = members.extract_if(.., |(member, _)| member == name);
    let (first, second) = (said.next(), said.next());
    drop(said);
    if second.is_some() {
        return Err(Problem::bad_request(format!("{name}: must be given once")));
    }
    let Some((_, value)) = first else {
        return Ok((None, text));
    };
    let rest: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{}", serde_json::Value::from(name.as_str()), value.get()))
        .collect();
    Ok((
        Some(value.get().to_owned()),
        format!("{{{}}}", rest.join(",")),
    ))
}

/// Takes `preview` out of a body, and answers whether it asks for a look only.
pub(super) fn without_preview(text: String) -> Result<(String, bool), Problem> {
    let (said, text) = take(text, "preview")?;
    let is_look = match said.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::bad_request("preview: must be true or false")),
    };
    Ok((text, is_look))
}

/// Takes the password and the code out by which whoever asks proves once more who they are.
pub(super) fn without_proof(text: String) -> Result<(String, Given), Problem> {
    let (password, text) = take_text(text, "password")?;
    let (code, text) = take_text(text, "code")?;
    Ok((text, Given { password, code }))
}

fn take_text(text: String, name: &str) -> Result<(Option<String>, String), Problem> {
    let (said, text) = take(text, name)?;
    let read = |said: String| {
        serde_json::from_str(&said)
            .map_err(|_| Problem::bad_request(format!("{name}: must be a text")))
    };
    Ok((said.map(read).transpose()?, text))
}
