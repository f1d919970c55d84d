//! `cmd` and `create_link` (stalker-stb-portal §2.2 and §5.5).

use serde_json::{Value, json};

use super::{document, link, offered, signed};
use crate::stalker::{A, B, Says, StbBox};
use crate::support::fixture::{a_house, a_portal};

/// §5.6.
const ERRORS: [&str; 7] = [
    "nothing_to_play",
    "link_fault",
    "limit",
    "access_denied",
    "temporary_unavailable",
    "not_available_for_zone",
    "server_error",
];

fn cmd(row: &Value) -> &str {
    row["cmd"]
        .as_str()
        .unwrap_or_else(|| panic!("no cmd: {row}"))
}

/// §2.2: "`cmd` values made only of letters, digits, `/ : . _ -` and one space"; §11.6: "one prefix
/// word, one space, one URL".
#[track_caller]
fn listed_is_sound(cmd: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._- ".contains(c);
    // `udp://@…` is a form of the reference's own.
    assert!(cmd.replacen("://@", "://", 1).chars().all(plain), "{cmd}");
    let words: Vec<&str> = cmd.split(' ').collect();
    assert_eq!(words.len(), 2, "{cmd}");
    assert!(
        !words[0].is_empty() && words[0].bytes().all(|b| b.is_ascii_alphanumeric()),
        "{cmd}"
    );
    assert!(words[1].contains("://"), "{cmd}");
    // "Never let `cmd` contain the letters `matrix`."
    assert!(!cmd.contains("matrix"), "{cmd}");
}

/// What a player makes of a good answer: the address that it opens.
#[track_caller]
fn address(js: &Value) -> String {
    // "5.x may return an array …, but it makes Kodi hang for good".
    assert!(js.is_object(), "{js}");
    let cmd = cmd(js);
    let words: Vec<&str> = cmd.split(' ').collect();
    // Some drop all up to the first space, some take the last word.
    assert_eq!(words.len(), 2, "exactly one space: {js}");
    assert!(words[1].contains("://"), "{js}");
    assert_eq!(js["error"].as_str().unwrap_or(""), "", "{js}");
    words[1].to_owned()
}

#[track_caller]
fn failed(js: &Value) {
    assert!(js.is_object(), "{js}");
    assert_eq!(js["cmd"], "", "{js}");
    let error = js["error"].as_str().unwrap_or("");
    assert!(ERRORS.contains(&error), "{js}");
}

/// The `cmd` of a channel as it is listed for a box.
async fn cmd_of(stb: &StbBox, id: &str) -> String {
    let rows = offered(stb).await;
    let row = rows.iter().find(|row| row["id"] == id);
    cmd(row.unwrap_or_else(|| panic!("no channel {id}: {rows:?}"))).to_owned()
}

/// "create_link accepts everything ever listed" and `cmds` too; the answer is what is played.
#[tokio::test]
async fn whatever_is_listed_can_be_played() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let rows = offered(&stb).await;
    assert!(rows.len() >= 4, "{rows:?}");
    for row in rows {
        listed_is_sound(cmd(&row));
        let address = address(&link(&stb, cmd(&row)).await);
        let id = row["id"].as_str().unwrap();
        assert!(!address.contains("localhost/ch/"), "{id}: {address}");
        // Nothing else than `cmd` is needed.
        let least = stb
            .call("itv", "create_link", &[("cmd", cmd(&row))])
            .await
            .js();
        self::address(&least);
        // "STB-Proxy … calls create_link if and only if `cmd` contains `http://localhost/`, else
        // plays the second word"; others go by the flags.
        let direct = ["use_http_tmp_link", "use_load_balancing"]
            .iter()
            .all(|flag| row.get(*flag).is_none_or(|of| *of == "0" || *of == 0));
        let placeholder = cmd(&row).contains("http://localhost/");
        assert!(
            placeholder != direct,
            "neither direct nor a placeholder: {row}"
        );
    }
}

