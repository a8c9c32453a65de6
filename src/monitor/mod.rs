//! What the samples say: series, debounced verdicts, groups, baselines and the clocks of conditions.
//!
//! Pure: it is told the time (run time, µs) and the samples, and can be built again from the spool.
//!
//! The host pushes each sample ([`Monitor::push`]), evaluates the conditions that read its probe
//! ([`Monitor::judge`]), and about once a second lets time pass ([`Monitor::tick`], [`Monitor::judge_all`]).

mod clock;
mod condition;
mod counts;
mod debounce;
mod group;
#[expect(clippy::module_inception, reason = "the room's one big thing has the room's name")]
mod monitor;
mod scope;
mod series;
#[cfg(test)]
mod tests;
mod watch;

pub use clock::{Clock, Need, Phase, Turn};
pub use condition::{ConditionRule, Rest, Turned};
pub use counts::Counts;
pub use debounce::{BUCKET, CALM, Debounce, REFILL, Rule};
pub use group::Combine;
pub use monitor::{Baseline, Monitor};
pub use scope::Eyes;
pub use series::{Minute, Point, Series};
pub use watch::{Change, How, ProbeRule};
