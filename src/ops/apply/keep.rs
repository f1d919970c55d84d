//! Storing the elements of a document where they differ from what is there, and what the report
//! says of that.

use crate::app::Ctx;
use crate::domain::catalogue::content::{Channel, Genre, Movie, Reseller};
use crate::domain::catalogue::{ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::event::Change;
use crate::domain::partners::Partner;
use crate::domain::provider::Provider;
use crate::domain::values::id::Id;
use crate::ops::OpError;
use crate::store::{Read as _, Record, Tx};

use super::price_words;
use super::report::{ElementChange, Outcome, Report, Touches};

/// Stores what differs from what is held, and keeps count.
pub(super) struct Keeper<'k> {
    pub ctx: &'k Ctx,
    /// Whether the report says what differs.
    pub lists_changes: bool,
    pub report: &'k mut Report,
}

impl Keeper<'_> {
    /// Stores a record whose number the document may have brought.
    pub fn by_id<R>(
        &mut self,
        tx: &mut Tx<'_>,
        section: &'static str,
        index: usize,
        id: R::Key,
        record: &R,
    ) -> Result<(), OpError>
    where
        R: Record<Key: Id> + PartialEq + Touching,
    {
        tx.reserve(id)?;
        let held = tx.get::<R>(&id)?;
        self.keep(tx, section, format!("{section}[{index}]"), held, record)
    }

    /// Stores a record if it differs from the one that is held.
    pub fn keep<R: Record + PartialEq + Touching>(
        &mut self,
        tx: &mut Tx<'_>,
        section: &'static str,
        place: String,
        held: Option<R>,
        record: &R,
    ) -> Result<(), OpError> {
        let outcome = match held {
            None => {
                crate::ops::create(self.ctx, tx, "apply.create", record)?;
                Outcome::Created
            }
            Some(held) if held == *record => Outcome::Left,
            Some(held) => {
                crate::ops::change(self.ctx, tx, "apply.change", &held, record)?;
                return self.note_changed(tx, section, place, &held, record);
            }
        };
        self.report.count(section, outcome);
        Ok(())
    }

    /// Counts an element that was changed; a dry run says how.
    pub fn note_changed<R: Record + Touching>(
        &mut self,
        tx: &Tx<'_>,
        section: &'static str,
        place: String,
        held: &R,
        record: &R,
    ) -> Result<(), OpError> {
        if self.lists_changes {
            self.report.note(ElementChange {
                section,
                place,
                changes: record.told(held, crate::ops::changes(held, record)?),
                orders: None,
                touches: record.touches(tx)?,
            });
        }
        self.report.count(section, Outcome::Changed);
        Ok(())
    }
}

/// Records of a document, by which orders a change of them touches.
pub(super) trait Touching {
    fn touches(&self, _tx: &Tx<'_>) -> Result<Touches, OpError> {
        Ok(Touches::None)
    }

    /// What differs from what is held, as a person reads it.
    fn told(&self, _held: &Self, changes: Vec<Change>) -> Vec<Change> {
        changes
    }
}

impl Touching for Provider {}
impl Touching for Genre {}
impl Touching for Channel {}
impl Touching for Movie {}
impl Touching for Reseller {}
impl Touching for Partner {}

impl Touching for ServiceSpec {
    fn touches(&self, tx: &Tx<'_>) -> Result<Touches, OpError> {
        let products = tx.all::<ProductSpec>()?;
        let with_it = products.into_iter().filter(|product| {
            let mut all = product
                .service_specs
                .iter()
                .chain(&product.optional_service_specs);
            all.any(|id| *id == self.id)
        });
        Ok(Touches::Products(
            with_it.map(|product| product.id).collect(),
        ))
    }
}

impl Touching for ProductSpec {
    fn touches(&self, _tx: &Tx<'_>) -> Result<Touches, OpError> {
        Ok(Touches::Products(vec![self.id]))
    }
}

impl Touching for ProductOffer {
    fn touches(&self, _tx: &Tx<'_>) -> Result<Touches, OpError> {
        Ok(Touches::Offer(self.id))
    }

    fn told(&self, held: &Self, changes: Vec<Change>) -> Vec<Change> {
        price_words::offer(held, self, changes)
    }
}
