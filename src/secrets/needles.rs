//! What is looked for.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::automaton::Automaton;
use super::encode;
use super::scan::Scan;

/// A secret value has at least this many characters; shorter ones would mask innocent text everywhere.
pub const MIN_CHARS: usize = 6;
/// A secret value has at most this many bytes; its encodings are kept in memory as an automaton.
pub const MAX_BYTES: usize = 64 * 1024;

/// A value that cannot be kept secret. Never holds the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secret number {} is refused: {why}", index + 1)]
pub struct Refused {
    /// Which of the given values, from 0.
    pub index: usize,
    /// Why.
    pub why: Why,
}

/// Why a value is refused as a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Fewer than [`MIN_CHARS`] characters, blanks at the ends not counted.
    #[error(
        "it has {0} characters, fewer than 6: masking it would hide innocent text as well; \
         use a longer secret, or declare it as plain text"
    )]
    TooShort(usize),
    /// More than [`MAX_BYTES`] bytes.
    #[error("it has {0} bytes, more than 65536; keep it in a file and give the file's name instead")]
    TooLong(usize),
}

/// The needles of a run: its secret values in all encodings.
pub struct Needles {
    pub(super) automaton: Automaton,
    count: usize,
}

impl Needles {
    /// Needles of these values.
    ///
    /// # Errors
    /// The first value that is too short or too long.
    pub fn new(values: impl IntoIterator<Item = String>) -> Result<Self, Refused> {
        let mut all = BTreeSet::new();
        for (index, value) in values.into_iter().enumerate() {
            let chars = value.trim().chars().count();
            if chars < MIN_CHARS {
                return Err(Refused { index, why: Why::TooShort(chars) });
            }
            if value.len() > MAX_BYTES {
                return Err(Refused { index, why: Why::TooLong(value.len()) });
            }
            all.extend(encode::needles(&value));
        }
        Ok(Self { automaton: Automaton::new(all.iter().map(Vec::as_slice)), count: all.len() })
    }

    /// No needles: everything passes unchanged.
    pub fn none() -> Self {
        Self { automaton: Automaton::new([]), count: 0 }
    }

    /// Nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The whole text with every needle masked; as many bytes as before.
    pub fn redact(&self, text: &str) -> String {
        self.mask_text(text).into_owned()
    }

    /// Like [`Needles::redact`], without a copy when there is nothing to mask: for the texts of events.
    pub fn mask_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() || self.automaton.quiet(text.as_bytes()) == text.len() {
            return Cow::Borrowed(text);
        }
        let mut out = Vec::with_capacity(text.len());
        let mut scan = Scan::default();
        scan.push(&self.automaton, text.as_bytes(), &mut out);
        scan.finish(&mut out);
        if out == text.as_bytes() {
            return Cow::Borrowed(text);
        }
        // A needle is valid UTF-8, so it begins and ends at characters; lossy only guards that belief.
        Cow::Owned(String::from_utf8_lossy(&out).into_owned())
    }
}

impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Needles({})", self.count)
    }
}
