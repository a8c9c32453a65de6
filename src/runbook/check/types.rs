//! Every text and expression against the types of what it names.

use std::collections::{BTreeMap, HashSet};

use crate::expr::{Expr, Names, NamesOver, Type, Used};
use crate::runbook::kinds::{CheckLook, FieldType, WaitFor, field_type};
use crate::runbook::model::{Action, Block, Probe, Runbook, TargetGroup, Use, UseOf, Want};
use crate::runbook::read::Unread;
use crate::runbook::{Fault, Sources};
use crate::words::Name;

use super::known::{Known, single, step_fields};
use super::refs::gone_over;
use super::walk::{Place, Visit};

/// When a text is filled in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Time {
    /// At the start: from parameters and target groups alone; those declared before so many count.
    Start(usize, usize),
    /// Any time in the run.
    Run,
}

/// What a part's texts may name.
pub(super) struct Around<'a> {
    pub(super) time: Time,
    /// What `item` is.
    item: Option<Type>,
    /// There is a `for_each` around it.
    repeated: bool,
    /// It could not be read whole, or its probe is not there: its fields are not known.
    unread: bool,
    /// Fields of the own look or command, for `expect`.
    fields: BTreeMap<String, Type>,
    /// A block's parameters.
    pub(super) block: Option<&'a Block>,
    /// The step and its index among all.
    pub(super) visit: Option<(usize, &'a Visit<'a>)>,
}

impl Around<'_> {
    fn at(time: Time) -> Self {
        Self { time, item: None, repeated: false, unread: false, fields: BTreeMap::new(), block: None, visit: None }
    }
}

/// Checks everything that is filled in or decided.
pub fn check<'a>(
    runbook: &'a Runbook,
    unread: &'a Unread,
    known: &'a Known,
    visits: &'a [Visit<'a>],
    sources: &'a Sources,
    faults: &'a mut Vec<Fault>,
) {
    let baseline = visits.iter().filter_map(|v| match &v.step.action {
        Action::Baseline(baseline) => Some(baseline.probes.iter().map(|p| p.name.as_str())),
        _ => None,
    });
    let baseline = baseline.flatten().collect();
    let mut types = Types { runbook, unread, known, sources, faults, baseline };
    types.header();
    types.flight();
    for (index, visit) in visits.iter().enumerate() {
        types.step(index, visit);
    }
}

pub(super) struct Types<'a> {
    pub(super) runbook: &'a Runbook,
    unread: &'a Unread,
    pub(super) known: &'a Known,
    sources: &'a Sources,
    faults: &'a mut Vec<Fault>,
    /// Probes of which a step takes a baseline.
    pub(super) baseline: HashSet<&'a str>,
}

impl<'a> Types<'a> {
    fn header(&mut self) {
        let runbook = self.runbook;
        let all = runbook.parameters.len();
        for (index, parameter) in runbook.parameters.values().enumerate() {
            self.uses(&parameter.uses, &Around::at(Time::Start(index, 0)));
        }
        let start = Around::at(Time::Start(all, 0));
        self.uses(&runbook.uses, &start);
        for (before, group) in runbook.targets.values().enumerate() {
            let time = Time::Start(all, before);
            match group {
                TargetGroup::Fixed { targets, .. } => {
                    for target in targets.values() {
                        let around = Around { item: Some(Type::item::<String>([])), ..Around::at(time) };
                        self.uses(&target.uses, &around);
                    }
                }
                TargetGroup::Each { target, .. } => {
                    let around = Around { item: Some(Type::item::<String>([])), ..Around::at(time) };
                    self.uses(&target.uses, &around);
                }
            }
        }
        let parts = (runbook.guards.iter().map(|g| &g.uses))
            .chain(runbook.contacts.values().map(|c| &c.uses))
            .chain(runbook.channels.values().map(|c| &c.uses))
            .chain(runbook.links.iter().map(|l| &l.uses))
            .chain(runbook.limitations.values().map(|l| &l.uses));
        for uses in parts {
            self.uses(uses, &start);
        }
        for block in runbook.blocks.values() {
            for parameter in block.parameters.values() {
                self.uses(&parameter.uses, &start);
            }
        }
    }

    fn flight(&mut self) {
        let runbook = self.runbook;
        for probe in runbook.probes.values() {
            self.probe(probe);
        }
        let run = Around::at(Time::Run);
        let parts = (runbook.panes.iter().map(|p| &p.uses))
            .chain(runbook.triggers.values().map(|t| &t.uses))
            .chain(runbook.watch.iter().map(|w| &w.uses));
        for uses in parts {
            self.uses(uses, &run);
        }
        for phase in runbook.phases.iter().chain(&runbook.rollback) {
            self.uses(&phase.uses, &run);
            for section in &phase.sections {
                self.uses(&section.uses, &run);
            }
        }
    }

