//! The fold: one event changes the state. Total, and it evaluates nothing: what was decided is in the event.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Ended, Event, Recorded, StopWhy};
use super::state::{
    Attempt, Caution, ItemState, Note, Paused, ProbeState, Request, RunEnded, Settled, State,
};
use crate::words::{Actor, ItemId, Name, Outcome, ProbeId, Sample, Stamp, Value, Verdict};

impl State {
    /// Folds one event.
    pub fn apply(&mut self, recorded: &Recorded) {
        self.seq = recorded.seq;
        self.now = Some(recorded.stamp);
        let (stamp, by) = (recorded.stamp, &recorded.by);
        match &recorded.event {
            Event::RunOpened(opened) => {
                self.opened = Some(Arc::new((**opened).clone()));
                self.opened_at = Some(stamp);
            }
            Event::PlanFixed { sha256, .. } => self.plan_sha256 = Some(sha256.clone()),
            Event::TargetPinned { kind, is } => {
                self.pinned.insert(kind.clone(), is.clone());
            }
            Event::LimitationAccepted { name, reason, .. } => {
                self.accepted.insert(name.clone(), reason.clone());
            }
            Event::HostStarted { epoch, pid, boot, .. } => {
                self.host.epoch = *epoch;
                self.host.pid = *pid;
                self.host.boot.clone_from(boot);
                self.host.left = None;
            }
            Event::ControlTaken { epoch, by, .. } => self.take_control(*epoch, by),
            Event::ControlHandedOver { epoch, to } => self.take_control(*epoch, to),
            Event::ControlRequested { by, until } => self.control.asked = Some((by.clone(), *until)),
            Event::RunBegun { .. } => self.begun = Some(stamp),
            Event::RunPaused { reason, at } => {
                self.paused = Some(Paused { since: stamp, at: at.clone(), reason: reason.clone() });
            }
            Event::RunContinued => self.paused = None,
            Event::PersonNeeded { item, why } => self.person_needed = Some((item.clone(), why.clone())),
            Event::HostLeft { why } => self.host.left = Some(why.clone()),
            Event::CautionRaised { text, item } => {
                self.cautions.push(Caution { stamp, text: text.clone(), item: item.clone() });
            }
            Event::TargetChanged { kind, pinned, found } => {
                self.moved.insert(kind.clone(), (pinned.clone(), found.clone()));
            }
            Event::TargetRestored { kind } => {
                self.moved.remove(kind);
            }
            Event::NoticeSent { to, ok, answer } => self.notices.push((stamp, to.clone(), *ok, answer.clone())),
            Event::StorageFailed { why } => self.storage_failed = Some((stamp, why.clone())),
            Event::StorageRecovered { .. } => self.storage_failed = None,
            Event::RunEnded { how, failed, deferred, reason } => {
                self.ended = Some(RunEnded {
                    stamp,
                    how: *how,
                    failed: *failed,
                    deferred: *deferred,
                    reason: reason.clone(),
                    by: by.clone(),
                });
            }
            Event::PhaseOpened { phase } => {
                if let Some(p) = self.phases.get_mut(*phase) {
                    p.opened = Some(stamp);
                }
                self.phase = Some(*phase);
            }
            Event::PhaseClosed { phase, .. } => {
                if let Some(p) = self.phases.get_mut(*phase) {
                    p.closed = Some(stamp);
                }
                self.current = None;
                self.phase = None;
            }
            Event::ParameterSet { .. }
            | Event::ClockStepped { .. }
            | Event::TailRepaired { .. }
            | Event::LateResultIgnored { .. } => {}
            Event::SamplesSealed { file, .. } => {
                self.sealed.insert(file.clone());
            }
            Event::NoteAdded { text, about, item } => self.notes.push(Note {
                stamp,
                by: by.clone(),
                text: text.clone(),
                about: about.clone(),
                item: item.clone(),
            }),
            Event::VerdictChanged { probe, verdict, sample } => self.verdict(probe, *verdict, sample, stamp, false),
            Event::Looked { probe, verdict, sample } => self.verdict(probe, *verdict, sample, stamp, true),
            Event::BaselineTaken { figures, .. } => self.baselines.extend(figures.iter().map(|(k, v)| (k.clone(), *v))),
            Event::ValueCaptured { item, name, key, pin, value } => {
                let map = if *pin { &mut self.pins } else { &mut self.captures };
                keep(map, name, key.as_ref(), value);
                self.with_item(item, |i| {
                    i.captured.insert(name.clone(), value.clone());
                });
            }
            event => self.apply_to_item(event, stamp, by),
        }
        if self.person_needed.is_some() && is_progress(&recorded.event) {
            self.person_needed = None;
        }
    }

