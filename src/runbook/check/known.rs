//! What names mean over the whole runbook, with their types.

use std::collections::{BTreeMap, HashMap};

use super::walk::{Place, Visit};
use crate::expr::{Expr, Names, Type};
use crate::runbook::kinds::{
    Capture, CaptureOf, CaptureType, CheckLook, FieldType, answer_type, command_fields, field_type,
};
use crate::runbook::model::{Action, Runbook, Target, TargetGroup};
use crate::runbook::{At, Fault};
use crate::words::Name;

/// Words that no author can give another meaning.
pub const RESERVED: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "is",
    "true",
    "false",
    "now",
    "item",
    "pins",
    "steps",
    "run",
    "runbook",
    "objectives",
    "rollback",
    "answer",
    "avg",
    "min",
    "max",
    "increase",
    "delta",
    "growth",
    "quantile",
    "success_rate",
    "uptime",
    "baseline",
    "count",
    "json",
    "file",
    "version",
];

/// A capture and the step that makes it.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where its name stands.
    pub at: At,
    /// Index of the step among all visits.
    pub visit: usize,
    /// It is made in the rollback.
    pub in_rollback: bool,
    /// The block whose step makes it.
    pub block: Option<Name>,
}

/// All names of a runbook.
#[derive(Debug, Default)]
pub struct Known {
    types: HashMap<String, Type>,
    /// Captures that are no pins, by name.
    pub captures: HashMap<String, Made>,
    /// Pins by name.
    pub pins: HashMap<String, Made>,
    /// Index of the first step that uses a block.
    pub first_use: HashMap<Name, usize>,
}

impl Names for Known {
    fn type_of(&self, name: &str) -> Option<Type> {
        self.types.get(name).cloned()
    }

    fn known(&self) -> Vec<String> {
        self.types.keys().cloned().collect()
    }
}

