//! What is wrong with a text, where, and what to write instead.

use std::fmt;
use std::ops::Range;

/// One fault of an expression or a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes in the source text that the fault is about; always on character borders, may be empty at the end.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault without a hint.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with a hint, when there is one.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// The same, `by` bytes further on: from an expression's text to the text around it.
    pub fn shifted(mut self, by: usize) -> Self {
        self.span = self.span.start + by..self.span.end + by;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// The candidate that a misspelt word most likely means, or none when nothing is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let wanted = plain(word);
    let far = (wanted.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= far && *distance < candidate.chars().count())
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `x`?`` when something is near.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["error_rate", "p95", "platform", "kms"];
        assert_eq!(nearest("error-rate", names), Some("error_rate"));
        assert_eq!(nearest("eror_rate", names), Some("error_rate"));
        assert_eq!(nearest("plattform", names), Some("platform"));
        assert_eq!(nearest("p59", names), Some("p95"));
        assert_eq!(nearest("database", names), None);
        assert_eq!(nearest("x", ["y"]), None, "a whole other letter is no misspelling");
    }

    #[test]
    fn a_fault_moves_with_its_text() {
        let fault = Fault::new(2..4, "wrong").hint("write right").shifted(10);
        assert_eq!(fault.span, 12..14);
        assert_eq!(fault.to_string(), "wrong; write right");
    }
}
