//! What stands on a payment page, in the operator's language. A language that is not here gets
//! English. `{}` is filled in by the page.

use serde::Serialize;

use super::words::language;

/// The words of a payment page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PageWords {
    /// The language, as HTML names it.
    pub lang: &'static str,
    /// The title of the page, with the operator's name.
    pub pay_to: &'static str,
    pub your_order: &'static str,
    pub from_balance: &'static str,
    pub to_pay: &'static str,
    pub paid: &'static str,
    /// With a day.
    pub until: &'static str,
    /// With two days.
    pub from_until: &'static str,
    pub owed_before: &'static str,
    /// With a number.
    pub invoice: &'static str,
    pub start: &'static str,
    pub pay_balance: &'static str,
    pub card: &'static str,
    /// With an amount.
    pub pay: &'static str,
    pub voucher: &'static str,
    pub code: &'static str,
    pub use_voucher: &'static str,
    pub by_transfer: &'static str,
    pub by_transfer_text: &'static str,
    pub by_transfer_button: &'static str,
    pub no_way: &'static str,
    pub how_to_pay: &'static str,
    /// With the operator's name.
    pub as_agreed: &'static str,
    /// With the reference.
    pub reference: &'static str,
    pub noted: &'static str,
    pub thanks: &'static str,
    pub may_close: &'static str,
    pub go_on: &'static str,
    pub processing: &'static str,
    pub back_to_card: &'static str,
    pub expired: &'static str,
    pub paid_already: &'static str,
    pub withdrawn: &'static str,
    /// With an amount.
    pub arrived_rest: &'static str,
    /// With an amount.
    pub arrived: &'static str,
    /// With an amount.
    pub arrived_late: &'static str,
    /// With an amount.
    pub arrived_unknown: &'static str,
    pub fill_in: &'static str,
    /// With a reason.
    pub failed: &'static str,
    pub not_paid: &'static str,
    pub declined: &'static str,
    pub bad_voucher: &'static str,
    pub card_failed: &'static str,
    /// With an amount.
    pub price_changed: &'static str,
    /// With an amount.
    pub short: &'static str,
    pub way_off: &'static str,
    pub closed: &'static str,
    /// With a code.
    pub not_done: &'static str,
    pub no_page: &'static str,
    pub busy: &'static str,
    pub too_often: &'static str,
    pub not_now: &'static str,
    pub went_wrong: &'static str,
}

const ENGLISH: PageWords = PageWords {
    lang: "en",
    pay_to: "Pay {}",
    your_order: "Your order",
    from_balance: "From your balance",
    to_pay: "To pay",
    paid: "Paid",
    until: "Valid until {}",
    from_until: "Valid from {} until {}",
    owed_before: "Owed from before",
    invoice: "Invoice {}",
    start: "Start",
    pay_balance: "Pay from my balance",
    card: "Card",
    pay: "Pay {}",
    voucher: "Voucher",
    code: "Code",
    use_voucher: "Use voucher",
    by_transfer: "Bank transfer or cash",
    by_transfer_text: "Pay by bank transfer or at our counter. Your order starts when the money \
                       has arrived.",
    by_transfer_button: "Show me how to pay",
    no_way: "Online payment is not set up here. Please ask us how to pay.",
    how_to_pay: "How to pay",
    as_agreed: "Please pay as agreed with {}.",
    reference: "Please give this reference: {}",
    noted: "We have noted your order. It starts when your payment has arrived.",
    thanks: "Paid. Thank you.",
    may_close: "You can close this page now.",
    go_on: "Continue",
    processing: "Your payment is being processed. You can close this page.",
    back_to_card: "Back to the card payment",
    expired: "This payment page has expired. Please order again.",
    paid_already: "This order was paid already. Nothing is owed here.",
    withdrawn: "This is no longer for sale, or the order was withdrawn.",
    arrived_rest: "Your payment of {} has arrived and is on your balance. It did not cover the \
                   order, which waits for the rest.",
    arrived: "Your payment of {} has arrived and is on your balance.",
    arrived_late: "Your payment of {} has arrived and is on your balance. The order could not \
                   begin any more.",
    arrived_unknown: "Your payment of {} has arrived and is not assigned yet. Please ask us about \
                      it.",
    fill_in: "Please fill in the form.",
    failed: "The payment failed: {}.",
    not_paid: "The payment failed. Nothing was paid.",
    declined: "the card was declined",
    bad_voucher: "this voucher is not valid, or no longer",
    card_failed: "Paying by card does not work at the moment. Nothing was paid.",
    price_changed: "The price has changed: it is {} now. Nothing was paid.",
    short: "Your balance is short by {}.",
    way_off: "This way to pay is not offered here.",
    closed: "This page takes no more payments.",
    not_done: "This could not be done ({}).",
    no_page: "This payment page does not exist or has expired.",
    not_now: "We cannot take payments at the moment. Nothing was paid. Please try again later.",
    too_often: "That was wrong too often. Please wait a moment and try again.",
    busy: "There is too much to do at the moment. Please try again.",
    went_wrong: "Something went wrong here. Nothing was paid.",
};

