//! The spool: every look of every probe, on disk, without a sync a sample.
//!
//! Files `samples/NNNN.csv`, one sample a line, no header: `up_ms,probe,value,verdict`. `value` is empty when there is
//! none; `verdict` is what the look alone said: `good`, `bad` or `no_data`. A segment is sealed (synced, hashed, never
//! written again) every few minutes by the host, which journals the hash. Past a cap the oldest hour of samples becomes
//! one line a probe and minute in `NNNN-MMMM.min.csv`, which stands for the segments NNNN to MMMM.

mod files;
mod read;
mod roll;
mod row;
#[cfg(test)]
mod tests;
mod write;

pub use read::{SpoolRead, read_rows};
pub use roll::Rolled;
pub use row::Row;
pub use write::{Sealed, Spool, SpoolError};
