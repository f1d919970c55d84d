//! Rows of `subscribers` made, changed and removed: the customer, the box, the plan, optional
//! packages and single channels, each request in one commit.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::billing::giving;
use crate::domain::boxes::event::BoxEventKind;
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::customers::device::{DEVICES_PER_CUSTOMER_MAX, Device};
use crate::domain::customers::{Customer, CustomerPassword, CustomerStatus, PaidUntil};
use crate::domain::event::ActivityAction;
use crate::domain::refusal::Refusal;
use crate::domain::staff::{PASSWORD_BYTES_MAX, Permission};
use crate::domain::values::contact::{fold, kept_name};
use crate::domain::values::id::{ChannelId, CustomerId, ResellerId, ServiceSpecId};
use crate::domain::values::mac::Mac;
use crate::domain::values::time::Timestamp;
use crate::ops::activity;
use crate::ops::boxes::events;
use crate::ops::customers::{devices, resellers};
use crate::ops::orders::plan::{self as set_plan, PlanEnd};
use crate::ops::rows::find::{By, Row, boxes_of, named};
use crate::ops::rows::switching;
use crate::ops::services::{choices, plan};
use crate::ops::{OpError, boxes, customers};
use crate::store::key::{owned_by, under_text};
use crate::store::{Read as _, Table, Tx};

/// What a caller says of a row; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct RowChange {
    pub login: Option<String>,
    /// In the clear: it is hashed before the commit and kept nowhere.
    pub password: Option<String>,
    pub full_name: Option<String>,
    pub phone: Option<String>,
    pub account_number: Option<String>,
    /// The operator's key of a plan; one that is not known means the default plan.
    pub plan: Option<String>,
    pub plan_ends_at: Option<Option<Timestamp>>,
    /// The operator's key of the plan that follows; one that is not known means the default plan.
    pub fallback: Option<String>,
    /// Switched on or off.
    pub on: Option<bool>,
    /// In its usual spelling; empty: the box is taken away.
    /// `Some(None)`: taken away.
    pub mac: Option<Option<Mac>>,
    pub comment: Option<String>,
    pub end: Option<PaidUntil>,
    pub balance_text: Option<String>,
    pub additional_services_on: Option<bool>,
    pub reseller: Option<Option<ResellerId>>,
    /// The boxes are told to stop or to come back also where they were so before.
    pub always_cut: bool,
    pub reboot: bool,
}

/// Makes a row: an active customer unless said otherwise, with a box if a MAC is given.
pub async fn create(ctx: &Ctx, mut input: RowChange) -> Result<Row, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    let password = hashed(ctx, input.password.take())?;
    ctx.write(move |ctx, tx| {
        let provider = ctx.app.config.alphaott.service_provider.clone();
        let nameless = input.login.is_none() && password.is_some();
        let id = if nameless {
            number_as_login(tx)?
        } else {
            tx.next_id()?
        };
        let mut customer = Customer::new(id, provider, ctx.now);
        if let Some(password) = password {
            customer.password = password;
            // Who has a password but no name to it gets the number as one.
            customer.login = Some(customer.id.0.to_string());
        }
        customer.reseller = ctx.actor.reseller();
        check_reseller_room(ctx, tx)?;
        assign(ctx, &mut customer, &input);
        customer.set_status(status_of(input.on.unwrap_or(true)), ctx.now);
        check_login(tx, &customer)?;
        let device = match input.mac.flatten() {
            Some(mac) => Some(new_box(ctx, tx, customer.id, mac)?),
            None => None,
        };
        check_reseller(tx, &customer)?;
        crate::ops::create(ctx, tx, "customer.create", &customer)?;
        if let Some(device) = &device {
            crate::ops::create(ctx, tx, "device.add", device)?;
            let added = ActivityAction::DeviceAdded;
            activity::record(ctx, tx, customer.id, Some(device), added, Vec::new())?;
        }
        assign_plan(ctx, tx, customer.id, &input)?;
        Ok(Row {
            customer: crate::ops::get(tx, customer.id)?,
            device,
            by_mac: false,
        })
    })
    .await
}

