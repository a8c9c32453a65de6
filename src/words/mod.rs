//! Words: the types that every room speaks, without rules.
//!
//! Nothing here reads a clock, a file or the environment; nothing here decides.

mod actor;
pub mod files;
mod ids;
mod outcome;
mod sample;
mod shell;
mod stamp;
mod value;

pub use actor::{Actor, Proof};
pub use ids::{AttemptId, Epoch, ItemId, Name, ProbeId, RunId};
pub use outcome::{Outcome, Severity, Verdict};
pub use sample::{Look, Sample};
pub use shell::{shell_word, shell_words};
pub use stamp::{Stamp, local_and_utc, utc_minute, utc_second};
pub use value::{Unit, Value, clock, short_duration};
