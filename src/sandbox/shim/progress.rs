//! docker compose's progress: lines, or on a terminal a block that is drawn again.

use super::command::Command;
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::socket::Gone;

/// What compose is doing to one thing.
struct Row {
    what: String,
    status: String,
    begun: Millis,
    ended: Option<Millis>,
}

/// The progress of a command.
pub struct Progress {
    title: &'static str,
    rows: Vec<Row>,
    drawn: usize,
}

impl Progress {
    /// An empty progress; `title` stands over the block (`Running`, `Building`).
    pub fn new(title: &'static str) -> Self {
        Self { title, rows: vec![], drawn: 0 }
    }

    /// Something is being done to `what`.
    pub async fn begin(&mut self, command: &mut Command<'_>, what: &str, status: &str) -> Result<(), Gone> {
        self.note(command, what, status, false).await
    }

    /// Something has been done to `what`.
    pub async fn end(&mut self, command: &mut Command<'_>, what: &str, status: &str) -> Result<(), Gone> {
        self.note(command, what, status, true).await
    }

    async fn note(&mut self, command: &mut Command<'_>, what: &str, status: &str, done: bool) -> Result<(), Gone> {
        let now = command.core.now();
        let row = match self.rows.iter().position(|row| row.what == what) {
            Some(at) => &mut self.rows[at],
            None => {
                let row = Row { what: what.to_owned(), status: String::new(), begun: now, ended: None };
                self.rows.push(row);
                let last = self.rows.len() - 1;
                &mut self.rows[last]
            }
        };
        if !done && row.ended.is_some() {
            row.begun = now;
        }
        row.status = status.to_owned();
        row.ended = done.then_some(now);
        if !command.call.terminal || command.call.env.contains_key("NO_COLOR") {
            return command.err(format!(" {what}  {status}\n")).await;
        }
        let block = self.block(now);
        let up = if self.drawn > 0 { format!("\x1b[{}A", self.drawn) } else { String::new() };
        self.drawn = self.rows.len() + 1;
        command.err(format!("{up}{block}")).await
    }

    fn block(&self, now: Millis) -> String {
        let done = self.rows.iter().filter(|row| row.ended.is_some()).count();
        let width = self.rows.iter().map(|row| row.what.len()).max().unwrap_or_default();
        let mut block = format!("\x1b[2K[+] {} {done}/{}\n", self.title, self.rows.len());
        for row in &self.rows {
            let seconds = (row.ended.unwrap_or(now) - row.begun) as f64 / 1000.0;
            let (mark, colour) = if row.ended.is_some() { ("✔", 32) } else { ("⠿", 33) };
            let line = format!(
                "\x1b[2K \x1b[{colour}m{mark}\x1b[0m {:width$}  \x1b[{colour}m{:<10}\x1b[0m {seconds:>6.1}s\n",
                row.what, row.status
            );
            block.push_str(&line);
        }
        block
    }
}
