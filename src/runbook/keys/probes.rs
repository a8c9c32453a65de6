//! Keys of probes and of each kind of probe.

use super::header::{SOURCE, WHEN};
use super::key::{Key, Kind, Part, Space, key, part};
use super::services::{KMS, OAUTH};
use super::telemetry::{GRAFANA, LOGS, LOKI, TEMPO};

/// How often a probe looks.
pub const EVERY: Key = key(
    "every",
    Kind::Either(&[Kind::Duration, Kind::Words(&[("on_demand", "only when a step asks")])]),
    "How often it looks.",
)
.or("10s");
/// How long a look may take.
pub const TIMEOUT: Key = key("timeout", Kind::Duration, "After how long a look is given up.").or("3s");

/// The keys of which a probe has one.
pub static KINDS: [&str; 23] = [
    "http",
    "tls",
    "tcp",
    "port",
    "file",
    "config",
    "postgres",
    "prometheus",
    "report",
    "openapi",
    "git",
    "docker",
    "kubernetes",
    "oauth",
    "kms",
    "logs",
    "loki",
    "tempo",
    "grafana",
    "run",
    "script",
    "all_of",
    "any_of",
];

static KIND_KEYS: [Key; 23] = [
    key("http", Kind::Part(&HTTP), "One HTTP(S) request."),
    key("tls", Kind::Part(&TLS), "A TLS handshake with an address, or certificate files."),
    key("tcp", Kind::Part(&TCP), "A TCP connection."),
    key("port", Kind::Part(&PORT), "Local ports and who holds them."),
    key("file", Kind::Part(&FILE), "Files by name or glob."),
    key("config", Kind::Part(&CONFIG), "A value inside a configuration text."),
    key("postgres", Kind::Part(&POSTGRES), "A PostgreSQL session and a query."),
    key("prometheus", Kind::Part(&PROMETHEUS), "A PromQL query."),
    key("report", Kind::Part(&REPORT), "A report that a tool wrote."),
    key("openapi", Kind::Part(&OPENAPI), "An OpenAPI document."),
    key("git", Kind::Part(&GIT), "A git folder."),
    key("docker", Kind::Part(&DOCKER), "A Docker Engine and what runs on it."),
    key("kubernetes", Kind::Part(&KUBERNETES), "A Kubernetes cluster and what runs on it."),
    key("oauth", Kind::Part(&OAUTH), "The authorization-code flow with PKCE, and what its token is good for."),
    key("kms", Kind::Part(&KMS), "A round trip through a key management service."),
    key("logs", Kind::Part(&LOGS), "Lines of logs that match a pattern."),
    key("loki", Kind::Part(&LOKI), "Whether streams of Loki have lines."),
    key("tempo", Kind::Part(&TEMPO), "Whether traces arrive in Tempo."),
    key("grafana", Kind::Part(&GRAFANA), "Grafana, and whether a dashboard exists and has data."),
    key("run", Kind::Command, "A command, for what has no API."),
    key("script", Kind::Script, "A script, for what has no API."),
    key("all_of", Kind::Names(Space::Probe), "The worst of those probes that are on."),
    key("any_of", Kind::Names(Space::Probe), "The best of those probes that are on."),
];

static COMMON: [Key; 9] = [
    EVERY,
    TIMEOUT,
    key("expect", Kind::Exprs, "What it should see; all must hold.").or("the kind's own"),
    key(
        "unit",
        Kind::Words(&[
            ("ms", "milliseconds"),
            ("s", "seconds"),
            ("ratio", "0 to 1, shown as %"),
            ("bytes", "bytes"),
            ("count", "a number"),
            ("per_second", "a number a second"),
            ("per_minute", "a number a minute"),
        ]),
        "The unit of its figure.",
    ),
    key("fail_after", Kind::Count(1), "Bad looks in a row that turn it red.").or("2; 1 on demand"),
    key("pass_after", Kind::Count(1), "Good looks in a row that turn it green.").or("2; 1 on demand"),
    key("cwd", Kind::Text, "The folder that its command runs in.").or("the root").beside(&["run", "script"]),
    key("env", Kind::Map(&Kind::Value), "Environment variables of its command.").beside(&["run", "script"]),
    key(
        "shell",
        Kind::Words(&[("bash", "bash with `set -euo pipefail`"), ("sh", "sh with `set -eu`")]),
        "The shell of its script.",
    )
    .or("bash")
    .beside(&["script"]),
];

/// A named probe.
pub static PROBE: Part = part(
    "probe",
    "A way of looking, named once.",
    &[
        &KIND_KEYS,
        &[key("for_each", Kind::Expr, "One probe for each target of a group, or each item of a list."), WHEN, SOURCE],
        &COMMON,
    ],
)
.exactly_one(&KINDS);

