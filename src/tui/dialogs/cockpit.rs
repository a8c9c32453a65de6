//! The rollback cockpit: what going back would do now. Enter is BEGIN; nothing starts before it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Deed, Dialog, Extent, Step, Verbs, framed};
use crate::engine::{State, Status, Want, WayBack, pins_of, resolve, usual, way_back};
use crate::tui::facts;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Editor, Line, Paint};
use crate::words::{Value, Verdict, clock};

/// Undos that are listed one by one; more are counted.
const LISTED: usize = 8;

/// The cockpit before BEGIN.
#[derive(Default)]
pub struct Cockpit {
    reason: Editor,
    /// The reason is being typed: Enter ends that, it never begins from there.
    typing: bool,
    problem: Option<String>,
    /// It was on the screen: BEGIN is never typed ahead of it.
    drawn: bool,
    down: usize,
    most: usize,
}

impl Dialog for Cockpit {
    fn name(&self) -> &'static str {
        "cockpit"
    }

    fn extent(&self) -> Extent {
        Extent::Body
    }

    fn is_text(&self) -> bool {
        self.typing
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        self.drawn = true;
        let state = &ctx.model.state;
        let inside = framed(ctx, buf, area, "ROLLBACK", &Line::default());
        let columns = usize::from(inside.width);
        let way = way_back(state).unwrap_or_default();
        let mut lines = head(ctx, &way);
        let at = lines.len();
        lines.extend(self.why(ctx, columns));
        let foot = foot(ctx, &way, self.problem.as_deref(), columns);
        let mut body = lines;
        body.extend(list(ctx, &way, columns));
        let rule = Line::of(ctx.theme.pick("─", "-").repeat(columns), ctx.theme.faint());
        let foot_rows = foot.len() + 1;
        let room = usize::from(inside.height).saturating_sub(foot_rows);
        self.most = body.len().saturating_sub(room);
        self.down = self.down.min(self.most);
        let above = Rect { height: u16::try_from(room).unwrap_or(u16::MAX).min(inside.height), ..inside };
        Paint::new(buf, above).lines(&body, self.down);
        let below = Rect { y: above.bottom(), height: inside.height - above.height, ..inside };
        let mut under = vec![rule];
        under.extend(foot);
        Paint::new(buf, below).lines(&under, 0);
        if !self.typing || at < self.down {
            return None;
        }
        let x = LABEL + text::width(self.reason.text());
        let y = at - self.down;
        Some(Position {
            x: inside.x + u16::try_from(x.min(columns.saturating_sub(1))).ok()?,
            y: inside.y + u16::try_from(y).ok()?,
        })
    }

    fn key(&mut self, key: Key, ctx: &Ctx<'_>) -> Step {
        if self.typing {
            match key.code {
                Code::Enter => self.typing = false,
                _ => {
                    self.reason.key(key);
                }
            }
            return Step::stay();
        }
        match (key.code, key.letter()) {
            (Code::Enter, _) if !self.drawn => Step::one(Deed::Say("read the cockpit first, then press again".into())),
            (Code::Enter, _) => match blocked(&ctx.model.state) {
                Some(why) => {
                    self.problem = Some(why);
                    Step::stay()
                }
                None => {
                    let reason = Some(self.reason.text().trim().to_owned()).filter(|r| !r.is_empty());
                    Step::one(Deed::Want(Want::RollBack { reason }))
                }
            },
            (_, Some('n')) => {
                self.typing = true;
                Step::stay()
            }
            (Code::Down, _) => {
                self.down = (self.down + 1).min(self.most);
                Step::stay()
            }
            (Code::Up, _) => {
                self.down = self.down.saturating_sub(1);
                Step::stay()
            }
            _ => Step::Unused,
        }
    }

    fn paste(&mut self, text: &str) {
        self.reason.insert(&text::line(text));
    }

    fn verbs(&self, ctx: &Ctx<'_>) -> Verbs {
        if self.typing {
            return vec![("⏎", "that is why".into()), ("Esc", "back".into())];
        }
        let first = match (ctx.hands_off(), blocked(&ctx.model.state)) {
            (Some(why), _) => ("", why),
            (None, Some(_)) => ("", "nothing to undo".into()),
            (None, None) => ("⏎", "BEGIN".into()),
        };
        let mut verbs = vec![first, ("n", "reason".into())];
        if self.most > 0 {
            verbs.push(("↑↓", "scroll".into()));
        }
        verbs.extend([("c", "contacts".into()), ("Esc", "back, nothing done".into())]);
        verbs
    }

    fn refused(&mut self, why: &str) {
        self.problem = Some(why.to_owned());
    }
}

