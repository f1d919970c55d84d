//! The declarative document: what it makes, seen through the integration API; that applying it
//! twice changes nothing; and that a document with an error in it is not taken at all.

use boxoffice::app::Ctx;
use boxoffice::domain::customers::Customer;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::apply::apply;
use boxoffice::store::{Read as _, Table};
use serde_json::{Value, json};

use crate::support::fixture::a_box;
use crate::support::{NOW, TestBox};

fn fixture() -> Value {
    serde_json::from_str(include_str!("data/stalker-fixture.json")).expect("a JSON file")
}

/// The fixture and every section that it leaves out.
fn everything() -> Value {
    let mut doc = fixture();
    doc["genres"] = json!([{"id": 1, "title": "News"}]);
    doc["channels"][0]["genre"] = json!(1);
    doc["movies"] = json!([{"id": 1, "title": "Arrow", "year": 2012, "duration_minutes": 42}]);
    doc["offers"] = json!([{
        "id": "full-monthly", "product": "FULL", "title": "Full, monthly", "type": "RECURRING",
        "duration": 1, "period": "MONTH", "number_of_billing_cycles": 12, "billing": "POSTPAID",
        "charges": [{"type": "RECURRING", "title": "Full", "amount": "9.90", "currency": "USD"}]
    }]);
    doc["partners"] = json!([{"key": "ott", "name": "An OTT",
                              "products": [{"code": "p1", "title": "A product"}]}]);
    doc["customers"][3]["opening_balance"] = json!("12.50");
    doc
}

async fn applied(doc: Value) -> TestBox {
    let bx = a_box().await;
    bx.apply(doc).await;
    bx
}

async fn get(bx: &TestBox, path: &str) -> Value {
    bx.api().get(path).await.expect(200)
}

/// What stands under a path of each customer, in the order of the document.
async fn of_customers(bx: &TestBox, rest: &str) -> Vec<Vec<Value>> {
    let mut found = Vec::new();
    for customer in get(bx, "/customers").await.as_array().expect("customers") {
        let path = format!("/customers/{}/{rest}", text(&customer["_id"]));
        found.push(get(bx, &path).await.as_array().expect("a list").clone());
    }
    found
}

async fn nothing_is_there(bx: &TestBox) {
    for path in ["/customers", "/product-specs", "/service-specs"] {
        assert_eq!(get(bx, path).await, json!([]), "{path}");
    }
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap_or_else(|| panic!("text, not {of}"))
}

fn count(report: &Value, what: &str, section: &str) -> u64 {
    report[what][section].as_u64().unwrap_or(0)
}

fn assert_none(report: &Value, what: &str) {
    for (section, number) in report[what].as_object().expect("sections") {
        assert_eq!(number.as_u64(), Some(0), "{what} {section}");
    }
}

async fn refusal(bx: &TestBox, doc: &str) -> String {
    match apply(&Ctx::system(bx.app()), doc.to_owned(), false).await {
        Ok(_) => panic!("taken: {doc}"),
        Err(error) => error.to_string(),
    }
}

/// The document with one member set, which need not have been there.
fn with(mut doc: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = doc
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("a parent of {pointer}"));
    parent
        .as_object_mut()
        .expect("an object")
        .insert(key.to_owned(), value);
    doc
}

// ---- what is made

#[tokio::test]
async fn a_document_is_applied_and_counted() {
    let bx = a_box().await;
    let report = bx.apply(fixture()).await;
    for (section, number) in [
        ("channels", 4),
        ("packages", 5),
        ("products", 2),
        ("resellers", 1),
        ("customers", 4),
    ] {
        assert_eq!(count(&report, "created", section), number, "{section}");
        assert_eq!(count(&report, "changed", section), 0, "{section}");
        assert_eq!(count(&report, "left", section), 0, "{section}");
    }
}

