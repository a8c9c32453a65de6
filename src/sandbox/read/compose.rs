//! Compose files.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::digest;
use crate::sandbox::state::compose::Definition;
use crate::sandbox::state::kube::FAULT;

/// What must be true of another service before one is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It was started.
    Started,
    /// Its health check passes.
    Healthy,
    /// It ended with 0.
    Completed,
}

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its image with the tag.
    pub image: String,
    /// Whether the image is built here.
    pub build: bool,
    /// Profiles that switch it on; none: always on.
    pub profiles: BTreeSet<String>,
    /// Services that it waits for.
    pub depends_on: BTreeMap<String, Condition>,
    /// Digest of its definition: another digest, another container.
    pub digest: String,
    /// Published ports, as written.
    pub ports: Vec<String>,
    /// Its definition.
    pub raw: Value,
}

/// A compose file with its includes.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// Project name: what the file says, or its folder.
    pub name: String,
    named: Option<String>,
    /// All services by name.
    pub services: BTreeMap<String, Service>,
    /// Named volumes, without the project's prefix.
    pub volumes: BTreeSet<String>,
    /// Networks, without the project's prefix.
    pub networks: BTreeSet<String>,
    /// Secrets with their definitions.
    pub secrets: Map<String, Value>,
}

/// Reads `file`, relative to `cwd`.
///
/// # Errors
/// The message that docker compose prints.
pub fn read(cwd: &Path, file: &str) -> Result<Project, String> {
    let path = cwd.join(file);
    let mut project = Project {
        name: name(&path),
        named: None,
        services: BTreeMap::new(),
        volumes: BTreeSet::new(),
        networks: BTreeSet::new(),
        secrets: Map::new(),
    };
    add(&mut project, &path, 0)?;
    let named = project.named.take();
    project.name = named.unwrap_or(project.name);
    for service in project.services.values() {
        if let Some(missing) = service.depends_on.keys().find(|d| !project.services.contains_key(*d)) {
            let message =
                format!("service {:?} depends on undefined service {missing:?}: invalid compose project", service.name);
            return Err(message);
        }
    }
    Ok(project)
}

fn name(path: &Path) -> String {
    let folder = path.parent().map(|p| p.canonicalize().unwrap_or_else(|_| p.to_path_buf())).unwrap_or_default();
    folder.file_name().map_or_else(|| "default".to_owned(), |n| n.to_string_lossy().to_lowercase())
}

fn add(project: &mut Project, path: &Path, depth: usize) -> Result<(), String> {
    if depth > 8 {
        return Err(format!("include cycle detected: {}", path.display()));
    }
    let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => format!("open {}: no such file or directory", path.display()),
        _ => format!("open {}: {e}", path.display()),
    })?;
    let whole: Value = serde_yaml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    for include in list(whole.get("include")) {
        let file = include.as_str().or_else(|| include.get("path").and_then(Value::as_str)).unwrap_or_default();
        add(project, &folder.join(file), depth + 1)?;
    }
    if depth == 0 {
        project.named = whole.get("name").and_then(Value::as_str).map(str::to_owned);
    }
    for (name, raw) in map(whole.get("services")) {
        project.services.insert(name.clone(), service(name, raw)?);
    }
    project.volumes.extend(map(whole.get("volumes")).map(|(name, _)| name.clone()));
    // What is external belongs to another project, which makes and removes it.
    let own = |body: &Value| body.get("external").and_then(Value::as_bool) != Some(true);
    project.networks.extend(map(whole.get("networks")).filter(|(_, body)| own(body)).map(|(name, _)| name.clone()));
    for (name, secret) in map(whole.get("secrets")) {
        project.secrets.insert(name.clone(), secret.clone());
    }
    Ok(())
}

fn service(name: &str, raw: &Value) -> Result<Service, String> {
    let image = raw.get("image").and_then(Value::as_str);
    let image = image.ok_or_else(|| {
        format!("service {name:?} has neither an image nor a build context specified: invalid compose project")
    })?;
    Ok(Service {
        name: name.to_owned(),
        image: image.to_owned(),
        build: raw.get("build").is_some(),
        profiles: list(raw.get("profiles")).filter_map(Value::as_str).map(str::to_owned).collect(),
        depends_on: depends_on(raw.get("depends_on")),
        digest: digest(raw),
        ports: list(raw.get("ports")).filter_map(Value::as_str).map(str::to_owned).collect(),
        raw: raw.clone(),
    })
}