/// Columns of the labels.
const LABEL: usize = 12;

/// A text behind its label, wrapped under itself.
fn labelled(label: &str, words: &str, columns: usize, style: Style) -> Vec<Line> {
    let mut lines = vec![];
    for (row, line) in Line::wrapped(words, columns.saturating_sub(LABEL), 0, style).into_iter().enumerate() {
        let label = if row == 0 { label } else { "" };
        let mut whole = Line::plain(format!("{label:<LABEL$}"));
        whole.0.extend(line.0);
        lines.push(whole);
    }
    lines
}

/// Why BEGIN does nothing.
fn blocked(state: &State) -> Option<String> {
    if state.begun.is_none() || state.world_changed.is_none() {
        return Some("nothing was changed yet: there is nothing to undo".into());
    }
    None
}

/// The clocks: what there is, what it needs, how long it is bad already.
fn head(ctx: &Ctx<'_>, way: &WayBack) -> Vec<Line> {
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let rto = match state.plan.objectives.rto {
        Some(rto) => format!("RTO {} from BEGIN", clock(rto as u64)),
        None => "no recovery time objective".into(),
    };
    let late = state.plan.objectives.rto.is_some_and(|rto| way.needs > rto);
    let mut line = Line::of(rto, theme.strong());
    let style = if late { theme.critical() } else { theme.strong() };
    line = line.with(format!("    needs {}", facts::needs(way)), style);
    if way.untimed > 0 {
        line = line.with(" untimed".to_owned(), theme.faint());
    }
    if let Some((name, since)) = worst(ctx) {
        line = line.with(format!("    {name} bad for {}", clock(since)), theme.critical());
    }
    vec![line, Line::blank()]
}

/// The named probe that is bad for the longest time, and how many seconds.
fn worst(ctx: &Ctx<'_>) -> Option<(String, u64)> {
    let state = &ctx.model.state;
    let bad = state.plan.probes.iter().filter(|p| p.of.is_none() && p.members.is_empty()).filter_map(|probe| {
        let known = state.probes.get(&probe.id).filter(|p| p.verdict == Verdict::Bad && p.sample.is_some())?;
        Some((known.since, probe))
    });
    let (since, probe) = bad.min_by_key(|(since, _)| *since)?;
    Some((text::line(probe.id.as_str()), ctx.model.up(ctx.now).saturating_sub(since) / 1_000_000))
}

/// What is undone, what was never begun, what stays, what becomes of the data.
fn list(ctx: &Ctx<'_>, way: &WayBack, columns: usize) -> Vec<Line> {
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let mut lines = vec![];
    let undos: Vec<usize> =
        way.steps.iter().copied().filter(|index| state.plan.items[*index].undoes.is_some()).collect();
    let title = |index: &usize| facts::title(ctx.model, *index);
    for (row, index) in undos.iter().take(LISTED).enumerate() {
        let label = if row == 0 { "goes back" } else { "" };
        let (glyph, _) = theme.status(&state.status(*index), false);
        let pins = pins(state, *index);
        let words = if pins.is_empty() { title(index) } else { format!("{}   {pins}", title(index)) };
        lines.extend(labelled(label, &format!("{glyph} {words}"), columns, Style::new()));
    }
    if undos.is_empty() {
        lines.extend(labelled("goes back", "nothing: no step with an undo was begun", columns, theme.caution()));
    }
    if undos.len() > LISTED {
        lines.push(Line::of(format!("{}+{} more", " ".repeat(LABEL), undos.len() - LISTED), theme.faint()));
    }
    let joined = |of: &[usize]| of.iter().map(title).collect::<Vec<_>>().join(", ");
    if !way.untouched.is_empty() {
        let words = format!("{}: never begun", joined(&way.untouched));
        lines.extend(labelled("untouched", &words, columns, theme.faint()));
    }
    if !way.stays.is_empty() {
        let words = format!("{}: no undo in the runbook", joined(&way.stays));
        lines.extend(labelled("stays new", &words, columns, theme.caution()));
    }
    let (data, safe) = data(ctx, way);
    lines.extend(labelled("data", &data, columns, if safe { Style::new() } else { theme.critical() }));
    lines.push(Line::blank());
    let flow: Vec<String> = way
        .steps
        .iter()
        .enumerate()
        .map(|(number, index)| {
            let time = usual(state, *index).map(|s| format!(" {}", clock(s.ceil() as u64))).unwrap_or_default();
            format!("{} {}{time}", number + 1, title(index))
        })
        .collect();
    lines.extend(labelled("then", &flow.join("   "), columns, Style::new()));
    lines
}

