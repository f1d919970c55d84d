//! Settings: flags, then environment, then the TOML file, then the defaults below.
//!
//! The only file that reads the environment. Only what is needed to start stands here; what an
//! operator changes while the box runs is a record in the store.

mod billing;
mod checks;
mod delivery;
mod layers;
mod partners;
mod provider;
mod proxies;
mod secret;
mod shown;
mod staff;
mod stalker;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

pub use billing::{BillingSettings, ExternalBilling};
pub use delivery::{SmsSettings, SmtpSettings};
pub use partners::{CarrierSettings, MarketoneSettings};
pub use provider::ProviderSettings;
pub use proxies::Network;
pub use secret::SecretSetting;
pub use shown::{Setting, describe, settings};
pub use staff::StaffSettings;
pub use stalker::StalkerSettings;

use layers::load;

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

/// What the command line said, by the names of the settings.
pub type Flags = BTreeMap<String, String>;

/// The settings and where each came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// Path of a setting -> `default`, `file`, `environment` or `flag`.
    pub origins: BTreeMap<String, &'static str>,
    /// What the operator should hear about.
    pub warnings: Vec<String>,
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

    /// Reads flags, environment and file. `file`: the one named by `--config`; without it
    /// `boxoffice.toml` in the data folder is read if it is there.
    pub fn load(flags: &Flags, file: Option<&Path>) -> anyhow::Result<Loaded> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        load(flags, file, environment.collect())
    }

    /// Refuses values that no type can: unknown zones, currencies, addresses.
    fn validate(&self) -> anyhow::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::{Flags, describe, load};

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn flags_beat_environment_beats_file_beats_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("box.toml");
        let text = "public_url = \"http://file\"\n[provider]\nname = \"File\"\ncurrency = \"EUR\"\n\
                    [stalker]\nlogin = \"x\"\npassword = \"y\"\n";
        std::fs::write(&file, text).unwrap();
        let flags = Flags::from([("listen".to_owned(), "127.0.0.1:0".to_owned())]);
        let environment = env(&[
            ("BOXOFFICE_PROVIDER__NAME", "Env"),
            ("BOXOFFICE_LISTEN", "127.0.0.1:9"),
            ("BOXOFFICE_STALKER__PASSWORD", "12345"),
            ("BOXOFFICE_CARRIER__API_KEY", "98765"),
            ("BOXOFFICE_BILLING__GUARD", "false"),
            ("BOXOFFICE_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
            ("BOXOFFICE_NONSENSE", "1"),
        ]);
        let loaded = load(&flags, Some(&file), environment).unwrap();
        assert_eq!(loaded.config.provider.name, "Env");
        assert_eq!(loaded.config.provider.currency, "EUR");
        assert_eq!(loaded.config.public_url, "http://file");
        assert_eq!(loaded.config.listen.port(), 0);
        assert_eq!(loaded.config.stalker.password.expose(), "12345");
        assert!(!loaded.config.billing.guard);
        assert!(loaded.config.is_trusted_proxy([10, 1, 2, 3].into()));
        assert!(!loaded.config.is_trusted_proxy([11, 1, 2, 3].into()));
        assert!(
            loaded
                .warnings
                .iter()
                .any(|warning| warning.contains("BOXOFFICE_NONSENSE"))
        );
        let text = describe(&loaded).unwrap();
        assert!(text.contains("provider.currency = \"EUR\"  # file"));
        assert!(text.contains("stalker.password = \"(hidden)\"  # environment"));
        assert!(!text.contains("12345") && !text.contains("98765"));
    }

    #[test]
    fn secrets_that_others_can_read_are_warned_of() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("box.toml");
        let secret = "[smtp]\nurl = \"smtp://u:p@mail\"\n";
        let token = "[[billing]]\ntype = \"a\"\nurl = \"http://b\"\ntoken = \"t\"\n";
        for (text, mode, warned) in [
            (secret, 0o644, true),
            (secret, 0o640, false),
            (secret, 0o600, false),
            (secret, 0o602, true),
            (token, 0o604, true),
            ("public_url = \"http://box\"\n", 0o644, false),
        ] {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let loaded = load(&Flags::new(), Some(&file), Vec::new()).unwrap();
            let told = loaded.warnings.join("\n");
            assert_eq!(
                told.contains("chmod 600"),
                warned,
                "{mode:o} {text}: {told}"
            );
            assert!(!warned || told.contains(&file.display().to_string()));
            assert!(!told.contains("u:p"), "{told}");
        }
    }

    #[test]
    fn billing_has_two_shapes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("box.toml");
        let other = "type = \"main\"\nurl = \"http://127.0.0.1:9\"\ntoken = \"abcdef\"\n";
        for text in [
            format!("[[billing]]\n{other}"),
            format!("[billing]\nguard = true\n[[billing.external]]\n{other}"),
        ] {
            std::fs::write(&file, text).unwrap();
            let environment = env(&[("BOXOFFICE_BILLING__GUARD_MULTIPLE", "7")]);
            let loaded = load(&Flags::new(), Some(&file), environment).unwrap();
            let billing = &loaded.config.billing;
            assert_eq!((billing.guard, billing.guard_multiple), (true, 7));
            assert_eq!(billing.external[0].r#type, "main");
            assert_eq!(billing.external[0].token.expose(), "abcdef");
            let told = describe(&loaded).unwrap();
            assert!(told.contains("billing.external = "), "{told}");
            assert!(!told.contains("abcdef"), "{told}");
        }
        let list = "[{ type = \"env\", url = \"http://b\", token = \"t\" }]";
        let environment = env(&[("BOXOFFICE_BILLING__EXTERNAL", list)]);
        let loaded = load(&Flags::new(), None, environment).unwrap();
        assert_eq!(loaded.config.billing.external[0].r#type, "env");
        let environment = env(&[("BOXOFFICE_BILLING__EXTERNAL", "http://b")]);
        let error = load(&Flags::new(), None, environment).unwrap_err();
        assert!(format!("{error:#}").contains("BOXOFFICE_BILLING__EXTERNAL"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("box.toml");
        for (text, named) in [
            ("[provider]\nnmae = \"x\"\n", "nmae"),
            (
                "[provider]\ntime_zone = \"Mars/Base\"\n",
                "provider.time_zone",
            ),
            ("[provider]\ncurrency = \"ZZZ\"\n", "provider.currency"),
            ("[alphaott]\nprefix = \"api/\"\n", "alphaott.prefix"),
            ("listen = 5\n", "listen"),
            ("[[billing]]\ntype = \"a\"\nurl = \"http://x\"\n", "token"),
            ("[[billing]]\ntyp = \"a\"\n", "typ"),
            (
                "[[billing]]\ntype = \"a\"\nurl = \"x\"\ntoken = \"t\"\n",
                "billing.url",
            ),
            ("[billing]\ngard = true\n", "gard"),
            ("[middleware]\nurl = \"http://x\"\n", "middleware.token"),
            ("[carrier]\nurl = \"ftp://x\"\n", "carrier.url"),
            ("[carrier]\ntimeout_ms = 0\n", "carrier.timeout_ms"),
            ("[stalker]\nlogin = \"a\"\n", "stalker.password"),
            ("[stalker]\npassword = \"a\"\n", "stalker.login"),
            (
                "[stalker]\nlogin = \"a\"\npassword = \"b\"\nopen = true\n",
                "stalker.open",
            ),
            (
                "trusted_proxies = [\"proxy\"]\n",
                "trusted_proxies: \"proxy\"",
            ),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = load(&Flags::new(), Some(&file), Vec::new()).unwrap_err();
            let told = format!("{error:#}");
            assert!(told.contains(named), "{told}");
            assert!(!told.contains('\n'), "{told}");
        }
        let flags = Flags::from([("listen".to_owned(), "8080".to_owned())]);
        let error = format!("{:#}", load(&flags, None, Vec::new()).unwrap_err());
        assert!(
            error.contains("--listen: \"8080\" must be an address"),
            "{error}"
        );
        let error = load(
            &Flags::new(),
            None,
            env(&[("BOXOFFICE_BILLING__GUARD", "yes")]),
        )
        .unwrap_err();
        assert!(format!("{error:#}").contains("BOXOFFICE_BILLING__GUARD"));
    }
}
