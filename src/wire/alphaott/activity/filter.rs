//! The filter of the activity query: equality, operators, OR and AND (alphaott 3).

use async_graphql::InputObject;

use super::types::{AnyJson, CustomerActivity, Date, MongoId};

/// Plain fields are AND-ed; a null one is not filtered by (our resolution: the vendor's published
/// query sends every field as null and means all).
#[derive(Debug, Clone, Default, InputObject)]
#[graphql(name = "FilterFindManyCustomerActivityInput")]
pub struct FilterIn {
    customer: Option<MongoId>,
    device: Option<String>,
    ip: Option<String>,
    date: Option<Date>,
    action: Option<String>,
    details: Option<AnyJson>,
    #[graphql(name = "_id")]
    id: Option<MongoId>,
    #[graphql(name = "_operators")]
    operators: Option<OperatorsIn>,
    #[graphql(name = "OR")]
    or: Option<Vec<FilterIn>>,
    #[graphql(name = "AND")]
    and: Option<Vec<FilterIn>>,
}

/// Operators of the indexed fields.
#[derive(Debug, Clone, Default, InputObject)]
#[graphql(name = "FilterFindManyCustomerActivityOperatorsInput")]
pub struct OperatorsIn {
    customer: Option<CustomerOperators>,
    date: Option<DateOperators>,
    #[graphql(name = "_id")]
    id: Option<IdOperators>,
}

/// One type of operators per field, as the vendor's generator prints them.
macro_rules! operators {
    ($($name:ident = $graphql:literal over $value:ty;)*) => {$(
        #[derive(Debug, Clone, Default, InputObject)]
        #[graphql(name = $graphql)]
        pub struct $name {
            gt: Option<$value>,
            gte: Option<$value>,
            lt: Option<$value>,
            lte: Option<$value>,
            ne: Option<$value>,
            r#in: Option<Vec<Option<$value>>>,
            nin: Option<Vec<Option<$value>>>,
            exists: Option<bool>,
        }

        impl $name {
            /// Every operator that is given must hold.
            fn hold(&self, value: Option<&$value>) -> bool {
                let compare = |bound: Option<&$value>, holds: fn(&$value, &$value) -> bool| {
                    bound.is_none_or(|bound| value.is_some_and(|value| holds(value, bound)))
                };
                let listed =
                    |list: &[Option<$value>]| list.iter().any(|item| item.as_ref() == value);
                compare(self.gt.as_ref(), |value, bound| value > bound)
                    && compare(self.gte.as_ref(), |value, bound| value >= bound)
                    && compare(self.lt.as_ref(), |value, bound| value < bound)
                    && compare(self.lte.as_ref(), |value, bound| value <= bound)
                    && self.ne.as_ref().is_none_or(|other| value != Some(other))
                    && self.r#in.as_ref().is_none_or(|list| listed(list))
                    && self.nin.as_ref().is_none_or(|list| !listed(list))
                    && self.exists.is_none_or(|exists| exists == value.is_some())
            }
        }
    )*};
}

operators! {
    CustomerOperators = "FilterFindManyCustomerActivityCustomerOperatorsInput" over MongoId;
    DateOperators = "FilterFindManyCustomerActivityDateOperatorsInput" over Date;
    IdOperators = "FilterFindManyCustomerActivity_idOperatorsInput" over MongoId;
}

impl FilterIn {
    /// Whether nothing is filtered by.
    pub fn is_empty(&self) -> bool {
        self.customer.is_none()
            && self.device.is_none()
            && self.ip.is_none()
            && self.date.is_none()
            && self.action.is_none()
            && self.details.is_none()
            && self.id.is_none()
            && self.operators.is_none()
            && self.or.is_none()
            && self.and.is_none()
    }

    /// The one customer whose activities can match.
    pub fn customer_asked(&self) -> Option<&MongoId> {
        let replaced = self
            .operators
            .as_ref()
            .is_some_and(|ops| ops.customer.is_some());
        self.customer.as_ref().filter(|_| !replaced)
    }

    /// Whether an activity passes.
    pub fn matches(&self, activity: &CustomerActivity) -> bool {
        // An operator object takes the place of the plain value of its field.
        let operators = self.operators.as_ref();
        let customer = operators.and_then(|operators| operators.customer.as_ref());
        let date = operators.and_then(|operators| operators.date.as_ref());
        let id = operators.and_then(|operators| operators.id.as_ref());
        let customer_fits = match customer {
            Some(operators) => operators.hold(activity.customer.as_ref()),
            None => same(self.customer.as_ref(), activity.customer.as_ref()),
        };
        let date_fits = match date {
            Some(operators) => operators.hold(activity.date.as_ref()),
            None => same(self.date.as_ref(), activity.date.as_ref()),
        };
        let id_fits = match id {
            Some(operators) => operators.hold(Some(&activity.id)),
            None => self.id.as_ref().is_none_or(|id| *id == activity.id),
        };
        customer_fits
            && date_fits
            && id_fits
            && same(self.device.as_ref(), activity.device.as_ref())
            && same(self.ip.as_ref(), activity.ip.as_ref())
            && same(self.action.as_ref(), activity.action.as_ref())
            && self.details.as_ref().is_none_or(|asked| {
                activity
                    .details
                    .as_ref()
                    .is_some_and(|held| fits(&asked.0, Some(&held.0)))
            })
            && self
                .or
                .as_ref()
                .is_none_or(|any| any.is_empty() || any.iter().any(|f| f.matches(activity)))
            && self
                .and
                .as_ref()
                .is_none_or(|all| all.iter().all(|f| f.matches(activity)))
    }
}

fn same<T: PartialEq>(asked: Option<&T>, held: Option<&T>) -> bool {
    asked.is_none() || asked == held
}

/// `{a: 1, b: {c: 2}}` asks for `a = 1 AND b.c = 2`; a scalar for equality.
fn fits(asked: &serde_json::Value, held: Option<&serde_json::Value>) -> bool {
    match asked {
        serde_json::Value::Object(members) => members
            .iter()
            .all(|(name, asked)| fits(asked, held.and_then(|held| held.get(name)))),
        scalar => held == Some(scalar),
    }
}
