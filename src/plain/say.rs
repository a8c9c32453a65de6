//! Each event as one clear line, with its time.

use std::collections::BTreeMap;

use super::style::{Style, Tone};
use crate::engine::event::{Answered, Decided, Ended, Env, Event, Resolved, RunEnd, Started, StopStage};
use crate::engine::plan::Action;
use crate::engine::{PlanScope, Recorded, State, Status, way_back};
use crate::terminal::sanitize_line;
use crate::words::{Actor, ItemId, Outcome, clock, short_duration};

/// Says events. Every text from outside is cleaned here.
pub(super) struct Say {
    style: Style,
    /// The heading that was said last: phase, section, group.
    heading: Option<(usize, Option<usize>, Option<usize>)>,
    /// Sensed items of the open phase as they were said last.
    sensed: BTreeMap<usize, Status>,
}

/// Lines, with what they are about and whether they have a time.
pub(super) struct Lines<'a> {
    style: Style,
    at: chrono::DateTime<chrono::Utc>,
    out: &'a mut Vec<String>,
}

impl Lines<'_> {
    fn say(&mut self, tone: Tone, text: &str) {
        self.out.push(self.style.line(Some(self.at), tone, &sanitize_line(text)));
    }

    /// A line that belongs to the one above.
    fn more(&mut self, tone: Tone, text: &str) {
        self.out.push(self.style.line(None, tone, &format!("  {}", sanitize_line(text))));
    }
}

/// A running clock's text of microseconds: `0:38`.
pub(super) fn took(micros: u64) -> String {
    clock((micros + 500_000) / 1_000_000)
}

/// An item's title.
pub(super) fn title(state: &State, index: usize) -> String {
    PlanScope::new(state, index).title()
}

fn title_of(state: &State, id: &ItemId) -> String {
    state.index(id).map_or_else(|| id.0.clone(), |index| title(state, index))
}

impl Say {
    pub fn new(style: Style) -> Self {
        Self { style, heading: None, sensed: BTreeMap::new() }
    }

    /// Says an event that was folded into `state`; `shown` lines of its command's output were said before.
    pub fn event(&mut self, state: &State, recorded: &Recorded, shown: u64, out: &mut Vec<String>) {
        let style = self.style;
        let mut lines = Lines { style, at: recorded.stamp.at, out };
        let by = recorded.by.name();
        match &recorded.event {
            Event::PlanFixed { items, .. } => self.opened(state, *items, &mut lines),
            Event::RunBegun { operator } => {
                lines.say(Tone::Plain, &format!("begun by {}", Actor(operator.clone()).name()));
            }
            Event::PhaseOpened { phase } => self.phase(state, *phase, &mut lines),
            Event::ItemOpened { item } => self.item(state, item, &mut lines),
            Event::PhaseClosed { phase, .. } => {
                let name = state.plan.phase(*phase).map(|p| p.title.clone()).unwrap_or_default();
                let name = if name.is_empty() { String::new() } else { format!(" {name}") };
                lines.say(Tone::Plain, &format!("closed{name}: {}", counts(state, *phase)));
            }
            Event::AttemptStarted(started) => self.started(state, started, &mut lines),
            Event::AttemptEnded(ended) => self.ended(state, ended, shown, &mut lines),
            Event::VerdictChanged { probe, .. } | Event::Looked { probe, .. } => self.looked(state, probe, &mut lines),
            Event::ItemAnswered(answered) => self.answered(state, recorded, answered, &mut lines),
            Event::ItemSkipped { item, reason, from_file } => {
                self.decided(state, item, &format!("skipped by {by}{}: {reason}", filed(*from_file)), &mut lines);
            }
            Event::ItemNotApplicable { item, reason } => {
                self.decided(state, item, &format!("does not apply, says {by}: {reason}"), &mut lines);
            }
            Event::ItemDeferred { item, reason, from_file, .. } => {
                self.decided(state, item, &format!("deferred by {by}{}: {reason}", filed(*from_file)), &mut lines);
            }
            Event::ItemOverridden { item, reason, from_file, second } => {
                let with = second.as_ref().map(|who| format!(" with {}", who.name())).unwrap_or_default();
                self.decided(
                    state,
                    item,
                    &format!("overridden by {by}{with}{}: {reason}", filed(*from_file)),
                    &mut lines,
                );
            }
            Event::UnknownSettled { item, happened, by_probe, .. } => {
                let how = if *happened { "it happened" } else { "it did not happen" };
                let seen = by_probe.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
                self.decided(state, item, &format!("settled by {by}: {how}{seen}"), &mut lines);
            }
            Event::ItemReopened { item, reason } => {
                self.decided(state, item, &format!("opened again by {by}: {reason}"), &mut lines);
            }
            Event::ItemSwitched { item, on: false, why } => {
                self.decided(state, item, &format!("does not apply: {why}"), &mut lines);
            }
            Event::RollbackDecided(decided) => self.goes_back(state, decided, by, &mut lines),
            event => other(style, state, recorded, event, &mut lines),
        }
    }

