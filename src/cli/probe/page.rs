//! The table on the screen: the worst first, a summary above, the reason of the row under the cursor below.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::table::{Row, Table, latency};
use super::{Shared, is_over, left, locked, verdict};
use crate::cli::Exit;
use crate::cli::args::ProbeArgs;
use crate::tui::input::{Code, Key};
use crate::tui::start::{Look as Looks, Page, Turn, Verbs};
use crate::tui::text;
use crate::tui::theme::Theme;
use crate::tui::widgets::{Editor, Line, List, Paint};
use crate::words::{Look, short_duration};

/// Columns right of the address: status, last, p50, p95, failures, since.
const FIGURES: usize = 6 + 8 + 8 + 8 + 11 + 8;

/// From so many columns on addresses are shown with their scheme.
const WIDE: usize = 100;

/// The live view.
pub struct Live {
    table: Shared,
    args: ProbeArgs,
    begun: Instant,
    list: List,
    page: usize,
    find: Option<Editor>,
}

impl Live {
    /// Shows this table.
    pub fn new(table: Shared, args: &ProbeArgs, begun: Instant) -> Self {
        Self { table, args: args.clone(), begun, list: List::default(), page: 1, find: None }
    }

    fn wanted(&self) -> String {
        self.find.as_ref().map(|find| find.text().to_owned()).unwrap_or_default()
    }

    fn summary(&self, theme: Theme, table: &Table) -> Line {
        let counts = table.counts();
        let (looks, failures) = table.looks();
        let style = match counts {
            c if c.bad > 0 => theme.critical(),
            c if c.nothing + c.waiting > 0 => theme.caution(),
            _ => theme.good(),
        };
        let rest = match table.percentiles() {
            Some((p50, p95)) => format!("   p50 {}   p95 {}", latency(p50), latency(p95)),
            None => String::new(),
        };
        let rest = format!("   {looks} looks, {failures} not good{rest}");
        Line::of(format!("  {}", counts.words()), style).with(rest, Style::new())
    }
}

fn state(theme: Theme, row: &Row) -> (&'static str, Style) {
    match row.look {
        None => (theme.pick("◐", "[~]"), theme.busy()),
        Some(Look::Good) => (theme.pick("●", "[x]"), theme.good()),
        Some(Look::Bad) => (theme.pick("✕", "[F]"), theme.critical()),
        Some(Look::NoData) => (theme.pick("∅", "[n]"), theme.caution()),
    }
}

fn figures(row: &Row, now: u64) -> String {
    let of = |seconds: Option<f64>| seconds.map(latency).unwrap_or_else(|| "-".into());
    let percentiles = row.percentiles();
    let status = row.status.map(|code| code.to_string()).unwrap_or_else(|| "-".into());
    let since = row.look.map(|_| short_duration((now.saturating_sub(row.since) / 1_000_000) as f64));
    format!(
        "{status:>6}{:>8}{:>8}{:>8}{:>11}{:>8}",
        of(row.latency),
        of(percentiles.map(|p| p.0)),
        of(percentiles.map(|p| p.1)),
        format!("{}/{}", row.failures, row.looks),
        since.unwrap_or_default(),
    )
}

impl Page for Live {
    type Out = Exit;

    fn header(&self) -> (String, String) {
        let count = locked(&self.table).rows.len();
        let every = short_duration(self.args.every.as_secs_f64());
        let how = if self.args.keep_alive { "connections kept open" } else { "a new connection each" };
        let left = match left(&self.args, self.begun) {
            Some(left) => format!(", {} left", short_duration(left.as_secs_f64().ceil())),
            None => String::new(),
        };
        let plural = if count == 1 { "address" } else { "addresses" };
        ("probe".into(), format!("{count} {plural} every {every}, {how}{left}"))
    }

    fn is_text(&self) -> bool {
        self.find.is_some()
    }

