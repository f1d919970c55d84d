//! ACCOUNTS and USERS: a customer with plan and box as one row (stalker-rest-v1 §2.2, §2.3).

use crate::app::Ctx;
use crate::domain::customers::{BoxProfile, END_TEXT_CHARS_MAX, PaidUntil};
use crate::domain::values::id::ResellerId;
use crate::domain::values::mac::Mac;
use crate::domain::values::time::Timestamp;
use crate::ops::rows::change;
use crate::ops::rows::change::RowChange;
use crate::ops::rows::find;
use crate::ops::rows::find::{By, Detail, Row, View};
use crate::wire::kit::php::{Form, Json, truthy};

use super::answer::{Answer, Failure, every_row};
use crate::wire::stalker::call::{Action, Call};

/// Fields that POST and PUT know. `reseller_id` only counts where resellers are shown (§4.6).
const FIELDS: &[&str] = &[
    "login",
    "password",
    "full_name",
    "phone",
    "account_number",
    "tariff_plan",
    "tariff_expired_date",
    "tariff_instead_expired",
    "status",
    "stb_mac",
    "comment",
    "end_date",
    "account_balance",
];
const RESELLER: &str = "reseller_id";

/// Stored lengths, in characters; what is longer is cut (§4.5).
const NAME_CHARS_MAX: usize = 64;
const BALANCE_CHARS_MAX: usize = 16;
const COMMENT_CHARS_MAX: usize = 4_096;

pub async fn accounts(call: Call) -> Result<Answer, Failure> {
    if call.action == Action::Get {
        if call.means_all() {
            return Ok(every_row(
                call.ctx,
                By::Account,
                Detail::Row,
                |ctx, row, view| Some(shown(ctx, row, view)),
            ));
        }
        let rows = found(&call, By::Account)?;
        return Ok(Answer::Results(Json::array(|a| {
            for (row, view) in &rows {
                a.raw(&shown(&call.ctx, row, view));
            }
        })));
    }
    write(call, By::Account).await
}

pub async fn users(call: Call) -> Result<Answer, Failure> {
    if call.action == Action::Get {
        // One object, the first; of everybody or of several too (§2.3).
        let first = if call.means_all() {
            first_of_all(&call.ctx)?
        } else {
            found(&call, By::Login)?.into_iter().next()
        };
        let shown = first.map(|(row, view)| shown(&call.ctx, &row, &view));
        return Ok(Answer::Results(
            shown.unwrap_or_else(|| Json::array(|_| {})),
        ));
    }
    write(call, By::Login).await
}

fn first_of_all(ctx: &Ctx) -> Result<Option<(Row, View)>, Failure> {
    let mut after = None;
    loop {
        let (rows, next) = find::look_through(ctx, By::Login, after, Detail::Row)?;
        // A page of nobody but the deleted is no end.
        if !rows.is_empty() || next.is_none() {
            return Ok(rows.into_iter().next());
        }
        after = next;
    }
}

/// The rows of a GET: an unknown name among several is an error, and so is one alone.
fn found(call: &Call, by: By) -> Result<Vec<(Row, View)>, Failure> {
    let (rows, unknown) = find::look_up(&call.ctx, by, call.names(), Detail::Row)?;
    if rows.is_empty() && call.names().len() <= 1 {
        return Err(Failure::text("Account not found"));
    }
    if unknown > 0 {
        return Err(Failure::text("One or more identifiers are incorrect"));
    }
    Ok(rows)
}

async fn write(call: Call, by: By) -> Result<Answer, Failure> {
    match call.action {
        Action::Create => create(call).await,
        Action::Update => update(call, by).await,
        Action::Delete | Action::Get => delete(call, by).await,
    }
}

/// Check order of §2.2: body, known field, MAC, login, the rest with the commit.
async fn create(call: Call) -> Result<Answer, Failure> {
    call.require_fields(
        &known(&call.ctx),
        "HTTP POST data is empty",
        "Insert data is empty",
    )?;
    let mut input = input(&call.ctx, &call.form)?;
    if input.login.as_deref().is_none_or(is_no_login) {
        return Err(Failure::text("Login required"));
    }
    // An empty value is no MAC to be valid or not.
    input.mac = input.mac.filter(Option::is_some);
    change::create(&call.ctx, input).await?;
    Ok(Answer::truth(true))
}

/// `0` is no login either (§4.5).
fn is_no_login(login: &str) -> bool {
    matches!(login.trim(), "" | "0")
}

