//! A viewer signs in on a box: the box is the customer's from then on.
//!
//! Reference: stalker-stb-portal §3.4. Whoever is wrong too often is not heard for a while; five
//! wrong tries in twenty seconds are what an honest player does with a wrong password.

use std::net::IpAddr;

use crate::app::Ctx;
use crate::domain::contact::{fold, usual_mac};
use crate::domain::customer::Customer;
use crate::domain::id::{CustomerId, DeviceId};
use crate::domain::staff::PASSWORD_BYTES_MAX;
use crate::store::key::under_text;
use crate::store::{Read, Table};

use super::{OpError, boxes, devices};

/// Longest login, in bytes.
const LOGIN_BYTES_MAX: usize = 512;

/// What a box sends to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub mac: String,
    pub login: String,
    pub password: String,
    /// The token of its session from now on.
    pub token: Option<String>,
    pub model: String,
}

/// Signs in with a customer's login and password, which makes the box one of the customer's.
/// Answers whether they fit; a box of somebody else does not become the customer's.
pub async fn sign_in(ctx: &Ctx, wish: SignIn) -> Result<bool, OpError> {
    let fits = (1..=LOGIN_BYTES_MAX).contains(&wish.login.len())
        && (1..=PASSWORD_BYTES_MAX).contains(&wish.password.len());
    let Some(mac) = usual_mac(&wish.mac).filter(|_| fits) else {
        return Ok(false);
    };
    let names = names(ctx.address, &wish.login);
    if !ctx.app.tries.begin(&names, ctx.now) {
        tracing::warn!(address = ctx.address_text(), "box_login.too_many_tries");
        return Ok(false);
    }
    let customer = customer(ctx, &wish.login)?;
    let id = customer.as_ref().map(|customer| customer.id);
    let stored = customer.map(|customer| customer.password);
    let passwords = &ctx.app.passwords;
    let right = passwords
        .is_customers(wish.password, &stored.unwrap_or_default())
        .await?;
    let Some(id) = id.filter(|_| right) else {
        return Ok(false);
    };
    ctx.app.tries.succeeded(&names, ctx.now);
    let device = match own(ctx, id, mac, wish.model).await {
        Ok(device) => device,
        Err(OpError::Refused(refusal)) => {
            tracing::info!(%refusal, customer = id.0, "box_login.refused");
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    if let Some(token) = &wish.token {
        boxes::begin_session(ctx, &ctx.snapshot()?, device, token, None)?;
    }
    Ok(true)
}

/// By what failures are counted: the login, and where it comes from.
fn names(address: Option<IpAddr>, login: &str) -> [String; 2] {
    let from = match address {
        // Whoever has one address of such a network has all of them.
        Some(IpAddr::V6(address)) => format!("{:x}", address.to_bits() >> 64),
        Some(IpAddr::V4(address)) => address.to_string(),
        None => String::new(),
    };
    [format!("login {}", fold(login)), format!("from {from}")]
}

/// The customer with this login; upper and lower case are one where that leaves no doubt.
fn customer(ctx: &Ctx, login: &str) -> Result<Option<Customer>, OpError> {
    let read = ctx.snapshot()?;
    let exact = read.get_by::<Customer>(Table::CustomersByLogin, login.as_bytes())?;
    if exact.is_some() {
        return Ok(exact);
    }
    let mut alike: Vec<Customer> =
        read.listed(Table::CustomersByFoldedLogin, &under_text(&fold(login)))?;
    Ok(if alike.len() == 1 { alike.pop() } else { None })
}

/// The box with this MAC as one of the customer's.
async fn own(
    ctx: &Ctx,
    customer: CustomerId,
    mac: String,
    model: String,
) -> Result<DeviceId, OpError> {
    if let Some(seat) = boxes::by_mac(&ctx.snapshot()?, &mac)?
        && seat.customer.id == customer
    {
        return Ok(seat.device.id);
    }
    ctx.write(move |ctx, tx| {
        // Two at the same time make one.
        match boxes::by_mac(tx, &mac)? {
            Some(seat) if seat.customer.id == customer => Ok(seat.device.id),
            _ => devices::add_box(ctx, tx, customer, mac, model).map(|device| device.id),
        }
    })
    .await
}
