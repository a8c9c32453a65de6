//! Go's coverage profile, or what `go tool cover -func` prints.

use std::collections::HashMap;

use super::Says;

/// Statements covered and all. In a profile of several packages the same block may stand more than once: it counts once.
pub(super) fn read(text: &str) -> Result<Says, String> {
    let mut lines = text.lines();
    match lines.next() {
        None => Err("the report is empty".into()),
        Some(first) if first.starts_with("mode:") => profile(lines),
        Some(_) => total(text),
    }
}

/// `name.go:12.34,15.2 3 1`: block, statements, how often it ran.
fn profile<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Says, String> {
    let mut blocks: HashMap<&str, (f64, bool)> = HashMap::new();
    for line in lines.filter(|l| !l.trim().is_empty() && !l.starts_with("mode:")) {
        let wrong = || format!("no coverage profile: `{}`", line.chars().take(60).collect::<String>());
        let mut words = line.rsplitn(3, ' ');
        let (Some(ran), Some(statements), Some(block)) = (words.next(), words.next(), words.next()) else {
            return Err(wrong());
        };
        let ran: u64 = ran.parse().map_err(|_| wrong())?;
        let statements: u32 = statements.parse().map_err(|_| wrong())?;
        let entry = blocks.entry(block).or_insert((f64::from(statements), false));
        entry.1 |= ran > 0;
    }
    let all: f64 = blocks.values().map(|(n, _)| n).sum();
    if all == 0.0 {
        return Err("no statement in the profile: no test ran".into());
    }
    Ok(Says::Covered(blocks.values().filter(|(_, ran)| *ran).map(|(n, _)| n).sum(), all))
}

/// The last line, `total: (statements) 95.1%`: only the share is known.
fn total(text: &str) -> Result<Says, String> {
    let line = text
        .lines()
        .rev()
        .find(|l| l.starts_with("total:"))
        .ok_or("neither a coverage profile nor `go tool cover -func`")?;
    let share = line.split_whitespace().last().and_then(|w| w.strip_suffix('%')).and_then(|w| w.parse::<f64>().ok());
    share.map(|percent| Says::Covered(percent / 100.0, 1.0)).ok_or_else(|| format!("no share in `{line}`"))
}
