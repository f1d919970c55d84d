//! The profile of a box: what the reference lists of it that is true here
//! (stalker-stb-portal §3.3).
//!
//! What stands in a database row is text, what is computed a number (§2.4); no text is null.

use serde_json::{Value, json};

use crate::domain::boxes::event::{BoxState, FIRST_PIN};
use crate::domain::customers::Customer;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::boxes::{self, BoxOwner};
use crate::ops::viewing::pin::ViewerPin;
use crate::ops::viewing::{self, BoxRequest, Plan};

use super::answer::Answer;
use super::call::Call;
use super::watchdog::additional_services_on;

/// Boxes poll no more often than this, in seconds, where the settings leave room.
const TIMESLOT_SECONDS_MIN: u64 = 30;

/// Models that a page may run on; another one is told that it is not supported.
const MODELS: &[&str] = &[
    "aurahd",
    "aurahd0",
    "aurahd2",
    "aurahd3",
    "aurahd8",
    "aurahd9",
    "mag200",
    "mag245",
    "mag250",
    "mag254",
    "mag255",
    "mag256",
    "mag257",
    "mag270",
    "mag275",
    "mag322",
    "mag323",
    "mag324",
    "mag325",
    "mag349",
    "mag350",
    "mag351",
    "mag352",
    "mag420",
    "mag422",
    "mag424",
    "mag425",
    "mag520",
    "mag522",
    "mag524",
    "mag540",
    "mag544",
    "ip_stb_hd",
    "ipcom",
    "wr320",
];

/// The answer of `get_profile` for a box that is known: status 1 where it is switched off.
pub fn answer(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let mut profile = account_row(call, visit, owner)?;
    let state = boxes::state(visit.read(), owner.device.id)?;
    profile.extend(own_settings(&state));
    profile.extend(pins(call, &state)?);
    profile.extend(page_settings());
    profile.extend(computed(call, owner));
    Answer::of(&profile)
}

/// The same for a box that shows no token that it was given: whoever knows a MAC may ask that, so
/// it holds what a page needs to begin and nothing of the customer, nor of what the viewer keeps.
pub fn without_a_session(call: &Call, owner: &BoxOwner) -> Result<Answer, OpError> {
    let mac = call.mac_text();
    let mut profile = fields(json!({
        "id": "0",
        "name": mac,
        "mac": mac,
        "status": u8::from(!owner.is_on()),
        "msg": "",
        "block_msg": "",
        "stb_lang": call.language,
    }));
    profile.extend(own_settings(&BoxState::new(owner.device.id)));
    profile.extend(page_settings());
    profile.extend(computed(call, owner));
    Answer::of(&profile)
}

pub type Fields = serde_json::Map<String, Value>;

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

