//! Containers of the simulated Docker engine.
//!
//! A container's state at a time follows from when it was created, started and stopped: nothing ticks.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::names;
use crate::sandbox::world::clock::Millis;

/// When a container becomes healthy that never does: a year after its start.
const NEVER: Millis = 365 * 24 * 3_600_000;

/// How long a service's container takes, in world milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From start until its port answers.
    pub listens: Millis,
    /// From start until its health check says healthy; none: it has no health check.
    pub healthy: Option<Millis>,
    /// A one-shot job ends with 0 after this.
    pub ends: Option<Millis>,
}

/// Start-up durations by service name.
///
/// Simulated, but in the order of the real ones: health checks run each 5 s after a start period of 10 s, Grafana
/// LGTM starts slowest.
pub fn timing(service: &str) -> Timing {
    let long = |listens, healthy| Timing { listens, healthy: Some(healthy), ends: None };
    let job = |ends| Timing { listens: 0, healthy: None, ends: Some(ends) };
    match service {
        "healthcheck-secrets" => job(800),
        "healthcheck-opentelemetry-collector-contrib" => job(4_000),
        name if name.starts_with("builder") => job(600),
        "proxy" => Timing { listens: 300, healthy: None, ends: None },
        "opentelemetry-collector-contrib" => Timing { listens: 900, healthy: None, ends: None },
        "grafana-otel-lgtm" => long(6_000, 12_000),
        "postgres" | "identity-postgres" => long(1_500, 5_200),
        name if name.starts_with("identity-") => long(2_500, 7_500),
        _ => long(4_000, 11_000),
    }
}

/// One container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// Compose project.
    pub project: String,
    /// Service in it.
    pub service: String,
    /// Image as written, with its tag.
    pub image: String,
    /// Id of the image that the tag pointed at when it was created.
    pub image_id: String,
    /// Digest of its service's definition.
    pub config: String,
    /// Published ports.
    pub ports: Vec<String>,
    /// Id, 64 hexadecimal digits.
    pub id: String,
    /// When it was created.
    pub created: Millis,
    /// When it was last started.
    pub started: Option<Millis>,
    /// When it was stopped, and its exit code; a job's own end is not written here.
    pub stopped: Option<(Millis, i32)>,
    /// Spread of its start-up, from the seed: added to `healthy`.
    pub spread: Millis,
    /// It never becomes healthy.
    #[serde(default)]
    pub unready: bool,
}

/// What a container is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Created, never started.
    Created,
    /// Started; its port does not answer yet.
    Booting,
    /// Its port answers, its health check has not passed yet.
    Starting,
    /// Up, and healthy where it has a health check.
    Up,
    /// Ended, with its exit code and when.
    Exited(i32, Millis),
}

impl Container {
    /// `PROJECT-SERVICE-1`.
    pub fn name(&self) -> String {
        format!("{}-{}-1", self.project, self.service)
    }

    /// What it does at `now`.
    pub fn phase(&self, now: Millis) -> Phase {
        let Some(started) = self.started else { return Phase::Created };
        let timing = timing(&self.service);
        let ended = timing.ends.map(|ends| started + ends).filter(|ends| *ends <= now);
        match (self.stopped.filter(|(at, _)| *at <= now), ended) {
            (Some((at, code)), None) => Phase::Exited(code, at),
            (Some((at, _)), Some(end)) if end <= at => Phase::Exited(0, end),
            (Some((at, code)), Some(_)) => Phase::Exited(code, at),
            (None, Some(end)) => Phase::Exited(0, end),
            (None, None) if now < started + timing.listens => Phase::Booting,
            (None, None) if now < self.healthy_at().unwrap_or(started) => Phase::Starting,
            (None, None) => Phase::Up,
        }
    }

    /// When its health check passes, if it has one and is left alone.
    pub fn healthy_at(&self) -> Option<Millis> {
        let never = if self.unready { NEVER } else { 0 };
        Some(self.started? + timing(&self.service).healthy? + self.spread + never)
    }
}

/// An image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// Label `org.opencontainers.image.version`; empty where an image has none.
    pub version: String,
    /// Label `org.opencontainers.image.revision`; empty where an image has none.
    pub revision: String,
    /// When it was built.
    pub built: Millis,
}

/// What a container is made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Compose project.
    pub project: String,
    /// Service in it.
    pub service: String,
    /// Image with its tag.
    pub image: String,
    /// Digest of the service's definition.
    pub config: String,
    /// Published ports.
    pub ports: Vec<String>,
    /// It never becomes healthy.
    #[serde(default)]
    pub unready: bool,
}

/// The engine: containers by name, volumes, images.
#[derive(Clone, Debug, PartialEq)]
pub struct Engine {
    /// Containers by name.
    pub containers: BTreeMap<String, Container>,
    /// Named volumes that exist.
    pub volumes: BTreeSet<String>,
    /// Networks that exist.
    pub networks: BTreeSet<String>,
    /// Images by id.
    pub images: BTreeMap<String, Image>,
    /// Image ids by `NAME:TAG`.
    pub tags: BTreeMap<String, String>,
    seed: u64,
    made: u64,
}

impl Engine {
    /// An empty engine.
    pub fn new(seed: u64) -> Self {
        Self {
            containers: BTreeMap::new(),
            volumes: BTreeSet::new(),
            networks: BTreeSet::new(),
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
            seed,
            made: 0,
        }
    }

    /// Builds, or pulls, an image; the tag points at it from now on.
    pub fn build(&mut self, tag: &str, version: &str, revision: &str, at: Millis) {
        let mut random = names::random(self.seed, &["image", tag, version, revision]);
        let id = format!("sha256:{}", names::hex(&mut random, 64));
        let image = Image { id: id.clone(), version: version.to_owned(), revision: revision.to_owned(), built: at };
        self.images.entry(id.clone()).or_insert(image);
        self.tags.insert(tag.to_owned(), id);
    }

