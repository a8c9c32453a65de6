//! What `expect` may ask of each kind of probe and action, and what each expects when nobody says otherwise.

use super::{AnswerType, Docker, DockerFigure, DockerOf, Field, FieldType, Oauth, ProbeKind, ReportFormat};
use crate::expr::{Expr, Type};
use crate::words::Unit;

/// Fields and expectations of a kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// Names with their types.
    pub types: Vec<(&'static str, Type)>,
    /// What is expected unless an own expectation names the same field.
    pub defaults: &'static [&'static str],
}

/// What a command or a script gives.
fn command() -> Vec<(&'static str, Type)> {
    vec![("exit_code", Type::Number), ("stdout", Type::Text), ("json", Type::Any), ("duration", Type::Duration)]
}

/// Fields of a step that runs a command or a script, and what it expects by itself.
pub fn command_fields() -> Fields {
    Fields { types: command(), defaults: &["exit_code == 0"] }
}

/// The type of a question's `answer`; none when only yes is answered.
pub fn answer_type(answer: &AnswerType) -> Option<Type> {
    Some(match answer {
        AnswerType::None => return None,
        AnswerType::Text | AnswerType::Link | AnswerType::File => Type::Text,
        AnswerType::Number => Type::Number,
        AnswerType::Date | AnswerType::Time => Type::Time,
        AnswerType::Duration => Type::Duration,
        AnswerType::OneOf(choices) => Type::choice(choices.iter().cloned()),
    })
}

/// The type of a parameter's or a field's value.
pub fn field_type(field: &Field) -> Type {
    match &field.kind {
        FieldType::Text | FieldType::Url | FieldType::File | FieldType::Folder | FieldType::GitRef => Type::Text,
        FieldType::Number => Type::Number,
        FieldType::Bool => Type::Bool,
        FieldType::Duration => Type::Duration,
        FieldType::Size => Type::Size,
        FieldType::Percent => Type::Ratio,
        FieldType::Time => Type::Time,
        FieldType::List => Type::list(Type::Text),
        FieldType::Secret => Type::Secret,
        FieldType::OneOf(choices) => Type::choice(choices.iter().cloned()),
        FieldType::SomeOf(choices) => Type::Flags(choices.clone()),
    }
}

