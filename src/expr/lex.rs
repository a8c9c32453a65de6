//! From text to tokens, each with its bytes; the neighbours' signs are named here.

use std::ops::Range;

use super::fault::Fault;
use super::quantity::quantity;
use crate::words::Value;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A number, with its unit.
    Quantity(Value),
    /// A quoted text, without its quotes.
    Text(String),
    /// A name or a keyword.
    Word(String),
    /// A sign of the language.
    Sign(&'static str),
    /// The end of the text.
    End,
}

/// A token and its bytes in the text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
}

impl Token {
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(w) if w == word)
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind, Kind::Sign(s) if s == sign)
    }
}

/// Signs of the language, longest first.
const SIGNS: [&str; 18] =
    ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ",", ".", "{", "}"];

/// Signs of other languages: what they are called here.
const HABITS: [(&str, &str, &str); 27] = [
    ("===", "there is no `===`", "write `==`"),
    ("!==", "there is no `!==`", "write `!=`"),
    ("=~", "there is no `=~`", "write `x is matching('…')`"),
    ("!~", "there is no `!~`", "write `x is not matching('…')`"),
    ("=>", "there is no `=>`", "write `>=`"),
    ("=<", "there is no `=<`", "write `<=`"),
    ("<>", "there is no `<>`", "write `!=`"),
    ("&&", "there is no `&&`", "write `and`"),
    ("||", "there is no `||`", "write `or`"),
    ("**", "there is no `**`", "only `+ - * /` calculate"),
    ("${{", "no braces here: this is an expression already", "write the inner part alone"),
    ("{{", "no braces here: this is an expression already", "write the inner part alone"),
    ("}}", "no braces here: this is an expression already", "write the inner part alone"),
    ("=", "`=` does not compare", "write `==`"),
    ("!", "there is no `!`", "write `not`"),
    ("&", "there is no `&`", "write `and`"),
    ("|", "there is no `|`, and there are no filters", "write `or`, or a call such as `count(x)`"),
    ("$", "no `$` here", "write the bare name"),
    ("?", "there is no `?`", "write two steps, each with its own `when`"),
    ("≥", "there is no `≥`", "write `>=`"),
    ("≤", "there is no `≤`", "write `<=`"),
    ("≠", "there is no `≠`", "write `!=`"),
    ("×", "there is no `×`", "write `*`"),
    ("−", "this is not the minus sign of the keyboard", "write `-`"),
    ("“", "curly quotes do not quote", "write '…' or \"…\""),
    ("‘", "curly quotes do not quote", "write '…' or \"…\""),
    ("`", "backticks do not quote", "write '…' or \"…\""),
];

/// All tokens, the last one [`Kind::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let rest = &source[at..];
        let (kind, length) = match c {
            '0'..='9' => number(rest, at)?,
            '\'' | '"' => text(rest, at, c)?,
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                (Kind::Word(rest[..length].to_owned()), length)
            }
            _ => sign(source, at, tokens.last())?,
        };
        tokens.push(Token { kind, span: at..at + length });
        at += length;
    }
    tokens.push(Token { kind: Kind::End, span: source.len()..source.len() });
    Ok(tokens)
}

fn number(rest: &str, at: usize) -> Result<(Kind, usize), Fault> {
    let mut length =
        rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | 'µ' | 'μ'))).unwrap_or(rest.len());
    if rest[length..].starts_with('%') {
        length += 1;
    }
    match quantity(&rest[..length]) {
        Ok(value) => Ok((Kind::Quantity(value), length)),
        Err(wrong) => Err(Fault::new(at..at + length, wrong.message).maybe_hint(wrong.hint)),
    }
}

/// A quoted text: as it stands, the quote itself is written twice.
fn text(rest: &str, at: usize, quote: char) -> Result<(Kind, usize), Fault> {
    let (mut text, mut i) = (String::new(), 1);
    loop {
        let Some(end) = rest[i..].find(quote) else {
            return Err(
                Fault::new(at..at + rest.len(), "this text does not end").hint(format!("close it with {quote}"))
            );
        };
        text.push_str(&rest[i..i + end]);
        i += end + 1;
        if !rest[i..].starts_with(quote) {
            break;
        }
        text.push(quote);
        i += 1;
    }
    if let Some(found) = rest[..i].find("${{") {
        let fault =
            Fault::new(at + found..at + found + 3, "nothing is filled in inside a quoted text of an expression");
        return Err(fault.hint("compare with the name itself, without quotes and braces"));
    }
    Ok((Kind::Text(text), i))
}

fn sign(source: &str, at: usize, before: Option<&Token>) -> Result<(Kind, usize), Fault> {
    let rest = &source[at..];
    let known = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    let habit = HABITS.iter().find(|(theirs, ..)| rest.starts_with(theirs));
    // The longer one counts: `==` is ours, `===` is not.
    match (known, habit) {
        (Some(sign), habit) if habit.is_none_or(|(theirs, ..)| theirs.len() <= sign.len()) => {
            return Ok((Kind::Sign(sign), sign.len()));
        }
        (_, Some((theirs, message, hint))) => {
            let fault = Fault::new(at..at + theirs.len(), *message);
            return Err(match inner(rest, theirs) {
                Some(inner) => fault.hint(format!("write `{inner}`")),
                None => fault.hint(*hint),
            });
        }
        _ => {}
    }
    let c = rest.chars().next().unwrap_or_default();
    let span = at..at + c.len_utf8();
    if c != '%' {
        return Err(Fault::new(span, format!("`{}` does not belong into an expression", c.escape_debug())));
    }
    match before {
        Some(Token { kind: Kind::Quantity(Value::Number(_)), span: number }) => {
            let digits = &source[number.clone()];
            Err(Fault::new(number.start..span.end, "no space before a unit").hint(format!("write `{digits}%`")))
        }
        _ => Err(Fault::new(span, "`%` stands only after a number").hint("as in `5%`")),
    }
}

/// What stands between braces, or after a `$`.
fn inner<'a>(rest: &'a str, opening: &str) -> Option<&'a str> {
    let after = &rest[opening.len()..];
    match opening {
        "${{" | "{{" => after.split_once("}}").map(|(inner, _)| inner.trim()).filter(|inner| !inner.is_empty()),
        "$" => {
            let length = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            Some(&after[..length]).filter(|name| !name.is_empty())
        }
        _ => None,
    }
}
