//! Without a screen: what turns, a line each; or every look as JSON.

use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::table::{News, Table, latency};
use super::{is_over, left, locked, verdict};
use crate::cli::args::ProbeArgs;
use crate::cli::{Exit, Stop, terminal};
use crate::words::{Look, Sample, short_duration, utc_second};

/// How often what came is written: looks must not wait for whoever reads, nor wake this thread one by one.
const PACE: Duration = Duration::from_millis(200);

/// Writes until the time is over, a signal comes, or nobody reads any more.
pub fn follow(table: &Mutex<Table>, args: &ProbeArgs, begun: Instant) -> Result<Exit, Stop> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&ended)).map_err(|e| Stop::usage(e.to_string()))?;
    }
    let style = Style { ascii: terminal::is_ascii(), color: terminal::is_colored() };
    let (mut out, mut greeted) = (std::io::stdout().lock(), false);
    loop {
        let (over, interrupted) = (is_over(args, begun), ended.load(Ordering::SeqCst));
        let text = {
            let mut table = locked(table);
            let news = table.news();
            let mut text: String = news.iter().map(|one| line(one, &table, style)).collect();
            let whole = table.counts().waiting == 0;
            if !args.json && (!greeted && whole || over || interrupted) {
                greeted |= whole;
                text.push_str(&summary(&table));
            }
            text
        };
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(verdict(&locked(table))),
            Err(error) => return Err(Stop::disk(format!("stdout cannot be written: {error}"))),
            Ok(()) => {}
        }
        if interrupted {
            return Ok(Exit::Interrupted);
        }
        if over {
            return Ok(verdict(&locked(table)));
        }
        std::thread::sleep(PACE.min(left(args, begun).unwrap_or(PACE)).max(Duration::from_millis(1)));
    }
}

#[derive(Clone, Copy)]
struct Style {
    ascii: bool,
    color: bool,
}

fn line(news: &News, table: &Table, style: Style) -> String {
    match news {
        News::Turned(index, stood) => turned(*index, *stood, table, style, Utc::now()),
        News::Looked(index, at, sample) => format!("{}\n", looked(&table.rows[*index].url, *at, sample)),
    }
}

fn turned(index: usize, stood: Option<(Look, u64)>, table: &Table, style: Style, now: DateTime<Utc>) -> String {
    let row = &table.rows[index];
    let (sign, ascii, color) = match row.look {
        Some(Look::Good) => ("●", "[x]", "\x1b[32m"),
        Some(Look::Bad) => ("✕", "[F]", "\x1b[31m"),
        _ => ("∅", "[n]", "\x1b[33m"),
    };
    let sign = if style.ascii { ascii } else { sign };
    let sign = if style.color { format!("{color}{sign}\x1b[0m") } else { sign.to_owned() };
    let was = match stood {
        Some((look, for_)) => format!(" (was {} for {})", words(look), short_duration(for_ as f64 / 1e6)),
        None => String::new(),
    };
    let hint = row.hint.as_ref().map(|hint| format!("\n{:15}{hint}", "")).unwrap_or_default();
    format!("{}  {sign} {}  {}{was}{hint}\n", utc_second(now), row.url, row.text)
}

fn words(look: Look) -> &'static str {
    match look {
        Look::Good => "ok",
        Look::Bad => "bad",
        Look::NoData => "no data",
    }
}

fn summary(table: &Table) -> String {
    let (looks, failures) = table.looks();
    let percentiles = match table.percentiles() {
        Some((p50, p95)) => format!(", p50 {}, p95 {}", latency(p50), latency(p95)),
        None => String::new(),
    };
    format!(
        "{}  {} of {}; {looks} looks, {failures} not good{percentiles}\n",
        utc_second(Utc::now()),
        table.counts().words(),
        table.rows.len()
    )
}

/// A look as JSON: what is not known is not there.
fn looked(url: &str, at: DateTime<Utc>, sample: &Sample) -> serde_json::Value {
    let mut value = json!({
        "at": at.to_rfc3339_opts(SecondsFormat::Millis, true), "url": url, "look": sample.look,
        "took_us": sample.took, "text": sample.text,
    });
    let more = [
        ("status", sample.fields.get("status").and_then(|v| v.figure()).map(|code| json!(code as u16))),
        ("latency_us", sample.value.map(|seconds| json!((seconds * 1e6).round() as u64))),
        ("why", sample.why.as_ref().map(|why| json!(why))),
        ("hint", sample.hint.as_ref().map(|hint| json!(hint))),
    ];
    for (name, known) in more {
        if let Some(known) = known {
            value[name] = known;
        }
    }
    value
}
