//! The connection to a cluster: one client a probe, of its kubeconfig and context.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::config::{ExecInteractiveMode, KubeConfigOptions};
use kube::core::params::GetParams;
use kube::core::request::Request;
use kube::{Api, Client, Config, Error};
use serde::de::DeserializeOwned;

use super::super::ctx::{Ctx, maybe};
use super::super::seen::Problem;
use super::failure::{failure, no_config};
use super::place::{self, Stamp};
use crate::runbook::kinds::Kubernetes;

/// How long a client with a login command is kept: such a token is renewed in the middle of a request else, which blocks.
const LOGIN: Duration = Duration::from_secs(240);

/// What a client was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    files: Vec<Stamp>,
    context: Option<String>,
}

#[derive(Clone)]
struct Ready {
    client: Client,
    /// `host:port` of the API server.
    server: String,
    /// When it has to be made anew.
    until: Option<Instant>,
}

/// The client of the last look; gone when that failed or was broken off, so that the next one begins anew.
#[derive(Default)]
pub(in crate::probes) struct ClusterCache(Mutex<Option<(Place, Ready)>>);

impl std::fmt::Debug for ClusterCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClusterCache")
    }
}

impl ClusterCache {
    /// Takes the client out: it comes back by [`Cluster::keep`] only.
    fn take(&self, place: &Place) -> Option<Ready> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let kept = kept.filter(|(at, _)| at == place).map(|(_, ready)| ready);
        kept.filter(|ready| ready.until.is_none_or(|until| Instant::now() < until))
    }
}

/// A cluster, at a namespace.
pub(in crate::probes) struct Cluster<'a> {
    /// What it is asked through.
    pub client: Client,
    /// The namespace that is looked at.
    pub namespace: String,
    place: Place,
    ready: Ready,
    cache: &'a ClusterCache,
}

impl<'a> Cluster<'a> {
    /// The cluster that kubectl would talk to with this probe's environment, or that the settings name.
    pub async fn of(spec: &Kubernetes, ctx: &'a Ctx) -> Result<Self, Problem> {
        let context = maybe(spec.context.as_ref())?.map(str::to_owned);
        let place = Place { files: place::files(&ctx.env, &ctx.root), context };
        let cache = &ctx.cluster;
        let ready = match cache.take(&place) {
            Some(ready) => ready,
            None => {
                let (place, env, timeout) = (place.clone(), ctx.env.clone(), ctx.timeout);
                ctx.blocked(move || connect(&place, &env, timeout)).await??
            }
        };
        let client = ready.client.clone();
        let namespace = maybe(spec.namespace.as_ref())?.unwrap_or_else(|| client.default_namespace()).to_owned();
        if !super::is_name(&namespace) {
            return Err(Problem::nothing(format!("`{namespace}` is no name of a namespace")));
        }
        Ok(Self { client, namespace, place, ready, cache })
    }

    /// The look came to its end: its client is used again.
    pub fn keep(&self) {
        let kept = Some((self.place.clone(), self.ready.clone()));
        *self.cache.0.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// An answer; an error in words.
    pub fn told<T>(&self, answer: Result<T, Error>) -> Result<T, Problem> {
        answer.map_err(|error| failure(&error, &self.ready.server))
    }

    /// Objects of the namespace.
    pub fn objects<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// What stands below a path of the API, read as `T`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, name: &str) -> Result<T, Error> {
        let request = Request::new(path).get(name, &GetParams::default()).map_err(Error::BuildRequest)?;
        self.client.request(request).await
    }

    /// What stands below a path, as text.
    pub async fn text(&self, path: &str, name: &str) -> Result<String, Error> {
        let request = Request::new(path).get(name, &GetParams::default()).map_err(Error::BuildRequest)?;
        self.client.request_text(request).await
    }
}

/// Makes a client. It reads files and may run the kubeconfig's login command, so it blocks.
fn connect(place: &Place, env: &BTreeMap<String, String>, timeout: Duration) -> Result<Ready, Problem> {
    let mut config = place::read(&place.files)?;
    let mut logs_in = false;
    for exec in config.auth_infos.iter_mut().filter_map(|user| user.auth_info.as_mut()?.exec.as_mut()) {
        logs_in = true;
        // It never asks anything and never writes on the terminal, and knows what the run's commands know.
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
        let pair = |(name, value): (&String, &String)| {
            HashMap::from([("name".to_owned(), name.clone()), ("value".to_owned(), value.clone())])
        };
        let mut all: Vec<_> = env.iter().map(pair).collect();
        all.extend(exec.env.take().unwrap_or_default());
        let given = |name: &String| all.iter().any(|one| one.get("name") == Some(name));
        exec.drop_env = Some(
            std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| !given(name)).collect(),
        );
        exec.env = Some(all);
    }
    let own_proxy = config.clusters.iter().any(|c| c.cluster.as_ref().is_some_and(|c| c.proxy_url.is_some()));
    let options = KubeConfigOptions { context: place.context.clone(), ..KubeConfigOptions::default() };
    let made = tokio::runtime::Handle::current().block_on(Config::from_custom_kubeconfig(config, &options));
    let mut config = made.map_err(|e| no_config(&e))?;
    // The sampler looks again by itself, and the probe's timeout is the limit of a look.
    config.default_retry = false;
    config.connect_timeout = Some(timeout);
    if !own_proxy {
        // From this process's environment, which is not the run's.
        config.proxy_url = None;
    }
    let uri = &config.cluster_url;
    let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    let server = format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(default));
    let client = Client::try_from(config).map_err(|e| failure(&e, &server))?;
    Ok(Ready { client, server, until: logs_in.then(|| Instant::now() + LOGIN) })
}
