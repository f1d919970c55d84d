//! Answers that are lost, late or never come: one charge, whoever asks, whatever dies.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{Csp, Mood, back, hub, hub_at, open, patient_hub, processing, resolve};
use crate::alphaott::given::merged;
use crate::marketone::{P1, P7, Partner, fixture, purchase, refused};
use crate::support::eventually;
use crate::support::fixture::a_box;

#[tokio::test]
async fn a_lost_answer_is_one_charge() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    for (number, mood) in [
        Mood::Loses,
        Mood::Closes,
        Mood::Slow,
        Mood::Hangs,
        Mood::No(500, "system-error"),
        Mood::No(503, "service-unavailable"),
        Mood::No(400, "invalid-request"),
        Mood::No(409, "duplicate-transaction"),
    ]
    .into_iter()
    .enumerate()
    {
        csp.next(&[mood]);
        let id = format!("l{number}");
        let calls = csp.calls();
        processing(&hub.a.charge(&purchase(&id, P1)).await);
        // Whoever asks meanwhile asks us, and not the carrier.
        processing(&hub.a.charge(&purchase(&id, P1)).await);
        processing(&hub.a.get(&format!("/transaction/{id}")).await);
        refused(
            &hub.a.charge(&purchase(&id, P7)).await,
            409,
            "duplicate-transaction",
        );
        assert_eq!(csp.calls(), calls + 1, "{mood:?}");
        hub.bx.advance(179).await;
        assert_eq!(csp.calls(), calls + 1, "{mood:?}");
        hub.bx.advance(1).await;
        assert_eq!(csp.calls(), calls + 2, "{mood:?}");
        let ended = hub.a.charge(&purchase(&id, P1)).await.expect(200);
        assert_eq!(ended["status"], "SUCCEEDED", "{mood:?}");
        assert_eq!(csp.calls(), calls + 2, "{mood:?}");
        let ids: Vec<Value> = csp.ledger().calls[calls..]
            .iter()
            .map(|(_, body)| body.clone())
            .collect();
        assert_eq!(ids[0], ids[1], "{mood:?}");
        assert_eq!(csp.booked(), number + 1, "{mood:?}");
        assert_eq!(
            hub.books()["carrier"],
            -999 * (i64::try_from(number).unwrap() + 1)
        );
    }
    assert_eq!(open(&hub.bx).await, json!([]));
    hub.prove();
}

#[tokio::test]
async fn many_copies_are_one_call_and_one_entry() {
    let csp = Csp::default();
    let hub = patient_hub(&csp).await;
    csp.next(&[Mood::Waits]);
    let mut copies = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let partner = hub.a.clone();
        copies.spawn(async move { partner.charge(&purchase("a", P1)).await });
    }
    // All but the one that called are told that it goes on.
    for _ in 0..49 {
        let answer = copies.join_next().await.expect("a copy");
        processing(&answer.expect("an answer"));
    }
    csp.let_go();
    let answer = copies.join_next().await.expect("the one that called");
    let made = answer.expect("an answer").expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    assert_eq!((csp.calls(), csp.booked()), (1, 1));
    assert_eq!(hub.books()["carrier"], -999);
    hub.prove();
}

/// Whoever was told that it goes on is not told later that it never was.
#[tokio::test]
async fn what_somebody_heard_of_is_not_taken_back() {
    let csp = Csp::default();
    let hub = patient_hub(&csp).await;
    csp.next(&[Mood::WaitsBusy]);
    let first = {
        let partner = hub.a.clone();
        tokio::spawn(async move { partner.charge(&purchase("a", P1)).await })
    };
    csp.was_called(1).await;
    processing(&hub.a.charge(&purchase("a", P1)).await);
    csp.let_go();
    processing(&first.await.unwrap());
    assert_eq!(open(&hub.bx).await[0]["attempts"], 1);
    hub.bx.advance(180).await;
    let made = hub.a.charge(&purchase("a", P1)).await.expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    hub.prove();
}

