//! What happened before the world was opened: the earlier release was deployed, and is used.

use std::io;
use std::path::Path;

use super::files::COLOURS;
use crate::sandbox::read::{compose, manifests};
use crate::sandbox::shim;
use crate::sandbox::state::kms::{ElasticKey, Store};
use crate::sandbox::state::{Change, names};
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::log::Entry;
use crate::sandbox::world::settings::Settings;

/// When the earlier release was deployed: three days before.
const AT: Millis = -3 * 24 * 3_600_000;

/// Compose files that run, with their profile.
const PROJECTS: [(&str, &str); 2] =
    [("deployments/compose/compose.yml", "postgres"), ("deployments/identity/compose.yml", "ci")];

/// Those that run where there are two colours: what both share, and the colour that is live.
const COLOURED: [(&str, &str); 4] = [
    ("deployments/compose/compose.yml", "blue-green"),
    ("deployments/identity/compose.yml", "blue-green"),
    ("deployments/blue-green/kms-blue.yml", ""),
    ("deployments/blue-green/identity-blue.yml", ""),
];

/// Names of the keys that are in use.
const KEYS: [&str; 8] =
    ["billing", "customer-data", "exports", "audit-log", "backup", "sessions", "partner-api", "documents"];

/// The changes that deployed `settings.previous`, whose files are below `root` at commit `revision`.
///
/// # Errors
/// One of the files does not read.
pub(super) fn changes(root: &Path, settings: &Settings, revision: &str) -> io::Result<Vec<Entry>> {
    let (seed, version) = (settings.seed, settings.previous.as_str());
    let mut changes = vec![];
    let (two_colours, on_kubernetes) = (settings.strategy == "blue-green", settings.platform == "kubernetes");
    let projects = if two_colours && !on_kubernetes { &COLOURED[..] } else { &PROJECTS[..] };
    for (file, profile) in projects {
        let project = compose::read(root, file).map_err(io::Error::other)?;
        let services = project.active(&[(*profile).to_owned()]);
        for service in &services {
            let ours = service.image.starts_with("cryptoutil");
            let (version, revision) = if ours { (version, revision) } else { ("", "") };
            changes.push(Change::ImageBuilt {
                tag: service.image.clone(),
                version: version.to_owned(),
                revision: revision.to_owned(),
            });
        }
        changes.extend(project.networks.iter().map(|n| Change::NetworkCreated(format!("{}_{n}", project.name))));
        changes.extend(project.volumes.iter().map(|v| Change::VolumeCreated(format!("{}_{v}", project.name))));
        for service in &services {
            changes.push(Change::ContainerCreated(project.definition(service)));
            changes.push(Change::ContainerStarted(format!("{}-{}-1", project.name, service.name)));
        }
    }
    if two_colours && !on_kubernetes {
        let upstreams = shim::upstreams(&root.join("deployments/compose")).map_err(io::Error::other)?;
        changes.push(Change::ProxyLoaded(upstreams));
    }
    let folders: &[&str] = match two_colours && on_kubernetes {
        true => &["secrets", "services", "blue-green"],
        false => &["configmaps", "secrets", "deployments"],
    };
    for folder in folders {
        let objects = manifests::read(root, &format!("deployments/kubernetes/{folder}")).map_err(io::Error::other)?;
        for object in objects {
            // As the deployment fills it in.
            let live = |text: &str| text.replace("COLOUR", COLOURS[0]);
            let value = serde_json::from_str(&live(&object.value.to_string())).map_err(io::Error::other)?;
            changes.push(Change::ObjectApplied { kind: object.kind, name: live(&object.name), value });
        }
    }
    let mut random = names::random(seed, &["keys before"]);
    for name in KEYS {
        let mut uuid = || names::uuid(&mut random, 1_763_000_000_000);
        changes.push(Change::KeyCreated(ElasticKey {
            id: uuid(),
            store: Store::Postgres,
            name: name.to_owned(),
            description: String::new(),
            algorithm: "A256GCM/A256KW".to_owned(),
            versioning: true,
            created: AT,
            materials: vec![(uuid(), AT)],
        }));
    }
    let by = format!("the deployment of {version}");
    Ok(changes.into_iter().map(|change| Entry { t: AT, by: by.clone(), change }).collect())
}
