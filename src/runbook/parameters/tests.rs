use std::collections::BTreeMap;

use super::*;
use crate::runbook::load::Memory;
use crate::runbook::load_from;
use crate::runbook::model::Runbook;
use crate::words::{Name, Value};

const RUNBOOK: &str = "flightdeck: 1
title: t
parameters:
  environment: { one_of: [staging, prod] }
  platform: { one_of: [compose, kubernetes], default: compose }
  components: { some_of: [kms, identity], default: [kms] }
  release: { type: text, pattern: '\\d+\\.\\d+' }
  replicas: { type: number, default: 2, min: 1, max: 9 }
  namespace: { type: text, default: \"${{ environment }}-eu\", when: platform == 'kubernetes' }
  commit: { type: git_ref, from: { run: git rev-parse HEAD } }
  password: { type: secret, from: { file: secrets/db } }
  hook: { type: secret, from: { env: HOOK } }
  note: { type: text, optional: true }
  slow: { type: duration, default: 90s }
steps: [a]
";

fn runbook() -> Runbook {
    let files = Memory { files: [("t.yaml".to_owned(), RUNBOOK.as_bytes().to_vec())].into() };
    load_from(&files, "t.yaml")
        .unwrap_or_else(|p| panic!("{}", p.iter().map(|p| format!("{p}\n")).collect::<String>()))
        .runbook
}

fn resolved(line: &[(&str, &str)], files: &[(&str, &str)]) -> Resolved {
    let own = |all: &[(&str, &str)]| all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let (line, files) = (own(line), own(files));
    let env = |name: &str| (name == "HOOK").then(|| "https://hooks.example.com/x".to_owned());
    let file = |path: &str| {
        if path == "secrets/db" { Ok("hunter2hunter2\n".to_owned()) } else { Err("there is no such file".into()) }
    };
    resolve(&runbook(), &Given { line: &line, files: &files, env: &env, file: &file })
}

fn text(resolved: &Resolved, name: &str) -> Option<String> {
    resolved.values.get(&Name::from(name)).map(ToString::to_string)
}

fn names(names: &[Name]) -> Vec<&str> {
    names.iter().map(Name::as_str).collect()
}

#[test]
fn the_line_wins_over_files_a_later_file_over_an_earlier_and_all_over_the_default() {
    let found = resolved(
        &[("release", "3.0")],
        &[
            ("a.yaml", "environment: staging\nrelease: \"1.0\"\nreplicas: 3\n"),
            ("b.yaml", "environment: prod\nrelease: \"2.0\"\n"),
        ],
    );
    assert_eq!(found.problems, []);
    assert_eq!(text(&found, "environment").as_deref(), Some("prod"));
    assert_eq!(text(&found, "release").as_deref(), Some("3.0"));
    assert_eq!(found.values[&Name::from("replicas")], Value::Number(3.0));
    assert_eq!(found.values[&Name::from("slow")], Value::Duration(90.0));
    assert_eq!(found.values[&Name::from("components")], Value::List(vec![Value::Text("kms".into())]));
    assert_eq!(found.origins[&Name::from("release")], "-p");
    assert_eq!(found.origins[&Name::from("environment")], "b.yaml");
    assert_eq!(found.origins[&Name::from("slow")], "default");
}

#[test]
fn what_has_no_value_is_asked_for_and_commands_are_left_to_the_host() {
    let found = resolved(&[], &[]);
    assert_eq!(names(&found.missing), ["environment", "release", "commit"]);
    assert_eq!(names(&found.from_commands), ["commit"]);
    let given = resolved(&[("commit", "abc")], &[]);
    assert_eq!(names(&given.from_commands), Vec::<&str>::new());
}

#[test]
fn a_parameter_that_is_off_has_no_value() {
    assert_eq!(names(&resolved(&[], &[]).off), ["namespace"]);
    let on = resolved(&[("platform", "kubernetes"), ("environment", "prod")], &[]);
    assert_eq!(text(&on, "namespace").as_deref(), Some("prod-eu"));
    assert_eq!(on.off, []);
}

#[test]
fn secrets_are_kept_apart() {
    let found = resolved(&[], &[]);
    assert_eq!(found.secrets.0.get(&Name::from("password")).map(String::as_str), Some("hunter2hunter2"));
    assert!(found.secrets.0.contains_key(&Name::from("hook")));
    assert!(!found.values.contains_key(&Name::from("password")));
    assert_eq!(found.origins[&Name::from("password")], "file secrets/db");
}

#[test]
fn wrong_values_are_told_where_they_stand() {
    let found = resolved(
        &[("environment", "production"), ("nowhere", "x")],
        &[("p.yaml", "replicas: 12\nrelease: one\nenviroment: prod\nnote:\ncomponents: [kms, idp]\n")],
    );
    let told: Vec<String> =
        found.problems.iter().map(|p| format!("{}:{}:{} {}", p.file, p.line, p.column, p.message)).collect();
    assert_eq!(
        told,
        [
            "p.yaml:1:11 `replicas`: it is at most 9",
            "p.yaml:2:10 `release`: `one` does not match `\\d+\\.\\d+`",
            "p.yaml:3:1 there is no parameter `enviroment`",
            "p.yaml:4:1 `note` has no value",
            "p.yaml:5:13 `components`: it cannot be `idp`: it is one of kms, identity",
            "-p:0:0 there is no parameter `nowhere`",
            "-p:0:0 the parameter `environment`: it cannot be `production`: it is one of staging, prod",
        ]
    );
    assert_eq!(found.problems[2].hint.as_deref(), Some("did you mean `environment`?"));
}

#[test]
fn a_pattern_matches_the_whole_value() {
    assert!(resolved(&[("release", "1.0x")], &[]).problems[0].message.contains("does not match"));
    assert!(resolved(&[("release", "1.0|2.0")], &[]).problems[0].message.contains("does not match"));
}

#[test]
fn a_parameters_file_that_is_no_map_is_a_problem() {
    assert_eq!(
        resolved(&[], &[("p.yaml", "- a\n")]).problems[0].message,
        "a file of parameters is a map from name to value"
    );
    assert_eq!(resolved(&[], &[("p.yaml", "")]).problems, []);
}

#[test]
fn values_are_read_by_type_and_limits_by_the_same() {
    use crate::runbook::kinds::{Field, FieldType};
    let field = |kind, min: Option<&str>| Field { kind, min: min.map(str::to_owned), ..Field::default() };
    let cases: BTreeMap<&str, (Field, &str, Result<Value, String>)> = [
        ("duration", (field(FieldType::Duration, Some("10s")), "5s", Err("it is at least 10s".into()))),
        ("percent", (field(FieldType::Percent, None), "95", Ok(Value::Ratio(0.95)))),
        ("size", (field(FieldType::Size, None), "1MiB", Ok(Value::Size(1_048_576.0)))),
        ("bool", (field(FieldType::Bool, None), "true", Ok(Value::Bool(true)))),
        ("list", (field(FieldType::List, Some("2")), "a", Err("it needs at least 2".into()))),
        (
            "url",
            (
                field(FieldType::Url, None),
                "host/path",
                Err("`host/path` is no address: it begins with `https://` or the like".into()),
            ),
        ),
        ("text", (field(FieldType::Text, None), "", Err("it is empty".into()))),
    ]
    .into();
    for (name, (field, text, want)) in cases {
        assert_eq!(read(&field, text), want, "{name}");
    }
}