impl Known {
    /// Finds all names; two things of one name are faults.
    pub fn of(runbook: &Runbook, visits: &[Visit<'_>], faults: &mut Vec<Fault>) -> Self {
        let mut known = Self::default();
        let mut taken: HashMap<String, (&'static str, At)> = HashMap::new();
        let mut take = |name: &str, word: &'static str, at: At, faults: &mut Vec<Fault>| {
            if RESERVED.contains(&name) {
                let message = format!("`{name}` is a word of expressions and cannot name a {word}");
                faults.push(Fault::error(at, message).width(name.len()).hint("choose another name"));
            } else if let Some((other, first)) = taken.get(name) {
                let message =
                    format!("`{name}` names a {other} in line {} already; a {word} needs another name", first.line);
                faults.push(Fault::error(at, message).width(name.len()));
            } else {
                taken.insert(name.to_owned(), (word, at));
            }
        };
        for (name, parameter) in &runbook.parameters {
            take(name.as_str(), "parameter", parameter.at, faults);
            known.types.insert(name.0.clone(), field_type(&parameter.field));
        }
        for (name, group) in &runbook.targets {
            take(name.as_str(), "target group", group.at(), faults);
            let of = known.group_type(group);
            known.types.insert(name.0.clone(), of);
        }
        for (name, probe) in &runbook.probes {
            take(name.as_str(), "probe", probe.at, faults);
            let unit = probe.spec.unit.unwrap_or_else(|| probe.spec.kind.unit());
            let of = match &probe.for_each {
                None => Type::Probe(unit),
                Some(each) => Type::ProbeGroup { unit, keys: known.keys(runbook, each) },
            };
            known.types.insert(name.0.clone(), of);
        }
        known.captures(runbook, visits, &mut take, faults);
        known.run_words(visits);
        known
    }

    fn captures(
        &mut self,
        runbook: &Runbook,
        visits: &[Visit<'_>],
        take: &mut impl FnMut(&str, &'static str, At, &mut Vec<Fault>),
        faults: &mut Vec<Fault>,
    ) {
        let mut pins = BTreeMap::new();
        for (index, visit) in visits.iter().enumerate() {
            for (capture, at) in visit.step.captures.iter().zip(&visit.step.captures_at) {
                let of = capture_type(capture, visit, runbook);
                let of = if visit.is_repeated() { Type::map(of) } else { of };
                let block = match visit.place {
                    Place::Block(name) => Some(name.clone()),
                    _ => None,
                };
                let in_rollback = visit.place == Place::Rollback || visit.undoes.is_some();
                let made = Made { at: *at, visit: index, in_rollback, block };
                if capture.pin {
                    if let Some(first) = self.pins.get(capture.name.as_str()) {
                        let message = format!(
                            "the pin `{}` is made in line {} already, and is written once",
                            capture.name, first.at.line
                        );
                        faults.push(Fault::error(*at, message).width(capture.name.0.len()));
                        continue;
                    }
                    pins.insert(capture.name.0.clone(), of);
                    self.pins.insert(capture.name.0.clone(), made);
                } else {
                    take(capture.name.as_str(), "capture", *at, faults);
                    self.types.insert(capture.name.0.clone(), of);
                    self.captures.insert(capture.name.0.clone(), made);
                }
            }
        }
        self.types.insert("pins".into(), Type::record(pins));
    }

    fn run_words(&mut self, visits: &[Visit<'_>]) {
        let text = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), Type::Text)).collect::<Vec<_>>();
        let mut run = text(&["id", "dir", "operator"]);
        run.extend([("started".to_owned(), Type::Time), ("elapsed".to_owned(), Type::Duration)]);
        self.types.insert("run".into(), Type::record(run));
        self.types.insert("runbook".into(), Type::record(text(&["title", "system", "version"])));
        self.types.insert("objectives".into(), Type::record([("rto", Type::Duration), ("rpo", Type::Duration)]));
        self.types.insert(
            "rollback".into(),
            Type::record([("reason", Type::Text), ("started", Type::Time), ("ended", Type::Time)]),
        );
        let mut blocks: HashMap<&Name, Vec<&Visit<'_>>> = HashMap::new();
        for (index, visit) in visits.iter().enumerate() {
            match (visit.place, &visit.step.action) {
                (Place::Block(name), _) if visit.undoes.is_none() => blocks.entry(name).or_default().push(visit),
                (Place::Phase | Place::Rollback, Action::Use(used)) => {
                    self.first_use.entry(used.block.clone()).or_insert(index);
                }
                _ => {}
            }
        }
        let mut steps = BTreeMap::new();
        // One for all: a record is shared when it is cloned.
        let state = Type::record(state_fields());
        for visit in visits.iter().filter(|v| !matches!(v.place, Place::Block(_))) {
            let of = match &visit.step.action {
                Action::Use(block) => {
                    let inside = blocks.get(&block.block).map(Vec::as_slice).unwrap_or_default();
                    let inside = inside.iter().map(|v| (v.step.id.clone(), repeated(v, state.clone())));
                    Type::record(state_fields().into_iter().chain(inside))
                }
                _ => state.clone(),
            };
            steps.insert(visit.step.id.clone(), repeated(visit, of));
        }
        self.types.insert("steps".into(), Type::record(steps));
    }

    /// The type of a target group.
    fn group_type(&self, group: &TargetGroup) -> Type {
        match group {
            TargetGroup::Fixed { targets, .. } => Type::record(
                targets.iter().map(|(key, target)| (key.clone(), Type::record(self.target_fields(target)))),
            ),
            TargetGroup::Each { target, .. } => Type::map(Type::record(self.target_fields(target))),
        }
    }

    /// A target's fields; one that holds a secret is one.
    fn target_fields(&self, target: &Target) -> Vec<(String, Type)> {
        let secret = |text: &crate::expr::Template| {
            text.used().iter().any(|used| {
                used.call != Some("file")
                    && used.path.first().is_some_and(|name| self.types.get(name.as_str()) == Some(&Type::Secret))
            })
        };
        let of = |text| if secret(text) { Type::Secret } else { Type::Text };
        target.fields.iter().map(|(name, text)| (name.0.clone(), of(text))).collect()
    }

    /// Whether a target group has a field that holds a secret.
    pub fn group_has_secret(&self, name: &str) -> bool {
        let secret =
            |of: &Type| matches!(of, Type::Record(fields) if fields.values().any(|field| *field == Type::Secret));
        match self.types.get(name) {
            Some(Type::Record(targets)) => targets.values().any(secret),
            Some(Type::Map(target)) => secret(target),
            _ => false,
        }
    }

    /// The keys that a `for_each` goes over, when they are known at load.
    pub fn keys(&self, runbook: &Runbook, each: &Expr) -> Vec<String> {
        let Some(name) = single(each) else { return vec![] };
        match (runbook.targets.get(&Name::from(name)), runbook.parameters.get(&Name::from(name)).map(|p| &p.field.kind))
        {
            (Some(TargetGroup::Fixed { targets, .. }), _) => targets.keys().cloned().collect(),
            (_, Some(FieldType::SomeOf(choices))) => choices.clone(),
            _ => vec![],
        }
    }

    /// What `item` is under a `for_each`; none when its items are known only in the run, or nothing is gone over.
    pub fn item(&self, runbook: &Runbook, each: &Expr) -> Option<Type> {
        let name = single(each)?;
        if let Some(group) = runbook.targets.get(&Name::from(name)) {
            return Some(match group {
                TargetGroup::Fixed { targets, .. } => Type::item(self.common_fields(targets.values())),
                TargetGroup::Each { target, .. } => Type::item(self.target_fields(target)),
            });
        }
        match runbook.parameters.get(&Name::from(name)).map(|p| &p.field.kind) {
            Some(FieldType::List | FieldType::SomeOf(_)) => Some(Type::item::<String>([])),
            _ => None,
        }
    }

    /// Fields that all targets of a group have.
    fn common_fields<'t>(&self, targets: impl Iterator<Item = &'t Target>) -> Vec<(String, Type)> {
        let mut common: Option<BTreeMap<String, Type>> = None;
        for target in targets {
            let fields: BTreeMap<String, Type> = self.target_fields(target).into_iter().collect();
            common = Some(match common {
                None => fields,
                Some(before) => before.into_iter().filter(|(name, _)| fields.contains_key(name)).collect(),
            });
        }
        common.unwrap_or_default().into_iter().collect()
    }
}

