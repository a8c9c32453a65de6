//! Listeners.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::keys::Failed;
use crate::{Service, say};

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// A certificate, one that nobody should trust, and who may ask the admin listener.
pub struct Tls {
    good: Pair,
    bad: Pair,
    clients: Option<Arc<RootCertStore>>,
    service: Arc<Service>,
}

/// How a listener greets.
pub struct Greeting {
    good: TlsAcceptor,
    bad: TlsAcceptor,
    service: Arc<Service>,
}

impl Tls {
    pub fn read(folder: Option<&str>, service: Arc<Service>) -> Result<Self, Failed> {
        let bad = own()?;
        let Some(folder) = folder.map(Path::new) else {
            return Ok(Self { good: own()?, bad, clients: None, service });
        };
        let told = |name: &str, error: &dyn std::fmt::Display| format!("{}: {error}", folder.join(name).display());
        let certificates = |name: &str| -> Result<Vec<_>, String> {
            let all = CertificateDer::pem_file_iter(folder.join(name)).map_err(|e| told(name, &e))?;
            all.collect::<Result<_, _>>().map_err(|e| told(name, &e))
        };
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).map_err(|e| told("server.key", &e))?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates("ca.pem")? {
            roots.add(certificate)?;
        }
        Ok(Self { good: (certificates("server.pem")?, key), bad, clients: Some(Arc::new(roots)), service })
    }

    pub fn public(&self) -> Greeting {
        self.greeting(None)
    }

    /// Wants a client certificate.
    pub fn admin(&self) -> Greeting {
        self.greeting(self.clients.clone())
    }

    fn greeting(&self, clients: Option<Arc<RootCertStore>>) -> Greeting {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let acceptor = |(chain, key): &Pair| {
            let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
            let builder = builder.unwrap();
            let builder = match &clients {
                None => builder.with_no_client_auth(),
                Some(roots) => builder.with_client_cert_verifier(
                    WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build().unwrap(),
                ),
            };
            TlsAcceptor::from(Arc::new(builder.with_single_cert(chain.clone(), key.clone_key()).unwrap()))
        };
        Greeting { good: acceptor(&self.good), bad: acceptor(&self.bad), service: self.service.clone() }
    }
}

/// A certificate that no authority signed.
fn own() -> Result<Pair, Failed> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der())?;
    Ok((vec![own.cert.der().clone()], key))
}

/// Serves plain HTTP.
pub async fn plain(address: &str, router: Router) -> Result<(), Failed> {
    let listener = TcpListener::bind(address).await.map_err(|e| format!("{address}: {e}"))?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}

/// Serves HTTPS.
pub async fn tls(address: &str, greeting: Greeting, router: Router) -> Result<(), Failed> {
    let listener = TcpListener::bind(address).await.map_err(|e| format!("{address}: {e}"))?;
    let local = listener.local_addr()?;
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        loop {
            let Ok((stream, from)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let bad = greeting.service.faults.get().bad_certificate;
            let acceptor = if bad { greeting.bad.clone() } else { greeting.good.clone() };
            let sender = sender.clone();
            tokio::spawn(async move {
                match tokio::time::timeout(Duration::from_secs(5), acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => drop(sender.send((stream, from)).await),
                    Ok(Err(error)) => say::line("WARN", &format!("handshake with {from}: {error}")),
                    Err(_) => say::line("WARN", &format!("handshake with {from} took too long")),
                }
            });
        }
    });
    tokio::spawn(async move { axum::serve(Incoming { receiver, local }, router).await });
    Ok(())
}

struct Incoming {
    receiver: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    local: SocketAddr,
}

impl axum::serve::Listener for Incoming {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.receiver.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.local)
    }
}