#[tokio::test]
async fn what_may_be_charged_counts_against_limits() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    let of = |id: &str, amount: &str| merged(purchase(id, P7), json!({ "amount": amount }));
    csp.next(&[Mood::Hangs]);
    processing(&hub.a.charge(&of("a", "15.00")).await);
    refused(
        &hub.a.charge(&of("b", "5.01")).await,
        400,
        "spending-limit-exceeded",
    );
    hub.a.charge(&of("c", "5.00")).await.expect(200);
    // It was never charged: there is room again.
    csp.next(&[Mood::No(400, "insufficient-funds")]);
    hub.bx.advance(180).await;
    refused(
        &hub.a.charge(&of("a", "15.00")).await,
        400,
        "insufficient-funds",
    );
    hub.bx.advance(86_400 * 30 * 12).await;
    hub.a.charge(&of("d", "15.00")).await.expect(200);
    hub.prove();
}

#[tokio::test]
async fn what_nobody_knows_is_flagged_and_settled_by_staff() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::No(500, "system-error"); 12]);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    processing(&hub.a.charge(&purchase("b", P1)).await);
    for attempts in 2..=6 {
        hub.bx.advance(180).await;
        let held = open(&hub.bx).await;
        assert_eq!(held[0]["attempts"], attempts);
        assert_eq!(held[0]["flagged"], false, "{held}");
    }
    // The last one has its time too: a stop in it would else leave nobody to say that it is given
    // up.
    hub.bx.advance(179).await;
    assert_eq!(open(&hub.bx).await[0]["flagged"], false);
    hub.bx.advance(1).await;
    let held = open(&hub.bx).await;
    assert_eq!(held[0]["attempts"], 6);
    assert_eq!(held[0]["flagged"], true, "{held}");
    // Nobody asks any more, however long it takes.
    hub.bx.advance(86_400).await;
    assert_eq!(csp.calls(), 12);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    let held = open(&hub.bx).await;
    assert_eq!(held.as_array().unwrap().len(), 2);
    assert_eq!(held[0]["extTransactionID"], "a");
    assert_eq!(resolve(&hub.bx, &held[0]["id"], "MAYBE").await.status, 400);
    assert_eq!(resolve(&hub.bx, &json!(99), "DENIED").await.status, 404);
    let ended = resolve(&hub.bx, &held[0]["id"], "SUCCEEDED")
        .await
        .expect(200);
    assert_eq!(ended["status"], "SUCCEEDED");
    resolve(&hub.bx, &held[0]["id"], "SUCCEEDED")
        .await
        .expect(200);
    assert_eq!(resolve(&hub.bx, &held[0]["id"], "DENIED").await.status, 409);
    resolve(&hub.bx, &held[1]["id"], "DENIED").await.expect(200);
    refused(
        &hub.a.charge(&purchase("b", P1)).await,
        400,
        "transaction-denied",
    );
    let made = hub.a.charge(&purchase("a", P1)).await.expect(200);
    assert_eq!(made["status"], "SUCCEEDED");
    // The last of January when it was begun, the first of February when it ended.
    assert_eq!(made["completedDate"], "2026-02-01T10:18:00Z");
    assert_eq!(hub.books()["carrier"], -999);
    assert_eq!(open(&hub.bx).await, json!([]));
    let path = hub.bx.url("/console/api/partners/NFLX/transactions");
    assert_eq!(
        hub.bx.client_of("manager").await.get(path).await.status,
        400
    );
    hub.prove();
}

#[tokio::test]
async fn a_clock_that_moves_far_asks_at_each_instant() {
    let csp = Csp::default();
    let hub = hub(&csp).await;
    csp.next(&[Mood::No(500, "x"), Mood::No(500, "x"), Mood::Loses]);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    hub.bx.advance(86_400).await;
    assert_eq!((csp.calls(), csp.booked()), (4, 1));
    let made = hub.a.charge(&purchase("a", P1)).await.expect(200);
    assert_eq!(made["completedDate"], "2026-01-31T10:09:00Z");
    hub.prove();
}

#[tokio::test]
async fn a_partner_that_hangs_up_is_charged_all_the_same() {
    let csp = Csp::default();
    let hub = patient_hub(&csp).await;
    csp.next(&[Mood::Waits]);
    let partner = hub.a.clone();
    let asked = tokio::spawn(async move { partner.charge(&purchase("a", P1)).await });
    csp.was_called(1).await;
    asked.abort();
    assert!(asked.await.is_err_and(|error| error.is_cancelled()));
    processing(&hub.a.get("/transaction/a").await);
    csp.let_go();
    let shown = eventually("an end", async || {
        let shown = hub.a.get("/transaction/a").await.expect(200);
        (shown["status"] != "PROCESSING").then_some(shown)
    })
    .await;
    assert_eq!(shown["status"], "SUCCEEDED");
    assert_eq!((csp.calls(), csp.booked()), (1, 1));
    hub.prove();
}

