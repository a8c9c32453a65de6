//! The world's process.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use tokio::task::AbortHandle;

use super::core::Core;
use super::lifetime::Lifetime;
use super::{open_private, path, socket, socket_path};
use crate::sandbox::servers;
use crate::words::files::WORLD;

/// Serves the world of a run: prints `ready` when it is up, and returns when it is not needed any more.
///
/// # Errors
/// There is no world in that run's folder, it is served already, or it cannot be read.
pub fn serve(run_dir: &Path) -> io::Result<()> {
    let dir = run_dir.join(WORLD);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let running = Running::start(&dir).await?;
        writeln!(io::stdout(), "ready")?;
        io::stdout().flush()?;
        running.wait().await;
        Ok(())
    });
    // Commands that still run are cut off, not waited for.
    runtime.shutdown_background();
    result
}

/// A served world.
pub struct Running {
    core: Core,
    lifetime: Lifetime,
    listeners: servers::Listeners,
    socket: AbortHandle,
    _lock: File,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.socket.abort();
        let _ = std::fs::remove_file(socket_path(self.core.dir()));
    }
}

impl Running {
    /// Brings the world in `dir` up: all services that run answer when this returns.
    ///
    /// # Errors
    /// There is no world, it is served already, or its socket cannot be made.
    pub async fn start(dir: &Path) -> io::Result<Self> {
        let lock = open_private(&dir.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::new(io::ErrorKind::AlreadyExists, "this run's sandbox world is served already"))?;
        let core = Core::open(dir)?;
        let mut listeners = servers::Listeners::new(&core)?;
        listeners.reconcile().await;
        let path = socket_path(dir);
        let _ = std::fs::remove_file(&path);
        let socket = path::short(&path, |path| tokio::net::UnixListener::bind(path))?;
        let lifetime = Lifetime::new();
        let socket = tokio::spawn(socket::accept(socket, core.clone(), lifetime.clone())).abort_handle();
        Ok(Self { core, lifetime, listeners, socket, _lock: lock })
    }

    /// The world itself.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Serves until the world is not needed any more.
    pub async fn wait(mut self) {
        let dir = self.core.dir().to_path_buf();
        tokio::select! {
            () = self.lifetime.ended(&dir) => {}
            () = self.listeners.keep() => {}
        }
    }
}
