//! The SQL that is answered: the looks of the shipped runbooks and of the program's own probe, known by their text.

use crate::sandbox::state::State;
use crate::sandbox::world::clock::Millis;

/// What the program's own probe asks first: standby, connections, lag.
const STATE: &str = "select pg_is_in_recovery(), (select count(*) from pg_stat_activity), \
    case when not pg_is_in_recovery() then (select max(extract(epoch from replay_lag)) from pg_stat_replication) \
    when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0 \
    else extract(epoch from now() - pg_last_xact_replay_timestamp()) end";

/// What it asks next: clients and their limit, the oldest transaction, the database's size.
const USE: &str = "select (select case when bool_or(backend_type is null) then null \
    else count(*) filter (where state = 'active' and backend_type = 'client backend') end from pg_stat_activity), \
    (select case when bool_or(backend_type is null) then null \
    else count(*) filter (where state = 'idle' and backend_type = 'client backend') end from pg_stat_activity), \
    (select setting::int from pg_settings where name = 'max_connections'), \
    (select count(datid) from pg_stat_activity where coalesce(backend_type, 'client backend') = 'client backend'), \
    (select case when bool_or(backend_type is null) then null else coalesce(extract(epoch from \
    max(clock_timestamp() - xact_start) filter (where backend_type = 'client backend')), 0) end \
    from pg_stat_activity where pid <> pg_backend_pid()), \
    pg_database_size(current_database())";

/// Types of columns, as in `pg_type`: oid and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// `int8`.
    Int,
    /// `numeric`.
    Numeric,
    /// `text`.
    Text,
}

impl Kind {
    /// Its oid and length.
    pub fn wire(self) -> (u32, i16) {
        match self {
            Self::Bool => (16, 1),
            Self::Int => (20, 8),
            Self::Numeric => (1700, -1),
            Self::Text => (25, -1),
        }
    }
}

/// A column of the one row of an answer: name, type, value or null.
pub type Column = (&'static str, Kind, Option<String>);

/// The row of a query that is known; `sql` as it was sent.
pub fn answer(state: &State, now: Millis, sql: &str) -> Option<Vec<Column>> {
    let wave = (now / 7_000).rem_euclid(3);
    let count = |n: i64| vec![("count", Kind::Int, Some(n.to_string()))];
    let text = |name, value: &str| vec![(name, Kind::Text, Some(value.to_owned()))];
    Some(match plain(sql).as_str() {
        "select 1" => vec![("?column?", Kind::Int, Some("1".into()))],
        "select version()" => text("version", "PostgreSQL 18.0 (Debian 18.0-1.pgdg13+3) on x86_64-pc-linux-gnu"),
        "show server_version" => text("server_version", "18.0"),
        "select pg_is_in_recovery()" => vec![("pg_is_in_recovery", Kind::Bool, Some("f".into()))],
        "select count(*) from elastic_keys" => count(state.keys.count() as i64),
        "select count(*) from material_keys" => count(state.keys.materials() as i64),
        "select count(*) from pg_stat_activity" => count(14 + wave),
        "select count(*) from pg_stat_activity where state = 'active'" => count(2 + wave),
        "select count(*) from pg_stat_activity where state = 'idle'" => count(7 - wave),
        sql if sql == plain(STATE) => vec![
            ("pg_is_in_recovery", Kind::Bool, Some("f".into())),
            ("count", Kind::Int, Some((14 + wave).to_string())),
            ("case", Kind::Numeric, None),
        ],
        sql if sql == plain(USE) => vec![
            ("case", Kind::Int, Some((2 + wave).to_string())),
            ("case", Kind::Int, Some((7 - wave).to_string())),
            ("setting", Kind::Int, Some("100".into())),
            ("count", Kind::Int, Some("9".into())),
            ("case", Kind::Numeric, Some(format!("0.{wave}"))),
            ("pg_database_size", Kind::Int, Some((8_000_000 + 16_384 * state.keys.materials()).to_string())),
        ],
        _ => return None,
    })
}

/// Lower case, single spaces, no semicolon at the end.
pub fn plain(sql: &str) -> String {
    let sql = sql.trim().trim_end_matches(';');
    sql.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
