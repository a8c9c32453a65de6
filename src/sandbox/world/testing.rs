//! A served world for tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ports::Port;
use super::settings::Settings;
use super::{Core, Running};
use crate::engine::event::Overlay;

/// A world in a folder of its own.
pub struct Prepared {
    folder: tempfile::TempDir,
    /// What a run gets.
    pub overlay: Overlay,
}

impl Prepared {
    /// A world at a speed; `given` are parameters.
    pub fn new(speed: f64, given: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let given: BTreeMap<String, String> = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let scenario = crate::sandbox::scenario("production").unwrap();
        let dir = folder.path().join("world");
        let overlay = crate::sandbox::prepare(&dir, &scenario, Path::new("/opt/flightdeck"), &given, speed).unwrap();
        Self { folder, overlay }
    }

    /// The run's folder.
    pub fn run_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The world's folder.
    pub fn dir(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("world")
    }

    /// The root folder.
    pub fn root(&self) -> PathBuf {
        PathBuf::from(&self.overlay.root)
    }

    /// A secret's text.
    pub fn secret(&self, name: &str) -> String {
        Settings::read(&self.dir()).unwrap().secret(name).to_owned()
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self, port: Port) -> String {
        format!("127.0.0.1:{}", Settings::read(&self.dir()).unwrap().ports.of(port))
    }

    /// Serves it within this task's runtime.
    pub async fn serve(&self) -> (Core, tokio::task::JoinHandle<()>) {
        let running = Running::start(&self.dir()).await.unwrap();
        let core = running.core().clone();
        (core, tokio::spawn(running.wait()))
    }

    /// A client that trusts the world's authority only, and follows no redirect.
    pub fn client(&self, with_certificate: bool) -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let read = |name: &str| std::fs::read(self.root().join("certs").join(name)).unwrap();
        let mut builder = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&read("ca.pem")).unwrap()])
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if with_certificate {
            let pem = [read("client.pem"), read("client.key")].concat();
            builder = builder.identity(reqwest::Identity::from_pem(&pem).unwrap());
        }
        builder.build().unwrap()
    }
}

/// Waits until something is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !so().await {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "waited in vain until {what}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
