//! Members of the catalogue that are left out, emptied, misspelt or doubled, over every way in.

use boxoffice::app::Ctx;
use boxoffice::ops::apply::{apply, catalogue};
use serde_json::{Value, json};

use crate::support::TestBox;
use crate::support::fixture::a_box;

/// One of everything, with every member said.
fn full() -> Value {
    json!({
        "provider": {"name": "Example TV", "currency": "USD", "time_zone": "UTC"},
        "genres": [{"id": 1, "title": "News"}],
        "channels": [{"id": 1, "name": "One", "number": 1, "kind": "tv", "genre": 1,
            "url": "http://tv.example.com/1", "logo": "http://tv.example.com/1.png",
            "xmltv_id": "one.tv", "base_ch": true, "censored": true, "archive_days": 7,
            "guide_name": "One TV", "guide_shift_minutes": 60, "hidden": true}],
        "movies": [{"id": 1, "title": "Arrow", "genre": 1, "url": "http://tv.example.com/a.mp4",
            "poster": "http://tv.example.com/a.png", "year": 2012, "description": "An arrow.",
            "duration_minutes": 42}],
        "packages": [{"id": 1, "external_id": "base", "name": "Base", "type": "tv",
            "description": "What everybody has", "service_type": "single", "rent_duration": 48,
            "price": "1.50", "services": [1]}],
        "products": [{"id": 1, "external_id": "START", "name": "Start", "description": "First",
            "user_default": true, "days_to_expires": 3, "packages": [{"id": 1}],
            "status": "INACTIVE"}],
        "offers": [{"id": "start", "product": "START", "title": "Start", "type": "RECURRING",
            "duration": 1, "period": "MONTH", "number_of_billing_cycles": 12,
            "billing": "POSTPAID", "dunning": {"grace_days": 5, "reminder_days": [2]},
            "charges": [{"type": "RECURRING", "title": "TV", "amount": "9.99", "currency": "USD",
                         "tax_rate": 20, "tax_included": false,
                         "tax_rates": [{"from": "2027-01-01", "rate": 21}]}]}],
        "resellers": [{"id": 1, "name": "Shop", "max_users": 10, "use_ip_ranges": true}]
    })
}

/// Section, members that must be said, members that may be left out.
const MEMBERS: [(&str, &[&str], &[&str]); 6] = [
    (
        "channels",
        &["id", "name", "number", "kind"],
        &[
            "genre",
            "url",
            "logo",
            "xmltv_id",
            "base_ch",
            "censored",
            "archive_days",
            "guide_name",
            "guide_shift_minutes",
            "hidden",
        ],
    ),
    (
        "movies",
        &["id", "title"],
        &[
            "genre",
            "url",
            "poster",
            "year",
            "description",
            "duration_minutes",
        ],
    ),
    (
        "packages",
        &["id", "external_id", "name", "type", "services"],
        &["description", "service_type", "rent_duration", "price"],
    ),
    (
        "products",
        &["id", "external_id", "name"],
        &["description", "user_default", "days_to_expires", "packages"],
    ),
    (
        "offers",
        &["id", "product", "title", "type", "duration", "period"],
        &["number_of_billing_cycles", "billing", "charges", "dunning"],
    ),
    (
        "resellers",
        &["id", "name"],
        &["max_users", "use_ip_ranges"],
    ),
];

fn exported(bx: &TestBox) -> Value {
    let lines = catalogue(&Ctx::system(bx.app())).expect("a catalogue");
    serde_json::from_str(&lines.join("\n")).expect("JSON")
}

async fn refusal(bx: &TestBox, doc: Value) -> String {
    let ctx = Ctx::system(bx.app());
    let error = apply(&ctx, doc.to_string(), false).await;
    error.expect_err("a refusal").to_string()
}

