//! Who may not do a thing hears so at once: nobody waits for the body of a stranger, however large,
//! slow or wrong it is.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::fixture::a_box;
use crate::support::{PATIENCE, TestBox, is_whole};

/// The head of a request, with what it says of its body and how much of that comes.
const BODIES: [(&str, &str); 5] = [
    ("Content-Length: 1\r\n", "{"),
    ("Content-Length: 9\r\n", "\u{0}%%%=[}{"),
    // One that stalls, one that is too large and never comes, one without an end.
    ("Content-Length: 100\r\n", "x"),
    ("Content-Length: 40000000\r\n", ""),
    ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"),
];

const WRONG: &str = "Authorization: Basic YmlsbDp3cm9uZw==\r\n";
const FOREIGN: &str = "Authorization: JWT a.b.c\r\n";
const KEY: &str = "X-API-Key: key-x\r\n";
const OFF: &str = "X-API-Key: key-off\r\n";
const UNAUTHORIZED: &str = "401 Unauthorized request";

/// Method, path and credential of strangers; the status and words of their answers.
const STRANGERS: [(&str, &str, &str, u16, &str); 15] = [
    (
        "POST",
        "/stalker_portal/api/accounts",
        "",
        401,
        UNAUTHORIZED,
    ),
    ("PUT", "/stalker_portal/api/users/3", "", 401, UNAUTHORIZED),
    ("POST", "/stalker_portal/api/stb", WRONG, 401, UNAUTHORIZED),
    (
        "DELETE",
        "/stalker_portal/api/stb/3",
        WRONG,
        401,
        UNAUTHORIZED,
    ),
    (
        "POST",
        "/stalker_portal/api/send_event/3",
        FOREIGN,
        401,
        UNAUTHORIZED,
    ),
    (
        "POST",
        "/marketone/v1/transaction",
        "",
        401,
        "authorization-failure",
    ),
    (
        "POST",
        "/marketone/v1/pin",
        KEY,
        401,
        "authorization-failure",
    ),
    (
        "POST",
        "/marketone/notification",
        KEY,
        401,
        "authorization-failure",
    ),
    (
        "PUT",
        "/v2/partnerSubscription/ps-1",
        KEY,
        401,
        "authorization-failure",
    ),
    (
        "POST",
        "/marketone/v1/transaction",
        OFF,
        403,
        "permission-denied",
    ),
    (
        "POST",
        "/marketone/v1/account/validate",
        OFF,
        403,
        "permission-denied",
    ),
    (
        "POST",
        "/integration/api/customers",
        "",
        401,
        "UnauthorizedError",
    ),
    (
        "POST",
        "/integration/api/graphql",
        FOREIGN,
        401,
        "UnauthorizedError",
    ),
    ("POST", "/console/api/tokens", "", 401, "problem+json"),
    (
        "PUT",
        "/console/api/staff/ada",
        FOREIGN,
        401,
        "problem+json",
    ),
];

/// What comes back for a request whose sender sends no more and stays.
async fn answer_at_once(bx: &TestBox, request: &str) -> String {
    let mut stream = TcpStream::connect(bx.address()).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut got = Vec::new();
    let mut piece = [0; 4_096];
    let answer = async {
        while !is_whole(&got) {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(count) => got.extend_from_slice(&piece[..count]),
            }
        }
    };
    tokio::time::timeout(PATIENCE, answer)
        .await
        .expect("an answer");
    String::from_utf8_lossy(&got).into_owned()
}

#[tokio::test]
async fn strangers_are_answered_before_their_body() {
    let bx = a_box()
        .set(|config| {
            config.stalker.open = false;
            "bill".clone_into(&mut config.stalker.login);
            config.stalker.password = "Xq-77-vz".into();
        })
        .await;
    let partner = |key: &str, api_key: &str, on: bool| {
        json!({
            "key": key, "name": key, "api_key": api_key, "on": on, "currencies": ["USD"],
        })
    };
    let partners = [partner("A", "key-a", true), partner("B", "key-off", false)];
    bx.apply(json!({"partners": partners})).await;
    for (method, path, header, status, words) in STRANGERS {
        for (length, sent) in BODIES {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: box\r\nContent-Type: application/json\r\n\
                 Connection: close\r\n{header}{length}\r\n{sent}"
            );
            let answer = answer_at_once(&bx, &request).await;
            let front = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&front), "{request}: {answer}");
            assert!(answer.contains(words), "{request}: {answer}");
        }
    }
}

/// A script that may call keeps its connection, also where its request is refused.
#[tokio::test]
async fn a_body_of_somebody_is_read_whatever_else_is_wrong() {
    let bx = a_box().await;
    let partner = json!({"key": "A", "name": "A", "api_key": "key-a", "currencies": ["USD"]});
    bx.apply(json!({"partners": [partner]})).await;
    let text = "x".repeat(70_000);
    for (first, status) in [
        (
            "POST /stalker_portal/api/nothing HTTP/1.1\r\nHost: box\r\n",
            200,
        ),
        (
            "POST /marketone/v1/pin HTTP/1.1\r\nHost: box\r\nX-API-Key: key-a\r\n\
             Content-Type: text/plain\r\n",
            415,
        ),
    ] {
        let second = "GET /healthz HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n";
        let length = text.len();
        let request = format!("{first}Content-Length: {length}\r\n\r\n{text}{second}");
        let mut stream = TcpStream::connect(bx.address()).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut got = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut got)).await;
        read.expect("in time").expect("two answers");
        let answer = String::from_utf8_lossy(&got);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
    }
}
