//! The JSON Schema of runbooks, from the table of keys.

mod page;

pub use page::page;

use serde_json::{Map, Value, json};

use super::keys::{DURATION, INCLUDED, Kind, Part, RUNBOOK, Rest};

/// `[a-z][a-z0-9_]*`, as names are.
const NAME: &str = "^[a-z][a-z0-9_]*$";
/// As a name, and may have `-`.
const KEY: &str = "^[a-z][a-z0-9_-]*$";
/// A probe by name: whole, by key, or the present item's.
const PROBE: &str =
    r#"^\s*[a-z][a-z0-9_]*(\.[a-z][a-z0-9_-]*|\[\s*(item|'[a-z][a-z0-9_-]*'|"[a-z][a-z0-9_-]*")\s*\])?\s*$"#;

/// The JSON Schema (draft 2020-12) of runbooks and of the files that they include.
///
/// What has `steps` or `phases` is a runbook, so that an editor tells the faults of one of the two alone.
pub fn schema() -> Value {
    let mut defs = Defs::default();
    let runbook = defs.part(&RUNBOOK);
    let included = defs.part(&INCLUDED);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "flightdeck runbook",
        "description": RUNBOOK.doc,
        "if": { "anyOf": [{ "required": ["steps"] }, { "required": ["phases"] }] },
        "then": runbook,
        "else": included,
        "$defs": defs.0,
    })
}

/// Definitions of parts, each once.
#[derive(Default)]
struct Defs(Map<String, Value>);

impl Defs {
    /// A reference to a part's definition, which is made when it is not yet there.
    fn part(&mut self, part: &'static Part) -> Value {
        let id = part.name.replace(' ', "_");
        if !self.0.contains_key(&id) {
            // A part may hold itself: its place is taken before it is made.
            self.0.insert(id.clone(), Value::Null);
            let made = self.make(part);
            self.0.insert(id.clone(), made);
        }
        json!({ "$ref": format!("#/$defs/{id}") })
    }

    fn make(&mut self, part: &'static Part) -> Value {
        let mut properties = Map::new();
        let mut beside = Map::new();
        for key in part.all() {
            let mut of = self.kind(&key.kind);
            if let Value::Object(map) = &mut of {
                let default =
                    if key.default.is_empty() { String::new() } else { format!(" Default: {}.", key.default) };
                map.insert("description".into(), json!(format!("{}{default}", key.doc)));
            }
            properties.insert(key.name.into(), of);
            if !key.with.is_empty() {
                let any: Vec<Value> = key.with.iter().map(|with| json!({ "required": [with] })).collect();
                beside.insert(key.name.into(), json!({ "anyOf": any }));
            }
        }
        let mut object = Map::new();
        object.insert("type".into(), json!("object"));
        object.insert("description".into(), json!(part.doc));
        object.insert("properties".into(), Value::Object(properties));
        let needed: Vec<&str> = part.all().filter(|key| key.needed).map(|key| key.name).collect();
        if !needed.is_empty() {
            object.insert("required".into(), json!(needed));
        }
        if !beside.is_empty() {
            object.insert("dependentSchemas".into(), Value::Object(beside));
        }
        self.rest(part, &mut object);
        if !part.one_of.is_empty() {
            let mut branches: Vec<Value> = part.one_of.iter().map(|key| json!({ "required": [key] })).collect();
            if !part.one_needed {
                branches.push(json!({ "not": { "anyOf": branches.clone() } }));
            }
            object.insert("oneOf".into(), json!(branches));
        }
        let object = Value::Object(object);
        match part.lone.and_then(|lone| part.find(lone)) {
            Some(key) => json!({ "anyOf": [self.kind(&key.kind), object], "description": part.doc }),
            None => object,
        }
    }

    fn rest(&mut self, part: &'static Part, object: &mut Map<String, Value>) {
        match &part.rest {
            Rest::None => {
                object.insert("additionalProperties".into(), json!(false));
            }
            Rest::Ignored => {
                object.insert("patternProperties".into(), json!({ "^x-": true }));
                object.insert("additionalProperties".into(), json!(false));
            }
            Rest::Names(kind) | Rest::Keys(kind) => {
                let of = self.kind(kind);
                let names = if matches!(part.rest, Rest::Keys(_)) { KEY } else { NAME };
                object.insert("propertyNames".into(), json!({ "pattern": names }));
                object.insert("additionalProperties".into(), of);
            }
        }
    }

    fn kind(&mut self, kind: &'static Kind) -> Value {
        match kind {
            // Only a text keeps what was written: 1.10 would be 1.1.
            Kind::Plain | Kind::Text | Kind::Regex => json!({ "type": ["string", "number"], "minLength": 1 }),
            Kind::Value => json!({ "type": ["string", "number", "boolean"] }),
            Kind::Script => json!({ "type": "string", "minLength": 1 }),
            Kind::Expr => json!({ "type": ["string", "number", "boolean"] }),
            Kind::Exprs => one_or_list(json!({ "type": ["string", "number", "boolean"] })),
            Kind::Name(_) => json!({ "type": "string", "pattern": NAME }),
            Kind::Names(_) => one_or_list(json!({ "type": "string", "pattern": NAME })),
            Kind::Probe => json!({ "type": "string", "pattern": PROBE }),
            Kind::Probes => one_or_list(json!({ "type": "string", "pattern": PROBE })),
            Kind::Duration => json!({ "type": "string", "pattern": DURATION }),
            Kind::Date => json!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::Count(least) => json!({ "type": "integer", "minimum": least }),
            Kind::Words(words) => {
                let all: Vec<Value> =
                    words.iter().map(|(word, doc)| json!({ "const": word, "description": doc })).collect();
                json!({ "oneOf": all })
            }
            Kind::Texts | Kind::Plains => one_or_list(json!({ "type": ["string", "number"], "minLength": 1 })),
            Kind::Command => {
                let word = json!({ "type": ["string", "number"] });
                json!({ "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "array", "items": word, "minItems": 1 }] })
            }
            Kind::Map(kind) => json!({ "type": "object", "additionalProperties": self.kind(kind) }),
            Kind::NameMap(kind) => {
                json!({ "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": self.kind(kind) })
            }
            Kind::Named(part) => {
                json!({ "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": self.part(part) })
            }
            Kind::List(part) => json!({ "type": "array", "items": self.part(part) }),
            Kind::Part(part) => self.part(part),
            Kind::Either(kinds) => {
                let all: Vec<Value> = kinds.iter().map(|kind| self.kind(kind)).collect();
                json!({ "anyOf": all })
            }
        }
    }
}

fn one_or_list(one: Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "items": one }] })
}

#[cfg(test)]
mod tests;
