//! Money that is kept for the bill of one order until that takes it, before older debts do.

use crate::domain::values::id::OrderId;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;

#[derive(Debug, Clone, Copy)]
pub(super) struct SetAside {
    pub order: OrderId,
    pub left: Amount,
}

impl SetAside {
    /// How much of a bill of `order` is covered, where the balance covers `covered`; that is taken
    /// off what is left. Money in another currency pays nothing of it.
    pub(super) fn cover(&mut self, order: OrderId, total: Amount, covered: Minor) -> Minor {
        if self.order != order || self.left.currency != total.currency {
            return covered;
        }
        let covered = covered.max(self.left.minor.min(total.minor));
        self.left.minor = (self.left.minor - covered).above_zero();
        covered
    }
}

#[cfg(test)]
mod tests {
    use super::SetAside;
    use crate::domain::values::id::OrderId;
    use crate::domain::values::minor::Minor;
    use crate::domain::values::money::{Amount, Currency};

    fn amount(minor: i64, code: &str) -> Amount {
        let (minor, currency) = (Minor::of(minor), Currency::parse(code).unwrap());
        Amount { minor, currency }
    }

    #[test]
    fn it_pays_the_bill_of_its_order_in_its_currency() {
        let after = |order: u64, total: Amount, covered: i64| {
            let mut aside = SetAside {
                order: OrderId(1),
                left: amount(1_500, "USD"),
            };
            let covered = aside.cover(OrderId(order), total, Minor::of(covered));
            (i128::from(covered), i128::from(aside.left.minor))
        };
        let bill = amount(1_000, "USD");
        assert_eq!(after(1, bill, 0), (1_000, 500));
        assert_eq!(after(1, bill, 400), (1_000, 500));
        assert_eq!(after(1, amount(2_000, "USD"), 400), (1_500, 0));
        assert_eq!(after(1, amount(2_000, "USD"), 1_800), (1_800, 0));
        assert_eq!(after(2, bill, 400), (400, 1_500), "another order");
        assert_eq!(after(1, amount(1_000, "EUR"), 400), (400, 1_500));
    }
}
