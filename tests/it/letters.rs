//! Letters that are not about money: wording, new passwords, greetings; and gateways of all kinds.

use boxoffice::app::App;
use boxoffice::domain::customers::Customer;
use boxoffice::store::Read as _;
use serde_json::{Value, json};

use crate::support::TestBox;
use crate::support::fixture::a_box;
use crate::support::gateway::{Gateway, Heard, Turn};
use crate::support::post::Post;

async fn customer(bx: &TestBox, body: Value) -> String {
    let made = bx.api().post("/customers", body).await.expect(201);
    made["_id"].as_str().expect("an id").to_owned()
}

async fn is_password(app: &App, password: &str) -> bool {
    let all: Vec<Customer> = app.store.read().unwrap().all().unwrap();
    let stored = all[0].password.clone();
    let fits = app
        .passwords
        .is_customers(
            password.to_owned(),
            &stored,
            boxoffice::app::secrets::passwords::Turn::OWN,
        )
        .await;
    fits.unwrap()
}

/// AlphaOTT §2.2: "generate and deliver out of band".
#[tokio::test]
async fn a_reset_password_arrives_and_is_good() {
    let post = Post::open().await;
    let bx = a_box()
        .set(|config| config.smtp.url = (&post.url).into())
        .await;
    let id = customer(
        &bx,
        json!({"login": "olive", "email": "olive@queen.example"}),
    )
    .await;
    let old = json!({"password": "old-one"});
    let path = format!("/customers/{id}/password");
    bx.api().put(&path, old).await.expect(200);
    let answer = bx
        .api()
        .post(format!("{path}/reset"), json!({}))
        .await
        .expect(200);
    bx.advance(0).await;
    let mails = post.collect();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("You sign in as olive."), "{}", mails[0]);
    let mut lines = mails[0].lines().filter_map(|line| line.strip_prefix("  "));
    let password = lines.next().expect("a password").to_owned();
    assert_eq!(password.len(), 14);
    assert!(!answer.to_string().contains(&password));
    let app = bx.app();
    assert!(is_password(&app, &password).await);
    assert!(!is_password(&app, "old-one").await);
    // What is listed and audited says nothing of it, and it is sent once.
    let messages = bx.api().get(bx.url("/console/api/messages")).await.text;
    assert!(messages.contains("PASSWORD_RESET") && !messages.contains(&password));
    bx.advance(60).await;
    assert!(post.collect().is_empty());
    // Each is another one.
    bx.api()
        .post(format!("{path}/reset"), json!({}))
        .await
        .expect(200);
    bx.advance(0).await;
    let mails = post.collect();
    assert!(!mails[0].contains(&password));
    assert!(!is_password(&app, &password).await);
}

#[tokio::test]
async fn who_cannot_be_reached_has_the_password_taken_only() {
    let bx = a_box().await;
    let id = customer(&bx, json!({"email": "olive@queen.example"})).await;
    let path = format!("/customers/{id}/password");
    bx.api()
        .put(&path, json!({"password": "old-one"}))
        .await
        .expect(200);
    bx.api()
        .post(format!("{path}/reset"), json!({}))
        .await
        .expect(200);
    assert!(!is_password(&bx.app(), "old-one").await);
    let messages = bx.api().get(bx.url("/console/api/messages")).await;
    assert_eq!(messages.expect(200), json!([]));
}

