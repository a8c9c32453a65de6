//! Whether a server answers, as `pg_isready` asks: the startup message and the first byte back, no login.

use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::super::causes;
use super::super::ctx::Ctx;
use super::super::kubernetes;
use super::super::seen::{Problem, Seen};
use super::target::Target;
use crate::words::{Value, short_duration};

/// Looks once.
pub(super) async fn look(target: &Target, ctx: &Ctx) -> Result<Seen, Problem> {
    let start = Instant::now();
    let place = target.place();
    let failed = |e: std::io::Error| causes::io_failure(&e, &place);
    let way = match &target.via {
        Some(via) => kubernetes::way(via, target.port, ctx).await?,
        None => None,
    };
    if let Some((stream, way)) = way {
        let start = Instant::now();
        return match ask(stream, target).await {
            Ok(answer) => told(answer, start.elapsed().as_secs_f64(), ctx),
            Err(error) => Err(way.failure(&error, &place, None).await),
        };
    }
    let answer = if target.host.starts_with('/') {
        let path = format!("{}/.s.PGSQL.{}", target.host, target.port);
        ask(UnixStream::connect(path).await.map_err(failed)?, target).await
    } else {
        ask(TcpStream::connect((target.host.as_str(), target.port)).await.map_err(failed)?, target).await
    };
    let latency = start.elapsed().as_secs_f64();
    told(answer.map_err(failed)?, latency, ctx)
}

/// What the first answer says.
fn told(answer: (u8, Vec<u8>), latency: f64, ctx: &Ctx) -> Result<Seen, Problem> {
    match answer {
        // A request for a password, or a refusal of the login: the server is there.
        (b'R', _) => {}
        // 57P03 cannot_connect_now: starting up or shutting down.
        (b'E', fields) if field(&fields, b'C') == Some("57P03") => {
            return Err(Problem::failing(field(&fields, b'M').unwrap_or("the server is starting up").to_owned())
                .hint("wait: it plays back its log or shuts down"));
        }
        (b'E', _) => {}
        _ => {
            return Err(Problem::failing("what answers is no PostgreSQL server").hint("is this its port?"));
        }
    }
    let seen = Seen::text(format!("accepts connections, {}", short_duration(latency)))
        .field("connected", Value::Bool(true))
        .field("latency", Value::Duration(latency));
    Ok(Seen { value: ctx.if_time(latency), ..seen })
}

/// Sends the startup message (protocol 3.0) and reads the first answer: its letter and body.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, target: &Target) -> std::io::Result<(u8, Vec<u8>)> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for text in ["user", &target.user, "database", &target.database, "application_name", "flightdeck"] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    stream.write_all(&[&length.to_be_bytes()[..], &body].concat()).await?;
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]).saturating_sub(4);
    // An answer to a startup message is short; what claims more is something else.
    let mut fields = vec![0; (length as usize).min(4096)];
    if matches!(head[0], b'R' | b'E') {
        stream.read_exact(&mut fields).await?;
    }
    Ok((head[0], fields))
}

/// A field of an ErrorResponse: a letter, a text, a zero byte, again and again.
fn field(fields: &[u8], letter: u8) -> Option<&str> {
    fields
        .split(|b| *b == 0)
        .find_map(|f| f.split_first().filter(|(l, _)| **l == letter))
        .and_then(|(_, t)| std::str::from_utf8(t).ok())
}
