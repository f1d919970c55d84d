//! Bodies, queries and requests that no honest client sends: reference sections 1.2 and 1.4, and
//! the bounds of the box. Whatever comes, the answer has the vendor's shape and the box stands.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{customer, ids_of, service_spec};
use crate::support::fixture::a_box;
use crate::support::{Answer, Client};

const MIB: usize = 1024 * 1024;

/// A refusal whose place in the order of reading is the box's own business: 400, one of two codes.
#[track_caller]
fn expect_refused(answer: Answer) {
    let code = answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        ["BadRequestError", "InvalidContent"].contains(&code.as_str()),
        "{}",
        answer.told()
    );
    answer.expect_error(400, &code, "");
}

async fn post(api: &Client, body: &[u8]) -> Answer {
    api.send(
        "POST",
        "/customers",
        Some(body.to_vec()),
        &[("content-type", "application/json")],
    )
    .await
}

/// The box still answers, and knows this many customers.
async fn expect_standing(api: &Client, customers: usize) {
    assert_eq!(
        ids_of(&api.get("/customers?limit=100").await.expect(200)).len(),
        customers
    );
}

// ---- bodies ----

#[tokio::test]
async fn what_is_not_json_is_invalid_content() {
    let api = a_box().await.api();
    let id = customer(&api).await;
    // §1.2: "body is not JSON: 400 InvalidContent, Invalid JSON: …".
    for body in [
        &b"{"[..],
        b"}",
        b"nonsense",
        b"{\"firstName\":}",
        b"{\"firstName\":\"Oliver\"",
        b"{\"firstName\":\"Oliver\",}",
        b"{\"firstName\":\"Oliver\"}}",
        b"{\"firstName\":\"Oliver\"} x",
        b"{'firstName':'Oliver'}",
        b"{firstName:\"Oliver\"}",
        b"{\"x\":01}",
        b"{\"x\":NaN}",
        b"{\"x\":+1}",
        b"{\"x\":.5}",
        b"{\"x\":tru}",
        b"{\"x\":\"\\q\"}",
        b"{\"x\":\"\\u12\"}",
        b"{\"x\":1 /* no */}",
        b"firstName=Oliver&lastName=Queen",
        b"<customer/>",
        b"\0",
        b"{\"address\":{\"zip\":}}",
        b"{\"address\":{\"zip\":1}",
        b"{\"address\":{\"zip\":01}}",
        b"{\"address\":{zip:1}}",
    ] {
        post(&api, body)
            .await
            .expect_error(400, "InvalidContent", "Invalid JSON: ");
        let path = format!("/customers/{id}");
        let put = api.send("PUT", path, Some(body.to_vec()), &[]).await;
        put.expect_error(400, "InvalidContent", "Invalid JSON: ");
        let path = format!("/customers/{id}/devices");
        let add = api.send("POST", path, Some(body.to_vec()), &[]).await;
        add.expect_error(400, "InvalidContent", "Invalid JSON: ");
    }
    expect_standing(&api, 1).await;
}

#[tokio::test]
async fn a_body_that_is_not_utf8_is_not_json() {
    let api = a_box().await.api();
    for body in [
        &b"{\"firstName\":\"\xff\"}"[..],
        b"{\"firstName\":\"\xc3\"}",
        b"{\"firstName\":\"\xed\xa0\x80\"}",
        b"{\"firstName\":\"\xf8\x88\x80\x80\x80\"}",
        b"{\"address\":{\"city\":\"\xc0\xaf\"}}",
        b"{\"unknown\":\"\xff\"}",
        b"{\"\xff\":1}",
        b"\xff\xfe{\0}\0",
        b"\x80",
    ] {
        post(&api, body)
            .await
            .expect_error(400, "InvalidContent", "");
    }
    expect_standing(&api, 0).await;
}

#[tokio::test]
async fn a_body_is_an_object() {
    let api = a_box().await.api();
    let spec = service_spec(&api).await;
    let path = format!("/customers/{}", customer(&api).await);
    for body in [
        "[]", "[{}]", "null", "true", "7", "-1.5e3", "\"x\"", "\"\"", " [ ] ",
    ] {
        for (method, path) in [
            ("POST", "/customers".to_owned()),
            ("PUT", path.clone()),
            ("PATCH", path.clone()),
            ("PUT", format!("{path}/password")),
            ("POST", format!("{path}/devices")),
            ("POST", format!("{path}/services")),
            ("POST", "/service-specs".to_owned()),
            ("PUT", format!("/service-specs/{spec}")),
        ] {
            let answer = api.send_text(method, path, body).await;
            answer.expect_error(400, "BadRequestError", "");
        }
    }
    expect_standing(&api, 1).await;
}

