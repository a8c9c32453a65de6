//! Where kubectl is, and what it may do.

use super::super::command::{Command, Ended};
use super::{is_namespace, no_namespace};
use crate::sandbox::world::settings::Settings;

/// `config current-context`.
pub async fn context(command: &mut Command<'_>) -> Ended {
    // From the file, which the probes read too: who edits it switches both.
    let file = Settings::root(command.core.dir()).join("secrets/kubeconfig");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let current = text.lines().find_map(|line| line.strip_prefix("current-context: ")).map(str::trim);
    let Some(context) = current.filter(|context| !context.is_empty()) else {
        return command.fail(1, "error: current-context is not set").await;
    };
    command.out(format!("{context}\n")).await?;
    Ok(0)
}

/// `get --raw /readyz`.
pub async fn readyz(command: &mut Command<'_>) -> Ended {
    command.pause(70).await;
    // As the real one: no newline at its end.
    command.out("ok").await?;
    Ok(0)
}

/// `auth can-i patch deployments -n NS`.
pub async fn can_i(command: &mut Command<'_>) -> Ended {
    command.pause(80).await;
    let yes = is_namespace(command);
    command.out(if yes { "yes\n" } else { "no\n" }).await?;
    Ok(i32::from(!yes))
}

/// `get namespace NS -o name`.
pub async fn namespace(command: &mut Command<'_>) -> Ended {
    command.pause(80).await;
    if !is_namespace(command) {
        return no_namespace(command).await;
    }
    let namespace = command.given.get("namespace").to_owned();
    command.out(format!("namespace/{namespace}\n")).await?;
    Ok(0)
}
