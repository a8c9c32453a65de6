//! A few ways to go on, one to be chosen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Deed, Dialog, Step, Verbs, framed};
use crate::tui::input::{Code, Key};
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, List, Paint};

/// What choosing does.
type Choose = Box<dyn Fn(&Ctx<'_>) -> Vec<Deed>>;

/// One way.
struct Way {
    label: String,
    detail: String,
    choose: Choose,
}

/// The menu.
pub struct Menu {
    name: &'static str,
    title: String,
    intro: Vec<String>,
    ways: Vec<Way>,
    list: List,
    item: Option<usize>,
    problem: Option<String>,
}

impl Menu {
    /// An empty menu with a clean title.
    pub fn new(name: &'static str, title: impl Into<String>) -> Self {
        Self {
            name,
            title: title.into(),
            intro: vec![],
            ways: vec![],
            list: List::default(),
            item: None,
            problem: None,
        }
    }

    /// With clean lines above the choices.
    #[must_use]
    pub fn intro(mut self, lines: Vec<String>) -> Self {
        self.intro = lines;
        self
    }

    /// About an item.
    #[must_use]
    pub fn about(mut self, item: usize) -> Self {
        self.item = Some(item);
        self
    }

    /// Adds a way: its name, what it means, what it does.
    #[must_use]
    pub fn way(
        mut self,
        label: impl Into<String>,
        detail: impl Into<String>,
        choose: impl Fn(&Ctx<'_>) -> Vec<Deed> + 'static,
    ) -> Self {
        self.ways.push(Way { label: label.into(), detail: detail.into(), choose: Box::new(choose) });
        self
    }

    /// How many ways there are.
    pub fn len(&self) -> usize {
        self.ways.len()
    }

    /// There is no way.
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// What the only way does, when there is just one.
    pub fn only(&self, ctx: &Ctx<'_>) -> Option<Vec<Deed>> {
        match self.ways.as_slice() {
            [way] => Some((way.choose)(ctx)),
            _ => None,
        }
    }
}

impl Dialog for Menu {
    fn name(&self) -> &'static str {
        self.name
    }

    fn item(&self) -> Option<usize> {
        self.item
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = ctx.theme;
        let inside = framed(ctx, buf, area, &self.title, &Line::default());
        let columns = usize::from(inside.width);
        let mut lines = vec![];
        for line in &self.intro {
            lines.extend(Line::wrapped(line, columns, 2, ratatui::style::Style::new()));
        }
        if !self.intro.is_empty() {
            lines.push(Line::blank());
        }
        let mut chosen = 0;
        for (index, way) in self.ways.iter().enumerate() {
            let here = index == self.list.at;
            if here {
                chosen = lines.len();
            }
            let mark = if here { theme.pick("▶ ", "> ") } else { "  " };
            let style = if here { theme.chosen() } else { theme.strong() };
            lines.push(Line::of(mark, theme.focus()).with(way.label.clone(), style));
            for line in crate::tui::text::wrap(&way.detail, columns.saturating_sub(4), 0) {
                lines.push(Line::of(format!("    {line}"), theme.faint()));
            }
        }
        if let Some(problem) = &self.problem {
            lines.push(Line::blank());
            lines.extend(Line::wrapped(problem, columns, 0, theme.caution()));
        }
        let down = (chosen + 3).saturating_sub(usize::from(inside.height));
        Paint::new(buf, inside).lines(&lines, down);
        None
    }

    fn key(&mut self, key: Key, ctx: &Ctx<'_>) -> Step {
        if self.list.key(key, self.ways.len(), self.ways.len()) {
            return Step::stay();
        }
        match (key.code, self.ways.get(self.list.at)) {
            (Code::Enter, Some(way)) => Step::Done((way.choose)(ctx)),
            (Code::Enter, None) => Step::one(Deed::Close),
            _ => Step::Unused,
        }
    }

    fn verbs(&self, _ctx: &Ctx<'_>) -> Verbs {
        let first = self.ways.get(self.list.at).map_or("back".into(), |w| w.label.clone());
        vec![("⏎", first), ("↑↓", "choose".into()), ("Esc", "back".into())]
    }

    fn refused(&mut self, why: &str) {
        self.problem = Some(why.to_owned());
    }
}
