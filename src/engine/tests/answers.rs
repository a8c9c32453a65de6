//! People: ticks, answers, forms, approvals, skip, defer, override.

use super::{Flight, flight};
use crate::engine::event::{Event, Resolved, Return};
use crate::engine::{Settled, Status, Timer, Want};
use crate::words::{Actor, Outcome, Proof, Value, Verdict};

#[test]
fn a_plain_box_is_ticked_once() {
    let mut f = flight("steps:\n  - Tell the team in the chat\n  - Done now");
    f.begin();
    let early = f.answering("tell_the_team_in_the_chat", &[]);
    f.tick("tell_the_team_in_the_chat").passed("tell_the_team_in_the_chat").at("done_now");
    f.refuses(early, "changed since it was drawn");
    f.refuses(f.answering("tell_the_team_in_the_chat", &[]), "it is settled");
    f.tick("done_now");
    assert!(f.state.ended.is_some());
}

#[test]
fn answers_are_read_by_their_kind() {
    let cases = [
        ("number", "12.5", Ok(Value::Number(12.5))),
        ("number", "many", Err("")),
        ("duration", "5m", Ok(Value::Duration(300.0))),
        ("link", "https://x/1", Ok(Value::Text("https://x/1".into()))),
        ("link", "see the wiki", Err("is no link")),
        ("text", "  as it is ", Ok(Value::Text("as it is".into()))),
        ("text", "   ", Err("an empty answer is none")),
        ("file", "backup/8812.sql", Ok(Value::Text("backup/8812.sql".into()))),
        ("{ one_of: [red, green] }", "green", Ok(Value::Text("green".into()))),
        ("{ one_of: [red, green] }", "blue", Err("none of red, green")),
    ];
    for (kind, typed, wanted) in cases {
        let key = if kind.starts_with('{') {
            kind.trim_matches(['{', '}', ' ']).to_owned()
        } else {
            format!("answer: {kind}")
        };
        let mut f = flight(&format!("steps:\n  - {{ id: q, title: Q, confirm: {{ ask: What, {key} }} }}\n  - Rest"));
        f.begin();
        match wanted {
            Ok(value) => {
                f.answer("q", typed).passed("q");
                let Some(Settled::Answered(answer)) = &f.state.items[0].settled else { panic!() };
                assert_eq!(answer.fields["answer"], value, "{kind}");
            }
            Err(part) => {
                f.refuses(f.answering("q", &[("answer", typed)]), part).is("q", Status::Open);
            }
        }
    }
}

#[test]
fn a_yes_needs_no_text_and_patterns_match_whole() {
    let text = "
steps:
  - { id: so, title: So, confirm: Is it so }
  - { id: id, title: Id, confirm: { ask: Which, answer: text, pattern: 'CHG-\\d+' } }
";
    let mut f = flight(text);
    f.begin().tick("so").passed("so");
    f.refuses(f.answering("id", &[("answer", "see CHG-1")]), "does not match");
    f.answer("id", "CHG-12").passed("id");
}

#[test]
fn an_answer_is_compared_where_it_can_be() {
    let text = "
steps:
  - { id: restore, title: Restore tested lately, confirm: { ask: Date of the last test, answer: date, expect: now - answer <= 30d } }
  - Rest
";
    let mut f = flight(text);
    f.begin();
    f.refuses(
        f.answering("restore", &[("answer", "2026-10-01")]),
        "not as expected: now - answer 54 d, wanted <= 30 d",
    );
    f.refuses(f.answering("restore", &[("answer", "last week")]), "");
    f.answer("restore", "2026-11-20").passed("restore");
}

