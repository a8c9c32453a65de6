//! What may be written of a step or a probe: data, one spec file a kind. What is done with it lives in
//! `probes`, `actions` and the engine; both halves meet in one exhaustive `match`.

mod answers;
mod capture;
mod command;
mod fields;
mod identity;
mod kubernetes;
mod look;
mod probe;
mod sensing;
mod telemetry;
mod told;

pub use answers::{AnswerType, Approve, Confirm, Field, FieldType, Record};
pub use capture::{Capture, CaptureOf, CaptureType};
pub use command::{Acting, Danger, Defaults, Retry, Run, Script, Shell};
pub use fields::{Fields, answer_type, command_fields, field_type};
pub use identity::{Kms, Oauth};
pub use kubernetes::{Kubernetes, KubernetesFigure, KubernetesOf};
pub use look::{Every, ItemRef, ProbeRef, ProbeSpec, is_key, is_name};
pub use probe::*;
pub use sensing::{Baseline, Channel, Check, CheckLook, Notify, Settings, Wait, WaitFor};
pub use telemetry::{Auth, Grafana, Logs, LogsFrom, Loki, Tempo};
pub use told::{GrafanaNotes, OtlpReceiver, Telemetry};
