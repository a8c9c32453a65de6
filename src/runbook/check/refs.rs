//! Whether everything that is referred to is there.

use std::collections::HashMap;

use crate::expr::nearest;
use crate::runbook::keys::Space;
use crate::runbook::kinds::{CheckLook, ItemRef, ProbeKind, ProbeRef, WaitFor};
use crate::runbook::model::{Action, Due, Runbook, TargetGroup, Then, UndoSteps, Use, UseOf};
use crate::runbook::read::Unread;
use crate::runbook::{At, Fault};
use crate::words::Name;

use super::known::{Known, single};
use super::walk::{Place, Visit};

/// Where a part stands, and where its names do.
#[derive(Clone, Copy)]
struct Spot<'a> {
    at: At,
    uses: &'a [Use],
}

impl Spot<'_> {
    /// Where a name stands under a key; where the part stands when it is not known.
    fn of(&self, key: &str, name: &str) -> At {
        let found =
            self.uses.iter().find(|each| each.key == key && matches!(&each.of, UseOf::Name(text) if text == name));
        found.or_else(|| self.uses.iter().find(|each| each.key == key)).map_or(self.at, |each| each.at)
    }
}

/// Looks up every name that is no expression.
pub fn check(runbook: &Runbook, unread: &Unread, known: &Known, visits: &[Visit<'_>], faults: &mut Vec<Fault>) {
    let mut refs = Refs { runbook, unread, known, faults };
    refs.header();
    for visit in visits {
        refs.step(visit);
    }
    refs.undos(visits);
    super::loops::check(runbook, faults);
}

struct Refs<'a> {
    runbook: &'a Runbook,
    unread: &'a Unread,
    known: &'a Known,
    faults: &'a mut Vec<Fault>,
}

