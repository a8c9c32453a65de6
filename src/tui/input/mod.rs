//! What the operator's terminal sends: bytes, decoded into keys, pastes, the mouse and focus.
//!
//! The bytes are read by us, never by a library's event reader: in Terminal mode they go to the command as they came.

mod decode;
mod key;

pub use decode::{Decoder, Piece};
pub use key::{Code, Input, Key, Mouse, MouseKind};
