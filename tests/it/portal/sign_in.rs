//! The profile and its types, and signing in with login and password (stalker-stb-portal §2.4,
//! §3.3, §3.4, §3.6).

use serde_json::{Value, json};

use super::{UNKNOWN, number, offered_ids, signed};
use crate::stalker::{A, C, FORM, House, Says, StbBox, query};
use crate::support::fixture::{a_house, a_portal};

/// What must hold of every profile: `js` an object, texts never null, no secrets.
#[track_caller]
fn sound(profile: &Value) {
    // "`js:false` or `[]` → Kodi's add-on dies, no retry".
    let members = profile
        .as_object()
        .unwrap_or_else(|| panic!("no object: {profile}"));
    assert!([0, 1, 2].contains(&number(&profile["status"])), "{profile}");
    for text in ["msg", "block_msg", "info", "template"] {
        // "string or absent; `null` → Kodi's add-on dies silently".
        assert!(
            profile.get(text).is_none_or(Value::is_string),
            "{text} of {profile}"
        );
    }
    // "Never send".
    for secret in [
        "device_id",
        "device_id2",
        "access_token",
        "serial_number",
        "password",
    ] {
        assert!(!members.contains_key(secret), "{secret} of {profile}");
    }
}

#[tokio::test]
async fn a_profile_has_what_players_read() {
    let house = a_portal().await;
    let profile = house.stb(A).sign_in().await;
    sound(&profile);
    assert_eq!(number(&profile["status"]), 0);
    assert_eq!(profile["mac"], A);
    for text in ["id", "name"] {
        assert!(profile[text].is_string(), "{text} of {profile}");
    }
    assert_eq!(number(&profile["watchdog_timeout"]), 120);
    // "0 → Kodi polls get_events ~20 times a second"; "30–120 is sane".
    let timeslot = &profile["timeslot"];
    let seconds = timeslot
        .as_f64()
        .or_else(|| timeslot.as_str()?.parse().ok());
    assert!(
        seconds.is_some_and(|seconds| (1.0..=120.0).contains(&seconds)),
        "{profile}"
    );
    let store = &profile["store_auth_data_on_stb"];
    assert!(
        store.is_boolean() || store.is_null() || store.is_string(),
        "{profile}"
    );

    let house = a_house()
        .set(|config| config.stalker.watchdog_timeout = 45)
        .await;
    let profile = house.stb(A).sign_in().await;
    assert_eq!(number(&profile["watchdog_timeout"]), 45);
}

/// §3.3: "Treat all as optional"; what boxes send besides does not matter.
#[tokio::test]
async fn parameters_of_the_profile_are_optional() {
    let house = a_portal().await;
    let mut stb = house.stb(A);
    stb.handshake().await;
    for more in [
        &[][..],
        &[
            ("stb_type", "MAG250"),
            ("sn", "0000000000000"),
            ("ver", "x"),
            ("hd", "1"),
        ],
        &[
            ("hd", "true"),
            ("num_banks", ""),
            ("image_version", "x"),
            ("auth_second_step", ""),
        ],
        &[
            ("metrics", "{\"mac\":1"),
            ("signature", "zz"),
            ("hw_version_2", "%"),
            ("timestamp", "x"),
        ],
        &[("auth_second_step", "1"), ("not_valid_token", "1")],
    ] {
        let profile = stb.call("stb", "get_profile", more).await.js();
        sound(&profile);
        assert_eq!(number(&profile["status"]), 0, "{more:?}");
    }
}

/// §2.4: "handshake `js`: object".
#[tokio::test]
async fn a_handshake_is_an_object_with_texts() {
    let house = a_portal().await;
    for mac in [A, C, UNKNOWN, "AA:BB:CC:DD:EE:FF", "nonsense"] {
        let stb = house.stb(mac);
        for token in ["", "x", "98D6CB5B0800D180D1CF08109D471808"] {
            let told = [("token", token), ("prehash", "false")];
            let js = stb.call("stb", "handshake", &told).await.js();
            assert!(
                js["token"].as_str().is_some_and(|token| !token.is_empty()),
                "{mac}: {js}"
            );
            assert!(js.get("random").is_none_or(Value::is_string), "{mac}: {js}");
        }
    }
}

/// §3.6: refusals are objects too, with texts that are no null.
#[tokio::test]
async fn a_refusal_is_a_sound_profile() {
    let house = a_portal().await;
    for mac in [C, UNKNOWN, "AA:BB:CC:DD:EE:FF", "nonsense"] {
        let profile = house.stb(mac).sign_in().await;
        sound(&profile);
        assert_ne!(number(&profile["status"]), 0, "{mac}");
    }
    // Without a handshake first.
    sound(&house.stb(A).profile().await);
}

