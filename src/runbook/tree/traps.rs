//! YAML's own errors in words that name the trap.

use std::ops::Range;

use serde_yaml::granit_parser::{ErrorKind, ScanError};

use super::super::{Fault, SourceFile};

/// Bytes that are overwritten by as many harmless ones, so that reading can go on behind a fault.
#[derive(Debug)]
pub struct Repair {
    pub start: usize,
    pub end: usize,
}

impl Repair {
    /// The text with the bytes overwritten; every other byte keeps its place.
    pub fn apply(&self, text: &str) -> String {
        let end = self.end.min(text.len());
        let start = self.start.min(end);
        match (text.get(..start), text.get(end..)) {
            (Some(before), Some(after)) => format!("{before}{}{after}", "x".repeat(end - start)),
            _ => text.to_owned(),
        }
    }
}

/// A syntax error in words, and how it can be stepped over.
#[derive(Debug)]
pub struct Trap {
    pub fault: Fault,
    pub repair: Option<Repair>,
}

/// Names the trap behind a syntax error.
pub fn explain(error: &ScanError, text: &str, source: &SourceFile, file: u16) -> Trap {
    let offset = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let line = line_around(text, offset);
    let shown = text.get(line.clone()).unwrap_or("");
    let fault = |at: usize, message: &str, hint: &str| Fault::error(source.place(file, at), message).hint(hint);
    let step_over = |start: usize, len: usize| Some(Repair { start, end: start + len });

    if let ErrorKind::TabNotAllowed
    | ErrorKind::TabInBlockIndentation
    | ErrorKind::TabInIndentation
    | ErrorKind::TabAtBlockScalarStart
    | ErrorKind::InvalidBlockEntryWhitespace
    | ErrorKind::InvalidMappingValueWhitespace
    | ErrorKind::TabInPlainScalar = error.kind()
    {
        let at = shown
            .find('\t')
            .map(|i| line.start + i)
            .or_else(|| text[line.start..].find("\n\t").map(|i| line.start + i + 1));
        let at = at.unwrap_or(offset);
        return Trap {
            fault: fault(at, "a tab: YAML is indented with spaces", "replace each tab by spaces"),
            repair: None,
        };
    }
    if let Some(hole) = braces_in_flow(text, offset) {
        let message = "`${{ }}` inside `{ }` or `[ ]` without quotes";
        let repair = step_over(hole.start, hole.len());
        return Trap { fault: fault(hole.start, message, "quote the text: \"${{ … }}\""), repair };
    }
    if let ErrorKind::UnknownQuotedScalarEscape = error.kind() {
        let at = bad_escape(text, offset).unwrap_or(offset);
        let escape: String = text[at..].chars().take(2).collect();
        let message = format!("`{escape}` is no escape that YAML knows in double quotes");
        return Trap { fault: fault(at, &message, "use single quotes: '…'"), repair: step_over(at, 1) };
    }
    if let Some((at, len, message, hint)) = first_character(text, &line, error.kind(), offset) {
        return Trap { fault: fault(at, &message, hint), repair: step_over(at, len) };
    }
    if let Some((at, quote)) = words_after_quotes(text, &line) {
        let message = format!("a value that begins with a quoted word goes on behind the quotes (`{quote}`)");
        let repair = step_over(at, quote.len());
        return Trap { fault: fault(at, &message, "quote the whole text with the other kind of quotes"), repair };
    }
    if let ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement | ErrorKind::SimpleKeyExpected =
        error.kind()
        && let Some(at) = second_colon(text, &line)
    {
        return Trap { fault: fault(at, "`: ` inside a text", "quote the text"), repair: step_over(at, 1) };
    }
    let (message, hint) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => ("nested too deeply", ""),
        ErrorKind::DirectiveDisallowed => ("`%` begins a YAML directive", "quote the text"),
        ErrorKind::UnclosedQuotedScalar => {
            ("these quotes are not closed", "close them, or put the text in the other kind of quotes")
        }
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::MismatchedFlowCollectionEnd { .. } => (
            "`{` or `[` is not closed as it was opened",
            "close it; a text with `,`, `:`, `{`, `}`, `[` or `]` in it is quoted",
        ),
        ErrorKind::MisplacedFlowCollectionEnd => ("this closes nothing", ""),
        ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
            if !shown.trim_start().starts_with('-') && !shown.contains(": -") =>
        {
            (
                "this line is indented neither like its neighbours nor like what it belongs to",
                "align it with the lines that belong together",
            )
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            "a `key: value` cannot stand here: what is above it already has its value",
            "check the indentation, and quote a text with `: ` in it",
        ),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => (
            "this line is indented neither like its neighbours nor like what it belongs to",
            "align it with the lines that belong together",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::ExpectedBlockSequenceEntry => {
            ("a list's `-` does not belong here", "give the list a line of its own, indented below its key")
        }
        _ => ("", ""),
    };
    if message.is_empty() {
        return Trap { fault: fault(offset, &format!("this is not YAML: {}", error.kind()), ""), repair: None };
    }
    Trap { fault: fault(offset, message, hint), repair: None }
}

