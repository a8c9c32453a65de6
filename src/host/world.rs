//! What comes from outside the host's own rooms: the sandbox's world and its second person. `cli` hands them in, so
//! that the host does not know whether it flies a training run.

use std::path::Path;
use std::time::{Duration, Instant};

use super::core::Host;
use super::input::Input;
use super::log;
use crate::engine::Want;
use crate::words::Actor;

/// Real time between two looks whether the world lives.
const LOOK: Duration = Duration::from_secs(1);
/// Real time between two tries to bring it back: one that dies at once must not fill the journal.
const AGAIN: Duration = Duration::from_secs(10);

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

/// A held world: it goes on as long as this is held.
pub trait World: Send {
    /// Whether it still answers.
    fn lives(&self) -> bool;
    /// Ends it, or what is left of it, and waits until it is gone.
    fn end(self: Box<Self>);
}

/// Hands for a training run's surroundings.
#[derive(Clone, Copy)]
pub struct Outside {
    /// Holds the world of the run in this folder, starting it when it does not run.
    pub hold_world: fn(&Path) -> std::io::Result<Box<dyn World>>,
    /// Asks the second person that the sandbox plays.
    pub second_person: fn(&Question<'_>) -> Verdict,
}

/// The world of a training run as its host holds it.
pub(super) struct Held {
    world: Option<Box<dyn World>>,
    /// It is being brought back.
    comes: bool,
    /// The last try did not bring it back, and that was said.
    failed: bool,
    looked: Instant,
    tried: Option<Instant>,
}

impl Held {
    /// A world that lives.
    pub fn new(world: Box<dyn World>) -> Self {
        Self { world: Some(world), comes: false, failed: false, looked: Instant::now(), tried: None }
    }

    /// Ends it with the run.
    pub fn end(self) {
        if let Some(world) = self.world {
            world.end();
        }
    }
}

impl Host {
    /// Looks whether the world of a training run still lives, and brings it back when it does not: else every look is
    /// red and nobody is told why.
    pub(super) fn watch_world(&mut self) {
        let Some(held) = &mut self.world else { return };
        if held.comes || held.looked.elapsed() < LOOK {
            return;
        }
        held.looked = Instant::now();
        if held.world.as_ref().is_some_and(|world| world.lives()) || held.tried.is_some_and(|t| t.elapsed() < AGAIN) {
            return;
        }
        let dead = held.world.take();
        (held.comes, held.tried) = (true, Some(Instant::now()));
        if dead.is_some() {
            self.caution("the simulated system has died (world/world.log may say why): it is being brought back");
        }
        let (hold, folder) = (self.outside.hold_world, self.folder.path().to_owned());
        let inbox = self.sender.clone();
        let bring_back = move || {
            if let Some(dead) = dead {
                dead.end();
            }
            let back = hold(&folder).map_err(|error| error.to_string());
            // A host that has left meanwhile needs no world, which then ends by itself.
            let _ = inbox.send(Input::World(back));
        };
        if let Err(error) = std::thread::Builder::new().name("world".into()).spawn(bring_back) {
            self.world_came(Err(error.to_string()));
        }
    }

    /// The world came back, or did not.
    pub(super) fn world_came(&mut self, back: Result<Box<dyn World>, String>) {
        let Some(held) = &mut self.world else { return };
        held.comes = false;
        match back {
            Ok(world) => {
                held.world = Some(world);
                held.failed = false;
                self.caution("the simulated system is back, as its log of commands made it");
            }
            Err(why) => {
                log(&format!("the world does not come back: {why}"));
                if !std::mem::replace(&mut held.failed, true) {
                    self.caution(&format!(
                        "the simulated system does not come back, so whatever is looked at is red or has no data: {why}"
                    ));
                }
            }
        }
    }

    /// Tells the operator what they must see.
    pub(super) fn caution(&mut self, text: &str) {
        self.intend(Actor::host(), Want::Caution { text: text.to_owned(), item: None });
    }
}
