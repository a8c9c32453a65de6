//! `pg_dump` and `pg_restore --list`.

use chrono::Utc;
use serde::{Deserialize, Serialize};

use super::command::{Command, Ended};
use crate::sandbox::state::Serving;
use crate::sandbox::world::ports::Port;

/// How PostgreSQL's custom format begins.
const MAGIC: &str = "PGDMP\u{1}\u{10}\0\u{4}\u{8}";

/// Tables of the KMS's database.
const TABLES: [&str; 6] = [
    "barrier_content_keys",
    "barrier_intermediate_keys",
    "barrier_root_keys",
    "elastic_keys",
    "material_keys",
    "schema_migrations",
];

/// What stands in a simulated dump.
#[derive(Serialize, Deserialize)]
struct Dump {
    database: String,
    owner: String,
    created: String,
    elastic_keys: Vec<String>,
}

/// `pg_dump -Fc -h HOST -p PORT -U USER -d DATABASE -f FILE`, with the password in `PGPASSWORD`.
pub async fn dump(command: &mut Command<'_>) -> Ended {
    let given = |name: &str| command.given.get(name).to_owned();
    let (host, port, user, database, file) =
        (given("host"), given("port"), given("user"), given("database"), given("file"));
    let settings = command.core.settings().clone();
    let place = format!("pg_dump: error: connection to server at \"{host}\", port {port} failed: ");
    let ours =
        ["127.0.0.1", "localhost"].contains(&host.as_str()) && port == settings.ports.of(Port::Postgres).to_string();
    let refused =
        format!("{place}Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?");
    match command.look(|s, now| s.serving(Port::Postgres, now)) {
        Serving::Up { .. } if ours => {}
        Serving::Starting { .. } if ours => {
            return command.fail(1, format!("{place}FATAL:  the database system is starting up")).await;
        }
        _ => return command.fail(1, refused).await,
    }
    let password = command.call.env.get("PGPASSWORD").map_or("", String::as_str);
    if password.is_empty() {
        return command.fail(1, format!("{place}fe_sendauth: no password supplied")).await;
    }
    if user != settings.secret("postgres_username") || password != settings.secret("postgres_password") {
        return command.fail(1, format!("{place}FATAL:  password authentication failed for user \"{user}\"")).await;
    }
    if database != settings.secret("postgres_database") {
        return command.fail(1, format!("{place}FATAL:  database \"{database}\" does not exist")).await;
    }
    command.pause(3_200).await;
    let keys =
        command.look(|s, _| s.keys.of(crate::sandbox::state::kms::Store::Postgres).map(|k| k.id.clone()).collect());
    let dump = Dump {
        database,
        owner: user,
        created: Utc::now().format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        elastic_keys: keys,
    };
    let body = serde_json::to_string(&dump).unwrap_or_default();
    command.file(&file, format!("{MAGIC}{body}")).await?;
    Ok(0)
}

/// `pg_restore --list FILE`.
pub async fn list(command: &mut Command<'_>) -> Ended {
    let file = command.given.get("file").to_owned();
    let text = match std::fs::read_to_string(command.call.cwd.join(&file)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => String::new(),
        Err(_) => {
            let line = format!("pg_restore: error: could not open input file \"{file}\": No such file or directory");
            return command.fail(1, line).await;
        }
    };
    let dump = text.strip_prefix(MAGIC).and_then(|body| serde_json::from_str::<Dump>(body).ok());
    let Some(dump) = dump else {
        return command.fail(1, "pg_restore: error: input file does not appear to be a valid archive").await;
    };
    let Dump { database, owner, created, .. } = dump;
    let mut list = format!(
        ";\n; Archive created at {created}\n;     dbname: {database}\n;     TOC Entries: {}\n;     Compression: gzip\n\
         ;     Dump Version: 1.16-0\n;     Format: CUSTOM\n;     Integer: 4 bytes\n;     Offset: 8 bytes\n\
         ;     Dumped from database version: 18.0\n;     Dumped by pg_dump version: 18.0\n;\n;\n; Selected TOC Entries:\n;\n",
        2 * TABLES.len() + 4
    );
    for (n, table) in TABLES.iter().enumerate() {
        list.push_str(&format!("{}; 1259 {} TABLE public {table} {owner}\n", 219 + n, 16_389 + 7 * n));
    }
    for (n, table) in TABLES.iter().enumerate() {
        list.push_str(&format!("{}; 0 {} TABLE DATA public {table} {owner}\n", 3_412 + n, 16_389 + 7 * n));
    }
    command.out(list).await?;
    Ok(0)
}
