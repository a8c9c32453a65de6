//! What the loader says about wrong runbooks: where, what, and what to do.

use super::tests::{data, files, told};
use super::{Memory, load, load_from};
use crate::runbook::Problem;

fn problems(text: &str) -> Vec<Problem> {
    load_from(&files(text), "t.yaml").err().unwrap_or_default()
}

/// The problems of a file of the test data, as text without the folder's name.
fn shown(name: &str) -> (String, usize) {
    let problems = load(&data(name)).unwrap_err();
    for problem in &problems {
        assert!(problem.line > 0 && problem.column > 0 && !problem.source.is_empty(), "{problem}");
    }
    (told(&problems).replace(data("").to_string_lossy().as_ref(), ""), problems.len())
}

#[test]
fn ten_different_faults_are_ten_located_errors() {
    let (text, count) = shown("ten_faults.yaml");
    insta::assert_snapshot!("ten_faults", text);
    assert_eq!(count, 10);
}

#[test]
fn yamls_traps_are_called_by_name() {
    insta::assert_snapshot!("yaml_traps", shown("yaml_traps.yaml").0);
}

#[test]
fn names_that_are_wrong() {
    insta::assert_snapshot!("wrong_names", shown("wrong_names.yaml").0);
}

#[test]
fn what_cannot_be_meant() {
    insta::assert_snapshot!("wrong_meaning", shown("wrong_meaning.yaml").0);
}

/// The messages alone, `line: message`.
fn messages(text: &str) -> Vec<String> {
    problems(text).iter().map(|p| format!("{}: {}", p.line, p.message)).collect()
}

#[test]
fn the_neighbours_words_are_translated() {
    for (theirs, part, ours) in [
        ("name", "steps:\n  - { title: t, KEY: x }\n", "title"),
        ("if", "steps:\n  - { title: t, KEY: x }\n", "when"),
        ("register", "steps:\n  - { title: t, KEY: x }\n", "capture"),
        ("loop", "steps:\n  - { title: t, KEY: x }\n", "for_each"),
        ("with_items", "steps:\n  - { title: t, KEY: x }\n", "for_each"),
        ("matrix", "steps:\n  - { title: t, KEY: x }\n", "for_each"),
        ("command", "steps:\n  - { title: t, KEY: x }\n", "run"),
        ("block", "steps:\n  - { title: t, KEY: [x] }\n", "steps"),
        ("interval", "steps: [a]\nprobes: { p: { tcp: \"a:1\", KEY: 5s } }\n", "every"),
        ("periodSeconds", "steps: [a]\nprobes: { p: { tcp: \"a:1\", KEY: 5 } }\n", "every"),
        ("failureThreshold", "steps: [a]\nprobes: { p: { tcp: \"a:1\", KEY: 5 } }\n", "fail_after"),
        ("expr", "steps: [a]\ntriggers: { p: { severity: high, KEY: x } }\n", "when"),
        ("successCondition", "steps: [a]\nprobes: { p: { tcp: \"a:1\", KEY: x } }\n", "expect"),
        ("working-directory", "steps:\n  - { title: t, run: x, KEY: x }\n", "cwd"),
        ("dir", "steps:\n  - { title: t, run: x, KEY: x }\n", "cwd"),
        ("uses", "steps:\n  - { title: t, KEY: x }\n", "use"),
    ] {
        let found = problems(&format!("flightdeck: 1\ntitle: t\n{}", part.replace("KEY", theirs)));
        let hint = found.iter().find(|p| p.message.contains(&format!("`{theirs}`"))).and_then(|p| p.hint.clone());
        assert!(hint.as_ref().is_some_and(|h| h.starts_with(&format!("here it is `{ours}`"))), "{theirs}: {hint:?}");
    }
    let shell = problems("flightdeck: 1\ntitle: t\nsteps:\n  - { title: t, shell: ls | wc }\n");
    assert_eq!(shell[0].hint.as_deref(), Some("a command that needs a shell is written `script:`"));
}

#[test]
fn a_newer_format_is_one_error_and_nothing_else_is_said() {
    assert_eq!(
        messages("flightdeck: 2\ntitle: t\nsteps: [a]\nnew_key: 1\n"),
        ["1: needs flightdeck 2; this program reads format 1"]
    );
}

