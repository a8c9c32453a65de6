//! `docker compose`.

mod build;
mod down;
mod logs;
mod look;
mod proxy;
mod up;

pub use build::{build, pull};
pub use down::down;
pub use logs::{container_lines, lines, logs};
pub use look::{config, pg_is_ready, ps, version};
pub use proxy::{proxy_reload, proxy_test, proxy_top, upstreams};
pub use up::up;

use super::command::{Command, Ended};
use crate::sandbox::read::compose::{Project, read};

/// The project of `-f` and its profile, or how compose fails to read it (14: no file, 15: not valid).
fn project(command: &Command<'_>) -> Result<(Project, Vec<String>), (i32, String)> {
    let file = command.given.get("file");
    let read = read(&command.call.cwd, file);
    let project = read.map_err(|e| (if e.ends_with("no such file or directory") { 14 } else { 15 }, e))?;
    let profiles = vec![command.given.get("profile").to_owned()];
    if project.active(&profiles).is_empty() {
        return Err((1, "no service selected".to_owned()));
    }
    Ok((project, profiles))
}

async fn refuse(command: &mut Command<'_>, (code, message): (i32, String)) -> Ended {
    command.fail(code, message).await
}
