//! The files that were read, and how a place in a text of theirs is found again.

use sha2::{Digest, Sha256};

use super::At;

/// One file as it was read, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path that messages show.
    pub path: String,
    /// The path from the runbook's own folder, with `/`: `production.yaml`, `common.yaml`, `../shared/smoke.sh`.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// sha256 of the bytes, hex.
    pub sha256: String,
    /// Byte offset of each line's start.
    lines: Vec<u32>,
}

impl SourceFile {
    /// A file's bytes under the path that messages show and the name that it is found by.
    pub fn new(path: impl Into<String>, name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let sha256 = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        let lines = std::iter::once(0)
            .chain(
                bytes
                    .iter()
                    .enumerate()
                    .filter(|(_, b)| **b == b'\n')
                    .map(|(i, _)| u32::try_from(i + 1).unwrap_or(u32::MAX)),
            )
            .collect();
        Self { path: path.into(), name: name.into(), bytes, sha256, lines }
    }

    /// The text, or the place of the first byte that is not UTF-8.
    pub fn text(&self) -> Result<&str, usize> {
        std::str::from_utf8(&self.bytes).map_err(|e| e.valid_up_to())
    }

    /// A line (from 1) without its end; empty when there is no such line.
    pub fn line(&self, line: u32) -> String {
        let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(start) = self.lines.get(index).map(|o| *o as usize) else { return String::new() };
        let end = self.lines.get(index + 1).map_or(self.bytes.len(), |o| *o as usize);
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']).to_owned()
    }

    /// The place of a byte offset.
    pub fn place(&self, file: u16, offset: usize) -> At {
        let offset = offset.min(self.bytes.len());
        let line = self.lines.partition_point(|start| *start as usize <= offset).max(1);
        let start = self.lines.get(line - 1).map_or(0, |o| *o as usize);
        let before = self.bytes.get(start..offset).unwrap_or_default();
        let column = String::from_utf8_lossy(before).chars().count() + 1;
        At { file, line: short(line), column: short(column), offset: short(offset) }
    }
}

fn short(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// All files of one runbook; the first is the runbook itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The files in the order they were read.
    pub files: Vec<SourceFile>,
}

impl Sources {
    /// The file that a place is in.
    pub fn file(&self, at: At) -> Option<&SourceFile> {
        self.files.get(usize::from(at.file))
    }

    /// The place of the `offset`th byte of the text that a scalar at `at` says.
    ///
    /// A text may be quoted, folded or indented in the file, so the two are walked side by side.
    pub fn inside(&self, at: At, text: &str, offset: usize) -> At {
        let Some(file) = self.file(at) else { return at };
        let start = at.offset as usize;
        let end = start.saturating_add(text.len().saturating_mul(4)).saturating_add(4096).min(file.bytes.len());
        let Some(bytes) = file.bytes.get(start..end) else { return at };
        let whole = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
        let Some(raw) = bytes.get(..whole).and_then(|b| std::str::from_utf8(b).ok()) else { return at };
        let wanted = text.get(..offset).unwrap_or(text);
        file.place(at.file, start + walk(raw, wanted, text))
    }
}

/// How many bytes of `raw` (which begins with a scalar) stand before the end of `wanted`, a beginning of its text.
fn walk(raw: &str, wanted: &str, text: &str) -> usize {
    let first = raw.chars().next().unwrap_or(' ');
    let quoted = matches!(first, '"' | '\'');
    let mut rest = if quoted { &raw[1..] } else { raw };
    let skip = |rest: &mut &str| {
        // Space that the text does not have (indentation, the line break that became a space) is stepped over.
        *rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
    };
    for c in wanted.chars().chain(text.get(wanted.len()..).and_then(|t| t.chars().next())).enumerate() {
        let (index, c) = c;
        let last = index == wanted.chars().count();
        let Some(next) = rest.chars().next() else { break };
        if next != c {
            if next.is_whitespace() || c.is_whitespace() {
                skip(&mut rest);
                if c.is_whitespace() {
                    continue;
                }
            } else if first == '"' && next == '\\' {
                rest = rest.get(1..).unwrap_or("");
            }
        }
        if last {
            break;
        }
        let step = rest.chars().next().map_or(0, char::len_utf8);
        rest = rest.get(step..).unwrap_or("");
        if first == '\'' && c == '\'' && rest.starts_with('\'') {
            rest = &rest[1..];
        }
    }
    raw.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::tree::parse;

    /// Where the text `find` of the value of `a` stands in the file, as `line:column`.
    fn place(yaml: &str, find: &str) -> String {
        let source = SourceFile::new("t.yaml", "t.yaml", yaml.as_bytes().to_vec());
        let root = parse(0, &source, &mut vec![]).root.unwrap();
        let sources = Sources { files: vec![source] };
        let node = root.get("a").unwrap();
        let text = node.text().unwrap();
        let at = sources.inside(node.at, text, text.find(find).unwrap());
        format!("{}:{}", at.line, at.column)
    }

    #[test]
    fn a_place_in_a_text_is_found_in_the_file_however_it_was_written() {
        assert_eq!(place("a: one two\n", "two"), "1:8");
        assert_eq!(place("a: 'it''s two'\n", "two"), "1:11");
        assert_eq!(place("a: \"one \\\"q\\\" two\"\n", "two"), "1:15");
        assert_eq!(place("a: |\n  one\n  two three\n", "three"), "3:7");
        assert_eq!(place("a: |\n  one\n    two\n", "two"), "3:5");
        assert_eq!(place("a: >-\n  one\n  two\n  three\n", "three"), "4:3");
        assert_eq!(place("a: one\n  two\n", "two"), "2:3");
        assert_eq!(place("a: é two\n", "two"), "1:6");
    }

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        let file = SourceFile::new("t", "t", "ab\nçd\n".as_bytes().to_vec());
        let at = file.place(0, 5);
        assert_eq!((at.line, at.column), (2, 2));
        assert_eq!(file.line(2), "çd");
        assert_eq!(file.line(9), "");
        assert_eq!(file.sha256.len(), 64);
    }
}
