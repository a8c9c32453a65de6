//! Everything that comes to the run loop.

use super::serve::Session;
use super::world::World;
use crate::keeper::Heard;
use crate::link::FromClient;
use crate::probes::Answer;
use crate::words::{Actor, ItemId, Name};

/// One thing that the loop has to deal with.
pub enum Input {
    /// A client connected.
    Joined(Session),
    /// A client said something.
    Client(u64, FromClient),
    /// A client is gone.
    Gone(u64),
    /// The keeper said something, or is gone.
    Keeper(Heard),
    /// A look was made.
    Looked(Answer),
    /// A notice was answered by its receiver, or given up.
    Notice {
        /// The item.
        item: ItemId,
        /// The attempt.
        attempt: u32,
        /// It was taken.
        ok: bool,
        /// The receiver's answer, or why not.
        answer: String,
    },
    /// Somebody took what nobody waited for, or is given up.
    Told {
        /// The item of a notice.
        item: Option<ItemId>,
        /// Who.
        to: Name,
        /// It was taken.
        ok: bool,
        /// The receiver's answer, or why not.
        answer: String,
    },
    /// The second person that the sandbox plays has decided.
    SecondPerson {
        /// The item.
        item: ItemId,
        /// The request's hash.
        hash: String,
        /// Yes or no.
        yes: bool,
        /// Who it is.
        name: Actor,
        /// What they say.
        says: String,
    },
    /// The thread that keeps the lock at the target has learned something.
    Lease {
        /// The lock.
        place: String,
        /// What.
        news: super::lease::News,
    },
    /// The world of a training run came back, or why not.
    World(Result<Box<dyn World>, String>),
    /// The process was asked to end (SIGTERM).
    Terminate,
}
