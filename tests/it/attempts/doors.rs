//! Every way in: guesses are slowed in the words of the dialect, whoever is right gets in, and the
//! log of changes names who and where, once a burst.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use boxoffice::app::Ctx;
use boxoffice::domain::event::Audit;
use boxoffice::domain::staff::Role;
use boxoffice::ops::staff::setup_code;
use boxoffice::store::Read as _;
use serde_json::{Value, json};

use super::{Came, From};
use crate::support::fixture::a_box;
use crate::support::{PASSWORD, TestBox, eventually};

/// A box with staff, a script, a partner and a customer with a password.
async fn house() -> TestBox {
    let bx = a_box()
        .set(|config| {
            "script".clone_into(&mut config.stalker.login);
            config.stalker.password = "walnut tables".into();
        })
        .with_staff("ada", Role::Owner)
        .with_staff("second-script", Role::Api)
        .await;
    bx.apply(json!({
        "partners": [{"key": "NFLX", "name": "A", "api_key": "key-a"}],
        "customers": [
            {"login": "olive", "password": "open sesame"},
            {"login": "pia", "password": "close sesame"},
        ],
    }))
    .await;
    bx
}

/// Tries until it is told to wait; answers how many were judged, and what it was told.
async fn until_refused(mut one: impl AsyncFnMut(usize) -> Came) -> (usize, Came) {
    for at in 0..1_000 {
        let came = one(at).await;
        if came.wait.is_some() {
            return (at, came);
        }
    }
    panic!("never told to wait");
}

fn problem(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test]
async fn the_console_slows_guesses_and_then_lets_the_right_one_in() {
    let bx = house().await;
    let from = From::address(2);
    let (judged, came) = until_refused(async |_| from.sign_in(&bx, "ada", "guess").await).await;
    assert_eq!((judged, came.status), (10, 429));
    let told = problem(&came.text);
    assert_eq!(told["status"], 429);
    assert!(
        told["detail"]
            .as_str()
            .is_some_and(|text| text.contains("wait")),
        "{told}"
    );
    // The right one is not looked at before its time; it is never locked out for good.
    assert_eq!(from.sign_in(&bx, "ada", PASSWORD).await.status, 429);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let wait = from
            .sign_in(&bx, "ada", "guess")
            .await
            .wait
            .expect("a wait");
        waits.push(wait);
        bx.advance(i64::try_from(wait).unwrap()).await;
        assert_eq!(from.sign_in(&bx, "ada", "guess").await.status, 401);
    }
    assert!(
        waits[0] <= 2 && waits[11] > 60 && waits[11] <= 300,
        "{waits:?}"
    );
    bx.advance(300).await;
    assert_eq!(from.sign_in(&bx, "ada", PASSWORD).await.status, 201);
}

#[tokio::test]
async fn the_stalker_api_slows_guesses_at_the_script_and_at_staff() {
    let bx = house().await;
    for (last, login, right) in [
        (3, "script", "walnut tables"),
        (4, "second-script", PASSWORD),
    ] {
        let from = From::address(last);
        let (judged, came) = until_refused(async |_| from.basic(&bx, login, "guess").await).await;
        assert_eq!((judged, came.status), (10, 429), "{login}");
        let told = problem(&came.text);
        assert_eq!(told["status"], "ERROR", "{told}");
        assert!(
            told["error"]
                .as_str()
                .is_some_and(|text| text.starts_with("429")),
            "{told}"
        );
        assert_eq!(from.basic(&bx, login, right).await.status, 429, "{login}");
        // Elsewhere it is as ever, and stays so where it was right once.
        let home = From::address(last + 10);
        assert_eq!(home.basic(&bx, login, right).await.status, 200, "{login}");
        for address in 20..30 {
            let other = From::address(address);
            for _ in 0..10 {
                other.basic(&bx, login, "guess").await;
            }
        }
        let stranger = From::address(last + 40);
        assert_eq!(
            stranger.basic(&bx, login, right).await.status,
            429,
            "{login}"
        );
        for _ in 0..50 {
            assert_eq!(home.basic(&bx, login, right).await.status, 200, "{login}");
        }
    }
}

/// One password is one, whichever dialect it is guessed in.
#[tokio::test]
async fn guesses_at_staff_are_counted_together() {
    let bx = house().await;
    let from = From::address(2);
    for _ in 0..5 {
        assert_eq!(from.basic(&bx, "second-script", "guess").await.status, 401);
        assert_eq!(
            from.sign_in(&bx, "Second-Script ", "guess").await.status,
            401
        );
    }
    assert_eq!(from.basic(&bx, "second-script", PASSWORD).await.status, 429);
    assert_eq!(
        from.sign_in(&bx, "second-script", PASSWORD).await.status,
        429
    );
}

