//! Integration tokens, minted and revoked by staff.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::domain::staff::{Role, Token};
use crate::ops;
use crate::ops::staff::tokens::{NewToken, TOKEN_SECONDS};

use super::error::Problem;
use super::sensitive::Sensitive;
use super::staff::role;
use crate::wire::console::request::Staff;

/// What a list shows of a token; the token itself is shown once, when it is made.
#[derive(Debug, Serialize)]
pub struct TokenOut {
    jti: String,
    name: String,
    role: &'static str,
    made_by: String,
    created: String,
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenOut {
    fn new(token: &Token, text: Option<String>) -> Self {
        Self {
            jti: token.id.to_string(),
            name: token.name.clone(),
            role: token.role.name(),
            made_by: token.made_by.words(),
            created: token.created_at.to_rfc3339_millis(),
            expires: token.expires_at.to_rfc3339_millis(),
            revoked: token
                .revoked_at
                .map(crate::domain::values::time::Timestamp::to_rfc3339_millis),
            token: text,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenIn {
    name: String,
    #[serde(default = "manager")]
    role: String,
    #[serde(default = "two_years")]
    ttl_seconds: i64,
}

fn manager() -> String {
    Role::Manager.name().to_owned()
}

fn two_years() -> i64 {
    TOKEN_SECONDS
}

/// `GET /console/api/tokens`
pub async fn list(Staff(ctx): Staff) -> Result<Json<Vec<TokenOut>>, Problem> {
    let tokens = ops::staff::tokens::tokens(&ctx)?;
    Ok(Json(
        tokens
            .iter()
            .map(|token| TokenOut::new(token, None))
            .collect(),
    ))
}

/// `POST /console/api/tokens`
pub async fn create(sensitive: Sensitive) -> Result<(StatusCode, Json<TokenOut>), Problem> {
    let input: TokenIn = sensitive.input()?;
    let input = NewToken {
        name: input.name,
        role: role(&input.role)?,
        ttl_seconds: input.ttl_seconds,
    };
    let (token, text) = ops::staff::tokens::create_token(&sensitive.ctx, input).await?;
    Ok((StatusCode::CREATED, Json(TokenOut::new(&token, Some(text)))))
}

/// `DELETE /console/api/tokens/{jti}`
pub async fn revoke(Staff(ctx): Staff, Path(jti): Path<String>) -> Result<StatusCode, Problem> {
    ops::staff::tokens::revoke_token(&ctx, jti).await?;
    Ok(StatusCode::NO_CONTENT)
}
