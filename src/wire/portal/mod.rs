//! What set-top boxes and IPTV players speak: one address, everything else in its parameters `type`
//! and `action`. Reference: stalker-stb-portal; §2.1 has the paths, §3.1 who may ask for what.
//!
//! An address of a box is no secret and its token is what the box says it is; so what can be had
//! here is what the viewer in front of it may see, and nothing else.

mod account;
pub(super) mod answer;
pub mod call;
mod call_action;
mod groups;
mod guide;
mod identity;
mod keeping;
mod library;
mod live;
mod page;
mod profile;
mod watchdog;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{MethodRouter, get};

use crate::app::App;
use crate::ops::OpError;
use crate::ops::boxes::{self, BoxOwner};
use crate::ops::viewing::pin::ViewerPin;
use crate::ops::viewing::sign_in;
use crate::ops::viewing::{self, BoxRequest};
use crate::wire::kit::{ForeignPage, TurnedAway};

use crate::wire::portal::call_action::CallAction;
use answer::Answer;
use call::Call;

/// Largest form, in bytes.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// The paths that players ask, and a page for boxes that show one (§2.1). Any other is no portal,
/// and says so with 404: players look for the one that is.
pub fn router() -> Router<Arc<App>> {
    let api = || -> MethodRouter<Arc<App>> { get(answer_call).post(answer_call) };
    Router::new()
        .route("/stalker_portal/server/load.php", api())
        .route("/server/load.php", api())
        .route("/portal.php", api())
        .route("/stalker_portal/portal.php", api())
        .route("/c/portal.php", api())
        // Kodi takes an address without a slash at its end for the API itself.
        .route("/stalker_portal/c", get(api_or_page).post(api_or_page))
        .route("/c", get(api_or_page).post(api_or_page))
        .route("/stalker_portal/c/", get(page::index))
        .route("/c/", get(page::index))
        .route("/stalker_portal/c/index.html", get(page::index))
        .route("/c/index.html", get(page::index))
        .route("/stalker_portal/c/version.js", get(page::version))
        .route("/c/version.js", get(page::version))
        .route("/stalker_portal/c/portal.css", get(page::style))
        .route("/c/portal.css", get(page::style))
        .route("/stalker_portal/c/portal.js", get(page::script))
        .route("/c/portal.js", get(page::script))
        .route("/stalker_portal/c/xpcom.common.js", get(page::stub))
        .route("/c/xpcom.common.js", get(page::stub))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

async fn api_or_page(State(app): State<Arc<App>>, parts: Parts, form: Bytes) -> Response {
    let call = Call::read(&app, &parts, &form);
    if call.text("type").is_some() && call.text("action").is_some() {
        return admit(&parts, &call).await;
    }
    Redirect::temporary(&format!("{}/", parts.uri.path())).into_response()
}

async fn answer_call(State(app): State<Arc<App>>, parts: Parts, form: Bytes) -> Response {
    admit(&parts, &Call::read(&app, &parts, &form)).await
}

/// Here `GET` changes things too: no foreign page may have it do so.
async fn admit(parts: &Parts, call: &Call) -> Response {
    let foreign = parts.extensions.get::<ForeignPage>().is_some();
    if foreign && !only_reads(call.text("action").unwrap_or_default()) {
        return turned_away(TurnedAway::ForeignPage);
    }
    answered(call).await
}

/// Whether an action leaves everything as it is. The profile begins a session, and events are
/// handed out once.
fn only_reads(action: &str) -> bool {
    match action {
        "get_profile" | "get_events" => false,
        "handshake" | "create_link" | "check_portal_status" | "check_price" => true,
        other => other.starts_with("get_"),
    }
}

async fn answered(call: &Call) -> Response {
    let (action, wait) = match judged(call) {
        Ok(judged) => judged,
        Err(error) => return answer::failed(&error),
    };
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let answer = match action {
        CallAction::Answer(answer) => Ok(answer),
        CallAction::SignIn(input) => match sign_in::sign_in(&call.ctx, input).await {
            Ok(ended) => identity::signed_in(call, ended),
            Err(error) => Err(error),
        },
        CallAction::SignOut(device) => {
            let signed_out = sign_in::sign_out(&call.ctx, device).await;
            signed_out.map(|()| Answer::TRUE)
        }
        CallAction::Keep(device, kept) => keeping::keep(call, device, kept)
            .await
            .map(|()| Answer::TRUE),
    };
    match answer {
        Ok(answer) => answer.into_response(),
        // A box that signs in is told yes or no.
        Err(OpError::Throttled { .. } | OpError::DiskFull) => Answer::FALSE.into_response(),
        Err(error) => answer::failed(&error),
    }
}

/// Everything that needs no waiting: whose box it is, whether it may, and what it asks for; and how
/// long the answer is held back.
fn judged(call: &Call) -> Result<(CallAction, Duration), OpError> {
    let visit = viewing::visit(&call.ctx, call.box_mac())?;
    let kind = call.text("type").unwrap_or_default();
    let action = call.text("action").unwrap_or_default();
    let says_who_is_known = !matches!(
        (kind, action),
        ("stb", "handshake" | "get_localization" | "do_auth")
    );
    let wait = if says_who_is_known {
        boxes::stranger_waits(&call.ctx, &visit, call.box_mac(), call.bearer.as_deref())?
    } else {
        Some(Duration::ZERO)
    };
    let Some(wait) = wait else {
        let words = if action == "get_profile" {
            Answer::Whole(TOO_MANY_STRANGERS)
        } else {
            Answer::Plain(NO_TOKEN)
        };
        return Ok((CallAction::Answer(words), Duration::ZERO));
    };
    Ok((asked(call, &visit, kind, action)?, wait))
}

/// The profile of a box whose address asked for too many that nobody knows.
const TOO_MANY_STRANGERS: &str = concat!(
    r#"{"js":{"status":1,"msg":"too many unknown boxes at this address","#,
    r#""block_msg":"Please try again in a moment."},"text":""}"#,
);

fn asked(call: &Call, visit: &BoxRequest, kind: &str, action: &str) -> Result<CallAction, OpError> {
    match admitted(call, visit, kind, action)? {
        Admission::Owned(owner) => of_seat(call, visit, owner, kind, action),
        Admission::Anonymous => of_anonymous(call, visit, kind, action),
        Admission::Refused(words) => Ok(CallAction::Answer(Answer::Plain(words))),
    }
}

const NO_TOKEN: &str = "Authorization failed.";
const SWITCHED_OFF: &str = "Access denied.";
const NO_MAC: &str = "Unauthorized request.";

/// Who may ask for an action beside those whose box is on (§3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Without a token too.
    Anonymous,
    /// Boxes that are switched off, and those that nobody knows.
    Strangers,
    /// Boxes that are switched off.
    SwitchedOff,
    NobodyElse,
}

