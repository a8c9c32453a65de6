use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use super::servers::{Does, Server, answer, serve};
use super::*;
use crate::runbook::kinds::{Http, Tcp};
use crate::words::ProbeId;

struct Rig {
    sampler: Sampler,
    answers: Receiver<(Instant, Answer)>,
}

fn rig(speed: f64) -> Rig {
    let (sender, answers) = channel();
    let sender = Mutex::new(sender);
    let start = Instant::now();
    let sampler = Sampler::start(
        speed,
        Arc::new(move || start.elapsed().as_micros() as u64),
        Arc::new(move |answer| {
            let _ = sender.lock().unwrap().send((Instant::now(), answer));
        }),
    )
    .unwrap();
    Rig { sampler, answers }
}

impl Rig {
    /// The next answer, within 5 s.
    fn next(&self) -> (Instant, Answer) {
        self.answers.recv_timeout(Duration::from_secs(5)).expect("an answer")
    }

    /// Answers until the condition holds, within 10 s.
    fn until(&self, what: &str, mut done: impl FnMut(&Answer) -> bool) {
        let limit = Instant::now() + Duration::from_secs(10);
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            let (_, answer) = self.answers.recv_timeout(left).unwrap_or_else(|_| panic!("waited for {what}"));
            if done(&answer) {
                return;
            }
        }
    }
}

fn probe(id: &str, server: &Server, every: Option<u64>) -> WantedProbe {
    let mut spec = spec(ProbeKind::Http(Http { url: text(server.url("/")), ..Http::default() }), &["status == 200"]);
    spec.timeout = Duration::from_secs(3);
    WantedProbe { id: id.into(), spec: Arc::new(spec), every: every.map(Duration::from_millis) }
}

/// Servers live on a runtime of their own, beside the sampler's.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn each_probe_keeps_its_own_rhythm_and_time_never_falls() {
    let servers = runtime();
    let server = servers.block_on(serve(answer("200 OK", "", "")));
    let rig = rig(1.0);
    rig.sampler.reconcile(vec![probe("fast", &server, Some(50)), probe("slow", &server, Some(60_000))]);
    let (mut fast, mut slow, mut up) = (0, 0, 0);
    rig.until("ten fast looks", |a| {
        assert!(a.sample.up >= up && a.sample.look == Look::Good, "{}", said(&a.sample));
        up = a.sample.up;
        match a.sample.probe.as_str() {
            "fast" => fast += 1,
            _ => slow += 1,
        }
        fast >= 10 && slow >= 1
    });
    assert!(slow <= 2, "{slow}");
}

#[test]
fn speed_shortens_intervals_and_not_limits() {
    let servers = runtime();
    let (good, hangs) = servers.block_on(async { (serve(answer("200 OK", "", "")).await, serve(Does::Hangs).await) });
    let rig = rig(600.0);
    let mut hung = probe("hung", &hangs, Some(60_000));
    let mut spec = (*hung.spec).clone();
    spec.timeout = Duration::from_millis(500);
    hung.spec = Arc::new(spec);
    rig.sampler.reconcile(vec![probe("minute", &good, Some(60_000)), hung]);
    let mut minutes = 0;
    rig.until("a hung look that ran to its real limit", |a| match a.sample.probe.as_str() {
        "minute" => {
            minutes += 1;
            false
        }
        _ => {
            assert!(a.sample.took >= 500_000, "{}", a.sample.took);
            true
        }
    });
    assert!(minutes >= 2, "a minute is a tenth of a second: {minutes}");
}

#[test]
fn hung_probes_delay_no_other() {
    let servers = runtime();
    let (good, hangs) = servers.block_on(async { (serve(answer("200 OK", "", "")).await, serve(Does::Hangs).await) });
    let rig = rig(1.0);
    let mut wanted: Vec<WantedProbe> = (0..100).map(|i| probe(&format!("hung{i}"), &hangs, Some(1000))).collect();
    wanted.push(probe("good", &good, Some(100)));
    rig.sampler.reconcile(wanted);
    let (start, mut looks) = (Instant::now(), 0);
    rig.until("ten good looks", |a| {
        assert_eq!(a.sample.probe.as_str(), "good", "the hung ones are still hung: {}", said(&a.sample));
        looks += 1;
        looks == 10
    });
    assert!(start.elapsed() < Duration::from_millis(2900), "{:?}", start.elapsed());
}

