//! Which index the records of the catalogue write. Their tables stand with all others in `schema`.

use crate::domain::catalogue::{ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::values::id::{Id as _, ProductOfferId, ProductSpecId, ServiceSpecId};
use crate::store::error::CodecError;
use crate::store::key::number;
use crate::store::record::{Entries, Record};
use crate::store::tables::Table;
use crate::store::versions;
use crate::store::versions::catalogue;

impl Record for ServiceSpec {
    type Key = ServiceSpecId;
    const TABLE: Table = Table::ServiceSpecs;
    const INDEXES: &'static [Table] =
        &[Table::ServiceSpecsByForeign, Table::ServiceSpecsByExternal];
    const VERSION: u8 = 1;

    fn key(&self) -> ServiceSpecId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.foreign(Table::ServiceSpecsByForeign, self.foreign_id.as_deref());
        entries.foreign(Table::ServiceSpecsByExternal, self.external_id.as_deref());
    }
}

impl Record for ProductSpec {
    type Key = ProductSpecId;
    const TABLE: Table = Table::ProductSpecs;
    const INDEXES: &'static [Table] =
        &[Table::ProductSpecsByForeign, Table::ProductSpecsByExternal];
    const VERSION: u8 = 2;

    fn key(&self) -> ProductSpecId {
        self.id
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        catalogue::product_spec(version, body)
    }

    fn entries(&self, entries: &mut Entries) {
        entries.foreign(Table::ProductSpecsByForeign, self.foreign_id.as_deref());
        entries.foreign(Table::ProductSpecsByExternal, self.external_id.as_deref());
    }
}

impl Record for ProductOffer {
    type Key = ProductOfferId;
    const TABLE: Table = Table::Offers;
    const INDEXES: &'static [Table] = &[Table::OffersByForeign, Table::OffersByProduct];
    const VERSION: u8 = 5;

    fn key(&self) -> ProductOfferId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.foreign(Table::OffersByForeign, self.foreign_id.as_deref());
        entries.listed(
            Table::OffersByProduct,
            &number(self.product),
            self.id.number(),
        );
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        versions::offer(version, body)
    }
}
