//! Live figures: the panes of the plan, then the triggers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::plan::{Probe, TriggerWhen};
use crate::link::LiveProbe;
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Paint, spark};
use crate::words::{Severity, Verdict, clock, short_duration};

/// Columns of a sparkline.
const SPARK: usize = 8;
/// Probes of one pane beyond this fold into `+n more`; the worst come first.
const MOST: usize = 8;

/// Draws the column; returns how far down it can go.
pub fn draw(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect) -> usize {
    let lines = lines(ctx, usize::from(area.width));
    Paint::new(buf, area).lines(&lines, ctx.view.live_down)
}

/// All lines of the column.
fn lines(ctx: &Ctx<'_>, columns: usize) -> Vec<Line> {
    let (plan, theme) = (&ctx.model.state.plan, ctx.theme);
    let mut lines = vec![];
    for pane in &plan.panes {
        let probes: Vec<&Probe> = pane.probes.iter().filter_map(|id| plan.probe(id)).flat_map(|p| leaves(ctx, p)).collect();
        let every = probes.iter().filter_map(|p| p.every).min_by(f64::total_cmp).map(short_duration).unwrap_or_default();
        let title = text::line(&pane.title).to_uppercase();
        let pad = columns.saturating_sub(text::width(&title) + text::width(&every) + 2);
        lines.push(Line::of(format!(" {title}"), theme.strong()).with(" ".repeat(pad), Style::new()).with(every, theme.faint()));
        let mut rows: Vec<(u8, &Probe, Option<&LiveProbe>)> =
            probes.into_iter().map(|p| (badness(ctx, p), p, ctx.model.live_probe(&p.id))).collect();
        if rows.len() > MOST {
            rows.sort_by_key(|(bad, ..)| std::cmp::Reverse(*bad));
        }
        let more = rows.len().saturating_sub(MOST);
        for (_, probe, live) in rows.into_iter().take(MOST) {
            lines.push(probe_line(ctx, probe, live, columns));
        }
        if more > 0 {
            lines.push(Line::of(format!("   +{more} more: m shows all"), theme.faint()));
        }
    }
    if plan.panes.is_empty() {
        lines.push(Line::of(" the runbook has no panes", theme.faint()));
    }
    if !plan.triggers.is_empty() {
        lines.push(Line::of(" TRIGGERS", theme.strong()));
        for trigger in &plan.triggers {
            let when = match &trigger.when {
                TriggerWhen::Samples(_) => "off",
                TriggerWhen::Manual(_) => "by hand",
            };
            let severity = match trigger.severity {
                Severity::Critical => "CRITICAL",
                Severity::High => "HIGH",
                Severity::Medium => "MEDIUM",
            };
            let room = columns.saturating_sub(6 + severity.len() + when.len());
            let title = text::cut_middle(&text::line(&trigger.title), room);
            let pad = room.saturating_sub(text::width(&title)) + 1;
            let glyph = theme.pick("·", "[-]");
            lines.push(Line::of(format!(" {glyph} {severity} {title}{}{when}", " ".repeat(pad)), theme.faint()));
        }
    }
    lines
}

fn leaves<'a>(ctx: &'a Ctx<'_>, probe: &'a Probe) -> Vec<&'a Probe> {
    if probe.members.is_empty() {
        return vec![probe];
    }
    probe.members.iter().filter_map(|id| ctx.model.state.plan.probe(id)).collect()
}

/// How bad a probe looks: the worst is shown first.
fn badness(ctx: &Ctx<'_>, probe: &Probe) -> u8 {
    match ctx.model.live_probe(&probe.id).map(|l| l.verdict) {
        Some(Verdict::Bad) => 3,
        Some(Verdict::Flapping) => 2,
        None | Some(Verdict::NoData) => 1,
        Some(Verdict::Ok) => 0,
    }
}

