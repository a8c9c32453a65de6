//! From checked trees to the model: texts and expressions are parsed here, and only here.
//!
//! The shape was checked before ([`keys::check`](super::keys::check)), so a value that does not fit is passed over
//! in silence: it has been told.

mod command;
mod header;
mod id;
mod kind;
mod kubernetes;
mod parts;
mod probe;
mod reader;
mod services;
mod step;
mod telemetry;

pub use command::split;
pub use header::{include_names, read_into};
pub use id::id_of;
pub use reader::{Reader, Unread};
