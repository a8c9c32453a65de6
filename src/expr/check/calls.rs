//! Functions: their arguments and what they give.

use super::super::fault::Fault;
use super::super::tree::{Function, Node};
use super::super::types::Type;
use super::super::version::Version;
use super::Checker;
use crate::words::Value;

/// Most samples and longest time of a window: a watch of 30 days.
const MOST_SAMPLES: f64 = 100_000.0;
const LONGEST_WINDOW: f64 = 30.0 * 86_400.0;

impl Checker<'_> {
    pub(super) fn call(&mut self, node: &Node, function: Function, args: &[Node]) -> Type {
        match (function, args) {
            (Function::Count, [list]) => {
                match self.value(list) {
                    Type::Any | Type::List(_) | Type::Flags(_) | Type::Map(_) | Type::Record(_) => {}
                    found => self.wrong(list, &found, "a list or a map"),
                }
                Type::Number
            }
            (Function::Json, [text]) => {
                self.text_argument(text);
                Type::Any
            }
            (Function::Version, [text]) => {
                self.text_argument(text);
                if let Some(Value::Text(text_value)) = text.literal()
                    && Version::parse(text_value).is_none()
                {
                    self.fault(
                        Fault::new(text.span.clone(), format!("'{text_value}' is no version")).hint("as in '1.2.3'"),
                    );
                }
                Type::Version
            }
            (Function::File, [secret]) => {
                let found = self.infer(secret);
                if secret.name().is_none() || !matches!(found, Type::Secret | Type::Any) {
                    let fault = Fault::new(
                        secret.span.clone(),
                        format!("`file` wants the name of a secret, this is {}", found.words()),
                    );
                    self.fault(fault.hint("a parameter with `type: secret`"));
                }
                Type::Text
            }
            (Function::Min | Function::Max, [first, rest @ ..]) => self.extreme(node, function, first, rest),
            (Function::Avg | Function::Increase | Function::Delta, [probe, window]) => {
                self.window(window);
                self.probe(probe)
            }
            (Function::Growth, [probe, window]) => {
                self.window(window);
                self.probe(probe);
                Type::Ratio
            }
            (Function::Quantile, [quantile, probe, window]) => {
                let fits =
                    matches!(quantile.literal(), Some(Value::Number(q) | Value::Ratio(q)) if (0.0..=1.0).contains(q));
                if !fits {
                    let fault = Fault::new(quantile.span.clone(), "the first of `quantile` is a number from 0 to 1");
                    self.fault(fault.hint("as in `quantile(0.95, probe, 5m)`"));
                }
                self.window(window);
                self.probe(probe)
            }
            (Function::SuccessRate | Function::Uptime, [probe]) => {
                match self.infer(probe) {
                    Type::Probe(_) | Type::ProbeGroup { .. } => {}
                    found => self.no_probe(probe, &found),
                }
                Type::Ratio
            }
            (Function::Baseline, [probe]) => self.probe(probe),
            _ => {
                args.iter().for_each(|arg| {
                    self.infer(arg);
                });
                let fault = Fault::new(node.span.clone(), format!("`{}` is not called so", function.name()));
                self.fault(fault.hint(format!("write `{}`", function.shape())))
            }
        }
    }

    fn wrong(&mut self, node: &Node, found: &Type, wanted: &str) {
        let message = format!("`{}` is {}, wanted is {wanted}", self.text(node), found.words());
        self.fault(Fault::new(node.span.clone(), message));
    }

    fn text_argument(&mut self, node: &Node) {
        let found = self.value(node);
        if found != Type::Any && !found.is_text() {
            self.wrong(node, &found, "a text");
        }
    }

    /// A probe with a figure of its own; gives the figure's type.
    fn probe(&mut self, node: &Node) -> Type {
        match self.infer(node) {
            Type::Probe(unit) => Type::of_unit(unit),
            Type::ProbeGroup { .. } => {
                let text = self.text(node);
                let fault = Fault::new(
                    node.span.clone(),
                    format!("`{text}` is a group of probes and has no figure of its own"),
                );
                self.fault(fault.hint(format!("write `{text}[item]`")))
            }
            found => {
                self.no_probe(node, &found);
                Type::Any
            }
        }
    }

    fn no_probe(&mut self, node: &Node, found: &Type) {
        if *found == Type::Any && !self.faults.is_empty() {
            return;
        }
        let message = format!("`{}` is {}, wanted is the name of a probe", self.text(node), found.words());
        self.fault(Fault::new(node.span.clone(), message).hint("only probes have samples over time"));
    }

    /// `min` and `max`: of values, of a list, or of a probe over time.
    fn extreme(&mut self, node: &Node, function: Function, first: &Node, rest: &[Node]) -> Type {
        let found = self.infer(first);
        let mut common = match (&found, rest) {
            (Type::Probe(unit), [window]) if is_window(window) => {
                self.window(window);
                return Type::of_unit(*unit);
            }
            (Type::List(of), []) => (**of).clone(),
            (Type::Any, []) => return Type::Any,
            (_, []) => {
                let fault = Fault::new(node.span.clone(), format!("`{}` wants two values, or a list", function.name()));
                return self.fault(fault.hint(format!("write `{}`", function.shape())));
            }
            _ => self.value(first),
        };
        for (at, node) in std::iter::once(first).chain(rest).enumerate() {
            let found = if at == 0 { common.clone() } else { self.value(node) };
            match (&common, &found) {
                (_, Type::Any) => {}
                (_, found) if !ordered(found) => {
                    self.wrong(node, &found.clone(), "something that has an order");
                    return Type::Any;
                }
                (Type::Any, _) => common = found,
                (before, found) if before == found => {}
                (before, found) => {
                    let message = format!(
                        "`{}` wants values of one type: here are {} and {}",
                        function.name(),
                        before.words(),
                        found.words()
                    );
                    return self.fault(Fault::new(node.span.clone(), message));
                }
            }
        }
        common
    }

    fn window(&mut self, node: &Node) {
        let fits = match node.literal() {
            Some(Value::Duration(seconds)) => *seconds > 0.0 && *seconds <= LONGEST_WINDOW,
            Some(Value::Number(samples)) => samples.fract() == 0.0 && (1.0..=MOST_SAMPLES).contains(samples),
            _ => false,
        };
        if !fits {
            let fault = Fault::new(node.span.clone(), format!("`{}` is no window", self.text(node)));
            self.fault(fault.hint("a window is a duration up to 30d, as in `5m`, or a number of samples, as in `10`"));
        }
    }
}

fn ordered(of: &Type) -> bool {
    matches!(of, Type::Number | Type::Duration | Type::Size | Type::Ratio | Type::Time | Type::Version)
}

/// Whether a node looks like a window: what makes `min` and `max` look over time.
fn is_window(node: &Node) -> bool {
    matches!(node.literal(), Some(Value::Duration(_) | Value::Number(_)))
}