fn probe_line(ctx: &Ctx<'_>, probe: &Probe, live: Option<&LiveProbe>, columns: usize) -> Line {
    let theme = ctx.theme;
    let title = text::line(&probe.title);
    let seen = live.filter(|l| l.up.is_some());
    // A gauge has no expectation: it is never red by itself, its course is what counts.
    if probe.expect.is_empty() {
        let value = seen.and_then(|l| l.value).map_or("no data".into(), |v| probe.unit.show(v));
        let marks = seen.map(|l| spark(theme, &l.series, SPARK)).unwrap_or_default();
        let right = format!("{value:>9}");
        let room = columns.saturating_sub(SPARK + text::width(&right) + 4);
        let title = text::cut_middle(&title, room);
        let pad = room.saturating_sub(text::width(&title)) + 1;
        let gap = SPARK.saturating_sub(text::width(&marks));
        let style = if seen.is_some_and(|l| l.value.is_some()) { Style::new() } else { theme.caution() };
        return Line::plain(format!(" {title}{}", " ".repeat(pad)))
            .with(format!("{marks}{} ", " ".repeat(gap)), theme.busy())
            .with(right, style);
    }
    let verdict = live.map(|l| l.verdict).unwrap_or_default();
    let (glyph, style) = theme.verdict(verdict, seen.is_some());
    let words = match (seen, verdict) {
        (None, _) => "not yet".to_owned(),
        (Some(l), Verdict::Bad) => {
            let since = l.bad_since.map(|up| ctx.model.up(ctx.now).saturating_sub(up) / 1_000_000);
            let since = since.map(|s| format!(" for {}", clock(s))).unwrap_or_default();
            format!("{}{since}", text::line(&l.text))
        }
        (Some(_), Verdict::NoData) => "no data".into(),
        (Some(l), _) => text::line(&l.text),
    };
    let words = text::cut(&words, columns.saturating_sub(14).max(10));
    let room = columns.saturating_sub(5 + text::width(&words) + text::width(glyph) - 1);
    let title = text::cut_middle(&title, room);
    let pad = room.saturating_sub(text::width(&title)) + 1;
    Line::of(format!(" {glyph} "), style).with(format!("{title}{}", " ".repeat(pad)), Style::new()).with(words, if verdict == Verdict::Ok { Style::new() } else { style })
}

/// The live column as one row, for screens without room: worst probes first, then figures.
pub fn row(ctx: &Ctx<'_>, columns: usize) -> Line {
    let (plan, theme) = (&ctx.model.state.plan, ctx.theme);
    let mut probes: Vec<&Probe> = vec![];
    for probe in plan.panes.iter().flat_map(|p| &p.probes).filter_map(|id| plan.probe(id)) {
        probes.extend(leaves(ctx, probe));
    }
    let (gauges, mut checks): (Vec<&Probe>, Vec<&Probe>) = probes.into_iter().partition(|p| p.expect.is_empty());
    checks.sort_by_key(|p| std::cmp::Reverse(badness(ctx, p)));
    let bad = checks.iter().filter(|p| badness(ctx, p) > 1).count();
    let mut pieces: Vec<Line> = vec![];
    let piece = |probe: &Probe| {
        let live = ctx.model.live_probe(&probe.id);
        let (glyph, style) = theme.verdict(live.map(|l| l.verdict).unwrap_or_default(), live.is_some_and(|l| l.up.is_some()));
        let since = live.and_then(|l| l.bad_since).map(|up| clock(ctx.model.up(ctx.now).saturating_sub(up) / 1_000_000));
        let seen = live.map_or("not yet".into(), |l| text::line(&l.text));
        let since = since.map(|s| format!(" {s}")).unwrap_or_default();
        Line::of(format!("{glyph} {} {}{since}", text::cut_middle(&text::line(&probe.title), 20), text::cut(&seen, 24)), style)
    };
    if bad == 0 && !checks.is_empty() {
        let unknown = checks.iter().filter(|p| badness(ctx, p) == 1).count();
        let (glyph, style) = if unknown == 0 { theme.verdict(Verdict::Ok, true) } else { theme.verdict(Verdict::NoData, true) };
        let words = if unknown == 0 { format!("{glyph} all {} ok", checks.len()) } else { format!("{glyph} {unknown} of {} without data", checks.len()) };
        pieces.push(Line::of(words, style));
    } else {
        pieces.extend(checks.iter().take(bad).map(|p| piece(p)));
    }
    if !plan.triggers.is_empty() {
        pieces.push(Line::of("triggers off", theme.faint()));
    }
    for probe in gauges {
        let value = ctx.model.live_probe(&probe.id).and_then(|l| l.value).map_or("no data".into(), |v| probe.unit.show(v));
        pieces.push(Line::plain(format!("{} {value}", text::cut_middle(&text::line(&probe.title), 16))));
    }
    let mut line = Line::plain(" ");
    let total = pieces.len();
    for (index, piece) in pieces.into_iter().enumerate() {
        if line.width() + piece.width() + 8 > columns && index > 0 {
            return line.with(format!("+{}", total - index), theme.faint());
        }
        line.0.extend(piece.0);
        line = line.with("    ", Style::new());
    }
    line
}