fn line_around(text: &str, offset: usize) -> Range<usize> {
    let start = text[..floor(text, offset)].rfind('\n').map_or(0, |i| i + 1);
    let end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    start..end
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The nearest unquoted `${{ … }}` before an error within the same lines of a flow collection.
fn braces_in_flow(text: &str, offset: usize) -> Option<Range<usize>> {
    let offset = floor(text, offset);
    let line = line_around(text, offset);
    // The error is found at the inner brace, at the separator behind it, or at the line's end.
    let start =
        text[line.start..line.end].match_indices("${{").map(|(i, _)| line.start + i).filter(|i| *i <= offset).last()?;
    let before = &text[line.start..start];
    let in_flow =
        before.contains('{') || before.contains('[') || text[..line.start].trim_end().ends_with(['{', '[', ',']);
    let quoted = before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1;
    if !in_flow || quoted {
        return None;
    }
    let end = text[start..line.end].find("}}").map_or(line.end, |i| start + i + 2);
    Some(start..end)
}

/// A value that begins with a character that means something else to YAML.
fn first_character(
    text: &str,
    line: &Range<usize>,
    kind: &ErrorKind,
    offset: usize,
) -> Option<(usize, usize, String, &'static str)> {
    let value = value_start(text, line)?;
    let rest = &text[value..line.end];
    let first = rest.chars().next()?;
    let message = |c: char| format!("a value cannot begin with `{c}` without quotes");
    match first {
        '@' | '`' | '%' => Some((value, 1, message(first), "quote the text")),
        '>' | '|' => {
            let header = rest[1..].trim_start_matches(['-', '+', '1', '2', '3', '4', '5', '6', '7', '8', '9']).trim();
            (!header.is_empty() && !header.starts_with('#')).then(|| {
                (value, 1, format!("`{first}` begins a block of text, which starts on the next line"), "quote the text")
            })
        }
        '*' | '&' | '!' if offset <= line.end && !matches!(kind, ErrorKind::UnclosedQuotedScalar) => {
            Some((value, 1, message(first), "quote the text"))
        }
        _ => None,
    }
}

/// Where the value of a line's `key:` or `-` begins.
fn value_start(text: &str, line: &Range<usize>) -> Option<usize> {
    let mut start = line.start;
    loop {
        let rest = text.get(start..line.end)?;
        start += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        if let Some(more) = rest.strip_prefix("- ") {
            start += rest.len() - more.len();
            continue;
        }
        let key = rest
            .find(": ")
            .filter(|i| rest[..*i].chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'')));
        return match key {
            Some(i) => {
                let value = &rest[i + 2..];
                Some(start + i + 2 + (value.len() - value.trim_start().len()))
            }
            None => Some(start).filter(|_| !rest.is_empty()),
        };
    }
}

/// A value such as `"a" or "b"`: its quoted beginning.
fn words_after_quotes<'t>(text: &'t str, line: &Range<usize>) -> Option<(usize, &'t str)> {
    let value = value_start(text, line)?;
    let rest = &text[value..line.end];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let close = rest[1..].find(quote)? + 2;
    let behind = rest[close..].trim_start();
    (!behind.is_empty() && !behind.starts_with([':', '#', ',', '}', ']'])).then_some((value, &rest[..close]))
}

/// The second `: ` of a line (or a `:` at its end), which YAML takes for a map inside a text.
fn second_colon(text: &str, line: &Range<usize>) -> Option<usize> {
    let value = value_start(text, line)?;
    let rest = &text[value..line.end];
    rest.find(": ").or_else(|| rest.trim_end().ends_with(':').then(|| rest.trim_end().len() - 1)).map(|i| value + i)
}

/// The first backslash from an offset on that begins no escape of YAML's.
fn bad_escape(text: &str, offset: usize) -> Option<usize> {
    let from = floor(text, offset);
    let mut chars = text[from..].char_indices();
    while let Some((i, c)) = chars.next() {
        if c == '\\' {
            let (_, next) = chars.next()?;
            if !"0abt\tnvfre \"/\\N_LPxuU\r\n".contains(next) {
                return Some(from + i);
            }
        }
    }
    None
}
