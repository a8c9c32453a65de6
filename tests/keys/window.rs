//! The outer terminal: given back on every way out, never written to by others, of any size at any moment.

use rustix::process::Signal;
use rustix::termios::{LocalModes, Termios};

use crate::desk::{SMALL, WIDE, begin, begin_with, count, one_script, outcome, press, started};
use crate::pty::{Home, Terminal};

fn is_raw(termios: &Termios) -> bool {
    !termios.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
}

fn is_ours(terminal: &Terminal) -> bool {
    terminal.shot().modes.alternate_screen && is_raw(&terminal.termios())
}

/// As it was before: settings, screen, cursor, mouse, pastes.
fn given_back(terminal: &Terminal, before: &Termios) {
    let now = terminal.termios();
    assert_eq!(now.local_modes, before.local_modes);
    assert_eq!(now.input_modes, before.input_modes);
    assert_eq!(now.output_modes, before.output_modes);
    let modes = terminal.shot().modes;
    assert!(!modes.alternate_screen && !modes.bracketed_paste, "{modes:?}");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let after = |on: &str, off: &str| raw.rfind(off).is_some_and(|at| raw.rfind(on).is_some_and(|on| on < at));
    for (on, off) in [
        ("\x1b[?1049h", "\x1b[?1049l"),
        ("\x1b[?1000h", "\x1b[?1000l"),
        ("\x1b[?2004h", "\x1b[?2004l"),
        ("\x1b[?25l", "\x1b[?25h"),
    ] {
        assert!(after(on, off), "{off:?} is missing at the end");
    }
}

/// A terminal's settings before anybody changed them.
fn fresh() -> Termios {
    let (pty, _pts) = pty_process::blocking::open().unwrap();
    rustix::termios::tcgetattr(&pty).unwrap()
}

#[test]
fn is_given_back_by_leaving_and_by_signals() {
    let home = Home::new();
    let before = fresh();
    let mut terminal = started(&home, SMALL, "echo up; until [ -e go ]; do sleep 0.1; done");
    assert!(is_ours(&terminal));
    terminal.send("q");
    press(&terminal, "⏎ leave it running");
    assert_eq!(terminal.exit().code(), Some(6));
    given_back(&terminal, &before);
    assert!(terminal.shot().has("flightdeck attach"), "it says how to come back: {}", terminal.shot().text());

    for (signal, code) in [(Signal::TERM, 130), (Signal::INT, 130), (Signal::HUP, 130)] {
        let mut terminal = Terminal::flightdeck(&home, SMALL, &["attach"]);
        terminal.wait_until("the command runs", |shot| shot.bottom().contains("running"));
        assert!(is_ours(&terminal));
        terminal.signal(signal);
        assert_eq!(terminal.exit().code(), Some(code), "{signal:?}");
        given_back(&terminal, &before);
    }
    assert_eq!(count(&home, "attempt_ended"), 0, "the command goes on");
    home.write("go", "");
    assert_eq!(outcome(&home), "passed");
}

#[test]
fn is_given_back_while_suspended() {
    let home = Home::new();
    let before = fresh();
    let terminal = begin(&home, SMALL, &one_script("true"));
    terminal.wait_bottom("⏎ run");
    for by_key in [true, false] {
        if by_key {
            terminal.send("\x1a")
        } else {
            terminal.signal(Signal::TSTP)
        }
        terminal.wait_until("it is stopped", |_| state(terminal.pid()) == 'T');
        terminal.wait_until("the other screen", |shot| !shot.modes.alternate_screen);
        given_back(&terminal, &before);
        terminal.signal(Signal::CONT);
        terminal.wait_until("it is back", |shot| {
            shot.modes.alternate_screen && shot.has("The step") && shot.bottom().contains("⏎ run")
        });
        assert!(is_raw(&terminal.termios()));
    }
    press(&terminal, "⏎ run");
    assert_eq!(outcome(&home), "passed", "keys work as before");
}

fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or(' ')
}

#[test]
fn may_change_its_size_at_any_moment() {
    let home = Home::new();
    let script =
        "trap 'stty size >> sizes' WINCH\nfor n in 1 2 3; do echo line $n; done\nuntil [ -e go ]; do sleep 0.05; done";
    let terminal = started(&home, WIDE, script);
    terminal.wait_text("line 3");
    for n in 0..50_u16 {
        let (cols, rows) = [(120, 36), (80, 24), (61, 17), (40, 10), (200, 60), (99, 30)][usize::from(n % 6)];
        terminal.resize(cols + n % 3, rows + n % 2);
    }
    for (cols, rows) in [(50, 12), (80, 24), (120, 36)] {
        terminal.resize(cols, rows);
        let sane = |shot: &crate::pty::Shot| {
            if cols < 60 {
                return shot.has(&format!("flightdeck needs 60x16, this is {cols}x{rows}."))
                    && shot.rows.len() == usize::from(rows);
            }
            let all = shot.rows.len() == usize::from(rows) && shot.bottom().contains("running");
            all && shot.rows[0].contains("REC")
                && shot.has("line 3")
                && shot.rows.iter().filter(|row| row.contains("command ──")).count() == 1
        };
        terminal.wait_until(&format!("a sane screen at {cols}x{rows}"), sane);
        let rows: Vec<String> = terminal.shot().rows;
        terminal.scribble(b"\x1b[5;3H#### out of memory ####\x1b[9;9H####");
        terminal.send("\x0c");
        // All but the rows with a running time.
        terminal.wait_until("drawn anew it is the same", |shot| {
            shot.rows.len() == rows.len()
                && shot.rows.iter().zip(&rows).filter(|(a, b)| a != b).count() <= 4
                && !shot.has("####")
        });
    }
    // The command is told the size of its pane, which is smaller than the window.
    let size = terminal.wait_for("its new size", |_| {
        let out = std::fs::read_to_string(home.path().join("sizes")).unwrap_or_default();
        let last = out.lines().last()?.to_owned();
        let (rows, cols) = last.trim().split_once(' ')?;
        let (rows, cols): (u16, u16) = (rows.parse().ok()?, cols.parse().ok()?);
        (50..60).contains(&cols).then_some((rows, cols))
    });
    assert!(size.0 < 36 && size.1 < 120, "{size:?}");
    home.write("go", "");
    assert_eq!(outcome(&home), "passed");
}

