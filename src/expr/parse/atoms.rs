//! Literals, names, calls, lists, and the steps into them.

use super::super::fault::{Fault, did_you_mean};
use super::super::lex::Kind as TokenKind;
use super::super::tree::{Function, Kind, Node, Root, Step, StepKind};
use super::{Parser, habits};
use crate::words::Value;

/// Most arguments of a call and members of a list.
const MOST: usize = 1000;

impl Parser<'_> {
    /// An atom and the steps into it.
    pub(super) fn postfix(&mut self) -> Result<Node, Fault> {
        let base = self.atom()?;
        let (start, mut end) = (base.span.start, base.span.end);
        let mut steps = Vec::new();
        loop {
            let opened = self.peek().span.start;
            let step = if self.eat_sign(".") {
                self.field(opened)?
            } else if self.peek().is_sign("[") {
                self.index()?
            } else {
                break;
            };
            end = step.span.end;
            steps.push(step);
        }
        if steps.is_empty() {
            return Ok(base);
        }
        let kind = match base.kind {
            Kind::Path { root, steps: mut first } => {
                first.extend(steps);
                Kind::Path { root, steps: first }
            }
            _ => Kind::Path { root: Root::Value(Box::new(base)), steps },
        };
        self.node(kind, start..end)
    }

    fn field(&mut self, dot: usize) -> Result<Step, Fault> {
        let token = self.advance();
        let span = dot..token.span.end;
        match token.kind {
            TokenKind::Word(name) => Ok(Step { kind: StepKind::Field(name), span }),
            TokenKind::Quantity(_) => {
                let found = &self.source[token.span];
                let hint = match found.parse::<u32>() {
                    Ok(n) => format!("write `[{n}]` for the place in a list, `['{n}']` for a key"),
                    Err(_) => format!("write `['{found}']`"),
                };
                Err(Fault::new(span, "a field's name begins with a letter").hint(hint))
            }
            _ => Err(Fault::new(span, "a field's name is missing after `.`")),
        }
    }

    fn index(&mut self) -> Result<Step, Fault> {
        let start = self.advance().span.start;
        if self.peek().is_sign("]") {
            return Err(Fault::new(start..self.peek().span.end, "a key is missing between `[` and `]`"));
        }
        let node = self.expression()?;
        let end = self.close("]", start)?;
        let kind = match node.kind {
            Kind::Literal(Value::Text(key)) => StepKind::Field(key),
            _ => StepKind::Index(node),
        };
        Ok(Step { kind, span: start..end })
    }

    fn atom(&mut self) -> Result<Node, Fault> {
        let token = self.peek().clone();
        let literal = match &token.kind {
            TokenKind::Quantity(value) => value.clone(),
            TokenKind::Text(text) => Value::Text(text.clone()),
            TokenKind::Word(word) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "and" | "or" | "in" | "is" | "not" => return Err(self.unexpected("a value is missing before this")),
                word => match habits::name(word) {
                    Some((message, hint)) => return Err(Fault::new(token.span, message).hint(hint)),
                    None => return self.name_or_call(word, token.span),
                },
            },
            TokenKind::Sign("(") => return self.group(),
            TokenKind::Sign("[") => return self.list(),
            _ => return Err(self.unexpected("a value is missing here")),
        };
        self.advance();
        self.node(Kind::Literal(literal), token.span)
    }

    fn group(&mut self) -> Result<Node, Fault> {
        let start = self.advance().span.start;
        if self.peek().is_sign(")") {
            return Err(Fault::new(start..self.peek().span.end, "there is nothing between `(` and `)`"));
        }
        let mut node = self.expression()?;
        node.span = start..self.close(")", start)?;
        Ok(node)
    }

    fn list(&mut self) -> Result<Node, Fault> {
        let start = self.advance().span.start;
        let (nodes, end) = self.members("]", start)?;
        self.node(Kind::List(nodes), start..end)
    }

    fn name_or_call(&mut self, word: &str, span: std::ops::Range<usize>) -> Result<Node, Fault> {
        self.advance();
        if !self.peek().is_sign("(") {
            return self.node(Kind::Path { root: Root::Name(word.to_owned()), steps: vec![] }, span);
        }
        let Some(function) = Function::ALL.into_iter().find(|f| f.name() == word) else {
            let names = || Function::ALL.iter().map(|f| f.name());
            let hint = habits::function(word)
                .map(|ours| format!("write `{ours}`"))
                .or_else(|| did_you_mean(word, names()))
                .unwrap_or_else(|| format!("functions are {}", names().collect::<Vec<_>>().join(", ")));
            return Err(Fault::new(span, format!("there is no function `{word}`")).hint(hint));
        };
        let opened = self.advance().span.start;
        let (args, end) = self.members(")", opened)?;
        self.node(Kind::Call { function, args }, span.start..end)
    }

    /// Expressions with commas between them (one may end the row), up to the closing sign.
    fn members(&mut self, closing: &'static str, opened: usize) -> Result<(Vec<Node>, usize), Fault> {
        let mut nodes = Vec::new();
        loop {
            if self.peek().is_sign(closing) {
                return Ok((nodes, self.advance().span.end));
            }
            if nodes.len() >= MOST {
                return Err(Fault::new(self.peek().span.clone(), format!("this has more than {MOST} members")));
            }
            nodes.push(self.expression()?);
            if !self.eat_sign(",") {
                return Ok((nodes, self.close(closing, opened)?));
            }
        }
    }
}
