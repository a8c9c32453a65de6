//! The fold: one event changes the state. Total, and it evaluates nothing: what was decided is in the event.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Decided, Ended, Event, Recorded, Return, Started, StopWhy};
use super::lease::{LOCK, Lease, LeaseHolder, LeaseState};
use super::state::{Attempt, Caution, Control, GoingBack, ItemState, Note, Paused, Request, RunEnded, Settled, State};
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
            Event::ControlRequested { by, until } => {
                self.control.asked = Some((by.clone(), *until));
                self.control.declined = None;
            }
            Event::ControlDeclined { to } => {
                self.control.asked = None;
                self.control.declined = Some(to.clone());
            }
            Event::RunBegun { .. } => self.begun = Some(stamp),
            Event::RunPaused { reason, at } => self.pause(reason.as_ref(), at.as_ref(), stamp),
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
            Event::LeaseAsked { place } => self.leased(place, LeaseState::Asked, stamp),
            Event::LeaseTaken { place } => self.leased(place, LeaseState::Held, stamp),
            Event::LeaseRefused { place, by } => self.leased(place, LeaseState::Refused(by.clone()), stamp),
            Event::LeaseLost { place, by } => self.leased(place, LeaseState::Lost(by.clone()), stamp),
            Event::LeaseMissing { place, why } => self.leased(place, LeaseState::Without(why.clone()), stamp),
            Event::LeaseReleased { place } => self.leased(place, LeaseState::Released, stamp),
            // The lock itself says whether that went well.
            Event::LeaseTakeOver { .. } => {}
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
            Event::PhaseClosed { phase, .. } => self.phase_closed(*phase, stamp),
            Event::RollbackDecided(decided) => self.go_back(decided, stamp, by),
            Event::ReasonGiven { reason } => {
                if let Some(rollback) = &mut self.rollback {
                    rollback.reason = Some(reason.clone());
                }
            }
            Event::RollbackVerified { took, .. } => {
                if let Some(rollback) = &mut self.rollback {
                    rollback.verified = Some((stamp, *took));
                }
            }
            Event::LookAsked { probes, closing } => {
                for probe in probes {
                    self.probes.entry(probe.clone()).or_default().asked = Some(stamp.up);
                }
                if let Some(phase) = closing {
                    self.closing = Some((*phase, stamp.up));
                }
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
                self.change_item(item, |i| {
                    i.captured.insert(name.clone(), value.clone());
                });
            }
            event => self.apply_to_item(event, stamp, by),
        }
        let moved_on = match (&recorded.event, &self.person_needed) {
            // The box went on since what was waited for is settled.
            (Event::ItemOpened { .. }, Some((Some(item), _))) => {
                self.index(item).is_some_and(|index| self.status(index).is_settled())
            }
            (event, Some(_)) => is_progress(event),
            (_, None) => false,
        };
        if moved_on {
            self.person_needed = None;
        }
    }

    fn apply_to_item(&mut self, event: &Event, stamp: Stamp, by: &Actor) {
        match event {
            Event::ItemOpened { item } => {
                self.current = self.index(item);
                self.change_item(item, |i| {
                    i.opened.get_or_insert(stamp);
                    i.came = Some(stamp);
                });
            }
            Event::ItemSwitched { item, on, why } => self.change_item(item, |i| i.switched = Some((*on, why.clone()))),
            Event::CommandEdited { item, what } => self.decide_item(item, |i| {
                i.edited = Some(what.clone());
                i.request = None;
            }),
            Event::AttemptStarted(started) => self.attempt_started(started, stamp, by),
            Event::StopRequested { item, attempt, stage, why } => self.with_attempt(item, *attempt, |a| {
                a.stopping = Some((*stage, stamp.up));
                a.timed_out |= *why == StopWhy::Timeout;
                a.until_met |= *why == StopWhy::Until;
            }),
            Event::AttemptEnded(ended) => self.attempt_ended(ended, stamp, by),
            Event::AttemptAdopted { item, attempt, .. } => self.with_attempt(item, *attempt, |a| a.adopted = true),
            Event::WentUnrecorded { item, attempt } => self.with_attempt(item, *attempt, |a| a.unrecorded = true),
            Event::TypedInto { item, bytes, .. } => {
                self.change_item(item, |i| i.typed = i.typed.saturating_add(*bytes))
            }
            Event::ItemAnswered(answered) => {
                let decided = answered.settled;
                self.decide_item(&answered.item, |i| {
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
            Event::ItemSkipped { item, reason, .. } => {
                self.settle_item(item, Settled::Skipped(reason.clone()), stamp, by)
            }
            Event::ItemNotApplicable { item, reason } => {
                self.settle_item(item, Settled::NotApplicable(reason.clone()), stamp, by);
            }
            Event::ItemDeferred { item, to, reason, .. } => {
                self.waiting.extend(self.index(item));
                self.settle_item(item, Settled::Deferred(to.clone(), reason.clone()), stamp, by);
                let beyond = (*to != Return::PhaseClose).then(|| to.clone());
                self.change_item(item, |i| i.owed = beyond);
            }
            Event::ItemOverridden { item, reason, second, .. } => {
                self.settle_item(item, Settled::Overridden(reason.clone(), second.clone()), stamp, by);
            }
            Event::UnknownSettled { item, attempt, happened, .. } => {
                self.with_attempt(item, *attempt, |a| a.settled = Some(*happened));
                self.decide_item(item, |i| {
                    i.settled_at = happened.then_some(stamp);
                    i.settled_by = Some(by.clone());
                    if *happened {
                        i.owed = None;
                    }
                });
            }
            Event::ItemReopened { item, .. } => {
                let index = self.index(item);
                // Its phase may be over: then it is owed to the one that is open.
                let owed = index.is_some_and(|i| self.is_closed(self.plan.items[i].phase));
                self.waiting.extend(index.filter(|_| owed));
                self.decide_item(item, |i| {
                    i.reopened = i.reopened.saturating_add(1);
                    i.before = i.attempts.len();
                    i.settled_at = None;
                    i.request = None;
                    i.earlier.extend(i.settled.take());
                    if owed {
                        i.owed.get_or_insert(Return::PhaseClose);
                    }
                });
            }
            Event::ApprovalRequested { item, of, until, text, hash } => {
                self.waiting.extend(self.index(item));
                self.decide_item(item, |i| {
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
                    i.earlier.extend(i.settled.take());
                    i.settled_at = None;
                });
            }
            Event::ApprovalExpired { item } => self.decide_item(item, |i| {
                if let Some(request) = &mut i.request {
                    request.expired = true;
                }
            }),
            _ => {}
        }
    }

    fn attempt_started(&mut self, started: &Started, stamp: Stamp, by: &Actor) {
        self.attempts = self.attempts.max(started.attempt);
        if started.changes && self.world_changed.is_none() {
            self.world_changed = Some(stamp);
        }
        let Some(index) = self.index(&started.item) else { return };
        self.running.push((index, started.attempt));
        let attempt = Attempt {
            number: started.attempt,
            by: by.clone(),
            started: stamp,
            what: Arc::new(started.clone()),
            stopping: None,
            timed_out: false,
            until_met: false,
            adopted: false,
            unrecorded: false,
            ended: None,
            settled: None,
        };
        self.decide_item(&started.item, |i| {
            i.attempts.push(attempt);
            i.earlier.extend(i.settled.take());
            i.settled_at = None;
        });
    }

    fn attempt_ended(&mut self, ended: &Ended, stamp: Stamp, by: &Actor) {
        if let Some(index) = self.index(&ended.item) {
            self.running.retain(|running| *running != (index, ended.attempt));
        }
        self.with_attempt(&ended.item, ended.attempt, |a| a.ended = Some((stamp, Arc::new(ended.clone()))));
        let passed = ended.outcome == Some(Outcome::Passed);
        self.decide_item(&ended.item, |i| {
            i.settled_at = passed.then_some(stamp);
            i.settled_by = passed.then(|| by.clone());
            if passed {
                i.owed = None;
            }
        });
    }

    fn pause(&mut self, reason: Option<&String>, at: Option<&ItemId>, stamp: Stamp) {
        let planned = at.and_then(|id| self.index(id)).is_some_and(|i| self.plan.items[i].pause_after);
        if let (Some(id), true) = (at, planned) {
            self.change_item(id, |i| i.paused_after = true);
        }
        self.paused = Some(Paused { since: stamp, at: at.cloned(), reason: reason.cloned(), planned });
    }

    fn go_back(&mut self, decided: &Decided, stamp: Stamp, by: &Actor) {
        self.rollback = Some(GoingBack {
            stamp,
            by: by.clone(),
            reason: decided.reason.clone(),
            decided: Arc::new(decided.clone()),
            verified: None,
        });
        let phase = self.plan.rollback_phase();
        if let Some(p) = self.phases.get_mut(phase) {
            p.opened = Some(stamp);
        }
        self.phase = Some(phase);
        self.current = None;
        self.closing = None;
    }

    fn phase_closed(&mut self, phase: usize, stamp: Stamp) {
        if let Some(p) = self.phases.get_mut(phase) {
            p.closed = Some(stamp);
        }
        self.current = None;
        self.phase = None;
        self.closing = None;
        // What was owed here was settled here.
        for index in self.waiting.clone() {
            let owed = self.items.get(index).and_then(|i| i.owed.as_ref());
            if matches!(owed, Some(Return::Phase(to)) if *to <= phase)
                && let Some(item) = self.items.get_mut(index)
            {
                Arc::make_mut(item).owed = None;
            }
        }
    }

    /// As long as another run has the lock nothing starts, as with a place that has moved.
    fn leased(&mut self, place: &str, how: LeaseState, stamp: Stamp) {
        let lease = Lease { place: place.to_owned(), since: stamp, how };
        match lease.other().map(LeaseHolder::words) {
            Some(found) => self.moved.insert(LOCK.to_owned(), (String::from("this run"), found)),
            None => self.moved.remove(LOCK),
        };
        self.lease = Some(lease);
    }

    fn take_control(&mut self, epoch: u32, by: &Actor) {
        self.control = Control { epoch, holder: Some(by.clone()), asked: None, declined: None };
    }

    fn verdict(&mut self, probe: &ProbeId, verdict: Verdict, sample: &Sample, stamp: Stamp, asked: bool) {
        let entry = self.probes.entry(probe.clone()).or_default();
        if entry.verdict != verdict || entry.sample.is_none() {
            entry.since = stamp.up;
        }
        entry.verdict = verdict;
        entry.sample = Some(Arc::new(sample.clone()));
        entry.asked = None;
        if asked {
            entry.looked = Some(stamp.up);
        }
    }

    fn settle_item(&mut self, id: &ItemId, settled: Settled, stamp: Stamp, by: &Actor) {
        self.decide_item(id, |i| settle(i, settled, stamp, by));
    }

    fn change_item(&mut self, id: &ItemId, change: impl FnOnce(&mut ItemState)) {
        if let Some(item) = self.index(id).and_then(|index| self.items.get_mut(index)) {
            change(Arc::make_mut(item));
        }
    }

    /// A change that makes older intents stale.
    fn decide_item(&mut self, id: &ItemId, change: impl FnOnce(&mut ItemState)) {
        self.change_item(id, |item| {
            item.changes = item.changes.saturating_add(1);
            change(item);
        });
    }

    fn with_attempt(&mut self, id: &ItemId, number: u32, change: impl FnOnce(&mut Attempt)) {
        self.change_item(id, |item| {
            if let Some(attempt) = item.attempts.iter_mut().find(|a| a.number == number) {
                change(attempt);
            }
        });
    }
}

fn settle(item: &mut ItemState, settled: Settled, stamp: Stamp, by: &Actor) {
    item.earlier.extend(item.settled.replace(settled));
    item.settled_at = Some(stamp);
    item.settled_by = Some(by.clone());
    item.owed = None;
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
            | Event::RunContinued
            | Event::RunBegun { .. }
            | Event::PhaseOpened { .. }
            | Event::PhaseClosed { .. }
            | Event::RunEnded { .. }
            | Event::ControlTaken { .. }
            | Event::TargetRestored { .. }
            | Event::LeaseTaken { .. }
            | Event::RollbackDecided(_)
            | Event::ReasonGiven { .. }
            | Event::RollbackVerified { .. }
    )
}
