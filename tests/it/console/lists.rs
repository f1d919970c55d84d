//! Orders and invoices in lists: what a filter counts is what it shows, on every page and in the
//! file, and what the records say.

use boxoffice::domain::billing::invoice::{Invoice, InvoiceKind, OpenInvoice};
use boxoffice::domain::billing::order::Order;
use boxoffice::domain::billing::standing::StandingKind;
use boxoffice::domain::catalogue::kinds::OrderStatus;
use boxoffice::store::Read as _;
use serde_json::{Value, json};

use crate::billing::{Till, monthly};
use crate::support::fixture::{a_box, a_till_selling};
use crate::support::{Answer, Client};

/// All rows of a list, page by page, and back again.
pub async fn walked(api: &Client, list: &str, member: &str) -> Vec<Value> {
    let join = if list.contains('?') { '&' } else { '?' };
    let list = format!("{list}{join}limit=2");
    let (mut rows, mut pages, mut next) = (Vec::new(), Vec::<Value>::new(), list.clone());
    loop {
        let page = api.get(&next).await.expect(200);
        rows.extend(page[member].as_array().expect("rows").clone());
        let cursor = page["next"].as_str().map(str::to_owned);
        pages.push(page);
        let Some(cursor) = cursor else { break };
        next = format!("{list}&cursor={cursor}");
    }
    for at in (1..pages.len()).rev() {
        let cursor = pages[at]["previous"].as_str().expect("one before");
        let back = api.get(format!("{list}&cursor={cursor}")).await.expect(200);
        assert_eq!(back[member], pages[at - 1][member], "{list}");
        assert_eq!(back["count"], pages[at]["count"], "{list}");
    }
    assert_eq!(pages[0]["previous"], Value::Null, "{list}");
    assert_eq!(pages[0]["count"], rows.len(), "{list}");
    rows
}

pub fn numbers(rows: &[Value], member: &str) -> Vec<u64> {
    let number = |row: &Value| row[member].as_u64().expect("a number");
    rows.iter().map(number).collect()
}

/// The rows of a file, without its head.
pub fn lines(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.told());
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
    answer.text.lines().skip(1).map(str::to_owned).collect()
}

/// A customer with this name, and an order of theirs.
async fn sold(till: &Till, name: &str, offer: &str) -> (u64, u64) {
    let api = &till.shop.api;
    let body = json!({"name": name});
    let customer = api.post(till.console("customers"), body).await.expect(201);
    let customer = customer["id"].as_u64().expect("an id");
    let orders = till.console(&format!("customers/{customer}/orders"));
    let order = api.post(orders, json!({"offer": offer})).await.expect(201);
    (customer, order["id"].as_u64().expect("an id"))
}

async fn told(till: &Till, path: &str, body: Value, status: u16) {
    let api = &till.shop.api;
    api.post(till.console(path), body).await.expect(status);
}

/// Orders and invoices of every kind, over forty days.
async fn a_history() -> Till {
    let postpaid = json!({"billing": "POSTPAID", "dunning": {"grace_days": 10}});
    let till = a_till_selling(postpaid).await;
    let offer = till.shop.offer.clone();
    let (paid, _) = sold(&till, "Ann Paid", &offer).await;
    sold(&till, "=1+1", &offer).await;
    let money = json!({"amount": "10", "method": "cash"});
    let (pauses, order) = sold(&till, "Cleo Pauses", &offer).await;
    told(&till, &format!("customers/{pauses}/payments"), money, 201).await;
    let pause = format!("customers/{pauses}/orders/{order}/pause");
    told(&till, &pause, json!({}), 200).await;
    sold(&till, "Dora Void", &offer).await;
    told(
        &till,
        "invoices/4/void",
        json!({"reason": "a mistake"}),
        201,
    )
    .await;
    let money = json!({"amount": "25", "method": "cash"});
    told(&till, &format!("customers/{paid}/payments"), money, 201).await;
    till.days(20).await;
    let prepaid = monthly(&till.shop, json!({"title": "Prepaid"})).await;
    sold(&till, "Emil", &offer).await;
    sold(&till, "Fay", &prepaid).await;
    let (ends, ended) = sold(&till, "Gus Ends", &offer).await;
    told(
        &till,
        &format!("customers/{ends}/orders/{ended}/end"),
        json!({"credit": true}),
        200,
    )
    .await;
    till.days(20).await;
    sold(&till, "Hal", &offer).await;
    till.days(1).await;
    sold(&till, "Ida", &offer).await;
    till
}

fn all<R: boxoffice::store::Record>(till: &Till) -> Vec<R> {
    let read = till.shop.bx.app().store.read().expect("a snapshot");
    let mut all: Vec<R> = read.all().expect("records");
    all.reverse();
    all
}

