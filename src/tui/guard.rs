//! Which keys are dropped: those read before a change of their meaning was seen, and those of a held Enter.

use std::time::Duration;

use super::dialogs::Dialog;
use super::tree::Node;
use super::view::Ctx;
use crate::engine::Status;

/// A key within this time after a change was drawn is dropped (UX.md, "Where a keystroke goes").
const SETTLING: Duration = Duration::from_millis(500);
/// Enters that follow one another closer than this are one that is held: terminals begin to repeat a key after 250 to
/// 660 ms, and repeat it each 30 ms or so.
const HELD: Duration = Duration::from_millis(700);

/// What keys mean now: where they go, and what is under the box.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    dialog: Option<&'static str>,
    typing: bool,
    item: Option<(Node, u32, Status)>,
    begun: bool,
    over: bool,
}

impl Meaning {
    /// What keys mean in this state. A form takes text whatever happens under it.
    pub fn of(ctx: &Ctx<'_>, dialog: Option<&dyn Dialog>) -> Self {
        let seen = |index: usize| (Node::Item(index), ctx.seen(index), ctx.model.status(index));
        let item = match dialog {
            Some(dialog) if dialog.is_text() => None,
            Some(dialog) => dialog.item().map(seen),
            None => Some(ctx.item().map_or((ctx.shown(), 0, Status::Off), seen)),
        };
        Self {
            dialog: dialog.map(|d| d.name()),
            typing: ctx.view.typing,
            item,
            begun: ctx.model.state.begun.is_some(),
            over: ctx.model.state.ended.is_some(),
        }
    }
}

/// Remembers what was drawn and when its meaning changed without the operator's own doing.
#[derive(Debug, Default)]
pub struct Guard {
    drawn: Option<Meaning>,
    changed: Option<Duration>,
    enter: Option<(Duration, bool)>,
}

impl Guard {
    /// A frame with this meaning is on the screen.
    pub fn drew(&mut self, meaning: Meaning, now: Duration) {
        if self.drawn.as_ref().is_some_and(|drawn| *drawn != meaning) {
            self.changed = Some(now);
        }
        self.drawn = Some(meaning);
    }

    /// The operator's own key changed the meaning: no surprise.
    pub fn own(&mut self, meaning: Meaning) {
        self.drawn = Some(meaning);
    }

    /// A key that was read at `read` means another thing than what was seen.
    pub fn is_stale(&self, now_means: &Meaning, read: Duration) -> bool {
        self.drawn.as_ref() != Some(now_means) || self.changed.is_some_and(|at| read < at + SETTLING)
    }

    /// Whether this Enter is the same press as the one before. `text`: it came in Text mode, where presses count.
    pub fn is_held(&mut self, read: Duration, text: bool) -> bool {
        let held = match self.enter {
            // A press that began in Keys does not answer the form that it opened.
            Some((last, began_in_text)) => read.saturating_sub(last) < HELD && !(text && began_in_text),
            None => false,
        };
        let began = match (held, self.enter) {
            (true, Some((_, began))) => began,
            _ => text,
        };
        self.enter = Some((read, began));
        held
    }

    /// Another key came: Enter is not held.
    pub fn other(&mut self) {
        self.enter = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn meaning(over: bool) -> Meaning {
        Meaning { dialog: None, typing: false, item: None, begun: true, over }
    }

    #[test]
    fn a_change_is_read_before_keys_count() {
        let mut guard = Guard::default();
        guard.drew(meaning(false), ms(0));
        assert!(!guard.is_stale(&meaning(false), ms(10)), "the first frame is no change");
        assert!(guard.is_stale(&meaning(true), ms(1000)), "it is not drawn yet");
        guard.drew(meaning(true), ms(1100));
        assert!(guard.is_stale(&meaning(true), ms(1050)), "it was read before it was drawn");
        assert!(guard.is_stale(&meaning(true), ms(1599)));
        assert!(!guard.is_stale(&meaning(true), ms(1600)));
        guard.own(meaning(false));
        guard.drew(meaning(false), ms(2000));
        assert!(!guard.is_stale(&meaning(false), ms(2001)), "one's own key is no surprise");
    }

    #[test]
    fn a_held_enter_counts_once() {
        let mut guard = Guard::default();
        assert!(!guard.is_held(ms(0), false));
        assert!(guard.is_held(ms(660), false), "the first repeat");
        assert!(guard.is_held(ms(690), true), "nor does it answer the form that it opened");
        assert!(guard.is_held(ms(720), true));
        assert!(!guard.is_held(ms(2000), true));
        assert!(!guard.is_held(ms(2100), true), "in a form each press counts");
        assert!(guard.is_held(ms(2200), false), "but the press that answered it does not go on into Keys");
        guard.other();
        assert!(!guard.is_held(ms(2300), false));
    }
}
