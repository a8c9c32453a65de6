//! The item: what it is, what is expected, what happened, and its terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{kinds, tape};
use crate::engine::plan::Action;
use crate::engine::{Attempt, Status};
use crate::tui::facts;
use crate::tui::keymap::{self, Cmd};
use crate::tui::text;
use crate::tui::tree::Node;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Paint, boxed};
use crate::words::{Outcome, clock};

/// What the item pane drew.
#[derive(Clone, Debug, Default)]
pub struct Drew {
    /// The inside of the terminal box.
    pub tape: Option<Rect>,
    /// Its first row.
    pub top: usize,
    /// How far the text can go down.
    pub most: usize,
    /// The cursor while it is typed.
    pub cursor: Option<Position>,
    /// The command's end was on the screen: item, what was seen of it, digest.
    pub command: Option<(usize, u32, String)>,
    /// Lines of the command that are still below.
    pub command_left: usize,
}

/// The pane's title: where the item stands.
pub fn title(ctx: &Ctx<'_>, columns: usize) -> String {
    let arrow = format!(" {} ", ctx.theme.pick("▸", ">"));
    match ctx.shown() {
        Node::Item(index) if ctx.item().is_some() => {
            let mut parts = facts::path(ctx.model, index);
            parts.push(facts::place_words(ctx.model, index));
            let whole = parts.join(&arrow);
            if text::width(&whole) <= columns || parts.len() < 3 {
                return text::cut_middle(&whole, columns);
            }
            // The nearest heading and the number say most.
            let near = parts[parts.len() - 2..].join(&arrow);
            text::cut_middle(&format!("…{arrow}{near}"), columns)
        }
        _ => "Item".into(),
    }
}

/// An item in one row: what it is, how its last attempt stands.
pub fn headline(ctx: &Ctx<'_>, index: usize, columns: usize) -> Line {
    let (glyph, style) = ctx.theme.status(&ctx.model.status(index), ctx.model.state.current == Some(index));
    let words = match ctx.model.state.items[index].attempt() {
        Some(attempt) if attempt.ended.is_none() => format!("   {}", running(ctx, attempt)),
        Some(attempt) => format!("   {}", facts::ended(attempt)),
        None => String::new(),
    };
    let room = columns.saturating_sub(text::width(glyph) + 1 + text::width(&words));
    let title = text::cut_middle(&facts::title(ctx.model, index), room);
    Line::of(format!("{glyph} "), style).with(title, ctx.theme.strong()).with(words, style)
}

/// Draws the pane.
pub fn draw(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect) -> Drew {
    let columns = usize::from(area.width);
    let Some(index) = ctx.item() else {
        let lines = heading(ctx, columns);
        let most = Paint::new(buf, area).lines(&lines, ctx.view.text_down);
        return Drew { most, ..Drew::default() };
    };
    let (lines, command_end) = lines(ctx, index, columns);
    let has_tape = ctx.model.tape.attempt.is_some();
    // The text needs what it needs; the terminal gets the rest, but never less than a third.
    let least = if has_tape { (area.height / 3).max(5).min(area.height) } else { 0 };
    let text_rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height.saturating_sub(least));
    let text_area = Rect { height: if has_tape { text_rows } else { area.height }, ..area };
    let most = Paint::new(buf, text_area).lines(&lines, ctx.view.text_down);
    if most > 0 {
        let words = format!(" {} more lines ", most - ctx.view.text_down.min(most));
        let row = text_area.height.saturating_sub(1);
        if ctx.view.text_down < most {
            Paint::new(buf, text_area).right(row, &Line::of(words, ctx.theme.caution()));
        }
    }
    let seen_down = ctx.view.text_down.min(most) + usize::from(text_area.height);
    let mut drew = Drew { most, ..Drew::default() };
    // A command that did not fit was read when its end was scrolled to.
    drew.command_left = command_end.saturating_sub(seen_down);
    if seen_down >= command_end
        && let Ok(started) = crate::engine::resolve(&ctx.model.state, index)
    {
        drew.command = Some((index, ctx.seen(index), started.digest));
    }
    if has_tape {
        let area = Rect { y: area.y + text_rows, height: area.height - text_rows, ..area };
        let inside = frame(ctx, buf, area, index);
        let (top, cursor) = tape::draw(ctx, buf, inside);
        (drew.tape, drew.top, drew.cursor) = (Some(inside), top, cursor);
    }
    drew
}

