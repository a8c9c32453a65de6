//! Names of things.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    };
}

text_id! {
    /// An item of the plan: `step`, `user.step` for a used block's step, `step[key]` for one of a `for_each`.
    ItemId
}
text_id! {
    /// A probe of the plan: `ready`, or `ready.kms` for one of a `for_each`.
    ProbeId
}
text_id! {
    /// A run: the name of its folder, `2026-11-24T090211Z-production-deployment-01JD…`.
    RunId
}
text_id! {
    /// A name that a runbook's author gave: parameter, trigger, pin, block, contact, channel, limitation.
    Name
}

/// How often the host was started over a run (1 for the first), or control changed hands.
pub type Epoch = u32;

/// One execution of a step: the item and the number of the attempt, from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    /// The item.
    pub item: ItemId,
    /// The attempt's number within the run, from 1: the `N` of `terminals/N.out`.
    pub number: u32,
}
