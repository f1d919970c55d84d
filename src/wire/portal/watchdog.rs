//! The watchdog: a box asks whether it has to be told something, and says what it was told
//! (stalker-stb-portal §4, stalker-rest-v1 §3.2).
//!
//! Boxes ask all day, so the usual answer is a text that is always the same.

use serde::Serialize;

use crate::domain::boxes::event::BoxEventKind;
use crate::domain::values::id::BoxEventId;
use crate::ops::OpError;
use crate::ops::boxes::{self, BoxOwner};
use crate::ops::viewing::BoxRequest;

use super::answer::Answer;
use super::call::Call;

const IDLE: Answer =
    Answer::Whole(r#"{"js":{"data":{"msgs":0,"additional_services_on":"1"}},"text":""}"#);
const IDLE_WITHOUT_SERVICES: Answer =
    Answer::Whole(r#"{"js":{"data":{"msgs":0,"additional_services_on":"0"}},"text":""}"#);

/// An event on the wire: texts, but for the two numbers that were computed.
#[derive(Serialize)]
struct EventOut<'a> {
    msgs: usize,
    additional_services_on: &'static str,
    id: String,
    event: &'static str,
    need_confirm: &'static str,
    msg: &'a str,
    reboot_after_ok: &'static str,
    auto_hide_timeout: String,
    param1: &'a str,
    post_function: &'static str,
    valid_until: i64,
}

#[derive(Serialize)]
struct DataOut<T> {
    data: T,
}

/// `get_events`. A box that is nobody's has nothing to be told.
pub fn get_events(call: &Call, visit: &BoxRequest) -> Result<Answer, OpError> {
    let Some(owner) = &visit.owner else {
        return Ok(IDLE);
    };
    let polled = boxes::poll(&call.ctx, visit.read(), owner)?;
    let services = additional_services_on(call, owner);
    let Some((id, notice)) = polled.event else {
        return Ok(if services == "1" {
            IDLE
        } else {
            IDLE_WITHOUT_SERVICES
        });
    };
    Answer::of(&DataOut {
        data: EventOut {
            msgs: polled.waiting,
            additional_services_on: services,
            id: id.0.to_string(),
            event: name(notice.kind),
            need_confirm: digit(notice.kind.needs_confirmation()),
            msg: &notice.text,
            reboot_after_ok: digit(notice.reboot_after_ok),
            auto_hide_timeout: notice.auto_hide_seconds.to_string(),
            param1: &notice.parameter,
            post_function: "",
            valid_until: notice.valid_until.seconds(),
        },
    })
}

/// `confirm_event`
pub fn confirm_event(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    if let Some(id) = call.id::<BoxEventId>("event_active_id") {
        boxes::confirm(&call.ctx, visit.read(), owner, id)?;
    }
    Ok(Answer::Whole(r#"{"js":{"data":"ok"},"text":""}"#))
}

/// Where plans decide, everybody has them (stalker-rest-v1 §3.2).
pub fn additional_services_on(call: &Call, owner: &BoxOwner) -> &'static str {
    let plans = call.ctx.app.config.stalker.tariff_plans;
    digit(plans || owner.customer.box_profile.additional_services_on)
}

pub fn digit(is: bool) -> &'static str {
    if is { "1" } else { "0" }
}

fn name(kind: BoxEventKind) -> &'static str {
    match kind {
        BoxEventKind::Message => "send_msg",
        BoxEventKind::MessageWithVideo => "send_msg_with_video",
        BoxEventKind::Reboot => "reboot",
        BoxEventKind::ReloadPortal => "reload_portal",
        BoxEventKind::UpdateSubscription => "update_subscription",
        BoxEventKind::UpdateModules => "update_modules",
        BoxEventKind::PlayChannel => "play_channel",
        BoxEventKind::PlayRadioChannel => "play_radio_channel",
        BoxEventKind::UpdateImage => "update_image",
        BoxEventKind::ShowMenu => "show_menu",
        BoxEventKind::CutOff => "cut_off",
        BoxEventKind::CutOn => "cut_on",
        BoxEventKind::UpdateGuide => "update_epg",
    }
}
