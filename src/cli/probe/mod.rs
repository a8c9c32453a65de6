//! `probe`: looks at http(s) addresses again and again, with the sampler of runs. Leaves nothing.

mod lines;
mod page;
mod table;
mod targets;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use super::args::ProbeArgs;
use super::{Exit, Stop, run};
use crate::expr::{Expr, Template};
use crate::probes::{Answer, Given, LookSpec, Sampler, WantedProbe};
use crate::runbook::kinds::{Http, ProbeKind};
use crate::tui::start::Left;
use crate::words::{ProbeId, Unit};
use table::Table;

/// The table, filled by the sampler's threads and read by the view.
type Shared = Arc<Mutex<Table>>;

/// `flightdeck probe`.
pub fn main(args: &ProbeArgs) -> Result<Exit, Stop> {
    let urls = targets::gather(&args.urls, &args.files)?;
    if let Some(ca) = &args.ca
        && let Err(error) = std::fs::File::open(ca)
    {
        return Err(Stop::usage(format!("--ca {}: {error}", ca.display())));
    }
    let screens = !args.plain && !args.json && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    allow_sockets();
    let begun = Instant::now();
    let table: Shared = Arc::new(Mutex::new(Table::new(&urls, (!screens).then_some(args.json))));
    let sampler = start(args, &urls, begun, Arc::clone(&table))?;
    let exit = if screens {
        let mut session = run::session()?;
        let mut page = page::Live::new(table, args, begun);
        match session.show(&mut page).map_err(|e| Stop::usage(e.to_string()))? {
            Left::Answered(exit) => exit,
            Left::Interrupted => Exit::Interrupted,
        }
    } else {
        lines::follow(&table, args, begun)?
    };
    sampler.stop();
    Ok(exit)
}

/// A socket a look: as many as this machine lets a process have.
fn allow_sockets() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Else looks wait for one another, and say so by being late.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

fn start(args: &ProbeArgs, urls: &[String], begun: Instant, table: Shared) -> Result<Sampler, Stop> {
    let clock = Arc::new(move || u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
    let on_answer = Arc::new(move |answer: Answer| locked(&table).take(answer.sample));
    let sampler = Sampler::start(1.0, clock, on_answer).map_err(|e| Stop::usage(e.to_string()))?;
    sampler.reconcile(wanted(args, urls)?);
    Ok(sampler)
}

fn wanted(args: &ProbeArgs, urls: &[String]) -> Result<Vec<WantedProbe>, Stop> {
    let root = std::env::current_dir().map_err(|e| Stop::usage(format!("the current folder: {e}")))?;
    let text = |path: &Path| Template::plain(path.display().to_string());
    let expect = Expr::parse("status == 200").map_err(|e| Stop::usage(e.to_string()))?;
    let probe = |(index, url): (usize, &String)| WantedProbe {
        id: id(index),
        every: Some(args.every),
        spec: Arc::new(LookSpec {
            kind: ProbeKind::Http(Http {
                url: Template::plain(url.clone()),
                ca: args.ca.as_deref().map(text),
                keep_alive: args.keep_alive,
                ..Http::default()
            }),
            expect: vec![expect.clone()],
            given: Given::new(),
            unit: Some(Unit::Ms),
            timeout: args.timeout,
            root: root.clone(),
            env: Default::default(),
        }),
    };
    Ok(urls.iter().enumerate().map(probe).collect())
}

/// The probe of an address: its place in the list.
fn id(index: usize) -> ProbeId {
    ProbeId(index.to_string())
}

fn locked(table: &Mutex<Table>) -> std::sync::MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How it ends when its time is over.
fn verdict(table: &Table) -> Exit {
    if table.all_good() { Exit::Completed } else { Exit::Failed }
}

/// Whether the time that it was given is over.
fn is_over(args: &ProbeArgs, begun: Instant) -> bool {
    args.over.is_some_and(|over| begun.elapsed() >= over)
}

/// What is left of it.
fn left(args: &ProbeArgs, begun: Instant) -> Option<Duration> {
    args.over.map(|over| over.saturating_sub(begun.elapsed()))
}
