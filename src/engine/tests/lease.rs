//! The lock at the target: what starts while it is asked for, another's, lost, or not to be had.

use super::{Flight, flight};
use crate::engine::event::Event;
use crate::engine::{LOCK, LeaseAt, LeaseHolder, LeaseNews, LeaseState, Want, Wish, autopilot};

const SHOP: &str = "flightdeck: 1
title: Shop
system: Web shop 2
where: { kube_context: prod, namespace: shop }
steps:
  - { title: Read, run: kubectl get pods, reads_only: true, timeout: 1m }
  - { title: Change, run: kubectl apply -f x, timeout: 1m }
";

const OURS: LeaseNews = LeaseNews::Ours { fresh: false };

fn news(news: LeaseNews) -> Want {
    Want::Lease { place: "Lease x".into(), news }
}

fn bob(dead: bool) -> LeaseHolder {
    LeaseHolder {
        who: "bob@ops2".into(),
        run: "run-7".into(),
        purpose: "Shop 1.5.0".into(),
        since: "2026-11-24T02:10:00Z".into(),
        dead,
    }
}

#[test]
fn a_lock_stands_where_the_plan_is_at_home() {
    let f = flight(SHOP);
    let plan = &f.state.plan;
    assert_eq!((plan.lease_at(), plan.lease_name().as_str()), (Some(LeaseAt::Kubernetes), "flightdeck-web-shop-2"));
    assert_eq!(plan.lease_place().unwrap(), "Lease flightdeck-web-shop-2 in the namespace shop");
    let at = |text: &str| flight(text).state.plan.lease_at();
    assert_eq!(at("steps: [a]"), None);
    assert_eq!(at("where: { docker_host: default }\nsteps: [a]"), Some(LeaseAt::Docker));
    assert_eq!(at("steps:\n  - { title: a, check: { docker: { of: engine } } }"), Some(LeaseAt::Docker));
    let long = flight(&format!("system: {}\nsteps: [a]", "é-x ".repeat(60))).state.plan.lease_name();
    assert!(long.len() <= 60 && long.ends_with('x'), "{long}");
}

#[test]
fn what_changes_the_world_waits_for_the_answer_and_what_reads_does_not() {
    let mut f = flight(SHOP);
    f.begin();
    f.host(news(LeaseNews::Asked));
    f.start("read").exits(0);
    let start = f.starting("change");
    f.refuses(start, "is being asked for");
    f.host(news(LeaseNews::Ours { fresh: true })).host(news(OURS));
    assert!(f.last.is_empty(), "said once");
    f.host(news(LeaseNews::Ours { fresh: true }));
    assert!(matches!(&f.last[..], [Event::CautionRaised { text, .. }] if text.contains("was gone")), "{:?}", f.last);
    f.start("change").exits(0);
    if f.state.ended.is_none() {
        f.close();
    }
    assert!(f.state.ended.is_some());
    f.host(news(LeaseNews::Released));
    assert!(matches!(&f.last[0], Event::LeaseReleased { .. }), "also behind the run's end");
}

#[test]
fn while_another_has_it_nothing_starts_and_only_a_dead_runs_lock_is_taken_over() {
    let mut f = flight(SHOP);
    f.begin();
    f.refuses(Want::TakeOver { reason: "x".into() }, "nobody else holds");
    f.host(news(LeaseNews::Asked)).host(news(LeaseNews::Theirs(bob(false))));
    assert!(matches!(&f.last[0], Event::LeaseRefused { .. }));
    f.host(news(LeaseNews::Theirs(bob(false))));
    assert!(f.last.is_empty(), "said once");
    for item in ["read", "change"] {
        let start = f.starting(item);
        f.refuses(start, "held by bob@ops2 since 02:10 UTC for \"Shop 1.5.0\"");
    }
    f.refuses(Want::TakeOver { reason: "x".into() }, "its host lives");
    f.host(news(LeaseNews::Theirs(bob(true))));
    let start = f.starting("change");
    f.refuses(start, "may still run");
    f.refuses(Want::TakeOver { reason: " ".into() }, "a reason is needed");
    f.wants(Want::TakeOver { reason: "bob's machine is gone".into() });
    assert!(matches!(&f.last[0], Event::LeaseTakeOver { reason, .. } if reason == "bob's machine is gone"));
    let start = f.starting("change");
    f.refuses(start, "nothing starts");
    f.host(news(OURS));
    assert!(f.state.moved.is_empty());
    f.start("read").exits(0).start("change");
    // Somebody takes it over in flight: what runs goes on, nothing new starts.
    f.host(news(LeaseNews::Theirs(bob(false))));
    assert!(matches!(&f.last[0], Event::LeaseLost { .. }));
    assert_eq!(f.state.lease.as_ref().and_then(|l| l.other()), Some(&bob(false)));
    f.exits(1);
    let start = f.starting("change");
    f.refuses(start, "taken over by bob@ops2");
    // Bob is through: a person looks before this one goes on.
    f.host(news(OURS));
    assert!(f.state.moved.is_empty() && f.state.cautions.iter().any(|c| c.text.contains("held the lock meanwhile")));
    let start = f.starting("change");
    f.refuses(start, "paused");
    f.wants(Want::Continue).start("change").exits(0);
}

#[test]
fn without_rights_the_run_goes_on_with_a_caution() {
    let mut f = flight(SHOP);
    f.begin();
    f.host(news(LeaseNews::Asked)).host(news(LeaseNews::Without("not allowed".into())));
    assert!(f.state.cautions.iter().any(|c| c.text.contains("not allowed")));
    f.start("read").exits(0).start("change");
    // It can be asked later, and is another's.
    f.host(news(LeaseNews::Theirs(bob(false))));
    assert!(f.state.moved.contains_key(LOCK));
    // What is not answered for a while is still theirs.
    f.host(news(LeaseNews::Without("no answer".into())));
    assert!(f.last.is_empty() && f.state.moved.contains_key(LOCK));
    assert!(matches!(f.state.lease.as_ref().unwrap().how, LeaseState::Refused(_)));
}

#[test]
fn the_autopilot_waits_for_the_answer_and_parks_at_anothers_lock() {
    let mut f = Flight::auto(SHOP, true, "");
    f.begin();
    f.host(news(LeaseNews::Asked));
    f.start("read").exits(0);
    assert_eq!(autopilot(&f.state, &f.answers), None);
    f.host(news(LeaseNews::Theirs(bob(false))));
    let Some(Wish { want: Want::NeedPerson { why, .. }, .. }) = autopilot(&f.state, &f.answers) else { panic!() };
    assert!(why.contains("bob@ops2") && why.contains("its host lives"), "{why}");
    f.host(Want::NeedPerson { item: None, why });
    f.host(news(OURS));
    assert!(f.state.person_needed.is_none());
    let wish = autopilot(&f.state, &f.answers).unwrap();
    assert!(matches!(wish.want, Want::Start { .. }), "{wish:?}");
}
