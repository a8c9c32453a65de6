//! The nearest right key, and what the neighbours call things.

use super::Part;
use crate::expr;

/// Keys of Ansible, GitHub Actions, Compose and Kubernetes with what they are called here.
const NEIGHBOURS: &[(&str, &[&str])] = &[
    ("name", &["title"]),
    ("description", &["about", "why", "text", "title"]),
    ("desc", &["about", "why", "text", "title"]),
    ("if", &["when"]),
    ("only_if", &["when"]),
    ("register", &["capture"]),
    ("outputs", &["capture"]),
    ("save", &["capture"]),
    ("loop", &["for_each"]),
    ("with_items", &["for_each"]),
    ("matrix", &["for_each"]),
    ("strategy", &["for_each"]),
    ("foreach", &["for_each"]),
    ("shell", &["script"]),
    ("bash", &["script"]),
    ("command", &["run"]),
    ("cmd", &["run"]),
    ("exec", &["run"]),
    ("block", &["steps"]),
    ("tasks", &["steps"]),
    ("items", &["steps"]),
    ("stages", &["phases"]),
    ("jobs", &["phases"]),
    ("interval", &["every"]),
    ("periodSeconds", &["every"]),
    ("delay", &["every"]),
    ("retries", &["times", "retry"]),
    ("failureThreshold", &["fail_after"]),
    ("successThreshold", &["pass_after"]),
    ("timeoutSeconds", &["timeout"]),
    ("timeout-minutes", &["timeout"]),
    ("expr", &["when", "expect"]),
    ("condition", &["when", "expect"]),
    ("successCondition", &["expect", "when"]),
    ("assert", &["expect"]),
    ("failed_when", &["expect"]),
    ("working-directory", &["cwd"]),
    ("working_dir", &["cwd"]),
    ("chdir", &["cwd"]),
    ("dir", &["cwd", "folder"]),
    ("environment", &["env"]),
    ("uses", &["use"]),
    ("include_tasks", &["use"]),
    ("includes", &["include"]),
    ("import", &["include"]),
    ("vars", &["parameters", "with"]),
    ("variables", &["parameters", "with"]),
    ("inputs", &["parameters"]),
    ("params", &["parameters", "with"]),
    ("prompt", &["ask", "confirm"]),
    ("question", &["ask"]),
    ("message", &["text"]),
    ("body", &["text"]),
    ("duration", &["for"]),
    ("rescue", &["undo"]),
    ("always", &["rollback"]),
    ("no_log", &["hide_output"]),
    ("services", &["targets"]),
    ("hosts", &["targets"]),
    ("host", &["address", "url"]),
    ("uri", &["url"]),
    ("format", &["as"]),
    ("default_value", &["default"]),
    ("values", &["one_of"]),
    ("choices", &["one_of"]),
    ("options", &["one_of"]),
    ("enum", &["one_of"]),
    ("regex", &["pattern", "match"]),
    ("json", &["at"]),
    ("label", &["title", "ask"]),
    ("id", &["title"]),
    ("sleep", &["wait"]),
    ("pause", &["wait", "confirm"]),
];

/// What to say about a key that a part does not have.
pub fn nearest(part: &Part, word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let neighbour = NEIGHBOURS
        .iter()
        .filter(|(theirs, _)| *theirs == word || theirs.to_ascii_lowercase() == lower)
        .flat_map(|(_, ours)| ours.iter().copied())
        .filter(|ours| part.find(ours).is_some())
        .collect::<Vec<_>>();
    if let [first, rest @ ..] = neighbour.as_slice() {
        let more: String = rest.iter().map(|word| format!(" or `{word}`")).collect();
        return Some(format!("here it is `{first}`{more}"));
    }
    if let Some(near) = expr::nearest(word, part.all().map(|key| key.name)) {
        return Some(format!("did you mean `{near}`?"));
    }
    None
}

/// The part's keys for a message, the first few.
pub fn some_keys(part: &Part) -> String {
    let mut names: Vec<String> = part.all().take(8).map(|key| format!("`{}`", key.name)).collect();
    if part.all().count() > 8 {
        names.push("…".into());
    }
    names.join(", ")
}
