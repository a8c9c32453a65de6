//! A TCP connection, opened and closed.

use std::time::Instant;

use tokio::net::TcpStream;

use super::causes;
use super::ctx::{Ctx, plain};
use super::seen::{Problem, Seen};
use crate::runbook::kinds::Tcp;
use crate::words::{Value, short_duration};

/// `host:port` of a text, checked; a scheme in front and a path behind are left off.
pub(super) fn host_port(text: &str, default: Option<u16>) -> Result<(String, u16), Problem> {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let bare = bare.split('/').next().unwrap_or(bare);
    let wrong = || Problem::nothing(format!("`{text}` is no address")).hint("write `host:port`, for IPv6 `[::1]:443`");
    let (host, port) = match bare.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && (host.starts_with('[') || !host.contains(':')) => {
            (host, Some(port.parse::<u16>().map_err(|_| wrong())?))
        }
        _ => (bare, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match port.or(default) {
        Some(port) if !host.is_empty() && port > 0 => Ok((host.to_owned(), port)),
        _ => Err(wrong()),
    }
}

/// Looks once.
pub(super) async fn look(spec: &Tcp, _ctx: &Ctx) -> Seen {
    let (host, port) = match plain(&spec.address).and_then(|a| host_port(a, None)) {
        Ok(pair) => pair,
        Err(problem) => return problem.into(),
    };
    let start = Instant::now();
    match TcpStream::connect((host.as_str(), port)).await {
        Ok(_) => {
            let latency = start.elapsed().as_secs_f64();
            Seen::text(format!("open, {}", short_duration(latency)))
                .field("open", Value::Bool(true))
                .field("latency", Value::Duration(latency))
                .value(latency)
        }
        Err(e) => {
            let problem = causes::io_failure(&e, &format!("{host}:{port}"));
            Seen::text(problem.why.clone()).field("open", Value::Bool(false)).problem(problem)
        }
    }
}
