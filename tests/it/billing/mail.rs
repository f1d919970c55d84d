//! Invoices and reminders by mail: noted with their cause, sent once, tried again, given up.

use serde_json::{Value, json};

use super::{DAY, Till};
use crate::alphaott::given;
use crate::support::fixture::{a_till, a_till_selling};
use crate::support::post::{Post, Turn};

/// A till whose customer has an e-mail address, before a mail server.
async fn open(post: &Post, offer: Value) -> Till {
    let till = a_till_selling(offer)
        .set(|config| {
            config.smtp.url = (&post.url).into();
            "billing@tv.example".clone_into(&mut config.smtp.from);
        })
        .await;
    let path = format!("/customers/{}", till.shop.customer);
    let name = json!({"email": "olive@queen.example", "firstName": "Ölive", "lastName": "Queen"});
    till.shop.api.put(path, name).await.expect(200);
    till
}

impl Till {
    /// Messages oldest first, such as `INVOICE 1 SENT 1`.
    async fn messages(&self) -> Vec<String> {
        let messages = self
            .shop
            .api
            .get(self.console("messages"))
            .await
            .expect(200);
        let number = |of: &Value| of["invoice"].as_u64().or(of["order"].as_u64()).unwrap();
        let line = |of: &Value| {
            let words = [&of["about"], &of["state"]].map(|word| word.as_str().unwrap().to_owned());
            format!(
                "{} {} {} {}",
                words[0],
                number(of),
                words[1],
                of["attempts"]
            )
        };
        given::list(messages).iter().rev().map(line).collect()
    }
}

/// The value of a header, unfolded.
fn header<'m>(mail: &'m str, name: &str) -> &'m str {
    let line = mail
        .lines()
        .find(|line| line.starts_with(&format!("{name}: ")));
    line.and_then(|line| line.split_once(": "))
        .map_or("", |(_, value)| value)
}

#[tokio::test]
async fn an_invoice_is_mailed_with_its_paper() {
    let post = Post::open().await;
    let till = open(&post, json!({})).await;
    till.pay("10").await;
    till.order().await;
    // The clock's next step waits for what is to be sent.
    till.days(0).await;
    let mails = post.collect();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(header(mail, "To"), "olive@queen.example");
    assert_eq!(header(mail, "From"), "Boxoffice <billing@tv.example>");
    assert_eq!(header(mail, "Subject"), "Invoice 1 from Boxoffice");
    assert_eq!(header(mail, "Date"), "Sat, 31 Jan 2026 10:00:00 +0000");
    assert_eq!(header(mail, "Message-ID"), "<invoice-1-1@tv.example>");
    assert!(
        mail.contains("invoice-1.pdf") && mail.contains("application/pdf"),
        "{mail}"
    );
    assert!(mail.contains("It is paid."), "{mail}");
    assert_eq!(till.messages().await, ["INVOICE 1 SENT 1"]);
    // And never again.
    till.days(1).await;
    assert!(post.collect().is_empty());
}

#[tokio::test]
async fn a_credit_note_and_a_debt_are_said_as_such() {
    let post = Post::open().await;
    let till = open(&post, json!({"billing": "POSTPAID"})).await;
    let order = till.order().await;
    till.days(0).await;
    let mails = post.collect();
    assert!(mails[0].contains("are not paid yet."), "{}", mails[0]);
    till.act(&order, "end", json!({"credit": true}))
        .await
        .expect(200);
    till.days(0).await;
    let mails = post.collect();
    assert_eq!(header(&mails[0], "Subject"), "Credit note 2 from Boxoffice");
    assert!(mails[0].contains("It corrects invoice 1"), "{}", mails[0]);
}

/// Who has to pay again is asked for what went back, and not for the next cycle.
#[tokio::test]
async fn money_that_went_back_is_what_a_reminder_asks_for() {
    let post = Post::open().await;
    let ladder = json!({"dunning": {"grace_days": 10, "reminder_days": [2]}});
    let till = open(&post, ladder).await;
    let payment = till.pay("10").await;
    till.order().await;
    let body = json!({"amount": "4", "as": "RETURNED"});
    till.refund(&payment, body).await.expect(201);
    till.days(1).await;
    post.collect();
    till.days(1).await;
    let mails = post.collect();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("4.00"), "{}", mails[0]);
    assert!(!mails[0].contains("14.00"), "{}", mails[0]);
}

/// What was owed before the first bill is asked for after a week.
#[tokio::test]
async fn a_debt_that_was_brought_along_is_asked_for() {
    let post = Post::open().await;
    let till = open(&post, json!({})).await;
    let customer = format!("/customers/{}", till.shop.customer);
    let login = json!({"login": "brought"});
    till.shop.api.put(customer, login).await.expect(200);
    let bring = json!({"customers": [{"login": "brought", "opening_balance": "-20.00"}]});
    till.shop.bx.apply(bring).await;
    till.days(6).await;
    assert!(post.collect().is_empty());
    till.days(1).await;
    let mails = post.collect();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("What you owed before"), "{}", mails[0]);
    assert!(mails[0].contains("20.00"), "{}", mails[0]);
    till.days(20).await;
    assert!(post.collect().is_empty(), "once");
}

