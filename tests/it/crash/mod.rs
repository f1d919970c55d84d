//! What the store keeps when the disk fails it: a workload of typed records, what it must have left
//! after each batch, and the disks it is run on.

mod disk;
mod extending;
mod full_disk;
mod imports;
mod power;
mod renewals;

use std::collections::BTreeMap;

use boxoffice::domain::billing::order::Order;
use boxoffice::domain::customers::device::Device;
use boxoffice::domain::customers::{Customer, CustomerStatus};
use boxoffice::domain::event::Audit;
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::id::{CustomerId, DeviceId, OrderId};
use boxoffice::store::{Read, Snapshot, Store, StoreError, Tx, append_audit, check};

use crate::kit::{self, Answer, Command, Refused};
use disk::Disk;

/// One command. Guests are told apart by their logins; customers and devices are named by number.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Guest n becomes a customer with a device and an order, unless he is one already.
    Join(u32),
    /// As `Join`, and refused when all is written.
    Spoiled(u32),
    /// A customer gets another e-mail address and changes between active and suspended.
    Change(u64),
    /// A device is removed without a trace but the audit line.
    Unplug(u64),
}

/// Batches that have every kind of command in them, and every kind of refusal.
fn workload() -> Vec<Vec<Step>> {
    use Step::{Change, Join, Spoiled, Unplug};
    vec![
        vec![Join(0)],
        vec![Join(1), Spoiled(2), Join(3)],
        vec![Change(1), Join(0), Join(4), Spoiled(5), Change(2)],
        vec![Spoiled(6), Join(1)],
        vec![Join(7), Join(8), Join(9), Spoiled(10), Join(11), Unplug(2)],
        vec![Change(1), Change(3), Unplug(1)],
        vec![Join(12)],
        vec![Spoiled(13), Join(14), Change(8), Join(14)],
        vec![Unplug(4), Unplug(5), Join(15)],
    ]
}

impl Step {
    fn command(self) -> Command {
        kit::command(move |tx| self.run(tx))
    }

    fn run(self, tx: &mut Tx<'_>) -> Answer {
        match self {
            Self::Join(guest) => join(tx, guest).map(drop),
            Self::Spoiled(guest) => join(tx, guest).and(Err(Refused::Rule)),
            Self::Change(number) => {
                let customer = tx
                    .get::<Customer>(&CustomerId(number))?
                    .ok_or(Refused::Rule)?;
                tx.put(&changed(customer))?;
                append_audit(tx, kit::line("customer.change", number))?;
                Ok(())
            }
            Self::Unplug(number) => {
                if !tx.remove::<Device>(&DeviceId(number))? {
                    return Err(Refused::Rule);
                }
                append_audit(tx, kit::line("device.remove", number))?;
                Ok(())
            }
        }
    }
}

/// The numbers that the new customer, device and order got.
fn join(tx: &mut Tx<'_>, guest: u32) -> Result<[u64; 3], Refused> {
    let customer = tx.next_id()?;
    tx.put(&kit::customer(customer, &login(guest)))?;
    let device = tx.next_id()?;
    tx.put(&kit::device(device, customer))?;
    let order = tx.next_id()?;
    tx.put(&kit::order(order, customer))?;
    append_audit(tx, kit::line("customer.create", customer.0))?;
    Ok([customer.0, device.0, order.0])
}

fn login(guest: u32) -> String {
    format!("guest-{guest}")
}

fn changed(customer: Customer) -> Customer {
    let status = match customer.status {
        CustomerStatus::Active => CustomerStatus::SuspendedByBilling,
        _ => CustomerStatus::Active,
    };
    let address = format!("moved-{}-{}@example.net", customer.id.0, status as u8);
    Customer {
        email: Email::parse(&address),
        status,
        ..customer
    }
}

/// All that the workload can have left. Indexes, counts and the audit chain are `check`'s to judge.
#[derive(Clone, PartialEq)]
struct Contents {
    customers: BTreeMap<u64, Customer>,
    devices: BTreeMap<u64, Device>,
    orders: BTreeMap<u64, Order>,
    /// Number and action of each audit line.
    lines: Vec<(u64, String)>,
    /// What the next customer, device and order are numbered.
    next: [u64; 3],
}

