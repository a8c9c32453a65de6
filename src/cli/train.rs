//! `train`: fly a scenario in the sandbox, or list what there is.

use std::fmt::Write as _;

use super::args::TrainArgs;
use super::book::Book;
use super::{Exit, Stop, print, run};
use crate::sandbox::{Scenario, scenario, scenarios};

/// `flightdeck train`.
pub fn main(args: &TrainArgs) -> Result<Exit, Stop> {
    match &args.scenario {
        None => {
            print(&listed(&scenarios().map_err(|e| Stop::usage(e.to_string()))?))?;
            Ok(Exit::Completed)
        }
        Some(name) => {
            let scenario = scenario(name).map_err(|e| Stop::usage(e.to_string()))?;
            run::fly(&Book::shipped(&scenario.runbook)?, &args.fly, Some(&scenario), false)
        }
    }
}

/// What there is to fly, with minutes and what one learns.
fn listed(all: &[Scenario]) -> String {
    let width = all.iter().map(|s| s.name.len()).max().unwrap_or_default();
    let mut text = String::from("Training flights touch nothing real. Fly one with `flightdeck train NAME`.\n\n");
    for scenario in all {
        let _ = writeln!(text, "  {:width$}  {:>3} min  {}", scenario.name, scenario.minutes, scenario.title);
        for line in wrapped(&scenario.about, 70) {
            let _ = writeln!(text, "  {:width$}           {line}", "");
        }
    }
    text
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_what_one_learns() {
        let text = listed(&scenarios().unwrap());
        assert!(text.contains("first-flight") && text.contains("12 min") && text.contains("learn the keys"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
    }
}