async fn update(call: Call, by: By) -> Result<Answer, Failure> {
    // "HTTP POST data" on PUT too (R21).
    call.require_fields(
        &known(&call.ctx),
        "HTTP POST data is empty",
        "Insert data is empty",
    )?;
    let names = one_row(&call, by)?;
    let mut input = input(&call.ctx, &call.form)?;
    // A row cannot lose its login; the original stores nothing sensible either.
    input.login = input.login.filter(|login| !is_no_login(login));
    if change::update(&call.ctx, by, names, input).await? == 0 {
        return Err(Failure::text("Account not found"));
    }
    Ok(Answer::truth(true))
}

async fn delete(call: Call, by: By) -> Result<Answer, Failure> {
    let names = one_row(&call, by)?;
    if change::remove(&call.ctx, by, names).await? == 0 {
        return Err(Failure::text("Account not found"));
    }
    Ok(Answer::truth(true))
}

/// The only identifier of a write, which may mean several rows. `0` alone is none (B2).
fn one_row(call: &Call, by: By) -> Result<Vec<String>, Failure> {
    let names = call.names();
    if names.is_empty() {
        return Err(Failure::text("Identifier required"));
    }
    if call.rows(by)?.0.is_empty() {
        let zero = names.len() == 1 && names.first().is_some_and(|name| name == "0");
        let text = if zero {
            "Identifier required"
        } else {
            "Account not found"
        };
        return Err(Failure::text(text));
    }
    if names.len() > 1 {
        return Err(Failure::text("Only one identifier allowed"));
    }
    Ok(names.to_vec())
}

fn known(ctx: &Ctx) -> Vec<&'static str> {
    let resellers = ctx.app.config.stalker.allow_resellers_info;
    let mut known = FIELDS.to_vec();
    known.extend(resellers.then_some(RESELLER));
    known
}

fn input(ctx: &Ctx, form: &Form) -> Result<RowChange, Failure> {
    let text = |name: &str, max: usize| form.text(name).map(|text| cut(text, max));
    Ok(RowChange {
        mac: mac(form.text("stb_mac"))?,
        login: text("login", NAME_CHARS_MAX).map(|login| login.trim().to_owned()),
        password: form.text("password").map(str::to_owned),
        full_name: text("full_name", NAME_CHARS_MAX),
        phone: text("phone", NAME_CHARS_MAX),
        account_number: text("account_number", NAME_CHARS_MAX),
        // An empty plan is an error in the original's database; here it says nothing (B8).
        plan: form
            .text("tariff_plan")
            .filter(|key| !key.is_empty())
            .map(str::to_owned),
        plan_ends_at: date(ctx, form, "tariff_expired_date")?,
        fallback: form.text("tariff_instead_expired").map(str::to_owned),
        on: form.text("status").map(truthy),
        comment: text("comment", COMMENT_CHARS_MAX),
        end: end_date(ctx, form)?,
        balance_text: text("account_balance", BALANCE_CHARS_MAX),
        reseller: reseller(ctx, form),
        ..RowChange::default()
    })
}

/// Cut to a stored length, without what no text may hold.
pub fn cut(text: &str, chars_max: usize) -> String {
    text.chars()
        .filter(|c| *c != '\0')
        .take(chars_max)
        .collect()
}

/// A MAC; `Some(None)` where it is to be taken away (B7).
pub fn mac(text: Option<&str>) -> Result<Option<Option<Mac>>, Failure> {
    match text.map(str::trim) {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => Mac::parse(&latin(text))
            .map(|mac| Some(Some(mac)))
            .ok_or(Failure::text("Not valid mac address")),
    }
}

