//! The log, on stdout.

use chrono::{SecondsFormat, Utc};

/// Now, as the answers and the log write it.
pub fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Writes a line.
pub fn line(level: &str, text: &str) {
    println!("{} {level} {text}", now());
}
