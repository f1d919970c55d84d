//! The store's promises: a refused command leaves nothing, sequences skip nothing, pages are what
//! a plain sort makes of the same records, `check` sees whatever is spoiled, many share a commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boxoffice::domain::billing::payment::{Payment, Voucher, VoucherBatch};
use boxoffice::domain::catalogue::content::Genre;
use boxoffice::domain::customers::device::Device;
use boxoffice::domain::customers::{Customer, CustomerStatus};
use boxoffice::domain::event::Audit;
use boxoffice::domain::messages::{Message, MessageContent};
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::id::{
    AuditId, CustomerId, DeviceId, GenreId, InvoiceId, PaymentId, VoucherId,
};
use boxoffice::domain::values::time::Timestamp;
use boxoffice::store::{
    BATCH_MAX, Finding, LAYOUT, QUEUE_MAX, Read, Storage, Store, StoreError, Table, Tx,
    append_audit, check, codec,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use redb::ReadableTable as _;

use crate::kit::{self, Answer, Command, Queued, Refused, command, hold, queue, run, together};

fn opened() -> Store {
    Store::open(Storage::Memory).expect("a store in memory")
}

// ---- refusals

#[derive(Debug, Clone)]
enum Deed {
    Join {
        email: Option<u8>,
        status: usize,
    },
    Edit {
        customer: u64,
        email: Option<u8>,
        status: usize,
    },
    Plug {
        customer: u64,
    },
    Unplug {
        device: u64,
    },
    Note {
        text: u8,
    },
}

#[derive(Debug, Clone, Copy)]
enum End {
    Stand,
    Refuse,
    Panic,
}

/// One command.
#[derive(Debug, Clone)]
struct Script {
    deeds: Vec<Deed>,
    end: End,
}

fn deed() -> impl Strategy<Value = Deed> {
    let email = || proptest::option::of(0_u8..4);
    let status = 0..CustomerStatus::ALL.len();
    prop_oneof![
        3 => (email(), status.clone()).prop_map(|(email, status)| Deed::Join { email, status }),
        3 => (1_u64..7, email(), status)
            .prop_map(|(customer, email, status)| Deed::Edit { customer, email, status }),
        2 => (1_u64..7).prop_map(|customer| Deed::Plug { customer }),
        2 => (1_u64..7).prop_map(|device| Deed::Unplug { device }),
        1 => any::<u8>().prop_map(|text| Deed::Note { text }),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    let end = prop_oneof![4 => Just(End::Stand), 2 => Just(End::Refuse), 1 => Just(End::Panic)];
    (vec(deed(), 1..5), end).prop_map(|(deeds, end)| Script { deeds, end })
}

fn person(number: u64, email: Option<u8>, status: usize) -> Customer {
    Customer {
        email: email.and_then(|email| Email::parse(&format!("Person{email}@example.net"))),
        status: CustomerStatus::ALL[status],
        ..Customer::new(CustomerId(number), "boxoffice".to_owned(), kit::now())
    }
}

impl Script {
    fn command(&self) -> Command {
        let script = self.clone();
        command(move |tx| {
            for deed in &script.deeds {
                deed.run(tx)?;
            }
            match script.end {
                End::Stand => Ok(()),
                End::Refuse => Err(Refused::Rule),
                // A panic, but one that is not printed.
                End::Panic => std::panic::resume_unwind(Box::new("a bug in a rule")),
            }
        })
    }
}

impl Deed {
    fn run(&self, tx: &mut Tx<'_>) -> Answer {
        match *self {
            Self::Join { email, status } => {
                let id: CustomerId = tx.next_id()?;
                put_person(tx, &person(id.0, email, status))
            }
            Self::Edit {
                customer,
                email,
                status,
            } => {
                if tx.get::<Customer>(&CustomerId(customer))?.is_none() {
                    return Ok(());
                }
                put_person(tx, &person(customer, email, status))
            }
            Self::Plug { customer } => {
                let id: DeviceId = tx.next_id()?;
                Ok(tx.put(&kit::device(id, CustomerId(customer)))?)
            }
            Self::Unplug { device } => {
                tx.remove::<Device>(&DeviceId(device))?;
                assert!(tx.get::<Device>(&DeviceId(device))?.is_none());
                Ok(())
            }
            Self::Note { text } => {
                tx.put_meta("note", &[text])?;
                Ok(append_audit(tx, kit::line("note", u64::from(text)))?)
            }
        }
    }
}

/// Puts, and sees that the command reads what it wrote.
fn put_person(tx: &mut Tx<'_>, person: &Customer) -> Answer {
    tx.put(person)?;
    assert_eq!(tx.get::<Customer>(&person.id)?.as_ref(), Some(person));
    let listed = tx.numbers(Table::CustomersByStatus, &[person.status as u8])?;
    assert!(listed.contains(&person.id.0), "{listed:?}");
    Ok(())
}

/// What a script comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Stands,
    Refused,
    /// Two customers with one e-mail address.
    Clashes,
    Panics,
}

impl Outcome {
    fn fits(self, answer: &Answer) -> bool {
        match (self, answer) {
            (Self::Stands, Ok(())) | (Self::Refused, Err(Refused::Rule)) => true,
            (Self::Clashes, Err(Refused::Store(error))) => {
                matches!(
                    error,
                    StoreError::UniqueClash {
                        table: "customers_by_email"
                    }
                )
            }
            (Self::Panics, Err(Refused::Store(error))) => {
                !matches!(error, StoreError::UniqueClash { .. })
            }
            _ => false,
        }
    }
}

/// The store without its machinery: a refused script works on a copy that is thrown away.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    customers: BTreeMap<u64, Customer>,
    devices: BTreeMap<u64, Device>,
    next_customer: u64,
    next_device: u64,
    notes: usize,
}

