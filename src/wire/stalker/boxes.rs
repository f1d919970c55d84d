//! STB, STB_MSG, SEND_EVENT and STB_MODULES: boxes, and what they are told (stalker-rest-v1 §2.1,
//! §2.4 to §2.6).

use crate::app::Ctx;
use crate::domain::boxes::event::{BoxEventKind, NOTICE_CHARS_MAX, NOTICE_SECONDS_MAX, Notice};
use crate::domain::refusal::Refusal;
use crate::ops::OpError;
use crate::ops::boxes::events;
use crate::ops::rows::change;
use crate::ops::rows::change::{ModuleChange, RowChange};
use crate::ops::rows::find;
use crate::ops::rows::find::{By, Detail, Row, View, devices_of};
use crate::ops::viewing;
use crate::wire::kit::php::{Form, Json, integer_part, truthy};

use super::accounts::{balance, cut, end_date, flag, mac, mac_of, reseller, shown_end};
use super::answer::{Answer, Failure, every_row};
use crate::wire::stalker::call::{Action, Call};

/// Fields that PUT knows (§2.1).
const CHANGED: &[&str] = &[
    "status",
    "additional_services_on",
    "ls",
    "reboot",
    "end_date",
];
/// Fields that POST knows.
const CREATED: &[&str] = &[
    "mac",
    "login",
    "password",
    "status",
    "additional_services_on",
    "ls",
    "end_date",
    "account_balance",
];
const RESELLER: &str = "reseller_id";

const NAME_CHARS_MAX: usize = 64;
const BALANCE_CHARS_MAX: usize = 16;

pub async fn stb(call: Call) -> Result<Answer, Failure> {
    match call.action {
        Action::Get if call.means_all() => Ok(every_row(
            call.ctx,
            By::Box,
            Detail::Row,
            |ctx, row, view| Some(shown(ctx, row, view)),
        )),
        Action::Get => listed(&call),
        Action::Create => create(call).await,
        Action::Update => update(call).await,
        Action::Delete => delete(call).await,
    }
}

fn listed(call: &Call) -> Result<Answer, Failure> {
    let (rows, _) = find::look_up(&call.ctx, By::Box, call.names(), Detail::Row)?;
    Ok(Answer::Results(Json::array(|a| {
        for (row, view) in &rows {
            a.raw(&shown(&call.ctx, row, view));
        }
    })))
}

async fn create(call: Call) -> Result<Answer, Failure> {
    let known = known(&call.ctx, CREATED);
    call.require_fields(&known, "HTTP POST data is empty", "Insert data is empty")?;
    let form = &call.form;
    let given = |name: &str| form.text(name).is_some_and(|text| !text.is_empty());
    let named = given("mac") || (given("login") && given("password"));
    if !named {
        return Err(Failure::text("Login and password required"));
    }
    let input = RowChange {
        mac: mac(form.text("mac"))?.filter(Option::is_some),
        login: form
            .text("login")
            .filter(|login| !login.is_empty())
            .map(|login| cut(login, NAME_CHARS_MAX).trim().to_owned()),
        password: form
            .text("password")
            .filter(|password| !password.is_empty())
            .map(str::to_owned),
        balance_text: form
            .text("account_balance")
            .map(|text| cut(text, BALANCE_CHARS_MAX)),
        ..changed(&call.ctx, form)?
    };
    let row = match change::create(&call.ctx, input).await {
        Ok(row) => row,
        // This resource has a text of its own for it.
        Err(OpError::Refused(Refusal::MacTaken { .. })) => {
            return Err(Failure::text("Stb already exists"));
        }
        Err(error) => return Err(error.into()),
    };
    let rows = find::look_again(&call.ctx, &[row])?;
    let row = rows.first().map(|(row, view)| shown(&call.ctx, row, view));
    Ok(Answer::Results(row.unwrap_or_else(Json::null)))
}

