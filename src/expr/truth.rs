//! Three values of truth: what is unknown stays unknown unless the rest decides.

use crate::words::Value;

/// True, false, or unknown for want of data (Kleene's logic). Unknown never passes and never fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// There is no data to say.
    Unknown,
}

impl Truth {
    /// True only when both are; false as soon as one is.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// True as soon as one is; false only when both are.
    pub fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    /// The opposite; unknown stays unknown.
    pub fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether it holds for sure.
    pub fn is_true(self) -> bool {
        self == Self::True
    }

    /// As a value: unknown is no data.
    pub fn value(self) -> Value {
        match self {
            Self::True => Value::Bool(true),
            Self::False => Value::Bool(false),
            Self::Unknown => Value::NoData,
        }
    }

    /// A value as a condition: what is no truth is unknown.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Bool(holds) => Self::from(*holds),
            _ => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True, Unknown};

    #[test]
    fn kleenes_tables() {
        let all = [True, False, Unknown];
        let and = [[True, False, Unknown], [False, False, False], [Unknown, False, Unknown]];
        let or = [[True, True, True], [True, False, Unknown], [True, Unknown, Unknown]];
        for (i, a) in all.into_iter().enumerate() {
            for (j, b) in all.into_iter().enumerate() {
                assert_eq!(a.and(b), and[i][j], "{a:?} and {b:?}");
                assert_eq!(a.or(b), or[i][j], "{a:?} or {b:?}");
            }
            assert_eq!(Truth::of(&a.value()), a);
        }
        assert_eq!(all.map(Truth::negated), [False, True, Unknown]);
        assert_eq!(all.map(Truth::is_true), [true, false, false]);
    }
}
