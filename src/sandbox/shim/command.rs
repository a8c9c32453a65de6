//! A simulated command while it runs.

use super::forms::Given;
use crate::sandbox::state::{Change, State};
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::socket::{Gone, Output};
use crate::sandbox::world::{Call, Core, Frame};

/// Its exit code, or that nobody waits for it any more.
pub type Ended = Result<i32, Gone>;

/// A simulated command: what it was called with, the world, and where its output goes.
pub struct Command<'a> {
    /// The world.
    pub core: &'a Core,
    /// The call.
    pub call: &'a Call,
    /// What its form's placeholders took.
    pub given: Given,
    output: &'a mut Output,
    by: String,
}

impl<'a> Command<'a> {
    /// A command that begins.
    pub fn new(core: &'a Core, call: &'a Call, given: Given, output: &'a mut Output) -> Self {
        let by = std::iter::once(&call.name).chain(&call.args).cloned().collect::<Vec<_>>().join(" ");
        Self { core, call, given, output, by }
    }

    /// Prints to stdout.
    pub async fn out(&mut self, text: impl Into<String>) -> Result<(), Gone> {
        self.output.send(&Frame::Out(text.into())).await
    }

    /// Prints to stderr.
    pub async fn err(&mut self, text: impl Into<String>) -> Result<(), Gone> {
        self.output.send(&Frame::Err(text.into())).await
    }

    /// Prints a line to stderr and ends with `code`.
    pub async fn fail(&mut self, code: i32, line: impl AsRef<str>) -> Ended {
        self.err(format!("{}\n", line.as_ref())).await?;
        Ok(code)
    }

    /// Writes a file, relative to the command's folder.
    pub async fn file(&mut self, path: &str, text: String) -> Result<(), Gone> {
        self.output.send(&Frame::File { path: path.into(), text }).await
    }

    /// Takes a while, in world time.
    pub async fn pause(&self, world: Millis) {
        self.core.sleep(world).await;
    }

    /// Looks at the world.
    pub fn look<T>(&self, look: impl FnOnce(&State, Millis) -> T) -> T {
        self.core.look(look)
    }

    /// Changes the world.
    ///
    /// # Errors
    /// The world's log cannot be written: the command's words for it, to fail with.
    pub fn change(&self, change: Change) -> Result<(), String> {
        self.core.change(&self.by, change).map(|_| ()).map_err(|e| format!("the sandbox world's log: {e}"))
    }

    /// A form that is in the table, with a value that is not.
    pub async fn not_simulated(&mut self, what: &str) -> Ended {
        let line = format!("{}: {what} is not simulated", self.call.name);
        self.fail(super::NOT_SIMULATED, line).await
    }
}
