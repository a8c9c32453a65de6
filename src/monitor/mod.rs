//! What the samples say: series, debounced verdicts, groups, baselines and the clocks of conditions.
//!
//! Pure: it is told the time (run time, µs) and the samples, and can be built again from the spool.

mod clock;
mod debounce;
mod series;

pub use clock::{Clock, Need, Phase, Turn};
pub use debounce::{BUCKET, CALM, Debounce, REFILL, Rule};
pub use series::{Minute, Over, Point, Series, Window};
