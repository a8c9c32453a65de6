//! Values of expressions. Whatever cannot be said is no data: nothing here fails, nothing panics.

mod calculate;
mod calls;
pub(super) mod compare;

use super::expression::Expr;
use super::scope::{ProbeNow, Scope, walk};
use super::tree::{Kind, Node, Root, Step, StepKind, Test};
use super::truth::Truth;
use crate::words::{Look, ProbeId, Value, Verdict};

impl Expr {
    /// The value in this scope.
    pub fn evaluate(&self, scope: &dyn Scope) -> Value {
        Eval { scope }.value(self.node())
    }

    /// Whether it holds in this scope.
    pub fn truth(&self, scope: &dyn Scope) -> Truth {
        Eval { scope }.truth(self.node())
    }

    /// The probe that the expression names, when it is nothing but a probe's name: `ready[item]` is `ready.kms`.
    pub fn as_probe(&self, scope: &dyn Scope) -> Option<ProbeId> {
        let eval = Eval { scope };
        eval.probe(self.node()).map(|(probe, _)| probe)
    }

    /// All probes that the expression looks at, each once, in the order of the text.
    pub fn probes(&self, scope: &dyn Scope) -> Vec<ProbeId> {
        fn collect(eval: &Eval, node: &Node, found: &mut Vec<ProbeId>) {
            if let Some((probe, _)) = eval.probe(node)
                && !found.contains(&probe)
            {
                found.push(probe);
            }
            node.children().into_iter().for_each(|child| collect(eval, child, found));
        }
        let mut found = Vec::new();
        collect(&Eval { scope }, self.node(), &mut found);
        found
    }

    /// The names that the value hangs on, each once as it is written, with their values now. Never a secret.
    pub fn seen(&self, scope: &dyn Scope) -> Vec<(String, Value)> {
        fn collect(eval: &Eval, node: &Node, source: &str, found: &mut Vec<(String, Value)>) {
            match &node.kind {
                // Secrets may stand only here.
                Kind::Is { test: Test::Defined | Test::NoData, .. } => {}
                Kind::Call { function: super::tree::Function::File, .. } => {}
                Kind::Path { root: Root::Name(_), .. } => {
                    let text = source[node.span.clone()].to_owned();
                    if !found.iter().any(|(known, _)| *known == text) {
                        found.push((text, eval.value(node)));
                    }
                }
                _ => node.children().into_iter().for_each(|child| collect(eval, child, source, found)),
            }
        }
        let mut found = Vec::new();
        if !matches!(self.node().kind, Kind::Path { .. }) || matches!(self.evaluate(scope), Value::Bool(_)) {
            collect(&Eval { scope }, self.node(), self.source(), &mut found);
        }
        found
    }
}

#[derive(Clone, Copy)]
pub(super) struct Eval<'a> {
    pub scope: &'a dyn Scope,
}