/// Changes the rows that names mean, all or none. Answers how many there are.
pub async fn update(
    ctx: &Ctx,
    by: By,
    names: Vec<String>,
    mut input: RowChange,
) -> Result<usize, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    let password = input
        .password
        .take()
        .filter(|password| !password.is_empty());
    let password = hashed(ctx, password)?;
    ctx.write(move |ctx, tx| {
        let (rows, _) = named(ctx, tx, by, &names)?;
        let customers: BTreeSet<CustomerId> = rows.iter().map(|row| row.customer.id).collect();
        let several = customers.len() > 1;
        for id in customers {
            let same: Vec<&Row> = rows.iter().filter(|row| row.customer.id == id).collect();
            let Some(first) = same.first() else { continue };
            let on = switching::switch(ctx, tx, by, &same, input.on)?;
            let input = RowChange {
                on,
                ..input.clone()
            };
            update_customer(ctx, tx, first, &input, password.as_ref(), several)?;
        }
        for row in &rows {
            command_box(ctx, tx, row, &input)?;
        }
        Ok(rows.len())
    })
    .await
}

fn update_customer(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &Row,
    input: &RowChange,
    password: Option<&CustomerPassword>,
    several: bool,
) -> Result<(), OpError> {
    let before: Customer = crate::ops::get(tx, row.customer.id)?;
    let mut after = before.clone();
    assign(ctx, &mut after, input);
    if let Some(password) = password {
        after.password = password.clone();
    }
    if let Some(on) = input.on {
        // Whoever is off for another reason stays off for that one.
        let is_on = before.status == CustomerStatus::Active;
        if on != is_on {
            after.set_status(status_of(on), ctx.now);
        }
    }
    if input.login.is_some() {
        // One login for several would be nobody's.
        if several {
            return Err(Refusal::LoginTaken.into());
        }
        check_login(tx, &after)?;
    }
    if after.reseller != before.reseller {
        check_reseller(tx, &after)?;
    }
    if after != before {
        after.updated_at = ctx.now;
        // The caller is the operator's own billing: its word counts, and the debt stays.
        customers::check_lifted(ctx, &before, &after)?;
        let action = if giving::lifts_suspension(before.status, after.status) {
            "customer.override_debt"
        } else {
            "customer.update"
        };
        crate::ops::change(ctx, tx, action, &before, &after)?;
    }
    if let Some(mac) = input.mac {
        if let Some(mac) = mac.filter(|_| several) {
            return Err(Refusal::MacTaken { mac }.into());
        }
        set_mac(ctx, tx, row, mac)?;
    }
    customers::record_status(ctx, tx, &before, &after)?;
    assign_plan(ctx, tx, after.id, input)
}

/// What the box of a row is told because somebody asked for it.
fn command_box(ctx: &Ctx, tx: &mut Tx<'_>, row: &Row, input: &RowChange) -> Result<(), OpError> {
    let Some(device) = &row.device else {
        return Ok(());
    };
    if let Some(on) = input.on.filter(|_| input.always_cut) {
        // Where it became so, it was told already.
        if on == row.is_on() {
            let kind = if on {
                BoxEventKind::CutOn
            } else {
                BoxEventKind::CutOff
            };
            events::queue(ctx, tx, device.id, events::notice(ctx, kind))?;
        }
    }
    if input.reboot {
        let notice = events::notice(ctx, BoxEventKind::Reboot);
        events::queue(ctx, tx, device.id, notice)?;
    }
    Ok(())
}

