//! The store's promises: a refused command leaves nothing, sequences skip nothing, pages are what
//! a plain sort makes of the same records, `check` sees whatever is spoiled, many share a commit.

mod damage;
mod opening;
mod pages;
mod refusals;
mod writer;

use std::path::{Path, PathBuf};

use boxoffice::domain::catalogue::content::Genre;
use boxoffice::domain::customers::{Customer, CustomerStatus};
use boxoffice::domain::messages::{Message, MessageContent};
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::id::{CustomerId, GenreId};
use boxoffice::store::{Storage, Store, Table, Tx, append_audit};
use redb::ReadableTable as _;

use crate::kit::{self, Answer, Refused, run};

fn opened() -> Store {
    Store::open(Storage::Memory).expect("a store in memory")
}

type Rows<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// A file with three customers, each with a device and a line in the audit log; closed again.
fn filled() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("boxoffice.redb");
    let store = Store::open(Storage::File(path.clone())).expect("a new file");
    for name in ["oliver", "thea", "moira"] {
        let joined = run(store.write(move |tx: &mut Tx<'_>| -> Answer {
            let id = tx.next_id()?;
            tx.put(&kit::customer(id, name))?;
            let device = tx.next_id()?;
            tx.put(&kit::device(device, id))?;
            Ok(append_audit(tx, kit::line("customer.create", id.0))?)
        }));
        joined.expect("a customer");
    }
    let told = run(store.write(|tx: &mut Tx<'_>| -> Answer {
        let message = Message {
            id: tx.next_id()?,
            ..Message::new(CustomerId(1), MessageContent::Welcome, kit::now())
        };
        Ok(tx.put(&message)?)
    }));
    told.expect("a message");
    (folder, path)
}

/// Writes to a closed file behind the store's back.
fn plant(path: &Path, table: Table, spoil: impl FnOnce(&mut Rows<'_>)) {
    let database = redb::Database::open(path).expect("a closed file");
    let transaction = database.begin_write().expect("a transaction");
    {
        let definition: redb::TableDefinition<'_, &'static [u8], &'static [u8]> =
            redb::TableDefinition::new(table.name());
        spoil(&mut transaction.open_table(definition).expect("a table"));
    }
    transaction.commit().expect("a commit");
}

fn key(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn value_of(rows: &Rows<'_>, key: &[u8]) -> Vec<u8> {
    rows.get(key)
        .expect("a read")
        .expect("a row")
        .value()
        .to_vec()
}

fn insert(rows: &mut Rows<'_>, key: &[u8], value: &[u8]) {
    rows.insert(key, value).expect("a write");
}

fn remove(rows: &mut Rows<'_>, key: &[u8]) {
    assert!(
        rows.remove(key).expect("a write").is_some(),
        "there was a row"
    );
}

fn genre(tx: &mut Tx<'_>) -> Result<GenreId, Refused> {
    let id = tx.next_id()?;
    tx.put(&Genre {
        id,
        title: format!("Genre {}", id.0),
    })?;
    Ok(id)
}

fn person(number: u64, email: Option<u8>, status: usize) -> Customer {
    Customer {
        email: email.and_then(|email| Email::parse(&format!("Person{email}@example.net"))),
        status: CustomerStatus::ALL[status],
        ..Customer::new(CustomerId(number), "boxoffice".to_owned(), kit::now())
    }
}
