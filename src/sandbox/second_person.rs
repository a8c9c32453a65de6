//! The colleague who is asked for approvals in a simulated run.
//!
//! Pure: the same question gets the same answer, so a replayed flight is the same flight.

use serde::{Deserialize, Serialize};

/// What the second person gets to see.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The text of the request.
    pub text: &'a str,
    /// How many times this was asked before.
    pub before: u32,
    /// Titles of what is red now.
    pub red: &'a [String],
    /// Login name of the operator, who never answers the own request.
    pub operator: &'a str,
}

/// What the second person answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Login name.
    pub name: String,
    /// Yes or no.
    pub approves: bool,
    /// The words of the answer.
    pub says: String,
    /// How long the person takes to read and answer, in seconds of run time.
    pub after: f64,
}

const PEOPLE: [&str; 4] = ["alice", "bob", "chidi", "dana"];

/// What a second person answers to `asked`.
///
/// A careful one: says no while something is red, or when there is nothing to read, and yes otherwise.
pub fn second_person(seed: u64, asked: &Asked<'_>) -> Approval {
    let first = (seed % PEOPLE.len() as u64) as usize;
    let name = (0..PEOPLE.len())
        .map(|i| PEOPLE[(first + i) % PEOPLE.len()])
        .find(|name| *name != asked.operator)
        .unwrap_or(PEOPLE[0])
        .to_owned();
    let mut random = fastrand::Rng::with_seed(seed ^ digest(asked.text) ^ u64::from(asked.before));
    let words = asked.text.split_whitespace().count() as f64;
    // Read at four words a second, then think a little.
    let after = (1.5 + words / 4.0 + random.f64() * 4.0).min(40.0);
    let (approves, says) = if let Some(red) = asked.red.first() {
        (false, format!("No: {red} is red. Ask me again when it is green."))
    } else if words < 2.0 {
        (false, "No: I cannot tell what I would approve. Write it into the request.".to_owned())
    } else if asked.before > 0 {
        (true, "Yes, now I agree.".to_owned())
    } else {
        (
            true,
            ["Yes, read and agreed.", "Go ahead.", "Approved; I watch the dashboards with you."][random.usize(0..3)]
                .to_owned(),
        )
    };
    Approval { name, approves, says, after }
}

fn digest(text: &str) -> u64 {
    // FNV-1a: small, and the same on every machine and version.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(text: &'a str, red: &'a [String], operator: &'a str) -> Asked<'a> {
        Asked { text, before: 0, red, operator }
    }

    #[test]
    fn the_same_question_gets_the_same_answer() {
        let one = second_person(7, &asked("Release 1.1.0 goes to prod", &[], "anna"));
        assert_eq!(one, second_person(7, &asked("Release 1.1.0 goes to prod", &[], "anna")));
        assert!(one.approves && one.after >= 1.5 && one.after <= 40.0, "{one:?}");
    }

    #[test]
    fn says_no_while_something_is_red_and_yes_afterwards() {
        let red = ["Database".to_owned()];
        let no = second_person(7, &asked("Release 1.1.0 goes to prod", &red, "anna"));
        assert!(!no.approves && no.says.contains("Database"), "{no:?}");
        let yes = second_person(7, &Asked { before: 1, ..asked("Release 1.1.0 goes to prod", &[], "anna") });
        assert!(yes.approves);
    }

    #[test]
    fn is_never_the_operator() {
        for seed in 0..8 {
            for operator in PEOPLE {
                assert_ne!(second_person(seed, &asked("Release 1.1.0", &[], operator)).name, operator);
            }
        }
    }
}
