//! A login, the server's state, and one query.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::DuplexStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::AbortOnDropHandle;

use super::super::causes;
use super::super::ctx::{Ctx, short};
use super::super::kubernetes::{self, Way};
use super::super::seen::{Problem, Seen};
use super::super::trust::{Trust, Watcher};
use super::target::{Ssl, Target};
use crate::words::{Value, short_duration};

/// What a session asks first: one row. Standby (`t` or `f`), connections, and lag in seconds (null where there is none).
///
/// On a standby the lag is the age of the last replayed commit, or 0 when all that was received is replayed; on a
/// primary it is the largest `replay_lag` of its standbys that the account may see.
pub const STATE_QUERY: &str = "select pg_is_in_recovery(), (select count(*) from pg_stat_activity), \
    case when not pg_is_in_recovery() then (select max(extract(epoch from replay_lag)) from pg_stat_replication) \
    when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0 \
    else extract(epoch from now() - pg_last_xact_replay_timestamp()) end";

/// What it asks next: one row. Clients that are active and idle, how many there may be and are, the age in seconds of the
/// oldest transaction of others (null for what an account may not see that is no member of `pg_read_all_stats`), and
/// the database's bytes. Asked by itself, so that a server that does not know it still says what it is.
pub const USE_QUERY: &str = "select (select case when bool_or(backend_type is null) then null \
    else count(*) filter (where state = 'active' and backend_type = 'client backend') end from pg_stat_activity), \
    (select case when bool_or(backend_type is null) then null \
    else count(*) filter (where state = 'idle' and backend_type = 'client backend') end from pg_stat_activity), \
    (select setting::int from pg_settings where name = 'max_connections'), \
    (select count(datid) from pg_stat_activity where coalesce(backend_type, 'client backend') = 'client backend'), \
    (select case when bool_or(backend_type is null) then null else coalesce(extract(epoch from \
    max(clock_timestamp() - xact_start) filter (where backend_type = 'client backend')), 0) end \
    from pg_stat_activity where pid <> pg_backend_pid()), \
    pg_database_size(current_database())";

/// Fields beside role, connections and lag.
const MORE: [&str; 6] = ["active", "idle", "max_connections", "used", "longest_transaction", "size"];

/// Looks cannot change anything; a server (or pooler) that does not know this is not asked again.
const READ_ONLY: &str = "set session characteristics as transaction read only";

/// Logs in, asks for the state and makes the query.
pub(super) async fn look(target: &Target, query: Option<&str>, ctx: &Ctx) -> Result<Seen, Problem> {
    let start = Instant::now();
    let (client, _running, _way) = connect(target, ctx).await?;
    let latency = start.elapsed().as_secs_f64();
    let mut seen = Seen::default().field("connected", Value::Bool(true)).field("latency", Value::Duration(latency));
    seen.value = ctx.if_time(latency);
    let _ = client.simple_query(READ_ONLY).await;
    let mut text = match client.simple_query(STATE_QUERY).await {
        Ok(messages) => state(&mut seen, &messages, ctx),
        Err(e) => {
            let why = words(&e);
            for field in ["role", "connections", "lag"] {
                seen = seen.missing(field, why.clone());
            }
            "connected".into()
        }
    };
    match client.simple_query(USE_QUERY).await {
        Ok(messages) => more(&mut seen, &messages),
        Err(e) => seen.missing.extend(MORE.map(|field| (field, words(&e)))),
    }
    if let Some(query) = query {
        match client.simple_query(query).await {
            Ok(messages) => text = answer(&mut seen, &messages, ctx),
            Err(e) => {
                let why = format!("the query failed: {}", words(&e));
                return Ok(Seen { text: why.clone(), ..seen }.problem(Problem::nothing(why)));
            }
        }
    }
    seen.text = format!("{text}, {}", short_duration(latency));
    Ok(seen)
}

/// A session, what runs it, and the way that it takes.
type Connected = (Client, AbortOnDropHandle<()>, Option<Way>);

