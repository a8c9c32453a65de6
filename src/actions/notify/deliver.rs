//! Sends to all receivers at once, tells how the first tries ended, and goes on trying behind the run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;

use super::{Message, Notice, Receiver, Tried, sender};
use crate::words::Name;

/// A receiver's wish to wait is followed up to here while a step waits for its answer.
const LONGEST: Duration = Duration::from_secs(30);

/// When tries follow.
#[derive(Clone, Copy)]
pub(super) struct Pauses {
    /// After each of the first tries, which a step waits for; one more try than pauses.
    pub first: &'static [Duration],
    /// After each try that nobody waits for.
    pub late: &'static [Duration],
}

const fn seconds<const N: usize>(all: [u64; N]) -> [Duration; N] {
    let mut pauses = [Duration::ZERO; N];
    let mut n = 0;
    while n < N {
        pauses[n] = Duration::from_secs(all[n]);
        n += 1;
    }
    pauses
}

/// The first tries take seconds, the late ones most of an hour.
const PAUSES: Pauses =
    Pauses { first: &seconds([1, 3]), late: &seconds([10, 30, 60, 120, 300, 600, 600, 600, 600, 600]) };

/// How a notice fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// After the first tries. Told exactly once.
    First {
        /// All receivers took it.
        ok: bool,
        /// What each said, `team: hooks.example: 200 OK: ok`.
        said: String,
    },
    /// A receiver that had not taken it at first. Told once for each, unless the process ends before.
    Late {
        /// The receiver's name.
        to: Name,
        /// It has taken it now; else it is given up.
        ok: bool,
        /// What it said.
        said: String,
    },
}

/// Sends a message to all receivers and returns at once. `answer` is called from another thread. The work is done on
/// `handle`, or on a thread of its own. Where no thread can be had, `answer` is called before this returns.
pub fn send(
    handle: Option<Handle>,
    to: Vec<(Name, Receiver)>,
    message: Message,
    answer: impl Fn(Answered) + Send + Sync + 'static,
) {
    send_with(PAUSES, handle, to, message, answer);
}

pub(super) fn send_with(
    pauses: Pauses,
    handle: Option<Handle>,
    to: Vec<(Name, Receiver)>,
    message: Message,
    answer: impl Fn(Answered) + Send + Sync + 'static,
) {
    let answer = Arc::new(answer);
    if let Some(handle) = handle {
        handle.spawn(deliver_all(to, message, pauses, answer));
        return;
    }
    // Shared with the thread, so that it is not lost where the thread does not start.
    let unanswered = Arc::new(Mutex::new(Some((to, message))));
    let (told, taken) = (answer.clone(), unanswered.clone());
    let started = std::thread::Builder::new().name("flightdeck-notice".into()).spawn(move || {
        let Some((to, message)) = taken.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                runtime.block_on(deliver_all(to, message, pauses, told));
                // A file system that hangs must not hold this thread.
                runtime.shutdown_background();
            }
            Err(e) => told(Answered::First { ok: false, said: format!("no thread to send with: {e}") }),
        }
    });
    if let Err(e) = started {
        answer(Answered::First { ok: false, said: format!("no thread to send with: {e}") });
    }
}

/// What came of the tries that are waited for.
enum Outcome {
    Taken(String),
    Refused(String),
    /// Not yet: why, and who tries on.
    Open(String, Box<dyn Notice>),
}

/// A slow receiver holds up no other; the answers stand in the order of the receivers.
async fn deliver_all<F>(to: Vec<(Name, Receiver)>, message: Message, pauses: Pauses, answer: Arc<F>)
where
    F: Fn(Answered) + Send + Sync + 'static,
{
    let message = Arc::new(message);
    let mut said: Vec<String> = to.iter().map(|(name, _)| format!("{name}: the try broke off")).collect();
    let (mut all, mut open) = (true, vec![]);
    let mut tries = JoinSet::new();
    for (place, (name, receiver)) in to.into_iter().enumerate() {
        let message = message.clone();
        tries.spawn(async move { (place, name, deliver(sender(receiver), &message, pauses).await) });
    }
    while let Some(done) = tries.join_next().await {
        let Ok((place, name, outcome)) = done else {
            all = false;
            continue;
        };
        all &= matches!(outcome, Outcome::Taken(_));
        let text = match outcome {
            Outcome::Taken(text) | Outcome::Refused(text) => text,
            Outcome::Open(why, sender) => {
                open.push((name.clone(), sender));
                why
            }
        };
        said[place] = format!("{name}: {text}");
    }
    answer(Answered::First { ok: all, said: said.join("; ") });
    let mut late = JoinSet::new();
    for (name, sender) in open {
        let (message, answer) = (message.clone(), answer.clone());
        late.spawn(async move {
            let (ok, said) = deliver_late(sender.as_ref(), &message, pauses).await;
            answer(Answered::Late { to: name, ok, said });
        });
    }
    while late.join_next().await.is_some() {}
}

/// Tries until it is taken, refused, or the first tries are used up.
async fn deliver(sender: Box<dyn Notice>, message: &Message, pauses: Pauses) -> Outcome {
    let mut again = message.again;
    let mut left = pauses.first.iter();
    loop {
        match (sender.send(message, again).await, left.next()) {
            (Tried::Taken(answer), _) => return Outcome::Taken(answer),
            (Tried::Refused(why), _) => return Outcome::Refused(why),
            (Tried::Later(_, wish), Some(pause)) => {
                tokio::time::sleep(wish.map_or(*pause, |s| Duration::from_secs(s).min(LONGEST).max(*pause))).await;
            }
            (Tried::Later(why, _), None) => {
                let tries = pauses.first.len() + 1;
                return if pauses.late.is_empty() {
                    Outcome::Refused(format!("{why} ({tries} tries)"))
                } else {
                    Outcome::Open(format!("{why} ({tries} tries; tried on behind the run)"), sender)
                };
            }
        }
        again = true;
    }
}

/// Tries on where nobody waits; whether it was taken at last, and what was said.
async fn deliver_late(sender: &dyn Notice, message: &Message, pauses: Pauses) -> (bool, String) {
    let mut last = String::new();
    let mut wish = None;
    for pause in pauses.late {
        tokio::time::sleep(wish.map_or(*pause, |s| Duration::from_secs(s).min(*pause * 10).max(*pause))).await;
        match sender.send(message, true).await {
            Tried::Taken(answer) => return (true, answer),
            Tried::Refused(why) => return (false, why),
            Tried::Later(why, seconds) => (last, wish) = (why, seconds),
        }
    }
    let tries = pauses.first.len() + 1 + pauses.late.len();
    (false, format!("{last} ({tries} tries; given up)"))
}