    fn apply_to_item(&mut self, event: &Event, stamp: Stamp, by: &Actor) {
        match event {
            Event::ItemOpened { item } => {
                self.current = self.index(item);
                self.with_item(item, |i| {
                    i.opened.get_or_insert(stamp);
                });
            }
            Event::ItemSwitched { item, on, why } => self.with_item(item, |i| i.switched = Some((*on, why.clone()))),
            Event::CommandEdited { item, what } => self.with_item(item, |i| {
                i.edited = Some(what.clone());
                i.request = None;
            }),
            Event::AttemptStarted(started) => {
                self.attempts = self.attempts.max(started.attempt);
                if started.changes && self.world_changed.is_none() {
                    self.world_changed = Some(stamp);
                }
                if let Some(index) = self.index(&started.item) {
                    self.running.push((index, started.attempt));
                }
                let attempt = Attempt {
                    number: started.attempt,
                    by: by.clone(),
                    started: stamp,
                    what: Arc::new((**started).clone()),
                    stopping: None,
                    timed_out: false,
                    until_met: false,
                    adopted: false,
                    ended: None,
                    settled: None,
                };
                self.with_item(&started.item, |i| {
                    i.attempts.push(attempt);
                    i.settled = None;
                    i.settled_at = None;
                });
            }
            Event::StopRequested { item, attempt, stage, why } => self.with_attempt(item, *attempt, |a| {
                a.stopping = Some((*stage, stamp.up));
                a.timed_out |= *why == StopWhy::Timeout;
                a.until_met |= *why == StopWhy::Until;
            }),
            Event::AttemptEnded(ended) => self.attempt_ended(ended, stamp, by),
            Event::AttemptAdopted { item, attempt, .. } => self.with_attempt(item, *attempt, |a| a.adopted = true),
            Event::TypedInto { item, bytes, .. } => self.with_item(item, |i| i.typed += bytes),
            Event::ItemAnswered(answered) => {
                let decided = answered.settled;
                self.with_item(&answered.item, |i| {
                    i.fast |= answered.fast;
                    if let (Some(request), Some(who)) = (&mut i.request, &answered.by) {
                        if answered.yes {
                            request.yes.push(who.clone());
                        } else {
                            request.no = Some((who.clone(), answered.says.clone()));
                        }
                    }
                    if decided {
                        settle(i, Settled::Answered((**answered).clone()), stamp, by);
                    }
                });
            }
            Event::ItemSkipped { item, reason, .. } => self.settle_item(item, Settled::Skipped(reason.clone()), stamp, by),
            Event::ItemNotApplicable { item, reason } => {
                self.settle_item(item, Settled::NotApplicable(reason.clone()), stamp, by);
            }
            Event::ItemDeferred { item, to, reason, .. } => {
                self.settle_item(item, Settled::Deferred(to.clone(), reason.clone()), stamp, by);
            }
            Event::ItemOverridden { item, reason, second, .. } => {
                self.settle_item(item, Settled::Overridden(reason.clone(), second.clone()), stamp, by);
            }
            Event::UnknownSettled { item, attempt, happened, .. } => {
                self.with_attempt(item, *attempt, |a| a.settled = Some(*happened));
                self.with_item(item, |i| {
                    i.settled_at = happened.then_some(stamp);
                    i.settled_by = Some(by.clone());
                });
            }
            Event::ItemReopened { item, .. } => self.with_item(item, |i| {
                i.reopened += 1;
                i.settled_at = None;
                i.request = None;
                if let Some(settled) = i.settled.take() {
                    i.earlier.push(settled);
                }
            }),
            Event::ApprovalRequested { item, of, until, text, hash } => self.with_item(item, |i| {
                i.request = Some(Request {
                    stamp,
                    of: of.clone(),
                    until: *until,
                    text: text.clone(),
                    hash: hash.clone(),
                    yes: vec![],
                    no: None,
                    expired: false,
                });
            }),
            Event::ApprovalExpired { item } => self.with_item(item, |i| {
                if let Some(request) = &mut i.request {
                    request.expired = true;
                }
            }),
            _ => {}
        }
    }