#[tokio::test]
async fn who_owes_is_reminded_and_who_paid_is_not() {
    let post = Post::open().await;
    let ladder = json!({"dunning": {"grace_days": 10, "reminder_days": [2, 5]}});
    let till = open(&post, ladder).await;
    till.pay("10").await;
    till.order().await;
    till.days(28).await;
    post.collect();
    till.days(2).await;
    let mails = post.collect();
    assert_eq!(mails.len(), 1);
    assert!(
        header(&mails[0], "Subject").starts_with("Please pay: "),
        "{}",
        mails[0]
    );
    assert!(mails[0].contains("2026-03-10"), "{}", mails[0]);
    assert_eq!(
        till.messages().await,
        ["INVOICE 1 SENT 1", "REMINDER 1 SENT 1"]
    );
    // The second reminder does not get through at first; then the money is there.
    post.next(&[Turn::Recipient("450 later")]);
    till.days(3).await;
    assert_eq!(till.messages().await[2], "REMINDER 1 WAITING 1");
    till.pay("10").await;
    till.days(1).await;
    assert_eq!(
        till.messages().await[2..],
        ["REMINDER 1 DROPPED 2", "INVOICE 2 SENT 1"]
    );
    assert_eq!(post.collect().len(), 1);
}

#[tokio::test]
async fn without_an_address_or_a_server_nothing_is_noted() {
    let post = Post::open().await;
    let till = open(&post, json!({})).await;
    let path = format!("/customers/{}", till.shop.customer);
    till.shop
        .api
        .put(path, json!({"email": null}))
        .await
        .expect(200);
    till.order().await;
    till.days(0).await;
    assert!(till.messages().await.is_empty());
    let till = a_till().await;
    till.order().await;
    assert!(till.messages().await.is_empty());
}

#[tokio::test]
async fn what_a_server_refuses_is_dead_until_somebody_revives_it() {
    let post = Post::open().await;
    let till = open(&post, json!({})).await;
    post.next(&[Turn::Recipient("550 no such user here")]);
    till.order().await;
    till.days(0).await;
    assert_eq!(till.messages().await, ["INVOICE 1 DEAD 1"]);
    let dead = till
        .shop
        .api
        .get(till.console("messages?state=DEAD"))
        .await
        .expect(200);
    let problem = dead[0]["problem"].as_str().unwrap();
    assert!(problem.contains("no such user"), "{problem}");
    till.days(5).await;
    assert!(post.collect().is_empty());
    let retry = till.console("messages/1/retry");
    assert_eq!(
        till.shop.api.post(&retry, json!({})).await.expect(200)["state"],
        "WAITING"
    );
    till.days(0).await;
    assert_eq!(till.messages().await, ["INVOICE 1 SENT 2"]);
    assert_eq!(post.collect().len(), 1);
    assert_eq!(till.shop.api.post(&retry, json!({})).await.status, 409);
    let unknown = till.console("messages/77/retry");
    assert_eq!(till.shop.api.post(&unknown, json!({})).await.status, 404);
    let odd = till.console("messages?state=sent");
    assert_eq!(till.shop.api.get(&odd).await.status, 400);
}

