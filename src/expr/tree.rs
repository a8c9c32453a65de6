//! The tree of a parsed expression.

use std::ops::Range;

use regex::Regex;

use crate::words::Value;

/// A part of an expression and its bytes in the text (with the parentheses around it).
#[derive(Debug)]
pub(super) struct Node {
    pub kind: Kind,
    pub span: Range<usize>,
    /// Levels below and with this one; bounded, so that walking the tree cannot exhaust the stack.
    pub depth: usize,
}

#[derive(Debug)]
pub(super) enum Kind {
    Literal(Value),
    List(Vec<Node>),
    /// A name, or a value that a call or parentheses gave, and the way into it.
    Path {
        root: Root,
        steps: Vec<Step>,
    },
    Not(Box<Node>),
    Negative(Box<Node>),
    /// `and`: two or more.
    All(Vec<Node>),
    /// `or`: two or more.
    Any(Vec<Node>),
    Compare {
        op: Compare,
        left: Box<Node>,
        right: Box<Node>,
    },
    In {
        negated: bool,
        left: Box<Node>,
        right: Box<Node>,
    },
    Is {
        negated: bool,
        test: Test,
        of: Box<Node>,
    },
    Arithmetic {
        op: Arithmetic,
        left: Box<Node>,
        right: Box<Node>,
    },
    Call {
        function: Function,
        args: Vec<Node>,
    },
}

#[derive(Debug)]
pub(super) enum Root {
    Name(String),
    Value(Box<Node>),
}

/// One step into a value.
#[derive(Debug)]
pub(super) struct Step {
    pub kind: StepKind,
    pub span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum StepKind {
    /// `.name` or `['name']`.
    Field(String),
    /// `[expression]`.
    Index(Node),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Compare {
    pub const ALL: [Self; 6] = [Self::Equal, Self::Unequal, Self::Less, Self::AtMost, Self::More, Self::AtLeast];

    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    /// What holds exactly when this does not.
    pub fn negated(self) -> Self {
        match self {
            Self::Equal => Self::Unequal,
            Self::Unequal => Self::Equal,
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::More,
            Self::More => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }

    /// The same with the sides exchanged.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
            same => same,
        }
    }

    /// Whether it asks for an order, not only for equality.
    pub fn orders(self) -> bool {
        !matches!(self, Self::Equal | Self::Unequal)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Arithmetic {
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

/// What stands after `is`.
#[derive(Debug)]
pub(super) enum Test {
    Passing,
    Failing,
    NoData,
    Empty,
    Defined,
    /// The pattern is found anywhere in the text.
    Matching(Regex),
}

impl Test {
    pub const WORDS: [&str; 6] = ["passing", "failing", "no_data", "empty", "defined", "matching"];

    pub fn word(&self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Failing => "failing",
            Self::NoData => "no_data",
            Self::Empty => "empty",
            Self::Defined => "defined",
            Self::Matching(_) => "matching",
        }
    }
}

/// What can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    Json,
    Version,
    File,
    Min,
    Max,
    Avg,
    Increase,
    Delta,
    Growth,
    Quantile,
    SuccessRate,
    Uptime,
    Baseline,
}

impl Function {
    pub const ALL: [Self; 14] = [
        Self::Count,
        Self::Json,
        Self::Version,
        Self::File,
        Self::Min,
        Self::Max,
        Self::Avg,
        Self::Increase,
        Self::Delta,
        Self::Growth,
        Self::Quantile,
        Self::SuccessRate,
        Self::Uptime,
        Self::Baseline,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Json => "json",
            Self::Version => "version",
            Self::File => "file",
            Self::Min => "min",
            Self::Max => "max",
            Self::Avg => "avg",
            Self::Increase => "increase",
            Self::Delta => "delta",
            Self::Growth => "growth",
            Self::Quantile => "quantile",
            Self::SuccessRate => "success_rate",
            Self::Uptime => "uptime",
            Self::Baseline => "baseline",
        }
    }

    /// How it is called, for messages.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Count => "count(list)",
            Self::Json => "json(text)",
            Self::Version => "version(text)",
            Self::File => "file(secret)",
            Self::Min => "min(a, b), or min(probe, 5m) over time",
            Self::Max => "max(a, b), or max(probe, 5m) over time",
            Self::Avg => "avg(probe, 5m)",
            Self::Increase => "increase(probe, 5m)",
            Self::Delta => "delta(probe, 5m)",
            Self::Growth => "growth(probe, 30m)",
            Self::Quantile => "quantile(0.95, probe, 5m)",
            Self::SuccessRate => "success_rate(probe)",
            Self::Uptime => "uptime(probe)",
            Self::Baseline => "baseline(probe)",
        }
    }
}

impl Node {
    /// The name, when the node is nothing but a name.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Path { root: Root::Name(name), steps } if steps.is_empty() => Some(name),
            _ => None,
        }
    }

    /// The value, when the node is a literal.
    pub fn literal(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The nodes directly below.
    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Literal(_) => vec![],
            Kind::List(nodes) | Kind::All(nodes) | Kind::Any(nodes) | Kind::Call { args: nodes, .. } => {
                nodes.iter().collect()
            }
            Kind::Path { root, steps } => {
                let root = match root {
                    Root::Name(_) => None,
                    Root::Value(node) => Some(&**node),
                };
                let inner = steps.iter().filter_map(|step| match &step.kind {
                    StepKind::Field(_) => None,
                    StepKind::Index(node) => Some(node),
                });
                root.into_iter().chain(inner).collect()
            }
            Kind::Not(node) | Kind::Negative(node) | Kind::Is { of: node, .. } => vec![node],
            Kind::Compare { left, right, .. } | Kind::In { left, right, .. } | Kind::Arithmetic { left, right, .. } => {
                vec![left, right]
            }
        }
    }
}
