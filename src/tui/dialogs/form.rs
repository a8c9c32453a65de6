//! A form: questions with texts to type, or one text.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Deed, Dialog, Extent, Step, Verbs, framed};
use crate::engine::Want;
use crate::link::FromClient;
use crate::tui::input::{Code, Key};
use crate::tui::view::Ctx;
use crate::tui::widgets::{Editor, Line, Paint};

/// A question.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// The question, clean.
    pub ask: String,
    /// What kind of answer, in words, clean.
    pub hint: String,
    /// Answers to choose from with the arrow keys.
    pub choices: Vec<String>,
    /// What is typed is not shown.
    pub hidden: bool,
    /// The text.
    pub text: Editor,
}

impl Field {
    /// A question with a prefilled text.
    pub fn new(ask: impl Into<String>, hint: impl Into<String>, text: &str) -> Self {
        Self { ask: ask.into(), hint: hint.into(), text: Editor::new(text), ..Self::default() }
    }
}

/// What is asked for when all is typed; an error stays in the form.
type Make = Box<dyn Fn(&[String]) -> Result<Made, String>>;

/// What a form makes.
pub enum Made {
    /// An intent.
    Want(Box<Want>),
    /// A message to the host.
    Send(Box<FromClient>),
}

/// A form under way.
pub struct Form {
    name: &'static str,
    title: String,
    intro: Vec<String>,
    fields: Vec<Field>,
    verb: String,
    /// Under which name its texts are kept when it is left.
    keep: Option<String>,
    item: Option<usize>,
    /// Fields are words of a command: they can be added and dropped.
    words: bool,
    at: usize,
    problem: Option<String>,
    waiting: bool,
    make: Make,
}

impl Form {
    /// A form that makes an intent of its texts.
    pub fn new(
        name: &'static str,
        title: impl Into<String>,
        fields: Vec<Field>,
        verb: impl Into<String>,
        make: impl Fn(&[String]) -> Result<Want, String> + 'static,
    ) -> Self {
        Self::making(name, title, fields, verb, move |texts| make(texts).map(|want| Made::Want(Box::new(want))))
    }

    /// A form that makes anything of its texts.
    pub fn making(
        name: &'static str,
        title: impl Into<String>,
        fields: Vec<Field>,
        verb: impl Into<String>,
        make: impl Fn(&[String]) -> Result<Made, String> + 'static,
    ) -> Self {
        Self {
            name,
            title: title.into(),
            intro: vec![],
            fields,
            verb: verb.into(),
            keep: None,
            item: None,
            words: false,
            at: 0,
            problem: None,
            waiting: false,
            make: Box::new(make),
        }
    }

    /// With lines above the questions, clean.
    #[must_use]
    pub fn intro(mut self, lines: Vec<String>) -> Self {
        self.intro = lines;
        self
    }

    /// About an item; its texts are kept when the form is left.
    #[must_use]
    pub fn about(mut self, item: usize) -> Self {
        self.item = Some(item);
        self.keep = Some(format!("{} {item}", self.name));
        self
    }

    /// Its texts are kept when it is left, though it is about no item.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.keep = Some(self.name.to_owned());
        self
    }

    /// Its fields are words of a command.
    #[must_use]
    pub fn words(mut self) -> Self {
        self.words = true;
        self
    }

    fn texts(&self) -> Vec<String> {
        self.fields.iter().map(|f| f.text.text().to_owned()).collect()
    }

    fn submit(&mut self) -> Step {
        if self.waiting {
            return Step::stay();
        }
        match (self.make)(&self.texts()) {
            Ok(Made::Want(want)) => {
                self.problem = None;
                self.waiting = true;
                Step::one(Deed::Want(*want))
            }
            Ok(Made::Send(message)) => Step::Done(vec![Deed::Send(*message), Deed::Close]),
            Err(why) => {
                self.problem = Some(why);
                Step::stay()
            }
        }
    }

    fn choose(&mut self, up: bool) -> bool {
        let Some(field) = self.fields.get_mut(self.at).filter(|f| !f.choices.is_empty()) else { return false };
        let now = field.choices.iter().position(|c| c == field.text.text());
        let last = field.choices.len() - 1;
        let next = match (now, up) {
            (None, _) | (Some(0), true) => 0,
            (Some(n), true) => n - 1,
            (Some(n), false) => (n + 1).min(last),
        };
        let text = field.choices[next].clone();
        field.text.set(&text);
        true
    }

    fn change_words(&mut self, key: Key) -> bool {
        if !self.words {
            return false;
        }
        if key == Key::ctrl('n') {
            self.at = (self.at + 1).min(self.fields.len());
            self.fields.insert(self.at, Field::default());
            return true;
        }
        if key == Key::ctrl('d') && self.fields.len() > 1 {
            self.fields.remove(self.at);
            self.at = self.at.min(self.fields.len() - 1);
            return true;
        }
        false
    }
}

