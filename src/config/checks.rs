//! What a setting must look like, and where in a file it does not.

use std::net::SocketAddr;
use std::path::Path;

use toml::Table;

/// Whether a file is there; one that may not be looked at is an error, or settings would be passed
/// over in silence.
pub(super) fn is_there(path: &Path) -> anyhow::Result<bool> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => anyhow::bail!(
            "not allowed to look at {}: run this as the user that the box runs as, or with sudo",
            path.display()
        ),
        Err(_) => Ok(false),
    }
}

/// `, line 3` of an error in a file.
pub(super) fn place_of(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    before.map_or_else(String::new, |before| {
        format!(", line {}", before.matches('\n').count().saturating_add(1))
    })
}

/// Says what an address to listen at looks like, where one does not.
pub(super) fn check_listen(table: &Table, name: &str) -> anyhow::Result<()> {
    let Some(given) = table.get("listen") else {
        return Ok(());
    };
    let address = given.as_str().map(str::parse::<SocketAddr>);
    anyhow::ensure!(
        matches!(address, Some(Ok(_))),
        "{name}: {given} must be an address and a port, such as 127.0.0.1:8080, or 0.0.0.0:8080 \
         for all addresses of this machine"
    );
    Ok(())
}

/// `de`, `de-DE`, `zh-Hant-TW`: what an IETF language tag looks like.
pub(super) fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    matches!(language.len(), 2..=3)
        && letters(language)
        && parts.all(|part| {
            matches!(part.len(), 2..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}
