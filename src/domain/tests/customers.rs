//! Customers, their names, and how they are reached and found.

use super::at;
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::customers::service::{Origin, Service};
use crate::domain::customers::{
    BoxProfile, Customer, CustomerPassword, CustomerStatus, PaidUntil, PersonName,
};
use crate::domain::staff::Secret;
use crate::domain::values::contact::{Email, fold, fold_email, is_blank, kept_name};
use crate::domain::values::id::{ChannelId, CustomerId, OrderId, ServiceId};
use crate::domain::values::time::Timestamp;

fn customer() -> Customer {
    Customer::new(CustomerId(2), String::new(), at("2026-01-01"))
}

#[test]
fn a_name_that_came_whole_is_read_back_whole() {
    let mut name = PersonName::default();
    assert_eq!(name.whole(), "");
    name.first = "Ada".to_owned();
    assert_eq!(name.whole(), "Ada");
    name.last = "King".to_owned();
    assert_eq!(name.whole(), "Ada King");
    name.set_full("Ada Augusta King");
    assert_eq!(
        (name.first.as_str(), name.last.as_str()),
        ("Ada", "Augusta King")
    );
    name.first = "A.".to_owned();
    assert_eq!(name.whole(), "Ada Augusta King");
    name.set_full("Ada");
    assert_eq!((name.first.as_str(), name.last.as_str()), ("Ada", ""));
}

#[test]
fn a_quick_hash_begins_with_its_salt() {
    let text = format!("{}{}", "ab".repeat(16), "cd".repeat(32));
    let salt = "ab".repeat(16);
    let held = || Secret(text.clone());
    for password in [
        CustomerPassword::Quick(held()),
        CustomerPassword::Hardened(held()),
    ] {
        assert_eq!(password.quick_salt(), Some(salt.as_str()));
    }
    assert_eq!(CustomerPassword::Hash(held()).quick_salt(), None);
    assert_eq!(CustomerPassword::Unset.quick_salt(), None);
    assert_eq!(
        CustomerPassword::Quick(Secret("ab".to_owned())).quick_salt(),
        None
    );
}

#[test]
fn a_new_paid_until_is_acted_on_again_and_the_same_one_is_not() {
    let mut profile = BoxProfile {
        end_at: Some(at("2026-02-01")),
        end_done: true,
        ..BoxProfile::default()
    };
    let until = |day: Option<&str>, text: &str| PaidUntil {
        at: day.map(at),
        text: text.to_owned(),
    };
    profile.set_end(&until(Some("2026-02-01"), ""));
    assert!(profile.end_done);
    profile.set_end(&until(Some("2026-03-01"), ""));
    assert_eq!(
        (profile.end_done, profile.end_at),
        (false, Some(at("2026-03-01")))
    );
    profile.set_end(&until(Some("2026-03-01"), ""));
    assert!(!profile.end_done, "it was not done yet");
    profile.set_end(&until(None, "soon"));
    assert_eq!((profile.end_at, profile.end_text.as_str()), (None, "soon"));
}

#[test]
fn who_is_switched_off_for_paid_until_is_switched_off_once() {
    let ends = |change: fn(&mut Customer)| {
        let mut customer = customer();
        customer.box_profile.end_at = Some(at("2026-02-01"));
        change(&mut customer);
        customer.ends_at()
    };
    assert_eq!(ends(|_| {}), Some(at("2026-02-01")));
    assert_eq!(ends(|customer| customer.box_profile.end_done = true), None);
    assert_eq!(
        ends(|customer| customer.status = CustomerStatus::Inactive),
        None
    );
    assert_eq!(ends(|customer| customer.box_profile.end_at = None), None);
}

#[test]
fn a_customer_remembers_when_the_status_changed_and_was_first_active() {
    let mut customer = customer();
    let day = |day| Some(at(day));
    customer.set_status(CustomerStatus::Inactive, at("2026-01-02"));
    assert_eq!(
        (customer.status_changed_at, customer.activated_at),
        (day("2026-01-02"), None)
    );
    customer.set_status(CustomerStatus::Active, at("2026-01-03"));
    assert_eq!(customer.activated_at, day("2026-01-03"));
    customer.set_status(CustomerStatus::Active, at("2026-01-04"));
    assert_eq!(
        customer.status_changed_at,
        day("2026-01-03"),
        "nothing changed"
    );
    customer.set_status(CustomerStatus::Deleted, at("2026-01-05"));
    assert!(customer.is_deleted());
    customer.set_status(CustomerStatus::Active, at("2026-01-06"));
    assert!(!customer.is_deleted());
    assert_eq!(customer.activated_at, day("2026-01-03"));
}

#[test]
fn a_service_remembers_when_it_was_first_active() {
    let mut service =
        Service::of_channel(ServiceId(1), CustomerId(2), ChannelId(3), at("2026-01-01"));
    service.activated_at = None;
    service.set_status(ServiceStatus::Inactive, at("2026-01-02"));
    assert_eq!(
        (service.activated_at, service.updated_at),
        (None, at("2026-01-02"))
    );
    service.set_status(ServiceStatus::Active, at("2026-01-03"));
    service.set_status(ServiceStatus::Active, at("2026-01-04"));
    assert_eq!(service.activated_at, Some(at("2026-01-03")));
    assert_eq!(Origin::Order(OrderId(1)).order(), Some(OrderId(1)));
    assert_eq!(Origin::Addon(OrderId(2)).order(), Some(OrderId(2)));
    assert_eq!((Origin::Item.order(), Origin::Direct.order()), (None, None));
}

#[test]
fn mail_addresses_are_compared_without_case() {
    let email = Email::parse("Ada@Queen.com").unwrap();
    assert_eq!(
        (email.as_str(), email.folded().as_str()),
        ("Ada@Queen.com", "ada@queen.com")
    );
    assert_eq!(fold_email("ÄDA@Queen.com"), "äda@queen.com");
    let long = format!("a@{}", "b".repeat(252));
    assert!(Email::parse(&long).is_some());
    assert!(Email::parse(&format!("{long}b")).is_none());
    for text in ["a@b@c", "a\u{85}@b", "a\u{a0}@b"] {
        assert!(Email::parse(text).is_none(), "{text:?}");
    }
    assert!(Email::parse("a\u{a1}@b").is_some());
}

#[test]
fn names_are_kept_and_found_without_blanks_around_them() {
    assert_eq!(fold("  Ada Ä "), "ada ä");
    assert_eq!(kept_name(" Ada "), Some("Ada".to_owned()));
    for text in ["", "  ", "\0", " \0\t"] {
        assert!(is_blank(text), "{text:?}");
        assert_eq!(kept_name(text), None);
    }
    assert!(!is_blank("a") && !is_blank(" a ") && !is_blank("0"));
}

#[test]
fn an_instant_has_at_most_so_many_characters() {
    let of = |zeros: usize| format!("2026-01-31T10:00:00.{}Z", "0".repeat(zeros));
    assert!(Timestamp::parse(&of(9)).is_some());
    assert!(Timestamp::parse(&of(64 - 21)).is_some(), "64");
    assert_eq!(Timestamp::parse(&of(64 - 20)), None);
}
