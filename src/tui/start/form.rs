//! The one form before a run: the operator's name and the values of its parameters, prefilled and checked as typed.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::page::{Look, Page, Turn, Verbs};
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::widgets::{Editor, Line, Paint, Scroll};
use crate::words::Name;

/// Rows at the bottom that tell of the field under edit.
const HELP: u16 = 4;

/// A parameter as the form shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: Name,
    /// The question; its name when there is none.
    pub ask: String,
    /// What may be typed, in words.
    pub hint: String,
    /// Values to choose from.
    pub choices: Vec<String>,
    /// It is not shown.
    pub secret: bool,
    /// Its value as text, when nothing was typed.
    pub text: String,
    /// Where that value is from.
    pub origin: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// It needs a value.
    pub missing: bool,
    /// The command that gives it after the start, unless something is typed.
    pub command: Option<String>,
}

/// Puts values together: what was typed wins. Parameters that are off, or that are nobody's to ask, are not in it.
pub trait Values {
    /// The parameters with these texts typed.
    fn look(&self, typed: &BTreeMap<Name, String>) -> Vec<Shown>;
}

/// What the form is about.
pub struct FormData<'a> {
    /// The header's first word.
    pub world: String,
    /// A simulated world.
    pub training: bool,
    /// The runbook's title.
    pub title: String,
    /// Lines above the fields.
    pub intro: Vec<String>,
    /// The operator's name, prefilled.
    pub name: String,
    /// Texts that were typed before.
    pub typed: BTreeMap<Name, String>,
    /// Puts values together.
    pub values: &'a dyn Values,
}

/// What was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// The operator's name.
    pub name: String,
    /// Texts that were typed, by parameter.
    pub typed: BTreeMap<Name, String>,
}

struct Row {
    shown: Shown,
    text: Editor,
    touched: bool,
}

impl Row {
    fn typed(&self) -> Option<(Name, String)> {
        (self.touched && !self.text.text().is_empty()).then(|| (self.shown.name.clone(), self.text.text().to_owned()))
    }

    /// What keeps the form from going on.
    fn problem(&self) -> Option<String> {
        if let Some(error) = &self.shown.error {
            return Some(error.clone());
        }
        self.shown.missing.then(|| "it needs a value".to_owned())
    }
}

/// The form.
pub struct Form<'a> {
    data: FormData<'a>,
    name: Editor,
    rows: Vec<Row>,
    /// 0: the name; then the rows; then the way on.
    at: usize,
    scroll: Scroll,
}

impl<'a> Form<'a> {
    /// Begins at the first value that is missing or wrong; else at the way on.
    pub fn new(data: FormData<'a>) -> Self {
        let name = Editor::new(&data.name);
        let mut form = Self { name, rows: vec![], at: 0, scroll: Scroll::default(), data };
        let typed = form.data.typed.clone();
        for shown in form.data.values.look(&typed) {
            let given = typed.get(&shown.name);
            let text = Editor::new(given.map_or(shown.text.as_str(), String::as_str));
            form.rows.push(Row { shown, text, touched: given.is_some() });
        }
        form.at = form.first_problem().unwrap_or(form.rows.len() + 1);
        form
    }

    fn first_problem(&self) -> Option<usize> {
        if self.name.text().trim().is_empty() {
            return Some(0);
        }
        self.rows.iter().position(|row| row.problem().is_some()).map(|i| i + 1)
    }

    fn on_way_on(&self) -> bool {
        self.at == self.rows.len() + 1
    }

    fn row(&mut self) -> Option<&mut Row> {
        self.at.checked_sub(1).and_then(|i| self.rows.get_mut(i))
    }

    fn typed(&self) -> BTreeMap<Name, String> {
        self.rows.iter().filter_map(Row::typed).collect()
    }

    /// Something was typed: values that depend on it, and what is on, may be others now.
    fn look_again(&mut self) {
        let here = self.row().map(|row| row.shown.name.clone());
        let mut before: BTreeMap<Name, Row> =
            std::mem::take(&mut self.rows).into_iter().map(|row| (row.shown.name.clone(), row)).collect();
        let typed: BTreeMap<Name, String> = before.values().filter_map(Row::typed).collect();
        for shown in self.data.values.look(&typed) {
            let row = match before.remove(&shown.name) {
                Some(row) if row.touched => Row { shown, ..row },
                _ => Row { text: Editor::new(&shown.text), shown, touched: false },
            };
            self.rows.push(row);
        }
        let place = here.and_then(|name| self.rows.iter().position(|row| row.shown.name == name));
        self.at = place.map_or(self.at.min(self.rows.len() + 1), |i| i + 1);
    }

    fn edit(&mut self, change: impl FnOnce(&mut Editor) -> bool) {
        if self.at == 0 {
            change(&mut self.name);
            return;
        }
        let Some(row) = self.row() else { return };
        if change(&mut row.text) {
            row.touched = true;
            self.look_again();
        }
    }

