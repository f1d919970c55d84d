//! Hosted pages: made, found, and the way back from them.

use crate::app::Ctx;
use crate::domain::customer::Customer;
use crate::domain::id::{CustomerId, ProductOfferId};
use crate::domain::payment::{HOSTED_PAGE_SECONDS, HostedPage, HostedPageState};
use crate::domain::staff::Permission;
use crate::store::{Read as _, Table};

use super::{Handle, OpError, orders};

/// Makes a page where the customer pays for the offer, and the order that waits for the payment.
/// `return_url` was checked by the dialect.
pub async fn create(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    offer: Handle<ProductOfferId>,
    return_url: String,
) -> Result<HostedPage, OpError> {
    ctx.require(Permission::OrdersWrite)?;
    let code = page_code(ctx.app.entropy.bytes()?);
    ctx.write(move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        let order = orders::open_waiting(ctx, tx, &customer, &offer)?;
        let page = HostedPage {
            id: tx.next_id()?,
            code,
            customer: customer.id,
            order: order.id,
            return_url,
            state: HostedPageState::Created,
            payment: None,
            attempts: 0,
            created_at: ctx.now,
            expires_at: ctx.now.saturating_add_seconds(HOSTED_PAGE_SECONDS),
        };
        super::create(ctx, tx, "hosted_page.create", &page)?;
        Ok(page)
    })
    .await
}

/// The page with this code. Public: the code is the secret.
pub fn find(ctx: &Ctx, code: &str) -> Result<HostedPage, OpError> {
    let page = ctx
        .snapshot()?
        .get_by(Table::HostedPagesByCode, code.as_bytes())?;
    page.ok_or_else(|| OpError::Missing {
        kind: "hosted page",
        key: code.chars().take(64).collect(),
    })
}

/// Twenty letters and digits out of twenty random bytes; unguessable (over 110 bits).
fn page_code(random: [u8; 20]) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let pick = |byte: u8| {
        ALPHABET
            .get(usize::from(byte) % ALPHABET.len())
            .copied()
            .unwrap_or(b'0')
    };
    random
        .into_iter()
        .map(|byte| char::from(pick(byte)))
        .collect()
}