fn open(kind: &str, action: &str) -> Open {
    match (kind, action) {
        ("stb", "handshake" | "get_profile" | "get_localization" | "do_auth") => Open::Anonymous,
        ("watchdog", "get_events") => Open::Strangers,
        ("stb", "get_modules") | ("account_info", "get_main_info") => Open::SwitchedOff,
        _ => Open::NobodyElse,
    }
}

/// Who asks, and whether they may.
enum Admission<'v> {
    Owned(&'v BoxOwner),
    /// Whoever it is: they need not be known for what they ask.
    Anonymous,
    /// In these words.
    Refused(&'static str),
}

fn admitted<'v>(
    call: &Call,
    visit: &'v BoxRequest,
    kind: &str,
    action: &str,
) -> Result<Admission<'v>, OpError> {
    let open = open(kind, action);
    if call.mac.is_none() && kind != "stb" {
        return Ok(Admission::Refused(NO_MAC));
    }
    if open == Open::Anonymous {
        return Ok(Admission::Anonymous);
    }
    let Some(token) = call.bearer.as_deref().filter(|_| call.mac.is_some()) else {
        return Ok(Admission::Refused(NO_TOKEN));
    };
    let Some(owner) = &visit.owner else {
        return Ok(match open {
            Open::Strangers => Admission::Anonymous,
            Open::SwitchedOff => Admission::Refused(NO_TOKEN),
            Open::Anonymous | Open::NobodyElse => Admission::Refused(SWITCHED_OFF),
        });
    };
    if !boxes::holds_token(&call.ctx, visit.read(), owner.device.id, token)? {
        return Ok(Admission::Refused(NO_TOKEN));
    }
    let off = open == Open::NobodyElse && !owner.is_on();
    Ok(if off {
        Admission::Refused(SWITCHED_OFF)
    } else {
        Admission::Owned(owner)
    })
}