    fn attempt_ended(&mut self, ended: &Ended, stamp: Stamp, by: &Actor) {
        if let Some(index) = self.index(&ended.item) {
            self.running.retain(|running| *running != (index, ended.attempt));
        }
        self.with_attempt(&ended.item, ended.attempt, |a| a.ended = Some((stamp, Arc::new(ended.clone()))));
        let passed = ended.outcome == Some(Outcome::Passed);
        self.with_item(&ended.item, |i| {
            i.settled_at = passed.then_some(stamp);
            i.settled_by = passed.then(|| by.clone());
        });
    }

    fn take_control(&mut self, epoch: u32, by: &Actor) {
        self.control.epoch = epoch;
        self.control.holder = Some(by.clone());
        self.control.asked = None;
    }

    fn verdict(&mut self, probe: &ProbeId, verdict: Verdict, sample: &Sample, stamp: Stamp, asked: bool) {
        let entry = self.probes.entry(probe.clone()).or_insert_with(ProbeState::default);
        if entry.verdict != verdict || entry.sample.is_none() {
            entry.since = stamp.up;
        }
        entry.verdict = verdict;
        entry.sample = Some(Arc::new(sample.clone()));
        if asked {
            entry.looked = Some(stamp.up);
        }
    }

    fn settle_item(&mut self, id: &ItemId, settled: Settled, stamp: Stamp, by: &Actor) {
        self.with_item(id, |i| settle(i, settled, stamp, by));
    }

    fn with_item(&mut self, id: &ItemId, change: impl FnOnce(&mut ItemState)) {
        if let Some(item) = self.index(id).and_then(|index| self.items.get_mut(index)) {
            change(Arc::make_mut(item));
        }
    }

    fn with_attempt(&mut self, id: &ItemId, number: u32, change: impl FnOnce(&mut Attempt)) {
        self.with_item(id, |item| {
            if let Some(attempt) = item.attempts.iter_mut().find(|a| a.number == number) {
                change(attempt);
            }
        });
    }
}

fn settle(item: &mut ItemState, settled: Settled, stamp: Stamp, by: &Actor) {
    if let Some(old) = item.settled.replace(settled) {
        item.earlier.push(old);
    }
    item.settled_at = Some(stamp);
    item.settled_by = Some(by.clone());
}

/// Keeps a captured value: under `for_each` the name is a map by key.
fn keep(map: &mut BTreeMap<Name, Value>, name: &Name, key: Option<&String>, value: &Value) {
    match key {
        None => {
            map.insert(name.clone(), value.clone());
        }
        Some(key) => match map.entry(name.clone()).or_insert_with(|| Value::Map(BTreeMap::new())) {
            Value::Map(inner) => {
                inner.insert(key.clone(), value.clone());
            }
            other => *other = Value::Map(BTreeMap::from([(key.clone(), value.clone())])),
        },
    }
}

/// Whether an event shows that somebody or something went on: the run is no longer parked.
fn is_progress(event: &Event) -> bool {
    matches!(
        event,
        Event::AttemptStarted(_)
            | Event::ItemAnswered(_)
            | Event::ItemSkipped { .. }
            | Event::ItemNotApplicable { .. }
            | Event::ItemDeferred { .. }
            | Event::ItemOverridden { .. }
            | Event::UnknownSettled { .. }
            | Event::RunBegun { .. }
            | Event::PhaseClosed { .. }
            | Event::RunEnded { .. }
            | Event::ControlTaken { .. }
            | Event::TargetRestored { .. }
    )
}