    fn probe(&mut self, probe: &Probe) {
        let item = probe.for_each.as_ref().and_then(|each| self.known.item(self.runbook, each));
        let fields =
            probe.spec.kind.fields(probe.spec.unit).types.into_iter().map(|(n, t)| (n.to_owned(), t)).collect();
        let repeated = probe.for_each.is_some();
        let unread = self.unread.contains(&probe.at);
        self.uses(&probe.uses, &Around { item, repeated, unread, fields, ..Around::at(Time::Run) });
        if let Some(each) = &probe.for_each {
            self.gone_over(each, probe.at, &probe.uses);
        }
    }

    fn step(&mut self, index: usize, visit: &'a Visit<'a>) {
        let item = visit.for_each.and_then(|each| self.known.item(self.runbook, each));
        let asked = visit.step.uses.iter().any(|each| reads_fields(each.want));
        let mut fields = if asked { step_fields(self.runbook, visit) } else { BTreeMap::new() };
        // In its own `expect` a capture is the value just taken, whatever it is elsewhere.
        for capture in visit.step.captures.iter().filter(|c| asked && !c.pin) {
            let of = match self.known.type_of(capture.name.as_str()) {
                Some(Type::Map(of)) if visit.is_repeated() => *of,
                Some(of) => of,
                None => Type::Any,
            };
            fields.entry(capture.name.0.clone()).or_insert(of);
        }
        let block = match visit.place {
            Place::Block(name) => self.runbook.blocks.get(name),
            _ => None,
        };
        let repeated = visit.is_repeated();
        let looked = match &visit.step.action {
            Action::Check(check) => match &check.look {
                CheckLook::Probe(probe) => {
                    self.runbook.probes.get(&probe.name).is_none_or(|p| self.unread.contains(&p.at))
                }
                CheckLook::Own(_) => false,
            },
            _ => false,
        };
        let unread = looked || self.unread.contains(&visit.step.at);
        let around =
            Around { item, repeated, unread, fields, block, visit: Some((index, visit)), ..Around::at(Time::Run) };
        self.uses(&visit.step.uses, &around);
        self.handed(visit, &around);
        if let Some(each) = &visit.step.for_each {
            self.gone_over(each, visit.step.at, &visit.step.uses);
        }
        if let Action::Check(check) = &visit.step.action
            && let (CheckLook::Probe(probe), false) = (&check.look, visit.step.expect.is_empty())
            && let Some(found) = self.runbook.probes.get(&probe.name)
            && found.for_each.is_some()
            && probe.item.is_none()
        {
            let message = format!("`expect` of a check of all of `{}`: the fields are those of one look", probe.name);
            self.faults.push(
                Fault::error(visit.step.at, message).hint(format!("check `{}[item]` under `for_each`", probe.name)),
            );
        }
        if let Action::Wait(wait) = &visit.step.action
            && let WaitFor::Condition(_) = wait.until
            && visit.step.expect.iter().len() > 0
        {
            self.faults.push(
                Fault::error(visit.step.at, "a `wait` has its condition already")
                    .hint("put `expect` into it, with `and`"),
            );
        }
    }

    /// Secrets that are handed to a block's parameter, which must be a secret as well.
    fn handed(&mut self, visit: &Visit<'_>, around: &Around<'_>) {
        let Action::Use(used) = &visit.step.action else { return };
        let Some(block) = self.runbook.blocks.get(&used.block) else { return };
        for (name, text) in &used.with {
            let scope = Scope { known: self.known, around };
            let secret = text.check(&scope).is_ok_and(|types| types.contains(&Type::Secret));
            let wanted = block.parameters.get(name).is_some_and(|p| p.is_secret());
            if secret && !wanted && block.parameters.contains_key(name) {
                let at =
                    visit.step.uses.iter().find(|u| u.key == "with" && matches!(&u.of, UseOf::Text(t) if t == text));
                let message = format!("a secret for `{name}` of the block `{}`, which is no secret", used.block);
                let fault = Fault::error(at.map_or(visit.step.at, |u| u.at), message);
                self.faults.push(fault.hint(format!("declare it: `{name}: {{ type: secret }}`")));
            }
        }
    }

    /// That the items of a `for_each` are known at load.
    fn gone_over(&mut self, each: &Expr, at: crate::runbook::At, uses: &[Use]) {
        if self.known.item(self.runbook, each).is_some() {
            return;
        }
        let at = uses.iter().find(|u| u.key == "for_each").map_or(at, |u| u.at);
        let of = single(each).and_then(|name| self.known.type_of(name));
        let name = gone_over(each);
        let (message, hint) = match of {
            Some(_) if single(each).is_some_and(|n| self.known.captures.contains_key(n)) => (
                format!("`for_each` goes over `{name}`, which is known only later"),
                "go over a target group, or a list parameter",
            ),
            Some(of) => (
                format!("`for_each` goes over {}, `{name}`", of.words()),
                "go over a target group, or a list parameter",
            ),
            None if single(each).is_some() => return,
            None => (
                format!("`for_each` goes over `{name}`, which is known only later"),
                "go over a target group, or a list parameter",
            ),
        };
        self.faults.push(Fault::error(at, message).width(each.source().len()).hint(hint));
    }

