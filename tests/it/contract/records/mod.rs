//! Samples of the records: every field filled, no two alike, numbers on both sides of one byte.

pub mod catalogue;
pub mod customers;
pub mod partners;
pub mod staff;

use boxoffice::domain::values::calendar::{Period, PeriodCount, Term};
use boxoffice::domain::values::money::{Amount, Currency};
use boxoffice::domain::values::open_object::OpenObject;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::store::codec;
use serde::Serialize;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_494_598_587_134_000 + second * 1_000_000).expect("a year we know")
}

pub fn text(text: &str) -> String {
    text.to_owned()
}

pub fn open(name: &str) -> OpenObject {
    OpenObject(format!("{{\"{name}\":47.60,\"b\":[null,\"é\"]}}"))
}

pub fn euros(minor: i64) -> Amount {
    Amount {
        minor: minor.into(),
        currency: Currency::parse("EUR").expect("the euro"),
    }
}

pub fn term(count: &str, period: Period) -> Term {
    Term {
        count: PeriodCount::parse(count).expect("a count"),
        period,
    }
}

pub fn bytes_of<T: Serialize>(value: &T) -> Vec<u8> {
    codec::bytes_of(value).expect("bytes")
}
