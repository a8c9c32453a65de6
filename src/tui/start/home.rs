//! The start screen: what to learn, to fly, to return to, to read.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::page::{Look, Page, Turn, Verbs};
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::widgets::{Editor, Line, Paint, Scroll};

/// Column that entries begin at.
const ENTRY: u16 = 12;

/// A training scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learn {
    /// Its name on the command line.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
}

/// A runbook that was found here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flyable {
    /// Its path.
    pub path: String,
    /// Its title and version, or how many errors it has.
    pub words: String,
    /// It can be flown.
    pub sound: bool,
}

/// A run to return to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// The run.
    pub id: String,
    /// What, where, how it stands, who, since when.
    pub words: String,
    /// It belongs to another account: it can only be told.
    pub other: bool,
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The run.
    pub id: String,
    /// When, what, how it ended.
    pub words: String,
}

/// Everything that the start screen shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartData {
    /// Training scenarios.
    pub learn: Vec<Learn>,
    /// Runbooks.
    pub fly: Vec<Flyable>,
    /// Runs that go on.
    pub back: Vec<Back>,
    /// Runs that are over, newest first.
    pub past: Vec<Past>,
    /// Tools that runbooks need and this machine has or lacks.
    pub tools: String,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Fly a scenario.
    Train(String),
    /// Fly a runbook.
    Fly(String),
    /// Show the errors of a runbook.
    Errors(String),
    /// Return to a run.
    Return(String),
    /// Tell of another account's run.
    Other(String),
    /// Show the record of a run.
    Record(String),
    /// Say what this is.
    Help,
    /// Leave.
    Quit,
}

struct Entry {
    part: &'static str,
    first: String,
    second: String,
    choice: Choice,
}

/// The start screen.
pub struct Home {
    entries: Vec<Entry>,
    tools: String,
    at: usize,
    scroll: Scroll,
    find: Option<Editor>,
}

impl Home {
    /// Shows this.
    pub fn new(data: &StartData) -> Self {
        let mut entries = vec![];
        for learn in &data.learn {
            entries.push(Entry {
                part: "Learn",
                first: text::line(&learn.title),
                second: format!("training, {} min, touches nothing real", learn.minutes),
                choice: Choice::Train(learn.name.clone()),
            });
        }
        for fly in &data.fly {
            let path = fly.path.clone();
            entries.push(Entry {
                part: "Fly",
                first: text::line(&fly.path),
                second: text::line(&fly.words),
                choice: if fly.sound { Choice::Fly(path) } else { Choice::Errors(path) },
            });
        }
        for back in &data.back {
            let id = back.id.clone();
            entries.push(Entry {
                part: "Return to",
                first: text::line(&back.words),
                second: String::new(),
                choice: if back.other { Choice::Other(id) } else { Choice::Return(id) },
            });
        }
        for past in &data.past {
            entries.push(Entry {
                part: "Records",
                first: text::line(&past.words),
                second: String::new(),
                choice: Choice::Record(past.id.clone()),
            });
        }
        Self { entries, tools: text::line(&data.tools), at: 0, scroll: Scroll::default(), find: None }
    }

    /// Puts the cursor on what was chosen before, when it is still there.
    pub fn go_to(&mut self, choice: &Choice) {
        if let Some(at) = self.entries.iter().position(|e| e.choice == *choice) {
            self.at = at;
        }
    }

    /// Entries that the find line leaves.
    fn left(&self) -> Vec<usize> {
        let wanted = self.find.as_ref().map(|f| f.text().to_lowercase()).unwrap_or_default();
        let fits = |e: &Entry| format!("{} {} {}", e.part, e.first, e.second).to_lowercase().contains(&wanted);
        (0..self.entries.len()).filter(|i| fits(&self.entries[*i])).collect()
    }

    fn step(&mut self, by: i64) {
        let left = self.left();
        let Some(last) = left.len().checked_sub(1) else { return };
        let now = left.iter().position(|i| *i == self.at).unwrap_or(0);
        let now = i64::try_from(now).unwrap_or(0);
        let next = usize::try_from(now.saturating_add(by).max(0)).unwrap_or(0).min(last);
        self.at = left[next];
    }

    fn open(&self) -> Turn<Choice> {
        match self.left().contains(&self.at).then(|| self.entries.get(self.at)).flatten() {
            Some(entry) => Turn::Done(entry.choice.clone()),
            None => Turn::Stay,
        }
    }
}

impl Page for Home {
    type Out = Choice;

    fn header(&self) -> (String, String) {
        ("flightdeck".into(), String::new())
    }

    fn is_text(&self) -> bool {
        self.find.is_some()
    }

