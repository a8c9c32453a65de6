//! flightdeck: a terminal program that flies an operator through a production deployment.
//!
//! The house in words: `main` parses the command line and hands over to `cli`. A run is an append-only
//! journal of events; `engine` decides what happens next and folds events into state, purely; `host` is the
//! process that owns a run (the only writer of its journal) and reconciles the world to what the engine wants;
//! `keeper` owns the PTYs and outlives the host; `link` is what host and clients say to each other; `tui` and
//! `plain` are clients; `record` turns the journal into documents; `sandbox` is a simulated world for training.
//!
//! ```text
//! words     ids, stamps, values, outcomes: types without rules
//! secrets   the one redactor                    expr      typed expressions and `${{ }}`
//! runbook   the format: model, kinds, load, lint, schema
//! engine    pure: plan, state, intent, event, decide, apply, wanted, autopilot
//! monitor   pure: rings, series, baselines, debounce
//! terminal  output file -> emulator -> rows     keeper    the process that owns PTYs
//! probes    looking                             actions   notices, traces
//! journal   append, read, chain, spool, store   record    Markdown, JSON
//! link      messages between host and clients   host      the run's process
//! tui  plain  sandbox  cli
//! ```
//!
//! Which room may import which is held by `tests/architecture.rs`.
//!
//! Where building showed that the first picture was wrong:
//!
//! - A client gets all events from a number on and folds them itself; there is no message with a folded state. A client
//!   that fell behind gets what it missed from the journal's file.
//! - One batch of intents is decided over a clone of the state whose items are shared until they are touched.
//! - A `for_each` is always known when the plan is compiled (else the runbook does not load), so no event expands items.
//! - A failed *write* heals the same journal file, by cutting it back to what is proven; only a failed *sync* goes on in
//!   the second file.
//! - Flapping ends after five minutes of calm; a relapse at once pays double, so that twelve changes an hour hold.
//! - What was deferred to a phase's close comes back by itself when nothing else is left.
//! - A client that nobody sits at tells the journal itself that a person is needed. A parked run's host leaves before the
//!   first change of the world; `attach` starts it again.
//! - An edited command opens the approval above it again: no event of its own.
//! - Output leaves the last 2 MiB of a disk to the journal, so that what the operator says of a held command can be
//!   written down. What runs can be stopped also when that cannot be.
//! - How a command ended is the last line of `N.started`; there is no `N.exit`. A file and a rename less a step, and a line
//!   that is torn says no more than a file that is not there.
//! - Commands get a kubeconfig of the run's own (`private/`, gone when the run ends) with the pinned context alone, made
//!   anew from the operator's at each start, since tokens are renewed there. Looks that are commands are
//!   bound likewise; looks through an API name their context themselves.
//! - The rollback's steps are started by the autopilot's rule, whether or not the run has an autopilot, until the system is
//!   verified healthy: so each start goes the ordinary way, places looked at, secrets there, its digest shown. An answers
//!   file may decide to go back (`rollback: REASON`), never over what nobody knows the end of.
//! - `rollback_decided` leaves the open phase open: nothing of the way there is asked for any more, and what still runs is
//!   stopped before the first undo. Only an attempt that certainly never started was not begun.
//! - A run holds a lock at the target (`host::lease`): taken at the flight's begin, so that what is pinned is nobody's
//!   half-done deployment. Another's lock stands in the way like a place that has moved.
//! - The sampler has two threads with a runtime each, and a probe stays on one: with one runtime on two threads, looks woke
//!   each other's thread, a fifth of what an HTTP look costs.
//! - `probes` and `host` import `expr`: expectations and templates are judged and filled where the samples and secrets are.

pub mod actions;
pub mod cli;
pub mod engine;
pub mod expr;
pub mod host;
pub mod journal;
pub mod keeper;
pub mod link;
pub mod monitor;
pub mod plain;
pub mod probes;
pub mod record;
pub mod runbook;
pub mod sandbox;
pub mod secrets;
pub mod terminal;
pub mod tui;
pub mod words;
