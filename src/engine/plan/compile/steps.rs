//! Phases, sections, groups and steps become items in the order in which they are flown; undos stand in the rollback.

use std::collections::BTreeMap;

use super::super::{Capture, Due, Group, Item, Phase, Section, When};
use super::{CompileError, Compiler};
use crate::expr::Expr;
use crate::runbook::kinds::Defaults;
use crate::runbook::model::{self, Step, UndoSteps};
use crate::words::{ItemId, Value};

/// What a step has from where it stands.
#[derive(Clone, Default)]
pub(super) struct Place<'a> {
    pub phase: usize,
    pub section: Option<usize>,
    pub group: Option<usize>,
    pub each: Option<(String, String)>,
    /// Keys of the `for_each` around the nearest one.
    pub outer: Vec<String>,
    pub locals: BTreeMap<String, Value>,
    /// `USER.` of a used block.
    pub prefix: String,
    pub when: Vec<&'a Expr>,
    pub defaults: Defaults,
    pub undoes: Option<usize>,
}

/// An undo and the place of the step that it undoes.
struct Undo<'a> {
    steps: &'a [Step],
    place: Place<'a>,
    undoes: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn phases(&mut self) -> Result<(), CompileError> {
        let runbook = self.runbook;
        let mut undos = vec![];
        for (index, phase) in runbook.phases.iter().enumerate() {
            let made = self.phase(phase);
            self.plan.phases.push(made);
            self.sections(phase, index, &mut undos)?;
        }
        if let Some(rollback) = &runbook.rollback {
            self.plan.rollback = Some(self.phase(rollback));
            let number = self.plan.phases.len();
            self.sections(rollback, number, &mut undos)?;
        }
        Ok(())
    }

    fn phase(&mut self, phase: &model::Phase) -> Phase {
        let none = BTreeMap::new();
        let here = self.here(None, &none);
        let title = phase.title.as_ref().map(|t| here.text(t)).unwrap_or_default();
        let source = here.sources(&phase.source);
        let sections: Vec<Section> = phase
            .sections
            .iter()
            .map(|s| Section {
                title: s.title.as_ref().map(|t| here.text(t)).unwrap_or_default(),
                source: here.sources(&s.source),
            })
            .collect();
        self.carry(&source, "phase", &title);
        for section in &sections {
            self.carry(&section.source.clone(), "section", &section.title);
        }
        Phase { closes_itself: phase.title.is_none(), needs_pins: phase.needs_pins, title, sections, source }
    }

    fn sections(
        &mut self,
        phase: &'a model::Phase,
        number: usize,
        undos: &mut Vec<Undo<'a>>,
    ) -> Result<(), CompileError> {
        for (index, section) in phase.sections.iter().enumerate() {
            let mut defaults = merge(&self.runbook.defaults, &phase.defaults);
            defaults = merge(&defaults, &section.defaults);
            let place = Place {
                phase: number,
                section: Some(index),
                when: phase.when.iter().chain(&section.when).collect(),
                defaults,
                ..Place::default()
            };
            self.steps(&section.steps, &place, undos)?;
        }
        Ok(())
    }

    fn steps(&mut self, steps: &'a [Step], place: &Place<'a>, undos: &mut Vec<Undo<'a>>) -> Result<(), CompileError> {
        for step in steps {
            match &step.for_each {
                None => self.step(step, place.clone(), undos)?,
                Some(over) => {
                    let members = self.members(over)?;
                    let pause = match &step.action {
                        model::Action::Group { pause_after, .. } => *pause_after,
                        _ => None,
                    };
                    let (first, count) = (self.plan.items.len(), members.len());
                    for (number, each) in members.into_iter().enumerate() {
                        let mut place = place.clone();
                        if let Some((_, key)) = place.each.replace(each) {
                            place.outer.push(key);
                        }
                        self.step(step, place, undos)?;
                        if pause == Some(number as u32 + 1) && number + 1 < count {
                            self.pause_here(first);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The run pauses once after the last item that applies, from `first` on.
    fn pause_here(&mut self, first: usize) {
        let last = self.plan.items.iter_mut().skip(first).rev().find(|item| item.off().is_none());
        if let Some(item) = last {
            item.pause_after = true;
        }
    }

    fn step(&mut self, step: &'a Step, mut place: Place<'a>, undos: &mut Vec<Undo<'a>>) -> Result<(), CompileError> {
        place.when.extend(&step.when);
        let defaults = merge(&place.defaults, &step.defaults);
        match &step.action {
            model::Action::Group { steps, .. } => {
                place.group = Some(self.group(step, &place));
                place.defaults = defaults;
                self.steps(steps, &place, undos)
            }
            model::Action::Use(used) => {
                place.group = Some(self.group(step, &place));
                place.defaults = defaults;
                let block = self
                    .runbook
                    .blocks
                    .get(&used.block)
                    .ok_or_else(|| CompileError(format!("there is no block `{}`", used.block)))?;
                let mut locals = BTreeMap::new();
                for (name, parameter) in &block.parameters {
                    let given = used.with.get(name).or(parameter.field.default.as_ref());
                    let Some(template) = given else { continue };
                    let here = self.here(place.each.as_ref(), &place.locals);
                    let wrong = |why: String| CompileError(format!("step {}, with `{name}`: {why}", step.id));
                    let text = template.fill(&here).map_err(|missing| wrong(missing.to_string()))?;
                    let value = crate::runbook::parameters::read(&parameter.field, &text).map_err(wrong)?;
                    locals.insert(name.0.clone(), value);
                }
                let sources = self.here(place.each.as_ref(), &place.locals).sources(&block.source);
                self.carry(&sources, "block", used.block.as_str());
                place.locals.extend(locals);
                place.prefix = format!("{}{}.", place.prefix, step.id);
                self.steps(&block.steps, &place, undos)
            }
            model::Action::UndoSteps(which) => self.place_undos(which, &place, undos),
            _ => {
                let around = std::mem::replace(&mut place.defaults, defaults);
                let item = self.item(step, &place)?;
                let index = self.plan.items.len();
                for source in &item.source.clone() {
                    self.carry(std::slice::from_ref(source), "item", item.id.as_str());
                }
                self.plan.items.push(item);
                if !step.undo.is_empty() {
                    let mut place = place;
                    place.when.clear();
                    // A limit of the command is no limit of its undo.
                    place.defaults.timeout = around.timeout;
                    undos.push(Undo { steps: &step.undo, place, undoes: index });
                }
                Ok(())
            }
        }
    }

    /// The undos of steps, newest first; each knows the item that it undoes.
    fn place_undos(
        &mut self,
        which: &UndoSteps,
        place: &Place<'a>,
        undos: &mut Vec<Undo<'a>>,
    ) -> Result<(), CompileError> {
        let (placed, kept): (Vec<Undo<'a>>, Vec<Undo<'a>>) =
            std::mem::take(undos).into_iter().partition(|undo| match which {
                UndoSteps::All => true,
                UndoSteps::Ids(ids) => {
                    // An item of a used block is `USER.step`, of a `for_each` `step[key]`; a step is named alone.
                    let id = self.plan.items[undo.undoes].id.as_str();
                    let step = id.split('[').next().and_then(|id| id.rsplit('.').next());
                    ids.iter().any(|wanted| id == wanted || step == Some(wanted))
                }
            });
        *undos = kept;
        for undo in placed.into_iter().rev() {
            let first = self.plan.items.len();
            let mut at = undo.place.clone();
            (at.phase, at.section, at.group) = (place.phase, place.section, place.group);
            at.when.clone_from(&place.when);
            at.undoes = Some(undo.undoes);
            let mut nested = vec![];
            self.steps(undo.steps, &at, &mut nested)?;
            let last = self.plan.items.len();
            self.plan.items[undo.undoes].undo.extend(first..last);
        }
        Ok(())
    }

    fn group(&mut self, step: &Step, place: &Place<'_>) -> usize {
        let here = self.here(place.each.as_ref(), &place.locals);
        let group = Group {
            id: id_of(step, place),
            title: here.text(&step.title),
            parent: place.group,
            source: here.sources(&step.source),
        };
        self.carry(&group.source.clone(), "group", group.id.as_str());
        self.plan.groups.push(group);
        self.plan.groups.len() - 1
    }

    fn item(&mut self, step: &'a Step, place: &Place<'a>) -> Result<Item, CompileError> {
        let id = id_of(step, place);
        let action = self.action(step, place, &id)?;
        let here = self.here(place.each.as_ref(), &place.locals);
        let when = place
            .when
            .iter()
            .map(|expr| When { expr: (*expr).clone(), settled: here.settles(expr).then(|| here.holds(expr)) })
            .collect();
        let mut source = here.sources(&step.source);
        for more in super::actions::sources(step) {
            source.extend(here.sources(more));
        }
        let text = |t: &Option<crate::expr::Template>| t.as_ref().map(|t| here.text(t));
        let key = place.each.as_ref().map(|(_, key)| key.clone());
        let due = step.due.as_ref().map(|due| match due {
            model::Due::Phase(id) => {
                Due::Phase(self.runbook.phases.iter().position(|p| p.id == *id).unwrap_or(self.runbook.phases.len()))
            }
            model::Due::WatchEnd => Due::WatchEnd,
            model::Due::Within(seconds) => Due::After(*seconds),
        });
        Ok(Item {
            id,
            phase: place.phase,
            section: place.section,
            group: place.group,
            title: step.title.clone(),
            source,
            why: text(&step.why),
            help: text(&step.help),
            owner: place.defaults.owner.clone(),
            when,
            each: place.each.clone(),
            locals: place.locals.clone(),
            expect: super::actions::expectations(step),
            timeout: place.defaults.timeout,
            usually: step.usually,
            due,
            required: step.required,
            stops_clock: step.stops_clock,
            captures: step.captures.iter().map(|spec| Capture { spec: spec.clone(), key: key.clone() }).collect(),
            undo: vec![],
            undoes: place.undoes,
            pause_after: false,
            action,
        })
    }
}

/// `USER.step[key]`.
fn id_of(step: &Step, place: &Place<'_>) -> ItemId {
    let mut id = format!("{}{}", place.prefix, step.id);
    for key in place.outer.iter().chain(place.each.as_ref().map(|(_, key)| key)) {
        id.push_str(&format!("[{key}]"));
    }
    ItemId(id)
}

/// The nearer one wins; `env` is merged.
pub(super) fn merge(far: &Defaults, near: &Defaults) -> Defaults {
    let mut env = far.env.clone();
    env.extend(near.env.clone());
    Defaults {
        timeout: near.timeout.or(far.timeout),
        cwd: near.cwd.clone().or(far.cwd.clone()),
        env,
        shell: near.shell.or(far.shell),
        owner: near.owner.clone().or(far.owner.clone()),
    }
}
