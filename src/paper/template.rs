//! Pages of HTML from templates in which every text is escaped that is put into them.
//!
//! Must not know what a page says.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, escape_formatter};
use serde::Serialize;

use super::document::PaperError;

const NAME: &str = "page";

/// A template that is read once.
pub struct Template {
    /// Why it cannot be read, where it is wrong.
    environment: Result<Environment<'static>, String>,
}

impl Template {
    /// `escape`: a text as it may stand anywhere in a page, also between quotes.
    #[must_use]
    pub fn new(source: &'static str, escape: fn(&str) -> String) -> Self {
        Self {
            environment: environment(source, escape).map_err(|error| error.to_string()),
        }
    }

    /// Markup of our own that is the same on every page, by its name.
    #[must_use]
    pub fn with(mut self, name: &'static str, markup: &str) -> Self {
        if let Ok(environment) = &mut self.environment {
            environment.add_global(name, Value::from_safe_string(markup.to_owned()));
        }
        self
    }

    /// The page with these values.
    pub fn fill(&self, values: &impl Serialize) -> Result<String, PaperError> {
        let environment = self.environment.as_ref();
        let environment = environment.map_err(|error| PaperError::Template(error.clone()))?;
        let page = environment.get_template(NAME);
        page.and_then(|page| page.render(Value::from(Serde(values))))
            .map_err(|error| PaperError::Template(error.to_string()))
    }
}

fn environment(
    source: &'static str,
    escape: fn(&str) -> String,
) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::empty();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(move |out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escape(text))?),
        _ => escape_formatter(out, state, value),
    });
    environment.add_template(NAME, source)?;
    Ok(environment)
}
