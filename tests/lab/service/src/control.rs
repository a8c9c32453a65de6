//! What is asked of a service that serves, from inside its container: no certificate is needed, and none can be bad.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{Service, address, admin};

/// A name, not a file: it goes with the process, and is seen in its network namespace alone.
fn place() -> std::io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("service {}", address("ADMIN_ADDRESS", "0.0.0.0:9090")))
}

/// Asks; the answer is printed.
///
/// # Errors
/// Nobody serves here, or the answer is not `ok`.
pub fn ask(words: &str) -> Result<(), crate::keys::Failed> {
    let mut stream = UnixStream::connect_addr(&place()?).map_err(|e| format!("nobody serves here: {e}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(words.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    if said != "ok" {
        return Err(said.into());
    }
    println!("ok");
    Ok(())
}

/// Answers, until the process ends.
///
/// # Errors
/// Somebody else serves here.
pub fn listen(service: Arc<Service>) -> std::io::Result<()> {
    let listener = UnixListener::bind_addr(&place()?)?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::UnixListener::from_std(listener)?;
    let faulty = service.clone();
    tokio::spawn(async move { faulty.faults.happen().await });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let mut words = String::new();
                if stream.read_to_string(&mut words).await.is_ok() {
                    let said = answer(&service, &words).await.map_or_else(|why| why, |()| "ok".to_owned());
                    let _ = stream.write_all(said.as_bytes()).await;
                }
            });
        }
    });
    Ok(())
}

async fn answer(service: &Service, words: &str) -> Result<(), String> {
    match words.split_once(' ').unwrap_or((words, "")) {
        ("live", _) => Ok(()),
        ("ready", _) => admin::unready(service).await.map_or(Ok(()), Err),
        ("fault", faults) => service.faults.set(faults),
        _ => Err(format!("{words}: what is that")),
    }
}
