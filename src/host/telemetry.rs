//! The run as a trace and as annotations: told behind the run, never in its way.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::core::Host;
use super::input::Input;
use super::log;
use crate::actions::{
    Annotation, Collector, Exporter, Grafana, Span, SpanStatus, annotate, is_loopback_url, span_id, trace_id,
};
use crate::engine::event::RunEnd;
use crate::engine::plan::WhereKind;
use crate::engine::{Attempt, Event, PlanScope, State, Status, Want};
use crate::expr::Template;
use crate::words::{Actor, Name, Outcome};

/// Who else is told how the run goes.
#[derive(Default)]
pub(super) struct Telemetry {
    exporter: Option<Exporter>,
    /// It was looked for who is told; the run's beginning was told.
    begun: bool,
    /// The count of secrets at which the address could not be filled in.
    unfilled: Option<u64>,
    /// Annotations on their way.
    notes: Vec<Receiver<()>>,
}

impl Telemetry {
    /// Says what is left, for at most so long.
    pub fn finish(self, limit: Duration) {
        let begun = Instant::now();
        if let Some(exporter) = self.exporter {
            exporter.finish(limit);
        }
        for note in self.notes {
            let _ = note.recv_timeout(limit.saturating_sub(begun.elapsed()));
        }
    }
}

impl Host {
    /// Tells what these events bring; they are in the state already. Nothing of a run that has not begun.
    pub(super) fn tell_telemetry(&mut self, events: &[Event]) {
        if self.state.begun.is_none() {
            return;
        }
        let first = !std::mem::replace(&mut self.telemetry.begun, true);
        if first {
            let again = !events.iter().any(|event| matches!(event, Event::RunBegun { .. }));
            self.annotate_begin(again);
        }
        let waits = self.telemetry.unfilled.is_some_and(|count| count != self.secrets.changes());
        if first || waits {
            self.start_exporter();
        } else if let Some(exporter) = &self.telemetry.exporter {
            let run = Run::of(self);
            events.iter().flat_map(|event| run.spans_of(event)).for_each(|span| exporter.give(self.masked(span)));
        }
        if let Some(decided) = events.iter().find_map(|event| match event {
            Event::RollbackDecided(decided) => Some(decided),
            _ => None,
        }) {
            let why = decided.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let at = self.state.rollback.as_ref().map(|r| r.stamp.at);
            let text = format!("{}: rollback{why}", self.state.plan.title);
            at.into_iter().for_each(|at| self.annotate("rollback", at, text.clone(), false));
        }
        for event in events {
            if let Event::AttemptEnded(ended) = event
                && ended.outcome == Some(crate::words::Outcome::Passed)
                && self.is_marked(ended.item.as_str())
                && let Some(index) = self.state.index(&ended.item)
                && let Some(now) = self.state.now
            {
                let text = format!("{}: {}", self.state.plan.title, PlanScope::new(&self.state, index).title());
                self.annotate(ended.item.as_str(), now.at, text, false);
            }
        }
        if events.iter().any(|event| matches!(event, Event::RunEnded { .. })) {
            self.annotate_end();
        }
    }

    /// Looks who takes the trace, and gives them all so far: after a restart a second time, under the same ids.
    fn start_exporter(&mut self) {
        let collector = match self.collector() {
            Ok(Some(collector)) => collector,
            Ok(None) => return,
            Err(why) => {
                self.telemetry.unfilled = Some(self.secrets.changes());
                return self.not_told("otlp", why);
            }
        };
        self.telemetry.unfilled = None;
        let tell = self.teller("otlp");
        match Exporter::start(collector, tell) {
            Ok(exporter) => {
                let run = Run::of(self);
                run.all().into_iter().for_each(|span| exporter.give(self.masked(span)));
                self.telemetry.exporter = Some(exporter);
            }
            Err(e) => self.not_told("otlp", format!("no thread can be had: {e}")),
        }
    }

