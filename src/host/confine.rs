//! What commands get so that a switch in another shell cannot reach them: a kubeconfig of the run's own with nothing
//! but the pinned context, and the Docker Engine by its address.
//!
//! It is made anew from the operator's own files at each start of a command, and each minute for the looks that are
//! commands, since tokens are renewed there.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kube::config::Kubeconfig;

use super::guard::kube_files;
use crate::engine::plan::{Plan, WhereKind};
use crate::probes::docker_place;
use crate::words::files;

/// What looks are given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Looking {
    /// For looks through an API: they name their context themselves.
    pub apis: BTreeMap<String, String>,
    /// For looks by a command, which would ask whatever is current; else why there can be none.
    pub commands: Result<BTreeMap<String, String>, String>,
}

impl Looking {
    /// Of a run that has begun: bound to what its plan names.
    pub fn of(plan: &Plan, run: &Path, env: &BTreeMap<String, String>) -> Self {
        let mut apis = env.clone();
        apis.extend(engine(plan, env));
        Self { apis, commands: environment(plan, run, env) }
    }
}

/// Whether a plan names a place that another shell can switch.
pub(super) fn binds(plan: &Plan) -> bool {
    [WhereKind::KubeContext, WhereKind::DockerHost].iter().any(|kind| plan.place(*kind).is_some())
}

/// The environment `env`, bound to the places that `plan` names.
///
/// # Errors
/// The pinned context cannot be read, or the run's own kubeconfig cannot be written: for people.
pub(super) fn environment(
    plan: &Plan,
    run: &Path,
    env: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    let mut bound = env.clone();
    if let Some(context) = plan.place(WhereKind::KubeContext) {
        let config = only(context, plan.place(WhereKind::Namespace), env)?;
        let path = write(run, &config)?;
        bound.insert("KUBECONFIG".into(), path.display().to_string());
    }
    bound.extend(engine(plan, env));
    Ok(bound)
}

/// The Docker Engine by its address, as commands and looks are given it; empty where the plan names none.
pub(super) fn engine(plan: &Plan, env: &BTreeMap<String, String>) -> Option<(String, String)> {
    plan.place(WhereKind::DockerHost)?;
    if env.get("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return None;
    }
    Some(match docker_place(env) {
        Some((host, false)) => ("DOCKER_HOST".into(), host),
        // With certificates of its own it stays a context; it is named, so that `docker context use` moves nothing.
        _ => ("DOCKER_CONTEXT".into(), super::guard::docker_host(env)),
    })
}

/// Takes away what was written for commands: the run has ended.
pub(super) fn forget(run: &Path) {
    let _ = fs::remove_dir_all(run.join(files::PRIVATE));
}

