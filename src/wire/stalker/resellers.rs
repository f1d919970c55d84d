//! RESELLER: who sold it (stalker-rest-v1 §2.12). Off unless the settings say otherwise.

use crate::domain::catalogue::content::Reseller;
use crate::domain::values::id::ResellerId;
use crate::ops::customers::resellers;
use crate::ops::customers::resellers::ResellerChange;
use crate::wire::kit::php::{Form, Json, Object, integer_part, truthy};

use super::accounts::cut;
use super::answer::{Answer, Failure};
use crate::wire::stalker::call::{Action, Call};

const FIELDS: &[&str] = &["name", "max_users", "use_ip_ranges"];
const NAME_CHARS_MAX: usize = 64;

pub async fn resellers(call: Call) -> Result<Answer, Failure> {
    if !call.ctx.app.config.stalker.allow_resellers_info {
        return Err(Failure::text("Resource denied by admin"));
    }
    match call.action {
        Action::Get => listed(&call),
        Action::Create => create(call).await,
        Action::Update => update(call).await,
        Action::Delete => delete(call).await,
    }
}

fn listed(call: &Call) -> Result<Answer, Failure> {
    let mut all = resellers::list(&call.ctx)?;
    if !call.means_all() {
        let names = call.names();
        let mut ids: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        ids.sort_unstable();
        ids.dedup();
        let unknown = ids.len() < names.len();
        all.retain(|reseller| ids.contains(&reseller.id.0));
        if all.is_empty() && names.len() <= 1 {
            return Err(Failure::text("Account not found"));
        }
        if unknown || all.len() < ids.len() {
            return Err(Failure::text("One or more identifiers are incorrect"));
        }
    }
    Ok(Answer::Results(Json::array(|a| {
        for reseller in &all {
            a.object(|o| shown(call, o, reseller));
        }
    })))
}

fn shown(call: &Call, o: &mut Object<'_>, reseller: &Reseller) {
    let zone = &call.ctx.app.company().zone;
    let local = |at: Option<_>| at.map_or_else(String::new, |at| zone.local(at));
    o.text("id", &reseller.id.0.to_string());
    o.text("name", &reseller.name);
    o.text("created", &local(reseller.created_at));
    o.text("modified", &local(reseller.updated_at));
    o.text("max_users", &reseller.users_max.unwrap_or(0).to_string());
    o.text(
        "use_ip_ranges",
        if reseller.use_ip_ranges { "1" } else { "0" },
    );
}

async fn create(call: Call) -> Result<Answer, Failure> {
    if call.no_body {
        return Err(Failure::text("HTTP POST data is empty"));
    }
    let mut given = FIELDS.iter().filter_map(|name| call.form.text(name));
    // Nothing known, or only values that say nothing.
    if !given.any(truthy) {
        return Err(Failure::text("Insert data is empty"));
    }
    let input = input(&call.form);
    if input.name.as_deref().is_none_or(str::is_empty) {
        return Err(Failure::text("Reseller name required"));
    }
    resellers::create(&call.ctx, input).await?;
    // The original answers false by mistake (B12).
    Ok(Answer::truth(true))
}

async fn update(call: Call) -> Result<Answer, Failure> {
    // An `id` among the fields does not count.
    if !FIELDS.iter().any(|name| call.form.has(name)) {
        return Err(Failure::text("Data is empty"));
    }
    let id = one(&call)?;
    if !resellers::list(&call.ctx)?.iter().any(|held| held.id == id) {
        return Err(Failure::text("Account not found"));
    }
    let input = input(&call.form);
    if input.name.as_deref() == Some("") {
        return Err(Failure::text("Reseller name required"));
    }
    resellers::update(&call.ctx, id, input).await?;
    Ok(Answer::truth(true))
}

async fn delete(call: Call) -> Result<Answer, Failure> {
    let id = one(&call)?;
    resellers::remove(&call.ctx, id).await?;
    Ok(Answer::truth(true))
}

/// The only identifier, a number.
fn one(call: &Call) -> Result<ResellerId, Failure> {
    match call.names() {
        [] => Err(Failure::text("Identifier required")),
        [name] => name
            .parse()
            .map(ResellerId)
            .map_err(|_| Failure::text("Identifier is wrong, for this action use reseller's id")),
        _ => Err(Failure::text("Only one identifier allowed")),
    }
}

fn input(form: &Form) -> ResellerChange {
    let number = |text: &str| u32::try_from(integer_part(text).max(0)).unwrap_or(u32::MAX);
    ResellerChange {
        name: form
            .text("name")
            .map(|name| cut(name, NAME_CHARS_MAX).trim().to_owned()),
        customers_max: form.text("max_users").map(number),
        use_ip_ranges: form.text("use_ip_ranges").map(truthy),
    }
}
