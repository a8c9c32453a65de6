//! Keys of the runbook's head.

use super::key::{Key, Kind, Part, Rest, Space, key, part};
use super::phases::{BLOCK, PANE, PHASE, ROLLBACK, TRIGGER, WATCH};
use super::probes::PROBE;
use super::step::STEP;

/// Row ids of the original, on everything that has a title or a name.
pub const SOURCE: Key = key("source", Kind::Texts, "Row ids of the original document that this carries.");
/// A condition that switches a part off.
pub const WHEN: Key = key("when", Kind::Expr, "A condition; when it does not hold, this does not apply.");

const FORMAT: Key = key("flightdeck", Kind::Count(1), "The format's number: 1.");
const INCLUDE: Key = key(
    "include",
    Kind::Plains,
    "Files whose parameters, targets, contacts, channels, probes and blocks are brought in.",
);

static BROUGHT: [Key; 6] = [
    key("parameters", Kind::Named(&PARAMETER), "What is asked or given before a run, by name."),
    key(
        "targets",
        Kind::NameMap(&Kind::Part(&TARGET_GROUP)),
        "Groups of things that are looked at and acted on, by name.",
    ),
    key("contacts", Kind::Named(&CONTACT), "Roles and who fills them, by name."),
    key("channels", Kind::Named(&CHANNEL), "Where messages go, by name."),
    key(
        "probes",
        Kind::Named(&PROBE),
        "Ways of looking, by name; checks, panes, triggers and the watch share their samples.",
    ),
    key(
        "blocks",
        Kind::NameMap(&Kind::Either(&[Kind::List(&STEP), Kind::Part(&BLOCK)])),
        "Steps used in more than one place, by name.",
    ),
];

/// The whole runbook.
pub static RUNBOOK: Part = part(
    "runbook",
    "A deployment runbook of flightdeck.",
    &[
        &[
            FORMAT.needed(),
            key("title", Kind::Plain, "What the runbook is for.").needed(),
            key("about", Kind::Plain, "More about it."),
            key("system", Kind::Plain, "The system that it deploys."),
            key("change", Kind::Part(&CHANGE), "The versions that the header shows."),
            key("version", Kind::Plain, "The runbook's own version."),
            key("reviewed", Kind::Date, "The day it was last reviewed."),
            key("review_every", Kind::Duration, "After how long a review is due again."),
            key("objectives", Kind::Part(&OBJECTIVES), "Recovery objectives."),
            key("root", Kind::Plain, "The folder of relative paths and commands.").or("this file's folder"),
            INCLUDE,
            key(
                "defaults",
                Kind::Part(&DEFAULTS),
                "What every step and probe has unless something nearer says otherwise.",
            ),
            key(
                "where",
                Kind::Part(&WHERE),
                "What the run acts on: shown, pinned, and looked at again before every command.",
            ),
            key("links", Kind::List(&LINK), "Documents at hand."),
            key("limitations", Kind::Named(&LIMITATION), "What binds this deployment, by name."),
            key("telemetry", Kind::Part(&TELEMETRY), "Who else is told how a run goes: a trace, annotations."),
            key("panes", Kind::List(&PANE), "Panes of the live column."),
            key("triggers", Kind::Named(&TRIGGER), "Conditions that say: go back."),
            key("steps", Kind::List(&STEP), "The steps of a runbook without phases."),
            key("phases", Kind::List(&PHASE), "The phases, in order."),
            key("rollback", Kind::Part(&ROLLBACK), "The way back: a phase, one key away."),
            key("watch", Kind::Part(&WATCH), "What is watched after the last phase."),
            SOURCE,
        ],
        &BROUGHT,
    ],
)
.exactly_one(&["steps", "phases"])
.rest(Rest::Ignored);

/// A file that a runbook includes.
pub static INCLUDED: Part = part(
    "included file",
    "A file that runbooks include.",
    &[
        &[
            FORMAT,
            key("title", Kind::Plain, "What the file is for."),
            key("about", Kind::Plain, "More about it."),
            INCLUDE,
        ],
        &BROUGHT,
    ],
)
.rest(Rest::Ignored);

static CHANGE: Part = part(
    "change",
    "From which version to which.",
    &[&[key("from", Kind::Text, "The version before."), key("to", Kind::Text, "The version after.")]],
);

static OBJECTIVES: Part = part(
    "objectives",
    "Recovery objectives.",
    &[&[
        key("rto", Kind::Duration, "How long recovery may take."),
        key("rpo", Kind::Duration, "How much data, in time, may be lost."),
        SOURCE,
    ]],
);

