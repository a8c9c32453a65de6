//! What is told to systems that watch deployments: the run as a trace (OTLP over HTTP), annotations of Grafana.

mod export;
mod grafana;
mod otlp;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

pub use export::Exporter;
pub use grafana::{Annotation, Grafana, annotate};
pub use otlp::{Collector, Span, SpanStatus};

/// The trace of a run: 16 bytes in hex, the same whenever it is asked for.
pub fn trace_id(run: &str) -> String {
    hex(&["flightdeck trace", run], 16)
}

/// A span of a run: 8 bytes in hex, the same whenever it is asked for. The run's own span has no item; an item's is
/// told apart by its attempt.
pub fn span_id(run: &str, item: Option<(&str, u32)>) -> String {
    match item {
        Some((item, attempt)) => hex(&["flightdeck span", run, item, &attempt.to_string()], 8),
        None => hex(&["flightdeck span", run], 8),
    }
}

/// So many bytes of a digest. Never all zero, which the format forbids, but by a chance of 1 in 2^64.
fn hex(parts: &[&str], bytes: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}