    fn collector(&self) -> Result<Option<Collector>, String> {
        let scope = PlanScope::of_run(&self.state);
        let fill = |text: &Template| self.secrets.fill(text, &scope);
        let (url, headers) = match &self.state.plan.telemetry.otlp {
            Some(otlp) => {
                let headers = otlp.headers.iter().map(|(name, text)| Ok((name.clone(), fill(text)?)));
                (Collector::traces_of(&fill(&otlp.url)?), headers.collect::<Result<Vec<_>, String>>()?)
            }
            None => match environment(&|name| self.env.get(name).cloned().filter(|v| !v.is_empty())) {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        self.may_leave_for(&url)?;
        let plan = &self.state.plan;
        let mut resource = vec![("service.name", "flightdeck".to_owned())];
        resource.push(("service.version", env!("CARGO_PKG_VERSION").into()));
        resource.push(("host.name", rustix::system::uname().nodename().to_string_lossy().into_owned()));
        if let Some(place) = plan.places.iter().find(|place| place.kind == WhereKind::Environment) {
            resource.push(("deployment.environment.name", place.is.clone()));
        }
        Ok(Some(Collector { url, headers, resource }))
    }

    fn grafana(&self) -> Result<Option<Grafana>, String> {
        let Some(notes) = &self.state.plan.telemetry.grafana else { return Ok(None) };
        let scope = PlanScope::of_run(&self.state);
        let fill = |text: &Option<Template>| text.as_ref().map(|text| self.secrets.fill(text, &scope)).transpose();
        let basic_auth = fill(&notes.basic_auth)?.map(|text| match text.split_once(':') {
            Some((user, password)) => Ok((user.to_owned(), password.to_owned())),
            None => Err("`basic_auth` is user:password".to_owned()),
        });
        let grafana = Grafana {
            url: self.secrets.fill(&notes.url, &scope)?,
            token: fill(&notes.token)?,
            basic_auth: basic_auth.transpose()?,
            dashboard: fill(&notes.dashboard)?,
        };
        self.may_leave_for(&grafana.url)?;
        Ok(Some(grafana))
    }

    /// In a simulated run nothing leaves this machine.
    fn may_leave_for(&self, url: &str) -> Result<(), String> {
        if self.state.is_training() && !is_loopback_url(url) {
            return Err("a simulated run tells this machine only".into());
        }
        Ok(())
    }

    /// Whether the runbook wants a mark where this step passes.
    fn is_marked(&self, item: &str) -> bool {
        let base = item.split('[').next();
        let notes = self.state.plan.telemetry.grafana.as_ref();
        notes.is_some_and(|notes| notes.steps.iter().any(|id| id == item || Some(id.as_str()) == base))
    }

    fn annotate_begin(&mut self, again: bool) {
        let Some(begun) = self.state.begun else { return };
        let by = self.state.opened.as_ref().map(|o| o.operator.clone()).unwrap_or_default();
        self.annotate("begin", begun.at, format!("{} begins ({by})", self.state.plan.title), again);
    }

    fn annotate_end(&mut self) {
        let Some(ended) = &self.state.ended else { return };
        let how = match how_ended(&self.state) {
            SpanStatus::Error(why) => why,
            _ => "completed".into(),
        };
        let text = format!("{}: {how}", self.state.plan.title);
        self.annotate("end", ended.stamp.at, text, false);
    }

    /// Marks a moment of the run on Grafana's graphs.
    fn annotate(&mut self, moment: &str, at: DateTime<Utc>, text: String, again: bool) {
        let grafana = match self.grafana() {
            Ok(Some(grafana)) => grafana,
            Ok(None) => return,
            Err(why) => return self.not_told("grafana", why),
        };
        let plan = &self.state.plan;
        let mut tags = vec!["flightdeck".to_owned(), moment.to_owned()];
        tags.extend(plan.system.clone());
        tags.extend(plan.places.iter().find(|p| p.kind == WhereKind::Environment).map(|p| p.is.clone()));
        let mark = format!("flightdeck-{}", span_id(&self.folder.id().to_string(), Some((moment, 0))));
        let annotation = Annotation { at, text: self.secrets.mask(&text), tags, mark, again };
        let tell = self.teller("grafana");
        let done = annotate(grafana, annotation, tell);
        self.telemetry.notes.retain(|note| note.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty));
        self.telemetry.notes.push(done);
    }

    /// Brings an answer into the run; those that come after its end are in the host's log alone.
    fn teller(&self, to: &'static str) -> impl Fn(bool, String) + Send + Sync + 'static {
        let inbox = self.sender.clone();
        let over = self.state.ended.is_some();
        move |ok, answer| {
            if over {
                log(&format!("{to}: {answer}"));
            }
            let _ = inbox.send(Input::Told { item: None, to: Name::from(to), ok, answer });
        }
    }

    fn not_told(&mut self, to: &str, answer: String) {
        self.intend(Actor::host(), Want::Told { item: None, to: Name::from(to), ok: false, answer });
    }

    /// A span without secrets.
    fn masked(&self, mut span: Span) -> Span {
        span.name = self.secrets.mask(&span.name);
        if let SpanStatus::Error(why) = &mut span.status {
            *why = self.secrets.mask(why);
        }
        for (_, value) in &mut span.attributes {
            if let Value::String(text) = value {
                *text = self.secrets.mask(text);
            }
        }
        span
    }
}

/// Who takes traces by the variables that OpenTelemetry's programs read: address and headers.
fn environment(var: &dyn Fn(&str) -> Option<String>) -> Option<(String, Vec<(String, String)>)> {
    let protocol = var("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| var("OTEL_EXPORTER_OTLP_PROTOCOL"));
    if protocol.is_some_and(|protocol| protocol == "grpc") {
        // A receiver for other programs.
        return None;
    }
    // What is for traces alone is taken as it stands.
    let url = var("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        .or_else(|| var("OTEL_EXPORTER_OTLP_ENDPOINT").map(|base| Collector::traces_of(&base)))?;
    let headers = var("OTEL_EXPORTER_OTLP_TRACES_HEADERS").or_else(|| var("OTEL_EXPORTER_OTLP_HEADERS"));
    let headers = headers.unwrap_or_default();
    let pairs = headers.split(',').filter_map(|pair| pair.split_once('='));
    Some((url, pairs.map(|(name, value)| (name.trim().to_owned(), percent_decoded(value.trim()))).collect()))
}

fn percent_decoded(text: &str) -> String {
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// How a run that has ended did.
fn how_ended(state: &State) -> SpanStatus {
    let Some(ended) = &state.ended else { return SpanStatus::Unset };
    let reason = ended.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match ended.how {
        RunEnd::Completed if ended.failed == 0 => SpanStatus::Ok,
        RunEnd::Completed => SpanStatus::Error(format!("completed with {} failed", ended.failed)),
        RunEnd::Early => SpanStatus::Error(format!("ended early{reason}")),
        RunEnd::RolledBack => SpanStatus::Error(format!("rolled back{reason}")),
    }
}

/// A run, read for its spans.
struct Run<'a> {
    state: &'a State,
    id: String,
    trace: String,
}

impl<'a> Run<'a> {
    fn of(host: &'a Host) -> Self {
        let id = host.folder.id().to_string();
        let trace = trace_id(&id);
        Self { state: &host.state, id, trace }
    }

    /// What an event completes.
    fn spans_of(&self, event: &Event) -> Vec<Span> {
        match event {
            Event::AttemptEnded(ended) => self.attempt(&ended.item, ended.attempt),
            // The answer to an unknown end: the same span, told anew.
            Event::UnknownSettled { item, attempt, .. } => self.attempt(item, *attempt),
            Event::PhaseClosed { phase, .. } => self.unattempted(*phase),
            Event::RunEnded { .. } => self.last(),
            _ => vec![],
        }
    }

    /// Everything that is complete.
    fn all(&self) -> Vec<Span> {
        let mut spans = vec![];
        for (index, item) in self.state.items.iter().enumerate() {
            spans.extend(item.attempts.iter().filter_map(|attempt| self.span_of(index, attempt)));
        }
        for (phase, state) in self.state.phases.iter().enumerate() {
            if state.closed.is_some() {
                spans.extend(self.unattempted(phase));
            }
        }
        if self.state.ended.is_some() {
            spans.extend(self.last());
        }
        spans
    }

    fn attempt(&self, item: &crate::words::ItemId, number: u32) -> Vec<Span> {
        let index = self.state.index(item);
        let attempt = index.and_then(|i| Some((i, self.state.items[i].attempts.iter().find(|a| a.number == number)?)));
        attempt.and_then(|(index, attempt)| self.span_of(index, attempt)).into_iter().collect()
    }

    fn span_of(&self, index: usize, attempt: &Attempt) -> Option<Span> {
        let (end, ended) = attempt.ended.as_ref()?;
        let outcome = attempt.outcome().unwrap_or(Outcome::Unknown);
        let status = match outcome {
            Outcome::Passed => SpanStatus::Ok,
            other => {
                let why = ended.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                SpanStatus::Error(format!("{}{why}", other.words()))
            }
        };
        let mut span = self.item(index, attempt.number, attempt.started.at, end.at, outcome.words(), status);
        span.attributes.push(("flightdeck.by", attempt.by.0.as_str().into()));
        if let Some(code) = ended.exit {
            span.attributes.push(("process.exit.code", code.into()));
        }
        Some(span)
    }

    /// Items of a phase that nothing was started for: boxes, forms, approvals, checks.
    fn unattempted(&self, phase: usize) -> Vec<Span> {
        let closed = self.state.phases.get(phase).and_then(|p| p.closed).or(self.state.now);
        let Some(closed) = closed else { return vec![] };
        let items = self.state.plan.items_of(phase).map(|(index, _)| index);
        items
            .filter_map(|index| {
                let item = &self.state.items[index];
                let (opened, status) = (item.opened?, self.state.status(index));
                if !item.attempts.is_empty() || status == Status::Off {
                    return None;
                }
                let end = item.settled_at.unwrap_or(closed).at;
                let (words, status) = in_words(&status);
                Some(self.item(index, item.reopened, opened.at, end, words, status))
            })
            .collect()
    }

    /// What the end of the run completes: the run itself, and the phase that was open.
    fn last(&self) -> Vec<Span> {
        let open = self.state.phases.iter().enumerate().filter(|(_, p)| p.opened.is_some() && p.closed.is_none());
        let mut spans: Vec<Span> = open.flat_map(|(phase, _)| self.unattempted(phase)).collect();
        let (Some(begun), Some(ended)) = (self.state.begun, &self.state.ended) else { return spans };
        let plan = &self.state.plan;
        let text = |text: &Option<String>| Value::from(text.clone().unwrap_or_default());
        let operator = self.state.opened.as_ref().map(|o| o.operator.clone()).unwrap_or_default();
        spans.push(Span {
            trace: self.trace.clone(),
            id: span_id(&self.id, None),
            parent: None,
            name: plan.title.clone(),
            start: begun.at,
            end: ended.stamp.at,
            attributes: vec![
                ("flightdeck.run", self.id.as_str().into()),
                ("flightdeck.system", text(&plan.system)),
                ("flightdeck.operator", operator.into()),
                ("flightdeck.failed", ended.failed.into()),
                ("flightdeck.deferred", ended.deferred.into()),
            ],
            status: how_ended(self.state),
        });
        spans
    }

    fn item(
        &self,
        index: usize,
        attempt: u32,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        outcome: &str,
        status: SpanStatus,
    ) -> Span {
        let item = &self.state.plan.items[index];
        let phase = self.state.plan.phase(item.phase).map(|p| p.title.clone()).unwrap_or_default();
        Span {
            trace: self.trace.clone(),
            id: span_id(&self.id, Some((&item.id.0, attempt))),
            parent: Some(span_id(&self.id, None)),
            name: PlanScope::new(self.state, index).title(),
            start,
            end,
            attributes: vec![
                ("flightdeck.run", self.id.as_str().into()),
                ("flightdeck.item", item.id.0.as_str().into()),
                ("flightdeck.attempt", attempt.into()),
                ("flightdeck.phase", phase.into()),
                ("flightdeck.action", item.action.key().into()),
                ("flightdeck.outcome", outcome.into()),
            ],
            status,
        }
    }
}

/// An item's status as an outcome and as a span's.
fn in_words(status: &Status) -> (&'static str, SpanStatus) {
    match status {
        Status::Passed => ("passed", SpanStatus::Ok),
        Status::Failed(outcome) => (outcome.words(), SpanStatus::Error(outcome.words().into())),
        Status::Overridden => ("overridden", SpanStatus::Error("overridden".into())),
        Status::NoData => ("no data", SpanStatus::Error("no data".into())),
        Status::Unknown => ("unknown", SpanStatus::Error("unknown".into())),
        Status::Skipped => ("skipped", SpanStatus::Unset),
        Status::Deferred => ("deferred", SpanStatus::Unset),
        Status::Open | Status::Busy | Status::Off => ("open", SpanStatus::Unset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_opentelemetry_name_a_receiver() {
        let found = |all: &'static [(&str, &str)]| {
            environment(&|name| all.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(found(&[("OTEL_EXPORTER_OTLP_HEADERS", "a=b")]), None);
        let base = found(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a+b, x-tenant=ops"),
        ]);
        let headers = [("authorization", "Bearer a+b"), ("x-tenant", "ops")];
        let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
        assert_eq!(base, Some(("http://127.0.0.1:4318/v1/traces".into(), headers)));
        let own = found(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/in"),
        ]);
        assert_eq!(own, Some(("http://127.0.0.1:9/in".into(), vec![])));
        let grpc = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        assert_eq!(found(Box::leak(Box::new(grpc))), None);
    }
}
