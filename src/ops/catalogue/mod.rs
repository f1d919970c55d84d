//! What is for sale: service specs, product specs, product offers.

pub mod channels;
pub mod charges;
pub mod packages;

use super::{Handle, Named, OpError};
use crate::app::Ctx;
use crate::domain::billing::giving;
use crate::domain::catalogue::eligibility::Eligibility;
use crate::domain::catalogue::kinds::{
    Billing, Content, ContentType, OfferStatus, OrderType, ProductStatus, Scope, ServiceStatus,
    ServiceType,
};
use crate::domain::catalogue::{PackageSale, ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::customers::Customer;
use crate::domain::refusal::{OrderRefusal, Refusal};
use crate::domain::staff::Permission;
use crate::domain::values::calendar::{PeriodCount, Term};
use crate::domain::values::id::{CustomerId, ProductOfferId, ProductSpecId, ServiceSpecId};
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;
use crate::ops::catalogue::charges::PriceChange;
use crate::store::key::owned_by;
use crate::store::{Owned as _, Read, Table};

impl Named for ServiceSpec {
    const KIND: &'static str = "service specification";
    const FOREIGN: Option<Table> = Some(Table::ServiceSpecsByForeign);
}

impl Named for ProductSpec {
    const KIND: &'static str = "product specification";
    const FOREIGN: Option<Table> = Some(Table::ProductSpecsByForeign);

    fn is_gone(&self) -> bool {
        self.removed_at.is_some()
    }
}

impl Named for ProductOffer {
    const KIND: &'static str = "product offer";
    const FOREIGN: Option<Table> = Some(Table::OffersByForeign);

    fn is_gone(&self) -> bool {
        self.removed_at.is_some()
    }
}

/// Most rights in one product.
pub const SERVICE_SPECS_PER_PRODUCT_MAX: usize = 256;
/// Most offers of one product that are not removed.
pub const OFFERS_PER_PRODUCT_MAX: usize = 1_000;

/// What a caller says of a service spec; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ServiceSpecChange {
    pub id: Option<Handle<ServiceSpecId>>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub service_type: Option<ServiceType>,
    pub content_type: Option<ContentType>,
    pub scope: Option<Scope>,
    pub status: Option<ServiceStatus>,
    pub activated_at: Option<Option<Timestamp>>,
    pub created_at: Option<Timestamp>,
    pub expires_at: Option<Option<Timestamp>>,
    pub external_refs: Option<Vec<OpenObject>>,
}

/// What a caller says of a product spec; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ProductSpecChange {
    pub id: Option<Handle<ProductSpecId>>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub scope: Option<Scope>,
    pub status: Option<ProductStatus>,
    pub service_specs: Option<Vec<Handle<ServiceSpecId>>>,
    pub optional_service_specs: Option<Vec<Handle<ServiceSpecId>>>,
    pub posters: Option<Vec<OpenObject>>,
    pub external_refs: Option<Vec<OpenObject>>,
    pub created_at: Option<Timestamp>,
    pub expires_at: Option<Option<Timestamp>>,
}

impl ProductSpecChange {
    /// Every service spec that it names.
    pub fn specs(&self) -> impl Iterator<Item = &Handle<ServiceSpecId>> {
        let lists = [&self.service_specs, &self.optional_service_specs];
        lists.into_iter().flatten().flatten()
    }
}

/// What a caller says of an offer; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct OfferChange {
    pub id: Option<Handle<ProductOfferId>>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub count: Option<PeriodCount>,
    pub period: Option<crate::domain::values::calendar::Period>,
    pub cycles_total: Option<PeriodCount>,
    pub order_type: Option<OrderType>,
    pub status: Option<OfferStatus>,
    pub billing: Option<Billing>,
    pub charges: Option<Vec<OpenObject>>,
    /// What changed charges mean for orders that run.
    pub price_change: PriceChange,
    /// `Some(None)`: the usual ladder.
    pub dunning: Option<Option<OpenObject>>,
    pub eligibility: Option<EligibilityInput>,
    pub external_refs: Option<Vec<OpenObject>>,
    pub created_at: Option<Timestamp>,
    pub expires_at: Option<Option<Timestamp>>,
}

/// Which customers an offer is for, as a caller says it. What is not said holds for none.
#[derive(Debug, Clone, Default)]
pub struct EligibilityInput {
    pub new_customers: bool,
    pub once_per_customer: bool,
    /// At most `WITH_PRODUCTS_MAX`.
    pub with_products: Vec<Handle<ProductSpecId>>,
}

