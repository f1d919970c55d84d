//! What is stored and never shown.

use serde::{Deserialize, Serialize, Serializer};

/// A hash or key that may be stored but never shown: anything a person can read says `hidden`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Secret(pub String);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = if serializer.is_human_readable() {
            "hidden"
        } else {
            self.0.as_str()
        };
        serializer.serialize_newtype_struct("Secret", shown)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hidden")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_shows_itself_to_no_person() {
        let secret = Secret("argon2".to_owned());
        assert_eq!(format!("{secret:?}"), "hidden");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"hidden\"");
    }
}