#[tokio::test]
async fn a_box_is_told_no_and_how_long_to_wait() {
    let bx = house().await;
    let from = From::address(2);
    let mac = "00:1A:79:AA:00:01";
    let one = async |_| from.box_auth(&bx, mac, "Olive", "guess").await;
    let (judged, came) = until_refused(one).await;
    // Players take anything but 200 for a portal that is gone.
    assert_eq!((judged, came.status), (10, 200));
    let told = problem(&came.text);
    assert_eq!(told["js"], json!(false));
    assert!(
        told["text"]
            .as_str()
            .is_some_and(|text| text.contains("Wait")),
        "{told}"
    );
    bx.advance(2).await;
    let came = from.box_auth(&bx, mac, "olive", "open sesame").await;
    assert_eq!(problem(&came.text)["js"], json!(true));
}

/// Behind a proxy or a provider's address translation all boxes have one address.
#[tokio::test]
async fn wrong_box_sign_ins_keep_nobody_else_out_behind_their_address() {
    let bx = house().await;
    let from = From::address(2);
    for at in 0..60 {
        let mac = format!("00:1A:79:AA:01:{at:02X}");
        let login = format!("somebody {}", at % 12);
        from.box_auth(&bx, &mac, &login, "wrong").await;
    }
    let came = from
        .box_auth(&bx, "00:1A:79:AA:00:01", "olive", "open sesame")
        .await;
    assert_eq!(problem(&came.text)["js"], json!(true));
    // Nor do viewers keep staff out.
    assert_eq!(from.sign_in(&bx, "ada", PASSWORD).await.status, 201);
}

#[tokio::test]
async fn many_names_from_one_address_are_slowed_too() {
    let bx = house().await;
    let from = From::address(2);
    // Known here from before, on this very address.
    assert_eq!(from.sign_in(&bx, "ada", PASSWORD).await.status, 201);
    let one = async |at| from.sign_in(&bx, &format!("name {at}"), "guess").await;
    let (judged, came) = until_refused(one).await;
    assert!((100..=310).contains(&judged), "{judged}");
    assert_eq!(came.status, 429);
    assert_eq!(from.sign_in(&bx, "ada", PASSWORD).await.status, 201);
    assert_eq!(
        From::address(3).sign_in(&bx, "ada", PASSWORD).await.status,
        201
    );
}

#[tokio::test]
async fn partners_keys_set_up_codes_and_page_codes_are_counted() {
    let bx = house().await;
    let from = From::address(2);
    let account = json!({"accountInfo": {"msisdn": "+491700000000"}});
    let ask = async |key: &str, from: &From| {
        let url = bx.url("/marketone/v1/account/validate");
        let request = from
            .client()
            .post(url)
            .header("x-api-key", key)
            .json(&account);
        from.send(request).await
    };
    let home = From::address(3);
    assert_ne!(ask("key-a", &home).await.status, 401);
    let (_, came) = until_refused(async |at| ask(&format!("key-{at}"), &from).await).await;
    assert_eq!(came.status, 429);
    assert_eq!(problem(&came.text)["code"], "too-many-requests");
    assert_eq!(
        ask("key-a", &from).await.status,
        429,
        "a short key could be guessed"
    );
    let (_, came) = until_refused(async |at| ask(&format!("key-{at}"), &home).await).await;
    assert_eq!(came.status, 429);
    assert!(
        ![401, 429].contains(&ask("key-a", &home).await.status),
        "known good"
    );

    let pay = async |code: &str| {
        let request = from.client().get(bx.url(&format!("/pay/{code}")));
        from.send(request).await
    };
    let (_, came) = until_refused(async |at| pay(&format!("{at:032x}")).await).await;
    assert_eq!(came.status, 429);
    assert!(
        came.text.contains("<html") && came.text.contains("wait"),
        "{}",
        came.text
    );

    let fresh = a_box().await;
    let code = setup_code(&Ctx::system(fresh.app()))
        .await
        .expect("answered")
        .expect("a code");
    let set_up = async |code: &str| {
        let request = from
            .client()
            .get(fresh.url(&format!("/console/setup?code={code}")));
        from.send(request).await
    };
    let (_, came) = until_refused(async |at| set_up(&format!("{at:032x}")).await).await;
    assert_eq!(
        (came.status, &problem(&came.text)["status"]),
        (429, &json!(429))
    );
    // Nobody guesses 128 random bits: whoever has the link is the owner.
    assert_eq!(set_up(&code).await.status, 200);
}

