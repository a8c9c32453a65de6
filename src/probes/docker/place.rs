//! Which engine: `DOCKER_HOST`, else the context that the docker command would use, else the machine's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::super::seen::Problem;
use super::super::trust::sha256_hex;

/// Where an engine is, and how it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `unix:///var/run/docker.sock`, `tcp://host:2375`.
    pub host: String,
    /// Folder with `ca.pem`, `cert.pem` and `key.pem`, when the engine is asked by TLS.
    pub certificates: Option<PathBuf>,
}

/// The engine that a command with this environment would talk to, as docker(1) has it.
pub(super) fn of(env: &BTreeMap<String, String>) -> Result<Place, Problem> {
    let get = |name: &str| env.get(name).map(String::as_str).filter(|v| !v.is_empty());
    let config =
        get("DOCKER_CONFIG").map_or_else(|| Path::new(get("HOME").unwrap_or("/")).join(".docker"), PathBuf::from);
    if let Some(host) = get("DOCKER_HOST") {
        let certificates =
            get("DOCKER_TLS_VERIFY").map(|_| get("DOCKER_CERT_PATH").map_or_else(|| config.clone(), PathBuf::from));
        return known(host).map(|host| Place { host, certificates });
    }
    let current = || {
        let text = std::fs::read(config.join("config.json")).ok()?;
        serde_json::from_slice::<Json>(&text).ok()?.get("currentContext")?.as_str().map(str::to_owned)
    };
    match get("DOCKER_CONTEXT").map(str::to_owned).or_else(current) {
        Some(name) if name != "default" => context(&config, &name),
        _ => Ok(Place { host: "unix:///var/run/docker.sock".into(), certificates: None }),
    }
}

fn context(config: &Path, name: &str) -> Result<Place, Problem> {
    let folder = sha256_hex(name.as_bytes());
    let meta = config.join("contexts/meta").join(&folder).join("meta.json");
    let host = std::fs::read(&meta)
        .ok()
        .and_then(|text| serde_json::from_slice::<Json>(&text).ok())
        .and_then(|json| json.pointer("/Endpoints/docker/Host")?.as_str().map(str::to_owned));
    let Some(host) = host else {
        return Err(Problem::nothing(format!("the docker context `{name}` cannot be read"))
            .hint(format!("`docker context ls` lists them; it should stand in {}", meta.display())));
    };
    let certificates = config.join("contexts/tls").join(&folder).join("docker");
    known(&host).map(|host| Place { host, certificates: Some(certificates).filter(|f| f.is_dir()) })
}

fn known(host: &str) -> Result<String, Problem> {
    if ["unix://", "tcp://", "http://", "https://"].iter().any(|scheme| host.starts_with(scheme)) {
        return Ok(host.to_owned());
    }
    Err(Problem::nothing(format!("an engine at {host} can only be asked by the docker command"))
        .hint("use a probe with `run: docker …`, or name it by unix:// or tcp://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_engine_is_the_one_that_the_command_would_talk_to() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join(".docker");
        let meta = dir.join("contexts/meta").join(sha256_hex(b"far"));
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(meta.join("meta.json"), r#"{"Endpoints":{"docker":{"Host":"tcp://far:2376"}}}"#).unwrap();
        std::fs::write(dir.join("config.json"), r#"{"currentContext":"far"}"#).unwrap();
        let home = home.path().to_str().unwrap();
        let host = |pairs: &[(&str, &str)]| of(&env(pairs)).map(|p| p.host);

        assert_eq!(host(&[("HOME", "/nowhere")]), Ok("unix:///var/run/docker.sock".into()));
        assert_eq!(host(&[("HOME", home)]), Ok("tcp://far:2376".into()));
        assert_eq!(host(&[("HOME", home), ("DOCKER_CONTEXT", "default")]), Ok("unix:///var/run/docker.sock".into()));
        assert_eq!(host(&[("HOME", home), ("DOCKER_HOST", "unix:///x.sock")]), Ok("unix:///x.sock".into()));
        let lost = of(&env(&[("HOME", home), ("DOCKER_CONTEXT", "lost")])).unwrap_err();
        assert!(lost.why.contains("`lost`"), "{lost:?}");
        let ssh = of(&env(&[("DOCKER_HOST", "ssh://me@far")])).unwrap_err();
        assert!(ssh.hint.unwrap().contains("run: docker"));
    }

    #[test]
    fn certificates_are_used_when_they_are_asked_for() {
        let with = of(&env(&[("DOCKER_HOST", "tcp://h:1"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/c")]));
        assert_eq!(with.unwrap().certificates, Some("/c".into()));
        assert_eq!(of(&env(&[("DOCKER_HOST", "tcp://h:1")])).unwrap().certificates, None);
    }
}
