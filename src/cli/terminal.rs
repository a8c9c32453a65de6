//! What this terminal can show.

use std::io::IsTerminal;

/// Only ASCII: a locale that is not UTF-8, or one whose ambiguous characters are two cells wide.
pub fn is_ascii() -> bool {
    of_locale(|name| std::env::var(name).ok())
}

/// Colours: a terminal on stdout, and no `NO_COLOR` (<https://no-color.org>).
pub fn is_colored() -> bool {
    colored(std::io::stdout().is_terminal())
}

/// Colours on stderr.
pub fn is_colored_on_stderr() -> bool {
    colored(std::io::stderr().is_terminal())
}

fn colored(terminal: bool) -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    terminal && !dumb && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// POSIX's order: the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set counts. None at all says nothing against UTF-8:
/// containers and services often have none.
fn of_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
    let Some(locale) = locale else { return false };
    let lower = locale.to_ascii_lowercase();
    let utf8 = lower.contains("utf-8") || lower.contains("utf8");
    !utf8 || ["ja", "ko", "zh"].iter().any(|cjk| lower.starts_with(cjk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_counts() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
            of_locale(move |name| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
        };
        assert!(!of(&[("LANG", "de_DE.UTF-8")]));
        assert!(!of(&[("LANG", "C.utf8")]));
        assert!(of(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]));
        assert!(!of(&[("LC_ALL", ""), ("LANG", "en_US.UTF-8")]));
        assert!(of(&[("LANG", "ja_JP.UTF-8")]));
        assert!(!of(&[]));
    }
}
