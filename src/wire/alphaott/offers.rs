//! Product offers: how a product is sold (alphaott 2.6).

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::domain::catalogue::eligibility::{Eligibility, WITH_PRODUCTS_MAX};
use crate::domain::catalogue::kinds::OfferStatus;
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::staff::Permission;
use crate::domain::values::calendar::has_passed;
use crate::ops;
use crate::ops::catalogue::{EligibilityInput, OfferChange};
use crate::wire::kit::json::{Body, Patch, given};

use super::error::Failure;
use super::fields::{
    BroughtId, Charges, Count, Moment, Name, Open, Opens, Reference, Text, shown, text,
};
use super::ids;
use super::words::{BillingWord, OfferStatusWord, OrderTypeWord, PeriodWord, PriceChangeWord};
use crate::wire::alphaott::error::Refusals;
use crate::wire::alphaott::request::{Ids, Params, Staff};

/// How a product is sold: term, cycles, charges.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductOffer)]
#[serde(rename_all = "camelCase")]
pub struct OfferOut {
    #[serde(rename = "_id")]
    id: String,
    product_spec: String,
    title: String,
    description: String,
    duration: Count,
    period: PeriodWord,
    number_of_billing_cycles: Count,
    r#type: OrderTypeWord,
    status: OfferStatusWord,
    charges: Vec<Open>,
    /// Who collects. Ours.
    billing: BillingWord,
    /// The ladder of orders that are not paid. Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    dunning: Option<Open>,
    /// Which customers it is for; not shown where it is for all. Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    eligibility: Option<EligibilityOut>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    updated: String,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    external_refs: Vec<Open>,
}

impl OfferOut {
    fn new(ctx: &Ctx, product: &ProductSpec, offer: &ProductOffer) -> Result<Self, Failure> {
        Ok(Self {
            id: ids::show_named(offer.foreign_id.as_ref(), offer.id),
            product_spec: ids::show_named(product.foreign_id.as_ref(), product.id),
            title: offer.title.clone(),
            description: offer.description.clone(),
            duration: Count(offer.term.count),
            period: offer.term.period.into(),
            number_of_billing_cycles: Count(offer.cycles_total),
            r#type: offer.order_type.into(),
            status: status_at(offer, ctx).into(),
            charges: Open::show_all(&offer.charges),
            billing: offer.billing.into(),
            dunning: offer.dunning.as_ref().map(Open::show),
            eligibility: EligibilityOut::new(ctx, &offer.eligibility)?,
            created: shown(offer.created_at),
            updated: shown(offer.updated_at),
            expires: offer.expires_at.map(shown),
            external_refs: Open::show_all(&offer.external_refs),
        })
    }
}

/// Which customers an offer is for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Eligibility)]
#[serde(rename_all = "camelCase")]
struct EligibilityOut {
    new_customers: bool,
    once_per_customer: bool,
    with_products: Vec<String>,
}

impl EligibilityOut {
    fn new(ctx: &Ctx, rule: &Eligibility) -> Result<Option<Self>, Failure> {
        if *rule == Eligibility::default() {
            return Ok(None);
        }
        let products = ops::catalogue::brought_product_ids(ctx, &rule.with_products)?;
        let shown = |(brought, id): &(Option<String>, _)| ids::show_named(brought.as_ref(), *id);
        Ok(Some(Self {
            new_customers: rule.new_customers,
            once_per_customer: rule.once_per_customer,
            with_products: products.iter().map(shown).collect(),
        }))
    }
}

/// Which customers may order; a member that is left out asks for nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = EligibilityInput)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EligibilityIn {
    /// Only customers who never had an order that began.
    #[serde(default)]
    new_customers: bool,
    /// Each customer once.
    #[serde(default)]
    once_per_customer: bool,
    /// Only customers who have one of these products now.
    #[serde(default)]
    #[schema(max_items = 64)]
    with_products: Vec<Reference>,
}

impl EligibilityIn {
    fn input(self) -> Result<EligibilityInput, Failure> {
        if self.with_products.len() > WITH_PRODUCTS_MAX {
            let problem = format!("must name at most {WITH_PRODUCTS_MAX} products");
            return Err(Failure::bad_request("eligibility.withProducts", &problem));
        }
        let products = self.with_products.iter();
        Ok(EligibilityInput {
            new_customers: self.new_customers,
            once_per_customer: self.once_per_customer,
            with_products: products.map(|id| ids::handle(&id.0)).collect(),
        })
    }
}

