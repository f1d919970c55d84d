//! Requests that make or change credentials: who may, before anything else; then the password once
//! more, or a code in its place, then the body.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use serde::de::DeserializeOwned;

use crate::app::{App, Ctx};
use crate::domain::staff::Permission;
use crate::ops::staff::confirming::{confirm, require_fresh};
use crate::wire::kit::json::{Body, BodyError, object};

use super::error::Problem;
use super::members::without_proof;
use crate::wire::console::request::Staff;

/// A request of somebody who may manage staff, and proved who they are with the member `password`
/// or `code` where they have to.
pub struct Sensitive {
    pub ctx: Ctx,
    /// The body without the proof; empty where there was none.
    text: String,
}

impl FromRequest<Arc<App>> for Sensitive {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Staff(ctx) = Staff::from_request_parts(&mut parts, app).await?;
        ctx.require(Permission::StaffManage)?;
        let Ok(body) = Body::from_request(Request::from_parts(parts, body), app).await;
        let text = body.text()?;
        let text = if text.trim().is_empty() {
            String::new()
        } else {
            let (text, given) = without_proof(text)?;
            confirm(&ctx, given).await?;
            text
        };
        require_fresh(&ctx)?;
        Ok(Self { ctx, text })
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