/// Cut off while the carrier is asked: what it did comes to light after the next start,
/// charged once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_dies_in_the_middle_charges_once() {
    for mood in [Mood::Hangs, Mood::Loses] {
        let csp = Csp::default();
        let url = csp.listen().await;
        let folder = tempfile::tempdir().unwrap();
        let settings = |url: String, timeout_ms: u32| {
            move |config: &mut boxoffice::config::Config| {
                config.carrier.url = url.into();
                config.carrier.timeout_ms = timeout_ms;
            }
        };
        csp.next(&[mood]);
        let (path, there) = (folder.path().to_owned(), settings(url.clone(), 60_000));
        let watched = csp.clone();
        // A process of its own, as far as tasks go: all of them end where they stand.
        let dying = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let bx = a_box().in_folder(&path).set(there).await;
                bx.apply(fixture()).await;
                let partner = Partner::of(&bx, "key-a");
                tokio::spawn(async move { partner.charge(&purchase("a", P1)).await });
                watched.was_called(1).await;
                drop(bx);
            });
            runtime.shutdown_timeout(Duration::from_secs(5));
        });
        dying.await.unwrap();

        let bx = a_box()
            .in_folder(folder.path())
            .seed(2)
            .set(settings(url, 300))
            .await;
        let partner = Partner::of(&bx, "key-a");
        processing(&partner.charge(&purchase("a", P1)).await);
        assert_eq!(csp.calls(), 1);
        bx.advance(180).await;
        let made = partner.charge(&purchase("a", P1)).await.expect(200);
        assert_eq!(made["status"], "SUCCEEDED");
        assert_eq!((csp.calls(), csp.booked()), (2, 1), "{mood:?}");
        let ctx = boxoffice::app::Ctx::system(bx.app());
        let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    }
}

/// What was charged to an account here is given back here,
/// also when a carrier has been set up since.
#[tokio::test]
async fn money_goes_back_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let bx = a_box().in_folder(folder.path()).await;
    bx.apply(fixture()).await;
    let partner = Partner::of(&bx, "key-a");
    partner.charge(&purchase("a", P1)).await.expect(200);
    drop(partner);
    bx.stop().await;

    let csp = Csp::default();
    let url = csp.listen().await;
    let with = url.clone();
    let bx = a_box()
        .in_folder(folder.path())
        .seed(2)
        .set(move |config| {
            config.carrier.url = with.into();
        })
        .await;
    let partner = Partner::of(&bx, "key-a");
    let refund = partner.charge(&back("r", "a", "9.99")).await.expect(200);
    assert_eq!(refund["status"], "SUCCEEDED");
    assert_eq!(csp.calls(), 0);
    partner.charge(&purchase("b", P1)).await.expect(200);
    csp.next(&[Mood::No(500, "x")]);
    partner.charge(&purchase("c", P1)).await.expect(200);
    drop(partner);
    bx.stop().await;

    // Without it nothing of it can be given back, and nothing that is open is decided.
    let bx = a_box().in_folder(folder.path()).seed(3).await;
    let partner = Partner::of(&bx, "key-a");
    refused(
        &partner.charge(&back("s", "b", "9.99")).await,
        503,
        "service-unavailable",
    );
    bx.advance(86_400).await;
    let held = open(&bx).await;
    assert_eq!(held[0]["attempts"], 1);
    resolve(&bx, &held[0]["id"], "SUCCEEDED").await.expect(200);
    let ctx = boxoffice::app::Ctx::system(bx.app());
    let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// Another carrier would charge once more what the first one may have charged.
