//! What is written for people: `by-hand.md`.

use super::{flight, flight_with};
use crate::engine::event::Return;
use crate::engine::{Want, by_hand, rollback_commands};

const TEXT: &str = r#"
where: { namespace: shop }
parameters: { token: { type: secret, ask: Token } }
channels: { team: { file: n.txt } }
probes: { up: { http: https://x/, expect: latency < 1s } }
phases:
  - title: Before
    steps:
      - { id: pin, title: Pin, run: get rev, reads_only: true, pin: { rev: { as: number } } }
      - { id: form, title: Form, record: { a: { type: text } }, due: after }
  - title: Deploy
    steps:
      - id: apply
        title: Apply
        run: kubectl apply -f "a b.yaml"
        cwd: deploy
        undo: { title: Back to the old one, run: "kubectl rollout undo --to-revision=${{ pins.rev }}", timeout: 1m }
      - id: other
        title: Other
        script: |
          curl -H "$TOKEN" x
        env: { TOKEN: "Bearer ${{ token }}" }
        undo: { title: Undo other, run: undo other, timeout: 1m }
      - { id: tell, title: Tell, notify: { to: team, text: it is done } }
      - { id: healthy, title: Healthy, wait: up, timeout: 1m }
      - { id: look, title: Look, check: up }
  - { title: After, steps: [ Last ] }
rollback:
  steps:
    - { id: back_all, title: All back, undo_steps: all }
    - { id: ok, title: Healthy again, wait: up, timeout: 1m }
"#;

#[test]
fn by_hand_holds_what_remains_and_the_resolved_way_back() {
    let mut f = flight_with(TEXT, &[("token", "hunter22")]);
    let before = by_hand(&f.state);
    assert!(before.contains("Nothing was changed yet"), "{before}");
    assert!(!before.contains("hunter22"));
    f.begin().start("pin").says(0, "41");
    f.defer("form", Return::Phase(2)).close().start("apply").exits(1);
    let text = by_hand(&f.state);
    for part in [
        "# By hand: Test",
        "namespace: shop",
        "- [ ] Back to the old one\n\n```sh\ncd deploy && kubectl rollout undo --to-revision=41\n```",
        "Never begun, so not undone: Other.",
        "### Before\n\n- [ ] Form (deferred: later)",
        "cd deploy && kubectl apply -f 'a b.yaml'",
        "TOKEN=\"Bearer <token>\" bash -euo pipefail -s <<'FLIGHTDECK'\ncurl -H \"$TOKEN\" x\nFLIGHTDECK",
        "  tell team: it is done",
        "  wait until all of these are good, 2 times in a row:\n  look at up: wanted status == 200, latency < 1s",
        "### After\n\n- [ ] Last",
    ] {
        assert!(text.contains(part), "missing:\n{part}\nin:\n{text}");
    }
    assert!(!text.contains("- [ ] Pin"), "what is done does not remain");
    f.skip("apply").start("other").exits(0);
    let back = rollback_commands(&f.state);
    let (other, apply) = (back.find("Undo other").unwrap(), back.find("Back to the old one").unwrap());
    assert!(other < apply, "newest first:\n{back}");
}

#[test]
fn a_runbook_without_a_way_back_says_so() {
    let mut f = flight("steps: [ One ]");
    assert_eq!(rollback_commands(&f.state), "This runbook has no rollback.\n");
    f.begin().tick("one");
    assert!(by_hand(&f.state).contains("Nothing: all is settled."));
}

#[test]
fn what_has_no_value_yet_stands_as_it_was_written() {
    let f = flight_with(TEXT, &[("token", "hunter22")]);
    let text = rollback_commands(&f.state);
    assert!(text.contains("Never begun") || text.contains("Nothing was changed yet"), "{text}");
    let mut f = flight(
        "steps:\n  - { id: a, title: A, run: get, capture: { n: {} } }\n  - { id: b, title: B, run: 'echo ${{ n }}' }",
    );
    f.begin();
    let text = by_hand(&f.state);
    assert!(text.contains("as far as it is known:\n\n```sh\necho "), "{text}");
    f.wants(Want::Note { text: "x".into(), about: None, item: None });
}
