//! What the operator owes and what was gone past, in one line.

use crate::engine::{Settled, Status};
use crate::tui::facts::plural;
use crate::tui::view::Ctx;
use crate::tui::widgets::Line;

/// `! 1 deferred  1 caution  0 skipped  0 overridden`; short: only what is there.
pub fn line(ctx: &Ctx<'_>, short: bool) -> Line {
    let state = &ctx.model.state;
    let (mut deferred, mut skipped, mut overridden) = (0, 0, 0);
    for (index, item) in state.items.iter().enumerate() {
        match (&item.settled, ctx.model.status(index)) {
            (Some(Settled::Deferred(..)), Status::Deferred) => deferred += 1,
            (_, Status::Skipped) => skipped += 1,
            (_, Status::Overridden) => overridden += 1,
            _ => {}
        }
    }
    let cautions = state.cautions.len() + state.plan.cautions.len();
    let counts = [(deferred, "deferred"), (cautions, "caution"), (skipped, "skipped"), (overridden, "overridden")];
    let mut line = Line::default();
    for (count, word) in counts {
        if count == 0 && short {
            continue;
        }
        let s = if word == "caution" { plural(count) } else { "" };
        let style = if count > 0 { ctx.theme.caution() } else { ctx.theme.faint() };
        let lead = if line.0.is_empty() { "! " } else { "  " };
        line = line.with(lead, style).with(format!("{count} {word}{s}"), style);
    }
    line
}