#[tokio::test]
async fn another_carrier_is_not_asked_for_what_the_first_one_has() {
    let (one, other) = (Csp::default(), Csp::default());
    let (first, second) = (one.listen().await, other.listen().await);
    let folder = tempfile::tempdir().unwrap();
    let at = |url: &str, former: &str| {
        let (url, former) = (url.to_owned(), former.to_owned());
        move |config: &mut boxoffice::config::Config| {
            config.carrier.url = url.into();
            config.carrier.former_urls = former.into();
            config.carrier.timeout_ms = 300;
        }
    };
    let bx = a_box().in_folder(folder.path()).set(at(&first, "")).await;
    bx.apply(fixture()).await;
    let partner = Partner::of(&bx, "key-a");
    partner.charge(&purchase("a", P1)).await.expect(200);
    one.next(&[Mood::Loses]);
    processing(&partner.charge(&purchase("b", P1)).await);
    drop(partner);
    bx.stop().await;

    let bx = a_box()
        .in_folder(folder.path())
        .seed(2)
        .set(at(&second, ""))
        .await;
    let partner = Partner::of(&bx, "key-a");
    bx.advance(180).await;
    assert_eq!(other.calls(), 0);
    let held = open(&bx).await;
    assert_eq!(
        (&held[0]["flagged"], &held[0]["attempts"]),
        (&json!(true), &json!(1))
    );
    processing(&partner.charge(&purchase("b", P1)).await);
    refused(
        &partner.charge(&back("r", "a", "9.99")).await,
        503,
        "service-unavailable",
    );
    assert_eq!(other.calls(), 0);
    resolve(&bx, &held[0]["id"], "SUCCEEDED").await.expect(200);
    partner.charge(&purchase("c", P1)).await.expect(200);
    assert_eq!((one.booked(), other.booked()), (2, 1));
    drop(partner);
    bx.stop().await;

    // The same one under another address has it all.
    let both = format!("{first} {second}");
    let moved = one.listen().await;
    let bx = a_box()
        .in_folder(folder.path())
        .seed(3)
        .set(at(&moved, &both))
        .await;
    let partner = Partner::of(&bx, "key-a");
    let refund = partner.charge(&back("r", "a", "9.99")).await.expect(200);
    assert_eq!(refund["status"], "SUCCEEDED");
    assert_eq!(one.booked(), 3);
    // How the account was named is kept only as long as it has to be, and in no log.
    let audit: Vec<boxoffice::domain::event::Audit> =
        boxoffice::store::Read::all(&bx.app().store.read().unwrap()).unwrap();
    assert!(audit.iter().any(|line| line.action == "partner.give_up"));
    assert!(!format!("{audit:?}").contains(P1.trim_start_matches('+')));
    let ctx = boxoffice::app::Ctx::system(bx.app());
    let report = boxoffice::ops::upkeep::check(&ctx).expect("a check");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// What the carrier says is kept, also if whoever asked again is stopped meanwhile.
#[tokio::test]
async fn an_answer_is_kept_whoever_waits_for_it() {
    let csp = Csp::default();
    let hub = patient_hub(&csp).await;
    csp.next(&[Mood::No(500, "system-error"), Mood::Waits]);
    processing(&hub.a.charge(&purchase("a", P1)).await);
    let system = boxoffice::app::Ctx::system(hub.bx.app());
    let ctx = boxoffice::app::Ctx {
        now: system.now.saturating_add_seconds(180),
        ..system
    };
    let asking = tokio::spawn(async move {
        let _ = boxoffice::ops::partners::carrier_calls::work(&ctx).await;
    });
    csp.was_called(2).await;
    asking.abort();
    assert!(asking.await.is_err_and(|error| error.is_cancelled()));
    csp.let_go();
    eventually("what the carrier said", async || {
        let shown = hub.a.get("/transaction/a").await.expect(200);
        (shown["status"] == "SUCCEEDED").then_some(())
    })
    .await;
    assert_eq!((csp.calls(), csp.booked()), (2, 1));
}

/// Where packets are dropped there is no connection, so nothing was sent.
#[tokio::test]
async fn a_carrier_that_drops_packets_is_not_reached() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let deaf = socket.listen(1).unwrap();
    let address = deaf.local_addr().unwrap();
    // As many connections as it holds without taking one; further ones get no answer at all.
    let mut held = Vec::new();
    for _ in 0..8 {
        let connecting = TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(300), connecting).await {
            Ok(connected) => held.push(connected.unwrap()),
            Err(_) => break,
        }
    }
    assert!(held.len() < 8, "nothing is dropped");
    let hub = hub_at(format!("http://{address}/v1")).await;
    let answer = hub.a.charge(&purchase("a", P1)).await;
    refused(&answer, 503, "service-unavailable");
    assert_eq!(hub.a.get("/transaction/a").await.status, 404);
    assert_eq!(open(&hub.bx).await, json!([]));
}