/// The lines above the terminal, and behind which of them the command ends.
fn lines(ctx: &Ctx<'_>, index: usize, columns: usize) -> (Vec<Line>, usize) {
    let (model, theme) = (ctx.model, ctx.theme);
    let item = &model.state.plan.items[index];
    let status = model.status(index);
    let (glyph, style) = theme.status(&status, model.state.current == Some(index));
    let mut lines: Vec<Line> = vec![];
    for (n, line) in text::wrap(&facts::title(model, index), columns.saturating_sub(4), 0).into_iter().enumerate() {
        let lead = if n == 0 { format!("{glyph} ") } else { "  ".into() };
        lines.push(Line::of(lead, style).with(line, theme.strong()));
    }
    if let Some(why) = off(ctx, index) {
        lines.extend(Line::wrapped(&format!("does not apply: {why}"), columns, 2, theme.faint()));
    }
    if let Some((words, style)) = kinds::decision(ctx, index) {
        lines.extend(Line::wrapped(&words, columns, 2, style));
    }
    // What went wrong is read first, whatever room there is.
    let wrong = matches!(status, Status::Failed(_) | Status::Unknown);
    if wrong {
        outcome(ctx, index, columns, &mut lines);
    }
    let action = kinds::lines(ctx, index, columns);
    if !action.is_empty() {
        lines.push(Line::blank());
        lines.extend(action);
    }
    if let Some(danger) = facts::danger_text(model, index) {
        lines.extend(Line::labelled("danger", &danger, columns, theme.caution()));
    }
    let command_end = lines.len();
    lines.push(Line::blank());
    policy(ctx, index, columns, &mut lines);
    if !wrong {
        outcome(ctx, index, columns, &mut lines);
    }
    for note in model.state.notes.iter().filter(|n| n.item.as_ref() == Some(&item.id)) {
        let words = format!("note {}  {}", facts::when_who(Some(note.stamp), Some(&note.by)), text::line(&note.text));
        lines.extend(Line::wrapped(&words, columns, 2, theme.busy()));
    }
    while lines.last().is_some_and(|l| l.0.is_empty()) {
        lines.pop();
    }
    (lines, command_end)
}

fn off(ctx: &Ctx<'_>, index: usize) -> Option<String> {
    if let Some(when) = ctx.model.state.plan.items[index].off() {
        return Some(format!("needs {}", text::line(when.expr.source())));
    }
    let (on, why) = ctx.model.state.items[index].switched.as_ref()?;
    (!on).then(|| text::line(why))
}