#[tokio::test]
async fn new_customers_are_greeted_if_that_is_wanted_and_in_these_words() {
    let post = Post::open().await;
    let bx = a_box()
        .set(|config| {
            config.smtp.url = (&post.url).into();
            "de-AT".clone_into(&mut config.provider.locale);
        })
        .await;
    let staff = bx.client_of("owner").await;
    customer(&bx, json!({"email": "a@queen.example"})).await;
    let path = |language: &str| bx.url(&format!("/console/api/templates/WELCOME/{language}"));
    let words = json!({"on": true, "subject": "Hallo\n{{ house | upper }}",
        "text": "Hallo {{ name }}{% if login %} ({{ login }}){% endif %}!"});
    let set = staff.put(path("DE"), words).await.expect(200);
    assert_eq!(set["language"], "de");
    customer(
        &bx,
        json!({"email": "b@queen.example", "login": "bea", "firstName": "Bea"}),
    )
    .await;
    bx.advance(0).await;
    let mails = post.collect();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].contains("Subject: Hallo BOXOFFICE") && mails[0].contains("Hallo Bea (bea)!"),
        "{}",
        mails[0]
    );
    let kinds = staff
        .get(bx.url("/console/api/templates"))
        .await
        .expect(200);
    let kinds = kinds.as_array().expect("a list");
    assert_eq!(kinds.len(), 12);
    let welcome = kinds
        .iter()
        .find(|kind| kind["kind"] == "WELCOME")
        .expect("it");
    assert_eq!(welcome["on"], false);
    assert_eq!(
        welcome["templates"][0]["subject"],
        "Hallo\n{{ house | upper }}"
    );
    staff.delete(path("de")).await.expect(204);
    assert_eq!(staff.delete(path("de")).await.status, 404);
    customer(&bx, json!({"email": "c@queen.example"})).await;
    bx.advance(0).await;
    assert!(post.collect().is_empty());
}

#[tokio::test]
async fn wordings_that_cannot_be_sent_are_refused_and_named() {
    let bx = a_box().await;
    let staff = bx.client_of("owner").await;
    for (kind, body, named) in [
        ("PIN", json!({"text": "{{ pni }} {{ pin }}"}), "text"),
        ("PIN", json!({"text": "Hello"}), "text: must say {{ pin }}"),
        ("PIN", json!({"sms": "Hello"}), "sms: must say {{ pin }}"),
        ("PASSWORD_RESET", json!({"text": "Hello"}), "{{ password }}"),
        (
            "INVOICE",
            json!({"subject": ""}),
            "subject: must not be empty",
        ),
        (
            "INVOICE",
            json!({"subject": "x".repeat(201)}),
            "subject: must be at most 200 bytes",
        ),
        (
            "INVOICE",
            json!({"text": "x".repeat(10_001)}),
            "text: must be at most",
        ),
        ("INVOICE", json!({"text": "{% for a in lines %}"}), "text"),
        ("INVOICE", json!({"text": "{{ 'x' * 1000000 }}"}), "text"),
        ("INVOICE", json!({"txt": "x"}), "txt"),
    ] {
        for path in ["en", "preview"] {
            let url = bx.url(&format!("/console/api/templates/{kind}/{path}"));
            let answer = match path {
                "en" => staff.put(url, body.clone()).await,
                _ => staff.post(url, body.clone()).await,
            };
            assert_eq!(answer.status, 400, "{body} {}", answer.told());
            assert!(answer.text.contains(named), "{body}: {}", answer.told());
        }
    }
    let put = async |path: &str| {
        staff
            .put(
                bx.url(&format!("/console/api/templates/{path}")),
                json!({"on": false}),
            )
            .await
            .status
    };
    assert_eq!(put("NOTHING/en").await, 404);
    assert_eq!(put("PIN/e").await, 400);
    assert_eq!(put("PIN/en").await, 200);
    let shown = staff
        .post(
            bx.url("/console/api/templates/PIN/preview"),
            json!({"sms": "PIN {{ pin }}"}),
        )
        .await
        .expect(200);
    assert_eq!(shown["sms"], "PIN 042137");
    // Support may look, and change nothing.
    let support = bx.client_of("support").await;
    support
        .get(bx.url("/console/api/templates"))
        .await
        .expect(200);
    let url = bx.url("/console/api/templates/PIN/en");
    assert_eq!(support.put(url, json!({"on": true})).await.status, 403);
}

