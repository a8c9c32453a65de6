use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

use super::*;
use crate::expr::Template;

fn message() -> Message {
    Message {
        key: "run1/announce/1/team".into(),
        title: Some("Deploy <prod>".into()),
        text: "1.2.3 goes out\n<!channel> & more".into(),
        run: "run1".into(),
        at: "2026-11-24T09:02:11Z".into(),
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

fn sent(receiver: Receiver) -> Sent {
    let notifier = Notifier::start_with(vec![Duration::from_millis(10); 2]).unwrap();
    let (sender, answer) = channel();
    notifier.send(receiver, message(), Box::new(move |sent| sender.send(sent).unwrap()));
    answer.recv_timeout(Duration::from_secs(10)).unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
const GONE: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nno_service";

#[test]
fn the_receivers_answer_is_the_evidence() {
    let (at, thread) = receiver(vec![OK]);
    let done = sent(Receiver::Webhook(format!("http://{at}/hook/hush")));
    assert_eq!(done, Sent { answer: Ok("127.0.0.1: 200 OK: ok".into()), tries: 1 });
    let request = thread.join().unwrap().remove(0);
    assert!(request.to_lowercase().contains("idempotency-key: run1/announce/1/team\r\n"), "{request}");
    let body: serde_json::Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["text"], "1.2.3 goes out\n<!channel> & more");
    assert_eq!(body["run"], "run1");
}

#[test]
fn a_busy_receiver_is_tried_again_with_the_same_key() {
    let (at, thread) = receiver(vec![BUSY, BUSY, OK]);
    let done = sent(Receiver::Slack(format!("http://{at}/hush")));
    assert_eq!((done.tries, done.answer.is_ok()), (3, true));
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
    assert_eq!(done, Sent { answer: Err("127.0.0.1: 404 Not Found: no_service".into()), tries: 1 });
    thread.join().unwrap();

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let done = sent(Receiver::Slack(format!("http://{closed}/hush")));
    assert_eq!(done.tries, 3);
    let why = done.answer.unwrap_err();
    assert_eq!(why, "127.0.0.1: connection refused (3 tries)");
    let shown = format!("{:?}", Receiver::Slack("https://hooks.example/hush".into()));
    assert!(!shown.contains("hush"));
}

#[test]
fn a_file_gets_one_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notices.txt");
    for _ in 0..2 {
        assert!(sent(Receiver::File(path.clone())).answer.unwrap().starts_with("written to "));
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert_eq!(text.lines().next(), Some("2026-11-24T09:02:11Z Deploy <prod>: 1.2.3 goes out / <!channel> & more"));
    let done = sent(Receiver::File(folder.path().join("no/such/folder/f")));
    assert!(done.answer.is_err());
}

#[test]
fn channels_of_a_runbook_become_receivers() {
    let name = Name::from("team");
    let of = |channel| Receiver::of(&name, &channel, Path::new("/run"));
    assert_eq!(of(Channel::File { path: Template::plain("n.txt") }), Ok(Receiver::File("/run/n.txt".into())));
    assert_eq!(of(Channel::Slack { url: Template::plain("u") }), Ok(Receiver::Slack("u".into())));
    let open = Template::parse("${{ hook }}").unwrap();
    assert_eq!(of(Channel::Webhook { url: open }), Err(ChannelError::NotFilled(name.clone())));
    let mail = of(Channel::Pagerduty { key: Template::plain("k") }).unwrap_err();
    assert_eq!(mail.to_string(), "channel team: this version does not send by pagerduty; use slack, webhook or file");
}
