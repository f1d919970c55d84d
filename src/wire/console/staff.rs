//! Members of staff over the console's API: listed, added, given another role, removed.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::domain::refusal::{Refusal, StaffRefusal};
use crate::domain::staff::{Operator, Role};
use crate::domain::values::id::ResellerId;
use crate::ops::staff::NewOperator;
use crate::ops::staff::credentials::Made;
use crate::ops::{self, OpError};

use super::error::Problem;
use super::repeatable::EmptyBody;
use super::sensitive::Sensitive;
use crate::wire::console::request::Staff;

/// A member of staff; nothing of the password.
#[derive(Debug, Serialize)]
pub struct OperatorOut {
    name: String,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reseller: Option<u64>,
    made_by: String,
    created: String,
    /// Signs in with a second factor.
    second_factor: bool,
}

impl OperatorOut {
    fn new(operator: &Operator) -> Self {
        Self {
            name: operator.name.clone(),
            role: operator.role.name(),
            email: operator
                .email
                .as_ref()
                .map(|email| email.as_str().to_owned()),
            reseller: operator.reseller.map(|id| id.0),
            made_by: operator.made_by.words(),
            created: operator.created_at.to_rfc3339_millis(),
            second_factor: operator.second_factor.is_some(),
        }
    }
}

/// What becomes of a person and of what they made.
#[derive(Debug, Serialize)]
pub struct LeavingOut {
    name: String,
    role: &'static str,
    /// A line for each thing that ends with it, or stays though they made it.
    effect: Vec<String>,
}

impl LeavingOut {
    fn new((person, made): &(Operator, Made)) -> Self {
        Self {
            name: person.name.clone(),
            role: person.role.name(),
            effect: made.lines(),
        }
    }
}

/// A role by its name.
pub(super) fn role(name: &str) -> Result<Role, Problem> {
    let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    Role::parse(name)
        .ok_or_else(|| Problem::bad_request(format!("role: must be one of {}", names.join(", "))))
}

/// `GET /console/api/staff`
pub async fn list(Staff(ctx): Staff) -> Result<Json<Vec<OperatorOut>>, Problem> {
    let staff = ops::staff::operators(&ctx)?;
    Ok(Json(staff.iter().map(OperatorOut::new).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOperatorIn {
    name: String,
    role: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    reseller: Option<u64>,
    /// Of the new account; `password` is the caller's own.
    new_password: String,
}

/// `POST /console/api/staff`
pub async fn add(sensitive: Sensitive) -> Result<(StatusCode, Json<OperatorOut>), Problem> {
    let input: NewOperatorIn = sensitive.input()?;
    let input = NewOperator {
        role: role(&input.role)?,
        name: input.name,
        reseller: input.reseller.map(ResellerId),
        email: input.email,
        password: input.new_password,
    };
    let operator = ops::staff::add_operator(&sensitive.ctx, input)
        .await
        .map_err(new_password)?;
    Ok((StatusCode::CREATED, Json(OperatorOut::new(&operator))))
}

/// A refusal of a password that is to be one, at the member that has it: `password` is the caller's
/// own.
pub(super) fn new_password(error: OpError) -> Problem {
    let is_new = matches!(
        &error,
        OpError::Refused(
            Refusal::PasswordLength { .. } | Refusal::Staff(StaffRefusal::PasswordGuessable { .. })
        )
    );
    let problem = Problem::from(error);
    if is_new {
        problem.at("new_password")
    } else {
        problem
    }
}

/// `DELETE /console/api/staff/{name}/second-factor`: of somebody who lost it.
pub async fn take_factor(
    Path(name): Path<String>,
    sensitive: Sensitive,
) -> Result<Json<OperatorOut>, Problem> {
    sensitive.input_or_nothing::<EmptyBody>()?;
    let person = ops::staff::second_factor::take_away(&sensitive.ctx, name).await?;
    Ok(Json(OperatorOut::new(&person)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleIn {
    role: String,
    #[serde(default)]
    end_credentials: bool,
    #[serde(default)]
    preview: bool,
}

/// `PUT /console/api/staff/{name}`: another role.
pub async fn change(
    Path(name): Path<String>,
    sensitive: Sensitive,
) -> Result<Json<LeavingOut>, Problem> {
    let input: RoleIn = sensitive.input()?;
    let (ctx, role) = (&sensitive.ctx, role(&input.role)?);
    let done = if input.preview {
        ops::staff::changes::leaving(ctx, &name, Some(role))?
    } else {
        ops::staff::changes::change_role(ctx, name, role, input.end_credentials).await?
    };
    Ok(Json(LeavingOut::new(&done)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RemoveIn {
    end_credentials: bool,
    preview: bool,
}

/// `DELETE /console/api/staff/{name}`: removes a member of staff and ends what they made.
pub async fn remove(
    Path(name): Path<String>,
    sensitive: Sensitive,
) -> Result<Json<LeavingOut>, Problem> {
    let input: RemoveIn = sensitive.input_or_nothing()?;
    let ctx = &sensitive.ctx;
    let done = if input.preview {
        ops::staff::changes::leaving(ctx, &name, None)?
    } else {
        ops::staff::changes::remove(ctx, name, input.end_credentials).await?
    };
    Ok(Json(LeavingOut::new(&done)))
}
