//! A customer's boxes given, taken and told something, over the console's API.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::boxes::event::NOTICE_CHARS_MAX;
use crate::domain::staff::Permission;
use crate::ops::boxes::list::of_customer;
use crate::ops::desk::boxes::{self as desk, BoxCommand};
use crate::wire::console::boxes::{BoxesOut, shown};
use crate::wire::console::effect::{Done, answer};
use crate::wire::console::error::Problem;
use crate::wire::console::repeatable::{Asked, EmptyBody, Repeatable};
use crate::wire::console::request::{Staff, handle};

use super::shared::{Refusals, TEXT_CHARS_MAX, text};

/// A box that a customer gets.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BoxInput)]
#[serde(deny_unknown_fields)]
pub(super) struct BoxIn {
    #[schema(example = "00:1A:79:00:39:5E")]
    mac: String,
    /// Only look what would come of it.
    #[serde(default)]
    #[expect(dead_code, reason = "taken out before it is read")]
    preview: Option<bool>,
}

/// Gives a box to a customer
#[utoipa::path(post, path = "/console/api/customers/{id}/boxes", tag = "Boxes",
    operation_id = "addBox",
    params(("id" = String, Path, description = "The customer")),
    request_body = BoxIn,
    responses((status = 201, body = Done<BoxesOut>), Refusals))]
pub(super) async fn add(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let Asked { ctx, input, once } = request.input::<BoxIn>(ctx)?;
    let mac = input.mac.trim().to_owned();
    if mac.is_empty() {
        return Err(Problem::bad_request("mac: is required"));
    }
    text("mac", &mac, TEXT_CHARS_MAX)?;
    desk::add(&ctx, handle(&id), mac, once).await?;
    all(&ctx, StatusCode::CREATED, &id)
}

/// Takes a box from a customer
#[utoipa::path(delete, path = "/console/api/customers/{id}/boxes/{device}", tag = "Boxes",
    operation_id = "removeBox",
    params(
        ("id" = String, Path, description = "The customer"),
        ("device" = String, Path, description = "The box")),
    responses((status = 200, body = Done<BoxesOut>), Refusals))]
pub(super) async fn remove(
    Staff(ctx): Staff,
    Path((id, device)): Path<(String, String)>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let Asked { ctx, once, .. } = request.input_or_nothing::<EmptyBody>(ctx)?;
    desk::remove(&ctx, handle(&id), handle(&device), once).await?;
    all(&ctx, StatusCode::OK, &id)
}

/// All boxes of a customer, after what was done.
fn all(ctx: &Ctx, code: StatusCode, customer: &str) -> Result<Response, Problem> {
    answer(ctx, code, || {
        Ok(shown(of_customer(ctx, &handle(customer))?))
    })
}

/// What a box is told.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BoxCommand)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandIn {
    /// `message`, `reload_portal`, `reload_channels`, `reboot`, `cut_off` or `cut_on`.
    command: String,
    /// What a message says.
    #[serde(default)]
    text: Option<String>,
    /// Only look what would come of it.
    #[serde(default)]
    #[expect(dead_code, reason = "taken out before it is read")]
    preview: Option<bool>,
}

impl CommandIn {
    fn command(self) -> Result<BoxCommand, Problem> {
        let command = match self.command.as_str() {
            "message" => {
                let said = self.text.unwrap_or_default();
                if said.trim().is_empty() {
                    return Err(Problem::bad_request("text: is required with a message"));
                }
                text("text", &said, NOTICE_CHARS_MAX)?;
                return Ok(BoxCommand::Message(said));
            }
            "reload_portal" => BoxCommand::ReloadPortal,
            "reload_channels" => BoxCommand::ReloadChannels,
            "reboot" => BoxCommand::Reboot,
            "cut_off" => BoxCommand::CutOff,
            "cut_on" => BoxCommand::CutOn,
            _ => {
                return Err(Problem::bad_request(
                    "command: must be message, reload_portal, reload_channels, reboot, cut_off or \
                     cut_on",
                ));
            }
        };
        if self.text.is_some() {
            return Err(Problem::bad_request("text: is only for a message"));
        }
        Ok(command)
    }
}

/// How many boxes are told; each hears it when it next asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Told)]
pub(super) struct ToldOut {
    told: u64,
}

async fn tell(
    ctx: Ctx,
    customer: &str,
    device: Option<&str>,
    request: Repeatable,
) -> Result<Response, Problem> {
    ctx.require(Permission::BoxesCommand)?;
    let Asked { ctx, input, once } = request.input::<CommandIn>(ctx)?;
    let command = input.command()?;
    let device = device.map(handle);
    let told = desk::command(&ctx, handle(customer), device, command, once).await?;
    answer(&ctx, StatusCode::ACCEPTED, || Ok(ToldOut { told }))
}

/// Tells every box of a customer something
#[utoipa::path(post, path = "/console/api/customers/{id}/boxes/commands", tag = "Boxes",
    operation_id = "commandBoxes",
    params(("id" = String, Path, description = "The customer")),
    request_body = CommandIn,
    responses((status = 202, body = Done<ToldOut>), Refusals))]
pub(super) async fn command_all(
    Staff(ctx): Staff,
    Path(id): Path<String>,
    request: Repeatable,
) -> Result<Response, Problem> {
    tell(ctx, &id, None, request).await
}

/// Tells one box of a customer something
#[utoipa::path(post, path = "/console/api/customers/{id}/boxes/{device}/commands", tag = "Boxes",
    operation_id = "commandBox",
    params(
        ("id" = String, Path, description = "The customer"),
        ("device" = String, Path, description = "The box")),
    request_body = CommandIn,
    responses((status = 202, body = Done<ToldOut>), Refusals))]
pub(super) async fn command_one(
    Staff(ctx): Staff,
    Path((id, device)): Path<(String, String)>,
    request: Repeatable,
) -> Result<Response, Problem> {
    tell(ctx, &id, Some(&device), request).await
}
