//! Names and passwords of staff, alike on the command line, on the set-up page and for a new
//! password.

use boxoffice::app::Ctx;
use boxoffice::control::command::{Command, run};
use boxoffice::domain::staff::Role;
use boxoffice::ops::staff::setup_code;

use crate::support::fixture::a_box;
use crate::support::{PASSWORD, TestBox};

/// The set-up page's form.
async fn set_up(bx: &TestBox, name: &str, password: &str) -> crate::support::Answer {
    let code = setup_code(&Ctx::system(bx.app()))
        .await
        .expect("answered")
        .expect("a code");
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("code", code.as_str()),
            ("name", name),
            ("password", password),
        ])
        .finish();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let url = bx.url("/console/setup");
    bx.anonymous()
        .send("POST", url, Some(form.into_bytes()), &kind)
        .await
}

/// What `operator add` and `operator passwd` say, or nothing.
async fn said(bx: &TestBox, command: Command) -> Option<String> {
    let told = run(&Ctx::system(bx.app()), command).await;
    told.err().map(|error| format!("{error:?}"))
}

fn add(name: &str, password: &str) -> Command {
    Command::OperatorAdd {
        name: name.to_owned(),
        role: "cashier".to_owned(),
        email: None,
        reseller: None,
        password: password.to_owned(),
    }
}

#[tokio::test]
async fn a_password_that_everybody_tries_first_is_refused_everywhere() {
    let bx = a_box().await;
    for password in [
        "password",
        "Password1",
        "12345678",
        "qwertyuiop",
        "iloveyou!",
        "cecilia1",
        "Cecilia",
        "ailicec2026",
        "aaaaaaaaaa",
        "P@ssw0rd2026",
        "short",
    ] {
        let name = "cecilia";
        let page = set_up(&bx, name, password).await;
        assert_eq!(page.status, 400, "{password}: {}", page.told());
        assert!(
            page.text.contains("password") && page.text.contains("must"),
            "{}",
            page.told()
        );
        let said = said(&bx, add(name, password)).await.expect("refused");
        assert!(
            said.contains("password") && said.contains("must"),
            "{password}: {said}"
        );
    }
    assert_eq!(set_up(&bx, "cecilia", PASSWORD).await.status, 201);
    for password in ["password", "cecilia-1", "11111111"] {
        let command = Command::OperatorPasswd {
            name: "cecilia".to_owned(),
            password: password.to_owned(),
        };
        let said = said(&bx, command).await.expect("refused");
        assert!(said.contains("must not be"), "{password}: {said}");
    }
    // Nothing changed.
    let body = serde_json::json!({"name": "cecilia", "password": PASSWORD});
    let signed = bx
        .anonymous()
        .post(bx.url("/console/api/session"), body)
        .await;
    assert_eq!(signed.status, 201);
}

#[tokio::test]
async fn a_name_that_looks_like_another_is_refused() {
    let bx = a_box().with_staff("owner", Role::Owner).await;
    for name in [
        "OWNER",
        "Owner",
        "\u{43e}wner",
        "\u{3bf}wner",
        "0wner",
        "ow\u{200b}ner",
        "owner ",
        " owner",
        "\u{ff4f}wner",
        "own\u{435}r",
        "\u{feff}owner",
    ] {
        let said = said(&bx, add(name, PASSWORD)).await.expect(name);
        assert!(said.contains("name"), "{name:?}: {said}");
    }
    for name in ["owner2", "Анна", "o'wner", "own er s"] {
        assert_eq!(said(&bx, add(name, PASSWORD)).await, None, "{name}");
    }
}