/// What anybody may ask for.
fn of_anonymous(
    call: &Call,
    visit: &BoxRequest,
    kind: &str,
    action: &str,
) -> Result<CallAction, OpError> {
    let answer = match (kind, action) {
        ("stb", "handshake") => identity::handshake(call, visit)?,
        ("stb", "get_profile") => identity::get_profile(call, visit)?,
        ("stb", "do_auth") => return identity::do_auth(call),
        ("stb", "get_localization") => Answer::EMPTY_OBJECT,
        ("watchdog", "get_events") => watchdog::get_events(call, visit)?,
        _ => Answer::FALSE,
    };
    Ok(CallAction::Answer(answer))
}

/// What a box may ask for, with the token that it has.
fn of_seat(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    kind: &str,
    action: &str,
) -> Result<CallAction, OpError> {
    let answer = match (kind, action) {
        ("watchdog", "get_events") => watchdog::get_events(call, visit)?,
        ("watchdog", "confirm_event") => watchdog::confirm_event(call, visit, owner)?,
        ("stb", _) => return of_box(call, visit, owner, action),
        ("itv", _) => return of_live(call, visit, owner, action),
        ("epg", _) => of_guide(call, visit, owner, action)?,
        ("vod", "set_fav" | "del_fav" | "set_not_ended" | "set_ended") => {
            return keeping::of_movie(call, visit, owner, action);
        }
        ("vod" | "series", _) => of_films(call, visit, owner, kind, action)?,
        ("radio", _) => return of_radio(call, visit, owner, action),
        ("tv_archive", "create_link" | "get_link_for_channel") => {
            live::no_link("", "nothing_to_play")?
        }
        ("tv_archive", "set_played" | "set_played_timeshift") => Answer::ONE,
        ("tv_archive", "update_played_end_time" | "update_played_timeshift_end_time") => {
            Answer::TRUE
        }
        ("remote_pvr", "get_active_recordings") | ("tvreminder", "get_all_active") => {
            Answer::EMPTY_LIST
        }
        ("remote_pvr", "get_ordered_list") => Answer::EMPTY_PAGE,
        ("remote_pvr", "create_link") => live::no_link("", "nothing_to_play")?,
        ("tvreminder", "del") => Answer::TRUE,
        ("account_info" | "account", _) => of_account(call, visit, owner, kind, action)?,
        _ => Answer::FALSE,
    };
    Ok(CallAction::Answer(answer))
}

/// `type=stb`: the box itself (§3.7), and what its viewer wants to be kept.
fn of_box(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    action: &str,
) -> Result<CallAction, OpError> {
    Ok(CallAction::Answer(match action {
        "set_parent_password" => return keeping::set_pin(call, owner, ViewerPin::Parental),
        "set_settings_password" => return keeping::set_pin(call, owner, ViewerPin::Settings),
        "check_parent_password" => keeping::check_pin(call, visit, owner)?,
        "logout" => return Ok(CallAction::SignOut(owner.device.id)),
        "get_modules" => account::modules(call, visit, owner)?,
        "get_storages" | "get_settings_profile" | "get_tv_aspects" => Answer::EMPTY_OBJECT,
        "get_preload_images" | "get_locales" | "get_timezones" | "get_countries" | "get_cities"
        | "get_ad" => Answer::EMPTY_LIST,
        "log" => Answer::ONE,
        "check_portal_status" => Answer::TRUE,
        other if other.starts_with("set_") => return keeping::set_settings(call, visit, owner),
        _ => Answer::FALSE,
    }))
}