#[tokio::test]
async fn a_server_that_is_busy_is_tried_for_three_days() {
    let post = Post::open().await;
    let till = open(&post, json!({})).await;
    post.next(&[Turn::Data("451 try again later"); 60]);
    till.order().await;
    till.days(0).await;
    assert_eq!(till.messages().await, ["INVOICE 1 WAITING 1"]);
    till.shop.bx.advance(60).await;
    assert_eq!(till.messages().await, ["INVOICE 1 WAITING 2"]);
    till.shop.bx.advance(299).await;
    assert_eq!(till.messages().await, ["INVOICE 1 WAITING 2"]);
    till.shop.bx.advance(1).await;
    assert_eq!(till.messages().await, ["INVOICE 1 WAITING 3"]);
    for _ in 0..16 {
        till.shop.bx.advance(DAY / 4).await;
    }
    let lines = till.messages().await;
    assert!(lines[0].starts_with("INVOICE 1 DEAD "), "{lines:?}");
    assert!(post.collect().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_lost_sends_again_under_the_same_name() {
    let post = Post::open().await;
    let till = open(&post, json!({})).await;
    post.next(&[Turn::Swallow]);
    till.order().await;
    till.days(0).await;
    till.shop.bx.advance(60).await;
    assert_eq!(till.messages().await, ["INVOICE 1 SENT 2"]);
    let mails = post.collect();
    assert_eq!(mails.len(), 2);
    assert_eq!(
        header(&mails[0], "Message-ID"),
        header(&mails[1], "Message-ID")
    );
}

#[tokio::test]
async fn a_preview_writes_nobody() {
    let post = Post::open().await;
    let till = open(
        &post,
        json!({"dunning": {"grace_days": 9, "reminder_days": [1]}}),
    )
    .await;
    till.pay("30").await;
    till.order().await;
    till.days(0).await;
    post.collect();
    let preview = till.console("preview?until=2027-01-01T00:00:00Z");
    let ahead = till.shop.api.get(preview).await.expect(200);
    assert!(ahead["counts"]["reminded"].as_u64().unwrap() > 0, "{ahead}");
    till.days(0).await;
    assert!(post.collect().is_empty());
    assert_eq!(till.messages().await.len(), 1);
}

/// An order that ends, or that the balance does not cover, once before each of its dates;
/// a paid one not.
#[tokio::test]
async fn who_is_about_to_lose_something_hears_of_it_once() {
    let post = Post::open().await;
    let till = open(&post, json!({})).await;
    let staff = till.shop.bx.client_of("owner").await;
    till.pay("10").await;
    till.order().await;
    till.days(26).await;
    post.collect();
    // Such letters are off until somebody wants them.
    till.days(0).await;
    assert!(post.collect().is_empty());
    let path = till.console("templates/EXPIRY_REMINDER/en");
    staff.put(path, json!({"on": true})).await.expect(200);
    till.days(0).await;
    let mails = post.collect();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(header(&mails[0], "Subject"), "TV ends on 2026-02-28");
    assert!(mails[0].contains("10.00"), "{}", mails[0]);
    till.days(1).await;
    assert!(post.collect().is_empty(), "once");
    till.pay("30").await;
    till.days(1).await;
    post.collect();
    // The balance covers the next one.
    till.days(28).await;
    let left: Vec<String> = till
        .messages()
        .await
        .into_iter()
        .filter(|of| of.starts_with("EXPIRY"))
        .collect();
    assert_eq!(left, ["EXPIRY_REMINDER 1 SENT 1"]);
}

#[tokio::test]
async fn a_payment_that_fails_later_is_told() {
    let post = Post::open().await;
    let till = a_till()
        .set(|config| {
            config.smtp.url = (&post.url).into();
            config.payments.sandbox = true;
        })
        .await;
    let path = format!("/customers/{}", till.shop.customer);
    let address = json!({"email": "olive@queen.example"});
    till.shop.api.put(path, address).await.expect(200);
    let page = super::pages::Page::of(till).await;
    page.submit("10.00", "sandbox&card=4000000000000002").await;
    page.till.days(0).await;
    assert!(
        post.collect().is_empty(),
        "who stands before the page sees it there"
    );
    page.submit("10.00", "sandbox&card=4000000000000341").await;
    page.till.shop.bx.advance(60).await;
    let mails = post.collect();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].contains("did not go through"), "{}", mails[0]);
}

/// Whoever has no mail address but a phone gets reminders as short messages, and no invoice.
#[tokio::test]
async fn reminders_go_by_short_message_too() {
    let gateway = crate::support::gateway::Gateway::open().await;
    let till = a_till_selling(json!({"dunning": {"grace_days": 10, "reminder_days": [2]}}))
        .set(|config| config.sms.url = (&gateway.url).into())
        .await;
    let path = format!("/customers/{}", till.shop.customer);
    let phone = json!({"email": null, "phones": ["0049 30 12345"]});
    till.shop.api.put(path, phone).await.expect(200);
    till.pay("10").await;
    till.order().await;
    till.days(30).await;
    let heard = gateway.collect();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(
        heard[0].body.contains("\"to\":\"+493012345\""),
        "{}",
        heard[0].body
    );
    assert!(
        heard[0].body.contains("is not paid yet, 10.00"),
        "{}",
        heard[0].body
    );
}

/// One that died of age and is tried again has its whole time anew, not one more try.
#[tokio::test]
async fn what_died_of_age_has_three_days_anew() {
    let post = Post::open().await;
    let till = open(&post, json!({})).await;
    let busy = || post.next(&[Turn::Data("451 try again later"); 40]);
    let no_more = || post.turns.lock().unwrap().clear();
    busy();
    till.order().await;
    for _ in 0..13 {
        till.shop.bx.advance(DAY / 4).await;
    }
    assert!(till.messages().await[0].starts_with("INVOICE 1 DEAD"));
    let retry = till.console("messages/1/retry");
    for outcome in ["DEAD", "SENT"] {
        till.days(10).await;
        no_more();
        busy();
        till.shop.api.post(&retry, json!({})).await.expect(200);
        // Two days and three quarters.
        for _ in 0..11 {
            till.shop.bx.advance(DAY / 4).await;
            let state = till.messages().await.remove(0);
            assert!(state.starts_with("INVOICE 1 WAITING"), "{state}");
        }
        if outcome == "SENT" {
            no_more();
        }
        till.days(1).await;
        let state = till.messages().await.remove(0);
        assert!(
            state.starts_with(&format!("INVOICE 1 {outcome}")),
            "{state}"
        );
    }
    assert_eq!(post.collect().len(), 1);
}
