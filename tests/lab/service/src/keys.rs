//! The keys: rows in PostgreSQL; without a database in memory, gone with the process.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::{Client, Config, NoTls};

use crate::say;

/// How many connections there may be.
pub const MOST: usize = 8;
/// What is made before the first key.
const SCHEMA: &str = "
    select pg_advisory_lock(4711);
    create table if not exists elastic_keys (
        id text primary key, name text not null, description text not null, algorithm text not null,
        versioning boolean not null, created timestamptz not null default now());
    create table if not exists material_keys (
        id text primary key, elastic_key_id text not null references elastic_keys, generate_date text not null,
        made timestamptz not null default clock_timestamp(), key bytea not null);
    select pg_advisory_unlock(4711);";

pub type Failed = Box<dyn Error + Send + Sync>;

#[derive(Clone)]
pub struct Elastic {
    pub id: String,
    pub name: String,
    pub description: String,
    pub algorithm: String,
    pub versioning: bool,
}

#[derive(Clone)]
pub struct Material {
    pub id: String,
    pub date: String,
    pub key: Vec<u8>,
}

/// Where they are.
pub struct Keys {
    config: Option<Config>,
    idle: Mutex<Vec<Client>>,
    gate: Semaphore,
    prepared: AtomicBool,
    memory: Mutex<BTreeMap<String, (Elastic, Vec<Material>)>>,
}

/// A connection that goes back to the pool.
struct Lease<'a> {
    keys: &'a Keys,
    client: Option<Client>,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.keys.idle.lock().unwrap().extend(self.client.take().filter(|client| !client.is_closed()));
    }
}

impl Keys {
    pub fn new(url: Option<&str>) -> Result<Self, Failed> {
        let config = match url {
            None => None,
            Some(url) => {
                let mut config: Config = url.parse()?;
                config.connect_timeout(Duration::from_secs(2)).application_name("kms");
                Some(config)
            }
        };
        let gate = Semaphore::new(MOST);
        Ok(Self { config, idle: Mutex::default(), gate, prepared: AtomicBool::new(false), memory: Mutex::default() })
    }

    pub fn kind(&self) -> &'static str {
        if self.config.is_some() { "postgres" } else { "sqlite" }
    }

    /// How many connections are open, and how many of them are used.
    pub fn connections(&self) -> (usize, usize) {
        let used = MOST - self.gate.available_permits();
        (used + self.idle.lock().unwrap().len(), used)
    }

    async fn lease(&self) -> Result<Lease<'_>, Failed> {
        let Some(config) = &self.config else { return Err("no database".into()) };
        let permit = self.gate.acquire().await?;
        let idle = loop {
            match self.idle.lock().unwrap().pop() {
                Some(client) if client.is_closed() => {}
                other => break other,
            }
        };
        let client = match idle {
            Some(client) => client,
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        say::line("ERROR", &format!("database: {error}"));
                    }
                });
                client
            }
        };
        let lease = Lease { keys: self, client: Some(client), _permit: permit };
        if !self.prepared.load(Ordering::Relaxed) {
            lease.client().batch_execute(SCHEMA).await?;
            self.prepared.store(true, Ordering::Relaxed);
        }
        Ok(lease)
    }

    /// Makes the tables, as soon as the database lets it.
    pub async fn prepare(&self) {
        while self.config.is_some() {
            match self.ping().await {
                Ok(()) => return say::line("INFO", "database is ready"),
                Err(error) => say::line("WARN", &format!("database: {}", told(&*error))),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Failed> {
        if self.config.is_none() {
            return Ok(());
        }
        let look = async { Ok(self.lease().await?.client().simple_query("select 1").await.map(|_| ())?) };
        tokio::time::timeout(Duration::from_secs(3), look).await.map_err(|_| "no answer in 3 s")?
    }

    pub async fn add(&self, key: Elastic, material: Material) -> Result<(), Failed> {
        if self.config.is_none() {
            self.memory.lock().unwrap().insert(key.id.clone(), (key, vec![material]));
            return Ok(());
        }
        let lease = self.lease().await?;
        let client = lease.client();
        client
            .execute(
                "insert into elastic_keys (id, name, description, algorithm, versioning) values ($1, $2, $3, $4, $5)",
                &[&key.id, &key.name, &key.description, &key.algorithm, &key.versioning],
            )
            .await?;
        insert(client, &key.id, &material).await
    }

    pub async fn add_material(&self, key: &str, material: Material) -> Result<(), Failed> {
        if self.config.is_none() {
            if let Some((_, all)) = self.memory.lock().unwrap().get_mut(key) {
                all.push(material);
            }
            return Ok(());
        }
        let lease = self.lease().await?;
        insert(lease.client(), key, &material).await
    }

    /// All keys, or the one.
    pub async fn list(&self, id: Option<&str>) -> Result<Vec<Elastic>, Failed> {
        if self.config.is_none() {
            let memory = self.memory.lock().unwrap();
            return Ok(memory
                .values()
                .map(|(key, _)| key.clone())
                .filter(|k| id.is_none_or(|id| id == k.id))
                .collect());
        }
        let lease = self.lease().await?;
        let text = "select id, name, description, algorithm, versioning from elastic_keys
                    where $1::text is null or id = $1 order by created";
        let rows = lease.client().query(text, &[&id]).await?;
        let key = |row: &tokio_postgres::Row| Elastic {
            id: row.get(0),
            name: row.get(1),
            description: row.get(2),
            algorithm: row.get(3),
            versioning: row.get(4),
        };
        Ok(rows.iter().map(key).collect())
    }

    /// A key's material keys, the newest last.
    pub async fn materials(&self, key: &str) -> Result<Vec<Material>, Failed> {
        if self.config.is_none() {
            return Ok(self.memory.lock().unwrap().get(key).map(|(_, all)| all.clone()).unwrap_or_default());
        }
        let lease = self.lease().await?;
        let text = "select id, generate_date, key from material_keys where elastic_key_id = $1 order by made";
        let rows = lease.client().query(text, &[&key]).await?;
        Ok(rows.iter().map(|row| Material { id: row.get(0), date: row.get(1), key: row.get(2) }).collect())
    }
}

async fn insert(client: &Client, key: &str, material: &Material) -> Result<(), Failed> {
    let text = "insert into material_keys (id, elastic_key_id, generate_date, key) values ($1, $2, $3, $4)";
    client.execute(text, &[&material.id, &key, &material.date, &material.key]).await?;
    Ok(())
}

/// An error with its causes: that of a query alone says `db error`.
pub fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes
}

pub fn uuid() -> String {
    let hex: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
