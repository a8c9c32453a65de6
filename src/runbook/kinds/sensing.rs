//! Steps that look, and steps that wait.

use serde::{Deserialize, Serialize};

use super::{ProbeRef, ProbeSpec};
use crate::expr::{Expr, Template};
use crate::words::Name;

/// A sensed item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What it looks at.
    pub look: CheckLook,
    /// Seconds that it must be green.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<f64>,
    /// Good samples in a row that it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_a_row: Option<u32>,
}

/// A named probe, or one of the step's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckLook {
    /// A probe of the runbook.
    Probe(ProbeRef),
    /// A look that is named nowhere else.
    Own(Box<ProbeSpec>),
}

/// A step that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// For what.
    pub until: WaitFor,
    /// How often it must be so in a row.
    pub in_a_row: u32,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// A probe that is green.
    Probe(ProbeRef),
    /// A condition.
    Condition(Expr),
    /// So many seconds.
    Seconds(f64),
}

/// Figures to compare with later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The probes.
    pub probes: Vec<ProbeRef>,
    /// Seconds that are looked at.
    pub over: f64,
}

/// A message to channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notify {
    /// The channels.
    pub to: Vec<Name>,
    /// Its first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Template>,
    /// Its text.
    pub text: Template,
}

/// A channel's texts beside its address, by their keys in a runbook.
pub type Settings = std::collections::BTreeMap<String, Template>;

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// An incoming webhook of Slack.
    Slack {
        /// Its address.
        url: Template,
    },
    /// Any address that takes a POST.
    Webhook {
        /// The address.
        url: Template,
    },
    /// Mail.
    Email {
        /// The receivers, separated by commas.
        to: Template,
        /// The server and who is known there.
        settings: Settings,
    },
    /// An event of PagerDuty.
    Pagerduty {
        /// The integration's key.
        key: Template,
        /// Where events go, and how loud they are.
        settings: Settings,
    },
    /// A new issue of Jira, or a comment on one.
    Jira {
        /// Jira's address, or the issue's.
        url: Template,
        /// The project, the type, who writes.
        settings: Settings,
    },
    /// A file that gets a line.
    File {
        /// Its path.
        path: Template,
    },
}

impl Channel {
    /// Keys of settings that stand beside each kind.
    pub const EMAIL: &'static [&'static str] = &["server", "from", "user", "password", "tls", "ca"];
    /// See [`Self::EMAIL`].
    pub const PAGERDUTY: &'static [&'static str] = &["url", "severity"];
    /// See [`Self::EMAIL`].
    pub const JIRA: &'static [&'static str] = &["project", "issue_type", "user", "token", "ca"];

    /// The channel's key in a runbook.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Slack { .. } => "slack",
            Self::Webhook { .. } => "webhook",
            Self::Email { .. } => "email",
            Self::Pagerduty { .. } => "pagerduty",
            Self::Jira { .. } => "jira",
            Self::File { .. } => "file",
        }
    }
}
