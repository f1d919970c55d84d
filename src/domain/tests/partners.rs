//! Partners: what they may charge, how a charge is shared, and what a month comes to.

use proptest::prelude::*;

use super::{at, money, percent, units, usd};
use crate::domain::customers::{CarrierProfile, CustomerStatus};
use crate::domain::partners::statement::{
    ClosedMonth, ClosedSum, PRODUCTS_MAX, Sums, Tally, csv_line,
};
use crate::domain::partners::{
    CarrierMark, Partner, PartnerProduct, PartnerTransaction, Pending, PinPolicy, Spent,
    TransactionKind, TransactionState, UsualLimits, check_charge, check_month, standing_of,
};
use crate::domain::staff::Maker;
use crate::domain::staff::Secret;
use crate::domain::values::id::{
    ClosedMonthId, CustomerId, JournalEntryId, PartnerId, PartnerTransactionId,
};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Share};
use crate::domain::values::reasons::Denial;

pub fn partner() -> Partner {
    Partner {
        id: PartnerId(7),
        key: "NFLX".to_owned(),
        name: String::new(),
        api_key_hash: None,
        old_api_key: None,
        products: Vec::new(),
        currencies: Vec::new(),
        refunds: true,
        pin_policy: PinPolicy::Off,
        sends_pin: false,
        per_charge_limit: None,
        monthly_limit: None,
        share: Share::ALL,
        requests_per_second: 0,
        on: true,
        callback: None,
        agreed: true,
        key_made_by: Maker::Unknown,
        old_key_made_by: Maker::Unknown,
    }
}

/// A charge of 9.99 of which 5.87 is the partner's and 1.67 tax.
pub fn charged() -> PartnerTransaction {
    PartnerTransaction {
        id: PartnerTransactionId(9),
        public_id: [0; 16],
        partner: PartnerId(7),
        ext_id: "NFLX-1".to_owned(),
        kind: TransactionKind::Charge,
        customer: CustomerId(2),
        account_hash: [0; 32],
        amount: usd(999),
        tax_minor: Minor::of(167),
        tax_rate: percent("20"),
        partner_minor: Minor::of(587),
        product: Some("NFLX-STD".to_owned()),
        description: String::new(),
        fingerprint: [0; 32],
        state: TransactionState::Succeeded,
        refunded_minor: Minor::ZERO,
        refunding_minor: Minor::ZERO,
        carrier: None,
        pending: None,
        created_at: at("2026-01-05"),
        completed_at: Some(at("2026-01-05")),
    }
}

fn refunded() -> PartnerTransaction {
    let of = PartnerTransactionId(9);
    PartnerTransaction {
        kind: TransactionKind::Refund { of },
        ..charged()
    }
}

fn profile() -> CarrierProfile {
    CarrierProfile {
        prepaid: false,
        barred: false,
        monthly_limit: None,
    }
}

const USUAL: i64 = 100_000;

fn usual() -> UsualLimits {
    UsualLimits {
        charge: usd(USUAL),
        month: usd(USUAL),
    }
}

#[test]
fn products_currencies_or_a_limit_say_what_may_be_charged() {
    let says = |change: fn(&mut Partner)| {
        let mut partner = partner();
        change(&mut partner);
        partner.says_what()
    };
    assert!(!says(|_| {}));
    assert!(says(|partner| partner.products = vec![product("NFLX-STD")]));
    assert!(says(|partner| partner.currencies = vec![usd(0).currency]));
    assert!(says(|partner| partner.per_charge_limit = Some(usd(1))));
    assert!(says(|partner| partner.monthly_limit = Some(usd(1))));
}

pub fn product(code: &str) -> PartnerProduct {
    PartnerProduct {
        code: code.to_owned(),
        title: String::new(),
        sold_with: Vec::new(),
    }
}

#[test]
fn a_partner_charges_in_what_was_agreed_or_in_the_currency_of_the_operator() {
    let (dollar, euro) = (usd(0).currency, money(0, "EUR").currency);
    assert!(partner().takes(dollar, dollar));
    assert!(!partner().takes(euro, dollar));
    let agreed = Partner {
        currencies: vec![euro],
        ..partner()
    };
    assert!(agreed.takes(euro, dollar));
    assert!(!agreed.takes(dollar, dollar));
}

