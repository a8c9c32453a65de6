use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;

use super::*;
use crate::words::Name;

fn message() -> Message {
    Message {
        key: "run1/announce/1".into(),
        title: "Deploy <prod>".into(),
        text: "1.2.3 goes out\n<!channel> & more".into(),
        ..Message::default()
    }
}

/// A receiver that gives these answers, one a connection, and hands over the requests.
fn receiver(answers: Vec<&'static str>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let mut requests = vec![];
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut text, mut chunk) = (String::new(), [0; 4096]);
            while !text.ends_with('}') {
                let n = stream.read(&mut chunk).unwrap();
                text.push_str(std::str::from_utf8(&chunk[..n]).unwrap());
            }
            requests.push(text);
            stream.write_all(answer.as_bytes()).unwrap();
        }
        requests
    });
    (at, thread)
}

const QUICK: &[Duration] = &[Duration::from_millis(10); 2];

fn sent_with(handle: Option<Handle>, late: &'static [Duration], to: Vec<(&str, Receiver)>) -> mpsc::Receiver<Answered> {
    let (sender, answer) = channel();
    let to = to.into_iter().map(|(name, receiver)| (Name::from(name), receiver)).collect();
    let pauses = deliver::Pauses { first: QUICK, late };
    deliver::send_with(pauses, handle, to, message(), move |answered| sender.send(answered).unwrap());
    answer
}

fn sent_to(handle: Option<Handle>, to: Vec<(&str, Receiver)>) -> (bool, String) {
    match sent_with(handle, &[], to).recv_timeout(Duration::from_secs(10)).unwrap() {
        Answered::First { ok, said } => (ok, said),
        late @ Answered::Late { .. } => panic!("{late:?}"),
    }
}

fn sent(receiver: Receiver) -> (bool, String) {
    sent_to(None, vec![("team", receiver)])
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
const GONE: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nno_service";

#[test]
fn the_receivers_answer_is_the_evidence() {
    let (at, thread) = receiver(vec![OK]);
    let done = sent(Receiver::Webhook(format!("http://{at}/hook/hush")));
    assert_eq!(done, (true, "team: 127.0.0.1: 200 OK: ok".into()));
    let request = thread.join().unwrap().remove(0);
    assert!(request.to_lowercase().contains("idempotency-key: run1/announce/1\r\n"), "{request}");
    let body: serde_json::Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["text"], "1.2.3 goes out\n<!channel> & more");
    assert_eq!(body["title"], "Deploy <prod>");
}

#[test]
fn a_busy_receiver_is_tried_again_with_the_same_key() {
    let (at, thread) = receiver(vec![BUSY, BUSY, OK]);
    let done = sent(Receiver::Slack(format!("http://{at}/hush")));
    assert!(done.0, "{done:?}");
    let requests = thread.join().unwrap();
    let keys: Vec<_> =
        requests.iter().flat_map(|r| r.lines().filter(|l| l.to_lowercase().starts_with("idempotency-key"))).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|k| *k == keys[0]));
    let body: serde_json::Value = serde_json::from_str(requests[0].split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["text"], "*Deploy &lt;prod&gt;*\n1.2.3 goes out\n&lt;!channel&gt; &amp; more");
}

#[test]
fn what_is_refused_is_not_tried_again_and_the_address_is_not_told() {
    let (at, thread) = receiver(vec![GONE]);
    let done = sent(Receiver::Slack(format!("http://{at}/hush")));
    assert_eq!(done, (false, "team: 127.0.0.1: 404 Not Found: no_service".into()));
    thread.join().unwrap();

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let done = sent(Receiver::Slack(format!("http://{closed}/hush")));
    assert_eq!(done, (false, "team: 127.0.0.1: connection refused (3 tries)".into()));
    let shown = format!("{:?}", Receiver::Slack("https://hooks.example/hush".into()));
    assert!(!shown.contains("hush"));
}

#[test]
fn a_file_gets_one_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notices.jsonl");
    for _ in 0..2 {
        let (ok, said) = sent(Receiver::File(path.clone()));
        assert!(ok && said.starts_with("team: written to "), "{said}");
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["text"], "1.2.3 goes out\n<!channel> & more");
    assert_eq!(lines[0]["key"], "run1/announce/1");
    assert!(!sent(Receiver::File(folder.path().join("no/such/folder/f"))).0);
}

#[test]
fn one_receiver_that_fails_is_told_beside_those_that_took_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (at, thread) = receiver(vec![OK]);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let to = vec![
        ("pager", Receiver::Webhook(format!("http://{closed}/"))),
        ("team", Receiver::Slack(format!("http://{at}/"))),
        ("odd", Receiver::Webhook("mailto:x".into())),
    ];
    let (ok, said) = sent_to(Some(runtime.handle().clone()), to);
    assert!(!ok);
    let odd = "the address does not begin with http:// or https://";
    assert_eq!(
        said,
        format!("pager: 127.0.0.1: connection refused (3 tries); team: 127.0.0.1: 200 OK: ok; odd: {odd}")
    );
    thread.join().unwrap();
}

#[test]
fn who_does_not_take_it_at_first_is_tried_on_behind_the_run() {
    let (at, thread) = receiver(vec![BUSY, BUSY, BUSY, BUSY, OK]);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let to = vec![
        ("team", Receiver::Webhook(format!("http://{at}/"))),
        ("gone", Receiver::Webhook(format!("http://{closed}/"))),
    ];
    let answers = sent_with(None, QUICK, to);
    let next = || answers.recv_timeout(Duration::from_secs(10)).unwrap();
    let on = "(3 tries; tried on behind the run)";
    let busy = format!("team: 127.0.0.1: 503 Service Unavailable {on}; gone: 127.0.0.1: connection refused {on}");
    assert_eq!(next(), Answered::First { ok: false, said: busy });
    let mut late = [next(), next()];
    late.sort_by_key(|l| format!("{l:?}"));
    let gone = "127.0.0.1: connection refused (5 tries; given up)".to_owned();
    assert_eq!(late[0], Answered::Late { to: "gone".into(), ok: false, said: gone });
    assert_eq!(late[1], Answered::Late { to: "team".into(), ok: true, said: "127.0.0.1: 200 OK: ok".into() });
    assert_eq!(thread.join().unwrap().len(), 5);
    assert!(answers.recv().is_err(), "nothing else is told");
}

#[test]
fn a_line_that_stands_already_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notices.jsonl");
    assert!(sent(Receiver::File(path.clone())).0);
    let (sender, answers) = channel();
    let again = Message { again: true, ..message() };
    let other = Message { again: true, key: "run1/announce/2".into(), ..message() };
    for message in [again, other] {
        let sender = sender.clone();
        let to = vec![("team".into(), Receiver::File(path.clone()))];
        send(None, to, message, move |answered| sender.send(answered).unwrap());
        let Answered::First { ok: true, .. } = answers.recv_timeout(Duration::from_secs(10)).unwrap() else { panic!() };
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
}
