//! Requests that may be sent again under the header `Idempotency-Key`: one extractor for all.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use serde::de::DeserializeOwned;
use sha2::Digest as _;

use crate::domain::used_key::KEY_BYTES_MAX;
use crate::ops::once::Once;
use crate::wire::kit::json::{Body, BodyError, object};

use super::error::Problem;

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

impl Repeatable {
    /// What the body asks for; there must be one.
    pub fn wish<T: DeserializeOwned>(self) -> Result<(T, Option<Once>), Problem> {
        let (text, once) = self.read()?;
        if text.is_empty() {
            return Err(BodyError::Missing.into());
        }
        Ok((object(&text)?, once))
    }

    /// As [`Repeatable::wish`], where no body asks for nothing special.
    pub fn wish_or_nothing<T: DeserializeOwned>(self) -> Result<(T, Option<Once>), Problem> {
        let (text, once) = self.read()?;
        let text = if text.is_empty() { "{}" } else { &text };
        Ok((object(text)?, once))
    }

    /// Of a request that says it all by its path.
    pub fn nothing(self) -> Result<Option<Once>, Problem> {
        Ok(self.read()?.1)
    }

    fn read(self) -> Result<(String, Option<Once>), Problem> {
        let text = self.body.text()?.trim().to_owned();
        let Some(key) = &self.key else {
            return Ok((text, None));
        };
        let fits = |key: &&str| !key.is_empty() && key.len() <= KEY_BYTES_MAX;
        let plain = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
        let key = key.to_str().ok().filter(fits).filter(plain);
        let key = key.ok_or_else(|| {
            let problem = format!("must have 1 to {KEY_BYTES_MAX} visible ASCII characters");
            Problem::bad_request(format!("Idempotency-Key: {problem}"))
        })?;
        // Written anew, so that neither blanks nor the order of members make another request of it.
        let same = match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(value) => value.to_string(),
            Err(_) if text.is_empty() => "{}".to_owned(),
            Err(_) => text.clone(),
        };
        let mut asked = sha2::Sha256::new();
        asked.update(self.path.as_bytes());
        // No path holds one.
        asked.update([0]);
        asked.update(same.as_bytes());
        let once = Once {
            key: key.to_owned(),
            asked: asked.finalize().into(),
        };
        Ok((text, Some(once)))
    }
}
