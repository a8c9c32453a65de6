//! What host and keeper say to each other: one JSON document a line, plain data.
//!
//! Output bytes never go over the socket, only lengths: the host reads the file. So a keeper that is
//! played by a script needs no PTY, and adopting a command after a crash is reading its file.

use serde::{Deserialize, Serialize};

/// The protocol's version; a host that finds another one says so and does not adopt.
pub const PROTO: u32 = 1;

/// The longest line that either side takes, in bytes; a `spawn` carries a whole environment and a script.
pub const LINE_LIMIT: usize = 8 << 20;

/// What is executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Program {
    /// A command and its arguments, never through a shell.
    Argv(Vec<String>),
    /// A text for a shell, passed with `-c`: line numbers in its messages are those of the text, and `ps` shows what runs.
    Script {
        /// The shell: `bash`.
        shell: String,
        /// The script, as it stands in the runbook.
        text: String,
        /// `$0`: what the shell's own messages begin with. The step's id is a good one.
        name: String,
        /// Adds `-e -u -o pipefail` (only `-e -u` for a shell that is not bash, ksh or zsh).
        strict: bool,
    },
}

/// The order to run something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spawn {
    /// The attempt's number within the run, from 1: names its files, and is spawned at most once.
    pub attempt: u32,
    /// What is executed.
    pub program: Program,
    /// The folder it runs in; absolute.
    pub cwd: String,
    /// The whole environment as (name, value). Only `TERM` is added where it is missing.
    pub env: Vec<(String, String)>,
    /// Columns of the terminal.
    pub cols: u16,
    /// Rows of the terminal.
    pub rows: u16,
    /// Stdout alone goes over a pipe into `N.stdout` (and is shown too); stdin and stderr stay on the terminal.
    pub capture_stdout: bool,
}

/// How hard a command is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// SIGINT to the terminal's foreground process group: what Ctrl-C does.
    Interrupt,
    /// SIGTERM (and SIGCONT) to every process group of the session.
    Terminate,
    /// SIGKILL to every process of the session and to what descends from it.
    Kill,
}

/// Host to keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToKeeper {
    /// Run something.
    Spawn(Spawn),
    /// Keys for the command.
    Type {
        /// The attempt.
        attempt: u32,
        /// The bytes, base64 on the wire.
        #[serde(with = "base64_bytes")]
        bytes: Vec<u8>,
    },
    /// The terminal's new size.
    Size {
        /// The attempt.
        attempt: u32,
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Ask the command to end.
    Signal {
        /// The attempt.
        attempt: u32,
        /// How hard.
        stage: Stage,
    },
    /// The host has read `N.out` up to here; the keeper stops reading the PTY when this lags by 1 MiB.
    Seen {
        /// The attempt.
        attempt: u32,
        /// Bytes of `N.out`.
        len: u64,
    },
    /// These values, and only these, are masked in what comes from now on.
    Secrets {
        /// The values.
        values: Vec<String>,
    },
    /// The operator's answer to a full disk: go on, and drop what cannot be written (counted in [`Exit::lost`]).
    Unrecorded {
        /// The attempt.
        attempt: u32,
    },
    /// Asks for another `hello`.
    Status,
    /// The host goes away orderly; a keeper with nothing running ends at once.
    Leave,
}

/// An attempt that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The attempt.
    pub attempt: u32,
    /// The command's process, leader of its own session.
    pub pid: u32,
    /// Length of `N.out` so far, in bytes; the host counts as having seen it.
    pub out_len: u64,
    /// When it was spawned, RFC 3339.
    pub started: String,
}

