//! A refused command leaves nothing: whatever is written against a model of it.

use std::collections::BTreeMap;

use boxoffice::domain::customers::device::Device;
use boxoffice::domain::customers::{Customer, CustomerStatus};
use boxoffice::domain::event::Audit;
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::id::{CustomerId, DeviceId, GenreId};
use boxoffice::store::{Read, StoreError, Table, Tx, append_audit, check};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{opened, person};
use crate::kit::{self, Answer, Command, Refused, command, run, together};

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