#[tokio::test]
async fn orders_are_counted_as_they_are_listed() {
    let till = a_history().await;
    let api = &till.shop.api;
    let orders: Vec<Order> = all(&till);
    let ids = |fits: &dyn Fn(&Order) -> bool| -> Vec<u64> {
        let fitting = orders.iter().filter(|order| fits(order));
        fitting.map(|order| order.id.0).collect()
    };
    let is = |status: OrderStatus| move |order: &Order| order.status == status;
    let stands =
        |kind: StandingKind| move |order: &Order| StandingKind::from(order.standing) == kind;
    let plan = orders[0].product;
    let product = plan.0;
    let customer = orders[0].customer;
    for (query, wanted) in [
        (
            String::new(),
            ids(&|order| order.status != OrderStatus::Deleted),
        ),
        ("?status=ACTIVE".to_owned(), ids(&is(OrderStatus::Active))),
        ("?status=EXPIRED".to_owned(), ids(&is(OrderStatus::Expired))),
        ("?status=DELETED".to_owned(), ids(&is(OrderStatus::Deleted))),
        (
            "?standing=FROZEN".to_owned(),
            ids(&stands(StandingKind::Frozen)),
        ),
        (
            "?standing=PAUSED".to_owned(),
            ids(&stands(StandingKind::Paused)),
        ),
        (
            "?status=ACTIVE,INACTIVE&standing=SETTLED&standing=FROZEN".to_owned(),
            ids(&|order| {
                let alive = matches!(order.status, OrderStatus::Active | OrderStatus::Inactive);
                alive
                    && (stands(StandingKind::Settled)(order) || stands(StandingKind::Frozen)(order))
            }),
        ),
        (
            format!("?plan={product}"),
            ids(&|order| order.product == plan),
        ),
        (
            format!("?plan={product}&status=ACTIVE"),
            ids(&|order| order.product == plan && order.status == OrderStatus::Active),
        ),
        ("?plan=999".to_owned(), Vec::new()),
        (
            format!("?customer={}", customer.0),
            ids(&|order| order.customer == customer),
        ),
    ] {
        let rows = walked(api, &till.console(&format!("orders{query}")), "orders").await;
        assert_eq!(numbers(&rows, "id"), wanted, "{query}");
        let file = lines(&api.get(till.console(&format!("orders.csv{query}"))).await);
        let listed: Vec<&str> = file
            .iter()
            .filter_map(|line| line.split(',').next())
            .collect();
        let wanted: Vec<String> = wanted.iter().map(u64::to_string).collect();
        assert_eq!(listed, wanted, "{query}");
    }
    assert!(ids(&stands(StandingKind::Frozen)).len() > 1, "{orders:?}");

    let figures = api.get(till.console("orders/figures")).await.expect(200);
    for (group, member) in [("statuses", "status"), ("standings", "standing")] {
        let counts = figures[group].as_object().expect("counts");
        assert!(counts.len() > 1, "{figures}");
        for (word, count) in counts {
            let list = till.console(&format!("orders?{member}={word}"));
            assert_eq!(api.get(list).await.expect(200)["count"], *count, "{word}");
        }
    }
    assert_eq!(figures["plans"][0]["id"], product);
    till.prove();
}

#[tokio::test]
async fn an_order_says_what_is_due_of_it_and_when() {
    let till = a_history().await;
    let api = &till.shop.api;
    let mut due: Vec<(String, u64)> = Vec::new();
    let all = walked(api, &till.console("orders"), "orders").await;
    for row in &all {
        if let Some(at) = row["next"]["at"].as_str() {
            due.push((at.to_owned(), row["id"].as_u64().expect("an id")));
        }
    }
    due.sort();
    assert!(due.len() > 2, "{due:?}");
    let ids = |of: &[(String, u64)]| -> Vec<u64> { of.iter().map(|(_, id)| *id).collect() };
    let rows = walked(api, &till.console("orders?due_since=2020-01-01"), "orders").await;
    assert_eq!(numbers(&rows, "id"), ids(&due));
    // Whole days, both ends included.
    let day = due[1].0[..10].to_owned();
    let of_day: Vec<_> = due
        .iter()
        .filter(|(at, _)| at[..10] == day)
        .cloned()
        .collect();
    let list = till.console(&format!("orders?due_since={day}&due_until={day}"));
    assert_eq!(
        numbers(&walked(api, &list, "orders").await, "id"),
        ids(&of_day)
    );
    let later: Vec<_> = due
        .iter()
        .filter(|(at, _)| at[..10] > *day)
        .cloned()
        .collect();
    let before = due.len() - of_day.len() - later.len();
    let list = till.console(&format!("orders?due_until={day}"));
    let until = numbers(&walked(api, &list, "orders").await, "id");
    assert_eq!(until.len(), before + of_day.len());
    let row = all
        .iter()
        .find(|row| row["name"] == "Ann Paid")
        .expect("a row");
    assert_eq!(
        (
            &row["plan"],
            &row["price"],
            &row["currency"],
            &row["next"]["what"]
        ),
        (
            &json!("Monthly"),
            &json!("10.00"),
            &json!("USD"),
            &json!("RENEWAL")
        )
    );
    assert_eq!(row["next"]["at"], row["expires"]);
    // Nobody's name is a formula.
    let file = lines(&api.get(till.console("orders.csv")).await);
    let named: Vec<&String> = file.iter().filter(|line| line.contains("=1+1")).collect();
    assert!(named.len() == 1 && named[0].contains(",'=1+1,"), "{file:?}");
}

