//! What a viewer reads of the account, and which parts of the page a box shows
//! (stalker-stb-portal §3.7, §9).

use serde_json::json;

use crate::domain::boxes::SWITCHABLE_MODULES;
use crate::domain::catalogue::kinds::ContentType;
use crate::ops::OpError;
use crate::ops::boxes::BoxOwner;
use crate::ops::viewing::{self, BoxRequest};

use super::answer::{Answer, Cut, PAGE_ROWS};
use super::call::Call;
use super::profile::{ends, full_name, local};

/// Buying is not done on a box here.
pub const ASK_THE_OPERATOR: Answer =
    Answer::Whole(r#"{"js":{"message":"Please ask your provider."},"text":""}"#);

/// Every module of the original's menu, in its order (stalker-rest-v1 §4.7).
const MODULES: &[&str] = &[
    "media_browser",
    "tv",
    "apps",
    "dvb",
    "tv_archive",
    "time_shift",
    "time_shift_local",
    "epg.reminder",
    "epg.recorder",
    "epg",
    "epg.simple",
    "vclub",
    "audioclub",
    "downloads_dialog",
    "downloads",
    "karaoke",
    "radio",
    "magiccast",
    "weather.current",
    "widget.audio",
    "widget.radio",
    "records",
    "remotepvr",
    "pvr_local",
    "settings",
    "course.widget",
    "weather.day",
    "cityinfo",
    "horoscope",
    "anecdote",
    "game.mastermind",
    "account",
    "demo",
    "infoportal",
    "internet",
    "service_management",
    "logout",
    "account_menu",
];

/// `stb/get_modules`
pub fn modules(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let named = |list: &[String]| -> Vec<String> {
        // "None" is kept as one empty name.
        list.iter()
            .filter(|name| !name.is_empty())
            .cloned()
            .collect()
    };
    let disabled = viewing::disabled_modules(&call.ctx, visit.read(), owner)?;
    Answer::of(&json!({
        "all_modules": MODULES,
        "switchable_modules": SWITCHABLE_MODULES,
        "disabled_modules": named(&disabled),
        "restricted_modules": named(&owner.customer.box_profile.restricted_modules),
        "template": "default",
        "launcher_url": "",
        "launcher_profile_url": "",
    }))
}

/// `account_info/get_main_info`. STB-Proxy reads when the account ends from `phone` and takes
/// nothing for no account; so it stands there, and the telephone number does not.
pub fn main_info(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let customer = &owner.customer;
    let plan = viewing::plan(&call.ctx, visit.read(), customer)?;
    let ends = ends(call, &plan);
    let title = plan
        .product
        .map(|product| product.title)
        .unwrap_or_default();
    let phone = if ends.is_empty() { "Unlimited" } else { &ends };
    Answer::of(&json!({
        "fname": full_name(customer),
        "phone": phone,
        "ls": customer.account_number.as_deref().unwrap_or_default(),
        "mac": call.mac_text(),
        "login": customer.login.as_deref().unwrap_or_default(),
        "status": u8::from(owner.is_on()),
        "tariff_plan": title,
        "account_balance": viewing::balance(&call.ctx, visit.read(), customer)?,
        "end_date": ends,
        "last_change_status": local(call, Some(owner.status_changed_at())),
    }))
}

/// `account_info/get_user_packages`: what the plan includes, and what can be added to it.
pub fn packages(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let packages = viewing::packages(&call.ctx, visit.read(), owner)?;
    let cut = Cut::new(packages.len(), PAGE_ROWS, call.number("p"), None);
    let rows = cut.of(packages).into_iter().map(|package| {
        let words = if package.held {
            ("subscribed_str", "Subscribed")
        } else {
            ("not_subscribed_str", "Not subscribed")
        };
        json!({
            "id": package.spec.id.0.to_string(),
            "external_id": package.spec.external_id.as_deref().unwrap_or_default(),
            "name": package.spec.title,
            "description": package.spec.description,
            "type": kind(package.spec.content_type),
            "optional": if package.optional { "1" } else { "0" },
            "subscribed": package.held,
            words.0: words.1,
        })
    });
    let rows = rows.collect::<Vec<_>>();
    Answer::of(&cut.page(rows))
}

fn kind(of: ContentType) -> &'static str {
    match of {
        ContentType::Tv => "tv",
        ContentType::Radio => "radio",
        ContentType::Movie | ContentType::TvShow => "video",
        ContentType::App => "module",
    }
}
