//! Who may ask: reference sections 1.1 and 1.2.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{PUBLIC, ROUTES};
use crate::support::fixture::a_box;
use crate::support::{Answer, NOW_SECONDS, TWO_YEARS_SECONDS, claims_of, token_part};

const ROLES: [&str; 7] = [
    "owner",
    "manager",
    "support",
    "cashier",
    "content-editor",
    "dealer",
    "auditor",
];

/// §1.2: `{ "code": "UnauthorizedError", "message": "Authorization required" }`; behind the
/// vendor's words stands what is wrong with what was sent.
#[track_caller]
fn expect_unauthorized(answer: Answer) {
    let message = answer.json()["message"].clone();
    let message = message.as_str().unwrap_or_default();
    assert!(
        message.starts_with("Authorization required"),
        "{}",
        answer.told()
    );
    answer.expect_error(401, "UnauthorizedError", "Authorization required");
}

/// Header, claims and a signature with some key.
fn forge(header: &Value, claims: &Value, key: &[u8]) -> String {
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    mac.update(signed.as_bytes());
    format!(
        "{signed}.{}",
        BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
    )
}

#[tokio::test]
async fn a_token_has_the_vendors_claims() {
    let the_box = a_box().await;
    let token = the_box.token("manager").await;
    assert_eq!(
        token_part(&token, 0),
        json!({ "alg": "HS256", "typ": "JWT" })
    );
    let claims = claims_of(&token);
    // §1.1: the sample's claims; exp - iat = ms('2y').
    assert_eq!(claims["grant_type"], "access_token");
    assert_eq!(claims["aud"], "boxoffice");
    assert_eq!(claims["iat"], NOW_SECONDS);
    assert_eq!(claims["exp"], NOW_SECONDS + TWO_YEARS_SECONDS);
    assert!(
        super::is_uuid(claims["jti"].as_str().expect("jti")),
        "{claims}"
    );
    assert_eq!(
        &claims["jti"].as_str().unwrap()[14..15],
        "4",
        "a UUID v4: {claims}"
    );
    for name in ["client_ip", "iss", "sub"] {
        assert!(claims[name].is_string(), "{name}: {claims}");
    }
    assert!(claims.get("grant_scope").is_none(), "{claims}");
    let other = claims_of(&the_box.token("manager").await);
    assert_ne!(claims["jti"], other["jti"]);
}

#[tokio::test]
async fn without_a_token_only_the_public_operations_answer() {
    let the_box = a_box().await;
    // §2.0: "All operations except 1, 2 and 40 carry security JWT".
    for (path, methods) in ROUTES.iter().filter(|(path, _)| !PUBLIC.contains(path)) {
        for method in *methods {
            for client in [the_box.anonymous(), the_box.with_header("JWT nonsense")] {
                expect_unauthorized(client.send(method, path, None, &[]).await);
            }
            // Where nothing was sent, to the letter.
            let answer = the_box.anonymous().send(method, path, None, &[]).await;
            let body = json!({ "code": "UnauthorizedError", "message": "Authorization required" });
            assert_eq!(answer.json(), body, "{}", answer.told());
        }
    }
    for client in [
        the_box.anonymous(),
        the_box.with_header("JWT nonsense"),
        the_box.with_header("x"),
    ] {
        client.get("/version").await.expect(200);
        client.get("/status").await.expect(200);
        // Asked for nothing, the redirect has something to say other than 401.
        let redirect = client.get("/payments/redirect").await;
        redirect.expect_error(400, "BadRequestError", "");
    }
}

#[tokio::test]
async fn the_scheme_word_is_jwt_in_any_case() {
    let the_box = a_box().await;
    let token = the_box.token("manager").await;
    // §1.1: "4.x ignores case; pattern (\S+)\s+(\S+). Accept case-insensitively".
    for word in ["JWT ", "jwt ", "Jwt ", "JWT   "] {
        the_box
            .with_header(&format!("{word}{token}"))
            .get("/customers")
            .await
            .expect(200);
    }
    // §1.1: "Whether to take Bearer as an alias: no by default."
    for word in [
        "", "Bearer ", "bearer ", "Basic ", "Token ", "JWT", "JWT:", "JWTX ", "JWT,",
    ] {
        let client = the_box.with_header(&format!("{word}{token}"));
        expect_unauthorized(client.get("/customers").await);
    }
}

