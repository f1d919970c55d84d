//! Bodies: forms as PHP reads them whatever they call themselves, JSON, multipart, and flags
//! (stalker-rest-v1 §1.5 and §5.2 B9).

use serde_json::{Value, json};

use super::{FORM, House, Says, all};
use crate::support::fixture::a_house;

/// Sends a form to account 3 and answers the account.
async fn after(house: &House, form: &str) -> Value {
    assert_eq!(house.rest.put("/users/3", form).await.ok(), true, "{form}");
    house.account("3").await
}

#[tokio::test]
async fn values_are_decoded_and_not_trimmed() {
    let house = a_house().await;
    for (form, comment) in [
        ("comment=a+b", "a b"),
        ("comment=a%20b%2Bc", "a b+c"),
        ("comment=%D1%82%D0%B2", "тв"),
        ("comment=тв raw", "тв raw"),
        ("comment= x ", " x "),
        ("comment=a%26b%3Dc", "a&b=c"),
        ("comment=a=b=c", "a=b=c"),
        ("comment=100%", "100%"),
        ("comment=%zz", "%zz"),
        ("comment=<b>%22q%27</b>", "<b>\"q'</b>"),
        ("&&comment=x&&", "x"),
        ("c%6Fmment=y", "y"),
    ] {
        assert_eq!(after(&house, form).await["comment"], comment, "{form}");
    }
}

/// "Same scalar name twice → last one wins"; "A name without `=` has the empty string as value".
#[tokio::test]
async fn of_one_name_the_last_value_counts() {
    let house = a_house().await;
    let account = after(&house, "comment=a&phone=1&comment=b").await;
    assert_eq!(
        (&account["comment"], &account["phone"]),
        (&json!("b"), &json!("1"))
    );
    assert_eq!(after(&house, "full_name=F&phone").await["phone"], "");
    assert_eq!(after(&house, "comment=a&comment=").await["full_name"], "F");
}

/// "Dots and spaces in names become `_`."
#[tokio::test]
async fn dots_and_spaces_in_names_are_underscores() {
    let house = a_house().await;
    assert_eq!(after(&house, "full.name=Dot").await["full_name"], "Dot");
    assert_eq!(after(&house, "full name=Space").await["full_name"], "Space");
    assert_eq!(after(&house, "full+name=Plus").await["full_name"], "Plus");
}

/// "`name[]=a&name[]=b`, `name%5B%5D=a`, `name[0]=a`"; mixed forms.
#[tokio::test]
async fn arrays_are_spelt_in_every_way_of_php() {
    let house = a_house().await;
    for (form, channels) in [
        ("sub_ch[]=27&sub_ch[]=29", vec!["27", "29"]),
        ("sub_ch%5B%5D=29&sub_ch%5B%5D=27", vec!["29", "27"]),
        ("sub_ch[0]=27&sub_ch[1]=58", vec!["27", "58"]),
        ("sub_ch[a]=37&sub_ch[b]=58", vec!["37", "58"]),
        ("sub_ch[0]=27&sub_ch[0]=58", vec!["58"]),
        ("sub_ch=27&sub_ch[]=58", vec!["58"]),
    ] {
        let list = house.rest.put("/itv_subscription/3", form).await.ok();
        assert_eq!(list[0]["sub_ch"], json!(channels), "{form}");
    }
}

