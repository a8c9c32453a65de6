//! Actions, and the probes that checks bring.

use super::super::{
    Acting, Action, AnswerKind, Approve, Baseline, Check, Confirm, Danger, Field, Notify, Probe, Program, Record,
    Retry, Run, Wait, WaitFor,
};
use super::steps::Place;
use super::{CompileError, Compiler};
use crate::expr::{Expr, Template};
use crate::runbook::kinds::{self, AnswerType, CheckLook, FieldType};
use crate::runbook::model::{self, Step};
use crate::words::{ItemId, ProbeId};

/// Seconds that an approval's request waits, unless said otherwise (RUNBOOK.md, approve).
const WITHIN: f64 = 1800.0;

impl Compiler<'_> {
    pub(super) fn action(&mut self, step: &Step, place: &Place<'_>, id: &ItemId) -> Result<Action, CompileError> {
        Ok(match &step.action {
            model::Action::Tick => Action::Tick,
            model::Action::Run(run) => Action::Run(Run {
                program: Program::Argv(run.command.words.clone()),
                acting: self.acting(&run.acting, step, place),
            }),
            model::Action::Script(script) => Action::Run(Run {
                program: Program::Script {
                    shell: match place.defaults.shell.unwrap_or_default() {
                        kinds::Shell::Bash => "bash".into(),
                        kinds::Shell::Sh => "sh".into(),
                    },
                    text: script.text.clone(),
                },
                acting: self.acting(&script.acting, step, place),
            }),
            model::Action::Check(check) => Action::Check(self.check(check, step, place, id)),
            model::Action::Wait(wait) => Action::Wait(self.wait(wait, place)),
            model::Action::Confirm(confirm) => Action::Confirm(Confirm {
                ask: confirm.ask.clone(),
                answer: answer(&confirm.answer),
                pattern: confirm.pattern.clone(),
                default: None,
            }),
            model::Action::Record(record) => Action::Record(self.record(record, place)),
            model::Action::Notify(notify) => {
                Action::Notify(Notify { to: notify.to.clone(), title: notify.title.clone(), text: notify.text.clone() })
            }
            model::Action::Approve(approve) => Action::Approve(Approve {
                by: approve.by.clone(),
                count: approve.count,
                proof: approve.proof,
                within: approve.within.unwrap_or(WITHIN),
            }),
            model::Action::Baseline(baseline) => Action::Baseline(Baseline {
                probes: baseline.probes.iter().filter_map(|p| self.reference(p, place.each.as_ref())).collect(),
                over: baseline.over,
            }),
            other => return Err(CompileError(format!("step {id}: `{}` makes no item", other.key()))),
        })
    }

    fn acting(&self, acting: &kinds::Acting, step: &Step, place: &Place<'_>) -> Acting {
        let here = self.here(place.each.as_ref(), &place.locals);
        Acting {
            cwd: place.defaults.cwd.clone(),
            env: place.defaults.env.clone(),
            reads_only: acting.reads_only,
            idempotent: acting.idempotent,
            retry: acting.retry.map(|r| Retry { times: r.times, every: r.every }),
            danger: acting.danger.as_ref().map(|d| Danger { text: d.text.clone(), words: d.typed.clone() }),
            point_of_no_return: acting.point_of_no_return.as_ref().map(|t| here.text(t)),
            settle: acting.settle.iter().filter_map(|p| self.reference(p, place.each.as_ref())).collect(),
            hide_output: acting.hide_output,
            until: acting.until.clone(),
            capture_stdout: captures_stdout(step),
        }
    }

    /// A check on a named probe shares it, unless it changes what is expected: then it brings its own.
    fn check(&mut self, check: &kinds::Check, step: &Step, place: &Place<'_>, id: &ItemId) -> Check {
        let each = place.each.clone();
        match &check.look {
            CheckLook::Own(spec) => {
                let title = self.here(each.as_ref(), &place.locals).text(&step.title);
                let mut spec = (**spec).clone();
                if !step.expect.is_empty() {
                    spec.expect.clone_from(&step.expect);
                }
                let mut probe = self.probe(self.own_id(id, None), title, each, &spec);
                probe.of = Some(id.clone());
                steady(&mut probe, check);
                if let kinds::ProbeKind::AllOf(names) | kinds::ProbeKind::AnyOf(names) = &probe.kind {
                    probe.members =
                        names.iter().map(|n| ProbeId(n.0.clone())).filter(|p| self.find_probe(p).is_some()).collect();
                    probe.expect = vec![];
                    if probe.members.is_empty() {
                        return Check { probes: vec![] };
                    }
                }
                let probes = vec![probe.id.clone()];
                self.add_probe(probe);
                Check { probes }
            }
            CheckLook::Probe(name) => {
                let Some(named) = self.reference(name, each.as_ref()) else { return Check { probes: vec![] } };
                let changed = !step.expect.is_empty() || check.hold.is_some() || check.in_a_row.is_some();
                if !changed {
                    return Check { probes: vec![named] };
                }
                let leaves = crate::engine::effect::leaves_by(&|p: &ProbeId| self.find_probe(p), &[named]);
                let alone = leaves.len() == 1;
                let mut made = vec![];
                for leaf in leaves {
                    let Some(mut probe) = self.find_probe(&leaf).cloned() else { continue };
                    probe.id = self.own_id(id, (!alone).then_some(&leaf));
                    probe.of = Some(id.clone());
                    if !step.expect.is_empty() {
                        probe.expect = probe.kind.fields(None).expectations(&step.expect);
                    }
                    steady(&mut probe, check);
                    made.push(probe.id.clone());
                    self.add_probe(probe);
                }
                Check { probes: made }
            }
        }
    }

    /// The id of a check's own look: the item's, unless a named probe has it already.
    fn own_id(&self, item: &ItemId, leaf: Option<&ProbeId>) -> ProbeId {
        let plain = match leaf {
            None => ProbeId(item.0.clone()),
            Some(leaf) => ProbeId(format!("{item}/{leaf}")),
        };
        if self.find_probe(&plain).is_none() { plain } else { ProbeId(format!("{plain}/own")) }
    }

    fn wait(&self, wait: &kinds::Wait, place: &Place<'_>) -> Wait {
        let until = match &wait.until {
            kinds::WaitFor::Probe(name) => {
                WaitFor::Probes(self.reference(name, place.each.as_ref()).into_iter().collect())
            }
            kinds::WaitFor::Condition(expr) => WaitFor::Condition(expr.clone()),
            kinds::WaitFor::Seconds(seconds) => WaitFor::Time(*seconds),
        };
        Wait { until, in_a_row: wait.in_a_row.max(1) }
    }

    fn record(&self, record: &kinds::Record, place: &Place<'_>) -> Record {
        let here = self.here(place.each.as_ref(), &place.locals);
        let fields = record
            .fields
            .iter()
            .map(|(name, field)| Field {
                name: name.clone(),
                ask: field.ask.as_ref().map(|t| here.text(t)),
                answer: match &field.kind {
                    FieldType::Number => AnswerKind::Number,
                    FieldType::Bool => AnswerKind::Bool,
                    FieldType::Duration => AnswerKind::Duration,
                    FieldType::Percent => AnswerKind::Percent,
                    FieldType::Time => AnswerKind::Time,
                    FieldType::Url => AnswerKind::Link,
                    FieldType::File | FieldType::Folder => AnswerKind::File,
                    FieldType::OneOf(choices) => AnswerKind::OneOf(choices.clone()),
                    _ => AnswerKind::Text,
                },
                default: field.default.clone(),
                pattern: field.pattern.clone(),
                optional: field.optional,
                rule: field.clone(),
                source: here.sources(&field.source),
            })
            .collect();
        Record { fields }
    }
}