/// All service specs, oldest first. There are few.
pub fn service_specs(ctx: &Ctx) -> Result<Vec<ServiceSpec>, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    Ok(ctx.snapshot()?.all()?)
}

pub fn service_spec(ctx: &Ctx, handle: &Handle<ServiceSpecId>) -> Result<ServiceSpec, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    super::find(&ctx.snapshot()?, handle)
}

/// The id that a client brought for a service spec, for showing links to it.
pub fn brought_id(ctx: &Ctx, id: ServiceSpecId) -> Result<Option<String>, OpError> {
    let spec = ctx.snapshot()?.get::<ServiceSpec>(&id)?;
    Ok(spec.and_then(|spec| spec.foreign_id))
}

/// An offer's product, and the ids that clients brought for both, for showing links to them.
pub struct OfferNames {
    pub offer: Option<String>,
    pub product: ProductSpecId,
    pub named_product: Option<String>,
}

pub fn offer_names(ctx: &Ctx, offer: ProductOfferId) -> Result<OfferNames, OpError> {
    let snapshot = ctx.snapshot()?;
    let offer: ProductOffer = super::get(&snapshot, offer)?;
    let product: ProductSpec = super::get(&snapshot, offer.product)?;
    Ok(OfferNames {
        offer: offer.foreign_id,
        product: product.id,
        named_product: product.foreign_id,
    })
}

/// Creates a service spec; kind, content type and scope are the caller's to give.
pub async fn create_service_spec(
    ctx: &Ctx,
    service_type: ServiceType,
    content_type: ContentType,
    scope: Scope,
    input: ServiceSpecChange,
) -> Result<ServiceSpec, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    ctx.write(move |ctx, tx| {
        let foreign_id = super::free_id::<ServiceSpec>(tx, input.id.as_ref())?;
        let status = input.status.unwrap_or(ServiceStatus::Active);
        let mut spec = ServiceSpec {
            id: tx.next_id()?,
            foreign_id,
            external_id: None,
            title: String::new(),
            description: String::new(),
            service_type,
            content_type,
            scope,
            content: Content::All,
            sale: PackageSale {
                periodic: true,
                rent_duration_hours: 0,
                price: None,
            },
            status,
            created_at: input.created_at.unwrap_or(ctx.now),
            activated_at: (status == ServiceStatus::Active).then_some(ctx.now),
            updated_at: ctx.now,
            expires_at: None,
            external_refs: Vec::new(),
        };
        assign_service_spec(&mut spec, input, ctx.now);
        super::create(ctx, tx, "service_spec.create", &spec)?;
        Ok(spec)
    })
    .await
}

pub async fn update_service_spec(
    ctx: &Ctx,
    handle: Handle<ServiceSpecId>,
    input: ServiceSpecChange,
) -> Result<ServiceSpec, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    ctx.write(move |ctx, tx| {
        let before: ServiceSpec = super::find(tx, &handle)?;
        let mut after = before.clone();
        assign_service_spec(&mut after, input, ctx.now);
        super::change(ctx, tx, "service_spec.update", &before, &after)?;
        Ok(after)
    })
    .await
}

fn assign_service_spec(spec: &mut ServiceSpec, input: ServiceSpecChange, now: Timestamp) {
    spec.title = input
        .title
        .unwrap_or_else(|| std::mem::take(&mut spec.title));
    spec.description = input
        .description
        .unwrap_or_else(|| std::mem::take(&mut spec.description));
    spec.service_type = input.service_type.unwrap_or(spec.service_type);
    spec.content_type = input.content_type.unwrap_or(spec.content_type);
    spec.scope = input.scope.unwrap_or(spec.scope);
    spec.status = input.status.unwrap_or(spec.status);
    if spec.status == ServiceStatus::Active && spec.activated_at.is_none() {
        spec.activated_at = Some(now);
    }
    spec.activated_at = Timestamp::after_input(spec.activated_at, input.activated_at);
    spec.expires_at = Timestamp::after_input(spec.expires_at, input.expires_at);
    spec.updated_at = now;
    if let Some(refs) = input.external_refs {
        spec.external_refs = refs;
    }
}

