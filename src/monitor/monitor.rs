//! The monitor: takes samples in, says whose verdict turned.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::Condition;
use super::counts::Counts;
use super::group::Combine;
use super::series::{Series, median};
use super::watch::{Change, How, ProbeRule, Watched};
use crate::words::{Look, ProbeId, Sample, Unit, Verdict, short_duration};

/// All probes of a run with their samples and verdicts, and the conditions over them.
///
/// It holds no clock: time comes with each call, as run time in µs, and never falls. Pushing the spool's samples
/// again in their order builds the same monitor again.
#[derive(Debug, Default)]
pub struct Monitor {
    probes: BTreeMap<ProbeId, Watched>,
    /// Groups, members before the groups that hold them.
    groups: Vec<ProbeId>,
    baselines: BTreeMap<ProbeId, f64>,
    pub(super) conditions: BTreeMap<String, Condition>,
}

/// Figures before the change.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The median of the good looks, in base units.
    pub value: f64,
    /// How many good looks it comes from.
    pub samples: usize,
}

impl Monitor {
    /// An empty monitor.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on exactly these probes are known. Those that stay keep their samples, whatever their rules are.
    pub fn reconcile(&mut self, rules: Vec<ProbeRule>, up: u64) -> Vec<Change> {
        let mut before = std::mem::take(&mut self.probes);
        for ProbeRule { probe, how } in rules {
            let same_sort = |w: &Watched| matches!(w.how, How::Group { .. }) == matches!(how, How::Group { .. });
            let watched = match before.remove(&probe).filter(same_sort) {
                Some(mut kept) => {
                    kept.adopt(how);
                    kept
                }
                None => Watched::new(how, up),
            };
            self.probes.insert(probe, watched);
        }
        self.groups = self.order();
        self.conditions_know_probes(up);
        let all: Vec<ProbeId> = self.groups.clone();
        let mut changes = vec![];
        for group in all {
            changes.extend(self.regroup(&group, up, false));
        }
        changes
    }

    /// Takes a look in. What turned comes back: the probe itself and the groups it is in.
    pub fn push(&mut self, sample: &Sample) -> Vec<Change> {
        let mut changes = vec![];
        let Some(watched) = self.probes.get_mut(&sample.probe) else { return changes };
        if !matches!(watched.how, How::Looked { .. }) || watched.last.as_ref().is_some_and(|l| l.up > sample.up) {
            return changes;
        }
        watched.pass(sample.up);
        watched.stale = false;
        watched.series.push(sample);
        watched.count_look(sample.look);
        watched.last = Some(sample.clone());
        if let Some(verdict) = watched.debounce.push(sample.look, sample.up) {
            watched.verdict = verdict;
            changes.push(Change { probe: sample.probe.clone(), verdict, sample: sample.clone() });
        }
        for group in self.groups_of(&sample.probe) {
            changes.extend(self.regroup(&group, sample.up, true));
        }
        changes
    }

    /// Lets time pass, about once a second: looks grow old, flapping ends.
    pub fn tick(&mut self, up: u64) -> Vec<Change> {
        let mut changes = vec![];
        for (probe, watched) in &mut self.probes {
            watched.pass(up);
            let How::Looked { .. } = watched.how else { continue };
            let turned = if watched.stale_at().is_some_and(|at| up > at) {
                watched.stale = true;
                watched.debounce.stale(up)
            } else {
                watched.debounce.tick(up)
            };
            if let Some(verdict) = turned {
                watched.verdict = verdict;
                let mut sample = watched.last.clone().unwrap_or_default();
                sample.probe = probe.clone();
                if watched.stale {
                    let age = short_duration(up.saturating_sub(sample.up) as f64 / 1e6);
                    let text = format!("no look for {age}");
                    sample =
                        Sample { probe: probe.clone(), up, text: text.clone(), why: Some(text), ..Sample::default() };
                }
                changes.push(Change { probe: probe.clone(), verdict, sample });
            }
        }
        for group in self.groups.clone() {
            changes.extend(self.regroup(&group, up, false));
        }
        changes
    }

    /// Whether the next look could turn the probe's verdict, so that it is worth to look again in a second.
    pub fn could_turn(&self, probe: &ProbeId) -> bool {
        self.probes
            .get(probe)
            .is_some_and(|w| matches!(w.how, How::Looked { every: Some(_), .. }) && w.debounce.could_turn())
    }

