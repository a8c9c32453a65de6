//! PostgreSQL's wire protocol, as far as looking needs it: start-up, password, simple queries.
//!
//! The queries that are answered stand in [`sql::answer`]; any other is an error that says so, as is the extended protocol.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::sql::{self, Column};
use crate::sandbox::state::Serving;
use crate::sandbox::world::Core;
use crate::sandbox::world::ports::Port;

/// A message longer than this is no client's that we know.
const LONGEST: usize = 1 << 20;
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;
const PROTOCOL_3: u32 = 196_608;

/// Serves until `stop`; then open sessions break.
pub fn serve(listener: TcpListener, core: Core, stop: CancellationToken) {
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let (core, stop) = (core.clone(), stop.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    // A client that breaks off is no trouble of the world.
                    _ = session(stream, &core) => {}
                }
            });
        }
    });
}

async fn session(mut stream: TcpStream, core: &Core) -> io::Result<()> {
    let Some(user_and_database) = start(&mut stream).await? else { return Ok(()) };
    let (user, database) = user_and_database;
    if matches!(core.look(|s, now| s.serving(Port::Postgres, now)), Serving::Starting { .. }) {
        return fatal(&mut stream, "57P03", "the database system is starting up").await;
    }
    // AuthenticationCleartextPassword
    send(&mut stream, b'R', &3_u32.to_be_bytes()).await?;
    let (kind, body) = receive(&mut stream).await?;
    let settings = core.settings();
    let password = text(&body);
    if kind != b'p' || user != settings.secret("postgres_username") || password != settings.secret("postgres_password")
    {
        let message = format!("password authentication failed for user \"{user}\"");
        return fatal(&mut stream, "28P01", &message).await;
    }
    if database != settings.secret("postgres_database") {
        return fatal(&mut stream, "3D000", &format!("database \"{database}\" does not exist")).await;
    }
    send(&mut stream, b'R', &0_u32.to_be_bytes()).await?;
    for (name, value) in [
        ("server_version", "18.0"),
        ("server_encoding", "UTF8"),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
        ("integer_datetimes", "on"),
        ("standard_conforming_strings", "on"),
    ] {
        send(&mut stream, b'S', format!("{name}\0{value}\0").as_bytes()).await?;
    }
    send(&mut stream, b'K', &[0, 0, 0, 1, 0, 0, 0, 1]).await?;
    ready(&mut stream).await?;
    loop {
        let (kind, body) = receive(&mut stream).await?;
        match kind {
            b'X' => return Ok(()),
            b'Q' => {
                query(&mut stream, core, &text(&body)).await?;
                ready(&mut stream).await?;
            }
            // Sync ends a refused extended query.
            b'S' => ready(&mut stream).await?,
            b'P' => error(&mut stream, "ERROR", "0A000", "prepared statements are not simulated").await?,
            _ => {}
        }
    }
}

/// Start-up: user and database; nothing when the client only wanted to cancel.
async fn start(stream: &mut TcpStream) -> io::Result<Option<(String, String)>> {
    loop {
        let length = stream.read_u32().await? as usize;
        if !(8..LONGEST).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let code = stream.read_u32().await?;
        let mut body = vec![0; length - 8];
        stream.read_exact(&mut body).await?;
        match code {
            // No TLS here, as with `sslmode=disable` in the real compose file.
            SSL_REQUEST | GSS_REQUEST => stream.write_all(b"N").await?,
            CANCEL_REQUEST => return Ok(None),
            PROTOCOL_3 => {
                let words: Vec<String> =
                    body.split(|b| *b == 0).map(|w| String::from_utf8_lossy(w).into_owned()).collect();
                let value = |name: &str| {
                    words.chunks(2).find(|c| c[0] == name).and_then(|c| c.get(1).cloned()).unwrap_or_default()
                };
                let user = value("user");
                let database = value("database");
                return Ok(Some((user.clone(), if database.is_empty() { user } else { database })));
            }
            _ => {
                fatal(stream, "0A000", "unsupported frontend protocol").await?;
                return Ok(None);
            }
        }
    }
}

async fn query(stream: &mut TcpStream, core: &Core, text: &str) -> io::Result<()> {
    let plain = sql::plain(text);
    if plain.is_empty() {
        return send(stream, b'I', &[]).await;
    }
    if ["begin", "commit", "rollback"].contains(&plain.as_str()) || plain.starts_with("set ") {
        let tag = plain.split(' ').next().unwrap_or_default().to_uppercase();
        return send(stream, b'C', format!("{tag}\0").as_bytes()).await;
    }
    match core.look(|state, now| sql::answer(state, now, text)) {
        Some(columns) => row(stream, &columns).await,
        None => error(stream, "ERROR", "0A000", &format!("not simulated: {text}")).await,
    }
}

async fn row(stream: &mut TcpStream, columns: &[Column]) -> io::Result<()> {
    let count = (columns.len() as u16).to_be_bytes();
    let (mut description, mut data) = (count.to_vec(), count.to_vec());
    for (name, kind, value) in columns {
        let (oid, length) = kind.wire();
        description.extend(name.as_bytes());
        description.push(0);
        description.extend([0; 6]);
        description.extend(oid.to_be_bytes());
        description.extend(length.to_be_bytes());
        description.extend((-1_i32).to_be_bytes());
        description.extend(0_u16.to_be_bytes());
        match value {
            Some(value) => {
                data.extend((value.len() as u32).to_be_bytes());
                data.extend(value.as_bytes());
            }
            None => data.extend((-1_i32).to_be_bytes()),
        }
    }
    send(stream, b'T', &description).await?;
    send(stream, b'D', &data).await?;
    send(stream, b'C', b"SELECT 1\0").await
}

async fn ready(stream: &mut TcpStream) -> io::Result<()> {
    send(stream, b'Z', b"I").await
}

async fn fatal(stream: &mut TcpStream, code: &str, message: &str) -> io::Result<()> {
    error(stream, "FATAL", code, message).await
}

async fn error(stream: &mut TcpStream, severity: &str, code: &str, message: &str) -> io::Result<()> {
    send(stream, b'E', format!("S{severity}\0V{severity}\0C{code}\0M{message}\0\0").as_bytes()).await
}

async fn send(stream: &mut TcpStream, kind: u8, body: &[u8]) -> io::Result<()> {
    let mut message = vec![kind];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    stream.write_all(&message).await
}

async fn receive(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    let length = stream.read_u32().await? as usize;
    if !(4..LONGEST).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await?;
    Ok((kind, body))
}

/// A text that ends with a zero.
fn text(body: &[u8]) -> String {
    let end = body.iter().position(|b| *b == 0).unwrap_or(body.len());
    String::from_utf8_lossy(&body[..end]).into_owned()
}
