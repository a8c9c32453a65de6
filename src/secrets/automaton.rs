//! Many needles at once, byte by byte (Aho and Corasick's automaton).
//!
//! An own one, since streaming needs what the library keeps inside: how many of the last bytes are still the
//! beginning of a needle. States are kept as flat arrays of a trie (a parent's children are a linked list: all but
//! the first states have one child), about 21 bytes a state.

use std::collections::VecDeque;

/// No such state.
const NONE: u32 = u32::MAX;
/// The start.
pub(super) const ROOT: u32 = 0;

/// The automaton.
pub(super) struct Automaton {
    /// The byte that leads into a state.
    byte: Vec<u8>,
    first: Vec<u32>,
    next: Vec<u32>,
    fail: Vec<u32>,
    live: Vec<u32>,
    hit: Vec<u32>,
    root: Box<[u32; 256]>,
    /// Pairs of bytes that can begin a needle, or a sequence: one bit each.
    pairs: Bits,
    /// The same for three bytes, folded into 16 bits: what it does not hold begins no needle.
    triples: Bits,
    longest: usize,
}

impl Automaton {
    /// An automaton of non-empty needles.
    pub(super) fn new<'a>(needles: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut new = Self {
            byte: vec![0],
            first: vec![NONE],
            next: vec![NONE],
            fail: vec![ROOT],
            live: vec![0],
            hit: vec![0],
            root: Box::new([NONE; 256]),
            pairs: Bits::default(),
            triples: Bits::default(),
            longest: 0,
        };
        for needle in needles {
            new.insert(needle);
        }
        new.link();
        new.prefilter();
        new
    }

    fn insert(&mut self, needle: &[u8]) {
        let mut state = ROOT;
        for byte in needle {
            state = match self.child(state, *byte) {
                Some(child) => child,
                None => self.grow(state, *byte),
            };
        }
        self.hit[state as usize] = needle.len() as u32;
        self.longest = self.longest.max(needle.len());
    }

    fn grow(&mut self, parent: u32, byte: u8) -> u32 {
        let state = self.byte.len() as u32;
        self.byte.push(byte);
        self.first.push(NONE);
        self.next.push(self.first[parent as usize]);
        self.first[parent as usize] = state;
        self.fail.push(ROOT);
        self.live.push(0);
        self.hit.push(0);
        if parent == ROOT {
            self.root[byte as usize] = state;
        }
        state
    }

    /// Failure links, in order of depth; what a state ends and what it still may become follow from them.
    fn link(&mut self) {
        let mut queue = VecDeque::from([(ROOT, 0u32)]);
        while let Some((state, depth)) = queue.pop_front() {
            let fail = self.fail[state as usize];
            let at = state as usize;
            self.hit[at] = self.hit[at].max(self.hit[fail as usize]);
            self.live[at] = if self.first[at] == NONE { self.live[fail as usize] } else { depth };
            let mut child = self.first[at];
            while child != NONE {
                self.fail[child as usize] =
                    if state == ROOT { ROOT } else { self.step(fail, self.byte[child as usize]) };
                queue.push_back((child, depth + 1));
                child = self.next[child as usize];
            }
        }
    }

    fn prefilter(&mut self) {
        for first in self.children(ROOT) {
            let a = self.byte[first as usize];
            // Bytes that a match may go through: controls, and with them the start of an escape sequence.
            (0..0x20).chain([0x7f]).for_each(|skip| self.pairs.set(pair(a, skip)));
            for second in self.children(first) {
                let b = self.byte[second as usize];
                self.pairs.set(pair(a, b));
                for third in self.children(second) {
                    self.triples.set(triple(a, b, self.byte[third as usize]));
                }
            }
        }
        (0..=255).for_each(|any| self.pairs.set(pair(0x1b, any)));
    }

    fn children(&self, state: u32) -> Vec<u32> {
        let mut all = Vec::new();
        let mut child = self.first[state as usize];
        while child != NONE {
            all.push(child);
            child = self.next[child as usize];
        }
        all
    }

    fn child(&self, state: u32, byte: u8) -> Option<u32> {
        let mut child = if state == ROOT { self.root[byte as usize] } else { self.first[state as usize] };
        while child != NONE {
            if self.byte[child as usize] == byte {
                return Some(child);
            }
            child = self.next[child as usize];
        }
        None
    }

    /// The state after one more byte.
    pub(super) fn step(&self, mut state: u32, byte: u8) -> u32 {
        loop {
            match self.child(state, byte) {
                Some(child) => return child,
                None if state == ROOT => return ROOT,
                None => state = self.fail[state as usize],
            }
        }
    }

    /// Length in bytes of the longest needle that ends in this state; 0 for none.
    pub(super) fn hit(&self, state: u32) -> usize {
        self.hit[state as usize] as usize
    }

    /// How many of the last bytes may still become a needle, or a longer one.
    pub(super) fn live(&self, state: u32) -> usize {
        self.live[state as usize] as usize
    }

    /// The longest needle in bytes.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// How many bytes from the front certainly begin neither a needle nor an escape sequence. All needles have at
    /// least three bytes.
    pub(super) fn quiet(&self, bytes: &[u8]) -> usize {
        let found = bytes.windows(2).enumerate().position(|(at, two)| {
            let (a, b) = (two[0], two[1]);
            self.pairs.has(pair(a, b))
                && (a < 0x20
                    || is_control(b)
                    || bytes.get(at + 2).is_none_or(|c| is_control(*c) || self.triples.has(triple(a, b, *c))))
        });
        match (found, bytes.last()) {
            (Some(at), _) => at,
            (None, Some(last)) if *last == 0x1b || self.root[usize::from(*last)] != NONE => bytes.len() - 1,
            (None, _) => bytes.len(),
        }
    }
}

