//! What wakes jobs: each says that there may be something to do, never what.

use tokio::sync::Notify;

use crate::domain::messages::Queue;

/// One for every job that waits for more than the time of day. A signal that is given while its
/// job is at work is kept until the job asks again.
#[derive(Debug, Default)]
pub struct Signals {
    /// Something may be due earlier than the scheduler thinks.
    pub orders_due: Notify,
    /// There may be something to send, by queue.
    pub outbox_pending: [Notify; Queue::COUNT],
    /// The middleware may have to be told something.
    pub middleware_pending: Notify,
    /// Some of what boxes told us is to be written soon.
    pub presence_dirty: Notify,
    /// There may be quick hashes to harden.
    pub passwords_to_harden: Notify,
    /// There may be something to tell; for whoever sets others to work.
    pub webhooks_pending: Notify,
    /// The same, for all who are at work on it: it is heard only while they wait.
    pub more_webhooks_pending: Notify,
}
