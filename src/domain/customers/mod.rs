//! Customers: who they are and which state they are in.

pub mod device;
pub mod search;
pub mod service;

use serde::{Deserialize, Serialize};

use super::staff::Secret;
use crate::domain::values::contact::{Email, found_as};
use crate::domain::values::id::{CustomerId, OrderId, ResellerId, ServiceSpecId};
use crate::domain::values::money::Amount;
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;

/// State of a customer. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CustomerStatus {
    /// May sign in and consume.
    Active,
    /// Switched off by the operator, or created and not yet switched on.
    Inactive,
    /// Registered, confirmation pending: no content.
    AwaitingAuthorization,
    /// May sign in and see the account, no content; only the customer lifts it.
    SuspendedByCustomer,
    /// May sign in and see the account, no content; only billing lifts it.
    SuspendedByBilling,
    /// A tombstone: hidden from lists unless asked for, and its login, e-mail and MACs are free.
    Deleted,
}

impl CustomerStatus {
    pub const ALL: [CustomerStatus; 6] = [
        CustomerStatus::Active,
        CustomerStatus::Inactive,
        CustomerStatus::AwaitingAuthorization,
        CustomerStatus::SuspendedByCustomer,
        CustomerStatus::SuspendedByBilling,
        CustomerStatus::Deleted,
    ];
}

/// The parts of a person's name, free text each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName {
    pub title: String,
    pub first: String,
    pub last: String,
    pub middle: String,
    pub prefix: String,
    pub suffix: String,
    /// The whole name as one text, where it came as one.
    pub full: Option<String>,
}

impl PersonName {
    /// A name that came whole: read back whole where one field holds it, split at the first space
    /// where two do.
    pub fn set_full(&mut self, full: &str) {
        let (first, last) = full.split_once(' ').unwrap_or((full, ""));
        first.clone_into(&mut self.first);
        last.clone_into(&mut self.last);
        self.full = Some(full.to_owned());
    }

    /// The name as one text.
    #[must_use]
    pub fn whole(&self) -> String {
        if let Some(full) = &self.full {
            return full.clone();
        }
        let parts = [&self.first, &self.last];
        let said: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        said.join(" ")
    }
}

/// How a customer's own password stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CustomerPassword {
    /// Never set: no sign-in by password.
    #[default]
    Unset,
    /// An argon2id hash in PHC form.
    Hash(Secret),
    /// Reset by the operator at that instant: the old one no longer works, a new one must be set.
    Reset(Timestamp),
    /// A salted hash under a key of the box, made at once: billing scripts bring passwords by the
    /// thousand. `Hardened` takes its place as soon as there is time.
    /// In hexadecimal digits, the salt first.
    Quick(Secret),
    /// The salt of the quick hash, and an argon2id hash in PHC form of that hash.
    Hardened(Secret),
}

impl CustomerPassword {
    /// The salt in front of a quick hash, also once it was hardened, in hexadecimal digits.
    #[must_use]
    pub fn quick_salt(&self) -> Option<&str> {
        match self {
            Self::Quick(Secret(held)) | Self::Hardened(Secret(held)) => held.get(..32),
            Self::Unset | Self::Hash(_) | Self::Reset(_) => None,
        }
    }
}

/// How a carrier bills the customer for partners' charges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierProfile {
    pub prepaid: bool,
    pub barred: bool,
    pub monthly_limit: Option<Amount>,
}

/// "Paid until" as another system says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaidUntil {
    pub at: Option<Timestamp>,
    /// As it was written, where that is no date.
    pub text: String,
}

/// Longest "paid until" that is no date, in characters.
pub const END_TEXT_CHARS_MAX: usize = 64;