/// An account without a box, and its login and password.
async fn with_password(house: &House) {
    let form = "password=Open-Sesame&tariff_plan=FULL&status=1";
    assert_eq!(house.rest.put("/users/nobox", form).await.ok(), true);
}

async fn auth(stb: &StbBox, login: &str, password: &str) -> Value {
    let told = [
        ("login", login),
        ("password", password),
        ("device_id", ""),
        ("device_id2", ""),
    ];
    stb.call("stb", "do_auth", &told).await.js()
}

/// §3.4: "`js: true` = accepted (token is now bound to that account)"; the second profile "must
/// return status 0, not 2 again".
#[tokio::test]
async fn a_new_box_signs_in_with_login_and_password() {
    let house = a_portal().await;
    with_password(&house).await;
    let mut stb = house.stb(UNKNOWN);
    let profile = stb.sign_in().await;
    assert_ne!(number(&profile["status"]), 0);
    assert_eq!(auth(&stb, "nobox", "Open-Sesame").await, json!(true));
    let profile = stb
        .call("stb", "get_profile", &[("auth_second_step", "1")])
        .await
        .js();
    sound(&profile);
    assert_eq!(number(&profile["status"]), 0, "{profile}");
    assert_eq!(offered_ids(&stb).await, [27, 29, 90, 91]);
    stb.poll().await;
    // It stays signed in, and comes back with the token that it kept.
    let kept = stb.token.clone().expect("a token");
    assert_eq!(stb.resume(&kept).await, kept);
    assert_eq!(offered_ids(&stb).await, [27, 29, 90, 91]);
}

/// §3.4: "stalkerhek calls do_auth straight after handshake, without get_profile"; Kodi asks for
/// its profile first. POST carries the password in its body.
#[tokio::test]
async fn a_password_may_come_before_the_profile_and_in_a_body() {
    let house = a_portal().await;
    with_password(&house).await;
    let mut stb = house.stb(UNKNOWN);
    stb.handshake().await;
    let body = query(
        "stb",
        "do_auth",
        &[("login", "nobox"), ("password", "Open-Sesame")],
    );
    let url = house.bx.url("/stalker_portal/server/load.php");
    let kind = [("content-type", FORM)];
    let answer = stb.send("POST", &url, Some(body.into_bytes()), &kind).await;
    assert_eq!(answer.js(), json!(true));
    assert!(stb.call("itv", "get_genres", &[]).await.js().is_array());
    assert_eq!(offered_ids(&stb).await, [27, 29, 90, 91]);
}

/// "`js: false` = wrong", a JSON boolean; and nothing is opened by it.
#[tokio::test]
async fn a_wrong_password_is_false() {
    let house = a_portal().await;
    with_password(&house).await;
    let mut stb = house.stb(UNKNOWN);
    stb.sign_in().await;
    for (login, password) in [
        ("nobox", "open-sesame"),
        ("nobox", ""),
        ("", ""),
        ("", "Open-Sesame"),
        ("nosuch", "x"),
        ("3210", "Open-Sesame"),
        ("3210", ""),
        ("3211", ""),
    ] {
        assert_eq!(
            auth(&stb, login, password).await,
            json!(false),
            "{login} {password}"
        );
        let profile = stb
            .call("stb", "get_profile", &[("auth_second_step", "1")])
            .await
            .js();
        sound(&profile);
        assert_ne!(number(&profile["status"]), 0, "{login} {password}");
        super::assert_refused(&stb, "itv", "get_genres").await;
    }
}

/// A login with a NUL in it is another one: tries for it are none for the login without.
#[tokio::test]
async fn a_login_with_a_nul_is_nobodys() {
    let house = a_portal().await;
    with_password(&house).await;
    let mut stb = house.stb(UNKNOWN);
    stb.sign_in().await;
    for login in ["nobox\0", "nobox\0\0\0", "\0nobox", "nobox\0 "] {
        assert_eq!(
            auth(&stb, login, "Open-Sesame").await,
            json!(false),
            "{login:?}"
        );
    }
    assert_eq!(auth(&stb, "NoBox ", "Open-Sesame").await, json!(true));
}

