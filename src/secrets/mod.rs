//! The one redactor.
//!
//! Every output byte of a command and every text of an event passes here before it is written. [`Needles`] are
//! made once from the run's secret values, with the encodings in which a value usually turns up; a
//! [`Redactor`] masks a stream of chunks, [`Needles::redact`] a whole text. A masked byte is a `*`, so lengths,
//! offsets, widths and timing files stay true (and the length of a secret is not hidden).
//!
//! Known limit: a command that transforms a secret in a way that is not listed in `encode` can still leak it.

mod automaton;
mod encode;
mod escape;
mod needles;
mod scan;

pub use needles::{MAX_BYTES, MIN_CHARS, Needles, Refused, Why};
pub use scan::Redactor;

#[cfg(test)]
mod tests;
