//! Customers as billing scripts of boxes see them: a customer, its box and its plan are one row,
//! made, changed and removed in one commit.
//!
//! A row is named by a contract number, a login or a MAC. What a row is called in an answer, and
//! which texts are errors, is the dialect's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::catalogue::content::Reseller;
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::staff::Permission;
use crate::domain::values::contact::{fold, is_blank};
use crate::domain::values::id::{ChannelId, CustomerId, ProductSpecId, ResellerId, ServiceSpecId};
use crate::domain::values::mac::Mac;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::boxes;
use crate::ops::boxes::LastSeen;
use crate::ops::services::{choices, plan};
use crate::store::key::{Key as _, owned_by, trailing_number, under_text};
use crate::store::{Owned as _, Read, Snapshot, Span, StoreError, Table};

/// What a name may be, and how many boxes of a customer it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A contract number, or a MAC: a row for each customer. Twelve hexadecimal digits without
    /// separators are a MAC only where they are nobody's number and nobody's login.
    Account,
    /// A login, or a MAC: a row for each customer. Twelve hexadecimal digits as with
    /// [`By::Account`].
    Login,
    /// A MAC, else a contract number, else a login that is no number: a row for each box. What was
    /// once a contract number must not become somebody's login.
    Box,
    /// A MAC, else a contract number, else any login: a row for each box. For what is merely told.
    Told,
}

/// A customer, and the box that is meant.
#[derive(Debug, Clone)]
pub struct Row {
    pub customer: Customer,
    pub device: Option<Device>,
    /// Whether nothing but MACs named it, so that this box is meant and not all the customer has.
    pub by_mac: bool,
}

impl Row {
    /// Whether the box may be used: the customer and the box are switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        let on = |device: &Device| device.status == DeviceStatus::Active;
        self.customer.status == CustomerStatus::Active && self.device.as_ref().is_none_or(on)
    }
}

/// Customers that are shown at once, where all are asked for.
pub const ROWS_AT_ONCE: usize = 500;

/// The rows that names mean, in the order of their creation, each once; and how many names mean
/// nothing. Customers of other resellers do not exist.
pub(in crate::ops) fn named(
    ctx: &Ctx,
    read: &impl Read,
    by: By,
    names: &[String],
) -> Result<(Vec<Row>, usize), OpError> {
    ctx.require(Permission::CustomersRead)?;
    let mut rows = BTreeMap::new();
    let mut unknown = 0usize;
    for name in names {
        let mut found = rows_of(ctx, read, by, name)?;
        if found.is_empty() && name.contains('+') {
            // What a form writes for a blank (stalker-rest-v1 B27).
            found = rows_of(ctx, read, by, &name.replace('+', " "))?;
        }
        if found.is_empty() {
            unknown = unknown.saturating_add(1);
        }
        for row in found {
            let device = row.device.as_ref().map(|device| device.id);
            let key = match by {
                By::Box | By::Told => (row.customer.id, device),
                By::Account | By::Login => (row.customer.id, None),
            };
            let by_mac = row.by_mac;
            let held = rows.entry(key).or_insert(row);
            held.by_mac &= by_mac;
        }
    }
    Ok((rows.into_values().collect(), unknown))
}

fn rows_of(ctx: &Ctx, read: &impl Read, by: By, name: &str) -> Result<Vec<Row>, OpError> {
    let per_customer = matches!(by, By::Account | By::Login);
    if per_customer && Mac::reads_as_number(name) {
        let rows = rows_by_name(ctx, read, by, name)?;
        return if rows.is_empty() {
            row_by_mac(ctx, read, name)
        } else {
            Ok(rows)
        };
    }
    let rows = row_by_mac(ctx, read, name)?;
    if rows.is_empty() {
        rows_by_name(ctx, read, by, name)
    } else {
        Ok(rows)
    }
}

/// Customers of other resellers and those who were removed do not exist.
fn is_visible(ctx: &Ctx, customer: &Customer) -> bool {
    let reseller = ctx.actor.reseller();
    !customer.is_deleted() && (reseller.is_none() || reseller == customer.reseller)
}

fn row_by_mac(ctx: &Ctx, read: &impl Read, name: &str) -> Result<Vec<Row>, OpError> {
    let Some(mac) = Mac::parse(name.trim()) else {
        return Ok(Vec::new());
    };
    let seat = boxes::by_mac(read, mac)?.filter(|seat| is_visible(ctx, &seat.customer));
    let row = seat.map(|seat| Row {
        customer: seat.customer,
        device: Some(seat.device),
        by_mac: true,
    });
    Ok(row.into_iter().collect())
}