/// "5 tries in 20 s is one honest mistake".
#[tokio::test]
async fn five_wrong_tries_are_one_honest_mistake() {
    let house = a_portal().await;
    with_password(&house).await;
    let mut stb = house.stb(UNKNOWN);
    for _ in 0..5 {
        stb.sign_in().await;
        assert_eq!(auth(&stb, "nobox", "wrong").await, json!(false));
    }
    house.bx.advance(5).await;
    stb.sign_in().await;
    assert_eq!(auth(&stb, "nobox", "Open-Sesame").await, json!(true));
}

/// A password set through either API is the one that counts; one that was reset is none.
#[tokio::test]
async fn the_password_is_one_for_every_dialect() {
    let house = a_portal().await;
    with_password(&house).await;
    let api = house.bx.api();
    let list = api.get("/customers").await.expect(200);
    let id = list[3]["_id"].as_str().expect("an id").to_owned();
    let path = format!("/customers/{id}/password");
    api.put(&path, json!({"password": "Changed"}))
        .await
        .expect(200);
    let mut stb = house.stb(UNKNOWN);
    stb.sign_in().await;
    assert_eq!(auth(&stb, "nobox", "Open-Sesame").await, json!(false));
    assert_eq!(auth(&stb, "NOBOX", "Changed").await, json!(true));
    // An empty one is none (stalker-rest-v1 §2.2).
    house.rest.put("/users/nobox", "password=").await.ok();
    stb.handshake().await;
    assert_eq!(auth(&stb, "nobox", "Changed").await, json!(true));
    api.post(format!("{path}/reset"), json!({}))
        .await
        .expect(200);
    stb.handshake().await;
    assert_eq!(auth(&stb, "nobox", "Changed").await, json!(false));
}

/// An account that is off opens nothing, whatever it knows.
#[tokio::test]
async fn an_account_that_is_off_does_not_get_in_by_password() {
    let house = a_portal().await;
    with_password(&house).await;
    house.rest.put("/users/nobox", "status=0").await.ok();
    let mut stb = house.stb(UNKNOWN);
    stb.sign_in().await;
    auth(&stb, "nobox", "Open-Sesame").await;
    let profile = stb
        .call("stb", "get_profile", &[("auth_second_step", "1")])
        .await
        .js();
    sound(&profile);
    assert_ne!(number(&profile["status"]), 0, "{profile}");
    super::assert_refused(&stb, "itv", "get_all_channels").await;
}

/// §3.4: "Credentials travel in the query string": a known box is not moved by somebody's guess.
#[tokio::test]
async fn a_wrong_guess_does_not_disturb_the_box_that_is_in() {
    let house = a_portal().await;
    let good = signed(&house, A).await;
    let mut thief = house.stb(A);
    thief.handshake().await;
    assert_eq!(auth(&thief, "3210", "guess").await, json!(false));
    thief
        .call("itv", "get_genres", &[])
        .await
        .plain("Authorization failed.");
    assert!(good.call("itv", "get_genres", &[]).await.js().is_array());
}

/// A viewer does not become the bearer of somebody else's name: a MAC that is written, without its
/// separators, as another's contract number or login is not taken. One's own is.
#[tokio::test]
async fn a_mac_that_reads_as_anothers_name_is_not_taken_by_signing_in() {
    let mut document = super::document();
    let customers = document["customers"].as_array_mut().expect("customers");
    for (login, number) in [("aabbccddeeff", "N-1"), ("other", "112233445566")] {
        customers.push(json!({"login": login, "account_number": number, "status": "ACTIVE"}));
    }
    let house = a_house().holding(document).await;
    with_password(&house).await;
    house
        .rest
        .put("/users/aabbccddeeff", "password=Open-Sesame")
        .await
        .ok();
    for mac in ["AA:BB:CC:DD:EE:FF", "11:22:33:44:55:66"] {
        let mut stb = house.stb(mac);
        stb.sign_in().await;
        assert_eq!(
            auth(&stb, "nobox", "Open-Sesame").await,
            json!(false),
            "{mac}"
        );
        assert_eq!(
            house.rest.get(&format!("/stb/{mac}")).await.ok(),
            json!([]),
            "{mac}"
        );
    }
    let mut own = house.stb("AA:BB:CC:DD:EE:FF");
    own.sign_in().await;
    assert_eq!(auth(&own, "aabbccddeeff", "Open-Sesame").await, json!(true));
    let mut stb = house.stb("11:22:33:44:55:77");
    stb.sign_in().await;
    assert_eq!(auth(&stb, "nobox", "Open-Sesame").await, json!(true));
}
