//! Proving the file while the box works.

use crate::app::Ctx;
use crate::store::{Finding, StoreError};

use super::OpError;

/// What a check found.
#[derive(Debug, Clone)]
pub struct CheckReport {
    pub records: u64,
    pub findings: Vec<Finding>,
}

/// Decodes every record and re-derives every index. Reads a snapshot and takes a second per
/// gigabyte or so: call it away from the async threads.
pub fn check(ctx: &Ctx) -> Result<CheckReport, OpError> {
    let (records, findings) = crate::store::check(&ctx.snapshot()?)?;
    Ok(CheckReport { records, findings })
}

/// Whether the writer takes commands: one goes through it that writes nothing.
pub async fn ready(ctx: &Ctx) -> Result<(), OpError> {
    ctx.app.store.write(|_| Ok::<(), StoreError>(())).await?;
    Ok(())
}