/// Removes the rows that names mean: the customer, or of a customer with several boxes the box that
/// a MAC names. Answers how many there were.
pub async fn remove(ctx: &Ctx, by: By, names: Vec<String>) -> Result<usize, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let (rows, _) = named(ctx, tx, by, &names)?;
        let mut left: Vec<&Row> = rows.iter().collect();
        while let Some(row) = left.first().copied() {
            let id = row.customer.id;
            let (same, others): (Vec<&Row>, Vec<&Row>) =
                left.into_iter().partition(|other| other.customer.id == id);
            left = others;
            let held = boxes_of(tx, id)?;
            let is_named = |device: &Device| {
                let known_by = device.known_by();
                known_by.is_some() && names.iter().any(|name| Mac::parse(name) == known_by)
            };
            // Files of before may have one MAC twice: then both boxes are meant.
            let (gone, stay): (Vec<Device>, Vec<Device>) = held.into_iter().partition(is_named);
            if !stay.is_empty() && same.iter().all(|row| row.by_mac) {
                for device in &gone {
                    devices::remove_in(ctx, tx, device)?;
                }
            } else {
                let before: Customer = crate::ops::get(tx, id)?;
                customers::remove_in(ctx, tx, &before)?;
            }
        }
        Ok(rows.len())
    })
    .await
}

fn status_of(on: bool) -> CustomerStatus {
    if on {
        CustomerStatus::Active
    } else {
        CustomerStatus::Inactive
    }
}

/// The quick hash of a password: argon2 would let a script wait that brings a whole base.
fn hashed(ctx: &Ctx, password: Option<String>) -> Result<Option<CustomerPassword>, OpError> {
    let Some(password) = password else {
        return Ok(None);
    };
    if password.is_empty() {
        return Ok(Some(CustomerPassword::Unset));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Refusal::PasswordLength {
            min: 1,
            max: PASSWORD_BYTES_MAX,
        }
        .into());
    }
    let salt = ctx.app.entropy.bytes()?;
    Ok(Some(ctx.app.passwords.quick(&password, salt)))
}

/// A reseller's own staff add no more customers than the reseller may have.
fn check_reseller_room(ctx: &Ctx, tx: &Tx<'_>) -> Result<(), OpError> {
    let Some(id) = ctx.actor.reseller() else {
        return Ok(());
    };
    let max = resellers::customers_max(tx, id)?;
    let Some(max) = max.and_then(|max| usize::try_from(max).ok()) else {
        return Ok(());
    };
    if tx.count_up_to(Table::CustomersByReseller, &owned_by(id), max)? >= max {
        return Err(Refusal::TooMany {
            what: "customers of the reseller",
            max,
        }
        .into());
    }
    Ok(())
}

/// The next number for a customer that is nobody's login.
fn number_as_login(tx: &mut Tx<'_>) -> Result<CustomerId, OpError> {
    loop {
        let id: CustomerId = tx.next_id()?;
        let front = under_text(&id.0.to_string());
        if tx.count_up_to(Table::CustomersByFoldedLogin, &front, 1)? == 0 {
            return Ok(id);
        }
    }
}

/// Refuses a login that another customer has, in whatever case.
fn check_login(tx: &Tx<'_>, customer: &Customer) -> Result<(), OpError> {
    let Some(login) = &customer.login else {
        return Ok(());
    };
    let holders = tx.numbers(Table::CustomersByFoldedLogin, &under_text(&fold(login)))?;
    if holders.iter().any(|holder| *holder != customer.id.0) {
        return Err(Refusal::LoginTaken.into());
    }
    Ok(())
}

fn check_reseller(tx: &Tx<'_>, customer: &Customer) -> Result<(), OpError> {
    match customer.reseller {
        Some(id) if !resellers::exists(tx, id)? => Err(Refusal::NoSuchReseller.into()),
        _ => Ok(()),
    }
}

