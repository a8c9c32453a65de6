//! The first row: the world, the target, what is flown, the clocks. Nothing ever covers it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::plan::WhereKind;
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::{Line, Paint};
use crate::words::{clock, utc_minute, utc_second};

/// Draws the header's row.
pub fn draw(ctx: &Ctx<'_>, buf: &mut Buffer, area: Rect) {
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let plan = &state.plan;
    let training = state.is_training();
    let place = |kind| plan.place(kind).map(text::line);
    let world = world(training, place(WhereKind::Environment).as_deref(), &ctx.options.machine);
    let mut target: Vec<String> =
        [WhereKind::KubeContext, WhereKind::DockerHost, WhereKind::Namespace].into_iter().filter_map(place).collect();
    if target.is_empty() {
        // In training the environment is not the first word; without any place the system is what is flown.
        let environment = place(WhereKind::Environment).filter(|_| training);
        target.extend(environment.or_else(|| plan.system.as_deref().map(text::line)));
    }
    let change = plan.change.as_ref().map(|(from, to)| format!("{} → {}", text::line(from), text::line(to)));
    let wide = area.width >= 100;
    let mut title = text::line(&plan.title);
    if let Some(version) = plan.version.as_deref().filter(|_| wide) {
        title = format!("{title} {}", text::line(version));
    }

    let now = ctx.model.now(ctx.now);
    let since = state.begun.or(state.opened_at);
    let end = state.ended.as_ref().map(|e| e.stamp.up).or(now.map(|n| n.up));
    let flown = match (since, end) {
        (Some(since), Some(end)) => format!("T+{}", hours(end.saturating_sub(since.up) / 1_000_000)),
        _ => String::new(),
    };
    let utc = now.map(|n| if wide { utc_second(n.at) } else { utc_minute(n.at) }).unwrap_or_default();
    let (record, record_style) = match (&state.storage_failed, ctx.model.live.disk_wait, &ctx.model.gone) {
        (Some(_), ..) => ("NO REC".to_owned(), theme.critical()),
        (None, Some(seconds), _) if seconds > 0 => (format!("waiting for the disk, {seconds} s"), theme.caution()),
        (None, _, Some(_)) if state.ended.is_none() => ("NO HOST".to_owned(), theme.critical()),
        (None, _, Some(_)) => ("END".to_owned(), Style::new()),
        _ => ("REC".to_owned(), Style::new()),
    };
    let right = Line::plain(format!("{flown}  {utc}  ")).with(record, record_style).with(" ", Style::new());

    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let mut left = Line::of(format!(" {} ", text::cut(&world, 14)), theme.world(training));
    left = left.with(" ", Style::new());
    if !target.is_empty() {
        left = left.with(format!("{}   ", target.join(" · ")), theme.strong());
    }
    let versions = change.unwrap_or_default();
    // What has no room goes: first the title, then the versions are cut.
    let spare = room.saturating_sub(left.width());
    let rest = match (title.is_empty(), versions.is_empty()) {
        (_, true) => title,
        (true, _) => versions,
        _ if text::width(&title) + text::width(&versions) + 3 <= spare => format!("{title} · {versions}"),
        _ => versions,
    };
    left = left.with(text::cut(&rest, spare), Style::new());
    let left_area = Rect { width: u16::try_from(room).unwrap_or(u16::MAX).min(area.width), ..area };
    Paint::new(buf, left_area).line(0, 0, &left);
    Paint::new(buf, area).right(0, &right);
}

/// The header's first word: `TRAINING`, else the environment as it is called, else this machine; one spelling wherever
/// it stands.
pub fn world(training: bool, environment: Option<&str>, machine: &str) -> String {
    match (training, environment) {
        (true, _) => "TRAINING".to_owned(),
        (false, Some(environment)) if environment.to_lowercase().starts_with("prod") => "PROD".into(),
        (false, Some(environment)) => text::line(environment).to_uppercase(),
        (false, None) => text::line(machine).to_uppercase(),
    }
}

/// `0:14:32`: always with hours, since T+ is read aloud.
fn hours(seconds: u64) -> String {
    let words = clock(seconds);
    if seconds < 3600 { format!("0:{}{words}", if seconds < 600 { "0" } else { "" }) } else { words }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_world_has_one_spelling() {
        use super::world;
        let all = [world(true, Some("prod"), "vm"), world(false, Some("production"), "vm"), world(false, None, "vm")];
        assert_eq!(all, ["TRAINING", "PROD", "VM"]);
        assert_eq!(world(false, Some("staging"), "vm"), "STAGING");
    }

    #[test]
    fn flight_time_has_hours() {
        assert_eq!([5, 872, 3731].map(super::hours), ["0:00:05", "0:14:32", "1:02:11"]);
    }
}
