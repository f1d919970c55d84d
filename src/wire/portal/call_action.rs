//! What is done for a call once it was looked at.

use crate::domain::staff::Secret;
use crate::domain::values::id::{ChannelId, DeviceId, MovieId};
use crate::ops::viewing::pin::ViewerPin;
use crate::ops::viewing::sign_in::SignIn;
use crate::wire::portal::answer::Answer;

/// Most calls are answered at once; the others are waited for.
pub(in crate::wire::portal) enum CallAction {
    Answer(Answer),
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
