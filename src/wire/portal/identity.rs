//! Who a box is: handshake, profile, signing in and out (stalker-stb-portal §3).

use serde::Serialize;

use crate::ops::OpError;
use crate::ops::boxes;
use crate::ops::viewing::BoxRequest;
use crate::ops::viewing::sign_in;
use crate::ops::viewing::sign_in::{SignIn, SignedIn};

use super::answer::Answer;
use super::call::{Call, is_token};
use super::profile::local;
use crate::wire::portal::call_action::CallAction;
use crate::wire::portal::profile;

#[derive(Serialize)]
struct HandshakeOut<'a> {
    token: &'a str,
    random: String,
    not_valid: u8,
}

/// What the profile says to a box without a MAC address that is one.
const NO_MAC: &str = concat!(
    r#"{"js":{"status":1,"#,
    r#""msg":"no MAC address: six octets are needed, such as 00:1A:79:00:39:5E"},"text":""}"#
);

/// `stb/handshake`: the token of the present session again, or a new one (§3.2). Nothing is kept:
/// it is the profile that makes it the box's.
pub fn handshake(call: &Call, visit: &BoxRequest) -> Result<Answer, OpError> {
    let presented = call.text("token").filter(|token| is_token(token));
    let live = match (&visit.owner, presented) {
        (Some(owner), Some(token)) => {
            boxes::holds_token(&call.ctx, visit.read(), owner.device.id, token)?
        }
        _ => false,
    };
    let fresh;
    let token = match presented {
        Some(token) if live => token,
        _ => {
            fresh = sign_in::new_token(&call.ctx, call.mac_text())?;
            &fresh
        }
    };
    Answer::of(&HandshakeOut {
        token,
        random: call.ctx.app.entropy.hex::<20>()?,
        not_valid: u8::from(presented.is_some() && !live),
    })
}

/// `stb/get_profile`: what the box has to know, and the token that it presents is its own from now
/// on (§3.3, §3.6).
pub fn get_profile(call: &Call, visit: &BoxRequest) -> Result<Answer, OpError> {
    let Some(owner) = &visit.owner else {
        return Ok(if call.box_mac().is_some() {
            Answer::Whole(
                r#"{"js":{"status":2,"template":"default","info":"","msg":""},"text":""}"#,
            )
        } else {
            Answer::Whole(NO_MAC)
        });
    };
    let (ctx, device) = (&call.ctx, owner.device.id);
    let Some(token) = &call.bearer else {
        return profile::without_a_session(call, owner);
    };
    // A token that was never given out is none, and leaves the present one as it is.
    let mac = owner.device.known_by();
    if !mac.is_some_and(|mac| sign_in::was_given(ctx, mac, token))
        && !boxes::holds_token(ctx, visit.read(), device, token)?
    {
        return profile::without_a_session(call, owner);
    }
    boxes::begin_session(ctx, visit.read(), device, token, call.text("ver"))?;
    profile::answer(call, visit, owner)
}

/// `stb/do_auth` (§3.4)
pub fn do_auth(call: &Call) -> Result<CallAction, OpError> {
    if call.mac.is_none() {
        return Ok(CallAction::Answer(Answer::FALSE));
    }
    let Some(mac) = call.box_mac() else {
        let text = "The MAC address of this box is none: six octets are needed, such as \
                    00:1A:79:00:39:5E.";
        return Ok(CallAction::Answer(Answer::refusal(text)?));
    };
    Ok(CallAction::SignIn(SignIn {
        mac,
        login: call.text("login").unwrap_or_default().to_owned(),
        password: call.verbatim("password").to_owned(),
        token: call.bearer.clone(),
    }))
}

/// What a viewer is told who signed in: yes, no, or that there are too many boxes, which, and what
/// to do.
pub fn signed_in(call: &Call, ended: SignedIn) -> Result<Answer, OpError> {
    let (max, boxes) = match ended {
        SignedIn::Yes => return Ok(Answer::TRUE),
        SignedIn::Refused => return Ok(Answer::FALSE),
        SignedIn::Full { max, boxes } => (max, boxes),
    };
    let named: Vec<String> = boxes
        .iter()
        .map(|taken| match taken.last_active_at {
            Some(at) => format!("{} (last used {})", taken.mac, local(call, Some(at))),
            None => taken.mac.clone(),
        })
        .collect();
    let text = format!(
        "This account may be used on {max} boxes and is used on: {}. \
         Log out on one of them, or ask your provider.",
        named.join(", ")
    );
    Answer::refusal(&text)
}
