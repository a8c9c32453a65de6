//! Who did something, and how sure the record is of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person or a part of the program, as the journal names it: `anna@ops1`, `host`, `autopilot`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(pub String);

impl Actor {
    /// The run's host process.
    pub fn host() -> Self {
        Self("host".into())
    }

    /// The engine's rule for going on without a person.
    pub fn autopilot() -> Self {
        Self("autopilot".into())
    }

    /// The second person that the sandbox plays.
    pub fn sandbox() -> Self {
        Self("sandbox".into())
    }

    /// The name before the `@`, which is what people say.
    pub fn name(&self) -> &str {
        self.0.split('@').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an approver was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A name was typed; nobody checked it.
    Stated,
    /// The approver's own login on this machine.
    Login,
    /// A signature by the approver's SSH key over the request's text.
    Key,
}
