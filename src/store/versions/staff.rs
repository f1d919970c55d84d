//! Records of staff and of what they made as earlier versions wrote them. Nothing here ever
//! changes, see `old`.

use serde::{Deserialize, Serialize};

use crate::domain::staff::{Maker, Operator, Role, Secret, Session, Token, TokenId};
use crate::domain::values::contact::Email;
use crate::domain::values::id::{OperatorId, ResellerId, WebhookId};
use crate::domain::values::time::Timestamp;
use crate::domain::webhooks::Webhook;
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// A member of staff before resellers had staff of their own.
#[derive(Serialize, Deserialize)]
struct OperatorV1 {
    id: OperatorId,
    name: String,
    role: Role,
    password: Secret,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A member of staff before they had an address.
#[derive(Serialize, Deserialize)]
struct OperatorV2 {
    id: OperatorId,
    name: String,
    role: Role,
    reseller: Option<ResellerId>,
    password: Secret,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A member of staff before there was a second factor.
#[derive(Serialize, Deserialize)]
struct OperatorV3 {
    id: OperatorId,
    name: String,
    role: Role,
    reseller: Option<ResellerId>,
    email: Option<Email>,
    password: Secret,
    made_by: Maker,
    created_at: Timestamp,
    updated_at: Timestamp,
}

pub(in crate::store) fn operator(version: u8, body: &[u8]) -> Result<Operator, CodecError> {
    let name = Table::Operators.name();
    let old = match version {
        3 => decode_body(name, body)?,
        _ => operator_v2(version, body)?,
    };
    Ok(Operator {
        id: old.id,
        name: old.name,
        role: old.role,
        reseller: old.reseller,
        email: old.email,
        password: old.password,
        made_by: old.made_by,
        created_at: old.created_at,
        updated_at: old.updated_at,
        second_factor: None,
        begun_factor: None,
    })
}

fn operator_v2(version: u8, body: &[u8]) -> Result<OperatorV3, CodecError> {
    let name = Table::Operators.name();
    let old = match version {
        1 => {
            let old: OperatorV1 = decode_body(name, body)?;
            OperatorV2 {
                id: old.id,
                name: old.name,
                role: old.role,
                reseller: None,
                password: old.password,
                created_at: old.created_at,
                updated_at: old.updated_at,
            }
        }
        2 => decode_body(name, body)?,
        _ => return Err(unknown(Table::Operators, version)),
    };
    Ok(OperatorV3 {
        id: old.id,
        name: old.name,
        role: old.role,
        reseller: old.reseller,
        email: None,
        password: old.password,
        made_by: Maker::Unknown,
        created_at: old.created_at,
        updated_at: old.updated_at,
    })
}

/// A token before it was noted who made it.
#[derive(Serialize, Deserialize)]
struct TokenV1 {
    id: TokenId,
    name: String,
    role: Role,
    created_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

pub(in crate::store) fn token(version: u8, body: &[u8]) -> Result<Token, CodecError> {
    if version != 1 {
        return Err(unknown(Table::Tokens, version));
    }
    let old: TokenV1 = decode_body(Table::Tokens.name(), body)?;
    Ok(Token {
        id: old.id,
        name: old.name,
        role: old.role,
        made_by: Maker::Unknown,
        created_at: old.created_at,
        expires_at: old.expires_at,
        revoked_at: old.revoked_at,
    })
}

/// A sign-in before it was noted when the password was last given.
#[derive(Serialize, Deserialize)]
struct SessionV1 {
    secret_hash: [u8; 32],
    operator: OperatorId,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// A sign-in before it was noted where it began and when it was used.
#[derive(Serialize, Deserialize)]
struct SessionV2 {
    secret_hash: [u8; 32],
    operator: OperatorId,
    created_at: Timestamp,
    expires_at: Timestamp,
    password_at: Timestamp,
}

pub(in crate::store) fn session(version: u8, body: &[u8]) -> Result<Session, CodecError> {
    let name = Table::Sessions.name();
    let old = match version {
        1 => {
            let old: SessionV1 = decode_body(name, body)?;
            SessionV2 {
                secret_hash: old.secret_hash,
                operator: old.operator,
                created_at: old.created_at,
                expires_at: old.expires_at,
                password_at: old.created_at,
            }
        }
        2 => decode_body(name, body)?,
        _ => return Err(unknown(Table::Sessions, version)),
    };
    Ok(Session {
        secret_hash: old.secret_hash,
        operator: old.operator,
        created_at: old.created_at,
        expires_at: old.expires_at,
        confirmed_at: old.password_at,
        last_used_at: old.password_at,
        address: String::new(),
        agent: String::new(),
    })
}

/// A webhook before it was noted who made it.
#[derive(Serialize, Deserialize)]
struct WebhookV1 {
    id: WebhookId,
    url: String,
    description: String,
    events: Vec<String>,
    on: bool,
    waiting_max: u32,
    room: u32,
    secret: Secret,
    old_secret: Option<(Secret, Timestamp)>,
    created_at: Timestamp,
}

pub(in crate::store) fn webhook(version: u8, body: &[u8]) -> Result<Webhook, CodecError> {
    if version != 1 {
        return Err(unknown(Table::Webhooks, version));
    }
    let old: WebhookV1 = decode_body(Table::Webhooks.name(), body)?;
    Ok(Webhook {
        id: old.id,
        url: old.url,
        description: old.description,
        events: old.events,
        on: old.on,
        waiting_max: old.waiting_max,
        room: old.room,
        secret: old.secret,
        old_secret: old.old_secret,
        made_by: Maker::Unknown,
        created_at: old.created_at,
    })
}
