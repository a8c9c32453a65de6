//! From tokens to the tree: precedence climbing by hand, since the messages are the point.
//!
//! From loosest to tightest: `or`, `and`, `not`, comparisons and `in` and `is`, `+ -`, `* /`, a minus sign, `. [ ] ( )`.

mod atoms;
mod habits;

use std::ops::Range;

use super::fault::Fault;
use super::lex::{Kind as TokenKind, Token, tokens};
use super::tree::{Arithmetic, Compare, Kind, Node, Test};
use crate::words::Value;

/// Longest source in bytes.
pub(super) const LONGEST: usize = 16 * 1024;
/// Deepest nesting.
const DEEPEST: usize = 64;

/// Reads a whole expression.
pub(super) fn parse(source: &str) -> Result<Node, Fault> {
    if source.len() > LONGEST {
        let message = format!("an expression has at most {LONGEST} bytes, this one has {}", source.len());
        return Err(Fault::new(0..0, message));
    }
    if source.trim().is_empty() {
        return Err(Fault::new(0..source.len(), "an expression is missing"));
    }
    let mut parser = Parser { source, tokens: tokens(source)?, next: 0, open: 0 };
    let node = parser.expression()?;
    match parser.peek().kind {
        TokenKind::End => Ok(node),
        _ => Err(parser.left_over()),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    /// Levels of recursion that are open.
    open: usize,
}

impl Parser<'_> {
    /// The next token; the last one is [`TokenKind::End`] and is never passed.
    fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn peek_after(&self) -> &Token {
        &self.tokens[(self.next + 1).min(self.tokens.len() - 1)]
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_word(word);
        self.next += usize::from(found);
        found
    }

    fn eat_sign(&mut self, sign: &str) -> bool {
        let found = self.peek().is_sign(sign);
        self.next += usize::from(found);
        found
    }

    /// A node of the given span, unless it nests too deeply.
    fn node(&self, kind: Kind, span: Range<usize>) -> Result<Node, Fault> {
        let mut node = Node { kind, span, depth: 0 };
        node.depth = 1 + node.children().iter().map(|child| child.depth).max().unwrap_or(0);
        if node.depth > DEEPEST { Err(too_deep(node.span)) } else { Ok(node) }
    }

    /// Runs a rule one level further down.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.open >= DEEPEST {
            return Err(too_deep(self.peek().span.clone()));
        }
        self.open += 1;
        let result = rule(self);
        self.open -= 1;
        result
    }

    fn expression(&mut self) -> Result<Node, Fault> {
        self.deeper(|parser| parser.chain("or", Kind::Any, |parser| parser.chain("and", Kind::All, Self::negation)))
    }

    /// `a WORD b WORD c` as one flat node.
    fn chain(
        &mut self,
        word: &str,
        kind: fn(Vec<Node>) -> Kind,
        mut part: impl FnMut(&mut Self) -> Result<Node, Fault>,
    ) -> Result<Node, Fault> {
        let first = part(self)?;
        if !self.peek().is_word(word) {
            return Ok(first);
        }
        let mut nodes = vec![first];
        while self.eat_word(word) {
            nodes.push(part(self)?);
        }
        let span = nodes[0].span.start..nodes[nodes.len() - 1].span.end;
        self.node(kind(nodes), span)
    }

    fn negation(&mut self) -> Result<Node, Fault> {
        if !self.peek().is_word("not") {
            return self.comparison();
        }
        let start = self.advance().span.start;
        let node = self.deeper(Self::negation)?;
        let span = start..node.span.end;
        self.node(Kind::Not(Box::new(node)), span)
    }

    fn comparison(&mut self) -> Result<Node, Fault> {
        let left = self.sum()?;
        let token = self.peek().clone();
        let node = if let Some(op) = comparison_sign(&token) {
            self.advance();
            let right = self.sum()?;
            let span = left.span.start..right.span.end;
            self.node(Kind::Compare { op, left: Box::new(left), right: Box::new(right) }, span)?
        } else if token.is_word("in") || token.is_word("not") && self.peek_after().is_word("in") {
            let negated = self.eat_word("not");
            self.advance();
            let right = self.sum()?;
            let span = left.span.start..right.span.end;
            self.node(Kind::In { negated, left: Box::new(left), right: Box::new(right) }, span)?
        } else if token.is_word("is") {
            self.advance();
            let negated = self.eat_word("not");
            let (test, end) = self.test(&left, negated)?;
            let span = left.span.start..end;
            self.node(Kind::Is { negated, test, of: Box::new(left) }, span)?
        } else {
            return Ok(left);
        };
        let after = self.peek();
        if comparison_sign(after).is_some() || after.is_word("in") || after.is_word("is") {
            let fault = Fault::new(after.span.clone(), "comparisons do not chain");
            return Err(fault.hint("write `a < b and b < c`"));
        }
        Ok(node)
    }

    fn sum(&mut self) -> Result<Node, Fault> {
        self.operators(&[Arithmetic::Add, Arithmetic::Subtract], |parser| {
            parser.operators(&[Arithmetic::Multiply, Arithmetic::Divide], Self::unary)
        })
    }

    /// `a OP b OP c`, from left to right.
    fn operators(&mut self, ops: &[Arithmetic], part: fn(&mut Self) -> Result<Node, Fault>) -> Result<Node, Fault> {
        let mut left = part(self)?;
        while let Some(op) = ops.iter().copied().find(|op| self.peek().is_sign(op.sign())) {
            self.advance();
            let right = part(self)?;
            let span = left.span.start..right.span.end;
            left = self.node(Kind::Arithmetic { op, left: Box::new(left), right: Box::new(right) }, span)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, Fault> {
        if !self.peek().is_sign("-") {
            return self.postfix();
        }
        let start = self.advance().span.start;
        let node = self.deeper(Self::unary)?;
        let span = start..node.span.end;
        let kind = match node.literal() {
            Some(Value::Number(n)) => Kind::Literal(Value::Number(-n)),
            Some(Value::Duration(n)) => Kind::Literal(Value::Duration(-n)),
            Some(Value::Size(n)) => Kind::Literal(Value::Size(-n)),
            Some(Value::Ratio(n)) => Kind::Literal(Value::Ratio(-n)),
            _ => Kind::Negative(Box::new(node)),
        };
        self.node(kind, span)
    }

    /// What stands after `is` or `is not`, and where it ends.
    fn test(&mut self, left: &Node, negated: bool) -> Result<(Test, usize), Fault> {
        let token = self.advance();
        let test = match &token.kind {
            TokenKind::Word(word) => match word.as_str() {
                "passing" => Test::Passing,
                "failing" => Test::Failing,
                "no_data" => Test::NoData,
                "empty" => Test::Empty,
                "defined" => Test::Defined,
                "matching" => return self.matching(&token.span),
                other => return Err(self.no_test(left, negated, other, token.span.clone())),
            },
            _ => return Err(self.no_test(left, negated, "", token.span)),
        };
        Ok((test, token.span.end))
    }

    /// `('pattern')` after `matching`.
    fn matching(&mut self, word: &Range<usize>) -> Result<(Test, usize), Fault> {
        let shape = "write `x is matching('pattern')`";
        if !self.eat_sign("(") {
            return Err(Fault::new(word.clone(), "`matching` needs a pattern in parentheses").hint(shape));
        }
        let token = self.advance();
        let TokenKind::Text(pattern) = &token.kind else {
            return Err(Fault::new(token.span, "a pattern is a quoted text").hint(shape));
        };
        let test = match regex::Regex::new(pattern) {
            Ok(regex) => Test::Matching(regex),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                return Err(Fault::new(token.span, format!("this pattern cannot be read: {why}")));
            }
        };
        let close = self.close(")", word.end)?;
        Ok((test, close))
    }

    /// The closing sign, or the fault that it is missing; gives where it ends.
    fn close(&mut self, sign: &'static str, opened: usize) -> Result<usize, Fault> {
        if self.peek().is_sign(sign) {
            return Ok(self.advance().span.end);
        }
        let token = self.peek();
        Err(match token.kind {
            TokenKind::End => Fault::new(opened..self.source.len(), format!("this is not closed with `{sign}`")),
            TokenKind::Sign(_) => self.unexpected(&format!("`{sign}` is missing before this")),
            _ => self.left_over(),
        })
    }
}

fn comparison_sign(token: &Token) -> Option<Compare> {
    Compare::ALL.into_iter().find(|op| token.is_sign(op.sign()))
}

fn too_deep(span: Range<usize>) -> Fault {
    Fault::new(span, format!("this is nested more than {DEEPEST} levels deep"))
}