/// A new password that goes through the gateway with these settings: what the gateway heard, and
/// how the message stands.
async fn sent(gateway: &Gateway, settings: &[(&str, &str)]) -> (Heard, Value, Value) {
    let bx = a_box()
        .set(|config| {
            config.sms.url = format!("{}/send", gateway.url).into();
            for (name, value) in settings {
                let value = (*value).to_owned();
                match *name {
                    "url" => config.sms.url = format!("{}{value}", gateway.url).into(),
                    "method" => config.sms.method = value,
                    "body" => config.sms.body = value.into(),
                    "success" => config.sms.success = value,
                    _ => config.sms.headers.push(value.into()),
                }
            }
        })
        .await;
    let words = json!({"sms": "{{ login }}: {{ password }}"});
    let wording = bx.url("/console/api/templates/PASSWORD_RESET/en");
    bx.client_of("owner")
        .await
        .put(wording, words)
        .await
        .expect(200);
    let id = customer(&bx, json!({"phones": ["+43 1 555-01"], "login": "ö&<\"x"})).await;
    bx.api()
        .post(format!("/customers/{id}/password/reset"), json!({}))
        .await
        .expect(200);
    bx.advance(0).await;
    let messages = bx
        .api()
        .get(bx.url("/console/api/messages"))
        .await
        .expect(200);
    (
        gateway.collect().remove(0),
        messages[0]["state"].clone(),
        messages[0]["problem"].clone(),
    )
}

/// Gateways want to be spoken to in many ways; the settings say in which.
#[tokio::test]
async fn gateways_are_spoken_to_in_their_own_way() {
    let gateway = Gateway::open().await;
    let (heard, state, _) = sent(&gateway, &[]).await;
    assert_eq!((heard.line.as_str(), state), ("POST /send", json!("SENT")));
    assert!(
        heard.headers.contains("content-type: application/json"),
        "{}",
        heard.headers
    );
    let body: Value = serde_json::from_str(&heard.body).expect("JSON");
    assert_eq!(body["to"], "+43155501");
    assert!(body["text"].as_str().unwrap().starts_with("ö&<\"x: "));
    let (heard, state, _) = sent(
        &gateway,
        &[
            (
                "url",
                "/x?to={{ to | replace('+', '00') }}&m={{ text | urlencode }}",
            ),
            ("method", "GET"),
            ("header", "Authorization: Bearer abc"),
        ],
    )
    .await;
    assert!(
        heard
            .line
            .starts_with("GET /x?to=0043155501&m=%C3%B6%26%3C%22x%3A%20"),
        "{}",
        heard.line
    );
    assert!(heard.headers.contains("authorization: Bearer abc") && heard.body.is_empty());
    assert_eq!(state, "SENT");
    let (heard, _, _) = sent(
        &gateway,
        &[
            (
                "body",
                "to={{ to | urlencode }}&text={{ text | urlencode }}",
            ),
            ("header", "Content-Type: application/x-www-form-urlencoded"),
            ("method", "PUT"),
        ],
    )
    .await;
    assert!(
        heard.line.starts_with("PUT ")
            && heard
                .body
                .starts_with("to=%2B43155501&text=%C3%B6%26%3C%22x%3A%20"),
        "{heard:?}"
    );
    assert!(
        heard
            .headers
            .contains("content-type: application/x-www-form-urlencoded")
    );
    // "What counts as success."
    gateway.next(&[Turn::Answer(200, "{\"error\": \"no credit\"}")]);
    let (_, state, problem) = sent(&gateway, &[("success", "\"queued\"")]).await;
    assert_eq!(state, "WAITING");
    assert!(
        problem.as_str().unwrap().contains("does not say"),
        "{problem}"
    );
    gateway.next(&[Turn::Answer(202, "{\"state\": \"queued\"}")]);
    assert_eq!(sent(&gateway, &[("success", "\"queued\"")]).await.1, "SENT");
}

