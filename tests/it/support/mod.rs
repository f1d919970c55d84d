//! A real box on a real socket, and clients that speak to it over HTTP and nothing else.
//!
//! Tests know the box by its addresses and answers only; what this module takes from the library is
//! how to start it, how to mint a token and how to apply a document.

pub mod ear;
pub mod fixture;
pub mod gateway;
pub mod post;

use std::borrow::Borrow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use boxoffice::app::entropy::Entropy;
use boxoffice::app::{App, Ctx};
use boxoffice::domain::staff::Role;
use boxoffice::ops::staff::tokens::{NewToken, create_token, revoke_token};
use boxoffice::ops::staff::{NewOperator, add_operator};
use boxoffice::serve::{Running, Setup, start};
use data_encoding::BASE64URL_NOPAD;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use fixture::Start;

/// Where the test clock stands when a box starts.
pub const NOW: &str = "2026-01-31T10:00:00.000Z";
/// The same instant in seconds since 1970.
pub const NOW_SECONDS: i64 = 1_769_853_600;
/// The reference's `ms('2y')`: 2 x 365.25 days.
pub const TWO_YEARS_SECONDS: i64 = 63_115_200;

/// The password of everybody who is hired.
pub const PASSWORD: &str = "correct horse battery";

const PREFIX: &str = "/integration/api";
/// Longest that a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// Looks again and again until there is something to see; says what never came.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, look).await
}

/// The same where waiting longer would prove something else.
pub async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let looking = async {
        let mut often = tokio::time::interval(Duration::from_millis(5));
        loop {
            often.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(patience, looking).await;
    found.unwrap_or_else(|_| panic!("{what}: not within {patience:?}"))
}

/// How clients of tests are made: they speak plain HTTP only, and need not know whom the system
/// trusts, which takes longer to read than many a test.
pub fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
}

/// A real box on a real socket, port 0, redb in memory, test clock at [`NOW`], cheap passwords,
/// seeded entropy.
pub struct TestBox {
    running: Arc<Running>,
    origin: String,
    http: reqwest::Client,
    manager: String,
    minted: AtomicU32,
}

impl TestBox {
    async fn start(mut begin: Start<'_>) -> TestBox {
        let (config, storage) = begin.settings();
        let running = start(Setup {
            config,
            storage,
            clock: begin.clock,
            entropy: Entropy::seeded(begin.seed),
            patience: begin.patience,
        })
        .await
        .expect("the box starts");
        let mut started = TestBox {
            origin: format!("http://{}", running.address()),
            running: Arc::new(running),
            http: http_client().timeout(PATIENCE).build().expect("a client"),
            manager: String::new(),
            minted: AtomicU32::new(0),
        };
        started.manager = started.token("manager").await;
        started
    }

    /// Goes down as by SIGTERM. Clients of it must be gone.
    pub async fn stop(self) {
        let running = Arc::into_inner(self.running).expect("nobody else holds the box");
        running.stop().await;
    }

    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// The box from inside, for what no address reaches.
    pub fn app(&self) -> Arc<App> {
        self.running.app()
    }

    /// `path` on this box, from the root: `/console/`, not relative to any prefix.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// A client with a manager's token; paths are relative to `/integration/api`.
    pub fn api(&self) -> Client {
        self.with_header(&format!("JWT {}", self.manager))
    }

    pub fn anonymous(&self) -> Client {
        Client {
            http: self.http.clone(),
            origin: self.origin.clone(),
            authorization: None,
            _running: Arc::clone(&self.running),
        }
    }

    /// A client that sends this `Authorization` value, whatever it is.
    pub fn with_header(&self, authorization: &str) -> Client {
        Client {
            authorization: Some(authorization.to_owned()),
            ..self.anonymous()
        }
    }

    /// A client with a new token of that role.
    pub async fn client_of(&self, role: &str) -> Client {
        self.with_header(&format!("JWT {}", self.token(role).await))
    }

    /// Somebody to work here, as the command line adds them.
    pub async fn hire(&self, name: &str, role: Role) {
        self.hire_as(name, role, |_| {}).await;
    }