impl ProbeKind {
    /// The fields of its look with their types, and its own expectations.
    ///
    /// `unit` is the probe's, which types `value`.
    pub fn fields(&self, unit: Option<Unit>) -> Fields {
        use Type::{Any, Bool, Duration, Number, Ratio, Size, Text, Time};
        let figure = Type::of_unit(unit.unwrap_or_else(|| self.unit()));
        let texts = || Type::list(Text);
        let (types, defaults): (Vec<(&'static str, Type)>, &'static [&'static str]) = match self {
            Self::Http(_) => (
                vec![
                    ("status", Number),
                    ("latency", Duration),
                    ("body", Text),
                    ("json", Any),
                    ("headers", Type::map(Text)),
                ],
                &["status == 200"],
            ),
            Self::Tls(_) => (
                vec![
                    ("valid", Bool),
                    ("count", Number),
                    ("days_left", Number),
                    ("key_matches", Bool),
                    ("self_signed", Bool),
                    ("fingerprint", Text),
                    ("subject", Text),
                    ("issuer", Text),
                    ("version", Text),
                ],
                &["valid"],
            ),
            Self::Tcp(_) => (vec![("open", Bool), ("latency", Duration)], &["open"]),
            Self::Port(_) => (vec![("foreign", texts()), ("held", texts())], &["foreign is empty"]),
            Self::File(_) => (
                vec![
                    ("count", Number),
                    ("smallest", Size),
                    ("largest", Size),
                    ("distinct", Number),
                    ("mode", Text),
                    ("age", Duration),
                    ("sha256", Text),
                ],
                &["count > 0"],
            ),
            Self::Config(_) => (vec![("at", Any), ("exists", Bool)], &["exists"]),
            Self::Postgres(_) => (
                vec![
                    ("connected", Bool),
                    ("role", Text),
                    ("connections", Number),
                    ("lag", Duration),
                    ("active", Number),
                    ("idle", Number),
                    ("max_connections", Number),
                    ("used", Ratio),
                    ("longest_transaction", Duration),
                    ("size", Size),
                    ("latency", Duration),
                    ("value", if unit.is_some() { figure } else { Any }),
                    ("rows", Number),
                ],
                &["connected"],
            ),
            Self::Prometheus(prometheus) => {
                let mut types = vec![("value", figure.clone()), ("age", Duration)];
                if prometheus.range.is_some() {
                    types.extend(["min", "max", "avg", "first"].map(|name| (name, figure.clone())));
                    types.push(("points", Number));
                }
                (types, &[])
            }
            Self::Report(report) => match report.format {
                ReportFormat::GoTest => (
                    vec![
                        ("failed", Number),
                        ("tests", Number),
                        ("passed", Number),
                        ("skipped", Number),
                        ("coverage", Ratio),
                        ("age", Duration),
                    ],
                    &["failed == 0", "tests > 0"],
                ),
                ReportFormat::Coverage => (vec![("coverage", Ratio), ("age", Duration)], &[]),
                _ => (
                    vec![
                        ("critical", Number),
                        ("high", Number),
                        ("medium", Number),
                        ("low", Number),
                        ("age", Duration),
                    ],
                    &["critical == 0", "high == 0"],
                ),
            },
            Self::Openapi(_) => (
                vec![
                    ("valid", Bool),
                    ("version", Text),
                    ("title", Text),
                    ("paths", texts()),
                    ("status", Number),
                    ("latency", Duration),
                ],
                &["valid"],
            ),
            Self::Git(_) => {
                (vec![("commit", Text), ("branch", Text), ("tag", Text), ("dirty", Bool), ("commit_time", Time)], &[])
            }
            Self::Docker(docker) => docker_fields(docker, figure),
            Self::Kubernetes(kubernetes) => kubernetes.fields(figure),
            Self::Oauth(oauth) => oauth_fields(oauth),
            Self::Kms(_) => kms_fields(),
            Self::Logs(_) => {
                (vec![("matches", Number), ("read", Number), ("lines", texts()), ("value", figure)], &["matches == 0"])
            }
            Self::Loki(_) => (vec![("lines", Number), ("age", Duration), ("newest", Text)], &["lines > 0"]),
            Self::Tempo(_) => (vec![("traces", Number), ("age", Duration)], &["traces > 0"]),
            Self::Grafana(grafana) => grafana_fields(grafana.dashboard.is_some()),
            Self::Run(_) | Self::Script(_) => {
                let mut fields = command();
                // With a unit, what it prints is a figure.
                fields.extend(unit.map(|_| ("value", figure)));
                (fields, &["exit_code == 0"])
            }
            Self::AllOf(_) | Self::AnyOf(_) => (vec![], &[]),
        };
        Fields { types, defaults }
    }

    /// The unit of its figure when the probe names none.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Http(_) | Self::Tcp(_) | Self::Openapi(_) | Self::Oauth(_) | Self::Kms(_) => Unit::Ms,
            // Without a query the figure is how long it took to connect.
            Self::Postgres(postgres) if postgres.query.is_none() => Unit::Ms,
            Self::Run(_) | Self::Script(_) => Unit::S,
            Self::Logs(_) => Unit::PerMinute,
            Self::Grafana(grafana) if grafana.dashboard.is_none() => Unit::Ms,
            Self::Docker(docker) => match (docker.of, docker.figure) {
                (DockerOf::Engine, _) => Unit::Ms,
                (DockerOf::Stats, DockerFigure::Cpu | DockerFigure::MemoryShare) => Unit::Ratio,
                (DockerOf::Stats, DockerFigure::Memory) => Unit::Bytes,
                _ => Unit::Count,
            },
            Self::Kubernetes(kubernetes) => kubernetes.unit(),
            _ => Unit::Count,
        }
    }
}

