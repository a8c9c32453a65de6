//! The parts that are not items.

use std::collections::BTreeMap;

use super::super::document::{
    ContactRecord, Entry, HostRecord, LimitationRecord, LinkRecord, NoteRecord, NoticeRecord, ParameterRecord, Shown,
    TriggerRecord, WatchRecord, WentBack,
};
use super::super::load::Run;
use super::title;
use crate::engine::Recorded;
use crate::engine::event::Event;
use crate::engine::plan::{Effect, TriggerWhen};

pub(super) fn limitations(run: &Run) -> Vec<LimitationRecord> {
    let accepted = |wanted: &crate::words::Name| {
        run.events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::LimitationAccepted { name, reason, from_file } if name == wanted => {
                Some(Entry { text: Some(reason.clone()), from_file: *from_file, ..entry(recorded, "accepted") })
            }
            _ => None,
        })
    };
    run.state
        .plan
        .limitations
        .iter()
        .map(|limitation| LimitationRecord {
            name: limitation.name.0.clone(),
            blocks: limitation.effect == Effect::Blocks,
            text: limitation.text.clone(),
            workaround: limitation.workaround.clone(),
            accepted: accepted(&limitation.name),
            source: limitation.source.clone(),
        })
        .collect()
}

/// An entry of an event, without details.
pub(super) fn entry(recorded: &Recorded, what: &'static str) -> Entry {
    Entry {
        seq: recorded.seq,
        when: recorded.stamp,
        by: recorded.by.to_string(),
        what,
        text: None,
        fields: BTreeMap::new(),
        proof: None,
        from_file: false,
        fast: false,
    }
}

pub(super) fn cautions(run: &Run) -> Vec<NoteRecord> {
    let cautions = run.state.cautions.iter().map(|caution| NoteRecord {
        when: caution.stamp,
        about: None,
        by: None,
        text: caution.text.clone(),
        item: caution.item.as_ref().map(|item| item.0.clone()),
        title: caution.item.as_ref().map(|item| title(run, item)),
    });
    cautions.collect()
}

pub(super) fn notes(run: &Run) -> Vec<NoteRecord> {
    let notes = run.state.notes.iter().map(|note| NoteRecord {
        when: note.stamp,
        about: note.about.clone(),
        by: Some(note.by.to_string()),
        text: note.text.clone(),
        item: note.item.as_ref().map(|item| item.0.clone()),
        title: note.item.as_ref().map(|item| title(run, item)),
    });
    notes.collect()
}

pub(super) fn notices(run: &Run) -> Vec<NoticeRecord> {
    let notices = run.state.notices.iter().map(|(when, to, ok, answer)| NoticeRecord {
        when: *when,
        to: to.0.clone(),
        ok: *ok,
        answer: answer.clone(),
    });
    notices.collect()
}

pub(super) fn triggers(run: &Run) -> Vec<TriggerRecord> {
    let triggers = run.state.plan.triggers.iter().map(|trigger| TriggerRecord {
        title: trigger.title.clone(),
        severity: trigger.severity.words(),
        when: match &trigger.when {
            TriggerWhen::Samples(expr) => expr.source().to_owned(),
            TriggerWhen::Manual(text) => format!("declared by a person: {text}"),
        },
        for_seconds: trigger.for_seconds,
        state: "off",
        source: trigger.source.clone(),
    });
    triggers.collect()
}

pub(super) fn watch(run: &Run) -> Option<WatchRecord> {
    let watch = run.state.plan.watch.as_ref()?;
    Some(WatchRecord {
        for_seconds: watch.for_seconds,
        expect: watch.expect.iter().map(|expr| expr.source().to_owned()).collect(),
        source: watch.source.clone(),
    })
}

pub(super) fn baselines(run: &Run) -> BTreeMap<String, Shown> {
    let plan = &run.state.plan;
    let shown = |id: &crate::words::ProbeId, figure: f64| match plan.probe(id) {
        Some(probe) => Shown { value: probe.unit.of_base(figure).to_json(), text: probe.unit.show(figure) },
        None => Shown { value: figure.into(), text: figure.to_string() },
    };
    run.state.baselines.iter().map(|(id, figure)| (id.0.clone(), shown(id, *figure))).collect()
}

