//! Integration tokens, minted and revoked by staff.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::domain::staff::{Role, Token};
use crate::ops;
use crate::ops::staff::NewToken;
use crate::wire::kit::json::Body;

use super::Staff;
use super::error::Problem;

/// What a list shows of a token; the token itself is shown once, when it is made.
#[derive(Debug, Serialize)]
pub struct TokenOut {
    jti: String,
    name: String,
    role: &'static str,
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
            created: token.created_at.to_rfc3339_millis(),
            expires: token.expires_at.to_rfc3339_millis(),
            revoked: token
                .revoked_at
                .map(crate::domain::time::Timestamp::to_rfc3339_millis),
            token: text,
        }
    }
}

#[derive(Deserialize)]
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
    63_115_200
}

/// `GET /console/api/tokens`
pub async fn list(Staff(ctx): Staff) -> Result<Json<Vec<TokenOut>>, Problem> {
    let tokens = ops::staff::tokens(&ctx)?;
    Ok(Json(
        tokens
            .iter()
            .map(|token| TokenOut::new(token, None))
            .collect(),
    ))
}

/// `POST /console/api/tokens`
pub async fn create(
    Staff(ctx): Staff,
    body: Body,
) -> Result<(StatusCode, Json<TokenOut>), Problem> {
    let wish: TokenIn = body.parse()?;
    let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    let role = Role::parse(&wish.role).ok_or_else(|| {
        Problem::bad_request(format!("role: must be one of {}", names.join(", ")))
    })?;
    let wish = NewToken {
        name: wish.name,
        role,
        ttl_seconds: wish.ttl_seconds,
    };
    let (token, text) = ops::staff::create_token(&ctx, wish).await?;
    Ok((StatusCode::CREATED, Json(TokenOut::new(&token, Some(text)))))
}

/// `DELETE /console/api/tokens/{jti}`
pub async fn revoke(Staff(ctx): Staff, Path(jti): Path<String>) -> Result<StatusCode, Problem> {
    ops::staff::revoke_token(&ctx, jti).await?;
    Ok(StatusCode::NO_CONTENT)
}
