//! Which cluster: the kubeconfig files that the kubectl command would read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use kube::config::{Kubeconfig, KubeconfigError};

use super::super::seen::Problem;
use super::failure::no_config;

/// A kubeconfig file as it was found.
pub(super) type Stamp = (PathBuf, Option<SystemTime>);

/// The files, in the order in which they are merged: the list `KUBECONFIG`, else `~/.kube/config` (kubectl config).
pub(super) fn files(env: &BTreeMap<String, String>, root: &Path) -> Vec<Stamp> {
    let get = |name: &str| env.get(name).map(String::as_str).filter(|v| !v.is_empty());
    let files: Vec<PathBuf> = match get("KUBECONFIG") {
        // Relative ones start where commands start.
        Some(list) => std::env::split_paths(list).filter(|p| !p.as_os_str().is_empty()).map(|p| root.join(p)).collect(),
        None => get("HOME").map(|home| Path::new(home).join(".kube/config")).into_iter().collect(),
    };
    let changed = |file: &PathBuf| file.metadata().and_then(|m| m.modified()).ok();
    files.into_iter().map(|file| (file.clone(), changed(&file))).collect()
}

/// The merged kubeconfig; of the files that are not there kubectl says nothing either, unless none is.
pub(super) fn read(files: &[Stamp]) -> Result<Kubeconfig, Problem> {
    let there: Vec<&PathBuf> = files.iter().map(|(file, _)| file).filter(|file| file.exists()).collect();
    if there.is_empty() {
        let named: Vec<String> = files.iter().map(|(file, _)| file.display().to_string()).collect();
        let named = if named.is_empty() { "no HOME, no KUBECONFIG".to_owned() } else { named.join(", ") };
        return Err(Problem::nothing(format!("no kubeconfig: there is no file {named}"))
            .hint("log in to the cluster, or let KUBECONFIG name the file"));
    }
    let merged: Result<_, KubeconfigError> =
        there.into_iter().try_fold(Kubeconfig::default(), |merged, file| merged.merge(Kubeconfig::read_from(file)?));
    merged.map_err(|e| no_config(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(context: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {context}\nclusters:\n- name: {context}\n  cluster: \
             {{ server: 'http://{context}' }}\ncontexts:\n- name: {context}\n  context: {{ cluster: {context}, user: \
             {context} }}\nusers:\n- name: {context}\n  user: {{ token: hunter2hunter2 }}\n"
        )
    }

    #[test]
    fn the_files_of_the_list_are_merged_and_missing_ones_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&a, config("first")).unwrap();
        std::fs::write(&b, config("second")).unwrap();
        let env = |list: String| BTreeMap::from([("KUBECONFIG".to_owned(), list)]);
        let list = format!("{}:{}::{}", dir.path().join("none").display(), a.display(), b.display());
        let merged = read(&files(&env(list), Path::new("/"))).unwrap();
        assert_eq!(merged.current_context.as_deref(), Some("first"));
        assert_eq!(merged.contexts.len(), 2);
        let relative = files(&env("a".into()), dir.path());
        assert_eq!(relative[0].0, a);
        assert!(relative[0].1.is_some());
        let home = BTreeMap::from([("HOME".to_owned(), "/home/x".to_owned())]);
        assert_eq!(files(&home, Path::new("/"))[0].0, Path::new("/home/x/.kube/config"));
        assert!(read(&files(&home, Path::new("/"))).unwrap_err().why.contains("/home/x/.kube/config"));
    }

    #[test]
    fn a_damaged_file_is_named_without_what_stands_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bad");
        std::fs::write(&file, "users:\n- name: a\n  user: { token: hunter2hunter2, }}\n").unwrap();
        let problem = read(&[(file, None)]).unwrap_err();
        assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
    }
}