pub(super) fn parameters(run: &Run) -> Vec<ParameterRecord> {
    let from: BTreeMap<&str, &str> = run
        .events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::ParameterSet { name, from, .. } => Some((name.as_str(), from.as_str())),
            _ => None,
        })
        .collect();
    let parameters = run.state.plan.parameters.iter().map(|parameter| ParameterRecord {
        name: parameter.name.0.clone(),
        value: parameter.secret.is_none().then(|| Shown::from(&parameter.value)),
        secret: parameter.secret.clone(),
        from: from.get(parameter.name.as_str()).map(|from| (*from).to_owned()),
    });
    parameters.collect()
}

pub(super) fn contacts(run: &Run) -> Vec<ContactRecord> {
    let contacts = run.state.plan.contacts.iter().map(|contact| ContactRecord {
        name: contact.name.clone(),
        role: contact.role.clone(),
        via: contact.via.clone(),
        url: contact.url.clone(),
        source: contact.source.clone(),
    });
    contacts.collect()
}

pub(super) fn links(run: &Run) -> Vec<LinkRecord> {
    let links = run.state.plan.links.iter().map(|link| LinkRecord {
        title: link.title.clone(),
        to: link.to.clone(),
        source: link.source.clone(),
    });
    links.collect()
}

/// Hosts, control and pauses, in order.
pub(super) fn hosts(run: &Run) -> Vec<HostRecord> {
    let mut paused_at = None;
    let mut hosts = vec![];
    for recorded in &run.events {
        let text = match &recorded.event {
            Event::HostStarted { epoch, pid, program, .. } => format!("host {epoch} started: {program}, process {pid}"),
            Event::HostLeft { why } => format!("the host left: {why}"),
            Event::ControlTaken { by, from: None, .. } => format!("{by} has control"),
            Event::ControlTaken { by, from: Some(from), answered, .. } => {
                format!("{by} took control from {from}{}", if *answered { "" } else { ", who did not answer" })
            }
            Event::ControlHandedOver { to, .. } => format!("{} handed control over to {to}", recorded.by),
            Event::RunPaused { reason, at } => {
                paused_at = Some(recorded.stamp.up);
                let at = at.as_ref().map(|item| format!(" at \"{}\"", title(run, item))).unwrap_or_default();
                let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                format!("{} paused the run{at}{why}", recorded.by)
            }
            Event::RunContinued => {
                let paused = paused_at.take().map(|since| recorded.stamp.up.saturating_sub(since) / 1_000_000);
                let after = paused.map(|s| format!(" after {}", crate::words::clock(s))).unwrap_or_default();
                format!("{} continued the run{after}", recorded.by)
            }
            Event::PersonNeeded { why, .. } => format!("a person was needed: {why}"),
            _ => continue,
        };
        hosts.push(HostRecord { when: recorded.stamp, text });
    }
    hosts
}

pub(super) fn went_back(run: &Run) -> Option<WentBack> {
    let state = &run.state;
    let rollback = state.rollback.as_ref()?;
    let way = crate::engine::way_back(state).unwrap_or_default();
    let title = |index: &usize| crate::engine::PlanScope::new(state, *index).title();
    Some(WentBack {
        decided: Some(rollback.stamp),
        by: rollback.by.to_string(),
        from_file: rollback.decided.from_file,
        reason: rollback.reason.clone(),
        trigger: rollback.decided.trigger.as_ref().map(|name| name.0.clone()),
        left: rollback.decided.phase.and_then(|phase| state.plan.phase(phase)).map(|phase| phase.title.clone()),
        verified: rollback.verified.map(|(stamp, _)| stamp),
        seconds: rollback.verified.map(|(_, took)| took as f64 / 1e6),
        rto: state.plan.objectives.rto,
        stays: way.stays.iter().map(title).collect(),
        no_return: way.no_return.iter().map(|(index, lost)| (title(index), lost.clone())).collect(),
    })
}
