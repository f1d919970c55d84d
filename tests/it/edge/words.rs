//! What stands in the log of a request, and what enters the page that boxes show.

use super::script_logins::Served;
use crate::support::http_client;

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
    let loud = [("BOXOFFICE_LOG__LEVEL", "debug")];
    let mut served = Served::start(folder.path(), &loud, false);
    let lines = served.lines_until("listening on ");
    let origin = lines
        .last()
        .and_then(|line| line.strip_prefix("listening on "));
    let origin = origin.expect("an address").to_owned();
    let client = http_client().build().expect("a client");
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
    let log = served.log();
    assert!(log.contains("/pay/..."), "{log}");
    assert!(log.contains("/live/.../.../1.ts"), "{log}");
    assert!(!log.contains(secret), "{log}");
}
