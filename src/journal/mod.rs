//! The journal, the spool, the store of runs.
//!
//! The journal is the only truth about decisions: an append-only file of hash-chained lines, one event a line.
//! This room knows how a line looks ([`encode`], [`Line`]), how lines get onto a disk that may fail
//! ([`Journal`], [`Disk`]), how they are read again after any crash ([`read()`], [`repair`], [`verify()`], [`Follow`]),
//! what else lies in a run's folder ([`RunFolder`], [`Spool`], [`Head`]) and where runs are found ([`list`],
//! [`find`], [`PresenceBoard`]). It is generic over the event, so it decides nothing.

mod append;
mod digest;
mod disk;
mod envelope;
mod error;
mod folder;
mod follow;
mod head;
mod lock;
mod presence;
mod process;
mod read;
mod recover;
mod spool;
mod store;
#[cfg(test)]
mod tests;
mod verify;
mod walk;

pub use append::{Appended, Journal};
pub use digest::Digest;
pub use disk::{Disk, RESERVE_BYTES, RealDisk};
pub use envelope::{Line, VERSION, encode};
pub use error::{Flaw, Place, ReadError, StorageError};
pub use folder::{RunFolder, runs_dir, slug};
pub use follow::{Follow, FollowError, RawLine};
pub use head::{Head, HeadCheck};
pub use lock::{Holder, LockError, RunLock};
pub use presence::{Presence, PresenceBoard, PresenceError, Seen};
pub use process::{boot_id, is_alive, leads_a_session, started_ticks};
pub use read::{Broken, End, Newer, Read, Torn, read, read_each, repair, repair_on};
pub use recover::Reopened;
pub use spool::{Rolled, Row, Sealed, Spool, SpoolError, SpoolRead, read_rows};
pub use store::{Found, RunEntry, find, list};
pub use verify::{Report, verify};
