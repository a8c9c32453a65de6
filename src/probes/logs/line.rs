//! A line of a log as it may be shown: no escape sequences, no secrets, not long.

use std::sync::OnceLock;

use regex::Regex;

use super::super::ctx::short;

/// The most characters of a line that are kept.
const LONG: usize = 300;

/// Escape sequences of terminals; `name=value` of secrets; what looks like a token; a password in an address.
fn patterns() -> Option<&'static [(Regex, &'static str); 4]> {
    static CELL: OnceLock<Option<[(Regex, &'static str); 4]>> = OnceLock::new();
    let read = || {
        let escapes = Regex::new(r"\x1b\[[0-9;?]*[ -/]*[@-~]").ok()?;
        let named = r#"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|credential|authorization|cookie|code_verifier)[\w-]*["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',;&]+"#;
        let token = r"\beyJ[\w-]+\.[\w-]+\.[\w-]*(?:\.[\w-]*){0,2}|(?i:\b(?:bearer|basic))\s+[\w.~+/=-]{8,}";
        let address = r"(://[^\s:/@]+:)[^\s/@]+@";
        Some([
            (escapes, ""),
            (Regex::new(token).ok()?, "***"),
            (Regex::new(named).ok()?, "${1}***"),
            (Regex::new(address).ok()?, "${1}***@"),
        ])
    };
    CELL.get_or_init(read).as_ref()
}

/// A line without escape sequences, as it is matched.
pub(super) fn plain(line: &str) -> String {
    let text = match patterns() {
        Some([(escapes, _), ..]) if line.contains('\x1b') => escapes.replace_all(line, "").into_owned(),
        _ => line.to_owned(),
    };
    text.trim_end().replace(|c: char| c.is_control() && c != '\t', "")
}

/// A line as it may be kept and shown.
pub(in crate::probes) fn tidy(line: &str) -> String {
    let mut text = plain(line);
    // Without the patterns nothing may be shown; they are constants.
    let Some(patterns) = patterns() else { return "***".into() };
    for (pattern, with) in patterns {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    short(&text, LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_without_secrets_and_colours() {
        for (line, shown) in [
            ("\x1b[31mERROR\x1b[0m no route\r", "ERROR no route"),
            ("dial postgres://app:hunter2@db:5432/x failed", "dial postgres://app:***@db:5432/x failed"),
            ("login password=hunter2, user=a", "login password=***, user=a"),
            ("{\"client_secret\": \"hunter2\", \"n\": 1}", "{\"client_secret\": \"***\", \"n\": 1}"),
            ("Authorization: Bearer abcdefgh12345", "Authorization: ***"),
            ("got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln twice", "got *** twice"),
            ("GET /callback?code_verifier=abc&x=1", "GET /callback?code_verifier=***&x=1"),
            ("token bucket is empty", "token bucket is empty"),
        ] {
            let told = tidy(line);
            assert!(told == shown && !told.contains("hunter2"), "{told} for {line}");
        }
    }

    #[test]
    fn long_lines_are_cut() {
        assert_eq!(tidy(&"x".repeat(1000)).chars().count(), LONG + 1);
    }
}
