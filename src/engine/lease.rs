//! The lock at the target: one deployment at a time, seen from every machine.

use serde::{Deserialize, Serialize};

use super::plan::{Plan, WhereKind};
use super::state::State;
use crate::runbook::kinds::ProbeKind;
use crate::words::Stamp;

/// How the lock's entry among the places that stand in the way is called ([`State::moved`]).
pub const LOCK: &str = "lock";

/// Another run that holds the lock, as it says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeaseHolder {
    /// Who flies it, `bob@ops2`.
    pub who: String,
    /// The run.
    pub run: String,
    /// What for: runbook and release.
    pub purpose: String,
    /// Since when, as its machine's clock said: `2026-11-24T02:10:00Z`.
    pub since: String,
    /// Its host did not renew it for the whole time that it is good for, watched from here.
    pub dead: bool,
}

impl LeaseHolder {
    /// `bob@ops2 since 02:10 UTC for "Production deployment 1.5.0"`.
    pub fn words(&self) -> String {
        let since = match self.since.get(11..16) {
            Some(minute) => format!(" since {minute} UTC"),
            None => String::new(),
        };
        let purpose = if self.purpose.is_empty() { String::new() } else { format!(" for \"{}\"", self.purpose) };
        format!("{}{since}{purpose}", self.who)
    }
}

/// What the host has learned of the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LeaseNews {
    /// It is being asked for.
    Asked,
    /// This run has it. `fresh`: there was none, it was made just now.
    Ours {
        /// Made just now.
        fresh: bool,
    },
    /// Another run has it.
    Theirs(LeaseHolder),
    /// It cannot be taken or asked for: why.
    Without(String),
    /// It was given back.
    Released,
}

/// How it stands with the lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// What it is, for people: `Lease flightdeck-shop in the namespace shop`.
    pub place: String,
    /// Since when it stands so.
    pub since: Stamp,
    /// How.
    pub how: LeaseState,
}

/// How it stands with the lock.
#[derive(Clone, Debug, PartialEq)]
pub enum LeaseState {
    /// It is being asked for: nothing that changes the world starts before the answer.
    Asked,
    /// This run has it.
    Held,
    /// Another run had it first.
    Refused(LeaseHolder),
    /// Another run took it over.
    Lost(LeaseHolder),
    /// The run goes on without: why.
    Without(String),
    /// It was given back.
    Released,
}

impl Lease {
    /// The other run that has it.
    pub fn other(&self) -> Option<&LeaseHolder> {
        match &self.how {
            LeaseState::Refused(holder) | LeaseState::Lost(holder) => Some(holder),
            _ => None,
        }
    }

    /// How it stands, in words for screens and records.
    pub fn words(&self) -> String {
        match &self.how {
            LeaseState::Asked => format!("the lock is asked for ({})", self.place),
            LeaseState::Held => format!("the lock is this run's ({})", self.place),
            LeaseState::Refused(holder) => format!("the lock is held by {} ({})", holder.words(), self.place),
            LeaseState::Lost(holder) => format!("the lock was taken over by {} ({})", holder.words(), self.place),
            LeaseState::Without(why) => format!("no lock at the target: {why}"),
            LeaseState::Released => format!("the lock was given back ({})", self.place),
        }
    }
}

/// What a plan's lock is a lock on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseAt {
    /// A namespace of the pinned context's cluster.
    Kubernetes,
    /// The engine that is pinned or looked at.
    Docker,
}

impl Plan {
    /// Where this plan's lock is taken; none where nothing of what it names can hold one.
    pub fn lease_at(&self) -> Option<LeaseAt> {
        // Compose runbooks look at their engine without pinning it.
        let engine = || {
            self.place(WhereKind::DockerHost).is_some()
                || self.probes.iter().any(|probe| matches!(probe.kind, ProbeKind::Docker(_)))
        };
        match self.place(WhereKind::KubeContext) {
            Some(_) => Some(LeaseAt::Kubernetes),
            None => engine().then_some(LeaseAt::Docker),
        }
    }

    /// The lock's name at the target, one a system: `flightdeck-shop`; a DNS label.
    pub fn lease_name(&self) -> String {
        let system = self.system.as_deref().unwrap_or(&self.title).to_lowercase();
        let mut name = String::from("flightdeck");
        for word in system.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            name.push('-');
            name.push_str(word);
        }
        name.truncate(60);
        name.trim_end_matches('-').to_owned()
    }

    /// The lock in words.
    pub fn lease_place(&self) -> Option<String> {
        let name = self.lease_name();
        Some(match self.lease_at()? {
            LeaseAt::Kubernetes => match self.place(WhereKind::Namespace) {
                Some(namespace) => format!("Lease {name} in the namespace {namespace}"),
                None => format!("Lease {name}"),
            },
            LeaseAt::Docker => format!("Docker volume {name}"),
        })
    }
}

impl State {
    /// A place that stands in the way, in words: what is found, what has to be, what to do. `take` is how a dead run's
    /// lock is taken over here.
    pub fn in_the_way(&self, kind: &str, pinned: &str, found: &str, take: &str) -> String {
        let Some((lease, other)) = self.lease.as_ref().filter(|_| kind == LOCK).and_then(|l| Some((l, l.other()?)))
        else {
            return format!("{kind} is {found}, not {pinned}: nothing starts; switch back, then check again");
        };
        let what = lease.words();
        if other.dead {
            format!("{what}: nothing starts; its host renews it no more, but a command of it may still run: {take}")
        } else {
            format!("{what}: nothing starts; its host lives (run {}): ask them to end it", other.run)
        }
    }
}
