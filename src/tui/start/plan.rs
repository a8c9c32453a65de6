//! The plan before the start: what would happen, what blocks it; the target's name is typed where it is real.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::page::{Look, Page, Turn, Verbs};
use crate::tui::Begin;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::widgets::{Editor, Line, Paint, Scroll, boxed, clear};
use crate::words::Name;

/// A limitation that blocks the run until it is overridden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Its name.
    pub name: Name,
    /// What is limited.
    pub text: String,
    /// What to do instead.
    pub workaround: Option<String>,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct PlanData {
    /// The header's first word.
    pub world: String,
    /// A simulated world.
    pub training: bool,
    /// The runbook's title.
    pub title: String,
    /// The plan as text.
    pub plan: String,
    /// What blocks it.
    pub blocked: Vec<Blocked>,
    /// The name that has to be typed; none for a simulated world or a runbook without a place.
    pub target: Option<String>,
    /// There is a form to go back to.
    pub has_form: bool,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Start, with what was accepted and typed.
    Start(Begin),
    /// Back to the form, or out.
    Back,
}

/// What is typed over the plan.
enum Asking {
    /// The reason for overriding this limitation.
    Reason(usize, Editor),
    /// The target's name.
    Target(Editor),
}

/// The page.
pub struct PlanBefore {
    data: PlanData,
    lines: Vec<String>,
    scroll: Scroll,
    asking: Option<Asking>,
    reasons: Vec<Option<String>>,
    problem: Option<String>,
}

impl PlanBefore {
    /// Shows this.
    pub fn new(data: PlanData) -> Self {
        Self {
            lines: text::lines(&data.plan),
            reasons: vec![None; data.blocked.len()],
            data,
            scroll: Scroll::default(),
            asking: None,
            problem: None,
        }
    }

    /// What is asked next, or the start.
    fn next(&mut self) -> Turn<Decided> {
        self.problem = None;
        if let Some(open) = self.reasons.iter().position(Option::is_none) {
            self.asking = Some(Asking::Reason(open, Editor::default()));
            return Turn::Stay;
        }
        if self.data.target.is_some() {
            self.asking = Some(Asking::Target(Editor::default()));
            return Turn::Stay;
        }
        Turn::Done(Decided::Start(self.begin(None)))
    }

    fn begin(&self, target: Option<String>) -> Begin {
        let names = self.data.blocked.iter().map(|b| b.name.clone());
        let accepted = names.zip(&self.reasons).filter_map(|(name, why)| Some((name, why.clone()?))).collect();
        Begin { target, accepted }
    }

    fn answered(&mut self) -> Turn<Decided> {
        match self.asking.take() {
            Some(Asking::Reason(index, typed)) => {
                let reason = typed.text().trim().to_owned();
                if reason.is_empty() {
                    self.problem = Some("a reason is needed: it leads the record".into());
                    self.asking = Some(Asking::Reason(index, typed));
                    return Turn::Stay;
                }
                if let Some(slot) = self.reasons.get_mut(index) {
                    *slot = Some(reason);
                }
                self.next()
            }
            Some(Asking::Target(typed)) => {
                let name = typed.text().trim().to_owned();
                if Some(&name) == self.data.target.as_ref() {
                    return Turn::Done(Decided::Start(self.begin(Some(name))));
                }
                self.problem = Some(format!("that is not it: {}", self.data.target.clone().unwrap_or_default()));
                self.asking = Some(Asking::Target(typed));
                Turn::Stay
            }
            None => Turn::Stay,
        }
    }

    /// The box over the plan: its title, what it says, and the text under edit.
    fn asked(&self) -> Option<(String, Vec<String>, &Editor)> {
        Some(match self.asking.as_ref()? {
            Asking::Reason(index, typed) => {
                let limitation = self.data.blocked.get(*index)?;
                let mut words = vec![text::line(&limitation.text)];
                words.extend(limitation.workaround.as_ref().map(|w| format!("Instead: {}", text::line(w))));
                words.push("To go on all the same, give the reason. It leads the record.".into());
                (format!(" {} blocks this run ", limitation.name), words, typed)
            }
            Asking::Target(typed) => {
                let target = text::line(self.data.target.as_deref()?);
                let words = vec![format!("This is a real target. Type its name to start: {target}")];
                (format!(" start on {target} "), words, typed)
            }
        })
    }

