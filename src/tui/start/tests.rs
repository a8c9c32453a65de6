use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::page::{Held, frame, take};
use super::*;
use crate::tui::input::{Code, Input, Key};
use crate::tui::theme::Theme;
use crate::words::Name;

fn drawn<P: Page>(page: &mut P, width: u16, height: u16) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    let now = Utc.with_ymd_and_hms(2026, 11, 24, 9, 0, 12).unwrap();
    let look = Look { theme: Theme { color: false, ascii: false }, now };
    let cursor = frame(page, look, buf.area, &mut buf);
    let mut text = String::new();
    for y in 0..height {
        let row: String = (0..width).filter_map(|x| buf.cell((x, y))).map(|cell| cell.symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    format!("{text}cursor {cursor:?}\n")
}

fn press<P: Page>(page: &mut P, keys: &str) -> Turn<P::Out> {
    let mut turn = Turn::Stay;
    for c in keys.chars() {
        let key = match c {
            '\n' => Key::plain(Code::Enter),
            '\t' => Key::plain(Code::Tab),
            '↓' => Key::plain(Code::Down),
            '↑' => Key::plain(Code::Up),
            '→' => Key::plain(Code::Right),
            '⌫' => Key::plain(Code::Backspace),
            '␛' => Key::plain(Code::Esc),
            c => Key::plain(Code::Char(c)),
        };
        turn = page.key(key);
        if matches!(turn, Turn::Done(_)) {
            return turn;
        }
    }
    turn
}

fn home() -> StartData {
    StartData {
        learn: vec![
            Learn { name: "first-flight".into(), title: "First flight".into(), minutes: 12 },
            Learn { name: "production".into(), title: "Production deployment".into(), minutes: 60 },
        ],
        fly: vec![
            Flyable { path: "runbooks/production-deployment.yaml".into(), words: "Production deployment 1.0.0".into(), sound: true },
            Flyable { path: "runbooks/hotfix.yaml".into(), words: "2 errors, ⏎ shows them".into(), sound: false },
        ],
        back: vec![
            Back { id: "a".into(), words: "production-deployment · PROD · paused at 4 of 14 · kim, 12 s ago".into(), other: false },
            Back { id: "b".into(), words: "production-deployment · PROD · other account: lee · flying".into(), other: true },
        ],
        past: vec![Past { id: "c".into(), words: "2026-11-20  Production deployment  rolled back".into() }],
        tools: "kubectl docker git   context kind-lab   no pg_dump (3 items)".into(),
    }
}

#[test]
fn the_start_screen() {
    insta::assert_snapshot!("home_120x36", drawn(&mut Home::new(&home()), 120, 36));
    insta::assert_snapshot!("home_80x24", drawn(&mut Home::new(&home()), 80, 24));
}

#[test]
fn the_start_screen_opens_what_is_chosen() {
    assert_eq!(press(&mut Home::new(&home()), "\n"), Turn::Done(Choice::Train("first-flight".into())));
    assert_eq!(press(&mut Home::new(&home()), "↓↓↓\n"), Turn::Done(Choice::Errors("runbooks/hotfix.yaml".into())));
    assert_eq!(press(&mut Home::new(&home()), "/lee\n"), Turn::Done(Choice::Other("b".into())));
    assert_eq!(press(&mut Home::new(&home()), "/nothing like it\n"), Turn::Stay);
    assert_eq!(press(&mut Home::new(&home()), "↓Q"), Turn::Done(Choice::Quit));
    let mut page = Home::new(&home());
    press(&mut page, "/rolled");
    assert!(page.is_text() && drawn(&mut page, 80, 24).contains("rolled back"));
    assert!(!drawn(&mut page, 80, 24).contains("hotfix"));
    press(&mut page, "␛");
    assert!(!page.is_text() && drawn(&mut page, 80, 24).contains("hotfix"));
}

#[test]
fn a_held_enter_opens_one_thing_only() {
    let mut held = Held::default();
    let enter = || Input::Key(Key::plain(Code::Enter));
    let mut page = Home::new(&home());
    assert!(matches!(take(&mut page, &mut held, enter(), Duration::from_millis(1000)), Turn::Done(_)));
    let mut plan = PlanBefore::new(plan());
    for at in [1030, 1060, 1700] {
        assert_eq!(take(&mut plan, &mut held, enter(), Duration::from_millis(at)), Turn::Stay);
        assert!(!plan.is_text(), "at {at}");
    }
    take(&mut plan, &mut held, enter(), Duration::from_millis(3000));
    assert!(plan.is_text());
}

struct Two;

impl Values for Two {
    fn look(&self, typed: &BTreeMap<Name, String>) -> Vec<Shown> {
        let platform = typed.get(&Name::from("platform")).map_or("kubernetes", String::as_str).to_owned();
        let mut all = vec![Shown {
            name: "platform".into(),
            ask: "Where does it run".into(),
            hint: "one of these".into(),
            choices: vec!["compose".into(), "kubernetes".into()],
            text: "kubernetes".into(),
            origin: "default".into(),
            ..Shown::default()
        }];
        let release = typed.get(&Name::from("release")).cloned();
        let bad = release.as_ref().is_some_and(|r| r.split('.').count() != 3);
        all.push(Shown {
            name: "release".into(),
            ask: "Version to deploy, as in its git tag (1.4.2 for v1.4.2)".into(),
            hint: r"text like \d+\.\d+\.\d+".into(),
            error: bad.then(|| r"it does not match `\d+\.\d+\.\d+`".into()),
            missing: release.is_none(),
            ..Shown::default()
        });
        if platform == "kubernetes" {
            let text = "cryptoutil-prod".to_owned();
            all.push(Shown { name: "namespace".into(), ask: "Namespace".into(), text, origin: "default".into(), ..Shown::default() });
        }
        let command = Some("git rev-parse HEAD".to_owned());
        all.push(Shown { name: "commit".into(), ask: "commit".into(), hint: "a commit".into(), command, ..Shown::default() });
        let (name, text) = ("token".into(), "hunter22".into());
        all.push(Shown { name, ask: "Token".into(), text, secret: true, origin: "environment TOKEN".into(), ..Shown::default() });
        all
    }
}

fn form() -> Form<'static> {
    Form::new(FormData {
        world: "prod".into(),
        training: false,
        title: "Production deployment".into(),
        intro: vec!["environment prod · namespace cryptoutil-prod".into()],
        name: "kim".into(),
        typed: BTreeMap::new(),
        values: &Two,
    })
}