async fn connect(target: &Target, ctx: &Ctx) -> Result<Connected, Problem> {
    let mut config = Config::new();
    config.user(&target.user).dbname(&target.database).port(target.port).application_name("flightdeck");
    if target.host.starts_with('/') {
        config.host_path(&target.host);
    } else {
        config.host(&target.host);
    }
    if let Some(password) = &target.password {
        config.password(password);
    }
    let way = match &target.via {
        Some(via) => kubernetes::way(via, target.port, ctx).await?,
        None => None,
    };
    if target.ssl == Ssl::Disable || target.host.starts_with('/') {
        config.ssl_mode(SslMode::Disable);
        if let Some((stream, way)) = way {
            let connected = config.connect_raw(stream, NoTls).await;
            return through(connected.map(|(client, connection)| (client, run(connection))), target, None, way).await;
        }
        let (client, connection) = config.connect(NoTls).await.map_err(|e| failure(&e, target, None))?;
        return Ok((client, run(connection), None));
    }
    config.ssl_mode(if target.ssl == Ssl::Prefer { SslMode::Prefer } else { SslMode::Require });
    let (tls, watcher) = tls(target)?;
    let mut make = MakeRustlsConnect::new(tls);
    let leaf = || watcher.chain().first().map(|c| super::super::trust::sha256_hex(c));
    if let Some((stream, way)) = way {
        let tls = MakeTlsConnect::<DuplexStream>::make_tls_connect(&mut make, &target.host);
        let tls = tls.map_err(|_| Problem::nothing(format!("`{}` is no host's name", target.host)))?;
        let connected = config.connect_raw(stream, tls).await;
        return through(connected.map(|(client, connection)| (client, run(connection))), target, leaf(), way).await;
    }
    let connected = config.connect(make).await;
    let (client, connection) = connected.map_err(|e| failure(&e, target, leaf().as_deref()))?;
    Ok((client, run(connection), None))
}

/// What came of a login through a way: where nobody answered, its end says why.
async fn through(
    connected: Result<(Client, AbortOnDropHandle<()>), tokio_postgres::Error>,
    target: &Target,
    leaf: Option<String>,
    way: Way,
) -> Result<Connected, Problem> {
    match connected {
        Ok((client, running)) => Ok((client, running, Some(way))),
        Err(error) if error.is_closed() || source_is_io(&error) => {
            Err(way.failure(&error, &target.place(), leaf.as_deref()).await)
        }
        Err(error) => Err(failure(&error, target, leaf.as_deref())),
    }
}

/// Whether the stream itself failed; what TLS refused is an I/O error too, with its own words inside.
fn source_is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

/// What does not hold is refused in the handshake, before a password is sent; what is checked follows libpq.
fn tls(target: &Target) -> Result<(rustls::ClientConfig, Arc<Watcher>), Problem> {
    let trust = Trust { ca: target.root_certificate.clone(), ..Trust::default() };
    match target.ssl {
        Ssl::VerifyFull => trust.config(),
        Ssl::VerifyCa => trust.config_but_for_names(),
        Ssl::Require if target.root_certificate.is_some() => trust.config_but_for_names(),
        Ssl::Require | Ssl::Prefer | Ssl::Disable => Trust::config_that_trusts_all(),
    }
}

fn run<S, T>(connection: tokio_postgres::Connection<S, T>) -> AbortOnDropHandle<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    AbortOnDropHandle::new(tokio::spawn(async move {
        // Its error reaches the query that waits for it.
        let _ = connection.await;
    }))
}

/// What kept us from logging in.
fn failure(error: &tokio_postgres::Error, target: &Target, leaf: Option<&str>) -> Problem {
    let Some(db) = error.as_db_error() else {
        if error.to_string().contains("server does not support TLS")
            || source_text(error).contains("does not support TLS")
        {
            return Problem::failing("the server does not offer TLS")
                .hint("switch it on there (ssl = on), or set sslmode");
        }
        if source_text(error).contains("password missing") || error.to_string().contains("password missing") {
            return Problem::failing("the server wants a password").hint("put one into `url:` or `password:`");
        }
        return causes::failure(error, &target.place(), leaf);
    };
    let problem = Problem::failing(db.message().to_owned());
    match db.code().code() {
        "28P01" | "28000" => problem.hint("user, password, or pg_hba.conf of the server"),
        "3D000" => problem.hint("is the database's name right? is it created?"),
        "53300" => problem.hint("all connections are in use: who holds them? (pg_stat_activity)"),
        "57P03" => problem.hint("wait: it starts up or shuts down"),
        _ => problem,
    }
}