    fn draw_asked(&self, look: Look, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = look.theme;
        let (title, words, typed) = self.asked()?;
        let width = area.width.saturating_sub(8).min(76);
        let columns = usize::from(width.saturating_sub(4));
        let mut lines: Vec<Line> = words.iter().flat_map(|w| Line::wrapped(w, columns, 0, Style::new())).collect();
        lines.push(Line::blank());
        let (rows, (x, y)) = typed.rows(columns.saturating_sub(2));
        let first = lines.len();
        for (index, row) in rows.iter().enumerate() {
            let lead = if index == 0 { theme.pick("▸ ", "> ") } else { "  " };
            lines.push(Line::of(lead, theme.focus()).with(row.clone(), theme.focus()));
        }
        if let Some(problem) = &self.problem {
            lines.extend(Line::wrapped(problem, columns, 0, theme.caution()));
        }
        let height = u16::try_from(lines.len() + 2).unwrap_or(area.height).min(area.height);
        let rect = Rect {
            x: area.x + (area.width - width) / 2,
            y: area.y + area.height.saturating_sub(height) / 2,
            width,
            height,
        };
        clear(buf, rect);
        let inside = boxed(buf, rect, &Line::of(title, theme.strong()), &Line::default(), theme.focus());
        let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
        Paint::new(buf, inside).lines(&lines, 0);
        let row = u16::try_from(first + y).ok().filter(|row| *row < inside.height)?;
        Some(Position { x: inside.x + 2 + u16::try_from(x).ok()?, y: inside.y + row })
    }
}

impl Page for PlanBefore {
    type Out = Decided;

    fn header(&self) -> (String, String) {
        (text::line(&self.data.world), text::line(&format!("{} · plan, nothing started yet", self.data.title)))
    }

    fn is_training(&self) -> bool {
        self.data.training
    }

    fn is_text(&self) -> bool {
        self.asking.is_some()
    }

    fn draw(&mut self, look: Look, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = look.theme;
        let inside = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 };
        let columns = usize::from(inside.width.saturating_sub(2));
        let lines: Vec<Line> = self
            .lines
            .iter()
            .flat_map(|line| {
                let style = match line.trim_start().chars().next() {
                    Some('·') => theme.faint(),
                    Some(_) if !line.starts_with(' ') => theme.strong(),
                    _ => Style::new(),
                };
                text::hanging(line, columns).into_iter().map(move |row| Line::of(row, style))
            })
            .collect();
        self.scroll.draw(buf, inside, &lines);
        if self.scroll.most > 0 {
            let words = format!(" {}/{} ", self.scroll.down.min(self.scroll.most) + self.scroll.page, lines.len());
            Paint::new(buf, Rect { y: area.bottom() - 1, height: 1, ..inside })
                .right(0, &Line::of(words, theme.faint()));
        }
        self.draw_asked(look, area, buf)
    }

    fn verbs(&self) -> Verbs {
        match &self.asking {
            Some(Asking::Reason(..)) => vec![("⏎", "override, with this reason".into()), ("Esc", "back".into())],
            Some(Asking::Target(_)) => vec![("⏎", "start".into()), ("Esc", "back".into())],
            None => {
                let open = self.reasons.iter().filter(|r| r.is_none()).count();
                let verb = match open {
                    0 => "start".to_owned(),
                    1 => "start: one limitation is to be overridden first".to_owned(),
                    n => format!("start: {n} limitations are to be overridden first"),
                };
                let back = if self.data.has_form { "back to the values" } else { "back, nothing started" };
                vec![("⏎", verb), ("↑↓", "scroll".into()), ("Esc", back.into())]
            }
        }
    }

    fn key(&mut self, key: Key) -> Turn<Decided> {
        if self.asking.is_some() {
            if key.goes_back() {
                self.asking = None;
                self.problem = None;
                return Turn::Stay;
            }
            if key.code == Code::Enter && !key.alt {
                return self.answered();
            }
            if let Some(Asking::Reason(_, typed) | Asking::Target(typed)) = &mut self.asking {
                typed.key(key);
            }
            return Turn::Stay;
        }
        if key.goes_back() || key.letter() == Some('q') || key == Key::ctrl('c') {
            return Turn::Done(Decided::Back);
        }
        if key.code == Code::Enter {
            return self.next();
        }
        self.scroll.key(key);
        Turn::Stay
    }

    fn paste(&mut self, pasted: &str) {
        if let Some(Asking::Reason(_, typed) | Asking::Target(typed)) = &mut self.asking {
            typed.insert(&pasted.replace(['\n', '\r'], " "));
        }
    }

    fn wheel(&mut self, lines: i32) {
        self.scroll.by(i64::from(lines));
    }
}
