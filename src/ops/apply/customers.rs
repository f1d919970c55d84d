//! Customers of an apply document: the record, their boxes, their plan and what they chose.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::app::secrets::passwords::Turn;
use crate::domain::billing::journal::opening;
use crate::domain::billing::order::{Order, follow};
use crate::domain::catalogue::ProductSpec;
use crate::domain::catalogue::content::{Channel, Reseller};
use crate::domain::catalogue::kinds::{OrderStatus, ServiceStatus};
use crate::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use crate::domain::customers::service::Origin;
use crate::domain::customers::{
    CarrierProfile, Customer, CustomerPassword, CustomerStatus, END_TEXT_CHARS_MAX, PaidUntil,
};
use crate::domain::event::Change;
use crate::domain::refusal::Refusal;
use crate::domain::staff::PASSWORD_BYTES_MAX;
use crate::domain::values::calendar::Zone;
use crate::domain::values::contact::kept_name;
use crate::domain::values::id::{ChannelId, CustomerId, ResellerId, ServiceSpecId};
use crate::domain::values::mac::Mac;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::customers::devices;
use crate::ops::services::choices;
use crate::ops::{OpError, customers, services};
use crate::store::{Owned as _, Read as _, Table, Tx};

use super::document::{CarrierType, CustomerIn, Document};
use super::report::Outcome;
use super::values::{parse_amount, wrong};

/// What the document's provider says about dates and money.
pub(super) struct Setting {
    pub zone: Zone,
    pub currency: Currency,
    /// Whether this box switches off whose "paid until" is over.
    pub internal_billing: bool,
}

/// What is to be stored of passwords that are not the stored ones already: before the command,
/// because the writer must not wait for argon2. One slot per customer of the document.
pub(super) async fn hash_passwords(
    ctx: &Ctx,
    document: &Document,
) -> Result<Vec<Option<CustomerPassword>>, OpError> {
    let passwords = &ctx.app.passwords;
    let mut hashes = Vec::with_capacity(document.customers.len());
    for (i, given) in document.customers.iter().enumerate() {
        let Some(password) = &given.password else {
            hashes.push(None);
            continue;
        };
        if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
            let problem = format!("must have 1 to {PASSWORD_BYTES_MAX} bytes");
            return Err(wrong(&format!("customers[{i}].password"), &problem));
        }
        let held =
            customers::by_login(&ctx.snapshot()?, &given.login)?.map(|customer| customer.password);
        let same = match held {
            None | Some(CustomerPassword::Unset | CustomerPassword::Reset(_)) => false,
            Some(held) => {
                let password = password.clone();
                passwords.is_kept(password, &held, Turn::OWN).await?
            }
        };
        hashes.push(if same {
            None
        } else {
            // A document may bring a whole base: hardened when there is time.
            Some(passwords.quick(password, ctx.app.entropy.bytes()?))
        });
    }
    Ok(hashes)
}

/// Brings one customer and all that hangs on it in step.
pub(super) fn keep_customer(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    given: &CustomerIn,
    password: Option<CustomerPassword>,
    path: &str,
    setting: &Setting,
) -> Result<Outcome, OpError> {
    let held = held_customer(tx, given)?;
    let base = match &held {
        Some(held) => held.clone(),
        None => {
            let provider = ctx.app.config.alphaott.service_provider.clone();
            let mut customer = Customer::new(tx.next_id()?, provider, ctx.now);
            customer.login = kept_name(&given.login);
            customer
        }
    };
    let mut after = assigned(tx, base, given, path, setting)?;
    if let Some(password) = password {
        after.password = password;
    }
    let status = given.status.map_or(after.status, |status| status.0);
    after.set_status(status, ctx.now);
    if let Some(held) = &held {
        customers::check_lifted(ctx, held, &after)?;
    }
    let mut changes = Vec::new();
    if after.is_deleted() {
        // A tombstone has nothing: its MACs are free.
        devices::release_all(ctx, tx, after.id)?;
    } else {
        keep_devices(ctx, tx, after.id, given, path, &mut changes)?;
        keep_plan(ctx, tx, &mut after, given, path, &mut changes)?;
        keep_chosen(ctx, tx, &mut after, given, path, &mut changes)?;
        keep_channels(ctx, tx, &mut after, given, path, &mut changes)?;
    }
    customers::check_unique(tx, &after).map_err(|error| at_field(error, path))?;
    if held.as_ref() == Some(&after) && changes.is_empty() {
        return Ok(Outcome::Left);
    }
    let (action, outcome) = match held {
        None => ("apply.create", Outcome::Created),
        Some(_) => ("apply.change", Outcome::Changed),
    };
    after.updated_at = if outcome == Outcome::Created {
        after.updated_at
    } else {
        ctx.now
    };
    tx.put(&after)?;
    if let Some(held) = &held {
        changes.extend(crate::ops::changes(held, &after)?);
    }
    crate::ops::audit(ctx, tx, action, &after, changes)?;
    post_opening(ctx, tx, held.as_ref(), &after)?;
    Ok(outcome)
}

