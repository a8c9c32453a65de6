//! Levels that the host reconciles to: what is sampled, which timers run, which conditions are looked for.
//! They are a function of the state, so a restart needs no memory of them.

use super::effect::leaves;
use super::event::{Resolved, Return, StopStage};
use super::intent::Timer;
use super::plan::{Action, WaitFor};
use super::state::{Settled, State, Status};
use crate::expr::Expr;
use crate::words::{ItemId, Outcome, ProbeId};

/// Microseconds between the stages of a stop (UX.md: after 10 s terminates, after 10 s kills).
const STAGE: u64 = 10_000_000;
/// Microseconds that the autopilot waits for a sensed item to turn green when its step has no limit.
const PATIENCE: u64 = 30_000_000;
/// Microseconds of real time that a command has at least, however fast the run's clock goes.
const REAL: u64 = 10_000_000;
/// An `on_demand` look counts as fresh for so long, µs (UX.md, closing).
pub(super) const FRESH_ON_DEMAND: u64 = 600_000_000;
/// A look that ages past this, µs, is made again when its phase could close, so that it is fresh when it does.
const AGING_ON_DEMAND: u64 = FRESH_ON_DEMAND - 120_000_000;

/// What the host keeps going.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Probes that are sampled at their interval.
    pub probes: Vec<ProbeId>,
    /// Timers with their due times, µs of run time.
    pub timers: Vec<(Timer, u64)>,
    /// Conditions that are looked for.
    pub conditions: Vec<Condition>,
    /// Probes that look only when asked and are asked now: their phase could close, and they are too old for that.
    pub looks: Vec<ProbeId>,
}

/// A condition over samples or output that ends or stops an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The item.
    pub item: ItemId,
    /// Its attempt.
    pub attempt: u32,
    /// Run time of the attempt's start, µs: only younger samples count.
    pub since: u64,
    /// What is looked for.
    pub kind: ConditionKind,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub enum ConditionKind {
    /// An expression holds so many samples in a row.
    Expr(Expr, u32),
    /// All these probes are good so many samples in a row.
    Probes(Vec<ProbeId>, u32),
    /// A stream's `until`.
    Until(Expr),
    /// A baseline's window, in seconds.
    Baseline(Vec<ProbeId>, f64),
}

/// What the host keeps going in this state.
pub fn wanted(state: &State) -> Wanted {
    let mut wanted = Wanted::default();
    if state.begun.is_none() || state.ended.is_some() {
        return wanted;
    }
    wanted.probes = probes(state);
    for (index, number) in &state.running {
        let item = &state.plan.items[*index];
        let id = &item.id;
        wanted.timers.extend([
            Timer::Timeout(id.clone(), *number),
            Timer::Escalate(id.clone(), *number),
            Timer::WaitOver(id.clone(), *number),
            Timer::BaselineOver(id.clone(), *number),
        ].into_iter().filter_map(|timer| Some((timer.clone(), due_of(state, &timer)?))));
        wanted.conditions.extend(condition(state, *index, *number));
    }
    for (index, item) in state.items.iter().enumerate() {
        let id = &state.plan.items[index].id;
        let mut add = |timer: Timer| {
            if let Some(due) = due_of(state, &timer) {
                wanted.timers.push((timer, due));
            }
        };
        if item.request.is_some() {
            add(Timer::ApprovalOver(id.clone()));
        }
        if let Some(Settled::Deferred(Return::At(_), _)) = item.settled {
            add(Timer::Deferred(id.clone()));
        }
        if state.current == Some(index) {
            if let Some(attempt) = item.attempt() {
                add(Timer::Retry(id.clone(), attempt.number));
            }
            add(Timer::Patience(id.clone()));
        }
    }
    wanted.looks = to_look_at(state);
    wanted
}