    fn choose(&mut self, back: bool) -> bool {
        let Some(row) = self.row().filter(|row| !row.shown.choices.is_empty()) else { return false };
        let all = row.shown.choices.clone();
        let now = all.iter().position(|c| c == row.text.text());
        let next = match (now, back) {
            (None, _) => 0,
            (Some(n), true) => n.checked_sub(1).unwrap_or(all.len() - 1),
            (Some(n), false) => (n + 1) % all.len(),
        };
        self.edit(|text| {
            text.set(&all[next]);
            true
        });
        true
    }

    fn go(&mut self, by: i64) {
        let at = i64::try_from(self.at).unwrap_or(0).saturating_add(by).max(0);
        self.at = usize::try_from(at).unwrap_or(0).min(self.rows.len() + 1);
    }

    fn answer(&mut self) -> Turn<Option<Filled>> {
        match self.first_problem() {
            Some(at) => {
                self.at = at;
                Turn::Stay
            }
            None => Turn::Done(Some(Filled { name: self.name.text().trim().to_owned(), typed: self.typed() })),
        }
    }

    /// One field in one row: question at the left, value at the right.
    fn line(&self, index: usize, look: Look, columns: usize) -> (Line, Option<usize>) {
        let theme = look.theme;
        let here = index == self.at;
        let left = (columns * 45 / 100).max(20);
        let mark = if here { theme.pick("▸ ", "> ") } else { "  " };
        if index == self.rows.len() + 1 {
            let style = if here { theme.chosen() } else { theme.strong() };
            let problems = self.rows.iter().filter(|row| row.problem().is_some()).count();
            let words = match problems {
                0 => "on to the plan: nothing starts yet".to_owned(),
                1 => "one value is missing or wrong".to_owned(),
                n => format!("{n} values are missing or wrong"),
            };
            return (Line::of(mark, theme.focus()).with(words, style), None);
        }
        let (ask, editor, secret, problem) = match index.checked_sub(1).and_then(|i| self.rows.get(i)) {
            None => ("Your name".to_owned(), &self.name, false, self.name.text().trim().is_empty()),
            Some(row) => (row.shown.ask.clone(), &row.text, row.shown.secret, row.problem().is_some()),
        };
        let row = index.checked_sub(1).and_then(|i| self.rows.get(i));
        let ask = text::cut_middle(&ask, left - 4);
        let style = if here { theme.strong() } else { Style::new() };
        let flag = if problem { theme.pick("✕ ", "F ") } else { "  " };
        let mut line = Line::of(mark, theme.focus())
            .with(format!("{ask}{}", " ".repeat(left.saturating_sub(4 + text::width(&ask)))), style)
            .with(flag, if here { theme.caution() } else { theme.critical() });
        let room = columns.saturating_sub(left + 1);
        let (rows, (x, y)) = editor.rows(room.max(4));
        let shown = rows.get(if here { y } else { 0 }).cloned().unwrap_or_default();
        // How long a secret is that was read somewhere is nobody's to see.
        let kept = row.is_some_and(|r| !r.touched);
        let shown = match secret {
            true if kept && !shown.is_empty() => "*".repeat(8),
            true => "*".repeat(text::width(&shown)),
            false => shown,
        };
        let faint = row.filter(|r| !r.touched && shown.is_empty()).and_then(|r| r.shown.command.as_ref());
        match (faint, here) {
            (Some(command), false) => line = line.with(text::cut(&format!("$ {command}"), room), theme.faint()),
            (_, true) => {
                let pad = room.saturating_sub(text::width(&shown));
                line = line
                    .with(shown, theme.focus())
                    .with(" ".repeat(pad), Style::new().add_modifier(Modifier::UNDERLINED));
            }
            (None, false) => line = line.with(text::cut(&shown, room), Style::new()),
        }
        let x = if secret && kept { text::width(&"*".repeat(8)).min(x) } else { x };
        (line, here.then_some(left + x))
    }

    /// What may be typed into the field under edit, where its value is from, what is wrong with it.
    fn help(&self, look: Look, columns: usize) -> Vec<Line> {
        let theme = look.theme;
        let Some(row) = self.at.checked_sub(1).and_then(|i| self.rows.get(i)) else {
            let words = if self.at == 0 {
                "The record and the second person see this name; logins are often shared."
            } else {
                "The plan shows every item and command, and what is off. The run starts from there, not before."
            };
            return Line::wrapped(words, columns, 0, theme.faint());
        };
        let mut lines = vec![];
        if let Some(problem) = row.problem() {
            lines.extend(Line::wrapped(&text::line(&problem), columns, 0, theme.caution()));
        }
        let mut words = vec![format!("{}: {}", row.shown.name, row.shown.hint)];
        match (row.touched, &row.shown.command) {
            (true, _) if row.text.text().is_empty() && !row.shown.text.is_empty() => {
                words.push(format!("empty: {} counts", row.shown.text));
            }
            (true, _) => words.push("typed here".into()),
            (false, Some(command)) => words.push(format!("empty: `{command}` gives it, first thing after the start")),
            (false, None) if !row.shown.origin.is_empty() => words.push(format!("from {}", row.shown.origin)),
            (false, None) => {}
        }
        lines.extend(Line::wrapped(&text::line(&words.join(" · ")), columns, 0, theme.faint()));
        if !row.shown.choices.is_empty() {
            lines.extend(Line::wrapped(&text::line(&row.shown.choices.join("   ")), columns, 0, Style::new()));
        }
        lines
    }
}

