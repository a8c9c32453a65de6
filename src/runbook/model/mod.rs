//! A runbook as data: what was written, read and typed, with the places that later messages need.
//!
//! Templates and expressions are parsed here and filled in elsewhere. Durations are seconds.

mod header;
mod parts;
mod step;
mod uses;

pub use header::{
    Change, ChannelEntry, Contact, Effect, Limitation, Link, Objectives, Parameter, ParameterFrom, ProbeDefaults,
    Runbook, Target, TargetGroup, Where, WhereKind,
};
pub use parts::{Block, Pane, Phase, Probe, Section, Then, Trigger, TriggerMode, TriggerNoData, TriggerWhen, Watch};
pub use step::{Action, Due, Step, UndoSteps, UseBlock};
pub use uses::{Use, UseOf, Want};
