//! Texts that want to be more than texts.

use std::sync::Arc;

use super::fixture::{at, ended, events, plan, started};
use crate::engine::event::{Ended, Event};
use crate::journal::Digest;
use crate::record::{Run, json, markdown};
use crate::words::Outcome;

/// Each tries to break out of its place.
const NASTY: &[&str] = &[
    "x\n# Deployment record: all is well\n",
    "\u{1b}]0;owned\u{7}\u{1b}[2J",
    "</li><script>alert(1)</script><!--",
    "```\n```\n# out of the fence",
    "````\nrm -rf /\n````",
    "[click](javascript:alert(1)) ![i](http://e/x.png)",
    "| a | b |\n|---|---|",
    "\u{202e}evil\u{200b}\0",
    "<details><summary>&lt;",
    "1. one\n2. two\n- three\n> four\n\tfive",
];

#[test]
fn no_text_of_a_run_becomes_structure() {
    for text in NASTY {
        let mut plan = plan();
        plan.title = (*text).to_owned();
        plan.phases[0].title = (*text).to_owned();
        let mut list = events();
        let end = list.pop().unwrap();
        let seq = list.len() as u64;
        list.push(at(
            seq + 1,
            171.0,
            text,
            Event::NoteAdded { text: (*text).into(), about: Some((*text).into()), item: None },
        ));
        list.push(at(seq + 2, 172.0, text, started("apply", 5, &["echo", text], false)));
        list.push(at(
            seq + 3,
            173.0,
            "host",
            Event::AttemptEnded(Box::new(Ended {
                why: Some((*text).into()),
                evidence: Some((*text).into()),
                output_bytes: 1,
                last_lines: vec![(*text).into()],
                ..ended("apply", 5, Outcome::Failed, 1.0)
            })),
        ));
        list.push(at(
            seq + 4,
            174.0,
            text,
            Event::ItemSkipped { item: "logs".into(), reason: (*text).into(), from_file: false },
        ));
        list.push(end);
        let run = Run::fold(Arc::new(plan), list, (seq + 5, Digest::ZERO), vec![]);
        let markdown = markdown(&run);
        assert!(!markdown.chars().any(|c| c != '\n' && crate::terminal::is_hidden(c)), "{text:?}:\n{markdown}");
        assert_eq!(outside_of_code(&markdown), outside_of_code_of_the_plain_run(), "{text:?}:\n{markdown}");
        assert!(!json(&run).chars().any(|c| c != '\n' && c.is_control()), "{text:?}");
    }
}

/// What opens a block, line by line, outside of fenced code; and whether raw HTML is left.
fn outside_of_code(markdown: &str) -> Vec<String> {
    let mut fence: Option<usize> = None;
    let mut shape = vec![];
    for line in markdown.lines() {
        let text = line.trim_start();
        let ticks = text.chars().take_while(|c| *c == '`').count();
        match fence {
            Some(wanted) => {
                if ticks >= wanted && text.chars().all(|c| c == '`') {
                    fence = None;
                }
                continue;
            }
            None if ticks >= 3 => {
                assert!(!text[ticks..].contains('`'), "{line}");
                fence = Some(ticks);
                shape.push("fence".to_owned());
                continue;
            }
            None => {}
        }
        let bare = without_code(line);
        assert!(!has_bare(&bare, '<') && !has_bare(&bare, '|') && !has_bare(&bare, '['), "{line}");
        if let Some(mark) =
            ["# ", "## ", "### ", "- ", "> ", "|", "1. ", "+ ", "* "].iter().find(|mark| text.starts_with(**mark))
        {
            shape.push(format!("{}{mark}", &line[..line.len() - text.len()]));
        }
    }
    assert!(fence.is_none(), "a fence stays open");
    shape
}

fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        if rest[..start].ends_with('\\') {
            out.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        }
        out.push_str(&rest[..start]);
        let ticks = rest[start..].chars().take_while(|c| *c == '`').count();
        let body = &rest[start + ticks..];
        // The end is a run of exactly as many.
        let mut from = 0;
        let end = loop {
            let found = from + body[from..].find('`').expect("inline code that ends");
            let run = body[found..].chars().take_while(|c| *c == '`').count();
            if run == ticks {
                break found;
            }
            from = found + run;
        };
        rest = &body[end + ticks..];
    }
    out.push_str(rest);
    out
}

fn has_bare(text: &str, wanted: char) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        if c == wanted && !escaped {
            return true;
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

fn outside_of_code_of_the_plain_run() -> Vec<String> {
    let mut list = events();
    let end = list.pop().unwrap();
    let seq = list.len() as u64;
    let text = "plain";
    list.push(at(seq + 1, 171.0, text, Event::NoteAdded { text: text.into(), about: Some(text.into()), item: None }));
    list.push(at(seq + 2, 172.0, text, started("apply", 5, &["echo", text], false)));
    list.push(at(
        seq + 3,
        173.0,
        "host",
        Event::AttemptEnded(Box::new(Ended {
            why: Some(text.into()),
            evidence: Some(text.into()),
            output_bytes: 1,
            last_lines: vec![text.into()],
            ..ended("apply", 5, Outcome::Failed, 1.0)
        })),
    ));
    list.push(at(
        seq + 4,
        174.0,
        text,
        Event::ItemSkipped { item: "logs".into(), reason: text.into(), from_file: false },
    ));
    list.push(end);
    let mut plan = plan();
    plan.title = text.into();
    plan.phases[0].title = text.into();
    outside_of_code(&markdown(&Run::fold(Arc::new(plan), list, (seq + 5, Digest::ZERO), vec![])))
}
