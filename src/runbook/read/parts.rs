//! Phases, sections, blocks, panes, triggers, the watch.

use crate::runbook::At;
use crate::runbook::kinds::{Defaults, Shell};
use crate::runbook::model::{
    Block, Pane, Phase, Runbook, Section, Then, Trigger, TriggerMode, TriggerNoData, TriggerWhen, Want, Watch,
};
use crate::words::Severity;

use super::id_of;
use super::reader::Cx;

impl Cx<'_, '_, '_> {
    /// Everything that is flown.
    pub fn flight(&mut self, runbook: &mut Runbook) {
        runbook.panes = self.each("panes", |cx| Some(cx.pane()));
        runbook.triggers = self.named("triggers", |cx, at| cx.trigger(at));
        runbook.phases = self.each("phases", |cx| Some(cx.phase()));
        if self.get("steps").is_some() {
            let at = self.key_at("steps");
            let section = Section { at, steps: self.steps("steps"), ..Section::default() };
            runbook.phases.push(Phase { at, id: "steps".into(), sections: vec![section], ..Phase::default() });
        }
        runbook.rollback = self.within("rollback", |cx| cx.phase());
        if let Some(rollback) = &mut runbook.rollback {
            rollback.id = "rollback".into();
        }
        let at = self.key_at("watch");
        runbook.watch = self
            .within("watch", |cx| {
                let (hold, expect, source) = (cx.seconds("for"), cx.exprs("expect", Want::Truth), cx.source());
                Some(Watch { at, hold: hold?, expect, source, uses: cx.uses() })
            })
            .flatten();
    }

    /// What can be set for everything below.
    pub fn inherited(&mut self) -> Defaults {
        Defaults {
            timeout: self.seconds("timeout"),
            cwd: self.text("cwd", Want::Shown),
            env: self.text_map("env", Want::Hidden),
            shell: self.word("shell", &[("bash", Shell::Bash), ("sh", Shell::Sh)]),
            owner: self.name("owner"),
        }
    }

    fn phase(&mut self) -> Phase {
        let at = self.node.at;
        let title = self.text("title", Want::Shown);
        let id = if self.part_name() == "rollback" { None } else { self.plain("id") };
        let mut sections = self.each("sections", |cx| Some(cx.section()));
        if self.get("steps").is_some() {
            sections.push(Section { at: self.key_at("steps"), steps: self.steps("steps"), ..Section::default() });
        }
        Phase {
            at,
            id: id.or_else(|| title.as_ref().map(id_of)).unwrap_or_default(),
            title,
            when: self.expr("when", Want::Truth),
            needs_pins: self.flag("needs_pins"),
            defaults: self.inherited_unless_lone(),
            sections,
            source: self.source_unless_lone(),
            uses: self.uses(),
        }
    }

    fn inherited_unless_lone(&mut self) -> Defaults {
        if self.node.entries().is_some() { self.inherited() } else { Defaults::default() }
    }

    fn source_unless_lone(&mut self) -> Vec<crate::expr::Template> {
        if self.node.entries().is_some() { self.source() } else { vec![] }
    }

    fn section(&mut self) -> Section {
        Section {
            at: self.node.at,
            title: self.text("title", Want::Shown),
            when: self.expr("when", Want::Truth),
            defaults: self.inherited(),
            steps: self.steps("steps"),
            source: self.source(),
            uses: self.uses(),
        }
    }

    /// A block: a list of steps, or its parameters and steps.
    pub fn block(&mut self, at: At) -> Block {
        if self.node.entries().is_none() {
            return Block { at, parameters: Default::default(), steps: self.lone_steps(), source: vec![] };
        }
        let parameters = self.named("parameters", |cx, at| Some(cx.parameter(at)));
        Block { at, parameters, steps: self.steps("steps"), source: self.source() }
    }

    fn pane(&mut self) -> Pane {
        Pane {
            at: self.node.at,
            title: self.text("title", Want::Shown).unwrap_or_default(),
            probes: self.probes("probes"),
            when: self.expr("when", Want::Truth),
            source: self.source(),
            uses: self.uses(),
        }
    }

    fn trigger(&mut self, at: At) -> Option<Trigger> {
        let when = match self.expr("when", Want::Trigger) {
            Some(expr) => Some(TriggerWhen::Condition(expr)),
            None => self.text("manual", Want::Shown).map(TriggerWhen::Manual),
        };
        let severity = self.word(
            "severity",
            &[("critical", Severity::Critical), ("high", Severity::High), ("medium", Severity::Medium)],
        );
        let armed = self.expr("armed", Want::Truth);
        Some(Trigger {
            at,
            severity: severity?,
            when: when?,
            hold: self.seconds("for").unwrap_or(0.0),
            clear_for: self.seconds("clear_for").unwrap_or(0.0),
            armed,
            unless: self.name("unless"),
            no_data: self
                .word("no_data", &[("waits", TriggerNoData::Waits), ("counts", TriggerNoData::Counts)])
                .unwrap_or_default(),
            then: match self.name("then") {
                Some(block) if block.as_str() != "rollback" => Then::Block(block),
                _ => Then::Rollback,
            },
            mode: self
                .word(
                    "mode",
                    &[("arm", TriggerMode::Arm), ("notify", TriggerMode::Notify), ("auto", TriggerMode::Auto)],
                )
                .unwrap_or_default(),
            to: self.names("to"),
            source: self.source(),
            uses: self.uses(),
        })
    }
}
