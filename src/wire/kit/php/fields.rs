//! The fields of a form while it is read: names as PHP spells them, and which pair wins
//! (stalker-rest-v1 §1.5, R16, B26).

use std::collections::HashMap;

/// Most pairs of name and value in one body; every element of a list counts.
pub const FIELDS_MAX: usize = 5_000;
/// Most elements of one list.
pub const LIST_MAX: usize = 4_000;

/// What a field holds. A list stays one whatever its keys are, with gaps too (stalker-rest-v1
/// B26), and the elements of lists in lists count as its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    List(Vec<String>),
}

/// There are more than [`FIELDS_MAX`] pairs, or more than [`LIST_MAX`] in a list. PHP would cut
/// them off in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyFields;

/// A form that is being filled, with what is needed to find the place of the next pair.
#[derive(Debug, Default)]
pub(super) struct Fields {
    all: Vec<(String, Value)>,
    pairs: usize,
    places: HashMap<String, usize>,
    /// By the place of a field.
    keys: Vec<Keys>,
}

/// The keys of a list that have been used.
#[derive(Debug, Default)]
struct Keys {
    places: HashMap<String, usize>,
    next: u64,
}

/// What the brackets of a name say.
#[derive(Debug, Clone, Copy)]
enum Brackets<'n> {
    None,
    /// `[]`: after the others.
    Next,
    /// `[key]`: in the place of that key.
    At(&'n str),
    /// Lists in lists.
    Deeper,
}

impl Fields {
    /// What was read, in the order in which the names first came.
    pub(super) fn all(self) -> Vec<(String, Value)> {
        self.all
    }

    /// Adds a field whose name is taken as it is, or replaces it. Does not count.
    pub(super) fn field(&mut self, name: String, value: Value) {
        if name.is_empty() {
            return;
        }
        let place = self.place(name);
        if let Some((_, field)) = self.all.get_mut(place) {
            *field = value;
        }
    }

    /// Adds what stands under a name as PHP spells it.
    pub(super) fn pair(&mut self, name: &str, value: String) -> Result<(), TooManyFields> {
        self.pairs += 1;
        if self.pairs > FIELDS_MAX {
            return Err(TooManyFields);
        }
        // PHP's names end at the first zero byte and cannot begin with spaces.
        let name = name.split('\0').next().unwrap_or_default();
        let name = name.trim_start_matches(' ');
        let (base, brackets) = name.split_at(name.find('[').unwrap_or(name.len()));
        if base.is_empty() {
            return Ok(());
        }
        let (base, brackets) = match read_brackets(brackets) {
            // A bracket that is never closed is one more character that no name may have.
            Brackets::None => (name, Brackets::None),
            brackets => (base, brackets),
        };
        let place = self.place(base.replace([' ', '.', '['], "_"));
        self.put(place, brackets, value)
    }

    /// The place of a field, which is made if it is new.
    fn place(&mut self, name: String) -> usize {
        if let Some(place) = self.places.get(&name) {
            return *place;
        }
        let place = self.keys.len();
        self.places.insert(name.clone(), place);
        self.keys.push(Keys::default());
        self.all.push((name, Value::Text(String::new())));
        place
    }

    /// The last one wins: a text over a list, and a list over a text (stalker-rest-v1 §1.5).
    fn put(&mut self, place: usize, at: Brackets, value: String) -> Result<(), TooManyFields> {
        let field = self.all.get_mut(place).map(|(_, field)| field);
        let (Some(field), Some(keys)) = (field, self.keys.get_mut(place)) else {
            return Ok(());
        };
        if matches!(at, Brackets::None) {
            *keys = Keys::default();
            *field = Value::Text(value);
            return Ok(());
        }
        if let Value::Text(_) = field {
            *field = Value::List(Vec::new());
        }
        let Value::List(list) = field else {
            return Ok(());
        };
        if let Some(used) = keys.take(at, list.len())
            && let Some(element) = list.get_mut(used)
        {
            *element = value;
            return Ok(());
        }
        if list.len() == LIST_MAX {
            return Err(TooManyFields);
        }
        list.push(value);
        Ok(())
    }
}

impl Keys {
    /// The place that a key has already. If it has none it gets the new one.
    fn take(&mut self, at: Brackets, new: usize) -> Option<usize> {
        let key = match at {
            Brackets::None | Brackets::Deeper => return None,
            Brackets::Next => self.next.to_string(),
            Brackets::At(key) => key.to_owned(),
        };
        // Only a number in its plain spelling counts as one.
        if let Ok(number) = key.parse::<u64>()
            && number.to_string() == key
        {
            self.next = self.next.max(number.saturating_add(1));
        }
        match self.places.get(&key) {
            Some(used) => Some(*used),
            None => {
                self.places.insert(key, new);
                None
            }
        }
    }
}

/// `[]`, `[ ]`, `[key]` or `[a][b]`; what follows the last bracket means nothing.
fn read_brackets(text: &str) -> Brackets<'_> {
    match group(text) {
        None => Brackets::None,
        Some((_, rest)) if group(rest).is_some() => Brackets::Deeper,
        Some(("" | " ", _)) => Brackets::Next,
        Some((key, _)) => Brackets::At(key),
    }
}

/// What the first brackets hold, and what follows them.
fn group(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.split_once(']')
}

