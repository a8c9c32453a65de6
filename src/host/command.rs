//! A short command whose output is a value.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long a parameter's command may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long its output may stay open after its end, by what it left behind; on a busy machine it is also read that late.
const AFTER: Duration = Duration::from_secs(5);
/// The most that is read of an output, bytes.
const MOST: u64 = 1 << 20;

/// Runs a parameter's command; its output without the last line's end.
///
/// # Errors
/// It cannot be started, fails, or takes longer than 30 s.
pub(super) fn output_of(words: &[String], root: &Path, env: &BTreeMap<String, String>) -> Result<String, String> {
    output_within(words, root, env, LIMIT)
}

/// The same with another limit.
///
/// # Errors
/// See there.
pub(super) fn output_within(
    words: &[String],
    root: &Path,
    env: &BTreeMap<String, String>,
    limit: Duration,
) -> Result<String, String> {
    let (name, arguments) = words.split_first().ok_or("an empty command")?;
    let mut child = Command::new(on_path(name, env))
        .args(arguments)
        .current_dir(root)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What it starts is ended with it.
        .process_group(0)
        .spawn()
        .map_err(|e| format!("{name}: {e}"))?;
    let out = read_beside(child.stdout.take());
    let err = read_beside(child.stderr.take());
    let until = Instant::now() + limit;
    let status = loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break status,
            None if Instant::now() > until => {
                end(&mut child);
                return Err(format!("{} took longer than {} s", words.join(" "), limit.as_secs_f64()));
            }
            None => std::thread::park_timeout(Duration::from_millis(2)),
        }
    };
    if !status.success() {
        let why: String = err.recv_timeout(AFTER).unwrap_or_default();
        let why: String = why.trim().chars().take(400).collect();
        return Err(format!("{} failed ({status}): {why}", words.join(" ")));
    }
    // Output that did not come is no empty output.
    let open = |_| format!("{} has ended, but something that it started holds its output open", words.join(" "));
    let out = out.recv_timeout(AFTER).map_err(open)?;
    Ok(out.trim_end_matches(['\n', '\r']).to_owned())
}

/// A bare name is looked up on the run's own PATH, not on this process's.
fn on_path(name: &str, env: &BTreeMap<String, String>) -> std::path::PathBuf {
    let found = env
        .get("PATH")
        .filter(|_| !name.contains('/'))
        .and_then(|path| path.split(':').map(|dir| Path::new(dir).join(name)).find(|candidate| candidate.is_file()));
    found.unwrap_or_else(|| name.into())
}

fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads on a thread of its own: what the command leaves behind may hold the pipe for ever.
fn read_beside(from: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = vec![];
        if let Some(mut from) = from {
            let _ = from.by_ref().take(MOST).read_to_end(&mut bytes);
            // What is too much is not read into memory, but the command is not held up by it.
            let _ = std::io::copy(&mut from, &mut std::io::sink());
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, limit: Duration) -> Result<String, String> {
        let env = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("X".into(), "7".into())]);
        output_within(&["sh".into(), "-c".into(), script.into()], Path::new("/"), &env, limit)
    }

    #[test]
    fn its_output_is_the_value() {
        assert_eq!(run("echo $X; pwd", LIMIT).unwrap(), "7\n/");
        assert!(run("echo no >&2; exit 3", LIMIT).unwrap_err().ends_with("no"));
        let loud = run("head -c 3000000 /dev/zero >&2; echo done", LIMIT).unwrap();
        assert_eq!(loud, "done", "much on stderr holds up nothing");
        assert!(run("sleep 60 & sleep 60", Duration::from_millis(50)).unwrap_err().contains("took longer than 0.05 s"));
        let open = run("echo 7; sleep 60 &", LIMIT).unwrap_err();
        assert!(open.contains("holds its output open"), "no value is not an empty value: {open}");
        assert!(output_of(&["no-such-command".into()], Path::new("/"), &BTreeMap::new()).is_err());
    }
}