    fn goes_back(&mut self, state: &State, decided: &Decided, by: &str, lines: &mut Lines<'_>) {
        let why = decided.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        lines.say(Tone::Bad, &format!("ROLLBACK begun by {by}{}{why}", filed(decided.from_file)));
        if let Some(way) = way_back(state) {
            let known = clock(way.needs.ceil() as u64);
            let rto = state.plan.objectives.rto.map(|rto| format!(", RTO {}", clock(rto as u64))).unwrap_or_default();
            lines.more(Tone::Plain, &format!("{} steps, needs {known}{rto}", way.steps.len()));
            for (index, lost) in &way.no_return {
                let text = format!("past a point of no return, \"{}\": {lost}", title(state, *index));
                lines.more(Tone::Bad, &text);
            }
            for index in &way.stays {
                lines.more(Tone::Caution, &format!("stays new, no undo in the runbook: {}", title(state, *index)));
            }
        }
        self.phase(state, state.plan.rollback_phase(), lines);
    }

    fn opened(&self, state: &State, items: usize, lines: &mut Lines<'_>) {
        let plan = &state.plan;
        let world = if state.is_training() { "TRAINING  " } else { "" };
        let version = plan.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
        lines.say(Tone::Plain, &format!("{world}{}{version}, {}", plan.title, items_of(items)));
        if let Some((from, to)) = &plan.change {
            let arrow = self.style.sign("→", "->");
            lines.more(Tone::Plain, &format!("{} {from} {arrow} {to}", plan.system.clone().unwrap_or_default()));
        }
        for place in &plan.places {
            lines.more(Tone::Plain, &format!("{}: {}", place.kind.key(), place.is));
        }
        if let Some(lock) = plan.lease_place() {
            lines.more(Tone::Plain, &format!("lock: {lock}"));
        }
        if let Some(opened) = &state.opened {
            lines.more(Tone::Plain, &format!("run {}, operator {}", opened.run, opened.operator));
        }
        for limitation in &plan.limitations {
            lines.more(Tone::Caution, &format!("known limitation `{}`: {}", limitation.name, limitation.text));
        }
    }

    fn phase(&mut self, state: &State, phase: usize, lines: &mut Lines<'_>) {
        self.heading = Some((phase, None, None));
        self.sensed.clear();
        let counts = state.counts(phase);
        let title = state.plan.phase(phase).map(|p| p.title.clone()).unwrap_or_default();
        let title = if title.is_empty() { "steps".to_owned() } else { title };
        lines.say(Tone::Plain, &format!("== {title}: {}", items_of(counts.all)));
    }

    fn item(&mut self, state: &State, id: &ItemId, lines: &mut Lines<'_>) {
        let Some(index) = state.index(id) else { return };
        self.headings(state, index, lines);
        let item = &state.plan.items[index];
        match (&item.action, state.status(index)) {
            (Action::Check(_), Status::Busy) => {
                let sign = self.style.status(&Status::Busy).0;
                lines.say(Tone::Plain, &format!("{sign} {}: looking", title(state, index)));
            }
            (Action::Check(_), _) => self.sense(state, index, lines),
            _ => {}
        }
    }

