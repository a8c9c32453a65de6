//! What each kind of item shows under its title.

use ratatui::style::Style;

use crate::engine::event::Resolved;
use crate::engine::plan::{Action, AnswerKind, Approve, Check, Probe, WaitFor};
use crate::engine::{PlanScope, Settled, Status};
use crate::tui::enter::{ago, answered};
use crate::tui::facts::{self, Command};
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::Line;
use crate::words::{ProbeId, Verdict, clock, short_duration};

/// The lines of an item's action.
pub fn lines(ctx: &Ctx<'_>, index: usize, columns: usize) -> Vec<Line> {
    let item = &ctx.model.state.plan.items[index];
    match &item.action {
        Action::Tick => vec![],
        Action::Run(_) => command(ctx, index, columns),
        Action::Check(check) => sensed(ctx, check, columns),
        Action::Wait(wait) => {
            let what = match &wait.until {
                WaitFor::Condition(expr) => format!("until {}", text::line(expr.source())),
                WaitFor::Probes(probes) => format!("until {} ok", names(ctx, probes)),
                WaitFor::Time(seconds) => format!("for {}", short_duration(*seconds)),
            };
            let times = if wait.in_a_row > 1 { format!(", {} times in a row", wait.in_a_row) } else { String::new() };
            let mut lines = Line::wrapped(&format!("waits {what}{times}"), columns, 2, Style::new());
            lines.extend(watched(ctx, index, columns));
            if let WaitFor::Probes(probes) = &wait.until {
                lines.extend(probe_lines(ctx, probes, columns));
            }
            lines
        }
        Action::Baseline(baseline) => {
            let over = short_duration(baseline.over);
            let mut lines = Line::wrapped(
                &format!("measures {} over {over}", names(ctx, &baseline.probes)),
                columns,
                2,
                Style::new(),
            );
            lines.extend(watched(ctx, index, columns));
            for id in &baseline.probes {
                let Some(probe) = ctx.model.state.plan.probe(id) else { continue };
                if let Some(figure) = ctx.model.state.baselines.get(id) {
                    lines.push(Line::plain(format!("  {}  {}", text::line(&probe.title), probe.unit.show(*figure))));
                }
            }
            lines
        }
        Action::Confirm(confirm) => {
            let scope = PlanScope::new(&ctx.model.state, index);
            let ask = confirm.ask.shown(&scope);
            let mut lines = Line::wrapped(&text::line(&ask), columns, 2, Style::new());
            if confirm.answer != AnswerKind::None
                && let Some(answer) = answered(ctx, index, "answer")
            {
                lines.push(Line::of("answer  ", ctx.theme.faint()).with(text::line(&answer), ctx.theme.strong()));
            }
            lines
        }
        Action::Record(record) => {
            let scope = PlanScope::new(&ctx.model.state, index);
            let mut lines = vec![];
            for field in &record.fields {
                let ask = text::line(field.ask.as_deref().unwrap_or(field.name.as_str()));
                let given = answered(ctx, index, field.name.as_str());
                let (value, style) = match given {
                    Some(value) => (value, ctx.theme.strong()),
                    None => {
                        let filled = field.default.as_ref().and_then(|d| d.fill(&scope).ok()).unwrap_or_default();
                        (filled, ctx.theme.faint())
                    }
                };
                lines.push(Line::plain(format!("{ask}  ")).with(text::line(&value), style));
            }
            lines
        }
        Action::Notify(_) => notice(ctx, index, columns),
        Action::Approve(approve) => approval(ctx, index, approve, columns),
    }
}

fn names(ctx: &Ctx<'_>, probes: &[ProbeId]) -> String {
    let title = |id: &ProbeId| ctx.model.state.plan.probe(id).map_or(id.0.clone(), |p| p.title.clone());
    probes.iter().map(|id| text::line(&title(id))).collect::<Vec<_>>().join(", ")
}