    /// The same with what else is said of them.
    pub async fn hire_as(&self, name: &str, role: Role, more: impl FnOnce(&mut NewOperator)) {
        let mut wish = NewOperator {
            name: name.to_owned(),
            role,
            reseller: None,
            email: None,
            password: PASSWORD.to_owned(),
        };
        more(&mut wish);
        let added = add_operator(&Ctx::system(self.app()), wish).await;
        added.expect("a member of staff");
    }

    /// A new token of that role, good for two years.
    pub async fn token(&self, role: &str) -> String {
        self.token_for(role, TWO_YEARS_SECONDS).await
    }

    pub async fn token_for(&self, role: &str, ttl_seconds: i64) -> String {
        let number = self.minted.fetch_add(1, Ordering::Relaxed);
        let name = format!("{role}-{number}");
        let role = Role::parse(role).unwrap();
        let ctx = Ctx::system(self.running.app());
        let (_, jwt) = create_token(
            &ctx,
            NewToken {
                name,
                role,
                ttl_seconds,
            },
        )
        .await
        .unwrap_or_else(|error| panic!("no token: {error:?}"));
        jwt
    }

    /// Any claims, signed with the box's own key.
    pub fn sign(&self, claims: &Value) -> String {
        self.running.app().keys.sign(claims).expect("a signature")
    }

    /// Revokes a token by its `jti`.
    pub async fn revoke(&self, token: &str) {
        let jti = claims_of(token)["jti"].as_str().expect("a jti").to_owned();
        let ctx = Ctx::system(self.running.app());
        if let Err(error) = revoke_token(&ctx, jti).await {
            panic!("not revoked: {error:?}");
        }
    }

    /// Moves the clock on; answers when everything that fell due has been worked.
    pub async fn advance(&self, seconds: i64) {
        let url = self.url("/console/api/test-clock");
        let answer = self
            .api()
            .post(url, json!({ "advance_seconds": seconds }))
            .await;
        assert!((200..300).contains(&answer.status), "{}", answer.told());
    }

    /// Applies a declarative document and answers the report.
    pub async fn apply(&self, doc: Value) -> Value {
        let ctx = Ctx::system(self.running.app());
        match boxoffice::ops::apply::apply(&ctx, doc.to_string(), false).await {
            Ok(report) => serde_json::to_value(&report).expect("the report is JSON"),
            Err(error) => panic!("not applied: {error:?}"),
        }
    }

    /// A request written byte by byte: `target` goes on the wire as it stands. It carries `Host`,
    /// a manager's `Authorization`, `Connection: close` and, with a body, `Content-Length`.
    pub async fn wire(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Answer {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nAuthorization: JWT {}\r\n\
             Connection: close\r\n",
            self.address(),
            self.manager
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| name == "Transfer-Encoding") {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        self.raw(&[request.as_bytes(), body].concat()).await
    }

    /// Sends these bytes and reads one answer, also one that comes before the bytes are all sent.
    /// Status 0: the box hung up without an answer.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let stream = TcpStream::connect(self.address())
            .await
            .expect("the box listens");
        let (mut from, mut to) = stream.into_split();
        let write = async {
            let _ = to.write_all(bytes).await;
            std::future::pending::<Vec<u8>>().await
        };
        let read = async {
            let mut got = Vec::new();
            let mut chunk = [0_u8; 8192];
            while !is_whole(&got) {
                match from.read(&mut chunk).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => got.extend_from_slice(&chunk[..count]),
                }
            }
            got
        };
        let both = async {
            tokio::select! { got = read => got, got = write => got }
        };
        let got = tokio::time::timeout(PATIENCE, both)
            .await
            .expect("an answer in time");
        Answer::read(shorten(&String::from_utf8_lossy(bytes)), &got)
    }
}

/// One caller of the box. A path that begins with `/` is relative to `/integration/api`; a whole
/// address (see [`TestBox::url`]) is taken as it is.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    origin: String,
    authorization: Option<String>,
    /// A box lives as long as any of its clients.
    _running: Arc<Running>,
}

impl Client {
    pub async fn get(&self, path: impl AsRef<str>) -> Answer {
        self.send("GET", path, None, &[]).await
    }

    pub async fn delete(&self, path: impl AsRef<str>) -> Answer {
        self.send("DELETE", path, None, &[]).await
    }

    pub async fn post(&self, path: impl AsRef<str>, json: impl Borrow<Value>) -> Answer {
        self.send_json("POST", path, json).await
    }