#[tokio::test]
async fn what_a_gateway_answers_decides_what_becomes_of_a_message() {
    let gateway = Gateway::open().await;
    for (status, state) in [
        (400, "DEAD"),
        (404, "WAITING"),
        (302, "WAITING"),
        (405, "WAITING"),
        (422, "DEAD"),
        (401, "WAITING"),
        (429, "WAITING"),
        (503, "WAITING"),
    ] {
        gateway.next(&[Turn::Answer(status, "")]);
        assert_eq!(sent(&gateway, &[]).await.1, state, "{status}");
    }
}

/// No mass mailing stands before a person who waits,
/// and a mail server that is away stops no short message.
#[tokio::test]
async fn a_mail_server_that_is_away_stops_no_short_message() {
    let gateway = Gateway::open().await;
    let bx = a_box()
        .set(|config| {
            config.sms.url = (&gateway.url).into();
            // Nobody listens there.
            config.smtp.url = "smtp://127.0.0.1:1".into();
        })
        .await;
    for number in 0..20 {
        let body = json!({"email": format!("a{number}@queen.example")});
        let id = customer(&bx, body).await;
        bx.api()
            .post(format!("/customers/{id}/password/reset"), json!({}))
            .await
            .expect(200);
    }
    let id = customer(&bx, json!({"phones": ["+43155501"]})).await;
    bx.api()
        .post(format!("/customers/{id}/password/reset"), json!({}))
        .await
        .expect(200);
    bx.advance(0).await;
    assert_eq!(gateway.collect().len(), 1);
}

#[test]
fn a_gateway_that_cannot_be_spoken_to_is_found_out_at_the_start() {
    use boxoffice::config::Config;
    use boxoffice::outbound::Outbound;
    for (set, named) in [
        (
            |c: &mut Config| c.sms.method = "BREW".to_owned(),
            "sms.method",
        ),
        (
            |c: &mut Config| c.sms.headers.push("secret".into()),
            "sms.headers",
        ),
        (|c: &mut Config| c.sms.body = "{{ txt }}".into(), "sms.body"),
        (
            |c: &mut Config| c.sms.url = "http://x/{{ to".into(),
            "sms.url",
        ),
    ] as [(fn(&mut Config), &str); 4]
    {
        let mut config = Config::for_tests();
        config.sms.url = "http://127.0.0.1:9/".into();
        set(&mut config);
        let error = Outbound::new(&config).err().expect("a refusal");
        let told = format!("{error:#}");
        assert!(told.contains(named) && !told.contains("secret"), "{told}");
    }
}

/// A reset that is followed by another password must not be the last that the customer reads.
#[tokio::test]
async fn a_letter_with_a_password_that_is_void_is_not_sent() {
    let gateway = Gateway::open().await;
    let bx = a_box()
        .set(|config| config.sms.url = (&gateway.url).into())
        .await;
    let id = customer(&bx, json!({"phones": ["+43155501"]})).await;
    let path = format!("/customers/{id}/password");
    gateway.next(&[Turn::Answer(500, "")]);
    bx.api()
        .post(format!("{path}/reset"), json!({}))
        .await
        .expect(200);
    bx.advance(0).await;
    bx.api()
        .post(format!("{path}/reset"), json!({}))
        .await
        .expect(200);
    bx.advance(60).await;
    let heard = gateway.collect();
    assert_eq!(heard.len(), 2, "{heard:?}");
    let last: Value = serde_json::from_str(&heard[1].body).expect("JSON");
    let password = last["text"]
        .as_str()
        .unwrap()
        .rsplit(' ')
        .next()
        .unwrap()
        .to_owned();
    let app = bx.app();
    assert!(is_password(&app, &password).await);
    // Also once it was hardened, and not after staff set one.
    gateway.next(&[Turn::Answer(400, "")]);
    bx.api()
        .post(format!("{path}/reset"), json!({}))
        .await
        .expect(200);
    bx.advance(0).await;
    bx.api()
        .put(&path, json!({"password": "by-hand"}))
        .await
        .expect(200);
    gateway.collect();
    let again = bx.url("/console/api/messages/3/retry");
    bx.api().post(again, json!({})).await.expect(200);
    bx.advance(0).await;
    assert!(gateway.collect().is_empty());
    assert!(is_password(&app, "by-hand").await);
}

