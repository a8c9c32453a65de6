//! The answers file: what an unattended run answers where it may not decide by itself.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cli::Stop;
use crate::cli::book::told;
use crate::engine::{Answer, Answers};
use crate::expr::nearest;
use crate::runbook::model::{Action, Runbook, Step, TargetGroup};
use crate::runbook::tree::{self, Entry, Node};
use crate::runbook::{Fault, Problem, SourceFile, Sources};

/// What may stand in a long answer.
const KEYS: [&str; 6] = ["answer", "by", "fields", "skip", "defer", "override"];

/// Answers as the run keeps them.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// What is written to `answers.json`.
    pub json: Vec<u8>,
    /// Its sha256 in hex, for the journal.
    pub sha256: String,
}

/// Reads an answers file and checks its shape and ids against all that this runbook could ask, whatever its parameters.
pub fn read(path: &Path, runbook: &Runbook) -> Result<Given, Stop> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Stop::usage(format!("--answers {}: the file cannot be read: {e}", path.display())))?;
    let answers =
        parse(&path.display().to_string(), text, runbook).map_err(|problems| Stop::problems(told(&problems)))?;
    let json = serde_json::to_vec_pretty(&answers).map_err(|e| Stop::usage(format!("{}: {e}", path.display())))?;
    let sha256 = Sha256::digest(&json).iter().map(|b| format!("{b:02x}")).collect();
    Ok(Given { json, sha256 })
}

fn parse(path: &str, text: String, runbook: &Runbook) -> Result<Answers, Vec<Problem>> {
    let sources = Sources { files: vec![SourceFile::new(path, path, text.into_bytes())] };
    let mut faults = vec![];
    let root = sources.files.first().and_then(|file| tree::parse(0, file, &mut faults).root);
    let mut answers = BTreeMap::new();
    let ids = Ids::of(runbook);
    match root.as_ref().map(|root| (root, root.entries())) {
        None => {}
        Some((root, None)) if root.is_null() => {}
        Some((root, None)) => {
            faults.push(
                Fault::error(root.at, "an answers file is a map from item id to answer").hint("write `id: answer`"),
            );
        }
        Some((_, Some(entries))) => {
            for entry in entries {
                let Some(id) = entry.key.text() else { continue };
                if let Some(why) = ids.refuse(id) {
                    faults.push(Fault::error(entry.key.at, why.0).width(id.len()).hint(why.1));
                    continue;
                }
                if let Some(answer) = one(entry, &mut faults) {
                    answers.insert(id.to_owned(), answer);
                }
            }
        }
    }
    if faults.is_empty() { Ok(Answers(answers)) } else { Err(Problem::all(faults, &sources)) }
}

