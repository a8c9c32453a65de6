//! The row under the header while it goes back: the recovery time's clock, what is left, where it is.

use ratatui::style::Style;

use crate::engine::{State, Status, WayBack, way_back};
use crate::tui::facts;
use crate::tui::text;
use crate::tui::view::Ctx;
use crate::tui::widgets::Line;
use crate::words::clock;

/// The row; none while nobody decided to go back.
pub fn row(ctx: &Ctx<'_>) -> Option<Line> {
    let (state, theme) = (&ctx.model.state, ctx.theme);
    let rollback = state.rollback.as_ref()?;
    let limit = state.plan.objectives.rto.map(|rto| format!(" of {}", clock(rto as u64))).unwrap_or_default();
    if let Some((_, took)) = rollback.verified {
        let late = state.plan.objectives.rto.is_some_and(|rto| took as f64 / 1e6 > rto);
        let took = clock(took / 1_000_000);
        let words = format!(" {} VERIFIED HEALTHY in {took}{limit}", theme.pick("✓", "x"));
        let words = if late { format!("{words}, late") } else { words };
        return Some(Line::of(words, theme.strong()).with("   left: validation, people", Style::new()));
    }
    if state.ended.is_some() {
        return Some(Line::of(" ROLLED BACK, not verified healthy".to_owned(), theme.critical()));
    }
    let gone = ctx.model.up(ctx.now).saturating_sub(rollback.decided.since) / 1_000_000;
    let (words, over) = left(state.plan.objectives.rto, gone);
    let way = way_back(state).unwrap_or_default();
    let line =
        Line::of(" ROLLBACK   ", theme.critical()).with(words, if over { theme.critical() } else { theme.strong() });
    let line = line.with(format!("   needs {}   {}", facts::needs(&way), progress(state, &way)), Style::new());
    Some(match &rollback.reason {
        Some(reason) => line.with(format!("   {}", text::line(reason)), theme.faint()),
        None => line.with("   n says why".to_owned(), theme.caution()),
    })
}

/// The recovery time's clock in words, and whether it is past its objective.
pub fn left(rto: Option<f64>, gone: u64) -> (String, bool) {
    match rto.map(|rto| rto as u64) {
        None => (format!("{} gone", clock(gone)), false),
        Some(rto) if gone > rto => (format!("RTO over {}", clock(gone - rto)), true),
        Some(rto) => (format!("RTO {} left", clock(rto - gone)), false),
    }
}

/// `3 of 9 done`, `1 failed`.
fn progress(state: &State, way: &WayBack) -> String {
    let done = way.steps.iter().filter(|index| state.status(**index).is_settled()).count();
    let failed = way.steps.iter().filter(|i| matches!(state.status(**i), Status::Failed(_) | Status::Unknown)).count();
    let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    format!("{done} of {} done{failed}", way.steps.len())
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn past_the_objective_the_clock_counts_up() {
        assert_eq!(left(Some(300.0), 108), ("RTO 3:12 left".into(), false));
        assert_eq!(left(Some(300.0), 300), ("RTO 0:00 left".into(), false));
        assert_eq!(left(Some(300.0), 342), ("RTO over 0:42".into(), true));
        assert_eq!(left(None, 42), ("0:42 gone".into(), false));
    }
}
