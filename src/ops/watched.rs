//! Whether anybody is there to hear of changes: boxes, the middleware, partners and webhooks.

use crate::app::{Ctx, anybody_told};
use std::sync::Arc;

use crate::ops::OpError;

/// After fewer are told: whether anybody still is. In the writer's thread, so that a webhook that
/// comes meanwhile is not overlooked.
pub(super) async fn look_again(ctx: &Ctx) {
    let app = Arc::clone(&ctx.app);
    // Not through `ctx`: it writes nothing.
    let looked = ctx.app.store.write(move |tx| -> Result<(), OpError> {
        app.set_watched(anybody_told(tx)?);
        Ok(())
    });
    if looked.await.is_err() {
        ctx.app.set_watched(true);
    }
}

/// Whether anybody hears of anything that is written.
pub(super) fn anybody_hears(ctx: &Ctx) -> bool {
    let app = &ctx.app;
    app.config.stalker.enabled || app.outbound.middleware.is_some() || app.is_watched()
}