#[tokio::test]
async fn applying_twice_changes_nothing() {
    for doc in [fixture(), everything()] {
        let bx = a_box().await;
        bx.apply(doc.clone()).await;
        let lists = ["devices", "services", "orders"];
        let mut before = vec![
            get(&bx, "/customers").await,
            get(&bx, "/product-specs").await,
        ];
        for list in lists {
            before.push(json!(of_customers(&bx, list).await));
        }
        bx.advance(60).await;

        let report = bx.apply(doc.clone()).await;
        assert_none(&report, "created");
        assert_none(&report, "changed");
        for (section, elements) in doc.as_object().expect("sections") {
            let Some(elements) = elements.as_array() else {
                continue;
            };
            assert_eq!(
                count(&report, "left", section),
                elements.len() as u64,
                "{section}"
            );
        }
        let mut after = vec![
            get(&bx, "/customers").await,
            get(&bx, "/product-specs").await,
        ];
        for list in lists {
            after.push(json!(of_customers(&bx, list).await));
        }
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn what_differs_is_changed_and_the_rest_is_left() {
    let bx = applied(fixture()).await;
    let before = get(&bx, "/customers").await;
    let mut doc = fixture();
    doc["customers"][1]["status"] = json!("SUSPENDED_BY_BILLING");
    doc["customers"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"login": "new", "devices": []}));
    doc["products"][1]["name"] = json!("Standard");
    let report = bx.apply(doc).await;
    for (section, [created, changed, left]) in [
        ("customers", [1, 1, 3]),
        ("products", [0, 1, 1]),
        ("packages", [0, 0, 5]),
        ("channels", [0, 0, 4]),
    ] {
        assert_eq!(count(&report, "created", section), created, "{section}");
        assert_eq!(count(&report, "changed", section), changed, "{section}");
        assert_eq!(count(&report, "left", section), left, "{section}");
    }
    let after = get(&bx, "/customers").await;
    assert_eq!(after[1]["status"], "SUSPENDED_BY_BILLING");
    assert_eq!(after[1]["_id"], before[1]["_id"]);
    assert_eq!(after[0], before[0]);
    assert_eq!(after[4]["login"], "new");
    let products = get(&bx, "/product-specs").await;
    assert_eq!(products[1]["title"], "Standard");
}

#[tokio::test]
async fn what_is_not_in_the_document_stays() {
    let bx = applied(fixture()).await;
    for partial in [json!({}), json!({"customers": []})] {
        let report = bx.apply(partial).await;
        assert_none(&report, "created");
        assert_none(&report, "changed");
    }
    assert_eq!(of_customers(&bx, "devices").await[0].len(), 1);
}

#[tokio::test]
async fn customers_come_in_the_order_of_the_document() {
    let bx = applied(fixture()).await;
    let customers = get(&bx, "/customers").await;
    let customers = customers.as_array().expect("customers");
    assert_eq!(customers.len(), 4);
    for (customer, [login, status]) in customers.iter().zip([
        ["3210", "ACTIVE"],
        ["3211", "ACTIVE"],
        ["3", "INACTIVE"],
        ["nobox", "ACTIVE"],
    ]) {
        assert_eq!(customer["login"], login);
        assert_eq!(customer["status"], status);
        assert_eq!(customer["created"], NOW);
    }
    assert_eq!(customers[0]["firstName"], "Test");
    assert_eq!(customers[0]["lastName"], "");
}

#[tokio::test]
async fn the_contract_number_is_shown_twice() {
    let bx = applied(fixture()).await;
    let customers = get(&bx, "/customers").await;
    for (n, number) in [(0, "1553"), (1, "1553"), (2, "3")] {
        assert_eq!(customers[n]["accountNumber"], number);
        let refs = customers[n]["externalRefs"].as_array().expect("references");
        assert!(
            refs.contains(&json!({"type": "accountNumber", "id": number})),
            "{refs:?}"
        );
    }
    let refs = customers[3]["externalRefs"].as_array().expect("references");
    assert!(
        refs.iter()
            .all(|r| r["type"] != "accountNumber" || r["id"] != ""),
        "{refs:?}"
    );
}

#[tokio::test]
async fn boxes_are_devices_of_type_stb() {
    let bx = applied(fixture()).await;
    let devices = of_customers(&bx, "devices").await;
    for (n, mac) in [
        "00:1A:79:00:39:5E",
        "00:1A:79:00:15:B3",
        "00:1A:79:00:21:40",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(devices[n].len(), 1);
        assert_eq!(devices[n][0]["mac"], *mac);
        assert_eq!(devices[n][0]["type"], "STB");
        assert_eq!(devices[n][0]["status"], "ACTIVE");
    }
    assert_eq!(devices[0][0]["serial"], "123345");
    assert_eq!(devices[0][0]["model"], "MAG250");
    assert!(devices[3].is_empty());
}

