//! Steps and their actions.

use indexmap::IndexMap;

use crate::expr::{Expr, Template};
use crate::runbook::keys::duration;
use crate::runbook::kinds::{
    Acting, AnswerType, Approve, Baseline, Capture, CaptureOf, CaptureType, Check, CheckLook, Confirm, Danger, Notify,
    ProbeRef, Record, Retry, Run, Script, Wait, WaitFor,
};
use crate::runbook::model::{Action, Due, Step, UndoSteps, UseBlock, Want};
use crate::runbook::{At, Fault};
use crate::words::{Name, Proof};

use super::id_of;
use super::reader::{Cx, list};

impl Cx<'_, '_, '_> {
    /// The steps behind a key.
    pub fn steps(&mut self, key: &'static str) -> Vec<Step> {
        self.each(key, |cx| cx.step())
    }

    /// The steps of a part that is nothing but a list of them.
    pub fn lone_steps(&mut self) -> Vec<Step> {
        let nodes = list(self.node).iter().filter(|node| !node.is_null());
        nodes.filter_map(|node| self.reader.part(&crate::runbook::keys::STEP, node).step()).collect()
    }

    fn step(&mut self) -> Option<Step> {
        let at = self.node.at;
        let title = self.text("title", Want::Shown);
        if self.node.entries().is_none() {
            let title = title.unwrap_or_else(|| {
                self.reader.unread.insert(at);
                Template::default()
            });
            return Some(plain_box(at, title, self.uses()));
        }
        let written = self.name("id").map(|id| id.0);
        let source = self.source();
        let when = self.expr("when", Want::Truth);
        let for_each = self.expr("for_each", Want::Items);
        let (why, help) = (self.text("why", Want::Shown), self.text("help", Want::Shown));
        let (mut captures, mut captures_at) = self.captures("capture", false);
        let (pins, pins_at) = self.captures("pin", true);
        captures.extend(pins);
        captures_at.extend(pins_at);
        let expect = self.exprs("expect", Want::Expect);
        let due = self.name("due").map(|Name(text)| match duration(&text) {
            Some(seconds) => Due::Within(seconds),
            None if text == "watch_end" => Due::WatchEnd,
            None => Due::Phase(text),
        });
        let action = self.action();
        let undo = self.steps("undo");
        if action.is_none() || title.is_none() {
            self.reader.unread.insert(at);
        }
        let action = action.unwrap_or(Action::Tick);
        let title = title.unwrap_or_default();
        let id_written = written.is_some();
        Some(Step {
            at,
            id: written.unwrap_or_else(|| id_of(&title)),
            id_written,
            title,
            source,
            when,
            for_each,
            why,
            help,
            usually: self.seconds("usually"),
            defaults: self.inherited(),
            due,
            required: self.flag("required"),
            stops_clock: self.flag("stops_clock"),
            captures,
            captures_at,
            expect,
            action,
            undo,
            uses: self.uses(),
        })
    }

    fn action(&mut self) -> Option<Action> {
        let Some(key) = crate::runbook::keys::ACTIONS.into_iter().find(|key| self.get(key).is_some()) else {
            return Some(Action::Tick);
        };
        Some(match key {
            "run" => Action::Run(Run { command: self.command("run")?, acting: self.acting() }),
            "script" => {
                let (text, file) = self.script("script")?;
                Action::Script(Script { text, file, acting: self.acting() })
            }
            "check" => {
                let look = match self.probe("check") {
                    Some(probe) => CheckLook::Probe(probe),
                    None => CheckLook::Own(Box::new(self.within("check", |cx| cx.probe_spec()).flatten()?)),
                };
                Action::Check(Check { look, hold: self.seconds("for"), in_a_row: self.count("in_a_row") })
            }
            "wait" => Action::Wait(self.wait()?),
            "confirm" => Action::Confirm(self.within("confirm", |cx| cx.confirm()).flatten()?),
            "record" => Action::Record(Record { fields: self.fields() }),
            "notify" => Action::Notify(
                self.within("notify", |cx| {
                    let (title, text) = (cx.text("title", Want::Shown), cx.text("text", Want::Shown));
                    Some(Notify { to: cx.names("to"), title, text: text? })
                })
                .flatten()?,
            ),
            "approve" => Action::Approve(self.within("approve", |cx| {
                let proof =
                    cx.word("proof", &[("stated", Proof::Stated), ("login", Proof::Login), ("key", Proof::Key)]);
                Approve {
                    by: cx.names("by"),
                    count: cx.count("count").unwrap_or(1),
                    proof: proof.unwrap_or(Proof::Stated),
                    within: cx.seconds("within"),
                }
            })?),
            "baseline" => Action::Baseline(
                self.within("baseline", |cx| Some(Baseline { probes: cx.probes("probes"), over: cx.seconds("over")? }))
                    .flatten()?,
            ),
            "use" => Action::Use(UseBlock {
                block: self.name("use")?,
                with: self.text_map("with", Want::Hidden).into_iter().map(|(name, text)| (Name(name), text)).collect(),
            }),
            "undo_steps" => Action::UndoSteps(match self.names("undo_steps") {
                ids if ids == [Name::from("all")] => UndoSteps::All,
                ids => UndoSteps::Ids(ids.into_iter().map(|id| id.0).collect()),
            }),
            _ => Action::Group { steps: self.steps("steps"), pause_after: self.count("pause_after") },
        })
    }

    fn acting(&mut self) -> Acting {
        Acting {
            reads_only: self.flag("reads_only"),
            idempotent: self.flag("idempotent"),
            retry: self
                .within("retry", |cx| Some(Retry { times: cx.count("times")?, every: cx.seconds("every")? }))
                .flatten(),
            danger: self
                .within("danger", |cx| {
                    let (text, typed) = (cx.text("text", Want::Shown), cx.text("type", Want::Shown));
                    Some(Danger { text: text?, typed })
                })
                .flatten(),
            point_of_no_return: self.text("point_of_no_return", Want::Shown),
            settle: self.probe("settle"),
            hide_output: self.flag("hide_output"),
            until: self.expr("until", Want::Expect),
        }
    }

    fn wait(&mut self) -> Option<Wait> {
        let node = self.get("wait")?;
        let text = node.text()?;
        let until = if let Some(seconds) = duration(text) {
            WaitFor::Seconds(seconds)
        } else if let Some(probe) = ProbeRef::parse(text) {
            self.refers("wait", node);
            WaitFor::Probe(probe)
        } else {
            WaitFor::Condition(self.expr_at("wait", node, Want::Until)?)
        };
        Some(Wait { until, in_a_row: self.count("in_a_row").unwrap_or(2) })
    }

    fn confirm(&mut self) -> Option<Confirm> {
        let choices = self.plains("one_of");
        let answer = if choices.is_empty() {
            self.word(
                "answer",
                &[
                    ("none", AnswerType::None),
                    ("text", AnswerType::Text),
                    ("number", AnswerType::Number),
                    ("date", AnswerType::Date),
                    ("time", AnswerType::Time),
                    ("duration", AnswerType::Duration),
                    ("link", AnswerType::Link),
                    ("file", AnswerType::File),
                ],
            )
            .unwrap_or_default()
        } else {
            AnswerType::OneOf(choices)
        };
        let ask = self.text("ask", Want::Shown);
        let (pattern, expect) = (self.plain("pattern"), self.exprs("expect", Want::Expect));
        Some(Confirm { ask: ask?, answer, pattern, expect })
    }

    fn fields(&mut self) -> IndexMap<Name, crate::runbook::kinds::Field> {
        let mut uses = vec![];
        let fields = self.named("record", |cx, _| {
            let field = cx.field();
            uses.append(&mut cx.uses());
            Some(field)
        });
        self.uses.append(&mut uses);
        fields
    }

    fn captures(&mut self, key: &'static str, pin: bool) -> (Vec<Capture>, Vec<At>) {
        let mut uses = vec![];
        let captures = self.named(key, |cx, at| {
            let capture = cx.capture(key, at, pin);
            uses.append(&mut cx.uses());
            capture.map(|capture| (capture, at))
        });
        self.uses.append(&mut uses);
        captures.into_iter().map(|(name, (capture, at))| (Capture { name, ..capture }, at)).unzip()
    }

    fn capture(&mut self, key: &'static str, at: At, pin: bool) -> Option<Capture> {
        let kind = self.word(
            "as",
            &[
                ("text", CaptureType::Text),
                ("number", CaptureType::Number),
                ("percent", CaptureType::Percent),
                ("duration", CaptureType::Duration),
                ("size", CaptureType::Size),
                ("time", CaptureType::Time),
                ("bool", CaptureType::Bool),
                ("list", CaptureType::List),
                ("json", CaptureType::Json),
                ("version", CaptureType::Version),
                ("go_test", CaptureType::GoTest),
            ],
        );
        let (pattern, pointer) = (self.plain("match"), self.plain("at"));
        if let Some(regex) = pattern.as_deref().and_then(|p| regex::Regex::new(p).ok())
            && regex.captures_len() != 2
        {
            let message = "a `match` has one group, in `( )`: what it finds is the value";
            self.reader.faults.push(Fault::error(self.get("match").map_or(at, |n| n.at), message));
        }
        if let Some(node) = self.get("at")
            && !node.text().unwrap_or("").starts_with('/')
        {
            let message = "`at` is a JSON pointer, which begins with `/`";
            self.reader.faults.push(
                Fault::error(node.at, message).width(node.width()).hint("`/metadata/name`; a `/` inside a key is `~1`"),
            );
        }
        let of = match (self.text("value", Want::Shown), self.get("of")) {
            (Some(text), _) => CaptureOf::Text(text),
            (None, Some(node)) if node.text() == Some("output") => CaptureOf::Output,
            (None, Some(node)) => CaptureOf::Field(self.expr_at(key, node, Want::Field)?),
            (None, None) => CaptureOf::Field(Expr::parse("stdout").ok()?),
        };
        Some(Capture { name: Name::from(""), pin, at: pointer, of, pattern, kind: kind.unwrap_or_default() })
    }
}

fn plain_box(at: At, title: Template, uses: Vec<crate::runbook::model::Use>) -> Step {
    Step {
        at,
        id: id_of(&title),
        id_written: false,
        title,
        source: vec![],
        when: None,
        for_each: None,
        why: None,
        help: None,
        usually: None,
        defaults: Default::default(),
        due: None,
        required: false,
        stops_clock: false,
        captures: vec![],
        captures_at: vec![],
        expect: vec![],
        action: Action::Tick,
        undo: vec![],
        uses,
    }
}
