//! Our own page and the files by which clients know a portal; the clip of the demo.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{document, link, signed};
use crate::stalker::A;
use crate::support::fixture::{a_house, a_portal};

#[tokio::test]
async fn a_portal_is_known_by_its_files() {
    let house = a_portal().await;
    let client = house.bx.anonymous();
    for front in ["/c/", "/stalker_portal/c/"] {
        for (name, kind, part) in [
            ("", "text/html", "portal.js"),
            ("index.html", "text/html", "portal.js"),
            ("version.js", "text/javascript", "var ver = '5."),
            ("portal.js", "text/javascript", "get_profile"),
            ("portal.css", "text/css", "#list"),
            ("xpcom.common.js", "text/javascript", "this.ajax_loader"),
        ] {
            let answer = client.get(house.bx.url(&format!("{front}{name}"))).await;
            assert_eq!(answer.status, 200, "{front}{name}");
            let said = answer.headers["content-type"]
                .to_str()
                .expect("text")
                .to_owned();
            assert!(said.starts_with(kind), "{front}{name}: {said}");
            assert!(answer.text.contains(part), "{front}{name}");
        }
        // Any other is no portal's file.
        let answer = client
            .get(house.bx.url(&format!("{front}nothing.js")))
            .await;
        assert_eq!(answer.status, 404);
    }
}

/// Whatever comes from elsewhere enters the page as text.
#[test]
fn the_page_makes_no_markup_of_what_it_is_told() {
    let script = include_str!("../../../assets/portal/portal.js");
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
    ] {
        assert!(!script.contains(way), "{way}");
    }
    let page = include_str!("../../../assets/portal/index.html");
    assert!(!page.contains("<style") && !page.contains("<script>") && !page.contains(" on"));
}

/// An address on the box itself gets the name by which the player knows the box, or the one of the
/// settings.
#[tokio::test]
async fn an_address_on_the_box_itself_is_made_whole() {
    for (public, front) in [
        ("", None),
        ("https://tv.example.com/", Some("https://tv.example.com")),
    ] {
        let mut document = document();
        document["channels"][0]["url"] = json!("/demo/live.m3u8");
        let house = a_house()
            .holding(document)
            .set(|config| public.clone_into(&mut config.public_url))
            .await;
        let stb = signed(&house, A).await;
        let js = link(&stb, "ffmpeg http://localhost/ch/27").await;
        let front = front.map_or_else(|| house.bx.url(""), str::to_owned);
        assert_eq!(js["cmd"], format!("ffmpeg {front}/demo/live.m3u8"));
        // And back again, from a player that kept it.
        let js = link(&stb, &format!("ffmpeg {front}/demo/live.m3u8")).await;
        assert_eq!(js["id"], "27", "{js}");
    }
}

/// The clip is the demo's, and no file's of a real operator.
#[tokio::test]
async fn without_the_demo_there_is_no_clip() {
    let house = a_portal().await;
    for name in ["live.m3u8", "clip-0.ts", "clip.mp4"] {
        let path = house.bx.url(&format!("/demo/{name}"));
        assert_eq!(house.bx.anonymous().get(path).await.status, 404, "{name}");
    }
}

/// The program with the demo, as somebody starts it who wants to have a look.
struct Demo {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Demo {
    fn start() -> Demo {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let errors = std::fs::File::create(&log).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let address = loop {
            let Some(line) = lines.next() else {
                panic!(
                    "it ended: {}",
                    std::fs::read_to_string(&log).expect("a log")
                );
            };
            let line = line.expect("text");
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
        };
        // Read on, or the program would wait for somebody to.
        #[expect(
            clippy::disallowed_methods,
            reason = "reads what a program says, and ends with it"
        )]
        let _reading = std::thread::spawn(move || lines.for_each(drop));
        Demo {
            child,
            address,
            _folder: folder,
        }
    }

    /// The status and the body of a GET with these headers.
    fn get(&self, path: &str, headers: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        let host = &self.address;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n"
        )
        .expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("a status"), answer[end + 4..].to_vec())
    }

    fn js(&self, query: &str, headers: &str) -> Value {
        let (_, body) = self.get(&format!("/portal.php?{query}"), headers);
        let text = String::from_utf8_lossy(&body).into_owned();
        let start = text.find('{').expect("JSON");
        let end = text.rfind('}').expect("JSON");
        let body: Value = serde_json::from_str(&text[start..=end]).expect("JSON");
        body["js"].clone()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_channel_of_the_demo_plays() {
    let demo = Demo::start();
    let cookie = "cookie: mac=00:1A:79:10:00:01\r\n";
    let token = demo.js("type=stb&action=handshake", cookie)["token"].clone();
    let headers = format!(
        "{cookie}authorization: Bearer {}\r\n",
        token.as_str().expect("a token")
    );
    demo.js("type=stb&action=get_profile", &headers);
    let cmd = "cmd=ffmpeg%20http://localhost/ch/1";
    let link = demo.js(&format!("type=itv&action=create_link&{cmd}"), &headers);
    let front = format!("ffmpeg http://{}", demo.address);
    let path = link["cmd"]
        .as_str()
        .and_then(|cmd| cmd.strip_prefix(&front))
        .expect("an address");
    // A player has no cookie and no token.
    let (status, playlist) = demo.get(path, "");
    assert_eq!(status, 200);
    let playlist = String::from_utf8_lossy(&playlist).into_owned();
    let parts: Vec<&str> = playlist
        .lines()
        .filter(|line| line.starts_with("clip-"))
        .collect();
    assert!(parts.len() >= 3, "{playlist}");
    for part in parts {
        let (status, bytes) = demo.get(&format!("/demo/{part}"), "");
        // Packets of an MPEG transport stream.
        assert_eq!(
            (status, bytes.contains(&0x47), bytes.len() > 10_000),
            (200, true, true),
            "{part}"
        );
    }
    assert_eq!(demo.get("/demo/clip.mp4", "").0, 200);
    for nothing in [
        "nothing.ts",
        "clip-9.ts",
        "make",
        "..%2fportal%2findex.html",
    ] {
        assert_eq!(
            demo.get(&format!("/demo/{nothing}"), "").0,
            404,
            "{nothing}"
        );
    }
}