#[tokio::test]
async fn a_member_that_is_left_out_stays_and_null_empties_it() {
    let bx = a_box().await;
    bx.apply(full()).await;
    let before = exported(&bx);
    for (section, must, may) in MEMBERS {
        let whole = &full()[section][0];
        let mut bare = json!({});
        for name in must {
            bare[*name] = whole[*name].clone();
        }
        let report = bx.apply(json!({section: [bare]})).await;
        assert_eq!(report["left"][section], 1, "{section}: {report}");
        assert_eq!(exported(&bx), before, "{section}");
        for name in may {
            assert!(
                !before[section][0][*name].is_null(),
                "{section}.{name} is not exported"
            );
            let mut emptied = bare.clone();
            emptied[*name] = Value::Null;
            bx.apply(json!({section: [emptied]})).await;
            let after = exported(&bx);
            assert_ne!(after, before, "{section}.{name} is not emptied");
            // Nothing but that member.
            let mut put_back = after.clone();
            put_back[section][0][*name] = before[section][0][*name].clone();
            assert_eq!(put_back, before, "{section}.{name}");
            bx.apply(json!({section: [whole]})).await;
            assert_eq!(exported(&bx), before, "{section}.{name}");
        }
    }
}

#[tokio::test]
async fn an_exported_catalogue_changes_nothing_and_makes_the_same_elsewhere() {
    let bx = a_box().await;
    bx.apply(full()).await;
    let document = exported(&bx);
    let again = bx.apply(document.clone()).await;
    for what in ["created", "changed"] {
        assert_eq!(again[what], json!({}), "{again}");
    }
    let other = a_box().await;
    other.apply(document.clone()).await;
    assert_eq!(exported(&other), document);
}

#[tokio::test]
async fn what_a_document_cannot_say_is_named_in_its_notes() {
    let bx = a_box().await;
    bx.apply(full()).await;
    let spec = json!({"title": "Loose", "serviceType": "LIVE_TV", "contentType": "TV",
                      "scope": "ALL_ITEMS"});
    bx.api().post("/service-specs", spec).await.expect(201);
    let document = exported(&bx);
    let notes = document["notes"].to_string();
    assert!(
        notes.contains("Loose") && notes.contains("external_id"),
        "{notes}"
    );
    // Notes are for people: the document can be applied.
    bx.apply(document).await;
}

#[tokio::test]
async fn a_dry_run_shows_old_and_new_values_and_the_orders_that_are_touched() {
    let bx = a_box().await;
    let mut doc = full();
    doc["products"][0]["status"] = json!("ACTTIVE");
    bx.apply(doc.clone()).await;
    let customer = bx.api().post("/customers", json!({})).await.expect(201);
    let path = format!(
        "/customers/{}/orders",
        customer["_id"].as_str().expect("an id")
    );
    bx.api()
        .post(path, json!({"offer": "start"}))
        .await
        .expect(201);
    let before = exported(&bx);
    doc["offers"][0]["charges"][0]["amount"] = json!("12.99");
    doc["products"][0]["name"] = json!("Begin");
    doc["channels"][0]["name"] = json!("The One");
    let ctx = Ctx::system(bx.app());
    let report = apply(&ctx, doc.to_string(), true).await.expect("a report");
    let report = serde_json::to_value(&report).expect("JSON");
    let of = |place: &str| {
        let all = report["changes"].as_array().expect("changes");
        let found = all.iter().find(|change| change["place"] == place);
        found.unwrap_or_else(|| panic!("{place}: {report}")).clone()
    };
    let channel = of("channels[0]");
    assert_eq!(
        channel["changes"][0],
        json!({"field": "name", "before": "One", "after": "The One"})
    );
    assert!(channel.get("orders").is_none(), "{channel}");
    let offer = of("offers[0]");
    assert_eq!(offer["orders"], 1);
    assert!(
        offer.to_string().contains("12.99") && offer.to_string().contains("9.99"),
        "{offer}"
    );
    assert_eq!(of("products[0]")["orders"], 1);
    assert_eq!(exported(&bx), before, "a dry run changes nothing");
}

