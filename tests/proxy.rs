//! The sandbox's proxy files in the real nginx of Debian: who answers follows from the link and a reload, never from the
//! link alone; connections that are open end where they are; and a file that does not read is not loaded.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing, and what was not run on stderr"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use flightdeck::sandbox;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Where Debian's libnginx-mod-stream puts it.
const MODULE: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";
/// How long a named condition is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// An nginx with the sandbox's files, ended with its workers when it goes.
struct Proxy {
    folder: PathBuf,
    child: Child,
}

impl Proxy {
    fn start(root: &Path, folder: &Path) -> Self {
        // As they stand, but for where they lie; without the package's folder of modules only this one is loaded.
        let colours = root.join("deployments/proxy/colours");
        let text = std::fs::read_to_string(root.join("deployments/proxy/nginx.conf")).unwrap();
        let text = text
            .replace("include /etc/nginx/modules-enabled/*.conf;", &format!("load_module {MODULE};"))
            .replace("/etc/nginx/colours", &colours.display().to_string())
            .replace("/run/nginx.pid", &folder.join("nginx.pid").display().to_string())
            .replace("/dev/stderr", &folder.join("error.log").display().to_string());
        std::fs::write(folder.join("nginx.conf"), text).unwrap();
        let mut command = nginx(folder);
        let child = command.args(["-g", "daemon off;"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { folder: folder.to_owned(), child }
    }

    fn run(&self, args: &[&str]) -> Output {
        nginx(&self.folder).args(args).output().unwrap()
    }

    /// Titles of its workers.
    fn workers(&self) -> String {
        let parent = self.child.id().to_string();
        let output = Command::new("ps").args(["--ppid", &parent, "-o", "args="]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Not by `-s stop`, which reads the files first: a killed master would leave its workers.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < LIMIT {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nginx(folder: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command
}

/// Answers each byte with the colour's first letter, until the test ends.
fn answer(port: u16, letter: u8) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || talk(stream, letter));
        }
    });
}

fn talk(mut stream: TcpStream, letter: u8) {
    let mut byte = [0];
    while matches!(stream.read(&mut byte), Ok(1)) && stream.write_all(&[letter]).is_ok() {}
}

fn ask(stream: &mut TcpStream) -> std::io::Result<char> {
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(b"?")?;
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(char::from(byte[0]))
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < LIMIT, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_real_proxy_switches_and_switches_back() {
    if !Path::new(MODULE).exists() || Command::new("nginx").arg("-v").output().is_err() {
        let why = "there is no nginx with its module stream (Debian: nginx and libnginx-mod-stream)";
        assert!(std::env::var("FLIGHTDECK_LAB").as_deref() != Ok("whole"), "{why}");
        eprintln!("NOT RUN the_real_proxy_switches_and_switches_back: {why}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    let given = BTreeMap::from([("strategy".to_owned(), "blue-green".to_owned())]);
    let scenario = sandbox::scenario("production").unwrap();
    let overlay = sandbox::prepare(&world, &scenario, Path::new("/opt/flightdeck"), &given, 1.0).unwrap();
    let settings: Value = serde_json::from_str(&std::fs::read_to_string(world.join("world.json")).unwrap()).unwrap();
    let port = |name: &str| u16::try_from(settings["ports"][name].as_u64().unwrap()).unwrap();
    answer(port("blue_kms_api"), b'b');
    answer(port("green_kms_api"), b'g');
    let root = Path::new(&overlay.root);
    let link = |colour: &str| {
        let done =
            Command::new("ln").args(["-sfn", colour, "deployments/proxy/colours/live"]).current_dir(root).status();
        assert!(done.unwrap().success());
    };
    let proxy = Proxy::start(root, folder.path());
    let public = || TcpStream::connect(("127.0.0.1", port("kms_api"))).and_then(|mut stream| ask(&mut stream)).ok();
    until("blue answers", || public() == Some('b'));
    let mut open = TcpStream::connect(("127.0.0.1", port("kms_api"))).unwrap();
    assert_eq!(ask(&mut open).unwrap(), 'b');

    link("green");
    let tested = proxy.run(&["-t"]);
    assert!(tested.status.success(), "{tested:?}");
    assert_eq!(public(), Some('b'), "the file alone switches nobody");
    assert!(proxy.run(&["-s", "reload"]).status.success());
    until("green answers", || public() == Some('g'));
    until("the old workers accept nobody any more", || proxy.workers().contains("shutting down"));
    for _ in 0..50 {
        assert_eq!(public(), Some('g'), "no request fails, and none goes back");
    }
    assert_eq!(ask(&mut open).unwrap(), 'b', "who was connected stays where he is");
    drop(open);
    until("the old workers have ended", || !proxy.workers().contains("shutting down"));

    // Twice back: it stays on blue.
    for _ in 0..2 {
        link("blue");
        assert!(proxy.run(&["-s", "reload"]).status.success());
        until("blue answers again", || (0..20).all(|_| public() == Some('b')));
    }
    let green = root.join("deployments/proxy/colours/green");
    std::fs::write(green, "upstraem kms_api { server 127.0.0.1:1; }\n").unwrap();
    link("green");
    assert!(!proxy.run(&["-t"]).status.success());
    assert!(!proxy.run(&["-s", "reload"]).status.success());
    assert_eq!(public(), Some('b'), "what does not read is not loaded");
}