async fn update(call: Call) -> Result<Answer, Failure> {
    let known = known(&call.ctx, CHANGED);
    call.require_fields(&known, "HTTP PUT data is empty", "Update data is empty")?;
    if call.names().is_empty() {
        return Err(Failure::text("Identifier required"));
    }
    let (rows, _) = call.rows(By::Box)?;
    let names = call.names().to_vec();
    let input = RowChange {
        always_cut: true,
        // Any value of it, also `0` (§2.1).
        reboot: call.form.has("reboot"),
        ..changed(&call.ctx, &call.form)?
    };
    if change::update(&call.ctx, By::Box, names, input).await? == 0 {
        return Ok(Answer::truth(false));
    }
    // By themselves, and not by what named them: that may have changed.
    let rows = find::look_again(&call.ctx, &rows)?;
    Ok(Answer::Results(Json::array(|a| {
        for (row, view) in &rows {
            a.raw(&shown(&call.ctx, row, view));
        }
    })))
}

async fn delete(call: Call) -> Result<Answer, Failure> {
    if call.names().is_empty() {
        return Err(Failure::text("Identifier required"));
    }
    let names = call.names().to_vec();
    if change::remove(&call.ctx, By::Box, names).await? == 0 {
        return Err(Failure::text("STB not found"));
    }
    Ok(Answer::truth(true))
}