fn rows_by_name(ctx: &Ctx, read: &impl Read, by: By, name: &str) -> Result<Vec<Row>, OpError> {
    if is_blank(name) {
        // Nobody, and not everybody whose number is blank.
        return Ok(Vec::new());
    }
    let (accounts, logins) = (Table::CustomersByAccount, Table::CustomersByFoldedLogin);
    let indexes: &[Table] = match by {
        // What reads as a MAC is somebody's name first, of either kind: never another one's box.
        By::Account if Mac::reads_as_number(name) => &[accounts, logins],
        By::Login if Mac::reads_as_number(name) => &[logins, accounts],
        By::Account => &[accounts],
        By::Login => &[logins],
        By::Box if name.trim().bytes().all(|byte| byte.is_ascii_digit()) => &[accounts],
        By::Box | By::Told => &[accounts, logins],
    };
    for index in indexes {
        let mut customers: Vec<Customer> = Vec::new();
        for number in read.numbers(*index, &under_text(&fold(name)))? {
            customers.push(crate::ops::get(read, CustomerId(number))?);
        }
        customers.retain(|customer| is_visible(ctx, customer));
        // Logins that differ in case only are possible in other dialects: the one that is meant
        // exactly is meant alone.
        let exact = |customer: &Customer| customer.login.as_deref() == Some(name);
        if *index == logins && customers.iter().any(exact) {
            customers.retain(exact);
        }
        if customers.is_empty() {
            continue;
        }
        let mut rows = Vec::with_capacity(customers.len());
        for customer in customers {
            rows.extend(rows_of_customer(read, by, customer)?);
        }
        return Ok(rows);
    }
    Ok(Vec::new())
}

fn rows_of_customer(read: &impl Read, by: By, customer: Customer) -> Result<Vec<Row>, OpError> {
    let mut boxes = boxes_of(read, customer.id)?.into_iter();
    let first = Row {
        device: boxes.next(),
        customer,
        by_mac: false,
    };
    let mut rows = Vec::new();
    if matches!(by, By::Box | By::Told) {
        rows.extend(boxes.map(|device| Row {
            customer: first.customer.clone(),
            device: Some(device),
            by_mac: false,
        }));
    }
    rows.insert(0, first);
    Ok(rows)
}

/// The customer's set-top boxes, oldest first.
pub(in crate::ops) fn boxes_of(
    read: &impl Read,
    customer: CustomerId,
) -> Result<Vec<Device>, OpError> {
    let mut boxes = read.devices_of(customer)?;
    boxes.retain(|device| device.kind == DeviceKind::Stb);
    Ok(boxes)
}

/// The rows that names mean, and how many names mean nothing.
pub fn find(ctx: &Ctx, by: By, names: &[String]) -> Result<(Vec<Row>, usize), OpError> {
    named(ctx, &ctx.snapshot()?, by, names)
}

/// How much of a row is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Row,
    /// Single channels too.
    Channels,
}

/// As [`find`], with what is shown of the rows.
pub fn look_up(
    ctx: &Ctx,
    by: By,
    names: &[String],
    detail: Detail,
) -> Result<(Vec<(Row, View)>, usize), OpError> {
    let snapshot = ctx.snapshot()?;
    let (rows, unknown) = named(ctx, &snapshot, by, names)?;
    Ok((Views::new(ctx, &snapshot, by, detail).all(rows)?, unknown))
}

/// What is shown of rows that were just made or changed: the customers and boxes as they are now.
pub fn look_again(ctx: &Ctx, rows: &[Row]) -> Result<Vec<(Row, View)>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    let snapshot = ctx.snapshot()?;
    let mut present = Vec::with_capacity(rows.len());
    for row in rows {
        let device = match &row.device {
            Some(device) => snapshot.get::<Device>(&device.id)?,
            None => None,
        };
        present.push(Row {
            customer: crate::ops::get(&snapshot, row.customer.id)?,
            device,
            by_mac: row.by_mac,
        });
    }
    Views::new(ctx, &snapshot, By::Box, Detail::Row).all(present)
}

/// A part of all rows, and after which customer the next part begins; `None`: it was the last.
pub type Page = (Vec<(Row, View)>, Option<CustomerId>);

/// The rows of all customers after one, a page of them.
pub fn look_through(
    ctx: &Ctx,
    by: By,
    after: Option<CustomerId>,
    detail: Detail,
) -> Result<Page, OpError> {
    let snapshot = ctx.snapshot()?;
    let (rows, next) = page(ctx, &snapshot, by, after)?;
    Ok((Views::new(ctx, &snapshot, by, detail).all(rows)?, next))
}

