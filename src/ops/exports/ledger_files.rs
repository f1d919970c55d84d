//! The journal as plain-text accounting, for hledger and beancount: its entries, every account and
//! currency declared, and what every account must hold at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::billing::journal::{Account, JournalEntry};
use crate::domain::customers::Customer;
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::CustomerId;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Currency;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::billing::invoices::addressee;
use crate::ops::exports::request::{ExportRequest, Format, Within, cause, debit};
use crate::store::{Read as _, Snapshot, Span};

/// What accounts hold, to their credit.
type Sums = BTreeMap<(Account, Currency), Minor>;

/// A file of entries.
pub(in crate::ops) struct Ledger<'s> {
    snapshot: &'s Snapshot,
    zone: Zone,
    beancount: bool,
    names: bool,
    within: Within,
}

/// Where earnings of the time before the file are: they are none of its own time.
const RETAINED: (&str, &str) = ("retained", "Equity:Retained");

impl<'s> Ledger<'s> {
    pub(in crate::ops) fn new(
        ctx: &Ctx,
        snapshot: &'s Snapshot,
        request: &ExportRequest,
        within: Within,
    ) -> Self {
        Self {
            snapshot,
            zone: ctx.app.company().zone.clone(),
            beancount: request.format == Format::Beancount,
            names: request.names,
            within,
        }
    }

    /// One entry, if it lies in the time of the file.
    pub(in crate::ops) fn entry(
        &self,
        entry: &JournalEntry,
        lines: &mut Vec<String>,
    ) -> Result<(), OpError> {
        if !self.within.has(entry.at) {
            return Ok(());
        }
        let day = self.zone.date(entry.at);
        let what = cause(entry.cause);
        // Plain-text accounting ends a comment with the line.
        let memo: String = entry.memo.chars().filter(|c| !c.is_control()).collect();
        let payee = self.payee(entry)?;
        if self.beancount {
            let quoted = |text: &str| text.replace(['"', '\\'], "'");
            lines.push(match payee {
                Some(name) => {
                    let told = format!("{what} {memo}");
                    format!("{day} * \"{}\" \"{}\"", quoted(&name), quoted(told.trim()))
                }
                None => format!("{day} * \"{what}\" \"{}\"", quoted(&memo)),
            });
            lines.push(format!("  entry: \"{}\"", entry.id.0));
        } else {
            let plain = |text: &str| text.replace([';', '|'], ",");
            let payee = payee.map(|name| format!("{} | ", plain(&name)));
            let payee = payee.unwrap_or_default();
            let told = format!("{day} ({}) {payee}{what} {}", entry.id.0, plain(&memo));
            lines.push(told.trim_end().to_owned());
        }
        for posting in &entry.postings {
            let amount = debit(posting.credit_minor, posting.currency);
            let (account, code) = (self.name(&posting.account), posting.currency.as_str());
            lines.push(format!("{}{account}  {amount} {code}", self.indent()));
        }
        lines.push(String::new());
        Ok(())
    }

    /// What accounts held when the time of the file began. What was earned before is none of that
    /// time.
    pub(in crate::ops) fn brought_forward(&self, lines: &mut Vec<String>) -> Result<(), OpError> {
        let Some(from) = self.within.from else {
            return Ok(());
        };
        let (before, _) = self.sums(|at| at < from)?;
        let day = self.zone.date(from);
        let mut postings = Vec::new();
        let mut retained = BTreeMap::<Currency, Minor>::new();
        for ((account, currency), sum) in &before {
            if is_of_a_time(account) {
                *retained.entry(*currency).or_default() += *sum;
            } else if *sum != 0 {
                postings.push((self.name(account), *sum, *currency));
            }
        }
        for (currency, sum) in retained.into_iter().filter(|(_, sum)| *sum != 0) {
            postings.push((self.retained(), sum, currency));
        }
        if postings.is_empty() {
            return Ok(());
        }
        lines.push(if self.beancount {
            format!("{day} * \"brought forward\" \"\"")
        } else {
            format!("{day} brought forward")
        });
        for (account, sum, currency) in postings {
            let (amount, code) = (debit(sum, currency), currency.as_str());
            lines.push(format!("{}{account}  {amount} {code}", self.indent()));
        }
        lines.push(String::new());
        Ok(())
    }

    /// Declarations, and what every account must hold after the last entry, added up from the
    /// entries themselves.
    pub(in crate::ops) fn end(&self, lines: &mut Vec<String>) -> Result<(), OpError> {
        let within = self.within;
        let (mut sums, latest) = self.sums(|at| within.until.is_none_or(|until| at < until))?;
        if let Some(from) = within.from {
            let (before, _) = self.sums(|at| at < from)?;
            for (key, sum) in before.into_iter().filter(|(key, _)| is_of_a_time(&key.0)) {
                *sums.entry(key).or_default() -= sum;
            }
        }
        let Some(latest) = latest.max(within.from) else {
            return Ok(());
        };
        let currencies: BTreeSet<Currency> = sums.keys().map(|(_, currency)| *currency).collect();
        let mut accounts: BTreeSet<&Account> = sums.keys().map(|(account, _)| account).collect();
        let latest_day = self.zone.date(latest);
        if self.beancount {
            for currency in currencies {
                lines.push(format!("1970-01-01 commodity {}", currency.as_str()));
            }
        } else {
            for currency in currencies {
                let decimals = "0".repeat(usize::try_from(currency.exponent()).unwrap_or(2));
                lines.push(format!("commodity 1000.{decimals} {}", currency.as_str()));
            }
        }
        for account in std::mem::take(&mut accounts) {
            lines.push(self.declared(account)?);
        }
        lines.push(if self.beancount {
            format!("1970-01-01 open {}", RETAINED.1)
        } else {
            format!("account {}  ; type: E", RETAINED.0)
        });
        lines.push(String::new());
        // Beancount looks at the beginning of the day.
        let after = self
            .zone
            .date(self.zone.days_after(latest, 1).unwrap_or(latest));
        if !self.beancount {
            lines.push(format!("{latest_day} balances"));
        }
        for ((account, currency), sum) in &sums {
            let (amount, code) = (debit(*sum, *currency), currency.as_str());
            let account = self.name(account);
            lines.push(if self.beancount {
                format!("{after} balance {account}  {amount} {code}")
            } else {
                format!("    {account}  0 {code} = {amount} {code}")
            });
        }
        Ok(())
    }

