//! Groups: a probe that looks nowhere itself and is the worst, or the best, of its members.

use crate::words::{Look, Verdict};

/// How a group comes from its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// The worst of them (`all_of`, `for_each`): one bad is bad, else one without data is no data.
    Worst,
    /// The best of them (`any_of`): one ok is ok, else one without data is no data.
    Best,
}

impl Combine {
    /// The verdict of a group; no members are no data.
    pub fn verdict(self, members: impl Iterator<Item = Verdict>) -> Verdict {
        match self {
            Self::Worst => members.max_by_key(|v| weight(*v)),
            Self::Best => members.min_by_key(|v| weight(*v)),
        }
        .unwrap_or_default()
    }

    /// What the members' newest looks say together.
    pub fn look(self, members: impl Iterator<Item = Look>) -> Look {
        let weight = |look: &Look| match look {
            Look::Good => 0,
            Look::NoData => 1,
            Look::Bad => 2,
        };
        match self {
            Self::Worst => members.max_by_key(weight),
            Self::Best => members.min_by_key(weight),
        }
        .unwrap_or_default()
    }
}

/// From good to bad, as three-valued `and` and `or` have it: what is unknown lies between.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::Flapping => 1,
        Verdict::NoData => 2,
        Verdict::Bad => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Bad, Flapping, NoData, Ok};

    #[test]
    fn a_group_is_its_worst_or_its_best() {
        let worst = |v: &[Verdict]| Combine::Worst.verdict(v.iter().copied());
        let best = |v: &[Verdict]| Combine::Best.verdict(v.iter().copied());
        assert_eq!(worst(&[Ok, Ok]), Ok);
        assert_eq!(worst(&[Ok, NoData, Bad]), Bad);
        assert_eq!(worst(&[Ok, NoData, Flapping]), NoData);
        assert_eq!(worst(&[Ok, Flapping]), Flapping);
        assert_eq!(best(&[Bad, NoData, Ok]), Ok);
        assert_eq!(best(&[Bad, NoData]), NoData);
        assert_eq!(best(&[Bad, Flapping]), Flapping);
        assert_eq!(best(&[Bad, Bad]), Bad);
        assert_eq!(worst(&[]), NoData);
        assert_eq!(best(&[]), NoData);
    }

    #[test]
    fn looks_combine_the_same_way() {
        use Look::{Bad, Good, NoData};
        assert_eq!(Combine::Worst.look([Good, NoData].into_iter()), NoData);
        assert_eq!(Combine::Worst.look([Bad, NoData].into_iter()), Bad);
        assert_eq!(Combine::Best.look([Bad, NoData].into_iter()), NoData);
        assert_eq!(Combine::Best.look([Bad, Good].into_iter()), Good);
    }
}