/// All product specs that are not removed, oldest first. There are few.
pub fn products(ctx: &Ctx) -> Result<Vec<ProductSpec>, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    let mut products: Vec<ProductSpec> = ctx.snapshot()?.all()?;
    products.retain(|product| product.removed_at.is_none());
    Ok(products)
}

/// As [`products`], for a customer: without those of which every offer is for others only.
pub fn products_for(ctx: &Ctx, customer: &Handle<CustomerId>) -> Result<Vec<ProductSpec>, OpError> {
    let mut products = products(ctx)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    let orders = snapshot.orders_of(customer.id)?;
    let mut hidden = Vec::new();
    for product in &products {
        let offers = offers_of(&snapshot, product.id)?;
        let mut on_sale = offers
            .iter()
            .filter(|offer| offer.is_orderable_at(product, ctx.now))
            .peekable();
        let for_others = |offer: &ProductOffer| {
            offer
                .eligibility
                .refuses(offer.id, &orders, ctx.now)
                .is_some()
        };
        if on_sale.peek().is_some() && on_sale.all(for_others) {
            hidden.push(product.id);
        }
    }
    products.retain(|product| !hidden.contains(&product.id));
    Ok(products)
}

pub fn product(ctx: &Ctx, handle: &Handle<ProductSpecId>) -> Result<ProductSpec, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    super::find(&ctx.snapshot()?, handle)
}

pub async fn create_product(ctx: &Ctx, input: ProductSpecChange) -> Result<ProductSpec, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    ctx.write(move |ctx, tx| {
        let foreign_id = super::free_id::<ProductSpec>(tx, input.id.as_ref())?;
        let mut product = ProductSpec {
            id: tx.next_id()?,
            foreign_id,
            external_id: None,
            title: String::new(),
            description: String::new(),
            scope: Scope::AllItems,
            status: ProductStatus::Active,
            service_specs: Vec::new(),
            optional_service_specs: Vec::new(),
            user_default: false,
            days_to_expires: 0,
            devices_max: None,
            posters: Vec::new(),
            external_refs: Vec::new(),
            created_at: input.created_at.unwrap_or(ctx.now),
            updated_at: ctx.now,
            expires_at: None,
            removed_at: None,
        };
        assign_product(tx, &mut product, input, ctx.now)?;
        super::create(ctx, tx, "product_spec.create", &product)?;
        Ok(product)
    })
    .await
}

pub async fn update_product(
    ctx: &Ctx,
    handle: Handle<ProductSpecId>,
    input: ProductSpecChange,
) -> Result<ProductSpec, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    ctx.write(move |ctx, tx| {
        let before: ProductSpec = super::find(tx, &handle)?;
        let mut after = before.clone();
        assign_product(tx, &mut after, input, ctx.now)?;
        super::change(ctx, tx, "product_spec.update", &before, &after)?;
        Ok(after)
    })
    .await
}

/// Removes a product and its offers from sale. Orders for it run on.
pub async fn remove_product(ctx: &Ctx, handle: Handle<ProductSpecId>) -> Result<(), OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    ctx.write(move |ctx, tx| {
        let before: ProductSpec = super::find(tx, &handle)?;
        let mut after = before.clone();
        after.removed_at = Some(ctx.now);
        after.updated_at = ctx.now;
        super::change(ctx, tx, "product_spec.remove", &before, &after)
    })
    .await
}

fn assign_product(
    read: &impl Read,
    product: &mut ProductSpec,
    input: ProductSpecChange,
    now: Timestamp,
) -> Result<(), OpError> {
    if let Some(handles) = input.service_specs {
        product.service_specs = spec_ids(read, &handles)?;
    }
    if let Some(handles) = input.optional_service_specs {
        product.optional_service_specs = spec_ids(read, &handles)?;
    }
    product.title = input
        .title
        .unwrap_or_else(|| std::mem::take(&mut product.title));
    product.description = input
        .description
        .unwrap_or_else(|| std::mem::take(&mut product.description));
    product.scope = input.scope.unwrap_or(product.scope);
    product.status = input.status.unwrap_or(product.status);
    product.expires_at = Timestamp::after_input(product.expires_at, input.expires_at);
    product.updated_at = now;
    if let Some(posters) = input.posters {
        product.posters = posters;
    }
    if let Some(refs) = input.external_refs {
        product.external_refs = refs;
    }
    Ok(())
}

