//! Keys as the program names them.

/// One thing that came from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// A bracketed paste, without its brackets, as it came.
    Paste(Vec<u8>),
    /// The mouse.
    Mouse(Mouse),
    /// The window got or lost the focus.
    Focus(bool),
    /// A sequence that means nothing here (it still goes to a command in Terminal mode).
    Other,
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which.
    pub code: Code,
    /// With Alt.
    pub alt: bool,
    /// With Ctrl.
    pub ctrl: bool,
    /// With Shift; of letters the capital says it.
    pub shift: bool,
}

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the keys are named as they are printed on a keyboard")]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { code, alt: false, ctrl: false, shift: false }
    }

    /// A letter with Ctrl.
    pub const fn ctrl(letter: char) -> Self {
        Self { code: Code::Char(letter), alt: false, ctrl: true, shift: false }
    }

    /// A printable character without Ctrl or Alt.
    pub fn text(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// A command letter: capitals and small letters are the same.
    pub fn letter(self) -> Option<char> {
        self.text().map(|c| c.to_lowercase().next().unwrap_or(c))
    }

    /// The key that leaves Text and Terminal mode.
    pub fn leaves(self) -> bool {
        self == Self::ctrl(']') || self == Self::plain(Code::F(12))
    }

    /// The key that goes one step back: Esc, or what leaves Text and Terminal mode.
    pub fn goes_back(self) -> bool {
        self.code == Code::Esc || self.leaves()
    }

    /// A new line in a text: Alt-Enter or Ctrl-J.
    pub fn breaks_line(self) -> bool {
        self == Self::ctrl('j') || (self.code == Code::Enter && self.alt)
    }
}

/// What the mouse did, at a cell of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: MouseKind,
    /// Column from 0.
    pub x: u16,
    /// Row from 0.
    pub y: u16,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseKind {
    /// The left button went down.
    Press,
    /// The wheel, away from the hand.
    WheelUp,
    /// The wheel, towards the hand.
    WheelDown,
    /// Anything else: a release, a move, another button.
    Other,
}