/// A look that only its step uses.
pub static OWN_PROBE: Part =
    part("check", "A look that is named nowhere else.", &[&KIND_KEYS, &COMMON]).exactly_one(&KINDS);

static REQUEST: [Key; 11] = [
    key("method", Kind::Text, "The request's method.").or("GET"),
    key("headers", Kind::Map(&Kind::Value), "The request's headers."),
    key("body", Kind::Text, "The request's body."),
    key("ca", Kind::Text, "A PEM file: the only CA to trust.").or("the system's"),
    key("fingerprint", Kind::Text, "The certificate's sha256, hex, to trust instead of a CA."),
    key("cert", Kind::Text, "A PEM file: the client's certificate."),
    key("key", Kind::Text, "A PEM file: the client's key."),
    key("basic_auth", Kind::Text, "`user:password`."),
    key("bearer", Kind::Text, "A bearer token."),
    key("origin", Kind::Text, "The `Origin` header, for CORS."),
    VIA_KEY,
];

const VIA_KEY: Key = key("via", Kind::Part(&VIA), "The way to a listener that this machine does not reach by itself.");

static VIA: Part = part(
    "via",
    "A way to a listener that this machine does not reach by itself, such as one that binds only its pod's own loopback. \
     The address is the one that holds there.",
    &[&[
        key("pod", Kind::Text, "A pod, or `deployment/NAME`: one of its ready pods. Empty: asked from here.").needed(),
        key("context", Kind::Text, "The kubeconfig's context.").or("`where.kube_context`, else its current one"),
        key("namespace", Kind::Text, "The namespace.").or("`where.namespace`, else the context's own"),
    ]],
)
.lone("pod");

static HTTP: Part =
    part("http", "One HTTP(S) request.", &[&[key("url", Kind::Text, "The address.").needed()], &REQUEST]).lone("url");

static OPENAPI: Part = part(
    "openapi",
    "An OpenAPI document from an address or a file.",
    &[&[key("url", Kind::Text, "The document's address."), key("file", Kind::Text, "The document's file.")], &REQUEST],
)
.exactly_one(&["url", "file"])
.lone("url");

static TLS: Part = part(
    "tls",
    "A TLS handshake, or certificate files.",
    &[&[
        key("address", Kind::Text, "`host:port`."),
        key("files", Kind::Text, "A glob of PEM files."),
        key("ca", Kind::Text, "A PEM file: the only CA to trust.").or("the system's"),
        key("key", Kind::Text, "A PEM file: the private key that must match."),
        key("server_name", Kind::Text, "The name to verify.").or("the address's host"),
    ]],
)
.exactly_one(&["address", "files"])
.lone("address");

static TCP: Part =
    part("tcp", "A TCP connection.", &[&[key("address", Kind::Text, "`host:port`.").needed()]]).lone("address");

static PORT: Part = part(
    "port",
    "Local ports and who holds them.",
    &[&[
        key("ports", Kind::Texts, "Ports, each a number or a range such as `8080-8082`.").needed(),
        key("owner", Kind::Text, "A word in the command line of processes that may hold them."),
    ]],
)
.lone("ports");

static FILE: Part =
    part("file", "Files by name or glob.", &[&[key("path", Kind::Text, "A path or a glob.").needed()]]).lone("path");

static CONFIG: Part = part(
    "config",
    "A value inside a configuration text.",
    &[&[
        key("file", Kind::Text, "The file."),
        key("text", Kind::Text, "A text instead of a file."),
        key(
            "as",
            Kind::Words(&[
                ("yaml", "YAML"),
                ("json", "JSON"),
                ("env", "`NAME=value` lines"),
                ("dsn", "`postgres://user:password@host:port/database`"),
            ]),
            "How it is read.",
        )
        .or("by the file's ending"),
    ]],
)
.exactly_one(&["file", "text"])
.lone("file");

static POSTGRES: Part = part(
    "postgres",
    "A PostgreSQL session.",
    &[&[
        key("url", Kind::Text, "`postgres://user:password@host:port/database`."),
        key("address", Kind::Text, "`host:port`."),
        key("user", Kind::Text, "The user.").beside(&["address"]),
        key("password", Kind::Text, "The password.").beside(&["address"]),
        key("query", Kind::Text, "A query; its first column of its first row is `value`."),
        VIA_KEY,
    ]],
)
.exactly_one(&["url", "address"])
.lone("url");

static PROMETHEUS: Part = part(
    "prometheus",
    "A PromQL query: of now, or of a range of time.",
    &[&[
        key("url", Kind::Text, "The API's base address.").needed(),
        key("query", Kind::Text, "PromQL.").needed(),
        key("ca", Kind::Text, "A PEM file: the only CA to trust.").or("the system's"),
        key("basic_auth", Kind::Text, "`user:password`."),
        key("bearer", Kind::Text, "A bearer token."),
        key("range", Kind::Duration, "So long up to now: `min`, `max`, `avg`, `first`, `points` of it.")
            .or("now alone"),
        key("step", Kind::Duration, "Between two points of the range.").or("a sixtieth of the range"),
    ]],
);

