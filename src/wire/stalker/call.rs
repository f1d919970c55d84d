//! A request taken apart: which resource, what is to be done, and with what.

use crate::app::Ctx;
use crate::ops::rows::find;
use crate::ops::rows::find::{By, Row};
use crate::wire::kit::php::{Form, Identifiers};
use crate::wire::stalker::answer::Failure;
use axum::http::Method;

/// The dialect's name in logs, metrics and the audit log.
pub const DIALECT: &str = "stalker";

/// What a method means (§1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wire::stalker) enum Action {
    Get,
    Create,
    Update,
    Delete,
}

impl Action {
    pub(in crate::wire::stalker) fn of(method: &Method) -> Option<Self> {
        // Names in any letter case.
        Some(match method.as_str().to_ascii_uppercase().as_str() {
            "GET" => Self::Get,
            "POST" => Self::Create,
            "PUT" => Self::Update,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }

    pub(in crate::wire::stalker) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A request as its resource sees it.
pub(in crate::wire::stalker) struct Call {
    pub(in crate::wire::stalker) ctx: Ctx,
    pub(in crate::wire::stalker) action: Action,
    pub(in crate::wire::stalker) ids: Identifiers,
    /// Whether the body has not a single byte.
    pub(in crate::wire::stalker) no_body: bool,
    pub(in crate::wire::stalker) form: Form,
}

impl Call {
    /// The identifiers; empty where the path names none, or only empty ones (B3).
    pub(in crate::wire::stalker) fn names(&self) -> &[String] {
        match &self.ids {
            Identifiers::Given(names) => names,
            Identifiers::Absent | Identifiers::Blank => &[],
        }
    }

    /// No identifier at all: everybody is meant, where that may be meant.
    /// An empty one means nobody.
    pub(in crate::wire::stalker) fn means_all(&self) -> bool {
        self.ids == Identifiers::Absent
    }

    /// The rows that the identifiers name, and how many of them name nothing.
    pub(in crate::wire::stalker) fn rows(&self, by: By) -> Result<(Vec<Row>, usize), Failure> {
        Ok(find::find(&self.ctx, by, self.names())?)
    }

    /// Refuses an empty body and one without any field that the resource knows.
    pub(in crate::wire::stalker) fn require_fields(
        &self,
        known: &[&str],
        no_body: &'static str,
        no_field: &'static str,
    ) -> Result<(), Failure> {
        if self.no_body {
            return Err(Failure::text(no_body));
        }
        if known.iter().any(|name| self.form.has(name)) {
            Ok(())
        } else {
            Err(Failure::text(no_field))
        }
    }
}