/// What boxes and the plan bridge need to know of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxProfile {
    pub comment: String,
    /// "Paid until", where another system bills.
    pub end_at: Option<Timestamp>,
    /// Whether the customer was switched off for it: whoever switches them on again then means it.
    pub end_done: bool,
    pub modules: Vec<String>,
    pub additional_services_on: bool,
    /// Free text shown to the box where the operator bills elsewhere; not money.
    pub account_balance: String,
    /// Optional packages the customer chose; they come and go with plans that offer them.
    pub chosen_packages: Vec<ServiceSpecId>,
    /// Single channels as they were listed last, as written; `None`: never.
    pub single_channels: Option<Vec<String>>,
    /// Modules that are switched off on the customer's boxes, as written.
    pub disabled_modules: Vec<String>,
    /// Modules that ask for a password, as written.
    pub restricted_modules: Vec<String>,
    /// "Paid until" as it was written, where that is no date and nothing is done about it.
    pub end_text: String,
    /// How many boxes the customer may sign in on; `None`: as the plan or the setting says.
    pub devices_max: Option<u32>,
}

/// The person or household who pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    pub id: CustomerId,
    /// Unique among customers that are not deleted.
    pub login: Option<String>,
    /// The contract; not unique, families share one.
    pub account_number: Option<String>,
    pub name: PersonName,
    /// Unique among customers that are not deleted, upper and lower case being one.
    pub email: Option<Email>,
    pub phones: Vec<String>,
    pub status: CustomerStatus,
    /// The tenant's name as the creator gave it.
    pub service_provider: String,
    pub location: Option<OpenObject>,
    pub address: Option<OpenObject>,
    pub billing_address: Option<OpenObject>,
    pub external_refs: Vec<OpenObject>,
    pub password: CustomerPassword,
    pub created_at: Timestamp,
    pub activated_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    /// The order whose product shows as the customer's plan.
    pub primary_order: Option<OrderId>,
    pub reseller: Option<ResellerId>,
    pub carrier: CarrierProfile,
    /// Money the customer brought along; becomes the first journal entry.
    pub opening_balance: Option<Amount>,
    pub box_profile: BoxProfile,
    /// When the status last became another one; not known of before the box kept it.
    pub status_changed_at: Option<Timestamp>,
}

impl BoxProfile {
    /// Takes another "paid until". A new date is acted on again.
    pub fn set_end(&mut self, end: &PaidUntil) {
        self.end_done &= self.end_at == end.at;
        self.end_at = end.at;
        self.end_text.clone_from(&end.text);
    }
}

impl Customer {
    /// A new customer: active, nothing known yet.
    #[must_use]
    pub fn new(id: CustomerId, service_provider: String, now: Timestamp) -> Self {
        Self {
            id,
            login: None,
            account_number: None,
            name: PersonName::default(),
            email: None,
            phones: Vec::new(),
            status: CustomerStatus::Active,
            service_provider,
            location: None,
            address: None,
            billing_address: None,
            external_refs: Vec::new(),
            password: CustomerPassword::Unset,
            created_at: now,
            activated_at: None,
            updated_at: now,
            primary_order: None,
            reseller: None,
            carrier: CarrierProfile {
                prepaid: false,
                barred: false,
                monthly_limit: None,
            },
            opening_balance: None,
            box_profile: BoxProfile {
                additional_services_on: true,
                ..BoxProfile::default()
            },
            status_changed_at: None,
        }
    }

    /// The first phone number that can be called from anywhere, in E.164.
    #[must_use]
    pub fn phone(&self) -> Option<String> {
        self.phones.iter().find_map(|phone| found_as(phone))
    }

    /// The number to call, as it was given: one that can be called from anywhere, else the first.
    #[must_use]
    pub fn first_phone(&self) -> Option<String> {
        let callable = self.phones.iter().find(|phone| found_as(phone).is_some());
        callable.or(self.phones.first()).cloned()
    }

    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.status == CustomerStatus::Deleted
    }

    /// When the customer is to be switched off, "paid until" being over.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let profile = &self.box_profile;
        let waits = self.status == CustomerStatus::Active && !profile.end_done;
        profile.end_at.filter(|_| waits)
    }

    /// Moves to `status`. When that was is remembered, and when the customer first became active.
    pub fn set_status(&mut self, status: CustomerStatus, now: Timestamp) {
        if self.status != status {
            self.status_changed_at = Some(now);
        }
        self.status = status;
        if status == CustomerStatus::Active && self.activated_at.is_none() {
            self.activated_at = Some(now);
        }
    }
}
