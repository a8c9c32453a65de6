//! Whole flights, from the first box to the closed record.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::desk::{SMALL, WIDE};
use crate::pilot::Pilot;
use crate::pty::{Home, Terminal};

/// Some two minutes each on a quiet machine; a quarter of an hour at the world's own speed.
const LIMIT: Duration = Duration::from_secs(1800);

/// `KEYS_SPEED=1 KEYS_FLIGHT='kms on compose' cargo test --test keys the_production` flies one as slowly as the world is.
fn chosen(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.is_empty())
}

/// Latencies are real time, whatever the clock's speed: a laden machine is slower than the limits of a real flight.
const PATIENT: [&str; 2] = ["-p", "health_limit=10s"];
const PATIENT_IDENTITY: [&str; 4] = ["-p", "authorization_limit=10s", "-p", "token_limit=10s"];

/// A flight of the production checklist: name, size, platform, components.
type Choice = (&'static str, (u16, u16), &'static str, &'static str);

/// All of them, in two rows that are flown at once. One flies the scan, which is as long on any platform.
const FLIGHTS: [[Choice; 2]; 2] = [
    [
        ("kms and identity on compose", SMALL, "compose", "kms,identity"),
        ("kms on kubernetes", SMALL, "kubernetes", "kms"),
    ],
    [
        ("kms and identity on kubernetes", WIDE, "kubernetes", "kms,identity"),
        ("kms on compose", WIDE, "compose", "kms"),
    ],
];

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks").join(name)
}

/// The run ended well, its record is there, and the terminal was given back.
fn landed(name: &str, home: &Home, terminal: &mut Terminal) {
    let status = terminal.exit();
    let events = home.events();
    let ended = events.iter().find(|(kind, _)| kind == "run_ended").map(|(_, body)| body.clone());
    let ended = ended.unwrap_or_else(|| panic!("{name}: no run_ended; exit {status}"));
    assert_eq!(ended["how"], "completed", "{name}: {ended}");
    assert_eq!(ended["failed"], 0, "{name}: {ended}");
    assert_eq!(status.code(), Some(0), "{name}");
    let record = std::fs::read_to_string(home.run().join("record.md")).unwrap();
    assert!(record.starts_with("# "), "{name}: {record:.300}");
    assert!(!terminal.shot().modes.alternate_screen, "{name}: the terminal was not given back");
}

fn fly(name: &str, size: (u16, u16), answers: &str, args: &[&str], ready: impl Fn(&mut Pilot<'_>)) {
    let began = Instant::now();
    let home = Home::new();
    let mut terminal = Terminal::flightdeck(&home, size, args);
    let mut pilot = Pilot::new(name, &home, &terminal, &shipped(answers));
    ready(&mut pilot);
    pilot.fly(LIMIT);
    let again = pilot.again.join(", ");
    landed(name, &home, &mut terminal);
    println!("{name}: {:.0} s, {} events, twice: [{again}]", began.elapsed().as_secs_f64(), home.events().len());
}

#[test]
fn first_flight() {
    let args = ["train", "first-flight", "--speed", "10"];
    fly("first flight", (120, 36), "answers-first-flight.yaml", &args, |pilot| {
        pilot.defers = &["come_back"];
        pilot.talks = &[("Is anybody there? [y/n]", "y")];
    });
}

/// Two at a time: most of a flight is waiting.
#[test]
fn the_production_checklist_on_both_platforms_with_and_without_identity() {
    let book = shipped("production-deployment.yaml");
    std::thread::scope(|scope| {
        for row in FLIGHTS {
            let book = book.display().to_string();
            scope.spawn(move || {
                for (name, size, platform, components) in row {
                    if chosen("KEYS_FLIGHT").is_some_and(|only| only != name) {
                        continue;
                    }
                    let identity = components.contains("identity");
                    let scan = format!("dast={}", identity && platform == "kubernetes");
                    let platform = format!("platform={platform}");
                    let components = format!("components={components}");
                    let speed = chosen("KEYS_SPEED").unwrap_or_else(|| "10".into());
                    let mut args = vec!["run", &book, "--sandbox", "--speed", &speed];
                    args.extend(["-p", &platform, "-p", &components, "-p", &scan]);
                    args.extend(PATIENT);
                    args.extend(identity.then_some(PATIENT_IDENTITY).into_iter().flatten());
                    fly(name, size, "answers-sandbox.yaml", &args, |_| {});
                }
            });
        }
    });
}
