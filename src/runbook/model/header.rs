//! The runbook and what stands before its steps.

use chrono::NaiveDate;
use indexmap::IndexMap;

use super::super::At;
use super::super::kinds::{Channel, Defaults, Every, Field, Telemetry};
use super::{Block, Pane, Phase, Probe, Trigger, Use, Watch};
use crate::expr::{Expr, Template};
use crate::words::Name;

/// A runbook with everything that it includes.
#[derive(Clone, Debug, Default)]
pub struct Runbook {
    /// What it is for.
    pub title: String,
    /// More about it.
    pub about: Option<String>,
    /// The system that it deploys.
    pub system: Option<String>,
    /// The versions in the header.
    pub change: Option<Change>,
    /// The runbook's own version.
    pub version: Option<String>,
    /// The day it was last reviewed.
    pub reviewed: Option<NaiveDate>,
    /// Where that day stands.
    pub reviewed_at: At,
    /// Seconds after which a review is due again.
    pub review_every: Option<f64>,
    /// Recovery objectives.
    pub objectives: Objectives,
    /// Folder of relative paths and commands, from the runbook's own folder; `.` is that folder.
    pub root: String,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// What every step has unless something nearer says otherwise.
    pub defaults: Defaults,
    /// What every probe has unless it says otherwise.
    pub probe_defaults: ProbeDefaults,
    /// Parameters in order.
    pub parameters: IndexMap<Name, Parameter>,
    /// What is guarded before each command.
    pub guards: Vec<Where>,
    /// Target groups.
    pub targets: IndexMap<Name, TargetGroup>,
    /// People.
    pub contacts: IndexMap<Name, Contact>,
    /// Where messages go.
    pub channels: IndexMap<Name, ChannelEntry>,
    /// Documents.
    pub links: Vec<Link>,
    /// What binds this deployment.
    pub limitations: IndexMap<Name, Limitation>,
    /// Ways of looking.
    pub probes: IndexMap<Name, Probe>,
    /// Panes of the live column.
    pub panes: Vec<Pane>,
    /// Rollback triggers.
    pub triggers: IndexMap<Name, Trigger>,
    /// Steps used in more than one place.
    pub blocks: IndexMap<Name, Block>,
    /// The phases; top-level `steps` are one phase without a title.
    pub phases: Vec<Phase>,
    /// The way back.
    pub rollback: Option<Phase>,
    /// What is watched afterwards.
    pub watch: Option<Watch>,
    /// Who else is told how a run goes.
    pub telemetry: Telemetry,
    /// The header's own texts.
    pub uses: Vec<Use>,
}

/// From which version to which.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The version before.
    pub from: Option<Template>,
    /// The version after.
    pub to: Option<Template>,
}

/// Recovery objectives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objectives {
    /// Seconds from failure to recovery.
    pub rto: Option<f64>,
    /// Seconds of data that may be lost.
    pub rpo: Option<f64>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Where they stand.
    pub at: At,
}

/// What every probe has unless it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProbeDefaults {
    /// How often it looks.
    pub every: Option<Every>,
    /// Seconds until a look is given up.
    pub timeout: Option<f64>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Where its name stands.
    pub at: At,
    /// What may be entered.
    pub field: Field,
    /// Read once at the start of a run.
    pub from: Option<ParameterFrom>,
    /// Off: it has no value.
    pub when: Option<Expr>,
    /// Its texts.
    pub uses: Vec<Use>,
}

impl Parameter {
    /// Its value is shown and written nowhere.
    pub fn is_secret(&self) -> bool {
        self.field.kind == super::super::kinds::FieldType::Secret
    }
}

/// Where a parameter's value is read.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterFrom {
    /// A command's output, without the line's end.
    Run(super::super::kinds::CommandText),
    /// A file's content, without the last line's end.
    File(Template),
    /// A variable of the environment.
    Env(String),
}

/// A line of `where`.
#[derive(Clone, Debug, PartialEq)]
pub struct Where {
    /// What is guarded.
    pub kind: WhereKind,
    /// What it must be.
    pub is: Template,
    /// Off: it is not guarded.
    pub when: Option<Expr>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Where it stands.
    pub at: At,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// What can be guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhereKind {
    /// The world's name, the header's first word.
    Environment,
    /// kubectl's context.
    KubeContext,
    /// kubectl's namespace.
    Namespace,
    /// The Docker engine.
    DockerHost,
    /// The git commit or branch of the root.
    Git,
    /// The database.
    Database,
}

impl WhereKind {
    /// All of them with their keys.
    pub const ALL: [(&'static str, Self); 6] = [
        ("environment", Self::Environment),
        ("kube_context", Self::KubeContext),
        ("namespace", Self::Namespace),
        ("docker_host", Self::DockerHost),
        ("git", Self::Git),
        ("database", Self::Database),
    ];

    /// The key in a runbook.
    pub fn key(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(key, _)| key)
    }
}

/// A group of things that are looked at and acted on.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetGroup {
    /// Each by its key.
    Fixed {
        /// Where the group's name stands.
        at: At,
        /// The targets in order.
        targets: IndexMap<String, Target>,
    },
    /// One for each item of a list parameter; `item` is the list's item.
    Each {
        /// Where the group's name stands.
        at: At,
        /// The parameter.
        parameter: Name,
        /// The fields of every target.
        target: Target,
    },
}

impl TargetGroup {
    /// Where the group's name stands.
    pub fn at(&self) -> At {
        match self {
            Self::Fixed { at, .. } | Self::Each { at, .. } => *at,
        }
    }
}

/// A thing that is looked at and acted on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    /// Where its key stands.
    pub at: At,
    /// Off: it is not there.
    pub when: Option<Expr>,
    /// Its fields.
    pub fields: IndexMap<Name, Template>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// A role and who fills it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// Where its name stands.
    pub at: At,
    /// The role.
    pub role: Option<Template>,
    /// How they are reached.
    pub via: Option<Template>,
    /// Where they are reached.
    pub url: Option<Template>,
    /// Login names or key fingerprints.
    pub people: Vec<String>,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelEntry {
    /// Where its name stands.
    pub at: At,
    /// Where messages go.
    pub channel: Channel,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// A document.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Where it stands.
    pub at: At,
    /// What it is.
    pub title: Template,
    /// Its address.
    pub url: Option<Template>,
    /// Or its file.
    pub file: Option<Template>,
    /// It is known that it may not be there.
    pub missing_ok: bool,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// Something that binds this deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Limitation {
    /// Where its name stands.
    pub at: At,
    /// Off: it does not apply.
    pub when: Option<Expr>,
    /// What it is.
    pub text: Template,
    /// What to do instead.
    pub workaround: Option<Template>,
    /// What it does.
    pub effect: Effect,
    /// Row ids of the original.
    pub source: Vec<Template>,
    /// Its texts.
    pub uses: Vec<Use>,
}

/// What a limitation does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effect {
    /// It is shown.
    #[default]
    Warns,
    /// To go on needs an override with a reason.
    Blocks,
}
