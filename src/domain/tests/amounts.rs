//! Amounts, rates and shares, as people write and read them.

use super::{money, percent, units};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{
    AMOUNT_MINOR_MAX, Amount, Currency, Share, TAX_PERCENT_MAX, TaxRate,
};

#[test]
fn money_is_written_in_groups_of_three() {
    for (minor, code, text) in [
        (123_450, "EUR", "EUR 1,234.50"),
        (99_999, "EUR", "EUR 999.99"),
        (100_000, "EUR", "EUR 1,000.00"),
        (-123_456_789, "USD", "USD -1,234,567.89"),
        (0, "USD", "USD 0.00"),
        (1_500, "JPY", "JPY 1,500"),
        (-7, "KWD", "KWD -0.007"),
    ] {
        assert_eq!(money(minor, code).to_string(), text);
    }
}

#[test]
fn whole_units_follow_the_decimals_of_the_currency() {
    let of = |code| units(Amount::of_units(12, Currency::parse(code).unwrap()).minor);
    assert_eq!((of("USD"), of("JPY"), of("KWD")), (1_200, 12, 12_000));
}

#[test]
fn amounts_from_outside_are_bounded() {
    let most = |text: &str| Amount::parse(text, Currency::USD).map(|amount| units(amount.minor));
    assert_eq!(most("10000000000000"), Some(AMOUNT_MINOR_MAX.into()));
    assert_eq!(most("-10000000000000"), Some((-AMOUNT_MINOR_MAX).into()));
    assert_eq!(most("10000000000000.01"), None);
    // As many digits as one writes, and no more.
    assert_eq!(most(&format!("{}1", "0".repeat(39))), Some(100));
    assert_eq!(most(&format!("{}1", "0".repeat(40))), None);
}

#[test]
fn the_noise_of_floats_is_a_millionth_of_a_cent_and_no_more() {
    let read =
        |text: &str| Amount::parse_noisy(text, Currency::USD).map(|amount| units(amount.minor));
    assert_eq!(read("0.57000001"), Some(57));
    assert_eq!(read("0.57000002"), None);
    assert_eq!(read("0.56999999"), Some(57));
    assert_eq!(read("0.56999998"), None);
    assert_eq!(read("-0.56999999"), Some(-57));
}

#[test]
fn a_rate_is_found_again_from_tax_and_net() {
    let between = |tax, net| TaxRate::between(Minor::of(tax), Minor::of(net));
    assert_eq!(between(200, 1_000), percent("20"));
    assert_eq!(between(75, 1_000), percent("7.5"));
    assert_eq!(between(-200, -1_000), percent("20"));
    assert_eq!(between(0, 1_000), TaxRate::ZERO);
    assert_eq!(between(5, 0), TaxRate::ZERO);
}

#[test]
fn a_rate_is_kept_in_thousandths_of_a_percent() {
    assert_eq!(percent("7.5").thousandths(), 7_500);
    assert_eq!(TaxRate::from_thousandths(7_500), percent("7.5"));
    assert_eq!(percent("1000").thousandths(), TAX_PERCENT_MAX * 1_000);
    assert_eq!(TaxRate::from_thousandths(u32::MAX), percent("1000"));
}

#[test]
fn a_share_of_a_half_cent_goes_to_the_even_one() {
    let of = |share: &str, minor| units(Share::parse(share).unwrap().of(Minor::of(minor)));
    assert_eq!(of("70", 1_000), 700);
    assert_eq!(of("62.5", 1_000), 625);
    // 0.5, 1.5, 2.5 and their like below zero.
    for (minor, half) in [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2)] {
        assert_eq!(of("50", minor), half, "half of {minor}");
    }
    // No exact half is rounded to the nearest.
    assert_eq!(
        (of("33.333", 100), of("66.667", 100), of("10", 15)),
        (33, 67, 2)
    );
    assert_eq!((of("30", 5), of("70", 5), of("30", -5)), (2, 4, -2));
    assert_eq!(
        (of("51", 1), of("49", 1), of("0", 999), of("100", 999)),
        (1, 0, 0, 999)
    );
    assert_eq!(Share::parse("62.50").unwrap().to_percent(), "62.5");
    assert_eq!(Share::parse("100"), Some(Share::ALL));
    for text in ["100.001", "-1", "62.5001", ""] {
        assert_eq!(Share::parse(text), None, "{text}");
    }
}