/// What is expected, how long it takes, what it changes, why it exists.
fn policy(ctx: &Ctx<'_>, index: usize, columns: usize, lines: &mut Vec<Line>) {
    let theme = ctx.theme;
    let item = &ctx.model.state.plan.items[index];
    // A limit binds what runs; what a person does has no clock but the one that is recorded.
    let (label, expects) = match item.action {
        Action::Check(_) | Action::Tick => ("expects", String::new()),
        Action::Confirm(_) | Action::Record(_) | Action::Approve(_) => ("expects", facts::wanted(item)),
        _ => facts::expects(item),
    };
    let usual = facts::usual(ctx.model, index).unwrap_or_default();
    if !expects.is_empty() || !usual.is_empty() {
        let left = if expects.is_empty() { String::new() } else { format!("{label:<8} {expects}") };
        if text::width(&left) + text::width(&usual) + 4 <= columns {
            let gap = if left.is_empty() || usual.is_empty() {
                String::new()
            } else {
                " ".repeat(8.min(columns - text::width(&left) - text::width(&usual)))
            };
            lines.push(Line::plain(left).with(gap, Style::new()).with(usual, theme.faint()));
        } else {
            lines.extend(Line::labelled(label, &expects, columns, Style::new()));
            lines.push(Line::of(usual, theme.faint()));
        }
    }
    if let Some(changes) = facts::changes(item) {
        lines.extend(Line::labelled("changes", &changes, columns, Style::new()));
    }
    if let Action::Run(run) = &item.action
        && let Some(why) = &run.acting.point_of_no_return
    {
        lines.extend(Line::labelled("no return", &format!(" {}", text::line(why)), columns, theme.caution()));
    }
    if item.required {
        lines.push(Line::plain("required: never skipped, overridden only by two people"));
    }
    if let Some(owner) = &item.owner {
        let contact = ctx.model.state.plan.contacts.iter().find(|c| c.name == owner.as_str());
        lines.push(Line::of(
            format!("owner    {}", text::line(contact.and_then(|c| c.role.as_deref()).unwrap_or(owner.as_str()))),
            theme.faint(),
        ));
    }
    if let Some(why) = &item.why {
        lines.extend(Line::labelled("why", &text::line(why), columns, theme.faint()));
    }
}

/// How the last attempt ended, and what can be done about it.
fn outcome(ctx: &Ctx<'_>, index: usize, columns: usize, lines: &mut Vec<Line>) {
    let theme = ctx.theme;
    let item = &ctx.model.state.items[index];
    for (name, value) in &item.captured {
        lines.push(Line::of(format!("took     {name} = {}", text::line(&value.to_string())), theme.busy()));
    }
    let Some(attempt) = item.attempt() else { return };
    if attempt.adopted && attempt.ended.is_none() {
        lines.push(Line::of("adopted: it went on while the host was away", theme.caution()));
    }
    let Some((_, ended)) = &attempt.ended else { return };
    let earlier = item.attempts.len().saturating_sub(1);
    let earlier =
        if earlier > 0 { format!("   {earlier} earlier attempt{}", facts::plural(earlier)) } else { String::new() };
    let style = match attempt.outcome() {
        Some(Outcome::Passed) => theme.good(),
        Some(Outcome::Failed | Outcome::TimedOut | Outcome::NotStarted) => theme.critical(),
        _ => theme.caution(),
    };
    let words = format!(
        "{} {}{earlier}",
        facts::ended(attempt),
        facts::when_who(attempt.ended.as_ref().map(|(s, _)| *s), None)
    );
    lines.extend(Line::wrapped(&words, columns, 2, style));
    if let Some(why) = &ended.why {
        lines.extend(Line::wrapped(&text::line(why), columns, 2, style));
    }
    if let Some(evidence) = &ended.evidence {
        lines.extend(Line::wrapped(&text::line(evidence), columns, 2, Style::new()));
    }
    let failed = matches!(ctx.model.status(index), Status::Failed(_) | Status::Unknown);
    // With the terminal on the screen its rows say the same.
    if failed && ctx.model.tape.attempt.is_none() {
        let last = &ended.last_lines;
        for line in last.iter().skip(last.len().saturating_sub(6)) {
            lines.push(Line::of(format!("{} {}", theme.pick("│", "|"), text::line(line)), theme.faint()));
        }
    }
    if matches!(ctx.model.status(index), Status::Failed(_)) && ctx.hands_off().is_none() {
        let mut keys = keymap::words(ctx, &[Cmd::Again, Cmd::Edit, Cmd::Skip, Cmd::Defer, Cmd::Rollback]);
        if ctx.model.state.plan.items[index].help.is_some() {
            keys.push("? the runbook's help".into());
        }
        lines.extend(rows(&keys, columns).into_iter().map(|row| Line::of(row, theme.strong())));
    }
}

/// Pieces in as many rows as they need, none of them broken.
fn rows(pieces: &[String], columns: usize) -> Vec<String> {
    let mut rows: Vec<String> = vec![];
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if text::width(row) + text::width(piece) + 3 <= columns => row.push_str(&format!("   {piece}")),
            _ => rows.push(piece.clone()),
        }
    }
    rows
}