    fn headings(&mut self, state: &State, index: usize, lines: &mut Lines<'_>) {
        let item = &state.plan.items[index];
        let here = (item.phase, item.section, item.group);
        let before = self.heading.replace(here);
        if before == Some(here) {
            return;
        }
        let mut names = vec![];
        if let Some(section) = item.section.and_then(|s| state.plan.phase(item.phase)?.sections.get(s)) {
            names.push(section.title.clone());
        }
        if let Some(group) = item.group.and_then(|g| state.plan.groups.get(g)) {
            names.push(group.title.clone());
        }
        names.retain(|name| !name.is_empty());
        if !names.is_empty() {
            lines.say(Tone::Plain, &format!("-- {}", names.join(" > ")));
        }
    }

    fn started(&mut self, state: &State, started: &Started, lines: &mut Lines<'_>) {
        let Some(index) = state.index(&started.item) else { return };
        self.headings(state, index, lines);
        let edited = if started.edited { "  (edited)" } else { "" };
        lines.say(Tone::Plain, &format!("{} {}{edited}", self.style.sign("▶", ">"), title(state, index)));
        if !started.cwd.is_empty() {
            lines.more(Tone::Faint, &format!("in {}", started.cwd));
        }
        for (name, value) in &started.env {
            let value = match value {
                Env::Value(value) => value.clone(),
                Env::Secret(source) => format!("<secret {source}>"),
            };
            lines.more(Tone::Faint, &format!("with {name}={value}"));
        }
        command(&started.what, |line| lines.more(Tone::Plain, line));
    }

    fn ended(&mut self, state: &State, ended: &Ended, shown: u64, lines: &mut Lines<'_>) {
        let Some(index) = state.index(&ended.item) else { return };
        let outcome = ended.outcome.unwrap_or(Outcome::Unknown);
        let status = match outcome {
            Outcome::Passed => Status::Passed,
            Outcome::Unknown => Status::Unknown,
            other => Status::Failed(other),
        };
        let (sign, tone) = self.style.status(&status);
        let name = title(state, index);
        if outcome == Outcome::Passed {
            let evidence = ended.evidence.as_ref().map(|text| format!("  ({text})")).unwrap_or_default();
            lines.say(tone, &format!("{sign} {name}  {}{evidence}", took(ended.took)));
            return;
        }
        let why = ended.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        lines.say(tone, &format!("{sign} {name}  {} after {}{why}", outcome.words(), took(ended.took)));
        // What was said as it came need not be said again.
        if shown == 0 {
            for line in &ended.last_lines {
                lines.more(Tone::Plain, &format!("| {line}"));
            }
        }
        if let Some(help) = &state.plan.items[index].help {
            for line in help.lines() {
                lines.more(Tone::Plain, &format!("help: {line}"));
            }
        }
    }

    fn looked(&mut self, state: &State, probe: &crate::words::ProbeId, lines: &mut Lines<'_>) {
        let Some(phase) = state.phase else { return };
        let concerned: Vec<usize> = state
            .plan
            .items_of(phase)
            .filter(|(_, item)| match &item.action {
                Action::Check(check) => check
                    .probes
                    .iter()
                    .any(|id| id == probe || state.plan.probe(id).is_some_and(|group| group.members.contains(probe))),
                _ => false,
            })
            .map(|(index, _)| index)
            .collect();
        for index in concerned {
            self.sense(state, index, lines);
        }
    }

    /// Says how a sensed item looks, when that is another way than last time.
    fn sense(&mut self, state: &State, index: usize, lines: &mut Lines<'_>) {
        let status = state.status(index);
        if status == Status::Busy || self.sensed.get(&index) == Some(&status) {
            return;
        }
        let (sign, tone) = self.style.status(&status);
        let seen = seen(state, index).map(|text| format!(": {text}")).unwrap_or_default();
        lines.say(tone, &format!("{sign} {}{seen}", title(state, index)));
        self.sensed.insert(index, status);
    }

