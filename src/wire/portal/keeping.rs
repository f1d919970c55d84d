//! What a viewer keeps on a box: favourites, films that were left, locks, PINs, settings
//! (stalker-stb-portal §3.7, §5.8, §6). What is confirmed is kept.

use crate::domain::boxes::event::{BoxState, FAVOURITES_MAX, SETTING_CHARS_MAX, UNFINISHED_MAX};
use crate::domain::catalogue::content::ChannelKind;
use crate::domain::values::id::{ChannelId, DeviceId, MovieId};
use crate::ops::OpError;
use crate::ops::boxes::{self, BoxOwner};
use crate::ops::viewing::pin;
use crate::ops::viewing::pin::ViewerPin;
use crate::ops::viewing::{self, BoxRequest, Found};

use super::answer::Answer;
use super::call::Call;
use super::profile::own_settings;
use crate::wire::portal::call_action::CallAction;
use crate::wire::portal::call_action::Kept;

/// Keeps it.
pub async fn keep(call: &Call, device: DeviceId, kept: Kept) -> Result<(), OpError> {
    boxes::keep(&call.ctx, device, move |state| match kept {
        Kept::Favourites(channels) => state.favourites = channels,
        Kept::FavouriteRadio(channels) => state.favourite_radio = channels,
        Kept::Last(channel) => state.last_channel = Some(channel),
        Kept::FavouriteMovies(movies) => state.favourite_movies = movies,
        Kept::UnfinishedMovies(movies) => state.unfinished_movies = movies,
        Kept::Locked(channels) => state.locked_channels = channels,
        Kept::Pin(which, hash) => which.set(state, hash),
        Kept::Settings(settings) => state.settings.extend(settings),
    })
    .await
}

/// `vod/set_fav`, `del_fav`, `set_not_ended`, `set_ended`: of one film.
pub fn of_movie(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    action: &str,
) -> Result<CallAction, OpError> {
    let none = Ok(CallAction::Answer(Answer::FALSE));
    let Some(id) = call.id::<MovieId>("video_id") else {
        return none;
    };
    if let Found::Missing = viewing::movie(&call.ctx, visit.read(), owner, id)? {
        return none;
    }
    let state = boxes::state(visit.read(), owner.device.id)?;
    let (mut liked, mut left) = (
        state.favourite_movies.clone(),
        state.unfinished_movies.clone(),
    );
    match action {
        "set_fav" if liked.contains(&id) => {}
        "set_fav" if liked.len() >= FAVOURITES_MAX => return none,
        "set_fav" => liked.push(id),
        "del_fav" => liked.retain(|held| *held != id),
        "set_not_ended" => {
            left.retain(|(held, _)| *held != id);
            let seconds = u32::try_from(call.number("end_time")).unwrap_or(u32::MAX);
            left.push((id, seconds));
            let surplus = left.len().saturating_sub(UNFINISHED_MAX);
            left.drain(..surplus);
        }
        _ => left.retain(|(held, _)| *held != id),
    }
    Ok(if liked != state.favourite_movies {
        CallAction::Keep(owner.device.id, Kept::FavouriteMovies(liked))
    } else if left != state.unfinished_movies {
        CallAction::Keep(owner.device.id, Kept::UnfinishedMovies(left))
    } else {
        CallAction::Answer(Answer::TRUE)
    })
}

/// `itv/add_to_censored` and `del_from_censored`: a lock of the viewer's own. What the operator
/// locked the viewer cannot open.
pub fn lock(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
    locked: bool,
) -> Result<CallAction, OpError> {
    let none = Ok(CallAction::Answer(Answer::FALSE));
    let Some(id) = call.id::<ChannelId>("ch_id") else {
        return none;
    };
    let Found::Yes(channel) = viewing::channel(&call.ctx, visit.read(), owner, id)? else {
        return none;
    };
    if channel.kind != ChannelKind::Tv || (channel.censored && !locked) {
        return none;
    }
    let state = boxes::state(visit.read(), owner.device.id)?;
    let mut input = state.locked_channels.clone();
    input.retain(|held| *held != id);
    if locked {
        if input.len() >= FAVOURITES_MAX {
            return none;
        }
        input.push(id);
    }
    Ok(if input.len() == state.locked_channels.len() {
        CallAction::Answer(Answer::TRUE)
    } else {
        CallAction::Keep(owner.device.id, Kept::Locked(input))
    })
}

/// `stb/set_parent_password` and `set_settings_password`. The new one comes alone, or twice.
pub fn set_pin(call: &Call, owner: &BoxOwner, which: ViewerPin) -> Result<CallAction, OpError> {
    let named = match which {
        ViewerPin::Parental => "parent_password",
        ViewerPin::Settings => "settings_password",
    };
    let input = match (
        call.text(named),
        call.text("pass"),
        call.text("repeat_pass"),
    ) {
        (Some(pin), _, _) => Some(pin),
        (None, Some(pin), Some(again)) => Some(pin).filter(|_| pin == again),
        _ => None,
    };
    let hash = match input {
        Some(pin) => pin::hash(&call.ctx, pin)?,
        None => None,
    };
    Ok(match hash {
        Some(hash) => CallAction::Keep(owner.device.id, Kept::Pin(which, hash)),
        None => CallAction::Answer(Answer::FALSE),
    })
}

/// `stb/check_parent_password`, which is ours: a page cannot compare what it is not told.
pub fn check_pin(call: &Call, visit: &BoxRequest, owner: &BoxOwner) -> Result<Answer, OpError> {
    let state = boxes::state(visit.read(), owner.device.id)?;
    let typed = call.text("parent_password").unwrap_or_default();
    Ok(
        if pin::fits(&call.ctx, &state, ViewerPin::Parental, typed) {
            Answer::TRUE
        } else {
            Answer::FALSE
        },
    )
}

/// `stb/set_…` and `itv/set_fav_status`: settings by the names that the profile has for them. What
/// the profile has no name for stays on the box.
pub fn set_settings(
    call: &Call,
    visit: &BoxRequest,
    owner: &BoxOwner,
) -> Result<CallAction, OpError> {
    let state = boxes::state(visit.read(), owner.device.id)?;
    let known = own_settings(&BoxState::new(owner.device.id));
    let mut input = Vec::new();
    for name in known.keys().map(String::as_str) {
        // One name differs.
        let short = if name == "volume" { "vol" } else { name };
        let Some(value) = call.text(short).or_else(|| call.text(name)) else {
            continue;
        };
        if value.chars().count() > SETTING_CHARS_MAX {
            return Ok(CallAction::Answer(Answer::FALSE));
        }
        if state.settings.get(name).map(String::as_str) != Some(value) {
            input.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(if input.is_empty() {
        CallAction::Answer(Answer::TRUE)
    } else {
        CallAction::Keep(owner.device.id, Kept::Settings(input))
    })
}