#[tokio::test]
async fn strange_forms_break_nothing() {
    let house = a_house().await;
    let before = house.accounts().await;
    for form in [
        "sub_ch[a][b][c]=1",
        "sub_ch[=1",
        "sub_ch]=1",
        "[]=1",
        "=",
        "=x",
        "&",
        "%",
        "%00=1",
        "sub_ch[][]=27",
        "status[]=1",
        "comment[]=x",
        "login[]=3210",
        "{\"a\":",
        "<xml/>",
        "\0",
    ] {
        for (method, path) in [
            ("PUT", "/itv_subscription/999"),
            ("PUT", "/accounts/999"),
            ("PUT", "/stb/999"),
            ("POST", "/send_event/999"),
            ("PUT", "/account_subscription/999"),
            ("PUT", "/stb_modules/999"),
        ] {
            let answer = house.rest.form(method, path, form).await;
            assert_eq!(answer.status, 200, "{}", answer.told());
        }
        house.rest.form("PUT", "/itv_subscription/3", form).await;
    }
    let bytes = Some(b"comment=\xff\xfe&full_name=\xc3".to_vec());
    let answer = house
        .rest
        .send("PUT", "/users/999", bytes, Some(FORM))
        .await;
    answer.refused("Account not found");
    assert_eq!(house.accounts().await, before);
}

/// "More than 1000 fields are cut off (PHP limit) — do not reproduce." All of them are read,
/// or none.
#[tokio::test]
async fn no_field_is_cut_off() {
    let house = a_house().await;
    let fields = |count: usize| -> String {
        let fields = (0..count).map(|number| format!("f{number}=x&"));
        fields.chain(["comment=last".to_owned()]).collect()
    };
    assert_eq!(after(&house, &fields(4_000)).await["comment"], "last");
    let many = house.rest.put("/users/3210", &fields(10_000)).await;
    many.refused("Too many fields");
    assert_eq!(house.account("3210").await["comment"], Value::Null);

    let form = "sub_ch[]=27&".repeat(10_000);
    let before = house.accounts().await;
    let answer = house.rest.put("/itv_subscription/3", &form).await;
    assert!(answer.status < 500, "{}", answer.told());
    assert_eq!(house.accounts().await, before);
    let others = house.rest.get("/itv_subscription/1553").await.ok();
    assert_eq!(others[0]["sub_ch"], json!(["27"]));
}

/// "The raw body is always parsed as a form, whatever the `Content-Type` header says".
#[tokio::test]
async fn a_form_is_a_form_by_any_name() {
    let house = a_house().await;
    let types = [
        "text/plain",
        "application/json",
        "text/html",
        "x",
        "",
        "application/octet-stream",
        "application/x-www-form-urlencoded; charset=windows-1251",
    ];
    for (at, content_type) in types.into_iter().enumerate() {
        let form = format!("comment=c{at}").into_bytes();
        let answer = house
            .rest
            .send("PUT", "/users/3", Some(form), Some(content_type))
            .await;
        assert_eq!(answer.ok(), true, "{content_type}");
        assert_eq!(house.account("3").await["comment"], format!("c{at}"));
    }
    let form = Some(b"login=typed&status=1".to_vec());
    let made = house
        .rest
        .send("POST", "/accounts", form, Some("application/json"))
        .await;
    assert_eq!(made.ok(), true);
    assert_eq!(house.account("typed").await["status"], 1);
}

/// "A value is false only if it is empty or exactly `0`; everything else … is true."
#[tokio::test]
async fn a_flag_is_off_only_when_empty_or_zero() {
    let house = a_house().await;
    for (value, status) in [
        ("1", 1),
        ("0", 0),
        ("false", 1),
        ("", 0),
        ("off", 1),
        ("0", 0),
        ("0.0", 1),
        ("", 0),
        ("-1", 1),
        ("0", 0),
        ("%20", 1),
        ("0", 0),
        ("00", 1),
    ] {
        let account = after(&house, &format!("status={value}")).await;
        assert_eq!(account["status"], status, "{value:?}");
        let list = house
            .rest
            .put("/stb/3", &format!("status={value}"))
            .await
            .ok();
        assert_eq!(list[0]["status"], status, "{value:?}");
    }
}