#[tokio::test]
async fn products_have_included_and_optional_services() {
    let bx = applied(fixture()).await;
    let specs = get(&bx, "/service-specs").await;
    for (n, [service, content]) in [
        ["LIVE_TV", "TV"],
        ["LIVE_TV", "TV"],
        ["LIVE_TV", "TV"],
        ["VOD", "MOVIE"],
        ["APPS", "APP"],
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(specs[n]["serviceType"], *service);
        assert_eq!(specs[n]["contentType"], *content);
        assert_eq!(specs[n]["status"], "ACTIVE");
    }
    assert_eq!(specs[3]["scope"], "ALL_ITEMS");
    let products = get(&bx, "/product-specs").await;
    let id = |n: usize| specs[n]["_id"].clone();
    for (n, title, optional) in [
        (0, "Full", vec![id(1), id(2), id(3)]),
        (1, "Standart", vec![id(2)]),
    ] {
        assert_eq!(products[n]["title"], title);
        assert_eq!(products[n]["status"], "ACTTIVE");
        assert_eq!(products[n]["serviceSpecs"], json!([id(0)]));
        assert_eq!(products[n]["optionalServiceSpecs"], json!(optional));
    }
}

#[tokio::test]
async fn a_tariff_plan_is_an_order_without_offer_and_without_end() {
    let bx = applied(fixture()).await;
    let orders = of_customers(&bx, "orders").await;
    for n in [0, 2] {
        assert_eq!(orders[n].len(), 1);
        assert_eq!(orders[n][0]["status"], "ACTTIVE");
        for absent in ["offer", "expires", "nextBillingCycle"] {
            assert!(
                orders[n][0].get(absent).is_none(),
                "{absent}: {}",
                orders[n][0]
            );
        }
    }
    assert!(
        orders[1].is_empty() && orders[3].is_empty(),
        "the default plan is no order"
    );
}

#[tokio::test]
async fn a_plan_brings_its_services_and_the_chosen_optional_ones() {
    let bx = applied(fixture()).await;
    let specs = get(&bx, "/service-specs").await;
    let services = of_customers(&bx, "services").await;
    for (customer, held) in [(0, vec![0, 1]), (2, vec![0])] {
        for (n, spec) in specs.as_array().expect("specs").iter().take(5).enumerate() {
            let of_spec = |s: &&Value| s["serviceSpec"] == spec["_id"];
            let found: Vec<_> = services[customer].iter().filter(of_spec).collect();
            assert_eq!(
                found.len(),
                usize::from(held.contains(&n)),
                "{customer} {n}"
            );
            for service in found {
                assert_eq!(service["status"], "ACTIVE");
                assert_eq!(service["serviceType"], spec["serviceType"]);
                assert!(service.get("expires").is_none(), "{service}");
            }
        }
    }
}

#[tokio::test]
async fn offers_are_found_by_their_ids() {
    let bx = applied(everything()).await;
    let products = get(&bx, "/product-specs").await;
    let path = format!(
        "/product-specs/{}/offers/full-monthly",
        text(&products[0]["_id"])
    );
    let offer = get(&bx, &path).await;
    for (key, value) in [
        ("_id", json!("full-monthly")),
        ("productSpec", products[0]["_id"].clone()),
        ("title", json!("Full, monthly")),
        ("type", json!("RECURRING")),
        ("duration", json!(1)),
        ("period", json!("MONTH")),
        ("numberOfBillingCycles", json!(12)),
        ("status", json!("ACTTIVE")),
    ] {
        assert_eq!(offer[key], value, "{key}");
    }
    assert_eq!(offer["charges"][0]["currency"], "USD");
}

