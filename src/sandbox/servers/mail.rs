//! A receiver of mail: the dialogue of SMTP (RFC 5321) with STARTTLS and AUTH, in order or refused. What is delivered is
//! a notice. Nobody lives at `unknown@`; mail for `later@` is taken at the second try, as by a server that greylists.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::notices;
use crate::sandbox::world::Core;

/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// The largest mail, in bytes.
const LARGEST: usize = 1 << 20;
/// The longest line of the dialogue, in bytes.
const LINE: usize = 64 << 10;
/// Who may say so, with the world's secret `mail_password`.
pub const USER: &str = "flightdeck";

type Held = Arc<Mutex<Vec<String>>>;

/// Takes mail until `stop`.
pub fn serve(listener: TcpListener, tls: TlsAcceptor, core: Core, stop: CancellationToken) {
    let held = Held::default();
    tokio::spawn(async move {
        loop {
            let stream = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(_) => {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let talk = Talk { core: core.clone(), held: held.clone(), tls: false, known: None };
            let (tls, stop) = (tls.clone(), stop.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = with(talk, stream, tls) => {}
                }
            });
        }
    });
}

/// A dialogue, and after STARTTLS a second one that knows nothing of the first.
async fn with(mut talk: Talk, stream: TcpStream, tls: TlsAcceptor) -> Option<()> {
    let mut plain = BufReader::new(stream);
    say(&mut plain, "220 mail.sandbox ESMTP").await?;
    talk.listen(&mut plain).await?;
    if !plain.buffer().is_empty() {
        // What was sent before the handshake is not part of it (CVE-2011-0411).
        return None;
    }
    let mut stream = BufReader::new(tls.accept(plain.into_inner()).await.ok()?);
    talk.tls = true;
    talk.listen(&mut stream).await
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, text: &str) -> Option<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn hear<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = Vec::new();
    loop {
        let chunk = tokio::time::timeout(SILENCE, stream.fill_buf()).await.ok()?.ok()?;
        if chunk.is_empty() {
            return None;
        }
        let end = chunk.iter().position(|b| *b == b'\n').map_or(chunk.len(), |at| at + 1);
        line.extend_from_slice(&chunk[..end]);
        stream.consume(end);
        if line.ends_with(b"\n") {
            break;
        }
        if line.len() > LINE {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&line);
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}

struct Talk {
    core: Core,
    /// Who was told to come again.
    held: Held,
    tls: bool,
    known: Option<String>,
}

#[derive(Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