    /// The image of a tag or an id (with or without `sha256:`, at least 12 digits).
    pub fn image(&self, reference: &str) -> Option<&Image> {
        let with_tag = if reference.contains(':') { reference.to_owned() } else { format!("{reference}:latest") };
        if let Some(id) = self.tags.get(&with_tag) {
            return self.images.get(id);
        }
        let digits = reference.strip_prefix("sha256:").unwrap_or(reference);
        self.images.values().find(|i| digits.len() >= 12 && i.id["sha256:".len()..].starts_with(digits))
    }

    /// Version of the release that a container runs.
    pub fn version(&self, container: &Container) -> &str {
        self.images.get(&container.image_id).map_or("", |image| image.version.as_str())
    }

    /// Creates a container, in the place of one of the same name.
    pub fn create(&mut self, from: &Definition, at: Millis) {
        self.made += 1;
        let mut random = names::random(self.seed, &[&from.project, &from.service, &self.made.to_string()]);
        let spread = if timing(&from.service).healthy.is_some() { random.i64(0..2_500) } else { 0 };
        let container = Container {
            project: from.project.clone(),
            service: from.service.clone(),
            image: from.image.clone(),
            image_id: self.image(&from.image).map(|i| i.id.clone()).unwrap_or_default(),
            config: from.config.clone(),
            ports: from.ports.clone(),
            id: names::hex(&mut random, 64),
            created: at,
            started: None,
            stopped: None,
            spread,
            unready: from.unready,
        };
        self.containers.insert(container.name(), container);
    }

    /// Whether a container is what a definition asks for now.
    pub fn is_current(&self, from: &Definition) -> bool {
        self.of(&from.project, &from.service).is_some_and(|c| {
            c.config == from.config && self.image(&from.image).is_some_and(|image| image.id == c.image_id)
        })
    }

    /// Starts a container that exists.
    pub fn start(&mut self, name: &str, at: Millis) {
        if let Some(container) = self.containers.get_mut(name) {
            container.started = Some(at);
            container.stopped = None;
        }
    }

    /// Stops a container that runs; one that has ended keeps its exit code.
    pub fn stop(&mut self, name: &str, at: Millis) {
        if let Some(container) = self.containers.get_mut(name)
            && matches!(container.phase(at), Phase::Booting | Phase::Starting | Phase::Up)
        {
            container.stopped = Some((at, 0));
        }
    }

    /// The container of a service.
    pub fn of(&self, project: &str, service: &str) -> Option<&Container> {
        self.containers.get(&format!("{project}-{service}-1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(service: &str) -> Definition {
        Definition {
            project: "compose".into(),
            service: service.into(),
            image: "cryptoutil:dev".into(),
            config: "c1".into(),
            ports: vec![],
            unready: false,
        }
    }

    fn engine() -> Engine {
        let mut engine = Engine::new(3);
        engine.build("cryptoutil:dev", "1.4.2", "abc", -100);
        for service in ["postgres", "cryptoutil-sqlite", "healthcheck-secrets"] {
            engine.create(&definition(service), 0);
        }
        engine
    }

    #[test]
    fn a_service_boots_starts_and_becomes_healthy() {
        let mut engine = engine();
        let name = "compose-cryptoutil-sqlite-1";
        assert_eq!(engine.containers[name].phase(0), Phase::Created);
        engine.start(name, 1_000);
        let container = &engine.containers[name];
        assert_eq!(container.phase(2_000), Phase::Booting);
        assert_eq!(container.phase(6_000), Phase::Starting);
        let healthy = container.healthy_at().unwrap();
        assert!((12_000..15_000).contains(&healthy), "{healthy}");
        assert_eq!((container.phase(healthy - 1), container.phase(healthy)), (Phase::Starting, Phase::Up));
        assert_eq!(engine.version(container), "1.4.2");
        engine.stop(name, 20_000);
        assert_eq!(engine.containers[name].phase(30_000), Phase::Exited(0, 20_000));
        engine.start(name, 40_000);
        assert_eq!(engine.containers[name].phase(41_000), Phase::Booting);
    }

    #[test]
    fn a_job_ends_by_itself_and_keeps_its_end() {
        let mut engine = engine();
        let name = "compose-healthcheck-secrets-1";
        engine.start(name, 100);
        assert_eq!(engine.containers[name].phase(500), Phase::Up);
        assert_eq!(engine.containers[name].phase(5_000), Phase::Exited(0, 900));
        engine.stop(name, 6_000);
        assert_eq!(engine.containers[name].phase(7_000), Phase::Exited(0, 900));
    }

    #[test]
    fn a_container_is_current_until_its_image_or_definition_changes() {
        let mut engine = engine();
        let now = definition("postgres");
        assert!(engine.is_current(&now));
        assert!(!engine.is_current(&Definition { config: "c2".into(), ..now.clone() }));
        let old = engine.image("cryptoutil:dev").unwrap().id.clone();
        engine.build("cryptoutil:dev", "1.5.0", "def", 0);
        assert!(!engine.is_current(&now), "the tag moved");
        assert_eq!(engine.version(engine.of("compose", "postgres").unwrap()), "1.4.2");
        engine.tags.insert("cryptoutil:dev".into(), old.clone());
        assert!(engine.is_current(&now), "the tag went back");
        assert_eq!(engine.image(&old["sha256:".len()..][..12]).unwrap().id, old);
    }

    #[test]
    fn the_same_seed_makes_the_same_ids() {
        assert_eq!(engine(), engine());
        let ids: BTreeSet<String> = engine().containers.values().map(|c| c.id.clone()).collect();
        assert_eq!(ids.len(), 3);
    }
}
