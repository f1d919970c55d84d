//! Sends what is to be sent in a queue. Under every clock: what is due goes by the box's clock, how
//! long to leave mail server or gateway alone by the time of day.

use tokio::sync::Notify;

use crate::app::Ctx;
use crate::app::signals::Signals;
use crate::domain::messages::{Channel, Lane, Queue};
use crate::ops;
use crate::ops::outbox::Delivered;

use super::worker::{AFTER_FAILURE, Job, Next, Turn};

pub struct Outbox(pub Queue);

impl Job for Outbox {
    fn name(&self) -> &'static str {
        match (self.0.lane, self.0.channel) {
            (Lane::Urgent, Channel::Email) => "outbox-urgent-email",
            (Lane::Urgent, Channel::Sms) => "outbox-urgent-sms",
            (Lane::Asked, Channel::Email) => "outbox-asked-email",
            (Lane::Asked, Channel::Sms) => "outbox-asked-sms",
            (Lane::Bulk, Channel::Email) => "outbox-bulk-email",
            (Lane::Bulk, Channel::Sms) => "outbox-bulk-sms",
        }
    }

    fn signal<'a>(&self, signals: &'a Signals) -> Option<&'a Notify> {
        signals.outbox_pending.get(self.0.place())
    }

    async fn turn(&mut self, ctx: &Ctx) -> Turn {
        let failure = match ops::outbox::deliver(ctx, self.0).await {
            Ok(Delivered::Until(next)) => return Turn::until(next, ctx.now),
            Ok(Delivered::Failed) => "not all that is due could be handed over".to_owned(),
            Err(error) => {
                tracing::error!(%error, "message.delivery_failed");
                error.to_string()
            }
        };
        // Nobody is tried again for every message that comes meanwhile.
        Turn::rest(AFTER_FAILURE, Next::Now).failed(Some(failure))
    }
}