/// The values that an undo goes back to: `revision 41`.
fn pins(state: &State, index: usize) -> String {
    let key = state.plan.items[index].each.as_ref().map(|(_, key)| key.clone());
    let shown = |value: &Value| text::cut(&text::line(&value.to_string()), 24);
    let named = pins_of(state, index).into_iter().map(|name| {
        let value = match (state.pins.get(&name), &key) {
            (Some(Value::Map(map)), Some(key)) => map.get(key),
            (value, _) => value,
        };
        format!("{name} {}", value.map_or_else(|| "is missing".to_owned(), shown))
    });
    named.collect::<Vec<_>>().join(", ")
}

/// What becomes of the data, and whether it is safe.
fn data(ctx: &Ctx<'_>, way: &WayBack) -> (String, bool) {
    let state = &ctx.model.state;
    if let Some((index, lost)) = way.no_return.first() {
        let more =
            if way.no_return.len() > 1 { format!(" (+{} more)", way.no_return.len() - 1) } else { String::new() };
        let title = facts::title(ctx.model, *index);
        return (format!("past a point of no return, \"{title}\": {}{more}", text::line(lost)), false);
    }
    let backup = state.pins.iter().find(|(name, _)| name.as_str().contains("backup"));
    let backup = backup.map(|(name, value)| format!("; {name} {}", text::cut(&text::line(&value.to_string()), 24)));
    (format!("safe: no point of no return was begun{}", backup.unwrap_or_default()), true)
}

/// The first step's command, and what is in the way.
fn foot(ctx: &Ctx<'_>, way: &WayBack, problem: Option<&str>, columns: usize) -> Vec<Line> {
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let mut lines = vec![];
    let first = way.steps.iter().find(|index| !state.status(**index).is_settled());
    if let Some(index) = first {
        let words = match resolve(state, *index) {
            Ok(started) => match facts::command(&started.what) {
                facts::Command::Words(words) => format!("$ {}", words.join(" ")),
                facts::Command::Script(shell, lines) => {
                    format!("$ {shell}: {}", lines.first().cloned().unwrap_or_default())
                }
                facts::Command::None => String::new(),
            },
            Err(why) if state.plan.items[*index].undoes.is_some() => {
                format!("the first step lacks something: {}", text::line(&why))
            }
            Err(_) => String::new(),
        };
        if !words.is_empty() {
            let mut shown = Line::wrapped(&words, columns, 4, Style::new());
            shown.truncate(3);
            lines.extend(shown);
        }
    }
    if let Some((index, attempt)) = ctx.model.running() {
        let item = &state.items[index];
        let took =
            item.attempts.iter().find(|a| a.number == attempt).map(|a| clock(facts::elapsed(ctx.model, a, ctx.now)));
        let words = format!(
            "running now: {} {}. BEGIN stops it first",
            facts::title(ctx.model, index),
            took.unwrap_or_default()
        );
        lines.extend(Line::wrapped(&words, columns, 4, theme.caution()));
    }
    let unknown = state.items.iter().enumerate().filter(|(i, _)| state.status(*i) == Status::Unknown).count();
    if unknown > 0 {
        let words = format!(
            "{unknown} step{} ended nobody knows how: begun counts as done, so it is undone",
            facts::plural(unknown)
        );
        lines.extend(Line::wrapped(&words, columns, 4, theme.caution()));
    }
    match (problem, blocked(state)) {
        (Some(problem), _) => lines.extend(Line::wrapped(&text::line(problem), columns, 4, theme.critical())),
        (None, Some(why)) => lines.push(Line::of(why, theme.caution())),
        (None, None) => lines.push(Line::of("Steps follow one another after BEGIN until one fails.", theme.strong())),
    }
    lines
}

impl Cockpit {
    /// Why they go back: typed here, or after BEGIN.
    fn why(&self, ctx: &Ctx<'_>, columns: usize) -> Vec<Line> {
        let theme = ctx.theme;
        let typed = text::line(self.reason.text());
        if self.typing {
            let pad = LABEL.saturating_sub(3);
            return vec![Line::plain(format!("why{}", " ".repeat(pad))).with(typed, theme.focus())];
        }
        match typed.trim() {
            "" => labelled("why", "n: your reason; it may follow after BEGIN", columns, theme.faint()),
            reason => labelled("why", reason, columns, Style::new()),
        }
    }
}
