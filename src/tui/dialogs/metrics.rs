//! `m`: every probe with its figure, its last minute, what is wrong.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Deed, Dialog, Extent, Step, Verbs, framed};
use crate::engine::plan::Probe;
use crate::tui::enter::ago;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Scroll, spark};

/// The live figures over the whole body.
#[derive(Default)]
pub struct Metrics {
    scroll: Scroll,
}

impl Dialog for Metrics {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn extent(&self) -> Extent {
        Extent::Body
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let inside = framed(ctx, buf, area, "Live figures", &Line::default());
        self.scroll.draw(buf, inside, &lines(ctx, usize::from(inside.width)));
        None
    }

    fn key(&mut self, key: Key, _ctx: &Ctx<'_>) -> Step {
        match (key.code, key.letter()) {
            _ if self.scroll.key(key) => Step::stay(),
            (Code::Enter, _) | (_, Some('m')) => Step::one(Deed::Close),
            _ => Step::Unused,
        }
    }

    fn verbs(&self, _ctx: &Ctx<'_>) -> Verbs {
        vec![("⏎", "back".into()), ("↑↓", "scroll".into()), ("Esc", "back".into())]
    }
}

fn lines(ctx: &Ctx<'_>, columns: usize) -> Vec<Line> {
    let (plan, theme) = (&ctx.model.state.plan, ctx.theme);
    let mut lines = vec![];
    let mut shown = vec![];
    for pane in &plan.panes {
        lines.push(Line::of(text::line(&pane.title), theme.strong()));
        for id in &pane.probes {
            for probe in plan.probe(id).into_iter().flat_map(|p| members(ctx, p)) {
                shown.push(&probe.id);
                row(ctx, probe, columns, &mut lines);
            }
        }
        lines.push(Line::blank());
    }
    let rest: Vec<&Probe> = plan
        .probes
        .iter()
        .filter(|p| p.members.is_empty() && !shown.contains(&&p.id) && ctx.model.live_probe(&p.id).is_some())
        .collect();
    if !rest.is_empty() {
        lines.push(Line::of("Others", theme.strong()));
        rest.into_iter().for_each(|probe| row(ctx, probe, columns, &mut lines));
    }
    if lines.is_empty() {
        lines.push(Line::of("nothing is looked at yet", theme.faint()));
    }
    lines
}

fn members<'a>(ctx: &'a Ctx<'_>, probe: &'a Probe) -> Vec<&'a Probe> {
    if probe.members.is_empty() {
        return vec![probe];
    }
    probe.members.iter().filter_map(|id| ctx.model.state.plan.probe(id)).collect()
}

fn row(ctx: &Ctx<'_>, probe: &Probe, columns: usize, lines: &mut Vec<Line>) {
    let theme = ctx.theme;
    let live = ctx.model.live_probe(&probe.id);
    let verdict = live.map(|l| l.verdict).unwrap_or_default();
    let (glyph, style) = theme.verdict(verdict, live.is_some_and(|l| l.up.is_some()));
    let title = text::cut_middle(&text::line(&probe.title), columns / 3);
    let pad = (columns / 3).saturating_sub(text::width(&title)) + 1;
    let marks = live.map(|l| spark(theme, &l.series, 20)).unwrap_or_default();
    let pad_marks = 21usize.saturating_sub(text::width(&marks));
    let seen = live.map_or("no data".into(), |l| text::line(&l.text));
    let age = live.and_then(|l| l.up).map(|up| ago(ctx, up)).unwrap_or_default();
    let left = Line::of(format!("  {glyph} "), style).with(format!("{title}{}", " ".repeat(pad)), Style::new());
    let tail = text::width(&age) + 2;
    // Where the words have no room beside the marks, the marks go.
    let has_room = left.width() + 21 + text::width(&seen) + tail <= columns;
    let marks = if has_room { format!("{marks}{}", " ".repeat(pad_marks)) } else { String::new() };
    let room = columns.saturating_sub(left.width() + text::width(&marks) + tail);
    lines.push(
        left.with(marks, theme.busy())
            .with(text::cut_middle(&seen, room), style)
            .with(format!("  {age}"), theme.faint()),
    );
    for words in live.into_iter().flat_map(|l| l.why.iter().chain(l.hint.iter())) {
        let rows = text::hanging(&format!("      {}", text::line(words)), columns);
        lines.extend(rows.into_iter().map(|row| Line::of(row, theme.caution())));
    }
}
