//! How letters are worded: what is built in, and how a wording is filled in. An operator's own
//! wording is a template in the language of Jinja,
//! of which docs/messages.md shows the parts that are needed.

use std::io::{self, Write};

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value as Json, json};

use crate::domain::messages::template::TemplateKind;

use super::allowed;

/// The words of one letter, with places to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// Of a mail.
    pub subject: String,
    /// Of a mail.
    pub text: String,
    /// Of a short message; empty: there is none.
    pub sms: String,
}

/// What fills the places, by name. Every name that a kind has is always there;
/// what is not known is empty.
pub type Values = Map<String, Json>;

/// Steps that filling a wording in may take: some ten thousand letters take a few hundred.
const STEPS_MAX: u64 = 50_000;
/// Longest results, in bytes.
pub const FILLED_TEXT_MAX: usize = 50_000;
pub const FILLED_SMS_MAX: usize = 2_000;
const FILLED_SUBJECT_MAX: usize = 500;

const DEAR: &str = "{% if name %}Dear {{ name }}{% else %}Dear customer{% endif %},\n\n";
const REGARDS: &str = "\n\n{{ house }}\n";

/// Subject, text without greeting and regards, short message.
fn parts(kind: TemplateKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        TemplateKind::Pin => (
            "{{ pin }} is your PIN",
            "{{ pin }} is your PIN for {{ partner }}{% if amount %} over {{ amount }}{% endif %}. \
             It is good for {{ minutes }} minutes. Nobody of us will ever ask you for it.",
            "{{ pin }} is your PIN for {{ partner }}{% if amount %} over {{ amount }}{% endif %}. \
             It is good for {{ minutes }} minutes. Tell it to nobody.",
        ),
        TemplateKind::Purchase => (
            "Your purchase from {{ partner }}",
            "you bought from {{ partner }} on {{ date }}:\n\n  {{ description }}\n  {{ amount }}\
             \n\nIt is charged to your account with us.",
            "{{ house }}: you bought {{ description }} from {{ partner }} for {{ amount }}.",
        ),
        TemplateKind::Charge => (
            "{{ partner }} charged {{ amount }}",
            "{{ partner }} charged your account with us on {{ date }}:\n\n  {{ description }}\n  \
             {{ amount }}",
            "{{ house }}: {{ partner }} charged {{ amount }} for {{ description }}.",
        ),
        TemplateKind::Refund => (
            "{{ partner }} gave back {{ amount }}",
            "{{ partner }} gave back on {{ date }}, and it is on your account with us:\n\n  \
             {{ description }}\n  {{ amount }}",
            "{{ house }}: {{ partner }} gave back {{ amount }} for {{ description }}.",
        ),
        TemplateKind::General => (
            "A message from {{ partner }}",
            "{{ partner }} writes:\n\n{{ text }}",
            "{{ text }}",
        ),
        TemplateKind::Invoice => (
            "Invoice {{ number }} from {{ house }}",
            "attached is invoice {{ number }} of {{ date }} over {{ total }}:\n\n\
             {% for line in lines %}  {{ line }}\n\
             {% endfor %}\n{% if open %}{{ open }} of it are not paid yet.{% else %}It is \
             paid.{% endif %}",
            "",
        ),
        TemplateKind::CreditNote => (
            "Credit note {{ number }} from {{ house }}",
            "attached is credit note {{ number }} of {{ date }} over {{ total }}:\n\n\
             {% for line in lines %}  {{ line }}\n{% endfor %}\n\
             It corrects invoice {{ corrects }}; the amount is on your account.",
            "",
        ),
        TemplateKind::Reminder => (
            "Please pay: {{ title }}",
            "{{ title }} is not paid yet: {{ missing }} are missing.\n\n\
             {% if until %}Please pay by {{ until }}; after that day it stops until it is \
             paid.{% else %}Please pay now; it was used and has ended.{% endif %}",
            "{{ house }}: {{ title }} is not paid yet, {{ missing }} are missing.{% if until %} \
             Please pay by {{ until }}.{% endif %}",
        ),
        TemplateKind::PaymentFailed => (
            "Your payment of {{ amount }} failed",
            "your payment of {{ amount }} of {{ date }} did not go through, and nothing was \
             booked. Please pay again.",
            "{{ house }}: your payment of {{ amount }} did not go through. Please pay again.",
        ),
        TemplateKind::ExpiryReminder => (
            "{{ title }} ends on {{ until }}",
            "{{ title }} goes on until {{ until }}.{% if missing %} To go on after that day, \
             {{ missing }} are missing on your account.{% else %} If you want to keep it, please \
             order it again.{% endif %}",
            "{{ house }}: {{ title }} ends on {{ until }}.{% if missing %} {{ missing }} are \
             missing on your account.{% endif %}",
        ),
        TemplateKind::Welcome => (
            "Welcome to {{ house }}",
            "welcome! Your account is ready.{% if login %} You sign in as {{ login }}.{% endif %}",
            "Welcome to {{ house }}!{% if login %} You sign in as {{ login }}.{% endif %}",
        ),
        TemplateKind::PasswordReset => (
            "Your new password",
            "your password was reset. The new one is\n\n  {{ password }}\n\n\
             {% if login %}You sign in as {{ login }}. {% endif %}Please change it as soon as you \
             can.",
            "{{ house }}: your new password is {{ password }}",
        ),
    }
}

