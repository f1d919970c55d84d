//! Whom a request comes from when proxies stand before the box, and what hangs on it.

use boxoffice::config::Network;

use crate::stalker::{A, House};
use crate::support::TestBox;
use crate::support::fixture::{a_box, a_house};

fn networks(texts: &[&str]) -> Vec<Network> {
    let parse = |text: &&str| Network::parse(text).expect("a network");
    texts.iter().map(parse).collect()
}

async fn trusting(texts: &[&str]) -> House {
    let trusted = networks(texts);
    a_house()
        .set(|config| config.trusted_proxies = trusted)
        .await
}

/// The address that the box's row shows after a poll with these headers.
async fn address_shown(house: &House, headers: &[(&str, &str)]) -> String {
    let mut stb = house.stb(A);
    stb.sign_in().await;
    let url = house
        .bx
        .url("/portal.php?type=watchdog&action=get_events&init=1");
    let polled = stb.send("GET", &url, None, headers).await;
    assert_eq!(polled.status, 200);
    let row = house.rest.get(&format!("/stb/{A}")).await;
    let row = row.json();
    row["results"][0]["ip"]
        .as_str()
        .expect("an address")
        .to_owned()
}

#[tokio::test]
async fn only_a_trusted_proxy_says_who_comes() {
    let forged = [
        ("x-forwarded-for", "203.0.113.5"),
        ("x-real-ip", "203.0.113.5"),
    ];
    let house = a_house().await;
    assert_eq!(address_shown(&house, &forged).await, "127.0.0.1");
    let house = trusting(&["10.0.0.0/8"]).await;
    assert_eq!(address_shown(&house, &forged).await, "127.0.0.1");

    let house = trusting(&["127.0.0.1", "10.0.0.0/8"]).await;
    assert_eq!(address_shown(&house, &[]).await, "127.0.0.1");
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.5"),
        // The client wrote the left one, a second proxy of ours is the right one.
        ("x-forwarded-for", "198.51.100.1, 203.0.113.5, 10.0.0.2"),
        ("x-real-ip", "203.0.113.5"),
        (
            "forwarded",
            "for=198.51.100.1, for=\"203.0.113.5:4711\";proto=https",
        ),
    ] {
        let shown = address_shown(&house, &[(name, value)]).await;
        assert_eq!(shown, "203.0.113.5", "{name}: {value}");
    }
    // Two headers that name different clients: one of them is the client's own invention.
    let both = [
        ("x-forwarded-for", "203.0.113.5"),
        ("x-real-ip", "198.51.100.1"),
    ];
    assert_eq!(address_shown(&house, &both).await, "127.0.0.1");
}

#[tokio::test]
async fn one_client_behind_a_proxy_does_not_lock_out_another() {
    let house = trusting(&["127.0.0.1"]).await;
    let form = "password=Open-Sesame&tariff_plan=FULL&status=1";
    house.rest.put("/users/nobox", form).await;
    let try_from = async |address: &str, login: &str, password: &str, mac: &str| {
        let stb = house.stb(mac);
        let query = format!("type=stb&action=do_auth&login={login}&password={password}");
        let url = house.bx.url(&format!("/portal.php?{query}"));
        let answer = stb
            .send("GET", &url, None, &[("x-forwarded-for", address)])
            .await;
        answer.json()["js"].clone()
    };
    for number in 0..130 {
        let login = format!("somebody-{number}");
        let js = try_from("203.0.113.5", &login, "wrong", "00:1A:79:00:77:01").await;
        assert_eq!(js, false);
    }
    // The one that guessed is no longer heard, another one is.
    let right = ("nobox", "Open-Sesame");
    let mac = "00:1A:79:00:77:02";
    assert_eq!(try_from("203.0.113.5", right.0, right.1, mac).await, false);
    assert_eq!(try_from("198.51.100.9", right.0, right.1, mac).await, true);
}

#[tokio::test]
async fn figures_are_for_this_machine_itself() {
    let bx = a_box().await;
    let ask = async |bx: &TestBox, headers: &[(&str, &str)]| {
        let client = bx.anonymous();
        let asked = client.send("GET", bx.url("/metrics"), None, headers).await;
        asked.status
    };
    assert_eq!(ask(&bx, &[]).await, 200);
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("via", "1.1 proxy"),
        ("cf-connecting-ip", "127.0.0.1"),
    ] {
        assert_eq!(ask(&bx, &[(name, value)]).await, 401, "{name}");
    }
    let token = bx.api().get(bx.url("/metrics")).await;
    assert_eq!(token.status, 200);

    // A proxy that leaves no trace: the address that it serves gives it away.
    for (url, status) in [
        ("https://tv.example.net", 401),
        ("http://192.0.2.7:8080/", 401),
        ("http://127.0.0.1:8080", 200),
        ("http://localhost", 200),
        ("http://[::1]:8080/", 200),
    ] {
        let bx = a_box()
            .set(|config| url.clone_into(&mut config.public_url))
            .await;
        assert_eq!(ask(&bx, &[]).await, status, "{url}");
    }
    // Who names the proxy says that it leaves its traces.
    let trusted = networks(&["127.0.0.1"]);
    let bx = a_box()
        .set(|config| {
            "https://tv.example.net".clone_into(&mut config.public_url);
            config.trusted_proxies = trusted;
        })
        .await;
    assert_eq!(ask(&bx, &[]).await, 200);
    // Also where what it says cannot be believed.
    let contradiction = [
        ("x-forwarded-for", "203.0.113.5"),
        ("x-real-ip", "192.0.2.1"),
    ];
    assert_eq!(ask(&bx, &contradiction).await, 401);
    assert_eq!(ask(&bx, &[("x-forwarded-for", "127.0.0.1")]).await, 401);
}