/// Fields as `name=text` and `name=[a,b]`, one after the other.
#[cfg(test)]
pub(super) fn shown(fields: &[(String, Value)]) -> String {
    let fields = fields.iter().map(|(name, value)| match value {
        Value::Text(text) => format!("{name}={text}"),
        Value::List(list) => format!("{name}=[{}]", list.join(",")),
    });
    fields.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{FIELDS_MAX, Fields, LIST_MAX, TooManyFields, Value, shown};

    fn read(body: &[u8]) -> Result<Vec<(String, Value)>, TooManyFields> {
        let mut fields = Fields::default();
        for (name, value) in form_urlencoded::parse(body) {
            fields.pair(&name, value.into_owned())?;
        }
        Ok(fields.all())
    }

    #[track_caller]
    fn reads(body: impl AsRef<[u8]>, fields: &str) {
        let body = body.as_ref();
        let name = String::from_utf8_lossy(body);
        assert_eq!(shown(&read(body).unwrap()), fields, "{name}");
    }

    #[test]
    fn texts_are_decoded_and_not_trimmed() {
        for (body, fields) in [
            ("a=1&b=2", "a=1 b=2"),
            ("a=1&b=2&a=3", "a=3 b=2"),
            ("a", "a="),
            ("a=", "a="),
            ("&&a=1&&b", "a=1 b="),
            ("a=b=c", "a=b=c"),
            ("a;b=1", "a;b=1"),
            ("a=x+y%20z", "a=x y z"),
            ("a= x ", "a= x "),
            ("a=x y И", "a=x y И"),
            ("a=%D0%98", "a=И"),
            ("a=%zz%4&%=1", "a=%zz%4 %=1"),
            ("a=1%00b", "a=1\0b"),
            ("a=1\r\n", "a=1\r\n"),
            ("", ""),
        ] {
            reads(body, fields);
        }
        reads(b"a=x\xffy%ff", "a=x\u{fffd}y\u{fffd}");
    }

    #[test]
    fn names_are_spelt_as_php_does() {
        for (body, fields) in [
            ("a.b=1", "a_b=1"),
            ("a b.c+d%20e=1", "a_b_c_d_e=1"),
            ("  a=1", "a=1"),
            ("+a=1", "a=1"),
            ("_ =1", "__=1"),
            (".=1", "_=1"),
            ("a%00b=1", "a=1"),
            ("=1", ""),
            (" =1", ""),
            ("[a]=1", ""),
            ("[]=1&a=1", "a=1"),
            ("a[=1", "a_=1"),
            ("a[b.c d=1", "a_b_c_d=1"),
            ("a[b.c[d=1", "a_b_c_d=1"),
            ("a]=1", "a]=1"),
            ("a b[c d]=1", "a_b=[1]"),
        ] {
            reads(body, fields);
        }
    }

    #[test]
    fn lists_have_many_spellings() {
        for (body, fields) in [
            ("a[]=1&a[]=2", "a=[1,2]"),
            ("a%5B%5D=1&a%5b%5d=2", "a=[1,2]"),
            ("a[0]=1", "a=[1]"),
            ("a[]=", "a=[]"),
            ("a[ ]=1&a[ ]=2", "a=[1,2]"),
            // Gaps and names among the keys (B26).
            ("a[0]=1&a[2]=2", "a=[1,2]"),
            ("a[2]=1&a[0]=2", "a=[1,2]"),
            ("a[x]=1&a[y]=2", "a=[1,2]"),
            // A key has one place.
            ("a[0]=1&a[0]=2", "a=[2]"),
            ("a[x]=1&a[]=2&a[x]=3", "a=[3,2]"),
            ("a[]=1&a[0]=2", "a=[2]"),
            ("a[5]=1&a[]=2&a[6]=3", "a=[1,3]"),
            ("a[07]=1&a[7]=2&a[]=3&a[8]=4", "a=[1,2,4]"),
            ("a[18446744073709551615]=1&a[]=2", "a=[2]"),
            // Lists in lists, and what is nearly one.
            ("a[b][]=1&a[b][]=2&a[c][d]=3", "a=[1,2,3]"),
            ("a[b]c=1&a[].b=2", "a=[1,2]"),
            ("a[b][c=1", "a=[1]"),
            ("a[b[c]=1&a[[b]=2&a[]]=3", "a=[1,2,3]"),
            // The last one wins (§1.5).
            ("a[]=1&a=2", "a=2"),
            ("a=2&a[]=1", "a=[1]"),
            ("a[]=1&b=3&a=2&a[]=4", "a=[4] b=3"),
        ] {
            reads(body, fields);
        }
    }

    #[test]
    fn too_many_are_told_and_not_cut() {
        let form = |count: usize, one: &dyn Fn(usize) -> String| {
            let body = (0..count).map(one).collect::<String>();
            read(body.as_bytes()).map(|fields| fields.len())
        };
        let names = |n: usize| format!("n{n}=&");
        assert_eq!(form(FIELDS_MAX, &names), Ok(FIELDS_MAX));
        assert_eq!(form(FIELDS_MAX + 1, &names), Err(TooManyFields));
        assert_eq!(form(10_000, &names), Err(TooManyFields));
        assert_eq!(
            form(FIELDS_MAX + 1, &|_| "a=&".to_owned()),
            Err(TooManyFields)
        );
        assert_eq!(
            form(FIELDS_MAX + 1, &|_| "=&".to_owned()),
            Err(TooManyFields)
        );
        for one in [
            |_| "a[]=&".to_owned(),
            |n| format!("a[k{n}]=&"),
            |_| "a[b][]=&".to_owned(),
        ] {
            assert_eq!(form(LIST_MAX, &one), Ok(1));
            assert_eq!(form(LIST_MAX + 1, &one), Err(TooManyFields));
        }
    }
}
