//! The clients of a run, and what each was told so far. Nothing that a client does or does not do blocks the loop.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::log;
use super::shown::Shown;
use crate::journal::{Follow, FollowError};
use crate::link::{FromHost, Live, Role, Rows};
use crate::words::Actor;

/// A client whose queue passes this is not waited for: it gets the events from the file when it has caught up, bytes.
const MOST_QUEUED: usize = 1 << 20;
/// Bytes of the journal that are walked in one go for a client that is behind.
const MOST_WALKED: usize = 1 << 20;
/// Lines that are sent in one message.
const LINES: usize = 500;
/// Answers that a client may let lie; one that reads nothing and asks on is let go.
const MOST_ANSWERS: usize = 4096;

/// What the writer of a client's socket and the loop share.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Bytes that wait in the queue, about.
    bytes: AtomicUsize,
    /// Messages that wait in the queue.
    messages: AtomicUsize,
    /// Rows of the shown screen wait in the queue: newer ones are held back.
    rows: AtomicBool,
    /// Figures wait in the queue.
    live: AtomicBool,
}

impl Queue {
    fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Acquire) > MOST_QUEUED
    }

    /// A message has left the queue.
    pub fn written(&self, message: &FromHost) {
        self.bytes.fetch_sub(weight(message), Ordering::AcqRel);
        self.messages.fetch_sub(1, Ordering::AcqRel);
        match message {
            FromHost::Rows(_) => self.rows.store(false, Ordering::Release),
            FromHost::Live(_) => self.live.store(false, Ordering::Release),
            _ => {}
        }
    }

    fn queued(&self, message: &FromHost) {
        self.bytes.fetch_add(weight(message), Ordering::AcqRel);
        self.messages.fetch_add(1, Ordering::AcqRel);
    }
}

/// Bytes that a message counts for; the same when it comes and when it goes.
fn weight(message: &FromHost) -> usize {
    match message {
        FromHost::Events { lines } => lines.iter().map(|l| l.len() + 4).sum(),
        FromHost::Plan { json } => json.len(),
        FromHost::ByHand { text, .. } => text.len(),
        FromHost::Rows(rows) => 256 + rows.rows.len() * 128,
        FromHost::Live(live) => 256 + live.probes.len() * 512,
        _ => 256,
    }
}

/// One client.
pub(super) struct Client {
    to: Sender<FromHost>,
    queue: Arc<Queue>,
    pub name: Actor,
    pub role: Role,
    /// It said hello.
    pub greeted: bool,
    /// The last event that it was sent.
    pub sent: u64,
    /// It was sent the plan.
    has_plan: bool,
    /// It is behind: the journal as far as it was read for it.
    behind: Option<Follow>,
    /// What it was sent of the screen that it shows.
    pub shown: Shown,
}

impl Client {
    /// Rows that were sent wait to be read.
    pub fn has_rows_to_read(&self) -> bool {
        self.queue.rows.load(Ordering::Acquire)
    }

    /// Sends rows of the screen that it shows.
    pub fn send_rows(&mut self, rows: Rows) {
        self.queue.rows.store(true, Ordering::Release);
        self.push(FromHost::Rows(rows));
    }

    fn push(&mut self, message: FromHost) {
        self.queue.queued(&message);
        // A client that is gone is told of by its reader.
        let _ = self.to.send(message);
    }

    fn give_plan(&mut self, plan: Option<&String>) {
        if let (false, Some(json)) = (self.has_plan, plan) {
            self.has_plan = true;
            self.push(FromHost::Plan { json: json.clone() });
        }
    }

    fn send_lines(&mut self, lines: &[String], plan: Option<&String>) {
        self.give_plan(plan);
        self.sent += lines.len() as u64;
        let mut rest = lines;
        while !rest.is_empty() {
            let (chunk, more) = rest.split_at(in_one_message(rest));
            self.push(FromHost::Events { lines: chunk.to_vec() });
            rest = more;
        }
    }

    /// Reads on in the journal for a client that is behind.
    fn catch_up(&mut self, folder: &Path, seq: u64) -> Result<Vec<String>, FollowError> {
        let mut follow = match self.behind.take() {
            Some(follow) => follow,
            None => Follow::from(folder, self.sent + 1)?,
        };
        let mut lines = follow.poll_some(MOST_WALKED)?;
        // What stands behind the last event that is proven on disk does not count.
        lines.retain(|line| line.seq <= seq);
        if lines.last().is_none_or(|line| line.seq < seq) {
            self.behind = Some(follow);
        }
        Ok(lines.into_iter().map(|line| line.text).collect())
    }
}