#[test]
fn a_fresh_look_answers_its_token_once_and_others_do_not() {
    let servers = runtime();
    let server = servers.block_on(serve(answer("200 OK", "", "")));
    let rig = rig(1.0);
    rig.sampler.reconcile(vec![probe("demand", &server, None)]);
    assert_eq!(rig.answers.recv_timeout(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout), "nobody asked");
    rig.sampler.look_now("demand".into(), 7);
    assert_eq!(rig.next().1.tokens, [7]);
    rig.sampler.look_now("nobody".into(), 8);
    let (_, nobody) = rig.next();
    assert_eq!((nobody.tokens.as_slice(), nobody.sample.look), (&[8][..], Look::NoData));
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_probe_that_is_taken_off_still_answers_who_asked() {
    let servers = runtime();
    let hangs = servers.block_on(serve(Does::Hangs));
    let rig = rig(1.0);
    rig.sampler.reconcile(vec![probe("hung", &hangs, None)]);
    rig.sampler.look_now("hung".into(), 1);
    let limit = Instant::now() + Duration::from_secs(5);
    while hangs.hits() == 0 {
        assert!(Instant::now() < limit, "the look did not begin");
        std::thread::yield_now();
    }
    rig.sampler.look_now("hung".into(), 2);
    rig.sampler.reconcile(vec![]);
    let mut tokens: Vec<Token> = [rig.next().1.tokens, rig.next().1.tokens].concat();
    tokens.sort_unstable();
    assert_eq!(tokens, [1, 2]);
}

#[test]
fn reconciling_leaves_the_same_probes_alone_and_stops_others() {
    let servers = runtime();
    let (kept, gone) =
        servers.block_on(async { (serve(answer("200 OK", "", "")).await, serve(answer("200 OK", "", "")).await) });
    let rig = rig(1.0);
    let stays = probe("stays", &kept, Some(60_000));
    rig.sampler.reconcile(vec![stays.clone(), probe("goes", &gone, Some(30))]);
    rig.until("looks at both", |_| kept.hits() >= 1 && gone.hits() >= 1);
    let looks = kept.hits();
    rig.sampler.reconcile(vec![WantedProbe { spec: Arc::new((*stays.spec).clone()), ..stays }]);
    // The order is taken: a look that was asked for after it is answered.
    rig.sampler.look_now("goes".into(), 1);
    rig.until("the answer", |a| a.tokens == [1] && a.sample.look == Look::NoData);
    let before = gone.hits();
    assert_eq!(rig.answers.recv_timeout(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout));
    assert_eq!((kept.hits(), gone.hits()), (looks, before));
}

#[test]
fn hurry_brings_the_next_look_within_a_second_of_run_time() {
    let servers = runtime();
    let server = servers.block_on(serve(answer("200 OK", "", "")));
    let rig = rig(10.0);
    rig.sampler.reconcile(vec![probe("p", &server, Some(6_000_000))]);
    let (first, _) = rig.next();
    rig.sampler.hurry(ProbeId::from("p"));
    let (second, _) = rig.next();
    let gap = second - first;
    assert!(gap >= Duration::from_millis(90) && gap < Duration::from_secs(2), "{gap:?}");
}

#[test]
fn a_group_is_not_looked_at() {
    let rig = rig(1.0);
    let group = WantedProbe { id: "g".into(), spec: Arc::new(spec(ProbeKind::AllOf(vec![]), &[])), every: None };
    rig.sampler.reconcile(vec![group]);
    rig.sampler.look_now("g".into(), 1);
    assert_eq!(rig.next().1.sample.look, Look::NoData);
    rig.sampler.stop();
}

#[test]
fn many_probes_do_not_look_all_at_once() {
    let servers = runtime();
    let server = servers.block_on(serve(Does::Hangs));
    let rig = rig(1.0);
    let address = server.at.to_string();
    let wanted = (0..50).map(|i| WantedProbe {
        id: format!("p{i}").into(),
        spec: Arc::new(spec(ProbeKind::Tcp(Tcp { address: text(address.clone()) }), &["open"])),
        every: Some(Duration::from_secs(1)),
    });
    rig.sampler.reconcile(wanted.collect());
    let first = rig.next().0;
    let mut last = first;
    for _ in 1..50 {
        last = rig.next().0;
    }
    assert!(last - first > Duration::from_millis(500), "{:?}", last - first);
}
