//! What a call comes to.

use crate::domain::staff::Secret;
use crate::domain::values::id::{ChannelId, DeviceId, MovieId};
use crate::ops::viewing::pin::ViewerPin;
use crate::ops::viewing::sign_in::SignIn;
use crate::wire::portal::answer::Answer;

/// How a call goes on once it was looked at.
pub(in crate::wire::portal) enum Step {
    Now(Answer),
    SignIn(SignIn),
    SignOut(DeviceId),
    Keep(DeviceId, Kept),
}

/// One thing to keep.
pub enum Kept {
    Favourites(Vec<ChannelId>),
    FavouriteRadio(Vec<ChannelId>),
    Last(ChannelId),
    FavouriteMovies(Vec<MovieId>),
    UnfinishedMovies(Vec<(MovieId, u32)>),
    Locked(Vec<ChannelId>),
    Pin(ViewerPin, Secret),
    Settings(Vec<(String, String)>),
}
