//! The pinned places: looked at before every command. A switch behind our back stops everything.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::command::output_within;
use crate::engine::plan::{Plan, WhereKind};

/// How long git may take: the loop waits for it.
const GIT: Duration = Duration::from_secs(10);

/// What stands at a place now; none where it is a value of the plan's own and cannot move.
pub fn found(kind: WhereKind, root: &Path, env: &BTreeMap<String, String>) -> Option<String> {
    match kind {
        WhereKind::Environment | WhereKind::Namespace | WhereKind::Database => None,
        WhereKind::KubeContext => Some(kube_context(env).unwrap_or_else(|| "no context".into())),
        WhereKind::DockerHost => Some(docker_host(env)),
        WhereKind::Git => Some(git_head(root, env).unwrap_or_else(|| "no git repository".into())),
    }
}

/// Every place of a plan that can move, with what stands there now.
pub fn look(plan: &Plan, root: &Path, env: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    plan.places.iter().filter_map(|place| Some((place.kind.key(), found(place.kind, root, env)?))).collect()
}

#[derive(Deserialize)]
struct Kubeconfig {
    #[serde(rename = "current-context", default)]
    current_context: Option<String>,
}

/// kubectl's own rule: the first file of `KUBECONFIG`'s list that has one, else `~/.kube/config`.
fn kube_context(env: &BTreeMap<String, String>) -> Option<String> {
    kube_files(env).iter().find_map(|file| {
        let text = std::fs::read_to_string(file).ok()?;
        let config: Kubeconfig = serde_yaml::from_str(&text).ok()?;
        config.current_context.filter(|c| !c.is_empty())
    })
}

/// The files that kubectl reads, first to last.
pub(super) fn kube_files(env: &BTreeMap<String, String>) -> Vec<String> {
    match env.get("KUBECONFIG").filter(|v| !v.is_empty()) {
        Some(list) => list.split(':').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
        None => env.get("HOME").map(|home| format!("{home}/.kube/config")).into_iter().collect(),
    }
}

/// docker's own rule: `DOCKER_HOST`, else `DOCKER_CONTEXT`, else the current context of its configuration.
pub(super) fn docker_host(env: &BTreeMap<String, String>) -> String {
    #[derive(Deserialize)]
    struct Config {
        #[serde(rename = "currentContext", default)]
        current_context: Option<String>,
    }
    if let Some(host) = env.get("DOCKER_HOST").filter(|v| !v.is_empty()) {
        return host.clone();
    }
    if let Some(context) = env.get("DOCKER_CONTEXT").filter(|v| !v.is_empty()) {
        return context.clone();
    }
    let folder = env
        .get("DOCKER_CONFIG")
        .cloned()
        .or_else(|| env.get("HOME").map(|home| format!("{home}/.docker")))
        .unwrap_or_default();
    std::fs::read_to_string(format!("{folder}/config.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<Config>(&text).ok()?.current_context)
        .unwrap_or_else(|| "default".into())
}

fn git_head(root: &Path, env: &BTreeMap<String, String>) -> Option<String> {
    let words = ["git", "rev-parse", "HEAD"].map(str::to_owned);
    output_within(&words, root, env, GIT).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_kubeconfig_with_a_context_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&a, "apiVersion: v1\nkind: Config\nclusters: []\n").unwrap();
        std::fs::write(&b, "current-context: prod-eu\nkind: Config\n").unwrap();
        let env = BTreeMap::from([("KUBECONFIG".to_owned(), format!("{}:{}", a.display(), b.display()))]);
        assert_eq!(found(WhereKind::KubeContext, dir.path(), &env), Some("prod-eu".into()));
        std::fs::write(&b, "current-context: staging\n").unwrap();
        assert_eq!(found(WhereKind::KubeContext, dir.path(), &env), Some("staging".into()));
    }

    #[test]
    fn docker_host_comes_before_its_context() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"remote"}"#).unwrap();
        let mut env = BTreeMap::from([("DOCKER_CONFIG".to_owned(), dir.path().display().to_string())]);
        assert_eq!(docker_host(&env), "remote");
        env.insert("DOCKER_HOST".into(), "unix:///x.sock".into());
        assert_eq!(docker_host(&env), "unix:///x.sock");
    }
}
