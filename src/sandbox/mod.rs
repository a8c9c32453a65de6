//! The sandbox: a simulated system for training, as a world of its own.
//!
//! [`prepare()`] makes a world in a run's folder and says what a run gets of it ([`Overlay`]). [`world::serve`] is the
//! world's process: real protocols on loopback, and one state in which the simulated commands act. [`shim::main`] is
//! what the flightdeck binary does when it is called by the name of one of those commands. Nothing of it leaves loopback
//! or the run's folder, and no other room asks whether it is there.

mod prepare;
mod read;
mod scenario;
mod second_person;
mod servers;
pub mod shim;
mod state;
pub mod world;

pub use crate::engine::event::Overlay;
pub use prepare::prepare;
pub use scenario::{Scenario, scenario, scenarios};
pub use second_person::{Approval, Asked, second_person};
pub use world::Leash;