#[tokio::test]
async fn vouchers_are_counted_wherever_they_are_typed() {
    let bx = house().await;
    let cashier = bx.client_of("owner").await;
    let made = bx.url("/console/api/voucher-batches");
    let wish = json!({"title": "spring", "amount": "10.00", "currency": "USD", "count": 1});
    let batch = cashier.post(made, wish).await.expect(201);
    let customer = bx.api().get("/customers").await.expect(200)[0]["_id"].clone();
    let path = format!(
        "/console/api/customers/{}/vouchers",
        customer.as_str().expect("an id")
    );
    let mut refused = None;
    for at in 0..400 {
        let code = format!("AAAA-BBBB-CCCC-{at:04}");
        let answer = cashier.post(bx.url(&path), json!({"code": code})).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 409, "{}", answer.told());
    }
    let refused = refused.expect("slowed");
    assert!(refused.headers.contains_key("retry-after"));
    let code = batch["codes"][0].as_str().expect("a code");
    cashier
        .post(bx.url(&path), json!({"code": code}))
        .await
        .expect(201);
}

/// The line in front of the slow hashes is fair: nonsense from many connections fills it for
/// nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_full_of_nonsense_keep_no_right_sign_in_out() {
    let bx = Arc::new(
        a_box()
            .set(|config| config.passwords.memory_kib = 2_048)
            .await,
    );
    bx.hire("ada", Role::Owner).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut nonsense = Vec::new();
    for connection in 0..24u8 {
        let (bx, over) = (Arc::clone(&bx), Arc::clone(&over));
        nonsense.push(tokio::spawn(async move {
            // From the same address as whoever is right, and from others.
            let from = From::address(2 + connection % 3);
            let mut sent = 0usize;
            while !over.load(Ordering::Relaxed) {
                let name = if sent.is_multiple_of(2) {
                    "ada".to_owned()
                } else {
                    format!("x{connection}-{sent}")
                };
                from.sign_in(&bx, &name, "nonsense").await;
                sent += 1;
            }
            sent
        }));
    }
    let home = From::address(9);
    let shared = From::address(2);
    let first = home.sign_in(&bx, "ada", PASSWORD).await;
    let mut came = vec![first.status];
    for _ in 0..80 {
        came.push(home.sign_in(&bx, "ada", PASSWORD).await.status);
    }
    over.store(true, Ordering::Relaxed);
    let mut sent = 0;
    for task in nonsense {
        sent += task.await.expect("an end");
    }
    assert!(came.iter().all(|status| *status == 201), "{came:?}");
    assert!(sent > 81, "{sent}");
    // Where the guesses came from the owner waits, and not long.
    let came = shared.sign_in(&bx, "ada", PASSWORD).await;
    assert!(
        came.status == 201 || came.wait.is_some_and(|wait| wait <= 300),
        "{came:?}"
    );
}

/// Lines of the audit log about guesses.
async fn told(bx: &TestBox, least: usize) -> Vec<Audit> {
    eventually("as many lines about guesses", async || {
        let mut lines = bx.app().store.read().unwrap().all::<Audit>().unwrap();
        lines.retain(|line| line.action == "attempts.too_many");
        (lines.len() >= least).then_some(lines)
    })
    .await
}

#[tokio::test]
async fn a_burst_is_told_once_with_name_and_address() {
    let bx = house().await;
    let from = From::address(7);
    for _ in 0..60 {
        from.sign_in(&bx, "ada", "guess").await;
    }
    for _ in 0..60 {
        from.box_auth(&bx, "00:1A:79:AA:00:01", "olive", "guess")
            .await;
    }
    let lines = told(&bx, 2).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    let shown: Vec<String> = lines
        .iter()
        .map(|line| format!("{:?}", line.changes))
        .collect();
    for (line, name, kind) in [(0, "ada", "operators"), (1, "olive", "customers")] {
        assert!(
            shown[line].contains(name) && shown[line].contains("127.0.0.7"),
            "{shown:?}"
        );
        assert_eq!(lines[line].subject.0, kind);
        assert!(lines[line].subject.1 > 0);
        assert!(!shown[line].contains("guess"), "{shown:?}");
    }
}