/// The specs that a list names, each once.
fn spec_ids(
    read: &impl Read,
    handles: &[Handle<ServiceSpecId>],
) -> Result<Vec<ServiceSpecId>, OpError> {
    let mut ids = Vec::with_capacity(handles.len());
    for handle in handles {
        let spec: ServiceSpec = super::find(read, handle)?;
        if !ids.contains(&spec.id) {
            ids.push(spec.id);
        }
    }
    Ok(ids)
}

/// The offers of a product, oldest first.
pub fn offers(ctx: &Ctx, product: &Handle<ProductSpecId>) -> Result<Vec<ProductOffer>, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    let snapshot = ctx.snapshot()?;
    let product: ProductSpec = super::find(&snapshot, product)?;
    offers_of(&snapshot, product.id)
}

/// As [`offers`], for a customer: only what they are eligible for.
pub fn offers_for(
    ctx: &Ctx,
    customer: &Handle<CustomerId>,
    product: &Handle<ProductSpecId>,
) -> Result<(ProductSpec, Vec<ProductOffer>), OpError> {
    ctx.require(Permission::CatalogueRead)?;
    let snapshot = ctx.snapshot()?;
    let customer: Customer = super::find(&snapshot, customer)?;
    let product: ProductSpec = super::find(&snapshot, product)?;
    let mut offers = offers_of(&snapshot, product.id)?;
    let orders = snapshot.orders_of(customer.id)?;
    offers.retain(|offer| {
        offer
            .eligibility
            .refuses(offer.id, &orders, ctx.now)
            .is_none()
    });
    Ok((product, offers))
}

pub fn offer(
    ctx: &Ctx,
    product: &Handle<ProductSpecId>,
    offer: &Handle<ProductOfferId>,
) -> Result<ProductOffer, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    let snapshot = ctx.snapshot()?;
    let product: ProductSpec = super::find(&snapshot, product)?;
    owned_offer(&snapshot, &product, offer)
}

pub async fn create_offer(
    ctx: &Ctx,
    product: Handle<ProductSpecId>,
    input: OfferChange,
) -> Result<ProductOffer, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    ctx.write(move |ctx, tx| {
        let product: ProductSpec = super::find(tx, &product)?;
        let max = OFFERS_PER_PRODUCT_MAX;
        if offers_of(tx, product.id)?.len() >= max {
            return Err(Refusal::TooMany {
                what: "offers",
                max,
            }
            .into());
        }
        let foreign_id = super::free_id::<ProductOffer>(tx, input.id.as_ref())?;
        let mut offer = ProductOffer {
            id: tx.next_id()?,
            foreign_id,
            product: product.id,
            title: String::new(),
            description: String::new(),
            term: Term {
                count: PeriodCount::whole(1).unwrap_or(PeriodCount::ZERO),
                period: crate::domain::values::calendar::Period::Month,
            },
            cycles_total: PeriodCount::ZERO,
            order_type: OrderType::Recurring,
            status: OfferStatus::Active,
            billing: Billing::Prepaid,
            charges: Vec::new(),
            dunning: None,
            prices: Vec::new(),
            ladder: None,
            eligibility: Eligibility::default(),
            external_refs: Vec::new(),
            created_at: input.created_at.unwrap_or(ctx.now),
            updated_at: ctx.now,
            expires_at: None,
            removed_at: None,
        };
        assign_offer(ctx, tx, &mut offer, input)?;
        super::create(ctx, tx, "product_offer.create", &offer)?;
        Ok(offer)
    })
    .await
}

pub async fn update_offer(
    ctx: &Ctx,
    product: Handle<ProductSpecId>,
    offer: Handle<ProductOfferId>,
    input: OfferChange,
) -> Result<ProductOffer, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    ctx.write(move |ctx, tx| {
        let product: ProductSpec = super::find(tx, &product)?;
        let before = owned_offer(tx, &product, &offer)?;
        let mut after = before.clone();
        assign_offer(ctx, tx, &mut after, input)?;
        // The ladder holds for orders that run, too: grace is time that nobody pays for.
        let for_running = giving::reprices_running(&before.prices, &after.prices)
            || after.ladder != before.ladder;
        if for_running {
            ctx.require(Permission::RunningPricesWrite)?;
        }
        super::change(ctx, tx, "product_offer.update", &before, &after)?;
        Ok(after)
    })
    .await
}

