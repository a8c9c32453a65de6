//! What stands before the pods, as a cloud's load balancer does: ports of loopback that lead to the ready endpoints of a
//! Service, one after the other. It reads them from the API server four times a second.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// It forwards until it is dropped.
pub struct Balancer {
    shared: Arc<Shared>,
    ports: Vec<u16>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    ends: AtomicBool,
    ready: Mutex<Vec<Ipv4Addr>>,
    turn: AtomicUsize,
}

impl Balancer {
    /// One port of loopback for each of `ports` of the pods.
    pub fn start(kubeconfig: &Path, namespace: &str, service: &str, ports: &[u16]) -> Self {
        let shared = Arc::new(Shared::default());
        let (own, config) = (shared.clone(), kubeconfig.to_owned());
        let (namespace, service) = (namespace.to_owned(), service.to_owned());
        let mut threads = vec![std::thread::spawn(move || {
            while !own.ends.load(Ordering::Relaxed) {
                if let Some(ready) = endpoints(&config, &namespace, &service) {
                    *own.ready.lock().unwrap() = ready;
                }
                std::thread::sleep(Duration::from_millis(250));
            }
        })];
        let mut here = vec![];
        for port in ports.iter().copied() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            here.push(listener.local_addr().unwrap().port());
            let shared = shared.clone();
            threads.push(std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if shared.ends.load(Ordering::Relaxed) {
                        break;
                    }
                    let shared = shared.clone();
                    let Ok(stream) = stream else { continue };
                    std::thread::spawn(move || shared.carry(&stream, port));
                }
            }));
        }
        Self { shared, ports: here, threads }
    }

    /// `host:port` that leads to the n-th port.
    pub fn address(&self, n: usize) -> String {
        format!("127.0.0.1:{}", self.ports[n])
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
        for port in &self.ports {
            // Wakes who waits for a connection.
            let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, *port));
        }
        for thread in std::mem::take(&mut self.threads) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Without a ready endpoint the connection is closed at once.
    fn carry(&self, stream: &TcpStream, port: u16) {
        let ready = self.ready.lock().unwrap().clone();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let each = (0..ready.len()).map(|n| SocketAddr::from((ready[(turn + n) % ready.len()], port)));
        let mut each = each.filter_map(|to| TcpStream::connect_timeout(&to, Duration::from_millis(500)).ok());
        let Some(other) = each.next() else { return };
        let pour = |mut from: &TcpStream, mut to: &TcpStream| {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        };
        std::thread::scope(|scope| {
            scope.spawn(|| pour(stream, &other));
            pour(&other, stream);
        });
    }
}

/// The addresses of a Service's ready endpoints; `None` when the API server does not answer: then they stay as they were.
fn endpoints(kubeconfig: &Path, namespace: &str, service: &str) -> Option<Vec<Ipv4Addr>> {
    let mut command = Command::new("kubectl");
    command.arg("--kubeconfig").arg(kubeconfig).args(["get", "endpointslices", "-o", "json", "-n", namespace]);
    command.args(["--request-timeout=2s", "-l", &format!("kubernetes.io/service-name={service}")]);
    let output = command.output().ok().filter(|output| output.status.success())?;
    let all: Value = serde_json::from_slice(&output.stdout).ok()?;
    let slices = all["items"].as_array()?.iter().flat_map(|slice| slice["endpoints"].as_array().into_iter().flatten());
    let ready = slices.filter(|endpoint| endpoint["conditions"]["ready"] == true);
    Some(ready.filter_map(|endpoint| endpoint["addresses"][0].as_str()?.parse().ok()).collect())
}
