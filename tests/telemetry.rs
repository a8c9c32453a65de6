//! A run as a trace and as annotations, before a receiver that checks what real ones check.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what went wrong by failing")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Run, wait_for};
use flightdeck::engine::Event;
use serde_json::{Value, json};

const TOKEN: &str = "glsa_hush_hush";

/// What a collector and a Grafana have taken.
#[derive(Default)]
struct Taken {
    spans: Vec<Value>,
    resources: Vec<Value>,
    annotations: Vec<Value>,
    /// What was refused, and why.
    refused: Vec<String>,
}

struct Receiver {
    at: SocketAddr,
    taken: Arc<Mutex<Taken>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (at, taken) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Taken::default())));
        let shared = taken.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Self { at, taken }
    }

    fn spans(&self) -> Vec<Value> {
        self.taken.lock().unwrap().spans.clone()
    }

    fn annotations(&self) -> Vec<Value> {
        self.taken.lock().unwrap().annotations.clone()
    }

    fn refused(&self) -> Vec<String> {
        self.taken.lock().unwrap().refused.clone()
    }
}

fn serve(stream: TcpStream, taken: &Mutex<Taken>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut lines = vec![];
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let header = |name: &str| {
            let of = lines.iter().skip(1).filter_map(|l| l.split_once(':')).find(|(n, _)| n.eq_ignore_ascii_case(name));
            of.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let mut words = lines[0].split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut taken = taken.lock().unwrap();
        let (status, answer) = match (method, path.split('?').next().unwrap_or_default()) {
            ("POST", "/v1/traces") => match trace(&body, &header, &mut taken) {
                Ok(()) => (200, json!({ "partialSuccess": {} })),
                Err(why) => (400, json!({ "code": 3, "message": why })),
            },
            ("GET", "/api/annotations") => (200, Value::Array(taken.annotations.clone())),
            ("POST", "/api/annotations") => match annotation(&body, &header, &mut taken) {
                Ok(id) => (200, json!({ "message": "Annotation added", "id": id })),
                Err(why) => (400, json!({ "message": why })),
            },
            _ => (404, json!({ "message": "not found" })),
        };
        if status != 200 {
            taken.refused.push(format!("{}: {answer}", lines[0]));
        }
        drop(taken);
        let text = answer.to_string();
        let head =
            format!("HTTP/1.1 {status} it\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", text.len());
        reader.get_mut().write_all(format!("{head}{text}").as_bytes()).ok()?;
    }
}

/// Takes spans as a collector does: all of a request, or none.
fn trace(body: &Value, header: &dyn Fn(&str) -> String, taken: &mut Taken) -> Result<(), String> {
    if header("content-type") != "application/json" || header("x-tenant") != "ops" {
        return Err("the headers are not as configured".into());
    }
    let hex = |value: &Value, length: usize| {
        let text = value.as_str().unwrap_or_default();
        let fits = text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        fits && text.bytes().any(|b| b != b'0')
    };
    let nanos = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok());
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (mut spans, mut resources) = (vec![], vec![]);
    for resource in list(&body["resourceSpans"]) {
        resources.push(resource["resource"].clone());
        for scope in list(&resource["scopeSpans"]) {
            spans.extend(list(&scope["spans"]));
        }
    }
    if spans.is_empty() {
        return Err("no spans".into());
    }
    for span in &spans {
        let (start, end) = (nanos(&span["startTimeUnixNano"]), nanos(&span["endTimeUnixNano"]));
        let parent = &span["parentSpanId"];
        if !hex(&span["traceId"], 32) || !hex(&span["spanId"], 16) || !(parent.is_null() || hex(parent, 16)) {
            return Err(format!("an id is not as it should be: {span}"));
        }
        if start.is_none() || end.is_none() || start > end || start < Some(1_700_000_000_000_000_000) {
            return Err(format!("a time is not as it should be: {span}"));
        }
        if span["name"].as_str().is_none_or(str::is_empty) || span["status"]["code"].as_u64().unwrap_or(0) > 2 {
            return Err(format!("a name or a status is not as it should be: {span}"));
        }
    }
    taken.spans.extend(spans);
    taken.resources.extend(resources);
    Ok(())
}

