//! Requests that make or change credentials: who may, before anything else; then the password once
//! more, then the body.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app::{App, Ctx};
use crate::domain::staff::Permission;
use crate::ops;
use crate::wire::kit::json::{Body, BodyError, object};

use super::error::Problem;
use crate::wire::console::request::{Anonymous, Staff};

/// A request of somebody who may manage staff, and proved it with the member `password` where they
/// have to.
pub struct Sensitive {
    pub ctx: Ctx,
    /// The body without the password; empty where there was none.
    text: String,
}

impl FromRequest<Arc<App>> for Sensitive {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Staff(ctx) = Staff::from_request_parts(&mut parts, app).await?;
        ctx.require(Permission::StaffManage)?;
        let Anonymous(_, sessions) = Anonymous::from_request_parts(&mut parts, app).await?;
        let Ok(body) = Body::from_request(Request::from_parts(parts, body), app).await;
        let text = body.text()?;
        let (password, text) = if text.trim().is_empty() {
            (None, String::new())
        } else {
            without_password(&text)?
        };
        ops::staff::confirming::confirm(&ctx, &sessions, password).await?;
        Ok(Self { ctx, text })
    }
}

/// The password, and the body without it.
fn without_password(text: &str) -> Result<(Option<String>, String), Problem> {
    let mut members: Map<String, Value> = object(text)?;
    match members.remove("password") {
        None => Ok((None, text.to_owned())),
        Some(Value::String(password)) => Ok((Some(password), Value::Object(members).to_string())),
        Some(_) => Err(Problem::bad_request("password: must be a text")),
    }
}

impl Sensitive {
    /// What the body asks for; there must be one.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if self.text.is_empty() {
            return Err(BodyError::Missing.into());
        }
        Ok(object(&self.text)?)
    }

    /// As [`Sensitive::input`], where no body asks for nothing special.
    pub fn input_or_nothing<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let text = if self.text.is_empty() {
            "{}"
        } else {
            &self.text
        };
        Ok(object(text)?)
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}
