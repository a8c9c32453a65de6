//! The connection to an engine, and the look at the engine itself.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bollard::errors::Error;
use bollard::models::SystemInfo;
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker as Client};

use super::super::ctx::Ctx;
use super::super::seen::{Problem, Seen};
use super::failure::{failure, supported};
use super::place::{self, Place};
use crate::words::{Value, short_duration};

/// The client of the last look, at the version that was agreed on; gone when a look failed, so that the next one begins
/// anew (an engine may have been replaced meanwhile).
#[derive(Debug, Default)]
pub(in crate::probes) struct EngineCache(Mutex<Option<(Place, Client)>>);

impl EngineCache {
    fn kept(&self, place: &Place) -> Option<Client> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(at, _)| at == place).map(|(_, client)| client.clone())
    }

    fn keep(&self, kept: Option<(Place, Client)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}

/// An engine that answers.
pub(in crate::probes) struct Engine<'a> {
    /// What it is asked through.
    pub client: Client,
    place: Place,
    cache: &'a EngineCache,
}

impl<'a> Engine<'a> {
    /// The engine that the commands of this probe's environment talk to.
    pub async fn of(ctx: &'a Ctx) -> Result<Self, Problem> {
        let place = place::of(&ctx.env)?;
        let cache = &ctx.engine;
        if let Some(client) = cache.kept(&place) {
            return Ok(Self { client, place, cache });
        }
        let client = agreed(&place, ctx.timeout.as_secs().max(1)).await.map_err(|e| failure(&e, &place.host))?;
        cache.keep(Some((place.clone(), client.clone())));
        Ok(Self { client, place, cache })
    }

    /// An answer; an error in words.
    pub fn told<T>(&self, answer: Result<T, Error>) -> Result<T, Problem> {
        answer.map_err(|error| {
            self.cache.keep(None);
            failure(&error, &self.place.host)
        })
    }
}

/// A client at a version that both sides speak. An engine refuses every request at a version that it does not know, also
/// the one that asks for its version, and names the one that it speaks: that one is used then.
async fn agreed(place: &Place, timeout: u64) -> Result<Client, Error> {
    let client = connect(place, timeout, API_DEFAULT_VERSION)?;
    match client.version().await {
        Ok(_) => Ok(client),
        Err(error) => match supported(&error) {
            Some(version) => {
                let client = connect(place, timeout, &version)?;
                client.version().await.map(|_| client)
            }
            None => Err(error),
        },
    }
}

fn connect(place: &Place, timeout: u64, version: &ClientVersion) -> Result<Client, Error> {
    match &place.certificates {
        _ if place.host.starts_with("unix://") => Client::connect_with_unix(&place.host, timeout, version),
        Some(dir) => {
            let (key, cert, ca) = (dir.join("key.pem"), dir.join("cert.pem"), dir.join("ca.pem"));
            Client::connect_with_ssl(&place.host, &key, &cert, &ca, timeout, version)
        }
        None => Client::connect_with_http(&place.host, timeout, version),
    }
}

/// Whether the engine answers.
pub(super) async fn look(ctx: &Ctx) -> Seen {
    let start = Instant::now();
    let info = async {
        let engine = Engine::of(ctx).await?;
        engine.told(engine.client.info().await)
    };
    match info.await {
        Ok(info) => {
            let latency = start.elapsed().as_secs_f64();
            let SystemInfo { server_version, containers_running, .. } = info;
            let version = server_version.unwrap_or_default();
            Seen::text(format!("Docker {version}, {}", short_duration(latency)))
                .field("reachable", Value::Bool(true))
                .field("version", Value::Text(version))
                .field("running", containers_running.map_or(Value::NoData, |n| Value::Number(n as f64)))
                .field("latency", Value::Duration(latency))
                .value(latency)
        }
        Err(problem) => Seen::text(problem.why.clone()).field("reachable", Value::Bool(false)).problem(problem),
    }
}