/// "stock appends it to the resolved URL"; MAG boxes repeat `cmds[0].url`.
#[tokio::test]
async fn an_address_of_the_links_is_accepted_as_well() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    for row in offered(&stb).await {
        for of in row["cmds"].as_array().expect("links") {
            let url = of["url"].as_str().expect("a text");
            if url.contains("://") {
                address(&link(&stb, url).await);
            }
        }
    }
}

/// Addresses that no box would bring home unharmed are not listed: a placeholder stands for them.
#[tokio::test]
async fn addresses_with_signs_in_them_survive() {
    let mut document = document();
    let urls = [
        "http://h.example.com/x.m3u8?token=a&b=1%202",
        "http://h.example.com/matrix/1.m3u8",
        "http://h.example.com/a+b#c",
    ];
    for (at, url) in urls.iter().enumerate() {
        let id = 300 + at;
        let channel =
            json!({"id": id, "name": format!("N{id}"), "number": id, "kind": "tv", "url": url});
        document["channels"].as_array_mut().unwrap().push(channel);
        document["packages"][0]["services"]
            .as_array_mut()
            .unwrap()
            .push(json!(id));
    }
    let house = a_house().holding(document).await;
    let stb = signed(&house, B).await;
    let rows = offered(&stb).await;
    for id in ["300", "301", "302"] {
        let row = rows
            .iter()
            .find(|row| row["id"] == id)
            .expect("the channel");
        listed_is_sound(cmd(row));
        address(&link(&stb, cmd(row)).await);
    }
}

/// "On failure: `cmd:""` and `error` = code of 5.6", in a plain object.
#[tokio::test]
async fn what_was_never_listed_is_not_played() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    for wrong in [
        "",
        " ",
        "ffmpeg",
        "ffmpeg http://localhost/ch/999999",
        "ffmpeg http://localhost/ch/x_",
        "ffmpeg http://evil.example.com/x",
        "http://localhost/ch/",
        "ffmpeg http://localhost/ch/-1",
        "ffmpeg http://localhost/ch/18446744073709551616",
        "undefined",
        "ffmpeg file:///etc/passwd",
        "/media/1.mpg",
    ] {
        failed(&link(&stb, wrong).await);
    }
    failed(&stb.call("itv", "create_link", &[]).await.js());
}

/// Only who may watch a channel gets a link to it, whatever `cmd` they bring.
#[tokio::test]
async fn a_link_is_made_only_for_who_may_watch() {
    let house = a_portal().await;
    house
        .rest
        .put(&format!("/account_subscription/{B}"), "subscribed[]=tv_3")
        .await
        .ok();
    let (of_a, of_b) = (signed(&house, A).await, signed(&house, B).await);
    let cmd = cmd_of(&of_b, "37").await;
    address(&link(&of_b, &cmd).await);
    failed(&link(&of_a, &cmd).await);
    // Until they do, and no longer than that.
    house
        .rest
        .put(&format!("/account_subscription/{A}"), "subscribed[]=tv_3")
        .await
        .ok();
    address(&link(&of_a, &cmd).await);
    house
        .rest
        .put(&format!("/account_subscription/{A}"), "unsubscribed[]=tv_3")
        .await
        .ok();
    failed(&link(&of_a, &cmd).await);
    address(&link(&of_b, &cmd).await);
}

/// A channel without an address is no reason to fail but for that channel.
#[tokio::test]
async fn a_channel_without_an_address_says_so() {
    let house = a_house().await;
    let stb = signed(&house, A).await;
    for row in offered(&stb).await {
        listed_is_sound(cmd(&row));
        failed(&link(&stb, cmd(&row)).await);
    }
}

/// §5.5: "Kodi opens the URL twice at start …: a one-shot token fails": asked for twice, both work.
#[tokio::test]
async fn a_link_can_be_asked_for_again() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let cmd = cmd_of(&stb, "27").await;
    for _ in 0..10 {
        address(&link(&stb, &cmd).await);
    }
}