    /// The verdict; no data for a probe that is not known.
    pub fn verdict(&self, probe: &ProbeId) -> Verdict {
        self.probes.get(probe).map(|w| w.verdict).unwrap_or_default()
    }

    /// What the newest look alone says; for a group, of its members together.
    pub fn look(&self, probe: &ProbeId) -> Look {
        // A group's last sample is made anew at each look of a member.
        self.probes.get(probe).map(Watched::look).unwrap_or_default()
    }

    /// Whether the newest look is too old.
    pub fn is_stale(&self, probe: &ProbeId) -> bool {
        self.probes.get(probe).is_some_and(|w| w.stale)
    }

    /// The newest look.
    pub fn last(&self, probe: &ProbeId) -> Option<&Sample> {
        self.probes.get(probe)?.last.as_ref()
    }

    /// The samples of a probe.
    pub fn series(&self, probe: &ProbeId) -> Option<&Series> {
        self.probes.get(probe).map(|w| &w.series)
    }

    /// The unit of a probe's figure; none for groups and unknown probes.
    pub fn unit(&self, probe: &ProbeId) -> Option<Unit> {
        match self.probes.get(probe)?.how {
            How::Looked { unit, .. } => Some(unit),
            How::Group { .. } => None,
        }
    }

    /// Whether the probe is known: switched on.
    pub fn knows(&self, probe: &ProbeId) -> bool {
        self.probes.contains_key(probe)
    }

    /// All known probes, groups too.
    pub fn probes(&self) -> impl Iterator<Item = &ProbeId> {
        self.probes.keys()
    }

    /// A group's direct members that are on; nothing for a probe that is no group.
    pub fn members(&self, probe: &ProbeId) -> Vec<&ProbeId> {
        match self.probes.get(probe).map(|w| &w.how) {
            Some(How::Group { members, .. }) => self.on(members).collect(),
            _ => vec![],
        }
    }

    /// Looks and time since the mark (or the beginning); for `success_rate` and `uptime`.
    pub fn counts(&self, probe: &ProbeId) -> Option<Counts> {
        self.probes.get(probe).map(Watched::counts)
    }

    /// Counts begin again here: the watch starts.
    pub fn mark(&mut self, up: u64) {
        self.probes.values_mut().for_each(|w| w.mark(up));
    }

    /// The median of a probe's good looks over the last `over` µs before `up`. Too few looks are an error in words.
    pub fn baseline(&self, probe: &ProbeId, over: u64, up: u64) -> Result<Baseline, String> {
        let watched = self.probes.get(probe).ok_or_else(|| format!("{probe} is switched off"))?;
        let How::Looked { every, unit, .. } = watched.how else {
            return Err(format!("{probe} is a group and has no figure"));
        };
        let every = every.filter(|e| *e > 0).ok_or_else(|| format!("{probe} is only looked at when asked"))?;
        let (figures, samples) = watched.series.good_since(up.saturating_sub(over), up);
        let expected = (over / every).max(1) as usize;
        let window = short_duration(over as f64 / 1e6);
        // 80 %: a few lost looks do not matter, a probe that was down half the time does.
        if samples * 10 < expected * 8 {
            return Err(format!("{probe}: only {samples} of {expected} good looks in {window}, wanted 80 %"));
        }
        let value = median(figures).ok_or_else(|| format!("{probe}: its looks have no figure ({})", unit.show(0.0)))?;
        Ok(Baseline { value, samples })
    }

    /// Sets the figure that `baseline(p)` stands for: of a `baseline_taken` event.
    pub fn set_baseline(&mut self, probe: ProbeId, value: f64) {
        self.baselines.insert(probe, value);
    }

    /// The figure that `baseline(p)` stands for.
    pub fn baseline_of(&self, probe: &ProbeId) -> Option<f64> {
        self.baselines.get(probe).copied()
    }