impl Contents {
    fn nothing() -> Self {
        Self {
            customers: BTreeMap::new(),
            devices: BTreeMap::new(),
            orders: BTreeMap::new(),
            lines: Vec::new(),
            next: [1; 3],
        }
    }

    /// What the step does and whether it stands: the store's rules told again, without a store.
    fn apply(&mut self, step: Step) -> bool {
        match step {
            Step::Join(guest) => {
                let login = login(guest);
                if self
                    .customers
                    .values()
                    .any(|held| held.login.as_ref() == Some(&login))
                {
                    return false;
                }
                let [customer, device, order] = self.next;
                let (number, id) = (customer, CustomerId(customer));
                self.customers.insert(number, kit::customer(id, &login));
                self.devices
                    .insert(device, kit::device(DeviceId(device), id));
                let placed = kit::order(OrderId(order), id);
                self.orders.insert(order, placed);
                self.next = [customer + 1, device + 1, order + 1];
                self.note("customer.create");
                true
            }
            Step::Spoiled(_) => false,
            Step::Change(number) => {
                let Some(customer) = self.customers.get(&number).cloned() else {
                    return false;
                };
                self.customers.insert(number, changed(customer));
                self.note("customer.change");
                true
            }
            Step::Unplug(number) => {
                if self.devices.remove(&number).is_none() {
                    return false;
                }
                self.note("device.remove");
                true
            }
        }
    }

    fn note(&mut self, action: &str) {
        let number = self.lines.len() as u64 + 1;
        self.lines.push((number, action.to_owned()));
    }

    /// What a file holds; `next` is for the caller to find out.
    fn read(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let customers = snapshot.all::<Customer>()?;
        let devices = snapshot.all::<Device>()?;
        let orders = snapshot.all::<Order>()?;
        let lines = snapshot.all::<Audit>()?;
        Ok(Self {
            customers: customers
                .into_iter()
                .map(|customer| (customer.id.0, customer))
                .collect(),
            devices: devices
                .into_iter()
                .map(|device| (device.id.0, device))
                .collect(),
            orders: orders
                .into_iter()
                .map(|order| (order.id.0, order))
                .collect(),
            lines: lines
                .into_iter()
                .map(|line| (line.id.0, line.action))
                .collect(),
            next: [0; 3],
        })
    }
}

/// For messages: whole contents would fill pages.
impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "customers {:?}, devices {:?}, orders {:?}, {} lines, next {:?}",
            self.customers.keys(),
            self.devices.keys(),
            self.orders.keys(),
            self.lines.len(),
            self.next
        )
    }
}

/// A guest of none of the workloads.
const STRANGER: u32 = 1_000;

/// Opens what a power cut left, proves it, and sees that it takes one more write.
async fn recovered(disk: &Disk) -> Result<Contents, String> {
    let store = Store::open(disk.storage()).map_err(|error| format!("does not open: {error}"))?;
    let mut contents = proved(&store)?;
    contents.next = store
        .write(|tx: &mut Tx<'_>| join(tx, STRANGER))
        .await
        .map_err(|refused| format!("takes no more writes: {refused:?}"))?;
    let added = proved(&store)?;
    if added.lines.len() == contents.lines.len() + 1 {
        Ok(contents)
    } else {
        Err(format!("one more write made {added:?} of {contents:?}"))
    }
}

/// Reads the file and has it checked.
fn proved(store: &Store) -> Result<Contents, String> {
    let snapshot = store.read().map_err(|error| error.to_string())?;
    let (_, findings) = check(&snapshot).map_err(|error| format!("check gives up: {error}"))?;
    match findings.first() {
        Some(first) => Err(format!("{} findings, the first: {first}", findings.len())),
        None => Contents::read(&snapshot).map_err(|error| error.to_string()),
    }
}