/// `type=itv`: live TV (§5).
fn of_live(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    action: &str,
) -> Result<CallAction, OpError> {
    let answer = match action {
        "get_genres" => live::get_genres(call, visit, owner)?,
        "get_all_channels" => live::get_all_channels(call, visit, owner)?,
        "get_ordered_list" => live::get_ordered_list(call, visit, owner)?,
        "create_link" => live::create_link(call, visit, owner)?,
        "get_epg_info" => guide::get_epg_info(call, visit, owner)?,
        "get_short_epg" => guide::get_short_epg(call, visit, owner)?,
        "get_all_fav_channels" => live::get_all_fav_channels(call, visit, owner)?,
        "get_fav_ids" => live::get_fav_ids(visit, owner)?,
        "set_fav" => return live::set_fav(call, visit, owner),
        "set_last_id" => return live::set_last(call, visit, owner, "id"),
        "set_played" => return live::set_last(call, visit, owner, "itv_id"),
        "set_fav_status" => return keeping::set_settings(call, visit, owner),
        "add_to_censored" => return keeping::lock(call, visit, owner, true),
        "del_from_censored" => return keeping::lock(call, visit, owner, false),
        "set_claim" => complaint(call, owner),
        _ => Answer::FALSE,
    };
    Ok(CallAction::Answer(answer))
}

/// `type=epg`: the guide's tables (§5.7).
fn of_guide(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    action: &str,
) -> Result<Answer, OpError> {
    match action {
        "get_simple_data_table" => guide::get_simple_data_table(call, visit, owner),
        "get_data_table" => guide::get_data_table(call, visit, owner),
        "get_week" => guide::get_week(call),
        "get_all_program_for_ch" => guide::get_all_program_for_ch(call, visit, owner),
        _ => Ok(Answer::FALSE),
    }
}

/// `type=vod`: films (§6). There are no series.
fn of_films(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    kind: &str,
    action: &str,
) -> Result<Answer, OpError> {
    match (kind, action) {
        (_, "get_categories") => library::get_categories(call, visit, owner, kind == "vod"),
        ("series", "get_ordered_list") => Ok(Answer::EMPTY_PAGE),
        ("vod", "get_genres_by_category_alias" | "get_years" | "get_abc") => {
            library::get_choices(call, visit, owner, action)
        }
        ("vod", "get_ordered_list") => library::get_ordered_list(call, visit, owner),
        ("vod", "create_link") => library::create_link(call, visit, owner),
        ("vod", "del_link" | "set_played") => Ok(Answer::TRUE),
        ("vod", "set_claim") => Ok(complaint(call, owner)),
        _ => Ok(Answer::FALSE),
    }
}

/// `set_claim`: a viewer says that something does not play. The operator reads it in the log.
fn complaint(call: &Call, owner: &BoxOwner) -> Answer {
    let said = |name: &str| -> String {
        let text = call.text(name).unwrap_or_default();
        text.chars().take(64).collect()
    };
    tracing::warn!(
        customer = owner.customer.id.0,
        device = owner.device.id.0,
        item = said("id"),
        about = said("real_type"),
        "portal.complaint"
    );
    Answer::TRUE
}

/// `type=radio` (§7).
fn of_radio(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    action: &str,
) -> Result<CallAction, OpError> {
    let answer = match action {
        "get_categories" => library::radio_categories()?,
        "get_ordered_list" => library::radio_list(call, visit, owner)?,
        "get_all_fav_radio" => library::radio_favourites(call, visit, owner)?,
        "get_fav_ids" => library::radio_fav_ids(visit, owner)?,
        "set_fav" => return library::set_radio_fav(call, visit, owner),
        "get_channel_by_id" => library::radio_by_number(call, visit, owner)?,
        "create_link" => live::create_link(call, visit, owner)?,
        _ => Answer::FALSE,
    };
    Ok(CallAction::Answer(answer))
}

/// `type=account_info` and `type=account` (§9).
fn of_account(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    kind: &str,
    action: &str,
) -> Result<Answer, OpError> {
    match (kind, action) {
        ("account_info", "get_main_info") => account::main_info(call, visit, owner),
        ("account_info", "get_user_packages") => account::packages(call, visit, owner),
        (
            "account_info",
            "get_payment_info" | "get_agreement_info" | "get_terms_info" | "get_demo_video_parts",
        ) => Ok(Answer::EMPTY_TEXT),
        (
            "account",
            "subscribe_to_package"
            | "unsubscribe_from_package"
            | "check_price"
            | "check_video_price"
            | "rent_video",
        ) => Ok(account::ASK_THE_OPERATOR),
        _ => Ok(Answer::FALSE),
    }
}

/// Words a request that is turned away, whatever it asks for.
pub fn turned_away(reason: TurnedAway) -> Response {
    (reason.status(), reason.words()).into_response()
}