#[tokio::test]
async fn a_status_is_one_of_six_words_or_of_two_numbers() {
    let given = [
        (json!("ACTIVE"), "ACTIVE"),
        (json!("INACTIVE"), "INACTIVE"),
        (json!("AWAITING_AUTHORIZATION"), "AWAITING_AUTHORIZATION"),
        (json!("SUSPENDED_BY_CUSTOMER"), "SUSPENDED_BY_CUSTOMER"),
        (json!("SUSPENDED_BY_BILLING"), "SUSPENDED_BY_BILLING"),
        (json!(1), "ACTIVE"),
        (json!(0), "INACTIVE"),
    ];
    let customers: Vec<Value> = given
        .iter()
        .enumerate()
        .map(|(n, (status, _))| json!({"login": n.to_string(), "status": status, "devices": []}))
        .chain([json!({"login": "unsaid", "devices": []})])
        .collect();
    let bx = applied(json!({"customers": customers})).await;
    let shown = get(&bx, "/customers").await;
    for (n, (status, word)) in given.iter().enumerate() {
        assert_eq!(shown[n]["status"], *word, "{status}");
    }
    assert_eq!(shown[given.len()]["status"], "ACTIVE");

    let gone = json!({"customers": [{"login": "gone", "status": "DELETED", "devices": []}]});
    let bx = applied(gone).await;
    assert_eq!(get(&bx, "/customers").await, json!([]));
}

#[tokio::test]
async fn a_full_name_is_split_at_its_first_space() {
    let cases = [
        ("Test", "Test", ""),
        ("Mary Watson", "Mary", "Watson"),
        ("Мария де ла Крус", "Мария", "де ла Крус"),
    ];
    let mut customers: Vec<Value> = cases
        .iter()
        .map(|(full, ..)| json!({"full_name": full, "devices": []}))
        .collect();
    for (n, customer) in customers.iter_mut().enumerate() {
        customer["login"] = json!(format!("login{n}"));
        customer["phones"] = json!(["+1 555 0100"]);
        customer["email"] = json!(format!("c{n}@tv.example"));
    }
    customers.push(
        json!({"login": "parts", "first_name": "Mary Jane", "last_name": "Watson", "devices": []}),
    );
    let bx = applied(json!({"customers": customers})).await;
    let shown = get(&bx, "/customers").await;
    for (n, (full, first, last)) in cases.iter().enumerate() {
        assert_eq!(shown[n]["firstName"], *first, "{full}");
        assert_eq!(shown[n]["lastName"], *last, "{full}");
        assert_eq!(shown[n]["phones"], json!(["+1 555 0100"]));
        assert_eq!(shown[n]["email"], format!("c{n}@tv.example"));
    }
    assert_eq!(shown[3]["firstName"], "Mary Jane");
    assert_eq!(shown[3]["lastName"], "Watson");
}

// ---- what is refused

#[tokio::test]
async fn an_error_anywhere_takes_nothing_and_names_its_path() {
    let bx = a_box().await;
    for (pointer, value, path) in [
        ("/provider/currency", json!("ZZZ"), "provider.currency"),
        ("/provider/currency", json!(840), "provider.currency"),
        (
            "/provider/time_zone",
            json!("Mars/Base"),
            "provider.time_zone",
        ),
        ("/genres/0/title", json!(7), "genres[0].title"),
        ("/genres/0/title", json!("é".repeat(256)), "genres[0].title"),
        ("/channels/2/kind", json!("film"), "channels[2].kind"),
        ("/channels/1/number", json!("two"), "channels[1].number"),
        ("/movies/0/title", json!(null), "movies[0].title"),
        ("/packages/1/type", json!("audio"), "packages[1].type"),
        (
            "/packages/0/services",
            json!([27, 28]),
            "packages[0].services[1]",
        ),
        (
            "/packages/4/service_type",
            json!("weekly"),
            "packages[4].service_type",
        ),
        ("/packages/0/price", json!("free"), "packages[0].price"),
        (
            "/products/1/packages/1/id",
            json!(99),
            "products[1].packages[1]",
        ),
        ("/products/0/status", json!("DELETED"), "products[0].status"),
        ("/offers/0/id", json!(".."), "offers[0].id"),
        ("/offers/0/product", json!("NOPE"), "offers[0].product"),
        ("/offers/0/period", json!("WEEK"), "offers[0].period"),
        ("/offers/0/duration", json!(-1), "offers[0].duration"),
        ("/offers/0/billing", json!("LATER"), "offers[0].billing"),
        (
            "/offers/0/charges/0/amount",
            json!("9.999"),
            "offers[0].charges[0].amount",
        ),
        (
            "/offers/0/charges/0/currency",
            json!("usd."),
            "offers[0].charges[0].currency",
        ),
        (
            "/customers/1/status",
            json!("SLEEPING"),
            "customers[1].status",
        ),
        ("/customers/1/status", json!(2), "customers[1].status"),
        (
            "/customers/0/tariff_plan",
            json!("NOPE"),
            "customers[0].tariff_plan",
        ),
        (
            "/customers/0/subscribed",
            json!(["tv_2", "tv_9"]),
            "customers[0].subscribed[1]",
        ),
        (
            "/customers/0/sub_ch",
            json!([27, 28]),
            "customers[0].sub_ch[1]",
        ),
        ("/customers/0/reseller", json!(9), "customers[0].reseller"),
        (
            "/customers/2/devices/0/type",
            json!("FRIDGE"),
            "customers[2].devices[0].type",
        ),
        ("/customers/2/email", json!("nobody"), "customers[2].email"),
        (
            "/customers/3/opening_balance",
            json!("12.345"),
            "customers[3].opening_balance",
        ),
        ("/customers/3/login", json!(""), "customers[3].login"),
        ("/customers/3/devices", json!({}), "customers[3].devices"),
    ] {
        let doc = with(everything(), pointer, value.clone()).to_string();
        let error = refusal(&bx, &doc).await;
        assert!(error.contains(path), "{pointer} = {value}: {error}");
    }
    nothing_is_there(&bx).await;
    let longest = json!("é".repeat(255));
    bx.apply(with(everything(), "/genres/0/title", longest))
        .await;
}

