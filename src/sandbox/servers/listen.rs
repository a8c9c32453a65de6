//! Serving HTTP on a listener that can be taken away with all its connections, as a stopped process's are.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Serves a router until `stop`; then the port refuses and open connections break.
pub fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router, stop: CancellationToken) {
    let Ok(local) = listener.local_addr() else { return };
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(accept(listener, tls, sender, stop.clone()));
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = axum::serve(Incoming { receiver, local }, router) => {}
        }
    });
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    sender: mpsc::Sender<(Connection, SocketAddr)>,
    stop: CancellationToken,
) {
    loop {
        let (stream, from) = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => {
                    // Most likely no descriptor is free for a moment.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true);
        let (tls, sender, stop) = (tls.clone(), sender.clone(), stop.clone());
        // A handshake of its own task: a caller that is slow, or speaks no TLS, keeps nobody waiting.
        tokio::spawn(async move {
            if let Some(inner) = handshake(tls, stream, &stop).await {
                let _ = sender.send((Connection::new(inner, stop), from)).await;
            }
        });
    }
}

async fn handshake(tls: Option<TlsAcceptor>, stream: TcpStream, stop: &CancellationToken) -> Option<Box<dyn Stream>> {
    let Some(tls) = tls else { return Some(Box::new(stream)) };
    tokio::select! {
        () = stop.cancelled() => None,
        done = tokio::time::timeout(HANDSHAKE, tls.accept(stream)) => match done {
            Ok(Ok(stream)) => Some(Box::new(stream)),
            _ => None,
        },
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection that breaks when its service stops.
pub struct Connection {
    inner: Box<dyn Stream>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Connection {
    fn new(inner: Box<dyn Stream>, stop: CancellationToken) -> Self {
        Self { inner, stop: Box::pin(stop.cancelled_owned()) }
    }

    fn broken(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        self.stop.as_mut().poll(cx).is_ready().then(|| io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.broken(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(error) = self.broken(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

struct Incoming {
    receiver: mpsc::Receiver<(Connection, SocketAddr)>,
    local: SocketAddr,
}

impl axum::serve::Listener for Incoming {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.receiver.recv().await {
            Some(accepted) => accepted,
            // The accepting task has ended: so does this server, by its own `stop`.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}
