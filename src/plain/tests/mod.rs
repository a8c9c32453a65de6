//! The plain client against a host that decides as the real one does and pretends to run commands.

mod alone;
mod host;
mod typed;
