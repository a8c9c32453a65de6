//! A customer of the simulated system: asks the public address which version answers, all the time while a flight is
//! flown, each time with a connection of its own.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// A request that takes longer counts as failed. Flights share their machine.
const LIMIT: Duration = Duration::from_secs(20);
/// Between two requests.
const EACH: Duration = Duration::from_millis(40);

/// What came of requests, in order: the version that answered, or why none did.
pub type Answers = Vec<Result<String, String>>;

/// Requests that are made until it is asked what came of them.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    answers: Arc<Mutex<Answers>>,
    thread: Option<JoinHandle<()>>,
}

impl Traffic {
    /// Begins, at the world of a run's folder, on one of its ports.
    pub fn to(run: &Path, port: &str) -> Self {
        let world = run.join("world");
        let settings: Value =
            serde_json::from_str(&std::fs::read_to_string(world.join("world.json")).unwrap()).unwrap();
        let url = format!("https://127.0.0.1:{}/ui/swagger/doc.json", settings["ports"][port]);
        let auth = settings["secrets"]["swagger_auth"].as_str().unwrap();
        let (user, password) = auth.split_once(':').unwrap();
        let (user, password) = (user.to_owned(), password.to_owned());
        let ca = std::fs::read(world.join("root/certs/ca.pem")).unwrap();
        let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(vec![])));
        let (stopped, told) = (stop.clone(), answers.clone());
        let thread = std::thread::spawn(move || {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let client = reqwest::Client::builder()
                .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
                .pool_max_idle_per_host(0)
                .timeout(LIMIT)
                .no_proxy()
                .build()
                .unwrap();
            runtime.block_on(async {
                while !stopped.load(Ordering::Relaxed) {
                    let answer = ask(&client, &url, &user, &password).await;
                    told.lock().unwrap().push(answer);
                    tokio::time::sleep(EACH).await;
                }
            });
        });
        Self { stop, answers, thread: Some(thread) }
    }

    /// What came of the requests from the first that was answered to the last: before it the world was being opened, and
    /// after it ended.
    pub fn answers(mut self) -> Answers {
        self.end();
        let all = std::mem::take(&mut *self.answers.lock().unwrap());
        let first = all.iter().position(Result::is_ok).unwrap_or(all.len());
        let last = all.iter().rposition(Result::is_ok).map_or(first, |last| last + 1);
        all[first..last].to_vec()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.end();
    }
}

async fn ask(client: &reqwest::Client, url: &str, user: &str, password: &str) -> Result<String, String> {
    let answer = client.get(url).basic_auth(user, Some(password)).send().await.map_err(|e| format!("{e:?}"))?;
    let status = answer.status();
    let text = answer.text().await.map_err(|e| format!("{e:?}"))?;
    let version = serde_json::from_str::<Value>(&text).ok();
    let version = version.and_then(|v| v.pointer("/info/version")?.as_str().map(str::to_owned));
    version.ok_or_else(|| format!("{status}: {text}"))
}

/// The versions that answered, each run of equal ones once; every request must have been answered.
pub fn versions(answers: &Answers) -> Vec<String> {
    let mut seen: Vec<String> = vec![];
    for answer in answers {
        let version = answer.as_ref().unwrap_or_else(|why| panic!("a request was not answered: {why}"));
        if seen.last() != Some(version) {
            seen.push(version.clone());
        }
    }
    seen
}
