//! Customer activity over GraphQL, type for type as the vendor's generator prints it (alphaott 3).

mod filter;
mod guard;
mod types;

use std::sync::Arc;

use async_graphql::{
    EmptyMutation, EmptySubscription, Enum, Object, Schema, SimpleObject, Value, Variables,
};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use tokio::sync::{Mutex, Semaphore};

use crate::app::Ctx;
use crate::domain::staff::Permission;
use crate::domain::values::id::CustomerId;
use crate::ops;
use crate::ops::activity::{Query as Search, Seen, Sort, SortField};
use crate::wire::kit::json::Body;

use super::error::Failure;
use super::ids;
use crate::wire::alphaott::request::{Params, Staff};
use filter::FilterIn;
use types::CustomerActivity;

/// The schema; cheap to clone.
pub type ActivitySchema = Schema<Query, EmptyMutation, EmptySubscription>;

/// Deepest selection; the usual introspection query has about thirteen levels.
const DEPTH_MAX: usize = 24;
/// How many searches may walk the file at once.
const SEARCHES_MAX: usize = 2;
/// How many documents may hold rows at once; others wait.
const DOCUMENTS_MAX: usize = 4;
/// Most rows that one document may get, all of its fields together.
const ROWS_MAX: usize = 20_000;
/// Most values that one document may get: its rows, times the fields that it names.
const VALUES_MAX: usize = 300_000;

/// Builds the schema.
#[must_use]
pub fn schema() -> ActivitySchema {
    Schema::build(Query, EmptyMutation, EmptySubscription)
        .limit_depth(DEPTH_MAX)
        .data(Arc::new(Semaphore::new(SEARCHES_MAX)))
        .finish()
}

/// Rows that a document may still get. Held while one of its fields is searched, so that two fields
/// never count the same rows.
struct RowsLeft(Mutex<usize>);

/// The schema, and who may use it now.
#[derive(Clone)]
pub struct Activities {
    schema: ActivitySchema,
    /// Turns of documents, see [`DOCUMENTS_MAX`].
    turns: Arc<Semaphore>,
}

impl Default for Activities {
    fn default() -> Self {
        Self {
            schema: schema(),
            turns: Arc::new(Semaphore::new(DOCUMENTS_MAX)),
        }
    }
}

/// A query as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryIn {
    query: String,
    #[serde(default)]
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    operation_name: Option<String>,
}

/// `POST /graphql`
pub async fn by_post(
    Staff(ctx): Staff,
    Extension(activities): Extension<Activities>,
    body: Body,
) -> Result<Response, Failure> {
    ctx.require(Permission::ActivityRead)?;
    run(ctx, &activities, body.parse()?).await
}

/// `GET /graphql?query=…&variables=…&operationName=…`
pub async fn by_get(
    Staff(ctx): Staff,
    Extension(activities): Extension<Activities>,
    params: Params,
) -> Result<Response, Failure> {
    ctx.require(Permission::ActivityRead)?;
    let query = params.0.scalar("query")?;
    let query = query.ok_or_else(|| Failure::bad_request("query", "is required"))?;
    let variables = match params
        .0
        .scalar("variables")?
        .filter(|text| !text.is_empty())
    {
        None => None,
        Some(text) => Some(crate::wire::kit::json::object(text)?),
    };
    let operation_name = params
        .0
        .scalar("operationName")?
        .filter(|name| !name.is_empty());
    let query = QueryIn {
        query: query.to_owned(),
        variables,
        operation_name: operation_name.map(ToOwned::to_owned),
    };
    run(ctx, &activities, query).await
}

/// Results are 200 with `data` or `errors`; what cannot be run at all is 400 with `errors`.
async fn run(ctx: Ctx, activities: &Activities, query: QueryIn) -> Result<Response, Failure> {
    let fields = match guard::check(&query.query) {
        Ok(fields) => fields,
        Err(problem) => {
            let errors = serde_json::json!({"data": null, "errors": [{"message": problem}]});
            return Ok((StatusCode::BAD_REQUEST, Json(errors)).into_response());
        }
    };
    let rows = VALUES_MAX
        .checked_div(fields)
        .unwrap_or(ROWS_MAX)
        .min(ROWS_MAX);
    let variables = serde_json::Value::Object(query.variables.unwrap_or_default());
    let mut request =
        async_graphql::Request::new(query.query).variables(Variables::from_json(variables));
    request.operation_name = query.operation_name;
    // Until the answer is text: rows and text of many documents must not be in memory at once.
    let _turn = activities.turns.acquire().await;
    let request = request.data(ctx).data(RowsLeft(Mutex::new(rows)));
    let mut response = activities.schema.execute(request).await;
    let refused = response.is_err() && response.data == Value::Null;
    if !refused {
        return Ok(Json(response).into_response());
    }
    for error in &mut response.errors {
        // Nothing was executed, so there is no path in the result.
        error.path.clear();
    }
    Ok((StatusCode::BAD_REQUEST, Json(response)).into_response())
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "SortFindManyCustomerActivityInput")]
pub enum SortIn {
    #[graphql(name = "_ID_ASC")]
    IdAsc,
    #[graphql(name = "_ID_DESC")]
    IdDesc,
    #[graphql(name = "CUSTOMER_ASC")]
    CustomerAsc,
    #[graphql(name = "CUSTOMER_DESC")]
    CustomerDesc,
    #[graphql(name = "DATE_ASC")]
    DateAsc,
    #[graphql(name = "DATE_DESC")]
    DateDesc,
}

