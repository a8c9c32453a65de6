//! Versions in order: `1.2.10` after `1.2.9`, `2.0.0-rc.1` before `2.0.0`.

use std::cmp::Ordering;

/// A version's parts, borrowed from its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version<'a> {
    numbers: Vec<u64>,
    before: Vec<&'a str>,
}

impl<'a> Version<'a> {
    /// Reads `1`, `1.2`, `v1.2.3`, `1.2.3.4`, `1.2.3-rc.1+build`; what stands after `+` has no order and is left out.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (numbers, before) = match text.split_once('-') {
            Some((numbers, before)) => (numbers, before.split('.').collect()),
            None => (text, Vec::new()),
        };
        let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let numbers: Vec<u64> =
            numbers.split('.').map(|part| part.parse().ok().filter(|_| digits(part))).collect::<Option<_>>()?;
        (numbers.len() <= 4 && before.iter().all(word)).then_some(Self { numbers, before })
    }

    /// The order of Semantic Versioning; a missing number is zero.
    pub fn order(&self, other: &Self) -> Ordering {
        let number = |version: &Self, at: usize| version.numbers.get(at).copied().unwrap_or(0);
        let length = self.numbers.len().max(other.numbers.len());
        (0..length).map(|at| number(self, at).cmp(&number(other, at))).find(|order| order.is_ne()).unwrap_or_else(
            || match (self.before.is_empty(), other.before.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => self.order_before(other),
            },
        )
    }

    fn order_before(&self, other: &Self) -> Ordering {
        let parts = self.before.iter().zip(&other.before).map(|(a, b)| match (a.parse::<u64>(), b.parse::<u64>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => a.cmp(b),
        });
        parts.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| self.before.len().cmp(&other.before.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_order() {
        // The pre-releases are the example of semver.org, section 11.
        let rising = [
            "0.9",
            "v1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.2.9",
            "1.2.10",
            "2",
            "2.0.0.1",
            "10.0",
        ];
        for (at, low) in rising.iter().enumerate() {
            for (other, high) in rising.iter().enumerate() {
                let (low, high) = (Version::parse(low).unwrap(), Version::parse(high).unwrap());
                assert_eq!(low.order(&high), at.cmp(&other), "{low:?} {high:?}");
            }
        }
        let same = |a: &str, b: &str| Version::parse(a).unwrap().order(&Version::parse(b).unwrap()) == Ordering::Equal;
        assert!(same("1", "1.0.0") && same("1.2.3+build.5", "1.2.3") && same(" v1.2.3\n", "1.2.3"));
    }

    #[test]
    fn what_is_no_version() {
        for text in
            ["", "v", "1.", "1..2", "x", "1.2.3.4.5", "1.2-", "1.2-a..b", "+1", "1.-2", "99999999999999999999999"]
        {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
