//! Who asks, when and from where: the circumstances of one request or step of a job.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::app::state::App;
use crate::domain::effect::Effect;
use crate::domain::staff::Actor;
use crate::domain::values::time::Timestamp;
use crate::store::{Snapshot, StoreError};

/// The circumstances of one request or job step: who, when, from where.
#[derive(Clone)]
pub struct Ctx {
    pub app: Arc<App>,
    pub actor: Actor,
    /// Read once; nothing below asks the clock again.
    pub now: Timestamp,
    /// Which interface was used: `alphaott`, `console`, `cli`.
    pub dialect: &'static str,
    pub request_id: Arc<str>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// By what the record of the session is found of which the caller comes, if it is one.
    pub session: Option<[u8; 32]>,
    /// Set where the caller asked what the command comes to.
    pub effect: Option<AskedEffect>,
}

/// A wish to know what a command comes to, and where that is put once it is known.
#[derive(Debug, Clone)]
pub struct AskedEffect {
    /// Whether the command is to be taken back: it was only a look.
    pub is_rehearsal: bool,
    found: Arc<Mutex<Option<Effect>>>,
}

impl AskedEffect {
    #[must_use]
    pub fn new(is_rehearsal: bool) -> Self {
        Self {
            is_rehearsal,
            found: Arc::default(),
        }
    }

    /// Keeps what the command comes to.
    pub fn put(&self, effect: Effect) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        *found = Some(effect);
    }

    /// What the command came to, once.
    #[must_use]
    pub fn take(&self) -> Option<Effect> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.take()
    }
}

impl Ctx {
    /// Whether what is asked for is only looked at: nothing that is run stands.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        self.effect.as_ref().is_some_and(|asked| asked.is_rehearsal)
    }

    /// The box itself, or its owner at the machine.
    #[must_use]
    pub fn system(app: Arc<App>) -> Self {
        let now = app.clock.now();
        Self {
            app,
            actor: Actor::System,
            now,
            dialect: "cli",
            request_id: Arc::from(""),
            address: None,
            session: None,
            effect: None,
        }
    }

    /// The file as the last commit left it.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.app.store.read()
    }

    /// The client's address as text; empty where there is none.
    #[must_use]
    pub fn address_text(&self) -> String {
        self.address
            .map(|address| address.to_string())
            .unwrap_or_default()
    }
}
