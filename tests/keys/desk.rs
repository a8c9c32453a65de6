//! Small runbooks at a terminal: helpers of the behaviour tests.

use std::time::Duration;

use crate::pty::{Home, Start, Terminal};

pub const WIDE: (u16, u16) = (120, 36);
pub const SMALL: (u16, u16) = (80, 24);

/// A runbook of one script, and a box after it so that the run stays.
pub fn one_script(script: &str) -> String {
    let indented: String = script.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "flightdeck: 1\ntitle: One step\nsteps:\n  - title: The step\n    reads_only: true\n    timeout: 5m\n    script: |\n{indented}  - The last box\n"
    )
}

/// Starts a run of this text and begins the flight.
pub fn begin(home: &Home, size: (u16, u16), book: &str) -> Terminal {
    begin_with(home, size, book, &[])
}

/// The same with more variables.
pub fn begin_with(home: &Home, (cols, rows): (u16, u16), book: &str, env: &[(&str, &str)]) -> Terminal {
    home.write("book.yaml", book);
    let args = ["run", "book.yaml"];
    let terminal =
        Terminal::start(home, &Start { program: env!("CARGO_BIN_EXE_flightdeck"), args: &args, env, cols, rows });
    press(&terminal, "⏎ show the plan");
    press(&terminal, "⏎ start");
    terminal
}

/// Begins, and starts the first step.
pub fn started(home: &Home, size: (u16, u16), script: &str) -> Terminal {
    let terminal = begin(home, size, &one_script(script));
    press(&terminal, "⏎ run");
    terminal.wait_until("the command runs", |shot| shot.bottom().contains("running"));
    terminal
}

/// Waits until the bottom row says `words`, and presses Enter; again, when the bottom row says that it came too early.
pub fn press(terminal: &Terminal, words: &str) {
    for _ in 0..10 {
        terminal.wait_bottom(words);
        terminal.send("\r");
        let early = terminal.wait_within(Duration::from_secs(1), "what the key did", |shot| {
            let early = shot.bottom().contains("press again") || shot.bottom().contains("Enter is held");
            (early || !shot.bottom().contains(words)).then_some(early)
        });
        if !early.unwrap_or(false) {
            return;
        }
    }
}

/// Goes into the mode in which every key goes to the command.
pub fn type_into(terminal: &Terminal) {
    terminal.wait_bottom("t type");
    terminal.send("t");
    terminal.wait_until("TERMINAL at the left of the bottom row", |shot| shot.bottom().starts_with(" TERMINAL"));
}

/// How the newest attempt of the run ended.
pub fn outcome(home: &Home) -> String {
    home.wait_event("the end of the attempt", |kind, body| {
        (kind == "attempt_ended").then(|| body["outcome"].as_str().unwrap_or_default().to_owned())
    })
}

/// What the command wrote, as it is kept.
pub fn written(home: &Home, attempt: u32) -> String {
    let path = home.run().join("terminals").join(format!("{attempt}.out"));
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// How many events of a kind there are.
pub fn count(home: &Home, kind: &str) -> usize {
    home.events().iter().filter(|(it, _)| it == kind).count()
}
