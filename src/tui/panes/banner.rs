//! The row under the header when something stands in the way.

use ratatui::style::Style;

use crate::engine::LOCK;
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::Line;
use crate::words::utc_second;

/// Most rows that the banner takes of a screen.
const MOST: usize = 3;

/// What stands in the way, the worst of it in as many rows as its words need; empty: nothing does.
pub fn banner(ctx: &Ctx<'_>, columns: usize) -> Vec<Line> {
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let mut all: Vec<(String, Style)> = vec![];
    let critical = theme.critical();
    if let Some((since, why)) = &state.storage_failed {
        let words = format!(
            "NO REC since {}: {}. Nothing starts. By hand: {}",
            utc_second(since.at),
            text::line(why),
            text::line(&format!("{}/{}", ctx.model.folder, crate::words::files::BY_HAND))
        );
        all.push((words, theme.critical()));
    }
    if let Some(why) = ctx.model.gone.as_ref().filter(|_| state.ended.is_none()) {
        let words = format!(
            "the host is gone: {}. What runs goes on. Leave, then: {}",
            text::line(why),
            text::line(&ctx.options.go_on)
        );
        all.push((words, theme.critical()));
    }
    if let Some((_, why)) = ctx.model.live.held.first().filter(|_| ctx.model.gone.is_none()) {
        let words =
            format!("what runs is held, its output cannot be written: {}. u lets it go on unrecorded", text::line(why));
        all.push((words, theme.critical()));
    }
    for (kind, (pinned, found)) in &state.moved {
        let words = match kind.as_str() {
            LOCK => text::line(&state.in_the_way(kind, pinned, found, "Enter takes the lock over, with a reason")),
            _ => format!(
                "{} is {}, pinned {}: nothing starts; switch back, then check again",
                text::line(kind),
                text::line(found),
                text::line(pinned)
            ),
        };
        all.push((words, theme.caution()));
    }
    if let Some((who, until)) = &state.control.asked
        && *who != ctx.options.who
        && state.control.holder.as_ref() == Some(&ctx.options.who)
    {
        let left = until.saturating_sub(ctx.model.up(ctx.now)) / 1_000_000;
        all.push((
            format!(
                "{} asks for control, {} left: o hands it over or keeps it",
                text::line(who.name()),
                crate::words::clock(left)
            ),
            theme.caution(),
        ));
    }
    if let Some(name) = ctx.model.secrets.first().filter(|_| ctx.hands_off().is_none()) {
        let words = format!("the secret {} is needed: what uses it does not start. g gives it", text::line(name));
        all.push((words, theme.caution()));
    }
    if let Some(paused) = &state.paused {
        let why = paused.reason.as_ref().map(|r| format!(": {}", text::line(r))).unwrap_or_default();
        let at = paused
            .at
            .as_ref()
            .and_then(|id| state.index(id))
            .map(|i| format!(" at \"{}\"", super::super::facts::title(ctx.model, i)));
        all.push((
            format!("PAUSED since {}{}{why}   p goes on", utc_second(paused.since.at), at.unwrap_or_default()),
            theme.caution(),
        ));
    }
    if let Some((_, why)) = &state.person_needed {
        all.push((format!("a person is needed: {}", text::line(why)), theme.caution()));
    }
    let more = all.len().saturating_sub(1);
    let Some((words, style)) = all.into_iter().next() else { return vec![] };
    let glyph = match style == critical {
        true => theme.pick("✕", "F"),
        false if words.starts_with("PAUSED") => theme.pick("‖", "="),
        false => "!",
    };
    let more = if more > 0 { format!("   +{more}") } else { String::new() };
    let mut lines = Line::wrapped(&format!("{glyph} {words}{more}"), columns.saturating_sub(2), 2, style);
    lines.truncate(MOST);
    lines.into_iter().map(|line| Line(std::iter::once((" ".to_owned(), style)).chain(line.0).collect())).collect()
}