impl Model {
    fn new() -> Self {
        Self {
            customers: BTreeMap::new(),
            devices: BTreeMap::new(),
            next_customer: 1,
            next_device: 1,
            notes: 0,
        }
    }

    fn run(&mut self, script: &Script) -> Outcome {
        let mut copy = self.clone();
        for deed in &script.deeds {
            if !copy.perform(deed) {
                return Outcome::Clashes;
            }
        }
        match script.end {
            End::Stand => {
                *self = copy;
                Outcome::Stands
            }
            End::Refuse => Outcome::Refused,
            End::Panic => Outcome::Panics,
        }
    }

    /// `false` where two customers would have one e-mail address.
    fn perform(&mut self, deed: &Deed) -> bool {
        match *deed {
            Deed::Join { email, status } => {
                let number = self.next_customer;
                self.next_customer += 1;
                self.put(number, person(number, email, status))
            }
            Deed::Edit {
                customer,
                email,
                status,
            } => {
                !self.customers.contains_key(&customer)
                    || self.put(customer, person(customer, email, status))
            }
            Deed::Plug { customer } => {
                let number = self.next_device;
                self.next_device += 1;
                let device = kit::device(DeviceId(number), CustomerId(customer));
                self.devices.insert(number, device);
                true
            }
            Deed::Unplug { device } => {
                self.devices.remove(&device);
                true
            }
            Deed::Note { .. } => {
                self.notes += 1;
                true
            }
        }
    }

    fn put(&mut self, number: u64, person: Customer) -> bool {
        let free = person.is_deleted()
            || person.email.is_none()
            || !self.customers.iter().any(|(other, held)| {
                *other != number && !held.is_deleted() && held.email == person.email
            });
        if free {
            self.customers.insert(number, person);
        }
        free
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn refused_commands_might_as_well_not_have_been(
        batches in vec(vec(script(), 1..6), 1..5),
    ) {
        run(async {
            let store = opened();
            let mut model = Model::new();
            for batch in &batches {
                let commands = batch.iter().map(Script::command).collect();
                let answers = together(&store, commands).await;
                for (script, answer) in batch.iter().zip(answers) {
                    let outcome = model.run(script);
                    assert!(outcome.fits(&answer), "{outcome:?} is answered {answer:?}");
                }
            }
            {
                let snapshot = store.read().expect("a snapshot");
                let customers = snapshot.all::<Customer>().expect("customers");
                assert_eq!(customers, model.customers.values().cloned().collect::<Vec<_>>());
                let devices = snapshot.all::<Device>().expect("devices");
                assert_eq!(devices, model.devices.values().cloned().collect::<Vec<_>>());
                let lines = snapshot.all::<Audit>().expect("lines");
                let numbers: Vec<usize> =
                    lines.iter().filter_map(|line| usize::try_from(line.id.0).ok()).collect();
                assert_eq!(numbers, (1..=model.notes).collect::<Vec<_>>());
                let (records, findings) = check(&snapshot).expect("a check");
                assert!(findings.is_empty(), "{findings:?}");
                let expected = customers.len() + devices.len() + lines.len();
                assert_eq!(usize::try_from(records), Ok(expected));
            }
            let next = store
                .write(|tx: &mut Tx<'_>| -> Result<(CustomerId, DeviceId), Refused> {
                    Ok((tx.next_id()?, tx.next_id()?))
                })
                .await
                .expect("two numbers");
            let expected = (CustomerId(model.next_customer), DeviceId(model.next_device));
            assert_eq!(next, expected, "refused commands used up numbers");
        });
    }
}