#[tokio::test]
async fn invoices_are_counted_as_they_are_listed() {
    let till = a_history().await;
    let api = &till.shop.api;
    let invoices: Vec<Invoice> = all(&till);
    let open: Vec<OpenInvoice> = all(&till);
    let zone = till.shop.bx.app().company().zone.clone();
    let now = boxoffice::app::Ctx::system(till.shop.bx.app()).now;
    let is_note = |invoice: &Invoice| invoice.kind != InvoiceKind::Invoice;
    let is_open = |invoice: &Invoice| open.iter().any(|open| open.id == invoice.id);
    let ids = |fits: &dyn Fn(&Invoice) -> bool| -> Vec<u64> {
        let fitting = invoices.iter().filter(|invoice| fits(invoice));
        fitting.map(|invoice| invoice.id.0).collect()
    };
    let mut overdue: Vec<&OpenInvoice> = open.iter().collect();
    overdue.retain(|open| open.is_overdue(&zone, now));
    overdue.sort_by_key(|open| (open.due_at, open.id));
    let overdue: Vec<u64> = overdue.iter().map(|open| open.id.0).collect();
    assert!(
        !overdue.is_empty() && overdue.len() < open.len(),
        "{open:?}"
    );
    let day = zone.date(invoices[0].issued_at).to_string();
    let of_day = |invoice: &Invoice| zone.date(invoice.issued_at).to_string() == day;
    let customer = invoices[0].customer;
    for (query, wanted) in [
        (String::new(), ids(&|_| true)),
        ("?status=OPEN".to_owned(), ids(&is_open)),
        ("?status=OVERDUE".to_owned(), overdue),
        ("?status=CREDIT_NOTE".to_owned(), ids(&is_note)),
        (
            "?status=SETTLED".to_owned(),
            ids(&|of| !is_note(of) && !is_open(of)),
        ),
        (
            format!("?issued_since={day}"),
            ids(&|of| zone.date(of.issued_at).to_string() >= day),
        ),
        (
            format!("?issued_since={day}&issued_until={day}"),
            ids(&of_day),
        ),
        (
            format!("?customer={}", customer.0),
            ids(&|of| of.customer == customer),
        ),
    ] {
        let list = till.console(&format!("invoices{query}"));
        let rows = walked(api, &list, "invoices").await;
        let listed = numbers(&rows, "number");
        assert_eq!(listed, wanted, "{query}");
        let file = lines(&api.get(till.console(&format!("invoices.csv{query}"))).await);
        assert_eq!(file.len(), wanted.len(), "{query}");
        for (line, row) in file.iter().zip(&rows) {
            let start = format!(
                "{},{},",
                row["printed_number"].as_str().unwrap(),
                row["state"].as_str().unwrap()
            );
            assert!(line.starts_with(&start), "{line}");
        }
    }
    let state = |wanted: u64| {
        let list = till.console("invoices");
        async move {
            let rows = walked(api, &list, "invoices").await;
            let row = rows.into_iter().find(|row| row["number"] == wanted);
            row.expect("a row")
        }
    };
    assert_eq!(state(1).await["state"], "PAID");
    let void = state(4).await;
    assert_eq!(
        (&void["state"], &void["open"]),
        (&json!("VOID"), &json!("0.00"))
    );
    let note = state(5).await;
    assert_eq!(
        (&note["state"], &note["of"]),
        (&json!("CREDIT_NOTE"), &json!(4))
    );
    assert_eq!(
        (&note["total"], &note["currency"]),
        (&json!("-10.00"), &json!("USD"))
    );

    let figures = api.get(till.console("invoices/figures")).await.expect(200);
    for (member, query) in [
        ("all", ""),
        ("open", "?status=OPEN"),
        ("overdue", "?status=OVERDUE"),
        ("settled", "?status=SETTLED"),
        ("credit_notes", "?status=CREDIT_NOTE"),
    ] {
        let list = till.console(&format!("invoices{query}"));
        let count = api.get(list).await.expect(200)["count"].clone();
        assert_eq!(figures[member], count, "{member}");
        assert_ne!(count, 0, "{member}");
    }
    till.prove();
}