#[tokio::test]
async fn an_element_that_stands_twice_is_refused_by_name() {
    let bx = a_box().await;
    let mut doc = full();
    doc["partners"] = json!([{"key": "ott", "name": "An OTT"}]);
    doc["customers"] = json!([{"login": "olive"}]);
    bx.apply(doc.clone()).await;
    let before = exported(&bx);
    for section in [
        "genres",
        "channels",
        "movies",
        "packages",
        "products",
        "offers",
        "resellers",
        "partners",
        "customers",
    ] {
        let element = &doc[section][0];
        let told = refusal(&bx, json!({section: [element, element]})).await;
        assert!(told.starts_with(&format!("{section}[1].")), "{told}");
        assert!(told.contains(&format!("{section}[0] already")), "{told}");
    }
    let twice = json!([{"id": 1}, {"id": 1, "optional": true}]);
    let mut product = doc["products"][0].clone();
    product["packages"] = twice;
    let told = refusal(&bx, json!({"products": [product]})).await;
    assert!(told.starts_with("products[0].packages[1].id"), "{told}");
    assert_eq!(exported(&bx), before);
}

/// A slip in a charge must not give TV away.
#[tokio::test]
async fn a_charge_with_a_slip_in_it_is_refused_over_every_way_in() {
    let bx = a_box().await;
    bx.apply(full()).await;
    let before = exported(&bx);
    let product = bx
        .api()
        .get("/product-specs?status=INACTIVE")
        .await
        .expect(200);
    let product = product[0]["_id"].as_str().expect("an id").to_owned();
    let offers = format!("/product-specs/{product}/offers");
    let good = json!({"type": "RECURRING", "amount": "9.99", "currency": "USD"});
    let with = |name: &str, value: Value| {
        let mut charge = good.clone();
        charge[name] = value;
        charge
    };
    let without = |name: &str| {
        let mut charge = good.clone();
        charge.as_object_mut().expect("an object").remove(name);
        charge
    };
    for (charge, named) in [
        (with("ammount", json!("9.99")), "charges[0].ammount"),
        (with("taxrate", json!(20)), "charges[0].taxrate"),
        (with("Amount", json!("9.99")), "charges[0].Amount"),
        (without("type"), "charges[0].type"),
        (with("type", Value::Null), "charges[0].type"),
        (without("amount"), "charges[0].amount"),
        (with("amount", Value::Null), "charges[0].amount"),
    ] {
        let body = json!({"charges": [charge]});
        for (method, path) in [("POST", offers.clone()), ("PUT", format!("{offers}/start"))] {
            let answer = bx.api().send_json(method, &path, &body).await;
            assert_eq!(answer.status, 400, "{charge}: {}", answer.told());
            assert!(answer.text.contains(named), "{charge}: {}", answer.told());
        }
        let mut offer = full()["offers"][0].clone();
        offer["charges"] = json!([charge]);
        let told = refusal(&bx, json!({"offers": [offer]})).await;
        assert!(told.contains("offers[0]"), "{charge}: {told}");
        assert_eq!(exported(&bx), before, "{charge}");
    }
    // A discount of just the price is no slip.
    let discount =
        json!({"type": "RECURRING", "title": "Friend", "amount": "-9.99", "currency": "USD"});
    let free = json!({"charges": [good, discount]});
    bx.api()
        .put(format!("{offers}/start"), free)
        .await
        .expect(200);
}

