//! Why somebody may not watch and what opens it again, by codes with their values: the pages have
//! the words.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::customers::CustomerStatus;
use crate::domain::values::id::{DeviceId, OrderId};
use crate::domain::values::time::Timestamp;
use crate::domain::watching::{Opening, Reason};
use crate::ops::desk::customer::CustomerPage;
use crate::wire::console::words::{device_word, service_word};

/// A code and its values, all of them texts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Because)]
pub(super) struct BecauseOut {
    #[schema(example = "DEBT")]
    code: &'static str,
    #[schema(value_type = BTreeMap<String, String>)]
    values: BTreeMap<&'static str, String>,
}

/// Whether a customer may watch now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Watching)]
pub(super) struct WatchingOut {
    may: bool,
    /// Why not; empty where they may.
    reasons: Vec<BecauseOut>,
    /// What would open it again, one of them for each reason.
    opens: Vec<BecauseOut>,
}

impl WatchingOut {
    pub(super) fn new(page: &CustomerPage) -> Self {
        let watching = &page.watching;
        let reasons = watching.reasons.iter();
        let opens = watching.openings.iter();
        Self {
            may: watching.may,
            reasons: reasons.map(|of| because(page, *of)).collect(),
            opens: opens.flat_map(|of| openings(page, *of)).collect(),
        }
    }
}

/// A reason in codes.
pub(super) fn because(page: &CustomerPage, reason: Reason) -> BecauseOut {
    let mut said = Said::new(page);
    let code = match reason {
        Reason::Customer { status, since } => {
            said.at("since", since);
            match status {
                CustomerStatus::Active | CustomerStatus::Inactive => "SWITCHED_OFF",
                CustomerStatus::AwaitingAuthorization => "AWAITING_AUTHORIZATION",
                CustomerStatus::SuspendedByCustomer => "SUSPENDED_BY_CUSTOMER",
                CustomerStatus::SuspendedByBilling => "SUSPENDED_FOR_DEBT",
                CustomerStatus::Deleted => "DELETED",
            }
        }
        Reason::PaidUntilOver { at } => {
            said.at("at", Some(at));
            "PAID_UNTIL_OVER"
        }
        Reason::Debt { order, since } => {
            said.at("since", Some(since));
            said.order(order);
            said.invoice(order);
            "DEBT"
        }
        Reason::FirstPayment { order } => {
            said.order(Some(order));
            "FIRST_PAYMENT"
        }
        Reason::Paused { order, since } => {
            said.at("since", Some(since));
            said.order(Some(order));
            "PAUSED"
        }
        Reason::Parked { order, since } => {
            said.at("since", Some(since));
            said.order(Some(order));
            "PARKED"
        }
        Reason::OrderOff { order } => {
            said.order(Some(order));
            "ORDER_OFF"
        }
        Reason::Over { order, at } => {
            said.at("at", at);
            said.order(order);
            "OVER"
        }
        Reason::ServiceOff { status } => {
            said.put("status", service_word(status).to_owned());
            "SERVICE_OFF"
        }
        Reason::BoxOff { device, status } => {
            said.put("status", device_word(status).to_owned());
            said.device(device);
            "BOX_OFF"
        }
        Reason::NothingHeld => "NOTHING_HELD",
        Reason::NothingCovered => "NOTHING_COVERED",
    };
    said.under(code)
}

/// What opens it again; money in several currencies is several.
fn openings(page: &CustomerPage, opening: Opening) -> Vec<BecauseOut> {
    let mut said = Said::new(page);
    let code = match opening {
        Opening::Pay(order) => {
            let amounts = page.to_pay.get(&order).map_or(&[][..], Vec::as_slice);
            if amounts.is_empty() {
                said.order(order);
                return vec![said.under("PAY")];
            }
            let each = amounts.iter().map(|amount| {
                let mut said = Said::new(page);
                said.order(order);
                said.put("amount", amount.to_fixed());
                said.put("currency", amount.currency.as_str().to_owned());
                said.under("PAY")
            });
            return each.collect();
        }
        Opening::SwitchOn => "SWITCH_ON",
        Opening::Resume(order) => {
            said.order(Some(order));
            "RESUME"
        }
        Opening::Mend(order) => {
            said.order(Some(order));
            "MEND"
        }
        Opening::PlaceOrder => "PLACE_ORDER",
        Opening::SwitchServiceOn => "SWITCH_SERVICE_ON",
        Opening::SwitchBoxOn(device) => {
            said.device(device);
            "SWITCH_BOX_ON"
        }
    };
    vec![said.under(code)]
}

/// The values of a code, as they are found.
struct Said<'p> {
    page: &'p CustomerPage,
    values: BTreeMap<&'static str, String>,
}

impl<'p> Said<'p> {
    fn new(page: &'p CustomerPage) -> Self {
        let values = BTreeMap::new();
        Self { page, values }
    }

    fn put(&mut self, name: &'static str, value: String) {
        self.values.insert(name, value);
    }

    fn at(&mut self, name: &'static str, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.put(name, at.to_rfc3339_millis());
        }
    }

    /// The order, by its number and what it is called.
    fn order(&mut self, order: Option<OrderId>) {
        let Some(id) = order else { return };
        self.put("order", id.0.to_string());
        let mut lines = self.page.orders.iter();
        if let Some(line) = lines.find(|line| line.order.id == id) {
            self.put("title", line.title.clone());
        }
    }

    /// The oldest open invoice of an order, for those who may read it.
    fn invoice(&mut self, order: Option<OrderId>) {
        let open = self.page.money.as_ref().map(|money| &money.oldest_open);
        let open = open.and_then(|open| open.get(&order?));
        if let Some((number, printed)) = open {
            let (number, printed) = (number.to_string(), printed.clone());
            self.put("invoice", number);
            self.put("printed_number", printed);
        }
    }

    fn device(&mut self, device: DeviceId) {
        self.put("device", device.0.to_string());
        let mut boxes = self.page.boxes.boxes.iter();
        if let Some(held) = boxes.find(|held| held.device.id == device) {
            self.put("mac", held.device.mac.clone());
        }
    }

    fn under(self, code: &'static str) -> BecauseOut {
        let values = self.values;
        BecauseOut { code, values }
    }
}
