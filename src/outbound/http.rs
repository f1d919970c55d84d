//! The HTTP client that everything which speaks to others is made of.

use std::time::Duration;

/// How long another system may take to answer.
pub(in crate::outbound) const TIMEOUT: Duration = Duration::from_secs(20);

/// How long it may take to pick up the phone.
pub(in crate::outbound) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How every client is made.
pub(in crate::outbound) fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("boxoffice/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
}
