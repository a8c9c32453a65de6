//! Reading the deployment files of the root folder, as docker compose and kubectl do: what stands in them decides what runs.

pub mod compose;
pub mod manifests;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A short digest of a value, by which an unchanged definition is known.
pub fn digest(value: &Value) -> String {
    let sum = Sha256::digest(value.to_string().as_bytes());
    sum.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// The text at a path of keys; empty when there is none.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    path.iter().try_fold(value, |v, key| v.get(key)).and_then(Value::as_str).unwrap_or_default()
}