    pub async fn put(&self, path: impl AsRef<str>, json: impl Borrow<Value>) -> Answer {
        self.send_json("PUT", path, json).await
    }

    pub async fn patch(&self, path: impl AsRef<str>, json: impl Borrow<Value>) -> Answer {
        self.send_json("PATCH", path, json).await
    }

    pub async fn send_json(
        &self,
        method: &str,
        path: impl AsRef<str>,
        json: impl Borrow<Value>,
    ) -> Answer {
        let json: &Value = json.borrow();
        let body = json.to_string().into_bytes();
        self.send(
            method,
            path,
            Some(body),
            &[("content-type", "application/json")],
        )
        .await
    }

    /// JSON as text, to the byte.
    pub async fn send_text(&self, method: &str, path: impl AsRef<str>, json: &str) -> Answer {
        let body = json.as_bytes().to_vec();
        self.send(
            method,
            path,
            Some(body),
            &[("content-type", "application/json")],
        )
        .await
    }

    pub async fn send(
        &self,
        method: &str,
        path: impl AsRef<str>,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let path = path.as_ref();
        let url = if path.starts_with("http://") {
            path.to_owned()
        } else {
            format!("{}{PREFIX}{path}", self.origin)
        };
        let told = {
            let shown = body
                .as_deref()
                .map(String::from_utf8_lossy)
                .unwrap_or_default();
            shorten(&format!("{method} {path} {shown}"))
        };
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, url);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{told}: no answer: {error:?}"));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await.expect("the whole answer");
        Answer {
            status,
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            request: told,
        }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// What was asked, for the message of a failed assertion.
    request: String,
}

impl Answer {
    fn read(request: String, bytes: &[u8]) -> Answer {
        let end = head_end(bytes).unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .unwrap_or(0);
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            headers.append(
                name,
                HeaderValue::from_str(value.trim()).expect("a header value"),
            );
        }
        let mut body = bytes.get(end + 4..).unwrap_or_default();
        if let Some(length) = content_length(&head) {
            // What follows is the next answer.
            body = body.get(..length).unwrap_or(body);
        }
        Answer {
            status,
            headers,
            text: String::from_utf8_lossy(body).into_owned(),
            request,
        }
    }

    /// The request and its answer, for people.
    pub fn told(&self) -> String {
        format!(
            "{}\n-> {} {}",
            self.request,
            self.status,
            shorten(&self.text)
        )
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.told()))
    }

    /// Asserts the status and answers the body, `Null` if there is none.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.told());
        self.json()
    }

    /// Asserts the one error shape: exactly `code` and `message`, both strings.
    #[track_caller]
    pub fn expect_error(self, status: u16, code: &str, fragment: &str) {
        assert_eq!(self.status, status, "{}", self.told());
        let body = self.json();
        let members = body.as_object().map_or(0, serde_json::Map::len);
        assert_eq!(members, 2, "two members: {}", self.told());
        assert_eq!(body["code"], code, "{}", self.told());
        let message = body["message"].as_str();
        let message = message.unwrap_or_else(|| panic!("no message: {}", self.told()));
        assert!(!message.is_empty(), "{}", self.told());
        assert!(
            message.contains(fragment),
            "no `{fragment}` in {}",
            self.told()
        );
        assert!(
            self.is_json(),
            "content type {:?}: {}",
            self.headers,
            self.told()
        );
    }

    pub fn is_json(&self) -> bool {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/json"))
    }
}

/// One path segment, with everything escaped that a path could take for its own.
pub fn segment(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The claims of a token, read without its key.
#[track_caller]
pub fn claims_of(token: &str) -> Value {
    token_part(token, 1)
}

#[track_caller]
pub fn token_part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a part");
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n")
}

pub fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = head_end(bytes) else {
        return false;
    };
    let length = content_length(&String::from_utf8_lossy(&bytes[..end]));
    length.is_some_and(|length| bytes.len() >= end + 4 + length)
}

fn content_length(head: &str) -> Option<usize> {
    head.to_ascii_lowercase()
        .split("\r\n")
        .filter_map(|line| line.strip_prefix("content-length:"))
        .find_map(|value| value.trim().parse().ok())
}

fn shorten(text: &str) -> String {
    const SHOWN_MAX: usize = 600;
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