/// Money that was brought along becomes an entry of the journal; a document that says another
/// amount later corrects it by another one.
fn post_opening(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    before: Option<&Customer>,
    after: &Customer,
) -> Result<(), OpError> {
    let held = before.and_then(|customer| customer.opening_balance);
    if held == after.opening_balance {
        return Ok(());
    }
    let mut books = Books::new(ctx, tx);
    let back = held.map(|amount| Amount {
        minor: -amount.minor,
        ..amount
    });
    for amount in [back, after.opening_balance].into_iter().flatten() {
        if amount.minor != 0 {
            books.post(opening(after.id, amount, ctx.now))?;
        }
    }
    // What is more than before is money like any other: it pays what is open.
    let more = after.opening_balance.map(|amount| {
        let before = held.filter(|held| held.currency == amount.currency);
        let minor = before.map_or(Minor::ZERO, |held| held.minor);
        Amount {
            minor: amount.minor - minor,
            ..amount
        }
    });
    match more.filter(|more| more.minor > 0) {
        Some(more) => books.use_money(after.id, more, None, ctx.now)?,
        None => books.reopen(after.id, ctx.now)?,
    }
    books.bring_debt(after.id, held, after.opening_balance, ctx.now)?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(())
}

/// The customer with this login; for a customer that is to be deleted, also one that is.
fn held_customer(tx: &Tx<'_>, given: &CustomerIn) -> Result<Option<Customer>, OpError> {
    let live = customers::by_login(tx, &given.login)?;
    if live.is_some()
        || given
            .status
            .is_none_or(|status| status.0 != CustomerStatus::Deleted)
    {
        return Ok(live);
    }
    for number in tx.numbers(Table::CustomersByStatus, &[CustomerStatus::Deleted as u8])? {
        let customer = tx.get::<Customer>(&CustomerId(number))?;
        if let Some(customer) =
            customer.filter(|c| c.login.as_deref().map(str::trim) == Some(given.login.trim()))
        {
            return Ok(Some(customer));
        }
    }
    Ok(None)
}

fn assigned(
    tx: &Tx<'_>,
    mut customer: Customer,
    given: &CustomerIn,
    path: &str,
    setting: &Setting,
) -> Result<Customer, OpError> {
    fn set<T: Clone>(field: &mut T, given: Option<&T>) {
        if let Some(value) = given {
            field.clone_from(value);
        }
    }
    if let Some(full) = &given.full_name {
        customer.name.set_full(full);
    }
    set(&mut customer.name.first, given.first_name.as_ref());
    set(&mut customer.name.last, given.last_name.as_ref());
    if let Some(number) = &given.account_number {
        customer.account_number = kept_name(number);
    }
    if given.email.is_some() {
        customer.email.clone_from(&given.email);
    }
    set(&mut customer.phones, given.phones.as_ref());
    let profile = &mut customer.box_profile;
    set(&mut profile.modules, given.modules.as_ref());
    set(&mut profile.comment, given.comment.as_ref());
    set(&mut profile.account_balance, given.account_balance.as_ref());
    set(
        &mut profile.additional_services_on,
        given.additional_services_on.as_ref(),
    );
    if let Some(text) = &given.end_date {
        let end = match end_of(text, setting) {
            Some(at) => PaidUntil {
                at,
                text: String::new(),
            },
            // Nothing is done about it here: it is the operator's own text.
            None if !setting.internal_billing => PaidUntil {
                at: None,
                text: text.chars().take(END_TEXT_CHARS_MAX).collect(),
            },
            None => {
                let path = format!("{path}.end_date");
                return Err(wrong(&path, "must be a date such as 2026-01-31"));
            }
        };
        profile.set_end(&end);
    }
    if given.devices_max.is_some() {
        profile.devices_max = given.devices_max;
    }
    if let Some(id) = given.reseller.map(ResellerId) {
        if tx.get::<Reseller>(&id)?.is_none() {
            return Err(wrong(&format!("{path}.reseller"), "no such reseller"));
        }
        customer.reseller = Some(id);
    }
    if let Some(text) = &given.opening_balance {
        let at = || format!("{path}.opening_balance");
        customer.opening_balance = Some(parse_amount(text, setting.currency, at)?);
    }
    if let Some(carrier) = &given.carrier {
        let monthly_limit = match &carrier.monthly_limit {
            Some(text) => {
                let at = || format!("{path}.carrier.monthly_limit");
                Some(parse_amount(text, setting.currency, at)?)
            }
            None => None,
        };
        customer.carrier = CarrierProfile {
            prepaid: carrier.kind == CarrierType::Prepaid,
            barred: carrier.barred.unwrap_or(false),
            monthly_limit,
        };
    }
    Ok(customer)
}

