//! Requests that may be sent again under the header `Idempotency-Key`, and may be looked at first
//! with `"preview": true`: one extractor for all, so that none of them can forget either.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Digest as _;

use crate::app::{AskedEffect, Ctx};
use crate::domain::values::used_key::KEY_BYTES_MAX;
use crate::ops::once::Once;
use crate::ops::staff::confirming::confirm;
use crate::wire::kit::json::{Body, BodyError, object};

use super::error::Problem;
use super::members::{without_preview, without_proof};

/// A request that moves something: where it goes to, its body, and the key that makes a repeat
/// harmless.
pub struct Repeatable {
    path: String,
    key: Option<HeaderValue>,
    body: Body,
}

impl<S: Send + Sync> FromRequest<S> for Repeatable {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let path = request.uri().path().to_owned();
        let key = request.headers().get("idempotency-key").cloned();
        let body = Body::from_request(request, state).await?;
        Ok(Self { path, key, body })
    }
}

/// A request that was read: who asks, what for, and the key of it. `ctx` runs it; where `preview`
/// was asked for, nothing that it runs stands.
pub struct Asked<T> {
    pub ctx: Ctx,
    pub input: T,
    pub once: Option<Once>,
}

/// Of a request that says it all by its path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyBody {}

impl Repeatable {
    /// What the body asks for; there must be one.
    pub fn input<T: DeserializeOwned>(self, ctx: Ctx) -> Result<Asked<T>, Problem> {
        self.asked(ctx, false)
    }

    /// As [`Repeatable::input`], where no body asks for nothing special.
    pub fn input_or_nothing<T: DeserializeOwned>(self, ctx: Ctx) -> Result<Asked<T>, Problem> {
        self.asked(ctx, true)
    }

    /// As [`Repeatable::input`], of what only somebody may ask for who proved lately who they are:
    /// takes what is given for that.
    pub async fn proved<T: DeserializeOwned>(self, ctx: Ctx) -> Result<Asked<T>, Problem> {
        self.with_proof(ctx, false).await
    }

    /// As [`Repeatable::proved`], where no body asks for nothing special.
    pub async fn proved_or_nothing<T: DeserializeOwned>(
        self,
        ctx: Ctx,
    ) -> Result<Asked<T>, Problem> {
        self.with_proof(ctx, true).await
    }

    async fn with_proof<T: DeserializeOwned>(
        self,
        ctx: Ctx,
        may_lack: bool,
    ) -> Result<Asked<T>, Problem> {
        let (text, given) = without_proof(self.body.text()?)?;
        confirm(&ctx, given).await?;
        read(&self.path, self.key.as_ref(), &text, ctx, may_lack)
    }

    fn asked<T: DeserializeOwned>(self, ctx: Ctx, may_lack: bool) -> Result<Asked<T>, Problem> {
        let text = self.body.text()?;
        read(&self.path, self.key.as_ref(), &text, ctx, may_lack)
    }
}

fn read<T: DeserializeOwned>(
    path: &str,
    key: Option<&HeaderValue>,
    text: &str,
    ctx: Ctx,
    may_lack: bool,
) -> Result<Asked<T>, Problem> {
    let text = match text.trim() {
        "" if may_lack => "{}",
        "" => return Err(BodyError::Missing.into()),
        text => text,
    };
    let (text, is_rehearsal) = without_preview(text.to_owned())?;
    // A look is the same request as what it looks at: a key that was used tells what a repeat does.
    let once = once(path, key, &text)?;
    let effect = Some(AskedEffect::new(is_rehearsal));
    Ok(Asked {
        ctx: Ctx { effect, ..ctx },
        input: object(&text)?,
        once,
    })
}

/// The key of a request, and what is asked for under it.
fn once(path: &str, key: Option<&HeaderValue>, text: &str) -> Result<Option<Once>, Problem> {
    let Some(key) = key else {
        return Ok(None);
    };
    let fits = |key: &&str| !key.is_empty() && key.len() <= KEY_BYTES_MAX;
    let plain = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = key.to_str().ok().filter(fits).filter(plain);
    let key = key.ok_or_else(|| {
        let problem = format!("must have 1 to {KEY_BYTES_MAX} visible ASCII characters");
        Problem::bad_request(format!("Idempotency-Key: {problem}"))
    })?;
    // Written anew, so that neither blanks nor the order of members make another request of it.
    let same = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => value.to_string(),
        Err(_) => text.to_owned(),
    };
    let mut asked = sha2::Sha256::new();
    asked.update(path.as_bytes());
    // No path holds one.
    asked.update([0]);
    asked.update(same.as_bytes());
    Ok(Some(Once {
        key: key.to_owned(),
        asked: asked.finalize().into(),
    }))
}
