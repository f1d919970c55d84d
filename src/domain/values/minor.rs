//! Minor units: the number in an amount of money, and the only arithmetic on it.
//! Knows no currency and no decimals.
//!
//! A sum that was clamped or that wrapped is money that vanishes without a word,
//! so there is no operation here that does either.
//! A record holds 64 bits of minor units, a sum is worked in 128:
//! no number of records that a disk has room for leads out of those.
//! A sum that no record can hold is refused where it is written, with the whole command.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of minor units (cents) of a currency that is known where it stands. May be negative.
/// Stored, and compared with plain numbers, as an `i64`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor(i128);

impl Minor {
    pub const ZERO: Minor = Minor(0);

    #[must_use]
    pub const fn of(units: i64) -> Self {
        // `i128::from` is not const.
        Self(units as i128)
    }

    /// The amount if it is more than nothing, else nothing.
    #[must_use]
    pub fn above_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// How far it is below nothing: of a balance, what is owed. Nothing where it is not.
    #[must_use]
    pub fn below_zero(self) -> Self {
        (-self).above_zero()
    }

    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0 * i128::from(count))
    }

    /// `part` of `whole` of it, rounded as all money is; nothing where `whole` is 0.
    #[must_use]
    pub fn share(self, part: impl Into<i128>, whole: impl Into<i128>) -> Self {
        Self(rounded(self.0 * part.into(), whole.into()))
    }

    /// As [`Minor::share`], but halves go to the even neighbour.
    #[must_use]
    pub fn share_to_even(self, part: impl Into<i128>, whole: impl Into<i128>) -> Self {
        let (top, whole) = (self.0 * part.into(), whole.into());
        let up = rounded(top, whole);
        let half = (top * 2).checked_rem(whole * 2).unwrap_or(0).abs() == whole;
        if half && up % 2 != 0 {
            Self(up - self.0.signum())
        } else {
            Self(up)
        }
    }

    /// As [`Minor::share`], but never more than the part: what is left over is dropped.
    #[must_use]
    pub fn whole_share(self, part: u32, whole: u32) -> Self {
        let parts = self.times(part).0;
        Self(parts.checked_div(whole.into()).unwrap_or(0))
    }

    #[must_use]
    pub fn is_multiple_of(self, units: i64) -> bool {
        self.0.checked_rem(units.into()) == Some(0)
    }

    /// One whole unit of a currency with so many decimals.
    #[must_use]
    pub fn one_unit(exponent: u32) -> Self {
        Self(10i128.pow(exponent))
    }
}

/// `numerator / denominator` rounded to a whole number, half away from zero: how every rule here
/// rounds money. 0 where the denominator is 0.
#[must_use]
pub fn rounded(numerator: i128, denominator: i128) -> i128 {
    let (top, bottom) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let whole = top.checked_div(bottom).unwrap_or(0);
    let rest = top.checked_rem(bottom).unwrap_or(0);
    let up = rest > 0 && rest >= bottom.div_ceil(2);
    let magnitude = whole.cast_signed() + i128::from(up);
    if (numerator < 0) == (denominator < 0) {
        magnitude
    } else {
        -magnitude
    }
}

impl Add for Minor {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self(self.0 + more.0)
    }
}

impl Sub for Minor {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        Self(self.0 - less.0)
    }
}

impl Neg for Minor {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Minor {
    fn add_assign(&mut self, more: Self) {
        self.0 += more.0;
    }
}

impl SubAssign for Minor {
    fn sub_assign(&mut self, less: Self) {
        self.0 -= less.0;
    }
}

impl Sum for Minor {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl PartialEq<i64> for Minor {
    fn eq(&self, other: &i64) -> bool {
        *self == Self::of(*other)
    }
}

impl PartialOrd<i64> for Minor {
    fn partial_cmp(&self, other: &i64) -> Option<std::cmp::Ordering> {
        self.partial_cmp(&Self::of(*other))
    }
}

impl From<i64> for Minor {
    fn from(units: i64) -> Self {
        Self::of(units)
    }
}

impl From<Minor> for i128 {
    fn from(minor: Minor) -> Self {
        minor.0
    }
}

/// The bare number.
impl std::fmt::Display for Minor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

/// As the number it is.
impl std::fmt::Debug for Minor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Minor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Ok(units) = i64::try_from(self.0) else {
            let problem = format!("{self} minor units are more than a record holds");
            return Err(serde::ser::Error::custom(problem));
        };
        serializer.serialize_i64(units)
    }
}

impl<'de> Deserialize<'de> for Minor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::of)
    }
}

#[cfg(test)]
mod tests {
    use super::{Minor, rounded};
    use proptest::prelude::*;

    #[test]
    fn halves_go_away_from_zero() {
        for (top, bottom, whole) in [
            (1, 2, 1),
            (-1, 2, -1),
            (1, 3, 0),
            (2, 3, 1),
            (5, 10, 1),
            (4, 10, 0),
            (-5, 10, -1),
            (10, -4, -3),
            (7, 0, 0),
            (0, 1, 0),
        ] {
            assert_eq!(rounded(top, bottom), whole, "{top}/{bottom}");
        }
    }

    #[test]
    fn a_sum_that_no_record_holds_is_exact_and_not_written() {
        let most = Minor::of(i64::MAX);
        let twice = most + most;
        assert_eq!(twice - most, most);
        assert_eq!((-twice).below_zero(), twice);
        assert!(serde_json::to_value(twice).is_err());
        assert!(serde_json::to_value(-twice).is_err());
        for held in [most, Minor::of(i64::MIN), Minor::ZERO] {
            let kept = serde_json::to_value(held).unwrap();
            assert_eq!(serde_json::from_value::<Minor>(kept).unwrap(), held);
        }
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_numbers(numbers in prop::collection::vec(any::<i64>(), 0..50)) {
            let exact: i128 = numbers.iter().copied().map(i128::from).sum();
            let sum: Minor = numbers.iter().copied().map(Minor::of).sum();
            prop_assert_eq!(i128::from(sum), exact);
        }

        #[test]
        fn it_is_stored_as_the_number_was(number in any::<i64>()) {
            let minor = Minor::of(number);
            prop_assert_eq!(
                serde_json::to_string(&minor).unwrap(),
                serde_json::to_string(&number).unwrap()
            );
            prop_assert_eq!(format!("{minor:?} {minor}"), format!("{number:?} {number}"));
        }
    }
}