/// Whoever has no letter for it gets no new password either: nobody would know it.
#[tokio::test]
async fn no_password_is_made_that_cannot_be_told() {
    let gateway = Gateway::open().await;
    let bx = a_box()
        .set(|config| config.sms.url = (&gateway.url).into())
        .await;
    let id = customer(&bx, json!({"phones": ["+43155501"]})).await;
    let url = bx.url("/console/api/templates/PASSWORD_RESET/en");
    bx.client_of("owner")
        .await
        .put(url, json!({"sms": ""}))
        .await
        .expect(200);
    bx.api()
        .post(format!("/customers/{id}/password/reset"), json!({}))
        .await
        .expect(200);
    bx.advance(0).await;
    assert!(gateway.collect().is_empty());
    let all: Vec<Customer> = bx.app().store.read().unwrap().all().unwrap();
    let reset = matches!(
        all[0].password,
        boxoffice::domain::customers::CustomerPassword::Reset(_)
    );
    assert!(reset, "{:?}", all[0].password);
}

/// A mail server that was taken out of the settings by mistake loses nothing:
/// what waits for it waits.
#[tokio::test]
async fn what_waits_for_a_way_that_is_not_set_up_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (post, gateway) = (Post::open().await, Gateway::open().await);
    let first = a_box()
        .in_folder(folder.path())
        .set(|config| {
            config.smtp.url = "smtp://127.0.0.1:1".into();
        })
        .await;
    let id = customer(&first, json!({"email": "olive@queen.example"})).await;
    first
        .api()
        .post(format!("/customers/{id}/password/reset"), json!({}))
        .await
        .expect(200);
    first.advance(0).await;
    first.stop().await;
    let second = a_box()
        .in_folder(folder.path())
        .seed(2)
        .set(|config| {
            config.sms.url = (&gateway.url).into();
        })
        .await;
    second.advance(60).await;
    let messages = second
        .api()
        .get(second.url("/console/api/messages"))
        .await
        .expect(200);
    assert_eq!(messages[0]["state"], "WAITING", "{messages}");
    assert_eq!(messages[0]["problem"], "no mail server is set up");
    second.stop().await;
    let third = a_box()
        .in_folder(folder.path())
        .seed(3)
        .set(|config| {
            config.smtp.url = (&post.url).into();
        })
        .await;
    third.advance(86_400).await;
    assert_eq!(post.collect().len(), 1);
}

/// A language of its own begins as what it stood in for.
#[tokio::test]
async fn a_new_language_switches_nothing_on_or_off() {
    let bx = a_box().await;
    let staff = bx.client_of("owner").await;
    let put = async |path: &str, body: Value| {
        let url = bx.url(&format!("/console/api/templates/{path}"));
        staff.put(url, body).await.expect(200)
    };
    put(
        "INVOICE/en",
        json!({"on": false, "subject": "Bill {{ number }}"}),
    )
    .await;
    let german = put("INVOICE/de", json!({})).await;
    assert_eq!(
        (&german["on"], &german["subject"]),
        (&json!(false), &json!("Bill {{ number }}"))
    );
    put("EXPIRY_REMINDER/de", json!({"on": true})).await;
    let austrian = put("EXPIRY_REMINDER/de-AT", json!({"sms": "x"})).await;
    assert_eq!(austrian["on"], true);
}

/// Each by itself: the clock is not moved, and nobody waits for a test to do it.
#[tokio::test]
async fn a_box_with_nothing_but_a_gateway_sends() {
    let gateway = Gateway::open().await;
    let bx = a_box()
        .set(|config| config.sms.url = (&gateway.url).into())
        .await;
    let id = customer(&bx, json!({"phones": ["+43155501"]})).await;
    let path = format!("/customers/{id}/password/reset");
    bx.api().post(path, json!({})).await.expect(200);
    assert_eq!(gateway.wait_for(1).await.len(), 1);
}