/// B9: "accept JSON when the type says JSON and it parses".
#[tokio::test]
async fn json_is_read_where_it_says_so() {
    let house = a_house().await;
    let json = |body: Value| Some(body.to_string().into_bytes());
    let put = async |path: &str, body: Value| {
        let kind = Some("application/json; charset=utf-8");
        house.rest.send("PUT", path, json(body), kind).await.ok()
    };
    let said = json!({"comment": "j", "phone": 12345, "status": true, "unknown": {"a": [1]}});
    assert_eq!(put("/users/3", said).await, true);
    let account = house.account("3").await;
    assert_eq!(account["comment"], "j");
    assert_eq!(account["phone"], "12345");
    assert_eq!(account["status"], 1);
    // "false→off, null→absent".
    let said = json!({"comment": null, "status": false, "full_name": "Ж"});
    assert_eq!(put("/users/3", said).await, true);
    let account = house.account("3").await;
    assert_eq!(account["comment"], "j");
    assert_eq!(account["status"], 0);
    assert_eq!(account["full_name"], "Ж");
    let list = put("/itv_subscription/3", json!({"sub_ch": [27, "58"]})).await;
    assert_eq!(list[0]["sub_ch"], json!(["27", "58"]));
    let done = put("/account_subscription/3", json!({"subscribed": ["tv_3"]})).await;
    assert_eq!(done, true);
    assert_eq!(house.account("3").await["subscribed"], json!(["tv_3"]));

    for (body, text) in [
        ("{}", "Insert data is empty"),
        ("{\"foo\": 1}", "Insert data is empty"),
        ("{\"comment\": ", "Insert data is empty"),
        ("[]", "Insert data is empty"),
    ] {
        let body = Some(body.as_bytes().to_vec());
        let answer = house
            .rest
            .send("PUT", "/users/3", body, Some("application/json"))
            .await;
        answer.refused(text);
    }
    // Without the type it is the form that the original saw.
    let answer = house.rest.put("/users/3", "{\"comment\":\"no\"}").await;
    answer.refused("Insert data is empty");
    assert_eq!(house.account("3").await["comment"], "j");
}

/// B9: "accept multipart".
#[tokio::test]
async fn multipart_is_read() {
    let house = a_house().await;
    let part = |name: &str, value: &str| {
        format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let kind = Some("multipart/form-data; boundary=XyZ");
    let body = part("login", "multi") + &part("full_name", "A & B\r\nC") + "--XyZ--\r\n";
    let made = house
        .rest
        .send("POST", "/accounts", Some(body.into_bytes()), kind)
        .await;
    assert_eq!(made.ok(), true);
    assert_eq!(house.account("multi").await["full_name"], "A & B\r\nC");
    let body = part("sub_ch[]", "27") + &part("sub_ch[]", "58") + "--XyZ--\r\n";
    let put = house
        .rest
        .send("PUT", "/itv_subscription/3", Some(body.into_bytes()), kind)
        .await;
    assert_eq!(put.ok()[0]["sub_ch"], json!(["27", "58"]));
    for broken in [
        "--XyZ",
        "--XyZ\r\n\r\nx",
        "--XyZ--",
        "x",
        "--XyZ\r\nContent-Disposition: x",
    ] {
        let body = Some(broken.as_bytes().to_vec());
        let answer = house.rest.send("POST", "/accounts", body, kind).await;
        assert!(answer.error().is_some(), "{}", answer.told());
    }
    assert_eq!(all(&house.accounts().await, "login").len(), 5);
}

/// No client makes the box keep a text of any size.
#[tokio::test]
async fn a_body_of_megabytes_is_not_kept() {
    let house = a_house().await;
    let form = format!("comment={}", "x".repeat(4 * 1024 * 1024));
    let length = form.len();
    let request = format!(
        "PUT /stalker_portal/api/users/3 HTTP/1.1\r\nHost: x\r\n\
         Authorization: Basic c3RhbGtlcjpzZWNyZXQ=\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    let answer = house.bx.raw(request.as_bytes()).await;
    assert!(answer.status < 500, "{}", answer.told());
    let comment = house.account("3").await["comment"].clone();
    assert!(comment.as_str().unwrap_or("").len() < length / 2);
}
