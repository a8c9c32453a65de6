//! The command's side.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{NAMES, NOT_SIMULATED};
use crate::sandbox::world::leash::say;
use crate::sandbox::world::{Call, Frame, Hello, path};

/// Variable that holds the path of the world's socket.
pub const WORLD_VARIABLE: &str = "FLIGHTDECK_WORLD";

/// Variables that simulated commands read.
const VARIABLES: [&str; 3] = ["PGPASSWORD", "HOME", "NO_COLOR"];

/// A world that comes back after it was killed is waited for this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Exit code when there is no world (`EX_UNAVAILABLE`).
const NO_WORLD: i32 = 69;

/// Runs the simulated command `name`; its exit code.
///
/// `name` is the last part of `argv[0]`, `args` what follows it.
pub fn main(name: &str, args: Vec<String>) -> i32 {
    let mut stderr = io::stderr();
    if !NAMES.contains(&name) {
        let _ = writeln!(stderr, "{name}: not simulated");
        return NOT_SIMULATED;
    }
    let Some(socket) = std::env::var_os(WORLD_VARIABLE).map(PathBuf::from) else {
        let _ = writeln!(stderr, "{name}: this is flightdeck's simulated {name}, and {WORLD_VARIABLE} names no world");
        return NO_WORLD;
    };
    let call = Call {
        name: name.to_owned(),
        args,
        cwd: std::env::current_dir().unwrap_or_default(),
        env: VARIABLES.iter().filter_map(|v| Some(((*v).to_owned(), std::env::var(v).ok()?))).collect(),
        terminal: stderr.is_terminal(),
    };
    match run(&socket, call, &mut io::stdout(), &mut stderr) {
        Ok(code) => code,
        // As a command that writes into a closed pipe.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 141,
        Err(error) => {
            let _ = writeln!(stderr, "{name}: the sandbox world is not there: {error}");
            NO_WORLD
        }
    }
}

/// Passes a call to the world behind `socket` and plays what it answers.
///
/// # Errors
/// The world is not there, or breaks off; or the output cannot be written.
pub fn run(socket: &Path, call: Call, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<i32> {
    let cwd = call.cwd.clone();
    for line in begin(socket, &Hello::Call(call))?.lines() {
        match serde_json::from_str(&line?).map_err(io::Error::other)? {
            Frame::Held => {}
            Frame::Out(text) => {
                out.write_all(text.as_bytes())?;
                out.flush()?;
            }
            Frame::Err(text) => {
                err.write_all(text.as_bytes())?;
                err.flush()?;
            }
            Frame::File { path, text } => {
                let path = cwd.join(path);
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                std::fs::write(path, text)?;
            }
            Frame::Exit(code) => return Ok(code),
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended in the middle of the command"))
}

/// Sends the call until a world says that it begins: one that was killed is started again by its host. What has begun
/// is never sent again.
fn begin(socket: &Path, hello: &Hello) -> io::Result<BufReader<UnixStream>> {
    let begun = Instant::now();
    loop {
        match try_begin(socket, hello) {
            Ok(reader) => return Ok(reader),
            Err(error) if begun.elapsed() > PATIENCE || !socket.parent().is_some_and(Path::exists) => {
                return Err(error);
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn try_begin(socket: &Path, hello: &Hello) -> io::Result<BufReader<UnixStream>> {
    let mut stream = path::short(socket, |path| UnixStream::connect(path))?;
    say(&mut stream, hello)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    match serde_json::from_str(&line) {
        Ok(Frame::Held) => Ok(reader),
        _ => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "it is ending")),
    }
}