impl Page for Form<'_> {
    type Out = Option<Filled>;

    fn header(&self) -> (String, String) {
        (text::line(&self.data.world), text::line(&self.data.title))
    }

    fn is_training(&self) -> bool {
        self.data.training
    }

    fn is_text(&self) -> bool {
        true
    }

    fn draw(&mut self, look: Look, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = look.theme;
        let columns = usize::from(area.width.saturating_sub(2));
        let mut top = vec![Line::blank()];
        for line in &self.data.intro {
            top.extend(Line::wrapped(&text::line(line), columns, 0, Style::new()));
        }
        if !self.data.intro.is_empty() {
            top.push(Line::blank());
        }
        let above = u16::try_from(top.len()).unwrap_or(area.height).min(area.height / 3);
        let inner = Rect { x: area.x + 1, width: area.width - 2, ..area };
        Paint::new(buf, Rect { height: above, ..inner }).lines(&top, 0);
        let body = Rect { y: inner.y + above, height: inner.height.saturating_sub(above + HELP + 1), ..inner };
        let height = usize::from(body.height).max(1);
        self.scroll.show(self.at, height);
        let mut cursor = None;
        let mut lines = vec![];
        for index in 0..self.rows.len() + 2 {
            let (line, x) = self.line(index, look, columns);
            if let Some(x) = x {
                cursor = Some((x, index));
            }
            lines.push(line);
        }
        self.scroll.draw(buf, body, &lines);
        let foot = Rect { y: body.bottom(), height: HELP + 1, ..inner };
        let mut paint = Paint::new(buf, foot);
        paint.text(0, 0, &theme.pick("─", "-").repeat(columns), theme.faint());
        let more = self.rows.len() + 2;
        if more > height {
            let words = format!(" {}/{} ", self.at + 1, more);
            paint.right(0, &Line::of(words, theme.faint()));
        }
        let help = self.help(look, columns);
        Paint::new(buf, Rect { y: foot.y + 1, height: HELP, ..inner }).lines(&help, 0);
        let (x, index) = cursor?;
        let row = index.checked_sub(self.scroll.down).filter(|row| *row < height)?;
        Some(Position { x: body.x + u16::try_from(x).ok()?, y: body.y + u16::try_from(row).ok()? })
    }

    fn verbs(&self) -> Verbs {
        let choices =
            self.at.checked_sub(1).and_then(|i| self.rows.get(i)).is_some_and(|r| !r.shown.choices.is_empty());
        let mut verbs = vec![("⏎", if self.on_way_on() { "show the plan".to_owned() } else { "next".to_owned() })];
        if choices {
            verbs.push(("←→", "choose".into()));
        }
        verbs.push(("↑↓", "fields".into()));
        verbs.push(("Ctrl-S", "show the plan".into()));
        verbs.push(("Esc", "back".into()));
        verbs
    }

    fn key(&mut self, key: Key) -> Turn<Option<Filled>> {
        if key.goes_back() || key == Key::ctrl('c') {
            return Turn::Done(None);
        }
        if key == Key::ctrl('s') {
            return self.answer();
        }
        match key.code {
            Code::Enter if self.on_way_on() => return self.answer(),
            Code::Enter | Code::Down => self.go(1),
            Code::Tab if key.shift => self.go(-1),
            Code::Tab => self.go(1),
            Code::Up => self.go(-1),
            Code::PageUp => self.go(-i64::try_from(self.scroll.page).unwrap_or(1)),
            Code::PageDown => self.go(i64::try_from(self.scroll.page).unwrap_or(1)),
            Code::Left | Code::Right if self.choose(key.code == Code::Left) => {}
            _ if key.breaks_line() => {}
            _ => self.edit(|text| {
                let before = text.text().to_owned();
                text.key(key);
                text.text() != before
            }),
        }
        Turn::Stay
    }

    fn paste(&mut self, pasted: &str) {
        let pasted = pasted.trim_end_matches(['\n', '\r']).replace(['\n', '\r'], " ");
        self.edit(|text| {
            text.insert(&pasted);
            true
        });
    }

    fn wheel(&mut self, lines: i32) {
        self.go(i64::from(lines.signum()));
    }
}
