//! Commands as a person types them.

use std::fmt::Write as _;

use crate::engine::event::{Env, Resolved, Started};
use crate::engine::plan::{Action, Item, Program};
use crate::expr::{Piece, Scope, Template};
use crate::words::{shell_word, shell_words};

/// A resolved attempt as a person types it: shell words, with its folder and environment in front.
pub(super) fn of(started: &Started) -> String {
    let mut line = String::new();
    if !started.cwd.is_empty() {
        let _ = write!(line, "cd {} && ", word(&started.cwd));
    }
    for (name, value) in &started.env {
        match value {
            Env::Value(value) => {
                let _ = write!(line, "{name}={} ", word(value));
            }
            Env::Secret(source) => {
                let _ = write!(line, "{name}=\"{}\" ", names_only(source));
            }
        }
    }
    match &started.what {
        Resolved::Argv(words) => line.push_str(&shell_words(words)),
        Resolved::Script { shell, text } => line.push_str(&script(shell, text)),
        Resolved::Notice { .. } | Resolved::Watching => {}
    }
    line
}

/// A script for a shell's standard input.
pub(super) fn script(shell: &str, text: &str) -> String {
    let options = if shell == "bash" { "-euo pipefail" } else { "-eu" };
    format!("{shell} {options} -s <<'FLIGHTDECK'\n{}\nFLIGHTDECK", text.trim_end())
}

/// A command that cannot be resolved yet: what is not known stands as `<its expression>`.
pub(super) fn as_far_as_known(item: &Item, scope: &dyn Scope) -> String {
    match &item.action {
        Action::Run(run) => match &run.program {
            Program::Argv(words) => words.iter().map(|w| partly(w, scope)).collect::<Vec<_>>().join(" "),
            Program::Script { shell, text } => script(shell, text),
        },
        _ => String::new(),
    }
}

/// A text with what is known filled in; the rest, secrets among it, stands as `<its expression>`.
pub(super) fn partly(template: &Template, scope: &dyn Scope) -> String {
    let pieces = template.pieces().iter().map(|piece| match piece {
        Piece::Plain(text) => text.clone(),
        Piece::Filled { expr, .. } => {
            Template::from_pieces([piece.clone()]).fill(scope).unwrap_or_else(|_| format!("<{}>", expr.source()))
        }
    });
    pieces.collect()
}

/// A text's expressions as `<names>`.
fn names_only(source: &str) -> String {
    match Template::parse(source) {
        Ok(template) => partly(&template, &std::collections::BTreeMap::<String, crate::words::Value>::new()),
        Err(_) => format!("<{source}>"),
    }
}

/// A word as a shell reads it back.
pub(super) fn word(word: &str) -> String {
    shell_word(word)
}