/// `on_demand` probes that the open phase needs afresh before it closes: everything in it is settled.
pub(super) fn to_look_at(state: &State) -> Vec<ProbeId> {
    let (Some(phase), Some(now)) = (state.phase, state.now) else { return vec![] };
    if !state.running.is_empty() || state.paused.is_some() || !state.unsettled(phase).is_empty() {
        return vec![];
    }
    let mut probes = vec![];
    for (_, stale) in stale(state, phase, now.up, AGING_ON_DEMAND) {
        probes.extend(stale.into_iter().filter(|id| !probes.contains(id)).collect::<Vec<_>>());
    }
    probes
}

/// Sensed items of a phase that passed by looks made only when asked, older than `fresh` µs: their place, these probes.
pub(super) fn stale(state: &State, phase: usize, now: u64, fresh: u64) -> Vec<(usize, Vec<ProbeId>)> {
    let is_old = |id: &ProbeId| {
        let sample = state.probes.get(id).and_then(|p| p.sample.as_ref());
        state.plan.probe(id).is_some_and(|p| p.every.is_none() && p.members.is_empty())
            && sample.is_none_or(|s| now.saturating_sub(s.up) > fresh)
    };
    state
        .plan
        .items_of(phase)
        .filter_map(|(index, item)| {
            let Action::Check(check) = &item.action else { return None };
            if state.status(index) != Status::Passed {
                return None;
            }
            let mut probes = vec![];
            leaves(&state.plan, &check.probes, &mut probes, 0);
            probes.retain(is_old);
            (!probes.is_empty()).then_some((index, probes))
        })
        .collect()
}

/// Named probes from the flight's begin to its end; a check's own from its phase's opening on, since going red after
/// the phase was closed is a caution.
fn probes(state: &State) -> Vec<ProbeId> {
    let mut own: Vec<ProbeId> = vec![];
    for (index, item) in state.plan.items.iter().enumerate() {
        let opened = state.phases.get(item.phase).is_some_and(|p| p.opened.is_some());
        if let Action::Check(check) = &item.action
            && opened
            && state.status(index) != Status::Off
        {
            leaves(&state.plan, &check.probes, &mut own, 0);
        }
    }
    state
        .plan
        .probes
        .iter()
        .filter(|p| p.every.is_some() && p.members.is_empty())
        .filter(|p| own.contains(&p.id) || state.index(&ItemId(p.id.0.clone())).is_none())
        .map(|p| p.id.clone())
        .collect()
}