fn one(entry: &Entry, faults: &mut Vec<Fault>) -> Option<Answer> {
    let Some(details) = entry.value.entries() else {
        return scalar(&entry.value, faults).map(|text| Answer { answer: Some(text), ..Answer::default() });
    };
    let mut answer = Answer::default();
    for Entry { key, value } in details {
        let name = key.text().unwrap_or_default();
        let slot = match name {
            "answer" => &mut answer.answer,
            "by" => &mut answer.by,
            "skip" => &mut answer.skip,
            "defer" => &mut answer.defer,
            "override" => &mut answer.overrides,
            "fields" => {
                let Some(fields) = value.entries() else {
                    faults.push(
                        Fault::error(value.at, "`fields` is a map from field to value").hint("write `{ name: value }`"),
                    );
                    continue;
                };
                for field in fields {
                    if let (Some(name), Some(text)) = (field.key.text(), scalar(&field.value, faults)) {
                        answer.fields.insert(name.to_owned(), text);
                    }
                }
                continue;
            }
            other => {
                let hint = nearest(other, KEYS).map_or_else(
                    || format!("an answer is a value, or a map of {}", KEYS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                faults.push(Fault::error(key.at, format!("an answer has no `{other}`")).width(other.len()).hint(hint));
                continue;
            }
        };
        *slot = scalar(value, faults);
    }
    Some(answer)
}

fn scalar(value: &Node, faults: &mut Vec<Fault>) -> Option<String> {
    match value.text() {
        Some(text) if !value.is_null() && !text.trim().is_empty() => Some(text.to_owned()),
        _ => {
            let found = value.kind();
            faults.push(Fault::error(value.at, format!("{found} stands where an answer or a reason is wanted")));
            None
        }
    }
}

/// All ids that some choice of parameters could ask for.
struct Ids {
    /// Ids without `[key]`, and whether a `for_each` stands around them.
    steps: BTreeMap<String, bool>,
    /// Keys of targets.
    keys: Vec<String>,
    /// Some targets are known only from a list parameter.
    any_key: bool,
    limitations: Vec<String>,
}

impl Ids {
    fn of(runbook: &Runbook) -> Self {
        let mut ids = Self { steps: BTreeMap::new(), keys: vec![], any_key: false, limitations: vec![] };
        for phase in runbook.phases.iter().chain(&runbook.rollback) {
            for section in &phase.sections {
                ids.steps(runbook, &section.steps, "", false, 0);
            }
        }
        for group in runbook.targets.values() {
            match group {
                TargetGroup::Fixed { targets, .. } => ids.keys.extend(targets.keys().cloned()),
                TargetGroup::Each { .. } => ids.any_key = true,
            }
        }
        ids.limitations = runbook.limitations.keys().map(|name| format!("limitations.{name}")).collect();
        ids
    }

    fn steps(&mut self, runbook: &Runbook, steps: &[Step], prefix: &str, each: bool, depth: usize) {
        // A block that uses itself is a fault that the loader tells; here it must only end.
        if depth > 16 {
            return;
        }
        for step in steps {
            let each = each || step.for_each.is_some();
            match &step.action {
                Action::Group { steps, .. } => self.steps(runbook, steps, prefix, each, depth + 1),
                Action::Use(used) => {
                    if let Some(block) = runbook.blocks.get(&used.block) {
                        self.steps(runbook, &block.steps, &format!("{prefix}{}.", step.id), each, depth + 1);
                    }
                }
                _ => {
                    self.steps.insert(format!("{prefix}{}", step.id), each);
                }
            }
            self.steps(runbook, &step.undo, prefix, each, depth + 1);
        }
    }

    /// Why nothing has this id, and what to do about it.
    fn refuse(&self, id: &str) -> Option<(String, String)> {
        if id == "start" || id == "rollback" || self.limitations.iter().any(|l| l == id) {
            return None;
        }
        let (base, key) = match id.split_once('[') {
            Some((base, rest)) => (base, rest.strip_suffix(']')),
            None => (id, None),
        };
        match (self.steps.get(base), key) {
            (Some(true), Some(key)) if self.any_key || self.keys.iter().any(|k| k == key) => None,
            (Some(false), None) if base == id => None,
            (Some(true), Some(key)) => Some((
                format!("no target is called `{key}`"),
                nearest(key, self.keys.iter().map(String::as_str)).map_or_else(
                    || format!("there are {}", self.keys.join(", ")),
                    |n| format!("did you mean `{base}[{n}]`?"),
                ),
            )),
            (Some(true), None) => {
                let key = self.keys.first().map_or("key", String::as_str);
                Some((format!("`{base}` is there once for each target"), format!("write `{base}[{key}]`")))
            }
            (Some(false), _) => Some((format!("`{base}` is there once"), format!("write `{base}`"))),
            (None, _) => {
                let all = self
                    .steps
                    .keys()
                    .map(String::as_str)
                    .chain(self.limitations.iter().map(String::as_str))
                    .chain(["start"]);
                let hint = nearest(base, all).map_or_else(
                    || "`flightdeck plan RUNBOOK` lists the ids".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                Some((format!("this runbook has no item `{id}`"), hint))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Memory, load_from};

    const BOOK: &str = r#"flightdeck: 1
title: T
parameters: { identity: { type: bool, default: false } }
targets:
  services: { kms: { port: '1' }, authz: { when: identity, port: '2' } }
limitations: { not_ready: { effect: blocks, text: not ready } }
blocks:
  smoke: [{ title: Ping }]
steps:
  - { title: Look around }
  - { title: "Restart ${{ item }}", id: restart, for_each: services, run: 'true ${{ item.port }}', timeout: 5s }
  - { title: Smoke, use: smoke }
"#;

    fn answers(text: &str) -> Result<Answers, String> {
        let memory = Memory { files: BTreeMap::from([("b.yaml".to_owned(), BOOK.as_bytes().to_vec())]) };
        let loaded = load_from(&memory, "b.yaml").map_err(|p| format!("{p:?}"))?;
        parse("a.yaml", text.to_owned(), &loaded.runbook)
            .map_err(|problems| problems.iter().map(|p| format!("{p}\n")).collect())
    }

    #[test]
    fn a_value_keeps_its_text_and_a_map_its_words() {
        let read =
            answers("look_around: 1.10\nrestart[kms]: { skip: not today }\nsmoke.ping: true\nstart: prod\n").unwrap();
        assert_eq!(read.0["look_around"].answer.as_deref(), Some("1.10"));
        assert_eq!(read.0["restart[kms]"].skip.as_deref(), Some("not today"));
        assert_eq!(read.0["smoke.ping"].answer.as_deref(), Some("true"));
        let again: Answers = serde_json::from_slice(&serde_json::to_vec(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn what_another_choice_of_parameters_would_ask_is_known() {
        assert!(answers("restart[authz]: true\nlimitations.not_ready: { override: we know }\n").is_ok());
    }

    #[test]
    fn an_unknown_id_names_its_neighbour_and_all_are_told() {
        let told = answers("look_arround: true\nrestart: true\nrestart[idp]: true\nsmoke.ping[kms]: 1\n").unwrap_err();
        for wanted in
            ["did you mean `look_around`?", "write `restart[kms]`", "no target is called `idp`", "write `smoke.ping`"]
        {
            assert!(told.contains(wanted), "{wanted}: {told}");
        }
        assert!(told.contains("a.yaml:1:1"), "{told}");
    }

    #[test]
    fn an_answer_has_its_keys_and_a_reason() {
        let told = answers("look_around: { skipp: later }\nsmoke.ping: { skip: }\n").unwrap_err();
        assert!(told.contains("did you mean `skip`?") && told.contains("reason is wanted"), "{told}");
        assert!(answers("- a\n").unwrap_err().contains("map from item id"));
        assert!(answers("").unwrap().0.is_empty());
    }
}
