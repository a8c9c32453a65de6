//! Whole flights, from the first box to the closed record.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::desk::{SMALL, WIDE};
use crate::pilot::Pilot;
use crate::pty::{Home, Terminal};

/// Some two minutes each on a quiet machine.
const LIMIT: Duration = Duration::from_secs(900);

/// The flights of the production checklist: name, size, components; those of a platform one after the other.
const FLIGHTS: [(&str, [(&str, (u16, u16), &str); 2]); 2] = [
    ("compose", [("kms on compose", WIDE, "kms"), ("kms and identity on compose", SMALL, "kms,identity")]),
    (
        "kubernetes",
        [("kms and identity on kubernetes", WIDE, "kms,identity"), ("kms on kubernetes", SMALL, "kms")],
    ),
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
        for (platform, flights) in FLIGHTS {
            let book = book.display().to_string();
            scope.spawn(move || {
                let platform = format!("platform={platform}");
                for (name, size, components) in flights {
                    let components = format!("components={components}");
                    // Latencies are real time, whatever the clock's speed: a laden machine is slower than 100 ms.
                    let limit = "health_limit=2s";
                    let args =
                        ["run", &book, "--sandbox", "-p", &platform, "-p", &components, "-p", limit, "--speed", "10"];
                    fly(name, size, "answers-sandbox.yaml", &args, |_| {});
                }
            });
        }
    });
}