/// The operator's kubeconfig with nothing but one context, in the pinned namespace.
fn only(context: &str, namespace: Option<&str>, env: &BTreeMap<String, String>) -> Result<Kubeconfig, String> {
    let mut all = Kubeconfig::default();
    // kubectl's own rule: what is not there is passed over, of two of one name the first counts.
    for file in kube_files(env).into_iter().map(PathBuf::from).filter(|file| file.exists()) {
        let next = Kubeconfig::read_from(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        all = all.merge(next).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    all.contexts.retain(|it| it.name == context);
    let Some(found) = all.contexts.first_mut().and_then(|it| it.context.as_mut()) else {
        return Err(format!(
            "the context `{context}` stands in no kubeconfig; `kubectl config get-contexts` lists what there is"
        ));
    };
    if let Some(namespace) = namespace {
        found.namespace = Some(namespace.to_owned());
    }
    let (cluster, user) = (found.cluster.clone(), found.user.clone());
    all.clusters.retain(|it| it.name == cluster);
    all.auth_infos.retain(|it| Some(&it.name) == user.as_ref());
    all.current_context = Some(context.to_owned());
    all.extensions = None;
    Ok(all)
}

/// Writes the kubeconfig (0600, JSON, which is YAML) so that a command that reads it meanwhile sees a whole one.
fn write(run: &Path, config: &Kubeconfig) -> Result<PathBuf, String> {
    let folder = run.join(files::PRIVATE);
    let path = folder.join("kubeconfig");
    let text = serde_json::to_vec(config).map_err(|error| format!("the run's kubeconfig: {error}"))?;
    if fs::read(&path).is_ok_and(|before| before == text) {
        return Ok(path);
    }
    let written = || -> std::io::Result<()> {
        fs::DirBuilder::new().mode(0o700).recursive(true).create(&folder)?;
        let draft = folder.join("kubeconfig.new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&text)?;
        fs::rename(&draft, &path)
    };
    written().map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Where;

    const TWO: &str = "apiVersion: v1\nkind: Config\ncurrent-context: staging\nclusters:\n- name: a\n  cluster: { server: 'https://a', certificate-authority: ca.crt }\n- name: b\n  cluster: { server: 'https://b' }\nusers:\n- name: ua\n  user: { token: first }\n- name: ub\n  user: { token: other }\ncontexts:\n- name: prod\n  context: { cluster: a, user: ua, namespace: default }\n- name: staging\n  context: { cluster: b, user: ub }\n";

    fn plan(places: &[(WhereKind, &str)]) -> Plan {
        let places = places.iter().map(|(kind, is)| Where { kind: *kind, is: (*is).to_owned() }).collect();
        let mut plan = Plan::default();
        plan.places = places;
        plan
    }

    fn env(pairs: &[(&str, &Path)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, path)| ((*name).to_owned(), path.display().to_string())).collect()
    }

    #[test]
    fn a_command_sees_the_pinned_context_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("config");
        std::fs::write(&own, TWO).unwrap();
        let env = env(&[("KUBECONFIG", &own)]);
        let plan = plan(&[(WhereKind::KubeContext, "prod"), (WhereKind::Namespace, "shop")]);
        let bound = environment(&plan, dir.path(), &env).unwrap();
        let path = PathBuf::from(&bound["KUBECONFIG"]);
        assert_ne!(path, own);
        let read = Kubeconfig::read_from(&path).unwrap();
        assert_eq!(read.current_context.as_deref(), Some("prod"));
        assert_eq!(read.contexts.len() + read.clusters.len() + read.auth_infos.len(), 3);
        let context = read.contexts[0].context.as_ref().unwrap();
        assert_eq!(context.namespace.as_deref(), Some("shop"));
        let authority = read.clusters[0].cluster.as_ref().unwrap().certificate_authority.clone().unwrap();
        assert_eq!(
            authority,
            dir.path().join("ca.crt").display().to_string(),
            "paths go on from the file they stood in"
        );
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("first") && !text.contains("other"));
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap());
        assert_eq!(mode & 0o777, 0o600);

        // A renewed token reaches the next command.
        std::fs::write(&own, TWO.replace("first", "renewed")).unwrap();
        environment(&plan, dir.path(), &env).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("renewed"));
        forget(dir.path());
        assert!(!path.exists());
    }

    #[test]
    fn a_context_that_is_nowhere_starts_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let why = environment(
            &plan(&[(WhereKind::KubeContext, "gone")]),
            dir.path(),
            &env(&[("KUBECONFIG", &dir.path().join("none"))]),
        );
        assert!(why.unwrap_err().contains("`gone`"));
    }

    #[test]
    fn docker_is_bound_to_the_engine_that_was_meant() {
        let dir = tempfile::tempdir().unwrap();
        let env = env(&[("DOCKER_CONFIG", dir.path())]);
        let plan = plan(&[(WhereKind::DockerHost, "default")]);
        let bound = environment(&plan, dir.path(), &env).unwrap();
        assert_eq!(bound["DOCKER_HOST"], "unix:///var/run/docker.sock");
        std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"lost"}"#).unwrap();
        let bound = environment(&plan, dir.path(), &env).unwrap();
        assert_eq!(bound["DOCKER_CONTEXT"], "lost", "what cannot be resolved is still named");
    }
}