/// How a command ended: also the last line of `terminals/N.started`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Exit code, when it ended by itself.
    pub code: Option<i32>,
    /// Signal number, when a signal ended it.
    pub signal: Option<i32>,
    /// Length of `N.out` in bytes; 0 means that there is no such file.
    pub out_len: u64,
    /// Sha256 of `N.out`, lower-case hex.
    pub out_sha256: String,
    /// Length of `N.stdout` in bytes, when stdout was captured; 0 means that there is no such file.
    pub stdout_len: Option<u64>,
    /// `N.stdout` reached its cap; the whole text is in `N.out` only.
    #[serde(default)]
    pub stdout_truncated: bool,
    /// Output bytes that never reached the disk, after `unrecorded` or a stop on a full disk.
    #[serde(default)]
    pub lost: u64,
    /// Processes of the command were still holding its terminal when the attempt was closed.
    #[serde(default)]
    pub left_behind: bool,
    /// When the command's own process was seen to have ended, RFC 3339.
    pub ended_at: String,
    /// From spawn to that moment, in microseconds; time in which the machine slept counts.
    pub took_us: u64,
}

/// Keeper to host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromKeeper {
    /// First message on a connection, and the answer to `status`.
    Hello {
        /// [`PROTO`] of the keeper.
        proto: u32,
        /// The keeper's process.
        pid: u32,
        /// The program's version.
        program: String,
        /// The machine's boot id.
        boot_id: String,
        /// What has not ended. An attempt that is listed neither here nor in `ended` has its end on file, or was never
        /// started here.
        attempts: Vec<Running>,
        /// What has ended, but could not be written to its file: its `exited` follows.
        #[serde(default)]
        ended: Vec<u32>,
    },
    /// The command runs. Told with the first news of it, or when it has run for a moment; before [`FromKeeper::Exited`].
    Started {
        /// The attempt.
        attempt: u32,
        /// Its process.
        pid: u32,
    },
    /// It was not started, and nothing was changed.
    NotStarted {
        /// The attempt.
        attempt: u32,
        /// Why, for people.
        why: String,
    },
    /// There is more output, or the terminal's mood changed. At most about 60 a second for an attempt.
    Output {
        /// The attempt.
        attempt: u32,
        /// Length of `N.out`, in bytes.
        len: u64,
        /// The last line has no end yet: a prompt, perhaps.
        unfinished_line: bool,
        /// The terminal echoes; false while a password is asked for.
        echo: bool,
        /// Up to three bytes that follow `len` but are not written yet, since a secret begins like them (base64 on the
        /// wire; they have stood for 100 ms). To be shown only: the file may have `*` in their place later.
        #[serde(default, with = "base64_bytes", skip_serializing_if = "Vec::is_empty")]
        held: Vec<u8>,
    },
    /// The command has ended; its `.out` is synced and its end on file.
    Exited {
        /// The attempt.
        attempt: u32,
        /// How.
        exit: Exit,
    },
    /// Something stands in the way (a full disk); the command is held, not killed.
    Trouble {
        /// The attempt.
        attempt: u32,
        /// What, for people.
        text: String,
    },
    /// The trouble is over.
    Recovered {
        /// The attempt.
        attempt: u32,
    },
    /// A message was not understood or could not be followed.
    Refused {
        /// Why, for people.
        why: String,
    },
}

/// What the host gives the keeper on its stdin at start: one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Values to mask in all output.
    #[serde(default)]
    pub secrets: Vec<String>,
}

/// A message as its line, with the newline.
pub fn to_line<M: Serialize>(message: &M) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

mod base64_bytes {
    //! Bytes as base64 text.
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_bytes_travel_as_base64_and_come_back() {
        let message = ToKeeper::Type { attempt: 3, bytes: vec![0xff, 3, b'\r'] };
        let line = to_line(&message).unwrap();
        assert_eq!(line, b"{\"type\":{\"attempt\":3,\"bytes\":\"/wMN\"}}\n");
        assert_eq!(serde_json::from_slice::<ToKeeper>(&line).unwrap(), message);
        assert!(serde_json::from_str::<ToKeeper>(r#"{"type":{"attempt":3,"bytes":"%"}}"#).is_err());
    }

    #[test]
    fn an_exit_file_of_the_first_shape_is_readable() {
        let exit: Exit = serde_json::from_str(
            r#"{"code":0,"signal":null,"out_len":5,"out_sha256":"ab","stdout_len":null,"ended_at":"2026-11-24T09:02:11Z","took_us":7}"#,
        )
        .unwrap();
        assert_eq!((exit.code, exit.out_len, exit.lost, exit.left_behind), (Some(0), 5, 0, false));
    }
}