/// An offer has no word for expired: past its end it reads as inactive.
fn status_at(offer: &ProductOffer, ctx: &Ctx) -> OfferStatus {
    if has_passed(offer.expires_at, ctx.now) {
        OfferStatus::Inactive
    } else {
        offer.status
    }
}

/// An offer as a caller describes it. Nothing is required: without a term it is one month,
/// recurring. Null clears texts and dates and leaves the rest as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ProductOfferInput)]
#[serde(rename_all = "camelCase")]
pub struct OfferIn {
    /// Heeded for new offers only.
    #[serde(rename = "_id")]
    id: Option<BroughtId>,
    /// Must be the product of the path.
    product_spec: Option<Reference>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    title: Patch<Name>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Text>)]
    description: Patch<Text>,
    duration: Option<Count>,
    period: Option<PeriodWord>,
    number_of_billing_cycles: Option<Count>,
    r#type: Option<OrderTypeWord>,
    status: Option<OfferStatusWord>,
    charges: Option<Charges>,
    /// What changed charges mean for orders that run: `NEXT_CYCLE` (the default): from their next
    /// cycle on; `NEW_ORDERS`: nothing, they keep their price. Ours.
    price_change: Option<PriceChangeWord>,
    /// Who collects; `PREPAID` unless said. Ours.
    billing: Option<BillingWord>,
    /// `grace_days`, `reminder_days`, `suspend_days`; null: the usual ladder. Ours.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Open>)]
    dunning: Patch<Open>,
    /// Which customers it is for; null: for all. Ours.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<EligibilityIn>)]
    eligibility: Patch<EligibilityIn>,
    /// Heeded for new offers only.
    created: Option<Moment>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    expires: Patch<Moment>,
    external_refs: Option<Opens>,
}

impl OfferIn {
    /// What it comes to for an offer of `product`, which the body may name but not change.
    fn change(self, ctx: &Ctx, product: &ProductSpec) -> Result<OfferChange, Failure> {
        if let Some(Reference(named)) = &self.product_spec {
            let named = ops::catalogue::product(ctx, &ids::handle(named)).ok();
            if named.is_none_or(|named| named.id != product.id) {
                return Err(Failure::conflict(
                    "productSpec: is not the product of the path",
                ));
            }
        }
        let eligibility = self.eligibility.map(Option::unwrap_or_default);
        Ok(OfferChange {
            eligibility: eligibility.map(EligibilityIn::input).transpose()?,
            id: self.id.map(|id| ids::handle(&id.0)),
            title: text(self.title),
            description: text(self.description),
            count: self.duration.map(|count| count.0),
            period: self.period.map(Into::into),
            cycles_total: self.number_of_billing_cycles.map(|count| count.0),
            order_type: self.r#type.map(Into::into),
            status: self.status.map(Into::into),
            charges: self
                .charges
                .map(|list| list.0.into_iter().map(|c| c.0.stored()).collect()),
            price_change: self.price_change.map(Into::into).unwrap_or_default(),
            billing: self.billing.map(Into::into),
            dunning: self.dunning.map(|ladder| ladder.map(Open::stored)),
            external_refs: self.external_refs.map(Opens::stored),
            created_at: self.created.map(|at| at.0),
            expires_at: self.expires.map(|at| at.map(|at| at.0)),
        })
    }
}

/// The status asked for: `ACTIVE` matches what is shown as `ACTTIVE` (alphaott 1.6).
fn wanted(params: &Params) -> Result<Option<OfferStatus>, Failure> {
    params.only(&["status"])?;
    let word = params.word("status", OfferStatusWord::parse, &["ACTIVE", "INACTIVE"])?;
    Ok(word.map(Into::into))
}

/// Get product offers available for customer
///
/// Without `status`: those that can be ordered. Offers that are for other customers are left out.
#[utoipa::path(get, path = "/customers/{customerId}/product-specs/{productSpecId}/offers",
    tag = "Catalogue",
    params(
        ("customerId" = String, Path),
        ("productSpecId" = String, Path),
        ("status" = inline(Option<OfferFilter>), Query),
    ),
    responses((status = 200, body = Vec<OfferOut>), Refusals))]
pub async fn customer_offers(
    Staff(ctx): Staff,
    path: Ids,
    params: Params,
) -> Result<Json<Vec<OfferOut>>, Failure> {
    ctx.require(Permission::CatalogueRead)?;
    let wanted = wanted(&params)?.unwrap_or(OfferStatus::Active);
    let (product, offers) = ops::catalogue::offers_for(&ctx, &path.customer(), &path.id(1))?;
    let offers = offers
        .iter()
        .filter(|offer| status_at(offer, &ctx) == wanted);
    offers
        .map(|offer| OfferOut::new(&ctx, &product, offer))
        .collect::<Result<_, _>>()
        .map(Json)
}