#[tokio::test]
async fn an_unknown_key_is_named() {
    let bx = a_box().await;
    for pointer in [
        "/custommers",
        "/provider/town",
        "/channels/0/hd",
        "/packages/0/channels",
        "/products/0/packages/0/option",
        "/offers/0/charges/0/tax",
        "/customers/0/shoe_size",
        "/customers/0/devices/0/colour",
    ] {
        let doc = with(everything(), pointer, json!("x")).to_string();
        let error = refusal(&bx, &doc).await;
        let (_, key) = pointer.rsplit_once('/').expect("a pointer");
        assert!(error.contains(key), "{pointer}: {error}");
    }
    nothing_is_there(&bx).await;
}

#[tokio::test]
async fn a_document_that_is_none_is_refused() {
    let bx = a_box().await;
    for doc in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"customers\":{}}",
        "{} {}",
    ] {
        assert!(!refusal(&bx, doc).await.is_empty(), "{doc}");
    }
    let keyless =
        json!({"customers": [{"login": "1", "devices": []}, {"status": "ACTIVE", "devices": []}]})
            .to_string();
    let error = refusal(&bx, &keyless).await;
    assert!(
        error.contains("customers[1]") && error.contains("login"),
        "{error}"
    );
    nothing_is_there(&bx).await;
}

#[tokio::test]
async fn a_refused_change_leaves_what_was_there() {
    let bx = applied(fixture()).await;
    let before = get(&bx, "/customers").await;
    let doc = with(
        fixture(),
        "/customers/0/status",
        json!("SUSPENDED_BY_BILLING"),
    );
    let doc = with(doc, "/customers/3/status", json!("SLEEPING")).to_string();
    let error = refusal(&bx, &doc).await;
    assert!(error.contains("customers[3].status"), "{error}");
    assert_eq!(get(&bx, "/customers").await, before);
}

#[tokio::test]
async fn a_dry_run_tells_and_takes_nothing() {
    let bx = a_box().await;
    let text = everything().to_string();
    let report = match apply(&Ctx::system(bx.app()), text, true).await {
        Ok(report) => serde_json::to_value(&report).expect("a report"),
        Err(error) => panic!("refused: {error}"),
    };
    assert_eq!(count(&report, "created", "customers"), 4);
    assert_eq!(count(&report, "created", "products"), 2);
    nothing_is_there(&bx).await;
    // What it told is what then happens.
    assert_eq!(bx.apply(everything()).await, report);

    let bad = with(everything(), "/customers/1/status", json!("SLEEPING")).to_string();
    match apply(&Ctx::system(bx.app()), bad, true).await {
        Ok(_) => panic!("a dry run finds the errors too"),
        Err(error) => assert!(error.to_string().contains("customers[1].status"), "{error}"),
    }
}

