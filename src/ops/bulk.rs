//! How much of a long work fits one chunk: the writer must not be kept from those who wait for it.

use std::sync::Arc;
use std::time::Duration;

use crate::app::Ctx;
use crate::store::Tx;

use super::OpError;

/// Largest chunk.
pub const CHUNK_MAX: usize = 32_768;
/// How long a chunk may keep the writer, in microseconds: beside other writers, and alone.
const CHUNK_MICROS_SHARED: u64 = 12_000;
const CHUNK_MICROS_ALONE: u64 = 200_000;

/// As many steps as fit the time that the writer may be kept,
/// after a chunk of `steps` took `micros`.
pub fn next_size(steps: usize, micros: u64, alone: bool) -> usize {
    let target = if alone {
        CHUNK_MICROS_ALONE
    } else {
        CHUNK_MICROS_SHARED
    };
    let taken = u64::try_from(steps).unwrap_or(1);
    let fitting = taken
        .saturating_mul(target)
        .checked_div(micros.max(1))
        .unwrap_or(1);
    let fitting = usize::try_from(fitting).unwrap_or(CHUNK_MAX);
    fitting
        .clamp(16, CHUNK_MAX)
        .min(steps.saturating_mul(4).max(16))
}

/// How often, and how long apart, a chunk is offered again to a writer whose queue is full.
const TRIES_MAX: u32 = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Has a chunk written. People first: while too many wait for the writer, so does the chunk.
pub async fn write<T: Send + 'static>(
    ctx: &Ctx,
    command: impl Fn(&Ctx, &mut Tx<'_>) -> Result<T, OpError> + Send + Sync + 'static,
) -> Result<T, OpError> {
    let command = Arc::new(command);
    for _ in 1..TRIES_MAX {
        let again = Arc::clone(&command);
        match ctx.write_bulk(move |ctx, tx| again(ctx, tx)).await {
            // A disk that fails takes longer.
            Err(OpError::Throttled { retry_after_s: 1 }) => tokio::time::sleep(BETWEEN_TRIES).await,
            done => return done,
        }
    }
    ctx.write_bulk(move |ctx, tx| command(ctx, tx)).await
}
