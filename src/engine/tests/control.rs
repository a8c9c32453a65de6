//! Who has control, and what the host says of itself and of the places.

use super::flight;
use crate::engine::event::Event;
use crate::engine::{Intent, Want};
use crate::words::Actor;

const ONE: &str = "steps:\n  - { id: one, title: One }\n  - { id: two, title: Two }";

#[test]
fn one_has_control_and_others_are_refused() {
    let mut f = flight(ONE);
    f.begin();
    assert_eq!((f.state.control.epoch, f.state.control.holder.as_ref().map(|h| h.name())), (1, Some("anna")));
    let tick = f.answering("one", &[]);
    let of = |f: &super::Flight, who: &str, epoch: u32, want: Want| Intent::new(Actor(who.into()), Some(epoch), f.now(), want);
    f.refuses_intent(&of(&f, "anna@ops1", 0, tick.clone()), "anna has control now");
    f.refuses_intent(&of(&f, "bob@ops2", 1, tick.clone()), "anna has control now");
    f.decide(&of(&f, "bob@ops2", 0, Want::Note { text: "hm".into(), about: None, item: None })).unwrap();
    f.decide(&of(&f, "bob@ops2", 1, Want::AskControl)).unwrap();
    f.refuses(Want::AskControl, "you have control");
    f.refuses_intent(&of(&f, "bob@ops2", 1, Want::TakeControl { epoch: 1 }), "anna was asked and may still answer");
    f.wants(Want::DeclineControl);
    assert_eq!(f.state.control.declined.as_ref().map(|d| d.name()), Some("bob"));
    f.refuses(Want::DeclineControl, "nobody asks");
    f.decide(&of(&f, "bob@ops2", 1, Want::AskControl)).unwrap();
    assert!(f.state.control.declined.is_none());
    f.after(20.0);
    f.refuses_intent(&of(&f, "bob@ops2", 1, Want::TakeControl { epoch: 0 }), "control has passed on");
    f.decide(&of(&f, "bob@ops2", 1, Want::TakeControl { epoch: 1 })).unwrap();
    assert!(
        matches!(&f.last[0], Event::ControlTaken { epoch: 2, from: Some(from), answered: false, .. } if from.name() == "anna")
    );
    f.refuses(tick.clone(), "bob has control now");
    f.who = Actor("bob@ops2".into());
    f.wants(tick).refuses(Want::HandOver { to: Actor("".into()) }, "to whom");
    f.wants(Want::HandOver { to: Actor("anna@ops1".into()) });
    assert_eq!(f.state.control.epoch, 3);
}

#[test]
fn the_program_itself_gives_control_to_who_joins_an_empty_run() {
    let mut f = flight(ONE);
    f.begin();
    let joined =
        Intent::new(Actor("kim@x".into()), None, f.now(), Want::TakeControl { epoch: 1 });
    f.decide(&joined).unwrap();
    assert_eq!(f.state.control.holder.as_ref().map(|h| h.name()), Some("kim"));
}

#[test]
fn places_are_compared_with_what_was_pinned() {
    let mut f = flight(ONE);
    let found = |is: &str| Want::TargetFound { kind: "git".into(), found: is.into() };
    f.host(found("a"));
    assert!(f.last.is_empty(), "nothing was pinned");
    f.host(Want::Pinned { kind: "git".into(), is: "a".into() }).host(found("a"));
    assert!(f.last.is_empty());
    f.host(found("b")).refuses(Want::Begin { target: None }, "git is b, not a");
    f.host(found("b"));
    assert!(f.last.is_empty(), "told once");
    f.host(found("c"));
    assert!(matches!(&f.last[0], Event::TargetChanged { found, .. } if found == "c"));
    f.host(found("a"));
    assert!(f.state.moved.is_empty());
    f.begin();
}

#[test]
fn the_hosts_own_words_are_kept() {
    let mut f = flight(ONE);
    f.host(Want::HostStart { epoch: 2, pid: 7, boot: "b".into(), program: "p".into() });
    assert_eq!((f.state.host.epoch, f.state.host.pid), (2, 7));
    f.host(Want::HostLeave { why: "asked".into() });
    assert_eq!(f.state.host.left.as_deref(), Some("asked"));
    f.host(Want::ClockStep { by: -5 }).host(Want::Tail { bytes: 12 });
    f.host(Want::Caution { text: "careful".into(), item: None });
    assert_eq!(f.state.cautions.len(), 1);
    f.host(Want::NeedPerson { item: Some("one".into()), why: "w".into() });
    let again = f.intent(Want::NeedPerson { item: Some("one".into()), why: "w".into() });
    f.refuses_intent(&again, "already parked");
    f.begin().tick("one");
    assert!(f.state.person_needed.is_none());
    f.refuses(Want::Continue, "not paused");
}

#[test]
fn nothing_is_paused_before_it_began() {
    flight(ONE).refuses(Want::Pause { reason: None }, "has not begun");
}
