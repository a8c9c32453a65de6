//! From an order to a process on a terminal of its own.

use std::io::{self, PipeReader};
use std::path::Path;
use std::process::Child;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::termios::{InputModes, OptionalActions, tcgetattr, tcsetattr};

use super::protocol::{Program, Spawn};

/// What the emulator understands; given to commands that were given no `TERM`.
const TERM: &str = "xterm-256color";

/// A command that runs.
pub(super) struct Launched {
    /// The terminal's master side, non-blocking.
    pub(super) pty: Pty,
    /// The command, leader of its own session.
    pub(super) child: Child,
    /// The captured stdout, non-blocking.
    pub(super) stdout: Option<PipeReader>,
}

/// Starts it. The error is for people, and means that nothing ran.
///
/// Must be called from one thread only: a PTY's master is for an instant open without close-on-exec.
pub(super) fn launch(order: &Spawn) -> Result<Launched, String> {
    let words = words(&order.program)?;
    let Some((program, arguments)) = words.split_first().filter(|(program, _)| !program.is_empty()) else {
        return Err("the command is empty".into());
    };
    if !Path::new(&order.cwd).is_absolute() {
        return Err(format!("the folder to run in is not absolute: {:?}", order.cwd));
    }
    match std::fs::metadata(&order.cwd) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(format!("the folder to run in is not a folder: {}", order.cwd)),
        Err(error) => return Err(format!("the folder to run in cannot be entered: {}: {error}", order.cwd)),
    }
    let (pty, pts) = open().map_err(|error| format!("no terminal could be opened: {error}"))?;
    prepare(&pty, order).map_err(|error| format!("the terminal could not be set up: {error}"))?;
    let mut command = Command::new(program)
        .args(arguments)
        .current_dir(&order.cwd)
        .env_clear()
        .env("TERM", TERM)
        .envs(order.env.iter().map(|(name, value)| (name, value)));
    let mut stdout = None;
    if order.capture_stdout {
        let pipe = io::pipe().and_then(|(reader, writer)| {
            rustix::io::ioctl_fionbio(&reader, true)?;
            Ok((reader, writer))
        });
        let (reader, writer) = pipe.map_err(|error| format!("no pipe could be opened: {error}"))?;
        command = command.stdout(writer);
        stdout = Some(reader);
    }
    // `spawn` takes the command and the slave side and closes both here, so that the child alone holds them.
    let child = command.spawn(pts).map_err(|error| match error {
        pty_process::Error::Io(error) => why_not(program, &error),
        pty_process::Error::Rustix(error) => why_not(program, &error.into()),
    })?;
    Ok(Launched { pty, child, stdout })
}

fn prepare(pty: &Pty, order: &Spawn) -> io::Result<()> {
    pty.resize(Size::new(order.rows.max(1), order.cols.max(1))).map_err(io::Error::other)?;
    rustix::io::ioctl_fionbio(pty, true)?;
    // As every terminal does today: backspace takes away a character, not a byte.
    let mut modes = tcgetattr(pty)?;
    modes.input_modes |= InputModes::IUTF8;
    Ok(tcsetattr(pty, OptionalActions::Now, &modes)?)
}

fn words(program: &Program) -> Result<Vec<String>, String> {
    match program {
        Program::Argv(words) => Ok(words.clone()),
        Program::Script { shell, text, name, strict } => {
            let mut words = vec![shell.clone()];
            if *strict {
                words.push("-eu".into());
                let base = Path::new(shell).file_name().and_then(|name| name.to_str()).unwrap_or(shell);
                if matches!(base, "bash" | "ksh" | "zsh") {
                    words.extend(["-o".into(), "pipefail".into()]);
                }
            }
            words.extend(["-c".into(), text.clone(), if name.is_empty() { shell.clone() } else { name.clone() }]);
            Ok(words)
        }
    }
}

/// The system's error as a person needs it.
fn why_not(program: &str, error: &io::Error) -> String {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) if !program.contains('/') => {
            format!("{program}: command not found (no folder of PATH has it)")
        }
        Some(Errno::NOENT) if Path::new(program).exists() => {
            format!("{program}: the interpreter that its first line names is missing")
        }
        Some(Errno::NOENT) => format!("{program}: no such file"),
        Some(Errno::ACCESS) => format!("{program}: permission denied (is it executable? may this account run it?)"),
        Some(Errno::NOEXEC) => format!("{program}: not a program that this system can run"),
        Some(Errno::TOOBIG) => {
            format!(
                "{program}: its arguments, script or environment are longer than the system takes (128 KiB a piece)"
            )
        }
        _ if error.kind() == io::ErrorKind::InvalidInput => {
            format!("{program}: a zero byte stands in its arguments, environment or folder")
        }
        _ => format!("{program}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_keeps_its_text_and_gets_a_name() {
        let script = |shell: &str, name: &str, strict| {
            words(&Program::Script { shell: shell.into(), text: "a\nb".into(), name: name.into(), strict }).unwrap()
        };
        assert_eq!(
            script("/bin/bash", "migrate", true),
            ["/bin/bash", "-eu", "-o", "pipefail", "-c", "a\nb", "migrate"]
        );
        assert_eq!(script("sh", "", true), ["sh", "-eu", "-c", "a\nb", "sh"]);
        assert_eq!(script("bash", "x", false), ["bash", "-c", "a\nb", "x"]);
    }

    #[test]
    fn what_cannot_start_says_why() {
        let try_it = |argv: &[&str], cwd: &str| {
            let order = Spawn {
                attempt: 1,
                program: Program::Argv(argv.iter().map(|word| (*word).to_owned()).collect()),
                cwd: cwd.into(),
                env: vec![("PATH".into(), "/usr/bin:/bin".into())],
                cols: 80,
                rows: 24,
                capture_stdout: false,
            };
            launch(&order).err().unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        let broken = folder.path().join("broken");
        std::fs::write(&broken, "#!/no/such/interpreter\n").unwrap();
        let broken = broken.to_str().unwrap();
        assert!(try_it(&[broken], "/").contains("permission denied"));
        std::fs::set_permissions(broken, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        assert!(try_it(&[broken], "/").contains("interpreter"));
        assert_eq!(try_it(&["kubectll"], "/"), "kubectll: command not found (no folder of PATH has it)");
        assert_eq!(try_it(&["/no/such"], "/"), "/no/such: no such file");
        assert_eq!(try_it(&[], "/"), "the command is empty");
        assert!(try_it(&["true"], "/no/folder").contains("/no/folder"));
        assert!(try_it(&["true"], "here").contains("not absolute"));
        assert!(try_it(&["echo", "a\0b"], "/").contains("zero byte"));
        assert!(try_it(&["echo", &"x".repeat(200_000)], "/").contains("longer than the system takes"));
    }
}
