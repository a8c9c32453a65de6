//! Kubernetes manifests.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::text;

/// One object of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Kind as kubectl prints it: `configmap`, `secret`, `deployment.apps`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The object, a secret's `stringData` encoded as `data`.
    pub value: Value,
}

/// Reads a manifest, or all `.yaml`, `.yml` and `.json` files of a folder in order of their names, relative to `cwd`.
///
/// # Errors
/// The message that kubectl prints.
pub fn read(cwd: &Path, path: &str) -> Result<Vec<Object>, String> {
    let full = cwd.join(path);
    if !full.exists() {
        return Err(format!("error: the path {path:?} does not exist"));
    }
    let mut objects = vec![];
    for file in files(&full)? {
        let shown = file.display();
        let text = std::fs::read_to_string(&file).map_err(|e| format!("error: open {shown}: {e}"))?;
        let documents: Vec<Value> =
            serde_yaml::from_multiple(&text).map_err(|e| format!("error: error parsing {shown}: {e}"))?;
        for value in documents {
            if !value.is_null() {
                objects.push(object(value).map_err(|e| format!("error: error validating {shown}: {e}"))?);
            }
        }
    }
    if objects.is_empty() { Err("error: no objects passed to apply".to_owned()) } else { Ok(objects) }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = std::fs::read_dir(path).map_err(|e| format!("error: {}: {e}", path.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e == *known)))
        .collect();
    files.sort();
    if files.is_empty() {
        let shown = path.display();
        return Err(format!("error: error reading [{shown}]: recognized file extensions are [.json .yaml .yml]"));
    }
    Ok(files)
}

fn object(mut value: Value) -> Result<Object, String> {
    let kind = match text(&value, &["kind"]) {
        "Deployment" => "deployment.apps".to_owned(),
        "" => return Err("kind not set".to_owned()),
        kind => kind.to_lowercase(),
    };
    let name = text(&value, &["metadata", "name"]).to_owned();
    if name.is_empty() {
        return Err("resource name may not be empty".to_owned());
    }
    encode_secret(&mut value);
    Ok(Object { kind, name, value })
}

/// What the API server does with `stringData`.
fn encode_secret(value: &mut Value) {
    use base64::Engine;
    let Some(Value::Object(plain)) = value.as_object_mut().and_then(|o| o.remove("stringData")) else { return };
    let data: serde_json::Map<String, Value> = plain
        .into_iter()
        .map(|(key, text)| {
            (key, json!(base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or_default())))
        })
        .collect();
    value["data"] = Value::Object(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_order_and_secrets_are_encoded() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "b.yaml",
            "kind: Secret\nmetadata: { name: s }\nstringData: { a: abc }\n---\nkind: ConfigMap\nmetadata: { name: c }\n",
        );
        write("a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d }\n");
        write("notes.txt", "no manifest");
        let objects = read(folder.path(), ".").unwrap();
        let names: Vec<String> = objects.iter().map(|o| format!("{}/{}", o.kind, o.name)).collect();
        assert_eq!(names, ["deployment.apps/d", "secret/s", "configmap/c"]);
        assert_eq!(objects[1].value["data"]["a"], "YWJj");
    }

    #[test]
    fn faults_are_said_as_kubectl_says_them() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), "none/").unwrap_err(), "error: the path \"none/\" does not exist");
        std::fs::write(folder.path().join("a.yaml"), "metadata: { name: d }\n").unwrap();
        assert!(read(folder.path(), "a.yaml").unwrap_err().contains("kind not set"));
    }
}
