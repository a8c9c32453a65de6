//! Parts that fail: each is its own clear state at the next look, never green, and green again by itself when the cause
//! is gone.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Datelike, TimeDelta, Utc};
use flightdeck::expr::{Expr, Template};
use flightdeck::probes::{Given, LookSpec, Looker};
use flightdeck::runbook::kinds::{Docker, DockerOf, Http, Postgres, ProbeKind, Tls};
use flightdeck::words::{Look, Sample};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

use super::compose::Lab;
use super::engine::not_run;

/// How long a part may take to fail, or to be there again.
const LIMIT: Duration = Duration::from_secs(90);

/// The probes of the shipped runbook that look at these parts, each kept as a run keeps it.
struct Eyes {
    lookers: BTreeMap<&'static str, Looker>,
    runtime: tokio::runtime::Runtime,
}

impl Eyes {
    fn open(lab: &Lab) -> Self {
        let parameters: BTreeMap<String, String> = lab
            .parameters("1.4.2", "1.5.0")
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let certs = |name: &str| Some(Template::plain(lab.root.join("certs").join(name).display().to_string()));
        let secret = |name: &str| {
            fs::read_to_string(lab.root.join(format!("deployments/kms/secrets/postgres_{name}.secret"))).unwrap()
        };
        let jobs = ["healthcheck-secrets", "healthcheck-opentelemetry-collector-contrib", "builder-cryptoutil"];
        let database = format!(
            "postgres://{}:{}@127.0.0.1:{}/{}?sslmode=disable",
            secret("username"),
            secret("password"),
            parameters["db_port"],
            secret("database")
        );
        let kinds = [
            ("engine", ProbeKind::Docker(Docker { of: DockerOf::Engine, ..Docker::default() })),
            (
                "containers",
                ProbeKind::Docker(Docker {
                    of: DockerOf::Project,
                    project: Some(Template::plain("compose")),
                    jobs: jobs.map(Template::plain).into(),
                    ..Docker::default()
                }),
            ),
            ("database", ProbeKind::Postgres(Postgres { url: Some(Template::plain(database)), ..Postgres::default() })),
            (
                "ready",
                ProbeKind::Http(Http {
                    url: Template::plain(format!("https://{}/admin/v1/readyz", parameters["kms_admin_address"])),
                    ca: certs("ca.pem"),
                    cert: certs("client.pem"),
                    key: certs("client.key"),
                    ..Http::default()
                }),
            ),
            (
                "listener",
                ProbeKind::Tls(Tls {
                    address: Some(Template::plain(&parameters["kms_api_address"])),
                    ca: certs("ca.pem"),
                    ..Tls::default()
                }),
            ),
        ];
        let looker = |(name, kind): (&'static str, ProbeKind)| {
            let spec = LookSpec {
                expect: kind.fields(None).defaults.iter().map(|e| Expr::parse(e).unwrap()).collect(),
                kind,
                given: Given::new(),
                unit: None,
                timeout: Duration::from_secs(6),
                root: lab.root.clone(),
                env: lab.env(),
            };
            (name, Looker::new(name.into(), Arc::new(spec)))
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { lookers: kinds.map(looker).into(), runtime }
    }

    fn see(&self, name: &str) -> Sample {
        self.runtime.block_on(self.lookers[name].look(true))
    }

    /// All are green; waits for it.
    fn recover(&self, from: &str) {
        let begun = Instant::now();
        for name in self.lookers.keys() {
            while self.see(name).look != Look::Good {
                assert!(begun.elapsed() < LIMIT, "after {from}: {:?}", self.see(name));
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        eprintln!("{from}: all green {:?} after the cause was gone", begun.elapsed());
    }

    /// What one sees; it must not be green, and say this.
    fn shows(&self, name: &str, look: Look, words: &str) {
        let sample = self.see(name);
        eprintln!("  {name}: {:?}: {}", sample.look, sample.text);
        assert!(sample.look == look && sample.text.contains(words), "wanted {look:?}, {words}: {sample:?}");
    }
}

/// An authority and what it signs, in the place of the sandbox's.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = lasting(vec![], 300);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes a certificate that lasts so many days more.
    fn write(&self, lab: &Lab, name: &str, purpose: ExtendedKeyUsagePurpose, days: i64) {
        let mut params = lasting(vec!["127.0.0.1".into(), "localhost".into()], days);
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let certs = lab.root.join("certs");
        fs::write(certs.join("ca.pem"), self.0.pem()).unwrap();
        fs::write(certs.join(format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(certs.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn lasting(names: Vec<String>, days: i64) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    let (from, to) = (Utc::now() - TimeDelta::days(90), Utc::now() + TimeDelta::days(days));
    params.not_before = date_time_ymd(from.year(), from.month() as u8, from.day() as u8);
    params.not_after = date_time_ymd(to.year(), to.month() as u8, to.day() as u8);
    params
}

/// Waits until a part has failed; the eyes must see it at once.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < LIMIT, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn parts_that_fail_show_it_and_come_back() {
    let _alone = super::alone();
    let mut lab = match Lab::start() {
        Ok(lab) => lab,
        Err(why) => return not_run("parts_that_fail_show_it_and_come_back", &why),
    };
    let authority = Authority::new();
    authority.write(&lab, "client", ExtendedKeyUsagePurpose::ClientAuth, 60);
    authority.write(&lab, "server", ExtendedKeyUsagePurpose::ServerAuth, 60);
    lab.deploy("1.4.2");
    let eyes = Eyes::open(&lab);
    eyes.recover("nothing");

    // Every connection is taken, by others. What the KMS has already, it keeps.
    let crowd = "for i in $(seq 50); do tail -f /dev/null | psql -h 127.0.0.1 -U \"$0\" -d \"$1\" & done; wait";
    lab.crowd(crowd);
    until("all connections are taken", || eyes.see("database").look != Look::Good);
    for _ in 0..3 {
        eyes.shows("database", Look::Bad, "too many clients");
    }
    eyes.shows("engine", Look::Good, "");
    lab.compose(&["exec", "-T", "postgres", "sh", "-c", "kill $(pidof psql)"]);
    eyes.recover("a full connection pool");

    // The certificate runs out.
    authority.write(&lab, "server", ExtendedKeyUsagePurpose::ServerAuth, -2);
    lab.compose(&["restart", "cryptoutil-postgres-1"]);
    until("it serves again", || !eyes.see("ready").text.contains("refused"));
    eyes.shows("ready", Look::Bad, "certificate expired");
    eyes.shows("listener", Look::Bad, "expired");
    authority.write(&lab, "server", ExtendedKeyUsagePurpose::ServerAuth, 60);
    lab.compose(&["restart", "cryptoutil-postgres-1"]);
    eyes.recover("an expired certificate");

    // Nothing can be pulled. What runs goes on.
    lab.registry_down();
    let refused = lab.try_compose(&["pull", "postgres"]).unwrap_err();
    assert!(refused.contains("connection refused") || refused.contains("Unavailable"), "{refused}");
    eprintln!("  pull: {}", refused.lines().last().unwrap_or_default());
    eyes.recover("a registry that is down");
    lab.registry_up();
    lab.compose(&["pull", "postgres"]);

    // The engine is down, and everything with it.
    lab.engine_down();
    eyes.shows("engine", Look::Bad, "");
    for name in ["containers", "database", "ready", "listener"] {
        let sample = eyes.see(name);
        eprintln!("  {name}: {:?}: {}", sample.look, sample.text);
        assert!(sample.look != Look::Good, "{sample:?}");
    }
    lab.engine_up();
    eyes.recover("an engine that is down");
    super::leaves_nothing(lab);
}
