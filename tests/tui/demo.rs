//! The real shell on a real terminal, with a host whose commands are played. To look at the screens:
//!
//! ```sh
//! cargo test --test tui demo -- --ignored --nocapture
//! ```

use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use flightdeck::link::{FromClient, HostLink, pair};
use flightdeck::tui::run;
use flightdeck::words::Verdict;

use super::bench::options;
use super::double::{Double, plan};

/// Lines that a played command says, one a second.
const LINES: [&str; 5] = [
    "Waiting for deployment \"cryptoutil-kms\" rollout to finish:",
    "0 out of 3 new replicas have been updated...",
    "1 out of 3",
    "2 out of 3",
    "Proceed? [y/N] ",
];

#[test]
#[ignore = "needs a terminal: shows the screens to a person"]
fn demo() {
    let (client, host) = pair();
    let player = thread::spawn(move || play(&host));
    let mut options = options();
    options.color = std::env::var_os("NO_COLOR").is_none();
    options.ascii = std::env::var_os("ASCII").is_some();
    let exit = run(client, options);
    println!("left: {exit:?}");
    let _ = player.join();
}

fn play(link: &HostLink) {
    let mut host = Double::new(plan());
    let begin = Instant::now();
    let (mut second, mut lines) = (0, vec![]);
    loop {
        match link.from_client.recv_timeout(Duration::from_millis(50)) {
            Ok(FromClient::Leave) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(FromClient::Type { bytes, .. }) if !host.state.running.is_empty() => {
                let typed = base64::engine::general_purpose::STANDARD.decode(bytes).unwrap();
                for byte in typed {
                    match byte {
                        b'\r' => lines.push(String::new()),
                        3 => host.exit(130, &["^C"]),
                        byte => lines.last_mut().unwrap().push_str(&byte.escape_ascii().to_string()),
                    }
                }
                say(&mut host, &lines);
                if lines.last().is_some_and(String::is_empty) && !host.state.running.is_empty() {
                    let code = i32::from(!lines.iter().any(|l| l.ends_with('y')));
                    host.exit(code, &["done"]);
                }
            }
            Ok(message) => {
                host.up = begin.elapsed().as_micros() as u64;
                host.take(message);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        host.up = begin.elapsed().as_micros() as u64;
        if begin.elapsed().as_secs() > second {
            second = begin.elapsed().as_secs();
            assert!(std::env::var_os("DEMO_PANICS").is_none(), "the demo panics as it was told");
            tick(&mut host, second, &mut lines);
        }
        for message in host.send() {
            if link.to_client.send(message).is_err() {
                return;
            }
        }
        if host.state.ended.is_some() {
            return;
        }
    }
}

fn tick(host: &mut Double, second: u64, lines: &mut Vec<String>) {
    let bad = (30..40).contains(&(second % 60));
    host.look("kms", Verdict::Ok, 0.012, "12 ms");
    host.look("idp", if bad { Verdict::Bad } else { Verdict::Ok }, 0.014, if bad { "503" } else { "14 ms" });
    host.look("p95", Verdict::Ok, 0.12 + (second % 7) as f64 / 100.0, "");
    let Some((index, attempt)) = host.state.running.first().copied() else {
        lines.clear();
        return;
    };
    let item = host.state.plan.items[index].id.clone();
    let what = host.state.items[index].attempt().unwrap().what.what.clone();
    match what {
        flightdeck::engine::event::Resolved::Notice { .. } => {
            host.own(flightdeck::engine::Want::Called {
                item,
                attempt,
                ok: true,
                answer: "appended to the file".into(),
            });
        }
        flightdeck::engine::event::Resolved::Watching => {}
        _ => {
            if let Some(line) = LINES.get(lines.len()) {
                lines.push((*line).to_owned());
            }
            say(host, lines);
        }
    }
}

fn say(host: &mut Double, lines: &[String]) {
    if !host.state.running.is_empty() && !lines.is_empty() {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        host.output(54, 12, &lines);
    }
}