fn assign(ctx: &Ctx, customer: &mut Customer, input: &RowChange) {
    fn set<T: Clone>(field: &mut T, input: Option<&T>) {
        if let Some(value) = input {
            field.clone_from(value);
        }
    }
    if let Some(login) = &input.login {
        customer.login = kept_name(login);
    }
    if let Some(account) = &input.account_number {
        customer.account_number = kept_name(account);
    }
    if let Some(full) = &input.full_name {
        customer.name.set_full(full);
    }
    if let Some(phone) = &input.phone {
        let others = customer.phones.iter().skip(1).cloned();
        let first = Some(phone.clone()).filter(|phone| !phone.is_empty());
        customer.phones = first.into_iter().chain(others).collect();
    }
    let profile = &mut customer.box_profile;
    set(&mut profile.comment, input.comment.as_ref());
    set(&mut profile.account_balance, input.balance_text.as_ref());
    set(
        &mut profile.additional_services_on,
        input.additional_services_on.as_ref(),
    );
    if let Some(end) = &input.end {
        profile.set_end(end);
    }
    // A reseller's customers stay the reseller's.
    if let Some(reseller) = input.reseller.filter(|_| ctx.actor.reseller().is_none()) {
        customer.reseller = reseller;
    }
}

/// The plan, its end and what follows it.
fn assign_plan(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: CustomerId,
    input: &RowChange,
) -> Result<(), OpError> {
    if let Some(key) = &input.plan {
        let customer: Customer = crate::ops::get(tx, id)?;
        let plan = plan::named(tx, key)?;
        let held = plan::present(tx, &customer, ctx.now)?;
        let same = held.as_ref().map(|order| order.product) == plan.as_ref().map(|plan| plan.id);
        if !same {
            set_plan::set(ctx, tx, id, plan.as_ref(), input.plan_ends_at.flatten())?;
        }
    }
    if input.plan_ends_at.is_none() && input.fallback.is_none() {
        return Ok(());
    }
    let customer: Customer = crate::ops::get(tx, id)?;
    let fallback = match &input.fallback {
        Some(key) => Some(plan::named(tx, key)?.map(|plan| plan.id)),
        None => None,
    };
    let held = plan::present(tx, &customer, ctx.now)?;
    // Nothing to say of a plan that is not there, and nothing that the default plan could not keep.
    let says_something = input.plan_ends_at.flatten().is_some() || fallback.flatten().is_some();
    let order = match held {
        Some(order) => Some(order),
        None if says_something => set_plan::own(ctx, tx, &customer)?,
        None => None,
    };
    let Some(order) = order else {
        return Ok(());
    };
    let end = PlanEnd {
        expires_at: input.plan_ends_at,
        fallback,
    };
    set_plan::set_end(ctx, tx, &order, end)
}

fn new_box(ctx: &Ctx, tx: &mut Tx<'_>, customer: CustomerId, mac: Mac) -> Result<Device, OpError> {
    let index = Table::DevicesByCustomer;
    let max = DEVICES_PER_CUSTOMER_MAX;
    if tx.count_up_to(index, &owned_by(customer), max)? >= max {
        return Err(Refusal::TooMany {
            what: "devices",
            max,
        }
        .into());
    }
    let device = Device::new_box(tx.next_id()?, customer, mac, ctx.now);
    devices::check_mac(&device)?;
    devices::claim_mac(ctx, tx, &device)?;
    Ok(device)
}

/// Binds a MAC to a customer as a new box: for a viewer who signed in on it.
pub(in crate::ops) fn add_box(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    mac: Mac,
) -> Result<Device, OpError> {
    let device = new_box(ctx, tx, customer, mac)?;
    crate::ops::create(ctx, tx, "device.add", &device)?;
    let added = ActivityAction::DeviceAdded;
    activity::record(ctx, tx, customer, Some(&device), added, Vec::new())?;
    Ok(device)
}

/// Gives the box of a row another MAC, or takes it away. A box with another MAC is another box: it
/// has to sign in again.
fn set_mac(ctx: &Ctx, tx: &mut Tx<'_>, row: &Row, mac: Option<Mac>) -> Result<(), OpError> {
    match (&row.device, mac) {
        (None, None) => Ok(()),
        (None, Some(mac)) => add_box(ctx, tx, row.customer.id, mac).map(|_| ()),
        (Some(device), None) => devices::remove_in(ctx, tx, device),
        // The same in another spelling is no other box.
        (Some(device), Some(mac)) if device.known_by() == Some(mac) => Ok(()),
        (Some(before), Some(mac)) => {
            let after = Device {
                mac: mac.to_string(),
                ..before.clone()
            };
            devices::check_mac(&after)?;
            devices::claim_mac(ctx, tx, &after)?;
            crate::ops::change(ctx, tx, "device.update", before, &after)?;
            boxes::start_anew(ctx, tx, before.id)
        }
    }
}

