//! The state of the simulated system: a fold of changes, each at a world time.
//!
//! Nothing here ticks or looks at a clock. What is seen at a time follows from the changes before it, so a world that was
//! killed comes back by applying its log again.

pub mod compose;
pub mod kms;
pub mod kube;
pub mod load;
pub mod names;
pub mod oauth;
mod serving;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use serving::Serving;

use self::compose::{Definition, Engine};
use self::kms::{ElasticKey, Keys, Store};
use self::kube::{Cluster, Deployment};
use self::oauth::{Oauth, OauthChange};
use super::world::clock::Millis;

/// What runs the services that answer on the world's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Docker Compose.
    Compose,
    /// Kubernetes.
    Kubernetes,
}

/// Something that changes the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An image was built or pulled.
    ImageBuilt {
        /// `NAME:TAG`.
        tag: String,
        /// Version label.
        version: String,
        /// Revision label.
        revision: String,
    },
    /// A tag points at an image.
    ImageTagged {
        /// Image id.
        id: String,
        /// `NAME:TAG`.
        tag: String,
    },
    /// A network was created.
    NetworkCreated(String),
    /// A network was removed.
    NetworkRemoved(String),
    /// A volume was created.
    VolumeCreated(String),
    /// A volume was removed, with what was in it.
    VolumeRemoved(String),
    /// A container was created.
    ContainerCreated(Definition),
    /// A container was started.
    ContainerStarted(String),
    /// A container was stopped.
    ContainerStopped(String),
    /// A container was removed.
    ContainerRemoved(String),
    /// An object of the cluster was applied.
    ObjectApplied {
        /// Kind as kubectl prints it.
        kind: String,
        /// Name.
        name: String,
        /// The object.
        value: Value,
    },
    /// An object of the cluster was deleted.
    ObjectDeleted {
        /// Kind as kubectl prints it.
        kind: String,
        /// Name.
        name: String,
    },
    /// The proxy read its configuration: ports on loopback by upstream.
    ProxyLoaded(BTreeMap<String, u16>),
    /// A file of SQL was run in the KMS's database: its name.
    Migrated(String),
    /// A deployment went back to a revision.
    RolledBack {
        /// Deployment.
        name: String,
        /// Number of the revision.
        revision: u64,
    },
    /// An elastic key was created.
    KeyCreated(ElasticKey),
    /// A material key was made.
    MaterialMade {
        /// Elastic key.
        key: String,
        /// Material key.
        material: String,
    },
    /// Something in the identity services.
    Oauth(OauthChange),
}

/// The whole simulated system.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Seed of everything that looks random.
    pub seed: u64,
    /// Platform whose services answer.
    pub active: Platform,
    /// The Docker engine.
    pub engine: Engine,
    /// The cluster.
    pub cluster: Cluster,
    /// What the proxy was told when: ports on loopback by upstream.
    pub proxy: Vec<(Millis, BTreeMap<String, u16>)>,
    /// The KMS's keys.
    pub keys: Keys,
    /// The identity services' memory.
    pub oauth: Oauth,
    /// How many changes there were.
    pub changes: u64,
}

impl State {
    /// An empty system.
    pub fn new(seed: u64, active: Platform) -> Self {
        Self {
            seed,
            active,
            engine: Engine::new(seed),
            cluster: Cluster::default(),
            proxy: vec![],
            keys: Keys::default(),
            oauth: Oauth::default(),
            changes: 0,
        }
    }

    /// Lets something happen at a world time.
    pub fn apply(&mut self, at: Millis, change: &Change) {
        self.changes += 1;
        match change {
            Change::ImageBuilt { tag, version, revision } => self.engine.build(tag, version, revision, at),
            Change::ImageTagged { id, tag } => {
                self.engine.tags.insert(tag.clone(), id.clone());
            }
            Change::NetworkCreated(name) => {
                self.engine.networks.insert(name.clone());
            }
            Change::NetworkRemoved(name) => {
                self.engine.networks.remove(name);
            }
            Change::VolumeCreated(name) => {
                self.engine.volumes.insert(name.clone());
            }
            Change::VolumeRemoved(name) => self.remove_volume(name),
            Change::ContainerCreated(definition) => self.engine.create(definition, at),
            Change::ContainerStarted(name) => {
                self.engine.start(name, at);
                self.seen_on(Platform::Compose, at);
            }
            Change::ContainerStopped(name) => {
                self.engine.stop(name, at);
                self.seen_on(Platform::Compose, at);
            }
            Change::ContainerRemoved(name) => {
                self.engine.containers.remove(name);
            }
            Change::ObjectApplied { kind, name, value } => self.apply_object(at, kind, name, value),
            Change::ObjectDeleted { kind, name } => self.cluster.delete(kind, name),
            Change::ProxyLoaded(upstreams) => self.proxy.push((at, upstreams.clone())),
            // The schema is not simulated: what was run stands in the world's log.
            Change::Migrated(_) => {}
            Change::RolledBack { name, revision } => self.roll_back(at, name, *revision),
            Change::KeyCreated(key) => self.keys.add(key.clone()),
            Change::MaterialMade { key, material } => self.keys.add_material(key, material, at),
            Change::Oauth(change) => self.oauth.apply(at, change),
        }
    }

    /// The platform that is worked on serves from now on; what happened before the world was opened decides nothing.
    fn seen_on(&mut self, platform: Platform, at: Millis) {
        if at >= 0 {
            self.active = platform;
        }
    }

    fn remove_volume(&mut self, name: &str) {
        self.engine.volumes.remove(name);
        if name.ends_with("_postgres_data") {
            self.keys.forget(Store::Postgres);
        }
    }

    fn apply_object(&mut self, at: Millis, kind: &str, name: &str, value: &Value) {
        let id = (kind.to_owned(), name.to_owned());
        let created = self.cluster.objects.get(&id).map_or(at, |(_, created)| *created);
        self.cluster.objects.insert(id, (value.clone(), created));
        if kind == "service" {
            self.cluster.select(name, value, at);
        }
        if kind != "deployment.apps" {
            return;
        }
        let replicas = value.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1) as usize;
        let template = value.pointer("/spec/template").cloned().unwrap_or_default();
        let seed = self.seed;
        let deployment = self
            .cluster
            .deployments
            .entry(name.to_owned())
            .or_insert_with(|| Deployment::new(seed, name, replicas, at));
        deployment.replicas = replicas;
        if deployment.current().is_none_or(|r| r.template != template) {
            deployment.roll(&template, at);
            self.seen_on(Platform::Kubernetes, at);
        }
    }

    fn roll_back(&mut self, at: Millis, name: &str, revision: u64) {
        let Some(deployment) = self.cluster.deployments.get_mut(name) else { return };
        let Some(template) = deployment.revision(revision).map(|r| r.template.clone()) else { return };
        deployment.roll(&template, at);
        let id = ("deployment.apps".to_owned(), name.to_owned());
        if let Some((value, _)) = self.cluster.objects.get_mut(&id) {
            value["spec"]["template"] = template;
        }
        self.seen_on(Platform::Kubernetes, at);
    }
}