fn source_text(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |db| short(db.message(), 120))
}

/// The first row's columns as texts, and how many rows there are.
fn rows(messages: &[SimpleQueryMessage]) -> (Option<Vec<Option<&str>>>, usize) {
    let mut rows = messages.iter().filter_map(|m| match m {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let first = rows.next().map(|row| (0..row.len()).map(|i| row.try_get(i).ok().flatten()).collect());
    let count = usize::from(first.is_some()) + rows.count();
    (first, count)
}

fn state(seen: &mut Seen, messages: &[SimpleQueryMessage], ctx: &Ctx) -> String {
    let (first, _) = rows(messages);
    let row = first.unwrap_or_default();
    let column = |i: usize| row.get(i).copied().flatten();
    let role = match column(0) {
        Some("t") => "standby",
        Some("f") => "primary",
        _ => {
            seen.missing.push(("role", "the server does not say".into()));
            return "connected".into();
        }
    };
    seen.fields.insert("role".into(), Value::Text(role.into()));
    let number = |i| column(i).and_then(|t| t.parse::<f64>().ok());
    let mut text = role.to_owned();
    match number(1) {
        Some(count) => {
            seen.fields.insert("connections".into(), Value::Number(count));
            if ctx.unit.is_none() {
                seen.value = Some(count);
            }
            text = format!("{text}, {count:.0} connections");
        }
        None => seen.missing.push(("connections", "the server does not say".into())),
    }
    match number(2) {
        Some(lag) => {
            seen.fields.insert("lag".into(), Value::Duration(lag.max(0.0)));
            if role == "standby" {
                text = format!("{text}, {} behind", short_duration(lag.max(0.0)));
            }
        }
        None => seen.missing.push(("lag", "no standby is seen from here".into())),
    }
    text
}

/// What the server is used for: clients against their limit, the oldest transaction, the database's size.
fn more(seen: &mut Seen, messages: &[SimpleQueryMessage]) {
    let row = rows(messages).0.unwrap_or_default();
    let number = |i: usize| row.get(i).copied().flatten().and_then(|t| t.parse::<f64>().ok());
    let used = number(3).zip(number(2).filter(|most| *most > 0.0)).map(|(now, most)| now / most);
    let values = [
        number(0).map(Value::Number),
        number(1).map(Value::Number),
        number(2).map(Value::Number),
        used.map(Value::Ratio),
        number(4).map(|age| Value::Duration(age.max(0.0))),
        number(5).map(Value::Size),
    ];
    for (field, value) in MORE.into_iter().zip(values) {
        match value {
            Some(value) => {
                seen.fields.insert(field.into(), value);
            }
            None => seen
                .missing
                .push((field, "the account may not see others' sessions: grant it pg_read_all_stats".into())),
        }
    }
}

fn answer(seen: &mut Seen, messages: &[SimpleQueryMessage], ctx: &Ctx) -> String {
    let (first, count) = rows(messages);
    seen.fields.insert("rows".into(), Value::Number(count as f64));
    seen.value = None;
    match first.and_then(|row| row.first().copied().flatten()) {
        Some(text) => {
            let value = match (text, text.parse::<f64>()) {
                ("t", _) => Value::Bool(true),
                ("f", _) => Value::Bool(false),
                (_, Ok(raw)) => ctx.unit.unwrap_or_default().value(raw),
                _ => Value::Text(text.to_owned()),
            };
            seen.value = value.figure();
            let shown = match (value.figure(), ctx.unit) {
                (Some(figure), Some(unit)) => unit.show(figure),
                _ => short(&value.to_string(), 60),
            };
            seen.fields.insert("value".into(), value);
            shown
        }
        None if count == 0 => {
            seen.missing.push(("value", "the query gave no row".into()));
            "no row".into()
        }
        None => {
            seen.missing.push(("value", "the query gave null".into()));
            "null".into()
        }
    }
}
