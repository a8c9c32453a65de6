//! The lock at the target: taken before the run's first change, renewed while the host lives, given back at the end.
//!
//! In Kubernetes it is a `coordination.k8s.io/v1` Lease in the pinned namespace. Where a plan pins a Docker Engine it is
//! a labelled volume there, and a second one that is made anew as the sign of life (labels cannot be changed). A
//! PostgreSQL advisory lock was not chosen: it goes with its session, so a killed host gives it up while its command
//! still runs, and a deployment that restarts the database loses it in the middle.
//!
//! It is taken when the flight begins, not at the first command that changes something: what a run pins to go back to
//! must not be another's half-done deployment. It works on a thread of its own and never makes the loop wait.
//!
//! Without the right to take it, or where the target cannot be asked, the run goes on with a caution: who has to repair
//! an outage at night must not be stopped by a lock that only a second person would need.

mod docker;
mod kubernetes;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use tokio::sync::mpsc::UnboundedSender;

pub(super) use worker::News;

use super::confine;
use super::core::Host;
use super::input::Input;
use super::log;
use crate::engine::plan::{Action, Plan, WhereKind};
use crate::engine::{Intent, LeaseAt, LeaseHolder, LeaseNews, LeaseState, State, Want};
use crate::words::Actor;

/// Real time that giving it back may take when the host goes.
const GIVE_BACK: Duration = Duration::from_secs(3);

/// The lock, as the loop has it.
pub(super) struct Lease {
    orders: UnboundedSender<Order>,
    /// Says that it was given back and the thread ends.
    gone: Receiver<()>,
    released: bool,
}

/// What the loop wants of the thread.
enum Order {
    /// Take it over from this run.
    TakeOver { from: String, reason: String },
    /// Give it back, and end.
    Release,
}

/// Who this run is, at the target.
#[derive(Clone, Debug)]
struct Own {
    /// The run's id: what tells one holder from another.
    run: String,
    who: String,
    purpose: String,
    since: String,
}

/// Where the lock is.
#[derive(Clone, Debug)]
struct At {
    kind: LeaseAt,
    name: String,
    context: Option<String>,
    namespace: Option<String>,
    root: std::path::PathBuf,
    env: BTreeMap<String, String>,
}

/// The lock after one look at it.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    /// This run has it. `fresh`: there was none, it was made just now.
    Ours { fresh: bool },
    /// Another run has it. `stamp` changes with each sign of life; it is good for so long.
    Theirs { holder: LeaseHolder, stamp: String, lasts: Duration },
}

/// Why the lock could not be asked for or taken.
#[derive(Clone, Debug, PartialEq)]
enum Trouble {
    /// No rights, no such API: asking again soon changes nothing.
    Lasting(String),
    /// The target does not answer.
    Passing(String),
}

/// How long a lock is good for without a sign of life, real time.
const LASTS: Duration = Duration::from_secs(30);

impl Own {
    fn of(state: &State, run: &str) -> Self {
        let operator = state.opened.as_ref().map(|o| o.operator.clone()).unwrap_or_default();
        let plan = &state.plan;
        let version = plan.change.as_ref().map(|(_, to)| format!(" {to}")).unwrap_or_default();
        Self {
            run: run.to_owned(),
            who: operator,
            purpose: format!("{}{version}", plan.title),
            since: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        }
    }
}

impl At {
    fn of(plan: &Plan, root: &Path, env: &BTreeMap<String, String>) -> Option<Self> {
        let kind = plan.lease_at()?;
        // As for looks: the context is named, so the operator's own kubeconfig will do, which is there to the very end.
        let mut env = env.clone();
        env.extend(confine::engine(plan, &env));
        let text = |kind| plan.place(kind).map(str::to_owned);
        Some(Self {
            kind,
            name: plan.lease_name(),
            context: text(WhereKind::KubeContext),
            namespace: text(WhereKind::Namespace),
            root: root.to_owned(),
            env,
        })
    }
}

