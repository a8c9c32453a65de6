//! `kubectl`.

mod change;
mod diff;
mod look;
mod objects;
mod pods;
mod rollout;
mod service;

pub use change::apply;
pub use diff::diff;
pub use look::{can_i, context, namespace, readyz};
pub use objects::{get_deployment, get_files, get_objects, live};
pub use pods::{logs, pods, top};
pub use rollout::{history, status, undo};
pub use service::{delete_deployment, delete_files, get_service, patch_service};

use super::command::{Command, Ended};

/// The one namespace of the cluster.
fn is_namespace(command: &Command<'_>) -> bool {
    command.given.get("namespace") == command.core.settings().namespace
}

async fn no_namespace(command: &mut Command<'_>) -> Ended {
    let line = format!("Error from server (NotFound): namespaces {:?} not found", command.given.get("namespace"));
    command.fail(1, line).await
}

async fn no_deployment(command: &mut Command<'_>) -> Ended {
    let line = format!("Error from server (NotFound): deployments.apps {:?} not found", command.given.get("name"));
    command.fail(1, line).await
}
