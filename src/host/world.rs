//! What comes from outside the host's own rooms: the sandbox's world and its second person. `cli` hands them in, so
//! that the host does not know whether it flies a training run.

use std::path::Path;

use crate::words::Actor;

/// What a second person is shown.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The run's folder.
    pub folder: &'a Path,
    /// The text of the request.
    pub text: &'a str,
    /// How many times this was asked before.
    pub before: u32,
    /// Titles of what is red now.
    pub red: &'a [String],
    /// Login name of the operator.
    pub operator: &'a str,
}

/// What a second person answers.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Who.
    pub name: Actor,
    /// Yes or no.
    pub yes: bool,
    /// What they say.
    pub says: String,
    /// Seconds of run time that they take.
    pub after: f64,
}

/// Ends a held world.
pub type End = Box<dyn FnOnce() + Send>;

/// Hands for a training run's surroundings.
#[derive(Clone, Copy)]
pub struct Outside {
    /// Holds the world of the run in this folder, starting it when it does not run.
    pub hold_world: fn(&Path) -> std::io::Result<End>,
    /// Asks the second person that the sandbox plays.
    pub second_person: fn(&Question<'_>) -> Verdict,
}