    fn draw(&mut self, look: Looks, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = look.theme;
        let shared = std::sync::Arc::clone(&self.table);
        let table = locked(&shared);
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let order = table.worst_first(&self.wanted());
        let mut paint = Paint::new(buf, area);
        paint.line(0, 0, &self.summary(theme, &table));
        let columns = usize::from(area.width);
        let sign = theme.pick("●", "[x]").chars().count() + 1;
        let room = columns.saturating_sub(2 + sign + FIGURES + 1).max(8);
        let head = format!("{:>6}{:>8}{:>8}{:>8}{:>11}{:>8}", "status", "last", "p50", "p95", "failures", "since");
        paint.text(2, 2, &format!("{:sign$}{:<room$}{head}", "", "address"), theme.faint());
        // Below: the reason and the hint of the row under the cursor, and the find line.
        let foot = 2 + u16::from(self.find.is_some());
        let inside = Rect { y: area.y + 3, height: area.height.saturating_sub(3 + foot), ..area };
        self.page = usize::from(inside.height.max(1));
        self.list.draw(theme, inside, buf, order.len(), |n| {
            let row = &table.rows[order[n]];
            let (glyph, style) = state(theme, row);
            let quiet = if row.look == Some(Look::Good) { Style::new() } else { style };
            // Where there is little room, the part that tells one from another stays.
            let bare = row.url.split_once("://").map(|(_, rest)| rest).filter(|_| columns < WIDE);
            let url = text::cut_middle(bare.unwrap_or(&row.url), room.saturating_sub(1));
            let pad = room.saturating_sub(text::width(&url));
            let line = Line::of(format!("{glyph} "), style)
                .with(format!("{url}{:pad$}", ""), quiet)
                .with(figures(row, now), quiet);
            (line, Line::default())
        });
        let below = Rect { y: area.bottom() - foot, height: foot, ..area };
        let mut paint = Paint::new(buf, below);
        match order.get(self.list.at).map(|i| &table.rows[*i]) {
            Some(row) => {
                let (glyph, style) = state(theme, row);
                let line = Line::of(format!("  {glyph} "), style);
                paint.line(0, 0, &line.with(text::cut(&row.text, columns.saturating_sub(4 + sign)), Style::new()));
                if let Some(hint) = &row.hint {
                    paint.text(2 + sign as u16, 1, &text::cut(hint, columns.saturating_sub(3 + sign)), theme.faint());
                }
            }
            None => paint.text(2, 0, "no address has that in it", theme.faint()),
        }
        let find = self.find.as_ref()?;
        let (rows, (x, _)) = find.rows(columns.saturating_sub(4));
        let shown = rows.first().cloned().unwrap_or_default();
        paint.line(0, 2, &Line::of(" / ", theme.focus()).with(shown, Style::new()));
        Some(Position { x: area.x + 3 + u16::try_from(x).ok()?, y: below.y + 2 })
    }

    fn verbs(&self) -> Verbs {
        if self.find.is_some() {
            return vec![("↑↓", "choose".into()), ("Esc", "all".into())];
        }
        vec![("↑↓", "choose".into()), ("/", "find".into()), ("q", "quit".into())]
    }

    fn key(&mut self, key: Key) -> Turn<Exit> {
        if key == Key::ctrl('c') {
            return Turn::Done(Exit::Interrupted);
        }
        if let Some(find) = &mut self.find {
            if key.goes_back() {
                self.find = None;
            } else if !matches!(key.code, Code::Up | Code::Down | Code::PageUp | Code::PageDown) {
                find.key(key);
                self.list.at = 0;
                return Turn::Stay;
            }
        }
        let rows = locked(&self.table).worst_first(&self.wanted()).len();
        match key.letter() {
            Some('q') if self.find.is_none() => return Turn::Done(Exit::Completed),
            Some('/') if self.find.is_none() => self.find = Some(Editor::default()),
            _ => {
                self.list.key(key, rows, self.page);
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
        let key = Key::plain(if lines < 0 { Code::Up } else { Code::Down });
        let rows = locked(&self.table).worst_first(&self.wanted()).len();
        (0..lines.abs()).for_each(|_| {
            self.list.key(key, rows, 1);
        });
    }

    fn over(&self) -> Option<Exit> {
        is_over(&self.args, self.begun).then(|| verdict(&locked(&self.table)))
    }
}