/// What can be set for everything below.
pub static INHERITED: [Key; 5] = [
    key("timeout", Kind::Duration, "After how long a step is stopped."),
    key("cwd", Kind::Text, "The folder that commands run in.").or("the root"),
    key("env", Kind::Map(&Kind::Value), "Environment variables of commands; merged with those further out."),
    key(
        "shell",
        Kind::Words(&[("bash", "bash with `set -euo pipefail`"), ("sh", "sh with `set -eu`")]),
        "The shell of scripts.",
    )
    .or("bash"),
    key("owner", Kind::Name(Space::Contact), "The contact that answers for it."),
];

static DEFAULTS: Part = part(
    "defaults",
    "What every step and probe has unless something nearer says otherwise.",
    &[&INHERITED, &[key("probe", Kind::Part(&PROBE_DEFAULTS), "What every probe has unless it says otherwise.")]],
);

static PROBE_DEFAULTS: Part = part(
    "probe defaults",
    "What every probe has unless it says otherwise.",
    &[&[super::probes::EVERY, super::probes::TIMEOUT]],
);

/// Types of parameters and fields.
pub static TYPES: &[(&str, &str)] = &[
    ("text", "a text"),
    ("number", "a number"),
    ("bool", "`true` or `false`"),
    ("duration", "a duration such as `90s`"),
    ("size", "a size such as `512MiB`"),
    ("percent", "a percentage such as `95%`"),
    ("time", "a day, or a point in time"),
    ("url", "an address"),
    ("file", "a file's path"),
    ("folder", "a folder's path"),
    ("git_ref", "a commit, branch or tag"),
    ("list", "a list of texts, joined by commas"),
    ("secret", "a text that is shown and written nowhere"),
];

static FIELD_KEYS: [Key; 9] = [
    key("type", Kind::Words(TYPES), "The value's type.").or("text"),
    key("one_of", Kind::Plains, "The values that it can have."),
    key("some_of", Kind::Plains, "The values of which it can have any."),
    key("ask", Kind::Text, "The question in the form."),
    key("default", Kind::Either(&[Kind::Value, Kind::Plains]), "The value when none is given."),
    key("pattern", Kind::Regex, "A regular expression that the whole value matches."),
    key("min", Kind::Value, "The least value."),
    key("max", Kind::Value, "The greatest value."),
    key("optional", Kind::Bool, "It may stay empty.").or("false"),
];

/// A parameter.
pub static PARAMETER: Part = part(
    "parameter",
    "A value that is asked or given before a run.",
    &[&FIELD_KEYS, &[key("from", Kind::Part(&FROM), "Where it is read at the start of a run."), WHEN, SOURCE]],
)
.at_most_one(&["type", "one_of", "some_of"]);

/// A field of a form.
pub static FIELD: Part =
    part("field", "A field of a form.", &[&FIELD_KEYS, &[SOURCE]]).at_most_one(&["type", "one_of", "some_of"]);

static FROM: Part = part(
    "from",
    "Where a parameter is read at the start of a run; never by lint or plan.",
    &[&[
        key("run", Kind::Command, "A command; its output without the line's end."),
        key("file", Kind::Text, "A file; its content without the last line's end."),
        key("env", Kind::Plain, "A variable of the environment."),
    ]],
)
.exactly_one(&["run", "file", "env"]);

static WHERE: Part = part(
    "where",
    "What the run acts on.",
    &[&[
        key("environment", Kind::Part(&WHERE_IS), "The world's name: the header's first word."),
        key("kube_context", Kind::Part(&WHERE_IS), "kubectl's context."),
        key("namespace", Kind::Part(&WHERE_IS), "kubectl's namespace."),
        key("docker_host", Kind::Part(&WHERE_IS), "The Docker engine."),
        key("git", Kind::Part(&WHERE_IS), "The commit or branch of the root."),
        key("database", Kind::Part(&WHERE_IS), "The database."),
    ]],
);

static WHERE_IS: Part =
    part("where entry", "What it must be.", &[&[key("is", Kind::Text, "What it must be.").needed(), WHEN, SOURCE]])
        .lone("is");

static TARGET_GROUP: Part = part(
    "target group",
    "A map from key to fields, or one for each item of a list parameter.",
    &[&[key(
        "each",
        Kind::Either(&[Kind::Name(Space::Parameter), Kind::Part(&TARGET)]),
        "A list parameter: one target for each of its items.",
    )]],
)
.rest(Rest::Keys(&Kind::Either(&[Kind::Value, Kind::Part(&TARGET)])));

/// A thing that is looked at and acted on.
pub static TARGET: Part = part("target", "A thing that is looked at and acted on: any fields.", &[&[WHEN, SOURCE]])
    .rest(Rest::Names(&Kind::Value));

static CONTACT: Part = part(
    "contact",
    "A role and who fills it.",
    &[&[
        key("role", Kind::Text, "The role."),
        key("via", Kind::Text, "How they are reached."),
        key("url", Kind::Text, "Where they are reached."),
        key("people", Kind::Plains, "Login names or key fingerprints."),
        SOURCE,
    ]],
);

