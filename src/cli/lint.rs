//! `lint`: everything that is to be said about runbooks. Executes nothing.

use chrono::Utc;

use super::args::LintArgs;
use super::{Exit, Stop, print, terminal};
use crate::runbook::{Problem, Severity, lint, load};

/// `flightdeck lint`.
pub fn main(args: &LintArgs) -> Result<Exit, Stop> {
    let today = Utc::now().date_naive();
    let (mut errors, mut warnings) = (0, 0);
    for path in &args.runbooks {
        let problems = match load(path) {
            Ok(loaded) => lint(&loaded, today),
            Err(problems) => problems,
        };
        let count = |severity| problems.iter().filter(|p: &&Problem| p.severity == severity).count();
        let found = (count(Severity::Error), count(Severity::Warning));
        let mut text: String = problems.iter().map(|p| format!("{}\n\n", p.render(terminal::is_colored()))).collect();
        text.push_str(&format!("{}: {}\n", path.display(), counted(found)));
        print(&text)?;
        errors += found.0;
        warnings += found.1;
    }
    if args.runbooks.len() > 1 {
        print(&format!("all {}: {}\n", args.runbooks.len(), counted((errors, warnings))))?;
    }
    Ok(if errors == 0 { Exit::Completed } else { Exit::Usage })
}

fn counted((errors, warnings): (usize, usize)) -> String {
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
}
