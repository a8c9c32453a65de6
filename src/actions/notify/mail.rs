//! Mail by SMTP.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::call::{is_loopback, told};
use super::{Mail, MailTls, Message, Notice, Tried, token};

/// How long one step of the dialogue may take.
const STEP: Duration = Duration::from_secs(10);
/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(30);
/// The longest subject, in characters.
const SUBJECT: usize = 200;

impl Notice for Mail {
    fn send<'a>(&'a self, message: &'a Message, _again: bool) -> Pin<Box<dyn Future<Output = Tried> + Send + 'a>> {
        Box::pin(async move {
            match tokio::time::timeout(LIMIT, self.hand_over(message)).await {
                Ok(tried) => tried,
                Err(_) => Tried::Later(format!("{}: no end after {} s", self.server, LIMIT.as_secs()), None),
            }
        })
    }
}

impl Mail {
    async fn hand_over(&self, message: &Message) -> Tried {
        let (host, port) = match self.address() {
            Ok(address) => address,
            Err(why) => return Tried::Refused(why),
        };
        let tls = self.tls.unwrap_or_else(|| match port {
            465 => MailTls::Tls,
            _ if is_loopback(&host) => MailTls::None,
            _ => MailTls::Starttls,
        });
        if tls == MailTls::None && !is_loopback(&host) {
            return Tried::Refused(format!("{host}: mail without TLS goes to this machine only"));
        }
        let letter = match self.letter(message) {
            Ok(letter) => letter,
            Err(why) => return Tried::Refused(why),
        };
        let parameters = match self.parameters(&host, tls).await {
            Ok(parameters) => parameters,
            Err(why) => return Tried::Refused(why),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(port)
            .tls(parameters)
            .timeout(Some(STEP));
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        match builder.build().send(letter).await {
            Ok(response) => {
                let said: Vec<&str> = response.message().collect();
                Tried::Taken(format!("{host}: {} {}, {}", response.code(), told(&said.join(" ")), id_of(message)))
            }
            Err(error) => failed(&host, &error),
        }
    }

    /// Host and port of the server.
    fn address(&self) -> Result<(String, u16), String> {
        let wrong = || "the channel's `server` is host:port, such as smtp.example.com:587".to_owned();
        let (host, port) = self.server.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() { Err(wrong()) } else { Ok((host.to_owned(), port)) }
    }

    /// The same for each try but for its date.
    fn letter(&self, message: &Message) -> Result<lettre::Message, String> {
        let to: Mailboxes = self.to.parse().map_err(|e| format!("the channel's `email` is no address: {e}"))?;
        let from: Mailbox = self.from.parse().map_err(|e| format!("the channel's `from` is no address: {e}"))?;
        let subject: String = message.first_line().chars().take(SUBJECT).collect();
        let mut builder = lettre::Message::builder().from(from);
        for mailbox in to {
            builder = builder.to(mailbox);
        }
        let mut letter = builder
            .subject(subject)
            .message_id(Some(id_of(message)))
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\n\n-- \nflightdeck {}\n", message.text, message.key))
            .map_err(|e| format!("the mail cannot be written: {e}"))?;
        // RFC 3834: nobody's "out of office" is wanted back.
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        letter.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".into()));
        Ok(letter)
    }

    async fn parameters(&self, host: &str, tls: MailTls) -> Result<Tls, String> {
        if tls == MailTls::None {
            return Ok(Tls::None);
        }
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(path) = &self.ca {
            let said = |why: String| format!("`ca` {}: {why}", path.display());
            let pem = tokio::fs::read(path).await.map_err(|e| said(e.to_string()))?;
            builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| said(e.to_string()))?);
        }
        let parameters = builder.build().map_err(|e| format!("{host}: {}", cause(&e)))?;
        Ok(if tls == MailTls::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
    }
}

/// A mailbox that has a message of this id already may drop the second.
fn id_of(message: &Message) -> String {
    format!("<{}@flightdeck.invalid>", token(&message.key))
}

/// What a refusal by the server means: 5xx never, all else perhaps later.
fn failed(host: &str, error: &SmtpError) -> Tried {
    let line = match error.status() {
        Some(code) => format!("{host}: {code} {}", cause(error)),
        None => format!("{host}: {}", cause(error)),
    };
    if error.is_permanent() || error.is_client() { Tried::Refused(line) } else { Tried::Later(line, None) }
}

fn cause(error: &dyn Error) -> String {
    told(&super::call::root_cause(error))
}
