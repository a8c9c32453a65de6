//! The row under the header when something stands in the way.

use ratatui::style::Style;

use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::Line;
use crate::words::utc_second;

/// What stands in the way, the worst first; none: nothing does.
pub fn banner(ctx: &Ctx<'_>) -> Option<Line> {
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
        let words = format!("the host is gone: {}. The command goes on; come back with: {}", text::line(why), text::line(&ctx.options.come_back));
        all.push((words, theme.critical()));
    }
    for (kind, (pinned, found)) in &state.moved {
        let words = format!("{} is {}, pinned {}: nothing starts; switch back, then check again", text::line(kind), text::line(found), text::line(pinned));
        all.push((words, theme.caution()));
    }
    if let Some((who, until)) = &state.control.asked
        && *who != ctx.options.who
        && state.control.holder.as_ref() == Some(&ctx.options.who)
    {
        let left = until.saturating_sub(ctx.model.up(ctx.now)) / 1_000_000;
        all.push((format!("{} asks for control, {} left: q hands over", text::line(who.name()), crate::words::clock(left)), theme.caution()));
    }
    if let Some(paused) = &state.paused {
        let why = paused.reason.as_ref().map(|r| format!(": {}", text::line(r))).unwrap_or_default();
        let at = paused.at.as_ref().and_then(|id| state.index(id)).map(|i| format!(" at \"{}\"", super::super::facts::title(ctx.model, i)));
        all.push((format!("PAUSED since {}{}{why}   p goes on", utc_second(paused.since.at), at.unwrap_or_default()), theme.caution()));
    }
    if let Some((_, why)) = &state.person_needed {
        all.push((format!("a person is needed: {}", text::line(why)), theme.caution()));
    }
    let more = all.len().saturating_sub(1);
    let (words, style) = all.into_iter().next()?;
    let glyph = match style == critical {
        true => theme.pick("✕", "F"),
        false if words.starts_with("PAUSED") => theme.pick("‖", "="),
        false => "!",
    };
    let line = Line::of(format!(" {glyph} {words}"), style);
    Some(if more > 0 { line.with(format!("   +{more}"), style) } else { line })
}
