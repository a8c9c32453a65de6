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

/// What the host keeps going.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Probes that are sampled at their interval.
    pub probes: Vec<ProbeId>,
    /// Timers with their due times, µs of run time.
    pub timers: Vec<(Timer, u64)>,
    /// Conditions that are looked for.
    pub conditions: Vec<Condition>,
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
        wanted.timers.extend(
            [
                Timer::Timeout(id.clone(), *number),
                Timer::Escalate(id.clone(), *number),
                Timer::WaitOver(id.clone(), *number),
                Timer::BaselineOver(id.clone(), *number),
            ]
            .into_iter()
            .filter_map(|timer| Some((timer.clone(), due_of(state, &timer)?))),
        );
        wanted.conditions.extend(condition(state, *index, *number));
    }
    let mut add = |timer: Timer| {
        if let Some(due) = due_of(state, &timer) {
            wanted.timers.push((timer, due));
        }
    };
    for index in &state.waiting {
        let id = &state.plan.items[*index].id;
        add(Timer::ApprovalOver(id.clone()));
        add(Timer::Deferred(id.clone()));
    }
    if let Some(index) = state.current {
        let id = &state.plan.items[index].id;
        if let Some(attempt) = state.items[index].attempt() {
            add(Timer::Retry(id.clone(), attempt.number));
        }
        add(Timer::Patience(id.clone()));
    }
    wanted
}

/// Named probes from the flight's begin to its end; a check's own from its phase's opening on, since going red after
/// the phase was closed is a caution.
fn probes(state: &State) -> Vec<ProbeId> {
    let plan = &state.plan;
    let is_on = |item: &ItemId| {
        plan.index(item).is_some_and(|index| {
            let opened = state.phases.get(plan.items[index].phase).is_some_and(|p| p.opened.is_some());
            opened && state.status(index) != Status::Off
        })
    };
    plan.probes
        .iter()
        .filter(|p| p.every.is_some() && p.members.is_empty())
        .filter(|p| p.of.as_ref().is_none_or(is_on))
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
            Some(attempt.started.up.saturating_add(micros(limit).max(least(state, index, limit))))
        }
        Timer::Escalate(item, number) => {
            let (_, attempt) = open(state, item, *number)?;
            let (stage, since) = attempt.stopping?;
            (stage < StopStage::Kill).then(|| since.saturating_add(scaled(state, STAGE)))
        }
        Timer::WaitOver(item, number) => {
            let (index, attempt) = open(state, item, *number)?;
            match &state.plan.items[index].action {
                Action::Wait(wait) => match wait.until {
                    WaitFor::Time(seconds) => Some(attempt.started.up.saturating_add(micros(seconds))),
                    _ => None,
                },
                _ => None,
            }
        }
        Timer::BaselineOver(item, number) => {
            let (index, attempt) = open(state, item, *number)?;
            match &state.plan.items[index].action {
                Action::Baseline(baseline) => Some(attempt.started.up.saturating_add(micros(baseline.over))),
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
            let last = state_of.present().filter(|a| a.number == *number)?;
            let (ended_at, ended) = last.ended.as_ref()?;
            if !matches!(ended.outcome, Some(Outcome::Failed | Outcome::TimedOut)) || is_held(state) {
                return None;
            }
            let tries = (state_of.attempts.len() - state_of.before) as u32;
            (run.acting.idempotent && tries <= retry.times && state_of.settled.is_none() && state.is_workable(index))
                .then(|| ended_at.up.saturating_add(micros(retry.every)))
        }
        Timer::Patience(item) => {
            let index = state.index(item)?;
            let auto = state.opened.as_ref().is_some_and(|o| o.autopilot.yes || o.autopilot.answers.is_some());
            let (plan, item) = (&state.plan.items[index], &state.items[index]);
            if !auto || state.current != Some(index) || state.person_needed.is_some() || state.paused.is_some() {
                return None;
            }
            match &plan.action {
                // From when the box came, or from when it went red under it.
                Action::Check(check) if !state.status(index).is_settled() => {
                    let turned = check.probes.iter().filter_map(|p| state.probes.get(p)).map(|p| p.since).max();
                    let since = item.came?.up.max(turned.unwrap_or(0));
                    // What looks only when asked does not turn green by waiting.
                    let looks = leaves(&state.plan, &check.probes);
                    let by_itself = looks.iter().any(|p| state.plan.probe(p).is_some_and(|p| p.every.is_some()));
                    // A look takes real time, under a faster clock too, and is over a moment after its own limit.
                    let look =
                        looks.iter().filter_map(|p| state.plan.probe(p)).map(|p| p.timeout + 1.0).fold(0.0, f64::max);
                    let once = PATIENCE.max(scaled(state, micros(look)));
                    let limit = plan.timeout.filter(|_| by_itself).map_or(once, micros);
                    Some(since.saturating_add(limit))
                }
                // A settling probe looks: it may say that it happened.
                Action::Run(run) if !run.acting.settle.is_empty() && state.status(index) == Status::Unknown => {
                    Some(item.present()?.ended.as_ref()?.0.up.saturating_add(PATIENCE))
                }
                _ => None,
            }
        }
        Timer::Deferred(item) => {
            let index = state.index(item)?;
            match state.items[index].settled {
                Some(Settled::Deferred(Return::At(up), _)) if state.phase.is_some() && state.rollback.is_none() => {
                    Some(up)
                }
                _ => None,
            }
        }
    }
}

/// Nothing may start now.
pub(super) fn is_held(state: &State) -> bool {
    state.paused.is_some() || state.storage_failed.is_some() || !state.moved.is_empty() || !state.running.is_empty()
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
pub(super) fn scaled(state: &State, micros: u64) -> u64 {
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
                let all = leaves(&state.plan, probes);
                ConditionKind::Probes(all, wait.in_a_row)
            }
            WaitFor::Time(_) => return None,
        },
        Action::Baseline(baseline) => ConditionKind::Baseline(leaves(&state.plan, &baseline.probes), baseline.over),
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
