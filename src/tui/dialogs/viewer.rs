//! A text to read, with at most one thing that Enter does.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Deed, Dialog, Extent, Step, Verbs, framed};
use crate::engine::event::Resolved;
use crate::engine::plan::Action;
use crate::engine::{Settled, Want, resolve};
use crate::tui::enter::ago;
use crate::tui::facts;
use crate::tui::input::{Code, Key};
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Paint, Scroll};
use crate::words::utc_second;

/// What Enter does in a viewer.
type Enter = Option<(String, Box<dyn Fn(&Ctx<'_>) -> Result<Want, String>>)>;

/// The viewer. Its lines are clean.
pub struct Viewer {
    name: &'static str,
    title: String,
    lines: Vec<(String, Kind)>,
    extent: Extent,
    scroll: Scroll,
    item: Option<usize>,
    enter: Enter,
    problem: Option<String>,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As text.
    Text,
    /// A heading.
    Heading,
    /// Beside the point.
    Faint,
    /// A caution.
    Caution,
}

impl Viewer {
    /// Shows clean lines over the whole body.
    pub fn new(name: &'static str, title: impl Into<String>, lines: Vec<(String, Kind)>) -> Self {
        Self {
            name,
            title: title.into(),
            lines,
            extent: Extent::Body,
            scroll: Scroll::default(),
            item: None,
            enter: None,
            problem: None,
        }
    }

    fn all_text(&self) -> String {
        self.lines.iter().map(|(line, _)| format!("{line}\n")).collect()
    }
}

impl Dialog for Viewer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn extent(&self) -> Extent {
        self.extent
    }

    fn item(&self) -> Option<usize> {
        self.item
    }

    fn draw(&mut self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let theme = ctx.theme;
        let inside = framed(ctx, buf, area, &self.title, &Line::default());
        let columns = usize::from(inside.width);
        let mut lines = vec![];
        for (line, kind) in &self.lines {
            let style = match kind {
                Kind::Text => Style::new(),
                Kind::Heading => theme.strong(),
                Kind::Faint => theme.faint(),
                Kind::Caution => theme.caution(),
            };
            lines.extend(text::hanging(line, columns).into_iter().map(|l| Line::of(l, style)));
        }
        if let Some(problem) = &self.problem {
            lines.extend(Line::wrapped(problem, columns, 0, theme.caution()));
            self.scroll.down = usize::MAX;
        }
        self.scroll.draw(buf, inside, &lines);
        let left = self.scroll.most - self.scroll.down;
        if left > 0 {
            let more = Line::of(format!(" {left} more "), theme.faint());
            let edge = Rect {
                x: area.x + 1,
                y: area.bottom().saturating_sub(1),
                width: area.width.saturating_sub(3),
                height: 1,
            };
            Paint::new(buf, edge).right(0, &more);
        }
        None
    }

    fn key(&mut self, key: Key, ctx: &Ctx<'_>) -> Step {
        match (key.code, key.letter(), &self.enter) {
            _ if self.scroll.key(key) => Step::stay(),
            (_, Some('y'), _) => Step::one(Deed::Copy(self.all_text())),
            (Code::Enter, _, None) => Step::one(Deed::Close),
            (Code::Enter, _, Some((_, make))) => Step::one(match make(ctx) {
                Ok(want) => Deed::Want(want),
                Err(why) => Deed::Say(why),
            }),
            _ => Step::Unused,
        }
    }

    fn verbs(&self, _ctx: &Ctx<'_>) -> Verbs {
        let first = self.enter.as_ref().map_or("back".into(), |(words, _)| words.clone());
        let mut verbs = vec![("⏎", first)];
        if self.scroll.most > 0 {
            verbs.push(("↑↓", "scroll".into()));
        }
        verbs.extend([("y", "copy".into()), ("Esc", "back".into())]);
        verbs
    }

    fn refused(&mut self, why: &str) {
        self.problem = Some(why.to_owned());
    }
}

/// What remains and the rollback, as plain commands: the way on when the program cannot go on.
pub fn by_hand(ctx: &Ctx<'_>) -> Viewer {
    let text = crate::engine::by_hand(&ctx.model.state);
    let lines = text::lines(&text).into_iter().map(|l| (l, Kind::Text)).collect();
    Viewer::new("by-hand", "By hand", lines)
}

/// Contacts and links.
pub fn contacts(ctx: &Ctx<'_>) -> Viewer {
    let plan = &ctx.model.state.plan;
    let mut lines = vec![("Contacts".to_owned(), Kind::Heading)];
    if plan.contacts.is_empty() {
        lines.push(("  the runbook names none".into(), Kind::Faint));
    }
    for contact in &plan.contacts {
        let who = contact.role.as_deref().unwrap_or(&contact.name);
        let via = [contact.via.as_deref(), contact.url.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("  ");
        let people =
            if contact.people.is_empty() { String::new() } else { format!("  ({})", contact.people.join(", ")) };
        lines.push((format!("  {}: {}", text::line(who), text::line(&format!("{via}{people}"))), Kind::Text));
    }
    lines.push((String::new(), Kind::Text));
    lines.push(("Links".to_owned(), Kind::Heading));
    if plan.links.is_empty() {
        lines.push(("  the runbook names none".into(), Kind::Faint));
    }
    for link in &plan.links {
        lines.push((format!("  {}: {}", text::line(&link.title), text::line(&link.to)), Kind::Text));
    }
    for limitation in &plan.limitations {
        lines.push((String::new(), Kind::Text));
        lines.push((format!("Limitation: {}", text::line(&limitation.text)), Kind::Caution));
        if let Some(workaround) = &limitation.workaround {
            lines.push((format!("  instead: {}", text::line(workaround)), Kind::Text));
        }
    }
    Viewer::new("contacts", "Contacts and links", lines)
}

/// A notice before it is sent; Enter sends it.
pub fn preview(ctx: &Ctx<'_>, index: usize) -> Result<Viewer, String> {
    let started = resolve(&ctx.model.state, index)?;
    let Resolved::Notice { to, title, text: body } = &started.what else {
        return Err("there is no notice here".into());
    };
    let to: Vec<String> = to.iter().map(|n| text::line(n.as_str())).collect();
    let mut lines = vec![
        (format!("to     {}", to.join(", ")), Kind::Text),
        (format!("title  {}", text::line(title)), Kind::Text),
        (String::new(), Kind::Text),
    ];
    lines.extend(text::lines(body).into_iter().map(|l| (l, Kind::Text)));
    let (seen, shown) = (ctx.seen(index), started.digest.clone());
    let item = started.item.clone();
    let mut viewer = Viewer::new("preview", "Notice, as it will be sent", lines);
    viewer.extent = Extent::Pane;
    viewer.item = Some(index);
    viewer.enter = Some((
        "send".into(),
        Box::new(move |_| {
            Ok(Want::Start { item: item.clone(), seen, shown: shown.clone(), typed: None, out_of_order: true })
        }),
    ));
    Ok(viewer)
}

/// Attempts, answers, values and times of an item.
pub fn details(ctx: &Ctx<'_>, index: usize) -> Viewer {
    let model = ctx.model;
    let plan = &model.state.plan.items[index];
    let item = &model.state.items[index];
    let mut lines: Vec<(String, Kind)> = vec![(facts::title(model, index), Kind::Heading)];
    let mut say = |text: String, kind: Kind| lines.push((text, kind));
    say(format!("{}   {}", facts::path(model, index).join(" > "), plan.id), Kind::Faint);
    if let Some(when) = plan.off() {
        say(format!("does not apply: needs {}", text::line(when.expr.source())), Kind::Text);
    }
    if let Some((on, why)) = &item.switched
        && !on
    {
        say(format!("does not apply: {}", text::line(why)), Kind::Text);
    }
    if let Some(opened) = item.opened {
        say(format!("opened   {}", utc_second(opened.at)), Kind::Text);
    }
    if let Some(settled) = item.settled_at {
        say(format!("settled  {}", facts::when_who(Some(settled), item.settled_by.as_ref())), Kind::Text);
    }
    for settled in item.earlier.iter().chain(item.settled.iter()) {
        for line in decision(ctx, settled) {
            say(line, Kind::Text);
        }
    }
    for attempt in &item.attempts {
        say(String::new(), Kind::Text);
        let edited = if attempt.what.edited { ", edited" } else { "" };
        say(
            format!(
                "attempt {}  {}  {}{edited}",
                attempt.number,
                facts::when_who(Some(attempt.started), Some(&attempt.by)),
                facts::ended(attempt)
            ),
            Kind::Heading,
        );
        match facts::command(&attempt.what.what) {
            facts::Command::Words(words) => say(format!("  $ {}", words.join(" ")), Kind::Text),
            facts::Command::Script(shell, script) => {
                say(format!("  {shell}:"), Kind::Text);
                script.into_iter().for_each(|l| say(format!("    {l}"), Kind::Text));
            }
            facts::Command::None => {}
        }
        facts::surroundings(&attempt.what).into_iter().for_each(|l| say(format!("  {l}"), Kind::Faint));
        if let Some((_, ended)) = &attempt.ended {
            if let Some(why) = &ended.why {
                say(format!("  {}", text::line(why)), Kind::Caution);
            }
            if let Some(evidence) = &ended.evidence {
                say(format!("  {}", text::line(evidence)), Kind::Text);
            }
            ended.last_lines.iter().for_each(|l| say(format!("  │ {}", text::line(l)), Kind::Faint));
        }
    }
    if let Action::Check(check) = &plan.action {
        for id in &check.probes {
            let Some(known) = model.state.probes.get(id) else { continue };
            let Some(sample) = &known.sample else { continue };
            say(
                format!(
                    "{}: {}, {}, {}",
                    text::line(id.as_str()),
                    known.verdict.words(),
                    text::line(&sample.text),
                    ago(ctx, sample.up)
                ),
                Kind::Text,
            );
            for (name, value) in &sample.fields {
                say(format!("  {name} = {}", text::line(&value.to_string())), Kind::Faint);
            }
        }
    }
    for (name, value) in &item.captured {
        say(format!("took {name} = {}", text::line(&value.to_string())), Kind::Text);
    }
    for note in model.state.notes.iter().filter(|n| n.item.as_ref() == Some(&plan.id)) {
        say(
            format!("note  {}  {}", facts::when_who(Some(note.stamp), Some(&note.by)), text::line(&note.text)),
            Kind::Text,
        );
    }
    let mut viewer = Viewer::new("details", "Details", lines);
    viewer.item = Some(index);
    viewer
}

fn decision(ctx: &Ctx<'_>, settled: &Settled) -> Vec<String> {
    match settled {
        Settled::Answered(answer) => {
            let who = answer.by.as_ref().map(|b| text::line(b.name())).unwrap_or_default();
            let mut lines =
                vec![format!("answered by {who}{}", if answer.fast { ", faster than it can be read" } else { "" })];
            lines.extend(answer.fields.iter().map(|(k, v)| format!("  {k}: {}", text::line(&v.to_string()))));
            lines
        }
        Settled::Skipped(why) => vec![format!("skipped: {}", text::line(why))],
        Settled::NotApplicable(why) => vec![format!("does not apply: {}", text::line(why))],
        Settled::Deferred(to, why) => {
            vec![format!("deferred, {}: {}", facts::returns(ctx.model, to, ctx.now), text::line(why))]
        }
        Settled::Overridden(why, second) => {
            let second = second.as_ref().map(|s| format!(", with {}", text::line(s.name()))).unwrap_or_default();
            vec![format!("overridden{second}: {}", text::line(why))]
        }
    }
}