    /// The probes that are looked at below a probe: itself, or all members of a group, through groups.
    pub(super) fn leaves(&self, probe: &ProbeId) -> BTreeSet<ProbeId> {
        let mut leaves = BTreeSet::new();
        let (mut todo, mut seen) = (vec![probe.clone()], BTreeSet::new());
        while let Some(probe) = todo.pop() {
            if !seen.insert(probe.clone()) {
                continue;
            }
            match self.probes.get(&probe).map(|w| &w.how) {
                Some(How::Group { members, .. }) => todo.extend(members.iter().cloned()),
                Some(How::Looked { .. }) => {
                    leaves.insert(probe);
                }
                None => {}
            }
        }
        leaves
    }

    /// Whether a probe is looked at by itself, not only when asked.
    pub(super) fn is_periodic(&self, probe: &ProbeId) -> bool {
        self.probes.get(probe).is_some_and(|w| matches!(w.how, How::Looked { every: Some(_), .. }))
    }

    fn on<'a>(&'a self, members: &'a [ProbeId]) -> impl Iterator<Item = &'a ProbeId> {
        members.iter().filter(|m| self.probes.contains_key(*m))
    }

    /// Groups with members before those that hold them; a group in a circle is left out, so it stays without data.
    fn order(&self) -> Vec<ProbeId> {
        let mut open: BTreeMap<&ProbeId, &Vec<ProbeId>> = BTreeMap::new();
        for (id, watched) in &self.probes {
            if let How::Group { members, .. } = &watched.how {
                open.insert(id, members);
            }
        }
        let mut order = vec![];
        loop {
            let ready: Vec<&ProbeId> =
                open.iter().filter(|(_, ms)| !ms.iter().any(|m| open.contains_key(m))).map(|(id, _)| *id).collect();
            if ready.is_empty() {
                return order;
            }
            for id in ready {
                open.remove(id);
                order.push(id.clone());
            }
        }
    }

    /// The groups that hold a probe, directly or through others, inner ones first.
    fn groups_of(&self, probe: &ProbeId) -> Vec<ProbeId> {
        let mut inside = BTreeSet::from([probe]);
        let mut found = vec![];
        for group in &self.groups {
            if let Some(How::Group { members, .. }) = self.probes.get(group).map(|w| &w.how)
                && members.iter().any(|m| inside.contains(m))
            {
                inside.insert(group);
                found.push(group.clone());
            }
        }
        found
    }

    /// A group's verdict from its members; a change when it turned.
    fn regroup(&mut self, group: &ProbeId, up: u64, looked: bool) -> Option<Change> {
        let How::Group { of, members } = &self.probes.get(group)?.how else { return None };
        let of = *of;
        let members: Vec<ProbeId> = self.on(members).cloned().collect();
        let verdict = of.verdict(members.iter().map(|m| self.verdict(m)));
        let look = of.look(members.iter().map(|m| self.look(m)));
        let text = self.group_words(of, verdict, &members);
        let watched = self.probes.get_mut(group)?;
        watched.pass(up);
        if looked {
            watched.count_look(look);
        }
        let why = (verdict != Verdict::Ok).then(|| text.clone());
        let sample = Sample { probe: group.clone(), up, look, text, why, ..Sample::default() };
        watched.last = Some(sample.clone());
        let turned = std::mem::replace(&mut watched.verdict, verdict) != verdict;
        turned.then(|| Change { probe: group.clone(), verdict, sample })
    }

    /// What a group's members say, in words: those that make it what it is.
    fn group_words(&self, of: Combine, verdict: Verdict, members: &[ProbeId]) -> String {
        if members.is_empty() {
            return "all of its probes are switched off".into();
        }
        let count = members.len();
        let ok = members.iter().filter(|m| self.verdict(m) == Verdict::Ok).count();
        if verdict == Verdict::Ok && (ok == count || of == Combine::Best) {
            return format!("{ok} of {count} ok");
        }
        let mut words: Vec<String> = vec![];
        for member in members.iter().filter(|m| self.verdict(m) != Verdict::Ok) {
            let last = self.last(member).map(|s| s.why.as_deref().unwrap_or(&s.text)).filter(|t| !t.is_empty());
            let said = self.verdict(member).words();
            words.push(last.map_or_else(|| format!("{member} {said}"), |why| format!("{member} {said}: {why}")));
        }
        // Three are read, thirty are not.
        let more = words.len().saturating_sub(3);
        words.truncate(3);
        let tail = if more > 0 { format!("; {more} more") } else { String::new() };
        format!("{ok} of {count} ok; {}{tail}", words.join("; "))
    }
}
