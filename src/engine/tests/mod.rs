//! Tables and laws of the engine: plans come from runbook text, events and intents go in, statuses come out.

mod answers;
mod auto;
mod commands;
mod compiled;
mod control;
mod flight;
mod laws;
mod lease;
mod phases;
mod rollback;
mod sensed;
mod texts;
mod unknown;

use self::flight::{Flight, flight, flight_with, plan_of};
