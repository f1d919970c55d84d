//! The operator's wording of letters, over the console's API.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use crate::domain::messages::template::{Template, TemplateKind};
use crate::domain::staff::Permission;
use crate::letters::wording::{self, Wording};
use crate::ops;
use crate::ops::templates::TemplateChange;
use crate::wire::kit::json::Body;

use super::error::Problem;
use crate::wire::console::request::Staff;

/// A wording as it is shown and given.
#[derive(Debug, Serialize)]
struct WordingOut {
    subject: String,
    text: String,
    sms: String,
}

impl WordingOut {
    fn new(words: Wording) -> Self {
        Self {
            subject: words.subject,
            text: words.text,
            sms: words.sms,
        }
    }
}

#[derive(Debug, Serialize)]
struct TemplateOut {
    kind: &'static str,
    language: String,
    on: bool,
    #[serde(flatten)]
    words: WordingOut,
}

impl TemplateOut {
    fn new(template: Template) -> Self {
        Self {
            kind: template.kind.word(),
            language: template.language,
            on: template.on,
            words: WordingOut {
                subject: template.subject,
                text: template.text,
                sms: template.sms,
            },
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct KindOut {
    kind: &'static str,
    /// Whether such letters are sent where no template says otherwise.
    on: bool,
    /// What can be filled in.
    places: Vec<String>,
    built_in: WordingOut,
    templates: Vec<TemplateOut>,
}

/// `GET /console/api/templates`
pub async fn list(Staff(ctx): Staff) -> Result<Response, Problem> {
    let mut held = ops::templates::list(&ctx)?;
    let kinds = TemplateKind::ALL.into_iter().map(|kind| KindOut {
        kind: kind.word(),
        on: kind.is_on_by_itself(),
        places: wording::sample(kind, true).keys().cloned().collect(),
        built_in: WordingOut::new(wording::built_in(kind)),
        templates: held
            .extract_if(.., |template| template.kind == kind)
            .map(TemplateOut::new)
            .collect(),
    });
    let kinds: Vec<KindOut> = kinds.collect();
    Ok(Json(kinds).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateIn {
    on: Option<bool>,
    subject: Option<String>,
    text: Option<String>,
    sms: Option<String>,
}

fn kind_of(word: &str) -> Result<TemplateKind, Problem> {
    TemplateKind::parse(word).ok_or_else(|| Problem::not_found("there is no such kind of letter"))
}

/// `PUT /console/api/templates/{kind}/{language}`
pub async fn set(
    Staff(ctx): Staff,
    Path((kind, language)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Problem> {
    ctx.require(Permission::StaffManage)?;
    let kind = kind_of(&kind)?;
    let given: TemplateIn = body.parse()?;
    let change = TemplateChange {
        on: given.on,
        subject: given.subject,
        text: given.text,
        sms: given.sms,
    };
    let template = ops::templates::set(&ctx, kind, &language, change).await?;
    Ok(Json(TemplateOut::new(template)).into_response())
}

/// `DELETE /console/api/templates/{kind}/{language}`
pub async fn reset(
    Staff(ctx): Staff,
    Path((kind, language)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    ctx.require(Permission::StaffManage)?;
    if ops::templates::reset(&ctx, kind_of(&kind)?, &language).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("there is no such template"))
    }
}

/// `POST /console/api/templates/{kind}/preview`: the wording of the body, filled in.
pub async fn preview(
    Staff(ctx): Staff,
    Path(kind): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let kind = kind_of(&kind)?;
    let given: TemplateIn = body.parse()?;
    let built_in = wording::built_in(kind);
    let words = Wording {
        subject: given.subject.unwrap_or(built_in.subject),
        text: given.text.unwrap_or(built_in.text),
        sms: given.sms.unwrap_or(built_in.sms),
    };
    let filled = ops::templates::preview(&ctx, kind, words).await?;
    Ok(Json(WordingOut::new(filled)).into_response())
}