impl Host {
    /// What the engine is to hear right after the flight began, before anything can start.
    pub(super) fn lease_asked(plan: &Plan) -> Option<Want> {
        Some(Want::Lease { place: plan.lease_place()?, news: LeaseNews::Asked })
    }

    /// A start that changes the world waits for the answer whose the lock is: it comes in a moment.
    pub(super) fn waits_for_lease(&self, state: &State, intent: &Intent) -> bool {
        let Want::Start { item, .. } = &intent.want else { return false };
        let asked = state.lease.as_ref().is_some_and(|lease| lease.how == LeaseState::Asked);
        let changes =
            |index: usize| matches!(&state.plan.items[index].action, Action::Run(run) if !run.acting.reads_only);
        asked && self.lease.is_some() && state.index(item).is_some_and(changes)
    }

    /// The lock is asked for, and kept, as long as the run flies.
    pub(super) fn keep_lease(&mut self) {
        let flies = self.state.begun.is_some() && self.state.ended.is_none() && !self.terminating;
        if self.lease.is_some() || !flies || self.is_stuck() {
            return;
        }
        let plan = self.state.plan.clone();
        let Some(at) = At::of(&plan, &self.root, &self.env) else { return };
        let Some(place) = plan.lease_place() else { return };
        let (inbox, told) = (self.sender.clone(), place.clone());
        let tell = move |news| {
            // The loop's end is this process's end.
            let _ = inbox.send(Input::Lease { place: told.clone(), news });
        };
        match worker::start(at, Own::of(&self.state, &self.folder.id().0), tell) {
            Ok(lease) => {
                self.lease = Some(lease);
                self.intend(Actor::host(), Want::Lease { place, news: LeaseNews::Asked });
            }
            Err(error) => {
                let news = LeaseNews::Without(format!("no thread can be had: {error}"));
                self.intend(Actor::host(), Want::Lease { place, news });
            }
        }
    }

    /// A person takes it over.
    pub(super) fn take_lease_over(&mut self, from: String, reason: String) {
        if let Some(lease) = &self.lease {
            let _ = lease.orders.send(Order::TakeOver { from, reason });
        }
    }

    /// It is free for the next run from now on; the answer comes as an input.
    pub(super) fn release_lease(&mut self) {
        if let Some(lease) = &mut self.lease
            && !std::mem::replace(&mut lease.released, true)
        {
            let _ = lease.orders.send(Order::Release);
        }
    }

    /// The host goes. A run that is over, or that has changed nothing and runs nothing, gives the lock back; another
    /// one keeps it, and its host's silence says the rest.
    pub(super) fn leave_lease(&mut self) {
        let done = self.state.ended.is_some() || self.state.world_changed.is_none() && self.state.running.is_empty();
        if !done {
            return;
        }
        self.release_lease();
        let Some(lease) = self.lease.take() else { return };
        if lease.gone.recv_timeout(GIVE_BACK).is_err() {
            return log("the lock at the target was not given back in time: it runs out by itself");
        }
        // What it said of it is on its way to a loop that turns no more.
        while let Ok(input) = self.inbox.try_recv() {
            if let Input::Lease { place, news } = input {
                self.lease_news(place, news);
            }
        }
    }

    /// What the thread has learned.
    pub(super) fn lease_news(&mut self, place: String, news: News) {
        match news {
            News::Lock(news) => {
                self.intend(Actor::host(), Want::Lease { place, news });
                // Behind that: what was wanted meanwhile, as if it were wanted now.
                for (intent, asker) in std::mem::take(&mut self.held_starts) {
                    let stamp = self.clock.now();
                    self.queue.push_back((Intent { stamp, ..intent }, asker));
                }
            }
            News::Caution(text) if self.state.ended.is_none() => self.caution(&text),
            News::Caution(text) => log(&text),
        }
    }
}
