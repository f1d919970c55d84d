//! Mail by SMTP. Takes letters that are ready; must not know what they are about.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error as SmtpError};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use crate::config::SmtpSettings;
use crate::domain::values::time::Timestamp;
use crate::letters::Letter;

/// How long the server may take for one step.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The mail server.
pub struct Mailer {
    builder: AsyncSmtpTransportBuilder,
    /// Made with the first mail: its pool of connections needs a running scheduler, which a command
    /// that only opens the file does not have.
    transport: OnceLock<AsyncSmtpTransport<Tokio1Executor>>,
    from: Address,
    /// Behind the at sign of what names a message.
    domain: String,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailError {
    /// This mail never will be.
    Refused(String),
    /// This mail may be, later.
    Later(String),
    /// Nobody answers, or not in the way that the settings say: no mail will be taken now.
    Unreachable(String),
}

/// A mail on its way. It may hold a password: it is not for logs.
pub struct Mail {
    /// The same for every try: a server that sees it twice can tell.
    pub name: String,
    /// Who writes.
    pub sender: String,
    pub to: String,
    pub letter: Letter,
    pub at: Timestamp,
}

impl Mailer {
    /// `None` where no server is set up. `public_url` gives the sender's domain where the settings
    /// name no sender.
    pub(super) fn new(settings: &SmtpSettings, public_url: &str) -> anyhow::Result<Option<Self>> {
        use anyhow::Context as _;
        if settings.url.is_empty() {
            return Ok(None);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.url.expose())
            .context(
                "setting smtp.url: must be like smtp://host:25, \
             smtp://user:password@host:587?tls=required or smtps://user:password@host",
            )?;
        let host = public_url.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let host = if host.is_empty() { "localhost" } else { host };
        let from = if settings.from.is_empty() {
            format!("noreply@{host}")
        } else {
            settings.from.clone()
        };
        let from: Address = from
            .parse()
            .with_context(|| format!("setting smtp.from: {from} is no address"))?;
        Ok(Some(Self {
            builder: builder.timeout(Some(TIMEOUT)),
            transport: OnceLock::new(),
            domain: from.domain().to_owned(),
            from,
        }))
    }

    /// Hands a mail over; when this is well, the server has taken it.
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let message = self.message(mail).map_err(MailError::Refused)?;
        let transport = self.transport.get_or_init(|| self.builder.clone().build());
        let sent = transport.send(message).await;
        sent.map(|_| ()).map_err(|error| read_error(&error))
    }

    fn message(&self, mail: Mail) -> Result<Message, String> {
        let to: Address = mail.to.parse().map_err(|_| "the address is none")?;
        let seconds = u64::try_from(mail.at.seconds()).unwrap_or(0);
        let date = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let builder = Message::builder()
            .from(Mailbox::new(Some(mail.sender), self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(mail.letter.subject)
            .date(date.unwrap_or(SystemTime::UNIX_EPOCH))
            .message_id(Some(format!("<{}@{}>", mail.name, self.domain)));
        let text = SinglePart::plain(mail.letter.text);
        let built = match mail.letter.attached {
            None => builder.singlepart(text),
            Some((name, pdf)) => {
                let kind = ContentType::parse("application/pdf").map_err(|e| e.to_string())?;
                let attached = Attachment::new(name).body(pdf, kind);
                builder.multipart(MultiPart::mixed().singlepart(text).singlepart(attached))
            }
        };
        built.map_err(|error| error.to_string())
    }
}

fn read_error(error: &SmtpError) -> MailError {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(deeper) = source {
        reason.push_str(": ");
        reason.push_str(&deeper.to_string());
        source = deeper.source();
    }
    // 535 and its like speak of the sign-in, 421 of the server: of no single mail.
    let of_server = error.status().is_some_and(|code| {
        matches!(
            code.to_string().as_str(),
            "421" | "454" | "530" | "534" | "535" | "538"
        )
    });
    if of_server {
        MailError::Unreachable(reason)
    } else if error.is_permanent() {
        MailError::Refused(reason)
    } else if error.is_transient() {
        MailError::Later(reason)
    } else {
        MailError::Unreachable(reason)
    }
}
