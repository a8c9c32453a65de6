//! The forms in which a secret value turns up in output.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Derived needles shorter than this are left out: they would mask innocent text.
const MIN_BYTES: usize = 6;

/// All needles of one value, without CR and LF (the scanner goes through line breaks).
pub(super) fn needles(value: &str) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    for part in parts(value) {
        for form in forms(&part) {
            let bytes: Vec<u8> = form.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
            if bytes.len() >= MIN_BYTES {
                found.insert(bytes);
            }
        }
    }
    found
}

/// The value, its lines, and the text leaves of a JSON document.
fn parts(value: &str) -> BTreeSet<String> {
    let mut parts = BTreeSet::from([value.trim_end_matches(['\r', '\n']).to_owned(), value.trim().to_owned()]);
    if value.trim().contains('\n') {
        // The armour of a PEM block is no secret and stands in many files.
        parts.extend(value.lines().map(str::trim).filter(|line| !line.starts_with("-----")).map(str::to_owned));
    }
    if value.trim_start().starts_with(['{', '['])
        && let Ok(json) = serde_json::from_str(value)
    {
        leaves(&json, &mut parts);
    }
    parts.retain(|part| part.trim().chars().count() >= MIN_BYTES);
    parts
}

fn leaves(json: &serde_json::Value, into: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::String(text) => {
            into.insert(text.clone());
            // A certificate or key inside a JSON document is printed line by line too.
            into.extend(text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).map(str::to_owned));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        serde_json::Value::Object(items) => items.values().for_each(|item| leaves(item, into)),
        _ => {}
    }
}

fn forms(part: &str) -> Vec<String> {
    let mut forms = vec![part.to_owned()];
    json(part, &mut forms);
    url(part, &mut forms);
    base64(part.as_bytes(), &mut forms);
    forms.push(hex(part.as_bytes(), false));
    forms.push(hex(part.as_bytes(), true));
    shell(part, &mut forms);
    forms
}

/// JSON as serde writes it, as Python does (ASCII only), as Go does (HTML-safe), with `\/`, and JSON inside JSON.
fn json(part: &str, forms: &mut Vec<String>) {
    let plain = json_escape(part, |_| false);
    forms.push(json_escape(part, |c| !c.is_ascii()));
    forms.push(json_escape(part, |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')));
    forms.push(json_escape(part, |c| !c.is_ascii()).to_uppercase_escapes());
    forms.push(plain.replace('/', "\\/"));
    forms.push(json_escape(&plain, |_| false));
    forms.push(plain);
}

fn json_escape(part: &str, also: impl Fn(char) -> bool) -> String {
    let mut text = String::with_capacity(part.len() + 8);
    for c in part.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            c if c < ' ' || also(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
            c => text.push(c),
        }
    }
    text
}

/// Hexadecimal digits of `\uXXXX` in capitals.
trait UppercaseEscapes {
    fn to_uppercase_escapes(&self) -> String;
}

impl UppercaseEscapes for String {
    fn to_uppercase_escapes(&self) -> String {
        let mut text = String::with_capacity(self.len());
        let mut rest = self.as_str();
        while let Some(at) = rest.find("\\u") {
            let end = rest.len().min(at + 6);
            text.push_str(&rest[..at + 2]);
            text.push_str(&rest[at + 2..end].to_uppercase());
            rest = &rest[end..];
        }
        text.push_str(rest);
        text
    }
}

/// Percent-encoding: strict, as browsers' components, as paths, and as forms; digits in capitals and small.
fn url(part: &str, forms: &mut Vec<String>) {
    for keep in ["-._~", "-._~!*'()", "-._~/", "-._~!$&'()*+,;=:@/?", "-._*"] {
        for capitals in [true, false] {
            let mut text = String::with_capacity(part.len() + 8);
            for byte in part.bytes() {
                match byte {
                    b if b.is_ascii_alphanumeric() || keep.as_bytes().contains(&b) => text.push(b as char),
                    b if capitals => drop(write!(text, "%{b:02X}")),
                    b => drop(write!(text, "%{b:02x}")),
                }
            }
            if keep == "-._*" {
                text = text.replace("%20", "+");
            }
            forms.push(text);
        }
    }
}

/// Base64 of the value at each of the three offsets inside a longer text: the characters that depend on nothing
/// else; and to the end, when nothing follows. Standard and URL-safe alphabets.
fn base64(part: &[u8], forms: &mut Vec<String>) {
    for offset in 0..3 {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(part);
        let start = (offset * 8).div_ceil(6);
        let whole = bytes.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.extend(text.get(start..whole).map(str::to_owned));
            forms.extend(text.get(start..).map(str::to_owned));
        }
    }
}

fn hex(part: &[u8], capitals: bool) -> String {
    let mut text = String::with_capacity(part.len() * 2);
    for byte in part {
        let _ = if capitals { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
    }
    text
}

/// As `set -x` and `printf %q` print it: inside single quotes, as `$'…'` (with and without octal for non-ASCII), with
/// backslashes; and with doubled single quotes (SQL, YAML).
fn shell(part: &str, forms: &mut Vec<String>) {
    forms.push(part.replace('\'', "'\\''"));
    forms.push(part.replace('\'', "''"));
    forms.push(ansi_c(part, false));
    forms.push(ansi_c(part, true));
    let mut backslashed = String::with_capacity(part.len() + 8);
    for c in part.chars() {
        // Bash's list of what it puts a backslash before.
        if " \t!\"#$&'()*,;<>?[\\]^`{|}".contains(c) {
            backslashed.push('\\');
        }
        backslashed.push(c);
    }
    forms.push(backslashed);
}

fn ansi_c(part: &str, octal: bool) -> String {
    let mut text = String::with_capacity(part.len() + 8);
    for c in part.chars() {
        match c {
            '\u{7}' => text.push_str("\\a"),
            '\u{8}' => text.push_str("\\b"),
            '\u{1b}' => text.push_str("\\E"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{b}' => text.push_str("\\v"),
            '\\' => text.push_str("\\\\"),
            '\'' => text.push_str("\\'"),
            c if c < ' ' || c == '\u{7f}' || (octal && !c.is_ascii()) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(text, "\\{byte:03o}");
                }
            }
            c => text.push(c),
        }
    }
    text
}
