//! What stands on an invoice besides its facts, in the operator's language. A language that is not
//! here gets English.

/// The words of an invoice or credit note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaperWords {
    /// The language, as HTML names it.
    pub lang: &'static str,
    pub invoice: &'static str,
    pub credit_note: &'static str,
    pub billed_to: &'static str,
    pub issued: &'static str,
    pub corrects: &'static str,
    pub period: &'static str,
    /// In front of the day on which a time without end begins.
    pub from: &'static str,
    pub customer: &'static str,
    pub contract: &'static str,
    pub order: &'static str,
    pub due: &'static str,
    pub state: &'static str,
    pub paid: &'static str,
    /// In front of what is not paid.
    pub open: &'static str,
    pub columns: [&'static str; 5],
    pub net: &'static str,
    /// In front of a rate.
    pub net_at: &'static str,
    pub tax: &'static str,
    pub total: &'static str,
    pub tax_id: &'static str,
    pub bank: &'static str,
    pub page: &'static str,
    pub of: &'static str,
    pub lines: &'static str,
    pub notes: &'static str,
}

const ENGLISH: PaperWords = PaperWords {
    lang: "en",
    invoice: "Invoice",
    credit_note: "Credit note",
    billed_to: "Billed to",
    issued: "Issued",
    corrects: "Corrects",
    period: "Period",
    from: "from",
    customer: "Customer number",
    contract: "Contract",
    order: "Order",
    due: "Due",
    state: "Status",
    paid: "Paid",
    open: "Open:",
    columns: ["Description", "Net", "Tax rate", "Tax", "Gross"],
    net: "Net",
    net_at: "Net at",
    tax: "Tax",
    total: "Total",
    tax_id: "Tax ID:",
    bank: "Bank:",
    page: "Page",
    of: "of",
    lines: "Lines",
    notes: "Notes",
};

const GERMAN: PaperWords = PaperWords {
    lang: "de",
    invoice: "Rechnung",
    credit_note: "Gutschrift",
    billed_to: "Rechnung an",
    issued: "Rechnungsdatum",
    corrects: "Zu Rechnung",
    period: "Leistungszeitraum",
    from: "ab",
    customer: "Kundennummer",
    contract: "Vertragsnummer",
    order: "Auftrag",
    due: "Zahlbar bis",
    state: "Status",
    paid: "Bezahlt",
    open: "Offen:",
    columns: ["Beschreibung", "Netto", "Steuersatz", "Steuer", "Brutto"],
    net: "Netto",
    net_at: "Netto zu",
    tax: "USt.",
    total: "Gesamtbetrag",
    tax_id: "Steuernummer:",
    bank: "Bankverbindung:",
    page: "Seite",
    of: "von",
    lines: "Positionen",
    notes: "Hinweise",
};

const UKRAINIAN: PaperWords = PaperWords {
    lang: "uk",
    invoice: "Рахунок",
    credit_note: "Кредит-нота",
    billed_to: "Платник",
    issued: "Дата",
    corrects: "До рахунка",
    period: "Період",
    from: "з",
    customer: "Номер клієнта",
    contract: "Договір",
    order: "Замовлення",
    due: "Сплатити до",
    state: "Стан",
    paid: "Сплачено",
    open: "До сплати:",
    columns: ["Опис", "Без податку", "Ставка", "Податок", "Разом"],
    net: "Без податку",
    net_at: "Без податку за ставкою",
    tax: "Податок",
    total: "Разом",
    tax_id: "Податковий номер:",
    bank: "Банківські реквізити:",
    page: "Сторінка",
    of: "з",
    lines: "Рядки",
    notes: "Примітки",
};

/// The language of a locale such as `de-DE`.
pub(super) fn language(locale: &str) -> String {
    let tag = locale.replace('_', "-").to_lowercase();
    tag.split('-').next().unwrap_or_default().to_owned()
}

/// The words for an operator's locale.
#[must_use]
pub fn paper_words(locale: &str) -> &'static PaperWords {
    match language(locale).as_str() {
        "de" => &GERMAN,
        "uk" => &UKRAINIAN,
        _ => &ENGLISH,
    }
}