fn known(ctx: &Ctx, fields: &[&'static str]) -> Vec<&'static str> {
    let resellers = ctx.app.config.stalker.allow_resellers_info;
    let mut known = fields.to_vec();
    known.extend(resellers.then_some(RESELLER));
    known
}

fn changed(ctx: &Ctx, form: &Form) -> Result<RowChange, Failure> {
    Ok(RowChange {
        on: form.text("status").map(truthy),
        additional_services_on: form
            .text("additional_services_on")
            .map(|text| integer_part(text) != 0),
        account_number: form.text("ls").map(|text| cut(text, NAME_CHARS_MAX)),
        end: end_date(ctx, form)?,
        reseller: reseller(ctx, form),
        ..RowChange::default()
    })
}

/// One box, keys in the order of §2.1.
fn shown(ctx: &Ctx, row: &Row, view: &View) -> Json {
    let customer = &row.customer;
    let profile = &customer.box_profile;
    let zone = &ctx.app.company().zone;
    let settings = &ctx.app.config.stalker;
    Json::object(|o| {
        o.text("mac", &mac_of(row));
        o.text("ip", &view.seen.address);
        o.text("ls", customer.account_number.as_deref().unwrap_or_default());
        o.text("version", &view.seen.version);
        // Of this box: the customer may be on and the box off.
        o.number("status", i64::from(row.is_on()));
        o.text(
            "additional_services_on",
            flag(profile.additional_services_on),
        );
        let seen = view.seen.last_active_at.map(|at| zone.local(at));
        o.text_or_null("last_active", seen.as_deref());
        o.text("login", customer.login.as_deref().unwrap_or_default());
        if settings.allow_resellers_info {
            let id = view.reseller.as_ref().map(|(id, _)| id.0.to_string());
            o.text_or_null("reseller_id", id.as_deref());
        }
        o.text("account_balance", &balance(row, view));
        o.text("online", flag(view.seen.online));
        if settings.internal_billing {
            o.text_or_null("end_date", shown_end(ctx, profile).as_deref());
        }
    })
}

/// Sends to the boxes that are meant, or to all of them where no identifier was given (R19).
async fn send(call: &Call, rows: &[Row], notice: Notice) -> Result<Answer, Failure> {
    if call.means_all() {
        events::broadcast(&call.ctx, notice).await?;
    } else {
        events::send(&call.ctx, devices_of(rows), notice).await?;
    }
    Ok(Answer::truth(true))
}

pub async fn message(call: Call) -> Result<Answer, Failure> {
    let (rows, _) = call.rows(By::Told)?;
    if rows.is_empty() && !call.means_all() {
        return Err(Failure::text("Empty stb list"));
    }
    let text = call.form.text("msg").unwrap_or_default();
    if !truthy(text) {
        return Err(Failure::text("Empty msg"));
    }
    let notice = notice(&call, BoxEventKind::Message, text);
    send(&call, &rows, notice).await
}

pub async fn event(call: Call) -> Result<Answer, Failure> {
    let (rows, _) = call.rows(By::Told)?;
    if rows.is_empty() && !call.means_all() {
        return Err(Failure::text("STB not found"));
    }
    let form = &call.form;
    let text = form.text("msg").unwrap_or_default();
    let channel = form.text("channel").unwrap_or_default();
    let (kind, text) = match form.text("event").unwrap_or_default() {
        "send_msg" => (BoxEventKind::Message, text),
        "send_msg_with_video" => (BoxEventKind::MessageWithVideo, text),
        "reboot" => (BoxEventKind::Reboot, ""),
        "reload_portal" => (BoxEventKind::ReloadPortal, ""),
        // Boxes know it by another name (R18).
        "update_channels" => (BoxEventKind::UpdateSubscription, ""),
        "play_channel" => (BoxEventKind::PlayChannel, channel),
        "play_radio_channel" => (BoxEventKind::PlayRadioChannel, channel),
        "update_image" => (BoxEventKind::UpdateImage, ""),
        "show_menu" => (BoxEventKind::ShowMenu, ""),
        "cut_off" => (BoxEventKind::CutOff, ""),
        // Understood, and nothing was done (R17).
        _ => return Ok(Answer::truth(false)),
    };
    let mut notice = notice(&call, kind, text);
    if kind == BoxEventKind::MessageWithVideo {
        notice.parameter = cut(form.text("video").unwrap_or_default(), NOTICE_CHARS_MAX);
    }
    // `false` as a word is no wish for a new start (B20).
    let asked = |text: &str| truthy(text) && !text.eq_ignore_ascii_case("false");
    notice.reboot_after_ok =
        kind == BoxEventKind::Message && form.text("need_reboot").is_some_and(asked);
    send(&call, &rows, notice).await
}

fn notice(call: &Call, kind: BoxEventKind, text: &str) -> Notice {
    let number = |name: &str| call.form.text(name).map_or(0, integer_part);
    let mut notice = events::notice(&call.ctx, kind);
    notice.text = cut(text, NOTICE_CHARS_MAX);
    // 0 and less: as long as usual (§3.1).
    let ttl = number("ttl").min(NOTICE_SECONDS_MAX);
    if ttl > 0 {
        notice.valid_until = call.ctx.now.saturating_add_seconds(ttl);
    }
    if kind.needs_confirmation() {
        notice.auto_hide_seconds = u32::try_from(number("auto_hide_timeout")).unwrap_or(0);
    }
    notice
}

/// Names of modules on the wire, at most (§4.7 has some forty).
const MODULES_MAX: usize = 500;

pub fn modules(call: &Call) -> Result<Answer, Failure> {
    let (rows, _) = call.rows(By::Box)?;
    match rows.as_slice() {
        [] => Err(Failure::text("Empty stb list")),
        [row] => Ok(Answer::Results(shown_modules(&call.ctx, row)?)),
        _ => Err(Failure::text("Only one identifier allowed")),
    }
}

pub async fn set_modules(call: Call) -> Result<Answer, Failure> {
    if call.names().is_empty() {
        return Err(Failure::text("Identifier required"));
    }
    if call.rows(By::Box)?.0.is_empty() {
        return Err(Failure::text("Empty stb list"));
    }
    let known = ["disabled", "restricted"];
    call.require_fields(&known, "HTTP PUT data is empty", "Update data is empty")?;
    let list = |name: &str| {
        let names = call.form.list_or_one(name)?;
        let names = names.iter().take(MODULES_MAX);
        Some(names.map(|name| cut(name, NAME_CHARS_MAX)).collect())
    };
    let input = ModuleChange {
        disabled: list("disabled"),
        restricted: list("restricted"),
    };
    let names = call.names().to_vec();
    change::set_modules(&call.ctx, By::Box, names, input).await?;
    let (rows, _) = call.rows(By::Box)?;
    let first = rows.first().ok_or(Failure::text("Empty stb list"))?;
    Ok(Answer::Results(shown_modules(&call.ctx, first)?))
}

fn shown_modules(ctx: &Ctx, row: &Row) -> Result<Json, Failure> {
    let profile = &row.customer.box_profile;
    let off = if ctx.app.config.stalker.tariff_plans {
        Some(viewing::modules_off_of(ctx, &row.customer)?)
    } else {
        None
    };
    Ok(Json::object(|o| {
        match off {
            // By the plan; what was said here does not count then (§2.6).
            Some(off) => o.texts("disabled", off),
            None => o.texts("disabled", &profile.disabled_modules),
        }
        o.texts("restricted", &profile.restricted_modules);
    }))
}
