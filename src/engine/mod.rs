//! The engine: pure rules of a run.
//!
//! [`decide()`] answers an intent with events or a refusal; [`State::apply`] folds events, totally;
//! [`effects`] are one-shots that the host carries out; [`wanted()`] are levels that the host reconciles to.
//! No clock, I/O, async, randomness or map of varying order.

mod apply;
mod autopilot;
mod by_hand;
mod capture;
mod decide;
mod effect;
pub mod event;
mod intent;
mod lease;
pub mod plan;
mod resolve;
mod rollback;
mod scope;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod wanted;

pub use autopilot::{Answer, Answers, Wish, autopilot};
pub use by_hand::{by_hand, rollback_commands};
pub use decide::decide;
pub use effect::{Effect, effects};
pub use event::{Event, Recorded};
pub use intent::{Intent, Refusal, Timer, Want};
pub use lease::{LOCK, Lease, LeaseAt, LeaseHolder, LeaseNews, LeaseState};
pub use resolve::{danger_words, digest, resolve, script_values};
pub use rollback::{WayBack, pins_of, usual, way_back};
pub use scope::{PlanScope, why_off};
pub use state::{
    Attempt, Caution, Control, GoingBack, HostState, ItemState, Note, Paused, PhaseState, ProbeState, Request,
    RunEnded, Settled, State, Status,
};
pub use status::Progress;
pub use wanted::{Condition, ConditionKind, Wanted, wanted};
