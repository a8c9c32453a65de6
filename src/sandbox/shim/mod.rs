//! The simulated commands: symlinks to the flightdeck binary on the PATH of the run's commands.
//!
//! The command itself only passes its arguments to the world, prints what comes back and writes the files that it is
//! told to; everything is answered in the world's process ([`answer`]), where the state is. Which forms there are stands
//! in one table, `forms.rs`; any other is "not simulated" and ends with [`NOT_SIMULATED`].

mod ages;
#[cfg(test)]
mod books;
mod client;
mod command;
mod compose;
mod docker;
mod forms;
mod go;
mod kubectl;
mod postgres;
mod progress;
mod scans;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod two_colours;

use std::io;
use std::path::Path;

pub use client::{WORLD_VARIABLE, main};
pub use compose::{container_lines, lines as service_lines, upstreams};
pub use docker::shown as image_shown;
pub use kubectl::live as kube_object;

use self::command::{Command, Ended};
use self::forms::Does;
use super::world::socket::Output;
use super::world::{Call, Core, Frame};

/// Names under which the binary answers for simulated commands.
pub const NAMES: [&str; 8] = ["docker", "kubectl", "go", "gosec", "act", "pg_dump", "pg_restore", "psql"];

/// Exit code of a form that is not simulated (`EX_USAGE`).
pub const NOT_SIMULATED: i32 = 64;

/// Makes the symlinks in `bin`.
///
/// # Errors
/// One cannot be made.
pub fn links(bin: &Path, exe: &Path) -> io::Result<()> {
    super::world::make_dir(bin)?;
    NAMES.iter().try_for_each(|name| std::os::unix::fs::symlink(exe, bin.join(name)))
}

/// Answers one call; when the command is gone, nobody is told.
pub async fn answer(core: &Core, call: &Call, output: &mut Output) {
    let args = match in_context(&call.name, &call.args, &core.settings().context) {
        Ok(args) => args,
        Err(other) => {
            let _ = output.send(&Frame::Err(format!("error: context {other:?} does not exist\n"))).await;
            let _ = output.send(&Frame::Exit(1)).await;
            return;
        }
    };
    let Some((does, given)) = forms::find(&call.name, &args) else {
        let words: Vec<&str> = std::iter::once(&call.name).chain(&call.args).map(String::as_str).collect();
        let _ = output.send(&Frame::Err(format!("{}: not simulated\n", words.join(" ")))).await;
        let _ = output.send(&Frame::Exit(NOT_SIMULATED)).await;
        return;
    };
    let mut command = Command::new(core, call, given, output);
    if let Ok(code) = run(does, &mut command).await {
        let _ = output.send(&Frame::Exit(code)).await;
    }
}

/// The arguments without kubectl's `--context NAME`, which may stand anywhere; the name when it is not the world's.
fn in_context(name: &str, args: &[String], context: &str) -> Result<Vec<String>, String> {
    let mut args = args.to_vec();
    let at = args.iter().position(|arg| name == "kubectl" && arg == "--context");
    if let Some(at) = at.filter(|at| at + 1 < args.len()) {
        let mut named = args.drain(at..at + 2);
        if let Some(other) = named.nth(1).filter(|named| named != context) {
            drop(named);
            return Err(other);
        }
    }
    Ok(args)
}

async fn run(does: Does, command: &mut Command<'_>) -> Ended {
    match does {
        Does::DockerVersion => docker::version(command).await,
        Does::Inspect => docker::inspect(command).await,
        Does::ImageInspect => docker::image_inspect(command).await,
        Does::Images => docker::images(command).await,
        Does::Tag => docker::tag(command).await,
        Does::Stats => docker::stats(command).await,
        Does::Run => docker::run(command).await,
        Does::ComposeVersion => compose::version(command).await,
        Does::Config => compose::config(command).await,
        Does::Pull => compose::pull(command).await,
        Does::Build => compose::build(command).await,
        Does::Up => compose::up(command).await,
        Does::Down => compose::down(command).await,
        Does::Ps => compose::ps(command).await,
        Does::Logs => compose::logs(command).await,
        Does::PgIsReady => compose::pg_is_ready(command).await,
        Does::ProxyTest => compose::proxy_test(command).await,
        Does::ProxyReload => compose::proxy_reload(command).await,
        Does::ProxyTop => compose::proxy_top(command).await,
        Does::Context => kubectl::context(command).await,
        Does::Readyz => kubectl::readyz(command).await,
        Does::CanI => kubectl::can_i(command).await,
        Does::Namespace => kubectl::namespace(command).await,
        Does::GetFiles => kubectl::get_files(command).await,
        Does::GetObjects => kubectl::get_objects(command).await,
        Does::GetDeployment => kubectl::get_deployment(command).await,
        Does::Pods => kubectl::pods(command).await,
        Does::Top => kubectl::top(command).await,
        Does::PodLogs => kubectl::logs(command).await,
        Does::Diff => kubectl::diff(command).await,
        Does::Apply => kubectl::apply(command).await,
        Does::PatchService => kubectl::patch_service(command).await,
        Does::GetService => kubectl::get_service(command).await,
        Does::DeleteDeployment => kubectl::delete_deployment(command).await,
        Does::DeleteFiles => kubectl::delete_files(command).await,
        Does::RolloutStatus => kubectl::status(command).await,
        Does::RolloutHistory => kubectl::history(command).await,
        Does::RolloutUndo => kubectl::undo(command).await,
        Does::TestJson => go::test_json(command).await,
        Does::TestCoverage => go::test_coverage(command).await,
        Does::CoverFunc => go::cover_func(command).await,
        Does::Dast => scans::dast(command).await,
        Does::Gosec => scans::gosec(command).await,
        Does::Act => scans::act(command).await,
        Does::PgDump => postgres::dump(command).await,
        Does::PgRestore => postgres::list(command).await,
        Does::Psql => postgres::psql(command).await,
    }
}