/// When a timer is due in this state, µs of run time; none when it does not run.
pub(super) fn due_of(state: &State, timer: &Timer) -> Option<u64> {
    let micros = |seconds: f64| (seconds.max(0.0) * 1e6) as u64;
    match timer {
        Timer::Timeout(item, number) => {
            let (index, attempt) = open(state, item, *number)?;
            let limit = attempt.what.timeout.or(state.plan.items[index].timeout)?;
            if attempt.stopping.is_some() || is_timed(state, index) {
                return None;
            }
            Some(attempt.started.up + micros(limit).max(least(state, index, limit)))
        }
        Timer::Escalate(item, number) => {
            let (_, attempt) = open(state, item, *number)?;
            let (stage, since) = attempt.stopping?;
            (stage < StopStage::Kill).then(|| since + scaled(state, STAGE))
        }
        Timer::WaitOver(item, number) => {
            let (index, attempt) = open(state, item, *number)?;
            match &state.plan.items[index].action {
                Action::Wait(wait) => match wait.until {
                    WaitFor::Time(seconds) => Some(attempt.started.up + micros(seconds)),
                    _ => None,
                },
                _ => None,
            }
        }
        Timer::BaselineOver(item, number) => {
            let (index, attempt) = open(state, item, *number)?;
            match &state.plan.items[index].action {
                Action::Baseline(baseline) => Some(attempt.started.up + micros(baseline.over)),
                _ => None,
            }
        }
        Timer::ApprovalOver(item) => {
            let index = state.index(item)?;
            let request = state.items[index].request.as_ref()?;
            let waiting = request.no.is_none() && !request.expired && state.items[index].settled.is_none();
            waiting.then_some(request.until)
        }
        Timer::Retry(item, number) => {
            let index = state.index(item)?;
            let Action::Run(run) = &state.plan.items[index].action else { return None };
            let retry = run.acting.retry?;
            let state_of = &state.items[index];
            let last = state_of.attempt().filter(|a| a.number == *number)?;
            let (ended_at, ended) = last.ended.as_ref()?;
            if !matches!(ended.outcome, Some(Outcome::Failed | Outcome::TimedOut)) || state.paused.is_some() {
                return None;
            }
            let tries = state_of.attempts.len() as u32;
            (run.acting.idempotent && tries <= retry.times && state_of.settled.is_none() && state.running.is_empty())
                .then(|| ended_at.up + micros(retry.every))
        }
        Timer::Patience(item) => {
            let index = state.index(item)?;
            let auto = state.opened.as_ref().is_some_and(|o| o.autopilot.yes || o.autopilot.answers.is_some());
            let plan = &state.plan.items[index];
            let sensed = matches!(plan.action, Action::Check(_)) && !state.status(index).is_settled();
            if !auto || !sensed || state.current != Some(index) || state.person_needed.is_some() {
                return None;
            }
            Some(state.items[index].opened?.up + plan.timeout.map_or(PATIENCE, micros))
        }
        Timer::Deferred(item) => {
            let index = state.index(item)?;
            match state.items[index].settled {
                Some(Settled::Deferred(Return::At(up), _)) if !state.is_closed(state.plan.items[index].phase) => Some(up),
                _ => None,
            }
        }
    }
}

/// Under a faster clock a command still starts and works in real time: its limit is not shorter than [`REAL`] of that,
/// or than the limit itself, µs of run time.
fn least(state: &State, index: usize, limit: f64) -> u64 {
    match state.plan.items[index].action {
        Action::Run(_) if state.speed() > 1.0 => scaled(state, ((limit.max(0.0) * 1e6) as u64).min(REAL)),
        _ => 0,
    }
}

/// Human and process time does not go faster with the run's clock.
fn scaled(state: &State, micros: u64) -> u64 {
    (micros as f64 * state.speed()) as u64
}

fn is_timed(state: &State, index: usize) -> bool {
    match &state.plan.items[index].action {
        Action::Wait(wait) => matches!(wait.until, WaitFor::Time(_)),
        Action::Baseline(_) => true,
        _ => false,
    }
}

fn open<'a>(state: &'a State, item: &ItemId, number: u32) -> Option<(usize, &'a super::state::Attempt)> {
    let index = state.index(item)?;
    let attempt = state.items[index].attempts.iter().find(|a| a.number == number && a.ended.is_none())?;
    Some((index, attempt))
}

fn condition(state: &State, index: usize, number: u32) -> Option<Condition> {
    let item = &state.plan.items[index];
    let (_, attempt) = open(state, &item.id, number)?;
    let kind = match &item.action {
        Action::Wait(wait) => match &wait.until {
            WaitFor::Condition(expr) => ConditionKind::Expr(expr.clone(), wait.in_a_row),
            WaitFor::Probes(probes) => {
                let mut all = vec![];
                leaves(&state.plan, probes, &mut all, 0);
                ConditionKind::Probes(all, wait.in_a_row)
            }
            WaitFor::Time(_) => return None,
        },
        Action::Baseline(baseline) => {
            let mut all = vec![];
            leaves(&state.plan, &baseline.probes, &mut all, 0);
            ConditionKind::Baseline(all, baseline.over)
        }
        Action::Run(run) => match (&run.acting.until, &attempt.what.what) {
            (Some(until), Resolved::Argv(_) | Resolved::Script { .. }) if attempt.stopping.is_none() => {
                ConditionKind::Until(until.clone())
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(Condition { item: item.id.clone(), attempt: number, since: attempt.started.up, kind })
}
