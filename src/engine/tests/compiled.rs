//! Compiling: ids, groups, blocks, undos, sources, conditions.

use super::flight::try_plan;
use super::plan_of;
use crate::engine::event::Resolved;
use crate::engine::plan::{Action, Due, Plan};
use crate::engine::{PlanScope, State, resolve};

fn ids(plan: &Plan) -> Vec<&str> {
    plan.items.iter().map(|i| i.id.as_str()).collect()
}

fn words(plan: &Plan, id: &str) -> String {
    let index = plan.index(&id.into()).unwrap_or_else(|| panic!("{id} in {:?}", ids(plan)));
    let state = State::new(std::sync::Arc::new(plan.clone()));
    match resolve(&state, index).map(|s| s.what) {
        Ok(Resolved::Argv(words)) => words.join(" "),
        other => panic!("{other:?}"),
    }
}

#[test]
fn groups_and_lists_make_an_item_for_each_key() {
    let text = "
parameters: { regions: { type: list, default: 'eu,us' }, parts: { some_of: [kms, identity], default: kms } }
targets:
  services:
    kms: { deployment: d-kms }
    authz: { when: parts.identity, deployment: d-authz }
    idp-x: { deployment: d-idp }
steps:
  - { title: 'Scale ${{ item }}', id: scale, for_each: services, run: 'scale ${{ item.deployment }}' }
  - title: 'Group ${{ item }}'
    id: grp
    for_each: services
    steps:
      - { title: 'One ${{ item }}', id: one, run: 'echo ${{ item }}' }
      - { title: 'Two ${{ item }}', id: two }
  - { title: 'Region ${{ item }}', id: region, for_each: regions, run: 'go ${{ item }}' }
";
    let plan = plan_of(text, &[]);
    let wanted =
        ["scale[kms]", "scale[idp-x]", "one[kms]", "two[kms]", "one[idp-x]", "two[idp-x]", "region[eu]", "region[us]"];
    assert_eq!(ids(&plan), wanted);
    assert_eq!(words(&plan, "scale[idp-x]"), "scale d-idp");
    assert_eq!(words(&plan, "region[us]"), "go us");
    let groups: Vec<(&str, &str)> = plan.groups.iter().map(|g| (g.id.as_str(), g.title.as_str())).collect();
    assert_eq!(groups, [("grp[kms]", "Group kms"), ("grp[idp-x]", "Group idp-x")]);
    assert_eq!(plan.items_under(1).map(|(i, _)| i).collect::<Vec<_>>(), [4, 5]);
    let state = State::new(std::sync::Arc::new(plan.clone()));
    assert_eq!(PlanScope::new(&state, 4).title(), "One idp-x");
    assert_eq!(ids(&plan_of(text, &[("parts", "kms,identity")])).len(), 11);
}

#[test]
fn a_list_in_a_list_has_both_keys() {
    let text = "
parameters: { regions: { type: list, default: 'eu,us' } }
targets: { services: { kms: {}, authz: {} } }
steps:
  - title: 'In ${{ item }}'
    id: each_region
    for_each: regions
    steps:
      - { title: 'Each ${{ item }}', id: leaf, for_each: services, run: 'echo ${{ item }}' }
";
    let Ok(plan) = try_plan(text, &[]) else { return };
    assert_eq!(ids(&plan), ["leaf[eu][kms]", "leaf[eu][authz]", "leaf[us][kms]", "leaf[us][authz]"]);
}

