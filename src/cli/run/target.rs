//! What a run deploys to, as runs are compared, and whether another run holds it.

use crate::cli::{Stop, note, person};
use crate::engine::plan::{Plan, WhereKind};
use crate::host::Announce;
use crate::journal::{PresenceBoard, Seen};
use crate::tui::world;
use crate::words::{RunId, local_and_utc};

/// What every account is told of a run of this plan.
pub fn announce(plan: &Plan) -> Announce {
    // The commit is what is deployed, not where to.
    let places = plan.places.iter().filter(|p| p.kind != WhereKind::Git).map(|p| p.is.as_str());
    let target: Vec<&str> = places.collect();
    let place = world(false, plan.place(WhereKind::Environment), &person::machine());
    Announce { target: target.join(" · "), place, runbook: plan.title.clone() }
}

/// Stops when a living run of any account has this target; one that crashed is only told.
pub fn refuse_held(what: &Announce, own: Option<&RunId>) -> Result<(), Stop> {
    if what.target.is_empty() {
        return Ok(());
    }
    let others = PresenceBoard::of_machine().others(own);
    let mut same = others.iter().filter(|seen| seen.presence.target == what.target);
    if let Some(held) = same.clone().find(|seen| seen.alive) {
        return Err(Stop::person(told(held)));
    }
    if let Some(crashed) = same.next() {
        note(&format!(
            "note: the run {} of {} on {} did not end in order; its commands may still be running",
            crashed.presence.run, crashed.presence.who, crashed.presence.target
        ));
    }
    Ok(())
}

fn told(seen: &Seen) -> String {
    let run = &seen.presence;
    let whose = if seen.uid == rustix::process::geteuid().as_raw() {
        format!("look on with `flightdeck attach {} --observe`", run.run)
    } else {
        format!("it belongs to the account {}", person::account(seen.uid))
    };
    format!(
        "{} is held by another run: {} flies \"{}\" since {} (run {}). Two runs on one target would undo each other; {whose}",
        run.target,
        run.who,
        run.runbook,
        local_and_utc(run.since),
        run.run
    )
}
