//! What the box says to others: over HTTP, with one client for all but the carrier, and by mail.
//! Must not know the store, nor what the answers are used for.

pub mod alphaott;
pub mod carrier;
pub mod fetch;
mod http;
pub mod mail;
pub mod sms;
pub mod stripe;
pub mod subscription;
pub mod webhook;

use anyhow::Context as _;

use crate::config::Config;
use crate::outbound::http::client;

/// Everything the box can call.
pub struct Outbound {
    /// Card payments; none where no account is set up.
    pub stripe: Option<stripe::Stripe>,
    /// The carrier's own charging; none where none is set up.
    pub carrier: Option<carrier::Carrier>,
    /// The mail server; none where none is set up.
    pub mail: Option<mail::Mailer>,
    /// The gateway for short messages; none where none is set up.
    pub sms: Option<sms::Sms>,
    /// Tells the operator's other systems what happens.
    pub webhook: webhook::Caller,
    /// Tells partners about subscriptions.
    pub partner: subscription::Caller,
    /// Fetches files of others.
    pub fetch: fetch::Fetcher,
    /// The billing system that this box is the middleware of.
    pub billing: Option<alphaott::Peer>,
    /// The middleware that this box does the billing for.
    pub middleware: Option<alphaott::Peer>,
}

impl Outbound {
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        choose_crypto();
        let http = client().build().context("cannot make the HTTP client")?;
        let peer = |url: &str, token: &str| {
            alphaott::Peer::new(&http, url, token).context("the token is none")
        };
        let billing = config.billing.external.first();
        let billing = billing.map(|billing| peer(&billing.url, billing.token.expose()));
        let middleware = &config.middleware;
        let middleware =
            (!middleware.url.is_empty()).then(|| peer(&middleware.url, middleware.token.expose()));
        Ok(Self {
            carrier: carrier::Carrier::new(&config.carrier)?,
            webhook: webhook::Caller::new(&http),
            partner: subscription::Caller::new(&http),
            fetch: fetch::Fetcher::new(&http),
            billing: billing.transpose()?,
            middleware: middleware.transpose()?,
            mail: mail::Mailer::new(&config.smtp, &config.public_url)?,
            sms: sms::Sms::new(&http, &config.sms)?,
            stripe: stripe::Stripe::new(&http, &config.payments),
        })
    }
}

/// Says which cryptography TLS is to use; every HTTP client asks, even one that uses none.
pub fn choose_crypto() {
    // Fails where it was done before, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
