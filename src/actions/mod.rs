//! Changes of the world without a PTY: notices, and what is told to systems that watch deployments.

mod call;
mod notify;
mod telemetry;

pub use call::is_loopback_url;
pub use notify::{Answered, Jira, Mail, MailTls, Message, Pager, Receiver, send};
pub use telemetry::{Annotation, Collector, Exporter, Grafana, Span, SpanStatus, annotate, span_id, trace_id};