/// Which optional packages are meant.
#[derive(Debug, Clone, Default)]
pub struct Packages {
    pub by_key: Vec<String>,
    pub by_id: Vec<ServiceSpecId>,
}

/// What is to become of a customer's optional packages.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Some more, some fewer.
    Change { add: Packages, drop: Packages },
    /// Exactly these.
    Exactly(Packages),
}

/// Chooses optional packages of the present plan for the customers that names mean. Answers for
/// each whether anything changed.
pub async fn choose(
    ctx: &Ctx,
    by: By,
    names: Vec<String>,
    choice: Choice,
) -> Result<Vec<bool>, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let (rows, _) = named(ctx, tx, by, &names)?;
        let customers: BTreeSet<CustomerId> = rows.iter().map(|row| row.customer.id).collect();
        let mut changed = Vec::with_capacity(customers.len());
        for customer in customers {
            changed.push(choose_for(ctx, tx, customer, &choice)?);
        }
        Ok(changed)
    })
    .await
}

fn choose_for(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: CustomerId,
    choice: &Choice,
) -> Result<bool, OpError> {
    let before: Customer = crate::ops::get(tx, id)?;
    let order = plan::present(tx, &before, ctx.now)?;
    let plan: Option<ProductSpec> = match &order {
        Some(order) => tx.get(&order.product)?,
        None => plan::default_plan(tx)?,
    };
    let Some(plan) = plan else {
        return Ok(false);
    };
    let optional = |spec: &ServiceSpecId| plan.optional_service_specs.contains(spec);
    let offered = offered(tx, &plan)?;
    let held: BTreeSet<ServiceSpecId> = match &order {
        Some(_) => {
            let chosen = before.box_profile.chosen_packages.iter().copied();
            let given = choices::given(tx, id, ctx.now)?;
            chosen.chain(given).filter(optional).collect()
        }
        // What is remembered for a plan opens nothing while there is no order of one.
        None => BTreeSet::new(),
    };
    let mut wanted = held.clone();
    match choice {
        // First what is added, then what is dropped: of what is both, something was done.
        Choice::Change { add, drop } => {
            wanted.extend(specs_of(tx, add)?.intersection(&offered));
            let added = wanted.len() > held.len();
            for spec in specs_of(tx, drop)? {
                wanted.remove(&spec);
            }
            if wanted == held {
                return Ok(added);
            }
        }
        Choice::Exactly(packages) => {
            wanted = specs_of(tx, packages)?;
            wanted.retain(|spec| held.contains(spec) || offered.contains(spec));
        }
    }
    if wanted == held {
        return Ok(false);
    }
    let dropped = held.difference(&wanted).copied().collect();
    choices::take_given(ctx, tx, id, &dropped)?;
    let mut after = before.clone();
    let list = &mut after.box_profile.chosen_packages;
    // What other plans offered stays chosen for them.
    list.retain(|spec| !optional(spec) || wanted.contains(spec));
    for spec in wanted.difference(&held) {
        if !list.contains(spec) {
            list.push(*spec);
        }
    }
    after.updated_at = ctx.now;
    crate::ops::change(ctx, tx, "customer.choose", &before, &after)?;
    if order.is_none() {
        // A choice belongs to a plan of one's own.
        set_plan::own(ctx, tx, &after)?;
    } else {
        choices::sync_chosen(ctx, tx, &after)?;
    }
    events::tell_of_choice(ctx, tx, id)?;
    Ok(true)
}

