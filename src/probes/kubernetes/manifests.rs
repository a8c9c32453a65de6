//! What manifests want of secrets: those that they hold, with their keys, and those that their workloads name.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::PodSpec;
use serde_json::Value as Json;

use super::secrets::{Wanted, of_pods};
use crate::probes::seen::Problem;

/// Largest manifest that is read, in bytes.
const MOST: u64 = 8 << 20;

/// What the manifests of a glob want; of a folder all that end in `.yaml`, `.yml` or `.json`.
pub(super) fn wanted(glob: &Path) -> Result<Wanted, Problem> {
    let files = files(glob)?;
    if files.is_empty() {
        return Err(Problem::nothing(format!("there is no manifest {}", glob.display()))
            .hint("is the path right? it starts at the root"));
    }
    let mut wanted = Wanted::new();
    for file in files {
        let name = file.display();
        let size = file.metadata().map_err(|e| Problem::nothing(format!("{name}: {e}")))?.len();
        if size > MOST {
            return Err(Problem::nothing(format!("{name} is too large for a manifest")));
        }
        let text = std::fs::read_to_string(&file).map_err(|e| Problem::nothing(format!("{name}: {e}")))?;
        // What does not read may be a secret's value: it is not repeated.
        let documents: Vec<Json> = serde_yaml::from_multiple(&text).map_err(|_| {
            Problem::nothing(format!("{name} is no YAML")).hint("what says `kubectl apply --dry-run=client -f`?")
        })?;
        documents.iter().for_each(|document| of(document, &mut wanted));
    }
    Ok(wanted)
}

fn files(glob: &Path) -> Result<Vec<PathBuf>, Problem> {
    let pattern = match glob.is_dir() {
        true => glob.join("*"),
        false => glob.to_owned(),
    };
    let found = glob::glob(&pattern.to_string_lossy())
        .map_err(|e| Problem::nothing(format!("{} is no path: {e}", glob.display())))?;
    let manifest = |file: &PathBuf| {
        file.is_file() && file.extension().is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e == *known))
    };
    Ok(found.filter_map(Result::ok).filter(manifest).collect())
}

fn of(object: &Json, wanted: &mut Wanted) {
    let kind = object.get("kind").and_then(Json::as_str).unwrap_or_default();
    match kind {
        "Secret" => {
            let Some(name) = object.pointer("/metadata/name").and_then(Json::as_str) else { return };
            let keys = ["data", "stringData"].into_iter().filter_map(|part| object.get(part)?.as_object());
            wanted.entry(name.to_owned()).or_default().extend(keys.flat_map(|map| map.keys().cloned()));
        }
        "List" => {
            object.get("items").and_then(Json::as_array).into_iter().flatten().for_each(|one| of(one, wanted));
        }
        _ => {
            let places = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/spec"];
            let place = if kind == "Pod" { places.get(2..) } else { places.get(..2) };
            let pods = place.into_iter().flatten().filter_map(|place| object.pointer(place));
            for pods in pods.filter_map(|pods| serde_json::from_value::<PodSpec>(pods.clone()).ok()) {
                of_pods(&pods, wanted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_manifests_are_wanted_with_their_keys() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write(
            "a.yaml",
            "kind: Secret\nmetadata: { name: db }\nstringData: { url: hunter2 }\ndata: { user: eA== }\n---\nkind: ConfigMap\nmetadata: { name: c }\n",
        );
        write(
            "b.yml",
            "kind: Deployment\nmetadata: { name: d }\nspec:\n  template:\n    spec:\n      containers:\n      - name: d\n        env:\n        - { name: A, valueFrom: { secretKeyRef: { name: api, key: token } } }\n",
        );
        write("notes.txt", "no manifest");
        let found = wanted(dir.path()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["api", "db"]);
        assert_eq!(found["db"].iter().collect::<Vec<_>>(), ["url", "user"]);
        assert_eq!(wanted(&dir.path().join("b.*")).unwrap().keys().collect::<Vec<_>>(), ["api"]);
        assert!(wanted(&dir.path().join("none/*.yaml")).unwrap_err().why.contains("no manifest"));
        write("c.yaml", "stringData: { url: hunter2, }}\n");
        let broken = wanted(dir.path()).unwrap_err();
        assert!(broken.why.contains("c.yaml") && !format!("{broken:?}").contains("hunter2"), "{broken:?}");
    }
}
