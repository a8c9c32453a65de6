//! Making a world: its settings, its root folder, and what a run gets of it.

mod before;
mod certs;
mod files;
mod repo;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chrono::{SubsecRound, Utc};

use crate::engine::event::Overlay;

use super::scenario::Scenario;
use super::shim;
use super::world::ports::{Port, Ports};
use super::world::settings::Settings;
use super::world::{self, make_dir};

/// Version that runs at the start, when none is given.
const RUNNING: &str = "1.4.2";
/// Version to deploy, when none is given.
const RELEASE: &str = "1.5.0";
/// Name of the cluster's context; it can be no real one's.
const CONTEXT: &str = "flightdeck-training";

/// Makes a world in `dir` (a run's `world/` folder), once, before [`super::world::serve`] serves it.
///
/// `exe` is the flightdeck binary that answers for the simulated commands; `given` are the parameters that the operator
/// has set (`platform`, `strategy`, `release`, `running`, `environment` and `namespace` shape the world); `speed` is world time a second of real time.
///
/// # Errors
/// A file cannot be written, no port is free, a given version cannot stand in a git tag, git fails, or the speed is not
/// a number above 0.
pub fn prepare(
    dir: &Path,
    scenario: &Scenario,
    exe: &Path,
    given: &BTreeMap<String, String>,
    speed: f64,
) -> io::Result<Overlay> {
    if !(speed.is_finite() && speed > 0.0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("speed must be above 0, not {speed}")));
    }
    let chosen = |name: &str, default: &str| -> io::Result<String> {
        let value = given.get(name).or_else(|| scenario.parameters.get(name)).map_or(default, String::as_str);
        word(name, value).map(str::to_owned)
    };
    let release = chosen("release", RELEASE)?;
    let running = chosen("running", if release == RUNNING { "1.4.1" } else { RUNNING })?;
    let now = Utc::now().trunc_subsecs(3);
    make_dir(dir)?;
    let dir = &dir.canonicalize()?;
    let root = Settings::root(dir);
    let ports = Ports::pick()?;
    let mut settings = Settings {
        scenario: scenario.name.clone(),
        seed: scenario.seed,
        speed,
        opened: now,
        platform: chosen("platform", "compose")?,
        strategy: chosen("strategy", "in-place")?,
        previous: running,
        release,
        environment: chosen("environment", "prod")?,
        namespace: chosen("namespace", "cryptoutil-prod")?,
        context: CONTEXT.to_owned(),
        secrets: files::secrets(&ports),
        ports,
        before: vec![],
    };
    certs::write(&root.join("certs"), now)?;
    files::write_unversioned(&root, &settings)?;
    settings.before = repo::write(&root, &settings, now)?;
    shim::links(&root.join("bin"), exe)?;
    files::write_kubeconfig(&root, &settings)?;
    settings.write(dir)?;
    Ok(overlay(dir, &settings))
}

fn overlay(dir: &Path, settings: &Settings) -> Overlay {
    let root = Settings::root(dir);
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let old_path = std::env::var("PATH").unwrap_or_default();
    let env = [
        ("PATH", format!("{}:{old_path}", text(&root.join("bin")))),
        (shim::WORLD_VARIABLE, text(&world::socket_path(dir))),
        // What a command that is not simulated would need to reach something real points to the world, or to nothing.
        ("DOCKER_HOST", format!("tcp://127.0.0.1:{}", settings.ports.of(Port::Docker))),
        ("KUBECONFIG", text(&root.join("secrets/kubeconfig"))),
        ("CURL_CA_BUNDLE", text(&root.join("certs/ca.pem"))),
        ("SSL_CERT_FILE", text(&root.join("certs/ca.pem"))),
        ("NO_PROXY", "127.0.0.1,localhost".to_owned()),
        ("no_proxy", "127.0.0.1,localhost".to_owned()),
    ];
    Overlay {
        scenario: settings.scenario.clone(),
        env: env.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        parameters: parameters(settings, dir.parent().unwrap_or(dir)),
        root: text(&root),
    }
}

fn parameters(settings: &Settings, run: &Path) -> BTreeMap<String, String> {
    let port = |port| settings.ports.of(port).to_string();
    let address = |port| format!("127.0.0.1:{}", settings.ports.of(port));
    let grafana = format!("http://{}", address(Port::Grafana));
    let proxy = |name| format!("{grafana}/api/datasources/proxy/uid/{name}");
    let held = [Port::KmsApi, Port::Kms2Api, Port::KmsAdmin, Port::Kms2Admin, Port::Authz, Port::Idp, Port::Rs];
    let all = [
        ("release", settings.release.clone()),
        ("running", settings.previous.clone()),
        ("kms_api_address", address(Port::KmsApi)),
        ("kms_admin_address", address(Port::KmsAdmin)),
        ("authz_address", address(Port::Authz)),
        ("idp_address", address(Port::Idp)),
        ("rs_address", address(Port::Rs)),
        ("collector_url", format!("http://{}/", address(Port::Collector))),
        ("grafana_url", grafana.clone()),
        ("prometheus_url", proxy("prometheus")),
        ("loki_url", proxy("loki")),
        ("tempo_url", proxy("tempo")),
        ("db_host", "127.0.0.1".to_owned()),
        ("db_port", port(Port::Postgres)),
        ("ports", held.map(port).join(",")),
        // The world's process, which holds the ports, has the run's folder in its command line.
        ("ports_owner", last(run)),
        ("namespace", settings.namespace.clone()),
        ("kube_context", settings.context.clone()),
        ("database_admin", "training pager: database".to_owned()),
        ("platform_team", "training pager: platform".to_owned()),
        ("security_team", "training pager: security".to_owned()),
    ];
    let mut all: BTreeMap<String, String> = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if settings.strategy == "blue-green" {
        let colours = [
            ("kms_blue_address", Port::BlueKmsApi),
            ("kms_blue_admin_address", Port::BlueKmsAdmin),
            ("authz_blue_address", Port::BlueAuthz),
            ("idp_blue_address", Port::BlueIdp),
            ("rs_blue_address", Port::BlueRs),
            ("kms_green_address", Port::GreenKmsApi),
            ("kms_green_admin_address", Port::GreenKmsAdmin),
            ("authz_green_address", Port::GreenAuthz),
            ("idp_green_address", Port::GreenIdp),
            ("rs_green_address", Port::GreenRs),
        ];
        all.extend(colours.map(|(name, port)| (name.to_owned(), address(port))));
        all.insert("colour".to_owned(), files::COLOURS[1].to_owned());
    }
    all
}

fn last(path: &Path) -> String {
    path.file_name().map_or_else(|| "world".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A value that may stand in file names, tags and manifests.
fn word<'a>(name: &str, value: &'a str) -> io::Result<&'a str> {
    let fine = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if fine && value.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Ok(value)
    } else {
        let text = format!("parameter {name}: the sandbox takes letters, digits, `.`, `_` and `-` only, not `{value}`");
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }
}

#[cfg(test)]
mod tests;
