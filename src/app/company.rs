//! The operator as a company: its name, calendar and letterhead, and the currency of its books.

use crate::config::ProviderSettings;
use crate::domain::billing::journal::{Account, AccountTotal};
use crate::domain::provider::{Letterhead, Provider, letterhead_lines};
use crate::domain::values::calendar::Zone;
use crate::domain::values::money::Currency;
use crate::store::{Read, Store, StoreError, Table};

/// What the provider's settings come to.
#[derive(Debug, Clone)]
pub struct Company {
    pub name: String,
    pub currency: Currency,
    pub zone: Zone,
    pub letterhead: Letterhead,
    /// How many days a customer has to pay an invoice.
    pub payment_days: u32,
}

impl Company {
    /// What stands in the file, where an apply document or an earlier start put it.
    pub(super) fn stored(
        store: &Store,
        settings: &ProviderSettings,
    ) -> Result<Option<Self>, StoreError> {
        let snapshot = store.read()?;
        let provider = snapshot.get::<Provider>(&crate::store::key::Only)?;
        let noted = currency_of_books(&snapshot)?;
        let currency = provider.as_ref().map(|said| said.currency).or(noted);
        Ok(currency.map(|currency| Self::of(settings, provider.as_ref(), currency)))
    }

    /// What the settings alone come to.
    pub(super) fn of_settings(settings: &ProviderSettings) -> Self {
        let currency = Currency::parse(&settings.currency).unwrap_or(Currency::USD);
        Self::of(settings, None, currency)
    }

    /// What an apply document said, or else the settings.
    fn of(settings: &ProviderSettings, said: Option<&Provider>, currency: Currency) -> Self {
        let (name, time_zone) = match said {
            Some(said) => (said.name.clone(), said.time_zone.clone()),
            None => (settings.name.clone(), settings.time_zone.clone()),
        };
        let said_of = |of: fn(&Provider) -> &Option<String>, set: &str| {
            let said = said.and_then(|said| of(said).clone());
            said.unwrap_or_else(|| set.to_owned())
        };
        let lines = |text: &str| letterhead_lines(text).unwrap_or_default();
        let days = said.and_then(|said| said.payment_days);
        Self {
            name,
            currency,
            zone: Zone::parse(&time_zone).unwrap_or_else(Zone::utc),
            letterhead: Letterhead {
                address: lines(&said_of(|said| &said.address, &settings.address)),
                tax_id: said_of(|said| &said.tax_id, &settings.tax_id)
                    .trim()
                    .to_owned(),
                bank: lines(&said_of(|said| &said.bank, &settings.bank)),
                invoice_prefix: said_of(|said| &said.invoice_prefix, &settings.invoice_prefix),
            },
            payment_days: days.unwrap_or(settings.payment_days),
        }
    }
}

/// Where the currency of the books is noted.
const BOOKS_CURRENCY: &str = "books_currency";

/// Notes the currency of the settings as that of the books, for as long as no money is booked.
/// From then on it stays, whatever the settings say.
pub(super) fn note_currency(store: &Store, settings: &ProviderSettings) -> Result<(), StoreError> {
    let snapshot = store.read()?;
    if snapshot
        .get::<Provider>(&crate::store::key::Only)?
        .is_some()
    {
        return Ok(());
    }
    let set = Currency::parse(&settings.currency).unwrap_or(Currency::USD);
    let noted = currency_of_books(&snapshot)?;
    let currency = if is_booked(&snapshot)? {
        match noted {
            Some(noted) => noted,
            // A file that is older than this note.
            None => earned_in(&snapshot, set)?,
        }
    } else {
        set
    };
    if currency != set {
        let (books, settings) = (currency.as_str(), set.as_str());
        tracing::error!(
            books,
            settings,
            "provider.currency cannot change once money is booked: the books stay in {books}. \
             Set it back to {books}, or keep books in {settings} in a data folder of their own"
        );
    }
    if noted != Some(currency) {
        store.write_blocking(move |tx| -> Result<(), StoreError> {
            tx.put_meta(BOOKS_CURRENCY, currency.as_str().as_bytes())
        })?;
    }
    Ok(())
}

/// Whether money was ever booked.
pub fn is_booked(read: &impl Read) -> Result<bool, StoreError> {
    Ok(read.count_up_to(Table::AccountTotals, &[], 1)? > 0)
}

/// The currency that was noted for the books.
fn currency_of_books(read: &impl Read) -> Result<Option<Currency>, StoreError> {
    let noted = read.raw_get(Table::Meta, BOOKS_CURRENCY.as_bytes(), |bytes| {
        std::str::from_utf8(bytes).ok().and_then(Currency::parse)
    })?;
    Ok(noted.flatten())
}

/// The currency in which a file earned: that of the settings if it is among them.
fn earned_in(read: &impl Read, set: Currency) -> Result<Currency, StoreError> {
    let totals: Vec<AccountTotal> = read.all()?;
    let is_revenue = |total: &&AccountTotal| total.account == Account::Revenue;
    let earned = totals.iter().filter(is_revenue).map(|total| total.currency);
    let mut currencies: Vec<Currency> = earned.collect();
    if currencies.is_empty() {
        currencies = totals.iter().map(|total| total.currency).collect();
    }
    let found = currencies.first().copied();
    Ok(if currencies.contains(&set) {
        set
    } else {
        found.unwrap_or(set)
    })
}
