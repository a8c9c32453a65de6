//! What may be written of a step or a probe: data, one spec file a kind. What is done with it lives in
//! `probes`, `actions` and the engine; both halves meet in one exhaustive `match`.

mod answers;
mod capture;
mod command;
mod fields;
mod look;
mod probe;
mod sensing;
mod telemetry;

pub use answers::{AnswerType, Approve, Confirm, Field, FieldType, Record};
pub use capture::{Capture, CaptureOf, CaptureType};
pub use command::{Acting, Danger, Defaults, Retry, Run, Script, Shell};
pub use fields::{Fields, answer_type, command_fields, field_type};
pub use look::{Every, ItemRef, ProbeRef, ProbeSpec, is_key, is_name};
pub use probe::*;
pub use sensing::{Baseline, Channel, Check, CheckLook, Notify, Settings, Wait, WaitFor};
pub use telemetry::{GrafanaNotes, OtlpReceiver, Telemetry};