impl Refs<'_> {
    fn say(&mut self, at: At, message: String, hint: String) {
        self.faults.push(Fault::error(at, message).hint(hint));
    }

    fn has(&self, space: Space, name: &Name) -> bool {
        match space {
            Space::Parameter => self.runbook.parameters.contains_key(name),
            Space::Probe => self.runbook.probes.contains_key(name),
            Space::Contact => self.runbook.contacts.contains_key(name),
            Space::Channel => self.runbook.channels.contains_key(name),
            Space::Block => self.runbook.blocks.contains_key(name),
            Space::Trigger => self.runbook.triggers.contains_key(name),
        }
    }

    fn all(&self, space: Space) -> Vec<&str> {
        match space {
            Space::Parameter => self.runbook.parameters.keys().map(Name::as_str).collect(),
            Space::Probe => self.runbook.probes.keys().map(Name::as_str).collect(),
            Space::Contact => self.runbook.contacts.keys().map(Name::as_str).collect(),
            Space::Channel => self.runbook.channels.keys().map(Name::as_str).collect(),
            Space::Block => self.runbook.blocks.keys().map(Name::as_str).collect(),
            Space::Trigger => self.runbook.triggers.keys().map(Name::as_str).collect(),
        }
    }

    fn name(&mut self, space: Space, name: &Name, place: Spot<'_>, key: &str) {
        if self.has(space, name) {
            return;
        }
        let at = place.of(key, name.as_str());
        let hint = match nearest(name.as_str(), self.all(space)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{}s are made under `{}`", space.word(), space.section()),
        };
        let fault = Fault::error(at, format!("`{key}`: there is no {} `{name}`", space.word())).hint(hint);
        self.faults.push(fault.width(name.0.len()));
    }

    fn probe(&mut self, probe: &ProbeRef, place: Spot<'_>, key: &str, item: bool) {
        let at = place.of(key, &probe.to_string());
        self.name(Space::Probe, &probe.name, Spot { at, uses: &[] }, key);
        let Some(found) = self.runbook.probes.get(&probe.name) else { return };
        let name = &probe.name;
        match (&probe.item, &found.for_each) {
            (None, _) => {}
            (Some(_), None) => {
                self.say(at, format!("`{probe}`: `{name}` is one probe, without items"), format!("write `{name}`"))
            }
            (Some(ItemRef::Item), Some(_)) if !item => {
                self.say(at, format!("`{probe}`: there is no `item` here"), "`item` stands below a `for_each`".into());
            }
            (Some(ItemRef::Key(key)), Some(each)) => {
                let keys = self.known.keys(self.runbook, each);
                if !keys.is_empty() && !keys.contains(key) {
                    let hint = match nearest(key, keys.iter().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("its items are {}", keys.join(", ")),
                    };
                    self.say(at, format!("`{probe}`: `{name}` has no item `{key}`"), hint);
                }
            }
            (Some(ItemRef::Item), Some(_)) => {}
        }
    }

    fn header(&mut self) {
        let runbook = self.runbook;
        if let Some(owner) = &runbook.defaults.owner {
            self.name(Space::Contact, owner, Spot { at: At::default(), uses: &runbook.uses }, "owner");
        }
        for (_, group) in &runbook.targets {
            if let TargetGroup::Each { at, parameter, target } = group {
                self.name(Space::Parameter, parameter, Spot { at: *at, uses: &target.uses }, "each");
                let list = runbook.parameters.get(parameter).map(|p| &p.field.kind);
                if list.is_some_and(|kind| {
                    !matches!(
                        kind,
                        crate::runbook::kinds::FieldType::List | crate::runbook::kinds::FieldType::SomeOf(_)
                    )
                }) {
                    self.say(
                        *at,
                        format!("`each`: the parameter `{parameter}` is no list"),
                        "give it `type: list` or `some_of`".into(),
                    );
                }
            }
        }
        for (name, probe) in &runbook.probes {
            if let ProbeKind::AllOf(members) | ProbeKind::AnyOf(members) = &probe.spec.kind {
                for member in members {
                    self.name(Space::Probe, member, Spot { at: probe.at, uses: &probe.uses }, probe.spec.kind.key());
                }
                if members.is_empty() && !self.unread.contains(&probe.at) {
                    self.say(probe.at, format!("the group `{name}` is empty"), String::new());
                }
            }
        }
        for pane in &runbook.panes {
            for probe in &pane.probes {
                self.probe(probe, Spot { at: pane.at, uses: &pane.uses }, "probes", false);
            }
        }
        for (name, trigger) in &runbook.triggers {
            let place = Spot { at: trigger.at, uses: &trigger.uses };
            for channel in &trigger.to {
                self.name(Space::Channel, channel, place, "to");
            }
            if let Some(unless) = &trigger.unless {
                self.name(Space::Trigger, unless, place, "unless");
                if unless == name {
                    self.say(trigger.at, format!("the trigger `{name}` inhibits itself"), String::new());
                }
            }
            if let Then::Block(block) = &trigger.then {
                self.name(Space::Block, block, place, "then");
            }
        }
        for phase in runbook.phases.iter().chain(&runbook.rollback) {
            let sections = phase.sections.iter().map(|s| (&s.defaults.owner, s.at, &s.uses));
            for (owner, at, uses) in std::iter::once((&phase.defaults.owner, phase.at, &phase.uses)).chain(sections) {
                if let Some(owner) = owner {
                    self.name(Space::Contact, owner, Spot { at, uses }, "owner");
                }
            }
        }
    }

    fn step(&mut self, visit: &Visit<'_>) {
        let step = visit.step;
        let place = Spot { at: step.at, uses: &step.uses };
        if let Some(owner) = &step.defaults.owner {
            self.name(Space::Contact, owner, place, "owner");
        }
        if let Some(settle) = step.action.acting().and_then(|a| a.settle.as_ref()) {
            self.probe(settle, place, "settle", visit.is_repeated());
        }
        if let Some(Due::Phase(phase)) = &step.due
            && !self.runbook.phases.iter().any(|p| p.title.is_some() && p.id == *phase)
        {
            let ids: Vec<&str> =
                self.runbook.phases.iter().map(|p| p.id.as_str()).filter(|id| *id != "steps").collect();
            let hint = match nearest(phase, ids.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if ids.is_empty() => "write `watch_end`, or a duration such as `48h`".into(),
                None => format!("a phase ({}), `watch_end`, or a duration", ids.join(", ")),
            };
            self.say(place.of("due", phase), format!("`due`: there is no phase `{phase}`"), hint);
        }
        if matches!(step.due, Some(Due::WatchEnd)) && self.runbook.watch.is_none() {
            self.say(
                place.of("due", "watch_end"),
                "`due: watch_end`: the runbook has no `watch`".into(),
                String::new(),
            );
        }
        match &step.action {
            Action::Check(check) => match &check.look {
                CheckLook::Probe(probe) => self.probe(probe, place, "check", visit.is_repeated()),
                CheckLook::Own(spec) => {
                    if let ProbeKind::AllOf(members) | ProbeKind::AnyOf(members) = &spec.kind {
                        members.iter().for_each(|member| self.name(Space::Probe, member, place, spec.kind.key()));
                    }
                }
            },
            Action::Wait(wait) => {
                if let WaitFor::Probe(probe) = &wait.until {
                    self.probe(probe, place, "wait", visit.is_repeated());
                }
            }
            Action::Notify(notify) => {
                notify.to.iter().for_each(|channel| self.name(Space::Channel, channel, place, "to"));
            }
            Action::Approve(approve) => approve.by.iter().for_each(|by| self.name(Space::Contact, by, place, "by")),
            Action::Baseline(baseline) => {
                baseline.probes.iter().for_each(|probe| self.probe(probe, place, "probes", visit.is_repeated()));
            }
            Action::Use(used) => {
                self.name(Space::Block, &used.block, place, "use");
                self.with(visit, used);
            }
            _ => {}
        }
    }

    fn with(&mut self, visit: &Visit<'_>, used: &crate::runbook::model::UseBlock) {
        let Some(block) = self.runbook.blocks.get(&used.block) else { return };
        let at = visit.step.uses.iter().find(|u| u.key == "with").map_or(visit.step.at, |u| u.at);
        for name in used.with.keys().filter(|name| !block.parameters.contains_key(*name)) {
            let hint = match nearest(name.as_str(), block.parameters.keys().map(Name::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if block.parameters.is_empty() => "it takes none".into(),
                None => {
                    format!("it takes {}", block.parameters.keys().map(Name::as_str).collect::<Vec<_>>().join(", "))
                }
            };
            self.say(at, format!("the block `{}` has no parameter `{name}`", used.block), hint);
        }
        for (name, parameter) in &block.parameters {
            if !used.with.contains_key(name) && parameter.field.default.is_none() && !parameter.field.optional {
                let message = format!("the block `{}` needs a value for `{name}`", used.block);
                self.say(visit.step.at, message, format!("write `with: {{ {name}: … }}`"));
            }
        }
    }

    /// Undos: each is placed once, and only in the rollback.
    fn undos(&mut self, visits: &[Visit<'_>]) {
        let mut placed: HashMap<&str, At> = HashMap::new();
        let mut all: Option<At> = None;
        let undoable: Vec<&Visit<'_>> = visits.iter().filter(|v| !v.step.undo.is_empty()).collect();
        for visit in visits {
            let Action::UndoSteps(undo) = &visit.step.action else { continue };
            if visit.place != Place::Rollback {
                self.say(visit.step.at, "`undo_steps` stands only in `rollback`".into(), String::new());
                continue;
            }
            match undo {
                UndoSteps::All => {
                    if all.replace(visit.step.at).is_some() {
                        self.say(visit.step.at, "all undos are placed already".into(), String::new());
                    }
                }
                UndoSteps::Ids(ids) => {
                    for id in ids {
                        let found = undoable.iter().find(|v| v.step.id == *id);
                        match found {
                            Some(found) => {
                                placed.insert(&found.step.id, visit.step.at);
                            }
                            None => {
                                let near = nearest(id, undoable.iter().map(|v| v.step.id.as_str()));
                                let hint = near.map(|n| format!("did you mean `{n}`?")).unwrap_or_default();
                                let place = Spot { at: visit.step.at, uses: &visit.step.uses };
                                self.say(
                                    place.of("undo_steps", id),
                                    format!("`undo_steps`: no step `{id}` has an `undo`"),
                                    hint,
                                );
                            }
                        }
                    }
                }
            }
        }
        for visit in undoable {
            if all.is_none() && !placed.contains_key(visit.step.id.as_str()) {
                let message = format!("nobody places the undo of `{}`", visit.step.id);
                let hint = "a step of `rollback` says where undos stand: `undo_steps: all`".to_owned();
                self.say(visit.step.undo.first().map_or(visit.step.at, |u| u.at), message, hint);
            }
        }
    }
}

/// The name that a `for_each` goes over, for messages.
pub fn gone_over(expr: &crate::expr::Expr) -> String {
    single(expr).map_or_else(|| expr.source().to_owned(), str::to_owned)
}
