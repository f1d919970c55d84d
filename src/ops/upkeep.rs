//! How the box fares: proving the file while it works, what it is not ready for, what waits for a
//! person, and how its jobs went.

use crate::app::Ctx;
use crate::domain::staff::Permission;
use crate::store::{Finding, StoreError};

use super::OpError;
use crate::ops::billing::held_run;
use crate::ops::billing::held_run::HeldRun;

pub use crate::app::memory::job_log::{JobRecord, JobState};

/// What a check found.
#[derive(Debug, Clone)]
pub struct CheckReport {
    pub records: u64,
    pub findings: Vec<Finding>,
}

/// Decodes every record and re-derives every index. Reads a snapshot and takes a second per
/// gigabyte or so: call it away from the async threads.
pub fn check(ctx: &Ctx) -> Result<CheckReport, OpError> {
    if let Some(problem) = ctx.app.store.damaged_pages()? {
        // Records on damaged pages may say anything: what follows from them is no finding.
        let place = "the data file".to_owned();
        let problem = format!("is damaged ({problem}); bring a backup back");
        let finding = Finding { place, problem };
        return Ok(CheckReport {
            records: 0,
            findings: vec![finding],
        });
    }
    let (records, findings) = crate::store::check(&ctx.snapshot()?)?;
    Ok(CheckReport { records, findings })
}

/// Why the box is not ready, a line for each cause; empty: it is.
pub async fn not_ready(ctx: &Ctx) -> Vec<String> {
    const MEBIBYTE: u64 = 1024 * 1024;
    let mut causes = Vec::new();
    let health = ctx.app.store.health();
    if let Some(what) = health.damage() {
        causes.push(format!(
            "the data file is damaged ({what}): stop the box, run `boxoffice check`, and bring a \
             backup back"
        ));
    }
    // One command goes through the writer that writes nothing.
    let written = ctx.app.store.write(|_| Ok::<(), StoreError>(())).await;
    match written {
        Ok(()) => {}
        Err(StoreError::DiskFull) => {
            let free = health.free_bytes() / MEBIBYTE;
            causes.push(format!(
                "the disk is full ({free} MiB free): nothing is written until there is room; \
                 reading goes on"
            ));
        }
        Err(error) => causes.push(error.to_string()),
    }
    causes
}

/// What waits for a person, a line each. Anybody may read it: no amounts and no names.
pub fn waiting(ctx: &Ctx) -> Result<Vec<String>, OpError> {
    let held = held_run::held(ctx)?;
    let line = |held: HeldRun| {
        let (run, orders) = (held.run.id.0, held.orders);
        format!("billing run {run} is held, {orders} orders wait: release it or correct its cause")
    };
    let mut lines: Vec<String> = held.map(line).into_iter().collect();
    let max = ctx.app.config.marketone.wrong_pins_max;
    let partners = ctx.app.wrong_pins.used_up(max, ctx.now);
    if partners > 0 {
        let of = if partners == 1 { "partner" } else { "partners" };
        lines.push(format!(
            "no PIN of {partners} {of} is taken for up to an hour, because too many were wrong: \
             see the list of partners"
        ));
    }
    Ok(lines)
}

/// What the box does by itself: every job of this run of it, in the order of the table of jobs.
/// None where the file was opened without a box.
pub fn jobs(ctx: &Ctx) -> Result<Vec<JobRecord>, OpError> {
    ctx.require(Permission::AuditRead)?;
    Ok(ctx.app.jobs.all())
}
