//! The clients of a run, and what each was told so far.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use crate::journal::Follow;
use crate::link::{FromHost, Live, Role, Rows};
use crate::words::Actor;

/// A client whose queue passes this is not waited for: it gets the events from the file when it has caught up, bytes.
const MOST_QUEUED: usize = 1 << 20;
/// Lines that are sent in one message.
const LINES: usize = 500;

/// What the writer of a client's socket and the loop share.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Bytes that wait in the queue.
    pub bytes: AtomicUsize,
    /// Messages that wait in the queue.
    pub messages: AtomicUsize,
    /// Rows wait in the queue: newer ones are held back.
    pub rows: AtomicBool,
    /// Figures wait in the queue.
    pub live: AtomicBool,
}

/// One client.
pub(super) struct Client {
    pub to: Sender<FromHost>,
    pub queue: Arc<Queue>,
    pub name: Actor,
    pub role: Role,
    /// It said hello.
    pub greeted: bool,
    /// The last event that it was sent.
    pub sent: u64,
    /// It was sent the plan.
    pub has_plan: bool,
    /// The attempt whose screen it shows.
    pub shows: Option<u32>,
    /// Its screen needs all rows, not only changed ones.
    pub fresh: bool,
}

/// All clients.
#[derive(Default)]
pub(super) struct Clients {
    all: BTreeMap<u64, Client>,
    next: u64,
    plan: Option<String>,
}

impl Clients {
    /// Takes a client in; its number.
    pub fn add(&mut self, to: Sender<FromHost>, queue: Arc<Queue>) -> u64 {
        self.next += 1;
        self.all.insert(
            self.next,
            Client {
                to,
                queue,
                name: Actor(String::new()),
                role: Role::Observer,
                greeted: false,
                sent: 0,
                has_plan: false,
                shows: None,
                fresh: true,
            },
        );
        self.next
    }

    /// Lets a client go.
    pub fn remove(&mut self, id: u64) -> Option<Client> {
        self.all.remove(&id)
    }

    /// A client.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Client> {
        self.all.get_mut(&id)
    }

    /// Clients that said hello, with what they show.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.all.values_mut().filter(|c| c.greeted)
    }

    /// Nobody is there.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Somebody of this role is there.
    pub fn any(&self, role: Role) -> bool {
        self.all.values().any(|c| c.greeted && c.role == role)
    }

    /// Names and roles.
    pub fn names(&self) -> Vec<(Actor, Role)> {
        self.all.values().filter(|c| c.greeted).map(|c| (c.name.clone(), c.role)).collect()
    }

    /// The plan that clients get before the event that fixes it.
    pub fn set_plan(&mut self, json: String) {
        self.plan = Some(json);
    }

    /// Sends one client a message.
    pub fn send(&mut self, id: u64, message: FromHost) {
        if let Some(client) = self.all.get_mut(&id) {
            push(client, message, 256);
        }
    }

    /// Sends everybody a message.
    pub fn send_all(&mut self, message: &FromHost) {
        for client in self.all.values_mut().filter(|c| c.greeted) {
            push(client, message.clone(), 256);
        }
    }

    /// Sends figures to whoever has read the last ones.
    pub fn send_live(&mut self, live: Live) {
        for client in self.all.values_mut().filter(|c| c.greeted) {
            if !client.queue.live.swap(true, Ordering::AcqRel) {
                push(client, FromHost::Live(live.clone()), 2048);
            }
        }
    }

    /// Sends rows, when the client has read the last ones. False: later.
    pub fn send_rows(client: &mut Client, rows: Rows) -> bool {
        if client.queue.rows.swap(true, Ordering::AcqRel) {
            return false;
        }
        push(client, FromHost::Rows(rows), 4096);
        true
    }

    /// Sends a batch of lines that is on disk to everybody who has all before it.
    pub fn publish(&mut self, first: u64, written: &str) {
        let lines: Vec<String> = written.lines().map(str::to_owned).collect();
        let plan = self.plan.clone();
        for client in self.all.values_mut().filter(|c| c.greeted) {
            if client.sent + 1 != first || client.queue.bytes.load(Ordering::Acquire) > MOST_QUEUED {
                continue;
            }
            give_plan(client, plan.as_ref());
            client.sent += lines.len() as u64;
            push(client, FromHost::Events { lines: lines.clone() }, written.len());
        }
    }

    /// Sends clients that are behind what they miss, from the file.
    pub fn pump(&mut self, folder: &Path, seq: u64) {
        let plan = self.plan.clone();
        for client in self.all.values_mut().filter(|c| c.greeted) {
            if client.sent >= seq || client.queue.bytes.load(Ordering::Acquire) > MOST_QUEUED {
                continue;
            }
            let Ok(mut follow) = Follow::from(folder, client.sent + 1) else { continue };
            let Ok(lines) = follow.poll() else { continue };
            give_plan(client, plan.as_ref());
            for chunk in lines.chunks(LINES) {
                let texts: Vec<String> =
                    chunk.iter().filter(|l| l.seq > client.sent && l.seq <= seq).map(|l| l.text.clone()).collect();
                let bytes = texts.iter().map(String::len).sum();
                client.sent += texts.len() as u64;
                if !texts.is_empty() {
                    push(client, FromHost::Events { lines: texts }, bytes);
                }
            }
        }
    }

    /// Waits until the queues are empty or the limit is over.
    pub fn drain(&self, limit: Duration) {
        let until = Instant::now() + limit;
        while self.all.values().any(|c| c.queue.messages.load(Ordering::Acquire) > 0) && Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

fn give_plan(client: &mut Client, plan: Option<&String>) {
    if let (false, Some(json)) = (client.has_plan, plan) {
        client.has_plan = true;
        push(client, FromHost::Plan { json: json.clone() }, json.len());
    }
}

fn push(client: &mut Client, message: FromHost, bytes: usize) {
    client.queue.bytes.fetch_add(bytes, Ordering::AcqRel);
    client.queue.messages.fetch_add(1, Ordering::AcqRel);
    // A client that is gone is told of by its reader.
    let _ = client.to.send(message);
}

/// Called by a client's writer when a message has left the queue.
pub(super) fn written(queue: &Queue, message: &FromHost) {
    let bytes = match message {
        FromHost::Events { lines } => lines.iter().map(String::len).sum::<usize>(),
        FromHost::Plan { json } => json.len(),
        FromHost::Rows(_) => 4096,
        FromHost::Live(_) => 2048,
        _ => 256,
    };
    // What was counted at the sending may differ by the newlines: never below zero.
    let _ = queue.bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| Some(n.saturating_sub(bytes)));
    let _ = queue.messages.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| Some(n.saturating_sub(1)));
    match message {
        FromHost::Rows(_) => queue.rows.store(false, Ordering::Release),
        FromHost::Live(_) => queue.live.store(false, Ordering::Release),
        _ => {}
    }
}
