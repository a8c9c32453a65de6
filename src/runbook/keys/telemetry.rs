//! Keys of looks at logs and at the stores of telemetry.

use super::key::{Key, Kind, Part, key, part};

static LOGIN: [Key; 3] = [
    key("ca", Kind::Text, "A PEM file: the only CA to trust.").or("the system's"),
    key("basic_auth", Kind::Text, "`user:password`."),
    key("bearer", Kind::Text, "A bearer token."),
];

const SINCE: Key = key("since", Kind::Text, "From when on: a time, or a duration up to now.")
    .or("when the first step that changes something began; before that, when the run was opened");

/// Lines of logs.
pub static LOGS: Part = part(
    "logs",
    "Lines of logs that match a pattern.",
    &[
        &[
            key("match", Kind::Regex, "A regular expression: a line that it is found in counts.").needed(),
            key(
                "from",
                Kind::Words(&[("docker", "the containers of a Compose project"), ("loki", "streams of Loki")]),
                "Where logs are read.",
            )
            .or("docker"),
            key("project", Kind::Text, "The Compose project."),
            key("services", Kind::Texts, "Its services.").or("all that have a container").beside(&["project"]),
            key("url", Kind::Text, "Loki's base address."),
            key("query", Kind::Text, "Loki's streams, such as `{service_name=~\"kms.*\"}`.").beside(&["url"]),
            SINCE,
        ],
        &LOGIN,
    ],
);

/// Lines of Loki.
pub static LOKI: Part = part(
    "loki",
    "Whether streams of Loki have lines.",
    &[
        &[
            key("url", Kind::Text, "The base address, before `/loki/api`.").needed(),
            key("query", Kind::Text, "LogQL that gives lines.").needed(),
            SINCE,
        ],
        &LOGIN,
    ],
);

/// Traces of Tempo.
pub static TEMPO: Part = part(
    "tempo",
    "Whether traces arrive in Tempo.",
    &[
        &[
            key("url", Kind::Text, "The base address, before `/api`.").needed(),
            key("query", Kind::Text, "TraceQL.").needed(),
            SINCE,
        ],
        &LOGIN,
    ],
);

/// Grafana.
pub static GRAFANA: Part = part(
    "grafana",
    "Grafana's health, and whether a dashboard exists and has data.",
    &[
        &[
            key("url", Kind::Text, "The base address.").needed(),
            key("dashboard", Kind::Text, "A dashboard's uid: it must exist, and its panels have data."),
        ],
        &LOGIN,
    ],
)
.lone("url");
