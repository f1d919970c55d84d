//! Every endpoint of the pages by every role, and by a reseller's person: a row each.

use boxoffice::app::Ctx;
use boxoffice::domain::staff::{Actor, Role};
use boxoffice::domain::values::id::{CustomerId, OperatorId};
use boxoffice::ops::customers::resellers::{self, ResellerChange};
use boxoffice::ops::desk::listing::Place;
use boxoffice::ops::desk::saving::{self, CustomerInput};
use boxoffice::ops::desk::{boxes, customer, customers, invoices, needs, orders, search, timeline};
use boxoffice::ops::staff::{NewOperator, add_operator};
use boxoffice::ops::{Handle, OpError};
use serde_json::{Value, json};

use crate::billing::Till;
use crate::console::customers::number_of;
use crate::support::PASSWORD;
use crate::support::fixture::a_till;

/// Method, path, body and the roles that may. `{customer}`, `{device}` and `{offer}` stand for ones
/// that are there. The role `api` is not for the console, and no token of it is made.
type Row = (&'static str, &'static str, Option<Value>, &'static [Role]);

const READERS: &[Role] = &[
    Role::Owner,
    Role::Manager,
    Role::Support,
    Role::Cashier,
    Role::Dealer,
    Role::Auditor,
];

const EVERYBODY: &[Role] = &[
    Role::Owner,
    Role::Manager,
    Role::Support,
    Role::Cashier,
    Role::ContentEditor,
    Role::Dealer,
    Role::Auditor,
];
const BOOKKEEPERS: &[Role] = &[Role::Owner, Role::Manager, Role::Cashier, Role::Auditor];
const MONEY_READERS: &[Role] = &[Role::Owner, Role::Manager, Role::Cashier, Role::Auditor];
const WRITERS: &[Role] = &[Role::Owner, Role::Manager, Role::Support, Role::Dealer];
const SELLERS: &[Role] = &[Role::Owner, Role::Manager, Role::Cashier, Role::Dealer];
const TELLERS: &[Role] = &[Role::Owner, Role::Manager, Role::Support];

const NO_TOKEN: &[Role] = &[];

/// A body that only looks.
fn look(mut body: Value) -> Value {
    body["preview"] = json!(true);
    body
}

fn rows() -> Vec<Row> {
    vec![
        ("GET", "search", None, READERS),
        ("GET", "customers", None, READERS),
        ("GET", "customers/{customer}", None, READERS),
        ("GET", "customers/{customer}/timeline", None, READERS),
        ("GET", "needs", None, READERS),
        ("GET", "figures", None, READERS),
        ("GET", "revenue", None, MONEY_READERS),
        ("GET", "offers", None, EVERYBODY),
        ("GET", "orders", None, READERS),
        ("GET", "orders.csv", None, READERS),
        ("GET", "orders/figures", None, READERS),
        ("GET", "invoices", None, BOOKKEEPERS),
        ("GET", "invoices.csv", None, BOOKKEEPERS),
        ("GET", "invoices/figures", None, BOOKKEEPERS),
        (
            "POST",
            "customers",
            Some(look(json!({"name": "A"}))),
            WRITERS,
        ),
        (
            "PUT",
            "customers/{customer}",
            Some(look(json!({"note": "x"}))),
            WRITERS,
        ),
        (
            "DELETE",
            "customers/{customer}",
            Some(look(json!({}))),
            WRITERS,
        ),
        // Of people who are signed in: a token is none, whatever its role.
        ("GET", "me", None, NO_TOKEN),
        ("PUT", "me/password", Some(json!({})), NO_TOKEN),
        ("POST", "me/second-factor", Some(json!({})), NO_TOKEN),
        ("PUT", "me/second-factor", Some(json!({})), NO_TOKEN),
        ("DELETE", "me/second-factor", Some(json!({})), NO_TOKEN),
        ("POST", "me/recovery-codes", Some(json!({})), NO_TOKEN),
        ("GET", "sessions", None, NO_TOKEN),
        ("DELETE", "sessions", Some(json!({})), NO_TOKEN),
        ("DELETE", "sessions/{session}", Some(json!({})), NO_TOKEN),
        (
            "POST",
            "customers/{customer}/orders",
            Some(look(json!({"offer": "{offer}"}))),
            SELLERS,
        ),
        (
            "POST",
            "customers/{customer}/boxes",
            Some(look(json!({"mac": "00:1A:79:00:00:99"}))),
            WRITERS,
        ),
        (
            "DELETE",
            "customers/{customer}/boxes/{device}",
            Some(look(json!({}))),
            WRITERS,
        ),
        (
            "POST",
            "customers/{customer}/boxes/commands",
            Some(look(json!({"command": "reboot"}))),
            TELLERS,
        ),
        (
            "POST",
            "customers/{customer}/boxes/{device}/commands",
            Some(look(json!({"command": "reboot"}))),
            TELLERS,
        ),
    ]
}

/// The paths of the document, as the table has them.
async fn documented(till: &Till) -> Vec<String> {
    let path = till.shop.bx.url("/docs/console.json");
    let document = till.shop.api.get(path).await.expect(200);
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let path = path.strip_prefix("/console/api/").expect("a path of it");
        let path = path.replace("{id}", "{customer}");
        for method in operations.as_object().expect("operations").keys() {
            found.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn every_endpoint_asks_for_the_right_of_its_role() {
    let till = a_till().await;
    let bx = &till.shop.bx;
    let customer = number_of(&till.shop.customer).to_string();
    let mut listed: Vec<String> = rows()
        .iter()
        .map(|(method, path, ..)| format!("{method} {path}"))
        .collect();
    listed.sort();
    listed.dedup();
    assert_eq!(listed, documented(&till).await, "a row for every endpoint");
    let device = json!({"type": "STB", "mac": "00:1A:79:00:00:01"});
    let made = till
        .shop
        .api
        .post(till.shop.of_customer("devices"), device)
        .await;
    let list = till
        .shop
        .api
        .get(till.of_customer("boxes"))
        .await
        .expect(200);
    assert_eq!(made.status, 201);
    let device = list["boxes"][0]["id"].to_string();
    let filled = |text: &str| {
        let text = text
            .replace("{customer}", &customer)
            .replace("{device}", &device);
        text.replace("{offer}", &till.shop.offer)
    };
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Api) {
        let client = bx.with_header(&format!("JWT {}", bx.token(role.name()).await));
        for (method, path, body, may) in rows() {
            let path = till.console(&filled(path));
            let body = body.map(|body| filled(&body.to_string()).into_bytes());
            let answer = client.send(method, path.clone(), body, &[]).await;
            if may.contains(&role) {
                assert!(answer.status < 400, "{role:?} {path}: {}", answer.told());
            } else {
                assert_eq!(answer.status, 403, "{role:?} {path}: {}", answer.told());
            }
        }
    }
    for (method, path, body, _) in rows() {
        let path = till.console(&filled(path));
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = bx.anonymous().send(method, path.clone(), body, &[]).await;
        assert_eq!(answer.status, 401, "{path}");
    }
}

/// A reseller's person does not get into the console; and what the pages ask shows them theirs
/// only.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "each answer in turn, of one house")]
async fn a_resellers_person_sees_nobody_elses() {
    let till = a_till().await;
    let bx = &till.shop.bx;
    let ctx = Ctx::system(bx.app());
    let made = resellers::create(
        &ctx,
        ResellerChange {
            name: Some("North".to_owned()),
            ..ResellerChange::default()
        },
    );
    let reseller = made.await.expect("a reseller").id;
    let input = NewOperator {
        name: "nora".to_owned(),
        role: Role::Api,
        reseller: Some(reseller),
        email: None,
        password: PASSWORD.to_owned(),
    };
    add_operator(&ctx, input).await.expect("a member of staff");
    let body = json!({"name": "nora", "password": PASSWORD});
    let session = bx.url("/console/api/session");
    assert_eq!(bx.anonymous().post(session, body).await.status, 403);

    let nora = Ctx {
        actor: Actor::Operator {
            id: OperatorId(9),
            name: "nora".to_owned(),
            role: Role::Manager,
            reseller: Some(reseller),
        },
        ..ctx.clone()
    };
    let own = CustomerInput {
        name: Some("Mia Own".to_owned()),
        ..CustomerInput::default()
    };
    let own = saving::create(&nora, own, None).await.expect("a customer");
    let foreign = number_of(&till.shop.customer);
    let handle = |id: u64| Handle {
        text: id.to_string(),
        number: Some(CustomerId(id)),
    };
    assert_eq!(
        customer::page(&nora, &handle(own.id.0))
            .expect("theirs")
            .customer
            .id,
        own.id
    );
    let is_missing = |refused: OpError| assert!(matches!(refused, OpError::Missing { .. }));
    is_missing(customer::page(&nora, &handle(foreign)).expect_err("somebody else's"));
    let place = timeline::Place::new();
    is_missing(timeline::page(&nora, &handle(foreign), &place, 9).expect_err("somebody else's"));
    let input = CustomerInput {
        note: Some("x".to_owned()),
        ..CustomerInput::default()
    };
    let changed = saving::update(&nora, handle(foreign), input, None, None).await;
    is_missing(changed.expect_err("somebody else's"));
    let told = boxes::command(
        &nora,
        handle(foreign),
        None,
        boxes::BoxCommand::Reboot,
        None,
    )
    .await;
    is_missing(told.expect_err("somebody else's"));
    let wanted = customers::Filter::default();
    let page = customers::page(&nora, &wanted, &Place::First, 9).expect("theirs");
    let listed: Vec<CustomerId> = page.rows.iter().map(|row| row.customer.id).collect();
    assert_eq!((listed, page.count), (vec![own.id], 1));
    // What no index has theirs of is not theirs.
    let orders = orders::page(&nora, &orders::Filter::default(), &Place::First, 9);
    assert!(matches!(orders, Err(OpError::Denied(_))));
    let invoices = invoices::page(&nora, &invoices::Filter::default(), &Place::First, 9);
    assert!(matches!(invoices, Err(OpError::Denied(_))));
    let found = search::search(&nora, "mia", 9)
        .expect("theirs")
        .customers
        .hits;
    assert_eq!(found.iter().map(|of| of.id).collect::<Vec<_>>(), [own.id]);
    let name = json!({"firstName": "Miriam"});
    till.shop
        .api
        .put(format!("/customers/{}", till.shop.customer), name)
        .await
        .expect(200);
    assert_eq!(
        search::search(&nora, "miriam", 9)
            .expect("none")
            .customers
            .hits
            .len(),
        0
    );
    assert_eq!(
        search::search(&ctx, "miriam", 9)
            .expect("one")
            .customers
            .hits
            .len(),
        1
    );
    let figures = needs::figures(&nora).expect("theirs");
    assert_eq!(figures.customers, [(None, 1)]);
    // For everybody else they are a filter.
    let list = till.console(&format!("customers?reseller={}", reseller.0));
    let list = till.shop.api.get(list).await.expect(200);
    assert_eq!(
        (&list["count"], &list["customers"][0]["id"]),
        (&json!(1), &json!(own.id.0))
    );
    let both = till.console("customers?reseller=1&status=ACTIVE");
    assert_eq!(till.shop.api.get(both).await.expect(400)["field"], "status");
}

/// Who may not read money is shown none.
#[tokio::test]
async fn money_is_for_those_who_may_read_it() {
    let till = a_till().await;
    till.pay("10").await;
    till.order().await;
    till.days(31).await;
    let bx = &till.shop.bx;
    for (role, sees) in [("support", false), ("dealer", false), ("cashier", true)] {
        let client = bx.with_header(&format!("JWT {}", bx.token(role).await));
        let path = till.console(&format!("customers/{}", till.shop.customer));
        let page = client.get(path).await.expect(200);
        assert_eq!(page.get("balance").is_some(), sees, "{role}");
        assert_eq!(page.get("owed").is_some(), sees, "{role}");
        let opens = &page["watching"]["opens"][0];
        assert_eq!(opens["code"], "PAY", "{role}");
        assert_eq!(opens["values"].get("amount").is_some(), sees, "{role}");
        let list = client.get(till.console("customers")).await.expect(200);
        assert_eq!(
            list["customers"][0].get("balance").is_some(),
            sees,
            "{role}"
        );
    }
}
