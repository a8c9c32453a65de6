//! The service that the lab deploys: it plays the KMS, or one of the Identity servers, with real keys in a real
//! database, real TLS, real metrics, and faults that can be switched.
//!
//! ```text
//! service [kms start|identity authz start|…] [-u URL] [--anything=…]    serves; words that it does not know are ignored
//! service live | ready                                             asks the one that serves here; exit code 0 or 1
//! service version                                                  prints `APP_VERSION`
//! service reach HOST:PORT                                          waits up to 10 s until somebody listens there
//! service fault [WORDS]                                            sets the faults of the one that serves here
//! ```
//!
//! Environment: `APP_VERSION`; `DATABASE_URL` or `-u` (`postgres://…`, or `file:///…` with it), without which keys are
//! gone with the process; `CERTS` (a folder with `server.pem`, `server.key`, and `ca.pem`, which clients of the admin
//! listener must be signed by; without it the service makes its own certificate and asks for none); `SWAGGER_AUTH`
//! (`user:password`, or `file:///…`); `PUBLIC_ADDRESS`, `ADMIN_ADDRESS`, `METRICS_ADDRESS` (plain HTTP); `FAULT`.

mod admin;
mod control;
mod faults;
mod identity;
mod keys;
mod kms;
mod metrics;
mod say;
mod serve;

use std::env;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// What all listeners share.
pub struct Service {
    pub version: String,
    pub role: &'static str,
    pub swagger_auth: Option<String>,
    pub faults: faults::Faults,
    pub keys: keys::Keys,
    pub metrics: metrics::Metrics,
}

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let done = match words.first().map(String::as_str) {
        Some("live" | "ready" | "fault") => control::ask(&words.join(" ")),
        Some("reach") => reach(words.get(1).map_or("", String::as_str)),
        Some("version") => {
            println!("{}", env::var("APP_VERSION").unwrap_or_default());
            Ok(())
        }
        _ => serve_all(&words),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn serve_all(words: &[String]) -> Result<(), keys::Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut end = signal(SignalKind::terminate())?;
        let url = words.iter().position(|word| word == "-u").and_then(|at| words.get(at + 1)).cloned();
        let url = url.or_else(|| env::var("DATABASE_URL").ok()).map(value).transpose()?;
        let role = ["authz", "idp", "rs"].into_iter().find(|role| words.iter().any(|word| word == role));
        let service = Arc::new(Service {
            version: env::var("APP_VERSION").unwrap_or_else(|_| "0.0.0".into()),
            role: role.unwrap_or("kms"),
            swagger_auth: env::var("SWAGGER_AUTH").ok().map(value).transpose()?,
            faults: faults::Faults::new(&env::var("FAULT").unwrap_or_default())?,
            keys: keys::Keys::new(url.as_deref())?,
            metrics: metrics::Metrics::default(),
        });
        let certs = env::var("CERTS").ok().filter(|folder| !folder.is_empty());
        let tls = serve::Tls::read(certs.as_deref(), service.clone())?;
        let public = if role.is_some() { identity::router(service.clone()) } else { kms::router(service.clone()) };
        control::listen(service.clone())?;
        serve::plain(&address("METRICS_ADDRESS", "0.0.0.0:9464"), metrics::router(service.clone())).await?;
        serve::tls(&address("PUBLIC_ADDRESS", "0.0.0.0:8080"), tls.public(), public).await?;
        if role.is_none() {
            serve::tls(&address("ADMIN_ADDRESS", "0.0.0.0:9090"), tls.admin(), admin::router(service.clone())).await?;
        }
        say::line("INFO", &format!("{} {} serves", service.role, service.version));
        tokio::spawn(async move { service.keys.prepare().await });
        end.recv().await;
        say::line("INFO", "ends");
        Ok(())
    })
}

fn reach(place: &str) -> Result<(), keys::Failed> {
    let mut tries = (0..20).map(|_| std::net::TcpStream::connect(place));
    let found = tries.by_ref().find_map(|tried| tried.map_err(|_| std::thread::sleep(Duration::from_millis(500))).ok());
    found.map(|_| println!("{place} listens")).ok_or_else(|| format!("nobody listens at {place}").into())
}

/// An address from the environment.
pub fn address(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.into())
}

/// The value itself, or that of the file that it names.
fn value(text: String) -> Result<String, keys::Failed> {
    match text.strip_prefix("file://") {
        None => Ok(text),
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(error) => Err(format!("{path}: {error}").into()),
        },
    }
}
