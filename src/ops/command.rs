//! How every write goes: the command runs in the writer, then what follows of it in the same
//! commit; once that is durable, whoever has something to do now is woken.

use crate::app::{App, Ctx};
use crate::ops::OpError;
use crate::ops::effect::{self, Stop};
use crate::ops::followers;
use crate::ops::written::Extent;
use crate::store::{StoreError, Tx};

impl Ctx {
    /// Runs `command` in the writer; answered when it is durable. A rehearsal answers what it
    /// would, and nothing of it stands.
    pub async fn write<T: Send + 'static>(
        &self,
        command: impl FnOnce(&Ctx, &mut Tx<'_>) -> Result<T, OpError> + Send + 'static,
    ) -> Result<T, OpError> {
        let ctx = self.clone();
        let run = move |tx: &mut Tx<'_>| effect::run(&ctx, tx, command);
        match self.app.store.write(run).await {
            Ok((done, written)) => {
                followers::wake(self, &written, Extent::Whole);
                Ok(done)
            }
            Err(Stop::Rehearsed(done)) => Ok(done),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// As [`Ctx::write`], for a command that says itself when nothing of it shall stand, and why.
    /// `first` runs before it in the writer's thread.
    pub(super) async fn write_unless<T, E>(
        &self,
        first: impl FnOnce(&App) + Send + 'static,
        command: impl FnOnce(&Ctx, &mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<OpError> + From<StoreError> + Send + 'static,
    {
        let ctx = self.clone();
        let run = move |tx: &mut Tx<'_>| -> Result<_, E> {
            first(&ctx.app);
            let done = followers::run(&ctx, tx, Extent::Whole, command)?;
            Ok((done, tx.written()))
        };
        let (done, written) = self.app.store.write(run).await?;
        followers::wake(self, &written, Extent::Whole);
        Ok(done)
    }

    /// As [`Ctx::write`], for a chunk of a long work, which nobody waits for.
    pub async fn write_bulk<T: Send + 'static>(
        &self,
        command: impl FnOnce(&Ctx, &mut Tx<'_>) -> Result<T, OpError> + Send + 'static,
    ) -> Result<T, OpError> {
        let done = self.write_bulk_timed(command).await;
        done.map(|(done, _)| done)
    }

    /// As [`Ctx::write_bulk`]; answers also for how many microseconds nobody else was answered:
    /// with what followed of it, and with the commit.
    pub async fn write_bulk_timed<T: Send + 'static>(
        &self,
        command: impl FnOnce(&Ctx, &mut Tx<'_>) -> Result<T, OpError> + Send + 'static,
    ) -> Result<(T, u64), OpError> {
        let ctx = self.clone();
        let run = move |tx: &mut Tx<'_>| -> Result<_, OpError> {
            let done = followers::run(&ctx, tx, Extent::Chunk, command)?;
            Ok((done, tx.written()))
        };
        let ((done, written), time) = self.app.store.write_bulk(run).await?;
        followers::wake(self, &written, Extent::Chunk);
        Ok((done, u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
    }
}