/// The rows of all customers after one, at most [`ROWS_AT_ONCE`] customers, and after which one
/// the next page begins.
fn page(
    ctx: &Ctx,
    read: &Snapshot,
    by: By,
    after: Option<CustomerId>,
) -> Result<(Vec<Row>, Option<CustomerId>), OpError> {
    ctx.require(Permission::CustomersRead)?;
    let reseller = ctx.actor.reseller();
    let mut customers = Vec::new();
    let mut seen = 0usize;
    let mut last = None;
    let mut take = |customer: Customer| {
        seen = seen.saturating_add(1);
        last = Some(customer.id);
        if !customer.is_deleted() {
            customers.push(customer);
        }
        if seen < ROWS_AT_ONCE {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let from = after.map_or_else(Vec::new, |id| CustomerId(id.0.saturating_add(1)).to_bytes());
    match reseller {
        None => {
            let span = Span {
                from,
                ..Span::all()
            };
            read.each::<Customer>(&span, &mut |customer| Ok(take(customer)))?;
        }
        // Theirs only, so that few among many are found at once.
        Some(reseller) => {
            let front = owned_by(reseller);
            let span = Span {
                from: [front.as_slice(), &from].concat(),
                ..Span::under(&front)
            };
            let index = Table::CustomersByReseller;
            read.raw_scan(index, &span, &mut |key, _| {
                let listed = trailing_number(key)
                    .map(CustomerId)
                    .map(|id| read.get::<Customer>(&id));
                match listed.transpose()?.flatten() {
                    Some(customer) => Ok(take(customer)),
                    None => Err(StoreError::corrupt(index, "listed but not there")),
                }
            })?;
        }
    }
    let mut rows = Vec::with_capacity(customers.len());
    for customer in customers {
        rows.extend(rows_of_customer(read, by, customer)?);
    }
    Ok((rows, last.filter(|_| seen == ROWS_AT_ONCE)))
}

/// Numbers of the boxes that names mean, for what is sent to them.
#[must_use]
pub fn devices_of(rows: &[Row]) -> Vec<crate::domain::values::id::DeviceId> {
    let devices = rows.iter().filter_map(|row| row.device.as_ref());
    devices.map(|device| device.id).collect()
}

/// What a row says beyond the customer and the box.
#[derive(Debug, Clone)]
pub struct View {
    pub seen: LastSeen,
    /// Whether the row is switched on: of a box whether it may be used, else the customer, for whom
    /// an only box stands too.
    pub on: bool,
    /// The operator's key of the present plan, or of the default plan.
    pub plan: Option<String>,
    pub plan_ends_at: Option<Timestamp>,
    /// The key of the plan that follows.
    pub fallback: Option<String>,
    /// Optional packages that the customer has, by the operator's key and our number, in the order
    /// of the keys.
    pub subscribed: Vec<(String, ServiceSpecId)>,
    pub reseller: Option<(ResellerId, String)>,
    /// What is really on the account, where this box bills the customer.
    pub balance: Option<Amount>,
    /// Single channels as they were listed, those that are gone left out; `None`: never listed, or
    /// not looked up.
    pub channels: Option<Vec<String>>,
}

/// Shows rows; what many of them share is read once.
struct Views<'r, R> {
    by: By,
    detail: Detail,
    ctx: &'r Ctx,
    read: &'r R,
    products: BTreeMap<ProductSpecId, ProductSpec>,
    packages: BTreeMap<ServiceSpecId, String>,
    resellers: BTreeMap<ResellerId, String>,
    default_plan: Option<Option<ProductSpecId>>,
}

impl<'r, R: Read> Views<'r, R> {
    fn new(ctx: &'r Ctx, read: &'r R, by: By, detail: Detail) -> Self {
        Self {
            by,
            detail,
            ctx,
            read,
            products: BTreeMap::new(),
            packages: BTreeMap::new(),
            resellers: BTreeMap::new(),
            default_plan: None,
        }
    }

    fn all(mut self, rows: Vec<Row>) -> Result<Vec<(Row, View)>, OpError> {
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let view = self.view(&row)?;
            shown.push((row, view));
        }
        Ok(shown)
    }

    /// What the box of a row last told us; where a row is a customer, the box that spoke last.
    fn seen(&self, row: &Row) -> Result<LastSeen, OpError> {
        let Some(device) = &row.device else {
            return Ok(LastSeen::default());
        };
        let mut last = boxes::last_seen(self.ctx, self.read, device.id)?;
        if matches!(self.by, By::Account | By::Login) && !row.by_mac {
            for other in boxes_of(self.read, row.customer.id)? {
                let seen = boxes::last_seen(self.ctx, self.read, other.id)?;
                if seen.last_active_at > last.last_active_at {
                    last = seen;
                }
            }
        }
        Ok(last)
    }

    fn is_on(&self, row: &Row) -> Result<bool, OpError> {
        if matches!(self.by, By::Box | By::Told) {
            return Ok(row.is_on());
        }
        Ok(match boxes_of(self.read, row.customer.id)?.as_slice() {
            [only] => {
                only.status == DeviceStatus::Active && row.customer.status == CustomerStatus::Active
            }
            _ => row.customer.status == CustomerStatus::Active,
        })
    }

    /// Who sold it.
    fn reseller(&mut self, row: &Row) -> Result<Option<(ResellerId, String)>, OpError> {
        let Some(id) = row.customer.reseller else {
            return Ok(None);
        };
        if !self.resellers.contains_key(&id) {
            let name = self.read.get::<Reseller>(&id)?.map(|held| held.name);
            self.resellers.insert(id, name.unwrap_or_default());
        }
        Ok(self.resellers.get(&id).map(|name| (id, name.clone())))
    }

    fn view(&mut self, row: &Row) -> Result<View, OpError> {
        let (ctx, read) = (self.ctx, self.read);
        let customer = &row.customer;
        let order = plan::present(read, customer, ctx.now)?;
        let plan_ends_at = order.as_ref().and_then(|order| order.expires_at);
        let follows = order.as_ref().and_then(|order| order.fallback_product);
        // Without an end nothing follows by itself; what was chosen is still shown.
        let follows = match follows {
            None if plan_ends_at.is_some() => self.default_plan()?,
            chosen => chosen,
        };
        let product = match &order {
            Some(order) => Some(order.product),
            None => self.default_plan()?,
        };
        let subscribed = match &order {
            Some(order) => self.chosen(customer, order.product)?,
            None => Vec::new(),
        };
        let balance = plan::balance(ctx, read, customer, order.as_ref())?;
        Ok(View {
            seen: self.seen(row)?,
            on: self.is_on(row)?,
            plan: self.plan_key(product)?,
            plan_ends_at,
            fallback: self.plan_key(follows)?,
            subscribed,
            reseller: self.reseller(row)?,
            balance,
            channels: match self.detail {
                Detail::Row => None,
                Detail::Channels => self.channels(customer)?,
            },
        })
    }

    fn channels(&self, customer: &Customer) -> Result<Option<Vec<String>>, OpError> {
        let held = choices::channels_of(self.read, customer.id)?;
        let written = customer.box_profile.single_channels.clone();
        if written.is_none() && held.is_empty() {
            return Ok(None);
        }
        let mut list = written.unwrap_or_default();
        // What was taken away one by one is no longer listed; what was given so is.
        list.retain(|text| {
            text.parse()
                .map_or(true, |id| held.contains(&ChannelId(id)))
        });
        for channel in held {
            let text = channel.0.to_string();
            if !list.contains(&text) {
                list.push(text);
            }
        }
        Ok(Some(list))
    }

    fn default_plan(&mut self) -> Result<Option<ProductSpecId>, OpError> {
        if let Some(known) = self.default_plan {
            return Ok(known);
        }
        let found = plan::default_plan(self.read)?;
        let id = found.as_ref().map(|plan| plan.id);
        if let Some(plan) = found {
            self.products.insert(plan.id, plan);
        }
        self.default_plan = Some(id);
        Ok(id)
    }

    fn product(&mut self, id: ProductSpecId) -> Result<Option<&ProductSpec>, OpError> {
        if !self.products.contains_key(&id)
            && let Some(product) = self.read.get::<ProductSpec>(&id)?
        {
            self.products.insert(id, product);
        }
        Ok(self.products.get(&id))
    }

    fn plan_key(&mut self, id: Option<ProductSpecId>) -> Result<Option<String>, OpError> {
        let Some(id) = id else {
            return Ok(None);
        };
        let product = self.product(id)?;
        Ok(product.map(|product| product.external_id.clone().unwrap_or_default()))
    }

    fn chosen(
        &mut self,
        customer: &Customer,
        plan: ProductSpecId,
    ) -> Result<Vec<(String, ServiceSpecId)>, OpError> {
        let chosen = &customer.box_profile.chosen_packages;
        let optional = match self.product(plan)? {
            Some(product) if !product.optional_service_specs.is_empty() => {
                product.optional_service_specs.clone()
            }
            _ => return Ok(Vec::new()),
        };
        let held: BTreeSet<ServiceSpecId> = chosen
            .iter()
            .copied()
            .chain(choices::given(self.read, customer.id, self.ctx.now)?)
            .filter(|spec| optional.contains(spec))
            .collect();
        let mut keys = Vec::with_capacity(held.len());
        for id in held {
            if !self.packages.contains_key(&id) {
                let spec = self.read.get::<ServiceSpec>(&id)?;
                let key = spec.and_then(|spec| spec.external_id).unwrap_or_default();
                self.packages.insert(id, key);
            }
            let key = self.packages.get(&id).cloned().unwrap_or_default();
            keys.push((key, id));
        }
        keys.sort();
        Ok(keys)
    }
}