impl Talk {
    /// Answers until the sender wants TLS, which is `Some`, or is gone.
    async fn listen<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut BufReader<S>) -> Option<()> {
        let mut greeted = false;
        let mut letter = Envelope::default();
        loop {
            let line = hear(stream).await?;
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let answer = match verb.to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" if rest.trim().is_empty() => "501 5.5.4 a name follows".to_owned(),
                "EHLO" => {
                    (greeted, letter) = (true, Envelope::default());
                    let more = if self.tls { "AUTH PLAIN LOGIN" } else { "STARTTLS" };
                    format!(
                        "250-mail.sandbox\r\n250-SIZE {LARGEST}\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 {more}"
                    )
                }
                "HELO" => {
                    greeted = true;
                    "250 mail.sandbox".into()
                }
                "NOOP" => "250 2.0.0 ok".into(),
                "RSET" => {
                    letter = Envelope::default();
                    "250 2.0.0 ok".into()
                }
                "QUIT" => {
                    say(stream, "221 2.0.0 bye").await?;
                    return None;
                }
                "STARTTLS" if self.tls => "503 5.5.1 it is encrypted already".into(),
                "STARTTLS" => {
                    say(stream, "220 2.0.0 go ahead").await?;
                    return Some(());
                }
                "AUTH" if !self.tls => "538 5.7.11 encryption is needed for it".into(),
                "AUTH" if !greeted || self.known.is_some() => "503 5.5.1 not now".into(),
                "AUTH" => self.authenticate(rest, stream).await?,
                "MAIL" if !greeted || letter.from.is_some() => "503 5.5.1 not now".into(),
                "MAIL" => match address(rest, "FROM:") {
                    Some(from) => {
                        letter.from = Some(from);
                        "250 2.1.0 ok".into()
                    }
                    None => "501 5.1.7 MAIL FROM:<address>".into(),
                },
                "RCPT" if letter.from.is_none() => "503 5.5.1 MAIL comes first".into(),
                "RCPT" => match address(rest, "TO:") {
                    Some(to) => self.receiver(to, &mut letter),
                    None => "501 5.1.3 RCPT TO:<address>".into(),
                },
                "DATA" if letter.to.is_empty() => "503 5.5.1 RCPT comes first".into(),
                "DATA" => {
                    say(stream, "354 end with a dot").await?;
                    let text = read_data(stream).await?;
                    self.deliver(&std::mem::take(&mut letter), text)
                }
                _ => "500 5.5.2 not understood".into(),
            };
            say(stream, &answer).await?;
        }
    }

    async fn authenticate<S>(&mut self, rest: &str, stream: &mut BufReader<S>) -> Option<String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let decode = |text: &str| String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok();
        let (way, first) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match way.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let first = if first.is_empty() {
                    say(stream, "334 ").await?;
                    hear(stream).await?
                } else {
                    first.to_owned()
                };
                decode(&first).and_then(|text| {
                    let mut parts = text.split('\0').skip(1).map(str::to_owned);
                    Some((parts.next()?, parts.next()?))
                })
            }
            "LOGIN" => {
                say(stream, "334 VXNlcm5hbWU6").await?;
                let user = hear(stream).await?;
                say(stream, "334 UGFzc3dvcmQ6").await?;
                decode(&user).zip(decode(&hear(stream).await?))
            }
            _ => return Some("504 5.5.4 PLAIN or LOGIN".into()),
        };
        let Some((user, password)) = given else { return Some("501 5.5.2 not understood".into()) };
        if user != USER || password != self.core.settings().secret("mail_password") {
            return Some("535 5.7.8 wrong user or password".into());
        }
        self.known = Some(user);
        Some("235 2.7.0 welcome".into())
    }

    fn receiver(&self, to: String, letter: &mut Envelope) -> String {
        if to.starts_with("unknown@") {
            return "550 5.1.1 no such user".into();
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if to.starts_with("later@") && !held.contains(&to) {
            held.push(to);
            return "450 4.2.0 greylisted, come again".into();
        }
        letter.to.push(to);
        "250 2.1.5 ok".into()
    }

    fn deliver(&self, letter: &Envelope, text: Option<String>) -> String {
        let Some(text) = text else { return "552 5.3.4 too large".into() };
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        // A folded line belongs to the one above it.
        let head = head.replace("\n ", " ").replace("\n\t", " ");
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
        };
        if header("From").is_none() || header("Date").is_none() {
            return "550 5.6.0 From and Date must be there (RFC 5322)".into();
        }
        let body = json!({
            "from": letter.from, "to": letter.to, "subject": header("Subject"), "message_id": header("Message-ID"),
            "encoding": header("Content-Transfer-Encoding"), "text": body, "tls": self.tls, "user": self.known,
        });
        match notices::keep(&self.core, "smtp", &body) {
            Ok(number) => format!("250 2.0.0 queued as {}", notices::id(number)),
            Err(error) => format!("451 4.3.0 {error}"),
        }
    }
}

/// The address of `FROM:<…>` or `TO:<…>`.
fn address(rest: &str, word: &str) -> Option<String> {
    let rest = rest.trim_start();
    let behind = rest.get(..word.len()).filter(|w| w.eq_ignore_ascii_case(word)).and(rest.get(word.len()..))?;
    let address = behind.trim_start().strip_prefix('<')?.split_once('>')?.0;
    (address.contains('@') && !address.contains(char::is_whitespace)).then(|| address.to_owned())
}

/// The lines up to the dot; an inner none when they are too many.
async fn read_data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<Option<String>> {
    let mut text = String::new();
    let mut fits = true;
    loop {
        let line = hear(stream).await?;
        if line == "." {
            return Some(fits.then_some(text));
        }
        fits &= text.len() + line.len() < LARGEST;
        if fits {
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push('\n');
        }
    }
}