impl Dialog for Form {
    fn name(&self) -> &'static str {
        self.name
    }

    fn extent(&self) -> Extent {
        Extent::Pane
    }

    fn is_text(&self) -> bool {
        true
    }

    fn item(&self) -> Option<usize> {
        self.item
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = ctx.theme;
        let inside = framed(ctx, buf, area, &self.title, &Line::default());
        let columns = usize::from(inside.width);
        let mut lines: Vec<Line> = vec![];
        for line in &self.intro {
            lines.extend(Line::wrapped(line, columns, 0, ratatui::style::Style::new()));
        }
        if !self.intro.is_empty() {
            lines.push(Line::blank());
        }
        let mut cursor = None;
        for (index, field) in self.fields.iter().enumerate() {
            let here = index == self.at;
            if !field.ask.is_empty() {
                let style = if here { theme.strong() } else { ratatui::style::Style::new() };
                lines.extend(Line::wrapped(&field.ask, columns, 2, style));
            }
            if !field.hint.is_empty() && (here || !self.words) {
                lines.extend(Line::wrapped(&field.hint, columns, 2, theme.faint()));
            }
            let mark = if here { theme.pick("▸ ", "> ") } else { "  " };
            let (rows, (x, y)) = field.text.rows(columns.saturating_sub(3));
            if here {
                cursor = Some((x + 2, lines.len() + y));
            }
            for (n, row) in rows.iter().enumerate() {
                let text = if field.hidden { "*".repeat(crate::tui::text::width(row)) } else { row.clone() };
                let lead = if n == 0 { mark } else { "  " };
                let style = if here { theme.focus() } else { ratatui::style::Style::new() };
                let pad =
                    columns.saturating_sub(2 + crate::tui::text::width(&text)).min(if here { columns } else { 0 });
                let shown = style.add_modifier(ratatui::style::Modifier::UNDERLINED);
                lines.push(Line::of(lead, theme.focus()).with(text, style).with(" ".repeat(pad), shown));
            }
            if !self.words {
                lines.push(Line::blank());
            }
        }
        if let Some(problem) = &self.problem {
            lines.extend(Line::wrapped(problem, columns, 0, theme.caution()));
        } else if self.waiting {
            lines.push(Line::of("asked…", theme.faint()));
        }
        let height = usize::from(inside.height);
        // The field under edit stays in view, with the problem at the end when there is room.
        let bottom = if self.problem.is_some() { lines.len() } else { cursor.map_or(0, |(_, y)| y + 1) };
        let least = cursor.map_or(0, |(_, y)| y.saturating_sub(height.saturating_sub(1)));
        let down = bottom.saturating_sub(height).max(least).min(cursor.map_or(usize::MAX, |(_, y)| y));
        Paint::new(buf, inside).lines(&lines, down);
        let most = lines.len().saturating_sub(height);
        cursor.and_then(|(x, y)| {
            let row = y.checked_sub(down.min(most)).filter(|row| *row < height)?;
            Some(Position { x: inside.x + u16::try_from(x).ok()?, y: inside.y + u16::try_from(row).ok()? })
        })
    }

    fn key(&mut self, key: Key, _ctx: &Ctx<'_>) -> Step {
        if self.waiting {
            return Step::stay();
        }
        if self.change_words(key) {
            return Step::stay();
        }
        let last = self.fields.len().saturating_sub(1);
        match key.code {
            Code::Enter if !key.alt && self.at >= last => return self.submit(),
            Code::Enter if !key.alt => self.at += 1,
            Code::Tab if key.shift => self.at = self.at.saturating_sub(1),
            Code::Tab => self.at = (self.at + 1).min(last),
            Code::Up => {
                if !self.choose(true) && !self.fields[self.at].text.up() {
                    self.at = self.at.saturating_sub(1);
                }
            }
            Code::Down => {
                if !self.choose(false) && !self.fields[self.at].text.down() {
                    self.at = (self.at + 1).min(last);
                }
            }
            _ => {
                if let Some(field) = self.fields.get_mut(self.at) {
                    field.text.key(key);
                }
            }
        }
        Step::stay()
    }

    fn paste(&mut self, text: &str) {
        if let Some(field) = self.fields.get_mut(self.at) {
            field.text.insert(text);
        }
    }

    fn verbs(&self, _ctx: &Ctx<'_>) -> Verbs {
        let last = self.at + 1 >= self.fields.len();
        let mut verbs = vec![("⏎", if last { self.verb.clone() } else { "next field".into() })];
        if self.fields.get(self.at).is_some_and(|f| !f.choices.is_empty()) {
            verbs.push(("↑↓", "choose".into()));
        } else if self.fields.len() > 1 {
            verbs.push(("⇥", "fields".into()));
        }
        if self.words {
            verbs.push(("Ctrl-N", "new word".into()));
            verbs.push(("Ctrl-D", "drop word".into()));
        }
        verbs.push(("Ctrl-J", "new line".into()));
        let kept = self.draft().is_some();
        verbs.push(("Esc", if kept { "back, text is kept" } else { "back" }.into()));
        verbs
    }

    fn refused(&mut self, why: &str) {
        self.waiting = false;
        self.problem = Some(why.to_owned());
    }

    fn draft(&self) -> Option<(String, Vec<String>)> {
        if self.fields.iter().any(|f| f.hidden) {
            return None;
        }
        Some((self.keep.clone()?, self.texts()))
    }

    fn restore(&mut self, texts: &[String]) {
        if self.words {
            self.fields = texts.iter().map(|t| Field::new("", "", t)).collect();
            return;
        }
        for (field, text) in self.fields.iter_mut().zip(texts) {
            field.text.set(text);
        }
    }
}