fn depends_on(value: Option<&Value>) -> BTreeMap<String, Condition> {
    let short = list(value).filter_map(Value::as_str).map(|name| (name.to_owned(), Condition::Started));
    let long = map(value).map(|(name, body)| {
        let condition = match body.get("condition").and_then(Value::as_str) {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::Completed,
            _ => Condition::Started,
        };
        (name.clone(), condition)
    });
    short.chain(long).collect()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn map(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

impl Project {
    /// The services that these profiles switch on, each after those that it waits for.
    pub fn active(&self, profiles: &[String]) -> Vec<&Service> {
        let on = |s: &&Service| s.profiles.is_empty() || s.profiles.iter().any(|p| profiles.contains(p));
        let mut left: Vec<&Service> = self.services.values().filter(on).collect();
        let mut ordered: Vec<&Service> = vec![];
        while !left.is_empty() {
            let done = |name: &String| !left.iter().any(|s| s.name == *name);
            let (ready, wait): (Vec<&Service>, Vec<&Service>) =
                left.iter().copied().partition(|s| s.depends_on.keys().all(done));
            if ready.is_empty() {
                // A cycle: compose refuses it, our own files have none.
                ordered.extend(wait);
                break;
            }
            ordered.extend(ready);
            left = wait;
        }
        ordered
    }

    /// What a container of a service is made from.
    pub fn definition(&self, service: &Service) -> Definition {
        Definition {
            project: self.name.clone(),
            service: service.name.clone(),
            image: service.image.clone(),
            config: service.digest.clone(),
            ports: service.ports.clone(),
            unready: service.raw.pointer(&format!("/environment/{FAULT}")).and_then(Value::as_str) == Some("unready"),
        }
    }

    /// The project as `docker compose config` prints it.
    pub fn config(&self, profiles: &[String]) -> Value {
        let services: Map<String, Value> =
            self.active(profiles).into_iter().map(|s| (s.name.clone(), s.raw.clone())).collect();
        let named = |names: &BTreeSet<String>| -> Map<String, Value> {
            names.iter().map(|n| (n.clone(), json!({ "name": format!("{}_{n}", self.name) }))).collect()
        };
        let mut config = json!({ "name": self.name, "services": services });
        let shared =
            [("networks", named(&self.networks)), ("volumes", named(&self.volumes)), ("secrets", self.secrets.clone())];
        for (key, map) in shared {
            if !map.is_empty() {
                config[key] = Value::Object(map);
            }
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(text: &str) -> Result<Project, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("compose");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("compose.yml"), text).unwrap();
        read(folder.path(), "compose/compose.yml")
    }

    #[test]
    fn services_come_after_what_they_wait_for_and_profiles_switch() {
        let text = "x-a: &a { image: 'app:dev', build: . }\n\
                    services:\n  app: { <<: *a, profiles: [p], depends_on: { db: { condition: service_healthy } } }\n  \
                    db: { image: 'postgres:18' }\n  zz: { image: z, depends_on: [app], profiles: [p] }\n";
        let project = project(text).unwrap();
        assert_eq!(project.name, "compose");
        let names = |profiles: &[&str]| -> Vec<String> {
            let profiles: Vec<String> = profiles.iter().map(|p| (*p).to_owned()).collect();
            project.active(&profiles).iter().map(|s| s.name.clone()).collect()
        };
        assert_eq!(names(&[]), ["db"]);
        assert_eq!(names(&["p"]), ["db", "app", "zz"]);
        let app = &project.services["app"];
        assert!(app.build && app.image == "app:dev", "merged from the anchor: {app:?}");
        assert_eq!(app.depends_on["db"], Condition::Healthy);
    }

    #[test]
    fn a_file_may_name_its_project_and_make_a_service_faulty() {
        let text = "name: kms-green\nservices:\n  a: { image: b, environment: { CRYPTOUTIL_FAULT: unready } }\n  c: { image: b }\n";
        let project = project(text).unwrap();
        assert_eq!(project.name, "kms-green");
        assert!(project.definition(&project.services["a"]).unready);
        assert!(!project.definition(&project.services["c"]).unready);
    }

    #[test]
    fn faults_are_said_as_compose_says_them() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path(), "none/compose.yml").unwrap_err();
        assert!(error.starts_with("open ") && error.ends_with("no such file or directory"), "{error}");
        let error = project("services:\n  a: { image: b, depends_on: [c] }\n").unwrap_err();
        assert!(error.contains("depends on undefined service \"c\""), "{error}");
    }
}
