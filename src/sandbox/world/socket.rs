//! The socket on which simulated commands and the host speak with the world.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};

use super::core::Core;
use super::lifetime::Lifetime;
use super::wire::{Frame, Hello};
use crate::sandbox::shim;

/// The command's end of the connection is gone: nobody waits for the rest.
#[derive(Debug)]
pub struct Gone;

/// Where a simulated command's output goes.
pub struct Output {
    writer: OwnedWriteHalf,
}

impl Output {
    /// Sends one frame.
    ///
    /// # Errors
    /// The command is gone.
    pub async fn send(&mut self, frame: &Frame) -> Result<(), Gone> {
        let mut line = serde_json::to_vec(frame).map_err(|_| Gone)?;
        line.push(b'\n');
        self.writer.write_all(&line).await.map_err(|_| Gone)
    }
}

/// Answers connections for ever.
pub async fn accept(listener: UnixListener, core: Core, lifetime: Lifetime) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (core, lifetime) = (core.clone(), lifetime.clone());
                tokio::spawn(async move {
                    if let Err(error) = answer(stream, &core, &lifetime).await {
                        core.trouble(&format!("a connection of the socket: {error}"));
                    }
                });
            }
            Err(error) => {
                core.trouble(&format!("the socket: {error}"));
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, core: &Core, lifetime: &Lifetime) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    if line.is_empty() {
        return Ok(());
    }
    let mut output = Output { writer };
    let mut gone = async || {
        let mut rest = [0; 64];
        while reader.read(&mut rest).await.is_ok_and(|n| n > 0) {}
    };
    match serde_json::from_str(&line).map_err(io::Error::other)? {
        Hello::End => lifetime.end(),
        Hello::Hold => {
            let _held = lifetime.hold();
            if output.send(&Frame::Held).await.is_ok() {
                gone().await;
            }
        }
        Hello::Call(call) => {
            let _runs = lifetime.call();
            if output.send(&Frame::Held).await.is_err() {
                return Ok(());
            }
            tokio::select! {
                // A command that was killed stops where it is.
                () = gone() => {}
                () = shim::answer(core, &call, &mut output) => {}
            }
        }
    }
    Ok(())
}
