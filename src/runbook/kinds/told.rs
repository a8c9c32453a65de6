//! Who else is told how a run goes: a trace and annotations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::expr::Template;

/// Where a run is told of beside its record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Telemetry {
    /// A receiver of traces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp: Option<OtlpReceiver>,
    /// A Grafana that gets annotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grafana: Option<GrafanaNotes>,
}

impl Telemetry {
    /// Nobody else is told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A receiver of traces: OTLP over HTTP, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtlpReceiver {
    /// Its address, without `/v1/traces`.
    pub url: Template,
    /// Headers, such as a tenant or an authorization.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
}

/// A Grafana that gets an annotation when a run begins and when it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GrafanaNotes {
    /// Its address.
    pub url: Template,
    /// A service account's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Template>,
    /// `user:password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<Template>,
    /// The uid of the one dashboard that shows them; without one all do that ask for the tag `flightdeck`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<Template>,
    /// Ids of steps whose pass is marked too, such as the switch of traffic.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}