#[test]
fn a_clash_leaves_nothing_behind() {
    run(async {
        let store = opened();
        let first = kit::customer(CustomerId(1), "oliver");
        let held = first.clone();
        store
            .write(move |tx: &mut Tx<'_>| -> Answer {
                tx.reserve(held.id)?;
                Ok(tx.put(&held)?)
            })
            .await
            .expect("a customer");
        for (login, email) in [
            ("other", "OLIVER@example.NET"),
            ("oliver", "other@example.net"),
        ] {
            let second = Customer {
                login: Some(login.to_owned()),
                email: Email::parse(email),
                ..kit::customer(CustomerId(2), "second")
            };
            let answer = store
                .write(move |tx: &mut Tx<'_>| -> Answer {
                    tx.put(&kit::device(DeviceId(1), CustomerId(2)))?;
                    Ok(tx.put(&second)?)
                })
                .await;
            let clash = matches!(answer, Err(Refused::Store(StoreError::UniqueClash { .. })));
            assert!(clash, "{login} {email}: {answer:?}");
        }
        let snapshot = store.read().expect("a snapshot");
        assert_eq!(
            snapshot.all::<Customer>().expect("customers"),
            std::slice::from_ref(&first)
        );
        assert!(snapshot.all::<Device>().expect("devices").is_empty());
        let found: Option<Customer> = snapshot
            .get_by(Table::CustomersByEmail, b"oliver@example.net")
            .expect("a look-up");
        assert_eq!(found, Some(first));
        assert!(check(&snapshot).expect("a check").1.is_empty());
    });
}

#[test]
fn a_reserved_number_is_not_given_out_unless_the_command_is_refused() {
    run(async {
        let store = opened();
        let refused = store
            .write(|tx: &mut Tx<'_>| -> Answer {
                tx.reserve(GenreId(70))?;
                Err(Refused::Rule)
            })
            .await;
        assert!(refused.is_err());
        let numbers = store
            .write(|tx: &mut Tx<'_>| -> Result<Vec<GenreId>, Refused> {
                let first = tx.next_id()?;
                tx.reserve(GenreId(7))?;
                tx.reserve(GenreId(3))?;
                Ok(vec![first, tx.next_id()?, tx.next_id()?])
            })
            .await
            .expect("numbers");
        assert_eq!(numbers, [GenreId(1), GenreId(8), GenreId(9)]);
    });
}

#[test]
fn a_snapshot_shows_what_was_there_when_it_was_taken() {
    run(async {
        let store = opened();
        let before = store.read().expect("a snapshot");
        store.write(genre).await.expect("a genre");
        assert!(before.all::<Genre>().expect("genres").is_empty());
        assert_eq!(
            store
                .read()
                .expect("a snapshot")
                .all::<Genre>()
                .expect("genres")
                .len(),
            1
        );
    });
}

// ---- pages

/// Some of the states a list can be asked for, how many to leave out, how many to show.
fn query() -> impl Strategy<Value = (BTreeSet<usize>, u64, usize)> {
    (
        btree_set(0..CustomerStatus::ALL.len(), 0..=6),
        0_u64..70,
        1_usize..12,
    )
}

/// What becomes of the customer at an index, if there is one: another state, or removal.
fn turn() -> impl Strategy<Value = (usize, Option<usize>)> {
    (
        0_usize..60,
        proptest::option::weighted(0.7, 0..CustomerStatus::ALL.len()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_page_is_what_sorting_all_of_them_gives(
        // Numbers over five blocks of the counted index.
        people in btree_map(1_u64..5_000, 0..CustomerStatus::ALL.len(), 0..60),
        turns in vec(turn(), 0..20),
        queries in vec(query(), 1..8),
    ) {
        run(async {
            let store = opened();
            let joined = people.clone();
            let mut model = people;
            let mut turned = Vec::new();
            for (index, status) in turns {
                let Some(number) = model.keys().nth(index).copied() else { continue };
                turned.push((number, status));
                match status {
                    Some(status) => model.insert(number, status),
                    None => model.remove(&number),
                };
            }
            store
                .write(move |tx: &mut Tx<'_>| -> Answer {
                    for (number, status) in joined {
                        tx.reserve(CustomerId(number))?;
                        tx.put(&person(number, None, status))?;
                    }
                    Ok(())
                })
                .await
                .expect("people");
            store
                .write(move |tx: &mut Tx<'_>| -> Answer {
                    for (number, status) in turned {
                        match status {
                            Some(status) => tx.put(&person(number, None, status))?,
                            None => assert!(tx.remove::<Customer>(&CustomerId(number))?),
                        }
                    }
                    Ok(())
                })
                .await
                .expect("turns");
            for (statuses, offset, limit) in queries {
                let expected: Vec<u64> = model
                    .iter()
                    .filter(|(_, status)| statuses.contains(*status))
                    .map(|(number, _)| *number)
                    .skip(usize::try_from(offset).expect("small"))
                    .take(limit)
                    .collect();
                let fronts: Vec<Vec<u8>> =
                    statuses
                        .iter()
                        .map(|status| vec![CustomerStatus::ALL[*status] as u8])
                        .collect();
                let index = Table::CustomersByStatus;
                let page = store.read().expect("a snapshot").page(index, &fronts, offset, limit);
                assert_eq!(page.expect("a page"), expected);
                let page = store
                    .write(move |tx: &mut Tx<'_>| -> Result<Vec<u64>, Refused> {
                        Ok(tx.page(index, &fronts, offset, limit)?)
                    })
                    .await;
                assert_eq!(page.expect("a page inside a command"), expected);
            }
            let (_, findings) = check(&store.read().expect("a snapshot")).expect("a check");
            assert!(findings.is_empty(), "{findings:?}");
        });
    }
}