/// Takes an annotation as Grafana does.
fn annotation(body: &Value, header: &dyn Fn(&str) -> String, taken: &mut Taken) -> Result<usize, String> {
    if header("authorization") != format!("Bearer {TOKEN}") {
        return Err("Unauthorized".into());
    }
    if body["text"].as_str().is_none_or(str::is_empty) {
        return Err("text field should not be empty".into());
    }
    // Milliseconds: a time in seconds or nanoseconds lies in another century.
    if !body["time"].as_i64().is_some_and(|ms| (1_700_000_000_000..4_000_000_000_000).contains(&ms)) {
        return Err("bad request data".into());
    }
    if !body["tags"].as_array().is_some_and(|tags| tags.iter().all(Value::is_string)) {
        return Err("bad request data".into());
    }
    let mut kept = body.clone();
    let id = taken.annotations.len() + 1;
    kept["id"] = id.into();
    taken.annotations.push(kept);
    Ok(id)
}

fn attribute<'a>(span: &'a Value, name: &str) -> &'a Value {
    let found = span["attributes"].as_array().unwrap().iter().find(|a| a["key"] == name);
    let value = &found.unwrap_or_else(|| panic!("no {name} in {span}"))["value"];
    value.as_object().unwrap().values().next().unwrap()
}

fn nanos(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

fn head(at: SocketAddr) -> String {
    format!(
        "flightdeck: 1
title: Traced
system: cryptoutil
telemetry:
  otlp: {{ url: \"http://{at}\", headers: {{ x-tenant: ops }} }}
  grafana: {{ url: \"http://{at}/\", token: {TOKEN}, dashboard: overview }}
"
    )
}

#[test]
fn a_run_is_a_trace_with_a_span_an_item_and_two_annotations() {
    let receiver = Receiver::start();
    let mut run = Run::unattended(&format!(
        "{}channels: {{ team: {{ file: no/such/folder }} }}
steps:
  - Look around
  - {{ title: Fine, run: 'true', timeout: 1m }}
  - {{ title: Tell, notify: {{ to: team, text: it begins }} }}
",
        head(receiver.at)
    ));
    let host = run.start();
    let mut anna = run.client();
    anna.ended();
    drop(anna);
    run.wait_gone(host);
    assert_eq!(receiver.refused(), Vec::<String>::new());
    let spans = receiver.spans();
    let by: BTreeMap<&str, &Value> = spans.iter().map(|span| (span["name"].as_str().unwrap(), span)).collect();
    assert_eq!(by.keys().copied().collect::<Vec<_>>(), ["Fine", "Look around", "Tell", "Traced"]);
    assert_eq!(spans.len(), 4);
    let root = by["Traced"];
    assert!(root["parentSpanId"].is_null());
    for (name, span) in by.iter().filter(|(name, _)| **name != "Traced") {
        assert_eq!(span["parentSpanId"], root["spanId"], "{name}");
        assert_eq!(span["traceId"], root["traceId"], "{name}");
        assert!(nanos(&root["startTimeUnixNano"]) <= nanos(&span["startTimeUnixNano"]), "{name}");
        assert!(nanos(&span["endTimeUnixNano"]) <= nanos(&root["endTimeUnixNano"]), "{name}");
    }
    assert_eq!(spans.iter().map(|span| &span["spanId"]).map(Value::to_string).collect::<BTreeSet<_>>().len(), 4);
    let status = |name: &str| by[name]["status"]["code"].as_u64();
    assert_eq!((status("Fine"), status("Look around"), status("Tell")), (Some(1), Some(1), Some(2)));
    assert!(by["Tell"]["status"]["message"].as_str().unwrap().starts_with("failed: team: "), "{}", by["Tell"]);
    assert_eq!(attribute(by["Fine"], "process.exit.code"), "0");
    assert_eq!(attribute(by["Fine"], "flightdeck.item"), "fine");
    assert_eq!(attribute(by["Fine"], "flightdeck.outcome"), "passed");
    let resource = receiver.taken.lock().unwrap().resources[0].clone();
    assert_eq!(attribute(&resource, "service.name"), "flightdeck");

    let notes = receiver.annotations();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0]["text"].as_str().unwrap().starts_with("Traced begins ("), "{}", notes[0]);
    assert!(notes[1]["text"].as_str().unwrap().starts_with("Traced: "), "{}", notes[1]);
    for note in &notes {
        let tags = note["tags"].as_array().unwrap();
        assert!(tags.contains(&"flightdeck".into()) && tags.contains(&"cryptoutil".into()), "{note}");
        assert_eq!(note["dashboardUID"], "overview");
    }
}

#[test]
fn a_host_that_goes_on_tells_the_same_spans_and_no_annotation_twice() {
    let receiver = Receiver::start();
    let mut run = Run::unattended(&format!(
        "{}steps:
  - {{ title: First, run: 'true', timeout: 1m }}
  - {{ title: Wait, timeout: 1m, script: 'until [ -e \"$WORK/go\" ]; do sleep 0.05; done' }}
",
        head(receiver.at)
    ));
    let host = run.start();
    let mut anna = run.client();
    anna.event("Grafana has answered", |e| match e {
        Event::NoticeSent { to, ok: true, answer } => (to.as_str() == "grafana").then(|| answer.clone()),
        _ => None,
    });
    wait_for("the first span is there", || (!receiver.spans().is_empty()).then_some(()));
    run.kill(host);
    run.wait_gone(host);
    let host = run.resume();
    let mut anna = run.client();
    wait_for("it is told again", || (receiver.spans().len() == 2).then_some(()));
    std::fs::write(run.path("go"), "").unwrap();
    anna.ended();
    drop(anna);
    run.wait_gone(host);
    let spans = receiver.spans();
    assert_eq!(spans[0], spans[1], "the same span, whole");
    let names: Vec<&str> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["First", "First", "Wait", "Traced"]);
    assert_eq!(receiver.annotations().len(), 2);
    assert_eq!(receiver.refused(), Vec::<String>::new());
    run.verify();
}

#[test]
fn a_receiver_that_never_answers_holds_up_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let steps = "steps:\n  - { title: Fine, run: 'true', timeout: 1m }\n";
    let mut run = Run::unattended(&format!("{}{steps}", head(silent.local_addr().unwrap())));
    let host = run.start();
    let begun = Instant::now();
    let mut anna = run.client();
    anna.ended();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(anna);
    run.wait_gone(host);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(run.outcomes(), ["fine passed"]);
}

#[test]
fn a_switch_and_a_rollback_are_marked_too() {
    let receiver = Receiver::start();
    let head = head(receiver.at).replace("dashboard: overview", "dashboard: overview, steps: [switch]");
    let mut run = Run::unattended(&format!(
        "{head}objectives: {{ rto: 5m }}
defaults: {{ timeout: 1m }}
steps:
  - {{ title: Before, id: before, run: 'true' }}
  - {{ title: Switched to green, id: switch, run: 'true', undo: {{ title: Back to blue, id: back, run: 'true' }} }}
  - {{ title: Bad, id: bad, run: 'false' }}
rollback:
  steps: [ {{ title: Back, id: all, undo_steps: all }} ]
"
    ));
    let host = run.start();
    let mut anna = run.client();
    anna.status("bad", &flightdeck::engine::Status::Failed(flightdeck::words::Outcome::Failed));
    anna.done(flightdeck::engine::Want::RollBack { reason: Some("5xx".into()) });
    anna.until("it ended", |c| c.state.ended.as_ref().map(|_| ()));
    drop(anna);
    run.wait_gone(host);
    assert_eq!(receiver.refused(), Vec::<String>::new());
    let mut texts: Vec<String> =
        receiver.annotations().iter().map(|note| note["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    let begins: Vec<&str> = texts.iter().map(|text| text.split(" (").next().unwrap()).collect();
    let wanted = ["Traced begins", "Traced: Switched to green", "Traced: rollback: 5xx", "Traced: rolled back: 5xx"];
    assert_eq!(begins, wanted);
}
