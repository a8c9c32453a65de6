use super::*;
use crate::runbook::load::Memory;
use crate::runbook::load_from;

fn loaded(body: &str) -> Loaded {
    let text = format!("flightdeck: 1\ntitle: t\n{body}");
    let files = Memory { files: [("t.yaml".to_owned(), text.into_bytes())].into() };
    load_from(&files, "t.yaml").unwrap_or_else(|p| panic!("{}", p.iter().map(|p| format!("{p}\n")).collect::<String>()))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// `line: message` of each warning.
fn warnings(body: &str) -> Vec<String> {
    let problems = lint(&loaded(body), day("2025-12-01"));
    assert!(problems.iter().all(|p| p.severity == Severity::Warning));
    problems.iter().map(|p| format!("{}: {}", p.line, p.message)).collect()
}

#[test]
fn nothing_is_said_about_a_tidy_runbook() {
    assert_eq!(warnings("steps: [a]\n"), Vec::<String>::new());
}

#[test]
fn what_nobody_uses_is_named_and_what_a_script_uses_is_not() {
    let body = "parameters:
  used: { type: text }
  in_script: { type: text }
  lonely: { type: text }
probes:
  member: { tcp: \"a:1\" }
  shown: { all_of: [member] }
  alone: { tcp: \"a:1\" }
panes: [{ title: p, probes: [shown] }]
channels: { nowhere: { file: x } }
blocks: { unused: [a] }
steps:
  - { title: \"Say ${{ used }}\", script: echo \"$in_script\", timeout: 1m, pin: { kept: stdout } }
";
    assert_eq!(
        warnings(body),
        [
            "6: nobody uses the parameter `lonely`",
            "10: nobody uses the probe `alone`",
            "12: nobody uses the channel `nowhere`",
            "13: nobody uses the block `unused`",
            "15: nobody uses the pin `kept`",
        ]
    );
}

#[test]
fn a_command_without_a_limit_is_named_and_an_inherited_limit_counts() {
    let steps = "steps:\n  - { title: a, run: x }\n  - { title: b, run: x, timeout: 5s }\n";
    assert_eq!(warnings(steps), ["4: `a` has no time limit"]);
    assert_eq!(warnings(&format!("defaults: {{ timeout: 5m }}\n{steps}")), Vec::<String>::new());
}

#[test]
fn a_review_is_overdue_on_the_day_after() {
    let body = "reviewed: 2025-11-01\nreview_every: 30d\nsteps: [a]\n";
    assert_eq!(overdue(&loaded(body), day("2025-12-01")), None);
    assert_eq!(
        overdue(&loaded(body), day("2025-12-02")).as_deref(),
        Some("the runbook was reviewed 31 days ago, and wants it every 30")
    );
    assert_eq!(warnings("review_every: 30d\nsteps: [a]\n").len(), 1);
}

#[test]
fn a_step_that_no_choice_reaches_is_named() {
    let body = "parameters:
  platform: { one_of: [compose, kubernetes] }
  parts: { some_of: [kms, identity] }
  free: { type: text }
phases:
  - title: P
    when: platform == 'compose'
    steps:
      - { title: a, when: platform == 'kubernetes' }
      - { title: b, when: parts.kms and not parts.identity }
      - { title: c, when: parts.kms and not ('kms' in parts) }
      - { title: d, when: free == 'x' }
      - { title: e, when: free == 'x' and platform == 'kubernetes' }
";
    assert_eq!(
        warnings(body),
        [
            "11: no choice of parameters reaches `a`: `platform == 'compose'` and `platform == 'kubernetes'` never holds",
            "13: no choice of parameters reaches `c`: `platform == 'compose'` and `parts.kms and not ('kms' in parts)` never holds",
            "15: no choice of parameters reaches `e`: `platform == 'compose'` and `free == 'x' and platform == 'kubernetes'` never holds",
        ]
    );
}

#[test]
fn too_many_choices_are_not_looked_at_and_that_is_said() {
    let many: String = (0..13).map(|i| format!("  p{i}: {{ type: bool }}\n")).collect();
    let all: Vec<String> = (0..13).map(|i| format!("p{i}")).collect();
    let body = format!("parameters:\n{many}steps:\n  - {{ title: a, when: {} }}\n", all.join(" and "));
    assert_eq!(
        warnings(&body),
        ["18: whether a choice of parameters reaches `a` was not looked at: there are more than 4096"]
    );
}

#[test]
fn a_field_that_hides_a_name_is_told() {
    let body = "parameters: { status: { type: text } }\nprobes: { p: { http: \"https://a/${{ status }}\", expect: status == 200 } }\nsteps: [{ title: a, check: p }]\n";
    assert_eq!(warnings(body), ["4: `status` is the field of the look here, not what has this name elsewhere"]);
}

#[test]
fn a_check_that_expects_nothing_is_told() {
    let probe = "probes: { p: { prometheus: { url: \"http://a\", query: up } } }\n";
    assert_eq!(
        warnings(&format!("{probe}steps: [{{ title: a, check: p }}]\n")),
        ["4: `check: p` expects nothing: it passes with any figure"]
    );
    assert_eq!(
        warnings(&format!("{probe}steps: [{{ title: a, check: p, expect: value < 5 }}]\n")),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_is_linted_as_text_with_its_sum_at_the_end() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runbook/testdata/everything.yaml");
    let (text, ok) = lint_file(&path, day("2026-06-01"));
    assert!(ok && text.contains("reviewed 189 days ago"), "{text}");
    assert!(text.ends_with("everything.yaml: 0 errors, 1 warning\n"), "{text}");
    let (text, ok) = lint_file(&path.with_file_name("ten_faults.yaml"), day("2026-06-01"));
    assert!(!ok && text.ends_with("ten_faults.yaml: 10 errors, 0 warnings\n"), "{text}");
    assert_eq!(rules().count(), RULES.len());
}

#[test]
fn an_undo_that_would_go_forward_again_is_named_with_what_to_write() {
    let body = "defaults: { timeout: 1m }
phases:
  - title: Deploy
    steps:
      - title: Apply
        run: kubectl apply -f x
        undo: { title: Back, run: kubectl rollout undo deployment/a }
      - title: Pull
        run: docker pull a
        undo: { title: Pinned, run: kubectl rollout undo deployment/a --to-revision=4 }
rollback:
  steps:
    - { title: Undo, undo_steps: all }
    - { title: By script, script: helm rollback shop }
";
    let problems = lint(&loaded(body), day("2025-12-01"));
    let told: Vec<_> = problems.iter().map(|p| (p.line, p.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (9, "`Back` goes back to the revision before the present one: run twice, it returns to the bad version"),
            (
                16,
                "`By script` goes back to the release before the present one: run twice, it returns to the bad version"
            ),
        ]
    );
    assert!(problems.iter().all(|p| p.hint.as_deref().is_some_and(|hint| hint.contains("${{ pins.revision }}"))));
}
