//! Months that are closed: their sums stand still, and move to what is to be paid out.

use std::collections::BTreeMap;

use boxoffice::app::clock::Clock;
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config as Runner, TestRunner};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Hub, P1, P2, P7, Partner, fixture, purchase};
use crate::alphaott::given::merged;
use crate::kit::run;
use crate::support::fixture::{a_box, a_hub};
use crate::support::{Answer, NOW, TestBox};

const DAY: i64 = 86_400;

async fn close(bx: &TestBox, key: &str, month: &str) -> Answer {
    let url = bx.url(&format!("/console/api/partners/{key}/settlement/close"));
    bx.client_of("manager")
        .await
        .post(url, json!({ "month": month }))
        .await
}

/// The month that was closed, as it is read later.
fn without_effect(mut closed: Value) -> Value {
    closed.as_object_mut().expect("an object").remove("effect");
    closed
}

async fn read(bx: &TestBox, path: &str) -> Answer {
    let url = bx.url(&format!("/console/api/partners/{path}"));
    bx.client_of("auditor").await.get(url).await
}

fn back(id: &str, of: &str, account: &str, amount: &str) -> Value {
    merged(
        purchase(id, account),
        json!({"transactionType": "REFUND", "originalExtTransactionID": of, "amount": amount}),
    )
}

#[tokio::test]
async fn a_closed_month_stands_still_and_is_to_be_paid_out() {
    let hub = a_hub().await;
    for (id, account) in [("a", P1), ("b", P7)] {
        hub.a.charge(&purchase(id, account)).await.expect(200);
    }
    let early = close(&hub.bx, "NFLX", "2026-01").await;
    assert_eq!(early.status, 409, "{}", early.told());
    assert!(
        early.text.contains("2026-02-01T00:00:00.000Z"),
        "{}",
        early.told()
    );

    hub.bx.advance(DAY).await;
    hub.a.charge(&purchase("c", P1)).await.expect(200);
    hub.a.charge(&back("r", "a", P1, "9.99")).await.expect(200);
    let before = hub.books();
    let open = read(&hub.bx, "NFLX/settlement?month=2026-01")
        .await
        .expect(200);
    assert_eq!(open["closed"], Value::Null);
    let closed = close(&hub.bx, "NFLX", "2026-01").await.expect(201);
    assert_eq!(closed["sums"][0]["payable"], "13.98");
    assert_eq!(closed["closed"]["lines"], 2);
    assert_eq!(hub.books()["payable:1"], 1_398);
    assert_eq!(hub.held("partner:1", "USD"), before["partner:1"] - 1_398);
    let again = close(&hub.bx, "NFLX", "2026-01").await;
    assert_eq!(again.status, 409, "{}", again.told());
    assert!(
        again.text.contains("2026-01 is closed already"),
        "{}",
        again.told()
    );

    // Its lines are still there, and hash to what it was closed with.
    let csv = read(&hub.bx, "NFLX/settlement?month=2026-01&format=csv").await;
    let (_, lines) = csv.text.split_once("\r\n").expect("a head");
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(lines));
    assert_eq!(closed["closed"]["linesHash"], hash.as_str());
    let same = read(&hub.bx, "NFLX/settlement?month=2026-01")
        .await
        .expect(200);
    let closed = without_effect(closed);
    assert_eq!(same, closed);
    let told = read(&hub.bx, "NFLX/settlements").await.expect(200);
    assert_eq!(told, json!([closed]));

    // February came to nothing, a month without anything too: no entry.
    hub.bx.advance(40 * DAY).await;
    let february = close(&hub.bx, "NFLX", "2026-02").await.expect(201);
    assert_eq!(february["sums"][0]["payable"], "0.00");
    assert_eq!(february["sums"][0]["entry"], Value::Null);
    let empty = close(&hub.bx, "GOOG", "2026-02").await.expect(201);
    assert_eq!(empty["sums"], json!([]));
    let told = read(&hub.bx, "NFLX/settlements").await.expect(200);
    assert_eq!(told[0]["month"], "2026-02");
    hub.prove();
}

#[tokio::test]
async fn a_month_of_refunds_is_owed_by_the_partner() {
    let hub = a_hub().await;
    hub.a.charge(&purchase("a", P1)).await.expect(200);
    hub.bx.advance(DAY).await;
    hub.a.charge(&back("r", "a", P1, "9.99")).await.expect(200);
    hub.bx.advance(30 * DAY).await;
    // In any order.
    let february = close(&hub.bx, "NFLX", "2026-02").await.expect(201);
    assert_eq!(february["sums"][0]["payable"], "-6.99");
    assert_eq!(hub.books()["payable:1"], -699);
    close(&hub.bx, "NFLX", "2026-01").await.expect(201);
    let books = hub.books();
    assert!(!books.contains_key("payable:1") && !books.contains_key("partner:1"));
    hub.prove();
}

