//! The books themselves: what must balance, and what `check` names.

use boxoffice::app::{App, Ctx};
use boxoffice::domain::billing::invoice::{OpenInvoice, less, share, unused};
use boxoffice::domain::billing::journal::{Account, EntryCause, JournalEntry, Posting};
use boxoffice::domain::catalogue::charge::{Line, total_minor};
use boxoffice::domain::values::id::{CustomerId, InvoiceId, JournalEntryId};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::{Currency, TaxRate};
use boxoffice::domain::values::time::Timestamp;
use boxoffice::store::{Read as _, StoreError, append_entries};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::alphaott::given;
use crate::support::fixture::{a_page, a_till, a_till_selling};

const LATER: &str = "sandbox&card=4000000000000077";

/// +5 dollars and -5 euros: zero only if nobody looks which.
fn mixed() -> JournalEntry {
    let posting = |account, credit: i64, code: &str| Posting {
        account,
        credit_minor: credit.into(),
        currency: Currency::parse(code).expect("a currency"),
    };
    JournalEntry {
        id: JournalEntryId(0),
        at: Timestamp::parse("2026-01-31T10:00:00Z").expect("an instant"),
        cause: EntryCause::Adjustment,
        order: None,
        memo: String::new(),
        postings: vec![
            posting(Account::Customer(CustomerId(1)), 500, "USD"),
            posting(Account::Revenue, -500, "EUR"),
        ],
    }
}

fn problems(app: std::sync::Arc<App>) -> Vec<String> {
    let report = boxoffice::ops::upkeep::check(&Ctx::system(app)).expect("a check");
    report.findings.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_entry_balances_in_every_currency_by_itself() {
    let till = a_till().await;
    let app = till.shop.bx.app();
    let refused: Result<(), StoreError> = app
        .store
        .write(|tx| append_entries(tx, vec![mixed()]).map(|_| ()))
        .await;
    assert!(
        matches!(refused, Err(StoreError::Unbalanced)),
        "{refused:?}"
    );
    till.prove();
    // One that got there all the same is named.
    let forced: Result<(), StoreError> = app
        .store
        .write(|tx| {
            let number = tx.next_ids::<JournalEntryId>(1)?;
            let entry = JournalEntry {
                id: JournalEntryId(number),
                ..mixed()
            };
            tx.put(&entry)
        })
        .await;
    forced.expect("a write");
    let found = problems(app);
    assert!(
        found.iter().any(|of| of.contains("does not sum to zero")),
        "{found:?}"
    );
}

/// More is open of a credited invoice than is left of it: `check` sees that.
#[tokio::test]
async fn an_invoice_that_is_open_beyond_its_net_is_named() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    till.order().await;
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    till.prove();
    let app = till.shop.bx.app();
    let forced: Result<(), StoreError> = app
        .store
        .write(|tx| {
            let mut open = tx.get::<OpenInvoice>(&InvoiceId(1))?.expect("it is open");
            open.open_minor += Minor::of(1);
            tx.put(&open)
        })
        .await;
    forced.expect("a write");
    let found = problems(app);
    let named = |of: &String| of.contains("more of the invoice is open");
    assert!(found.iter().any(named), "{found:?}");
}

