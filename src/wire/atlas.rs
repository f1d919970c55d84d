//! How each dialect answers an error of a use case: the table "error by dialect", which tests keep
//! as a snapshot. Nothing else calls it.

use axum::response::{IntoResponse as _, Response};

use crate::app::Ctx;
use crate::ops::OpError;

use super::alphaott;
use super::console;
use super::marketone;
use super::pay;
use super::portal;
use super::stalker;

/// The answer of every dialect, by its name.
/// `page`: the code of a hosted payment page, which words a refused form and a page that cannot be
/// shown each in its own way.
#[must_use]
pub fn answers(
    ctx: &Ctx,
    page: &str,
    error: impl Fn() -> OpError,
) -> Vec<(&'static str, Response)> {
    vec![
        ("alphaott", alphaott::error::answer(error()).into_response()),
        ("console", console::error::answer(error()).into_response()),
        (
            "marketone",
            marketone::error::Failure::from(error()).into_response(),
        ),
        ("pay form", pay::not_paid(ctx, page, &error())),
        ("pay page", pay::failed(ctx, &error())),
        ("portal", portal::answer::failed(&error())),
        (
            "stalker",
            stalker::answer::Failure::from(error()).into_response(),
        ),
    ]
}
