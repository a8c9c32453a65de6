//! The thread that keeps the lock.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{At, Found, LASTS, Lease, Order, Own, Trouble, docker, kubernetes};
use crate::engine::{LeaseAt, LeaseNews};
use crate::probes::Ctx;

/// Between two signs of life: three fit into the time that a lock is good for.
const RENEW: Duration = Duration::from_secs(10);
/// Between two looks at another's lock: it may be given back.
const LOOK: Duration = Duration::from_secs(2);
/// Between two tries while the target does not answer.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two tries where asking again soon changes nothing.
const SELDOM: Duration = Duration::from_secs(60);
/// A target that did not answer for so long is gone on without; it is asked further.
const PATIENCE: Duration = Duration::from_secs(4);
/// One request.
const LIMIT: Duration = Duration::from_secs(3);

/// What the loop is told.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::host) enum News {
    /// Whose the lock is.
    Lock(LeaseNews),
    /// The operator must see this.
    Caution(String),
}

/// Starts the thread.
pub(super) fn start(at: At, own: Own, tell: impl Fn(News) + Send + 'static) -> std::io::Result<Lease> {
    let (orders, inbox) = unbounded_channel();
    let (goes, gone) = std::sync::mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(4).enable_all().build()?;
    std::thread::Builder::new().name("lease".into()).spawn(move || {
        runtime.block_on(Keeping::new(at, own, Box::new(tell)).run(inbox));
        runtime.shutdown_timeout(Duration::from_millis(100));
        // A host that has gone meanwhile hears nothing.
        let _ = goes.send(());
    })?;
    Ok(Lease { orders, gone, released: false })
}

/// What is known of the lock from one look to the next.
struct Keeping {
    at: At,
    ctx: Ctx,
    own: Own,
    tell: Box<dyn Fn(News) + Send>,
    begun: Instant,
    /// It was taken, and renewed last.
    ours: Option<Instant>,
    /// It was said that it is not renewed.
    silent: bool,
    /// Another's last sign of life: which, and since when it is the last one.
    theirs: Option<(String, Instant)>,
    last: Option<LeaseNews>,
}

impl Keeping {
    fn new(at: At, own: Own, tell: Box<dyn Fn(News) + Send>) -> Self {
        let ctx = Ctx::new(at.root.clone(), at.env.clone(), None, LIMIT);
        Self { at, ctx, own, tell, begun: Instant::now(), ours: None, silent: false, theirs: None, last: None }
    }

    async fn run(mut self, mut inbox: UnboundedReceiver<Order>) {
        let mut over: Option<(String, String)> = None;
        loop {
            let asked = over.take();
            let from = asked.as_ref().map(|(run, reason)| (run.as_str(), reason.as_str()));
            let limited = tokio::time::timeout(LIMIT, self.turn(from)).await;
            let found = limited.unwrap_or_else(|_| Err(Trouble::Passing("the target does not answer".into())));
            let pace = self.learn(found);
            tokio::select! {
                order = inbox.recv() => match order {
                    Some(Order::TakeOver { from, reason }) => over = Some((from, reason)),
                    Some(Order::Release) => return self.release().await,
                    // The host is gone without a word: what it holds runs out.
                    None => return,
                },
                () = tokio::time::sleep(pace) => {}
            }
        }
    }

    async fn turn(&self, over: Option<(&str, &str)>) -> Result<Found, Trouble> {
        match self.at.kind {
            LeaseAt::Kubernetes => kubernetes::turn(&self.at, &self.ctx, &self.own, over).await,
            LeaseAt::Docker => docker::turn(&self.at, &self.ctx, &self.own, over).await,
        }
    }

    async fn release(self) {
        if self.ours.is_none() {
            return;
        }
        let gives = async {
            match self.at.kind {
                LeaseAt::Kubernetes => kubernetes::release(&self.at, &self.ctx, &self.own).await,
                LeaseAt::Docker => docker::release(&self.at, &self.ctx, &self.own).await,
            }
        };
        let given = tokio::time::timeout(LIMIT, gives).await;
        match given.unwrap_or_else(|_| Err(Trouble::Passing("the target does not answer".into()))) {
            Ok(()) => (self.tell)(News::Lock(LeaseNews::Released)),
            Err(Trouble::Lasting(why) | Trouble::Passing(why)) => {
                (self.tell)(News::Caution(format!("the lock at the target was not given back, it runs out: {why}")));
            }
        }
    }

    /// Takes in what was found; when to look again.
    fn learn(&mut self, found: Result<Found, Trouble>) -> Duration {
        match found {
            Ok(Found::Ours { fresh }) => {
                if self.silent {
                    (self.tell)(News::Caution("the lock at the target is renewed again".into()));
                }
                (self.ours, self.silent, self.theirs) = (Some(Instant::now()), false, None);
                self.say(LeaseNews::Ours { fresh });
                RENEW
            }
            Ok(Found::Theirs { mut holder, stamp, lasts }) => {
                self.ours = None;
                let seen = match &self.theirs {
                    Some((last, seen)) if *last == stamp => *seen,
                    _ => Instant::now(),
                };
                self.theirs = Some((stamp, seen));
                // By a clock of our own: those of two machines may differ.
                holder.dead = seen.elapsed() >= lasts;
                self.say(LeaseNews::Theirs(holder));
                LOOK
            }
            Err(trouble) => self.troubled(trouble),
        }
    }

    fn troubled(&mut self, trouble: Trouble) -> Duration {
        if let Some(renewed) = self.ours {
            let (Trouble::Lasting(why) | Trouble::Passing(why)) = trouble;
            if renewed.elapsed() >= LASTS && !std::mem::replace(&mut self.silent, true) {
                let text = format!("the lock at the target cannot be renewed, so another run may take it over: {why}");
                (self.tell)(News::Caution(text));
            }
            return AGAIN;
        }
        // Another's lock that cannot be seen now is still another's: dead is only what was seen to be silent.
        match trouble {
            Trouble::Lasting(why) => {
                self.say(LeaseNews::Without(why));
                SELDOM
            }
            Trouble::Passing(why) if self.begun.elapsed() >= PATIENCE => {
                self.say(LeaseNews::Without(why));
                RENEW
            }
            Trouble::Passing(_) => AGAIN,
        }
    }

    fn say(&mut self, news: LeaseNews) {
        if self.last.as_ref() != Some(&news) {
            self.last = Some(news.clone());
            (self.tell)(News::Lock(news));
        }
    }
}