#[tokio::test]
async fn a_new_box_has_lists_too() {
    let bx = a_box().await;
    let api = bx.api();
    for (list, member) in [
        ("orders", "orders"),
        ("orders?due_since=2026-01-01", "orders"),
        ("invoices", "invoices"),
        ("invoices?status=OPEN", "invoices"),
        ("invoices?status=OVERDUE", "invoices"),
        ("invoices?status=SETTLED", "invoices"),
        ("invoices?issued_until=2026-01-01", "invoices"),
    ] {
        let path = bx.url(&format!("/console/api/{list}"));
        let rows = walked(&api, &path, member).await;
        assert!(rows.is_empty(), "{list}");
    }
    for file in ["orders.csv", "invoices.csv"] {
        let path = bx.url(&format!("/console/api/{file}"));
        assert!(lines(&api.get(path).await).is_empty(), "{file}");
    }
}

#[tokio::test]
async fn a_filter_that_does_not_fit_is_refused_by_its_name() {
    let bx = a_box().await;
    let api = bx.api();
    for (list, field) in [
        ("orders?status=HAPPY", "status"),
        ("orders?status=", "status"),
        ("orders?standing=x", "standing"),
        ("orders?plan=x", "plan"),
        ("orders?plan=0", "plan"),
        ("orders?due_since=tomorrow", "due_since"),
        ("orders?due_since=2026-01-01T00:00:00Z", "due_since"),
        ("orders?due_until=2026-02-30", "due_until"),
        (
            "orders?due_since=2026-02-02&due_until=2026-02-01",
            "due_until",
        ),
        ("orders?due_since=2026-02-02&plan=1", "due_since"),
        ("orders?customer=1&status=ACTIVE", "customer"),
        ("orders?cursor=x", "cursor"),
        ("orders?cursor=a00", "cursor"),
        (
            "orders?cursor=a0000000000000001&due_since=2026-01-01",
            "cursor",
        ),
        ("orders?limit=201", "limit"),
        ("orders?sort=x", "sort"),
        ("orders.csv?limit=1", "limit"),
        ("orders.csv?status=HAPPY", "status"),
        ("invoices?status=PAID", "status"),
        ("invoices?status=OPEN&status=OVERDUE", "status"),
        (
            "invoices?status=OPEN&issued_since=2026-01-01",
            "issued_since",
        ),
        ("invoices?customer=1&status=OPEN", "customer"),
        ("invoices?issued_since=1", "issued_since"),
        ("invoices?cursor=b", "cursor"),
        ("invoices.csv?cursor=first", "cursor"),
    ] {
        let answer = api.get(bx.url(&format!("/console/api/{list}"))).await;
        let problem = answer.expect(400);
        assert_eq!(problem["field"], field, "{list}: {problem}");
    }
    for list in [
        "orders?customer=9",
        "invoices?customer=9",
        "orders.csv?customer=9",
    ] {
        let answer = api.get(bx.url(&format!("/console/api/{list}"))).await;
        assert_eq!(answer.status, 404, "{list}");
    }
    // The first and the last days there are end nowhere.
    for list in [
        "orders?due_until=9999-12-31",
        "invoices?issued_since=0001-01-01",
    ] {
        let answer = api.get(bx.url(&format!("/console/api/{list}"))).await;
        assert_eq!(answer.expect(200)["count"], 0, "{list}");
    }
}

/// Whoever was on a page that is empty by now finds the way back.
#[tokio::test]
async fn a_page_that_emptied_leads_back() {
    let till = a_history().await;
    let api = &till.shop.api;
    let path = till.console("invoices?status=OPEN&limit=200");
    let page = api.get(&path).await.expect(200);
    let open = numbers(page["invoices"].as_array().expect("rows"), "number");
    let last = open.last().expect("an open one");
    let behind = api
        .get(format!("{path}&cursor=a{last:016x}"))
        .await
        .expect(200);
    assert_eq!(
        (&behind["invoices"], &behind["next"]),
        (&json!([]), &Value::Null)
    );
    let back = format!(
        "{path}&cursor={}",
        behind["previous"].as_str().expect("a way back")
    );
    assert_eq!(
        api.get(back).await.expect(200)["invoices"],
        page["invoices"]
    );
    let first = open.first().expect("an open one");
    let before = api
        .get(format!("{path}&cursor=b{first:016x}"))
        .await
        .expect(200);
    assert_eq!(
        (&before["invoices"], &before["previous"]),
        (&json!([]), &Value::Null)
    );
    let on = format!(
        "{path}&cursor={}",
        before["next"].as_str().expect("a way on")
    );
    assert_eq!(api.get(on).await.expect(200)["invoices"], page["invoices"]);
}
