//! The operator's own wording of letters, and which are sent at all.

pub(super) mod ways;

use crate::app::Ctx;
use crate::domain::messages::template::{
    LANGUAGES_MAX, SMS_MAX, SUBJECT_MAX, TEXT_MAX, Template, TemplateKind, fallbacks, language,
};
use crate::domain::staff::Permission;
use crate::letters::wording::{self, Part, Wording};
use crate::store::schema::messages::wording as key_of;
use crate::store::{Read, Span};

use super::OpError;

/// What is to be changed of a template; what is not said stays as it is, or as it is built in.
#[derive(Debug, Clone, Default)]
pub struct TemplateChange {
    pub on: Option<bool>,
    pub subject: Option<String>,
    pub text: Option<String>,
    pub sms: Option<String>,
}

/// How letters of a kind are worded for a language, and whether they are sent.
pub(super) fn wording(
    read: &impl Read,
    kind: TemplateKind,
    locale: &str,
) -> Result<(bool, Wording), OpError> {
    let locale = language(locale).unwrap_or_default();
    for tag in fallbacks(&locale) {
        if let Some(held) = read.get::<Template>(&key_of(kind, &tag))? {
            let words = Wording {
                subject: held.subject,
                text: held.text,
                sms: held.sms,
            };
            return Ok((held.on, words));
        }
    }
    Ok((kind.is_on_by_itself(), wording::built_in(kind)))
}

/// Whether letters of a kind are sent, in the operator's language.
pub(super) fn is_on(ctx: &Ctx, read: &impl Read, kind: TemplateKind) -> Result<bool, OpError> {
    Ok(wording(read, kind, &ctx.app.config.provider.locale)?.0)
}

/// All wordings of the operator's own, by kind and language.
pub fn list(ctx: &Ctx) -> Result<Vec<Template>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let mut all: Vec<Template> = ctx.snapshot()?.all()?;
    all.sort_by(|a, b| (a.kind, &a.language).cmp(&(b.kind, &b.language)));
    Ok(all)
}

/// Sets the wording of a kind for a language; one that could not be sent is refused, and the error
/// says which part and why.
pub async fn set(
    ctx: &Ctx,
    kind: TemplateKind,
    tag: &str,
    change: TemplateChange,
) -> Result<Template, OpError> {
    ctx.require(Permission::StaffManage)?;
    let tag = known_language(tag)?;
    let (_, before) = held_or_begun(&ctx.snapshot()?, kind, &tag)?;
    let proven = words_of(&changed(&before, &change));
    let words = proven.clone();
    away_from_async(move || prove(kind, &words)).await?;
    ctx.write(move |ctx, tx| {
        let (held, before) = held_or_begun(tx, kind, &tag)?;
        let after = changed(&before, &change);
        if words_of(&after) != proven {
            // Somebody else changed another part of it meanwhile.
            prove(kind, &words_of(&after))?;
        }
        if held {
            super::change(ctx, tx, "template.set", &before, &after)?;
            return Ok(after);
        }
        let mut others = 0usize;
        let span = Span::under(&key_of(kind, "").0);
        tx.each::<Template>(&span, &mut |_| {
            others = others.saturating_add(1);
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        if others >= LANGUAGES_MAX {
            let problem = format!("there are {LANGUAGES_MAX} languages already");
            return Err(wrong("language", &problem));
        }
        super::create(ctx, tx, "template.set", &after)?;
        Ok(after)
    })
    .await
}

/// The template of a language and whether it is there; one that is not begins as what the language
/// falls back to.
fn held_or_begun(
    read: &impl Read,
    kind: TemplateKind,
    tag: &str,
) -> Result<(bool, Template), OpError> {
    if let Some(held) = read.get::<Template>(&key_of(kind, tag))? {
        return Ok((true, held));
    }
    let (on, words) = wording(read, kind, tag)?;
    let begun = Template {
        kind,
        language: tag.to_owned(),
        on,
        subject: words.subject,
        text: words.text,
        sms: words.sms,
    };
    Ok((false, begun))
}

fn changed(before: &Template, change: &TemplateChange) -> Template {
    let given =
        |given: &Option<String>, held: &String| given.clone().unwrap_or_else(|| held.clone());
    Template {
        on: change.on.unwrap_or(before.on),
        subject: given(&change.subject, &before.subject),
        text: given(&change.text, &before.text),
        sms: given(&change.sms, &before.sms),
        ..before.clone()
    }
}

/// Filling a wording in takes time that requests of others must not wait for.
async fn away_from_async<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpError> + Send + 'static,
) -> Result<T, OpError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| OpError::Failed(error.to_string()))?
}

/// Goes back to the built-in wording; whether there was another.
pub async fn reset(ctx: &Ctx, kind: TemplateKind, tag: &str) -> Result<bool, OpError> {
    ctx.require(Permission::StaffManage)?;
    let tag = known_language(tag)?;
    ctx.write(move |ctx, tx| {
        let Some(held) = tx.get::<Template>(&key_of(kind, &tag))? else {
            return Ok(false);
        };
        super::audit(ctx, tx, "template.reset", &held, Vec::new())?;
        Ok(tx.remove::<Template>(&key_of(kind, &tag))?)
    })
    .await
}

/// A wording as it would be sent, with values made up.
/// For those who may set it: a template is a small program.
pub async fn preview(ctx: &Ctx, kind: TemplateKind, words: Wording) -> Result<Wording, OpError> {
    ctx.require(Permission::StaffManage)?;
    away_from_async(move || {
        prove(kind, &words)?;
        let values = wording::sample(kind, true);
        let part = |part| wording::fill(part, &values).map_err(OpError::Failed);
        Ok(Wording {
            subject: part(Part::Subject(&words))?,
            text: part(Part::Text(&words))?,
            sms: part(Part::Sms(&words))?,
        })
    })
    .await
}

fn words_of(template: &Template) -> Wording {
    Wording {
        subject: template.subject.clone(),
        text: template.text.clone(),
        sms: template.sms.clone(),
    }
}

/// Refuses a wording that is too long or cannot be filled in.
fn prove(kind: TemplateKind, words: &Wording) -> Result<(), OpError> {
    for (part, text, max) in [
        ("subject", &words.subject, SUBJECT_MAX),
        ("text", &words.text, TEXT_MAX),
        ("sms", &words.sms, SMS_MAX),
    ] {
        if text.len() > max {
            return Err(wrong(part, &format!("must be at most {max} bytes")));
        }
    }
    wording::prove(kind, words).map_err(|problem| {
        let (part, problem) = problem.split_once(": ").unwrap_or(("text", &problem));
        wrong(part, problem)
    })
}

fn known_language(tag: &str) -> Result<String, OpError> {
    language(tag).ok_or_else(|| wrong("language", "must be a language such as en or pt-BR"))
}

fn wrong(path: &str, problem: &str) -> OpError {
    OpError::Document {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