    /// What accounts held by the entries of some time, and when the last of them was.
    fn sums(&self, has: impl Fn(Timestamp) -> bool) -> Result<(Sums, Option<Timestamp>), OpError> {
        let mut sums = Sums::new();
        let mut latest = None;
        self.snapshot
            .each::<JournalEntry>(&Span::all(), &mut |entry| {
                if has(entry.at) {
                    latest = latest.max(Some(entry.at));
                    for posting in entry.postings {
                        let key = (posting.account, posting.currency);
                        let sum = sums.entry(key).or_default();
                        *sum += posting.credit_minor;
                    }
                }
                Ok(ControlFlow::Continue(()))
            })?;
        Ok((sums, latest))
    }

    fn declared(&self, account: &Account) -> Result<String, OpError> {
        let name = self.name(account);
        let called = match account {
            Account::Customer(id) => self.called(*id)?,
            _ => None,
        };
        if self.beancount {
            let called =
                called.map(|name| format!("\n  name: \"{}\"", name.replace(['"', '\\'], "'")));
            return Ok(format!(
                "1970-01-01 open {name}{}",
                called.unwrap_or_default()
            ));
        }
        let called = called.map(|name| format!(", name: {}", name.replace([',', ';'], " ")));
        let called = called.unwrap_or_default();
        Ok(format!("account {name}  ; type: {}{called}", kind(account)))
    }

    /// The customer of an entry, where names are wished for.
    fn payee(&self, entry: &JournalEntry) -> Result<Option<String>, OpError> {
        let customers = entry.postings.iter().map(|posting| &posting.account);
        let mut customers = customers.filter_map(|account| match account {
            Account::Customer(id) => Some(*id),
            _ => None,
        });
        match customers.next() {
            Some(id) => self.called(id),
            None => Ok(None),
        }
    }

    fn called(&self, id: CustomerId) -> Result<Option<String>, OpError> {
        if !self.names {
            return Ok(None);
        }
        let customer = self.snapshot.get::<Customer>(&id)?;
        let name = customer.and_then(|customer| addressee(&customer).into_iter().next());
        let clean = |name: String| name.chars().filter(|c| !c.is_control()).collect::<String>();
        Ok(name.map(clean).filter(|name| !name.trim().is_empty()))
    }

    fn name(&self, account: &Account) -> String {
        if self.beancount {
            beancount_account(account)
        } else {
            account.to_string()
        }
    }

    fn retained(&self) -> String {
        let (plain, rooted) = RETAINED;
        if self.beancount { rooted } else { plain }.to_owned()
    }

    fn indent(&self) -> &'static str {
        if self.beancount { "  " } else { "    " }
    }
}

/// Whether an account counts what happened in a time, and not what there is.
fn is_of_a_time(account: &Account) -> bool {
    matches!(account, Account::Revenue | Account::WriteOff)
}

/// The type of an account, as hledger calls it: Asset, Cash, Liability, Equity, Revenue or eXpense.
fn kind(account: &Account) -> char {
    match account {
        Account::Customer(_) | Account::Carrier => 'A',
        Account::Cash(_) => 'C',
        Account::Revenue => 'R',
        Account::WriteOff => 'X',
        Account::Opening => 'E',
        Account::Tax(_)
        | Account::Partner(_)
        | Account::Payable(_)
        | Account::Suspense
        | Account::Vouchers => 'L',
    }
}

/// Beancount wants one of five roots, and capital letters or digits in front.
fn beancount_account(account: &Account) -> String {
    let word = |text: &str| {
        let kept = text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        kept.collect::<String>()
    };
    match account {
        Account::Customer(id) => format!("Assets:Customers:C{}", id.0),
        Account::Revenue => "Income:Revenue".to_owned(),
        Account::Tax(rate) => format!("Liabilities:Tax:R{}", word(&rate.to_percent())),
        Account::Cash(method) => format!("Assets:Cash:M-{}", word(method)),
        Account::Partner(id) => format!("Liabilities:Partners:P{}", id.0),
        Account::Suspense => "Liabilities:Suspense".to_owned(),
        Account::Opening => "Equity:Opening".to_owned(),
        Account::Carrier => "Assets:Carrier".to_owned(),
        Account::WriteOff => "Expenses:WriteOff".to_owned(),
        Account::Vouchers => "Liabilities:Vouchers".to_owned(),
        Account::Payable(id) => format!("Liabilities:Payable:P{}", id.0),
    }
}