#[tokio::test]
async fn who_may_not_and_what_is_not_there() {
    let hub = a_hub().await;
    hub.bx.advance(DAY).await;
    let url = hub.bx.url("/console/api/partners/NFLX/settlement/close");
    let auditor = hub.bx.client_of("auditor").await;
    let denied = auditor.post(&url, json!({"month": "2026-01"})).await;
    assert_eq!(denied.status, 403, "{}", denied.told());
    assert_eq!(close(&hub.bx, "NONE", "2026-01").await.status, 404);
    assert_eq!(read(&hub.bx, "NONE/settlements").await.status, 404);
    for month in ["2026-13", "january", "", "2026-1", "0000-01-01"] {
        assert_eq!(close(&hub.bx, "NFLX", month).await.status, 400, "{month}");
    }
    let owner = hub.bx.client_of("owner").await;
    assert_eq!(
        owner.post(&url, json!({"mont": "2026-01"})).await.status,
        400
    );
}

#[tokio::test]
async fn many_who_close_close_once() {
    let hub = a_hub().await;
    hub.a.charge(&purchase("a", P1)).await.expect(200);
    hub.bx.advance(DAY).await;
    let url = hub.bx.url("/console/api/partners/NFLX/settlement/close");
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (staff, url) = (hub.bx.client_of("manager").await, url.clone());
        tries.spawn(async move { staff.post(url, json!({"month": "2026-01"})).await.status });
    }
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(hub.books()["payable:1"], 699);
    hub.prove();
}