static CHANNEL: Part = part(
    "channel",
    "Where messages go.",
    &[&[
        key("slack", Kind::Text, "An incoming webhook of Slack."),
        key("webhook", Kind::Text, "An address that takes a POST."),
        key("email", Kind::Text, "Receivers of mail, separated by commas."),
        key("server", Kind::Text, "The mail server, `host:port`.").beside(&["email"]),
        key("from", Kind::Text, "The mail's sender.")
            .or("`user` when it is an address, else flightdeck@ this host")
            .beside(&["email"]),
        key(
            "tls",
            Kind::Words(&[
                ("starttls", "the dialogue must change to TLS"),
                ("tls", "TLS from the first byte"),
                ("none", "nothing is encrypted: to this machine only"),
            ]),
            "How mail is encrypted on its way to the server.",
        )
        .or("`tls` at port 465, `none` at this machine, else `starttls`")
        .beside(&["email"]),
        key("password", Kind::Text, "The mail user's password; a secret.").beside(&["email"]),
        key("pagerduty", Kind::Text, "An integration key of PagerDuty's events API v2; a secret."),
        key(
            "severity",
            Kind::Words(&[
                ("critical", "people are called"),
                ("error", "as the service's urgency says"),
                ("warning", "it may wait"),
                ("info", "it is only shown"),
            ]),
            "How loud the event is.",
        )
        .or("error")
        .beside(&["pagerduty"]),
        key("url", Kind::Text, "Where PagerDuty's events go.")
            .or("https://events.pagerduty.com")
            .beside(&["pagerduty"]),
        key(
            "jira",
            Kind::Text,
            "Jira's address for a new issue in `project`, or an issue's (`…/browse/KEY`) that gets a comment.",
        ),
        key("project", Kind::Text, "Key of the project of a new issue.").beside(&["jira"]),
        key("issue_type", Kind::Text, "Type of a new issue.").or("Task").beside(&["jira"]),
        key("token", Kind::Text, "A token of Jira: with `user` the user's, else a personal access token; a secret.")
            .beside(&["jira"]),
        key("user", Kind::Text, "Who is known to the server.").beside(&["email", "jira"]),
        key("ca", Kind::Text, "A file of CAs to trust beside the system's.").beside(&["email", "jira"]),
        key("file", Kind::Text, "A file that gets a line."),
        SOURCE,
    ]],
)
.exactly_one(&["slack", "webhook", "email", "pagerduty", "jira", "file"]);

static TELEMETRY: Part = part(
    "telemetry",
    "Who else is told how a run goes; never in its way.",
    &[&[
        key("otlp", Kind::Part(&OTLP), "A receiver of traces (OTLP over HTTP): the run as a trace, a span an item.")
            .or("the variable OTEL_EXPORTER_OTLP_ENDPOINT"),
        key(
            "grafana",
            Kind::Part(&GRAFANA_NOTES),
            "A Grafana that gets an annotation at the run's start, a rollback, the end, and the pass of `steps`.",
        ),
    ]],
);

static OTLP: Part = part(
    "otlp",
    "A receiver of traces (OTLP over HTTP).",
    &[&[
        key("url", Kind::Text, "Its address, without `/v1/traces`.").needed(),
        key("headers", Kind::Map(&Kind::Value), "Headers of its requests; may hold secrets."),
    ]],
)
.lone("url");

static GRAFANA_NOTES: Part = part(
    "grafana",
    "A Grafana that gets annotations.",
    &[&[
        key("url", Kind::Text, "Its address.").needed(),
        key("token", Kind::Text, "A service account's token; a secret."),
        key("basic_auth", Kind::Text, "`user:password`; a secret."),
        key("dashboard", Kind::Text, "The uid of the one dashboard that shows them.")
            .or("all that ask for the tag `flightdeck`"),
        key("steps", Kind::Plains, "Ids of steps whose pass is marked too, such as the switch of traffic."),
    ]],
)
.lone("url")
.at_most_one(&["token", "basic_auth"]);

static LINK: Part = part(
    "link",
    "A document at hand.",
    &[&[
        key("title", Kind::Text, "What it is.").needed(),
        key("url", Kind::Text, "Its address."),
        key("file", Kind::Text, "Its file."),
        key("missing", Kind::Words(&[("ok", "it may not be there")]), "It is known that it may not be there."),
        SOURCE,
    ]],
)
.exactly_one(&["url", "file"]);

static LIMITATION: Part = part(
    "limitation",
    "Something that binds this deployment.",
    &[&[
        WHEN,
        key("text", Kind::Text, "What it is.").needed(),
        key("workaround", Kind::Text, "What to do instead."),
        key(
            "effect",
            Kind::Words(&[("warns", "it is shown"), ("blocks", "to go on needs an override with a reason")]),
            "What it does.",
        )
        .or("warns"),
        SOURCE,
    ]],
);
