//! What the box does by itself, as a table: each job has a name, something that wakes it, one turn
//! of work, and says when it wants to run next. One loop works all of them.
//!
//! | job | runs | woken by |
//! |---|---|---|
//! | `billing` | not by a test clock, which works what is due itself | an order that may be due |
//! | `carrier` | where a carrier is asked; not by a test clock | time only |
//! | `passwords` | always | a quick hash to harden |
//! | `presence` | where set-top boxes are served | what boxes tell |
//! | `revenue` | not by a test clock, which counts when it was moved | time only |
//! | `webhooks` | always | an event to tell |
//! | `outbox-…`, one for each queue | where mail or short messages are set | a message to send |
//! | `middleware` | where this box bills for another one | a customer to bring in step there |
//!
//! Must not know what is due or why.

mod billing;
mod carrier;
mod middleware;
mod outbox;
mod passwords;
mod presence;
mod revenue;
mod webhooks;
mod worker;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::domain::messages::Queue;

use billing::Billing;
use carrier::Carrier;
use middleware::Middleware;
use outbox::Outbox;
use passwords::Passwords;
use presence::Presence;
use revenue::Revenue;
use webhooks::Webhooks;
use worker::{Job, work};

pub use presence::save as save_presence;

/// Sets to work what this box has to do, each job as a task of its own.
pub fn start(app: &Arc<App>, closing: &CancellationToken, tasks: &TaskTracker) {
    let jobs = Jobs {
        app,
        closing,
        tasks,
    };
    let is_real_time = !app.clock.is_test();
    let sends = app.outbound.mail.is_some() || app.outbound.sms.is_some();
    jobs.start(is_real_time, Billing::default);
    jobs.start(is_real_time && app.outbound.carrier.is_some(), || Carrier);
    jobs.start(true, || Passwords);
    jobs.start(app.config.stalker.enabled, || Presence::of(app));
    jobs.start(is_real_time, || Revenue);
    jobs.start(true, Webhooks::default);
    for queue in Queue::all() {
        jobs.start(sends, || Outbox(queue));
    }
    jobs.start(app.outbound.middleware.is_some(), Middleware::default);
}

struct Jobs<'a> {
    app: &'a Arc<App>,
    closing: &'a CancellationToken,
    tasks: &'a TaskTracker,
}

impl Jobs<'_> {
    fn start<J: Job>(&self, has_work: bool, job: impl FnOnce() -> J) {
        if has_work {
            let (app, closing) = (Arc::clone(self.app), self.closing.clone());
            self.tasks.spawn(work(app, job(), closing));
        }
    }
}
