//! Servers for the tests, each on a free port of loopback and ended with its handle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use super::super::trust::provider;

/// What a server does with each connection.
#[derive(Clone)]
pub enum Does {
    /// Answers with these bytes and closes.
    Answers(String),
    /// Sends back the request it got, as the body.
    Echoes,
    /// Takes the connection and says nothing.
    Hangs,
    /// Sends a status line and then a byte now and then.
    Drips,
    /// Sends a body of 1 GiB.
    Floods,
    /// Closes at once.
    Closes,
}

/// A running server.
pub struct Server {
    pub at: SocketAddr,
    pub hits: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

impl Server {
    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub fn https(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.at.port())
    }
}

pub fn answer(status: &str, headers: &str, body: &str) -> Does {
    Does::Answers(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()))
}

pub async fn serve(does: Does) -> Server {
    start(does, None).await
}

pub async fn serve_tls(does: Does, config: ServerConfig) -> Server {
    start(does, Some(TlsAcceptor::from(Arc::new(config)))).await
}

async fn start(does: Does, tls: Option<TlsAcceptor>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let hits = Arc::new(AtomicUsize::new(0));
    let counter = hits.clone();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let (does, tls) = (does.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => talk(stream, does).await,
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => talk(stream, does).await,
                        Err(_) => Ok(()),
                    },
                }
            });
        }
    });
    Server { at, hits, _task: AbortOnDropHandle::new(task) }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, does: Does) -> std::io::Result<()> {
    if matches!(does, Does::Closes) {
        return Ok(());
    }
    let mut request = vec![];
    let mut chunk = [0; 4096];
    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut chunk).await? {
            0 => return Ok(()),
            n => request.extend_from_slice(&chunk[..n]),
        }
        // The first byte of a TLS handshake: a plain server does not wait for more.
        if request[0] == 0x16 && !matches!(does, Does::Hangs) {
            return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    }
    match does {
        Does::Answers(bytes) => stream.write_all(bytes.as_bytes()).await?,
        Does::Echoes => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", request.len());
            stream.write_all(&[head.as_bytes(), &request].concat()).await?;
        }
        Does::Hangs => std::future::pending::<()>().await,
        Does::Drips => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await?;
            loop {
                stream.write_all(b"x").await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Does::Floods => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 30).as_bytes()).await?;
            let block = vec![b'x'; 1 << 16];
            for _ in 0..(1 << 14) {
                stream.write_all(&block).await?;
            }
        }
        Does::Closes => {}
    }
    stream.shutdown().await
}

/// A CA and what it signed, as PEM.
pub struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub pem: String,
}

/// A certificate and its key, as PEM.
pub struct Pair {
    pub cert: String,
    pub key: String,
}

pub fn ca(name: &str) -> Ca {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let pem = issuer.pem();
    Ca { issuer, pem }
}

fn params(names: &[&str], days: i64) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "the leaf");
    let now = std::time::SystemTime::now();
    let day = Duration::from_secs(86_400);
    params.not_before = (now - day * 400).into();
    let hour = Duration::from_secs(3600);
    params.not_after =
        if days < 0 { now - day * days.unsigned_abs() as u32 } else { now + day * days as u32 + hour }.into();
    params
}

impl Ca {
    /// A certificate for these names that holds so many days (negative: ended so long ago).
    pub fn signs(&self, names: &[&str], days: i64) -> Pair {
        let key = KeyPair::generate().unwrap();
        let cert = params(names, days).signed_by(&key, &self.issuer).unwrap();
        Pair { cert: cert.pem(), key: key.serialize_pem() }
    }
}

/// What `openssl req -x509` makes: a CA certificate that is used as the server's own.
pub fn ca_as_server() -> Pair {
    let key = KeyPair::generate().unwrap();
    let mut params = params(&["localhost"], 90);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Pair { cert: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

pub fn tls_config(pair: &Pair) -> ServerConfig {
    let chain = CertificateDer::pem_slice_iter(pair.cert.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}

/// A server that wants a client certificate of this CA.
pub fn mutual_config(pair: &Pair, clients: &Ca) -> ServerConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(clients.pem.as_bytes()).unwrap()).unwrap();
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    let chain = CertificateDer::pem_slice_iter(pair.cert.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap()
}

/// A port on which nothing listens.
pub fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
