//! Clients that send half of something, or take nothing of an answer: they are cut, and meanwhile
//! everybody else is served. Those that go on slowly are not.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use boxoffice::listener::Patience;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::timeout;

use crate::support::eventually_within;
use crate::support::fixture::a_box;

const SHORT: Patience = Patience {
    head: Duration::from_millis(400),
    pause: Duration::from_millis(400),
    body: Duration::from_millis(800),
    bytes_per_second: 64,
};
/// Longest that a test waits for what must come.
const SOON: Duration = Duration::from_mins(1);

fn half_of(path: &str, more: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: box\r\n{more}Content-Length: 100\r\n\r\nx").into_bytes()
}

/// Everything until the other side hangs up.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut got = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut got)).await;
    let _ = read.expect("the connection is closed");
    String::from_utf8_lossy(&got).into_owned()
}

#[tokio::test]
async fn half_a_body_is_answered_in_the_shape_of_its_dialect() {
    let bx = a_box().with_patience(SHORT).await;
    let token = format!("Authorization: JWT {}\r\n", bx.token("owner").await);
    let partner = json!({"key": "A", "name": "A", "api_key": "key-a", "currencies": ["USD"]});
    bx.apply(json!({"partners": [partner]})).await;
    for (path, more, shape) in [
        ("/portal.php", "", "the body did not come in time"),
        ("/pay/x", "", "Nothing was paid"),
        ("/payments/webhooks/stripe", "", "408"),
        ("/integration/api/graphql", &token, "RequestTimeoutError"),
        ("/integration/api/customers", &token, "RequestTimeoutError"),
        ("/stalker_portal/api/accounts", "", "\"results\":null"),
        (
            "/marketone/v1/transaction",
            "X-API-Key: key-a\r\n",
            "request-timeout",
        ),
        ("/console/api/session", "", "\"status\":408"),
        ("/console/setup", "", "\"status\":408"),
    ] {
        let mut stream = TcpStream::connect(bx.address()).await.expect("it listens");
        stream.write_all(&half_of(path, more)).await.expect("sent");
        let answer = until_closed(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        assert!(answer.contains(shape), "{path}: {answer}");
        assert!(
            answer.to_ascii_lowercase().contains("connection: close"),
            "{path}: {answer}"
        );
        assert!(answer.contains("nosniff"), "{path}: {answer}");
    }
}

/// A body that broke off or stalled must not have done anything.
#[tokio::test]
async fn half_a_request_changes_nothing() {
    let bx = a_box().with_patience(SHORT).await;
    bx.apply(crate::stalker::fixture()).await;
    for (method, path) in [
        ("DELETE", "/accounts/3"),
        ("PUT", "/stb/3"),
        ("POST", "/send_event/3"),
    ] {
        let mut stream = TcpStream::connect(bx.address()).await.expect("it listens");
        let request = format!(
            "{method} /stalker_portal/api{path} HTTP/1.1\r\nHost: box\r\nContent-Length: 9\r\n\r\n\
             status"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let answer = until_closed(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    let rest = crate::stalker::Rest::anonymous(&bx);
    let row = rest.get("/accounts/3").await.json();
    assert_eq!(row["results"][0]["login"], "3", "{row}");
}

#[tokio::test]
async fn half_a_head_and_idle_connections_are_closed() {
    let bx = a_box().with_patience(SHORT).await;
    for sent in [
        "",
        "GET /healthz HT",
        "GET /healthz HTTP/1.1\r\nHost: box\r\n",
    ] {
        let mut stream = TcpStream::connect(bx.address()).await.expect("it listens");
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let answer = until_closed(&mut stream).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    let mut stream = TcpStream::connect(bx.address()).await.expect("it listens");
    let whole = "GET /healthz HTTP/1.1\r\nHost: box\r\n\r\n";
    stream.write_all(whole.as_bytes()).await.expect("sent");
    let answer = until_closed(&mut stream).await;
    assert_eq!(answer.matches("200 OK").count(), 1, "{answer}");
}

#[tokio::test]
async fn a_slow_upload_that_goes_on_is_taken_and_a_trickle_is_not() {
    // Longer in all than `body` allows for an empty one.
    let pieces = 12;
    let upload = async |patience: Patience| {
        let bx = a_box().with_patience(patience).await;
        let mut stream = TcpStream::connect(bx.address()).await.expect("it listens");
        let body = "msg=".to_owned() + &"x".repeat(1_196);
        let head = format!(
            "POST /stalker_portal/api/send_event/nobody HTTP/1.1\r\nHost: box\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut slowly = tokio::time::interval(Duration::from_millis(100));
        for piece in body.as_bytes().chunks(body.len() / pieces) {
            slowly.tick().await;
            if stream.write_all(piece).await.is_err() {
                break;
            }
        }
        until_closed(&mut stream).await
    };
    let slow = upload(SHORT).await;
    assert!(slow.starts_with("HTTP/1.1 200 "), "{slow}");
    let demanding = Patience {
        body: Duration::from_millis(300),
        bytes_per_second: 1_000_000,
        ..SHORT
    };
    let trickle = upload(demanding).await;
    assert!(!trickle.starts_with("HTTP/1.1 200 "), "{trickle}");
}

/// A connection that takes little at a time.
async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    socket.connect(address).await.expect("it listens")
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_cut() {
    let bx = a_box().with_patience(SHORT).await;
    let stream = narrow(bx.address()).await;
    let ask = "GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: box\r\n\r\n".repeat(40);
    stream.writable().await.expect("writable");
    stream.try_write(ask.as_bytes()).expect("sent");
    // What is written to a connection that was cut fails.
    eventually_within(SOON, "an end of the connection", async || {
        let failed = stream.try_write(b"x").err()?;
        (failed.kind() != std::io::ErrorKind::WouldBlock).then_some(())
    })
    .await;
    assert_eq!(bx.anonymous().get(bx.url("/healthz")).await.status, 200);
}

#[tokio::test]
async fn who_takes_an_answer_slowly_gets_all_of_it() {
    let bx = a_box().with_patience(SHORT).await;
    let mut stream = narrow(bx.address()).await;
    let ask =
        "GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.expect("sent");
    let mut got = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    // Several times as long in all as one pause may be.
    let mut slowly = tokio::time::interval(Duration::from_millis(50));
    slowly.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        slowly.tick().await;
        let read = timeout(SOON, stream.read(&mut piece))
            .await
            .expect("in time");
        match read.expect("it goes on") {
            0 => break,
            count => got.extend_from_slice(&piece[..count]),
        }
    }
    let end = got
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head")
        + 4;
    let head = String::from_utf8_lossy(&got[..end]).to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let length: usize = length.expect("a length").trim().parse().expect("a number");
    assert_eq!(got.len() - end, length);
    assert!(length > 400_000, "{length}");
}

const MANY: usize = 1_100;

#[tokio::test]
async fn a_thousand_half_sent_requests_stop_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let bx = a_box().in_folder(folder.path()).await;
    let token = format!("Authorization: JWT {}\r\n", bx.token("owner").await);
    let mut held = Vec::new();
    for number in 0..MANY {
        let (path, more) = match number % 5 {
            0 => ("/portal.php", ""),
            1 => ("/pay/x", ""),
            2 => ("/payments/webhooks/stripe", ""),
            3 => ("/integration/api/graphql", token.as_str()),
            _ => ("/stalker_portal/api/accounts", ""),
        };
        let mut stream = TcpStream::connect(bx.address()).await.expect("it listens");
        stream.write_all(&half_of(path, more)).await.expect("sent");
        held.push(stream);
    }
    let mut control = Vec::new();
    for _ in 0..MANY {
        let socket = folder.path().join("control.sock");
        let mut stream = UnixStream::connect(socket).await.expect("it listens");
        // One that had to make room may have been closed meanwhile.
        let _ = stream
            .write_all(&half_of("/command", "Content-Type: application/json\r\n"))
            .await;
        control.push(stream);
    }
    let api = bx.api();
    let asked = timeout(Duration::from_secs(10), api.get("/customers"));
    assert_eq!(asked.await.expect("an answer at once").status, 200);
    let page = bx.anonymous();
    let page = timeout(Duration::from_secs(10), page.get(bx.url("/pay/x"))).await;
    assert_eq!(page.expect("an answer at once").status, 404);
    let command = boxoffice::control::command::Command::TokenList;
    let told = boxoffice::control::ask(folder.path(), &command);
    let told = timeout(Duration::from_secs(10), told).await;
    let told = told.expect("an answer at once").expect("a list");
    assert!(told.is_some());
    drop((held, control));
}

/// A system that gives few files: some are kept back, so that the file, the control socket and
/// newcomers go on.
#[tokio::test]
async fn where_files_are_few_the_longest_idle_connection_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = env!("CARGO_BIN_EXE_boxoffice");
    let line = format!("ulimit -n 420; exec '{program}' serve --listen 127.0.0.1:0 --data \"$0\"");
    let mut served = Command::new("sh")
        .args(["-c", &line])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut out = BufReader::new(served.stdout.take().expect("a pipe")).lines();
    let first = out.next().expect("a line").expect("text");
    let address = first
        .strip_prefix("listening on http://")
        .expect("an address");
    let address: SocketAddr = address.parse().expect("an address");
    let mut held = Vec::new();
    for _ in 0..700 {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let _ = stream.write_all(&half_of("/portal.php", "")).await;
        held.push(stream);
        if held.len() % 100 == 0 {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            let ask = "GET /healthz HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n";
            stream.write_all(ask.as_bytes()).await.expect("sent");
            let mut got = Vec::new();
            let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut got)).await;
            read.expect("an answer at once").expect("an answer");
            assert!(
                got.starts_with(b"HTTP/1.1 200 "),
                "{}",
                String::from_utf8_lossy(&got)
            );
        }
    }
    let token = Command::new(program)
        .args(["token", "create", "--name", "script", "--data"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    assert!(
        token.status.success(),
        "{}",
        String::from_utf8_lossy(&token.stderr)
    );
    served.kill().expect("it ends");
    let told = served.wait_with_output().expect("it ended").stderr;
    let log = String::from_utf8_lossy(&told);
    assert!(log.contains("too many connections"), "{log}");
    assert!(log.matches("too many connections").count() < 20, "{log}");
}