/// Cyrillic letters that look like digits of a MAC stand for them (§1.6).
fn latin(text: &str) -> String {
    let letter = |c: char| match c {
        'А' | 'а' => 'A',
        'В' | 'в' => 'B',
        'С' | 'с' => 'C',
        'Е' | 'е' => 'E',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// A date by the operator's wall clock, in every form that the original's database takes; nothing,
/// and its date of zeros, means never. What is none is refused:
/// an end must not be lost by a slip of the pen.
pub fn date(
    ctx: &Ctx,
    form: &Form,
    name: &'static str,
) -> Result<Option<Option<Timestamp>>, Failure> {
    let Some(text) = form.text(name) else {
        return Ok(None);
    };
    match ctx.app.company().zone.parse_loosely(text) {
        Some(read) => Ok(Some(read)),
        None => Err(Failure::Text(format!("Not valid {name}"))),
    }
}

/// "Paid until". Where nothing is done about it, it is the operator's own text and need not be a
/// date.
pub fn end_date(ctx: &Ctx, form: &Form) -> Result<Option<PaidUntil>, Failure> {
    const NAME: &str = "end_date";
    let Some(text) = form.text(NAME) else {
        return Ok(None);
    };
    let kept = || cut(text, END_TEXT_CHARS_MAX).trim().to_owned();
    Ok(Some(match ctx.app.company().zone.parse_loosely(text) {
        Some(Some(at)) => PaidUntil {
            at: Some(at),
            text: String::new(),
        },
        _ if !ctx.app.config.stalker.internal_billing => PaidUntil {
            at: None,
            text: kept(),
        },
        Some(None) => PaidUntil::default(),
        None => return Err(Failure::Text(format!("Not valid {NAME}"))),
    }))
}

/// "Paid until" as it is shown: the date, else what was written in its place.
pub fn shown_end(ctx: &Ctx, profile: &BoxProfile) -> Option<String> {
    let zone = &ctx.app.company().zone;
    let text = || Some(profile.end_text.clone()).filter(|text| !text.is_empty());
    profile.end_at.map(|at| zone.local(at)).or_else(text)
}

/// Whose it is to be: nothing where resellers are not shown, nobody's where it is empty.
pub fn reseller(ctx: &Ctx, form: &Form) -> Option<Option<ResellerId>> {
    if !ctx.app.config.stalker.allow_resellers_info {
        return None;
    }
    let text = form.text(RESELLER)?.trim();
    if matches!(text, "" | "0") {
        return Some(None);
    }
    // What is no number is no reseller's.
    Some(Some(ResellerId(text.parse().unwrap_or(0))))
}

/// One account, keys in the order of §2.2.
pub fn shown(ctx: &Ctx, row: &Row, view: &View) -> Json {
    let customer = &row.customer;
    let profile = &customer.box_profile;
    let zone = &ctx.app.company().zone;
    let settings = &ctx.app.config.stalker;
    let device = row.device.as_ref();
    Json::object(|o| {
        o.text("login", customer.login.as_deref().unwrap_or_default());
        o.text("full_name", &customer.name.whole());
        o.text("phone", customer.phones.first().map_or("", String::as_str));
        o.text(
            "account_number",
            customer.account_number.as_deref().unwrap_or_default(),
        );
        o.text_or_null("tariff_plan", view.plan.as_deref());
        let ends = view.plan_ends_at.map(|at| zone.local(at));
        o.text_or_null("tariff_expired_date", ends.as_deref());
        o.text_or_null("tariff_instead_expired", view.fallback.as_deref());
        o.text("stb_sn", device.map_or("", |device| &device.serial));
        o.text("stb_mac", &mac_of(row));
        o.text("stb_type", device.map_or("", |device| &device.model));
        // A number, alone among all values (R8).
        o.number("status", i64::from(view.on));
        o.text("online", flag(view.seen.online));
        o.text("ip", &view.seen.address);
        o.text("version", &view.seen.version);
        let comment = Some(profile.comment.as_str()).filter(|comment| !comment.is_empty());
        o.text_or_null("comment", comment);
        if settings.internal_billing {
            o.text_or_null("end_date", shown_end(ctx, profile).as_deref());
        }
        o.text("account_balance", &balance(row, view));
        let seen = view.seen.last_active_at.map(|at| zone.local(at));
        o.text_or_null("last_active", seen.as_deref());
        if settings.allow_resellers_info {
            let reseller = view.reseller.as_ref();
            let id = reseller.map(|(id, _)| id.0.to_string());
            o.text_or_null("reseller_id", id.as_deref());
            o.text_or_null("reseller_name", reseller.map(|(_, name)| name.as_str()));
        }
        o.texts("subscribed", view.subscribed.iter().map(|(key, _)| key));
        let ids = view.subscribed.iter().map(|(_, id)| id.0.to_string());
        o.texts("subscribed_id", ids);
    })
}

pub fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}

pub fn mac_of(row: &Row) -> String {
    match &row.device {
        Some(device) => match device.known_by() {
            Some(mac) => mac.to_string(),
            None => device.mac.clone(),
        },
        None => String::new(),
    }
}

/// What is really on the account where this box bills, else the operator's own text.
pub fn balance(row: &Row, view: &View) -> String {
    match view.balance {
        Some(amount) => amount.to_fixed(),
        None => row.customer.box_profile.account_balance.clone(),
    }
}
