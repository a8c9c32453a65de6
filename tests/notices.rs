//! Notices of a run: told again under the same key when a host died before it heard the answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what went wrong by failing")]

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use common::Run;

/// Reads a request to its end: the body is one JSON object.
fn request(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().unwrap();
    let (mut text, mut chunk) = (String::new(), [0; 4096]);
    while !text.ends_with('}') {
        let n = stream.read(&mut chunk).unwrap();
        assert!(n > 0, "the request broke off: {text}");
        text.push_str(std::str::from_utf8(&chunk[..n]).unwrap());
    }
    (stream, text)
}

fn key(request: &str) -> String {
    let line = request.lines().find(|line| line.to_lowercase().starts_with("idempotency-key:")).unwrap();
    line.split_once(':').unwrap().1.trim().to_owned()
}

#[test]
fn a_notice_whose_answer_nobody_heard_is_sent_again_under_its_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let mut run = Run::unattended(&format!(
        "flightdeck: 1\ntitle: Notice\nchannels: {{ team: {{ webhook: \"{url}\" }} }}\n\
         steps:\n  - {{ title: Change, run: 'true', timeout: 1m }}\n  - {{ title: Tell, notify: {{ to: team, text: it begins }} }}\n"
    ));
    let host = run.start();
    let (silent, first) = request(&listener);
    run.kill(host);
    run.wait_gone(host);
    drop(silent);
    run.resume();
    let mut anna = run.client();
    let (mut stream, second) = request(&listener);
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").unwrap();
    anna.ended();
    assert_eq!(key(&first), key(&second));
    assert!(key(&first).ends_with("-tell-2"), "run, item, attempt: {}", key(&first));
    assert_eq!(run.outcomes(), ["change passed", "tell passed"]);
    assert!(run.file("record.md").contains("200 OK: hello"), "{}", run.file("record.md"));
    run.verify();
}