static REPORT: Part = part(
    "report",
    "A report that a tool wrote.",
    &[&[
        key("path", Kind::Text, "The file, or a glob of files whose counts are added.").needed(),
        key(
            "as",
            Kind::Words(&[
                ("sarif", "SARIF 2.1.0"),
                ("gosec", "`gosec -fmt json`"),
                ("zap", "ZAP's JSON report"),
                ("govulncheck", "`govulncheck -format json`"),
                ("go_test", "`go test -json`"),
                ("coverage", "a Go coverage profile, or `go tool cover -func`"),
            ]),
            "Its format.",
        )
        .needed(),
        key("newer_than", Kind::Text, "A file, or a time, that it must be newer than."),
    ]],
);

static GIT: Part =
    part("git", "A git folder.", &[&[key("folder", Kind::Text, "The folder.").or("the root")]]).lone("folder");

static DOCKER: Part = part(
    "docker",
    "A Docker Engine and what runs on it; which engine, `DOCKER_HOST` says, or `where.docker_host`.",
    &[&[
        key(
            "of",
            Kind::Words(&[
                ("engine", "the engine itself"),
                ("project", "the containers of a Compose project"),
                ("images", "images that are there"),
                ("environment", "what looks like a secret in the environment of a project's containers"),
                ("stats", "what a project's containers use"),
                ("volumes", "a project's volumes: what `down -v` would destroy"),
            ]),
            "What is looked at.",
        )
        .needed(),
        key("project", Kind::Text, "The Compose project."),
        key("services", Kind::Texts, "Services that must be there.").or("all that are there").beside(&["project"]),
        key("jobs", Kind::Texts, "Services that, where they are there, end with 0 and stay ended.")
            .beside(&["project"]),
        key("images", Kind::Texts, "Images by name.").beside(&["of"]),
        key(
            "figure",
            Kind::Words(&[
                ("cpu", "processor time of the container that uses most; 100% is one processor"),
                ("memory", "memory of all containers"),
                ("memory_share", "memory against its limit, of the container that is nearest to it"),
                ("restarts", "restarts of all containers"),
            ]),
            "Which figure of `stats` is drawn.",
        )
        .or("cpu"),
    ]],
)
.lone("of");

static KUBERNETES: Part = part(
    "kubernetes",
    "A Kubernetes cluster and what runs on it; which one, the kubeconfig says (`KUBECONFIG`), or `where.kube_context`.",
    &[&[
        key(
            "of",
            Kind::Words(&[
                ("api", "the API server itself, and what this login may do"),
                ("pods", "pods: of the deployments, or all of the namespace"),
                ("rollout", "whether the deployments are rolled out, as `kubectl rollout status` has it"),
                ("secrets", "secrets that must be there with their keys"),
                ("environment", "what looks like a secret in the environment of the deployments' templates"),
                ("stats", "what pods use, from the metrics server"),
                ("events", "warnings that the cluster noted"),
                ("service", "who stands behind Services: their endpoints, and whose pods these are"),
            ]),
            "What is looked at.",
        )
        .needed(),
        key("context", Kind::Text, "The kubeconfig's context.").or("`where.kube_context`, else its current one"),
        key("namespace", Kind::Text, "The namespace.").or("`where.namespace`, else the context's own"),
        key("deployments", Kind::Texts, "Deployments by name, or a target group: its targets' `deployment`.")
            .or("all of the namespace"),
        key(
            "services",
            Kind::Texts,
            "Services by name (`of: service`); with `deployments`, only their pods may answer.",
        ),
        key("may", Kind::Texts, "What this login must be allowed to do: `patch deployments`, `create jobs.batch`."),
        key("secrets", Kind::Texts, "Secrets by name, alone or with a key: `db`, `db/password`."),
        key("manifests", Kind::Text, "A glob of manifests: the secrets that they hold, or want, must be there."),
        key("since", Kind::Text, "From when on warnings count: a duration back, or a time.").or("1h"),
        key(
            "figure",
            Kind::Words(&[
                ("cpu", "processor time of the pod that uses most; 100% is one processor"),
                ("cpu_share", "processor time against its limit, of the pod that is nearest to it"),
                ("memory", "memory of all pods"),
                ("memory_share", "memory against its limit, of the pod that is nearest to it"),
                ("restarts", "restarts of all pods"),
            ]),
            "Which figure of `stats` is drawn.",
        )
        .or("cpu"),
    ]],
)
.lone("of");