/// The command, wrapped at its words.
fn command(ctx: &Ctx<'_>, index: usize, columns: usize) -> Vec<Line> {
    let theme = ctx.theme;
    let started = match facts::shown_command(ctx.model, index) {
        Ok(started) => started,
        // What does not apply need not be known.
        Err(_) if ctx.model.status(index) == Status::Off => return vec![],
        Err(why) => return Line::wrapped(&format!("not known yet: {}", text::line(&why)), columns, 2, theme.caution()),
    };
    let mut lines = vec![];
    match facts::command(&started.what) {
        Command::Words(words) => {
            let wrapped = text::fill(words, columns.saturating_sub(2), 2);
            for (n, line) in wrapped.into_iter().enumerate() {
                let lead = if n == 0 { "$ " } else { "  " };
                lines.push(Line::of(lead, theme.faint()).with(line, theme.strong()));
            }
        }
        Command::Script(shell, script) => {
            lines.push(Line::of(
                format!("{shell}, a script of {} line{}:", script.len(), facts::plural(script.len())),
                theme.faint(),
            ));
            for line in script.iter() {
                let wrapped = text::fill([line.clone()], columns.saturating_sub(2), 2);
                lines.extend(wrapped.into_iter().map(|l| Line::of("  ", Style::new()).with(l, theme.strong())));
            }
        }
        Command::None => {}
    }
    let around = facts::surroundings(&started);
    if !around.is_empty() {
        lines.extend(Line::wrapped(&around.join("  "), columns, 4, theme.faint()));
    }
    if started.edited {
        lines.push(Line::of("edited: it differs from the runbook", theme.caution()));
    }
    lines
}

/// What a running wait or baseline still misses.
fn watched(ctx: &Ctx<'_>, index: usize, columns: usize) -> Vec<Line> {
    if ctx.model.status(index) != Status::Busy {
        return vec![];
    }
    match ctx.model.missing(index) {
        Some(missing) => Line::wrapped(&text::line(missing), columns, 2, ctx.theme.caution()),
        None => vec![],
    }
}

fn sensed(ctx: &Ctx<'_>, check: &Check, columns: usize) -> Vec<Line> {
    let mut lines = vec![Line::of("sensed: the program looks; no box to press", ctx.theme.faint()), Line::blank()];
    lines.extend(probe_lines(ctx, &check.probes, columns));
    lines
}

/// Each probe with what was seen, what is wanted, how old it is; why and a hint when it is not good.
fn probe_lines(ctx: &Ctx<'_>, probes: &[ProbeId], columns: usize) -> Vec<Line> {
    let plan = &ctx.model.state.plan;
    let mut lines = vec![];
    for id in probes {
        let Some(probe) = plan.probe(id) else { continue };
        let members: Vec<&Probe> = if probe.members.is_empty() {
            vec![probe]
        } else {
            probe.members.iter().filter_map(|m| plan.probe(m)).collect()
        };
        for probe in members {
            one_probe(ctx, probe, columns, &mut lines);
        }
    }
    lines
}

fn one_probe(ctx: &Ctx<'_>, probe: &Probe, columns: usize, lines: &mut Vec<Line>) {
    let theme = ctx.theme;
    let live = ctx.model.live_probe(&probe.id).filter(|l| l.up.is_some());
    let known = ctx.model.state.probes.get(&probe.id);
    let sample = known.and_then(|k| k.sample.as_deref());
    let verdict = known.map(|k| k.verdict).or(live.map(|l| l.verdict)).unwrap_or_default();
    let (glyph, style) = theme.verdict(verdict, live.is_some() || sample.is_some());
    let (seen, up, why, hint) = match (live, sample) {
        (Some(l), _) => (text::line(&l.text), l.up, l.why.as_deref(), l.hint.as_deref()),
        (None, Some(s)) => (text::line(&s.text), Some(s.up), s.why.as_deref(), s.hint.as_deref()),
        (None, None) => ("not looked at yet".into(), None, None, None),
    };
    let wanted = probe.expect.iter().map(|e| text::line(e.source())).collect::<Vec<_>>().join(", ");
    let wanted = if wanted.is_empty() { wanted } else { format!("wanted {wanted}") };
    let age = up.map(|up| ago(ctx, up)).unwrap_or_default();
    let words: Vec<&str> =
        [seen.as_str(), wanted.as_str(), age.as_str()].into_iter().filter(|w| !w.is_empty()).collect();
    let title = text::line(&probe.title);
    lines.extend(
        text::wrap(&format!("{title}  {}", words.join(" · ")), columns.saturating_sub(2), 2)
            .into_iter()
            .enumerate()
            .map(|(n, l)| {
                let lead = if n == 0 { format!("{glyph} ") } else { "  ".into() };
                Line::of(lead, style).with(l, Style::new())
            }),
    );
    if verdict != Verdict::Ok {
        for (words, style) in [(why, theme.caution()), (hint, Style::new())] {
            // What was seen says it already.
            let Some(words) = words.map(text::line).filter(|words| *words != seen) else { continue };
            let rows = text::hanging(&format!("    {words}"), columns);
            lines.extend(rows.into_iter().map(|row| Line::of(row, style)));
        }
    }
}

