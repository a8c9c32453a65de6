//! Sends on a thread of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::{Message, Receiver, Sent, Tried, sender};

/// What waits for a notice's end; called from the notifier's thread and must not block.
pub type OnSent = Box<dyn FnOnce(Sent) + Send>;

/// How often a notice is tried, and how long after each try the next comes.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];
/// A receiver's wish to wait is followed up to here.
const LONGEST: Duration = Duration::from_secs(60);

/// The notifier could not be started.
#[derive(Debug, thiserror::Error)]
#[error("no thread to send notices with: {0}")]
pub struct StartError(#[from] std::io::Error);

/// Sends notices until it is dropped; those under way then are given up.
pub struct Notifier {
    inbox: mpsc::UnboundedSender<(Receiver, Message, OnSent)>,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").finish_non_exhaustive()
    }
}

impl Notifier {
    /// Starts the thread.
    pub fn start() -> Result<Self, StartError> {
        Self::start_with(PAUSES.to_vec())
    }

    /// The same with other pauses between the tries; one more try than pauses.
    pub(super) fn start_with(pauses: Vec<Duration>) -> Result<Self, StartError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (inbox, mut waiting) = mpsc::unbounded_channel::<(Receiver, Message, OnSent)>();
        let pauses: Arc<[Duration]> = pauses.into();
        std::thread::Builder::new().name("flightdeck-notices".into()).spawn(move || {
            runtime.block_on(async {
                while let Some((receiver, message, on_sent)) = waiting.recv().await {
                    let pauses = pauses.clone();
                    tokio::spawn(async move { on_sent(deliver(&receiver, &message, &pauses).await) });
                }
            });
            // A file system that hangs must not hold the process back.
            runtime.shutdown_background();
        })?;
        Ok(Self { inbox })
    }

    /// Sends a notice. It returns at once; `on_sent` is called exactly once, unless the notifier is dropped before.
    pub fn send(&self, receiver: Receiver, message: Message, on_sent: OnSent) {
        if let Err(mpsc::error::SendError((_, _, on_sent))) = self.inbox.send((receiver, message, on_sent)) {
            on_sent(Sent { answer: Err("the thread that sends notices has ended".into()), tries: 0 });
        }
    }
}

/// Tries until it is taken, refused, or the tries are used up.
async fn deliver(receiver: &Receiver, message: &Message, pauses: &[Duration]) -> Sent {
    let sender = sender(receiver);
    let mut tries = 0;
    loop {
        let tried = sender.send(message).await;
        let pause = pauses.get(tries as usize);
        tries += 1;
        let answer = match (tried, pause) {
            (Tried::Taken(answer), _) => Ok(answer),
            (Tried::Refused(why), _) => Err(why),
            (Tried::Later(why, _), None) => Err(format!("{why} ({tries} tries)")),
            (Tried::Later(_, wish), Some(pause)) => {
                tokio::time::sleep(wish.map_or(*pause, |s| Duration::from_secs(s).min(LONGEST).max(*pause))).await;
                continue;
            }
        };
        return Sent { answer, tries };
    }
}
