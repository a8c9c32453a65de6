//! Where a PostgreSQL server is, and as whom to log in.

use std::path::PathBuf;

use super::super::config::{database_url, percent_decoded};
use super::super::ctx::{Ctx, maybe};
use super::super::seen::Problem;
use super::super::tcp::host_port;
use crate::runbook::kinds::{Postgres, Via};

/// Whether TLS is used and the server's certificate checked, as libpq's `sslmode` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ssl {
    Disable,
    /// TLS when the server offers it; not checked.
    Prefer,
    /// TLS; checked only when a root certificate is given.
    Require,
    /// TLS and a certificate of a trusted CA, whatever its name.
    VerifyCa,
    /// TLS and a certificate of a trusted CA for this host.
    VerifyFull,
}

/// Where and as whom.
#[derive(Clone)]
pub(super) struct Target {
    /// A name, an address, or a folder with a Unix socket (begins with `/`).
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Option<String>,
    pub database: String,
    pub ssl: Ssl,
    pub root_certificate: Option<PathBuf>,
    /// The way to it, where this machine does not reach it by itself.
    pub via: Option<Via>,
}

impl Target {
    /// `host:port`, for words.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// The target of a probe, and whether to log in (else only to ask if a server answers).
pub(super) fn of(spec: &Postgres, ctx: &Ctx) -> Result<(Target, bool), Problem> {
    match (maybe(spec.url.as_ref())?, maybe(spec.address.as_ref())?) {
        (Some(url), None) => Ok((Target { via: spec.via.clone(), ..from_url(url, ctx)? }, true)),
        (None, Some(address)) => {
            let (host, port) = host_port(address, Some(5432))?;
            let password = maybe(spec.password.as_ref())?.map(str::to_owned);
            let log_in = password.is_some() || maybe(spec.query.as_ref())?.is_some();
            let user = maybe(spec.user.as_ref())?.map_or_else(|| own_name(ctx), str::to_owned);
            let database = user.clone();
            let via = spec.via.clone();
            let (ssl, root_certificate) = (Ssl::Prefer, None);
            Ok((Target { host, port, user, password, database, ssl, root_certificate, via }, log_in))
        }
        _ => Err(Problem::nothing("postgres wants `url` or `address`")),
    }
}

/// The account, as libpq takes it where no user is given.
fn own_name(ctx: &Ctx) -> String {
    let name = ["PGUSER", "USER"].iter().find_map(|n| ctx.env.get(*n)).filter(|n| !n.is_empty());
    name.cloned().unwrap_or_else(|| "postgres".into())
}

fn from_url(text: &str, ctx: &Ctx) -> Result<Target, Problem> {
    // The text holds a password: no message repeats it.
    let wrong = |why: String| {
        Problem::nothing(format!("`url` is no PostgreSQL address: {why}"))
            .hint("write postgres://user:password@host:5432/database?sslmode=verify-full")
    };
    let (url, host) = database_url(text).map_err(|e| wrong(e.to_string()))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(wrong(format!("it begins with `{}:`", url.scheme())));
    }
    let asked = |name: &str| url.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned());
    let host = host.unwrap_or_else(|| "localhost".into());
    let user = Some(url.username()).filter(|u| !u.is_empty()).map(percent_decoded).or_else(|| asked("user"));
    let user = user.unwrap_or_else(|| own_name(ctx));
    let database = percent_decoded(url.path().trim_start_matches('/'));
    let ssl = match asked("sslmode").as_deref() {
        Some("disable") => Ssl::Disable,
        None | Some("allow" | "prefer") => Ssl::Prefer,
        Some("require") => Ssl::Require,
        Some("verify-ca") => Ssl::VerifyCa,
        Some("verify-full") => Ssl::VerifyFull,
        Some(other) => return Err(wrong(format!("sslmode `{other}` is not known"))),
    };
    Ok(Target {
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port: url.port().or_else(|| asked("port")?.parse().ok()).unwrap_or(5432),
        password: url.password().map(percent_decoded).or_else(|| asked("password")),
        database: if database.is_empty() { user.clone() } else { database },
        user,
        ssl,
        root_certificate: asked("sslrootcert").map(|p| ctx.path(&p)),
        via: None,
    })
}
