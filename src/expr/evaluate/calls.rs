//! What functions give.

use super::super::fold::Fold;
use super::super::scope::Window;
use super::super::tree::{Function, Node};
use super::super::version::Version;
use super::Eval;
use super::compare::order;
use crate::words::{Unit, Value};

impl Eval<'_> {
    pub(super) fn call(&self, function: Function, args: &[Node]) -> Value {
        let found = match (function, args) {
            (Function::Count, [of]) => count(&self.value(of)),
            (Function::Json, [text]) => match self.value(text) {
                Value::Text(text) => serde_json::from_str(&text).ok().map(|json| Value::from_json(&json)),
                _ => None,
            },
            (Function::Version, [text]) => match self.value(text) {
                Value::Text(text) | Value::Version(text) => {
                    Version::parse(&text).map(|_| Value::Version(text.trim().to_owned()))
                }
                _ => None,
            },
            (Function::File, [secret]) => {
                secret.name().and_then(|name| self.scope.file_of_secret(name)).map(Value::Text)
            }
            (Function::Min, args) => self.extreme(args, Fold::Min),
            (Function::Max, args) => self.extreme(args, Fold::Max),
            (Function::Avg, [probe, window]) => self.over_time(Fold::Avg, probe, window),
            (Function::Increase, [probe, window]) => self.over_time(Fold::Increase, probe, window),
            (Function::Delta, [probe, window]) => self.over_time(Fold::Delta, probe, window),
            (Function::Growth, [probe, window]) => self.growth(probe, window),
            (Function::Quantile, [quantile, probe, window]) => match quantile.literal() {
                Some(Value::Number(q) | Value::Ratio(q)) => self.over_time(Fold::Quantile(*q), probe, window),
                _ => None,
            },
            (Function::SuccessRate, [probe]) => {
                self.probe(probe).and_then(|(id, _)| self.scope.success_rate(&id)).map(|rate| Unit::Ratio.of_base(rate))
            }
            (Function::Uptime, [probe]) => {
                self.probe(probe).and_then(|(id, _)| self.scope.uptime(&id)).map(|part| Unit::Ratio.of_base(part))
            }
            (Function::Baseline, [probe]) => {
                self.probe(probe).and_then(|(id, now)| self.scope.baseline(&id).map(|figure| now.unit.of_base(figure)))
            }
            _ => None,
        };
        found.unwrap_or_default()
    }

    fn over_time(&self, fold: Fold, probe: &Node, window: &Node) -> Option<Value> {
        let (id, now) = self.probe(probe)?;
        let figure = self.scope.fold(&id, fold, window_of(window)?)?;
        Some(now.unit.of_base(figure))
    }

    fn growth(&self, probe: &Node, window: &Node) -> Option<Value> {
        let (id, _) = self.probe(probe)?;
        let part = self.scope.fold(&id, Fold::Growth, window_of(window)?)?;
        Some(Unit::Ratio.of_base(part))
    }

    /// `min` and `max`: of a probe over time when the second is a window, else of all values, which must all be known.
    fn extreme(&self, args: &[Node], fold: Fold) -> Option<Value> {
        if let [probe, window] = args
            && window_of(window).is_some()
            && self.probe(probe).is_some()
        {
            return self.over_time(fold, probe, window);
        }
        let values = match args {
            [one] => match self.value(one) {
                Value::List(items) => items,
                _ => return None,
            },
            many => many.iter().map(|node| self.value(node)).collect(),
        };
        let wanted = if fold == Fold::Min { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater };
        let mut values = values.into_iter();
        let first = values.next().filter(|first| order(first, first).is_some())?;
        values.try_fold(first, |best, value| Some(if order(&value, &best)? == wanted { value } else { best }))
    }
}

fn count(of: &Value) -> Option<Value> {
    match of {
        Value::List(items) => Some(Value::Number(items.len() as f64)),
        Value::Map(map) => Some(Value::Number(map.len() as f64)),
        _ => None,
    }
}

/// The window that a literal means.
pub(super) fn window_of(node: &Node) -> Option<Window> {
    match node.literal()? {
        Value::Duration(seconds) if *seconds > 0.0 => Some(Window::Seconds(*seconds)),
        Value::Number(samples) if *samples >= 1.0 && samples.fract() == 0.0 => Some(Window::Samples(*samples as usize)),
        _ => None,
    }
}
