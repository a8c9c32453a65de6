//! The run's line on the machine's board, as long as the host lives; and the target that no other run may hold.

use super::log;
use super::settings::Announce;
use crate::engine::State;
use crate::journal::{Presence, PresenceBoard, RunFolder};
use crate::words::{RunId, utc_minute};

/// A line on the board. It goes with this value.
pub(super) struct Announced {
    board: PresenceBoard,
    run: RunId,
    own: Presence,
}

impl Announced {
    /// Tells other accounts how the run stands, when that is another than they were told.
    pub fn tell(&mut self, state: &State) {
        let doing = doing(state);
        if doing == self.own.doing {
            return;
        }
        self.own.doing = doing;
        if let Err(error) = self.board.publish(&self.own) {
            log(&error.to_string());
        }
    }
}

/// How a run stands, as its line says it: `flying`, `paused at 4 of 14` (settled items of the phase).
fn doing(state: &State) -> String {
    let word = match state {
        _ if state.begun.is_none() => return "not begun".into(),
        _ if state.paused.is_some() => "paused",
        _ if state.person_needed.is_some() => "parked",
        _ => return "flying".into(),
    };
    let counts = state.phase.map(|phase| state.counts(phase)).unwrap_or_default();
    format!("{word} at {} of {}", counts.settled, counts.all)
}

impl Drop for Announced {
    fn drop(&mut self) {
        if let Err(error) = self.board.remove(&self.run) {
            log(&error.to_string());
        }
    }
}

/// Puts the run on the board. The error: another living run has the target, who and since when.
///
/// A board that cannot be used is no reason not to fly: other accounts are then not told.
pub(super) fn announce(
    board: PresenceBoard,
    folder: &RunFolder,
    operator: &str,
    what: &Announce,
) -> Result<Option<Announced>, String> {
    let own = Presence {
        runbook: what.runbook.clone(),
        doing: "not begun".into(),
        ..Presence::here(folder.id().clone(), operator, &what.target, &what.place, chrono::Utc::now())
    };
    if let Err(error) = board.publish(&own) {
        log(&error.to_string());
        return Ok(None);
    }
    board.tidy(own.since);
    let announced = Announced { board, run: folder.id().clone(), own: own.clone() };
    // Published before it looks: of two that start at once at least one sees the other, and the later one gives way.
    let held = announced.board.others(Some(folder.id())).into_iter().find(|seen| {
        let other = &seen.presence;
        seen.alive
            && !own.target.is_empty()
            && other.target == own.target
            && (other.since, &other.run) < (own.since, &own.run)
    });
    match held {
        Some(seen) => {
            let other = seen.presence;
            Err(format!(
                "{} is held by the run {} of {} since {}",
                other.target,
                other.run,
                other.who,
                utc_minute(other.since)
            ))
        }
        None => Ok(Some(announced)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_on_a_target_gives_way_and_leaves_no_line() {
        let dir = tempfile::tempdir().unwrap();
        let board = || PresenceBoard::at(&dir.path().join("board"));
        let folder = |title| RunFolder::create(&dir.path().join("runs"), chrono::Utc::now(), title).unwrap();
        let what = Announce { target: "prod-eu".into(), place: "prod".into(), runbook: "Deploy".into() };
        let (one, two) = (folder("one"), folder("two"));
        let first = announce(board(), &one, "anna@ops1", &what).unwrap();
        assert!(first.is_some());
        let why = announce(board(), &two, "bob@ops1", &what).err().unwrap();
        assert!(why.contains("prod-eu") && why.contains("anna@ops1"), "{why}");
        assert_eq!(board().others(None).len(), 1, "the second's line is gone");
        let elsewhere = Announce { target: String::new(), ..what.clone() };
        assert!(announce(board(), &two, "bob@ops1", &elsewhere).is_ok());
        let mut first = first.unwrap();
        let mut state =
            State { begun: Some(crate::words::Stamp { at: chrono::Utc::now(), up: 0 }), ..State::default() };
        let says = |first: &mut Announced, state: &State| {
            first.tell(state);
            board().others(None)[0].presence.doing.clone()
        };
        assert_eq!(board().others(None)[0].presence.doing, "not begun");
        assert_eq!(says(&mut first, &state), "flying");
        state.person_needed = Some((None, "restart it".into()));
        assert_eq!(says(&mut first, &state), "parked at 0 of 0");
        drop(first);
        assert!(announce(board(), &two, "bob@ops1", &what).unwrap().is_some());
    }
}
