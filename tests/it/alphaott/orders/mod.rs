//! Who holds what and until when: operations 32 to 36 of reference section 2.0, the terms of
//! section 5.4 and what an order's status does to its services.

mod access;
mod changing;
mod lists;
mod placing;
mod services;
mod terms;

use serde_json::json;

use crate::alphaott::given::Shop;
use crate::support::fixture::a_shop;

const DAY: i64 = 24 * 60 * 60;

async fn shop_in(time_zone: &str) -> Shop {
    let provider = json!({"name": "Example TV", "currency": "EUR", "time_zone": time_zone});
    a_shop().holding(json!({"provider": provider})).await
}