impl Eval<'_> {
    pub fn value(&self, node: &Node) -> Value {
        match &node.kind {
            Kind::Literal(value) => value.clone(),
            Kind::List(nodes) => Value::List(nodes.iter().map(|node| self.value(node)).collect()),
            Kind::Path { root, steps } => self.path(root, steps),
            Kind::Negative(inner) => calculate::negative(self.value(inner)),
            Kind::Arithmetic { op, left, right } => calculate::calculate(*op, &self.value(left), &self.value(right)),
            Kind::Call { function, args } => self.call(*function, args),
            Kind::Not(_) | Kind::All(_) | Kind::Any(_) | Kind::Compare { .. } | Kind::In { .. } | Kind::Is { .. } => {
                self.truth(node).value()
            }
        }
    }

    pub fn truth(&self, node: &Node) -> Truth {
        match &node.kind {
            Kind::Not(inner) => self.truth(inner).negated(),
            Kind::All(nodes) => nodes.iter().fold(Truth::True, |truth, node| truth.and(self.truth(node))),
            Kind::Any(nodes) => nodes.iter().fold(Truth::False, |truth, node| truth.or(self.truth(node))),
            Kind::Compare { op, left, right } => compare::compare(*op, &self.value(left), &self.value(right)),
            Kind::In { negated, left, right } => {
                let truth = compare::contains(&self.value(left), &self.value(right));
                if *negated { truth.negated() } else { truth }
            }
            Kind::Is { negated, test, of } => {
                let truth = self.test(test, of);
                if *negated { truth.negated() } else { truth }
            }
            _ => Truth::of(&self.value(node)),
        }
    }

    fn test(&self, test: &Test, of: &Node) -> Truth {
        match test {
            Test::Passing => self.state(of).map_or(Truth::Unknown, passing),
            Test::Failing => self.state(of).map_or(Truth::Unknown, |verdict| passing(verdict).negated()),
            Test::NoData => self.is_no_data(of).into(),
            Test::Defined => (!self.is_no_data(of)).into(),
            Test::Empty => match self.value(of) {
                Value::Text(text) => text.is_empty().into(),
                Value::List(items) => items.is_empty().into(),
                Value::Map(map) => map.is_empty().into(),
                _ => Truth::Unknown,
            },
            Test::Matching(regex) => match self.value(of) {
                Value::Text(text) | Value::Version(text) => regex.is_match(&text).into(),
                _ => Truth::Unknown,
            },
        }
    }

    /// The state that a test asks: the verdict, or in a trigger what the newest look alone says.
    pub fn state(&self, node: &Node) -> Option<Verdict> {
        let (_, now) = self.probe(node)?;
        Some(match (self.scope.raw_looks(), now.look) {
            (false, _) => now.verdict,
            (true, Look::Good) => Verdict::Ok,
            (true, Look::Bad) => Verdict::Bad,
            (true, Look::NoData) => Verdict::NoData,
        })
    }

    fn is_no_data(&self, node: &Node) -> bool {
        match self.state(node) {
            Some(verdict) => verdict == Verdict::NoData,
            None => self.value(node) == Value::NoData,
        }
    }

    /// The probe that a node names, and its state.
    pub fn probe(&self, node: &Node) -> Option<(ProbeId, ProbeNow)> {
        let Kind::Path { root: Root::Name(name), steps } = &node.kind else { return None };
        let (keys, rest) = self.keys(name, steps);
        if !rest.is_empty() {
            return None;
        }
        let probe = ProbeId(keys.join("."));
        self.scope.probe(&probe).map(|now| (probe, now))
    }

    /// The name and the keys after it, up to the first step that is a place in a list or is unknown.
    fn keys<'n>(&self, name: &str, steps: &'n [Step]) -> (Vec<String>, &'n [Step]) {
        let mut keys = vec![name.to_owned()];
        for (at, step) in steps.iter().enumerate() {
            match &step.kind {
                StepKind::Field(key) => keys.push(key.clone()),
                StepKind::Index(node) => match self.value(node) {
                    Value::Text(key) => keys.push(key),
                    _ => return (keys, &steps[at..]),
                },
            }
        }
        (keys, &[])
    }

    fn path(&self, root: &Root, steps: &[Step]) -> Value {
        match root {
            Root::Name(name) => {
                let (keys, rest) = self.keys(name, steps);
                self.steps(self.named(&keys), rest)
            }
            Root::Value(node) => self.steps(self.value(node), steps),
        }
    }

    fn named(&self, keys: &[String]) -> Value {
        if let Some(now) = self.scope.probe(&ProbeId(keys.join("."))) {
            return now.value.map_or(Value::NoData, |figure| now.unit.of_base(figure));
        }
        let path: Vec<&str> = keys.iter().map(String::as_str).collect();
        match (self.scope.member(&path), path.as_slice()) {
            (Value::NoData, ["now"]) => self.scope.now().map_or(Value::NoData, Value::Time),
            (value, _) => value,
        }
    }

    fn steps(&self, value: Value, steps: &[Step]) -> Value {
        steps.iter().fold(value, |value, step| match &step.kind {
            StepKind::Field(key) => walk(value, &[key]),
            StepKind::Index(node) => match (value, self.value(node)) {
                (value, Value::Text(key)) => walk(value, &[&key]),
                (Value::List(mut items), Value::Number(place)) if place >= 0.0 && place.fract() == 0.0 => {
                    let place = place as usize;
                    if place < items.len() { items.swap_remove(place) } else { Value::NoData }
                }
                _ => Value::NoData,
            },
        })
    }
}

/// Flapping is not ok: it does not pass, and it counts as failing.
fn passing(verdict: Verdict) -> Truth {
    match verdict {
        Verdict::Ok => Truth::True,
        Verdict::Bad | Verdict::Flapping => Truth::False,
        Verdict::NoData => Truth::Unknown,
    }
}
