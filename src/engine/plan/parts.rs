//! The plan's parts that are not items.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::expr::{Expr, Template};
use crate::runbook::kinds::ProbeKind;
use crate::words::{ItemId, Name, ProbeId, Severity, Unit, Value};

/// Recovery objectives, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Objectives {
    /// Recovery time objective.
    pub rto: Option<f64>,
    /// Recovery point objective: how much data may be lost.
    pub rpo: Option<f64>,
}

/// What `where` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhereKind {
    /// The header's first word.
    Environment,
    /// The current context of the kubeconfig.
    KubeContext,
    /// The Kubernetes namespace (shown; commands name it).
    Namespace,
    /// `DOCKER_HOST`.
    DockerHost,
    /// Commit of the root folder's repository.
    Git,
    /// A database, host and name.
    Database,
}

impl WhereKind {
    /// The key in a runbook.
    pub fn key(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::KubeContext => "kube_context",
            Self::Namespace => "namespace",
            Self::DockerHost => "docker_host",
            Self::Git => "git",
            Self::Database => "database",
        }
    }
}

/// One pinned place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Where {
    /// What it is.
    pub kind: WhereKind,
    /// What it has to be, filled in.
    pub is: String,
}

/// A parameter with its pinned value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its value; no data when it is off or a secret.
    pub value: Value,
    /// Of a secret: where it comes from, in words (`file secrets/postgres_url`, `env SLACK_WEBHOOK`, `typed`).
    pub secret: Option<String>,
    /// The question of the form.
    pub ask: Option<String>,
}

/// A member of a target group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its key.
    pub key: String,
    /// Its fields, filled in.
    pub fields: BTreeMap<String, Value>,
}

/// Somebody who can be reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Its name in the runbook.
    pub name: String,
    /// What they are.
    pub role: Option<String>,
    /// How they are reached.
    pub via: Option<String>,
    /// Where they are reached.
    pub url: Option<String>,
    /// Login names or key fingerprints.
    pub people: Vec<String>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// How a channel sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A Slack-compatible webhook.
    Slack,
    /// A generic webhook.
    Webhook,
    /// A file that lines are appended to.
    File,
    /// E-mail.
    Email,
    /// PagerDuty events.
    Pagerduty,
    /// A Jira issue.
    Jira,
}

/// A channel for notices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Its name.
    pub name: Name,
    /// How it sends.
    pub kind: ChannelKind,
    /// Where to: address or path; may hold a secret, so it stays a template.
    pub to: Template,
    /// What stands beside it, by its key in the runbook.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Template>,
}

/// Something worth opening.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Its title.
    pub title: String,
    /// Address or path, filled in.
    pub to: String,
    /// The file may be missing.
    pub missing_ok: bool,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// How strongly a limitation binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The run does not begin without an override with a reason.
    Blocks,
    /// It is shown.
    Warns,
}

/// A known limitation that applies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limitation {
    /// Its name.
    pub name: Name,
    /// How strongly it binds.
    pub effect: Effect,
    /// What is limited.
    pub text: String,
    /// What to do instead.
    pub workaround: Option<String>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// A probe that is on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// `name`, `name.key` of a `for_each`; of a check's own look the item's id, with `/name` where that is taken.
    pub id: ProbeId,
    /// Of a check's own look: the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<ItemId>,
    /// What it is called on screens.
    pub title: String,
    /// The target's group and key, for `item` in its texts and expectations.
    pub each: Option<(String, String)>,
    /// How it looks. Texts are not filled in: they may hold secrets.
    pub kind: ProbeKind,
    /// The members of a group probe (`all_of`, `any_of`, a `for_each` probe as a whole): not sampled itself.
    pub members: Vec<ProbeId>,
    /// Seconds between looks; none: only when a step asks.
    pub every: Option<f64>,
    /// Seconds that one look may take.
    pub timeout: f64,
    /// All must hold; the kind's default expectation is among them unless it was replaced.
    pub expect: Vec<Expr>,
    /// Unit of its figure.
    pub unit: Unit,
    /// Bad looks in a row that turn it bad.
    pub fail_after: u32,
    /// Good looks in a row that turn it good.
    pub pass_after: u32,
}

/// A pane of the live column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pane {
    /// Its title.
    pub title: String,
    /// Its probes.
    pub probes: Vec<ProbeId>,
}

/// What fires a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerWhen {
    /// A condition over samples.
    Samples(Expr),
    /// A person declares it; the text says what.
    Manual(String),
}

/// What a fired trigger does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerMode {
    /// Resolves its procedure and asks.
    #[default]
    Arm,
    /// Only tells.
    Notify,
    /// Starts its procedure after a countdown.
    Auto,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: Name,
    /// What it is called on screens.
    pub title: String,
    /// How urgent it is.
    pub severity: Severity,
    /// What fires it.
    pub when: TriggerWhen,
    /// Seconds the condition must hold.
    pub for_seconds: f64,
    /// Seconds the condition must not hold before it clears.
    pub clear_for: f64,
    /// When it is armed; none: from the first step that changes the world.
    pub armed: Option<Expr>,
    /// The trigger that inhibits it.
    pub unless: Option<Name>,
    /// No data counts as holding (else its clock stands still).
    pub no_data_counts: bool,
    /// `rollback` or a block's name.
    pub then: String,
    /// What it does by itself.
    pub mode: TriggerMode,
    /// Channels told when it fires with nobody attached.
    pub to: Vec<Name>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// The watch after the last box.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Its length in seconds.
    pub for_seconds: f64,
    /// Its targets.
    pub expect: Vec<Expr>,
    /// Row ids of the original.
    pub source: Vec<String>,
}

/// Something of the runbook that carries row ids of the original.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Carrier {
    /// The row id.
    pub source: String,
    /// What carries it: `item`, `section`, `phase`, `field`, `link`, `contact`, `limitation`, `trigger`, `pane`,
    /// `objectives`, `group`, `watch`, `runbook`.
    pub part: String,
    /// Its id, name or title.
    pub name: String,
}
