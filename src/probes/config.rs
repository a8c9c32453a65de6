//! A value inside a configuration text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use url::Url;

use super::ctx::{Ctx, maybe, short};
use super::seen::{Problem, Seen};
use super::trust::io_words;
use crate::runbook::kinds::{ConfigFormat, ConfigProbe};
use crate::words::Value;

/// A configuration file is no longer than this: 4 MiB.
const CAP: u64 = 4 << 20;

/// Looks once.
pub(super) async fn look(spec: &ConfigProbe, ctx: &Ctx) -> Seen {
    let (file, text) = match (maybe(spec.file.as_ref()), maybe(spec.text.as_ref())) {
        (Err(problem), _) | (_, Err(problem)) => return problem.into(),
        (Ok(file), Ok(text)) => (file.map(str::to_owned), text.map(str::to_owned)),
    };
    let format = spec.format;
    match (file, text) {
        (Some(file), None) => {
            let path = ctx.path(&file);
            ctx.blocking(move || from_file(&path, &file, format).unwrap_or_else(Seen::from)).await
        }
        (None, Some(text)) => seen(&text, format, "the text").unwrap_or_else(Seen::from),
        (None, None) => absent("the text is empty".into()),
        _ => Problem::nothing("config wants `file` or `text`, not both").into(),
    }
}

/// Reads a file and its format by its ending.
fn from_file(path: &Path, shown: &str, format: ConfigFormat) -> Result<Seen, Problem> {
    match read_text(path, CAP) {
        Ok(text) => seen(&text, by_ending(path, format), shown),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(absent(format!("{shown}: no such file"))),
        Err(e) => Err(Problem::nothing(format!("{shown}: {}", io_words(&e)))),
    }
}

/// A text file no longer than a cap.
pub(super) fn read_text(path: &Path, cap: u64) -> std::io::Result<String> {
    let long = || std::io::Error::other(format!("longer than {}", Value::Size(cap as f64)));
    if fs::metadata(path)?.len() > cap {
        return Err(long());
    }
    fs::read_to_string(path)
}

fn absent(why: String) -> Seen {
    Seen::text(why.clone()).field("exists", Value::Bool(false)).missing("at", why)
}

fn by_ending(path: &Path, format: ConfigFormat) -> ConfigFormat {
    if format != ConfigFormat::Auto {
        return format;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => ConfigFormat::Json,
        Some("env") => ConfigFormat::Env,
        _ if name.starts_with(".env") => ConfigFormat::Env,
        _ => ConfigFormat::Yaml,
    }
}

fn seen(text: &str, format: ConfigFormat, shown: &str) -> Result<Seen, Problem> {
    let bad = |why: String| Problem::nothing(format!("{shown}: {why}"));
    let (at, word) = match format {
        ConfigFormat::Json => {
            let json: serde_json::Value = serde_json::from_str(text).map_err(|e| bad(format!("no JSON: {e}")))?;
            (Value::from_json(&json), "JSON")
        }
        ConfigFormat::Env => (env(text).map_err(bad)?, "env"),
        ConfigFormat::Dsn => (dsn(text.trim()).map_err(bad)?, "address of a database"),
        ConfigFormat::Auto if text.trim_start().starts_with("postgres") && text.contains("://") => {
            (dsn(text.trim()).map_err(bad)?, "address of a database")
        }
        ConfigFormat::Auto | ConfigFormat::Yaml => (yaml(text).map_err(bad)?, "YAML"),
    };
    let count = match &at {
        Value::Map(map) => format!("{word}, {} keys", map.len()),
        _ => word.to_owned(),
    };
    Ok(Seen::text(count).field("exists", Value::Bool(true)).field("at", at))
}

/// A YAML document as a value; only `true` and `false` are truths.
pub(super) fn yaml(text: &str) -> Result<Value, String> {
    let options = serde_yaml::options! { strict_booleans: true };
    let json: serde_json::Value = serde_yaml::from_str_with_options(text, options)
        .map_err(|e| format!("no YAML: {}", short(&e.without_snippet().to_string(), 120)))?;
    Ok(Value::from_json(&json))
}

/// `NAME=value` lines: comments, `export`, quotes.
fn env(text: &str) -> Result<Value, String> {
    let mut map = BTreeMap::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        // The line may hold a secret: only its number is told.
        let (name, value) = line.split_once('=').ok_or_else(|| format!("line {} is no `NAME=value`", i + 1))?;
        let value = value.trim();
        let bare = match (value.chars().next(), value.chars().last()) {
            (Some(a @ ('"' | '\'')), Some(b)) if a == b && value.len() > 1 => &value[1..value.len() - 1],
            _ => value.split(" #").next().unwrap_or(value).trim_end(),
        };
        map.insert(name.trim().to_owned(), Value::Text(bare.to_owned()));
    }
    Ok(Value::Map(map))
}

/// The parts of a database address, never the password.
fn dsn(text: &str) -> Result<Value, String> {
    let parts = if text.contains("://") { url_parts(text)? } else { word_parts(text)? };
    Ok(Value::Map(parts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()))
}

