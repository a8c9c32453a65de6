//! What of a look leaves the sampler: no secrets, nothing long.

use std::collections::BTreeMap;

use crate::words::Value;

/// A text of a field is cut here; a step that captures asks for a fresh look, which keeps [`LONG`].
pub(super) const SHORT: usize = 2 * 1024;
/// A text of a field of a fresh look that somebody asked for.
pub(super) const LONG: usize = 256 * 1024;
/// A list or map keeps so many members.
const MEMBERS: usize = 1_000;

/// Words in the names of values that are not shown.
const SECRET: [&str; 8] = ["password", "passwd", "secret", "token", "private_key", "api_key", "apikey", "credential"];

/// The fields as they may be kept and shown.
pub(super) fn publish(fields: BTreeMap<String, Value>, most: usize) -> BTreeMap<String, Value> {
    fields.into_iter().map(|(name, value)| (name, public(value, most))).collect()
}

fn public(value: Value, most: usize) -> Value {
    match value {
        Value::Text(text) => Value::Text(cut(without_password(text), most)),
        Value::List(items) => Value::List(items.into_iter().take(MEMBERS).map(|v| public(v, most)).collect()),
        Value::Map(map) => {
            let shown = |(name, value): (String, Value)| {
                let value = if is_secret(&name, &value) { Value::Text("(hidden)".into()) } else { public(value, most) };
                (name, value)
            };
            Value::Map(map.into_iter().take(MEMBERS).map(shown).collect())
        }
        other => other,
    }
}

fn is_secret(name: &str, value: &Value) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    matches!(value, Value::Text(_) | Value::Number(_)) && SECRET.iter().any(|word| name.contains(word))
}

/// `scheme://user:password@host` without the password.
fn without_password(text: String) -> String {
    let Some(start) = text.find("://").map(|i| i + 3) else { return text };
    let end = text[start..].find(['/', '?', ' ', '\n', '"']).map_or(text.len(), |i| start + i);
    match text[start..end].rfind('@') {
        Some(at) => match text[start..start + at].find(':') {
            Some(colon) => format!("{}***{}", &text[..start + colon + 1], &text[start + at..]),
            None => text,
        },
        None => text,
    }
}

fn cut(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_by_name_and_passwords_in_addresses_are_hidden() {
        let inner = Value::Map(BTreeMap::from([
            ("db-password".into(), Value::Text("hush".into())),
            ("url".into(), Value::Text("postgres://u:hush@h/db".into())),
            ("token_count".into(), Value::Bool(true)),
            ("level".into(), Value::Text("INFO".into())),
        ]));
        let fields = publish(BTreeMap::from([("at".to_owned(), inner)]), SHORT);
        let text = fields["at"].to_string();
        assert_eq!(text, "{db-password: (hidden), level: INFO, token_count: true, url: postgres://u:***@h/db}");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let Value::Text(text) = public(Value::Text("é".repeat(3000)), SHORT) else { panic!() };
        assert_eq!(text.chars().count(), SHORT / 2 + 1);
    }
}
