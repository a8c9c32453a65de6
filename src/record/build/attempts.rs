//! Attempts and the commands that they ran.

use std::collections::BTreeMap;

use super::super::document::AttemptRecord;
use crate::engine::Attempt;
use crate::engine::event::{Env, Resolved};

pub(super) fn attempt(attempt: &Attempt) -> AttemptRecord {
    let started = &attempt.what;
    let ended = attempt.ended.as_ref().map(|(_, ended)| ended.as_ref());
    let (mut argv, mut script, mut notice) = (None, None, None);
    match &started.what {
        Resolved::Argv(words) => argv = Some(words.clone()),
        Resolved::Script { shell, text } => script = Some((shell.clone(), text.clone())),
        Resolved::Notice { to, title, text } => {
            notice = Some((to.iter().map(|name| name.0.clone()).collect(), title.clone(), text.clone()));
        }
        Resolved::Watching => {}
    }
    let env: BTreeMap<String, String> = started
        .env
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Env::Value(value) => value.clone(),
                Env::Secret(source) => format!("<secret: {source}>"),
            };
            (name.clone(), value)
        })
        .collect();
    AttemptRecord {
        number: attempt.number,
        by: attempt.by.to_string(),
        started: attempt.started,
        ended: attempt.ended.as_ref().map(|(stamp, _)| *stamp),
        command: argv.as_ref().map(|words: &Vec<String>| crate::words::shell_words(words)),
        argv,
        script,
        notice,
        cwd: (!started.cwd.is_empty()).then(|| started.cwd.clone()),
        env,
        digest: started.digest.clone(),
        edited: started.edited,
        from_file: started.from_file,
        changes: started.changes,
        adopted: attempt.adopted,
        outcome: match ended {
            Some(ended) => ended.outcome.map_or("unknown", crate::words::Outcome::words),
            None => "running",
        },
        settled: attempt.settled,
        exit: ended.and_then(|ended| ended.exit),
        signal: ended.and_then(|ended| ended.signal),
        seconds: ended.map(|ended| ended.took as f64 / 1e6),
        why: ended.and_then(|ended| ended.why.clone()),
        evidence: ended.and_then(|ended| ended.evidence.clone()),
        output_bytes: ended.map_or(0, |ended| ended.output_bytes),
        output_sha256: ended.map(|ended| ended.output_sha256.clone()).unwrap_or_default(),
        last_lines: ended.map(|ended| ended.last_lines.clone()).unwrap_or_default(),
    }
}
