//! ITV_SUBSCRIPTION and ACCOUNT_SUBSCRIPTION: single channels and optional packages of a row
//! (stalker-rest-v1 §2.8, §2.11).

use crate::domain::values::id::ServiceSpecId;
use crate::ops::rows::change;
use crate::ops::rows::change::{ChannelChange, Choice, Packages};
use crate::ops::rows::find;
use crate::ops::rows::find::{By, Detail, Row, View};
use crate::wire::kit::php::{Json, integer_part};

use super::accounts::{cut, flag, mac_of};
use super::answer::{Answer, Failure, every_row};
use crate::wire::stalker::call::{Action, Call};

/// Longest identifier of a channel or package, in characters.
const KEY_CHARS_MAX: usize = 64;

pub fn channels(call: Call) -> Result<Answer, Failure> {
    if call.means_all() {
        return Ok(every_row(
            call.ctx,
            By::Box,
            Detail::Channels,
            |_, row, view| shown_channels(row, view),
        ));
    }
    let names = call.names();
    let (rows, _) = find::look_up(&call.ctx, By::Box, names, Detail::Channels)?;
    Ok(listed_channels(&rows))
}

fn listed_channels(rows: &[(Row, View)]) -> Answer {
    Answer::Results(Json::array(|a| {
        for shown in rows
            .iter()
            .filter_map(|(row, view)| shown_channels(row, view))
        {
            a.raw(&shown);
        }
    }))
}

/// A row that never had a list is left out (§2.8).
fn shown_channels(row: &Row, view: &View) -> Option<Json> {
    let channels = view.channels.as_ref()?;
    let customer = &row.customer;
    let additional = customer.box_profile.additional_services_on;
    Some(Json::object(|o| {
        o.texts("sub_ch", channels);
        o.text("mac", &mac_of(row));
        o.text("ls", customer.account_number.as_deref().unwrap_or_default());
        o.text("additional_services_on", flag(additional));
    }))
}

pub async fn set_channels(call: Call) -> Result<Answer, Failure> {
    let known = ["sub_ch", "additional_services_on"];
    call.require_fields(&known, "HTTP PUT data is empty", "Update data is empty")?;
    if call.names().is_empty() {
        return Err(Failure::text("Identifier required"));
    }
    let channels = call.form.has("sub_ch").then(|| {
        // A scalar empties the list.
        let list = call.form.list("sub_ch").unwrap_or_default();
        list.iter().map(|id| cut(id, KEY_CHARS_MAX)).collect()
    });
    let input = ChannelChange {
        channels,
        additional_services_on: call
            .form
            .text("additional_services_on")
            .map(|text| integer_part(text) != 0),
    };
    let names = call.names().to_vec();
    if change::set_channels(&call.ctx, By::Box, names, input).await? == 0 {
        return Ok(Answer::truth(false));
    }
    let names = call.names();
    let (rows, _) = find::look_up(&call.ctx, By::Box, names, Detail::Channels)?;
    Ok(listed_channels(&rows))
}

pub async fn packages(call: Call) -> Result<Answer, Failure> {
    match call.action {
        Action::Get => {
            if call.means_all() {
                return Ok(every_row(call.ctx, By::Box, Detail::Row, |_, row, view| {
                    Some(shown_packages(row, view))
                }));
            }
            one_account(&call)?;
            let names = call.names();
            let (rows, _) = find::look_up(&call.ctx, By::Box, names, Detail::Row)?;
            Ok(Answer::Results(Json::array(|a| {
                for (row, view) in &rows {
                    a.raw(&shown_packages(row, view));
                }
            })))
        }
        Action::Update => {
            let known = [
                "subscribed",
                "subscribed_id",
                "unsubscribed",
                "unsubscribed_id",
            ];
            call.require_fields(&known, "HTTP PUT data is empty", "Insert data is empty")?;
            let choice = Choice::Change {
                add: named(&call, "subscribed"),
                drop: named(&call, "unsubscribed"),
            };
            choose(call, choice).await
        }
        Action::Create => {
            let known = ["subscribed", "subscribed_id"];
            call.require_fields(&known, "HTTP POST data is empty", "Insert data is empty")?;
            // A number that comes alone is ignored (§2.11), and what is ignored empties nothing.
            if call.form.list_or_one("subscribed").is_none()
                && call.form.list("subscribed_id").is_none()
            {
                one_account(&call)?;
                return Ok(Answer::truth(false));
            }
            let choice = Choice::Exactly(named(&call, "subscribed"));
            choose(call, choice).await
        }
        Action::Delete => choose(call, Choice::Exactly(Packages::default())).await,
    }
}

/// Packages by the operator's keys in `name` and by our numbers in `name_id`. Keys may come alone,
/// numbers as a list only (§2.11).
fn named(call: &Call, name: &str) -> Packages {
    let keys = call.form.list_or_one(name).unwrap_or_default();
    let ids = call.form.list(&format!("{name}_id")).unwrap_or_default();
    Packages {
        by_key: keys.iter().map(|key| cut(key, KEY_CHARS_MAX)).collect(),
        by_id: ids
            .iter()
            .filter_map(|id| id.parse().ok())
            .map(ServiceSpecId)
            .collect(),
    }
}

/// One identifier, that means at least one row. None does not mean everybody (B4).
fn one_account(call: &Call) -> Result<(), Failure> {
    let names = call.names();
    if names.is_empty() {
        return Err(Failure::text("Identifier required"));
    }
    if call.rows(By::Box)?.0.is_empty() {
        return Err(Failure::text("Account not found"));
    }
    if names.len() > 1 {
        return Err(Failure::text("Only one identifier allowed"));
    }
    Ok(())
}

async fn choose(call: Call, choice: Choice) -> Result<Answer, Failure> {
    one_account(&call)?;
    let names = call.names().to_vec();
    let changed = change::choose(&call.ctx, By::Box, names, choice).await?;
    // Of several devices all must have changed something.
    Ok(Answer::truth(
        !changed.is_empty() && changed.iter().all(|changed| *changed),
    ))
}

fn shown_packages(row: &Row, view: &View) -> Json {
    let mac = mac_of(row);
    Json::object(|o| {
        o.text_or_null("mac", Some(mac.as_str()).filter(|mac| !mac.is_empty()));
        o.texts("subscribed", view.subscribed.iter().map(|(key, _)| key));
        let ids = view.subscribed.iter().map(|(_, id)| id.0.to_string());
        o.texts("subscribed_id", ids);
    })
}