/// Escape sequences in what came to the terminal: introducer and content.
fn sequences(raw: &[u8]) -> Vec<String> {
    let mut all = vec![];
    let mut at = 0;
    while at < raw.len() {
        if raw[at] != 0x1b {
            at += 1;
            continue;
        }
        let rest = &raw[at..];
        let len = match rest.get(1) {
            Some(b'[') => rest.iter().skip(2).position(|b| (0x40..=0x7e).contains(b)).map_or(rest.len(), |n| n + 3),
            Some(b']' | b'P' | b'_' | b'^' | b'X') => {
                let bell = rest.iter().position(|b| *b == 7).map(|n| n + 1);
                let st = rest.windows(2).skip(1).position(|w| w == b"\x1b\\").map(|n| n + 3);
                bell.into_iter().chain(st).min().unwrap_or(rest.len())
            }
            Some(_) => 2,
            None => 1,
        };
        all.push(String::from_utf8_lossy(&rest[..len]).into_owned());
        at += len;
    }
    all
}

fn colors(raw: &[u8]) -> usize {
    let is_color = |number: &str| number.parse::<u16>().is_ok_and(|n| matches!(n, 30..=38 | 40..=48 | 90..=107));
    let sgr = sequences(raw).into_iter().filter_map(|s| s.strip_prefix("\x1b[")?.strip_suffix('m').map(str::to_owned));
    sgr.filter(|params| params.split([';', ':']).any(is_color)).count()
}

#[test]
fn has_no_colour_with_no_color() {
    let book = one_script("printf '\\033[31mred\\033[0m\\n'; exit 3");
    let raw = |env: &[(&str, &str)]| {
        let home = Home::new();
        let terminal = begin_with(&home, WIDE, &book, env);
        press(&terminal, "⏎ run");
        terminal.wait_text("⏎ output");
        terminal.raw()
    };
    assert!(colors(&raw(&[])) > 0, "the test sees colours");
    assert_eq!(colors(&raw(&[("NO_COLOR", "1")])), 0);
}

#[test]
fn is_never_written_to_by_a_command_or_a_runbook() {
    let home = Home::new();
    let evil = r"\033]52;c;aGFja2Vk\007\033]0;EVIL\007\033]8;;http://evil/\033\\\\link\033]8;;\033\\\\\033[?1049l\033[5n\033[c\033P+q544e\033\\\\\033_evil\033\\\\\033[8;1;1t\033c\033[20h\x9b31m\u009b?1049l";
    let book = format!(
        "flightdeck: 1\ntitle: \"T \\e]52;c;aGFja2Vk\\a \\e[31mred \\x9b?1049l\"\nsystem: \"s\\e]0;EVIL\\a\"\nsteps:\n  - title: \"The step \\e[2J\\e]0;EVIL\\a\\u202e\"\n    reads_only: true\n    why: \"W \\e[5n \\r\\n\\e[?25h\"\n    script: |\n      printf '{evil}'\n      echo shown\n  - The last box\n"
    );
    let mut terminal = begin(&home, WIDE, &book);
    press(&terminal, "⏎ run");
    assert_eq!(outcome(&home), "passed");
    terminal.wait_bottom("⏎ done");
    terminal.send("k");
    terminal.wait_text("shown");
    terminal.send("q");
    press(&terminal, "⏎ leave it running");
    terminal.exit();
    let raw = terminal.raw();
    let text = String::from_utf8_lossy(&raw).into_owned();
    for sequence in sequences(&raw) {
        let fine = match sequence.as_bytes().get(1) {
            Some(b'[') => {
                let last = sequence.chars().last().unwrap_or(' ');
                let body = &sequence[2..sequence.len() - 1];
                match last {
                    'm' | 'H' | 'J' | 'K' | 'A' | 'B' | 'C' | 'D' | 'G' | 'd' => {
                        body.chars().all(|c| c.is_ascii_digit() || ";:".contains(c))
                    }
                    'h' | 'l' => matches!(body, "?1049" | "?25" | "?1000" | "?1006" | "?2004" | "?2026"),
                    't' => matches!(body, "22;2" | "23;2"),
                    _ => false,
                }
            }
            Some(b']') => {
                (sequence.starts_with("\x1b]0;") || sequence.starts_with("\x1b]2;") || sequence.starts_with("\x1b]9;"))
                    && sequence.contains("flightdeck")
            }
            _ => false,
        };
        assert!(fine, "{sequence:?} came to the outer terminal");
    }
    let controls: Vec<char> = text.chars().filter(|c| c.is_control() && !"\x1b\r\n\x07".contains(*c)).collect();
    assert!(controls.is_empty(), "{controls:?}");
    let (taken, given) = (text.matches("\x1b[?1049h").count(), text.matches("\x1b[?1049l").count());
    assert_eq!(taken, given, "the screen was left");
}
