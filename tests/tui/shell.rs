//! The terminal is as it was, whatever ends the screens.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{Termios, tcgetattr};

/// Longest wait for anything that the screens do.
const LIMIT: Duration = Duration::from_secs(30);

/// The demo in a terminal of its own.
struct Demo {
    child: std::process::Child,
    pty: Arc<Pty>,
    output: Arc<Mutex<Vec<u8>>>,
    before: Termios,
}

impl Demo {
    fn start(env: &[(&str, &str)]) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let pty = Arc::new(pty);
        let before = tcgetattr(&*pty).unwrap();
        let mut command =
            Command::new(std::env::current_exe().unwrap()).args(["demo::demo", "--exact", "--ignored", "--nocapture"]);
        for (name, value) in env {
            command = command.env(name, value);
        }
        let child = command.spawn(pts).unwrap();
        let output = Arc::new(Mutex::new(vec![]));
        let (reader, kept) = (Arc::clone(&pty), Arc::clone(&output));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = (&*reader).read(&mut buffer) {
                kept.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        Self { child, pty, output, before }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    /// Waits until the output after `from` holds `wanted`.
    fn wait_for(&self, from: usize, wanted: &str) {
        let begin = Instant::now();
        while !self.text().get(from..).is_some_and(|t| t.contains(wanted)) {
            assert!(begin.elapsed() < LIMIT, "{wanted} did not come:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&self, bytes: &str) {
        (&*self.pty).write_all(bytes.as_bytes()).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The terminal's settings and modes are as they were.
    fn is_given_back(&self) {
        let text = self.text();
        let last = |on: &str, off: &str| assert!(text.rfind(off) > text.rfind(on), "{off:?} is missing:\n{text:?}");
        last("\x1b[?1049h", "\x1b[?1049l");
        last("\x1b[?2004h", "\x1b[?2004l");
        last("\x1b[?1000h", "\x1b[?1000l");
        last("\x1b[?25l", "\x1b[?25h");
        let now = tcgetattr(&*self.pty).unwrap();
        assert_eq!(now.local_modes, self.before.local_modes);
        assert_eq!(now.input_modes, self.before.input_modes);
    }

    fn end(mut self) {
        self.child.wait().unwrap();
        self.is_given_back();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn leaving_gives_the_terminal_back() {
    let demo = Demo::start(&[]);
    demo.wait_for(0, "Pre-Deployment");
    demo.end_by_leaving();
}

impl Demo {
    fn end_by_leaving(self) {
        self.press("q");
        self.wait_for(0, "leave it running");
        let from = self.text().len();
        self.press("\r");
        self.wait_for(from, "left: Ok(Left)");
        self.end();
    }
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP] {
        let demo = Demo::start(&[]);
        demo.wait_for(0, "Pre-Deployment");
        demo.signal(signal);
        demo.wait_for(0, "left: Ok(Interrupted)");
        demo.end();
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_told() {
    let demo = Demo::start(&[("DEMO_PANICS", "1")]);
    demo.wait_for(0, "left: Err(Failed)");
    let text = demo.text();
    let told = text.find("the demo panics as it was told").unwrap();
    assert!(text[..told].contains("\x1b[?1049l"), "it is told on the usual screen");
    demo.end();
}

#[test]
fn suspended_and_continued() {
    let demo = Demo::start(&[]);
    demo.wait_for(0, "Pre-Deployment");
    let from = demo.text().len();
    demo.press("\x1a");
    demo.wait_for(from, "\x1b[?1049l");
    let begin = Instant::now();
    let stat = format!("/proc/{}/stat", demo.child.id());
    while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
        assert!(begin.elapsed() < LIMIT, "it was not stopped");
        std::thread::sleep(Duration::from_millis(10));
    }
    demo.is_given_back();
    let from = demo.text().len();
    demo.signal(Signal::CONT);
    demo.wait_for(from, "Pre-Deployment");
    demo.end_by_leaving();
}
