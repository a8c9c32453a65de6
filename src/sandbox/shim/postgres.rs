//! `pg_dump`, `pg_restore --list` and `psql -f`.

use chrono::Utc;
use serde::{Deserialize, Serialize};

use super::command::{Command, Ended};
use crate::sandbox::state::{Change, Serving};
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

/// Logs in as the command asks to, with the password in `PGPASSWORD`; its words where that fails.
fn login(command: &Command<'_>) -> Result<(), String> {
    let given = |name: &str| command.given.get(name).to_owned();
    let (host, port, user, database) = (given("host"), given("port"), given("user"), given("database"));
    let settings = command.core.settings();
    let place = format!("{}: error: connection to server at \"{host}\", port {port} failed: ", command.call.name);
    let ours =
        ["127.0.0.1", "localhost"].contains(&host.as_str()) && port == settings.ports.of(Port::Postgres).to_string();
    match command.look(|s, now| s.serving(Port::Postgres, now)) {
        Serving::Up { .. } if ours => {}
        Serving::Starting { .. } if ours => {
            return Err(format!("{place}FATAL:  the database system is starting up"));
        }
        _ => {
            return Err(format!(
                "{place}Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?"
            ));
        }
    }
    let password = command.call.env.get("PGPASSWORD").map_or("", String::as_str);
    if password.is_empty() {
        return Err(format!("{place}fe_sendauth: no password supplied"));
    }
    if user != settings.secret("postgres_username") || password != settings.secret("postgres_password") {
        return Err(format!("{place}FATAL:  password authentication failed for user \"{user}\""));
    }
    if database != settings.secret("postgres_database") {
        return Err(format!("{place}FATAL:  database \"{database}\" does not exist"));
    }
    Ok(())
}

/// `psql -X -1 -v ON_ERROR_STOP=1 … -f FILE`: says what each statement did. The simulated schema stays as it is.
pub async fn psql(command: &mut Command<'_>) -> Ended {
    if let Err(why) = login(command) {
        return command.fail(2, why).await;
    }
    let file = command.given.get("file").to_owned();
    let Ok(text) = std::fs::read_to_string(command.call.cwd.join(&file)) else {
        return command.fail(1, format!("psql: error: {file}: No such file or directory")).await;
    };
    command.pause(400).await;
    let text: String =
        text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let mut said = String::new();
    for statement in text.split(';').map(str::trim).filter(|s| !s.is_empty()) {
        let words: Vec<String> = statement.split_whitespace().take(2).map(str::to_uppercase).collect();
        let tag = match words.first().map_or("", String::as_str) {
            "ALTER" | "CREATE" | "DROP" => words.join(" "),
            word => word.to_owned(),
        };
        said.push_str(&format!("{tag}\n"));
    }
    if let Err(message) = command.change(Change::Migrated(file)) {
        return command.fail(1, message).await;
    }
    command.out(said).await?;
    Ok(0)
}

/// `pg_dump -Fc -h HOST -p PORT -U USER -d DATABASE -f FILE`, with the password in `PGPASSWORD`.
pub async fn dump(command: &mut Command<'_>) -> Ended {
    if let Err(why) = login(command) {
        return command.fail(1, why).await;
    }
    let given = |name: &str| command.given.get(name).to_owned();
    let (user, database, file) = (given("user"), given("database"), given("file"));
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
