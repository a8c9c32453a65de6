//! Whether telemetry arrives: lines in Loki, traces in Tempo, dashboards of Grafana with data.

mod api;
mod grafana;
pub(super) mod loki;
mod tempo;

pub(super) use api::Api;

use super::ctx::Ctx;
use super::seen::Seen;
use crate::runbook::kinds::{Grafana, Loki, Tempo};

/// Looks at Loki. Whatever goes wrong is no data: a Loki that is down says nothing about what should send to it.
pub(super) async fn lines(spec: &Loki, ctx: &Ctx) -> Seen {
    loki::look(spec, ctx).await.unwrap_or_else(|problem| problem.as_nothing().into())
}

/// Looks at Tempo. Whatever goes wrong is no data.
pub(super) async fn traces(spec: &Tempo, ctx: &Ctx) -> Seen {
    tempo::look(spec, ctx).await.unwrap_or_else(|problem| problem.as_nothing().into())
}

/// Looks at Grafana itself.
pub(super) async fn dashboards(spec: &Grafana, ctx: &Ctx) -> Seen {
    grafana::look(spec, ctx).await
}
