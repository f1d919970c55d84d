//! Every setting with its default, and what none of them may be.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::billing::BillingSettings;
use super::delivery::{SmsSettings, SmtpSettings};
use super::partners::{CarrierSettings, MarketoneSettings};
use super::provider::ProviderSettings;
use super::proxies::Network;
use super::secret::SecretSetting;
use super::staff::StaffSettings;
use super::stalker::StalkerSettings;

/// Every setting, with its default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the data file, the control socket and `boxoffice.toml`.
    pub data: PathBuf,
    /// Address and port to answer on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// How the box is reached from outside, for links. Empty: `http://` and the listen address.
    pub public_url: String,
    /// Networks of the proxies before this box. Only they are believed when they say whom a request
    /// comes from.
    pub trusted_proxies: Vec<Network>,
    pub provider: ProviderSettings,
    pub alphaott: AlphaottSettings,
    pub stalker: StalkerSettings,
    pub marketone: MarketoneSettings,
    pub smtp: SmtpSettings,
    pub sms: SmsSettings,
    pub carrier: CarrierSettings,
    /// `[billing]`, or `[[billing]]` with nothing but the other billing system.
    #[serde(deserialize_with = "one_or_other")]
    pub billing: BillingSettings,
    pub middleware: MiddlewareSettings,
    pub payments: PaymentSettings,
    pub passwords: PasswordSettings,
    pub staff: StaffSettings,
    pub log: LogSettings,
}

/// The AlphaOTT integration API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlphaottSettings {
    pub prefix: String,
    /// Audience (`aud`) of tokens, and `serviceProvider` of new customers.
    pub service_provider: String,
    /// Issuer (`iss`) of tokens.
    pub issuer: String,
    /// Where a hosted page leads back to when the caller names no `returnUrl`.
    pub return_url: String,
}

/// The middleware that this box does the billing for; an empty `url`: none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MiddlewareSettings {
    pub url: String,
    /// The integration token it gave us.
    pub token: SecretSetting,
}

/// Reads both shapes of `billing`: TOML cannot hold `[billing]` and `[[billing]]` in one file.
fn one_or_other<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BillingSettings, D::Error> {
    struct Shapes;
    impl<'de> Visitor<'de> for Shapes {
        type Value = BillingSettings;

        fn expecting(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            text.write_str("[billing] or [[billing]]")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            BillingSettings::deserialize(MapAccessDeserializer::new(map))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            let external = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
            Ok(BillingSettings {
                external,
                ..BillingSettings::default()
            })
        }
    }
    deserializer.deserialize_any(Shapes)
}

/// Ways to pay on hosted pages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentSettings {
    /// The customer pays elsewhere and the operator confirms.
    pub manual: bool,
    /// What the page says about paying by hand: account number, opening hours.
    pub manual_text: String,
    /// Vouchers are taken.
    pub voucher: bool,
    /// Cards that do what their number says, and no money. Never on a box with real customers.
    pub sandbox: bool,
    /// Secret key of the account at Stripe (`sk_...`); empty: no cards.
    pub stripe_secret_key: SecretSetting,
    /// Secret of the webhook (`whsec_...`); several separated by commas while one is changed.
    pub stripe_webhook_secret: SecretSetting,
    /// Where Stripe is.
    pub stripe_api: String,
}

/// Cost of passwords (argon2id) and how many are worked at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordSettings {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
    /// How many are hashed at the same time.
    pub at_once: usize,
    /// How many may be in hand or wait; one more is answered 503.
    pub waiting_max: usize,
}

/// The log on standard error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            trusted_proxies: Vec::new(),
            provider: ProviderSettings::default(),
            alphaott: AlphaottSettings::default(),
            stalker: StalkerSettings::default(),
            marketone: MarketoneSettings::default(),
            smtp: SmtpSettings::default(),
            sms: SmsSettings::default(),
            carrier: CarrierSettings::default(),
            billing: BillingSettings::default(),
            middleware: MiddlewareSettings::default(),
            payments: PaymentSettings::default(),
            passwords: PasswordSettings::default(),
            staff: StaffSettings::default(),
            log: LogSettings::default(),
        }
    }
}

impl Default for AlphaottSettings {
    fn default() -> Self {
        Self {
            prefix: "/integration/api".to_owned(),
            service_provider: "boxoffice".to_owned(),
            issuer: "boxoffice".to_owned(),
            return_url: String::new(),
        }
    }
}

impl Default for PaymentSettings {
    fn default() -> Self {
        Self {
            manual: true,
            manual_text: String::new(),
            voucher: true,
            sandbox: false,
            stripe_secret_key: SecretSetting::default(),
            stripe_webhook_secret: SecretSetting::default(),
            stripe_api: "https://api.stripe.com".to_owned(),
        }
    }
}