const GERMAN: PageWords = PageWords {
    lang: "de",
    pay_to: "{} bezahlen",
    your_order: "Ihre Bestellung",
    from_balance: "Aus Ihrem Guthaben",
    to_pay: "Zu zahlen",
    paid: "Bezahlt",
    until: "Gültig bis {}",
    from_until: "Gültig vom {} bis {}",
    owed_before: "Noch offen von früher",
    invoice: "Rechnung {}",
    start: "Starten",
    pay_balance: "Aus meinem Guthaben bezahlen",
    card: "Karte",
    pay: "{} bezahlen",
    voucher: "Gutschein",
    code: "Code",
    use_voucher: "Gutschein einlösen",
    by_transfer: "Überweisung oder bar",
    by_transfer_text: "Zahlen Sie per Überweisung oder bei uns am Schalter. Ihre Bestellung \
                       beginnt, sobald das Geld da ist.",
    by_transfer_button: "So zahle ich",
    no_way: "Online-Zahlung ist hier nicht eingerichtet. Bitte fragen Sie uns, wie Sie zahlen \
             können.",
    how_to_pay: "So zahlen Sie",
    as_agreed: "Bitte zahlen Sie wie mit {} vereinbart.",
    reference: "Bitte geben Sie diesen Verwendungszweck an: {}",
    noted: "Ihre Bestellung ist vorgemerkt. Sie beginnt, sobald Ihre Zahlung da ist.",
    thanks: "Bezahlt. Vielen Dank.",
    may_close: "Sie können diese Seite jetzt schließen.",
    go_on: "Weiter",
    processing: "Ihre Zahlung wird bearbeitet. Sie können diese Seite schließen.",
    back_to_card: "Zurück zur Kartenzahlung",
    expired: "Diese Zahlungsseite ist abgelaufen. Bitte bestellen Sie noch einmal.",
    paid_already: "Diese Bestellung ist schon bezahlt. Hier ist nichts offen.",
    withdrawn: "Das wird nicht mehr verkauft, oder die Bestellung wurde zurückgezogen.",
    arrived_rest: "Ihre Zahlung von {} ist angekommen und steht auf Ihrem Guthaben. Sie reicht für \
                   die Bestellung nicht aus, der Rest fehlt noch.",
    arrived: "Ihre Zahlung von {} ist angekommen und steht auf Ihrem Guthaben.",
    arrived_late: "Ihre Zahlung von {} ist angekommen und steht auf Ihrem Guthaben. Die Bestellung \
                   konnte nicht mehr beginnen.",
    arrived_unknown: "Ihre Zahlung von {} ist angekommen, aber noch nicht zugeordnet. Bitte fragen \
                      Sie uns.",
    fill_in: "Bitte füllen Sie das Formular aus.",
    failed: "Die Zahlung ist fehlgeschlagen: {}.",
    not_paid: "Die Zahlung ist fehlgeschlagen. Es wurde nichts bezahlt.",
    declined: "die Karte wurde abgelehnt",
    bad_voucher: "dieser Gutschein gilt nicht oder nicht mehr",
    card_failed: "Kartenzahlung ist im Moment nicht möglich. Es wurde nichts bezahlt.",
    price_changed: "Der Preis hat sich geändert: Er beträgt jetzt {}. Es wurde nichts bezahlt.",
    short: "Auf Ihrem Guthaben fehlen {}.",
    way_off: "Diese Zahlungsart wird hier nicht angeboten.",
    closed: "Diese Seite nimmt keine Zahlungen mehr an.",
    not_done: "Das war nicht möglich ({}).",
    no_page: "Diese Zahlungsseite gibt es nicht, oder sie ist abgelaufen.",
    not_now: "Wir können im Moment keine Zahlungen annehmen. Es wurde nichts bezahlt. Bitte \
              versuchen Sie es später noch einmal.",
    too_often: "Das war zu oft falsch. Bitte warten Sie einen Moment und versuchen Sie es noch \
                einmal.",
    busy: "Im Moment ist zu viel los. Bitte versuchen Sie es noch einmal.",
    went_wrong: "Hier ist etwas schiefgegangen. Es wurde nichts bezahlt.",
};