    fn uses(&mut self, uses: &[Use], around: &Around<'_>) {
        for each in uses {
            self.one(each, around);
        }
    }

    fn one(&mut self, each: &Use, around: &Around<'_>) {
        let used = match &each.of {
            UseOf::Name(_) => return,
            UseOf::Text(text) if text.as_plain().is_some() => return,
            UseOf::Text(text) => text.used(),
            UseOf::Expr(expr) => expr.used(),
        };
        if around.item.is_none() && self.names_item(each, &used, around) {
            return;
        }
        let scope = Scope { known: self.known, around };
        let own = reads_fields(each.want);
        if around.unread && own {
            return;
        }
        let wide = NamesOver { near: &around.fields, far: &scope };
        let names: &dyn Names = if own { &wide } else { &scope };
        let mut wrong = vec![];
        match &each.of {
            UseOf::Text(text) => match text.check(names) {
                Ok(types) if each.want == Want::Shown && types.contains(&Type::Secret) => {
                    wrong.push(secret(text, &types, each.key))
                }
                Ok(_) => {}
                Err(faults) => wrong.extend(faults),
            },
            UseOf::Expr(expr) => {
                let result = match each.want {
                    Want::Items | Want::Field => expr.check(names).map(|_| ()),
                    _ => expr.check_condition(names),
                };
                wrong.extend(result.err().unwrap_or_default());
            }
            UseOf::Name(_) => {}
        }
        let clean = wrong.is_empty();
        for fault in wrong {
            self.push(each, fault);
        }
        let fields = if own { Some(&around.fields) } else { None };
        for used in &used {
            self.used(each, used, around, fields, clean);
        }
    }

    /// `item` where there is none is told once, and nothing else about the text.
    fn names_item(&mut self, each: &Use, used: &[Used], around: &Around<'_>) -> bool {
        let Some(item) = used.iter().find(|used| used.path.first().is_some_and(|name| name == "item")) else {
            return false;
        };
        // A `for_each` whose items are not known has been told.
        if !around.repeated {
            let wrong = crate::expr::Fault::new(item.span.clone(), "there is no `item` here");
            self.push(each, wrong.hint("`item` stands below a `for_each`"));
        }
        true
    }

    pub(super) fn push(&mut self, each: &Use, fault: crate::expr::Fault) {
        let text = match &each.of {
            UseOf::Text(text) => text.source(),
            UseOf::Expr(expr) => expr.source(),
            UseOf::Name(name) => name,
        };
        let at = self.sources.inside(each.at, text, fault.span.start);
        let width = text.get(fault.span.clone()).map_or(1, |t| t.chars().count());
        let mut found = Fault::error(at, fault.message).width(width);
        found.hint = fault.hint;
        self.faults.push(found);
    }
}

/// Whether an expression may name fields of its own step's look, command or answer.
fn reads_fields(want: Want) -> bool {
    matches!(want, Want::Expect | Want::Field)
}

/// The fault of a secret in a text that is shown.
fn secret(text: &crate::expr::Template, types: &[Type], key: &str) -> crate::expr::Fault {
    let (at, expr) = text
        .expressions()
        .zip(types)
        .find(|(_, of)| **of == Type::Secret)
        .map_or((0, None), |((at, expr), _)| (at, Some(expr)));
    let span = at..at + expr.map_or(0, |e| e.source().len());
    let name = expr.map_or("it", |e| e.source());
    match key {
        "run" => crate::expr::Fault::new(span, format!("the secret `{name}` would stand in the list of processes"))
            .hint(format!(
                "hand it over with `env: {{ NAME: \"${{{{ {name} }}}}\" }}`, or as a file: `${{{{ file({name}) }}}}`"
            )),
        _ => crate::expr::Fault::new(span, format!("the secret `{name}` in a text that is shown"))
            .hint("secrets may stand in the text of a probe, a channel or `env`"),
    }
}

/// Names of a part: what is around it before what the runbook knows.
struct Scope<'a> {
    known: &'a Known,
    around: &'a Around<'a>,
}

impl Names for Scope<'_> {
    fn type_of(&self, name: &str) -> Option<Type> {
        if name == "item" {
            return self.around.item.clone();
        }
        if let Some(parameter) = self.around.block.and_then(|block| block.parameters.get(&Name::from(name))) {
            return Some(match parameter.field.kind {
                FieldType::Secret => Type::Secret,
                _ => field_type(&parameter.field),
            });
        }
        self.known.type_of(name)
    }

    fn known(&self) -> Vec<String> {
        let mut known = self.known.known();
        known.extend(self.around.item.as_ref().map(|_| "item".to_owned()));
        known.extend(self.around.block.iter().flat_map(|block| block.parameters.keys().map(|n| n.0.clone())));
        known
    }
}