#[test]
fn the_form_begins_at_what_is_missing() {
    insta::assert_snapshot!("form_120x36", drawn(&mut form(), 120, 36));
    let mut page = form();
    press(&mut page, "1.x");
    insta::assert_snapshot!("form_80x24_wrong", drawn(&mut page, 80, 24));
    assert!(!drawn(&mut page, 80, 24).contains("hunter22"), "a secret is not shown");
}

#[test]
fn the_form_is_answered_when_all_is_well() {
    let mut page = form();
    assert_eq!(page.key(Key::ctrl('s')), Turn::Stay, "release is missing");
    press(&mut page, "1.5.0");
    // A choice changes what is asked.
    press(&mut page, "↑→");
    assert!(!drawn(&mut page, 80, 24).contains("Namespace"));
    let Turn::Done(Some(filled)) = page.key(Key::ctrl('s')) else { panic!("not answered") };
    assert_eq!(filled.name, "kim");
    let typed: Vec<(&str, &str)> = filled.typed.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    assert_eq!(typed, [("platform", "compose"), ("release", "1.5.0")]);
    assert_eq!(press(&mut form(), "␛"), Turn::Done(None));
}

#[test]
fn a_name_is_needed() {
    let mut page = form();
    press(&mut page, "1.5.0↑↑⌫⌫⌫");
    assert_eq!(page.key(Key::ctrl('s')), Turn::Stay);
    press(&mut page, "lee");
    assert!(matches!(page.key(Key::ctrl('s')), Turn::Done(Some(Filled { name, .. })) if name == "lee"));
}

fn plan() -> PlanData {
    PlanData {
        world: "prod".into(),
        training: false,
        title: "Production deployment".into(),
        plan: "Where\n  environment prod\n\nDeployment\n  Kubernetes\n    ○ Apply\n        run apply  $ kubectl apply -f x\n    · Compose   (off: needs platform == 'compose')\n".into(),
        blocked: vec![Blocked {
            name: "identity_not_integrated".into(),
            text: "Identity servers are not yet integrated.".into(),
            workaround: Some("Deploy the KMS only.".into()),
        }],
        target: Some("cryptoutil-prod".into()),
        has_form: true,
    }
}

#[test]
fn the_plan_before_the_start() {
    let mut page = PlanBefore::new(plan());
    insta::assert_snapshot!("plan_120x36", drawn(&mut page, 120, 36));
    press(&mut page, "\n");
    insta::assert_snapshot!("plan_80x24_blocked", drawn(&mut page, 80, 24));
}

#[test]
fn a_real_target_is_typed_and_a_limitation_has_its_reason() {
    let mut page = PlanBefore::new(plan());
    assert_eq!(press(&mut page, "\n\n"), Turn::Stay, "no reason is none");
    assert_eq!(press(&mut page, "we know\nprod\n"), Turn::Stay, "not its name");
    for _ in 0..4 {
        press(&mut page, "⌫");
    }
    let Turn::Done(Decided::Start(begin)) = press(&mut page, "cryptoutil-prod\n") else { panic!("not started") };
    assert_eq!(begin.target.as_deref(), Some("cryptoutil-prod"));
    assert_eq!(begin.accepted, [("identity_not_integrated".into(), "we know".into())]);
    assert_eq!(press(&mut PlanBefore::new(plan()), "\n␛␛"), Turn::Done(Decided::Back));
}

#[test]
fn a_simulated_target_starts_with_one_key() {
    let data = PlanData { target: None, blocked: vec![], training: true, ..plan() };
    assert_eq!(press(&mut PlanBefore::new(data), "\n"), Turn::Done(Decided::Start(crate::tui::Begin::default())));
}

#[test]
fn a_text_keeps_its_carets_and_nothing_acts() {
    let mut page = Text::new("errors", "a.yaml:3:5: error: x\n3 |   run: \x1b[2Jls\n  |     ^^^\n");
    let shown = drawn(&mut page, 80, 24);
    assert!(shown.contains("  |     ^^^") && !shown.contains('\x1b'), "{shown}");
    assert_eq!(press(&mut page, "↓q"), Turn::Done(()));
}

#[test]
fn a_small_window_says_what_it_needs() {
    assert!(drawn(&mut form(), 40, 10).contains("needs 60x16"));
}