/// Optional packages of a plan that can still be had.
fn offered(tx: &Tx<'_>, plan: &ProductSpec) -> Result<BTreeSet<ServiceSpecId>, OpError> {
    let mut offered = BTreeSet::new();
    for id in &plan.optional_service_specs {
        let spec = tx.get::<ServiceSpec>(id)?;
        if spec.is_some_and(|spec| spec.status != ServiceStatus::Deleted) {
            offered.insert(*id);
        }
    }
    Ok(offered)
}

fn specs_of(tx: &Tx<'_>, packages: &Packages) -> Result<BTreeSet<ServiceSpecId>, OpError> {
    let mut specs: BTreeSet<ServiceSpecId> = packages.by_id.iter().copied().collect();
    for key in packages.by_key.iter().filter(|key| !key.is_empty()) {
        specs.extend(plan::package_named(tx, key)?);
    }
    let mut known = BTreeSet::new();
    for id in specs {
        if tx.get::<ServiceSpec>(&id)?.is_some() {
            known.insert(id);
        }
    }
    Ok(known)
}

/// What a caller says of single channels; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ChannelChange {
    /// As written; what is no number of a channel is kept and shown, and gives nothing.
    pub channels: Option<Vec<String>>,
    pub additional_services_on: Option<bool>,
}

/// Sets the single channels of the customers that names mean. Answers how many rows there are.
pub async fn set_channels(
    ctx: &Ctx,
    by: By,
    names: Vec<String>,
    input: ChannelChange,
) -> Result<usize, OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let (rows, _) = named(ctx, tx, by, &names)?;
        let customers: BTreeSet<CustomerId> = rows.iter().map(|row| row.customer.id).collect();
        for id in customers {
            let before: Customer = crate::ops::get(tx, id)?;
            let mut after = before.clone();
            let profile = &mut after.box_profile;
            if let Some(on) = input.additional_services_on {
                profile.additional_services_on = on;
            }
            if let Some(list) = &input.channels {
                profile.single_channels = Some(list.clone());
            }
            if after != before {
                after.updated_at = ctx.now;
                crate::ops::change(ctx, tx, "customer.channels", &before, &after)?;
            }
            if let Some(list) = &input.channels {
                let numbers = list.iter().filter_map(|written| written.parse().ok());
                let wanted: BTreeSet<ChannelId> = numbers.map(ChannelId).collect();
                choices::sync_channels(ctx, tx, id, wanted)?;
            }
        }
        Ok(rows.len())
    })
    .await
}

/// Modules of boxes that are switched off or ask for a password; `None` leaves a list as it is.
#[derive(Debug, Clone, Default)]
pub struct ModuleChange {
    pub disabled: Option<Vec<String>>,
    pub restricted: Option<Vec<String>>,
}

/// Sets the modules of the customers that names mean.
pub async fn set_modules(
    ctx: &Ctx,
    by: By,
    names: Vec<String>,
    input: ModuleChange,
) -> Result<(), OpError> {
    ctx.require(Permission::CustomersWrite)?;
    ctx.write(move |ctx, tx| {
        let (rows, _) = named(ctx, tx, by, &names)?;
        let customers: BTreeSet<CustomerId> = rows.iter().map(|row| row.customer.id).collect();
        for id in customers {
            let before: Customer = crate::ops::get(tx, id)?;
            let mut after = before.clone();
            let profile = &mut after.box_profile;
            if let Some(list) = &input.disabled {
                profile.disabled_modules.clone_from(list);
            }
            if let Some(list) = &input.restricted {
                profile.restricted_modules.clone_from(list);
            }
            if after != before {
                after.updated_at = ctx.now;
                crate::ops::change(ctx, tx, "customer.modules", &before, &after)?;
            }
        }
        if input.restricted.is_some() {
            for device in rows.iter().filter_map(|row| row.device.as_ref()) {
                let notice = events::notice(ctx, BoxEventKind::UpdateModules);
                events::queue(ctx, tx, device.id, notice)?;
            }
        }
        Ok(())
    })
    .await
}