#[test]
fn a_form_has_types_limits_and_optional_fields() {
    let text = "
steps:
  - id: form
    title: Form
    record:
      rows: { type: number, min: \"10\", ask: How many rows }
      size: { type: size }
      note: { optional: true }
      kind: { one_of: [full, partial], default: full }
    capture: { row_count: rows }
  - { id: say, title: Say, run: 'echo ${{ row_count }}' }
";
    let mut f = flight(text);
    f.begin();
    let all = [("rows", "12"), ("size", "5MiB"), ("kind", "full")];
    f.refuses(f.answering("form", &all[1..]), "How many rows: an empty answer is none");
    f.refuses(f.answering("form", &[("rows", "3"), all[1], all[2]]), "How many rows: it is at least 10");
    f.refuses(f.answering("form", &[all[0], ("size", "big"), all[2]]), "size: ");
    f.refuses(f.answering("form", &[all[0], all[1], ("kind", "half")]), "kind: ");
    let want = f.answering("form", &all);
    f.wants(want).passed("form");
    let Some(Settled::Answered(answer)) = &f.state.items[0].settled else { panic!() };
    assert_eq!(answer.fields["size"], Value::Size(5_242_880.0));
    assert!(!answer.fields.contains_key("note"));
    assert_eq!(f.capture("row_count"), Some(&Value::Number(12.0)));
}

#[test]
fn a_fast_answer_is_marked() {
    let text = "steps:\n  - { id: a, title: One two three four, confirm: five six }\n  - { id: b, title: B }\n  - Rest";
    let mut f = flight(text);
    f.begin().after(1.8).tick("a");
    assert!(f.state.items[0].fast, "six words take 1.9 s");
    f.after(5.0).tick("b");
    assert!(!f.state.items[1].fast);
}

const APPROVE: &str = "
contacts:
  boss: { role: Release manager, people: [ann, bob, anna] }
steps:
  - { id: ok, title: Approved, approve: { by: boss, within: 10m } }
  - Rest
";

#[test]
fn an_approval_is_a_second_persons() {
    let mut f = flight(APPROVE);
    f.begin();
    f.refuses(f.deciding("ok", true, "ann"), "no approval was asked for");
    f.wants(Want::RequestApproval { item: "ok".into() }).is("ok", Status::Busy);
    let request = f.state.items[0].request.clone().unwrap();
    assert_eq!(request.of, ["Release manager"]);
    assert!(request.text.contains("Approved") && request.text.contains("anna@ops1"), "{}", request.text);
    f.refuses(Want::RequestApproval { item: "ok".into() }, "asked for already");
    f.refuses(f.deciding("ok", true, "anna@home"), "never the operator's own");
    f.refuses(f.deciding("ok", true, "carl"), "carl is not among those who may approve");
    f.refuses(f.deciding("ok", true, "sandbox"), "sandbox is not among those");
    f.refuses(f.deciding("ok", true, " "), "a name is needed");
    let Want::Decide { item, yes, by, says, .. } = f.deciding("ok", true, "ann") else { panic!() };
    f.refuses(Want::Decide { item, hash: "other".into(), yes, by, proof: Proof::Key, says }, "for another text");
    f.wants(f.deciding("ok", true, "ann@ops2")).passed("ok").at("rest");
    f.refuses(f.deciding("ok", true, "bob"), "answered already");
}

#[test]
fn a_no_and_silence_are_asked_again() {
    let mut f = flight(APPROVE);
    f.begin().wants(Want::RequestApproval { item: "ok".into() });
    f.wants(f.deciding("ok", false, "bob")).is("ok", Status::Failed(Outcome::Failed));
    f.refuses(f.deciding("ok", true, "ann"), "answered already");
    f.wants(Want::RequestApproval { item: "ok".into() }).is("ok", Status::Busy);
    assert_eq!(f.due_in(&Timer::ApprovalOver("ok".into())), Some(600.0));
    let late = f.deciding("ok", true, "ann");
    f.due(Timer::ApprovalOver("ok".into())).is("ok", Status::Failed(Outcome::TimedOut));
    f.refuses(late, "expired");
    f.wants(Want::RequestApproval { item: "ok".into() }).after(601.0);
    f.refuses(f.deciding("ok", true, "ann"), "expired");
}

#[test]
fn two_approvals_are_of_two_people() {
    let text = APPROVE.replace("within: 10m", "count: 2, proof: login");
    let mut f = flight(&text);
    f.begin().wants(Want::RequestApproval { item: "ok".into() });
    f.refuses(f.deciding("ok", true, "ann"), "the approver's own login");
    let login = |f: &Flight, by: &str| match f.deciding("ok", true, by) {
        Want::Decide { item, hash, yes, by, says, .. } => {
            Want::Decide { item, hash, yes, by, says, proof: Proof::Login }
        }
        other => other,
    };
    f.wants(login(&f, "ann@a")).is("ok", Status::Busy);
    f.refuses(login(&f, "ann@b"), "ann has answered already");
    f.wants(login(&f, "bob")).passed("ok");
}

const RULES: &str = "
phases:
  - title: First
    steps:
      - { id: must, title: Must, required: true, run: echo x }
      - { id: plain, title: Plain, run: echo y }
      - { id: later, title: Later, run: echo z, due: second }
      - { id: form, title: Form, record: { a: { type: text } }, due: 48h }
  - title: Second
    steps:
      - { id: last, title: Last }
";

#[test]
fn skip_defer_and_override_have_their_rules() {
    let mut f = flight(RULES);
    f.begin();
    let skip = |item: &str, reason: &str| Want::Skip { item: item.into(), reason: reason.into() };
    let defer = |item: &str, to: Return| Want::Defer { item: item.into(), to, reason: "r".into() };
    let over = |item: &str, second: Option<&str>| Want::Override {
        item: item.into(),
        reason: "r".into(),
        second: second.map(|s| Actor(s.into())),
    };
    f.refuses(skip("plain", "  "), "a reason is needed");
    f.refuses(skip("must", "r"), "never skipped");
    f.refuses(Want::NotApplicable { item: "must".into(), reason: "r".into() }, "applies always");
    f.refuses(skip("last", "r"), "not open yet");
    f.refuses(skip("nothing", "r"), "no item `nothing`");
    f.refuses(over("must", Some("bob")), "only what is red");
    f.refuses(defer("plain", Return::PhaseClose), "does not let this command be deferred");
    f.refuses(defer("form", Return::WatchEnd), "its `due` says where");
    f.start("must").exits(1);
    f.refuses(over("must", None), "a second person's name is needed");
    f.refuses(over("must", Some("anna@elsewhere")), "can't be the operator");
    f.refuses(over("must", Some(" ")), "a second person's name is needed");
    f.wants(over("must", Some("bob"))).is("must", Status::Overridden);
    f.start("plain");
    f.refuses(skip("plain", "r"), "it is running");
    f.exits(1).refuses(Want::NotApplicable { item: "plain".into(), reason: "r".into() }, "it was begun");
    f.skip("plain").is("plain", Status::Skipped);
    f.defer("later", Return::Phase(1)).is("later", Status::Deferred);
    // The time that it is due is the runbook's, not the client's.
    f.after(10.0).defer("form", Return::At(1));
    assert!(
        matches!(&f.state.items[3].settled, Some(Settled::Deferred(Return::At(up), _)) if *up == 10_000_000 + 172_800_000_000)
    );
    f.refuses(skip("plain", "r"), "it is settled");
    f.reopen("plain").is("plain", Status::Open);
    f.wants(Want::NotApplicable { item: "form".into(), reason: "no form".into() }).is("form", Status::Off);
    f.refuses(Want::OpenItem { item: "form".into() }, "it does not apply here: no form");
    f.reopen("form").is("form", Status::Open);
}

#[test]
fn an_edit_voids_the_approval_that_covers_the_command() {
    let text = "
contacts: { boss: { role: Boss, people: [ann, bob] } }
phases:
  - title: Before
    steps:
      - { id: early, title: Early, run: echo early }
      - { id: ok, title: Release approved, approve: { by: boss } }
  - title: Deploy
    steps:
      - { id: one, title: One, run: echo one }
      - { id: two, title: Two, run: echo two }
";
    let argv = |words: &[&str]| Resolved::Argv(words.iter().map(|w| (*w).to_owned()).collect());
    let edit =
        |f: &Flight, id: &str, words: &[&str]| Want::Edit { item: id.into(), seen: f.seen(id), what: argv(words) };
    let mut f = flight(text);
    f.begin();
    f.wants(edit(&f, "early", &["echo", "other"])).runs("early");
    f.wants(Want::RequestApproval { item: "ok".into() });
    f.wants(f.deciding("ok", true, "ann")).passed("ok");
    f.wants(Want::ClosePhase { phase: 0 }).at("one");
    // What it does not cover changes nothing; what it covers voids it, though its phase is closed.
    f.wants(edit(&f, "one", &["echo", "worse"])).at("one").is("ok", Status::Open);
    let reasons: Vec<String> = f
        .events
        .iter()
        .filter_map(|e| match &e.event {
            Event::ItemReopened { item, reason } => Some(format!("{item}: {reason}")),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [r#"ok: the command of "One" was edited after this was approved"#]);
    f.refuses(f.starting("one"), "\"Release approved\" has to be approved before it runs");
    f.refuses(Want::ClosePhase { phase: 1 }, "left");
    // The approver is shown the command; an edit after the question voids that too.
    f.wants(Want::RequestApproval { item: "ok".into() });
    let asked = |f: &Flight| f.state.items[f.index("ok")].request.as_ref().map(|r| r.text.clone()).unwrap();
    assert!(asked(&f).contains(r#"edited, "One": echo worse"#), "{}", asked(&f));
    let late = f.deciding("ok", true, "bob");
    f.wants(edit(&f, "two", &["echo", "worst"])).is("ok", Status::Open).refuses(late, "no approval was asked for");
    f.wants(Want::RequestApproval { item: "ok".into() });
    assert!(asked(&f).contains("echo worse") && asked(&f).contains("echo worst"), "{}", asked(&f));
    f.wants(f.deciding("ok", true, "bob")).passed("ok");
    f.runs("one").runs("two").passed("two");
}

#[test]
fn a_notice_is_evidence_and_never_blocks() {
    let text = "
channels: { team: { file: notices.txt } }
steps:
  - { id: tell, title: Tell, notify: { to: team, text: \"${{ runbook.title }} goes\" } }
  - Rest
";
    let mut f = flight(text);
    f.begin().start("tell");
    let sent = crate::engine::effects(&f.state, &f.last);
    assert!(
        matches!(sent.as_slice(), [crate::engine::Effect::Notify { text, title, .. }] if text == "Test goes" && title == "Test")
    );
    f.host(Want::Called { item: "tell".into(), attempt: 1, ok: true, answer: "200 OK".into() }).passed("tell");
    assert_eq!(f.ended("tell").evidence.as_deref(), Some("200 OK"));
    let mut f = flight(text);
    f.begin().start("tell");
    f.host(Want::Called { item: "tell".into(), attempt: 1, ok: false, answer: "503".into() });
    f.is("tell", Status::Overridden).at("rest");
    assert_eq!(f.outcome("tell"), Some(Outcome::Failed));
    let (item, to) = (Some("tell".into()), "team".into());
    f.host(Want::Told { item, to, ok: true, answer: "200 OK".into() }).is("tell", Status::Overridden);
    let (_, to, ok, answer) = f.state.notices.last().unwrap();
    assert_eq!((to.as_str(), *ok, answer.as_str()), ("team", true, "\"Tell\": 200 OK"));
    assert_eq!(f.state.cautions[0].text, "\"Tell\" was not delivered: 503");
    f.reopen("tell").start("tell").host(Want::Called {
        item: "tell".into(),
        attempt: 2,
        ok: true,
        answer: "ok".into(),
    });
    f.passed("tell");
}

#[test]
fn notes_stand_where_they_belong() {
    let mut f = flight("steps:\n  - One\n  - Two");
    f.wants(Want::Note { text: " before ".into(), about: Some("08:55".into()), item: None });
    f.refuses(Want::Note { text: " ".into(), about: None, item: None }, "empty note");
    f.refuses(Want::Note { text: "x".into(), about: None, item: Some("three".into()) }, "no item");
    f.begin().wants(Want::Note { text: "at".into(), about: None, item: Some("two".into()) });
    assert_eq!(f.state.notes.len(), 2);
    assert_eq!(f.state.notes[0].text, "before");
}

#[test]
fn a_red_look_may_be_overridden_before_it_was_looked_at_too() {
    let mut f = flight("steps:\n  - { id: up, title: Up, check: { http: https://x/ } }\n  - Rest");
    f.begin().is("up", Status::Busy);
    f.wants(Want::Override { item: "up".into(), reason: "known".into(), second: None }).is("up", Status::Overridden);
    f.turns("up", Verdict::Bad).is("up", Status::Overridden);
    f.reopen("up").is("up", Status::Failed(Outcome::Failed));
    assert!(matches!(&f.state.items[0].earlier[..], [Settled::Overridden(..)]));
    let reopened = f.events.iter().filter(|e| matches!(e.event, Event::ItemReopened { .. })).count();
    assert_eq!(reopened, 1);
}