// ---- check

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

/// What `check` says of a file that was spoiled.
fn findings_after(table: Table, spoil: impl FnOnce(&mut Rows<'_>)) -> Vec<Finding> {
    let (_folder, path) = filled();
    plant(&path, table, spoil);
    let store = Store::open(Storage::File(path)).expect("a file");
    let snapshot = store.read().expect("a snapshot");
    let (records, findings) = check(&snapshot).expect("findings, not an error");
    assert!(records >= 8, "{records} records");
    findings
}

#[track_caller]
fn assert_named(findings: &[Finding], place: &str, problem: &str) {
    let named = findings
        .iter()
        .any(|finding| finding.place.starts_with(place) && finding.problem.contains(problem));
    assert!(named, "`{place}: {problem}` is none of {findings:?}");
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

#[test]
fn check_finds_nothing_in_a_file_that_nobody_spoiled() {
    let findings = findings_after(Table::Meta, |_| {});
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn check_names_an_index_entry_that_is_missing() {
    for (table, entry, place) in [
        (
            Table::CustomersByEmail,
            b"thea@example.net".to_vec(),
            "customers 2",
        ),
        (Table::CustomersByLogin, b"thea".to_vec(), "customers 2"),
        (
            Table::CustomersByStatus,
            [vec![0], key(2)].concat(),
            "customers 2",
        ),
        (
            Table::DevicesByCustomer,
            [key(3), key(3)].concat(),
            "devices 3",
        ),
        (Table::DevicesByForeign, b"device-1".to_vec(), "devices 1"),
    ] {
        let findings = findings_after(table, |rows| remove(rows, &entry));
        let problem = format!("its entry in {} is missing or wrong", table.name());
        assert_named(&findings, place, &problem);
    }
}

#[test]
fn check_names_an_index_entry_that_leads_to_another_record() {
    let findings = findings_after(Table::CustomersByLogin, |rows| {
        insert(rows, b"thea", &key(3));
    });
    assert_named(
        &findings,
        "customers 2",
        "its entry in customers_by_login is missing or wrong",
    );
}

#[test]
fn check_names_an_index_entry_that_no_record_makes() {
    let findings = findings_after(Table::CustomersByLogin, |rows| {
        insert(rows, b"ghost", &key(1));
    });
    assert_named(
        &findings,
        "customers_by_login ghost",
        "no record of customers makes this entry",
    );
    let entry = [key(1), key(77)].concat();
    let findings = findings_after(Table::DevicesByCustomer, |rows| insert(rows, &entry, &[]));
    assert_named(
        &findings,
        "devices_by_customer",
        "no record of devices makes this entry",
    );
}

#[test]
fn check_names_a_wrong_count() {
    let findings = findings_after(Table::Blocks, |rows| {
        let first = rows
            .first()
            .expect("a read")
            .expect("a row")
            .0
            .value()
            .to_vec();
        insert(rows, &first, &key(99));
    });
    assert_named(&findings, "blocks", "the count differs from the entries");
    let findings = findings_after(Table::Blocks, |rows| {
        let first = rows
            .first()
            .expect("a read")
            .expect("a row")
            .0
            .value()
            .to_vec();
        remove(rows, &first);
    });
    assert_named(&findings, "blocks", "the count is missing");
    let findings = findings_after(Table::Blocks, |rows| insert(rows, b"nowhere", &key(1)));
    assert_named(&findings, "blocks", "the count differs from the entries");
}

#[test]
fn check_names_a_sequence_that_would_repeat_a_number() {
    let findings = findings_after(Table::Sequences, |rows| insert(rows, b"customer", &key(3)));
    assert_named(
        &findings,
        "sequences customer",
        "would give out a number again",
    );
    let findings = findings_after(Table::Sequences, |rows| remove(rows, b"device"));
    assert_named(
        &findings,
        "sequences device",
        "would give out a number again",
    );
}

#[test]
fn check_names_a_record_under_a_key_that_is_not_its_own() {
    let findings = findings_after(Table::Devices, |rows| {
        let device = value_of(rows, &key(1));
        insert(rows, &key(9), &device);
    });
    assert_named(&findings, "devices 9", "under another key than its own");
}

#[test]
fn check_names_a_record_that_does_not_decode() {
    let findings = findings_after(Table::Devices, |rows| insert(rows, &key(2), &[1, 2, 0xff]));
    assert_named(&findings, "devices 2", "does not decode");
    let findings = findings_after(Table::Devices, |rows| insert(rows, &key(2), &[]));
    assert_named(&findings, "devices 2", "is empty");
    let findings = findings_after(Table::Devices, |rows| {
        let mut device = value_of(rows, &key(2));
        device.push(0);
        insert(rows, &key(2), &device);
    });
    assert_named(&findings, "devices 2", "1 bytes too many");
    let findings = findings_after(Table::Customers, |rows| {
        let mut customer = value_of(rows, &key(2));
        customer[0] = 99;
        insert(rows, &key(2), &customer);
    });
    assert_named(&findings, "customers 2", "has version 99");
}

/// The audit log is walked twice; neither walk may give up at a line that does not decode.
#[test]
fn check_names_a_line_of_the_audit_log_that_does_not_decode() {
    let findings = findings_after(Table::Audits, |rows| insert(rows, &key(2), &[1, 0xff]));
    assert_named(&findings, "audits 2", "does not decode");
}

#[test]
fn check_names_a_line_of_the_audit_log_that_was_changed() {
    let findings = findings_after(Table::Audits, |rows| {
        let line = codec::decode::<Audit>(&value_of(rows, &key(2))).expect("a line");
        let line = Audit {
            actor_name: "somebody else".to_owned(),
            ..line
        };
        insert(rows, &key(2), &codec::encode(&line).expect("bytes"));
    });
    assert_named(&findings, "audits 2", "does not fit the chain");
}

#[test]
fn check_names_a_gap_in_the_audit_log() {
    for gone in [1, 2] {
        let findings = findings_after(Table::Audits, |rows| remove(rows, &key(gone)));
        assert_named(
            &findings,
            &format!("audits {}", gone + 1),
            "does not fit the chain",
        );
    }
}

/// Nothing follows the newest line, but its hash is kept elsewhere, too.
#[test]
fn check_notices_that_the_newest_line_of_the_audit_log_is_gone() {
    let findings = findings_after(Table::Audits, |rows| remove(rows, &key(3)));
    assert!(
        !findings.is_empty(),
        "the end of the chain was cut off unnoticed"
    );
}

/// Text of 2^63 bytes cannot be there, and memory for it must not be asked for.
#[test]
fn check_outlives_a_length_that_is_absurd() {
    let findings = findings_after(Table::Genres, |rows| {
        let mut genre = codec::encode(&Genre {
            id: GenreId(1),
            title: String::new(),
        })
        .expect("bytes");
        genre.pop();
        genre.push(0xfd);
        genre.extend_from_slice(&(1_u64 << 63).to_le_bytes());
        insert(rows, &key(1), &genre);
    });
    assert_named(&findings, "genres 1", "does not decode");
}

// ---- the writer

fn genre(tx: &mut Tx<'_>) -> Result<GenreId, Refused> {
    let id = tx.next_id()?;
    tx.put(&Genre {
        id,
        title: format!("Genre {}", id.0),
    })?;
    Ok(id)
}

#[test]
fn commands_that_wait_share_a_commit() {
    run(async {
        let store = opened();
        let held = hold(&store).await.expect("a writer");
        let before = (store.figures().commits(), store.figures().commands());
        let mut queued = Vec::new();
        for _ in 0..=2 * BATCH_MAX {
            queued.push(queue(store.write(genre)).await);
        }
        held.let_go().await;
        for (number, write) in (1..).zip(queued) {
            assert_eq!(
                write.answer().await.expect("a genre"),
                GenreId(number),
                "in their order"
            );
        }
        let figures = store.figures();
        let commands = 2 * u64::try_from(BATCH_MAX).expect("small") + 1;
        assert_eq!(
            (figures.commits() - before.0, figures.commands() - before.1),
            (3, commands)
        );
    });
}

/// What a refused command wanted sent is taken back with it: the next one of the same commit wakes
/// nobody.
#[test]
fn a_refused_command_has_nothing_to_send() {
    fn letter(tx: &mut Tx<'_>) -> Result<(), Refused> {
        let content = MessageContent::Invoice(InvoiceId(1));
        let id = tx.next_id()?;
        let now = Timestamp::from_micros(1_000_000).ok_or(Refused::Rule)?;
        let message = Message {
            id,
            ..Message::new(CustomerId(1), content, now)
        };
        Ok(tx.put(&message)?)
    }
    run(async {
        let store = opened();
        let held = hold(&store).await.expect("a writer");
        let refused = |tx: &mut Tx<'_>| letter(tx).and(Err::<(), _>(Refused::Rule));
        let refused = queue(store.write(refused)).await;
        let plain = |tx: &mut Tx<'_>| genre(tx).map(|_| tx.written());
        let plain = queue(store.write(plain)).await;
        let writes = |tx: &mut Tx<'_>| letter(tx).map(|()| tx.written());
        let writes = queue(store.write(writes)).await;
        held.let_go().await;
        refused.answer().await.expect_err("it is refused");
        let due = Table::MessagesByDue;
        assert!(!plain.answer().await.expect("a genre").contains(due));
        assert!(writes.answer().await.expect("a letter").contains(due));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_need_few_commits() {
    const WRITERS: u64 = 256;
    const EACH: u64 = 4;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("boxoffice.redb");
    let store = Arc::new(Store::open(Storage::File(path)).expect("a new file"));
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for _ in 0..EACH {
                store.write(genre).await.expect("a genre");
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("a writer");
    }
    let (commits, commands) = (store.figures().commits(), store.figures().commands());
    assert_eq!(commands, WRITERS * EACH);
    assert!(
        commits * 4 < commands,
        "{commits} commits for {commands} commands"
    );
    assert_eq!(store.figures().waiting(), 0);
    let genres = store
        .read()
        .expect("a snapshot")
        .all::<Genre>()
        .expect("genres");
    let numbers: Vec<u64> = genres.iter().map(|genre| genre.id.0).collect();
    assert_eq!(numbers, (1..=WRITERS * EACH).collect::<Vec<_>>());
}

#[test]
fn one_command_more_than_may_wait_is_refused_as_busy() {
    run(async {
        let store = opened();
        let held = hold(&store).await.expect("a writer");
        let mut queued = Vec::new();
        for _ in 0..QUEUE_MAX {
            let write = queue(store.write(genre)).await;
            assert!(matches!(write, Queued::Waiting(_)), "there is room for it");
            queued.push(write);
        }
        assert_eq!(usize::try_from(store.figures().waiting()), Ok(QUEUE_MAX));
        let refused = store.write(genre).await;
        assert!(
            matches!(refused, Err(Refused::Store(StoreError::Busy))),
            "{refused:?}"
        );
        // Who waits does not hinder who reads.
        assert!(
            store
                .read()
                .expect("a snapshot")
                .all::<Genre>()
                .expect("genres")
                .is_empty()
        );
        held.let_go().await;
        for write in queued {
            write.answer().await.expect("a genre");
        }
        let snapshot = store.read().expect("a snapshot");
        assert_eq!(
            usize::try_from(snapshot.rows(Table::Genres).expect("rows")),
            Ok(QUEUE_MAX)
        );
        assert_eq!(store.figures().waiting(), 0);
    });
}

#[test]
fn a_command_stands_though_nobody_waits_for_its_answer() {
    run(async {
        let store = opened();
        let held = hold(&store).await.expect("a writer");
        drop(queue(store.write(genre)).await);
        held.let_go().await;
        assert_eq!(store.write(genre).await.expect("a genre"), GenreId(2));
        let genres = store
            .read()
            .expect("a snapshot")
            .all::<Genre>()
            .expect("genres");
        assert_eq!(genres.len(), 2);
    });
}

#[test]
fn a_command_that_was_never_handed_over_does_nothing() {
    run(async {
        let store = opened();
        drop(store.write(genre));
        assert_eq!(store.write(genre).await.expect("a genre"), GenreId(1));
    });
}

#[test]
fn closing_works_off_what_was_accepted() {
    let (_folder, path) = filled();
    run(async {
        let store = Store::open(Storage::File(path.clone())).expect("a file");
        let held = hold(&store).await.expect("a writer");
        let mut queued = Vec::new();
        for _ in 0..10 {
            queued.push(queue(store.write(genre)).await);
        }
        drop(held);
        store.close();
        for write in queued {
            write.answer().await.expect("a genre");
        }
        let late = store.write(genre).await;
        assert!(
            matches!(late, Err(Refused::Store(StoreError::Closed))),
            "{late:?}"
        );
        assert!(store.read().is_err(), "there is nothing to read any more");
        store.close();
    });
    let store = Store::open(Storage::File(path)).expect("a file that was let go of");
    let snapshot = store.read().expect("a snapshot");
    assert_eq!(snapshot.all::<Genre>().expect("genres").len(), 10);
    assert!(check(&snapshot).expect("a check").1.is_empty());
}

// ---- opening

#[test]
fn a_file_of_a_newer_program_is_refused_and_left_alone() {
    let (_folder, path) = filled();
    plant(&path, Table::Meta, |rows| {
        insert(rows, b"layout", &key(LAYOUT + 1));
    });
    let error = Store::open(Storage::File(path.clone()))
        .err()
        .expect("a refusal");
    let newer = matches!(
        error,
        StoreError::TooNew { found, known: LAYOUT } if found == LAYOUT + 1
    );
    assert!(newer, "{error:?}");
    let told = error.to_string();
    assert!(told.contains(&format!("layout {}", LAYOUT + 1)), "{told}");
    assert!(told.contains("use a newer boxoffice"), "{told}");
    plant(&path, Table::Meta, |rows| {
        assert_eq!(value_of(rows, b"layout"), key(LAYOUT + 1));
        insert(rows, b"layout", &key(LAYOUT));
    });
    let store = Store::open(Storage::File(path)).expect("a file of this program");
    let snapshot = store.read().expect("a snapshot");
    assert_eq!(snapshot.all::<Customer>().expect("customers").len(), 3);
}

/// What older programs held to be due, and is not: left in the index it would be worked for ever.
#[test]
fn a_file_of_an_older_program_is_brought_in_step() {
    // Layout 10 has a test of its own.
    for layout in 4..9 {
        let (_folder, path) = filled();
        // The last step for each of them.
        let index = if layout < 8 {
            Table::OrdersByDue
        } else {
            Table::MessagesByDue
        };
        plant(&path, index, |rows| {
            insert(rows, &[1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1], b"");
        });
        plant(&path, Table::Meta, |rows| {
            insert(rows, b"layout", &key(layout));
        });
        let store = Store::open(Storage::File(path)).expect("a file of this program");
        let snapshot = store.read().expect("a snapshot");
        let (_, findings) = check(&snapshot).expect("a check");
        assert!(findings.is_empty(), "layout {layout}: {findings:?}");
    }
}

/// A login and a contract number with blanks around them stood in the indexes as they were written.
#[test]
fn names_with_blanks_get_their_place_without_them() {
    let (_folder, path) = filled();
    let store = Store::open(Storage::File(path.clone())).expect("a file of this program");
    let id = CustomerId(4);
    let put = run(store.write(move |tx: &mut Tx<'_>| -> Answer {
        assert_eq!(tx.next_id::<CustomerId>()?, id);
        let padded = Customer {
            account_number: Some("\tK-9 ".to_owned()),
            email: None,
            ..kit::customer(id, "\tBob ")
        };
        Ok(tx.put(&padded)?)
    }));
    put.expect("a customer");
    drop(store);
    for (index, now, before) in [
        (Table::CustomersByFoldedLogin, "bob", "\tbob"),
        (Table::CustomersByAccount, "k-9", "\tk-9"),
    ] {
        let entry = |name: &str| [name.as_bytes(), &[0], &id.0.to_be_bytes()].concat();
        plant(&path, index, |rows| {
            remove(rows, &entry(now));
            insert(rows, &entry(before), b"");
        });
    }
    plant(&path, Table::Meta, |rows| {
        insert(rows, b"layout", &key(9));
    });
    let store = Store::open(Storage::File(path)).expect("a file of this program");
    let (_, findings) = check(&store.read().expect("a snapshot")).expect("a check");
    assert!(findings.is_empty(), "{findings:?}");
}

/// Typed references stood in the index as they were typed, so that two could be one by now; batches
/// did not know how many of their vouchers are used.
#[test]
fn typed_references_and_used_vouchers_are_brought_in_step() {
    let (_folder, path) = filled();
    let store = Store::open(Storage::File(path.clone())).expect("a file of this program");
    let typed = [
        ("bank", "B-1"),
        ("bank", "b-1 "),
        ("stripe", "pi_A"),
        ("bank", "x"),
    ];
    let put = run(store.write(move |tx: &mut Tx<'_>| -> Answer {
        for (method, _) in typed {
            let id: PaymentId = tx.next_id()?;
            let payment = Payment {
                id,
                method: method.to_owned(),
                reference: Some(id.0.to_string()),
                client_key: None,
                ..crate::contract::money::payment()
            };
            tx.put(&payment)?;
        }
        let batch = VoucherBatch {
            id: tx.next_id()?,
            is_liability: false,
            used_count: 0,
            sold_count: 0,
            ..crate::contract::money::voucher_batch()
        };
        tx.put(&batch)?;
        for used in [None, Some(PaymentId(1)), Some(PaymentId(2))] {
            let id: VoucherId = tx.next_id()?;
            let mut code_hash = [0; 32];
            code_hash[0] = u8::try_from(id.0).expect("a small number");
            tx.put(&Voucher {
                id,
                batch: batch.id,
                code_hash,
                used,
            })?;
        }
        Ok(())
    }));
    put.expect("payments and vouchers");
    drop(store);
    let ids: Vec<u64> = (1..=4).collect();
    // As the program before wrote them: by every byte of the reference.
    for (id, (method, reference)) in ids.iter().zip(typed) {
        let place = |text: &str| [method.as_bytes(), &[0], text.as_bytes()].concat();
        plant(&path, Table::PaymentsByReference, |rows| {
            remove(rows, &place(&id.to_string()));
            insert(rows, &place(reference), &key(*id));
        });
        plant(&path, Table::Payments, |rows| {
            let payment = Payment {
                id: PaymentId(*id),
                method: method.to_owned(),
                reference: Some(reference.to_owned()),
                client_key: None,
                ..crate::contract::money::payment()
            };
            insert(rows, &key(*id), &codec::encode(&payment).expect("bytes"));
        });
    }
    plant(&path, Table::Meta, |rows| {
        insert(rows, b"layout", &key(9));
    });
    let store = Store::open(Storage::File(path)).expect("a file of this program");
    let snapshot = store.read().expect("a snapshot");
    let (_, findings) = check(&snapshot).expect("a check");
    assert!(findings.is_empty(), "{findings:?}");
    let of = |id: u64| {
        let payment = snapshot.get::<Payment>(&PaymentId(id)).expect("a read");
        payment.and_then(|payment| payment.reference)
    };
    assert_eq!(of(1).as_deref(), Some("B-1"));
    assert_eq!(of(2).as_deref(), Some("b-1 (payment 2)"));
    assert_eq!(of(3).as_deref(), Some("pi_A"));
    let batches: Vec<VoucherBatch> = snapshot.all().expect("batches");
    assert_eq!(batches[0].used_count, 2);
}

#[test]
fn a_file_whose_layout_number_is_damaged_is_refused() {
    let (_folder, path) = filled();
    plant(&path, Table::Meta, |rows| insert(rows, b"layout", b"one"));
    let error = Store::open(Storage::File(path)).err().expect("a refusal");
    assert!(
        matches!(error, StoreError::Corrupt { table: "meta", .. }),
        "{error:?}"
    );
}

#[test]
fn a_file_that_is_none_of_ours_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("boxoffice.redb");
    std::fs::write(
        &path,
        "something else entirely, and long enough ".repeat(1_000),
    )
    .expect("a file");
    assert!(Store::open(Storage::File(path)).is_err());
}

#[test]
fn a_file_that_is_open_cannot_be_opened_again() {
    let (_folder, path) = filled();
    let store = Store::open(Storage::File(path.clone())).expect("a file");
    let error = Store::open(Storage::File(path.clone()))
        .err()
        .expect("a refusal");
    assert!(matches!(error, StoreError::InUse), "{error:?}");
    assert!(run(store.write(genre)).is_ok(), "the first goes on");
    drop(store);
    assert!(Store::open(Storage::File(path)).is_ok());
}

#[test]
fn everything_is_there_after_the_file_was_closed_and_opened() {
    let (_folder, path) = filled();
    let store = Store::open(Storage::File(path)).expect("a file");
    let snapshot = store.read().expect("a snapshot");
    let customers = snapshot.all::<Customer>().expect("customers");
    let names: Vec<&str> = customers
        .iter()
        .filter_map(|customer| customer.login.as_deref())
        .collect();
    assert_eq!(names, ["oliver", "thea", "moira"]);
    let line = snapshot
        .get::<Audit>(&AuditId(3))
        .expect("a read")
        .expect("a line");
    assert_eq!(line.request_id, "customer.create-3");
}