/// Adds and updates the boxes that the document names; others stay as they are.
fn keep_devices(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    given: &CustomerIn,
    path: &str,
    changes: &mut Vec<Change>,
) -> Result<(), OpError> {
    let mut held = tx.devices_of(customer)?;
    for (i, input) in given.devices.iter().enumerate() {
        let mac = input.mac.clone().unwrap_or_default();
        let serial = input.serial.clone().unwrap_or_default();
        let known_by = Mac::parse(&mac);
        let same = |device: &Device| {
            if mac.is_empty() {
                !serial.is_empty() && device.mac.is_empty() && device.serial == serial
            } else {
                device.mac == mac || (known_by.is_some() && device.known_by() == known_by)
            }
        };
        let position = held.iter().position(same);
        let before = position.map(|position| held.remove(position));
        let base = match &before {
            Some(device) => device.clone(),
            None => Device {
                id: tx.next_id()?,
                foreign_id: None,
                customer,
                kind: DeviceKind::Stb,
                status: DeviceStatus::Active,
                model: String::new(),
                platform: String::new(),
                brand: String::new(),
                serial: String::new(),
                mac: mac.clone(),
                created_at: ctx.now,
                removed_at: None,
                status_changed_at: None,
            },
        };
        let after = Device {
            kind: input
                .kind
                .map_or(base.kind, super::document::DeviceTypeIn::kind),
            serial: input.serial.clone().unwrap_or_else(|| base.serial.clone()),
            model: input.model.clone().unwrap_or_else(|| base.model.clone()),
            ..base
        };
        let path = format!("{path}.devices[{i}]");
        // What is there already, from before anybody looked at it, stays.
        let was_taken = before
            .as_ref()
            .is_some_and(|before| (before.kind, &before.mac) == (after.kind, &after.mac));
        if !was_taken {
            devices::check_mac(&after).map_err(|error| at_field(error, &path))?;
        }
        devices::claim_mac(ctx, tx, &after).map_err(|error| at_field(error, &path))?;
        if before.as_ref() != Some(&after) {
            tx.put(&after)?;
            changes.push(noted("devices", &format!("{} {}", after.serial, after.mac)));
        }
    }
    Ok(())
}

/// A day, an instant, or MySQL's way of saying never, as other systems export them. `None`: it is
/// none of these.
fn end_of(text: &str, setting: &Setting) -> Option<Option<Timestamp>> {
    let day = text.strip_suffix(" 00:00:00").unwrap_or(text);
    if matches!(day, "" | "0000-00-00") {
        return Some(None);
    }
    let day = setting.zone.day_start(day);
    day.or_else(|| Timestamp::parse(text)).map(Some)
}