/// A document that is applied every night gives nobody back what billing switched off.
#[tokio::test]
async fn applying_again_does_not_undo_what_was_switched_off() {
    let bx = applied(fixture()).await;
    let api = bx.api();
    let order = "/customers/000000000000000000000001/orders/000000000000000000000001";
    for status in ["INACTIVE", "CANCELED"] {
        api.put(order, json!({ "status": status }))
            .await
            .expect(200);
        bx.apply(fixture()).await;
        assert_eq!(get(&bx, order).await["status"], status);
        let orders = get(&bx, "/customers/000000000000000000000001/orders").await;
        assert_eq!(orders.as_array().map(Vec::len), Some(1), "{orders}");
    }
}

/// Edge 33: ends as other systems export them: past, none, MySQL's zero date, beyond 2038.
#[tokio::test]
async fn odd_ends_of_other_systems_are_taken() {
    let bx = a_box().await;
    let seconds = |text: &str| Timestamp::parse(text).unwrap();
    let berlin = json!({"name": "TV", "currency": "EUR", "time_zone": "Europe/Berlin"});
    for (number, (given, end)) in [
        (json!("2019-03-31"), Some(seconds("2019-03-30T23:00:00Z"))),
        (
            json!("2020-02-29 00:00:00"),
            Some(seconds("2020-02-28T23:00:00Z")),
        ),
        (json!(null), None),
        (json!(""), None),
        (json!("0000-00-00"), None),
        (json!("0000-00-00 00:00:00"), None),
        (
            json!("2038-01-19T03:14:08Z"),
            Some(seconds("2038-01-19T03:14:08Z")),
        ),
        (json!("2106-02-07"), Some(seconds("2106-02-06T23:00:00Z"))),
    ]
    .into_iter()
    .enumerate()
    {
        let login = format!("import-{number}");
        let customer = json!({"login": login, "end_date": given});
        bx.apply(json!({"provider": berlin, "customers": [customer]}))
            .await;
        let snapshot = bx.app().store.read().unwrap();
        let held: Customer = snapshot
            .get_by(Table::CustomersByLogin, login.as_bytes())
            .unwrap()
            .expect("the customer");
        assert_eq!(held.box_profile.end_at, end, "{given}");
    }
    // What is no date is refused where the box acts on it, else it is a text like any other.
    let acting = a_box()
        .set(|config| config.stalker.internal_billing = true)
        .await;
    for odd in [
        "2026-02-30",
        "31.01.2026",
        "0000-00-01",
        "2026-01-31 24:00:00",
    ] {
        let ctx = Ctx::system(acting.app());
        let document = json!({"customers": [{"login": "odd", "end_date": odd}]});
        let refused = apply(&ctx, document.to_string(), false).await;
        let refused = refused.expect_err(odd).to_string();
        assert!(refused.contains("customers[0].end_date"), "{refused}");
    }
}

#[tokio::test]
async fn programmes_have_their_place_in_the_guide() {
    let bx = a_box().await;
    let channel = json!({"id": 1, "name": "One", "number": 1, "kind": "tv"});
    let programme = |start: &str, stop: &str| {
        let day = |clock: &str| format!("2026-01-31T{clock}:00Z");
        json!({"channel": 1, "start": day(start), "stop": day(stop), "title": "News"})
    };
    let document = |programmes: Value| json!({"channels": [channel], "programmes": programmes});
    let first = document(json!([
        programme("20:00", "20:15"),
        programme("20:15", "21:00")
    ]));
    assert_eq!(bx.apply(first.clone()).await["created"]["programmes"], 2);
    assert_eq!(bx.apply(first).await["left"]["programmes"], 2);
    let shorter = document(json!([programme("20:15", "20:45")]));
    assert_eq!(bx.apply(shorter).await["changed"]["programmes"], 1);
    for (odd, told) in [
        (programme("20:10", "20:30"), "programmes[0].start"),
        (programme("22:00", "22:00"), "programmes[0].stop"),
        (programme("22:00", "x"), "programmes[0].stop"),
    ] {
        let ctx = Ctx::system(bx.app());
        let refused = apply(&ctx, document(json!([odd])).to_string(), false).await;
        let refused = refused.expect_err(told).to_string();
        assert!(refused.contains(told), "{refused}");
    }
}