#[test]
fn used_blocks_have_their_users_ids_and_typed_parameters() {
    let text = "
blocks:
  smoke:
    parameters: { url: { type: url }, tries: { type: number, default: \"2\" } }
    steps:
      - { id: ping, title: 'Ping ${{ url }}', run: 'curl ${{ url }} --retry ${{ tries }}', reads_only: true }
      - { id: often, title: Often, when: tries > 3, run: 'curl ${{ url }}', reads_only: true }
steps:
  - { id: eu, title: In EU, use: smoke, with: { url: 'https://eu/' } }
  - { id: us, title: In US, use: smoke, with: { url: 'https://us/', tries: '5' } }
";
    let plan = plan_of(text, &[]);
    assert_eq!(ids(&plan), ["eu.ping", "eu.often", "us.ping", "us.often"]);
    assert_eq!(words(&plan, "us.ping"), "curl https://us/ --retry 5");
    let off: Vec<bool> = plan.items.iter().map(|i| i.off().is_some()).collect();
    assert_eq!(off, [false, true, false, false]);
    let text = text.replace("'https://us/'", "'nowhere'");
    let why = try_plan(&text, &[]).unwrap_err();
    assert!(why.contains("nowhere"), "{why}");
}

#[test]
fn undos_stand_in_the_rollback_newest_first_with_their_own_limits() {
    let text = "
targets: { services: { kms: {}, authz: {} } }
phases:
  - title: Go
    steps:
      - id: first
        title: First
        run: first
        timeout: 10s
        cwd: sub
        undo:
          title: 'Undo first ${{ item }}'
          id: undo_first
          for_each: services
          run: 'undo first ${{ item }}'
          timeout: 1m
      - id: second
        title: Second
        when: runbook.title == 'Other'
        run: second
        undo: { id: undo_second, title: Undo second, run: undo second, timeout: 2m }
rollback:
  steps:
    - { id: head, title: Head }
    - { id: all, title: All, undo_steps: all }
    - { id: tail, title: Tail }
";
    let plan = plan_of(text, &[]);
    assert_eq!(ids(&plan), ["first", "second", "head", "undo_second", "undo_first[kms]", "undo_first[authz]", "tail"]);
    assert_eq!(plan.items[0].undo, [4, 5]);
    assert_eq!(plan.items[4].undoes, Some(0));
    assert_eq!(plan.items[3].phase, plan.rollback_phase());
    assert_eq!(plan.items[4].timeout, Some(60.0));
    assert_eq!(words(&plan, "undo_first[authz]"), "undo first authz");
    assert!(plan.items[3].off().is_none(), "what never begins is not undone, so its condition is not asked again");
    let named = text.replace("undo_steps: all", "undo_steps: [first, second]");
    assert_eq!(ids(&plan_of(&named, &[])), ids(&plan));
}

#[test]
fn an_undo_does_not_inherit_its_commands_limit() {
    let text = "
defaults: { timeout: 10m }
phases:
  - title: Go
    steps:
      - { id: a, title: A, run: a, timeout: 5s, undo: { id: b, title: B, run: b } }
rollback: { steps: [ { id: all, title: All, undo_steps: all } ] }
";
    let plan = plan_of(text, &[]);
    assert_eq!(plan.items.iter().map(|i| i.timeout).collect::<Vec<_>>(), [Some(5.0), Some(600.0)]);
}

#[test]
fn everything_that_carries_a_source_is_in_one_list() {
    let text = "
source: [BOOK]
objectives: { rto: 5m, source: [OBJ] }
where: { environment: { is: prod, source: [ENV] } }
parameters: { p: { one_of: [a, b], default: a, source: [PAR] } }
targets: { services: { kms: { row: R-KMS }, authz: { row: R-AUTHZ } } }
contacts: { boss: { role: Boss, source: [CON] } }
links: [ { title: Doc, url: https://x/, source: [LNK] } ]
limitations: { lim: { when: p == 'b', effect: warns, text: T, source: [LIM] } }
probes: { up: { for_each: services, http: 'https://${{ item }}/', source: ['P-${{ item.row }}'] } }
panes: [ { title: Pane, probes: [up], source: [PANE] } ]
triggers: { trg: { severity: high, when: up is failing, source: [TRG] } }
blocks: { smoke: { steps: [ { id: ping, title: Ping, run: ping, reads_only: true, source: [PING] } ] } }
phases:
  - title: Go
    source: [PHASE]
    sections:
      - title: Part
        source: [PART]
        steps:
          - { id: gone, title: Gone, when: p == 'b', run: x, source: [GONE] }
          - { id: form, title: Form, record: { f: { type: text, source: [FIELD] } }, source: [FORM] }
          - { id: grp, title: 'G ${{ item }}', for_each: services, source: [GROUP], steps: [ { id: s, title: 'S ${{ item }}', source: ['${{ item.row }}'] } ] }
          - { id: use_it, title: Use, use: smoke, source: [USE] }
watch: { for: 1h, expect: [ uptime(up.kms) >= 99% ], source: [WATCH] }
";
    let plan = plan_of(text, &[]);
    let sources: std::collections::BTreeSet<&str> = plan.sources.iter().map(|c| c.source.as_str()).collect();
    for wanted in [
        "BOOK",
        "OBJ",
        "ENV",
        "PAR",
        "R-KMS",
        "R-AUTHZ",
        "CON",
        "LNK",
        "LIM",
        "P-R-KMS",
        "P-R-AUTHZ",
        "PANE",
        "TRG",
        "PING",
        "PHASE",
        "PART",
        "GONE",
        "FIELD",
        "FORM",
        "GROUP",
        "USE",
        "WATCH",
    ] {
        assert!(sources.contains(wanted), "{wanted} in {sources:?}");
    }
    assert!(!sources.iter().any(|s| s.contains("${{")), "{sources:?}");
}

#[test]
fn conditions_on_parameters_are_settled_and_the_rest_waits() {
    let text = "
parameters: { platform: { one_of: [compose, kubernetes], default: compose } }
phases:
  - title: Go
    when: platform == 'compose'
    sections:
      - title: Part
        when: runbook.title == 'Test'
        steps:
          - { id: a, title: A, run: a, capture: { n: { as: number } } }
          - { id: b, title: B, when: n > 3, run: b }
          - { id: c, title: C, when: platform == 'kubernetes', run: c }
";
    let plan = plan_of(text, &[]);
    let settled: Vec<Vec<Option<bool>>> =
        plan.items.iter().map(|i| i.when.iter().map(|w| w.settled).collect()).collect();
    assert_eq!(
        settled,
        [vec![Some(true), Some(true)], vec![Some(true), Some(true), None], vec![Some(true), Some(true), Some(false)]]
    );
}

#[test]
fn the_nearest_default_wins_and_environments_are_merged() {
    let text = "
contacts: { boss: { role: Boss }, kim: { role: Kim } }
defaults: { timeout: 1m, env: { A: far, B: far }, owner: boss }
phases:
  - title: Go
    timeout: 2m
    steps:
      - { id: a, title: A, run: a, env: { B: near } }
      - { id: b, title: B, script: x, shell: sh, timeout: 3m, owner: kim, cwd: sub }
";
    let plan = plan_of(text, &[]);
    let Action::Run(a) = &plan.items[0].action else { panic!() };
    let env: Vec<(&str, &str)> = a.acting.env.iter().map(|(n, t)| (n.as_str(), t.source())).collect();
    assert_eq!(env, [("A", "far"), ("B", "near")]);
    assert_eq!((plan.items[0].timeout, plan.items[1].timeout), (Some(120.0), Some(180.0)));
    assert_eq!(plan.items[1].owner.as_ref().map(|o| o.as_str()), Some("kim"));
    let state = State::new(std::sync::Arc::new(plan.clone()));
    assert_eq!(resolve(&state, 1).unwrap().cwd, "sub");
}

#[test]
fn expectations_of_kinds_stay_unless_their_field_is_named() {
    let text = "
steps:
  - { id: a, title: A, run: x }
  - { id: b, title: B, run: x, expect: \"exit_code in [0, 3]\" }
  - { id: c, title: C, run: x, expect: duration < 5s }
  - { id: d, title: D, check: { http: https://x/ }, expect: latency < 1s }
  - { id: e, title: E, check: { http: { url: https://x/ }, expect: status == 204 } }
";
    let plan = plan_of(text, &[]);
    let said = |exprs: &[crate::expr::Expr]| exprs.iter().map(|e| e.source().to_owned()).collect::<Vec<_>>();
    let of = |i: usize| said(&plan.items[i].expect);
    assert_eq!(of(0), ["exit_code == 0"]);
    assert_eq!(of(1), ["exit_code in [0, 3]"]);
    assert_eq!(of(2), ["exit_code == 0", "duration < 5s"]);
    assert_eq!(of(3), Vec::<String>::new());
    let of_probe = |id: &str| said(&plan.probe(&id.into()).unwrap().expect);
    assert_eq!(of_probe("d"), ["status == 200", "latency < 1s"]);
    assert_eq!(of_probe("e"), ["status == 204"]);
}

#[test]
fn due_and_reviews_and_change_are_kept() {
    let text = "flightdeck: 1
title: Full
reviewed: 2026-01-01
review_every: 30d
parameters: { release: { default: 1.5.0 } }
change: { from: 1.4.2, to: '${{ release }}' }
phases:
  - { title: One, steps: [ { id: a, title: A, due: two }, { id: b, title: B, due: 48h } ] }
  - { title: Two, steps: [ C ] }
";
    let plan = plan_of(text, &[]);
    assert_eq!(plan.items[0].due, Some(Due::Phase(1)));
    assert_eq!(plan.items[1].due, Some(Due::After(172_800.0)));
    assert_eq!(plan.change, Some(("1.4.2".into(), "1.5.0".into())));
    assert!(plan.cautions[0].contains("327 days ago, wanted every 30 d"), "{:?}", plan.cautions);
    assert!(plan.cautions[1].contains("no rollback"));
}

#[test]
fn two_items_of_one_id_are_refused() {
    let text = "
blocks: { b: { steps: [ { id: x, title: X } ] } }
targets: { services: { kms: {} } }
steps:
  - { id: a, title: 'A ${{ item }}', for_each: services, use: b }
  - { id: c, title: C }
";
    assert_eq!(ids(&plan_of(text, &[])), ["a.x[kms]", "c"]);
}

#[test]
fn a_look_at_a_cluster_has_the_pinned_place_and_the_deployments_of_the_group_that_it_names() {
    use crate::runbook::kinds::{Kubernetes, ProbeKind};
    let text = "
parameters: { parts: { some_of: [kms, identity], default: kms }, space: { type: text, default: shop } }
where: { kube_context: prod-eu, namespace: '${{ space }}' }
targets:
  services:
    kms: { deployment: d-kms }
    authz: { when: parts.identity, deployment: d-authz }
  extra:
    rs: { when: parts.identity }
probes:
  pods: { kubernetes: { of: pods, deployments: services } }
  other: { kubernetes: { of: pods, deployments: [web, extra], namespace: far, context: staging } }
  none: { kubernetes: { of: pods, deployments: extra } }
  each: { for_each: services, kubernetes: { of: rollout, deployments: '${{ item.deployment }}' } }
  inside: { http: { url: 'https://127.0.0.1:9090/', via: deployment/kms } }
  far: { postgres: { url: 'postgres://u@127.0.0.1/d', via: { pod: db-0, namespace: far } } }
steps: [{ title: a, check: pods }, { title: b, check: other }, { title: c, check: none }, { title: d, check: each }, { title: e, check: { all_of: [inside, far] } }]
";
    let look = |plan: &Plan, id: &str| -> Kubernetes {
        match &plan.probes.iter().find(|probe| probe.id.as_str() == id).unwrap().kind {
            ProbeKind::Kubernetes(look) => look.clone(),
            other => panic!("{other:?}"),
        }
    };
    let texts = |list: &[crate::expr::Template]| list.iter().map(|t| t.source().to_owned()).collect::<Vec<_>>();
    let place = |look: &Kubernetes| {
        [&look.context, &look.namespace].map(|text| text.as_ref().unwrap().source().to_owned()).join("/")
    };
    let plan = plan_of(text, &[]);
    let pods = look(&plan, "pods");
    assert_eq!((texts(&pods.deployments), place(&pods).as_str()), (vec!["d-kms".into()], "prod-eu/shop"));
    let other = look(&plan, "other");
    assert_eq!((texts(&other.deployments), place(&other).as_str()), (vec!["web".into(), String::new()], "staging/far"));
    // A group of which nothing is on is not all deployments.
    assert_eq!(texts(&look(&plan, "none").deployments), [""]);
    assert_eq!(texts(&look(&plan, "each.kms").deployments), ["${{ item.deployment }}"]);
    // So has a way into a pod.
    let way = |id: &str| {
        let mut kind = plan.probes.iter().find(|probe| probe.id.as_str() == id).unwrap().kind.clone();
        let via = kind.via().unwrap();
        [&via.pod, &via.context, &via.namespace].map(|text| text.as_ref().unwrap().source().to_owned()).join(" ")
    };
    assert_eq!((way("inside").as_str(), way("far").as_str()), ("deployment/kms prod-eu shop", "db-0 prod-eu far"));
    let more = plan_of(text, &[("parts", "kms,identity")]);
    assert_eq!(texts(&look(&more, "pods").deployments), ["d-kms", "d-authz"]);
    assert_eq!(texts(&look(&more, "none").deployments), ["rs"], "its key, where it has no field of that name");
}
