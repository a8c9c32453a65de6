//! What the binary is besides a command: a simulated command, a run's host, its keeper, its world.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::Exit;
use crate::host::{self, Outside, Question, Verdict, World};
use crate::sandbox::{self, Asked, Leash, shim};
use crate::words::{Actor, files};
use crate::{keeper, words};

/// Hidden subcommand of a sandbox's world.
const WORLD: &str = "__world";

/// The hidden parts: none when the command line is a person's.
pub fn main(args: &[OsString]) -> Option<ExitCode> {
    if let Some(code) = simulated(args) {
        return Some(code);
    }
    let word = args.get(1)?.to_str()?;
    let served = match word {
        host::HOST | host::KEEPER | WORLD => match args.get(2) {
            Some(folder) => serve(word, Path::new(folder)),
            None => Err(io::Error::other(format!("{word} needs a run's folder"))),
        },
        _ => return None,
    };
    Some(match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // stderr is the process's log.
            let _ = writeln!(io::stderr(), "{word}: {error}");
            Exit::Disk.into()
        }
    })
}

/// Called by the name of a simulated command, with a world to ask.
fn simulated(args: &[OsString]) -> Option<ExitCode> {
    let name = Path::new(args.first()?).file_name()?.to_str()?;
    if !shim::NAMES.contains(&name) || std::env::var_os(shim::WORLD_VARIABLE).is_none() {
        return None;
    }
    let args = args.iter().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    Some(ExitCode::from(u8::try_from(shim::main(name, args)).unwrap_or(1)))
}

fn serve(word: &str, folder: &Path) -> io::Result<()> {
    match word {
        host::KEEPER => keeper::serve(folder),
        WORLD => {
            tls();
            sandbox::world::serve(folder)
        }
        _ => {
            tls();
            host::serve(folder, Outside { hold_world, second_person })
        }
    }
}

/// One TLS stack: rustls with ring. A second installation is refused and changes nothing.
fn tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl World for Leash {
    fn lives(&self) -> bool {
        Leash::lives(self)
    }

    fn end(self: Box<Self>) {
        Leash::end(*self);
    }
}

fn hold_world(folder: &Path) -> io::Result<Box<dyn World>> {
    let mut command = std::process::Command::new("/proc/self/exe");
    command.arg(WORLD).arg(folder);
    Ok(Box::new(Leash::hold(folder, command)?))
}

fn second_person(question: &Question<'_>) -> Verdict {
    let settings = sandbox::world::settings::Settings::read(&question.folder.join(files::WORLD));
    let seed = settings.map_or(0, |s| s.seed);
    let asked = Asked { text: question.text, before: question.before, red: question.red, operator: question.operator };
    let answer = sandbox::second_person(seed, &asked);
    let name: words::Actor = Actor(answer.name);
    Verdict { name, yes: answer.approves, says: answer.says, after: answer.after }
}