/// The frame of the terminal, with what there is to know about it in its edge.
fn frame(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect, index: usize) -> Rect {
    let theme = ctx.theme;
    let facts = ctx.model.tape.facts();
    let attempt = ctx.model.state.items[index].attempt();
    let dash = theme.pick(" ── ", " -- ");
    let mut words = match attempt {
        Some(attempt) if attempt.ended.is_none() && ctx.view.typing => format!(" {}", running(ctx, attempt)),
        Some(attempt) if attempt.ended.is_none() => format!(" command{dash}{}", running(ctx, attempt)),
        Some(attempt) => format!(" output{dash}{}", facts::ended(attempt)),
        None => " command".into(),
    };
    let up = ctx.view.tape_up;
    if up > 0 {
        words.push_str(&format!("{dash}{up} rows up"));
    }
    let is_running = attempt.is_some_and(|a| a.ended.is_none());
    let asks = is_running && ctx.asks() && !ctx.view.typing;
    let mut title = Line::of(words, if ctx.view.typing { theme.focus() } else { Style::new() });
    if ctx.view.typing {
        let hidden = if facts.hidden_input && !facts.alternate { " unseen" } else { "" };
        title = title.with(format!("{dash}TYPING{hidden}, Ctrl-] back "), theme.focus());
    } else if is_running && ctx.model.gone.is_some() {
        title = title.with(format!("{dash}as it was seen last "), theme.caution());
    } else if asks {
        title = title.with(format!("{dash}it seems to ask: t types "), theme.caution());
    } else if is_running {
        title = title.with(format!("{dash}t type into it{dash}z zoom "), theme.faint());
    } else {
        title = title.with(format!("{dash}z zoom "), theme.faint());
    }
    boxed(buf, area, &title, &Line::default(), if ctx.view.typing { theme.focus() } else { theme.faint() })
}

fn running(ctx: &Ctx<'_>, attempt: &Attempt) -> String {
    let took = clock(facts::elapsed(ctx.model, attempt, ctx.now));
    match attempt.stopping {
        Some(_) => format!("stopping {took}"),
        None => format!("running {took}"),
    }
}

/// What the pane shows when the cursor is on a heading.
fn heading(ctx: &Ctx<'_>, columns: usize) -> Vec<Line> {
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let plan = &state.plan;
    if !ctx.model.has_plan {
        return vec![Line::of("reading the run…", theme.faint())];
    }
    if let Some(ended) = state.ended.as_ref().filter(|_| ctx.view.cursor.is_none()) {
        return end(ctx, ended, columns);
    }
    let mut lines = vec![];
    let phase = match ctx.shown() {
        Node::Phase(phase) => phase,
        Node::Section(phase, section) => {
            let title = plan.phase(phase).and_then(|p| p.sections.get(section)).map(|s| text::line(&s.title));
            lines.push(Line::of(title.unwrap_or_default(), theme.strong()));
            phase
        }
        Node::Group(group) => {
            lines.push(Line::of(
                plan.groups.get(group).map(|g| text::line(&g.title)).unwrap_or_default(),
                theme.strong(),
            ));
            return lines;
        }
        Node::Watch => {
            let Some(watch) = &plan.watch else { return lines };
            lines.push(Line::of(
                format!("Watch for {}", crate::words::short_duration(watch.for_seconds)),
                theme.strong(),
            ));
            lines.push(Line::plain("After the last box these are wanted:"));
            lines.extend(watch.expect.iter().map(|e| Line::plain(format!("  {}", text::line(e.source())))));
            return lines;
        }
        Node::Item(_) => return lines,
    };
    let title = plan.phase(phase).map(|p| text::line(&p.title)).unwrap_or_default();
    if !title.is_empty() {
        lines.push(Line::of(title, theme.strong()));
    }
    let counts = state.counts(phase);
    lines.push(Line::plain(format!(
        "{} of {} settled: {} passed, {} skipped, {} deferred, {} overridden; {} do not apply",
        counts.settled, counts.all, counts.passed, counts.skipped, counts.deferred, counts.overridden, counts.off
    )));
    let phase_state = state.phases.get(phase);
    match (phase_state.and_then(|p| p.opened), phase_state.and_then(|p| p.closed)) {
        (_, Some(closed)) => lines.push(Line::plain(format!("closed {}", crate::words::utc_second(closed.at)))),
        (Some(opened), None) => {
            lines.push(Line::plain(format!("open since {}", crate::words::utc_second(opened.at))));
            if state.unsettled(phase).is_empty() {
                lines.push(Line::blank());
                lines.push(Line::of("All is settled: Enter shows the closing list.", theme.strong()));
            }
        }
        (None, None) if phase == plan.rollback_phase() => {
            lines.push(Line::plain("r opens the cockpit: what it would do now; nothing starts before BEGIN"))
        }
        (None, None) if state.begun.is_none() => {
            lines.push(Line::of("Not begun: Enter starts the flight.", theme.strong()));
        }
        (None, None) => lines.push(Line::plain("not open yet")),
    }
    if let Some(about) = plan.about.as_ref().filter(|_| state.begun.is_none()) {
        lines.push(Line::blank());
        for line in text::lines(about) {
            lines.extend(Line::wrapped(&line, columns, 0, theme.faint()));
        }
    }
    lines.into_iter().flat_map(|l| wrap_line(l, columns)).collect()
}

