//! `runs`: what flies, waits, crashed or ended, of this account and of others on this machine.

mod look;

use std::fmt::Write as _;

use chrono::Utc;
use serde::Serialize;

use super::args::RunsArgs;
use super::{Exit, Stop, person, print};
use crate::journal::{Found, PresenceBoard, RunEntry, Seen as OnBoard, find, list, runs_dir};
use crate::terminal::sanitize_line;
use crate::words::local_and_utc;
pub use look::{Seen, Standing};

/// How many ended runs the table shows.
const ENDED: usize = 20;

/// `flightdeck runs`.
pub fn main(args: &RunsArgs) -> Result<Exit, Stop> {
    let dir = runs_dir(args.runs.as_deref()).map_err(|e| Stop::disk(e.to_string()))?;
    let entries = list(&dir).map_err(|e| Stop::disk(format!("{}: {e}", dir.display())))?;
    let mine: Vec<Seen> = entries.iter().map(Seen::look).collect();
    let others = others();
    let text = if args.json { json(&mine, &others)? } else { table(&mine, &others, &dir.display().to_string()) };
    print(&text)?;
    Ok(Exit::Completed)
}

/// Runs of other accounts that say something on this machine's board.
pub fn others() -> Vec<OnBoard> {
    let me = rustix::process::geteuid().as_raw();
    PresenceBoard::of_machine().others(None).into_iter().filter(|seen| seen.uid != me).collect()
}

/// The run that a word of the command line means.
pub fn find_run(runs: Option<&std::path::Path>, part: Option<&str>) -> Result<RunEntry, Stop> {
    let dir = runs_dir(runs).map_err(|e| Stop::disk(e.to_string()))?;
    let found = find(&dir, part).map_err(|e| Stop::disk(format!("{}: {e}", dir.display())))?;
    match (found, part) {
        (Found::One(entry), _) => Ok(*entry),
        (Found::None, Some(part)) => Err(Stop::usage(format!(
            "no run in {} has `{part}` in its name; `flightdeck runs` lists them",
            dir.display()
        ))),
        (Found::None, None) => {
            Err(Stop::usage(format!("no run in {} is alive; `flightdeck runs` lists all of them", dir.display())))
        }
        (Found::Several(all), part) => {
            let names: Vec<String> = all.iter().take(8).map(|run| format!("  {}", run.id)).collect();
            let more = if all.len() > 8 { format!("\n  and {} more", all.len() - 8) } else { String::new() };
            let part = part.unwrap_or_default();
            Err(Stop::usage(format!(
                "`{part}` is part of {} runs; say more of the name:\n{}{more}",
                all.len(),
                names.join("\n")
            )))
        }
    }
}

#[derive(Serialize)]
struct Other<'a> {
    id: &'a str,
    account: String,
    operator: &'a str,
    title: &'a str,
    target: &'a str,
    world: &'a str,
    standing: &'a str,
    alive: bool,
    opened: chrono::DateTime<Utc>,
    host_pid: u32,
}

fn json(mine: &[Seen], others: &[OnBoard]) -> Result<String, Stop> {
    #[derive(Serialize)]
    struct All<'a> {
        runs: &'a [Seen],
        other_accounts: Vec<Other<'a>>,
    }
    let other_accounts = others
        .iter()
        .map(|seen| Other {
            id: &seen.presence.run.0,
            account: person::account(seen.uid),
            operator: &seen.presence.who,
            title: &seen.presence.runbook,
            target: &seen.presence.target,
            world: &seen.presence.place,
            standing: if seen.alive { &seen.presence.doing } else { "crashed" },
            alive: seen.alive,
            opened: seen.presence.since,
            host_pid: seen.presence.pid,
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&All { runs: mine, other_accounts })
        .map_err(|e| Stop::disk(format!("the runs cannot be written as JSON: {e}")))?;
    text.push('\n');
    Ok(text)
}

fn table(mine: &[Seen], others: &[OnBoard], dir: &str) -> String {
    let mut text = String::new();
    if mine.is_empty() {
        let _ = writeln!(text, "No runs in {dir}. `flightdeck train first-flight` makes a first one.");
    }
    let now = Utc::now();
    let mut ended = 0;
    for run in mine {
        if run.standing.is_over() {
            ended += 1;
            if ended > ENDED {
                continue;
            }
        }
        let _ = writeln!(text, "{:<11}  {}", run.standing.words(), sanitize_line(&run.id));
        let mut about = vec![run.title.as_str(), run.world.as_str(), run.operator.as_str()];
        about.retain(|part| !part.is_empty());
        if !run.target.is_empty() && !run.target.eq_ignore_ascii_case(&run.world) {
            about.insert(1, &run.target);
        }
        let place = run.place_words();
        let age = run.age(now);
        let mut line = about.join(" · ");
        for more in [place, if age.is_empty() { age } else { format!("{age} ago") }] {
            if !more.is_empty() {
                line.push_str(" · ");
                line.push_str(&more);
            }
        }
        let _ = writeln!(text, "             {}", sanitize_line(&line));
        if let Some(why) = &run.why {
            let _ = writeln!(text, "             {}", sanitize_line(why));
        }
    }
    if ended > ENDED {
        let _ = writeln!(text, "and {} more that ended; --json lists all", ended - ENDED);
    }
    for seen in others {
        let run = &seen.presence;
        let standing = if seen.alive { run.doing.as_str() } else { "crashed" };
        let line = format!("{standing:<11}  {} (account {})", run.run, person::account(seen.uid));
        let about = format!("{} · {} · {} · since {}", run.runbook, run.target, run.who, local_and_utc(run.since));
        let _ = writeln!(text, "{}\n             {}", sanitize_line(&line), sanitize_line(&about));
    }
    text
}
