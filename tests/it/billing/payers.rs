//! The payment page speaks the operator's language to a subscriber, ends where it began, and its
//! reference is taken as it is printed.

use serde_json::{Value, json};

use super::pages::Page;
use crate::support::Answer;
use crate::support::fixture::a_till;

const CARD: &str = "sandbox&card=4242424242424242";
const LATER: &str = "sandbox&card=4000000000000077";
const DECLINED: &str = "sandbox&card=4000000000000002";

async fn page_in(locale: &str) -> Page {
    let locale = locale.to_owned();
    let till = a_till()
        .set(|config| {
            config.payments.sandbox = true;
            config.provider.locale = locale;
        })
        .await;
    let offer = till.shop.offer.clone();
    Page::asked(till, json!({"offerId": offer})).await
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// Without an address to go back to, nobody is led to the console: the page says how it ended.
#[tokio::test]
async fn a_page_without_a_way_back_says_thank_you() {
    for way in [CARD, LATER, "manual"] {
        let page = page_in("en").await;
        let leads = location(&page.submit("10.00", way).await);
        assert_eq!(leads, format!("/pay/{}", page.code), "{way}");
        let shown = page.show().await;
        assert_eq!(shown.status, 200);
        assert!(
            shown.text.contains("You can close this page"),
            "{way}: {}",
            shown.text
        );
        assert!(!shown.text.contains("Continue"), "{way}: {}", shown.text);
        assert!(!shown.text.contains("redirect"), "{way}: {}", shown.text);
        // The way back leads to the page as well, whoever takes it.
        let path = format!(
            "/payments/redirect?type=boxoffice&id={}&status=succeded",
            page.code
        );
        let back = page.till.shop.bx.anonymous().get(path).await;
        let to = back.headers["location"].to_str().unwrap();
        assert!(to.contains(&format!("/pay/{}", page.code)), "{to}");
    }
}

/// The box's own address is the console: that is no way back for a subscriber either.
#[tokio::test]
async fn the_consoles_address_is_no_way_back() {
    let till = a_till().set(|config| config.payments.sandbox = true).await;
    for root in ["", "/", "/console/", "/console/?x=1"] {
        let wish = json!({"offerId": till.shop.offer, "additional": true,
                          "returnUrl": till.shop.bx.url(root)});
        let path = till.shop.of_customer("orders/hosted-page");
        let made = till.shop.api.post(path, wish).await.expect(201);
        let code = made["id"].as_str().unwrap().to_owned();
        let url = till.shop.bx.url(&format!("/pay/{code}"));
        let form = format!("amount=10.00&currency=USD&method={CARD}").into_bytes();
        let paid = till
            .shop
            .bx
            .anonymous()
            .send("POST", url, Some(form), &[])
            .await;
        assert_eq!(location(&paid), format!("/pay/{code}"), "{root}");
    }
}

#[tokio::test]
async fn the_words_are_the_operators_language() {
    for (locale, lang, open, declined, paid) in [
        (
            "en",
            "en",
            [
                "To pay",
                "Valid until 28 February 2026",
                "Bank transfer or cash",
            ],
            "The payment failed: the card was declined.",
            "Paid. Thank you.",
        ),
        (
            "de-DE",
            "de",
            ["Zu zahlen", "Gültig bis 28.02.2026", "Überweisung oder bar"],
            "Die Zahlung ist fehlgeschlagen: die Karte wurde abgelehnt.",
            "Bezahlt. Vielen Dank.",
        ),
        (
            "uk_UA",
            "uk",
            [
                "До сплати",
                "Діє до 28.02.2026",
                "Банківський переказ або готівка",
            ],
            "Платіж не вдався: картку відхилено.",
            "Сплачено. Дякуємо.",
        ),
    ] {
        let page = page_in(locale).await;
        let shown = page.show().await.text;
        assert!(
            shown.contains(&format!("<html lang=\"{lang}\">")),
            "{shown}"
        );
        for word in open {
            assert!(shown.contains(word), "{locale} {word}: {shown}");
        }
        for word in ["Pay by hand", "Say this with it"] {
            assert!(!shown.contains(word), "{locale} {word}: {shown}");
        }
        let failed = page.submit("10.00", DECLINED).await;
        assert!(failed.text.contains(declined), "{locale}: {}", failed.text);
        page.submit("10.00", CARD).await;
        assert!(page.show().await.text.contains(paid), "{locale}");
    }
}

/// What begins later says from when.
#[tokio::test]
async fn a_cycle_that_is_paid_ahead_says_from_when() {
    let page = page_in("en").await;
    page.submit("10.00", CARD).await;
    let wish = json!({"offerId": page.till.shop.offer});
    let page = Page::asked(page.till, wish).await;
    let shown = page.show().await.text;
    let words = "Valid from 28 February 2026 until 31 March 2026";
    assert!(shown.contains(words), "{shown}");
}

/// `P-1` as it is printed, and as it is typed.
#[tokio::test]
async fn a_reference_is_taken_as_it_is_printed() {
    for typed in [
        "P-1",
        "p-1",
        "p%201",
        "P1",
        "1",
        "%20P-%201%20",
        "p%E2%80%931",
    ] {
        let page = page_in("en").await;
        page.submit("10.00", "manual").await;
        let shown = page.show().await.text;
        let words = "Please give this reference: <strong>P-1</strong>";
        assert!(shown.contains(words), "{shown}");
        let path = page.till.console(&format!("payments/{typed}/confirm"));
        let confirmed = page.till.shop.api.post(path, json!({})).await;
        assert_eq!(confirmed.status, 200, "{typed}: {}", confirmed.text);
        assert_eq!(page.order_status().await, "ACTTIVE", "{typed}");
    }
    let page = page_in("en").await;
    for wrong in ["Q-1", "P-", "P-1-2", "1x", "-1"] {
        let path = page.till.console(&format!("payments/{wrong}/confirm"));
        let answer = page.till.shop.api.post(path, json!({})).await;
        assert_eq!(answer.status, 404, "{wrong}: {}", answer.text);
    }
    let open: Value = json!([]);
    let path = page.till.console("payments/open");
    assert_eq!(page.till.shop.api.get(path).await.expect(200), open);
}