/// Charges that come to less than nothing give TV away, and money with it: with the first cycle,
/// with a later one, or by tax of one day. Discounts down to nothing are fine.
#[tokio::test]
async fn charges_never_come_to_less_than_nothing_over_any_way_in() {
    let bx = a_box().await;
    bx.apply(full()).await;
    let path = "/product-specs?status=INACTIVE";
    let product = bx.api().get(path).await.expect(200);
    let product = product[0]["_id"].as_str().expect("an id").to_owned();
    let offers = format!("/product-specs/{product}/offers");
    let charge = |kind: &str, amount: &str| {
        json!({
            "type": kind, "amount": amount, "currency": "USD", "taxIncluded": true,
        })
    };
    let (every, once) = (
        |amount: &str| charge("RECURRING", amount),
        |amount: &str| charge("ONE_TIME", amount),
    );
    let on_top = |amount: &str, rates: Value| {
        json!({"type": "RECURRING", "amount": amount, "currency": "USD", "taxIncluded": false,
               "taxRates": rates})
    };
    let later = json!([{"from": "2031-01-01", "rate": 50}]);
    let cases = [
        (json!([every("-5")]), 400),
        (json!([once("-5")]), 400),
        (json!([every("10"), every("-20")]), 400),
        (json!([every("10"), once("-20")]), 400),
        (json!([once("50"), every("-0.01")]), 400),
        (json!([every("10"), on_top("-8", later.clone())]), 400),
        (json!([on_top("8", later), every("-8")]), 200),
        (json!([every("10"), every("-10")]), 200),
        (json!([every("10"), once("-10")]), 200),
        (
            json!([every("10"), once("30"), every("-4"), once("-36")]),
            200,
        ),
        (json!([every("0")]), 200),
        (json!([]), 200),
    ];
    for (charges, status) in cases {
        for order_type in ["RECURRING", "ONE_TIME"] {
            let body = json!({"title": "Sum", "type": order_type, "duration": 1,
                              "period": "MONTH", "charges": charges});
            let made = bx.api().post(&offers, &body).await;
            let kept = bx.api().put(format!("{offers}/start"), &body).await;
            let mut offer = full()["offers"][0].clone();
            for name in ["type", "duration", "period", "charges"] {
                offer[name] = body[name].clone();
            }
            for charge in offer["charges"].as_array_mut().expect("charges") {
                let members = charge.as_object_mut().expect("an object");
                for (name, theirs) in [("taxIncluded", "tax_included"), ("taxRates", "tax_rates")] {
                    if let Some(value) = members.remove(name) {
                        members.insert(theirs.to_owned(), value);
                    }
                }
            }
            let ctx = Ctx::system(bx.app());
            let document = json!({"offers": [offer]}).to_string();
            let applied = apply(&ctx, document, false).await;
            // With one cycle only, all charges are due with it.
            let late = charges.to_string().contains("-0.01");
            if status == 200 || (late && order_type == "ONE_TIME") {
                assert_eq!((made.status, kept.status), (201, 200), "{charges}");
                applied.expect("an offer");
                continue;
            }
            for answer in [made, kept] {
                assert_eq!(answer.status, 400, "{charges}: {}", answer.told());
                assert!(answer.text.contains("charges"), "{}", answer.told());
            }
            let told = applied.expect_err("a refusal").to_string();
            assert!(told.contains("offers[0].charges"), "{charges}: {told}");
        }
    }
    // What is fine as one kind of offer, or of order, may be none as the other.
    let charges = json!([once("50"), every("-1")]);
    let body = json!({"id": "turn", "title": "Turn", "type": "ONE_TIME", "duration": 1,
                      "period": "MONTH", "charges": charges});
    let made = bx.api().post(&offers, body).await.expect(201);
    let turn = format!("{offers}/{}", made["_id"].as_str().expect("an id"));
    let turned = bx.api().put(&turn, json!({"type": "RECURRING"})).await;
    assert_eq!(turned.status, 400, "{}", turned.told());
    assert!(turned.text.contains("charges"), "{}", turned.told());
    bx.api()
        .put(&turn, json!({"title": "Turned"}))
        .await
        .expect(200);
}

/// What is read in an offer's ladder and prices is the same to us however it is spaced; a dry run
/// says prices as a person reads them.
#[tokio::test]
async fn an_export_of_what_was_made_over_other_ways_in_changes_nothing() {
    let bx = a_box().await;
    bx.apply(full()).await;
    let path = "/product-specs?status=INACTIVE";
    let product = bx.api().get(path).await.expect(200);
    let product = product[0]["_id"].as_str().expect("an id").to_owned();
    let body = r#"{ "dunning": { "suspend_days" : 9,  "grace_days":3,
                    "reminder_days": [ 1, 2 ] },
        "charges":
        [ { "amount" : 12.50, "type":"RECURRING", "currency":"USD", "taxRate": 20.0 } ] }"#;
    let offer = format!("/product-specs/{product}/offers/start");
    let put = bx.api().send_text("PUT", offer, body).await;
    assert_eq!(put.status, 200, "{}", put.told());
    let mut document = exported(&bx);
    let again = bx.apply(document.clone()).await;
    for what in ["created", "changed"] {
        assert_eq!(again[what], json!({}), "{again}");
    }
    document["offers"][0]["charges"][0]["amount"] = json!("13");
    document["offers"][0]["dunning"]["grace_days"] = json!(4);
    let ctx = Ctx::system(bx.app());
    let report = apply(&ctx, document.to_string(), true)
        .await
        .expect("a report");
    let changes = serde_json::to_value(&report).expect("JSON")["changes"][0]["changes"].clone();
    let of = |field: &str| {
        let all = changes.as_array().expect("changes");
        all.iter().find(|change| change["field"] == field).cloned()
    };
    assert_eq!(
        of("charges"),
        Some(json!({"field": "charges",
                    "before": "12.50 USD with every cycle (20 % tax included)",
                    "after": "13.00 USD with every cycle (20 % tax included)"}))
    );
    let ladder = of("dunning").expect("a ladder");
    assert_eq!(
        ladder["after"],
        "4 days of grace, reminders after 1, 2 days, suspended 9 days later"
    );
    for raw in ["prices", "ladder", "term"] {
        assert_eq!(of(raw), None, "{changes}");
    }
}