/// A database address and its host, which may stand in the query (`postgres://user@/db?host=/run/postgresql`).
pub(super) fn database_url(text: &str) -> Result<(Url, Option<String>), url::ParseError> {
    /// Stands for the host that is not there: the parser takes no user without a host.
    const NONE: &str = "none.invalid";
    let url = Url::parse(&text.replacen("@/", &format!("@{NONE}/"), 1))?;
    let named = url.host_str().filter(|h| !h.is_empty() && *h != NONE).map(percent_decoded);
    let host = named.or_else(|| url.query_pairs().find(|(k, _)| k == "host").map(|(_, v)| v.into_owned()));
    Ok((url, host))
}

fn url_parts(text: &str) -> Result<Vec<(&'static str, Value)>, String> {
    // The parser's error does not repeat the text, which holds a password.
    let (url, host) = database_url(text).map_err(|e| format!("no address of a database: {e}"))?;
    let asked = |name: &str| url.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned());
    let decoded = |t: &str| percent_decoded(t);
    Ok(vec![
        ("scheme", Value::Text(url.scheme().to_owned())),
        ("user", Value::Text(decoded(url.username()))),
        ("host", Value::Text(host.unwrap_or_default())),
        ("port", Value::Number(f64::from(url.port().unwrap_or(5432)))),
        ("database", Value::Text(decoded(url.path().trim_start_matches('/')))),
        // What libpq does when nothing is said.
        ("sslmode", Value::Text(asked("sslmode").unwrap_or_else(|| "prefer".into()))),
        ("has_password", Value::Bool(url.password().is_some() || asked("password").is_some())),
    ])
}

/// `host=… user=…`, as libpq also reads it.
fn word_parts(text: &str) -> Result<Vec<(&'static str, Value)>, String> {
    let words = shlex::split(text).ok_or("no address of a database: a quote is not closed")?;
    let mut map: BTreeMap<&str, &str> = BTreeMap::new();
    for word in &words {
        let (name, value) =
            word.split_once('=').ok_or("no address of a database: want postgres://… or host=… user=…")?;
        map.insert(name, value);
    }
    let text = |name: &str| Value::Text(map.get(name).copied().unwrap_or_default().to_owned());
    let port = map.get("port").and_then(|p| p.parse::<u16>().ok()).unwrap_or(5432);
    Ok(vec![
        ("scheme", Value::Text("postgres".into())),
        ("user", text("user")),
        ("host", text("host")),
        ("port", Value::Number(f64::from(port))),
        ("database", text("dbname")),
        ("sslmode", Value::Text(map.get("sslmode").copied().unwrap_or("prefer").to_owned())),
        ("has_password", Value::Bool(map.contains_key("password"))),
    ])
}

/// `%40` as `@`.
pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    while i < bytes.len() {
        let code = bytes
            .get(i + 1..i + 3)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[i], code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 3;
            }
            (byte, _) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, format: ConfigFormat) -> BTreeMap<String, Value> {
        let seen = seen(text, format, "x").unwrap();
        match seen.fields.get("at") {
            Some(Value::Map(map)) => map.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn yaml_truths_are_true_and_false_only() {
        let map = at("log-level: INFO\ndev: true\nanswer: yes\nn: 5\n", ConfigFormat::Auto);
        assert_eq!(map["log-level"], Value::Text("INFO".into()));
        assert_eq!(map["dev"], Value::Bool(true));
        assert_eq!(map["answer"], Value::Text("yes".into()));
        assert_eq!(map["n"], Value::Number(5.0));
    }

    #[test]
    fn env_lines_lose_quotes_and_comments() {
        let map = at("# c\nexport A=1\nB=\"x y\" \nC='#'\nD=v # note\n", ConfigFormat::Env);
        let texts: Vec<_> = map.values().map(ToString::to_string).collect();
        assert_eq!(texts, ["1", "x y", "#", "v"]);
    }

    #[test]
    fn a_dsn_shows_everything_but_the_password() {
        let map = at("postgres://us%40er:pa%2Fss@db.example:5433/app?sslmode=verify-full", ConfigFormat::Dsn);
        let text = format!("{map:?}");
        assert!(!text.contains("pa%2Fss") && !text.contains("pa/ss"), "{text}");
        assert_eq!(map["user"], Value::Text("us@er".into()));
        assert_eq!(map["port"], Value::Number(5433.0));
        assert_eq!(map["database"], Value::Text("app".into()));
        assert_eq!(map["sslmode"], Value::Text("verify-full".into()));
        let map = at("host=/run/pg user=a password=hush dbname=b", ConfigFormat::Dsn);
        assert!(!format!("{map:?}").contains("hush"));
        assert_eq!(map["sslmode"], Value::Text("prefer".into()));
        assert_eq!(map["host"], Value::Text("/run/pg".into()));
    }

    #[test]
    fn an_error_does_not_repeat_a_secret() {
        for (text, format) in [("postgres://u:hush@[bad/db", ConfigFormat::Dsn), ("A=1\nhush\n", ConfigFormat::Env)] {
            let problem = seen(text, format, "x").unwrap_err();
            assert!(!problem.why.contains("hush"), "{problem:?}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_does_not_exist_and_has_no_values() {
        let seen = from_file(Path::new("/nonexistent/x.yml"), "x.yml", ConfigFormat::Auto).unwrap();
        assert_eq!(seen.fields["exists"], Value::Bool(false));
        assert!(seen.problem.is_none());
        assert_eq!(seen.missing[0].0, "at");
    }
}
