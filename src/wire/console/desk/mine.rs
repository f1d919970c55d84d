//! What is a member of staff's own: password, second factor, recovery codes.

use axum::Json;
use axum::http::StatusCode;
use data_encoding::BASE32_NOPAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::second_factor::{CODE_DIGITS, STEP_SECONDS};
use crate::ops::staff::confirming::{confirm, require_fresh};
use crate::ops::staff::own_password;
use crate::ops::staff::second_factor::{self, Standing};
use crate::wire::console::error::Problem;
use crate::wire::console::members::without_proof;
use crate::wire::console::repeatable::EmptyBody;
use crate::wire::console::request::Person;
use crate::wire::console::staff::new_password;
use crate::wire::kit::json::{Body, object};

use super::qr::QrOut;
use super::shared::Refusals;

/// How whoever is signed in signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(super) struct MeOut {
    name: String,
    role: &'static str,
    second_factor: FactorOut,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecondFactor)]
struct FactorOut {
    on: bool,
    /// The role needs one: it can be changed for another, not switched off.
    forced: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// How many recovery codes are left.
    recovery_codes: usize,
}

impl MeOut {
    fn new(held: &Standing) -> Self {
        let factor = held.operator.second_factor.as_ref();
        Self {
            name: held.operator.name.clone(),
            role: held.operator.role.name(),
            second_factor: FactorOut {
                on: factor.is_some(),
                forced: held.is_forced,
                since: factor.map(|factor| factor.since.to_rfc3339_millis()),
                recovery_codes: factor.map_or(0, |factor| factor.recovery.len()),
            },
        }
    }
}

/// How the caller signs in
///
/// Of people only: a token has no sign-in.
#[utoipa::path(get, path = "/console/api/me", tag = "Sign-in", operation_id = "me",
    responses((status = 200, body = MeOut), Refusals))]
pub(super) async fn show(person: Person) -> Result<Json<MeOut>, Problem> {
    let Person { ctx, .. } = person.done_first()?;
    Ok(Json(MeOut::new(&second_factor::mine(&ctx)?)))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PasswordChange)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordIn {
    /// The one of now.
    password: String,
    new_password: String,
}

/// Changes the caller's password
///
/// Their other sign-ins end.
#[utoipa::path(put, path = "/console/api/me/password", tag = "Sign-in",
    operation_id = "changeMyPassword", request_body = PasswordIn,
    responses((status = 204, description = "It is another one now"), Refusals))]
pub(super) async fn password(person: Person, body: Body) -> Result<StatusCode, Problem> {
    let Person { ctx, .. } = person.done_first()?;
    let input: PasswordIn = body.parse()?;
    own_password::change(&ctx, input.password, input.new_password)
        .await
        .map_err(new_password)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an authenticator needs, shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BegunSecondFactor)]
pub(super) struct BegunOut {
    /// In base32, to be typed.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// The same for an authenticator on this machine.
    #[schema(example = "otpauth://totp/Boxoffice:ada?secret=JBSW…&issuer=Boxoffice")]
    uri: String,
    /// The same to be looked at by a camera.
    qr: QrOut,
}

/// Begins a second factor
///
/// It counts once its first code was shown; until then the one of before does. Wants the password
/// once more, or a code, unless it was given within five minutes.
#[utoipa::path(post, path = "/console/api/me/second-factor", tag = "Sign-in",
    operation_id = "beginSecondFactor", request_body = Option<ProofIn>,
    responses((status = 201, body = BegunOut), Refusals))]
pub(super) async fn begin(
    Person { ctx, .. }: Person,
    body: Body,
) -> Result<(StatusCode, Json<BegunOut>), Problem> {
    proved(&ctx, body).await?;
    let secret = BASE32_NOPAD.encode(&second_factor::begin(&ctx).await?);
    let company = ctx.app.company().name.clone();
    let issuer = if company.trim().is_empty() {
        "Boxoffice"
    } else {
        company.trim()
    };
    let (_, name) = ctx.actor.label();
    let coded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let uri = format!(
        "otpauth://totp/{issuer}:{name}?secret={secret}&issuer={issuer}&algorithm=SHA1\
         &digits={CODE_DIGITS}&period={STEP_SECONDS}",
        issuer = coded(issuer),
        name = coded(name),
    );
    let too_long = || Problem::bad_request("the operator's name is too long for a QR code");
    let begun = BegunOut {
        qr: QrOut::new(&uri).ok_or_else(too_long)?,
        secret,
        uri,
    };
    Ok((StatusCode::CREATED, Json(begun)))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = FirstCode)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeIn {
    /// What the authenticator shows.
    #[schema(example = "123456")]
    code: String,
}

/// Recovery codes, shown this once: each is good once in the place of a code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub(super) struct CodesOut {
    #[schema(example = json!(["aceg-iknq-suwy-2468"]))]
    recovery_codes: Vec<String>,
}

/// Switches the second factor on that was begun
///
/// By its first code. The caller's other sign-ins end.
#[utoipa::path(put, path = "/console/api/me/second-factor", tag = "Sign-in",
    operation_id = "finishSecondFactor", request_body = CodeIn,
    responses((status = 200, body = CodesOut), Refusals))]
pub(super) async fn finish(
    Person { ctx, .. }: Person,
    body: Body,
) -> Result<Json<CodesOut>, Problem> {
    let input: CodeIn = body.parse()?;
    let recovery_codes = second_factor::finish(&ctx, input.code).await?;
    Ok(Json(CodesOut { recovery_codes }))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = Password)]
#[serde(deny_unknown_fields)]
pub(super) struct OffIn {
    password: String,
}

/// Switches the second factor off
///
/// Wants the password, however lately it was given. 409 where the role needs one.
#[utoipa::path(delete, path = "/console/api/me/second-factor", tag = "Sign-in",
    operation_id = "endSecondFactor", request_body = OffIn,
    responses((status = 204, description = "The password is enough now"), Refusals))]
pub(super) async fn off(person: Person, body: Body) -> Result<StatusCode, Problem> {
    let Person { ctx, .. } = person.done_first()?;
    let input: OffIn = body.parse()?;
    second_factor::turn_off(&ctx, input.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What proves once more who somebody is.
#[derive(Deserialize, ToSchema)]
#[schema(as = Proof)]
#[expect(
    dead_code,
    reason = "it is shown; it is taken out before the body is read"
)]
pub(super) struct ProofIn {
    password: Option<String>,
    /// Of the authenticator, in the place of the password.
    code: Option<String>,
}

/// Makes other recovery codes
///
/// Those of before are good no more. Wants a code once more, unless one was given within five
/// minutes.
#[utoipa::path(post, path = "/console/api/me/recovery-codes", tag = "Sign-in",
    operation_id = "makeRecoveryCodes", request_body = Option<ProofIn>,
    responses((status = 201, body = CodesOut), Refusals))]
pub(super) async fn renew(
    person: Person,
    body: Body,
) -> Result<(StatusCode, Json<CodesOut>), Problem> {
    let Person { ctx, .. } = person.done_first()?;
    proved(&ctx, body).await?;
    let recovery_codes = second_factor::renew_recovery(&ctx).await?;
    Ok((StatusCode::CREATED, Json(CodesOut { recovery_codes })))
}

/// Takes the proof that a body may have; it has nothing else.
async fn proved(ctx: &Ctx, body: Body) -> Result<(), Problem> {
    let text = body.text()?;
    if !text.trim().is_empty() {
        let (rest, given) = without_proof(text)?;
        object::<EmptyBody>(&rest)?;
        confirm(ctx, given).await?;
    }
    require_fresh(ctx)?;
    Ok(())
}