#[test]
fn a_charge_is_bounded_by_what_was_agreed_else_by_the_usual_limit() {
    let check = |limit: Option<Amount>, amount| {
        let partner = Partner {
            per_charge_limit: limit,
            ..partner()
        };
        check_charge(&partner, &profile(), usual(), amount, Some(Minor::ZERO))
    };
    let too_much = Err(Denial::AmountLimit);
    assert_eq!(check(Some(usd(5_000)), usd(5_000)), Ok(()));
    assert_eq!(check(Some(usd(5_000)), usd(5_001)), too_much);
    assert_eq!(check(None, usd(USUAL)), Ok(()));
    assert_eq!(check(None, usd(USUAL + 1)), too_much);
    // A limit in another currency says nothing: the usual one holds, by its smallest units.
    let euro = |minor: i64| money(minor, "EUR");
    assert_eq!(check(Some(usd(5_000)), euro(USUAL)), Ok(()));
    assert_eq!(check(Some(usd(USUAL * 2)), euro(USUAL + 1)), too_much);
}

#[test]
fn a_prepaid_account_needs_the_balance_and_a_postpaid_one_owes() {
    let check = |prepaid, balance: Option<i64>| {
        let balance = balance.map(Minor::of);
        let profile = CarrierProfile {
            prepaid,
            ..profile()
        };
        check_charge(&partner(), &profile, usual(), usd(999), balance)
    };
    assert_eq!(check(true, Some(999)), Ok(()));
    assert_eq!(check(true, Some(998)), Err(Denial::InsufficientFunds));
    assert_eq!(check(true, None), Ok(()), "the carrier knows");
    assert_eq!(check(false, Some(0)), Ok(()));
}

#[test]
fn limits_of_a_month_are_by_partner_and_by_account() {
    let check = |by_partner: Option<Amount>, by_account: Option<Amount>, spent: (i64, i64)| {
        let partner = Partner {
            monthly_limit: by_partner,
            ..partner()
        };
        let profile = CarrierProfile {
            monthly_limit: by_account,
            ..profile()
        };
        let spent = Spent {
            partner_minor: spent.0.into(),
            all_minor: spent.1.into(),
        };
        check_month(&partner, &profile, usual(), usd(1_000), spent)
    };
    let over = Err(Denial::SpendingLimit);
    let limit = Some(usd(10_000));
    assert_eq!(check(limit, None, (9_000, 50_000)), Ok(()));
    assert_eq!(check(limit, None, (9_001, 9_001)), over);
    assert_eq!(check(None, limit, (0, 9_000)), Ok(()));
    assert_eq!(check(None, limit, (0, 9_001)), over);
    assert_eq!(check(None, None, (USUAL - 1_000, USUAL)), Ok(()));
    assert_eq!(check(None, None, (USUAL - 999, USUAL)), over);
    let euro = Some(money(1, "EUR"));
    assert_eq!(
        check(None, euro, (0, 0)),
        Ok(()),
        "a limit in another currency says nothing"
    );
}

#[test]
fn accounts_that_stand_well_are_charged() {
    let barred = CarrierProfile {
        barred: true,
        ..profile()
    };
    for (status, plain, when_barred) in [
        (
            CustomerStatus::Active,
            Some(Ok(())),
            Some(Err(Denial::NotEligible)),
        ),
        (
            CustomerStatus::SuspendedByBilling,
            Some(Err(Denial::SuspendedNonPayment)),
            Some(Err(Denial::SuspendedNonPayment)),
        ),
        (
            CustomerStatus::SuspendedByCustomer,
            Some(Err(Denial::Suspended)),
            Some(Err(Denial::Suspended)),
        ),
        (CustomerStatus::Inactive, None, None),
        (CustomerStatus::AwaitingAuthorization, None, None),
        (CustomerStatus::Deleted, None, None),
    ] {
        assert_eq!(standing_of(status, &profile()), plain, "{status:?}");
        assert_eq!(standing_of(status, &barred), when_barred, "{status:?}");
    }
}

#[test]
fn the_carrier_is_asked_six_times_three_minutes_apart() {
    let account = Secret("+14165550101".to_owned());
    let mut pending = Pending::first(account, at("2026-01-05 10:00:00"));
    assert_eq!(
        (pending.attempts, pending.due_at),
        (1, Some(at("2026-01-05 10:03:00")))
    );
    for attempt in 2..=6 {
        pending = pending.again(at("2026-01-05 11:00:00")).unwrap();
        assert_eq!(pending.attempts, attempt);
        assert_eq!(pending.due_at, Some(at("2026-01-05 11:03:00")));
    }
    assert_eq!(pending.again(at("2026-01-05 12:00:00")), None);
    let given_up = pending.given_up();
    assert_eq!((given_up.due_at, given_up.attempts), (None, 6));
}