/// A set of 16-bit numbers.
struct Bits(Box<[u64; 1024]>);

impl Default for Bits {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl Bits {
    fn set(&mut self, bit: u16) {
        self.0[usize::from(bit >> 6)] |= 1 << (bit & 63);
    }

    fn has(&self, bit: u16) -> bool {
        self.0[usize::from(bit >> 6)] >> (bit & 63) & 1 != 0
    }
}

fn pair(a: u8, b: u8) -> u16 {
    u16::from_be_bytes([a, b])
}

fn triple(a: u8, b: u8, c: u8) -> u16 {
    pair(a, c) ^ u16::from(b) << 5
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(needles: &[&str], text: &str) -> Vec<(usize, usize)> {
        let automaton = Automaton::new(needles.iter().map(|n| n.as_bytes()));
        let mut state = ROOT;
        let mut found = Vec::new();
        for (at, byte) in text.bytes().enumerate() {
            state = automaton.step(state, byte);
            if automaton.hit(state) > 0 {
                found.push((at + 1, automaton.hit(state)));
            }
        }
        found
    }

    #[test]
    fn overlapping_needles_all_end() {
        assert_eq!(ends(&["he", "she", "hers"], "ushers"), [(4, 3), (6, 4)]);
        assert_eq!(ends(&["aa"], "aaa"), [(2, 2), (3, 2)]);
        assert_eq!(ends(&["abcd", "bc"], "xabce"), [(4, 2)]);
    }

    #[test]
    fn a_finished_needle_is_no_longer_live() {
        let automaton = Automaton::new([b"abcab".as_slice()]);
        let state = b"abcab".iter().fold(ROOT, |s, b| automaton.step(s, *b));
        assert_eq!(automaton.hit(state), 5);
        assert_eq!(automaton.live(state), 2, "ab may begin it again");
        let state = b"abca".iter().fold(ROOT, |s, b| automaton.step(s, *b));
        assert_eq!(automaton.live(state), 4);
    }

    #[test]
    fn quiet_stops_before_anything_that_can_begin() {
        let automaton = Automaton::new([b"secret".as_slice()]);
        assert_eq!(automaton.quiet(b"ssxs"), 3);
        assert_eq!(automaton.quiet(b"xxse"), 2);
        assert_eq!(automaton.quiet(b"xs\x1b["), 1);
        assert_eq!(automaton.quiet(b"xx\x1b"), 2);
        assert_eq!(automaton.quiet(b""), 0);
    }
}