    fn answered(&self, state: &State, recorded: &Recorded, answered: &Answered, lines: &mut Lines<'_>) {
        let who = answered.by.as_ref().unwrap_or(&recorded.by);
        let mut text = match (answered.proof, answered.yes) {
            (None, _) => String::new(),
            (Some(_), true) => format!("approved by {}", who.name()),
            (Some(_), false) => format!("refused by {}", who.name()),
        };
        let fields: Vec<String> = answered
            .fields
            .iter()
            .map(|(name, value)| if name == "answer" { value.to_string() } else { format!("{name} = {value}") })
            .collect();
        for part in [fields.join(", "), answered.says.clone().unwrap_or_default()] {
            if !part.is_empty() {
                text = if text.is_empty() { part } else { format!("{text}, {part}") };
            }
        }
        let name = title_of(state, &answered.item);
        let status = match (answered.yes, answered.settled) {
            (true, true) => Status::Passed,
            (true, false) => Status::Busy,
            (false, _) => Status::Failed(Outcome::Failed),
        };
        let (sign, tone) = self.style.status(&status);
        let colon = if text.is_empty() { "" } else { ": " };
        lines.say(tone, &format!("{sign} {name}{colon}{text}{}", filed(answered.from_file)));
    }

    fn decided(&self, state: &State, item: &ItemId, text: &str, lines: &mut Lines<'_>) {
        let status = state.index(item).map_or(Status::Open, |index| state.status(index));
        let (sign, tone) = self.style.status(&status);
        lines.say(tone, &format!("{sign} {}: {text}", title_of(state, item)));
    }
}

fn filed(from_file: bool) -> &'static str {
    if from_file { " (from the answers file)" } else { "" }
}

/// A command's lines as a person types them.
pub(super) fn command(what: &Resolved, mut line: impl FnMut(&str)) {
    match what {
        Resolved::Argv(words) => line(&format!("$ {}", crate::words::shell_words(words))),
        Resolved::Script { shell, text } => {
            line(&format!("$ {shell}"));
            text.lines().for_each(|text| line(&format!("| {text}")));
        }
        Resolved::Notice { to, title, text } => {
            let to: Vec<&str> = to.iter().map(|name| name.as_str()).collect();
            line(&format!("tells {}: {title}", to.join(", ")));
            text.lines().for_each(|text| line(&format!("| {text}")));
        }
        Resolved::Watching => line("waits by itself"),
    }
}

/// What a sensed item's looks say: the first that is not as expected, else all of them.
pub(super) fn seen(state: &State, index: usize) -> Option<String> {
    let Action::Check(check) = &state.plan.items.get(index)?.action else { return None };
    let samples: Vec<_> = check
        .probes
        .iter()
        .flat_map(|id| {
            let members = state.plan.probe(id).map(|p| p.members.as_slice()).unwrap_or_default();
            std::iter::once(id).chain(members)
        })
        .filter_map(|id| state.probes.get(id)?.sample.clone())
        .collect();
    if let Some(bad) = samples.iter().find(|sample| sample.why.is_some()) {
        let hint = bad.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        // Without an answer the two say the same.
        let why = bad.why.as_ref().filter(|why| **why != bad.text).map(|why| format!(", {why}")).unwrap_or_default();
        return Some(format!("{}{why}{hint}", bad.text));
    }
    let texts: Vec<&str> = samples.iter().map(|s| s.text.as_str()).filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn items_of(count: usize) -> String {
    if count == 1 { "1 item".to_owned() } else { format!("{count} items") }
}

/// How the items of a phase stand.
pub(super) fn counts(state: &State, phase: usize) -> String {
    let p = state.counts(phase);
    let mut text = format!("{} of {} passed", p.passed, p.all);
    let others = [
        (p.skipped, "skipped"),
        (p.deferred, "deferred"),
        (p.overridden, "overridden"),
        (p.failed, "failed"),
        (p.unknown, "unknown"),
        (p.off, "do not apply"),
    ];
    for (count, what) in others.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {count} {what}"));
    }
    text
}

