use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use chrono::{TimeZone, Utc};
use serde_json::Value;

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

/// A receiver that gives these answers, one a connection, and hands over each body before it answers.
fn receiver(answers: Vec<(u16, &'static str)>) -> (SocketAddr, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let (sender, bodies) = channel();
    std::thread::spawn(move || {
        for (status, answer) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut text, mut chunk) = (String::new(), [0; 4096]);
            while !(text.ends_with('}') || text.starts_with("GET") && text.ends_with("\r\n\r\n")) {
                let n = stream.read(&mut chunk).unwrap();
                text.push_str(std::str::from_utf8(&chunk[..n]).unwrap());
            }
            let body = text.split("\r\n\r\n").nth(1).unwrap();
            sender.send(serde_json::from_str(body).unwrap_or_default()).unwrap();
            let head = format!("HTTP/1.1 {status} it\r\nConnection: close\r\nContent-Length: {}", answer.len());
            stream.write_all(format!("{head}\r\n\r\n{answer}").as_bytes()).unwrap();
        }
    });
    (at, bodies)
}

fn span(name: &str) -> Span {
    let at = Utc.timestamp_opt(1_700_000_000, 123_456_000).unwrap();
    Span {
        trace: trace_id("run"),
        id: span_id("run", Some((name, 1))),
        parent: Some(span_id("run", None)),
        name: name.into(),
        start: at,
        end: at - chrono::TimeDelta::seconds(5),
        attributes: vec![("count", 7.into()), ("share", 0.5.into()), ("is", true.into())],
        status: SpanStatus::Error("no".into()),
    }
}

fn collector(at: SocketAddr) -> Collector {
    Collector { url: Collector::traces_of(&format!("http://{at}/")), headers: vec![], resource: vec![] }
}

#[test]
fn ids_are_the_same_each_time_and_of_each_thing_another() {
    assert_eq!((trace_id("run").len(), span_id("run", None).len()), (32, 16));
    assert_eq!(span_id("run", Some(("a", 1))), span_id("run", Some(("a", 1))));
    let all = [
        span_id("run", None),
        span_id("ru", None),
        span_id("run", Some(("a", 1))),
        span_id("run", Some(("a", 11))),
        span_id("run", Some(("a1", 1))),
    ];
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
}

#[test]
fn spans_are_posted_again_until_they_are_taken() {
    let (at, bodies) = receiver(vec![(503, ""), (200, "{}")]);
    let exporter = Exporter::start(collector(at), |_, _| {}).unwrap();
    exporter.give(span("a"));
    let (first, second) = (bodies.recv_timeout(LIMIT).unwrap(), bodies.recv_timeout(LIMIT).unwrap());
    exporter.finish(LIMIT);
    assert_eq!(first, second);
    let sent = &first["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(sent["startTimeUnixNano"], "1700000000123456000");
    assert_eq!(sent["endTimeUnixNano"], sent["startTimeUnixNano"], "no span ends before it begins");
    assert_eq!(sent["attributes"][0]["value"]["intValue"], "7");
    assert_eq!(sent["attributes"][1]["value"]["doubleValue"], 0.5);
    assert_eq!(sent["attributes"][2]["value"]["boolValue"], true);
    assert_eq!((&sent["status"]["code"], &sent["status"]["message"]), (&2.into(), &"no".into()));
}

#[test]
fn spans_that_are_not_taken_are_told_once_and_so_is_that_they_are_again() {
    let partial = r#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}"#;
    let (at, bodies) = receiver(vec![(400, "bad"), (200, partial), (200, r#"{"partialSuccess":{}}"#)]);
    let (sender, told) = channel();
    let exporter = Exporter::start(collector(at), move |ok, said| sender.send((ok, said)).unwrap()).unwrap();
    exporter.give(span("a"));
    let bad = "the trace is not taken: 127.0.0.1: 400 Bad Request: bad".to_owned();
    assert_eq!(told.recv_timeout(LIMIT).unwrap(), (false, bad));
    bodies.recv_timeout(LIMIT).unwrap();
    for name in ["b", "c"] {
        exporter.give(span(name));
        bodies.recv_timeout(LIMIT).unwrap();
    }
    assert_eq!(told.recv_timeout(LIMIT).unwrap(), (true, "the trace is taken again".into()));
    exporter.finish(LIMIT);
    assert!(told.try_recv().is_err());
}

#[test]
fn an_end_posts_what_is_left_and_does_not_wait_for_a_receiver_that_is_gone() {
    let (at, bodies) = receiver(vec![(200, "{}")]);
    let exporter = Exporter::start(collector(at), |_, _| {}).unwrap();
    exporter.give(span("a"));
    exporter.finish(LIMIT);
    bodies.recv_timeout(LIMIT).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let exporter = Exporter::start(collector(closed), |_, _| {}).unwrap();
    exporter.give(span("a"));
    let begun = std::time::Instant::now();
    exporter.finish(LIMIT);
    assert!(begun.elapsed() < LIMIT / 2);
}

#[test]
fn an_annotation_that_may_be_there_is_looked_for_first() {
    let there = r#"[{"id":4,"tags":["other"]},{"id":5,"tags":["flightdeck","mark"]}]"#;
    let (at, bodies) = receiver(vec![(503, ""), (200, there), (200, "[]"), (200, r#"{"id":9}"#), (401, "{}")]);
    let note = |again: bool| {
        let (sender, told) = channel();
        let to = Grafana { url: format!("http://{at}"), ..Grafana::default() };
        let mark = "mark".to_owned();
        let note = Annotation { at: Utc::now(), text: "it".into(), tags: vec!["flightdeck".into()], mark, again };
        annotate(to, note, move |ok, said| sender.send((ok, said)).unwrap());
        told.recv_timeout(LIMIT).unwrap()
    };
    // The first try was not answered well, so it may have been written.
    assert_eq!(note(false), (true, "annotation 5 is there from an earlier try".into()));
    assert_eq!(note(true), (true, "127.0.0.1: 200 OK: annotation 9".into()));
    assert_eq!(note(false), (false, "127.0.0.1: 401 Unauthorized: {}".into()));
    assert_eq!(bodies.iter().nth(3).unwrap()["tags"], serde_json::json!(["flightdeck", "mark"]));
}
