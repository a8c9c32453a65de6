//! The training scenarios that are embedded in the binary.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

/// What a training flight starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Short name, as typed after `train`.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// What one learns in it.
    pub about: String,
    /// How long it takes at speed 1, in minutes.
    pub minutes: u32,
    /// File name of the embedded runbook.
    pub runbook: String,
    /// Seed of everything in the world that looks random.
    #[serde(default)]
    pub seed: u64,
    /// Parameters that this scenario fixes, by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

const FILES: [(&str, &str); 2] = [
    ("first-flight.yaml", include_str!("../../runbooks/scenarios/first-flight.yaml")),
    ("production.yaml", include_str!("../../runbooks/scenarios/production.yaml")),
];

/// All scenarios, in the order in which a newcomer should meet them.
///
/// # Errors
/// An embedded file that does not read, which a test excludes.
pub fn scenarios() -> io::Result<Vec<Scenario>> {
    FILES.iter().map(|(file, text)| read(file, text)).collect()
}

/// The scenario of that name.
///
/// # Errors
/// No such scenario; the message lists those that there are.
pub fn scenario(name: &str) -> io::Result<Scenario> {
    let all = scenarios()?;
    let names: Vec<String> = all.iter().map(|s| s.name.clone()).collect();
    all.into_iter().find(|s| s.name == name).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("no scenario `{name}`; there are: {}", names.join(", ")))
    })
}

fn read(file: &str, text: &str) -> io::Result<Scenario> {
    serde_yaml::from_str(text).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("scenario {file}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_scenarios_read() {
        let names: Vec<String> = scenarios().unwrap().into_iter().map(|s| s.name).collect();
        assert_eq!(names, ["first-flight", "production"]);
        assert_eq!(scenario("production").unwrap().runbook, "production-deployment.yaml");
    }

    #[test]
    fn an_unknown_scenario_names_its_neighbours() {
        let error = scenario("frist-flight").unwrap_err().to_string();
        assert!(error.contains("first-flight, production"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        let error = read("x.yaml", "name: a\ntitle: b\nabout: c\nminutes: 1\nrunbook: d\nfaults: []\n").unwrap_err();
        assert!(error.to_string().contains("faults"), "{error}");
    }
}