#[tokio::test]
async fn a_statement_says_what_the_partner_gets() {
    let hub = a_hub().await;
    hub.a.charge(&purchase("a", P1)).await.expect(200);
    let yen = json!({"amount": 101, "currency": "JPY"});
    hub.a
        .charge(&merged(purchase("y", P1), yen))
        .await
        .expect(200);
    hub.bx.advance(DAY).await;
    let page = read(&hub.bx, "NFLX/settlement?month=2026-01&format=html").await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    for words in [
        "Settlement",
        "2026-01",
        "Example TV",
        "NFLX-STD Monthly: 1 charge, 0 refunds",
        "6.99\u{a0}USD",
        "71\u{a0}JPY",
        "Net payable",
        "not closed yet",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    close(&hub.bx, "NFLX", "2026-01").await.expect(201);
    let page = read(&hub.bx, "NFLX/settlement?month=2026-01&format=html").await;
    assert!(page.text.contains("closed on 2026-02-01"), "{}", page.text);
    let pdf = read(&hub.bx, "NFLX/settlement?month=2026-01&format=pdf").await;
    assert_eq!(pdf.headers["content-type"], "application/pdf");
    assert!(pdf.text.starts_with("%PDF-1."));
    let empty = read(&hub.bx, "GOOG/settlement?month=2025-01&format=html").await;
    assert!(empty.text.contains("0.00\u{a0}USD"), "{}", empty.text);
}

/// A box that starts again while its clock stands before the end of what is closed.
#[tokio::test]
async fn a_clock_that_went_back_opens_no_closed_month() {
    let folder = tempfile::tempdir().expect("a folder");
    let bx = a_box().in_folder(folder.path()).await;
    bx.apply(fixture()).await;
    Partner::of(&bx, "key-a")
        .charge(&purchase("a", P1))
        .await
        .expect(200);
    bx.advance(DAY).await;
    let closed = close(&bx, "NFLX", "2026-01").await.expect(201);
    bx.stop().await;

    let clock = Clock::test(Timestamp::parse(NOW).expect("an instant"));
    let bx = a_box()
        .in_folder(folder.path())
        .seed(2)
        .by_clock(clock)
        .await;
    let (a, b) = (Partner::of(&bx, "key-a"), Partner::of(&bx, "key-b"));
    let made = a.charge(&purchase("b", P1)).await.expect(200);
    assert_eq!(made["createdDate"], "2026-01-31T10:00:00Z");
    assert_eq!(made["completedDate"], "2026-02-01T00:00:00Z");
    a.charge(&back("r", "a", P1, "1.00")).await.expect(200);
    // Nothing of the other partner is closed.
    let mut other = purchase("a", P1);
    other
        .as_object_mut()
        .expect("an object")
        .remove("productCode");
    let other = b.charge(&other).await.expect(200);
    assert_eq!(other["completedDate"], "2026-01-31T10:00:00Z");
    let january = read(&bx, "NFLX/settlement?month=2026-01").await.expect(200);
    assert_eq!(january, without_effect(closed));
    let february = read(&bx, "NFLX/settlement?month=2026-02").await.expect(200);
    assert_eq!(february["sums"][0]["refunds"], 1);
    assert_eq!(february["sums"][0]["charges"], 1);
    let ctx = boxoffice::app::Ctx::system(bx.app());
    let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// Where the calendar changes, closed months keep their ends and their neighbours begin there.
#[tokio::test]
async fn another_time_zone_counts_nothing_twice() {
    for zone in ["America/New_York", "Asia/Tokyo"] {
        let hub = a_hub().await;
        hub.a.charge(&purchase("a", P1)).await.expect(200);
        // 2 a.m. of the first of February in UTC: the 31st in New York.
        hub.bx.advance(16 * 3_600).await;
        hub.a.charge(&purchase("b", P1)).await.expect(200);
        close(&hub.bx, "NFLX", "2026-01").await.expect(201);
        let provider = json!({"name": "Example TV", "currency": "USD", "time_zone": zone});
        hub.bx.apply(json!({ "provider": provider })).await;
        hub.bx.advance(40 * DAY).await;
        let february = close(&hub.bx, "NFLX", "2026-02").await.expect(201);
        assert_eq!(february["from"], "2026-02-01T00:00:00.000Z", "{zone}");
        assert_eq!(february["sums"][0]["charges"], 1, "{zone}");
        assert_eq!(hub.books()["payable:1"], 1_398, "{zone}");
        hub.prove();
    }
}

#[tokio::test]
async fn the_check_sees_what_is_changed_in_a_closed_month() {
    use boxoffice::domain::partners::PartnerTransaction;
    use boxoffice::domain::partners::statement::ClosedMonth;
    use boxoffice::store::{Read as _, StoreError};
    let hub = a_hub().await;
    hub.a.charge(&purchase("a", P1)).await.expect(200);
    hub.bx.advance(DAY).await;
    close(&hub.bx, "NFLX", "2026-01").await.expect(201);
    hub.prove();
    let app = hub.bx.app();
    let forge = |month: bool| {
        let app = app.clone();
        async move {
            let forged = app.store.write(move |tx| -> Result<(), StoreError> {
                if month {
                    let mut held: ClosedMonth = tx.all()?.remove(0);
                    held.sums[0].sums.partner_minor += Minor::of(1);
                    tx.put(&held)
                } else {
                    let mut held: PartnerTransaction = tx.all()?.remove(0);
                    held.product = None;
                    tx.put(&held)
                }
            });
            forged.await.expect("a write");
            let ctx = boxoffice::app::Ctx::system(app);
            boxoffice::ops::upkeep::check(&ctx)
                .expect("a check")
                .findings
                .len()
        }
    };
    assert_eq!(forge(false).await, 1);
    assert_eq!(forge(true).await, 2);
}

#[derive(Debug, Clone)]
struct Deed {
    account: usize,
    currency: usize,
    minor: i64,
    tax: i64,
    /// Gives back a part of one that was made before, in thousandths.
    back: Option<(usize, i64)>,
    /// Days that pass.
    days: i64,
    closes: bool,
}

const CURRENCIES: [(&str, u32); 3] = [("USD", 2), ("JPY", 0), ("KWD", 3)];

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = (
        (0..2usize, 0..3usize, 1..5_000i64, 0..40i64),
        prop_oneof![3 => Just(None), 2 => (0..40usize, 1..1_000i64).prop_map(Some)],
        prop_oneof![4 => Just(0i64), 1 => 1..20i64],
        prop::bool::weighted(0.2),
    );
    let deed = deed.prop_map(
        |((account, currency, minor, tax), back, days, closes)| Deed {
            account,
            currency,
            minor,
            tax,
            back,
            days,
            closes,
        },
    );
    proptest::collection::vec(deed, 5..60)
}

fn decimal(minor: i64, exponent: u32) -> String {
    let whole = 10_i64.pow(exponent);
    match exponent {
        0 => minor.to_string(),
        _ => format!(
            "{}.{:0width$}",
            minor / whole,
            minor % whole,
            width = exponent as usize
        ),
    }
}

fn minor(text: &str) -> i64 {
    text.replace('.', "").parse().expect("a number")
}

/// Everything that was done, against what the lines and the books say.
async fn live(deeds: &[Deed], share: &str) {
    let hub = a_hub().await;
    let currencies: Vec<&str> = CURRENCIES.iter().map(|(code, _)| *code).collect();
    hub.bx
        .apply(
            json!({"partners": [{"key": "NFLX", "name": "A", "share": share, "refunds": true,
            "products": [{"code": "NFLX-STD", "title": "M"}], "currencies": currencies}]}),
        )
        .await;
    let accounts = [P1, P7];
    hub.bx
        .apply(json!({"customers": [
            {"login": "p7", "phones": [P7, P2], "carrier": {"type": "postpaid"}},
        ]}))
        .await;
    // Of each charge: account, currency, amount and what is left of it.
    let mut charges: Vec<(usize, usize, i64, i64)> = Vec::new();
    let mut closed: Vec<String> = Vec::new();
    for (number, deed) in deeds.iter().enumerate() {
        hub.bx.advance(deed.days * DAY).await;
        if let Some((of, part)) = deed.back
            && !charges.is_empty()
        {
            let of = of % charges.len();
            let (account, currency, amount, left) = &mut charges[of];
            let give = (*amount * part / 1_000).clamp(1, (*left).max(1));
            if *left == 0 {
                continue;
            }
            *left -= give;
            let (code, exponent) = CURRENCIES[*currency];
            let body = merged(
                back(
                    &format!("r{number}"),
                    &format!("c{of}"),
                    accounts[*account],
                    &decimal(give, exponent),
                ),
                json!({ "currency": code }),
            );
            hub.a.charge(&body).await.expect(200);
        } else {
            let (code, exponent) = CURRENCIES[deed.currency];
            let body = merged(
                purchase(&format!("c{}", charges.len()), accounts[deed.account]),
                json!({"amount": decimal(deed.minor, exponent), "currency": code,
                    "isTaxIncluded": true,
                    "taxAmount": decimal(deed.minor * deed.tax / 100, exponent)}),
            );
            hub.a.charge(&body).await.expect(200);
            charges.push((deed.account, deed.currency, deed.minor, deed.minor));
        }
        // From January on, one month more at a time, as far as they are over.
        if deed.closes {
            let month = format!("2026-{:02}", closed.len() + 1);
            let answer = close(&hub.bx, "NFLX", &month).await;
            match answer.status {
                201 => closed.push(month),
                status => assert_eq!(status, 409, "{}", answer.told()),
            }
        }
    }
    sums_up(&hub, &closed).await;
}

/// The sum of the lines is what the books hold:
/// of closed months as payable, of the others as the partner's.
async fn sums_up(hub: &Hub, closed: &[String]) {
    let (mut all, mut frozen) = (
        BTreeMap::<String, i64>::new(),
        BTreeMap::<String, i64>::new(),
    );
    for year in 2026..2030 {
        for month in 1..=12 {
            let month = format!("{year}-{month:02}");
            let found = read(&hub.bx, &format!("NFLX/settlement?month={month}"))
                .await
                .expect(200);
            let csv = read(
                &hub.bx,
                &format!("NFLX/settlement?month={month}&format=csv"),
            )
            .await;
            assert_eq!(found["closed"].is_object(), closed.contains(&month));
            let mut lines = BTreeMap::<String, i64>::new();
            for line in csv.text.lines().skip(1) {
                let fields: Vec<&str> = line.split(',').collect();
                let [amount, tax, payable, kept] = [5, 6, 7, 8].map(|field| minor(fields[field]));
                assert_eq!(amount, tax + payable + kept, "{line}");
                *lines.entry(fields[4].to_owned()).or_default() += payable;
            }
            for sums in found["sums"].as_array().expect("sums") {
                let text = |name: &str| sums[name].as_str().expect("a text").to_owned();
                let payable = minor(&text("payable"));
                assert_eq!(lines.remove(&text("currency")), Some(payable), "{month}");
                *all.entry(text("currency")).or_default() += payable;
                if closed.contains(&month) {
                    *frozen.entry(text("currency")).or_default() += payable;
                }
            }
            assert!(lines.is_empty(), "{lines:?}");
        }
    }
    for (code, _) in CURRENCIES {
        let of = |sums: &BTreeMap<String, i64>| sums.get(code).copied().unwrap_or(0);
        assert_eq!(hub.held("payable:1", code), of(&frozen), "{code}");
        assert_eq!(
            hub.held("partner:1", code),
            of(&all) - of(&frozen),
            "{code}"
        );
    }
    hub.prove();
}

#[test]
fn fuzz_closed_and_open_months_sum_up_to_the_books() {
    let mut config = Runner::default();
    // A box for each case.
    config.cases = config.cases.min(60) / 6;
    config.failure_persistence = None;
    let mut runner = TestRunner::new(config);
    let shares = prop_oneof![Just("70"), Just("100"), Just("0"), Just("50"), Just("33.3")];
    let tried = runner.run(&(deeds(), shares), |(deeds, share)| {
        run(live(&deeds, share));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}
