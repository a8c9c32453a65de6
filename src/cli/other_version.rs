//! A run whose host is another version of this program: its own binary is the client then.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Stop, person};
use crate::host::program;
use crate::journal::RunFolder;
use crate::link::{self, FromClient, FromHost, PROTO, Role};

/// How long a host may take to say what it is.
const ANSWER: Duration = Duration::from_secs(10);

/// Asks the host of a run whether it talks with this program. When it doesn't, this process becomes the host's own
/// program (which still is there when its file was replaced) with the same command line.
pub fn hand_over(folder: &Path) -> Result<(), Stop> {
    let link = link::connect(folder).map_err(|e| Stop::left(format!("{}: {e}", folder.display())))?;
    let hello = FromClient::Hello {
        proto: PROTO,
        program: program(),
        events_from: u64::MAX,
        role: Role::Observer,
        name: person::operator(),
    };
    // A host that is gone is told of by the silence.
    let _ = link.to_host.send(hello);
    let answer = link.from_host.recv_timeout(ANSWER);
    let _ = link.to_host.send(FromClient::Leave);
    match answer {
        Ok(FromHost::Incompatible { program, why }) => Err(become_it(folder, &program, &why)),
        Ok(_) => Ok(()),
        Err(_) => Err(Stop::left(format!(
            "the host of {} does not answer; its log is {}",
            folder.display(),
            folder.join(crate::words::files::HOST_LOG).display()
        ))),
    }
}

/// Becomes the host's program; returns only when that fails.
fn become_it(folder: &Path, program: &str, why: &str) -> Stop {
    let refuse = |more: String| Stop::usage(format!("the run is flown by {program}: {why}; {more}"));
    let Some(holder) = RunFolder::open(folder).ok().and_then(|f| f.holder()) else {
        return refuse("use that version to attach".into());
    };
    let error = Command::new(format!("/proc/{}/exe", holder.pid)).args(std::env::args_os().skip(1)).exec();
    refuse(format!("its program cannot be started here ({error}); use that version to attach"))
}
