//! The messages.

use serde::{Deserialize, Serialize};

use crate::engine::Want;
use crate::terminal::Row;
use crate::words::{Actor, Epoch, Look, ProbeId, Stamp, Verdict};

/// Number of the protocol: the same number or nothing.
pub const PROTO: u32 = 1;

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It may act.
    Operator,
    /// It looks on.
    Observer,
}

/// From a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FromClient {
    /// The first message.
    Hello {
        /// The client's protocol.
        proto: u32,
        /// Program and version.
        program: String,
        /// Events from this number on (1: all).
        events_from: u64,
        /// What it may do.
        role: Role,
        /// Who it is.
        name: Actor,
    },
    /// An intent; answered by `Done` after the sync, or `Refused`.
    Do {
        /// The client's number for it.
        id: u64,
        /// The epoch of control it was drawn under.
        control: Epoch,
        /// What is wanted.
        want: Box<Want>,
    },
    /// Bytes for a running command, base64; for the holder of control only.
    Type {
        /// The attempt.
        attempt: u32,
        /// What was typed.
        bytes: String,
    },
    /// The pane's size.
    Size {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Which attempt's screen to send rows of; none: stop.
    Show {
        /// The attempt.
        attempt: Option<u32>,
    },
    /// Rows of an attempt's history and screen.
    Scroll {
        /// The attempt.
        attempt: u32,
        /// First row, counted from the oldest that is kept.
        from: usize,
        /// How many.
        count: usize,
    },
    /// A secret that was asked for; answered by nothing, logged nowhere.
    Secret {
        /// Parameter.
        name: String,
        /// Its value.
        value: String,
    },
    /// The client leaves.
    Leave,
}

/// From the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FromHost {
    /// The answer to `Hello`. Events follow.
    Welcome {
        /// The host's protocol.
        proto: u32,
        /// Program and version.
        program: String,
        /// The run's folder.
        folder: String,
        /// Number of the last event that is on disk.
        seq: u64,
        /// Now, on both clocks.
        now: Stamp,
        /// The run's id.
        run: String,
    },
    /// It can't talk with this client.
    Incompatible {
        /// The host's program.
        program: String,
        /// Why.
        why: String,
    },
    /// Journal lines, verbatim, in order and complete.
    Events {
        /// Lines.
        lines: Vec<String>,
    },
    /// The plan was fixed or is fixed: `plan.json`, verbatim. Comes before the event that fixes it.
    Plan {
        /// The document.
        json: String,
    },
    /// Rows of the shown screen that changed; the latest wins.
    Rows(Rows),
    /// Figures, clocks; the latest wins.
    Live(Live),
    /// An intent is on disk.
    Done {
        /// The client's number.
        id: u64,
        /// Its last event.
        seq: u64,
    },
    /// An intent was refused.
    Refused {
        /// The client's number.
        id: u64,
        /// Why, and what to do next.
        why: String,
    },
    /// A secret is needed: the client asks for it.
    NeedSecret {
        /// Parameter.
        name: String,
    },
    /// The journal cannot be written, so the program does not go on: this can be done by hand (the text of
    /// `by-hand.md`, as of now). `storage_recovered` among the events ends it.
    ByHand {
        /// What the disk said.
        why: String,
        /// Markdown.
        text: String,
    },
    /// The host leaves; the run is as the events say.
    Bye {
        /// Why.
        why: String,
    },
}

/// Rows of an attempt's screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// The attempt.
    pub attempt: u32,
    /// Columns of the screen.
    pub cols: u16,
    /// Rows of the screen.
    pub height: u16,
    /// Rows kept above the screen.
    pub history: usize,
    /// Row number (from the oldest that is kept) and row.
    pub rows: Vec<(usize, Row)>,
    /// Cursor: column and row of the screen, when it is shown.
    pub cursor: Option<(u16, u16)>,
    /// The program uses the alternate screen.
    pub alternate: bool,
    /// Pastes are to be bracketed.
    pub bracketed_paste: bool,
    /// Cursor keys are sent as `ESC O A`.
    #[serde(default)]
    pub app_cursor: bool,
    /// It is silent behind an unfinished line: it seems to ask.
    pub asks: bool,
    /// What was typed is not echoed (a password).
    pub hidden_input: bool,
    /// Bytes of output so far.
    pub bytes: u64,
}

/// The live column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// Now, on both clocks.
    pub now: Option<Stamp>,
    /// Probes that are sampled.
    pub probes: Vec<LiveProbe>,
    /// The host waits for the disk since so many seconds.
    pub disk_wait: Option<u32>,
    /// Commands that are held because their output cannot be written: the attempt, why.
    #[serde(default)]
    pub held: Vec<(u32, String)>,
    /// Clients that are attached, with their role.
    pub clients: Vec<(Actor, Role)>,
    /// What a wait or check still misses, by item id, in words.
    pub missing: Vec<(String, String)>,
}

/// A probe in the live column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveProbe {
    /// The probe.
    pub id: ProbeId,
    /// Its verdict.
    pub verdict: Verdict,
    /// The newest look.
    pub look: Look,
    /// The newest figure, base unit.
    pub value: Option<f64>,
    /// What was seen, in words.
    pub text: String,
    /// Why it is bad, in words.
    pub why: Option<String>,
    /// A hint.
    pub hint: Option<String>,
    /// Run time of the newest look, µs; none: never looked.
    pub up: Option<u64>,
    /// Run time since when looks are bad without a good one between, µs.
    pub bad_since: Option<u64>,
    /// The last figures, oldest first, for a sparkline (at most 60).
    pub series: Vec<Option<f64>>,
}
