//! `/`: finding an item by its words.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Deed, Dialog, Extent, Step, Verbs, framed};
use crate::tui::facts;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::tree::Node;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Editor, Line, List, Paint};

/// The find line and its hits.
#[derive(Default)]
pub struct Find {
    text: Editor,
    list: List,
    page: usize,
}

fn hits(ctx: &Ctx<'_>, wanted: &str) -> Vec<usize> {
    let wanted = wanted.to_lowercase();
    let words: Vec<&str> = wanted.split_whitespace().collect();
    (0..ctx.model.state.plan.items.len())
        .filter(|index| {
            let item = &ctx.model.state.plan.items[*index];
            let hay =
                format!("{} {} {}", facts::title(ctx.model, *index), item.id, item.source.join(" ")).to_lowercase();
            words.iter().all(|w| hay.contains(w))
        })
        .collect()
}

impl Dialog for Find {
    fn name(&self) -> &'static str {
        "find"
    }

    fn extent(&self) -> Extent {
        Extent::Body
    }

    fn is_text(&self) -> bool {
        true
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = ctx.theme;
        let inside = framed(ctx, buf, area, "Find", &Line::default());
        let (rows, (x, _)) = self.text.rows(usize::from(inside.width).saturating_sub(4));
        let shown = rows.first().cloned().unwrap_or_default();
        Paint::new(buf, inside).line(0, 0, &Line::of("/ ", theme.strong()).with(shown, theme.focus()));
        let hits = hits(ctx, self.text.text());
        let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
        self.page = usize::from(list.height);
        let columns = usize::from(inside.width);
        self.list.draw(theme, list, buf, hits.len(), |row| {
            let index = hits[row];
            let (glyph, style) = theme.status(&ctx.model.status(index), ctx.model.state.current == Some(index));
            let title = text::cut_middle(&facts::title(ctx.model, index), columns * 3 / 5);
            let path = text::cut(&facts::path(ctx.model, index).join(" > "), columns / 3);
            (Line::of(format!("{glyph} "), style).with(title, Style::new()), Line::of(path, theme.faint()))
        });
        Some(Position { x: inside.x + 2 + u16::try_from(x).unwrap_or(0), y: inside.y })
    }

    fn key(&mut self, key: Key, ctx: &Ctx<'_>) -> Step {
        let hits = hits(ctx, self.text.text());
        match key.code {
            Code::Enter => {
                return match hits.get(self.list.at) {
                    Some(index) => Step::Done(vec![Deed::CloseAll, Deed::Go(Node::Item(*index))]),
                    None => Step::one(Deed::Say("nothing is called that".into())),
                };
            }
            Code::Up | Code::Down | Code::PageUp | Code::PageDown => {
                self.list.key(key, hits.len(), self.page);
            }
            _ if key.breaks_line() => {}
            _ => {
                if self.text.key(key) {
                    self.list.at = 0;
                }
            }
        }
        Step::stay()
    }

    fn paste(&mut self, text: &str) {
        self.text.insert(text.lines().next().unwrap_or_default());
    }

    fn verbs(&self, _ctx: &Ctx<'_>) -> Verbs {
        vec![("⏎", "go there".into()), ("↑↓", "hits".into()), ("Esc", "back".into())]
    }
}
