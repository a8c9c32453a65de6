//! Sends to all receivers at once, and tells how it ended once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;

use super::{Message, Receiver, Tried, sender};
use crate::words::Name;

/// How long after each try the next comes; one more try than pauses.
const PAUSES: &[Duration] = &[Duration::from_secs(1), Duration::from_secs(3)];
/// A receiver's wish to wait is followed up to here.
const LONGEST: Duration = Duration::from_secs(30);

/// Sends a message to all receivers and returns at once. `answer` is called exactly once, from another thread: whether
/// all took it, and what each said, `team: hooks.example: 200 OK: ok`. The work is done on `handle`, or on a thread of
/// its own. Where no thread can be had, `answer` is called before this returns.
pub fn send(
    handle: Option<Handle>,
    to: Vec<(Name, Receiver)>,
    message: Message,
    answer: impl FnOnce(bool, String) + Send + 'static,
) {
    send_with(PAUSES, handle, to, message, answer);
}

pub(super) fn send_with(
    pauses: &'static [Duration],
    handle: Option<Handle>,
    to: Vec<(Name, Receiver)>,
    message: Message,
    answer: impl FnOnce(bool, String) + Send + 'static,
) {
    if let Some(handle) = handle {
        handle.spawn(async move {
            let (ok, said) = deliver_all(to, message, pauses).await;
            answer(ok, said);
        });
        return;
    }
    // Shared with the thread, so that it is not lost where the thread does not start.
    let answer = Arc::new(Mutex::new(Some(answer)));
    let tell = |answer: &Mutex<Option<_>>, ok: bool, said: String| {
        if let Some(answer) = answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let answer: Box<dyn FnOnce(bool, String)> = Box::new(answer);
            answer(ok, said);
        }
    };
    let shared = answer.clone();
    let started = std::thread::Builder::new().name("flightdeck-notice".into()).spawn(move || {
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let (ok, said) = runtime.block_on(deliver_all(to, message, pauses));
                // A file system that hangs must not hold this thread.
                runtime.shutdown_background();
                tell(&shared, ok, said);
            }
            Err(e) => tell(&shared, false, format!("no thread to send with: {e}")),
        }
    });
    if let Err(e) = started {
        tell(&answer, false, format!("no thread to send with: {e}"));
    }
}

/// A slow receiver holds up no other; the answers stand in the order of the receivers.
async fn deliver_all(to: Vec<(Name, Receiver)>, message: Message, pauses: &'static [Duration]) -> (bool, String) {
    let message = Arc::new(message);
    let mut said: Vec<String> = to.iter().map(|(name, _)| format!("{name}: the try broke off")).collect();
    let mut all = true;
    let mut tries = JoinSet::new();
    for (place, (name, receiver)) in to.into_iter().enumerate() {
        let message = message.clone();
        tries.spawn(async move { (place, name, deliver(receiver, &message, pauses).await) });
    }
    while let Some(done) = tries.join_next().await {
        match done {
            Ok((place, name, answer)) => {
                all &= answer.is_ok();
                said[place] = format!("{name}: {}", answer.unwrap_or_else(|why| why));
            }
            Err(_) => all = false,
        }
    }
    (all, said.join("; "))
}

/// Tries until it is taken, refused, or the tries are used up.
async fn deliver(receiver: Receiver, message: &Message, pauses: &[Duration]) -> Result<String, String> {
    let sender = sender(receiver);
    let mut pauses = pauses.iter();
    let mut tries = 1;
    loop {
        match (sender.send(message).await, pauses.next()) {
            (Tried::Taken(answer), _) => return Ok(answer),
            (Tried::Refused(why), _) => return Err(why),
            (Tried::Later(why, _), None) => return Err(format!("{why} ({tries} tries)")),
            (Tried::Later(_, wish), Some(pause)) => {
                tokio::time::sleep(wish.map_or(*pause, |s| Duration::from_secs(s).min(LONGEST).max(*pause))).await;
            }
        }
        tries += 1;
    }
}