impl From<SortIn> for Sort {
    fn from(sort: SortIn) -> Self {
        let (field, descending) = match sort {
            SortIn::IdAsc => (SortField::Id, false),
            SortIn::IdDesc => (SortField::Id, true),
            SortIn::CustomerAsc => (SortField::Customer, false),
            SortIn::CustomerDesc => (SortField::Customer, true),
            SortIn::DateAsc => (SortField::Date, false),
            SortIn::DateDesc => (SortField::Date, true),
        };
        Self { field, descending }
    }
}

#[derive(Debug, SimpleObject)]
pub struct PaginationInfo {
    current_page: i32,
    per_page: i32,
    page_count: Option<i32>,
    item_count: Option<i32>,
    has_next_page: Option<bool>,
    has_previous_page: Option<bool>,
}

#[derive(Debug, SimpleObject)]
pub struct CustomerActivityPagination {
    count: Option<i32>,
    items: Option<Vec<CustomerActivity>>,
    page_info: PaginationInfo,
}

/// The root.
pub struct Query;

#[Object]
impl Query {
    async fn customer_activity_pagination(
        &self,
        graphql: &async_graphql::Context<'_>,
        page: Option<i32>,
        #[graphql(default_with = "Some(20)")] per_page: Option<i32>,
        filter: Option<FilterIn>,
        sort: Option<Vec<SortIn>>,
    ) -> Option<async_graphql::Result<CustomerActivityPagination>> {
        // The result inside of the option: an error is the field's, which then is null.
        Some(activities(graphql, page, per_page, filter, sort).await)
    }
}

async fn activities(
    graphql: &async_graphql::Context<'_>,
    page: Option<i32>,
    per_page: Option<i32>,
    filter: Option<FilterIn>,
    sort: Option<Vec<SortIn>>,
) -> async_graphql::Result<CustomerActivityPagination> {
    // 0 and null mean "not said" (alphaott 3, table of behaviour).
    let page = page.filter(|page| *page != 0).unwrap_or(1);
    let per_page = per_page.filter(|count| *count != 0).unwrap_or(20);
    if page < 0 {
        return Err("Argument `page` should be positive number.".into());
    }
    if per_page < 0 {
        return Err("Argument `perPage` should be positive number.".into());
    }
    let ctx = graphql.data::<Ctx>()?.clone();
    let mut rows_left = graphql.data::<RowsLeft>()?.0.lock().await;
    let permit = Arc::clone(graphql.data::<Arc<Semaphore>>()?)
        .acquire_owned()
        .await?;
    let filter = filter.unwrap_or_default();
    let skip = i64::from(page - 1).saturating_mul(i64::from(per_page));
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let wanted = usize::try_from(per_page).unwrap_or(usize::MAX);
    let search = Search {
        customer: filter
            .customer_asked()
            .map(|id| CustomerId(ids::number(&id.0).unwrap_or(0))),
        everything: filter.is_empty(),
        matches: move |seen: &Seen| filter.matches(&CustomerActivity::from(seen)),
        sort: sort
            .unwrap_or_default()
            .into_iter()
            .map(Into::into)
            .collect(),
        skip,
        take: wanted.min(*rows_left),
    };
    let found = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        ops::activity::search(&ctx, &search)
    });
    let found = found.await?.map_err(|error| {
        tracing::error!(%error, "activity.search.failed");
        async_graphql::Error::new("the search failed; the log says why")
    })?;
    let got = found.items.len();
    let there = found.count.saturating_sub(skip).min(wanted);
    if got < there {
        return Err(too_many_rows(graphql));
    }
    *rows_left = rows_left.saturating_sub(got);
    Ok(shown_page(&found, page, per_page))
}

fn too_many_rows(graphql: &async_graphql::Context<'_>) -> async_graphql::Error {
    let field = graphql.item.node.response_key().node.as_str();
    async_graphql::Error::new(format!(
        "{field}: the document gets more than {ROWS_MAX} rows or {VALUES_MAX} values; \
         make `perPage` smaller and ask page by page"
    ))
}

fn shown_page(found: &ops::activity::Page, page: i32, per_page: i32) -> CustomerActivityPagination {
    let count = i64::try_from(found.count).unwrap_or(i64::MAX);
    let int = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    let pages = count.saturating_add(i64::from(per_page) - 1) / i64::from(per_page);
    let seen = i64::from(page).saturating_mul(i64::from(per_page));
    CustomerActivityPagination {
        count: Some(int(count)),
        items: Some(found.items.iter().map(CustomerActivity::from).collect()),
        page_info: PaginationInfo {
            current_page: page,
            per_page,
            page_count: Some(int(pages)),
            item_count: Some(int(count)),
            has_next_page: Some(count > seen),
            has_previous_page: Some(page > 1),
        },
    }
}