/// Green so long, or so often in a row.
fn steady(probe: &mut Probe, check: &kinds::Check) {
    if let Some(row) = check.in_a_row {
        probe.pass_after = row.max(1);
    }
    if let (Some(hold), Some(every)) = (check.hold, probe.every) {
        let looks = (hold / every.max(0.1)).ceil() as u32 + 1;
        probe.pass_after = probe.pass_after.max(looks);
    }
}

fn answer(kind: &AnswerType) -> AnswerKind {
    match kind {
        AnswerType::None => AnswerKind::None,
        AnswerType::Text => AnswerKind::Text,
        AnswerType::Number => AnswerKind::Number,
        AnswerType::Date => AnswerKind::Date,
        AnswerType::Time => AnswerKind::Time,
        AnswerType::Duration => AnswerKind::Duration,
        AnswerType::Link => AnswerKind::Link,
        AnswerType::File => AnswerKind::File,
        AnswerType::OneOf(choices) => AnswerKind::OneOf(choices.clone()),
    }
}

/// Whether something of a step reads what the command printed on stdout.
fn captures_stdout(step: &Step) -> bool {
    let reads = |expr: &Expr| expr.used().iter().any(|u| u.path.first().is_some_and(|n| n == "stdout" || n == "json"));
    step.expect.iter().any(reads)
        || step.captures.iter().any(|c| match &c.of {
            kinds::CaptureOf::Field(expr) => reads(expr),
            kinds::CaptureOf::Text(_) | kinds::CaptureOf::Output => false,
        })
}

/// What must hold of a step's own result: of a command its exit code, unless the step names it.
pub(super) fn expectations(step: &Step) -> Vec<Expr> {
    let mut all = vec![];
    match &step.action {
        model::Action::Check(_) => return all,
        model::Action::Run(_) | model::Action::Script(_) => {
            let named =
                step.expect.iter().any(|e| e.used().iter().any(|u| u.path.first().is_some_and(|n| n == "exit_code")));
            if !named && let Ok(zero) = Expr::parse("exit_code == 0") {
                all.push(zero);
            }
        }
        model::Action::Confirm(confirm) => all.extend(confirm.expect.iter().cloned()),
        _ => {}
    }
    all.extend(step.expect.iter().cloned());
    all
}

/// The sources of an action's fields.
pub(super) fn sources(step: &Step) -> Vec<&Vec<Template>> {
    match &step.action {
        model::Action::Record(record) => record.fields.values().map(|f| &f.source).collect(),
        _ => vec![],
    }
}