/// Removes an offer from sale. Orders made of it run on.
pub async fn remove_offer(
    ctx: &Ctx,
    product: Handle<ProductSpecId>,
    offer: Handle<ProductOfferId>,
) -> Result<(), OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    ctx.write(move |ctx, tx| {
        let product: ProductSpec = super::find(tx, &product)?;
        let before = owned_offer(tx, &product, &offer)?;
        let mut after = before.clone();
        after.removed_at = Some(ctx.now);
        after.updated_at = ctx.now;
        super::change(ctx, tx, "product_offer.remove", &before, &after)
    })
    .await
}

fn assign_offer(
    ctx: &Ctx,
    read: &impl Read,
    offer: &mut ProductOffer,
    input: OfferChange,
) -> Result<(), OpError> {
    let before = offer.clone();
    offer.title = input
        .title
        .unwrap_or_else(|| std::mem::take(&mut offer.title));
    offer.description = input
        .description
        .unwrap_or_else(|| std::mem::take(&mut offer.description));
    offer.term.count = input.count.unwrap_or(offer.term.count);
    offer.term.period = input.period.unwrap_or(offer.term.period);
    offer.cycles_total = input.cycles_total.unwrap_or(offer.cycles_total);
    offer.order_type = input.order_type.unwrap_or(offer.order_type);
    offer.status = input.status.unwrap_or(offer.status);
    offer.expires_at = Timestamp::after_input(offer.expires_at, input.expires_at);
    offer.updated_at = ctx.now;
    offer.billing = input.billing.unwrap_or(offer.billing);
    // Another term is another price, for new orders only: those that run keep theirs.
    let other_term = offer
        .prices
        .last()
        .is_some_and(|price| price.term != offer.term);
    let charges = input
        .charges
        .or_else(|| other_term.then(|| offer.charges.clone()));
    if let Some(charges) = charges {
        let home = ctx.app.company().currency;
        let change = input.price_change;
        charges::set_charges(offer, charges, change, home, "charges", ctx.now)?;
    }
    charges::check_offer(Some(&before), offer, "charges")?;
    if let Some(dunning) = input.dunning {
        charges::set_ladder(offer, dunning, "dunning")?;
    }
    if let Some(eligibility) = input.eligibility {
        let mut products = Vec::with_capacity(eligibility.with_products.len());
        for handle in &eligibility.with_products {
            products.push(super::find::<ProductSpec>(read, handle)?.id);
        }
        offer.eligibility = Eligibility {
            new_customers: eligibility.new_customers,
            once_per_customer: eligibility.once_per_customer,
            with_products: products,
        };
    }
    if let Some(refs) = input.external_refs {
        offer.external_refs = refs;
    }
    Ok(())
}

/// Refuses an offer that is not for this customer.
pub(super) fn check_eligible(
    read: &impl Read,
    customer: CustomerId,
    offer: &ProductOffer,
    now: Timestamp,
) -> Result<(), OpError> {
    if offer.eligibility == Eligibility::default() {
        return Ok(());
    }
    let orders = read.orders_of(customer)?;
    match offer.eligibility.refuses(offer.id, &orders, now) {
        Some(reason) => Err(OrderRefusal::NotEligible { reason }.into()),
        None => Ok(()),
    }
}

/// The ids that clients brought for products, for showing links to them.
pub fn brought_product_ids(
    ctx: &Ctx,
    products: &[ProductSpecId],
) -> Result<Vec<(Option<String>, ProductSpecId)>, OpError> {
    let snapshot = ctx.snapshot()?;
    let mut ids = Vec::with_capacity(products.len());
    for product in products {
        let product: ProductSpec = super::get(&snapshot, *product)?;
        ids.push((product.foreign_id, product.id));
    }
    Ok(ids)
}

fn offers_of(read: &impl Read, product: ProductSpecId) -> Result<Vec<ProductOffer>, OpError> {
    let mut offers: Vec<ProductOffer> = read.listed(Table::OffersByProduct, &owned_by(product))?;
    offers.retain(|offer| offer.removed_at.is_none());
    Ok(offers)
}

fn owned_offer(
    read: &impl Read,
    product: &ProductSpec,
    handle: &Handle<ProductOfferId>,
) -> Result<ProductOffer, OpError> {
    let offer: ProductOffer = super::find(read, handle)?;
    if offer.product == product.id {
        Ok(offer)
    } else {
        Err(super::missing::<ProductOffer>(&handle.text))
    }
}