#[test]
fn a_charge_is_named_by_a_random_uuid() {
    let mut charge = charged();
    charge.public_id = [0xff; 16];
    assert_eq!(charge.public_name(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    charge.public_id = [0; 16];
    assert_eq!(charge.public_name(), "00000000-0000-4000-8000-000000000000");
}

fn posted(made: &PartnerTransaction) -> Vec<String> {
    let postings = made.postings();
    let sum: Minor = postings.iter().map(|posting| posting.credit_minor).sum();
    assert_eq!(sum, 0);
    postings
        .iter()
        .map(|posting| format!("{} {}", posting.account, posting.credit_minor))
        .collect()
}

#[test]
fn the_partner_gets_its_share_the_tax_is_set_apart_and_we_keep_the_rest() {
    let charge = [
        "customer:2 -999",
        "partner:7 587",
        "tax:20 167",
        "revenue 245",
    ];
    assert_eq!(posted(&charged()), charge);
    let back = [
        "customer:2 999",
        "partner:7 -587",
        "tax:20 -167",
        "revenue -245",
    ];
    assert_eq!(posted(&refunded()), back);
    let by_carrier = PartnerTransaction {
        carrier: Some(CarrierMark([1; 32])),
        tax_minor: Minor::ZERO,
        partner_minor: Minor::of(999),
        ..charged()
    };
    // What is nothing is not posted.
    assert_eq!(posted(&by_carrier), ["carrier -999", "partner:7 999"]);
}

#[test]
fn what_was_given_back_or_is_being_given_back_is_not_left() {
    let left = |refunded: i64, refunding: i64| {
        let made = PartnerTransaction {
            refunded_minor: refunded.into(),
            refunding_minor: refunding.into(),
            ..charged()
        };
        units(made.left_minor())
    };
    assert_eq!(
        (left(0, 0), left(300, 0), left(300, 200), left(999, 0)),
        (999, 699, 499, 0)
    );
}

#[test]
fn three_refunds_of_a_third_take_back_what_the_charge_gave() {
    let mut charge = charged();
    let mut parts = Vec::new();
    for _ in 0..3 {
        let (partner, tax) = charge.shares_of_refund(Minor::of(333));
        parts.push((units(partner), units(tax)));
        charge.refunded_minor += Minor::of(333);
    }
    // 5.87 / 3 is 1.9567 and 1.67 / 3 is 0.5567.
    assert_eq!(parts, [(196, 56), (195, 55), (196, 56)]);
}

proptest! {
    #[test]
    fn refunds_in_any_parts_take_back_all_of_it(
        (amount, partner, tax) in (1..50_000i64)
            .prop_flat_map(|amount| (Just(amount), 0..=amount, 0..=amount)),
        parts in prop::collection::vec(1..5_000i64, 1..20),
    ) {
        let mut charge = PartnerTransaction {
            amount: usd(amount),
            partner_minor: partner.into(),
            tax_minor: tax.into(),
            ..charged()
        };
        let (mut partner_back, mut tax_back) = (Minor::ZERO, Minor::ZERO);
        for part in parts.into_iter().chain([amount]) {
            let part = Minor::of(part).min(charge.left_minor());
            let (from_partner, from_tax) = charge.shares_of_refund(part);
            prop_assert!(from_partner >= 0 && from_tax >= 0);
            partner_back += from_partner;
            tax_back += from_tax;
            charge.refunded_minor += part;
        }
        prop_assert_eq!(partner_back, Minor::of(partner));
        prop_assert_eq!(tax_back, Minor::of(tax));
    }
}

fn tally(made: &[PartnerTransaction]) -> Tally {
    let mut tally = Tally::default();
    for made in made {
        tally.add(made);
    }
    tally
}

#[test]
fn a_month_is_the_sum_of_its_charges_less_its_refunds() {
    let euro = PartnerTransaction {
        amount: money(100, "EUR"),
        tax_minor: Minor::ZERO,
        partner_minor: Minor::of(70),
        product: None,
        ..charged()
    };
    let half = PartnerTransaction {
        amount: usd(500),
        partner_minor: Minor::of(294),
        tax_minor: Minor::of(84),
        ..refunded()
    };
    let month = tally(&[charged(), charged(), half, euro]);
    let dollars = Sums {
        charges: 2,
        refunds: 1,
        charged_minor: Minor::of(1_998),
        refunded_minor: Minor::of(-500),
        tax_minor: Minor::of(334 - 84),
        partner_minor: Minor::of(1_174 - 294),
        kept_minor: Minor::of(490 - 122),
    };
    assert_eq!(month.sums.get(&usd(0).currency), Some(&dollars));
    assert_eq!((month.lines, month.sums.len()), (4, 2));
    let product = (usd(0).currency, Some("NFLX-STD".to_owned()));
    assert_eq!(month.products.get(&product), Some(&dollars));
    assert_eq!(month.products.len(), 2);
    assert!(month.others.is_empty());
}

#[test]
fn so_many_products_have_sums_of_their_own_and_the_others_one() {
    let of = |number: usize| PartnerTransaction {
        product: Some(format!("P-{number}")),
        ..charged()
    };
    let mut month = tally(&(0..=PRODUCTS_MAX).map(of).collect::<Vec<_>>());
    month.add(&of(0));
    assert_eq!(month.products.len(), PRODUCTS_MAX);
    let currency = usd(0).currency;
    assert_eq!(
        month.others.get(&currency).map(|sums| sums.charges),
        Some(1)
    );
    let known = month.products.get(&(currency, Some("P-0".to_owned())));
    assert_eq!(known.map(|sums| sums.charges), Some(2));
}

fn closed(month: &Tally) -> ClosedMonth {
    let sum = |(currency, sums): (&crate::domain::values::money::Currency, &Sums)| ClosedSum {
        currency: *currency,
        sums: *sums,
        entry: Some(JournalEntryId(1)),
    };
    ClosedMonth {
        id: ClosedMonthId(1),
        partner: PartnerId(7),
        month: "2026-01".to_owned(),
        from: at("2026-01-01"),
        until: at("2026-02-01"),
        sums: month.sums.iter().map(sum).collect(),
        lines: month.lines,
        lines_hash: month.hash(),
        closed_at: at("2026-02-02"),
        closed_by: String::new(),
    }
}

#[test]
fn a_closed_month_proves_its_lines_its_number_and_its_sums() {
    let month = tally(&[charged(), refunded()]);
    let proof = closed(&month);
    assert!(month.is_of(&proof));
    assert!(!tally(&[charged()]).is_of(&proof));
    let other = PartnerTransaction {
        ext_id: "NFLX-2".to_owned(),
        ..charged()
    };
    assert!(
        !tally(&[other, refunded()]).is_of(&proof),
        "the same sums, other lines"
    );
    let lines = ClosedMonth {
        lines: 3,
        ..proof.clone()
    };
    assert!(!month.is_of(&lines));
    let sums = ClosedMonth {
        sums: Vec::new(),
        ..proof
    };
    assert!(!month.is_of(&sums));
}

#[test]
fn closing_a_month_makes_what_a_partner_gets_payable() {
    let proof = closed(&tally(&[charged()]));
    let moved: Vec<String> = proof
        .postings(&proof.sums[0])
        .iter()
        .map(|posting| format!("{} {}", posting.account, posting.credit_minor))
        .collect();
    assert_eq!(moved, ["partner:7 -587", "payable:7 587"]);
    let nothing = closed(&tally(&[charged(), refunded()]));
    assert!(nothing.postings(&nothing.sums[0]).is_empty());
}

#[test]
fn a_line_is_csv_and_no_formula() {
    let line = |change: fn(&mut PartnerTransaction)| {
        let mut made = charged();
        change(&mut made);
        csv_line(&made)
    };
    let plain = "NFLX-1,CHARGE,2026-01-05T00:00:00.000Z,NFLX-STD,USD,9.99,1.67,5.87,2.45\r\n";
    assert_eq!(line(|_| {}), plain);
    let back = "NFLX-1,REFUND,2026-01-05T00:00:00.000Z,NFLX-STD,USD,-9.99,-1.67,-5.87,-2.45\r\n";
    assert_eq!(csv_line(&refunded()), back);
    let quoted = line(|made| made.ext_id = "=1,\"2\"".to_owned());
    assert!(quoted.starts_with("\"'=1,\"\"2\"\"\",CHARGE,"), "{quoted}");
    assert!(line(|made| made.ext_id = "@x".to_owned()).starts_with("'@x,"));
}