/// What is no filter must not answer with everybody.
#[tokio::test]
async fn a_list_refuses_parameters_that_it_does_not_have() {
    let bx = a_box().await;
    let mut doc = full();
    doc["customers"] = json!([
        {"login": "olive", "account_number": "C-7", "phones": ["+1 416 555 0101"]},
        {"login": "mia", "account_number": "C-7", "phones": ["0416 555 0102"]}
    ]);
    bx.apply(doc).await;
    let customers = bx.api().get("/customers").await.expect(200);
    let of = |rest: &str| {
        format!(
            "/customers/{}/{rest}",
            customers[0]["_id"].as_str().expect("an id")
        )
    };
    let product = bx
        .api()
        .get("/product-specs?status=INACTIVE")
        .await
        .expect(200);
    let product = product[0]["_id"].as_str().expect("an id");
    for path in [
        "/customers".to_owned(),
        of("devices"),
        of("services"),
        of("orders"),
        of("transactions"),
        of("product-specs"),
        of(&format!("product-specs/{product}/offers")),
        "/service-specs".to_owned(),
        "/product-specs".to_owned(),
        format!("/product-specs/{product}/offers"),
        bx.url("/console/api/messages"),
        bx.url("/console/api/runs"),
    ] {
        let plain = bx.api().get(&path).await;
        assert_eq!(plain.status, 200, "{}", plain.told());
        for wrong in [
            "q=olive",
            "name=x",
            "statuses=ACTIVE",
            "status_%5B%5D=ACTIVE",
        ] {
            let answer = bx.api().get(format!("{path}?{wrong}")).await;
            assert_eq!(answer.status, 400, "{}", answer.told());
            let name = wrong.split(['=', '%']).next().expect("a name");
            assert!(answer.text.contains(name), "{}", answer.told());
        }
        let cached = bx.api().get(format!("{path}?_=1700000000")).await;
        assert_eq!(cached.status, 200, "{}", cached.told());
    }
    for (filter, logins) in [
        ("login=olive", &["olive"] as &[&str]),
        ("login=nobody", &[]),
        ("accountNumber=c-7", &["olive", "mia"]),
        ("accountNumber=c-7&limit=1&offset=1", &["mia"]),
        ("phone=%2B14165550101", &["olive"]),
        ("phone=+14165550101", &["olive"]),
        ("phone=00%201416-555-0101", &["olive"]),
        ("phone=%2B14165550102", &[]),
        ("phone=4165550101", &[]),
        ("login=olive&status=INACTIVE", &[]),
        ("login=olive&accountNumber=C-7", &["olive"]),
        ("login=mia&phone=%2B14165550101", &[]),
    ] {
        let found = bx
            .api()
            .get(format!("/customers?{filter}"))
            .await
            .expect(200);
        let found: Vec<&str> = found
            .as_array()
            .expect("a list")
            .iter()
            .map(|customer| customer["login"].as_str().expect("a login"))
            .collect();
        assert_eq!(found, logins, "{filter}");
    }
    for (filter, named) in [("login=", "login"), ("login=a&login=b", "login")] {
        let answer = bx.api().get(format!("/customers?{filter}")).await;
        assert_eq!(answer.status, 400, "{}", answer.told());
        assert!(answer.text.contains(named), "{}", answer.told());
    }
}