fn account_row(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Fields, OpError> {
    let BoxOwner { device, customer } = owner;
    let ctx = &call.ctx;
    let plan = viewing::plan(ctx, visit.read(), customer)?;
    let state = boxes::state(visit.read(), device.id)?;
    let login = customer.login.as_deref().unwrap_or_default();
    let name = full_name(customer);
    let status = u8::from(!owner.is_on());
    let ends = ends(call, &plan);
    let title = plan.product.as_ref().map_or("", |product| &product.title);
    let last = state.last_channel.map_or(0, |channel| channel.0);
    Ok(fields(json!({
        "id": device.id.0.to_string(),
        "name": if login.is_empty() { call.mac_text() } else { login },
        "sname": "",
        "login": login,
        "fname": name,
        "phone": customer.phones.first().map_or("", String::as_str),
        "ls": customer.account_number.as_deref().unwrap_or_default(),
        "mac": call.mac_text(),
        "ip": ctx.address_text(),
        "status": status,
        "msg": "",
        "block_msg": "",
        "stb_type": device.model,
        "stb_lang": call.language,
        "additional_services_on": additional_services_on(call, owner),
        "tariff_plan_id": plan.id().map_or(0, |id| id.0).to_string(),
        "tariff_plan": title,
        "expire_billing_date": ends,
        "account_balance": viewing::balance(ctx, visit.read(), customer)?,
        "last_itv_id": last.to_string(),
        "last_change_status": local(call, Some(owner.status_changed_at())),
        // iptvnator looks here.
        "account_info": {
            "login": login,
            "status": 1 - status,
            "tariff_plan_name": title,
            "expire_date": ends,
        },
    })))
}

/// Settings of the viewer: what a new box has, and what was changed since.
pub fn own_settings(state: &BoxState) -> Fields {
    let mut settings = fields(json!({
        "hd": "1",
        "bright": "200", "contrast": "127", "saturation": "127", "aspect": "16",
        "video_out": "hdmi", "audio_out": "1", "volume": "70",
        "playback_buffer_bytes": "0", "playback_buffer_size": "0", "playback_limit": "3",
        "city_id": "0", "fav_itv_on": "0", "fav_radio_on": "0", "screensaver_delay": "10",
        "tv_quality": "high", "plasma_saving": "0", "plasma_saving_timeout": "600",
        "ts_enabled": "0", "ts_enable_icon": "0", "ts_path": "", "ts_max_length": "3600",
        "ts_buffer_use": "cyclic", "ts_action_on_exit": "no_save", "ts_delay": "on_pause",
        "video_clock": "Off", "hdmi_event_reaction": "1",
        "pri_audio_lang": "", "sec_audio_lang": "",
        "pri_subtitle_lang": "", "sec_subtitle_lang": "",
        "subtitle_size": "20", "subtitle_color": "16777215",
        "show_after_loading": "", "play_in_preview_by_ok": "0", "theme": "",
        "locale": "en_GB.utf8",
    }));
    for (name, value) in &state.settings {
        if let Some(held) = settings.get_mut(name) {
            *held = json!(value);
        }
    }
    settings
}

/// PINs as a page wants to compare them by itself. One that the viewer chose is told to nobody: in
/// its place stands what nobody can type, so that such a page keeps locked what is locked.
fn pins(call: &Call, state: &BoxState) -> Result<Fields, OpError> {
    let shown = |which: ViewerPin| -> Result<String, OpError> {
        match which.of(state) {
            None => Ok(FIRST_PIN.to_owned()),
            Some(_) => Ok(call.ctx.app.entropy.hex::<16>()?),
        }
    };
    Ok(fields(json!({
        "parent_password": shown(ViewerPin::Parental)?,
        "settings_password": shown(ViewerPin::Settings)?,
    })))
}

fn computed(call: &Call, owner: &BoxOwner) -> Fields {
    let settings = &call.ctx.app.config.stalker;
    let timeout = u64::from(settings.watchdog_timeout.max(1));
    let slot = timeslot(owner.device.id.0, timeout);
    // Hundredths, without a float.
    let ratio = slot.saturating_mul(100) / timeout;
    let ratio = serde_json::from_str(&format!("{}.{:02}", ratio / 100, ratio % 100));
    let mut fields = fields(json!({
        "watchdog_timeout": timeout,
        "timeslot": slot,
        "enable_tariff_plans": settings.tariff_plans,
        // Our own page shows whose it is.
        "provider_name": call.ctx.app.company().name,
    }));
    fields.insert("timeslot_ratio".to_owned(), ratio.unwrap_or(json!(1)));
    fields
}

/// How the original's page behaves: what it does where nobody changed a setting.
fn page_settings() -> Fields {
    let mut settings = fields(json!({
        "storages": {},
        "updated": {},
        "default_locale": "en_GB.utf8", "timezone_diff": 0,
        "rtsp_type": "4", "rtsp_flags": "0",
        "template": "default",
        "display_menu_after_loading": "0", "record_max_length": 180,
        "web_proxy_host": "", "web_proxy_port": "", "web_proxy_user": "", "web_proxy_pass": "",
        "web_proxy_exclude_list": "",
        "update_url": "", "autoupdate": "", "test_download_url": "", "demo_video_url": "",
        "tv_quality_filter": "", "use_embedded_settings": "",
        "is_moderator": false, "tester": false,
        "kinopoisk_rating": false, "enable_buffering_indication": 1,
    }));
    settings.extend(fields(json!({
        "allowed_stb_types": MODELS, "allowed_stb_types_for_local_recording": [],
        "strict_stb_type_check": false,
        "cas_type": 0, "cas_params": "", "cas_web_params": "", "cas_additional_params": [],
        "cas_hw_descrambling": 0, "cas_ini_file": "",
        "logarithm_volume_control": "", "allow_subscription_from_stb": false,
        "show_tv_channel_logo": true, "show_channel_logo_in_preview": true,
        "tv_archive_continued": "", "show_purchased_filter": "",
        "enable_connection_problem_indication": true, "invert_channel_switch_direction": "",
        "tv_playback_retry_limit": 0, "fading_tv_retry_timeout": 10, "epg_update_time_range": 600,
        // Nobody signs in twice: the token is good for as long as no other box takes it over.
        "store_auth_data_on_stb": false, "auth_access": false,
        "account_page_by_password": "", "external_payment_page_url": "", "max_local_recordings": 0,
        "tv_channel_default_aspect": "fit", "portal_logo_url": "",
        "show_version_in_main_menu": true, "check_ssl_certificate": false, "hls_fast_start": true,
        "epg_data_block_period_for_stb": 0, "standby_on_hdmi_off": true,
        "force_ch_link_check": false, "stb_ntp_server": "", "overwrite_stb_ntp_server": false,
        "ntp_wait_timeout": 0, "hide_tv_genres_in_fullscreen": false,
        "launcher_url": "", "launcher_profile_url": "", "advert": [],
    })));
    settings
}

/// When in a watchdog period a box polls; players that know no better poll once in that time. Boxes
/// are spread by their numbers. Never 0: Kodi would poll all the time (§2.4).
fn timeslot(number: u64, timeout: u64) -> u64 {
    let least = TIMESLOT_SECONDS_MIN.min(timeout).max(1);
    // Neighbours lie far apart.
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    least.saturating_add(spread % timeout.saturating_sub(least).max(1))
}

/// A customer's name as one text.
pub fn full_name(customer: &Customer) -> String {
    let name = &customer.name;
    match &name.full {
        Some(full) => full.clone(),
        None => format!("{} {}", name.first, name.last).trim().to_owned(),
    }
}

/// Until when a plan runs, or what the operator says of that; nothing where it has no end.
pub fn ends(call: &Call, plan: &Plan) -> String {
    match plan.ends_at {
        Some(at) => local(call, Some(at)),
        None => plan.ends_text.clone(),
    }
}

/// An instant on the wall clock of the box; nothing where there is none.
pub fn local(call: &Call, at: Option<Timestamp>) -> String {
    at.map(|at| call.zone().local(at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::timeslot;

    #[test]
    fn timeslots_lie_within_the_watchdog_period_and_apart() {
        let slots: std::collections::BTreeSet<u64> = (0..1_000).map(|n| timeslot(n, 120)).collect();
        assert!(slots.iter().all(|slot| (30..=120).contains(slot)));
        assert!(slots.len() > 60);
        for timeout in [1, 2, 29, 30, 31, 3_600] {
            for number in [0, 1, 7, u64::MAX] {
                let slot = timeslot(number, timeout);
                assert!((1..=timeout).contains(&slot), "{number} {timeout}: {slot}");
            }
        }
    }
}
