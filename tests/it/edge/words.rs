//! What stands in the log of a request, and what enters the page that boxes show.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// A browser takes names, messages and addresses for text only if no script makes markup of them.
#[test]
fn the_page_of_boxes_makes_no_markup_of_data() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/portal");
    let mut scripts = 0;
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        scripts += usize::from(name.strip_suffix(".js").is_some());
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "createContextualFragment",
            "DOMParser",
            "srcdoc",
            "eval(",
            "new Function",
            "<style",
            " style=",
            "javascript:",
        ] {
            assert!(!text.contains(word), "{name} has {word}");
        }
    }
    assert!(scripts > 0);
}

/// Codes of pages, and whatever a query holds, are secrets.
#[tokio::test]
async fn the_log_has_no_code_of_a_page_and_no_query() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut served = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .env("BOXOFFICE_LOG__LEVEL", "debug")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut out = BufReader::new(served.stdout.take().expect("a pipe")).lines();
    let origin = out.next().expect("a line").expect("text");
    let origin = origin
        .strip_prefix("listening on ")
        .expect("an address")
        .to_owned();
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let secret = "0123456789abcdef0123456789abcdef";
    for path in [
        format!("/pay/{secret}"),
        format!("/pay/{secret}?stripe=done"),
        format!("/pay/{secret}/more"),
        format!("/console/setup?code={secret}"),
        format!("/portal.php?type=stb&action=do_auth&password={secret}"),
        format!("/live/user/{secret}/1.ts"),
        format!("/nowhere?token={secret}"),
    ] {
        let url = format!("{origin}{path}");
        client.get(&url).send().await.expect("an answer");
        let form = "method=manual&amount=1.00&currency=USD";
        client
            .post(&url)
            .body(form)
            .send()
            .await
            .expect("an answer");
    }
    served.kill().expect("it ends");
    let told = served.wait_with_output().expect("it ended").stderr;
    let log = String::from_utf8_lossy(&told);
    assert!(log.contains("/pay/..."), "{log}");
    assert!(log.contains("/live/.../.../1.ts"), "{log}");
    assert!(!log.contains(secret), "{log}");
}