/// 10.00 that are nobody's, 4.00 of them given back, and then somebody's: 6.00, and nothing is left
/// over.
#[tokio::test]
async fn held_money_is_resolved_for_what_is_left_of_it() {
    for (back, left) in [("4", 6), ("9.99", 0)] {
        let page = a_page().await;
        page.submit("10.00", LATER).await;
        let till = &page.till;
        let path = format!("/customers/{}", till.shop.customer);
        till.shop.api.delete(path).await;
        till.shop.bx.advance(60).await;
        let open = till.console("payments/open");
        let open = given::list(till.shop.api.get(open).await.expect(200));
        assert_eq!(open[0]["state"], "UNMATCHED");
        till.refund(&open[0], json!({"amount": back}))
            .await
            .expect(201);
        let other = crate::alphaott::customer(&till.shop.api).await;
        let path = till.console(&format!("payments/{}/resolve", open[0]["id"]));
        let whose = json!({"customer": other});
        for _ in 0..2 {
            till.shop.api.post(&path, whose.clone()).await.expect(200);
        }
        let path = format!("/customers/{other}/account/balance");
        let balance = till.shop.api.get(path).await.expect(200)["amount"].clone();
        match left {
            0 => assert_eq!(balance.as_f64(), Some(0.01)),
            _ => assert_eq!(balance, Value::from(left)),
        }
        assert_eq!(held(&till.shop.bx.app()), 0);
        till.prove();
    }
}

/// What lies in `suspense`, in cents.
fn held(app: &std::sync::Arc<App>) -> Minor {
    let snapshot = app.store.read().expect("a snapshot");
    let currency = Currency::parse("USD").expect("a currency");
    let held = boxoffice::store::account_balance(&snapshot, &Account::Suspense, currency);
    held.expect("a balance").minor
}

// ---- properties

fn line() -> impl Strategy<Value = Line> {
    let title = prop_oneof![Just("TV"), Just("Installation"), Just("")];
    (-500i64..100_000, 0u32..300_000, any::<bool>(), title).prop_map(
        |(gross, rate, by_day, title)| {
            let rate = TaxRate::from_thousandths(rate);
            let gross = Minor::of(gross);
            let tax_minor = rate.contained_in(gross);
            Line {
                title: title.to_owned(),
                rate,
                net_minor: gross - tax_minor,
                tax_minor,
                by_day,
            }
        },
    )
}

proptest! {
    /// However an invoice is given back in parts and for unused days: never more than it, and when
    /// all is given back, all of its tax is.
    #[test]
    fn credit_notes_add_up_to_their_invoice_and_no_more(
        lines in prop::collection::vec(line(), 1..5),
        parts in prop::collection::vec((any::<bool>(), 1i64..1_000, 1i32..40), 0..8),
    ) {
        let total = total_minor(&lines);
        prop_assume!(total > 0);
        let tax = |lines: &[Line]| lines.iter().map(|line| line.tax_minor).sum::<Minor>();
        let mut left = lines.clone();
        for (by_day, part, days) in parts {
            let (part, whole) = (Minor::of(part), total_minor(&left));
            let note = if by_day {
                unused(&left, 40, days)
            } else {
                share(&left, part.min(whole), whole)
            };
            if !by_day && whole > 0 {
                prop_assert_eq!(total_minor(&note), -part.min(whole));
            }
            if by_day {
                prop_assert!(note.iter().all(|line| line.by_day));
            }
            let before = total_minor(&left);
            left = less(&left, &note);
            prop_assert_eq!(total_minor(&left), before + total_minor(&note));
        }
        let whole = total_minor(&left);
        if whole > 0 {
            left = less(&left, &share(&left, whole, whole));
            prop_assert_eq!((total_minor(&left), tax(&left)), (Minor::ZERO, Minor::ZERO));
        }
    }

    /// An entry is balanced if it is so in each currency, and only then.
    #[test]
    fn balance_is_of_each_currency(
        amounts in prop::collection::vec((-50i64..50, any::<bool>()), 2..6),
    ) {
        let mut entry = mixed();
        let posting = |(credit, dollars): &(i64, bool)| Posting {
            account: Account::Revenue,
            credit_minor: Minor::of(*credit),
            currency: Currency::parse(if *dollars { "USD" } else { "EUR" }).expect("a currency"),
        };
        entry.postings = amounts.iter().map(posting).collect();
        let sum = |dollars: bool| -> i64 {
            amounts.iter().filter(|of| of.1 == dollars).map(|of| of.0).sum()
        };
        prop_assert_eq!(entry.is_balanced(), sum(true) == 0 && sum(false) == 0);
    }
}