fn notice(ctx: &Ctx<'_>, index: usize, columns: usize) -> Vec<Line> {
    let theme = ctx.theme;
    match facts::shown_command(ctx.model, index).map(|s| s.what) {
        Ok(Resolved::Notice { to, title, text: body }) => {
            let to: Vec<String> = to.iter().map(|n| text::line(n.as_str())).collect();
            let mut lines = vec![
                Line::of("to     ", theme.faint()).with(to.join(", "), theme.strong()),
                Line::of("title  ", theme.faint()).with(text::line(&title), Style::new()),
            ];
            for line in text::lines(&body) {
                lines.extend(Line::wrapped(&line, columns, 0, Style::new()));
            }
            lines
        }
        Ok(_) => vec![],
        Err(_) if ctx.model.status(index) == Status::Off => vec![],
        Err(why) => Line::wrapped(&format!("not known yet: {}", text::line(&why)), columns, 2, theme.caution()),
    }
}

fn approval(ctx: &Ctx<'_>, index: usize, approve: &Approve, columns: usize) -> Vec<Line> {
    let (theme, state) = (ctx.theme, &ctx.model.state);
    let who: Vec<String> = approve
        .by
        .iter()
        .map(|name| {
            let contact = state.plan.contacts.iter().find(|c| c.name == name.as_str());
            text::line(contact.and_then(|c| c.role.as_deref()).unwrap_or(name.as_str()))
        })
        .collect();
    let who = if who.is_empty() { "anybody but the operator".to_owned() } else { who.join(", ") };
    let proof = match approve.proof {
        crate::words::Proof::Stated => "a typed name is enough",
        crate::words::Proof::Login => "in the approver's own login",
        crate::words::Proof::Key => "signed with the approver's SSH key",
    };
    let mut lines = Line::wrapped(
        &format!("{} of: {who}; {proof}; within {}", approve.count, short_duration(approve.within)),
        columns,
        2,
        Style::new(),
    );
    let Some(request) = &state.items[index].request else { return lines };
    lines.push(Line::blank());
    lines.extend(text::lines(&request.text).into_iter().map(|l| Line::of(format!("  {l}"), theme.faint())));
    for yes in &request.yes {
        lines.push(Line::of(format!("yes: {}", text::line(yes.name())), theme.good()));
    }
    match (&request.no, request.expired) {
        (Some((by, says)), _) => {
            let says = says.as_ref().map(|s| format!(": {}", text::line(s))).unwrap_or_default();
            lines.push(Line::of(format!("no: {}{says}", text::line(by.name())), theme.critical()));
        }
        (None, true) => lines.push(Line::of("nobody answered in time", theme.caution())),
        (None, false) => {
            let left = request.until.saturating_sub(ctx.model.up(ctx.now)) / 1_000_000;
            let until = ctx.model.at_of(request.until, ctx.now).map(crate::words::local_and_utc).unwrap_or_default();
            lines.push(Line::plain(format!("until {until}, {} left", clock(left))));
        }
    }
    lines
}

/// What was decided about an item by a person.
pub fn decision(ctx: &Ctx<'_>, index: usize) -> Option<(String, Style)> {
    let item = &ctx.model.state.items[index];
    let who = facts::when_who(item.settled_at, item.settled_by.as_ref());
    let caution = ctx.theme.caution();
    Some(match item.settled.as_ref()? {
        Settled::Answered(answer) => {
            let fast = if answer.fast { ", faster than it can be read" } else { "" };
            (format!("done {who}{fast}"), if answer.fast { caution } else { ctx.theme.good() })
        }
        Settled::Skipped(why) => (format!("skipped {who}: {}", text::line(why)), caution),
        Settled::NotApplicable(why) => (format!("does not apply {who}: {}", text::line(why)), ctx.theme.faint()),
        Settled::Deferred(to, why) => (
            format!("deferred {who}, comes back {}: {}", facts::returns(ctx.model, to, ctx.now), text::line(why)),
            caution,
        ),
        Settled::Overridden(why, second) => {
            let second = second.as_ref().map(|s| format!(" with {}", text::line(s.name()))).unwrap_or_default();
            (format!("overridden {who}{second}: {}", text::line(why)), caution)
        }
    })
}
