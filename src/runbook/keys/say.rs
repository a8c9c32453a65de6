//! Kinds and parts in words, for messages.

use super::Kind;
use super::words::some_keys;

/// What a kind is, for messages.
pub(super) fn takes(kind: &Kind) -> String {
    match kind {
        Kind::Plain | Kind::Text | Kind::Value => "a text".into(),
        Kind::Expr => "a condition or value".into(),
        Kind::Exprs => "a condition, or a list of them".into(),
        Kind::Name(space) => format!("a {}'s name", space.word()),
        Kind::Names(space) => format!("a {}'s name, or a list of them", space.word()),
        Kind::Probe => "a probe's name".into(),
        Kind::Probes => "a list of probes".into(),
        Kind::Duration => "a duration".into(),
        Kind::Date => "a day".into(),
        Kind::Bool => "`true` or `false`".into(),
        Kind::Count(_) => "a whole number".into(),
        Kind::Words(words) => words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Kind::Regex => "a regular expression".into(),
        Kind::Texts | Kind::Plains => "a text, or a list of them".into(),
        Kind::Command => "a command: a text, or a list of arguments".into(),
        Kind::Script => "a script".into(),
        Kind::Map(_) => "a map".into(),
        Kind::NameMap(_) | Kind::Named(_) => "a map by name".into(),
        Kind::List(part) => format!("a list: each {} begins with `- `", part.name),
        Kind::Part(part) => match part.lone {
            Some(_) => format!("{}: a text, or keys", article(part.name)),
            None => format!("keys: {}", some_keys(part)),
        },
        Kind::Either(kinds) => kinds.iter().map(takes).collect::<Vec<_>>().join(", or "),
    }
}

/// A noun with its article; what is called by its key stands in backticks.
pub(super) fn article(noun: &str) -> String {
    match noun {
        "defaults" | "where" | "objectives" | "probe defaults" => format!("`{noun}`"),
        noun if noun.starts_with(['a', 'e', 'i', 'o', 'u']) && noun != "use" => format!("an {noun}"),
        noun => format!("a {noun}"),
    }
}
