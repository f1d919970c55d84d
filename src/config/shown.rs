//! The settings as they are shown, without what nobody is to see.

use anyhow::Context as _;
use toml::{Table, Value};

use super::layers::{Loaded, SECRETS, get, is_secret, paths};
use super::secret::HIDDEN;
use super::settings::Config;

/// A setting as the program knows it, whatever its value.
#[derive(Debug)]
pub struct Setting {
    pub name: String,
    /// As TOML writes it.
    pub default: String,
    /// Its value is never printed; of a list of systems their tokens are not.
    pub is_secret: bool,
}

/// Every setting, by name.
pub fn settings() -> anyhow::Result<Vec<Setting>> {
    let defaults = Table::try_from(Config::default()).context("the defaults")?;
    let mut settings = Vec::new();
    for name in paths(&defaults) {
        let default = get(&defaults, &name).map(Value::to_string);
        settings.push(Setting {
            default: default.unwrap_or_default(),
            is_secret: is_secret(&name),
            name,
        });
    }
    settings.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(settings)
}

/// One line per setting, secrets hidden: `listen = "127.0.0.1:8080"  # default`.
pub fn describe(loaded: &Loaded) -> anyhow::Result<String> {
    let table = Table::try_from(&loaded.config).context("the settings")?;
    let mut text = String::new();
    for (path, origin) in &loaded.origins {
        let mut value = get(&table, path).cloned();
        if let Some(value) = &mut value {
            hide_in_addresses(value);
        }
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        let is_empty = matches!(value.as_str(), "\"\"" | "[]");
        // Of a list that is secret not even how long it is shows.
        let hidden = SECRETS.contains(&path.as_str()) && !is_empty;
        let shown = if hidden {
            format!("\"{HIDDEN}\"")
        } else {
            value
        };
        text.push_str(&format!("{path} = {shown}  # {origin}\n"));
    }
    Ok(text)
}

/// Hides what an address may hold of secrets, wherever one stands: the password of its user, and
/// what is asked of it.
fn hide_in_addresses(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_secrets(text),
        Value::Array(list) => list.iter_mut().for_each(hide_in_addresses),
        Value::Table(table) => table
            .iter_mut()
            .for_each(|(_, value)| hide_in_addresses(value)),
        _ => {}
    }
}

fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (rest, asked) = match rest.find(['?', '#']) {
        Some(at) => (rest.get(..at).unwrap_or_default(), "?(hidden)"),
        None => (rest, ""),
    };
    // A password may hold anything, a slash too, where somebody forgot to encode it.
    let shown = match rest.rsplit_once('@') {
        None => rest.to_owned(),
        Some((user, host)) => match user.split_once(':') {
            None => format!("(hidden)@{host}"),
            Some((name, _)) => format!("{name}:(hidden)@{host}"),
        },
    };
    format!("{scheme}://{shown}{asked}")
}

#[cfg(test)]
mod tests {
    use super::super::layers::{Flags, load};
    use super::{SECRETS, describe, without_secrets};

    #[test]
    fn no_secret_setting_shows_itself() {
        let of = |name: &str| match name {
            "sms.headers" => "[\"X: s3cr3t\"]",
            "sms.url" | "carrier.url" => "http://s3cr3t",
            "payments.stripe_secret_key" => "sk_s3cr3t",
            "payments.stripe_webhook_secret" => "whsec_s3cr3t",
            _ => "s3cr3t",
        };
        let given = SECRETS.iter().map(|name| ((*name).to_owned(), of(name)));
        let mut flags: Flags = given.map(|(name, text)| (name, text.to_owned())).collect();
        flags.insert("stalker.login".to_owned(), "billing".to_owned());
        let loaded = load(&flags, None, Vec::new()).unwrap();
        assert_eq!(loaded.config.sms.headers[0].expose(), "X: s3cr3t");
        assert_eq!(loaded.config.smtp.url.expose(), "s3cr3t");
        let (shown, told) = (format!("{:?}", loaded.config), describe(&loaded).unwrap());
        assert!(!shown.contains("s3cr3t"), "{shown}");
        assert!(!told.contains("s3cr3t"), "{told}");
        for name in SECRETS {
            let line = format!("{name} = \"(hidden)\"  # flag\n");
            assert!(told.contains(&line), "{line}{told}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_shown_nowhere() {
        let address =
            |host: &str| format!("https://user:s3cr3t-{host}@{host}/a?token=t0k3n-{host}");
        let given = [
            "public_url",
            "alphaott.return_url",
            "smtp.url",
            "sms.url",
            "carrier.url",
            "middleware.url",
            "payments.stripe_api",
        ];
        let mut flags = Flags::new();
        for name in given {
            flags.insert(name.to_owned(), address("example.com"));
        }
        flags.insert("middleware.token".to_owned(), "t0k3n".to_owned());
        let loaded = load(&flags, None, Vec::new()).unwrap();
        let text = describe(&loaded).unwrap();
        assert!(
            !text.contains("s3cr3t") && !text.contains("t0k3n"),
            "{text}"
        );
        assert!(text.contains("public_url = \"https://user:(hidden)@example.com/a?(hidden)\""));
        let other = address("b");
        let list = format!("[{{ type = \"other\", url = \"{other}\", token = \"t0k3n\" }}]");
        let environment = vec![("BOXOFFICE_BILLING__EXTERNAL".to_owned(), list)];
        let loaded = load(&Flags::new(), None, environment).unwrap();
        let text = describe(&loaded).unwrap();
        assert!(
            !text.contains("s3cr3t") && !text.contains("t0k3n"),
            "{text}"
        );
        for (address, shown) in [
            ("http://a/b", "http://a/b"),
            ("http://a:p/w@b/c", "http://a:(hidden)@b/c"),
            ("http://a:p@w@b/c", "http://a:(hidden)@b/c"),
            ("http://key@b", "http://(hidden)@b"),
            ("nothing of the kind: a@b", "nothing of the kind: a@b"),
        ] {
            assert_eq!(without_secrets(address), shown);
        }
    }
}