/// What a walk through the authorization-code flow gives: a leg and how long it took, those of a resource and of what is
/// forbidden only where they are walked.
fn oauth_fields(oauth: &Oauth) -> (Vec<(&'static str, Type)>, &'static [&'static str]) {
    const ALL: [&str; 11] = [
        "authorize",
        "login",
        "consent",
        "token",
        "introspect",
        "revoke",
        "forbidden",
        "resource",
        "wrong_scope",
        "no_token",
        "bad_token",
    ];
    const TOOK: [&str; 11] = [
        "authorize_latency",
        "login_latency",
        "consent_latency",
        "token_latency",
        "introspect_latency",
        "revoke_latency",
        "forbidden_latency",
        "resource_latency",
        "wrong_scope_latency",
        "no_token_latency",
        "bad_token_latency",
    ];
    const WITHOUT: [&str; 10] = [ALL[0], ALL[1], ALL[2], ALL[3], ALL[4], ALL[5], ALL[7], ALL[8], ALL[9], ALL[10]];
    let walked = |leg: &str| match leg {
        "forbidden" => !oauth.forbidden.is_empty(),
        "resource" | "wrong_scope" | "no_token" | "bad_token" => oauth.resource.is_some(),
        _ => true,
    };
    let legs = ALL.into_iter().zip(TOOK).filter(|(leg, _)| walked(leg));
    let mut types: Vec<(&'static str, Type)> =
        legs.flat_map(|(leg, took)| [(leg, Type::Bool), (took, Type::Duration)]).collect();
    types.push(("latency", Type::Duration));
    let defaults: &'static [&'static str] = match (oauth.resource.is_some(), oauth.forbidden.is_empty()) {
        (true, false) => &ALL,
        (true, true) => &WITHOUT,
        (false, false) => &ALL[..7],
        (false, true) => &ALL[..6],
    };
    (types, defaults)
}

/// What a round trip through a KMS gives.
fn kms_fields() -> (Vec<(&'static str, Type)>, &'static [&'static str]) {
    use Type::{Bool, Duration, Text};
    let types = vec![
        ("create", Bool),
        ("material", Bool),
        ("generate", Bool),
        ("encrypt", Bool),
        ("decrypt", Bool),
        ("compare", Bool),
        ("removed", Bool),
        ("key", Text),
        ("latency", Duration),
        ("create_latency", Duration),
        ("material_latency", Duration),
        ("generate_latency", Duration),
        ("encrypt_latency", Duration),
        ("decrypt_latency", Duration),
    ];
    (types, &["create", "material", "generate", "encrypt", "decrypt", "compare"])
}

/// What a look at Grafana gives, with a dashboard or without.
fn grafana_fields(dashboard: bool) -> (Vec<(&'static str, Type)>, &'static [&'static str]) {
    use Type::{Bool, Duration, Number, Text};
    let mut types = vec![("healthy", Bool), ("version", Text), ("latency", Duration)];
    if !dashboard {
        return (types, &["healthy"]);
    }
    types.extend([
        ("found", Bool),
        ("title", Text),
        ("panels", Number),
        ("with_data", Number),
        ("without_data", Type::list(Text)),
    ]);
    (types, &["healthy", "found", "with_data > 0"])
}

/// What a look at Docker gives, by what is looked at.
fn docker_fields(docker: &Docker, figure: Type) -> (Vec<(&'static str, Type)>, &'static [&'static str]) {
    use Type::{Any, Bool, Duration, Number, Ratio, Size, Text};
    let texts = || Type::list(Text);
    match docker.of {
        DockerOf::Engine => {
            (vec![("reachable", Bool), ("version", Text), ("running", Number), ("latency", Duration)], &["reachable"])
        }
        DockerOf::Project => (
            vec![
                ("running", Number),
                ("missing", texts()),
                ("starting", texts()),
                ("unhealthy", texts()),
                ("jobs_failed", texts()),
                ("unchecked", texts()),
                ("restarts", Number),
                ("out_of_memory", texts()),
            ],
            &["running > 0", "missing is empty", "starting is empty", "unhealthy is empty", "jobs_failed is empty"],
        ),
        DockerOf::Images => (
            vec![
                ("missing", texts()),
                ("digest", Type::map(Text)),
                ("id", Type::map(Text)),
                ("labels", Type::map(Any)),
                ("age", Duration),
            ],
            &["missing is empty"],
        ),
        DockerOf::Environment => (vec![("secret_like", texts()), ("count", Number)], &["secret_like is empty"]),
        DockerOf::Stats => (
            vec![("cpu", Ratio), ("memory", Size), ("memory_share", Ratio), ("restarts", Number), ("value", figure)],
            &[],
        ),
        DockerOf::Volumes => (vec![("volumes", texts()), ("count", Number)], &[]),
    }
}

impl Fields {
    /// All expectations: the kind's own, but those whose field an own expectation names, then the own ones.
    pub fn expectations(&self, own: &[Expr]) -> Vec<Expr> {
        let named: Vec<String> =
            own.iter().flat_map(Expr::used).filter_map(|used| used.path.into_iter().next()).collect();
        let kinds = self.defaults.iter().filter_map(|text| Expr::parse(text).ok());
        let kept =
            kinds.filter(|expr| !expr.used().iter().any(|used| used.path.first().is_some_and(|f| named.contains(f))));
        kept.chain(own.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    fn all() -> Vec<ProbeKind> {
        let report = |format| ProbeKind::Report(Report { format, ..Report::default() });
        let kubernetes = |of| ProbeKind::Kubernetes(Kubernetes { of, ..Kubernetes::default() });
        vec![
            kubernetes(KubernetesOf::Api),
            kubernetes(KubernetesOf::Pods),
            kubernetes(KubernetesOf::Rollout),
            kubernetes(KubernetesOf::Secrets),
            kubernetes(KubernetesOf::Environment),
            kubernetes(KubernetesOf::Stats),
            kubernetes(KubernetesOf::Events),
            kubernetes(KubernetesOf::Service),
            ProbeKind::Http(Http::default()),
            ProbeKind::Tls(Tls::default()),
            ProbeKind::Tcp(Tcp::default()),
            ProbeKind::Port(Port::default()),
            ProbeKind::File(FileProbe::default()),
            ProbeKind::Config(ConfigProbe::default()),
            ProbeKind::Postgres(Postgres::default()),
            ProbeKind::Prometheus(Prometheus::default()),
            report(ReportFormat::Sarif),
            report(ReportFormat::GoTest),
            report(ReportFormat::Coverage),
            ProbeKind::Openapi(Openapi::default()),
            ProbeKind::Git(Git::default()),
            ProbeKind::Oauth(Box::default()),
            ProbeKind::Oauth(Box::new(Oauth { resource: Some(crate::expr::Template::plain("x")), ..Oauth::default() })),
            ProbeKind::Kms(Box::default()),
            ProbeKind::Logs(Box::default()),
            ProbeKind::Loki(Loki::default()),
            ProbeKind::Tempo(Tempo::default()),
            ProbeKind::Grafana(Grafana::default()),
            ProbeKind::Grafana(Grafana { dashboard: Some(crate::expr::Template::plain("x")), ..Grafana::default() }),
            ProbeKind::Script(ScriptProbe::default()),
        ]
    }

    #[test]
    fn every_kinds_own_expectation_fits_its_own_fields() {
        for kind in all() {
            let fields = kind.fields(None);
            let names = fields
                .types
                .iter()
                .map(|(n, t)| ((*n).to_owned(), t.clone()))
                .collect::<std::collections::BTreeMap<_, _>>();
            for text in fields.defaults {
                let checked = Expr::parse(text).unwrap().check_condition(&names);
                assert!(checked.is_ok(), "{} {text}: {checked:?}", kind.key());
            }
        }
    }

    #[test]
    fn an_own_expectation_replaces_the_kinds_for_its_field_only() {
        let http = ProbeKind::Http(Http::default()).fields(None);
        let say = |own: &[&str]| {
            let own: Vec<Expr> = own.iter().map(|t| Expr::parse(t).unwrap()).collect();
            http.expectations(&own).iter().map(|e| e.source().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(say(&[]), ["status == 200"]);
        assert_eq!(say(&["json.ok"]), ["status == 200", "json.ok"]);
        assert_eq!(say(&["status in [200, 204]", "latency < 1s"]), ["status in [200, 204]", "latency < 1s"]);
    }
}