fn wrap_line(line: Line, columns: usize) -> Vec<Line> {
    match line.0.as_slice() {
        [(text, style)] if text::width(text) > columns => Line::wrapped(text, columns, 2, *style),
        _ => vec![line],
    }
}

fn end(ctx: &Ctx<'_>, ended: &crate::engine::RunEnded, columns: usize) -> Vec<Line> {
    use crate::engine::event::RunEnd;
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let how = match ended.how {
        RunEnd::Completed if ended.deferred > 0 => "The run is complete except for what was deferred",
        RunEnd::Completed if ended.failed > 0 => "The run ended with failed items",
        RunEnd::Completed => "The run is complete",
        RunEnd::Early => "The run was ended early",
        RunEnd::RolledBack if state.rollback.as_ref().is_some_and(|r| r.verified.is_none()) => {
            "The run was rolled back; nothing says that the system is healthy"
        }
        RunEnd::RolledBack => "The run was rolled back, the system verified healthy",
    };
    let mut lines = vec![Line::of(how, theme.strong())];
    lines.push(Line::plain(format!("{} by {}", crate::words::utc_second(ended.stamp.at), text::line(ended.by.name()))));
    if let Some(reason) = &ended.reason {
        lines.extend(Line::wrapped(&format!("reason: {}", text::line(reason)), columns, 2, Style::new()));
    }
    lines.push(Line::blank());
    for phase in 0..state.plan.phases.len() + usize::from(state.rollback.is_some()) {
        let counts = state.counts(phase);
        let title = facts::phase_title(ctx.model, phase);
        lines.push(Line::plain(format!(
            "{title}: {} of {} settled, {} passed",
            counts.settled, counts.all, counts.passed
        )));
    }
    lines.push(Line::plain(format!(
        "{} failed, {} deferred, {} caution{}",
        ended.failed,
        ended.deferred,
        state.cautions.len(),
        facts::plural(state.cautions.len())
    )));
    if let Some(watch) = &state.plan.watch {
        lines.push(Line::blank());
        lines.push(Line::plain(format!("Watch for {}:", crate::words::short_duration(watch.for_seconds))));
        lines.extend(watch.expect.iter().map(|e| Line::plain(format!("  {}", text::line(e.source())))));
    }
    lines.push(Line::blank());
    lines.extend(Line::wrapped(
        &format!("Record: {}/{}", text::line(&ctx.model.folder), crate::words::files::RECORD_MD),
        columns,
        8,
        Style::new(),
    ));
    lines.into_iter().flat_map(|l| wrap_line(l, columns)).collect()
}