impl Default for PasswordSettings {
    fn default() -> Self {
        // 19 MiB, 2 passes, 1 lane: the recommendation of OWASP. One at a time leaves a core free.
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
            at_once: 1,
            waiting_max: 128,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: "text".to_owned(),
        }
    }
}

impl Config {
    /// For tests: a free port, cheap passwords, and a Stalker API that asks for no login.
    #[must_use]
    pub fn for_tests() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            passwords: PasswordSettings {
                memory_kib: 8,
                passes: 1,
                ..PasswordSettings::default()
            },
            stalker: StalkerSettings {
                open: true,
                ..StalkerSettings::default()
            },
            ..Self::default()
        }
    }

    /// Whether a connection from here is one of a proxy that is believed.
    #[must_use]
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        let mut networks = self.trusted_proxies.iter();
        networks.any(|network| network.contains(address))
    }

    /// Refuses values that no type can: unknown zones, currencies, addresses.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        let known = |ok: bool, name: &str, hint: &str| {
            anyhow::ensure!(ok, "setting {name}: {hint}");
            Ok(())
        };
        self.provider.validate()?;
        let payments = &self.payments;
        let secret = payments.stripe_secret_key.expose();
        known(
            secret.is_empty() || secret.starts_with("sk_") || secret.starts_with("rk_"),
            "payments.stripe_secret_key",
            "must be the secret key, which begins with sk_ (pk_ is the publishable one)",
        )?;
        let signing = payments.stripe_webhook_secret.expose();
        known(
            signing.is_empty()
                || signing
                    .split(',')
                    .all(|one| one.trim().starts_with("whsec_")),
            "payments.stripe_webhook_secret",
            "must be the signing secret of the webhook, which begins with whsec_",
        )?;
        known(
            self.stalker.login.is_empty() == self.stalker.password.is_empty(),
            "stalker.login, stalker.password",
            "set both, or neither",
        )?;
        let prefix = &self.alphaott.prefix;
        let plain = prefix
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'));
        known(
            prefix.starts_with('/') && !prefix.ends_with('/') && plain,
            "alphaott.prefix",
            "must begin with / and not end with it",
        )?;
        known(
            !self.alphaott.service_provider.is_empty(),
            "alphaott.service_provider",
            "must not be empty",
        )?;
        for (name, url) in [
            ("public_url", self.public_url.as_str()),
            ("alphaott.return_url", self.alphaott.return_url.as_str()),
            ("middleware.url", self.middleware.url.as_str()),
            ("sms.url", self.sms.url.expose()),
            ("payments.stripe_api", self.payments.stripe_api.as_str()),
            ("carrier.url", self.carrier.url.expose()),
        ] {
            let web = url.is_empty() || url.starts_with("http://") || url.starts_with("https://");
            known(web, name, "must begin with http:// or https://")?;
        }
        for (name, number, from, to) in self.marketone.ranges() {
            let hint = format!("must be from {from} to {to}");
            known((from..=to).contains(&number), name, &hint)?;
        }
        self.stalker.validate()?;
        self.validate_partner_systems()?;
        known(
            matches!(self.carrier.timeout_ms, 1..=60_000),
            "carrier.timeout_ms",
            "must be 1 to 60000",
        )?;
        known(
            self.log.level.parse::<tracing::Level>().is_ok(),
            "log.level",
            "must be error, warn, info, debug or trace",
        )?;
        known(
            matches!(self.log.format.as_str(), "text" | "json"),
            "log.format",
            "must be text or json",
        )
    }

    /// Refuses half of another billing system or middleware, and both at once.
    fn validate_partner_systems(&self) -> anyhow::Result<()> {
        let known = |ok: bool, name: &str, hint: &str| {
            anyhow::ensure!(ok, "setting {name}: {hint}");
            Ok(())
        };
        let external = &self.billing.external;
        known(
            external.len() <= 1,
            "billing",
            "one other billing system at most; leave one [[billing]]",
        )?;
        let web = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        for billing in external {
            known(
                matches!(billing.r#type.len(), 1..=64),
                "billing.type",
                "a name of 1 to 64 bytes, as it stands in redirects",
            )?;
            known(
                web(&billing.url),
                "billing.url",
                "must begin with http:// or https://",
            )?;
            known(
                !billing.token.is_empty(),
                "billing.token",
                "make one there: boxoffice token create --name middleware",
            )?;
        }
        let middleware = &self.middleware;
        known(
            middleware.url.is_empty() || !middleware.token.is_empty(),
            "middleware.token",
            "make one there: boxoffice token create --name billing",
        )?;
        known(
            middleware.url.is_empty() || external.is_empty(),
            "middleware.url",
            "a box with [[billing]] is a middleware itself; take one of the two out",
        )?;
        Ok(())
    }
}
