//! In which order orders are taken whose time has come: oldest first, for each customer.
//!
//! What one customer owes is a matter of time: an earlier cycle takes their money before a later
//! one. Between customers nothing depends on the order, so a long walk over orders that are due in
//! another order than they were opened in goes customer by customer instead: neighbours in the file
//! are then worked one after the other, which is several times as fast.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::domain::billing::order::Order;
use crate::domain::values::id::{CustomerId, OrderId};
use crate::domain::values::time::Timestamp;
use crate::store::key::{instant_of, owned_by, until as keys_until};
use crate::store::{Read, Span, StoreError, Table};

/// Entries of the index that are read at once.
const PAGE: usize = 1_024;
/// Fewer due orders than these are not worth sorting.
const SORTED_MIN: usize = 4_096;
/// More than these are worked in the order of time: 32 MB of numbers are enough.
const SORTED_MAX: usize = 4_194_304;

/// What is due, as it was found in one look at the index: the orders in the order of their numbers,
/// where that is another one than the order of time.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Sorted(Arc<[OrderId]>);

impl Sorted {
    /// `None`: the order of time serves as well. Reads every entry that is due: call it away from
    /// the async threads.
    pub(in crate::ops) fn find(
        read: &impl Read,
        until: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let mut orders = Vec::new();
        let mut falls = 0usize;
        read.raw_scan(Table::OrdersByDue, &due_until(until), &mut |key, _| {
            let Some(order) = crate::store::key::trailing_number(key).map(OrderId) else {
                return Ok(ControlFlow::Continue(()));
            };
            if orders.last().is_some_and(|last| *last > order) {
                falls = falls.saturating_add(1);
            }
            orders.push(order);
            Ok(if orders.len() < SORTED_MAX {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        // Of orders in no order every second one falls.
        let scattered = falls > orders.len() / 8;
        if orders.len() < SORTED_MIN || orders.len() == SORTED_MAX || !scattered {
            return Ok(None);
        }
        orders.sort_unstable();
        Ok(Some(Self(orders.into())))
    }

    /// Whether nothing is left from the `from`-th order on.
    pub(in crate::ops) fn is_done(&self, from: usize) -> bool {
        from >= self.0.len()
    }
}

fn due_until(until: Timestamp) -> Span {
    Span {
        from: Vec::new(),
        to: Some(keys_until(until)),
        descending: false,
    }
}

/// Orders in the order in which they are worked. Say [`Walk::add`] of each that was.
pub(in crate::ops) struct Walk {
    until: Timestamp,
    ahead: Ahead,
    /// Orders of which something is due again, and those of the customer whose turn it is.
    again: BinaryHeap<Reverse<(Timestamp, OrderId)>>,
}

/// What the walk has not come to.
enum Ahead {
    /// Where reading the index goes on (`None`: it was read to its end), and what was read.
    ByTime {
        from: Option<Vec<u8>>,
        page: VecDeque<(Timestamp, OrderId)>,
    },
    ByCustomer {
        orders: Sorted,
        next: usize,
        /// Customers with several orders who had their turn.
        done: BTreeSet<CustomerId>,
    },
}

impl Walk {
    /// Everything that is due until then, in the order of time.
    pub(in crate::ops) fn all(until: Timestamp) -> Self {
        Self::new(
            until,
            Ahead::ByTime {
                from: Some(Vec::new()),
                page: VecDeque::new(),
            },
        )
    }

    /// Of these orders only.
    pub(in crate::ops) fn of(orders: &[Order], until: Timestamp) -> Self {
        let mut walk = Self::new(
            until,
            Ahead::ByTime {
                from: None,
                page: VecDeque::new(),
            },
        );
        for order in orders {
            walk.add(order);
        }
        walk
    }

    /// Customer by customer, beginning with the customer of the `from`-th order.
    pub(in crate::ops) fn sorted(orders: Sorted, from: usize, until: Timestamp) -> Self {
        Self::new(
            until,
            Ahead::ByCustomer {
                orders,
                next: from,
                done: BTreeSet::new(),
            },
        )
    }

    /// In whichever of the two ways is the quicker one.
    pub(in crate::ops) fn quickest(read: &impl Read, until: Timestamp) -> Result<Self, StoreError> {
        Ok(match Sorted::find(read, until)? {
            Some(orders) => Self::sorted(orders, 0, until),
            None => Self::all(until),
        })
    }

    fn new(until: Timestamp, ahead: Ahead) -> Self {
        Self {
            until,
            ahead,
            again: BinaryHeap::new(),
        }
    }

    /// Lets an order come up again, if something of it is due in time.
    pub(in crate::ops) fn add(&mut self, order: &Order) {
        if let Some((at, _)) = order.due().filter(|(at, _)| *at <= self.until) {
            self.again.push(Reverse((at, order.id)));
        }
    }

    /// From which order of [`Sorted`] on another walk has to go on.
    pub(in crate::ops) fn reached(&self) -> usize {
        match &self.ahead {
            // Something of the last one that was taken is still due.
            Ahead::ByCustomer { next, .. } if !self.again.is_empty() => next.saturating_sub(1),
            Ahead::ByCustomer { next, .. } => *next,
            Ahead::ByTime { .. } => 0,
        }
    }

    pub(in crate::ops) fn next(
        &mut self,
        read: &impl Read,
    ) -> Result<Option<(Timestamp, OrderId)>, StoreError> {
        match &mut self.ahead {
            Ahead::ByTime { from, page } => {
                if page.is_empty() {
                    load(read, self.until, from, page)?;
                }
                let again_first = match (page.front(), self.again.peek()) {
                    (Some(front), Some(Reverse(again))) => again < front,
                    (front, _) => front.is_none(),
                };
                Ok(if again_first {
                    self.again.pop().map(|Reverse(item)| item)
                } else {
                    page.pop_front()
                })
            }
            Ahead::ByCustomer { .. } => {
                while self.again.is_empty() && self.next_customer(read)? {}
                Ok(self.again.pop().map(|Reverse(item)| item))
            }
        }
    }

    /// Takes what is due of the customer of the next order; `false` where no order is left.
    fn next_customer(&mut self, read: &impl Read) -> Result<bool, StoreError> {
        let Ahead::ByCustomer { orders, next, done } = &mut self.ahead else {
            return Ok(false);
        };
        let Some(id) = orders.0.get(*next) else {
            return Ok(false);
        };
        *next = next.saturating_add(1);
        let until = self.until;
        let is_due = |order: &Order| order.due().is_some_and(|(at, _)| at <= until);
        // One that was changed since the look has left its place, or comes later.
        let Some(order) = read.get::<Order>(id)?.filter(is_due) else {
            return Ok(true);
        };
        if done.contains(&order.customer) {
            return Ok(true);
        }
        let numbers = read.numbers(Table::OrdersByCustomer, &owned_by(order.customer))?;
        if numbers.len() > 1 {
            done.insert(order.customer);
            for number in numbers {
                if let Some(sibling) = read.get::<Order>(&OrderId(number))? {
                    self.add(&sibling);
                }
            }
        } else {
            self.add(&order);
        }
        Ok(true)
    }
}

fn load(
    read: &impl Read,
    until: Timestamp,
    from: &mut Option<Vec<u8>>,
    page: &mut VecDeque<(Timestamp, OrderId)>,
) -> Result<(), StoreError> {
    let Some(begin) = from.take() else {
        return Ok(());
    };
    let span = Span {
        from: begin,
        ..due_until(until)
    };
    let mut last = None;
    read.raw_scan(Table::OrdersByDue, &span, &mut |key, _| {
        let order = crate::store::key::trailing_number(key).map(OrderId);
        if let (Some(at), Some(order)) = (instant_of(key), order) {
            page.push_back((at, order));
        }
        if page.len() < PAGE {
            return Ok(ControlFlow::Continue(()));
        }
        last = Some(key.to_vec());
        Ok(ControlFlow::Break(()))
    })?;
    *from = last.map(|mut key| {
        key.push(0);
        key
    });
    Ok(())
}
