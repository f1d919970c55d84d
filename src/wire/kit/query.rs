//! Query strings: scalars that must not be doubled, lists in three spellings.

/// The decoded pairs of a query string, in order.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

/// What is wrong with a parameter, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub parameter: String,
    pub problem: String,
}

impl Wrong {
    #[must_use]
    pub fn new(parameter: &str, problem: impl Into<String>) -> Self {
        Self {
            parameter: parameter.to_owned(),
            problem: problem.into(),
        }
    }
}

impl Query {
    /// Reads the part of a URI after the `?`.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// Refuses parameters other than these: a filter that is passed over in silence would answer
    /// with everybody. Names that are empty or begin with `_` are nobody's: clients add them to get
    /// past caches.
    pub fn only(&self, known: &[&str]) -> Result<(), Wrong> {
        let plain = |key: &str| key.strip_suffix("[]").unwrap_or(key).to_owned();
        let mut names = self.0.iter().map(|(key, _)| plain(key));
        let unknown = names.find(|name| {
            let nobodys = name.is_empty() || name.starts_with('_');
            !nobodys && !known.contains(&name.as_str())
        });
        match unknown {
            None => Ok(()),
            Some(name) if known.is_empty() => {
                Err(Wrong::new(&name, "there is no such parameter here"))
            }
            Some(name) => {
                let problem = format!(
                    "there is no such parameter here; there are {}",
                    known.join(", ")
                );
                Err(Wrong::new(&name, problem))
            }
        }
    }

    /// The one value of a parameter.
    pub fn scalar(&self, name: &str) -> Result<Option<&str>, Wrong> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Wrong::new(name, "must be given once"));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }

    /// The values of a list, spelt `a=1&a=2`, `a[]=1&a[]=2` or `a=1,2`; empty where it is absent.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&str> {
        let bracketed = format!("{name}[]");
        let named = self
            .0
            .iter()
            .filter(|(key, _)| key == name || *key == bracketed);
        named.flat_map(|(_, value)| value.split(',')).collect()
    }

    /// A whole number within bounds, or `default` where it is absent.
    pub fn number(&self, name: &str, min: u64, max: u64, default: u64) -> Result<u64, Wrong> {
        let Some(text) = self.scalar(name)? else {
            return Ok(default);
        };
        let plain =
            !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
        let number = if plain {
            text.parse::<u64>().ok()
        } else {
            None
        };
        number
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| Wrong::new(name, format!("must be a whole number from {min} to {max}")))
    }
}

#[cfg(test)]
mod tests {
    use super::Query;
    use proptest::prelude::*;

    #[test]
    fn lists_have_three_spellings() {
        for text in ["s=A&s=B", "s[]=A&s[]=B", "s=A,B", "s%5B%5D=A&s=B"] {
            assert_eq!(Query::parse(Some(text)).list("s"), ["A", "B"], "{text}");
        }
        assert_eq!(Query::parse(Some("s=")).list("s"), [""]);
        assert!(Query::parse(None).list("s").is_empty());
    }

    #[test]
    fn numbers_are_bounded() {
        let number = |text| Query::parse(Some(text)).number("n", 1, 100, 50).ok();
        assert_eq!(number(""), Some(50));
        assert_eq!(number("n=100"), Some(100));
        for text in [
            "n=0",
            "n=101",
            "n=",
            "n=-1",
            "n=1.5",
            "n=%2B1",
            "n=1&n=2",
            "n=99999999999999999999999",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_parse_never_panics(text in "\\PC{0,80}") {
            let query = Query::parse(Some(&text));
            let _ = query.list("a");
            let _ = query.number("a", 0, 9, 0);
        }
    }
}
