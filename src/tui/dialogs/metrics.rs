//! `m`: every probe with its figure, its last minute, what is wrong.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Deed, Dialog, Extent, Step, Verbs};
use crate::engine::plan::Probe;
use crate::tui::enter::ago;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Paint, boxed, spark};

/// The live figures over the whole body.
#[derive(Default)]
pub struct Metrics {
    down: usize,
    most: usize,
    page: usize,
}

impl Dialog for Metrics {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn extent(&self) -> Extent {
        Extent::Body
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = ctx.theme;
        let world = if ctx.model.state.is_training() { "TRAINING " } else { "" };
        let inside = boxed(buf, area, &Line::of(format!(" {world}Live figures "), theme.strong()), &Line::default(), theme.focus());
        let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
        let lines = lines(ctx, usize::from(inside.width));
        self.page = usize::from(inside.height).saturating_sub(1).max(1);
        self.most = Paint::new(buf, inside).lines(&lines, self.down);
        self.down = self.down.min(self.most);
        None
    }

    fn key(&mut self, key: Key, _ctx: &Ctx<'_>) -> Step {
        match (key.code, key.letter()) {
            (Code::Up, _) | (_, Some('k')) => self.down = self.down.saturating_sub(1),
            (Code::Down, _) | (_, Some('j')) => self.down = (self.down + 1).min(self.most),
            (Code::PageUp, _) => self.down = self.down.saturating_sub(self.page),
            (Code::PageDown, _) => self.down = (self.down + self.page).min(self.most),
            (Code::Enter, _) | (_, Some('m')) => return Step::one(Deed::Close),
            _ => return Step::Unused,
        }
        Step::stay()
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
    lines.push(
        Line::of(format!("  {glyph} "), style)
            .with(format!("{title}{}", " ".repeat(pad)), Style::new())
            .with(format!("{marks}{}", " ".repeat(pad_marks)), theme.busy())
            .with(seen, style)
            .with(format!("  {age}"), theme.faint()),
    );
    for words in live.into_iter().flat_map(|l| l.why.iter().chain(l.hint.iter())) {
        lines.extend(Line::wrapped(&format!("      {}", text::line(words)), columns, 6, theme.caution()).into_iter().map(|l| {
            let text: String = l.0.into_iter().map(|(t, _)| t).collect();
            Line::of(format!("      {}", text.trim_start()), theme.caution())
        }));
    }
}