#[tokio::test]
async fn a_body_is_json_whatever_its_content_type() {
    let api = a_box().await.api();
    for kind in [
        "application/json; charset=utf-8",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "nonsense",
    ] {
        let body = br#" {"firstName" : "Oliver"} "#.to_vec();
        let made = api
            .send("POST", "/customers", Some(body), &[("content-type", kind)])
            .await;
        assert_eq!(made.expect(201)["firstName"], "Oliver", "{kind}");
    }
    let bare = br#"{"firstName":"Thea"}"#.to_vec();
    let made = api
        .send("POST", "/customers", Some(bare), &[])
        .await
        .expect(201);
    assert_eq!(made["firstName"], "Thea");
}

#[tokio::test]
async fn a_known_member_stands_once() {
    let api = a_box().await.api();
    let path = format!("/customers/{}", customer(&api).await);
    for (body, field) in [
        (r#"{"firstName":"A","firstName":"B"}"#, "firstName"),
        (
            r#"{"firstName":"A","lastName":"B","firstName":"A"}"#,
            "firstName",
        ),
        (r#"{"firstName":null,"firstName":null}"#, "firstName"),
        (r#"{"first\u004eame":"A","firstName":"B"}"#, "firstName"),
        (r#"{"status":"ACTIVE","status":"ACTIVE"}"#, "status"),
        (r#"{"address":{},"address":{}}"#, "address"),
        (r#"{"phones":[],"phones":[]}"#, "phones"),
    ] {
        let made = api.send_text("POST", "/customers", body).await;
        made.expect_error(400, "BadRequestError", field);
        let put = api.send_text("PUT", &path, body).await;
        put.expect_error(400, "BadRequestError", field);
    }
    // Names are told apart by case, and what is not ours is not looked at.
    let body = r#"{"firstname":1,"firstName":"A","FIRSTNAME":2,"x":1,"x":2}"#;
    let made = api.send_text("POST", "/customers", body).await.expect(201);
    assert_eq!(made["firstName"], "A");
}

#[tokio::test]
async fn deep_nesting_is_survived() {
    let api = a_box().await.api();
    for depth in [200, 90_000] {
        let lists = "[".repeat(depth) + &"]".repeat(depth);
        let objects = r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth);
        for body in [
            lists.clone(),
            format!(r#"{{"phones":{lists}}}"#),
            format!(r#"{{"firstName":{lists}}}"#),
            format!(r#"{{"address":{objects}}}"#),
            format!(r#"{{"location":{{"a":{lists}}}}}"#),
            "[".repeat(depth),
            r#"{"address":"#.repeat(depth),
        ] {
            expect_refused(post(&api, body.as_bytes()).await);
        }
        // Of a member that is not ours nothing is asked but that it does no harm.
        let unknown = post(&api, format!(r#"{{"unknown":{objects}}}"#).as_bytes()).await;
        if unknown.status != 201 {
            expect_refused(unknown);
        }
    }
    api.get("/customers").await.expect(200);
}

#[tokio::test]
async fn lone_surrogates_do_no_harm() {
    let api = a_box().await.api();
    for text in [
        r"\ud800",
        r"\udc00",
        r"\ud800\ud800",
        r"\udc00\ud800",
        r"a\udbffb",
    ] {
        for field in ["firstName", "email", "status", "created"] {
            let body = format!(r#"{{"{field}":"{text}"}}"#);
            expect_refused(post(&api, body.as_bytes()).await);
        }
        expect_refused(post(&api, format!(r#"{{"phones":["{text}"]}}"#).as_bytes()).await);
        for open in [
            format!(r#"{{"city":"{text}"}}"#),
            format!(r#"{{"{text}":1}}"#),
        ] {
            let body = format!(r#"{{"address":{open}}}"#);
            let answer = post(&api, body.as_bytes()).await;
            answer.expect_error(400, "BadRequestError", "address");
        }
        // Of a member that is not ours either answer is honest; half a letter is not.
        let answer = post(&api, format!(r#"{{"x":"{text}"}}"#).as_bytes()).await;
        assert!(!answer.text.contains('\u{fffd}'), "{}", answer.told());
        if answer.status != 201 {
            expect_refused(answer);
        }
    }
    let pair = post(&api, br#"{"firstName":"\ud83d\ude00"}"#)
        .await
        .expect(201);
    assert_eq!(pair["firstName"], "😀");
}

#[tokio::test]
async fn numbers_of_a_thousand_digits_do_no_harm() {
    let api = a_box().await.api();
    let long = "9".repeat(1000);
    for number in [
        long.clone(),
        format!("-{long}"),
        format!("0.{long}"),
        format!("1e{long}"),
    ] {
        for field in [
            "firstName",
            "status",
            "created",
            "phones",
            "address",
            "email",
            "login",
        ] {
            let body = format!(r#"{{"{field}":{number}}}"#);
            expect_refused(post(&api, body.as_bytes()).await);
        }
        let kept = format!(r#""address":{{"n":{number}}}"#);
        let made = post(&api, format!("{{{kept}}}").as_bytes()).await;
        assert!(
            made.status == 201 && made.text.contains(&kept),
            "{}",
            made.told()
        );
    }
    for query in [
        format!("limit={long}"),
        format!("offset={long}"),
        format!("limit=-{long}"),
    ] {
        let name = query.split('=').next().unwrap();
        let answer = api.get(format!("/customers?{query}")).await;
        answer.expect_error(400, "BadRequestError", name);
    }
}

#[tokio::test]
async fn a_refused_body_leaves_nothing_behind() {
    let api = a_box().await.api();
    let good = json!({ "email": "oliver@queen.com", "login": "oliver" });
    for (field, value) in [
        ("phones", json!(["1", 2])),
        ("status", json!("GONE")),
        ("address", json!(["98101"])),
        ("created", json!("99999-01-01T00:00:00Z")),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        api.post("/customers", bad)
            .await
            .expect_error(400, "BadRequestError", field);
    }
    expect_standing(&api, 0).await;
    let made = api.post("/customers", &good).await.expect(201);
    let path = format!("/customers/{}", super::id_of(&made));
    let bad = json!({ "firstName": "Thea", "email": "thea@queen.com", "phones": 7 });
    api.put(&path, bad)
        .await
        .expect_error(400, "BadRequestError", "phones");
    assert_eq!(api.get(&path).await.expect(200), made);
}

// ---- queries ----

#[tokio::test]
async fn bad_queries_are_refused_by_name() {
    let api = a_box().await.api();
    let id = customer(&api).await;
    // §1.4: "Out-of-range limit/offset, unknown enum value -> 400 BadRequestError".
    let mut cases: Vec<(String, &str)> = Vec::new();
    for list in ["/customers", "/service-specs"] {
        for limit in [
            "0",
            "101",
            "-1",
            "1.5",
            "1e1",
            "ten",
            "",
            "0x10",
            "99999999999999999999",
        ] {
            cases.push((format!("{list}?limit={limit}"), "limit"));
        }
        for offset in [
            "-1",
            "1000000001",
            "0.5",
            "none",
            "",
            "99999999999999999999",
        ] {
            cases.push((format!("{list}?offset={offset}"), "offset"));
        }
        for twice in ["limit=1&limit=2", "limit=1&limit=1"] {
            cases.push((format!("{list}?{twice}"), "limit"));
        }
        cases.push((format!("{list}?offset=1&offset=1"), "offset"));
        for status in [
            "status=",
            "status[]=",
            "status=GONE",
            "status=active",
            "status=ACTTIVE",
            "status=ACTIVE&status=GONE",
            "status=ACTIVE,GONE",
            "status[]=ACTIVE&status[]=GONE",
        ] {
            cases.push((format!("{list}?{status}"), "status"));
        }
    }
    cases.push(("/customers?email=a@b.c&email=a@b.c".to_owned(), "email"));
    cases.push((
        "/customers?extraFields=orders&extraFields=orders".to_owned(),
        "extraFields",
    ));
    cases.push((
        format!("/customers/{id}?extraFields=a&extraFields=b"),
        "extraFields",
    ));
    for name in ["serviceType", "contentType"] {
        for value in ["", "tv", "STB"] {
            cases.push((format!("/service-specs?{name}={value}"), name));
        }
    }
    for (path, name) in cases {
        api.get(path)
            .await
            .expect_error(400, "BadRequestError", name);
    }
    for path in [
        "/customers?limit=1&offset=0",
        "/customers?limit=100&offset=1000000000",
    ] {
        api.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn odd_parameters_are_ignored_and_unknown_ones_refused_by_lists() {
    let api = a_box().await.api();
    let id = customer(&api).await;
    for query in [
        "unknown=1",
        "unknown=1&unknown=2",
        "Limit=0",
        "filter[a]=b",
        "serviceType=NONE",
        "x=%E2%82%AC",
    ] {
        let listed = api.get(format!("/customers?{query}")).await;
        listed.expect_error(400, "BadRequestError", "no such parameter");
        api.get(format!("/customers/{id}?{query}"))
            .await
            .expect(200);
    }
    for query in ["&&", "=", "=x", "_=1"] {
        let listed = api.get(format!("/customers?{query}")).await.expect(200);
        assert_eq!(ids_of(&listed), std::slice::from_ref(&id), "{query}");
        api.get(format!("/customers/{id}?{query}"))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn broken_escapes_never_break_the_box() {
    let the_box = a_box().await;
    let api = the_box.api();
    let id = customer(&api).await;
    let own = format!("/integration/api/customers/{id}");
    for target in [
        "/integration/api/customers?email=%ff".to_owned(),
        "/integration/api/customers?email=%zz".to_owned(),
        "/integration/api/customers?status=%".to_owned(),
        "/integration/api/customers?%00=%00".to_owned(),
        "/integration/api/customers/%ff".to_owned(),
        "/integration/api/customers/%00".to_owned(),
        "/integration/api/customers/%".to_owned(),
        "/integration/api/customers/%zz".to_owned(),
        "/integration/api/customers/..%2f..%2fversion".to_owned(),
        "/integration/api/service-specs/%c0%af".to_owned(),
        format!("{own}/devices/%ff"),
        format!("{own}/devices/%00"),
        format!("{own}/services/%"),
    ] {
        let answer = the_box.wire("GET", &target, &[], b"").await;
        match answer.status {
            200 => {}
            400 => answer.expect_error(400, "BadRequestError", ""),
            404 => answer.expect_error(404, "NotFoundError", ""),
            _ => panic!("{}", answer.told()),
        }
    }
    expect_standing(&api, 1).await;
}

// ---- the order of judgement ----

#[tokio::test]
async fn the_first_fault_is_the_one_told() {
    let the_box = a_box().await;
    let api = the_box.api();
    let auditor = the_box.client_of("auditor").await;
    let nobody = the_box.anonymous();
    let own = format!("/customers/{}", customer(&api).await);
    // route, token, right, path and query, parent, body
    let bad = "{";
    let answer = nobody.send_text("POST", "/nothing?limit=0", bad).await;
    answer.expect_error(404, "ResourceNotFound", "");
    let answer = nobody.send_text("PUT", "/customers?limit=0", bad).await;
    answer.expect_error(405, "MethodNotAllowedError", "");
    let answer = nobody.get("/customers?limit=0").await;
    answer.expect_error(401, "UnauthorizedError", "");
    let answer = nobody
        .send_text("POST", "/customers/nope/devices", bad)
        .await;
    answer.expect_error(401, "UnauthorizedError", "");
    let answer = auditor
        .send_text("POST", "/customers/nope/devices", bad)
        .await;
    answer.expect_error(403, "ForbiddenError", "");
    for list in ["devices", "services"] {
        let answer = api.get(format!("/customers/nope/{list}?status=GONE")).await;
        answer.expect_error(400, "BadRequestError", "status");
        let answer = api
            .send_text("POST", format!("/customers/nope/{list}"), bad)
            .await;
        answer.expect_error(404, "NotFoundError", "");
    }
    let answer = api.get("/customers/nope?extraFields=a&extraFields=b").await;
    answer.expect_error(400, "BadRequestError", "extraFields");
    for path in [
        "/customers/nope",
        "/service-specs/nope",
        "/customers/nope/password",
    ] {
        let answer = api.send_text("PUT", path, bad).await;
        answer.expect_error(404, "NotFoundError", "");
    }
    let answer = api
        .send_text("PUT", format!("{own}/devices/nope"), bad)
        .await;
    answer.expect_error(404, "NotFoundError", "");
    let answer = api.send_text("PUT", &own, bad).await;
    answer.expect_error(400, "InvalidContent", "");
}

// ---- sizes ----

/// A valid body of exactly this many bytes.
fn body_of(bytes: usize) -> Vec<u8> {
    let (head, tail) = (r#"{"firstName":"Oliver","unknown":""#, r#""}"#);
    format!(
        "{head}{}{tail}",
        "x".repeat(bytes - head.len() - tail.len())
    )
    .into_bytes()
}

#[tokio::test]
async fn a_body_has_a_mebibyte() {
    let the_box = a_box().await;
    let api = the_box.api();
    let made = post(&api, &body_of(MIB)).await.expect(201);
    assert_eq!(made["firstName"], "Oliver");
    for bytes in [MIB + 1, 10 * MIB] {
        let answer = the_box
            .wire("POST", "/integration/api/customers", &[], &body_of(bytes))
            .await;
        answer.expect_error(413, "RequestEntityTooLargeError", "");
    }
    // The same in pieces, without a length in front.
    let mut chunked = Vec::new();
    for piece in body_of(2 * MIB).chunks(64 * 1024) {
        chunked.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        chunked.extend(piece);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let headers = [("Transfer-Encoding".to_owned(), "chunked".to_owned())];
    let answer = the_box
        .wire("POST", "/integration/api/customers", &headers, &chunked)
        .await;
    answer.expect_error(413, "RequestEntityTooLargeError", "");
    expect_standing(&api, 1).await;
}

#[tokio::test]
async fn headers_have_sixteen_kibibytes_and_a_hundred_lines() {
    let the_box = a_box().await;
    let target = "/integration/api/customers";
    let filler = |count: usize, bytes: usize| -> Vec<(String, String)> {
        (0..count)
            .map(|number| (format!("X-Filler-{number}"), "x".repeat(bytes)))
            .collect()
    };
    // `wire` sends three of its own: Host, Authorization, Connection.
    for headers in [filler(1, 14 * 1024), filler(14, 1024), filler(97, 8)] {
        the_box.wire("GET", target, &headers, b"").await.expect(200);
    }
    for headers in [
        filler(1, 17 * 1024),
        filler(17, 1024),
        filler(98, 8),
        filler(120, 8),
    ] {
        let answer = the_box.wire("GET", target, &headers, b"").await;
        answer.expect_error(431, "RequestHeaderFieldsTooLargeError", "");
    }
    the_box.api().get("/customers").await.expect(200);
}

#[tokio::test]
async fn an_address_has_eight_kibibytes() {
    let the_box = a_box().await;
    let query = |bytes: usize| format!("/integration/api/customers?_={}", "x".repeat(bytes));
    the_box
        .wire("GET", &query(7 * 1024), &[], b"")
        .await
        .expect(200);
    for target in [
        query(9 * 1024),
        format!("/integration/api/customers/{}", "x".repeat(9 * 1024)),
    ] {
        let answer = the_box.wire("GET", &target, &[], b"").await;
        answer.expect_error(414, "RequestURITooLargeError", "");
    }
    the_box.api().get("/customers").await.expect(200);
}

#[tokio::test]
async fn what_is_not_http_does_no_harm() {
    let the_box = a_box().await;
    let api = the_box.api();
    for bytes in [
        &b"nonsense\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /integration/api/customers HTTP/1.1\r\nHost x\r\n\r\n",
        b"POST /integration/api/customers HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /integration/api/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\
          Content-Length: 3\r\n\r\n{}",
    ] {
        let answer = the_box.raw(bytes).await;
        let fine = answer.status == 0 || (400..500).contains(&answer.status);
        assert!(fine, "{}", answer.told());
    }
    // A caller that hangs up in the middle of a body creates nothing.
    let token = the_box.token("manager").await;
    let mut stream = TcpStream::connect(the_box.address()).await.unwrap();
    let head = format!(
        "POST /integration/api/customers HTTP/1.1\r\nHost: x\r\nAuthorization: JWT {token}\r\n\
         Content-Length: 100\r\n\r\n{{}}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    drop(stream);
    expect_standing(&api, 0).await;
}

#[tokio::test]
async fn one_connection_serves_after_a_refusal() {
    let the_box = a_box().await;
    let token = the_box.token("manager").await;
    // Two requests in one go: the body of the refused first is not taken for the second.
    let post = |body: &str, last: &str| {
        format!(
            "POST /integration/api/customers HTTP/1.1\r\nHost: x\r\nAuthorization: JWT {token}\r\n\
             {last}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let both = post("[1, 2, 3]", "") + &post(r#"{"firstName":"Oliver"}"#, "Connection: close\r\n");
    the_box
        .raw(both.as_bytes())
        .await
        .expect_error(400, "BadRequestError", "");
    let listed = the_box.api().get("/customers").await.expect(200);
    let names: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|customer| &customer["firstName"])
        .collect();
    assert!(
        names.len() <= 1 && names.iter().all(|name| **name == "Oliver"),
        "{listed}"
    );
}