#[test]
fn files_that_are_wrong() {
    let with = |name: &str, text: &str| {
        let mut files = files(&format!("flightdeck: 1\ntitle: t\ninclude: [{name}]\nsteps: [a]\n"));
        files.files.insert(name.to_owned(), text.as_bytes().to_vec());
        load_from(&files, "t.yaml")
            .err()
            .unwrap_or_default()
            .iter()
            .map(|p| format!("{}:{}: {}", p.file, p.line, p.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(with("a.yaml", "phases: []\n"), ["a.yaml:1: an included file holds no `phases`"]);
    assert_eq!(with("a.yaml", "include: [t.yaml]\n"), ["a.yaml:1: `t.yaml` includes itself"]);
    assert_eq!(with("a.yaml", ""), ["a.yaml:1: the file is empty"]);
    assert_eq!(
        messages("flightdeck: 1\ntitle: t\ninclude: [no.yaml]\nsteps: [a]\n"),
        ["3: cannot include `no.yaml`: there is no such file"]
    );
    assert_eq!(
        messages("flightdeck: 1\ntitle: t\nsteps:\n  - { title: a, script: ./no.sh }\n"),
        ["4: cannot read the script `./no.sh`: there is no such file"]
    );
    let twice = with("a.yaml", "probes: { p: { tcp: \"a:1\" } }\ncontacts: { dba: {} }\ninclude: [common.yaml]\n");
    assert_eq!(twice, ["common.yaml:2: a contact `dba` stands already in a.yaml:2"]);
    assert_eq!(Memory::default().files.len(), 0);
}

#[test]
fn shapes_that_are_wrong() {
    let step = |text: &str| messages(&format!("flightdeck: 1\ntitle: t\nsteps:\n  - {text}\n"));
    assert_eq!(step("{ title: [a] }"), ["4: `title` takes a text, not a list"]);
    assert_eq!(step("{ title: a, run: x, timeout: soon }"), ["4: `timeout` takes a duration, not `soon`"]);
    assert_eq!(step("{ title: a, required: 1 }"), ["4: `required` takes `true` or `false`, not `1`"]);
    assert_eq!(
        step("{ title: a, run: x, retry: 3 }"),
        ["4: `retry` stands beside `idempotent` only", "4: `retry` takes keys: `times`, `every`, not a text"]
    );
    assert_eq!(step("{ title: a, check: { ldap: { of: api } } }"), ["4: a check has no key `ldap`"]);
    assert_eq!(
        step("{ title: a, check: { kubernetes: { of: rollout } } }"),
        ["4: this look at kubernetes needs `deployments`"]
    );
    assert_eq!(
        step("{ title: a, check: { kubernetes: secrets } }"),
        ["4: this look at kubernetes needs `secrets`, `manifests` or `deployments`"]
    );
    assert_eq!(step("{ title: a, check: { docker: { of: project } } }"), ["4: this look at docker needs `project`"]);
    assert_eq!(step("{ title: a, check: { docker: { of: images } } }"), ["4: this look at docker needs `images`"]);
    assert_eq!(
        step("{ title: a, check: ready is passing }"),
        ["4: `check` takes a probe's name, not `ready is passing`"]
    );
    assert_eq!(step("{ title: a, confirm: { ask: b, answer: text, pattern: '(' } }").len(), 1);
    assert_eq!(step("{ run: x }"), ["4: a step needs `title`"]);
    assert_eq!(step("{ title: true }"), ["4: `title` takes a text, and `true` is a truth"]);
    assert_eq!(messages("title: t\nsteps: [a]\n"), ["1: a runbook needs `flightdeck`"]);
    assert_eq!(messages("flightdeck: 1\ntitle: t\n"), ["1: a runbook needs one of `steps`, `phases`"]);
    assert_eq!(messages("- a\n"), ["1: a runbook cannot be a list"]);
}

#[test]
fn channels_and_telemetry_say_what_is_wrong() {
    let head =
        |text: &str| messages(&format!("flightdeck: 1\ntitle: t\n{text}\nsteps: [ {{ id: one, title: One }} ]\n"));
    let channel = |text: &str| {
        let told = "steps: [ { id: one, title: One, notify: { to: team, text: x } } ]";
        messages(&format!("flightdeck: 1\ntitle: t\nchannels: {{ team: {text} }}\n{told}\n"))
    };
    for fine in [
        "{ slack: 'https://x/1' }",
        "{ email: 'a@x.org, b@x.org', server: 'mail:587', from: 'd@x.org', tls: starttls, user: u, password: p }",
        "{ pagerduty: KEY, severity: critical, url: 'https://127.0.0.1:1' }",
        "{ jira: 'https://jira', project: OPS, issue_type: Task, token: t, user: u, ca: ca.pem }",
        "{ file: notices.log }",
    ] {
        assert_eq!(channel(fine), Vec::<String>::new(), "{fine}");
    }
    let wrong = [
        (channel("{ slack: a, file: b }"), "two of a kind: `slack` and `file`"),
        (channel("{ server: 'mail:25' }"), "needs one of `slack`"),
        (channel("{ email: a@x.org, severity: critical }"), "`severity` stands beside `pagerduty` only"),
        (channel("{ pagerduty: K, severity: loud }"), "cannot be `loud`"),
        (head("telemetry: { grafana: { url: 'http://g', steps: [on] } }"), "no step has the id `on`"),
        (head("telemetry: { grafana: { token: t } }"), "needs `url`"),
        (head("telemetry: { grafana: { url: 'http://g', token: t, basic_auth: 'u:p' } }"), "`token` and `basic_auth`"),
        (head("telemetry: { jaeger: 'http://j' }"), "has no key `jaeger`"),
    ];
    for (said, part) in wrong {
        assert!(said.iter().any(|line| line.starts_with("3: ") && line.contains(part)), "{said:?}: wanted {part}");
    }
    assert_eq!(
        head("telemetry: { otlp: 'http://c', grafana: { url: 'http://g', steps: [one] } }"),
        Vec::<String>::new()
    );
}
