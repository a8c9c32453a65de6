//! The shipped runbooks, embedded: training needs no file on the disk.

use std::collections::BTreeMap;

use crate::runbook::Memory;

/// Name and text of every shipped runbook and of what they include.
const FILES: [(&str, &str); 8] = [
    ("hello.yaml", include_str!("../../runbooks/hello.yaml")),
    ("common.yaml", include_str!("../../runbooks/common.yaml")),
    ("identity.yaml", include_str!("../../runbooks/identity.yaml")),
    ("blue-green.yaml", include_str!("../../runbooks/blue-green.yaml")),
    ("first-flight.yaml", include_str!("../../runbooks/first-flight.yaml")),
    ("production-deployment.yaml", include_str!("../../runbooks/production-deployment.yaml")),
    ("answers-first-flight.yaml", include_str!("../../runbooks/answers-first-flight.yaml")),
    ("answers-sandbox.yaml", include_str!("../../runbooks/answers-sandbox.yaml")),
];

/// All of them, to load from.
pub fn files() -> Memory {
    let bytes = |(name, text): &(&str, &str)| ((*name).to_owned(), text.as_bytes().to_vec());
    Memory { files: FILES.iter().map(bytes).collect::<BTreeMap<_, _>>() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_embedded() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            // Scenarios are embedded by the sandbox; the README is for people.
            if entry.file_type().unwrap().is_file() && name != "README.md" {
                let embedded = files().files.get(&name).cloned();
                assert_eq!(embedded, Some(std::fs::read(entry.path()).unwrap()), "{name}");
            }
        }
    }

    #[test]
    fn every_scenario_has_its_runbook() {
        for scenario in crate::sandbox::scenarios().unwrap() {
            let loaded = crate::runbook::load_from(&files(), &scenario.runbook);
            assert!(loaded.is_ok(), "{}: {:?}", scenario.name, loaded.err());
        }
    }
}