/// Events that are not about one item's way.
fn other(style: Style, state: &State, recorded: &Recorded, event: &Event, lines: &mut Lines<'_>) {
    let by = recorded.by.name();
    let of = |item: &Option<ItemId>| item.as_ref().map(|id| format!(" ({})", title_of(state, id))).unwrap_or_default();
    match event {
        Event::LimitationAccepted { name, reason, .. } => {
            lines.say(Tone::Caution, &format!("limitation `{name}` accepted by {by}: {reason}"));
        }
        Event::HostStarted { epoch, .. } if *epoch > 1 => lines.say(Tone::Caution, &format!("host {epoch} goes on")),
        Event::ControlTaken { by, from: Some(from), .. } => {
            lines.say(Tone::Caution, &format!("{} took control from {}", by.name(), from.name()));
        }
        Event::ControlHandedOver { to, .. } => {
            lines.say(Tone::Caution, &format!("{by} handed control over to {}", to.name()))
        }
        Event::ControlRequested { by, .. } => {
            lines.say(
                Tone::Caution,
                &format!("{} asks for control (`give {by}` hands it over, `keep` keeps it)", by.name()),
            );
        }
        Event::ControlDeclined { to } => {
            lines.say(Tone::Plain, &format!("{by} keeps control, {} was told no", to.name()));
        }
        Event::RunPaused { reason, .. } => {
            let why = reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            lines.say(Tone::Caution, &format!("paused by {by}{why}"));
        }
        Event::ReasonGiven { reason } => lines.say(Tone::Plain, &format!("rolled back because, says {by}: {reason}")),
        Event::RollbackVerified { took: gone, .. } => {
            let rto = state.plan.objectives.rto;
            let of = rto.map(|rto| format!(" of {}", clock(rto as u64))).unwrap_or_default();
            let tone = if rto.is_some_and(|rto| *gone as f64 / 1e6 > rto) { Tone::Bad } else { Tone::Good };
            lines.say(tone, &format!("VERIFIED HEALTHY in {}{of}", took(*gone)));
        }
        Event::RunContinued => lines.say(Tone::Plain, &format!("continued by {by}")),
        Event::PersonNeeded { why, item } => {
            lines.say(Tone::Caution, &format!("a person is needed: {why}"));
            // Of a failed attempt it was said.
            let untried = item.as_ref().and_then(|id| state.index(id)).filter(|i| state.items[*i].attempts.is_empty());
            if let Some(help) = untried.and_then(|index| state.plan.items[index].help.as_ref()) {
                help.lines().for_each(|line| lines.more(Tone::Plain, &format!("help: {line}")));
            }
        }
        Event::HostLeft { why } => lines.say(Tone::Plain, &format!("the host left: {why}")),
        Event::CautionRaised { text, item } => {
            lines.say(Tone::Caution, &format!("! {text}{}", if text.contains('"') { String::new() } else { of(item) }));
        }
        Event::TargetChanged { kind, pinned, found } => {
            lines.say(
                Tone::Bad,
                &format!("{} {kind} is {found}, pinned was {pinned}: nothing starts", style.sign("✕", "!")),
            );
        }
        Event::LeaseTaken { place } => {
            lines.say(Tone::Plain, &format!("this run has the lock at the target ({place})"))
        }
        Event::LeaseRefused { .. } | Event::LeaseLost { .. } => {
            let words = state.lease.as_ref().map(crate::engine::Lease::words).unwrap_or_default();
            lines.say(Tone::Bad, &format!("{} {words}: nothing starts", style.sign("✕", "!")));
        }
        Event::LeaseTakeOver { from, reason } => {
            lines.say(Tone::Caution, &format!("! the lock of {} is taken over: {reason}", from.words()));
        }
        Event::LeaseReleased { place } => lines.say(Tone::Plain, &format!("the lock was given back ({place})")),
        Event::TargetRestored { kind } => lines.say(Tone::Good, &format!("{kind} is as pinned again")),
        Event::NoticeSent { to, ok, answer } => {
            let how = if *ok { "took it" } else { "did not take it" };
            lines.say(if *ok { Tone::Plain } else { Tone::Bad }, &format!("{to} {how}: {answer}"));
        }
        Event::ClockStepped { by } => {
            lines.say(Tone::Caution, &format!("the wall clock stepped by {:+.1} s", *by as f64 / 1e6));
        }
        Event::TailRepaired { bytes } => {
            lines.say(Tone::Caution, &format!("a torn last line of {bytes} bytes was set aside"))
        }
        Event::StorageFailed { why } => lines.say(Tone::Bad, &format!("the journal could not be written: {why}")),
        Event::StorageRecovered { .. } => lines.say(Tone::Good, "the journal can be written again"),
        Event::StopRequested { item, stage, .. } => {
            let how = match stage {
                StopStage::Interrupt => "interrupted",
                StopStage::Terminate => "told to end",
                StopStage::Kill => "killed",
            };
            lines.say(Tone::Caution, &format!("{}: {how}", title_of(state, item)));
        }
        Event::CommandEdited { item, what } => {
            lines.say(Tone::Caution, &format!("{}: command edited by {by}", title_of(state, item)));
            command(what, |line| lines.more(Tone::Plain, line));
        }
        Event::WentUnrecorded { item, .. } => {
            let text = format!("{}: {by} lets it go on, what does not fit is not kept", title_of(state, item));
            lines.say(Tone::Caution, &text);
        }
        Event::AttemptAdopted { item, .. } => {
            lines.say(Tone::Plain, &format!("{}: still running, adopted", title_of(state, item)))
        }
        Event::LateResultIgnored { item, what, .. } => {
            lines.say(Tone::Caution, &format!("{}: a late result was ignored ({what})", title_of(state, item)));
        }
        Event::ValueCaptured { name, value, key, pin, .. } => {
            let key = key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
            lines.more(Tone::Faint, &format!("{} {name}{key} = {value}", if *pin { "pinned" } else { "took" }));
        }
        Event::ApprovalRequested { item, of, until, .. } => {
            let left = until.saturating_sub(recorded.stamp.up) as f64 / 1e6 / state.speed().max(0.001);
            let text = format!(
                "{}: asked {} for approval, within {}",
                title_of(state, item),
                of.join(", "),
                short_duration(left)
            );
            lines.say(Tone::Plain, &text);
        }
        Event::ApprovalExpired { item } => {
            lines.say(Tone::Bad, &format!("{}: nobody answered in time", title_of(state, item)))
        }
        Event::NoteAdded { text, about, item } => {
            let about = about.as_ref().map(|about| format!(" ({about})")).unwrap_or_default();
            lines.say(Tone::Plain, &format!("note by {by}{about}: {text}{}", of(item)));
        }
        Event::RunEnded { how, failed, deferred, reason } => {
            let (words, tone) = match how {
                RunEnd::Completed if *failed == 0 => ("completed", Tone::Good),
                RunEnd::Completed => ("ended", Tone::Bad),
                RunEnd::Early => ("ended early", Tone::Caution),
                RunEnd::RolledBack => ("rolled back", Tone::Caution),
            };
            let mut text = words.to_owned();
            for (count, what) in [(failed, "failed or unknown"), (deferred, "deferred")] {
                if *count > 0 {
                    text.push_str(&format!(", {count} {what}"));
                }
            }
            if let (Some(begun), Some(now)) = (state.begun, state.now) {
                text.push_str(&format!(", after {}", took(now.up.saturating_sub(begun.up))));
            }
            if let Some(reason) = reason {
                text.push_str(&format!(": {reason}"));
            }
            lines.say(tone, &text);
        }
        _ => {}
    }
}
