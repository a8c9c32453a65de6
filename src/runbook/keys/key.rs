//! What a key is.

/// A key of a part.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What stands behind it.
    pub kind: Kind,
    /// What it means, in a sentence.
    pub doc: &'static str,
    /// What holds when it is not written, in words; empty: nothing.
    pub default: &'static str,
    /// It must be written.
    pub needed: bool,
    /// It is written only beside one of these; empty: always.
    pub with: &'static [&'static str],
}

/// A key that may be left out.
pub const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, doc, default: "", needed: false, with: &[] }
}

impl Key {
    /// The same, needed.
    pub const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }

    /// The same with what holds when it is not written.
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    /// The same, written only beside one of these.
    pub const fn beside(mut self, with: &'static [&'static str]) -> Self {
        self.with = with;
        self
    }
}

/// What names refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// Parameters.
    Parameter,
    /// Probes.
    Probe,
    /// Contacts.
    Contact,
    /// Channels.
    Channel,
    /// Blocks.
    Block,
    /// Triggers.
    Trigger,
}

impl Space {
    /// One of them, in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::Probe => "probe",
            Self::Contact => "contact",
            Self::Channel => "channel",
            Self::Block => "block",
            Self::Trigger => "trigger",
        }
    }

    /// The key under which they are made.
    pub fn section(self) -> &'static str {
        match self {
            Self::Parameter => "parameters",
            Self::Probe => "probes",
            Self::Contact => "contacts",
            Self::Channel => "channels",
            Self::Block => "blocks",
            Self::Trigger => "triggers",
        }
    }
}

/// What may stand behind a key.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text that is taken as it stands.
    Plain,
    /// A text that may hold `${{ }}`.
    Text,
    /// As a text; a number or a truth may stand without quotes.
    Value,
    /// A bare expression.
    Expr,
    /// A bare expression, or a list of them that all must hold.
    Exprs,
    /// A name.
    Name(Space),
    /// A name, or a list of them.
    Names(Space),
    /// A probe by name: `ready`, `ready[item]`, `ready.kms`.
    Probe,
    /// A list of probes by name.
    Probes,
    /// A duration.
    Duration,
    /// A day, `2025-11-24`.
    Date,
    /// `true` or `false`.
    Bool,
    /// A whole number from this on.
    Count(u32),
    /// One of these words, each with its meaning.
    Words(&'static [(&'static str, &'static str)]),
    /// A regular expression.
    Regex,
    /// A list of texts, or one.
    Texts,
    /// A list of plain texts, or one.
    Plains,
    /// A command: a text, or a list of arguments.
    Command,
    /// A script, or the path of one.
    Script,
    /// A map from anything (a variable, a header) to this.
    Map(&'static Kind),
    /// A map from name to this.
    NameMap(&'static Kind),
    /// A map from name to part.
    Named(&'static Part),
    /// A list of a part.
    List(&'static Part),
    /// A part.
    Part(&'static Part),
    /// The first of these that fits by its form (text, list or map).
    Either(&'static [Kind]),
}

/// What keys a part takes beside its own.
#[derive(Clone, Copy, Debug)]
pub enum Rest {
    /// None.
    None,
    /// Those that begin with `x-`, which mean nothing.
    Ignored,
    /// Any name, with this behind it.
    Names(&'static Kind),
    /// Any name, which may have `-`, with this behind it.
    Keys(&'static Kind),
}

/// A part of a runbook: a map with known keys.
#[derive(Debug)]
pub struct Part {
    /// What it is called.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub doc: &'static str,
    /// Its keys, in groups that parts share.
    pub keys: &'static [&'static [Key]],
    /// The key that a lone text or list stands for.
    pub lone: Option<&'static str>,
    /// Sets of keys of which one at most is written.
    pub one_of: &'static [&'static str],
    /// One of `one_of` must be written.
    pub one_needed: bool,
    /// Other keys.
    pub rest: Rest,
}

/// A part with one group of keys and nothing else about it.
pub const fn part(name: &'static str, doc: &'static str, keys: &'static [&'static [Key]]) -> Part {
    Part { name, doc, keys, lone: None, one_of: &[], one_needed: false, rest: Rest::None }
}

impl Part {
    /// The same, where a lone value is this key.
    pub const fn lone(mut self, key: &'static str) -> Self {
        self.lone = Some(key);
        self
    }

    /// The same, where at most one of these is written.
    pub const fn at_most_one(mut self, keys: &'static [&'static str]) -> Self {
        self.one_of = keys;
        self
    }

    /// The same, where exactly one of these is written.
    pub const fn exactly_one(mut self, keys: &'static [&'static str]) -> Self {
        self.one_of = keys;
        self.one_needed = true;
        self
    }

    /// The same with other keys.
    pub const fn rest(mut self, rest: Rest) -> Self {
        self.rest = rest;
        self
    }

    /// Its keys in order.
    pub fn all(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().flat_map(|group| group.iter())
    }

    /// A key by its name.
    pub fn find(&self, name: &str) -> Option<&'static Key> {
        self.all().find(|key| key.name == name)
    }
}