#[tokio::test]
async fn garbage_is_no_token() {
    let the_box = a_box().await;
    let token = the_box.token("manager").await;
    let parts: Vec<&str> = token.split('.').collect();
    let (head, claims, signature) = (parts[0], parts[1], parts[2]);
    let long = "a".repeat(7000);
    for header in [
        String::new(),
        "JWT".to_owned(),
        "JWT .".to_owned(),
        "JWT ..".to_owned(),
        "JWT null".to_owned(),
        "JWT {}".to_owned(),
        format!("JWT {long}"),
        format!("JWT {long}.{long}"),
        format!("JWT {head}"),
        format!("JWT {head}.{claims}"),
        format!("JWT {head}.{claims}."),
        format!("JWT {head}.{claims}.{signature}.{signature}"),
        format!("JWT {claims}.{head}.{signature}"),
        format!("JWT {head}..{signature}"),
        format!("JWT .{claims}.{signature}"),
        format!("JWT {head}.{claims}.{}", &signature[1..]),
        format!("JWT {head}.{claims}.{}", signature.to_uppercase()),
        format!("JWT {head}.{claims}.%%%%"),
        format!("JWT \"{token}\""),
    ] {
        expect_unauthorized(the_box.with_header(&header).get("/customers").await);
    }
    // A header that is not even text, written to the wire.
    let bytes = b"GET /integration/api/customers HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                  Authorization: JWT \xff\xfe\xf0\r\n\r\n";
    expect_unauthorized(the_box.raw(bytes).await);
}

#[tokio::test]
async fn only_our_own_signature_counts() {
    let the_box = a_box().await;
    let token = the_box.token("manager").await;
    let claims = claims_of(&token);
    let parts: Vec<&str> = token.split('.').collect();
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let hs256 = json!({ "alg": "HS256", "typ": "JWT" });
    let mut raised = claims.clone();
    raised["exp"] = json!(NOW_SECONDS + 2 * TWO_YEARS_SECONDS);
    let mut forged = vec![
        // A true signature under other claims.
        format!("{}.{}.{}", parts[0], encode(&raised), parts[2]),
    ];
    for key in [
        &b""[..],
        b"secret",
        b"boxoffice",
        b"your-256-bit-secret",
        &[0; 32],
    ] {
        forged.push(forge(&hs256, &claims, key));
    }
    for alg in ["none", "None", "NONE", "", "RS256", "ES256", "HS512"] {
        let header = json!({ "alg": alg, "typ": "JWT" });
        forged.push(format!("{}.{}.", encode(&header), parts[1]));
        forged.push(format!("{}.{}.{}", encode(&header), parts[1], parts[2]));
        forged.push(forge(&header, &claims, b""));
    }
    let own_key = json!({ "alg": "HS256", "typ": "JWT", "jwk": { "kty": "oct", "k": "c2VjcmV0" } });
    forged.push(forge(&own_key, &claims, b"secret"));
    for token in forged {
        let client = the_box.with_header(&format!("JWT {token}"));
        expect_unauthorized(client.get("/customers").await);
    }
}

#[tokio::test]
async fn our_signature_does_not_make_every_claim_good() {
    let the_box = a_box().await;
    let claims = claims_of(&the_box.token("manager").await);
    let signed = the_box.sign(&claims);
    the_box
        .with_header(&format!("JWT {signed}"))
        .get("/customers")
        .await
        .expect(200);
    // §1.1: "exp in the future; grant_type == access_token (a refresh token is refused as
    // credentials); aud is the tenant".
    for (name, value) in [
        ("grant_type", json!("refresh_token")),
        ("grant_type", json!("ACCESS_TOKEN")),
        ("grant_type", json!(["access_token"])),
        ("grant_type", Value::Null),
        ("aud", json!("zaaptv")),
        ("aud", json!("")),
        ("aud", Value::Null),
        ("exp", json!(NOW_SECONDS)),
        ("exp", json!(NOW_SECONDS - 1)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!("tomorrow")),
        ("exp", Value::Null),
        ("jti", json!("00000000-0000-4000-8000-000000000000")),
        ("jti", Value::Null),
    ] {
        let mut other = claims.clone();
        if value.is_null() {
            other.as_object_mut().unwrap().remove(name);
        } else {
            other[name] = value;
        }
        let token = the_box.sign(&other);
        let client = the_box.with_header(&format!("JWT {token}"));
        let answer = client.get("/customers").await;
        assert_eq!(answer.status, 401, "{name} in {other}: {}", answer.told());
        expect_unauthorized(answer);
    }
    for claims in [json!({}), json!([]), json!("text"), json!(7), Value::Null] {
        let token = the_box.sign(&claims);
        let client = the_box.with_header(&format!("JWT {token}"));
        expect_unauthorized(client.get("/customers").await);
    }
}