/// What offers are filtered by. The vendor spells it `ACTIVE` here; `ACTTIVE` is taken too.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "only describes the parameter")]
enum OfferFilter {
    Active,
    Acttive,
    Inactive,
}

/// Get product offers
#[utoipa::path(get, path = "/product-specs/{productSpecId}/offers", tag = "Catalogue",
    params(("productSpecId" = String, Path), ("status" = inline(Option<OfferFilter>), Query)),
    responses((status = 200, body = Vec<OfferOut>), Refusals))]
pub async fn list(
    Staff(ctx): Staff,
    path: Ids,
    params: Params,
) -> Result<Json<Vec<OfferOut>>, Failure> {
    ctx.require(Permission::CatalogueRead)?;
    let wanted = wanted(&params)?;
    let product = ops::catalogue::product(&ctx, &path.id(0))?;
    let offers = ops::catalogue::offers(&ctx, &path.id(0))?;
    let fits = |offer: &&ProductOffer| wanted.is_none_or(|wanted| status_at(offer, &ctx) == wanted);
    let offers = offers.iter().filter(fits);
    offers
        .map(|offer| OfferOut::new(&ctx, &product, offer))
        .collect::<Result<_, _>>()
        .map(Json)
}

/// Create product offer
#[utoipa::path(post, path = "/product-specs/{productSpecId}/offers", tag = "Catalogue",
    params(("productSpecId" = String, Path)), request_body = Option<OfferIn>,
    responses((status = 201, body = OfferOut), Refusals))]
pub async fn create(
    Staff(ctx): Staff,
    path: Ids,
    body: Body,
) -> Result<(StatusCode, Json<OfferOut>), Failure> {
    ctx.require(Permission::CatalogueWrite)?;
    let product = ops::catalogue::product(&ctx, &path.id(0))?;
    let input: OfferIn = body.parse_or_empty()?;
    let change = input.change(&ctx, &product)?;
    let offer = ops::catalogue::create_offer(&ctx, path.id(0), change).await?;
    Ok((
        StatusCode::CREATED,
        Json(OfferOut::new(&ctx, &product, &offer)?),
    ))
}

/// Get product offer by id
#[utoipa::path(get, path = "/product-specs/{productSpecId}/offers/{offerId}", tag = "Catalogue",
    params(("productSpecId" = String, Path), ("offerId" = String, Path)),
    responses((status = 200, body = OfferOut), Refusals))]
pub async fn get(Staff(ctx): Staff, path: Ids) -> Result<Json<OfferOut>, Failure> {
    let product = ops::catalogue::product(&ctx, &path.id(0))?;
    let offer = ops::catalogue::offer(&ctx, &path.id(0), &path.id(1))?;
    OfferOut::new(&ctx, &product, &offer).map(Json)
}

/// Update product offer
///
/// Merges: what is not given stays. Orders made of it keep their terms.
#[utoipa::path(put, path = "/product-specs/{productSpecId}/offers/{offerId}", tag = "Catalogue",
    params(("productSpecId" = String, Path), ("offerId" = String, Path)),
    request_body = Option<OfferIn>,
    responses((status = 200, body = OfferOut), Refusals))]
pub async fn update(Staff(ctx): Staff, path: Ids, body: Body) -> Result<Json<OfferOut>, Failure> {
    ctx.require(Permission::CatalogueWrite)?;
    let product = ops::catalogue::product(&ctx, &path.id(0))?;
    ops::catalogue::offer(&ctx, &path.id(0), &path.id(1))?;
    let input: OfferIn = body.parse_or_empty()?;
    let change = input.change(&ctx, &product)?;
    let offer = ops::catalogue::update_offer(&ctx, path.id(0), path.id(1), change).await?;
    OfferOut::new(&ctx, &product, &offer).map(Json)
}

/// Remove product offer
///
/// It is no longer sold; orders made of it run on.
#[utoipa::path(delete, path = "/product-specs/{productSpecId}/offers/{offerId}",
    tag = "Catalogue",
    params(("productSpecId" = String, Path), ("offerId" = String, Path)),
    responses((status = 204), Refusals))]
pub async fn remove(Staff(ctx): Staff, path: Ids) -> Result<StatusCode, Failure> {
    ops::catalogue::remove_offer(&ctx, path.id(0), path.id(1)).await?;
    Ok(StatusCode::NO_CONTENT)
}