/// How many of these lines go into one message: so many or so long, but at least one.
fn in_one_message(lines: &[String]) -> usize {
    let mut bytes = 0;
    let fits = lines.iter().take(LINES).take_while(|line| {
        bytes += line.len();
        bytes <= MOST_QUEUED
    });
    fits.count().max(1)
}

/// All clients.
#[derive(Default)]
pub(super) struct Clients {
    all: BTreeMap<u64, Client>,
    next: u64,
    plan: Option<String>,
    seq: u64,
}

impl Clients {
    /// Takes a client in; its number.
    pub fn add(&mut self, to: Sender<FromHost>, queue: Arc<Queue>) -> u64 {
        self.next += 1;
        let client = Client {
            to,
            queue,
            name: Actor(String::new()),
            role: Role::Observer,
            greeted: false,
            sent: 0,
            has_plan: false,
            behind: None,
            shown: Shown::default(),
        };
        self.all.insert(self.next, client);
        self.next
    }

    /// Lets a client go. What waits in its queue is still written.
    pub fn remove(&mut self, id: u64) {
        self.all.remove(&id);
    }

    /// A client.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Client> {
        self.all.get_mut(&id)
    }

    /// Clients that said hello.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.all.values_mut().filter(|c| c.greeted)
    }

    /// Nobody is there.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Another operator than this client is there, under any name or under this one.
    pub fn has_operator(&self, but: u64, name: Option<&Actor>) -> bool {
        self.all.iter().any(|(id, c)| {
            *id != but && c.greeted && c.role == Role::Operator && name.is_none_or(|name| c.name == *name)
        })
    }

    /// Somebody shows this attempt's screen.
    pub fn anybody_shows(&self, attempt: u32) -> bool {
        self.all.values().any(|c| c.shown.attempt() == Some(attempt))
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
        let Some(client) = self.all.get_mut(&id) else { return };
        client.push(message);
        if client.queue.messages.load(Ordering::Acquire) > MOST_ANSWERS {
            log(&format!("{} reads nothing and asks on: it is let go", client.name));
            self.all.remove(&id);
        }
    }

    /// Sends one client something that it can ask for again: not when it reads too slowly.
    pub fn send_if_it_reads(&mut self, id: u64, message: FromHost) {
        if self.all.get(&id).is_some_and(|c| !c.queue.is_full()) {
            self.send(id, message);
        }
    }

    /// Sends everybody a message.
    pub fn send_all(&mut self, message: &FromHost) {
        for client in self.iter_mut() {
            client.push(message.clone());
        }
    }

    /// Sends figures to whoever has read the last ones.
    pub fn send_live(&mut self, live: &Live) {
        for client in self.iter_mut() {
            if !client.queue.live.swap(true, Ordering::AcqRel) {
                client.push(FromHost::Live(live.clone()));
            }
        }
    }

    /// Sends a batch of lines that is on disk to everybody who has all before it.
    pub fn publish(&mut self, first: u64, written: &[u8]) {
        if self.all.is_empty() {
            return;
        }
        let written = String::from_utf8_lossy(written);
        let lines: Vec<String> = written.lines().map(str::to_owned).collect();
        let plan = self.plan.take();
        for client in self.iter_mut() {
            if client.sent + 1 == first && client.behind.is_none() && !client.queue.is_full() {
                client.send_lines(&lines, plan.as_ref());
            }
        }
        self.plan = plan;
    }

    /// Sends clients that are behind what they miss, from the file, piece by piece.
    pub fn pump(&mut self, folder: &Path, seq: u64) {
        self.seq = seq;
        let plan = self.plan.take();
        for client in self.iter_mut() {
            if client.sent >= seq || client.queue.is_full() {
                continue;
            }
            match client.catch_up(folder, seq) {
                Ok(lines) => client.send_lines(&lines, plan.as_ref()),
                // Read from the start again next time: a failed sync may have left lines that do not count.
                Err(error) => log(&format!("the journal cannot be read for a client: {error}")),
            }
        }
        self.plan = plan;
    }

    /// Somebody is behind and takes more.
    pub fn can_catch_up(&self) -> bool {
        self.all.values().any(|c| c.greeted && c.sent < self.seq && c.behind.is_some() && !c.queue.is_full())
    }

    /// The host leaves: everybody gets what is missing and a last message, as far as they read within the limit.
    pub fn say_all_and_close(&mut self, folder: &Path, seq: u64, last: &FromHost, limit: Duration) {
        let until = Instant::now() + limit;
        while self.all.values().any(|c| c.greeted && c.sent < seq) && Instant::now() < until {
            self.pump(folder, seq);
            std::thread::park_timeout(Duration::from_millis(2));
        }
        self.send_all(last);
        while self.all.values().any(|c| c.queue.messages.load(Ordering::Acquire) > 0) && Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::engine::Event;
    use crate::journal::Journal;
    use crate::words::Stamp;

    fn note(text: &str) -> (Stamp, Actor, Event) {
        let stamp = Stamp { at: chrono::Utc::now(), up: 1 };
        (stamp, Actor("anna@ops1".into()), Event::NoteAdded { text: text.into(), about: None, item: None })
    }

    fn append(journal: &mut Journal, text: &str) {
        let (stamp, by, event) = note(text);
        journal.append_all(&[(stamp, by, &event)]).unwrap();
    }

    fn greeted(clients: &mut Clients, sent: u64) -> (u64, std::sync::mpsc::Receiver<FromHost>, Arc<Queue>) {
        let (to, from) = channel();
        let queue = Arc::new(Queue::default());
        let id = clients.add(to, Arc::clone(&queue));
        let client = clients.get_mut(id).unwrap();
        (client.greeted, client.sent) = (true, sent);
        (id, from, queue)
    }

    fn lines_in(from: &std::sync::mpsc::Receiver<FromHost>, queue: &Queue) -> Vec<String> {
        let mut all = vec![];
        for message in from.try_iter() {
            queue.written(&message);
            if let FromHost::Events { lines } = message {
                all.extend(lines);
            }
        }
        all
    }

    #[test]
    fn a_slow_client_is_not_waited_for_and_misses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(dir.path()).unwrap();
        let mut clients = Clients::default();
        let (_, slow, queue) = greeted(&mut clients, 0);
        let long = "x".repeat(100_000);
        for n in 0..40 {
            append(&mut journal, &format!("{n} {long}"));
            let (seq, _) = journal.head();
            clients.publish(seq, journal.last_written());
            clients.pump(dir.path(), seq);
        }
        // 4 MB are on disk; it has been sent little more than a mebibyte of them.
        assert!(queue.bytes.load(Ordering::Acquire) < 2 * MOST_QUEUED + 200_000);
        let mut got = lines_in(&slow, &queue);
        assert!(got.len() < 40);
        // What it has already is walked again, a mebibyte in a go.
        for _ in 0..20 {
            clients.pump(dir.path(), 40);
            got.extend(lines_in(&slow, &queue));
        }
        assert_eq!(got.len(), 40);
        for (n, line) in got.iter().enumerate() {
            assert!(line.contains(&format!("\"seq\":{},", n + 1)), "event {} is out of order", n + 1);
        }
        assert_eq!(queue.bytes.load(Ordering::Acquire), 0, "what comes and what goes weighs the same");
        append(&mut journal, "and on");
        clients.publish(41, journal.last_written());
        assert_eq!(lines_in(&slow, &queue).len(), 1, "it has caught up and hears at once again");
    }

    #[test]
    fn a_late_client_gets_the_plan_and_everything() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(dir.path()).unwrap();
        for n in 0..1200 {
            append(&mut journal, &n.to_string());
        }
        let mut clients = Clients::default();
        clients.set_plan("{}".into());
        let (_, late, queue) = greeted(&mut clients, 0);
        clients.pump(dir.path(), 1200);
        let messages: Vec<FromHost> = late.try_iter().inspect(|m| queue.written(m)).collect();
        assert!(matches!(messages[0], FromHost::Plan { .. }), "the plan comes first");
        let counts: Vec<usize> = messages[1..]
            .iter()
            .map(|m| match m {
                FromHost::Events { lines } => lines.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(counts, [500, 500, 200]);
        let (_, later, _) = greeted(&mut clients, 1199);
        clients.pump(dir.path(), 1200);
        assert_eq!(later.try_iter().count(), 2, "the plan and the one event that it asked for");
    }

    #[test]
    fn long_lines_are_sent_in_messages_that_a_client_can_read() {
        let of = |sizes: &[usize]| sizes.iter().map(|size| "x".repeat(*size)).collect::<Vec<_>>();
        assert_eq!(in_one_message(&of(&[10; 3])), 3);
        assert_eq!(in_one_message(&of(&[MOST_QUEUED / 2; 5])), 2);
        assert_eq!(in_one_message(&of(&[3 * MOST_QUEUED, 1])), 1, "one alone is never cut");
    }

    #[test]
    fn one_that_reads_nothing_and_asks_on_is_let_go() {
        let mut clients = Clients::default();
        let (id, _from, _) = greeted(&mut clients, 0);
        for n in 0..=MOST_ANSWERS as u64 {
            clients.send(id, FromHost::Done { id: n, seq: 0 });
        }
        assert!(clients.get_mut(id).is_none());
    }
}