#[tokio::test]
async fn a_token_expires_to_the_second() {
    let the_box = a_box().await;
    let token = the_box.token_for("manager", 60).await;
    let client = the_box.with_header(&format!("JWT {token}"));
    client.get("/customers").await.expect(200);
    the_box.advance(59).await;
    client.get("/customers").await.expect(200);
    the_box.advance(1).await;
    expect_unauthorized(client.get("/customers").await);
    the_box.advance(3600).await;
    expect_unauthorized(client.get("/customers").await);
    the_box.api().get("/customers").await.expect(200);
}

#[tokio::test]
async fn a_revoked_token_is_none() {
    let the_box = a_box().await;
    let (kept, gone) = (
        the_box.token("manager").await,
        the_box.token("manager").await,
    );
    let client = the_box.with_header(&format!("JWT {gone}"));
    client.get("/customers").await.expect(200);
    the_box.revoke(&gone).await;
    expect_unauthorized(client.get("/customers").await);
    expect_unauthorized(client.post("/customers", json!({})).await);
    the_box
        .with_header(&format!("JWT {kept}"))
        .get("/customers")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_clients_token_is_good_but_not_here() {
    let the_box = a_box().await;
    let mut claims = claims_of(&the_box.token("manager").await);
    // §1.1: "client endpoints require grant_scope == client-api, integration endpoints refuse it".
    claims["grant_scope"] = json!("client-api");
    let token = the_box.sign(&claims);
    let client = the_box.with_header(&format!("JWT {token}"));
    for (method, path) in [
        ("GET", "/customers"),
        ("POST", "/customers"),
        ("GET", "/graphql"),
    ] {
        let answer = client.send(method, path, None, &[]).await;
        answer.expect_error(403, "ForbiddenError", "");
    }
    client.get("/version").await.expect(200);
    // Expired, it is no credential at all.
    claims["exp"] = json!(NOW_SECONDS - 1);
    let token = the_box.sign(&claims);
    let client = the_box.with_header(&format!("JWT {token}"));
    expect_unauthorized(client.get("/customers").await);
}

#[tokio::test]
async fn every_roles_token_is_a_credential() {
    let the_box = a_box().await;
    for role in ROLES {
        let token = the_box.token(role).await;
        let client = the_box.with_header(&format!("JWT {token}"));
        let answer = client.get("/customers").await;
        assert!(
            [200, 403].contains(&answer.status),
            "{role}: {}",
            answer.told()
        );
    }
    for role in ["owner", "manager"] {
        let client = the_box.client_of(role).await;
        client.post("/customers", json!({})).await.expect(201);
    }
}

#[tokio::test]
async fn an_auditor_reads_everything() {
    let the_box = a_box().await;
    let api = the_box.api();
    let customer = super::customer(&api).await;
    let spec = super::service_spec(&api).await;
    let services = format!("/customers/{customer}/services");
    let service = api
        .post(&services, json!({ "serviceSpec": spec }))
        .await
        .expect(201);
    let devices = format!("/customers/{customer}/devices");
    api.post(&devices, json!({ "_id": "box-1" }))
        .await
        .expect(201);
    let auditor = the_box.client_of("auditor").await;
    for path in [
        "/customers".to_owned(),
        format!("/customers/{customer}"),
        devices.clone(),
        format!("{devices}/box-1"),
        services.clone(),
        format!("{services}/{}", super::id_of(&service[0])),
        "/service-specs".to_owned(),
        format!("/service-specs/{spec}"),
    ] {
        let read = auditor.get(&path).await.expect(200);
        assert_eq!(read, api.get(&path).await.expect(200), "{path}");
    }
}

#[tokio::test]
async fn an_auditor_writes_nothing() {
    let the_box = a_box().await;
    let api = the_box.api();
    let customer = super::customer(&api).await;
    let auditor = the_box.client_of("auditor").await;
    // GraphQL is a reading operation whatever its method.
    for (path, methods) in ROUTES.iter().filter(|(path, _)| *path != "/graphql") {
        for method in methods.iter().filter(|method| **method != "GET") {
            // The right is judged before the parent and the body.
            for path in [
                (*path).to_owned(),
                path.replacen("/x", &format!("/{customer}"), 1),
            ] {
                for body in [&b"{}"[..], b"{", b""] {
                    let answer = auditor.send(method, &path, Some(body.to_vec()), &[]).await;
                    answer.expect_error(403, "ForbiddenError", "");
                }
            }
        }
    }
    let after = api.get("/customers").await.expect(200);
    assert_eq!(super::ids_of(&after), [customer]);
}