const UKRAINIAN: PageWords = PageWords {
    lang: "uk",
    pay_to: "Оплата: {}",
    your_order: "Ваше замовлення",
    from_balance: "З вашого балансу",
    to_pay: "До сплати",
    paid: "Сплачено",
    until: "Діє до {}",
    from_until: "Діє з {} до {}",
    owed_before: "Попередній борг",
    invoice: "Рахунок {}",
    start: "Почати",
    pay_balance: "Сплатити з балансу",
    card: "Картка",
    pay: "Сплатити {}",
    voucher: "Ваучер",
    code: "Код",
    use_voucher: "Використати ваучер",
    by_transfer: "Банківський переказ або готівка",
    by_transfer_text: "Сплатіть переказом або в нашому офісі. Замовлення почне діяти, коли \
                       надійдуть гроші.",
    by_transfer_button: "Як сплатити",
    no_way: "Онлайн-оплату тут не налаштовано. Запитайте нас, як сплатити.",
    how_to_pay: "Як сплатити",
    as_agreed: "Сплатіть, як домовлено з {}.",
    reference: "Вкажіть призначення платежу: {}",
    noted: "Ваше замовлення прийнято. Воно почне діяти, коли надійде оплата.",
    thanks: "Сплачено. Дякуємо.",
    may_close: "Цю сторінку можна закрити.",
    go_on: "Далі",
    processing: "Платіж обробляється. Цю сторінку можна закрити.",
    back_to_card: "Назад до оплати карткою",
    expired: "Термін дії сторінки оплати минув. Замовте ще раз.",
    paid_already: "Це замовлення вже сплачено. Тут нічого сплачувати.",
    withdrawn: "Це більше не продається, або замовлення скасовано.",
    arrived_rest: "Ваш платіж {} надійшов і зараховано на баланс. Його не вистачило на замовлення, \
                   залишилося доплатити решту.",
    arrived: "Ваш платіж {} надійшов і зараховано на баланс.",
    arrived_late: "Ваш платіж {} надійшов і зараховано на баланс. Замовлення вже не могло \
                   початися.",
    arrived_unknown: "Ваш платіж {} надійшов, але ще не розподілений. Зверніться до нас.",
    fill_in: "Заповніть форму.",
    failed: "Платіж не вдався: {}.",
    not_paid: "Платіж не вдався. Нічого не сплачено.",
    declined: "картку відхилено",
    bad_voucher: "цей ваучер недійсний або вже використаний",
    card_failed: "Оплата карткою зараз не працює. Нічого не сплачено.",
    price_changed: "Ціна змінилася: тепер {}. Нічого не сплачено.",
    short: "На балансі не вистачає {}.",
    way_off: "Такий спосіб оплати тут недоступний.",
    closed: "Ця сторінка більше не приймає платежів.",
    not_done: "Не вдалося виконати ({}).",
    no_page: "Такої сторінки оплати немає, або термін її дії минув.",
    not_now: "Зараз ми не можемо приймати платежі. Нічого не сплачено. Спробуйте пізніше.",
    too_often: "Забагато невдалих спроб. Зачекайте трохи та спробуйте ще раз.",
    busy: "Зараз забагато запитів. Спробуйте ще раз.",
    went_wrong: "Сталася помилка. Нічого не сплачено.",
};

/// The words for an operator's locale.
#[must_use]
pub fn page_words(locale: &str) -> &'static PageWords {
    match language(locale).as_str() {
        "de" => &GERMAN,
        "uk" => &UKRAINIAN,
        _ => &ENGLISH,
    }
}

/// A text with its places filled in, from left to right.
#[must_use]
pub fn filled(text: &str, places: &[&str]) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut parts = text.split("{}");
    whole.push_str(parts.next().unwrap_or_default());
    let mut places = places.iter();
    for part in parts {
        whole.push_str(places.next().copied().unwrap_or_default());
        whole.push_str(part);
    }
    whole
}