fn repeated(visit: &Visit<'_>, of: Type) -> Type {
    if visit.is_repeated() { Type::map(of) } else { of }
}

fn state_fields() -> Vec<(String, Type)> {
    let outcome = Type::choice(["passed", "failed", "timed_out", "cancelled", "unknown", "not_started", "skipped"]);
    vec![("outcome".to_owned(), outcome), ("started".to_owned(), Type::Time), ("ended".to_owned(), Type::Time)]
}

/// The fields of a step's own look, command or answer.
pub fn step_fields(runbook: &Runbook, visit: &Visit<'_>) -> BTreeMap<String, Type> {
    let own = |fields: Vec<(&'static str, Type)>| fields.into_iter().map(|(n, t)| (n.to_owned(), t)).collect();
    match &visit.step.action {
        Action::Run(_) | Action::Script(_) => own(command_fields().types),
        Action::Check(check) => {
            let spec = match &check.look {
                CheckLook::Own(spec) => Some(spec.as_ref()),
                CheckLook::Probe(probe) => runbook.probes.get(&probe.name).map(|p| &p.spec),
            };
            own(spec.map(|spec| spec.kind.fields(spec.unit).types).unwrap_or_default())
        }
        Action::Confirm(confirm) => {
            answer_type(&confirm.answer).map(|of| ("answer".to_owned(), of)).into_iter().collect()
        }
        Action::Record(record) => {
            record.fields.iter().map(|(name, field)| (name.0.clone(), field_type(field))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The type of a captured value.
fn capture_type(capture: &Capture, visit: &Visit<'_>, runbook: &Runbook) -> Type {
    match capture.kind {
        CaptureType::Plain if capture.pattern.is_some() => Type::Text,
        CaptureType::Plain if capture.at.is_some() => Type::Any,
        CaptureType::Plain => match &capture.of {
            CaptureOf::Text(_) | CaptureOf::Output => Type::Text,
            CaptureOf::Field(expr) => field_of(expr, visit, runbook),
        },
        CaptureType::Text => Type::Text,
        CaptureType::Number => Type::Number,
        CaptureType::Percent => Type::Ratio,
        CaptureType::Duration => Type::Duration,
        CaptureType::Size => Type::Size,
        CaptureType::Time => Type::Time,
        CaptureType::Bool => Type::Bool,
        CaptureType::List => Type::list(Type::Text),
        CaptureType::Json => Type::Any,
        CaptureType::Version => Type::Version,
        CaptureType::GoTest => Type::record([
            ("tests", Type::Number),
            ("passed", Type::Number),
            ("failed", Type::Number),
            ("skipped", Type::Number),
        ]),
    }
}

/// The type of a plain field; what is calculated is known in the run.
fn field_of(expr: &Expr, visit: &Visit<'_>, runbook: &Runbook) -> Type {
    let field = single(expr).and_then(|name| step_fields(runbook, visit).remove(name));
    field.unwrap_or(Type::Any)
}

/// The name, when an expression is nothing but one.
pub fn single(expr: &Expr) -> Option<&str> {
    match expr.as_path()?.as_slice() {
        [name] => Some(name),
        _ => None,
    }
}
