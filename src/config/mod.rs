//! Settings: flags, then environment, then the TOML file, then the defaults.
//!
//! Only what is needed to start stands here; what an operator changes while the box runs is a
//! record in the store.

mod billing;
mod checks;
mod delivery;
mod layers;
mod partners;
mod provider;
mod proxies;
mod secret;
mod settings;
mod shown;
mod staff;
mod stalker;

pub use billing::{BillingSettings, ExternalBilling};
pub use delivery::{SmsSettings, SmtpSettings};
pub use layers::{Flags, Loaded};
pub use partners::{CarrierSettings, MarketoneSettings};
pub use provider::ProviderSettings;
pub use proxies::Network;
pub use secret::SecretSetting;
pub use settings::{
    AlphaottSettings, Config, LogSettings, MiddlewareSettings, PasswordSettings, PaymentSettings,
};
pub use shown::{Setting, describe, settings};
pub use staff::{Roles, StaffSettings};
pub use stalker::StalkerSettings;

#[cfg(test)]
mod tests {
    use super::layers::load;
    use super::{Flags, describe};

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