    fn draw(&mut self, look: Look, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = look.theme;
        let mut lines = vec![];
        let mut chosen = 0;
        let mut part = "";
        let columns = usize::from(area.width.saturating_sub(ENTRY + 3));
        for index in self.left() {
            let entry = &self.entries[index];
            if entry.part != part {
                if !part.is_empty() {
                    lines.push(Line::blank());
                }
                part = entry.part;
                lines.push(Line::of(format!(" {:<1$}", entry.part, usize::from(ENTRY) - 1), theme.strong()));
            } else {
                lines.push(Line::plain(" ".repeat(usize::from(ENTRY))));
            }
            let wide = self.entries.iter().filter(|e| e.part == part).map(|e| text::width(&e.first)).max();
            let wide = wide.unwrap_or(0).min(columns / 2 + 4);
            let here = index == self.at;
            if here {
                chosen = lines.len() - 1;
            }
            let words = if entry.second.is_empty() {
                text::cut_middle(&entry.first, columns)
            } else {
                let first = text::cut_middle(&entry.first, wide);
                let pad = wide.saturating_sub(text::width(&first));
                let room = columns.saturating_sub(wide + 2);
                format!("{first}{}  {}", " ".repeat(pad), text::cut(&entry.second, room))
            };
            let mark = if here { theme.pick("▶ ", "> ") } else { "  " };
            let style = match (here, &entry.choice) {
                (true, _) => theme.chosen(),
                (false, Choice::Errors(_)) => theme.caution(),
                (false, _) => Style::new(),
            };
            if let Some(line) = lines.pop() {
                lines.push(line.with(mark, theme.focus()).with(words, style));
            }
        }
        if part.is_empty() {
            lines.push(Line::of(" nothing has that in its name", theme.faint()));
        }
        let foot = usize::from(!self.tools.is_empty()) * 2 + usize::from(self.find.is_some());
        let inside =
            Rect { y: area.y + 1, height: area.height.saturating_sub(1 + u16::try_from(foot).unwrap_or(0)), ..area };
        self.scroll.show(chosen, usize::from(inside.height));
        self.scroll.draw(buf, inside, &lines);
        let mut paint = Paint::new(buf, area);
        if !self.tools.is_empty() {
            let label = Line::of(format!(" {:<1$}  ", "On PATH", usize::from(ENTRY) - 1), theme.strong());
            let words = text::cut(&self.tools, columns);
            paint.line(
                0,
                area.height.saturating_sub(1 + u16::from(self.find.is_some())),
                &label.with(words, Style::new()),
            );
        }
        let find = self.find.as_ref()?;
        let (rows, (x, _)) = find.rows(columns);
        let row = area.height - 1;
        let shown = rows.first().cloned().unwrap_or_default();
        paint.line(0, row, &Line::of(" / ", theme.focus()).with(shown, Style::new()));
        Some(Position { x: area.x + 3 + u16::try_from(x).ok()?, y: area.y + row })
    }

    fn verbs(&self) -> Verbs {
        let verb = match self.entries.get(self.at).map(|e| &e.choice) {
            Some(Choice::Errors(_)) => "show its errors",
            Some(Choice::Record(_)) => "read it",
            Some(Choice::Return(_)) => "return to it",
            Some(Choice::Other(_)) => "tell more",
            _ => "open",
        };
        if self.find.is_some() {
            return vec![("⏎", verb.into()), ("↑↓", "choose".into()), ("Esc", "all".into())];
        }
        vec![
            ("⏎", verb.into()),
            ("↑↓", "choose".into()),
            ("/", "find".into()),
            ("?", "what is this".into()),
            ("q", "quit".into()),
        ]
    }

    fn key(&mut self, key: Key) -> Turn<Choice> {
        if key == Key::ctrl('c') {
            return Turn::Done(Choice::Quit);
        }
        match key.code {
            Code::Enter => return self.open(),
            Code::Up => self.step(-1),
            Code::Down => self.step(1),
            Code::PageUp => self.step(-i64::try_from(self.scroll.page).unwrap_or(1)),
            Code::PageDown => self.step(i64::try_from(self.scroll.page).unwrap_or(1)),
            _ => {
                if let Some(find) = &mut self.find {
                    if key.goes_back() {
                        self.find = None;
                    } else {
                        find.key(key);
                        if let Some(first) = self.left().first().filter(|_| !self.left().contains(&self.at)) {
                            self.at = *first;
                        }
                    }
                    return Turn::Stay;
                }
                match key.letter() {
                    Some('k') => self.step(-1),
                    Some('j') => self.step(1),
                    Some('/') => self.find = Some(Editor::default()),
                    Some('?') => return Turn::Done(Choice::Help),
                    Some('q') => return Turn::Done(Choice::Quit),
                    _ => {}
                }
            }
        }
        Turn::Stay
    }

    fn paste(&mut self, text: &str) {
        if let Some(find) = &mut self.find {
            find.insert(&text.replace(['\n', '\r'], " "));
        }
    }

    fn wheel(&mut self, lines: i32) {
        self.step(i64::from(lines.signum()));
    }
}