/// The words in English that are there from the start.
#[must_use]
pub fn built_in(kind: TemplateKind) -> Wording {
    let (subject, text, sms) = parts(kind);
    Wording {
        subject: subject.to_owned(),
        text: format!("{DEAR}{text}{REGARDS}"),
        sms: sms.to_owned(),
    }
}

/// A part of a wording that is to be filled in.
#[derive(Clone, Copy)]
pub enum Part<'w> {
    Subject(&'w Wording),
    Text(&'w Wording),
    Sms(&'w Wording),
}

impl<'w> Part<'w> {
    fn parts(self) -> (&'static str, &'w str, usize) {
        match self {
            Self::Subject(words) => ("subject", &words.subject, FILLED_SUBJECT_MAX),
            Self::Text(words) => ("text", &words.text, FILLED_TEXT_MAX),
            Self::Sms(words) => ("sms", &words.sms, FILLED_SMS_MAX),
        }
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(STEPS_MAX));
    environment.add_filter("upper", minijinja::filters::upper);
    environment.add_filter("lower", minijinja::filters::lower);
    environment.add_filter("replace", replace);
    environment.add_filter("default", minijinja::filters::default);
    environment
}

/// As the language's own filter, but refuses what would become too long before it is made.
fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let found = text.matches(from).count();
    let longest = found.saturating_mul(to.len()).saturating_add(text.len());
    if longest > FILLED_TEXT_MAX {
        let problem = format!("replace would make more than {FILLED_TEXT_MAX} bytes");
        return Err(Error::new(ErrorKind::InvalidOperation, problem));
    }
    Ok(text.replace(from, to))
}

/// What is written so far; takes no more than [`FILLED_TEXT_MAX`] bytes.
#[derive(Default)]
struct Bounded {
    written: Vec<u8>,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.len().saturating_add(bytes.len()) > FILLED_TEXT_MAX {
            self.is_full = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fills a part of a wording in; an error says in which part and what is wrong with it. A subject
/// or short message that becomes too long ends early:
/// long names must not keep a letter from being sent.
pub fn fill(part: Part<'_>, values: &Values) -> Result<String, String> {
    let (name, text, max) = part.parts();
    allowed::check(text).map_err(|problem| format!("{name}: {problem}"))?;
    let environment = environment();
    let template = environment.template_from_str(text);
    let template = template.map_err(|error| format!("{name}: {error}"))?;
    let mut filled = Bounded::default();
    let rendered = template.render_captured_to(Value::from(Serde(values)), &mut filled);
    let rendered = rendered.map(drop);
    if filled.is_full {
        return Err(format!(
            "{name}: becomes longer than {FILLED_TEXT_MAX} bytes"
        ));
    }
    rendered.map_err(|error| format!("{name}: {error}"))?;
    let mut filled = String::from_utf8_lossy(&filled.written).into_owned();
    match part {
        Part::Text(_) => {
            if filled.len() > max {
                return Err(format!("{name}: becomes longer than {max} bytes"));
            }
            return Ok(format!("{}\n", filled.trim_end()));
        }
        // One line.
        Part::Subject(_) => filled = filled.replace(char::is_control, " "),
        Part::Sms(_) => {}
    }
    while filled.len() > max {
        filled.pop();
    }
    Ok(filled.trim().to_owned())
}

/// Values as a letter might have them, to try a wording with;
/// with `all` also those that may be empty.
#[must_use]
pub fn sample(kind: TemplateKind, all: bool) -> Values {
    let maybe = |text: &str| if all { text.to_owned() } else { String::new() };
    let mut values = match kind {
        TemplateKind::Pin => json!({
            "pin": "042137", "partner": "Example Films", "minutes": 5,
            "amount": maybe("9.99\u{a0}USD"),
        }),
        TemplateKind::Purchase | TemplateKind::Charge | TemplateKind::Refund => json!({
            "partner": "Example Films", "amount": "9.99\u{a0}USD", "description": "Monthly plan",
            "date": "2026-01-31",
        }),
        TemplateKind::General => json!({"partner": "Example Films", "text": "Thank you!"}),
        TemplateKind::Invoice => json!({
            "number": 17, "date": "2026-01-31", "total": "12.00\u{a0}EUR", "lines": ["Family"],
            "open": maybe("2.00\u{a0}EUR"),
        }),
        TemplateKind::CreditNote => json!({
            "number": 18, "date": "2026-01-31", "total": "12.00\u{a0}EUR", "lines": ["Family"],
            "corrects": 17,
        }),
        TemplateKind::Reminder => json!({
            "title": "Family", "missing": "12.00\u{a0}EUR", "until": maybe("2026-02-10"),
        }),
        TemplateKind::PaymentFailed => json!({"amount": "12.00\u{a0}EUR", "date": "2026-01-31"}),
        TemplateKind::ExpiryReminder => json!({
            "title": "Family", "until": "2026-02-10", "missing": maybe("12.00\u{a0}EUR"),
        }),
        TemplateKind::Welcome => json!({"login": maybe("olive")}),
        TemplateKind::PasswordReset => {
            json!({"login": maybe("olive"), "password": "h7k2mfpq3xwd5n"})
        }
    };
    if let Some(values) = values.as_object_mut() {
        values.insert("name".to_owned(), json!(maybe("Olive Queen")));
        values.insert("house".to_owned(), json!("Example TV"));
    }
    match values {
        Json::Object(values) => values,
        _ => Values::new(),
    }
}

/// What must stand in every letter of a kind, once at least, or it is of no use.
#[must_use]
pub fn must_say(kind: TemplateKind) -> Option<&'static str> {
    match kind {
        TemplateKind::Pin => Some("pin"),
        TemplateKind::General => Some("text"),
        TemplateKind::PasswordReset => Some("password"),
        _ => None,
    }
}

/// Whether a wording can be filled in, and says what it has to;
/// else what is wrong, the part in front.
pub fn prove(kind: TemplateKind, wording: &Wording) -> Result<(), String> {
    let known = sample(kind, true);
    for part in [
        Part::Subject(wording),
        Part::Text(wording),
        Part::Sms(wording),
    ] {
        let (name, text, _) = part.parts();
        allowed::check(text).map_err(|problem| format!("{name}: {problem}"))?;
        let environment = environment();
        let template = environment.template_from_str(text);
        let template = template.map_err(|error| format!("{name}: {error}"))?;
        // Also where no sample leads.
        let strange = template.undeclared_variables(false).into_iter();
        if let Some(strange) = strange.filter(|place| !known.contains_key(place)).min() {
            return Err(format!("{name}: there is no {strange}"));
        }
    }
    for all in [true, false] {
        let values = sample(kind, all);
        let subject = fill(Part::Subject(wording), &values)?;
        let text = fill(Part::Text(wording), &values)?;
        let sms = fill(Part::Sms(wording), &values)?;
        for (part, text) in [("subject", &subject), ("text", &text)] {
            if text.trim().is_empty() {
                return Err(format!("{part}: must not be empty"));
            }
        }
        let Some(name) = must_say(kind) else { continue };
        let said = values.get(name).and_then(Json::as_str).unwrap_or_default();
        let silent = |text: &String| !text.contains(said);
        if silent(&text) {
            return Err(format!("text: must say {{{{ {name} }}}}"));
        }
        if !sms.is_empty() && silent(&sms) {
            return Err(format!("sms: must say {{{{ {name} }}}}, or be empty"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Part, Wording, built_in, fill, prove, sample};
    use crate::domain::messages::template::TemplateKind;

    #[test]
    fn every_built_in_wording_can_be_filled_in() {
        for kind in TemplateKind::ALL {
            prove(kind, &built_in(kind)).unwrap_or_else(|e| panic!("{}: {e}", kind.word()));
        }
        let words = built_in(TemplateKind::Pin);
        let filled = fill(Part::Text(&words), &sample(TemplateKind::Pin, true)).unwrap();
        assert!(
            filled
                .starts_with("Dear Olive Queen,\n\n042137 is your PIN for Example Films over 9.99")
        );
        assert!(filled.ends_with("\n\nExample TV\n"));
    }

    #[test]
    fn a_wording_builds_no_values_and_stays_bounded() {
        let wording = |text: &str| Wording {
            text: text.to_owned(),
            ..built_in(TemplateKind::Pin)
        };
        let doubling = "{% for a in name %}{% for b in name %}{% for c in name %}\
                        {% for d in name %}{{ name }}{% endfor %}{% endfor %}{% endfor %}\
                        {% endfor %}{{ pin }}";
        let replaced = format!(
            "{{{{ pin{} }}}}",
            "|replace('0', '00000000000000000000')".repeat(12)
        );
        for (text, named) in [
            ("{% set a = [pin, pin] %}{{ a }}", "only if and for"),
            ("{% with a = pin %}{{ a }}{% endwith %}", "only if and for"),
            ("{% set a %}{{ pin }}{% endset %}{{ a }}", "only if and for"),
            (
                "{% filter upper %}{{ pin }}{% endfilter %}",
                "only if and for",
            ),
            ("{{ [[pin, pin], [pin, pin]] }}", "lists or tables"),
            ("{{ (pin, pin) }}", "lists or tables"),
            ("{{ {'a': pin} }}", "lists or tables"),
            (
                "{% for a in [pin, pin] %}{{ a }}{% endfor %}",
                "a loop goes over a place",
            ),
            ("{{ pin ~ pin }}", "side by side"),
            ("{{ pin * 100000 }}", "side by side"),
            ("{{ 9 ** 9999 }}", "side by side"),
            ("{{ pin[0:2] }}", "no parts"),
            ("{{ name.upper() }}", "must not call"),
            ("{{ pin|list }}", "no filter list"),
            (replaced.as_str(), "replace would make more than"),
            (doubling, "becomes longer than"),
        ] {
            let error = prove(TemplateKind::Pin, &wording(text)).unwrap_err();
            assert!(error.starts_with("text: "), "{text}: {error}");
            assert!(error.contains(named), "{text}: {error}");
        }
        let nested = format!(
            "{}{{{{ pin }}}}{}",
            "{% if pin %}".repeat(40),
            "{% endif %}".repeat(40)
        );
        let error = prove(TemplateKind::Pin, &wording(&nested)).unwrap_err();
        assert!(error.contains("nests deeper"), "{error}");
    }

    #[test]
    fn what_cannot_be_filled_in_is_named() {
        let wording = |text: &str| Wording {
            text: text.to_owned(),
            ..built_in(TemplateKind::Pin)
        };
        for (text, named) in [
            ("{{ pni }} {{ pin }}", "text: there is no pni"),
            (
                "{{ pin }}{% if name %}{% if not amount %}{{ nmae }}{% endif %}{% endif %}",
                "text: there is no nmae",
            ),
            ("{{ pin", "text: "),
            ("hello", "text: must say {{ pin }}"),
            ("", "text: must not be empty"),
            (
                "{% for i in range(9) %}{% endfor %}{{ pin }}",
                "a loop goes",
            ),
            (
                "{% for a in pin %}{% for b in pin %}{% for c in pin %}{% for d in pin %}\
                 {% for e in pin %}{% for f in pin %}{{ f }}{% endfor %}{% endfor %}{% endfor %}\
                 {% endfor %}{% endfor %}{% endfor %}{{ pin }}",
                "text: ",
            ),
            ("{{ pin * 100000 }}", "text: "),
        ] {
            let error = prove(TemplateKind::Pin, &wording(text)).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
