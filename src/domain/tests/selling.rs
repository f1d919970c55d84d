//! What is on sale and to whom, and what an invoice may say of its seller.

use super::{at, monthly, monthly_with, offer, price};
use crate::domain::billing::order::Order;
use crate::domain::catalogue::dunning::Ladder;
use crate::domain::catalogue::eligibility::Eligibility;
use crate::domain::catalogue::kinds::{Billing, OfferStatus, OrderStatus, ProductStatus, Scope};
use crate::domain::catalogue::{ProductOffer, ProductSpec};
use crate::domain::provider::{is_invoice_prefix, letterhead_lines};
use crate::domain::values::calendar::PeriodCount;
use crate::domain::values::id::{ProductOfferId, ProductSpecId};
use crate::domain::values::reasons::Ineligible;

const NOW: &str = "2026-01-10";

fn product() -> ProductSpec {
    ProductSpec {
        id: ProductSpecId(3),
        foreign_id: None,
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
        created_at: at("2025-01-01"),
        updated_at: at("2025-01-01"),
        expires_at: None,
        removed_at: None,
    }
}

#[test]
fn an_offer_is_ordered_while_it_and_its_product_are_on_sale() {
    let on_sale = |change: fn(&mut ProductOffer, &mut ProductSpec)| {
        let (mut offer, mut product) = (offer(), product());
        change(&mut offer, &mut product);
        offer.is_orderable_at(&product, at(NOW))
    };
    assert!(on_sale(|_, _| {}));
    assert!(on_sale(|offer, _| offer.expires_at = Some(at("2026-01-11"))));
    assert!(!on_sale(|offer, _| offer.expires_at = Some(at(NOW))));
    assert!(!on_sale(|offer, _| offer.status = OfferStatus::Inactive));
    assert!(!on_sale(
        |offer, _| offer.removed_at = Some(at("2026-01-01"))
    ));
    assert!(on_sale(
        |_, product| product.expires_at = Some(at("2026-01-11"))
    ));
    assert!(!on_sale(|_, product| product.expires_at = Some(at(NOW))));
    assert!(!on_sale(|_, product| product.status = ProductStatus::Draft));
    assert!(!on_sale(
        |_, product| product.removed_at = Some(at("2026-01-01"))
    ));
}

#[test]
fn a_product_past_its_end_reads_as_expired() {
    let status = |status: ProductStatus, end: &str| status.at(Some(at(end)), at(NOW));
    assert_eq!(status(ProductStatus::Active, NOW), ProductStatus::Expired);
    assert_eq!(
        status(ProductStatus::Active, "2026-01-11"),
        ProductStatus::Active
    );
    assert_eq!(status(ProductStatus::Draft, NOW), ProductStatus::Draft);
    assert_eq!(
        status(ProductStatus::Inactive, "2026-01-11"),
        ProductStatus::Inactive
    );
}

#[test]
fn new_orders_begin_with_the_last_price_and_the_ladder_of_their_offer() {
    let mut offer = offer();
    offer.prices.push(price(7, "2026-01-01", Vec::new()));
    assert_eq!(offer.price_version(), 7);
    offer.prices.clear();
    assert_eq!(offer.price_version(), 0);
    assert_eq!(offer.ladder(), Ladder::usual(Billing::Prepaid));
    offer.ladder = Some(Ladder::usual(Billing::Postpaid));
    assert_eq!(offer.ladder(), Ladder::usual(Billing::Postpaid));
    assert_eq!(offer.cycles_total, PeriodCount::ZERO);
}

fn refused(rule: &Eligibility, orders: &[Order]) -> Option<Ineligible> {
    rule.refuses(ProductOfferId(4), orders, at(NOW))
}

#[test]
fn a_welcome_offer_is_for_those_who_never_had_an_order() {
    let welcome = Eligibility {
        new_customers: true,
        ..Eligibility::default()
    };
    assert_eq!(refused(&welcome, &[]), None);
    assert_eq!(refused(&welcome, &[monthly()]), Some(Ineligible::NotNew));
    let never_began = monthly_with(|order| order.activated_at = None);
    let removed = monthly_with(|order| order.status = OrderStatus::Deleted);
    assert_eq!(refused(&welcome, &[never_began, removed]), None);
    assert_eq!(refused(&Eligibility::default(), &[monthly()]), None);
}

#[test]
fn an_offer_may_be_for_each_customer_once() {
    let once = Eligibility {
        once_per_customer: true,
        ..Eligibility::default()
    };
    let other = monthly_with(|order| order.offer = Some(ProductOfferId(9)));
    assert_eq!(refused(&once, &[other]), None);
    assert_eq!(refused(&once, &[monthly()]), Some(Ineligible::HadBefore));
}

#[test]
fn an_offer_may_go_with_a_product_that_runs() {
    let with = |products: &[u64]| Eligibility {
        with_products: products.iter().map(|id| ProductSpecId(*id)).collect(),
        ..Eligibility::default()
    };
    let lacks = Some(Ineligible::LacksProduct);
    assert_eq!(refused(&with(&[8, 3]), &[monthly()]), None);
    assert_eq!(refused(&with(&[8]), &[monthly()]), lacks);
    assert_eq!(refused(&with(&[3]), &[]), lacks);
    let over = monthly_with(|order| order.status = OrderStatus::Expired);
    assert_eq!(refused(&with(&[3]), &[over]), lacks);
}

#[test]
fn a_letterhead_has_six_lines_of_120_characters() {
    let lines = |text: &str| letterhead_lines(text);
    assert_eq!(
        lines(" A \n\n B"),
        Some(vec!["A".to_owned(), "B".to_owned()])
    );
    assert_eq!(lines(""), Some(Vec::new()));
    assert!(lines(&"x\n".repeat(6)).is_some());
    assert_eq!(lines(&"x\n".repeat(7)), None);
    assert!(lines(&"ä".repeat(120)).is_some());
    assert_eq!(lines(&"ä".repeat(121)), None);
    assert_eq!(lines("a\u{7}b"), None);
}

#[test]
fn what_stands_before_an_invoice_number_is_short_and_plain() {
    for text in ["", "NL-", "2026/", "A.b_ß", "0123456789012345"] {
        assert!(is_invoice_prefix(text), "{text}");
    }
    for text in ["01234567890123456", "NL ", "NL#", "a\nb"] {
        assert!(!is_invoice_prefix(text), "{text}");
    }
}