/// Gives the customer the plan that the document names, if it is not the present one.
fn keep_plan(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &mut Customer,
    given: &CustomerIn,
    path: &str,
    changes: &mut Vec<Change>,
) -> Result<(), OpError> {
    let Some(name) = given.tariff_plan.as_ref().filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let plan = tx.get_by::<ProductSpec>(Table::ProductSpecsByExternal, name.as_bytes())?;
    let plan = plan.ok_or_else(|| wrong(&format!("{path}.tariff_plan"), "no such product"))?;
    let held = tx.orders_of(customer.id)?;
    let present = customer.primary_order;
    let present = held.iter().find(|order| present == Some(order.id));
    if present.is_some_and(|order| order.product == plan.id) {
        return Ok(());
    }
    // The plan that was set last this way. Switched off or run out, it stays so: a document that is
    // applied again gives nobody back what they no longer pay for.
    let last = held.iter().rfind(|order| order.offer.is_none());
    if last.is_some_and(|order| order.product == plan.id && order.status != OrderStatus::Deleted) {
        return Ok(());
    }
    let held =
        |order: &&Order| order.status_at(ctx.now) == OrderStatus::Active || order.stands_still();
    if let Some(order) = present.filter(held) {
        end_order(ctx, tx, order)?;
    }
    let order = Order::of_plan(tx.next_id()?, customer.id, plan.id, None, ctx.now);
    tx.put(&order)?;
    let origin = Origin::Order(order.id);
    let active = ServiceStatus::Active;
    let specs = &plan.service_specs;
    for service in services::give::give(ctx, tx, customer.id, specs, origin, active, None)? {
        tx.put(&service)?;
    }
    customer.primary_order = Some(order.id);
    changes.push(noted("tariff_plan", name));
    Ok(())
}

/// A plan that another takes the place of ends at once, and its services with it.
fn end_order(ctx: &Ctx, tx: &mut Tx<'_>, order: &Order) -> Result<(), OpError> {
    let mut ended = order.clone();
    ended.status = OrderStatus::Canceled;
    ended.expires_at = Some(ctx.now);
    ended.next_cycle_at = None;
    ended.updated_at = ctx.now;
    tx.put(&ended)?;
    for mut service in tx.services_of(order.customer)? {
        if follow(&mut service, &ended, ctx.now) {
            tx.put(&service)?;
        }
    }
    Ok(())
}

/// Optional packages: remembered on the customer, held as services where the plan offers them.
fn keep_chosen(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &mut Customer,
    given: &CustomerIn,
    path: &str,
    changes: &mut Vec<Change>,
) -> Result<(), OpError> {
    if let Some(names) = &given.subscribed {
        let mut chosen: Vec<ServiceSpecId> = Vec::with_capacity(names.len());
        for (i, name) in names.iter().enumerate() {
            let spec = tx.find(Table::ServiceSpecsByExternal, name.as_bytes())?;
            let missing = || wrong(&format!("{path}.subscribed[{i}]"), "no such package");
            chosen.push(spec.ok_or_else(missing)?);
        }
        customer.box_profile.chosen_packages = chosen;
    }
    changes.extend(choices::sync_chosen(ctx, tx, customer)?);
    Ok(())
}

/// Single channels: exactly those that the document lists.
fn keep_channels(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &mut Customer,
    given: &CustomerIn,
    path: &str,
    changes: &mut Vec<Change>,
) -> Result<(), OpError> {
    let Some(ids) = &given.sub_ch else {
        return Ok(());
    };
    customer.box_profile.single_channels = Some(ids.iter().map(u64::to_string).collect());
    let mut wanted = BTreeSet::new();
    for (i, id) in ids.iter().copied().map(ChannelId).enumerate() {
        if tx.get::<Channel>(&id)?.is_none() {
            return Err(wrong(&format!("{path}.sub_ch[{i}]"), "no such channel"));
        }
        wanted.insert(id);
    }
    changes.extend(choices::sync_channels(ctx, tx, customer.id, wanted)?);
    Ok(())
}

fn noted(field: &str, after: &str) -> Change {
    Change {
        field: field.to_owned(),
        before: String::new(),
        after: after.to_owned(),
    }
}

/// A refusal of a rule as an error of the document, at the field that caused it.
fn at_field(error: OpError, path: &str) -> OpError {
    if let OpError::Document {
        path: field,
        problem,
    } = &error
    {
        return wrong(&format!("{path}.{field}"), problem);
    }
    let (field, problem) = match &error {
        OpError::Refused(Refusal::EmailTaken) => ("email", "another customer has it"),
        OpError::Refused(Refusal::LoginTaken) => ("login", "another customer has it"),
        OpError::Refused(Refusal::MacTaken { .. }) => ("mac", "another box has it"),
        _ => return error,
    };
    wrong(&format!("{path}.{field}"), problem)
}
