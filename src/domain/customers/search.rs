//! By what somebody looks for a customer, and whether one fits it. What an index keeps of a
//! customer and what a query asks for are made here, of the same folding.

use crate::domain::customers::Customer;
use crate::domain::values::contact::fold;
use crate::domain::values::folding::{digits_from_end, folded_words, typed_ends};

/// Longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 100;
/// Most parts of a query that are looked at.
const PARTS_MAX: usize = 6;
/// Digits of a number that are compared where one of two is longer than the other.
const NATIONAL_DIGITS: usize = 9;

/// In front of a word of a name in the index.
const WORD: u8 = b'w';
/// In front of a number.
const NUMBER: u8 = b'n';

/// What the index keeps of a customer: words of the name, numbers from their end.
#[must_use]
pub fn tokens(customer: &Customer) -> Vec<Vec<u8>> {
    let words = words_of(customer).into_iter();
    let words = words.map(|word| key(WORD, &word));
    let numbers = customer.phones.iter().filter_map(|of| digits_from_end(of));
    let numbers = numbers.map(|digits| key(NUMBER, &digits));
    let mut tokens: Vec<Vec<u8>> = words.chain(numbers).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

fn words_of(customer: &Customer) -> Vec<String> {
    let name = &customer.name;
    folded_words(&format!("{} {}", name.whole(), name.middle))
}

fn key(kind: u8, text: &str) -> Vec<u8> {
    [&[kind], text.as_bytes()].concat()
}

/// A part of what is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As logins, contracts and addresses are compared.
    pub text: String,
    /// As words of a name are.
    pub words: Vec<String>,
    /// As the ends of phone numbers are: what it may be the end of.
    pub numbers: Vec<String>,
}

/// What somebody looks for: a customer must fit every part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub parts: Vec<Part>,
}

impl Query {
    /// `None`: nothing is asked for.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let part = |text: &str| Part {
            text: fold(text),
            words: folded_words(text),
            numbers: typed_ends(text),
        };
        let parts: Vec<Part> = if typed_ends(text).is_empty() {
            let parts = text.split_whitespace().take(PARTS_MAX).map(part);
            parts.collect()
        } else {
            vec![part(text)]
        };
        (!parts.is_empty()).then_some(Self { parts })
    }

    /// Whether a customer is one who is looked for.
    #[must_use]
    pub fn fits(&self, customer: &Customer) -> bool {
        let words = words_of(customer);
        let fits = |part: &Part| part.fits_words(&words) || part.fits_names(customer);
        self.parts.iter().all(fits)
    }

    /// Whether it is the whole of something that names this customer: those come first.
    #[must_use]
    pub fn names(&self, customer: &Customer) -> bool {
        let [part] = self.parts.as_slice() else {
            return false;
        };
        let is_it = |name: &str| fold(name) == part.text;
        let mut names = [&customer.login, &customer.account_number]
            .into_iter()
            .flatten();
        names.any(|name| is_it(name))
            || customer.email.as_ref().is_some_and(|of| is_it(of.as_str()))
            || customer
                .phones
                .iter()
                .filter_map(|of| digits_from_end(of))
                .any(|held| part.numbers.contains(&held))
    }
}

impl Part {
    /// The beginnings of index keys that this part may stand under.
    #[must_use]
    pub fn prefixes(&self) -> Vec<Vec<u8>> {
        let mut prefixes = Vec::new();
        // One of its words is enough to find whom the others are compared with.
        prefixes.extend(
            self.words
                .iter()
                .max_by_key(|word| word.len())
                .map(|word| key(WORD, word)),
        );
        prefixes.extend(self.numbers.iter().map(|number| {
            let end = number.get(..NATIONAL_DIGITS).unwrap_or(number);
            key(NUMBER, end)
        }));
        prefixes
    }

    fn fits_words(&self, held: &[String]) -> bool {
        let begins = |word: &String| held.iter().any(|held| held.starts_with(word.as_str()));
        !self.words.is_empty() && self.words.iter().all(begins)
    }

    fn fits_names(&self, customer: &Customer) -> bool {
        let begins = |name: &str| !self.text.is_empty() && fold(name).starts_with(&self.text);
        let mut names = [&customer.login, &customer.account_number]
            .into_iter()
            .flatten();
        names.any(|name| begins(name))
            || customer
                .email
                .as_ref()
                .is_some_and(|of| begins(of.as_str()))
            || customer.phones.iter().any(|of| self.fits_number(of))
    }

    /// Numbers are one where the shorter ends the longer, if that is long enough to be a national
    /// one; what is typed may be shorter than that.
    fn fits_number(&self, phone: &str) -> bool {
        let Some(held) = digits_from_end(phone) else {
            return false;
        };
        let is_one = |wanted: &String| {
            held.starts_with(wanted.as_str())
                || (held.len() >= NATIONAL_DIGITS && wanted.starts_with(&held))
        };
        self.numbers.iter().any(is_one)
    }
}

#[cfg(test)]
mod tests {
    use super::{Query, tokens};
    use crate::domain::customers::Customer;
    use crate::domain::values::contact::Email;
    use crate::domain::values::id::CustomerId;
    use crate::domain::values::time::Timestamp;

    fn mia() -> Customer {
        let began = Timestamp::from_micros(0).unwrap();
        let mut mia = Customer::new(CustomerId(1), String::new(), began);
        mia.name.set_full("Mia Šťastná-Moss");
        mia.login = Some("mia77".to_owned());
        mia.account_number = Some("C-0042".to_owned());
        mia.email = Email::parse("Mia.Moss@example.com");
        mia.phones = vec!["+421 905 123 456".to_owned(), "044/556 677".to_owned()];
        mia
    }

    fn fits(text: &str) -> bool {
        Query::parse(text).is_some_and(|query| query.fits(&mia()))
    }

    #[test]
    fn somebody_is_found_by_everything_that_is_theirs() {
        for text in [
            "mia",
            "MOSS",
            "stast",
            "moss mia",
            "mia šť",
            "stastna-moss",
            "mia77",
            "MIA7",
            "c-00",
            "c-0042",
            "mia.moss@example.com",
            "mia.moss",
            "0905123456",
            "+421905123456",
            "3456",
            "00421 905 123 456",
            "556677",
            "Миа",
            "0 905 123 456",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [
            "oss",
            "mia smith",
            "77",
            "example.com",
            "905",
            "123",
            "905124456",
            "12345",
            "mia78",
            "+420905123456",
            "0042",
        ] {
            assert!(!fits(text), "{text}");
        }
        assert_eq!(Query::parse("  "), None);
    }

    /// Whoever fits is found: by login, contract or address in their own indexes, else here.
    #[test]
    fn what_fits_by_name_or_number_stands_in_the_index() {
        let held = tokens(&mia());
        for text in [
            "mia",
            "moss",
            "stast",
            "stastna-moss",
            "0905123456",
            "+421905123456",
            "3456",
        ] {
            let query = Query::parse(text).unwrap();
            let prefixes = query.parts[0].prefixes();
            let found = prefixes
                .iter()
                .any(|prefix| held.iter().any(|held| held.starts_with(prefix.as_slice())));
            assert!(found, "{text}");
        }
        let bytes: usize = held.iter().map(Vec::len).sum();
        assert!(held.len() == 5 && bytes < 50, "{held:?}");
    }

    #[test]
    fn a_whole_name_is_told_from_a_beginning() {
        let names = |text: &str| Query::parse(text).is_some_and(|query| query.names(&mia()));
        assert!(names("MIA77") && names("c-0042") && names("+421905123456"));
        assert!(!names("mia7") && !names("3456") && !names("mia moss"));
    }
}
